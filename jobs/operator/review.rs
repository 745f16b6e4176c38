//! review: campaigns that wait for a person, their texts and why they wait.

use anyhow::anyhow;
use outreach::campaign::{CampaignState, StopReason};
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::copy::approval_hash;
use outreach::ledger::{CampaignRow, Ledger};
use serde_json::json;

use super::{Show, all_campaigns, one_campaign, open, open_to_read, print_json, table};
use crate::exit::{Exit, Failure};

/// What to do with campaigns in review.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the campaigns that wait
    List(Show),
    /// Show the three texts and what the quality gate said
    Show {
        /// The campaign's id
        campaign: String,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Let campaigns go, with exactly the texts they have now
    Approve {
        /// The campaigns' ids
        #[arg(required = true)]
        campaigns: Vec<String>,
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
}

/// Runs the command.
pub fn run(config: &Config, clock: Clock, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(show) => list(&open_to_read(config, clock)?, show.json),
        Command::Show { campaign, json } => show(&open_to_read(config, clock)?, campaign, *json),
        Command::Approve { campaigns, json } => decide(
            config,
            clock,
            campaigns,
            *json,
            "approved; `outreach schedule` dates its messages",
            &mut |ledger, campaign| {
                let texts = ledger.messages(campaign)?;
                let texts = texts.iter().map(|m| (m.subject.as_str(), m.body.as_str()));
                let hash = approval_hash(texts);
                ledger.approve_campaign(campaign, &hash, clock.now())
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
            &mut |ledger, campaign| {
                let why = StopReason::RejectedInReview;
                let in_review = ledger.campaigns(Some(CampaignState::Review), None)?;
                anyhow::ensure!(
                    in_review.iter().any(|row| row.id == campaign),
                    "only a campaign in review can be rejected; use `outreach campaign stop`"
                );
                ledger.stop_campaign(campaign, why, reason, clock.now())
            },
        ),
    }
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
    let rows = waiting.into_iter().map(|campaign| {
        vec![
            campaign.campaign_id,
            campaign.full_name,
            campaign.company,
            campaign.quality_score.to_string(),
            campaign.hold_reason.unwrap_or_default(),
        ]
    });
    say!(
        "{}",
        table(
            &["campaign", "lead", "company", "score", "why"],
            rows.collect()
        )
    );
    Ok(Exit::Done)
}

fn row(ledger: &Ledger, word: &str) -> Result<CampaignRow, Failure> {
    let id = one_campaign(ledger, word)?;
    let all = ledger.campaigns(None, None)?;
    let row = all.into_iter().find(|row| row.id == id);
    row.ok_or_else(|| Failure::usage(anyhow!("no campaign `{word}`")))
}

fn show(ledger: &Ledger, word: &str, as_json: bool) -> Result<Exit, Failure> {
    let campaign = row(ledger, word)?;
    let messages = ledger.messages(campaign.id)?;
    if as_json {
        let issues: serde_json::Value =
            serde_json::from_str(&campaign.quality_issues).unwrap_or_default();
        let messages = messages.iter().map(|message| {
            json!({"step": message.step, "subject": message.subject, "body": message.body})
        });
        print_json(&json!({
            "campaign_id": campaign.campaign_id, "state": campaign.state.as_str(),
            "email": campaign.email, "company": campaign.company,
            "quality_score": campaign.quality_score, "issues": issues,
            "why": campaign.hold_reason, "messages": messages.collect::<Vec<_>>(),
        }));
        return Ok(Exit::Done);
    }
    say!(
        "{} · {} · {} <{}>, {} · by {} · score {}",
        campaign.campaign_id,
        campaign.state.label(),
        campaign.full_name,
        campaign.email,
        campaign.company,
        campaign.writer,
        campaign.quality_score
    );
    if let Some(why) = &campaign.hold_reason {
        say!("waits: {why}");
    }
    for message in messages {
        say!(
            "\n── {} ── {}\n\n{}",
            message.step,
            message.subject,
            message.body
        );
    }
    let issues: Vec<serde_json::Value> =
        serde_json::from_str(&campaign.quality_issues).unwrap_or_default();
    if !issues.is_empty() {
        say!();
    }
    for issue in issues {
        let field = |name: &str| issue.get(name).and_then(|v| v.as_str()).unwrap_or_default();
        let (severity, code, step) = (field("severity"), field("code"), field("step"));
        say!(
            "{severity} {code} ({step}): `{}`, {}",
            field("words"),
            field("hint")
        );
    }
    Ok(Exit::Done)
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
