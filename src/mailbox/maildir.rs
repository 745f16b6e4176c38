//! A Maildir as an inbox: each file in `new` or `cur` is a mail.
//!
//! Purpose: read what is there and was not read before. Invariants: nothing is renamed, created or
//! deleted, whatever other programs do at the same time; only regular files are opened, so that a
//! link or a pipe leads nowhere. A file's name up to the `:` is its identity, because other
//! programs move it from `new` to `cur` and change its flags.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{
    BATCH_BYTES_MAX, BATCH_MAILS_MAX, Cursor, Fetched, MAIL_BYTES_MAX, OpenError, PART_BYTES,
    ReadSummary, Sink,
};

/// A Maildir that exists, or may come to exist.
#[derive(Debug)]
pub struct Maildir {
    dir: PathBuf,
}

impl Maildir {
    /// Takes a folder; a missing one is an empty mailbox, a file in its place is a mistake.
    pub(super) fn open(dir: &Path) -> Result<Maildir, OpenError> {
        match fs::metadata(dir) {
            Ok(found) if !found.is_dir() => Err(OpenError::Refused(anyhow!(
                "expected a Maildir at `{}`, found a file",
                dir.display()
            ))),
            Err(err) if err.kind() != ErrorKind::NotFound => Err(OpenError::Refused(
                anyhow!(err).context(format!("cannot look at the Maildir `{}`", dir.display())),
            )),
            _ => Ok(Maildir {
                dir: dir.to_path_buf(),
            }),
        }
    }

