//! Records that are deleted, restored, or missing by the dozen.

use super::*;

#[test]
fn a_deleted_record_ends_its_campaign_at_the_next_full_read() {
    let (office, ids) = Office::with_leads(20);
    office.begin(0);
    office.ok(10, &["push"]);
    office.airtable.delete(&ids[3]);
    // Airtable reports no deletion.
    assert_eq!(office.calls_of(20, &["pull"]), 1);
    let stopped = "SELECT l.record_id, c.stop_reason FROM campaigns c
                   JOIN leads l ON l.id = c.lead_id WHERE c.state = 'stopped'";
    assert!(office.world.sql(stopped).is_empty());
    let report = office.ok(30, &["pull", "--full", "--json"]).json();
    assert_eq!(report["counts"]["removed"], 1);
    assert_eq!(
        office.world.sql(stopped),
        [[ids[3].as_str(), "lead_removed"]]
    );
    assert_eq!(
        office.calls_of(40, &["push"]),
        0,
        "there is nothing to show it in"
    );
    office.ok(50, &["send"]);
    assert_eq!(office.world.maildir_files().len(), 19);
    // A record that comes back is a lead again, of a campaign that has ended.
    office.airtable.undelete(&ids[3]);
    office.ok(60, &["pull", "--full"]);
    office.ok(70, &["push"]);
    office.shows(
        &ids[3],
        &[("Campaign_Status", "Stopped"), ("Next_Message_Date", "")],
    );
    let note = office.cell(&ids[3], "Campaign_Notes");
    assert!(
        note.starts_with("stopped: the lead was taken off the list"),
        "{note}"
    );
}

#[test]
fn a_record_that_comes_back_without_a_campaign_gets_one() {
    let (office, ids) = Office::with_leads(2);
    office.ok(0, &["pull"]);
    office.airtable.delete(&ids[0]);
    office.ok(10, &["pull", "--full"]);
    let verdict = "SELECT verdict, reject_reason FROM leads ORDER BY id";
    let n_gone = |rows: Vec<Vec<String>>| rows.iter().filter(|row| row[1] == "removed").count();
    assert_eq!(n_gone(office.world.sql(verdict)), 1);
    office.ok(20, &["generate"]);
    assert_eq!(office.row("SELECT count(*) FROM campaigns"), "1");
    office.airtable.undelete(&ids[0]);
    office.ok(30, &["pull", "--full"]);
    office.ok(40, &["generate"]);
    assert_eq!(office.row("SELECT count(*) FROM campaigns"), "2");
}

#[test]
fn a_deleted_record_ends_its_campaign_at_a_push_and_costs_nothing_afterwards() {
    // With cells of ours only, and with one that people share.
    for is_sent in [false, true] {
        let (office, ids) = Office::with_leads(12);
        office.begin(0);
        if is_sent {
            office.ok(5, &["push"]);
            office.ok(10, &["send"]);
        }
        office.airtable.delete(&ids[5]);
        let report = office.ok(20, &["push", "--json"]).json();
        assert_eq!(
            (&report["counts"]["updated"], &report["counts"]["gone"]),
            (&json!(11), &json!(1))
        );
        let query = "SELECT stop_reason FROM campaigns WHERE state = 'stopped'";
        assert_eq!(office.world.sql(query), [["lead_removed"]]);
        assert_eq!(office.calls_of(30, &["push"]), 0, "sent: {is_sent}");
        assert_eq!(office.calls_of(40, &["push"]), 0, "sent: {is_sent}");
        assert_eq!(
            office.row("SELECT count(*) FROM events WHERE kind = 'removed'"),
            "1"
        );
    }
}

#[test]
fn a_record_deleted_after_its_answer_was_lost_is_shown_the_truth_when_it_comes_back() {
    let (office, id) = Office::with_campaign(false);
    office.ok(20, &["send"]);
    office.airtable.fail(Call::Update, 1, Fault::HangUpAfter);
    office.airtable.let_pass(Call::List, 1);
    is_down(&office, Call::List);
    office.run(30, &["push"]).exits(75);
    office.airtable.delete(&id);
    office.ok(40, &["push"]);
    assert_eq!(office.campaign(), "stopped: lead_removed");
    assert_eq!(office.calls_of(50, &["push"]), 0);
    office.airtable.undelete(&id);
    office.ok(60, &["pull", "--full"]);
    office.ok(70, &["push"]);
    office.shows(
        &id,
        &[("Campaign_Status", "Stopped"), ("Next_Message_Date", "")],
    );
    assert_eq!(office.calls_of(80, &["push"]), 0);
}

#[test]
fn when_a_large_part_of_the_table_is_missing_a_person_must_say_that_it_is_meant() {
    let (office, ids) = Office::with_leads(50);
    office.begin(0);
    office.ok(10, &["push"]);
    for id in &ids[..15] {
        office.airtable.delete(id);
    }
    let n_stopped = || office.row("SELECT count(*) FROM campaigns WHERE state = 'stopped'");
    let why = "15 of 50 known records are no longer in the table";
    office.run(20, &["pull", "--full"]).exits(3).complains(why);
    assert_eq!(n_stopped(), "0");
    office.run(30, &["send"]).exits(78).complains(why);
    assert!(office.world.maildir_files().is_empty());
    // A pull of what changed says nothing about it.
    office.ok(40, &["pull"]);
    office
        .run(50, &["send"])
        .exits(78)
        .complains("--accept-removed");
    // Restored, all is as before.
    for id in &ids[..15] {
        office.airtable.undelete(id);
    }
    office.ok(60, &["pull", "--full"]);
    office.ok(70, &["send", "--limit", "5"]);
    assert_eq!(
        (n_stopped(), office.world.maildir_files().len()),
        ("0".to_string(), 5)
    );
    // Deleted again, and meant.
    for id in &ids[..15] {
        office.airtable.delete(id);
    }
    office.run(80, &["pull", "--full"]).exits(3);
    office.ok(90, &["pull", "--full", "--accept-removed"]);
    assert_eq!(n_stopped(), "15");
    office.ok(100, &["send"]);
    let gone_before = office.row(
        "SELECT count(*) FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         WHERE c.state = 'stopped' AND m.state = 'sent'",
    );
    let n_mails = 35 + gone_before.parse::<usize>().unwrap();
    assert_eq!(office.world.maildir_files().len(), n_mails);
}
