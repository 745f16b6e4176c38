//! What was posted to the way out.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use mail_parser::{MessageParser, MimeHeaders};

/// The one name and value that RFC 8058 section 3.2 has a mail program post.
const NAME: &str = "List-Unsubscribe";
const VALUE: &str = "One-Click";

/// Whether a body says that somebody wants out: as form fields or in parts, both of which mail
/// programs may use (RFC 8058 section 3.2). What carries no type is taken for form fields.
pub fn wants_out(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    let is_in_parts = kind
        .get(.."multipart/form-data".len())
        .is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"));
    match is_in_parts {
        true => is_in_part(kind, body),
        false => url::form_urlencoded::parse(body).any(|(name, value)| is_it(&name, &value)),
    }
}

fn is_it(name: &str, value: &str) -> bool {
    name.trim().eq_ignore_ascii_case(NAME) && value.trim().eq_ignore_ascii_case(VALUE)
}

/// Parts of a form are parts of a mail (RFC 7578 section 4).
fn is_in_part(kind: &str, body: &[u8]) -> bool {
    let head = format!("MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n");
    let mail = [head.as_bytes(), body].concat();
    let Some(form) = MessageParser::new().with_mime_headers().parse(&mail) else {
        return false;
    };
    form.parts.iter().any(|part| {
        let name = part
            .content_disposition()
            .and_then(|disposition| disposition.attribute("name"));
        let value = part.text_contents();
        name.zip(value)
            .is_some_and(|(name, value)| is_it(name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_of_the_wish_are_read() {
        #[track_caller]
        fn check(kind: &str, body: &str, expected: bool) {
            let mut headers = HeaderMap::new();
            if !kind.is_empty() {
                headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            }
            assert_eq!(
                wants_out(&headers, body.as_bytes()),
                expected,
                "{kind}: {body}"
            );
        }
        let form = "application/x-www-form-urlencoded";
        check(form, "List-Unsubscribe=One-Click", true);
        check(form, "a=b&List-Unsubscribe=One-Click\r\n", true);
        check(form, "List%2DUnsubscribe=One%2dClick", true);
        check("", "List-Unsubscribe=One-Click", true);
        check("text/plain", "List-Unsubscribe=One-Click", true);
        for body in [
            "",
            "List-Unsubscribe",
            "List-Unsubscribe=",
            "x=One-Click",
            "\0\u{ff}&&==",
        ] {
            check(form, body, false);
            check("multipart/form-data; boundary=b", body, false);
        }
        let part = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
                    One-Click\r\n--b--\r\n";
        check("multipart/form-data; boundary=b", part, true);
        check("Multipart/Form-Data; boundary=\"b\"", part, true);
        check("multipart/form-data; boundary=c", part, false);
        check("multipart/form-data", part, false);
        check(
            "multipart/form-data; boundary=b",
            &part.replace("One", "No"),
            false,
        );
        let second = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n";
        check(
            "multipart/form-data; boundary=b",
            &format!("{second}{part}"),
            true,
        );
    }
}
