//! A refusal comes through one of two doors, as a server's reply in the dialogue or in a mail that
//! was returned later; the same code and words mean the same in both.

use super::*;
use crate::delivery::{Delivery, Phase, Reply, judge};

/// What the reply means when it answers RCPT TO.
fn in_the_dialogue(code: u16, text: &str) -> String {
    match judge(Phase::RcptTo, Some(&Reply::new(code, text)), "") {
        Delivery::Deferred { blame, .. } => format!("deferred {blame:?}"),
        Delivery::Rejected { blame, .. } => format!("rejected {blame:?}"),
        other => other.label().to_string(),
    }
}

/// What the reply means when the server that got it reports to us (RFC 3464).
fn in_a_returned_mail(code: u16, text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let status = match first.split('.').count() == 3 {
        true => first.to_string(),
        false => format!("{}.0.0", code / 100),
    };
    let raw = format!(
        "From: MAILER-DAEMON@mx.example\nTo: ada@ourco.example\nSubject: Undelivered Mail\n\
         MIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nThis is the mail system.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; bob@lead.example\nAction: failed\nStatus: {status}\n\
         Diagnostic-Code: smtp; {code} {text}\n\n--b--\n"
    );
    let inbound = read(raw.as_bytes(), &Ours::default());
    let bounce = inbound.bounce.expect("a report of a failure is a bounce");
    let is_hard = inbound.kind == Kind::BounceHard;
    assert_eq!(is_hard, bounce.kind == "mailbox", "{code} {text}");
    bounce.kind
}

/// `cause` is the word of both; the dialogue says whom it blames for it.
#[track_caller]
fn check(cause: &str, code: u16, text: &str) {
    assert_eq!(in_a_returned_mail(code, text), cause, "{code} {text}");
    let expected = match cause {
        "mailbox" => "rejected Recipient",
        "policy" => "deferred Sender",
        "full" => "deferred Recipient",
        "size" => "rejected Message",
        "network" => "deferred Message",
        _ => "rejected Unknown",
    };
    assert_eq!(in_the_dialogue(code, text), expected, "{code} {text}");
}

#[test]
fn a_dead_address_is_dead_through_both_doors() {
    for (code, text) in [
        (
            550,
            "5.1.1 The email account that you tried to reach does not exist.",
        ),
        (
            550,
            "5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP lookup",
        ),
        (550, "5.4.1 Recipient address rejected: Access denied."),
        (
            550,
            "5.2.1 The email account that you tried to reach is disabled.",
        ),
        (550, "5.4.310 DNS domain lead.example does not exist"),
        (550, "5.7.17 The mailbox changed hands"),
        (550, "No such user here"),
        (550, "Requested action not taken: mailbox unavailable"),
        (
            554,
            "delivery error: dd This user doesn't have a yahoo.com account",
        ),
        (550, "Empfänger unbekannt"),
        (550, "el usuario no existe"),
        (550, "收件人邮件地址不存在"),
        (551, "moved away"),
    ] {
        check("mailbox", code, text);
    }
}

#[test]
fn what_is_about_us_costs_no_lead_through_either_door() {
    for (code, text) in [
        (550, "5.1.8 Access denied, bad outbound sender"),
        (
            550,
            "5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus.",
        ),
        (
            550,
            "5.7.26 This mail has been blocked because the sender is unauthenticated",
        ),
        (550, "5.4.5 Daily user sending limit exceeded."),
        (554, "5.7.1 <bob@lead.example>: Relay access denied"),
        (550, "Mailbox unavailable: 192.0.2.7 is listed by Spamhaus"),
        (550, "Administrative prohibition"),
        (554, "Email rejected due to security policies"),
        (550, "Sender address rejected: Domain not found"),
        (
            554,
            "IP=203.0.113.20 - A problem occurred. Ask your postmaster for help",
        ),
        (554, "迷惑メールとして拒否されました"),
    ] {
        check("policy", code, text);
    }
}

#[test]
fn what_passes_is_tried_again_and_what_nobody_understands_is_shown() {
    for (code, text) in [
        (
            552,
            "5.2.2 The email account that you tried to reach is over quota",
        ),
        (
            550,
            "5.2.1 The user you are trying to contact is receiving mail too quickly.",
        ),
        (
            552,
            "Requested mail action aborted: exceeded storage allocation",
        ),
        (
            550,
            "Le compte de cet utilisateur est plein, quota depasse: boite pleine",
        ),
        (552, "no thanks"),
    ] {
        check("full", code, text);
    }
    for (code, text) in [
        (552, "5.3.4 Message size exceeds fixed limit"),
        (552, "5.2.3 Your message exceeded our message size limits."),
        (550, "message too large"),
    ] {
        check("size", code, text);
    }
    for (code, text) in [
        (550, "5.4.7 message expired"),
        (554, "5.4.0 connection timed out"),
        (552, "5.3.1 Insufficient system storage"),
        (550, "user unknown, temporary lookup failure"),
    ] {
        check("network", code, text);
    }
    for (code, text) in [
        (550, "5.0.0 no"),
        (554, "Transaction failed"),
        (555, "5.5.2 Syntax error, goodbye."),
        (554, "5.4.6 mail forwarding problem"),
    ] {
        check("other", code, text);
    }
}
