//! What people do in the base: their commands, each carried out once and answered, and their edits
//! of texts that wait in review.
//!
//! A command's row is open from the pull that read the cell until the cell is known to be empty.
//! While it is open the same word in the cell is the same command, read again.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::analytics::traits;
use super::leads::PullTransaction;
use super::{About, Ledger, instant, log_event, pushes, reviews, seconds, transitions};
use crate::campaign::{CampaignState, Command, Seen, Standing, StopReason};
use crate::changeset::{self, CommandView, Edit, StepField, StepView, Value};
use crate::lead::RecordId;

/// A command whose cell is not known to be empty yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCommand {
    /// The row id.
    pub id: i64,
    /// The word, as [`crate::campaign::command_word`] keeps it.
    pub word: String,
}

/// The command that was read last of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastCommand {
    /// The row id.
    pub id: i64,
    /// The word, as [`crate::campaign::command_word`] keeps it.
    pub word: String,
    /// When its cell was seen or made empty; none while it is open.
    pub cleared_at: Option<DateTime<Utc>>,
}

/// A campaign's texts in the ledger and in the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// The messages in order.
    pub steps: Vec<StepView>,
    /// The cells as the base was last told.
    pub told: BTreeMap<String, Value>,
    /// Cells that were on their way when an answer was lost.
    pub writing: BTreeMap<String, Value>,
    /// When the base was last told anything.
    pub told_at: Option<DateTime<Utc>>,
    /// How often the texts were written anew.
    pub rewrites: u32,
}

impl Ledger {
    /// The cell of a command is known to be empty: the command is over. Does nothing when a pull
    /// saw it empty before.
    pub fn command_cleared(&mut self, id: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
        close(&self.conn, id, now)
    }
}

