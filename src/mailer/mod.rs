//! Composes a mail and hands it over: to an SMTP server, verb by verb, or into a Maildir.
//!
//! Purpose: one attempt, and a [`crate::delivery::Delivery`] that tells truly how it ended.
//! Invariant: it never tries twice; it never says *deferred* once the body may have been taken.
//! This module knows neither the ledger nor why a mail is sent.

mod compose;
mod connect;
mod dialogue;
mod maildir;
mod sign_in;
mod smtp;

pub use compose::{Composed, Outgoing, Thread, compose};
pub use maildir::Maildir;
pub use smtp::{Server, SmtpConnection};

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::delivery::Delivery;
use crate::oauth;
use crate::tls::TlsMode;

/// An SMTP server to submit mail to.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// How we log in.
    pub login: Login,
    /// PEM file with authorities trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// After so many messages a connection is closed and another one opened, for servers that
    /// refuse more; none means that it is used as long as it lasts.
    pub messages_max: Option<u32>,
}

/// How we log in.
#[derive(Clone, Debug, Default)]
pub enum Login {
    /// Not at all.
    #[default]
    None,
    /// With a user name and password.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: SecretString,
        /// How they are said.
        mechanism: PasswordMechanism,
    },
    /// With access tokens (XOAUTH2), as Google and Microsoft want it.
    OAuth {
        /// The user name, usually the sender's address.
        username: String,
        /// Where the tokens come from.
        oauth: oauth::Settings,
    },
}

impl Login {
    /// The user name, if we log in.
    pub fn username(&self) -> Option<&str> {
        match self {
            Login::None => None,
            Login::Password { username, .. } | Login::OAuth { username, .. } => Some(username),
        }
    }
}

/// How a user name and password are said (RFC 4954). All are equally safe under TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordMechanism {
    /// PLAIN where it is offered, else LOGIN.
    #[default]
    Auto,
    /// PLAIN (RFC 4616).
    Plain,
    /// LOGIN, which no standard describes and some old servers want.
    Login,
}

/// What mails are signed with (RFC 6376).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimSettings {
    /// The domain that signs, `d=`.
    pub domain: String,
    /// Where its public key is found, `s=`: `<selector>._domainkey.<domain>`.
    pub selector: String,
    /// PEM file of the private key.
    pub key_file: PathBuf,
}

/// Where mail goes.
#[derive(Clone, Debug)]
pub enum Settings {
    /// Into this Maildir, created when missing.
    Maildir(PathBuf),
    /// To this server.
    Smtp(SmtpSettings),
}

/// How long to wait for each answer of a server. The defaults are those of RFC 5321
/// section 4.5.3.2: a server that is slow after the body is usually still delivering, and leaving
/// it early makes a doubt out of a delivery.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// TCP, for each address of the host, and the TLS handshake.
    pub connect: Duration,
    /// The greeting and the answer to EHLO.
    pub greeting: Duration,
    /// The whole of AUTH.
    pub auth: Duration,
    /// The answer to MAIL FROM.
    pub mail: Duration,
    /// The answer to RCPT TO.
    pub rcpt: Duration,
    /// The 354 to DATA.
    pub data: Duration,
    /// Handing the body over and the answer to its final dot.
    pub body: Duration,
    /// RSET, NOOP and QUIT, which decide nothing about a message.
    pub courtesy: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Deadlines {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            auth: minutes(2),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            body: minutes(3 + 10),
            courtesy: Duration::from_secs(10),
        }
    }
}

impl Deadlines {
    /// For a check that a person waits for: no mail is under way that patience could save.
    pub fn brief() -> Deadlines {
        let brief = Duration::from_secs(15);
        Deadlines {
            connect: brief,
            greeting: brief,
            auth: brief,
            ..Deadlines::default()
        }
    }
}

/// A check that failed for a reason time may mend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub(crate) String);

/// Whether a message in doubt can be found where it was to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It is there: it was delivered.
    Found,
    /// It is surely not there: it was not delivered.
    Absent,
    /// This way of sending leaves nothing that can be looked at, or looking failed; says why.
    CouldNotLook(String),
}

/// One way of handing mail over.
#[derive(Debug)]
pub enum Mailer {
    /// Files in a Maildir.
    Maildir(Maildir),
    /// An SMTP server.
    Smtp(Smtp),
}

/// An SMTP server, and the connection that [`Mailer::deliver_batch`] uses.
#[derive(Debug)]
pub struct Smtp {
    server: Arc<Server>,
    own: SmtpConnection,
}

impl Mailer {
    /// Prepares the mailer: makes the Maildir, or reads the TLS authorities. Opens no connection.
    /// `ehlo_domain` is the name we greet a server with, usually the sender's domain.
    pub fn open(settings: &Settings, ehlo_domain: &str) -> anyhow::Result<Mailer> {
        Mailer::open_with(settings, ehlo_domain, Deadlines::default())
    }

