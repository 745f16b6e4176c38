//! AUTH (RFC 4954): PLAIN, LOGIN and XOAUTH2.
//!
//! Invariant: nothing of a login gets into a failure, because some servers repeat the command they
//! refuse.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::PasswordMechanism;
use super::connect::{Connected, Offers};
use super::dialogue::{Answer, Failure};
use crate::delivery::{Phase, Reply};

/// Logs in with a password.
pub(super) async fn with_password(
    line: &mut Connected,
    user: &str,
    password: &SecretString,
    mechanism: PasswordMechanism,
    deadline: Duration,
) -> Result<(), Failure> {
    let password = password.expose_secret();
    let plain = STANDARD.encode(format!("\0{user}\0{password}"));
    let (user_word, password_word) = (STANDARD.encode(user), STANDARD.encode(password));
    let tried = match choose(&line.offers, mechanism)? {
        PasswordMechanism::Login => {
            let words = ["AUTH LOGIN", &user_word, &password_word];
            one_by_one(line, deadline, &words).await
        }
        _ => say(line, deadline, &format!("AUTH PLAIN {plain}"), &[235]).await,
    };
    let secrets = [plain.as_str(), &password_word, password];
    tried.map(drop).map_err(|f| without_secrets(f, &secrets))
}

/// Logs in with an access token
/// (<https://developers.google.com/workspace/gmail/imap/xoauth2-protocol>).
pub(super) async fn with_token(
    line: &mut Connected,
    user: &str,
    token: &SecretString,
    deadline: Duration,
) -> Result<(), Failure> {
    if !line.offers.auth.iter().any(|word| word == "XOAUTH2") {
        return Err(not_offered(&line.offers, "XOAUTH2"));
    }
    let token = token.expose_secret();
    let word = STANDARD.encode(format!("user={user}\x01auth=Bearer {token}\x01\x01"));
    let command = format!("AUTH XOAUTH2 {word}");
    let tried = match say(line, deadline, &command, &[235, 334]).await {
        // The challenge holds what is wrong with the token; an empty answer brings the 535.
        Ok(reply) if reply.code == 334 => say(line, deadline, "", &[235]).await,
        answer => answer,
    };
    let secrets = [word.as_str(), token];
    tried.map(drop).map_err(|f| without_secrets(f, &secrets))
}

/// The first two are answered by a challenge, always in this order; what the challenges say differs
/// from server to server.
async fn one_by_one(line: &mut Connected, deadline: Duration, words: &[&str; 3]) -> Answer {
    let [auth, user, password] = words;
    say(line, deadline, auth, &[334]).await?;
    say(line, deadline, user, &[334]).await?;
    say(line, deadline, password, &[235]).await
}

async fn say(line: &mut Connected, deadline: Duration, words: &str, expected: &[u16]) -> Answer {
    let words = format!("{words}\r\n");
    line.dialogue
        .ask(Phase::Auth, deadline, words.as_bytes(), expected)
        .await
}

fn choose(offers: &Offers, wanted: PasswordMechanism) -> Result<PasswordMechanism, Failure> {
    let is_offered = |name: &str| offers.auth.iter().any(|word| word == name);
    let (plain, login) = (is_offered("PLAIN"), is_offered("LOGIN"));
    match wanted {
        PasswordMechanism::Auto | PasswordMechanism::Plain if plain => Ok(PasswordMechanism::Plain),
        PasswordMechanism::Auto | PasswordMechanism::Login if login => Ok(PasswordMechanism::Login),
        PasswordMechanism::Auto => Err(not_offered(offers, "PLAIN or LOGIN")),
        PasswordMechanism::Plain => Err(not_offered(offers, "PLAIN")),
        PasswordMechanism::Login => Err(not_offered(offers, "LOGIN")),
    }
}

fn not_offered(offers: &Offers, wanted: &str) -> Failure {
    let found = match offers.auth.as_slice() {
        [] => "no AUTH at all".to_string(),
        words => format!("`{}`", words.join(" ")),
    };
    Failure::misfit(
        Phase::Auth,
        format!("expected the server to offer AUTH {wanted}, found {found} (SMTP_USERNAME)"),
    )
}

/// So much of a long secret tells that the rest of it follows.
const TELLING_BYTES: usize = 16;

/// Removes the login from what the server said. A long secret may have been cut with the reply.
fn without_secrets(failure: Failure, secrets: &[&str]) -> Failure {
    let hide = |text: &str| {
        let mut text = text.to_string();
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "[secret]");
            let beginning = secret.get(..TELLING_BYTES).unwrap_or(secret);
            if let Some((before, _)) = text.split_once(beginning) {
                text = format!("{before}[secret]");
            }
        }
        text
    };
    Failure {
        reply: failure
            .reply
            .map(|reply| Reply::new(reply.code, &hide(&reply.text))),
        error: hide(&failure.error),
        ..failure
    }
}
