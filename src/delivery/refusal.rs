//! Whom a refusal is about, and whether it is as final as its code claims.
//!
//! Purpose: read a 4yz or 5yz reply by its phase, its enhanced code (RFC 3463) and, where a server
//! gives none, by the words servers really use.
//! Invariant: what is about us (login, policy, reputation, quota) never blames the recipient and
//! never uses the message up.

use super::{Blame, Phase, Reply};

/// A 5yz reply, weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Trying this message again is pointless.
    Final(Blame),
    /// Many servers say 5yz and mean later: quotas, rates, full mailboxes, reputation.
    Passing(Blame),
}

use Refusal::{Final, Passing};

/// Words about us. They win over words about the recipient: a block list's reply often calls the
/// mailbox unavailable, and a lead must not suffer for our reputation.
const SENDER_WORDS: [&str; 34] = [
    "spam",
    "spamhaus",
    "barracuda",
    "spamcop",
    "blacklist",
    "blacklisted",
    "blocklist",
    "blocklisted",
    "block list",
    "black list",
    "blocked",
    "banned",
    "listed",
    "rbl",
    "dnsbl",
    "reputation",
    "policy",
    "policies",
    "dmarc",
    "spf",
    "dkim",
    "rate",
    "ratelimit",
    "throttled",
    "too many",
    "too much mail",
    "sending limit",
    "sending quota",
    "daily",
    "hourly",
    "relay",
    "relaying",
    "rcpthosts",
    "authentication",
];

/// Words about the sender's half of the envelope, or about the name we greet with.
const ENVELOPE_WORDS: [&str; 4] = [
    "sender address rejected",
    "sender rejected",
    "sender verify failed",
    "helo command rejected",
];

/// Words that say a mailbox is full (without an enhanced code).
const FULL_WORDS: [&str; 7] = [
    "mailbox full",
    "mailbox is full",
    "inbox is full",
    "over quota",
    "overquota",
    "quota exceeded",
    "storage allocation",
];

/// Words about the size of this message.
const SIZE_WORDS: [&str; 5] = [
    "too large",
    "too big",
    "message size",
    "size limit",
    "maximum size",
];

/// Words that say there is no such recipient.
const UNKNOWN_WORDS: [&str; 32] = [
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no such person",
    "no such account",
    "no mailbox here",
    "no mailbox by that name",
    "mailbox unavailable",
    "mailbox not found",
    "mailbox unknown",
    "mailbox disabled",
    "mailbox is disabled",
    "user not found",
    "user doesn't exist",
    "does not exist",
    "doesn't exist",
    "not exist",
    "recipient not found",
    "recipient unknown",
    "unknown recipient",
    "invalid recipient",
    "unknown local",
    "unrouteable address",
    "unroutable address",
    "address unknown",
    "doesn't have",
    "account disabled",
    "account is disabled",
    "user not local",
];

/// Words of a receiver that wants to see us again in a few minutes (greylisting).
const GREYLIST_WORDS: [&str; 5] = [
    "greylist",
    "greylisted",
    "greylisting",
    "graylisted",
    "graylisting",
];

/// Who has to wait after a 4yz reply.
pub(super) fn wait(phase: Phase, reply: &Reply) -> Blame {
    let text = reply.text.to_lowercase();
    if phase <= Phase::Auth {
        return before_the_envelope(phase, &text);
    }
    match enhanced(&text) {
        Some((_, 1, 7 | 8)) => Blame::Sender,
        _ if says(&text, &ENVELOPE_WORDS) => Blame::Sender,
        Some((_, 1 | 2, _)) if phase == Phase::MailFrom => Blame::Sender,
        Some((_, 1 | 2, _)) => Blame::Recipient,
        Some((_, 3, 4) | (_, 6, _)) => Blame::Message,
        _ if says(&text, &GREYLIST_WORDS) => Blame::Message,
        Some((_, 7, _)) => Blame::Sender,
        _ if says(&text, &SENDER_WORDS) => Blame::Sender,
        Some((_, 3..=5, _)) => Blame::Server,
        _ if says(&text, &FULL_WORDS) || says(&text, &UNKNOWN_WORDS) => Blame::Recipient,
        // RFC 5321 section 4.2.3: 421, 451 and 452 are the server's own trouble, 450 a mailbox's.
        _ if matches!(reply.code, 421 | 451 | 452) => Blame::Server,
        _ => Blame::Message,
    }
}

/// Whether a 5yz reply is final, and whom it is about.
pub(super) fn judge(phase: Phase, reply: &Reply) -> Refusal {
    let text = reply.text.to_lowercase();
    if phase <= Phase::Auth {
        return Passing(before_the_envelope(phase, &text));
    }
    let refusal = by_code(&text).unwrap_or_else(|| by_words(phase, reply.code, &text));
    match refusal {
        // MAIL FROM holds nothing of the recipient and, but for the size, nothing of the message.
        Final(Blame::Recipient) if phase == Phase::MailFrom => Passing(Blame::Sender),
        Passing(Blame::Recipient) if phase == Phase::MailFrom => Passing(Blame::Sender),
        // A server that contradicts itself (550 4.2.1) gets the benefit of the gentler reading.
        Final(blame) if matches!(enhanced(&text), Some((4, _, _))) => Passing(blame),
        _ => refusal,
    }
}

/// Blame for a refusal that came before any message was spoken of.
fn before_the_envelope(phase: Phase, text: &str) -> Blame {
    let about_us = matches!(enhanced(text), Some((_, 7, _))) || says(text, &SENDER_WORDS);
    if phase == Phase::Auth || about_us {
        Blame::Sender
    } else {
        Blame::Server
    }
}

