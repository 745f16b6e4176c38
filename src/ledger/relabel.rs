//! Relabelling: a person says what a mail really is, and what it led to is put right.
//!
//! Invariant: nothing leaves by itself because of it. What the mail alone suppressed or held is
//! free again; a campaign that it had ended waits, paused in the person's name, for their word.
//! What the rules had said is kept beside it, and no later judgement touches the mail again.

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::consequences::{self, Arrived};
use super::inbox::{ends_named, keep_consequence, named};
use super::{About, Ledger, attempts, instant, log_event, matching, seconds, transitions};
use crate::campaign::CampaignState;
use crate::inbound::{Bounce, Clues, Inbound, Kind, Referral, Sentiment};

/// What a person's correction led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relabelled {
    /// What the mail was taken for before.
    pub was: (Kind, Option<Sentiment>),
    /// What of the earlier verdict was taken back, a clause each.
    pub undone: Vec<String>,
    /// What follows from the new verdict, or that it is the same.
    pub consequence: String,
}

impl Ledger {
    /// Corrects or confirms the verdict about a mail on a person's word; what follows from it is
    /// applied, what followed from the earlier one is taken back as far as that is safe. Only a
    /// human reply has a sentiment. `stop_company`: whether an answer pauses the company's other
    /// campaigns.
    pub fn relabel(
        &mut self,
        id: i64,
        kind: Kind,
        sentiment: Option<Sentiment>,
        stop_company: bool,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Relabelled> {
        ensure!(
            kind == Kind::HumanReply || sentiment.is_none(),
            "expected no sentiment for a mail of kind `{}`: only a `human_reply` has one",
            kind.as_str()
        );
        let tx = self.begin()?;
        let stored = stored(&tx, id)?;
        let was = (stored.inbound.kind, stored.inbound.sentiment);
        let is_same = was == (kind, sentiment) && stored.inbound.unsure.is_none();
        note_verdict(&tx, id, kind, sentiment, now)?;
        let (undone, consequence) = match is_same {
            true => (Vec::new(), "the verdict was right".to_string()),
            false => {
                let undone = take_back(&tx, id, &stored, now)?;
                let words = apply_anew(&tx, id, &stored, (kind, sentiment), stop_company, now)?;
                keep_consequence(&tx, id, &words, None)?;
                (undone, words)
            }
        };
        let about = About {
            lead: None,
            campaign: stored.campaign,
            message: stored.message,
        };
        let verdict = kind.in_words(sentiment);
        let undone_words = undone.iter().map(|clause| format!("; {clause}"));
        let detail = format!(
            "a person says: {verdict}, not {}{}; {consequence} {}",
            was.0.in_words(was.1),
            undone_words.collect::<String>(),
            named(id)
        );
        let detail = match is_same {
            true => format!("a person says so too: {verdict} {}", named(id)),
            false => detail,
        };
        log_event(&tx, now, about, "relabelled", &detail)?;
        tx.commit().context("cannot correct the verdict")?;
        Ok(Relabelled {
            was,
            undone,
            consequence,
        })
    }
}

/// A mail as it was stored.
pub(super) struct Stored {
    /// What it was taken for.
    pub inbound: Inbound,
    /// When it was written, or taken by the server.
    pub written_at: Option<DateTime<Utc>>,
    /// The message it is about.
    pub message: Option<i64>,
    /// The campaign of that.
    pub campaign: Option<i64>,
    /// The rule that decided.
    pub rule: String,
    /// What was done about it.
    pub consequence: String,
    /// Whether a person corrected it.
    pub is_relabelled: bool,
}

/// Reads a mail as it was stored; what the ledger has no room for is left out.
pub(super) fn stored(conn: &Connection, id: i64) -> anyhow::Result<Stored> {
    let sql = "SELECT kind, sentiment, return_on, bounce_kind, bounce_status, write_again_on,
                      referral_name, referral_address, for_company, unsure, from_address, subject,
                      rfc_message_id, received_at, reply_text, headers, message_id, campaign_id,
                      relabelled_at IS NOT NULL, consequence, rule
               FROM inbound WHERE id = ?1";
    conn.prepare_cached(sql)?
        .query_row([id], read_stored)
        .optional()
        .context("cannot read the mail")?
        .with_context(|| format!("there is no mail {id}; `outreach inbox list` shows them"))
}

fn read_stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let text = |at| row.get::<_, Option<String>>(at);
    let day = |at| Ok::<_, rusqlite::Error>(text(at)?.and_then(|d| d.parse::<NaiveDate>().ok()));
    let bounce = text(3)?.map(|kind| {
        Ok::<_, rusqlite::Error>(Bounce {
            kind,
            status: text(4)?,
            recipients: Vec::new(),
            reason: "a mail said so".to_string(),
        })
    });
    let referral = match (text(6)?, text(7)?) {
        (None, None) => None,
        (name, address) => Some(Referral {
            name: name.unwrap_or_default(),
            address,
        }),
    };
    let written_at = row.get::<_, Option<i64>>(13)?.map(instant);
    let inbound = Inbound {
        kind: Kind::parse(&row.get::<_, String>(0)?).unwrap_or(Kind::Other),
        sentiment: text(1)?.and_then(|word| Sentiment::parse(&word)),
        bounce: bounce.transpose()?,
        return_on: day(2)?,
        left_company: false,
        write_again_on: day(5)?,
        referral,
        for_company: row.get(8)?,
        unsure: text(9)?,
        rule: "stored",
        from: row.get(10)?,
        subject: row.get(11)?,
        rfc_message_id: text(12)?,
        sent_at: written_at,
        reply_text: row.get(14)?,
        headers: row.get(15)?,
        kept: String::new(),
        clues: Clues::default(),
        evidence: Vec::new(),
        own: false,
    };
    Ok(Stored {
        inbound,
        written_at,
        message: row.get(16)?,
        campaign: row.get(17)?,
        is_relabelled: row.get(18)?,
        consequence: row.get(19)?,
        rule: row.get(20)?,
    })
}

