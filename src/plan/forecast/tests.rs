use super::*;
use crate::plan::fixture::{at, itinerary, limits, sender, settings};

const NEW: &str = "undated, undated, undated";

fn daily(daily: u32) -> Limits {
    Limits { daily, ..limits() }
}

#[test]
fn an_outlook_counts_what_was_dated_what_is_and_what_others_promised() {
    let now = at("UTC", "2026-03-09 02:00");
    let begun = "sent 2026-03-06 09:00, dated 2026-03-09 09:00, undated";
    let mut begun = itinerary(1, "UTC", "DE", [0, 3, 7], begun);
    begun.sender = Some("ada".to_string());
    let all = [begun, itinerary(2, "UTC", "DE", [0, 3, 7], NEW)];
    let promised = [at("UTC", "2026-03-08 12:00"), at("UTC", "2026-03-12 12:00")];
    let found = outlook(
        &all,
        &[sender("ada", daily(2), &promised)],
        &settings(),
        now,
    );
    let days: Vec<String> = found
        .by_day
        .iter()
        .map(|(d, n)| format!("{d} {n}"))
        .collect();
    assert_eq!(
        days,
        [
            "2026-03-09 2",
            "2026-03-12 2",
            "2026-03-13 1",
            "2026-03-16 1"
        ]
    );
    assert_eq!(found.last_at, Some(at("UTC", "2026-03-16 09:00")));
    let fullest = found.fullest.unwrap();
    assert_eq!(
        (
            fullest.day.to_string().as_str(),
            fullest.messages,
            fullest.allowed
        ),
        ("2026-03-09", 2, 2)
    );
    assert_eq!((found.n_full_days, found.n_starts), (2, 1));
    assert_eq!(outlook(&[], &[], &settings(), now), Outlook::default());
}

#[track_caller]
fn check(limits: Limits, n_senders: usize, expected: std::ops::RangeInclusive<u32>) {
    let samples = [itinerary(1, "UTC", "DE", [0, 3, 7], NEW)];
    let senders: Vec<SenderBook> = (0..n_senders)
        .map(|number| sender(&format!("s{number}"), limits, &[]))
        .collect();
    let now = at("UTC", "2026-03-09 02:00");
    let found = new_leads_a_day(&samples, &senders, &settings(), now);
    assert!(expected.contains(&found), "{found}, not {expected:?}");
}

#[test]
fn the_stream_that_flows_is_as_large_as_the_senders_can_take() {
    // Three mails a lead would make ten, but weekends push most steps onto Mondays and Fridays:
    // with every step on its day no order of first mails gives more than seven and a half.
    check(daily(30), 1, 5..=7);
    check(daily(30), 2, 10..=15);
    // A hundred times as much is simulated at a smaller scale.
    check(daily(3_000), 1, 500..=750);
    // Eight hours of six mails each.
    let slow = Limits {
        gap_secs: 600,
        ..limits()
    };
    check(slow, 1, 8..=12);
    check(daily(1), 1, 0..=0);
    check(daily(1), 0, 0..=0);
}
