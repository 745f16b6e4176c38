//! Names of folders as IMAP spells them: letters outside ASCII in modified UTF-7 (RFC 3501 section
//! 5.1.3).
//!
//! Purpose: people name a folder as their mail program shows it. Invariant: what is spelled that
//! way already stays as it is, because that is what servers list and older settings hold.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use unicode_normalization::UnicodeNormalization;

const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// The name as the server knows it.
pub(super) fn spelled(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| matches!(c, ' '..='~') && c != '&';
    if name.chars().all(is_plain) || decode(name).is_some_and(|plain| encode(&plain) == name) {
        return Cow::Borrowed(name);
    }
    // Servers keep composed letters; macOS gives them taken apart.
    Cow::Owned(encode(&name.nfc().collect::<String>()))
}

/// The name as people know it; one that is not spelled by the rules stays as it is.
pub(super) fn shown(name: &str) -> String {
    decode(name).unwrap_or_else(|| name.to_string())
}

fn encode(name: &str) -> String {
    let mut encoded = String::new();
    let mut foreign: Vec<u8> = Vec::new();
    let mut units = [0; 2];
    for c in name.chars() {
        if !matches!(c, ' '..='~') {
            let units = c.encode_utf16(&mut units);
            foreign.extend(units.iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        flush(&mut foreign, &mut encoded);
        encoded.push(c);
        if c == '&' {
            encoded.push('-');
        }
    }
    flush(&mut foreign, &mut encoded);
    encoded
}

fn flush(foreign: &mut Vec<u8>, encoded: &mut String) {
    if !foreign.is_empty() {
        encoded.push('&');
        encoded.push_str(&BASE64.encode(&foreign));
        encoded.push('-');
        foreign.clear();
    }
}

/// None for what is not modified UTF-7.
fn decode(name: &str) -> Option<String> {
    let mut decoded = String::new();
    let mut rest = name;
    while let Some((plain, after)) = rest.split_once('&') {
        decoded.push_str(plain);
        let (shifted, after) = after.split_once('-')?;
        rest = after;
        if shifted.is_empty() {
            decoded.push('&');
            continue;
        }
        let bytes = BASE64.decode(shifted).ok()?;
        let (units, odd) = bytes.as_chunks::<2>();
        if !odd.is_empty() {
            return None;
        }
        let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
        let letters: Result<String, _> = char::decode_utf16(units).collect();
        decoded.push_str(&letters.ok()?);
    }
    decoded.push_str(rest);
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(spelled(name), expected);
        assert_eq!(spelled(expected), expected, "spelled once, it stays");
        let known: String = name.nfc().collect();
        assert!(shown(expected) == known || name == expected, "{expected}");
    }

    #[test]
    fn names_are_spelled_as_servers_spell_them() {
        check("INBOX", "INBOX");
        check("[Gmail]/Spam", "[Gmail]/Spam");
        check("Entwürfe", "Entw&APw-rfe");
        check("Entwu\u{308}rfe", "Entw&APw-rfe");
        check("Éléments envoyés", "&AMk-l&AOk-ments envoy&AOk-s");
        check("R&D", "R&-D");
        check("R&-D", "R&-D");
        check("迷惑メール", "&j,dg0TDhMPww6w-");
        check("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        check("😀", "&2D3eAA-");
        check("&", "&-");
        check("a\tb", "a&AAk-b");
    }

    #[test]
    fn what_only_looks_spelled_is_taken_as_typed() {
        for (name, expected) in [
            ("Q&A-Team", "Q&-A-Team"),
            ("&APw", "&-APw"),
            ("&AGE-", "&-AGE-"),
            ("&2D0-", "&-2D0-"),
            ("&é-", "&-&AOk--"),
        ] {
            assert_eq!(spelled(name), expected);
            assert_eq!(shown(expected), name);
        }
        assert_eq!(shown("&!-"), "&!-");
    }
}
