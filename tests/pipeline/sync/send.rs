//! What people said since the last pull counts before the next mail leaves.

use super::*;

/// A campaign whose Hook is due; then a person does something nobody pulls.
#[track_caller]
fn after(what: impl FnOnce(&Office, &str)) -> (Office, String) {
    let (office, id) = Office::with_campaign(false);
    office.airtable.set_now(instant(19));
    what(&office, &id);
    (office, id)
}

#[track_caller]
fn sends_nothing(what: impl FnOnce(&Office, &str), campaign: &str) -> (Office, String) {
    let (office, id) = after(what);
    office.ok(20, &["send"]);
    assert_eq!(office.campaign(), campaign);
    assert!(office.world.maildir_files().is_empty());
    (office, id)
}

#[test]
fn skipped_a_minute_before_is_heard() {
    let skip = |office: &Office, id: &str| {
        let skipped = json!("Skipped");
        office.airtable.set(id, "Engagement_Status", skipped);
    };
    sends_nothing(skip, "stopped: by_person");
}

#[test]
fn an_answer_ticked_by_hand_a_minute_before_is_heard() {
    let tick = |office: &Office, id: &str| office.airtable.set(id, "Replied", json!(true));
    sends_nothing(tick, "responded");
}

#[test]
fn a_command_given_a_minute_before_is_carried_out_and_answered() {
    let pause = |office: &Office, id: &str| {
        office.airtable.set(id, "Campaign_Command", json!("Pause"));
    };
    let (office, id) = sends_nothing(pause, "paused");
    office.ok(30, &["push"]);
    office.shows(
        &id,
        &[("Campaign_Command", ""), ("Campaign_Status", "Paused")],
    );
    assert!(
        office
            .cell(&id, "Campaign_Notes")
            .contains("Campaign_Command Pause")
    );
}

#[test]
fn a_record_deleted_a_minute_before_gets_no_mail() {
    sends_nothing(
        |office, id| office.airtable.delete(id),
        "stopped: lead_removed",
    );
}

#[test]
fn a_base_that_cannot_be_asked_holds_nothing_up() {
    let (office, _) = after(|office, _| is_down(office, Call::List));
    let outcome = office.ok(20, &["send"]);
    let said = "the leads that are due stand as they were last pulled";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    assert_eq!(office.world.maildir_files().len(), 1);
}

#[test]
fn a_vital_column_that_is_gone_holds_the_mails() {
    let (office, _) = after(|office, _| office.airtable.drop_column("Replied"));
    office.run(20, &["send"]).exits(78);
    assert!(office.world.maildir_files().is_empty());
    office.airtable.restore_column("Replied");
    office.ok(30, &["send"]);
    assert_eq!(office.world.maildir_files().len(), 1);
}

#[test]
fn when_many_records_are_gone_at_once_a_person_is_asked_before_more_campaigns_end() {
    let (office, ids) = Office::with_leads(50);
    office.begin(0);
    for id in &ids {
        office.airtable.delete(id);
    }
    office
        .run(20, &["send"])
        .exits(78)
        .complains("outreach pull --full");
    assert!(office.world.maildir_files().is_empty());
    let ended = office.row("SELECT count(*) FROM campaigns WHERE state = 'stopped'");
    assert_eq!(ended, "10");
    for id in &ids {
        office.airtable.undelete(id);
    }
    office.ok(30, &["pull", "--full"]);
    office.ok(40, &["send"]);
    assert_eq!(office.world.maildir_files().len(), 40);
}

#[test]
fn a_table_that_was_never_read_is_no_reason_to_end_anything() {
    let (mut office, _) = Office::with_campaign(false);
    // The same table by its id: known under another name, so it must be read first.
    let table = office.airtable.table_id();
    office.world.set_env("AIRTABLE_TABLE_NAME", &table);
    let read_first = "run `outreach pull` first";
    office.run(20, &["send"]).exits(78).complains(read_first);
    assert_eq!(office.campaign(), "active");
    // What is to be shown waits as well; with nothing to show there is nothing to say.
    assert_eq!(office.calls_of(20, &["push"]), 0);
    let campaign = office.row("SELECT campaign_id FROM campaigns");
    office.ok(21, &["campaign", "pause", &campaign]);
    office.run(22, &["push"]).exits(78).complains(read_first);
    office.ok(23, &["campaign", "resume", &campaign]);
    office.ok(24, &["schedule"]);
    office.ok(30, &["pull"]);
    office.ok(40, &["send"]);
    assert_eq!(office.world.maildir_files().len(), 1);
}

#[test]
fn asking_costs_a_call_for_a_hundred_leads_and_nothing_when_nobody_is_due() {
    let (office, _) = Office::with_leads(230);
    office.begin(0);
    assert_eq!(office.calls_of(-1, &["send"]), 0);
    assert_eq!(office.calls_of(20, &["send"]), 3);
    assert_eq!(office.world.maildir_files().len(), 230);
    assert_eq!(office.calls_of(21, &["send"]), 0);
    assert_eq!(office.calls_of(22, &["send", "--dry-run"]), 0);
}
