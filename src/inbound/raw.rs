//! Bytes of a mail, mended before they are parsed.
//!
//! Purpose: bound what a parser gets, drop what programs put before a mail, announce parts nobody
//! announced, and keep the headers as text. Invariant: takes time linear in its bounded input.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes;

use super::text;
use crate::words::folding::{byte_pattern, cut};

/// What lies beyond is attachments; the words and reports of a mail come first.
const RAW_BYTES_MAX: usize = 1 << 20;
/// The raw header block that is kept, in bytes.
const HEADER_BYTES_MAX: usize = 16_000;
/// The raw header block that is read.
const HEADER_BYTES_READ: usize = 64_000;
/// Nested mails a parser must follow; deeper is an attack on its stack.
const NESTING_MAX: usize = 60;

/// The bytes the parser gets: bounded in size and nesting, with line ends it knows, without what
/// programs put before a mail.
pub(super) fn bounded(raw: &[u8]) -> Cow<'_, [u8]> {
    static NESTING: LazyLock<bytes::Regex> =
        LazyLock::new(|| byte_pattern("(?i-u)message/|multipart/digest"));
    static HEADER: LazyLock<bytes::Regex> = LazyLock::new(|| {
        byte_pattern("(?-u)^[\\s]{1,200}((?:From |[A-Za-z][A-Za-z0-9-]{1,60}:).)")
    });
    let mut raw = raw.get(..RAW_BYTES_MAX).unwrap_or(raw);
    let deepest = NESTING.find_iter(raw).nth(NESTING_MAX);
    if let Some(deepest) = deepest {
        raw = raw.get(..deepest.start()).unwrap_or(raw);
    }
    raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    if let Some(header) = HEADER.captures(raw).and_then(|found| found.get(1)) {
        raw = raw.get(header.start()..).unwrap_or(raw);
    }
    if raw.contains(&b'\r') && !raw.contains(&b'\n') {
        let line_feed = |&b: &u8| if b == b'\r' { b'\n' } else { b };
        return Cow::Owned(raw.iter().map(line_feed).collect());
    }
    Cow::Borrowed(raw)
}

/// A mail without the `From ` line of a mailbox file, and whether that names no sender.
pub(super) fn without_envelope(raw: &[u8]) -> (&[u8], bool) {
    let line_end = || raw.iter().position(|&b| b == b'\n');
    let is_envelope = raw.starts_with(b"From ") || raw.starts_with(b">From ");
    match is_envelope.then(line_end).flatten() {
        Some(end) => {
            let line = String::from_utf8_lossy(raw.get(..end).unwrap_or_default());
            let sender = line.split_whitespace().nth(1).unwrap_or_default();
            let sender = sender.to_lowercase();
            let is_nobody = sender == "<>" || sender.starts_with("mailer-daemon");
            (raw.get(end + 1..).unwrap_or_default(), is_nobody)
        }
        None => (raw, false),
    }
}

/// A mail whose parts begin with a line its header does not announce, mended: some programs lose
/// the boundary, or the header that names it.
pub(super) fn with_boundary(raw: &[u8]) -> Option<Vec<u8>> {
    static PARTS: LazyLock<bytes::Regex> = LazyLock::new(|| {
        byte_pattern(concat!(
            "(?i-u)(?:^|\\n)\r?\n--([!-~][ -~]{2,69})\r?\n",
            "content-(?:type|description|transfer-encoding):"
        ))
    });
    static KIND: LazyLock<bytes::Regex> =
        LazyLock::new(|| byte_pattern("(?i-u)(?:^|\\n)content-type:[^\\n]*(?:\\n[ \t][^\\n]*)*"));
    let head_end = raw
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .or_else(|| raw.windows(4).position(|four| four == b"\r\n\r\n"))?;
    let (head, body) = (raw.get(..head_end)?, raw.get(head_end..)?);
    let start = body.get(..2_000).unwrap_or(body);
    let boundary = PARTS.captures(start)?.get(1)?.as_bytes();
    let boundary = boundary.trim_ascii_end();
    if head
        .windows(boundary.len())
        .any(|window| window == boundary)
    {
        return None;
    }
    let kind = KIND
        .find(head)
        .map_or(head.len()..head.len(), |found| found.range());
    let declared = head.get(kind.clone())?.to_ascii_lowercase();
    let is_choice = declared.windows(11).any(|window| window == b"alternative");
    let subtype: &[u8] = if is_choice { b"alternative" } else { b"mixed" };
    let announced = [
        head.get(..kind.start)?,
        b"\nContent-Type: multipart/",
        subtype,
        b"; boundary=\"",
        boundary,
        b"\"",
        head.get(kind.end..)?,
        body,
    ];
    Some(announced.concat())
}

/// The headers as text, unfolded values and all. Where there are too many, those that say nothing
/// about an answer go first: signatures and traces.
pub(super) fn header_block(raw: &[u8]) -> String {
    let raw = raw.get(..HEADER_BYTES_READ).unwrap_or(raw);
    let mut end = 0;
    for line in raw.split_inclusive(|&b| b == b'\n') {
        if line.trim_ascii().is_empty() {
            break;
        }
        end += line.len();
    }
    let raw = raw.get(..end).unwrap_or(raw);
    let text = text::decode(raw);
    let is_long = text.len() > HEADER_BYTES_MAX;
    let mut block = String::with_capacity(text.len().min(HEADER_BYTES_MAX));
    let mut is_dropped = false;
    for line in text.lines() {
        if !line.starts_with([' ', '\t']) {
            is_dropped = is_long && is_bulky(line);
        }
        let line = line.trim_end();
        if is_dropped || line.is_empty() {
            continue;
        }
        if block.len() + line.len() > HEADER_BYTES_MAX {
            break;
        }
        block.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
        block.push('\n');
    }
    block
}

fn is_bulky(line: &str) -> bool {
    let name = cut(line.split(':').next().unwrap_or_default(), 60).to_ascii_lowercase();
    [
        "arc-",
        "dkim-",
        "x-ms-exchange-",
        "x-microsoft-antispam",
        "x-forefront",
        "x-google-",
        "x-gm-",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
        && name != "x-ms-exchange-inbox-rules-loop"
        && name != "x-ms-exchange-generated-message-source"
        || name == "received"
}
