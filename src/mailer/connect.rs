//! A connection to an SMTP server, up to and including EHLO.
//!
//! Purpose: TCP without Nagle's delay, TLS as configured, and a failure that knows its phase.
//! Invariant: with STARTTLS nothing but EHLO and STARTTLS is ever said in the clear, and nothing
//! the server said in the clear is believed afterwards (RFC 3207 section 6).

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use native_tls::TlsConnector;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::wire::Wire;
use super::{Deadlines, SmtpSettings};
use crate::delivery::{Blame, Delivery, Phase, Reply, judge};
use crate::tls::{self, TlsMode};

/// How a conversation ended before its aim.
#[derive(Debug)]
pub(super) struct Failure {
    /// How far it had come.
    pub phase: Phase,
    /// What the server answered, if it did.
    pub reply: Option<Reply>,
    /// What happened instead of an answer.
    pub error: String,
    /// Whether our own settings do not fit the server, so that trying again will not help.
    pub is_ours: bool,
}

impl Failure {
    /// A failure without any answer of the server.
    pub fn silent(phase: Phase, error: impl Into<String>) -> Failure {
        Failure {
            phase,
            reply: None,
            error: error.into(),
            is_ours: false,
        }
    }

    /// A failure that only other settings can mend.
    pub fn misfit(phase: Phase, error: impl Into<String>) -> Failure {
        Failure {
            is_ours: true,
            ..Failure::silent(phase, error)
        }
    }

    /// A failure by an answer other than the one expected.
    pub fn refused(phase: Phase, reply: Reply) -> Failure {
        Failure {
            reply: Some(reply),
            ..Failure::silent(phase, "")
        }
    }

    /// The verdict on the attempt.
    pub fn delivery(&self) -> Delivery {
        match judge(self.phase, self.reply.as_ref(), &self.error) {
            Delivery::Deferred { phase, reply, .. } if self.is_ours => Delivery::Deferred {
                phase,
                reply,
                blame: Blame::Sender,
            },
            delivery => delivery,
        }
    }

    /// Whether only other settings can mend it: the server does not fit them, or refuses the login.
    pub fn needs_settings(&self) -> bool {
        let is_5yz = |reply: &Reply| (500..=599).contains(&reply.code);
        self.is_ours || self.phase == Phase::Auth && self.reply.as_ref().is_some_and(is_5yz)
    }

    /// Whether both sides still agree on where they stand, so that RSET makes the connection ready
    /// for the next message. Not after 421: the server is leaving (RFC 5321 section 3.8).
    pub fn leaves_the_connection_usable(&self) -> bool {
        self.reply
            .as_ref()
            .is_some_and(|r| (400..=599).contains(&r.code) && r.code != 421)
    }
}

/// Waits for one answer, which must have one of the `expected` codes.
pub(super) async fn answer(
    phase: Phase,
    deadline: Duration,
    expected: &[u16],
    asked: impl Future<Output = Result<Response, lettre::transport::smtp::Error>>,
) -> Result<Reply, Failure> {
    let response = match tokio::time::timeout(deadline, asked).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(failure_of(phase, &error)),
        Err(_) => return Err(Failure::silent(phase, no_answer(deadline))),
    };
    let text: Vec<&str> = response.message().collect();
    let reply = Reply::new(response.code().into(), &text.join(" "));
    if expected.contains(&reply.code) {
        return Ok(reply);
    }
    Err(Failure::refused(phase, reply))
}

/// What lettre's error says: a refusal with the server's words, or no answer at all.
fn failure_of(phase: Phase, error: &lettre::transport::smtp::Error) -> Failure {
    use std::error::Error;
    if let Some(code) = error.status() {
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        let reply = Reply::new(code.into(), &text);
        return Failure::refused(phase, reply);
    }
    let words = error.to_string();
    let hung_up = error.is_response() && words.ends_with("incomplete response");
    Failure::silent(phase, if hung_up { HUNG_UP.to_string() } else { words })
}

