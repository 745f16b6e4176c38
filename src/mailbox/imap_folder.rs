//! A folder on an IMAP server (RFC 9051, RFC 3501).
//!
//! Purpose: fetch the mails above a UID without leaving a trace. Invariants: the folder is opened
//! with EXAMINE and bodies are fetched with PEEK; every read and write of the connection has a
//! deadline; one mail that the server or our parser cannot handle does not hide the others, because
//! after such a failure the connection is made anew and the batch halved until that one mail is
//! left, which is logged and passed over.

use anyhow::{Context, ensure};
use chrono::{DateTime, Days, Utc};
use imap::{Connection, Session};

use super::imap_session;
use super::{
    BATCH_BYTES_MAX, BATCH_MAILS_MAX, Cursor, Deadlines, Fetched, ImapSettings, MAIL_BYTES_MAX,
    OpenError, PART_BYTES, ReadSummary, Sink,
};

/// The most connections one reading makes after failures, before it gives up until the next run.
const RECONNECTS_MAX: u32 = 60;

/// A folder that was opened for reading.
pub struct ImapFolder {
    settings: ImapSettings,
    deadlines: Deadlines,
    session: Session<Connection>,
    uidvalidity: u64,
    exists: u32,
    reconnects: u32,
}

impl std::fmt::Debug for ImapFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImapFolder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Drop for ImapFolder {
    /// Says goodbye, so that the server need not wait for us; nothing depends on the answer.
    fn drop(&mut self) {
        if let Err(err) = self.session.logout() {
            tracing::debug!("no orderly end of the IMAP session: {err}");
        }
    }
}

/// A mail as the server lists it.
#[derive(Clone, Copy, Debug)]
struct Listed {
    uid: u32,
    size: u64,
}

impl ImapFolder {
    /// Connects, logs in and opens the folder.
    pub(super) fn open(
        settings: &ImapSettings,
        deadlines: Deadlines,
    ) -> Result<ImapFolder, OpenError> {
        let (session, uidvalidity, exists) = imap_session::open(settings, deadlines)?;
        Ok(ImapFolder {
            settings: settings.clone(),
            deadlines,
            session,
            uidvalidity,
            exists,
            reconnects: 0,
        })
    }

    /// What is there, in a sentence.
    pub(super) fn describe(&self) -> String {
        format!(
            "IMAP {}:{} ({}): {} messages in `{}`",
            self.settings.host,
            self.settings.port,
            self.settings.tls.as_str(),
            self.exists,
            self.settings.folder
        )
    }

    /// Hands out every mail above the cursor.
    pub(super) fn read(
        &mut self,
        cursor: Option<Cursor>,
        since: Option<DateTime<Utc>>,
        sink: &mut Sink<'_>,
    ) -> anyhow::Result<ReadSummary> {
        let valid = cursor.filter(|cursor| cursor.uidvalidity == self.uidvalidity);
        let mut summary = ReadSummary {
            rescanned: cursor.is_some() && valid.is_none(),
            ..ReadSummary::default()
        };
        let uids = self.search(valid, since)?;
        for uids in uids.chunks(BATCH_MAILS_MAX) {
            let listed = self.bisect(uids, &mut summary, ImapFolder::list)?;
            for batch in batches(&listed) {
                let mails = self.bisect(batch, &mut summary, ImapFolder::fetch)?;
                let Some(last) = batch.last() else { continue };
                summary.read += mails.len() as u64;
                let large = batch
                    .iter()
                    .filter(|mail| mail.size > MAIL_BYTES_MAX)
                    .count();
                summary.skipped_too_large += large as u64;
                let cursor = Cursor {
                    uidvalidity: self.uidvalidity,
                    last_uid: u64::from(last.uid),
                };
                if !mails.is_empty() {
                    sink(cursor, mails)?;
                }
            }
        }
        Ok(summary)
    }

