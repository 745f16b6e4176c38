//! Logins by access token: one for all connections, another one when the server refuses it, and
//! never shown.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use outreach::oauth;

use super::*;

const REFRESH: &str = "1//refresh-4711";

/// A token endpoint: each request takes the next answer. Lives as long as the test's process.
struct Endpoint {
    url: String,
    left: Arc<Mutex<VecDeque<(u16, String)>>>,
}

impl Endpoint {
    fn start(answers: &[(u16, &str)]) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let answers = answers.iter().map(|(code, body)| (*code, body.to_string()));
        let left = Arc::new(Mutex::new(answers.collect::<VecDeque<_>>()));
        let shared = Arc::clone(&left);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                // The whole request comes in one or two packets and ends with the client's id.
                let mut request = Vec::new();
                while !request.ends_with(b"client_id=app") {
                    let mut part = [0_u8; 4096];
                    let n = socket.read(&mut part).unwrap();
                    assert!(n > 0, "the request ended early");
                    request.extend_from_slice(&part[..n]);
                }
                let (code, body) = shared
                    .lock()
                    .unwrap()
                    .pop_front()
                    .expect("one request more");
                let head = format!("HTTP/1.1 {code} X\r\ncontent-length: {}\r\n", body.len());
                let answer = format!("{head}connection: close\r\n\r\n{body}");
                socket.write_all(answer.as_bytes()).unwrap();
            }
        });
        Endpoint { url, left }
    }

    fn n_left(&self) -> usize {
        self.left.lock().unwrap().len()
    }

    fn settings(&self, smtp: &Smtp) -> SmtpSettings {
        SmtpSettings {
            login: Login::OAuth {
                username: USER.to_string(),
                oauth: oauth::Settings {
                    token_url: self.url.clone(),
                    client_id: "app".to_string(),
                    client_secret: None,
                    refresh_token: SecretString::from(REFRESH.to_string()),
                    refresh_token_file: None,
                    scope: None,
                    ca_file: None,
                },
            },
            ..plain(smtp)
        }
    }
}

const FIRST: &str = "{\"access_token\":\"token-1\",\"token_type\":\"Bearer\",\"expires_in\":3600}";
const SECOND: &str = "{\"access_token\":\"token-2\",\"token_type\":\"Bearer\",\"expires_in\":3600}";

/// A server that takes this token only.
fn server(token: &str) -> Smtp {
    Smtp::start_with(Options {
        login: Some((USER.to_string(), token.to_string())),
        mechanisms: "LOGIN PLAIN XOAUTH2",
        ..Options::default()
    })
}

#[test]
fn one_token_serves_every_connection() {
    let endpoint = Endpoint::start(&[(200, FIRST)]);
    let smtp = server("token-1");
    let mut client = Client::new(&endpoint.settings(&smtp), None);
    assert_eq!(summary(&client.deliver(1)), "body accepted");
    let mut other = client.mailer.connection();
    let delivery = client.runtime.block_on(other.deliver(&outgoing(2)));
    assert_eq!(summary(&delivery), "body accepted");
    assert_eq!((smtp.n_conversations(), endpoint.n_left()), (2, 0));
    assert_eq!(smtp.kept()[1].user.as_deref(), Some(USER));
    let said = client.check().unwrap();
    assert!(
        said.contains(&format!("takes the login of `{USER}`")),
        "{said}"
    );
}

#[test]
fn a_refused_token_is_renewed_once() {
    let endpoint = Endpoint::start(&[(200, FIRST), (200, SECOND)]);
    let smtp = server("token-2");
    let mut client = Client::new(&endpoint.settings(&smtp), None);
    assert_eq!(summary(&client.deliver(1)), "body accepted");
    assert_eq!((smtp.n_conversations(), endpoint.n_left()), (2, 0));

    let endpoint = Endpoint::start(&[(200, FIRST), (200, SECOND), (200, FIRST)]);
    let smtp = server("token-3");
    let mut client = Client::new(&endpoint.settings(&smtp), None);
    let delivery = client.deliver(1);
    assert_eq!(summary(&delivery), "auth deferred Sender", "{delivery:?}");
    assert!(delivery.reply().starts_with("535 5.7.8"), "{delivery:?}");
    assert_eq!((smtp.n_conversations(), endpoint.n_left()), (2, 1));
    assert_eq!(smtp.bodies_seen(), 0);
}

#[test]
fn without_a_token_the_server_is_not_even_called() {
    let smtp = server("token-1");
    #[track_caller]
    fn check(smtp: &Smtp, answer: (u16, &str), expected: &str, words: &str) {
        let endpoint = Endpoint::start(&[answer, answer]);
        let mut client = Client::new(&endpoint.settings(smtp), None);
        let delivery = client.deliver(1);
        assert_eq!(summary(&delivery), expected, "{delivery:?}");
        assert!(delivery.reply().contains(words), "{delivery:?}");
        let error = client.check().unwrap_err();
        let is_passing = error.is::<outreach::mailer::Unreachable>();
        assert_eq!(is_passing, expected.ends_with("Server"), "{error:#}");
        assert_eq!(endpoint.n_left(), 0);
    }
    let revoked = (400, "{\"error\":\"invalid_grant\"}");
    check(
        &smtp,
        revoked,
        "auth deferred Sender",
        "a person must sign in again",
    );
    check(
        &smtp,
        (503, ""),
        "auth deferred Server",
        "the endpoint said 503",
    );
    assert_eq!(smtp.n_conversations(), 0);
}

#[test]
fn a_server_without_xoauth2_gets_no_token() {
    let endpoint = Endpoint::start(&[(200, FIRST)]);
    let smtp = Smtp::start_with(Options {
        login: login(),
        ..Options::default()
    });
    let delivery = Client::new(&endpoint.settings(&smtp), None).deliver(1);
    assert_eq!(summary(&delivery), "auth deferred Sender");
    let words = "expected the server to offer AUTH XOAUTH2, found `PLAIN LOGIN`";
    assert!(delivery.reply().contains(words), "{delivery:?}");
    assert_eq!(smtp.n_reached(At::Auth), 0);
}

#[test]
fn a_server_that_repeats_the_token_does_not_get_it_into_our_records() {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    // Longer than what is kept of a reply, so that its end is cut.
    let long = format!("ya29.{}", "x1Y2".repeat(300));
    let word = encode(&format!("user={USER}\x01auth=Bearer {long}\x01\x01"));
    for echo in [
        format!("5.5.4 what is {word}"),
        format!("5.7.8 no such token {long}"),
    ] {
        let granted = FIRST.replace("token-1", &long);
        let endpoint = Endpoint::start(&[(200, &granted), (200, &granted)]);
        let smtp = server(&long);
        let echo: &'static str = Box::leak(echo.into_boxed_str());
        smtp.fail(Rule::new(At::Auth, Fault::Reply(535, echo)));
        let delivery = Client::new(&endpoint.settings(&smtp), None).deliver(1);
        assert_eq!(summary(&delivery), "auth deferred Sender");
        let reply = delivery.reply();
        assert!(reply.ends_with("[secret]"), "{reply}");
        assert!(
            !reply.contains("x1Y2") && !reply.contains(&word[..40]),
            "{reply}"
        );
    }
}
