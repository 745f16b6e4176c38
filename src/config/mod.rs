//! The configuration: environment variables, a `.env` file and secret files, parsed once.
//!
//! Purpose: turn texts into a [`Config`] every part of which is valid and fits the rest, or into
//! all [`Problems`] at once, each naming the variable, where its value came from, what was expected
//! and what was found.
//! Invariant: nothing here changes the process's environment; a secret appears in no error, warning
//! or description, and leaves this module only as a [`secrecy::SecretString`].
//! This module knows the settings of each adapter but opens no connection, and it does not check
//! whether the files and directories it names exist: who uses them does.

mod checks;
mod describe;
mod env_file;
mod load;
mod login;
mod problem;
mod provider;
mod reader;
mod sender;
mod senders_file;
mod sources;
#[cfg(test)]
mod tests;
mod text;
mod tracking;
pub mod variables;

pub use describe::Described;
pub use problem::{Problem, Problems, Warning};
pub use sources::{Origin, Sources};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::calendar::{ClosingDays, Window, Zone};
use crate::campaign::Sequence;
use crate::inbound::Sensitivity;
use crate::lead::EmailAddress;
use crate::tracking::Tracked;
use crate::{airtable, mailbox, mailer, plan, writer};

impl Config {
    /// The hours and rules that planning and sending keep to.
    pub fn hours(&self) -> plan::Settings {
        plan::Settings {
            window: self.window,
            day_zone: self.default_zone.clone(),
            closing_days: self.closing_days.clone(),
            company_daily: self.company_daily,
            stale_after_days: self.stale_after_days,
            // A run of `send` takes so long at most, and the next one starts within the hour.
            overdue_after_minutes: self.send_run_minutes.saturating_add(60),
        }
    }

    /// The sender with an address, if it is one of ours.
    pub fn sender(&self, address: &str) -> Option<&Sender> {
        self.senders
            .iter()
            .find(|sender| sender.address.as_str() == address)
    }

    /// Every mailbox that is read, each once with all its folders: those of the senders in their
    /// order, then the shared ones.
    pub fn mailboxes(&self) -> Vec<mailbox::Settings> {
        let mut mailboxes: Vec<mailbox::Settings> = Vec::new();
        let of_senders = self.senders.iter().map(|sender| &sender.mailbox);
        for mailbox in of_senders.chain(&self.shared_mailboxes) {
            let account = mailbox.account();
            match mailboxes
                .iter_mut()
                .find(|known| known.account() == account)
            {
                Some(known) => known.join(mailbox),
                None => mailboxes.push(mailbox.clone()),
            }
        }
        mailboxes
    }

    /// The folders of all of them, by the name under which the ledger keeps when each was read.
    pub fn folder_names(&self) -> Vec<String> {
        let mailboxes = self.mailboxes();
        let folders = mailboxes.iter().flat_map(mailbox::Settings::folders);
        folders.map(|folder| folder.name).collect()
    }
}

