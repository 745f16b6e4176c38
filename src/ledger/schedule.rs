//! Dates: what waits for one, what is promised already, and the dates given.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{About, Ledger, instant, log_event, seconds, transitions};
use crate::calendar::Zone;
use crate::campaign::{MessageState, Sequence};
use crate::plan::{Itinerary, Slot, StepFact, StepState};

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

    /// Active campaigns with a message that has no date, oldest first.
    pub fn itineraries_to_date(
        &self,
        limit: u32,
        lead: Option<i64>,
    ) -> anyhow::Result<Vec<Itinerary>> {
        let sql = "SELECT c.id FROM campaigns c
                   WHERE c.state = 'active' AND (?2 IS NULL OR c.lead_id = ?2)
                     AND EXISTS (SELECT 1 FROM messages m
                                 WHERE m.campaign_id = c.id AND m.state = 'drafted')
                   ORDER BY c.id LIMIT ?1";
        let ids = self
            .conn
            .prepare_cached(sql)?
            .query_map((limit, lead), |row| row.get::<_, i64>(0))?
            .collect::<Result<Vec<_>, _>>()
            .context("cannot list the campaigns to date")?;
        ids.into_iter()
            .map(|id| read_itinerary(&self.conn, id))
            .collect()
    }

    /// The instants of a sender that are taken: dated messages, and those that left since an
    /// instant.
    pub fn promised(
        &self,
        sender: &str,
        since: DateTime<Utc>,
    ) -> anyhow::Result<Vec<DateTime<Utc>>> {
        let sql = "SELECT due_at FROM messages
                   WHERE state IN ('scheduled', 'deferred') AND sender = ?1
                   UNION ALL
                   SELECT claimed_at FROM messages
                   WHERE sender = ?1 AND claimed_at >= ?2
                     AND state IN ('sending', 'sent', 'in_doubt')";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map((sender, seconds(since)), |row| row.get(0).map(instant))?;
        rows.collect::<Result<_, _>>()
            .context("cannot read what is promised already")
    }

    /// Gives drafted messages their dates, all in one transaction; the answer is how many got one.
    pub fn date_messages(
        &mut self,
        slots: &[Slot],
        sender: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<u32> {
        let tx = self.begin()?;
        let mut dated = 0;
        let sql = "UPDATE messages SET state = 'scheduled', due_at = ?3, due_reason = ?4,
                          sender = coalesce(sender, ?5)
                   WHERE campaign_id = ?1 AND number = ?2 AND state = 'drafted' RETURNING id, step";
        for slot in slots {
            let row = (
                slot.campaign,
                slot.number,
                seconds(slot.due_at),
                &slot.reason,
                sender,
            );
            let given = tx
                .prepare_cached(sql)?
                .query_map(row, |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
                })?
                .collect::<Result<Vec<_>, _>>()
                .context("cannot date the message")?;
            for (message, step) in given {
                dated += 1;
                let about = About {
                    message: Some(message),
                    campaign: Some(slot.campaign),
                    lead: None,
                };
                let when = slot.due_at.format("%Y-%m-%d %H:%M UTC");
                log_event(
                    &tx,
                    now,
                    about,
                    "dated",
                    &format!("{step}: {when}: {}", slot.reason),
                )?;
            }
        }
        let sql = "UPDATE campaigns SET sender = ?1 WHERE sender IS NULL AND state = 'active'
                     AND EXISTS (SELECT 1 FROM messages m
                                 WHERE m.campaign_id = campaigns.id AND m.state = 'scheduled')";
        tx.execute(sql, [sender])?;
        tx.commit().context("cannot date the messages")?;
        Ok(dated)
    }
}

/// A campaign's steps with what became of each.
pub(super) fn read_itinerary(conn: &Connection, campaign: i64) -> anyhow::Result<Itinerary> {
    let sql = "SELECT sequence, zone, country FROM campaigns WHERE id = ?1";
    let (sequence, zone, country): (String, String, String) = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .context("cannot read the campaign")?;
    let sequence: Sequence =
        serde_json::from_str(&sequence).context("a campaign's stored sequence is damaged")?;
    Ok(Itinerary {
        campaign,
        sequence,
        zone: Zone::parse(&zone)?,
        country,
        steps: read_steps(conn, campaign)?,
    })
}

/// What became of each step of a campaign.
pub(super) fn read_steps(conn: &Connection, campaign: i64) -> anyhow::Result<Vec<StepFact>> {
    let sql = "SELECT number, state, due_at, sent_at FROM messages
               WHERE campaign_id = ?1 ORDER BY number";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([campaign], |row| {
        let state = row.get_ref(1)?.as_str()?;
        let (due_at, sent_at): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
        let state = match (MessageState::parse(state), due_at, sent_at) {
            (Some(MessageState::Sent), _, Some(at)) => StepState::Sent(instant(at)),
            (Some(MessageState::Scheduled | MessageState::Deferred), Some(at), _) => {
                StepState::Dated(instant(at))
            }
            (Some(MessageState::Drafted), _, _) => StepState::Undated,
            (Some(MessageState::Skipped | MessageState::Dead), _, _) => StepState::Over,
            _ => StepState::Open,
        };
        Ok(StepFact {
            number: row.get(0)?,
            state,
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
