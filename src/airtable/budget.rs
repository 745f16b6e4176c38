//! The month's calls: how many are left, when they run out, and what waits so that they last.
//!
//! Purpose: a workspace has a number of calls a month (1,000 on the free plan, 100,000 on Team);
//! beyond it nothing is answered any more. So the least valuable writes are the first to wait.
//! Assumption: Airtable counts by calendar month; its pages name no zone, so ours is UTC. Calls of
//! other programs on the same workspace are not known here, Airtable offers no way to ask.
//! This module counts nothing and knows no clock: days and `now` are parameters.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};

/// A forecast looks back so many full days: a whole week, so that weekends and the weekly full read
/// weigh what they weigh in a month.
const LOOK_BACK_DAYS: u64 = 7;

/// With fewer full days there is no forecast: the first day alone, with its first full read, says
/// nothing about the others.
const FORECAST_DAYS_MIN: u64 = 2;

/// What must wait so that the month's calls last, from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thrift {
    /// Nothing: no limit is known, the forecast fits it, or a quarter and more of it is left.
    None,
    /// Less than a quarter is left: counts of opens and clicks wait.
    Counts,
    /// Less than a tenth is left: so does everything that only repeats detail (the date of the next
    /// mail, last activity, preview, wording of the notes).
    Details,
    /// Nothing is left: everything waits for the next month.
    Stop,
}

impl Thrift {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Thrift::None => "none",
            Thrift::Counts => "counts",
            Thrift::Details => "details",
            Thrift::Stop => "stop",
        }
    }

    /// What waits, in words; none when nothing does.
    pub fn in_words(self) -> Option<&'static str> {
        match self {
            Thrift::None => None,
            Thrift::Counts => Some("counts of opens and clicks wait"),
            Thrift::Details => Some("counts, previews, notes and dates of what comes next wait"),
            Thrift::Stop => Some("everything waits for the next month"),
        }
    }
}

/// The calls of the month `now` is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// Calls made so far.
    pub used: u64,
    /// Calls the plan allows, if that is known.
    pub limit: Option<u64>,
    /// Calls by the end of the month if things go on as in the last week; none while too little is
    /// known. Never less than `used`.
    pub forecast: Option<u64>,
    /// The day on which the limit is reached before the work is done: today when nothing is left,
    /// none when the calls last.
    pub dry_on: Option<NaiveDate>,
    /// What must wait.
    pub thrift: Thrift,
}

impl Month {
    /// The first day whose calls matter to [`Month::from_days`].
    pub fn reads_from(now: DateTime<Utc>) -> NaiveDate {
        let today = now.date_naive();
        let week_ago = today.checked_sub_days(Days::new(LOOK_BACK_DAYS));
        first_of_month(today).min(week_ago.unwrap_or(today))
    }

    /// The month as the calls of its days (and of the week before it) show it. Days may come in any
    /// order; a day that is missing had no calls; those after `now` are left out.
    ///
    /// The rest of today is expected to bring today up to the mean of the last seven full days, or
    /// of those since the first day with calls; each coming day brings that mean.
    pub fn from_days(days: &[(NaiveDate, u64)], now: DateTime<Utc>, limit: Option<u64>) -> Month {
        let today = now.date_naive();
        let sum_of = |is_meant: &dyn Fn(NaiveDate) -> bool| {
            let calls = days.iter().filter(|(day, _)| is_meant(*day));
            calls.fold(0_u64, |sum, (_, n)| sum.saturating_add(*n))
        };
        let month_began = first_of_month(today);
        let used = sum_of(&|day| (month_began..=today).contains(&day));
        let known = days.iter().filter(|(day, n)| *day < today && *n > 0);
        let n_days = known
            .filter_map(|(day, _)| u64::try_from((today - *day).num_days()).ok())
            .max()
            .map_or(0, |n_days| n_days.min(LOOK_BACK_DAYS));
        let pace = (n_days >= FORECAST_DAYS_MIN).then(|| Pace {
            used,
            today: sum_of(&|day| day == today),
            calls: sum_of(&|day| {
                let age_days = (today - day).num_days();
                age_days > 0 && u64::try_from(age_days).is_ok_and(|age| age <= n_days)
            }),
            days: n_days,
        });
        let n_left = (next_month(today) - today).num_days() - 1; // Full days after today.
        let n_left = u64::try_from(n_left).unwrap_or(0);
        let forecast = pace.as_ref().map(|pace| pace.used_after(n_left));
        let dry_on = limit.and_then(|limit| match pace {
            _ if used >= limit => Some(today),
            Some(pace) => (0..=n_left)
                .find(|n| pace.used_after(*n) > limit)
                .and_then(|n| today.checked_add_days(Days::new(n))),
            None => None,
        });
        Month {
            used,
            limit,
            forecast,
            dry_on,
            thrift: limit.map_or(Thrift::None, |limit| thrift(used, limit, forecast)),
        }
    }

