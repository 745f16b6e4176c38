use mail_parser::{HeaderValue as Parsed, MessageParser};
use proptest::prelude::*;

use super::*;

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn plain() -> Outgoing {
    Outgoing {
        from: email("sales@example.org"),
        from_name: "4Runr Team".to_string(),
        to: email("ada@example.com"),
        to_name: "Ada Lovelace".to_string(),
        subject: "A thought on Ferrous Freight".to_string(),
        body: "Hi Ada,\n\nshort and plain.\n\nBest,\nTeam".to_string(),
        dated_at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        message_id: "c0123456789abcdef.hook@example.org".to_string(),
        outreach_key: "c0123456789abcdef.hook".to_string(),
        unsubscribe_mailto: None,
        postal_address: None,
        reply_to: None,
        unsubscribe_url: None,
        thread: None,
        html: None,
    }
}

fn text_of(outgoing: &Outgoing) -> String {
    let raw = compose(outgoing).unwrap();
    let parsed = MessageParser::default().parse(&raw).unwrap();
    parsed.body_text(0).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_plain_mail_is_exactly_these_bytes() {
    let raw = String::from_utf8(compose(&plain()).unwrap()).unwrap();
    let expected = "Date: Mon, 21 Sep 2026 14:13:20 +0000\n\
        From: \"4Runr Team\" <sales@example.org>\n\
        To: \"Ada Lovelace\" <ada@example.com>\n\
        Subject: A thought on Ferrous Freight\n\
        Message-ID: <c0123456789abcdef.hook@example.org>\n\
        X-Outreach-Key: c0123456789abcdef.hook\n\
        MIME-Version: 1.0\n\
        Content-Type: text/plain; charset=utf-8\n\
        Content-Transfer-Encoding: 7bit\n\
        \n\
        Hi Ada,\n\nshort and plain.\n\nBest,\nTeam\n\n-- \n\
        If this is not for you, reply \"no thanks\" and we will not write again.\n";
    assert_eq!(raw, expected.replace('\n', "\r\n"));
    assert_eq!(
        compose(&plain()).unwrap(),
        raw.as_bytes(),
        "the same mail twice"
    );
}

#[test]
fn every_optional_part_is_read_back_by_a_mail_program() {
    let outgoing = Outgoing {
        from_name: "Jürgen \"JJ\" Groß, GmbH".to_string(),
        to_name: "李 明".to_string(),
        subject: format!("Größe {} 🚚 für Ihr Lager", "sehr lang  ".repeat(12)),
        body: format!(
            "Grüß Gott,\n\n.\n..dots\nFrom here\n{}\n\ttab",
            "ü".repeat(300)
        ),
        unsubscribe_mailto: Some(email("opt&out+x@example.org")),
        postal_address: Some("4Runr Ltd\n1 High St, Köln".to_string()),
        reply_to: Some(email("answers@example.org")),
        ..plain()
    };
    let raw = compose(&outgoing).unwrap();
    assert!(raw.is_ascii());
    for line in raw.split(|b| *b == b'\n') {
        assert!(line.len() <= 998 && (line.is_empty() || line.ends_with(b"\r")));
    }
    let parsed = MessageParser::default().parse(&raw).unwrap();
    let single_spaced: Vec<_> = outgoing.subject.split_whitespace().collect();
    assert_eq!(parsed.subject().unwrap(), single_spaced.join(" "));
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!(from.name().unwrap(), outgoing.from_name);
    assert_eq!(from.address().unwrap(), "sales@example.org");
    let to = parsed.to().unwrap();
    assert_eq!(to.iter().count(), 1);
    assert_eq!(to.first().unwrap().name().unwrap(), outgoing.to_name);
    assert_eq!(to.first().unwrap().address().unwrap(), "ada@example.com");
    let reply_to = parsed.reply_to().unwrap().first().unwrap();
    assert_eq!(reply_to.address().unwrap(), "answers@example.org");
    assert_eq!(parsed.message_id().unwrap(), outgoing.message_id);
    assert_eq!(
        parsed.date().unwrap().to_timestamp(),
        outgoing.dated_at.timestamp()
    );
    assert_eq!(
        parsed.header("X-Outreach-Key").unwrap().as_text(),
        Some("c0123456789abcdef.hook")
    );
    let link = parsed.header_raw("List-Unsubscribe").unwrap().trim();
    let key = &outgoing.outreach_key;
    assert_eq!(
        link,
        format!("<mailto:opt%26out+x@example.org?subject=unsubscribe%20{key}>")
    );
    let text = text_of(&outgoing);
    let expected = format!(
        "{}\n\n-- \n4Runr Ltd\n1 High St, Köln\n{OPT_OUT_LINE}\n",
        outgoing.body
    );
    assert_eq!(text, expected);
}

#[test]
fn the_encoding_is_chosen_by_the_text_alone() {
    let check = |body: &str, expected: &str| {
        let raw = compose(&Outgoing {
            body: body.to_string(),
            ..plain()
        })
        .unwrap();
        let parsed = MessageParser::default().parse(&raw).unwrap();
        let encoding = parsed
            .header("Content-Transfer-Encoding")
            .unwrap()
            .as_text()
            .unwrap();
        assert_eq!(encoding, expected, "{body}");
    };
    check("short", "7bit");
    check(&"x".repeat(75), "7bit");
    check(&"x".repeat(77), "quoted-printable");
    check(&"x ".repeat(2_000), "quoted-printable");
    check("naïve", "quoted-printable");
    check("Привет, как дела", "quoted-printable");
    check("日本語", "quoted-printable");
}

#[test]
fn line_ends_of_every_kind_become_crlf() {
    let outgoing = Outgoing {
        body: "a\r\nb\rc\nd\r\n\r\n".to_string(),
        ..plain()
    };
    let raw = String::from_utf8(compose(&outgoing).unwrap()).unwrap();
    assert!(
        raw.contains("\r\n\r\na\r\nb\r\nc\r\nd\r\n\r\n-- \r\n"),
        "{raw}"
    );
}

#[track_caller]
fn refused(outgoing: &Outgoing, expected: &str) {
    let error = format!("{:#}", compose(outgoing).unwrap_err());
    assert!(error.contains(expected), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn no_text_can_add_a_header_a_recipient_or_a_path() {
    for evil in [
        "x\r\nBcc: eve@example.com",
        "x\ny",
        "x\0",
        "x\u{7f}",
        "x\u{85}y",
        "x\u{2028}y",
    ] {
        refused(
            &Outgoing {
                subject: evil.to_string(),
                ..plain()
            },
            "subject: expected one line",
        );
        refused(
            &Outgoing {
                from_name: evil.to_string(),
                ..plain()
            },
            "sender's name: expected",
        );
        refused(
            &Outgoing {
                to_name: evil.to_string(),
                ..plain()
            },
            "lead's name: expected",
        );
        let id = format!("{evil}@example.org");
        refused(
            &Outgoing {
                message_id: id,
                ..plain()
            },
            "message id: expected",
        );
        refused(
            &Outgoing {
                outreach_key: evil.to_string(),
                ..plain()
            },
            "outreach key: expected",
        );
    }
    for key in [
        "",
        "../../etc/passwd",
        ".hidden",
        "a/b",
        "a b",
        "a:2,S",
        &"k".repeat(121),
    ] {
        refused(
            &Outgoing {
                outreach_key: key.to_string(),
                ..plain()
            },
            "outreach key: expected",
        );
    }
    for id in [
        "",
        "no-at",
        "@b",
        "a@",
        "a@b@c",
        "a b@c",
        "<a@b>",
        "ü@b",
        &"i".repeat(300),
    ] {
        refused(
            &Outgoing {
                message_id: id.to_string(),
                ..plain()
            },
            "message id: expected",
        );
    }
    refused(
        &Outgoing {
            body: "a\0b".to_string(),
            ..plain()
        },
        "body: expected one line of text",
    );
    let postal_address = Some("a\u{1b}[31m".to_string());
    refused(
        &Outgoing {
            postal_address,
            ..plain()
        },
        "postal address: expected",
    );
    refused(
        &Outgoing {
            body: " \n".to_string(),
            ..plain()
        },
        "body: expected a text",
    );
    refused(
        &Outgoing {
            subject: " ".to_string(),
            ..plain()
        },
        "subject: expected a text",
    );
    refused(
        &Outgoing {
            dated_at: DateTime::UNIX_EPOCH - chrono::TimeDelta::days(1),
            ..plain()
        },
        "date",
    );
    refused(
        &Outgoing {
            dated_at: DateTime::<Utc>::MAX_UTC,
            ..plain()
        },
        "date",
    );
}

#[test]
fn a_name_that_looks_like_addresses_stays_a_name() {
    for name in [
        "Eve <eve@example.net>",
        "a@b.c, d@e.f",
        "x;y:z",
        "back\\slash",
        "((",
        "\"",
        "=?utf-8?q?x?=",
    ] {
        let raw = compose(&Outgoing {
            to_name: name.to_string(),
            ..plain()
        })
        .unwrap();
        let parsed = MessageParser::default().parse(&raw).unwrap();
        let Some(Parsed::Address(to)) = parsed.header("To") else {
            panic!("{name}")
        };
        let addresses: Vec<_> = to.iter().filter_map(|to| to.address()).collect();
        assert_eq!(addresses, ["ada@example.com"], "{name}");
    }
}

#[test]
fn an_address_no_server_takes_is_refused_when_it_is_parsed_or_here() {
    for text in [
        "münchen@example.com",
        "a b@example.com",
        "a\r\nb@example.com",
        "a>b@example.com",
    ] {
        let Ok(to) = EmailAddress::parse(text) else {
            continue;
        };
        let error = format!("{:#}", compose(&Outgoing { to, ..plain() }).unwrap_err());
        assert!(error.starts_with("address: expected"), "{error}");
        assert!(
            !error.contains(text),
            "an address does not belong into a log: {error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_refused_or_read_back_whole(
        subject in "\\PC{0,200}", name in "\\PC{0,60}", body in "[\\PC\\n]{0,600}"
    ) {
        let outgoing = Outgoing { subject, to_name: name, body, ..plain() };
        let Ok(raw) = compose(&outgoing) else { return Ok(()) };
        prop_assert!(raw.is_ascii() && raw.ends_with(b"\r\n"));
        let bare = raw.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r');
        prop_assert!(!bare, "a line end without CR");
        let parsed = MessageParser::default().parse(&raw).unwrap();
        prop_assert_eq!(parsed.to().unwrap().iter().count(), 1);
        prop_assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("ada@example.com"));
        prop_assert_eq!(parsed.message_id(), Some(outgoing.message_id.as_str()));
        let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
        prop_assert!(text.starts_with(outgoing.body.trim_end()), "{text:?}");
    }
}
