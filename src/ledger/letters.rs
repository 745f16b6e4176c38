//! Letters: messages in doubt or dead, and how evidence or a person settles them.

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::schedule::read_itinerary;
use super::{About, Ledger, attempts, instant, log_event, seconds, suppressions, transitions};
use crate::campaign::{CampaignState, MessageState, StopReason};
use crate::plan::Itinerary;

/// A message in doubt, or dead.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The message's row id, by which a person names it.
    pub id: i64,
    /// The campaign's id outside.
    pub campaign_id: String,
    /// The step's label.
    pub step: String,
    /// The lead's address, or `""`.
    pub email: String,
    /// The subject.
    pub subject: String,
    /// `in_doubt` or `dead`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// How many conversations there were.
    pub attempts: u32,
    /// When the last one began.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Without angle brackets: what to search for in the Sent folder.
    pub message_id: String,
    /// The key, in the header X-Outreach-Key.
    pub outreach_key: String,
    /// Where the last attempt went.
    pub mailer: String,
    /// The From address.
    pub sender: String,
    /// When the first conversation began.
    pub dated_at: Option<DateTime<Utc>>,
    /// The latest look for it in the Sent folder: when, and what came of it.
    pub looked: Option<(DateTime<Utc>, String)>,
    /// Whether it left before and came back: what is found of it may be of that time.
    pub left_before: bool,
    /// The steps of the campaign with their history.
    pub itinerary: Itinerary,
    /// 1 for the first step.
    pub number: u32,
}

impl Ledger {
    /// Messages in doubt or dead, oldest first.
    pub fn letters(&self) -> anyhow::Result<Vec<Letter>> {
        let sql = "SELECT m.id, c.campaign_id, m.step, coalesce(l.email, ''), m.subject, m.state,
                          coalesce(m.state_reason, ''), m.attempts, m.claimed_at,
                          coalesce(m.message_id, ''), m.outreach_key,
                          coalesce((SELECT a.mailer FROM attempts a WHERE a.message_id = m.id
                                    ORDER BY a.number DESC LIMIT 1), ''), m.campaign_id, m.number,
                          coalesce(m.sender, ''), m.dated_at, k.looked_at, k.answer,
                          EXISTS (SELECT 1 FROM attempts a
                                  WHERE a.message_id = m.id AND a.outcome = 'accepted')
                   FROM messages m INDEXED BY messages_letters
                                   JOIN campaigns c ON c.id = m.campaign_id
                                   JOIN leads l ON l.id = c.lead_id
                                   LEFT JOIN looks k ON k.message_id = m.id
                   -- The words stand in the order of the index, which would not be used otherwise:
                   -- every run begins with this, and would read every message there is.
                   WHERE m.state IN ('dead', 'in_doubt') ORDER BY m.id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut letters = Vec::new();
        while let Some(row) = rows.next().context("cannot list the letters")? {
            letters.push(Letter {
                id: row.get(0)?,
                campaign_id: row.get(1)?,
                step: row.get(2)?,
                email: row.get(3)?,
                subject: row.get(4)?,
                state: row.get(5)?,
                reason: row.get(6)?,
                attempts: row.get(7)?,
                claimed_at: row.get::<_, Option<i64>>(8)?.map(instant),
                message_id: row.get(9)?,
                outreach_key: row.get(10)?,
                mailer: row.get(11)?,
                itinerary: read_itinerary(&self.conn, row.get(12)?)?,
                number: row.get(13)?,
                sender: row.get(14)?,
                dated_at: row.get::<_, Option<i64>>(15)?.map(instant),
                left_before: row.get(18)?,
                looked: match (row.get::<_, Option<i64>>(16)?, row.get(17)?) {
                    (Some(at), Some(answer)) => Some((instant(at), answer)),
                    _ => None,
                },
            });
        }
        Ok(letters)
    }

    /// Settles a doubt: it was delivered, at the instant of its last attempt. `moves` are the later
    /// steps that stood too early.
    pub fn settle_as_sent(
        &mut self,
        letter: &Letter,
        moves: &[crate::plan::Slot],
        evidence: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        let (state, campaign) = state_of(&tx, letter.id)?;
        if state != MessageState::InDoubt {
            bail!("message {} is {}, not in doubt", letter.id, state.as_str());
        }
        let sent_at = letter.claimed_at.unwrap_or(now);
        close_attempt(&tx, letter.id, "accepted", evidence, now)?;
        attempts::mark_sent(&tx, letter.id, campaign, moves, sent_at, now)?;
        note(
            &tx,
            letter.id,
            campaign,
            "settled",
            &format!("it was delivered: {evidence}"),
            now,
        )?;
        tx.commit().context("cannot settle the doubt")
    }

    /// Puts a message back in line: evidence says it surely never left, or a person says so. A
    /// campaign that a dead message had stopped goes on. The date is given again by the caller's
    /// rule.
    pub fn put_back(
        &mut self,
        letter: i64,
        due_at: DateTime<Utc>,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        let (state, campaign) = letter_state(&tx, letter)?;
        let open = transitions::state_of(&tx, campaign)?.is_open();
        if !open && state == MessageState::Dead {
            reopen(&tx, campaign, now)?;
        }
        if unpark(&tx, letter)? && transitions::state_of(&tx, campaign)? == CampaignState::Paused {
            transitions::resume(&tx, campaign, why, now)?;
        }
        close_attempt(&tx, letter, "deferred", why, now)?;
        let sql = if open || state == MessageState::Dead {
            "UPDATE messages SET state = 'scheduled', state_reason = NULL, due_at = ?2,
                    due_reason = ?3, claimed_at = NULL WHERE id = ?1"
        } else {
            // The campaign ended meanwhile: it surely never left, and shall not any more.
            "UPDATE messages SET state = 'dead', due_at = NULL, claimed_at = NULL,
                    state_reason = 'it never left (' || ?3 || '), and the campaign has ended'
             WHERE id = ?1 AND ?2 IS NOT NULL"
        };
        tx.execute(sql, (letter, seconds(due_at), why))
            .context("cannot put the message back")?;
        note(&tx, letter, campaign, "put_back", why, now)?;
        tx.commit().context("cannot put the message back")
    }

