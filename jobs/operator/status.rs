//! status: what is going on, what is stuck, what comes next.

pub mod calls;

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::{HeldSender, RunRow, StatusPage};
use serde_json::json;

use calls::Calls;

use super::{Show, ago, open_to_read, print_json, table, utc};
use crate::base;
use crate::exit::{self, Exit, Failure};
use crate::run::counts;

/// Runs the command.
pub fn run(config: &Config, clock: Clock, args: &Show) -> Result<Exit, Failure> {
    let now = clock.now();
    let ledger = open_to_read(config, clock)?;
    let page = ledger.status(now)?;
    let runs = ledger.latest_runs()?;
    let paused = ledger.switch("pause_all")?;
    let days = ledger.dated_by_day(7)?;
    let calls = Calls::of(config, &ledger, now)?;
    let mut stuck = stuck(
        config,
        &page,
        &runs,
        paused.as_ref().map(|(why, _)| why.as_str()),
        now,
    );
    let held = ledger.held_senders()?;
    stuck.extend(held.iter().map(held_in_words));
    stuck.extend(crate::breaker::tripped_batches(&ledger, config, now)?);
    stuck.extend(calls.iter().flat_map(Calls::troubles));
    if let Err(unsound) = base::ensure_sound(&ledger, config) {
        stuck.push(exit::line(&unsound.error));
    }
    if args.json {
        let mut document = document(&page, &runs, &days, paused.as_ref(), &stuck);
        if let (Some(calls), Some(document)) = (&calls, document.as_object_mut()) {
            document.insert("airtable".to_string(), calls.to_json());
        }
        if let Some(document) = document.as_object_mut() {
            let held = held.iter().map(|held| {
                json!({
                    "sender": held.sender, "reason": held.reason, "since": rfc3339(held.since),
                })
            });
            document.insert("held_senders".to_string(), held.collect());
        }
        print_json(&document);
        return Ok(Exit::Done);
    }
    say!("{}\n", config.endpoints());
    print_leads(&page.leads);
    for (title, figures) in [
        ("campaigns", &page.campaigns),
        ("messages", &page.messages),
        ("inbox", &page.inbound),
    ] {
        say!("{title:<10} {}", line(figures));
    }
    say!(
        "{:<10} {} addresses or domains",
        "suppressed",
        page.suppressions
    );
    if let Some(calls) = &calls {
        say!("{:<10} {}", "airtable", calls.line());
    }
    say!();
    print_runs(&runs, now);
    print_next(page.next_due_at, &days, now);
    if stuck.is_empty() {
        say!("\nnothing needs attention");
    } else {
        say!("\nneeds attention:");
        for line in &stuck {
            say!("  - {line}");
        }
    }
    Ok(Exit::Done)
}

/// A sender that sends nothing, with the mend.
fn held_in_words(held: &HeldSender) -> String {
    let HeldSender { sender, reason, .. } = held;
    format!("{sender} is held ({reason}): `outreach resume --sender {sender}`")
}

/// The figures and runs for programs.
fn document(
    page: &StatusPage,
    runs: &[RunRow],
    days: &BTreeMap<String, u32>,
    paused: Option<&(String, DateTime<Utc>)>,
    stuck: &[String],
) -> serde_json::Value {
    let mailboxes = page.mailboxes.iter().map(|(name, read, error)| {
        json!({"name": name, "read_at": read.map(rfc3339), "last_error": error})
    });
    let runs = runs.iter().map(|run| {
        json!({
            "stage": run.stage, "run_id": run.id, "started_at": rfc3339(run.started_at),
            "finished_at": run.finished_at.map(rfc3339), "outcome": run.outcome,
            "counts": run.counts, "errors": run.errors,
        })
    });
    json!({
        "leads": page.leads, "campaigns": page.campaigns, "messages": page.messages,
        "inbound": page.inbound, "suppressions": page.suppressions, "overdue": page.overdue,
        "to_push": page.to_push, "next_due_at": page.next_due_at.map(rfc3339),
        "messages_by_day": days, "mailboxes": mailboxes.collect::<Vec<_>>(),
        "runs": runs.collect::<Vec<_>>(), "needs_attention": stuck,
        "paused": paused.map(|(why, since)| json!({"reason": why, "since": rfc3339(*since)})),
    })
}

/// An instant for programs.
fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What comes next, and how much on which day.
fn print_next(next: Option<DateTime<Utc>>, days: &BTreeMap<String, u32>, now: DateTime<Utc>) {
    match next {
        Some(at) => {
            say!("next message {} ({})", utc(at), ago(at, now));
            let days = days
                .iter()
                .map(|(day, n)| format!("{day}: {n}"))
                .collect::<Vec<_>>();
            say!("coming days  {}", days.join(", "));
        }
        None => say!("no message is dated"),
    }
}

