//! One SMTP conversation a message, verb by verb, so that the phase of every failure is known.
//!
//! Invariant: a connection is used again only after both sides agreed on where they stand; after a
//! deadline, a cut or an unexpected reply it is dropped, because the next reply could belong to the
//! last question and report a success that never was.

use anyhow::{Context, bail, ensure};
use base64::Engine;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Quit, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use native_tls::TlsConnector;
use secrecy::ExposeSecret;

use super::compose::{address, compose};
use super::connect::{Failure, answer, connect};
use super::maildir::uncomposable;
use super::{Deadlines, Outgoing, SmtpSettings, Unreachable, is_loopback};
use crate::delivery::{Delivery, Phase, Reply};
use crate::tls::{TlsMode, connector};

/// An SMTP server we submit mail to, with at most one connection.
pub struct Smtp {
    settings: SmtpSettings,
    connector: TlsConnector,
    hello: ClientId,
    deadlines: Deadlines,
    /// Ready for MAIL FROM. Taken out while in use, so that whatever interrupts a conversation,
    /// a dropped future included, leaves no half-used connection behind.
    idle: Option<AsyncSmtpConnection>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Smtp {
    pub(super) fn open(
        settings: &SmtpSettings,
        ehlo_domain: &str,
        deadlines: Deadlines,
    ) -> anyhow::Result<Smtp> {
        ensure!(
            settings.tls != TlsMode::None || is_loopback(&settings.host),
            "SMTP_TLS: expected `starttls` or `tls` for `{}`, found `none` (only for this machine)",
            settings.host
        );
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        ensure!(
            (1..=253).contains(&ehlo_domain.len()) && ehlo_domain.bytes().all(is_plain),
            "EHLO: expected a domain name, found {ehlo_domain:?}"
        );
        ensure!(
            settings.username.is_none() || settings.password.is_some(),
            "SMTP_PASSWORD: expected one for SMTP_USERNAME, found none"
        );
        Ok(Smtp {
            settings: settings.clone(),
            connector: connector(settings.ca_file.as_ref())?,
            hello: ClientId::Domain(ehlo_domain.to_string()),
            deadlines,
            idle: None,
        })
    }

    /// The server by its address.
    pub(super) fn place(&self) -> String {
        format!("smtp:{}:{}", self.settings.host, self.settings.port)
    }

    /// Makes one attempt at one message.
    pub(super) async fn deliver(&mut self, outgoing: &Outgoing) -> Delivery {
        let composed = compose(outgoing)
            .and_then(|raw| Ok((address(&outgoing.from)?, address(&outgoing.to)?, raw)));
        let (from, to, raw) = match composed {
            Ok(composed) => composed,
            Err(error) => return uncomposable(&error),
        };
        match self.converse(from, to, &raw).await {
            Ok(reply) => crate::delivery::judge(Phase::Body, Some(&reply), ""),
            Err(failure) => failure.delivery(),
        }
    }

    async fn converse(&mut self, from: Address, to: Address, raw: &[u8]) -> Result<Reply, Failure> {
        let mut connection = self.begin(from).await?;
        let handed_over = self.hand_over(&mut connection, to, raw).await;
        self.put_back(connection, handed_over.as_ref().err()).await;
        handed_over
    }

    /// A connection on which MAIL FROM was taken. One kept since the last message may have been
    /// closed meanwhile for being idle, which says nothing about this message: then a new one is
    /// opened, once.
    async fn begin(&mut self, from: Address) -> Result<AsyncSmtpConnection, Failure> {
        if let Some(mut connection) = self.idle.take() {
            match self.mail(&mut connection, from.clone()).await {
                Ok(_) => return Ok(connection),
                Err(failure) if failure.leaves_the_connection_usable() => {
                    self.put_back(connection, Some(&failure)).await;
                    return Err(failure);
                }
                Err(_) => {}
            }
        }
        let mut connection = self.sign_in().await?;
        match self.mail(&mut connection, from).await {
            Ok(_) => Ok(connection),
            Err(failure) => {
                self.put_back(connection, Some(&failure)).await;
                Err(failure)
            }
        }
    }

    async fn mail(&self, connection: &mut AsyncSmtpConnection, from: Address) -> Answer {
        let asked = connection.command(Mail::new(Some(from), Vec::new()));
        answer(Phase::MailFrom, self.deadlines.mail, &[250], asked).await
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        to: Address,
        raw: &[u8],
    ) -> Answer {
        let deadlines = &self.deadlines;
        let asked = connection.command(Rcpt::new(to, Vec::new()));
        // 251 and 252 take the recipient too (RFC 5321 section 3.4 and 3.5.3).
        answer(Phase::RcptTo, deadlines.rcpt, &[250, 251, 252], asked).await?;
        answer(
            Phase::Data,
            deadlines.data,
            &[354],
            connection.command(Data),
        )
        .await?;
        // From here on the body may be out. The line end before the dot is lettre's.
        let raw = raw.strip_suffix(b"\r\n").unwrap_or(raw);
        answer(Phase::Body, deadlines.body, &[250], connection.message(raw)).await
    }

    /// Keeps the connection for the next message if that is safe, after a refusal with RSET.
    async fn put_back(&mut self, mut connection: AsyncSmtpConnection, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            if !failure.leaves_the_connection_usable() {
                return;
            }
            let asked = connection.command("RSET\r\n");
            let deadline = self.deadlines.courtesy;
            if answer(failure.phase, deadline, &[250], asked)
                .await
                .is_err()
            {
                return;
            }
        }
        self.idle = Some(connection);
    }