    /// The suppression that covers a letter's address: the next claim would stop it again.
    pub fn suppression_of(&self, letter: &Letter) -> anyhow::Result<Option<String>> {
        suppressions::covering(&self.conn, &letter.email)
    }

    /// Gives a message up for good; its campaign ends with it.
    pub fn drop_letter(
        &mut self,
        letter: i64,
        why: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        let (_, campaign) = letter_state(&tx, letter)?;
        let sql = "UPDATE messages SET state = 'dead', state_reason = ?2, due_at = NULL
                   WHERE id = ?1";
        tx.execute(sql, (letter, why))
            .context("cannot give the message up")?;
        unpark(&tx, letter)?;
        note(&tx, letter, campaign, "dropped", why, now)?;
        transitions::stop(&tx, campaign, StopReason::Undeliverable, why, now)?;
        tx.commit().context("cannot give the message up")
    }
}

/// Lets a campaign wait for a person's word about a message that was refused for no known reason.
/// It is a person's pause: nothing but their decision lifts it.
pub(super) fn park(
    conn: &Connection,
    (message, campaign): (i64, i64),
    why: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    // It may have ended, or been paused, while the mail was on its way.
    if transitions::state_of(conn, campaign)? != CampaignState::Active {
        return Ok(());
    }
    let sql = "UPDATE campaigns SET state = 'paused', paused_by = 'person', resume_at = NULL,
                      hold_reason = ?2, updated_at = ?3 WHERE id = ?1";
    let reason = format!("{why}; decide with `outreach letters retry {message}` or `drop`");
    conn.prepare_cached(sql)?
        .execute((campaign, &reason, seconds(now)))
        .context("cannot hold the campaign")?;
    transitions::undate(conn, campaign, "the campaign waits for a person")?;
    let sql = "INSERT INTO parked_campaigns (campaign_id, message_id) VALUES (?1, ?2)
               ON CONFLICT (campaign_id) DO UPDATE SET message_id = excluded.message_id";
    conn.prepare_cached(sql)?.execute((campaign, message))?;
    note(conn, message, campaign, "parked", &reason, now)
}

/// Notes that a person decided about a message; the answer is whether its campaign waited for it.
fn unpark(conn: &Connection, message: i64) -> anyhow::Result<bool> {
    let sql = "DELETE FROM parked_campaigns WHERE message_id = ?1";
    let n = conn.prepare_cached(sql)?.execute([message])?;
    Ok(n > 0)
}

/// The state and campaign of a message that is in doubt or dead; any other is refused.
fn letter_state(conn: &Connection, message: i64) -> anyhow::Result<(MessageState, i64)> {
    let (state, campaign) = state_of(conn, message)?;
    ensure!(
        matches!(state, MessageState::InDoubt | MessageState::Dead),
        "message {message} is {}, neither in doubt nor dead",
        state.as_str()
    );
    Ok((state, campaign))
}

fn state_of(conn: &Connection, message: i64) -> anyhow::Result<(MessageState, i64)> {
    let sql = "SELECT state, campaign_id FROM messages WHERE id = ?1";
    let row: Option<(String, i64)> = conn
        .query_row(sql, [message], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (word, campaign) = row.with_context(|| {
        format!("there is no message {message}; `outreach letters list` shows them")
    })?;
    let state = MessageState::parse(&word);
    Ok((
        state.with_context(|| format!("unknown message state `{word}`"))?,
        campaign,
    ))
}

/// Reopens a campaign that ended only because one of its messages died.
fn reopen(conn: &Connection, campaign: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE campaigns SET state = 'active', stop_reason = NULL, finished_at = NULL,
                      updated_at = ?2
               WHERE id = ?1 AND state = 'stopped' AND stop_reason IN ('undeliverable', 'bounced')";
    if conn.execute(sql, (campaign, seconds(now)))? == 0 {
        let state = transitions::state_of(conn, campaign)?;
        bail!("its campaign is {}: it cannot go on", state.as_str());
    }
    debug_assert_eq!(
        transitions::state_of(conn, campaign).ok(),
        Some(CampaignState::Active)
    );
    let sql = "UPDATE messages SET state = 'drafted', state_reason = NULL
               WHERE campaign_id = ?1 AND state = 'skipped'";
    conn.execute(sql, [campaign])?;
    transitions::note(
        conn,
        campaign,
        "reopened",
        "a person put a dead message back",
        now,
    )
}

/// Closes the attempt whose answer was never recorded, if there is one.
fn close_attempt(
    conn: &Connection,
    message: i64,
    outcome: &str,
    reply: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "UPDATE attempts SET finished_at = ?2, outcome = ?3, reply = ?4, phase = 'body'
               WHERE message_id = ?1 AND finished_at IS NULL";
    conn.execute(sql, (message, seconds(now), outcome, reply))
        .context("cannot close the attempt")?;
    Ok(())
}

fn note(
    conn: &Connection,
    message: i64,
    campaign: i64,
    kind: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let about = About {
        message: Some(message),
        campaign: Some(campaign),
        lead: None,
    };
    log_event(conn, now, about, kind, detail)
}
