//! What a campaign counts, read once for all rules about figures.
//!
//! Purpose: the quantities of the lead's data and of each message, sentence by sentence, with the
//! question whether a number is said of the lead.
//! Invariant: a sentence and its quantities belong together; places are those of the sentence.
//! This module finds no faults; see [`super::figures`] and [`super::contradiction`].

use super::quantity::{Quantity, Tongue, quantities};
use super::reading::{Case, MASK, Reading};
use crate::copy::text::words;

/// A sentence, folded and with the lead's names masked, and what it counts.
pub(super) struct Sentence<'a> {
    pub text: &'a str,
    pub quantities: Vec<Quantity<'a>>,
}

/// The quantities of a campaign.
pub(super) struct Counts<'a> {
    /// Those of the lead's data.
    pub facts: Vec<Quantity<'a>>,
    /// That data.
    lead_data: &'a str,
    /// Those of the messages, in their order; sentences that count nothing are left out.
    pub messages: Vec<Vec<Sentence<'a>>>,
}

impl<'a> Counts<'a> {
    pub(super) fn new(case: &'a Case<'_>, readings: &'a [Reading<'_>]) -> Counts<'a> {
        Counts {
            facts: quantities(&case.lead_data, Tongue::Any),
            lead_data: &case.lead_data,
            messages: readings.iter().map(read).collect(),
        }
    }
}

impl Counts<'_> {
    /// Whether a fact stands among the same words as a quantity: both speak of `minutes to triage`.
    pub(super) fn same_phrase(
        &self,
        fact: &Quantity<'_>,
        sentence: &Sentence<'_>,
        said: &Quantity<'_>,
    ) -> bool {
        let data = (
            self.lead_data.get(..fact.start).unwrap_or_default(),
            self.lead_data.get(fact.end..).unwrap_or_default(),
        );
        let known = near(data.0, data.1);
        let said = near(sentence.before(said), sentence.after(said));
        said.iter().any(|word| known.contains(word))
    }
}

/// The longer words up to three places from a quantity and its noun.
fn near<'a>(before: &'a str, after: &'a str) -> Vec<&'a str> {
    // Only the end of a long text matters.
    let from = before.char_indices().rev().nth(60).map_or(0, |(at, _)| at);
    let before: Vec<&str> = words(before.get(from..).unwrap_or_default()).collect();
    let behind = words(after).skip(1).take(3);
    let all = before.into_iter().rev().take(3).chain(behind);
    all.filter(|word| word.len() >= 5).collect()
}

fn read<'a>(reading: &'a Reading<'_>) -> Vec<Sentence<'a>> {
    let tongue = match reading.is_english {
        true => Tongue::English,
        false => Tongue::Any,
    };
    let all = sentences(&reading.folded).map(|text| Sentence {
        text,
        quantities: quantities(text, tongue),
    });
    all.filter(|sentence| !sentence.quantities.is_empty())
        .collect()
}

/// Lines and their sentences. A dot between digits ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        line.split_inclusive(['?', '!', ';'])
            .flat_map(|part| part.split(". "))
    })
}

impl Sentence<'_> {
    /// What stands before a quantity.
    pub(super) fn before(&self, quantity: &Quantity<'_>) -> &str {
        self.text.get(..quantity.start).unwrap_or_default()
    }

    /// What stands behind it.
    pub(super) fn after(&self, quantity: &Quantity<'_>) -> &str {
        self.text.get(quantity.end..).unwrap_or_default()
    }

    /// The quantity as it is written.
    pub(super) fn written(&self, quantity: &Quantity<'_>) -> &str {
        self.text
            .get(quantity.start..quantity.end)
            .unwrap_or_default()
    }

    /// Whether a number is said of the lead: `your forty vans`, `Northmoor runs forty vans`.
    pub(super) fn is_of_lead(&self, quantity: &Quantity<'_>) -> bool {
        let before = self.before(quantity);
        let near: Vec<&str> = words(before).collect();
        let near = near.iter().rev().take(4);
        let yours = near
            .clone()
            .any(|word| matches!(*word, "your" | "you" | "you've" | "ihre" | "ihren" | "vos"));
        let named = before.rsplit_once(MASK).is_some_and(|(_, between)| {
            let n_words = words(between).count();
            (1..=5).contains(&n_words) && !between.contains(',')
        });
        yours || named
    }
}
