//! Pushing to a base: only what differs, in tens, and never over what a person put there.

use std::collections::BTreeMap;

use outreach::airtable::{ApiError, Shared, Thrift, Update, UpdateOutcome};
use outreach::campaign::CampaignState;
use outreach::changeset::{self, StepField, Value, Worth, WriteField};
use outreach::lead::ReadField;
use outreach::ledger::{LeadToPush, Ledger, Pushed};

use crate::base::{Base, Unsettled};
use crate::run::{Job, Progress, Summary};

/// So many leads are read from the ledger in one go.
const CHUNK: u32 = 500;

/// So many leads are handed to the base in one go: shared cells of all of them are looked at in one
/// call, and they fill ten calls that write.
const GROUP: usize = 100;

/// What one lead's update is to write, and what the base will then have been told.
pub(super) struct Plan {
    lead: i64,
    revision: i64,
    update: Update,
    told_before: BTreeMap<String, Value>,
    told: BTreeMap<String, Value>,
    /// The command that is over once its cell is empty.
    command: Option<i64>,
}

/// Shows the base what changed.
pub(super) async fn push(
    ledger: &mut Ledger,
    base: &Base,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), ApiError> {
    let total = ledger.count_to_push("airtable").map_err(ApiError::Sink)?;
    if total > 0 {
        base.ensure_read(ledger)?;
    }
    base.settle_unanswered(ledger, Unsettled::All).await?;
    let mut progress = Progress::start("leads pushed", total.unsigned_abs(), &job.args);
    let mut left = job.args.limit.unwrap_or(u32::MAX);
    let mut after = 0;
    let mut open: Vec<Plan> = Vec::new();
    let mut is_last = false;
    while !is_last && !job.stop.requested() {
        let leads = ledger.leads_to_push("airtable", true, after, left.min(CHUNK), job.lead);
        let leads = leads.map_err(ApiError::Sink)?;
        is_last = leads.len() < CHUNK as usize;
        after = leads.last().map_or(after, |lead| lead.id);
        left = left.saturating_sub(u32::try_from(leads.len()).unwrap_or(left));
        progress.advance(leads.len() as u64);
        let plans = plan_all(ledger, base, leads, job, summary).map_err(ApiError::Sink)?;
        open.extend(plans);
        if job.args.dry_run {
            summary
                .preview
                .extend(open.drain(..).map(|plan| preview(&plan)));
        }
        while open.len() >= GROUP || (is_last && !open.is_empty()) {
            let rest = open.split_off(open.len().min(GROUP));
            write(
                ledger,
                base,
                std::mem::replace(&mut open, rest),
                job,
                summary,
            )
            .await?;
            if job.stop.requested() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The updates of leads that have any; the others are noted as shown.
fn plan_all(
    ledger: &mut Ledger,
    base: &Base,
    leads: Vec<LeadToPush>,
    job: &Job,
    summary: &mut Summary,
) -> anyhow::Result<Vec<Plan>> {
    let mut same = Vec::new();
    let mut plans = Vec::new();
    for lead in leads {
        let plan = plan(&lead);
        if plan.update.cells.is_empty() && plan.update.shared.is_empty() {
            same.push(plan.pushed());
        } else if must_wait(base.month.thrift, &plan.update) {
            summary.count("waits_for_calls");
        } else {
            plans.push(plan);
        }
    }
    if summary.counted("waits_for_calls") > 0 {
        let what = base.month.thrift.in_words().unwrap_or_default();
        summary.note(&format!("the month's calls to Airtable run short: {what}"));
    }
    ledger.record_pushes(&same, job.clock.now())?;
    summary.add("changed", i64::try_from(plans.len()).unwrap_or(i64::MAX));
    Ok(plans)
}

/// Whether an update is worth no call while calls run short.
fn must_wait(thrift: Thrift, update: &Update) -> bool {
    let worth = match update.shared.is_empty() {
        true => changeset::worth(&update.cells),
        false => Worth::Essential,
    };
    match thrift {
        Thrift::None => false,
        Thrift::Counts => worth == Worth::Counts,
        Thrift::Details | Thrift::Stop => worth != Worth::Essential,
    }
}

fn preview(plan: &Plan) -> String {
    let cells = plan.update.cells.keys().chain(plan.update.shared.keys());
    let names: Vec<&str> = cells.map(String::as_str).collect();
    format!("{}: {}", plan.update.record_id, names.join(", "))
}

/// What of a lead is to be written.
pub(super) fn plan(lead: &LeadToPush) -> Plan {
    let mut told = changeset::desired(&lead.view);
    let status = WriteField::EngagementStatus.column();
    let told_status = lead.told.get(&status).cloned();
    // What was told about a shared field stays told until we write it again.
    told.extend(told_status.clone().map(|value| (status.clone(), value)));
    let mut cells = changeset::difference(&told, &lead.told);
    let mut shared = BTreeMap::new();
    for column in texts_in_review(lead) {
        let told_before = lead.told.get(&column).filter(|told| !told.is_empty());
        let Some(told_before) = told_before.map(Value::to_text) else {
            continue; // Never told: nobody can have edited it.
        };
        if let Some(value) = cells.remove(&column) {
            let over = vec![told_before, String::new()];
            shared.insert(column, Shared { value, over });
        }
    }
    let told_status = told_status.as_ref().map(Value::to_text);
    let present = lead.raw.get(ReadField::EngagementStatus);
    if let Some(value) = changeset::engagement(&lead.view, present, told_status.as_deref()) {
        let over = changeset::may_be_written_over(told_status.as_deref());
        told.insert(status.clone(), value.clone());
        shared.insert(status, Shared { value, over });
    }
    if let Some(command) = &lead.command {
        let as_read = lead.raw.get(ReadField::CampaignCommand).to_string();
        let over = vec![command.word.clone(), as_read, String::new()];
        let value = Value::Empty;
        shared.insert(WriteField::CampaignCommand.column(), Shared { value, over });
    }
    Plan {
        lead: lead.id,
        revision: lead.revision,
        update: Update {
            record_id: lead.raw.record_id.clone(),
            cells,
            shared,
        },
        told_before: lead.told.clone(),
        told,
        command: lead.command.as_ref().map(|command| command.id),
    }
}

/// The columns of a lead's texts while people may edit them.
fn texts_in_review(lead: &LeadToPush) -> Vec<String> {
    let campaign = lead.view.campaign.as_ref();
    let campaign = campaign.filter(|campaign| campaign.state == CampaignState::Review);
    let steps = campaign.into_iter().flat_map(|campaign| &campaign.steps);
    let columns = steps.flat_map(|step| {
        let texts = [StepField::MessageSubject, StepField::MessageBody];
        texts.map(|field| changeset::text_column(&step.name, field))
    });
    columns.collect()
}

/// Writes a group, noting each outcome before the next call is made.
async fn write(
    ledger: &mut Ledger,
    base: &Base,
    mut plans: Vec<Plan>,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), ApiError> {
    // Those with shared cells first: they are looked at now, and share their calls.
    plans.sort_by_key(|plan| (plan.update.shared.is_empty(), plan.lead));
    let writing = plans.iter().map(|plan| (plan.lead, plan.writing()));
    let writing: Vec<_> = writing.collect();
    ledger.note_writing(&writing).map_err(ApiError::Sink)?;
    let updates: Vec<Update> = plans.iter().map(|plan| plan.update.clone()).collect();
    let mut plans: Vec<Option<Plan>> = plans.into_iter().map(Some).collect();
    let mut note = |settled: Vec<(usize, UpdateOutcome)>| {
        base.count_calls(ledger)?;
        // After the answer: a pull that began before it may have read what stood there before.
        let now = job.clock.now();
        let mut pushed = Vec::new();
        for (index, outcome) in settled {
            let Some(plan) = plans.get_mut(index).and_then(Option::take) else {
                continue;
            };
            let lead = plan.lead;
            match told(ledger, outcome, plan, job, summary)? {
                Some(told) => pushed.push(told),
                None => base.end_gone(ledger, lead)?,
            }
        }
        ledger.record_pushes(&pushed, now)
    };
    base.client.update(&updates, &mut note).await
}

/// What the base has been told once an update came back; none when the record is gone.
fn told(
    ledger: &mut Ledger,
    outcome: UpdateOutcome,
    plan: Plan,
    job: &Job,
    summary: &mut Summary,
) -> anyhow::Result<Option<Pushed>> {
    let (lead, command, now) = (plan.lead, plan.command, job.clock.now());
    let told_before = plan.told_before.clone();
    let mut pushed = plan.pushed();
    match outcome {
        UpdateOutcome::Updated { left_out, kept } => {
            summary.count("updated");
            let n_left_out = i64::try_from(left_out.len()).unwrap_or(i64::MAX);
            if n_left_out > 0 {
                summary.add("columns_left_out", n_left_out);
            }
            let unwritten: Vec<&String> = left_out.keys().chain(kept.keys()).collect();
            for column in unwritten {
                match told_before.get(column) {
                    Some(before) => drop(pushed.told.insert(column.clone(), before.clone())),
                    None => drop(pushed.told.remove(column)),
                }
            }
            let column = WriteField::CampaignCommand.column();
            let is_open = left_out.contains_key(&column) || kept.contains_key(&column);
            if let Some(command) = command.filter(|_| !is_open) {
                ledger.command_cleared(command, now)?;
            }
            for (column, present) in kept {
                summary.count("kept_for_people");
                ledger.note_kept(lead, &column, &present, now)?;
            }
        }
        UpdateOutcome::Refused(why) => {
            summary.count("refused");
            summary.error(format!("lead {lead}: the base refused it: {why}"));
            pushed.told = told_before;
            pushed.refusal = Some(why);
        }
        UpdateOutcome::Gone => {
            summary.count("gone");
            return Ok(None);
        }
    }
    Ok(Some(pushed))
}

impl Plan {
    fn pushed(self) -> Pushed {
        Pushed {
            lead: self.lead,
            revision: self.revision,
            told: self.told,
            refusal: None,
        }
    }

    /// The cells that are about to be written.
    fn writing(&self) -> BTreeMap<String, Value> {
        let shared = self.update.shared.iter();
        let shared = shared.map(|(column, shared)| (column.clone(), shared.value.clone()));
        self.update
            .cells
            .clone()
            .into_iter()
            .chain(shared)
            .collect()
    }
}
