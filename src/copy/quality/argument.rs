//! An argument told twice: the same thoughts in another order of words.
//!
//! Purpose: tell a message that goes on from one that retells an earlier one with its words
//! exchanged, turned round or stretched, where runs of words no longer show it.
//! Invariant: words that carry no thought, names and what the lead says of its trade do not count;
//! two messages to one lead share a field, and may.
//! This module does not know synonyms: who replaces every word has written another text.

use std::sync::LazyLock;

use super::reading::{Case, Reading};
use super::sentences::sentences;
use crate::copy::text::{Hashes, WordSet, hash, words};

/// Which part of its thoughts a message may share with an earlier one. Honest campaigns share up
/// to 0.37, retold ones begin near 0.7.
const SHARED_MAX: f64 = 0.5;

/// Which part of one sentence may stand in another one, if it has so many thoughts.
const SENTENCE_MAX: f64 = 0.8;
const SENTENCE_MIN: usize = 5;

/// What makes an invitation to answer of a sentence: those are few, and argue nothing.
const INVITES: [&str; 6] = [
    "answer",
    "call",
    "conversation",
    "reply",
    "respond",
    "write",
];

/// Fewer thoughts than this are too few to compare.
const THOUGHTS_MIN: usize = 12;

/// Words of four letters and more that carry no thought.
static EMPTY: LazyLock<WordSet<&str>> = LazyLock::new(|| {
    let words = "about after already also although always another because been before being \
        between both could does doing done during each either even ever every from have here into \
        itself just least less many might more most much must neither never often once only \
        onto other others ours over perhaps quite rarely rather same shall should since some \
        still such than that their theirs them themselves then there these they thing things \
        this those though through under unless until upon usually very well were what when \
        where which while whose will with within without would your yours yourself";
    words.split_whitespace().collect()
});

/// The thoughts of a text: the stems of its words.
fn thoughts(text: &str) -> impl Iterator<Item = &str> {
    let counts = |word: &&str| word.chars().nth(3).is_some() && !EMPTY.contains(word);
    words(text).filter(counts).map(stem)
}

/// The thoughts of the lead's own data.
pub(super) fn known(case: &Case<'_>) -> Hashes {
    thoughts(&case.lead_data).map(hash).collect()
}

/// What a message argues, whole and by the sentence.
pub(super) struct Argument<'a> {
    whole: Hashes,
    sentences: Vec<(&'a str, Hashes)>,
}

impl<'a> Argument<'a> {
    /// Of a message; `known` are the thoughts of the lead's own data, see [`known`].
    pub(super) fn of(known: &Hashes, reading: &'a Reading<'_>) -> Argument<'a> {
        let invites = |text: &&str| words(text).any(|word| INVITES.contains(&word));
        let all = sentences(&reading.plain);
        let all = all.map(|text| (text, thoughts(text).map(hash).collect::<Hashes>()));
        let all: Vec<(&str, Hashes)> = all.collect();
        let own = all.iter().flat_map(|(_, thoughts)| thoughts.iter());
        Argument {
            whole: own.filter(|thought| !known.has_hash(*thought)).collect(),
            sentences: all
                .into_iter()
                .filter(|(text, thoughts)| thoughts.len() >= SENTENCE_MIN && !invites(text))
                .collect(),
        }
    }

    /// The words that show that this message retells an earlier one; `""` when it does as a whole.
    pub(super) fn retells(&self, earlier: &Argument<'_>) -> Option<&'a str> {
        let enough = self.whole.len().min(earlier.whole.len()) >= THOUGHTS_MIN;
        if enough && self.whole.overlap(&earlier.whole) >= SHARED_MAX {
            return Some("");
        }
        let is_known = |thoughts: &Hashes| {
            let mut known = earlier.sentences.iter();
            known.any(|(_, other)| thoughts.overlap(other) >= SENTENCE_MAX)
        };
        let mut sentences = self.sentences.iter();
        let retold = sentences.find(|(_, thoughts)| is_known(thoughts));
        retold.map(|(text, _)| *text)
    }
}

/// A word without the endings by which the forms of one word differ.
fn stem(word: &str) -> &str {
    const ENDINGS: [&str; 14] = [
        "'s", "ations", "ation", "ments", "ment", "ings", "ing", "edly", "ies", "ed", "ly", "es",
        "s", "e",
    ];
    let word = word.strip_suffix("'s").unwrap_or(word);
    let mut stems = ENDINGS.iter().filter_map(|end| word.strip_suffix(end));
    stems.find(|stem| stem.chars().count() >= 4).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::super::tests::lead_with;
    use super::*;
    use crate::copy::{Brand, Draft};

    const FIRST: &str = "A guest who loved her room and books again elsewhere is, to most \
        systems, a stranger. Her preferences sit in one notebook, her dinner in another, her \
        lesson somewhere else. Groups that join those notes up sell less by discount and more by \
        recognition.";

    #[track_caller]
    fn check(later: &str, expected: Option<&str>) {
        let lead = lead_with(|_| {});
        let brand = Brand::builtin("4Runr Team");
        let case = Case::new(&lead, &brand, &["hook", "proof"]);
        let draft = |step: &str, body: &str| Draft {
            step: step.into(),
            subject: "A subject of its own".into(),
            body: format!("Hi Ada,\n\n{body}\n\n— 4Runr Team"),
        };
        let (one, two) = (draft("hook", FIRST), draft("proof", later));
        let (one, two) = (Reading::new(&one, &case), Reading::new(&two, &case));
        let known = known(&case);
        let (one, two) = (Argument::of(&known, &one), Argument::of(&known, &two));
        assert_eq!(two.retells(&one), expected, "{later}");
    }

    #[test]
    fn the_same_thoughts_in_another_order_are_no_second_message() {
        check(
            "To most systems, guests who book elsewhere after loving a room are strangers. One \
             notebook has her preferences, another her dinner, and lessons are somewhere else. \
             Recognition sells more and discounts less for groups joining up the notes.",
            Some(""),
        );
        check(
            "Kitchens plan by the week. Groups that join up those notes sell more by recognition \
             and less by discount. Which of the two do suppliers see first, and who tells them \
             on a Monday morning when the lorry is late and the phones ring?",
            Some("groups that join up those notes sell more by recognition and less by discount."),
        );
    }

    #[test]
    fn a_field_may_be_shared() {
        check(
            "Recognition is a question of order. First one record of a guest that all houses may \
             read, then bookings tied to it, and offers last. Most groups begin with the offers \
             and find that nobody trusts what lies underneath.",
            None,
        );
        check("Her room again.", None);
        check("", None);
    }

    #[test]
    fn forms_of_one_word_have_one_stem() {
        for (one, two) in [
            ("planning", "planned"),
            ("booking", "books"),
            ("decisions", "decision"),
            ("store", "stores"),
        ] {
            let is_one = stem(one).starts_with(stem(two)) || stem(two).starts_with(stem(one));
            assert!(is_one, "{one} {two}");
        }
        assert_eq!(stem("s"), "s");
    }
}
