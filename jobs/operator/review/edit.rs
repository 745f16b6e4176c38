//! review edit: a person's own words instead of ours, judged like any others.
//!
//! Nothing is stored unless the sheet reads well and the campaign is as the person saw it; and what
//! a person typed into an editor is never lost.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use outreach::campaign::{CampaignState, MessageState};
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::copy::quality::Judgement;
use outreach::copy::{Draft, approval_hash};
use outreach::lead;
use outreach::ledger::{CampaignRow, EditedTexts, Ledger, StoredMessage};
use serde_json::json;

use super::super::{open, print_json};
use super::editor::{Desk, Editor};
use super::{row, sheet, show};
use crate::exit::{Exit, Failure};
use crate::judgement::{QualityGate, hold_after_edit, read_bounded, read_text};

/// What to edit, and where the texts come from.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The campaign's id
    campaign: String,
    /// Only this message
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// Take the texts from a file (`-`: stdin) as `review show --raw` prints them, with no editor
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, args: &Args) -> Result<Exit, Failure> {
    // The ledger is not kept open while a person thinks.
    let edit = Edit::begin(&open(config, clock)?, args)?;
    match &args.file {
        Some(path) => {
            let sheet = match path.as_os_str() == "-" {
                true => read_bounded(std::io::stdin()).context("stdin"),
                false => read_text(path).with_context(|| format!("`{}`", path.display())),
            };
            let sheet = sheet.context("cannot read the texts from --file");
            edit.take(config, clock, &sheet.map_err(Failure::usage)?, args.json)
        }
        None => edit.by_hand(config, clock, args.json),
    }
}

/// The sheet of a campaign's texts that may be edited; of all its texts once it is past that.
pub fn raw(campaign: &CampaignRow, messages: &[StoredMessage]) -> String {
    let editable: Vec<Draft> = editable(messages).map(draft).collect();
    match campaign.state == CampaignState::Review && !editable.is_empty() {
        true => sheet::write(&notes(campaign), &editable),
        false => {
            let all: Vec<Draft> = messages.iter().map(draft).collect();
            sheet::write(&[heading(campaign)], &all)
        }
    }
}

/// The messages that have not left.
fn editable(messages: &[StoredMessage]) -> impl Iterator<Item = &StoredMessage> {
    let drafted = MessageState::Drafted.as_str();
    messages
        .iter()
        .filter(move |message| message.state == drafted)
}

fn draft(message: &StoredMessage) -> Draft {
    Draft {
        step: message.step.clone(),
        subject: message.subject.clone(),
        body: message.body.clone(),
    }
}

fn heading(campaign: &CampaignRow) -> String {
    let (id, name) = (&campaign.campaign_id, lead::one_line(&campaign.full_name));
    format!("Campaign {id} for {name}, {}", campaign.company)
}

/// What stands above the texts.
fn notes(campaign: &CampaignRow) -> Vec<String> {
    let mut notes = vec![heading(campaign)];
    if let Some(why) = &campaign.hold_reason {
        notes.push(format!("It waits: {}", lead::one_line(why)));
    }
    let issues = show::found(&campaign.quality_issues);
    notes.extend(issues.iter().map(show::Found::note));
    let how = [
        "",
        "Change subjects and texts below. Keep the lines with === and the word Subject.",
        "Each text goes from greeting to signature; footer and opt-out line are added when it is",
        "sent. Save and leave the editor: the texts are judged, and wait for an approval. Leave",
        "them as they are, and nothing happens. Notes like these do not count.",
    ];
    notes.extend(how.map(str::to_string));
    notes
}

/// A campaign as it was when a person began to edit it.
struct Edit {
    campaign: CampaignRow,
    /// All its messages, those that have left included.
    messages: Vec<Draft>,
    /// The hash of all its texts.
    seen: String,
    /// The texts on the sheet.
    before: Vec<Draft>,
}

impl Edit {
    fn begin(ledger: &Ledger, args: &Args) -> Result<Edit, Failure> {
        let campaign = row(ledger, &args.campaign)?;
        let id = &campaign.campaign_id;
        match campaign.state {
            CampaignState::Review => {}
            CampaignState::Draft => {
                return Err(needs_person(anyhow!(
                    "{id}: its new texts are not written yet; `outreach generate` writes them"
                )));
            }
            state => {
                return Err(needs_person(anyhow!(
                    "{id}: only a campaign in review can be edited; this one is {}",
                    state.as_str()
                )));
            }
        }
        let messages = ledger.messages(campaign.id)?;
        let mut before: Vec<Draft> = editable(&messages).map(draft).collect();
        if let Some(step) = &args.step {
            let steps = before.iter().map(|draft| draft.step.clone());
            let steps = steps.collect::<Vec<_>>().join(", ");
            before.retain(|draft| draft.step == *step);
            if before.is_empty() {
                let error = anyhow!("{id}: expected a step of {steps}, found `{step}`");
                return Err(Failure::usage(error));
            }
        }
        let messages: Vec<Draft> = messages.iter().map(draft).collect();
        let texts = messages
            .iter()
            .map(|m| (m.subject.as_str(), m.body.as_str()));
        Ok(Edit {
            seen: approval_hash(texts),
            campaign,
            messages,
            before,
        })
    }

