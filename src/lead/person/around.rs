//! What profiles write around a name in the same cell: offices, employers, nicknames, pronouns and
//! decoration.

use crate::lead::{company, text};

use super::is_east_asian;
use super::words::{EAST_ASIAN_TITLES, PRONOUNS};

/// What separates a name from an office or an employer.
const MARKS: [&str; 9] = [
    "|", " - ", " – ", " — ", " • ", " · ", " // ", " @ ", " at ",
];

/// Brackets and quotes that hold an aside.
const PAIRS: [(char, char); 8] = [
    ('(', ')'),
    ('[', ']'),
    ('"', '"'),
    ('“', '”'),
    ('„', '“'),
    ('„', '”'),
    ('«', '»'),
    ('‹', '›'),
];

/// The name alone on its line, with its titles and degrees. `company` is where the person works.
pub(super) fn taken_off(line: &str, company: &str) -> String {
    let line = without_asides(before_office(line));
    without_decoration(without_employer(&line, company)).to_string()
}

/// The words without the form of address that follows a Japanese or Chinese name.
pub(super) fn without_east_asian_title(mut words: Vec<String>) -> Vec<String> {
    let Some(last) = words.pop() else {
        return words;
    };
    let name = |title: &&str| last.strip_suffix(*title);
    match EAST_ASIAN_TITLES.iter().find_map(name) {
        Some("") if words.iter().any(|word| is_east_asian(word)) => {}
        Some(name) if name.chars().count() > 1 && is_east_asian(name) => {
            words.push(name.to_string())
        }
        _ => words.push(last),
    }
    words
}

/// Whether a word tells somebody's pronouns: `she/her`.
pub(super) fn is_pronouns(word: &str) -> bool {
    let word = word.to_lowercase();
    word.contains('/')
        && word
            .split('/')
            .all(|piece| PRONOUNS.contains(&piece.trim_matches('.')))
}

/// The text before a bar, a dash that stands alone, or an `at`.
fn before_office(line: &str) -> &str {
    let end = MARKS
        .iter()
        .filter_map(|mark| line.find(mark))
        .filter(|at| *at > 0)
        .min();
    end.and_then(|at| line.get(..at)).unwrap_or(line).trim()
}

/// The name without what stands in brackets or quotes, unless no more than one word would be left:
/// in `Vey “Quill”` the quotes are decoration. A bracket that a network cut off ends the name.
fn without_asides(line: &str) -> String {
    let mut kept = line.to_string();
    for (open, close) in PAIRS {
        // Every round takes a pair off, so that the length bounds the rounds.
        while let Some((head, rest)) = kept.split_once(open) {
            let Some((aside, tail)) = rest.split_once(close) else {
                if open == '(' && !head.trim().is_empty() {
                    kept = head.trim().to_string();
                }
                break;
            };
            let without = text::one_line(&format!("{head} {tail}"));
            let with = text::one_line(&format!("{head} {aside} {tail}"));
            kept = if without.contains(' ') || open == '(' {
                without
            } else {
                with
            };
        }
    }
    kept
}

/// The words without nicknames in the quotes that are also apostrophes: `Robert 'Bob' Vey`.
pub(super) fn without_nicknames(mut words: Vec<String>) -> Vec<String> {
    let opens = |word: &String| word.starts_with(['\'', '‘', '’']) && word.chars().count() > 2;
    let closes = |word: &String| word.ends_with(['\'', '’']);
    while let Some(from) = words.iter().position(opens)
        && let Some(len) = words.iter().skip(from).position(closes)
        && words.len() > len + 2
    {
        words.drain(from..=from + len);
    }
    words
}

/// The name before the company, where that follows a comma or a small word.
fn without_employer<'a>(line: &'a str, company: &str) -> &'a str {
    let short = company::short(company);
    if short.is_empty() {
        return line;
    }
    for mark in [",", " of ", " from ", " bei "] {
        if let Some((name, employer)) = line.rsplit_once(mark)
            && company::is_same_name(&company::short(employer.trim()), &short)
        {
            return name;
        }
    }
    line
}

/// A name or a word of it without stars, dashes and the like at its ends.
pub(super) fn without_decoration(line: &str) -> &str {
    let is_mark = |c: char| {
        matches!(
            c,
            '*' | '~' | '-' | '–' | '—' | ',' | ';' | ':' | '•' | '·' | '"' | ' '
        )
    };
    line.trim_matches(is_mark)
}