/// The latest run of each stage.
fn print_runs(runs: &[RunRow], now: DateTime<Utc>) {
    if runs.is_empty() {
        say!("no stage has run yet: `outreach doctor`, then `outreach nightly`\n");
        return;
    }
    let rows = runs.iter().map(|run| {
        let counts = run.counts.iter().map(|(name, n)| (name.clone(), *n));
        // Why leads were rejected stands above, for all of them.
        let counts = counts.filter(|(name, _)| !name.starts_with("rejected_"));
        vec![
            run.stage.clone(),
            ago(run.started_at, now),
            run.outcome
                .clone()
                .unwrap_or_else(|| "running, or died".to_string()),
            counts::in_words(&counts.collect()),
        ]
    });
    say!(
        "{}\n",
        table(&["stage", "last run", "outcome", "counts"], rows.collect())
    );
}

/// The leads: who may be written to, who has an open campaign, and why the others have none.
fn print_leads(figures: &BTreeMap<String, i64>) {
    let mut eligible = 0;
    let mut in_campaigns = 0;
    let mut rejected = Vec::new();
    for (verdict, n) in figures {
        match verdict.strip_prefix("rejected: ") {
            None => eligible += n,
            Some("campaign_in_progress") => in_campaigns += n,
            Some(reason) => rejected.push((reason.replace('_', " "), *n)),
        }
    }
    if figures.is_empty() {
        say!("{:<10} none", "leads");
        return;
    }
    let n_rejected: i64 = rejected.iter().map(|(_, n)| n).sum();
    say!(
        "{:<10} {eligible} eligible · {in_campaigns} with an open campaign · {n_rejected} rejected",
        "leads"
    );
    for (reason, n) in rejected {
        say!("{:<10} {n:>6} {reason}", "");
    }
}

fn line(figures: &BTreeMap<String, i64>) -> String {
    if figures.is_empty() {
        return "none".to_string();
    }
    let parts = figures
        .iter()
        .map(|(name, n)| format!("{n} {}", name.replace('_', " ")));
    parts.collect::<Vec<_>>().join(" · ")
}

/// What a person should look at, each with the command that mends it.
fn stuck(
    config: &Config,
    page: &StatusPage,
    runs: &[RunRow],
    paused: Option<&str>,
    now: DateTime<Utc>,
) -> Vec<String> {
    let figure = |figures: &BTreeMap<String, i64>, name: &str| figures.get(name).copied();
    let mut lines = Vec::new();
    if let Some(why) = paused {
        lines.push(format!(
            "everything is paused ({why}): `outreach resume --all`"
        ));
    }
    if let Some(n) = figure(&page.messages, "in_doubt") {
        lines.push(format!("{n} messages in doubt: `outreach letters list`"));
    }
    if let Some(n) = figure(&page.messages, "dead") {
        lines.push(format!("{n} dead letters: `outreach letters list`"));
    }
    if let Some(n) = figure(&page.campaigns, "review") {
        lines.push(format!(
            "{n} campaigns wait in review: `outreach review list`"
        ));
    }
    if page.overdue > 0 {
        let n = page.overdue;
        lines.push(format!(
            "{n} messages are overdue by more than an hour: `outreach hourly`"
        ));
    }
    let max = Duration::minutes(i64::from(config.scan_age_minutes_max));
    for (name, read_at, error) in &page.mailboxes {
        if let Some(error) = error {
            lines.push(format!("mailbox {name} cannot be read: {error}"));
        } else if read_at.is_some_and(|at| at < now - max) {
            lines.push(format!(
                "mailbox {name} was not read lately: `outreach scan`"
            ));
        }
    }
    for run in runs {
        match run.outcome.as_deref() {
            None => lines.push(format!(
                "the last `{}` is running or died; run it again to find out",
                run.stage
            )),
            Some("failed" | "again") => {
                let why = run.errors.last().map_or("", String::as_str);
                lines.push(format!("the last `{}` failed: {why}", run.stage));
            }
            // A person has to look at what failed even though the run went on.
            Some("partial") if !run.errors.is_empty() => {
                let why = run.errors.first().map_or("", String::as_str);
                let more = match run.errors.len() {
                    1 => String::new(),
                    n => format!(" (and {} more)", n - 1),
                };
                let stage = &run.stage;
                lines.push(format!("the last `{stage}` had trouble: {why}{more}"));
            }
            Some(_) => {}
        }
    }
    lines
}
