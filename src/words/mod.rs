//! The word lists that strangers' texts are judged by: data files, one pattern a line.
//!
//! Purpose: keep what programs and people say in seven languages out of the code that weighs it.
//! Each file of a module's `words/` opens with `#` lines saying what it lists; patterns are regular
//! expressions over folded text (see [`folding`]), matched by bytes, which folded text
//! allows. Invariant: matching is linear in the text, whatever the text (automata are built as they
//! are needed, and nothing backtracks), and what a list remembers of the texts it met is bounded.

pub mod folding;

use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::OnceLock;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::iter::Searcher;
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, Match, MatchKind};
use unicode_normalization::UnicodeNormalization;

use folding::CACHE_BYTES_MAX;

/// A list of patterns.
pub struct Words {
    pattern: String,
    forward: DFA,
    /// Reads back from the end of a match to its beginning; most lists are never asked for it.
    backward: OnceLock<DFA>,
    remembered: Pool<Remembered, Create>,
}

/// What a thread remembers of the texts it met, by direction.
struct Remembered {
    forward: Cache,
    backward: Option<Cache>,
}

type Create = Box<dyn Fn() -> Remembered + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// A place where one of the patterns matched.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The matched words.
    pub text: String,
    /// Where they begin, in bytes.
    pub start: usize,
    /// Where they end, in bytes.
    pub end: usize,
}

impl Words {
    /// Compiles the patterns of a data file.
    pub fn new(list: &str) -> Words {
        let lines = list
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let patterns: Vec<String> = lines
            .map(|line| format!("(?:{})", line.nfkd().collect::<String>()))
            .collect();
        let pattern = patterns.join("|");
        let forward = automaton(&pattern, false);
        let remembering = forward.clone();
        let create = move || Remembered {
            forward: remembering.create_cache(),
            backward: None,
        };
        Words {
            pattern,
            forward,
            backward: OnceLock::new(),
            remembered: Pool::new(Box::new(create)),
        }
    }

    /// Whether a pattern matches somewhere.
    pub fn is_match(&self, folded: &str) -> bool {
        let input = Input::new(folded.as_bytes()).earliest(true);
        let mut remembered = self.remembered.get();
        let found = self.forward.try_search_fwd(&mut remembered.forward, &input);
        found.is_ok_and(|end| end.is_some())
    }

    /// The first match.
    pub fn find(&self, folded: &str) -> Option<Found> {
        self.find_all(folded).next()
    }

    /// The matches from left to right, at most twenty.
    pub fn find_all<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = Found> + 'a {
        self.places(folded).take(20).map(|place| Found {
            text: String::from_utf8_lossy(slice(folded, &place)).into_owned(),
            start: place.start,
            end: place.end,
        })
    }

    /// The text with every byte of every match replaced by a space: places stay where they are.
    pub fn blanked(&self, folded: &str) -> String {
        let mut bytes = folded.as_bytes().to_vec();
        for place in self.places(folded) {
            if let Some(place) = bytes.get_mut(place) {
                place.fill(b' ');
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The text with every match replaced by a space.
    pub fn without(&self, folded: &str) -> String {
        let mut rest = Vec::with_capacity(folded.len());
        let mut end = 0;
        for place in self.places(folded) {
            rest.extend(slice(folded, &(end..place.start)));
            rest.push(b' ');
            end = place.end;
        }
        rest.extend(slice(folded, &(end..folded.len())));
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Where the matches are, from left to right.
    fn places<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut searcher = Searcher::new(Input::new(folded.as_bytes()));
        std::iter::from_fn(move || {
            let place = searcher.advance(|input| Ok(self.first(input)));
            place.map(|place| place.range())
        })
    }

    /// The first match of what is left of a text: its end, and from there its beginning.
    fn first(&self, input: &Input<'_>) -> Option<Match> {
        let mut remembered = self.remembered.get();
        let remembered = &mut *remembered;
        let forward = &mut remembered.forward;
        let end = self.forward.try_search_fwd(forward, input).ok()??;
        let backward = self.backward.get_or_init(|| automaton(&self.pattern, true));
        let place = input.start()..end.offset();
        let back = input.clone().range(place).anchored(Anchored::Yes);
        let remembered = remembered
            .backward
            .get_or_insert_with(|| backward.create_cache());
        let start = backward.try_search_rev(remembered, &back).ok()??;
        Some(Match::new(end.pattern(), start.offset()..end.offset()))
    }
}

/// The bytes of a place in a text; a pattern may begin or end within a character.
fn slice<'a>(text: &'a str, place: &Range<usize>) -> &'a [u8] {
    text.as_bytes().get(place.clone()).unwrap_or_default()
}

/// The automaton that finds the end of the first match, or backwards from there its beginning.
#[expect(
    clippy::expect_used,
    reason = "the lists are constants; every test compiles them"
)]
fn automaton(pattern: &str, is_backward: bool) -> DFA {
    let kind = match is_backward {
        // Backwards from its end, a match begins as far away as it can.
        true => MatchKind::All,
        false => MatchKind::LeftmostFirst,
    };
    DFA::builder()
        .configure(
            DFA::config()
                .match_kind(kind)
                .cache_capacity(CACHE_BYTES_MAX)
                .skip_cache_capacity_check(true),
        )
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .thompson(
            thompson::Config::new()
                .utf8(false)
                .reverse(is_backward)
                .which_captures(WhichCaptures::None),
        )
        .build(pattern)
        .expect("the patterns of a constant list compile")
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
