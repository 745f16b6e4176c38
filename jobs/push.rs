//! push: shows people what changed, in the base or in the status file.
//!
//! Takes: leads whose revision is above what was pushed. Gives: updates with only the differing
//! fields, or a new status file. Harmless again because the same values change nothing; what could
//! not be shown stays to be pushed.

mod airtable;

use std::path::Path;

use outreach::changeset::{self, Value, WriteField};
use outreach::config::{Config, LeadsSource};
use outreach::lead::ReadField;
use outreach::leads_file::StatusFile;
use outreach::ledger::{LeadToPush, Ledger};

use crate::base::Base;
use crate::exit::Failure;
use crate::run::{Job, Summary};

/// So many leads are read in one go.
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
            let base = Base::open(ledger, config, settings, job)?;
            let result = airtable::push(ledger, &base, job, summary).await;
            for (column, why) in base.client.unwritable_columns() {
                tracing::warn!("{column} is not shown: {why}");
            }
            base.close(ledger, result, summary).await
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
