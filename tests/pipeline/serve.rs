//! `serve` as people, mail programs and strangers meet it: the real binary on a loopback port,
//! asked over plain sockets.

mod durable;
mod figures;
mod hostile;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use outreach::ledger::Ledger;
use outreach::tracking::token::{Keys, Purpose, Token};

use crate::world::{LeadRow, Outcome, Running, World, lead};

/// The night before the Hooks: a Monday, before the window opens.
const NIGHT: &str = "2026-03-02T05:00:00Z";
/// All Hooks are due.
const MONDAY: &str = "2026-03-02T10:00:00Z";
/// They have left long ago.
const NOON: &str = "2026-03-02T12:00:00Z";

const ADA: &str = "ada@engines.example";
const BEA: &str = "bea@bakers.example";

const LINK: &str = "https://engines.example/report?a=1&b=2";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn leads() -> [LeadRow; 2] {
    let ada = lead("Ada Lovelace", ADA, "Analytical Engines");
    let bea = lead("Bea Baker", BEA, "Bakers of Bonn");
    [ada, bea].map(|lead| lead.with("Timezone", "UTC"))
}

/// Two leads whose mails are dated, each text with one link in it.
fn planned() -> World {
    let world = World::new()
        .env("FROM_EMAIL", "team@ours.example")
        .env("POSTAL_ADDRESS", "4 Runner Road, Springfield")
        .env("INBOX_DIR", "inbox")
        .env("MIN_GAP_SECONDS", "0")
        .env("GAP_JITTER_SECONDS", "0")
        .env("PUBLIC_URL", "https://mail.ours.example/t")
        .env("SERVE_ADDRESS", "127.0.0.1:0")
        .env("SERVE_METRICS_ADDRESS", "127.0.0.1:0")
        .leads_csv(&leads());
    world.at(NIGHT).run(&["nightly"]).exits(0);
    let link = format!("UPDATE message_texts SET body = body || char(10) || 'See {LINK}.'");
    write(&world, &link);
    world
}

/// The same after the Hooks have left.
fn sent() -> World {
    let world = planned();
    world.at(MONDAY).run(&["send"]).exits(0);
    assert_eq!(world.state(BEA, "hook"), "sent");
    world
}

/// Writes into the ledger behind the program's back.
fn write(world: &World, sql: &str) {
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    ledger.busy_timeout(PATIENCE).unwrap();
    ledger.execute_batch(sql).unwrap();
}

fn keys(world: &World) -> Keys {
    let now = NOON.parse().unwrap();
    let mut ledger = Ledger::open(&world.path("campaigns.db"), now).unwrap();
    ledger.signing_keys(now).unwrap()
}

/// The row id of a lead's message.
fn message(world: &World, email: &str, step: &str) -> i64 {
    let sql = format!(
        "SELECT m.id FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         JOIN leads l ON l.id = c.lead_id WHERE l.email = '{email}' AND m.step = '{step}'"
    );
    world.sql(&sql)[0][0].parse().unwrap()
}

/// The path of an address in a mail, without the prefix of PUBLIC_URL.
fn path(keys: &Keys, purpose: Purpose, message: i64) -> String {
    let token = keys.sign(&Token { purpose, message });
    match purpose {
        Purpose::Open => format!("/o/{token}.gif"),
        Purpose::Click { .. } => format!("/c/{token}"),
        Purpose::OptOut => format!("/u/{token}"),
    }
}

const CLICK: Purpose = Purpose::Click { link: 0 };

/// A running `serve`.
struct Served {
    running: Running,
    /// Where the public side listens, `127.0.0.1:4321`.
    address: String,
    /// Where health and figures are told.
    metrics: String,
}

/// Starts it at an instant, its first line kept in a file of that name, and waits until it listens.
fn start_as(world: &World, now: &str, said: &str) -> Served {
    let script = format!("exec \"$0\" \"$@\" >{said}");
    let mut running = world
        .at(now)
        .spawn_through(&["sh", "-c", &script], &["serve"]);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(world.path(said)).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.starts_with("serving")) {
            let (_, addresses) = line.split_once(" on ").unwrap();
            let (address, metrics) = addresses.split_once(", health and figures on ").unwrap();
            let (address, metrics) = (address.to_string(), metrics.to_string());
            return Served {
                running,
                address,
                metrics,
            };
        }
        assert!(Instant::now() < deadline, "it does not listen");
        if running.ends_within(Duration::from_millis(5)) {
            panic!("it ended: {:?}", running.wait());
        }
    }
}

fn start(world: &World) -> Served {
    start_as(world, NOON, "said")
}

impl Served {
    fn get(&self, path: &str) -> Reply {
        ask(&self.address, &request("GET", path, "", ""))
    }

    fn post(&self, path: &str, body: &str) -> Reply {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        ask(&self.address, &request("POST", path, kind, body))
    }

