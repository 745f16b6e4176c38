//! schedule: gives every message without a date its instant, with the reason in words.
//!
//! Takes: active campaigns with undated messages. Gives: due_at, sender and reason. Harmless again
//! because only messages in `drafted` are dated.

use std::collections::HashMap;

use chrono::Duration;
use outreach::campaign::CampaignState;
use outreach::config::Config;
use outreach::ledger::{CampaignRow, Ledger};
use outreach::plan;

use crate::exit::Failure;
use crate::run::{Job, Summary};

/// Runs the stage.
pub fn run(
    ledger: &mut Ledger,
    config: &Config,
    job: &Job,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let now = job.clock.now();
    let Some(sender) = config.senders.first() else {
        return Ok(());
    };
    let (address, limits) = (sender.address.as_str(), config.limits(sender));
    summary.add("dated", 0);
    summary.add("resumed", i64::from(ledger.resume_due(now)?));
    let limit = job.args.limit.unwrap_or(u32::MAX);
    let itineraries = ledger.itineraries_to_date(limit, job.lead)?;
    // Two days back: whatever the zones, it covers all that counts towards today's limit.
    let promised = ledger.promised(address, now - Duration::days(2))?;
    let slots = plan::dated(&itineraries, &promised, &limits, address, now);
    if job.args.dry_run {
        let campaigns = ledger
            .campaigns(Some(CampaignState::Active), None)?
            .into_iter();
        let campaigns = campaigns.map(|campaign| (campaign.id, campaign));
        let campaigns: HashMap<i64, CampaignRow> = campaigns.collect();
        for slot in &slots {
            let who = campaigns
                .get(&slot.campaign)
                .map_or("", |row| row.email.as_str());
            let when = slot.due_at.format("%a %Y-%m-%d %H:%M UTC");
            let (number, reason) = (slot.number, &slot.reason);
            let line = format!("{who}, message {number}: {when}, {reason}");
            summary.preview.push(line);
        }
    }
    summary.add(
        "campaigns",
        i64::try_from(itineraries.len()).unwrap_or(i64::MAX),
    );
    summary.add(
        "dated",
        i64::from(ledger.date_messages(&slots, address, now)?),
    );
    Ok(())
}
