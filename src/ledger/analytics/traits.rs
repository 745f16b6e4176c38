//! What figures are told apart by: who a campaign's lead was when it was written, and which wording
//! each of its messages has.
//!
//! Invariant: whoever stores a campaign, or changes a subject or a body, comes through here, so that
//! no wording outlives its text.

use anyhow::Context;
use rusqlite::Connection;

use crate::copy::wording::{self, Keys, Names};
use crate::lead::{Lead, RawLead, ReadField, RecordId, Seniority, content_check, one_line};
use crate::ledger::leads::read_fields;

/// Remembers who a campaign's lead is now.
pub(in crate::ledger) fn remember(
    conn: &Connection,
    campaign: i64,
    lead: &Lead,
) -> anyhow::Result<()> {
    let words = [&lead.industry, &lead.company_size, &lead.tone];
    let confidence = lead.confidence.as_str();
    insert(
        conn,
        campaign,
        words.map(String::as_str),
        &lead.job_title,
        confidence,
    )
}

/// The same by the lead's fields as they were last read.
pub(in crate::ledger) fn remember_anew(conn: &Connection, campaign: i64) -> anyhow::Result<()> {
    let (raw, _) = lead_of(conn, campaign)?;
    remember_fields(conn, campaign, &raw)
}

fn remember_fields(conn: &Connection, campaign: i64, raw: &RawLead) -> anyhow::Result<()> {
    if let Ok(lead) = content_check(raw) {
        return remember(conn, campaign, &lead);
    }
    let word = |field| one_line(raw.get(field));
    let words = [ReadField::Industry, ReadField::CompanySize, ReadField::Tone].map(word);
    let confidence = word(ReadField::EmailConfidenceLevel);
    let title = word(ReadField::JobTitle);
    insert(
        conn,
        campaign,
        words.each_ref().map(String::as_str),
        &title,
        &confidence,
    )
}

fn insert(
    conn: &Connection,
    campaign: i64,
    [industry, size, tone]: [&str; 3],
    title: &str,
    confidence: &str,
) -> anyhow::Result<()> {
    let sql = "INSERT OR REPLACE INTO campaign_traits
                   (campaign_id, industry, company_size, seniority, tone, confidence)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let seniority = Seniority::of(title).as_str();
    conn.prepare_cached(sql)?
        .execute((campaign, industry, size, seniority, tone, confidence))
        .context("cannot remember who the lead is")?;
    Ok(())
}

/// Finds anew which wording a message has; its text was changed.
pub(in crate::ledger) fn reword(conn: &Connection, message: i64) -> anyhow::Result<()> {
    let sql = "SELECT m.campaign_id, m.subject, t.body
               FROM messages m JOIN message_texts t ON t.message_id = m.id WHERE m.id = ?1";
    let (campaign, subject, body): (i64, String, String) = conn
        .prepare_cached(sql)?
        .query_row([message], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .context("cannot read a changed text")?;
    let (raw, company) = lead_of(conn, campaign)?;
    let names = Names::of_fields(&raw, &company);
    note_wording(conn, message, wording::keys(&subject, &body, &names))
}

fn note_wording(conn: &Connection, message: i64, keys: Keys) -> anyhow::Result<()> {
    let sql = "UPDATE messages SET subject_key = ?2, opening_key = ?3 WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((message, keys.subject, keys.opening))
        .context("cannot note the wording of a text")?;
    Ok(())
}

/// The lead of a campaign by its fields, and what its texts call the company.
pub(super) fn lead_of(conn: &Connection, campaign: i64) -> anyhow::Result<(RawLead, String)> {
    let sql = "SELECT l.record_id, l.fields, c.company
               FROM campaigns c JOIN leads l ON l.id = c.lead_id WHERE c.id = ?1";
    let (record, fields, company): (String, String, String) = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .context("cannot read the lead of a campaign")?;
    let raw = RawLead {
        record_id: RecordId::new(record),
        // Fields that cannot be read have no names to take out.
        fields: read_fields(&fields).unwrap_or_default(),
    };
    Ok((raw, company))
}

/// Fills in what campaigns stored before there were figures lack: traits and wordings, by the leads'
/// fields as they are now. Holds one campaign at a time.
pub(in crate::ledger) fn fill_in(conn: &Connection) -> anyhow::Result<()> {
    let sql = "SELECT id FROM campaigns WHERE id > ?1 ORDER BY id LIMIT 1";
    let mut next = conn.prepare(sql)?;
    let texts = "SELECT m.id, m.subject, t.body
                 FROM messages m JOIN message_texts t ON t.message_id = m.id
                 WHERE m.campaign_id = ?1 ORDER BY m.number";
    let mut texts = conn.prepare(texts)?;
    let mut campaign = i64::MIN;
    loop {
        let mut found = next.query([campaign])?;
        let Some(row) = found.next().context("cannot list the campaigns")? else {
            return Ok(());
        };
        campaign = row.get(0)?;
        let (raw, company) = lead_of(conn, campaign)?;
        remember_fields(conn, campaign, &raw)?;
        let names = Names::of_fields(&raw, &company);
        let rows = texts.query_map([campaign], |row| {
            Ok((
                row.get(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?;
        let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        for (message, subject, body) in rows {
            note_wording(conn, message, wording::keys(&subject, &body, &names))?;
        }
    }
}

#[cfg(test)]
mod tests;