    /// Tells it to end and demands that it does, in order.
    fn stop(mut self) -> Outcome {
        self.running.terminate();
        self.running.wait().exits(0)
    }
}

/// A whole request; `headers` each end in a line break.
fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = match method {
        "POST" => format!("Content-Length: {}\r\n", body.len()),
        _ => String::new(),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: mail.ours.example\r\nUser-Agent: {BROWSER}\r\n\
         {headers}{length}\r\n{body}"
    )
}

/// An answer.
#[derive(Debug)]
struct Reply {
    status: u16,
    /// In lower case, a line each.
    headers: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.headers.lines();
        let found = lines.filter_map(|line| line.split_once(": "));
        found
            .filter(|(found, _)| *found == name)
            .map(|(_, value)| value)
            .next()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends bytes over a connection of their own and reads one answer.
#[track_caller]
fn ask(address: &str, raw: &str) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(raw.as_bytes()); // It may have answered before the end.
    let has_body = !raw.starts_with("HEAD");
    read_reply(&mut BufReader::new(stream), has_body).expect("no answer")
}

/// Reads one answer; none when the connection ends instead.
fn read_reply(stream: &mut impl BufRead, has_body: bool) -> Option<Reply> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let n = stream.read_until(b'\n', &mut head).ok()?;
        if n == 0 {
            return None;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let (first, headers) = head.split_once("\r\n").unwrap();
    let status = first.split(' ').nth(1).unwrap().parse().unwrap();
    let headers = headers.lines().map(|line| match line.split_once(':') {
        Some((name, value)) => format!("{}: {}\n", name.to_lowercase(), value.trim()),
        None => String::new(),
    });
    let mut reply = Reply {
        status,
        headers: headers.collect(),
        body: Vec::new(),
    };
    let length = reply
        .header("content-length")
        .and_then(|length| length.parse().ok());
    if has_body {
        reply.body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut reply.body).ok()?;
    }
    Some(reply)
}

/// `opens clicks machine_opens machine_clicks` of a message.
fn counts(world: &World, message: i64) -> String {
    let sql = format!(
        "SELECT opens, clicks, machine_opens, machine_clicks FROM messages WHERE id = {message}"
    );
    world.sql(&sql).remove(0).join(" ")
}

#[test]
fn without_an_address_that_mails_could_lead_to_there_is_nothing_to_serve() {
    let world = World::new().env("FROM_EMAIL", "team@ours.example");
    let outcome = world.run(&["serve"]).exits(78);
    outcome.complains("PUBLIC_URL: expected the https address");
}

#[test]
fn figures_are_told_nearby_only() {
    let world = World::new()
        .env("PUBLIC_URL", "https://mail.ours.example")
        .env("SERVE_ADDRESS", "127.0.0.1:0")
        .env("SERVE_METRICS_ADDRESS", "0.0.0.0:0");
    let outcome = world.run(&["serve"]).exits(78);
    outcome.complains("SERVE_METRICS_ADDRESS: expected a loopback or private address");
}

#[test]
fn a_picture_is_shown_and_counted_and_a_link_leads_where_the_mail_says() {
    let world = sent();
    let served = start(&world);
    let keys = keys(&world);
    let hook = message(&world, ADA, "hook");
    let picture = served.get(&path(&keys, Purpose::Open, hook));
    assert_eq!((picture.status, picture.body.len()), (200, 43));
    assert_eq!(picture.header("content-type"), Some("image/gif"));
    assert_eq!(picture.header("cache-control"), Some("no-store, max-age=0"));
    assert_eq!(picture.header("set-cookie"), None);
    assert_eq!(counts(&world, hook), "1 0 0 0");
    // Below PUBLIC_URL's own path as well.
    let link = served.get(&format!(
        "/t{}",
        path(&keys, CLICK, message(&world, BEA, "hook"))
    ));
    assert_eq!((link.status, link.header("location")), (302, Some(LINK)));
    assert_eq!(counts(&world, message(&world, BEA, "hook")), "0 1 0 0");
    let head = request("HEAD", &path(&keys, Purpose::Open, hook), "", "");
    let head = ask(&served.address, &head);
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("43"))
    );
    assert_eq!(counts(&world, hook), "1 0 1 0");
    let unsent = message(&world, ADA, "proof");
    served.get(&path(&keys, Purpose::Open, unsent));
    assert_eq!(counts(&world, unsent), "0 0 1 0");
    let rows = "SELECT kind, link, machine, agent FROM engagements ORDER BY id";
    let rows: Vec<String> = world.sql(rows).iter().map(|row| row.join(" ")).collect();
    let expected = [
        "open NULL NULL firefox",
        "click 0 NULL firefox",
        "open NULL head firefox",
        "open NULL unsent firefox",
    ];
    assert_eq!(rows, expected);
    let gone = served.get(&path(&keys, Purpose::Click { link: 7 }, hook));
    assert_eq!(gone.status, 410);
    assert_eq!(served.get(&path(&keys, CLICK, 999)).status, 410);
    served.stop();
}

