//! Pushes: what the base was last told about a lead, and which leads have changed since.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::leads::read_fields;
use super::{About, Ledger, OpenCommand, commands, instant, log_event, seconds};
use crate::campaign::{CampaignState, MessageState, StopReason};
use crate::changeset::{self, CampaignView, LeadView, StepView, Value, WriteField};
use crate::inbound::ResponseType;
use crate::lead::{RawLead, ReadField, RecordId, Reject, RejectReason, one_line};

/// A lead to be shown, with what is shown of it now.
pub struct LeadToPush {
    /// The lead's row id.
    pub id: i64,
    /// The fields as they were read.
    pub raw: RawLead,
    /// The state of the lead that this view shows.
    pub revision: i64,
    /// The facts.
    pub view: LeadView,
    /// The cells as last written.
    pub told: BTreeMap<String, Value>,
    /// The command whose cell is to be made empty; over once [`Ledger::command_cleared`] says so.
    pub command: Option<OpenCommand>,
}

/// What the base was told about a lead.
pub struct Pushed {
    /// The lead's row id.
    pub lead: i64,
    /// The state of the lead that was shown.
    pub revision: i64,
    /// The cells it now shows.
    pub told: BTreeMap<String, Value>,
    /// The base's words if it refused.
    pub refusal: Option<String>,
}

/// A write whose answer never came.
pub struct Unanswered {
    /// The lead's row id.
    pub lead: i64,
    /// The record.
    pub record_id: RecordId,
    /// The cells that were to be written.
    pub writing: BTreeMap<String, Value>,
    /// The cells as the base was told before.
    pub told: BTreeMap<String, Value>,
}

impl Ledger {
    /// How many leads of a source have changed since they were last pushed.
    pub fn count_to_push(&self, source: &str) -> anyhow::Result<i64> {
        let sql = "SELECT count(*) FROM leads WHERE revision > pushed_revision AND source = ?1";
        let count = self
            .conn
            .prepare_cached(sql)?
            .query_row([source], |row| row.get(0));
        count.context("cannot count the leads to push")
    }

    /// Leads of a source after a row id: all, or those that changed since they were last pushed.
    pub fn leads_to_push(
        &self,
        source: &str,
        only_changed: bool,
        after: i64,
        limit: u32,
        lead: Option<i64>,
    ) -> anyhow::Result<Vec<LeadToPush>> {
        // Two statements, so that each can use its own index.
        let sql = if only_changed {
            "SELECT l.id, l.record_id, l.fields, l.revision, coalesce(p.told, '{}'),
                    l.reject_reason, l.reject_detail, k.id, k.word
             FROM leads l LEFT JOIN pushes p ON p.lead_id = l.id
                          LEFT JOIN commands k ON k.lead_id = l.id AND k.cleared_at IS NULL
             WHERE l.revision > l.pushed_revision AND l.source = ?1 AND l.id > ?2
               AND (?4 IS NULL OR l.id = ?4) ORDER BY l.id LIMIT ?3"
        } else {
            "SELECT l.id, l.record_id, l.fields, l.revision, coalesce(p.told, '{}'),
                    l.reject_reason, l.reject_detail, k.id, k.word
             FROM leads l LEFT JOIN pushes p ON p.lead_id = l.id
                          LEFT JOIN commands k ON k.lead_id = l.id AND k.cleared_at IS NULL
             WHERE l.source = ?1 AND l.id > ?2 AND (?4 IS NULL OR l.id = ?4)
             ORDER BY l.id LIMIT ?3"
        };
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query((source, after, limit, lead))?;
        let mut leads = Vec::new();
        while let Some(row) = rows.next().context("cannot list the leads to push")? {
            leads.push(read_lead_to_push(&self.conn, row)?);
        }
        Ok(leads)
    }

    /// Notes what the base now shows of leads.
    pub fn record_pushes(&mut self, pushes: &[Pushed], now: DateTime<Utc>) -> anyhow::Result<()> {
        let tx = self.begin()?;
        for Pushed {
            lead,
            revision,
            told,
            refusal,
        } in pushes
        {
            let sql = "INSERT INTO pushes (lead_id, told, pushed_at, refusal)
                       VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (lead_id) DO UPDATE SET told = excluded.told, writing = NULL,
                           pushed_at = excluded.pushed_at, refusal = excluded.refusal";
            let told = changeset::encode(told)?;
            tx.prepare_cached(sql)?
                .execute((lead, told, seconds(now), refusal))?;
            let sql = "UPDATE leads SET pushed_revision = ?2 WHERE id = ?1";
            tx.prepare_cached(sql)?.execute((lead, revision))?;
        }
        tx.commit().context("cannot note what the base was told")
    }

