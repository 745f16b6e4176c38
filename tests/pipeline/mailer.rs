//! The mailer against a real SMTP server: what it says at each phase and fault, and that the
//! server's view agrees with the verdict.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chrono::DateTime;
use native_tls::Identity;
use outreach::delivery::{Blame, Delivery, Phase};
use outreach::lead::EmailAddress;
use outreach::mailer::{
    Connection, Deadlines, Evidence, Login, Mailer, Outgoing, PasswordMechanism, Settings,
    SmtpSettings, compose,
};
use outreach::tls::TlsMode;
use secrecy::SecretString;
use tokio::runtime::Runtime;

use crate::world::smtp::{At, Fault, Options, Rule, Smtp, Tls};

const USER: &str = "sales@example.org";
const PASSWORD: &str = "open-sesame-4711";

fn outgoing(n: usize) -> Outgoing {
    let key = format!("c000000000000000{n}.hook");
    Outgoing {
        from: EmailAddress::parse(USER).unwrap(),
        from_name: "4Runr Team".to_string(),
        to: EmailAddress::parse(&format!("lead{n}@example.com")).unwrap(),
        to_name: "Ada Lovelace".to_string(),
        subject: "Größe".to_string(),
        body: "Hi Ada,\n\n.\n..two dots\n\nTeam".to_string(),
        dated_at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        message_id: format!("{key}@example.org"),
        outreach_key: key,
        unsubscribe_mailto: None,
        postal_address: None,
        reply_to: None,
        unsubscribe_url: None,
        thread: None,
        html: None,
    }
}

/// Long enough for a busy machine, except where silence is the point.
fn deadlines(silent_at: Option<At>) -> Deadlines {
    let long = Duration::from_secs(20);
    let short = Duration::from_millis(250);
    let at = |point| {
        if silent_at == Some(point) {
            short
        } else {
            long
        }
    };
    Deadlines {
        connect: at(At::Connect),
        greeting: at(At::Greeting)
            .min(at(At::Ehlo))
            .min(at(At::StartTls))
            .min(at(At::Connect)),
        auth: at(At::Auth),
        mail: at(At::MailFrom),
        rcpt: at(At::RcptTo),
        data: at(At::Data),
        body: at(At::Body).min(at(At::BodyStart)),
        courtesy: at(At::Rset),
    }
}

fn plain(smtp: &Smtp) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_string(),
        port: smtp.port(),
        tls: TlsMode::None,
        login: Login::None,
        ca_file: None,
        messages_max: None,
    }
}

fn with_login(settings: SmtpSettings, password: &str) -> SmtpSettings {
    SmtpSettings {
        login: Login::Password {
            username: USER.to_string(),
            password: SecretString::from(password.to_string()),
            mechanism: PasswordMechanism::Auto,
        },
        ..settings
    }
}

fn login() -> Option<(String, String)> {
    Some((USER.to_string(), PASSWORD.to_string()))
}

/// A mailer, one connection of it and the runtime that it lives on.
struct Client {
    runtime: Runtime,
    mailer: Mailer,
    connection: Connection,
}

