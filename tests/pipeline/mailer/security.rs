//! TLS and AUTH: what is protected stays protected, or nothing is sent.

use tempfile::TempDir;

use super::*;

struct Server {
    _dir: TempDir,
    smtp: Smtp,
    ca_file: PathBuf,
}

fn server(tls: Tls, login: Option<(String, String)>) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let (ca_file, identity) = certificate(dir.path());
    let options = Options {
        tls,
        identity: Some(identity),
        login,
        ..Options::default()
    };
    Server {
        _dir: dir,
        smtp: Smtp::start_with(options),
        ca_file,
    }
}

impl Server {
    fn settings(&self, tls: TlsMode) -> SmtpSettings {
        SmtpSettings {
            tls,
            ca_file: Some(self.ca_file.clone()),
            ..plain(&self.smtp)
        }
    }

    /// Only what may be said in the clear was said, and no mail came through.
    #[track_caller]
    fn heard_nothing_worth_hiding(&self) {
        let commands = self.smtp.commands();
        let is_harmless = |line: &String| line.starts_with("EHLO ") || line == "STARTTLS";
        assert!(commands.iter().all(is_harmless), "{commands:?}");
        assert_eq!(self.smtp.bodies_seen(), 0);
    }
}

#[test]
fn both_ways_of_tls_carry_login_and_mail() {
    for (tls, mode) in [
        (Tls::Offered, TlsMode::StartTls),
        (Tls::Always, TlsMode::Tls),
    ] {
        let server = server(tls, login());
        let settings = with_login(server.settings(mode), PASSWORD);
        for host in ["127.0.0.1", "localhost"] {
            let settings = SmtpSettings {
                host: host.to_string(),
                ..settings.clone()
            };
            let mut client = Client::new(&settings, None);
            assert_eq!(
                summary(&client.deliver(1)),
                "body accepted",
                "{mode:?} {host}"
            );
            assert_eq!(
                summary(&client.deliver(2)),
                "body accepted",
                "{mode:?} {host}"
            );
        }
        for kept in server.smtp.kept() {
            assert!(kept.over_tls, "{mode:?}");
            assert_eq!(kept.user.as_deref(), Some(USER), "{mode:?}");
        }
        let said = Client::new(&settings, None).check().unwrap();
        assert!(
            said.contains(mode.as_str()) && said.contains(USER),
            "{said}"
        );
        assert!(!said.contains(PASSWORD));
    }
}

#[test]
fn without_an_offer_of_starttls_nothing_is_sent() {
    let server = server(Tls::Never, login());
    let settings = with_login(server.settings(TlsMode::StartTls), PASSWORD);
    let delivery = Client::new(&settings, None).deliver(1);
    assert_eq!(summary(&delivery), "greeting deferred Sender");
    assert!(delivery.reply().contains("STARTTLS"), "{delivery:?}");
    server.heard_nothing_worth_hiding();
}

#[test]
fn whatever_goes_wrong_around_starttls_nothing_goes_on_in_the_clear() {
    let faults = [
        (
            Fault::Reply(454, "4.7.0 TLS not available"),
            "greeting deferred Sender",
        ),
        (Fault::Reply(250, "sure"), "greeting deferred Server"),
        (Fault::HangUp, "greeting deferred Server"),
        (
            Fault::Raw(b"220 go\r\n250 AUTH PLAIN\r\n"),
            "greeting deferred Server",
        ),
        (Fault::Raw(b"220 go\r\n"), "connect deferred Server"),
    ];
    for (fault, expected) in faults {
        let server = server(Tls::Offered, login());
        server.smtp.fail(Rule::new(At::StartTls, fault));
        let settings = with_login(server.settings(TlsMode::StartTls), PASSWORD);
        // After a bare 220 the server reads our handshake as commands and never answers it.
        let is_silent = matches!(fault, Fault::Raw(b"220 go\r\n"));
        let mut client = Client::new(&settings, is_silent.then_some(At::Connect));
        let delivery = client.deliver(1);
        assert_eq!(summary(&delivery), expected, "{fault:?}: {delivery:?}");
        assert_eq!(server.smtp.bodies_seen(), 0);
        let commands = server.smtp.commands();
        assert!(
            !commands.iter().any(|line| line.starts_with("AUTH")),
            "{commands:?}"
        );
    }
}

