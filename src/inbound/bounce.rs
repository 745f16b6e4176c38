//! Mail that came back: delivery reports, and the many bounces that are none.
//!
//! Purpose: kind, status and recipients of a failure. Rules: in a report Action decides before
//! Status (RFC 3464 section 2.3.3): `delayed` is no failure, `delivered` is a confirmation. Bounces
//! without a report are known by structure (who sent it, an empty return path, a server's reply in
//! the text), never by a subject alone. This module does not know whether the mail was ours.

use std::sync::LazyLock;

use super::Bounce;
use super::folding::{cut, fold, one_line};
use super::mime::Mail;
use super::refusal::{self, Refusal};
use super::report::{self, Group, Report};
use super::transcript::{self, Told};
use super::words::Words;

/// The most recipients that are kept of one bounce.
const RECIPIENTS_MAX: usize = 20;
/// The signs that must come together for a bounce without a report.
const POINTS_MIN: i32 = 4;

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
    refusal: Option<Refusal>,
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
        Refusal::Delay => ("delayed", "dsn_delayed"),
        _ => ("failed", "dsn_failed"),
    };
    let is_hard = worst == Refusal::Mailbox;
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
    let status = field("status").and_then(refusal::status_in_any);
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
        true => refusal::status_in(&reason).or(status),
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
        recipient.refusal = Some(Refusal::Delay);
    } else if is_starting(&["deliver", "relay", "expand", "success"]) {
        recipient.refusal = None;
    } else if !is_starting(&["fail"]) && class == Some('2') {
        recipient.refusal = None;
    } else if !is_starting(&["fail"]) && class == Some('4') && is_waiting() {
        recipient.refusal = Some(Refusal::Delay);
    } else {
        recipient.weigh(text);
    }
    Some(recipient)
}

