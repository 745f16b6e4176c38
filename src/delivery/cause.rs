//! Why a server would not take a mail: one of seven words from its status code and its text.
//!
//! Purpose: tell a dead address from everything else. Rules: a specific enhanced code (RFC 3463)
//! decides before words, words before a general code; X.7.x blames the sender, whatever the words
//! say; many providers use final codes for passing troubles, so only `mailbox` means a dead
//! address. Replies of the dialogue and mails that were returned later are judged here alike. This
//! module does not know who was written to, nor what follows.

use std::sync::LazyLock;

use regex::Regex;

use crate::words::Words;
use crate::words::folding::{fold, pattern};

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// There is no such address, or it was closed for good.
    Mailbox,
    /// Policy, reputation, authentication, content: about the sender.
    Policy,
    /// The mailbox is full, or gets more at the moment than it may.
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

impl Cause {
    /// The word printed and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Mailbox => "mailbox",
            Cause::Policy => "policy",
            Cause::Full => "full",
            Cause::Size => "size",
            Cause::Network => "network",
            Cause::Other => "other",
            Cause::Delay => "delay",
        }
    }
}

/// What a final refusal with this status and text is about.
pub fn classify(status: Option<&str>, text: &str) -> Cause {
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
fn by_code(class: u32, subject: u32, detail: u32, words: Option<Found>) -> Option<Cause> {
    let said = words.map(|words| words.refusal);
    let plain = words.filter(|words| words.is_plain).map(|w| w.refusal);
    match (class, subject, detail) {
        (_, 1, 7 | 8) => Some(Cause::Policy),
        // A passing code for an address says what its words say.
        (4, 1, _) => Some(said.unwrap_or(Cause::Mailbox)),
        (_, 1, 0..=6 | 9 | 10) => match plain {
            Some(found @ (Cause::Full | Cause::Policy | Cause::Size)) => Some(found),
            _ => Some(Cause::Mailbox),
        },
        (_, 2, 2) => Some(Cause::Full),
        (_, 2, 3) | (_, 3, 4) => Some(Cause::Size),
        // RFC 3463: the system is full, not the mailbox.
        (_, 3, 1) => Some(
            plain
                .filter(|said| *said == Cause::Policy)
                .unwrap_or(Cause::Network),
        ),
        // Disabled for good, unless the words speak of a passing limit of the receiver.
        (_, 2, 1) => match said {
            Some(found @ (Cause::Full | Cause::Policy | Cause::Network)) => Some(found),
            _ if class == 4 => Some(plain.unwrap_or(Cause::Other)),
            _ => Some(Cause::Mailbox),
        },
        // Microsoft: `550 5.4.1 Recipient address rejected: Access denied` means no such recipient.
        (5, 4, 1) if said == Some(Cause::Mailbox) => said,
        // No route to the recipient's host; 310 is Microsoft's "domain does not exist".
        (5, 4, 4 | 310) => match said {
            Some(found @ (Cause::Network | Cause::Policy)) => Some(found),
            _ => Some(Cause::Mailbox),
        },
        // Mail going round in circles; some say it of a sender they hold back.
        (_, 4, 6) => Some(plain.unwrap_or(Cause::Other)),
        // Google's and others' limit on how much the sender may send.
        (_, 4, _) => match plain {
            Some(found) => Some(found),
            None => Some(Cause::Network),
        },
        (_, 6, _) => Some(plain.unwrap_or(Cause::Other)),
        // RFC 7293: the mailbox, or its whole domain, belongs to somebody else by now.
        (5, 7, 17 | 18) => Some(Cause::Mailbox),
        // Many servers say X.7.1 for any refusal: only the plainest words beat it.
        (_, 7, 0 | 1) => match plain {
            Some(found @ (Cause::Mailbox | Cause::Full | Cause::Size))
                if words.is_some_and(|words| !words.is_mixed) =>
            {
                Some(found)
            }
            _ => Some(Cause::Policy),
        },
        (_, 7, _) => Some(Cause::Policy),
        _ => None,
    }
}

/// What the words say, and how plainly.
#[derive(Clone, Copy, Debug)]
struct Found {
    refusal: Cause,
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
        return found(Cause::Policy, true);
    }
    if FULL.is_match(folded) {
        return found(Cause::Full, true);
    }
    let is_dead =
        NO_SUCH.is_match(folded) || NO_HOST.is_match(folded) || NO_SUCH_OTHER.is_match(folded);
    match (is_dead, RETRY.is_match(folded)) {
        (true, false) => return found(Cause::Mailbox, true),
        (_, true) => return found(Cause::Network, true),
        (false, false) => {}
    }
    if SIZE.is_match(folded) {
        return found(Cause::Size, true);
    }
    let is_weak = UNAVAILABLE.is_match(folded);
    if is_mixed && !(is_weak && folded.contains("access denied")) {
        return found(Cause::Policy, false);
    }
    if is_weak {
        return found(Cause::Mailbox, false);
    }
    if NETWORK.is_match(folded) {
        return found(Cause::Network, false);
    }
    None
}

