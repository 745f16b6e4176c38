//! The next due message of a sender, with all that decides whether it may leave.
//!
//! Invariant: finding it costs the same however many messages there are: one step into an index led
//! by the sender, from where the run has looked last. Nothing is filtered behind the index; what
//! does not concern the run is passed once.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::room::Room;
use super::{Candidate, Checked, Claims};
use crate::calendar::Zone;
use crate::campaign::{CampaignState, Sequence};
use crate::lead::{RawLead, RecordId};
use crate::ledger::leads::read_fields;
use crate::ledger::schedule::read_steps;
use crate::ledger::{breakers, instant, reviews, seconds, suppressions};
use crate::plan::Itinerary;

/// How far a run has looked through what is due of a sender, and what it need not read again:
/// follow-ups before first steps, because the people they go to were promised them; each by due
/// instant and row id.
#[derive(Debug)]
pub struct Position {
    follow_ups: (i64, i64),
    first_steps: (i64, i64),
    pub(super) room: Room,
    sequences: HashMap<String, Sequence>,
    zones: HashMap<String, Zone>,
    /// The statements that find the next follow-up and the next first step, made once: a run asks
    /// for one lead from its start to its end, or for all.
    statements: [Option<String>; 2],
}

/// More different sequences than this are not remembered.
const SEQUENCES_MAX: usize = 64;

impl Position {
    /// Nothing was looked at.
    pub fn start() -> Position {
        let before_all = (i64::MIN, i64::MIN);
        Position {
            follow_ups: before_all,
            first_steps: before_all,
            room: Room::default(),
            sequences: HashMap::new(),
            zones: HashMap::new(),
            statements: [None, None],
        }
    }

    /// Goes past a message.
    pub(super) fn pass(&mut self, found: &Found) {
        let place = (found.due_at, found.candidate.message);
        match found.candidate.number {
            1 => self.first_steps = place,
            _ => self.follow_ups = place,
        }
    }

    fn sequence(&mut self, json: String) -> anyhow::Result<Sequence> {
        if let Some(known) = self.sequences.get(&json) {
            return Ok(known.clone());
        }
        let sequence: Sequence =
            serde_json::from_str(&json).context("a campaign's stored sequence is damaged")?;
        if self.sequences.len() < SEQUENCES_MAX {
            self.sequences.insert(json, sequence.clone());
        }
        Ok(sequence)
    }

    fn zone(&mut self, name: String) -> anyhow::Result<Zone> {
        if let Some(known) = self.zones.get(&name) {
            return Ok(known.clone());
        }
        let zone = Zone::parse(&name)?;
        self.zones.insert(name, zone.clone());
        Ok(zone)
    }
}

/// A due message.
pub(super) struct Found {
    pub(super) candidate: Candidate,
    pub(super) mail: Mail,
    due_at: i64,
    /// The campaign's state, when that is not active.
    pub(super) waits: Option<CampaignState>,
    may_need_approval: bool,
}

impl Found {
    /// Why its texts may not leave; none when they may.
    pub(super) fn unapproved(&self, conn: &Connection) -> anyhow::Result<Option<&'static str>> {
        match self.may_need_approval {
            true => reviews::unapproved(conn, self.candidate.campaign),
            false => Ok(None),
        }
    }
}

/// What only a claim needs.
pub(super) struct Mail {
    pub(super) step: String,
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) outreach_key: String,
    pub(super) message_id: Option<String>,
    pub(super) dated_at: Option<DateTime<Utc>>,
    pub(super) attempts: u32,
}

/// What is read once in a transaction.
#[derive(Default)]
pub(super) struct Seen {
    /// The latest scans.
    scans: Option<(Option<DateTime<Utc>>, Option<String>)>,
    /// Whether no follow-up is due any more: nothing done in a turn makes one due at once.
    follow_ups_done: bool,
}

/// The next message to look at: follow-ups first, then first steps.
pub(super) fn next(
    conn: &Connection,
    claims: &mut Claims<'_>,
    seen: &mut Seen,
) -> anyhow::Result<Option<Found>> {
    if !seen.follow_ups_done {
        if let Some(found) = next_of(conn, claims, seen, &FOLLOW_UPS)? {
            return Ok(Some(found));
        }
        seen.follow_ups_done = true;
    }
    next_of(conn, claims, seen, &FIRST_STEPS)
}

/// Some of the steps, with the index that lists what is due of them by sender.
struct Steps {
    index: &'static str,
    which: &'static str,
}

