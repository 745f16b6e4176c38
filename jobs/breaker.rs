//! What holds a sender until a person looks: asked before its mails leave, after attempts that did
//! not go well, and when bounces or complaints were read.

use chrono::{DateTime, Utc};
use outreach::breaker::{self, Canary, CanaryTerms};
use outreach::config::{Config, Sender};
use outreach::ledger::Ledger;

use crate::run::Summary;

/// Whether a sender is held. One whose figures demand it is held from now on.
pub fn holds(
    ledger: &mut Ledger,
    config: &Config,
    sender: &Sender,
    now: DateTime<Utc>,
    summary: &mut Summary,
) -> anyhow::Result<bool> {
    let address = sender.address.as_str();
    if let Some((why, since)) = ledger.held(address)? {
        summary.count("senders_held");
        summary.needs_person = true;
        let since = since.format("%Y-%m-%d %H:%M UTC");
        summary.note(&format!("{address} is held since {since}: {why}"));
        return Ok(true);
    }
    trips(ledger, config, sender, now, summary)
}

/// Holds a sender if its figures demand it; the answer is whether they do.
pub fn trips(
    ledger: &mut Ledger,
    config: &Config,
    sender: &Sender,
    now: DateTime<Utc>,
    summary: &mut Summary,
) -> anyhow::Result<bool> {
    let address = sender.address.as_str();
    if ledger.held(address)?.is_some() {
        return Ok(true);
    }
    let figures = ledger.sender_figures(address, now)?;
    let Some(why) = breaker::verdict(&figures, config.bounce_limit_percent) else {
        return Ok(false);
    };
    ledger.hold_sender(address, &why, now)?;
    summary.count("senders_held");
    summary.error(format!(
        "{address} sends nothing until a person releases it, because {why}: see to that, then \
         `outreach resume --sender {address}`"
    ));
    Ok(true)
}

/// How the first Hooks of a batch are to fare, as configured.
pub fn canary_terms(config: &Config) -> CanaryTerms {
    CanaryTerms {
        size: config.canary_size,
        hours: config.canary_hours,
        bounce_limit_percent: config.bounce_limit_percent,
    }
}

/// Lets the rest of each batch leave whose first Hooks did well, and says which batches are held
/// until a person says otherwise.
pub fn settle_batches(
    ledger: &mut Ledger,
    config: &Config,
    now: DateTime<Utc>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let terms = canary_terms(config);
    for cohort in open_batches(ledger, config)? {
        let is_full = cohort.chosen >= terms.size;
        if is_full && breaker::canary(&cohort, &terms, now) == Canary::Cleared {
            let why = format!("its first {} mails did well", cohort.chosen);
            ledger.clear_batch(&cohort.batch, &why, now)?;
        }
    }
    for reason in tripped_batches(ledger, config, now)? {
        summary.count("batches_held");
        summary.needs_person = true;
        summary.note(&reason);
    }
    Ok(())
}

/// Why batches are held until a person says otherwise, a line each with the mend.
pub fn tripped_batches(
    ledger: &Ledger,
    config: &Config,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<String>> {
    let terms = canary_terms(config);
    let cohorts = open_batches(ledger, config)?;
    let lines = cohorts
        .iter()
        .filter_map(|cohort| match breaker::canary(cohort, &terms, now) {
            Canary::Tripped { reason } => Some(reason),
            _ => None,
        });
    Ok(lines.collect())
}

fn open_batches(ledger: &Ledger, config: &Config) -> anyhow::Result<Vec<breaker::Cohort>> {
    if config.canary_size == 0 {
        return Ok(Vec::new());
    }
    ledger.open_batches(&config.folder_names())
}
