//! Places: the lead is where its data says.
//!
//! Purpose: a city that stands in no data must not be told as the lead's own: `your Kraków house`,
//! `from your base in Antwerp`, `In Oslo, Northmoor runs …`.
//! Invariant: only a city said of the lead by grammar counts; geography in passing (`carriers in
//! Hamburg`, `that merchant in Oslo`) and regions are free.
//! This module does not know where cities lie; see [`crate::calendar`].

use super::contradiction::count_the_same;
use super::counts::Counts;
use super::quantity::{Quantity, Tongue, quantities};
use super::reading::{Case, MASK, Reading};
use super::{Issue, Severity, issue};
use crate::calendar::{is_city, place_key};
use crate::copy::text::{fold, words};

/// Cities whose names are other words with a capital.
const OTHER_WORDS: [&str; 30] = [
    "april",
    "august",
    "bath",
    "central",
    "college",
    "data",
    "eden",
    "essen",
    "halle",
    "hook",
    "june",
    "lead",
    "linden",
    "march",
    "may",
    "mobile",
    "most",
    "monday",
    "nice",
    "of",
    "orange",
    "proof",
    "reading",
    "same",
    "singen",
    "split",
    "sunday",
    "team",
    "union",
    "university",
];

/// The reader as the owner of something.
const YOURS: [&str; 13] = [
    "your", "yours", "ihr", "ihre", "ihrem", "ihren", "ihrer", "votre", "vos", "su", "sus",
    "vuestra", "vuestro",
];

/// What puts somebody at a place.
const AT: [&str; 11] = [
    "in", "at", "from", "of", "near", "outside", "en", "à", "bei", "aus", "desde",
];

/// Between these words and a place somebody else is spoken of.
const OTHERS: [&str; 36] = [
    "a",
    "an",
    "another",
    "any",
    "every",
    "many",
    "most",
    "one",
    "other",
    "some",
    "somebody",
    "someone",
    "that",
    "those",
    "buyers",
    "carriers",
    "chefs",
    "clients",
    "companies",
    "competitors",
    "customers",
    "families",
    "firms",
    "guests",
    "operators",
    "owners",
    "parents",
    "partners",
    "patients",
    "peers",
    "readers",
    "rivals",
    "students",
    "suppliers",
    "tenants",
    "visitors",
];

/// What a company has at a place.
const SITES: [&str; 24] = [
    "base",
    "branch",
    "campus",
    "clinic",
    "clinics",
    "crew",
    "depot",
    "desk",
    "factory",
    "hotel",
    "house",
    "kitchen",
    "office",
    "plant",
    "school",
    "shop",
    "showroom",
    "site",
    "store",
    "studio",
    "team",
    "warehouse",
    "workshop",
    "yard",
];

/// The rule of this file.
pub(super) fn message(
    case: &Case<'_>,
    counts: &Counts<'_>,
    reading: &Reading<'_>,
    issues: &mut Vec<Issue>,
) {
    let mut known = None;
    let sentences = reading.masked.lines().flat_map(sentences);
    for sentence in sentences {
        let tokens: Vec<&str> = sentence.split_whitespace().collect();
        let found = (1..tokens.len()).find_map(|at| {
            let (name, n_words) = city(&tokens, at)?;
            let key = place_key(name.as_str());
            let known: &String = known.get_or_insert_with(|| place_key(&case.lead_data));
            let is_wrong = !known.contains(&key)
                && (is_of_lead(&tokens, at, n_words) || tells_a_fact(counts, sentence));
            is_wrong.then_some(name)
        });
        if let Some(name) = found {
            let hint = "the lead's data puts it elsewhere: name its own place, or none";
            let code = "wrong_place";
            issues.push(issue(code, Severity::Blocker, reading.step, &name, hint));
            return;
        }
    }
}

/// Whether a sentence counts what the lead's data counts: `a desk in Oslo with eight branches`.
fn tells_a_fact(counts: &Counts<'_>, sentence: &str) -> bool {
    let folded = fold(sentence);
    quantities(&folded, Tongue::English).iter().any(|said| {
        let is_fact = |fact: &Quantity<'_>| fact.value == said.value && count_the_same(fact, said);
        said.value >= 3.0 && counts.facts.iter().any(is_fact)
    })
}

fn sentences(line: &str) -> impl Iterator<Item = &str> {
    line.split_inclusive(['?', '!', ';', ':'])
        .flat_map(|part| part.split(". "))
}