const FOLLOW_UPS: Steps = Steps {
    index: "messages_due_follow_ups",
    which: "number > 1",
};
const FIRST_STEPS: Steps = Steps {
    index: "messages_due_first_steps",
    which: "number = 1",
};

impl Steps {
    fn passed(&self, position: &Position) -> (i64, i64) {
        match self.which == FIRST_STEPS.which {
            true => position.first_steps,
            false => position.follow_ups,
        }
    }

    /// What is due of a sender after a place: what is due at the same instant first. One comparison
    /// of both columns would step through all that is due at that instant. INDEXED BY makes another
    /// plan an error: every test that claims would notice a query that no longer fits the index.
    fn sql(&self, columns: &str, lead: Option<i64>) -> String {
        let lead = lead.map_or(
            "?4 IS NULL",
            |_| "campaign_id IN (SELECT id FROM campaigns WHERE lead_id = ?4)",
        );
        let due = format!(
            "SELECT id FROM messages INDEXED BY {}
             WHERE sender = ?1 AND state IN ('scheduled', 'deferred') AND {} AND {lead}",
            self.index, self.which
        );
        format!(
            "SELECT {columns}
             FROM messages m CROSS JOIN campaigns c ON c.id = m.campaign_id
                             CROSS JOIN leads l ON l.id = c.lead_id
                             CROSS JOIN message_texts t ON t.message_id = m.id
             WHERE m.id = coalesce(({due} AND due_at = ?2 AND id > ?3 ORDER BY id LIMIT 1),
                                   ({due} AND due_at > ?2 ORDER BY due_at, id LIMIT 1))"
        )
    }
}

const COLUMNS: &str = "m.id, m.due_at, m.campaign_id, m.number, m.step, m.subject, t.body,
    m.outreach_key, m.message_id, m.dated_at, m.attempts,
    c.state, c.sequence, c.zone, c.country,
    c.needs_approval OR c.approved_hash IS NOT NULL, l.email, l.record_id,
    CASE l.verdict WHEN 'eligible' THEN json_extract(l.fields, '$.email') END, l.full_name,
    l.fields, l.id, l.company_domain";

fn next_of(
    conn: &Connection,
    claims: &mut Claims<'_>,
    seen: &mut Seen,
    steps: &Steps,
) -> anyhow::Result<Option<Found>> {
    let (due_at, id) = steps.passed(claims.position);
    let [follow_ups, first_steps] = &mut claims.position.statements;
    let sql = match steps.which == FIRST_STEPS.which {
        true => first_steps,
        false => follow_ups,
    };
    let sql = sql.get_or_insert_with(|| steps.sql(COLUMNS, claims.lead));
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((claims.sender, due_at, id, claims.lead))?;
    match rows.next().context("cannot find the next due message")? {
        Some(row) if row.get::<_, i64>(1)? <= seconds(claims.now) => {
            found(conn, claims, seen, row).map(Some)
        }
        _ => Ok(None),
    }
}

fn found(
    conn: &Connection,
    claims: &mut Claims<'_>,
    seen: &mut Seen,
    row: &Row<'_>,
) -> anyhow::Result<Found> {
    let campaign = row.get(2)?;
    let state: String = row.get(11)?;
    let state = CampaignState::parse(&state)
        .with_context(|| format!("unknown campaign state `{state}`"))?;
    let email: Option<String> = row.get(16)?;
    let suppressed_by = match &email {
        Some(email) => suppressions::covering(conn, email)?,
        None => None,
    };
    let (scanned_at, scan_error) = seen.latest_scans(conn, claims.mailboxes)?;
    let cohort = match (claims.canaries, row.get(3)?) {
        (1.., 1) => Some(breakers::cohort(conn, (row.get(0)?, campaign), scanned_at)?),
        _ => None,
    };
    let company: Option<String> = row.get(22)?;
    let company_peers = match company.filter(|_| claims.counts_companies) {
        Some(domain) => peers(conn, &domain, row.get(21)?, claims.day_began_at)?,
        None => 0,
    };
    let candidate = Candidate {
        message: row.get(0)?,
        campaign,
        number: row.get(3)?,
        email,
        checked: checked(row)?,
        suppressed_by,
        scanned_at,
        scan_error,
        company_peers,
        cohort,
        itinerary: Itinerary {
            campaign,
            sequence: claims.position.sequence(row.get(12)?)?,
            zone: claims.position.zone(row.get(13)?)?,
            country: row.get(14)?,
            // The sender was chosen when it was dated, and its company is counted above.
            company: None,
            sender: Some(claims.sender.to_string()),
            starts_from: None,
            steps: read_steps(conn, campaign)?,
        },
    };
    let mail = Mail {
        step: row.get(4)?,
        subject: row.get(5)?,
        body: row.get(6)?,
        outreach_key: row.get(7)?,
        message_id: row.get(8)?,
        dated_at: row.get::<_, Option<i64>>(9)?.map(instant),
        attempts: row.get(10)?,
    };
    Ok(Found {
        candidate,
        mail,
        due_at: row.get(1)?,
        waits: (state != CampaignState::Active).then_some(state),
        may_need_approval: row.get(15)?,
    })
}