    /// Hands out every mail whose UID is not known.
    pub(super) fn read(
        &self,
        known: &dyn Fn(u64) -> bool,
        sink: &mut Sink<'_>,
    ) -> anyhow::Result<ReadSummary> {
        let mut summary = ReadSummary::default();
        let mut batch: Vec<Fetched> = Vec::new();
        let mut bytes = 0;
        for path in self.files()?.into_values() {
            let uid = uid_of(&path);
            if known(uid) {
                continue;
            }
            let Some((mail, is_cut)) = read_file(uid, &path)? else {
                continue;
            };
            summary.read += 1;
            summary.skipped_too_large += u64::from(is_cut);
            bytes += mail.raw.len() as u64;
            batch.push(mail);
            if batch.len() >= BATCH_MAILS_MAX || bytes >= BATCH_BYTES_MAX {
                sink(cursor_after(&batch), std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            sink(cursor_after(&batch), batch)?;
        }
        Ok(summary)
    }

    /// What is there, in a sentence.
    pub(super) fn describe(&self) -> anyhow::Result<String> {
        if !self.dir.exists() {
            return Ok(format!(
                "Maildir `{}` does not exist yet: empty",
                self.dir.display()
            ));
        }
        Ok(format!(
            "Maildir `{}`: {} messages",
            self.dir.display(),
            self.files()?.len()
        ))
    }

    /// The mails by base name, in name order; one that is being moved may be listed twice and
    /// counts once.
    fn files(&self) -> anyhow::Result<BTreeMap<Vec<u8>, PathBuf>> {
        let mut files = BTreeMap::new();
        for folder in ["new", "cur"] {
            let folder = self.dir.join(folder);
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(err) if err.kind() == ErrorKind::NotFound => continue,
                Err(err) => {
                    return Err(err).with_context(|| format!("cannot list `{}`", folder.display()));
                }
            };
            for entry in entries {
                let path = entry
                    .with_context(|| format!("cannot list `{}`", folder.display()))?
                    .path();
                let name = base_name(&path).to_vec();
                if !name.starts_with(b".") && !name.is_empty() {
                    files.entry(name).or_insert(path);
                }
            }
        }
        Ok(files)
    }
}

fn cursor_after(batch: &[Fetched]) -> Cursor {
    Cursor {
        uidvalidity: 1,
        last_uid: batch.last().map_or(0, |mail| mail.uid),
    }
}

/// The name before the flags.
fn base_name(path: &Path) -> &[u8] {
    let name = path.file_name().map_or(&b""[..], OsStrExt::as_bytes);
    name.split(|&byte| byte == b':').next().unwrap_or_default()
}

fn uid_of(path: &Path) -> u64 {
    let hash = Sha256::digest(base_name(path));
    let first = hash
        .iter()
        .take(8)
        .fold(0_u64, |uid, &byte| uid << 8 | u64::from(byte));
    first >> 1
}

/// The mail in a file, and whether it was too large to be read whole; none for what is no regular
/// file, or has gone since it was listed (it will be found under its new name next time).
fn read_file(uid: u64, path: &Path) -> anyhow::Result<Option<(Fetched, bool)>> {
    let gone = |err: &std::io::Error| err.kind() == ErrorKind::NotFound;
    let found = match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => found,
        Ok(_) => return Ok(None),
        Err(err) if gone(&err) => return Ok(None),
        Err(err) => {
            return Err(err).with_context(|| format!("cannot look at `{}`", path.display()));
        }
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(err) if gone(&err) => return Ok(None),
        Err(err) => return Err(err).with_context(|| format!("cannot open `{}`", path.display())),
    };
    let is_cut = found.len() > MAIL_BYTES_MAX;
    let mut raw = Vec::new();
    file.take(if is_cut { PART_BYTES } else { MAIL_BYTES_MAX })
        .read_to_end(&mut raw)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let received_at = found.modified().ok().map(DateTime::<Utc>::from);
    Ok(Some((
        Fetched {
            uid,
            received_at,
            raw,
        },
        is_cut,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maildir(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for file in files {
            fs::write(dir.path().join(file), format!("Subject: {file}\n\n")).unwrap();
        }
        dir
    }

    fn read(dir: &Path, known: &[u64]) -> Vec<Fetched> {
        let mut all = Vec::new();
        let mut sink = |cursor: Cursor, batch: Vec<Fetched>| {
            assert_eq!(cursor.last_uid, batch.last().unwrap().uid);
            all.extend(batch);
            Ok(())
        };
        let maildir = Maildir::open(dir).unwrap();
        let summary = maildir
            .read(&|uid| known.contains(&uid), &mut sink)
            .unwrap();
        assert_eq!(summary.read as usize, all.len());
        all
    }

    #[test]
    fn mails_are_read_in_name_order_and_nothing_is_changed() {
        let dir = maildir(&[
            "new/2.b",
            "cur/1.a:2,S",
            "tmp/0.x",
            "new/.hidden",
            "cur/3.c:2,",
        ]);
        let read = read(dir.path(), &[]);
        let subjects: Vec<_> = read
            .iter()
            .map(|m| String::from_utf8_lossy(&m.raw))
            .collect();
        assert_eq!(
            subjects,
            [
                "Subject: cur/1.a:2,S\n\n",
                "Subject: new/2.b\n\n",
                "Subject: cur/3.c:2,\n\n"
            ]
        );
        assert!(
            read.iter()
                .all(|mail| mail.uid < 1 << 63 && mail.received_at.is_some())
        );
        assert!(dir.path().join("new/2.b").exists());
    }

    #[test]
    fn a_mail_keeps_its_uid_when_it_moves_and_is_read_once() {
        let dir = maildir(&["new/1.a"]);
        let uid = read(dir.path(), &[])[0].uid;
        fs::rename(dir.path().join("new/1.a"), dir.path().join("cur/1.a:2,RS")).unwrap();
        assert_eq!(read(dir.path(), &[])[0].uid, uid);
        assert!(read(dir.path(), &[uid]).is_empty());
    }

    #[test]
    fn links_pipes_and_folders_are_no_mail() {
        let dir = maildir(&["tmp/secret"]);
        std::os::unix::fs::symlink(dir.path().join("tmp/secret"), dir.path().join("new/1.link"))
            .unwrap();
        fs::create_dir(dir.path().join("new/2.folder")).unwrap();
        let pipe = dir.path().join("cur/3.pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        assert!(read(dir.path(), &[]).is_empty());
    }

    #[test]
    fn a_missing_folder_is_empty_and_a_file_in_its_place_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(&dir.path().join("none"), &[]).is_empty());
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let refused = Maildir::open(&file).unwrap_err();
        assert!(matches!(refused, OpenError::Refused(_)), "{refused}");
        assert!(
            refused.to_string().contains("expected a Maildir"),
            "{refused}"
        );
    }

    #[test]
    fn a_huge_mail_is_read_in_part() {
        let dir = maildir(&[]);
        let file = File::create(dir.path().join("new/1.big")).unwrap();
        file.set_len(MAIL_BYTES_MAX + 1).unwrap();
        let read = read(dir.path(), &[]);
        assert_eq!(read[0].raw.len() as u64, PART_BYTES);
    }

    #[test]
    fn batches_are_bounded_and_an_error_of_the_caller_ends_the_reading() {
        let names: Vec<String> = (0..450).map(|n| format!("new/{n:04}.x")).collect();
        let dir = maildir(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let maildir = Maildir::open(dir.path()).unwrap();
        let mut sizes = Vec::new();
        let mut sink = |_, batch: Vec<Fetched>| {
            sizes.push(batch.len());
            Ok(())
        };
        maildir.read(&|_| false, &mut sink).unwrap();
        assert_eq!(sizes, [200, 200, 50]);
        let err = maildir
            .read(&|_| false, &mut |_, _| anyhow::bail!("full"))
            .unwrap_err();
        assert_eq!(err.to_string(), "full");
    }
}