/// The city that begins at a token, and how many tokens its name takes.
fn city(tokens: &[&str], at: usize) -> Option<(String, usize)> {
    let bare = |token: &str| {
        let token = token.trim_matches(|c: char| !c.is_alphanumeric());
        let token = token.strip_suffix("'s").unwrap_or(token);
        token.strip_suffix("’s").unwrap_or(token).to_string()
    };
    let is_raised = |token: &&str| token.starts_with(char::is_uppercase);
    tokens.get(at).filter(|token| is_raised(token))?;
    (1..=3).rev().find_map(|n_words| {
        let parts = tokens.get(at..at + n_words)?;
        // `Leeds, York` is two places.
        let inner = parts.get(..n_words - 1).unwrap_or_default();
        let is_whole = !inner.iter().any(|token| token.ends_with([',', ';', ')']));
        if !is_whole || !parts.iter().all(is_raised) {
            return None;
        }
        let name = parts
            .iter()
            .map(|token| bare(token))
            .collect::<Vec<_>>()
            .join(" ");
        let is_word = OTHER_WORDS.contains(&fold(&name).as_str());
        (!is_word && name.chars().count() >= 4 && is_city(&name)).then_some((name, n_words))
    })
}

/// Whether the grammar puts the lead at the place.
fn is_of_lead(tokens: &[&str], at: usize, n_words: usize) -> bool {
    let word = |place: usize| {
        tokens
            .get(place)
            .map_or(String::new(), |token| plain(token))
    };
    let before = word(at - 1);
    let owner = tokens.get(at - 1).copied().unwrap_or_default();
    let owned = YOURS.contains(&before.as_str()) || (owner.contains(MASK) && owner.ends_with('s'));
    let site = word(at + n_words);
    if owned {
        return true;
    }
    let is_reader = |token: &&str| token.contains(MASK) || is_reader(&plain(token));
    let addressed = tokens.iter().any(is_reader);
    // `By the time the van leaves Oslo`: it leaves from home.
    const OWN: [&str; 6] = ["band", "coach", "company", "crew", "team", "van"];
    let leaves = ["leaves", "left", "departs"].contains(&before.as_str());
    if leaves && at >= 3 && OWN.contains(&word(at - 2).as_str()) {
        return ["the", "your"].contains(&word(at - 3).as_str());
    }
    if before == "the" {
        return addressed && SITES.contains(&site.as_str());
    }
    if !AT.contains(&before.as_str()) {
        return false;
    }
    // `In Oslo, Northmoor runs`: the place opens the sentence, and the lead follows.
    let behind = tokens.get(at + n_words..).unwrap_or_default();
    if at == 1 && behind.iter().take(3).any(is_reader) {
        return true;
    }
    is_led_to(tokens.get(..at - 1).unwrap_or_default()) || is_asked_about(tokens, at)
}

/// Whether the words before a preposition speak of the lead: `your base`, `Northmoor`.
fn is_led_to(before: &[&str]) -> bool {
    for (distance, token) in before.iter().rev().take(6).enumerate() {
        let word = plain(token);
        if token.ends_with([',', ';', ':', '—', '–']) || OTHERS.contains(&word.as_str()) {
            return false;
        }
        let is_home = matches!(
            word.as_str(),
            "based" | "headquartered" | "headquarters" | "home"
        );
        let is_you = word == "you" && distance < 3;
        if token.contains(MASK) || YOURS.contains(&word.as_str()) || is_home || is_you {
            return true;
        }
    }
    false
}

/// `I am keen to learn what works in Kraków`: who asks the reader so puts the reader there.
fn is_asked_about(tokens: &[&str], at: usize) -> bool {
    let verb = at.checked_sub(2).and_then(|place| tokens.get(place));
    let is_verb = verb.is_some_and(|verb| {
        matches!(
            plain(verb).as_str(),
            "works" | "looks" | "goes" | "happens" | "stands" | "done" | "handled"
        )
    });
    let has = |list: &[&str]| {
        tokens
            .iter()
            .any(|token| list.contains(&plain(token).as_str()))
    };
    let asks = has(&["learn", "hear", "know", "understand", "see"]);
    is_verb && asks && has(&["i", "i'd", "i'm", "we", "we'd", "me"])
}

fn is_reader(word: &str) -> bool {
    word == "you" || YOURS.contains(&word)
}

fn plain(token: &str) -> String {
    words(&fold(token)).next().unwrap_or_default().to_string()
}
