//! queue: the coming messages, with local and UTC time, zone, sender and why then.

use chrono::{NaiveDate, SecondsFormat};
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::Wanted;
use serde_json::json;

use super::{local, one_lead, open_to_read, print_json, table, utc};
use crate::exit::{Exit, Failure};

/// The options of `queue`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show at most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = crate::usage::count)]
    limit: u32,
    /// Only this lead: a record id, an address or a campaign id
    #[arg(long, value_name = "ID")]
    lead: Option<String>,
    /// Only from this sender
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
    /// Only what leaves on this day where the lead is, such as 2026-03-09
    #[arg(long, value_name = "DATE", value_parser = crate::usage::day)]
    day: Option<NaiveDate>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, args: &Args) -> Result<Exit, Failure> {
    let ledger = open_to_read(config, clock)?;
    let lead = match &args.lead {
        Some(word) => Some(one_lead(&ledger, word)?.id),
        None => None,
    };
    let wanted = Wanted {
        limit: args.limit,
        lead,
        sender: args.sender.as_deref(),
        day: args.day,
    };
    let rows = ledger.queue(&wanted)?;
    if args.json {
        let rows = rows.iter().map(|row| {
            json!({
                "due_at": row.due_at.to_rfc3339_opts(SecondsFormat::Secs, true),
                "local": local(row.due_at, &row.zone), "zone": row.zone, "step": row.step,
                "email": row.email, "company": row.company, "sender": row.sender,
                "reason": row.reason, "campaign_id": row.campaign_id, "subject": row.subject,
                "state": row.state, "campaign_state": row.campaign_state,
            })
        });
        print_json(&rows.collect());
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        say!("the queue is empty");
        return Ok(Exit::Done);
    }
    let lines = rows.iter().map(|row| {
        vec![
            local(row.due_at, &row.zone),
            row.zone.clone(),
            utc(row.due_at),
            row.step.clone(),
            row.email.clone(),
            row.sender.clone(),
            row.reason.clone(),
        ]
    });
    let header = ["local", "zone", "utc", "step", "to", "sender", "why then"];
    say!("{}", table(&header, lines.collect()));
    Ok(Exit::Done)
}
