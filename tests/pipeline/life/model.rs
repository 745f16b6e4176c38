//! The model in every mood: a campaign passes, is written from templates, waits for a person, or is
//! not written yet; it is never lost and never stored twice.

use super::*;
use crate::world::llm::Fault;

const NORA: &str = "nora@lindfreight.example";

/// A life with one lead that waits for its campaign.
fn one_lead() -> Life {
    let life = Life::plain();
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["pull"]);
    life
}

/// Runs generate under faults and demands its exit code, the campaign it left (state and writer), and
/// how many requests it took; then lets the model recover and demands one campaign in the end.
#[track_caller]
fn check(faults: Vec<Fault>, code: i32, campaign: &str, n_requests: usize) {
    let life = one_lead();
    let label = format!("{faults:?}");
    life.llm.fail(faults);
    life.run(NIGHT, &["generate"]).exits(code);
    let query = "SELECT state, substr(writer, 1, instr(writer, ':') - 1) FROM campaigns";
    assert_eq!(life.row(query), campaign, "{label}");
    assert_eq!(life.llm.requests().len(), n_requests, "{label}");
    life.ok(NIGHT, &["generate"]);
    if campaign == "none" {
        life.ok(NIGHT, &["generate"]);
    }
    let count = "SELECT count(*), (SELECT count(*) FROM messages) FROM campaigns";
    assert_eq!(life.row(count), "1|3", "{label}");
}

#[test]
fn a_passing_trouble_is_waited_out_and_the_model_writes() {
    check(vec![], 0, "active|model", 1);
    check(vec![Fault::RateLimited(0)], 0, "active|model", 2);
    check(vec![Fault::ServerError], 0, "active|model", 2);
    check(vec![Fault::CutBody], 0, "active|model", 2);
    check(vec![Fault::HangUp], 0, "active|model", 2);
}

#[test]
fn an_unusual_dialect_is_learnt_and_the_model_writes() {
    check(vec![Fault::Fenced], 0, "active|model", 1);
    let mut life = one_lead();
    life.world.set_env("OPENAI_MODEL", "llama3");
    life.llm
        .fail([Fault::NoResponseFormat, Fault::NoResponseFormat]);
    life.ok(NIGHT, &["generate"]);
    let formats = life.llm.requests();
    let formats = formats
        .iter()
        .map(|asked| &asked["response_format"]["type"]);
    let formats: Vec<_> = formats.map(|kind| kind.as_str().unwrap_or("-")).collect();
    assert_eq!(formats, ["json_schema", "json_object", "-"]);
    // The next run knows: it is not refused again.
    life.lead("Ole Berg", "ole@bergfreight.example", "Berg Freight");
    life.ok(NIGHT, &["nightly"]);
    let requests = life.llm.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests[3]["response_format"].is_null());
}

#[test]
fn a_lasting_trouble_leaves_the_lead_untouched_for_the_next_run() {
    check(vec![Fault::RateLimited(600)], 75, "none", 1);
    check(vec![Fault::InsufficientQuota], 75, "none", 1);
    check(vec![Fault::ServerError; 4], 75, "none", 4);
}

#[test]
fn an_answer_that_is_no_campaign_is_replaced_by_the_templates() {
    check(vec![Fault::Refusal], 0, "active|template", 1);
    check(vec![Fault::Length], 0, "active|template", 1);
    check(vec![Fault::ContentFilter], 0, "active|template", 1);
}

#[test]
fn an_answer_in_another_form_is_sent_back_twice_and_then_replaced_by_the_templates() {
    let missing_two = r#"{"messages":[{"step":"hook","subject":"S","body":"B"}]}"#;
    for content in ["{}", "null", "[]", "", "Dear reader,", missing_two] {
        let odd = Fault::Content(content.to_string());
        check(vec![odd.clone()], 0, "active|model", 2);
        check(vec![odd; 3], 0, "active|template", 3);
    }
    for fault in [Fault::MissingStep, Fault::ExtraStep, Fault::CutContent] {
        check(vec![fault], 0, "active|model", 2);
    }
    let life = one_lead();
    life.llm.fail([Fault::ExtraStep]);
    life.ok(NIGHT, &["generate"]);
    let second = life.llm.requests().remove(1);
    let asked = crate::world::llm::campaign::prompt(&second);
    assert!(asked.contains("step `bonus` was not asked for"), "{asked}");
}

