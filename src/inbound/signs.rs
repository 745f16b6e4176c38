//! What tells a bounce that is no report from everything else.
//!
//! Purpose: weigh who sent a mail, what it says and what it returns. Invariant: no single sign is
//! enough, but for the header that names the failed recipients. This module does not read the
//! reason.

use std::sync::LazyLock;

use super::mime::Mail;
use super::report::Report;
use super::{automatic, bare_subject, transcript};
use crate::delivery::cause;
use crate::words::Words;
use crate::words::folding::{cut, fold};

/// The signs that must come together.
const POINTS_MIN: i32 = 4;

/// The signs of a bounce that is no report.
pub(super) struct Signs {
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
    bulk: bool,
}

impl Signs {
    /// Gathers the signs; `own` are the words that are no quotation.
    pub(super) fn of(mail: &Mail, own: &str) -> Signs {
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
            answer: automatic::is_answer_subject(&mail.subject)
                || bare_subject(&mail.subject) != mail.subject,
            formula: FORMULA.is_match(&folded),
            failure,
            reason: daemon && failure && cause::says_plainly(text),
            code: cause::has_reply_code(text) || cause::status_in(text).is_some(),
            // A newsletter may speak of bounces in their own words.
            bulk: mail.field("list-unsubscribe").is_some(),
            fields: matches!(mail.hint, Some(Report::Delivery(_))),
            returned: !original.is_empty() || !mail.returned.is_empty(),
            responder: submitted.to_lowercase().starts_with("auto-replied") && !daemon
                || RESPONDER.is_match(&subject),
        }
    }

    /// Whether enough of them came together.
    pub(super) fn are_enough(&self) -> bool {
        self.points() >= POINTS_MIN
    }

    fn points(&self) -> i32 {
        if !self.failure && !self.formula && !self.code && !self.fields && !self.subject {
            return 0;
        }
        if self.bulk && !(self.daemon || self.nobody || self.named || self.declared) {
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

/// The program that wrote a bounce, by its own words.
pub(super) fn family(folded: &str, mail: &Mail) -> &'static str {
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

/// Whether a local part is a mail system's.
pub(super) fn is_daemon_name(local: &str) -> bool {
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
