//! push: shows people what changed, in the base or in the status file.
//!
//! Takes: leads whose revision is above what was pushed. Gives: updates with only the differing
//! fields, or a new status file. Harmless again because the same values change nothing; what could
//! not be shown stays to be pushed.

use std::collections::BTreeMap;
use std::path::Path;

use outreach::airtable::{Client, UpdateOutcome};
use outreach::changeset::{self, Value, WriteField};
use outreach::config::{Config, LeadsSource};
use outreach::lead::{RawLead, ReadField, RecordId};
use outreach::leads_file::StatusFile;
use outreach::ledger::{LeadToPush, Ledger, Pushed};

use crate::exit::Failure;
use crate::run::{Job, Progress, Summary};

/// Airtable takes so many records in a call.
const CALL_MAX: usize = 10;

/// So many leads are read and noted in one go; a multiple of Airtable's ten records a call.
const CHUNK: u32 = 500;

/// Runs the stage.
pub async fn run(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    summary.add("changed", 0);
    match &config.leads {
        LeadsSource::None => Ok(()), // Nothing was ever pulled, so nobody waits for news.
        LeadsSource::File { status, .. } => write_status_file(ledger, config, status, job, summary),
        LeadsSource::Airtable(settings) => {
            let client = Client::new(settings.clone(), config.tls_ca_file.clone())
                .map_err(Failure::config)?;
            update_airtable(ledger, &client, job, summary).await
        }
    }
}