    /// Notes which cells are about to be written, before they are: if the answer is lost, the next
    /// run looks whether they were.
    pub fn note_writing(
        &mut self,
        writing: &[(i64, BTreeMap<String, Value>)],
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        for (lead, cells) in writing {
            let sql = "INSERT INTO pushes (lead_id, writing) VALUES (?1, ?2)
                       ON CONFLICT (lead_id) DO UPDATE SET writing = excluded.writing";
            let cells = changeset::encode(cells)?;
            tx.prepare_cached(sql)?.execute((lead, cells))?;
        }
        tx.commit()
            .context("cannot note what is about to be written")
    }

    /// The writes whose answer never came. Excluded: those to records that are gone, which are
    /// settled should the record come back.
    pub fn unanswered(&self) -> anyhow::Result<Vec<Unanswered>> {
        let sql = "SELECT p.lead_id, l.record_id, p.writing, p.told FROM pushes p
                   JOIN leads l ON l.id = p.lead_id
                   WHERE p.writing IS NOT NULL AND l.source = 'airtable'
                     AND l.reject_reason IS NOT ?1
                   ORDER BY p.lead_id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([RejectReason::Removed.code()])?;
        let mut unanswered = Vec::new();
        while let Some(row) = rows.next().context("cannot list the lost answers")? {
            unanswered.push(Unanswered {
                lead: row.get(0)?,
                record_id: RecordId::new(row.get::<_, String>(1)?),
                writing: changeset::decode(&row.get::<_, String>(2)?)?,
                told: changeset::decode(&row.get::<_, String>(3)?)?,
            });
        }
        Ok(unanswered)
    }

    /// Settles a write whose answer never came: these of its cells were written after all, or none.
    pub fn settle_unanswered(
        &mut self,
        lead: i64,
        written: Option<BTreeMap<String, Value>>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        if let Some(mut written) = written {
            let sql = "SELECT told FROM pushes WHERE lead_id = ?1";
            let told: String = tx.query_row(sql, [lead], |row| row.get(0))?;
            let mut told = changeset::decode(&told)?;
            let command = WriteField::CampaignCommand.column();
            if written.remove(&command).is_some() {
                // Its cell was made empty before: what stands there now was said since.
                let before = now - TimeDelta::seconds(1);
                commands::close_open(&tx, lead, before)?;
            }
            told.extend(written);
            told.retain(|_, value| !value.is_empty());
            let sql = "UPDATE pushes SET told = ?2, pushed_at = ?3 WHERE lead_id = ?1";
            tx.execute(sql, (lead, changeset::encode(&told)?, seconds(now)))?;
        }
        tx.execute(
            "UPDATE pushes SET writing = NULL WHERE lead_id = ?1",
            [lead],
        )?;
        tx.commit().context("cannot settle a lost answer")
    }

    /// Logs that a person's value stays in a cell we meant to write.
    pub fn note_kept(
        &mut self,
        lead: i64,
        column: &str,
        present: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let about = About {
            lead: Some(lead),
            ..About::default()
        };
        let detail = format!("{column}: a person's value stays: `{}`", one_line(present));
        log_event(&self.conn, now, about, "kept", &detail)
    }

    /// Notes that leads were shown up to a revision, where the cells need not be remembered.
    pub fn mark_pushed(&mut self, shown: &[(i64, i64)], now: DateTime<Utc>) -> anyhow::Result<()> {
        let tx = self.begin()?;
        for (lead, revision) in shown {
            let sql =
                "UPDATE leads SET pushed_revision = ?2 WHERE id = ?1 AND pushed_revision < ?2";
            if tx.prepare_cached(sql)?.execute((lead, revision))? > 0 {
                let sql = "INSERT INTO pushes (lead_id, pushed_at) VALUES (?1, ?2)
                           ON CONFLICT (lead_id) DO UPDATE SET pushed_at = excluded.pushed_at";
                tx.prepare_cached(sql)?.execute((lead, seconds(now)))?;
            }
        }
        tx.commit().context("cannot note what was shown")
    }

    /// The fields of a lead as read, and its view: for one lead.
    pub fn lead_view(&self, lead: i64) -> anyhow::Result<LeadView> {
        let sql = "SELECT reject_reason, reject_detail FROM leads WHERE id = ?1";
        let (reason, detail) = self
            .conn
            .query_row(sql, [lead], |row| Ok((row.get(0)?, row.get(1)?)))?;
        view(&self.conn, lead, reason, detail)
    }
}

