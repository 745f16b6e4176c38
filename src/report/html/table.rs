//! Tables as the page shows them.
//!
//! Invariant: the first cell of a row names it; a share from a sample too small to go by is shown
//! as its counts only. This module does not know markup, nor which tables there are.

use serde::Serialize;

use super::scale::Scale;
use super::words;
use crate::metrics::Rate;

/// A table with what it is called.
#[derive(Debug, Default, Serialize)]
pub(super) struct Table {
    /// Unique on the page, from our own words only.
    pub(super) id: String,
    /// What it is called.
    pub(super) caption: String,
    /// The columns.
    pub(super) heads: Vec<Head>,
    /// The rows, as many cells as columns each.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    text: &'static str,
    is_number: bool,
}

/// What a cell shows.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Cell {
    text: String,
    /// What explains the text.
    small: String,
    bar: Option<Bar>,
    is_number: bool,
    is_faint: bool,
}

/// A share and its interval as a picture, in hundredths of its width.
#[derive(Debug, PartialEq, Serialize)]
struct Bar {
    share: String,
    low: String,
    spread: String,
}

impl Head {
    /// A column of texts.
    pub(super) fn text(text: &'static str) -> Head {
        Head {
            text,
            is_number: false,
        }
    }

    /// A column of counts or shares.
    pub(super) fn number(text: &'static str) -> Head {
        Head {
            text,
            is_number: true,
        }
    }
}

impl Cell {
    /// Text; that of strangers is cleaned and cut here.
    pub(super) fn text(text: &str) -> Cell {
        Cell {
            text: words::text(text),
            ..Cell::default()
        }
    }

    /// A name and what belongs to it.
    pub(super) fn named(text: &str, small: &str) -> Cell {
        Cell {
            small: words::text(small),
            ..Cell::text(text)
        }
    }

    /// A count; none is faint, so that the others stand out.
    pub(super) fn count(n: u64) -> Cell {
        Cell {
            text: words::count(n),
            is_number: true,
            is_faint: n == 0,
            ..Cell::default()
        }
    }

    /// Anything that stands in a column of numbers.
    pub(super) fn figure(text: String) -> Cell {
        Cell {
            text,
            is_number: true,
            ..Cell::default()
        }
    }

    /// A share with what it is made of.
    pub(super) fn rate(rate: &Rate) -> Cell {
        let counts = words::made_of(rate);
        match words::share_of(rate) {
            Some(text) => Cell {
                text,
                small: counts,
                is_number: true,
                ..Cell::default()
            },
            None => Cell {
                text: if rate.of == 0 {
                    "–".to_string()
                } else {
                    counts
                },
                is_number: true,
                is_faint: true,
                ..Cell::default()
            },
        }
    }

    /// [`Cell::rate`] with a bar on an axis.
    pub(super) fn rate_on(rate: &Rate, scale: Scale) -> Cell {
        let hundredths = |place: f64| format!("{:.1}", place * 100.0);
        let (low, high) = (
            scale.place_of_share(rate.low),
            scale.place_of_share(rate.high),
        );
        let bar = rate.share.filter(|_| rate.is_enough).map(|share| Bar {
            share: hundredths(scale.place_of_share(share)),
            low: hundredths(low),
            spread: hundredths((high - low).max(0.0)),
        });
        Cell {
            bar,
            ..Cell::rate(rate)
        }
    }

    /// Between what a share likely lies.
    pub(super) fn interval(rate: &Rate) -> Cell {
        match words::share_of(rate) {
            Some(_) => Cell::figure(words::interval(rate)),
            None => Cell {
                is_faint: true,
                ..Cell::figure("not enough data".to_string())
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples_are_shown_as_counts_without_a_bar() {
        let scale = Scale::of_shares(0.2);
        let check = |n: u64, of: u64, text: &str, small: &str, bar: Option<&str>| {
            let cell = Cell::rate_on(&Rate::new(n, of), scale);
            assert_eq!((cell.text.as_str(), cell.small.as_str()), (text, small));
            assert_eq!(cell.bar.map(|bar| bar.share).as_deref(), bar);
        };
        check(10, 100, "10\u{a0}%", "10 of 100", Some("50.0"));
        check(100, 100, "100\u{a0}%", "100 of 100", Some("100.0"));
        check(1, 29, "1 of 29", "", None);
        check(0, 0, "–", "", None);
        assert_eq!(Cell::interval(&Rate::new(1, 29)).text, "not enough data");
    }
}
