//! What becomes of opens and clicks after ANALYTICS_RETENTION_DAYS: each by itself is forgotten,
//! how many there were a day stays, so that no figure changes.

use anyhow::Context;
use chrono::{DateTime, NaiveTime, Utc};

use super::{Ledger, seconds};

/// So many are folded in one transaction: whoever answers requests meanwhile wants to write too.
const BATCH: i64 = 5_000;

/// A run folds so many batches at most; the next one goes on.
const BATCHES_MAX: usize = 2_000;

impl Ledger {
    /// Folds what was asked of mails on the days (UTC) before an instant's into a count for each
    /// mail, day and kind, people's and programs' apart. The answer is how many there were.
    pub fn fold_engagements(&mut self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let midnight = seconds(before.date_naive().and_time(NaiveTime::MIN).and_utc());
        let mut n_folded = 0;
        for _ in 0..BATCHES_MAX {
            let n = self.fold_batch(midnight, BATCH)?;
            n_folded += u64::try_from(n).context("too many opens and clicks")?;
            if n == 0 {
                break;
            }
        }
        Ok(n_folded)
    }

    /// One transaction of it. Killed before its end it has done nothing.
    pub(super) fn fold_batch(&mut self, midnight: i64, batch: i64) -> anyhow::Result<usize> {
        let tx = self.begin()?;
        // The same rows both times: nothing is written to them in between.
        let rows = "SELECT id FROM engagements WHERE at < ?1 ORDER BY at, id LIMIT ?2";
        let sql = format!(
            "INSERT INTO engagement_days (message_id, day, kind, is_machine, n)
             SELECT message_id, date(at, 'unixepoch'), kind, machine IS NOT NULL, count(*)
             FROM engagements WHERE id IN ({rows}) GROUP BY 1, 2, 3, 4
             ON CONFLICT DO UPDATE SET n = n + excluded.n"
        );
        tx.prepare_cached(&sql)?
            .execute((midnight, batch))
            .context("cannot count old opens and clicks")?;
        let sql = format!("DELETE FROM engagements WHERE id IN ({rows})");
        let n = tx
            .prepare_cached(&sql)?
            .execute((midnight, batch))
            .context("cannot delete old opens and clicks")?;
        if n == 0 {
            return Ok(0);
        }
        tx.commit().context("cannot fold old opens and clicks")?;
        Ok(n)
    }
}
