//! Campaigns whose texts are written anew because a person asked: the same campaign and messages,
//! other texts.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::analytics::traits;
use super::campaigns::replace_text;
use super::leads::read_fields;
use super::{Ledger, seconds, transitions};
use crate::copy::Draft;
use crate::lead::{RawLead, RecordId};

/// A campaign that waits for other texts.
pub struct CampaignToRewrite {
    /// The row id.
    pub id: i64,
    /// Its id outside.
    pub campaign_id: String,
    /// The lead's row id.
    pub lead: i64,
    /// The lead's fields as they were last read.
    pub raw: RawLead,
    /// How often it was written anew before.
    pub rewrites: u32,
    /// The texts nobody wants, in the order of the steps.
    pub drafts: Vec<Draft>,
}

/// A campaign with its other texts.
pub struct Rewritten {
    /// The campaign's row id.
    pub campaign: i64,
    /// How often it was written anew before.
    pub rewrites: u32,
    /// The company as the texts name it.
    pub company: String,
    /// Why it waits in review.
    pub hold_reason: String,
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
}

impl Ledger {
    /// Campaigns after a row id that wait for other texts. `lead` narrows it to one.
    pub fn campaigns_to_rewrite(
        &self,
        limit: u32,
        after: i64,
        lead: Option<i64>,
    ) -> anyhow::Result<Vec<CampaignToRewrite>> {
        let sql = "SELECT c.id, c.lead_id, l.record_id, l.fields, c.rewrites, c.campaign_id
                   FROM campaigns c JOIN leads l ON l.id = c.lead_id
                   WHERE c.state = 'draft' AND c.id > ?2 AND (?3 IS NULL OR c.lead_id = ?3)
                   ORDER BY c.id LIMIT ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query((limit, after, lead))?;
        let mut campaigns = Vec::new();
        while let Some(row) = rows
            .next()
            .context("cannot list the campaigns to be written anew")?
        {
            let id = row.get(0)?;
            campaigns.push(CampaignToRewrite {
                id,
                campaign_id: row.get(5)?,
                lead: row.get(1)?,
                raw: RawLead {
                    record_id: RecordId::new(row.get::<_, String>(2)?),
                    fields: read_fields(&row.get::<_, String>(3)?)?,
                },
                rewrites: row.get(4)?,
                drafts: drafts(&self.conn, id)?,
            });
        }
        Ok(campaigns)
    }

    /// Puts other texts into campaigns, which wait in review then; all in one transaction. A
    /// campaign that was stopped or rewritten meanwhile is passed over. The answer is how many were
    /// stored.
    pub fn store_rewritten(
        &mut self,
        campaigns: &[Rewritten],
        now: DateTime<Utc>,
    ) -> anyhow::Result<u32> {
        let tx = self.begin()?;
        let mut stored = 0;
        for campaign in campaigns {
            stored += u32::from(store(&tx, campaign, now)?);
        }
        tx.commit().context("cannot store the other texts")?;
        Ok(stored)
    }
}

pub(super) fn drafts(conn: &Connection, campaign: i64) -> anyhow::Result<Vec<Draft>> {
    let sql = "SELECT m.step, m.subject, t.body
               FROM messages m JOIN message_texts t ON t.message_id = m.id
               WHERE m.campaign_id = ?1 ORDER BY m.number";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([campaign], |row| {
        Ok(Draft {
            step: row.get(0)?,
            subject: row.get(1)?,
            body: row.get(2)?,
        })
    })?;
    rows.collect::<Result<_, _>>()
        .context("cannot read the campaign's texts")
}

fn store(conn: &Connection, new: &Rewritten, now: DateTime<Utc>) -> anyhow::Result<bool> {
    let sql = "UPDATE campaigns SET state = 'review', hold_reason = ?3, company = ?4, writer = ?5,
                      quality_score = ?6, quality_issues = ?7, tokens = tokens + ?8,
                      rewrites = rewrites + 1, updated_at = ?9
               WHERE id = ?1 AND state = 'draft' AND rewrites = ?2";
    let stored = conn
        .prepare_cached(sql)?
        .execute(rusqlite::params![
            new.campaign,
            new.rewrites,
            new.hold_reason,
            new.company,
            new.writer,
            new.quality_score,
            new.quality_issues,
            i64::try_from(new.tokens)?,
            seconds(now),
        ])
        .context("cannot store the campaign")?;
    if stored == 0 {
        return Ok(false);
    }
    traits::remember_anew(conn, new.campaign)?;
    for draft in &new.drafts {
        anyhow::ensure!(
            replace_text(conn, new.campaign, draft)?.is_some(),
            "step `{}` of a campaign that is written anew is not a draft",
            draft.step
        );
    }
    let (writer, score) = (&new.writer, new.quality_score);
    let detail = format!(
        "by {writer}, score {score}: waits in review, {}",
        new.hold_reason
    );
    transitions::note(conn, new.campaign, "written_anew", &detail, now)?;
    Ok(true)
}
