//! Leads: what was read last, the verdict about it, and what our own history says about it.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::{About, LastCommand, Ledger, instant, log_event, seconds, suppressions, transitions};
use crate::campaign::CampaignState;
use crate::lead::{RawLead, ReadField, RecordId, Reject};

/// A lead that was just read, with the verdict of the caller.
pub struct PulledLead<'a> {
    /// The fields as they were read.
    pub raw: &'a RawLead,
    /// `file` or `airtable`.
    pub source: &'static str,
    /// The name and the company to show: mended where the data check could, else as read.
    pub full_name: &'a str,
    /// See `full_name`.
    pub company: &'a str,
    /// The normalised address, when there is one that could be written to.
    pub email: Option<&'a str>,
    /// The mailbox behind the address, by which doubles are found; none without an address.
    pub mailbox: Option<&'a str>,
    /// The registrable domain of the address; none for a free-mail domain.
    pub company_domain: Option<&'a str>,
    /// Why it is not eligible, if so.
    pub reject: Option<&'a Reject>,
    /// What the data check mended.
    pub repairs: &'a [String],
    /// Whether the lead has a campaign: then the verdict is no news for the decision log.
    pub has_campaign: bool,
}

/// What storing a lead changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The record was not known.
    New,
    /// Its fields or its verdict differ from before.
    Changed,
    /// Nothing differs.
    Unchanged,
}

/// What the ledger knows about a lead that its fields do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadFacts {
    /// The fields as they were read before; none when the record is new.
    pub before: Option<BTreeMap<ReadField, String>>,
    /// The latest campaign of this lead: row id, id and state.
    pub campaign: Option<(i64, String, CampaignState)>,
    /// Who holds the latest campaign when it is paused.
    pub paused_by: Option<String>,
    /// Why the latest campaign waits, in words.
    pub hold_reason: Option<String>,
    /// Whether any mail of ours reached the address.
    pub was_written_to: bool,
    /// The suppression that covers the address.
    pub suppressed_by: Option<String>,
    /// Another lead with the same address that came first.
    pub duplicate_of: Option<RecordId>,
    /// What the base was last told in Engagement_Status.
    pub told_status: Option<String>,
    /// The command that was read last.
    pub command: Option<LastCommand>,
}

/// A lead that waits for its campaign.
pub struct LeadToWrite {
    /// The lead's row id.
    pub id: i64,
    /// The fields as they were read.
    pub raw: RawLead,
    /// How many campaigns it had.
    pub campaigns: u32,
}

/// A lead as the operator's commands show it.
#[derive(Clone, Debug)]
pub struct LeadRow {
    /// The lead's row id.
    pub id: i64,
    /// The record.
    pub record_id: RecordId,
    /// The address, or `""`.
    pub email: String,
    /// The name as it was read.
    pub full_name: String,
    /// The company as it was read.
    pub company: String,
    /// `eligible` or `rejected`.
    pub verdict: String,
    /// The reject's code.
    pub reject_reason: Option<String>,
    /// The reject's sentence.
    pub reject_detail: Option<String>,
    /// What the data check mended.
    pub repairs: Vec<String>,
}

