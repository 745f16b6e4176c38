//! Suppressions: addresses and domains never to be written to again.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::{About, Ledger, instant, log_event, seconds, transitions};
use crate::campaign::StopReason;

/// Why somebody is suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionReason {
    /// They asked for it.
    OptedOut,
    /// The address does not exist.
    Bounced,
    /// They reported spam.
    Complained,
    /// They left the company.
    LeftCompany,
    /// A person of ours said so.
    ByPerson,
    /// It came with an imported list.
    Imported,
}

impl SuppressionReason {
    /// The word stored in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            SuppressionReason::OptedOut => "opted_out",
            SuppressionReason::Bounced => "bounced",
            SuppressionReason::Complained => "complained",
            SuppressionReason::LeftCompany => "left_company",
            SuppressionReason::ByPerson => "by_person",
            SuppressionReason::Imported => "imported",
        }
    }

    /// What suppresses an address when its campaign stops for this reason.
    pub fn of_stop(reason: StopReason) -> SuppressionReason {
        match reason {
            StopReason::OptedOut => SuppressionReason::OptedOut,
            StopReason::Bounced => SuppressionReason::Bounced,
            StopReason::Complained => SuppressionReason::Complained,
            StopReason::LeftCompany => SuppressionReason::LeftCompany,
            _ => SuppressionReason::ByPerson,
        }
    }
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// An address or a domain, lower case.
    pub value: String,
    /// The stored word of a [`SuppressionReason`].
    pub reason: String,
    /// A remark.
    pub note: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl Ledger {
    /// Suppresses an address or a domain (lower case, normalised by the caller); the answer is
    /// whether it is new. Open campaigns of the addresses it covers stop in the same transaction.
    pub fn suppress(
        &mut self,
        value: &str,
        reason: SuppressionReason,
        note: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        let tx = self.begin()?;
        let is_new = cover(&tx, value, reason, note, now)?;
        // The list names one reason; that somebody of ours said so too must outlive the other one.
        let sql = "UPDATE suppressions SET note = note || '; also by a person'
                   WHERE value = ?1 AND note LIKE '%(mail %)'";
        if !is_new {
            tx.execute(sql, [value])?;
        }
        tx.commit().context("cannot store the suppression")?;
        Ok(is_new)
    }

    /// Takes an entry off the list; the answer is whether it was there.
    pub fn unsuppress(&mut self, value: &str, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let tx = self.begin()?;
        let removed = tx.execute("DELETE FROM suppressions WHERE value = ?1", [value])? > 0;
        if removed {
            log_event(&tx, now, About::default(), "unsuppressed", value)?;
        }
        tx.commit().context("cannot remove the suppression")?;
        Ok(removed)
    }

    /// The whole list, by value.
    pub fn suppressions(&self) -> anyhow::Result<Vec<Suppression>> {
        let sql = "SELECT value, reason, note, created_at FROM suppressions ORDER BY value";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(Suppression {
                value: row.get(0)?,
                reason: row.get(1)?,
                note: row.get(2)?,
                created_at: instant(row.get(3)?),
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the suppressions")
    }
}

/// Adds an entry and stops the open campaigns of every address it covers; the answer is whether it
/// is new. What it stops is noted with the entry's own note.
pub(super) fn cover(
    conn: &Connection,
    value: &str,
    reason: SuppressionReason,
    note: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let is_new = add(conn, value, reason, note, now)?;
    let ids = conn
        .prepare_cached(&open_campaigns_of(value))?
        .query_map([value], |row| row.get::<_, i64>(0))?
        .collect::<Result<Vec<_>, _>>()
        .context("cannot list the campaigns of a suppressed address")?;
    let why = match note.is_empty() {
        true => value.to_string(),
        false => format!("{value}: {note}"),
    };
    for id in ids {
        transitions::stop(conn, id, StopReason::Suppressed, &why, now)?;
    }
    Ok(is_new)
}

/// The open campaigns of the addresses an entry covers. An address is one step into a list; a
/// domain has to be looked for in all.
fn open_campaigns_of(value: &str) -> String {
    let covered = match value.contains('@') {
        true => "l.email = ?1",
        false => "(l.email LIKE '%@' || ?1 OR l.email LIKE '%.' || ?1)",
    };
    format!(
        "SELECT c.id FROM leads l JOIN campaigns c ON c.lead_id = l.id
         WHERE {covered} AND c.state IN ('draft', 'review', 'active', 'paused')"
    )
}

/// Adds an entry; the answer is whether it is new.
pub(super) fn add(
    conn: &Connection,
    value: &str,
    reason: SuppressionReason,
    note: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let sql = "INSERT INTO suppressions (value, reason, note, created_at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (value) DO NOTHING";
    let row = (value, reason.as_str(), note, seconds(now));
    let is_new = conn
        .prepare_cached(sql)?
        .execute(row)
        .context("cannot suppress")?
        > 0;
    if is_new {
        let detail = format!("{value}: {}", reason.as_str());
        log_event(conn, now, About::default(), "suppressed", &detail)?;
    }
    Ok(is_new)
}

/// The entry that covers an address: itself, its domain, or a domain above that.
pub(super) fn covering(conn: &Connection, email: &str) -> anyhow::Result<Option<String>> {
    let mut statement = conn.prepare_cached("SELECT value FROM suppressions WHERE value = ?1")?;
    let email = email.to_lowercase();
    let mut next = Some(email.as_str());
    while let Some(value) = next {
        let found = statement.query_row([value], |row| row.get(0)).optional()?;
        if found.is_some() {
            return Ok(found);
        }
        let separator = if value.contains('@') { '@' } else { '.' };
        next = value
            .split_once(separator)
            .map(|(_, rest)| rest)
            .filter(|d| d.contains('.'));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::migrate;

    #[test]
    fn the_campaigns_of_an_address_are_found_without_reading_all() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate::apply(&mut conn, None, DateTime::UNIX_EPOCH).unwrap();
        let sql = format!(
            "EXPLAIN QUERY PLAN {}",
            open_campaigns_of("ada@firm.example")
        );
        let mut statement = conn.prepare(&sql).unwrap();
        let rows = statement.query_map([1], |row| row.get(3)).unwrap();
        let plan: Vec<String> = rows.map(Result::unwrap).collect();
        assert!(
            plan.iter().any(|line| line.contains("leads_by_email")),
            "{plan:?}"
        );
        assert!(!plan.iter().any(|line| line.contains("SCAN")), "{plan:?}");
    }
}
