//! The word lists the rules are made of: data files, one pattern a line.
//!
//! Purpose: keep what programs and people say in seven languages out of the code that weighs it.
//! Each file of `words/` opens with `#` lines saying what it lists; patterns are regular
//! expressions over folded text (see [`super::folding`]), matched by bytes, which folded text
//! allows. Invariant: matching is linear in the text, whatever the text (the regex crate
//! backtracks never).

use regex::bytes::{Regex, RegexBuilder};
use unicode_normalization::UnicodeNormalization;

/// The most that one list may remember of the texts it met, in bytes, once for each direction it
/// reads in: hostile texts fill whatever they may, and there are nearly a hundred lists.
const CACHE_BYTES_MAX: usize = 512 * 1024;

/// A list of patterns.
pub(super) struct Words(Regex);

/// A place where one of the patterns matched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The matched words.
    pub text: String,
    /// Where they begin, in bytes.
    pub start: usize,
    /// Where they end, in bytes.
    pub end: usize,
}

impl Words {
    /// Compiles the patterns of a data file.
    #[expect(
        clippy::expect_used,
        reason = "the lists are constants; every test compiles them"
    )]
    pub(super) fn new(list: &str) -> Words {
        let lines = list
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let patterns: Vec<String> = lines
            .map(|line| format!("(?:{})", line.nfkd().collect::<String>()))
            .collect();
        let joined = patterns.join("|");
        let regex = RegexBuilder::new(&joined)
            .unicode(false)
            .dfa_size_limit(CACHE_BYTES_MAX)
            .build();
        Words(regex.expect("the patterns of a constant list compile"))
    }

    /// Whether a pattern matches somewhere.
    pub(super) fn is_match(&self, folded: &str) -> bool {
        self.0.is_match(folded.as_bytes())
    }

    /// The first match.
    pub(super) fn find(&self, folded: &str) -> Option<Found> {
        self.find_all(folded).next()
    }

    /// The matches from left to right, at most twenty.
    pub(super) fn find_all<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = Found> + 'a {
        self.0
            .find_iter(folded.as_bytes())
            .take(20)
            .map(|found| Found {
                text: String::from_utf8_lossy(found.as_bytes()).into_owned(),
                start: found.start(),
                end: found.end(),
            })
    }

    /// The text with every byte of every match replaced by a space: places stay where they are.
    pub(super) fn blanked(&self, folded: &str) -> String {
        let mut bytes = folded.as_bytes().to_vec();
        for found in self.0.find_iter(folded.as_bytes()) {
            if let Some(place) = bytes.get_mut(found.range()) {
                place.fill(b' ');
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The text with every match replaced by a space.
    pub(super) fn without(&self, folded: &str) -> String {
        let rest = self.0.replace_all(folded.as_bytes(), &b" "[..]);
        String::from_utf8_lossy(&rest).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_matches_where_any_of_its_lines_does() {
        let words = Words::new("# a comment\n\\bfoo\\b\n^ba+r$\n見つかり\n");
        assert!(words.is_match("a foo b") && words.is_match("baar"));
        assert!(!words.is_match("food") && !words.is_match("a comment"));
        assert!(words.is_match(&"宛先が見つかりません".nfkd().collect::<String>()));
        let found = words
            .find("no foo foo")
            .map(|found| (found.text, found.start, found.end));
        assert_eq!(found, Some(("foo".to_string(), 3, 6)));
        assert_eq!(words.find_all("foo foo").count(), 2);
        assert_eq!(words.without("a foo b"), "a   b");
    }
}
