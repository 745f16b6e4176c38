//! review: campaigns that wait for a person, their texts and why they wait.

mod edit;
mod editor;
mod sheet;
mod show;

use std::io::{BufRead, IsTerminal};

use anyhow::anyhow;
use outreach::campaign::CampaignState;
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::copy::approval_hash;
use outreach::ledger::{CampaignRow, Ledger};
use serde_json::json;

use super::{Show, all_campaigns, one_campaign, open, open_to_read, print_json, printable, table};
use crate::exit::{Exit, Failure};

/// What to do with campaigns in review.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the campaigns that wait
    List(Show),
    /// Show the texts, how long they are and what the quality gate said
    Show {
        /// The campaign's id
        campaign: String,
        /// Print only the texts, as `review edit --file` takes them
        #[arg(long, conflicts_with = "json")]
        raw: bool,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Let campaigns go, with exactly the texts they have now
    Approve {
        /// The campaigns' ids
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        campaigns: Vec<String>,
        /// Every campaign that waits although its texts pass the gate
        #[arg(long)]
        all: bool,
        /// Do not ask
        #[arg(long, requires = "all")]
        yes: bool,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// End campaigns; their leads are not written to
    Reject {
        /// The campaigns' ids
        #[arg(required = true)]
        campaigns: Vec<String>,
        /// Why, for the log
        #[arg(long, default_value = "")]
        reason: String,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Change texts in your editor ($VISUAL or $EDITOR); they are judged and wait for an approval
    Edit(edit::Args),
}

/// What is said of an approved campaign.
const APPROVED: &str = "approved; `outreach schedule` dates its messages";

/// Runs the command.
pub fn run(config: &Config, clock: Clock, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(show) => list(&open_to_read(config, clock)?, show.json),
        Command::Show {
            campaign,
            raw,
            json,
        } => show(&open_to_read(config, clock)?, campaign, *raw, *json),
        Command::Approve {
            all: true,
            yes,
            json,
            ..
        } => approve_all(config, clock, *yes, *json),
        Command::Approve {
            campaigns, json, ..
        } => decide(
            config,
            clock,
            campaigns,
            *json,
            APPROVED,
            &mut |ledger, campaign| {
                let seen = texts_of(ledger, campaign)?;
                ledger.approve_campaign(campaign, &seen, clock.now())
            },
        ),
        Command::Reject {
            campaigns,
            reason,
            json,
        } => decide(
            config,
            clock,
            campaigns,
            *json,
            "rejected",
            &mut |ledger, campaign| ledger.reject_campaign(campaign, reason, clock.now()),
        ),
        Command::Edit(args) => edit::run(config, clock, args),
    }
}

/// The hash of a campaign's texts.
fn texts_of(ledger: &Ledger, campaign: i64) -> anyhow::Result<String> {
    let texts = ledger.messages(campaign)?;
    let texts = texts.iter().map(|m| (m.subject.as_str(), m.body.as_str()));
    Ok(approval_hash(texts))
}

fn list(ledger: &Ledger, as_json: bool) -> Result<Exit, Failure> {
    let waiting = ledger.campaigns(Some(CampaignState::Review), None)?;
    if as_json {
        let rows = waiting.iter().map(|campaign| {
            json!({
                "campaign_id": campaign.campaign_id, "email": campaign.email,
                "full_name": campaign.full_name, "company": campaign.company,
                "quality_score": campaign.quality_score, "why": campaign.hold_reason,
                "writer": campaign.writer,
            })
        });
        print_json(&rows.collect());
        return Ok(Exit::Done);
    }
    if waiting.is_empty() {
        say!("no campaign waits in review");
        return Ok(Exit::Done);
    }
    say!("{}", waiting_table(&waiting));
    Ok(Exit::Done)
}

fn waiting_table(waiting: &[CampaignRow]) -> String {
    let rows = waiting.iter().map(|campaign| {
        vec![
            campaign.campaign_id.clone(),
            printable(&campaign.full_name),
            printable(&campaign.company),
            campaign.quality_score.to_string(),
            printable(campaign.hold_reason.as_deref().unwrap_or_default()),
        ]
    });
    let header = ["campaign", "lead", "company", "score", "why"];
    table(&header, rows.collect())
}

fn row(ledger: &Ledger, word: &str) -> Result<CampaignRow, Failure> {
    let id = one_campaign(ledger, word)?;
    let all = ledger.campaigns(None, None)?;
    let row = all.into_iter().find(|row| row.id == id);
    row.ok_or_else(|| Failure::usage(anyhow!("no campaign `{word}`")))
}

fn show(ledger: &Ledger, word: &str, raw: bool, as_json: bool) -> Result<Exit, Failure> {
    let campaign = row(ledger, word)?;
    let messages = ledger.messages(campaign.id)?;
    if as_json {
        print_json(&show::document(&campaign, &messages));
    } else if raw {
        say!("{}", edit::raw(&campaign, &messages).trim_end());
    } else {
        show::page(&campaign, &messages);
    }
    Ok(Exit::Done)
}

/// Whether the gate has nothing against a campaign: it waits only because everything does.
fn passes(campaign: &CampaignRow, config: &Config) -> bool {
    let issues = show::found(&campaign.quality_issues);
    campaign.quality_score >= config.quality_threshold
        && !issues
            .iter()
            .any(|issue| issue.blocks() || issue.is_about_others())
}

/// Approves every campaign whose texts pass the gate. What does not pass is for a person to read
/// one by one.
fn approve_all(config: &Config, clock: Clock, yes: bool, as_json: bool) -> Result<Exit, Failure> {
    let mut ledger = open(config, clock)?;
    let waiting = ledger.campaigns(Some(CampaignState::Review), None)?;
    let (passing, others): (Vec<CampaignRow>, Vec<CampaignRow>) = waiting
        .into_iter()
        .partition(|campaign| passes(campaign, config));
    // What is approved is what was there before the question was asked.
    let seen = passing.iter().map(|c| texts_of(&ledger, c.id));
    let seen = seen.collect::<anyhow::Result<Vec<String>>>()?;
    if !passing.is_empty() && !yes && !is_agreed(&passing)? {
        say!("nothing was approved");
        return Ok(Exit::Done);
    }
    let mut exit = match others.is_empty() {
        true => Exit::Done,
        false => Exit::Partial,
    };
    let mut results = Vec::new();
    for (campaign, seen) in passing.iter().zip(&seen) {
        let id = &campaign.campaign_id;
        match ledger.approve_campaign(campaign.id, seen, clock.now()) {
            Ok(()) => results.push(json!({"campaign_id": id, "result": APPROVED})),
            Err(error) => {
                exit = Exit::Partial;
                results.push(json!({"campaign_id": id, "error": format!("{error:#}")}));
                crate::print_error(&anyhow!("{id}: {error:#}"));
            }
        }
    }
    let why = "not approved: its texts do not pass the gate; read it, then approve it by its id";
    let left = others
        .iter()
        .map(|campaign| json!({"campaign_id": campaign.campaign_id, "left": why}));
    results.extend(left);
    if as_json {
        print_json(&results.into());
        return Ok(exit);
    }
    let approved = results.iter().filter(|r| r.get("result").is_some()).count();
    match approved {
        0 => say!("no campaign was approved"),
        n => say!("{n} approved; `outreach schedule` dates their messages"),
    }
    if !others.is_empty() {
        let n = others.len();
        say!("\n{n} left, because the texts do not pass the gate; read them one by one:\n");
        say!("{}", waiting_table(&others));
    }
    Ok(exit)
}

/// Whether the person at the terminal wants all of these approved.
fn is_agreed(campaigns: &[CampaignRow]) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage(anyhow!(
            "review approve --all: expected a terminal to ask at, found none; say --yes"
        )));
    }
    complain!("{}", waiting_table(campaigns));
    let n = campaigns.len();
    complain!("\napprove these {n} campaigns with the texts they have now? [y/N]");
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    read.map_err(|err| Failure::usage(anyhow!("cannot read the answer: {err}")))?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

type Decide<'a> = &'a mut dyn FnMut(&mut Ledger, i64) -> anyhow::Result<()>;

/// Applies one decision to each campaign; one that does not allow it does not hold back the others,
/// but an id that does not exist does: it is a slip of the pen.
pub fn decide(
    config: &Config,
    clock: Clock,
    campaigns: &[String],
    as_json: bool,
    done: &str,
    apply: Decide<'_>,
) -> Result<Exit, Failure> {
    let mut ledger = open(config, clock)?;
    let mut exit = Exit::Done;
    let mut results = Vec::new();
    for (word, id) in all_campaigns(&ledger, campaigns)? {
        match apply(&mut ledger, id) {
            Ok(()) => {
                results.push(json!({"campaign_id": word, "result": done}));
                if !as_json {
                    say!("{word}: {done}");
                }
            }
            Err(error) => {
                exit = Exit::Partial;
                results.push(json!({"campaign_id": word, "error": format!("{error:#}")}));
                crate::print_error(&anyhow!("{word}: {error:#}"));
            }
        }
    }
    if as_json {
        print_json(&results.into());
    }
    Ok(exit)
}
