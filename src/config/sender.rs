//! Puts a [`Sender`] together: who mail comes from, by which way, and where answers are read.

use std::path::PathBuf;

use super::Sender;
use super::checks::{check_apart, check_tls, ignored, require, unusual};
use super::reader::Reader;
use crate::lead::EmailAddress;
use crate::tls::TlsMode;
use crate::{mailbox, mailer, plan};

/// The sender of mails that only go into a Maildir; `.invalid` is never delivered (RFC 2606).
const MAILDIR_FROM: &str = "team@outreach.invalid";

/// The port where TLS starts with the first byte (RFC 8314), and its counterparts of IMAP.
const SMTPS_PORT: u16 = 465;
const IMAP_PORT: u16 = 143;
const IMAPS_PORT: u16 = 993;

/// The sender that the variables speak of. None only if a problem was noted. `team` is the name of
/// a sender without one of its own.
pub(super) fn read(
    reader: &mut Reader,
    team: Option<&str>,
    ca_file: Option<&PathBuf>,
) -> Option<Sender> {
    let mailer = read_mailer(reader, ca_file);
    let mailbox = read_mailbox(reader, ca_file, mailer.as_ref());
    let sent_folder = read_sent_folder(reader);
    let address = read_from(reader);
    let unsubscribe_mailto = reader.address("UNSUBSCRIBE_MAILTO");
    let reply_to = reader.address("REPLY_TO_EMAIL");
    let limits = read_limits(reader);
    let connections = reader.whole("SMTP_CONNECTIONS");
    let messages_per_connection = reader.whole("SMTP_MESSAGES_PER_CONNECTION");
    let dkim = read_dkim(reader, address.as_ref());
    let address = address?;
    Some(Sender {
        unsubscribe_mailto: unsubscribe_mailto.unwrap_or_else(|| address.clone()),
        address,
        name: team?.to_string(),
        reply_to,
        limits,
        connections,
        messages_per_connection: (messages_per_connection > 0).then_some(messages_per_connection),
        dkim,
        mailer: mailer?,
        mailbox: mailbox?,
        sent_folder,
        mailbox_is_default: !reader.is_set("IMAP_SERVER") && !reader.is_set("INBOX_DIR"),
    })
}

fn read_limits(reader: &mut Reader) -> plan::Limits {
    let daily = reader.whole("DAILY_SEND_LIMIT");
    let hourly = reader.whole_maybe("HOURLY_SEND_LIMIT");
    let start = reader.whole_maybe("RAMP_START");
    let step = reader.whole_maybe("RAMP_STEP");
    for (name, other) in [("RAMP_START", "RAMP_STEP"), ("RAMP_STEP", "RAMP_START")] {
        if reader.is_set(other) {
            require(reader, name, other);
        }
    }
    for (name, limit) in [("HOURLY_SEND_LIMIT", hourly), ("RAMP_START", start)] {
        if daily > 0 && limit.is_some_and(|limit| limit > daily) {
            reader.warn(
                name,
                &format!("has no effect, because DAILY_SEND_LIMIT is {daily}"),
            );
        }
    }
    plan::Limits {
        daily,
        hourly,
        gap_secs: reader.whole("MIN_GAP_SECONDS"),
        jitter_secs: reader.whole("GAP_JITTER_SECONDS"),
        ramp: start
            .zip(step)
            .map(|(start, step)| plan::Ramp { start, step }),
    }
}

/// The key, and whether receivers will take its signature for the sender's own: DMARC wants the
/// signing domain to be that of From or one above or below it (RFC 7489 section 3.1.1).
fn read_dkim(reader: &mut Reader, address: Option<&EmailAddress>) -> Option<mailer::DkimSettings> {
    let key_file = reader.path("DKIM_KEY_FILE");
    let selector = reader.dns_name("DKIM_SELECTOR");
    let domain = reader.dns_name("DKIM_DOMAIN");
    if !reader.is_set("DKIM_KEY_FILE") {
        let idle = ["DKIM_SELECTOR", "DKIM_DOMAIN"];
        ignored(reader, &idle, "DKIM_KEY_FILE is not set");
        return None;
    }
    require(reader, "DKIM_SELECTOR", "DKIM_KEY_FILE");
    let from = address?.domain().to_ascii_lowercase();
    let domain = domain.unwrap_or_else(|| from.clone());
    let is_below = |below: &str, above: &str| below.ends_with(&format!(".{above}"));
    if from != domain && !is_below(&from, &domain) && !is_below(&domain, &from) {
        let message =
            format!("is `{domain}`, which receivers do not take for the sender's `{from}`");
        reader.warn("DKIM_DOMAIN", &message);
    }
    Some(mailer::DkimSettings {
        domain,
        selector: selector?,
        key_file: key_file?,
    })
}