    /// A new connection, greeted and logged in.
    async fn sign_in(&self) -> Result<AsyncSmtpConnection, Failure> {
        let mut connection = connect(
            &self.settings,
            &self.connector,
            &self.hello,
            &self.deadlines,
        )
        .await?;
        let (Some(user), Some(password)) = (&self.settings.username, &self.settings.password)
        else {
            return Ok(connection);
        };
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if connection
            .server_info()
            .get_auth_mechanism(&mechanisms)
            .is_none()
        {
            return Err(Failure::misfit(
                Phase::Auth,
                "expected the server to offer AUTH PLAIN or LOGIN, found neither (SMTP_USERNAME)",
            ));
        }
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_string());
        let asked = connection.auth(&mechanisms, &credentials);
        match answer(Phase::Auth, self.deadlines.auth, &[235], asked).await {
            Ok(_) => Ok(connection),
            Err(failure) => Err(without_secrets(failure, user, password.expose_secret())),
        }
    }

    /// Connects anew, logs in and takes leave, without a message.
    pub(super) async fn check(&mut self) -> anyhow::Result<String> {
        let SmtpSettings {
            host,
            port,
            tls,
            username,
            ..
        } = &self.settings;
        let tried = match self.sign_in().await {
            Ok(mut connection) => {
                let asked = connection.command(Noop);
                let deadline = self.deadlines.courtesy;
                answer(Phase::Greeting, deadline, &[250], asked)
                    .await
                    .map(|_| connection)
            }
            Err(failure) => Err(failure),
        };
        let connection = match tried {
            Ok(connection) => connection,
            Err(failure) => {
                let what = format!(
                    "SMTP_SERVER: `{host}:{port}` over {} failed at {}: {}",
                    tls.as_str(),
                    failure.phase.as_str(),
                    failure.delivery().reply()
                );
                match failure.needs_settings() {
                    true => bail!(what),
                    false => bail!(Unreachable(what)),
                }
            }
        };
        self.quit(connection)
            .await
            .context("the server refused QUIT")?;
        Ok(match username {
            Some(user) => format!(
                "`{host}:{port}` over {} takes the login of `{user}`",
                tls.as_str()
            ),
            None => format!(
                "`{host}:{port}` over {} answers, without a login",
                tls.as_str()
            ),
        })
    }

    /// Takes leave of the server, if one is connected.
    pub(super) async fn close(mut self) {
        if let Some(connection) = self.idle.take() {
            // The mails were settled before; a server that is gone by now changes nothing.
            let _ = self.quit(connection).await;
        }
    }

    async fn quit(&self, mut connection: AsyncSmtpConnection) -> anyhow::Result<()> {
        let asked = connection.command(Quit);
        match answer(Phase::Greeting, self.deadlines.courtesy, &[221, 250], asked).await {
            Ok(_) => Ok(()),
            Err(failure) => bail!("{}", failure.delivery().reply()),
        }
    }
}

/// The answer to one verb.
type Answer = Result<Reply, Failure>;

/// Removes the login from what the server said: some repeat the command they refuse.
fn without_secrets(failure: Failure, user: &str, password: &str) -> Failure {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let secrets = [
        encode(&format!("\0{user}\0{password}")),
        encode(password),
        password.to_string(),
    ];
    let hide = |text: &str| {
        secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .fold(text.to_string(), |text, secret| {
                text.replace(secret, "[secret]")
            })
    };
    Failure {
        phase: failure.phase,
        is_ours: failure.is_ours,
        reply: failure
            .reply
            .map(|reply| Reply::new(reply.code, &hide(&reply.text))),
        error: hide(&failure.error),
    }
}
