//! The day an absent person is back, read from the words of an absence notice.
//!
//! Purpose: one day, or none. Rules: only a day that words of return introduce or follow counts
//! (`until`, `back on`, `bis`, `wieder erreichbar`, the second day of a range …), so that telephone
//! numbers, the first day of the absence and a deputy's dates do not; a missing year and the order
//! of day and month follow the mail's own date and language; when two readings are possible the
//! later one is taken. A day before the mail was written is no return. This module does not know
//! the present.

mod mention;
mod wish;

use std::sync::LazyLock;

use chrono::{Days, NaiveDate};
use regex::Regex;

use crate::words::Words;
use crate::words::folding::pattern;
use mention::{Form, Mention, mentions};

pub(super) use wish::wanted_day;

/// How far before a day the words that introduce it may stand, in bytes.
const CONTEXT_MAX: usize = 70;

/// The day named in folded text, for a mail written on `written_on`.
pub(super) fn return_day(folded: &str, written_on: NaiveDate) -> Option<NaiveDate> {
    let mentions = mentions(folded, written_on);
    let (mut own, mut deputy): (Option<NaiveDate>, Option<NaiveDate>) = (None, None);
    let mut from = 0;
    for (index, mention) in mentions.iter().enumerate() {
        let before = context_before(folded, from, mention.start);
        let longer = context_before(folded, from.saturating_sub(16), mention.start);
        let next = mentions.get(index + 1).map(|next| next.start);
        let after = context_after(folded, mention.end, next);
        let found = day_of(mention, (before, longer), after).filter(|day| *day >= written_on);
        if is_about_deputy(folded, mention.start) {
            deputy = deputy.max(found);
        } else {
            own = own.max(found);
        }
        from = mention.end;
    }
    own.or(deputy)
}

/// The day of a mention if the words around it make it a return.
fn day_of(mention: &Mention, before: (&str, &str), after: &str) -> Option<NaiveDate> {
    let (role, english) = role_of(mention, before, after)?;
    let day = mention.day(english)?;
    let is_inclusive = role == Role::Through || is_inclusive_after(after);
    if is_inclusive {
        return day.checked_add_days(Days::new(1));
    }
    Some(day)
}

/// What the words before a day make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The absence ends then.
    Return,
    /// The day itself still belongs to the absence.
    Through,
    /// The absence begins then.
    Start,
}

fn role_of(mention: &Mention, (before, longer): (&str, &str), after: &str) -> Option<(Role, bool)> {
    let introduced = introduced(before);
    let is_adjacent = introduced.is_some_and(|(_, end, _)| is_filler(before.get(end..)));
    let is_range = mention.is_range_end || is_range_end(longer);
    let role = match introduced {
        Some((Role::Start, _, english)) if is_range => Some((Role::Return, english)),
        Some((Role::Start, _, english)) if is_returning(after) => Some((Role::Return, english)),
        Some((Role::Start, ..)) => None,
        Some((role, _, english)) => Some((role, english)),
        None if is_range => Some((Role::Return, is_english_range(longer))),
        None if is_returning(after) => Some((Role::Return, false)),
        None if is_through_after(after) => Some((Role::Through, false)),
        None => None,
    };
    // A bare month, day of the month or weekday is too often something else to stand apart.
    match mention.form {
        Form::Full => role,
        Form::Partial => role.filter(|_| is_adjacent || is_range || is_returning_at_once(after)),
        Form::Span => role.filter(|_| is_adjacent).or_else(|| {
            static FOR: LazyLock<Regex> = LazyLock::new(|| {
                pattern(r"\b(?:for|fur|pendant|durante|por|per|voor|die)(?: \w+){0,2} ?$")
            });
            FOR.is_match(before).then_some((Role::Return, false))
        }),
    }
}

/// The last words of beginning or end before a day: what they say, where they end, and whether they
/// are English.
fn introduced(before: &str) -> Option<(Role, usize, bool)> {
    static RETURN: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/dates_return.txt")));
    static THROUGH: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/dates_through.txt")));
    static START: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/dates_start.txt")));
    let last = |words: &Words, role: Role| {
        let found = words.find_all(before).last()?;
        Some((role, found.end, is_english(&found.text)))
    };
    let roles = [
        last(&START, Role::Start),
        last(&RETURN, Role::Return),
        last(&THROUGH, Role::Through),
    ];
    roles
        .into_iter()
        .flatten()
        .max_by_key(|(role, end, _)| (*end, *role == Role::Through))
}

