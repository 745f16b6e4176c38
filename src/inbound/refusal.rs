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
    let words = by_words(&plain(text));
    let mut parts = status.unwrap_or_default().split('.').map(str::parse::<u32>);
    let (class, subject, detail) = match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(class)), Some(Ok(subject)), Some(Ok(detail))) => (class, subject, detail),
        _ => (0, 0, 0),
    };
    by_code(class, subject, detail, words)
        .or(words.map(|words| words.refusal))
        .unwrap_or_else(|| by_reply_code(text))
}

/// What the enhanced code says (RFC 3463), where it says more than the words do.
fn by_code(class: u32, subject: u32, detail: u32, words: Option<Found>) -> Option<Refusal> {
    let said = words.map(|words| words.refusal);
    let plain = words.filter(|words| words.is_plain).map(|w| w.refusal);
    match (class, subject, detail) {
        (_, 1, 7 | 8) => Some(Refusal::Policy),
        // A passing code for an address says what its words say.
        (4, 1, _) => Some(said.unwrap_or(Refusal::Mailbox)),
        (_, 1, 0..=6 | 9 | 10) => match plain {
            Some(found @ (Refusal::Full | Refusal::Policy | Refusal::Size)) => Some(found),
            _ => Some(Refusal::Mailbox),
        },
        (_, 2, 2) => Some(Refusal::Full),
        (_, 2, 3) | (_, 3, 4) => Some(Refusal::Size),
        // Disabled for good, unless the words speak of a passing limit of the receiver.
        (_, 2, 1) => match said {
            Some(found @ (Refusal::Full | Refusal::Policy | Refusal::Network)) => Some(found),
            _ if class == 4 => Some(plain.unwrap_or(Refusal::Other)),
            _ => Some(Refusal::Mailbox),
        },
        // Microsoft: `550 5.4.1 Recipient address rejected: Access denied` means no such recipient.
        (5, 4, 1) if said == Some(Refusal::Mailbox) => said,
        // No route to the recipient's host; 310 is Microsoft's "domain does not exist".
        (5, 4, 4 | 310) => match said {
            Some(found @ (Refusal::Network | Refusal::Policy)) => Some(found),
            _ => Some(Refusal::Mailbox),
        },
        // Mail going round in circles; some say it of a sender they hold back.
        (_, 4, 6) => Some(plain.unwrap_or(Refusal::Other)),
        // Google's and others' limit on how much the sender may send.
        (_, 4, _) => match plain {
            Some(found) => Some(found),
            None => Some(Refusal::Network),
        },
        (_, 6, _) => Some(plain.unwrap_or(Refusal::Other)),
        // RFC 7293: the mailbox, or its whole domain, belongs to somebody else by now.
        (5, 7, 17 | 18) => Some(Refusal::Mailbox),
        // Many servers say X.7.1 for any refusal: only the plainest words beat it.
        (_, 7, 0 | 1) => match plain {
            Some(found @ (Refusal::Mailbox | Refusal::Full | Refusal::Size))
                if words.is_some_and(|words| !words.is_mixed) =>
            {
                Some(found)
            }
            _ => Some(Refusal::Policy),
        },
        (_, 7, _) => Some(Refusal::Policy),
        _ => None,
    }
}

/// What the words say, and how plainly.
#[derive(Clone, Copy, Debug)]
struct Found {
    refusal: Refusal,
    /// Said in so many words, not only hinted at.
    is_plain: bool,
    /// Words about the sender stand beside them.
    is_mixed: bool,
}

/// What the words alone say, most telling first: words about our half of the envelope and plain
/// words of a block win over those about the recipient, because a block list's reply often calls
/// the mailbox unavailable, and a lead must not suffer for our reputation.
fn by_words(folded: &str) -> Option<Found> {
    let is_mixed = POLICY.is_match(folded);
    let found = |refusal, is_plain| {
        Some(Found {
            refusal,
            is_plain,
            is_mixed,
        })
    };
    if SENDER.is_match(folded) || BLOCK.is_match(folded) {
        return found(Refusal::Policy, true);
    }
    if FULL.is_match(folded) {
        return found(Refusal::Full, true);
    }
    let is_dead =
        NO_SUCH.is_match(folded) || NO_HOST.is_match(folded) || NO_SUCH_OTHER.is_match(folded);
    match (is_dead, RETRY.is_match(folded)) {
        (true, false) => return found(Refusal::Mailbox, true),
        (_, true) => return found(Refusal::Network, true),
        (false, false) => {}
    }
    if SIZE.is_match(folded) {
        return found(Refusal::Size, true);
    }
    let is_weak = UNAVAILABLE.is_match(folded);
    if is_mixed && !(is_weak && folded.contains("access denied")) {
        return found(Refusal::Policy, false);
    }
    if is_weak {
        return found(Refusal::Mailbox, false);
    }
    if NETWORK.is_match(folded) {
        return found(Refusal::Network, false);
    }
    None
}

