use chrono::{DateTime, Utc};
use serde_json::json;

use super::*;
use crate::campaign::Sequence;
use crate::inbound::ResponseType;
use crate::lead::Reject;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// A campaign from a line such as `active | hook sent 2026-03-02T08:00:00Z | proof scheduled …`.
fn campaign(line: &str) -> CampaignView {
    let mut parts = line.split(" | ");
    let head = parts.next().unwrap();
    let (state, stop) = head.split_once(' ').unwrap_or((head, ""));
    let state = CampaignState::parse(state).unwrap();
    let steps = parts.zip(1..).map(|(part, number)| {
        let words: Vec<&str> = part.split(' ').collect();
        let message_state = MessageState::parse(words[1]).unwrap();
        let instant = words.get(2).map(|text| at(text));
        let is_sent = message_state == MessageState::Sent;
        StepView {
            number,
            name: words[0].to_string(),
            subject: format!("{} subject", words[0]),
            body: format!("Hello,\n\n{} body", words[0]),
            state: message_state,
            due_at: instant,
            sent_at: instant.filter(|_| is_sent),
            opens: number,
            clicks: 1,
            detail: None,
        }
    });
    CampaignView {
        id: "c0123456789abcdef".to_string(),
        state,
        stop_reason: StopReason::parse(stop),
        detail: None,
        paused_until: None,
        started_at: None,
        response_at: None,
        response_type: None,
        responding_step: None,
        last_activity_at: None,
        zone: "Europe/Berlin".to_string(),
        sender: None,
        steps: steps.collect(),
    }
}

fn view(line: &str) -> LeadView {
    LeadView {
        command: None,
        reject: None,
        campaign: Some(campaign(line)),
    }
}

fn rejected(reason: RejectReason, detail: &str) -> LeadView {
    LeadView {
        reject: Some(Reject::new(reason, detail)),
        campaign: None,
        command: None,
    }
}

const UNDER_WAY: &str = "active | hook sent 2026-03-02T23:30:00Z | proof scheduled \
                         2026-03-05T08:00:00Z | fomo drafted";

#[test]
fn the_columns_are_those_people_set_up() {
    let columns: Vec<String> = WriteField::all(&Sequence::hook_proof_fomo([0, 3, 7], true))
        .iter()
        .map(WriteField::column)
        .collect();
    for expected in [
        "Campaign_ID",
        "Engagement_Status",
        "Hook_Message_Subject",
        "Proof_Message_Body",
        "FOMO_Message_Sent_Date",
        "FOMO_Message_Opens",
    ] {
        assert!(
            columns.iter().any(|column| column == expected),
            "{expected} in {columns:?}"
        );
    }
    assert_eq!(columns.len(), 16 + 3 * 4);
    let field = WriteField::Step {
        step: "fomo".into(),
        field: StepField::MessageOpens,
    };
    assert_eq!(field.key(), "fomo_message_opens");
}

#[test]
fn a_campaign_under_way_shows_what_left_and_what_comes() {
    let cells = desired(&view(UNDER_WAY));
    let shown = |column: &str| cells.get(column).map_or("-".into(), Value::to_text);
    for (column, expected) in [
        ("Campaign_Status", "Active"),
        ("Current_Message_Number", "1"),
        ("Total_Campaign_Opens", "6"),
        ("Total_Campaign_Clicks", "3"),
        ("Next_Message_Date", "2026-03-05T08:00:00Z"),
        ("Campaign_Response_Type", "-"),
        ("Hook_Message_Subject", "hook subject"),
        ("Hook_Message_Sent_Date", "2026-03-02T23:30:00Z"),
        ("Proof_Message_Sent_Date", "-"),
        ("Proof_Message_Opens", "-"),
        ("Message_Preview", "Hello, hook body"),
        // Half past midnight of the third, where the lead lives.
        ("Last_Contacted_Date", "2026-03-03"),
        ("Delivery_Method", "Email"),
        ("Campaign_Command", "-"),
        ("Engagement_Status", "-"),
    ] {
        assert_eq!(shown(column), expected, "{column}");
    }
    assert!(matches!(cells["Last_Contacted_Date"], Value::Date(_)));
}

#[test]
fn a_lead_that_only_waits_shows_nothing_and_a_rejected_one_its_reason() {
    assert!(desired(&LeadView::default()).is_empty());
    let cells = desired(&rejected(RejectReason::MissingName, "no name"));
    let columns: Vec<_> = cells.keys().map(String::as_str).collect();
    assert_eq!(columns, ["Campaign_Notes"]);
}

