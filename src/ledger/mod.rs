//! The ledger: one SQLite file, the only truth of the pipeline.
//!
//! Purpose: every fact is written here in a short transaction before or right after it becomes true
//! outside. One file per table family; SQL stands where it is used.
//! Invariants: foreign keys are on, the journal is WAL with `synchronous=FULL` (losing the last
//! commit would mean mailing twice), every writing transaction is IMMEDIATE (a deferred one that
//! turns from reading to writing fails at once when another process wrote meanwhile), `now` is
//! always a parameter. This module does not decide: rules come in as values or closures from the
//! core.

mod analytics;
mod attempts;
mod breakers;
mod calls;
mod campaigns;
mod claims;
mod colleagues;
mod commands;
mod consequences;
mod engagements;
mod inbound;
mod inbox;
mod leads;
mod letters;
mod llm;
mod matching;
mod migrate;
mod pushes;
mod relabel;
mod replay;
mod retention;
mod returned;
mod reviews;
mod rewrites;
mod runs;
mod schedule;
mod sent_copies;
mod signing;
mod suppressions;
mod tables;
mod transitions;
mod views;

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

pub use attempts::{Attempt, Recorded};
pub use breakers::HeldSender;
pub use campaigns::{CampaignRow, NewCampaign, StoredMessage};
pub use claims::{
    Candidate, Checked, Claimed, ClaimedMessage, Claims, Decision, Earlier, Limit, Position,
    SendTurn,
};
pub use colleagues::Colleague;
pub use commands::{LastCommand, OpenCommand, Texts};
pub use engagements::{Heard, Kept, Pulse};
pub use inbound::{Applied, InboundRow, NewInbound};
pub use inbox::{InboxFilter, InboxItem, InboxRow};
pub use leads::{LeadFacts, LeadRow, LeadToWrite, PullTransaction, PulledLead, Stored};
pub use letters::Letter;
pub use llm::{Answered as LlmAnswered, Outcome as LlmOutcome, Question};
pub use matching::Answered;
pub use pushes::{LeadToPush, Pushed, Unanswered};
pub use relabel::Relabelled;
pub use replay::{KeptMail, Rejudged};
pub use reviews::EditedTexts;
pub use rewrites::{CampaignToRewrite, Rewritten};
pub use runs::RunRow;
pub use schedule::Written;
pub use sent_copies::HandedOver;
pub use suppressions::{Suppression, SuppressionReason};
pub use tables::{KeptTable, Unseen};
pub use views::{EventRow, QueueRow, StatusPage, TimelineRow, Wanted};

/// How long we wait for another process that writes.
const WAITS: Duration = Duration::from_secs(15);

/// An open ledger.
pub struct Ledger {
    conn: Connection,
}

/// What kind of trouble an error from this module is, for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Another process holds the file, or the disk is full: later it may work.
    Later,
    /// The file or its folder cannot be used as configured.
    Unusable,
}

/// A file that is there but is no ledger this program can use; says what it is instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unfit(pub(crate) String);

/// Finds the ledger's own trouble in a chain of errors.
pub fn trouble(error: &anyhow::Error) -> Option<Trouble> {
    if error.chain().any(|cause| cause.is::<Unfit>()) {
        return Some(Trouble::Unusable);
    }
    let cause = sqlite_cause(error)?;
    match cause.sqlite_error_code()? {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull => {
            Some(Trouble::Later)
        }
        ErrorCode::SystemIoFailure if is_without_space(cause) => Some(Trouble::Later),
        ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::NotADatabase
        | ErrorCode::PermissionDenied
        | ErrorCode::SystemIoFailure
        | ErrorCode::DatabaseCorrupt => Some(Trouble::Unusable),
        _ => None,
    }
}

