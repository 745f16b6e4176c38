//! A folded text as words, numbers and marks, with their places.
//!
//! Purpose: one pass over a text, so that numbers are read from tokens and not searched by pattern.
//! Invariant: a number is digits with separators alone; `b2b`, `4runr` and `2nd` are words.
//! This module does not know what a number means.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Letters, perhaps with digits or an apostrophe inside.
    Word,
    /// Digits; the value is that without separators.
    Number(f64),
    /// Anything else that is no white space.
    Mark,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub text: &'a str,
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// No white space stands before it.
    pub glued: bool,
}

/// The tokens of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut all: Vec<Token<'_>> = Vec::with_capacity(text.len() / 5);
    let mut glued = true;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if c.is_whitespace() {
            // A line ends what stands before it, as a full stop does.
            glued = false;
            if c == '\n' {
                all.push(token(text, at, at + 1, Kind::Mark, false));
            }
            at += c.len_utf8();
            continue;
        }
        let (end, kind) = if c.is_ascii_digit() {
            number(text, at)
        } else if c.is_alphanumeric() {
            (word_end(text, at), Kind::Word)
        } else {
            (at + c.len_utf8(), Kind::Mark)
        };
        all.push(token(text, at, end, kind, glued));
        glued = true;
        at = end;
    }
    all
}

fn token(text: &str, start: usize, end: usize, kind: Kind, glued: bool) -> Token<'_> {
    Token {
        text: text.get(start..end).unwrap_or_default(),
        kind,
        start,
        end,
        glued,
    }
}

/// Where the word that starts here ends: letters, digits and apostrophes between them.
fn word_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next_is_letter = chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        let is_inner = c == '\'' && next_is_letter;
        if !c.is_alphanumeric() && !is_inner {
            return start + at;
        }
    }
    text.len()
}

/// The number that starts here, or the word it belongs to: `50k` is a number and a unit, `4runr` a
/// word.
fn number(text: &str, start: usize) -> (usize, Kind) {
    let mut end = digits_end(text, start);
    let mut groups = vec![end - start];
    let mut separators = String::new();
    while let Some(separator) = text.get(end..).and_then(|rest| rest.chars().next()) {
        let next = end + separator.len_utf8();
        let n_digits = digits_end(text, next) - next;
        let joins = match separator {
            ',' | '.' | '\'' => n_digits > 0,
            // `58 000`: only whole groups after a short first one are one number.
            ' ' => {
                let is_grouped = groups.iter().skip(1).all(|n| *n == 3)
                    && groups.first().is_some_and(|n| *n <= 3)
                    && separators.chars().all(|c| c == ' ');
                n_digits == 3 && is_grouped
            }
            _ => false,
        };
        if !joins {
            break;
        }
        groups.push(n_digits);
        separators.push(separator);
        end = next + n_digits;
    }
    let suffix_end = word_end(text, end);
    let suffix = text.get(end..suffix_end).unwrap_or_default();
    let is_unit = ["", "k", "m", "bn", "mn", "x", "fold"].contains(&suffix);
    if !is_unit {
        return (suffix_end, Kind::Word);
    }
    let written = text.get(start..end).unwrap_or_default();
    (end, Kind::Number(value(written, &groups)))
}

fn digits_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    start + n_digits
}

/// The value of digits with separators: `1,200`, `1.200` and `1 200` are 1200, `2,5` is 2.5.
fn value(written: &str, groups: &[usize]) -> f64 {
    let is_grouped = groups.iter().skip(1).all(|n| *n == 3)
        && groups.first().is_some_and(|n| *n <= 3)
        && !written.starts_with('0');
    let plain: String = if is_grouped {
        written.chars().filter(char::is_ascii_digit).collect()
    } else {
        // Of several separators only the last divides the fraction: `1,234.5`.
        let last = written.rfind([',', '.']);
        let kept = written.char_indices();
        let kept = kept.filter(|(at, c)| c.is_ascii_digit() || Some(*at) == last);
        kept.map(|(_, c)| if c == ',' { '.' } else { c }).collect()
    };
    plain.parse().unwrap_or(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[f64]) {
        let found: Vec<f64> = tokens(text)
            .into_iter()
            .filter_map(|token| match token.kind {
                Kind::Number(value) => Some(value),
                _ => None,
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn separators_do_not_change_a_number() {
        check("1,200 1.200 1'200", &[1200.0, 1200.0, 1200.0]);
        check("58 000 boîtes, 1 200 300", &[58000.0, 1_200_300.0]);
        check("2,5 3.2 0.125 1,234.5", &[2.5, 3.2, 0.125, 1234.5]);
        check("in 2024 120 came, 7 12 5", &[2024.0, 120.0, 7.0, 12.0, 5.0]);
        check("11%, 6. 10x 50k €5", &[11.0, 6.0, 10.0, 50.0, 5.0]);
    }

    #[test]
    fn names_with_digits_are_words() {
        check("b2b q3 4runr 2nd 1990s 3d mp3", &[]);
        check("", &[]);
        check("９ ９９", &[]);
    }
}
