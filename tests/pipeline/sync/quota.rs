//! The month's calls: used up, and running short.

use super::*;

const HOUR: i64 = 60;

#[test]
fn a_used_up_quota_stops_at_once_and_is_asked_about_once_a_day() {
    let (office, id) = Office::with_campaign(false);
    office.airtable.set_quota(0);
    let n_before = office.airtable.calls();
    let used_up = "monthly API calls are used up";
    // The mails go on.
    office
        .ok(20, &["send"])
        .complains(used_up)
        .complains("until 3 Mar 04:20 UTC");
    assert_eq!(office.world.maildir_files().len(), 1);
    assert_eq!(office.airtable.calls() - n_before, 1, "asked once");
    // Nothing is asked until then, by no stage.
    for minute in [40, 5 * HOUR, 20 * HOUR] {
        for stage in ["pull", "push"] {
            office.run(minute, &[stage]).exits(75).complains(used_up);
        }
    }
    assert_eq!(office.airtable.calls() - n_before, 1);
    office.ok(50, &["send"]);
    // One probe a day.
    for day in 1..4 {
        for minute in [day * 24 * HOUR, day * 24 * HOUR + HOUR] {
            office.run(minute, &["push"]).exits(75);
            office.run(minute, &["pull"]).exits(75);
        }
        assert_eq!(office.airtable.calls() - n_before, 1 + day as u64);
    }
    // The plan was raised.
    office.airtable.lift_quota();
    office.ok(4 * 24 * HOUR, &["push"]);
    office.shows(&id, &[("Engagement_Status", "Sent")]);
    office.ok(4 * 24 * HOUR + 1, &["pull"]);
}

#[test]
fn in_a_new_month_it_goes_on_without_waiting_a_day() {
    let (office, _) = Office::with_campaign(false);
    office.airtable.set_quota(0);
    let last_evening = 29 * 24 * HOUR + 15 * HOUR;
    office.run(last_evening, &["pull"]).exits(75);
    office.airtable.lift_quota();
    office.run(last_evening + 30, &["pull"]).exits(75);
    office.ok(last_evening + 70, &["pull"]);
}

/// The ledger's own count of calls, as if so many had been made on the first of the month.
fn used_before(office: &Office, n_calls: u32) {
    let ledger = rusqlite::Connection::open(office.world.path("campaigns.db")).unwrap();
    let sql = "INSERT INTO airtable_calls (day, calls) VALUES ('2026-03-01', ?1)";
    ledger.execute(sql, [n_calls]).unwrap();
}

#[test]
fn near_the_end_of_the_month_the_least_valuable_writes_wait_and_it_is_said() {
    let (mut office, id) = Office::with_campaign(false);
    office.world.set_env("AIRTABLE_MONTHLY_CALLS", "1000");
    used_before(&office, 950);
    // A new date for a mail that waits: a detail. The answer to a command is none.
    let ledger = rusqlite::Connection::open(office.world.path("campaigns.db")).unwrap();
    let later = "UPDATE messages SET due_at = due_at + 86400 WHERE state = 'scheduled'";
    ledger.execute(later, []).unwrap();
    let report = office.ok(20, &["push", "--json"]);
    let waits = "calls to Airtable run short: counts, previews, notes and dates";
    let report = report.complains(waits).json();
    assert_eq!(report["counts"]["waits_for_calls"], 1);
    assert_eq!(report["counts"]["calls"], 0);
    let status = office.ok(20, &["status"]).stdout;
    assert!(status.contains(" of 1000 calls this month"), "{status}");
    office.airtable.set(&id, "Campaign_Command", json!("Pause"));
    office.ok(30, &["pull"]);
    assert_eq!(office.calls_of(40, &["push"]), 2);
    office.shows(
        &id,
        &[("Campaign_Status", "Paused"), ("Campaign_Command", "")],
    );
}

#[test]
fn a_month_that_is_used_up_by_our_own_count_asks_nothing() {
    let (mut office, _) = Office::with_campaign(false);
    office.world.set_env("AIRTABLE_MONTHLY_CALLS", "100");
    used_before(&office, 100);
    let n_before = office.airtable.calls();
    for stage in ["pull", "push"] {
        let all = "AIRTABLE_MONTHLY_CALLS: all 100 calls of this month are used";
        office
            .run(20, &[stage])
            .exits(75)
            .complains(all)
            .complains("until 1 Apr 2026");
    }
    assert_eq!(office.airtable.calls(), n_before);
    office.ok(30, &["send"]);
}
