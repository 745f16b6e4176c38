//! Mail handed over as files in a Maildir (the format of qmail's maildir(5)).
//!
//! Invariant: a mail is in `new/` whole or not at all, under a name made from its key alone, so
//! that a second attempt finds the first one and writes nothing.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::compose::check_key;
use super::{Composed, Evidence, Outgoing};
use crate::delivery::{Blame, Delivery, Phase};

/// The file beside `new` that tells one Maildir from another made later in its place.
const ID_FILE: &str = ".outreach-id";

/// How many files are flushed at the same time.
const FLUSHES_AT_ONCE: usize = 16;

/// A Maildir we write to.
#[derive(Clone, Debug)]
pub struct Maildir {
    dir: PathBuf,
    /// Made by this very [`Maildir::open`]: what is missing in it proves nothing about earlier
    /// runs, which may have written to another disk mounted here.
    is_fresh: bool,
    id: String,
}

/// What came of one mail of a batch before `new/` was flushed.
enum Written {
    /// Settled already, for better or worse.
    Settled(Delivery),
    /// In `tmp/`, whole, but not yet sure to be on the disk.
    InTmp(String, File),
    /// In `tmp/` and on the disk.
    Flushed(String),
    /// In `new/`, but a power cut could still undo it.
    InNew,
}

impl Maildir {
    /// Opens the Maildir, making it when missing.
    pub fn open(dir: &Path) -> anyhow::Result<Maildir> {
        let is_fresh = !dir.join("new").exists();
        for sub in ["tmp", "new", "cur"] {
            let path = dir.join(sub);
            fs::create_dir_all(&path).with_context(|| {
                format!("OUTBOX_DIR: cannot make the folder `{}`", path.display())
            })?;
        }
        if is_fresh {
            let parent = dir.parent().filter(|path| !path.as_os_str().is_empty());
            for made in [dir, parent.unwrap_or(Path::new("."))] {
                sync_dir(made).with_context(|| {
                    format!("OUTBOX_DIR: cannot flush the folder `{}`", made.display())
                })?;
            }
        }
        let id = read_or_make_id(dir).with_context(|| {
            let file = dir.join(ID_FILE);
            format!("OUTBOX_DIR: cannot read or write `{}`", file.display())
        })?;
        Ok(Maildir {
            dir: dir.to_path_buf(),
            is_fresh,
            id,
        })
    }

    /// The folder and which Maildir it is: another one mounted or made in its place has another
    /// name, so that what is missing in it proves nothing about mail that went to this one.
    pub(super) fn place(&self) -> String {
        format!("maildir:{}#{}", self.dir.display(), self.id)
    }

    /// Puts one mail into `new/`.
    pub(super) fn deliver(&self, mail: &Composed) -> Delivery {
        let mut deliveries = self.deliver_all(&[Ok(mail.clone())]);
        deliveries
            .pop()
            .unwrap_or_else(|| deferred("nothing was written"))
    }

    /// Puts the mails into `new/`, flushing the folder once for all of them.
    pub(super) fn deliver_batch(&self, outgoing: &[Outgoing]) -> Vec<Delivery> {
        let composed: Vec<_> = outgoing.iter().map(Composed::new).collect();
        self.deliver_all(&composed)
    }

    fn deliver_all(&self, mails: &[Result<Composed, Delivery>]) -> Vec<Delivery> {
        let seen = match self.names_in_cur() {
            Ok(seen) => seen,
            Err(error) => {
                let error = deferred(&format!("cannot list `{}`: {error}", self.sub("cur")));
                return vec![error; mails.len()];
            }
        };
        let mut written: Vec<Written> = mails
            .iter()
            .map(|mail| match mail {
                Ok(mail) => self.write_to_tmp(mail, &seen),
                Err(refused) => Written::Settled(refused.clone()),
            })
            .collect();
        self.flush(&mut written);
        let moved: Vec<Written> = written
            .into_iter()
            .map(|one| self.move_to_new(one))
            .collect();
        let has_moved = moved.iter().any(|one| matches!(one, Written::InNew));
        let flushed = if has_moved {
            sync_dir(&self.dir.join("new"))
        } else {
            Ok(())
        };
        moved
            .into_iter()
            .map(|one| self.settle(one, &flushed))
            .collect()
    }

    /// Looks for a mail in `new/` and `cur/`.
    pub(super) fn evidence(&self, outreach_key: &str) -> Evidence {
        if let Err(error) = check_key(outreach_key) {
            return Evidence::CouldNotLook(error.to_string());
        }
        let name = file_name(outreach_key);
        let found = self
            .is_in_new(&name)
            .and_then(|found| Ok(found || self.names_in_cur()?.contains(&name)));
        match found {
            Ok(true) => Evidence::Found,
            Ok(false) if self.is_fresh => Evidence::CouldNotLook(format!(
                "the Maildir `{}` was made just now, so it cannot hold what an earlier run wrote",
                self.dir.display()
            )),
            Ok(false) => Evidence::Absent,
            Err(error) => Evidence::CouldNotLook(format!(
                "cannot look into the Maildir `{}`: {error}",
                self.dir.display()
            )),
        }
    }

