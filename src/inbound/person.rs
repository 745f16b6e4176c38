//! What a person wants, once nothing says that a machine wrote.
//!
//! Purpose: opt-out, wish and referral from the writer's own words. Invariant: an opt-out is heard
//! before anything else, and alike at every sensitivity. This module takes it as given that the
//! mail is no report, no bounce, no copy of ours and no robot's.

use super::kind::{Kind, Sensitivity, Sentiment};
use super::mime::Mail;
use super::quote::Reply;
use super::sentiment::Weighing;
use super::{Inbound, Referral, automatic, dates, optout, sentiment};
use crate::words::folding::fold;

/// Fills in what the words say: the kind, the wish, and the evidence for both.
pub(super) fn judge(inbound: &mut Inbound, mail: &Mail, reply: &Reply, sensitivity: Sensitivity) {
    let words = fold(&reply.judged);
    let is_answer = !mail.answers.is_empty()
        || automatic::is_answer_subject(&mail.subject)
        || !reply.quoted.trim().is_empty();
    if judge_request(inbound, &words, reply) {
        return;
    }
    if words.is_empty() && mail.body.is_empty() && !is_answer {
        inbound.rule = "no_words";
        inbound.evidence.push("a mail without words".to_string());
        return;
    }
    let weighing = sentiment::weigh(&words);
    if is_answer && let Some(found) = weighing.opt_out() {
        inbound.kind = Kind::Unsubscribe;
        inbound.rule = "opt_out_weighed";
        let clause = format!("its words together ask to be left alone, most of all `{found}`");
        inbound.evidence.push(clause);
        return;
    }
    judge_wish(inbound, &words, &weighing, sensitivity);
    if inbound.sentiment == Some(Sentiment::Referral) {
        let copied: Vec<String> = mail.field("cc").map(addresses).unwrap_or_default();
        let mut known = mail.field("to").map(addresses).unwrap_or_default();
        known.push(inbound.from.clone());
        let referral = sentiment::named(&reply.text, &copied, &known);
        inbound.referral = (referral != Referral::default()).then_some(referral);
    }
    if reply.text.is_empty() && !reply.quoted.is_empty() {
        inbound.unsure =
            Some("it has no words of its own that could be told from a quotation".into());
    }
    if is_answer {
        inbound.kind = Kind::HumanReply;
        inbound
            .evidence
            .push("it answers a mail, and nothing says that a machine wrote it".into());
    } else {
        inbound
            .evidence
            .push("typed by a person, but it answers no mail".to_string());
    }
}

/// Whether the words ask to be left alone.
fn judge_request(inbound: &mut Inbound, words: &str, reply: &Reply) -> bool {
    if let Some(request) = optout::request_in(words) {
        inbound.kind = Kind::Unsubscribe;
        inbound.rule = if request.for_company {
            "opt_out_of_company"
        } else {
            "opt_out"
        };
        inbound.for_company = request.for_company;
        inbound
            .evidence
            .push(format!("the words `{}`", request.text));
        return true;
    }
    if optout::is_promised(words, &reply.quoted) {
        inbound.kind = Kind::Unsubscribe;
        inbound.rule = "opt_out_as_promised";
        inbound.evidence.push(format!(
            "the words `{words}`, which the quoted mail promises to understand"
        ));
        return true;
    }
    false
}

fn judge_wish(inbound: &mut Inbound, words: &str, weighing: &Weighing, sensitivity: Sensitivity) {
    let wish = weighing.wish(words, sensitivity);
    inbound.sentiment = Some(wish.sentiment);
    inbound.rule = wish.rule;
    inbound.unsure = wish.unsure.map(str::to_string);
    if let Some(found) = wish.found {
        inbound.evidence.push(format!("the words `{found}`"));
    }
    if wish.sentiment == Sentiment::Later
        && let Some(sent_at) = inbound.sent_at
    {
        inbound.write_again_on = dates::wanted_day(words, sent_at.date_naive());
        if let Some(day) = inbound.write_again_on {
            inbound.evidence.push(format!("it names {day}"));
        }
    }
}

/// The addresses of an address header, lower case.
fn addresses(field: &str) -> Vec<String> {
    let parts =
        field.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"'));
    parts
        .filter(|part| part.contains('@'))
        .take(20)
        .map(str::to_lowercase)
        .collect()
}
