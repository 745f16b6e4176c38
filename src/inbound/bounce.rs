//! Mail that came back: delivery reports, and the many bounces that are none.
//!
//! Purpose: kind, status and recipients of a failure. Rules: in a report Action decides before
//! Status (RFC 3464 section 2.3.3): `delayed` is no failure, `delivered` is a confirmation. Bounces
//! without a report are known by structure (who sent it, an empty return path, a server's reply in
//! the text), never by a subject alone. This module does not know whether the mail was ours.

use super::Bounce;
use super::mime::Mail;
use super::report::{self, Group, Report};
use super::signs::{Signs, family, is_daemon_name};
use super::transcript::{self, Told};
use crate::delivery::cause::{self, Cause};
use crate::words::folding::{cut, fold, one_line};

/// A local part of 64 octets, the sign and a domain of 255: what is longer is no address (RFC 5321
/// sections 4.5.3.1.1 and 4.5.3.1.2).
const ADDRESS_BYTES_MAX: usize = 320;

/// The most recipients that are kept of one bounce.
const RECIPIENTS_MAX: usize = 20;

/// What a mail says about deliveries.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A failure or delay, and whether the address is dead.
    Bounced {
        bounce: Bounce,
        is_hard: bool,
        rule: &'static str,
        unsure: Option<String>,
        evidence: String,
    },
    /// Everything it speaks of was delivered, relayed or expanded.
    Confirmed { evidence: String },
}

/// One recipient's group of a report.
struct Recipient {
    address: Option<String>,
    status: Option<String>,
    reason: String,
    /// None when it is no failure.
    refusal: Option<Cause>,
}

/// Reads the groups of a delivery report; `mail` has the words that stand beside it.
pub(super) fn of_report(groups: &[Group], mail: &Mail) -> Verdict {
    let (text, _) = transcript::before_original(&mail.body);
    let recipients: Vec<Recipient> = groups
        .iter()
        .filter_map(|group| recipient_of(group, mail, text))
        .collect();
    let worst = recipients
        .iter()
        .filter_map(|recipient| recipient.refusal)
        .min();
    let Some(worst) = worst else {
        if recipients.is_empty() {
            return of_words(mail, text, &[], "dsn_words");
        }
        return Verdict::Confirmed {
            evidence: "a delivery report without any failure".into(),
        };
    };
    let mut addresses: Vec<String> = Vec::new();
    let named = |is_worst: bool| {
        recipients.iter().filter(move |recipient| {
            recipient.refusal.is_some() && (recipient.refusal == Some(worst)) == is_worst
        })
    };
    for recipient in named(true).chain(named(false)) {
        push_address(&mut addresses, recipient.address.as_deref());
    }
    if addresses.is_empty() {
        addresses = recipients_in(mail, text, &[]);
    }
    let deciding = named(true).next();
    let status = deciding.and_then(|recipient| recipient.status.clone());
    let reason = deciding.map(|recipient| recipient.reason.clone());
    let (action, rule) = match worst {
        Cause::Delay => ("delayed", "dsn_delayed"),
        _ => ("failed", "dsn_failed"),
    };
    let is_hard = worst == Cause::Mailbox;
    Verdict::Bounced {
        is_hard,
        rule,
        unsure: doubt(is_hard, status.as_deref()),
        evidence: format!(
            "delivery report: action `{action}`, status `{}`",
            status.as_deref().unwrap_or("none")
        ),
        bounce: Bounce {
            kind: worst.as_str().to_string(),
            status,
            recipients: addresses,
            reason: reason.unwrap_or_default(),
        },
    }
}

/// A dead address under a passing code: probably true, and worth a look.
fn doubt(is_hard: bool, status: Option<&str>) -> Option<String> {
    let status = status.filter(|status| is_hard && status.starts_with('4'))?;
    Some(format!(
        "the words say that the address is dead, status `{status}` says that it may pass"
    ))
}

fn recipient_of(group: &Group, mail: &Mail, text: &str) -> Option<Recipient> {
    let field = |name: &str| report::field(group, name);
    let action = field("action").map(|action| action.to_lowercase());
    let status = field("status").and_then(cause::status_in_any);
    let address = field("original-recipient")
        .and_then(typed_address)
        .or_else(|| field("final-recipient").and_then(typed_address));
    let names_recipient =
        field("original-recipient").is_some() || field("final-recipient").is_some();
    if action.is_none() && status.is_none() && !names_recipient {
        return None;
    }
    let diagnostic = field("diagnostic-code").unwrap_or_default();
    let said = match diagnostic.split_once(';') {
        Some((kind, text)) if kind.len() < 20 && !kind.trim().contains(' ') => text,
        _ => diagnostic,
    };
    let reason = one_line(said, 500);
    // A general code says less than the one the last server gave.
    let is_general = status
        .as_deref()
        .is_none_or(|status| status.ends_with(".0.0"));
    let status = match is_general {
        true => cause::status_in(&reason).or(status),
        false => status,
    };
    let mut recipient = Recipient {
        address,
        status,
        reason,
        refusal: None,
    };
    let action = action.as_deref().unwrap_or_default();
    let class = recipient
        .status
        .as_deref()
        .and_then(|status| status.chars().next());
    let is_waiting = || {
        transcript::speaks_of_delay(&fold(&mail.subject))
            || transcript::speaks_of_delay(&fold(text))
    };
    let is_starting = |words: &[&str]| words.iter().any(|word| action.starts_with(word));
    if is_starting(&["delay"]) {
        recipient.refusal = Some(Cause::Delay);
    } else if is_starting(&["deliver", "relay", "expand", "success"])
        || !is_starting(&["fail"]) && class == Some('2')
    {
        recipient.refusal = None;
    } else if !is_starting(&["fail"]) && class == Some('4') && is_waiting() {
        recipient.refusal = Some(Cause::Delay);
    } else {
        recipient.weigh(text);
    }
    Some(recipient)
}

