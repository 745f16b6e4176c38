//! A folder on an IMAP server (RFC 9051, RFC 3501).
//!
//! Purpose: fetch the mails above a UID without leaving a trace. Invariants: the folder is opened
//! with EXAMINE and bodies are fetched with PEEK; every read and write of the connection has a
//! deadline; one mail that the server or our parser cannot handle does not hide the others, because
//! after such a failure the connection is made anew and the batch halved until that one mail is
//! left, which is logged and passed over.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

use anyhow::{Context, anyhow, ensure};
use chrono::{DateTime, Days, Utc};
use imap::{Connection, Session};
use native_tls::HandshakeError;
use secrecy::ExposeSecret;

use crate::tls::{self, TlsMode};

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
        let (session, uidvalidity, exists) = session(settings, deadlines)?;
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
            let listed = self.bisect(uids, &mut summary, &mut |folder, uids| folder.list(uids))?;
            for batch in batches(&listed) {
                let mails = self.bisect(batch, &mut summary, &mut |folder, batch| {
                    folder.fetch(batch)
                })?;
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
        act: &mut dyn FnMut(&mut ImapFolder, &[T]) -> imap::Result<Vec<R>>,
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
        let (session, uidvalidity, exists) = session(&self.settings, self.deadlines)?;
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
fn join(uids: impl Iterator<Item = u32>) -> String {
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

/// A logged-in session with the folder opened read-only, its UIDVALIDITY and number of mails.
fn session(
    settings: &ImapSettings,
    deadlines: Deadlines,
) -> Result<(Session<Connection>, u64, u32), OpenError> {
    let place = format!("IMAP server {}:{}", settings.host, settings.port);
    let client = connect(settings, deadlines).map_err(|err| context(err, &place))?;
    let password = settings.password.expose_secret();
    let mut session = client
        .login(&settings.username, password)
        .map_err(|(err, _)| {
            let what = format!("{place}: the login of `{}` failed", settings.username);
            context(verdict_of(err), &what)
        })?;
    let folder = session.examine(&settings.folder).map_err(|err| {
        let what = format!("{place}: the folder `{}` cannot be opened", settings.folder);
        context(verdict_of(err), &what)
    })?;
    let uidvalidity = folder.uid_validity.ok_or_else(|| {
        OpenError::Refused(anyhow!(
            "{place}: expected a UIDVALIDITY for the folder `{}`, found none",
            settings.folder
        ))
    })?;
    Ok((session, u64::from(uidvalidity), folder.exists))
}

fn connect(
    settings: &ImapSettings,
    deadlines: Deadlines,
) -> Result<imap::Client<Connection>, OpenError> {
    let tcp = dial(settings, deadlines).map_err(OpenError::Unreachable)?;
    let connection: Connection = match settings.tls {
        TlsMode::None => Box::new(tcp),
        TlsMode::Tls => Box::new(handshake(settings, tcp)?),
        TlsMode::StartTls => {
            let mut tcp = tcp;
            ask_for_tls(&mut tcp)?;
            return Ok(imap::Client::new(Box::new(handshake(settings, tcp)?)));
        }
    };
    let mut client = imap::Client::new(connection);
    let greeting = client.read_greeting().map_err(verdict_of)?;
    greeted(&printable(&greeting))?;
    Ok(client)
}

/// Speaks STARTTLS in the clear (RFC 9051 section 6.2.1). The library cannot do it over a connection
/// of our making. Bytes are read one by one, so that nothing sent before the handshake survives it.
fn ask_for_tls(tcp: &mut TcpStream) -> Result<(), OpenError> {
    let lost = |err: std::io::Error| OpenError::Unreachable(anyhow!(err).context("no STARTTLS"));
    greeted(&read_line(tcp).map_err(lost)?)?;
    tcp.write_all(b"s1 STARTTLS\r\n").map_err(lost)?;
    for _ in 0..20 {
        let line = read_line(tcp).map_err(lost)?;
        let Some(answer) = line.strip_prefix("s1 ") else {
            continue;
        };
        if answer.to_ascii_uppercase().starts_with("OK") {
            return Ok(());
        }
        return Err(OpenError::Refused(anyhow!(
            "expected STARTTLS to be accepted, found `{answer}`; \
             set IMAP_TLS=tls if the port speaks TLS from the first byte"
        )));
    }
    Err(OpenError::Refused(anyhow!(
        "expected an answer to STARTTLS, found other lines"
    )))
}

fn read_line(tcp: &mut TcpStream) -> std::io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < 2_000 {
        tcp.read_exact(&mut byte)?;
        if byte == *b"\n" {
            break;
        }
        line.extend(byte);
    }
    Ok(printable(&line))
}

fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Judges the greeting: OK, or the server has no time for us (RFC 9051 section 7.1.5).
fn greeted(line: &str) -> Result<(), OpenError> {
    let upper = line.to_ascii_uppercase();
    if upper.starts_with("* OK") {
        Ok(())
    } else if upper.starts_with("* BYE") {
        Err(OpenError::Unreachable(anyhow!(
            "the server turned us away: `{line}`"
        )))
    } else {
        Err(OpenError::Refused(anyhow!(
            "expected the greeting of an IMAP server, found `{line}`"
        )))
    }
}

fn dial(settings: &ImapSettings, deadlines: Deadlines) -> anyhow::Result<TcpStream> {
    let addresses = (settings.host.as_str(), settings.port)
        .to_socket_addrs()
        .with_context(|| format!("the host `{}` is not known", settings.host))?;
    let mut failure = anyhow!("the host `{}` has no address", settings.host);
    for address in addresses {
        match TcpStream::connect_timeout(&address, deadlines.connect) {
            Ok(tcp) => {
                tcp.set_read_timeout(Some(deadlines.answer))?;
                tcp.set_write_timeout(Some(deadlines.answer))?;
                tcp.set_nodelay(true)?;
                return Ok(tcp);
            }
            Err(err) => failure = anyhow!(err).context("no connection"),
        }
    }
    Err(failure)
}

fn handshake(
    settings: &ImapSettings,
    tcp: TcpStream,
) -> Result<native_tls::TlsStream<TcpStream>, OpenError> {
    let connector = tls::connector(settings.ca_file.as_ref()).map_err(OpenError::Refused)?;
    connector
        .connect(&settings.host, tcp)
        .map_err(|err| match err {
            HandshakeError::WouldBlock(_) => {
                OpenError::Unreachable(anyhow!("the server fell silent during the TLS handshake"))
            }
            HandshakeError::Failure(err) => OpenError::Refused(anyhow!(
                "no TLS connection; check the host name, IMAP_TLS and TLS_CA_FILE: {err}"
            )),
        })
}

/// Whether to try again or to mend the configuration: a server's NO is final unless it says that
/// it cannot answer now (RFC 5530 section 3).
fn verdict_of(err: imap::Error) -> OpenError {
    let is_passing = match &err {
        imap::Error::No(no) => {
            let words = no.information.to_lowercase();
            [
                "unavailable",
                "temporar",
                "try again",
                "too many",
                "in use",
                "internal error",
            ]
            .iter()
            .any(|known| words.contains(known))
        }
        imap::Error::Bad(_) | imap::Error::Validate(_) => false,
        _ => true,
    };
    let err = match err {
        imap::Error::No(no) => anyhow!("the server said `{}`", no.information),
        imap::Error::Bad(bad) => anyhow!("the server said `{}`", bad.information),
        imap::Error::Validate(_) => anyhow!("expected no line break in user name or password"),
        err => anyhow!(err),
    };
    if is_passing {
        OpenError::Unreachable(err)
    } else {
        OpenError::Refused(err)
    }
}

fn context(err: OpenError, what: &str) -> OpenError {
    match err {
        OpenError::Unreachable(err) => OpenError::Unreachable(err.context(what.to_string())),
        OpenError::Refused(err) => OpenError::Refused(err.context(what.to_string())),
    }
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
