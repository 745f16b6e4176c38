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
use super::sieve::{Sieve, Sifted};
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
    /// From so many different ones on, small flaws are a large one; a large one needs as many.
    pile: Option<usize>,
}

fn yes() -> bool {
    true
}

struct Rule {
    code: &'static str,
    entry: Entry,
    regex: Regex,
}

/// The rules of one file of code. A text breaks few of them: a sieve finds that out in one pass.
struct Family {
    raw: Vec<Rule>,
    raw_sieve: Sieve,
    folded: Vec<Rule>,
    /// Where the patterns of the folded rules begin in the sieve of all families.
    first: usize,
}

/// The file. The folded rules of all families have one sieve, since all read the same text.
struct Lists {
    families: BTreeMap<String, Family>,
    folded: Sieve,
}

static LISTS: LazyLock<Lists> = LazyLock::new(load);

#[expect(
    clippy::expect_used,
    reason = "the file is embedded and a test reads it"
)]
fn load() -> Lists {
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
    let mut n_folded = 0;
    let mut family = |list: Vec<Entry>| {
        let rules = list.into_iter().map(compile);
        let (raw, folded): (Vec<Rule>, Vec<Rule>) = rules.partition(|rule| rule.entry.raw);
        let first = n_folded;
        n_folded += folded.len();
        Family {
            raw_sieve: sieve(&raw),
            raw,
            folded,
            first,
        }
    };
    let families = file.into_iter().map(|(name, list)| (name, family(list)));
    let families: BTreeMap<String, Family> = families.collect();
    let folded = sieve(families.values().flat_map(|family| &family.folded));
    Lists { families, folded }
}

/// What of the folded rules of all families stands in a text.
pub(super) fn sift(folded: &str) -> Sifted<'static> {
    LISTS.folded.sift(folded)
}

fn sieve<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Sieve {
    let entries = rules.into_iter().map(|rule| &rule.entry);
    Sieve::new(entries.map(|entry| (entry.patterns.join("|"), entry.edge)))
}

/// Compiles a constant pattern, between ASCII word boundaries if asked: the Unicode ones would
/// leave the fast path of the engine at the first dash.
#[expect(
    clippy::expect_used,
    reason = "patterns are constants; a test compiles each of them"
)]
pub(super) fn pattern(text: &str, edge: bool) -> Regex {
    Regex::new(&bounded(text, edge)).expect("a constant pattern compiles")
}

/// A pattern between ASCII word boundaries, if it is to have an edge.
pub(super) fn bounded(text: &str, edge: bool) -> String {
    if edge {
        format!(r"(?-u:\b)(?:{text})(?:(?-u:\b)|\s|$)")
    } else {
        text.to_string()
    }
}

/// Applies a family of rules to a message; each rule is reported once, a minor one up to three
/// times.
pub(super) fn apply(family: &str, case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let Some(family) = LISTS.families.get(family) else {
        return;
    };
    for text in reading.texts() {
        for rule in hits(&family.raw, 0, &family.raw_sieve.sift(text), text) {
            let words = rule.regex.find(text).map_or("", |found| found.as_str());
            rule.report(reading, words, issues);
        }
    }
    for rule in hits(
        &family.folded,
        family.first,
        &reading.sifted,
        &reading.folded,
    ) {
        if rule.entry.english && !reading.is_english {
            continue;
        }
        let limit = match (rule.entry.severity, rule.entry.pile) {
            (Severity::Minor, _) => 3,
            (_, None) => 1,
            (_, Some(_)) => 0,
        };
        let found = rule.find(case, reading);
        for words in found.iter().take(limit) {
            rule.report(reading, words, issues);
        }
        rule.pile_up(found, reading, issues);
    }
}

/// Applies the folded rules of a family to what stands below the signature.
pub(super) fn apply_below(family: &str, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let Some(family) = LISTS.families.get(family) else {
        return;
    };
    let sifted = sift(&reading.tail);
    for rule in hits(&family.folded, family.first, &sifted, &reading.tail) {
        let known = |known: &Issue| known.code == rule.code && known.step == reading.step;
        if issues.iter().any(known) {
            continue;
        }
        let words = rule.regex.find(&reading.tail);
        rule.report(reading, words.map_or("", |found| found.as_str()), issues);
    }
}

