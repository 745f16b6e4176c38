//! Screen: one pass over a folded text for the patterns of all rules that read it so.
//!
//! Purpose: the rules about phrases, sentences, news and the series look for thousands of words in
//! the same text; their patterns share one sieve.
//! Invariant: each owner's patterns stand in a row, in the owner's order.
//! This module does not know what a pattern is for.

use std::sync::LazyLock;

use super::sieve::{Found, Sieve};
use super::{news, phrases, progression, sentences, standing};

/// The patterns of all owners, and where those of each begin.
pub(super) struct Screen {
    sieve: Sieve,
    /// Those of [`phrases`].
    pub phrases: usize,
    /// Those of [`sentences`].
    pub sentences: usize,
    /// Those of [`news`].
    pub news: usize,
    /// That of [`progression`].
    pub series: usize,
    /// Those of [`standing`].
    pub standing: usize,
}

/// See [`Screen`].
pub(super) static SCREEN: LazyLock<Screen> = LazyLock::new(|| {
    let mut all = Vec::new();
    let mut join = |patterns: Vec<(String, bool)>| {
        let first = all.len();
        all.extend(patterns);
        first
    };
    let [phrases, sentences] = [phrases::patterns(), sentences::patterns()].map(&mut join);
    let [news, series] = [news::patterns(), progression::patterns()].map(&mut join);
    let standing = join(standing::patterns());
    Screen {
        sieve: Sieve::new(all),
        phrases,
        sentences,
        news,
        series,
        standing,
    }
});

/// What of the patterns stands in a text.
pub(super) fn search(folded: &str) -> Found<'static> {
    SCREEN.sieve.search(folded)
}
