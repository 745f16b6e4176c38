//! What a scan of a large inbox costs: bytes and time grow with what is new, not with what is there.
//!
//! `tests/measure inbox [MESSAGES]` runs it at full size.

use std::time::Instant;

use super::*;

/// New mails of the measured scan: half of them newsletters, half answers.
const NEW: usize = 100;

/// The inbox of the suite; a real one has a hundred times as many.
const MESSAGES: usize = 3_000;

/// What the measured scan took.
struct Cost {
    seconds: f64,
    bytes: u64,
    needed: u64,
}

/// A header as mail has it after its way through several servers.
fn header(n: usize, more: &str) -> String {
    let hop = "Received: from mx.lead.example (mx.lead.example [192.0.2.7]) by mail.ourco.example \
               with ESMTPS id 4XyZ12abc; Tue, 3 Mar 2026 09:00:00 +0000 (UTC)\r\n";
    format!(
        "{}From: Person {n} <person{n}@lead.example>\r\nTo: ada@ourco.example\r\n\
         Subject: Re: a question, number {n}\r\nDate: Tue, 03 Mar 2026 09:00:00 +0000\r\n\
         Message-ID: <mail-{n}@lead.example>\r\nMIME-Version: 1.0\r\n{more}\
         Content-Type: text/plain; charset=utf-8\r\n\r\n",
        hop.repeat(6)
    )
}

/// An inbox of so many mails that were read before, then the scan that finds new ones.
fn scan(messages: usize) -> Cost {
    let dir = tempfile::tempdir().unwrap();
    let server = Dovecot::start_large(dir.path());
    let old = (0..messages).map(|n| format!("{}An old mail.\r\n", header(n, "")));
    server.append("06-Jan-2020", old);
    let wire = Wire::to(server.plain_port);
    let world = World::new()
        .env("IMAP_SERVER", "127.0.0.1")
        .env("IMAP_PORT", wire.port().to_string())
        .env("IMAP_TLS", "none")
        .env("IMAP_USERNAME", dovecot::USER)
        .env("IMAP_PASSWORD", dovecot::PASSWORD);
    let started = Instant::now();
    let first = world.run(&["scan", "--json"]).exits(0).json();
    assert_eq!(
        first["counts"]["read"], 0,
        "what is older than the first campaign is not read"
    );
    let first_took = started.elapsed().as_secs_f64();
    wire.passed();
    let mut needed = 0;
    let new: Vec<String> = (0..NEW)
        .map(|n| {
            let (more, is_answer) = match n % 2 {
                0 => ("In-Reply-To: <one-of-ours@ourco.example>\r\n", true),
                _ => (
                    "List-Id: <tips.lead.example>\r\nList-Unsubscribe: <mailto:x@y.example>\r\n",
                    false,
                ),
            };
            let head =
                header(messages + n, more).replace("Re: a", if is_answer { "Re: a" } else { "A" });
            let body = "We would like to hear more about this.\r\n".repeat(if is_answer {
                40
            } else {
                2_000
            });
            needed += head.len() as u64 + if is_answer { body.len() as u64 } else { 0 };
            format!("{head}{body}")
        })
        .collect();
    // Far ahead, so that they are younger than any campaign.
    server.append("06-Jan-2036", new.into_iter());
    let started = Instant::now();
    let second = world.run(&["scan", "--json"]).exits(0).json();
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(second["counts"]["read"], NEW, "{second}");
    assert_eq!(second["counts"]["headers_only"], NEW / 2, "{second}");
    let (connections, bytes) = wire.passed();
    assert_eq!(connections, 1);
    println!(
        "{messages:>7} messages: first scan {first_took:.2} s; {NEW} new ones {seconds:.2} s, \
         {bytes} bytes, {needed} needed"
    );
    Cost {
        seconds,
        bytes,
        needed,
    }
}

#[test]
fn a_large_inbox_costs_what_is_new_in_it() {
    if !dovecot::is_installed() {
        return;
    }
    let asked = std::env::var("MEASURE_MESSAGES").ok();
    let messages = asked.as_ref().map_or(MESSAGES, |n| n.parse().unwrap());
    let (large, small) = (scan(messages), scan(1_000));
    for cost in [&large, &small] {
        let share = cost.bytes as f64 / cost.needed as f64;
        assert!(share <= 1.2, "{share:.2} times the bytes that are needed");
    }
    println!(
        "time {:.2} times that of 1,000 messages",
        large.seconds / small.seconds
    );
    // Beside other tests a clock says little.
    if asked.is_some() {
        assert!(large.seconds <= 1.5 * small.seconds);
    }
}
