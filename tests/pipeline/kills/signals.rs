//! SIGTERM, two processes at once, and the red button: all while a conversation is under way.

use super::*;
use crate::world::smtp::{At, Fault, Rule};

/// `send` at an instant, held by the server at the first body.
fn held(smtp: &Smtp, world: &World, now: &str) -> Running {
    let before = smtp.n_reached(At::Body);
    smtp.fail(Rule::new(At::Body, Fault::Silence).times(1));
    let send = world.at(now).spawn(&["send", "--json"]);
    smtp.wait_for_nth(At::Body, before + 1);
    send
}

/// The names of the campaigns as people use them, in the order of the leads.
fn campaign_id(world: &World, email: &str) -> String {
    let query = "SELECT l.email, c.campaign_id FROM campaigns c JOIN leads l ON l.id = c.lead_id";
    let rows = world.sql(query);
    rows.into_iter()
        .find(|row| row[0] == email)
        .unwrap()
        .remove(1)
}

#[test]
fn sigterm_finishes_the_mail_in_hand_and_leaves_the_rest() {
    let (smtp, world) = smtp_and_world();
    let mut send = held(&smtp, &world, MONDAY);
    send.terminate();
    smtp.release();
    let outcome = send.wait().exits(0);
    assert_eq!(outcome.json()["outcome"], "interrupted");
    assert_eq!(counted(&outcome, "accepted"), 1);
    assert_eq!(states(&world, "hook"), ["sent", "scheduled", "scheduled"]);
    let runs = world.sql("SELECT outcome FROM runs WHERE stage = 'send'");
    assert_eq!(runs, [["interrupted"]]);
    world.at(MONDAY).run(&["send"]).exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
    assert_nothing_doubled(&smtp, "sigterm");
}

#[test]
fn sigterm_ends_the_wait_between_two_mails() {
    let smtp = Smtp::start();
    // At the machine's own time, whatever day and hour it is.
    let world = bare()
        .leads_csv(&three_leads())
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none")
        .env("SEND_WINDOW", "00:00-24:00")
        .env("RESPECT_BUSINESS_DAYS", "false")
        .env("MIN_GAP_SECONDS", "0")
        .env("GAP_JITTER_SECONDS", "0");
    world.run(&["nightly"]).exits(0);
    let world = world.env("MIN_GAP_SECONDS", "1800");
    let mut send = world.spawn(&["send", "--json"]);
    let has_sent = || {
        world
            .sql("SELECT 1 FROM messages WHERE state = 'sent'")
            .len()
            == 1
    };
    assert!(comes_true(&mut send, has_sent));
    assert!(send.is_running(), "the next mail is half an hour away");
    send.terminate();
    let outcome = send
        .wait_within(PATIENCE)
        .expect("it does not wait on")
        .exits(0);
    assert_eq!(outcome.json()["outcome"], "interrupted");
    assert_eq!(smtp.bodies_seen(), 1);
    let open = world.sql("SELECT count(*) FROM messages WHERE state = 'sending'");
    assert_eq!(open, [["0"]]);
}

#[test]
fn the_second_send_ends_with_75_and_names_the_first() {
    let (smtp, world) = smtp_and_world();
    let first = held(&smtp, &world, MONDAY);
    let holder = format!("process {}", first.pid());
    let second = world.at(MONDAY).run(&["send"]).exits(75).complains(&holder);
    assert!(
        second
            .stderr
            .contains("another run of `send` holds the lock")
    );
    let hourly = world.at(MONDAY).run(&["hourly", "--json"]).exits(75);
    assert_eq!(hourly.json()["stages"][1]["outcome"], "again");
    assert_eq!(
        states(&world, "hook"),
        ["sending", "scheduled", "scheduled"]
    );
    smtp.release();
    first.wait().exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
    assert_eq!(smtp.bodies_seen(), 3);
    world.at(MONDAY).run(&["send"]).exits(0);
}

#[test]
fn a_killed_holder_frees_the_lock() {
    let (smtp, world) = smtp_and_world();
    held(&smtp, &world, MONDAY).kill();
    smtp.release();
    world.at(MONDAY).run(&["send"]).exits(3);
}

