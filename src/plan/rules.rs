//! On which day a step may leave: delays, distances, business days; and the words for it.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::{Itinerary, Settings};
use crate::calendar::{Zone, day_off, next_business_day};

/// The day that the rules give a step, before anybody asks whether there is room on it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The day counted from the steps before.
    pub counted: NaiveDate,
    /// That day, or the first business day after it.
    pub day: NaiveDate,
    /// How it was counted: `3 days after hook`.
    pub words: String,
}

impl Itinerary {
    /// The day of a follow-up: its delay after the first step's day, but never nearer to the step
    /// before than the sequence wants, so that a slip moves what follows instead of squeezing it.
    pub(super) fn target(&self, number: u32, first: NaiveDate, previous: NaiveDate) -> Target {
        let delay_days = self.sequence.step(number).map_or(0, |step| step.delay_days);
        let distance_days = self.sequence.distance_days(number);
        let (by_delay, by_distance) = (plus(first, delay_days), plus(previous, distance_days));
        let (counted, words) = if by_delay >= by_distance {
            (by_delay, days_after(delay_days, self.first_name()))
        } else {
            (
                by_distance,
                days_after(distance_days, self.step_name(number.saturating_sub(1))),
            )
        };
        Target {
            counted,
            day: self.rolled(counted),
            words,
        }
    }

    /// The day of the first step: now, after the delay it may have itself.
    pub(super) fn first_target(&self, today: NaiveDate) -> Target {
        let delay_days = self
            .sequence
            .steps
            .first()
            .map_or(0, |step| step.delay_days);
        let counted = plus(today, delay_days);
        let words = match delay_days {
            0 => "first free slot".to_string(),
            days => format!("first free slot after {}", days_of(days)),
        };
        Target {
            counted,
            day: self.rolled(counted),
            words,
        }
    }

    /// The day itself, or the next business day where those are kept.
    pub(super) fn rolled(&self, day: NaiveDate) -> NaiveDate {
        if self.sequence.respect_business_days {
            next_business_day(&self.country, day)
        } else {
            day
        }
    }

    /// The label of a step for a sentence.
    pub(super) fn step_name(&self, number: u32) -> &str {
        self.sequence
            .step(number)
            .map_or("the step before", |step| step.name.as_str())
    }

    fn first_name(&self) -> &str {
        self.sequence
            .steps
            .first()
            .map_or("the first step", |step| step.name.as_str())
    }

    /// `3 days after hook, moved from Sat 14 Mar to Mon 16 Mar (weekend)`.
    pub(super) fn explain(&self, target: &Target) -> String {
        if target.counted == target.day {
            return target.words.clone();
        }
        let mut causes: Vec<&str> = target
            .counted
            .iter_days()
            .take_while(|day| *day < target.day)
            .filter_map(|day| day_off(&self.country, day))
            .collect();
        causes.dedup();
        let causes: Vec<&str> = causes.into_iter().take(4).collect();
        format!(
            "{}, moved from {} to {} ({})",
            target.words,
            shown(target.counted),
            shown(target.day),
            causes.join(", ")
        )
    }
}

/// The first instant from `from` on that lies in the window, on a business day if those are kept.
pub(super) fn opening(
    (zone, country): (&Zone, &str),
    respect_business_days: bool,
    settings: &Settings,
    from: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    // Even windows that clock changes swallow open on another day of the same month.
    const DAYS_MAX: usize = 400;
    zone.local_date(from)
        .iter_days()
        .take(DAYS_MAX)
        .filter(|day| !respect_business_days || day_off(country, *day).is_none())
        .flat_map(|day| settings.window.spans(zone, day))
        .find(|(_, before)| *before > from)
        .map(|(start, _)| start.max(from))
}

/// The instant a second later: "strictly later" in the ledger's unit.
pub(super) fn just_after(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant
        .checked_add_signed(TimeDelta::seconds(1))
        .unwrap_or(instant)
}

/// A day in a sentence: `Sat 14 Mar`.
pub(super) fn shown(day: NaiveDate) -> String {
    day.format("%a %-d %b").to_string()
}

fn plus(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into()))
        .unwrap_or(NaiveDate::MAX)
}

fn days_of(days: u32) -> String {
    if days == 1 {
        "1 day".to_string()
    } else {
        format!("{days} days")
    }
}

fn days_after(days: u32, name: &str) -> String {
    if days == 0 {
        format!("the same day as {name}")
    } else {
        format!("{} after {name}", days_of(days))
    }
}
