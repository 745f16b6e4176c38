//! Reads an inbox above a cursor and changes nothing in it: IMAP (EXAMINE, BODY.PEEK) or a Maildir.
//!
//! Purpose: hand every mail not yet read to the caller, in batches, each with the cursor to store.
//! Invariant: no flag is set, no mail is moved or deleted; a cursor is only handed out together
//! with the mails below it. An account's folders are read one after another over one connection,
//! each with a cursor of its own. This module does not judge mail: of which one the body is fetched
//! its caller says, by the headers. It does not know the ledger.
//!
//! All calls block; a network that falls silent is given up after [`Deadlines`].

mod imap_account;
mod imap_reading;
mod imap_session;
mod maildir;
pub mod sent;
mod utf7;

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
/// A mail larger than this is read only in part: what a person wrote, and what a report says,
/// stands before what is attached.
const MAIL_BYTES_MAX: u64 = 512 << 10;
/// What is read of a mail that is too large.
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
    /// The folders that are read, as people name them, in their order; `INBOX` by default.
    pub folders: Vec<String>,
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
    OAuth(Box<oauth::Settings>),
    /// With this access token.
    Token(SecretString),
}

/// Where mail is read.
#[derive(Clone, Debug)]
pub enum Settings {
    /// This Maildir; missing means empty.
    Maildir(PathBuf),
    /// This account and its folders.
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

    /// What tells this mailbox from others, whatever is read of it.
    pub fn account(&self) -> String {
        match self {
            Settings::Maildir(dir) => format!("maildir:{}", dir.display()),
            Settings::Imap(imap) => format!("imap:{}@{}:{}", imap.username, imap.host, imap.port),
        }
    }

    /// What is read of it, each once, in order; a Maildir is one folder.
    pub fn folders(&self) -> Vec<Folder> {
        let account = self.account();
        let Settings::Imap(imap) = self else {
            let title = String::new();
            return vec![Folder {
                name: account,
                title,
            }];
        };
        let mut folders: Vec<Folder> = Vec::new();
        for title in &imap.folders {
            if folders.iter().all(|known| !is_same(&known.title, title)) {
                folders.push(Folder {
                    name: format!("{account}/{title}"),
                    title: title.clone(),
                });
            }
        }
        folders
    }

    /// Reads also what is read of the same account elsewhere.
    pub fn join(&mut self, other: &Settings) {
        if let (Settings::Imap(imap), Settings::Imap(other)) = (self, other) {
            imap.folders.extend(other.folders.iter().cloned());
        }
    }
}

/// Whether two names mean one folder: only INBOX is written in any case (RFC 3501 section 5.1).
fn is_same(one: &str, other: &str) -> bool {
    let is_inbox = |name: &str| name.eq_ignore_ascii_case("INBOX");
    is_inbox(one) && is_inbox(other) || utf7::spelled(one) == utf7::spelled(other)
}

/// A folder of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The name under which the ledger keeps its cursor: no secret, stable across runs.
    pub name: String,
    /// Its name in the account; `""` for a Maildir.
    pub title: String,
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
    /// The mail; of one that is too large the first 256 kB, of one whose body nobody wants the
    /// headers.
    pub raw: Vec<u8>,
}

/// What a reading did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Mails handed out.
    pub read: u64,
    /// Mails among them of which only the headers were read, because nobody wanted more.
    pub without_body: u64,
    /// Mails among them of which only the first 256 kB were read.
    pub skipped_too_large: u64,
    /// Mails that the server could not hand out in a form we understand; each was logged. Where at
    /// least the headers were, they are among those handed out.
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

/// The caller's side of a reading: takes a batch and the cursor that belongs to it. The batch is
/// empty where there is nothing to read but the cursor moves past what is too old.
pub type Sink<'a> = dyn FnMut(Cursor, Vec<Fetched>) -> anyhow::Result<()> + 'a;

