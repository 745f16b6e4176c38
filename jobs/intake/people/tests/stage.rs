//! Records that people change, read into a real ledger by the stage's own steps.

use std::sync::Arc;

use chrono::Duration;
use outreach::calendar::{Place, Zone};
use outreach::campaign::{Sequence, campaign_id};
use outreach::changeset::{self, WriteField};
use outreach::config::{Config, Sources};
use outreach::copy::Draft;
use outreach::lead::{RecordId, content_check};
use outreach::ledger::{Ledger, NewCampaign, PulledLead, Pushed, Rewritten};

use super::*;

const HOOK_SUBJECT: &str = "Hook_Message_Subject";
const HOOK_BODY: &str = "Hook_Message_Body";

/// A ledger with one lead, read over and over with what people put into its record.
struct Base {
    ledger: Ledger,
    now: DateTime<Utc>,
    cells: BTreeMap<ReadField, String>,
    texts: Option<BTreeMap<String, String>>,
    summary: Summary,
    config: Config,
    _dir: tempfile::TempDir,
}

impl Base {
    fn new() -> Base {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-03-02T08:00:00Z".parse().unwrap();
        let mut base = Base {
            ledger: Ledger::open(&dir.path().join("ledger.db"), now).unwrap(),
            now,
            cells: record(&[]).fields,
            texts: None,
            summary: Summary::default(),
            config: Config::load(&Sources::only::<&str, &str>([])).unwrap().0,
            _dir: dir,
        };
        base.pull();
        base
    }

    /// With a campaign in review whose texts the base was told and shows.
    fn in_review() -> Base {
        let mut base = Base::new();
        let drafts = ["hook", "proof", "fomo"].map(|step| Draft {
            step: step.to_string(),
            subject: format!("About {step}"),
            body: format!("Hi Ada,\n\n{step}.\n\n— Us"),
        });
        let campaign = NewCampaign {
            campaign_id: campaign_id(&RecordId::new("recA"), 1, base.now),
            lead: 1,
            written_to: Arc::new(content_check(&record(&[])).unwrap()),
            company: "Analytical Engines".to_string(),
            hold_reason: Some("REQUIRE_APPROVAL is on".to_string()),
            sequence: Sequence::hook_proof_fomo([0, 3, 7], true),
            drafts: drafts.to_vec(),
            writer: "template:x".to_string(),
            quality_score: 100,
            quality_issues: "[]".to_string(),
            tokens: 0,
            place: Place {
                zone: Zone::utc(),
                zone_reason: String::new(),
                country: "US".to_string(),
                country_reason: String::new(),
            },
        };
        base.ledger.insert_campaigns(&[campaign], base.now).unwrap();
        base.push();
        base
    }

    /// Other texts are written for the campaign that waits for them.
    fn generate(&mut self) {
        let waiting = self
            .ledger
            .campaigns_to_rewrite(1, 0, None)
            .unwrap()
            .remove(0);
        let drafts = waiting.drafts.into_iter().map(|draft| Draft {
            subject: format!("Again {}", draft.subject),
            ..draft
        });
        let rewritten = Rewritten {
            campaign: waiting.id,
            rewrites: waiting.rewrites,
            company: "Analytical Engines".to_string(),
            hold_reason: "asked".to_string(),
            drafts: drafts.collect(),
            writer: "template:x".to_string(),
            quality_score: 100,
            quality_issues: "[]".to_string(),
            tokens: 0,
        };
        let stored = self.ledger.store_rewritten(&[rewritten], self.now).unwrap();
        assert_eq!(stored, 1);
    }

    fn time_goes_by(&mut self) {
        self.now += Duration::minutes(10);
    }

