//! Campaigns: created whole, then moved along their states; each move and its reason in one place.

use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::analytics::traits;
use super::leads::PullTransaction;
use super::transitions::{ensure_open, pause, respond, resume, state_of, stop};
use super::{About, Ledger, instant, log_event, seconds};
use crate::calendar::Place;
use crate::campaign::{CampaignState, Sequence, StopReason, outreach_key};
use crate::copy::Draft;
use crate::copy::wording::{self, Names};
use crate::inbound::ResponseType;
use crate::lead::Lead;

/// A campaign to be stored.
pub struct NewCampaign {
    /// Its id.
    pub campaign_id: String,
    /// The lead's row id.
    pub lead: i64,
    /// The lead as it was when the texts were written.
    pub written_to: Arc<Lead>,
    /// The company as the texts name it.
    pub company: String,
    /// Why it waits for a person, in review; none when it is active at once.
    pub hold_reason: Option<String>,
    /// The sequence, frozen.
    pub sequence: Sequence,
    /// One text per step.
    pub drafts: Vec<Draft>,
    /// Who wrote it.
    pub writer: String,
    /// 0 to 100.
    pub quality_score: u8,
    /// The issues as JSON.
    pub quality_issues: String,
    /// Tokens a model was paid for.
    pub tokens: u64,
    /// The lead's zone and country, and why these.
    pub place: Place,
}

impl NewCampaign {
    /// Where it starts: in review when something holds it.
    pub fn state(&self) -> CampaignState {
        match self.hold_reason {
            Some(_) => CampaignState::Review,
            None => CampaignState::Active,
        }
    }
}

/// A message of a campaign, as stored.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// The row id.
    pub id: i64,
    /// 1 for the first step.
    pub number: u32,
    /// The step's label.
    pub step: String,
    /// The subject.
    pub subject: String,
    /// The body.
    pub body: String,
    /// The stored word of a [`crate::campaign::MessageState`].
    pub state: String,
    /// Why it is skipped, dead or in doubt.
    pub state_reason: Option<String>,
    /// When it may leave.
    pub due_at: Option<DateTime<Utc>>,
    /// Why then.
    pub due_reason: Option<String>,
    /// When it left.
    pub sent_at: Option<DateTime<Utc>>,
    /// How many conversations there were.
    pub attempts: u32,
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// From whom.
    pub sender: Option<String>,
}

/// A campaign, as stored.
#[derive(Clone, Debug)]
pub struct CampaignRow {
    /// The row id.
    pub id: i64,
    /// Its id outside.
    pub campaign_id: String,
    /// The lead's row id.
    pub lead: i64,
    /// The lead's address, or `""` when it has none any more.
    pub email: String,
    /// The lead's name as it was read.
    pub full_name: String,
    /// The company as the texts name it.
    pub company: String,
    /// Where it stands.
    pub state: CampaignState,
    /// Why it was stopped.
    pub stop_reason: Option<StopReason>,
    /// Why it waits.
    pub hold_reason: Option<String>,
    /// Who wrote it.
    pub writer: String,
    /// 0 to 100.
    pub quality_score: u8,
    /// The issues as JSON.
    pub quality_issues: String,
    /// The lead's zone.
    pub zone: String,
    /// Why this zone.
    pub zone_reason: String,
    /// ISO code.
    pub country: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// How the lead answered.
    pub response_type: Option<String>,
    /// When the lead answered.
    pub response_at: Option<DateTime<Utc>>,
    /// When a pause ends by itself.
    pub resume_at: Option<DateTime<Utc>>,
}

impl Ledger {
    /// Stores campaigns with their messages, all in one transaction. A lead that got an open
    /// campaign meanwhile is passed over. The answer is how many were stored.
    pub fn insert_campaigns(
        &mut self,
        campaigns: &[NewCampaign],
        now: DateTime<Utc>,
    ) -> anyhow::Result<u32> {
        let tx = self.begin()?;
        let mut stored = 0;
        for campaign in campaigns {
            stored += u32::from(insert(&tx, campaign, now)?);
        }
        tx.commit().context("cannot store the campaigns")?;
        Ok(stored)
    }

    /// The row id of a campaign by its id.
    pub fn campaign(&self, campaign_id: &str) -> anyhow::Result<Option<i64>> {
        let sql = "SELECT id FROM campaigns WHERE campaign_id = ?1";
        let id = self
            .conn
            .prepare_cached(sql)?
            .query_row([campaign_id], |row| row.get(0));
        id.optional().context("cannot look the campaign up")
    }