#[test]
fn a_bounce_or_an_opt_out_counts_as_the_answer() {
    for (line, expected) in [
        (
            "stopped bounced | hook sent 2026-03-02T08:00:00Z",
            "Bounced",
        ),
        (
            "stopped opted_out | hook sent 2026-03-02T08:00:00Z",
            "Unsubscribed",
        ),
    ] {
        let cells = desired(&view(line));
        assert_eq!(
            cells["Campaign_Response_Type"],
            Value::Choice(expected.into()),
            "{line}"
        );
    }
}

#[test]
fn only_what_differs_is_written_and_what_vanished_is_cleared() {
    let first = desired(&view(UNDER_WAY));
    assert_eq!(difference(&first, &BTreeMap::new()), first);
    assert!(difference(&first, &first).is_empty());

    let mut paused = campaign(UNDER_WAY);
    paused.state = CampaignState::Paused;
    let second = desired(&LeadView {
        command: None,
        reject: None,
        campaign: Some(paused),
    });
    let changes = difference(&second, &first);
    let columns: Vec<_> = changes.keys().map(String::as_str).collect();
    assert_eq!(
        columns,
        ["Campaign_Notes", "Campaign_Status", "Next_Message_Date"]
    );
    assert_eq!(changes["Next_Message_Date"], Value::Empty);

    let told = BTreeMap::from([("Campaign_Notes".to_string(), Value::Empty)]);
    assert!(
        difference(&BTreeMap::new(), &told).is_empty(),
        "an empty cell is not cleared again"
    );
    let blank = BTreeMap::from([("Campaign_Notes".to_string(), Value::Text(" ".into()))]);
    assert!(
        difference(&blank, &told).is_empty(),
        "a blank text is an empty cell"
    );
}

#[test]
fn cells_are_kept_as_json_and_come_back() {
    let mut cells = desired(&view(UNDER_WAY));
    cells.insert("Campaign_Command".into(), Value::Empty);
    assert_eq!(decode(&encode(&cells).unwrap()).unwrap(), cells);
    assert!(decode("{\"a\":1}").is_err());
}

#[test]
fn a_cell_of_json_has_a_text() {
    for (cell, expected) in [
        (json!("x"), Some("x")),
        (json!(""), None),
        (json!(null), None),
        (json!(true), Some("true")),
        (json!(false), None),
        (json!(0), Some("0")),
        (json!(["a", "b", null, ["c"]]), Some("a, b")),
        (json!([]), None),
        (json!({"error": "#ERROR!"}), None),
        (json!({"specialValue": "NaN"}), None),
        (
            json!({"state": "generated", "value": "text", "isStale": false}),
            Some("text"),
        ),
        (
            json!([{"id": "usr1", "email": "a@b.example", "name": "Ada"}]),
            Some("Ada"),
        ),
    ] {
        assert_eq!(cell_text(&cell).as_deref(), expected, "{cell}");
    }
}

#[track_caller]
fn check_engagement(view: &LeadView, current: &str, told: Option<&str>, expected: Option<&str>) {
    let value = engagement(view, current, told).map(|value| value.to_text());
    assert_eq!(
        value.as_deref(),
        expected,
        "{} | {current} | {told:?}",
        notes(view)
    );
}

#[test]
fn engagement_follows_the_campaign_over_our_own_values() {
    let sent = view(UNDER_WAY);
    check_engagement(&sent, "", None, Some("Sent"));
    check_engagement(&sent, "Auto-Send", None, Some("Sent"));
    check_engagement(&sent, "Needs Review", Some("Needs Review"), Some("Sent"));
    check_engagement(&sent, "Sent", None, None);
    check_engagement(
        &view("review | hook drafted"),
        "Auto-Send",
        None,
        Some("Needs Review"),
    );
    check_engagement(&view("active | hook drafted"), "Auto-Send", None, None);
    let dead = view("active | hook dead 2026-03-02T08:00:00Z");
    check_engagement(&dead, "Auto-Send", None, Some("Error"));
    check_engagement(
        &view("stopped suppressed | hook skipped"),
        "",
        None,
        Some("Skipped"),
    );
    let opted_out = view("stopped opted_out | hook sent 2026-03-02T08:00:00Z");
    check_engagement(&opted_out, "Sent", Some("Sent"), None);
    check_engagement(
        &rejected(RejectReason::Suppressed, ""),
        "",
        None,
        Some("Skipped"),
    );
    check_engagement(&rejected(RejectReason::InvalidEmail, ""), "", None, None);
}

#[test]
fn a_persons_engagement_status_wins() {
    let sent = view(UNDER_WAY);
    check_engagement(&sent, "Skipped", None, None);
    check_engagement(&sent, "Error", Some("Needs Review"), None);
    // Set back by a person after we wrote it: not written a second time.
    check_engagement(&sent, "Auto-Send", Some("Sent"), None);
    check_engagement(&sent, "", Some("Sent"), None);
}

