//! Replay: kept mails judged anew with today's rules.
//!
//! Invariant: a replay makes the pipeline more careful or changes nothing but words. What an
//! earlier verdict stopped is not set going again, it is flagged for a person; a verdict that a
//! person corrected is not touched, nor one of a language model, unless the rules hear an opt-out.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::consequences::{self, Arrived, is_careful};
use super::inbound::keep_verdict;
use super::inbox::{ends_named, keep_consequence, named};
use super::relabel::{Stored, stored};
use super::{About, Ledger, log_event, matching};
use crate::inbound::{Case, Consequence, Inbound, Kind, ResponseType, Sentiment};

/// What was kept of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMail {
    /// The row id.
    pub id: i64,
    /// The raw headers.
    pub headers: String,
    /// What judging it again needs besides them.
    pub kept: String,
}

/// A mail whose verdict changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejudged {
    /// The row id.
    pub id: i64,
    /// From whom.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// What it was taken for.
    pub was: (Kind, Option<Sentiment>),
    /// What today's rules take it for.
    pub is: (Kind, Option<Sentiment>),
    /// What follows.
    pub consequence: String,
}

impl Ledger {
    /// Mails after a row id of which enough is kept to judge them again, at most so many. Left out
    /// are those a person has judged, and second copies.
    pub fn kept_mails(&self, after: i64, limit: u32) -> anyhow::Result<Vec<KeptMail>> {
        let sql = "SELECT id, headers, kept FROM inbound
                   WHERE id > ?1 AND kept IS NOT NULL AND relabelled_at IS NULL
                     AND matched_by IS NOT 'copy'
                   ORDER BY id LIMIT ?2";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map((after, limit), |row| {
            Ok(KeptMail {
                id: row.get(0)?,
                headers: row.get(1)?,
                kept: row.get(2)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the kept mails")
    }

    /// Takes new verdicts about mails, all in one transaction; the answer names those that differ
    /// from what is stored.
    pub fn rejudge(
        &mut self,
        mails: &[(i64, Inbound)],
        stop_company: bool,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Vec<Rejudged>> {
        let tx = self.begin()?;
        let mut changed = Vec::new();
        for (id, inbound) in mails {
            changed.extend(rejudge_one(&tx, *id, inbound, stop_company, now)?);
        }
        tx.commit().context("cannot take the new verdicts")?;
        Ok(changed)
    }
}

fn rejudge_one(
    conn: &Connection,
    id: i64,
    inbound: &Inbound,
    stop_company: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<Rejudged>> {
    let before = stored(conn, id)?;
    // What a language model heard is finer than the rules, but for a wish to be left alone.
    let is_models = before.rule.starts_with("model") && inbound.kind != Kind::Unsubscribe;
    if before.is_relabelled || is_models || is_same(&before.inbound, inbound) {
        return Ok(None);
    }
    let answered = match before.message {
        Some(message) => matching::by_row(conn, message)?,
        None => matching::answered(conn, inbound, now)?,
    };
    if let (None, Some(answered)) = (before.message, &answered) {
        let sql = "UPDATE inbound SET message_id = ?2, campaign_id = ?3, matched_by = ?4
                   WHERE id = ?1";
        let row = (id, answered.message, answered.campaign, answered.matched_by);
        conn.prepare_cached(sql)?.execute(row)?;
    }
    keep_verdict(conn, id, inbound)?;
    let arrived = Arrived {
        mail: id,
        inbound,
        written_at: before.written_at,
        answered: answered.as_ref(),
        stop_company,
        now,
    };
    let consequence = crate::inbound::consequence(inbound, answered.is_some());
    let (words, follow_up) = match has_led_to_something(conn, id)? {
        true if !is_careful(&consequence) => {
            let words = flag(&before, inbound, id);
            (before.consequence.clone(), Some(words))
        }
        _ => act(conn, &arrived, &before, &consequence)?,
    };
    keep_consequence(conn, id, &words, follow_up.as_deref())?;
    let (was, is) = (verdict(&before.inbound), verdict(inbound));
    let about = About {
        lead: None,
        campaign: answered.as_ref().map(|answered| answered.campaign),
        message: answered.as_ref().map(|answered| answered.message),
    };
    let detail = format!(
        "{}, not {}, by newer rules {}",
        is.0.in_words(is.1),
        was.0.in_words(was.1),
        named(id)
    );
    log_event(conn, now, about, "judged_anew", &detail)?;
    Ok(Some(Rejudged {
        id,
        from: inbound.from.clone(),
        subject: inbound.subject.clone(),
        was,
        is,
        consequence: follow_up
            .filter(|_| !is_careful(&consequence))
            .unwrap_or(words),
    }))
}

fn verdict(inbound: &Inbound) -> (Kind, Option<Sentiment>) {
    (inbound.kind, inbound.sentiment)
}

/// Whether two verdicts agree in all that anything follows from.
fn is_same(before: &Inbound, now: &Inbound) -> bool {
    let bounce = |inbound: &Inbound| inbound.bounce.as_ref().map(|bounce| bounce.kind.clone());
    let row = |inbound: &Inbound| match Case::of(inbound) {
        // That a mail is our own, or that somebody left, is not kept.
        Case::OwnCopy => Case::Other,
        Case::LeftCompany => Case::Automatic,
        case => case,
    };
    verdict(before) == verdict(now)
        && row(before) == row(now)
        && bounce(before) == bounce(now)
        && before.return_on == now.return_on
        && before.write_again_on == now.write_again_on
}

/// Does what makes things more careful, and only that.
fn act(
    conn: &Connection,
    arrived: &Arrived<'_>,
    before: &Stored,
    consequence: &Consequence,
) -> anyhow::Result<(String, Option<String>)> {
    if !is_careful(consequence) {
        let words = match consequence {
            Consequence::Nothing { why } => (*why).to_string(),
            _ => "noted: a replay sends nothing again and holds no sender".to_string(),
        };
        return Ok((words, None));
    }
    let has_answered = before.campaign.is_some()
        && matches!(Case::of(&before.inbound), Case::Answer)
        && matches!(consequence, Consequence::Respond { .. });
    if let (true, Consequence::Respond { response }, Some(answered)) =
        (has_answered, consequence, arrived.answered)
    {
        correct_response(conn, arrived.mail, answered.campaign, *response)?;
    }
    let done = consequences::apply(conn, arrived, consequence)?;
    Ok((done.words, done.follow_up))
}

/// The type of an answer that this very mail had given.
fn correct_response(
    conn: &Connection,
    mail: i64,
    campaign: i64,
    response: ResponseType,
) -> anyhow::Result<()> {
    let sql = "UPDATE campaigns SET response_type = ?2
               WHERE id = ?1 AND state = 'responded'
                 AND EXISTS (SELECT 1 FROM events e WHERE e.campaign_id = ?1
                               AND e.kind = 'responded' AND e.detail LIKE ?3)";
    conn.prepare_cached(sql)?
        .execute((campaign, response.as_str(), ends_named(mail)))
        .context("cannot correct the type of an answer")?;
    Ok(())
}

/// Whether a mail changed anything that is still so.
fn has_led_to_something(conn: &Connection, id: i64) -> anyhow::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM suppressions WHERE note LIKE ?1)
                   OR EXISTS (SELECT 1 FROM campaigns
                              WHERE state = 'paused' AND hold_reason LIKE ?1)
                   OR EXISTS (SELECT 1 FROM inbound i
                              JOIN campaigns c ON c.id = i.campaign_id
                              JOIN events e ON e.campaign_id = c.id
                              WHERE i.id = ?2 AND c.state IN ('responded', 'stopped')
                                AND e.kind IN ('responded', 'stopped') AND e.detail LIKE ?1)";
    conn.prepare_cached(sql)?
        .query_row((ends_named(id), id), |row| row.get(0))
        .context("cannot read what a mail led to")
}

/// Why a person has to look at a mail whose earlier verdict changed something.
fn flag(before: &Stored, inbound: &Inbound, id: i64) -> String {
    let (was, is) = (verdict(&before.inbound), verdict(inbound));
    format!(
        "newer rules say {}, not {}: what followed stays as it is; \
         `outreach inbox relabel {id} {}` takes it back",
        is.0.in_words(is.1),
        was.0.in_words(was.1),
        is.0.as_str()
    )
}
