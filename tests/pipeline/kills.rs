//! What survives SIGKILL, faults, and two processes at once: a mail is never handed over twice, never
//! out of order or hours, never above a limit, and nothing is lost.
//!
//! Every world begins with the same plan, made once by the program itself: three leads whose Hooks
//! are due on Monday 2 March 2026 at nine, each with Proof and FOMO dated behind it.

mod folders;
mod letters;
mod maildir;
mod moment;
mod outage;
mod signals;
mod smtp_steps;
mod stages;
mod verdicts;

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::world::smtp::{Options, Smtp};
use crate::world::{LeadRow, Outcome, Running, World, lead};

/// The night before the first Hooks: a Monday, before the window opens.
const NIGHT: &str = "2026-03-02T05:00:00Z";
/// All three Hooks are due.
const MONDAY: &str = "2026-03-02T10:00:00Z";
/// All three Proofs are due, if their Hooks left on Monday.
const THURSDAY: &str = "2026-03-05T10:00:00Z";
/// All three FOMOs are due.
const NEXT_MONDAY: &str = "2026-03-09T10:00:00Z";

const ADA: &str = "ada@engines.example";
const BEA: &str = "bea@bakers.example";
const CLEO: &str = "cleo@carriers.example";

/// A deadline that only a hang reaches.
const PATIENCE: Duration = Duration::from_secs(60);

fn three_leads() -> [LeadRow; 3] {
    [
        lead("Ada Lovelace", ADA, "Analytical Engines"),
        lead("Bea Baker", BEA, "Bakers of Bonn"),
        lead("Cleo Carter", CLEO, "Carriers United"),
    ]
}

/// A world with the settings all of these tests share. Mails may follow each other at once: pace is
/// not what is tested here.
fn bare() -> World {
    World::new()
        .env("FROM_EMAIL", "team@ours.example")
        .env("POSTAL_ADDRESS", "4 Runner Road, Springfield")
        .env("INBOX_DIR", "inbox")
        .env("MIN_GAP_SECONDS", "1")
        .env("GAP_JITTER_SECONDS", "0")
}

/// The plan for three leads in a world of its own; mail goes to the Maildir.
fn planned() -> World {
    static LEDGER: OnceLock<Vec<u8>> = OnceLock::new();
    let ledger = LEDGER.get_or_init(|| {
        let world = bare().leads_csv(&three_leads());
        world.at(NIGHT).run(&["nightly"]).exits(0);
        let due = world.sql("SELECT count(*) FROM messages WHERE state = 'scheduled'");
        assert_eq!(due, [["9"]], "three leads have three dated messages each");
        fs::read(world.path("campaigns.db")).unwrap()
    });
    let world = bare().leads_csv(&three_leads());
    world.write("campaigns.db", ledger);
    world
}

/// [`planned`], with mail going to this server.
fn planned_over(smtp: &Smtp) -> World {
    planned()
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none")
}

/// A plain server with its world.
fn smtp_and_world() -> (Smtp, World) {
    let smtp = Smtp::start();
    let world = planned_over(&smtp);
    (smtp, world)
}

/// A server that wants a login, with its world.
fn smtp_with_login() -> (Smtp, World) {
    let smtp = Smtp::start_with(Options {
        login: Some(("team".to_string(), "open-sesame".to_string())),
        ..Options::default()
    });
    let world = planned_over(&smtp)
        .env("SMTP_USERNAME", "team")
        .env("SMTP_PASSWORD", "open-sesame");
    (smtp, world)
}

/// How often each mail was handed over whole, by its key.
fn bodies_by_key(smtp: &Smtp) -> BTreeMap<String, usize> {
    let mut bodies = BTreeMap::new();
    for kept in smtp.kept() {
        let raw = String::from_utf8_lossy(&kept.raw).into_owned();
        let key = raw
            .lines()
            .find_map(|line| line.strip_prefix("X-Outreach-Key: "));
        *bodies
            .entry(key.expect("every mail has a key").to_string())
            .or_default() += 1;
    }
    bodies
}

/// No mail was handed over twice.
#[track_caller]
fn assert_nothing_doubled(smtp: &Smtp, context: &str) {
    let bodies = bodies_by_key(smtp);
    assert!(bodies.values().all(|n| *n == 1), "{context}: {bodies:?}");
    // Every body that came whole was kept by the server of these tests, or refused by a rule.
    assert!(smtp.bodies_seen() >= bodies.len(), "{context}");
}

/// The recipients the server took mail for, in order.
fn recipients(smtp: &Smtp) -> Vec<String> {
    smtp.kept().into_iter().flat_map(|kept| kept.to).collect()
}

/// The state of each lead's message of a step.
fn states(world: &World, step: &str) -> [String; 3] {
    [ADA, BEA, CLEO].map(|email| world.state(email, step))
}

/// A message's column as text.
fn cell(world: &World, email: &str, step: &str, column: &str) -> String {
    let query = format!(
        "SELECT m.{column} FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         JOIN leads l ON l.id = c.lead_id WHERE l.email = '{email}' AND m.step = '{step}'"
    );
    world.sql(&query).remove(0).remove(0)
}

/// The due instant of a message, in words.
fn due(world: &World, email: &str, step: &str) -> String {
    cell(world, email, step, "due_at").parse().map_or_else(
        |_| "undated".to_string(),
        |at| {
            let at = chrono::DateTime::from_timestamp(at, 0).unwrap();
            at.format("%a %Y-%m-%d %H:%M").to_string()
        },
    )
}

/// What the latest run of `send` counted under a name.
fn counted(outcome: &Outcome, name: &str) -> i64 {
    outcome.json()["counts"][name].as_i64().unwrap_or(0)
}

/// Scans and sends at an instant, as the hourly timer does; the answer is how `send` ended.
fn scan_and_send(world: &World, now: &str) -> Outcome {
    world.at(now).run(&["scan"]).exits(0);
    world.at(now).run(&["send", "--json"])
}

/// Lets a condition become true while a process runs; false when the process ended before.
fn comes_true(running: &mut Running, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if condition() {
            return true;
        }
        // Not at once again: on a busy machine the process needs the processor more than we do.
        if running.ends_within(Duration::from_micros(300)) {
            return condition();
        }
        assert!(Instant::now() < deadline, "it neither happens nor ends");
    }
}
