use proptest::prelude::*;

use super::*;

#[test]
fn links_are_found_in_order_without_what_surrounds_them() {
    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        let found = links(body);
        let found: Vec<&str> = found.iter().map(Url::as_str).collect();
        assert_eq!(found, expected, "{body}");
    }
    check("", &[]);
    check("no link, just www.example.com and a@b.example", &[]);
    check("https://example.com", &["https://example.com/"]);
    check(
        "See https://a.example/x.\nOr http://b.example?q=1!",
        &["https://a.example/x", "http://b.example/?q=1"],
    );
    check(
        "(https://a.example/x), <https://b.example/y>",
        &["https://a.example/x", "https://b.example/y"],
    );
    check(
        "[see](https://a.example/x) and [https://b.example]",
        &["https://a.example/x", "https://b.example/"],
    );
    check(
        "https://en.example/wiki/Rust_(language)",
        &["https://en.example/wiki/Rust_(language)"],
    );
    check(
        "(https://en.example/wiki/Rust_(language)).",
        &["https://en.example/wiki/Rust_(language)"],
    );
    check(
        "„https://a.example/x“ “https://b.example/y”",
        &["https://a.example/x", "https://b.example/y"],
    );
    check(
        "\"https://a.example/x\", 'https://b.example/y'",
        &["https://a.example/x", "https://b.example/y"],
    );
    check("*https://a.example/x*…", &["https://a.example/x"]);
    check("HTTPS://A.Example/X", &["https://a.example/X"]);
    check(
        "https://bücher.example/größe?ü=ß#ä",
        &["https://xn--bcher-kva.example/gr%C3%B6%C3%9Fe?%C3%BC=%C3%9F#%C3%A4"],
    );
    check("Größe:https://a.example/", &["https://a.example/"]);
    check(
        "https://a.example/?u=https://b.example/x",
        &["https://a.example/?u=https://b.example/x"],
    );
    check(
        "https://a.example https://a.example",
        &["https://a.example/", "https://a.example/"],
    );
    check(
        "https://a.example:8443/x,y;z",
        &["https://a.example:8443/x,y;z"],
    );
    // What is no address of the web, or not where it seems to lead.
    for none in [
        "http://",
        "https:// a.example",
        "https://.",
        "https://:80",
        "http:/a.example",
        "xhttps://a.example",
        "ftp://a.example",
        "javascript://a.example",
        "data:text/html,x",
        "https://bank.example@evil.example/",
        "https://me:pw@a.example",
        "https://[::1",
        "https://a.example:99999/",
        "é://x http",
        "://",
        "http",
        "view-source+https://a.example",
    ] {
        check(none, &[]);
    }
    check(
        "https:// x https://:80 https://c.example",
        &["https://c.example/"],
    );
    check(&format!("https://a.example/{}", "x".repeat(2_000)), &[]);
}

#[test]
fn so_many_links_have_a_number() {
    let body: String = (0..300)
        .map(|n| format!("https://a.example/{n}\n"))
        .collect();
    let found = links(&body);
    assert_eq!(found.len(), 255);
    assert_eq!(found[254].as_str(), "https://a.example/254");
    let page = html(
        &body,
        |n, _| Url::parse(&format!("https://t.example/{n}")).unwrap(),
        None,
    );
    assert_eq!(page.matches("<a href=").count(), 255);
    assert!(
        page.contains("<a href=\"https://t.example/254\">https://a.example/254</a>"),
        "{page}"
    );
    assert!(page.contains("<br>\nhttps://a.example/255<br>"), "{page}");
}

#[track_caller]
fn check_html(body: &str, expected: &str) {
    let page = html(body, |_, url| url.clone(), None);
    let inner = page.strip_prefix("<!DOCTYPE html>\n<html>\n<body>\n");
    let inner = inner.and_then(|page| page.strip_suffix("</body>\n</html>\n"));
    assert_eq!(inner, Some(expected), "{body}");
}

#[test]
fn the_text_keeps_its_paragraphs_and_lines() {
    check_html("One.", "<p>One.</p>\n");
    check_html(
        "Hi Ada,\n\nOne\ntwo.\n",
        "<p>Hi Ada,</p>\n<p>One<br>\ntwo.</p>\n",
    );
    check_html(
        "\n\n\nOne\r\n \r\n\r\n\r\ntwo\n\n",
        "<p>One</p>\n<p>two</p>\n",
    );
    check_html("a\n  b  c", "<p>a<br>\n&nbsp;&nbsp;b &nbsp;c</p>\n");
    check_html("a\tb", "<p>a&nbsp; &nbsp; b</p>\n");
    check_html("", "<p></p>\n");
}

#[test]
fn nothing_of_a_text_becomes_markup() {
    check_html(
        "<script>alert('x')</script> & \"y\" &amp;",
        "<p>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot; &amp;amp;</p>\n",
    );
    check_html(
        "https://a.example/?a=1&b='\"><img src=x>",
        "<p><a href=\"https://a.example/?a=1&amp;b=\">https://a.example/?a=1&amp;b=</a>&#39;\
         &quot;&gt;\
         &lt;img src=x&gt;</p>\n",
    );
}

#[test]
fn links_lead_where_they_are_told_and_a_pixel_ends_the_page() {
    let body = "See https://a.example/x (or https://b.example).";
    let leads = |n: u8, url: &Url| {
        let host = url.host_str().unwrap();
        Url::parse(&format!("https://t.example/{n}/{host}")).unwrap()
    };
    let pixel = Url::parse("https://t.example/o/token.gif").unwrap();
    assert_eq!(
        html(body, leads, Some(&pixel)),
        "<!DOCTYPE html>\n<html>\n<body>\n<p>See <a href=\"https://t.example/0/a.example\">\
         https://a.example/x</a> (or <a href=\"https://t.example/1/b.example\">\
         https://b.example</a>\
         ).</p>\n<img src=\"https://t.example/o/token.gif\" width=\"1\" height=\"1\" alt=\"\">\n\
         </body>\n</html>\n"
    );
}

/// Texts full of what could be links and markup.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("https://".to_string()),
        Just("http://a.example/".to_string()),
        Just("://".to_string()),
        Just("\n".to_string()),
        Just("\n\n".to_string()),
        Just(" ".to_string()),
        "[.,;:!?()<>&\"'ä„“-]{0,4}",
        "[a-zA-Zäß0-9./@:-]{0,8}",
        any::<String>(),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn both_count_the_same_links(body in texts()) {
        let asked = std::cell::RefCell::new(Vec::new());
        html(&body, |n, url| { asked.borrow_mut().push((n, url.clone())); url.clone() }, None);
        let numbered = links(&body).into_iter().enumerate();
        let numbered: Vec<(u8, Url)> = numbered.map(|(n, url)| (n as u8, url)).collect();
        prop_assert_eq!(asked.into_inner(), numbered);
    }

    #[test]
    fn the_page_says_what_the_text_says(body in texts()) {
        let page = html(&body, |_, url| url.clone(), None);
        let tags = regex::Regex::new("<[^<>]*>").unwrap();
        let words = tags.replace_all(&page, " ");
        prop_assert!(!words.contains(['<', '>']), "{}", words);
        let words = words.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">");
        let words = words.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
        let strip = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(strip(&words), strip(&body));
    }
}
