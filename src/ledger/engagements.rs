//! Engagements: what was asked of the addresses in our mails, and what follows.
//!
//! Invariants: a batch is one transaction, so whoever answers after it answers for what is kept;
//! `opens` and `clicks` of a message count people, everything else is a machine's with the reason
//! beside it; the way out does what a mail with the same wish does, by the same code. What
//! strangers call themselves is never stored.

mod pulse;

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension};
use url::Url;

use super::matching::Answered;
use super::{Ledger, consequences, inbound, instant, matching, seconds};
use crate::tracking::agent::{self, Asked, Engagement};
use crate::tracking::links;
use crate::tracking::token::Purpose;

pub use pulse::Pulse;

/// The same asked again this soon is a reload or a second fetch of the same program.
const REPEATED_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// So many earlier requests of a message are looked at.
const EARLIER_MAX: usize = 16;

/// Of one message no more than this many requests are kept in [`FLOOD_WITHIN`]: nobody reads like
/// that, and one address in a loop must not fill the disk.
const FLOOD_MIN: i64 = 100;

/// See [`FLOOD_MIN`].
const FLOOD_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// One request of an address of ours whose token was good.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What for.
    pub purpose: Purpose,
    /// The message's row id.
    pub message: i64,
    /// The method, `GET`.
    pub method: String,
    /// What the program calls itself; `""` for nothing.
    pub user_agent: String,
    /// Whether it says that nobody has asked yet.
    pub is_prefetch: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is stored.
    Stored {
        /// Why it is taken for a program's; none for a person's.
        machine: Option<&'static str>,
        /// Where a click goes on to.
        leads_to: Option<Url>,
    },
    /// It is one of so many that it is only answered.
    Flood {
        /// Where a click goes on to.
        leads_to: Option<Url>,
    },
    /// The message is not known any more, or its text has no such link: nothing is stored.
    Gone,
}

/// The message that was asked for.
struct Message {
    campaign: i64,
    has_left: bool,
    left_at: Option<DateTime<Utc>>,
}

/// An earlier request of the same message.
struct Earlier {
    engagement: Engagement,
    /// Whether it tells that a person was there.
    is_person: bool,
}

impl Ledger {
    /// Waits no longer than this for another process that writes. People wait for the answers.
    pub fn wait_at_most(&mut self, patience: Duration) -> anyhow::Result<()> {
        self.conn
            .busy_timeout(patience)
            .context("cannot set how long to wait for the ledger")
    }

    /// Stores requests with all that follows from them, in one transaction; the answers are in the
    /// order of the requests.
    pub fn keep_engagements(&mut self, heard: &[Heard]) -> anyhow::Result<Vec<Kept>> {
        let tx = self.begin()?;
        let kept = heard.iter().map(|heard| keep(&tx, heard));
        let kept = kept.collect::<anyhow::Result<Vec<_>>>()?;
        tx.commit().context("cannot store what was asked for")?;
        Ok(kept)
    }

    /// Where a link of a message leads; none when the message or the link is not known. Reading
    /// works while others write.
    pub fn link_of(&self, message: i64, link: u8) -> anyhow::Result<Option<Url>> {
        link_of(&self.conn, message, link)
    }

    /// Fails while nobody can write, as another process does for long or a full disk. Changes
    /// nothing.
    pub fn ensure_writable(&mut self) -> anyhow::Result<()> {
        self.begin()?
            .rollback()
            .context("cannot end a transaction in the ledger")
    }
}

fn keep(conn: &Connection, heard: &Heard) -> anyhow::Result<Kept> {
    let Some(message) = find(conn, heard.message)? else {
        return Ok(Kept::Gone);
    };
    let leads_to = match heard.purpose {
        Purpose::Click { link } => match link_of(conn, heard.message, link)? {
            Some(url) => Some(url),
            None => return Ok(Kept::Gone),
        },
        Purpose::Open | Purpose::OptOut => None,
    };
    let earlier = earlier(conn, heard.message)?;
    let answered = match heard.purpose {
        Purpose::OptOut => matching::by_row(conn, heard.message)?,
        _ => None,
    };
    let is_out = match &answered {
        Some(answered) => is_out(conn, answered)?,
        None => false,
    };
    let acts = answered.as_ref().filter(|_| !is_out);
    if acts.is_none() && is_flood(conn, heard, &earlier)? {
        return Ok(Kept::Flood { leads_to });
    }
    let machine = match heard.purpose {
        Purpose::OptOut => is_out.then_some("repeat"),
        _ => machine(heard, &message, &earlier),
    };
    let request = insert(conn, heard, machine)?;
    count(conn, heard, &message, machine)?;
    if let Some(answered) = acts {
        // Whoever has the address that only the mail holds has the mail.
        let proof = "its way out was used";
        inbound::settle_doubt(conn, false, answered, proof, heard.at)?;
        consequences::opt_out(conn, answered, request, heard.at)?;
    }
    Ok(Kept::Stored { machine, leads_to })
}

fn find(conn: &Connection, message: i64) -> anyhow::Result<Option<Message>> {
    let sql = "SELECT campaign_id, state IN ('sent', 'in_doubt', 'sending'),
                      coalesce(sent_at, claimed_at) FROM messages WHERE id = ?1";
    conn.prepare_cached(sql)?
        .query_row([message], |row| {
            Ok(Message {
                campaign: row.get(0)?,
                has_left: row.get(1)?,
                left_at: row.get::<_, Option<i64>>(2)?.map(instant),
            })
        })
        .optional()
        .context("cannot look for the message")
}