impl PullTransaction<'_> {
    /// The cell of a command was seen empty, or with another word.
    pub fn close_command(&self, id: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
        close(self.conn, id, now)
    }

    /// Keeps a command with what came of it. The lead must have no other open one.
    pub fn record_command(
        &self,
        record_id: &RecordId,
        word: &str,
        outcome: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "INSERT INTO commands (lead_id, campaign_id, word, read_at, outcome)
                   SELECT l.id, (SELECT max(c.id) FROM campaigns c WHERE c.lead_id = l.id),
                          ?2, ?3, ?4
                   FROM leads l WHERE l.record_id = ?1 RETURNING lead_id, campaign_id";
        let (lead, campaign) = self
            .conn
            .prepare_cached(sql)?
            .query_row((record_id.as_str(), word, seconds(now), outcome), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .context("cannot keep the command")?;
        let about = About {
            lead: Some(lead),
            campaign,
            message: None,
        };
        // The answer to an unknown word repeats it.
        let known =
            Command::parse(word).map_or(String::new(), |known| format!(" {}", known.label()));
        let detail = format!("Campaign_Command{known}: {outcome}");
        log_event(self.conn, now, about, "command", &detail)
    }

    /// Where the latest campaign of a lead stands, with its row id. What only the record tells, bad
    /// data and the texts shown, is left at none and [`Seen::Nothing`].
    pub fn standing(&self, record_id: &RecordId) -> anyhow::Result<Option<(i64, Standing)>> {
        let sql = "SELECT c.id, c.campaign_id, c.state, c.stop_reason, c.paused_by,
                          EXISTS (SELECT 1 FROM messages m WHERE m.campaign_id = c.id
                                    AND (m.claimed_at IS NOT NULL
                                         OR m.state NOT IN ('drafted', 'scheduled', 'skipped')))
                   FROM campaigns c JOIN leads l ON l.id = c.lead_id
                   WHERE l.record_id = ?1 ORDER BY c.id DESC LIMIT 1";
        let row = self
            .conn
            .prepare_cached(sql)?
            .query_row([record_id.as_str()], |row| {
                let standing = Standing {
                    campaign_id: row.get(1)?,
                    state: CampaignState::parse(&row.get::<_, String>(2)?)
                        .unwrap_or(CampaignState::Stopped),
                    stop_reason: row
                        .get::<_, Option<String>>(3)?
                        .and_then(|word| StopReason::parse(&word)),
                    is_held_by_person: row.get::<_, Option<String>>(4)?.as_deref()
                        == Some("person"),
                    has_left: row.get(5)?,
                    bad_data: None,
                    seen: Seen::Nothing,
                };
                Ok((row.get(0)?, standing))
            });
        row.optional()
            .context("cannot read where the campaign stands")
    }

    /// The texts of a campaign, and what the base was told of them.
    pub fn texts(&self, campaign: i64) -> anyhow::Result<Texts> {
        let sql = "SELECT coalesce(p.told, '{}'), p.writing, p.pushed_at, c.rewrites
                   FROM campaigns c LEFT JOIN pushes p ON p.lead_id = c.lead_id WHERE c.id = ?1";
        let (told, writing, told_at, rewrites) = self
            .conn
            .prepare_cached(sql)?
            .query_row([campaign], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, Option<String>>(1)?,
                    row.get::<_, Option<i64>>(2)?,
                    row.get(3)?,
                ))
            })
            .context("cannot read what the base was told")?;
        Ok(Texts {
            steps: pushes::steps(self.conn, campaign)?,
            told: changeset::decode(&told)?,
            writing: changeset::decode(writing.as_deref().unwrap_or("{}"))?,
            told_at: told_at.map(instant),
            rewrites,
        })
    }

    /// Takes a person's texts into a campaign in review. The base is taken as told of them, so that
    /// nothing writes over what the person sees; an approval of the older texts is void.
    pub fn take_edits(
        &self,
        campaign: i64,
        edits: &[Edit],
        told: &BTreeMap<String, Value>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let mut told = told.clone();
        for edit in edits {
            let sql = match edit.field {
                StepField::MessageSubject => {
                    "UPDATE messages SET subject = ?3
                     WHERE campaign_id = ?1 AND step = ?2 AND state = 'drafted' RETURNING id"
                }
                _ => {
                    "UPDATE message_texts SET body = ?3
                     WHERE message_id = (SELECT id FROM messages WHERE campaign_id = ?1
                                           AND step = ?2 AND state = 'drafted')
                     RETURNING message_id"
                }
            };
            let message: Option<i64> = self
                .conn
                .prepare_cached(sql)?
                .query_row((campaign, &edit.step, &edit.text), |row| row.get(0))
                .optional()
                .context("cannot take a person's text")?;
            // A mail that has left is what it was; the base's cell changes nothing about it.
            let Some(message) = message else { continue };
            traits::reword(self.conn, message)?;
            let column = changeset::text_column(&edit.step, edit.field);
            let over = match edit.is_over_ours {
                true => ", over a newer text of ours",
                false => "",
            };
            let about = About {
                lead: None,
                campaign: Some(campaign),
                message: Some(message),
            };
            let detail = format!("{column}: a person changed it in the base{over}");
            log_event(self.conn, now, about, "edited", &detail)?;
            told.insert(column, Value::Text(edit.text.clone()));
        }
        let sql = "UPDATE pushes SET told = ?2
                   WHERE lead_id = (SELECT lead_id FROM campaigns WHERE id = ?1)";
        self.conn
            .prepare_cached(sql)?
            .execute((campaign, changeset::encode(&told)?))
            .context("cannot note what the base shows")?;
        let sql = "UPDATE campaigns SET approved_hash = NULL, approved_at = NULL, updated_at = ?2
                   WHERE id = ?1";
        self.conn
            .prepare_cached(sql)?
            .execute((campaign, seconds(now)))
            .context("cannot void the approval")?;
        Ok(())
    }

    /// Notes what the quality gate says of a campaign's texts after a person edited them.
    pub fn judged_again(
        &self,
        campaign: i64,
        score: u8,
        issues: &str,
        hold_reason: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "UPDATE campaigns SET quality_score = ?2, quality_issues = ?3, hold_reason = ?4
                   WHERE id = ?1 AND state = 'review'";
        self.conn
            .prepare_cached(sql)?
            .execute((campaign, score, issues, hold_reason))
            .context("cannot note what the gate says")?;
        transitions::note(self.conn, campaign, "judged", hold_reason, now)
    }

    /// Lets a campaign in review go, with the texts it has now.
    pub fn approve(&self, campaign: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
        let texts = reviews::hash_of(self.conn, campaign)?;
        transitions::approve(self.conn, campaign, &texts, now)
    }

    /// A person wants other texts: the campaign is a draft until `generate` has written them.
    pub fn ask_anew(&self, campaign: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
        transitions::ask_anew(self.conn, campaign, now)
    }
}

fn close(conn: &Connection, id: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE commands SET cleared_at = ?2 WHERE id = ?1 AND cleared_at IS NULL";
    conn.prepare_cached(sql)?
        .execute((id, seconds(now)))
        .context("cannot close the command")?;
    Ok(())
}

/// Closes the open command of a lead, if there is one.
pub(super) fn close_open(conn: &Connection, lead: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE commands SET cleared_at = ?2 WHERE lead_id = ?1 AND cleared_at IS NULL";
    conn.prepare_cached(sql)?
        .execute((lead, seconds(now)))
        .context("cannot close the command")?;
    Ok(())
}

/// The last command of a lead, as long as nothing newer happened to its latest campaign.
pub(super) fn latest(conn: &Connection, lead: i64) -> anyhow::Result<Option<CommandView>> {
    let sql = "SELECT k.word, k.read_at, k.outcome FROM commands k
               WHERE k.id = (SELECT max(id) FROM commands WHERE lead_id = ?1)
                 AND NOT EXISTS (SELECT 1 FROM campaigns c
                                 WHERE c.lead_id = ?1 AND c.updated_at > k.read_at)
                 AND NOT EXISTS (SELECT 1 FROM campaigns c JOIN messages m ON m.campaign_id = c.id
                                 WHERE c.lead_id = ?1 AND m.sent_at > k.read_at)";
    let found = conn.prepare_cached(sql)?.query_row([lead], |row| {
        Ok(CommandView {
            word: row.get(0)?,
            read_at: instant(row.get(1)?),
            outcome: row.get(2)?,
        })
    });
    found.optional().context("cannot read the last command")
}