    /// Has a person edit the texts.
    fn by_hand(&self, config: &Config, clock: Clock, as_json: bool) -> Result<Exit, Failure> {
        let editor = Editor::of(|name| std::env::var_os(name)).context("review edit");
        let editor = editor.map_err(Failure::usage)?;
        let sheet = sheet::write(&notes(&self.campaign), &self.before);
        let id = &self.campaign.campaign_id;
        let desk = Desk::lay(&format!("{id}.txt"), &sheet)?;
        let status = editor.run(desk.file()).map_err(Failure::usage)?;
        let taken = match status.success() {
            true => read_text(desk.file())
                .context("cannot read the edited texts")
                .map_err(needs_person)
                .and_then(|sheet| self.take(config, clock, &sheet, as_json)),
            false => {
                let error = anyhow!("{id}: nothing was changed: {editor} ended with {status}");
                Err(needs_person(error))
            }
        };
        taken.map_err(|failure| {
            if !desk.differs_from(&sheet) {
                return failure;
            }
            let file = desk.keep();
            let file = file.display();
            let (exit, error) = (failure.exit, failure.error);
            let error = anyhow!(
                "{error:#}; what you wrote is kept: mend it, then `outreach review edit {id} \
                 --file {file}`"
            );
            Failure { exit, error }
        })
    }

    /// Takes the texts of a sheet: reads, judges, stores and tells.
    fn take(
        &self,
        config: &Config,
        clock: Clock,
        sheet: &str,
        as_json: bool,
    ) -> Result<Exit, Failure> {
        let id = &self.campaign.campaign_id;
        let changed = self.changed(sheet).with_context(|| id.clone());
        let changed = changed.map_err(Failure::usage)?;
        if changed.is_empty() {
            match as_json {
                true => print_json(&json!({"campaign_id": id, "changed": []})),
                false => say!("{id}: nothing was changed"),
            }
            return Ok(Exit::Done);
        }
        let mut ledger = open(config, clock)?;
        let judgement = self.judge(config, &ledger, &changed)?;
        let issues = serde_json::to_string(&judgement.issues).context("cannot store the issues")?;
        let edited = EditedTexts {
            campaign: self.campaign.id,
            seen: &self.seen,
            drafts: &changed,
            quality_score: judgement.score,
            quality_issues: &issues,
            hold_reason: &hold_after_edit(&judgement),
        };
        let stored = ledger.store_edited(&edited, clock.now());
        stored.map_err(|error| {
            // A busy or damaged ledger has its own code; anything else is about this campaign.
            let mut failure = Failure::from(error.context(id.clone()));
            if failure.exit == Exit::Unexpected {
                failure.exit = Exit::Partial;
            }
            failure
        })?;
        self.tell(&changed, &judgement, &issues, as_json);
        Ok(match judgement.pass {
            true => Exit::Done,
            false => Exit::Partial,
        })
    }

    /// The texts of a sheet that differ from those before. What merely was written otherwise on the
    /// sheet than in the ledger is no difference.
    fn changed(&self, sheet: &str) -> anyhow::Result<Vec<Draft>> {
        let steps: Vec<&str> = self.before.iter().map(|d| d.step.as_str()).collect();
        let before = sheet::read(&sheet::write(&[], &self.before), &steps).unwrap_or_default();
        let mut drafts = sheet::read(sheet, &steps)?;
        drafts.retain(|draft| !before.contains(draft));
        Ok(drafts)
    }

    fn judge(
        &self,
        config: &Config,
        ledger: &Ledger,
        changed: &[Draft],
    ) -> Result<Judgement, Failure> {
        let id = &self.campaign.campaign_id;
        let raw = ledger.raw_lead(self.campaign.lead)?;
        let lead = lead::content_check(&raw).map_err(|reject| {
            let (code, detail) = (reject.reason.code(), reject.detail);
            needs_person(anyhow!(
                "{id}: the lead fails the data check, {code}: {detail}; mend its record first"
            ))
        })?;
        let now = |draft: &Draft| changed.iter().find(|new| new.step == draft.step).cloned();
        let drafts = self.messages.iter();
        let drafts: Vec<Draft> = drafts
            .map(|draft| now(draft).unwrap_or_else(|| draft.clone()))
            .collect();
        let gate = QualityGate::new(config);
        gate.judge(&lead, &drafts).map_err(Failure::config)
    }

    fn tell(&self, changed: &[Draft], judgement: &Judgement, issues: &str, as_json: bool) {
        let id = &self.campaign.campaign_id;
        let steps: Vec<&str> = changed.iter().map(|d| d.step.as_str()).collect();
        if as_json {
            print_json(&json!({
                "campaign_id": id, "changed": steps, "pass": judgement.pass,
                "quality_score": judgement.score, "issues": judgement.issues,
            }));
            return;
        }
        let said = steps.join(", ");
        let verdict = match judgement.pass {
            true => "passes the gate",
            false => "does not pass the gate",
        };
        let score = judgement.score;
        say!(
            "{id}: changed {said}; it {verdict} with a score of {score} and waits for your word: \
             `outreach review approve {id}`"
        );
        let issues = show::found(issues);
        show::print_issues("", &issues);
        for draft in &self.messages {
            let step = &draft.step;
            if judgement.issues.iter().any(|issue| issue.step == *step) {
                say!("{step}:");
                show::print_issues(step, &issues);
            }
        }
    }
}

/// The campaign is not in a state for it: exit 3.
fn needs_person(error: anyhow::Error) -> Failure {
    Failure {
        exit: Exit::Partial,
        error,
    }
}
