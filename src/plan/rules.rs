//! On which day a step may leave: delays, distances, business days; and the words for it.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::{Itinerary, Settings};
use crate::calendar::{ClosingDays, Zone, day_off};

/// The day that the rules give a step, before anybody asks whether there is room on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// The day counted from the steps before.
    pub counted: NaiveDate,
    /// That day, or the first business day after it.
    pub day: NaiveDate,
    /// How many days were counted.
    days: u32,
    /// From which step; 0 for none.
    after: u32,
}

/// No search for an open day goes further. More days off in a row are no plan.
const DAYS_OFF_MAX: usize = 800;

/// Longer delays are not counted day by day.
const DELAY_DAYS_MAX: u32 = 36_525;

/// The days on which nothing leaves to a lead.
#[derive(Clone, Copy)]
pub(super) struct DaysOff<'a> {
    country: &'a str,
    respects_business_days: bool,
    closing_days: &'a ClosingDays,
}

impl<'a> DaysOff<'a> {
    /// Those of a country, where they are kept, and our own.
    pub(super) fn new(
        country: &'a str,
        respects_business_days: bool,
        settings: &'a Settings,
    ) -> DaysOff<'a> {
        DaysOff {
            country,
            respects_business_days,
            closing_days: &settings.closing_days,
        }
    }

    /// Why nothing leaves on a day; none when it may.
    pub(super) fn cause(&self, day: NaiveDate) -> Option<&'a str> {
        let there = self.respects_business_days;
        let there = there.then(|| day_off(self.country, day)).flatten();
        there.or_else(|| self.closing_days.name(day))
    }

    /// The day itself, or the next one on which something may leave; where none is near, a day that
    /// never comes.
    pub(super) fn rolled(&self, day: NaiveDate) -> NaiveDate {
        let mut days = day.iter_days().take(DAYS_OFF_MAX);
        let open = days.find(|day| self.cause(*day).is_none());
        open.unwrap_or(NaiveDate::MAX)
    }

    /// The day so many open days after another one; one that never comes if that is beyond any
    /// plan.
    pub(super) fn later(&self, day: NaiveDate, days: u32) -> NaiveDate {
        let mut day = day;
        if days > DELAY_DAYS_MAX {
            return NaiveDate::MAX;
        }
        for _ in 0..days {
            day = self.rolled(plus(day, 1));
            if day == NaiveDate::MAX {
                break;
            }
        }
        day
    }
}

impl Itinerary {
    /// The days on which nothing leaves to its lead.
    pub(super) fn days_off<'a>(&'a self, settings: &'a Settings) -> DaysOff<'a> {
        DaysOff::new(&self.country, self.sequence.respect_business_days, settings)
    }

    /// The day of a follow-up: its delay after the first step's day, but never nearer to the step
    /// before than the sequence wants, so that a slip moves what follows instead of squeezing it.
    pub(super) fn target(
        &self,
        number: u32,
        (first, previous): (NaiveDate, NaiveDate),
        settings: &Settings,
    ) -> Target {
        let days_off = self.days_off(settings);
        let delay_days = self.sequence.step(number).map_or(0, |step| step.delay_days);
        let distance_days = self.sequence.distance_days(number);
        let by_delay = self.counted(first, delay_days, days_off);
        let by_distance = self.counted(previous, distance_days, days_off);
        let (counted, days, is_by_delay) = match by_delay >= by_distance {
            true => (by_delay, delay_days, true),
            false => (by_distance, distance_days, false),
        };
        Target {
            counted,
            day: days_off.rolled(counted),
            days,
            after: if is_by_delay {
                1
            } else {
                number.saturating_sub(1)
            },
        }
    }

    /// The day of the first step: now, after the delay it may have itself.
    pub(super) fn first_target(&self, today: NaiveDate, settings: &Settings) -> Target {
        let days_off = self.days_off(settings);
        let first = self.sequence.steps.first();
        let days = first.map_or(0, |step| step.delay_days);
        let counted = self.counted(today, days, days_off);
        Target {
            counted,
            day: days_off.rolled(counted),
            days,
            after: 0,
        }
    }

    /// The day so many days of the sequence's unit after another one.
    fn counted(&self, day: NaiveDate, days: u32, days_off: DaysOff<'_>) -> NaiveDate {
        if self.sequence.counts_business_days() {
            days_off.later(day, days)
        } else {
            plus(day, days)
        }
    }

    /// The label of a step for a sentence.
    pub(super) fn step_name(&self, number: u32) -> &str {
        self.sequence
            .step(number)
            .map_or("the step before", |step| step.name.as_str())
    }

    /// `3 days after hook, moved from Sat 14 Mar to Mon 16 Mar (weekend)`.
    pub(super) fn explain(&self, target: &Target, settings: &Settings) -> String {
        let days = self.days_in_words(target.days);
        let words = match (target.after, target.days) {
            (0, 0) => "first free slot".to_string(),
            (0, _) => format!("first free slot after {days}"),
            (step, 0) => format!("the same day as {}", self.step_name(step)),
            (step, _) => format!("{days} after {}", self.step_name(step)),
        };
        if target.counted == target.day {
            return words;
        }
        let days_off = self.days_off(settings);
        let mut causes: Vec<&str> = target
            .counted
            .iter_days()
            .take_while(|day| *day < target.day)
            .take(DAYS_OFF_MAX)
            .filter_map(|day| days_off.cause(day))
            .collect();
        causes.dedup();
        let causes: Vec<&str> = causes.into_iter().take(4).collect();
        format!(
            "{words}, moved from {} to {} ({})",
            shown(target.counted),
            shown(target.day),
            causes.join(", ")
        )
    }

    fn days_in_words(&self, days: u32) -> String {
        let unit = match self.sequence.counts_business_days() {
            true => "business day",
            false => "day",
        };
        if days == 1 {
            format!("1 {unit}")
        } else {
            format!("{days} {unit}s")
        }
    }
}

/// The first instant from `from` on that lies in the window, on a day on which something may leave.
pub(super) fn opening(
    zone: &Zone,
    days_off: DaysOff<'_>,
    settings: &Settings,
    from: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    // Even windows that clock changes swallow open on another day of the same month.
    zone.local_date(from)
        .iter_days()
        .take(DAYS_OFF_MAX)
        .filter(|day| days_off.cause(*day).is_none())
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

pub(super) fn plus(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into()))
        .unwrap_or(NaiveDate::MAX)
}
