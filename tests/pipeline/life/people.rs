//! A person's edit in the base wins over whatever the program had in mind.

use serde_json::json;

use super::*;

const NORA: &str = "nora@lindfreight.example";

/// A life in which the Hook has left; the record.
fn after_the_hook(life: &Life) -> String {
    let record = life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    record
}

/// A person edits the record at an hour of the first day.
fn edit(life: &Life, hour: &str, record: &str, column: &str, value: Json) {
    let at = format!("2025-03-03T{hour}:00Z");
    life.airtable.set_now(at.parse().unwrap());
    life.airtable.set(record, column, value);
}

/// The rest of the days.
fn days_go_by(life: &Life) {
    life.ok("2025-03-04T02:00:00Z", &["nightly"]);
    life.ok(PROOF, &["hourly"]);
    life.ok("2025-03-10T02:00:00Z", &["nightly"]);
    life.ok(FOMO, &["hourly"]);
}

#[test]
fn a_lead_that_a_person_skips_gets_no_further_mail() {
    let life = Life::plain();
    let record = after_the_hook(&life);
    edit(
        &life,
        "15:00",
        &record,
        "Engagement_Status",
        json!("Skipped"),
    );
    days_go_by(&life);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    life.shows(
        &record,
        &[
            ("Campaign_Status", "Stopped"),
            ("Engagement_Status", "Skipped"),
            ("Next_Message_Date", ""),
        ],
    );
    let notes = life.cell(&record, "Campaign_Notes");
    assert!(notes.contains("person"), "{notes}");
}

#[test]
fn an_edit_made_after_the_nightly_pull_is_heard_before_the_hook_leaves() {
    let life = Life::plain();
    let record = life.lead("Nora Lind", NORA, "Lind Freight");
    let other = life.lead("Owen Hart", "owen@hartlogistics.example", "Hart Logistics");
    life.ok(NIGHT, &["nightly"]);
    edit(
        &life,
        "08:00",
        &record,
        "Engagement_Status",
        json!("Skipped"),
    );
    life.ok(HOOK, &["hourly"]);
    life.shows(
        &record,
        &[
            ("Engagement_Status", "Skipped"),
            ("Current_Message_Number", "0"),
        ],
    );
    life.shows(&other, &[("Engagement_Status", "Sent")]);
    days_go_by(&life);
    assert_eq!(life.steps_to(NORA), [""; 0]);
    life.shows(
        &record,
        &[
            ("Engagement_Status", "Skipped"),
            ("Campaign_Status", "Stopped"),
        ],
    );
    life.shows(&other, &[("Campaign_Status", "Completed")]);
}

#[test]
fn a_ticked_replied_ends_the_campaign_as_answered() {
    let life = Life::plain();
    let record = after_the_hook(&life);
    edit(&life, "15:00", &record, "Replied", json!(true));
    days_go_by(&life);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    life.shows(
        &record,
        &[
            ("Campaign_Status", "Responded"),
            ("Campaign_Response_Type", "Neutral"),
            ("Campaign_Response_Date", "2025-03-04T02:00:00.000Z"),
            ("Replied", "true"),
        ],
    );
}

#[test]
fn a_corrected_address_is_used_by_the_next_mail() {
    let life = Life::plain();
    let record = after_the_hook(&life);
    let corrected = "nora.lind@lindfreight.example";
    edit(&life, "15:00", &record, "Email", json!(corrected));
    days_go_by(&life);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    assert_eq!(life.steps_to(corrected), ["proof", "fomo"]);
    assert!(header(&life.mail(corrected, "proof").raw, "To").contains(corrected));
    life.shows(
        &record,
        &[("Campaign_Status", "Completed"), ("Email", corrected)],
    );
}

#[test]
fn a_late_bounce_of_the_mistyped_address_leaves_the_corrected_one_alone() {
    let life = Life::plain();
    let record = after_the_hook(&life);
    let corrected = "nora.lind@lindfreight.example";
    edit(&life, "15:00", &record, "Email", json!(corrected));
    life.ok("2025-03-04T02:00:00Z", &["nightly"]);
    life.receive(&bounce(
        &life.mail(NORA, "hook"),
        "Tue, 4 Mar 2025 08:00:00 +0000",
    ));
    life.ok("2025-03-04T10:00:00Z", &["hourly"]);
    let suppressed = life.world.sql("SELECT value FROM suppressions");
    assert_eq!(suppressed, [[NORA]], "the address that bounced");
    life.shows(&record, &[("Campaign_Response_Type", "Bounced")]);
}

#[test]
fn a_lead_set_to_needs_review_waits_until_a_person_sets_it_back() {
    let life = Life::plain();
    let record = after_the_hook(&life);
    edit(
        &life,
        "15:00",
        &record,
        "Engagement_Status",
        json!("Needs Review"),
    );
    days_go_by(&life);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    life.shows(
        &record,
        &[
            ("Campaign_Status", "Paused"),
            ("Engagement_Status", "Needs Review"),
        ],
    );
    life.airtable
        .set(&record, "Engagement_Status", json!("Auto-Send"));
    life.ok("2025-03-11T02:00:00Z", &["nightly"]);
    life.ok("2025-03-11T14:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook", "proof"]);
    life.shows(&record, &[("Campaign_Status", "Active")]);
}

#[test]
fn what_the_operator_paused_is_not_set_going_by_a_cell_of_the_base() {
    let life = Life::plain();
    let record = after_the_hook(&life);
    let campaign = life.cell(&record, "Campaign_ID");
    edit(
        &life,
        "15:00",
        &record,
        "Engagement_Status",
        json!("Needs Review"),
    );
    life.ok("2025-03-04T02:00:00Z", &["nightly"]);
    life.ok("2025-03-04T09:00:00Z", &["campaign", "pause", &campaign]);
    life.airtable
        .set(&record, "Engagement_Status", json!("Auto-Send"));
    life.ok("2025-03-06T02:00:00Z", &["nightly"]);
    life.ok(PROOF, &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    life.shows(&record, &[("Campaign_Status", "Paused")]);
}

#[test]
fn a_record_deleted_in_the_base_ends_its_campaign_before_the_next_mail() {
    let life = Life::plain();
    let record = life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.airtable.delete(&record);
    life.ok(HOOK, &["hourly"]);
    assert_eq!(
        life.row("SELECT state, stop_reason FROM campaigns"),
        "stopped|lead_removed"
    );
    life.ok(PROOF, &["hourly"]);
    assert_eq!(life.steps_to(NORA), [""; 0]);
}
