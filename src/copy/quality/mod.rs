//! The quality gate: whether a campaign may be sent to this person under this brand.
//!
//! Purpose: judge drafts by rules, each with a code, the offending words and a hint the writer can
//! act on. One file a family: `structure`, `leftovers`, `truth` with `figures`, `contradiction`,
//! `news`, `standing`, `names`, `strangers`, `places` and `spelling`, `tone` with `sentences`,
//! `progression` with `argument`, `safety` with `orders`, `language`.
//! Invariant: pure and repeatable; a blocker fails a campaign at any threshold. Words are judged in
//! their place, not as bare substrings: names and what the lead says of itself never count against
//! it.
//! This module does not know who wrote the drafts, and mends nothing.

mod argument;
mod contradiction;
mod counts;
mod figures;
mod language;
mod leftovers;
mod names;
mod news;
mod orders;
mod outside;
mod phrases;
mod places;
mod progression;
mod quantity;
mod reading;
mod safety;
mod screen;
mod sentences;
mod sieve;
mod spelling;
mod standing;
mod strangers;
mod structure;
mod tone;
mod truth;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub use self::outside::lead_as_given;
use self::reading::{Case, Reading};
use super::text::fold;
use super::{Brand, Draft};
use crate::lead::Lead;

/// How many words a body may have at all; what a step aims at is [`super::word_range`].
pub const WORDS: RangeInclusive<usize> = 25..=200;

/// How many characters a subject may have.
pub const SUBJECT_CHARS: RangeInclusive<usize> = 10..=80;

/// The code of every rule, by family. A code is stable: people's scripts read it.
pub const CODES: [&str; 66] = [
    "missing_step",
    "duplicate_step",
    "unknown_step",
    "empty_subject",
    "subject_length",
    "body_length",
    "off_target_length",
    "missing_greeting",
    "missing_signature",
    "wrong_signature",
    "too_many_links",
    "no_call_to_action",
    "too_many_questions",
    "cut_off",
    "placeholder",
    "html",
    "markdown",
    "escape",
    "data_format",
    "model_chatter",
    "empty_slot",
    "gap",
    "fake_thread",
    "pretended_contact",
    "invented_number",
    "invented_claim",
    "contradiction",
    "wrong_name",
    "name_case",
    "wrong_role",
    "wrong_company",
    "company_missing",
    "company_case",
    "company_misspelt",
    "unknown_name",
    "wrong_place",
    "same_subject",
    "repetition",
    "out_of_step",
    "avoided_words",
    "shouting",
    "piled_marks",
    "exclamations",
    "emoji",
    "pressure",
    "false_deadline",
    "threat",
    "spam_phrase",
    "stock_opener",
    "stock_phrase",
    "machine_phrase",
    "buzzword",
    "flattery",
    "pitch",
    "profanity",
    "header_injection",
    "hidden_character",
    "look_alike",
    "foreign_link",
    "dangerous_link",
    "prompt_leak",
    "secret",
    "wrong_language",
    "mixed_languages",
    "long_sentence",
    "hard_to_read",
];

/// The steps a campaign has when nobody says otherwise.
const STEPS: [&str; 3] = ["hook", "proof", "fomo"];

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A flaw of style; a message may have a few.
    Minor,
    /// Fails a message at the default threshold of 80.
    Major,
    /// Fails the campaign at any threshold.
    Blocker,
}

impl Severity {
    /// What one issue takes off the 100 points of a message.
    pub fn cost(self) -> u32 {
        match self {
            Severity::Minor => 4,
            Severity::Major => 25,
            Severity::Blocker => 60,
        }
    }
}

/// One thing that is wrong with a draft or a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// The rule, a stable word: `placeholder`, `invented_number`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The step it is in, `""` when it is about the campaign.
    pub step: String,
    /// The offending words, at most 80 characters on one line; `""` when something is missing.
    pub words: String,
    /// What to do about it, for a writer that is no programmer.
    pub hint: String,
}

/// The outcome of the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Whether the campaign may go out: no blocker, and a score at or above the threshold.
    pub pass: bool,
    /// 0 to 100: that of the worst message.
    pub score: u8,
    /// Everything found, campaign first, then in the order of the steps.
    pub issues: Vec<Issue>,
}

