//! Brings a ledger to the schema this program knows.
//!
//! `user_version` counts the migrations applied. They are never changed or removed once released;
//! all that are missing run in one exclusive transaction, after a copy of an existing file was
//! made. A file with more migrations than we know was made by a newer program and is refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use include_dir::{Dir, include_dir};
use rusqlite::{Connection, TransactionBehavior};

use super::{Unfit, analytics};

static MIGRATIONS: Dir = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// What the columns this one adds hold cannot be told in SQL.
pub(super) const ANALYTICS: &str = "0011_analytics.sql";

/// The migrations in order, each with its file name.
fn all() -> anyhow::Result<Vec<(String, &'static str)>> {
    let mut migrations = MIGRATIONS
        .files()
        .map(|file| {
            let name = file.path().display().to_string();
            let sql = file
                .contents_utf8()
                .with_context(|| format!("{name}: not UTF-8"))?;
            Ok((name, sql))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    migrations.sort();
    Ok(migrations)
}

fn version(conn: &Connection) -> anyhow::Result<usize> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    usize::try_from(version).context("the file's user_version is negative")
}

fn refuse_newer(version: usize, known: usize) -> anyhow::Result<()> {
    if version > known {
        return Err(Unfit(format!(
            "it was made by a newer outreach (schema {version}, this program knows {known}): \
             install that version, or restore a backup"
        ))
        .into());
    }
    Ok(())
}

/// Refuses a database that has tables but none of our migrations: it belongs to somebody else.
fn refuse_foreign(conn: &Connection, version: usize) -> anyhow::Result<()> {
    let sql = "SELECT count(*) FROM sqlite_schema";
    if version == 0 && conn.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0 {
        let found = "expected a ledger made by outreach, found the database of another program; \
                     set another path";
        return Err(Unfit(found.to_string()).into());
    }
    Ok(())
}

/// Refuses a file that this program cannot read without upgrading it first.
pub(super) fn ensure_current(conn: &Connection) -> anyhow::Result<()> {
    let (version, known) = (version(conn)?, all()?.len());
    refuse_newer(version, known)?;
    refuse_foreign(conn, version)?;
    if version < known {
        return Err(Unfit(format!(
            "it has schema {version}, this program needs {known}: run any stage once to upgrade it"
        ))
        .into());
    }
    Ok(())
}

/// Applies what is missing. `file` is where the copy goes beside; none for a temporary database.
pub(super) fn apply(
    conn: &mut Connection,
    file: Option<&Path>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let migrations = all()?;
    let before = version(conn)?;
    refuse_newer(before, migrations.len())?;
    if before == migrations.len() {
        return Ok(());
    }
    if let (Some(file), true) = (file, before > 0) {
        copy_before(conn, file, before, now)?;
    }
    // Tables that others refer to can be made anew only while nobody watches; all is checked below.
    conn.pragma_update(None, "foreign_keys", false)?;
    let upgraded = upgrade(conn, &migrations);
    conn.pragma_update(None, "foreign_keys", true)?;
    upgraded
}

fn upgrade(conn: &mut Connection, migrations: &[(String, &'static str)]) -> anyhow::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Read again under the lock: another process may have upgraded the file meanwhile.
    let before = version(&tx)?;
    refuse_foreign(&tx, before)?;
    for (name, sql) in migrations.iter().skip(before) {
        tx.execute_batch(sql)
            .with_context(|| format!("migration {name} failed"))?;
        if name == ANALYTICS {
            analytics::traits::fill_in(&tx).with_context(|| format!("migration {name} failed"))?;
        }
    }
    if before < migrations.len() {
        let sql = "SELECT count(*) FROM pragma_foreign_key_check";
        let astray: i64 = tx.query_row(sql, [], |row| row.get(0))?;
        anyhow::ensure!(
            astray == 0,
            "{astray} rows would refer to nothing after the upgrade"
        );
        tx.pragma_update(None, "user_version", i64::try_from(migrations.len())?)?;
    }
    tx.commit()?;
    Ok(())
}

fn copy_before(
    conn: &Connection,
    file: &Path,
    version: usize,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let stamp = now.format("%Y%m%dT%H%M%SZ");
    let copy = PathBuf::from(format!("{}.schema-{version}-{stamp}", file.display()));
    super::make_private(&copy);
    let mut target = Connection::open(&copy)
        .with_context(|| format!("cannot copy the ledger to `{}` first", copy.display()))?;
    rusqlite::backup::Backup::new(conn, &mut target)?
        .run_to_completion(i32::MAX, Duration::ZERO, None)
        .with_context(|| format!("cannot copy the ledger to `{}` first", copy.display()))?;
    Ok(())
}

/// Makes a ledger as it was before a migration.
#[cfg(test)]
pub(super) fn apply_before(conn: &mut Connection, migration: &str) -> anyhow::Result<()> {
    let migrations = all()?;
    let before = migrations.iter().position(|(name, _)| name == migration);
    let before = before.with_context(|| format!("there is no migration {migration}"))?;
    upgrade(conn, migrations.get(..before).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000, 0).unwrap()
    }

    #[test]
    fn applying_twice_changes_nothing() {
        let mut conn = Connection::open_in_memory().unwrap();
        apply(&mut conn, None, now()).unwrap();
        let count = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = conn.query_row(count, [], |row| row.get(0)).unwrap();
        apply(&mut conn, None, now()).unwrap();
        assert_eq!(
            conn.query_row(count, [], |row| row.get::<_, i64>(0))
                .unwrap(),
            tables
        );
        ensure_current(&conn).unwrap();
    }

    #[test]
    fn a_file_made_by_a_newer_program_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "user_version", 999).unwrap();
        let error = apply(&mut conn, None, now()).unwrap_err().to_string();
        assert!(error.contains("made by a newer outreach"), "{error}");
        assert!(ensure_current(&conn).is_err());
    }

    #[test]
    fn an_older_file_is_copied_before_it_is_upgraded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("campaigns.db");
        let mut conn = Connection::open(&path).unwrap();
        apply(&mut conn, Some(&path), now()).unwrap();
        copy_before(&conn, &path, 1, now()).unwrap();
        let copies = std::fs::read_dir(dir.path())
            .unwrap()
            .filter(|f| {
                f.as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .contains(".schema-1-")
            })
            .count();
        assert_eq!(copies, 1);
    }

    #[test]
    fn texts_and_all_that_refers_to_a_message_survive_the_move_of_the_texts() {
        let mut conn = Connection::open_in_memory().unwrap();
        apply_before(&mut conn, "0010_message_texts.sql").unwrap();
        conn.execute_batch(
            "INSERT INTO leads (id, record_id, source, fields, fingerprint, full_name, company,
                 verdict, first_read_at, changed_at)
             VALUES (1, 'rec1', 'file', '{}', '', 'Ada', 'Firm', 'eligible', 0, 0);
             INSERT INTO campaigns (id, campaign_id, lead_id, company, state, sequence, writer,
                 quality_score, zone, zone_reason, country, created_at, updated_at)
             VALUES (1, 'c1', 1, 'Firm', 'active', '{}', 'template:x', 100, 'UTC', '', 'US', 0, 0);
             INSERT INTO messages (id, campaign_id, number, step, subject, body, state, sent_at,
                 outreach_key, message_id)
             VALUES (7, 1, 1, 'hook', 'About', 'Hi Ada', 'sent', 5, 'c1.hook', 'a@b');
             INSERT INTO runs (id, stage, started_at, pid) VALUES (1, 'send', 0, 1);
             INSERT INTO attempts (id, message_id, run_id, number, mailer, started_at, outcome)
             VALUES (3, 7, 1, 1, 'smtp:x:25', 4, 'accepted');
             INSERT INTO events (id, at, campaign_id, message_id, kind, detail)
             VALUES (9, 5, 1, 7, 'accepted', 'hook: 250');",
        )
        .unwrap();
        apply(&mut conn, None, now()).unwrap();
        let row = "SELECT m.id || m.subject || t.body || m.state || a.id || a.outcome || e.id
                   FROM messages m JOIN message_texts t ON t.message_id = m.id
                                   JOIN attempts a ON a.message_id = m.id
                                   JOIN events e ON e.message_id = m.id";
        let row: String = conn.query_row(row, [], |row| row.get(0)).unwrap();
        assert_eq!(row, "7AboutHi Adasent3accepted9");
        let next = "INSERT INTO messages (campaign_id, number, step, subject, state, outreach_key)
                    VALUES (1, 2, 'proof', 'About', 'drafted', 'c1.proof') RETURNING id";
        let next: i64 = conn.query_row(next, [], |row| row.get(0)).unwrap();
        assert_eq!(next, 8, "no id is used twice");
        let watches: bool = conn
            .query_row("PRAGMA foreign_keys", [], |row| row.get(0))
            .unwrap();
        assert!(watches);
        let astray = "INSERT INTO message_texts VALUES (99, '')";
        assert!(conn.execute(astray, []).is_err());
        for wrong in ["'lost'", "'scheduled'", "'dead'"] {
            let sql = format!("UPDATE messages SET state = {wrong} WHERE id = 8");
            assert!(conn.execute(&sql, []).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_schema_knows_exactly_the_states_the_program_knows() {
        use crate::campaign::{CampaignState, MessageState, StopReason};
        let sql = all()
            .unwrap()
            .into_iter()
            .map(|(_, sql)| sql)
            .collect::<String>();
        for state in CampaignState::ALL.map(CampaignState::as_str) {
            assert!(sql.contains(&format!("'{state}'")), "{state}");
        }
        for state in MessageState::ALL.map(MessageState::as_str) {
            assert!(sql.contains(&format!("'{state}'")), "{state}");
        }
        for reason in StopReason::ALL.map(StopReason::as_str) {
            assert!(sql.contains(&format!("'{reason}'")), "{reason}");
        }
    }
}
