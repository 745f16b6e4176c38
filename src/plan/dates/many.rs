//! Several senders, their limits, companies, and dates that no longer hold.

use super::*;
use crate::calendar::ClosingDays;
use crate::plan::fixture::{at, itinerary, limits, sender, settings};
use crate::plan::{Limits, Ramp};

const NEW: &str = "undated, undated, undated";
const NIGHT: &str = "2026-03-09 02:00";

fn new(campaign: i64) -> Itinerary {
    itinerary(campaign, "UTC", "DE", [0, 3, 7], NEW)
}

fn of(sender: &str, one: Itinerary) -> Itinerary {
    let sender = Some(sender.to_string());
    Itinerary { sender, ..one }
}

fn daily(daily: u32) -> Limits {
    Limits { daily, ..limits() }
}

/// `campaign.step sender day hour:minute` of every slot, in the order of campaigns.
fn shown(plan: &Plan) -> Vec<String> {
    let mut slots: Vec<&Slot> = plan.slots.iter().collect();
    slots.sort_by_key(|slot| (slot.campaign, slot.number));
    let show = |slot: &Slot| {
        let due = slot.due_at.format("%-d %b %H:%M");
        format!("{}.{} {} {due}", slot.campaign, slot.number, slot.sender)
    };
    slots.into_iter().map(show).collect()
}

#[track_caller]
fn check(
    itineraries: &[Itinerary],
    senders: &[SenderBook],
    settings: &Settings,
    expected: &[&str],
) {
    let plan = dated(itineraries, senders, settings, at("UTC", NIGHT));
    assert_eq!(shown(&plan), expected);
}

#[test]
fn new_campaigns_are_spread_evenly_and_keep_their_sender() {
    let senders = ["ada", "bob"].map(|name| sender(name, limits(), &[]));
    let all: Vec<Itinerary> = (1..=3).map(new).collect();
    check(
        &all,
        &senders,
        &settings(),
        &[
            "1.1 ada 9 Mar 09:00",
            "1.2 ada 12 Mar 09:00",
            "1.3 ada 16 Mar 09:00",
            "2.1 bob 9 Mar 09:00",
            "2.2 bob 12 Mar 09:00",
            "2.3 bob 16 Mar 09:00",
            "3.1 ada 9 Mar 09:00",
            "3.2 ada 12 Mar 09:00",
            "3.3 ada 16 Mar 09:00",
        ],
    );
    // Even where the other one is free, what was begun by one is gone on with by it.
    let begun = "sent 2026-03-06 09:00, undated, undated";
    let begun = of("bob", itinerary(1, "UTC", "DE", [0, 3, 7], begun));
    let busy = [at("UTC", "2026-03-09 09:00"), at("UTC", "2026-03-13 09:00")];
    let senders = [sender("ada", daily(1), &[]), sender("bob", daily(1), &busy)];
    let expected = ["1.2 bob 10 Mar 09:00", "1.3 bob 16 Mar 09:00"];
    check(&[begun], &senders, &settings(), &expected);
}

#[test]
fn a_campaign_gets_the_sender_with_which_it_starts_first() {
    // The first sender has no room on day 3, so the second takes the campaign at once.
    let busy = [at("UTC", "2026-03-12 09:00")];
    let senders = [sender("ada", daily(1), &busy), sender("bob", daily(1), &[])];
    let expected = [
        "1.1 bob 9 Mar 09:00",
        "1.2 bob 12 Mar 09:00",
        "1.3 bob 16 Mar 09:00",
    ];
    check(&[new(1)], &senders, &settings(), &expected);
}

#[test]
fn what_belongs_to_a_sender_that_sends_nothing_waits_and_is_counted() {
    let mut senders = [sender("ada", limits(), &[]), sender("bob", limits(), &[])];
    senders[1].is_stopped = true;
    let late = "sent 2026-03-02 09:00, dated 2026-03-05 09:00, dated 2026-03-09 09:00";
    let late = itinerary(3, "UTC", "DE", [0, 3, 7], late);
    let all = [
        of("bob", new(1)),
        of("gone", new(2)),
        of("bob", late),
        new(4),
    ];
    let plan = dated(&all, &senders, &settings(), at("UTC", NIGHT));
    let waits: Vec<(i64, bool)> = plan
        .waits
        .iter()
        .map(|w| (w.campaign, w.is_stopped))
        .collect();
    assert_eq!(waits, [(1, true), (2, false)]);
    assert!(
        plan.slots
            .iter()
            .all(|slot| slot.campaign == 4 && slot.sender == "ada")
    );

    senders[0].is_stopped = true;
    let plan = dated(&all, &senders, &settings(), at("UTC", NIGHT));
    assert_eq!((plan.slots.len(), plan.waits.len()), (0, 3));
    assert_eq!(
        dated(&all, &[], &settings(), at("UTC", NIGHT)).waits.len(),
        3
    );
}

