//! Strangers: people and companies that a sentence gives away by what it does with a name.
//!
//! Purpose: `Kenji, please …` speaks to somebody, `Harlow Dental now books …` tells of a customer,
//! even where a capital alone means nothing: at the beginning of a sentence.
//! Invariant: names of the lead and the brand, and words that open a sentence, are nobody's.
//! This module does not decide how bad a name is; see [`super::names`].

use super::names::is_common;
use super::reading::Case;
use crate::calendar::is_city;
use crate::copy::text::{fold, words};

/// Whether what follows a name is what a customer does: `Harlow Dental now books …`.
pub(super) fn does_business(line: &str, name: &str) -> bool {
    const DOES: [&str; 22] = [
        "began", "books", "chose", "did", "gained", "has", "made", "moved", "now", "put", "runs",
        "sees", "started", "stopped", "tells", "told", "took", "uses", "used", "went", "won",
        "works",
    ];
    const PUBLIC: [&str; 14] = [
        "airport",
        "castle",
        "cathedral",
        "city",
        "council",
        "county",
        "court",
        "festival",
        "harbour",
        "hospital",
        "museum",
        "port",
        "station",
        "university",
    ];
    let after = line.split_once(name).map_or("", |(_, after)| after);
    let verb = words(after).next().filter(|_| after.starts_with(' '));
    !PUBLIC.contains(&fold(name).as_str())
        && verb.is_some_and(|verb| DOES.contains(&verb) || SUCCEEDS.contains(&verb))
}

/// Names that somebody else is addressed by: `Kenji, please regard …`, `Thank you, Priya`.
pub(super) fn addressed<'a>(case: &Case<'_>, line: &'a str) -> impl Iterator<Item = &'a str> {
    const TO_A_PERSON: [&str; 12] = [
        "please", "thank", "thanks", "my", "i'm", "i'll", "should", "this", "would", "could",
        "may", "let",
    ];
    const THANKS: [&str; 4] = ["thank you, ", "thanks, ", "goodbye, ", "regards, "];
    let sentences = line.split_inclusive(['.', '?', '!']);
    sentences.filter_map(|sentence| {
        let sentence = sentence.trim_start();
        let folded = fold(sentence);
        let thanked = THANKS.iter().find_map(|thanks| {
            folded
                .starts_with(thanks)
                .then(|| sentence.get(thanks.len()..))?
        });
        let (name, after) = match thanked {
            Some(rest) => rest.split_once([',', '.', '!'])?,
            None => sentence.split_once(", ")?,
        };
        let next = fold(words(after).next().unwrap_or_default());
        let key = fold(name);
        let is_name = name.starts_with(char::is_uppercase)
            && name.chars().count() >= 3
            && name.chars().all(char::is_alphabetic)
            && !case.known.has(&key)
            && !is_common(&key)
            && !OPENERS.contains(&key.as_str())
            && !(key.ends_with("ly") || key.ends_with("ing") || key.ends_with("wise"));
        (is_name && (thanked.is_some() || TO_A_PERSON.contains(&next.as_str()))).then_some(name)
    })
}

/// Names between commas that the reader is called by: `Think it over, Stefan, and …`, `Thanks for
/// reading, Stefan.`
pub(super) fn called<'a>(case: &Case<'_>, line: &'a str) -> impl Iterator<Item = &'a str> {
    let sentences = line.split_inclusive(['.', '?', '!']);
    sentences.filter_map(|sentence| {
        let (opening, _) = sentence.split_once(", ")?;
        let opening = fold(words(opening).next().unwrap_or_default());
        let mut before = "";
        let mut parts = sentence.split(", ").peekable();
        while let Some(part) = parts.next() {
            let ends = part.ends_with(['.', '?', '!']) && parts.peek().is_none();
            let name = part.trim_end_matches(['.', '?', '!']);
            let next = parts
                .peek()
                .map(|next| fold(words(next).next().unwrap_or_default()));
            let goes_on = next.is_some_and(|next| GOES_ON.contains(&next.as_str()));
            // Of a list or an address (`Lyon, Paris, and …`) each part is a name.
            let last = words(before).last().unwrap_or_default();
            let is_listed = last.starts_with(char::is_uppercase) && words(before).nth(1).is_some();
            let is_called = !before.is_empty()
                && (ends || goes_on)
                && !is_listed
                && CALLS.contains(&opening.as_str())
                && is_a_name(case, name)
                && !is_city(name);
            if is_called {
                return Some(name);
            }
            before = part;
        }
        None
    })
}