fn read_lead_to_push(conn: &Connection, row: &Row<'_>) -> anyhow::Result<LeadToPush> {
    let id = row.get(0)?;
    let command = row.get::<_, Option<i64>>(7)?.zip(row.get(8)?);
    let fields: BTreeMap<ReadField, String> = read_fields(&row.get::<_, String>(2)?)?;
    let raw = RawLead {
        record_id: RecordId::new(row.get::<_, String>(1)?),
        fields,
    };
    Ok(LeadToPush {
        id,
        raw,
        revision: row.get(3)?,
        told: changeset::decode(&row.get::<_, String>(4)?)?,
        view: view(conn, id, row.get(5)?, row.get(6)?)?,
        command: command.map(|(id, word)| OpenCommand { id, word }),
    })
}

/// The facts of a lead. A lead that has a campaign shows the campaign; its reject (a campaign is in
/// progress, or was) would only repeat it.
fn view(
    conn: &Connection,
    lead: i64,
    reason: Option<String>,
    detail: Option<String>,
) -> anyhow::Result<LeadView> {
    let campaign = campaign_view(conn, lead)?;
    let reject = match (&campaign, reason) {
        (None, Some(code)) => RejectReason::ALL
            .into_iter()
            .find(|reason| reason.code() == code)
            .map(|reason| Reject::new(reason, detail.unwrap_or_default())),
        _ => None,
    };
    Ok(LeadView {
        reject,
        campaign,
        command: commands::latest(conn, lead)?,
    })
}

fn campaign_view(conn: &Connection, lead: i64) -> anyhow::Result<Option<CampaignView>> {
    let sql = "SELECT id, campaign_id, state, stop_reason, hold_reason, resume_at, started_at,
                      response_at, response_type, responding_step, last_activity_at, zone, sender
               FROM campaigns WHERE lead_id = ?1 ORDER BY id DESC LIMIT 1";
    let read = |row: &Row<'_>| -> rusqlite::Result<(i64, CampaignView)> {
        let at = |index: usize| row.get::<_, Option<i64>>(index).map(|at| at.map(instant));
        let word = |index: usize| row.get::<_, Option<String>>(index);
        let state = CampaignState::parse(&row.get::<_, String>(2)?);
        let view = CampaignView {
            id: row.get(1)?,
            state: state.unwrap_or(CampaignState::Stopped),
            stop_reason: word(3)?.and_then(|word| StopReason::parse(&word)),
            detail: word(4)?,
            paused_until: at(5)?,
            started_at: at(6)?,
            response_at: at(7)?,
            response_type: word(8)?.and_then(|word| ResponseType::parse(&word)),
            responding_step: word(9)?,
            last_activity_at: at(10)?,
            zone: row.get(11)?,
            sender: word(12)?,
            steps: Vec::new(),
        };
        Ok((row.get(0)?, view))
    };
    let found = conn
        .prepare_cached(sql)?
        .query_row([lead], read)
        .optional()?;
    let Some((id, mut view)) = found else {
        return Ok(None);
    };
    view.steps = steps(conn, id)?;
    // The mails say themselves when they left; only what people do is noted with the campaign too.
    let left = || view.steps.iter().filter_map(|step| step.sent_at);
    view.started_at = view.started_at.or(left().min());
    view.last_activity_at = left().chain(view.last_activity_at).max();
    Ok(Some(view))
}

/// The messages of a campaign in order.
pub(super) fn steps(conn: &Connection, campaign: i64) -> anyhow::Result<Vec<StepView>> {
    let sql = "SELECT m.number, m.step, m.subject, t.body, m.state, m.due_at, m.sent_at, m.opens,
                      m.clicks, m.state_reason
               FROM messages m JOIN message_texts t ON t.message_id = m.id
               WHERE m.campaign_id = ?1 ORDER BY m.number";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([campaign], |row| {
        let state = MessageState::parse(&row.get::<_, String>(4)?);
        Ok(StepView {
            number: row.get(0)?,
            name: row.get(1)?,
            subject: row.get(2)?,
            body: row.get(3)?,
            state: state.unwrap_or(MessageState::Skipped),
            due_at: row.get::<_, Option<i64>>(5)?.map(instant),
            sent_at: row.get::<_, Option<i64>>(6)?.map(instant),
            opens: row.get(7)?,
            clicks: row.get(8)?,
            detail: row.get(9)?,
        })
    })?;
    rows.collect::<Result<_, _>>()
        .context("cannot read the campaign's messages")
}
