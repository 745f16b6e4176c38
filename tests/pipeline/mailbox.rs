//! Reading a real IMAP server, and servers that misbehave.

mod figures;
mod folders;
mod tokens;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use outreach::mailbox::{
    Cursor, Deadlines, Fetched, ImapSettings, Login, Mailbox, OpenError, ReadSummary, Scope,
    Settings,
};
use outreach::tls::TlsMode;

use crate::world::World;
use crate::world::dovecot::{self, Dovecot};
use crate::world::wire::Wire;

/// The account of a server that speaks in the clear.
pub fn imap_settings(port: u16) -> ImapSettings {
    settings(port, TlsMode::None, None)
}

fn settings(port: u16, tls: TlsMode, ca_file: Option<PathBuf>) -> ImapSettings {
    ImapSettings {
        host: "127.0.0.1".into(),
        port,
        tls,
        username: dovecot::USER.into(),
        login: Login::Password(dovecot::PASSWORD.into()),
        folders: vec!["INBOX".into()],
        ca_file,
    }
}

fn mail(subject: &str) -> Vec<u8> {
    format!("From: bob@lead.example\r\nSubject: {subject}\r\n\r\nHello\r\n").into_bytes()
}

struct Reading {
    summary: ReadSummary,
    mails: Vec<Fetched>,
    cursors: Vec<Cursor>,
}

impl Reading {
    fn subjects(&self) -> Vec<String> {
        self.mails
            .iter()
            .map(|mail| {
                let text = String::from_utf8_lossy(&mail.raw).into_owned();
                text.lines()
                    .find_map(|l| l.strip_prefix("Subject: "))
                    .unwrap()
                    .to_string()
            })
            .collect()
    }

    fn cursor(&self) -> Option<Cursor> {
        self.cursors.last().copied()
    }
}

fn read(imap: &ImapSettings, cursor: Option<Cursor>, since: Option<DateTime<Utc>>) -> Reading {
    read_wanting(imap, cursor, since, &|_| true)
}

fn scope(cursor: Option<Cursor>, since: Option<DateTime<Utc>>) -> Scope<'static> {
    Scope {
        cursor,
        since,
        known: &|_| false,
        wants_body: &|_| true,
    }
}

/// Opens a mailbox and its first folder.
fn entered(settings: &Settings) -> Result<Mailbox, OpenError> {
    let mut mailbox = Mailbox::open(settings)?;
    mailbox.enter(&settings.folders()[0])?;
    Ok(mailbox)
}

fn read_wanting(
    imap: &ImapSettings,
    cursor: Option<Cursor>,
    since: Option<DateTime<Utc>>,
    wants_body: &dyn Fn(&[u8]) -> bool,
) -> Reading {
    let mut mailbox = entered(&Settings::Imap(imap.clone())).unwrap();
    let scope = Scope {
        wants_body,
        ..scope(cursor, since)
    };
    let (mut mails, mut cursors) = (Vec::new(), Vec::new());
    let mut sink = |cursor: Cursor, batch: Vec<Fetched>| {
        assert!(batch.len() <= 200);
        assert!(batch.iter().all(|mail| mail.uid <= cursor.last_uid));
        cursors.push(cursor);
        mails.extend(batch);
        Ok(())
    };
    let summary = mailbox.read(&scope, &mut sink).unwrap();
    assert_eq!(summary.read as usize, mails.len());
    Reading {
        summary,
        mails,
        cursors,
    }
}

#[test]
fn every_way_to_protect_the_connection_reads_the_same_mail() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    server.deliver(&mail("one"));
    for (port, tls, ca_file) in [
        (server.tls_port, TlsMode::Tls, Some(server.ca_file())),
        (server.plain_port, TlsMode::StartTls, Some(server.ca_file())),
        (server.plain_port, TlsMode::None, None),
    ] {
        let imap = settings(port, tls, ca_file);
        assert_eq!(read(&imap, None, None).subjects(), ["one"], "{tls:?}");
        let line = Mailbox::check(&Settings::Imap(imap)).remove(0).unwrap();
        assert!(line.contains("1 messages in `INBOX`"), "{line}");
    }
}

#[test]
fn only_what_is_above_the_cursor_is_read_and_no_trace_is_left() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let imap = settings(server.plain_port, TlsMode::None, None);
    assert_eq!(
        read(&imap, None, None).cursor(),
        None,
        "an empty folder has no cursor"
    );
    server.deliver(&mail("one"));
    server.deliver(&mail("two"));
    let first = read(&imap, None, None);
    assert_eq!(first.subjects(), ["one", "two"]);
    let again = read(&imap, first.cursor(), None);
    assert!(
        again.mails.is_empty(),
        "`UID n:*` names the last mail; it must not be read twice"
    );
    server.deliver(&mail("three"));
    let next = read(&imap, first.cursor(), None);
    assert_eq!(next.subjects(), ["three"]);
    assert!(next.mails[0].received_at.is_some());
    for entry in std::fs::read_dir(server.maildir().join("cur")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(":2,S"), "{name} was marked as read");
    }
}

