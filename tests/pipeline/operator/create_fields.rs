//! `init --create-fields`: what a table lacks, said and made.

use outreach::campaign::Sequence;
use outreach::changeset::WriteField;
use serde_json::json;

use super::*;
use crate::world::Outcome;
use crate::world::airtable::{self, Airtable, Call, Fault};

/// What the tables of these tests lack, in the order it is made.
const LACKED: [&str; 5] = [
    "Replied",
    "Campaign_Command",
    "Campaign_Notes",
    "Next_Message_Date",
    "Hook_Message_Opens",
];

/// A base with a lead whose table lacks some columns, and a program that may ask it at any rate.
struct Base {
    world: World,
    airtable: Airtable,
    lead: String,
}

impl Base {
    fn new() -> Base {
        let airtable = Airtable::start();
        airtable.allow_any_rate();
        let lead = airtable.insert(&[
            ("Full Name", "Ada Lovelace"),
            ("Email", ADA),
            ("Company", "Analytical Engines"),
            ("Email_Confidence_Level", "Real"),
            ("Business_Type", "Logistics"),
        ]);
        let world = World::new()
            .env("AIRTABLE_API_URL", airtable.url())
            .env("AIRTABLE_API_KEY", airtable::API_KEY)
            .env("AIRTABLE_BASE_ID", airtable::BASE_ID)
            .env("AIRTABLE_CALLS_PER_SECOND", "0")
            .env("FROM_EMAIL", "team@sender.example");
        Base {
            world,
            airtable,
            lead,
        }
    }

    /// A base that lacks what [`LACKED`] names.
    fn lacking() -> Base {
        let base = Base::new();
        for column in LACKED {
            base.airtable.drop_column(column);
        }
        base
    }

    #[track_caller]
    fn create(&self, options: &str) -> Outcome {
        let options = options.split_whitespace();
        let args: Vec<&str> = ["init", "--create-fields"]
            .into_iter()
            .chain(options)
            .collect();
        self.world.run(&args)
    }

