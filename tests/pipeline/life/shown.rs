//! What the base is told: in tens, only what differs, nothing when nothing does.

use std::collections::BTreeSet;

use super::*;
use crate::world::airtable::Call;

fn twelve_leads(life: &Life) -> Vec<String> {
    let insert = |n: u8| {
        let word = ["Alder", "Birch", "Cedar", "Elm"][usize::from(n) % 4];
        let email = format!("nora@{}{n}.example", word.to_lowercase());
        life.lead("Nora Lind", &email, &format!("{word} Freight"))
    };
    (0..12).map(insert).collect()
}

/// How many records each call since the last look wrote, and the columns of the records.
fn writes(life: &Life) -> (Vec<usize>, BTreeSet<String>) {
    let calls = life.airtable.take_updates();
    let records = |call: &Json| call.as_array().unwrap().clone();
    let sizes = calls.iter().map(|call| records(call).len()).collect();
    let columns = calls.iter().flat_map(records).flat_map(|record| {
        let fields = record["fields"].as_object().unwrap().clone();
        fields.into_iter().map(|(name, _)| name)
    });
    (sizes, columns.collect())
}

#[test]
fn twelve_leads_are_shown_in_two_calls_and_only_by_what_differs() {
    let mut life = Life::plain();
    life.world.set_env("OPENAI_API_KEY", "");
    let records = twelve_leads(&life);
    life.ok(NIGHT, &["nightly"]);
    let (sizes, columns) = writes(&life);
    assert_eq!(sizes, [10, 2]);
    assert!(columns.contains("Hook_Message_Body") && columns.contains("Campaign_Status"));
    assert!(
        !columns.contains("Engagement_Status"),
        "nothing to say there yet"
    );

    life.ok(HOOK, &["hourly"]);
    let (sizes, columns) = writes(&life);
    assert_eq!(sizes, [10, 2]);
    let changed = [
        "Campaign_Notes",
        "Campaign_Started_Date",
        "Current_Message_Number",
        "Delivery_Method",
        "Engagement_Status",
        "Hook_Message_Opens",
        "Hook_Message_Sent_Date",
        "Last_Campaign_Activity",
        "Last_Contacted_Date",
        "Next_Message_Date",
    ];
    assert_eq!(columns.into_iter().collect::<Vec<_>>(), changed);

    let lead =
        life.row("SELECT email FROM leads WHERE record_id = (SELECT max(record_id) FROM leads)");
    let text = "Please tell me more.";
    life.receive(&reply(
        &life.mail(&lead, "hook"),
        &lead,
        "Mon, 3 Mar 2025 10:30:00 +0000",
        text,
    ));
    life.ok("2025-03-03T11:00:00Z", &["hourly"]);
    let (sizes, columns) = writes(&life);
    assert_eq!(sizes, [1], "one lead has news");
    assert!(!columns.contains("Hook_Message_Sent_Date"), "{columns:?}");
    assert!(columns.contains("Campaign_Response_Type"), "{columns:?}");
    let answered = records.iter().max().unwrap();
    life.shows(
        answered,
        &[("Campaign_Status", "Responded"), ("Next_Message_Date", "")],
    );
}

#[test]
fn nothing_new_costs_no_write_and_what_the_base_refused_is_told_later() {
    let mut life = Life::plain();
    life.world.set_env("OPENAI_API_KEY", "");
    let lead = life.lead("Nora Lind", "nora@lindfreight.example", "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.ok(NIGHT, &["nightly"]);
    assert_eq!(life.airtable.calls_of(Call::Update), 1);
    let calls = life.airtable.calls();
    let push = life.ok(NIGHT, &["push", "--json"]).json();
    assert_eq!(
        (&push["counts"]["changed"], life.airtable.calls()),
        (&0.into(), calls),
        "{push}"
    );
    // The option is missing: all else is shown, and the cell as soon as something changes again.
    life.airtable.drop_option("Delivery_Method", "Email");
    life.ok(HOOK, &["hourly"]);
    life.shows(
        &lead,
        &[("Delivery_Method", ""), ("Engagement_Status", "Sent")],
    );
}