fn link_of(conn: &Connection, message: i64, link: u8) -> anyhow::Result<Option<Url>> {
    let sql = "SELECT body FROM message_texts WHERE message_id = ?1";
    let body: Option<String> = conn
        .prepare_cached(sql)?
        .query_row([message], |row| row.get(0))
        .optional()
        .context("cannot read the text of the message")?;
    let links = links::links(&body.unwrap_or_default());
    Ok(links.into_iter().nth(usize::from(link)))
}

/// What was asked of the message before, the latest first.
fn earlier(conn: &Connection, message: i64) -> anyhow::Result<Vec<Earlier>> {
    let sql = "SELECT kind, link, at, machine IS NULL OR machine = 'repeat' FROM engagements
               WHERE message_id = ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map((message, i64::try_from(EARLIER_MAX)?), |row| {
        let kind: String = row.get(0)?;
        let link: Option<u8> = row.get(1)?;
        let purpose = match (kind.as_str(), link) {
            ("click", Some(link)) => Purpose::Click { link },
            ("opt_out", _) => Purpose::OptOut,
            _ => Purpose::Open,
        };
        let at = instant(row.get(2)?);
        Ok(Earlier {
            engagement: Engagement { purpose, at },
            is_person: row.get(3)?,
        })
    })?;
    rows.collect::<Result<_, _>>()
        .context("cannot read what was asked before")
}

/// Whether so much was asked of the message lately that one more tells nothing.
fn is_flood(conn: &Connection, heard: &Heard, earlier: &[Earlier]) -> anyhow::Result<bool> {
    let is_recent = |at: DateTime<Utc>| heard.at - at < FLOOD_WITHIN;
    let oldest = earlier.last().map(|earlier| earlier.engagement.at);
    if earlier.len() < EARLIER_MAX || !oldest.is_some_and(is_recent) {
        return Ok(false);
    }
    let sql = "SELECT at FROM engagements WHERE message_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
    let at: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row((heard.message, FLOOD_MIN - 1), |row| row.get(0))
        .optional()
        .context("cannot count what was asked before")?;
    Ok(at.map(instant).is_some_and(is_recent))
}

/// Why an open or a click is taken for a program's.
fn machine(heard: &Heard, message: &Message, earlier: &[Earlier]) -> Option<&'static str> {
    if !message.has_left {
        return Some("unsent");
    }
    let engagements: Vec<Engagement> = earlier.iter().map(|earlier| earlier.engagement).collect();
    let asked = Asked {
        purpose: heard.purpose,
        method: &heard.method,
        user_agent: &heard.user_agent,
        is_prefetch: heard.is_prefetch,
        at: heard.at,
        sent_at: message.left_at,
        earlier: &engagements,
    };
    // What a program fetched just before does not make a person's look a repetition.
    let is_same = |earlier: &Earlier| {
        let Engagement { purpose, at } = earlier.engagement;
        earlier.is_person && purpose == heard.purpose && (heard.at - at).abs() < REPEATED_WITHIN
    };
    agent::machine(&asked).or_else(|| earlier.iter().any(is_same).then_some("repeat"))
}

/// Whether the wish has its effect already. One who was taken off the list since may wish again.
fn is_out(conn: &Connection, answered: &Answered) -> anyhow::Result<bool> {
    let sql = "SELECT c.response_type IS 'unsubscribed'
                      AND EXISTS (SELECT 1 FROM suppressions WHERE value = ?2)
                      AND (?3 = '' OR EXISTS (SELECT 1 FROM suppressions WHERE value = ?3))
               FROM campaigns c WHERE c.id = ?1";
    let row = (answered.campaign, &answered.recipient, &answered.email);
    conn.prepare_cached(sql)?
        .query_row(row, |row| row.get(0))
        .context("cannot see whether the address is suppressed")
}

/// Stores the request itself.
fn insert(conn: &Connection, heard: &Heard, machine: Option<&'static str>) -> anyhow::Result<i64> {
    let (kind, link) = match heard.purpose {
        Purpose::Open => ("open", None),
        Purpose::Click { link } => ("click", Some(link)),
        Purpose::OptOut => ("opt_out", None),
    };
    let sql = "INSERT INTO engagements (at, message_id, kind, link, machine, agent)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let family = agent::family(&heard.user_agent);
    conn.prepare_cached(sql)?
        .execute((
            seconds(heard.at),
            heard.message,
            kind,
            link,
            machine,
            family,
        ))
        .context("cannot store what was asked for")?;
    Ok(conn.last_insert_rowid())
}

/// Raises what the message's figures are made of. People are shown it by the triggers; what
/// programs do is nobody's news.
fn count(
    conn: &Connection,
    heard: &Heard,
    message: &Message,
    machine: Option<&'static str>,
) -> anyhow::Result<()> {
    let sql = match (heard.purpose, machine) {
        (Purpose::OptOut, _) => return Ok(()),
        (Purpose::Open, None) => "UPDATE messages SET opens = opens + 1 WHERE id = ?1",
        (Purpose::Click { .. }, None) => "UPDATE messages SET clicks = clicks + 1 WHERE id = ?1",
        (Purpose::Open, Some(_)) => {
            "UPDATE messages SET machine_opens = machine_opens + 1 WHERE id = ?1"
        }
        (Purpose::Click { .. }, Some(_)) => {
            "UPDATE messages SET machine_clicks = machine_clicks + 1 WHERE id = ?1"
        }
    };
    conn.prepare_cached(sql)?
        .execute([heard.message])
        .context("cannot count what was asked for")?;
    if machine.is_none() {
        let sql = "UPDATE campaigns SET last_activity_at = ?2
                   WHERE id = ?1 AND coalesce(last_activity_at, 0) < ?2";
        conn.prepare_cached(sql)?
            .execute((message.campaign, seconds(heard.at)))
            .context("cannot note the activity")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
