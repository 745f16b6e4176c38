//! Claims: the only way a message gets from *due* to *sending*, and from there to its verdict.
//!
//! Promise 1 lives here. A claim is one committed transaction that reads everything again
//! (campaign, lead, suppressions, limits, freshness of the inbox) before the caller may touch a
//! connection. A campaign that waited in review goes only with the texts that were approved: any
//! other text, however it got there, takes it back into review. Rows a dead run left in `sending`
//! become *in doubt*, never due again. Whoever claims holds the stage's lock, so a row in `sending`
//! at the start of a run has no living owner.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::leads::read_fields;
use super::runs::switch;
use super::schedule::read_itinerary;
use super::{About, Ledger, instant, log_event, reviews, seconds, suppressions, transitions};
use crate::campaign::{StopReason, message_id};

use crate::lead::{RawLead, RecordId};
use crate::plan::Itinerary;

/// A due message, with all that decides whether it may leave now.
pub struct Candidate {
    /// The message's row id.
    pub message: i64,
    /// The campaign's row id.
    pub campaign: i64,
    /// 1 for the first step.
    pub number: u32,
    /// The lead's address as it stands now; none when it has no valid one any more.
    pub email: Option<String>,
    /// The lead's fields as they were last read.
    pub raw: RawLead,
    /// The suppression that covers the address.
    pub suppressed_by: Option<String>,
    /// When all mailboxes asked for had been read without error; none when one never was.
    pub scanned_at: Option<DateTime<Utc>>,
    /// Why the latest scan of one of them failed; none when the latest of each succeeded.
    pub scan_error: Option<String>,
    /// The steps of the campaign with their history.
    pub itinerary: Itinerary,
}

/// What shall become of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Claim it: it leaves now.
    Claim,
    /// Not before an instant.
    Wait {
        /// The new due instant.
        until: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// Not in this run; it stays due.
    Hold {
        /// Why.
        reason: String,
    },
    /// The campaign ends.
    Stop {
        /// Why, as a state.
        reason: StopReason,
        /// Why, in words.
        why: String,
    },
}

/// What a run wants to claim.
pub struct Claims<'a> {
    /// The present instant.
    pub now: DateTime<Utc>,
    /// At most so many in one transaction.
    pub max: usize,
    /// The From address.
    pub sender: &'a str,
    /// What the sender may send a day, and when its day began.
    pub daily_limit: u32,
    /// The instant the sender's day began.
    pub day_began_at: DateTime<Utc>,
    /// Where the mail goes, as recorded with the attempt.
    pub mailer: &'a str,
    /// The run.
    pub run: i64,
    /// The names of the mailboxes whose scans count for freshness.
    pub mailboxes: &'a [String],
    /// Only this lead's messages.
    pub lead: Option<i64>,
    /// How far this run has looked, so that what is held is looked at once.
    pub position: Position,
}

/// How far a run has looked through what is due: follow-ups before first steps, because the people
/// they go to were promised them; each by due instant and row id.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    is_at_first_steps: bool,
    due_at: i64,
    message: i64,
}

impl Position {
    /// Nothing was looked at.
    pub fn start() -> Position {
        Position {
            is_at_first_steps: false,
            due_at: i64::MIN,
            message: i64::MIN,
        }
    }
}

/// What one round of claiming did.
#[derive(Default)]
pub struct Claimed {
    /// The messages that are now `sending`.
    pub messages: Vec<ClaimedMessage>,
    /// Why others did not leave, with the campaign's row id.
    pub held: Vec<(i64, String)>,
    /// How many got a later instant.
    pub moved: u32,
    /// How many campaigns were stopped.
    pub stopped: u32,
    /// Campaigns that went back into review, by their row id, with the reason: nobody approved the
    /// texts they have now.
    pub back_in_review: Vec<(i64, String)>,
    /// Whether the daily limit ended the round.
    pub limit_reached: bool,
    /// The red button, when it ended the round: why, and since when.
    pub paused: Option<(String, DateTime<Utc>)>,
    /// Whether nothing due is left to look at.
    pub exhausted: bool,
}

