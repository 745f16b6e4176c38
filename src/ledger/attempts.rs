//! Attempts: how each conversation ended, and what that means for its message and campaign.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::claims::re_date;
use super::suppressions::SuppressionReason;
use super::{
    About, ClaimedMessage, Ledger, instant, letters, log_event, seconds, suppressions, transitions,
};
use crate::campaign::StopReason;
use crate::delivery::{Blame, Phase};
use crate::plan::{Slot, StepFact, StepState};

/// One conversation about a message, as it is told.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The message's step.
    pub step: String,
    /// 1 for the message's first.
    pub number: u32,
    /// Where it went.
    pub mailer: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How it ended; none while it runs, or when the process died in it.
    pub outcome: Option<String>,
    /// How far it came.
    pub phase: Option<String>,
    /// Whom a refusal is about.
    pub blame: Option<String>,
    /// The server's words, or what happened instead; `""` when nothing was recorded.
    pub reply: String,
}

impl Ledger {
    /// Every conversation about the messages of a campaign, in order.
    pub fn attempts(&self, campaign: i64) -> anyhow::Result<Vec<Attempt>> {
        let sql = "SELECT m.step, a.number, a.mailer, a.started_at, a.outcome, a.phase, a.blame,
                          coalesce(a.reply, '')
                   FROM messages m JOIN attempts a ON a.message_id = m.id
                   WHERE m.campaign_id = ?1 ORDER BY m.number, a.number";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([campaign], |row| {
            Ok(Attempt {
                step: row.get(0)?,
                number: row.get(1)?,
                mailer: row.get(2)?,
                started_at: instant(row.get(3)?),
                outcome: row.get(4)?,
                phase: row.get(5)?,
                blame: row.get(6)?,
                reply: row.get(7)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the attempts")
    }
}

/// What to record about an attempt.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// The server took it; later steps that stood too early move.
    Sent {
        /// The server's words.
        reply: String,
        /// New instants of later steps.
        moves: Vec<Slot>,
    },
    /// Not taken; again at an instant.
    Deferred {
        /// How far it came.
        phase: Phase,
        /// The server's words.
        reply: String,
        /// Who has to wait.
        blame: Blame,
        /// When to try again.
        until: DateTime<Utc>,
    },
    /// Given up.
    Dead {
        /// How far it came.
        phase: Phase,
        /// The server's words.
        reply: String,
        /// Why, in words that a person reads.
        why: String,
        /// Whom it is about.
        blame: Blame,
        /// Why the campaign ends.
        stop: StopReason,
    },
    /// Refused for a reason nobody knows: the campaign waits for a person.
    Parked {
        /// How far it came.
        phase: Phase,
        /// The server's words.
        reply: String,
        /// Why, in words that a person reads.
        why: String,
    },
    /// Handed over, no answer.
    InDoubt {
        /// What happened instead.
        reply: String,
    },
}

/// Records how one attempt ended.
pub(super) fn record(
    conn: &Connection,
    message: &ClaimedMessage,
    recorded: &Recorded,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    match recorded {
        Recorded::Sent { reply, moves } => {
            close(conn, message, "accepted", Phase::Body, None, reply, now)?;
            left(conn, message, moves, now)
        }
        Recorded::Deferred {
            phase,
            reply,
            blame,
            until,
        } => {
            close(conn, message, "deferred", *phase, Some(*blame), reply, now)?;
            if !transitions::state_of(conn, message.campaign)?.is_open() {
                return kill(
                    conn,
                    message.id,
                    "not taken, and the campaign ended meanwhile",
                );
            }
            let sql = "UPDATE messages SET state = 'deferred', due_at = ?2, due_reason = ?3
                       WHERE id = ?1 AND state = 'sending'";
            let reason = format!("tried again after: {reply}");
            conn.prepare_cached(sql)?
                .execute((message.id, seconds(*until), reason))?;
            Ok(())
        }
        Recorded::Dead {
            phase,
            reply,
            why,
            blame,
            stop,
        } => {
            close(conn, message, "rejected", *phase, Some(*blame), reply, now)?;
            kill(conn, message.id, why)?;
            if *blame == Blame::Recipient {
                let reason = SuppressionReason::of_stop(*stop);
                suppressions::add(conn, &message.email.to_lowercase(), reason, reply, now)?;
            }
            if *stop == StopReason::Bounced {
                let sql = "UPDATE messages SET bounced_at = ?2 WHERE id = ?1";
                conn.prepare_cached(sql)?
                    .execute((message.id, seconds(now)))?;
            }
            transitions::stop(conn, message.campaign, *stop, why, now)
        }
        Recorded::Parked { phase, reply, why } => {
            let blame = Some(Blame::Unknown);
            close(conn, message, "rejected", *phase, blame, reply, now)?;
            kill(conn, message.id, why)?;
            letters::park(conn, (message.id, message.campaign), why, now)
        }
        Recorded::InDoubt { reply } => {
            close(conn, message, "in_doubt", Phase::Body, None, reply, now)?;
            let sql = "UPDATE messages SET state = 'in_doubt', state_reason = ?2
                       WHERE id = ?1 AND state = 'sending'";
            conn.prepare_cached(sql)?.execute((message.id, reply))?;
            Ok(())
        }
    }
}

/// Notes that a claimed message left now.
fn left(
    conn: &Connection,
    message: &ClaimedMessage,
    moves: &[Slot],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    mark_left(conn, message.id, message.campaign, moves, now, now)?;
    // A step that had not left at the claim has not left since.
    let has_left =
        |step: &StepFact| step.number == message.number || matches!(step.state, StepState::Sent(_));
    match message.itinerary.steps.iter().all(has_left) {
        true => transitions::complete_if_all_left(conn, message.campaign, now),
        false => Ok(()),
    }
}

/// Closes the attempt's row and notes its outcome in the log.
fn close(
    conn: &Connection,
    message: &ClaimedMessage,
    outcome: &str,
    phase: Phase,
    blame: Option<Blame>,
    reply: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "UPDATE attempts SET finished_at = ?2, outcome = ?3, phase = ?4, blame = ?5,
                      reply = ?6 WHERE id = ?1";
    let (phase, blame) = (phase.as_str(), blame.map(Blame::as_str));
    conn.prepare_cached(sql)?
        .execute((message.attempt, seconds(now), outcome, phase, blame, reply))
        .context("cannot record the attempt")?;
    let about = About {
        message: Some(message.id),
        campaign: Some(message.campaign),
        lead: None,
    };
    log_event(
        conn,
        now,
        about,
        outcome,
        &format!("{}: {reply}", message.step),
    )
}

fn kill(conn: &Connection, message: i64, why: &str) -> anyhow::Result<()> {
    let sql = "UPDATE messages SET state = 'dead', state_reason = ?2, due_at = NULL
               WHERE id = ?1 AND state IN ('sending', 'in_doubt')";
    conn.prepare_cached(sql)?
        .execute((message, why))
        .context("cannot give the message up")?;
    Ok(())
}

/// Notes that a message left at `sent_at`: starts or completes the campaign, moves later steps.
pub(super) fn mark_sent(
    conn: &Connection,
    message: i64,
    campaign: i64,
    moves: &[Slot],
    sent_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    mark_left(conn, message, campaign, moves, sent_at, now)?;
    transitions::complete_if_all_left(conn, campaign, now)
}

/// [`mark_sent`] of a message behind which others are still to leave.
fn mark_left(
    conn: &Connection,
    message: i64,
    campaign: i64,
    moves: &[Slot],
    sent_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    // With ROLLBACK and no list of words: both cost more than the change itself.
    let sql = "UPDATE OR ROLLBACK messages SET state = 'sent', sent_at = ?2, state_reason = NULL
               WHERE id = ?1 AND state <> 'sent' AND state <> 'skipped' AND state <> 'dead'";
    conn.prepare_cached(sql)?
        .execute((message, seconds(sent_at)))
        .context("cannot mark the message as sent")?;
    for slot in moves {
        let sql = "SELECT id FROM messages WHERE campaign_id = ?1 AND number = ?2";
        let later = conn
            .prepare_cached(sql)?
            .query_row((campaign, slot.number), |r| r.get(0))?;
        re_date(conn, later, slot.due_at, &slot.reason, now)?;
    }
    Ok(())
}
