//! What one sender may send.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// What one sender may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages a day; at least 1.
    pub daily: u32,
    /// Messages in any clock hour of UTC, if that is limited; at least 1.
    pub hourly: Option<u32>,
    /// Seconds between two messages.
    pub gap_secs: u32,
    /// Up to so many seconds more, the same in every run (seeded by sender, day and message).
    pub jitter_secs: u32,
    /// A new sender's lower limit on its first days, if it is to grow slowly.
    pub ramp: Option<Ramp>,
}

/// How the daily limit of a new sender grows, counted from the day of its first mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// Messages on the first day; at least 1.
    pub start: u32,
    /// Messages more on every day of sending after it.
    pub step: u32,
}

impl Limits {
    /// What it may send on a day of its own when its first mail left, or is to leave, on another:
    /// the ramp's start on that day, a step more on each day from Monday to Friday after it, never
    /// more than the daily limit. Without a first mail every day is the first.
    pub fn allowed_on(&self, first_on: Option<NaiveDate>, day: NaiveDate) -> u32 {
        let daily = self.daily.max(1);
        let Some(ramp) = self.ramp else {
            return daily;
        };
        let days = first_on.map_or(0, |first| weekdays_between(first, day));
        let grown = ramp.step.saturating_mul(days).saturating_add(ramp.start);
        grown.clamp(1, daily)
    }

    /// The clock hour an instant is counted for: whole hours since 1970, UTC.
    pub fn hour_of(at: DateTime<Utc>) -> i64 {
        hour_of(at.timestamp())
    }
}

/// The clock hour of Unix seconds.
pub(super) fn hour_of(at: i64) -> i64 {
    at.div_euclid(3_600)
}

/// The days from Monday to Friday after one day up to another.
fn weekdays_between(first: NaiveDate, day: NaiveDate) -> u32 {
    // Weekdays from a Monday long ago up to and with a day.
    let upto = |day: NaiveDate| {
        let days = i64::from(day.num_days_from_ce());
        // Day 1 of the common era was a Monday.
        let (weeks, rest) = ((days - 1).div_euclid(7), (days - 1).rem_euclid(7));
        weeks * 5 + (rest + 1).min(5)
    };
    u32::try_from(upto(day) - upto(first)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(first: Option<&str>, on: &str, expected: u32) {
        let limits = Limits {
            daily: 50,
            hourly: None,
            gap_secs: 0,
            jitter_secs: 0,
            ramp: Some(Ramp { start: 10, step: 5 }),
        };
        let found = limits.allowed_on(first.map(day), day(on));
        assert_eq!(found, expected, "{first:?} {on}");
    }

    #[test]
    fn a_ramp_grows_with_each_day_of_sending_up_to_the_limit() {
        check(None, "2026-03-09", 10);
        check(Some("2026-03-09"), "2026-03-08", 10);
        check(Some("2026-03-09"), "2026-03-09", 10);
        check(Some("2026-03-09"), "2026-03-10", 15);
        check(Some("2026-03-09"), "2026-03-13", 30);
        // Nobody's mail grows over a weekend.
        check(Some("2026-03-09"), "2026-03-15", 30);
        check(Some("2026-03-09"), "2026-03-16", 35);
        check(Some("2026-03-14"), "2026-03-15", 10);
        check(Some("2026-03-14"), "2026-03-16", 15);
        check(Some("2026-03-09"), "2026-03-19", 50);
        check(Some("2026-03-09"), "2036-03-19", 50);
    }

    #[test]
    fn extremes_stay_between_one_and_the_limit() {
        let limits = |daily, start, step| Limits {
            daily,
            hourly: None,
            gap_secs: 0,
            jitter_secs: 0,
            ramp: Some(Ramp { start, step }),
        };
        let (first, last) = (Some(NaiveDate::MIN), NaiveDate::MAX);
        assert_eq!(limits(0, 0, 0).allowed_on(None, last), 1);
        assert_eq!(limits(7, 9, 0).allowed_on(first, last), 7);
        let most = limits(u32::MAX, u32::MAX, u32::MAX);
        assert_eq!(most.allowed_on(first, last), u32::MAX);
    }
}
