//! Matching: which of our messages a mail is about, by the strongest clue there is.

use anyhow::Context;
use rusqlite::{Connection, OptionalExtension, ToSql};

use super::Ledger;
use crate::inbound::{Inbound, Kind};

/// The message a mail is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The message's row id.
    pub message: i64,
    /// The campaign's row id.
    pub campaign: i64,
    /// The lead's row id.
    pub lead: i64,
    /// The message's own Message-ID, without angle brackets.
    pub rfc_message_id: String,
    /// The step's label.
    pub step: String,
    /// The lead's address as it stands now.
    pub email: String,
    /// The address the message went to, which may have been corrected since.
    pub recipient: String,
    /// By what it was recognised.
    pub matched_by: &'static str,
}

impl Ledger {
    /// The message that a mail is about.
    pub fn message_answered_by(&self, inbound: &Inbound) -> anyhow::Result<Option<Answered>> {
        answered(&self.conn, inbound)
    }
}

/// Whether the same mail was read before, in another folder.
pub(super) fn is_known_elsewhere(
    conn: &Connection,
    id: i64,
    inbound: &Inbound,
) -> anyhow::Result<bool> {
    let Some(message_id) = &inbound.rfc_message_id else {
        return Ok(false);
    };
    let sql = "SELECT EXISTS (SELECT 1 FROM inbound
                              WHERE rfc_message_id = ?1 AND id <> ?2 AND from_address = ?3)";
    let row = (message_id, id, &inbound.from);
    Ok(conn.prepare_cached(sql)?.query_row(row, |row| row.get(0))?)
}

/// How much earlier than our mail an answer may be dated: clocks differ, and zones are forgotten.
const CLOCKS_DIFFER_SECS: i64 = 24 * 60 * 60;

/// Which message a mail is about; none when it is about none of ours.
pub(super) fn answered(conn: &Connection, inbound: &Inbound) -> anyhow::Result<Option<Answered>> {
    let find = |condition: &str, values: &[&dyn ToSql], by| latest(conn, condition, values, by);
    // A mail that names a message we tried to send proves that it arrived, whatever we believe.
    for message_id in &inbound.clues.message_ids {
        if let Some(found) = find("m.message_id = ?1", &[message_id], "message_id")? {
            return Ok(Some(found));
        }
        // The server may have sent it under another one, which its Sent copy told.
        let by_copy = "m.id IN (SELECT message_id FROM sent_copies WHERE rfc_message_id = ?1)";
        if let Some(found) = find(by_copy, &[message_id], "message_id")? {
            return Ok(Some(found));
        }
    }
    let by_key = "m.message_id IS NOT NULL AND m.outreach_key = ?1";
    for key in &inbound.clues.keys {
        if let Some(found) = find(by_key, &[key], "outreach_key")? {
            return Ok(Some(found));
        }
    }
    // A weaker clue needs a mail of ours that may have arrived before this one was written: people
    // wrote to us before, about other things.
    let may_have_left = "m.state IN ('sent', 'sending', 'in_doubt', 'dead')
                         AND coalesce(m.sent_at, m.claimed_at) <= ?1";
    let not_after = written_at(inbound).map_or(i64::MAX, |at| at + CLOCKS_DIFFER_SECS);
    // The address as it stands now, or as it stood when the mail left.
    let find_address = |address: &str, matched_by: &'static str| {
        for condition in ["l.email = ?2", "m.recipient = ?2"] {
            let condition = format!("{may_have_left} AND {condition}");
            if let Some(found) = find(&condition, &[&not_after, &address], matched_by)? {
                return Ok(Some(found));
            }
        }
        anyhow::Ok(None)
    };
    let is_bounce = matches!(
        inbound.kind,
        Kind::BounceHard | Kind::BounceSoft | Kind::Complaint
    );
    if is_bounce {
        for recipient in &inbound.clues.recipients {
            if let Some(found) = find_address(recipient, "original_recipient")? {
                return Ok(Some(found));
            }
        }
        return Ok(None);
    }
    let from = inbound.from.to_lowercase();
    if let Some(found) = find_address(&from, "address")? {
        return Ok(Some(found));
    }
    let domain = from
        .rsplit_once('@')
        .and_then(|(_, d)| crate::lead::registrable_domain(d));
    let subject = crate::inbound::bare_subject(&inbound.subject);
    match domain {
        Some(domain) if !subject.is_empty() => {
            let same = "l.company_domain = ?2 AND lower(m.subject) = lower(?3)";
            let condition = format!("{may_have_left} AND {same}");
            find(
                &condition,
                &[&not_after, &domain, &subject],
                "company_and_subject",
            )
        }
        _ => Ok(None),
    }
}

/// When the mail was written, unless it names an impossible day (the epoch of a broken clock).
fn written_at(inbound: &Inbound) -> Option<i64> {
    const YEAR_2000: i64 = 946_684_800;
    let at = inbound.sent_at.map(|at| at.timestamp());
    at.filter(|at| *at >= YEAR_2000)
}

/// The message that was tried last of those for which a condition holds.
fn latest(
    conn: &Connection,
    condition: &str,
    values: &[&dyn ToSql],
    matched_by: &'static str,
) -> anyhow::Result<Option<Answered>> {
    let sql = format!(
        "SELECT m.id, m.campaign_id, m.step, coalesce(l.email, ''),
                coalesce(m.recipient, l.email, ''), l.id, coalesce(m.message_id, '')
         FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                         JOIN leads l ON l.id = c.lead_id
         WHERE {condition} ORDER BY m.claimed_at DESC, m.id DESC LIMIT 1"
    );
    conn.prepare_cached(&sql)?
        .query_row(rusqlite::params_from_iter(values), |row| {
            Ok(Answered {
                message: row.get(0)?,
                campaign: row.get(1)?,
                step: row.get(2)?,
                email: row.get(3)?,
                recipient: row.get(4)?,
                lead: row.get(5)?,
                rfc_message_id: row.get(6)?,
                matched_by,
            })
        })
        .optional()
        .context("cannot match a mail")
}
