//! What any plan must keep, whatever the world it is made in.

use proptest::prelude::*;

use super::*;
use crate::calendar::{Window, Zone, is_business_day};
use crate::plan::fixture::{at, itinerary};
use crate::plan::{Gate, StepFact, after_sent, gate};

/// The first promise that a plan breaks.
fn broken_promise(
    itineraries: &[Itinerary],
    slots: &[Slot],
    promised: &[DateTime<Utc>],
    settings: &Settings,
    now: DateTime<Utc>,
) -> Option<String> {
    let mut per_day: HashMap<NaiveDate, u32> = HashMap::new();
    for at in promised {
        *per_day
            .entry(settings.day_zone.local_date(*at))
            .or_default() += 1;
    }
    for slot in slots {
        let one = itineraries
            .iter()
            .find(|one| one.campaign == slot.campaign)?;
        let local = one.zone.local(slot.due_at);
        if slot.due_at < now {
            return Some(format!("in the past: {slot:?}"));
        }
        if !settings.window.contains(local.time()) {
            return Some(format!("outside the window: {slot:?} {local}"));
        }
        if one.sequence.respect_business_days && !is_business_day(&one.country, local.date()) {
            return Some(format!("no business day: {slot:?} {local}"));
        }
        let count = per_day
            .entry(settings.day_zone.local_date(slot.due_at))
            .or_default();
        *count += 1;
        if *count > settings.daily_limit {
            return Some(format!("above the limit: {slot:?}"));
        }
        let near = |other: &DateTime<Utc>| {
            let apart = (*other - slot.due_at).num_seconds().abs();
            apart < i64::from(settings.gap_secs)
        };
        let others = slots
            .iter()
            .filter(|other| *other != slot)
            .map(|other| other.due_at);
        if others
            .chain(promised.iter().copied())
            .any(|other| near(&other))
        {
            return Some(format!("closer than the gap: {slot:?}"));
        }
    }
    itineraries.iter().find_map(|one| out_of_order(one, slots))
}

fn out_of_order(one: &Itinerary, slots: &[Slot]) -> Option<String> {
    let instant = |number: u32| match one.state(number) {
        StepState::Sent(at) | StepState::Dated(at) => Some(at),
        _ => slots
            .iter()
            .find(|slot| slot.campaign == one.campaign && slot.number == number)
            .map(|slot| slot.due_at),
    };
    let first = one.zone.local_date(instant(1)?);
    (2..=3).find_map(|number| {
        let slot = slots
            .iter()
            .find(|s| s.campaign == one.campaign && s.number == number)?;
        let previous = instant(number - 1)?;
        let day = one.zone.local_date(slot.due_at);
        let since = |from: NaiveDate| (day - from).num_days();
        let delay = i64::from(one.sequence.step(number)?.delay_days);
        let distance = i64::from(one.sequence.distance_days(number));
        let is_kept = slot.due_at > previous
            && since(one.zone.local_date(previous)) >= distance
            && since(first) >= delay;
        (!is_kept).then(|| format!("too near: {slot:?} after {previous}"))
    })
}

const PLACES: [(&str, &str); 9] = [
    ("UTC", "US"),
    ("Europe/Berlin", "DE"),
    ("America/New_York", "US"),
    ("Pacific/Kiritimati", "KI"),
    ("Pacific/Pago_Pago", "AS"),
    ("Australia/Lord_Howe", "AU"),
    ("Asia/Jerusalem", "IL"),
    ("America/Havana", "XX"),
    ("Asia/Kathmandu", "JP"),
];

