//! The bytes of a mail.
//!
//! Invariant: the same [`Outgoing`] gives the same bytes, so that a second attempt is the same
//! mail; no text in it can add a header, a recipient or a path.

mod body;

use anyhow::{Context, ensure};
use chrono::{DateTime, Datelike, Utc};
use lettre::Address;
use lettre::message::header::{
    Date, From as FromHeader, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0, MessageId,
    ReplyTo, Subject, To,
};
use lettre::message::{Mailbox, Mailboxes};
use url::Url;

use super::dkim::Signer;
use super::is_loopback;
use crate::delivery::{Blame, Delivery, Phase};
use crate::lead::EmailAddress;

/// One mail, ready to be composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The sender's address, also the envelope's.
    pub from: EmailAddress,
    /// The sender's name, or `""`.
    pub from_name: String,
    /// The lead's address, also the envelope's.
    pub to: EmailAddress,
    /// The lead's name, or `""`.
    pub to_name: String,
    /// The subject, one line.
    pub subject: String,
    /// The text, signature included, lines ended by `\n`.
    pub body: String,
    /// The instant of the first claim: a second attempt carries the same Date.
    pub dated_at: DateTime<Utc>,
    /// The Message-ID without angle brackets.
    pub message_id: String,
    /// The key carried in `X-Outreach-Key`; also names the file in a Maildir.
    pub outreach_key: String,
    /// The mailbox that takes opt-outs (RFC 2369), if there is one.
    pub unsubscribe_mailto: Option<EmailAddress>,
    /// The postal address US law wants in every such mail (CAN-SPAM, 15 USC 7704(a)(5)).
    pub postal_address: Option<String>,
    /// Where answers go, if not to `from`.
    pub reply_to: Option<EmailAddress>,
    /// Where one click opts out (RFC 8058): https (or http to this machine), made for this mail
    /// alone. The footer names it, too.
    pub unsubscribe_url: Option<Url>,
    /// The mails this one goes on from; the subject is the caller's.
    pub thread: Option<Thread>,
    /// The body as HTML, for programs that prefer it; the footer is added. Text only without.
    pub html: Option<String>,
}

/// The mails a mail goes on from (RFC 5322 section 3.6.4), their ids without angle brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The Message-ID of the mail this one follows.
    pub in_reply_to: String,
    /// The Message-IDs of all mails before, the first one first.
    pub references: Vec<String>,
}

/// A mail composed for one recipient, ready to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    pub(super) outreach_key: String,
    pub(super) from: String,
    pub(super) to: String,
    /// The mail as an SMTP client says it: dots doubled, the final dot included.
    pub(super) wire: Vec<u8>,
    /// Whether an address is not ASCII, so that only SMTPUTF8 can carry it (RFC 6531).
    pub(super) needs_utf8: bool,
}

impl Composed {
    /// Composes a mail and signs it. The error is the verdict on one that cannot be composed.
    pub(super) fn new(outgoing: &Outgoing, signer: Option<&Signer>) -> Result<Composed, Delivery> {
        let raw = compose(outgoing).and_then(|raw| match signer {
            Some(signer) => signer.sign(&raw, outgoing.dated_at),
            None => Ok(raw),
        });
        let raw = raw.map_err(|error| uncomposable(&error))?;
        Ok(Composed {
            outreach_key: outgoing.outreach_key.clone(),
            from: outgoing.from.as_str().to_string(),
            to: outgoing.to.as_str().to_string(),
            wire: with_dots(&raw),
            needs_utf8: !raw.is_ascii(),
        })
    }

    /// The bytes of the mail.
    pub fn raw(&self) -> Vec<u8> {
        let body = self.wire.strip_suffix(b".\r\n").unwrap_or(&self.wire);
        let lines = body.split_inclusive(|byte| *byte == b'\n');
        let plain = lines.map(|line| line.strip_prefix(b".").unwrap_or(line));
        plain.collect::<Vec<_>>().concat()
    }
}

/// RFC 5321 section 4.5.2: a dot that begins a line is doubled, a lone one ends the mail.
fn with_dots(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + 64);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// A mail that cannot be composed never left us and never will as it is.
fn uncomposable(error: &anyhow::Error) -> Delivery {
    Delivery::Rejected {
        phase: Phase::Connect,
        reply: format!("{error:#}"),
        blame: Blame::Message,
    }
}

/// Composes the mail as RFC 5322 wants it on the wire: CRLF, `text/plain` in UTF-8, 7bit when the
/// text fits and quoted-printable otherwise, ending with a line end. With HTML the text comes first
/// and the HTML is its alternative (RFC 2046 section 5.1.4). Headers are ASCII unless an address is
/// not.
pub fn compose(outgoing: &Outgoing) -> anyhow::Result<Vec<u8>> {
    check_key(&outgoing.outreach_key)?;
    check_message_id(&outgoing.message_id)?;
    check_line("subject", &outgoing.subject)?;
    check_line("sender's name", &outgoing.from_name)?;
    check_line("lead's name", &outgoing.to_name)?;
    ensure!(
        !outgoing.subject.trim().is_empty(),
        "subject: expected a text, found none"
    );
    let year = outgoing.dated_at.year();
    ensure!(
        (1970..=9999).contains(&year),
        "date: expected a year of four digits, found `{year}`"
    );

    // The library's builder of whole messages reads every address again that was just written.
    let mut headers = Headers::with_capacity(16);
    headers.set(Date::new(outgoing.dated_at.into()));
    headers.set(FromHeader::from(Mailboxes::from(mailbox(
        &outgoing.from_name,
        &outgoing.from,
    )?)));
    headers.set(To::from(Mailboxes::from(mailbox(
        &outgoing.to_name,
        &outgoing.to,
    )?)));
    headers.set(Subject::from(single_spaced(&outgoing.subject)));
    headers.set(MessageId::from(format!("<{}>", outgoing.message_id)));
    if let Some(reply_to) = &outgoing.reply_to {
        headers.set(ReplyTo::from(Mailboxes::from(mailbox("", reply_to)?)));
    }
    if let Some(thread) = &outgoing.thread {
        let (in_reply_to, references) = threaded(thread)?;
        headers.insert_raw(header("In-Reply-To", in_reply_to));
        headers.insert_raw(header("References", references));
    }
    headers.insert_raw(header("X-Outreach-Key", outgoing.outreach_key.clone()));
    for (name, value) in unsubscribe_headers(outgoing)? {
        headers.insert_raw(header(name, value));
    }
    headers.set(MIME_VERSION_1_0);
    let mut bytes = body::attach(headers, outgoing)?;
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    Ok(bytes)
}

