//! Columns that people rename, delete, retype and restore, and options that are not there.

use super::*;

#[test]
fn a_renamed_column_keeps_working_and_is_reported_once() {
    let (office, id) = Office::with_campaign(false);
    for (old, new) in [
        ("Campaign_Status", "Stand"),
        ("Engagement_Status", "Kontakt"),
    ] {
        office.airtable.rename_column(old, new);
    }
    office.ok(20, &["send"]);
    office.ok(30, &["push"]);
    office.shows(&id, &[("Kontakt", "Sent"), ("Stand", "Active")]);
    office.airtable.set(&id, "Kontakt", json!("Skipped"));
    let said = "column `Campaign_Status` is now called `Stand`; it keeps working";
    let pull = office.ok(120, &["pull"]).complains(said).stderr;
    assert_eq!(pull.matches("is now called").count(), 2, "{pull}");
    assert_eq!(office.campaign(), "stopped: by_person");
    office.airtable.set(&id, "Kontakt", json!("Sent"));
    let pull = office.ok(240, &["pull"]).stderr;
    assert!(!pull.contains("is now called"), "{pull}");
}

#[test]
fn a_deleted_optional_column_is_named_and_skipped_and_shown_again_once_it_is_back() {
    let (office, ids) = Office::with_leads(12);
    office.begin(0);
    office.ok(10, &["push"]);
    office.airtable.drop_column("Next_Message_Date");
    office.ok(20, &["send"]);
    let gone = "column `Next_Message_Date` is no longer there";
    let pushed = office.ok(30, &["push"]).complains(gone);
    let said = pushed.stderr.matches("Next_Message_Date is not shown");
    assert_eq!(said.count(), 1, "{}", pushed.stderr);
    for id in &ids {
        office.shows(
            id,
            &[
                ("Engagement_Status", "Sent"),
                ("Current_Message_Number", "1"),
            ],
        );
    }
    let next = office.airtable.records();
    assert!(
        next.values()
            .all(|cells| !cells.contains_key("Next_Message_Date"))
    );
    assert_eq!(office.calls_of(40, &["push"]), 0);
    office.airtable.restore_column("Next_Message_Date");
    let pull = office.ok(50, &["pull", "--full"]).stderr;
    assert!(!pull.contains(gone), "{pull}");
    assert_eq!(office.calls_of(60, &["push"]), 2);
    for id in &ids {
        office.shows(id, &[("Next_Message_Date", "2026-03-05T00:00:00.000Z")]);
    }
    assert_eq!(office.calls_of(70, &["push"]), 0);
}

#[test]
fn a_column_that_is_gone_is_said_when_the_columns_are_read_again() {
    let (office, _) = Office::with_campaign(false);
    office.airtable.drop_column("Campaign_Notes");
    let gone = "column `Campaign_Notes` is no longer there; `outreach init --create-fields`";
    office.ok(20, &["pull", "--full"]).complains(gone);
    let pull = office.ok(30, &["pull", "--full"]).stderr;
    assert!(!pull.contains("no longer there"), "said once: {pull}");
}

/// Without a vital column nothing is written or sent until it is back and was read again.
#[track_caller]
fn check_vital(column: &str) {
    let (office, id) = Office::with_campaign(false);
    office.ok(20, &["send"]);
    office.airtable.drop_column(column);
    office.airtable.take_updates();
    for (minute, stage) in [(30, "push"), (40, "pull"), (4 * 24 * 60, "send")] {
        office.run(minute, &[stage]).exits(78).complains(column);
    }
    assert!(office.airtable.take_updates().is_empty(), "{column}");
    office.airtable.restore_column(column);
    office.airtable.set(&id, "Campaign_Command", json!("Pause"));
    // Once it is mended, what people said meanwhile is read before anything leaves.
    let mended = 4 * 24 * 60 + 10;
    office.ok(mended, &["send"]);
    assert_eq!(office.campaign(), "paused");
    office.ok(mended + 10, &["pull"]);
    office.ok(mended + 20, &["send"]);
    office.ok(mended + 30, &["push"]);
    office.shows(
        &id,
        &[("Campaign_Status", "Paused"), ("Engagement_Status", "Sent")],
    );
    assert_eq!(office.world.maildir_files().len(), 1, "{column}");
}

#[test]
fn without_a_required_column_nothing_is_written_or_sent() {
    check_vital("Email");
    check_vital("Email_Confidence_Level");
}

#[test]
fn without_a_column_that_says_stop_nothing_is_written_or_sent() {
    check_vital("Replied");
    check_vital("Engagement_Status");
}

#[test]
fn without_the_column_that_says_where_a_campaign_stands_nothing_is_written_or_sent() {
    check_vital("Campaign_Status");
}