    /// Shows the base what it should show, and notes that it was told.
    fn push(&mut self) {
        let lead = self
            .ledger
            .leads_to_push("airtable", false, 0, 1, None)
            .unwrap()
            .remove(0);
        let told = changeset::desired(&lead.view);
        let texts = told
            .iter()
            .filter(|(column, _)| column.contains("_Message_"));
        let texts = texts.map(|(column, value)| (column.clone(), value.to_text()));
        self.texts = Some(texts.collect());
        let pushed = Pushed {
            lead: lead.id,
            revision: lead.revision,
            told,
            refusal: None,
        };
        self.ledger.record_pushes(&[pushed], self.now).unwrap();
    }

    /// Ten minutes later the record is read as it stands.
    fn pull(&mut self) {
        self.time_goes_by();
        let (now, summary) = (self.now, &mut self.summary);
        let gate = QualityGate::new(&self.config);
        let raw = RawLead {
            record_id: RecordId::new("recA"),
            fields: self.cells.clone(),
        };
        let texts = self.texts.as_ref();
        self.ledger
            .pull_in_one_transaction(|tx| {
                let facts = tx.facts(
                    &raw,
                    Some("ada@engines.example"),
                    Some("ada@engines.example"),
                )?;
                let pulled = PulledLead {
                    raw: &raw,
                    source: "airtable",
                    full_name: "Ada Lovelace",
                    company: "Analytical Engines",
                    email: Some("ada@engines.example"),
                    mailbox: Some("ada@engines.example"),
                    company_domain: Some("engines.example"),
                    reject: None,
                    repairs: &[],
                    has_campaign: facts.campaign.is_some(),
                };
                tx.store(&pulled, now)?;
                follow(tx, &raw, texts, &facts, &gate, now, summary)
            })
            .unwrap();
    }

    fn says(&mut self, word: &str) -> &mut Base {
        let (field, word) = (ReadField::CampaignCommand, word.to_string());
        self.cells.insert(field, word);
        self.pull();
        self
    }

    fn writes(&mut self, column: &str, text: &str) -> &mut Base {
        let texts = self.texts.as_mut().unwrap();
        texts.insert(column.to_string(), text.to_string());
        self.pull();
        self
    }

    fn notes(&self) -> String {
        changeset::notes(&self.ledger.lead_view(1).unwrap())
    }

    fn events(&self, kind: &str) -> Vec<String> {
        let events = self.ledger.events(1).unwrap().into_iter();
        let events = events.filter(|event| event.kind == kind);
        events.map(|event| event.detail).collect()
    }

    #[track_caller]
    fn is(&self, state: CampaignState, answer: &str) -> &Base {
        let campaign = self.ledger.campaigns(None, None).unwrap().remove(0);
        assert_eq!(campaign.state, state, "{}", self.notes());
        assert!(self.notes().ends_with(answer), "{}", self.notes());
        self
    }

    fn open_command(&self) -> Option<String> {
        let leads = self
            .ledger
            .leads_to_push("airtable", false, 0, 1, None)
            .unwrap();
        let command = leads.into_iter().next()?.command;
        command.map(|command| command.word)
    }

    /// The cell of the open command is made empty.
    fn clear(&mut self) {
        let leads = self
            .ledger
            .leads_to_push("airtable", true, 0, 1, None)
            .unwrap();
        let command = leads[0].command.clone().unwrap();
        self.cells.remove(&ReadField::CampaignCommand);
        self.ledger.command_cleared(command.id, self.now).unwrap();
    }

    fn hook(&self) -> (String, String) {
        let hook = self.ledger.messages(1).unwrap().remove(0);
        (hook.subject, hook.body)
    }
}

#[test]
fn a_command_is_carried_out_once_however_often_its_cell_is_read() {
    let mut base = Base::in_review();
    base.says("Approve").is(
        CampaignState::Active,
        "Campaign_Command Approve, 2 Mar 08:20: approved with the texts shown here.",
    );
    base.says(" pause ").is(
        CampaignState::Paused,
        "Campaign_Command Pause, 2 Mar 08:30: paused.",
    );
    // The operator resumes it while the cell still says Pause.
    base.time_goes_by();
    base.ledger.resume_campaign(1, "go on", base.now).unwrap();
    base.pull();
    base.pull();
    base.is(CampaignState::Active, "hook not dated yet");
    assert_eq!(base.open_command().as_deref(), Some("Pause"));
    base.clear();
    assert_eq!(base.open_command(), None);
    base.pull();
    base.says("Pause").is(
        CampaignState::Paused,
        "Campaign_Command Pause, 2 Mar 09:20: paused.",
    );
    assert_eq!(base.summary.counted("commands"), 3);
    assert_eq!(base.events("command").len(), 3);
}