#[test]
fn approval_takes_our_review_mark_back() {
    let approved = view("active | hook drafted");
    check_engagement(
        &approved,
        "Needs Review",
        Some("Needs Review"),
        Some("Auto-Send"),
    );
    check_engagement(&approved, "Skipped", Some("Needs Review"), None);
    check_engagement(&approved, "Needs Review", None, None);
    check_engagement(
        &view("draft | hook drafted"),
        "Needs Review",
        Some("Needs Review"),
        None,
    );
}

#[track_caller]
fn check_notes(view: &LeadView, expected: &str) {
    assert_eq!(notes(view), expected);
}

#[test]
fn the_notes_are_one_sentence_on_one_line() {
    check_notes(
        &view(UNDER_WAY),
        "active: hook sent 3 Mar, proof due 5 Mar 09:00 Europe/Berlin",
    );
    check_notes(&view("active | hook drafted"), "active: hook not dated yet");
    check_notes(
        &view("active | hook in_doubt 2026-03-02T08:00:00Z | proof drafted"),
        "active: hook is in doubt, proof not dated yet",
    );
    check_notes(
        &rejected(
            RejectReason::LowConfidence,
            "Email_Confidence_Level is\n`Guess`",
        ),
        "rejected: low_confidence — Email_Confidence_Level is `Guess`",
    );
    check_notes(
        &view("stopped opted_out | hook sent 2026-03-02T08:00:00Z"),
        "stopped: the lead asked not to be written to, after hook on 2 Mar",
    );
    check_notes(
        &view("stopped by_person | hook skipped"),
        "stopped: a person stopped it",
    );
    check_notes(&LeadView::default(), "eligible: waits for its texts");
    check_notes(
        &view("review"),
        "needs review: a person must approve the texts",
    );
    let all = "completed | hook sent 2026-03-02T08:00:00Z | proof sent 2026-03-05T08:00:00Z";
    check_notes(&view(all), "completed: 2 mails sent, no answer");
}

#[test]
fn the_notes_name_the_answer_and_the_end_of_a_pause() {
    let mut answered = campaign("responded | hook sent 2026-03-02T08:00:00Z");
    answered.response_type = Some(ResponseType::Interested);
    answered.response_at = Some(at("2026-03-04T10:00:00Z"));
    answered.responding_step = Some("hook".into());
    let answered = LeadView {
        command: None,
        reject: None,
        campaign: Some(answered),
    };
    check_notes(&answered, "responded: Interested on 4 Mar, to hook");

    let mut away = campaign("paused | hook sent 2026-03-02T08:00:00Z");
    away.paused_until = Some(at("2026-03-30T07:00:00Z"));
    away.detail = Some("out of office".into());
    away.zone = "Mars/Olympus".into();
    let away = LeadView {
        command: None,
        reject: None,
        campaign: Some(away),
    };
    check_notes(&away, "paused until 30 Mar 07:00 UTC: out of office");
}

fn with_command(view: LeadView, word: &str, outcome: &str) -> LeadView {
    let command = CommandView {
        word: word.to_string(),
        read_at: at("2026-03-02T08:12:31Z"),
        outcome: outcome.to_string(),
    };
    LeadView {
        command: Some(command),
        ..view
    }
}

#[test]
fn the_notes_answer_a_command_with_its_instant() {
    check_notes(
        &with_command(view("paused | hook drafted"), "Pause", "paused"),
        "paused: a person paused it. Campaign_Command Pause, 2 Mar 09:12: paused.",
    );
    let waits = with_command(LeadView::default(), "Stop", "not done: no campaign");
    check_notes(
        &waits,
        "eligible: waits for its texts. Campaign_Command Stop, 2 Mar 08:12: not done: no campaign.",
    );
    let columns: Vec<String> = desired(&waits).into_keys().collect();
    assert_eq!(columns, ["Campaign_Notes"], "an answer is shown at once");
    let unknown = with_command(
        view("active | hook drafted"),
        "Foo",
        "expected …, found `Foo`",
    );
    check_notes(
        &unknown,
        "active: hook not dated yet. Campaign_Command, 2 Mar 09:12: expected …, found `Foo`.",
    );
}

#[test]
fn a_preview_is_cut_at_a_word() {
    let long = "word ".repeat(100);
    let cut = preview(&long);
    assert!(
        cut.ends_with("word…") && cut.chars().count() <= PREVIEW_CHARS_MAX + 1,
        "{cut}"
    );
    assert_eq!(
        preview(&"ä".repeat(500)).chars().count(),
        PREVIEW_CHARS_MAX + 1
    );
    assert_eq!(preview(" \n "), "");
}
