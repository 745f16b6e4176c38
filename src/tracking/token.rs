//! Tokens: what an address of ours says, signed, so that only we can have made it.
//!
//! Purpose: 29 bytes as 39 letters of the URL-safe alphabet (RFC 4648 section 5, without padding):
//!
//! ```text
//!   version 1 | purpose 1 | link 1 | key 2 | message 8 | HMAC-SHA-256 (RFC 2104), cut to 16
//! ```
//!
//! Invariant: a token that is read is, letter for letter, one that a key of ours signed; 16 bytes
//! of the code are as many as RFC 2104 section 5 asks for (half of it). The code covers every byte
//! before it and a label of its own, so that nothing else signed with the same key could be taken
//! for a token. It names no person: whoever has no ledger learns a number. This module does not
//! know where keys are kept nor what a request leads to.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::digest::Key;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

/// The layout above.
const VERSION: u8 = 1;
/// Keeps codes over tokens apart from codes over anything else.
const LABEL: &[u8] = b"outreach token\0";
/// The bytes before the code.
const HEAD_LEN: usize = 13;
/// The bytes of the code.
const CODE_LEN: usize = 16;
/// The bytes of a token.
const TOKEN_LEN: usize = HEAD_LEN + CODE_LEN;
/// The letters of a token.
const TEXT_LEN: usize = 39;

/// What an address in a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A picture that tells of an open.
    Open,
    /// A link of the mail.
    Click {
        /// Which one, counted from 0 in the order of the text.
        link: u8,
    },
    /// The way out (RFC 8058).
    OptOut,
}

impl Purpose {
    /// The purpose as two bytes.
    fn code(self) -> [u8; 2] {
        match self {
            Purpose::Open => [1, 0],
            Purpose::Click { link } => [2, link],
            Purpose::OptOut => [3, 0],
        }
    }

    fn decode(code: u8, link: u8) -> Option<Purpose> {
        match (code, link) {
            (1, 0) => Some(Purpose::Open),
            (2, link) => Some(Purpose::Click { link }),
            (3, 0) => Some(Purpose::OptOut),
            _ => None,
        }
    }
}

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// What for.
    pub purpose: Purpose,
    /// The message's row id.
    pub message: i64,
}

/// The keys that are believed. The newest signs. Shown, they show how many they are.
#[derive(Clone)]
pub struct Keys {
    /// The oldest first.
    keys: Vec<DatedKey>,
}

#[derive(Clone)]
struct DatedKey {
    id: i64,
    /// Mails of this instant and later are signed with it.
    since: DateTime<Utc>,
    secret: Arc<SecretBox<[u8; 32]>>,
}

impl Keys {
    /// Keys by their ids, the highest being the newest. Without any, nothing is believed and what
    /// is signed is empty.
    pub fn new(keys: Vec<(i64, [u8; 32])>) -> Keys {
        let since = DateTime::<Utc>::MIN_UTC;
        Keys::dated(keys.into_iter().map(|(id, secret)| (id, since, secret)))
    }

    /// Keys with the instants from which each of them signs mails.
    pub fn dated(keys: impl IntoIterator<Item = (i64, DateTime<Utc>, [u8; 32])>) -> Keys {
        let mut keys: Vec<DatedKey> = keys
            .into_iter()
            .map(|(id, since, secret)| DatedKey {
                id,
                since,
                secret: Arc::new(SecretBox::new(Box::new(secret))),
            })
            .collect();
        keys.sort_by_key(|key| (key.since, key.id));
        Keys { keys }
    }

    /// The keys as they were when a mail of this instant was signed, so that the same mail made
    /// again has the same addresses. A mail from before the first key is signed with that one.
    pub fn as_of(&self, at: DateTime<Utc>) -> Keys {
        let n = self.keys.partition_point(|key| key.since <= at);
        Keys {
            keys: self.keys.iter().take(n.max(1)).cloned().collect(),
        }
    }