    /// Calls that may still be made this month; none when no limit is known.
    pub fn left(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_sub(self.used))
    }

    /// When the count begins anew: the first instant of the next month.
    pub fn resets_at(now: DateTime<Utc>) -> DateTime<Utc> {
        next_month(now.date_naive())
            .and_time(NaiveTime::MIN)
            .and_utc()
    }
}

/// Calls of some full days, from which the coming days follow.
struct Pace {
    used: u64,
    today: u64,
    calls: u64,
    days: u64,
}

impl Pace {
    /// The month's calls at the end of the `n`-th day after today, rounded up.
    fn used_after(&self, n: u64) -> u64 {
        let rest_of_today = self
            .calls
            .saturating_sub(self.today.saturating_mul(self.days));
        let coming = rest_of_today.saturating_add(self.calls.saturating_mul(n));
        self.used.saturating_add(coming.div_ceil(self.days))
    }
}

/// While nothing can be foretold, calls are saved as if they would not last.
fn thrift(used: u64, limit: u64, forecast: Option<u64>) -> Thrift {
    let left = limit.saturating_sub(used);
    let lasts = forecast.is_some_and(|forecast| forecast <= limit);
    match left {
        0 => Thrift::Stop,
        _ if lasts => Thrift::None,
        _ if left.saturating_mul(10) < limit => Thrift::Details,
        _ if left.saturating_mul(4) < limit => Thrift::Counts,
        _ => Thrift::None,
    }
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn next_month(day: NaiveDate) -> NaiveDate {
    let first = first_of_month(day);
    first.checked_add_months(Months::new(1)).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    /// Calls as `from..to n`, each day of the range having `n`; days are those of 2026.
    fn days(text: &str) -> Vec<(NaiveDate, u64)> {
        let day = |text: &str| format!("2026-{text}").parse::<NaiveDate>().unwrap();
        let of_range = |range: &str| -> Vec<(NaiveDate, u64)> {
            let (span, n) = range.trim().split_once(' ').unwrap();
            let (from, to) = span.split_once("..").unwrap_or((span, span));
            let span = day(from).iter_days().take_while(|at| *at <= day(to));
            span.map(|at| (at, n.parse().unwrap())).collect()
        };
        let ranges = text.split(',').filter(|range| !range.is_empty());
        ranges.flat_map(of_range).collect()
    }

    #[track_caller]
    fn check(calls: &str, now: &str, limit: Option<u64>, expected: &str) {
        let month = Month::from_days(&days(calls), at(now), limit);
        let shown = |figure: Option<u64>| figure.map_or("-".to_string(), |n| n.to_string());
        let dry = month.dry_on.map_or("-".to_string(), |on| on.to_string());
        let found = format!(
            "used {} left {} forecast {} dry {dry} {:?}",
            month.used,
            shown(month.left()),
            shown(month.forecast),
            month.thrift
        );
        assert_eq!(found, expected, "{calls} | {now} | {limit:?}");
        // Nothing depends on the order of the days, nor on those before the first that is read.
        let mut reversed = days(calls);
        reversed.retain(|(day, _)| *day >= Month::reads_from(at(now)));
        reversed.reverse();
        assert_eq!(Month::from_days(&reversed, at(now), limit), month);
    }

    #[test]
    fn the_month_is_that_of_utc() {
        let calls = "02-20..02-28 30, 03-01..03-02 10";
        check(
            calls,
            "2026-02-28T23:59",
            None,
            "used 270 left - forecast 270 dry - None",
        );
        // Seven days of 30; today has had 10 of them; 30 days follow.
        check(
            calls,
            "2026-03-01T00:00",
            None,
            "used 10 left - forecast 930 dry - None",
        );
        let resets = |now: &str| Month::resets_at(at(now)).to_string();
        assert_eq!(resets("2026-02-28T23:59"), "2026-03-01 00:00:00 UTC");
        assert_eq!(resets("2026-12-01T00:00"), "2027-01-01 00:00:00 UTC");
        let from = |now: &str| Month::reads_from(at(now)).to_string();
        assert_eq!(from("2026-03-02T00:00"), "2026-02-23");
        assert_eq!(from("2026-03-30T00:00"), "2026-03-01");
    }

    #[test]
    fn a_forecast_goes_on_as_the_last_week() {
        // Six days after today, and the rest of today.
        check(
            "03-01..03-24 10",
            "2026-03-25T09:00",
            None,
            "used 240 left - forecast 310 dry - None",
        );
        check(
            "03-01..03-24 10, 03-25 4",
            "2026-03-25T09:00",
            None,
            "used 244 left - forecast 310 dry - None",
        );
        // More than usual today stands for itself.
        check(
            "03-01..03-24 10, 03-25 50",
            "2026-03-25T09:00",
            None,
            "used 290 left - forecast 350 dry - None",
        );
        // A weekly full read and an idle weekend count as what they are.
        check(
            "03-16..03-20 10, 03-22 160",
            "2026-03-23T00:00",
            None,
            "used 210 left - forecast 480 dry - None",
        );
        // What was a week ago does not count any more.
        check(
            "03-01 5000, 03-17..03-24 1",
            "2026-03-25T00:00",
            None,
            "used 5008 left - forecast 5015 dry - None",
        );
        // Rounded up.
        check(
            "03-28..03-30 1, 03-27 2",
            "2026-03-31T00:00",
            None,
            "used 5 left - forecast 7 dry - None",
        );
        check(
            "03-20 5",
            "2026-03-31T00:00",
            None,
            "used 5 left - forecast 5 dry - None",
        );
    }

    #[test]
    fn little_data_makes_no_forecast() {
        check(
            "",
            "2026-03-25T09:00",
            Some(1000),
            "used 0 left 1000 forecast - dry - None",
        );
        check(
            "03-25 400",
            "2026-03-25T09:00",
            Some(1000),
            "used 400 left 600 forecast - dry - None",
        );
        check(
            "03-24 400",
            "2026-03-25T09:00",
            Some(1000),
            "used 400 left 600 forecast - dry - None",
        );
        check(
            "03-24 0, 03-23 0",
            "2026-03-25T09:00",
            None,
            "used 0 left - forecast - dry - None",
        );
        check(
            "03-23 20",
            "2026-03-25T09:00",
            Some(1000),
            "used 20 left 980 forecast 90 dry - None",
        );
        // Then calls are saved to be safe.
        check(
            "03-24 751",
            "2026-03-25T09:00",
            Some(1000),
            "used 751 left 249 forecast - dry - Counts",
        );
        check(
            "03-25 901",
            "2026-03-25T09:00",
            Some(1000),
            "used 901 left 99 forecast - dry - Details",
        );
        check(
            "03-25 1000",
            "2026-03-25T09:00",
            Some(1000),
            "used 1000 left 0 forecast - dry 2026-03-25 Stop",
        );
    }

    #[test]
    fn it_runs_dry_on_the_day_that_does_not_fit() {
        let calls = "03-01..03-10 40";
        // 40 a day from the eleventh on: 600 are left after 400, spent on the 25th.
        check(
            calls,
            "2026-03-11T00:00",
            Some(1000),
            "used 400 left 600 forecast 1240 dry 2026-03-26 None",
        );
        check(
            calls,
            "2026-03-11T00:00",
            Some(1240),
            "used 400 left 840 forecast 1240 dry - None",
        );
        check(
            calls,
            "2026-03-11T00:00",
            Some(1239),
            "used 400 left 839 forecast 1240 dry 2026-03-31 None",
        );
        check(
            calls,
            "2026-03-11T00:00",
            Some(439),
            "used 400 left 39 forecast 1240 dry 2026-03-11 Details",
        );
        check(
            calls,
            "2026-03-11T00:00",
            Some(300),
            "used 400 left 0 forecast 1240 dry 2026-03-11 Stop",
        );
    }

    #[test]
    fn what_waits_depends_on_what_is_left() {
        let of = |used: u64, limit: u64, forecast: Option<u64>| thrift(used, limit, forecast);
        for (used, expected) in [
            (0, Thrift::None),
            (750, Thrift::None),
            (751, Thrift::Counts),
            (900, Thrift::Counts),
            (901, Thrift::Details),
            (999, Thrift::Details),
            (1_000, Thrift::Stop),
            (1_001, Thrift::Stop),
        ] {
            assert_eq!(of(used, 1_000, Some(1_001)), expected, "{used}");
            assert_eq!(of(used, 1_000, None), expected, "{used}");
            let fits = of(used, 1_000, Some(1_000));
            let expected = expected.max(Thrift::None);
            let is_stop = expected == Thrift::Stop;
            assert_eq!(
                fits,
                if is_stop { expected } else { Thrift::None },
                "{used}"
            );
        }
        assert_eq!(of(0, 1, None), Thrift::None);
        assert_eq!(of(u64::MAX - 1, u64::MAX, None), Thrift::Details);
    }

    #[test]
    fn no_figure_is_too_large() {
        let huge = days("03-01..03-11 18446744073709551615");
        let month = Month::from_days(&huge, at("2026-03-11T00:00"), Some(u64::MAX));
        assert_eq!((month.used, month.thrift), (u64::MAX, Thrift::Stop));
        let last = DateTime::<Utc>::MAX_UTC;
        let month = Month::from_days(&[(last.date_naive(), 1)], last, None);
        assert_eq!(month.used, 1);
        let _ = (
            Month::resets_at(last),
            Month::reads_from(DateTime::<Utc>::MIN_UTC),
        );
    }
}
