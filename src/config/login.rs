//! How a sender logs in where its mail goes and where its answers are read: passwords, or access
//! tokens of a provider that takes no password any more.

use std::path::PathBuf;

use secrecy::SecretString;

use super::checks::{ignored, require};
use super::reader::Reader;
use super::sources::Origin;
use crate::{mailer, oauth};

/// The settings of access tokens. None when there is no refresh token; with a problem noted when
/// something beside it is missing.
pub(super) fn read_oauth(
    reader: &mut Reader,
    ca_file: Option<&PathBuf>,
) -> Option<oauth::Settings> {
    let token_url = reader.url("OAUTH_TOKEN_URL");
    let client_id = reader.line("OAUTH_CLIENT_ID");
    let client_secret = reader.secret("OAUTH_CLIENT_SECRET");
    let refresh_token = reader.secret("OAUTH_REFRESH_TOKEN");
    let scope = reader.line("OAUTH_SCOPE");
    let refresh_token_file = match reader.origin("OAUTH_REFRESH_TOKEN") {
        Some(Origin::SecretFile(path)) => Some(path),
        _ => None,
    };
    if !reader.is_set("OAUTH_REFRESH_TOKEN") {
        let idle = [
            "OAUTH_TOKEN_URL",
            "OAUTH_CLIENT_ID",
            "OAUTH_CLIENT_SECRET",
            "OAUTH_SCOPE",
        ];
        ignored(reader, &idle, "OAUTH_REFRESH_TOKEN is not set");
        return None;
    }
    require(reader, "OAUTH_TOKEN_URL", "OAUTH_REFRESH_TOKEN");
    require(reader, "OAUTH_CLIENT_ID", "OAUTH_REFRESH_TOKEN");
    Some(oauth::Settings {
        token_url: token_url?,
        client_id: client_id?,
        client_secret,
        refresh_token: refresh_token?,
        refresh_token_file,
        scope,
        ca_file: ca_file.cloned(),
    })
}

/// The variables of one server's login.
pub(super) struct Names {
    server: &'static str,
    auth: &'static str,
    username: &'static str,
    password: &'static str,
}

pub(super) const SMTP: Names = Names {
    server: "SMTP_SERVER",
    auth: "SMTP_AUTH",
    username: "SMTP_USERNAME",
    password: "SMTP_PASSWORD",
};

pub(super) const IMAP: Names = Names {
    server: "IMAP_SERVER",
    auth: "IMAP_AUTH",
    username: "IMAP_USERNAME",
    password: "IMAP_PASSWORD",
};

/// How we log in at a server.
pub(super) enum Login {
    /// Not at all.
    None,
    /// With a password, said in the way of a word of `SMTP_AUTH` or `IMAP_AUTH`.
    Password {
        username: String,
        password: SecretString,
        mechanism: &'static str,
    },
    /// With access tokens.
    Token {
        username: String,
        oauth: oauth::Settings,
    },
}

/// Reads a login. None only if a problem was noted; without a server there is no login, and not
/// without a user name either unless `is_needed`.
pub(super) fn read(
    reader: &mut Reader,
    names: &Names,
    oauth: Option<&oauth::Settings>,
    is_needed: bool,
) -> Option<Login> {
    // An account at a provider has one login for both servers.
    let names = match reader.origin(names.server) {
        Some(Origin::Provider(_))
            if !reader.is_set(names.username) && !reader.is_set(names.password) =>
        {
            &Names {
                server: names.server,
                auth: names.auth,
                ..SMTP
            }
        }
        _ => names,
    };
    let username = reader.line(names.username);
    let password = reader.secret(names.password);
    let mechanism = reader.choice(names.auth);
    let (is_named, has_password) = (reader.is_set(names.username), reader.is_set(names.password));
    if !reader.is_set(names.server) {
        let idle = [names.username, names.password, names.auth];
        ignored(reader, &idle, &format!("{} is not set", names.server));
        return Some(Login::None);
    }
    let mechanism = mechanism?;
    if mechanism == "xoauth2" {
        require(reader, names.username, names.auth);
        require(reader, "OAUTH_REFRESH_TOKEN", names.auth);
        ignored(
            reader,
            &[names.password],
            &format!("{} is xoauth2", names.auth),
        );
    }
    if mechanism == "xoauth2" || mechanism == "auto" && is_named && prefers_token(reader, names) {
        return Some(Login::Token {
            username: username?,
            oauth: oauth?.clone(),
        });
    }
    if is_needed {
        require(reader, names.username, names.server);
        require(reader, names.password, names.server);
    } else if mechanism != "auto" {
        require(reader, names.username, names.auth);
        require(reader, names.password, names.auth);
    } else if is_named {
        require(reader, names.password, names.username);
    } else if has_password {
        require(reader, names.username, names.password);
    } else {
        return Some(Login::None);
    }
    Some(Login::Password {
        username: username?,
        password: password?,
        mechanism,
    })
}

/// Whether a login that was left open goes by access token. Of a password and a refresh token from
/// the same place the password counts, else what the sender was given itself.
fn prefers_token(reader: &Reader, names: &Names) -> bool {
    let token = "OAUTH_REFRESH_TOKEN";
    let is_nearer = reader.is_own(token) && !reader.is_own(names.password);
    reader.is_set(token) && (is_nearer || !reader.is_set(names.password))
}

impl Login {
    /// Whether access tokens are asked for.
    pub(super) fn takes_token(&self) -> bool {
        matches!(self, Login::Token { .. })
    }
}

impl From<Login> for mailer::Login {
    fn from(login: Login) -> mailer::Login {
        match login {
            Login::None => mailer::Login::None,
            Login::Token { username, oauth } => mailer::Login::OAuth { username, oauth },
            Login::Password {
                username,
                password,
                mechanism,
            } => mailer::Login::Password {
                username,
                password,
                mechanism: match mechanism {
                    "plain" => mailer::PasswordMechanism::Plain,
                    "login" => mailer::PasswordMechanism::Login,
                    _ => mailer::PasswordMechanism::Auto,
                },
            },
        }
    }
}
