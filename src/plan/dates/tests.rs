use super::*;
use crate::calendar::Window;
use crate::plan::Limits;
use crate::plan::fixture::{at, itinerary, limits, sender, settings, shown as shown_at};

const NEW: &str = "undated, undated, undated";

fn planned(itineraries: &[Itinerary], limits: Limits, now: DateTime<Utc>) -> Vec<Slot> {
    planned_by("ada", itineraries, &[], limits, now)
}

fn planned_by(
    name: &str,
    itineraries: &[Itinerary],
    promised: &[DateTime<Utc>],
    limits: Limits,
    now: DateTime<Utc>,
) -> Vec<Slot> {
    let book = sender(name, limits, promised);
    let plan = dated(itineraries, &[book], &settings(), now);
    assert_eq!((plan.skips, plan.waits), (vec![], vec![]));
    plan.slots
}

/// Dates one campaign with the default delays and compares `step Day hour:minute` of each slot.
#[track_caller]
fn check(place: (&str, &str), states: &str, now: &str, expected: &str) {
    let (zone, country) = place;
    let one = itinerary(7, zone, country, [0, 3, 7], states);
    let slots = planned(std::slice::from_ref(&one), limits(), at(zone, now));
    let found: Vec<String> = slots
        .iter()
        .map(|slot| format!("{} {}", slot.number, shown_at(&one.zone, slot.due_at)))
        .collect();
    assert_eq!(found.join(", "), expected, "{states} | {now}");
}

const BERLIN: (&str, &str) = ("Europe/Berlin", "DE");

#[test]
fn a_new_campaign_is_dated_from_the_first_decent_hour() {
    let expected = "1 Mon 9 Mar 09:00, 2 Thu 12 Mar 09:00, 3 Mon 16 Mar 09:00";
    check(BERLIN, NEW, "2026-03-09 02:00", expected);
    check(BERLIN, NEW, "2026-03-07 12:00", expected);
    let now = "1 Mon 9 Mar 10:37, 2 Thu 12 Mar 09:00, 3 Mon 16 Mar 09:00";
    check(BERLIN, NEW, "2026-03-09 10:37", now);
    // Five o'clock is too late.
    let tomorrow = "1 Tue 10 Mar 09:00, 2 Fri 13 Mar 09:00, 3 Tue 17 Mar 09:00";
    check(BERLIN, NEW, "2026-03-09 17:00", tomorrow);
}

#[test]
fn weekends_roll_forward_and_push_what_follows() {
    // Day 3 of a Wednesday is a Saturday, so the proof waits for Monday; the fomo keeps four days.
    let expected = "1 Wed 11 Mar 09:00, 2 Mon 16 Mar 09:00, 3 Fri 20 Mar 09:00";
    check(BERLIN, NEW, "2026-03-11 02:00", expected);
}

#[test]
fn holidays_are_kept_where_the_lead_is() {
    let good_friday = "1 Tue 31 Mar 09:00, 2 Tue 7 Apr 09:00, 3 Mon 13 Apr 09:00";
    check(BERLIN, NEW, "2026-03-31 02:00", good_friday);
    let no_holiday = "1 Tue 31 Mar 09:00, 2 Fri 3 Apr 09:00, 3 Tue 7 Apr 09:00";
    check(
        ("America/Denver", "US"),
        NEW,
        "2026-03-31 02:00",
        no_holiday,
    );
    let christmas = "1 Tue 22 Dec 09:00, 2 Mon 28 Dec 09:00, 3 Mon 4 Jan 09:00";
    check(BERLIN, NEW, "2026-12-22 02:00", christmas);
    let boxing_day = "1 Tue 22 Dec 09:00, 2 Tue 29 Dec 09:00, 3 Mon 4 Jan 09:00";
    check(("Europe/London", "GB"), NEW, "2026-12-22 02:00", boxing_day);
    let sunday_week = "1 Sun 12 Apr 09:00, 2 Wed 15 Apr 09:00, 3 Sun 19 Apr 09:00";
    check(
        ("Asia/Jerusalem", "IL"),
        NEW,
        "2026-04-10 02:00",
        sunday_week,
    );
}

#[test]
fn nine_o_clock_stays_nine_o_clock_over_a_clock_change() {
    let spring = "1 Thu 26 Mar 09:00, 2 Mon 30 Mar 09:00, 3 Tue 7 Apr 09:00";
    check(BERLIN, NEW, "2026-03-26 02:00", spring);
    let south = "1 Thu 1 Oct 09:00, 2 Mon 5 Oct 09:00, 3 Fri 9 Oct 09:00";
    check(("Australia/Adelaide", "AU"), NEW, "2026-10-01 02:00", south);
}

