//! What people ask for in Campaign_Command, from the cell to the answer in Campaign_Notes.

use serde_json::{Value as Json, json};

use crate::world::airtable::{self, Airtable};
use crate::world::llm::{self, Llm, campaign};
use crate::world::{Outcome, World};

const NIGHT: &str = "2026-03-02T02:00:00Z";
const HOOK: &str = "2026-03-02T15:00:00Z";

/// A base with two leads, the built-in writer, and Maildirs for the mail.
struct Base {
    world: World,
    airtable: Airtable,
    ada: String,
    nora: String,
}

impl Base {
    fn new() -> Base {
        let airtable = Airtable::start();
        airtable.allow_any_rate();
        let lead = |name: &str, email: &str, company: &str| {
            airtable.insert(&[
                ("Full Name", name),
                ("Email", email),
                ("Company", company),
                ("Email_Confidence_Level", "Real"),
                ("Engagement_Status", "Auto-Send"),
                ("Business_Type", "Logistics"),
            ])
        };
        let ada = lead("Ada Byron", "ada@engines.example", "Byron Engines");
        let nora = lead("Nora Lind", "nora@lindfreight.example", "Lind Freight");
        let world = World::new()
            .env("AIRTABLE_API_URL", airtable.url())
            .env("AIRTABLE_API_KEY", airtable::API_KEY)
            .env("AIRTABLE_BASE_ID", airtable::BASE_ID)
            .env("FROM_EMAIL", "us@ourco.example")
            .env("POSTAL_ADDRESS", "Our Co, 1 Example Street, Springfield")
            .env("UNSUBSCRIBE_MAILTO", "stop@ourco.example");
        Base {
            world,
            airtable,
            ada,
            nora,
        }
    }

    #[track_caller]
    fn run(&self, now: &str, args: &[&str]) -> Outcome {
        self.airtable.set_now(now.parse().unwrap());
        self.world.at(now).run(args)
    }

    /// Runs stages or jobs at an instant, one after the other.
    #[track_caller]
    fn ok(&self, now: &str, commands: &str) {
        for command in commands.split(", ") {
            let words: Vec<&str> = command.split(' ').collect();
            self.run(now, &words).exits(0);
        }
    }

    /// A person chooses a command, and it is read and answered.
    #[track_caller]
    fn says(&self, now: &str, record: &str, word: &str) {
        self.airtable.set_now(now.parse().unwrap());
        self.airtable.set(record, "Campaign_Command", json!(word));
        self.ok(now, "pull, push");
    }

    fn cell(&self, record: &str, column: &str) -> String {
        let cell = self.airtable.field(record, column);
        cell.as_ref()
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_string()
    }

    #[track_caller]
    fn shows(&self, record: &str, status: &str, notes: &str) {
        assert_eq!(self.cell(record, "Campaign_Status"), status);
        assert_eq!(self.cell(record, "Campaign_Notes"), notes);
    }

    /// The texts of a lead's campaign in the ledger.
    fn texts(&self, record: &str) -> Vec<Vec<String>> {
        self.world.sql(&format!(
            "SELECT m.step, m.subject, t.body
             FROM messages m JOIN message_texts t ON t.message_id = m.id
                             JOIN campaigns c ON c.id = m.campaign_id
                             JOIN leads l ON l.id = c.lead_id
             WHERE l.record_id = '{record}' ORDER BY m.number"
        ))
    }
}

/// Demands that every body differs.
#[track_caller]
fn differ(before: &[Vec<String>], after: &[Vec<String>]) {
    assert_eq!((before.len(), after.len()), (3, 3));
    for (before, after) in before.iter().zip(after) {
        assert_eq!(before[0], after[0]);
        assert_ne!(before[2], after[2], "{}", before[0]);
    }
}