fn note_verdict(
    conn: &Connection,
    id: i64,
    kind: Kind,
    sentiment: Option<Sentiment>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "UPDATE inbound SET
                   judged_sentiment = CASE WHEN judged_kind IS NULL THEN sentiment
                                           ELSE judged_sentiment END,
                   judged_kind = coalesce(judged_kind, kind),
                   kind = ?2, sentiment = ?3, relabelled_at = ?4, follow_up = NULL, unsure = NULL
               WHERE id = ?1";
    let sentiment = sentiment.map(Sentiment::as_str);
    conn.prepare_cached(sql)?
        .execute((id, kind.as_str(), sentiment, seconds(now)))
        .context("cannot note a person's verdict")?;
    Ok(())
}

/// Applies what follows from a person's verdict.
fn apply_anew(
    conn: &Connection,
    id: i64,
    stored: &Stored,
    (kind, sentiment): (Kind, Option<Sentiment>),
    stop_company: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<String> {
    let inbound = Inbound {
        kind,
        sentiment,
        unsure: None,
        ..stored.inbound.clone()
    };
    let answered = match stored.message {
        Some(message) => matching::by_row(conn, message)?,
        None => None,
    };
    let arrived = Arrived {
        mail: id,
        inbound: &inbound,
        written_at: stored.written_at,
        answered: answered.as_ref(),
        stop_company,
        now,
    };
    let consequence = crate::inbound::consequence(&inbound, answered.is_some());
    Ok(consequences::apply(conn, &arrived, &consequence)?.words)
}

/// Takes back what a mail led to, as far as nothing but this mail stands behind it.
fn take_back(
    conn: &Connection,
    id: i64,
    stored: &Stored,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<String>> {
    let mut undone = take_off_list(conn, id, now)?;
    if let Some(message) = stored.message {
        forget_marks(conn, id, message)?;
        if let Some(campaign) = stored.campaign
            && take_back_try(conn, id, (message, campaign), now)?
        {
            undone.push("the mail counts as delivered again".to_string());
        }
    }
    for campaign in held_by(conn, id)? {
        let why = format!("what held it was misread {}", named(id));
        transitions::resume(conn, campaign, &why, now)?;
        undone.push("a paused campaign goes on".to_string());
    }
    for campaign in ended_by(conn, id)? {
        undone.push(take_back_end(conn, id, campaign, now)?);
    }
    Ok(undone)
}

/// Removes the suppressions that came from this mail and that no other mail of the same person
/// supports.
fn take_off_list(conn: &Connection, id: i64, now: DateTime<Utc>) -> anyhow::Result<Vec<String>> {
    let sql = "DELETE FROM suppressions
               WHERE note LIKE ?2
                 AND NOT EXISTS (
                     SELECT 1 FROM inbound me
                     JOIN inbound i ON i.id <> me.id
                      AND (i.from_address = me.from_address OR i.campaign_id = me.campaign_id)
                     WHERE me.id = ?1 AND i.matched_by IS NOT 'copy' AND i.unsure IS NULL
                       AND i.kind IN ('unsubscribe', 'complaint', 'bounce_hard'))
               RETURNING value";
    let values = conn
        .prepare_cached(sql)?
        .query_map((id, ends_named(id)), |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()
        .context("cannot take a mail's suppressions back")?;
    for value in &values {
        let detail = format!("{value}: the mail was misread {}", named(id));
        log_event(conn, now, About::default(), "unsuppressed", &detail)?;
    }
    let clauses = values.into_iter();
    Ok(clauses
        .map(|value| format!("{value} is not suppressed any more"))
        .collect())
}

/// Unmarks the message as bounced or answered, unless another mail says so, too.
fn forget_marks(conn: &Connection, id: i64, message: i64) -> anyhow::Result<()> {
    let sql = "UPDATE messages SET
                   bounced_at = CASE WHEN EXISTS (
                       SELECT 1 FROM inbound i WHERE i.message_id = ?1 AND i.id <> ?2
                         AND i.kind = 'bounce_hard') THEN bounced_at END,
                   replied_at = CASE WHEN EXISTS (
                       SELECT 1 FROM inbound i WHERE i.message_id = ?1 AND i.id <> ?2
                         AND i.kind = 'human_reply') THEN replied_at END
               WHERE id = ?1 AND state = 'sent'";
    conn.prepare_cached(sql)?
        .execute((message, id))
        .context("cannot take a mail's marks back")?;
    Ok(())
}

/// A message that was put in line again because of this mail had arrived after all.
fn take_back_try(
    conn: &Connection,
    id: i64,
    (message, campaign): (i64, i64),
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let sql = "SELECT m.claimed_at FROM messages m
               WHERE m.id = ?1 AND m.state IN ('drafted', 'scheduled', 'deferred')
                 AND EXISTS (SELECT 1 FROM events e
                             WHERE e.campaign_id = ?2 AND e.message_id = ?1
                               AND e.kind = 'came_back' AND e.detail LIKE ?3)";
    let claimed_at: Option<Option<i64>> = conn
        .prepare_cached(sql)?
        .query_row((message, campaign, ends_named(id)), |row| row.get(0))
        .optional()?;
    let Some(claimed_at) = claimed_at.flatten() else {
        return Ok(false);
    };
    attempts::mark_sent(conn, message, campaign, &[], instant(claimed_at), now)?;
    Ok(true)
}

/// The campaigns that this mail, and nothing since, holds.
fn held_by(conn: &Connection, id: i64) -> anyhow::Result<Vec<i64>> {
    let sql = "SELECT id FROM campaigns
               WHERE state = 'paused' AND paused_by IN ('company', 'absence')
                 AND hold_reason LIKE ?1 ORDER BY id";
    ids(conn, sql, id)
}

/// The campaigns that this mail, and nothing since, ended.
fn ended_by(conn: &Connection, id: i64) -> anyhow::Result<Vec<i64>> {
    let sql = "SELECT c.id FROM campaigns c
               WHERE c.state IN ('responded', 'stopped')
                 AND c.id IN (SELECT campaign_id FROM events
                              WHERE kind IN ('responded', 'stopped') AND detail LIKE ?1)
                 AND (SELECT e.detail FROM events e
                      WHERE e.campaign_id = c.id AND e.kind IN ('responded', 'stopped')
                      ORDER BY e.id DESC LIMIT 1) LIKE ?1
               ORDER BY c.id";
    ids(conn, sql, id)
}

fn ids(conn: &Connection, sql: &str, mail: i64) -> anyhow::Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([ends_named(mail)], |row| row.get(0))?;
    rows.collect::<Result<_, _>>()
        .context("cannot list what a mail led to")
}

/// A campaign that a misread mail ended: what has not left waits for a person's word.
fn take_back_end(
    conn: &Connection,
    id: i64,
    campaign: i64,
    now: DateTime<Utc>,
) -> anyhow::Result<String> {
    let sql = "SELECT c.campaign_id, EXISTS (SELECT 1 FROM campaigns o
                          WHERE o.lead_id = c.lead_id AND o.id <> c.id
                            AND o.state IN ('draft', 'review', 'active', 'paused')),
                      EXISTS (SELECT 1 FROM messages m
                              WHERE m.campaign_id = c.id AND m.state NOT IN ('sent', 'dead'))
               FROM campaigns c WHERE c.id = ?1";
    let (name, has_other, has_more): (String, bool, bool) =
        conn.prepare_cached(sql)?.query_row([campaign], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    if has_other {
        return Ok(format!("{name} stays ended: the lead has another campaign"));
    }
    let next = match has_more {
        true => CampaignState::Paused,
        false => CampaignState::Completed,
    };
    let state = transitions::state_of(conn, campaign)?;
    ensure!(
        state.may_be_taken_back_to(next),
        "campaign {name} is {}: it cannot be taken back",
        state.as_str()
    );
    let why = format!("the mail that ended it was misread {}", named(id));
    let sql = "UPDATE campaigns SET state = ?2, stop_reason = NULL, response_type = NULL,
                      response_at = NULL, responding_step = NULL, resume_at = NULL, updated_at = ?4,
                      paused_by = CASE ?2 WHEN 'paused' THEN 'person' END,
                      hold_reason = CASE ?2 WHEN 'paused' THEN ?3 END,
                      finished_at = CASE ?2 WHEN 'paused' THEN NULL ELSE finished_at END
               WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((campaign, next.as_str(), &why, seconds(now)))
        .context("cannot take the campaign back")?;
    let sql = "UPDATE messages SET state = 'drafted', state_reason = NULL
               WHERE campaign_id = ?1 AND state = 'skipped'";
    conn.prepare_cached(sql)?.execute([campaign])?;
    transitions::note(conn, campaign, "taken_back", &why, now)?;
    Ok(match has_more {
        true => format!("{name} is paused: `outreach campaign resume {name}` lets it go on"),
        false => format!("{name} counts as completed again"),
    })
}
