//! Progression: each message says something new, and in its place.
//!
//! Purpose: no repetition and no contradiction between the messages of a campaign, and farewells
//! only at the end.
//! Invariant: greeting, signature and the lead's names do not count as repetition.
//! This module does not compare campaigns with each other.

use std::sync::LazyLock;

use regex::Regex;

use super::argument::{self, Argument};
use super::reading::{Case, Reading};
use super::screen::SCREEN;
use super::{Issue, Severity, issue, phrases, quantity};
use crate::copy::text::{fold, word_count};

/// The part of its five-word runs that a message may share with another one: none notice this much.
const SHARED_MAX: f64 = 0.15;

/// From here on a reader sees the same mail again.
const REPEATED: f64 = 0.35;

/// Above this likeness of letters two texts are one text with words exchanged.
const ALIKE: f64 = 0.93;

/// The rules of this family.
pub(super) fn campaign(case: &Case<'_>, readings: &[Reading<'_>], issues: &mut Vec<Issue>) {
    let known = argument::known(case);
    let arguments = readings.iter().map(|reading| Argument::of(&known, reading));
    let arguments: Vec<Argument<'_>> = arguments.collect();
    for (number, (later, argument)) in readings.iter().zip(&arguments).enumerate() {
        for (earlier, told) in readings.iter().zip(&arguments).take(number) {
            if earlier.step != later.step {
                compare(earlier, later, issues);
                retold((earlier, told), (later, argument), issues);
            }
        }
        counted(case, later, issues);
        if !case.is_last(later.step) {
            phrases::apply("not_last", case, later, issues);
        }
        if !case.is_first(later.step) {
            phrases::apply("later", case, later, issues);
        }
    }
}

fn compare(earlier: &Reading<'_>, later: &Reading<'_>, issues: &mut Vec<Issue>) {
    let step = later.step;
    let other = earlier.step;
    if fold(earlier.subject.trim()) == fold(later.subject.trim()) {
        let hint = format!("give it a subject of its own; `{other}` has the same");
        issues.push(issue(
            "same_subject",
            Severity::Major,
            step,
            later.subject,
            &hint,
        ));
    }
    let (one, two) = (earlier.plain.as_str(), later.plain.as_str());
    let shared = earlier.grams.overlap(&later.grams);
    // Comparing letters is slow, and only texts of the same words can be alike in their letters.
    let alike = || shared_words(earlier, later) > 0.6 && strsim::sorensen_dice(one, two) > ALIKE;
    let hint = format!("say something new instead of repeating `{other}`");
    let words = shared_sentence(earlier, later).unwrap_or_default();
    if shared > REPEATED || (word_count(one) > 15 && alike()) {
        issues.push(issue("repetition", Severity::Blocker, step, words, &hint));
    } else if !words.is_empty() || shared > 2.0 * SHARED_MAX {
        issues.push(issue("repetition", Severity::Major, step, words, &hint));
    } else if shared > SHARED_MAX {
        issues.push(issue("repetition", Severity::Minor, step, "", &hint));
    }
}

/// A message that counts its own series wrongly: `my four notes` where there are three, `this
/// second note` in the third.
fn counted(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let n_steps = case.steps.len();
    let at = case.steps.iter().position(|step| *step == reading.step);
    let is_wrong = |found: regex::Captures<'_>| {
        let place = |name| place_of(found.name(name)?.as_str());
        let too_many = place("count").is_some_and(|count| count > n_steps);
        let elsewhere = place("this").is_some_and(|place| at.is_some_and(|at| at + 1 != place));
        (too_many || elsewhere).then(|| found.get(0).map_or("", |words| words.as_str()).to_string())
    };
    let text = reading.folded.as_str();
    if !reading.sifted.has(SCREEN.series, text) {
        return;
    }
    if let Some(words) = SERIES.captures_iter(text).find_map(is_wrong) {
        let hint = format!("count the messages: there are {n_steps}");
        let (code, severity) = ("out_of_step", Severity::Major);
        issues.push(issue(code, severity, reading.step, &words, &hint));
    }
}

/// Where a message says how many there are, or which one it is.
static SERIES: LazyLock<Regex> = LazyLock::new(|| phrases::pattern(&series(), true));

/// The same for the sieve: most messages do neither.
pub(super) fn patterns() -> Vec<(String, bool)> {
    vec![(series(), true)]
}

fn series() -> String {
    let number = "two|three|four|five|six|seven|eight|nine|ten|[2-9]|10|second|third|fourth|fifth|\
                  sixth|2nd|3rd|4th|5th|first|1st";
    let mails = "e-?mails?|mails?|notes?|messages?|letters?|lines to you";
    let ours = "my|these|our|those|of|send|sent(?: you)?|written(?: you)?|this is the";
    let this = "this|this is my|this is our|this being my|with this";
    let last = "(?: and (?:last|final))?";
    let patterns = [
        format!("(?:{ours}) (?P<count>{number})(?: [a-z]+)?{last} (?:{mails})"),
        format!("(?:{this}) (?P<this>{number}){last} (?:{mails})"),
    ];
    patterns.join("|")
}

/// The number a cardinal or an ordinal means.
fn place_of(word: &str) -> Option<usize> {
    const ORDINALS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ordinal = ORDINALS.iter().position(|known| *known == word);
    ordinal
        .map(|at| at + 1)
        .or_else(|| digits.parse().ok())
        .or_else(|| quantity::value_of(word))
}

/// An argument in other words, where the words themselves have not shown it already.
fn retold(
    (earlier, told): (&Reading<'_>, &Argument<'_>),
    (later, argument): (&Reading<'_>, &Argument<'_>),
    issues: &mut Vec<Issue>,
) {
    let is_known = |known: &Issue| known.code == "repetition" && known.step == later.step;
    if issues.iter().any(is_known) {
        return;
    }
    if let Some(words) = argument.retells(told) {
        let hint = format!("say something new: this retells `{}`", earlier.step);
        let (code, severity) = ("repetition", Severity::Major);
        issues.push(issue(code, severity, later.step, words, &hint));
    }
}

/// Which part of the different words of one text the other one has too.
fn shared_words(one: &Reading<'_>, two: &Reading<'_>) -> f64 {
    let shared = one.vocabulary.shared(&two.vocabulary);
    shared as f64 / one.vocabulary.len().max(1) as f64
}

/// A long sentence that stands in both texts.
fn shared_sentence<'a>(one: &Reading<'_>, two: &'a Reading<'_>) -> Option<&'a str> {
    let mut sentences = two.sentences.iter();
    let shared = sentences.find(|sentence| one.sentences.contains(sentence))?;
    Some(shared)
}
