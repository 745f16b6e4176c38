//! Analytics: reads the facts that figures are counted from, a campaign with its messages at a time.
//!
//! Two connections read one half of the campaigns each, in the order of their rows: a campaign's
//! messages are stored together, so that two readings of the file, side by side, meet. What a figure
//! means is not known here.

pub(super) mod traits;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows};

use super::{Ledger, instant, read_only};
use crate::copy::wording::{self, Names};
use crate::inbound::ResponseType;
use crate::metrics::{
    Campaign, Counted, Counter, Deed, Fate, Filter, Message, Report, Traits, findings,
};

impl Ledger {
    /// The report on the campaigns of a filter. `bounce_rate_max` is what the
    /// report says of it. Facts are those at some instant of each half of the campaigns.
    pub fn figures(
        &self,
        filter: &Filter,
        now: DateTime<Utc>,
        bounce_rate_max: Option<f64>,
    ) -> anyhow::Result<Report> {
        let mut counter = self.count(filter)?;
        count_deeds(&self.conn, &mut counter)?;
        let Counted {
            mut report,
            subject_examples,
            opening_examples,
        } = counter.report(now, bounce_rate_max);
        for (row, examples) in report.subjects.iter_mut().zip(&subject_examples) {
            let of_subject =
                |subject: &str, _: &str, names: &Names| wording::pattern(subject, names);
            row.wording = in_words(&self.conn, row.key, examples, of_subject)?;
        }
        for (row, examples) in report.openings.iter_mut().zip(&opening_examples) {
            let of_body = |_: &str, body: &str, names: &Names| wording::opening(body, names);
            row.wording = in_words(&self.conn, row.key, examples, of_body)?;
        }
        report.findings = findings(&report);
        Ok(report)
    }

    /// Counts all campaigns, on two cores when the ledger is a file.
    fn count(&self, filter: &Filter) -> anyhow::Result<Counter> {
        let complaints = complaints(&self.conn)?;
        let halves = halves(&self.conn)?;
        let [first, second] = halves.each_ref().map(|half| {
            let (filter, complaints) = (&*filter, &complaints);
            move |conn: &Connection| count_half(conn, half, filter, complaints)
        });
        let (first, second) = match file_of(&self.conn) {
            None => (first(&self.conn)?, second(&self.conn)?),
            Some(path) => std::thread::scope(|scope| {
                let other = scope.spawn(|| second(&reader(&path)?));
                let first = reader(&path).and_then(|conn| first(&conn));
                let other = other.join();
                let other = other.map_err(|_| anyhow::anyhow!("the reading thread panicked"))?;
                anyhow::Ok((first?, other?))
            })?,
        };
        let mut counter = first;
        counter.merge(second);
        Ok(counter)
    }
}

/// The file a connection reads; none for one that is only in memory or vanishes by itself.
fn file_of(conn: &Connection) -> Option<PathBuf> {
    let path = conn.path().filter(|path| !path.is_empty());
    path.map(PathBuf::from)
}

/// Another connection that reads, at one instant, all that it reads.
fn reader(path: &Path) -> anyhow::Result<Connection> {
    let conn = read_only(path)?;
    conn.execute_batch("BEGIN")
        .context("cannot begin to read the ledger")?;
    Ok(conn)
}

/// Some of the campaigns, by their row ids, and their messages.
struct Half {
    /// The first campaign, and the first that is not in it.
    campaigns: (i64, i64),
    /// The same of messages, when their rows are in the campaigns' order.
    messages: (i64, i64),
    /// How many messages it may have.
    n: usize,
}

/// Divides the campaigns in two, always alike, whatever the machine.
fn halves(conn: &Connection) -> anyhow::Result<[Half; 2]> {
    let ends = "SELECT coalesce((SELECT id FROM campaigns ORDER BY id LIMIT 1), 0),
                       coalesce((SELECT id FROM campaigns ORDER BY id DESC LIMIT 1), 0),
                       (SELECT count(*) FROM messages)";
    let (first, last, n): (i64, i64, i64) = conn
        .query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .context("cannot find the campaigns")?;
    let middle = first.midpoint(last);
    let message = "SELECT id FROM messages WHERE campaign_id >= ?1
                   ORDER BY campaign_id, number LIMIT 1";
    let mut message = conn.prepare(message)?;
    let mut found = message.query([middle])?;
    let between = match found.next().context("cannot find the messages")? {
        Some(row) => row.get(0)?,
        None => i64::MAX,
    };
    let n = usize::try_from(n)?.div_ceil(2);
    Ok([
        Half {
            campaigns: (i64::MIN, middle),
            messages: (i64::MIN, between),
            n,
        },
        Half {
            campaigns: (middle, i64::MAX),
            messages: (between, i64::MAX),
            n,
        },
    ])
}

