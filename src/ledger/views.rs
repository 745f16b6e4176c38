//! Views: what the operator's commands show.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{Ledger, instant, seconds};
use crate::calendar::Zone;

/// The figures of `status`.
#[derive(Clone, Debug, Default)]
pub struct StatusPage {
    /// Leads by verdict, rejects by reason.
    pub leads: BTreeMap<String, i64>,
    /// Campaigns by state.
    pub campaigns: BTreeMap<String, i64>,
    /// Messages by state.
    pub messages: BTreeMap<String, i64>,
    /// Answers by kind.
    pub inbound: BTreeMap<String, i64>,
    /// How many addresses and domains are suppressed.
    pub suppressions: i64,
    /// Dated messages that should have left by now.
    pub overdue: i64,
    /// The next instant at which something falls due.
    pub next_due_at: Option<DateTime<Utc>>,
    /// Mailboxes: name, when last read whole, and the last error.
    pub mailboxes: Vec<(String, Option<DateTime<Utc>>, Option<String>)>,
    /// Leads whose changes wait to be pushed.
    pub to_push: i64,
}

/// A coming message.
#[derive(Clone, Debug)]
pub struct QueueRow {
    /// When it may leave.
    pub due_at: DateTime<Utc>,
    /// The lead's zone.
    pub zone: String,
    /// The step's label.
    pub step: String,
    /// To whom.
    pub email: String,
    /// The company.
    pub company: String,
    /// From whom.
    pub sender: String,
    /// Why then.
    pub reason: String,
    /// The campaign's id outside.
    pub campaign_id: String,
    /// The subject.
    pub subject: String,
    /// `scheduled` or `deferred`.
    pub state: String,
    /// The campaign's state: only an active one sends.
    pub campaign_state: String,
}

/// Which coming messages are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// At most so many.
    pub limit: u32,
    /// Only this lead's, by its row id.
    pub lead: Option<i64>,
    /// Only this sender's.
    pub sender: Option<&'a str>,
    /// Only what leaves on this day where the lead is.
    pub day: Option<NaiveDate>,
}

/// A line of the decision log.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// When.
    pub at: DateTime<Utc>,
    /// What kind of decision.
    pub kind: String,
    /// In words.
    pub detail: String,
}

/// A line of the decision log, with whom it is about.
#[derive(Clone, Debug)]
pub struct TimelineRow {
    /// The row id; later lines have greater ones.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What kind of decision.
    pub kind: String,
    /// In words.
    pub detail: String,
    /// The lead's name, or `""`.
    pub full_name: String,
    /// The company as the texts name it, or `""`.
    pub company: String,
    /// The lead's zone, or `""`.
    pub zone: String,
    /// The message's subject, or `""`.
    pub subject: String,
    /// What a person wrote to us at that instant about this campaign, or `""`.
    pub words: String,
}

/// Leads by verdict.
const LEADS: &str = "
    SELECT coalesce('rejected: ' || reject_reason, 'eligible'), n
    FROM (SELECT reject_reason, count(*) AS n FROM leads GROUP BY reject_reason)
    ORDER BY 1";

/// Campaigns by state. Each rarer state is counted by an index that holds nothing else; what is
/// left of all of them is the common one.
const CAMPAIGNS: &str = "
    WITH rarer (state, n) AS (
        SELECT state, count(*) FROM campaigns
        WHERE state IN ('draft', 'review', 'active', 'paused') GROUP BY state
        UNION ALL
        SELECT state, count(*) FROM campaigns
        WHERE state IN ('responded', 'stopped') GROUP BY state
    ), every (state, n) AS (
        SELECT state, n FROM rarer UNION ALL
        SELECT 'completed',
               (SELECT count(*) FROM campaigns) - (SELECT coalesce(sum(n), 0) FROM rarer)
    )
    SELECT state, n FROM every WHERE n > 0 ORDER BY state";

