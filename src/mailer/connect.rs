//! A connection to an SMTP server, up to and including EHLO.
//!
//! Purpose: TCP without Nagle's delay, TLS as configured, and a failure that knows its phase.
//! Invariant: with STARTTLS nothing but EHLO and STARTTLS is ever said in the clear, and nothing
//! the server said in the clear is believed afterwards (RFC 3207 section 6).

use std::io;
use std::time::Duration;

use native_tls::TlsConnector;
use tokio::net::TcpStream;

use super::dialogue::{Cause, Dialogue, Failure, Stream, no_answer};
use super::{Deadlines, SmtpSettings};
use crate::delivery::{Phase, Reply};
use crate::tls::{self, TlsMode};

/// A greeted connection and what its server offers.
pub(super) struct Connected {
    pub dialogue: Dialogue,
    pub offers: Offers,
}

/// Connects, protects the connection as configured and says EHLO.
pub(super) async fn connect(
    settings: &SmtpSettings,
    connector: Option<&TlsConnector>,
    hello: &str,
    deadlines: &Deadlines,
) -> Result<Connected, Failure> {
    let tcp = dial(settings, deadlines.connect).await?;
    let mut dialogue = match settings.tls {
        TlsMode::None => greeted(Box::new(tcp) as Box<dyn Stream>, settings.tls, deadlines).await?,
        TlsMode::Tls => {
            let stream = handshake(settings, connector, tcp, deadlines).await?;
            greeted(Box::new(stream) as Box<dyn Stream>, settings.tls, deadlines).await?
        }
        TlsMode::StartTls => {
            let tcp = start_tls(tcp, hello, deadlines).await?;
            let stream = handshake(settings, connector, tcp, deadlines).await?;
            // After the handshake a server does not greet again.
            Dialogue::new(Box::new(stream) as Box<dyn Stream>)
        }
    };
    let offers = ehlo(&mut dialogue, hello, deadlines).await?;
    Ok(Connected { dialogue, offers })
}

/// Waits for the greeting.
async fn greeted<S: Stream>(
    stream: S,
    tls: TlsMode,
    deadlines: &Deadlines,
) -> Result<Dialogue<S>, Failure> {
    let mut dialogue = Dialogue::new(stream);
    let greeting = dialogue.answer(Phase::Greeting, deadlines.greeting, &[220]);
    match greeting.await {
        Ok(_) => Ok(dialogue),
        Err(failure) if tls != TlsMode::Tls && failure.error.starts_with("no answer") => {
            Err(Failure::silent(
                Phase::Greeting,
                format!(
                    "{} (does it expect TLS from the first byte? that is SMTP_TLS=tls)",
                    failure.error
                ),
            ))
        }
        Err(failure) => Err(failure),
    }
}

async fn ehlo<S: Stream>(
    dialogue: &mut Dialogue<S>,
    hello: &str,
    deadlines: &Deadlines,
) -> Result<Offers, Failure> {
    let (phase, deadline) = (Phase::Greeting, deadlines.greeting);
    let words = format!("EHLO {hello}\r\n");
    dialogue.say(phase, deadline, words.as_bytes()).await?;
    match dialogue.lines(phase, deadline).await? {
        (250, lines) => Ok(Offers::parse(&lines)),
        (code, lines) => Err(Failure::refused(phase, Reply::new(code, &lines.join(" ")))),
    }
}

/// What a server said it can do (RFC 5321 section 4.1.1.1), as far as we use it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// Several commands may be sent before the first is answered (RFC 2920).
    pub pipelining: bool,
    /// Addresses and headers may be UTF-8 (RFC 6531).
    pub smtputf8: bool,
    /// The connection can be protected (RFC 3207).
    pub starttls: bool,
    /// The mechanisms of AUTH, in upper case (RFC 4954).
    pub auth: Vec<String>,
}

impl Offers {
    fn parse(lines: &[String]) -> Offers {
        let mut offers = Offers::default();
        // The first line names the server.
        for line in lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            // Servers older than the standard wrote `AUTH=`.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("PIPELINING") => offers.pipelining = true,
                Some("SMTPUTF8") => offers.smtputf8 = true,
                Some("STARTTLS") => offers.starttls = true,
                Some("AUTH") => offers.auth.extend(words.map(str::to_string)),
                _ => {}
            }
        }
        offers
    }
}

/// No host has more addresses worth trying in one attempt.
const ADDRESSES_MAX: usize = 4;

async fn dial(settings: &SmtpSettings, deadline: Duration) -> Result<TcpStream, Failure> {
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
                // With Nagle's algorithm the end of a body waits for the receiver's delayed
                // acknowledgement, 40 ms a message.
                stream
                    .set_nodelay(true)
                    .map_err(|error| fail(error.to_string()))?;
                return Ok(stream);
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
    connector: Option<&TlsConnector>,
    tcp: TcpStream,
    deadlines: &Deadlines,
) -> Result<tokio_native_tls::TlsStream<TcpStream>, Failure> {
    let Some(connector) = connector else {
        return Err(Failure::misfit(Phase::Connect, "expected TLS to be set up"));
    };
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
        cause: if is_lost {
            Cause::Passing
        } else {
            Cause::Settings
        },
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

/// Greets in the clear and asks for TLS. What the server offers in the clear is believed only so
/// far that it may have TLS.
async fn start_tls(
    tcp: TcpStream,
    hello: &str,
    deadlines: &Deadlines,
) -> Result<TcpStream, Failure> {
    let (phase, deadline) = (Phase::Greeting, deadlines.greeting);
    let mut clear = greeted(tcp, TlsMode::StartTls, deadlines).await?;
    if !ehlo(&mut clear, hello, deadlines).await?.starttls {
        return Err(Failure::misfit(
            phase,
            "expected the server to offer STARTTLS, found that it does not; nothing was sent \
             (SMTP_TLS)",
        ));
    }
    clear.ask(phase, deadline, b"STARTTLS\r\n", &[220]).await?;
    // Somebody in between could have put commands or replies here (CVE-2011-0411).
    clear.into_stream().ok_or_else(|| {
        Failure::silent(
            phase,
            "expected TLS after STARTTLS, found more text in the clear",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: &str) {
        let lines: Vec<String> = lines.iter().map(|line| line.to_string()).collect();
        let offers = Offers::parse(&lines);
        let flags = [
            (offers.pipelining, "pipelining"),
            (offers.smtputf8, "smtputf8"),
            (offers.starttls, "starttls"),
        ];
        let mut found: Vec<String> = flags
            .iter()
            .filter(|(is_offered, _)| *is_offered)
            .map(|(_, name)| name.to_string())
            .collect();
        found.extend(offers.auth);
        assert_eq!(found.join(" "), expected, "{lines:?}");
    }

    #[test]
    fn offers_are_read_in_any_spelling_and_never_from_the_servers_name() {
        check(&[], "");
        check(&["PIPELINING STARTTLS"], "");
        check(
            &["mx", "PIPELINING", "8BITMIME", "SMTPUTF8"],
            "pipelining smtputf8",
        );
        check(&["mx", "pipelining", "StartTLS"], "pipelining starttls");
        check(&["mx", "AUTH PLAIN login XOAUTH2"], "PLAIN LOGIN XOAUTH2");
        check(&["mx", "AUTH=LOGIN PLAIN"], "LOGIN PLAIN");
        check(&["mx", "", " ", "PIPELININGS", "X-STARTTLS", "AUTH"], "");
    }
}
