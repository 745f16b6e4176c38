//! Contradiction: one number of one thing.
//!
//! Purpose: a message that counts what the lead's data counts otherwise (`four weeks` for `every
//! six weeks`), and two messages that count the same thing differently.
//! Invariant: only a number directly before its noun is compared, and only nouns the lead's data
//! counts; rhetoric (`two questions`, `three habits`) is free.
//! This module does not ask where a number comes from; see [`super::truth`].

use super::reading::{Case, Reading};
use super::{Issue, Severity, issue, numerals};
use crate::copy::text::words;

/// A noun with its number, `(47, minute)` of `47 minutes`, and the words as they stand.
pub(super) type Counted = (u64, String, String);

/// Nouns that count talk, not facts.
const FREE: [&str; 12] = [
    "time", "thing", "question", "reason", "way", "point", "line", "word", "note", "thought",
    "page", "sentence",
];

/// A number that is not the lead's number of the same thing.
pub(super) fn of_lead(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let known = &case.counted;
    if known.is_empty() || reading.counted.is_empty() {
        return;
    }
    let talk = [
        "call",
        "chat",
        "talk",
        "conversation",
        "coffee",
        "look",
        "demo",
        "your time",
    ];
    for sentence in reading.folded.split(['.', '?', '!', ';', '\n']) {
        let counted = counted(&numerals::with_digits(sentence));
        // Minutes of a talk are no fact about the company.
        if counted.is_empty() || talk.iter().any(|word| sentence.contains(word)) {
            continue;
        }
        for (number, noun, written) in counted {
            let near = |(other, of, _): &&Counted| *of == noun && are_near(*other, number);
            let mut same = known.iter().filter(near).peekable();
            let is_counted = same.peek().is_some();
            let is_figure = written.starts_with(|c: char| c.is_ascii_digit());
            if is_counted && !is_figure && !same.any(|(other, ..)| *other == number) {
                let hint = "the lead's own data has another number: use that one";
                let code = "invented_number";
                issues.push(issue(code, Severity::Major, reading.step, &written, hint));
            }
        }
    }
}

/// Two messages that count one thing differently.
pub(super) fn between(
    case: &Case<'_>,
    earlier: &Reading<'_>,
    later: &Reading<'_>,
    issues: &mut Vec<Issue>,
) {
    let both = later.counted.iter().find(|(number, noun, _)| {
        let near = |(other, of, _): &&Counted| of == noun && are_near(*other, *number);
        let mut same = earlier.counted.iter().filter(near).peekable();
        let agrees = |(other, ..): &Counted| other == number;
        same.peek().is_some() && !same.any(agrees) && is_fact(case, noun)
    });
    if let Some((_, _, written)) = both {
        let hint = format!("`{}` has another number of the same thing", earlier.step);
        let code = "contradiction";
        issues.push(issue(code, Severity::Major, later.step, written, &hint));
    }
}

/// Whether two numbers can be taken for each other; `ten practices` says nothing about 140.
fn are_near(one: u64, other: u64) -> bool {
    one.max(other) <= one.min(other).saturating_mul(5) / 2
}

/// Whether a noun is one the lead's data speaks of.
fn is_fact(case: &Case<'_>, noun: &str) -> bool {
    words(&case.lead_data).any(|word| stem(word) == noun)
}

/// Numbers of two and more with the noun behind them, in a folded text with worded figures as
/// digits; `five-axis machines` counts no machines.
pub(super) fn counted(digits: &str) -> Vec<Counted> {
    let mut found = Vec::new();
    for (number, noun) in words(digits).zip(words(digits).skip(1)) {
        let is_noun = noun.len() >= 4
            && noun.ends_with('s')
            && noun.chars().all(char::is_alphabetic)
            && !FREE.contains(&stem(noun).as_str());
        if !is_noun {
            continue;
        }
        let plain = number.replace(',', "");
        let value = plain.parse().ok().or_else(|| numerals::value(number));
        if let Some(value) = value.filter(|value| *value >= 2) {
            found.push((value, stem(noun), format!("{number} {noun}")));
        }
    }
    found
}

/// A noun without its plural.
fn stem(noun: &str) -> String {
    let bare = noun.strip_suffix("ies").map(|start| format!("{start}y"));
    bare.unwrap_or_else(|| noun.strip_suffix('s').unwrap_or(noun).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = counted(&numerals::with_digits(text));
        let found: Vec<String> = found.into_iter().map(|(.., words)| words).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn only_a_number_before_its_noun_counts() {
        check(
            "every six weeks, 47 minutes and forty-seven clinics",
            &["six weeks", "47 minutes", "47 clinics"],
        );
        check("14 five-axis machines; one of them; two questions", &[]);
        check("in 2026 teams grew", &["2026 teams"]);
        assert_eq!(counted("nine factories")[0].1, "factory");
    }
}