#[test]
fn the_day_is_the_leads_on_both_sides_of_the_date_line() {
    let monday = "1 Mon 9 Mar 09:00, 2 Thu 12 Mar 09:00, 3 Mon 16 Mar 09:00";
    check(
        ("Pacific/Kiritimati", "KI"),
        NEW,
        "2026-03-09 00:30",
        monday,
    );
    check(("Pacific/Pago_Pago", "AS"), NEW, "2026-03-08 23:30", monday);
}

#[test]
fn days_count_from_the_real_send() {
    let states = "sent 2026-03-10 16:30, undated, undated";
    check(
        BERLIN,
        states,
        "2026-03-10 18:00",
        "2 Fri 13 Mar 09:00, 3 Tue 17 Mar 09:00",
    );
    // The proof left two days late: the fomo keeps its distance of four days.
    let states = "sent 2026-03-09 09:00, sent 2026-03-17 09:00, undated";
    check(BERLIN, states, "2026-03-17 18:00", "3 Mon 23 Mar 09:00");
    // The hook is dated but not sent; long overdue, it gets another date.
    let states = "dated 2026-03-10 09:00, undated, undated";
    check(
        BERLIN,
        states,
        "2026-03-09 18:00",
        "2 Fri 13 Mar 09:00, 3 Tue 17 Mar 09:00",
    );
    check(
        BERLIN,
        states,
        "2026-03-12 12:00",
        "1 Thu 12 Mar 12:00, 2 Mon 16 Mar 09:00, 3 Fri 20 Mar 09:00",
    );
}

#[test]
fn overdue_steps_are_dated_from_now() {
    let states = "sent 2026-03-02 09:00, undated, undated";
    check(
        BERLIN,
        states,
        "2026-03-18 11:15",
        "2 Wed 18 Mar 11:15, 3 Mon 23 Mar 09:00",
    );
    check(
        BERLIN,
        states,
        "2026-03-18 19:00",
        "2 Thu 19 Mar 09:00, 3 Mon 23 Mar 09:00",
    );
}

#[test]
fn what_is_held_is_not_dated() {
    let now = "2026-03-20 02:00";
    check(BERLIN, "open, undated, undated", now, "");
    check(BERLIN, "sent 2026-03-09 09:00, open, undated", now, "");
    check(BERLIN, "over, undated, undated", now, "");
    check(BERLIN, "sent 2026-03-09 09:00, over, undated", now, "");
    check(
        BERLIN,
        "sent 2026-03-09 09:00, sent 2026-03-12 09:00, sent 2026-03-16 09:00",
        now,
        "",
    );
    // A step without a fact counts as over.
    check(BERLIN, "sent 2026-03-09 09:00", now, "");
}

#[test]
fn without_business_days_only_the_hours_count() {
    let mut one = itinerary(7, "Europe/Berlin", "DE", [0, 3, 7], NEW);
    one.sequence.respect_business_days = false;
    let slots = planned(
        &[one.clone()],
        limits(),
        at("Europe/Berlin", "2026-12-24 18:00"),
    );
    let days: Vec<String> = slots
        .iter()
        .map(|slot| shown_at(&one.zone, slot.due_at))
        .collect();
    assert_eq!(
        days,
        ["Fri 25 Dec 09:00", "Mon 28 Dec 09:00", "Fri 1 Jan 09:00"]
    );
}

