//! init --create-fields: the columns that the base's table lacks, listed, asked about, made.
//!
//! Nothing is made without a person's word: an answer on the terminal, or `--yes`. Run again, it
//! goes on where it ended, because only what is missing is made.

use std::io::{BufRead, IsTerminal, Read, Write};

use anyhow::anyhow;
use outreach::airtable::{ApiError, Client, Missing, NewColumn, Owner, Settings};
use outreach::clock::Clock;
use outreach::config::{Config, LeadsSource};
use serde_json::json;

use super::Args;
use crate::base;
use crate::exit::{Exit, Failure};
use crate::operator::{open, open_to_read, print_json, table};

/// An answer is `y`; nobody types more than this.
const ANSWER_BYTES_MAX: u64 = 1_000;

/// Runs the command.
pub async fn create_fields(config: &Config, clock: Clock, args: &Args) -> Result<Exit, Failure> {
    let LeadsSource::Airtable(settings) = &config.leads else {
        return Err(Failure::config(anyhow!(
            "AIRTABLE_API_KEY: expected a token, and a base in AIRTABLE_BASE_ID, to make columns \
             in; found neither"
        )));
    };
    let kept = match config.ledger_path.exists() {
        true => open_to_read(config, clock)?.kept_table(&base::name_of(settings))?,
        false => None,
    };
    let kept = kept.map(|kept| kept.schema);
    let client = base::client(config, settings, kept.as_deref())?;
    let missing = client.missing_columns().await?;
    let place = format!("table `{}` of base `{}`", missing.table, settings.base_id);
    if !args.json {
        list(&missing, &place);
    }
    let columns = missing.columns.as_slice();
    let question = match columns.len() {
        1 => format!("create this column in {place}?"),
        n => format!("create these {n} columns in {place}?"),
    };
    let may_create = match (args.yes || columns.is_empty(), args.json) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => ask(&question),
    };
    let (n_created, failure) = match may_create {
        Some(true) => create(&client, columns, args).await,
        _ => (0, None),
    };
    let is_news = n_created > 0 || columns.is_empty();
    if is_news && config.ledger_path.exists() {
        keep_columns(config, clock, settings, &client, kept.as_deref(), n_created).await?;
    }
    report(&missing, n_created, settings, args);
    match (may_create, failure) {
        (_, Some(failure)) => Err(Failure::from(failure)),
        (Some(_), None) => Ok(Exit::Done),
        (None, None) => Err(Failure::usage(anyhow!(
            "nothing was created: expected --yes, or a terminal to ask on"
        ))),
    }
}

/// What is missing, for people.
fn list(missing: &Missing, place: &str) {
    match missing.columns.as_slice() {
        [] => say!("{place} lacks no column that is needed"),
        columns => {
            let n_columns = columns.len();
            let noun = if n_columns == 1 { "column" } else { "columns" };
            say!("{place} lacks {n_columns} {noun}:\n");
            let rows = columns.iter().map(|column| {
                vec![
                    column.name.clone(),
                    column.kind.to_string(),
                    column.owner.as_str().to_string(),
                    column.options_in_words(),
                ]
            });
            let header = ["column", "type", "written by", "options"];
            say!("{}", table(&header, rows.collect()));
        }
    }
    let theirs = missing.columns.iter();
    let theirs = theirs.filter(|column| column.owner == Owner::People);
    let theirs: Vec<&str> = theirs.map(|column| column.variable.as_str()).collect();
    if !theirs.is_empty() {
        say!(
            "\nthose of people may be there under another name: then set {} to it instead",
            theirs.join(" or ")
        );
    }
    if !missing.optional.is_empty() {
        say!(
            "\noptional, left to people who have something to put there: {}",
            missing.optional.join(", ")
        );
    }
    if !missing.by_hand.is_empty() {
        say!("\nto be mended by hand:");
        for line in &missing.by_hand {
            say!("  - {line}");
        }
    }
    for line in &missing.changed {
        say!("\n{line}");
    }
}

/// Whether a person says yes; none without a terminal to ask on.
fn ask(question: &str) -> Option<bool> {
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return None;
    }
    let asked = write!(stderr, "\n{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let mut input = stdin.lock().take(ANSWER_BYTES_MAX);
    let read = asked.and_then(|()| input.read_line(&mut answer));
    let is_yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
    Some(read.is_ok() && is_yes)
}

/// Makes one column after the other until one cannot be made: how many were, and why no more.
async fn create(client: &Client, columns: &[NewColumn], args: &Args) -> (usize, Option<ApiError>) {
    if !columns.is_empty() && !args.json {
        say!();
    }
    for (n_created, column) in columns.iter().enumerate() {
        if let Err(failure) = client.create_column(column).await {
            return (n_created, Some(failure));
        }
        if !args.json {
            let (name, number) = (&column.name, n_created + 1);
            say!("created `{name}` ({number} of {})", columns.len());
        }
    }
    (columns.len(), None)
}

/// From now on the stages know the columns as they are, and show every lead's values in those that
/// are new to them. Without a ledger nothing has been shown yet, and its first run looks for
/// itself.
async fn keep_columns(
    config: &Config,
    clock: Clock,
    settings: &Settings,
    client: &Client,
    kept: Option<&str>,
    n_created: usize,
) -> Result<(), Failure> {
    if n_created > 0
        && let Err(error) = client.missing_columns().await
    {
        // What was made stays made; the next run of this command finds it.
        tracing::warn!("run this once more, so that the new columns are filled: {error}");
        return Ok(());
    }
    let learned = client.learned().await;
    if let Some(learned) = learned.filter(|learned| Some(learned.schema.as_str()) != kept) {
        let mut ledger = open(config, clock)?;
        ledger.keep_table(&base::name_of(settings), &learned.schema, clock.now())?;
        ledger.show_again(&learned.replaced)?;
    }
    Ok(())
}

/// What came of it: the last line for people, all of it for programs.
fn report(missing: &Missing, n_created: usize, settings: &Settings, args: &Args) {
    let names = missing.columns.iter().map(|column| column.name.as_str());
    let created: Vec<&str> = names.clone().take(n_created).collect();
    let not_created: Vec<&str> = names.skip(n_created).collect();
    if args.json {
        let columns = missing.columns.iter().map(|column| {
            json!({
                "name": column.name, "type": column.kind, "options": column.choices,
                "written_by": column.owner.as_str(), "variable": column.variable,
            })
        });
        print_json(&json!({
            "base": settings.base_id, "table": missing.table,
            "missing": columns.collect::<Vec<_>>(), "optional": missing.optional,
            "by_hand": missing.by_hand, "changed": missing.changed, "created": created,
            "not_created": not_created,
        }));
        return;
    }
    match (n_created, not_created.as_slice()) {
        (0, []) => {}
        (0, _) => say!("\nnothing was created"),
        (_, []) => say!("\nall are there now; the next `outreach push` shows what belongs in them"),
        (_, rest) => say!(
            "\nnot created: {}; the same command goes on from here",
            rest.join(", ")
        ),
    }
}
