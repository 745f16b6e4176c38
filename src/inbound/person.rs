//! What a person wants, once nothing says that a machine wrote.
//!
//! Purpose: opt-out, wish and referral from the writer's own words. Invariant: an opt-out is heard
//! before anything else. This module takes it as given that the mail is no report, no bounce, no
//! copy of ours and no robot's.

use super::folding::fold;
use super::kind::{Kind, Sensitivity};
use super::mime::Mail;
use super::quote::Reply;
use super::{Inbound, automatic, optout, sentiment};

/// Fills in what the words say: the kind, the wish, and the evidence for both.
pub(super) fn judge(inbound: &mut Inbound, mail: &Mail, reply: &Reply, _: Sensitivity) {
    let words = fold(&reply.judged);
    let is_answer = !mail.answers.is_empty()
        || automatic::is_answer_subject(&mail.subject)
        || !reply.quoted.trim().is_empty();
    if let Some(request) = optout::request_in(&words) {
        inbound.kind = Kind::Unsubscribe;
        inbound.evidence.push(format!("the words `{request}`"));
        return;
    }
    if words.is_empty() && mail.body.is_empty() && !is_answer {
        inbound.evidence.push("a mail without words".to_string());
        return;
    }
    let (sentiment, found) = sentiment::of(&words);
    inbound.sentiment = Some(sentiment);
    if let Some(found) = found {
        inbound.evidence.push(format!("the words `{found}`"));
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
