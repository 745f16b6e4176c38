//! What is said: the brand, the built-in templates, the prompt, and the quality gate.
//!
//! Purpose: from a [`crate::lead::Lead`] to the texts of a campaign, and from texts to a judgement.
//! Invariant: every function is pure and repeatable: the same lead and brand give the same texts
//! and the same judgement. No text leaves this module's gate with a placeholder in it.
//! This module does not know which server a language model runs on, nor what became of a campaign.

pub mod brand;
pub mod language;
pub mod likeness;
pub mod prompt;
pub mod quality;
pub mod templates;
mod text;
pub mod wording;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use brand::Brand;

/// The text of one step, as written by a template, a model or a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The label of the step: `hook`, `proof`, `fomo`.
    pub step: String,
    /// The subject: one line, no header encoding.
    pub subject: String,
    /// The body: plain text, `\n` between lines, from greeting to signature. The footer with postal
    /// address and opt-out line is not part of it; the mailer adds it.
    pub body: String,
}

/// How many words of body a step aims at, greeting and signature included. The gate only refuses
/// what lies outside [`quality::WORDS`].
pub fn word_range(step: &str) -> RangeInclusive<usize> {
    match step {
        "hook" => 50..=120,
        "proof" => 60..=130,
        "fomo" => 45..=100,
        _ => 45..=130,
    }
}

/// How many words a reader counts in a text.
pub fn word_count(text: &str) -> usize {
    text::word_count(text)
}

/// The hash an approval is bound to: any change of a subject or a body gives another one.
pub fn approval_hash<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash = Sha256::new();
    for (subject, body) in texts {
        for text in [subject, body] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
