//! Progression: each message says something new, and in its place.
//!
//! Purpose: no repetition and no contradiction between the messages of a campaign, and farewells
//! only at the end.
//! Invariant: greeting, signature and the lead's names do not count as repetition.
//! This module does not compare campaigns with each other.

use super::argument::Argument;
use super::reading::{Case, Reading};
use super::{Issue, Severity, contradiction, issue, phrases};
use crate::copy::text::{fold, word_count};

/// The part of its five-word runs that a message may share with another one: none notice this much.
const SHARED_MAX: f64 = 0.15;

/// From here on a reader sees the same mail again.
const REPEATED: f64 = 0.35;

/// Above this likeness of letters two texts are one text with words exchanged.
const ALIKE: f64 = 0.93;

/// The rules of this family.
pub(super) fn campaign(case: &Case<'_>, readings: &[Reading<'_>], issues: &mut Vec<Issue>) {
    let arguments: Vec<Argument<'_>> = readings
        .iter()
        .map(|reading| Argument::of(case, reading))
        .collect();
    for (number, (later, argument)) in readings.iter().zip(&arguments).enumerate() {
        for (earlier, told) in readings.iter().zip(&arguments).take(number) {
            if earlier.step != later.step {
                compare(earlier, later, issues);
                retold((earlier, told), (later, argument), issues);
                contradiction::between(case, earlier, later, issues);
            }
        }
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
