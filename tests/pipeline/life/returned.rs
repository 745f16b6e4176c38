//! Mail that comes back though its address lives: the step again, three times in all; and a refusal
//! that is the sender's.

use super::*;

const NORA: &str = "nora@lindfreight.example";
const FULL: &str = "Action: failed\nStatus: 4.2.2\n\
                    Diagnostic-Code: smtp; 452 4.2.2 The mailbox is full";

/// The Hook has left on Monday at ten.
fn after_the_hook() -> Life {
    let life = Life::plain();
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    life
}

fn hook_is(life: &Life) -> String {
    life.world.state(NORA, "hook")
}

/// What `scan` counted under a name, by the hourly run's report.
fn scanned(hourly: &Json, name: &str) -> i64 {
    hourly["stages"][0]["counts"][name].as_i64().unwrap_or(0)
}

#[test]
fn three_soft_bounces_on_three_business_days_end_the_campaign_and_suppress_nobody() {
    let life = after_the_hook();
    for (n, day) in [(1, 3), (2, 4), (3, 5)] {
        assert_eq!(life.steps_to(NORA).len(), n, "day {day}");
        let date = |minute: u32| {
            let day_of = ["Mon", "Tue", "Wed"][n - 1];
            format!("{day_of}, {day} Mar 2025 11:{minute:02}:00 +0000")
        };
        life.receive(&report(&life.mail(NORA, "hook"), &date(15), FULL));
        // The same news once more, by way of another server.
        let again = FULL.replace("The mailbox is full", "Quota exceeded");
        life.receive(&report(&life.mail(NORA, "hook"), &date(20), &again));
        let noon = format!("2025-03-{day:02}T12:00:00Z");
        let hourly = life.ok(&noon, &["hourly", "--json"]).json();
        assert_eq!(scanned(&hourly, "bounce_soft"), 2, "{hourly}");
        assert_eq!(life.steps_to(NORA).len(), n, "not on the same day");
        let expected = if n < 3 { "deferred" } else { "dead" };
        assert_eq!(hook_is(&life), expected, "day {day}");
        let next_day = format!("2025-03-{:02}", day + 1);
        life.ok(&format!("{next_day}T02:00:00Z"), &["nightly"]);
        life.ok(&format!("{next_day}T08:00:00Z"), &["hourly"]);
        assert_eq!(life.steps_to(NORA).len(), n, "not before its hour");
        life.ok(&format!("{next_day}T10:30:00Z"), &["hourly"]);
    }
    assert_eq!(life.steps_to(NORA), ["hook"; 3]);
    let row = "SELECT state || ' ' || stop_reason FROM campaigns";
    assert_eq!(life.row(row), "stopped undeliverable");
    let why = "SELECT state_reason FROM messages WHERE state = 'dead'";
    assert!(
        life.row(why).starts_with("it came back 3 times: "),
        "{}",
        life.row(why)
    );
    assert_eq!(life.row("SELECT count(*) FROM suppressions"), "0");
    let ids: Vec<String> = life
        .sent()
        .iter()
        .map(|sent| header(&sent.raw, "Message-ID"))
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "one mail: {ids:?}");
    let dates: Vec<String> = life
        .sent()
        .iter()
        .map(|sent| header(&sent.raw, "Date"))
        .collect();
    assert!(dates[0] != dates[1] && dates[1] != dates[2], "{dates:?}");
    let explained = life.world.run(&["explain", NORA]).exits(0).stdout;
    for try_of in ["try 2 of 3", "try 3 of 3", "came back 3 times"] {
        assert!(explained.contains(try_of), "{try_of}: {explained}");
    }
}

#[test]
fn a_hook_that_arrives_at_the_second_try_moves_the_steps_behind_it() {
    let life = after_the_hook();
    let date = "Mon, 3 Mar 2025 11:00:00 +0000";
    life.receive(&report(&life.mail(NORA, "hook"), date, FULL));
    life.ok("2025-03-03T12:00:00Z", &["hourly"]);
    life.ok("2025-03-04T10:30:00Z", &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "hook"]);
    life.ok("2025-03-06T02:00:00Z", &["nightly"]);
    life.ok(PROOF, &["hourly"]);
    assert_eq!(
        life.steps_to(NORA).len(),
        2,
        "three days after the second try"
    );
    life.ok("2025-03-07T02:00:00Z", &["nightly"]);
    life.ok("2025-03-07T12:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "hook", "proof"]);
}

#[test]
fn the_last_mail_that_comes_back_reopens_its_campaign() {
    let life = after_the_hook();
    life.ok("2025-03-06T02:00:00Z", &["nightly"]);
    life.ok(PROOF, &["hourly"]);
    life.ok("2025-03-10T02:00:00Z", &["nightly"]);
    life.ok(FOMO, &["hourly"]);
    assert_eq!(life.world.campaign_state(NORA), "completed");
    let date = "Mon, 10 Mar 2025 15:00:00 +0000";
    life.receive(&report(&life.mail(NORA, "fomo"), date, FULL));
    // A late notice about the first mail changes nothing: others arrived since.
    life.receive(&report(&life.mail(NORA, "hook"), date, FULL));
    life.ok("2025-03-10T16:00:00Z", &["hourly"]);
    assert_eq!(life.world.campaign_state(NORA), "active");
    assert_eq!(hook_is(&life), "sent");
    life.ok("2025-03-11T15:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "proof", "fomo", "fomo"]);
    assert_eq!(life.world.campaign_state(NORA), "completed");
}

#[test]
fn a_delay_notice_changes_nothing() {
    let life = after_the_hook();
    let delayed = "Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 451 4.4.1 timed out";
    let date = "Mon, 3 Mar 2025 11:00:00 +0000";
    life.receive(&report(&life.mail(NORA, "hook"), date, delayed));
    life.ok("2025-03-03T12:00:00Z", &["hourly"]);
    assert_eq!(hook_is(&life), "sent");
    life.ok("2025-03-06T02:00:00Z", &["nightly"]);
    life.ok(PROOF, &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "proof"]);
}

#[test]
fn a_refusal_by_policy_holds_the_sender_and_never_the_lead() {
    let life = after_the_hook();
    let policy = "Action: failed\nStatus: 5.7.1\n\
                  Diagnostic-Code: smtp; 550 5.7.1 Blocked: your IP is on a block list";
    let date = "Mon, 3 Mar 2025 11:00:00 +0000";
    life.receive(&report(&life.mail(NORA, "hook"), date, policy));
    let hourly = life.run("2025-03-03T12:00:00Z", &["hourly", "--json"]);
    let hourly = hourly.exits(3).json();
    let said = hourly["stages"][0]["errors"][0].as_str().unwrap();
    assert!(said.contains("block list"), "{said}");
    assert!(
        said.contains(&format!("outreach resume --sender {FROM}")),
        "{said}"
    );
    assert_eq!(life.world.campaign_state(NORA), "active");
    assert_eq!(life.row("SELECT count(*) FROM suppressions"), "0");
    let other = "owen@hartlogistics.example";
    life.lead("Owen Hart", other, "Hart Logistics");
    life.run("2025-03-04T02:00:00Z", &["nightly"]);
    life.run("2025-03-04T12:00:00Z", &["hourly"]).exits(3);
    assert_eq!(life.sent().len(), 1, "nothing of this sender leaves");
    life.ok("2025-03-05T09:00:00Z", &["resume", "--sender", FROM]);
    life.ok("2025-03-05T09:30:00Z", &["schedule"]);
    life.ok("2025-03-05T12:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "hook"], "it had not arrived");
    assert_eq!(life.steps_to(other), ["hook"]);
}
