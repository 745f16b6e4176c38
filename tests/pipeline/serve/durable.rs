//! What was answered is kept, whatever happens; and a way out counts before the next mail.

use std::collections::BTreeMap;
use std::thread;

use super::*;
use crate::world::smtp::{At, Fault, Rule, Smtp};

const WISH: &str = "List-Unsubscribe=One-Click";

/// Holds the ledger as a stage that writes for long does.
fn locked(world: &World) -> rusqlite::Connection {
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    ledger.busy_timeout(PATIENCE).unwrap();
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    ledger
}

#[test]
fn a_kill_under_load_loses_nothing_that_was_answered() {
    let world = sent();
    let hooks = [ADA, BEA].map(|email| message(&world, email, "hook"));
    let keys = keys(&world);
    let mut answered: BTreeMap<i64, u64> = BTreeMap::new();
    for round in 0..3 {
        // Every round at a later hour, so that no message is asked for too often in a minute.
        let now = format!("2026-03-02T1{}:00:00Z", 2 + round);
        let served = start_as(&world, &now, &format!("said{round}"));
        let ask_until_killed = |n: usize| {
            let hook = hooks[n % 2];
            let purpose = if n < 2 { Purpose::Open } else { CLICK };
            let raw = request("GET", &path(&keys, purpose, hook), "", "");
            let stream = TcpStream::connect(&served.address).unwrap();
            thread::spawn(move || {
                let mut writer = stream.try_clone().unwrap();
                let mut reader = BufReader::new(stream);
                let mut n_answered = 0;
                while writer.write_all(raw.as_bytes()).is_ok() {
                    match read_reply(&mut reader, true) {
                        Some(reply) if [200, 302].contains(&reply.status) => n_answered += 1,
                        _ => break,
                    }
                    // A message is asked for 100 times a minute at most, by two clients.
                    if n_answered >= 45 {
                        break;
                    }
                }
                (hook, n_answered)
            })
        };
        let clients: Vec<_> = (0..4).map(ask_until_killed).collect();
        // In the midst of it: as soon as some of it is there.
        let begun = Instant::now();
        let rows = || {
            world.sql("SELECT count(*) FROM engagements")[0][0]
                .parse::<u64>()
                .unwrap()
        };
        let so_far: u64 = answered.values().sum();
        while rows() < so_far + 30 + 15 * round {
            assert!(begun.elapsed() < PATIENCE, "nothing is kept");
        }
        served.running.kill();
        for client in clients {
            let (hook, n) = client.join().unwrap();
            *answered.entry(hook).or_default() += n;
        }
    }
    for (hook, n) in answered {
        let sql = format!("SELECT count(*) FROM engagements WHERE message_id = {hook}");
        let kept: u64 = world.sql(&sql)[0][0].parse().unwrap();
        assert!(kept >= n && n > 0, "{kept} kept of {n} answered");
        let sql = format!(
            "SELECT opens + clicks + machine_opens + machine_clicks FROM messages WHERE id = {hook}"
        );
        assert_eq!(world.sql(&sql)[0][0], kept.to_string());
    }
    assert_eq!(world.sql("PRAGMA integrity_check"), [["ok"]]);
}

#[test]
fn while_the_ledger_is_locked_people_get_where_they_want_and_a_way_out_is_never_forgotten() {
    let world = sent();
    let served = start(&world);
    let keys = keys(&world);
    let hook = message(&world, ADA, "hook");
    let before = dump(&world);
    let holder = locked(&world);
    let [open, click, way_out] =
        [Purpose::Open, CLICK, Purpose::OptOut].map(|purpose| path(&keys, purpose, hook));
    let asking = [
        request("GET", &open, "", ""),
        request("GET", &click, "", ""),
        request("POST", &way_out, "", WISH),
    ]
    .map(|raw| {
        let address = served.address.clone();
        thread::spawn(move || ask(&address, &raw))
    });
    let [open, click, out] = asking.map(|asked| asked.join().unwrap());
    assert_eq!(open.status, 503);
    assert_eq!((click.status, click.header("location")), (302, Some(LINK)));
    assert_eq!((out.status, out.header("retry-after")), (503, Some("30")));
    drop(holder);
    assert_eq!(dump(&world), before);
    assert_eq!(served.post(&way_out, WISH).status, 200);
    assert_eq!(world.campaign_state(ADA), "stopped");
    let outcome = served.stop();
    outcome.complains("nothing is counted, and ways out have to be tried again");
}