/// A key becomes a header and a file name: a short word that can be neither a path nor hidden.
pub(super) fn check_key(key: &str) -> anyhow::Result<()> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let is_key = (1..=120).contains(&key.len())
        && key.bytes().all(is_plain)
        && key.starts_with(|c: char| c.is_ascii_alphanumeric());
    ensure!(
        is_key,
        "outreach key: expected letters, digits, `.`, `_` and `-`, found {key:?}"
    );
    Ok(())
}

/// An address as the MIME library knows it. Its domain is ASCII already.
fn address(email: &EmailAddress) -> anyhow::Result<Address> {
    Address::new(email.local(), email.domain()).with_context(|| {
        format!(
            "address: expected a valid one, found one at {:?}",
            email.domain()
        )
    })
}

fn mailbox(name: &str, email: &EmailAddress) -> anyhow::Result<Mailbox> {
    let name = name.trim();
    Ok(Mailbox::new(
        (!name.is_empty()).then(|| name.to_string()),
        address(email)?,
    ))
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// One line of text, whatever the reader takes for a line end.
fn check_line(what: &str, text: &str) -> anyhow::Result<()> {
    match text.chars().find(|c| breaks_a_line(*c)) {
        None => Ok(()),
        Some(c) => anyhow::bail!(
            "{what}: expected one line of text, found the control character U+{:04X}",
            u32::from(c)
        ),
    }
}

/// Control characters, and the two separators some programs take for a line end.
fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A header is folded at its spaces, and what programs make of two of them at a fold differs.
fn single_spaced(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn check_message_id(id: &str) -> anyhow::Result<()> {
    let is_plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>');
    let halves = id
        .split_once('@')
        .is_some_and(|(left, right)| !left.is_empty() && !right.is_empty() && !right.contains('@'));
    ensure!(
        halves && id.len() <= 250 && id.bytes().all(is_plain),
        "message id: expected `left@right` without brackets or spaces, found {id:?}"
    );
    Ok(())
}

/// No thread of ours is longer; what others referred to before is not needed to find it.
const REFERENCES_MAX: usize = 20;

/// In-Reply-To and References. The last reference is the mail that is followed (RFC 5322 section
/// 3.6.4).
fn threaded(thread: &Thread) -> anyhow::Result<(String, String)> {
    let mut ids: Vec<&str> = thread.references.iter().map(String::as_str).collect();
    ids.retain(|id| *id != thread.in_reply_to);
    ids.push(&thread.in_reply_to);
    for id in &ids {
        check_message_id(id)?;
    }
    // The first names the thread, the last ones the place in it.
    let n_left_out = ids.len().saturating_sub(REFERENCES_MAX);
    let kept = ids.iter().take(1).chain(ids.iter().skip(1 + n_left_out));
    let references: Vec<String> = kept.map(|id| format!("<{id}>")).collect();
    Ok((format!("<{}>", thread.in_reply_to), references.join(" ")))
}

/// The longest link of ours: a line may have 998 octets (RFC 5322 section 2.1.1), and this one
/// cannot be folded.
const LINK_LEN_MAX: usize = 900;

/// `List-Unsubscribe` (RFC 2369), and with a URL the header that makes it one click (RFC 8058).
fn unsubscribe_headers(outgoing: &Outgoing) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut links = Vec::new();
    let mut headers = Vec::new();
    if let Some(url) = &outgoing.unsubscribe_url {
        // Plain http stays on this machine, where things are tried out.
        let host = url.host_str().unwrap_or_default();
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(host);
        let is_link = is_safe
            && !host.is_empty()
            && url.username().is_empty()
            && url.password().is_none()
            && url.as_str().len() <= LINK_LEN_MAX
            && url
                .as_str()
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b'>');
        // The link is made for one mail: who reads it in a log could opt somebody out.
        ensure!(
            is_link,
            "unsubscribe URL: expected a short https address, found one with `{}`",
            url.scheme()
        );
        links.push(format!("<{url}>"));
        headers.push((
            "List-Unsubscribe-Post",
            "List-Unsubscribe=One-Click".to_string(),
        ));
    }
    if let Some(mailto) = &outgoing.unsubscribe_mailto {
        address(mailto)?;
        links.push(unsubscribe_mail(mailto, &outgoing.outreach_key));
    }
    if !links.is_empty() {
        headers.insert(0, ("List-Unsubscribe", links.join(", ")));
    }
    Ok(headers)
}

/// `<mailto:address?subject=unsubscribe%20KEY>` (RFC 6068 section 2 says what must be escaped).
fn unsubscribe_mail(mailto: &EmailAddress, key: &str) -> String {
    let mut link = String::from("<mailto:");
    for byte in mailto.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte) {
            link.push(char::from(byte));
        } else {
            link.push_str(&format!("%{byte:02X}"));
        }
    }
    link + "?subject=unsubscribe%20" + key + ">"
}

#[cfg(test)]
mod tests;