#[test]
fn a_certificate_nobody_vouches_for_is_refused_with_the_mend() {
    for (tls, mode) in [
        (Tls::Offered, TlsMode::StartTls),
        (Tls::Always, TlsMode::Tls),
    ] {
        let server = server(tls, login());
        let settings = SmtpSettings {
            ca_file: None,
            ..server.settings(mode)
        };
        let delivery = Client::new(&with_login(settings, PASSWORD), None).deliver(1);
        assert_eq!(
            summary(&delivery),
            "connect deferred Sender",
            "{delivery:?}"
        );
        assert!(delivery.reply().contains("TLS_CA_FILE"), "{delivery:?}");
        server.heard_nothing_worth_hiding();
    }
}

#[test]
fn the_wrong_kind_of_tls_is_named() {
    let always = server(Tls::Always, None);
    let mut client = Client::new(&always.settings(TlsMode::StartTls), Some(At::Greeting));
    let delivery = client.deliver(1);
    assert_eq!(
        summary(&delivery),
        "greeting deferred Server",
        "{delivery:?}"
    );
    assert!(delivery.reply().contains("SMTP_TLS=tls"), "{delivery:?}");

    let offered = server(Tls::Offered, None);
    let delivery = Client::new(&offered.settings(TlsMode::Tls), None).deliver(1);
    assert_eq!(
        summary(&delivery),
        "connect deferred Sender",
        "{delivery:?}"
    );
    assert!(
        delivery.reply().contains("SMTP_TLS=starttls"),
        "{delivery:?}"
    );
    offered.heard_nothing_worth_hiding();
}

#[test]
fn either_way_of_auth_works_and_no_other_is_tried() {
    let with = |mechanisms| {
        let smtp = Smtp::start_with(Options {
            login: login(),
            mechanisms,
            ..Options::default()
        });
        let delivery = Client::new(&with_login(plain(&smtp), PASSWORD), None).deliver(1);
        (summary(&delivery), smtp.commands())
    };
    for (mechanisms, chosen) in [("PLAIN", "AUTH PLAIN"), ("LOGIN", "AUTH LOGIN")] {
        let (summary, commands) = with(mechanisms);
        assert_eq!(summary, "body accepted", "{mechanisms}");
        assert!(commands.iter().any(|line| line == chosen), "{commands:?}");
    }
    let (summary, commands) = with("GSSAPI NTLM");
    assert_eq!(summary, "auth deferred Sender");
    assert!(
        !commands.iter().any(|line| line.starts_with("AUTH")),
        "{commands:?}"
    );
}

#[test]
fn a_wrong_password_is_ours_to_mend_and_never_shown() {
    let smtp = Smtp::start_with(Options {
        login: login(),
        ..Options::default()
    });
    let mut client = Client::new(&with_login(plain(&smtp), "wrong-4711"), None);
    let delivery = client.deliver(1);
    assert_eq!(summary(&delivery), "auth deferred Sender");
    assert!(!delivery.reply().contains("wrong-4711"));
    let error = format!("{:#}", client.check().unwrap_err());
    assert!(error.contains("failed at auth: 535 5.7.8"), "{error}");
    assert!(
        !error.contains("wrong-4711") && !format!("{:?}", client.mailer).contains("wrong-4711")
    );
    assert_eq!(smtp.bodies_seen(), 0);
}

#[test]
fn a_server_that_repeats_the_login_does_not_get_it_into_our_records() {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let command = encode(&format!("\0{USER}\0{PASSWORD}"));
    let echoes = [
        format!("5.5.4 cannot make sense of AUTH PLAIN {command}"),
        format!("5.5.4 not base64: {}", encode(PASSWORD)),
        format!("5.7.8 wrong password {PASSWORD}"),
    ];
    for echo in echoes {
        let smtp = Smtp::start_with(Options {
            login: login(),
            ..Options::default()
        });
        let echo: &'static str = Box::leak(echo.into_boxed_str());
        smtp.fail(Rule::new(At::Auth, Fault::Reply(535, echo)));
        let delivery = Client::new(&with_login(plain(&smtp), PASSWORD), None).deliver(1);
        assert_eq!(summary(&delivery), "auth deferred Sender");
        let reply = delivery.reply();
        assert!(reply.contains("[secret]"), "{reply}");
        for secret in [PASSWORD, &command, &encode(PASSWORD)] {
            assert!(!reply.contains(secret), "{reply}");
        }
    }
}
