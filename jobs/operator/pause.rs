//! pause and resume: the red button over everything, or over one sender; and a person's word that
//! lets the rest of a batch of new leads go.

use anyhow::anyhow;
use chrono::NaiveDate;
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::Ledger;
use serde_json::json;

use super::{open, print_json};
use crate::exit::{Exit, Failure};

/// The options of `pause`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["all", "sender"])))]
pub struct Pause {
    /// Everything, for every sender; `send` stops before its next message
    #[arg(long)]
    all: bool,
    /// One sender, by its address
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
    /// Why, for the log and for `status`
    #[arg(long, default_value = "on a person's word")]
    reason: String,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// The options of `resume`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["all", "sender", "batch"])))]
pub struct Resume {
    /// Everything; single campaigns and senders that were paused stay paused
    #[arg(long)]
    all: bool,
    /// One sender, by its address; what was counted against it is forgotten
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
    /// The rest of a batch of new leads: the day on which they were first read
    #[arg(long, value_name = "YYYY-MM-DD")]
    batch: Option<NaiveDate>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs `pause`.
pub fn pause(config: &Config, clock: Clock, args: &Pause) -> Result<Exit, Failure> {
    let mut ledger = open(config, clock)?;
    let reason = &args.reason;
    let Some(word) = &args.sender else {
        ledger.set_switch("pause_all", reason, clock.now())?;
        say_or_print(
            args.json,
            json!({"paused": true, "reason": reason}),
            "everything is paused: nothing leaves until `outreach resume --all`",
        );
        return Ok(Exit::Done);
    };
    let sender = one_sender(config, &ledger, word)?;
    ledger.hold_sender(&sender, reason, clock.now())?;
    say_or_print(
        args.json,
        json!({"paused": true, "sender": sender, "reason": reason}),
        &format!(
            "{sender} is held: nothing of it leaves until `outreach resume --sender {sender}`"
        ),
    );
    Ok(Exit::Done)
}

/// Runs `resume`.
pub fn resume(config: &Config, clock: Clock, args: &Resume) -> Result<Exit, Failure> {
    let mut ledger = open(config, clock)?;
    let now = clock.now();
    if let Some(word) = &args.sender {
        let sender = one_sender(config, &ledger, word)?;
        let was_paused = ledger.release_sender(&sender, now)?;
        let said = match was_paused {
            true => format!("{sender} is released: what is overdue leaves at the normal rate"),
            false => format!("{sender} was not held"),
        };
        let document = json!({"paused": false, "sender": sender, "was_paused": was_paused});
        say_or_print(args.json, document, &said);
    } else if let Some(day) = args.batch {
        let batch = day.format("%Y-%m-%d").to_string();
        let was_waiting = ledger.clear_batch(&batch, "a person said so", now)?;
        let said = match was_waiting {
            true => format!("the leads first read on {batch} are released"),
            false => format!("no lead first read on {batch} is waiting for the first of them"),
        };
        let document = json!({"batch": batch, "was_paused": was_waiting});
        say_or_print(args.json, document, &said);
    } else {
        let was_paused = ledger.clear_switch("pause_all")?;
        let said = match was_paused {
            true => "released: what is overdue leaves at the normal rate",
            false => "nothing was paused",
        };
        let document = json!({"paused": false, "was_paused": was_paused});
        say_or_print(args.json, document, said);
    }
    Ok(Exit::Done)
}

fn say_or_print(as_json: bool, document: serde_json::Value, said: &str) {
    match as_json {
        true => print_json(&document),
        false => say!("{said}"),
    }
}

/// The sender a person's word stands for: one that is configured, or one that is held although it
/// is configured no more.
fn one_sender(config: &Config, ledger: &Ledger, word: &str) -> Result<String, Failure> {
    let held = ledger.held_senders()?;
    let configured = config.senders.iter().map(|sender| sender.address.as_str());
    let known: Vec<&str> = configured
        .chain(held.iter().map(|held| held.sender.as_str()))
        .collect();
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(word));
    match found {
        Some(sender) => Ok((*sender).to_string()),
        None => Err(Failure::usage(anyhow!(
            "--sender: expected one of ours (`{}`), found `{word}`",
            known.join("`, `")
        ))),
    }
}