/// Three mails with a placeholder left in them.
fn with_placeholders() -> Fault {
    let draft = |step: &str| {
        serde_json::json!({"step": step, "subject": format!("About {step}"),
            "body": "Hi [First Name],\n\nI have read about {{company}}.\n\n— Ada Byron"})
    };
    let drafts = ["hook", "proof", "fomo"].map(draft);
    Fault::Content(serde_json::json!({ "messages": drafts }).to_string())
}

#[test]
fn texts_that_fail_the_gate_are_sent_back_and_never_reach_a_lead() {
    check(vec![with_placeholders()], 0, "active|model", 2);
    check(vec![with_placeholders(); 2], 0, "active|model", 3);
    check(vec![with_placeholders(); 3], 0, "active|template", 3);
    let life = one_lead();
    life.llm.fail([with_placeholders()]);
    life.ok(NIGHT, &["generate"]);
    let second = life.llm.requests().remove(1);
    let asked = crate::world::llm::campaign::prompt(&second);
    assert!(
        asked.contains("[First Name]"),
        "it is told what was wrong: {asked}"
    );
}

#[test]
fn a_wrong_key_is_a_fault_of_the_configuration_and_nothing_is_written() {
    let mut life = one_lead();
    life.world.set_env("OPENAI_API_KEY", "sk-wrong-123456");
    let outcome = life.run(NIGHT, &["generate"]).exits(78);
    let outcome = outcome.complains("OPENAI_API_KEY: the server refuses the key");
    assert!(!outcome.stderr.contains("sk-wrong"), "{}", outcome.stderr);
    assert_eq!(life.row("SELECT count(*) FROM campaigns"), "0");
}

#[test]
fn the_end_of_the_quota_keeps_what_was_written_and_leaves_the_rest_for_later() {
    let mut life = Life::plain();
    life.world.set_env("LLM_CONCURRENCY", "1");
    for (n, name) in ["Alder", "Birch", "Cedar", "Elm", "Fir"].iter().enumerate() {
        let email = format!("nora@{}{n}.example", name.to_lowercase());
        life.lead("Nora Lind", &email, &format!("{name} Freight"));
    }
    life.llm
        .fail([Fault::RateLimited(0), Fault::Refusal, Fault::ServerError]);
    life.ok(NIGHT, &["pull"]);
    life.ok(NIGHT, &["generate", "--limit", "2"]);
    life.llm.fail([Fault::CutBody, Fault::InsufficientQuota]);
    let outcome = life.run(NIGHT, &["nightly", "--json"]).exits(75);
    let night = outcome.complains("quota").json();
    assert_eq!(night["stages"][2]["counts"]["written"], 0, "{night}");
    assert_eq!(
        night["stages"][3]["counts"]["dated"], 6,
        "what was written goes on: {night}"
    );
    life.ok(NIGHT, &["nightly"]);
    life.ok(NIGHT, &["nightly"]);
    let count = "SELECT count(*), count(DISTINCT lead_id) FROM campaigns";
    assert_eq!(life.row(count), "5|5");
    let writers = "SELECT count(*) FROM campaigns WHERE writer LIKE 'model:%'";
    let why = "one was refused, and two would have got what a third one of their run got";
    assert_eq!(life.row(writers), "2", "{why}");
}

#[test]
fn with_approval_required_nothing_leaves_before_a_person_agrees() {
    let mut life = Life::plain();
    life.world.set_env("REQUIRE_APPROVAL", "true");
    let record = life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.shows(
        &record,
        &[
            ("Campaign_Status", "Needs Review"),
            ("Engagement_Status", "Needs Review"),
        ],
    );
    life.ok(HOOK, &["hourly"]);
    assert!(life.sent().is_empty());
    // The program's own mark comes back by the next pull and must not be taken for a person's.
    life.ok("2025-03-04T02:00:00Z", &["nightly"]);
    assert_eq!(life.world.campaign_state(NORA), "review");
    let campaign = life.cell(&record, "Campaign_ID");
    life.ok("2025-03-04T08:00:00Z", &["review", "approve", &campaign]);
    life.ok("2025-03-05T02:00:00Z", &["nightly"]);
    life.shows(
        &record,
        &[
            ("Campaign_Status", "Active"),
            ("Engagement_Status", "Auto-Send"),
        ],
    );
    life.ok("2025-03-05T12:00:00Z", &["hourly"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
}