/// Where a copy of a mail is looked for. What a Maildir holds is looked up there directly.
fn read_sent_folder(reader: &mut Reader) -> Option<String> {
    let folder = reader.line("SENT_FOLDER")?;
    if !reader.is_set("SMTP_SERVER") {
        ignored(reader, &["SENT_FOLDER"], "SMTP_SERVER is not set");
        return None;
    }
    require(reader, "IMAP_SERVER", "SENT_FOLDER");
    match folder.eq_ignore_ascii_case("auto") {
        true => Some("auto".to_string()),
        false => Some(folder),
    }
}

fn read_from(reader: &mut Reader) -> Option<EmailAddress> {
    let from = reader.address("FROM_EMAIL");
    if from.is_some() || reader.is_set("FROM_EMAIL") || reader.is_set("SMTP_SERVER") {
        return from;
    }
    EmailAddress::parse(MAILDIR_FROM).ok()
}

fn read_mailer(reader: &mut Reader, ca_file: Option<&PathBuf>) -> Option<mailer::Settings> {
    let host = reader.host("SMTP_SERVER");
    let port = reader.port("SMTP_PORT");
    let tls = reader.tls_mode("SMTP_TLS");
    let username = reader.line("SMTP_USERNAME");
    let password = reader.secret("SMTP_PASSWORD");
    let outbox = reader.path("OUTBOX_DIR");
    if !reader.is_set("SMTP_SERVER") {
        ignored(
            reader,
            &["SMTP_USERNAME", "SMTP_PASSWORD"],
            "SMTP_SERVER is not set",
        );
        return outbox.map(mailer::Settings::Maildir);
    }
    ignored(reader, &["OUTBOX_DIR"], "SMTP_SERVER is set");
    require(reader, "FROM_EMAIL", "SMTP_SERVER");
    require(reader, "POSTAL_ADDRESS", "SMTP_SERVER");
    if reader.is_set("SMTP_USERNAME") {
        require(reader, "SMTP_PASSWORD", "SMTP_USERNAME");
    }
    if reader.is_set("SMTP_PASSWORD") {
        require(reader, "SMTP_USERNAME", "SMTP_PASSWORD");
    }
    let usual = if port == SMTPS_PORT {
        TlsMode::Tls
    } else {
        TlsMode::StartTls
    };
    let tls = tls.unwrap_or(usual);
    let host = host?;
    check_tls(reader, "SMTP_TLS", tls, &host);
    if (port == SMTPS_PORT) != (tls == TlsMode::Tls) && tls != TlsMode::None {
        reader.warn("SMTP_TLS", &unusual(tls, port, usual));
    }
    Some(mailer::Settings::Smtp(mailer::SmtpSettings {
        host,
        port,
        tls,
        username,
        password,
        ca_file: ca_file.cloned(),
    }))
}

fn read_mailbox(
    reader: &mut Reader,
    ca_file: Option<&PathBuf>,
    mailer: Option<&mailer::Settings>,
) -> Option<mailbox::Settings> {
    let host = reader.host("IMAP_SERVER");
    let port = reader.port("IMAP_PORT");
    let tls = reader.tls_mode("IMAP_TLS");
    let username = reader.line("IMAP_USERNAME");
    let password = reader.secret("IMAP_PASSWORD");
    let folder = reader.line("MONITOR_INBOX_FOLDER");
    let inbox = reader.path("INBOX_DIR");
    if !reader.is_set("IMAP_SERVER") {
        ignored(
            reader,
            &["IMAP_USERNAME", "IMAP_PASSWORD"],
            "IMAP_SERVER is not set",
        );
        let inbox = inbox?;
        if let Some(mailer::Settings::Maildir(outbox)) = mailer {
            // Our own mails would be read as answers.
            check_apart(reader, "INBOX_DIR", &inbox, "OUTBOX_DIR", Some(outbox));
        }
        return Some(mailbox::Settings::Maildir(inbox));
    }
    ignored(reader, &["INBOX_DIR"], "IMAP_SERVER is set");
    require(reader, "IMAP_USERNAME", "IMAP_SERVER");
    require(reader, "IMAP_PASSWORD", "IMAP_SERVER");
    let usual = if port == IMAP_PORT {
        TlsMode::StartTls
    } else {
        TlsMode::Tls
    };
    let tls = tls.unwrap_or(usual);
    let host = host?;
    check_tls(reader, "IMAP_TLS", tls, &host);
    if matches!(port, IMAP_PORT | IMAPS_PORT) && tls != usual && tls != TlsMode::None {
        reader.warn("IMAP_TLS", &unusual(tls, port, usual));
    }
    Some(mailbox::Settings::Imap(mailbox::ImapSettings {
        host,
        port,
        tls,
        username: username?,
        password: password?,
        folder: folder?,
        ca_file: ca_file.cloned(),
    }))
}