    /// All campaigns in a state, or of a lead, oldest first.
    pub fn campaigns(
        &self,
        state: Option<CampaignState>,
        lead: Option<i64>,
    ) -> anyhow::Result<Vec<CampaignRow>> {
        let sql = "SELECT c.id, c.campaign_id, c.lead_id, coalesce(l.email, ''), l.full_name,
                          c.company, c.state, c.stop_reason, c.hold_reason, c.writer,
                          c.quality_score, c.quality_issues, c.zone, c.zone_reason, c.country,
                          c.created_at, c.response_type, c.response_at, c.resume_at
                   FROM campaigns c JOIN leads l ON l.id = c.lead_id
                   WHERE (?1 IS NULL OR c.state = ?1) AND (?2 IS NULL OR c.lead_id = ?2)
                   ORDER BY c.id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map((state.map(CampaignState::as_str), lead), |row| {
            Ok(CampaignRow {
                id: row.get(0)?,
                campaign_id: row.get(1)?,
                lead: row.get(2)?,
                email: row.get(3)?,
                full_name: row.get(4)?,
                company: row.get(5)?,
                state: CampaignState::parse(&row.get::<_, String>(6)?)
                    .unwrap_or(CampaignState::Stopped),
                stop_reason: row
                    .get::<_, Option<String>>(7)?
                    .and_then(|word| StopReason::parse(&word)),
                hold_reason: row.get(8)?,
                writer: row.get(9)?,
                quality_score: row.get(10)?,
                quality_issues: row.get(11)?,
                zone: row.get(12)?,
                zone_reason: row.get(13)?,
                country: row.get(14)?,
                created_at: instant(row.get(15)?),
                response_type: row.get(16)?,
                response_at: row.get::<_, Option<i64>>(17)?.map(instant),
                resume_at: row.get::<_, Option<i64>>(18)?.map(instant),
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot list the campaigns")
    }

    /// Whether any campaign waits in review.
    pub fn has_review(&self) -> anyhow::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM campaigns WHERE state = 'review')";
        let found = self
            .conn
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0));
        found.context("cannot look for campaigns in review")
    }