#[test]
fn the_hourly_limit_and_the_ramp_are_kept() {
    let hourly = Limits {
        hourly: Some(2),
        gap_secs: 60,
        ..limits()
    };
    let all: Vec<Itinerary> = (1..=5).map(new).collect();
    let plan = dated(
        &all,
        &[sender("ada", hourly, &[])],
        &settings(),
        at("UTC", NIGHT),
    );
    let hooks = shown(&plan).into_iter().filter(|line| line.contains(".1 "));
    let times: Vec<String> = hooks
        .map(|line| line[line.len() - 5..].to_string())
        .collect();
    assert_eq!(times, ["09:00", "09:01", "10:00", "10:01", "11:00"]);

    let ramped = Limits {
        ramp: Some(Ramp { start: 1, step: 1 }),
        ..daily(3)
    };
    let count = |first_sent_at: Option<&str>, day: &str| {
        let mut book = sender("ada", ramped, &[]);
        book.first_sent_at = first_sent_at.map(|local| at("UTC", local));
        let all: Vec<Itinerary> = (1..=30)
            .map(|campaign| itinerary(campaign, "UTC", "DE", [0, 98, 196], NEW))
            .collect();
        let plan = dated(&all, &[book], &settings(), at("UTC", NIGHT));
        let hooks = plan.slots.iter().filter(|slot| slot.number == 1);
        hooks
            .filter(|slot| slot.due_at.to_string().starts_with(day))
            .count()
    };
    assert_eq!(count(None, "2026-03-09"), 1);
    assert_eq!(count(None, "2026-03-10"), 2);
    assert_eq!(count(None, "2026-03-11"), 3);
    assert_eq!(count(None, "2026-03-12"), 3);
    assert_eq!(count(Some("2026-03-06 12:00"), "2026-03-09"), 2);
}

#[test]
fn a_company_gets_so_many_a_day_from_all_senders_together() {
    let company = |campaign| Itinerary {
        company: Some("firm.example".to_string()),
        ..new(campaign)
    };
    let settings = Settings {
        company_daily: Some(1),
        ..settings()
    };
    let senders = ["ada", "bob"].map(|name| sender(name, limits(), &[]));
    let plan = dated(
        &[company(1), company(2), new(3)],
        &senders,
        &settings,
        at("UTC", NIGHT),
    );
    let hooks: Vec<String> = shown(&plan)
        .into_iter()
        .filter(|l| l.contains(".1 "))
        .collect();
    assert_eq!(
        hooks,
        [
            "1.1 ada 9 Mar 09:00",
            "2.1 bob 10 Mar 09:00",
            "3.1 ada 9 Mar 09:00"
        ]
    );
    let second = plan.slots.iter().find(|slot| slot.campaign == 2).unwrap();
    assert_eq!(
        second.reason,
        "first free slot, Tue 10 Mar is the first day with room for every step (limit 1000000, at \
         most 1 a day to its company), 09:00-17:00 in UTC"
    );
}

#[test]
fn business_days_are_counted_where_the_lead_is_and_our_own_days_are_kept_everywhere() {
    let mut one = new(1);
    one.sequence.delay_unit = DelayUnit::Business;
    let settings = Settings {
        closing_days: ClosingDays::parse("2026-03-16 Stocktaking").unwrap(),
        ..settings()
    };
    let senders = [sender("ada", limits(), &[])];
    let plan = dated(&[one], &senders, &settings, at("UTC", "2026-03-11 02:00"));
    // Thursday, Friday, then Tuesday.
    let expected = [
        "1.1 ada 11 Mar 09:00",
        "1.2 ada 17 Mar 09:00",
        "1.3 ada 23 Mar 09:00",
    ];
    assert_eq!(shown(&plan), expected);
    assert_eq!(
        plan.slots[1].reason,
        "3 business days after hook, 09:00-17:00 in UTC"
    );
    // Even without business days: nobody here would read an answer.
    let mut plain = new(2);
    plain.sequence.respect_business_days = false;
    let plan = dated(&[plain], &senders, &settings, at("UTC", "2026-03-13 02:00"));
    let reasons: Vec<&str> = plan.slots.iter().map(|slot| slot.reason.as_str()).collect();
    assert_eq!(
        reasons[1],
        "3 days after hook, moved from Mon 16 Mar to Tue 17 Mar (Stocktaking), 09:00-17:00 in UTC"
    );
}