#[test]
fn steps_of_one_day_still_follow_each_other() {
    let one = itinerary(7, "Europe/Berlin", "DE", [0, 0, 0], NEW);
    let now = at("Europe/Berlin", "2026-03-09 02:00");
    let times = |limits: Limits| {
        let slots = planned(std::slice::from_ref(&one), limits, now);
        let times = slots
            .iter()
            .map(|slot| slot.due_at.format("%a %H:%M:%S").to_string());
        times.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(times(limits()), "Mon 08:00:00, Mon 08:00:01, Mon 08:00:02");
    let spaced = Limits {
        gap_secs: 90,
        ..limits()
    };
    assert_eq!(times(spaced), "Mon 08:00:00, Mon 08:01:30, Mon 08:03:00");
    // Three a day never fit under a limit of two: each step takes the first day with room.
    let limited = Limits {
        daily: 2,
        ..limits()
    };
    assert_eq!(times(limited), "Mon 08:00:00, Mon 08:00:01, Tue 08:00:00");
}

#[test]
fn messages_keep_the_gap_to_each_other_and_to_what_was_promised() {
    let many: Vec<Itinerary> = (1..=4)
        .map(|campaign| itinerary(campaign, "UTC", "DE", [0, 3, 7], NEW))
        .collect();
    let limits = Limits {
        gap_secs: 600,
        ..limits()
    };
    let promised = ["2026-03-09 08:55", "2026-03-09 09:20"].map(|local| at("UTC", local));
    let slots = planned_by(
        "ada",
        &many,
        &promised,
        limits,
        at("UTC", "2026-03-09 02:00"),
    );
    let hooks: Vec<String> = slots
        .iter()
        .filter(|slot| slot.number == 1)
        .map(|slot| slot.due_at.format("%H:%M").to_string())
        .collect();
    assert_eq!(hooks, ["09:05", "09:30", "09:40", "09:50"]);
}

#[test]
fn jitter_is_the_same_in_every_run_and_differs_between_senders() {
    let many: Vec<Itinerary> = (1..=40)
        .map(|campaign| itinerary(campaign, "UTC", "DE", [0, 3, 7], NEW))
        .collect();
    let limits = Limits {
        gap_secs: 90,
        jitter_secs: 60,
        ..limits()
    };
    let now = at("UTC", "2026-03-09 02:00");
    let slots = planned_by("ada", &many, &[], limits, now);
    assert_eq!(slots, planned_by("ada", &many, &[], limits, now));
    assert_ne!(slots, planned_by("bob", &many, &[], limits, now));
    let mut instants: Vec<i64> = slots.iter().map(|slot| slot.due_at.timestamp()).collect();
    instants.sort_unstable();
    let gaps: Vec<i64> = instants.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap >= 90), "{gaps:?}");
    assert!(
        gaps.iter().filter(|gap| (91..=150).contains(*gap)).count() > 80,
        "{gaps:?}"
    );
}

#[test]
fn the_limit_counts_the_senders_day_and_what_was_promised() {
    // Nine in the morning in Auckland is the evening before in UTC.
    let zone = "Pacific/Auckland";
    let many: Vec<Itinerary> = (1..=3)
        .map(|campaign| itinerary(campaign, zone, "NZ", [0, 30, 60], NEW))
        .collect();
    let limits = Limits {
        daily: 2,
        ..limits()
    };
    let promised = [at("UTC", "2026-03-08 01:00")];
    let slots = planned_by(
        "ada",
        &many,
        &promised,
        limits,
        at(zone, "2026-03-09 02:00"),
    );
    let hooks: Vec<String> = slots
        .iter()
        .filter(|slot| slot.number == 1)
        .map(|slot| slot.due_at.format("%a %H:%M").to_string())
        .collect();
    // One more fits into Sunday (UTC); at midnight Monday begins, and the day is Monday there.
    assert_eq!(hooks, ["Sun 20:00", "Mon 00:00", "Mon 00:00"]);
}

#[test]
fn promises_take_room_before_new_campaigns() {
    let sent = "sent 2026-03-06 09:00, undated, undated";
    let many = [
        itinerary(1, "UTC", "DE", [0, 3, 7], NEW),
        itinerary(2, "UTC", "DE", [0, 3, 7], sent),
        itinerary(3, "UTC", "DE", [0, 3, 7], NEW),
    ];
    let limits = Limits {
        daily: 1,
        ..limits()
    };
    let slots = planned(&many, limits, at("UTC", "2026-03-09 02:00"));
    let found: Vec<String> = slots
        .iter()
        .map(|slot| {
            format!(
                "{}.{} {}",
                slot.campaign,
                slot.number,
                slot.due_at.format("%-d %b")
            )
        })
        .collect();
    // The started campaign has the 9th and the 13th. No new one may start on the 10th, whose third
    // day is the 13th, nor the second on the 12th or 17th, whose third days the first one has.
    let expected = [
        "2.2 9 Mar",
        "2.3 13 Mar",
        "1.1 11 Mar",
        "1.2 16 Mar",
        "1.3 20 Mar",
        "3.1 18 Mar",
        "3.2 23 Mar",
        "3.3 27 Mar",
    ];
    assert_eq!(found, expected);
}

#[track_caller]
fn check_reasons(itineraries: &[Itinerary], daily: u32, now: &str, expected: &[&str]) {
    let limits = Limits { daily, ..limits() };
    let slots = planned(itineraries, limits, at("Europe/Berlin", now));
    let reasons: Vec<&str> = slots.iter().map(|slot| slot.reason.as_str()).collect();
    assert_eq!(reasons, expected);
}

