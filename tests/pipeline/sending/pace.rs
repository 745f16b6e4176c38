//! The pace of a run by the machine's own clock: it waits for what falls due, and ends early when
//! nothing is left to come.

use std::time::Instant;

use super::*;
use crate::world::smtp::{At, Fault, Rule, Smtp};

/// Three messages over this server, all in the future.
fn three(smtp: &Smtp) -> World {
    let world = crowd(3)
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none")
        .env("RESPECT_BUSINESS_DAYS", "false");
    write(
        &world,
        "UPDATE campaigns SET sequence = json_set(sequence, '$.respect_business_days', json('false'))",
    );
    world
}

/// Dates the Hooks so many seconds from now, by the order of their rows.
fn due_in(world: &World, seconds: [i64; 3]) {
    for (id, seconds) in (1..).zip(seconds) {
        let hook = format!("campaign_id = {id} AND number = 1");
        let sql = format!("UPDATE messages SET due_at = unixepoch() + {seconds} WHERE {hook}");
        write(world, &sql);
    }
}

#[test]
fn a_run_waits_for_what_falls_due_while_it_lasts_and_ends_with_the_last_of_it() {
    let smtp = Smtp::start();
    let world = three(&smtp);
    due_in(&world, [-1, 3, 7_200]);
    let started = Instant::now();
    let send = world.run(&["send", "--json"]).exits(0);
    assert_eq!(send.json()["counts"]["accepted"], 2);
    assert!(
        started.elapsed() >= Duration::from_secs(2),
        "the second was not due before"
    );
    assert_eq!(count(&world, "state = 'sent'"), 2);
    let early = "state = 'sent' AND claimed_at < due_at";
    assert_eq!(count(&world, early), 0, "nothing leaves before it is due");
}

#[test]
fn without_waiting_only_what_is_due_leaves() {
    let smtp = Smtp::start();
    let world = three(&smtp);
    due_in(&world, [-1, 600, 600]);
    let send = world.run(&["send", "--no-wait", "--json"]).exits(0);
    assert_eq!(send.json()["counts"]["accepted"], 1);
}

#[test]
fn what_falls_due_after_the_run_is_not_waited_for() {
    let smtp = Smtp::start();
    let world = three(&smtp).env("SEND_RUN_MINUTES", "5");
    due_in(&world, [-1, 400, 400]);
    let send = world.run(&["send", "--json"]).exits(0);
    assert_eq!(send.json()["counts"]["accepted"], 1);
}

#[test]
fn a_gap_holds_across_connections_and_runs() {
    let smtp = Smtp::start();
    let world = three(&smtp)
        .env("SMTP_CONNECTIONS", "4")
        .env("MIN_GAP_SECONDS", "2");
    due_in(&world, [-3, -2, -1]);
    world.run(&["send", "--limit", "1"]).exits(0);
    world.run(&["send"]).exits(0);
    let instants = world.sql("SELECT claimed_at FROM messages WHERE state = 'sent' ORDER BY 1");
    let instants: Vec<i64> = instants.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(instants.len(), 3);
    // The ledger keeps whole seconds, the run waits by a finer clock.
    assert!(
        instants.windows(2).all(|pair| pair[1] - pair[0] >= 1),
        "{instants:?}"
    );
    assert!(instants[2] - instants[0] >= 3, "{instants:?}");
}

#[test]
fn the_hourly_limit_counts_what_earlier_runs_sent() {
    let smtp = Smtp::start();
    let world = crowd(9)
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none")
        .env("SMTP_CONNECTIONS", "4")
        .env("HOURLY_SEND_LIMIT", "4");
    let accepted = |now: &str| {
        let send = world.at(now).run(&["send", "--json"]).exits(0).json();
        send["counts"]["accepted"].as_i64().unwrap()
    };
    assert_eq!(accepted("2026-03-02T10:00:00Z"), 4);
    assert_eq!(accepted("2026-03-02T10:59:59Z"), 0);
    assert_eq!(accepted("2026-03-02T11:00:00Z"), 4);
    assert_eq!(accepted("2026-03-02T12:00:00Z"), 1);
}

#[test]
fn a_hold_of_all_or_of_one_sender_works_before_the_next_mail_of_a_running_send() {
    for hold in [
        ["pause", "--all"].as_slice(),
        &["pause", "--sender", "team@ours.example"],
    ] {
        let smtp = Smtp::start();
        let world = three(&smtp);
        due_in(&world, [-3, -2, -1]);
        smtp.fail(Rule::new(At::Body, Fault::Silence).times(1));
        let send = world.spawn(&["send", "--json"]);
        smtp.wait_for(At::Body);
        world.run(hold).exits(0);
        smtp.release();
        send.wait();
        assert_eq!(count(&world, "state = 'sent'"), 1, "{hold:?}");
        assert_eq!(count(&world, "state = 'sending'"), 0, "{hold:?}");
    }
}
