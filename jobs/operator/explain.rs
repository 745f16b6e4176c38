//! explain: why a lead was written to, or not, when, by whom, and why it stopped.

use chrono::SecondsFormat;
use outreach::changeset;
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::lead;
use outreach::ledger::{CampaignRow, LeadRow, Ledger};
use serde_json::json;

use super::{local, one_lead, open_to_read, print_json, table, utc};
use crate::exit::{Exit, Failure};

/// The options of `explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A record id, an address or a campaign id
    lead: String,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, args: &Args) -> Result<Exit, Failure> {
    let ledger = open_to_read(config, clock)?;
    let lead = one_lead(&ledger, &args.lead)?;
    if args.json {
        return as_json(&ledger, &lead);
    }
    say!(
        "{} <{}>, {} · record {}",
        lead.full_name,
        lead.email,
        lead.company,
        lead.record_id
    );
    say!("{}\n", sentence(&ledger, &lead)?);
    say_data(&ledger, &lead)?;
    for campaign in ledger.campaigns(None, Some(lead.id))? {
        say!(
            "campaign {} · {} · by {} · score {} · {} ({})",
            campaign.campaign_id,
            campaign.state.label(),
            campaign.writer,
            campaign.quality_score,
            campaign.zone,
            campaign.zone_reason
        );
        let rows = ledger.messages(campaign.id)?.into_iter().map(|message| {
            let when = match (message.sent_at, message.due_at) {
                (Some(at), _) => format!("left {}", local(at, &campaign.zone)),
                (None, Some(at)) => format!("due {}", local(at, &campaign.zone)),
                (None, None) => String::new(),
            };
            let why = message
                .state_reason
                .or(message.due_reason)
                .unwrap_or_default();
            vec![message.step, message.state, when, message.subject, why]
        });
        say!(
            "{}",
            table(
                &["step", "state", "when there", "subject", "why"],
                rows.collect()
            )
        );
        say_attempts(&ledger, campaign.id)?;
        say_held(&ledger, &campaign)?;
        for mail in ledger.inbound(Some(campaign.id))? {
            say!(
                "  {} {} from {}: {}",
                utc(mail.read_at),
                mail.kind.replace('_', " "),
                mail.from,
                mail.consequence
            );
        }
        say!();
    }
    say!("what happened:");
    for event in ledger.events(lead.id)? {
        say!("  {}  {:<12} {}", utc(event.at), event.kind, event.detail);
    }
    Ok(Exit::Done)
}

/// Each conversation about a campaign's messages, with what the server said.
fn say_attempts(ledger: &Ledger, campaign: i64) -> anyhow::Result<()> {
    for attempt in ledger.attempts(campaign)? {
        let how = match attempt.outcome.as_deref() {
            Some("in_doubt") => "in doubt",
            Some(outcome) => outcome,
            None => "not answered",
        };
        say!(
            "  {} {} attempt {} at {}: {how}: {}",
            utc(attempt.started_at),
            attempt.step,
            attempt.number,
            attempt.mailer,
            attempt.reply
        );
    }
    Ok(())
}

/// Says when a campaign that could go on waits because its sender is held.
fn say_held(ledger: &Ledger, campaign: &CampaignRow) -> anyhow::Result<()> {
    let messages = ledger.messages(campaign.id)?;
    let sender = messages.into_iter().find_map(|message| message.sender);
    if let Some(sender) = sender.filter(|_| campaign.state.is_open())
        && let Some((why, since)) = ledger.held(&sender)?
    {
        say!(
            "  {sender} is held since {}, {why}: `outreach resume --sender {sender}`",
            utc(since)
        );
    }
    Ok(())
}