fn any_itinerary(campaign: i64, now: DateTime<Utc>) -> impl Strategy<Value = Itinerary> {
    let delays = (0..3_u32, 0..9_u32, 0..9_u32).prop_map(|(a, b, c)| [a, a + b, a + b + c]);
    let state = (0..5, 0..40_i64 * 86_400);
    (0..PLACES.len(), delays, any::<bool>(), state).prop_map(
        move |(place, delays, respects, (kind, ago))| {
            let (zone, country) = PLACES[place];
            let mut one = itinerary(campaign, zone, country, delays, "undated, undated, undated");
            one.sequence.respect_business_days = respects;
            let past = now - chrono::TimeDelta::seconds(ago);
            let future = now + chrono::TimeDelta::seconds(ago);
            let first = match kind {
                0 => StepState::Sent(past),
                1 => StepState::Dated(future),
                2 => StepState::Open,
                _ => StepState::Undated,
            };
            one.steps[0] = StepFact {
                number: 1,
                state: first,
            };
            one
        },
    )
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let windows = prop::sample::select(vec![
        "09:00-17:00",
        "00:00-24:00",
        "00:00-00:30",
        "01:30-03:00",
        "02:10-02:50",
        "23:00-24:00",
        "12:00-12:01",
    ]);
    let gaps = prop::sample::select(vec![0, 1, 90, 3_600, 100_000]);
    let jitters = prop::sample::select(vec![0, 60, 5_000]);
    (
        windows,
        0..PLACES.len(),
        prop::sample::select(vec![1, 2, 5, 1_000_000]),
        gaps,
        jitters,
    )
        .prop_map(
            |(window, place, daily_limit, gap_secs, jitter_secs)| Settings {
                window: Window::parse(window).unwrap(),
                day_zone: Zone::parse(PLACES[place].0).unwrap(),
                daily_limit,
                gap_secs,
                jitter_secs,
            },
        )
}

/// Some instant of two years, clock changes of both hemispheres and year ends among them.
fn any_world() -> impl Strategy<Value = (DateTime<Utc>, Settings, Vec<Itinerary>)> {
    (0..2 * 366 * 86_400_i64, any_settings()).prop_flat_map(|(secs, settings)| {
        let now = at("UTC", "2026-01-01 00:00") + chrono::TimeDelta::seconds(secs);
        let many: Vec<_> = (1..=12)
            .map(|campaign| any_itinerary(campaign, now))
            .collect();
        (Just(now), Just(settings), many)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_plan_breaks_a_promise((now, settings, many) in any_world()) {
        let promised: Vec<DateTime<Utc>> = many
            .iter()
            .filter_map(|one| match one.state(1) {
                StepState::Sent(at) | StepState::Dated(at) => Some(at),
                _ => None,
            })
            .collect();
        // What was promised before may itself have been above the limit; that is not the plan's.
        let mut counts: HashMap<NaiveDate, u32> = HashMap::new();
        for at in &promised {
            *counts.entry(settings.day_zone.local_date(*at)).or_default() += 1;
        }
        prop_assume!(counts.values().all(|count| *count <= settings.daily_limit));

        let slots = dated(&many, &promised, &settings, "ada", now);
        prop_assert_eq!(broken_promise(&many, &slots, &promised, &settings, now), None);

        let expected: usize = many.iter().map(|one| match one.state(1) {
            StepState::Undated => 3,
            StepState::Open => 0,
            _ => 2,
        }).sum();
        prop_assert_eq!(slots.len(), expected, "some step got no date");

        // Stored, nothing has to move; sent one after the other when due, everything passes.
        for mut one in many {
            let mine = slots.iter().filter(|slot| slot.campaign == one.campaign);
            for slot in mine.clone() {
                let state = StepState::Dated(slot.due_at);
                one.steps[slot.number as usize - 1].state = state;
            }
            prop_assert_eq!(after_sent(&one, &settings), vec![]);
            if let StepState::Dated(at) = one.state(1) {
                one.steps[0].state = StepState::Sent(at);
            }
            prop_assert_eq!(after_sent(&one, &settings), vec![]);
            for slot in mine.filter(|slot| slot.number > 1) {
                let gate = gate(&one, slot.number, &settings, slot.due_at);
                prop_assert_eq!(gate, Gate::Go, "{:?} of {:?}", slot, one);
                one.steps[slot.number as usize - 1].state = StepState::Sent(slot.due_at);
            }
        }
    }
}