#[test]
fn the_red_button_works_before_the_next_mail_of_a_running_send() {
    let (smtp, world) = smtp_and_world();
    let send = held(&smtp, &world, MONDAY);
    world
        .at(MONDAY)
        .run(&["pause", "--all", "--reason", "legal asked"])
        .exits(0);
    smtp.release();
    let outcome = send.wait().exits(0);
    assert_eq!(counted(&outcome, "accepted"), 1);
    assert_eq!(states(&world, "hook"), ["sent", "scheduled", "scheduled"]);
    let again = world
        .at(MONDAY)
        .run(&["send"])
        .exits(0)
        .complains("legal asked");
    assert!(again.stdout.contains("paused"), "{}", again.stdout);
    assert_eq!(smtp.bodies_seen(), 1);
    world.at(MONDAY).run(&["resume", "--all"]).exits(0);
    world.at(MONDAY).run(&["send"]).exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
}

#[test]
fn a_campaign_held_or_an_address_suppressed_meanwhile_gets_no_mail() {
    let (smtp, world) = smtp_and_world();
    let send = held(&smtp, &world, MONDAY);
    let bea = campaign_id(&world, BEA);
    world.at(MONDAY).run(&["campaign", "pause", &bea]).exits(0);
    world
        .at(MONDAY)
        .run(&["suppress", "add", "carriers.example"])
        .exits(0);
    smtp.release();
    send.wait().exits(0);
    assert_eq!(states(&world, "hook"), ["sent", "drafted", "skipped"]);
    assert_eq!(world.campaign_state(CLEO), "stopped");
    assert_eq!(recipients(&smtp), [ADA]);
}

#[test]
fn a_campaign_stopped_while_its_mail_is_out_keeps_the_truth_about_that_mail() {
    let (smtp, world) = smtp_and_world();
    let send = held(&smtp, &world, MONDAY);
    world
        .at(MONDAY)
        .run(&["campaign", "stop", &campaign_id(&world, ADA)])
        .exits(0);
    assert_eq!(world.state(ADA, "proof"), "skipped");
    smtp.release();
    send.wait().exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    assert_eq!(world.campaign_state(ADA), "stopped");
    assert_eq!(world.state(ADA, "proof"), "skipped");
}

#[test]
fn a_campaign_paused_while_its_last_mail_is_out_is_complete_once_it_is_resumed() {
    let (smtp, world) = smtp_and_world();
    scan_and_send(&world, MONDAY).exits(0);
    scan_and_send(&world, THURSDAY).exits(0);
    world.at(NEXT_MONDAY).run(&["scan"]).exits(0);
    let send = held(&smtp, &world, NEXT_MONDAY);
    let ada = campaign_id(&world, ADA);
    world
        .at(NEXT_MONDAY)
        .run(&["campaign", "pause", &ada])
        .exits(0);
    smtp.release();
    send.wait().exits(0);
    assert_eq!(world.state(ADA, "fomo"), "sent");
    assert_eq!(
        world.campaign_state(ADA),
        "paused",
        "a person's hold stands"
    );
    world
        .at(NEXT_MONDAY)
        .run(&["campaign", "resume", &ada])
        .exits(0);
    assert_eq!(world.campaign_state(ADA), "completed");
}

#[test]
fn the_daily_limit_holds_across_runs_and_a_kill() {
    let (smtp, world) = smtp_and_world();
    let world = world.env("DAILY_SEND_LIMIT", "2");
    held(&smtp, &world, MONDAY).kill();
    smtp.release();
    for hour in 10..17 {
        let now = format!("2026-03-02T{hour}:30:00Z");
        world.at(now).run(&["send"]).exits(3);
    }
    assert_eq!(states(&world, "hook"), ["in_doubt", "sent", "scheduled"]);
    assert_eq!(
        smtp.bodies_seen(),
        2,
        "what is in doubt may have left, and counts"
    );
    world.at("2026-03-03T10:00:00Z").run(&["send"]).exits(3);
    assert_eq!(world.state(CLEO, "hook"), "sent");
    assert_nothing_doubled(&smtp, "limit");
}

#[test]
fn an_answer_is_recorded_however_long_the_ledger_is_busy() {
    let (smtp, world) = smtp_and_world();
    let send = held(&smtp, &world, MONDAY);
    let open = || rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    let ledger = open();
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    smtp.release();
    // Another one who wants the ledger gives up after longer than any command waits for it.
    let other = open();
    other.busy_timeout(Duration::from_secs(7)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap_err();
    drop(ledger);
    send.wait().exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
}
