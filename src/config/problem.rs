//! What is wrong with a configuration, and what is merely odd.
//!
//! Invariant: neither a problem nor a warning holds the value of a secret.

use std::fmt;

/// One mistake that keeps the program from starting: where it is, and what was expected and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable with the place its value came from, `SMTP_PORT (.env:3)`, or only a place.
    pub place: String,
    /// What was expected, what was found, and how to mend it where that is not obvious.
    pub message: String,
}

impl Problem {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem {
            place: printable(&place.into()),
            message: printable(&message.into()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Every mistake of a configuration at once, so that nobody mends one per run, and what is odd
/// about it: a misspelt name is often the reason of a mistake. Displays as one line a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>, pub Vec<Warning>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Something odd that does not keep the program from working, as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub String);

impl Warning {
    pub(super) fn new(text: &str) -> Warning {
        Warning(printable(text))
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text someone wrote, for an error line: in backticks and cut short.
pub(super) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    let start: String = text.chars().take(CHARS_MAX).collect();
    let is_cut = text.chars().nth(CHARS_MAX).is_some();
    format!("`{start}{}`", if is_cut { "…" } else { "" })
}

/// The text on one line, with everything else a terminal would not show as it is escaped. Names,
/// paths and the words of foreign errors are as hostile as values.
fn printable(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if is_unprintable(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that would break a line, or turn or hide what a terminal shows.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || c == '\u{feff}'
}
