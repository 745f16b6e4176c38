//! What the server says, without any kill: deferred, rejected or in doubt, and what follows for the
//! message, its campaign, the lead and the run.

use super::*;
use crate::world::smtp::{At, Fault, Rule};

/// A day's every half hour in the window, from the instant the Hooks are due.
fn half_hours() -> impl Iterator<Item = String> {
    (20..33).map(|n| format!("2026-03-02T{:02}:{:02}:00Z", n / 2, n % 2 * 30))
}

/// A person lets the sender go on.
fn release(world: &World, now: &str) {
    let resume = ["resume", "--sender", "team@ours.example"];
    world.at(now).run(&resume).exits(0).says("is released");
}

fn suppressed(world: &World) -> Vec<Vec<String>> {
    world.sql("SELECT value, reason FROM suppressions")
}

fn campaign(world: &World) -> Vec<String> {
    let query = "SELECT state, coalesce(stop_reason, '') FROM campaigns ORDER BY id LIMIT 1";
    world.sql(query).remove(0)
}

#[test]
fn no_such_mailbox_ends_the_campaign_and_suppresses_the_address() {
    let (smtp, world) = smtp_and_world();
    smtp.fail(Rule::new(At::RcptTo, Fault::Reply(550, "5.1.1 no such user")).to(ADA));
    world.at(MONDAY).run(&["send"]).exits(3);
    assert_eq!(states(&world, "hook"), ["dead", "sent", "sent"]);
    assert_eq!(
        states(&world, "proof"),
        ["skipped", "scheduled", "scheduled"]
    );
    assert_eq!(campaign(&world), ["stopped", "bounced"]);
    assert_eq!(suppressed(&world), [[ADA, "bounced"]]);
    assert_ne!(cell(&world, ADA, "hook", "bounced_at"), "NULL");
    // It stays the last word, also for a lead that comes back under another record.
    let mut rows = three_leads().to_vec();
    rows.push(lead("Ada King", ADA, "Analytical Engines").with("City", "London"));
    world.write_leads(&rows);
    world.at("2026-03-03T05:00:00Z").run(&["nightly"]).exits(0);
    assert_eq!(world.sql("SELECT count(*) FROM campaigns"), [["3"]]);
}

#[test]
fn a_message_refused_for_what_it_is_blames_no_address() {
    let (smtp, world) = smtp_and_world();
    smtp.fail(Rule::new(At::Body, Fault::Reply(552, "5.3.4 message too big")).to(ADA));
    world.at(MONDAY).run(&["send"]).exits(3);
    assert_eq!(states(&world, "hook"), ["dead", "sent", "sent"]);
    assert_eq!(campaign(&world), ["stopped", "undeliverable"]);
    assert!(suppressed(&world).is_empty());
}

#[test]
fn greylisting_defers_and_the_same_mail_is_taken_half_an_hour_later() {
    let (smtp, world) = smtp_and_world();
    smtp.fail(
        Rule::new(At::RcptTo, Fault::Reply(450, "4.2.0 greylisted"))
            .to(ADA)
            .times(1),
    );
    world.at(MONDAY).run(&["send"]).exits(0);
    assert_eq!(states(&world, "hook"), ["deferred", "sent", "sent"]);
    let half_past = "2026-03-02T10:30:00Z"
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap();
    let due_at: i64 = cell(&world, ADA, "hook", "due_at").parse().unwrap();
    let later = due_at - half_past.timestamp();
    assert!(
        (0..=360).contains(&later),
        "{later} seconds after the delay"
    );
    let (id, date) = (
        cell(&world, ADA, "hook", "message_id"),
        cell(&world, ADA, "hook", "dated_at"),
    );
    world.at("2026-03-02T10:29:00Z").run(&["send"]).exits(0);
    assert_eq!(world.state(ADA, "hook"), "deferred", "not a minute early");
    world.at("2026-03-02T10:36:00Z").run(&["send"]).exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
    assert_eq!(cell(&world, ADA, "hook", "message_id"), id);
    assert_eq!(cell(&world, ADA, "hook", "dated_at"), date);
    assert_nothing_doubled(&smtp, "greylisting");
}

#[test]
fn a_mailbox_that_is_always_busy_is_given_up_after_three_tries() {
    let (smtp, world) = smtp_and_world();
    smtp.fail(Rule::new(At::RcptTo, Fault::Reply(450, "4.2.1 mailbox busy")).to(ADA));
    let mut tried = Vec::new();
    for now in half_hours().take(8) {
        let before = smtp
            .commands()
            .iter()
            .filter(|line| line.contains(ADA))
            .count();
        world.at(&now).run(&["send"]);
        let after = smtp
            .commands()
            .iter()
            .filter(|line| line.contains(ADA))
            .count();
        if after > before {
            tried.push(now[11..16].to_string());
        }
    }
    // Half an hour and an hour, with up to a fifth more: seen at the next half hour.
    assert_eq!(tried, ["10:00", "11:00", "12:30"], "the delay doubles");
    assert_eq!(world.state(ADA, "hook"), "dead");
    assert_eq!(campaign(&world), ["stopped", "undeliverable"]);
    assert!(suppressed(&world).is_empty(), "a busy mailbox exists");
    assert_eq!(states(&world, "hook")[1..], ["sent", "sent"]);
}

