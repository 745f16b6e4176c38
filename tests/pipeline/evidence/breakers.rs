//! Senders that are held until a person releases them.

use super::*;
use crate::world::smtp::{At, Fault, Rule};

const US: &str = "team@ours.example";

/// So many leads of as many companies: `p0@c0.example`, `p1@c1.example` and so on.
fn many(n: usize) -> Vec<LeadRow> {
    const NAMES: [&str; 6] = ["Ada", "Bea", "Cleo", "Dora", "Emma", "Fay"];
    const COMPANIES: [&str; 5] = ["Engines", "Bakers", "Carriers", "Diggers", "Elevators"];
    let row = |k: usize| {
        let name = format!("{} {}son", NAMES[k % 6], NAMES[k / 6]);
        let company = format!("{} {}", NAMES[k / 5], COMPANIES[k % 5]);
        lead(&name, &address(k), &company)
    };
    (0..n).map(row).collect()
}

fn address(k: usize) -> String {
    format!("person@company{k}.example")
}

fn n_sent(world: &World) -> usize {
    let sent = world.sql("SELECT count(*) FROM messages WHERE state = 'sent'");
    sent[0][0].parse().unwrap()
}

/// What `status` says of the sender, and when it began.
#[track_caller]
fn held(world: &World) -> String {
    let status = world.run(&["status", "--json"]).exits(0).json();
    let held = status["held_senders"].as_array().unwrap();
    assert!(held.len() <= 1, "{held:?}");
    let Some(held) = held.first() else {
        return String::new();
    };
    assert_eq!(held["sender"], US);
    let said = world.run(&["status"]).exits(0).stdout;
    let mend = format!("`outreach resume --sender {US}`");
    assert!(said.contains(&mend), "{said}");
    held["reason"].as_str().unwrap().to_string()
}

#[test]
fn refusals_by_policy_hold_the_sender_and_blame_no_lead() {
    let smtp = Smtp::start();
    let world = planned_over(&smtp, &three_leads());
    smtp.fail(Rule::new(
        At::RcptTo,
        Fault::Reply(550, "5.7.1 blocked by policy"),
    ));
    for minute in 0..3 {
        assert_eq!(held(&world), "");
        let now = format!("2026-03-02T10:{minute:02}:00Z");
        world.at(&now).run(&["send"]).exits(75).complains("5.7.1");
    }
    let why = held(&world);
    assert!(
        why.starts_with("3 mails in a row were refused for the sender's sake: 550"),
        "{why}"
    );
    smtp.heal();
    let before = smtp.n_conversations();
    world.at("2026-03-02T11:00:00Z").run(&["send"]).exits(3);
    assert_eq!(
        smtp.n_conversations(),
        before,
        "not even a connection is made"
    );
    assert!(world.sql("SELECT value FROM suppressions").is_empty());
    let explained = world.run(&["explain", ADA]).exits(0).stdout;
    assert!(explained.contains(&format!("{US} is held")), "{explained}");
    world
        .run(&["doctor"])
        .exits(78)
        .says("refused for the sender's sake");

    world
        .at("2026-03-02T12:00:00Z")
        .run(&["resume", "--sender", US])
        .exits(0);
    assert_eq!(held(&world), "");
    world.at("2026-03-02T12:00:00Z").run(&["send"]).exits(0);
    assert_eq!(n_sent(&world), 3);
}