/// A claimed message: all that is needed to compose the mail.
#[derive(Clone, Debug)]
pub struct ClaimedMessage {
    /// The row id.
    pub id: i64,
    /// The attempt's row id.
    pub attempt: i64,
    /// The campaign's row id.
    pub campaign: i64,
    /// 1 for the first step.
    pub number: u32,
    /// The step's label.
    pub step: String,
    /// The lead's address.
    pub email: String,
    /// The lead's fields as they were last read.
    pub raw: RawLead,
    /// The subject.
    pub subject: String,
    /// The body.
    pub body: String,
    /// Fixed at the first claim.
    pub message_id: String,
    /// The key.
    pub outreach_key: String,
    /// The Date header, fixed at the first claim.
    pub dated_at: DateTime<Utc>,
    /// Earlier attempts that count against the message.
    pub tries: u32,
    /// The steps of the campaign with their history.
    pub itinerary: Itinerary,
}

impl Ledger {
    /// Moves rows a dead run left in `sending` to *in doubt*; the answer is how many.
    pub fn doubt_orphans(&mut self, now: DateTime<Utc>) -> anyhow::Result<u32> {
        let tx = self.begin()?;
        let why = "the run died before the server's answer was recorded";
        let sql = "UPDATE messages SET state = 'in_doubt', state_reason = ?1
                   WHERE state = 'sending' RETURNING id, campaign_id";
        let orphans = tx
            .prepare_cached(sql)?
            .query_map([why], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        for (message, campaign) in &orphans {
            let about = About {
                message: Some(*message),
                campaign: Some(*campaign),
                lead: None,
            };
            log_event(&tx, now, about, "in_doubt", why)?;
        }
        tx.commit().context("cannot mark what a dead run left")?;
        u32::try_from(orphans.len()).context("too many rows in `sending`")
    }

    /// When a sender's latest message was claimed, if another one is due: that one keeps its gap.
    pub fn last_claim_before_due(
        &self,
        sender: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<DateTime<Utc>>> {
        let sql = "SELECT max(claimed_at) FROM messages
                   WHERE sender = ?1 AND claimed_at IS NOT NULL
                     AND EXISTS (SELECT 1 FROM messages d
                                 WHERE d.state IN ('scheduled', 'deferred') AND d.due_at <= ?2)";
        let at: Option<i64> = self
            .conn
            .prepare_cached(sql)?
            .query_row((sender, seconds(now)), |row| row.get(0))
            .context("cannot read when the last message left")?;
        Ok(at.map(instant))
    }

    /// Claims due messages, asking `decide` about each. Everything it says is applied in the same
    /// transaction; when this returns, the claims are on disk.
    pub fn claim_due(
        &mut self,
        claims: &mut Claims<'_>,
        decide: &mut dyn FnMut(&Candidate) -> Decision,
    ) -> anyhow::Result<Claimed> {
        let tx = self.begin()?;
        let mut claimed = Claimed {
            paused: switch(&tx, "pause_all")?,
            ..Claimed::default()
        };
        let mut room = room_today(&tx, claims)?;
        while claimed.paused.is_none() && claimed.messages.len() < claims.max {
            let Some((candidate, due_at)) = next(&tx, claims)? else {
                claimed.exhausted = true;
                break;
            };
            let decision = decide(&candidate);
            if decision == Decision::Claim && room == 0 {
                claimed.limit_reached = true;
                break;
            }
            claims.position.due_at = due_at;
            claims.position.message = candidate.message;
            match decision {
                Decision::Claim => match reviews::unapproved(&tx, candidate.campaign)? {
                    Some(why) => {
                        reviews::take_back(&tx, candidate.campaign, why, claims.now)?;
                        let campaign = candidate.campaign;
                        claimed.back_in_review.push((campaign, why.to_string()));
                    }
                    None => {
                        claimed.messages.push(claim(&tx, claims, candidate)?);
                        room -= 1;
                    }
                },
                Decision::Wait { until, reason } => {
                    re_date(&tx, candidate.message, until, &reason, claims.now)?;
                    claimed.moved += 1;
                }
                Decision::Hold { reason } => claimed.held.push((candidate.campaign, reason)),
                Decision::Stop { reason, why } => {
                    transitions::stop(&tx, candidate.campaign, reason, &why, claims.now)?;
                    claimed.stopped += 1;
                }
            }
        }
        // Said at once, so that nobody waits a gap for nothing.
        claimed.exhausted |= claimed.paused.is_none() && next(&tx, claims)?.is_none();
        tx.commit().context("cannot claim due messages")?;
        Ok(claimed)
    }
}

fn room_today(conn: &Connection, claims: &Claims<'_>) -> anyhow::Result<u32> {
    let sql = "SELECT count(*) FROM messages
               WHERE sender = ?1 AND claimed_at >= ?2
                 AND state IN ('sending', 'sent', 'in_doubt')";
    let used: u32 = conn
        .prepare_cached(sql)?
        .query_row((claims.sender, seconds(claims.day_began_at)), |row| {
            row.get(0)
        })
        .context("cannot count what was sent today")?;
    Ok(claims.daily_limit.saturating_sub(used))
}

/// The next message to look at: follow-ups first, then first steps.
fn next(conn: &Connection, claims: &mut Claims<'_>) -> anyhow::Result<Option<(Candidate, i64)>> {
    let found = next_candidate(conn, claims)?;
    if found.is_some() || claims.position.is_at_first_steps {
        return Ok(found);
    }
    claims.position = Position {
        is_at_first_steps: true,
        ..Position::start()
    };
    next_candidate(conn, claims)
}

fn next_candidate(
    conn: &Connection,
    claims: &Claims<'_>,
) -> anyhow::Result<Option<(Candidate, i64)>> {
    let sql = "SELECT m.id, m.campaign_id, m.number, l.email, m.due_at, l.record_id, l.fields
               FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                               JOIN leads l ON l.id = c.lead_id
               WHERE m.state IN ('scheduled', 'deferred') AND m.due_at <= ?1
                 AND (m.due_at, m.id) > (?2, ?3) AND c.state = 'active' AND m.sender = ?4
                 AND (?5 IS NULL OR c.lead_id = ?5) AND (m.number = 1) = ?6
               ORDER BY m.due_at, m.id LIMIT 1";
    let Position {
        is_at_first_steps,
        due_at,
        message,
    } = claims.position;
    let row = conn
        .prepare_cached(sql)?
        .query_row(
            (
                seconds(claims.now),
                due_at,
                message,
                claims.sender,
                claims.lead,
                is_at_first_steps,
            ),
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, u32>(2)?,
                    row.get::<_, Option<String>>(3)?,
                    row.get::<_, i64>(4)?,
                    row.get::<_, String>(5)?,
                    row.get::<_, String>(6)?,
                ))
            },
        )
        .optional()
        .context("cannot find the next due message")?;
    let Some((message, campaign, number, email, due_at, record_id, fields)) = row else {
        return Ok(None);
    };
    let suppressed_by = match &email {
        Some(email) => suppressions::covering(conn, email)?,
        None => None,
    };
    let (scanned_at, scan_error) = last_scans(conn, claims.mailboxes)?;
    let candidate = Candidate {
        message,
        campaign,
        number,
        email,
        raw: RawLead {
            record_id: RecordId::new(record_id),
            fields: read_fields(&fields)?,
        },
        suppressed_by,
        scanned_at,
        scan_error,
        itinerary: read_itinerary(conn, campaign)?,
    };
    Ok(Some((candidate, due_at)))
}