#[test]
fn a_changed_uidvalidity_makes_it_read_again_by_date() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let imap = settings(server.plain_port, TlsMode::None, None);
    server.deliver(&mail("one"));
    server.deliver(&mail("two"));
    let first = read(&imap, None, None);
    server.change_uidvalidity();
    let again = read(&imap, first.cursor(), None);
    assert!(again.summary.rescanned);
    assert_eq!(again.subjects(), ["one", "two"]);
    assert_ne!(
        again.cursor().unwrap().uidvalidity,
        first.cursor().unwrap().uidvalidity
    );
    let future = Some("2199-01-01T00:00:00Z".parse().unwrap());
    assert!(read(&imap, first.cursor(), future).mails.is_empty());
}

#[test]
fn a_first_reading_begins_at_a_date_and_comes_in_bounded_batches() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let imap = settings(server.plain_port, TlsMode::None, None);
    for number in 0..450 {
        server.deliver(&mail(&format!("mail {number}")));
    }
    let reading = read(&imap, None, Some("2020-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(reading.mails.len(), 450);
    assert_eq!(reading.cursors.len(), 3);
    assert!(reading.mails.is_sorted_by_key(|mail| mail.uid));
    let none = read(&imap, None, Some("2199-01-01T00:00:00Z".parse().unwrap()));
    assert!(none.mails.is_empty());
}

#[test]
fn a_huge_mail_is_read_in_part_among_the_others() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let imap = settings(server.plain_port, TlsMode::None, None);
    server.deliver(&mail("before"));
    let mut huge = mail("huge");
    huge.extend(b"0123456789012345678901234567890123456789\r\n".repeat(300_000));
    server.deliver(&huge);
    server.deliver(&mail("after"));
    let reading = read(&imap, None, None);
    assert_eq!(reading.subjects(), ["before", "huge", "after"]);
    assert_eq!(reading.summary.skipped_too_large, 1);
    let header = mail("huge").len() - "Hello\r\n".len();
    assert_eq!(reading.mails[1].raw.len(), (256 << 10) + header);
}

#[test]
fn what_is_refused_and_what_is_unreachable_are_told_apart() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let good = settings(server.tls_port, TlsMode::Tls, Some(server.ca_file()));
    let cases = [
        (
            ImapSettings {
                login: Login::Password("tr0ub4dor".into()),
                ..good.clone()
            },
            "the login of",
        ),
        (
            ImapSettings {
                folders: vec!["Nowhere".into()],
                ..good.clone()
            },
            "the folder `Nowhere`",
        ),
        (
            ImapSettings {
                ca_file: None,
                ..good.clone()
            },
            "no TLS connection",
        ),
        (
            ImapSettings {
                port: server.plain_port,
                ..good.clone()
            },
            "no TLS connection",
        ),
        (
            ImapSettings {
                username: "a\r\nb".into(),
                ..good.clone()
            },
            "control characters",
        ),
        (
            ImapSettings {
                ca_file: Some(dir.path().join("none.pem")),
                ..good.clone()
            },
            "TLS_CA_FILE",
        ),
    ];
    for (imap, words) in cases {
        let err = entered(&Settings::Imap(imap)).unwrap_err();
        assert!(matches!(err, OpenError::Refused(_)), "{err}");
        let line = err.to_string();
        assert!(line.contains(words), "{line}");
        assert!(
            !line.contains("tr0ub4dor") && !line.contains('\n'),
            "{line}"
        );
    }
    let port = server.tls_port;
    drop(server);
    let err = Mailbox::open(&Settings::Imap(ImapSettings { port, ..good })).unwrap_err();
    assert!(matches!(err, OpenError::Unreachable(_)), "{err}");
}

/// A server of a few lines: each connection is answered by `talk`.
fn scripted(talk: fn(TcpStream, usize)) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { break };
            std::thread::spawn(move || talk(stream, number));
        }
    });
    port
}

fn open(port: u16, tls: TlsMode) -> Result<Mailbox, OpenError> {
    let within = Deadlines {
        connect: Duration::from_secs(2),
        answer: Duration::from_millis(300),
    };
    let settings = Settings::Imap(settings(port, tls, None));
    let mut mailbox = Mailbox::open_within(&settings, within)?;
    mailbox.enter(&settings.folders()[0])?;
    Ok(mailbox)
}

