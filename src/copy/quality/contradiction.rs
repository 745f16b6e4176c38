//! Contradiction: one number of one thing.
//!
//! Purpose: a message that counts what the lead's data counts otherwise (`six clinics` where it has
//! five), and two messages that count the same thing differently, the length of a call included.
//! Invariant: only nouns the lead's data counts are compared, and only where the number is said of
//! the lead or could be taken for it; rhetoric (`two questions`, `three habits`) is free.
//! This module does not ask where a number comes from; see [`super::figures`].

use super::counts::{Counts, Sentence};
use super::quantity::{Form, Kind, Quantity, is_covered};
use super::reading::{Case, Reading};
use super::{Issue, Severity, issue};
use crate::copy::text::words;

/// Nouns that count talk, not facts.
const FREE: [&str; 12] = [
    "time", "thing", "question", "reason", "way", "point", "line", "word", "note", "thought",
    "page", "sentence",
];

/// Nouns of time: said in passing by everybody, so only the same phrase is compared.
const TIME: [&str; 7] = ["second", "minute", "hour", "day", "week", "month", "year"];

/// What a company has several of at different places; a text may say `houses` for `hotels`.
const PLACES: [&str; 34] = [
    "academy",
    "branch",
    "cafe",
    "campus",
    "centre",
    "center",
    "clinic",
    "depot",
    "factory",
    "farm",
    "gallery",
    "garage",
    "gym",
    "hotel",
    "house",
    "hub",
    "kitchen",
    "laboratory",
    "location",
    "mill",
    "museum",
    "office",
    "plant",
    "practice",
    "property",
    "restaurant",
    "salon",
    "school",
    "shop",
    "site",
    "store",
    "studio",
    "warehouse",
    "workshop",
];

/// A number that is not the lead's number of the same thing.
pub(super) fn of_lead(
    counts: &Counts<'_>,
    sentences: &[Sentence<'_>],
    reading: &Reading<'_>,
    issues: &mut Vec<Issue>,
) {
    for sentence in sentences {
        for said in &sentence.quantities {
            if contradicts(counts, sentence, said) {
                let hint = "the lead's own data has another number: use that one";
                let written = with_noun(sentence, said);
                let code = "invented_number";
                issues.push(issue(code, Severity::Major, reading.step, &written, hint));
            }
        }
    }
}

fn contradicts(counts: &Counts<'_>, sentence: &Sentence<'_>, said: &Quantity<'_>) -> bool {
    let is_fact = said.kind == Kind::Count && said.form != Form::Round && said.value >= 2.0;
    let Some(noun) = noun(said).filter(|_| is_fact) else {
        return false;
    };
    let of_lead = sentence.is_of_lead(said);
    let same = |fact: &&Quantity<'_>| names(fact, &noun);
    // `six houses` of five hotels: another word for the same, if it is plainly said of the lead.
    let is_place = of_lead && PLACES.contains(&noun.as_str());
    let alike = |fact: &&Quantity<'_>| is_place && PLACES.iter().any(|place| names(fact, place));
    let facts = counts.facts.iter();
    let mut known: Vec<Quantity<'_>> = facts.clone().filter(same).copied().collect();
    if known.is_empty() {
        known = facts.filter(alike).copied().collect();
    }
    if known.is_empty() || is_covered(said, &known) || is_covered(said, &sum(&known)) {
        return false;
    }
    let is_digits = said.form == Form::Digits;
    if TIME.contains(&noun.as_str()) {
        let before = words(sentence.before(said)).last().unwrap_or_default();
        let is_same = |fact: &Quantity<'_>| {
            are_near(fact, said) && (before == "every" || counts.same_phrase(fact, sentence, said))
        };
        return known.iter().any(is_same) && !is_digits;
    }
    let is_less = said.value <= 3.0 && known.iter().all(|fact| fact.value > said.value);
    let is_near = known.iter().any(|fact| are_near(fact, said));
    of_lead || (is_near && !is_less && !is_general(sentence, said))
}

/// The places of a company together: two hotels and three restaurants are five houses.
fn sum<'a>(known: &[Quantity<'a>]) -> Vec<Quantity<'a>> {
    let value = known.iter().map(|fact| fact.value).sum();
    let first = known.first().copied();
    first
        .map(|first| Quantity { value, ..first })
        .into_iter()
        .collect()
}

/// Whether a number is said of somebody in general: `groups with six clinics`.
fn is_general(sentence: &Sentence<'_>, said: &Quantity<'_>) -> bool {
    const SOMEBODY: [&str; 22] = [
        "a",
        "an",
        "another",
        "any",
        "businesses",
        "companies",
        "competitor",
        "competitors",
        "firms",
        "groups",
        "if",
        "many",
        "most",
        "operators",
        "or",
        "others",
        "peers",
        "rival",
        "rivals",
        "some",
        "those",
        "when",
    ];
    let before: Vec<&str> = words(sentence.before(said)).collect();
    before
        .iter()
        .rev()
        .take(5)
        .any(|word| SOMEBODY.contains(word))
}