/// Rewrites the status file when anything in it would differ.
fn write_status_file(
    ledger: &mut Ledger,
    config: &Config,
    path: &Path,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let changed = ledger.count_to_push("file")?;
    summary.add("changed", changed);
    if job.args.dry_run && changed > 0 {
        let changed = ledger.leads_to_push("file", true, 0, u32::MAX, None)?;
        let lines = changed.iter().map(|lead| {
            let (record, notes) = (&lead.raw.record_id, changeset::notes(&lead.view));
            format!("{record} {}: {notes}", lead.raw.get(ReadField::FullName))
        });
        summary.preview.extend(lines);
    }
    if (changed == 0 && path.exists()) || job.args.dry_run {
        return Ok(());
    }
    let fields: Vec<String> = WriteField::all(&config.sequence)
        .iter()
        .filter(|field| **field != WriteField::CampaignCommand)
        .map(WriteField::column)
        .collect();
    let mut header = vec!["Record ID", "Full Name", "Email", "Company"];
    header.extend(fields.iter().map(String::as_str));
    let mut shown = Vec::new();
    let mut chunk = Vec::<LeadToPush>::new().into_iter();
    let mut after = 0;
    let rows = std::iter::from_fn(|| {
        loop {
            if let Some(lead) = chunk.next() {
                shown.push((lead.id, lead.revision));
                return Some(Ok(row(&lead, &fields)));
            }
            match ledger.leads_to_push("file", false, after, CHUNK, None) {
                Ok(leads) => {
                    after = leads.last()?.id;
                    chunk = leads.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    });
    StatusFile::write(path, &header, rows).map_err(Failure::of_file)?;
    ledger.mark_pushed(&shown, job.clock.now())?;
    Ok(())
}

/// A lead's row of the status file.
fn row(lead: &LeadToPush, fields: &[String]) -> Vec<String> {
    let mut cells = changeset::desired(&lead.view);
    if let Some(value) = changeset::engagement(&lead.view, "", None) {
        cells.insert(WriteField::EngagementStatus.column(), value);
    }
    let raw = |field| lead.raw.get(field).to_string();
    let mut row = vec![
        lead.raw.record_id.to_string(),
        raw(ReadField::FullName),
        raw(ReadField::Email),
        raw(ReadField::Company),
    ];
    let cell = |field: &String| cells.get(field).map_or_else(String::new, Value::to_text);
    row.extend(fields.iter().map(cell));
    row
}

async fn update_airtable(
    ledger: &mut Ledger,
    client: &Client,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let total = ledger.count_to_push("airtable")?;
    let mut progress = Progress::start("leads pushed", total.unsigned_abs(), &job.args);
    let mut left = job.args.limit.unwrap_or(u32::MAX);
    let mut after = 0;
    while left > 0 && !job.stop.requested() {
        let leads = ledger.leads_to_push("airtable", true, after, left.min(CHUNK), job.lead)?;
        let Some(last) = leads.last() else { break };
        after = last.id;
        left = left.saturating_sub(u32::try_from(leads.len()).unwrap_or(left));
        progress.advance(leads.len() as u64);
        push_chunk(ledger, client, job, summary, leads).await?;
    }
    summary.add("calls", i64::try_from(client.calls()).unwrap_or(i64::MAX));
    for (column, why) in client.unwritable_columns() {
        tracing::warn!("{column} is not shown: {why}");
    }
    Ok(())
}

/// What one lead's update is to write, and what the base will then have been told.
struct Update {
    lead: i64,
    revision: i64,
    told: BTreeMap<String, Value>,
    cells: BTreeMap<String, Value>,
}

impl Update {
    fn pushed(self) -> Pushed {
        Pushed {
            lead: self.lead,
            revision: self.revision,
            told: self.told,
            refusal: None,
        }
    }
}

fn update_of(lead: &LeadToPush) -> Update {
    let mut desired = changeset::desired(&lead.view);
    let status = WriteField::EngagementStatus.column();
    let told_status = lead.told.get(&status).map(Value::to_text);
    // What was told about the shared field stays told until we write it again.
    let shared = changeset::engagement(
        &lead.view,
        lead.raw.get(ReadField::EngagementStatus),
        told_status.as_deref(),
    );
    if let Some(value) = shared.or_else(|| lead.told.get(&status).cloned()) {
        desired.insert(status, value);
    }
    let cells = changeset::difference(&desired, &lead.told);
    Update {
        lead: lead.id,
        revision: lead.revision,
        told: desired,
        cells,
    }
}

/// Reads the shared field anew where we are about to write it: a person may have said something
/// there since the last pull, and that wins.
async fn read_shared_field(client: &Client, leads: &mut [LeadToPush]) -> Result<(), Failure> {
    let status = WriteField::EngagementStatus.column();
    let would_write = |lead: &&LeadToPush| update_of(lead).cells.contains_key(&status);
    let record_ids: Vec<RecordId> = leads
        .iter()
        .filter(would_write)
        .map(|lead| lead.raw.record_id.clone())
        .collect();
    let present = client.read(&record_ids).await?;
    let present: BTreeMap<RecordId, RawLead> = present
        .into_iter()
        .map(|raw| (raw.record_id.clone(), raw))
        .collect();
    for lead in leads {
        if let Some(raw) = present.get(&lead.raw.record_id) {
            let value = raw.get(ReadField::EngagementStatus).to_string();
            lead.raw.fields.insert(ReadField::EngagementStatus, value);
        }
    }
    Ok(())
}

async fn push_chunk(
    ledger: &mut Ledger,
    client: &Client,
    job: &Job,
    summary: &mut Summary,
    mut leads: Vec<LeadToPush>,
) -> Result<(), Failure> {
    if !job.args.dry_run {
        read_shared_field(client, &mut leads).await?;
    }
    let mut same = Vec::new();
    let mut updates = Vec::new();
    let mut requests = Vec::new();
    for lead in &leads {
        let update = update_of(lead);
        if update.cells.is_empty() {
            same.push(update.pushed());
        } else {
            requests.push((lead.raw.record_id.clone(), update.cells.clone()));
            updates.push((update, lead.told.clone()));
        }
    }
    let now = job.clock.now();
    ledger.record_pushes(&same, now)?;
    summary.add("changed", i64::try_from(updates.len()).unwrap_or(i64::MAX));
    if job.args.dry_run {
        for (record, cells) in &requests {
            let names: Vec<&str> = cells.keys().map(String::as_str).collect();
            summary
                .preview
                .push(format!("{record}: {}", names.join(", ")));
        }
        return Ok(());
    }
    // Ten records a call: each call's outcome is noted before the next one is made.
    let mut updates = updates.into_iter();
    for requests in requests.chunks(CALL_MAX) {
        let outcomes = client.update(requests).await?;
        let mut pushed = Vec::new();
        for (outcome, (update, told_before)) in outcomes.into_iter().zip(updates.by_ref()) {
            let lead = update.lead;
            match what_was_told(outcome, update, told_before, summary) {
                Some(told) => pushed.push(told),
                None => ledger.lead_is_gone(lead, now)?,
            }
        }
        ledger.record_pushes(&pushed, now)?;
    }
    Ok(())
}

/// What the base has been told once an update came back; none when the record is gone.
fn what_was_told(
    outcome: UpdateOutcome,
    update: Update,
    told_before: BTreeMap<String, Value>,
    summary: &mut Summary,
) -> Option<Pushed> {
    let lead = update.lead;
    let mut pushed = update.pushed();
    match outcome {
        UpdateOutcome::Updated => summary.count("updated"),
        UpdateOutcome::UpdatedWithout(columns) => {
            summary.count("updated");
            summary.add(
                "columns_left_out",
                i64::try_from(columns.len()).unwrap_or(i64::MAX),
            );
            pushed
                .told
                .retain(|column, _| !columns.contains_key(column));
        }
        UpdateOutcome::Refused(why) => {
            summary.count("refused");
            summary.error(format!("lead {lead}: the base refused it: {why}"));
            pushed.told = told_before;
            pushed.refusal = Some(why);
        }
        UpdateOutcome::Gone => {
            summary.count("gone");
            return None;
        }
    }
    Some(pushed)
}