impl Client {
    fn new(settings: &SmtpSettings, silent_at: Option<At>) -> Client {
        let settings = Settings::Smtp(settings.clone());
        let mailer = Mailer::open_with(&settings, "example.org", deadlines(silent_at)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Client {
            runtime: runtime.unwrap(),
            connection: mailer.connection(),
            mailer,
        }
    }

    fn deliver(&mut self, n: usize) -> Delivery {
        self.runtime.block_on(self.connection.deliver(&outgoing(n)))
    }

    fn check(&mut self) -> anyhow::Result<String> {
        self.runtime.block_on(self.mailer.check())
    }
}

/// The phase, verdict and blame in words: `rcpt_to rejected Recipient`.
fn summary(delivery: &Delivery) -> String {
    let words = format!("{} {}", delivery.phase().as_str(), delivery.label());
    match delivery {
        Delivery::Deferred { blame, .. } | Delivery::Rejected { blame, .. } => {
            format!("{words} {blame:?}")
        }
        _ => words,
    }
}

/// A certificate for localhost that is its own authority, made by the `openssl` command.
pub fn certificate(dir: &Path) -> (PathBuf, Identity) {
    let (key, cert) = (dir.join("key.pem"), dir.join("cert.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
        .args(["-days", "2", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .expect("the `openssl` command is needed to make a certificate");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let identity = Identity::from_pkcs8(
        &std::fs::read(&cert).unwrap(),
        &std::fs::read(&key).unwrap(),
    );
    (cert, identity.unwrap())
}

#[test]
fn a_mail_arrives_byte_for_byte_and_the_connection_is_used_again() {
    let smtp = Smtp::start();
    let Client {
        runtime,
        mut mailer,
        ..
    } = Client::new(&plain(&smtp), None);
    let batch: Vec<Outgoing> = (1..=3).map(outgoing).collect();
    runtime.block_on(async {
        for delivery in mailer.deliver_batch(&batch).await {
            assert_eq!(summary(&delivery), "body accepted");
            assert_eq!(delivery.reply(), "250 2.0.0 Ok: queued");
        }
        mailer.close().await;
    });
    let kept = smtp.kept();
    assert_eq!(kept.len(), 3);
    for (n, kept) in (1..).zip(&kept) {
        assert_eq!(kept.from, USER);
        assert_eq!(kept.to, [format!("lead{n}@example.com")]);
        assert_eq!(kept.raw, compose(&outgoing(n)).unwrap());
    }
    assert_eq!(smtp.n_conversations(), 1);
    let commands = smtp.commands();
    assert_eq!(
        commands.first().map(String::as_str),
        Some("EHLO example.org")
    );
    assert_eq!(commands.last().map(String::as_str), Some("QUIT"));
    assert!(
        !commands.iter().any(|command| command == "RSET"),
        "{commands:?}"
    );
}

#[test]
fn a_late_reply_is_never_taken_for_the_next_messages() {
    let smtp = Smtp::start();
    smtp.fail(Rule::new(At::RcptTo, Fault::Silence).to("lead1@example.com"));
    smtp.fail(Rule::new(At::RcptTo, Fault::Reply(550, "5.1.1 unknown")).to("lead2@example.com"));
    let mut client = Client::new(&plain(&smtp), Some(At::RcptTo));
    assert_eq!(summary(&client.deliver(1)), "rcpt_to deferred Server");
    smtp.release();
    assert_eq!(summary(&client.deliver(2)), "rcpt_to rejected Recipient");
    assert!(smtp.kept().is_empty());
    assert_eq!(smtp.n_conversations(), 2);
}

#[test]
fn an_abandoned_attempt_leaves_no_half_used_connection() {
    let smtp = Smtp::start();
    let mut client = Client::new(&plain(&smtp), None);
    assert_eq!(summary(&client.deliver(1)), "body accepted");
    smtp.fail(Rule::new(At::Data, Fault::Silence).times(1));
    let two = outgoing(2);
    let abandoned = client.runtime.block_on(async {
        let server_has_the_command = async {
            while smtp.n_reached(At::Data) < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            delivery = client.connection.deliver(&two) => Some(delivery),
            () = server_has_the_command => None,
        }
    });
    assert_eq!(abandoned, None);
    smtp.release();
    assert_eq!(summary(&client.deliver(3)), "body accepted");
    let to: Vec<_> = smtp.kept().into_iter().flat_map(|kept| kept.to).collect();
    assert_eq!(to, ["lead1@example.com", "lead3@example.com"]);
}

#[test]
fn a_connection_closed_while_idle_costs_no_attempt() {
    for fault in [Fault::HangUp, Fault::Leave(421, "4.4.2 idle for too long")] {
        let smtp = Smtp::start();
        let mut client = Client::new(&plain(&smtp), None);
        assert_eq!(summary(&client.deliver(1)), "body accepted");
        smtp.fail(Rule::new(At::MailFrom, fault).times(1));
        assert_eq!(summary(&client.deliver(2)), "body accepted", "{fault:?}");
        assert_eq!(smtp.n_conversations(), 2, "{fault:?}");
        smtp.fail(Rule::new(At::MailFrom, fault));
        assert_eq!(
            summary(&client.deliver(3)),
            "mail_from deferred Server",
            "{fault:?}"
        );
        assert_eq!(
            smtp.n_conversations(),
            3,
            "{fault:?}: one new connection, not more"
        );
    }
}

#[test]
fn a_body_held_by_the_server_can_be_waited_for_and_released() {
    let smtp = Smtp::start();
    smtp.fail(Rule::new(At::Body, Fault::Silence));
    let settings = plain(&smtp);
    let client = std::thread::spawn(move || summary(&Client::new(&settings, None).deliver(1)));
    smtp.wait_for(At::Body);
    assert_eq!((smtp.bodies_seen(), smtp.kept().len()), (1, 0));
    smtp.release();
    assert_eq!(client.join().unwrap(), "body accepted");
    assert_eq!(smtp.kept().len(), 1);
}

#[test]
fn nobody_listening_defers_at_connect() {
    let smtp = Smtp::start();
    let settings = plain(&smtp);
    drop(smtp);
    let mut client = Client::new(&settings, None);
    let delivery = client.deliver(1);
    assert_eq!(summary(&delivery), "connect deferred Server");
    assert!(delivery.reply().starts_with("127.0.0.1:"), "{delivery:?}");
    let error = format!("{:#}", client.check().unwrap_err());
    assert!(error.starts_with("SMTP_SERVER: `127.0.0.1:"), "{error}");
    assert!(
        error.contains("failed at connect") && !error.contains('\n'),
        "{error}"
    );
}

#[test]
fn a_mail_that_cannot_be_composed_never_reaches_the_server() {
    let smtp = Smtp::start();
    let mut client = Client::new(&plain(&smtp), None);
    let evil = Outgoing {
        subject: "x\r\nBcc: eve@example.net".to_string(),
        ..outgoing(1)
    };
    let delivery = client.runtime.block_on(client.connection.deliver(&evil));
    assert!(
        matches!(
            delivery,
            Delivery::Rejected {
                blame: Blame::Message,
                ..
            }
        ),
        "{delivery:?}"
    );
    assert_eq!(delivery.phase(), Phase::Connect);
    assert_eq!(smtp.n_conversations(), 0);
}

#[test]
fn no_protection_is_for_this_machine_only() {
    let smtp = Smtp::start();
    let far = SmtpSettings {
        host: "192.0.2.1".to_string(),
        ..plain(&smtp)
    };
    let error = Mailer::open(&Settings::Smtp(far), "example.org").unwrap_err();
    assert!(format!("{error:#}").contains("SMTP_TLS: expected `starttls` or `tls`"));
    for hello in ["", "two words", "a\r\nMAIL FROM:<x@y>", "[1.2.3.4]"] {
        assert!(
            Mailer::open(&Settings::Smtp(plain(&smtp)), hello).is_err(),
            "{hello:?}"
        );
    }
    let mut near = plain(&smtp);
    near.host = "localhost".to_string();
    assert_eq!(
        summary(&Client::new(&near, None).deliver(1)),
        "body accepted"
    );
    let mailer = Mailer::open(&Settings::Smtp(plain(&smtp)), "example.org").unwrap();
    assert_eq!(mailer.batch_max(), 1);
    assert!(matches!(
        mailer.evidence("c1.hook"),
        Evidence::CouldNotLook(_)
    ));
}

mod faults;
mod pipelining;
mod security;