const HUNG_UP: &str = "the server closed the connection";

fn no_answer(deadline: Duration) -> String {
    format!("no answer within {} s", deadline.as_secs_f32())
}

/// Connects, protects the connection as configured and says EHLO.
pub(super) async fn connect(
    settings: &SmtpSettings,
    connector: &TlsConnector,
    hello: &ClientId,
    deadlines: &Deadlines,
) -> Result<AsyncSmtpConnection, Failure> {
    let (tcp, peer) = dial(settings, deadlines.connect).await?;
    let stream: Box<dyn AsyncTokioStream> = match settings.tls {
        TlsMode::None => Box::new(Wire::new(tcp, peer, b"")),
        TlsMode::Tls => {
            let stream = handshake(settings, connector, tcp, deadlines).await?;
            Box::new(Wire::new(stream, peer, b""))
        }
        TlsMode::StartTls => {
            let asked = start_tls(tcp, hello);
            let (tcp, greeting) = match tokio::time::timeout(deadlines.greeting, asked).await {
                Ok(done) => done?,
                Err(_) => return Err(silent_greeting(settings.tls, deadlines.greeting)),
            };
            let stream = handshake(settings, connector, tcp, deadlines).await?;
            Box::new(Wire::new(stream, peer, &greeting))
        }
    };
    let greeted = AsyncSmtpConnection::connect_with_transport(stream, hello);
    match tokio::time::timeout(deadlines.greeting, greeted).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(failure_of(Phase::Greeting, &error)),
        Err(_) => Err(silent_greeting(settings.tls, deadlines.greeting)),
    }
}

fn silent_greeting(tls: TlsMode, deadline: Duration) -> Failure {
    let hint = match tls {
        TlsMode::Tls => "",
        _ => " (does it expect TLS from the first byte? that is SMTP_TLS=tls)",
    };
    Failure::silent(Phase::Greeting, format!("{}{hint}", no_answer(deadline)))
}

/// No host has more addresses worth trying in one attempt.
const ADDRESSES_MAX: usize = 4;

async fn dial(
    settings: &SmtpSettings,
    deadline: Duration,
) -> Result<(TcpStream, SocketAddr), Failure> {
    let (host, port) = (bare_host(settings), settings.port);
    let fail = |error: String| Failure::silent(Phase::Connect, format!("{host}:{port}: {error}"));
    let found = tokio::time::timeout(deadline, tokio::net::lookup_host((host, port))).await;
    let addresses = match found {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => return Err(fail(format!("cannot find the host: {error}"))),
        Err(_) => return Err(fail("the name look-up took too long".to_string())),
    };
    let mut last = "the host has no address".to_string();
    for address in addresses.take(ADDRESSES_MAX) {
        // The name was allowed because it means this machine; make sure that it still does.
        if settings.tls == TlsMode::None && !address.ip().to_canonical().is_loopback() {
            last = format!(
                "expected a loopback address without TLS, found `{}`",
                address.ip()
            );
            continue;
        }
        match tokio::time::timeout(deadline, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // The body and its final dot are two writes; with Nagle's algorithm the second
                // waits for the receiver's delayed acknowledgement, 40 ms a message.
                stream
                    .set_nodelay(true)
                    .map_err(|error| fail(error.to_string()))?;
                return Ok((stream, address));
            }
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => last = no_answer(deadline),
        }
    }
    Err(fail(last))
}

