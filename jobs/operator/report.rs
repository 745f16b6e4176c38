//! report: how well the campaigns work, on the terminal and as files.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use chrono::{DateTime, NaiveDate, Utc};
use comfy_table::Table;
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::Ledger;
use outreach::metrics::{Dimension, Filter, Report};
use outreach::report::{csv, files, html, printable, terminal};

use super::{WIDTH_UNKNOWN, open_to_read};
use crate::exit::{Exit, Failure};

/// So many values are named to somebody who asked for one that there is not.
const VALUES_SHOWN: usize = 12;

const EXAMPLES: &str = "\
Examples:
  outreach report                                      everything there is
  outreach report --since 2026-03-01 --until 2026-03-31
  outreach report --segment country=DE --segment country=AT --segment confidence=Real
  outreach report --html report.html --csv tables      a page to hand on, and every table";

/// The options of `report`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only campaigns whose first mail left on this day (UTC) or later
    #[arg(long, value_name = "DAY", value_parser = crate::usage::day)]
    since: Option<NaiveDate>,
    /// Only campaigns whose first mail left on this day (UTC) or earlier
    #[arg(long, value_name = "DAY", value_parser = crate::usage::day)]
    until: Option<NaiveDate>,
    /// Only these: industry, company_size, seniority, country, tone, confidence, sender, writer or
    /// variant, and its value; of one dimension several are possible
    #[arg(long, value_name = "DIMENSION=VALUE", value_parser = segment)]
    segment: Vec<(Dimension, String)>,
    /// Print JSON on stdout
    #[arg(long)]
    json: bool,
    /// Write every table as a CSV file into this folder
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
    /// Write one page of HTML that needs nothing else into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, args: &Args) -> Result<Exit, Failure> {
    let filter = filter(args)?;
    let ledger = open_to_read(config, clock)?;
    let report = figures(&ledger, config, &filter, clock.now())?;
    let written = write(&report, args).map_err(Failure::of_file)?;
    if args.json {
        // Stdout is for the document alone.
        for line in &written {
            complain!("{line}");
        }
        let document = serde_json::to_value(&report).context("cannot write the report as JSON")?;
        super::print_json(&document);
        return Ok(Exit::Done);
    }
    if written.is_empty() {
        let width = Table::new().width().filter(|width| *width > 0);
        let width = width.unwrap_or(WIDTH_UNKNOWN);
        say!("{}", terminal::page(&report, width));
        if report.totals.tally.sent == 0 {
            print_known_values(&ledger, config, &filter, clock.now())?;
        }
    }
    for line in written {
        say!("{line}");
    }
    Ok(Exit::Done)
}

/// The report on the campaigns of a filter, with the limit in force.
pub fn figures(
    ledger: &Ledger,
    config: &Config,
    filter: &Filter,
    now: DateTime<Utc>,
) -> anyhow::Result<Report> {
    let bounce_rate_max = config.bounce_limit_percent / 100.0;
    ledger.figures(filter, now, Some(bounce_rate_max))
}

fn filter(args: &Args) -> Result<Filter, Failure> {
    if let (Some(since), Some(until)) = (args.since, args.until)
        && since > until
    {
        return Err(Failure::usage(anyhow!(
            "--since: expected a day not after --until {until}, found {since}"
        )));
    }
    Ok(Filter {
        since: args.since,
        until: args.until,
        segments: args.segment.clone(),
    })
}

/// For somebody whose segments match nothing: what there is to choose from.
fn print_known_values(
    ledger: &Ledger,
    config: &Config,
    filter: &Filter,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if filter.segments.is_empty() {
        return Ok(());
    }
    let all = figures(ledger, config, &Filter::default(), now)?;
    for segment in &all.segments {
        let dimension = segment.dimension;
        if filter.segments.iter().any(|(asked, _)| *asked == dimension) {
            let values = segment
                .rows
                .iter()
                .map(|row| printable(&row.value).replace('\n', " "));
            let values: Vec<String> = values.take(VALUES_SHOWN).collect();
            say!(" values of {}: {}", dimension.in_words(), values.join(", "));
        }
    }
    Ok(())
}

/// Writes what was asked for; what was written, in words.
fn write(report: &Report, args: &Args) -> anyhow::Result<Vec<String>> {
    let mut written = Vec::new();
    if let Some(folder) = &args.csv {
        let tables = csv::tables(report)?;
        let tables = tables.iter().map(|table| (table.name, table.text.as_str()));
        let n_files = files::replace_in(folder, tables)?.len();
        written.push(format!("{n_files} tables: {}", folder.display()));
    }
    if let Some(file) = &args.html {
        files::replace(file, &html::page(report))?;
        written.push(format!("page: {}", file.display()));
    }
    Ok(written)
}

/// A value of `--segment`.
fn segment(text: &str) -> Result<(Dimension, String), String> {
    let known = || {
        let known = Dimension::ALL.into_iter().filter(|d| !d.is_of_messages());
        known.map(Dimension::as_str).collect::<Vec<_>>().join(", ")
    };
    let (word, value) = text
        .split_once('=')
        .ok_or_else(|| format!("expected DIMENSION=VALUE with one of {}", known()))?;
    let dimension = Dimension::parse(word)
        .ok_or_else(|| format!("expected one of {}, found `{word}`", known()))?;
    if dimension.is_of_messages() {
        return Err(format!(
            "expected one of {}; `{word}` tells messages apart, not campaigns, and is always shown",
            known()
        ));
    }
    if value.trim().is_empty() {
        return Err(format!("expected a value after `{word}=`"));
    }
    Ok((dimension, value.trim().to_string()))
}
