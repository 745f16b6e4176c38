//! `outreach` writes each validated lead a campaign of three e-mails, sends every one of them
//! exactly once at a decent hour of a business day in the lead's own zone, and stops at the first
//! answer.
//!
//! # The shape
//!
//! Six stages, run by timers or by hand, meet only in the **ledger**, one SQLite file:
//!
//! ```text
//!   Airtable / CSV ──pull──▶ leads ──generate──▶ campaigns ──schedule──▶ dated messages
//!                                                                            │ send
//!   Airtable / CSV ◀──push── what changed ◀──scan── inbox (IMAP / Maildir)   ▼
//!                                                             SMTP server / Maildir
//! ```
//!
//! The binary in `jobs/` holds one file per stage: read, decide purely, write, beside what several
//! of them share (taking a record in, judging texts, holding senders). This library holds what they
//! use, in three layers. A module may use those above it in this list, never those below,
//! and no adapter or stage knows another; a test reads the `use` lines and holds us to it.
//!
//! **Core** (values in, values out; no IO, no async, no clock):
//! [`words`], [`lead`], [`campaign`], [`calendar`], [`copy`], [`plan`], [`delivery`], [`breaker`],
//! [`inbound`], [`changeset`], [`tracking`], [`metrics`].
//!
//! **Adapters** (one outside thing each): [`ledger`] alone knows SQL, [`airtable`] alone Airtable's
//! JSON, [`leads_file`] CSV, [`writer`] language models, [`mailer`] SMTP, [`mailbox`] IMAP;
//! [`tls`] and [`oauth`] are the ground the two mail adapters share.
//!
//! **Surface**: [`config`] and [`clock`], handed down by `main`; an adapter takes its own settings,
//! never the whole configuration. [`report`] shows figures to people, [`web`] answers their
//! programs.
//!
//! # One message, from birth to rest
//!
//! 1. `pull` reads a record, [`lead::parse`] makes it a `Lead` or a `Reject` with one reason.
//! 2. `generate` has three drafts written, [`copy::quality`] judges them; the campaign and its
//!    messages (`drafted`) are stored in one transaction, active or in review. Message-ID and key
//!    are fixed here.
//! 3. `schedule` gives each message its `due_at` by [`plan`], with the reason in words.
//! 4. `send` claims the message: one committed transaction re-reads campaign, lead, suppressions,
//!    window, limits and the freshness of the inbox, and sets `sending`. Only then is the
//!    connection used. [`delivery`] turns phase and reply into a verdict, recorded at once. If the
//!    process dies in between, the next `send` finds the row in `sending` and calls it in doubt.
//!    Nothing sends it again but evidence that it never arrived, or a person.
//! 5. `scan` reads what came back; [`inbound`] says what it is and which message it answers; its
//!    consequences are applied in the transaction that moves the mailbox's cursor.
//! 6. `push` shows the difference between what the base was last told and what is true now.
//!
//! # Invariants stated as absences
//!
//! - No state lives in memory between two runs: caps, cursors and "already sent" are ledger rows.
//! - No transaction is open while we wait for the network.
//! - The core cannot ask what time it is.
//! - Text from leads, mails and models never becomes SQL, a formula, a header, a path or an
//!   instruction.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "a failing test should panic where it fails"
    )
)]

pub mod words;

pub mod lead;

pub mod campaign;

pub mod calendar;

pub mod copy;

pub mod plan;

pub mod delivery;

pub mod breaker;

pub mod inbound;

pub mod changeset;

pub mod tracking;

pub mod metrics;

pub mod tls;

pub mod oauth;

pub mod ledger;

pub mod airtable;

pub mod leads_file;

pub mod writer;

pub mod mailer;

pub mod mailbox;

pub mod config;

pub mod clock;

pub mod report;

pub mod web;
