//! Returned mail: a step that left and came back undelivered, though its address lives, is tried
//! again on a later business day.
//!
//! Invariant: a step goes out again only when a bounce says that it was *not* delivered, once for
//! each time it left, and three times in all. What was handed over is counted from the rows of
//! attempts, so that neither a second notice nor a run that died counts twice.

use anyhow::Context;
use chrono::{DateTime, Days, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::consequences::{Arrived, Done};
use super::inbox::named;
use super::matching::Answered;
use super::{About, instant, log_event, seconds, transitions};
use crate::calendar::{self, Zone};
use crate::campaign::{CampaignState, MessageState, StopReason};

/// So often a step leaves at most.
const TRIES_MAX: u32 = 3;
/// Clocks differ: a notice dated so much before the step left may still be about it.
const CLOCKS_DIFFER_SECS: i64 = 60 * 60;

/// Where a returned message stands.
struct Returned {
    state: String,
    claimed_at: DateTime<Utc>,
    campaign_state: CampaignState,
    zone: Zone,
    country: String,
    /// How often it was handed over.
    tries: u32,
    /// Whether a later step may have left since.
    is_behind: bool,
    /// Whether the lead has another campaign under way.
    has_other: bool,
}

/// Puts a step that came back in line again, or gives it up.
pub(super) fn try_again(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    reason: &str,
) -> anyhow::Result<Done> {
    let noted = |why: &str| Done {
        words: format!("noted: {why}"),
        ..Done::default()
    };
    let Some(returned) = look_up(conn, answered.message)? else {
        return Ok(noted("the mail had not left"));
    };
    if returned.state != MessageState::Sent.as_str() {
        return Ok(noted("the mail waits already, or was given up"));
    }
    let earliest = seconds(returned.claimed_at) - CLOCKS_DIFFER_SECS;
    if arrived.written_at.is_some_and(|at| seconds(at) < earliest) {
        return Ok(noted("it is about an earlier try"));
    }
    let has_ended = matches!(
        returned.campaign_state,
        CampaignState::Responded | CampaignState::Stopped
    );
    if has_ended || returned.has_other {
        return Ok(noted("the campaign has ended"));
    }
    if returned.is_behind {
        return Ok(Done {
            follow_up: Some(format!("came back after a later mail had left: {reason}")),
            ..noted("a later mail has left since")
        });
    }
    if returned.tries >= TRIES_MAX {
        return give_up(conn, arrived, answered, &returned, reason);
    }
    wait(conn, arrived, answered, &returned, reason)
}

fn look_up(conn: &Connection, message: i64) -> anyhow::Result<Option<Returned>> {
    let sql = "SELECT m.state, coalesce(m.claimed_at, m.sent_at), c.state, c.zone, c.country,
                      (SELECT count(*) FROM attempts a
                       WHERE a.message_id = m.id AND a.outcome = 'accepted'),
                      EXISTS (SELECT 1 FROM messages b
                              WHERE b.campaign_id = m.campaign_id AND b.number > m.number
                                AND b.state IN ('sending', 'sent', 'in_doubt', 'dead')),
                      EXISTS (SELECT 1 FROM campaigns o
                              WHERE o.lead_id = c.lead_id AND o.id <> c.id
                                AND o.state IN ('draft', 'review', 'active', 'paused'))
               FROM messages m JOIN campaigns c ON c.id = m.campaign_id
               WHERE m.id = ?1 AND coalesce(m.claimed_at, m.sent_at) IS NOT NULL";
    let row = conn.prepare_cached(sql)?.query_row([message], |row| {
        Ok((
            (row.get::<_, String>(0)?, instant(row.get(1)?)),
            (row.get::<_, String>(2)?, row.get::<_, String>(3)?),
            (row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?),
        ))
    });
    let row = row.optional().context("cannot read what came back")?;
    let Some(((state, claimed_at), (campaign_state, zone), rest)) = row else {
        return Ok(None);
    };
    let (country, tries, is_behind, has_other) = rest;
    Ok(Some(Returned {
        state,
        claimed_at,
        campaign_state: CampaignState::parse(&campaign_state)
            .with_context(|| format!("unknown campaign state `{campaign_state}`"))?,
        zone: Zone::parse(&zone)?,
        country,
        tries,
        is_behind,
        has_other,
    }))
}

/// The step waits for the next business day, at the hour at which it left before. It is a new mail
/// then, with a new Date, though its Message-ID stays.
fn wait(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    returned: &Returned,
    reason: &str,
) -> anyhow::Result<Done> {
    let zone = &returned.zone;
    let tomorrow = zone.local_date(arrived.now) + Days::new(1);
    let day = calendar::next_business_day(&returned.country, tomorrow);
    let due_at = zone.at(day, zone.local(returned.claimed_at).time());
    let next = returned.tries + 1;
    let why = format!("try {next} of {TRIES_MAX}: it came back, {reason}");
    let sql =
        "UPDATE messages SET state = 'deferred', sent_at = NULL, dated_at = NULL, due_at = ?2,
                      due_reason = ?3 WHERE id = ?1 AND state = 'sent'";
    conn.prepare_cached(sql)?
        .execute((answered.message, seconds(due_at), &why))
        .context("cannot put what came back in line")?;
    note(conn, arrived, answered, &why)?;
    match returned.campaign_state {
        CampaignState::Completed => reopen(conn, answered.campaign, arrived.now)?,
        CampaignState::Paused => {
            transitions::undate(conn, answered.campaign, "the campaign is paused")?;
        }
        _ => {}
    }
    Ok(Done {
        words: format!(
            "{} again on {day}, try {next} of {TRIES_MAX}",
            answered.step
        ),
        ..Done::default()
    })
}

/// Everything had left, and now not everything has.
fn reopen(conn: &Connection, campaign: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
    transitions::ensure_open(conn, campaign, CampaignState::Active)?;
    let sql = "UPDATE campaigns SET state = 'active', finished_at = NULL, updated_at = ?2
               WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((campaign, seconds(now)))
        .context("cannot reopen the campaign")?;
    let why = "its last mail came back and is tried again";
    transitions::note(conn, campaign, "reopened", why, now)
}

fn give_up(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    returned: &Returned,
    reason: &str,
) -> anyhow::Result<Done> {
    let why = format!("it came back {} times: {reason}", returned.tries);
    let sql = "UPDATE messages SET state = 'dead', sent_at = NULL, due_at = NULL, state_reason = ?2
               WHERE id = ?1 AND state = 'sent'";
    conn.prepare_cached(sql)?
        .execute((answered.message, &why))
        .context("cannot give up what came back")?;
    note(conn, arrived, answered, &why)?;
    let stop = StopReason::Undeliverable;
    let detail = format!("{why} {}", named(arrived.mail));
    transitions::stop(conn, answered.campaign, stop, &detail, arrived.now)?;
    Ok(Done {
        words: format!("campaign stopped: {}: {why}", stop.sentence()),
        ..Done::default()
    })
}

fn note(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    why: &str,
) -> anyhow::Result<()> {
    let about = About {
        message: Some(answered.message),
        campaign: Some(answered.campaign),
        lead: None,
    };
    let detail = format!("{}: {why} {}", answered.step, named(arrived.mail));
    log_event(conn, arrived.now, about, "came_back", &detail)
}
