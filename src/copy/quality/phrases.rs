//! The rules that look for words, read from `phrases.toml`.
//!
//! Purpose: one place that compiles them and one way to apply them in context.
//! Invariant: a match that is denied, described or the lead's own is none (see the file's header).
//! This module does not know what a rule is about.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use serde::Deserialize;

use super::reading::{Case, Reading};
use super::screen::{self, SCREEN};
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

/// A rule. Its expression is compiled when first broken: most never are.
struct Rule {
    code: &'static str,
    entry: Entry,
    regex: OnceLock<Regex>,
}

/// Some rules of one family that read the same text, and where their patterns begin among those of
/// all families.
struct Rules {
    rules: Vec<Rule>,
    first: usize,
}

/// The rules of one file of code.
struct Family {
    raw: Rules,
    folded: Rules,
}

/// The file. A text breaks few rules: one pass for those of all families finds that out, here for
/// a text as it is written and in [`super::screen`] for a folded one.
struct Lists {
    families: BTreeMap<String, Family>,
    raw: Sieve,
}

static LISTS: LazyLock<Lists> = LazyLock::new(load);

#[expect(
    clippy::expect_used,
    reason = "the file is embedded and a test reads it"
)]
fn load() -> Lists {
    let text = include_str!("phrases.toml");
    let file: BTreeMap<String, Vec<Entry>> = toml::from_str(text).expect("phrases.toml is TOML");
    let rule = |entry: Entry| Rule {
        // Codes are constants in all but type: they live as long as the program.
        code: entry.code.clone().leak(),
        regex: OnceLock::new(),
        entry,
    };
    let (mut n_raw, mut n_folded) = (0, 0);
    let mut family = |list: Vec<Entry>| {
        let rules = list.into_iter().map(rule);
        let (raw, folded): (Vec<Rule>, Vec<Rule>) = rules.partition(|rule| rule.entry.raw);
        Family {
            raw: Rules::counted(raw, &mut n_raw),
            folded: Rules::counted(folded, &mut n_folded),
        }
    };
    let families = file.into_iter().map(|(name, list)| (name, family(list)));
    let families: BTreeMap<String, Family> = families.collect();
    let raw = families.values().flat_map(|family| &family.raw.rules);
    Lists {
        raw: Sieve::new(raw.map(Rule::pattern)),
        families,
    }
}

/// The patterns of the folded rules, each with whether it has to stand between word boundaries.
pub(super) fn patterns() -> Vec<(String, bool)> {
    let families = LISTS.families.values();
    let rules = families.flat_map(|family| &family.folded.rules);
    rules.map(Rule::pattern).collect()
}

/// What of the rules about a text as it is written stands there.
pub(super) fn sift_raw(text: &str) -> Sifted<'static> {
    LISTS.raw.sift(text)
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
    for (text, sifted) in reading.texts().into_iter().zip(&reading.sifted_raw) {
        for rule in family.raw.hits(0, sifted, text) {
            rule.report(reading, rule.first_words(text), issues);
        }
    }
    let folded = &family.folded;
    for rule in folded.hits(SCREEN.phrases, &reading.sifted, &reading.folded) {
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
    let folded = &family.folded;
    for rule in folded.hits(SCREEN.phrases, &reading.sifted_tail, &reading.tail) {
        let known = |known: &Issue| known.code == rule.code && known.step == reading.step;
        if issues.iter().any(known) {
            continue;
        }
        rule.report(reading, rule.first_words(&reading.tail), issues);
    }
}

/// Whether no rule of some families finds anything in a phrase, whatever its context.
pub(super) fn is_clean(families: &[&str], phrase: &str, folded: &str) -> bool {
    let (raw, found) = (sift_raw(phrase), screen::search(folded));
    let sifted = found.within(0..folded.len());
    let mut families = families.iter().filter_map(|name| LISTS.families.get(*name));
    families.all(|family| {
        // One word of a heap is a word like any other.
        let is_refused =
            |rule: &Rule| rule.entry.pile.is_none() || rule.entry.severity == Severity::Minor;
        let mut hits = family.folded.hits(SCREEN.phrases, &sifted, folded);
        family.raw.hits(0, &raw, phrase).next().is_none() && !hits.any(is_refused)
    })
}

impl Rules {
    /// Takes rules of which so many of other families stand before.
    fn counted(rules: Vec<Rule>, n_before: &mut usize) -> Rules {
        let first = *n_before;
        *n_before += rules.len();
        Rules { rules, first }
    }

    /// The rules that match a text somewhere; those of all families begin at a place of the sieve.
    fn hits<'a>(
        &'a self,
        start: usize,
        sifted: &Sifted<'_>,
        text: &str,
    ) -> impl Iterator<Item = &'a Rule> {
        let numbered = (start + self.first..).zip(&self.rules);
        let all = numbered.filter(|(at, _)| sifted.has(*at, text));
        all.map(|(_, rule)| rule)
    }
}

impl Rule {
    /// What is looked for, and whether between word boundaries.
    fn pattern(&self) -> (String, bool) {
        (self.entry.patterns.join("|"), self.entry.edge)
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| {
            let (text, edge) = self.pattern();
            pattern(&text, edge)
        })
    }

    /// The first words of a text that break the rule.
    fn first_words<'a>(&self, text: &'a str) -> &'a str {
        self.regex().find(text).map_or("", |found| found.as_str())
    }

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
        let found = self.regex().find_iter(text).filter(counts);
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
            for rule in family.raw.rules.iter().chain(&family.folded.rules) {
                assert!(super::super::CODES.contains(&rule.code), "{}", rule.code);
                // It panics where a pattern is none.
                rule.regex();
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
