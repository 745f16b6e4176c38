//! Itineraries and instants for the tests of planning.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::{Itinerary, Limits, Promise, SenderBook, Settings, StepFact, StepState};
use crate::calendar::{ClosingDays, Window, Zone};
use crate::campaign::Sequence;

/// `2026-03-09 08:00`, on the clocks of a zone.
pub(super) fn at(zone: &str, local: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    Zone::parse(zone).unwrap().at(local.date(), local.time())
}

/// Nine to five, no day of our own closed, nothing too late; days are counted in UTC, and what
/// should have left before now gets another date.
pub(super) fn settings() -> Settings {
    Settings {
        window: Window::parse("09:00-17:00").unwrap(),
        day_zone: Zone::utc(),
        closing_days: ClosingDays::default(),
        company_daily: None,
        stale_after_days: 0,
        overdue_after_minutes: 120,
    }
}

/// No limits worth the name.
pub(super) fn limits() -> Limits {
    Limits {
        daily: 1_000_000,
        hourly: None,
        gap_secs: 0,
        jitter_secs: 0,
        ramp: None,
    }
}

/// A sender that has promised nothing to anybody's company.
pub(super) fn sender(address: &str, limits: Limits, promised: &[DateTime<Utc>]) -> SenderBook {
    let promise = |at: &DateTime<Utc>| Promise {
        at: *at,
        company: None,
    };
    SenderBook {
        address: address.to_string(),
        limits,
        promised: promised.iter().map(promise).collect(),
        first_sent_at: None,
        is_stopped: false,
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
        company: None,
        sender: None,
        starts_from: None,
        steps,
    }
}

/// `Mon 9 Mar 09:00`, on the clocks of a zone.
pub(super) fn shown(zone: &Zone, instant: DateTime<Utc>) -> String {
    zone.local(instant).format("%a %-d %b %H:%M").to_string()
}