    /// The UIDs to read, ascending. `n:*` names the last mail even when its UID is below `n`
    /// (RFC 9051 section 9), so the answer is filtered.
    fn search(
        &mut self,
        cursor: Option<Cursor>,
        since: Option<DateTime<Utc>>,
    ) -> anyhow::Result<Vec<u32>> {
        let last = cursor.map_or(0, |cursor| cursor.last_uid);
        let query = match (cursor, since) {
            (Some(_), _) => format!("UID {}:*", last.saturating_add(1)),
            // The server compares days in a zone of its own: one day more costs little.
            (None, Some(since)) => match since.checked_sub_days(Days::new(1)) {
                Some(day) => format!("SINCE {}", day.format("%-d-%b-%Y")),
                None => "ALL".to_string(),
            },
            (None, None) => "ALL".to_string(),
        };
        if last >= u64::from(u32::MAX) {
            return Ok(Vec::new());
        }
        let found = match self.session.uid_search(&query) {
            Ok(found) => found,
            Err(_) => {
                self.reconnect()?;
                let again = self.session.uid_search(&query);
                again.with_context(|| format!("the server did not answer `UID SEARCH {query}`"))?
            }
        };
        let mut uids: Vec<u32> = found
            .into_iter()
            .filter(|&uid| u64::from(uid) > last)
            .collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// Does something for all items, and after a failure for ever smaller shares of them, so that
    /// only those that fail alone are lost.
    fn bisect<T, R>(
        &mut self,
        items: &[T],
        summary: &mut ReadSummary,
        act: fn(&mut ImapFolder, &[T]) -> imap::Result<Vec<R>>,
    ) -> anyhow::Result<Vec<R>>
    where
        T: std::fmt::Debug,
    {
        let mut done = Vec::new();
        let mut waiting = vec![items];
        while let Some(share) = waiting.pop() {
            let err = match act(self, share) {
                Ok(found) => {
                    done.extend(found);
                    continue;
                }
                Err(err) => err,
            };
            self.reconnect()
                .with_context(|| format!("the connection failed: {err}"))?;
            if let [item] = share {
                tracing::warn!(mail = ?item, "passing over a mail that cannot be read: {err}");
                summary.skipped_unreadable += 1;
                continue;
            }
            let (first, second) = share.split_at(share.len() / 2);
            waiting.push(second);
            waiting.push(first);
        }
        Ok(done)
    }

    fn list(&mut self, uids: &[u32]) -> imap::Result<Vec<Listed>> {
        let answer = self
            .session
            .uid_fetch(join(uids.iter().copied()), "(UID RFC822.SIZE)")?;
        let mut listed: Vec<Listed> = answer
            .iter()
            .filter_map(|mail| {
                Some(Listed {
                    uid: mail.uid?,
                    size: u64::from(mail.size?),
                })
            })
            .filter(|mail| uids.contains(&mail.uid))
            .collect();
        listed.sort_unstable_by_key(|mail| mail.uid);
        listed.dedup_by_key(|mail| mail.uid);
        Ok(listed)
    }

    /// Fetches one batch: either mails of ordinary size, or a single large one in part.
    fn fetch(&mut self, batch: &[Listed]) -> imap::Result<Vec<Fetched>> {
        let is_large = batch.iter().any(|mail| mail.size > MAIL_BYTES_MAX);
        let query = if is_large {
            format!("(UID INTERNALDATE BODY.PEEK[]<0.{PART_BYTES}>)")
        } else {
            "(UID INTERNALDATE BODY.PEEK[])".to_string()
        };
        let uids = join(batch.iter().map(|mail| mail.uid));
        let answer = self.session.uid_fetch(uids, query)?;
        let mut mails: Vec<Fetched> = answer
            .iter()
            .filter_map(|mail| {
                let uid = mail
                    .uid
                    .filter(|uid| batch.iter().any(|listed| listed.uid == *uid))?;
                Some(Fetched {
                    uid: u64::from(uid),
                    received_at: mail.internal_date().map(|at| at.with_timezone(&Utc)),
                    raw: mail.body()?.to_vec(),
                })
            })
            .collect();
        mails.sort_unstable_by_key(|mail| mail.uid);
        Ok(mails)
    }

    fn reconnect(&mut self) -> anyhow::Result<()> {
        self.reconnects += 1;
        ensure!(
            self.reconnects <= RECONNECTS_MAX,
            "the server failed {RECONNECTS_MAX} times"
        );
        let (session, uidvalidity, exists) = imap_session::open(&self.settings, self.deadlines)?;
        ensure!(
            uidvalidity == self.uidvalidity,
            "the folder `{}` was replaced while it was read; the next run begins anew",
            self.settings.folder
        );
        (self.session, self.exists) = (session, exists);
        Ok(())
    }
}

/// Shares of bounded size; a mail that is too large to be read whole stands alone.
fn batches(listed: &[Listed]) -> Vec<&[Listed]> {
    let mut batches = Vec::new();
    let mut rest = listed;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|mail| {
            bytes += mail.size;
            mail.size <= MAIL_BYTES_MAX && bytes <= BATCH_BYTES_MAX
        });
        let (batch, after) = rest.split_at(fits.count().max(1));
        batches.push(batch);
        rest = after;
    }
    batches
}

/// UIDs as a set, neighbours joined: `1:3,7`.
pub(super) fn join(uids: impl Iterator<Item = u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(uid) => *last = uid,
            _ => ranges.push((uid, uid)),
        }
    }
    let words: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}:{last}")
            }
        })
        .collect();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_joined_into_ranges() {
        for (uids, expected) in [
            (vec![], ""),
            (vec![7], "7"),
            (vec![1, 2, 3, 7, 9, 10], "1:3,7,9:10"),
            (vec![u32::MAX - 1, u32::MAX], "4294967294:4294967295"),
        ] {
            assert_eq!(join(uids.into_iter()), expected);
        }
    }

    #[test]
    fn batches_are_bounded_and_large_mails_stand_alone() {
        let listed: Vec<Listed> = [9 << 20, 6 << 20, 9 << 20, 11 << 20, 1, 1]
            .into_iter()
            .zip(1..)
            .map(|(size, uid)| Listed { uid, size })
            .collect();
        let sizes: Vec<usize> = batches(&listed).iter().map(|batch| batch.len()).collect();
        assert_eq!(sizes, [2, 1, 1, 2]);
    }
}
