//! A mail taken apart: the headers, the words and the machine-readable parts the rules look at.
//!
//! Purpose: from raw bytes of any quality to a [`Mail`] of plain, bounded values. Invariants: only
//! parts of the mail itself are looked at, never those inside an attached message; no text holds a
//! control character but the line break. This module judges nothing.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use regex::bytes;

use super::folding::{byte_pattern, cut, one_line};
use super::words::Words;

/// What lies beyond is attachments; the words and reports of a mail come first.
const RAW_BYTES_MAX: usize = 1 << 20;
/// The raw header block that is kept, in bytes before decoding.
const HEADER_BYTES_MAX: usize = 16_000;
/// The text of the body, in characters.
const BODY_CHARS_MAX: usize = 60_000;
/// HTML that is rendered, in characters.
const HTML_CHARS_MAX: usize = 200_000;
/// How deep elements of HTML may nest.
const HTML_DEPTH_MAX: usize = 60;
/// Returned mails and report groups that are read.
const PARTS_MAX: usize = 20;
/// Nested mails a parser must follow; deeper is an attack on its stack.
const NESTING_MAX: usize = 60;

/// One mail, taken apart.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// The raw header block.
    pub header_block: String,
    /// Every header in order: lower-case name, unfolded value.
    fields: Vec<(String, String)>,
    /// The decoded subject, one line.
    pub subject: String,
    /// The address in From, lower case, or `""`.
    pub from: String,
    /// The display name in From, or `""`.
    pub from_name: String,
    /// Its own Message-ID, without brackets.
    pub message_id: Option<String>,
    /// In-Reply-To, then References from last to first.
    pub answers: Vec<String>,
    /// The mail's Date, or when the last server took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// What a reader sees first, quotes and all.
    pub body: String,
    /// What the mail returns or has attached of other mails.
    pub returned: Vec<Returned>,
    /// The machine-readable part, if it is a report.
    pub report: Option<Report>,
    /// The method of a calendar part (RFC 5546), upper case.
    pub calendar_method: Option<String>,
}

/// The headers of a mail inside the mail.
#[derive(Debug, Default)]
pub(super) struct Returned {
    /// Its Message-ID, without brackets.
    pub message_id: Option<String>,
    /// Its `X-Outreach-Key`.
    pub key: Option<String>,
}

/// A machine-readable part.
#[derive(Debug)]
pub(super) enum Report {
    /// Delivery status (RFC 3464): the groups of fields, the first about the mail, the others about
    /// one recipient each.
    Delivery(Vec<Vec<(String, String)>>),
    /// A receipt (RFC 8098).
    Disposition,
    /// A complaint (RFC 5965).
    Feedback(Vec<(String, String)>),
}

impl Mail {
    /// Takes a mail apart. Bytes that are no mail at all give an empty one.
    pub(super) fn parse(raw: &[u8]) -> Mail {
        let raw = bounded(raw);
        let mut mail = Mail {
            header_block: header_block(&raw),
            ..Mail::default()
        };
        let Some(message) = MessageParser::default().parse(raw.as_ref()) else {
            return mail;
        };
        mail.fields = fields_of(&message);
        mail.subject = one_line(message.subject().unwrap_or_default(), 500);
        let from = message
            .from()
            .and_then(|from| from.first())
            .or_else(|| message.sender()?.first());
        if let Some(from) = from {
            mail.from = one_line(from.address().unwrap_or_default(), 320).to_lowercase();
            mail.from_name = one_line(from.name().unwrap_or_default(), 200);
        }
        mail.message_id = mail
            .field("message-id")
            .and_then(|value| ids_in(value).pop());
        mail.answers = ids_in(mail.field("in-reply-to").unwrap_or_default());
        let references = ids_in(mail.field("references").unwrap_or_default());
        for id in references.into_iter().rev() {
            if !mail.answers.contains(&id) {
                mail.answers.push(id);
            }
        }
        mail.sent_at = sent_at(&message);
        mail.body = body_of(&message);
        for part in message.parts.iter().skip(1) {
            mail.take_part(part);
        }
        if message.parts.len() == 1
            && let Some(part) = message.parts.first()
        {
            mail.take_part(part);
        }
        mail
    }

    /// The first header of this lower-case name, unfolded.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the envelope sender is known and empty (RFC 5321 section 4.5.5).
    pub(super) fn has_null_return_path(&self) -> bool {
        self.field("return-path")
            .is_some_and(|value| value.replace(char::is_whitespace, "") == "<>")
    }

