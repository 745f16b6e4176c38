//! Calls that fail in every way HTTP can, and lists whose place is lost.

use super::*;
use crate::world::airtable::{HTML, ITERATOR_GONE, RATE_LIMIT, RATE_LIMIT_OLD};

const BUSY: &str = r#"{"error":{"type":"RETRIABLE_ERROR"}}"#;

fn later(status: u16, body: &str) -> Fault {
    Fault::AnswerLater {
        status,
        body: body.to_string(),
        retry_after: 0,
    }
}

/// A pull and a push of 250 leads in which the second call of each kind fails; both come to the end
/// of a calm run, with so many more calls.
#[track_caller]
fn check(fault: Fault, n_more: u64) {
    let (office, ids) = Office::with_leads(250);
    office.airtable.fail(Call::Schema, 1, fault.clone());
    office.airtable.fail(Call::List, 1, fault.clone());
    assert_eq!(office.calls_of(0, &["pull"]), 4 + 2 * n_more, "{fault:?}");
    assert_eq!(office.row("SELECT count(*) FROM leads"), "250", "{fault:?}");
    for stage in ["generate", "schedule"] {
        office.ok(0, &[stage, "--limit", "20"]);
    }
    office.airtable.fail(Call::Update, 1, fault.clone());
    assert_eq!(office.calls_of(10, &["push"]), 2 + n_more, "{fault:?}");
    assert_eq!(office.calls_of(20, &["push"]), 0, "{fault:?}");
    let records = office.airtable.records();
    assert_eq!(records.len(), ids.len(), "{fault:?}");
    let shown = records
        .values()
        .filter(|cells| cells.contains_key("Campaign_ID"));
    assert_eq!(shown.count(), 20, "{fault:?}");
}

#[test]
fn cut_json_is_asked_for_again() {
    check(Fault::CutJson, 1);
}

#[test]
fn a_proxys_page_is_asked_for_again() {
    check(Fault::HtmlAfter, 1);
    check(answer(502, HTML), 1);
    check(answer(200, HTML), 1);
}

#[test]
fn too_many_calls_are_waited_for_in_both_shapes_with_and_without_a_time() {
    check(answer(429, RATE_LIMIT), 1);
    check(answer(429, RATE_LIMIT_OLD), 1);
    check(later(429, RATE_LIMIT), 1);
    check(later(429, RATE_LIMIT_OLD), 1);
}

#[test]
fn a_server_in_trouble_is_asked_again() {
    check(answer(500, "{}"), 1);
    check(answer(503, BUSY), 1);
    check(later(503, BUSY), 1);
}

#[test]
fn a_connection_that_breaks_before_anything_was_done_is_made_anew() {
    check(Fault::ResetBefore, 1);
    check(Fault::HangUpAfter, 1);
}

#[test]
fn a_base_that_stays_down_is_left_for_later_and_nothing_is_lost() {
    let (office, id) = Office::with_campaign(false);
    office.ok(20, &["send"]);
    is_down(&office, Call::Update);
    office
        .run(30, &["push"])
        .exits(75)
        .complains("Airtable is in trouble (503");
    office.shows(&id, &[("Engagement_Status", "Auto-Send")]);
    is_down(&office, Call::List);
    office.airtable.set(&id, "Campaign_Command", json!("Pause"));
    office.run(40, &["pull"]).exits(75);
    assert_eq!(office.campaign(), "active");
    office.ok(50, &["pull"]);
    assert_eq!(office.campaign(), "paused");
    office.ok(60, &["push"]);
    office.shows(
        &id,
        &[
            ("Engagement_Status", "Sent"),
            ("Campaign_Status", "Paused"),
            ("Campaign_Command", ""),
        ],
    );
}

#[test]
fn a_list_whose_place_is_lost_begins_anew_and_reads_nothing_twice() {
    let (office, _) = Office::with_leads(450);
    office.airtable.let_pass(Call::List, 3);
    office
        .airtable
        .fail(Call::List, 1, answer(422, ITERATOR_GONE));
    // The schema, three pages of the first list, a refusal, and five pages of the second.
    assert_eq!(office.calls_of(0, &["pull"]), 1 + 3 + 1 + 5);
    assert_eq!(
        office.row("SELECT count(*), count(DISTINCT record_id) FROM leads"),
        "450|450"
    );
    office.airtable.let_pass(Call::List, 1);
    office
        .airtable
        .fail(Call::List, 9, answer(422, ITERATOR_GONE));
    office
        .run(10, &["pull", "--full"])
        .exits(75)
        .complains("lost its place");
    office.airtable.fail_no_more();
    assert_eq!(office.calls_of(20, &["pull"]), 1);
}