impl Recipient {
    /// Weighs code and diagnostic; where both say nothing, what the text beside the report says.
    fn weigh(&mut self, text: &str) {
        let status = self.status.as_deref();
        self.refusal = Some(refusal::classify(status, &self.reason));
        let is_lazy = status.is_none_or(is_lazy) && !refusal::says_why(&self.reason);
        if !is_lazy {
            return;
        }
        let told = transcript::told(text);
        if refusal::says_why(&told.reason) || self.refusal == Some(Refusal::Other) {
            let status = told.status.clone().or_else(|| self.status.clone());
            self.refusal = Some(refusal::classify(status.as_deref(), &told.reason));
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
    let is_address = address.contains('@') && address.len() <= 320;
    (is_address && !address.contains(char::is_whitespace)).then_some(address)
}

fn push_address(addresses: &mut Vec<String>, address: Option<&str>) {
    if let Some(address) = address
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
    if signs.points() < POINTS_MIN {
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

/// The signs of a bounce that is no report.
struct Signs {
    daemon: bool,
    nobody: bool,
    named: bool,
    declared: bool,
    subject: bool,
    answer: bool,
    formula: bool,
    failure: bool,
    code: bool,
    fields: bool,
    returned: bool,
    responder: bool,
    reason: bool,
}

impl Signs {
    fn of(mail: &Mail, own: &str) -> Signs {
        let daemon = is_daemon(mail);
        let nobody = mail.has_null_return_path() || mail.from.is_empty();
        let declared = mail.field("content-type").is_some_and(|value| {
            let value = value.to_lowercase();
            value.contains("delivery-status")
        });
        // A person who forwards a bounce quotes it.
        let shown = if daemon || nobody { &mail.body } else { own };
        let (text, original) = transcript::before_original(shown);
        let folded = fold(cut(text, 4_000));
        let subject = fold(&mail.subject);
        let submitted = mail.field("auto-submitted").unwrap_or_default();
        let failure =
            transcript::speaks_of_failure(&folded) || transcript::speaks_of_delay(&folded);
        Signs {
            daemon,
            nobody,
            named: mail.field("x-failed-recipients").is_some(),
            declared,
            subject: SUBJECT.is_match(&subject),
            answer: super::automatic::is_answer_subject(&mail.subject)
                || super::bare_subject(&mail.subject) != mail.subject,
            formula: FORMULA.is_match(&folded),
            failure,
            reason: daemon && failure && refusal::says_plainly(text),
            code: refusal::has_reply_code(text) || refusal::status_in(text).is_some(),
            fields: matches!(mail.hint, Some(Report::Delivery(_))),
            returned: !original.is_empty() || !mail.returned.is_empty(),
            responder: submitted.to_lowercase().starts_with("auto-replied") && !daemon
                || RESPONDER.is_match(&subject),
        }
    }

    fn points(&self) -> i32 {
        if !self.failure && !self.formula && !self.code && !self.fields && !self.subject {
            return 0;
        }
        // What a person writes about a bounce lacks the turns of phrase and the returned mail.
        let is_machine = self.daemon || self.nobody || self.named || self.declared;
        if !is_machine && !self.formula && !self.returned {
            return 0;
        }
        let weighed = [
            (self.daemon, 2),
            (self.nobody, 1),
            (self.named, 4),
            (self.declared, 4),
            (self.subject, 2),
            (self.answer, -3),
            (self.formula, 2),
            (self.failure, 1),
            (self.code, 1),
            (self.fields, 2),
            (self.returned, 1),
            (self.responder, -3),
            (self.reason, 1),
        ];
        let found = weighed.iter().filter(|(found, _)| *found);
        found.map(|(_, weight)| weight).sum()
    }
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
        refusal = Refusal::Delay;
    }
    let is_hard = refusal == Refusal::Mailbox;
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

/// The program that wrote a bounce, by its own words.
fn family(folded: &str, mail: &Mail) -> &'static str {
    let families = [
        ("this is the qmail-send program", "qmail"),
        ("created automatically by mail delivery software", "exim"),
        ("this is the mail system at host", "postfix"),
        ("transcript of session follows", "sendmail"),
        ("permanent fatal errors", "sendmail"),
        ("generating server", "exchange"),
        ("delivery has failed to these recipients", "exchange"),
        ("did not reach", "exchange"),
        ("technical details of permanent failure", "gmail"),
        ("mail delivery subsystem", "gmail"),
        ("domino", "domino"),
    ];
    let found = families.iter().find(|(words, _)| folded.contains(words));
    match found {
        Some((_, family)) => family,
        None if mail.field("x-failed-recipients").is_some() => "failed_recipients",
        None => "bounce_words",
    }
}

/// Whether the address or name in From is a mail system's.
pub(super) fn is_daemon(mail: &Mail) -> bool {
    let name = fold(&mail.from_name);
    is_daemon_name(mail.from.split('@').next().unwrap_or_default())
        || [
            "mail delivery",
            "mailer-daemon",
            "mailer daemon",
            "mail administrator",
            "postmaster",
            "mail delivery subsystem",
            "mail system",
            "delivery subsystem",
            "system administrator",
            "systemadministrator",
            "administrateur systeme",
            "administrador del sistema",
            "amministratore di sistema",
            "mail router",
        ]
        .iter()
        .any(|known| name.contains(known))
}

fn is_daemon_name(local: &str) -> bool {
    let local = local.to_lowercase();
    matches!(
        local.as_str(),
        "mailer-daemon"
            | "mailerdaemon"
            | "postmaster"
            | "post_master"
            | "mdaemon"
            | "mail-daemon"
            | "maildaemon"
            | "mail-delivery"
            | "mailerdeamon"
            | "mailer-deamon"
            | "mailer"
            | "daemon"
            | "bounce"
            | "bounces"
            | "mail-delivery-subsystem"
            | "mailmaster"
            | "mail_master"
            | "mailadmin"
            | "mail-admin"
            | "mailsystem"
            | "mail-system"
            | "sysadmin"
            | "no-reply-bounce"
            | "bounce-notification"
            | "delivery"
            | "maildelivery"
            | "mailsupport"
            | "smtp"
            | "mmdf"
            | "mailgate"
            | "mailgateway"
            | "root"
    ) || [
        "mailer-daemon",
        "mailer_daemon",
        "microsoftexchange",
        "postmaster",
        "bounce-",
        "bounces-",
    ]
    .iter()
    .any(|start| local.starts_with(start))
}

/// Subjects of bounces.
static SUBJECT: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/bounce_subject.txt")));
/// What only mail systems write.
static FORMULA: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/bounce_formula.txt")));
/// Subjects of responders, which speak of mail too.
static RESPONDER: LazyLock<Words> =
    LazyLock::new(|| Words::new(include_str!("words/automatic_subject.txt")));

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