/// Messages about which a complaint was read.
fn complaints(conn: &Connection) -> anyhow::Result<HashSet<i64>> {
    let sql = "SELECT message_id FROM inbound
               WHERE kind = 'complaint' AND message_id IS NOT NULL";
    let mut statement = conn.prepare(sql)?;
    let ids = statement.query_map([], |row| row.get(0))?;
    ids.collect::<Result<_, _>>()
        .context("cannot read the complaints")
}

/// Why a reading stopped.
enum Halt {
    /// Rows of messages are not in the campaigns' order.
    OutOfOrder,
    /// The file cannot be read.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Halt {
    fn from(error: E) -> Halt {
        Halt::Failed(error.into())
    }
}

/// Counts a half. Messages are read in the order of their rows, which is that of the file; should it
/// not be that of the campaigns, all is read once more by the list of each campaign's messages.
fn count_half(
    conn: &Connection,
    half: &Half,
    filter: &Filter,
    complaints: &HashSet<i64>,
) -> anyhow::Result<Counter> {
    let by_row = "WHERE m.id >= ?1 AND m.id < ?2 ORDER BY m.id";
    let by_campaign = "WHERE m.campaign_id >= ?1 AND m.campaign_id < ?2
                       ORDER BY m.campaign_id, m.number";
    let count = |order: &str, ends| read_half(conn, half, (order, ends), filter, complaints);
    let counted = match count(by_row, half.messages) {
        Err(Halt::OutOfOrder) => count(by_campaign, half.campaigns),
        counted => counted,
    };
    counted.map_err(|halt| match halt {
        Halt::Failed(error) => error.context("cannot count the campaigns"),
        Halt::OutOfOrder => anyhow::anyhow!("the ledger's list of messages is damaged"),
    })
}

fn read_half(
    conn: &Connection,
    half: &Half,
    (order, ends): (&str, (i64, i64)),
    filter: &Filter,
    complaints: &HashSet<i64>,
) -> Result<Counter, Halt> {
    let campaigns = "SELECT c.id, c.lead_id, c.state, c.zone, c.response_type, c.response_at,
                            c.responding_step, t.industry, t.company_size, t.seniority, c.country,
                            t.tone, t.confidence, c.sender, c.writer
                     FROM campaigns c LEFT JOIN campaign_traits t ON t.campaign_id = c.id
                     WHERE c.id >= ?1 AND c.id < ?2 ORDER BY c.id";
    let messages = format!(
        "SELECT m.campaign_id, m.id, m.number, m.step, m.state, m.sent_at, m.opens, m.clicks,
                m.bounced_at, m.subject_key, m.opening_key, m.tracked, m.machine_opens,
                m.machine_clicks
         FROM messages m {order}"
    );
    let mut campaigns = conn.prepare(campaigns)?;
    let mut campaigns = campaigns.query(half.campaigns)?;
    let mut messages = conn.prepare(&messages)?;
    let mut messages = Messages {
        rows: messages.query(ends)?,
        complaints,
        next: None,
    };
    let mut counter = Counter::new(filter)?;
    counter.reserve(half.n);
    messages.advance(&mut counter)?;
    let mut own = Vec::new();
    while let Some(row) = campaigns.next()? {
        messages.take(row.get(0)?, &mut counter, &mut own)?;
        counter.add(&campaign(row)?, &own);
    }
    match messages.next {
        None => Ok(counter),
        Some(_) => Err(Halt::OutOfOrder),
    }
}

/// A text of a row; `""` for null, and for what is no text.
fn text<'a>(row: &'a Row<'_>, at: usize) -> rusqlite::Result<&'a str> {
    Ok(match row.get_ref(at)? {
        ValueRef::Text(text) => std::str::from_utf8(text).unwrap_or_default(),
        _ => "",
    })
}

fn campaign<'a>(row: &'a Row<'_>) -> rusqlite::Result<Campaign<'a>> {
    Ok(Campaign {
        lead: row.get(1)?,
        state: text(row, 2)?,
        zone: text(row, 3)?,
        response: ResponseType::parse(text(row, 4)?),
        response_at: row.get::<_, Option<i64>>(5)?.map(instant),
        responding_step: Some(text(row, 6)?).filter(|step| !step.is_empty()),
        traits: Traits {
            industry: text(row, 7)?,
            company_size: text(row, 8)?,
            seniority: text(row, 9)?,
            country: text(row, 10)?,
            tone: text(row, 11)?,
            confidence: text(row, 12)?,
            sender: text(row, 13)?,
            writer: text(row, 14)?,
        },
    })
}

