//! schedule: gives every message without a date its instant, with the reason in words, and another
//! one to what can no longer leave on its date.
//!
//! Takes: active campaigns of which something has not left. Gives: due_at, sender and reason; what
//! makes no sense any more is skipped. Harmless again because a plan that is made twice says the
//! same, and harmless beside `send` because only what still stands as it was read is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use outreach::config::Config;
use outreach::ledger::{CampaignRow, Ledger};
use outreach::plan::{self, Itinerary, Plan, SenderBook};
use serde_json::{Value, json};

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
    for name in ["dated", "moved", "skipped"] {
        summary.add(name, 0);
    }
    summary.add("resumed", i64::from(ledger.resume_due(now)?));
    let itineraries = ledger.itineraries(job.args.limit, job.lead)?;
    let books = books(ledger, config, &itineraries, now)?;
    let plan = plan::dated(&itineraries, &books, &config.hours(), now);
    if job.args.dry_run {
        preview(ledger, &itineraries, &plan, job.args.json, summary)?;
    }
    let n_campaigns = i64::try_from(itineraries.len()).unwrap_or(i64::MAX);
    summary.add("campaigns", n_campaigns);
    let written = ledger.date_messages(&plan, now)?;
    summary.add("dated", i64::from(written.dated));
    summary.add("moved", i64::from(written.moved));
    summary.add("skipped", i64::from(written.skipped));
    say_who_waits(&plan, summary);
    Ok(())
}

/// What planning knows of each sender.
pub fn books(
    ledger: &Ledger,
    config: &Config,
    itineraries: &[Itinerary],
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<SenderBook>> {
    let planned: HashSet<i64> = itineraries.iter().map(|one| one.campaign).collect();
    // Two days back: whatever the zones, it covers all that counts towards today's limit.
    let mut promised = ledger.promised(&planned, now - Duration::days(2))?;
    let book = |sender: &outreach::config::Sender| {
        let address = sender.address.as_str();
        Ok(SenderBook {
            address: address.to_string(),
            limits: sender.limits,
            promised: promised.remove(address).unwrap_or_default(),
            first_sent_at: ledger.first_sent_at(address)?,
            is_stopped: ledger.is_sender_stopped(address)?,
        })
    };
    config.senders.iter().map(book).collect()
}

/// Campaigns that got no dates for want of their sender are counted, and a person is told whose.
fn say_who_waits(plan: &Plan, summary: &mut Summary) {
    let mut gone: BTreeMap<&str, usize> = BTreeMap::new();
    for waits in &plan.waits {
        match &waits.sender {
            Some(sender) if !waits.is_stopped => *gone.entry(sender).or_default() += 1,
            Some(sender) => {
                summary.count("sender_stopped");
                summary.note(&format!("`{sender}` is stopped"));
            }
            None => summary.count("sender_stopped"),
        }
    }
    for (sender, campaigns) in gone {
        summary.error(format!(
            "{campaigns} campaigns belong to `{sender}`, which is no sender any more: configure it \
             again, or stop those campaigns"
        ));
    }
}

/// What the run would change, in lines for people and as values for `--json`.
fn preview(
    ledger: &Ledger,
    itineraries: &[Itinerary],
    plan: &Plan,
    is_json: bool,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let campaigns = ledger.campaigns(None, None)?.into_iter();
    let campaigns: HashMap<i64, CampaignRow> = campaigns.map(|row| (row.id, row)).collect();
    let itineraries = itineraries.iter().map(|one| (one.campaign, one));
    let itineraries: HashMap<i64, &Itinerary> = itineraries.collect();
    let about = |campaign: i64, number: u32| {
        let row = campaigns.get(&campaign);
        let one = itineraries.get(&campaign);
        let step = one.and_then(|one| one.sequence.step(number));
        (
            row.map_or("", |row| row.email.as_str()),
            row.map_or("", |row| row.campaign_id.as_str()),
            step.map_or_else(|| format!("message {number}"), |step| step.name.clone()),
        )
    };
    let utc = |at: DateTime<Utc>| at.format("%a %Y-%m-%d %H:%M UTC").to_string();
    let exact = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut changes: Vec<Value> = Vec::new();
    for slot in &plan.slots {
        let (email, campaign_id, step) = about(slot.campaign, slot.number);
        if is_json {
            let zone = itineraries.get(&slot.campaign).map(|one| one.zone.name());
            changes.push(json!({
                "change": if slot.was.is_some() { "moved" } else { "dated" },
                "campaign_id": campaign_id, "email": email, "step": step, "sender": slot.sender,
                "from": slot.was.map(exact), "to": exact(slot.due_at), "zone": zone,
                "reason": slot.reason,
            }));
            continue;
        }
        let from = slot.was.map(|was| format!("from {} to ", utc(was)));
        let (from, to) = (from.unwrap_or_default(), utc(slot.due_at));
        let line = format!("{email}, {step}: {from}{to}, {}", slot.reason);
        summary.preview.push(line);
    }
    for skip in &plan.skips {
        let (email, campaign_id, step) = about(skip.campaign, skip.number);
        if is_json {
            changes.push(json!({
                "change": "skipped", "campaign_id": campaign_id, "email": email, "step": step,
                "reason": skip.reason,
            }));
            continue;
        }
        let line = format!("{email}, {step}: not at all, {}", skip.reason);
        summary.preview.push(line);
    }
    summary.changes = is_json.then_some(changes);
    Ok(())
}
