//! Where a quotation begins: the lines mail programs write above it.
//!
//! Purpose: recognise them in any language by their form first and by their verbs second. A line
//! that introduces marked lines needs little proof, since those lines are quoted anyway; one that
//! introduces unmarked lines hides the rest of the mail and needs a verb or a block of headers.

use std::sync::LazyLock;

use super::Line;
use crate::words::Words;
use crate::words::folding::{cut, fold};

/// The lines an attribution may be wrapped over.
const ATTRIBUTION_LINES_MAX: usize = 4;

/// The head of a quotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// So many lines introduce lines that are marked themselves.
    OfMarked(usize),
    /// The rest of the mail is quoted, and so many lines above belong to the head.
    OfRest(usize),
}

/// The head that begins at the first of these lines.
pub(super) fn at(rest: &[Line<'_>]) -> Option<Head> {
    let first = rest.first().filter(|line| !line.is_empty())?;
    let is_enclosed = is_enclosed_head(first);
    if is_enclosed || is_separator(first) || is_header_block(rest) || is_notes_block(rest) {
        return Some(Head::OfRest(0));
    }
    let length = (1..=ATTRIBUTION_LINES_MAX).find(|&n| is_attribution(rest, n))?;
    if length > 1 && begins_later(rest, length) {
        return None;
    }
    let after = rest.get(length..).unwrap_or_default();
    let next = after.iter().find(|line| !line.is_empty());
    if next.is_some_and(Line::is_marked) {
        return Some(Head::OfMarked(length));
    }
    is_attribution_with_verb(rest, length).then_some(Head::OfRest(0))
}

/// Whether the first line is the end of the person's own words, and the head begins below it.
fn begins_later(rest: &[Line<'_>], length: usize) -> bool {
    let below = rest.get(1..).unwrap_or_default();
    let is_head = (1..length).any(|n| is_attribution(below, n));
    let first = rest.first().map_or("", |line| line.folded);
    let opens = below.first().is_some_and(|line| {
        let word = line.folded.split(' ').next().unwrap_or_default();
        ["on", "am", "le", "el", "il", "op", "em", "den", "w", "dnia"].contains(&word)
            || word.starts_with(|c: char| c.is_ascii_digit()) && !word.contains(':')
    });
    is_head && (opens || first.ends_with(['.', '!', '?']))
}

/// GroupWise's head, `>>> Ada <ada@x> 10/09/2025 09:14 >>>`: what follows it is not marked.
pub(super) fn is_enclosed_head(line: &Line<'_>) -> bool {
    let inner = line.raw.trim().strip_prefix(">>>");
    let inner = inner.and_then(|inner| inner.strip_suffix(">>>"));
    inner.is_some_and(|inner| names_sender_or_time(&fold(inner)) && !inner.contains(">>>"))
}

fn is_separator(line: &Line<'_>) -> bool {
    static SEPARATOR: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_separator.txt")));
    let is_drawn = line.folded.starts_with(['-', '_', '=', '*']);
    (is_drawn || line.folded.starts_with("begin forwarded") || line.folded.starts_with("anfang"))
        && SEPARATOR.is_match(line.folded)
}

/// The lines of a possible attribution as one folded text; none if there are gaps or marks.
fn attribution(rest: &[Line<'_>], length: usize) -> Option<String> {
    let lines = rest.get(..length)?;
    let is_broken = lines.iter().any(|line| line.is_empty() || line.is_marked());
    let joined: Vec<&str> = lines.iter().map(|line| line.folded).collect();
    let joined = joined.join(" ");
    (!is_broken && joined.len() <= 600).then_some(joined)
}

/// "On Tue, Ada wrote:" in any language: it ends in a colon and names an address or a time; or it
/// has the verb.
fn is_attribution(rest: &[Line<'_>], length: usize) -> bool {
    let Some(last) = length.checked_sub(1).and_then(|last| rest.get(last)) else {
        return false;
    };
    let ends = last.folded.ends_with([':', '：']);
    if !ends && !has_verb(last.folded) {
        return false;
    }
    let Some(joined) = attribution(rest, length) else {
        return false;
    };
    if is_spoken(&joined) {
        return false;
    }
    let next = rest.iter().skip(length).find(|line| !line.is_empty());
    let is_before_marked = next.is_some_and(Line::is_marked);
    let is_formal = ends && is_before_marked && names_sender_or_time(&joined);
    is_formal || is_attribution_with_verb(rest, length)
}

fn is_attribution_with_verb(rest: &[Line<'_>], length: usize) -> bool {
    static WROTE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_attribution.txt")));
    let Some(joined) = attribution(rest, length) else {
        return false;
    };
    let is_dated = joined.chars().any(|c| c.is_ascii_digit()) || joined.contains('@');
    let ends = joined.ends_with([':', '：']);
    (is_dated || length == 1 && ends) && !is_spoken(&joined) && WROTE.is_match(&joined)
}

/// Whether the text is a sentence of the person's own that merely speaks of writing.
fn is_spoken(joined: &str) -> bool {
    [
        " i wrote",
        " we wrote",
        " you wrote",
        "schrieb ich",
        "ho scritto",
        "j'ai ecrit",
    ]
    .iter()
    .any(|words| joined.contains(words))
        && !joined.contains('@')
        && !joined.ends_with("you wrote:")
}

fn has_verb(folded: &str) -> bool {
    static VERB: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_verb.txt")));
    VERB.is_match(folded)
}

fn names_sender_or_time(joined: &str) -> bool {
    static TIME: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_time.txt")));
    joined.contains('@') || TIME.is_match(joined) || has_verb(joined)
}

/// Outlook's unmarked head: From, then Sent or Date, To or Subject within the next lines; or the
/// same fields in another order, as some programs write them.
fn is_header_block(rest: &[Line<'_>]) -> bool {
    static FIRST: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_from.txt")));
    static NEXT: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("../words/quote_fields.txt")));
    let Some(first) = rest.first() else {
        return false;
    };
    let is_from = FIRST.is_match(first.folded);
    if !is_from && !NEXT.is_match(first.folded) {
        return false;
    }
    let next = || {
        let next = rest.iter().skip(1).filter(|line| !line.is_empty());
        next.take(5).map(|line| line.folded)
    };
    let fields = next().filter(|line| NEXT.is_match(line)).count();
    if is_from {
        if is_block_on_one_line(first.folded) {
            return true;
        }
        let says_sender = first.folded.contains('@') || first.folded.len() > 6;
        return fields >= 2 || fields == 1 && says_sender && first.folded.contains('@');
    }
    fields >= 1 && next().any(|line| FIRST.is_match(line))
}

/// The same block where the line breaks were thrown away.
fn is_block_on_one_line(folded: &str) -> bool {
    let has = |fields: &[&str]| fields.iter().any(|field| folded.contains(field));
    has(&[
        " sent:",
        " date:",
        " gesendet:",
        " datum:",
        " envoye",
        " enviad",
        " fecha:",
        " inviato:",
        " verzonden:",
    ]) && has(&[" to:", " an:", " a:", " a :", " para:", " aan:"])
}

/// The head of Lotus Notes: name and date above, then `To`, `cc` and `Subject` on lines of their
/// own.
fn is_notes_block(rest: &[Line<'_>]) -> bool {
    let is_word = |line: &Line<'_>, words: &[&str]| {
        let word = line.folded.trim_end_matches([':', ' ']);
        words.contains(&word)
            || words.iter().any(|w| {
                line.raw.starts_with(char::is_whitespace)
                    && line.folded.starts_with(&format!("{w}:"))
            })
    };
    let Some(first) = rest.first() else {
        return false;
    };
    if !is_word(first, &["to", "an", "a", "para", "aan"]) && !is_notes_sender(first) {
        return false;
    }
    let next: Vec<&Line<'_>> = rest
        .iter()
        .skip(1)
        .filter(|l| !l.is_empty())
        .take(8)
        .collect();
    let has = |words: &[&str]| next.iter().any(|line| is_word(line, words));
    has(&["cc", "kopie", "copie", "bcc"])
        && has(&[
            "subject",
            "thema",
            "betreff",
            "objet",
            "asunto",
            "oggetto",
            "onderwerp",
        ])
}

/// `Ada Lovelace/US/Acme` or `Ada <ada@x> 03/04/2026 09:12 AM` above the fields.
fn is_notes_sender(line: &Line<'_>) -> bool {
    let folded = cut(line.folded, 200);
    let is_dated = folded.contains(':') && folded.chars().any(|c| c.is_ascii_digit());
    is_dated && (folded.contains('@') || folded.matches('/').count() >= 3)
}