/// The rules that match a text somewhere.
fn hits<'a>(
    rules: &'a [Rule],
    first: usize,
    sifted: &Sifted<'_>,
    text: &str,
) -> impl Iterator<Item = &'a Rule> {
    let numbered = (first..).zip(rules);
    let all = numbered.filter(|(at, _)| sifted.has(*at, text));
    all.map(|(_, rule)| rule)
}

/// Whether no rule of a family finds anything in a phrase, whatever its context.
pub(super) fn is_clean(family: &str, phrase: &str, folded: &str) -> bool {
    LISTS.families.get(family).is_none_or(|family| {
        let sifted = sift(folded);
        let mut hits = hits(&family.folded, family.first, &sifted, folded);
        // One word of a heap is a word like any other.
        let is_refused =
            |rule: &Rule| rule.entry.pile.is_none() || rule.entry.severity == Severity::Minor;
        !family.raw_sieve.sift(phrase).has_any(phrase) && !hits.any(is_refused)
    })
}

impl Rule {
    fn report(&self, reading: &Reading<'_>, words: &str, issues: &mut Vec<Issue>) {
        let known =
            |known: &Issue| known.code == self.code && known.step == reading.step && self.entry.raw;
        if !issues.iter().any(known) {
            let severity = self.entry.severity;
            issues.push(issue(
                self.code,
                severity,
                reading.step,
                words,
                &self.entry.hint,
            ));
        }
    }

    /// One of them is a matter of taste, a heap of them is none.
    fn pile_up(&self, mut found: Vec<&str>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
        found.sort_unstable();
        found.dedup();
        if self.entry.pile.is_some_and(|pile| found.len() >= pile) {
            let (code, hint) = (self.code, &self.entry.hint);
            let words = found.join(", ");
            issues.push(issue(code, Severity::Major, reading.step, &words, hint));
        }
    }

    /// The words in the folded text that count in their context.
    fn find<'a>(&self, case: &Case<'_>, reading: &'a Reading<'_>) -> Vec<&'a str> {
        let text = reading.folded.as_str();
        let counts = |found: &regex::Match<'_>| {
            // The mark of an earlier clause belongs to what is before.
            let bare = found.as_str().trim_start_matches(MARKS);
            let start = found.end() - bare.len();
            let before = text.get(..start).unwrap_or_default();
            let exempt = (self.entry.imperative && is_described(before))
                || (self.entry.negatable && is_denied(before))
                || (self.entry.quotable && case.says_itself(text, start, found.end()));
            !exempt
        };
        let found = self.regex.find_iter(text).filter(counts);
        found
            .map(|found| found.as_str().trim_matches(MARKS))
            .collect()
    }
}

/// What divides clauses: a pattern that begins or ends with one of these is reported without it.
const MARKS: [char; 8] = ['.', '!', '?', ';', ':', ',', ' ', '\n'];

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
    const DESCRIBES: [&str; 25] = [
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
        "one",
        "each",
        "every",
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
    let words = words_before(before);
    let mut near = words
        .iter()
        .rev()
        .take(4)
        .zip(words.iter().rev().skip(1).chain([&""]));
    // `if not, …` denies nothing of what follows.
    near.any(|(word, earlier)| DENIES.contains(word) && *earlier != "if")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_every_pattern_compiles() {
        let families: Vec<&str> = LISTS.families.keys().map(String::as_str).collect();
        assert_eq!(
            families,
            [
                "chatter",
                "first",
                "later",
                "leftovers",
                "not_last",
                "safety",
                "tone",
                "truth"
            ]
        );
        for family in LISTS.families.values() {
            for rule in family.raw.iter().chain(&family.folded) {
                assert!(super::super::CODES.contains(&rule.code), "{}", rule.code);
            }
        }
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
