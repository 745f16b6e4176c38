//! The order in which a mail is judged.
//!
//! Purpose: one place that says which sign decides before which. Invariant: every path leaves a
//! rule, a kind and at least one clause of evidence. This module knows the order, not the signs.

use super::automatic::{self, Notice};
use super::bounce::{self, Verdict};
use super::kind::Kind;
use super::mime::Mail;
use super::quote::{self, Reply};
use super::report::{self, Report};
use super::{Clues, Inbound, Ours, clues, dates, feedback, optout, person, responder};
use crate::lead::{is_free_mail, registrable_domain};
use crate::words::folding::{cut, fold, one_line};

/// The most characters of a person's own words that are kept.
const REPLY_CHARS_MAX: usize = 20_000;

/// Judges a mail that was taken apart.
pub(super) fn judged(mail: &Mail, ours: &Ours) -> Inbound {
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
        kept: mail.kept(),
        clues: Clues::default(),
        evidence: Vec::new(),
        own: false,
    };
    inbound.judge(mail, &reply, ours);
    let returned = match inbound.kind {
        Kind::BounceHard | Kind::BounceSoft | Kind::Complaint => mail.body.as_str(),
        _ => reply.quoted.as_str(),
    };
    inbound.clues = clues::of(mail, returned, inbound.bounce.as_ref());
    for clause in inbound.evidence.iter_mut().chain(&mut inbound.unsure) {
        *clause = one_line(clause, 300);
    }
    inbound
}

impl Inbound {
    /// The order is the rule: reports, then our own copies, bounces, complaints and receipts
    /// without a report, opt-outs by subject, machines, and only then a person's words.
    fn judge(&mut self, mail: &Mail, reply: &Reply, ours: &Ours) {
        if self.judge_report(mail) {
            return;
        }
        if is_own(mail, ours) {
            self.own = true;
            self.decide("own_copy", Kind::Other, "it was sent by ourselves");
            return;
        }
        if let Some(verdict) = bounce::of_mail(mail, &reply.text, &ours.addresses) {
            self.take_verdict(verdict);
            return;
        }
        if let Some((kind, rule, evidence)) = feedback::of_mail(mail, reply) {
            self.decide(rule, kind, evidence);
            return;
        }
        if is_unsubscribe_mail(mail) {
            let evidence = format!("the subject is `{}`", mail.subject);
            self.decide("unsubscribe_subject", Kind::Unsubscribe, &evidence);
            return;
        }
        if self.judge_machine(mail, reply) || self.judge_bulk(mail, reply) {
            return;
        }
        if let Some(how) = mail.sealed.as_deref().filter(|_| mail.body.is_empty()) {
            self.decide("sealed", Kind::Other, &format!("its words are {how}"));
            self.unsure = Some(format!("its words cannot be read: they are {how}"));
            return;
        }
        person::judge(self, mail, reply, ours.sensitivity);
        if self.kind == Kind::HumanReply && is_colleague(mail, ours) {
            self.decide("colleague", Kind::Other, "a colleague of ours wrote it");
            (self.sentiment, self.unsure, self.referral) = (None, None, None);
        }
    }

    fn decide(&mut self, rule: &'static str, kind: Kind, evidence: &str) {
        self.rule = rule;
        self.kind = kind;
        self.evidence.push(evidence.to_string());
    }

    fn judge_report(&mut self, mail: &Mail) -> bool {
        match &mail.report {
            Some(Report::Delivery(groups)) => self.take_verdict(bounce::of_report(groups, mail)),
            Some(Report::Disposition(_)) => {
                self.decide("mdn", Kind::Receipt, "a disposition notification");
            }
            Some(Report::Feedback(fields)) => self.judge_feedback(fields),
            None => return false,
        }
        true
    }

    /// Feedback of type `not-spam` is the contrary of a complaint, others are about authentication
    /// (RFC 5965 section 7.3, RFC 6591).
    fn judge_feedback(&mut self, fields: &[(String, String)]) {
        let kind = report::field(fields, "feedback-type").unwrap_or("abuse");
        let kind = kind.to_lowercase();
        let is_complaint = !matches!(kind.as_str(), "not-spam" | "auth-failure" | "dmarc");
        let (verdict, rule) = match (is_complaint, kind.starts_with("opt-out")) {
            (true, true) => (Kind::Unsubscribe, "arf_opt_out"),
            (true, false) => (Kind::Complaint, "arf"),
            (false, _) => (Kind::Other, "arf_other"),
        };
        self.decide(
            rule,
            verdict,
            &format!("a feedback report of type `{kind}`"),
        );
    }

    fn take_verdict(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Bounced {
                bounce,
                is_hard,
                rule,
                unsure,
                evidence,
            } => {
                let kind = match is_hard {
                    true => Kind::BounceHard,
                    false => Kind::BounceSoft,
                };
                self.decide(rule, kind, &evidence);
                self.evidence
                    .push(format!("`{}`: {}", bounce.kind, bounce.reason));
                self.unsure = unsure;
                self.bounce = Some(bounce);
            }
            Verdict::Confirmed { evidence } => {
                self.decide("dsn_delivered", Kind::Receipt, &evidence);
            }
        }
    }

    fn judge_machine(&mut self, mail: &Mail, reply: &Reply) -> bool {
        let method = mail.calendar_method.as_deref();
        if let Some(method) = method.filter(|method| !matches!(*method, "REQUEST" | "PUBLISH")) {
            let evidence = format!("a calendar answer, method `{method}`");
            self.decide("calendar", Kind::AutoReply, &evidence);
            return true;
        }
        let Some((notice, evidence)) = automatic::judge(mail, reply) else {
            return false;
        };
        let proof = responder::proof(mail);
        self.rule = proof.map_or("responder_words", |(rule, _)| rule);
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
        if notice == Notice::Acknowledgement && responder::is_help_desk(mail) {
            self.unsure = Some("a help desk marks what people type as its own".to_string());
        }
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
            self.decide("list", Kind::Other, "mail of a list");
        }
        is_list && !is_answer
    }
}

/// A mail from one of our addresses, or with our own key in its own header or Message-ID.
fn is_own(mail: &Mail, ours: &Ours) -> bool {
    mail.field("x-outreach-key").is_some()
        || ours.addresses.contains(&mail.from)
        || mail.message_id.as_deref().is_some_and(is_key)
}

/// Whether somebody at a domain of ours wrote it: a colleague in the thread. Who answers our mail
/// directly is a lead all the same, as people are who try the program on themselves.
fn is_colleague(mail: &Mail, ours: &Ours) -> bool {
    let domain = |address: &str| {
        let (_, domain) = address.rsplit_once('@')?;
        registrable_domain(domain).filter(|domain| !is_free_mail(domain))
    };
    let is_direct = automatic::is_answer_subject(&mail.subject)
        && mail.answers.first().is_some_and(|id| is_key(id));
    let theirs = domain(&mail.from).filter(|_| !is_direct);
    let mut ours = ours.addresses.iter();
    theirs.is_some() && ours.any(|address| domain(address) == theirs)
}

/// Whether a Message-ID begins with a key of ours.
fn is_key(id: &str) -> bool {
    let local = id.split('@').next().unwrap_or_default();
    crate::campaign::parse_outreach_key(local).is_some()
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
