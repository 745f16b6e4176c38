//! Reads an open IMAP folder: the headers of many mails in one answer, then the bodies that are
//! wanted.
//!
//! Purpose: hand out every mail above the cursor in few round trips and few bytes. Invariants: what
//! is fetched is fetched with PEEK, and no answer grows with what others put into the folder: of a
//! header and of a body only so much is asked for. One mail that the server or our parser cannot
//! handle does not hide the others, because after such a failure the connection is made anew and
//! the share halved until that one mail is left; and what lies below it has been handed out by
//! then, so that every run comes further than the one before.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Days, Utc};

use super::imap_account::ImapAccount;
use super::{
    BATCH_BYTES_MAX, BATCH_MAILS_MAX, Cursor, Fetched, MAIL_BYTES_MAX, PART_BYTES, ReadSummary,
    Scope, Sink,
};

/// So many headers are asked for at once.
const HEADS_MAX: usize = 500;
/// So many bytes of a header: ten times what mails of busy lists have.
const HEAD_BYTES: usize = 64 << 10;

/// What is fetched of a mail besides its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    /// Nothing.
    Nothing,
    /// All of its body.
    Body,
    /// The first part of its body.
    Part,
    /// Its first part, with the header, of which we have not seen the end.
    Beginning,
}

impl Rest {
    fn query(self) -> String {
        match self {
            Rest::Nothing => "(UID)".to_string(),
            Rest::Body => "(UID BODY.PEEK[TEXT])".to_string(),
            Rest::Part => format!("(UID BODY.PEEK[TEXT]<0.{PART_BYTES}>)"),
            Rest::Beginning => format!("(UID BODY.PEEK[]<0.{PART_BYTES}>)"),
        }
    }
}

/// A mail of which the header was read.
struct Head {
    uid: u32,
    size: u64,
    received_at: Option<DateTime<Utc>>,
    block: Vec<u8>,
    rest: Rest,
}

impl Head {
    /// The most bytes that are still to come.
    fn bytes(&self) -> u64 {
        match self.rest {
            Rest::Nothing => 0,
            Rest::Body => self.size,
            Rest::Part | Rest::Beginning => PART_BYTES,
        }
    }

    /// The mail as far as it was read; without a body when none came.
    fn with(&self, body: Option<Vec<u8>>) -> Fetched {
        let raw = match (self.rest, body) {
            (Rest::Beginning, Some(body)) => body,
            (_, body) => {
                let mut raw = self.block.clone();
                raw.extend(body.unwrap_or_default());
                raw
            }
        };
        Fetched {
            uid: u64::from(self.uid),
            received_at: self.received_at,
            raw,
        }
    }
}

/// A folder while it is read.
pub(super) struct Reading<'r, 's, 'f> {
    account: &'r mut ImapAccount,
    scope: &'r Scope<'s>,
    sink: &'r mut Sink<'f>,
    summary: ReadSummary,
}

