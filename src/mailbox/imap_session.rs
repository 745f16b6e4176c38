//! A connection to an IMAP server, up to a folder opened read-only.
//!
//! Purpose: connect, protect, log in, EXAMINE; and tell a server that is away from a configuration
//! that is wrong. Invariants: every read and write has a deadline; a connection that should be
//! protected never goes on in the clear; no error holds the password.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

use anyhow::{Context, anyhow};
use imap::{Connection, Session};
use native_tls::HandshakeError;
use secrecy::{ExposeSecret, SecretString};

use crate::tls::{self, TlsMode};

use super::{Deadlines, ImapSettings, Login, OpenError, utf7};

/// The most folders named to somebody who named one that is not there.
const NAMED_MAX: usize = 12;

/// A folder that is open.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Opened {
    pub uidvalidity: u64,
    /// The UID the next mail will get, if the server says so.
    pub uid_next: Option<u32>,
    /// How many mails there are.
    pub exists: u32,
}

/// A logged-in session.
pub(super) fn open(
    settings: &ImapSettings,
    deadlines: Deadlines,
) -> Result<Session<Connection>, OpenError> {
    let place = place(settings);
    check_line(&place, "user name", &settings.username)?;
    let client = connect(settings, deadlines).map_err(|err| context(err, &place))?;
    log_in(client, settings).map_err(|err| {
        let what = format!("{place}: the login of `{}` failed", settings.username);
        context(err, &what)
    })
}

/// Opens a folder read-only.
pub(super) fn examine(
    session: &mut Session<Connection>,
    settings: &ImapSettings,
    folder: &str,
) -> Result<Opened, OpenError> {
    let place = place(settings);
    check_line(&place, "folder", folder)?;
    let opened = session.examine(utf7::spelled(folder)).map_err(|err| {
        let what = format!("{place}: the folder `{folder}` cannot be opened");
        match verdict_of(err) {
            OpenError::Refused(err) => {
                let there = named(session);
                OpenError::Refused(anyhow!("{what}: {err:#}{there}"))
            }
            err => context(err, &what),
        }
    })?;
    let uidvalidity = opened.uid_validity.ok_or_else(|| {
        OpenError::Refused(anyhow!(
            "{place}: expected a UIDVALIDITY for the folder `{folder}`, found none"
        ))
    })?;
    Ok(Opened {
        uidvalidity: u64::from(uidvalidity),
        uid_next: opened.uid_next,
        exists: opened.exists,
    })
}

fn place(settings: &ImapSettings) -> String {
    format!("IMAP server {}:{}", settings.host, settings.port)
}

fn check_line(place: &str, what: &str, value: &str) -> Result<(), OpenError> {
    if !value.contains(char::is_control) {
        return Ok(());
    }
    let found = value.escape_debug();
    Err(OpenError::Refused(anyhow!(
        "{place}: expected a {what} without control characters, found `{found}`"
    )))
}

/// The folders that are there, for somebody who named another one.
fn named(session: &mut Session<Connection>) -> String {
    let Ok(names) = session.list(None, Some("*")) else {
        return String::new();
    };
    let mut names: Vec<String> = names
        .iter()
        .map(|name| printable(utf7::shown(name.name()).as_bytes()))
        .collect();
    names.sort_by_key(|name| (!name.eq_ignore_ascii_case("INBOX"), name.clone()));
    names.dedup();
    let more = match names.len() > NAMED_MAX {
        true => " and others",
        false => "",
    };
    names.truncate(NAMED_MAX);
    match names.is_empty() {
        true => String::new(),
        false => format!("; there are `{}`{more}", names.join("`, `")),
    }
}

fn log_in(
    client: imap::Client<Connection>,
    settings: &ImapSettings,
) -> Result<Session<Connection>, OpenError> {
    let user = settings.username.as_str();
    let tried = match &settings.login {
        Login::Password(password) => client.login(user, password.expose_secret()),
        Login::Token(token) => client.authenticate("XOAUTH2", &Xoauth2 { user, token }),
        Login::OAuth(_) => {
            return Err(OpenError::Refused(anyhow!(
                "expected an access token to log in with, found none"
            )));
        }
    };
    tried.map_err(|(err, _)| verdict_of(err))
}

/// A login by access token
/// (<https://developers.google.com/workspace/gmail/imap/xoauth2-protocol>).
struct Xoauth2<'a> {
    user: &'a str,
    token: &'a SecretString,
}

impl imap::Authenticator for Xoauth2<'_> {
    type Response = String;

    /// The first challenge is empty. Another one holds what is wrong with the token; an empty
    /// answer brings the NO.
    fn process(&self, challenge: &[u8]) -> String {
        if !challenge.is_empty() {
            return String::new();
        }
        let token = self.token.expose_secret();
        format!("user={}\x01auth=Bearer {token}\x01\x01", self.user)
    }
}

fn connect(
    settings: &ImapSettings,
    deadlines: Deadlines,
) -> Result<imap::Client<Connection>, OpenError> {
    let tcp = dial(settings, deadlines).map_err(OpenError::Unreachable)?;
    let connection: Connection = match settings.tls {
        TlsMode::None => Box::new(tcp),
        TlsMode::Tls => Box::new(handshake(settings, tcp)?),
        TlsMode::StartTls => {
            let mut tcp = tcp;
            ask_for_tls(&mut tcp)?;
            return Ok(imap::Client::new(Box::new(handshake(settings, tcp)?)));
        }
    };
    let mut client = imap::Client::new(connection);
    let greeting = client.read_greeting().map_err(verdict_of)?;
    greeted(&printable(&greeting))?;
    Ok(client)
}

