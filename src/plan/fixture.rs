//! Itineraries and instants for the tests of planning.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::{Itinerary, Settings, StepFact, StepState};
use crate::calendar::{Window, Zone};
use crate::campaign::Sequence;

/// `2026-03-09 08:00`, on the clocks of a zone.
pub(super) fn at(zone: &str, local: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    Zone::parse(zone).unwrap().at(local.date(), local.time())
}

/// Nine to five, no limits worth the name, and the sender counts days in UTC.
pub(super) fn settings() -> Settings {
    Settings {
        window: Window::parse("09:00-17:00").unwrap(),
        day_zone: Zone::utc(),
        daily_limit: 1_000_000,
        gap_secs: 0,
        jitter_secs: 0,
    }
}

/// An itinerary from its states in order: `sent 2026-03-09 09:00, dated 2026-03-12 09:00, undated`,
/// in local time; `open` and `over` stand for themselves.
pub(super) fn itinerary(
    campaign: i64,
    zone: &str,
    country: &str,
    delays: [u32; 3],
    states: &str,
) -> Itinerary {
    let state = |text: &str| match text.trim().split_once(' ') {
        Some(("sent", local)) => StepState::Sent(at(zone, local)),
        Some(("dated", local)) => StepState::Dated(at(zone, local)),
        _ => match text.trim() {
            "undated" => StepState::Undated,
            "open" => StepState::Open,
            "over" => StepState::Over,
            other => panic!("no state: {other}"),
        },
    };
    let steps = (1..).zip(states.split(','));
    let steps = steps
        .map(|(number, text)| StepFact {
            number,
            state: state(text),
        })
        .collect();
    Itinerary {
        campaign,
        sequence: Sequence::hook_proof_fomo(delays, true),
        zone: Zone::parse(zone).unwrap(),
        country: country.to_string(),
        steps,
    }
}

/// `Mon 9 Mar 09:00`, on the clocks of a zone.
pub(super) fn shown(zone: &Zone, instant: DateTime<Utc>) -> String {
    zone.local(instant).format("%a %-d %b %H:%M").to_string()
}
