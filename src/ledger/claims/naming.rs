//! The name under which a message leaves, and whom it goes to.
//!
//! Both are noted with the message's first date, so that a claim writes neither again nor the
//! indexes that list them; a claim notes what has changed since, or was not noted yet. They say
//! nothing of whether the message ever left.

use anyhow::Context;
use rusqlite::Connection;

use crate::campaign::message_id;

/// The Message-ID of a sender's message.
pub(super) fn of(outreach_key: &str, sender: &str) -> String {
    let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain);
    message_id(outreach_key, domain)
}

/// Notes the Message-ID of a message and whom it goes to.
pub(super) fn note(
    conn: &Connection,
    message: i64,
    message_id: &str,
    recipient: Option<&str>,
) -> anyhow::Result<()> {
    let sql = "UPDATE messages SET message_id = ?2, recipient = ?3 WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((message, message_id, recipient))
        .context("cannot note whom the message goes to")?;
    Ok(())
}

/// Notes both of a message that has got its first date, with its lead's address as it stands now.
pub(in crate::ledger) fn note_first(
    conn: &Connection,
    (message, campaign): (i64, i64),
    outreach_key: &str,
    sender: &str,
) -> anyhow::Result<()> {
    let sql = "SELECT l.email FROM campaigns c JOIN leads l ON l.id = c.lead_id WHERE c.id = ?1";
    let email: Option<String> = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| row.get(0))
        .context("cannot read whom the message goes to")?;
    note(conn, message, &of(outreach_key, sender), email.as_deref())
}