/// Speaks STARTTLS in the clear (RFC 9051 section 6.2.1). The library cannot do it over a
/// connection of our making. Bytes are read one by one, so that nothing sent before the handshake
/// survives it.
fn ask_for_tls(tcp: &mut TcpStream) -> Result<(), OpenError> {
    let lost = |err: std::io::Error| OpenError::Unreachable(anyhow!(err).context("no STARTTLS"));
    greeted(&read_line(tcp).map_err(lost)?)?;
    tcp.write_all(b"s1 STARTTLS\r\n").map_err(lost)?;
    for _ in 0..20 {
        let line = read_line(tcp).map_err(lost)?;
        let Some(answer) = line.strip_prefix("s1 ") else {
            continue;
        };
        if answer.to_ascii_uppercase().starts_with("OK") {
            return Ok(());
        }
        return Err(OpenError::Refused(anyhow!(
            "expected STARTTLS to be accepted, found `{answer}`; \
             set IMAP_TLS=tls if the port speaks TLS from the first byte"
        )));
    }
    Err(OpenError::Refused(anyhow!(
        "expected an answer to STARTTLS, found other lines"
    )))
}

fn read_line(tcp: &mut TcpStream) -> std::io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < 2_000 {
        tcp.read_exact(&mut byte)?;
        if byte == *b"\n" {
            break;
        }
        line.extend(byte);
    }
    Ok(printable(&line))
}

fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Judges the greeting: OK, or the server has no time for us (RFC 9051 section 7.1.5).
fn greeted(line: &str) -> Result<(), OpenError> {
    let upper = line.to_ascii_uppercase();
    if upper.starts_with("* OK") {
        Ok(())
    } else if upper.starts_with("* BYE") {
        Err(OpenError::Unreachable(anyhow!(
            "the server turned us away: `{line}`"
        )))
    } else {
        Err(OpenError::Refused(anyhow!(
            "expected the greeting of an IMAP server, found `{line}`"
        )))
    }
}

fn dial(settings: &ImapSettings, deadlines: Deadlines) -> anyhow::Result<TcpStream> {
    let addresses = (settings.host.as_str(), settings.port)
        .to_socket_addrs()
        .with_context(|| format!("the host `{}` is not known", settings.host))?;
    let mut failure = anyhow!("the host `{}` has no address", settings.host);
    for address in addresses {
        match TcpStream::connect_timeout(&address, deadlines.connect) {
            Ok(tcp) => {
                tcp.set_read_timeout(Some(deadlines.answer))?;
                tcp.set_write_timeout(Some(deadlines.answer))?;
                tcp.set_nodelay(true)?;
                return Ok(tcp);
            }
            Err(err) => failure = anyhow!(err).context("no connection"),
        }
    }
    Err(failure)
}

fn handshake(
    settings: &ImapSettings,
    tcp: TcpStream,
) -> Result<native_tls::TlsStream<TcpStream>, OpenError> {
    let connector = tls::connector(settings.ca_file.as_ref()).map_err(OpenError::Refused)?;
    connector
        .connect(&settings.host, tcp)
        .map_err(|err| match err {
            HandshakeError::WouldBlock(_) => {
                OpenError::Unreachable(anyhow!("the server fell silent during the TLS handshake"))
            }
            HandshakeError::Failure(err) => {
                let is_passing = hung_up(&err);
                let error = anyhow!(
                    "no TLS connection; check the host name, IMAP_TLS and TLS_CA_FILE: {}",
                    tls::words(&err)
                );
                if is_passing {
                    OpenError::Unreachable(error)
                } else {
                    OpenError::Refused(error)
                }
            }
        })
}

/// Whether the connection ended during the handshake, as it does while a server restarts: nothing
/// was said against our settings. The library has no name for it, only OpenSSL's words.
fn hung_up(err: &native_tls::Error) -> bool {
    let source = std::error::Error::source(err);
    let mut causes = std::iter::successors(source, |cause| cause.source());
    causes.any(|cause| cause.is::<std::io::Error>())
        || err.to_string().to_lowercase().contains("unexpected eof")
}

/// Whether to try again or to mend the configuration: a server's NO is final unless it says that
/// it cannot answer now (RFC 5530 section 3).
fn verdict_of(err: imap::Error) -> OpenError {
    let is_passing = match &err {
        imap::Error::No(no) => {
            let words = no.information.to_lowercase();
            [
                "unavailable",
                "temporar",
                "try again",
                "too many",
                "in use",
                "internal error",
            ]
            .iter()
            .any(|known| words.contains(known))
        }
        imap::Error::Bad(_) | imap::Error::Validate(_) => false,
        _ => true,
    };
    let err = match err {
        imap::Error::No(no) => anyhow!("the server said `{}`", no.information),
        imap::Error::Bad(bad) => anyhow!("the server said `{}`", bad.information),
        imap::Error::Validate(_) => {
            anyhow!("expected a user name, password and folder without line breaks")
        }
        err => anyhow!(err),
    };
    if is_passing {
        OpenError::Unreachable(err)
    } else {
        OpenError::Refused(err)
    }
}

fn context(err: OpenError, what: &str) -> OpenError {
    match err {
        OpenError::Unreachable(err) => OpenError::Unreachable(err.context(what.to_string())),
        OpenError::Refused(err) => OpenError::Refused(err.context(what.to_string())),
    }
}
