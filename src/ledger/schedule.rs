//! Dates: what waits for one, what is promised already, and the dates given.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::claims::naming;
use super::runs::switch;
use super::{About, Ledger, instant, log_event, seconds, transitions};
use crate::calendar::Zone;
use crate::campaign::{MessageState, Sequence};
use crate::plan::{Itinerary, Plan, Promise, Skip, Slot, StepFact, StepState};

impl Ledger {
    /// Campaigns whose pause ends by now go on; the answer is how many.
    pub fn resume_due(&mut self, now: DateTime<Utc>) -> anyhow::Result<u32> {
        let tx = self.begin()?;
        let sql = "SELECT id FROM campaigns WHERE state = 'paused' AND resume_at <= ?1 ORDER BY id";
        let ids = tx
            .prepare_cached(sql)?
            .query_map([seconds(now)], |row| row.get::<_, i64>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        for id in &ids {
            transitions::resume(&tx, *id, "the pause is over", now)?;
        }
        tx.commit()
            .context("cannot resume the campaigns whose pause is over")?;
        u32::try_from(ids.len()).context("too many paused campaigns")
    }

    /// Active campaigns of which something has not left, oldest first; if there may be so many
    /// only, those with a message that has no date come first.
    pub fn itineraries(
        &self,
        limit: Option<u32>,
        lead: Option<i64>,
    ) -> anyhow::Result<Vec<Itinerary>> {
        let sql = "SELECT c.id, c.sequence, c.zone, c.country, c.sender, l.company_domain,
                          m.number, m.state, m.due_at, m.sent_at
                   FROM campaigns c JOIN leads l ON l.id = c.lead_id
                                    JOIN messages m ON m.campaign_id = c.id
                   WHERE c.id IN (
                       SELECT o.id FROM campaigns o
                       WHERE o.state = 'active' AND (?2 IS NULL OR o.lead_id = ?2)
                         AND EXISTS (SELECT 1 FROM messages w WHERE w.campaign_id = o.id
                                       AND w.state IN ('drafted', 'scheduled', 'deferred'))
                       ORDER BY EXISTS (SELECT 1 FROM messages d
                                        WHERE d.campaign_id = o.id AND d.state = 'drafted') DESC,
                                o.id
                       LIMIT ?1)
                   ORDER BY c.id, m.number";
        // A negative limit is none.
        let limit = limit.map_or(-1, i64::from);
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement
            .query((limit, lead))
            .context("cannot list the campaigns to plan")?;
        let mut reader = Reader::default();
        while let Some(row) = rows.next().context("cannot read the campaigns to plan")? {
            reader.read(row)?;
        }
        Ok(reader.itineraries)
    }

    /// What takes the room of each sender besides the campaigns that are planned: dated messages of
    /// others, and all that left since an instant.
    pub fn promised(
        &self,
        planned: &HashSet<i64>,
        since: DateTime<Utc>,
    ) -> anyhow::Result<HashMap<String, Vec<Promise>>> {
        let sql = "SELECT m.sender, m.campaign_id, m.due_at, 1, l.company_domain
                   FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                                   JOIN leads l ON l.id = c.lead_id
                   WHERE m.state IN ('scheduled', 'deferred') AND m.sender IS NOT NULL
                   UNION ALL
                   SELECT m.sender, m.campaign_id, m.claimed_at, 0, l.company_domain
                   FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                                   JOIN leads l ON l.id = c.lead_id
                   WHERE m.claimed_at >= ?1 AND m.sender IS NOT NULL
                     AND m.state IN ('sending', 'sent', 'in_doubt')";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([seconds(since)])?;
        let mut promised: HashMap<String, Vec<Promise>> = HashMap::new();
        let wrong = "cannot read what is promised already";
        while let Some(row) = rows.next().context(wrong)? {
            let is_planned = planned.contains(&row.get(1)?);
            if is_planned && row.get::<_, bool>(3)? {
                continue;
            }
            let promise = Promise {
                at: instant(row.get(2)?),
                company: row.get(4)?,
            };
            promised.entry(row.get(0)?).or_default().push(promise);
        }
        Ok(promised)
    }

    /// When the first mail of a sender left.
    pub fn first_sent_at(&self, sender: &str) -> anyhow::Result<Option<DateTime<Utc>>> {
        let sql = "SELECT min(sent_at) FROM messages WHERE state = 'sent' AND sender = ?1";
        let at: Option<i64> = self
            .conn
            .prepare_cached(sql)?
            .query_row([sender], |row| row.get(0))
            .context("cannot read when a sender began")?;
        Ok(at.map(instant))
    }

    /// Whether a sender is held: nothing is dated for it until somebody releases it.
    pub fn is_sender_stopped(&self, sender: &str) -> anyhow::Result<bool> {
        Ok(switch(&self.conn, &format!("pause_sender:{sender}"))?.is_some())
    }

    /// Writes a plan down, all in one transaction. What was claimed, moved or ended since the
    /// plan's facts were read stays as it is.
    pub fn date_messages(&mut self, plan: &Plan, now: DateTime<Utc>) -> anyhow::Result<Written> {
        let tx = self.begin()?;
        let mut written = Written::default();
        for slot in &plan.slots {
            if date_message(&tx, slot, now)? {
                match slot.was {
                    None => written.dated += 1,
                    Some(_) => written.moved += 1,
                }
            }
        }
        for skip in &plan.skips {
            written.skipped += skip_messages(&tx, skip, now)?;
        }
        tx.commit().context("cannot date the messages")?;
        Ok(written)
    }
}

/// What became of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Messages that got their first date.
    pub dated: u32,
    /// Messages that got another one.
    pub moved: u32,
    /// Messages that will not be sent.
    pub skipped: u32,
}

