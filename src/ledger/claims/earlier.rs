//! The mails a follow-up answers.

use anyhow::Context;
use rusqlite::Connection;

use super::Candidate;

/// A mail that left before another one of its campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Its Message-ID as the reader has it: a server may have given it another one than ours.
    pub message_id: String,
    /// Its subject.
    pub subject: String,
}

/// The mails of its campaign that left before a message.
pub(super) fn of(conn: &Connection, candidate: &Candidate) -> anyhow::Result<Vec<Earlier>> {
    let sql = "SELECT coalesce(s.rfc_message_id, m.message_id), m.subject
               FROM messages m LEFT JOIN sent_copies s ON s.message_id = m.id
               WHERE m.campaign_id = ?1 AND m.number < ?2 AND m.state = 'sent'
                 AND m.message_id IS NOT NULL
               ORDER BY m.number";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map((candidate.campaign, candidate.number), |row| {
        Ok(Earlier {
            message_id: row.get(0)?,
            subject: row.get(1)?,
        })
    })?;
    rows.collect::<Result<_, _>>()
        .context("cannot read the mails that left before")
}