    fn take_part(&mut self, part: &MessagePart<'_>) {
        let Some(content_type) = part.content_type() else {
            return;
        };
        let kind = format!(
            "{}/{}",
            content_type.ctype(),
            content_type.subtype().unwrap_or_default()
        );
        match kind.to_lowercase().as_str() {
            "message/delivery-status" | "message/global-delivery-status" => {
                self.report = Some(Report::Delivery(groups_in(part.contents())));
            }
            "message/disposition-notification" | "message/global-disposition-notification" => {
                self.report = Some(Report::Disposition);
                let fields = groups_in(part.contents()).into_iter().flatten();
                let original = fields.filter(|(name, _)| name == "original-message-id");
                let message_id = original
                    .filter_map(|(_, value)| ids_in(&value).pop())
                    .next();
                self.returned.push(Returned {
                    message_id,
                    key: None,
                });
            }
            "message/feedback-report" => {
                let groups = groups_in(part.contents());
                self.report = Some(Report::Feedback(groups.into_iter().flatten().collect()));
            }
            "text/rfc822-headers"
            | "message/rfc822-headers"
            | "message/global-headers"
            | "message/global" => {
                if let Some(headers) = MessageParser::default().parse_headers(part.contents()) {
                    self.take_returned(&headers);
                }
            }
            "text/calendar" => {
                let method = content_type.attribute("method").map(str::to_uppercase);
                let text = String::from_utf8_lossy(part.contents()).to_uppercase();
                let line = || text.lines().find_map(|line| line.strip_prefix("METHOD:"));
                self.calendar_method = method.or_else(|| line().map(|m| m.trim().to_string()));
            }
            _ => {
                if let PartType::Message(returned) = &part.body {
                    self.take_returned(returned);
                }
            }
        }
    }

    fn take_returned(&mut self, returned: &Message<'_>) {
        if self.returned.len() >= PARTS_MAX {
            return;
        }
        let fields = fields_of(returned);
        let value = |name: &str| {
            fields
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        self.returned.push(Returned {
            message_id: value("message-id").and_then(|value| ids_in(value).pop()),
            key: value("x-outreach-key").map(|key| one_line(key, 100)),
        });
    }
}

/// The bytes the parser gets: bounded in size and nesting, with line ends it knows.
fn bounded(raw: &[u8]) -> Cow<'_, [u8]> {
    static NESTING: LazyLock<bytes::Regex> =
        LazyLock::new(|| byte_pattern("(?i-u)message/|multipart/digest"));
    let mut raw = raw.get(..RAW_BYTES_MAX).unwrap_or(raw);
    let deepest = NESTING.find_iter(raw).nth(NESTING_MAX);
    if let Some(deepest) = deepest {
        raw = raw.get(..deepest.start()).unwrap_or(raw);
    }
    if raw.contains(&b'\r') && !raw.contains(&b'\n') {
        return Cow::Owned(
            raw.iter()
                .map(|&b| if b == b'\r' { b'\n' } else { b })
                .collect(),
        );
    }
    Cow::Borrowed(raw)
}

fn header_block(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw.get(..HEADER_BYTES_MAX).unwrap_or(raw));
    let mut block = String::new();
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() || block.len() + line.len() > HEADER_BYTES_MAX {
            break;
        }
        block.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
        block.push('\n');
    }
    block
}

fn fields_of(message: &Message<'_>) -> Vec<(String, String)> {
    message
        .headers_raw()
        .take(400)
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), one_line(value, 4_000)))
        .collect()
}

/// The ids in a header or text: with brackets or, as some programs leave them, without.
fn ids_in(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for token in text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';')) {
        let token = token.trim_matches('"');
        let is_id = token.contains('@') && (3..=250).contains(&token.len());
        if is_id && ids.len() < 50 && !ids.iter().any(|id| id == token) {
            ids.push(token.to_string());
        }
    }
    ids
}

/// Mails of 1970, and of no date at all, are dated by the server that took them.
fn sent_at(message: &Message<'_>) -> Option<DateTime<Utc>> {
    let received = || message.received().and_then(|received| received.date);
    let plausible = |date: mail_parser::DateTime| {
        (date.is_valid() && date.year >= 1990 && date.year < 2100)
            .then(|| DateTime::from_timestamp(date.to_timestamp(), 0))
            .flatten()
    };
    message
        .date()
        .copied()
        .and_then(plausible)
        .or_else(|| received().and_then(plausible))
}

/// The groups of fields of a report, separated by empty lines (RFC 3464 section 2.1).
fn groups_in(contents: &[u8]) -> Vec<Vec<(String, String)>> {
    let text = String::from_utf8_lossy(contents)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let mut groups = Vec::new();
    for group in text
        .split("\n\n")
        .filter(|group| !group.trim().is_empty())
        .take(PARTS_MAX)
    {
        let group = format!("{}\n\n", group.trim_start_matches('\n'));
        if let Some(fields) = MessageParser::default().parse_headers(group.as_bytes()) {
            groups.push(fields_of(&fields));
        }
    }
    groups
}

fn body_of(message: &Message<'_>) -> String {
    let parts = |ids: &[u32]| -> String {
        let mut text = String::new();
        for part in ids
            .iter()
            .take(PARTS_MAX)
            .filter_map(|&id| message.parts.get(id as usize))
        {
            if is_words(part) && text.len() < BODY_CHARS_MAX {
                text.push_str(&text_of(message, part));
                text.push('\n');
            }
        }
        text
    };
    let text = parts(&message.text_body);
    let text = if text.trim().is_empty() {
        parts(&message.html_body)
    } else {
        text
    };
    cut(&clean(&text), BODY_CHARS_MAX).trim().to_string()
}

