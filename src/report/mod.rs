//! How a [`Report`](crate::metrics::Report) looks: on a terminal, as one page of HTML, as tables
//! for other programs.
//!
//! Invariant: texts of leads are shown, never obeyed: no markup, no formula, nothing that steers a
//! terminal. This module counts nothing.

pub mod csv;
pub mod files;
pub mod html;
pub mod terminal;

mod words;

/// A text for a terminal: whatever would steer it is made visible.
pub fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => c,
        c if c.is_control() => '\u{fffd}',
        // Marks that turn the direction of what follows could make one text look like another.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}
