//! A mail taken apart: the headers, the words and the machine-readable parts the rules look at.
//!
//! Purpose: from raw bytes of any quality to a [`Mail`] of plain, bounded values, and the same from
//! what was kept of a mail. Invariants: only parts of the mail itself are looked at, never those
//! inside an attached message; no text holds a control character but the line break; the headers
//! are always read from the header block that is kept, so that judging again sees what judging saw.
//! This module judges nothing.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use regex::bytes;
use serde::{Deserialize, Serialize};

use super::report::{self, Report};
use super::{raw, text};
use crate::words::folding::{byte_pattern, cut, fold, one_line};

/// The text of the body, in bytes of JSON.
const BODY_BYTES_MAX: usize = 36_000;
/// The fields of reports, in bytes.
const REPORT_BYTES_MAX: usize = 12_000;
/// Parts of text that are read.
const PARTS_MAX: usize = 20;
/// Returned mails that are read.
const RETURNED_MAX: usize = 10;

/// One mail, taken apart.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// The header block.
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
    /// A report that stands in a text or in an attached mail: one only if a machine sent it.
    pub hint: Option<Report>,
    /// The method of a calendar part (RFC 5546), upper case.
    pub calendar_method: Option<String>,
    /// Why its words cannot be read: encrypted, or in a format of one vendor.
    pub sealed: Option<String>,
    /// The mailbox file named an empty envelope sender.
    is_from_nobody: bool,
}

/// The headers of a mail inside the mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Returned {
    /// Its Message-ID, without brackets.
    pub message_id: Option<String>,
    /// Its `X-Outreach-Key`.
    pub key: Option<String>,
    /// The first address in its To, lower case.
    pub to: Option<String>,
}

/// What is kept of a mail beside its headers: all that judging it again needs.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept<'a> {
    body: Cow<'a, str>,
    returned: Cow<'a, [Returned]>,
    report: Cow<'a, Option<Report>>,
    hint: Cow<'a, Option<Report>>,
    calendar_method: Cow<'a, Option<String>>,
    sealed: Cow<'a, Option<String>>,
    is_from_nobody: bool,
}

impl Mail {
    /// Takes a mail apart. Bytes that are no mail at all give an empty one.
    pub(super) fn parse(bytes: &[u8]) -> Mail {
        let bytes = raw::bounded(bytes);
        let (bytes, is_from_nobody) = raw::without_envelope(&bytes);
        let mut mail = Mail::of_headers(raw::header_block(bytes));
        mail.is_from_nobody = is_from_nobody;
        let repaired = raw::with_boundary(bytes);
        let bytes = repaired.as_deref().unwrap_or(bytes);
        let Some(message) = MessageParser::default().parse(bytes) else {
            return mail;
        };
        let from = message.parts.len().min(2) - 1;
        for part in message.parts.iter().skip(from).take(200) {
            mail.take_part(part);
        }
        let is_encrypted = message.parts.first().map(kind_of);
        if is_encrypted.is_some_and(|kind| kind == "multipart/encrypted") {
            mail.sealed = Some("encrypted".to_string());
        }
        let body = body_of(&message);
        if text::is_armoured(&body) {
            mail.sealed = Some("encrypted".to_string());
        } else if !body.is_empty() {
            mail.body = body;
        }
        if mail.hint.is_none() && mail.report.is_none() {
            mail.hint = report::sniff(&mail.body);
        }
        mail.bound();
        mail
    }

    /// The mail as it was when `kept` was written beside its header block.
    pub(super) fn again(header_block: &str, kept: &str) -> Option<Mail> {
        let kept: Kept<'_> = serde_json::from_str(kept).ok()?;
        let mut mail = Mail::of_headers(header_block.to_string());
        mail.body = kept.body.into_owned();
        mail.returned = kept.returned.into_owned();
        mail.report = kept.report.into_owned();
        mail.hint = kept.hint.into_owned();
        mail.calendar_method = kept.calendar_method.into_owned();
        mail.sealed = kept.sealed.into_owned();
        mail.is_from_nobody = kept.is_from_nobody;
        Some(mail)
    }

