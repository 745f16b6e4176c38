//! What a mail we read is, what its writer wants, and what it may be about.
//!
//! Purpose: raw bytes in, a verdict with its evidence out; and the one table of consequences.
//! Invariants: headers decide before words; words are judged only after quotes and signatures are
//! taken off; nothing here panics on any input, and every text that comes out is bounded and free
//! of control characters. This module does not know the ledger: it names clues, and whoever holds
//! the ledger finds the message.

mod automatic;
mod bounce;
mod clues;
mod consequence;
mod dates;
mod feedback;
mod heads;
mod judge;
mod kind;
mod mime;
mod optout;
mod person;
mod question;
mod quote;
mod raw;
mod report;
mod responder;
mod sentiment;
mod signs;
mod subject;
mod text;
mod transcript;
pub mod weights;

pub use clues::Clues;
pub use consequence::{Case, Consequence, consequence};
pub use heads::wants_body;
pub use kind::{Bounce, Kind, Referral, ResponseType, Sensitivity, Sentiment};
pub use question::{heed, question};
pub use subject::bare_subject;

use chrono::{DateTime, NaiveDate, Utc};

use mime::Mail;

/// What the judgement of a mail has to know of us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ours {
    /// Our own addresses, lower case: From of every sender, IMAP users, the unsubscribe mailbox.
    pub addresses: Vec<String>,
    /// How willing the rules are to read a wish out of weak words.
    pub sensitivity: Sensitivity,
}

/// One mail, understood as far as it can be without the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// What it is.
    pub kind: Kind,
    /// What the person wants; for human replies, and for ordinary mail a person typed that shows no
    /// sign of being an answer (it is one if it comes from a lead's address).
    pub sentiment: Option<Sentiment>,
    /// The failure, for the two kinds of bounce.
    pub bounce: Option<Bounce>,
    /// The day an absent person is back.
    pub return_on: Option<NaiveDate>,
    /// Whether an automatic answer says that the person works there no more.
    pub left_company: bool,
    /// The day from which a person who said "later" wants to hear from us again.
    pub write_again_on: Option<NaiveDate>,
    /// Whom the person names in their place.
    pub referral: Option<Referral>,
    /// Whether an opt-out speaks for the whole company and not for one person.
    pub for_company: bool,
    /// Why a person should look at it, as a clause; none when the rules are sure.
    pub unsure: Option<String>,
    /// The rule that decided: a stable word for counting and for comparing judgements.
    pub rule: &'static str,
    /// The address in From, lower case, or `""`.
    pub from: String,
    /// The decoded subject, one line of at most 500 characters.
    pub subject: String,
    /// Its own Message-ID, without angle brackets.
    pub rfc_message_id: Option<String>,
    /// The mail's own Date, or when the last server took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// The writer's own words, without quotes and signature, at most 20,000 characters.
    pub reply_text: String,
    /// The raw header block, at most 16 kB.
    pub headers: String,
    /// What judging it again needs besides the headers, as JSON of at most 64 kB.
    pub kept: String,
    /// What may lead to the message it is about.
    pub clues: Clues,
    /// Why it was judged so, each a clause.
    pub evidence: Vec<String>,
    /// Our own copy (Bcc to self, a colleague in the thread, a Sent folder): never an answer.
    pub own: bool,
}

/// Judges a mail. Never fails: bytes that are no mail are [`Kind::Other`].
pub fn read(raw: &[u8], ours: &Ours) -> Inbound {
    judge::judged(&Mail::parse(raw), ours)
}

/// Judges a mail again, from what was kept of it: [`Inbound::headers`] and [`Inbound::kept`]. None
/// when `kept` is not what was kept.
pub fn again(headers: &str, kept: &str, ours: &Ours) -> Option<Inbound> {
    Mail::again(headers, kept).map(|mail| judge::judged(&mail, ours))
}

#[cfg(test)]
mod doors;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_mail_are_other() {
        let ours = Ours::default();
        for raw in [
            &b""[..],
            b"\n",
            b"\0\0\0",
            b"\xff\xfe",
            b":",
            b"\r\r\r",
            b"Subject",
        ] {
            let inbound = read(raw, &ours);
            assert_eq!(inbound.kind, Kind::Other, "{raw:?}");
            assert_ne!(
                std::mem::discriminant(&consequence(&inbound, false)),
                std::mem::discriminant(&Consequence::PauseUntil { until: None }),
            );
        }
    }

    #[test]
    fn deep_nesting_exhausts_neither_stack_nor_patience() {
        for (name, raw) in [
            ("mails", "Content-Type: message/rfc822\n\n".repeat(30_000)),
            (
                "html",
                format!(
                    "From: a@b.example\nContent-Type: text/html\n\n{}x",
                    "<div>".repeat(30_000)
                ),
            ),
            (
                "quotes",
                format!(
                    "Content-Type: text/html\n\n{}x",
                    "<blockquote>".repeat(30_000)
                ),
            ),
            (
                "tables",
                format!(
                    "Content-Type: text/html\n\n{}x",
                    "<table><tr><td>".repeat(10_000)
                ),
            ),
            (
                "parts",
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(20_000),
            ),
            (
                "empty parts",
                format!(
                    "Content-Type: multipart/mixed; boundary=b\n\n{}",
                    "--b\n\n".repeat(200_000)
                ),
            ),
            ("marks", format!("Subject: x\n\n{}", ">".repeat(500_000))),
            (
                "lines",
                format!("Subject: x\n\n{}", "On 1 wrote\n".repeat(50_000)),
            ),
        ] {
            let started = std::time::Instant::now();
            let inbound = read(raw.as_bytes(), &Ours::default());
            assert!(!inbound.own, "{name}");
            assert!(
                started.elapsed().as_secs() < 10,
                "{name} took {:?}",
                started.elapsed()
            );
        }
    }
}
