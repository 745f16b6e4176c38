//! Updates: batches, refusals, and who is to blame for them.

use outreach::airtable::UpdateOutcome;
use outreach::changeset::Value;
use outreach::lead::RecordId;
use serde_json::json;

use super::{answer, at, base_of, client, client_with, sharing, text, update, updated, write};
use crate::world::airtable::{Airtable, Call, Fault, HTML};

fn choice(text: &str) -> Value {
    Value::Choice(text.to_string())
}

#[tokio::test]
async fn updates_go_in_tens_and_in_the_columns_own_types() {
    let (airtable, ids) = base_of(23);
    let sent_at = at("2026-03-02T23:30:00Z");
    let values = [
        ("Campaign_Status", choice("Active")),
        ("Campaign_Notes", text("active: hook sent 2 Mar")),
        ("Current_Message_Number", Value::Number(1)),
        ("Campaign_Started_Date", Value::DateTime(sent_at)),
        ("Last_Contacted_Date", Value::DateTime(sent_at)),
        ("Hook_Message_Subject", text("one\ntwo")),
    ];
    let updates: Vec<_> = ids.iter().map(|id| update(id, &values)).collect();
    let client = client(&airtable);
    let outcomes = write(&client, &updates).await.unwrap();
    assert_eq!(outcomes, vec![updated(); 23]);
    assert_eq!((airtable.calls_of(Call::Update), client.calls()), (3, 4));
    for (column, expected) in [
        ("Campaign_Status", json!("Active")),
        ("Current_Message_Number", json!(1)),
        ("Campaign_Started_Date", json!("2026-03-02T23:30:00.000Z")),
        ("Last_Contacted_Date", json!("2026-03-02")),
        ("Full Name", json!("Ada Lovelace")),
    ] {
        assert_eq!(airtable.field(&ids[22], column), Some(expected), "{column}");
    }
    let cleared = [update(&ids[0], &[("Campaign_Status", Value::Empty)])];
    assert_eq!(write(&client, &cleared).await.unwrap(), [updated()]);
    assert_eq!(airtable.field(&ids[0], "Campaign_Status"), None);
    assert_eq!(write(&client, &[]).await.unwrap(), []);
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_written_again() {
    for fault in [Fault::HangUpAfter, Fault::CutJson, answer(502, HTML)] {
        let (airtable, ids) = base_of(1);
        airtable.fail(Call::Update, 1, fault.clone());
        let updates = [update(&ids[0], &[("Campaign_ID", text("c1"))])];
        let outcomes = write(&client(&airtable), &updates).await.unwrap();
        assert_eq!(outcomes, [updated()], "{fault:?}");
        assert_eq!(airtable.field(&ids[0], "Campaign_ID"), Some(json!("c1")));
        assert_eq!(airtable.calls_of(Call::Update), 2);
    }
}

#[tokio::test]
async fn a_vanished_record_holds_nobody_up() {
    let (airtable, ids) = base_of(10);
    airtable.delete(&ids[3]);
    airtable.delete(&ids[7]);
    let updates: Vec<_> = ids
        .iter()
        .map(|id| update(id, &[("Campaign_ID", text("c1"))]))
        .collect();
    let outcomes = write(&client(&airtable), &updates).await.unwrap();
    for (index, outcome) in outcomes.iter().enumerate() {
        let is_gone = index == 3 || index == 7;
        let expected = if is_gone {
            UpdateOutcome::Gone
        } else {
            updated()
        };
        assert_eq!(*outcome, expected, "{index}");
    }
    assert_eq!(airtable.field(&ids[9], "Campaign_ID"), Some(json!("c1")));
    assert_eq!(airtable.calls_of(Call::Update), 3);
}

#[tokio::test]
async fn a_refused_record_stands_alone() {
    let (airtable, ids) = base_of(10);
    let mut updates: Vec<_> = ids
        .iter()
        .map(|id| update(id, &[("Campaign_ID", text("c1"))]))
        .collect();
    updates[6].record_id = RecordId::new("row0123456789abcdef");
    let outcomes = write(&client(&airtable), &updates).await.unwrap();
    for (index, outcome) in outcomes.iter().enumerate() {
        match (index, outcome) {
            (6, UpdateOutcome::Refused(why)) => assert!(why.contains("INVALID_RECORDS"), "{why}"),
            (_, outcome) => assert_eq!(*outcome, updated(), "{index}"),
        }
    }
    assert!(airtable.calls_of(Call::Update) <= 9);
}

/// Writes two columns of 30 records while one of them cannot be written, and checks that the other
/// is, that the reason is told, and that not every record is paid for.
async fn check_left_out(
    change: impl Fn(&Airtable),
    value: (&str, Value),
    reason: &str,
    calls_max: u64,
) {
    let (airtable, ids) = base_of(30);
    change(&airtable);
    let values = [value.clone(), ("Campaign_ID", text("c1"))];
    let updates: Vec<_> = ids.iter().map(|id| update(id, &values)).collect();
    let client = client(&airtable);
    let outcomes = write(&client, &updates).await.unwrap();
    for (id, outcome) in ids.iter().zip(&outcomes) {
        let UpdateOutcome::Updated { left_out, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            left_out.keys().collect::<Vec<_>>(),
            [value.0],
            "{left_out:?}"
        );
        assert!(left_out[value.0].contains(reason), "{reason}: {left_out:?}");
        assert_eq!(airtable.field(id, "Campaign_ID"), Some(json!("c1")));
    }
    let n_calls = airtable.calls_of(Call::Update);
    assert!(n_calls <= calls_max, "{reason}: {n_calls} calls");
}

#[tokio::test]
async fn a_column_that_cannot_be_written_is_left_out_and_reported() {
    let hidden = |change: fn(&Airtable)| {
        move |airtable: &Airtable| {
            change(airtable);
            airtable.hide_schema();
        }
    };
    let no_notes: fn(&Airtable) = |airtable| airtable.drop_column("Campaign_Notes");
    let notes = || ("Campaign_Notes", text("note"));
    check_left_out(no_notes, notes(), "no column `Campaign_Notes`", 3).await;
    check_left_out(hidden(no_notes), notes(), "no such column", 4).await;

    let no_option: fn(&Airtable) = |airtable| airtable.drop_option("Campaign_Status", "Paused");
    let paused = || ("Campaign_Status", choice("Paused"));
    let may_not: fn(&Airtable) = |airtable| {
        airtable.drop_option("Campaign_Status", "Paused");
        airtable.refuse_new_options();
    };
    check_left_out(may_not, paused(), "create new select option", 10).await;
    check_left_out(hidden(no_option), paused(), "create new select option", 10).await;

    let computed: fn(&Airtable) = |airtable| airtable.set_kind("Campaign_Notes", "formula");
    check_left_out(computed, notes(), "computed", 3).await;
    check_left_out(hidden(computed), notes(), "computed", 15).await;

    let date: fn(&Airtable) = |airtable| airtable.set_kind("Next_Message_Date", "date");
    let due = (
        "Next_Message_Date",
        Value::DateTime(at("2026-03-05T08:00:00Z")),
    );
    check_left_out(hidden(date), due, "Cannot parse value", 15).await;
}

#[tokio::test]
async fn an_update_of_nothing_writable_costs_no_call() {
    let (airtable, ids) = base_of(1);
    airtable.drop_column("Campaign_Notes");
    let client = client(&airtable);
    let updates = [update(&ids[0], &[("Campaign_Notes", text("n"))])];
    let outcomes = write(&client, &updates).await.unwrap();
    assert!(
        matches!(&outcomes[0], UpdateOutcome::Updated { left_out, .. } if left_out.len() == 1),
        "{outcomes:?}"
    );
    assert_eq!(airtable.calls_of(Call::Update), 0);
    assert_eq!(
        client.unwritable_columns().keys().collect::<Vec<_>>(),
        ["Campaign_Notes"]
    );
}

#[tokio::test]
async fn written_columns_may_have_other_names() {
    let (airtable, ids) = base_of(1);
    airtable.rename_column("Campaign_Status", "Kampagne");
    let client = client_with(&airtable, |settings| {
        settings
            .columns
            .insert("campaign_status".into(), "Kampagne".into());
    });
    let updates = [update(&ids[0], &[("Campaign_Status", choice("Active"))])];
    let outcomes = write(&client, &updates).await;
    assert_eq!(outcomes.unwrap(), [updated()]);
    assert_eq!(airtable.field(&ids[0], "Kampagne"), Some(json!("Active")));
}

#[tokio::test]
async fn an_option_of_our_own_select_is_made_once() {
    let (airtable, ids) = base_of(30);
    airtable.drop_option("Campaign_Status", "Paused");
    let values = [("Campaign_Status", choice("Paused"))];
    let updates: Vec<_> = ids.iter().map(|id| update(id, &values)).collect();
    let client = client(&airtable);
    let outcomes = write(&client, &updates).await.unwrap();
    assert_eq!(outcomes, vec![updated(); 30]);
    assert!(
        airtable
            .options("Campaign_Status")
            .contains(&"Paused".to_string())
    );
    assert_eq!(airtable.calls_of(Call::Update), 3);
    // A later run knows the option, and asks for no more than the cells.
    let schema = client.learned().await.unwrap().schema;
    assert!(schema.contains("Paused"), "{schema}");
}

#[tokio::test]
async fn an_option_of_a_shared_select_is_never_made() {
    let (airtable, ids) = base_of(1);
    airtable.drop_option("Engagement_Status", "Sent");
    let note = update(&ids[0], &[("Campaign_Notes", text("n"))]);
    let updates = [sharing(note, "Engagement_Status", choice("Sent"), &[""])];
    let outcomes = write(&client(&airtable), &updates).await.unwrap();
    let UpdateOutcome::Updated { left_out, kept } = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert!(left_out["Engagement_Status"].contains("no option `Sent`; add it to"));
    assert!(kept.is_empty());
    assert!(
        !airtable
            .options("Engagement_Status")
            .contains(&"Sent".to_string())
    );
}