impl Recipient {
    /// Weighs code and diagnostic; where both say nothing, what the text beside the report says.
    fn weigh(&mut self, text: &str) {
        let status = self.status.as_deref();
        self.refusal = Some(cause::classify(status, &self.reason));
        let is_lazy = status.is_none_or(is_lazy) && !cause::says_why(&self.reason);
        if !is_lazy {
            return;
        }
        let told = transcript::told(text);
        if cause::says_why(&told.reason) || self.refusal == Some(Cause::Other) {
            let status = told.status.clone().or_else(|| self.status.clone());
            self.refusal = Some(cause::classify(status.as_deref(), &told.reason));
            self.status = self
                .status
                .take()
                .filter(|known| !known.ends_with(".0.0"))
                .or(status);
            if !told.reason.is_empty() {
                self.reason = told.reason;
            }
        }
    }
}

/// Codes programs give when they know no better.
fn is_lazy(status: &str) -> bool {
    status.ends_with(".0.0")
        || matches!(
            status.get(2..),
            Some("5.0" | "4.7" | "1.0" | "2.0" | "3.0" | "4.0" | "7.0" | "5.1" | "5.4")
        )
}

/// The address of `rfc822; ada@example.com`, lower case (RFC 3464 section 2.3.2).
pub(super) fn typed_address(value: &str) -> Option<String> {
    let address = value.split_once(';').map_or(value, |(_, address)| address);
    let address = address
        .trim()
        .trim_matches(['<', '>', '"', ' '])
        .to_lowercase();
    // `Ada <ada@example.com>` and comments behind the address.
    let address = match address.rsplit_once('<') {
        Some((_, inner)) => inner.trim_matches(['<', '>', ' ']).to_string(),
        None => address
            .split([' ', ','])
            .find(|word| word.contains('@'))
            .unwrap_or_default()
            .to_string(),
    };
    let is_address = address.contains('@') && address.len() <= ADDRESS_BYTES_MAX;
    (is_address && !address.contains(char::is_whitespace)).then_some(address)
}

fn push_address(addresses: &mut Vec<String>, address: Option<&str>) {
    if let Some(address) = address
        && address.len() <= ADDRESS_BYTES_MAX
        && addresses.len() < RECIPIENTS_MAX
        && !addresses.iter().any(|known| known == address)
    {
        addresses.push(address.to_string());
    }
}

/// Reads a mail that declares no report, if it is a bounce all the same. `own` are the words that
/// are no quotation.
pub(super) fn of_mail(mail: &Mail, own: &str, ours: &[String]) -> Option<Verdict> {
    let signs = Signs::of(mail, own);
    if !signs.are_enough() {
        return None;
    }
    if let Some(Report::Delivery(groups)) = &mail.hint {
        return Some(match of_report(groups, mail) {
            Verdict::Bounced {
                bounce,
                is_hard,
                unsure,
                evidence,
                ..
            } => Verdict::Bounced {
                bounce,
                is_hard,
                rule: "dsn_text",
                unsure,
                evidence,
            },
            confirmed @ Verdict::Confirmed { .. } => confirmed,
        });
    }
    let (text, _) = transcript::before_original(&mail.body);
    Some(of_words(
        mail,
        text,
        ours,
        family(&fold(cut(text, 2_000)), mail),
    ))
}

/// The verdict of a text that is known to be a bounce.
fn of_words(mail: &Mail, text: &str, ours: &[String], rule: &'static str) -> Verdict {
    let Told {
        mut refusal,
        status,
        reason,
    } = transcript::told(text);
    let folded = fold(text);
    let is_delay = transcript::speaks_of_delay(&fold(&mail.subject))
        || transcript::speaks_of_delay(&folded) && !transcript::gave_up(&folded);
    if is_delay {
        refusal = Cause::Delay;
    }
    let is_hard = refusal == Cause::Mailbox;
    Verdict::Bounced {
        is_hard,
        rule,
        unsure: doubt(is_hard, status.as_deref()),
        evidence: format!("a bounce without a report, from `{}`", mail.from),
        bounce: Bounce {
            kind: refusal.as_str().to_string(),
            status,
            recipients: recipients_in(mail, text, ours),
            reason,
        },
    }
}

