//! What people do in the base while we work: they win, and nothing they said is lost.

use super::*;

/// Lets a person edit a cell while the program's next call of a kind is answered, once.
fn meanwhile(office: &Office, during: Call, id: &str, column: &'static str, value: Json) {
    let (id, mut value) = (id.to_string(), Some(value));
    office.airtable.on_call(Box::new(move |person, call| {
        if call == during
            && let Some(value) = value.take()
        {
            person.set(&id, column, value);
        }
    }));
}

#[test]
fn skipped_between_pull_and_push_stays_and_stops_the_campaign() {
    let (office, id) = Office::with_campaign(false);
    office.ok(20, &["pull"]);
    office.ok(30, &["send"]);
    office
        .airtable
        .set(&id, "Engagement_Status", json!("Skipped"));
    office.ok(40, &["push"]);
    office.shows(
        &id,
        &[
            ("Engagement_Status", "Skipped"),
            ("Current_Message_Number", "1"),
        ],
    );
    assert!(office.has_logged(
        "kept",
        "Engagement_Status: a person's value stays: `Skipped`"
    ));
    office.ok(50, &["pull"]);
    assert_eq!(office.campaign(), "stopped: by_person");
    office.ok(60, &["push"]);
    office.shows(
        &id,
        &[
            ("Engagement_Status", "Skipped"),
            ("Campaign_Status", "Stopped"),
        ],
    );
    office.ok(8 * 24 * 60, &["send"]);
    assert_eq!(office.world.maildir_files().len(), 1);
}

#[test]
fn skipped_after_a_page_was_read_is_read_the_next_time() {
    let (office, id) = Office::with_campaign(false);
    office.airtable.set(&id, "City", json!("Berlin"));
    meanwhile(
        &office,
        Call::List,
        &id,
        "Engagement_Status",
        json!("Skipped"),
    );
    office.ok(20, &["pull"]);
    assert_eq!(office.campaign(), "active");
    office.airtable.on_no_call();
    office.ok(30, &["pull"]);
    assert_eq!(office.campaign(), "stopped: by_person");
}

#[test]
fn replied_ticked_by_hand_ends_the_campaign() {
    let (office, id) = Office::with_campaign(false);
    office.ok(20, &["send"]);
    office.airtable.set(&id, "Replied", json!(true));
    office.ok(30, &["pull"]);
    office.ok(40, &["push"]);
    office.shows(
        &id,
        &[("Campaign_Status", "Responded"), ("Replied", "true")],
    );
    office.ok(8 * 24 * 60, &["send"]);
    assert_eq!(office.world.maildir_files().len(), 1);
}

#[test]
fn a_corrected_address_is_the_one_that_is_written_to() {
    let (office, id) = Office::with_campaign(false);
    office
        .airtable
        .set(&id, "Email", json!("right@firm0.example"));
    office.ok(20, &["pull"]);
    office.ok(30, &["send"]);
    let mails = office.world.maildir_files();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].header("To").contains("right@firm0.example"),
        "{}",
        mails[0].header("To")
    );
    office.ok(40, &["push"]);
    office.shows(&id, &[("Email", "right@firm0.example")]);
}

#[test]
fn auto_send_set_again_after_our_sent_stays() {
    let (office, id) = Office::with_campaign(false);
    office.ok(20, &["send"]);
    office.ok(30, &["push"]);
    office.shows(&id, &[("Engagement_Status", "Sent")]);
    office
        .airtable
        .set(&id, "Engagement_Status", json!("Auto-Send"));
    office.ok(40, &["pull"]);
    office.ok(4 * 24 * 60, &["send"]);
    office.ok(4 * 24 * 60 + 10, &["push"]);
    office.shows(
        &id,
        &[
            ("Engagement_Status", "Auto-Send"),
            ("Current_Message_Number", "2"),
        ],
    );
}

#[test]
fn a_draft_edited_in_review_is_what_is_sent() {
    let (office, id) = Office::with_campaign(true);
    office.shows(&id, &[("Campaign_Status", "Needs Review")]);
    let subject = "A question about your cold stores";
    office
        .airtable
        .set(&id, "Hook_Message_Subject", json!(subject));
    office.ok(20, &["pull"]);
    assert_eq!(
        office.row("SELECT subject FROM messages WHERE step = 'hook'"),
        subject
    );
    office.ok(30, &["push"]);
    office
        .airtable
        .set(&id, "Campaign_Command", json!("Approve"));
    for stage in ["pull", "schedule", "send", "push"] {
        office.ok(40, &[stage]);
    }
    assert_eq!(office.world.maildir_files()[0].header("Subject"), subject);
    office.shows(
        &id,
        &[
            ("Hook_Message_Subject", subject),
            ("Campaign_Command", ""),
            ("Engagement_Status", "Sent"),
        ],
    );
}