/// What the program was told, checked. Made by [`Config::load`].
#[derive(Clone, Debug)]
pub struct Config {
    /// The steps of new campaigns; each delay is greater than the one before.
    pub sequence: Sequence,
    /// The zone of a lead about whose place nothing is known.
    pub default_zone: Zone,
    /// The country (ISO 3166 alpha-2) whose holidays count when the lead's is unknown.
    pub holiday_country: String,
    /// The hours in which mail may leave, in the lead's zone.
    pub window: Window,
    /// The most campaigns one run of `generate` writes; at least 1.
    pub campaigns_per_batch: u32,
    /// The most mails one run of `send` takes on; at least 1.
    pub queue_batch_size: u32,
    /// Attempts after which a deferred mail is a dead letter; at least 1.
    pub delivery_attempts_max: u32,
    /// Minutes before the second attempt; at least 1.
    pub retry_delay_minutes: u32,
    /// Minutes one run of `send` may wait for mails falling due.
    pub send_run_minutes: u32,
    /// The score (0 to 100) below which a campaign goes to review.
    pub quality_threshold: u8,
    /// Whether every campaign waits for a person's approval.
    pub require_approval: bool,
    /// Whether an answer also stops the campaigns of colleagues.
    pub stop_company_on_reply: bool,
    /// Follow-ups wait when the inbox was last read more minutes ago than this.
    pub scan_age_minutes_max: u32,
    /// Whether follow-ups may leave although no inbox is read.
    pub allow_blind_follow_ups: bool,
    /// Own days on which nothing leaves.
    pub closing_days: ClosingDays,
    /// Days after its day from which a follow-up is not sent any more; 0 for never.
    pub stale_after_days: u32,
    /// The most leads of one company written to on a day, if that is limited; at least 1.
    pub company_daily: Option<u32>,
    /// Whether follow-ups answer the first mail.
    pub thread_follow_ups: bool,
    /// The share of mails, in percent, above which what comes back stops a sender.
    pub bounce_limit_percent: f64,
    /// How many first mails of a batch leave before the others; 0 for all at once.
    pub canary_size: u32,
    /// Hours the others wait after the last of them; at least 1.
    pub canary_hours: u32,
    /// Minutes after which a mail that is not in the Sent folder surely never arrived; at least 1.
    pub sent_settle_minutes: u32,
    /// The ledger's file.
    pub ledger_path: PathBuf,
    /// Where leads come from and results go.
    pub leads: LeadsSource,
    /// The least time between two calls to Airtable, by all processes on this machine together;
    /// zero, which only a base on this machine may have, is no limit.
    pub airtable_gap: Duration,
    /// API calls the Airtable plan allows in a month, if that was said.
    pub airtable_monthly_calls: Option<u32>,
    /// Who writes.
    pub writer: WriterSource,
    /// Requests to the model at once; at least 1.
    pub llm_concurrency: u32,
    /// Who mail comes from; at least one, no address twice.
    pub senders: Vec<Sender>,
    /// Mailboxes that are read besides the senders' own.
    pub shared_mailboxes: Vec<mailbox::Settings>,
    /// How willing the rules are to read a wish out of weak words.
    pub sensitivity: Sensitivity,
    /// Who says what an answer wants.
    pub classifier: Classifier,
    /// The name texts are signed with; one line.
    pub team: String,
    /// The postal address for the footer, of one or several lines; present whenever mail goes over
    /// SMTP.
    pub postal_address: Option<String>,
    /// A Markdown file about the brand that replaces the built-in one.
    pub brand_file: Option<PathBuf>,
    /// Templates laid over the built-in ones.
    pub templates_dir: Option<PathBuf>,
    /// PEM file of authorities trusted besides the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
    /// Whether each log line is a JSON object.
    pub json_logs: bool,
    /// How long raw events are kept, in days.
    pub analytics_retention_days: u32,
    /// The address under which `serve` is reached; https, or http to this machine. With it every
    /// mail offers one click to opt out.
    pub public_url: Option<Url>,
    /// What is counted of mails; nothing without `public_url`.
    pub tracked: Tracked,
    /// Where `serve` listens.
    pub serve: Serve,
}

/// A From identity with its limits, its way out and its inbox.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address mail comes from; also names the sender in the ledger.
    pub address: EmailAddress,
    /// The name mail comes from; one line.
    pub name: String,
    /// The address answers go to when it is not `address`.
    pub reply_to: Option<EmailAddress>,
    /// The address opt-outs go to.
    pub unsubscribe_mailto: EmailAddress,
    /// What it may send.
    pub limits: plan::Limits,
    /// Where its mail goes.
    pub mailer: mailer::Settings,
    /// Connections it may have open at once; at least 1.
    pub connections: u32,
    /// Where its answers are read.
    pub mailbox: mailbox::Settings,
    /// The folder of that account where a mail in doubt is looked for, or `auto` for the one that
    /// the server says keeps what was sent. Only with an SMTP and an IMAP server.
    pub sent_folder: Option<String>,
    /// Whether `mailbox` is merely the default: neither an IMAP server nor an inbox was named, so
    /// that behind an SMTP server nobody would notice an answer.
    pub mailbox_is_default: bool,
}

/// Where leads come from and results go.
#[derive(Clone, Debug)]
pub enum LeadsSource {
    /// Nothing was said; a command that needs leads cannot run.
    None,
    /// A file that is only read, and another one for the results.
    File {
        /// CSV or JSON.
        path: PathBuf,
        /// The results; never the same file.
        status: PathBuf,
    },
    /// A table in Airtable.
    Airtable(airtable::Settings),
}

/// Who writes the drafts.
#[derive(Clone, Debug)]
pub enum WriterSource {
    /// The built-in templates.
    Templates,
    /// A language model.
    Model(writer::Settings),
}

/// Who says what an answer wants (`RESPONSE_CLASSIFIER`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classifier {
    /// The rules.
    Rules,
    /// The language model; the rules where it does not answer.
    Model,
}

/// Where `serve` listens when systemd hands over no socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serve {
    /// For everybody, by way of a proxy; port 0 is one that the system picks.
    pub address: SocketAddr,
    /// For health and figures; `serve` takes only a loopback or private address.
    pub metrics_address: SocketAddr,
}
