//! An address as it stands in a cell: what people copy along with it is taken off.
//!
//! Only what surely surrounds one address is taken off. Where two could be meant nothing is chosen:
//! the person who keeps the table knows which, we do not.

use anyhow::ensure;

use crate::lead::text;

/// What stands before a copied address: the scheme of RFC 6068, or the word of a form.
const LABELS: [&str; 3] = ["mailto:", "email:", "e-mail:"];

/// Marks that people put around an address.
const PAIRS: [(char, char); 6] = [
    ('(', ')'),
    ('[', ']'),
    ('"', '"'),
    ('“', '”'),
    ('\'', '\''),
    ('`', '`'),
];

/// The address alone, not yet checked.
pub(super) fn bare(text: &str) -> anyhow::Result<&str> {
    let text = trimmed(text);
    ensure!(
        !text.contains(['\r', '\n']),
        "expected one line, found a line break"
    );
    let mut bare = one_of_equals(text)?;
    if let Some((name, rest)) = bare.split_once('<')
        && let Some((address, "")) = rest.trim_end_matches(is_left_over).split_once('>')
    {
        ensure!(!name.contains('@'), "expected one address, found a list");
        bare = address;
    }
    // Every round takes a pair off, so that the length bounds the rounds.
    loop {
        bare = without_label(trimmed(bare)).trim_end_matches(is_left_over);
        let pair = |(open, close): (char, char)| bare.strip_prefix(open)?.strip_suffix(close);
        match PAIRS.into_iter().find_map(pair) {
            Some(inner) => bare = inner,
            None => return Ok(bare),
        }
    }
}

/// The text, or the one address of it when it holds nothing but repetitions of that.
fn one_of_equals(text: &str) -> anyhow::Result<&str> {
    let is_break = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
    let address = |piece: &str| piece.trim_matches(['<', '>']).to_lowercase();
    let mut pieces = text
        .split(is_break)
        .filter(|piece| piece.contains('@') && piece.len() > 1);
    let (Some(first), Some(second)) = (pieces.next(), pieces.next()) else {
        return Ok(text);
    };
    let is_same = std::iter::once(second)
        .chain(pieces)
        .all(|other| address(other) == address(first));
    ensure!(is_same, "expected one address, found a list");
    Ok(first)
}

/// Without white space and invisible characters at the ends. What turns the reading direction stays
/// and is refused.
fn trimmed(text: &str) -> &str {
    let is_nothing =
        |c: char| c.is_whitespace() || (text::is_invisible(c) && !text::is_direction_override(c));
    text.trim_matches(is_nothing)
}

/// Whether a character behind an address ends its sentence or its place in a list.
fn is_left_over(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | ' ')
}

/// Without the label in front and, where that was a scheme, without the header fields of a link.
fn without_label(text: &str) -> &str {
    for label in LABELS {
        let Some((start, rest)) = text.split_at_checked(label.len()) else {
            continue;
        };
        if start.eq_ignore_ascii_case(label) {
            let address = rest.split_once('?').map_or(rest, |(address, _)| address);
            return address.trim();
        }
    }
    text
}
