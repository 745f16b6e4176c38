//! Limits: how much room a sender has, counted from the ledger's rows.
//!
//! Counting a whole day's rows before every claim would make the last mail of a day the dearest, so
//! a count is kept between claims while it is far from the limit. Only `send` claims, and it holds
//! the stage's lock, so a count falls behind the rows only by what a person does to single letters
//! meanwhile. It is taken anew near the limit, with a new day or hour, and after as many claims as
//! it counted, but not after a few: then all counts of a day together read each row about twice,
//! however many mails leave.

use anyhow::Context;
use chrono::{DateTime, Timelike, Utc};
use rusqlite::Connection;

use super::{Claims, Limit};
use crate::ledger::seconds;

/// With less room than this the rows are counted before every claim.
const NEAR: u32 = 64;

/// So many claims at least are made upon one count.
const CLAIMS_PER_COUNT: u32 = 1_024;

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Room {
    day: Count,
    hour: Count,
}

/// How many messages were claimed since an instant.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    since: Option<DateTime<Utc>>,
    used: u32,
    n_claims: u32,
}

impl Room {
    /// Notes a claim.
    pub(super) fn take_one(&mut self) {
        for count in [&mut self.day, &mut self.hour] {
            count.used = count.used.saturating_add(1);
            count.n_claims += 1;
        }
    }
}

/// The limit that leaves no room for another message, if one does.
pub(super) fn reached(conn: &Connection, claims: &mut Claims<'_>) -> anyhow::Result<Option<Limit>> {
    let sender = claims.sender;
    let (since, limit) = (claims.day_began_at, claims.daily_limit);
    if !has_room(conn, &mut claims.position.room.day, sender, since, limit)? {
        return Ok(Some(Limit::Daily));
    }
    if let Some(limit) = claims.hourly_limit {
        let since = hour_began_at(claims.now);
        if !has_room(conn, &mut claims.position.room.hour, sender, since, limit)? {
            return Ok(Some(Limit::Hourly));
        }
    }
    Ok(None)
}

fn has_room(
    conn: &Connection,
    count: &mut Count,
    sender: &str,
    since: DateTime<Utc>,
    limit: u32,
) -> anyhow::Result<bool> {
    let counted = count.used.saturating_sub(count.n_claims);
    let is_known = count.since == Some(since)
        && count.n_claims < counted.max(CLAIMS_PER_COUNT)
        && limit.saturating_sub(count.used) >= NEAR;
    if !is_known {
        *count = Count {
            since: Some(since),
            used: used(conn, sender, since)?,
            n_claims: 0,
        };
    }
    Ok(count.used < limit)
}

fn used(conn: &Connection, sender: &str, since: DateTime<Utc>) -> anyhow::Result<u32> {
    let sql = "SELECT count(*) FROM messages
               WHERE sender = ?1 AND claimed_at >= ?2
                 AND (state IN ('sending', 'sent', 'in_doubt')
                      -- What came back had left.
                      OR EXISTS (SELECT 1 FROM attempts a
                                 WHERE a.message_id = messages.id AND a.outcome = 'accepted'
                                   AND a.started_at >= ?2))";
    conn.prepare_cached(sql)?
        .query_row((sender, seconds(since)), |row| row.get(0))
        .context("cannot count what was sent")
}

/// The full hour before an instant.
fn hour_began_at(now: DateTime<Utc>) -> DateTime<Utc> {
    let into_the_hour = now.minute() * 60 + now.second();
    now - chrono::Duration::seconds(i64::from(into_the_hour))
}
