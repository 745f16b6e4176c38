//! The lines between us and an SMTP server: what we say, and the replies read whole.
//!
//! Purpose: write commands, read replies of bounded size, and say how far it had come when either
//! fails. Invariants: nothing is said while an answer to nothing lies unread, because it would be
//! taken for the answer to what we say next; a reply counts only when all of its lines agree.
//! This module does not know what a verb means.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::delivery::{Blame, Delivery, Phase, Reply, judge};

/// RFC 5321 section 4.5.3.1.5 allows 512; no server may fill our memory.
const REPLY_LINE_BYTES_MAX: usize = 8 * 1024;

/// All lines of one reply together.
const REPLY_BYTES_MAX: usize = 64 * 1024;

/// How a conversation ended before its aim.
#[derive(Debug)]
pub(super) struct Failure {
    /// How far it had come.
    pub phase: Phase,
    /// What the server answered, if it did.
    pub reply: Option<Reply>,
    /// What happened instead of an answer.
    pub error: String,
    /// Whose it is to mend when no server said so.
    pub cause: Cause,
    /// Whether the connection is lost although the reply is definite.
    pub is_last: bool,
}

/// What a failure without a server's word is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The network or the server; time may mend it.
    Passing,
    /// Our own settings do not fit the server, so that trying again will not help.
    Settings,
    /// This message cannot go to this server at all. Nothing was said about it.
    Message,
}

impl Failure {
    /// A failure without any answer of the server.
    pub fn silent(phase: Phase, error: impl Into<String>) -> Failure {
        Failure {
            phase,
            reply: None,
            error: error.into(),
            cause: Cause::Passing,
            is_last: false,
        }
    }

    /// A failure that only other settings can mend.
    pub fn misfit(phase: Phase, error: impl Into<String>) -> Failure {
        Failure {
            cause: Cause::Settings,
            ..Failure::silent(phase, error)
        }
    }

    /// A message that this server cannot carry.
    pub fn unfit(error: impl Into<String>) -> Failure {
        Failure {
            cause: Cause::Message,
            ..Failure::silent(Phase::MailFrom, error)
        }
    }

    /// A failure by an answer other than the one expected.
    pub fn refused(phase: Phase, reply: Reply) -> Failure {
        Failure {
            reply: Some(reply),
            ..Failure::silent(phase, "")
        }
    }

    fn lost(phase: Phase, error: &io::Error) -> Failure {
        let words = match error.kind() {
            io::ErrorKind::UnexpectedEof => HUNG_UP.to_string(),
            _ => error.to_string(),
        };
        Failure::silent(phase, words)
    }

    /// The verdict on the attempt.
    pub fn delivery(&self) -> Delivery {
        match (
            self.cause,
            judge(self.phase, self.reply.as_ref(), &self.error),
        ) {
            (Cause::Settings, Delivery::Deferred { phase, reply, .. }) => Delivery::Deferred {
                phase,
                reply,
                blame: Blame::Sender,
            },
            (Cause::Message, Delivery::Deferred { phase, reply, .. }) => Delivery::Rejected {
                phase,
                reply,
                blame: Blame::Message,
            },
            (_, delivery) => delivery,
        }
    }

    /// Whether only other settings can mend it: the server does not fit them, or refuses the login.
    pub fn needs_settings(&self) -> bool {
        self.cause == Cause::Settings || self.refuses_login()
    }

    /// Whether the server refused the login for good.
    pub fn refuses_login(&self) -> bool {
        let is_5yz = |reply: &Reply| (500..=599).contains(&reply.code);
        self.phase == Phase::Auth && self.reply.as_ref().is_some_and(is_5yz)
    }

    /// Whether the server answered what it was asked. Not with 421, which it may say at any time:
    /// it is leaving (RFC 5321 section 3.8).
    pub fn is_answer(&self) -> bool {
        self.reply
            .as_ref()
            .is_some_and(|r| (400..=599).contains(&r.code) && r.code != 421)
    }

    /// Whether both sides still agree on where they stand: nothing was said, or it was answered.
    pub fn leaves_in_step(&self) -> bool {
        self.cause == Cause::Message || self.is_answer() && !self.is_last
    }

    /// Whether the server is gone, or says what it was not asked.
    pub fn is_silence(&self) -> bool {
        self.cause == Cause::Passing && !self.is_answer()
    }
}

const HUNG_UP: &str = "the server closed the connection";

/// What is said of a server that did not answer in time.
pub(super) fn no_answer(deadline: Duration) -> String {
    format!("no answer within {} s", deadline.as_secs_f32())
}

/// What a conversation runs over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// The answer to one verb.
pub(super) type Answer = Result<Reply, Failure>;

/// One side of a conversation.
pub(super) struct Dialogue<S = Box<dyn Stream>> {
    stream: S,
    /// What was read; what precedes `taken` was used.
    unread: Vec<u8>,
    taken: usize,
}

