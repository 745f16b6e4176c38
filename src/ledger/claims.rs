//! Claims: the only way a message gets from *due* to *sending*, and from there to its verdict.
//!
//! Promise 1 lives here. A claim is one committed transaction that reads everything again
//! (campaign, lead, suppressions, limits, freshness of the inbox) before the caller may touch a
//! connection. A campaign that waited in review goes only with the texts that were approved: any
//! other text, however it got there, takes it back into review. Rows a dead run left in `sending`
//! become *in doubt*, never due again. Whoever claims holds the stage's lock, so a row in `sending`
//! at the start of a run has no living owner.

mod earlier;
mod next;
mod room;
mod tracked;

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

pub use earlier::Earlier;
pub use next::Position;

use super::attempts::record;
use super::runs::switch;
use super::{About, Ledger, Recorded, breakers, instant, log_event, reviews, seconds, transitions};
use crate::breaker::Cohort;
use crate::campaign::{StopReason, message_id};
use crate::lead::RawLead;
use crate::plan::Itinerary;
use crate::tracking::Tracked;
use next::{Found, Seen, next};

/// How long an answer waits to be recorded while others write.
const RECORDING_WAITS: Duration = Duration::from_secs(600);

/// So many due messages are looked at in one transaction: others want to write too.
const LOOKS_MAX: usize = 1_000;

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
    /// What the data check said of the lead, or has to say.
    pub checked: Checked,
    /// The suppression that covers the address.
    pub suppressed_by: Option<String>,
    /// When all mailboxes asked for had been read without error; none when one never was.
    pub scanned_at: Option<DateTime<Utc>>,
    /// Why the latest scan of one of them failed; none when the latest of each succeeded.
    pub scan_error: Option<String>,
    /// To how many other leads of its company a mail left on the sender's day; 0 uncounted.
    pub company_peers: u32,
    /// What is known of the first Hooks of its batch, when this is a Hook and that matters.
    pub cohort: Option<Cohort>,
    /// The steps of the campaign with their history.
    pub itinerary: Itinerary,
}

/// A lead before the data check, which every claim asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It passed when its fields were stored, and they are stored with the verdict.
    Passed {
        /// Its address as it was read.
        address: String,
        /// Its name, mended.
        full_name: String,
    },
    /// It did not pass as a lead to write to; that may be for what happened since. Its fields.
    Anew(RawLead),
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
    /// What the sender may send since `day_began_at`.
    pub daily_limit: u32,
    /// The instant the sender's day began.
    pub day_began_at: DateTime<Utc>,
    /// What the sender may send in this clock hour, if that is limited.
    pub hourly_limit: Option<u32>,
    /// Where the mail goes, as recorded with the attempt.
    pub mailer: &'a str,
    /// The run.
    pub run: i64,
    /// The names of the mailboxes whose scans count for freshness.
    pub mailboxes: &'a [String],
    /// Only this lead's messages.
    pub lead: Option<i64>,
    /// Whether to count the mails that left to other leads of a company.
    pub counts_companies: bool,
    /// Whether a follow-up is to know the mails before it, which it answers.
    pub threads: bool,
    /// So many Hooks of a batch of new leads go before the rest of it; 0 for no such rule.
    pub canaries: u32,
    /// What is to be counted of its mails, where their texts allow it.
    pub tracked: Tracked,
    /// How far this run has looked, so that what is held is looked at once.
    pub position: &'a mut Position,
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
    /// The limit that ended the round, if one did.
    pub limit_reached: Option<Limit>,
    /// The red button, or the sender's own, when it ended the round: why, and since when.
    pub paused: Option<(String, DateTime<Utc>)>,
    /// Whether nothing due is left to look at.
    pub exhausted: bool,
}

/// A limit of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// That of the day.
    Daily,
    /// That of the clock hour.
    Hourly,
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
    /// What can be counted of it: what its first claim wanted and this one still does.
    pub tracked: Tracked,
    /// Earlier attempts that count against the message.
    pub tries: u32,
    /// The campaign's mails that left before it, first to last; empty unless asked for.
    pub earlier: Vec<Earlier>,
    /// The steps of the campaign with their history.
    pub itinerary: Itinerary,
}

/// One committed transaction of `send`: the answers that came are recorded, then messages are
/// claimed for the connections that are free.
pub struct SendTurn<'a> {
    conn: &'a Connection,
}