#[test]
fn bounces_hold_the_sender_and_a_release_forgets_them() {
    let smtp = Smtp::start();
    let world = planned_over(&smtp, &many(27));
    smtp.fail(Rule::new(At::RcptTo, Fault::Reply(550, "5.1.1 no such user")).to(&address(3)));
    smtp.fail(Rule::new(At::RcptTo, Fault::Reply(450, "4.2.1 busy")).to(&address(20)));
    let run = world.at(MONDAY).run(&["send", "--json"]).exits(3).json();
    // Nothing is said of a rate before the twentieth mail; then a mail that is merely deferred lets
    // the figures be looked at, and one more had been claimed with it.
    let n = n_sent(&world);
    assert!((19..=21).contains(&n), "{n} left: {run}");
    let why = held(&world);
    assert!(
        why.starts_with("1 of 2") && why.contains("limit 2 %"),
        "{why}"
    );
    assert!(
        run["errors"][0]
            .as_str()
            .unwrap()
            .contains("a person releases it"),
        "{run}"
    );
    world.at("2026-03-02T10:30:00Z").run(&["send"]).exits(3);
    assert_eq!(n_sent(&world), n);

    smtp.heal();
    let resume = ["resume", "--sender", US, "--json"];
    let resumed = world
        .at("2026-03-02T11:00:00Z")
        .run(&resume)
        .exits(0)
        .json();
    assert_eq!(resumed["was_paused"], true);
    world.at("2026-03-02T11:00:00Z").run(&["send"]).exits(0);
    assert_eq!(n_sent(&world), 26);
    let again = world
        .at("2026-03-02T11:00:00Z")
        .run(&resume)
        .exits(0)
        .json();
    assert_eq!(again["was_paused"], false);
}

#[test]
fn a_complaint_read_by_scan_holds_the_sender() {
    let smtp = Smtp::start();
    let world = planned_over(&smtp, &three_leads());
    world.at(MONDAY).run(&["send", "--limit", "1"]).exits(0);
    let id = hook(&world, ADA, "message_id");
    world.drop_mail(format!(
        "From: abuse@provider.example\r\nTo: {US}\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n\
         Date: Mon, 02 Mar 2026 10:30:00 +0000\r\nContent-Type: multipart/report; \
         report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
         An abuse report.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n\
         Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n--b\r\n\
         Content-Type: message/rfc822\r\n\r\nFrom: {US}\r\nTo: {ADA}\r\nSubject: x\r\n\
         Message-ID: <{id}>\r\n\r\nHi\r\n--b--\r\n"
    ));
    world.at("2026-03-02T11:00:00Z").run(&["scan"]).exits(3);
    assert_eq!(held(&world), "somebody complained about a mail");
    world.at("2026-03-02T11:00:00Z").run(&["send"]).exits(3);
    assert_eq!(n_sent(&world), 1);
    let later = world.at("2026-03-02T12:00:00Z");
    later.run(&["resume", "--sender", US]).exits(0);
    later.run(&["scan"]).exits(0);
    later.run(&["send"]).exits(0);
    assert_eq!(n_sent(&world), 3);
}

#[test]
fn a_person_holds_and_releases_one_sender() {
    let smtp = Smtp::start();
    let world = planned_over(&smtp, &three_leads());
    let moment = world.at(MONDAY);
    for (args, why) in [
        (vec!["pause"], "--all"),
        (
            vec!["pause", "--all", "--sender", US],
            "cannot be used with",
        ),
        (
            vec!["pause", "--sender", "x@y.example"],
            "expected one of ours",
        ),
        (vec!["resume", "--batch", "monday"], "--batch"),
        (
            vec!["resume", "--all", "--batch", "2026-03-02"],
            "cannot be used with",
        ),
    ] {
        moment.run(&args).exits(2).complains(why);
    }
    let loud = US.to_uppercase();
    moment
        .run(&["pause", "--sender", &loud, "--reason", "new domain"])
        .exits(0)
        .says(US);
    assert_eq!(held(&world), "new domain");
    moment.run(&["send"]).exits(3);
    moment
        .run(&["resume", "--all"])
        .exits(0)
        .says("nothing was paused");
    moment.run(&["send"]).exits(3);
    assert_eq!(n_sent(&world), 0);
    moment.run(&["resume", "--sender", US]).exits(0);
    moment.run(&["send"]).exits(0);
    assert_eq!(n_sent(&world), 3);
}

/// A world of five new leads of which two go first.
fn with_canaries(smtp: &Smtp) -> World {
    planned_over(smtp, &many(5)).env("CANARY_SIZE", "2")
}

