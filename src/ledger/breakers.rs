//! Breakers: the figures of a sender and of a batch of new leads, what stops them, and a person's
//! word that lets them go on.

use anyhow::Context;
use chrono::{DateTime, Days, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::runs::switch;
use super::{About, Ledger, instant, log_event, seconds};
use crate::breaker::{Cohort, Ending, Figures, Trouble, WINDOW_DAYS};

/// So many of a sender's latest attempts are looked at for trouble in a row.
const ENDINGS_MAX: u32 = 40;

/// The switch that holds a sender.
fn switch_of(sender: &str) -> String {
    format!("pause_sender:{sender}")
}

/// A sender that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldSender {
    /// Its address.
    pub sender: String,
    /// Why, in words.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Ledger {
    /// What counts for or against a sender now.
    pub fn sender_figures(&self, sender: &str, now: DateTime<Utc>) -> anyhow::Result<Figures> {
        let released = released(&self.conn, sender)?;
        let window = now
            .checked_sub_days(Days::new(WINDOW_DAYS.into()))
            .unwrap_or(now);
        // What left in the very second of a release was known to whoever released it.
        let since = released
            .map_or(0, |released| released.at + 1)
            .max(seconds(window));
        let count = |sql: &str| -> anyhow::Result<u32> {
            self.conn
                .prepare_cached(sql)?
                .query_row((sender, since), |row| row.get(0))
                .context("cannot count what counts against a sender")
        };
        let bounced = count(
            "SELECT count(*) FROM messages
             WHERE sender = ?1 AND claimed_at >= ?2 AND bounced_at IS NOT NULL",
        )?;
        let sent = "SELECT count(*) FROM messages
                    WHERE sender = ?1 AND claimed_at >= ?2 AND state = 'sent'
                      AND bounced_at IS NULL";
        let mails = bounced + count(sent)?;
        let complaints = "SELECT count(*) FROM inbound i JOIN messages m ON m.id = i.message_id
                          WHERE i.kind = 'complaint' AND i.id > ?2 AND i.read_at >= ?3
                            AND m.sender = ?1";
        let known = released.map_or(0, |released| released.inbound);
        let complaints = self
            .conn
            .prepare_cached(complaints)?
            .query_row((sender, known, seconds(window)), |row| row.get(0))
            .context("cannot count the complaints about a sender")?;
        let after = released.map_or(0, |released| released.attempt);
        Ok(Figures {
            mails,
            bounced,
            complaints,
            endings: endings(&self.conn, sender, after)?,
        })
    }

    /// Holds a sender until a person releases it. One that is held already keeps its reason.
    pub fn hold_sender(
        &mut self,
        sender: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        hold(&tx, sender, reason, now)?;
        tx.commit().context("cannot hold the sender")
    }

    /// Lets a sender go on; what counted against it so far is forgotten. The answer is whether it
    /// was held.
    pub fn release_sender(&mut self, sender: &str, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let tx = self.begin()?;
        let held = tx.execute("DELETE FROM switches WHERE name = ?1", [switch_of(sender)])?;
        if held > 0 {
            let sql = "INSERT INTO sender_releases (sender, released_at, attempt, inbound)
                       VALUES (?1, ?2, (SELECT coalesce(max(id), 0) FROM attempts),
                               (SELECT coalesce(max(id), 0) FROM inbound))
                       ON CONFLICT (sender) DO UPDATE SET released_at = excluded.released_at,
                           attempt = excluded.attempt, inbound = excluded.inbound";
            tx.execute(sql, (sender, seconds(now)))?;
            log_event(&tx, now, About::default(), "sender_released", sender)?;
        }
        tx.commit().context("cannot release the sender")?;
        Ok(held > 0)
    }

    /// Why a sender is held, and since when; none when it is not.
    pub fn held(&self, sender: &str) -> anyhow::Result<Option<(String, DateTime<Utc>)>> {
        switch(&self.conn, &switch_of(sender))
    }

    /// Every sender that is held.
    pub fn held_senders(&self) -> anyhow::Result<Vec<HeldSender>> {
        let prefix = switch_of("");
        let sql = "SELECT substr(name, length(?1) + 1), reason, set_at FROM switches
                   WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([prefix], |row| {
            Ok(HeldSender {
                sender: row.get(0)?,
                reason: row.get(1)?,
                since: instant(row.get(2)?),
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read which senders are held")
    }

    /// Batches whose first Hooks were chosen and whose rest is not cleared, each with its figures.
    pub fn open_batches(&self, mailboxes: &[String]) -> anyhow::Result<Vec<Cohort>> {
        let sql = "SELECT DISTINCT batch FROM canaries
                   WHERE batch NOT IN (SELECT batch FROM cleared_batches) ORDER BY batch";
        let mut statement = self.conn.prepare_cached(sql)?;
        let batches = statement
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()
            .context("cannot list the batches")?;
        let scanned_at = scanned_at(&self.conn, mailboxes)?;
        let cohorts = batches.into_iter().map(|batch| {
            let mut cohort = cohort_of(&self.conn, batch)?;
            cohort.scanned_at = scanned_at;
            Ok(cohort)
        });
        cohorts.collect()
    }

    /// Lets the rest of a batch leave; the answer is whether it was waiting.
    pub fn clear_batch(
        &mut self,
        batch: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        let sql = "INSERT INTO cleared_batches (batch, cleared_at, why)
                   SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM canaries WHERE batch = ?1)
                   ON CONFLICT (batch) DO NOTHING";
        let cleared = self
            .conn
            .execute(sql, (batch, seconds(now), why))
            .context("cannot clear the batch")?;
        Ok(cleared > 0)
    }
}

/// Holds a sender until a person releases it; the answer is whether it was free. One that is held
/// already keeps its reason.
fn hold(conn: &Connection, sender: &str, reason: &str, now: DateTime<Utc>) -> anyhow::Result<bool> {
    let sql = "INSERT INTO switches (name, reason, set_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO NOTHING";
    let held = conn
        .prepare_cached(sql)?
        .execute((switch_of(sender), reason, seconds(now)))
        .context("cannot hold the sender")?;
    if held > 0 {
        let detail = format!("{sender}: {reason}");
        log_event(conn, now, About::default(), "sender_held", &detail)?;
    }
    Ok(held > 0)
}

/// Holds a sender for what became of one mail, unless a person released it after that had left: it
/// was known to them then that its mails fare badly. The answer is whether it is held by this.
pub(super) fn hold_for(
    conn: &Connection,
    sender: &str,
    left_at: DateTime<Utc>,
    reason: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let is_forgiven =
        released(conn, sender)?.is_some_and(|released| released.at >= seconds(left_at));
    if is_forgiven || sender.is_empty() {
        return Ok(false);
    }
    hold(conn, sender, reason, now)
}

/// A person's latest release of a sender.
#[derive(Clone, Copy)]
struct Released {
    at: i64,
    attempt: i64,
    inbound: i64,
}

fn released(conn: &Connection, sender: &str) -> anyhow::Result<Option<Released>> {
    let sql = "SELECT released_at, attempt, inbound FROM sender_releases WHERE sender = ?1";
    conn.prepare_cached(sql)?
        .query_row([sender], |row| {
            Ok(Released {
                at: row.get(0)?,
                attempt: row.get(1)?,
                inbound: row.get(2)?,
            })
        })
        .optional()
        .context("cannot read when the sender was released")
}

/// The latest attempts of a sender after one, newest first. They belong to the messages it claimed
/// last, which an index finds.
fn endings(conn: &Connection, sender: &str, after: i64) -> anyhow::Result<Vec<Ending>> {
    let sql = "SELECT run_id, outcome, coalesce(phase, ''), coalesce(blame, ''),
                      coalesce(reply, '')
               FROM attempts
               WHERE message_id IN (SELECT id FROM messages
                                    WHERE sender = ?1 AND claimed_at IS NOT NULL
                                    ORDER BY claimed_at DESC, id DESC LIMIT ?3)
                 AND id > ?2 AND outcome IS NOT NULL
               ORDER BY id DESC LIMIT ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map((sender, after, ENDINGS_MAX), |row| {
        let words = |at| row.get::<_, String>(at);
        let (outcome, phase, blame, reply) = (words(1)?, words(2)?, words(3)?, words(4)?);
        Ok(Ending {
            run: row.get(0)?,
            trouble: Trouble::of(&outcome, &phase, &blame, &reply),
            reply,
        })
    })?;
    rows.collect::<Result<_, _>>()
        .context("cannot read how the sender's latest attempts ended")
}

/// The figures of the batch a Hook belongs to; `scanned_at` says when every mailbox had been read.
pub(super) fn cohort(
    conn: &Connection,
    (message, campaign): (i64, i64),
    scanned_at: Option<DateTime<Utc>>,
) -> anyhow::Result<Cohort> {
    let sql = "SELECT date(l.first_read_at, 'unixepoch')
               FROM campaigns c JOIN leads l ON l.id = c.lead_id WHERE c.id = ?1";
    let batch: String = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| row.get(0))
        .context("cannot read the batch of a campaign")?;
    let sql = "SELECT EXISTS (SELECT 1 FROM cleared_batches WHERE batch = ?1)";
    let is_cleared = conn
        .prepare_cached(sql)?
        .query_row([&batch], |row| row.get(0))?;
    if is_cleared {
        return Ok(Cohort {
            batch,
            is_cleared,
            ..Cohort::default()
        });
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM canaries WHERE message_id = ?1)";
    let is_member = conn
        .prepare_cached(sql)?
        .query_row([message], |row| row.get(0))?;
    Ok(Cohort {
        is_member,
        scanned_at,
        ..cohort_of(conn, batch)?
    })
}

/// Notes that a Hook which leaves now is one of the first of its batch, if there is room for one.
pub(super) fn choose(
    conn: &Connection,
    message: i64,
    cohort: &Cohort,
    canaries: u32,
) -> anyhow::Result<()> {
    if cohort.is_cleared || cohort.chosen >= canaries {
        return Ok(());
    }
    let sql = "INSERT INTO canaries (message_id, batch) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    conn.prepare_cached(sql)?
        .execute((message, &cohort.batch))
        .context("cannot note a batch's first mails")?;
    Ok(())
}

fn cohort_of(conn: &Connection, batch: String) -> anyhow::Result<Cohort> {
    // What was skipped never left: another one may go in its place.
    let sql = "SELECT count(*), count(*) FILTER (WHERE m.state IN ('sent', 'dead', 'in_doubt')),
                      max(m.claimed_at), count(m.bounced_at),
                      count(*) FILTER (WHERE c.stop_reason = 'complained'),
                      count(*) FILTER (WHERE c.stop_reason = 'opted_out')
               FROM canaries n JOIN messages m ON m.id = n.message_id
                               JOIN campaigns c ON c.id = m.campaign_id
               WHERE n.batch = ?1 AND m.state <> 'skipped'";
    conn.prepare_cached(sql)?
        .query_row([&batch], |row| {
            Ok(Cohort {
                batch: batch.clone(),
                is_member: false,
                chosen: row.get(0)?,
                left: row.get(1)?,
                last_left_at: row.get::<_, Option<i64>>(2)?.map(instant),
                bounced: row.get(3)?,
                complained: row.get(4)?,
                opted_out: row.get(5)?,
                scanned_at: None,
                is_cleared: false,
            })
        })
        .context("cannot read the figures of a batch")
}

/// When every mailbox had been read; none when one never was.
fn scanned_at(conn: &Connection, mailboxes: &[String]) -> anyhow::Result<Option<DateTime<Utc>>> {
    let sql = "SELECT succeeded_at FROM cursors WHERE name = ?1";
    let mut statement = conn.prepare_cached(sql)?;
    let mut oldest = None;
    for name in mailboxes {
        let at: Option<Option<i64>> = statement.query_row([name], |row| row.get(0)).optional()?;
        let Some(at) = at.flatten().map(instant) else {
            return Ok(None);
        };
        oldest = Some(oldest.map_or(at, |oldest: DateTime<Utc>| oldest.min(at)));
    }
    Ok(oldest)
}