/// Messages by state, in the same way.
const MESSAGES: &str = "
    WITH rarer (state, n) AS (
        SELECT 'drafted', count(*) FROM messages WHERE state = 'drafted' UNION ALL
        SELECT 'sending', count(*) FROM messages WHERE state = 'sending' UNION ALL
        SELECT 'skipped', count(*) FROM messages WHERE state = 'skipped' UNION ALL
        SELECT 'deferred', count(*) FROM messages WHERE state = 'deferred' UNION ALL
        SELECT 'scheduled',
               (SELECT count(*) FROM messages WHERE state IN ('scheduled', 'deferred'))
               - (SELECT count(*) FROM messages WHERE state = 'deferred') UNION ALL
        SELECT state, count(*) FROM messages WHERE state IN ('dead', 'in_doubt') GROUP BY state
    ), every (state, n) AS (
        SELECT state, n FROM rarer UNION ALL
        SELECT 'sent', (SELECT count(*) FROM messages) - (SELECT coalesce(sum(n), 0) FROM rarer)
    )
    SELECT state, n FROM every WHERE n > 0 ORDER BY state";

/// What was read, by kind.
const INBOUND: &str = "
    SELECT kind, count(*) FROM inbound WHERE matched_by IS NOT 'copy' GROUP BY kind ORDER BY kind";

impl Ledger {
    /// The figures of `status`.
    pub fn status(&self, now: DateTime<Utc>) -> anyhow::Result<StatusPage> {
        let figures = |sql: &str| -> anyhow::Result<BTreeMap<String, i64>> {
            let mut statement = self.conn.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<_, _>>()
                .context("cannot read the figures")
        };
        let number = |sql: &str| -> anyhow::Result<i64> {
            let value: Option<i64> = self.conn.prepare_cached(sql)?.query_row([], |r| r.get(0))?;
            Ok(value.unwrap_or(0))
        };
        let overdue = "SELECT count(*) FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                       WHERE m.state IN ('scheduled', 'deferred') AND m.due_at < ?1 - 3600
                         AND c.state = 'active'";
        let next_due = "SELECT min(due_at) FROM messages WHERE state IN ('scheduled', 'deferred')";
        let next: Option<i64> = self.conn.query_row(next_due, [], |row| row.get(0))?;
        let mailboxes = "SELECT name, succeeded_at, last_error FROM cursors
                         WHERE read_to_at IS NULL ORDER BY name"; // A base's cursors are instants.
        let mut statement = self.conn.prepare_cached(mailboxes)?;
        let mailboxes = statement.query_map([], |row| {
            let at: Option<i64> = row.get(1)?;
            Ok((row.get(0)?, at.map(instant), row.get(2)?))
        })?;
        Ok(StatusPage {
            leads: figures(LEADS)?,
            campaigns: figures(CAMPAIGNS)?,
            messages: figures(MESSAGES)?,
            inbound: figures(INBOUND)?,
            suppressions: number("SELECT count(*) FROM suppressions")?,
            overdue: self
                .conn
                .query_row(overdue, [seconds(now)], |row| row.get(0))?,
            next_due_at: next.map(instant),
            mailboxes: mailboxes.collect::<Result<_, _>>()?,
            to_push: number("SELECT count(*) FROM leads WHERE revision > pushed_revision")?,
        })
    }

    /// The coming messages in the order they leave.
    pub fn queue(&self, wanted: &Wanted<'_>) -> anyhow::Result<Vec<QueueRow>> {
        let sql = "SELECT m.due_at, c.zone, m.step, coalesce(l.email, ''), c.company,
                          coalesce(m.sender, ''), coalesce(m.due_reason, ''), c.campaign_id,
                          m.subject, m.state, c.state
                   FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                                   JOIN leads l ON l.id = c.lead_id
                   WHERE m.state IN ('scheduled', 'deferred') AND (?1 IS NULL OR c.lead_id = ?1)
                     AND (?2 IS NULL OR m.sender = ?2 COLLATE NOCASE) AND m.due_at BETWEEN ?3 AND ?4
                   ORDER BY m.due_at, m.id";
        // No clock is more than a day away from UTC; the lead's own day is looked at below.
        let (from, to) = match wanted.day {
            Some(day) => {
                let midnight = seconds(day.and_time(NaiveTime::MIN).and_utc());
                (midnight - 86_400, midnight + 2 * 86_400)
            }
            None => (i64::MIN, i64::MAX),
        };
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query((wanted.lead, wanted.sender, from, to))?;
        let mut found = Vec::new();
        while found.len() < wanted.limit as usize {
            let Some(row) = rows.next().context("cannot read the queue")? else {
                break;
            };
            let row = QueueRow {
                due_at: instant(row.get(0)?),
                zone: row.get(1)?,
                step: row.get(2)?,
                email: row.get(3)?,
                company: row.get(4)?,
                sender: row.get(5)?,
                reason: row.get(6)?,
                campaign_id: row.get(7)?,
                subject: row.get(8)?,
                state: row.get(9)?,
                campaign_state: row.get(10)?,
            };
            let day = || Some(Zone::parse(&row.zone).ok()?.local_date(row.due_at));
            if wanted.day.is_none_or(|wanted| day() == Some(wanted)) {
                found.push(row);
            }
        }
        Ok(found)
    }

