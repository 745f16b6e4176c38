//! Rules about whole sentences: pressure, guilt, flattery and chatter in plain words.
//!
//! Purpose: what a single phrase does not give away; `places` and `left` are innocent words until
//! somebody has places left for the reader. The rules are in `sentences.toml`.
//! Invariant: a sentence breaks a rule only if it holds all of its patterns and none of its
//! exceptions; each rule is reported once a message.
//! This module does not know what a rule is about.

use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;

use super::reading::{Case, Reading};
use super::screen::SCREEN;
use super::sieve::{Found, Sifted};
use super::{Issue, Severity, issue, news};
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
    Last,
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
    /// Where its patterns stand among those of all rules: those to hold from the first on, then the
    /// others.
    first: usize,
}

/// The rules of the lists: what is judged in letters, also below the signature, and only there.
static RULES: LazyLock<[Vec<Rule>; 3]> = LazyLock::new(load);

#[expect(
    clippy::expect_used,
    reason = "the file is embedded and a test reads it"
)]
fn load() -> [Vec<Rule>; 3] {
    let file: File =
        toml::from_str(include_str!("sentences.toml")).expect("sentences.toml is TOML");
    let rules = file.rules.into_iter().chain(file.farewell).collect();
    let mut n_patterns = 0;
    let mut rule = |entry: Entry| {
        let first = n_patterns;
        n_patterns += entry.holds.len() + entry.unless.len();
        // Codes are constants in all but type: they live as long as the program.
        let code = entry.code.clone().leak();
        Rule { code, entry, first }
    };
    [rules, file.chatter, file.below].map(|list: Vec<Entry>| {
        let list = list.into_iter();
        list.map(&mut rule).collect()
    })
}

/// The patterns of all rules, each with whether it has to stand between word boundaries.
pub(super) fn patterns() -> Vec<(String, bool)> {
    let entries = RULES.iter().flatten().map(|rule| &rule.entry);
    let patterns = entries.flat_map(|entry| {
        let all = entry.holds.iter().chain(&entry.unless);
        all.map(|text| (text.clone(), entry.edge))
    });
    patterns.collect()
}

/// The rules about what is said to the reader.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let [rules, ..] = &*RULES;
    let rules = possible(rules, case, reading, &reading.sifted);
    for (sentence, found) in sifted(&reading.folded, &reading.found, &[&rules]) {
        apply(&rules, case, reading, sentence, &found, issues);
    }
}

/// The rules about what is said of the text itself, above and below the signature.
pub(super) fn chatter(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let [_, anywhere, below] = &*RULES;
    let rules = possible(anywhere, case, reading, &reading.sifted);
    for (sentence, found) in sifted(&reading.folded, &reading.found, &[&rules]) {
        apply(&rules, case, reading, sentence, &found, issues);
    }
    let rules = [anywhere, below].map(|all| possible(all, case, reading, &reading.sifted_tail));
    let [anywhere, below] = &rules;
    let all = sifted(&reading.tail, &reading.found_tail, &[anywhere, below]);
    // The line of the signature itself is no sentence.
    for (sentence, found) in all.filter(|(text, _)| words(text).nth(3).is_some()) {
        apply(anywhere, case, reading, sentence, &found, issues);
        apply(below, case, reading, sentence, &found, issues);
    }
}

/// The rules that may be broken by a sentence of a text: most texts hold too little for any.
fn possible<'a>(
    rules: &'a [Rule],
    case: &Case<'_>,
    reading: &Reading<'_>,
    text: &Sifted<'_>,
) -> Vec<&'a Rule> {
    let rules = rules.iter();
    let all = rules.filter(|rule| rule.may_be_held(text) && rule.stands(case, reading));
    all.collect()
}

/// The sentences of a text with what stands in each; none if no rule is left to ask.
fn sifted<'a>(
    text: &'a str,
    found: &'a Found<'static>,
    rules: &[&Vec<&Rule>],
) -> impl Iterator<Item = (&'a str, Sifted<'static>)> + use<'a> {
    let asked = rules.iter().any(|rules| !rules.is_empty());
    let all = asked.then(|| spans(text)).into_iter().flatten();
    all.filter_map(|span| Some((text.get(span.clone())?, found.within(span))))
}

/// Applies rules to a sentence.
fn apply(
    rules: &[&Rule],
    case: &Case<'_>,
    reading: &Reading<'_>,
    sentence: &str,
    found: &Sifted<'_>,
    issues: &mut Vec<Issue>,
) {
    for rule in rules.iter().filter(|rule| rule.may_be_held(found)) {
        let has = |at: usize| found.has(at, sentence);
        let breaks = rule.held().all(has) && !rule.unless().any(has);
        let known = |known: &Issue| {
            let severity = rule.entry.severity;
            known.code == rule.code && known.step == reading.step && known.severity >= severity
        };
        // What the brand may claim of its work is no invention.
        let may_be_said = || rule.code == "invented_claim" && news::is_claimed(case, sentence);
        if breaks && !issues.iter().any(known) && !may_be_said() {
            let severity = rule.entry.severity;
            let hint = &rule.entry.hint;
            issues.push(issue(rule.code, severity, reading.step, sentence, hint));
        }
    }
}

impl Rule {
    /// Where the patterns that must be held stand on the screen.
    fn held(&self) -> Range<usize> {
        let first = SCREEN.sentences + self.first;
        first..first + self.entry.holds.len()
    }

    /// Where those of its exceptions stand.
    fn unless(&self) -> Range<usize> {
        let first = self.held().end;
        first..first + self.entry.unless.len()
    }

    /// Whether a text could hold all that the rule asks for.
    fn may_be_held(&self, text: &Sifted<'_>) -> bool {
        self.held().all(|at| text.may_have(at))
    }

    fn stands(&self, case: &Case<'_>, reading: &Reading<'_>) -> bool {
        match self.entry.steps {
            Steps::Any => true,
            Steps::First => case.is_first(reading.step),
            Steps::Later => !case.is_first(reading.step),
            Steps::Last => case.is_last(reading.step),
            // A step nobody asked for has no place in the order.
            Steps::NotLast => !case.is_last(reading.step) && case.steps.contains(&reading.step),
        }
    }
}

/// The sentences of a text with their closing marks; a line end closes one too. A full stop inside
/// a word, a number or `5 p.m.,` does not.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    spans(text).filter_map(|span| text.get(span))
}

/// Where the sentences of a text stand.
fn spans(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').flat_map(move |line| {
        let first = start;
        start += line.len();
        let line = line.lines().next().unwrap_or_default();
        let mut at = 0;
        std::iter::from_fn(move || {
            let rest = line.get(at..)?;
            let mut marks = rest.match_indices(['.', '!', '?', ';']);
            let end = marks.find_map(|(at, mark)| {
                let end = at + mark.len();
                let after = rest.get(end..).unwrap_or_default();
                (after.is_empty() || after.starts_with(char::is_whitespace)).then_some(end)
            });
            let sentence = rest.get(..end.unwrap_or(rest.len()))?;
            let from = first + at + sentence.len() - sentence.trim_start().len();
            at += sentence.len();
            (!sentence.is_empty()).then(|| from..from + sentence.trim().len())
        })
    })
}