/// Makes the gate ready, which takes some hundredths of a second; the first judgement would wait
/// for it otherwise.
pub fn prepare() {
    phrases::sift_raw("");
    screen::search("");
    names::is_common("");
}

/// Judges a campaign of the default steps.
pub fn judge(lead: &Lead, drafts: &[Draft], brand: &Brand, threshold: u8) -> Judgement {
    judge_steps(lead, drafts, brand, threshold, &STEPS)
}

/// Judges a campaign of the given steps, first to last.
pub fn judge_steps(
    lead: &Lead,
    drafts: &[Draft],
    brand: &Brand,
    threshold: u8,
    steps: &[&str],
) -> Judgement {
    let case = Case::new(lead, brand, steps);
    let readings: Vec<Reading<'_>> = drafts
        .iter()
        .map(|draft| Reading::new(draft, &case))
        .collect();
    let mut issues = Vec::new();
    structure::campaign(&case, &readings, &mut issues);
    names::campaign(&case, &readings, &mut issues);
    let counts = counts::Counts::new(&case, &readings);
    contradiction::campaign(&case, &counts, &readings, &mut issues);
    progression::campaign(&case, &readings, &mut issues);
    language::campaign(&readings, &mut issues);
    for (reading, sentences) in readings.iter().zip(&counts.messages) {
        structure::message(&case, reading, &mut issues);
        leftovers::message(&case, reading, &mut issues);
        truth::message(&case, &counts, sentences, reading, &mut issues);
        names::message(&case, reading, &mut issues);
        places::message(&case, &counts, reading, &mut issues);
        spelling::message(&case, reading, &mut issues);
        tone::message(&case, reading, &mut issues);
        safety::message(&case, reading, &mut issues);
        orders::message(&case, reading, &mut issues);
        language::message(&case, reading, &mut issues);
    }
    let score = score(&issues, drafts);
    let blocked = issues
        .iter()
        .any(|issue| issue.severity == Severity::Blocker);
    Judgement {
        pass: !blocked && score >= threshold,
        score,
        issues,
    }
}

/// The score of the worst message; what concerns the campaign concerns each of its messages.
fn score(issues: &[Issue], drafts: &[Draft]) -> u8 {
    let cost = |step: &str| -> u32 {
        let own = issues
            .iter()
            .filter(|issue| issue.step.is_empty() || issue.step == step);
        own.map(|issue| issue.severity.cost()).sum()
    };
    let worst = drafts
        .iter()
        .map(|draft| cost(&draft.step))
        .max()
        .unwrap_or(100)
        .min(100);
    u8::try_from(100 - worst).unwrap_or(0)
}

/// Everything a lead says of itself, folded: what a text may repeat.
pub(super) fn lead_data(lead: &Lead) -> String {
    fold(&lead_texts(lead))
}

/// The same in its own case.
fn lead_texts(lead: &Lead) -> String {
    let fields = [
        &lead.full_name,
        &lead.first_name,
        &lead.company,
        &lead.company_short,
        &lead.job_title,
        &lead.website,
        &lead.description,
        &lead.insights,
        &lead.business_type,
        &lead.industry,
        &lead.company_size,
        &lead.country,
        &lead.city,
    ];
    let fields = fields.into_iter().chain(&lead.services).map(String::as_str);
    fields.collect::<Vec<_>>().join(" . ")
}

/// Whether a phrase of the lead's data may stand in a mail of ours: no spam words, no left-over of
/// a template, nothing hidden. The writer asks this before it repeats a fact.
pub(super) fn may_be_quoted(phrase: &str) -> bool {
    const FAMILIES: [&str; 4] = ["leftovers", "chatter", "tone", "safety"];
    phrases::is_clean(&FAMILIES, phrase, &fold(phrase)) && safety::is_clean(phrase)
}

/// An issue with its words made fit to be shown.
fn issue(code: &'static str, severity: Severity, step: &str, words: &str, hint: &str) -> Issue {
    debug_assert!(
        CODES.contains(&code),
        "`{code}` is not in the list of codes"
    );
    let shown = words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(80);
    let words = shown.collect::<String>().trim().to_string();
    Issue {
        code,
        severity,
        step: step.to_string(),
        words,
        hint: hint.to_string(),
    }
}

#[cfg(test)]
pub(super) mod tests;
