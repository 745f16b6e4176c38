//! The two jobs: past a stage that fails, in one JSON object, and never two of a stage at once.

use super::*;
use crate::world::airtable::{Call, Fault as BaseFault};
use crate::world::smtp::{At, Fault, Rule};

const NORA: &str = "nora@lindfreight.example";
const OWEN: &str = "owen@hartlogistics.example";

/// Down, and so sure of it that nobody tries again within the run.
fn down() -> BaseFault {
    BaseFault::AnswerLater {
        status: 503,
        body: r#"{"error":{"type":"RETRIABLE_ERROR"}}"#.to_string(),
        retry_after: 600,
    }
}

#[track_caller]
fn outcomes(job: &Json) -> Vec<String> {
    let stages = job["stages"].as_array().expect("stages").iter();
    let said = |stage: &Json| {
        let word = |key: &str| stage[key].as_str().expect(key).to_string();
        format!("{} {}", word("stage"), word("outcome"))
    };
    stages.map(said).collect()
}

#[test]
fn nightly_goes_on_with_what_it_has_when_the_base_cannot_be_read() {
    let life = Life::plain();
    let known = life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["pull"]);
    life.lead("Owen Hart", OWEN, "Hart Logistics");
    life.airtable.fail(Call::List, 1, down());
    let night = life.run(NIGHT, &["nightly", "--json"]).exits(75);
    let night = night.complains("error: ").json();
    assert_eq!(
        outcomes(&night),
        [
            "scan ok",
            "pull again",
            "generate ok",
            "schedule ok",
            "push ok"
        ]
    );
    assert_eq!(night["outcome"], "again");
    assert_eq!(
        night["stages"][1]["errors"].as_array().unwrap().len(),
        1,
        "{night}"
    );
    life.shows(&known, &[("Campaign_Status", "Active")]);
    assert_eq!(life.world.sql("SELECT email FROM leads"), [[NORA]]);
    // The cursor did not move: the next night reads what this one could not.
    life.ok("2025-03-04T02:00:00Z", &["nightly"]);
    assert_eq!(life.world.campaign_state(OWEN), "active");
}

#[test]
fn what_the_base_could_not_be_told_is_told_an_hour_later() {
    let life = Life::plain();
    let nora = life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.airtable.fail(Call::Update, 1, down());
    let hour = life.run(HOOK, &["hourly", "--json"]).exits(75).json();
    assert_eq!(outcomes(&hour), ["scan ok", "send ok", "push again"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    life.shows(&nora, &[("Engagement_Status", "Auto-Send")]);
    life.ok("2025-03-03T11:00:00Z", &["hourly"]);
    life.shows(
        &nora,
        &[
            ("Engagement_Status", "Sent"),
            ("Hook_Message_Sent_Date", "2025-03-03T10:00:00.000Z"),
        ],
    );
    assert_eq!(life.steps_to(NORA), ["hook"]);
}

#[test]
fn an_update_whose_answer_was_lost_is_looked_for_and_not_made_again() {
    let life = Life::plain();
    let nora = life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.airtable.take_updates();
    life.airtable.fail(Call::Update, 1, BaseFault::HangUpAfter);
    life.ok(HOOK, &["hourly"]);
    let updates = life.airtable.take_updates();
    assert_eq!(updates.len(), 1);
    life.shows(
        &nora,
        &[
            ("Engagement_Status", "Sent"),
            ("Current_Message_Number", "1"),
        ],
    );
    life.ok("2025-03-03T11:00:00Z", &["hourly"]);
    assert!(life.airtable.take_updates().is_empty());
}

#[test]
fn a_job_ends_with_its_gravest_code_and_its_json_is_one_object_of_stages() {
    let mut life = Life::plain();
    life.lead("Nora Lind", NORA, "Lind Freight");
    let night = life.ok(NIGHT, &["nightly", "--json"]).json();
    let keys = |value: &Json| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&night), ["backup", "job", "outcome", "stages"]);
    assert_eq!(
        (&night["job"], &night["outcome"]),
        (&"nightly".into(), &"ok".into())
    );
    let copy = night["backup"].as_str().unwrap();
    assert!(life.world.path(copy).is_file(), "{copy}");
    let single = life.ok(NIGHT, &["push", "--json"]).json();
    for stage in night["stages"].as_array().unwrap().iter().chain([&single]) {
        assert_eq!(
            keys(stage),
            [
                "counts",
                "dry_run",
                "errors",
                "finished_at",
                "outcome",
                "run_id",
                "stage",
                "started_at"
            ]
        );
        assert_eq!(stage["started_at"], NIGHT);
    }
    // A base that is down is for later, a wrong password for a person: the job says the graver.
    life.world.set_env("AIRTABLE_API_KEY", "patWrong.secret");
    life.smtp
        .fail(Rule::new(At::Greeting, Fault::Leave(421, "4.3.2 closing")));
    let hour = life.run(HOOK, &["hourly", "--json"]).exits(78).json();
    assert_eq!(outcomes(&hour), ["scan ok", "send again", "push failed"]);
    assert_eq!(hour["outcome"], "failed");
}

#[test]
fn a_second_run_of_a_stage_ends_with_75_and_names_the_first_while_others_run() {
    let life = Life::plain();
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.smtp.fail(Rule::new(At::Body, Fault::Silence).times(1));
    let first = life.start(HOOK, &["send"]);
    life.smtp.wait_for(At::Body);
    let holder = format!(
        "another run of `send` holds the lock: process {}, since",
        first.pid()
    );
    life.run(HOOK, &["send"]).exits(75).complains(&holder);
    let json = life.run(HOOK, &["send", "--json"]).exits(75).json();
    assert_eq!(json["outcome"], "again");
    assert!(
        json["errors"][0].as_str().unwrap().contains(&holder),
        "{json}"
    );
    let hour = life.run(HOOK, &["hourly", "--json"]).exits(75).json();
    assert_eq!(outcomes(&hour), ["scan ok", "send again", "push ok"]);
    for stage in ["pull", "generate", "schedule", "scan", "push"] {
        life.ok(HOOK, &[stage]);
    }
    life.smtp.release();
    first.wait().exits(0);
    life.ok(HOOK, &["send"]);
    assert_eq!(life.steps_to(NORA), ["hook"]);
    assert_eq!(life.world.state(NORA, "hook"), "sent");
}