impl<'r, 's, 'f> Reading<'r, 's, 'f> {
    pub(super) fn new(
        account: &'r mut ImapAccount,
        scope: &'r Scope<'s>,
        sink: &'r mut Sink<'f>,
    ) -> Reading<'r, 's, 'f> {
        Reading {
            account,
            scope,
            sink,
            summary: ReadSummary::default(),
        }
    }

    pub(super) fn run(mut self) -> anyhow::Result<ReadSummary> {
        let cursor = self.scope.cursor;
        let valid = cursor.filter(|cursor| cursor.uidvalidity == self.account.opened.uidvalidity);
        self.summary.rescanned = cursor.is_some() && valid.is_none();
        match valid {
            Some(cursor) => self.read_above(cursor.last_uid)?,
            None => self.read_since()?,
        }
        Ok(self.summary)
    }

    /// Reads what came after a UID. Where that can only be a few mails they are fetched at once,
    /// without asking which there are.
    fn read_above(&mut self, last: u64) -> anyhow::Result<()> {
        let Some(first) = u32::try_from(last)
            .ok()
            .and_then(|last| last.checked_add(1))
        else {
            return Ok(());
        };
        if let Some(next) = self.account.opened.uid_next {
            let newest = next.saturating_sub(1);
            if newest < first {
                return Ok(());
            }
            let few = newest - first < HEADS_MAX as u32;
            if few && let Ok(heads) = self.fetch_heads(&format!("{first}:{newest}"), first) {
                return self.take_heads(heads);
            } else if few {
                self.account.reconnect()?;
            }
        }
        let uids = self.search(&format!("UID {first}:*"), first)?;
        self.read_uids(&uids)
    }

    /// Reads what came since a day, without a UID to go by.
    fn read_since(&mut self) -> anyhow::Result<()> {
        // The server compares days in a zone of its own: one day more costs little.
        let day = self
            .scope
            .since
            .and_then(|since| since.checked_sub_days(Days::new(1)));
        let query = match day {
            Some(day) => format!("SINCE {}", day.format("%-d-%b-%Y")),
            None => "ALL".to_string(),
        };
        let next = self.account.opened.uid_next.unwrap_or_default();
        let uids = self.search(&query, 1)?;
        if uids.is_empty() && next > 1 {
            // What is there is too old, and is not asked for again.
            let cursor = self.cursor_at(next - 1);
            return (self.sink)(cursor, Vec::new());
        }
        self.read_uids(&uids)
    }

    /// The UIDs from `first` on that a search finds, ascending. `n:*` names the last mail even when
    /// its UID is below `n` (RFC 9051 section 9), so the answer is filtered.
    fn search(&mut self, query: &str, first: u32) -> anyhow::Result<Vec<u32>> {
        let found = match self.account.session.uid_search(query) {
            Ok(found) => found,
            Err(_) => {
                self.account.reconnect()?;
                let again = self.account.session.uid_search(query);
                again.with_context(|| format!("the server did not answer `UID SEARCH {query}`"))?
            }
        };
        let mut uids: Vec<u32> = found.into_iter().filter(|&uid| uid >= first).collect();
        uids.sort_unstable();
        Ok(uids)
    }

    fn read_uids(&mut self, uids: &[u32]) -> anyhow::Result<()> {
        for uids in uids.chunks(HEADS_MAX) {
            self.bisect(
                uids,
                |reading, uids| {
                    let heads = reading.fetch_heads(&join(uids.iter().copied()), 0)?;
                    let asked = |head: &Head| uids.binary_search(&head.uid).is_ok();
                    Ok(heads.into_iter().filter(asked).collect())
                },
                |reading, _, heads| reading.take_heads(heads),
                |_, uid, err| {
                    tracing::warn!(uid, "passing over a mail that cannot be read: {err}");
                    Ok(())
                },
            )?;
        }
        Ok(())
    }

    /// Does something for all items, and after a failure for ever smaller shares of them, in their
    /// order; each share that succeeds is taken at once. One that fails alone is given up.
    fn bisect<T, R>(
        &mut self,
        items: &[T],
        act: impl Fn(&mut Self, &[T]) -> imap::Result<R>,
        mut take: impl FnMut(&mut Self, &[T], R) -> anyhow::Result<()>,
        mut give_up: impl FnMut(&mut Self, &T, &imap::Error) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut waiting = vec![items];
        while let Some(share) = waiting.pop() {
            let err = match act(self, share) {
                Ok(found) => {
                    take(self, share, found)?;
                    continue;
                }
                Err(err) => err,
            };
            self.account
                .reconnect()
                .with_context(|| format!("the connection failed: {err}"))?;
            if let [item] = share {
                self.summary.skipped_unreadable += 1;
                give_up(self, item, &err)?;
                continue;
            }
            let (first, second) = share.split_at(share.len() / 2);
            waiting.push(second);
            waiting.push(first);
        }
        Ok(())
    }

    /// The headers of a set of mails, those below `first` left out, ascending.
    fn fetch_heads(&mut self, uids: &str, first: u32) -> imap::Result<Vec<Head>> {
        let query = format!("(UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER]<0.{HEAD_BYTES}>)");
        let answer = self.account.session.uid_fetch(uids, query)?;
        let mut heads: Vec<Head> = answer
            .iter()
            .filter_map(|mail| {
                let uid = mail.uid.filter(|uid| *uid >= first)?;
                // A server may also tell of flags that changed meanwhile.
                let block = mail.header()?.to_vec();
                let size = mail.size.map_or(u64::MAX, u64::from);
                Some(Head {
                    uid,
                    size,
                    received_at: mail.internal_date().map(|at| at.with_timezone(&Utc)),
                    rest: self.rest_of(&block, size),
                    block,
                })
            })
            .collect();
        heads.sort_unstable_by_key(|head| head.uid);
        heads.dedup_by_key(|head| head.uid);
        Ok(heads)
    }

    fn rest_of(&self, block: &[u8], size: u64) -> Rest {
        if block.len() >= HEAD_BYTES {
            Rest::Beginning
        } else if !(self.scope.wants_body)(block) {
            Rest::Nothing
        } else if size > MAIL_BYTES_MAX {
            Rest::Part
        } else {
            Rest::Body
        }
    }

    /// Fetches the bodies wanted and hands the mails out.
    fn take_heads(&mut self, heads: Vec<Head>) -> anyhow::Result<()> {
        for batch in batches(&heads) {
            self.bisect(
                batch,
                |reading, batch| reading.fetch_bodies(batch),
                |reading, batch, mut bodies| {
                    let mails = batch.iter().map(|head| head.with(bodies.remove(&head.uid)));
                    reading.hand_out(batch, mails.collect())
                },
                |reading, head, err| {
                    let uid = head.uid;
                    tracing::warn!(uid, "only the header of a mail can be read: {err}");
                    reading.hand_out(std::slice::from_ref(head), vec![head.with(None)])
                },
            )?;
        }
        Ok(())
    }

    /// The bodies of one batch by UID. A mail that was deleted meanwhile has none any more; what
    /// its header says still counts.
    fn fetch_bodies(&mut self, batch: &[Head]) -> imap::Result<BTreeMap<u32, Vec<u8>>> {
        let mut bodies = BTreeMap::new();
        for rest in [Rest::Body, Rest::Part, Rest::Beginning] {
            let wanted = batch.iter().filter(|head| head.rest == rest);
            let uids = join(wanted.map(|head| head.uid));
            if uids.is_empty() {
                continue;
            }
            let answer = self.account.session.uid_fetch(uids, rest.query())?;
            for mail in answer.iter() {
                let body = match rest {
                    Rest::Beginning => mail.body(),
                    _ => mail.text(),
                };
                if let Some((uid, body)) = mail.uid.zip(body) {
                    bodies.insert(uid, body.to_vec());
                }
            }
        }
        Ok(bodies)
    }

    fn hand_out(&mut self, batch: &[Head], mails: Vec<Fetched>) -> anyhow::Result<()> {
        let Some(last) = batch.last() else {
            return Ok(());
        };
        let count = |is: fn(&Rest) -> bool| batch.iter().filter(|head| is(&head.rest)).count();
        self.summary.read += mails.len() as u64;
        self.summary.without_body += count(|rest| *rest == Rest::Nothing) as u64;
        self.summary.skipped_too_large += count(|rest| *rest > Rest::Body) as u64;
        let cursor = self.cursor_at(last.uid);
        (self.sink)(cursor, mails)
    }

    fn cursor_at(&self, uid: u32) -> Cursor {
        Cursor {
            uidvalidity: self.account.opened.uidvalidity,
            last_uid: u64::from(uid),
        }
    }
}

/// Shares of bounded size.
fn batches(heads: &[Head]) -> Vec<&[Head]> {
    let mut batches = Vec::new();
    let mut rest = heads;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(BATCH_MAILS_MAX).take_while(|head| {
            bytes += head.bytes();
            bytes <= BATCH_BYTES_MAX
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
    fn batches_are_bounded_in_number_and_in_bytes() {
        let head = |(n, rest): (u32, Rest)| Head {
            uid: n + 1,
            size: 400 << 10,
            received_at: None,
            block: Vec::new(),
            rest,
        };
        let sizes = |rests: Vec<Rest>| -> Vec<usize> {
            let heads: Vec<Head> = (0..).zip(rests).map(head).collect();
            batches(&heads).iter().map(|batch| batch.len()).collect()
        };
        assert_eq!(sizes(vec![Rest::Nothing; 450]), [200, 200, 50]);
        assert_eq!(sizes(vec![Rest::Body; 100]), [40, 40, 20]);
        assert_eq!(sizes(vec![Rest::Part; 100]), [64, 36]);
        assert_eq!(sizes(vec![]), [0; 0]);
    }
}
