//! Taking in one record: judged, stored, and what people did in it followed. For every stage that
//! reads leads.

mod people;

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use outreach::config::Config;
use outreach::lead::{self, EmailAddress, Lead, RawLead, ReadField, Reject, RejectReason};
use outreach::ledger::{LeadFacts, PullTransaction, PulledLead, Stored};

use crate::judgement::QualityGate;
use crate::run::{Job, Summary};

/// What is needed to take a record in.
pub struct Intake<'a> {
    source: &'static str,
    is_dry_run: bool,
    /// Who judges the texts that people edited.
    gate: QualityGate<'a>,
}

impl<'a> Intake<'a> {
    /// Takes records in from `file` or `airtable`.
    pub fn new(source: &'static str, config: &'a Config, job: &Job) -> Intake<'a> {
        Intake {
            source,
            is_dry_run: job.args.dry_run,
            gate: QualityGate::new(config),
        }
    }

    /// Judges one record, stores it, and follows what people did in it. `texts` as
    /// [`people::follow`] takes them; `now` is when the reading began.
    pub fn take(
        &self,
        tx: &PullTransaction<'_>,
        raw: &RawLead,
        texts: Option<&BTreeMap<String, String>>,
        now: DateTime<Utc>,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        summary.count("read");
        let facts = self.store(tx, raw, now, summary)?;
        people::follow(tx, raw, texts, &facts, &self.gate, now, summary)
            .with_context(|| format!("cannot apply what people changed in `{}`", raw.record_id))
    }

    fn store(
        &self,
        tx: &PullTransaction<'_>,
        raw: &RawLead,
        now: DateTime<Utc>,
        summary: &mut Summary,
    ) -> anyhow::Result<LeadFacts> {
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
            source: self.source,
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
                if self.is_dry_run {
                    let (record, code) = (&raw.record_id, reject.reason.code());
                    let line = format!("{record} {full_name}: {code}: {}", reject.detail);
                    summary.preview.push(line);
                }
            }
        }
        Ok(facts)
    }
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
