//! The login by access token (XOAUTH2), said as Google and Microsoft want it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use outreach::oauth;
use secrecy::SecretString;

use super::*;

const TOKEN: &str = "ya29.good-4711";

/// An IMAP server that takes only that token and has one empty folder.
fn talk(mut stream: TcpStream, _: usize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut next = move || lines.next().and_then(Result::ok);
    let mut say = move |words: &str| stream.write_all(format!("{words}\r\n").as_bytes()).is_ok();
    say("* OK hello");
    while let Some(line) = next() {
        let (tag, command) = line.split_once(' ').unwrap();
        let answer = match command.split(' ').next().unwrap() {
            "AUTHENTICATE" => {
                assert_eq!(command, "AUTHENTICATE XOAUTH2");
                say("+ ");
                let Some(login) = next() else { return };
                let expected = format!("user={}\x01auth=Bearer {TOKEN}\x01\x01", dovecot::USER);
                if login == STANDARD.encode(expected) {
                    "OK welcome"
                } else {
                    // The reason first; only its empty answer brings the refusal.
                    say(&format!("+ {}", STANDARD.encode("{\"status\":\"400\"}")));
                    assert_eq!(next().as_deref(), Some(""));
                    "NO [AUTHENTICATIONFAILED] Invalid credentials"
                }
            }
            "EXAMINE" => {
                say("* 0 EXISTS");
                say("* OK [UIDVALIDITY 7] valid");
                "OK [READ-ONLY] done"
            }
            _ => "OK done",
        };
        if !say(&format!("{tag} {answer}")) {
            return;
        }
    }
}

fn with_token(port: u16, token: &str) -> Settings {
    let oauth = oauth::Settings {
        token_url: oauth::GOOGLE_TOKEN_URL.to_string(),
        client_id: "app".to_string(),
        client_secret: None,
        refresh_token: SecretString::from("1//refresh".to_string()),
        refresh_token_file: None,
        scope: None,
        ca_file: None,
    };
    let imap = ImapSettings {
        login: Login::OAuth(Box::new(oauth)),
        ..settings(port, TlsMode::None, None)
    };
    let settings = Settings::Imap(imap);
    assert_eq!(
        settings.oauth().map(|oauth| oauth.client_id.as_str()),
        Some("app")
    );
    let err = Mailbox::open(&settings).unwrap_err();
    assert!(matches!(err, OpenError::Refused(_)), "{err}");
    assert!(
        err.to_string().contains("expected an access token"),
        "{err}"
    );
    let ready = settings.with_token(SecretString::from(token.to_string()));
    assert_eq!(
        (ready.account(), ready.oauth().is_some()),
        (settings.account(), false)
    );
    ready
}

#[test]
fn a_token_opens_the_mailbox_and_a_wrong_one_is_refused_without_being_shown() {
    let port = scripted(talk);
    assert!(Mailbox::open(&with_token(port, TOKEN)).is_ok());
    for token in ["ya29.old-4711", "x\x01auth=Bearer ya29.good-4711"] {
        let err = Mailbox::open(&with_token(port, token)).unwrap_err();
        assert!(matches!(err, OpenError::Refused(_)), "{err}");
        let line = err.to_string();
        assert!(line.contains("Invalid credentials"), "{line}");
        assert!(!line.contains("ya29") && !line.contains('\n'), "{line}");
    }
}

/// A token endpoint behind TLS that answers every request and replaces the refresh token.
fn endpoint(identity: native_tls::Identity) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = native_tls::TlsAcceptor::new(identity).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A client that does not trust us hangs up.
            let Ok(mut stream) = acceptor.accept(stream) else {
                continue;
            };
            let mut asked = Vec::new();
            let mut bytes = [0; 4096];
            while !String::from_utf8_lossy(&asked).contains("refresh_token=1%2F%2F") {
                match stream.read(&mut bytes) {
                    Ok(n) if n > 0 => asked.extend(&bytes[..n]),
                    _ => break,
                }
            }
            let body = format!(
                "{{\"access_token\":\"{TOKEN}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\
                 \"refresh_token\":\"1//newer\"}}"
            );
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length";
            let _ = stream.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
    });
    port
}

#[test]
fn the_token_endpoint_is_trusted_by_our_authority_and_a_newer_refresh_token_is_kept() {
    if !dovecot::is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start(dir.path());
    let world = World::new()
        .env("IMAP_SERVER", "127.0.0.1")
        .env("IMAP_PORT", scripted(talk).to_string())
        .env("IMAP_TLS", "none")
        .env("IMAP_USERNAME", dovecot::USER)
        .env("OAUTH_CLIENT_ID", "app")
        .env(
            "OAUTH_TOKEN_URL",
            format!("https://localhost:{}/token", endpoint(server.identity())),
        );
    world.write("refresh", "1//first\n");
    let mut world = world.env("OAUTH_REFRESH_TOKEN_FILE", "refresh");
    world.run(&["scan"]).exits(75).complains("no access token");
    world.set_env("TLS_CA_FILE", server.ca_file().to_str().unwrap());
    world.run(&["scan"]).exits(0);
    assert_eq!(world.read("refresh"), "1//newer\n");
    world.set_env("OAUTH_REFRESH_TOKEN_FILE", "");
    world.set_env("OAUTH_REFRESH_TOKEN", "1//first");
    let warned = world.run(&["scan"]).exits(0).stderr;
    assert!(warned.contains("OAUTH_REFRESH_TOKEN_FILE"), "{warned}");
    assert!(!warned.contains("1//"), "{warned}");
}