#[test]
fn an_emptied_or_changed_cell_ends_the_command_before() {
    let mut base = Base::in_review();
    base.says("Pause");
    assert_eq!(base.open_command().as_deref(), Some("Pause"));
    base.cells.remove(&ReadField::CampaignCommand);
    base.pull();
    assert_eq!(base.open_command(), None);
    base.says("Pause").says("Stop").is(
        CampaignState::Stopped,
        "Campaign_Command Stop, 2 Mar 08:50: stopped.",
    );
    assert_eq!(base.open_command().as_deref(), Some("Stop"));
    base.says("Resume").is(
        CampaignState::Stopped,
        "not done: the campaign has ended, a person stopped it.",
    );
    assert_eq!(base.open_command().as_deref(), Some("Resume"));
}

#[test]
fn a_record_read_before_its_cell_was_cleared_is_not_obeyed_again() {
    let mut base = Base::in_review();
    base.says("Approve").says("Pause");
    base.time_goes_by();
    base.ledger.resume_campaign(1, "go on", base.now).unwrap();
    base.clear();
    // This pull began before that, and its page still says Pause.
    base.now -= Duration::minutes(15);
    base.says("Pause")
        .is(CampaignState::Active, "not dated yet");
    assert_eq!(base.open_command(), None);
    base.time_goes_by();
    base.pull();
    base.is(CampaignState::Paused, ": paused.");
}

#[test]
fn an_unknown_word_and_a_lead_without_a_campaign_are_answered() {
    let mut base = Base::new();
    base.says("Stop");
    assert_eq!(
        base.notes(),
        "eligible: waits for its texts. Campaign_Command Stop, 2 Mar 08:20: not done: the lead has \
         no campaign."
    );
    base.says("Foo\u{202e}\nBar `x`");
    let answer = "Campaign_Command, 2 Mar 08:30: expected Pause, Resume, Stop, Approve or \
                  Regenerate, found `Foo Bar 'x'`.";
    assert!(base.notes().ends_with(answer), "{}", base.notes());
    assert_eq!(base.open_command().as_deref(), Some("Foo Bar 'x'"));
    assert_eq!(base.summary.counted("commands"), 2);
    assert_eq!(base.summary.counted("commands_not_carried_out"), 2);
    let told = Base::in_review().says("go!").notes();
    assert!(told.ends_with("found `go!`."), "{told}");
}

#[test]
fn resume_lifts_every_pause_but_one_for_data_that_is_still_bad() {
    let mut base = Base::in_review();
    base.says("Approve");
    base.cells
        .insert(ReadField::EngagementStatus, "Needs Review".to_string());
    base.says("")
        .is(CampaignState::Paused, "Engagement_Status: Needs Review");
    base.says("Resume").is(CampaignState::Active, ": resumed.");
    base.cells
        .insert(ReadField::Company, "https://x.example".to_string());
    base.says("");
    let campaign = base.ledger.campaigns(None, None).unwrap().remove(0);
    assert_eq!(campaign.state, CampaignState::Paused);
    base.says("Resume");
    let notes = base.notes();
    assert!(
        notes.contains("not resumed: the lead fails the data check, invalid_company"),
        "{notes}"
    );
    base.is(CampaignState::Paused, ".");
}

