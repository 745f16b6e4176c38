//! Cells that people share: looked at before they are written, and before a write is repeated.

use outreach::airtable::{Update, UpdateOutcome};
use outreach::changeset::Value;
use serde_json::json;

use super::{answer, base_of, client, sharing, text, update, updated, write};
use crate::world::airtable::{Call, Fault, HTML, RATE_LIMIT};

const STATUS: &str = "Engagement_Status";
const COMMAND: &str = "Campaign_Command";

fn sent(id: &str, note: &str) -> Update {
    let notes = update(id, &[("Campaign_Notes", text(note))]);
    let value = Value::Choice("Sent".to_string());
    sharing(notes, STATUS, value, &["", "Auto-Send"])
}

fn kept(outcome: &UpdateOutcome) -> Vec<(&str, &str)> {
    let UpdateOutcome::Updated { kept, .. } = outcome else {
        panic!("{outcome:?}")
    };
    kept.iter()
        .map(|(column, text)| (column.as_str(), text.as_str()))
        .collect()
}

#[tokio::test]
async fn what_a_person_put_there_stays_and_the_rest_is_written() {
    let (airtable, ids) = base_of(3);
    airtable.set(&ids[0], STATUS, json!("Auto-Send"));
    airtable.set(&ids[1], STATUS, json!("Skipped"));
    let updates: Vec<Update> = ids.iter().map(|id| sent(id, "hook sent")).collect();
    let outcomes = write(&client(&airtable), &updates).await.unwrap();
    assert_eq!(kept(&outcomes[1]), [(STATUS, "Skipped")]);
    for (id, status) in ids.iter().zip(["Sent", "Skipped", "Sent"]) {
        assert_eq!(airtable.field(id, STATUS), Some(json!(status)));
        assert_eq!(
            airtable.field(id, "Campaign_Notes"),
            Some(json!("hook sent"))
        );
    }
    assert_eq!([&outcomes[0], &outcomes[2]], [&updated(); 2]);
    // The schema, one look and one write.
    assert_eq!(airtable.calls(), 3);
}

#[tokio::test]
async fn a_look_serves_a_hundred_records() {
    let (airtable, ids) = base_of(230);
    let mut updates: Vec<Update> = ids.iter().map(|id| sent(id, "hook sent")).collect();
    updates[229].shared.clear();
    write(&client(&airtable), &updates).await.unwrap();
    assert_eq!(airtable.calls_of(Call::List), 3);
    assert_eq!(airtable.calls_of(Call::Update), 23);
}

#[tokio::test]
async fn a_record_that_is_gone_is_told_before_anything_is_written() {
    let (airtable, ids) = base_of(2);
    airtable.delete(&ids[0]);
    let updates: Vec<Update> = ids.iter().map(|id| sent(id, "n")).collect();
    let outcomes = write(&client(&airtable), &updates).await.unwrap();
    assert_eq!(outcomes, [UpdateOutcome::Gone, updated()]);
}

/// A write whose answer is lost; a person then puts `theirs` into the cell. The answer is what stands
/// there in the end, and what was kept.
async fn after_a_lost_answer(fault: Fault, theirs: &str) -> (Option<String>, Vec<String>) {
    let (airtable, ids) = base_of(1);
    airtable.fail(Call::Update, 1, fault);
    let (id, status) = (ids[0].clone(), json!(theirs));
    let mut n_updates = 0;
    airtable.on_call(Box::new(move |person, call| {
        n_updates += u32::from(call == Call::Update);
        if call == Call::Update && n_updates == 1 {
            person.set(&id, STATUS, status.clone());
        }
    }));
    let outcomes = write(&client(&airtable), &[sent(&ids[0], "hook sent")]).await;
    airtable.on_no_call();
    let kept = kept(&outcomes.unwrap()[0])
        .iter()
        .map(|(_, text)| text.to_string())
        .collect();
    let cell = airtable.field(&ids[0], STATUS);
    (
        cell.and_then(|cell| cell.as_str().map(str::to_string)),
        kept,
    )
}

#[tokio::test]
async fn a_write_that_was_carried_out_is_not_repeated_over_a_person() {
    for fault in [Fault::HangUpAfter, Fault::CutJson, Fault::HtmlAfter] {
        // Even what may be written over: the person put it there after we wrote.
        for theirs in ["Skipped", "Auto-Send"] {
            let (cell, _) = after_a_lost_answer(fault.clone(), theirs).await;
            assert_eq!(cell.as_deref(), Some(theirs), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_write_that_was_not_carried_out_is_done_then() {
    for fault in [
        answer(502, HTML),
        answer(429, RATE_LIMIT),
        Fault::ResetBefore,
    ] {
        let (airtable, ids) = base_of(1);
        airtable.fail(Call::Update, 1, fault.clone());
        let outcomes = write(&client(&airtable), &[sent(&ids[0], "hook sent")]).await;
        assert_eq!(outcomes.unwrap(), [updated()], "{fault:?}");
        assert_eq!(airtable.field(&ids[0], STATUS), Some(json!("Sent")));
        assert_eq!(airtable.calls_of(Call::List), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_command_given_again_while_the_answer_was_lost_stays() {
    let (airtable, ids) = base_of(1);
    airtable.set(&ids[0], COMMAND, json!("Pause"));
    airtable.fail(Call::Update, 1, Fault::HangUpAfter);
    let id = ids[0].clone();
    airtable.on_call(Box::new(move |person, call| {
        if call == Call::Update {
            person.set(&id, COMMAND, json!("Pause"));
        }
    }));
    let note = update(&ids[0], &[("Campaign_Notes", text("paused, 9:12"))]);
    let updates = [sharing(note, COMMAND, Value::Empty, &["Pause"])];
    let outcomes = write(&client(&airtable), &updates).await.unwrap();
    assert_eq!(outcomes, [updated()]);
    assert_eq!(airtable.field(&ids[0], COMMAND), Some(json!("Pause")));
    assert_eq!(airtable.calls_of(Call::Update), 1);
}
