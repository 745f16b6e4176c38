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

/// Stands before the address that opts out with one click.
const ONE_CLICK: (&str, &str) = ("Or ", "let us know with one click");

/// The bytes of the mail with these headers.
pub(super) fn attach(mut headers: Headers, outgoing: &Outgoing) -> anyhow::Result<Vec<u8>> {
    let text = with_footer(outgoing)?;
    let Some(html) = &outgoing.html else {
        let body = encoded(&text);
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
        .singlepart(SinglePart::plain(encoded(&text)))
        .singlepart(SinglePart::html(encoded(&html)));
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
    if text
        .bytes()
        .all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\t'))
    {
        return Ok(text);
    }
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
    let mut lines: Vec<String> = plain("postal address", postal.trim())?
        .lines()
        .chain([OPT_OUT_LINE])
        .map(escaped)
        .collect();
    if let Some(url) = &outgoing.unsubscribe_url {
        let (before, words) = ONE_CLICK;
        let url = escaped(url.as_str());
        lines.push(format!("{before}<a href=\"{url}\">{words}</a>."));
    }
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
    if let Some(url) = &outgoing.unsubscribe_url {
        let (before, words) = ONE_CLICK;
        text.push_str(&format!("{before}{words}: {url}\n"));
    }
    Ok(text)
}

/// The longest line of a mail that needs no folding (RFC 2045 section 6.7, rule 5).
const LINE_LEN_MAX: usize = 76;

/// 7bit for short lines of ASCII, else quoted-printable. Left to itself the library would choose
/// base64 for some languages, which filters dislike and people cannot read in a Maildir.
fn encoded(text: &str) -> Body {
    let is_plain = text.is_ascii() && text.split('\n').all(|line| line.len() <= LINE_LEN_MAX);
    let (bytes, encoding) = match is_plain {
        true => {
            let text = text.replace('\n', "\r\n");
            (text.into_bytes(), ContentTransferEncoding::SevenBit)
        }
        false => (
            quoted_printable(text),
            ContentTransferEncoding::QuotedPrintable,
        ),
    };
    Body::dangerous_pre_encoded(bytes, encoding)
}

/// A text with `\n` line ends as quoted-printable (RFC 2045 section 6.7). The library's way there
/// takes a third of all the time of a mail.
fn quoted_printable(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + text.len() / 16 + 64);
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        quote_line(line.as_bytes(), &mut bytes);
        if lines.peek().is_some() {
            bytes.extend_from_slice(b"\r\n");
        }
    }
    bytes
}

/// Quotes one line: whole runs of characters that stand for themselves, and what lies between them.
fn quote_line(mut rest: &[u8], bytes: &mut Vec<u8>) {
    // One place is kept for the sign that the line goes on.
    let full = LINE_LEN_MAX - 1;
    let mut width = 0;
    while !rest.is_empty() {
        let mut n = rest
            .iter()
            .take(full - width)
            .take_while(|b| **b != b'=' && (b.is_ascii_graphic() || is_blank(**b)))
            .count();
        // A blank at the end of a line could be lost on the way.
        if n == rest.len() && rest.last().is_some_and(|b| is_blank(*b)) {
            n -= 1;
        }
        let (run, after) = rest.split_at_checked(n).unwrap_or((rest, &[]));
        bytes.extend_from_slice(run);
        width += n;
        rest = after;
        let Some((byte, after)) = rest.split_first() else {
            break;
        };
        if width + 3 > full {
            bytes.extend_from_slice(b"=\r\n");
            width = 0;
            continue; // It may stand for itself on the next line.
        }
        bytes.extend([b'=', hex(byte >> 4), hex(byte & 15)]);
        width += 3;
        rest = after;
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The digit of half a byte.
fn hex(half: u8) -> u8 {
    match half {
        0..=9 => b'0' + half,
        _ => b'A' + half - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_keeps_the_text_in_short_lines() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let found = String::from_utf8(quoted_printable(text)).unwrap();
            assert_eq!(found, expected, "{text:?}");
        }
        check("", "");
        check("a=b\n", "a=3Db\r\n");
        check("a \nb\t\n c", "a=20\r\nb=09\r\n c");
        check("\u{e9}~!", "=C3=A9~!");
        let (long, rest) = ("x".repeat(75), "x".repeat(5));
        check(&long, &long);
        check(&format!("{long}{rest}"), &format!("{long}=\r\n{rest}"));
        check(
            &format!("{}\u{e9}", "x".repeat(73)),
            &format!("{}=\r\n=C3=A9", "x".repeat(73)),
        );
    }

    /// Byte by byte, as RFC 2045 section 6.7 tells it.
    fn quoted_slowly(text: &str) -> String {
        let lines = text.split('\n').map(|line| {
            let (mut quoted, mut width) = (String::new(), 0);
            for (n, byte) in line.bytes().enumerate() {
                let is_last = n + 1 == line.len();
                let sign = match byte {
                    b' ' | b'\t' if !is_last => char::from(byte).to_string(),
                    b'!'..=b'<' | b'>'..=b'~' => char::from(byte).to_string(),
                    _ => format!("={byte:02X}"),
                };
                if width + sign.len() > 75 {
                    quoted.push_str("=\r\n");
                    width = 0;
                }
                width += sign.len();
                quoted.push_str(&sign);
            }
            quoted
        });
        lines.collect::<Vec<_>>().join("\r\n")
    }

    #[test]
    fn every_text_is_quoted_as_the_rule_says() {
        let signs = [
            "a",
            "Z",
            "~",
            " ",
            "\t",
            "=",
            "\u{e9}",
            "\u{1f600}",
            "\n",
            ".",
        ];
        let mut seed = 7_u64;
        for n in 0..20_000 {
            let mut text = "x".repeat(n % 80);
            for _ in 0..n % 37 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(signs[(seed >> 33) as usize % signs.len()]);
            }
            let found = String::from_utf8(quoted_printable(&text)).unwrap();
            assert_eq!(found, quoted_slowly(&text), "{text:?}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        let text = "Gr\u{fc}\u{df}e, 100 % = \u{1f600}, and more of it. ".repeat(40);
        let text = format!("{text}\n\n.\n  {text} \n");
        let bytes = quoted_printable(&text);
        let lines = bytes.split(|byte| *byte == b'\n');
        assert!(lines.clone().all(|line| line.len() <= LINE_LEN_MAX + 1));
        let mut mail = b"Content-Type: text/plain; charset=utf-8\r\n\
                         Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            .to_vec();
        mail.extend_from_slice(&bytes);
        let parsed = mail_parser::MessageParser::default().parse(&mail).unwrap();
        let read = parsed.body_text(0).unwrap().replace("\r\n", "\n");
        assert_eq!(read, text);
    }
}