#[test]
fn what_was_accepted_is_answered_before_the_end() {
    let world = sent();
    let mut served = start(&world);
    let way_out = path(&keys(&world), Purpose::OptOut, message(&world, ADA, "hook"));
    let holder = locked(&world);
    let mut idle = TcpStream::connect(&served.address).unwrap();
    let address = served.address.clone();
    let asking = thread::spawn(move || {
        let raw = request("POST", &way_out, "", WISH);
        ask(&address, &raw)
    });
    // Its figures say when the wish has come.
    let has_come = || {
        let figures = ask(&served.metrics, &request("GET", "/metrics", "", "")).text();
        figures.contains("outreach_queue 1")
    };
    let deadline = Instant::now() + PATIENCE;
    while !has_come() {
        assert!(Instant::now() < deadline);
    }
    served.running.terminate();
    while TcpStream::connect(&served.address).is_ok() {
        assert!(Instant::now() < deadline, "it takes no more connections");
    }
    drop(holder);
    assert_eq!(asking.join().unwrap().status, 200);
    assert_eq!(world.campaign_state(ADA), "stopped");
    let mut nothing = Vec::new();
    idle.read_to_end(&mut nothing).unwrap();
    assert_eq!(nothing, b"", "who asked nothing is told nothing");
    served.running.wait().exits(0).complains("");
}

#[test]
fn two_of_them_share_a_ledger_but_not_an_address() {
    let world = sent();
    let (one, other) = (
        start_as(&world, NOON, "one"),
        start_as(&world, NOON, "other"),
    );
    let click = path(&keys(&world), CLICK, message(&world, ADA, "hook"));
    assert_eq!(
        [one.get(&click).status, other.get(&click).status],
        [302, 302]
    );
    assert_eq!(
        counts(&world, message(&world, ADA, "hook")),
        "0 1 0 1",
        "the second is a repeat"
    );
    let mut world = world;
    world.set_env("SERVE_ADDRESS", &one.address);
    let third = world.at(NOON).run(&["serve"]).exits(75);
    third.complains("another process does; is `serve` running already?");
    one.stop();
    other.stop();
}

#[test]
fn a_way_out_counts_before_the_next_mail_of_a_running_send() {
    let smtp = Smtp::start();
    let world = planned()
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none")
        .env("SMTP_CONNECTIONS", "1");
    let served = start_as(&world, MONDAY, "said");
    smtp.fail(Rule::new(At::Body, Fault::Silence).times(1));
    let send = world.at(MONDAY).spawn(&["send"]);
    smtp.wait_for(At::Body);
    let on_its_way = world.state(ADA, "hook") == "sending";
    let other = if on_its_way { BEA } else { ADA };
    let way_out = path(
        &keys(&world),
        Purpose::OptOut,
        message(&world, other, "hook"),
    );
    assert_eq!(served.post(&way_out, WISH).status, 200);
    smtp.release();
    send.wait().exits(0);
    assert_eq!(smtp.bodies_seen(), 1);
    assert_eq!(world.campaign_state(other), "stopped");
    served.stop();
}

#[test]
fn sockets_that_systemd_opened_are_taken() {
    let world = sent();
    let activate = "systemd-socket-activate";
    if std::process::Command::new(activate)
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("{activate} is not installed here: handing over sockets is not tried");
        return;
    }
    // The system picks ports for a moment; nobody else takes them so soon.
    let free = || {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let (public, metrics) = (free().to_string(), free().to_string());
    let through = [
        activate,
        "-l",
        &public,
        "-l",
        &metrics,
        "-E",
        "PUBLIC_URL",
        "-E",
        "FROM_EMAIL",
    ];
    let mut running = world.at(NOON).spawn_through(&through, &["serve"]);
    let deadline = Instant::now() + PATIENCE;
    let mut is_there = || {
        assert!(Instant::now() < deadline && running.is_running());
        TcpStream::connect(&public).is_ok()
    };
    while !is_there() {}
    let click = path(&keys(&world), CLICK, message(&world, ADA, "hook"));
    assert_eq!(ask(&public, &request("GET", &click, "", "")).status, 302);
    assert_eq!(
        ask(&metrics, &request("GET", "/health", "", "")).status,
        200
    );
    running.terminate();
    running
        .wait()
        .exits(0)
        .says(&format!("on {public}, health and figures on {metrics}"));
}
