//! pull: reads the leads, checks them, and stores each with its verdict.
//!
//! Takes: records of the base that changed since the cursor, or a file of leads. Gives: leads, each
//! eligible or rejected by one named reason, and what people changed about leads whose campaign
//! runs. Harmless again because records are known by their id and unchanged ones change nothing.

mod airtable;
mod people;

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use outreach::config::{Config, LeadsSource};
use outreach::lead::{
    self, EmailAddress, Lead, RawLead, ReadField, RecordId, Reject, RejectReason,
};
use outreach::leads_file;
use outreach::ledger::{LeadFacts, Ledger, PullTransaction, PulledLead, Stored};

use crate::base::Base;
use crate::exit::Failure;
use crate::judgement::QualityGate;
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
    let wanted = Wanted::new(ledger, config, job)?;
    match &config.leads {
        LeadsSource::None => Err(Failure::config(anyhow!(
            "LEADS_FILE: expected the path of a CSV or JSON file with leads (or AIRTABLE_API_KEY \
             and AIRTABLE_BASE_ID for a base), found neither"
        ))),
        LeadsSource::File { path, .. } => {
            let mut progress = Progress::start("leads read", 0, &job.args);
            let now = job.clock.now();
            ledger
                .pull_in_one_transaction(|tx| {
                    leads_file::read(path, &mut |raw| {
                        progress.advance(1);
                        take(tx, &raw, None, "file", &wanted, now, summary)
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
            let written = &settings.written;
            let result = airtable::pull(ledger, &base, written, &wanted, job, summary).await;
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
struct Wanted<'a> {
    /// The word of `--lead`.
    lead: Option<String>,
    /// The records that the word stands for in the ledger: a campaign id says nothing to the base.
    records: Vec<RecordId>,
    limit: Option<u32>,
    is_dry_run: bool,
    /// Who judges the texts that people edited.
    gate: QualityGate<'a>,
}

impl<'a> Wanted<'a> {
    fn new(ledger: &Ledger, config: &'a Config, job: &Job) -> anyhow::Result<Wanted<'a>> {
        let known = match &job.args.lead {
            Some(word) => ledger.find_leads(word)?,
            None => Vec::new(),
        };
        Ok(Wanted {
            lead: job.args.lead.clone(),
            records: known.into_iter().map(|lead| lead.record_id).collect(),
            limit: job.args.limit,
            is_dry_run: job.args.dry_run,
            gate: QualityGate::new(config),
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

/// Judges one record and stores it.
fn take(
    tx: &PullTransaction<'_>,
    raw: &RawLead,
    texts: Option<&BTreeMap<String, String>>,
    source: &'static str,
    wanted: &Wanted<'_>,
    now: DateTime<Utc>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    if !wanted.takes(raw, summary.counted("read")) {
        return Ok(());
    }
    summary.count("read");
    let address = EmailAddress::parse(raw.get(ReadField::Email)).ok();
    let email = address.as_ref().map(EmailAddress::key);
    let company_domain = address.as_ref().and_then(|address| {
        lead::registrable_domain(address.domain()).filter(|domain| !lead::is_free_mail(domain))
    });
    let mailbox = address.as_ref().map(EmailAddress::mailbox);
    let facts = tx.facts(raw, email.as_deref(), mailbox.as_deref())?;
    let verdict = judge(raw, &facts);
    // Whoever is rejected may still be well described.
    let described = verdict.is_err().then(|| lead::content_check(raw).ok());
    let mended = verdict
        .as_ref()
        .ok()
        .or(described.as_ref().and_then(Option::as_ref));
    let shown = |mended: Option<&String>, field| {
        // People are shown these in a terminal, which obeys what it cannot show.
        mended.map_or_else(|| lead::one_line(raw.get(field)), String::clone)
    };
    let full_name = shown(mended.map(|lead| &lead.full_name), ReadField::FullName);
    let company = shown(mended.map(|lead| &lead.company), ReadField::Company);
    let pulled = PulledLead {
        raw,
        source,
        email: email.as_deref(),
        mailbox: mailbox.as_deref(),
        company_domain: company_domain.as_deref(),
        reject: verdict.as_ref().err(),
        full_name: &full_name,
        company: &company,
        repairs: mended.map_or(&[], |lead| &lead.repairs),
        has_campaign: facts.campaign.is_some(),
    };
    match tx.store(&pulled, now)? {
        Stored::New => summary.count("new"),
        Stored::Changed => summary.count("changed"),
        Stored::Unchanged => summary.count("unchanged"),
    }
    match &verdict {
        Ok(_) => summary.count("accepted"),
        Err(reject) => {
            summary.count("rejected");
            summary.count(&format!("rejected_{}", reject.reason.code()));
            if wanted.is_dry_run {
                let (record, code) = (&raw.record_id, reject.reason.code());
                let line = format!("{record} {full_name}: {code}: {}", reject.detail);
                summary.preview.push(line);
            }
        }
    }
    people::follow(tx, raw, texts, &facts, &wanted.gate, now, summary)
        .with_context(|| format!("cannot apply what people changed in `{}`", raw.record_id))
}

/// The verdict about a record: our own history first, then what its fields say.
fn judge(raw: &RawLead, facts: &LeadFacts) -> Result<Lead, Reject> {
    if let Some((_, campaign_id, state)) = &facts.campaign {
        let (reason, detail) = if state.is_open() {
            let detail = format!("campaign {campaign_id} is {}", state.as_str());
            (RejectReason::CampaignInProgress, detail)
        } else {
            let detail = format!("campaign {campaign_id} ended: {}", state.as_str());
            (RejectReason::ContactedBefore, detail)
        };
        return Err(Reject::new(reason, detail));
    }
    let lead = lead::parse(raw)?;
    if let Some(value) = &facts.suppressed_by {
        let detail = format!("`{value}` is on the suppression list");
        return Err(Reject::new(RejectReason::Suppressed, detail));
    }
    if let Some(first) = &facts.duplicate_of {
        let detail = format!("the mailbox belongs to record {first} already");
        return Err(Reject::new(RejectReason::Duplicate, detail));
    }
    Ok(lead)
}

#[cfg(test)]
mod tests;
