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
mod folding;
mod kind;
mod mime;
mod optout;
mod person;
mod quote;
mod refusal;
mod sentiment;
mod subject;
mod words;

pub use clues::Clues;
pub use consequence::{Consequence, consequence};
pub use kind::{Bounce, Kind, Referral, ResponseType, Sensitivity, Sentiment};
pub use subject::bare_subject;

use chrono::{DateTime, NaiveDate, Utc};

use automatic::Notice;
use bounce::Verdict;
use folding::{cut, fold, one_line};
use mime::{Mail, Report};
use quote::Reply;

/// The most characters of a person's own words that are kept.
const REPLY_CHARS_MAX: usize = 20_000;

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
    /// What may lead to the message it is about.
    pub clues: Clues,
    /// Why it was judged so, each a clause.
    pub evidence: Vec<String>,
    /// Our own copy (Bcc to self, a colleague in the thread, a Sent folder): never an answer.
    pub own: bool,
}

/// Judges a mail. Never fails: bytes that are no mail are [`Kind::Other`].
pub fn read(raw: &[u8], ours: &Ours) -> Inbound {
    let mail = Mail::parse(raw);
    let reply = quote::strip(&mail.body, &mail.from_name);
    let mut inbound = Inbound {
        kind: Kind::Other,
        sentiment: None,
        bounce: None,
        return_on: None,
        left_company: false,
        write_again_on: None,
        referral: None,
        for_company: false,
        unsure: None,
        rule: "none",
        from: mail.from.clone(),
        subject: mail.subject.clone(),
        rfc_message_id: mail.message_id.clone(),
        sent_at: mail.sent_at,
        reply_text: cut(&reply.text, REPLY_CHARS_MAX).to_string(),
        headers: mail.header_block.clone(),
        clues: Clues::default(),
        evidence: Vec::new(),
        own: false,
    };
    inbound.judge(&mail, &reply, ours);
    let returned = match inbound.kind {
        Kind::BounceHard | Kind::BounceSoft => mail.body.as_str(),
        _ => reply.quoted.as_str(),
    };
    inbound.clues = clues::of(&mail, returned, inbound.bounce.as_ref());
    inbound
        .evidence
        .iter_mut()
        .for_each(|clause| *clause = one_line(clause, 300));
    inbound
}

impl Inbound {
    /// The order is the rule: reports, then our own copies, bounces, opt-outs by subject, machines,
    /// and only then a person's words.
    fn judge(&mut self, mail: &Mail, reply: &Reply, ours: &Ours) {
        if self.judge_report(mail) {
            return;
        }
        if is_own(mail, ours) {
            self.own = true;
            self.evidence.push("it was sent by ourselves".to_string());
            return;
        }
        if let Some(verdict) = bounce::of_mail(mail, &ours.addresses) {
            self.take_verdict(verdict);
            return;
        }
        if is_unsubscribe_mail(mail) {
            self.kind = Kind::Unsubscribe;
            self.evidence
                .push(format!("the subject is `{}`", mail.subject));
            return;
        }
        if self.judge_machine(mail, reply) || self.judge_bulk(mail, reply) {
            return;
        }
        person::judge(self, mail, reply, ours.sensitivity);
    }

    fn judge_report(&mut self, mail: &Mail) -> bool {
        match &mail.report {
            Some(Report::Delivery(groups)) => {
                self.take_verdict(bounce::of_report(groups, &mail.body));
            }
            Some(Report::Disposition) => {
                self.kind = Kind::Receipt;
                self.evidence.push("a disposition notification".to_string());
            }
            Some(Report::Feedback(fields)) => self.judge_feedback(fields),
            None => return false,
        }
        true
    }

    /// Feedback of type `not-spam` is the contrary of a complaint, others are about authentication
    /// (RFC 5965 section 7.3, RFC 6591).
    fn judge_feedback(&mut self, fields: &[(String, String)]) {
        let kind = fields.iter().find(|(name, _)| name == "feedback-type");
        let kind = kind
            .map_or("abuse", |(_, value)| value.as_str())
            .to_lowercase();
        let is_complaint = !matches!(kind.as_str(), "not-spam" | "auth-failure" | "dmarc");
        self.kind = match (is_complaint, kind.starts_with("opt-out")) {
            (true, true) => Kind::Unsubscribe,
            (true, false) => Kind::Complaint,
            (false, _) => Kind::Other,
        };
        self.evidence
            .push(format!("a feedback report of type `{kind}`"));
    }

    fn take_verdict(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Bounced {
                bounce,
                is_hard,
                evidence,
            } => {
                self.kind = if is_hard {
                    Kind::BounceHard
                } else {
                    Kind::BounceSoft
                };
                self.evidence.push(evidence);
                self.evidence
                    .push(format!("`{}`: {}", bounce.kind, bounce.reason));
                self.bounce = Some(bounce);
            }
            Verdict::Confirmed { evidence } => {
                self.kind = Kind::Receipt;
                self.evidence.push(evidence);
            }
        }
    }

    fn judge_machine(&mut self, mail: &Mail, reply: &Reply) -> bool {
        if let Some(method) = mail
            .calendar_method
            .as_deref()
            .filter(|method| *method != "REQUEST")
        {
            self.kind = Kind::AutoReply;
            self.evidence
                .push(format!("a calendar answer, method `{method}`"));
            return true;
        }
        let Some((notice, evidence)) = automatic::judge(mail, reply) else {
            return false;
        };
        self.evidence = evidence;
        if !automatic::answers_something(mail, reply) {
            self.evidence.push("it answers nothing".to_string());
            return true;
        }
        self.kind = match notice {
            Notice::Absence => Kind::OutOfOffice,
            Notice::LeftCompany | Notice::Acknowledgement => Kind::AutoReply,
        };
        self.left_company = notice == Notice::LeftCompany;
        if notice == Notice::Absence
            && let Some(sent_at) = self.sent_at
        {
            let words = format!("{} . {}", fold(&self.subject), fold(&reply.text));
            self.return_on = dates::return_day(&words, sent_at.date_naive());
        }
        true
    }

    /// Mail of lists and newsletters that answers nothing.
    fn judge_bulk(&mut self, mail: &Mail, reply: &Reply) -> bool {
        let is_list = mail.field("list-id").is_some() || mail.field("list-unsubscribe").is_some();
        let is_answer = !mail.answers.is_empty() || !reply.quoted.trim().is_empty();
        if is_list && !is_answer {
            self.evidence.push("mail of a list".to_string());
        }
        is_list && !is_answer
    }
}

/// A mail from one of our addresses, or with our own key in its own header.
fn is_own(mail: &Mail, ours: &Ours) -> bool {
    mail.field("x-outreach-key").is_some() || ours.addresses.contains(&mail.from)
}

/// The mail a program writes when somebody uses our List-Unsubscribe address (RFC 2369): the
/// subject is `unsubscribe` and our key, or nothing but the word. An answer's `Re:` makes it an
/// answer.
fn is_unsubscribe_mail(mail: &Mail) -> bool {
    let subject = fold(&mail.subject);
    let is_keyed = subject
        .strip_prefix("unsubscribe ")
        .is_some_and(|key| crate::campaign::parse_outreach_key(key).is_some());
    is_keyed
        || !mail.has_null_return_path() && optout::is_bare(&subject) && !subject.starts_with("no")
}

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
