use super::*;
use crate::plan::fixture::{at, itinerary, settings, shown as shown_at};

#[track_caller]
fn check(states: &str, expected: &str) {
    let one = itinerary(1, "Europe/Berlin", "DE", [0, 3, 7], states);
    let slots = after_sent(&one, &settings());
    let found: Vec<String> = slots
        .iter()
        .map(|slot| format!("{} {}", slot.number, shown_at(&one.zone, slot.due_at)))
        .collect();
    assert_eq!(found.join(", "), expected, "{states}");
}

#[test]
fn a_slip_pushes_what_follows_and_keeps_the_time_of_day() {
    let states = "sent 2026-03-11 15:00, dated 2026-03-12 09:40, dated 2026-03-16 10:20";
    check(states, "2 Mon 16 Mar 09:40, 3 Fri 20 Mar 10:20");
    let states = "sent 2026-03-09 09:00, sent 2026-03-13 16:00, dated 2026-03-16 10:20";
    check(states, "3 Tue 17 Mar 10:20");
    // Over the clock change it stays the same time there.
    let states = "sent 2026-03-26 15:00, dated 2026-03-27 09:40, undated";
    check(states, "2 Mon 30 Mar 09:40");
}

#[test]
fn nothing_moves_that_stands_late_enough() {
    check(
        "sent 2026-03-09 09:00, dated 2026-03-12 09:00, dated 2026-03-16 09:00",
        "",
    );
    check(
        "sent 2026-03-09 16:59, dated 2026-03-12 09:00, dated 2026-03-17 09:00",
        "",
    );
    check("sent 2026-03-09 09:00, undated, dated 2026-03-10 09:00", "");
    check(
        "sent 2026-03-09 09:00, sent 2026-03-12 09:00, sent 2026-03-16 09:00",
        "",
    );
}

#[test]
fn before_the_first_send_or_behind_a_held_step_nothing_moves() {
    check(
        "dated 2026-03-09 09:00, dated 2026-03-10 09:00, undated",
        "",
    );
    check("open, dated 2026-03-10 09:00, undated", "");
    check("sent 2026-03-09 09:00, open, dated 2026-03-10 09:00", "");
    check("sent 2026-03-09 09:00, over, dated 2026-03-10 09:00", "");
}

#[test]
fn steps_of_one_day_stay_in_order() {
    let states = "sent 2026-03-09 12:00, dated 2026-03-09 11:00, dated 2026-03-09 11:00";
    let one = itinerary(1, "Europe/Berlin", "DE", [0, 0, 0], states);
    let instants: Vec<_> = after_sent(&one, &settings())
        .iter()
        .map(|slot| slot.due_at)
        .collect();
    let noon = at("Europe/Berlin", "2026-03-09 12:00");
    let after = |secs| noon + chrono::TimeDelta::seconds(secs);
    assert_eq!(instants, [after(1), after(2)]);
}

#[test]
fn the_reason_names_the_step_that_slipped() {
    let states = "sent 2026-03-11 15:00, dated 2026-03-12 09:40, undated";
    let one = itinerary(1, "Europe/Berlin", "DE", [0, 3, 7], states);
    let expected = "3 days after hook, moved from Sat 14 Mar to Mon 16 Mar (weekend), later than \
                    planned because hook left on Wed 11 Mar";
    assert_eq!(after_sent(&one, &settings())[0].reason, expected);
}
