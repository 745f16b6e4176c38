//! One SMTP conversation a message, verb by verb, so that the phase of every failure is known.
//!
//! Invariant: a connection is used again only after both sides agreed on where they stand; after a
//! deadline, a cut or an unexpected reply it is dropped, because the next reply could belong to the
//! last question and report a success that never was.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use native_tls::TlsConnector;
use secrecy::SecretString;

use super::compose::Composed;
use super::connect::{Connected, connect};
use super::dialogue::{Answer, Failure};
use super::dkim::Signer;
use super::{Deadlines, Login, Outgoing, SmtpSettings, Unreachable, is_loopback, sign_in};
use crate::delivery::{Delivery, Phase, judge};
use crate::oauth::{TokenError, TokenSource};
use crate::tls::{TlsMode, connector};

/// An SMTP server we submit mail to, and how we speak to it. Opens no connection by itself.
pub struct Server {
    settings: SmtpSettings,
    /// None when nothing is to be protected: reading whom the system trusts takes its time.
    connector: Option<TlsConnector>,
    hello: String,
    deadlines: Deadlines,
    /// All connections share one token.
    tokens: Option<TokenSource>,
    signer: Option<Signer>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn open(
        settings: &SmtpSettings,
        ehlo_domain: &str,
        deadlines: Deadlines,
    ) -> anyhow::Result<Server> {
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
        let tokens = match &settings.login {
            Login::OAuth { oauth, .. } => Some(TokenSource::new(oauth.clone())?),
            Login::None | Login::Password { .. } => None,
        };
        Ok(Server {
            settings: settings.clone(),
            connector: match settings.tls {
                TlsMode::None => None,
                TlsMode::StartTls | TlsMode::Tls => Some(connector(settings.ca_file.as_ref())?),
            },
            hello: ehlo_domain.to_string(),
            deadlines,
            tokens,
            signer: settings.dkim.as_ref().map(Signer::open).transpose()?,
        })
    }

    /// The server by its address.
    pub(super) fn place(&self) -> String {
        format!("smtp:{}:{}", self.settings.host, self.settings.port)
    }

    /// The mail as this server gets it.
    pub(super) fn compose(&self, outgoing: &Outgoing) -> Result<Composed, Delivery> {
        Composed::new(outgoing, self.signer.as_ref())
    }

    /// A new connection, greeted and logged in.
    async fn sign_in(&self) -> Result<Connected, Failure> {
        let deadline = self.deadlines.auth;
        match &self.settings.login {
            Login::None => self.connect().await,
            Login::Password {
                username,
                password,
                mechanism,
            } => {
                let mut line = self.connect().await?;
                sign_in::with_password(&mut line, username, password, *mechanism, deadline).await?;
                Ok(line)
            }
            Login::OAuth { username, .. } => {
                let token = self.token(None).await?;
                match self.sign_in_with(username, &token).await {
                    // It may have been revoked, or have expired on its way.
                    Err(failure) if failure.refuses_login() => {
                        let token = self.token(Some(&token)).await?;
                        self.sign_in_with(username, &token).await
                    }
                    done => done,
                }
            }
        }
    }

    async fn connect(&self) -> Result<Connected, Failure> {
        connect(
            &self.settings,
            self.connector.as_ref(),
            &self.hello,
            &self.deadlines,
        )
        .await
    }

    async fn sign_in_with(&self, user: &str, token: &SecretString) -> Result<Connected, Failure> {
        let mut line = self.connect().await?;
        sign_in::with_token(&mut line, user, token, self.deadlines.auth).await?;
        Ok(line)
    }

    /// An access token, another one than the server `refused`.
    async fn token(&self, refused: Option<&SecretString>) -> Result<SecretString, Failure> {
        let Some(tokens) = &self.tokens else {
            return Err(Failure::misfit(Phase::Auth, "expected a login by token"));
        };
        let asked = async {
            match refused {
                None => tokens.token().await,
                Some(refused) => tokens.another(refused).await,
            }
        };
        asked.await.map_err(|error| match error {
            TokenError::Again(_) => Failure::silent(Phase::Auth, error.to_string()),
            TokenError::Configuration(_) => Failure::misfit(Phase::Auth, error.to_string()),
        })
    }