    /// [`Mailer::open`] with other deadlines.
    pub fn open_with(
        settings: &Settings,
        ehlo_domain: &str,
        deadlines: Deadlines,
    ) -> anyhow::Result<Mailer> {
        Ok(match settings {
            Settings::Maildir(dir) => Mailer::Maildir(Maildir::open(dir)?),
            Settings::Smtp(smtp) => {
                let server = Arc::new(Server::open(smtp, ehlo_domain, deadlines)?);
                let own = SmtpConnection::new(Arc::clone(&server));
                Mailer::Smtp(Smtp { server, own })
            }
        })
    }

    /// How an attempt's row names the place the mail went to: evidence counts only there.
    pub fn place(&self) -> String {
        match self {
            Mailer::Maildir(maildir) => maildir.place(),
            Mailer::Smtp(smtp) => smtp.server.place(),
        }
    }

    /// A way to hand over one mail after the other, independent of all others of this mailer.
    /// Nothing is opened before the first mail.
    pub fn connection(&self) -> Connection {
        match self {
            Mailer::Maildir(maildir) => Connection::Maildir(maildir.clone()),
            Mailer::Smtp(smtp) => {
                Connection::Smtp(Box::new(SmtpConnection::new(Arc::clone(&smtp.server))))
            }
        }
    }

    /// Makes one attempt at each message and returns the verdicts in the same order. Callers claim
    /// at most [`Mailer::batch_max`] messages for one call.
    pub async fn deliver_batch(&mut self, outgoing: &[Outgoing]) -> Vec<Delivery> {
        match self {
            Mailer::Maildir(maildir) => maildir.deliver_batch(outgoing),
            Mailer::Smtp(smtp) => {
                let mut deliveries = Vec::with_capacity(outgoing.len());
                for one in outgoing {
                    deliveries.push(match Composed::new(one) {
                        Ok(mail) => smtp.own.deliver(&mail).await,
                        Err(refused) => refused,
                    });
                }
                deliveries
            }
        }
    }

    /// How many messages may sensibly be claimed together. One over SMTP: whatever is claimed when
    /// the process dies is in doubt there, while in a Maildir we can look.
    pub fn batch_max(&self) -> usize {
        match self {
            Mailer::Maildir(_) => 256,
            Mailer::Smtp(_) => 1,
        }
    }

    /// Looks for the message with this key where it was to go.
    pub fn evidence(&self, outreach_key: &str) -> Evidence {
        match self {
            Mailer::Maildir(maildir) => maildir.evidence(outreach_key),
            Mailer::Smtp(_) => Evidence::CouldNotLook(
                "an SMTP server does not tell what it took; look in the Sent folder".to_string(),
            ),
        }
    }

    /// Tries everything short of sending: TLS, EHLO, AUTH and NOOP, or writing into the Maildir.
    /// Returns what was found, in words.
    pub async fn check(&mut self) -> anyhow::Result<String> {
        match self {
            Mailer::Maildir(maildir) => maildir.check(),
            Mailer::Smtp(smtp) => smtp.server.check().await,
        }
    }

    /// Takes leave of the server. A server that does not answer is left standing.
    pub async fn close(self) {
        if let Mailer::Smtp(smtp) = self {
            smtp.own.close().await;
        }
    }
}

/// One of any number of independent ways to hand over mail, owned by one task.
#[derive(Debug)]
pub enum Connection {
    /// Files in a Maildir.
    Maildir(Maildir),
    /// One connection to an SMTP server.
    Smtp(Box<SmtpConnection>),
}

impl Connection {
    /// Makes one attempt at one message. Dropping the future drops the connection; what was said
    /// until then is not known, so the message is in doubt.
    pub async fn deliver(&mut self, outgoing: &Outgoing) -> Delivery {
        match Composed::new(outgoing) {
            Ok(mail) => self.deliver_composed(&mail).await,
            Err(refused) => refused,
        }
    }

    /// [`Connection::deliver`] of a mail composed beforehand.
    pub async fn deliver_composed(&mut self, mail: &Composed) -> Delivery {
        match self {
            Connection::Maildir(maildir) => maildir.deliver(mail),
            Connection::Smtp(smtp) => smtp.deliver(mail).await,
        }
    }

    /// Takes leave of the server. A server that does not answer is left standing.
    pub async fn close(self) {
        if let Connection::Smtp(smtp) = self {
            smtp.close().await;
        }
    }
}

/// Whether a host is this very machine, so that mail to it needs no TLS: a loopback address, with
/// or without brackets, or `localhost` (RFC 6761 section 6.3).
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim();
    let bare = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => bare
            .strip_suffix('.')
            .unwrap_or(bare)
            .eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "[::1]",
            "localhost",
            "LocalHost.",
            " ::1 ",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(is_loopback("::ffff:127.0.0.1"));
        let others = [
            "",
            "10.0.0.1",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.evil.test",
        ];
        for host in others
            .into_iter()
            .chain(["0.0.0.0", "[::]", "notlocalhost", "127.1"])
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn the_default_deadlines_are_at_least_those_of_the_rfc() {
        let deadlines = Deadlines::default();
        assert!(deadlines.greeting >= Duration::from_secs(300));
        assert!(deadlines.mail >= Duration::from_secs(300));
        assert!(deadlines.rcpt >= Duration::from_secs(300));
        assert!(deadlines.data >= Duration::from_secs(120));
        assert!(deadlines.body >= Duration::from_secs(600));
    }
}
