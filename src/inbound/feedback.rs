//! Complaints and receipts that are no reports: what providers and mail programs write instead.
//!
//! Purpose: know them by sender, subject and words together. Invariant: no single one of them is
//! enough. This module reads no report (RFC 5965, RFC 8098).

use std::sync::LazyLock;

use super::kind::Kind;
use super::mime::Mail;
use super::quote::Reply;
use super::report::{self, Report};
use super::responder;
use super::signs;
use crate::words::Words;
use crate::words::folding::{cut, fold};

/// Subjects of receipts.
static SUBJECT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/receipt_subject.txt")));
/// What receipts say.
static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/receipt_words.txt")));
/// What complaints say.
static COMPLAINT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/receipt_complaint.txt")));

/// The kind, the rule and why.
pub(super) fn of_mail(mail: &Mail, reply: &Reply) -> Option<(Kind, &'static str, &'static str)> {
    let subject = fold(&mail.subject);
    if let Some(found) = complaint(mail, &subject, reply) {
        return Some(found);
    }
    if !SUBJECT.is_match(&subject) {
        return None;
    }
    // A receipt is short, and whatever it says, it says it without an answer's words.
    let content_type = mail
        .field("content-type")
        .unwrap_or_default()
        .to_lowercase();
    let is_declared = content_type.contains("disposition-notification");
    let words = fold(cut(&mail.body, 3_000));
    let is_machine = signs::is_daemon(mail) || responder::proof(mail).is_some();
    let is_told = mail.body.is_empty() || WORDS.is_match(&words);
    (is_declared || is_told || is_machine && words.len() < 600).then_some((
        Kind::Receipt,
        "receipt_words",
        "subject and words of a receipt",
    ))
}

fn complaint(
    mail: &Mail,
    subject: &str,
    reply: &Reply,
) -> Option<(Kind, &'static str, &'static str)> {
    let content_type = mail
        .field("content-type")
        .unwrap_or_default()
        .to_lowercase();
    let is_declared = content_type.contains("feedback-report");
    let local = mail.from.split('@').next().unwrap_or_default();
    let is_loop = [
        "fbl",
        "feedback",
        "abuse",
        "complaint",
        "scomp",
        "staff",
        "arf",
        "spam",
    ]
    .iter()
    .any(|name| local.contains(name));
    let has_original = !mail.returned.is_empty();
    let speaks =
        || COMPLAINT.is_match(subject) || COMPLAINT.is_match(&fold(cut(&reply.text, 2_000)));
    if let Some(Report::Feedback(fields)) = &mail.hint
        && (is_declared || is_loop || has_original)
    {
        let kind = report::field(fields, "feedback-type").unwrap_or_default();
        return match kind.to_lowercase().as_str() {
            "not-spam" | "auth-failure" | "dmarc" => None,
            _ => Some((Kind::Complaint, "arf_text", "a feedback report in a text")),
        };
    }
    let is_complaint = (is_declared || is_loop && has_original) && speaks();
    is_complaint.then_some((
        Kind::Complaint,
        "complaint_words",
        "sender and words of a feedback loop",
    ))
}
