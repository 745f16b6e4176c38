//! Runs: one row per execution of a stage, with its counts. Also the switches a person throws.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::{Ledger, instant, seconds};

/// One execution of a stage, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// The run's id.
    pub id: i64,
    /// The stage's name.
    pub stage: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; none while it runs or when its process died.
    pub finished_at: Option<DateTime<Utc>>,
    /// `ok`, `partial`, `failed`, `again` or `interrupted`; none while it runs or when it died.
    pub outcome: Option<String>,
    /// What it counted, by name.
    pub counts: BTreeMap<String, i64>,
    /// What went wrong, a line each.
    pub errors: Vec<String>,
}

impl Ledger {
    /// Notes that a stage begins; the answer is the run's id.
    pub fn start_run(&mut self, stage: &str, now: DateTime<Utc>) -> anyhow::Result<i64> {
        let sql = "INSERT INTO runs (stage, started_at, pid) VALUES (?1, ?2, ?3)";
        self.conn
            .execute(sql, (stage, seconds(now), std::process::id()))
            .context("cannot note the start of the run")?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Notes how a run ended.
    pub fn finish_run(
        &mut self,
        id: i64,
        outcome: &str,
        counts: &BTreeMap<String, i64>,
        errors: &[String],
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "UPDATE runs SET finished_at = ?2, outcome = ?3, counts = ?4, errors = ?5
                   WHERE id = ?1";
        let (counts, errors) = (
            serde_json::to_string(counts)?,
            serde_json::to_string(errors)?,
        );
        self.conn
            .execute(sql, (id, seconds(now), outcome, counts, errors))
            .context("cannot note the end of the run")?;
        Ok(())
    }

    /// The latest run of each stage, by stage.
    pub fn latest_runs(&self) -> anyhow::Result<Vec<RunRow>> {
        let sql = "SELECT id, stage, started_at, finished_at, outcome, counts, errors FROM runs
                   WHERE id IN (SELECT max(id) FROM runs GROUP BY stage) ORDER BY stage";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(RunRow {
                id: row.get(0)?,
                stage: row.get(1)?,
                started_at: instant(row.get(2)?),
                finished_at: row.get::<_, Option<i64>>(3)?.map(instant),
                outcome: row.get(4)?,
                counts: serde_json::from_str(&row.get::<_, String>(5)?).unwrap_or_default(),
                errors: serde_json::from_str(&row.get::<_, String>(6)?).unwrap_or_default(),
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the runs")
    }

    /// Throws a switch; throwing it again changes its reason only.
    pub fn set_switch(
        &mut self,
        name: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "INSERT INTO switches (name, reason, set_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT (name) DO UPDATE SET reason = excluded.reason";
        self.conn
            .execute(sql, (name, reason, seconds(now)))
            .context("cannot set the switch")?;
        Ok(())
    }

    /// Takes a switch back; the answer is whether it had been thrown.
    pub fn clear_switch(&mut self, name: &str) -> anyhow::Result<bool> {
        let sql = "DELETE FROM switches WHERE name = ?1";
        Ok(self
            .conn
            .execute(sql, [name])
            .context("cannot clear the switch")?
            > 0)
    }

    /// The reason of a thrown switch and since when, or none.
    pub fn switch(&self, name: &str) -> anyhow::Result<Option<(String, DateTime<Utc>)>> {
        switch(&self.conn, name)
    }
}

/// The reason of a thrown switch and since when, or none.
pub(super) fn switch(
    conn: &Connection,
    name: &str,
) -> anyhow::Result<Option<(String, DateTime<Utc>)>> {
    let sql = "SELECT reason, set_at FROM switches WHERE name = ?1";
    conn.prepare_cached(sql)?
        .query_row([name], |row| Ok((row.get(0)?, instant(row.get(1)?))))
        .optional()
        .context("cannot read the switches")
}

impl Ledger {
    /// The instant up to which a base's changes were read; none before the first whole read.
    pub fn read_to(&self, name: &str) -> anyhow::Result<Option<DateTime<Utc>>> {
        let sql = "SELECT read_to_at FROM cursors WHERE name = ?1";
        let at: Option<Option<i64>> = self
            .conn
            .prepare_cached(sql)?
            .query_row([name], |row| row.get(0))
            .optional()
            .context("cannot read the cursor")?;
        Ok(at.flatten().map(instant))
    }

    /// Notes up to which instant a base's changes were read.
    pub fn set_read_to(&mut self, name: &str, at: DateTime<Utc>) -> anyhow::Result<()> {
        let sql = "INSERT INTO cursors (name, read_to_at, succeeded_at) VALUES (?1, ?2, ?2)
                   ON CONFLICT (name) DO UPDATE SET read_to_at = excluded.read_to_at,
                       succeeded_at = excluded.succeeded_at, last_error = NULL";
        self.conn
            .execute(sql, (name, seconds(at)))
            .context("cannot move the cursor")?;
        Ok(())
    }
}
