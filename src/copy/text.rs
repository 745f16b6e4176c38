//! Words and letters: the small ground on which templates and gate agree.
//!
//! Purpose: one way to fold, count and compare, so that what the writer aims at is what is judged.
//! Invariant: nothing here panics on any text, and folding never changes how words are divided.
//! This module knows no lead, brand or step.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Lower case with typographic quotes, dashes and no-break spaces in their plain form, so that a
/// rule is written once.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    // Most of a text is ASCII: its runs are copied whole and lowered at the end.
    while let Some(at) = rest.bytes().position(|byte| !byte.is_ascii()) {
        let (plain, other) = rest.split_at_checked(at).unwrap_or((rest, ""));
        folded.push_str(plain);
        let mut chars = other.chars();
        match chars.next() {
            Some('\u{2018}' | '\u{2019}' | '\u{02bc}') => folded.push('\''),
            Some('\u{201c}' | '\u{201d}') => folded.push('"'),
            Some('\u{2010}'..='\u{2015}' | '\u{2212}') => folded.push('-'),
            Some('\u{a0}' | '\u{202f}') => folded.push(' '),
            Some(c) => folded.extend(c.to_lowercase()),
            None => break,
        }
        rest = chars.as_str();
    }
    folded.push_str(rest);
    folded.make_ascii_lowercase();
    folded
}

/// The words of a text: runs of letters and digits, with apostrophes and hyphens inside.
pub(super) fn words(text: &str) -> Words<'_> {
    Words { rest: text }
}

/// See [`words`]. Every rule reads its text word by word, so this is one pass over the characters.
#[derive(Clone)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        // What stands between words is ASCII too, as a rule.
        let is_other = |byte: u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
        let start = self.rest.bytes().position(|byte| !is_other(byte))?;
        let text = self.rest.get(start..)?;
        let start = text.find(char::is_alphanumeric);
        let text = start.and_then(|start| text.get(start..))?;
        // Nearly all words are ASCII to their end, which can be found byte by byte.
        let end = text.bytes().position(|byte| !byte.is_ascii_alphanumeric());
        let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        if !rest.starts_with(|c: char| !c.is_ascii() || matches!(c, '\'' | '-')) {
            self.rest = rest;
            return Some(word);
        }
        self.rest = text;
        let mut word: Option<(usize, usize)> = None;
        let mut after = self.rest.len();
        for (at, c) in self.rest.char_indices() {
            if c.is_alphanumeric() {
                let start = word.map_or(at, |(start, _)| start);
                word = Some((start, at + c.len_utf8()));
            } else if word.is_some() && !matches!(c, '\'' | '’' | '-') {
                after = at;
                break;
            }
        }
        let text = self.rest;
        self.rest = text.get(after..).unwrap_or_default();
        word.and_then(|(start, end)| text.get(start..end))
    }
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

/// A set of hashes: ascending, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hashes(Vec<u64>);

impl FromIterator<u64> for Hashes {
    fn from_iter<T: IntoIterator<Item = u64>>(all: T) -> Hashes {
        let mut hashes: Vec<u64> = all.into_iter().collect();
        hashes.sort_unstable();
        hashes.dedup();
        Hashes(hashes)
    }
}

impl Hashes {
    /// The hashes, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied()
    }

    /// Whether the hash of a word is among them.
    pub(super) fn has(&self, word: &str) -> bool {
        self.has_hash(hash(word))
    }

    /// Whether a hash is among them.
    pub(super) fn has_hash(&self, hash: u64) -> bool {
        self.0.binary_search(&hash).is_ok()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many are in both sets.
    pub(super) fn shared(&self, other: &Hashes) -> usize {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = 0;
        while let (Some(one), Some(two)) = (ours.peek(), theirs.peek()) {
            let order = one.cmp(two);
            shared += usize::from(order.is_eq());
            if order.is_le() {
                ours.next();
            }
            if order.is_ge() {
                theirs.next();
            }
        }
        shared
    }

    /// Which part of the smaller set is in the other: 0 nothing, 1 all.
    pub(super) fn overlap(&self, other: &Hashes) -> f64 {
        let fewer = self.len().min(other.len());
        if fewer == 0 {
            return 0.0;
        }
        self.shared(other) as f64 / fewer as f64
    }
}

/// All runs of five among the hashes of words in a row.
pub(super) fn runs_of_five(words: &[u64]) -> impl Iterator<Item = u64> + '_ {
    let run = |run: &[u64]| run.iter().fold(0, |sum, word| mix(sum ^ word));
    words.windows(5).map(run)
}

/// A hash that stays the same on every machine and with every compiler (FNV-1a, 64 bits): texts
/// chosen by it are reproducible, which the standard hasher does not promise.
pub(super) fn hash(text: &str) -> u64 {
    fnv(text.bytes())
}

fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(FNV_START, fnv_bits)
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv_bits(sum: u64, byte: u8) -> u64 {
    (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

/// The hash of a folded word.
pub(super) fn hash_folded(word: &str) -> u64 {
    if word.is_ascii() {
        return fnv(word.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    hash(&fold(word))
}

/// A map of words known to the program, asked for nearly every word of a text: strangers choose
/// none of its keys, so that it need not guard against chosen ones.
pub(super) type WordMap<W, V> = HashMap<W, V, BuildHasherDefault<WordHasher>>;

/// A set of such words.
pub(super) type WordSet<W> = HashSet<W, BuildHasherDefault<WordHasher>>;

/// See [`hash`].
pub(super) struct WordHasher(u64);

impl Default for WordHasher {
    fn default() -> WordHasher {
        WordHasher(FNV_START)
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().copied().fold(self.0, fnv_bits);
    }

    fn finish(&self) -> u64 {
        self.0
    }
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
        let all: Vec<&str> = words("-- '' Ünal’s-Öl'’- x-").collect();
        assert_eq!(all, ["Ünal’s-Öl", "x"]);
        assert_eq!(words(" -' ").next(), None);
    }

    fn five_grams(text: &str) -> Hashes {
        let hashes: Vec<u64> = words(&fold(text)).map(hash).collect();
        runs_of_five(&hashes).collect()
    }

    #[test]
    fn overlap_is_one_for_a_part_and_nought_for_strangers() {
        let whole = five_grams("the edge compounds fast once the first team has moved");
        let overlap = |text: &str| five_grams(text).overlap(&whole);
        assert_eq!(overlap("The edge compounds fast once"), 1.0);
        assert_eq!(overlap("nothing of this was ever said before"), 0.0);
        assert_eq!(overlap("too short"), 0.0);
    }

    #[test]
    fn hashes_never_change() {
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash_folded("Été"), hash("été"));
        assert_eq!(hash_folded("A"), hash("a"));
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }
}
