//! campaign pause, resume and stop; and the red button over everything.

use anyhow::anyhow;
use outreach::campaign::StopReason;
use outreach::clock::Clock;
use outreach::config::Config;
use serde_json::json;

use super::review::decide;
use super::{open, print_json};
use crate::exit::{Exit, Failure};

/// What to do with single campaigns.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Hold campaigns until they are resumed
    Pause(Which),
    /// Continue paused campaigns; `schedule` gives their messages new dates
    Resume(Which),
    /// End campaigns for good
    Stop(Which),
}

/// Which campaigns, and why.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The campaigns' ids
    #[arg(required = true, value_name = "ID")]
    campaigns: Vec<String>,
    /// Why, for the log
    #[arg(long, default_value = "on a person's word")]
    reason: String,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// The options of `pause`.
#[derive(Debug, clap::Args)]
pub struct PauseAll {
    /// Everything, for every sender; `send` stops before its next message
    #[arg(long, required = true)]
    all: bool,
    /// Why, for the log and for `status`
    #[arg(long, default_value = "on a person's word")]
    reason: String,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// The options of `resume`.
#[derive(Debug, clap::Args)]
pub struct ResumeAll {
    /// Everything; single campaigns that were paused stay paused
    #[arg(long, required = true)]
    all: bool,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs `campaign`.
pub fn run(config: &Config, clock: Clock, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Pause(which) => decide(
            config,
            clock,
            &which.campaigns,
            which.json,
            "paused",
            &mut |ledger, id| ledger.pause_campaign(id, &which.reason, clock.now()),
        ),
        Command::Resume(which) => {
            let done = "resumed; `outreach schedule` dates its messages";
            decide(
                config,
                clock,
                &which.campaigns,
                which.json,
                done,
                &mut |ledger, id| ledger.resume_campaign(id, &which.reason, clock.now()),
            )
        }
        Command::Stop(which) => decide(
            config,
            clock,
            &which.campaigns,
            which.json,
            "stopped",
            &mut |ledger, id| {
                ledger.stop_campaign(id, StopReason::ByPerson, &which.reason, clock.now())
            },
        ),
    }
}

/// Runs `pause --all`.
pub fn pause_all(config: &Config, clock: Clock, args: &PauseAll) -> Result<Exit, Failure> {
    if !args.all {
        return Err(Failure::usage(anyhow!("pause: expected --all")));
    }
    open(config, clock)?.set_switch("pause_all", &args.reason, clock.now())?;
    if args.json {
        print_json(&json!({"paused": true, "reason": args.reason}));
    } else {
        say!("everything is paused: nothing leaves until `outreach resume --all`");
    }
    Ok(Exit::Done)
}

/// Runs `resume --all`.
pub fn resume_all(config: &Config, clock: Clock, args: &ResumeAll) -> Result<Exit, Failure> {
    if !args.all {
        return Err(Failure::usage(anyhow!("resume: expected --all")));
    }
    let was_paused = open(config, clock)?.clear_switch("pause_all")?;
    if args.json {
        print_json(&json!({"paused": false, "was_paused": was_paused}));
    } else if was_paused {
        say!("released: what is overdue leaves at the normal rate");
    } else {
        say!("nothing was paused");
    }
    Ok(Exit::Done)
}