#[test]
fn a_push_that_meets_the_missing_column_first_writes_nothing_either() {
    let (office, _) = Office::with_campaign(false);
    office.ok(20, &["send"]);
    office.airtable.drop_column("Campaign_Status");
    office.airtable.take_updates();
    office
        .run(30, &["push"])
        .exits(78)
        .complains("Campaign_Status");
    assert!(office.airtable.take_updates().is_empty());
    office
        .run(40, &["send"])
        .exits(78)
        .complains("Campaign_Status");
    office.airtable.restore_column("Campaign_Status");
    office.ok(50, &["pull"]);
    office.ok(60, &["push"]);
    office.ok(70, &["send"]);
}

#[test]
fn a_column_of_another_type_is_left_out_and_named_and_filled_when_it_is_changed_back() {
    let (office, id) = Office::with_campaign(false);
    office
        .airtable
        .set_kind("Current_Message_Number", "checkbox");
    office.ok(20, &["send"]);
    let retyped = "column `Current_Message_Number` was of type number and is now of type checkbox";
    office.ok(30, &["push"]).complains(retyped);
    office.shows(&id, &[("Engagement_Status", "Sent")]);
    office.ok(120, &["pull", "--full"]);
    assert_eq!(office.calls_of(130, &["push"]), 0);
    office.airtable.set_kind("Current_Message_Number", "number");
    let back = "was of type checkbox and is now of type number";
    office.ok(140, &["pull", "--full"]).complains(back);
    office.ok(150, &["push"]);
    office.shows(&id, &[("Current_Message_Number", "1")]);
}

#[test]
fn a_status_column_of_another_type_stops_everything() {
    let (office, id) = Office::with_campaign(false);
    office.airtable.set_kind("Campaign_Status", "number");
    office
        .run(20, &["pull", "--full"])
        .exits(78)
        .complains("change its type back");
    office.run(30, &["send"]).exits(78);
    office.airtable.set_kind("Campaign_Status", "singleSelect");
    office.ok(40, &["pull"]);
    office.ok(50, &["send"]);
    office.ok(60, &["push"]);
    office.shows(&id, &[("Engagement_Status", "Sent")]);
}

#[test]
fn an_option_is_made_once_in_a_select_of_ours_and_never_in_one_of_peoples() {
    let (office, ids) = Office::with_leads(25);
    office.airtable.drop_option("Campaign_Status", "Active");
    office.begin(0);
    let made = "option `Active` was added to `Campaign_Status`";
    let pushed = office.ok(10, &["push"]).complains(made);
    assert_eq!(pushed.stderr.matches("was added").count(), 1);
    let options = office.airtable.options("Campaign_Status");
    assert_eq!(
        options.iter().filter(|option| *option == "Active").count(),
        1
    );
    for id in &ids {
        office.shows(id, &[("Campaign_Status", "Active")]);
    }
    office.airtable.drop_option("Engagement_Status", "Sent");
    office.ok(20, &["send"]);
    office.ok(30, &["push"]).complains("Engagement_Status");
    let options = office.airtable.options("Engagement_Status");
    assert!(!options.contains(&"Sent".to_string()), "{options:?}");
    office.shows(
        &ids[7],
        &[
            ("Engagement_Status", "Auto-Send"),
            ("Current_Message_Number", "1"),
        ],
    );
}

#[test]
fn a_column_made_anew_is_filled_for_every_lead() {
    let (mut office, ids) = Office::with_leads(12);
    office.begin(0);
    office.ok(10, &["push"]);
    // Another column under another name takes the place of the deleted one.
    office.airtable.drop_column("Message_Preview");
    office.airtable.rename_column("AI Message", "Preview");
    office.ok(20, &["pull", "--full"]);
    office
        .world
        .set_env("AIRTABLE_FIELD_MESSAGE_PREVIEW", "Preview");
    office.ok(30, &["pull", "--full"]);
    assert_eq!(office.calls_of(40, &["push"]), 2);
    for id in &ids {
        assert!(office.cell(id, "Preview").starts_with("Hi "), "{id}");
    }
    assert_eq!(office.calls_of(50, &["push"]), 0);
}

#[test]
fn a_column_that_was_gone_when_an_answer_was_lost_is_filled_once_it_is_back() {
    let (office, id) = Office::with_campaign(false);
    office.airtable.drop_column("Next_Message_Date");
    office.ok(20, &["pull", "--full"]);
    office.ok(30, &["send"]);
    office.airtable.fail(Call::Update, 1, Fault::HangUpAfter);
    office.airtable.let_pass(Call::List, 1);
    is_down(&office, Call::List);
    office.run(40, &["push"]).exits(75);
    office.ok(50, &["push"]);
    office.shows(&id, &[("Engagement_Status", "Sent")]);
    office.airtable.restore_column("Next_Message_Date");
    office.ok(60, &["pull", "--full"]);
    office.ok(70, &["push"]);
    let proof = "2026-03-05T00:00:00.000Z";
    office.shows(&id, &[("Next_Message_Date", proof)]);
}