impl<S: Stream> Dialogue<S> {
    /// A conversation that begins.
    pub fn new(stream: S) -> Dialogue<S> {
        Dialogue {
            stream,
            unread: Vec::with_capacity(1024),
            taken: 0,
        }
    }

    /// The bare connection, unless the server has said more than was read.
    pub fn into_stream(self) -> Option<S> {
        (self.taken == self.unread.len()).then_some(self.stream)
    }

    /// Says something and waits for one answer, which must have one of the `expected` codes.
    pub async fn ask(
        &mut self,
        phase: Phase,
        deadline: Duration,
        words: &[u8],
        expected: &[u16],
    ) -> Answer {
        self.say(phase, deadline, words).await?;
        self.answer(phase, deadline, expected).await
    }

    /// Says something, in one write as far as the network allows.
    pub async fn say(
        &mut self,
        phase: Phase,
        deadline: Duration,
        words: &[u8],
    ) -> Result<(), Failure> {
        if !self.is_quiet().await {
            return Err(self.unasked(phase, deadline).await);
        }
        self.write(phase, deadline, words).await
    }

    /// Writes without looking for what the server may have said unasked.
    pub async fn write(
        &mut self,
        phase: Phase,
        deadline: Duration,
        words: &[u8],
    ) -> Result<(), Failure> {
        let said = async {
            self.stream.write_all(words).await?;
            self.stream.flush().await
        };
        match tokio::time::timeout(deadline, said).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::lost(phase, &error)),
            Err(_) => Err(Failure::silent(phase, no_answer(deadline))),
        }
    }

    /// Waits for one answer, which must have one of the `expected` codes.
    pub async fn answer(&mut self, phase: Phase, deadline: Duration, expected: &[u16]) -> Answer {
        let (code, lines) = self.lines(phase, deadline).await?;
        let reply = Reply::new(code, &lines.join(" "));
        if expected.contains(&code) {
            return Ok(reply);
        }
        Err(Failure::refused(phase, reply))
    }

    /// Waits for one reply of any code, line by line.
    pub async fn lines(
        &mut self,
        phase: Phase,
        deadline: Duration,
    ) -> Result<(u16, Vec<String>), Failure> {
        match tokio::time::timeout(deadline, self.read_reply()).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(Failure::lost(phase, &error)),
            Err(_) => Err(Failure::silent(phase, no_answer(deadline))),
        }
    }

    /// Whether everything the server said so far was read, and the connection stands. What a server
    /// says from now on cannot be told from the answer to our next words; what it said before can.
    pub async fn is_quiet(&mut self) -> bool {
        if self.taken < self.unread.len() {
            return false;
        }
        self.unread.clear();
        self.taken = 0;
        let mut room = [0_u8; 1024];
        let mut room = ReadBuf::new(&mut room);
        let stream = &mut self.stream;
        let is_pending = poll_fn(|context| {
            let polled = Pin::new(&mut *stream).poll_read(context, &mut room);
            Poll::Ready(polled.is_pending())
        });
        let is_pending = is_pending.await;
        self.unread.extend_from_slice(room.filled());
        is_pending
    }

    /// Why nothing can be said: usually the server's farewell.
    pub async fn unasked(&mut self, phase: Phase, deadline: Duration) -> Failure {
        match self.lines(phase, deadline).await {
            Ok((421, lines)) => Failure::refused(phase, Reply::new(421, &lines.join(" "))),
            Ok((code, _)) => Failure::silent(
                phase,
                format!("expected silence before the next command, found the reply `{code}`"),
            ),
            Err(failure) => failure,
        }
    }

    async fn read_reply(&mut self) -> io::Result<(u16, Vec<String>)> {
        let (mut code, mut lines, mut n_bytes) = (None, Vec::new(), 0);
        loop {
            let line = self.read_line().await?;
            n_bytes += line.len();
            if n_bytes > REPLY_BYTES_MAX {
                return Err(io::Error::other("the reply is too long"));
            }
            let Some((found, is_last, text)) = parse_line(&line) else {
                let line: String = line.trim().escape_debug().take(80).collect();
                return Err(io::Error::other(format!(
                    "expected an SMTP reply, found `{line}`"
                )));
            };
            if *code.get_or_insert(found) != found {
                return Err(io::Error::other("the lines of one reply have two codes"));
            }
            lines.push(text.to_string());
            if is_last {
                return Ok((found, lines));
            }
        }
    }

    /// One line with its end. Text that is not UTF-8 (refusals in GBK or Latin-1) is read all the
    /// same, and so is a line end without its CR: after the body, each of them given up on would
    /// make a doubt of a delivery.
    async fn read_line(&mut self) -> io::Result<String> {
        let mut searched = self.taken;
        loop {
            let fresh = self.unread.get(searched..).unwrap_or_default();
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                let end = searched + at + 1;
                let line = self.unread.get(self.taken..end).unwrap_or_default();
                let line = String::from_utf8_lossy(line).into_owned();
                self.taken = end;
                return Ok(line);
            }
            searched = self.unread.len();
            if searched - self.taken > REPLY_LINE_BYTES_MAX {
                return Err(io::Error::other("the reply has a line without end"));
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The code, whether it is the reply's last line, and the text. A code without any text is allowed
/// (RFC 5321 section 4.2.1).
fn parse_line(line: &str) -> Option<(u16, bool, &str)> {
    let line = line.trim_end_matches(['\r', '\n']);
    let (digits, rest) = line.split_at_checked(3)?;
    let code = digits.parse().ok().filter(|_| is_code(digits))?;
    let is_last = match rest.chars().next() {
        None | Some(' ') => true,
        Some('-') => false,
        Some(_) => return None,
    };
    Some((code, is_last, rest.get(1..).unwrap_or_default()))
}

/// The first digit is 2 to 5 (RFC 5321 section 4.2); servers are freer with the second.
fn is_code(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of `parts`, each arriving on its own, and what is left unread.
    async fn read(parts: &[&[u8]]) -> (io::Result<(u16, Vec<String>)>, bool) {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let mut dialogue = Dialogue::new(ours);
        let reading = async {
            let reply = dialogue.read_reply().await;
            (reply, dialogue.is_quiet().await)
        };
        let writing = async move {
            for part in parts {
                theirs.write_all(part).await.unwrap();
                tokio::task::yield_now().await;
            }
            theirs
        };
        let (read, _open) = tokio::join!(reading, writing);
        read
    }

    fn block<T>(future: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap().block_on(future)
    }

    #[track_caller]
    fn check(raw: &[u8], expected: &str) {
        let shown = |(reply, is_quiet): (io::Result<(u16, Vec<String>)>, bool)| match reply {
            Ok((code, lines)) if is_quiet => format!("{code} {}", lines.join("|")),
            Ok((code, lines)) => format!("{code} {} and more", lines.join("|")),
            Err(error) => format!("error: {error}"),
        };
        let whole = shown(block(read(&[raw])));
        assert_eq!(whole, expected, "{}", raw.escape_ascii());
        let bytes: Vec<&[u8]> = raw.chunks(1).collect();
        assert_eq!(
            shown(block(read(&bytes))).replace(" and more", ""),
            expected.replace(" and more", ""),
            "the cut between two packets must not matter"
        );
    }

    #[test]
    fn replies_are_read_whole_and_careless_ones_too() {
        check(b"250 2.0.0 Ok\r\n", "250 2.0.0 Ok");
        check(b"250-a\r\n250-b\r\n250 c\r\n", "250 a|b|c");
        check(b"250\r\n", "250 ");
        check(b"250-a\r\n250\r\n", "250 a|");
        check(b"250 ok\n", "250 ok");
        check(b"550 Empf\xe4nger\r\n", "550 Empf\u{fffd}nger");
        check("550 用户\r\n".as_bytes(), "550 用户");
        check(b"250 ok\r\n250 for what?\r\n", "250 ok and more");
        check(b"250 ok\r\n.", "250 ok and more");
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        check(b"\r\n", "error: expected an SMTP reply, found ``");
        check(b"hello\r\n", "error: expected an SMTP reply, found `hello`");
        check(b"650 x\r\n", "error: expected an SMTP reply, found `650 x`");
        check(b"+25 x\r\n", "error: expected an SMTP reply, found `+25 x`");
        check(b"2500\r\n", "error: expected an SMTP reply, found `2500`");
        check(
            "€50 x\r\n".as_bytes(),
            "error: expected an SMTP reply, found `€50 x`",
        );
        check(
            b"\x1b[31m\r\n",
            "error: expected an SMTP reply, found `\\u{1b}[31m`",
        );
        check(
            b"250-half\r\n220 a reply\r\n",
            "error: the lines of one reply have two codes",
        );
        check(&[b'2'; 20_000], "error: the reply has a line without end");
        check(
            &b"250-and so on\r\n".repeat(6_000),
            "error: the reply is too long",
        );
    }

    #[test]
    fn nothing_is_said_to_a_server_that_spoke_unasked_or_left() {
        let second = Duration::from_secs(1);
        let said = |unasked: Option<&'static [u8]>| {
            block(async {
                let (ours, mut theirs) = tokio::io::duplex(1024);
                let mut dialogue = Dialogue::new(ours);
                match unasked {
                    Some(bytes) => theirs.write_all(bytes).await.unwrap(),
                    None => drop(theirs),
                }
                let said = dialogue.say(Phase::MailFrom, second, b"MAIL\r\n").await;
                said.unwrap_err()
            })
        };
        let early = said(Some(b"250 already\r\n"));
        assert!(
            early.reply.is_none() && early.error.contains("`250`"),
            "{early:?}"
        );
        assert!(!early.leaves_in_step());
        let leaving = said(Some(b"421 4.4.2 idle\r\n"));
        assert_eq!(leaving.reply.map(|reply| reply.code), Some(421));
        assert_eq!(said(None).error, HUNG_UP);
    }
}
