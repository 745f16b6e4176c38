//! campaign pause, resume and stop.

use outreach::campaign::StopReason;
use outreach::clock::Clock;
use outreach::config::Config;

use super::review::decide;
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