/// The host without the brackets people put around an IPv6 address.
fn bare_host(settings: &SmtpSettings) -> &str {
    let host = settings.host.trim();
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

async fn handshake(
    settings: &SmtpSettings,
    connector: &TlsConnector,
    tcp: TcpStream,
    deadlines: &Deadlines,
) -> Result<tokio_native_tls::TlsStream<TcpStream>, Failure> {
    let connector = tokio_native_tls::TlsConnector::from(connector.clone());
    let shaking = connector.connect(bare_host(settings), tcp);
    let (error, is_lost) = match tokio::time::timeout(deadlines.connect, shaking).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => (format!("TLS: {}", tls::words(&error)), is_io(&error)),
        Err(_) => (format!("TLS: {}", no_answer(deadlines.connect)), true),
    };
    let hint = if error.contains("certificate") {
        " (an authority of your own goes into TLS_CA_FILE)"
    } else if settings.tls == TlsMode::Tls {
        " (does the port speak plain SMTP first? that is SMTP_TLS=starttls)"
    } else {
        ""
    };
    Err(Failure {
        is_ours: !is_lost,
        ..Failure::silent(Phase::Connect, format!("{error}{hint}"))
    })
}

/// Whether the connection broke, as opposed to what was said over it.
fn is_io(error: &native_tls::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if found.is::<io::Error>() {
            return true;
        }
        cause = found.source();
    }
    false
}

/// Greets in the clear and asks for TLS. Returns the connection and the greeting, which lettre will
/// want to read: after the handshake a server does not greet again.
async fn start_tls(tcp: TcpStream, hello: &ClientId) -> Result<(TcpStream, Vec<u8>), Failure> {
    let fail = |error: io::Error| Failure::silent(Phase::Greeting, error.to_string());
    let mut stream = BufReader::new(tcp);
    let greeting = clear_reply(&mut stream, 220).await?;
    stream
        .write_all(format!("EHLO {hello}\r\n").as_bytes())
        .await
        .map_err(fail)?;
    let offer = clear_reply(&mut stream, 250).await?;
    let offers_tls = String::from_utf8_lossy(&offer).lines().any(|line| {
        line.get(4..)
            .is_some_and(|keyword| keyword.trim().eq_ignore_ascii_case("STARTTLS"))
    });
    if !offers_tls {
        return Err(Failure::misfit(
            Phase::Greeting,
            "expected the server to offer STARTTLS, found that it does not; nothing was sent \
             (SMTP_TLS)",
        ));
    }
    stream.write_all(b"STARTTLS\r\n").await.map_err(fail)?;
    clear_reply(&mut stream, 220).await?;
    if !stream.buffer().is_empty() {
        // Somebody in between could have put commands or replies here (CVE-2011-0411).
        return Err(Failure::silent(
            Phase::Greeting,
            "expected TLS after STARTTLS, found more text in the clear",
        ));
    }
    Ok((stream.into_inner(), greeting))
}

/// The longest reply read in the clear, in bytes.
const CLEAR_REPLY_BYTES_MAX: usize = 16 * 1024;

/// Reads one reply of any number of lines, which must have the `expected` code.
async fn clear_reply(stream: &mut BufReader<TcpStream>, expected: u16) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    let mut limited = stream.take(CLEAR_REPLY_BYTES_MAX as u64);
    loop {
        let start = all.len();
        let read = limited.read_until(b'\n', &mut all).await;
        read.map_err(|error| Failure::silent(Phase::Greeting, error.to_string()))?;
        let line = String::from_utf8_lossy(all.get(start..).unwrap_or_default()).into_owned();
        if !line.ends_with('\n') {
            let error = if limited.limit() == 0 {
                "the reply is too long"
            } else {
                HUNG_UP
            };
            return Err(Failure::silent(Phase::Greeting, error));
        }
        let code = line.get(..3).and_then(|digits| digits.parse::<u16>().ok());
        let text = line.get(4..).unwrap_or_default();
        match code {
            Some(_) if line.get(3..4) == Some("-") => continue,
            Some(code) if code == expected => return Ok(all),
            Some(code) => {
                return Err(Failure::refused(Phase::Greeting, Reply::new(code, text)));
            }
            None => {
                let error = format!("expected an SMTP reply, found `{}`", line.trim());
                return Err(Failure::silent(Phase::Greeting, error));
            }
        }
    }
}
