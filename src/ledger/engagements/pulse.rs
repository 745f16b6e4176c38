//! Whether the pipeline is alive, in four figures that cost nothing however large the ledger is.

use anyhow::Context;
use chrono::{DateTime, Utc};

use super::super::{Ledger, instant, seconds};

/// What those who watch over the program want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Dated messages whose instant has come.
    pub due: i64,
    /// Messages nobody knows whether they left.
    pub in_doubt: i64,
    /// Campaigns that have not ended.
    pub open_campaigns: i64,
    /// When every mailbox had been read whole; none before the first time.
    pub scanned_at: Option<DateTime<Utc>>,
}

impl Ledger {
    /// The figures, each read from an index of just those rows.
    pub fn pulse(&self, now: DateTime<Utc>) -> anyhow::Result<Pulse> {
        let sql = "SELECT (SELECT count(*) FROM messages
                           WHERE state IN ('scheduled', 'deferred') AND due_at <= ?1),
                          (SELECT count(*) FROM messages WHERE state = 'in_doubt'),
                          (SELECT count(*) FROM campaigns
                           WHERE state IN ('draft', 'review', 'active', 'paused')),
                          -- A mailbox that was never read makes the whole as good as never read.
                          (SELECT CASE WHEN count(*) = count(succeeded_at)
                                       THEN min(succeeded_at) END
                           FROM cursors WHERE read_to_at IS NULL)";
        let pulse = self
            .conn
            .prepare_cached(sql)?
            .query_row([seconds(now)], |row| {
                Ok(Pulse {
                    due: row.get(0)?,
                    in_doubt: row.get(1)?,
                    open_campaigns: row.get(2)?,
                    scanned_at: row.get::<_, Option<i64>>(3)?.map(instant),
                })
            });
        pulse.context("cannot read the figures")
    }
}
