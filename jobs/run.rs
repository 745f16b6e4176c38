//! One execution of a stage: its lock, its row in the ledger, its counts, its end.

pub mod counts;
mod lock;
mod progress;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::Ledger;
use serde_json::json;

pub use lock::StageLock;
pub use progress::Progress;

use crate::exit::{self, Exit, Failure};
use crate::{generate, pull, push, scan, schedule, send};

/// The options every stage takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct StageArgs {
    /// Say what would be done; the ledger is opened read-only and nothing leaves
    #[arg(long)]
    pub dry_run: bool,
    /// Handle at most so many leads or messages
    #[arg(long, value_name = "N", value_parser = crate::usage::count)]
    pub limit: Option<u32>,
    /// Handle only this lead: a record id, an address or a campaign id
    #[arg(long, value_name = "ID")]
    pub lead: Option<String>,
    /// Print one JSON object on stdout
    #[arg(long)]
    pub json: bool,
    /// `pull --full`
    #[arg(skip)]
    pub full: bool,
    /// `pull --accept-removed`
    #[arg(skip)]
    pub accept_removed: bool,
    /// `send --no-wait`
    #[arg(skip)]
    pub no_wait: bool,
    /// `scan --replay`
    #[arg(skip)]
    pub replay: bool,
}

/// The options of `scan`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ScanArgs {
    #[command(flatten)]
    args: StageArgs,
    /// Read nothing; judge every kept mail anew with today's rules and show what would change
    #[arg(long, conflicts_with_all = ["limit", "lead"])]
    replay: bool,
    /// With --replay: do it
    #[arg(long, requires = "replay")]
    yes: bool,
}

impl ScanArgs {
    /// The options as the stage takes them. A replay that nobody said yes to only shows.
    pub fn into_stage(self) -> StageArgs {
        StageArgs {
            replay: self.replay,
            dry_run: self.args.dry_run || self.replay && !self.yes,
            ..self.args
        }
    }
}

/// The options of `send`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SendArgs {
    #[command(flatten)]
    args: StageArgs,
    /// Send only what is due now; otherwise a run waits for what falls due in SEND_RUN_MINUTES
    #[arg(long)]
    no_wait: bool,
}

impl SendArgs {
    /// The options as the stage takes them.
    pub fn into_stage(self) -> StageArgs {
        StageArgs {
            no_wait: self.no_wait,
            ..self.args
        }
    }
}

/// The options of `pull`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PullArgs {
    #[command(flatten)]
    args: StageArgs,
    /// Read every record of the base, to find those that were deleted; done once a week anyway
    #[arg(long, conflicts_with_all = ["limit", "lead"])]
    full: bool,
    /// With --full: records that are gone were meant to go, however many they are
    #[arg(long, requires = "full")]
    accept_removed: bool,
}

impl PullArgs {
    /// The options as the stage takes them.
    pub fn into_stage(self) -> StageArgs {
        StageArgs {
            full: self.full,
            accept_removed: self.accept_removed,
            ..self.args
        }
    }
}

/// A stage of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reads leads and people's changes.
    Pull,
    /// Writes campaigns.
    Generate,
    /// Dates messages.
    Schedule,
    /// Sends what is due.
    Send,
    /// Reads the inbox.
    Scan,
    /// Shows what changed.
    Push,
}

impl Stage {
    /// Its name on the command line and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Pull => "pull",
            Stage::Generate => "generate",
            Stage::Schedule => "schedule",
            Stage::Send => "send",
            Stage::Scan => "scan",
            Stage::Push => "push",
        }
    }
}

/// What a stage is given besides the ledger and the configuration.
pub struct Job {
    /// The options.
    pub args: StageArgs,
    /// The lead of `--lead`, by its row id.
    pub lead: Option<i64>,
    /// Where `now` comes from.
    pub clock: Clock,
    /// The run's row.
    pub run: i64,
    /// Set by SIGTERM and SIGINT: finish the item in hand, then end.
    pub stop: Stop,
}