#[test]
fn the_first_of_a_batch_leave_and_the_rest_follows_when_they_did_well() {
    let smtp = Smtp::start();
    let world = with_canaries(&smtp);
    for hour in ["10:00", "10:30", "15:00"] {
        let now = format!("2026-03-02T{hour}:00Z");
        world.at(&now).run(&["scan"]).exits(0);
        world.at(&now).run(&["send"]).exits(0);
        assert_eq!(n_sent(&world), 2, "{hour}");
    }
    let due = world.sql(
        "SELECT DISTINCT datetime(due_at, 'unixepoch') FROM messages
         WHERE step = 'hook' AND state = 'scheduled'",
    );
    assert_eq!(
        due,
        [["2026-03-03 10:00:00"]],
        "a day after the second left"
    );
    let tuesday = world.at("2026-03-03T10:00:00Z");
    tuesday.run(&["send"]).exits(0);
    assert_eq!(n_sent(&world), 2, "nobody has read the inbox since");
    tuesday.run(&["scan"]).exits(0);
    tuesday.run(&["send"]).exits(0);
    assert_eq!(n_sent(&world), 5);
}

#[test]
fn the_rest_of_a_batch_that_bounces_waits_for_a_person() {
    let smtp = Smtp::start();
    let world = with_canaries(&smtp);
    smtp.fail(Rule::new(
        At::RcptTo,
        Fault::Reply(550, "5.1.1 no such user"),
    ));
    world.at(MONDAY).run(&["send"]).exits(3);
    smtp.heal();
    let tuesday = world.at("2026-03-03T11:00:00Z");
    tuesday.run(&["scan"]).exits(0);
    tuesday.run(&["send"]).exits(3);
    assert_eq!(n_sent(&world), 0);
    let status = tuesday.run(&["status"]).exits(0).stdout;
    let held = "the leads first read on 2026-03-02 are held, 2 of its first 2 mails bounced";
    assert!(status.contains(held), "{status}");
    tuesday
        .run(&["resume", "--batch", "2026-03-01"])
        .exits(0)
        .says("is waiting");
    tuesday.run(&["send"]).exits(3);
    tuesday
        .run(&["resume", "--batch", "2026-03-02"])
        .exits(0)
        .says("are released");
    tuesday.run(&["send"]).exits(0);
    assert_eq!(n_sent(&world), 3);
    assert!(
        !tuesday
            .run(&["status"])
            .exits(0)
            .stdout
            .contains("first read on")
    );
}

#[test]
fn what_nobody_can_explain_is_put_aside_and_a_person_decides() {
    let smtp = Smtp::start();
    let world = planned_over(&smtp, &three_leads());
    smtp.fail(Rule::new(At::Body, Fault::Reply(554, "Transaction failed")).to(ADA));
    world.at(MONDAY).run(&["send"]).exits(3);
    assert_eq!(world.state(ADA, "hook"), "dead");
    assert_eq!(world.campaign_state(ADA), "paused");
    assert!(world.sql("SELECT value FROM suppressions").is_empty());
    world.at("2026-03-03T05:00:00Z").run(&["nightly"]);
    assert_eq!(
        world.campaign_state(ADA),
        "paused",
        "only a person ends the wait"
    );
    let explained = world.run(&["explain", ADA]).exits(0).stdout;
    assert!(explained.contains("554 Transaction failed"), "{explained}");
    let letters = world.run(&["letters", "list", "--json"]).exits(0).json();
    let number = letters[0]["id"].to_string();
    assert!(
        letters[0]["reason"]
            .as_str()
            .unwrap()
            .contains("nobody can say why"),
        "{letters}"
    );
    smtp.heal();
    let tuesday = world.at("2026-03-03T10:00:00Z");
    tuesday.run(&["letters", "retry", &number]).exits(0);
    assert_eq!(world.campaign_state(ADA), "active");
    tuesday.run(&["send"]).exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
}
