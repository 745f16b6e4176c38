//! The rules that look for words, read from `phrases.toml`.
//!
//! Purpose: one place that compiles them and one way to apply them in context.
//! Invariant: a match that is denied, described or the lead's own is none (see the file's header).
//! This module does not know what a rule is about.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use super::reading::{Case, Reading};
use super::{Issue, Severity, issue};
use crate::copy::text::words;

/// A rule as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    severity: Severity,
    hint: String,
    patterns: Vec<String>,
    #[serde(default)]
    raw: bool,
    #[serde(default = "yes")]
    edge: bool,
    #[serde(default)]
    english: bool,
    #[serde(default)]
    imperative: bool,
    #[serde(default)]
    negatable: bool,
    #[serde(default)]
    quotable: bool,
}

fn yes() -> bool {
    true
}

struct Rule {
    code: &'static str,
    entry: Entry,
    regex: Regex,
}

static RULES: LazyLock<BTreeMap<String, Vec<Rule>>> = LazyLock::new(load);

#[expect(
    clippy::expect_used,
    reason = "the file is embedded and a test reads it"
)]
fn load() -> BTreeMap<String, Vec<Rule>> {
    let text = include_str!("phrases.toml");
    let file: BTreeMap<String, Vec<Entry>> = toml::from_str(text).expect("phrases.toml is TOML");
    let compile = |entry: Entry| {
        let regex = pattern(&entry.patterns.join("|"), entry.edge);
        // Codes are constants in all but type: they live as long as the program.
        Rule {
            code: entry.code.clone().leak(),
            regex,
            entry,
        }
    };
    let compiled =
        |(family, list): (String, Vec<Entry>)| (family, list.into_iter().map(compile).collect());
    file.into_iter().map(compiled).collect()
}

/// Compiles a constant pattern, between ASCII word boundaries if asked: the Unicode ones would
/// leave the fast path of the engine at the first dash.
#[expect(
    clippy::expect_used,
    reason = "patterns are constants; a test compiles each of them"
)]
pub(super) fn pattern(text: &str, edge: bool) -> Regex {
    let text = if edge {
        format!(r"(?-u:\b)(?:{text})(?:(?-u:\b)|\s|$)")
    } else {
        text.to_string()
    };
    Regex::new(&text).expect("a constant pattern compiles")
}

/// Applies a family of rules to a message; each rule is reported once, a minor one up to three
/// times.
pub(super) fn apply(family: &str, case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    for rule in RULES.get(family).into_iter().flatten() {
        if rule.entry.english && !reading.is_english {
            continue;
        }
        let limit = if rule.entry.severity == Severity::Minor {
            3
        } else {
            1
        };
        for words in rule.find(case, reading).into_iter().take(limit) {
            let severity = rule.entry.severity;
            issues.push(issue(
                rule.code,
                severity,
                reading.step,
                &words,
                &rule.entry.hint,
            ));
        }
    }
}

/// Whether no rule of a family finds anything in a phrase, whatever its context.
pub(super) fn is_clean(family: &str, phrase: &str, folded: &str) -> bool {
    let mut rules = RULES.get(family).into_iter().flatten();
    !rules.any(|rule| {
        rule.regex
            .is_match(if rule.entry.raw { phrase } else { folded })
    })
}

impl Rule {
    fn find(&self, case: &Case<'_>, reading: &Reading<'_>) -> Vec<String> {
        if self.entry.raw {
            let greeting = reading.greeting.as_deref().unwrap_or_default();
            let texts = [
                reading.masked.as_str(),
                greeting,
                reading.signature.as_str(),
            ];
            let found = texts.into_iter().find_map(|text| self.regex.find(text));
            return found
                .map(|found| found.as_str().to_string())
                .into_iter()
                .collect();
        }
        let text = reading.folded.as_str();
        let counts = |found: &regex::Match<'_>| {
            let before = text.get(..found.start()).unwrap_or_default();
            let exempt = (self.entry.imperative && is_described(before))
                || (self.entry.negatable && is_denied(before))
                || (self.entry.quotable && case.says_itself(text, found.start(), found.end()));
            !exempt
        };
        let found = self.regex.find_iter(text).filter(counts);
        found
            .map(|found| found.as_str().trim().to_string())
            .collect()
    }
}

/// The words before a place, back to the start of its sentence.
fn words_before(before: &str) -> Vec<&str> {
    let sentence = before
        .rsplit(['.', '!', '?', ';', '\n'])
        .next()
        .unwrap_or_default();
    words(sentence).collect()
}

/// Whether a verb that follows tells of somebody rather than orders: "teams that act fast".
fn is_described(before: &str) -> bool {
    const DESCRIBES: [&str; 22] = [
        "who",
        "that",
        "which",
        "they",
        "we",
        "teams",
        "companies",
        "people",
        "customers",
        "can",
        "could",
        "cannot",
        "able",
        "to",
        "shoppers",
        "buyers",
        "visitors",
        "clients",
        "guests",
        "patients",
        "a",
        "the",
    ];
    let words = words_before(before);
    let last = words.last().copied().unwrap_or_default();
    let urged = words.iter().rev().take(3).any(|word| {
        matches!(
            *word,
            "need" | "have" | "must" | "should" | "time" | "please" | "want" | "you"
        )
    });
    // A capital plural in front is a subject; a sentence that begins with the verb is an order.
    (DESCRIBES.contains(&last) || last.ends_with("ers")) && !urged
}

/// Whether the words just before deny what follows: "no silver bullet", "rather than buzzwords".
fn is_denied(before: &str) -> bool {
    const DENIES: [&str; 13] = [
        "no", "not", "never", "without", "nothing", "isn't", "aren't", "don't", "hardly", "rather",
        "instead", "beyond", "nor",
    ];
    words_before(before)
        .iter()
        .rev()
        .take(4)
        .any(|word| DENIES.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_every_pattern_compiles() {
        let families: Vec<&str> = RULES.keys().map(String::as_str).collect();
        assert_eq!(
            families,
            ["first", "leftovers", "not_last", "safety", "tone", "truth"]
        );
    }

    #[test]
    fn orders_are_told_from_descriptions() {
        assert!(is_described("the teams that "));
        assert!(is_described("how carriers "));
        assert!(!is_described("you need to "));
        assert!(!is_described("so please "));
        assert!(!is_described(""));
    }

    #[test]
    fn denial_reaches_no_further_than_its_sentence() {
        assert!(is_denied("this is no "));
        assert!(is_denied("a plan rather than a "));
        assert!(!is_denied("we do not. this is a "));
    }
}
