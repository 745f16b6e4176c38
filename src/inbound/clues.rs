//! Which message of ours a mail may be about: everything in it that could name one.
//!
//! Purpose: ids and keys, strongest first; whether any of them is ours only the ledger knows.
//! Invariant: every clue is a bounded single token; clues from strangers only ever select by
//! equality.

use std::sync::LazyLock;

use regex::Regex;

use crate::campaign::parse_outreach_key;

use super::Bounce;
use super::bounce::typed_address;
use super::mime::Mail;
use super::report::Report;
use crate::words::folding::{cut, pattern};

/// The most clues kept of one sort.
const CLUES_MAX: usize = 40;

/// What may lead from a mail to the message it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// Message-IDs without angle brackets, strongest first: In-Reply-To, References from last to
    /// first, then those found in returned or quoted mails.
    pub message_ids: Vec<String>,
    /// Keys of ours: from `X-Outreach-Key` of returned mails, from the subject of an unsubscribe
    /// mail, from the local part of Message-IDs.
    pub keys: Vec<String>,
    /// The recipients a bounce names, lower case, the original ones before the final ones.
    pub recipients: Vec<String>,
}

/// Collects the clues of a mail; `quoted` is what it quotes or returns as text.
pub(super) fn of(mail: &Mail, quoted: &str, bounce: Option<&Bounce>) -> Clues {
    static RETURNED_ID: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?im)^[> ]*message-id: *<([!-;=?-~]{3,250})>"));
    static KEY: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\bc[0-9a-fA-F]{16}\.[A-Za-z0-9_-]{1,40}"));
    let mut clues = Clues::default();
    // A report inside a person's mail is none of the mail's own.
    let hint = mail.hint.as_ref().filter(|_| bounce.is_some());
    for id in &mail.answers {
        push(&mut clues.message_ids, id);
    }
    for returned in &mail.returned {
        if let Some(id) = &returned.message_id {
            push(&mut clues.message_ids, id);
        }
        if let Some(key) = &returned.key {
            push_key(&mut clues.keys, key);
        }
    }
    let quoted = cut(quoted, 60_000);
    for found in RETURNED_ID.captures_iter(quoted).take(CLUES_MAX) {
        push(
            &mut clues.message_ids,
            found.get(1).map_or("", |id| id.as_str()),
        );
    }
    for found in KEY
        .find_iter(&mail.subject)
        .chain(KEY.find_iter(quoted))
        .take(CLUES_MAX)
    {
        push_key(&mut clues.keys, found.as_str());
    }
    for id in &clues.message_ids {
        push_key(&mut clues.keys, id.split('@').next().unwrap_or_default());
    }
    match mail.report.as_ref().or(hint) {
        Some(Report::Delivery(groups)) => {
            for name in ["original-recipient", "final-recipient"] {
                let values = groups.iter().flatten().filter(|(n, _)| n == name);
                for address in values.filter_map(|(_, value)| typed_address(value)) {
                    push(&mut clues.recipients, &address);
                }
            }
        }
        Some(Report::Feedback(fields)) => {
            let values = fields.iter().filter(|(n, _)| n == "original-rcpt-to");
            for address in values.filter_map(|(_, value)| typed_address(value)) {
                push(&mut clues.recipients, &address);
            }
        }
        Some(Report::Disposition(_)) | None => {}
    }
    for address in bounce.iter().flat_map(|bounce| &bounce.recipients) {
        push(&mut clues.recipients, address);
    }
    clues
}

fn push(list: &mut Vec<String>, value: &str) {
    if !value.is_empty() && list.len() < CLUES_MAX && !list.iter().any(|known| known == value) {
        list.push(value.to_string());
    }
}

fn push_key(keys: &mut Vec<String>, text: &str) {
    if let Some((id, step)) = parse_outreach_key(text) {
        push(keys, &format!("{id}.{step}"));
    }
}