#[test]
fn a_refusal_by_policy_ends_the_run_and_blames_no_lead() {
    for at in [At::MailFrom, At::RcptTo, At::Body] {
        let (smtp, world) = smtp_and_world();
        smtp.fail(Rule::new(
            at,
            Fault::Reply(550, "5.7.1 blocked for spam, see our policy"),
        ));
        for now in half_hours().take(3) {
            world.at(&now).run(&["send"]).exits(75).complains("5.7.1");
        }
        world.at("2026-03-02T11:30:00Z").run(&["send"]).exits(3);
        let hooks = states(&world, "hook");
        assert!(
            hooks
                .iter()
                .all(|state| ["deferred", "scheduled"].contains(&state.as_str())),
            "{at:?}: {hooks:?}"
        );
        assert!(suppressed(&world).is_empty(), "{at:?}");
        smtp.heal();
        release(&world, "2026-03-02T15:00:00Z");
        world.at("2026-03-02T15:00:00Z").run(&["send"]).exits(0);
        assert_eq!(
            states(&world, "hook"),
            ["sent"; 3],
            "{at:?}: no try was used up"
        );
        assert_nothing_doubled(&smtp, "policy");
    }
}

#[test]
fn a_wrong_password_ends_the_run_at_once_and_blames_no_lead() {
    let (smtp, world) = smtp_with_login();
    let world = world.env("SMTP_PASSWORD", "sesame-open");
    for now in half_hours().take(3) {
        let run = world.at(&now).run(&["send"]).exits(78).complains("535");
        assert!(!run.stderr.contains("sesame-open"), "{}", run.stderr);
    }
    world.at("2026-03-02T12:00:00Z").run(&["send"]).exits(3);
    let n_auth = smtp.n_reached(At::Auth);
    assert!(
        n_auth <= 6,
        "one login a run, in one or two dialects: {n_auth}"
    );
    let world = world.env("SMTP_PASSWORD", "open-sesame");
    release(&world, "2026-03-02T15:00:00Z");
    world.at("2026-03-02T15:00:00Z").run(&["send"]).exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
}

#[test]
fn a_server_that_is_down_for_many_runs_uses_up_no_try() {
    let (smtp, world) = smtp_and_world();
    drop(smtp);
    for now in half_hours().take(5) {
        world.at(&now).run(&["send"]).exits(75);
    }
    // Then somebody should look what is the matter.
    world.at("2026-03-02T15:00:00Z").run(&["send"]).exits(3);
    assert!(states(&world, "hook").iter().all(|state| state != "dead"));
    let smtp = Smtp::start();
    let world = world.env("SMTP_PORT", smtp.port().to_string());
    release(&world, "2026-03-03T10:00:00Z");
    world.at("2026-03-03T10:00:00Z").run(&["send"]).exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
    assert_eq!(smtp.bodies_seen(), 3);
}

#[test]
fn a_hang_up_before_the_body_defers_and_ends_the_run() {
    for at in [
        At::Connect,
        At::Greeting,
        At::Ehlo,
        At::MailFrom,
        At::RcptTo,
        At::Data,
    ] {
        let (smtp, world) = smtp_and_world();
        smtp.fail(Rule::new(at, Fault::HangUp).times(1));
        world.at(MONDAY).run(&["send"]).exits(75);
        assert_eq!(
            states(&world, "hook"),
            ["deferred", "scheduled", "scheduled"],
            "{at:?}"
        );
        world.at("2026-03-02T10:40:00Z").run(&["send"]).exits(0);
        assert_eq!(states(&world, "hook"), ["sent"; 3], "{at:?}");
        assert_eq!(smtp.bodies_seen(), 3, "{at:?}");
    }
}

#[test]
fn a_hang_up_after_the_body_is_in_doubt_and_the_next_mail_leaves() {
    for fault in [
        Fault::HangUp,
        Fault::Raw(b"354 go on\r\n"),
        Fault::Raw(b"?\r\n"),
    ] {
        let (smtp, world) = smtp_and_world();
        smtp.fail(Rule::new(At::Body, fault).to(ADA).keeping());
        for hour in 10..13 {
            world
                .at(format!("2026-03-02T{hour}:00:00Z"))
                .run(&["send"])
                .exits(3);
        }
        assert_eq!(
            states(&world, "hook"),
            ["in_doubt", "sent", "sent"],
            "{fault:?}"
        );
        assert_eq!(smtp.bodies_seen(), 3, "{fault:?}");
        assert_nothing_doubled(&smtp, "after the body");
    }
}

#[test]
fn a_server_that_shuts_down_in_mid_run_gets_the_rest_in_the_next() {
    let (smtp, world) = smtp_and_world();
    smtp.fail(Rule::new(At::MailFrom, Fault::Leave(421, "4.3.2 shutting down")).to(BEA));
    smtp.fail(
        Rule::new(At::Data, Fault::Leave(421, "4.3.2 shutting down"))
            .to(BEA)
            .times(1),
    );
    world.at(MONDAY).run(&["send"]).exits(75);
    assert_eq!(states(&world, "hook"), ["sent", "deferred", "scheduled"]);
    world.at("2026-03-02T10:40:00Z").run(&["send"]).exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
    assert_nothing_doubled(&smtp, "421");
}
