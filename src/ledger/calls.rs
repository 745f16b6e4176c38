//! Calls: how many the base was asked, by the day (UTC).

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};

use super::Ledger;

impl Ledger {
    /// Adds calls to the day of `now`.
    pub fn count_calls(&mut self, n: u64, now: DateTime<Utc>) -> anyhow::Result<()> {
        let sql = "INSERT INTO airtable_calls (day, calls) VALUES (?1, ?2)
                   ON CONFLICT (day) DO UPDATE SET calls = calls + excluded.calls";
        let n = i64::try_from(n).context("cannot count so many calls")?;
        self.conn
            .prepare_cached(sql)?
            .execute((now.date_naive().to_string(), n))
            .context("cannot count the calls to Airtable")?;
        Ok(())
    }

    /// The calls of each day from `since` on, oldest first; a day without any is left out.
    pub fn calls_by_day(&self, since: NaiveDate) -> anyhow::Result<Vec<(NaiveDate, u64)>> {
        let sql =
            "SELECT day, calls FROM airtable_calls WHERE day >= ?1 AND calls > 0 ORDER BY day";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([since.to_string()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })?;
        rows.map(|row| {
            let (day, calls) = row.context("cannot read the calls to Airtable")?;
            let date = day.parse().with_context(|| {
                format!("airtable_calls: expected a day such as 2026-03-02, found `{day}`")
            })?;
            Ok((date, u64::try_from(calls).unwrap_or(0)))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_add_up_by_the_day_of_utc() {
        let dir = tempfile::tempdir().unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let now = at("2026-03-02T12:00:00Z");
        let mut ledger = Ledger::open(&dir.path().join("ledger.db"), now).unwrap();
        for (n, instant) in [
            (7, "2026-02-28T23:59:59Z"),
            (10, "2026-03-01T00:00:00Z"),
            (5, "2026-03-02T00:30:00+01:00"),
            (0, "2026-03-03T00:00:00Z"),
            (1, "2026-03-02T23:59:59Z"),
        ] {
            ledger.count_calls(n, at(instant)).unwrap();
        }
        let march = [(day("2026-03-01"), 15), (day("2026-03-02"), 1)];
        assert_eq!(ledger.calls_by_day(day("2026-03-01")).unwrap(), march);
        let all = ledger.calls_by_day(day("2026-01-01")).unwrap();
        assert_eq!(all.first(), Some(&(day("2026-02-28"), 7)));
        assert_eq!(all.len(), 3);
        assert!(ledger.count_calls(u64::MAX, now).is_err());
        assert_eq!(ledger.calls_by_day(day("2026-03-03")).unwrap(), []);
    }
}
