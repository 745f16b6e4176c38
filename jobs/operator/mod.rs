//! What a person asks: each command reads or changes the ledger through the same functions as the
//! stages, and prints aligned tables for people or one JSON document for programs.

pub mod backup;
pub mod campaign;
pub mod classify;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod forecast;
pub mod inbox;
pub mod init;
pub mod judge;
pub mod letters;
pub mod pause;
pub mod queue;
pub mod report;
pub mod review;
pub mod serve;
pub mod shell;
pub mod status;
pub mod suppress;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use outreach::calendar::Zone;
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::{LeadRow, Ledger};
use outreach::report::printable;

use crate::exit::Failure;

/// The option of commands that only show.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Show {
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}

/// The ledger, for a command that only shows.
pub fn open_to_read(config: &Config, clock: Clock) -> anyhow::Result<Ledger> {
    Ledger::open_to_read(&config.ledger_path, clock.now())
}

/// The ledger, for a command that changes something.
pub fn open(config: &Config, clock: Clock) -> anyhow::Result<Ledger> {
    Ledger::open(&config.ledger_path, clock.now())
}

/// The one lead a person's word stands for.
pub fn one_lead(ledger: &Ledger, word: &str) -> Result<LeadRow, Failure> {
    let mut found = ledger.find_leads(word)?;
    if found.len() > 1 {
        // Several records share an address: the one with a campaign is meant, else the first.
        found.sort_by_key(|lead| {
            (
                ledger
                    .campaigns(None, Some(lead.id))
                    .is_ok_and(|all| all.is_empty()),
                lead.id,
            )
        });
    }
    found.into_iter().next().ok_or_else(|| {
        Failure::usage(anyhow!(
            "no lead `{word}`: expected a record id, an address or a campaign id that was pulled"
        ))
    })
}

/// The row ids of campaigns named by a person: all of them, or an error before anything is done.
pub fn all_campaigns<'w>(
    ledger: &Ledger,
    words: &'w [String],
) -> Result<Vec<(&'w str, i64)>, Failure> {
    let ids = words.iter().map(|word| {
        let id = one_campaign(ledger, word)?;
        Ok((word.as_str(), id))
    });
    ids.collect()
}

/// The row id of a campaign named by a person.
pub fn one_campaign(ledger: &Ledger, word: &str) -> Result<i64, Failure> {
    ledger.campaign(word)?.ok_or_else(|| {
        Failure::usage(anyhow!(
            "no campaign `{word}`: expected a campaign id such as c0123456789abcdef; `outreach \
             explain ADDRESS` names it"
        ))
    })
}

/// How wide a table gets where nobody can say how wide the terminal is, in characters.
const WIDTH_UNKNOWN: u16 = 100;

/// An aligned table without lines, as wide as the terminal allows.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    // Terminals without a window say that they have no columns at all.
    if table.width() == Some(0) {
        table.set_width(WIDTH_UNKNOWN);
    }
    table.set_header(header.iter().map(|title| title.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    let text = table.to_string();
    text.lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect::<Vec<_>>()
        .join("\n")
}

/// An instant for people: UTC, to the minute.
pub fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// An instant as the clock on the lead's wall shows it.
pub fn local(at: DateTime<Utc>, zone: &str) -> String {
    match Zone::parse(zone) {
        Ok(zone) => zone.local(at).format("%a %Y-%m-%d %H:%M").to_string(),
        Err(_) => utc(at),
    }
}

/// How long ago, in the largest fitting unit.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (now - at).num_minutes();
    match minutes {
        m if m < 0 => format!("in {}", span(-m)),
        0 => "just now".to_string(),
        m => format!("{} ago", span(m)),
    }
}

fn span(minutes: i64) -> String {
    match minutes {
        m if m < 120 => format!("{m} min"),
        m if m < 48 * 60 => format!("{} h", m / 60),
        m => format!("{} days", m / (24 * 60)),
    }
}

/// Prints a JSON document.
pub fn print_json(value: &serde_json::Value) {
    say!("{value:#}");
}