/// Whether we were asked to end.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for SIGTERM and SIGINT.
    pub fn on_signals() -> anyhow::Result<Stop> {
        let stop = Stop::default();
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            // The second signal ends the process at once: a person who asks twice means it.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop.0))?;
            signal_hook::flag::register(signal, Arc::clone(&stop.0))?;
        }
        Ok(stop)
    }

    /// Whether a signal came.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a run did, in counts, and what a person should know of it.
#[derive(Debug, Default)]
pub struct Summary {
    /// Counts by name, in a fixed order.
    pub counts: BTreeMap<String, i64>,
    /// What went wrong, a line each; at most [`Summary::ERRORS_MAX`] are kept.
    pub errors: Vec<String>,
    /// What `--dry-run` shows.
    pub preview: Vec<String>,
    /// The campaigns that `generate --dry-run --json` shows instead, as `judge` reads them.
    pub campaigns: Option<Vec<serde_json::Value>>,
    /// The changes of dates that `schedule --dry-run --json` shows instead, or those of verdicts
    /// that `scan --replay --json` shows.
    pub changes: Option<Vec<serde_json::Value>>,
    /// Whether some leads failed or need a person (exit 3).
    pub needs_person: bool,
    noted: BTreeSet<String>,
}

impl Summary {
    /// More errors than this are counted, not listed.
    const ERRORS_MAX: usize = 50;

    /// Adds one to a count.
    pub fn count(&mut self, name: &str) {
        self.add(name, 1);
    }

    /// Adds to a count; naming a count with 0 makes it appear.
    pub fn add(&mut self, name: &str, n: i64) {
        *self.counts.entry(name.to_string()).or_default() += n;
    }

    /// What was counted under a name so far.
    pub fn counted(&self, name: &str) -> i64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// Logs why something waits, once per reason and run.
    pub fn note(&mut self, reason: &str) {
        if self.noted.insert(reason.to_string()) {
            tracing::info!("waits: {reason}");
        }
    }

    /// Notes something that went wrong with one item; the run goes on and ends with exit 3.
    pub fn error(&mut self, line: String) {
        tracing::warn!("{line}");
        self.count("failed");
        self.needs_person = true;
        if self.errors.len() < Self::ERRORS_MAX {
            self.errors.push(line);
        } else {
            self.count("errors_not_listed");
        }
    }
}

/// How a run ended, for the summary that people and programs read.
#[derive(Debug)]
pub struct Report {
    stage: Stage,
    run: i64,
    started_at: DateTime<Utc>,
    finished_at: DateTime<Utc>,
    /// The code the run ends with.
    pub exit: Exit,
    /// Whether the ledger itself could not be used, so that no other stage can run either.
    pub without_ledger: bool,
    outcome: &'static str,
    summary: Summary,
    dry_run: bool,
}

impl Report {
    /// The run as `--json` prints it.
    pub fn to_json(&self) -> serde_json::Value {
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut run = json!({
            "stage": self.stage.name(),
            "run_id": self.run,
            "started_at": instant(self.started_at),
            "finished_at": instant(self.finished_at),
            "outcome": self.outcome,
            "dry_run": self.dry_run,
            "counts": self.summary.counts,
            "errors": self.summary.errors,
        });
        if let (Some(campaigns), Some(run)) = (&self.summary.campaigns, run.as_object_mut()) {
            run.insert("campaigns".to_string(), json!(campaigns));
        }
        if let (Some(changes), Some(run)) = (&self.summary.changes, run.as_object_mut()) {
            run.insert("changes".to_string(), json!(changes));
        }
        run
    }

    /// The run in a line, and what `--dry-run` shows above it.
    pub fn to_text(&self) -> String {
        let counts = match (counts::in_words(&self.summary.counts), self.outcome) {
            (words, _) if !words.is_empty() => words,
            // An error above has said why there is nothing to count.
            (_, "failed" | "again") => "did not run".to_string(),
            _ => "nothing to do".to_string(),
        };
        let would = if self.dry_run { " (dry run)" } else { "" };
        let end = match self.outcome {
            "ok" => String::new(),
            outcome => format!(" [{outcome}]"),
        };
        let preview = self.summary.preview.iter().map(|line| format!("{line}\n"));
        format!(
            "{}{}{would}: {counts}{end}",
            preview.collect::<String>(),
            self.stage.name()
        )
    }
}