/// What to read of a folder.
pub struct Scope<'a> {
    /// Where reading resumes.
    pub cursor: Option<Cursor>,
    /// Without a cursor, and when the UIDVALIDITY changed, an IMAP folder is read from this day on,
    /// or else all of it.
    pub since: Option<DateTime<Utc>>,
    /// Which UIDs of a Maildir were read before: it has no order to resume from and is listed
    /// whole. IMAP does not ask, since after a change of UIDVALIDITY equal UIDs mean different
    /// mails.
    pub known: &'a dyn Fn(u64) -> bool,
    /// Whether the body of a mail with these headers is wanted.
    pub wants_body: &'a dyn Fn(&[u8]) -> bool,
}

/// An open mailbox.
#[derive(Debug)]
pub enum Mailbox {
    /// A folder of files.
    Maildir(maildir::Maildir),
    /// An account on a server.
    Imap(Box<imap_account::ImapAccount>),
}

impl Mailbox {
    /// Opens a mailbox: for IMAP connects, protects the connection and logs in.
    pub fn open(settings: &Settings) -> Result<Mailbox, OpenError> {
        Mailbox::open_within(settings, Deadlines::default())
    }

    /// The same with other deadlines.
    pub fn open_within(settings: &Settings, deadlines: Deadlines) -> Result<Mailbox, OpenError> {
        match settings {
            Settings::Maildir(dir) => Ok(Mailbox::Maildir(maildir::Maildir::open(dir)?)),
            Settings::Imap(imap) => {
                let account = imap_account::ImapAccount::open(imap, deadlines)?;
                Ok(Mailbox::Imap(Box::new(account)))
            }
        }
    }

    /// Opens a folder read-only (EXAMINE); what is read next is read there. A connection that was
    /// lost in the folder before is made anew.
    pub fn enter(&mut self, folder: &Folder) -> Result<(), OpenError> {
        match self {
            Mailbox::Maildir(_) => Ok(()),
            Mailbox::Imap(account) => account.enter(&folder.title),
        }
    }

    /// Hands every mail above the cursor to `sink`, in batches, oldest UID first. An error of
    /// `sink` ends the reading.
    pub fn read(&mut self, scope: &Scope<'_>, sink: &mut Sink<'_>) -> anyhow::Result<ReadSummary> {
        match self {
            Mailbox::Maildir(maildir) => maildir.read(scope.known, sink),
            Mailbox::Imap(account) => account.read(scope, sink),
        }
    }

    /// Opens a mailbox and says of each folder what is there, for `doctor`.
    pub fn check(settings: &Settings) -> Vec<anyhow::Result<String>> {
        let mut mailbox = match Mailbox::open(settings) {
            Ok(mailbox) => mailbox,
            Err(err) => return vec![Err(err.into())],
        };
        let folders = settings.folders().into_iter();
        let look = |folder: Folder| {
            mailbox.enter(&folder)?;
            match &mailbox {
                Mailbox::Maildir(maildir) => maildir.describe(),
                Mailbox::Imap(account) => Ok(account.describe()),
            }
        };
        folders.map(look).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imap(folders: &[&str]) -> Settings {
        Settings::Imap(ImapSettings {
            host: "imap.example.com".to_string(),
            port: 993,
            tls: TlsMode::Tls,
            username: "ada@x.example".to_string(),
            login: Login::Password("x".into()),
            folders: folders.iter().map(ToString::to_string).collect(),
            ca_file: None,
        })
    }

    #[test]
    fn every_folder_has_its_cursor_and_is_read_once() {
        let mut one = imap(&["INBOX", "Entwürfe", "inbox", "Entw&APw-rfe"]);
        one.join(&imap(&["Junk", "INBOX"]));
        one.join(&Settings::Maildir("inbox".into()));
        let names: Vec<String> = one
            .folders()
            .into_iter()
            .map(|folder| folder.name)
            .collect();
        let account = "imap:ada@x.example@imap.example.com:993";
        assert_eq!(one.account(), account);
        let expected = ["INBOX", "Entwürfe", "Junk"].map(|title| format!("{account}/{title}"));
        assert_eq!(names, expected);
        let maildir = Settings::Maildir("inbox".into());
        assert_eq!(maildir.folders()[0].name, "maildir:inbox");
    }
}