#[test]
fn after_an_outage_what_is_overdue_leaves_at_the_normal_rate_follow_ups_first() {
    let late = |campaign, states| of("ada", itinerary(campaign, "UTC", "DE", [0, 3, 7], states));
    let all = [
        late(
            1,
            "dated 2026-03-04 09:00, dated 2026-03-09 09:00, dated 2026-03-13 09:00",
        ),
        late(
            2,
            "sent 2026-02-27 09:00, dated 2026-03-03 09:00, dated 2026-03-09 09:00",
        ),
        late(
            3,
            "sent 2026-02-27 09:00, dated 2026-03-02 09:00, dated 2026-03-06 09:00",
        ),
        new(4),
    ];
    let plan = dated(
        &all,
        &[sender("ada", daily(1), &[])],
        &settings(),
        at("UTC", NIGHT),
    );
    let proofs_and_hooks: Vec<String> = shown(&plan);
    assert_eq!(
        proofs_and_hooks,
        [
            "1.1 ada 17 Mar 09:00",
            "1.2 ada 20 Mar 09:00",
            "1.3 ada 24 Mar 09:00",
            "2.2 ada 10 Mar 09:00",
            "2.3 ada 16 Mar 09:00",
            "3.2 ada 9 Mar 09:00",
            "3.3 ada 13 Mar 09:00",
            "4.1 ada 18 Mar 09:00",
            "4.2 ada 23 Mar 09:00",
            "4.3 ada 27 Mar 09:00",
        ]
    );
    let reason = |campaign, number| {
        let mut slots = plan.slots.iter();
        let slot = slots.find(|slot| (slot.campaign, slot.number) == (campaign, number));
        slot.unwrap().reason.as_str()
    };
    assert_eq!(
        reason(3, 2),
        "3 days after hook, overdue since Mon 2 Mar, 09:00-17:00 in UTC; dated again because proof \
         did not leave on Mon 2 Mar"
    );
    assert_eq!(
        reason(3, 3),
        "4 days after proof, 09:00-17:00 in UTC; dated again because proof moves"
    );
}

#[test]
fn a_follow_up_that_comes_too_late_is_skipped_with_what_follows() {
    let states = "sent 2026-02-02 09:00, dated 2026-02-05 09:00, dated 2026-02-09 09:00";
    let late = of("ada", itinerary(1, "UTC", "DE", [0, 3, 7], states));
    let patient = |stale_after_days| {
        let settings = Settings {
            stale_after_days,
            ..settings()
        };
        let senders = [sender("ada", limits(), &[])];
        dated(
            std::slice::from_ref(&late),
            &senders,
            &settings,
            at("UTC", NIGHT),
        )
    };
    let plan = patient(14);
    assert_eq!(plan.slots, []);
    assert_eq!(plan.skips.len(), 1);
    assert_eq!((plan.skips[0].campaign, plan.skips[0].number), (1, 2));
    assert_eq!(
        plan.skips[0].reason,
        "its day was Thu 5 Feb, and more than 14 days late it makes no sense"
    );
    for stale_after_days in [32, 0] {
        let plan = patient(stale_after_days);
        assert_eq!((plan.slots.len(), plan.skips.len()), (2, 0));
    }
    assert_eq!(patient(31).skips.len(), 1);
}

#[track_caller]
fn check_moved(states: &str, settings: &Settings, limits: Limits, expected: &[&str]) {
    let one = of("ada", itinerary(1, "UTC", "DE", [0, 3, 7], states));
    let before = "sent 2026-03-05 09:00, sent 2026-03-06 09:00, dated 2026-03-12 09:00";
    let other = of("ada", itinerary(2, "UTC", "DE", [0, 3, 7], before));
    let plan = dated(
        &[one, other],
        &[sender("ada", limits, &[])],
        settings,
        at("UTC", NIGHT),
    );
    let moves = plan.slots.iter().map(|slot| {
        let why = slot.reason.split("; ").nth(1).unwrap_or_default();
        let was = slot.was.unwrap().format("%-d %b %H:%M");
        format!("{was} to {}: {why}", slot.due_at.format("%-d %b %H:%M"))
    });
    assert_eq!(moves.collect::<Vec<_>>(), expected);
}

#[test]
fn changed_settings_move_what_they_forbid_and_nothing_else() {
    let states = "sent 2026-03-09 01:00, dated 2026-03-12 09:00, dated 2026-03-16 09:00";
    check_moved(states, &settings(), limits(), &[]);
    let later = Settings {
        window: crate::calendar::Window::parse("10:00-17:00").unwrap(),
        ..settings()
    };
    check_moved(
        states,
        &later,
        limits(),
        &[
            "12 Mar 09:00 to 12 Mar 10:00: dated again because 09:00 lies outside 10:00-17:00",
            "12 Mar 09:00 to 12 Mar 10:00: dated again because 09:00 lies outside 10:00-17:00",
            "16 Mar 09:00 to 16 Mar 10:00: dated again because proof moves",
        ],
    );
    let closed = Settings {
        closing_days: ClosingDays::parse("2026-03-16 Stocktaking").unwrap(),
        ..settings()
    };
    check_moved(
        states,
        &closed,
        limits(),
        &[
            "16 Mar 09:00 to 17 Mar 09:00: dated again because Mon 16 Mar is no business day \
           (Stocktaking)",
        ],
    );
    check_moved(
        states,
        &settings(),
        daily(1),
        &["12 Mar 09:00 to 13 Mar 09:00: dated again because Thu 12 Mar is full (limit 1)"],
    );
}

#[test]
fn a_campaign_starts_no_earlier_than_it_may() {
    let one = Itinerary {
        starts_from: Some(at("UTC", "2026-03-10 11:30")),
        ..new(1)
    };
    let expected = [
        "1.1 ada 10 Mar 11:30",
        "1.2 ada 13 Mar 09:00",
        "1.3 ada 17 Mar 09:00",
    ];
    check(
        &[one],
        &[sender("ada", limits(), &[])],
        &settings(),
        &expected,
    );
}