    /// Writes, flushes and removes a file in `tmp/`.
    pub(super) fn check(&self) -> anyhow::Result<String> {
        let probe = self.dir.join("tmp").join(".outreach-probe");
        let tried = write(&probe, b"probe\r\n").and_then(|file| file.sync_data());
        let removed = fs::remove_file(&probe);
        tried.and(removed).with_context(|| {
            format!(
                "OUTBOX_DIR: cannot write into the Maildir `{}`",
                self.dir.display()
            )
        })?;
        Ok(format!(
            "the Maildir `{}` can be written",
            self.dir.display()
        ))
    }

    fn write_to_tmp(&self, mail: &Composed, seen: &HashSet<String>) -> Written {
        let name = file_name(&mail.outreach_key);
        match self.is_in_new(&name) {
            Ok(found) if found || seen.contains(&name) => {
                let reply = format!("already in the Maildir as `{name}`");
                return Written::Settled(Delivery::Accepted { reply });
            }
            Ok(_) => {}
            Err(error) => {
                return Written::Settled(deferred(&format!(
                    "cannot look into `{}`: {error}",
                    self.sub("new")
                )));
            }
        }
        let tmp = self.dir.join("tmp").join(&name);
        match write(&tmp, &mail.raw()) {
            Ok(file) => Written::InTmp(name, file),
            Err(error) => {
                // What could not be written may be half there; removing it is all that can be done.
                let _ = fs::remove_file(&tmp);
                Written::Settled(deferred(&format!(
                    "cannot write `{}`: {error}",
                    tmp.display()
                )))
            }
        }
    }

    /// Flushes the files at the same time: the file system commits those that wait together in one
    /// go, which is ten times faster than one after another and just as durable.
    fn flush(&self, written: &mut [Written]) {
        let share = written.len().div_ceil(FLUSHES_AT_ONCE).max(1);
        std::thread::scope(|scope| {
            for part in written.chunks_mut(share) {
                scope.spawn(|| part.iter_mut().for_each(|one| self.flush_one(one)));
            }
        });
    }

    fn flush_one(&self, written: &mut Written) {
        let Written::InTmp(name, file) = written else {
            return;
        };
        *written = match file.sync_data() {
            Ok(()) => Written::Flushed(std::mem::take(name)),
            Err(error) => {
                let tmp = self.dir.join("tmp").join(&name);
                let _ = fs::remove_file(&tmp);
                Written::Settled(deferred(&format!(
                    "cannot flush `{}`: {error}",
                    tmp.display()
                )))
            }
        };
    }

    fn move_to_new(&self, written: Written) -> Written {
        let Written::Flushed(name) = written else {
            return written;
        };
        let tmp = self.dir.join("tmp").join(&name);
        match fs::rename(&tmp, self.dir.join("new").join(&name)) {
            Ok(()) => Written::InNew,
            Err(error) => {
                let _ = fs::remove_file(&tmp);
                let into = self.sub("new");
                Written::Settled(deferred(&format!(
                    "cannot move `{name}` into `{into}`: {error}"
                )))
            }
        }
    }

    /// A mail in a folder that could not be flushed is readable now and may be gone after a power
    /// cut: exactly a doubt, which looking resolves.
    fn settle(&self, written: Written, flushed: &io::Result<()>) -> Delivery {
        match (written, flushed) {
            (Written::Settled(delivery), _) => delivery,
            (Written::InTmp(name, _) | Written::Flushed(name), _) => {
                deferred(&format!("`{name}` stayed in `tmp`"))
            }
            (Written::InNew, Ok(())) => Delivery::Accepted {
                reply: format!("written to `{}`", self.sub("new")),
            },
            (Written::InNew, Err(error)) => Delivery::InDoubt {
                reply: format!("cannot flush `{}`: {error}", self.sub("new")),
            },
        }
    }

    fn sub(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn is_in_new(&self, name: &str) -> io::Result<bool> {
        self.dir.join("new").join(name).try_exists()
    }

    /// The names in `cur/` without the flags a mail program appended (`:2,S`; `;` and `!` stand for
    /// the colon on file systems that have none).
    fn names_in_cur(&self) -> io::Result<HashSet<String>> {
        let mut names = HashSet::new();
        for entry in fs::read_dir(self.dir.join("cur"))? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            names.extend(name.split([':', ';', '!']).next().map(str::to_string));
        }
        Ok(names)
    }
}

/// Before the rename nothing is visible, so a failure is surely not a delivery.
fn deferred(error: &str) -> Delivery {
    Delivery::Deferred {
        phase: Phase::Data,
        reply: error.to_string(),
        blame: Blame::Server,
    }
}

/// The Maildir's own random name. It appears whole or not at all, and the first of two runs that
/// make it at the same time wins.
fn read_or_make_id(dir: &Path) -> io::Result<String> {
    let path = dir.join(ID_FILE);
    if !path.try_exists()? {
        let id = format!("{:016x}", RandomState::new().build_hasher().finish());
        let tmp = dir.join("tmp").join(format!("{ID_FILE}-{id}"));
        write(&tmp, id.as_bytes())?.sync_all()?;
        let linked = fs::hard_link(&tmp, &path);
        fs::remove_file(&tmp)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync_dir(dir)?,
        }
    }
    Ok(fs::read_to_string(path)?.trim().to_string())
}

fn file_name(outreach_key: &str) -> String {
    format!("{outreach_key}.outreach")
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests;