    /// Connects, logs in and takes leave, without a message.
    pub(super) async fn check(&self) -> anyhow::Result<String> {
        let SmtpSettings {
            host, port, tls, ..
        } = &self.settings;
        let tried = match self.sign_in().await {
            Ok(mut line) => self.courtesy(&mut line, "NOOP", 250).await.map(|()| line),
            Err(failure) => Err(failure),
        };
        let mut line = match tried {
            Ok(line) => line,
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
        self.courtesy(&mut line, "QUIT", 221)
            .await
            .map_err(|failure| anyhow::anyhow!("{}", failure.delivery().reply()))
            .context("the server refused QUIT")?;
        Ok(match self.settings.login.username() {
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

    /// RSET, NOOP or QUIT, which decide nothing about a message.
    async fn courtesy(&self, line: &mut Connected, verb: &str, code: u16) -> Result<(), Failure> {
        let words = format!("{verb}\r\n");
        let (deadline, expected) = (self.deadlines.courtesy, [code, 250]);
        let asked = line
            .dialogue
            .ask(Phase::Greeting, deadline, words.as_bytes(), &expected);
        asked.await.map(drop)
    }
}

/// At most one connection to a server, opened when it is needed. Owned by one task.
#[derive(Debug)]
pub struct SmtpConnection {
    server: Arc<Server>,
    /// Taken out while in use, so that whatever interrupts a conversation, a dropped future
    /// included, leaves no half-used connection behind.
    idle: Option<Kept>,
}

/// A connection between two messages.
struct Kept {
    line: Connected,
    /// How many conversations about a message it has carried.
    n_messages: u32,
    /// Whether the last of them ended with a refusal.
    needs_reset: bool,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("n_messages", &self.n_messages)
            .finish_non_exhaustive()
    }
}

impl SmtpConnection {
    pub(super) fn new(server: Arc<Server>) -> SmtpConnection {
        SmtpConnection { server, idle: None }
    }

    /// The server at the other end.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Makes one attempt at one message.
    pub(super) async fn deliver(&mut self, mail: &Composed) -> Delivery {
        match self.converse(mail).await {
            Ok(reply) => judge(Phase::Body, Some(&reply), ""),
            Err(failure) => failure.delivery(),
        }
    }

    async fn converse(&mut self, mail: &Composed) -> Answer {
        if let Some(mut kept) = self.take_idle().await {
            match self.envelope(&mut kept, mail).await {
                // One kept since the last message may have been closed meanwhile for being idle,
                // which says nothing about this message: then a new one is opened, once.
                Err(failure) if failure.phase == Phase::MailFrom && failure.is_silence() => {}
                begun => return self.finish(kept, mail, begun).await,
            }
        }
        let mut fresh = Kept {
            line: self.server.sign_in().await?,
            n_messages: 0,
            needs_reset: false,
        };
        let begun = self.envelope(&mut fresh, mail).await;
        self.finish(fresh, mail, begun).await
    }

    /// The connection kept since the last message, if it is ready for MAIL FROM.
    async fn take_idle(&mut self) -> Option<Kept> {
        let mut kept = self.idle.take()?;
        let is_spent = |max: u32| kept.n_messages >= max;
        if self.server.settings.messages_max.is_some_and(is_spent) {
            // The mails were settled before; a server that is gone by now changes nothing.
            let _ = self.server.courtesy(&mut kept.line, "QUIT", 221).await;
            return None;
        }
        if kept.needs_reset {
            let reset = self.server.courtesy(&mut kept.line, "RSET", 250).await;
            reset.ok()?;
            kept.needs_reset = false;
        }
        Some(kept)
    }

    /// MAIL, RCPT and DATA. On success the server waits for the body.
    async fn envelope(&self, kept: &mut Kept, mail: &Composed) -> Result<(), Failure> {
        let Kept { line, .. } = kept;
        if mail.needs_utf8 && !line.offers.smtputf8 {
            return Err(Failure::unfit(
                "expected the server to offer SMTPUTF8 for an address with letters outside ASCII, \
                 found that it does not; nothing was sent",
            ));
        }
        kept.n_messages = kept.n_messages.saturating_add(1);
        let verbs = self.verbs(mail);
        if line.offers.pipelining {
            self.in_one_go(line, &verbs).await?;
        } else {
            for verb in &verbs {
                let words = verb.words.as_bytes();
                let asked = line
                    .dialogue
                    .ask(verb.phase, verb.deadline, words, verb.expected);
                asked.await?;
            }
        }
        Ok(())
    }

    fn verbs(&self, mail: &Composed) -> [Verb; 3] {
        let deadlines = &self.server.deadlines;
        // RFC 6531 section 3.4: the parameter of MAIL; the headers are UTF-8 then, hence the BODY.
        let parameters = match mail.needs_utf8 {
            true => " BODY=8BITMIME SMTPUTF8",
            false => "",
        };
        [
            Verb {
                phase: Phase::MailFrom,
                deadline: deadlines.mail,
                words: format!("MAIL FROM:<{}>{parameters}\r\n", mail.from),
                expected: &[250],
            },
            Verb {
                phase: Phase::RcptTo,
                deadline: deadlines.rcpt,
                words: format!("RCPT TO:<{}>\r\n", mail.to),
                // 251 and 252 take the recipient too (RFC 5321 section 3.4 and 3.5.3).
                expected: &[250, 251, 252],
            },
            Verb {
                phase: Phase::Data,
                deadline: deadlines.data,
                words: "DATA\r\n".to_string(),
                expected: &[354],
            },
        ]
    }

    /// All three in one write, then all three answers (RFC 2920). The first refusal is the verdict;
    /// what follows it decides only about the connection.
    ///
    /// A server may ask for the body of a mail whose recipient it refused. RFC 2920 section 3.1
    /// would then send the dot of an empty one; we drop the connection instead. A server that
    /// counts recipients wrongly might deliver that empty mail, while one that loses the connection
    /// before the dot must forget everything (RFC 5321 section 4.1.1.4). It costs one connection.
    async fn in_one_go(&self, line: &mut Connected, verbs: &[Verb; 3]) -> Result<(), Failure> {
        let words: String = verbs.iter().map(|verb| verb.words.as_str()).collect();
        let [mail, ..] = verbs;
        let said = line
            .dialogue
            .say(mail.phase, mail.deadline, words.as_bytes());
        said.await?;
        let mut refused: Option<Failure> = None;
        for verb in verbs {
            let deadline = match refused {
                None => verb.deadline,
                Some(_) => self.server.deadlines.courtesy.min(verb.deadline),
            };
            let answer = line.dialogue.answer(verb.phase, deadline, verb.expected);
            match (answer.await, &mut refused) {
                (Ok(_), None) => {}
                (Err(failure), None) if failure.is_answer() => refused = Some(failure),
                (Err(failure), None) => return Err(failure),
                (Ok(_), Some(_)) if verb.phase != Phase::Data => {}
                (Err(failure), Some(_)) if failure.is_answer() => {}
                (Ok(_) | Err(_), Some(first)) => {
                    first.is_last = true;
                    break;
                }
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// The body, and what becomes of the connection.
    async fn finish(
        &mut self,
        mut kept: Kept,
        mail: &Composed,
        begun: Result<(), Failure>,
    ) -> Answer {
        let done = match begun {
            Ok(()) => self.hand_over(&mut kept, mail).await,
            Err(failure) => Err(failure),
        };
        kept.needs_reset = done.as_ref().is_err_and(Failure::is_answer);
        if done.as_ref().err().is_none_or(Failure::leaves_in_step) {
            self.idle = Some(kept);
        }
        done
    }

    async fn hand_over(&self, kept: &mut Kept, mail: &Composed) -> Answer {
        let dialogue = &mut kept.line.dialogue;
        if !dialogue.is_quiet().await {
            // Its words would be taken for the answer to the body. Nothing of that was said yet.
            let deadline = self.server.deadlines.courtesy;
            return Err(dialogue.unasked(Phase::Data, deadline).await);
        }
        // From here on the body may be out.
        let deadline = self.server.deadlines.body;
        dialogue.write(Phase::Body, deadline, &mail.wire).await?;
        dialogue.answer(Phase::Body, deadline, &[250]).await
    }

    /// Takes leave of the server, if one is connected.
    pub(super) async fn close(mut self) {
        if let Some(mut kept) = self.idle.take() {
            let _ = self.server.courtesy(&mut kept.line, "QUIT", 221).await;
        }
    }
}

/// One verb of the envelope.
struct Verb {
    phase: Phase,
    deadline: std::time::Duration,
    words: String,
    expected: &'static [u16],
}
