//! The command line: arguments, configuration, clock, then one stage, job or operator command.
//!
//! Data goes to stdout, logs and errors to stderr; errors are printed once, here. The doc comments
//! of the commands are their help texts.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "a failing test should panic where it fails"
    )
)]

#[macro_use]
mod say;

mod base;
mod breaker;
mod chain;
mod cores;
mod exit;
mod generate;
mod intake;
mod judgement;
mod model;
mod operator;
mod pull;
mod push;
mod run;
mod scan;
mod schedule;
mod send;
mod usage;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use outreach::clock::Clock;
use outreach::config::{Config, Sources};
use outreach::mailer;

use exit::{Exit, Failure};
use run::{PullArgs, ScanArgs, SendArgs, Stage, StageArgs, Stop};

/// Writes each lead a campaign of three e-mails, sends every one exactly once at a decent hour, and
/// stops at the first answer
#[derive(Debug, Parser)]
#[command(name = "outreach", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 it ran (nothing to do included), 1 unexpected failure, 2 usage, 3 ran but some leads
failed or need a person, 75 try again later, 78 configuration.

Settings are environment variables, or lines of a file named .env; `outreach doctor --config` lists
them all with their values. Start with `outreach demo`: it needs no account.";

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// Read settings from this file instead of .env
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Log more (twice: everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Log errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Pretend it is this instant (RFC 3339); refused when mail would go to a real server
    #[arg(long, global = true, value_name = "RFC3339", value_parser = usage::instant)]
    now: Option<DateTime<Utc>>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole life of 25 invented leads on a simulated clock; no account needed
    Demo(operator::demo::Args),
    /// Write a commented .env to start from, or make the columns that Airtable lacks
    Init(operator::init::Args),
    /// Check everything that is configured and say how to mend it
    Doctor(operator::doctor::Args),
    /// Stage: read the leads from Airtable or a file and check them
    Pull(PullArgs),
    /// Stage: write a campaign of three messages for each eligible lead
    Generate(StageArgs),
    /// Stage: give every undated message its instant
    Schedule(StageArgs),
    /// Stage: send what is due
    Send(SendArgs),
    /// Stage: read the inbox and stop what must stop
    Scan(ScanArgs),
    /// Stage: show what changed in Airtable or the status file
    Push(StageArgs),
    /// Job: scan, pull, generate, schedule, push, then a backup
    Nightly(StageArgs),
    /// Job: scan, send, push
    Hourly(StageArgs),
    /// What is going on, what is stuck, what comes next
    Status(operator::Show),
    /// The coming messages with time, zone, sender and reason
    Queue(operator::queue::Args),
    /// When the last mail leaves, which day is fullest, and what another sender would change
    Forecast(operator::forecast::Args),
    /// How well the campaigns work: on the terminal, as a page of HTML, as tables
    Report(operator::report::Args),
    /// Why a lead was written to, or not, and what comes next
    Explain(operator::explain::Args),
    /// Campaigns that wait for a person
    #[command(subcommand)]
    Review(operator::review::Command),
    /// Judge campaigns given as JSON lines: your own texts, templates or brand file
    Judge(operator::judge::Args),
    /// What was read in the inbox, and a person's word on it
    #[command(subcommand)]
    Inbox(operator::inbox::Command),
    /// Judge mail files as the inbox's mail is judged
    Classify(operator::classify::Args),
    /// Hold, continue or end single campaigns
    #[command(subcommand)]
    Campaign(operator::campaign::Command),
    /// The red button: hold everything that would be sent, or all mail of one sender
    Pause(operator::pause::Pause),
    /// Release the red button, a sender, or the rest of a batch of new leads
    Resume(operator::pause::Resume),
    /// Messages in doubt and dead letters
    #[command(subcommand)]
    Letters(operator::letters::Command),
    /// Addresses and domains never to be written to again
    #[command(subcommand)]
    Suppress(operator::suppress::Command),
    /// Answer what the addresses in mails ask for (opens, clicks, ways out), until told to end
    Serve,
    /// Copy the ledger to a new file while everything goes on
    Backup(operator::backup::Args),
    /// Print a completion script for a shell
    Completions(operator::shell::Completions),
    /// Print the manual page
    Man,
}

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => run_command(cli).unwrap_or_else(|failure| {
            print_error(&failure.error);
            failure.exit
        }),
        Err(error) if error.use_stderr() && !usage::is_help(&error) => {
            complain!("error: {}", usage::in_a_line(&error));
            Exit::Usage
        }
        Err(help) => {
            let _ = help.print(); // A reader that closed the pipe has seen enough.
            if help.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            }
        }
    };
    match say::failure() {
        Some(err) if exit == Exit::Done => {
            complain!("error: cannot write to stdout: {err}");
            ExitCode::from(Exit::Unexpected.code())
        }
        _ => ExitCode::from(exit.code()),
    }
}

/// Prints an error as one line.
pub fn print_error(error: &anyhow::Error) {
    // A configuration may have several mistakes; each gets its own line.
    match error.downcast_ref::<outreach::config::Problems>() {
        Some(problems) => {
            // Logging starts with the configuration, so the warnings are printed here.
            for warning in &problems.1 {
                complain!("warning: {warning}");
            }
            for problem in &problems.0 {
                complain!("error: {problem}");
            }
        }
        None => complain!("error: {}", exit::line(error)),
    }
}

