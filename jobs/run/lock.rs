//! The lock that keeps two runs of a stage apart.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};

use super::Stage;
use crate::exit::Failure;

/// The lock that keeps two runs of a stage apart. The kernel frees it when the process ends,
/// however that happens, so there are no stale locks.
pub struct StageLock {
    _file: File,
}

impl StageLock {
    /// Takes the lock, or fails with exit 75 naming the holder.
    pub fn acquire(ledger: &Path, stage: Stage, now: DateTime<Utc>) -> Result<StageLock, Failure> {
        let path = PathBuf::from(format!("{}.{}.lock", ledger.display(), stage.name()));
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = options.map_err(|err| {
            let folder = format!("CAMPAIGN_DATABASE_PATH: cannot write `{}`", path.display());
            Failure::config(anyhow::Error::new(err).context(folder))
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder); // Unreadable: named as unknown below.
                let holder = holder.lines().next().filter(|line| !line.is_empty());
                return Err(Failure::again(anyhow::anyhow!(
                    "another run of `{}` holds the lock: {}; try again when it has ended",
                    stage.name(),
                    holder.unwrap_or("an unknown process")
                )));
            }
            Err(TryLockError::Error(err)) => {
                let context = format!("cannot lock `{}`", path.display());
                return Err(Failure::config(anyhow::Error::new(err).context(context)));
            }
        }
        let since = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let note = format!("process {}, since {since}\n", std::process::id());
        let written = file.set_len(0).and_then(|()| file.rewind());
        written
            .and_then(|()| file.write_all(note.as_bytes()))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(StageLock { _file: file })
    }
}