/// The oldest of the latest successful scans, none when a mailbox was never read whole; and the
/// error of the latest scan where that failed.
fn last_scans(
    conn: &Connection,
    mailboxes: &[String],
) -> anyhow::Result<(Option<DateTime<Utc>>, Option<String>)> {
    let sql = "SELECT succeeded_at, last_error FROM cursors WHERE name = ?1";
    let mut statement = conn.prepare_cached(sql)?;
    let mut scans = Vec::new();
    for name in mailboxes {
        let scan: Option<(Option<i64>, Option<String>)> = statement
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        scans.push(scan.unwrap_or_default());
    }
    let error = scans.iter().find_map(|(_, error)| error.clone());
    let all: Option<Vec<i64>> = scans.into_iter().map(|(at, _)| at).collect();
    let oldest = all.and_then(|all| all.into_iter().min());
    Ok((oldest.map(instant), error))
}

fn claim(
    conn: &Connection,
    claims: &Claims<'_>,
    candidate: Candidate,
) -> anyhow::Result<ClaimedMessage> {
    let sender_domain = claims
        .sender
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain);
    let sql = "SELECT outreach_key FROM messages WHERE id = ?1";
    let key: String = conn
        .prepare_cached(sql)?
        .query_row([candidate.message], |row| row.get(0))?;
    let sql = "UPDATE messages SET state = 'sending', attempts = attempts + 1, claimed_at = ?2,
                      dated_at = coalesce(dated_at, ?2), message_id = coalesce(message_id, ?3),
                      recipient = ?4
               WHERE id = ?1 AND state IN ('scheduled', 'deferred')
               RETURNING step, subject, body, message_id, outreach_key, dated_at, attempts";
    let new_id = message_id(&key, sender_domain);
    let claimed = (
        candidate.message,
        seconds(claims.now),
        new_id,
        &candidate.email,
    );
    let read = |row: &Row<'_>| {
        Ok(ClaimedMessage {
            id: candidate.message,
            attempt: row.get(6)?, // The attempt's number; its row id follows below.
            campaign: candidate.campaign,
            number: candidate.number,
            step: row.get(0)?,
            email: candidate.email.clone().unwrap_or_default(),
            raw: candidate.raw.clone(),
            subject: row.get(1)?,
            body: row.get(2)?,
            message_id: row.get(3)?,
            outreach_key: row.get(4)?,
            dated_at: instant(row.get(5)?),
            tries: 0,
            itinerary: candidate.itinerary.clone(),
        })
    };
    let mut message = conn
        .prepare_cached(sql)?
        .query_row(claimed, read)
        .context("cannot claim the message")?;
    let sql = "INSERT INTO attempts (message_id, run_id, number, mailer, started_at)
               VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id";
    let row = (
        message.id,
        claims.run,
        message.attempt,
        claims.mailer,
        seconds(claims.now),
    );
    message.attempt = conn.prepare_cached(sql)?.query_row(row, |row| row.get(0))?;
    let sql = "SELECT count(*) FROM attempts WHERE message_id = ?1 AND outcome = 'deferred'
                 AND blame IN ('recipient', 'message')";
    message.tries = conn
        .prepare_cached(sql)?
        .query_row([message.id], |row| row.get(0))?;
    Ok(message)
}

/// Gives a message another instant, with the reason in the log.
pub(super) fn re_date(
    conn: &Connection,
    message: i64,
    due_at: DateTime<Utc>,
    reason: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "UPDATE messages SET due_at = ?2, due_reason = ?3
               WHERE id = ?1 AND state IN ('scheduled', 'deferred') RETURNING campaign_id";
    let campaign: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row((message, seconds(due_at), reason), |row| row.get(0))
        .optional()
        .context("cannot move the message")?;
    if let Some(campaign) = campaign {
        let about = About {
            message: Some(message),
            campaign: Some(campaign),
            lead: None,
        };
        let detail = format!("to {}: {reason}", due_at.format("%Y-%m-%d %H:%M UTC"));
        log_event(conn, now, about, "moved", &detail)?;
    }
    Ok(())
}
