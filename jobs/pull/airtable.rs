//! Pulling from a base: which records are asked for, and which of them are gone.

use chrono::{DateTime, TimeDelta, Utc};
use outreach::airtable::{ApiError, ListSummary, Listing, ReadRecord, Thrift, Which};
use outreach::changeset::WriteField;
use outreach::clock::Clock;
use outreach::lead::{EmailAddress, RecordId};
use outreach::ledger::Ledger;

use super::{Wanted, missing_columns};
use crate::base::{Base, MISSED_ALWAYS_FINE, REMOVED, Unsettled};
use crate::intake::Intake;
use crate::run::{Job, Progress, Summary};

/// A full read is due after so many hours: a week, less half a day, so that a run that is a little
/// early does not put it off for a day.
const FULL_READ_HOURS: i64 = 7 * 24 - 12;

/// So many records are stored in one transaction. They are all read again if the run dies, so the
/// number only weighs the cost of a commit against what is done twice.
const CHUNK: usize = 1_000;

/// A full read that misses more than this share of the known records, and more than a few, was
/// more likely shown another table than that people deleted so many.
const MISSED_SHARE_MAX: u64 = 5;

/// What this run asks the base for.
enum Reading {
    Full,
    Since(DateTime<Utc>),
    Records(Vec<RecordId>),
    Address(EmailAddress),
}

impl Reading {
    fn which(&self) -> Which<'_> {
        match self {
            Reading::Full => Which::All,
            Reading::Since(since) => Which::ChangedSince(*since),
            Reading::Records(record_ids) => Which::Ids(record_ids),
            Reading::Address(address) => Which::Address(address),
        }
    }
}

/// One reading of the base.
pub(super) struct Pull<'a> {
    pub(super) base: &'a Base,
    pub(super) written: &'a [WriteField],
    pub(super) wanted: &'a Wanted,
    pub(super) intake: &'a Intake<'a>,
    pub(super) job: &'a Job,
}

impl Pull<'_> {
    /// Reads what is asked for and stores it.
    pub(super) async fn run(
        &self,
        ledger: &mut Ledger,
        summary: &mut Summary,
    ) -> Result<(), ApiError> {
        let (base, job) = (self.base, self.job);
        // What people change from now on is read the next time.
        let began_at = job.clock.now();
        base.settle_unanswered(ledger, Unsettled::Shared).await?;
        let reading = reading(ledger, base, self.wanted, job).map_err(ApiError::Sink)?;
        let is_full = matches!(reading, Reading::Full);
        if is_full {
            base.client.refresh_schema().await?;
            ledger.begin_full_read().map_err(ApiError::Sink)?;
        }
        // Texts are asked for only while people may edit some.
        let has_review = ledger.has_review().map_err(ApiError::Sink)?;
        let texts = self.written.iter();
        let texts = texts.filter(|field| has_review && field.is_text());
        let texts: Vec<WriteField> = texts.cloned().collect();
        let listing = Listing {
            which: reading.which(),
            texts: &texts,
            enough: job.args.limit.map(u64::from),
        };
        let listed = match self.read(ledger, &listing, began_at, summary).await {
            Ok(listed) => listed,
            // What was read is stored; the cursor stays, so that the rest is read the next time.
            Err(_) if job.stop.requested() => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some(missing) = missing_columns(&listed.missing) {
            tracing::info!("{missing}");
        }
        if listed.records > 0 && base.is_schema_old() {
            base.client.refresh_schema().await?;
        }
        if job.args.lead.is_none() && job.args.limit.is_none() {
            // A rehearsal in the future must not hide the changes until then.
            let read_to = began_at.min(Clock::System.now());
            let ended = match is_full {
                true => end_full_read(ledger, base, read_to, job, summary),
                false => Ok(()),
            };
            ended
                .and_then(|()| ledger.set_read_to(&base.cursor(), read_to))
                .map_err(ApiError::Sink)?;
        }
        Ok(())
    }

    /// Stores the records as they come; also what came before a failure.
    async fn read(
        &self,
        ledger: &mut Ledger,
        listing: &Listing<'_>,
        began_at: DateTime<Utc>,
        summary: &mut Summary,
    ) -> Result<ListSummary, ApiError> {
        let mut progress = Progress::start("leads read", 0, &self.job.args);
        let is_full = matches!(listing.which, Which::All);
        let mut store = |records: &[ReadRecord]| {
            self.base.count_calls(ledger)?;
            ledger.pull_in_one_transaction(|tx| {
                for ReadRecord { lead, texts } in records {
                    if is_full {
                        tx.saw(&lead.record_id)?;
                    }
                    if self.wanted.takes(lead, summary.counted("read")) {
                        let texts = texts.as_ref();
                        self.intake.take(tx, lead, texts, began_at, summary)?;
                    }
                }
                Ok(())
            })
        };
        let mut waiting = Vec::new();
        let mut take_page = |page: Vec<ReadRecord>| {
            anyhow::ensure!(!self.job.stop.requested(), "asked to end");
            progress.advance(page.len() as u64);
            waiting.extend(page);
            if waiting.len() >= CHUNK {
                store(&waiting)?;
                waiting.clear();
            }
            Ok(())
        };
        let listed = self.base.client.list(listing, &mut take_page).await;
        store(&waiting).map_err(ApiError::Sink)?;
        listed
    }
}

