//! One connection, from the greeting to QUIT or the fault that ends it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use native_tls::TlsAcceptor;

use super::{At, Fault, Kept, Shared, Strike, Tls};

/// Serves a connection until it ends, by whichever side.
pub fn run(shared: &Shared, socket: TcpStream) {
    socket.set_nodelay(true).unwrap();
    let stream = Box::new(socket.try_clone().unwrap());
    let mut conversation = Conversation {
        shared,
        socket,
        stream,
        unread: Vec::new(),
        over_tls: false,
        user: None,
        from: None,
        to: Vec::new(),
    };
    // A client that went away, or was killed, is what many tests are about.
    let _ = conversation.serve();
}

/// Why a conversation is over.
enum End {
    Over,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> End {
        End::Over
    }
}

type Step<T = ()> = Result<T, End>;

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

struct Conversation<'s> {
    shared: &'s Shared,
    socket: TcpStream,
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    over_tls: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

impl Conversation<'_> {
    fn serve(&mut self) -> Step {
        if self.strike(At::Connect)? {
            return Ok(());
        }
        if self.shared.options.tls == Tls::Always {
            self.start_tls()?;
        }
        if !self.strike(At::Greeting)? {
            self.say("220 loopback.test ESMTP")?;
        }
        loop {
            let line = self.line()?;
            self.note(&line);
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.ehlo()?,
                "STARTTLS" => self.starttls_verb()?,
                "AUTH" => self.auth(argument)?,
                "MAIL" => self.mail(argument)?,
                "RCPT" => self.rcpt(argument)?,
                "DATA" => self.data()?,
                "RSET" => {
                    self.forget_envelope();
                    self.answer(At::Rset, "250 2.0.0 Ok")?;
                }
                "NOOP" => self.answer(At::Noop, "250 2.0.0 Ok")?,
                "QUIT" => {
                    self.answer(At::Quit, "221 2.0.0 Bye")?;
                    return Ok(());
                }
                _ => self.say("500 5.5.2 what?")?,
            }
        }
    }

    fn ehlo(&mut self) -> Step {
        self.forget_envelope();
        if self.strike(At::Ehlo)? {
            return Ok(());
        }
        let options = &self.shared.options;
        let mut lines = vec!["loopback.test".to_string(), "8BITMIME".to_string()];
        lines.extend(options.offers.iter().map(|line| line.to_string()));
        if options.tls == Tls::Offered && !self.over_tls {
            lines.push("STARTTLS".to_string());
        }
        if options.login.is_some() && (options.tls == Tls::Never || self.over_tls) {
            let offered = options.mechanisms;
            let offered = if offered.is_empty() {
                "PLAIN LOGIN"
            } else {
                offered
            };
            lines.push(format!("AUTH {offered}"));
        }
        self.reply(250, &lines.join("\n"))
    }

    fn starttls_verb(&mut self) -> Step {
        if self.shared.options.tls != Tls::Offered || self.over_tls {
            return self.say("502 5.5.1 no");
        }
        if self.strike(At::StartTls)? {
            return Ok(());
        }
        self.say("220 2.0.0 Go ahead")?;
        self.start_tls()
    }

    fn start_tls(&mut self) -> Step {
        let identity = self
            .shared
            .options
            .identity
            .clone()
            .expect("TLS needs an identity");
        let acceptor = TlsAcceptor::new(identity).unwrap();
        let tls = acceptor
            .accept(self.socket.try_clone()?)
            .map_err(|_| End::Over)?;
        self.stream = Box::new(tls);
        self.over_tls = true;
        Ok(())
    }

    fn auth(&mut self, argument: &str) -> Step {
        if self.strike(At::Auth)? {
            return Ok(());
        }
        let (mechanism, initial) = argument.split_once(' ').unwrap_or((argument, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let text = if initial.is_empty() {
                    self.ask("")?
                } else {
                    decode(initial)
                };
                let mut parts = text.split('\0').skip(1).map(str::to_string);
                parts.next().zip(parts.next())
            }
            "LOGIN" => Some((self.ask("Username:")?, self.ask("Password:")?)),
            "XOAUTH2" => bearer(&decode(initial)),
            _ => return self.say("504 5.5.4 unrecognized authentication type"),
        };
        if given.is_some() && given == self.shared.options.login {
            self.user = given.map(|(user, _)| user);
            return self.say("235 2.7.0 Authentication successful");
        }
        if mechanism.eq_ignore_ascii_case("XOAUTH2") {
            // What Google and Microsoft do: the reason as a challenge, then the refusal.
            assert_eq!(self.ask("{\"status\":\"400\"}")?, "");
        }
        self.say("535 5.7.8 Error: authentication failed")
    }

    fn mail(&mut self, argument: &str) -> Step {
        self.forget_envelope();
        if self.strike(At::MailFrom)? {
            return Ok(());
        }
        if self.shared.options.login.is_some() && self.user.is_none() {
            return self.say("530 5.7.0 Authentication required");
        }
        self.from = Some(address(argument));
        self.say("250 2.1.0 Ok")
    }

    fn rcpt(&mut self, argument: &str) -> Step {
        if self.from.is_none() {
            return self.say("503 5.5.1 need MAIL command");
        }
        self.to.push(address(argument));
        if self.strike(At::RcptTo)? {
            self.to.pop();
            return Ok(());
        }
        self.say("250 2.1.5 Ok")
    }

    fn data(&mut self) -> Step {
        if self.to.is_empty() {
            return self.answer(At::NoRecipient, "503 5.5.1 need RCPT command");
        }
        if self.strike(At::Data)? {
            return Ok(());
        }
        self.say("354 End data with <CR><LF>.<CR><LF>")?;
        if self.strike(At::BodyStart)? {
            return Ok(());
        }
        let mut raw = Vec::new();
        for n_lines in 1.. {
            let line = self.raw_line()?;
            if n_lines == 1 && self.strike(At::InBody)? {
                return Ok(());
            }
            if line == b".\r\n" {
                break;
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let message = Kept {
            from: self.from.clone().unwrap_or_default(),
            to: self.to.clone(),
            raw,
            user: self.user.clone(),
            over_tls: self.over_tls,
        };
        self.shared.state().n_bodies += 1;
        let strike = self.shared.reach(At::Body, &self.to);
        let keeps = strike.as_ref().is_some_and(|strike| strike.keeps);
        if keeps {
            self.shared.state().kept.push(message.clone());
        }
        let recipients = self.to.clone();
        let is_struck = self.apply(strike)?;
        self.forget_envelope();
        if !is_struck {
            if !keeps {
                self.shared.state().kept.push(message);
            }
            self.say("250 2.0.0 Ok: queued")?;
        }
        self.shared.state().answered.extend(recipients);
        Ok(())
    }

    /// The plain answer, unless a rule strikes.
    fn answer(&mut self, at: At, line: &str) -> Step {
        if self.strike(at)? {
            Ok(())
        } else {
            self.say(line)
        }
    }

    /// Whether a rule struck and answered (or not) in the server's stead.
    fn strike(&mut self, at: At) -> Step<bool> {
        let strike = self.shared.reach(at, &self.to);
        self.apply(strike)
    }

    fn apply(&mut self, strike: Option<Strike>) -> Step<bool> {
        let Some(strike) = strike else {
            return Ok(false);
        };
        match strike.fault {
            Fault::Reply(code, text) => self.reply(code, text)?,
            Fault::Raw(bytes) => self.write(bytes)?,
            Fault::Leave(code, text) => {
                self.reply(code, text)?;
                return self.hang_up();
            }
            Fault::HangUp => return self.hang_up(),
            Fault::Silence if self.shared.hold(&strike) => return Ok(false),
            Fault::Silence => return Err(End::Over),
        }
        Ok(true)
    }

    fn hang_up<T>(&mut self) -> Step<T> {
        self.shared.state().unread = String::from_utf8_lossy(&self.unread).into_owned();
        self.socket.shutdown(std::net::Shutdown::Both)?;
        Err(End::Over)
    }

    fn ask(&mut self, challenge: &str) -> Step<String> {
        self.say(&format!("334 {}", STANDARD.encode(challenge)))?;
        Ok(decode(&self.line()?))
    }

    fn reply(&mut self, code: u16, text: &str) -> Step {
        let lines: Vec<&str> = text.split('\n').collect();
        let mut whole = String::new();
        for (number, line) in (1..).zip(&lines) {
            let sign = if number == lines.len() { ' ' } else { '-' };
            whole.push_str(&format!("{code}{sign}{line}\r\n"));
        }
        self.write(whole.as_bytes())
    }

    fn say(&mut self, line: &str) -> Step {
        self.write(format!("{line}\r\n").as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Step {
        let n_at_once = match self.shared.options.dribbles {
            true => 1,
            false => bytes.len().max(1),
        };
        for part in bytes.chunks(n_at_once) {
            self.stream.write_all(part)?;
            self.stream.flush()?;
        }
        Ok(())
    }

    fn line(&mut self) -> Step<String> {
        let line = self.raw_line()?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_string())
    }

    /// A line with its CRLF. A bare LF is part of a line, as RFC 5321 section 2.3.8 demands.
    fn raw_line(&mut self) -> Step<Vec<u8>> {
        let mut searched = 0;
        loop {
            let found = self.unread[searched..]
                .windows(2)
                .position(|two| two == b"\r\n");
            if let Some(at) = found {
                return Ok(self.unread.drain(..searched + at + 2).collect());
            }
            searched = self.unread.len().saturating_sub(1);
            let mut chunk = [0_u8; 4096];
            let n = self.stream.read(&mut chunk)?;
            if n == 0 {
                return Err(End::Over);
            }
            self.unread.extend_from_slice(&chunk[..n]);
        }
    }

    fn note(&self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let shown = match words.as_slice() {
            [auth, mechanism, ..] if auth.eq_ignore_ascii_case("AUTH") => {
                format!("AUTH {mechanism}")
            }
            _ => line.to_string(),
        };
        self.shared.state().commands.push(shown);
    }

    fn forget_envelope(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

fn decode(text: &str) -> String {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// User and token of `user=…^Aauth=Bearer …^A^A`.
fn bearer(text: &str) -> Option<(String, String)> {
    let (user, rest) = text.strip_prefix("user=")?.split_once("\x01auth=Bearer ")?;
    let token = rest.strip_suffix("\x01\x01")?;
    Some((user.to_string(), token.to_string()))
}

/// The address of `FROM:<a@b> BODY=8BITMIME`.
fn address(argument: &str) -> String {
    let inner = argument
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_string())
}