/// The basic code, where neither an enhanced one nor any word says more (RFC 5321 section 4.2.3).
fn by_reply_code(text: &str) -> Refusal {
    static CODE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?:^|[ \n\t:(\[<])(421|451|552|551)[ -]"));
    match CODE.captures(text).and_then(|found| found.get(1)) {
        Some(code) if matches!(code.as_str(), "421" | "451") => Refusal::Network,
        Some(code) if code.as_str() == "552" => Refusal::Full,
        Some(_) => Refusal::Mailbox,
        None => Refusal::Other,
    }
}

/// A server's words without the names in them: `spam.example.com` and `<blocked@example.com>` say
/// nothing about the refusal. Exchange's own words for it have dots, too.
fn plain(text: &str) -> String {
    let folded = fold(text);
    let mut out = String::with_capacity(folded.len());
    for word in folded.split(' ') {
        let is_name = word.contains('@')
            || word.starts_with("http") && word.contains("//")
            || word.matches('.').count() >= 2
                && word.bytes().any(|b| b.is_ascii_alphabetic())
                && !TELLING.iter().any(|telling| word.contains(telling));
        if !is_name {
            out.push_str(word);
        } else if !word.is_ascii() {
            // Where words are not set apart, the name is the run of ASCII in them.
            out.extend(word.chars().filter(|c| !c.is_ascii()));
        } else if let Some((key, _)) = word.split_once('=').filter(|(key, _)| *key == "ip") {
            out.push_str(key);
            out.push('=');
        } else if let Some((_, rest)) = word.rsplit_once([':', '>']) {
            // `<ada@example.com>:unknown` and `250-host:550` leave what follows.
            out.push_str(rest);
        }
        out.push(' ');
    }
    out
}

/// Names that say why: Exchange's, and those of block lists.
const TELLING: [&str; 12] = [
    "resolver.",
    "storedrv",
    "..",
    "spamhaus",
    "sorbs",
    "spamcop",
    "barracudacentral",
    "dnsbl",
    "uceprotect",
    "rbl",
    "abuseat",
    "surbl",
];

/// Our half of the envelope, our host.
static SENDER: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_sender.txt")));
/// Reputation, authentication, content, rate, in plain words.
static BLOCK: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_block.txt")));
/// Hints at the same.
static POLICY: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_policy.txt")));
/// A full mailbox.
static FULL: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/refusal_full.txt")));
/// A mail too large.
static SIZE: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/refusal_size.txt")));
/// No such mailbox.
static NO_SUCH: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_no_such.txt")));
/// No such host or domain.
static NO_HOST: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_no_host.txt")));
/// Both, in other languages than English.
static NO_SUCH_OTHER: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_no_such_other.txt")));
/// What makes a dead address a passing trouble.
static RETRY: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_retry.txt")));
/// Time and routes.
static NETWORK: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_network.txt")));
/// Weak words for a dead address.
static UNAVAILABLE: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/refusal_unavailable.txt")));

/// Whether the words alone say why.
pub(super) fn says_why(text: &str) -> bool {
    by_words(&plain(text)).is_some()
}

/// Whether the words alone say why, and in so many words.
pub(super) fn says_plainly(text: &str) -> bool {
    by_words(&plain(text)).is_some_and(|words| words.is_plain)
}

/// The code in a Status field, of whatever class, with comments and spaces around it.
pub(super) fn status_in_any(value: &str) -> Option<String> {
    value.split([' ', '(', ';', ',', '#']).find_map(|word| {
        let word = word.trim_end_matches(['.', ')']);
        let is_code = word.starts_with(['2', '4', '5'])
            && word.split('.').count() == 3
            && word.split('.').all(|part| {
                (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            });
        is_code.then(|| word.to_string())
    })
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
        check("", "收件人邮件地址（a@b.example）不存在", Refusal::Mailbox);
        let blocked = "554 IP=203.0.113.20 - A problem occurred. Ask your postmaster for help";
        check("5.0.0", blocked, Refusal::Policy);
        check(
            "5.4.6",
            "mail forwarding loop for a@b.example",
            Refusal::Other,
        );
        let held = "Unusual sending activity detected. Please try after sometime.";
        check("5.4.6", held, Refusal::Policy);
        let nowhere = "No mail servers appear to exists for the recipients address.";
        check("", nowhere, Refusal::Mailbox);
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
