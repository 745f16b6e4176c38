//! Mail that came back: delivery reports, and the many bounces that are none.
//!
//! Purpose: kind, status and recipients of a failure. Rules: in a report Action decides before
//! Status (RFC 3464 section 2.3.3): `delayed` is no failure, `delivered` is a confirmation. Bounces
//! without a report are known by structure (who sent it, an empty return path, a server's reply in
//! the text), never by a subject alone. This module does not know whether the mail was ours.

use std::sync::LazyLock;

use regex::Regex;

use super::Bounce;
use super::folding::{cut, fold, one_line, pattern};
use super::mime::Mail;
use super::refusal::{self, Refusal};
use super::words::Words;

/// The most recipients that are kept of one bounce.
const RECIPIENTS_MAX: usize = 20;

/// What a mail says about deliveries.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A failure or delay, and whether the address is dead.
    Bounced {
        bounce: Bounce,
        is_hard: bool,
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

/// Reads the groups of a delivery report.
pub(super) fn of_report(groups: &[Vec<(String, String)>], body: &str) -> Verdict {
    let recipients: Vec<Recipient> = groups
        .iter()
        .filter_map(|group| recipient_of(group))
        .collect();
    let worst = recipients
        .iter()
        .filter_map(|recipient| recipient.refusal)
        .min();
    let Some(worst) = worst else {
        if recipients.is_empty() {
            return of_words(body, "a delivery report without any recipient");
        }
        return Verdict::Confirmed {
            evidence: "a delivery report without any failure".into(),
        };
    };
    let named = || {
        recipients
            .iter()
            .filter(|recipient| recipient.refusal == Some(worst))
    };
    let deciding = named().next();
    let mut addresses: Vec<String> = Vec::new();
    for recipient in recipients
        .iter()
        .filter(|recipient| recipient.refusal.is_some())
    {
        push_address(&mut addresses, recipient.address.as_deref());
    }
    let status = deciding.and_then(|recipient| recipient.status.clone());
    let reason = deciding
        .map(|recipient| recipient.reason.clone())
        .unwrap_or_default();
    let action = if worst == Refusal::Delay {
        "delayed"
    } else {
        "failed"
    };
    Verdict::Bounced {
        is_hard: worst == Refusal::Mailbox,
        evidence: format!(
            "delivery report: action `{action}`, status `{}`",
            status.as_deref().unwrap_or("none")
        ),
        bounce: Bounce {
            kind: worst.as_str().to_string(),
            status,
            recipients: addresses,
            reason,
        },
    }
}

fn recipient_of(group: &[(String, String)]) -> Option<Recipient> {
    let field = |name: &str| {
        group
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    };
    let action = field("action").map(|action| action.to_lowercase());
    let status = field("status").and_then(|status| {
        let status = status.split([' ', '(']).next().unwrap_or_default();
        let is_code = status.split('.').count() == 3
            && status.split('.').all(|part| {
                (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            });
        is_code.then(|| status.to_string())
    });
    let address = field("original-recipient").or_else(|| field("final-recipient"));
    if action.is_none() && status.is_none() && address.is_none() {
        return None;
    }
    let diagnostic = field("diagnostic-code").unwrap_or_default();
    let reason = one_line(
        diagnostic
            .split_once(';')
            .map_or(diagnostic, |(_, text)| text),
        500,
    );
    // A general code says less than the one the last server gave.
    let is_general = status
        .as_deref()
        .is_none_or(|status| status.ends_with(".0.0"));
    let status = if is_general {
        refusal::status_in(&reason).or(status)
    } else {
        status
    };
    let action = action
        .as_deref()
        .map(|action| action.split([' ', '(', ';']).next().unwrap_or(action));
    let refusal = match action {
        Some("delayed") => Some(Refusal::Delay),
        Some("delivered" | "relayed" | "expanded") => None,
        Some("failed") => Some(refusal::classify(status.as_deref(), &reason)),
        // Without a known action the class of the code is all there is.
        _ => match status.as_deref().and_then(|status| status.chars().next()) {
            Some('2') => None,
            Some('4') => Some(Refusal::Delay),
            _ => Some(refusal::classify(status.as_deref(), &reason)),
        },
    };
    Some(Recipient {
        address: address.and_then(typed_address),
        status,
        reason,
        refusal,
    })
}

/// The address of `rfc822; ada@example.com`, lower case (RFC 3464 section 2.3.2).
pub(super) fn typed_address(value: &str) -> Option<String> {
    let address = value.split_once(';').map_or(value, |(_, address)| address);
    let address = address
        .trim()
        .trim_matches(['<', '>', '"', ' '])
        .to_lowercase();
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

/// Reads a mail that is no report, if it is a bounce all the same.
pub(super) fn of_mail(mail: &Mail, ours: &[String]) -> Option<Verdict> {
    let local = mail.from.split('@').next().unwrap_or_default();
    let name = fold(&mail.from_name);
    let is_daemon = is_daemon_name(local)
        || [
            "mail delivery",
            "mailer-daemon",
            "mail administrator",
            "postmaster",
        ]
        .iter()
        .any(|known| name.contains(known));
    let failed = mail.field("x-failed-recipients");
    let is_null = mail.has_null_return_path() || mail.from.is_empty();
    if !is_daemon && failed.is_none() && !(is_null && is_bounce_subject(&mail.subject)) {
        return None;
    }
    let (report, _) = before_original(&mail.body);
    let folded = fold(report);
    let speaks = is_bounce_subject(&mail.subject) || speaks_of_failure(&folded);
    let is_answer = mail.field("auto-submitted").is_some() && !speaks && failed.is_none();
    if is_answer || !(speaks || failed.is_some() || refusal::has_reply_code(report)) {
        return None;
    }
    let Verdict::Bounced {
        mut bounce,
        mut is_hard,
        ..
    } = of_words(report, "")
    else {
        return None;
    };
    let headers = failed.into_iter().flat_map(|value| value.split([',', ' ']));
    let mut addresses: Vec<String> = Vec::new();
    for address in headers.filter_map(typed_address) {
        push_address(&mut addresses, Some(&address));
    }
    for address in bounce
        .recipients
        .drain(..)
        .filter(|address| !ours.contains(address))
    {
        let is_server = is_daemon_name(address.split('@').next().unwrap_or_default());
        push_address(&mut addresses, (!is_server).then_some(address.as_str()));
    }
    bounce.recipients = addresses;
    if speaks_of_delay(&fold(&mail.subject)) || speaks_of_delay(&folded) && !gave_up(&folded) {
        bounce.kind = Refusal::Delay.as_str().to_string();
        is_hard = false;
    }
    let evidence = format!("a bounce without a report, from `{}`", mail.from);
    Some(Verdict::Bounced {
        bounce,
        is_hard,
        evidence,
    })
}

/// The verdict of a text that is known to be a bounce.
fn of_words(text: &str, evidence: &str) -> Verdict {
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"[A-Za-z0-9._%+'=-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"));
    let text = cut(text, 8_000);
    let status = refusal::status_in(text);
    let reason = reason_in(text);
    let kind = refusal::classify(status.as_deref(), text);
    let mut recipients = Vec::new();
    for found in ADDRESS.find_iter(text).take(50) {
        let before = text.get(..found.start()).unwrap_or_default();
        // `<…>` of a Message-ID and the host's own names are no recipients.
        let line = fold(before.lines().last().unwrap_or_default());
        if !line.contains("message-id") && !line.contains("from:") {
            push_address(&mut recipients, Some(&found.as_str().to_lowercase()));
        }
    }
    Verdict::Bounced {
        is_hard: kind == Refusal::Mailbox,
        evidence: evidence.to_string(),
        bounce: Bounce {
            kind: kind.as_str().to_string(),
            status,
            recipients,
            reason,
        },
    }
}

/// The line that says why: the first with a server's code, else the first that speaks of failure.
fn reason_in(text: &str) -> String {
    let lines = || {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(200)
    };
    let line = lines()
        .find(|line| refusal::has_reply_code(line) || refusal::status_in(line).is_some())
        .or_else(|| lines().find(|line| speaks_of_failure(&fold(line))))
        .or_else(|| lines().next());
    one_line(line.unwrap_or_default(), 500)
}

/// A text up to the returned original, and the original: it must not be read as the server's words.
pub(super) fn before_original(body: &str) -> (&str, &str) {
    static ORIGINAL: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/bounce_original.txt")));
    // Sendmail puts its transcript below such a line: that one is the server's words.
    let found = ORIGINAL
        .find_all(body)
        .find(|found| !found.text.to_lowercase().contains("transcript"));
    let at = found.map_or(body.len(), |found| found.start);
    (
        body.get(..at).unwrap_or(body),
        body.get(at..).unwrap_or_default(),
    )
}

fn is_daemon_name(local: &str) -> bool {
    matches!(
        local,
        "mailer-daemon"
            | "mailerdaemon"
            | "postmaster"
            | "mdaemon"
            | "mail-daemon"
            | "maildaemon"
            | "mail-delivery"
            | "mailerdeamon"
            | "mailer"
            | "daemon"
            | "bounce"
            | "bounces"
            | "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e"
            | "mail-delivery-subsystem"
    ) || local.starts_with("mailer-daemon")
        || local.starts_with("microsoftexchange")
}

fn is_bounce_subject(subject: &str) -> bool {
    static SUBJECT: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/bounce_subject.txt")));
    SUBJECT.is_match(&fold(subject))
}

fn speaks_of_failure(folded: &str) -> bool {
    static FAILURE: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/bounce_failure.txt")));
    FAILURE.is_match(folded)
}

fn speaks_of_delay(folded: &str) -> bool {
    static DELAY: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/bounce_delay.txt")));
    DELAY.is_match(folded)
}

fn gave_up(folded: &str) -> bool {
    [
        "giving up",
        "gave up",
        "given up",
        "permanent error",
        "will not be retried",
        "permanently",
    ]
    .iter()
    .any(|words| folded.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        let mail = Mail::parse(raw.as_bytes());
        let found = match of_mail(&mail, &["ada@ourco.example".to_string()]) {
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
            let found = match of_report(&[Vec::new(), group(action, status)], "") {
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