    /// The token in letters, signed with the newest key.
    pub fn sign(&self, token: &Token) -> String {
        let Some(key) = self.keys.last() else {
            return String::new();
        };
        let head = key.head(token);
        let code = key.mac(&head).finalize().into_bytes();
        let bytes: Vec<u8> = head
            .iter()
            .chain(code.iter().take(CODE_LEN))
            .copied()
            .collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a text says, if it is a token that one of the keys signed. How long the answer takes
    /// tells nothing about how much of a forged code was right.
    pub fn read(&self, text: &str) -> Option<Token> {
        if text.len() != TEXT_LEN {
            return None;
        }
        // The decoder takes only the one spelling that the encoder gives.
        let bytes: [u8; TOKEN_LEN] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (head, code) = bytes.split_at_checked(HEAD_LEN)?;
        let [version, purpose, link, high, low, message @ ..] = head else {
            return None;
        };
        let hint = u16::from_be_bytes([*high, *low]);
        let of_hint = self.keys.iter().filter(|key| key.hint() == hint);
        let is_ours = of_hint
            .map(|key| key.mac(head).verify_truncated_left(code))
            .any(|verified| verified.is_ok());
        if !is_ours || *version != VERSION {
            return None;
        }
        Some(Token {
            purpose: Purpose::decode(*purpose, *link)?,
            message: i64::from_be_bytes(message.try_into().ok()?),
        })
    }
}

impl DatedKey {
    /// The bytes before the code.
    fn head(&self, token: &Token) -> [u8; HEAD_LEN] {
        let mut head = [0; HEAD_LEN];
        let bytes = [VERSION]
            .into_iter()
            .chain(token.purpose.code())
            .chain(self.hint().to_be_bytes())
            .chain(token.message.to_be_bytes());
        for (place, byte) in head.iter_mut().zip(bytes) {
            *place = byte;
        }
        head
    }

