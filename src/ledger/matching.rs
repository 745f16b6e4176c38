//! Matching: which of our messages a mail is about, by the strongest clue there is.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use super::{Ledger, instant};
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
    /// When it left; none when it never did as far as we know.
    pub left_at: Option<DateTime<Utc>>,
    /// From which sender, or `""`.
    pub sender: String,
    /// By what it was recognised.
    pub matched_by: &'static str,
}

impl Ledger {
    /// The message that a mail is about.
    pub fn message_answered_by(
        &self,
        inbound: &Inbound,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<Answered>> {
        answered(&self.conn, inbound, now)
    }
}

/// Whether the same mail was read before, in another folder or under another number. A mail that
/// names itself as another one but says something else is a mail of its own; one without a name is
/// known by all that is kept of it.
pub(super) fn is_known_elsewhere(conn: &Connection, id: i64) -> anyhow::Result<bool> {
    let sql = "SELECT EXISTS (
                   SELECT 1 FROM inbound me
                   JOIN inbound i ON i.rfc_message_id = me.rfc_message_id
                   WHERE me.id = ?1 AND i.id < ?1 AND i.from_address = me.from_address
                     AND coalesce(i.judged_kind, i.kind) = me.kind
                   UNION ALL
                   SELECT 1 FROM inbound me
                   JOIN inbound i ON i.received_at = me.received_at
                   WHERE me.id = ?1 AND i.id < ?1 AND me.rfc_message_id IS NULL
                     AND i.rfc_message_id IS NULL AND i.from_address = me.from_address
                     AND i.subject = me.subject AND i.reply_text = me.reply_text
                     AND i.headers = me.headers)";
    conn.prepare_cached(sql)?
        .query_row([id], |row| row.get(0))
        .context("cannot look whether the mail is known")
}

/// How much earlier than our mail an answer may be dated: clocks differ, and zones are forgotten.
const CLOCKS_DIFFER_SECS: i64 = 24 * 60 * 60;

/// A server gives up after five days, some after a week; what comes later than this without our
/// name on it is about something else.
const BOUNCES_WITHIN_SECS: i64 = 14 * 24 * 60 * 60;

/// Which message a mail is about; none when it is about none of ours.
pub(super) fn answered(
    conn: &Connection,
    inbound: &Inbound,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<Answered>> {
    if let Some(found) = by_name(conn, inbound)? {
        return Ok(Some(found));
    }
    // A weaker clue needs a mail of ours that may have arrived before this one was written: people
    // wrote to us before, about other things.
    let not_after = written_at(inbound).map_or(i64::MAX, |at| at + CLOCKS_DIFFER_SECS);
    match is_report(inbound.kind) {
        true => by_recipient(conn, inbound, not_after, now.timestamp()),
        false => by_writer(conn, inbound, not_after),
    }
}

/// The message whose Message-ID or key a mail holds: it proves that the message arrived, whatever
/// we believe.
fn by_name(conn: &Connection, inbound: &Inbound) -> anyhow::Result<Option<Answered>> {
    for message_id in &inbound.clues.message_ids {
        // The server may have sent it under another one, which its Sent copy told.
        let by_copy = "m.id IN (SELECT message_id FROM sent_copies WHERE rfc_message_id = ?1)";
        // A message has its Message-ID before it leaves, and nothing answers it then.
        for condition in ["m.message_id = ?1 AND m.attempts > 0", by_copy] {
            if let Some(found) = latest(conn, condition, &[message_id], "message_id")? {
                return Ok(Some(found));
            }
        }
    }
    let by_key = "m.attempts > 0 AND m.outreach_key = ?1";
    for key in &inbound.clues.keys {
        if let Some(found) = latest(conn, by_key, &[key], "outreach_key")? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The message that a report without our name is about. Backscatter names addresses, too: a bounce
/// counts only where a mail of ours has just gone to the very address.
fn by_recipient(
    conn: &Connection,
    inbound: &Inbound,
    not_after: i64,
    now: i64,
) -> anyhow::Result<Option<Answered>> {
    let since = match inbound.kind {
        Kind::BounceHard | Kind::BounceSoft => not_after.min(now) - BOUNCES_WITHIN_SECS,
        _ => i64::MIN,
    };
    let condition = "m.state IN ('sent', 'sending', 'in_doubt', 'dead') AND m.recipient = ?3
                     AND coalesce(m.sent_at, m.claimed_at) BETWEEN ?2 AND ?1";
    for recipient in &inbound.clues.recipients {
        let values: [&dyn ToSql; 3] = [&not_after, &since, recipient];
        if let Some(found) = latest(conn, condition, &values, "original_recipient")? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The message to whoever wrote the mail: to the address as it stands now or stood when the
/// message left, else to a colleague under our subject.
fn by_writer(
    conn: &Connection,
    inbound: &Inbound,
    not_after: i64,
) -> anyhow::Result<Option<Answered>> {
    let may_have_left = "m.state IN ('sent', 'sending', 'in_doubt', 'dead')
                         AND coalesce(m.sent_at, m.claimed_at) <= ?1";
    let from = inbound.from.to_lowercase();
    for condition in ["l.email = ?2", "m.recipient = ?2"] {
        let condition = format!("{may_have_left} AND {condition}");
        if let Some(found) = latest(conn, &condition, &[&not_after, &from], "address")? {
            return Ok(Some(found));
        }
    }
    let domain = from
        .rsplit_once('@')
        .and_then(|(_, domain)| crate::lead::registrable_domain(domain));
    let subject = crate::inbound::bare_subject(&inbound.subject);
    let Some(domain) = domain.filter(|_| !subject.is_empty()) else {
        return Ok(None);
    };
    let same = "l.company_domain = ?2 AND lower(m.subject) = lower(?3)";
    let condition = format!("{may_have_left} AND {same}");
    let values: [&dyn ToSql; 3] = [&not_after, &domain, &subject];
    latest(conn, &condition, &values, "company_and_subject")
}

/// Whether such a mail speaks of a recipient, and does not come from one.
fn is_report(kind: Kind) -> bool {
    matches!(kind, Kind::BounceHard | Kind::BounceSoft | Kind::Complaint)
}

/// A message as the ledger holds it, for a mail that was matched before.
pub(super) fn by_row(conn: &Connection, message: i64) -> anyhow::Result<Option<Answered>> {
    latest(conn, "m.id = ?1", &[&message], "row")
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
                coalesce(m.recipient, l.email, ''), coalesce(m.sent_at, m.claimed_at),
                coalesce(m.sender, ''), l.id, coalesce(m.message_id, '')
         FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                         JOIN leads l ON l.id = c.lead_id
         WHERE {condition} ORDER BY m.claimed_at DESC, m.id DESC LIMIT 1"
    );
    let read = |row: &Row<'_>| {
        Ok(Answered {
            message: row.get(0)?,
            campaign: row.get(1)?,
            step: row.get(2)?,
            email: row.get(3)?,
            recipient: row.get(4)?,
            left_at: row.get::<_, Option<i64>>(5)?.map(instant),
            sender: row.get(6)?,
            lead: row.get(7)?,
            rfc_message_id: row.get(8)?,
            matched_by,
        })
    };
    conn.prepare_cached(&sql)?
        .query_row(rusqlite::params_from_iter(values), read)
        .optional()
        .context("cannot match a mail")
}
