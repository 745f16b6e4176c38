use super::*;
use crate::calendar::ClosingDays;
use crate::plan::after_sent;
use crate::plan::fixture::{at, itinerary, settings, shown as shown_at};

/// Asks about the first step that is neither sent nor over; shows the answer on the lead's clocks.
#[track_caller]
fn check(states: &str, number: u32, now: &str, expected: &str) {
    check_in(("Europe/Berlin", "DE"), states, number, now, expected);
}

#[track_caller]
fn check_in((zone, country): (&str, &str), states: &str, number: u32, now: &str, expected: &str) {
    let one = itinerary(1, zone, country, [0, 3, 7], states);
    let found = match gate(&one, number, &settings(), at(zone, now)) {
        Gate::Go => "go".to_string(),
        Gate::Wait { until, reason } => format!("{}: {reason}", shown_at(&one.zone, until)),
        Gate::Blocked { reason } => format!("blocked: {reason}"),
    };
    assert_eq!(found, expected, "{states} | {number} | {now}");
}

const DUE: &str = "dated 2026-03-09 09:00, undated, undated";

#[test]
fn a_hook_leaves_inside_the_window_of_a_business_day() {
    check(DUE, 1, "2026-03-09 09:00", "go");
    check(DUE, 1, "2026-03-09 16:59", "go");
    let outside = "outside 09:00-17:00 in Europe/Berlin";
    check(
        DUE,
        1,
        "2026-03-09 08:59",
        &format!("Mon 9 Mar 09:00: {outside}"),
    );
    check(
        DUE,
        1,
        "2026-03-09 17:00",
        &format!("Tue 10 Mar 09:00: {outside}"),
    );
    check(
        DUE,
        1,
        "2026-03-13 17:00",
        &format!("Mon 16 Mar 09:00: {outside}"),
    );
    let weekend = "Mon 16 Mar 09:00: Sat 14 Mar is no business day there (weekend)";
    check(DUE, 1, "2026-03-14 12:00", weekend);
    let friday = "Tue 7 Apr 09:00: Fri 3 Apr is no business day there (Good Friday)";
    check(DUE, 1, "2026-04-03 12:00", friday);
    let denver = ("America/Denver", "US");
    check_in(
        denver,
        "dated 2026-04-03 09:00",
        1,
        "2026-04-03 12:00",
        "go",
    );
    let new_year = "Mon 4 Jan 09:00: outside 09:00-17:00 in Europe/Berlin";
    check(DUE, 1, "2026-12-31 20:00", new_year);
}

#[test]
fn hours_follow_the_clocks_over_a_change() {
    // The same instant in UTC is inside after the change and outside before it, and the reverse.
    check_in(("Europe/Berlin", "DE"), DUE, 1, "2026-03-30 09:00", "go");
    let sydney = ("Australia/Sydney", "AU");
    let expected = "Tue 7 Apr 09:00: Mon 6 Apr is no business day there (Easter Monday)";
    check_in(sydney, DUE, 1, "2026-04-06 09:30", expected);
    check_in(("Australia/Perth", "AU"), DUE, 1, "2026-04-07 09:00", "go");
}

#[test]
fn a_follow_up_keeps_delay_and_distance_as_of_the_real_sends() {
    let states = "sent 2026-03-09 16:30, dated 2026-03-12 09:00, dated 2026-03-16 09:00";
    check(states, 2, "2026-03-12 09:00", "go");
    let early = "Thu 12 Mar 09:00: waits for Thu 12 Mar: 3 days after hook";
    check(states, 2, "2026-03-11 12:00", early);
    // The hook slipped to Wednesday: its third day is a Saturday.
    let slipped = "sent 2026-03-11 09:00, dated 2026-03-12 09:00, dated 2026-03-16 09:00";
    let moved = "Mon 16 Mar 09:00: waits for Mon 16 Mar: 3 days after hook, moved from Sat 14 Mar \
                 to Mon 16 Mar (weekend)";
    check(slipped, 2, "2026-03-12 09:00", moved);
    // The proof slipped: the fomo keeps four days.
    let proof = "sent 2026-03-09 09:00, sent 2026-03-13 09:00, dated 2026-03-16 09:00";
    check(
        proof,
        3,
        "2026-03-16 09:00",
        "Tue 17 Mar 09:00: waits for Tue 17 Mar: 4 days after proof",
    );
    check(proof, 3, "2026-03-17 09:00", "go");
}

#[test]
fn days_count_on_the_leads_calendar() {
    // Sent on Monday evening there, Tuesday in UTC: Thursday is the third day all the same.
    let samoa = ("Pacific/Pago_Pago", "AS");
    let states = "sent 2026-03-09 16:59, dated 2026-03-12 09:00";
    check_in(samoa, states, 2, "2026-03-12 09:00", "go");
    let kiribati = ("Pacific/Kiritimati", "KI");
    check_in(kiribati, states, 2, "2026-03-12 09:00", "go");
}

#[test]
fn nothing_overtakes_the_step_before() {
    let now = "2026-03-20 12:00";
    check(
        "open, dated 2026-03-12 09:00",
        2,
        now,
        "blocked: hook before it is being sent or in doubt",
    );
    check(
        "over, dated 2026-03-12 09:00",
        2,
        now,
        "blocked: hook before it was not sent",
    );
    check(
        "undated, dated 2026-03-12 09:00",
        2,
        now,
        "blocked: hook before it is not dated yet",
    );
    let waits = "Mon 23 Mar 09:00: hook has to leave before proof";
    check(
        "dated 2026-03-09 09:00, dated 2026-03-12 09:00",
        2,
        now,
        waits,
    );
    // The step two before counts as well.
    let states = "open, sent 2026-03-12 09:00, dated 2026-03-16 09:00";
    check(
        states,
        3,
        now,
        "blocked: hook before it is being sent or in doubt",
    );
    let states = "sent 2026-03-09 09:00, over, dated 2026-03-16 09:00";
    check(states, 3, now, "blocked: proof before it was not sent");
}

