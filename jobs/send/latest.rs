//! What the base says just now of the leads that are due: a person may have said stop since the
//! last pull, and a mail after that is the one mistake nobody forgives.

use outreach::airtable::{ApiError, Listing, Which};
use outreach::config::{Config, LeadsSource};
use outreach::lead::RecordId;
use outreach::ledger::Ledger;

use crate::base::{Base, REMOVED, Unsettled};
use crate::exit::{self, Failure};
use crate::intake::Intake;
use crate::run::{Job, Summary};

/// What people did that is worth a count of its own in a run of `send`.
const COUNTS: [&str; 6] = [
    "calls",
    "commands",
    "paused_by_person",
    "removed",
    "replied_by_hand",
    "stopped_by_person",
];

/// Reads the records of the leads that are due, a hundred in a call, and follows what people did in
/// them. A base that cannot be reached holds nothing up: then counts what was pulled last.
pub async fn read(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let LeadsSource::Airtable(settings) = &config.leads else {
        return Ok(());
    };
    let limit = job.args.limit.unwrap_or(config.queue_batch_size);
    let due = ledger.due_records(job.clock.now(), limit, job.lead)?;
    // While a person must say whether many records were meant to go, nothing is sent anyway.
    if due.is_empty() || ledger.switch(REMOVED)?.is_some() {
        return Ok(());
    }
    let mut seen = Summary::default();
    let mut must_be_mended = false;
    let result = match Base::open(ledger, config, settings, job) {
        Ok(base) => {
            let read = read_records(ledger, &base, config, job, &due, &mut seen).await;
            must_be_mended = matches!(
                read,
                Err(ApiError::Columns(_) | ApiError::Config(_) | ApiError::Sink(_))
            );
            base.close(ledger, read, &mut seen).await
        }
        Err(failure) => Err(failure),
    };
    for name in COUNTS {
        match seen.counted(name) {
            0 => {}
            n => summary.add(name, n),
        }
    }
    match result {
        Err(failure) if !must_be_mended => {
            let why = exit::line(&failure.error);
            tracing::warn!("the leads that are due stand as they were last pulled: {why}");
            Ok(())
        }
        result => result,
    }
}

async fn read_records(
    ledger: &mut Ledger,
    base: &Base,
    config: &Config,
    job: &Job,
    due: &[(i64, RecordId)],
    seen: &mut Summary,
) -> Result<(), ApiError> {
    let now = job.clock.now();
    base.ensure_read(ledger)?;
    base.settle_unanswered(ledger, Unsettled::Shared).await?;
    let record_ids: Vec<RecordId> = due.iter().map(|(_, id)| id.clone()).collect();
    let listing = Listing {
        which: Which::Ids(&record_ids),
        texts: &[],
        enough: None,
    };
    let mut records = Vec::with_capacity(due.len());
    let mut keep = |page| {
        records.extend(page);
        Ok(())
    };
    base.client.list(&listing, &mut keep).await?;
    let intake = Intake::new("airtable", config, job);
    let stored = ledger.pull_in_one_transaction(|tx| {
        for record in &records {
            intake.take(tx, &record.lead, None, now, seen)?;
        }
        Ok(())
    });
    stored.map_err(ApiError::Sink)?;
    let is_there = |id: &RecordId| records.iter().any(|record| record.lead.record_id == *id);
    for (lead, _) in due.iter().filter(|(_, id)| !is_there(id)) {
        base.end_gone(ledger, *lead).map_err(ApiError::Sink)?;
        seen.count("removed");
    }
    Ok(())
}
