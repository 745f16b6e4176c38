//! What follows the headers: the text with its footer, and the HTML beside it.

use std::borrow::Cow;

use anyhow::ensure;
use lettre::message::header::{ContentTransferEncoding, ContentType, Headers};
use lettre::message::{Body, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

use super::{Outgoing, breaks_a_line, check_line};

/// Starts the footer. Mail programs leave out what follows this line when they quote a mail
/// (RFC 3676 section 4.3), so that our own opt-out line does not come back with every answer.
const FOOTER_SEPARATOR: &str = "-- ";

/// The way out that every mail offers.
pub(super) const OPT_OUT_LINE: &str =
    "If this is not for you, reply \"no thanks\" and we will not write again.";

/// The bytes of the mail with these headers.
pub(super) fn attach(mut headers: Headers, outgoing: &Outgoing) -> anyhow::Result<Vec<u8>> {
    let text = with_footer(outgoing)?;
    let Some(html) = &outgoing.html else {
        let body = encoded(text)?;
        headers.set(ContentType::TEXT_PLAIN);
        headers.set(body.encoding());
        let mut bytes = headers.to_string().into_bytes();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body.as_ref());
        return Ok(bytes);
    };
    let html = html_with_footer(html, outgoing)?;
    let parts = MultiPart::alternative()
        .boundary(boundary(outgoing, &text, &html))
        .singlepart(SinglePart::plain(encoded(text)?))
        .singlepart(SinglePart::html(encoded(html)?));
    Ok([headers.to_string().into_bytes(), parts.formatted()].concat())
}

/// A line that ends a part and occurs in none of them, the same for the same mail.
fn boundary(outgoing: &Outgoing, text: &str, html: &str) -> String {
    let mut digest = Sha256::digest(&outgoing.outreach_key);
    loop {
        let hex: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
        let boundary = format!("=_{hex}");
        if !text.contains(&boundary) && !html.contains(&boundary) {
            return boundary;
        }
        digest = Sha256::digest(digest);
    }
}

/// `\n` line ends, and no character that a header or a terminal would stumble over.
fn plain<'a>(what: &str, text: &'a str) -> anyhow::Result<Cow<'a, str>> {
    let text = match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        false => Cow::Borrowed(text),
    };
    let is_bad = |c: char| breaks_a_line(c) && !matches!(c, '\n' | '\t');
    match text.chars().find(|c| is_bad(*c)) {
        None => Ok(text),
        Some(c) => check_line(what, c.encode_utf8(&mut [0; 4])).map(|()| text),
    }
}

/// The HTML with the text's footer, inside its body if that is closed.
fn html_with_footer(html: &str, outgoing: &Outgoing) -> anyhow::Result<String> {
    let html = plain("HTML", html)?;
    ensure!(!html.trim().is_empty(), "HTML: expected a text, found none");
    let postal = outgoing.postal_address.as_deref().unwrap_or_default();
    let lines: Vec<String> = plain("postal address", postal.trim())?
        .lines()
        .chain([OPT_OUT_LINE])
        .map(escaped)
        .collect();
    let footer = format!("<p>{FOOTER_SEPARATOR}<br>\n{}</p>\n", lines.join("<br>\n"));
    // Lower case of ASCII only, so that places in one text are places in the other.
    let end = html.to_ascii_lowercase().rfind("</body");
    let (before, after) = html
        .split_at_checked(end.unwrap_or(html.len()))
        .unwrap_or((&html, ""));
    let after = if after.is_empty() {
        String::new()
    } else {
        format!("{}\n", after.trim_end())
    };
    Ok(format!("{}\n{footer}{after}", before.trim_end()))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

/// The text and its footer with `\n` line ends, the last line ended too.
fn with_footer(outgoing: &Outgoing) -> anyhow::Result<String> {
    let body = plain("body", &outgoing.body)?;
    let postal = outgoing.postal_address.as_deref().unwrap_or_default();
    let postal = plain("postal address", postal)?;
    ensure!(!body.trim().is_empty(), "body: expected a text, found none");
    let mut text = format!("{}\n\n{FOOTER_SEPARATOR}\n", body.trim_end());
    if !postal.trim().is_empty() {
        text.push_str(postal.trim());
        text.push('\n');
    }
    text.push_str(OPT_OUT_LINE);
    text.push('\n');
    Ok(text)
}

/// 7bit for short lines of ASCII, else quoted-printable. Left to itself the library would choose
/// base64 for some languages, which filters dislike and people cannot read in a Maildir.
fn encoded(text: String) -> anyhow::Result<Body> {
    let plain = Body::new_with_encoding(text, ContentTransferEncoding::SevenBit);
    plain.or_else(|unfit| {
        let text = String::from_utf8(unfit)?;
        Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable)
            .map_err(|_| anyhow::anyhow!("body: cannot be encoded as quoted-printable"))
    })
}