#[test]
fn a_draft_edited_between_our_read_and_our_write_is_not_written_over() {
    let (office, id) = Office::with_campaign(true);
    // We have other texts to write, because a person asked for them.
    office
        .airtable
        .set(&id, "Campaign_Command", json!("Regenerate"));
    office.ok(20, &["pull"]);
    office.ok(20, &["generate"]);
    let subject = "Mine, and nobody else's";
    office
        .airtable
        .set(&id, "Proof_Message_Subject", json!(subject));
    let body = office.cell(&id, "Hook_Message_Body");
    office.ok(30, &["push"]);
    office.shows(
        &id,
        &[("Proof_Message_Subject", subject), ("Campaign_Command", "")],
    );
    assert_ne!(
        office.cell(&id, "Hook_Message_Body"),
        body,
        "the others are new"
    );
    assert!(office.has_logged("kept", "Proof_Message_Subject: a person's value stays"));
    office.ok(40, &["pull"]);
    assert_eq!(
        office.row("SELECT subject FROM messages WHERE step = 'proof'"),
        subject
    );
    office.ok(50, &["push"]);
    office.shows(&id, &[("Proof_Message_Subject", subject)]);
    assert_eq!(office.calls_of(60, &["push"]), 0);
}

#[test]
fn a_command_given_between_our_read_and_our_write_is_carried_out() {
    for (first, second, end) in [("Pause", "Resume", "active"), ("Pause", "Stop", "stopped")] {
        let (office, id) = Office::with_campaign(false);
        office.airtable.set(&id, "Campaign_Command", json!(first));
        office.ok(20, &["pull"]);
        office.airtable.set(&id, "Campaign_Command", json!(second));
        office.ok(30, &["push"]);
        office.shows(
            &id,
            &[("Campaign_Command", second), ("Campaign_Status", "Paused")],
        );
        office.ok(40, &["pull"]);
        office.ok(50, &["push"]);
        office.shows(&id, &[("Campaign_Command", "")]);
        assert!(office.campaign().starts_with(end), "{}", office.campaign());
    }
}

#[test]
fn a_command_given_just_after_its_cell_was_cleared_is_carried_out() {
    let (office, id) = Office::with_campaign(false);
    office.airtable.set(&id, "Campaign_Command", json!("Pause"));
    office.ok(20, &["pull"]);
    meanwhile(
        &office,
        Call::Update,
        &id,
        "Campaign_Command",
        json!("Resume"),
    );
    office.ok(30, &["push"]);
    office.airtable.on_no_call();
    office.ok(40, &["pull"]);
    assert_eq!(office.campaign(), "active");
    office.ok(50, &["push"]);
    office.shows(
        &id,
        &[("Campaign_Command", ""), ("Campaign_Status", "Active")],
    );
}

#[test]
fn peoples_own_columns_are_never_written() {
    let (office, id) = Office::with_campaign(false);
    office.ok(20, &["send"]);
    meanwhile(
        &office,
        Call::List,
        &id,
        "Response Notes",
        json!("called, nobody there"),
    );
    office.airtable.set(&id, "Lead Quality", json!("Hot"));
    office
        .airtable
        .set(&id, "Email_Confidence_Level", json!("Pattern"));
    office.ok(30, &["push"]);
    office.ok(40, &["pull"]);
    office.ok(50, &["push"]);
    office.shows(
        &id,
        &[
            ("Response Notes", "called, nobody there"),
            ("Lead Quality", "Hot"),
            ("Email_Confidence_Level", "Pattern"),
            ("Full Name", "Ada Abbott"),
        ],
    );
    let people = [
        "Response Notes",
        "Lead Quality",
        "Full Name",
        "Email",
        "Replied",
        "Company",
    ];
    for update in office
        .airtable
        .take_updates()
        .iter()
        .flat_map(|u| u.as_array().unwrap())
    {
        let cells = update["fields"].as_object().unwrap();
        assert!(
            people.iter().all(|column| !cells.contains_key(*column)),
            "{update}"
        );
    }
}

#[test]
fn a_status_that_a_person_empties_says_skipped_again_where_the_campaign_was_stopped() {
    let (office, id) = Office::with_campaign(false);
    office
        .airtable
        .set(&id, "Engagement_Status", json!("Skipped"));
    office.ok(20, &["pull"]);
    office.ok(30, &["push"]);
    assert_eq!(office.campaign(), "stopped: by_person");
    office.airtable.set(&id, "Engagement_Status", Json::Null);
    office.ok(40, &["pull"]);
    office.ok(50, &["push"]);
    office.shows(&id, &[("Engagement_Status", "Skipped")]);
    // Ours now: whoever sets it back after us keeps it.
    office
        .airtable
        .set(&id, "Engagement_Status", json!("Auto-Send"));
    office.ok(60, &["pull"]);
    assert_eq!(office.calls_of(70, &["push"]), 0);
    office.shows(&id, &[("Engagement_Status", "Auto-Send")]);
}