/// Gives a message its date, if it still stands as the plan found it; tells whether it does.
fn date_message(conn: &Connection, slot: &Slot, now: DateTime<Utc>) -> anyhow::Result<bool> {
    let sql = "UPDATE messages SET due_at = ?3, due_reason = ?4, sender = coalesce(sender, ?5),
                      state = CASE state WHEN 'drafted' THEN 'scheduled' ELSE state END
               WHERE campaign_id = ?1 AND number = ?2
                 AND state IN ('drafted', 'scheduled', 'deferred') AND due_at IS ?6
                 AND EXISTS (SELECT 1 FROM campaigns c
                             WHERE c.id = ?1 AND c.state = 'active'
                               AND (c.sender IS NULL OR c.sender = ?5))
               RETURNING id, step, message_id IS NOT NULL, outreach_key, sender";
    let row = (
        slot.campaign,
        slot.number,
        seconds(slot.due_at),
        &slot.reason,
        &slot.sender,
        slot.was.map(seconds),
    );
    let read = |row: &Row<'_>| {
        let is_named: bool = row.get(2)?;
        let named = (is_named, row.get::<_, String>(3)?, row.get::<_, String>(4)?);
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, named))
    };
    let given = conn
        .prepare_cached(sql)?
        .query_row(row, read)
        .optional()
        .context("cannot date the message")?;
    let Some((message, step, (is_named, key, sender))) = given else {
        return Ok(false);
    };
    if !is_named {
        naming::note_first(conn, (message, slot.campaign), &key, &sender)?;
    }
    let about = About {
        message: Some(message),
        campaign: Some(slot.campaign),
        lead: None,
    };
    let when = slot.due_at.format("%Y-%m-%d %H:%M UTC");
    let kind = if slot.was.is_some() { "moved" } else { "dated" };
    let detail = format!("{step}: {when}: {}", slot.reason);
    log_event(conn, now, about, kind, &detail)?;
    let sql = "UPDATE campaigns SET sender = ?2 WHERE id = ?1 AND sender IS NULL";
    let sender = (slot.campaign, &slot.sender);
    conn.prepare_cached(sql)?.execute(sender)?;
    Ok(true)
}