/// What the enhanced code says, if there is one that says anything.
fn by_code(text: &str) -> Option<Refusal> {
    let (_, subject, detail) = enhanced(text)?;
    match (subject, detail) {
        // Postfix tests the sender only at RCPT TO, and may answer with a code of the recipient's.
        (1, 7 | 8) => Some(Passing(Blame::Sender)),
        (1, _) if says(text, &ENVELOPE_WORDS) => Some(Passing(Blame::Sender)),
        (1, _) => Some(Final(Blame::Recipient)),
        // Gmail refuses a mailbox that gets too much mail at the moment with 5.2.1 too.
        (2, 1) if says(text, &["rate", "too quickly"]) => Some(Passing(Blame::Recipient)),
        (2, 1) => Some(Final(Blame::Recipient)),
        (2, 2) => Some(Passing(Blame::Recipient)),
        (2, 3) | (3, 4) => Some(Final(Blame::Message)),
        // Microsoft's word for "no such recipient" when the directory blocks it at the edge.
        (4, 1) if says(text, &["access denied"]) => Some(Final(Blame::Recipient)),
        // X.4.4: no route to the recipient's host; 310 is Microsoft's "domain does not exist".
        (4, 4 | 310) => Some(Final(Blame::Recipient)),
        (4, 5) => Some(Passing(Blame::Sender)),
        (5, 1) if says(text, &["authenticate", "authentication", "auth"]) => {
            Some(Passing(Blame::Sender))
        }
        (6, _) => Some(Final(Blame::Message)),
        // RFC 7293: the mailbox, or its whole domain, belongs to somebody else by now.
        (7, 17 | 18) => Some(Final(Blame::Recipient)),
        (7, _) => Some(Passing(Blame::Sender)),
        _ => None,
    }
}

/// What the words say when no enhanced code decides.
fn by_words(phase: Phase, code: u16, text: &str) -> Refusal {
    if says(text, &SIZE_WORDS) {
        return Final(Blame::Message);
    }
    // RFC 4954 section 6: 530, 534, 535 and 538 are about the login.
    let is_ours = says(text, &SENDER_WORDS) || says(text, &ENVELOPE_WORDS);
    if matches!(code, 530 | 534 | 535 | 538) || is_ours {
        return Passing(Blame::Sender);
    }
    if phase == Phase::MailFrom {
        return Passing(Blame::Sender);
    }
    if says(text, &FULL_WORDS) {
        return Passing(Blame::Recipient);
    }
    if says(text, &UNKNOWN_WORDS) {
        return Final(Blame::Recipient);
    }
    Final(Blame::Unknown)
}

/// Whether a lower-case reply says that a mailbox is full: by the enhanced code, else in words that
/// are not about our own quota or the server's disk.
pub(super) fn is_full(text: &str) -> bool {
    match enhanced(text) {
        Some((_, 2, 2)) => true,
        Some((_, 4 | 7, _) | (_, 3, 1)) => false,
        _ => says(text, &FULL_WORDS),
    }
}

/// The enhanced code as class, subject and detail: the first word of the text that is one once the
/// brackets and hashes some servers put around it are gone (`#5.1.0`, `(5.7.1)`). Four numbers are
/// an address, and a subject beyond 7 does not exist.
fn enhanced(text: &str) -> Option<(u16, u16, u16)> {
    text.split_whitespace().find_map(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        let mut numbers = word.split('.').map(|digits| {
            let plain =
                (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse::<u16>().ok()).flatten()
        });
        let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
        let is_code = matches!(class, 4 | 5) && subject <= 7 && numbers.next().is_none();
        is_code.then_some((class, subject, detail))
    })
}

/// Whether one of the phrases occurs as whole words in a lower-case text, so that `rate` is not
/// found in `accurate`.
fn says(text: &str, phrases: &[&str]) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    phrases.iter().any(|phrase| {
        text.match_indices(phrase).any(|(start, found)| {
            let before = text.get(..start).and_then(|head| head.chars().next_back());
            let after = text
                .get(start + found.len()..)
                .and_then(|tail| tail.chars().next());
            is_edge(before) && is_edge(after)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_is_found_where_servers_put_it() {
        let check = |text: &str, expected| assert_eq!(enhanced(text), expected, "{text}");
        check("5.1.1 no such user", Some((5, 1, 1)));
        check("#5.1.0 address rejected.", Some((5, 1, 0)));
        check("message refused (5.7.1)", Some((5, 7, 1)));
        check(
            "[4.7.650] the mail server has been temporarily rate limited",
            Some((4, 7, 650)),
        );
        check("<ada@example.com>: 5.2.2 over quota", Some((5, 2, 2)));
        check("blocked, see 5.9.1.2", None);
        check("host 192.0.2.1 refused", None);
        check("5.9.1 unheard of", None);
        check("2.1.5 fine", None);
        check("5.1", None);
        check("5..1 5.1. .5.1.", None);
        check("5.1.1111", None);
        check("", None);
    }

    #[test]
    fn phrases_are_found_as_whole_words_only() {
        assert!(says("exceeded the rate limit", &["rate"]));
        assert!(says("rate", &["rate"]));
        assert!(says("spf: fail", &["spf"]));
        assert!(!says("an accurate answer", &["rate"]));
        assert!(!says("queued as a1spf22", &["spf"]));
        assert!(!says("zürate", &["rate"]));
        assert!(!says("", &["rate"]));
    }
}