#[test]
fn a_persons_text_is_taken_and_not_written_back() {
    let mut base = Base::in_review();
    let text = "Hi Ada,\r\n\r\nMy own words.\u{200b}\r\n\n";
    base.writes(HOOK_BODY, text);
    assert_eq!(base.hook().1, "Hi Ada,\n\nMy own words.");
    assert_eq!(base.summary.counted("edited_by_person"), 1);
    assert_eq!(
        base.events("edited"),
        ["Hook_Message_Body: a person changed it in the base"]
    );
    let notes = base.notes();
    let verdict = "needs review: edited by a person; quality ";
    assert!(
        notes.starts_with(verdict) && notes.contains("missing_signature"),
        "{notes}"
    );
    let lead = base
        .ledger
        .leads_to_push("airtable", false, 0, 1, None)
        .unwrap()
        .remove(0);
    let cells = changeset::difference(&changeset::desired(&lead.view), &lead.told);
    let columns: Vec<String> = cells.into_keys().collect();
    let ours = [WriteField::CampaignNotes, WriteField::MessagePreview];
    assert_eq!(columns, ours.map(|field| field.column()));
    base.pull();
    assert_eq!(base.summary.counted("edited_by_person"), 1, "once");
    // Emptied by a slip of the hand: what was to be said stays.
    base.texts.as_mut().unwrap().remove(HOOK_BODY);
    base.pull();
    assert_eq!(base.hook().1, "Hi Ada,\n\nMy own words.");
}

#[test]
fn approve_means_the_texts_a_person_saw_their_own_edits_among_them() {
    let mut base = Base::in_review();
    base.says("");
    let texts = base.texts.as_mut().unwrap();
    texts.insert(HOOK_SUBJECT.to_string(), "My own subject".to_string());
    base.says("Approve")
        .is(CampaignState::Active, "texts shown here.");
    assert_eq!(base.hook().0, "My own subject");
    // What is edited after the approval is too late, and nothing is sent that nobody approved.
    base.writes(HOOK_SUBJECT, "Second thoughts");
    assert_eq!(base.hook().0, "My own subject");

    let mut blind = Base::in_review();
    blind.texts.as_mut().unwrap().remove(HOOK_BODY);
    blind.says("Approve");
    let notes = blind.notes();
    let is_review = notes.starts_with("needs review: REQUIRE_APPROVAL is on. ");
    assert!(
        is_review && notes.contains("`outreach review approve c"),
        "{notes}"
    );
    blind.texts = None;
    blind.says("").says("Approve");
    assert!(
        blind.notes().contains("not all shown here"),
        "{}",
        blind.notes()
    );
}

#[test]
fn regenerate_takes_the_campaign_back_until_a_mail_has_left() {
    let mut base = Base::in_review();
    base.says("Approve").says("Regenerate").is(
        CampaignState::Draft,
        "its texts will be written anew and wait in review.",
    );
    let waiting = base.ledger.campaigns_to_rewrite(9, 0, None).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].drafts[0].subject, "About hook");
    // An answer that came meanwhile ends it all the same.
    base.cells.insert(ReadField::Replied, "true".to_string());
    base.says("");
    base.is(CampaignState::Responded, "");
}

#[test]
fn texts_that_were_ours_before_are_not_taken_for_a_persons() {
    let mut base = Base::in_review();
    base.says("Regenerate").generate();
    let old = base.texts.clone();
    // Read before the new texts were shown: what the base was last told.
    base.pull();
    assert_eq!(base.hook().0, "Again About hook");
    // Shown by another process while this pull, which began earlier, was under way.
    base.time_goes_by();
    base.push();
    base.texts = old;
    base.now -= Duration::minutes(15);
    base.pull();
    assert_eq!(base.hook().0, "Again About hook");
    assert_eq!(base.summary.counted("edited_by_person"), 0);
    // A person who still writes into the old ones wins over the new ones.
    let mut base = Base::in_review();
    base.says("Regenerate").generate();
    base.writes(HOOK_SUBJECT, "Mine");
    assert_eq!(base.hook().0, "Mine");
    assert_eq!(
        base.events("edited"),
        ["Hook_Message_Subject: a person changed it in the base, over a newer text of ours"]
    );
}
