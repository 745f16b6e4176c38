//! The two jobs: named lists of stages that timers run.
//!
//! A stage that fails does not stop the others: each is safe on what the ledger holds, because the
//! rules are tested again where they matter (a follow-up without a fresh scan waits, for example).
//! Only a ledger that cannot be used, or is held by somebody else, ends the job. It ends with the
//! gravest code of its stages.

use outreach::clock::Clock;
use outreach::config::Config;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::operator::backup;
use crate::run::{Stage, StageArgs, Stop, execute};

/// A named list of stages.
pub struct Chain {
    /// The job's name.
    pub name: &'static str,
    stages: &'static [Stage],
    backs_up: bool,
}

/// Reads what came in, takes in leads, writes and dates their campaigns, shows it, keeps a copy.
pub const NIGHTLY: Chain = Chain {
    name: "nightly",
    stages: &[
        Stage::Scan,
        Stage::Pull,
        Stage::Generate,
        Stage::Schedule,
        Stage::Push,
    ],
    backs_up: true,
};

/// Reads what came in, sends what is due, shows it.
pub const HOURLY: Chain = Chain {
    name: "hourly",
    stages: &[Stage::Scan, Stage::Send, Stage::Push],
    backs_up: false,
};

/// Runs the stages in order; each report goes to `print` as a line, or all as one JSON object.
pub async fn run(
    chain: &Chain,
    config: &Config,
    clock: Clock,
    args: &StageArgs,
    stop: &Stop,
    print: &mut dyn FnMut(String),
) -> Result<Exit, Failure> {
    let mut worst = Exit::Done;
    let mut reports = Vec::new();
    let mut has_ledger = true;
    for stage in chain.stages {
        if stop.requested() {
            break;
        }
        let report = execute(*stage, config, clock, args, stop).await;
        worst = worst.max(report.exit);
        if args.json {
            reports.push(report.to_json());
        } else {
            print(report.to_text());
        }
        has_ledger = !report.without_ledger;
        if !has_ledger {
            break;
        }
    }
    let mut copy = None;
    if chain.backs_up && has_ledger && !args.dry_run && !stop.requested() {
        match backup::keep(config, clock.now()) {
            Ok(path) => copy = Some(path.display().to_string()),
            Err(failure) => {
                crate::print_error(&failure.error);
                worst = worst.max(failure.exit);
            }
        }
    }
    match &copy {
        _ if args.json => {
            let job = json!({
                "job": chain.name,
                "outcome": worst.outcome(),
                "stages": reports,
                "backup": copy,
            });
            print(job.to_string());
        }
        Some(copy) => print(format!("backup: {copy}")),
        None => {}
    }
    Ok(worst)
}