#[test]
fn servers_that_are_none_or_have_no_time_end_in_one_clear_line() {
    let silent = scripted(|mut stream, _| drop(stream.read_to_end(&mut Vec::new())));
    let web = scripted(|mut stream, _| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n")));
    let busy = scripted(|mut stream, _| drop(stream.write_all(b"* BYE too many connections\r\n")));
    let clear = scripted(|mut stream, _| {
        let _ = stream.write_all(b"* OK hello\r\n");
        let _ = BufReader::new(stream.try_clone().unwrap()).read_line(&mut String::new());
        let _ = stream.write_all(b"s1 BAD unknown command\r\n");
    });
    for tls in [TlsMode::None, TlsMode::StartTls] {
        for (port, is_refused) in [(silent, false), (web, true), (busy, false)] {
            let err = open(port, tls).unwrap_err();
            assert_eq!(
                matches!(err, OpenError::Refused(_)),
                is_refused,
                "{tls:?} {err}"
            );
            assert!(!err.to_string().contains('\n'), "{err}");
        }
    }
    let err = open(clear, TlsMode::StartTls).unwrap_err();
    assert!(matches!(err, OpenError::Refused(_)), "{err}");
    assert!(
        err.to_string().contains("STARTTLS"),
        "never goes on in the clear: {err}"
    );
    assert!(matches!(
        open(silent, TlsMode::Tls).unwrap_err(),
        OpenError::Unreachable(_)
    ));
}

/// Answers like a server with mails 1 to 9, but breaks the protocol whenever mail 5 is fetched.
fn stumbles_over_five(stream: TcpStream, _: usize) {
    let mut writer = stream.try_clone().unwrap();
    let _ = writer.write_all(b"* OK ready\r\n");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let (tag, command) = line.split_once(' ').unwrap_or(("*", ""));
        let mut answer = Vec::new();
        if command.starts_with("EXAMINE") {
            answer.extend(b"* 9 EXISTS\r\n* OK [UIDVALIDITY 3] ok\r\n");
        } else if command.starts_with("UID SEARCH") {
            answer.extend(b"* SEARCH 1 2 3 4 5 6 7 8 9\r\n");
        } else if let Some(fetch) = command.strip_prefix("UID FETCH ") {
            let (set, items) = fetch.split_once(' ').unwrap();
            for range in set.split(',') {
                let (first, last) = range.split_once(':').unwrap_or((range, range));
                for uid in first.parse::<u32>().unwrap()..=last.parse().unwrap() {
                    if uid == 5 {
                        answer.extend(b"* 5 FETCH (UID 5 NONSENSE (((\r\n");
                        continue;
                    }
                    let (section, text) = match items.contains("HEADER") {
                        true => (
                            "RFC822.SIZE 20 BODY[HEADER]<0>",
                            format!("Subject: {uid}\r\n\r\n"),
                        ),
                        false => ("BODY[TEXT]", "Hello\r\n".to_string()),
                    };
                    let head = format!("* {uid} FETCH (UID {uid} {section} {{{}}}\r\n", text.len());
                    answer.extend(format!("{head}{text})\r\n").bytes());
                }
            }
        }
        answer.extend(format!("{tag} OK done\r\n").bytes());
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}

#[test]
fn one_mail_that_cannot_be_read_does_not_hide_the_others() {
    let mut mailbox = open(scripted(stumbles_over_five), TlsMode::None).unwrap();
    let mut subjects = Vec::new();
    let mut cursor_at_end = None;
    let mut sink = |cursor: Cursor, batch: Vec<Fetched>| {
        cursor_at_end = Some(cursor);
        subjects.extend(batch.iter().map(|mail| mail.uid));
        Ok(())
    };
    let summary = mailbox.read(&scope(None, None), &mut sink).unwrap();
    assert_eq!(subjects, [1, 2, 3, 4, 6, 7, 8, 9]);
    assert_eq!((summary.read, summary.skipped_unreadable), (8, 1));
    assert_eq!(
        cursor_at_end,
        Some(Cursor {
            uidvalidity: 3,
            last_uid: 9
        })
    );
}

#[test]
fn a_scan_tells_a_person_of_mails_that_cannot_be_read() {
    let world = World::new()
        .env("IMAP_SERVER", "127.0.0.1")
        .env("IMAP_PORT", scripted(stumbles_over_five).to_string())
        .env("IMAP_TLS", "none")
        .env("IMAP_USERNAME", dovecot::USER)
        .env("IMAP_PASSWORD", dovecot::PASSWORD);
    let outcome = world.run(&["scan", "--json"]).exits(3);
    let scan = outcome
        .complains("cannot be read and may hold answers: 1")
        .json();
    assert_eq!(scan["counts"]["read"], 8, "{scan}");
    world.run(&["scan"]).exits(0);
    assert_eq!(world.sql("SELECT count(*) FROM inbound"), [["8"]]);
}

#[test]
fn an_error_of_the_caller_ends_the_reading() {
    let mut mailbox = open(scripted(stumbles_over_five), TlsMode::None).unwrap();
    let cursor = Some(Cursor {
        uidvalidity: 3,
        last_uid: 7,
    });
    let err = mailbox.read(&scope(cursor, None), &mut |_, _| anyhow::bail!("disk full"));
    assert_eq!(err.unwrap_err().to_string(), "disk full");
}
