//! A ledger that holds whoever writes to it, so that a process is surely there to be killed, however
//! fast it is and however slow the test.
//!
//! Triggers count the rows that are written. At the row that is asked for, the process first writes
//! more than it keeps in memory, which spills into the journal, where we see it although nothing is
//! committed; then it counts for ever, in the middle of its transaction.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Running, World};

/// More than the program keeps of the ledger in memory, in bytes.
const BALLAST: u64 = 24 << 20;
/// So much of it is seen in the journal, which no stage of these tests fills by itself.
const SPILLED: u64 = 4 << 20;
/// No command of these tests is killed so often before it comes to its end.
const RUNS_MAX: i64 = 200;
/// A deadline that only a defect reaches.
const PATIENCE: Duration = Duration::from_secs(60);

/// The triggers and what they need, until it is dropped.
pub struct Hold<'a> {
    world: &'a World,
    ledger: Connection,
}

impl<'a> Hold<'a> {
    /// A hold on the ledger of this world, which exists; nobody is held yet.
    pub fn new(world: &'a World) -> Hold<'a> {
        let ledger = Connection::open(world.path("campaigns.db")).unwrap();
        ledger.busy_timeout(PATIENCE).unwrap();
        let tables = world
            .sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
        let mut sql = "CREATE TABLE hold (n_left INTEGER NOT NULL) STRICT;
                       CREATE TABLE ballast (bytes BLOB NOT NULL) STRICT;
                       INSERT INTO hold VALUES (-1);"
            .to_string();
        for table in tables.into_iter().flatten() {
            for verb in ["INSERT", "UPDATE", "DELETE"] {
                sql += &format!(
                    "CREATE TRIGGER hold_{verb}_{table} AFTER {verb} ON {table} BEGIN
                         UPDATE hold SET n_left = n_left - 1;
                         INSERT INTO ballast SELECT zeroblob({BALLAST}) FROM hold WHERE n_left = 0;
                         SELECT max(n) FROM (
                             WITH RECURSIVE forever (n) AS (
                                 SELECT 1 FROM hold WHERE n_left = 0
                                 UNION ALL SELECT n + 1 FROM forever)
                             SELECT n FROM forever);
                     END;"
                );
            }
        }
        ledger.execute_batch(&sql).unwrap();
        Hold { world, ledger }
    }

    /// Kills a process at the n-th row that it writes from now on, the first being 1; false when it
    /// came to its end, well, before it wrote so many.
    #[track_caller]
    pub fn kills_at(&self, n: i64, start: impl FnOnce() -> Running) -> bool {
        self.ledger
            .execute("UPDATE hold SET n_left = ?1", [n])
            .unwrap();
        let emptied = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: bool = self
            .ledger
            .query_row(emptied, [], |row| row.get(0))
            .unwrap();
        assert!(!is_busy, "somebody else reads the ledger");
        let mut running = start();
        let deadline = Instant::now() + PATIENCE;
        while !self.is_reached() {
            if running.ends_within(Duration::from_micros(500)) {
                let outcome = running.wait();
                assert!(matches!(outcome.code, 0 | 3), "{outcome:?}");
                return false;
            }
            assert!(Instant::now() < deadline, "it neither writes nor ends");
        }
        let outcome = running.kill();
        assert_eq!(outcome.code, -9, "{outcome:?}");
        true
    }

    /// Kills a command at the first row that it writes and then, run again, ever `step` rows later,
    /// until one run comes to its end; the answer is how many were killed.
    #[track_caller]
    pub fn kills_all_over(&self, now: &str, args: &[&str], step: i64) -> i64 {
        let start = || self.world.at(now).spawn(args);
        let n_killed = (0..RUNS_MAX).find(|n| !self.kills_at(1 + n * step, start));
        n_killed.unwrap_or_else(|| panic!("{args:?} never comes to its end"))
    }

    /// How many rows a process writes that runs to its end.
    #[track_caller]
    pub fn rows_written(&self, run: impl FnOnce()) -> i64 {
        let sql = "UPDATE hold SET n_left = -1";
        self.ledger.execute(sql, []).unwrap();
        run();
        let sql = "SELECT -1 - n_left FROM hold";
        self.ledger.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn is_reached(&self) -> bool {
        let journal = self.world.path("campaigns.db-wal");
        std::fs::metadata(journal).is_ok_and(|file| file.len() >= SPILLED)
    }
}

impl Drop for Hold<'_> {
    /// Leaves the ledger as the program knows it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let query = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB 'hold_*'";
        let mut sql = "DROP TABLE hold; DROP TABLE ballast;".to_string();
        for trigger in super::rows(&self.ledger, query, &[]).into_iter().flatten() {
            sql += &format!("DROP TRIGGER {trigger};");
        }
        self.ledger.execute_batch(&sql).unwrap();
    }
}
