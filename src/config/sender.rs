//! Puts a [`Sender`] together: who mail comes from, by which way, and where answers are read.

use std::path::PathBuf;

use super::Sender;
use super::checks::{check_apart, check_tls, ignored, require, unusual};
use super::login::{self, Login};
use super::provider;
use super::reader::Reader;
use super::senders_file::SenderTable;
use super::variables::Kind;
use crate::lead::EmailAddress;
use crate::tls::TlsMode;
use crate::{mailbox, mailer, plan};

/// The sender of mails that only go into a Maildir; `.invalid` is never delivered (RFC 2606).
const MAILDIR_FROM: &str = "team@outreach.invalid";

/// The port where TLS starts with the first byte (RFC 8314), and its counterparts of IMAP.
const SMTPS_PORT: u16 = 465;
const IMAP_PORT: u16 = 143;
const IMAPS_PORT: u16 = 993;

/// Who mail comes from, and what is read besides their inboxes.
pub(super) struct Read {
    pub senders: Vec<Sender>,
    pub mailboxes: Vec<mailbox::Settings>,
}

/// The senders of the file, or the one that the variables speak of, and the file's mailboxes. None
/// only if a problem was noted. `team` is the name of a sender without one of its own.
pub(super) fn read_all(
    reader: &mut Reader,
    team: Option<&str>,
    ca_file: Option<&PathBuf>,
) -> Option<Read> {
    let path = reader.path("SENDERS_FILE");
    let shared = reader.lay_provider();
    let file = match reader.is_set("SENDERS_FILE") {
        true => Some(reader.senders(&path?)),
        false => None,
    };
    // A file of nothing but mailboxes leaves the sender to the variables.
    let file = file.unwrap_or_default();
    let mailboxes = read_shared(reader, file.mailboxes, ca_file);
    let senders = match file.problems.is_empty() && file.tables.is_empty() {
        true => {
            let name = team.map(str::to_string);
            read(reader, name, ca_file, shared.as_ref()).map(|sender| vec![sender])
        }
        false => read_tables(reader, file.tables, team, ca_file, shared),
    };
    let (senders, mailboxes) = (senders?, mailboxes?);
    check_inboxes(reader, &senders, &mailboxes);
    Some(Read { senders, mailboxes })
}

fn read_tables(
    reader: &mut Reader,
    tables: Vec<SenderTable>,
    team: Option<&str>,
    ca_file: Option<&PathBuf>,
    shared: Option<mailer::Preset>,
) -> Option<Vec<Sender>> {
    ignored(reader, &["FROM_EMAIL"], "SENDERS_FILE is set");
    let mut senders = Vec::new();
    let mut taken = Vec::new();
    let mut all_read = true;
    for table in tables {
        reader.enter(table);
        let name = match reader.is_own("FROM_NAME") {
            true => reader.line("FROM_NAME"),
            false => team.map(str::to_string),
        };
        if !reader.is_set("FROM_EMAIL") && !reader.is_set("SMTP_SERVER") {
            reader.problem(
                "FROM_EMAIL",
                format!("expected {}, found nothing", Kind::Address),
            );
        }
        check_address(reader, &mut taken);
        let preset = match reader.is_own("PROVIDER") {
            true => reader.lay_provider(),
            false => shared,
        };
        match read(reader, name, ca_file, preset.as_ref()) {
            Some(sender) => {
                check_folders(reader, &sender, &senders);
                senders.push(sender);
            }
            None => all_read = false,
        }
        reader.leave();
    }
    (all_read && !senders.is_empty()).then_some(senders)
}

/// The mailboxes that belong to no sender.
fn read_shared(
    reader: &mut Reader,
    tables: Vec<SenderTable>,
    ca_file: Option<&PathBuf>,
) -> Option<Vec<mailbox::Settings>> {
    let mut mailboxes: Vec<mailbox::Settings> = Vec::new();
    let mut all_read = true;
    for table in tables {
        reader.enter(table);
        let mailbox = read_shared_one(reader, ca_file);
        match mailbox {
            Some(mailbox) => {
                if mailboxes
                    .iter()
                    .any(|known| known.account() == mailbox.account())
                {
                    let name = match mailbox {
                        mailbox::Settings::Maildir(_) => "INBOX_DIR",
                        mailbox::Settings::Imap(_) => "IMAP_USERNAME",
                    };
                    let message = "expected a mailbox of its own, found the one of a table above";
                    reader.problem(name, message);
                }
                mailboxes.push(mailbox);
            }
            None => all_read = false,
        }
        reader.leave();
    }
    all_read.then_some(mailboxes)
}