    /// The answer of a person who is asked on a terminal.
    #[track_caller]
    fn create_and_answer(&self, answer: &str) -> Outcome {
        let line = format!(r#"echo '{answer}' | script -qec "$*" /dev/null"#);
        let through = ["sh", "-c", &line, "sh"];
        let running = self
            .world
            .spawn_through(&through, &["init", "--create-fields"]);
        running.wait()
    }

    fn made(&self) -> u64 {
        self.airtable.calls_of(Call::CreateField)
    }

    fn has(&self, column: &str) -> bool {
        self.airtable.person(|person| person.has_column(column))
    }
}

#[test]
fn without_a_word_from_a_person_it_lists_and_makes_nothing() {
    let base = Base::lacking();
    base.airtable.drop_column("Industry");
    base.airtable.drop_option("Engagement_Status", "Skipped");
    base.airtable.drop_option("Campaign_Status", "Draft");
    let outcome = base.create("").exits(2);
    for line in [
        "table `Leads` of base `appLoopbackBase01` lacks 5 columns:",
        "Replied             checkbox       people",
        "Campaign_Command    singleSelect   shared      Pause, Resume, Stop, Approve, Regenerate",
        "Campaign_Notes      multilineText  outreach",
        "Next_Message_Date   dateTime       outreach    ISO, 24 hours, UTC",
        "Hook_Message_Opens  number         outreach    whole",
        "those of people may be there under another name: then set AIRTABLE_FIELD_REPLIED to it \
         instead",
        "optional, left to people who have something to put there: Industry",
        // An option of a select that is ours alone is made when it is first written.
        "to be mended by hand:\n  - column `Engagement_Status` lacks the options `Skipped`; add \
         them by hand, a program cannot\n\nnothing was created\n",
    ] {
        let stdout = &outcome.stdout;
        assert!(stdout.contains(line), "expected `{line}` in\n{stdout}");
    }
    let error = "error: nothing was created: expected --yes, or a terminal to ask on\n";
    assert_eq!(outcome.stderr, error);

    let json = base
        .create("--json")
        .complains("expected --yes")
        .exits(2)
        .json();
    let of = |key: &str, name: &str| {
        let all = json[key].as_array().unwrap().iter();
        let all = all.map(|one| one.get(name).unwrap_or(one).as_str().unwrap().to_string());
        all.collect::<Vec<_>>()
    };
    assert_eq!(of("missing", "name"), LACKED);
    assert_eq!(of("not_created", ""), LACKED);
    assert_eq!(
        (&json["created"], &json["optional"]),
        (&json!([]), &json!(["Industry"]))
    );
    assert_eq!(json["missing"][1]["options"][4], "Regenerate");
    assert_eq!(base.made(), 0);
    assert!(!base.world.path("campaigns.db").exists());
}

#[test]
fn every_column_it_makes_is_as_the_stages_need_it() {
    let base = Base::new();
    let shape = |name: &str| (base.airtable.kind(name), base.airtable.options(name));
    let needed: Vec<String> = {
        let people = [
            "Full Name",
            "Email",
            "Company",
            "Email_Confidence_Level",
            "Replied",
        ];
        let sequence = Sequence::hook_proof_fomo([0, 3, 7], true);
        let ours = WriteField::all(&sequence)
            .into_iter()
            .map(|field| field.column());
        people.map(str::to_string).into_iter().chain(ours).collect()
    };
    let before: Vec<_> = needed.iter().map(|name| shape(name)).collect();
    for name in &needed {
        base.airtable.drop_column(name);
    }
    let json = base.create("--yes --json").exits(0).json();
    assert_eq!(json["created"].as_array().unwrap().len(), needed.len());
    assert_eq!(json["not_created"], json!([]));
    for (name, mut before) in needed.iter().zip(before) {
        if name == "Delivery_Method" {
            before.1.truncate(1); // How else people deliver is theirs to add.
        }
        assert_eq!(shape(name), before, "{name}");
    }

    let n_calls = base.airtable.calls();
    let again = base.create("--yes").exits(0).stdout;
    let expected = "table `Leads` of base `appLoopbackBase01` lacks no column that is needed\n";
    assert_eq!(again, expected);
    assert_eq!(base.airtable.calls(), n_calls + 1);
}

#[test]
fn a_person_on_a_terminal_is_asked() {
    let base = Base::lacking();
    for (answer, n_made) in [("", 0), ("n", 0), ("nope", 0), ("Y", 5)] {
        let said = base.create_and_answer(answer).exits(0).stdout;
        let question = "create these 5 columns in table `Leads` of base `appLoopbackBase01`? [y/N]";
        assert!(said.contains(question), "{said}");
        assert_eq!(said.contains("nothing was created"), n_made == 0, "{said}");
        assert_eq!(base.made(), n_made, "`{answer}`: {said}");
    }
}

#[test]
fn a_command_that_makes_no_sense_and_a_token_that_may_not_are_told() {
    for (args, said) in [
        (&["init", "--yes"][..], "expected --create-fields"),
        (
            &["init", "--create-fields", "--file", "x"],
            "cannot be used with `--file <FILE>`",
        ),
    ] {
        World::new().run(args).exits(2).complains(said);
    }
    let unset = with_leads()
        .run(&["init", "--create-fields", "--yes"])
        .exits(78);
    unset.complains("error: AIRTABLE_API_KEY: expected a token, and a base in AIRTABLE_BASE_ID");

    let base = Base::lacking();
    base.airtable.forbid_schema_writes();
    let refused = base.create("--yes").exits(78);
    assert!(
        refused.stdout.ends_with("\nnothing was created\n"),
        "{}",
        refused.stdout
    );
    refused.complains("give it the scope schema.bases:write");
    assert_eq!(base.made(), 1);
    base.airtable.hide_schema();
    let hidden = base.create("--yes").exits(78);
    assert_eq!(hidden.stdout, "");
    hidden.complains("schema.bases:read and schema.bases:write");
    assert_eq!(base.made(), 1);
}

#[test]
fn a_column_named_by_its_id_is_not_made_under_that_name() {
    let base = Base::new();
    base.airtable.drop_column("Tone");
    base.airtable.drop_column("Campaign_Notes");
    let mut base = base;
    base.world
        .set_env("AIRTABLE_FIELD_CAMPAIGN_NOTES", "fld0123456789ABCD");
    base.world.set_env("AIRTABLE_FIELD_TONE", "Voice");
    let said = base.create("--yes").exits(0).stdout;
    for line in [
        "AIRTABLE_FIELD_CAMPAIGN_NOTES: expected the id of a column of the table, found \
         `fld0123456789ABCD`",
        "AIRTABLE_FIELD_TONE: expected the name of a column of the table, found `Voice`",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(base.made(), 0);
}

#[test]
fn what_fails_in_the_middle_goes_on_from_there() {
    let base = Base::lacking();
    let busy = Fault::Answer {
        status: 503,
        body: "{}".to_string(),
    };
    // Both answers are lost after the column was made; then nothing works any more.
    base.airtable.fail(Call::CreateField, 2, Fault::HangUpAfter);
    base.airtable.fail(Call::CreateField, 4, busy);
    let outcome = base.create("--yes").exits(75);
    let told = "created `Replied` (1 of 5)\ncreated `Campaign_Command` (2 of 5)\n\n\
                not created: Campaign_Notes, Next_Message_Date, Hook_Message_Opens; the same \
                command goes on from here\n";
    assert!(outcome.stdout.ends_with(told), "{}", outcome.stdout);
    outcome.complains("error: Airtable is in trouble (503");
    assert_eq!(
        LACKED.map(|column| base.has(column)),
        [true, true, false, false, false]
    );

    // Somebody is quicker with the next but one.
    base.airtable.on_call(Box::new(|person, call| {
        if call == Call::CreateField && person.has_column("Tone") {
            person.rename_column("Tone", "Next_Message_Date");
        }
    }));
    let outcome = base.create("--yes --json").exits(78);
    let json = outcome.json();
    assert_eq!(json["created"], json!(["Campaign_Notes"]));
    assert_eq!(
        json["not_created"],
        json!(["Next_Message_Date", "Hook_Message_Opens"])
    );
    outcome.complains("does not make the column `Next_Message_Date` (422 DUPLICATE_OR_EMPTY");

    base.airtable.on_no_call();
    base.airtable.rename_column("Next_Message_Date", "Tone");
    assert_eq!(
        base.create("--yes --json").exits(0).json()["created"],
        json!(LACKED[3..])
    );
    assert!(LACKED.iter().all(|column| base.has(column)));
}

#[test]
fn new_columns_are_filled_with_what_is_known_already() {
    let base = Base::new();
    for column in ["Campaign_Notes", "Next_Message_Date"] {
        base.airtable.drop_column(column);
    }
    base.world.at(MONDAY).run(&["nightly"]).exits(0);
    let shown = |column: &str| base.airtable.field(&base.lead, column);
    assert_eq!(shown("Campaign_Status"), Some(json!("Active")));
    // One that was told its values already goes, and comes back empty.
    base.airtable.drop_column("Campaign_ID");
    // What the table was like before is not forgotten over it.
    base.airtable.rename_column("Full Name", "Person");
    let said = base.create("--yes").exits(0).stdout;
    assert!(
        said.contains("column `Full Name` is now called `Person`"),
        "{said}"
    );
    assert_eq!(base.made(), 3, "{said}");

    let n_calls = base.airtable.calls();
    base.world.at(NOON).run(&["push"]).exits(0);
    assert_eq!(base.airtable.calls(), n_calls + 1);
    for column in ["Campaign_ID", "Campaign_Notes", "Next_Message_Date"] {
        let text = shown(column).unwrap_or_else(|| panic!("{column} is empty"));
        assert!(text.as_str().unwrap().len() > 15, "{text}");
    }
    let read = base.world.at(NOON).run(&["pull", "--json"]).exits(0).json();
    assert_eq!(read["counts"]["read"], 1);
    base.world.at(NOON).run(&["push"]).exits(0);
    let name = "SELECT full_name FROM leads";
    assert_eq!(base.world.sql(name), [["Ada Lovelace"]]);

    // Nothing is shown again without a reason.
    base.create("").exits(0);
    let n_calls = base.airtable.calls();
    base.world.at(NOON).run(&["push"]).exits(0);
    assert_eq!(base.airtable.calls(), n_calls);
}

#[test]
fn a_first_run_works_with_the_columns_it_made() {
    let base = Base::lacking();
    base.create("--yes").exits(0);
    base.world.at(MONDAY).run(&["nightly"]).exits(0);
    base.airtable
        .set(&base.lead, "Campaign_Command", json!("Pause"));
    for stage in ["pull", "push"] {
        base.world.at(NOON).run(&[stage]).exits(0);
    }
    let shown = |column: &str| base.airtable.field(&base.lead, column);
    assert_eq!(shown("Campaign_Status"), Some(json!("Paused")));
    assert_eq!(shown("Campaign_Command"), None);
    let notes = shown("Campaign_Notes").unwrap();
    assert!(
        notes.as_str().unwrap().contains("Campaign_Command Pause"),
        "{notes}"
    );
}

#[test]
fn doctor_tells_what_the_table_is_like() {
    let base = Base::new();
    base.world.at(MONDAY).run(&["nightly"]).exits(0);
    base.airtable.rename_column("Campaign_Notes", "Remarks");
    for column in ["Industry", "Next_Message_Date"] {
        base.airtable.drop_column(column);
    }
    base.airtable.drop_option("Campaign_Command", "Stop");
    let at = "2026-03-02T12:00:00Z";
    let text = base.world.at(at).run(&["doctor"]).exits(0).stdout;
    let expected = "\
ok    leads          table `Leads` of base `appLoopbackBase01` answers
                     reads 21 columns; optional and not there: `Industry`
                     writes 27 of 28 columns; `outreach init --create-fields` makes the others: \
`Next_Message_Date`
                     column `Industry` is no longer there
                     column `Campaign_Command`: lacks the options `Stop`
                     column `Next_Message_Date` is no longer there; `outreach init \
--create-fields` makes it anew
                     column `Campaign_Notes` is now called `Remarks`; it keeps working
ok    calls          ";
    for line in expected.lines() {
        assert!(text.contains(line), "expected `{line}` in\n{text}");
    }
    base.airtable.drop_column("Replied");
    let text = base.world.at(at).run(&["doctor"]).exits(78).stdout;
    let line = "FAIL  leads          expected a column `Replied` in the table, found none; add it";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_base_that_was_read_a_while_ago_is_no_mailbox_to_be_scanned() {
    let base = Base::new();
    base.world.at(MONDAY).run(&["nightly"]).exits(0);
    let status = base
        .world
        .at("2026-03-02T21:00:00Z")
        .run(&["status", "--json"])
        .exits(0);
    let json = status.json();
    let mailboxes = json["mailboxes"].as_array().unwrap().iter();
    let names: Vec<&str> = mailboxes.map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["maildir:inbox"]);
    assert!(
        !status.stdout.contains("mailbox airtable"),
        "{}",
        status.stdout
    );
}
