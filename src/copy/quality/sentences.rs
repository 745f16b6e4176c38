//! Rules about whole sentences: pressure, guilt, flattery and chatter in plain words.
//!
//! Purpose: what a single phrase does not give away; `places` and `left` are innocent words until
//! somebody has places left for the reader. The rules are in `sentences.toml`.
//! Invariant: a sentence breaks a rule only if it holds all of its patterns and none of its
//! exceptions; each rule is reported once a message.
//! This module does not know what a rule is about.

use std::sync::LazyLock;

use serde::Deserialize;

use super::reading::{Case, Reading};
use super::sieve::Sieve;
use super::{Issue, Severity, issue};
use crate::copy::text::words;

/// A rule as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    severity: Severity,
    hint: String,
    holds: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    steps: Steps,
    #[serde(default = "yes")]
    edge: bool,
}

fn yes() -> bool {
    true
}

/// In which messages a rule stands.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Steps {
    #[default]
    Any,
    First,
    Later,
    NotLast,
}

/// The file: what is judged in letters only (farewells among it), what also below the signature,
/// and what only there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: Vec<Entry>,
    chatter: Vec<Entry>,
    below: Vec<Entry>,
    farewell: Vec<Entry>,
}

struct Rule {
    code: &'static str,
    entry: Entry,
    /// Where its patterns stand in the sieve: those to hold from the first on, then the others.
    first: usize,
}

/// Rules with all their patterns in one sieve: a sentence is read once.
struct Rules {
    sieve: Sieve,
    rules: Vec<Rule>,
}

static RULES: LazyLock<[Rules; 3]> = LazyLock::new(load);

#[expect(
    clippy::expect_used,
    reason = "the file is embedded and a test reads it"
)]
fn load() -> [Rules; 3] {
    let file: File =
        toml::from_str(include_str!("sentences.toml")).expect("sentences.toml is TOML");
    let rules = file.rules.into_iter().chain(file.farewell).collect();
    [rules, file.chatter, file.below].map(compile)
}

fn compile(entries: Vec<Entry>) -> Rules {
    let mut patterns = Vec::new();
    let mut rules = Vec::new();
    for entry in entries {
        let first = patterns.len();
        let all = entry.holds.iter().chain(&entry.unless);
        patterns.extend(all.map(|text| (text.clone(), entry.edge)));
        // Codes are constants in all but type: they live as long as the program.
        let code = entry.code.clone().leak();
        rules.push(Rule { code, entry, first });
    }
    Rules {
        sieve: Sieve::new(patterns),
        rules,
    }
}

/// The rules about what is said to the reader.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let [rules, ..] = &*RULES;
    for sentence in sentences(&reading.folded) {
        rules.apply(case, reading, sentence, issues);
    }
}

/// The rules about what is said of the text itself, above and below the signature.
pub(super) fn chatter(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let [_, anywhere, below] = &*RULES;
    for sentence in sentences(&reading.folded) {
        anywhere.apply(case, reading, sentence, issues);
    }
    // The line of the signature itself is no sentence.
    for sentence in sentences(&reading.tail).filter(|text| words(text).nth(3).is_some()) {
        anywhere.apply(case, reading, sentence, issues);
        below.apply(case, reading, sentence, issues);
    }
}

impl Rules {
    fn apply(
        &self,
        case: &Case<'_>,
        reading: &Reading<'_>,
        sentence: &str,
        issues: &mut Vec<Issue>,
    ) {
        let found = self.sieve.sift(sentence);
        for rule in &self.rules {
            let n_holds = rule.entry.holds.len();
            let n_all = n_holds + rule.entry.unless.len();
            let mut held = rule.first..rule.first + n_holds;
            if !held.clone().all(|at| found.may_have(at)) || !rule.stands(case, reading) {
                continue;
            }
            let breaks = held.all(|at| found.has(at, sentence))
                && !(rule.first + n_holds..rule.first + n_all).any(|at| found.has(at, sentence));
            let known = |known: &Issue| {
                let severity = rule.entry.severity;
                known.code == rule.code && known.step == reading.step && known.severity >= severity
            };
            if breaks && !issues.iter().any(known) {
                let severity = rule.entry.severity;
                let hint = &rule.entry.hint;
                issues.push(issue(rule.code, severity, reading.step, sentence, hint));
            }
        }
    }
}

impl Rule {
    fn stands(&self, case: &Case<'_>, reading: &Reading<'_>) -> bool {
        match self.entry.steps {
            Steps::Any => true,
            Steps::First => case.is_first(reading.step),
            Steps::Later => !case.is_first(reading.step),
            // A step nobody asked for has no place in the order.
            Steps::NotLast => !case.is_last(reading.step) && case.steps.contains(&reading.step),
        }
    }
}

/// The sentences of a text with their closing marks; a line end closes one too. A full stop inside
/// a word, a number or `5 p.m.,` does not.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let mut rest = line;
        std::iter::from_fn(move || {
            let mut marks = rest.match_indices(['.', '!', '?', ';']);
            let end = marks.find_map(|(at, mark)| {
                let end = at + mark.len();
                let after = rest.get(end..).unwrap_or_default();
                (after.is_empty() || after.starts_with(char::is_whitespace)).then_some(end)
            });
            let (sentence, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
            rest = after;
            (!sentence.is_empty()).then_some(sentence.trim())
        })
    })
}
