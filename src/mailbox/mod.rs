//! Reads an inbox above a cursor and changes nothing in it: IMAP (EXAMINE, BODY.PEEK) or a Maildir.
//!
//! Purpose: hand every mail not yet read to the caller, in batches, each with the cursor to store.
//! Invariant: no flag is set, no mail is moved or deleted; a cursor is only handed out together
//! with the mails below it. This module does not judge mail and does not know the ledger.
//!
//! All calls block; a network that falls silent is given up after [`Deadlines`].

mod imap_folder;
mod imap_session;
mod maildir;
pub mod sent;

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::oauth;
use crate::tls::TlsMode;

/// The most mails of one batch.
const BATCH_MAILS_MAX: usize = 200;
/// The most bytes of one batch, unless a single mail is larger.
const BATCH_BYTES_MAX: u64 = 16 << 20;
/// A mail larger than this is read only in part.
const MAIL_BYTES_MAX: u64 = 10 << 20;
/// What is read of a mail that is too large, headers included.
const PART_BYTES: u64 = 256 << 10;

/// An IMAP account to read.
#[derive(Clone, Debug)]
pub struct ImapSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The user name.
    pub username: String,
    /// How the user logs in.
    pub login: Login,
    /// The folder, `INBOX` by default.
    pub folder: String,
    /// PEM file with authorities trusted besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// How a user logs in.
#[derive(Clone, Debug)]
pub enum Login {
    /// With a password.
    Password(SecretString),
    /// With access tokens (XOAUTH2). Getting one needs a network of its own, so the caller does it
    /// and opens the mailbox with [`Settings::with_token`].
    OAuth(oauth::Settings),
    /// With this access token.
    Token(SecretString),
}

/// Where mail is read.
#[derive(Clone, Debug)]
pub enum Settings {
    /// This Maildir; missing means empty.
    Maildir(PathBuf),
    /// This account and folder.
    Imap(ImapSettings),
}

impl Settings {
    /// Where the access tokens come from that opening this mailbox needs, if it does.
    pub fn oauth(&self) -> Option<&oauth::Settings> {
        match self {
            Settings::Imap(ImapSettings {
                login: Login::OAuth(oauth),
                ..
            }) => Some(oauth),
            _ => None,
        }
    }

    /// The same mailbox, opened with this access token.
    pub fn with_token(&self, token: SecretString) -> Settings {
        match self {
            Settings::Imap(imap) => Settings::Imap(ImapSettings {
                login: Login::Token(token),
                ..imap.clone()
            }),
            Settings::Maildir(_) => self.clone(),
        }
    }

    /// The name under which the ledger keeps this mailbox's cursor: no secret, stable across runs.
    pub fn name(&self) -> String {
        match self {
            Settings::Maildir(dir) => format!("maildir:{}", dir.display()),
            Settings::Imap(imap) => {
                format!(
                    "imap:{}@{}:{}/{}",
                    imap.username, imap.host, imap.port, imap.folder
                )
            }
        }
    }
}

/// How long a silent server is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For the TCP connection, to each address of the host.
    pub connect: Duration,
    /// For each read and write once connected.
    pub answer: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            connect: Duration::from_secs(30),
            answer: Duration::from_secs(60),
        }
    }
}

/// Where reading resumes (RFC 9051 section 2.3.1.1): a UID means something only together with the
/// folder's UIDVALIDITY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The folder's UIDVALIDITY; 1 for a Maildir.
    pub uidvalidity: u64,
    /// The UID of the last mail handed out. A Maildir's UIDs have no order: there the cursor says
    /// nothing, and what was read is known by the UIDs themselves.
    pub last_uid: u64,
}

/// One mail as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The UID; for a Maildir the first 63 bits of the SHA-256 of the file's base name.
    pub uid: u64,
    /// When the server took it; for a Maildir when the file was last changed.
    pub received_at: Option<DateTime<Utc>>,
    /// The mail; of one that is too large the first 256 kB.
    pub raw: Vec<u8>,
}

/// What a reading did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Mails handed out.
    pub read: u64,
    /// Mails among them of which only the first 256 kB were read.
    pub skipped_too_large: u64,
    /// Mails that the server could not hand out in a form we understand; each was logged.
    pub skipped_unreadable: u64,
    /// Whether the UIDVALIDITY had changed, so that the folder was read again by date.
    pub rescanned: bool,
}

/// Why a mailbox could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The server is not there or cannot answer now: try again later.
    #[error("{0:#}")]
    Unreachable(anyhow::Error),
    /// Login, folder, certificate or path: somebody must change the configuration.
    #[error("{0:#}")]
    Refused(anyhow::Error),
}

/// The caller's side of a reading: takes a batch and the cursor that belongs to it.
pub type Sink<'a> = dyn FnMut(Cursor, Vec<Fetched>) -> anyhow::Result<()> + 'a;

/// An open mailbox.
#[derive(Debug)]
pub enum Mailbox {
    /// A folder of files.
    Maildir(maildir::Maildir),
    /// A folder on a server.
    Imap(Box<imap_folder::ImapFolder>),
}

impl Mailbox {
    /// Opens a mailbox: for IMAP connects, protects the connection, logs in and EXAMINEs the
    /// folder.
    pub fn open(settings: &Settings) -> Result<Mailbox, OpenError> {
        Mailbox::open_within(settings, Deadlines::default())
    }

    /// The same with other deadlines.
    pub fn open_within(settings: &Settings, deadlines: Deadlines) -> Result<Mailbox, OpenError> {
        match settings {
            Settings::Maildir(dir) => Ok(Mailbox::Maildir(maildir::Maildir::open(dir)?)),
            Settings::Imap(imap) => {
                let folder = imap_folder::ImapFolder::open(imap, deadlines)?;
                Ok(Mailbox::Imap(Box::new(folder)))
            }
        }
    }

    /// Hands every mail above the cursor to `sink`, in batches, oldest UID first.
    ///
    /// Without a cursor, and when the UIDVALIDITY changed, an IMAP folder is read from the day of
    /// `since` on (all of it without `since`). A Maildir has no order to resume from: it is listed
    /// whole, and `known` says which UIDs were read before; IMAP does not ask `known`, since after
    /// a change of UIDVALIDITY equal UIDs mean different mails. An error of `sink` ends the
    /// reading.
    pub fn read(
        &mut self,
        cursor: Option<Cursor>,
        since: Option<DateTime<Utc>>,
        known: &dyn Fn(u64) -> bool,
        sink: &mut Sink<'_>,
    ) -> anyhow::Result<ReadSummary> {
        match self {
            Mailbox::Maildir(maildir) => maildir.read(known, sink),
            Mailbox::Imap(folder) => folder.read(cursor, since, sink),
        }
    }

    /// Opens the mailbox and says what is there, for `doctor`.
    pub fn check(settings: &Settings) -> anyhow::Result<String> {
        match Mailbox::open(settings)? {
            Mailbox::Maildir(maildir) => maildir.describe(),
            Mailbox::Imap(folder) => Ok(folder.describe()),
        }
    }
}
