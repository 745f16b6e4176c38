//! Bytes and HTML into plain text, whatever they claim to be.
//!
//! Purpose: charsets that are missing or wrong, HTML as a reader sees it, flowed paragraphs, and no
//! invisible characters. Invariant: never fails, and takes time linear in its bounded input.

use std::borrow::Cow;
use std::sync::LazyLock;

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, ISO_2022_JP};

use crate::words::Words;
use crate::words::folding::cut;

/// HTML that is rendered, in characters.
const HTML_CHARS_MAX: usize = 200_000;
/// How deep elements of HTML may nest.
const HTML_DEPTH_MAX: usize = 60;

/// Text of an unknown charset: what its byte order mark says, UTF-8 if it is valid, Japanese if it
/// switches sets as mail does (RFC 1468), else the guess of a detector.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0;
    }
    if switches_sets(bytes) {
        return ISO_2022_JP.decode(bytes).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut detector = EncodingDetector::new();
            let sample = bytes.get(..8_192).unwrap_or(bytes);
            detector.feed(sample, true);
            detector.guess(None, false).decode(bytes).0
        }
    }
}

/// Whether a text announces Japanese by escape sequences.
pub(super) fn switches_sets(bytes: &[u8]) -> bool {
    bytes
        .windows(3)
        .any(|w| matches!(w, [0x1b, b'$', b'B' | b'@'] | [0x1b, b'(', b'I' | b'J']))
}

/// Whether a text calls itself HTML by how it begins.
pub(super) fn looks_like_html(text: &str) -> bool {
    let start = cut(text.trim_start(), 15).to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// HTML as a reader sees it; quoted blocks become lines that begin with `>`.
pub(super) fn html_to_text(html: &str) -> String {
    static HIDDEN: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/mime_hidden.txt")));
    let shown = HIDDEN.without(cut(html, HTML_CHARS_MAX));
    html2text::config::plain_no_decorate()
        .raw_mode(true)
        .no_table_borders()
        .no_link_wrapping()
        .allow_width_overflow()
        .string_from_read(shallow(&shown).as_bytes(), 2_000)
        .unwrap_or_default()
}

/// HTML whose elements nest no deeper than any mail program makes them: the renderer's time grows
/// with the square of the depth. Elements that close themselves do not count.
fn shallow(html: &str) -> String {
    const FLAT: &[&str] = &[
        "p", "li", "td", "th", "tr", "dt", "dd", "option", "br", "hr", "img", "meta", "link",
        "input", "col", "area", "base", "embed", "source", "track", "wbr", "!doctype",
    ];
    let mut out = String::with_capacity(html.len());
    let (mut depth, mut dropped) = (0_usize, 0_usize);
    let mut pieces = html.split('<');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|c: char| c.is_whitespace() || matches!(c, '>' | '<'));
        let name = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
        let is_closing = name.starts_with('/');
        let name = name.trim_matches('/').to_ascii_lowercase();
        let is_element = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let mut is_kept = true;
        if is_element && !FLAT.contains(&name.as_str()) {
            match (is_closing, dropped, depth) {
                (true, 1.., _) => (dropped, is_kept) = (dropped - 1, false),
                (true, 0, _) => depth = depth.saturating_sub(1),
                (false, _, HTML_DEPTH_MAX..) => (dropped, is_kept) = (dropped + 1, false),
                (false, _, _) => depth += 1,
            }
        }
        if is_kept {
            out.push('<');
            out.push_str(piece);
        } else {
            out.push_str(piece.split_once('>').map_or("", |(_, text)| text));
        }
    }
    out
}

/// Joins the soft line breaks of `format=flowed` (RFC 3676): a line ending in a space goes on.
pub(super) fn unflow(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        if open != Some(depth) {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 {
                out.push(' ');
            }
        }
        let is_soft = content.ends_with(' ') && content != "-- ";
        let content = if is_soft && delete_space {
            content.strip_suffix(' ').unwrap_or(content)
        } else {
            content
        };
        out.push_str(content);
        open = is_soft.then_some(depth);
        if !is_soft {
            out.push('\n');
        }
    }
    out
}

/// No control characters but line breaks, no invisible ones, ordinary spaces.
pub(super) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\t' | '\u{a0}' | '\u{2007}' | '\u{202f}' => Some(' '),
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => None,
            '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// A text without the armour of a signature in the clear (RFC 9580 section 7).
pub(super) fn unarmoured(text: &str) -> Cow<'_, str> {
    if !text.contains("-----BEGIN PGP SIGNED MESSAGE-----") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut in_head, mut in_signature) = (false, false);
    for line in text.lines() {
        match line.trim_end() {
            "-----BEGIN PGP SIGNED MESSAGE-----" => in_head = true,
            "-----BEGIN PGP SIGNATURE-----" => in_signature = true,
            "-----END PGP SIGNATURE-----" => in_signature = false,
            "" if in_head => in_head = false,
            line if !in_head && !in_signature => {
                out.push_str(line.strip_prefix("- ").unwrap_or(line));
                out.push('\n');
            }
            _ => {}
        }
    }
    Cow::Owned(out)
}

/// Whether a text is nothing but an encrypted message (RFC 9580 section 6.2).
pub(super) fn is_armoured(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN PGP MESSAGE-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_without_a_charset_are_read_as_what_they_are() {
        let (japanese, ..) = ISO_2022_JP.encode("宛先不明");
        for (bytes, expected) in [
            ("Grüße".as_bytes(), "Grüße"),
            (
                b"Gr\xfc\xdfe, sch\xf6nen Tag und bis bald",
                "Grüße, schönen Tag und bis bald",
            ),
            (&japanese, "宛先不明"),
            (b"\xff\xfeJ\0a\0", "Ja"),
            (
                b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0",
                "Привет, как дела",
            ),
            (b"", ""),
        ] {
            assert_eq!(decode(bytes), expected);
        }
    }

    #[test]
    fn a_signature_in_the_clear_is_no_words() {
        let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nYes.\n- -- \nBob\n\
                      -----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n";
        assert_eq!(unarmoured(signed), "Yes.\n--\nBob\n");
        assert_eq!(unarmoured("Yes."), "Yes.");
    }
}