    /// The messages of a campaign in order.
    pub fn messages(&self, campaign: i64) -> anyhow::Result<Vec<StoredMessage>> {
        let sql = "SELECT m.id, m.number, m.step, m.subject, t.body, m.state, m.state_reason,
                          m.due_at, m.due_reason, m.sent_at, m.attempts, m.message_id, m.sender
                   FROM messages m JOIN message_texts t ON t.message_id = m.id
                   WHERE m.campaign_id = ?1 ORDER BY m.number";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([campaign], |row| {
            Ok(StoredMessage {
                id: row.get(0)?,
                number: row.get(1)?,
                step: row.get(2)?,
                subject: row.get(3)?,
                body: row.get(4)?,
                state: row.get(5)?,
                state_reason: row.get(6)?,
                due_at: row.get::<_, Option<i64>>(7)?.map(instant),
                due_reason: row.get(8)?,
                sent_at: row.get::<_, Option<i64>>(9)?.map(instant),
                attempts: row.get(10)?,
                message_id: row.get(11)?,
                sender: row.get(12)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the campaign's messages")
    }

    /// Holds a campaign on a person's word. An error says why its state does not allow it.
    pub fn pause_campaign(
        &mut self,
        campaign: i64,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        pause(&tx, campaign, "person", None, why, now)?;
        tx.commit().context("cannot pause the campaign")
    }

    /// Sets a paused campaign going again: its undelivered messages are dated anew by `schedule`.
    pub fn resume_campaign(
        &mut self,
        campaign: i64,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        resume(&tx, campaign, why, now)?;
        tx.commit().context("cannot resume the campaign")
    }

    /// Ends a campaign on a person's word.
    pub fn stop_campaign(
        &mut self,
        campaign: i64,
        reason: StopReason,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        ensure_open(&tx, campaign, CampaignState::Stopped)?;
        stop(&tx, campaign, reason, why, now)?;
        tx.commit().context("cannot stop the campaign")
    }

    /// Ends a campaign in review, because a person does not want it sent.
    pub fn reject_campaign(
        &mut self,
        campaign: i64,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        if state_of(&tx, campaign)? != CampaignState::Review {
            anyhow::bail!(
                "only a campaign in review can be rejected; use `outreach campaign stop`"
            );
        }
        stop(&tx, campaign, StopReason::RejectedInReview, why, now)?;
        tx.commit().context("cannot reject the campaign")
    }
}

impl PullTransaction<'_> {
    /// A person ticked Replied.
    pub fn replied_by_hand(&self, campaign: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
        respond(
            self.conn,
            campaign,
            ResponseType::Neutral,
            None,
            now,
            "ticked Replied in the base",
            now,
        )
    }

    /// A person took the lead out, in the base.
    pub fn stop(
        &self,
        campaign: i64,
        reason: StopReason,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        stop(self.conn, campaign, reason, why, now)
    }

    /// The lead's fields do not pass the data check any more, or a person said Pause.
    pub fn pause(
        &self,
        campaign: i64,
        by: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        pause(self.conn, campaign, by, None, why, now).map(drop)
    }

    /// What held the campaign is gone.
    pub fn resume(&self, campaign: i64, why: &str, now: DateTime<Utc>) -> anyhow::Result<()> {
        resume(self.conn, campaign, why, now)
    }
}

fn insert(conn: &Connection, new: &NewCampaign, now: DateTime<Utc>) -> anyhow::Result<bool> {
    let sql = "INSERT INTO campaigns (campaign_id, lead_id, company, state, hold_reason, sequence,
                   writer, quality_score, quality_issues, tokens, zone, zone_reason, country,
                   created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14)
               ON CONFLICT DO NOTHING RETURNING id";
    let id: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(
            rusqlite::params![
                new.campaign_id,
                new.lead,
                new.company,
                new.state().as_str(),
                new.hold_reason,
                serde_json::to_string(&new.sequence)?,
                new.writer,
                new.quality_score,
                new.quality_issues,
                i64::try_from(new.tokens)?,
                new.place.zone.name(),
                new.place.zone_reason,
                new.place.country,
                seconds(now),
            ],
            |row| row.get(0),
        )
        .optional()
        .context("cannot store the campaign")?;
    let Some(id) = id else { return Ok(false) };
    traits::remember(conn, id, &new.written_to)?;
    let names = Names::of(&new.written_to);
    let sql = "INSERT INTO messages (campaign_id, number, step, subject, state, outreach_key,
                   subject_key, opening_key)
               VALUES (?1, ?2, ?3, ?4, 'drafted', ?5, ?6, ?7)";
    let mut statement = conn.prepare_cached(sql)?;
    let sql = "INSERT INTO message_texts (message_id, body) VALUES (last_insert_rowid(), ?1)";
    let mut text = conn.prepare_cached(sql)?;
    for step in &new.sequence.steps {
        let draft = new.drafts.iter().find(|draft| draft.step == step.name);
        let draft = draft.with_context(|| format!("no text for step `{}`", step.name))?;
        let key = outreach_key(&new.campaign_id, &step.name);
        let words = wording::keys(&draft.subject, &draft.body, &names);
        statement.execute((
            id,
            step.number,
            &step.name,
            &draft.subject,
            key,
            words.subject,
            words.opening,
        ))?;
        text.execute([&draft.body])?;
    }
    let detail = match &new.hold_reason {
        Some(why) => format!(
            "by {}, score {}: waits in review, {why}",
            new.writer, new.quality_score
        ),
        None => format!("by {}, score {}", new.writer, new.quality_score),
    };
    let about = About {
        lead: Some(new.lead),
        campaign: Some(id),
        message: None,
    };
    log_event(conn, now, about, "written", &detail)?;
    Ok(true)
}

/// Replaces the text of a step that is still a draft; the answer is its row id.
pub(super) fn replace_text(
    conn: &Connection,
    campaign: i64,
    draft: &Draft,
) -> anyhow::Result<Option<i64>> {
    let sql = "UPDATE messages SET subject = ?3
               WHERE campaign_id = ?1 AND step = ?2 AND state = 'drafted' RETURNING id";
    let message: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row((campaign, &draft.step, &draft.subject), |row| row.get(0))
        .optional()
        .context("cannot replace a subject")?;
    if let Some(message) = message {
        let sql = "UPDATE message_texts SET body = ?2 WHERE message_id = ?1";
        conn.prepare_cached(sql)?
            .execute((message, &draft.body))
            .context("cannot replace a text")?;
        traits::reword(conn, message)?;
    }
    Ok(message)
}
