//! `scan --replay`: every kept mail is judged anew with today's rules.
//!
//! Takes: what the ledger kept of mails, newest rules. Gives: the verdicts that differ, a line
//! each, and on the ledger what follows from them, which is never that more is sent. Without
//! `--yes` the ledger is a copy that vanishes. Harmless again because a verdict that is the same
//! changes nothing.

use outreach::config::Config;
use outreach::inbound;
use outreach::inbound::{Inbound, Sentiment};
use outreach::ledger::{Ledger, Rejudged};
use serde_json::json;

use super::ours;
use crate::exit::Failure;
use crate::run::{Job, Progress, Summary};

/// So many mails are judged in one transaction.
const BATCH: u32 = 500;

/// Runs the replay.
pub fn run(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    for name in ["judged", "changed"] {
        summary.add(name, 0);
    }
    let ours = ours(config);
    let mut progress = Progress::start("mails judged", 0, &job.args);
    let mut after = 0;
    let mut changes = Vec::new();
    while !job.stop.requested() {
        let kept = ledger.kept_mails(after, BATCH)?;
        let Some(last) = kept.last() else { break };
        after = last.id;
        progress.advance(kept.len() as u64);
        let judged = |mail: &outreach::ledger::KeptMail| {
            inbound::again(&mail.headers, &mail.kept, &ours).map(|inbound| (mail.id, inbound))
        };
        let judged: Vec<(i64, Inbound)> = kept.iter().filter_map(judged).collect();
        summary.add("judged", i64::try_from(judged.len()).unwrap_or(i64::MAX));
        let stop_company = config.stop_company_on_reply;
        changes.extend(ledger.rejudge(&judged, stop_company, job.clock.now())?);
    }
    summary.add("changed", i64::try_from(changes.len()).unwrap_or(i64::MAX));
    summary.preview.extend(changes.iter().map(line));
    if job.args.dry_run && !changes.is_empty() && !job.args.json {
        let mend = "nothing was changed; `outreach scan --replay --yes` does it";
        summary.preview.push(mend.to_string());
    }
    if job.args.json {
        summary.changes = Some(changes.iter().map(as_json).collect());
    }
    Ok(())
}

fn line(change: &Rejudged) -> String {
    format!(
        "mail {} from {}: {}: {} → {}: {}",
        change.id,
        change.from,
        change.subject,
        change.was.0.in_words(change.was.1),
        change.is.0.in_words(change.is.1),
        change.consequence
    )
}

fn as_json(change: &Rejudged) -> serde_json::Value {
    let sentiment = |sentiment: Option<Sentiment>| sentiment.map(Sentiment::as_str);
    json!({
        "id": change.id, "from": change.from, "subject": change.subject,
        "was": {"kind": change.was.0.as_str(), "sentiment": sentiment(change.was.1)},
        "is": {"kind": change.is.0.as_str(), "sentiment": sentiment(change.is.1)},
        "consequence": change.consequence,
    })
}