/// An error in one line for people: SQLite's numbers left out, its trouble followed by the mend.
pub fn in_words(error: &anyhow::Error) -> String {
    let causes = error
        .chain()
        .filter(|cause| !cause.is::<rusqlite::ffi::Error>());
    let mut line = causes.map(ToString::to_string).collect::<Vec<_>>();
    let code = sqlite_cause(error).and_then(rusqlite::Error::sqlite_error_code);
    let is_full = sqlite_cause(error).is_some_and(is_without_space);
    let mend = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "; another process is using the ledger, try again when it has ended"
        }
        Some(ErrorCode::DiskFull) => "; make room on the disk",
        Some(_) if is_full => "; is the disk full?",
        Some(ErrorCode::DatabaseCorrupt) => "; restore a backup",
        _ => "",
    };
    if let Some(last) = line.last_mut() {
        last.push_str(mend);
    }
    line.join(": ")
}

fn sqlite_cause(error: &anyhow::Error) -> Option<&rusqlite::Error> {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<rusqlite::Error>())
}

/// Whether an I/O error is one of those a full disk leads to. SQLite says *full* only of its own
/// writes; the shared memory beside the file cannot grow either.
fn is_without_space(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    let code = error.sqlite_extended_error_code();
    matches!(
        code,
        Some(ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_FSYNC)
    )
}

/// A folder in the place of the file is told by its own name, not by SQLite's.
fn refuse_folder(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        let found = Unfit("expected a file, found a directory".to_string());
        return Err(anyhow::Error::new(found).context(cannot_open(path)));
    }
    Ok(())
}

/// Makes an empty file that only its owner may read, unless there is one: it is to hold the words
/// of mails and the keys of our addresses. SQLite gives the files beside it the same mode. What
/// hinders this hinders SQLite too, which opens the file next and tells of it.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    let _ = options.write(true).create_new(true).mode(0o600).open(path);
}

impl Ledger {
    /// Opens the ledger for writing, creating and upgrading it as needed. Before an upgrade of an
    /// existing file a copy is left beside it.
    pub fn open(path: &Path, now: DateTime<Utc>) -> anyhow::Result<Ledger> {
        refuse_folder(path)?;
        make_private(path);
        let conn = Connection::open(path).with_context(|| cannot_open(path))?;
        prepare(&conn).with_context(|| cannot_open(path))?;
        let mode: String = conn
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .with_context(|| cannot_open(path))?;
        anyhow::ensure!(
            mode.eq_ignore_ascii_case("wal"),
            "{}: expected journal mode WAL, found `{mode}`",
            cannot_open(path)
        );
        conn.pragma_update(None, "synchronous", "FULL")
            .with_context(|| cannot_open(path))?;
        let mut ledger = Ledger { conn };
        migrate::apply(&mut ledger.conn, Some(path), now).with_context(|| cannot_open(path))?;
        Ok(ledger)
    }

    /// Opens a private copy for `--dry-run`: the file is opened read-only, and what the stage
    /// writes goes to a temporary database that vanishes with it. A missing file is an empty
    /// ledger.
    pub fn open_copy(path: &Path, now: DateTime<Utc>) -> anyhow::Result<Ledger> {
        let mut copy = Connection::open("").context("cannot open a temporary database")?;
        if path.exists() {
            let source = read_only(path)?;
            let backup = rusqlite::backup::Backup::new(&source, &mut copy)
                .with_context(|| cannot_open(path))?;
            backup
                .run_to_completion(i32::MAX, Duration::ZERO, None)
                .with_context(|| cannot_open(path))?;
        }
        prepare(&copy)?;
        migrate::apply(&mut copy, None, now).with_context(|| cannot_open(path))?;
        Ok(Ledger { conn: copy })
    }

    /// Opens the ledger read-only, for the commands that only show. A missing file is an empty
    /// ledger.
    pub fn open_to_read(path: &Path, now: DateTime<Utc>) -> anyhow::Result<Ledger> {
        if !path.exists() {
            return Ledger::open_copy(path, now);
        }
        let conn = read_only(path)?;
        prepare(&conn).with_context(|| cannot_open(path))?;
        migrate::ensure_current(&conn).with_context(|| cannot_open(path))?;
        Ok(Ledger { conn })
    }

