//! What a mail carries only when it is asked for.

use super::*;

fn header_of(outgoing: &Outgoing, name: &str) -> Option<String> {
    let raw = compose(outgoing).unwrap();
    let parsed = MessageParser::default().parse(&raw).unwrap();
    let unfolded = parsed.header_raw(name)?.replace("\r\n", "");
    Some(unfolded.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn with_url(url: &str) -> Outgoing {
    Outgoing {
        unsubscribe_url: Some(Url::parse(url).unwrap()),
        ..plain()
    }
}

#[test]
fn one_click_is_offered_with_its_link_only() {
    let url = "https://mail.example.org/u/c0123.hook?t=abc,def%3E";
    let outgoing = with_url(url);
    let link = |outgoing: &Outgoing| header_of(outgoing, "List-Unsubscribe");
    let post = |outgoing: &Outgoing| header_of(outgoing, "List-Unsubscribe-Post");
    assert_eq!(link(&outgoing).unwrap(), format!("<{url}>"));
    assert_eq!(post(&outgoing).unwrap(), "List-Unsubscribe=One-Click");
    let unsubscribe_mailto = Some(email("opt@example.org"));
    let key = &outgoing.outreach_key;
    let mailto = format!("<mailto:opt@example.org?subject=unsubscribe%20{key}>");
    let both = Outgoing {
        unsubscribe_mailto: unsubscribe_mailto.clone(),
        ..outgoing.clone()
    };
    assert_eq!(link(&both).unwrap(), format!("<{url}>, {mailto}"));
    let by_mail = Outgoing {
        unsubscribe_mailto,
        ..plain()
    };
    assert_eq!(link(&by_mail).unwrap(), mailto);
    assert_eq!((post(&by_mail), link(&plain())), (None, None));
}

#[test]
fn a_link_that_is_no_safe_one_is_refused_and_not_shown() {
    for url in [
        "http://mail.example.org/u/topsecret",
        "https://user:topsecret@mail.example.org/u",
        "ftp://mail.example.org/topsecret",
        "data:text/plain,topsecret",
        &format!("https://mail.example.org/topsecret{}", "x".repeat(900)),
    ] {
        refused(&with_url(url), "unsubscribe URL: expected a short https");
        let error = compose(&with_url(url)).unwrap_err().to_string();
        assert!(!error.contains("topsecret"), "{error}");
    }
    // What could end the brackets is escaped by the URL itself.
    let link = header_of(
        &with_url("https://a.example/>,<https://evil"),
        "List-Unsubscribe",
    );
    assert_eq!(link.unwrap(), "<https://a.example/%3E,%3Chttps://evil>");
}

#[test]
fn the_way_out_stands_in_the_footer_of_text_and_html() {
    let url = "https://mail.example.org/u/t-_0?a=1&b=2";
    let outgoing = Outgoing {
        html: Some("<p>Hi</p>".to_string()),
        ..with_url(url)
    };
    let raw = compose(&outgoing).unwrap();
    let parsed = MessageParser::default().parse(&raw).unwrap();
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    let end = format!("{OPT_OUT_LINE}\nOr let us know with one click: {url}\n");
    assert!(text.trim_end().ends_with(end.trim_end()), "{text}");
    let html = parsed.body_html(0).unwrap().replace("\r\n", "\n");
    let link = "Or <a href=\"https://mail.example.org/u/t-_0?a=1&amp;b=2\">let us know with one \
                click</a>.</p>";
    assert!(html.trim_end().ends_with(link), "{html}");
    let without = Outgoing {
        unsubscribe_url: None,
        ..outgoing
    };
    let raw = String::from_utf8(compose(&without).unwrap()).unwrap();
    assert!(!raw.contains("one click"), "{raw}");
}

#[test]
fn plain_http_stays_on_this_machine() {
    for url in [
        "http://127.0.0.1:8025/u/t",
        "http://localhost/u/t",
        "http://[::1]:80/u/t",
    ] {
        let found = header_of(&with_url(url), "List-Unsubscribe").unwrap();
        assert_eq!(found, format!("<{}>", Url::parse(url).unwrap()));
    }
    for url in [
        "http://127.0.0.1.example.com/u",
        "http://10.0.0.1/u",
        "http://localhost.example/u",
    ] {
        refused(&with_url(url), "unsubscribe URL: expected a short https");
    }
}

fn in_thread(in_reply_to: &str, references: &[&str]) -> Outgoing {
    Outgoing {
        thread: Some(Thread {
            in_reply_to: in_reply_to.to_string(),
            references: references.iter().map(|id| id.to_string()).collect(),
        }),
        ..plain()
    }
}

#[test]
fn a_thread_names_its_first_and_its_last_mails() {
    #[track_caller]
    fn check(in_reply_to: &str, references: &[&str], expected: &str) {
        let outgoing = in_thread(in_reply_to, references);
        let found = header_of(&outgoing, "In-Reply-To").unwrap();
        assert_eq!(found, format!("<{in_reply_to}>"));
        assert_eq!(header_of(&outgoing, "References").unwrap(), expected);
    }
    check("a@x", &[], "<a@x>");
    check("b@x", &["a@x"], "<a@x> <b@x>");
    check("b@x", &["a@x", "b@x"], "<a@x> <b@x>");
    let ids: Vec<String> = (0..50).map(|n| format!("{n}@x")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let last: Vec<String> = (32..50).map(|n| format!("<{n}@x>")).collect();
    check("z@x", &ids, &format!("<0@x> {} <z@x>", last.join(" ")));
    assert_eq!(header_of(&plain(), "In-Reply-To"), None);
    assert_eq!(header_of(&plain(), "References"), None);
    for evil in [
        "",
        "a",
        "<a@x>",
        "a@x>\r\nBcc: eve@example.net",
        "a b@x",
        "ü@x",
    ] {
        refused(&in_thread(evil, &[]), "message id: expected");
        refused(&in_thread("a@x", &[evil]), "message id: expected");
    }
}

#[test]
fn an_address_outside_ascii_makes_a_mail_that_says_so() {
    let outgoing = Outgoing {
        to: email("josé.ñ@example.com"),
        ..plain()
    };
    let mail = Composed::new(&outgoing, None).unwrap();
    assert!(mail.needs_utf8);
    assert_eq!(mail.to, "josé.ñ@example.com");
    let raw = String::from_utf8(mail.raw()).unwrap();
    assert!(
        raw.contains("To: \"Ada Lovelace\" <josé.ñ@example.com>\r\n"),
        "{raw}"
    );
    // A domain has an ASCII form that every server takes (RFC 5891).
    let outgoing = Outgoing {
        to: email("ada@bücherei.example"),
        ..plain()
    };
    let mail = Composed::new(&outgoing, None).unwrap();
    assert!(!mail.needs_utf8);
    assert_eq!(mail.to, "ada@xn--bcherei-n2a.example");
}

#[test]
fn html_stands_beside_the_text_with_the_same_footer() {
    let outgoing = Outgoing {
        html: Some("<html><body><p>Grüß Gott</p></BODY></html>".to_string()),
        postal_address: Some("A & B <Ltd>\n1 \"High\" St".to_string()),
        ..plain()
    };
    let raw = compose(&outgoing).unwrap();
    assert_eq!(raw, compose(&outgoing).unwrap(), "the same mail twice");
    let parsed = MessageParser::default().parse(&raw).unwrap();
    let html = parsed.body_html(0).unwrap().replace("\r\n", "\n");
    let expected = "<html><body><p>Grüß Gott</p>\n<p>-- <br>\nA &amp; B &lt;Ltd&gt;<br>\n\
        1 &quot;High&quot; St<br>\nIf this is not for you, reply &quot;no thanks&quot; and we will \
        not write again.</p>\n</BODY></html>\n";
    assert_eq!(html.trim_end(), expected.trim_end());
    let text = parsed.body_text(0).unwrap();
    assert!(
        text.contains("A & B <Ltd>") && text.contains(OPT_OUT_LINE),
        "{text}"
    );
    let kind = header_of(&outgoing, "Content-Type").unwrap();
    assert!(kind.starts_with("multipart/alternative"), "{kind}");

    let boundary = kind.split('"').nth(1).unwrap();
    let evil = Outgoing {
        body: format!("x\n--{boundary}--\ny"),
        ..outgoing.clone()
    };
    let raw = compose(&evil).unwrap();
    let parsed = MessageParser::default().parse(&raw).unwrap();
    assert!(parsed.body_text(0).unwrap().contains("--\r\ny"));
    assert_eq!(parsed.parts.len(), 3);

    let unclosed = Outgoing {
        html: Some("<p>short".to_string()),
        ..plain()
    };
    let raw = compose(&unclosed).unwrap();
    let parsed = MessageParser::default().parse(&raw).unwrap();
    assert!(
        parsed
            .body_html(0)
            .unwrap()
            .starts_with("<p>short\r\n<p>-- <br>")
    );
    for evil in ["", " \n", "<p>\0", "<p>\u{1b}[31m"] {
        let html = Some(evil.to_string());
        refused(&Outgoing { html, ..plain() }, "HTML: expected");
    }
}