#[test]
fn a_step_that_is_not_waiting_is_not_sent_again() {
    let now = "2026-03-12 12:00";
    check(
        "sent 2026-03-09 09:00, undated",
        1,
        now,
        "blocked: hook was sent already",
    );
    check(
        "open, undated",
        1,
        now,
        "blocked: hook is being sent or in doubt",
    );
    check("over, undated", 1, now, "blocked: hook will not be sent");
    check(DUE, 4, now, "blocked: the sequence has no step 4");
    check(DUE, 0, now, "blocked: the sequence has no step 0");
}

#[test]
fn what_the_gate_waits_for_it_then_lets_through() {
    let moments = [
        "2026-03-27 23:59",
        "2026-03-29 02:30",
        "2026-10-25 02:30",
        "2026-12-24 17:00",
    ];
    for zone in [
        "Europe/Berlin",
        "America/Havana",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
    ] {
        let states = "sent 2026-03-26 12:00, dated 2026-03-30 12:00, undated";
        let one = itinerary(1, zone, "DE", [0, 3, 7], states);
        for now in moments {
            if let Gate::Wait { until, .. } = gate(&one, 2, &settings(), at("UTC", now)) {
                assert!(until > at("UTC", now));
                assert_eq!(gate(&one, 2, &settings(), until), Gate::Go, "{zone} {now}");
            }
        }
    }
}

#[test]
fn a_date_corrected_after_a_send_passes_the_gate() {
    let states = "sent 2026-03-11 15:00, dated 2026-03-12 09:40, dated 2026-03-16 09:10";
    let mut one = itinerary(1, "Europe/Berlin", "DE", [0, 3, 7], states);
    for slot in after_sent(&one.clone(), &settings()).into_iter().take(1) {
        one.steps[1].state = StepState::Dated(slot.due_at);
        assert_eq!(gate(&one, slot.number, &settings(), slot.due_at), Gate::Go);
    }
    assert_eq!(
        after_sent(&one, &settings()).len(),
        1,
        "the fomo has yet to move"
    );
}

#[test]
fn the_next_allowed_instant() {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let next = |from: &str, respects| {
        let from = at("Europe/Berlin", from);
        shown_at(
            &zone,
            next_allowed(&zone, "DE", respects, &settings(), from),
        )
    };
    assert_eq!(next("2026-03-13 16:59", true), "Fri 13 Mar 16:59");
    assert_eq!(next("2026-03-13 17:00", true), "Mon 16 Mar 09:00");
    assert_eq!(next("2026-03-13 17:00", false), "Sat 14 Mar 09:00");
    assert_eq!(next("2026-12-24 17:00", true), "Mon 28 Dec 09:00");
}

#[test]
fn a_closing_day_of_our_own_holds_every_lead() {
    let settings = Settings {
        closing_days: ClosingDays::parse("2026-03-09..2026-03-10 Stocktaking").unwrap(),
        ..settings()
    };
    let mut one = itinerary(1, "UTC", "DE", [0, 3, 7], "undated, undated, undated");
    for respects in [true, false] {
        one.sequence.respect_business_days = respects;
        let found = gate(&one, 1, &settings, at("UTC", "2026-03-09 12:00"));
        let until = at("UTC", "2026-03-11 09:00");
        let reason = "Mon 9 Mar is no business day there (Stocktaking)".to_string();
        assert_eq!(found, Gate::Wait { until, reason });
    }
    // Closed for longer than anybody plans.
    let years: Vec<String> = (2026..2030)
        .map(|year| format!("{year}-01-01..{year}-12-31"))
        .collect();
    let settings = Settings {
        closing_days: ClosingDays::parse(&years.join("\n")).unwrap(),
        ..settings
    };
    let found = gate(&one, 1, &settings, at("UTC", "2026-03-09 12:00"));
    assert!(matches!(found, Gate::Blocked { .. }), "{found:?}");
}

#[test]
fn a_follow_up_long_after_its_date_is_left_to_the_planner() {
    let settings = Settings {
        stale_after_days: 14,
        ..settings()
    };
    let states = "sent 2026-02-02 09:00, dated 2026-02-05 09:00, dated 2026-02-09 09:00";
    let one = itinerary(1, "UTC", "DE", [0, 3, 7], states);
    let at_noon = |day: &str| gate(&one, 2, &settings, at("UTC", &format!("{day} 12:00")));
    assert_eq!(at_noon("2026-02-19"), Gate::Go);
    let reason = "its day was Thu 5 Feb, and more than 14 days late it makes no sense".to_string();
    assert_eq!(at_noon("2026-02-20"), Gate::Blocked { reason });
    let never = Settings {
        stale_after_days: 0,
        ..settings.clone()
    };
    assert_eq!(
        gate(&one, 2, &never, at("UTC", "2026-06-10 12:00")),
        Gate::Go
    );
    // What the planner dated late by itself is none of it.
    let states = "sent 2026-02-02 09:00, dated 2026-02-25 09:00, undated";
    let late = itinerary(1, "UTC", "DE", [0, 3, 7], states);
    assert_eq!(
        gate(&late, 2, &settings, at("UTC", "2026-02-25 12:00")),
        Gate::Go
    );
}