    /// Writes a whole, consistent copy to a new file while others go on working.
    pub fn back_up(&self, to: &Path) -> anyhow::Result<()> {
        anyhow::ensure!(
            !to.exists(),
            "cannot back up to `{}`: it exists already",
            to.display()
        );
        let partial = PathBuf::from(format!("{}.partial", to.display()));
        let write = || -> anyhow::Result<()> {
            let _ = std::fs::remove_file(&partial); // Left by a run that died; absent otherwise.
            make_private(&partial);
            let mut target = Connection::open(&partial)?;
            let backup = rusqlite::backup::Backup::new(&self.conn, &mut target)?;
            backup.run_to_completion(i32::MAX, Duration::ZERO, None)?;
            drop(backup);
            // A damaged ledger copies without complaint; its copy must not push out the good ones.
            let answer: String = target.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if answer != "ok" {
                let found = format!("the ledger is damaged ({answer}); restore a backup");
                return Err(Unfit(found).into());
            }
            target.close().map_err(|(_, err)| err)?;
            std::fs::File::open(&partial)?.sync_all()?;
            std::fs::rename(&partial, to)?;
            Ok(())
        };
        let written = write();
        if written.is_err() {
            let _ = std::fs::remove_file(&partial); // The error is what matters.
        }
        written.with_context(|| format!("cannot back up the ledger to `{}`", to.display()))
    }

    /// Checks the file's structure; the answer is `ok` or what is wrong with it.
    pub fn check(&self) -> anyhow::Result<String> {
        let answer = self
            .conn
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        answer.context("cannot check the ledger")
    }

    fn begin(&mut self) -> anyhow::Result<Transaction<'_>> {
        self.conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .context("cannot begin a transaction in the ledger")
    }
}

fn cannot_open(path: &Path) -> String {
    format!(
        "CAMPAIGN_DATABASE_PATH: cannot use `{}` as the ledger",
        path.display()
    )
}

/// After so many pages the journal is copied into the file and begun anew. The pages that every
/// mail touches are then copied once for a thousand mails instead of once for a hundred. While it
/// grows each sync writes its length too, so that a longer one is slower again.
const JOURNAL_PAGES: i64 = 4_096;

/// So much of the ledger is kept in memory, in kibibytes.
const CACHE_KB: i64 = 16 * 1024;

fn prepare(conn: &Connection) -> anyhow::Result<()> {
    conn.busy_timeout(WAITS)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    // Record ids and addresses come in no order: with a small cache every page of their indexes is
    // written again and again within one transaction.
    conn.pragma_update(None, "cache_size", -CACHE_KB)?;
    conn.pragma_update(None, "wal_autocheckpoint", JOURNAL_PAGES)?;
    // Otherwise some statements are planned anew whenever a parameter changes, which costs more
    // than they do; nobody runs ANALYZE here, so no other plan would come of it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn read_only(path: &Path) -> anyhow::Result<Connection> {
    refuse_folder(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).with_context(|| cannot_open(path))?;
    conn.busy_timeout(WAITS)
        .with_context(|| cannot_open(path))?;
    Ok(conn)
}

/// An instant as the ledger keeps it: whole seconds since 1970, UTC.
fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

/// A stored instant. The schema's writers only store what [`seconds`] gave, so a value chrono
/// cannot hold means a damaged file; it reads as the epoch rather than stopping everything.
fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// Writes a line of the decision log that `explain` shows.
fn log_event(
    conn: &Connection,
    at: DateTime<Utc>,
    about: About,
    kind: &str,
    detail: &str,
) -> anyhow::Result<()> {
    let sql = "INSERT INTO events (at, lead_id, campaign_id, message_id, kind, detail)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    conn.prepare_cached(sql)?
        .execute((
            seconds(at),
            about.lead,
            about.campaign,
            about.message,
            kind,
            detail,
        ))
        .context("cannot write to the decision log")?;
    Ok(())
}

/// What a line of the decision log is about.
#[derive(Clone, Copy, Default)]
struct About {
    lead: Option<i64>,
    campaign: Option<i64>,
    message: Option<i64>,
}

#[cfg(test)]
mod tests;
