//! pull: reads the leads, checks them, and stores each with its verdict.
//!
//! Takes: records of the base that changed since the cursor, or a file of leads. Gives: leads, each
//! eligible or rejected by one named reason, and what people changed about leads whose campaign
//! runs. Harmless again because records are known by their id and unchanged ones change nothing.

mod airtable;

use anyhow::anyhow;
use outreach::config::{Config, LeadsSource};
use outreach::lead::{EmailAddress, RawLead, ReadField, RecordId};
use outreach::leads_file;
use outreach::ledger::Ledger;

use crate::base::Base;
use crate::exit::Failure;
use crate::intake::Intake;
use crate::run::{Job, Progress, Summary};

/// Runs the stage.
pub async fn run(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    for name in [
        "read",
        "accepted",
        "rejected",
        "new",
        "changed",
        "unchanged",
    ] {
        summary.add(name, 0);
    }
    let wanted = Wanted::new(ledger, job)?;
    match &config.leads {
        LeadsSource::None => Err(Failure::config(anyhow!(
            "LEADS_FILE: expected the path of a CSV or JSON file with leads (or AIRTABLE_API_KEY \
             and AIRTABLE_BASE_ID for a base), found neither"
        ))),
        LeadsSource::File { path, .. } => {
            let mut progress = Progress::start("leads read", 0, &job.args);
            let now = job.clock.now();
            let intake = Intake::new("file", config, job);
            ledger
                .pull_in_one_transaction(|tx| {
                    leads_file::read(path, &mut |raw| {
                        progress.advance(1);
                        if !wanted.takes(&raw, summary.counted("read")) {
                            return Ok(());
                        }
                        intake.take(tx, &raw, None, now, summary)
                    })
                })
                .map(|read| missing_columns(&read.missing))
                .map_err(Failure::of_file)?
                .inspect(|missing| tracing::debug!("{missing}"));
            match &wanted.lead {
                Some(word) if summary.counted("read") == 0 => Err(Failure::usage(anyhow!(
                    "no lead `{word}` in `{}`: expected a record id, an address or a campaign id",
                    path.display()
                ))),
                _ => Ok(()),
            }
        }
        LeadsSource::Airtable(settings) => {
            let base = Base::open(ledger, config, settings, job)?;
            let intake = Intake::new("airtable", config, job);
            let pull = airtable::Pull {
                base: &base,
                written: &settings.written,
                wanted: &wanted,
                intake: &intake,
                job,
            };
            let result = pull.run(ledger, summary).await;
            base.close(ledger, result, summary).await?;
            match &wanted.lead {
                Some(word) if summary.counted("read") == 0 => Err(Failure::usage(anyhow!(
                    "no lead `{word}` in the base: expected a record id, an address or a campaign \
                     id"
                ))),
                _ => Ok(()),
            }
        }
    }
}

/// Which records the options ask for.
struct Wanted {
    /// The word of `--lead`.
    lead: Option<String>,
    /// The records that the word stands for in the ledger: a campaign id says nothing to the base.
    records: Vec<RecordId>,
    limit: Option<u32>,
}

impl Wanted {
    fn new(ledger: &Ledger, job: &Job) -> anyhow::Result<Wanted> {
        let known = match &job.args.lead {
            Some(word) => ledger.find_leads(word)?,
            None => Vec::new(),
        };
        Ok(Wanted {
            lead: job.args.lead.clone(),
            records: known.into_iter().map(|lead| lead.record_id).collect(),
            limit: job.args.limit,
        })
    }

    fn takes(&self, raw: &RawLead, already_read: i64) -> bool {
        let is_named = self.lead.as_deref().is_none_or(|word| {
            self.records.contains(&raw.record_id)
                || raw.record_id.as_str() == word
                || same_address(raw.get(ReadField::Email), word)
        });
        let is_within = self
            .limit
            .is_none_or(|limit| already_read < i64::from(limit));
        is_named && is_within
    }
}

/// Whether a cell holds the address a person named.
fn same_address(cell: &str, word: &str) -> bool {
    let key = |text| EmailAddress::parse(text).ok().map(|address| address.key());
    key(cell).is_some_and(|cell| Some(cell) == key(word))
}

/// Columns that would help and are not there, in a sentence to be said once a run.
fn missing_columns(missing: &[ReadField]) -> Option<String> {
    let names: Vec<&str> = missing
        .iter()
        .filter_map(|field| field.columns().first().copied())
        .collect();
    let names = names.join(", ");
    (!names.is_empty()).then(|| format!("optional columns that are not there: {names}"))
}