fn read_shared_one(reader: &mut Reader, ca_file: Option<&PathBuf>) -> Option<mailbox::Settings> {
    if reader.is_own("PROVIDER") {
        reader.lay_provider();
    }
    // Everything else may be what the senders have, but then it would be one of their inboxes.
    if !reader.is_own("INBOX_DIR") && !reader.is_own("IMAP_USERNAME") {
        let message = "expected the user name of an account, or inbox_dir; found neither";
        reader.problem("IMAP_USERNAME", message);
        return None;
    }
    let oauth = login::read_oauth(reader, ca_file);
    let login = login::read(reader, &login::IMAP, oauth.as_ref(), true);
    if !reader.is_own("INBOX_DIR") {
        require(reader, "IMAP_SERVER", "IMAP_USERNAME");
        if !reader.is_set("IMAP_SERVER") {
            return None;
        }
    }
    read_mailbox(reader, ca_file, None, login)
}

/// Notes when a sender's mail goes where a shared mailbox is read.
fn check_inboxes(reader: &mut Reader, senders: &[Sender], mailboxes: &[mailbox::Settings]) {
    for sender in senders {
        for mailbox in mailboxes {
            if let mailer::Settings::Maildir(outbox) = &sender.mailer
                && let mailbox::Settings::Maildir(inbox) = mailbox
            {
                let other = "a mailbox's inbox_dir";
                check_apart(reader, "OUTBOX_DIR", outbox, other, Some(inbox));
            }
        }
    }
}

/// Notes when a sender has the address of one before it.
fn check_address(reader: &mut Reader, taken: &mut Vec<String>) {
    let Some(address) = reader.address("FROM_EMAIL") else {
        return;
    };
    if taken.contains(&address.key()) {
        let message = format!("expected an address of its own, found `{address}` a second time");
        reader.problem("FROM_EMAIL", message);
    }
    taken.push(address.key());
}

/// Notes when one sender's mail goes where another one's answers are read.
fn check_folders(reader: &mut Reader, sender: &Sender, others: &[Sender]) {
    for other in others {
        if let mailer::Settings::Maildir(outbox) = &other.mailer
            && let mailbox::Settings::Maildir(inbox) = &sender.mailbox
        {
            check_apart(
                reader,
                "INBOX_DIR",
                inbox,
                "another sender's outbox_dir",
                Some(outbox),
            );
        }
        if let mailer::Settings::Maildir(outbox) = &sender.mailer
            && let mailbox::Settings::Maildir(inbox) = &other.mailbox
        {
            check_apart(
                reader,
                "OUTBOX_DIR",
                outbox,
                "another sender's inbox_dir",
                Some(inbox),
            );
        }
    }
}

