//! No follow-up leaves unless the inbox was read a short while ago.

use super::*;

const NORA: &str = "nora@lindfreight.example";

/// A life in which the Hook has left and the Proof is due.
fn with_a_proof_due(life: &Life) {
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
}

#[test]
fn while_the_inbox_is_out_of_reach_hooks_go_and_follow_ups_wait() {
    let Some(life) = Life::whole(&STARTTLS_AND_LOGIN) else {
        return;
    };
    with_a_proof_due(&life);
    let new = "owen@hartlogistics.example";
    life.lead("Owen Hart", new, "Hart Logistics");
    life.wire.as_ref().unwrap().cut();
    let nightly = life.run("2025-03-06T02:00:00Z", &["nightly"]).exits(75);
    nightly.complains("127.0.0.1");
    let hourly = life.run(PROOF, &["hourly", "--json"]).exits(75).json();
    let outcomes = [0, 1, 2].map(|n| hourly["stages"][n]["outcome"].clone());
    assert_eq!(outcomes, ["again", "ok", "ok"], "{hourly}");
    let counts = &hourly["stages"][1]["counts"];
    assert_eq!(
        (&counts["held"], &counts["accepted"]),
        (&1.into(), &1.into()),
        "{hourly}"
    );
    assert_eq!(
        (life.steps_to(NORA), life.steps_to(new)),
        (vec!["hook".into()], vec!["hook".into()])
    );
    // An answer came in that nobody could read; the first scan that works finds it in time.
    life.wire.as_ref().unwrap().mend();
    let date = "Wed, 5 Mar 2025 09:00:00 +0000";
    life.receive(&reply(
        &life.mail(NORA, "hook"),
        NORA,
        date,
        "Yes, please call me.",
    ));
    life.ok("2025-03-06T13:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    assert_eq!(life.world.campaign_state(NORA), "responded");
}

#[test]
fn a_scan_that_failed_just_now_outweighs_one_that_succeeded_an_hour_ago() {
    let Some(life) = Life::whole(&STARTTLS_AND_LOGIN) else {
        return;
    };
    with_a_proof_due(&life);
    life.ok("2025-03-06T08:59:00Z", &["hourly"]);
    let wire = life.wire.as_ref().unwrap();
    wire.cut();
    life.run("2025-03-06T10:00:00Z", &["hourly"]).exits(75);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    wire.mend();
    life.ok("2025-03-06T11:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "proof"]);
}

#[test]
fn a_follow_up_waits_when_the_last_scan_is_older_than_allowed_and_goes_after_a_new_one() {
    let life = Life::plain();
    with_a_proof_due(&life);
    let held = |now: &str| {
        let send = life.ok(now, &["send", "--json"]).json();
        send["counts"]["held"].as_u64()
    };
    assert_eq!(held(PROOF), Some(1), "the last scan was three days ago");
    life.ok("2025-03-06T09:59:00Z", &["scan"]);
    assert_eq!(held(PROOF), Some(1), "121 minutes ago");
    life.ok("2025-03-06T10:00:00Z", &["scan"]);
    assert_eq!(held(PROOF), Some(0), "120 minutes ago");
    assert_eq!(life.steps_to(NORA), ["hook", "proof"]);
}

#[test]
fn a_shorter_scan_age_is_kept_to() {
    let mut life = Life::plain();
    life.world.set_env("SCAN_MAX_AGE_MINUTES", "15");
    with_a_proof_due(&life);
    life.ok("2025-03-06T11:44:00Z", &["scan"]);
    life.ok(PROOF, &["send"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    life.ok(PROOF, &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "proof"]);
}

#[test]
fn without_any_mailbox_follow_ups_are_a_fault_of_the_configuration_unless_allowed() {
    let mut life = Life::without_mailbox();
    with_a_proof_due(&life);
    for command in ["send", "hourly"] {
        let outcome = life.run(PROOF, &[command]).exits(78);
        let outcome = outcome.complains("error: IMAP_SERVER: expected a mailbox");
        outcome.complains("ALLOW_BLIND_FOLLOW_UPS=true");
    }
    assert_eq!(life.steps_to(NORA), ["hook"]);
    assert_eq!(life.world.state(NORA, "proof"), "scheduled");
    life.world.set_env("ALLOW_BLIND_FOLLOW_UPS", "true");
    life.ok(PROOF, &["hourly"]);
    life.ok(FOMO, &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "proof", "fomo"]);
}