/// What the data check said of the row's lead.
fn checked(row: &Row<'_>) -> anyhow::Result<Checked> {
    Ok(match row.get(18)? {
        Some(address) => Checked::Passed {
            address,
            full_name: row.get(19)?,
        },
        None => Checked::Anew(RawLead {
            record_id: RecordId::new(row.get::<_, String>(17)?),
            fields: read_fields(row.get_ref(20)?.as_str()?)?,
        }),
    })
}

/// How many other leads of a company a mail left to since an instant, whoever sent it.
fn peers(conn: &Connection, domain: &str, lead: i64, since: DateTime<Utc>) -> anyhow::Result<u32> {
    let sql = "SELECT count(DISTINCT l.id) FROM leads l
                 JOIN campaigns c ON c.lead_id = l.id JOIN messages m ON m.campaign_id = c.id
               WHERE l.company_domain = ?1 AND l.id <> ?2 AND m.claimed_at >= ?3
                 AND m.state IN ('sending', 'sent', 'in_doubt')";
    conn.prepare_cached(sql)?
        .query_row((domain, lead, seconds(since)), |row| row.get(0))
        .context("cannot count the mails to a company")
}

/// When the next message falls due after what was looked at.
pub(super) fn next_due_at(
    conn: &Connection,
    sender: &str,
    lead: Option<i64>,
    position: &Position,
) -> anyhow::Result<Option<DateTime<Utc>>> {
    let mut earliest: Option<i64> = None;
    for steps in [&FOLLOW_UPS, &FIRST_STEPS] {
        let (due_at, id) = steps.passed(position);
        let sql = steps.sql("m.due_at", lead);
        let found: Option<i64> = conn
            .prepare_cached(&sql)?
            .query_row((sender, due_at, id, lead), |row| row.get(0))
            .optional()
            .context("cannot read when the next message is due")?;
        earliest = earliest.into_iter().chain(found).min();
    }
    Ok(earliest.map(instant))
}

impl Seen {
    /// The oldest of the latest successful scans, none when a mailbox was never read whole; and the
    /// error of the latest scan where that failed.
    fn latest_scans(
        &mut self,
        conn: &Connection,
        mailboxes: &[String],
    ) -> anyhow::Result<(Option<DateTime<Utc>>, Option<String>)> {
        if let Some(known) = &self.scans {
            return Ok(known.clone());
        }
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
        let oldest = all.and_then(|all| all.into_iter().min()).map(instant);
        Ok(self.scans.insert((oldest, error)).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::migrate;

    #[test]
    fn the_next_message_is_one_step_into_the_index() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate::apply(&mut conn, None, DateTime::UNIX_EPOCH).unwrap();
        for steps in [&FOLLOW_UPS, &FIRST_STEPS] {
            for (columns, lead) in [(COLUMNS, None), ("m.due_at", None), (COLUMNS, Some(1))] {
                let sql = format!("EXPLAIN QUERY PLAN {}", steps.sql(columns, lead));
                let mut statement = conn.prepare(&sql).unwrap();
                let rows = statement.query_map((1, 2, 3, 4), |row| row.get(3)).unwrap();
                let plan: Vec<String> = rows.map(Result::unwrap).collect();
                let steps_into = |place: &str| {
                    let step = format!("INDEX {} (sender=? AND {place})", steps.index);
                    plan.iter().filter(|line| line.contains(&step)).count()
                };
                assert_eq!(steps_into("due_at=? AND rowid>?"), 1, "{plan:?}");
                assert_eq!(steps_into("due_at>?"), 1, "{plan:?}");
                let scans = |line: &String| line.contains("SCAN") || line.contains("B-TREE");
                assert!(
                    !plan.iter().any(scans),
                    "nothing is sorted or walked through: {plan:?}"
                );
            }
        }
    }
}