#[test]
fn the_way_out_is_one_post_and_a_look_at_it_changes_nothing() {
    let world = sent();
    let served = start(&world);
    let keys = keys(&world);
    let way_out = path(&keys, Purpose::OptOut, message(&world, ADA, "hook"));
    let before = dump(&world);
    let page = served.get(&way_out);
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("<form method=\"post\">"),
        "{}",
        page.text()
    );
    assert!(!page.text().contains("ada"), "nobody is named");
    ask(&served.address, &request("HEAD", &way_out, "", ""));
    assert_eq!(served.post(&way_out, "").status, 400);
    assert_eq!(dump(&world), before);
    // As RFC 8058 section 3.2 has it, in parts.
    let part = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
                One-Click\r\n--b--\r\n";
    let kind = "Content-Type: multipart/form-data; boundary=b\r\n";
    let done = ask(&served.address, &request("POST", &way_out, kind, part));
    assert_eq!(
        (
            done.status,
            done.header("location"),
            done.header("set-cookie")
        ),
        (200, None, None)
    );
    assert_eq!(world.campaign_state(ADA), "stopped");
    assert_eq!(world.state(ADA, "proof"), "skipped");
    assert_eq!(world.campaign_state(BEA), "active");
    let sql = "SELECT value, reason FROM suppressions";
    assert_eq!(world.sql(sql), [[ADA, "opted_out"]]);
    let sql = "SELECT response_type, responding_step FROM campaigns WHERE state = 'stopped'";
    assert_eq!(world.sql(sql), [["unsubscribed", "hook"]]);
    // By the page's own button, and again: nothing more happens.
    let events = world.sql("SELECT count(*) FROM events");
    for _ in 0..3 {
        let again = served.post(&way_out, "List-Unsubscribe=One-Click");
        assert_eq!(again.status, 200);
        assert!(again.text().contains("We will not write to you again"));
    }
    assert_eq!(world.sql("SELECT count(*) FROM events"), events);
    let explained = world.at(NOON).run(&["explain", ADA]).exits(0);
    explained.says("way out of the hook used (request 1)");
    let outcome = served.stop();
    let said = outcome.stderr;
    assert!(!said.contains(ADA) && !said.contains("/u/"), "{said}");
}

#[test]
fn a_scanner_of_links_counts_as_a_program() {
    let world = sent();
    let served = start(&world);
    let hook = message(&world, ADA, "hook");
    let link = path(&keys(&world), CLICK, hook);
    let raw = request("GET", &link, "Sec-Purpose: prefetch\r\n", "");
    assert_eq!(ask(&served.address, &raw).status, 302);
    let raw = raw
        .replace(BROWSER, "Barracuda Sentinel")
        .replace("Sec-Purpose: prefetch\r\n", "");
    assert_eq!(ask(&served.address, &raw).status, 302);
    assert_eq!(counts(&world, hook), "0 0 0 2");
    let shown = "SELECT count(*) FROM leads WHERE revision > pushed_revision";
    let before = world.sql(shown);
    served.stop();
    assert_eq!(world.sql(shown), before);
}

#[test]
fn health_and_figures_are_told_on_an_address_of_their_own() {
    let world = sent();
    let served = start(&world);
    let link = path(&keys(&world), CLICK, message(&world, ADA, "hook"));
    served.get(&link);
    for path in ["/health", "/metrics", "/", "/robots.txt"] {
        assert_eq!(served.get(path).status, 404, "{path}");
    }
    let health = ask(&served.metrics, &request("GET", "/health", "", ""));
    assert_eq!(health.status, 200, "{}", health.text());
    let document: serde_json::Value = serde_json::from_str(&health.text()).unwrap();
    assert_eq!(document["ok"], true);
    assert_eq!(document["ledger"]["readable"], true);
    let figures = ask(&served.metrics, &request("GET", "/metrics", "", "")).text();
    for line in [
        "outreach_requests_total{kind=\"click\",status=\"302\"} 1",
        "outreach_requests_total{kind=\"other\",status=\"404\"} 4",
        "outreach_events_total{kind=\"click\",by=\"person\"} 1",
        "outreach_queue 0",
        "outreach_campaigns_open 2",
        "outreach_commit_seconds_count 1",
    ] {
        assert!(figures.contains(line), "{line}\n{figures}");
    }
    assert!(!figures.contains(ADA));
    assert_eq!(
        ask(&served.metrics, &request("POST", "/metrics", "", "")).status,
        405
    );
    served.stop();
}

/// Every row of every table, as text.
fn dump(world: &World) -> String {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables = world.sql(tables).into_iter().flatten();
    let mut text = String::new();
    for table in tables {
        for row in world.sql(&format!("SELECT * FROM {table}")) {
            text.push_str(&format!("{table} {}\n", row.join("|")));
        }
    }
    text
}