    /// The decision log of a lead, oldest first.
    pub fn events(&self, lead: i64) -> anyhow::Result<Vec<EventRow>> {
        let sql = "SELECT at, kind, detail FROM events
                   WHERE lead_id = ?1
                      OR campaign_id IN (SELECT id FROM campaigns WHERE lead_id = ?1)
                   ORDER BY id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([lead], |row| {
            Ok(EventRow {
                at: instant(row.get(0)?),
                kind: row.get(1)?,
                detail: row.get(2)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the decision log")
    }

    /// The decision log of all leads after a row id, with whom each line is about.
    pub fn timeline_after(&self, after: i64) -> anyhow::Result<Vec<TimelineRow>> {
        let sql = "SELECT e.id, e.at, e.kind, e.detail, coalesce(l.full_name, ''),
                          coalesce(c.company, ''), coalesce(c.zone, ''), coalesce(m.subject, ''),
                          coalesce((SELECT i.reply_text FROM inbound i
                                    WHERE i.campaign_id = e.campaign_id AND i.read_at = e.at
                                      AND i.kind IN ('human_reply', 'unsubscribe')
                                    ORDER BY i.id LIMIT 1), '')
                   FROM events e LEFT JOIN campaigns c ON c.id = e.campaign_id
                                 LEFT JOIN leads l ON l.id = coalesce(e.lead_id, c.lead_id)
                                 LEFT JOIN messages m ON m.id = e.message_id
                   WHERE e.id > ?1 ORDER BY e.id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([after], |row| {
            Ok(TimelineRow {
                id: row.get(0)?,
                at: instant(row.get(1)?),
                kind: row.get(2)?,
                detail: row.get(3)?,
                full_name: row.get(4)?,
                company: row.get(5)?,
                zone: row.get(6)?,
                subject: row.get(7)?,
                words: row.get(8)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the decision log")
    }

    /// Due messages that belong to a sender other than the configured one: nobody sends them.
    pub fn due_for_other_senders(
        &self,
        senders: &[&str],
        now: DateTime<Utc>,
    ) -> anyhow::Result<i64> {
        let sql = "SELECT count(*) FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                   WHERE m.state IN ('scheduled', 'deferred') AND m.due_at <= ?2
                     AND m.sender NOT IN (SELECT value FROM json_each(?1)) AND c.state = 'active'";
        let senders = serde_json::to_string(senders)?;
        let count = self
            .conn
            .prepare_cached(sql)?
            .query_row((senders, seconds(now)), |r| r.get(0));
        count.context("cannot count the messages of other senders")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A campaign with these states, and a message of it in each of those.
    fn row(ledger: &Ledger, id: i64, state: &str, messages: &[&str]) {
        let has_ended = matches!(state, "responded" | "completed" | "stopped");
        let lead = "INSERT INTO leads (id, record_id, source, fields, fingerprint, full_name,
                        company, verdict, reject_reason, first_read_at, changed_at)
                    VALUES (?1, ?1, 'file', '{}', '', '', '',
                            iif(?1 % 3 = 0, 'eligible', 'rejected'),
                            iif(?1 % 3 = 0, NULL, 'reason ' || ?1 % 3), 0, 0)";
        ledger.conn.execute(lead, [id]).unwrap();
        let campaign = "INSERT INTO campaigns (id, campaign_id, lead_id, company, state,
                            stop_reason, paused_by, sequence, writer, quality_score, zone,
                            zone_reason, country, created_at, updated_at, finished_at)
                        VALUES (?1, ?1, ?1, '', ?2, iif(?2 = 'stopped', 'bounced', NULL),
                                iif(?2 = 'paused', 'person', NULL), '{}', '', 100, 'UTC', '', '',
                                0, 0, iif(?3, 1, NULL))";
        let params = (id, state, has_ended);
        ledger.conn.execute(campaign, params).unwrap();
        let message = "INSERT INTO messages (campaign_id, number, step, subject, state,
                           state_reason, due_at, sent_at, outreach_key)
                       VALUES (?1, ?2, ?2, '', ?3, '', 0, iif(?3 = 'sent', 1, NULL),
                               ?1 || '.' || ?2)";
        for (number, state) in (1_i64..).zip(messages) {
            ledger.conn.execute(message, (id, number, state)).unwrap();
        }
        let inbound =
            "INSERT INTO inbound (mailbox, uidvalidity, uid, read_at, from_address, subject,
                           kind, matched_by, reply_text, headers, evidence, consequence)
                       VALUES ('', 1, ?1, 0, '', '', iif(?1 % 2, 'receipt', 'complaint'),
                               iif(?1 % 4, NULL, 'copy'), '', '', '[]', '')";
        ledger.conn.execute(inbound, [id]).unwrap();
    }

    /// What a plain count of every row says.
    fn counted(ledger: &Ledger, sql: &str) -> BTreeMap<String, i64> {
        let mut statement = ledger.conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).unwrap()
    }

    #[track_caller]
    fn check(ledger: &Ledger) {
        let page = ledger.status(DateTime::UNIX_EPOCH).unwrap();
        let states = |table: &str| {
            let sql = format!("SELECT state, count(*) FROM {table} GROUP BY 1");
            counted(ledger, &sql)
        };
        assert_eq!(page.campaigns, states("campaigns"));
        assert_eq!(page.messages, states("messages"));
        let leads =
            "SELECT coalesce('rejected: ' || reject_reason, 'eligible'), count(*) FROM leads
                     GROUP BY 1";
        assert_eq!(page.leads, counted(ledger, leads));
        let inbound =
            "SELECT kind, count(*) FROM inbound WHERE matched_by IS NOT 'copy' GROUP BY 1";
        assert_eq!(page.inbound, counted(ledger, inbound));
    }

    #[test]
    fn the_figures_of_status_are_what_a_count_of_every_row_says() {
        let ledger = Ledger::open_copy("".as_ref(), DateTime::UNIX_EPOCH).unwrap();
        check(&ledger);
        row(&ledger, 1, "active", &["sent", "scheduled", "scheduled"]);
        check(&ledger);
        row(&ledger, 2, "completed", &["sent", "sent", "skipped"]);
        row(&ledger, 3, "completed", &["sent"; 3]);
        row(&ledger, 4, "draft", &["drafted"; 3]);
        row(&ledger, 5, "review", &["drafted"; 2]);
        row(&ledger, 6, "paused", &["in_doubt", "drafted"]);
        row(&ledger, 7, "stopped", &["dead", "skipped", "skipped"]);
        row(&ledger, 8, "responded", &["sent", "skipped"]);
        row(&ledger, 9, "active", &["sent", "deferred", "sending"]);
        row(&ledger, 10, "active", &["deferred", "scheduled"]);
        check(&ledger);
    }

    #[test]
    fn no_figure_of_status_reads_a_table_that_grows() {
        let ledger = Ledger::open_copy("".as_ref(), DateTime::UNIX_EPOCH).unwrap();
        for sql in [LEADS, CAMPAIGNS, MESSAGES, INBOUND] {
            let mut statement = ledger
                .conn
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let plan = statement.query_map([], |row| row.get::<_, String>(3));
            let plan: Vec<String> = plan.and_then(Iterator::collect).unwrap();
            for line in &plan {
                let table = line.split_whitespace().nth(1);
                let grows = ["leads", "campaigns", "messages", "inbound"];
                let is_of_rows = table.is_some_and(|table| grows.contains(&table));
                assert!(!is_of_rows || line.contains(" INDEX "), "{sql}: {plan:#?}");
            }
            let is_indexed = plan.iter().any(|line| line.contains(" INDEX "));
            assert!(is_indexed, "{sql}: {plan:#?}");
        }
    }
}