#[test]
fn a_paused_campaign_sends_nothing_until_a_person_resumes_it() {
    let base = Base::new();
    base.ok(NIGHT, "nightly");
    base.says("2026-03-02T08:00:00Z", &base.nora, "Pause");
    base.shows(
        &base.nora,
        "Paused",
        "paused: a person said Pause in the base. Campaign_Command Pause, 2 Mar 08:00: paused.",
    );
    base.ok(HOOK, "hourly");
    assert_eq!(
        base.world.state("nora@lindfreight.example", "hook"),
        "drafted"
    );
    assert_eq!(base.world.state("ada@engines.example", "hook"), "sent");
    base.says("2026-03-02T16:00:00Z", &base.nora, "Resume");
    base.ok("2026-03-02T16:01:00Z", "schedule");
    base.ok("2026-03-03T15:00:00Z", "hourly");
    assert_eq!(base.world.state("nora@lindfreight.example", "hook"), "sent");
    base.says("2026-03-04T08:00:00Z", &base.nora, "Stop");
    base.shows(
        &base.nora,
        "Stopped",
        "stopped: a person stopped it, after hook on 3 Mar. \
         Campaign_Command Stop, 4 Mar 08:00: stopped.",
    );
    let reads = "SELECT count(*) FROM commands";
    assert_eq!(base.world.sql(reads), [["3"]]);
    base.ok("2026-03-04T09:00:00Z", "pull, pull");
    assert_eq!(base.world.sql(reads), [["3"]], "each is carried out once");
}

#[test]
fn regenerated_texts_differ_and_wait_for_the_person_who_asked() {
    let base = Base::new();
    base.ok(NIGHT, "nightly");
    let campaign = base.cell(&base.nora, "Campaign_ID");
    let (nora, ada) = (base.texts(&base.nora), base.texts(&base.ada));
    base.says("2026-03-02T08:00:00Z", &base.nora, "Regenerate");
    base.shows(
        &base.nora,
        "Draft",
        "draft: waits for its texts. Campaign_Command Regenerate, 2 Mar 08:00: its texts will be \
         written anew and wait in review.",
    );
    base.ok("2026-03-02T08:01:00Z", "schedule, generate, push, schedule");
    base.shows(
        &base.nora,
        "Needs Review",
        "needs review: written anew because a person asked",
    );
    let anew = base.texts(&base.nora);
    differ(&nora, &anew);
    assert_eq!(base.texts(&base.ada), ada, "nobody else's are touched");
    assert_eq!(base.cell(&base.nora, "Hook_Message_Body"), anew[0][2]);
    assert_eq!(base.cell(&base.nora, "Campaign_ID"), campaign);
    assert_eq!(
        base.world.state("nora@lindfreight.example", "hook"),
        "drafted"
    );
    // Once more: neither the first nor the second texts come again.
    base.says("2026-03-02T08:10:00Z", &base.nora, "Pause");
    base.says("2026-03-02T08:20:00Z", &base.nora, "Regenerate");
    base.ok("2026-03-02T08:21:00Z", "generate");
    let third = base.texts(&base.nora);
    differ(&anew, &third);
    differ(&nora, &third);
    let counts = "SELECT max(rewrites), count(*), (SELECT count(*) FROM messages) FROM campaigns";
    assert_eq!(base.world.sql(counts), [["2", "2", "6"]]);
    base.ok(
        "2026-03-02T09:00:00Z",
        &format!("review approve {campaign}, schedule"),
    );
    base.ok(HOOK, "hourly");
    let sent = base.world.maildir_files();
    let first_line = third[0][2].lines().nth(2).unwrap();
    assert!(
        sent.iter().any(|mail| mail.text().contains(first_line)),
        "what was approved is what is sent"
    );
}

#[test]
fn a_rehearsal_and_the_options_keep_to_what_they_say() {
    let base = Base::new();
    base.ok(NIGHT, "nightly");
    let (nora, ada) = (base.texts(&base.nora), base.texts(&base.ada));
    base.says("2026-03-02T08:00:00Z", &base.nora, "Regenerate");
    base.says("2026-03-02T08:00:00Z", &base.ada, "Regenerate");
    let shown = base.run("2026-03-02T08:01:00Z", &["generate", "--dry-run"]);
    let shown = shown.exits(0).stdout;
    assert!(shown.contains("to review, written anew because"), "{shown}");
    assert!(shown.contains("2 rewritten"), "{shown}");
    assert_eq!(base.texts(&base.nora), nora);
    let lead = format!("generate --lead {}", base.nora);
    base.ok("2026-03-02T08:02:00Z", &lead);
    differ(&nora, &base.texts(&base.nora));
    assert_eq!(base.texts(&base.ada), ada);
    // Asked for goes before new, and both count against the limit.
    base.airtable.insert(&[
        ("Full Name", "Owen Hart"),
        ("Email", "owen@hart.example"),
        ("Company", "Hart Tools"),
        ("Email_Confidence_Level", "Real"),
    ]);
    base.ok("2026-03-02T08:03:00Z", "pull, generate --limit 1");
    differ(&ada, &base.texts(&base.ada));
    assert_eq!(base.world.campaign_state("owen@hart.example"), "none");
    base.ok("2026-03-02T08:04:00Z", "generate --limit 1");
    assert_eq!(base.world.campaign_state("owen@hart.example"), "active");
}

