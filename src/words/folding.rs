//! Text as the word rules see it: one case, no accents, one kind of apostrophe, single spaces.
//!
//! Purpose: let a rule be written once for `Grüße`, `GRÜSSE` and `grusse`, and let its pattern be
//! plain ASCII. Invariant: the result holds no control character and is never longer than the cap.
//! This module knows no rule.

use regex::{Regex, RegexBuilder, bytes};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most characters any rule looks at; what people want stands at the top of a mail.
const CHARS_MAX: usize = 8_000;

/// The most that one pattern or list may remember of the texts it met, in bytes, once for each
/// direction it reads in: hostile texts fill whatever they may, and there are over a hundred.
pub const CACHE_BYTES_MAX: usize = 512 * 1024;

/// Folds a text for matching. Line breaks become spaces, because mail programs wrap lines anywhere.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    let mut folded = String::with_capacity(text.len().min(CHARS_MAX));
    let mut chars = 0;
    let mut space = true;
    for c in text
        .nfkd()
        .filter(|&c| !is_combining_mark(c) || !is_latin_mark(c))
        .take(CHARS_MAX)
    {
        let c = match c {
            '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '`' | '\u{b4}' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
            '\u{2010}'..='\u{2015}' => '-',
            c => c,
        };
        if c.is_whitespace() || c.is_control() {
            if !space {
                folded.push(' ');
            }
            space = true;
            continue;
        }
        space = false;
        chars += 1;
        if chars > CHARS_MAX {
            break;
        }
        match c {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'ø' | 'Ø' => folded.push('o'),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            'ł' | 'Ł' => folded.push('l'),
            'ı' => folded.push('i'),
            'đ' | 'Đ' | 'ð' => folded.push('d'),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// The same for the many texts that have no accents to lose.
fn fold_ascii(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().min(CHARS_MAX));
    for word in cut(text, CHARS_MAX).split(|c: char| c.is_ascii_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().map(|c| match c {
            '`' => '\'',
            c => c.to_ascii_lowercase(),
        }));
    }
    folded
}

/// Accents of the Latin, Greek and Cyrillic scripts; the marks of others are part of the letter.
fn is_latin_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Compiles one constant pattern, for the rules that need its groups. It should be written for
/// ASCII, as folded text is; `\b` means an ASCII word boundary, which is far cheaper.
#[expect(
    clippy::expect_used,
    reason = "the pattern is a constant; every test compiles it"
)]
pub fn pattern(text: &str) -> Regex {
    let regex = RegexBuilder::new(&text.replace(r"\b", r"(?-u:\b)"))
        .dfa_size_limit(CACHE_BYTES_MAX)
        .build();
    regex.expect("a constant pattern compiles")
}

/// The same for bytes that may be no text.
#[expect(
    clippy::expect_used,
    reason = "the pattern is a constant; every test compiles it"
)]
pub fn byte_pattern(text: &str) -> bytes::Regex {
    let regex = bytes::RegexBuilder::new(text)
        .dfa_size_limit(CACHE_BYTES_MAX)
        .build();
    regex.expect("a constant pattern compiles")
}

/// At most `max` characters of a text.
pub fn cut(text: &str, max: usize) -> &str {
    match text.char_indices().nth(max) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// One line without control characters, at most `max` characters: how text of strangers is kept.
pub fn one_line(text: &str, max: usize) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    cut(&words.join(" "), max).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(fold(text), expected, "{text:?}");
    }

    #[test]
    fn spellings_of_one_word_fold_into_one() {
        check("Grüße", "grusse");
        check("GRÜSSE", "grusse");
        check("N’écrivez  plus\r\n\tà moi", "n'ecrivez plus a moi");
        check("  \u{0}\u{7}x\u{a0}y ", "x y");
        check("“Não”—obrigado", "\"nao\"-obrigado");
        check("", "");
    }

    #[test]
    fn other_scripts_keep_their_marks() {
        assert_ne!(fold("が"), fold("か"));
    }

    #[test]
    fn a_long_text_is_cut() {
        assert!(fold(&"ab ".repeat(100_000)).chars().count() <= CHARS_MAX);
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(one_line("a\r\nBcc: x\u{1b}[0m", 100), "a Bcc: x [0m");
    }
}