/// Words that may stand between an anchor and a bare month or weekday.
fn is_filler(between: Option<&str>) -> bool {
    static FILLER: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/dates_filler.txt")));
    between.is_some_and(|between| FILLER.is_match(between))
}

/// "4 May - ", "du 4 au ", "from 3 to ": a day, or its number, and a word of range at the end.
fn is_range_end(before: &str) -> bool {
    static RANGE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/dates_range.txt")));
    RANGE.is_match(before)
}

fn is_english_range(before: &str) -> bool {
    [" to ", " until ", " through ", " and "]
        .iter()
        .any(|word| before.contains(word))
}

/// "… wieder erreichbar", "I will be back": words of return after the day.
fn is_returning(after: &str) -> bool {
    static BACK: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/dates_back.txt")));
    BACK.is_match(after)
}

fn is_returning_at_once(after: &str) -> bool {
    let after = after.trim_start_matches([' ', ',', '.']);
    [
        "wieder",
        "zuruck",
        "back",
        "weer",
        "de retour",
        "bin ich wieder",
        "i will be back",
        "i'll be back",
    ]
    .iter()
    .any(|word| after.starts_with(word))
}

/// "8月16日(日)まで": Japanese says after the day that it still belongs to the absence.
fn is_through_after(after: &str) -> bool {
    let weekday = after
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'));
    let rest = weekday.map_or(after, |(_, rest)| rest);
    rest.starts_with("まて")
}

/// "15 mai inclus", "15 May inclusive": the day itself still belongs to the absence.
fn is_inclusive_after(after: &str) -> bool {
    let after = after.trim_start_matches([' ', ',', '(', '.']);
    [
        "inclu",
        "einschl",
        "inkl",
        "compris",
        "inbegrepen",
        "compreso",
    ]
    .iter()
    .any(|word| after.starts_with(word))
}

/// Whether the sentence is about the person who stands in.
fn is_about_deputy(folded: &str, at: usize) -> bool {
    static DEPUTY: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/dates_deputy.txt")));
    let before = folded.get(..at).unwrap_or_default();
    let sentence = before.rsplit(['!', '?', ';']).next().unwrap_or_default();
    let sentence = sentence.rsplit_once(". ").map_or(sentence, |(head, tail)| {
        let is_abbreviation = head.ends_with(|c: char| c.is_ascii_digit()) || tail.len() < 6;
        if is_abbreviation { sentence } else { tail }
    });
    DEPUTY.is_match(sentence)
}

fn context_before(folded: &str, from: usize, to: usize) -> &str {
    // The end of the day before belongs to the context: it shows a range.
    let earliest = to.saturating_sub(CONTEXT_MAX).max(from.saturating_sub(2));
    let start = (earliest..=to).find(|&at| folded.is_char_boundary(at));
    let context = folded.get(start.unwrap_or(to)..to).unwrap_or_default();
    context
        .rsplit(['!', '?', ';', '|'])
        .next()
        .unwrap_or_default()
}

fn context_after(folded: &str, from: usize, next: Option<usize>) -> &str {
    let end = next.unwrap_or(folded.len()).min(from + CONTEXT_MAX);
    let end = (from..=end).rev().find(|&at| folded.is_char_boundary(at));
    let context = folded.get(from..end.unwrap_or(from)).unwrap_or_default();
    if next.is_some_and(|next| next < from + CONTEXT_MAX) {
        // What follows may as well introduce the next day.
        return context.split([',', '.', ';']).next().unwrap_or_default();
    }
    let sentence = context.split(['!', '?', ';']).next().unwrap_or_default();
    sentence
        .split_once(". ")
        .map_or(sentence, |(sentence, _)| sentence)
}

fn is_english(anchor: &str) -> bool {
    [
        "until",
        "till",
        "through",
        "thru",
        "back",
        "return",
        "end",
        "from",
        "between",
        "out",
        "away",
        "resum",
        "available",
    ]
    .iter()
    .any(|word| anchor.starts_with(word))
        && !anchor.starts_with("retorn")
}

#[cfg(test)]
mod tests;