#[test]
fn reasons_tell_why_then() {
    let new = |campaign| itinerary(campaign, "Europe/Berlin", "DE", [0, 3, 7], NEW);
    check_reasons(
        &[new(1)],
        50,
        "2026-03-11 02:00",
        &[
            "first free slot, 09:00-17:00 in Europe/Berlin",
            "3 days after hook, moved from Sat 14 Mar to Mon 16 Mar (weekend), 09:00-17:00 in \
             Europe/Berlin",
            "4 days after proof, 09:00-17:00 in Europe/Berlin",
        ],
    );
    let sent = "sent 2026-03-31 09:00, undated, undated";
    check_reasons(
        &[itinerary(2, "Europe/Berlin", "DE", [0, 3, 3], sent)],
        1,
        "2026-03-31 18:00",
        &[
            "3 days after hook, moved from Fri 3 Apr to Tue 7 Apr (Good Friday, weekend, Easter \
             Monday), 09:00-17:00 in Europe/Berlin",
            "the same day as proof, then to Wed 8 Apr, the first day with room (limit 1), \
             09:00-17:00 in Europe/Berlin",
        ],
    );
    check_reasons(
        &[new(1), new(2)],
        1,
        "2026-03-09 02:00",
        &[
            "first free slot, 09:00-17:00 in Europe/Berlin",
            "3 days after hook, 09:00-17:00 in Europe/Berlin",
            "7 days after hook, 09:00-17:00 in Europe/Berlin",
            "first free slot, Tue 10 Mar is the first day with room for every step (limit 1), \
             09:00-17:00 in Europe/Berlin",
            "3 days after hook, 09:00-17:00 in Europe/Berlin",
            "7 days after hook, 09:00-17:00 in Europe/Berlin",
        ],
    );
    let late = "sent 2026-03-02 09:00, undated, over";
    check_reasons(
        &[itinerary(3, "Europe/Berlin", "DE", [0, 3, 7], late)],
        50,
        "2026-03-18 11:00",
        &["3 days after hook, overdue since Thu 5 Mar, 09:00-17:00 in Europe/Berlin"],
    );
}

#[test]
fn a_campaign_that_never_fits_starts_anyway_and_says_so() {
    let one = itinerary(1, "Europe/Berlin", "DE", [0, 0, 1], NEW);
    let limits = Limits {
        daily: 1,
        ..limits()
    };
    let slots = planned(&[one], limits, at("Europe/Berlin", "2026-03-09 02:00"));
    assert_eq!(slots.len(), 3);
    assert_eq!(
        slots[0].reason,
        "first free slot, though no day within reach has room for all steps, 09:00-17:00 in \
         Europe/Berlin"
    );
}

#[test]
fn settings_at_their_extremes_give_a_plan_or_none_but_no_panic() {
    let now = at("UTC", "2026-03-09 02:00");
    let one = [itinerary(1, "UTC", "DE", [0, 3, 7], NEW)];
    let count = |limits: Limits| planned(&one, limits, now).len();
    assert_eq!(
        count(Limits {
            daily: 0,
            ..limits()
        }),
        3
    );
    assert_eq!(
        count(Limits {
            gap_secs: u32::MAX,
            jitter_secs: u32::MAX,
            ..limits()
        }),
        1
    );
    let huge = [itinerary(1, "UTC", "DE", [u32::MAX; 3], NEW)];
    assert_eq!(planned(&huge, limits(), now), []);
    let mut empty = itinerary(1, "UTC", "DE", [0, 3, 7], NEW);
    empty.sequence.steps.clear();
    assert_eq!(planned(&[empty], limits(), now), []);
    assert_eq!(
        planned_by("", &one, &[], limits(), DateTime::<Utc>::MAX_UTC),
        []
    );
    // A window that exists only while the clocks are turned back or forward.
    let night = Settings {
        window: Window::parse("02:10-02:50").unwrap(),
        ..settings()
    };
    let slots = dated(
        &one,
        &[sender("ada", limits(), &[])],
        &night,
        at("UTC", "2026-03-28 12:00"),
    );
    assert_eq!(slots.slots.len(), 3);
}

#[test]
fn many_campaigns_are_dated_in_a_moment() {
    let zones = [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Tokyo",
        "Australia/Sydney",
        "UTC",
    ];
    let countries = ["DE", "US", "JP", "AU", "GB"];
    let n = 5_000;
    let many: Vec<Itinerary> = (0..n)
        .map(|campaign| {
            let place = campaign as usize % zones.len();
            itinerary(campaign, zones[place], countries[place], [0, 3, 7], NEW)
        })
        .collect();
    let now = at("UTC", "2026-03-09 02:00");
    let tight = Limits {
        daily: 500,
        gap_secs: 30,
        jitter_secs: 20,
        ..limits()
    };
    for limits in [limits(), tight] {
        let started = std::time::Instant::now();
        let slots = planned(&many, limits, now);
        assert_eq!(slots.len(), 3 * n as usize);
        // Unoptimised and on a busy machine; what it guards against takes minutes.
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
