//! The day on which a person who said "later" wants to hear from us again.
//!
//! Purpose: the first working day of what they name: a day, a weekday, a month, a quarter, a
//! season, a feast, so many weeks. None when they only say "later".

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::context_before;
use super::mention::{Form, Mention, after_span, dated_month, mentions, next_weekday};
use crate::words::Words;
use std::sync::LazyLock;

/// The day named in the folded words, for a mail written on `written_on`.
pub(in super::super) fn wanted_day(folded: &str, written_on: NaiveDate) -> Option<NaiveDate> {
    let named = day_named(folded, written_on);
    let period = || period_named(folded, written_on);
    let day = named
        .or_else(period)
        .or_else(|| span_named(folded, written_on))?;
    (day > written_on).then(|| working_day(day))?
}

/// A calendar day, weekday or month that the words ask for.
fn day_named(folded: &str, written_on: NaiveDate) -> Option<NaiveDate> {
    let found = mentions(folded, written_on);
    let meant = found.iter().filter(|mention| is_asked(folded, mention));
    meant
        .filter_map(|mention| {
            let after = is_after(folded, mention);
            let day = mention.day(true)?;
            let day = if after && mention.form == Form::Full {
                day.succ_opt()?
            } else {
                day
            };
            (day > written_on).then_some(day)
        })
        .max()
}

/// Whether a word of time stands right before the day: a month's name alone may be a verb.
fn is_asked(folded: &str, mention: &Mention) -> bool {
    static ASKED: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/dates_asked.txt")));
    let before = context_before(folded, 0, mention.start);
    match mention.form {
        Form::Full => true,
        Form::Partial => ASKED.is_match(before),
        Form::Span => false,
    }
}

fn is_after(folded: &str, mention: &Mention) -> bool {
    let before = context_before(folded, 0, mention.start).trim_end_matches([' ', ',']);
    [
        "after",
        "nach dem",
        "nach",
        "apres le",
        "despues del",
        "dopo il",
        "na",
        "depois de",
    ]
    .iter()
    .any(|word| before.ends_with(word) || before.ends_with(&format!("{word} the")))
}

/// A quarter, season, feast or year.
fn period_named(folded: &str, written_on: NaiveDate) -> Option<NaiveDate> {
    const PERIODS: &str = include_str!("../words/dates_periods.txt");
    static LISTS: LazyLock<Vec<(String, Words)>> = LazyLock::new(|| {
        let lines = PERIODS.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(' '));
        pairs
            .map(|(name, list)| (name.to_string(), Words::new(list)))
            .collect()
    });
    let found = LISTS.iter().find(|(_, words)| words.is_match(folded))?;
    begin_of(&found.0, written_on)
}

/// The day a period of `words/dates_periods.txt` begins.
fn begin_of(name: &str, on: NaiveDate) -> Option<NaiveDate> {
    let first = on.with_day(1)?;
    let month = |month: u32| dated_month(None, month, on);
    match name {
        "q1" => month(1),
        "q2" | "after_q1" => month(4),
        "q3" | "after_q2" | "half2" => month(7),
        "q4" | "after_q3" => month(10),
        "holidays" if (5..=8).contains(&on.month()) => month(9),
        "spring" => month(3),
        "summer" => month(6),
        "autumn" | "after_summer" => month(9),
        "winter" | "year_end" => month(12),
        "new_year" | "next_year" | "holidays" => NaiveDate::from_ymd_opt(on.year() + 1, 1, 2),
        "after_easter" => [on.year(), on.year() + 1]
            .into_iter()
            .filter_map(easter)
            .filter_map(|sunday| sunday.checked_add_days(Days::new(2)))
            .find(|day| *day > on),
        "next_quarter" => {
            let ahead = 3 - on.month0() % 3;
            first.checked_add_months(Months::new(ahead))
        }
        "next_month" => first.checked_add_months(Months::new(1)),
        "month_end" => first
            .checked_add_months(Months::new(1))?
            .checked_sub_days(Days::new(3)),
        "next_week" => next_weekday(on, Weekday::Mon),
        _ => None,
    }
}

/// "In three months", "dans quelques semaines".
fn span_named(folded: &str, written_on: NaiveDate) -> Option<NaiveDate> {
    static SPAN: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/dates_span.txt")));
    let found = SPAN.find(folded)?;
    let mut words = found.text.rsplit(' ');
    let unit = words.next()?;
    let count = words.find(|word| !matches!(*word, "of" | "full" | "more" | "or" | "so"))?;
    after_span(count, unit, written_on)
}

/// The day itself, or the next that is neither at a weekend nor New Year's Day.
fn working_day(day: NaiveDate) -> Option<NaiveDate> {
    (0..5)
        .filter_map(|ahead| day.checked_add_days(Days::new(ahead)))
        .find(|day| {
            let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            !is_weekend && day.ordinal() != 1
        })
}

/// Easter Sunday (the anonymous Gregorian computus).
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let d = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let e = (32 + 2 * (b % 4) + 2 * (c / 4) - d - c % 4) % 7;
    let f = d + e - 7 * ((a + 11 * d + 22 * e) / 451) + 114;
    let (month, day) = (u32::try_from(f / 31).ok()?, u32::try_from(f % 31).ok()? + 1);
    NaiveDate::from_ymd_opt(year, month, day)
}