/// Messages in the order of their campaigns.
struct Messages<'a> {
    rows: Rows<'a>,
    complaints: &'a HashSet<i64>,
    /// The next one, and whose it is.
    next: Option<(i64, Message)>,
}

impl Messages<'_> {
    /// Puts the messages of a campaign in `own`, which is emptied first.
    fn take(
        &mut self,
        campaign: i64,
        counter: &mut Counter,
        own: &mut Vec<Message>,
    ) -> Result<(), Halt> {
        own.clear();
        while let Some((of, message)) = self.next {
            if of > campaign {
                break;
            }
            if of < campaign {
                return Err(Halt::OutOfOrder);
            }
            own.push(message);
            self.advance(counter)?;
        }
        Ok(())
    }

    fn advance(&mut self, counter: &mut Counter) -> rusqlite::Result<()> {
        self.next = match self.rows.next()? {
            Some(row) => Some((row.get(0)?, message(row, self.complaints, counter)?)),
            None => None,
        };
        Ok(())
    }
}

fn message(
    row: &Row<'_>,
    complaints: &HashSet<i64>,
    counter: &mut Counter,
) -> rusqlite::Result<Message> {
    let count = |at| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)?.try_into().unwrap_or(0));
    let id = row.get(1)?;
    let fate = match (text(row, 4)?, row.get::<_, Option<i64>>(5)?) {
        ("sent", Some(at)) => Fate::Sent {
            at: instant(at),
            has_bounced: !matches!(row.get_ref(8)?, ValueRef::Null),
        },
        ("in_doubt", _) => Fate::InDoubt,
        _ => Fate::Unsent,
    };
    let tracked: i64 = row.get(11)?;
    Ok(Message {
        id,
        step: counter.step(row.get::<_, i64>(2)?.try_into().unwrap_or(0), text(row, 3)?),
        fate,
        tracks_opens: tracked & 1 != 0,
        tracks_clicks: tracked & 2 != 0,
        opens: count(6)?,
        clicks: count(7)?,
        machine_opens: count(12)?,
        machine_clicks: count(13)?,
        is_complained_about: complaints.contains(&id),
        subject_key: row.get(9)?,
        opening_key: row.get(10)?,
    })
}

/// Counts, day by day, what people did with mails.
fn count_deeds(conn: &Connection, counter: &mut Counter) -> anyhow::Result<()> {
    let single = "SELECT message_id, at, kind FROM engagements WHERE machine IS NULL";
    let mut statement = conn.prepare(single)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next().context("cannot read what people did")? {
        let Some(deed) = deed(text(row, 2)?) else {
            continue;
        };
        counter.heard(row.get(0)?, instant(row.get(1)?).date_naive(), deed, 1);
    }
    let by_day = "SELECT message_id, day, kind, n FROM engagement_days WHERE is_machine = 0";
    let mut statement = conn.prepare(by_day)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next().context("cannot read what people did")? {
        let Some(deed) = deed(text(row, 2)?) else {
            continue;
        };
        let day: NaiveDate = text(row, 1)?.parse().context("a day of the ledger")?;
        let n = row.get::<_, i64>(3)?.try_into().unwrap_or(0);
        counter.heard(row.get(0)?, day, deed, n);
    }
    Ok(())
}

/// Puts a wording in words, by the first of its messages whose text still has it; `""` when none has:
/// it was forgotten, or its lead's names are others now.
fn in_words(
    conn: &Connection,
    key: i64,
    examples: &[i64],
    pattern: impl Fn(&str, &str, &Names) -> String,
) -> anyhow::Result<String> {
    let sql = "SELECT m.campaign_id, m.subject, t.body
               FROM messages m JOIN message_texts t ON t.message_id = m.id WHERE m.id = ?1";
    let mut statement = conn.prepare_cached(sql)?;
    for message in examples {
        let mut rows = statement.query([message])?;
        let Some(row) = rows.next().context("cannot read a text")? else {
            continue;
        };
        let (lead, company) = traits::lead_of(conn, row.get(0)?)?;
        let names = Names::of_fields(&lead, &company);
        let pattern = pattern(text(row, 1)?, text(row, 2)?, &names);
        if wording::key(&pattern) == Some(key) {
            return Ok(pattern);
        }
    }
    Ok(String::new())
}

fn deed(kind: &str) -> Option<Deed> {
    match kind {
        "open" => Some(Deed::Open),
        "click" => Some(Deed::Click),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