impl Ledger {
    /// Runs `pull` in one transaction: all of it is stored, or nothing.
    pub fn pull_in_one_transaction<T>(
        &mut self,
        pull: impl FnOnce(&PullTransaction<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let tx = self.begin()?;
        let result = pull(&PullTransaction { conn: &tx })?;
        tx.commit().context("cannot store what was pulled")?;
        Ok(result)
    }

    /// Eligible leads without a campaign, in the order they were read. Excluded: suppressed
    /// addresses and addresses that another lead's campaign was written for. `lead` narrows it to
    /// one.
    pub fn leads_to_write(
        &self,
        limit: u32,
        after: i64,
        lead: Option<i64>,
    ) -> anyhow::Result<Vec<LeadToWrite>> {
        let sql = "SELECT l.id, l.record_id, l.fields,
                          (SELECT count(*) FROM campaigns c WHERE c.lead_id = l.id)
                   FROM leads l
                   WHERE l.verdict = 'eligible' AND l.id > ?2 AND (?3 IS NULL OR l.id = ?3)
                     AND NOT EXISTS (SELECT 1 FROM campaigns c WHERE c.lead_id = l.id)
                     AND NOT EXISTS (SELECT 1 FROM leads o JOIN campaigns c ON c.lead_id = o.id
                                     WHERE o.mailbox = l.mailbox)
                     AND NOT EXISTS (SELECT 1 FROM suppressions s
                                     WHERE s.value IN (l.email, l.company_domain))
                   ORDER BY l.id LIMIT ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map((limit, after, lead), |row| {
            Ok((
                row.get(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get(3)?,
            ))
        })?;
        rows.map(|row| {
            let (id, record_id, fields, campaigns) = row?;
            let raw = RawLead {
                record_id: RecordId::new(record_id),
                fields: read_fields(&fields)?,
            };
            Ok(LeadToWrite { id, raw, campaigns })
        })
        .collect::<anyhow::Result<_>>()
        .context("cannot list the leads that wait for a campaign")
    }

    /// Leads that a person's word stands for: a record id, an address, or a campaign id.
    pub fn find_leads(&self, word: &str) -> anyhow::Result<Vec<LeadRow>> {
        let sql = "SELECT id, record_id, coalesce(email, ''), full_name, company, verdict,
                          reject_reason, reject_detail, repairs
                   FROM leads
                   WHERE record_id = ?1 OR email = lower(?1)
                      OR id IN (SELECT lead_id FROM campaigns WHERE campaign_id = ?1)
                   ORDER BY id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([word.trim()], |row| {
            Ok(LeadRow {
                id: row.get(0)?,
                record_id: RecordId::new(row.get::<_, String>(1)?),
                email: row.get(2)?,
                full_name: row.get(3)?,
                company: row.get(4)?,
                verdict: row.get(5)?,
                reject_reason: row.get(6)?,
                reject_detail: row.get(7)?,
                repairs: serde_json::from_str(&row.get::<_, String>(8)?).unwrap_or_default(),
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot look the lead up")
    }

    /// The fields of a lead as they were last read.
    pub fn raw_lead(&self, id: i64) -> anyhow::Result<RawLead> {
        let sql = "SELECT record_id, fields FROM leads WHERE id = ?1";
        let (record_id, fields): (String, String) = self
            .conn
            .query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))
            .context("cannot read the lead")?;
        Ok(RawLead {
            record_id: RecordId::new(record_id),
            fields: read_fields(&fields)?,
        })
    }

    /// Turns an eligible lead down after all: its texts did not pass when the campaign was written.
    pub fn reject_lead(
        &mut self,
        id: i64,
        reject: &Reject,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        let sql = "UPDATE leads SET verdict = 'rejected', reject_reason = ?2, reject_detail = ?3,
                          changed_at = ?4 WHERE id = ?1";
        tx.execute(
            sql,
            (id, reject.reason.code(), &reject.detail, seconds(now)),
        )?;
        let about = About {
            lead: Some(id),
            ..About::default()
        };
        let detail = format!("{}: {}", reject.reason.code(), reject.detail);
        log_event(&tx, now, about, "rejected", &detail)?;
        tx.commit().context("cannot store the reject")
    }
}

/// The ledger while leads are being pulled.
pub struct PullTransaction<'a> {
    pub(super) conn: &'a Connection,
}

impl PullTransaction<'_> {
    /// What our history says about a record and its address.
    pub fn facts(
        &self,
        raw: &RawLead,
        email: Option<&str>,
        mailbox: Option<&str>,
    ) -> anyhow::Result<LeadFacts> {
        let mut facts = LeadFacts::default();
        let sql = "SELECT l.id, l.fields, k.id, k.word, k.cleared_at
                   FROM leads l LEFT JOIN commands k
                       ON k.id = (SELECT max(id) FROM commands WHERE lead_id = l.id)
                   WHERE l.record_id = ?1";
        let known: Option<(i64, String, Option<LastCommand>)> = self
            .conn
            .prepare_cached(sql)?
            .query_row([raw.record_id.as_str()], |row| {
                let command = row.get::<_, Option<i64>>(2)?.zip(row.get(3)?);
                let cleared_at = row.get::<_, Option<i64>>(4)?.map(instant);
                let command = command.map(|(id, word)| LastCommand {
                    id,
                    word,
                    cleared_at,
                });
                Ok((row.get(0)?, row.get(1)?, command))
            })
            .optional()?;
        let id = known.as_ref().map(|(id, _, _)| *id);
        if let Some((id, fields, command)) = known {
            facts.before = Some(read_fields(&fields)?);
            facts.command = command;
            self.campaign_facts(id, &mut facts)?;
        }
        if let Some(email) = email {
            facts.suppressed_by = suppressions::covering(self.conn, email)?;
        }
        if let Some(mailbox) = mailbox {
            let sql = "SELECT o.record_id FROM leads o
                       WHERE o.mailbox = ?1 AND o.id IS NOT ?2
                         AND (EXISTS (SELECT 1 FROM campaigns c WHERE c.lead_id = o.id)
                              OR (o.verdict = 'eligible' AND (?2 IS NULL OR o.id < ?2)))
                       ORDER BY o.id LIMIT 1";
            facts.duplicate_of = self
                .conn
                .prepare_cached(sql)?
                .query_row((mailbox, id), |row| row.get::<_, String>(0))
                .optional()?
                .map(RecordId::new);
        }
        Ok(facts)
    }

    fn campaign_facts(&self, lead: i64, facts: &mut LeadFacts) -> anyhow::Result<()> {
        let sql = "SELECT c.id, c.campaign_id, c.state, c.paused_by,
                          EXISTS (SELECT 1 FROM messages m
                                  WHERE m.campaign_id = c.id AND m.sent_at IS NOT NULL),
                          c.hold_reason
                   FROM campaigns c WHERE c.lead_id = ?1 ORDER BY c.id DESC LIMIT 1";
        let row = self
            .conn
            .prepare_cached(sql)?
            .query_row([lead], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, Option<String>>(3)?,
                    row.get::<_, bool>(4)?,
                    row.get::<_, Option<String>>(5)?,
                ))
            })
            .optional()?;
        if let Some((id, campaign_id, state, paused_by, started, hold_reason)) = row {
            facts.campaign = CampaignState::parse(&state).map(|state| (id, campaign_id, state));
            facts.paused_by = paused_by;
            facts.hold_reason = hold_reason;
            facts.was_written_to = started;
        }
        let sql = "SELECT told ->> '$.Engagement_Status.choice' FROM pushes WHERE lead_id = ?1";
        facts.told_status = self
            .conn
            .prepare_cached(sql)?
            .query_row([lead], |row| row.get::<_, Option<String>>(0))
            .optional()?
            .flatten();
        Ok(())
    }

    /// Stores a lead and its verdict.
    pub fn store(&self, lead: &PulledLead<'_>, now: DateTime<Utc>) -> anyhow::Result<Stored> {
        let fingerprint = lead.raw.fingerprint();
        let reason = lead.reject.map(|reject| reject.reason.code());
        let detail = lead.reject.map(|reject| reject.detail.as_str());
        let sql = "SELECT id, fingerprint, reject_reason, reject_detail, email
                   FROM leads WHERE record_id = ?1";
        let known: Option<(i64, bool)> = self
            .conn
            .prepare_cached(sql)?
            .query_row([lead.raw.record_id.as_str()], |row| {
                let is_same = row.get::<_, String>(1)? == fingerprint
                    && row.get::<_, Option<String>>(2)?.as_deref() == reason
                    && row.get::<_, Option<String>>(3)?.as_deref() == detail
                    && row.get::<_, Option<String>>(4)?.as_deref() == lead.email;
                Ok((row.get(0)?, is_same))
            })
            .optional()?;
        if let Some((_, true)) = known {
            return Ok(Stored::Unchanged);
        }
        let known = known.map(|(id, _)| id);
        let id = self.write(known, lead, &fingerprint, now)?;
        if !lead.has_campaign {
            let about = About {
                lead: Some(id),
                ..About::default()
            };
            match (reason, detail) {
                (Some(reason), Some(detail)) => {
                    let detail = format!("{reason}: {detail}");
                    log_event(self.conn, now, about, "rejected", &detail)?;
                }
                _ => log_event(self.conn, now, about, "eligible", "passed the data check")?,
            }
        }
        Ok(match known {
            Some(_) => Stored::Changed,
            None => Stored::New,
        })
    }

    /// Inserts a lead, or updates the one that is known; the answer is its row id. One statement
    /// for both (an upsert), and even a RETURNING, would have SQLite copy each page aside before it
    /// is changed, which doubles what a first pull writes.
    fn write(
        &self,
        known: Option<i64>,
        lead: &PulledLead<'_>,
        fingerprint: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<i64> {
        let verdict = if lead.reject.is_some() {
            "rejected"
        } else {
            "eligible"
        };
        let sql = match known {
            None => {
                "INSERT INTO leads (record_id, source, fields, fingerprint, email, company_domain,
                     full_name, company, verdict, reject_reason, reject_detail, repairs,
                     first_read_at, changed_at, mailbox)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14)"
            }
            Some(_) => {
                "UPDATE leads SET source = ?2, fields = ?3, fingerprint = ?4, email = ?5,
                     company_domain = ?6, full_name = ?7, company = ?8, verdict = ?9,
                     reject_reason = ?10, reject_detail = ?11, repairs = ?12, changed_at = ?13,
                     mailbox = ?14,
                     -- What is shown in this cell depends on what people put there.
                     revision = revision + (fields ->> 'engagement_status'
                                            IS NOT ?3 ->> 'engagement_status')
                 WHERE record_id = ?1"
            }
        };
        let values = rusqlite::params![
            lead.raw.record_id.as_str(),
            lead.source,
            serde_json::to_string(&lead.raw.fields)?,
            fingerprint,
            lead.email,
            lead.company_domain,
            lead.full_name,
            lead.company,
            verdict,
            lead.reject.map(|reject| reject.reason.code()),
            lead.reject.map(|reject| reject.detail.as_str()),
            serde_json::to_string(lead.repairs)?,
            seconds(now),
            lead.mailbox,
        ];
        self.conn
            .prepare_cached(sql)?
            .execute(values)
            .with_context(|| format!("cannot store the lead `{}`", lead.raw.record_id))?;
        Ok(known.unwrap_or_else(|| self.conn.last_insert_rowid()))
    }

    /// Notes a decision about a campaign's lead in the log.
    pub fn note(
        &self,
        campaign: i64,
        kind: &str,
        detail: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        transitions::note(self.conn, campaign, kind, detail, now)
    }
}

/// The fields of a stored JSON object.
pub(super) fn read_fields(json: &str) -> anyhow::Result<BTreeMap<ReadField, String>> {
    serde_json::from_str(json).context("a lead's stored fields are damaged")
}