impl Ledger {
    /// Records how attempts ended and claims messages, all in one transaction; when this returns,
    /// both are on disk. `claim` may call [`SendTurn::claim_due`] for one sender after the other.
    pub fn send_turn<T>(
        &mut self,
        answers: &[(ClaimedMessage, Recorded)],
        now: DateTime<Utc>,
        claim: impl FnOnce(&SendTurn<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        if !answers.is_empty() {
            // What is not recorded is in doubt: here nobody gives up because another run writes
            // for long.
            self.conn.busy_timeout(RECORDING_WAITS)?;
        }
        let tx = self.begin()?;
        for (message, recorded) in answers {
            record(&tx, message, recorded, now)?;
        }
        let claimed = claim(&SendTurn { conn: &tx })?;
        tx.commit()
            .context("cannot record the attempts and claim due messages")?;
        if !answers.is_empty() {
            self.conn.busy_timeout(super::WAITS)?;
        }
        Ok(claimed)
    }

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

    /// When the sender's next message falls due that this run has not looked at.
    pub fn next_due_at(
        &self,
        sender: &str,
        lead: Option<i64>,
        position: &Position,
    ) -> anyhow::Result<Option<DateTime<Utc>>> {
        next::next_due_at(&self.conn, sender, lead, position)
    }
}

impl SendTurn<'_> {
    /// Claims due messages of one sender, asking `decide` about each. Everything it says is applied
    /// in this transaction.
    pub fn claim_due(
        &self,
        claims: &mut Claims<'_>,
        decide: &mut dyn FnMut(&Candidate) -> Decision,
    ) -> anyhow::Result<Claimed> {
        let conn = self.conn;
        let mut claimed = Claimed {
            paused: paused(conn, claims.sender)?,
            ..Claimed::default()
        };
        if claimed.paused.is_some() {
            return Ok(claimed);
        }
        let mut seen = Seen::default();
        for _ in 0..LOOKS_MAX {
            if claimed.messages.len() >= claims.max {
                return Ok(claimed);
            }
            let Some(found) = next(conn, claims, &mut seen)? else {
                claimed.exhausted = true;
                return Ok(claimed);
            };
            let decision = match found.waits {
                None => decide(&found.candidate),
                Some(state) => Decision::Hold {
                    reason: format!("its campaign is {}", state.as_str()),
                },
            };
            if decision == Decision::Claim {
                claimed.limit_reached = room::reached(conn, claims)?;
                if claimed.limit_reached.is_some() {
                    return Ok(claimed);
                }
            }
            claims.position.pass(&found);
            apply(conn, claims, &mut claimed, found, decision)?;
        }
        Ok(claimed)
    }
}

/// The switch that holds a sender's mail, if one is thrown.
fn paused(conn: &Connection, sender: &str) -> anyhow::Result<Option<(String, DateTime<Utc>)>> {
    match switch(conn, "pause_all")? {
        None => switch(conn, &format!("pause_sender:{sender}")),
        all => Ok(all),
    }
}

/// Does what was decided about a message.
fn apply(
    conn: &Connection,
    claims: &mut Claims<'_>,
    claimed: &mut Claimed,
    found: Found,
    decision: Decision,
) -> anyhow::Result<()> {
    let (message, campaign) = (found.candidate.message, found.candidate.campaign);
    match decision {
        Decision::Claim => match found.unapproved(conn)? {
            Some(why) => {
                reviews::take_back(conn, campaign, why, claims.now)?;
                claimed.back_in_review.push((campaign, why.to_string()));
            }
            None => {
                claimed.messages.push(claim(conn, claims, found)?);
                claims.position.room.take_one();
            }
        },
        Decision::Wait { until, reason } => {
            re_date(conn, message, until, &reason, claims.now)?;
            claimed.moved += 1;
        }
        Decision::Hold { reason } => claimed.held.push((campaign, reason)),
        Decision::Stop { reason, why } => {
            transitions::stop(conn, campaign, reason, &why, claims.now)?;
            claimed.stopped += 1;
        }
    }
    Ok(())
}

fn claim(conn: &Connection, claims: &Claims<'_>, found: Found) -> anyhow::Result<ClaimedMessage> {
    let Found {
        candidate, mail, ..
    } = found;
    let domain = claims.sender.rsplit_once('@').map_or("", |(_, d)| d);
    let new_id = || message_id(&mail.outreach_key, domain);
    let message_id = mail.message_id.clone().unwrap_or_else(new_id);
    let dated_at = mail.dated_at.unwrap_or(claims.now);
    let number = mail.attempts + 1;
    // Without RETURNING, and with ROLLBACK: else SQLite would keep a copy of every page it changes,
    // to take back this statement alone.
    let sql = "UPDATE OR ROLLBACK messages SET state = 'sending', attempts = ?2, claimed_at = ?3,
                      dated_at = ?4, message_id = ?5, recipient = ?6
               WHERE id = ?1 AND state IN ('scheduled', 'deferred')";
    let n = conn
        .prepare_cached(sql)?
        .execute((
            candidate.message,
            number,
            seconds(claims.now),
            seconds(dated_at),
            &message_id,
            &candidate.email,
        ))
        .context("cannot claim the message")?;
    anyhow::ensure!(n == 1, "message {} is not due any more", candidate.message);
    let sql = "INSERT INTO attempts (message_id, run_id, number, mailer, started_at)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    conn.prepare_cached(sql)?
        .execute((
            candidate.message,
            claims.run,
            number,
            claims.mailer,
            seconds(claims.now),
        ))
        .context("cannot note the attempt")?;
    let attempt = conn.last_insert_rowid();
    if let Some(cohort) = &candidate.cohort {
        breakers::choose(conn, candidate.message, cohort, claims.canaries)?;
    }
    let tracked = tracked::note(conn, claims.tracked, candidate.message, &mail)?;
    let tries = match mail.attempts {
        0 => 0,
        _ => tries(conn, candidate.message)?,
    };
    let earlier = match claims.threads && candidate.number > 1 {
        true => earlier::of(conn, &candidate)?,
        false => Vec::new(),
    };
    Ok(ClaimedMessage {
        id: candidate.message,
        attempt,
        campaign: candidate.campaign,
        number: candidate.number,
        step: mail.step,
        email: candidate.email.unwrap_or_default(),
        subject: mail.subject,
        body: mail.body,
        message_id,
        outreach_key: mail.outreach_key,
        dated_at,
        tracked,
        tries,
        earlier,
        itinerary: candidate.itinerary,
    })
}

/// The attempts that count against a message.
fn tries(conn: &Connection, message: i64) -> anyhow::Result<u32> {
    let sql = "SELECT count(*) FROM attempts WHERE message_id = ?1
                 AND outcome = 'deferred' AND blame IN ('recipient', 'message')";
    conn.prepare_cached(sql)?
        .query_row([message], |row| row.get(0))
        .context("cannot count the attempts")
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
