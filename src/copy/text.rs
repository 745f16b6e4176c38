//! Words and letters: the small ground on which templates and gate agree.
//!
//! Purpose: one way to fold, count and compare, so that what the writer aims at is what is judged.
//! Invariant: nothing here panics on any text, and folding never changes how words are divided.
//! This module knows no lead, brand or step.

use std::collections::HashSet;

/// Lower case with typographic quotes, dashes and no-break spaces in their plain form, so that a
/// rule is written once.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' | '\u{02bc}' => folded.push('\''),
            '\u{201c}' | '\u{201d}' => folded.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => folded.push('-'),
            '\u{a0}' | '\u{202f}' => folded.push(' '),
            c if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
            c => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

/// The words of a text: runs of letters and digits, with apostrophes and hyphens inside.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '-'))
        .map(|word| word.trim_matches(['\'', '’', '-']))
        .filter(|word| !word.is_empty())
}

/// How many words a reader counts: runs between white space that hold a letter or digit.
pub(super) fn word_count(text: &str) -> usize {
    text.split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .count()
}

/// Where a phrase stands in a text with no letter or digit touching it, as byte offsets.
pub(super) fn places<'a>(text: &'a str, phrase: &'a str) -> impl Iterator<Item = usize> + 'a {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let all = text
        .match_indices(phrase)
        .filter(move |_| !phrase.is_empty())
        .map(|(at, _)| at);
    all.filter(move |at| {
        let before = text.get(..*at).unwrap_or_default().chars().next_back();
        let after = text
            .get(at + phrase.len()..)
            .unwrap_or_default()
            .chars()
            .next();
        !letter(before) && !letter(after)
    })
}

/// The same text with its first letter in upper case.
pub(super) fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Hashes of all runs of five folded words.
pub(super) fn five_grams(text: &str) -> HashSet<u64> {
    let folded = fold(text);
    let hashes: Vec<u64> = words(&folded).map(hash).collect();
    hashes
        .windows(5)
        .map(|run| run.iter().fold(0, |sum, word| mix(sum ^ word)))
        .collect()
}

/// Which part of the smaller set is in the other: 0 nothing, 1 all.
pub(super) fn overlap(one: &HashSet<u64>, other: &HashSet<u64>) -> f64 {
    let (small, large) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if small.is_empty() {
        return 0.0;
    }
    let shared = small.iter().filter(|gram| large.contains(gram)).count();
    shared as f64 / small.len() as f64
}

/// A hash that stays the same on every machine and with every compiler (FNV-1a, 64 bits): texts
/// chosen by it are reproducible, which the standard hasher does not promise.
pub(super) fn hash(text: &str) -> u64 {
    let bits = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, bits)
}

/// Spreads a number over all 64 bits (the finaliser of SplitMix64).
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_makes_typography_plain() {
        assert_eq!(
            fold("We’re “QUIET” — 25–40 % of ÉTÉ\u{a0}x"),
            "we're \"quiet\" - 25-40 % of été x"
        );
    }

    #[test]
    fn words_keep_their_inner_marks_only() {
        let all: Vec<&str> = words("— It's a 'well-known' edge, no? B2B").collect();
        assert_eq!(all, ["It's", "a", "well-known", "edge", "no", "B2B"]);
        assert_eq!(word_count("• It's — fine. 25–40%"), 3);
    }

    #[test]
    fn overlap_is_one_for_a_part_and_nought_for_strangers() {
        let whole = five_grams("the edge compounds fast once the first team has moved");
        assert_eq!(
            overlap(&five_grams("The edge compounds fast once"), &whole),
            1.0
        );
        assert_eq!(
            overlap(&five_grams("nothing of this was ever said before"), &whole),
            0.0
        );
        assert_eq!(overlap(&five_grams("too short"), &whole), 0.0);
    }

    #[test]
    fn hashes_never_change() {
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }
}
