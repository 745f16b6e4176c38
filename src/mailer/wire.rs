//! The bytes between lettre and a server, made safe to read.
//!
//! Invariant: whatever a server writes, lettre sees complete replies in ASCII, of bounded length.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// lettre looks at the length of a line only when it has all of it; a server must not fill our
/// memory meanwhile. RFC 5321 section 4.5.3.1.5 allows 512.
const REPLY_LINE_BYTES_MAX: usize = 8 * 1024;

/// A connection as lettre reads it, its replies made tidy.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    peer: SocketAddr,
    tidy: Tidy,
    /// Tidied bytes not read yet; the front is at `taken`.
    ready: Vec<u8>,
    taken: usize,
}

impl<S> Wire<S> {
    /// A connection of which `already_read` is still to be read first.
    pub fn new(stream: S, peer: SocketAddr, already_read: &[u8]) -> Wire<S> {
        let mut wire = Wire {
            stream,
            peer,
            tidy: Tidy::default(),
            ready: Vec::new(),
            taken: 0,
        };
        wire.tidy.feed(already_read, &mut wire.ready);
        wire
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream
    for Wire<S>
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        if wire.taken >= wire.ready.len() {
            wire.ready.clear();
            wire.taken = 0;
            let mut raw = [0_u8; 4096];
            let mut raw = ReadBuf::new(&mut raw);
            match Pin::new(&mut wire.stream).poll_read(context, &mut raw) {
                Poll::Ready(Ok(())) => wire.tidy.feed(raw.filled(), &mut wire.ready),
                other => return other,
            }
            if wire.tidy.column > REPLY_LINE_BYTES_MAX {
                return Poll::Ready(Err(io::Error::other("the reply has a line without end")));
            }
        }
        let left = wire.ready.get(wire.taken..).unwrap_or_default();
        let part = left.get(..into.remaining()).unwrap_or(left);
        into.put_slice(part);
        wire.taken += part.len();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Makes replies readable that lettre would give up on, losing a definite answer: text that is not
/// ASCII (refusals in GBK or Latin-1), a code without any text (allowed by RFC 5321 section 4.2.1)
/// and a line end without its CR. Each of them after the body would make a doubt of a delivery.
#[derive(Debug, Default)]
struct Tidy {
    column: usize,
    last: u8,
}

impl Tidy {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            let ends_line = matches!(byte, b'\r' | b'\n') && self.last != b'\r';
            if ends_line && self.column == 3 {
                out.push(b' ');
            }
            if byte == b'\n' && self.last != b'\r' {
                out.push(b'\r');
            }
            out.push(if byte.is_ascii() { byte } else { b'?' });
            self.column = if byte == b'\n' {
                0
            } else {
                self.column.saturating_add(1)
            };
            self.last = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &[u8], expected: &str) {
        let mut whole = Vec::new();
        Tidy::default().feed(raw, &mut whole);
        assert_eq!(String::from_utf8_lossy(&whole), expected);
        let (mut tidy, mut bytewise) = (Tidy::default(), Vec::new());
        for byte in raw {
            tidy.feed(std::slice::from_ref(byte), &mut bytewise);
        }
        assert_eq!(whole, bytewise, "the cut between two reads must not matter");
    }

    #[test]
    fn careless_replies_are_made_tidy_and_others_left_alone() {
        check(b"250 2.0.0 Ok\r\n", "250 2.0.0 Ok\r\n");
        check(b"250-a\r\n250 b\r\n", "250-a\r\n250 b\r\n");
        check(b"250\r\n", "250 \r\n");
        check(b"250-a\r\n250\r\n220\r\n", "250-a\r\n250 \r\n220 \r\n");
        check(b"250 ok\n", "250 ok\r\n");
        check(b"250\n", "250 \r\n");
        check(b"550 Empf\xe4nger\r\n", "550 Empf?nger\r\n");
        check("550 用户\r\n".as_bytes(), "550 ??????\r\n");
        check(b"\r\n\n", "\r\n\r\n");
        check(b"", "");
    }
}