    /// The end of the id, which says which key to try; the code alone says whether it was that one.
    fn hint(&self) -> u16 {
        let [.., high, low] = self.id.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    fn mac(&self, head: &[u8]) -> Hmac<Sha256> {
        // A key shorter than a block is filled with zeros (RFC 2104 section 2).
        let mut block = Key::<Hmac<Sha256>>::default();
        for (place, byte) in block.iter_mut().zip(self.secret.expose_secret()) {
            *place = *byte;
        }
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block);
        mac.update(LABEL);
        mac.update(head);
        mac
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.keys.iter().map(|key| key.id).collect::<Vec<_>>();
        f.debug_struct("Keys")
            .field("ids", &ids)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use proptest::prelude::*;

    use super::*;

    fn keys(ids: &[i64]) -> Keys {
        Keys::new(ids.iter().map(|id| (*id, secret(*id))).collect())
    }

    fn secret(id: i64) -> [u8; 32] {
        [id.to_le_bytes()[0] ^ 0x5a; 32]
    }

    fn token(message: i64) -> Token {
        let purpose = Purpose::OptOut;
        Token { purpose, message }
    }

    #[test]
    fn the_format_is_the_documented_one() {
        let click = Token {
            purpose: Purpose::Click { link: 7 },
            message: 0x0102_0304_0506_0708,
        };
        let text = keys(&[0x1_0203]).sign(&click);
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        let head = [1, 2, 7, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(bytes[..13], head);
        // Another implementation of the code comes to the same.
        let key = PKey::hmac(&secret(0x1_0203)).unwrap();
        let mut signer = openssl::sign::Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.update(b"outreach token\0").unwrap();
        signer.update(&head).unwrap();
        assert_eq!(bytes[13..], signer.sign_to_vec().unwrap()[..16]);
        assert_eq!((text.len(), bytes.len()), (39, 29));
    }

    #[test]
    fn the_newest_key_signs_and_all_are_believed() {
        let (old, both) = (keys(&[1]), keys(&[2, 1]));
        let by_old = old.sign(&token(5));
        assert_eq!(both.read(&by_old), Some(token(5)));
        let by_new = both.sign(&token(5));
        assert_ne!(by_new, by_old);
        assert_eq!(old.read(&by_new), None);
        assert_eq!(keys(&[2]).read(&by_old), None);
        // Two keys with one hint are told apart by the code.
        let alike = keys(&[2, 2 + 65_536 + 1, 2 + 65_536]);
        assert_eq!(alike.read(&by_new), Some(token(5)));
        assert_eq!(keys(&[2 + 65_536 * 256 + 7]).read(&by_new), None);
    }

    #[test]
    fn a_mail_made_again_is_signed_with_the_key_of_its_day() {
        let at = |day: u32| DateTime::<Utc>::from_timestamp(i64::from(day) * 86_400, 0).unwrap();
        let rotated = Keys::dated([(1, at(10), secret(1)), (2, at(100), secret(2))]);
        for (day, expected) in [(1, 1), (10, 1), (99, 1), (100, 2), (400, 2)] {
            let made = rotated.as_of(at(day)).sign(&token(9));
            assert_eq!(made, keys(&[expected]).sign(&token(9)), "day {day}");
            assert_eq!(rotated.read(&made), Some(token(9)), "day {day}");
        }
        assert_eq!(rotated.sign(&token(9)), keys(&[2]).sign(&token(9)));
    }

    #[test]
    fn without_a_key_nothing_is_signed_nor_believed() {
        let none = keys(&[]);
        assert_eq!(none.sign(&token(1)), "");
        assert_eq!(none.read(""), None);
        assert_eq!(
            none.as_of(DateTime::UNIX_EPOCH)
                .read(&keys(&[1]).sign(&token(1))),
            None
        );
    }

    #[test]
    fn a_signed_token_of_another_layout_is_refused() {
        #[track_caller]
        fn check(head: [u8; 13], expected: Option<Token>) {
            let keys = keys(&[3]);
            let code = keys.keys[0].mac(&head).finalize().into_bytes();
            let text = URL_SAFE_NO_PAD.encode([&head[..], &code[..16]].concat());
            assert_eq!(keys.read(&text), expected, "{head:?}");
        }
        let good = [1, 3, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9];
        check(good, Some(token(9)));
        for (place, bad) in [(0, 2), (0, 0), (1, 0), (1, 4), (2, 1), (4, 4)] {
            let mut head = good;
            head[place] = bad;
            check(head, None);
        }
    }

    #[test]
    fn keys_are_not_shown() {
        let shown = format!("{:?}", keys(&[4, 1]));
        assert_eq!(shown, "Keys { ids: [1, 4], .. }");
    }

    fn purposes() -> impl Strategy<Value = Purpose> {
        prop_oneof![
            Just(Purpose::Open),
            any::<u8>().prop_map(|link| Purpose::Click { link }),
            Just(Purpose::OptOut),
        ]
    }

    proptest! {
        #[test]
        fn what_is_signed_is_read(purpose in purposes(), message: i64, id: i64, secret: [u8; 32]) {
            let token = Token { purpose, message };
            let keys = Keys::new(vec![(id, secret)]);
            let text = keys.sign(&token);
            prop_assert_eq!(keys.read(&text), Some(token));
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            prop_assert!(text.len() == TEXT_LEN && text.bytes().all(is_plain));
        }

        #[test]
        fn another_letter_is_another_token(
            purpose in purposes(), message: i64, at in 0..TEXT_LEN, letter in "[A-Za-z0-9_=+/ -]",
        ) {
            let keys = keys(&[1, 2]);
            let text = keys.sign(&Token { purpose, message });
            let mut other = text.clone();
            other.replace_range(at..=at, &letter);
            prop_assert!(other == text || keys.read(&other).is_none());
        }

        #[test]
        fn a_flipped_bit_a_cut_or_more_is_refused(
            message: i64, bit in 0..TOKEN_LEN * 8, cut in 0..TEXT_LEN, more in ".{1,5}",
        ) {
            let keys = keys(&[1, 2]);
            let text = keys.sign(&token(message));
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(keys.read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
            prop_assert_eq!(keys.read(&text[..cut]), None);
            prop_assert_eq!(keys.read(&format!("{text}{more}")), None);
            prop_assert_eq!(keys.read(&format!("{more}{text}")), None);
        }

        #[test]
        fn a_foreign_key_and_any_text_are_refused(
            message: i64, foreign: [u8; 32], text in ".{0,60}", letters in "[A-Za-z0-9_-]{39}",
        ) {
            prop_assume!(foreign != secret(2));
            let foreign = Keys::new(vec![(2, foreign)]).sign(&token(message));
            let keys = keys(&[1, 2]);
            prop_assert_eq!(keys.read(&foreign), None);
            prop_assert_eq!(keys.read(&text), None);
            prop_assert_eq!(keys.read(&letters), None);
        }
    }
}