fn is_words(part: &MessagePart<'_>) -> bool {
    let is_data = part.content_type().is_some_and(|content_type| {
        let subtype = content_type.subtype().unwrap_or_default().to_lowercase();
        matches!(
            subtype.as_str(),
            "rfc822-headers" | "calendar" | "delivery-status" | "csv"
        )
    });
    let is_attached = part
        .content_disposition()
        .is_some_and(|d| d.is_attachment());
    !is_data && !is_attached
}

fn text_of(message: &Message<'_>, part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Html(html) => html_to_text(&mislabelled(message, part, html)),
        PartType::Text(text) => {
            let attribute = |name| part.content_type().and_then(|kind| kind.attribute(name));
            let is = |name, value: &str| {
                attribute(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
            };
            let text = mislabelled(message, part, text);
            if looks_like_html(&text) {
                html_to_text(&text)
            } else if is("format", "flowed") {
                unflow(&text, is("delsp", "yes"))
            } else {
                text.into_owned()
            }
        }
        _ => String::new(),
    }
}

/// Eight-bit text that is not in the charset it claims (or claims none) is Windows-1252 far more
/// often than anything else, so that is how it is read a second time.
fn mislabelled<'a>(message: &Message<'_>, part: &MessagePart<'_>, text: &'a str) -> Cow<'a, str> {
    if !text.contains('\u{fffd}') {
        return Cow::Borrowed(text);
    }
    let bounds = part.offset_body as usize..part.offset_end as usize;
    let Some(raw) = message.raw_message.get(bounds) else {
        return Cow::Borrowed(text);
    };
    let bytes = match part.encoding {
        Encoding::None => Some(raw.to_vec()),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::Base64 => base64_decode(raw),
    };
    match bytes {
        Some(bytes) if std::str::from_utf8(&bytes).is_err() => {
            Cow::Owned(bytes.into_iter().map(windows_1252).collect())
        }
        _ => Cow::Borrowed(text),
    }
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x85 => '…',
        0x91 | 0x92 => '\'',
        0x93 | 0x94 => '"',
        0x96 | 0x97 => '-',
        byte => char::from(byte),
    }
}

fn looks_like_html(text: &str) -> bool {
    let start = cut(text.trim_start(), 15).to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// HTML as a reader sees it; quoted blocks become lines that begin with `>`.
fn html_to_text(html: &str) -> String {
    static HIDDEN: LazyLock<Words> =
        LazyLock::new(|| Words::new(include_str!("words/mime_hidden.txt")));
    let shown = HIDDEN.without(cut(html, HTML_CHARS_MAX));
    html2text::config::plain_no_decorate()
        .raw_mode(true)
        .no_table_borders()
        .no_link_wrapping()
        .allow_width_overflow()
        .string_from_read(shallow(&shown).as_bytes(), 2_000)
        .unwrap_or_default()
}

/// HTML whose elements nest no deeper than any mail program makes them: the renderer's time grows
/// with the square of the depth. Elements that close themselves do not count.
fn shallow(html: &str) -> String {
    const FLAT: &[&str] = &[
        "p", "li", "td", "th", "tr", "dt", "dd", "option", "br", "hr", "img", "meta", "link",
        "input", "col", "area", "base", "embed", "source", "track", "wbr", "!doctype",
    ];
    let mut out = String::with_capacity(html.len());
    let (mut depth, mut dropped) = (0_usize, 0_usize);
    let mut pieces = html.split('<');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|c: char| c.is_whitespace() || matches!(c, '>' | '<'));
        let name = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
        let is_closing = name.starts_with('/');
        let name = name.trim_matches('/').to_ascii_lowercase();
        let is_element = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let mut is_kept = true;
        if is_element && !FLAT.contains(&name.as_str()) {
            match (is_closing, dropped, depth) {
                (true, 1.., _) => (dropped, is_kept) = (dropped - 1, false),
                (true, 0, _) => depth = depth.saturating_sub(1),
                (false, _, HTML_DEPTH_MAX..) => (dropped, is_kept) = (dropped + 1, false),
                (false, _, _) => depth += 1,
            }
        }
        if is_kept {
            out.push('<');
            out.push_str(piece);
        } else {
            out.push_str(piece.split_once('>').map_or("", |(_, text)| text));
        }
    }
    out
}

/// Joins the soft line breaks of `format=flowed` (RFC 3676): a line ending in a space goes on.
fn unflow(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        if open != Some(depth) {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 {
                out.push(' ');
            }
        }
        let is_soft = content.ends_with(' ') && content != "-- ";
        let content = if is_soft && delete_space {
            content.strip_suffix(' ').unwrap_or(content)
        } else {
            content
        };
        out.push_str(content);
        open = is_soft.then_some(depth);
        if !is_soft {
            out.push('\n');
        }
    }
    out
}

/// No control characters but line breaks, no invisible ones, ordinary spaces.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\t' | '\u{a0}' | '\u{2007}' | '\u{202f}' => Some(' '),
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => None,
            '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}