fn open_ledger(config: &Config, args: &StageArgs, now: DateTime<Utc>) -> anyhow::Result<Ledger> {
    match args.dry_run {
        true => Ledger::open_copy(&config.ledger_path, now),
        false => Ledger::open(&config.ledger_path, now),
    }
}

/// Runs one stage from lock to report. Errors are printed here, once.
pub async fn execute(
    stage: Stage,
    config: &Config,
    clock: Clock,
    args: &StageArgs,
    stop: &Stop,
) -> Report {
    let started_at = clock.now();
    let mut summary = Summary::default();
    let mut run = 0;
    let mut without_ledger = false;
    let result = async {
        let _lock = match args.dry_run {
            true => None,
            false => {
                let lock = StageLock::acquire(&config.ledger_path, stage, started_at);
                // A stage that runs elsewhere says nothing against the others of a job.
                without_ledger = lock
                    .as_ref()
                    .is_err_and(|failure| failure.exit != Exit::Again);
                Some(lock?)
            }
        };
        without_ledger = true;
        let mut ledger = open_ledger(config, args, started_at)?;
        run = ledger.start_run(stage.name(), started_at)?;
        without_ledger = false;
        let result = run_stage(
            stage,
            &mut ledger,
            config,
            clock,
            args,
            stop,
            run,
            &mut summary,
        );
        let result = result.await;
        let (exit, outcome) = ending(&result, &summary, stop);
        if let Err(failure) = &result {
            summary.errors.push(exit::line(&failure.error));
        }
        let noted = ledger.finish_run(run, outcome, &summary.counts, &summary.errors, clock.now());
        // Of two failures the stage's own is the one to tell: the second often follows from it.
        result.and_then(|()| noted.map_err(Failure::from))?;
        Ok::<_, Failure>((exit, outcome))
    }
    .await;
    let (exit, outcome) = match result {
        Ok(ending) => ending,
        Err(failure) => {
            crate::print_error(&failure.error);
            if summary.errors.is_empty() {
                summary.errors.push(exit::line(&failure.error));
            }
            (failure.exit, failure.exit.outcome())
        }
    };
    Report {
        stage,
        run,
        started_at,
        finished_at: clock.now(),
        exit,
        without_ledger,
        outcome,
        summary,
        dry_run: args.dry_run,
    }
}

fn ending(result: &Result<(), Failure>, summary: &Summary, stop: &Stop) -> (Exit, &'static str) {
    match result {
        Err(failure) => (failure.exit, failure.exit.outcome()),
        Ok(()) if stop.requested() => (Exit::Done, "interrupted"),
        Ok(()) if summary.needs_person => (Exit::Partial, Exit::Partial.outcome()),
        Ok(()) => (Exit::Done, Exit::Done.outcome()),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "a stage's signature shows what it may touch"
)]
async fn run_stage(
    stage: Stage,
    ledger: &mut Ledger,
    config: &Config,
    clock: Clock,
    args: &StageArgs,
    stop: &Stop,
    run: i64,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let lead = match &args.lead {
        Some(word) if stage != Stage::Pull => Some(crate::operator::one_lead(ledger, word)?.id),
        _ => None,
    };
    let job = Job {
        args: args.clone(),
        lead,
        clock,
        run,
        stop: stop.clone(),
    };
    match stage {
        Stage::Pull => pull::run(ledger, config, &job, summary).await,
        Stage::Generate => generate::run(ledger, config, &job, summary).await,
        Stage::Schedule => schedule::run(ledger, config, &job, summary),
        Stage::Send => send::run(ledger, config, &job, summary).await,
        Stage::Scan => scan::run(ledger, config, &job, summary).await,
        Stage::Push => push::run(ledger, config, &job, summary).await,
    }
}
