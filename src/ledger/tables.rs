//! What is known of the base's table, and which of its records were seen in a full read.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::leads::PullTransaction;
use super::{About, Ledger, instant, log_event, seconds, transitions};
use crate::campaign::StopReason;
use crate::lead::{RecordId, Reject, RejectReason};

/// What is known of a table of a base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTable {
    /// As the client that learned it wrote it.
    pub schema: String,
    /// When it was read.
    pub read_at: DateTime<Utc>,
    /// Why nothing may be written or sent until a person mends the table.
    pub trouble: Option<String>,
}

/// A lead whose record was not seen in a full read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The lead's row id.
    pub lead: i64,
    /// The record.
    pub record_id: RecordId,
}

impl Ledger {
    /// What is known of a table, none before the first time.
    pub fn kept_table(&self, name: &str) -> anyhow::Result<Option<KeptTable>> {
        let sql = "SELECT schema, read_at, trouble FROM airtable_tables WHERE name = ?1";
        let found = self.conn.prepare_cached(sql)?.query_row([name], |row| {
            Ok(KeptTable {
                schema: row.get(0)?,
                read_at: instant(row.get(1)?),
                trouble: row.get(2)?,
            })
        });
        found.optional().context("cannot read the base's columns")
    }

    /// Keeps what was learned of a table.
    pub fn keep_table(
        &mut self,
        name: &str,
        schema: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "INSERT INTO airtable_tables (name, schema, read_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT (name) DO UPDATE SET schema = excluded.schema,
                       read_at = excluded.read_at";
        self.conn
            .execute(sql, (name, schema, seconds(now)))
            .context("cannot keep the base's columns")?;
        Ok(())
    }

    /// Notes why nothing may be written or sent, or that all is well again.
    pub fn set_table_trouble(
        &mut self,
        name: &str,
        trouble: Option<&str>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "INSERT INTO airtable_tables (name, schema, read_at, trouble)
                   VALUES (?1, 'null', ?2, ?3)
                   ON CONFLICT (name) DO UPDATE SET trouble = excluded.trouble";
        self.conn
            .execute(sql, (name, seconds(now), trouble))
            .context("cannot note what is wrong with the base's columns")?;
        Ok(())
    }

    /// The table takes what it did not take before: every lead is compared again with what it
    /// shows.
    /// `replaced` are columns (ours) that are others than before: they show nothing of what was
    /// told.
    pub fn show_again(&mut self, replaced: &[String]) -> anyhow::Result<()> {
        let tx = self.begin()?;
        for column in replaced {
            let path = format!("$.\"{column}\"");
            let sql = "UPDATE pushes SET told = json_remove(told, ?1)
                       WHERE json_type(told, ?1) IS NOT NULL";
            tx.execute(sql, [path])
                .context("cannot forget what a column was told")?;
        }
        let sql = "UPDATE leads SET revision = revision + 1
                   WHERE source = 'airtable' AND reject_reason IS NOT ?1
                     AND id IN (SELECT lead_id FROM pushes)";
        tx.execute(sql, [RejectReason::Removed.code()])
            .context("cannot have the leads shown again")?;
        tx.commit().context("cannot have the leads shown again")
    }

    /// Begins a full read: no record has been seen yet.
    pub fn begin_full_read(&mut self) -> anyhow::Result<()> {
        // On the disk, not in memory: a base may hold half a million records.
        let sql = "DROP TABLE IF EXISTS temp.seen;
                   CREATE TEMPORARY TABLE seen (record_id TEXT PRIMARY KEY) WITHOUT ROWID;
                   PRAGMA temp.cache_size = -8192";
        self.conn
            .execute_batch(sql)
            .context("cannot begin a full read")
    }

    /// How many leads of the base are known and not gone yet, and which of them the full read did
    /// not see.
    pub fn unseen(&self) -> anyhow::Result<(u64, Vec<Unseen>)> {
        let gone = RejectReason::Removed.code();
        let sql = "SELECT count(*) FROM leads
                   WHERE source = 'airtable' AND reject_reason IS NOT ?1";
        let known: i64 = self.conn.query_row(sql, [gone], |row| row.get(0))?;
        let sql = "SELECT id, record_id FROM leads
                   WHERE source = 'airtable' AND reject_reason IS NOT ?1
                     AND record_id NOT IN (SELECT record_id FROM temp.seen)
                   ORDER BY id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([gone], |row| {
            Ok(Unseen {
                lead: row.get(0)?,
                record_id: RecordId::new(row.get::<_, String>(1)?),
            })
        })?;
        let unseen = rows.collect::<Result<_, _>>();
        Ok((
            known.unsigned_abs(),
            unseen.context("cannot list the leads that are gone")?,
        ))
    }

    /// The leads of the base that have a message due, with their records, the longest due first.
    pub fn due_records(
        &self,
        now: DateTime<Utc>,
        limit: u32,
        lead: Option<i64>,
    ) -> anyhow::Result<Vec<(i64, RecordId)>> {
        let sql = "SELECT l.id, l.record_id FROM messages m
                   JOIN campaigns c ON c.id = m.campaign_id JOIN leads l ON l.id = c.lead_id
                   WHERE m.state IN ('scheduled', 'deferred') AND m.due_at <= ?1
                     AND c.state = 'active' AND l.source = 'airtable' AND (?3 IS NULL OR l.id = ?3)
                   GROUP BY l.id ORDER BY min(m.due_at), l.id LIMIT ?2";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map((seconds(now), limit, lead), |row| {
            Ok((row.get(0)?, RecordId::new(row.get::<_, String>(1)?)))
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot list the leads that are due")
    }

    /// The record of a lead is gone from the base: its open campaign stops, and it is not written
    /// to again unless the record comes back.
    pub fn lead_is_gone(&mut self, lead: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
        let tx = self.begin()?;
        remove(&tx, lead, now)?;
        tx.commit()
            .context("cannot close the lead whose record is gone")
    }
}

impl PullTransaction<'_> {
    /// Notes that a full read saw a record.
    pub fn saw(&self, record_id: &RecordId) -> anyhow::Result<()> {
        let sql = "INSERT OR IGNORE INTO temp.seen (record_id) VALUES (?1)";
        self.conn
            .prepare_cached(sql)?
            .execute([record_id.as_str()])
            .context("cannot note what the full read saw")?;
        Ok(())
    }
}

fn remove(conn: &Connection, lead: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "SELECT id FROM campaigns WHERE lead_id = ?1
                 AND state IN ('draft', 'review', 'active', 'paused')";
    let campaign: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row([lead], |row| row.get(0))
        .optional()?;
    let why = "its record is no longer in the base";
    if let Some(campaign) = campaign {
        transitions::stop(conn, campaign, StopReason::LeadRemoved, why, now)?;
    }
    let reject = Reject::new(RejectReason::Removed, why.to_string());
    let sql = "UPDATE leads SET verdict = 'rejected', reject_reason = ?2, reject_detail = ?3,
                      changed_at = ?4 WHERE id = ?1";
    let values = (lead, reject.reason.code(), &reject.detail, seconds(now));
    conn.prepare_cached(sql)?.execute(values)?;
    // There is nothing left to show it in.
    let sql = "UPDATE leads SET pushed_revision = revision WHERE id = ?1";
    conn.prepare_cached(sql)?.execute([lead])?;
    let about = About {
        lead: Some(lead),
        campaign,
        message: None,
    };
    log_event(conn, now, about, "removed", why)
}