/// What a sentence begins with that calls the reader by name.
const CALLS: [&str; 30] = [
    "all", "and", "as", "best", "but", "consider", "enjoy", "farewell", "goodbye", "have", "i",
    "if", "let", "please", "so", "take", "tell", "thank", "thanks", "that", "think", "this",
    "until", "well", "what", "whatever", "with", "would", "write", "you",
];

/// What goes on behind such a name.
const GOES_ON: [&str; 28] = [
    "a", "and", "as", "because", "but", "for", "from", "i", "i'd", "i'll", "i'm", "if", "is", "it",
    "let", "or", "please", "should", "so", "that", "the", "this", "we", "when", "whenever",
    "would", "you", "your",
];

/// Whether a part of a sentence is one word that may be a person's name.
fn is_a_name(case: &Case<'_>, name: &str) -> bool {
    let key = fold(name);
    let mut letters = name.chars();
    letters.next().is_some_and(char::is_uppercase)
        && letters.all(|c| c.is_alphabetic() && c.is_lowercase())
        && name.chars().count() >= 3
        && !case.known.has(&key)
        && !is_common(&key)
        && !OPENERS.contains(&key.as_str())
}

/// Words that open a sentence before a comma and address nobody.
const OPENERS: [&str; 45] = [
    "admittedly",
    "again",
    "alas",
    "also",
    "although",
    "and",
    "anyway",
    "besides",
    "but",
    "either",
    "elsewhere",
    "enough",
    "fair",
    "granted",
    "first",
    "hence",
    "here",
    "however",
    "indeed",
    "instead",
    "last",
    "later",
    "maybe",
    "meanwhile",
    "now",
    "once",
    "otherwise",
    "overall",
    "perhaps",
    "second",
    "sincere",
    "sometimes",
    "soon",
    "still",
    "sure",
    "then",
    "there",
    "therefore",
    "though",
    "today",
    "together",
    "tomorrow",
    "true",
    "well",
    "yes",
];

/// Names at the beginning of a sentence that tell of a success: `Contoso cut its costs`.
pub(super) fn claimants<'a>(case: &Case<'_>, line: &'a str) -> impl Iterator<Item = &'a str> {
    let sentences = line.split(['.', '?', '!', ':', '•']);
    sentences.filter_map(|sentence| {
        let mut all = words(sentence);
        let (name, verb) = (all.next()?, all.next()?);
        let folded = fold(name);
        let is_name = name.starts_with(char::is_uppercase)
            && name.chars().count() >= 4
            && (!folded.ends_with('s') || folded.ends_with("ss"))
            && !case.known.has(&folded)
            && !is_common(&folded)
            && !NOBODY_IN_PARTICULAR.contains(&folded.as_str());
        (is_name && SUCCEEDS.contains(&verb)).then_some(name)
    })
}

/// What a customer in a success story does.
const SUCCEEDS: [&str; 16] = [
    "achieved",
    "boosted",
    "cut",
    "cuts",
    "doubled",
    "grew",
    "halved",
    "improved",
    "increased",
    "raised",
    "reduced",
    "saved",
    "saves",
    "slashed",
    "switched",
    "tripled",
];

/// Words that begin such a sentence without naming anybody.
const NOBODY_IN_PARTICULAR: [&str; 24] = [
    "another",
    "anybody",
    "anyone",
    "everybody",
    "everyone",
    "everything",
    "half",
    "management",
    "neither",
    "nobody",
    "none",
    "nothing",
    "one",
    "somebody",
    "someone",
    "something",
    "staff",
    "that",
    "this",
    "they",
    "what",
    "which",
    "whoever",
    "have",
];