fn reading(ledger: &Ledger, base: &Base, wanted: &Wanted, job: &Job) -> anyhow::Result<Reading> {
    if let Some(word) = &wanted.lead {
        let as_id = || word.starts_with("rec").then(|| RecordId::new(word.clone()));
        let known = wanted.records.iter().cloned();
        let records: Vec<RecordId> = known.chain(as_id()).collect();
        return Ok(match EmailAddress::parse(word) {
            Ok(address) if records.is_empty() => Reading::Address(address),
            _ => Reading::Records(records),
        });
    }
    let Some(since) = ledger.read_to(&base.cursor())? else {
        return Ok(Reading::Full);
    };
    if job.args.full || job.args.accept_removed {
        return Ok(Reading::Full);
    }
    let full_at = ledger.read_to(&base.full_cursor())?;
    let is_due = |at| job.clock.now() - at >= TimeDelta::hours(FULL_READ_HOURS);
    if !full_at.is_none_or(is_due) {
        return Ok(Reading::Since(since));
    }
    if base.month.thrift != Thrift::None {
        tracing::warn!(
            "the weekly full read waits: the month's calls run short (`outreach pull --full` does \
             it all the same)"
        );
        return Ok(Reading::Since(since));
    }
    Ok(Reading::Full)
}

/// Finds the leads whose records are gone. Their campaigns stop; but when so many are missing that
/// it looks like a mistake, nothing is done until a person says that it is none.
fn end_full_read(
    ledger: &mut Ledger,
    base: &Base,
    read_to: DateTime<Utc>,
    job: &Job,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let now = job.clock.now();
    let (n_known, unseen) = ledger.unseen()?;
    let n_unseen = unseen.len() as u64;
    let is_odd = n_unseen > MISSED_ALWAYS_FINE && n_unseen * MISSED_SHARE_MAX > n_known;
    if is_odd && !job.args.accept_removed {
        let why = format!(
            "{n_unseen} of {n_known} known records are no longer in the table; if they were meant \
             to go, run `outreach pull --full --accept-removed`, else restore them or mend \
             AIRTABLE_BASE_ID or AIRTABLE_TABLE_NAME and run `outreach pull --full`"
        );
        ledger.clear_switch(REMOVED)?;
        ledger.set_switch(REMOVED, &why, now)?;
        summary.error(why);
        return Ok(());
    }
    for gone in unseen {
        ledger.lead_is_gone(gone.lead, now)?;
        summary.count("removed");
        if job.args.dry_run {
            let line = format!("{}: gone from the base", gone.record_id);
            summary.preview.push(line);
        }
    }
    ledger.clear_switch(REMOVED)?;
    ledger.set_read_to(&base.full_cursor(), read_to)
}
