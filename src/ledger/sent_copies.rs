//! Sent copies: what the Sent folder tells of messages that were handed over.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};

use super::{Ledger, instant, seconds};

/// A message that a server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// The message's row id.
    pub message: i64,
    /// Its Message-ID as we chose it.
    pub message_id: String,
    /// Its key.
    pub outreach_key: String,
    /// When it left.
    pub sent_at: DateTime<Utc>,
}

/// After so many copies under our own Message-IDs a sender's server is known to keep them.
const COPIES_ENOUGH: u32 = 10;

impl Ledger {
    /// Messages of a sender that the server at a place took from an instant on, earliest first.
    pub fn handed_over(
        &self,
        sender: &str,
        place: &str,
        from: DateTime<Utc>,
        limit: u32,
    ) -> anyhow::Result<Vec<HandedOver>> {
        let sql = "SELECT m.id, m.message_id, m.outreach_key, m.sent_at FROM messages m
                   WHERE m.state = 'sent' AND m.sender = ?1 AND m.sent_at >= ?3
                     AND m.message_id IS NOT NULL
                     AND EXISTS (SELECT 1 FROM attempts a
                                 WHERE a.message_id = m.id AND a.mailer = ?2
                                   AND a.outcome = 'accepted')
                   ORDER BY m.sent_at, m.id LIMIT ?4";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map((sender, place, seconds(from), limit), handed_over)?;
        rows.collect::<Result<_, _>>()
            .context("cannot list what the server took")
    }

    /// Messages of a sender whose Message-ID the server may have replaced: those that left between
    /// two instants and were not looked for, while the sender is new or its server is known to
    /// replace them.
    pub fn to_learn(
        &self,
        sender: &str,
        place: &str,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        limit: u32,
    ) -> anyhow::Result<Vec<HandedOver>> {
        let sql = "SELECT count(*) < ?2 OR count(*) FILTER
                              (WHERE s.rfc_message_id <> m.message_id) > 0
                   FROM (SELECT * FROM sent_copies ORDER BY message_id DESC LIMIT 1000) s
                        JOIN messages m ON m.id = s.message_id WHERE m.sender = ?1";
        let is_worth_it: bool = self
            .conn
            .prepare_cached(sql)?
            .query_row((sender, COPIES_ENOUGH), |row| row.get(0))
            .context("cannot read what is known of the Sent folder")?;
        if !is_worth_it {
            return Ok(Vec::new());
        }
        let sql = "SELECT m.id, m.message_id, m.outreach_key, m.sent_at FROM messages m
                   WHERE m.state = 'sent' AND m.sender = ?1 AND m.sent_at BETWEEN ?3 AND ?4
                     AND m.message_id IS NOT NULL
                     AND NOT EXISTS (SELECT 1 FROM sent_copies s WHERE s.message_id = m.id)
                     AND NOT EXISTS (SELECT 1 FROM looks k WHERE k.message_id = m.id)
                     AND EXISTS (SELECT 1 FROM attempts a
                                 WHERE a.message_id = m.id AND a.mailer = ?2
                                   AND a.outcome = 'accepted')
                   ORDER BY m.sent_at, m.id LIMIT ?5";
        let mut statement = self.conn.prepare_cached(sql)?;
        let row = (sender, place, seconds(from), seconds(to), limit);
        let rows = statement.query_map(row, handed_over)?;
        rows.collect::<Result<_, _>>()
            .context("cannot list what is to be looked for")
    }

    /// Keeps what was learned of messages: the Message-ID under which each stands in the Sent
    /// folder, or in words why that is not known.
    pub fn keep_looks(
        &mut self,
        looks: &[(i64, Result<String, String>)],
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        for (message, found) in looks {
            let answer = match found {
                Ok(rfc_message_id) => {
                    keep_copy(&tx, *message, rfc_message_id, now)?;
                    "found in the Sent folder"
                }
                Err(why) => why,
            };
            let sql = "INSERT INTO looks (message_id, looked_at, answer) VALUES (?1, ?2, ?3)
                       ON CONFLICT (message_id) DO UPDATE SET looked_at = excluded.looked_at,
                           answer = excluded.answer";
            tx.prepare_cached(sql)?
                .execute((message, seconds(now), answer))?;
        }
        tx.commit()
            .context("cannot keep what was found in the Sent folder")
    }
}

/// A copy without a Message-ID names nothing that an answer could refer to.
fn keep_copy(
    conn: &Connection,
    message: i64,
    rfc_message_id: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if rfc_message_id.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO sent_copies (message_id, rfc_message_id, seen_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (message_id) DO UPDATE SET rfc_message_id = excluded.rfc_message_id,
                   seen_at = excluded.seen_at";
    conn.prepare_cached(sql)?
        .execute((message, rfc_message_id, seconds(now)))?;
    Ok(())
}

fn handed_over(row: &Row<'_>) -> rusqlite::Result<HandedOver> {
    Ok(HandedOver {
        message: row.get(0)?,
        message_id: row.get(1)?,
        outreach_key: row.get(2)?,
        sent_at: instant(row.get(3)?),
    })
}
