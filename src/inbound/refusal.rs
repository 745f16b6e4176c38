//! Why a server would not take a mail: one of seven words from its status code and its text.
//!
//! Purpose: tell a dead address from everything else. Rules: a specific enhanced code (RFC 3463)
//! decides before words, words before a general code; X.7.x blames the sender, whatever the words
//! say; many providers use final codes for passing troubles, so only `mailbox` means a dead
//! address. This module does not know who was written to.

use std::sync::LazyLock;

use regex::Regex;

use super::folding::{fold, pattern};
use super::words::Words;

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// There is no such address, or it was closed for good.
    Mailbox,
    /// Policy, reputation, authentication, content: about the sender.
    Policy,
    /// The mailbox is full.
    Full,
    /// The mail is too large.
    Size,
    /// The other side could not be reached in time.
    Network,
    /// Something else.
    Other,
    /// Not refused yet; the server goes on trying.
    Delay,
}

impl Refusal {
    /// The word printed and stored.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Refusal::Mailbox => "mailbox",
            Refusal::Policy => "policy",
            Refusal::Full => "full",
            Refusal::Size => "size",
            Refusal::Network => "network",
            Refusal::Other => "other",
            Refusal::Delay => "delay",
        }
    }
}

/// What a final refusal with this status and text is about.
pub(super) fn classify(status: Option<&str>, text: &str) -> Refusal {
    let folded = fold(text);
    let mut parts = status
        .unwrap_or_default()
        .split('.')
        .skip(1)
        .map(str::parse::<u32>);
    let (subject, detail) = match (parts.next(), parts.next()) {
        (Some(Ok(subject)), Some(Ok(detail))) => (subject, detail),
        _ => (0, 0),
    };
    match (subject, detail) {
        (1, 1 | 2 | 3 | 6 | 10) => Refusal::Mailbox,
        (1, 7 | 8) | (7, _) => Refusal::Policy,
        (2, 2) => Refusal::Full,
        (2, 3) | (3, 4) => Refusal::Size,
        // Disabled for good, unless the words speak of a passing limit of the receiver.
        (2, 1) => match by_words(&folded) {
            Some(found @ (Refusal::Full | Refusal::Policy)) => found,
            _ => Refusal::Mailbox,
        },
        // Microsoft: `550 5.4.1 Recipient address rejected: Access denied` means no such recipient.
        (4, 1) if folded.contains("access denied") => Refusal::Mailbox,
        // Google's and others' limit on how much the sender may send.
        (4, 5) if folded.contains("quota") || folded.contains("limit") => Refusal::Policy,
        (4, _) => match by_words(&folded) {
            Some(found @ (Refusal::Mailbox | Refusal::Policy)) => found,
            _ => Refusal::Network,
        },
        _ => by_words(&folded).unwrap_or(Refusal::Other),
    }
}

/// What the words alone say, most telling first.
fn by_words(folded: &str) -> Option<Refusal> {
    static WORDS: LazyLock<[(Words, Refusal); 6]> = LazyLock::new(|| {
        [
            (
                Words::new(include_str!("words/refusal_no_such.txt")),
                Refusal::Mailbox,
            ),
            (
                Words::new(include_str!("words/refusal_full.txt")),
                Refusal::Full,
            ),
            (
                Words::new(include_str!("words/refusal_size.txt")),
                Refusal::Size,
            ),
            (
                Words::new(include_str!("words/refusal_policy.txt")),
                Refusal::Policy,
            ),
            (
                Words::new(include_str!("words/refusal_network.txt")),
                Refusal::Network,
            ),
            (
                Words::new(include_str!("words/refusal_unavailable.txt")),
                Refusal::Mailbox,
            ),
        ]
    });
    WORDS
        .iter()
        .find(|(words, _)| words.is_match(folded))
        .map(|(_, refusal)| *refusal)
}

/// The enhanced status code in a text, `5.1.1`, but not a piece of an address or version.
pub(super) fn status_in(text: &str) -> Option<String> {
    static STATUS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?:^|[^0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)")
    });
    STATUS.captures_iter(text).find_map(|found| {
        let status = found.get(1)?.as_str();
        (!status.starts_with('2')).then(|| status.to_string())
    })
}

/// Whether a text holds the basic code of a refusal (RFC 5321 section 4.2): `550 no such user`.
pub(super) fn has_reply_code(text: &str) -> bool {
    static CODE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(concat!(
            r"(?:^|[ \n\t:(\[<])(?:4[2-5][0-9]|5[0-5][0-9])",
            r"(?:[ -]#?[45]\.[0-9]+\.[0-9]+|[ -][A-Za-z<\[]|: [A-Za-z])"
        ))
    });
    CODE.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: &str, text: &str, expected: Refusal) {
        let status = (!status.is_empty()).then_some(status);
        assert_eq!(classify(status, text), expected, "{status:?} {text}");
    }

    #[test]
    fn a_specific_code_decides() {
        check("5.1.1", "", Refusal::Mailbox);
        check("5.1.10", "RESOLVER.ADR.RecipientNotFound", Refusal::Mailbox);
        check(
            "5.2.1",
            "The email account that you tried to reach is disabled",
            Refusal::Mailbox,
        );
        check("5.2.2", "mailbox full", Refusal::Full);
        check("4.2.2", "", Refusal::Full);
        check("5.3.4", "message too big", Refusal::Size);
        check(
            "5.7.1",
            "user unknown, or so says our spam filter",
            Refusal::Policy,
        );
        check(
            "5.7.515",
            "Access denied, sending domain does not meet the level",
            Refusal::Policy,
        );
        check("4.4.7", "message expired", Refusal::Network);
        check(
            "5.4.1",
            "Recipient address rejected: Access denied",
            Refusal::Mailbox,
        );
        check("5.4.4", "Host or domain name not found", Refusal::Mailbox);
        check(
            "5.4.5",
            "Daily user sending quota exceeded; rate limited",
            Refusal::Policy,
        );
    }

    #[test]
    fn words_decide_where_the_code_is_general() {
        check("5.0.0", "550 No such user here", Refusal::Mailbox);
        check(
            "",
            "550 Requested action not taken: mailbox unavailable",
            Refusal::Mailbox,
        );
        check("", "554 rejected due to spam content", Refusal::Policy);
        check("", "552 Mailbox is full / Quota exceeded", Refusal::Full);
        check(
            "5.5.0",
            "550 blocked using zen.spamhaus.org",
            Refusal::Policy,
        );
        check("", "retry timeout exceeded", Refusal::Network);
        check("5.0.0", "", Refusal::Other);
        check("", "宛先のメールアドレスが存在しません", Refusal::Mailbox);
        check("", "Empfänger unbekannt", Refusal::Mailbox);
        check("", "une erreur, l'adresse n'existe pas", Refusal::Mailbox);
        check("9.9.9.9", "", Refusal::Other);
        check("5.x.y", "user unknown", Refusal::Mailbox);
    }

    #[test]
    fn a_status_is_found_but_not_in_addresses() {
        assert_eq!(status_in("550-5.1.1 The email"), Some("5.1.1".to_string()));
        assert_eq!(status_in("(#5.1.1)"), Some("5.1.1".to_string()));
        assert_eq!(
            status_in("2.0.0 ok, then 5.2.2."),
            Some("5.2.2".to_string())
        );
        assert_eq!(status_in("from 10.5.1.1 port 25"), None);
        assert_eq!(status_in("host 5.1.1.9 said no"), None);
        assert!(has_reply_code("said: 550 no such user"));
        assert!(!has_reply_code(
            "We have 550 people and 5 offices"[..11].trim()
        ));
    }
}
