//! Strangers: what was not signed by us, is too large, too slow or too clever changes nothing.

use super::*;

const KEY: [u8; 32] = [9; 32];

/// Asks, and demands one of these statuses.
#[track_caller]
fn refused(served: &Served, raw: &str, statuses: &[u16]) {
    let reply = ask(&served.address, raw);
    let shown: String = raw.chars().take(120).collect();
    assert!(
        statuses.contains(&reply.status),
        "{} for {shown}",
        reply.status
    );
}

#[test]
fn what_we_did_not_sign_changes_nothing() {
    let world = sent();
    let served = start(&world);
    let keys = keys(&world);
    let hook = message(&world, ADA, "hook");
    let elsewhere = super::keys(&sent());
    let before = dump(&world);
    let token = |keys: &Keys, purpose| {
        keys.sign(&Token {
            purpose,
            message: hook,
        })
    };
    let good = token(&keys, Purpose::OptOut);
    let mut bad = vec![
        token(&Keys::new(vec![(1, KEY)]), Purpose::OptOut),
        // The same key number, of another installation.
        token(&elsewhere, Purpose::OptOut),
        // Ours, for something else.
        token(&keys, Purpose::Open),
        token(&keys, CLICK),
        String::new(),
        good.repeat(2),
        good.to_uppercase(),
        format!("{good}="),
        good[..38].to_string(),
        good[1..].to_string(),
    ];
    // One letter changed, wherever.
    for at in (0..good.len()).step_by(5) {
        let other = if &good[at..=at] == "A" { "B" } else { "A" };
        bad.push(format!("{}{other}{}", &good[..at], &good[at + 1..]));
    }
    let wish = "List-Unsubscribe=One-Click";
    for (n, token) in bad.iter().enumerate() {
        // Each from another client, so that none is refused only for asking too often.
        let from = format!("X-Forwarded-For: 198.51.100.{n}\r\n");
        let post = request("POST", &format!("/u/{token}"), &from, wish);
        refused(&served, &post, &[404]);
        refused(
            &served,
            &request("GET", &format!("/c/{token}x"), &from, ""),
            &[404],
        );
        refused(
            &served,
            &request("GET", &format!("/o/{token}.gif"), &from, ""),
            &[404, 200],
        );
    }
    // The third of `bad` is a good picture, and nothing else was counted.
    let rows = world.sql("SELECT kind FROM engagements");
    assert_eq!(rows, [["open"]]);
    write(
        &world,
        "DELETE FROM engagements; UPDATE messages SET opens = 0 WHERE opens > 0",
    );
    let figures = |dump: &str| {
        let lines = dump
            .lines()
            .filter(|line| !line.starts_with("leads ") && !line.starts_with("campaigns "));
        lines.map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(figures(&dump(&world)), figures(&before));
    assert_eq!(
        served.post(&format!("/u/{good}"), wish).status,
        200,
        "the real one still works"
    );
    served.stop();
}

#[test]
fn tricks_with_paths_methods_and_sizes_change_nothing() {
    let world = sent();
    let served = start(&world);
    let keys = keys(&world);
    let hook = message(&world, ADA, "hook");
    let (open, click) = (path(&keys, Purpose::Open, hook), path(&keys, CLICK, hook));
    let way_out = path(&keys, Purpose::OptOut, hook);
    let before = dump(&world);
    let long = "a".repeat(100_000);
    for path in [
        format!("/{click}"),
        format!("/x/..{click}"),
        format!("/%2e%2e{click}"),
        format!("{click}/"),
        format!("{click}/.."),
        format!("{click}%00"),
        format!("{click};x=1"),
        click.replace("/c/", "/c//"),
        click.replace("/c/", "/C/"),
        click.replace("/c/", "/%63/"),
        open.replace(".gif", ""),
        open.replace(".gif", ".png"),
        "/../../etc/passwd".to_string(),
        "/..%2f..%2fetc%2fpasswd".to_string(),
        format!("/{}", "/".repeat(1_000)),
        "/c/https://elsewhere.example/".to_string(),
        "/c/?url=https://elsewhere.example/".to_string(),
    ] {
        refused(&served, &request("GET", &path, "", ""), &[404]);
    }
    refused(
        &served,
        &request("GET", &format!("/{}", "a".repeat(5_000)), "", ""),
        &[414],
    );
    refused(
        &served,
        &request("GET", &format!("/c/{long}"), "", ""),
        &[414],
    );
    refused(
        &served,
        &request("GET", &click, &format!("X: {}\r\n", long.repeat(3)), ""),
        &[431],
    );
    refused(&served, "GET /c/\0 HTTP/1.1\r\n\r\n", &[400]);
    refused(&served, "\x16\x03\x01\0\0\r\n\r\n", &[400]);
    for method in [
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND",
    ] {
        let raw = request(method, &click, "", "");
        let reply = ask(&served.address, &raw);
        assert_eq!(
            (reply.status, reply.header("allow")),
            (405, Some("GET, HEAD")),
            "{method}"
        );
    }
    let reply = ask(&served.address, &request("PUT", &way_out, "", ""));
    assert_eq!(
        (reply.status, reply.header("allow")),
        (405, Some("GET, HEAD, POST"))
    );
    let wish = format!("{}&List-Unsubscribe=One-Click", "x".repeat(17_000));
    refused(&served, &request("POST", &way_out, "", &wish), &[413]);
    let endless =
        format!("POST {way_out} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunks = format!("5000\r\n{}\r\n", "x".repeat(0x5000)).repeat(3);
    refused(&served, &format!("{endless}{chunks}"), &[413]);
    // Two lengths are how one request is made to look like two.
    let two = format!(
        "POST {way_out} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\
         \r\n0\r\n\r\nPOST {way_out} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n"
    );
    refused(&served, &two, &[400]);
    assert_eq!(dump(&world), before);
    assert_eq!(served.get(&click).status, 302, "and it still works");
    served.stop();
}

#[test]
fn the_slow_are_cut_off_and_hold_nobody_up() {
    let world = sent();
    let served = start(&world);
    let keys = keys(&world);
    let hook = message(&world, ADA, "hook");
    let before = dump(&world);
    let way_out = path(&keys, Purpose::OptOut, hook);
    let half_head = "GET /o/x.gif HTTP/1.1\r\nHost: x\r\nX-A: ".to_string();
    let half_body =
        format!("POST {way_out} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList-");
    let mut slow: Vec<TcpStream> = [half_head, half_body, String::new()]
        .iter()
        .flat_map(|start| (0..30).map(move |_| start))
        .map(|start| {
            let mut stream = TcpStream::connect(&served.address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(start.as_bytes()).unwrap();
            stream
        })
        .collect();
    let started = Instant::now();
    assert_eq!(served.get(&way_out).status, 200);
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    for stream in &mut slow {
        let mut said = Vec::new();
        // Cut off, with or without a word (408).
        let _ = stream.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 408"),
            "{said}"
        );
    }
    assert!(
        started.elapsed() < Duration::from_secs(40),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(dump(&world), before);
    served.stop();
}

#[test]
fn who_guesses_is_told_less_and_good_tokens_are_never_slowed_down() {
    let world = sent();
    let served = start(&world);
    let picture = path(&keys(&world), Purpose::Open, message(&world, ADA, "hook"));
    let stranger = "X-Forwarded-For: 203.0.113.7, 198.51.100.1\r\n";
    let guess = request("GET", "/u/guess", stranger, "");
    let statuses: Vec<u16> = (0..80)
        .map(|_| ask(&served.address, &guess).status)
        .collect();
    let n_refused = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!(statuses[0], 404);
    assert!((10..=20).contains(&n_refused), "{statuses:?}");
    let last = ask(&served.address, &guess);
    assert_eq!((last.status, last.header("retry-after")), (429, Some("30")));
    for _ in 0..20 {
        assert_eq!(
            ask(&served.address, &request("GET", &picture, stranger, "")).status,
            200
        );
    }
    let other = "X-Forwarded-For: 198.51.100.1, 203.0.113.7\r\n";
    assert_eq!(
        ask(&served.address, &request("GET", "/u/guess", other, "")).status,
        404
    );
    served.stop();
}