/// What messages say against each other.
pub(super) fn campaign(
    case: &Case<'_>,
    counts: &Counts<'_>,
    readings: &[Reading<'_>],
    issues: &mut Vec<Issue>,
) {
    let all: Vec<_> = readings.iter().zip(&counts.messages).collect();
    for (number, (later, said)) in all.iter().enumerate() {
        for (earlier, known) in all.iter().take(number) {
            if earlier.step != later.step {
                let found = between(case, counts, known, said).or_else(|| other_call(known, said));
                if let Some(written) = found {
                    let hint = format!("`{}` has another number of the same thing", earlier.step);
                    let code = "contradiction";
                    issues.push(issue(code, Severity::Major, later.step, &written, &hint));
                }
            }
        }
    }
}

/// A thing of the lead's data that two messages count differently. What the data itself counts has
/// been compared with that.
fn between(
    case: &Case<'_>,
    counts: &Counts<'_>,
    known: &[Sentence<'_>],
    said: &[Sentence<'_>],
) -> Option<String> {
    said.iter().find_map(|sentence| {
        let mut quantities = sentence.quantities.iter();
        let found = quantities.find(|said| {
            let Some(noun) = noun(said).filter(|_| said.kind == Kind::Count) else {
                return false;
            };
            let earlier = known.iter().flat_map(|sentence| &sentence.quantities);
            let earlier: Vec<Quantity<'_>> = earlier
                .filter(|earlier| names(earlier, &noun) && are_near(earlier, said))
                .copied()
                .collect();
            let agrees =
                is_covered(said, &earlier) || earlier.iter().any(|one| is_covered(one, &[**said]));
            let is_free =
                TIME.contains(&noun.as_str()) || counts.facts.iter().any(|fact| names(fact, &noun));
            !earlier.is_empty() && !agrees && !is_free && is_spoken_of(case, &noun)
        });
        found.map(|found| with_noun(sentence, found))
    })
}

/// Whether a noun is one the lead's data speaks of.
fn is_spoken_of(case: &Case<'_>, noun: &str) -> bool {
    words(&case.lead_data).any(|word| is_plural(word) && singular(word) == noun)
}

/// Another length of the call than an earlier message offered.
fn other_call(known: &[Sentence<'_>], said: &[Sentence<'_>]) -> Option<String> {
    let earlier: Vec<f64> = known
        .iter()
        .flat_map(calls)
        .map(|(minutes, _)| minutes)
        .collect();
    let mut later = said.iter().flat_map(calls).peekable();
    if earlier.is_empty() || later.peek().is_none() {
        return None;
    }
    let mut first = None;
    for (minutes, written) in later {
        if earlier.contains(&minutes) {
            return None;
        }
        first.get_or_insert(written);
    }
    first
}

/// The lengths of a talk that a sentence offers, in minutes.
fn calls<'a>(sentence: &'a Sentence<'_>) -> impl Iterator<Item = (f64, String)> + 'a {
    const TALK: [&str; 12] = [
        "call",
        "chat",
        "conversation",
        "talk",
        "phone",
        "coffee",
        "zoom",
        "exchange",
        "suggested",
        "proposed",
        "offered",
        "spare",
    ];
    let is_talk = words(sentence.text)
        .flat_map(|word| word.split('-'))
        .any(|word| TALK.contains(&word));
    let quantities = sentence.quantities.iter().filter(move |_| is_talk);
    quantities.filter_map(|said| {
        let noun = said.nouns[0].strip_suffix('s').unwrap_or(said.nouns[0]);
        let minutes = match noun {
            "minute" | "min" => said.value,
            "hour" if said.value <= 1.0 => said.value * 60.0,
            _ => return None,
        };
        (minutes <= 60.0).then(|| (minutes, with_noun(sentence, said)))
    })
}

/// Whether two numbers can be taken for each other; `ten practices` says nothing about 140.
fn are_near(one: &Quantity<'_>, other: &Quantity<'_>) -> bool {
    one.value.max(other.value) <= one.value.min(other.value) * 2.5
}

/// The singular of what a quantity counts: the first plural of the two words behind it.
/// `Five-axis machines` counts no machines.
fn noun(quantity: &Quantity<'_>) -> Option<String> {
    let mut nouns = quantity.nouns.iter();
    let plural = nouns.find(|noun| is_plural(noun))?;
    let noun = singular(plural);
    (!FREE.contains(&noun.as_str())).then_some(noun)
}

/// Whether two quantities count the same thing, `branches` for `shops` included.
pub(super) fn count_the_same(one: &Quantity<'_>, other: &Quantity<'_>) -> bool {
    let nouns = [one, other].map(noun);
    let [Some(one), Some(other)] = nouns else {
        return false;
    };
    let is_place = |noun: &str| PLACES.contains(&noun);
    one == other || (is_place(&one) && is_place(&other))
}

/// Whether a quantity counts a noun.
fn names(quantity: &Quantity<'_>, noun: &str) -> bool {
    let mut nouns = quantity.nouns.iter();
    quantity.kind == Kind::Count && nouns.any(|word| is_plural(word) && singular(word) == noun)
}

fn is_plural(word: &str) -> bool {
    word.len() >= 4
        && word.ends_with('s')
        && !word.ends_with("ss")
        && word.chars().all(char::is_alphabetic)
}

/// A noun without its plural.
fn singular(noun: &str) -> String {
    if let Some(start) = noun.strip_suffix("ies") {
        return format!("{start}y");
    }
    let hissing = ["ches", "shes", "sses", "xes"];
    let n_cut = match hissing.iter().any(|end| noun.ends_with(end)) {
        true => 2,
        false => usize::from(noun.ends_with('s')),
    };
    let end = noun.len() - n_cut;
    noun.get(..end).unwrap_or(noun).to_string()
}

/// A quantity with the words behind it, as it is shown.
fn with_noun(sentence: &Sentence<'_>, quantity: &Quantity<'_>) -> String {
    let behind = quantity.nouns;
    let n_words = behind
        .iter()
        .position(|noun| is_plural(noun))
        .map_or(1, |at| at + 1);
    let behind: Vec<&str> = behind.into_iter().take(n_words).collect();
    format!("{} {}", sentence.written(quantity), behind.join(" "))
}