/// Skips a message and all behind it, if it still waits; the answer is how many.
fn skip_messages(conn: &Connection, skip: &Skip, now: DateTime<Utc>) -> anyhow::Result<u32> {
    let sql = "UPDATE messages SET state = 'skipped', state_reason = ?3, due_at = NULL
               WHERE campaign_id = ?1 AND number >= ?2
                 AND state IN ('drafted', 'scheduled', 'deferred')
                 AND EXISTS (SELECT 1 FROM campaigns c WHERE c.id = ?1 AND c.state = 'active')
                 AND EXISTS (SELECT 1 FROM messages f
                             WHERE f.campaign_id = ?1 AND f.number = ?2
                               AND f.state IN ('drafted', 'scheduled', 'deferred', 'skipped'))
               RETURNING id, step";
    let row = (skip.campaign, skip.number, &skip.reason);
    let skipped = conn
        .prepare_cached(sql)?
        .query_map(row, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()
        .context("cannot skip the message")?;
    for (message, step) in &skipped {
        let about = About {
            message: Some(*message),
            campaign: Some(skip.campaign),
            lead: None,
        };
        let detail = format!("{step}: {}", skip.reason);
        log_event(conn, now, about, "skipped", &detail)?;
    }
    if !skipped.is_empty() {
        transitions::complete_if_all_left(conn, skip.campaign, now)?;
    }
    u32::try_from(skipped.len()).context("too many messages")
}

/// Rows of campaigns with their messages, read into itineraries. Sequences and zones are few, so
/// each text is parsed once.
#[derive(Default)]
struct Reader {
    itineraries: Vec<Itinerary>,
    sequences: HashMap<String, Sequence>,
    zones: HashMap<String, Zone>,
}

impl Reader {
    /// Reads one row: the columns that [`Ledger::itineraries`] selects, in that order.
    fn read(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        let campaign: i64 = row.get(0)?;
        let last = self.itineraries.last();
        if last.is_none_or(|last| last.campaign != campaign) {
            let itinerary = self.begin(campaign, row)?;
            self.itineraries.push(itinerary);
        }
        let fact = StepFact {
            number: row.get(6)?,
            state: step_state(row, 7)?,
        };
        if let Some(last) = self.itineraries.last_mut() {
            last.steps.push(fact);
        }
        Ok(())
    }

    fn begin(&mut self, campaign: i64, row: &Row<'_>) -> anyhow::Result<Itinerary> {
        let text: String = row.get(1)?;
        let sequence = match self.sequences.get(&text) {
            Some(sequence) => sequence.clone(),
            None => {
                let sequence: Sequence = serde_json::from_str(&text)
                    .context("a campaign's stored sequence is damaged")?;
                self.sequences.insert(text, sequence.clone());
                sequence
            }
        };
        let name: String = row.get(2)?;
        let zone = match self.zones.get(&name) {
            Some(zone) => zone.clone(),
            None => {
                let zone = Zone::parse(&name)?;
                self.zones.insert(name, zone.clone());
                zone
            }
        };
        Ok(Itinerary {
            campaign,
            sequence,
            zone,
            country: row.get(3)?,
            sender: row.get(4)?,
            company: row.get(5)?,
            starts_from: None,
            steps: Vec::with_capacity(3),
        })
    }
}

/// Where a step stands, by its `state, due_at, sent_at` from a column on.
fn step_state(row: &Row<'_>, from: usize) -> rusqlite::Result<StepState> {
    let state = row.get_ref(from)?.as_str()?;
    let (due_at, sent_at): (Option<i64>, Option<i64>) = (row.get(from + 1)?, row.get(from + 2)?);
    Ok(match (MessageState::parse(state), due_at, sent_at) {
        (Some(MessageState::Sent), _, Some(at)) => StepState::Sent(instant(at)),
        (Some(MessageState::Scheduled | MessageState::Deferred), Some(at), _) => {
            StepState::Dated(instant(at))
        }
        (Some(MessageState::Drafted), _, _) => StepState::Undated,
        (Some(MessageState::Skipped | MessageState::Dead), _, _) => StepState::Over,
        _ => StepState::Open,
    })
}

/// A campaign's steps with what became of each.
pub(super) fn read_itinerary(conn: &Connection, campaign: i64) -> anyhow::Result<Itinerary> {
    let sql = "SELECT c.id, c.sequence, c.zone, c.country, c.sender, l.company_domain,
                      m.number, m.state, m.due_at, m.sent_at
               FROM campaigns c JOIN leads l ON l.id = c.lead_id
                                JOIN messages m ON m.campaign_id = c.id
               WHERE c.id = ?1 ORDER BY m.number";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([campaign])?;
    let mut reader = Reader::default();
    while let Some(row) = rows.next().context("cannot read the campaign")? {
        reader.read(row)?;
    }
    let mut read = reader.itineraries.into_iter();
    read.next().context("cannot read the campaign's steps")
}

/// What became of each step of a campaign.
pub(super) fn read_steps(conn: &Connection, campaign: i64) -> anyhow::Result<Vec<StepFact>> {
    let sql = "SELECT number, state, due_at, sent_at FROM messages
               WHERE campaign_id = ?1 ORDER BY number";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([campaign], |row| {
        Ok(StepFact {
            number: row.get(0)?,
            state: step_state(row, 1)?,
        })
    })?;
    rows.collect::<Result<_, _>>()
        .context("cannot read the campaign's steps")
}

/// How many messages leave each day from now on, by UTC date; for `status`.
impl Ledger {
    /// The number of dated messages by UTC day.
    pub fn dated_by_day(&self, days: u32) -> anyhow::Result<BTreeMap<String, u32>> {
        let sql = "SELECT date(due_at, 'unixepoch') AS day, count(*) FROM messages
                   WHERE state IN ('scheduled', 'deferred') GROUP BY day ORDER BY day LIMIT ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([days], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()
            .context("cannot count the coming messages")
    }
}
