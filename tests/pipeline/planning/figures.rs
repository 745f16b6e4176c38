//! What planning costs. `tests/measure plan [CAMPAIGNS]` runs this in an optimised build.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use outreach::calendar::{ClosingDays, Window, Zone};
use outreach::campaign::Sequence;
use outreach::plan::{Itinerary, Limits, SenderBook, Settings, StepFact, StepState, dated};

/// How many campaigns are planned where `MEASURE_CAMPAIGNS` does not say otherwise.
const N_CAMPAIGNS: usize = 5_000;

const PLACES: [(&str, &str); 8] = [
    ("America/New_York", "US"),
    ("America/Los_Angeles", "US"),
    ("Europe/Berlin", "DE"),
    ("Europe/London", "GB"),
    ("Asia/Tokyo", "JP"),
    ("Asia/Kolkata", "IN"),
    ("Australia/Sydney", "AU"),
    ("America/Sao_Paulo", "BR"),
];

/// Campaigns of every kind: a third new, a third dated and on time, a third overdue after an
/// outage; a fifth of them shares its company with others.
fn open_campaigns(n: usize, now: DateTime<Utc>) -> Vec<Itinerary> {
    let day = TimeDelta::days(1);
    let one = |number: usize| {
        let (zone, country) = PLACES[number % PLACES.len()];
        let steps = match number % 3 {
            0 => [StepState::Undated; 3],
            1 => [
                StepState::Sent(now - day * 3),
                StepState::Dated(now + day * 2 + TimeDelta::hours(9)),
                StepState::Dated(now + day * 6 + TimeDelta::hours(9)),
            ],
            _ => [
                StepState::Sent(now - day * 7),
                StepState::Dated(now - day * 3),
                StepState::Dated(now + day),
            ],
        };
        let steps = (1..)
            .zip(steps)
            .map(|(number, state)| StepFact { number, state });
        let is_new = number.is_multiple_of(3);
        Itinerary {
            campaign: number as i64,
            sequence: Sequence::hook_proof_fomo([0, 3, 7], true),
            zone: Zone::parse(zone).unwrap(),
            country: country.to_string(),
            company: Some(format!(
                "firm{}.example",
                if number.is_multiple_of(5) {
                    number / 50
                } else {
                    number
                }
            )),
            sender: (!is_new).then(|| format!("sender{}@ourco.example", number / 3 % 10)),
            starts_from: None,
            steps: steps.collect(),
        }
    };
    (0..n).map(one).collect()
}

#[test]
fn many_open_campaigns_are_planned_in_seconds() {
    let n = std::env::var("MEASURE_CAMPAIGNS");
    let n = n.map_or(N_CAMPAIGNS, |n| {
        n.parse().expect("MEASURE_CAMPAIGNS: a number")
    });
    let now: DateTime<Utc> = "2026-03-09T00:00:00Z".parse().unwrap();
    let campaigns = open_campaigns(n, now);
    let settings = Settings {
        window: Window::parse("09:00-17:00").unwrap(),
        day_zone: Zone::utc(),
        closing_days: ClosingDays::parse("2026-04-02..2026-04-07").unwrap(),
        company_daily: Some(2),
        stale_after_days: 0,
        overdue_after_minutes: 120,
    };
    println!("\n{n} open campaigns in 8 zones, 10 senders:");
    for (what, daily, gap_secs) in [("wide limits", 1_000_000, 0), ("tight limits", 400, 60)] {
        let sender = |number: usize| SenderBook {
            address: format!("sender{number}@ourco.example"),
            limits: Limits {
                daily,
                hourly: Some(daily / 4),
                gap_secs,
                jitter_secs: gap_secs / 2,
                ramp: None,
            },
            promised: Vec::new(),
            first_sent_at: Some(now - TimeDelta::days(30)),
            is_stopped: false,
        };
        let senders: Vec<SenderBook> = (0..10).map(sender).collect();
        let started = Instant::now();
        let plan = dated(&campaigns, &senders, &settings, now);
        let time = started.elapsed();
        let n_slots = plan.slots.len();
        println!(
            "{what:<14} {n_slots:>7} dates in {:>6.2} s",
            time.as_secs_f64()
        );
        assert!(n_slots >= n, "everything new or overdue gets a date");
        assert!(
            plan == dated(&campaigns, &senders, &settings, now),
            "another plan"
        );
        // An optimised build takes a hundredth of this; what it guards against takes minutes.
        assert!(time.as_secs() < 60 + n as u64 / 1_000, "{what}: {time:?}");
    }
}