#[test]
fn a_lead_that_cannot_be_written_for_stays_a_draft_and_is_told() {
    let base = Base::new();
    base.ok(NIGHT, "nightly");
    base.says("2026-03-02T08:00:00Z", &base.nora, "Regenerate");
    base.airtable.set(&base.nora, "Company", json!("TBD"));
    base.ok("2026-03-02T08:01:00Z", "pull");
    let outcome = base.run("2026-03-02T08:02:00Z", &["generate"]).exits(3);
    outcome.complains("cannot write it anew: invalid_company");
    let state = |email| base.world.campaign_state(email);
    assert_eq!(state("nora@lindfreight.example"), "draft");
    base.airtable
        .set(&base.nora, "Company", json!("Lind Cargo"));
    base.ok("2026-03-02T08:10:00Z", "pull, generate");
    assert_eq!(state("nora@lindfreight.example"), "review");
    let hook = base.texts(&base.nora).remove(0).join("\n");
    assert!(hook.contains("Lind Cargo"), "{hook}");
}

#[test]
fn texts_are_not_written_anew_once_a_mail_has_left() {
    let base = Base::new();
    base.ok(NIGHT, "nightly");
    base.ok(HOOK, "hourly");
    let texts = base.texts(&base.nora);
    base.says("2026-03-02T16:00:00Z", &base.nora, "Regenerate");
    let notes = base.cell(&base.nora, "Campaign_Notes");
    assert!(
        notes.contains("Campaign_Command Regenerate, 2 Mar 16:00: not written anew: a mail"),
        "{notes}"
    );
    base.ok("2026-03-02T16:01:00Z", "generate");
    assert_eq!(base.texts(&base.nora), texts);
}

#[test]
fn a_model_is_told_which_texts_nobody_wants() {
    let llm = Llm::answering(|asked| {
        let written = campaign::campaign(asked).to_string();
        let is_anew = campaign::prompt(asked).contains("turned these texts down");
        let written = match is_anew {
            true => written.replace("\\n\\n— ", "\\n\\nWould that be of use?\\n\\n— "),
            false => written,
        };
        serde_json::from_str(&written).unwrap()
    });
    let mut base = Base::new();
    base.world.set_env("OPENAI_BASE_URL", &llm.url());
    base.world.set_env("OPENAI_API_KEY", llm::KEY);
    base.ok(NIGHT, "nightly");
    let before = base.texts(&base.nora);
    base.says("2026-03-02T08:00:00Z", &base.nora, "Regenerate");
    let n_before = llm.requests().len();
    base.ok("2026-03-02T08:01:00Z", "generate");
    let asked = llm.requests().split_off(n_before);
    let prompt = campaign::prompt(&asked[0]);
    let told = serde_json::to_string(&before[0][1]).unwrap();
    assert!(prompt.contains(&told), "{told} in {prompt}");
    differ(&before, &base.texts(&base.nora));
    let row = "SELECT state, writer LIKE 'model:%', rewrites FROM campaigns WHERE rewrites > 0";
    assert_eq!(base.world.sql(row), [["review", "1", "1"]]);
    assert_eq!(asked.len(), 1);

    // A model that knows but one campaign is given up for the templates.
    let base = {
        let (llm, mut base) = (Llm::start(), Base::new());
        base.world.set_env("OPENAI_BASE_URL", &llm.url());
        base.world.set_env("OPENAI_API_KEY", llm::KEY);
        // For Ada only: to Nora it would say the same, and the templates would write instead.
        base.ok(NIGHT, &format!("pull, generate --lead {}, push", base.ada));
        let before = base.texts(&base.ada);
        base.says("2026-03-02T08:00:00Z", &base.ada, "Regenerate");
        base.ok("2026-03-02T08:01:00Z", "generate");
        differ(&before, &base.texts(&base.ada));
        base
    };
    let row = "SELECT state, writer LIKE 'template:%' FROM campaigns WHERE rewrites > 0";
    assert_eq!(base.world.sql(row), [["review", "1"]]);
}