/// The addresses that failed: what a header names, what the text names, what the returned mail was
/// addressed to.
fn recipients_in(mail: &Mail, text: &str, ours: &[String]) -> Vec<String> {
    let failed = mail.field("x-failed-recipients");
    let named = failed.into_iter().flat_map(|value| value.split([',', ' ']));
    let mut addresses: Vec<String> = Vec::new();
    for address in named.filter_map(typed_address) {
        push_address(&mut addresses, Some(&address));
    }
    let us: Vec<String> = ["to", "delivered-to", "x-original-to"]
        .iter()
        .filter_map(|name| mail.field(name).and_then(typed_address))
        .collect();
    if addresses.is_empty() {
        let told = transcript::recipients(text).into_iter();
        for address in told.filter(|address| !ours.contains(address) && !us.contains(address)) {
            let is_server = is_daemon_name(address.split('@').next().unwrap_or_default());
            push_address(&mut addresses, (!is_server).then_some(address.as_str()));
        }
    }
    if addresses.is_empty() {
        let (_, original) = transcript::before_original(&mail.body);
        let mut lines = original.lines().take(100).map(str::trim);
        let line = lines.find_map(|line| line.strip_prefix("To:").and_then(typed_address));
        let returned = mail
            .returned
            .iter()
            .find_map(|returned| returned.to.clone());
        push_address(&mut addresses, returned.or(line).as_deref());
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        let mail = Mail::parse(raw.as_bytes());
        let found = match of_mail(&mail, &mail.body, &["ada@ourco.example".to_string()]) {
            Some(Verdict::Bounced {
                bounce, is_hard, ..
            }) => {
                format!(
                    "{} hard={is_hard} {}",
                    bounce.kind,
                    bounce.recipients.join(",")
                )
            }
            Some(Verdict::Confirmed { .. }) => "confirmed".to_string(),
            None => "none".to_string(),
        };
        assert_eq!(found, expected, "{raw}");
    }

    #[test]
    fn who_sent_it_and_what_it_says_make_a_bounce() {
        let daemon = "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n";
        check(
            &format!(
                "{daemon}Hi. This is the qmail-send program at mx.example.\n\
                 I'm afraid I wasn't able to deliver your message.\n\n<bob@example.com>:\n\
                 Sorry, no mailbox here by that name. (#5.1.1)\n\n\
                 --- Below this line is a copy of the message.\n\n\
                 Return-Path: <ada@ourco.example>\n"
            ),
            "mailbox hard=true bob@example.com",
        );
        check(
            &format!("{daemon}<bob@example.com>: mailbox is full (#5.2.2)\n"),
            "full hard=false bob@example.com",
        );
        check(
            "From: MAILER-DAEMON@mx.example\nSubject: Warning: message 1abc delayed 24 hours\n\n\
             A message has not yet been delivered to\n  bob@example.com\n\
             No action is required on your part.\n",
            "delay hard=false bob@example.com",
        );
    }

    #[test]
    fn what_is_too_long_for_an_address_is_none() {
        let name = |n: usize| format!("bob@{}.example", "a".repeat(n - "bob@.example".len()));
        for (n, is_address) in [(ADDRESS_BYTES_MAX, true), (ADDRESS_BYTES_MAX + 1, false)] {
            let address = name(n);
            let named = if is_address { address.as_str() } else { "" };
            check(
                &format!(
                    "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n\
                     <{address}>: mailbox is full (#5.2.2)\n"
                ),
                &format!("full hard=false {named}"),
            );
        }
    }

    #[test]
    fn a_person_speaking_of_bounces_is_none() {
        check(
            "From: bob@example.com\nSubject: Undeliverable: hello\n\n\
             your mail bounced, 550 5.1.1 user unknown",
            "none",
        );
        check(
            "From: postmaster@example.com\nSubject: Re: hello\n\nI read my own mail here. Call me.",
            "none",
        );
        check("", "none");
    }

    #[test]
    fn action_decides_before_status() {
        let group = |action: &str, status: &str| {
            vec![
                (
                    "final-recipient".to_string(),
                    "rfc822; Bob@Example.com".to_string(),
                ),
                ("action".to_string(), action.to_string()),
                ("status".to_string(), status.to_string()),
            ]
        };
        for (action, status, expected) in [
            ("failed", "5.1.1", "mailbox true"),
            ("Failed", "5.1.1 (bad mailbox)", "mailbox true"),
            ("delayed", "5.1.1", "delay false"),
            ("failed", "4.4.7", "network false"),
            ("failed", "4.2.2", "full false"),
            ("failed", "5.7.1", "policy false"),
            ("delivered", "5.1.1", "confirmed"),
            ("relayed", "2.0.0", "confirmed"),
            ("expanded", "2.0.0", "confirmed"),
        ] {
            let found = match of_report(&[Vec::new(), group(action, status)], &Mail::default()) {
                Verdict::Bounced {
                    bounce, is_hard, ..
                } => {
                    assert_eq!(bounce.recipients, ["bob@example.com"]);
                    format!("{} {is_hard}", bounce.kind)
                }
                Verdict::Confirmed { .. } => "confirmed".to_string(),
            };
            assert_eq!(found, expected, "{action} {status}");
        }
    }
}