fn run_command(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Completions(args) => return args.run(),
        Command::Man => return operator::shell::man(),
        Command::Demo(args) => return operator::demo::run(&args, &cli.global),
        Command::Init(args) if !args.create_fields => {
            return operator::init::run(&args, &cli.global);
        }
        _ => {}
    }
    let sources = Sources::gather(cli.global.env_file.as_deref(), std::env::vars_os())
        .map_err(Failure::config)?;
    let (config, warnings) = match Config::load(&sources) {
        Ok(loaded) => loaded,
        Err(problems) => {
            if let Command::Doctor(args) = &cli.command {
                return operator::doctor::only_problems(args, problems);
            }
            return Err(Failure::config(problems));
        }
    };
    start_logging(&cli.global, &config);
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    let clock = clock_of(&cli.global, &config)?;
    match cli.command {
        Command::Pull(args) => stage(Stage::Pull, &config, clock, &args.into_stage()),
        Command::Generate(args) => stage(Stage::Generate, &config, clock, &args),
        Command::Schedule(args) => stage(Stage::Schedule, &config, clock, &args),
        Command::Send(args) => stage(Stage::Send, &config, clock, &args.into_stage()),
        Command::Scan(args) => stage(Stage::Scan, &config, clock, &args.into_stage()),
        Command::Push(args) => stage(Stage::Push, &config, clock, &args),
        Command::Nightly(args) => job(&chain::NIGHTLY, &config, clock, &args),
        Command::Hourly(args) => job(&chain::HOURLY, &config, clock, &args),
        Command::Status(args) => operator::status::run(&config, clock, &args),
        Command::Queue(args) => operator::queue::run(&config, clock, &args),
        Command::Forecast(args) => operator::forecast::run(&config, clock, &args),
        Command::Report(args) => operator::report::run(&config, clock, &args),
        Command::Explain(args) => operator::explain::run(&config, clock, &args),
        Command::Review(command) => operator::review::run(&config, clock, &command),
        Command::Judge(args) => operator::judge::run(&config, &args),
        Command::Inbox(command) => operator::inbox::run(&config, clock, &command),
        Command::Classify(args) => operator::classify::run(&config, clock, &args),
        Command::Campaign(command) => operator::campaign::run(&config, clock, &command),
        Command::Pause(args) => operator::pause::pause(&config, clock, &args),
        Command::Resume(args) => operator::pause::resume(&config, clock, &args),
        Command::Letters(command) => operator::letters::run(&config, clock, &command),
        Command::Suppress(command) => operator::suppress::run(&config, clock, &command),
        Command::Backup(args) => operator::backup::run(&config, clock, &args),
        Command::Serve => block_on(operator::serve::run(&config, clock))?,
        Command::Doctor(args) => block_on(operator::doctor::run(
            &config, &sources, clock, &args, &warnings,
        ))?,
        Command::Init(args) => block_on(operator::init::create_fields(&config, clock, &args))?,
        Command::Demo(_) | Command::Completions(_) | Command::Man => Err(Failure::usage(anyhow!(
            "this command needs no configuration"
        ))),
    }
}

/// A single-threaded runtime: the stages wait for the network, they do not compute.
fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("cannot start the asynchronous runtime")?;
    Ok(runtime.block_on(future))
}

fn stage(stage: Stage, config: &Config, clock: Clock, args: &StageArgs) -> Result<Exit, Failure> {
    let stop = Stop::on_signals()?;
    tracing::info!("{}", config.endpoints());
    let report = block_on(run::execute(stage, config, clock, args, &stop))?;
    if args.json {
        say!("{}", report.to_json());
    } else {
        say!("{}", report.to_text());
    }
    Ok(report.exit)
}

fn job(
    chain: &chain::Chain,
    config: &Config,
    clock: Clock,
    args: &StageArgs,
) -> Result<Exit, Failure> {
    let stop = Stop::on_signals()?;
    tracing::info!("{}", config.endpoints());
    block_on(chain::run(chain, config, clock, args, &stop, &mut |line| {
        say!("{line}")
    }))?
}

/// The clock, after making sure that a simulated one cannot send real mail.
fn clock_of(global: &Global, config: &Config) -> Result<Clock, Failure> {
    let Some(now) = global.now else {
        return Ok(Clock::System);
    };
    for sender in &config.senders {
        if let mailer::Settings::Smtp(smtp) = &sender.mailer
            && !mailer::is_loopback(&smtp.host)
        {
            return Err(Failure::usage(anyhow!(
                "--now: expected no real mail server with a simulated clock, found SMTP_SERVER \
                 `{}`; unset it to write into OUTBOX_DIR",
                smtp.host
            )));
        }
    }
    Ok(Clock::Fixed(now))
}

/// Logs go to stderr, plain or as JSON; LOG_LEVEL decides how much, -v and -q overrule it.
/// Libraries that could log what they send stay quiet.
fn start_logging(global: &Global, config: &Config) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => config.log_level.as_str(),
        (false, 1) => "debug",
        (false, _) => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::new(format!("off,outreach={level}"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // A second start (the demo runs stages in this process) keeps the first one's settings.
    let _ = if config.json_logs {
        logs.json().try_init()
    } else {
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::io::IsTerminal::is_terminal(&std::io::stderr());
        logs.without_time().with_ansi(colours).try_init()
    };
}
