//! What sending costs. `tests/measure send` and `tests/measure claim` run these in an optimised build
//! and show their figures.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use outreach::ledger::{Claims, Decision, Ledger, Position};

use super::*;

fn number_of(variable: &str, default: usize) -> usize {
    let value = std::env::var(variable);
    value.map_or(default, |n| n.parse().expect("a whole number"))
}

/// Postfix's mail sink on a port the system picks.
struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    fn start() -> Sink {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut sink = Command::new("/usr/sbin/smtp-sink");
        // It refuses to work as root, and to drop root's rights when it has none.
        if std::fs::metadata("/proc/self")
            .is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
        {
            sink.args(["-u", "nobody"]);
        }
        let child = sink
            .args([&format!("127.0.0.1:{port}"), "1000"])
            .stdout(Stdio::null());
        let child = child
            .spawn()
            .expect("smtp-sink of Debian's package postfix");
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < PATIENCE, "smtp-sink does not listen");
        }
        Sink { child, port }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Messages a second by Postfix's own load generator, over 8 connections that are kept.
fn rate_of_smtp_source(sink: &Sink, n: usize) -> f64 {
    let started = Instant::now();
    let server = format!("127.0.0.1:{}", sink.port);
    let args = ["-d", "-s", "8", "-l", "2048", "-m", &n.to_string(), &server];
    let status = Command::new("/usr/sbin/smtp-source").args(args).status();
    assert!(status.expect("smtp-source").success());
    n as f64 / started.elapsed().as_secs_f64()
}

/// So many connections of our own are tried. The yardstick has 8; what is fastest depends on how many
/// mails share a commit.
const CONNECTIONS: [usize; 3] = [8, 16, 32];

#[test]
fn sending_reaches_half_the_rate_of_the_load_generator() {
    // Postfix's tools are there for `tests/measure send` only.
    if std::env::var_os("MEASURE_MESSAGES").is_none() {
        return;
    }
    let n = number_of("MEASURE_MESSAGES", 20_000);
    let sink = Sink::start();
    let mut world = crowd(n)
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", sink.port.to_string())
        .env("SMTP_TLS", "none");
    let text = "We plan routes for carriers, and what one of them saved might help you. ";
    let body: String = text.chars().cycle().take(1_900).collect();
    write(&world, &format!("UPDATE message_texts SET body = '{body}'"));
    let (ledger, before) = (world.path("campaigns.db"), world.path("before.db"));
    std::fs::copy(&ledger, &before).unwrap();
    println!();
    let anchors = [(); 3].map(|()| rate_of_smtp_source(&sink, n));
    let anchor = anchors.into_iter().fold(0.0, f64::max);
    println!(
        "smtp-source -d,  8 connections, 2 kB: {anchor:>6.0} messages/s (best of {anchors:.0?})"
    );
    let mut best: f64 = 0.0;
    for connections in CONNECTIONS {
        std::fs::copy(&before, &ledger).unwrap();
        world = world.env("SMTP_CONNECTIONS", connections.to_string());
        let (rate, peak_kb) = rate_of_send(&world, n);
        println!(
            "send, {connections:>2} connections, each durable:   {rate:>6.0} messages/s, ratio \
             {:.2}, peak {} MB",
            rate / anchor,
            peak_kb / 1024
        );
        assert!(peak_kb <= 64 * 1024, "{peak_kb} kB of memory");
        best = best.max(rate);
    }
    println!("best ratio {:.2} (wanted: 0.50)", best / anchor);
    assert!(
        best >= anchor / 2.0,
        "{best:.0} of {anchor:.0} messages a second"
    );
}

/// Messages a second of a whole `send`, and its peak memory in kB.
fn rate_of_send(world: &World, n: usize) -> (f64, u64) {
    let started = Instant::now();
    let mut send = world.at(MONDAY).spawn(&["send"]);
    let status = format!("/proc/{}/status", send.pid());
    let mut peak_kb = 0_u64;
    while !send.ends_within(Duration::from_millis(20)) {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
        peak_kb = peak.unwrap_or(peak_kb);
    }
    let rate = n as f64 / started.elapsed().as_secs_f64();
    send.wait().exits(0);
    assert_eq!(count(world, "state = 'sent'"), n);
    (rate, peak_kb)
}

/// What a claim costs in the middle of a ledger with so many messages, in turns of 8 as 8 connections
/// take them: the median, without the commit that all of a turn share.
fn cost_of_a_claim(n_messages: usize) -> Duration {
    let world = crowd(n_messages / 3);
    // A third of what is due belongs to another sender and stands before all the rest.
    let others = "UPDATE messages SET sender = 'other@ours.example' WHERE id % 3 = 0";
    write(&world, others);
    let now = chrono::DateTime::parse_from_rfc3339("2026-03-20T12:00:00Z")
        .unwrap()
        .into();
    let mut ledger = Ledger::open(&world.path("campaigns.db"), now).unwrap();
    let run = ledger.start_run("send", now).unwrap();
    let mut position = Position::start();
    let mut costs = Vec::new();
    while costs.len() < 100 {
        let mut claims = Claims {
            now,
            max: 8,
            sender: "team@ours.example",
            daily_limit: 1_000_000,
            day_began_at: now,
            hourly_limit: None,
            mailer: "smtp:127.0.0.1:25",
            run,
            mailboxes: &[],
            lead: None,
            counts_companies: false,
            threads: false,
            canaries: 0,
            tracked: outreach::tracking::Tracked::default(),
            position: &mut position,
        };
        let turn = ledger.send_turn(&[], now, |turn| {
            let started = Instant::now();
            let claimed = turn.claim_due(&mut claims, &mut |_| Decision::Claim)?;
            Ok((claimed.messages.len(), started.elapsed()))
        });
        let (n, took) = turn.unwrap();
        assert_eq!(n, 8, "enough is due");
        costs.push(took / 8);
    }
    costs.sort();
    costs[costs.len() / 2]
}

#[test]
fn a_claim_costs_the_same_however_many_messages_there_are() {
    let many = number_of("MEASURE_MESSAGES", 60_000);
    println!();
    let (few, many) = [3_000, many].map(|n| (n, cost_of_a_claim(n))).into();
    for (n, cost) in [few, many] {
        println!(
            "{n:>9} messages: {:>6.1} us a claim",
            cost.as_secs_f64() * 1e6
        );
    }
    let ratio = many.1.as_secs_f64() / few.1.as_secs_f64();
    println!("ratio {ratio:.2} (wanted: at most 1.50)");
    // A busy machine adds to either; what grows with the ledger would be many times as much.
    let most = if cfg!(debug_assertions) { 5.0 } else { 1.5 };
    assert!(ratio <= most, "{ratio}");
}
