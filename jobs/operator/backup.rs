//! backup: a whole copy of the ledger, made while everything goes on.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::Ledger;
use serde_json::json;

use super::print_json;
use crate::exit::{Exit, Failure};

/// So many nightly copies are kept.
const KEPT: usize = 14;

/// The options of `backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to; a new file in the folder of nightly copies when left out
    file: Option<PathBuf>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, args: &Args) -> Result<Exit, Failure> {
    let path = match &args.file {
        Some(file) => {
            copy(config, clock.now(), file)?;
            file.clone()
        }
        None => keep(config, clock.now())?,
    };
    if args.json {
        print_json(&json!({"backup": path.display().to_string()}));
    } else {
        say!("backup: {}", path.display());
    }
    Ok(Exit::Done)
}

/// Adds a copy to the folder of nightly copies and removes the oldest above [`KEPT`].
pub fn keep(config: &Config, now: DateTime<Utc>) -> Result<PathBuf, Failure> {
    ensure_ledger(config)?;
    let folder = PathBuf::from(format!("{}.backups", config.ledger_path.display()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create `{}`", folder.display()))
        .map_err(Failure::of_file)?;
    let stamp = now.format("%Y%m%dT%H%M%SZ");
    let mut path = folder.join(format!("{stamp}.db"));
    for n in 2.. {
        if !path.exists() {
            break;
        }
        path = folder.join(format!("{stamp}-{n}.db"));
    }
    copy(config, now, &path)?;
    for old in surplus(&folder)? {
        std::fs::remove_file(&old).with_context(|| format!("cannot remove `{}`", old.display()))?;
    }
    Ok(path)
}

/// A ledger that is not there has no copy: an empty one would only look like safety.
fn ensure_ledger(config: &Config) -> Result<(), Failure> {
    let path = &config.ledger_path;
    if path.exists() {
        return Ok(());
    }
    Err(Failure::config(anyhow!(
        "CAMPAIGN_DATABASE_PATH: expected a ledger to copy, found no file `{}`; the first stage \
         creates it",
        path.display()
    )))
}

fn copy(config: &Config, now: DateTime<Utc>, to: &Path) -> Result<(), Failure> {
    ensure_ledger(config)?;
    if to.exists() {
        return Err(Failure::usage(anyhow!(
            "`{}` exists already and is left as it is; name a new file",
            to.display()
        )));
    }
    let ledger = Ledger::open_to_read(&config.ledger_path, now)?;
    Ok(ledger.back_up(to)?)
}

fn surplus(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut copies, mut surplus) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("db") => copies.push(path),
            // Left by a backup that died.
            Some("partial") => surplus.push(path),
            _ => {}
        }
    }
    copies.sort();
    copies.truncate(copies.len().saturating_sub(KEPT));
    surplus.append(&mut copies);
    Ok(surplus)
}