/// Whether a receiver only wants to see us again in a few minutes.
pub fn is_greylisting(text: &str) -> bool {
    static GREYLISTING: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)gr[ae]y-?list"));
    GREYLISTING.is_match(text)
}

/// The basic code, where neither an enhanced one nor any word says more (RFC 5321 section 4.2.3).
fn by_reply_code(text: &str) -> Cause {
    static CODE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?:^|[ \n\t:(\[<])(421|451|552|551)[ -]"));
    match CODE.captures(text).and_then(|found| found.get(1)) {
        Some(code) if matches!(code.as_str(), "421" | "451") => Cause::Network,
        Some(code) if code.as_str() == "552" => Cause::Full,
        Some(_) => Cause::Mailbox,
        None => Cause::Other,
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
    LazyLock::new(|| Words::new(include_str!("words/cause_sender.txt")));
/// Reputation, authentication, content, rate, in plain words.
static BLOCK: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/cause_block.txt")));
/// Hints at the same.
static POLICY: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/cause_policy.txt")));
/// A full mailbox.
static FULL: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/cause_full.txt")));
/// A mail too large.
static SIZE: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/cause_size.txt")));
/// No such mailbox.
static NO_SUCH: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/cause_no_such.txt")));
/// No such host or domain.
static NO_HOST: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/cause_no_host.txt")));
/// Both, in other languages than English.
static NO_SUCH_OTHER: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/cause_no_such_other.txt")));
/// What makes a dead address a passing trouble.
static RETRY: LazyLock<Words> = LazyLock::new(|| Words::new(include_str!("words/cause_retry.txt")));
/// Time and routes.
static NETWORK: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/cause_network.txt")));
/// Weak words for a dead address.
static UNAVAILABLE: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/cause_unavailable.txt")));

/// Whether the words alone say why.
pub fn says_why(text: &str) -> bool {
    by_words(&plain(text)).is_some()
}

/// Whether the words alone say why, and in so many words.
pub fn says_plainly(text: &str) -> bool {
    by_words(&plain(text)).is_some_and(|words| words.is_plain)
}

/// The code in a Status field, of whatever class, with comments and spaces around it.
pub fn status_in_any(value: &str) -> Option<String> {
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
pub fn status_in(text: &str) -> Option<String> {
    static STATUS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?:^|[^0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)")
    });
    STATUS.captures_iter(text).find_map(|found| {
        let status = found.get(1)?.as_str();
        (!status.starts_with('2')).then(|| status.to_string())
    })
}

/// Whether a text holds the basic code of a refusal (RFC 5321 section 4.2): `550 no such user`.
pub fn has_reply_code(text: &str) -> bool {
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
    fn check(status: &str, text: &str, expected: Cause) {
        let status = (!status.is_empty()).then_some(status);
        assert_eq!(classify(status, text), expected, "{status:?} {text}");
    }

    #[test]
    fn a_specific_code_decides() {
        check("5.1.1", "", Cause::Mailbox);
        check("5.1.10", "RESOLVER.ADR.RecipientNotFound", Cause::Mailbox);
        check(
            "5.2.1",
            "The email account that you tried to reach is disabled",
            Cause::Mailbox,
        );
        check("5.2.2", "mailbox full", Cause::Full);
        check("4.2.2", "", Cause::Full);
        check("5.3.4", "message too big", Cause::Size);
        check(
            "5.7.1",
            "user unknown, or so says our spam filter",
            Cause::Policy,
        );
        check(
            "5.7.515",
            "Access denied, sending domain does not meet the level",
            Cause::Policy,
        );
        check("4.4.7", "message expired", Cause::Network);
        check(
            "5.4.1",
            "Recipient address rejected: Access denied",
            Cause::Mailbox,
        );
        check("5.4.4", "Host or domain name not found", Cause::Mailbox);
        check(
            "5.4.5",
            "Daily user sending quota exceeded; rate limited",
            Cause::Policy,
        );
    }

    #[test]
    fn words_decide_where_the_code_is_general() {
        check("5.0.0", "550 No such user here", Cause::Mailbox);
        check(
            "",
            "550 Requested action not taken: mailbox unavailable",
            Cause::Mailbox,
        );
        check("", "554 rejected due to spam content", Cause::Policy);
        check("", "552 Mailbox is full / Quota exceeded", Cause::Full);
        check("5.5.0", "550 blocked using zen.spamhaus.org", Cause::Policy);
        check("", "retry timeout exceeded", Cause::Network);
        check("5.0.0", "", Cause::Other);
        check("", "宛先のメールアドレスが存在しません", Cause::Mailbox);
        check("", "Empfänger unbekannt", Cause::Mailbox);
        check("", "收件人邮件地址（a@b.example）不存在", Cause::Mailbox);
        let blocked = "554 IP=203.0.113.20 - A problem occurred. Ask your postmaster for help";
        check("5.0.0", blocked, Cause::Policy);
        check(
            "5.4.6",
            "mail forwarding loop for a@b.example",
            Cause::Other,
        );
        let held = "Unusual sending activity detected. Please try after sometime.";
        check("5.4.6", held, Cause::Policy);
        let nowhere = "No mail servers appear to exists for the recipients address.";
        check("", nowhere, Cause::Mailbox);
        check("", "une erreur, l'adresse n'existe pas", Cause::Mailbox);
        check("9.9.9.9", "", Cause::Other);
        check("5.x.y", "user unknown", Cause::Mailbox);
    }

    #[test]
    fn a_status_is_found_but_not_in_addresses() {
        assert_eq!(status_in("550-5.1.1 The email"), Some("5.1.1".to_string()));
        assert_eq!(status_in("(#5.1.1)"), Some("5.1.1".to_string()));
        assert_eq!(
            status_in("2.0.0 ok, then 5.2.2."),
            Some("5.2.2".to_string())
        );
        for (text, expected) in [
            ("message refused (5.7.1)", "5.7.1"),
            ("[4.7.650] the mail server is rate limited", "4.7.650"),
            ("<ada@example.com>: 5.2.2 over quota", "5.2.2"),
            ("#5.1.0 address rejected.", "5.1.0"),
        ] {
            assert_eq!(status_in(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "blocked, see 5.9.1.2",
            "5.1",
            "5..1 5.1. .5.1.",
            "5.1.1111",
            "",
        ] {
            assert_eq!(status_in(text), None, "{text}");
        }
        assert_eq!(status_in("from 10.5.1.1 port 25"), None);
        assert_eq!(status_in("host 5.1.1.9 said no"), None);
        assert!(has_reply_code("said: 550 no such user"));
        assert!(!has_reply_code(
            "We have 550 people and 5 offices"[..11].trim()
        ));
    }
}
