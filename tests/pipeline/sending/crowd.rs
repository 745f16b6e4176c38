//! Eight processes at once on one ledger, over and over: no cap, no stop and no promise breaks.

use std::thread;
use std::time::Instant;

use super::*;
use crate::world::smtp::Smtp;

const LIMIT: usize = 60;

/// How long they go on.
const FOR: Duration = Duration::from_secs(8);

fn latest_attempt(world: &World) -> i64 {
    world.sql("SELECT coalesce(max(id), 0) FROM attempts")[0][0]
        .parse()
        .unwrap()
}

/// Attempts at a campaign's messages after one.
fn attempts_after(world: &World, campaign: usize, attempt: i64) -> usize {
    let sql = format!(
        "SELECT a.id FROM attempts a JOIN messages m ON m.id = a.message_id
         WHERE m.campaign_id = {campaign} AND a.id > {attempt}"
    );
    world.sql(&sql).len()
}

fn campaign_id(world: &World, campaign: usize) -> String {
    let sql = format!("SELECT campaign_id FROM campaigns WHERE id = {campaign}");
    world.sql(&sql).remove(0).remove(0)
}

#[test]
fn eight_processes_at_once_break_no_cap_no_stop_and_send_nothing_twice() {
    let smtp = Smtp::start();
    let world = crowd(200)
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none")
        .env("SMTP_CONNECTIONS", "4")
        .env("DAILY_SEND_LIMIT", LIMIT.to_string())
        .env("LOG_LEVEL", "error");
    let until = Instant::now() + FOR;
    let goes_on = || Instant::now() < until;
    let run = |args: &[&str]| world.at(MONDAY).run(args);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while goes_on() {
                    // One sends, the others find the lock taken.
                    let code = run(&["send", "--limit", "7"]).code;
                    assert!([0, 75].contains(&code), "send ended with {code}");
                }
            });
        }
        scope.spawn(|| {
            while goes_on() {
                run(&["scan"]).exits(0);
            }
        });
        scope.spawn(|| {
            while goes_on() {
                run(&["pause", "--all"]).exits(0);
                let paused_at = latest_attempt(&world);
                run(&["queue"]).exits(0);
                assert_eq!(
                    latest_attempt(&world),
                    paused_at,
                    "claimed while all was paused"
                );
                run(&["resume", "--all"]).exits(0);
            }
        });
        // Two people hold and free single campaigns, the third ends some.
        for which in [10..40, 40..70] {
            let (run, world, goes_on) = (&run, &world, &goes_on);
            scope.spawn(move || {
                for campaign in which.cycle().take_while(|_| goes_on()) {
                    let id = campaign_id(world, campaign);
                    run(&["campaign", "pause", &id]);
                    let paused_at = latest_attempt(world);
                    run(&["status"]).exits(0);
                    assert_eq!(
                        attempts_after(world, campaign, paused_at),
                        0,
                        "{id} was paused"
                    );
                    run(&["campaign", "resume", &id]);
                }
            });
        }
        scope.spawn(|| {
            let mut stopped = Vec::new();
            for campaign in (70..200).take_while(|_| goes_on()) {
                run(&["campaign", "stop", &campaign_id(&world, campaign)]);
                stopped.push((campaign, latest_attempt(&world)));
            }
            for (campaign, at) in stopped {
                assert_eq!(
                    attempts_after(&world, campaign, at),
                    0,
                    "{campaign} was stopped"
                );
            }
        });
    });
    run(&["resume", "--all"]).exits(0);
    for _ in 0..3 {
        run(&["send"]);
    }
    let claimed = count(&world, "state IN ('sending', 'sent', 'in_doubt')");
    // How many are left to leave depends on how many were held meanwhile: those want a new date.
    assert!((1..=LIMIT).contains(&claimed), "{claimed} left on one day");
    assert_eq!(smtp.bodies_seen(), claimed, "each once");
    assert_eq!(count(&world, "state IN ('sending', 'in_doubt')"), 0);
}
