//! demo: the whole life of 25 invented leads, on a simulated clock and with no account.
//!
//! The very same jobs the timers run are run hour by hour for two weeks, with answers dropped into
//! the inbox as people would send them. What happens is read from the ledger's decision log.

mod answers;
mod closing;
mod fit;
mod timeline;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use chrono::{DateTime, Duration, TimeZone, Utc};
use outreach::clock::Clock;
use outreach::config::{Config, Sources};
use outreach::ledger::Ledger;
use outreach::metrics::Filter;
use outreach::report::{files, html};

use crate::Global;
use crate::chain::{self, Chain};
use crate::exit::{Exit, Failure};
use crate::run::{StageArgs, Stop};

/// The invented leads, as Airtable exports them.
const LEADS: &str = include_str!("leads.csv");

/// A file of this name marks a folder that the demo made and may make anew.
const MARK: &str = ".outreach-demo";

/// The settings, with paths as seen from the folder.
const SETTINGS: &str = "\
# The settings of the demo: `outreach status`, `queue` and `explain` work in this folder.
LEADS_FILE=leads.csv
CAMPAIGN_DATABASE_PATH=campaigns.db
OUTBOX_DIR=outbox
INBOX_DIR=inbox
FROM_EMAIL=team@4runr.example
POSTAL_ADDRESS=\"4Runr, 1 Example Street, Springfield\"
DAILY_SEND_LIMIT=10
# One bounce in twenty-five mails would stop the sender by the usual limit of 2.
BOUNCE_LIMIT_PERCENT=10
LOG_LEVEL=error
";

/// The days that are simulated.
const DAYS: i64 = 14;

/// The options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to work in; made anew if an earlier demo made it
    #[arg(default_value = "outreach-demo")]
    dir: PathBuf,
}

/// Monday 30 March 2026: Good Friday and Easter Monday fall into the two weeks that follow.
fn monday() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 30, 0, 0, 0)
        .single()
        .unwrap_or_default()
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<Exit, Failure> {
    if global.now.is_some() {
        return Err(Failure::usage(anyhow!(
            "--now: expected none, the demo has its own clock"
        )));
    }
    prepare(&args.dir)?;
    // From here on everything happens inside the folder, so that the ledger knows its Maildirs by
    // the names that a later `outreach` in this folder gives them.
    std::env::set_current_dir(&args.dir)
        .with_context(|| format!("cannot enter `{}`", args.dir.display()))
        .map_err(Failure::config)?;
    let config = configure()?;
    crate::start_logging(global, &config);
    let stop = Stop::on_signals()?;
    closing::print_opening(&args.dir);
    crate::block_on(live_through(&config, &stop))??;
    if !stop.requested() {
        let end = monday() + Duration::days(DAYS);
        let ledger = Ledger::open_to_read(&config.ledger_path, end)?;
        let figures = super::report::figures(&ledger, &config, &Filter::default(), end)?;
        let page = Path::new(closing::REPORT);
        files::replace(page, &html::page(&figures)).map_err(Failure::of_file)?;
        closing::print_closing(&args.dir, &ledger, end)?;
    }
    Ok(Exit::Done)
}

/// An empty folder with leads and settings in it.
fn prepare(dir: &Path) -> Result<(), Failure> {
    let context = || format!("cannot prepare `{}`", dir.display());
    let is_empty = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => true,
        Err(err) => return Err(Failure::config(anyhow::Error::new(err).context(context()))),
    };
    if !is_empty {
        if !dir.join(MARK).is_file() {
            return Err(Failure::usage(anyhow!(
                "`{}` is not empty and was not made by the demo: name another folder",
                dir.display()
            )));
        }
        empty(dir).with_context(context).map_err(Failure::config)?;
    }
    let write = || -> anyhow::Result<()> {
        std::fs::create_dir_all(dir)?;
        std::fs::write(
            dir.join(MARK),
            "made by `outreach demo`, which may remove this folder\n",
        )?;
        std::fs::write(dir.join("leads.csv"), LEADS)?;
        std::fs::write(dir.join(".env"), SETTINGS)?;
        for folder in ["inbox/new", "inbox/cur", "inbox/tmp"] {
            std::fs::create_dir_all(dir.join(folder))?;
        }
        Ok(())
    };
    write().with_context(context).map_err(Failure::config)
}

/// Removes what an earlier demo left; the folder itself stays, a shell may be in it.
fn empty(dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// The settings, and nothing else: the environment plays no part.
fn configure() -> Result<Config, Failure> {
    let settings = SETTINGS
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_string(), value.trim_matches('"').to_string()));
    let (config, _) = Config::load(&Sources::only(settings)).map_err(Failure::config)?;
    Ok(config)
}

/// Two weeks, hour by hour: the nightly job at one in the morning, the hourly job every hour.
async fn live_through(config: &Config, stop: &Stop) -> Result<(), Failure> {
    let mut answers = answers::Script::new(Path::new(""));
    let mut timeline = timeline::Timeline::new(monday().date_naive());
    for hour in 0..DAYS * 24 {
        let now = monday() + Duration::hours(hour);
        if hour % 24 == 1 {
            job(&chain::NIGHTLY, config, now, stop).await?;
        }
        answers.deliver_due(now)?;
        job(&chain::HOURLY, config, now, stop).await?;
        answers.read_outbox(now)?;
        let ledger = Ledger::open_to_read(&config.ledger_path, now)?;
        timeline.print_news(&ledger)?;
        if stop.requested() {
            return Ok(());
        }
    }
    let end = monday() + Duration::days(DAYS - 1);
    let ledger = Ledger::open_to_read(&config.ledger_path, end)?;
    Ok(timeline.finish(end.date_naive(), &ledger)?)
}

async fn job(
    chain: &Chain,
    config: &Config,
    now: DateTime<Utc>,
    stop: &Stop,
) -> Result<(), Failure> {
    let args = StageArgs::default();
    let exit = chain::run(chain, config, Clock::Fixed(now), &args, stop, &mut |_| {}).await?;
    match exit {
        Exit::Done | Exit::Partial => Ok(()),
        exit => Err(Failure {
            exit,
            error: anyhow!(
                "`outreach {}` failed at {now}; see the lines above",
                chain.name
            ),
        }),
    }
}