/// The sender that the variables, or the table entered, speak of.
fn read(
    reader: &mut Reader,
    name: Option<String>,
    ca_file: Option<&PathBuf>,
    preset: Option<&mailer::Preset>,
) -> Option<Sender> {
    let address = read_from(reader);
    let oauth = login::read_oauth(reader, ca_file);
    let smtp_login = login::read(reader, &login::SMTP, oauth.as_ref(), false);
    let imap_login = login::read(reader, &login::IMAP, oauth.as_ref(), true);
    let takes_token = |login: &Option<Login>| login.as_ref().is_some_and(Login::takes_token);
    if oauth.is_some() && !takes_token(&smtp_login) && !takes_token(&imap_login) {
        let why = "neither SMTP nor IMAP logs in with it";
        ignored(reader, &["OAUTH_REFRESH_TOKEN"], why);
    }
    let dkim = read_dkim(reader, address.as_ref());
    let mailer = read_mailer(reader, ca_file, smtp_login, dkim);
    let mailbox = read_mailbox(reader, ca_file, mailer.as_ref(), imap_login);
    let sent_folder = read_sent_folder(reader);
    let unsubscribe_mailto = reader.address("UNSUBSCRIBE_MAILTO");
    let reply_to = reader.address("REPLY_TO_EMAIL");
    let limits = read_limits(reader);
    let connections = reader.whole("SMTP_CONNECTIONS");
    if let Some(preset) = preset {
        provider::check_limits(reader, preset, &limits, connections);
    }
    let address = address?;
    Some(Sender {
        unsubscribe_mailto: unsubscribe_mailto.unwrap_or_else(|| address.clone()),
        address,
        name: name?,
        reply_to,
        limits,
        connections,
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
    if !reader.is_set("SMTP_SERVER") {
        let idle = ["DKIM_KEY_FILE", "DKIM_SELECTOR", "DKIM_DOMAIN"];
        ignored(reader, &idle, "SMTP_SERVER is not set");
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
        key: mailer::DkimKey::File(key_file?),
    })
}

/// Where a copy of a mail is looked for. What a Maildir holds is looked up there directly.
fn read_sent_folder(reader: &mut Reader) -> Option<String> {
    let folder = reader.line("SENT_FOLDER")?;
    if !reader.is_set("SMTP_SERVER") {
        ignored(reader, &["SENT_FOLDER"], "SMTP_SERVER is not set");
        return None;
    }
    if !reader.is_set("IMAP_SERVER") {
        // Of several senders some may have no account: theirs are looked for by a person.
        if reader.is_own("SENT_FOLDER") {
            require(reader, "IMAP_SERVER", "SENT_FOLDER");
        }
        return None;
    }
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

fn read_mailer(
    reader: &mut Reader,
    ca_file: Option<&PathBuf>,
    login: Option<Login>,
    dkim: Option<mailer::DkimSettings>,
) -> Option<mailer::Settings> {
    let host = reader.host("SMTP_SERVER");
    let port = reader.port("SMTP_PORT");
    let tls = reader.tls_mode("SMTP_TLS");
    let messages_max = reader.whole("SMTP_MESSAGES_PER_CONNECTION");
    let outbox = reader.path("OUTBOX_DIR");
    if !reader.is_set("SMTP_SERVER") {
        return outbox.map(mailer::Settings::Maildir);
    }
    ignored(reader, &["OUTBOX_DIR"], "SMTP_SERVER is set");
    require(reader, "FROM_EMAIL", "SMTP_SERVER");
    require(reader, "POSTAL_ADDRESS", "SMTP_SERVER");
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
        login: login?.into(),
        ca_file: ca_file.cloned(),
        messages_max: (messages_max > 0).then_some(messages_max),
        dkim,
    }))
}

fn read_mailbox(
    reader: &mut Reader,
    ca_file: Option<&PathBuf>,
    mailer: Option<&mailer::Settings>,
    login: Option<Login>,
) -> Option<mailbox::Settings> {
    let host = reader.host("IMAP_SERVER");
    let port = reader.port("IMAP_PORT");
    let tls = reader.tls_mode("IMAP_TLS");
    let folders = reader.folders("MONITOR_INBOX_FOLDER");
    let inbox = reader.path("INBOX_DIR");
    if !reader.is_set("IMAP_SERVER") {
        ignored(reader, &["MONITOR_INBOX_FOLDER"], "IMAP_SERVER is not set");
        let inbox = inbox?;
        if let Some(mailer::Settings::Maildir(outbox)) = mailer {
            // Our own mails would be read as answers.
            check_apart(reader, "INBOX_DIR", &inbox, "OUTBOX_DIR", Some(outbox));
        }
        return Some(mailbox::Settings::Maildir(inbox));
    }
    ignored(reader, &["INBOX_DIR"], "IMAP_SERVER is set");
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
    let (username, login) = match login? {
        Login::None => return None,
        Login::Password {
            username, password, ..
        } => (username, mailbox::Login::Password(password)),
        Login::Token { username, oauth } => (username, mailbox::Login::OAuth(Box::new(oauth))),
    };
    Some(mailbox::Settings::Imap(mailbox::ImapSettings {
        host,
        port,
        tls,
        username,
        login,
        folders: folders?,
        ca_file: ca_file.cloned(),
    }))
}
