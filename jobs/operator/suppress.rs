//! suppress: the list of addresses and domains never to be written to again.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::lead::EmailAddress;
use outreach::ledger::SuppressionReason;
use serde_json::json;

use super::{Show, open, open_to_read, print_json, table, utc};
use crate::exit::{Exit, Failure};

/// What to do with the list.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add addresses or domains; open campaigns they cover stop
    Add {
        /// Addresses (a@b.example) or domains (b.example)
        #[arg(required = true)]
        values: Vec<String>,
        /// Why, for the list
        #[arg(long, default_value = "")]
        note: String,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Take addresses or domains off the list
    Remove {
        /// Addresses or domains as they are listed
        #[arg(required = true)]
        values: Vec<String>,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Show the list
    List(Show),
    /// Add every address or domain of a file, one a line; `#` starts a comment
    Import {
        /// The file
        file: PathBuf,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Add { values, note, json } => {
            let values = all_normalised(values)?;
            add(
                config,
                clock,
                &values,
                SuppressionReason::ByPerson,
                note,
                *json,
            )
        }
        Command::Import { file, json } => {
            let context = || format!("cannot read `{}`", file.display());
            let text = std::fs::read_to_string(file).with_context(context);
            let values = text.and_then(|text| {
                import(&text).with_context(|| format!("nothing imported from `{}`", file.display()))
            });
            let values = values.map_err(Failure::usage)?;
            let note = format!("imported from {}", file.display());
            add(
                config,
                clock,
                &values,
                SuppressionReason::Imported,
                &note,
                *json,
            )
        }
        Command::Remove { values, json } => {
            let values = all_normalised(values)?;
            let mut ledger = open(config, clock)?;
            let mut exit = Exit::Done;
            let mut results = Vec::new();
            for value in values {
                let was_there = ledger.unsuppress(&value, clock.now())?;
                if !was_there {
                    exit = Exit::Partial;
                }
                if !json {
                    let said = if was_there {
                        "removed"
                    } else {
                        "was not on the list"
                    };
                    say!("{value}: {said}");
                }
                results.push(json!({"value": value, "removed": was_there}));
            }
            if *json {
                print_json(&results.into());
            }
            Ok(exit)
        }
        Command::List(show) => list(config, clock, show.json),
    }
}

fn add(
    config: &Config,
    clock: Clock,
    values: &[String],
    reason: SuppressionReason,
    note: &str,
    as_json: bool,
) -> Result<Exit, Failure> {
    let mut ledger = open(config, clock)?;
    let mut results = Vec::new();
    for value in values {
        let is_new = ledger.suppress(value, reason, note, clock.now())?;
        if !as_json {
            say!(
                "{value}: {}",
                if is_new {
                    "suppressed"
                } else {
                    "was suppressed already"
                }
            );
        }
        results.push(json!({"value": value, "new": is_new}));
    }
    if as_json {
        print_json(&results.into());
    }
    Ok(Exit::Done)
}

fn list(config: &Config, clock: Clock, as_json: bool) -> Result<Exit, Failure> {
    let list = open_to_read(config, clock)?.suppressions()?;
    if as_json {
        let rows = list.iter().map(|entry| {
            json!({
                "value": entry.value, "reason": entry.reason, "note": entry.note,
                "created_at": entry.created_at.to_rfc3339(),
            })
        });
        print_json(&rows.collect());
        return Ok(Exit::Done);
    }
    if list.is_empty() {
        say!("nobody is suppressed");
        return Ok(Exit::Done);
    }
    let rows = list
        .into_iter()
        .map(|entry| vec![entry.value, entry.reason, utc(entry.created_at), entry.note]);
    say!(
        "{}",
        table(&["value", "reason", "since", "note"], rows.collect())
    );
    Ok(Exit::Done)
}

/// All of a command's values, or an error before anything is done.
fn all_normalised(values: &[String]) -> Result<Vec<String>, Failure> {
    let values = values.iter().map(|value| normalised(value));
    values
        .collect::<anyhow::Result<_>>()
        .map_err(Failure::usage)
}

/// An address or a domain as the list keeps it.
fn normalised(value: &str) -> anyhow::Result<String> {
    let value = value.trim();
    if value.contains('@') {
        return Ok(EmailAddress::parse(value)
            .with_context(|| format!("`{value}`"))?
            .key());
    }
    let domain = EmailAddress::parse(&format!("x@{value}"));
    let domain = domain.map_err(|_| {
        anyhow!("expected an address (a@b.example) or a domain (b.example), found `{value}`")
    })?;
    Ok(domain.domain().to_string())
}

/// So many unusable lines are named.
const BAD_LINES_SHOWN: usize = 5;

/// The entries of an import file; an error names the lines, and then nothing is imported.
fn import(text: &str) -> anyhow::Result<Vec<String>> {
    let mut values = Vec::new();
    let mut bad = Vec::new();
    let text = text.trim_start_matches('\u{feff}');
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        match normalised(line) {
            _ if line.is_empty() => {}
            Ok(value) => values.push(value),
            Err(error) => bad.push(format!("line {number}: {error:#}")),
        }
    }
    let more = bad.len().saturating_sub(BAD_LINES_SHOWN);
    bad.truncate(BAD_LINES_SHOWN);
    if more > 0 {
        bad.push(format!("and {more} more lines"));
    }
    anyhow::ensure!(bad.is_empty(), "{}", bad.join("; "));
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: &str) {
        let said = match normalised(value) {
            Ok(value) => value,
            Err(error) => format!("{error:#}"),
        };
        assert_eq!(said, expected, "{value}");
    }

    #[test]
    fn addresses_and_domains_are_listed_in_one_spelling() {
        check(" Ada@Engines.EXAMPLE ", "ada@engines.example");
        check("Engines.Example", "engines.example");
        check("büro.example", "xn--bro-hoa.example");
        let expected = "expected an address (a@b.example) or a domain (b.example), found ";
        check("example", &format!("{expected}`example`"));
        check(
            "two words.example",
            &format!("{expected}`two words.example`"),
        );
    }

    #[test]
    fn an_import_takes_all_lines_or_none_and_names_the_bad_ones() {
        let good = "\u{feff}a@b.example\r\n\n# a comment\nb.example # why\n";
        assert_eq!(import(good).unwrap(), ["a@b.example", "b.example"]);
        let bad = "a@b.example\nnonsense\n\nx@\n";
        let error = import(bad).unwrap_err().to_string();
        assert!(error.contains("line 2: expected an address"), "{error}");
        assert!(error.contains("line 4: `x@`"), "{error}");
        let error = import(&"no\n".repeat(9)).unwrap_err().to_string();
        assert!(error.contains("line 5: expected an address"), "{error}");
        assert!(error.ends_with("found `no`; and 4 more lines"), "{error}");
    }
}