    /// What [`Mail::again`] needs, as JSON of at most 64 kB.
    pub(super) fn kept(&self) -> String {
        let kept = Kept {
            body: Cow::Borrowed(&self.body),
            returned: Cow::Borrowed(&self.returned),
            report: Cow::Borrowed(&self.report),
            hint: Cow::Borrowed(&self.hint),
            calendar_method: Cow::Borrowed(&self.calendar_method),
            sealed: Cow::Borrowed(&self.sealed),
            is_from_nobody: self.is_from_nobody,
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    fn of_headers(header_block: String) -> Mail {
        let mut mail = Mail::default();
        let raw = format!("{header_block}\n");
        if let Some(message) = MessageParser::default().parse_headers(raw.as_bytes()) {
            mail.take_headers(&message);
        }
        mail.header_block = header_block;
        mail
    }

    fn take_headers(&mut self, message: &Message<'_>) {
        self.fields = fields_of(message);
        self.subject = one_line(message.subject().unwrap_or_default(), 500);
        let from = message
            .from()
            .and_then(|from| from.first())
            .or_else(|| message.sender()?.first());
        if let Some(from) = from {
            self.from = one_line(from.address().unwrap_or_default(), 320).to_lowercase();
            self.from_name = one_line(from.name().unwrap_or_default(), 200);
        }
        self.message_id = self
            .field("message-id")
            .and_then(|value| ids_in(value).pop());
        self.answers = ids_in(self.field("in-reply-to").unwrap_or_default());
        let references = ids_in(self.field("references").unwrap_or_default());
        for id in references.into_iter().rev() {
            if !self.answers.contains(&id) {
                self.answers.push(id);
            }
        }
        self.sent_at = sent_at(message);
    }

    /// The first header of this lower-case name, unfolded.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        report::field(&self.fields, name)
    }

    /// Whether the envelope sender is known and empty (RFC 5321 section 4.5.5).
    pub(super) fn has_null_return_path(&self) -> bool {
        let is_empty = |name| {
            self.field(name)
                .is_some_and(|value| value.replace(char::is_whitespace, "") == "<>")
        };
        self.is_from_nobody
            || [
                "return-path",
                "x-envelope-from",
                "envelope-from",
                "x-return-path",
            ]
            .into_iter()
            .any(is_empty)
    }

    /// Keeps what is read within what is kept.
    fn bound(&mut self) {
        let mut size = 0;
        let end = self.body.char_indices().find_map(|(at, c)| {
            let escape = usize::from(matches!(c, '"' | '\\' | '\n'));
            size += c.len_utf8() + escape;
            (size > BODY_BYTES_MAX).then_some(at)
        });
        if let Some(end) = end {
            self.body.truncate(end);
        }
        if self.report.is_some() {
            self.hint = None;
        }
        let mut budget = REPORT_BYTES_MAX;
        let mut fits = |field: &(String, String)| {
            let size = field.0.len() + 2 * field.1.len() + 8;
            let is_within = size <= budget;
            budget = if is_within { budget - size } else { 0 };
            is_within
        };
        match self.report.as_mut().or(self.hint.as_mut()) {
            Some(Report::Delivery(groups)) => {
                groups.iter_mut().for_each(|group| group.retain(&mut fits));
                groups.retain(|group| !group.is_empty());
            }
            Some(Report::Disposition(group) | Report::Feedback(group)) => group.retain(fits),
            None => {}
        }
    }

    fn take_part(&mut self, part: &MessagePart<'_>) {
        let kind = kind_of(part);
        match kind.as_str() {
            "message/delivery-status" | "message/global-delivery-status" => {
                let groups = report::groups_in(part.contents());
                match &mut self.report {
                    Some(Report::Delivery(known)) => known.extend(groups),
                    _ => self.report = Some(Report::Delivery(groups)),
                }
            }
            "message/disposition-notification" | "message/global-disposition-notification" => {
                self.take_receipt(part.contents());
            }
            "message/feedback-report" => {
                let groups = report::groups_in(part.contents());
                self.report = Some(Report::Feedback(groups.into_iter().flatten().collect()));
            }
            "text/rfc822-headers"
            | "text/rfc822"
            | "message/rfc822-headers"
            | "message/global-headers"
            | "message/global"
            | "message/partial" => {
                if let Some(headers) = MessageParser::default().parse_headers(part.contents()) {
                    self.take_returned(&headers);
                }
            }
            "text/calendar" => {
                let method = part
                    .content_type()
                    .and_then(|kind| kind.attribute("method"));
                let contents = part.contents();
                let head = contents.get(..4_000).unwrap_or(contents);
                let text = String::from_utf8_lossy(head).to_uppercase();
                let line = || text.lines().find_map(|line| line.strip_prefix("METHOD:"));
                let method = method.or_else(line);
                self.calendar_method = method.map(|m| one_line(m, 20).to_uppercase());
            }
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => self.take_sealed(part),
            "application/ms-tnef" => self.sealed = Some("in a format of Outlook".to_string()),
            _ => self.take_other(part, &kind),
        }
    }

    fn take_receipt(&mut self, contents: &[u8]) {
        let fields: report::Group = report::groups_in(contents).into_iter().flatten().collect();
        let original = report::field(&fields, "original-message-id");
        self.returned.push(Returned {
            message_id: original.and_then(|value| ids_in(value).pop()),
            ..Returned::default()
        });
        self.report = Some(Report::Disposition(fields));
    }

    fn take_other(&mut self, part: &MessagePart<'_>, kind: &str) {
        match &part.body {
            PartType::Message(returned) => {
                self.take_returned(returned);
                let inner = || returned.parts.iter().take(PARTS_MAX);
                if let Some(status) = inner().find(|p| kind_of(p).ends_with("delivery-status")) {
                    let groups = report::groups_in(status.contents());
                    self.hint = Some(Report::Delivery(groups));
                }
            }
            PartType::Text(text) if kind != "text/plain" || is_attached(part) => {
                self.hint = self.hint.take().or_else(|| report::sniff(text));
            }
            PartType::Binary(bytes) if kind == "application/octet-stream" => {
                let head = bytes.get(..20_000).unwrap_or(bytes);
                let sniffed = || report::sniff(&text::decode(head));
                self.hint = self.hint.take().or_else(sniffed);
            }
            _ => {}
        }
    }

    /// A signed mail holds its words in the clear inside the envelope of bytes (RFC 8551 3.5.2).
    fn take_sealed(&mut self, part: &MessagePart<'_>) {
        static HEAD: LazyLock<bytes::Regex> =
            LazyLock::new(|| byte_pattern("(?i-u)Content-Type: *(?:text|multipart)/"));
        let contents = part.contents();
        let inner = HEAD
            .find(contents)
            .and_then(|found| contents.get(found.start()..))
            .and_then(|inner| MessageParser::default().parse(inner));
        match inner.map(|inner| body_of(&inner)) {
            Some(body) if !body.is_empty() => self.body = body,
            _ => self.sealed = Some("encrypted".to_string()),
        }
    }

    fn take_returned(&mut self, returned: &Message<'_>) {
        if self.returned.len() >= RETURNED_MAX {
            return;
        }
        let fields = fields_of(returned);
        let value = |name: &str| report::field(&fields, name);
        let to = returned.to().and_then(|to| to.first()?.address());
        self.returned.push(Returned {
            message_id: value("message-id").and_then(|value| ids_in(value).pop()),
            key: value("x-outreach-key").map(|key| one_line(key, 100)),
            to: to.map(|to| one_line(to, 320).to_lowercase()),
        });
    }
}

fn kind_of(part: &MessagePart<'_>) -> String {
    part.content_type().map_or_else(String::new, |kind| {
        let subtype = kind.subtype().unwrap_or_default();
        format!("{}/{subtype}", kind.ctype()).to_lowercase()
    })
}

fn is_attached(part: &MessagePart<'_>) -> bool {
    part.content_disposition()
        .is_some_and(|disposition| disposition.is_attachment())
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

fn body_of(message: &Message<'_>) -> String {
    let parts = |ids: &[u32]| -> String {
        let mut text = String::new();
        for part in ids
            .iter()
            .take(PARTS_MAX)
            .filter_map(|&id| message.parts.get(id as usize))
        {
            if is_words(part) && text.len() < BODY_BYTES_MAX {
                text.push_str(&text_of(message, part));
                text.push('\n');
            }
        }
        text
    };
    let mut text = parts(&message.text_body);
    if is_placeholder(&text) {
        let html = parts(&message.html_body);
        if html.trim().len() > text.trim().len() {
            text = html;
        }
    }
    let text = cut(&text, 2 * BODY_BYTES_MAX);
    text::unarmoured(&text::clean(text)).trim().to_string()
}

/// Whether a text part is empty or only says that the other part is the mail.
fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.len() < 300 && fold(text).contains("html")
}

fn is_words(part: &MessagePart<'_>) -> bool {
    let kind = kind_of(part);
    let is_data = kind.starts_with("message/")
        || matches!(
            kind.as_str(),
            "text/rfc822-headers" | "text/rfc822" | "text/calendar" | "text/csv" | "text/x-vcard"
        )
        || kind == "text/vcard";
    !is_data && !is_attached(part)
}

fn text_of(message: &Message<'_>, part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Html(html) => text::html_to_text(&mislabelled(message, part, html)),
        PartType::Text(text) => {
            let attribute = |name| part.content_type().and_then(|kind| kind.attribute(name));
            let is = |name, value: &str| {
                attribute(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
            };
            let text = mislabelled(message, part, text);
            if text::looks_like_html(&text) {
                text::html_to_text(&text)
            } else if is("format", "flowed") {
                text::unflow(&text, is("delsp", "yes"))
            } else {
                text.into_owned()
            }
        }
        _ => String::new(),
    }
}

/// Text that is not in the charset it claims, or claims none, is read a second time from its bytes:
/// valid UTF-8 is UTF-8 whatever the label says, and what has no honest label is guessed.
fn mislabelled<'a>(message: &Message<'_>, part: &MessagePart<'_>, text: &'a str) -> Cow<'a, str> {
    if text.is_ascii() && !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let charset = part
        .content_type()
        .and_then(|kind| kind.attribute("charset"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_honest =
        !charset.is_empty() && !charset.contains("ascii") && !charset.contains("unknown");
    let is_latin = charset.starts_with("iso-8859-1") || charset.contains("1252");
    if is_honest && !is_latin && !text.contains('\u{fffd}') {
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
        Some(bytes) if std::str::from_utf8(&bytes).is_ok() || !is_honest => {
            Cow::Owned(text::decode(&bytes).into_owned())
        }
        Some(bytes) if text.contains('\u{fffd}') => Cow::Owned(text::decode(&bytes).into_owned()),
        _ => Cow::Borrowed(text),
    }
}
