//! An account on an IMAP server (RFC 9051, RFC 3501): one connection, one folder after another.
//!
//! Purpose: have a folder open, also after the connection failed. Invariants: a folder is opened
//! with EXAMINE; every read and write of the connection has a deadline; connections are made anew
//! only so often. What is read of a folder, and in which order, is the reading's matter.

use anyhow::ensure;
use imap::{Connection, Session};

use super::imap_reading::Reading;
use super::imap_session::{self, Opened};
use super::{Deadlines, ImapSettings, OpenError, ReadSummary, Scope, Sink};

/// The most connections one reading makes after failures, before it gives up until the next run.
const RECONNECTS_MAX: u32 = 60;

/// An account with, once entered, a folder that was opened for reading.
pub struct ImapAccount {
    settings: ImapSettings,
    deadlines: Deadlines,
    pub(super) session: Session<Connection>,
    folder: String,
    pub(super) opened: Opened,
    reconnects: u32,
    /// Whether a reading failed, so that nobody knows what the server says next.
    is_lost: bool,
}

impl std::fmt::Debug for ImapAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImapAccount")
            .field("settings", &self.settings)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Drop for ImapAccount {
    /// Says goodbye, so that the server need not wait for us; nothing depends on the answer.
    fn drop(&mut self) {
        if self.is_lost {
            return;
        }
        if let Err(err) = self.session.logout() {
            tracing::debug!("no orderly end of the IMAP session: {err}");
        }
    }
}

impl ImapAccount {
    /// Connects and logs in.
    pub(super) fn open(
        settings: &ImapSettings,
        deadlines: Deadlines,
    ) -> Result<ImapAccount, OpenError> {
        Ok(ImapAccount {
            session: imap_session::open(settings, deadlines)?,
            settings: settings.clone(),
            deadlines,
            folder: String::new(),
            opened: Opened::default(),
            reconnects: 0,
            is_lost: false,
        })
    }

    /// Opens a folder.
    pub(super) fn enter(&mut self, folder: &str) -> Result<(), OpenError> {
        self.reconnects = 0;
        self.folder = folder.to_string();
        self.opened = match self.examine() {
            Err(OpenError::Unreachable(_)) => {
                self.session = imap_session::open(&self.settings, self.deadlines)?;
                self.is_lost = false;
                self.examine()?
            }
            examined => examined?,
        };
        Ok(())
    }

    fn examine(&mut self) -> Result<Opened, OpenError> {
        if self.is_lost {
            let error = anyhow::anyhow!("the connection was lost");
            return Err(OpenError::Unreachable(error));
        }
        let examined = imap_session::examine(&mut self.session, &self.settings, &self.folder);
        self.is_lost = matches!(examined, Err(OpenError::Unreachable(_)));
        examined
    }

    /// What is in the folder, in a sentence.
    pub(super) fn describe(&self) -> String {
        format!(
            "IMAP {}:{} ({}): {} messages in `{}`",
            self.settings.host,
            self.settings.port,
            self.settings.tls.as_str(),
            self.opened.exists,
            self.folder
        )
    }

    /// Hands out every mail of the folder above the cursor.
    pub(super) fn read(
        &mut self,
        scope: &Scope<'_>,
        sink: &mut Sink<'_>,
    ) -> anyhow::Result<ReadSummary> {
        let read = Reading::new(self, scope, sink).run();
        self.is_lost |= read.is_err();
        read
    }

    /// Makes the connection anew and opens the folder again.
    pub(super) fn reconnect(&mut self) -> anyhow::Result<()> {
        self.reconnects += 1;
        ensure!(
            self.reconnects <= RECONNECTS_MAX,
            "the server failed {RECONNECTS_MAX} times"
        );
        self.is_lost = true;
        self.session = imap_session::open(&self.settings, self.deadlines)?;
        self.is_lost = false;
        let opened = self.examine()?;
        ensure!(
            opened.uidvalidity == self.opened.uidvalidity,
            "the folder `{}` was replaced while it was read; the next run begins anew",
            self.folder
        );
        self.opened = opened;
        Ok(())
    }
}