/// What the data check made of the record: how the lead is addressed, what was mended, and what a
/// person may want to weigh.
fn say_data(ledger: &Ledger, lead: &LeadRow) -> anyhow::Result<()> {
    let raw = ledger.raw_lead(lead.id)?;
    let addressed = lead::content_check(&raw)
        .map(|lead| format!("addressed as {} of {}", lead.first_name, lead.company_short));
    let mended = repairs(lead, &raw)
        .into_iter()
        .map(|repair| format!("mended: {repair}"));
    let notes = lead::flags(&raw)
        .into_iter()
        .map(|flag| format!("note: {}", flag.sentence()));
    let lines: Vec<String> = addressed.into_iter().chain(mended).chain(notes).collect();
    if !lines.is_empty() {
        say!("{}\n", lines.join("\n"));
    }
    Ok(())
}

/// What was mended when the lead was pulled. Of a lead whose name or company is refused the address
/// alone counts, because it is compared with those of others all the same.
fn repairs(lead: &LeadRow, raw: &lead::RawLead) -> Vec<String> {
    if lead.repairs.is_empty() {
        return lead::address_repair(raw).into_iter().collect();
    }
    lead.repairs.clone()
}

/// Where the lead stands, in the sentence that the base shows too.
fn sentence(ledger: &Ledger, lead: &LeadRow) -> anyhow::Result<String> {
    Ok(changeset::notes(&ledger.lead_view(lead.id)?))
}

fn as_json(ledger: &Ledger, lead: &LeadRow) -> Result<Exit, Failure> {
    let at = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let raw = ledger.raw_lead(lead.id)?;
    let checked = lead::content_check(&raw).ok();
    let flags: Vec<&str> = lead::flags(&raw).iter().map(|flag| flag.code()).collect();
    let mut campaigns = Vec::new();
    for campaign in ledger.campaigns(None, Some(lead.id))? {
        let messages = ledger.messages(campaign.id)?.into_iter().map(|message| {
            json!({
                "step": message.step, "number": message.number, "state": message.state,
                "reason": message.state_reason, "subject": message.subject, "body": message.body,
                "due_at": message.due_at.map(at), "due_reason": message.due_reason,
                "sent_at": message.sent_at.map(at), "attempts": message.attempts,
                "message_id": message.message_id, "sender": message.sender,
            })
        });
        let attempts = ledger.attempts(campaign.id)?.into_iter().map(|attempt| {
            json!({
                "step": attempt.step, "number": attempt.number, "mailer": attempt.mailer,
                "started_at": at(attempt.started_at), "outcome": attempt.outcome,
                "phase": attempt.phase, "blame": attempt.blame, "reply": attempt.reply,
            })
        });
        campaigns.push(json!({
            "campaign_id": campaign.campaign_id, "state": campaign.state.as_str(),
            "stop_reason": campaign.stop_reason.map(|reason| reason.as_str()),
            "hold_reason": campaign.hold_reason, "writer": campaign.writer,
            "quality_score": campaign.quality_score, "zone": campaign.zone,
            "zone_reason": campaign.zone_reason, "country": campaign.country,
            "created_at": at(campaign.created_at), "response_type": campaign.response_type,
            "response_at": campaign.response_at.map(at),
            "resume_at": campaign.resume_at.map(at),
            "messages": messages.collect::<Vec<_>>(),
            "attempts": attempts.collect::<Vec<_>>(),
        }));
    }
    let events = ledger
        .events(lead.id)?
        .into_iter()
        .map(|event| json!({"at": at(event.at), "kind": event.kind, "detail": event.detail}));
    print_json(&json!({
        "record_id": lead.record_id.as_str(), "email": lead.email, "full_name": lead.full_name,
        "company": lead.company, "verdict": lead.verdict, "reject_reason": lead.reject_reason,
        "reject_detail": lead.reject_detail, "repairs": repairs(lead, &raw), "flags": flags,
        "first_name": checked.as_ref().map(|lead| &lead.first_name),
        "company_short": checked.as_ref().map(|lead| &lead.company_short),
        "sentence": sentence(ledger, lead)?, "campaigns": campaigns,
        "events": events.collect::<Vec<_>>(),
    }));
    Ok(Exit::Done)
}
