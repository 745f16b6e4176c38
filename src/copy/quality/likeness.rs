//! Likeness: how much of one campaign another lead would read again in his own.
//!
//! Purpose: compare whole campaigns by their runs of five words, for a batch and for the colleagues
//! of one company.
//! Invariant: between 0 (nothing shared) and 1 (one holds all of the other), the same both ways;
//! names, greetings and signatures never tell two texts apart and never make them alike.
//! This module knows neither lead nor brand: what is a name is read off the text.

use std::collections::HashSet;

use crate::copy::Draft;
use crate::copy::text::{five_grams, fold, overlap, words};

/// What stands for every name. A word like any other, so that a sentence which differs from another
/// one in its names only is the same sentence.
const NAME: &str = "somebody";

/// The runs of five words of a campaign, for comparing it with many others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(HashSet<u64>);

impl Fingerprint {
    /// Takes the fingerprint of a campaign's texts.
    pub fn of(drafts: &[Draft]) -> Fingerprint {
        let mut grams = HashSet::new();
        let names = names(drafts);
        for draft in drafts {
            // A run never reaches from one paragraph into the next: greeting and signature are too
            // short to hold one.
            for paragraph in std::iter::once(draft.subject.as_str()).chain(draft.body.split("\n\n"))
            {
                grams.extend(five_grams(&without_names(paragraph, &names)));
            }
        }
        Fingerprint(grams)
    }

    /// Which share of the smaller campaign's runs stand in the other one too.
    pub fn likeness(&self, other: &Fingerprint) -> f64 {
        overlap(&self.0, &other.0)
    }
}

/// How much two campaigns have in common beyond names: the share of the smaller one's runs of five
/// words that the other one has too, 0 to 1.
pub fn likeness(a: &[Draft], b: &[Draft]) -> f64 {
    Fingerprint::of(a).likeness(&Fingerprint::of(b))
}

/// The words (folded) that are names somewhere in the texts: what a greeting says, and what has a
/// capital where no sentence begins.
fn names(drafts: &[Draft]) -> HashSet<String> {
    let mut names = HashSet::new();
    for draft in drafts {
        let first = draft.body.trim_start().lines().next().unwrap_or_default();
        let greets =
            words(first).count() <= 6 && first.trim_end().ends_with([',', '!', ':', '—', '-']);
        names.extend(words(first).filter(|_| greets).map(fold));
        for text in [&draft.subject, &draft.body] {
            let raised = tokens(text).filter(|(token, starts)| !starts && is_raised(token));
            names.extend(raised.flat_map(|(token, _)| words(token)).map(fold));
        }
    }
    names
}

/// The words of a text with their marks, and whether each begins a sentence.
fn tokens(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut starts = true;
    text.lines()
        .flat_map(|line| line.split_whitespace().enumerate())
        .map(move |(at, token)| {
            let first = starts || at == 0;
            let holds_word = token.chars().any(char::is_alphanumeric);
            starts = token.ends_with(['.', '?', '!', ':', '—', '–']) || !holds_word;
            (token, first)
        })
}

/// The text with each run of names as one word.
fn without_names(text: &str, names: &HashSet<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_name = false;
    for (token, starts) in tokens(text) {
        let known = words(token).any(|word| names.contains(&fold(word)));
        let is_name = is_raised(token) && (known || !starts);
        if !is_name {
            out.push_str(token);
            out.push(' ');
        } else if !in_name {
            out.push_str(NAME);
            out.push(' ');
        }
        in_name = is_name && !token.ends_with(['.', '?', '!', ':', ',', '—', '–']);
    }
    out
}

/// Whether a token begins with a capital and is not the word for oneself.
fn is_raised(token: &str) -> bool {
    let word = words(token).next().unwrap_or_default();
    let oneself = word == "I" || word.starts_with("I'") || word.starts_with("I’");
    word.starts_with(char::is_uppercase) && !oneself
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(name: &str, company: &str, text: &str) -> Vec<Draft> {
        vec![Draft {
            step: "hook".into(),
            subject: format!("A question about how {company} plans"),
            body: format!(
                "Hi {name},\n\n{}\n\n— 4Runr Team",
                text.replace("{c}", company)
            ),
        }]
    }

    #[track_caller]
    fn check(one: &[Draft], two: &[Draft], from: f64, to: f64) {
        let there = likeness(one, two);
        assert!((from..=to).contains(&there), "{there}");
        assert_eq!(there, likeness(two, one));
    }

    const TEXT: &str = "Freight desks win on the minutes after an alert. {c} has the data for it; \
                        who decides at {c} when the phone is busy and the driver waits?";

    #[test]
    fn other_names_do_not_make_another_text() {
        let one = campaign("Ada", "Ferrous Freight", TEXT);
        // A word of a name that also begins a sentence costs a few runs.
        check(&one, &campaign("Jean-Luc", "Onyx", TEXT), 0.95, 1.0);
        check(&one, &one, 1.0, 1.0);
    }

    #[test]
    fn the_same_names_do_not_make_one_text() {
        let other = "Nobody buys a policy on Sunday evening, and yet {c} gets its best questions \
                     then, from people who will have forgotten them by the next morning.";
        let one = campaign("Ada", "Ferrous Freight", TEXT);
        let two = campaign("Ada", "Ferrous Freight", other);
        check(&one, &two, 0.0, 0.12);
    }

    #[test]
    fn half_a_text_is_half_alike() {
        let half = "Freight desks win on the minutes after an alert. Elsewhere the talk is of \
                    rates, lanes and diesel, which every shipper can look up within a minute.";
        let one = campaign("Ada", "Ferrous Freight", TEXT);
        check(&one, &campaign("Bo", "Onyx", half), 0.2, 0.6);
    }

    #[test]
    fn nothing_is_like_nothing() {
        check(&[], &campaign("Ada", "Onyx", TEXT), 0.0, 0.0);
        check(&[], &[], 0.0, 0.0);
    }
}
