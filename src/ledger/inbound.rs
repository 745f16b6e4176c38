//! Inbound: each mail once, which message it answers, and what follows, all in one transaction with
//! the cursor that says it was read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anyhow::Context;
use chrono::{DateTime, Duration, NaiveTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::matching::{Answered, answered, is_known_elsewhere};
use super::suppressions::SuppressionReason;
use super::{Ledger, attempts, instant, seconds, suppressions, transitions};
use crate::calendar::{self, Zone};
use crate::campaign::{CampaignState, StopReason};
use crate::inbound::{Consequence, Inbound, Kind, ResponseType};

/// A mail to store, already understood.
pub struct NewInbound {
    /// Its number in the mailbox.
    pub uid: u64,
    /// When the server took it.
    pub received_at: Option<DateTime<Utc>>,
    /// What it is.
    pub inbound: Inbound,
}

/// What a batch of mail led to: how many of each kind, and of each consequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Counts by name.
    pub counts: BTreeMap<String, i64>,
}

/// A mail as the operator's commands show it.
#[derive(Clone, Debug)]
pub struct InboundRow {
    /// When it was read.
    pub read_at: DateTime<Utc>,
    /// From whom.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// The stored word of a [`Kind`].
    pub kind: String,
    /// What it says about interest.
    pub sentiment: Option<String>,
    /// What was done about it.
    pub consequence: String,
    /// By what it was matched; none when it is about no message of ours.
    pub matched_by: Option<String>,
}

impl Ledger {
    /// Where reading a mailbox resumes: uidvalidity and last uid.
    pub fn cursor(&self, name: &str) -> anyhow::Result<Option<(u64, u64)>> {
        let sql = "SELECT uidvalidity, last_uid FROM cursors
                   WHERE name = ?1 AND (uidvalidity, last_uid) <> (0, 0)";
        let row: Option<(i64, i64)> = self
            .conn
            .prepare_cached(sql)?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .context("cannot read the cursor")?;
        Ok(row.map(|(validity, uid)| (validity.unsigned_abs(), uid.unsigned_abs())))
    }

    /// The numbers of the mails of a mailbox that are stored already.
    pub fn known_uids(&self, mailbox: &str) -> anyhow::Result<HashSet<u64>> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT uid FROM inbound WHERE mailbox = ?1")?;
        let rows = statement.query_map([mailbox], |row| row.get(0).map(i64::unsigned_abs))?;
        rows.collect::<Result<_, _>>()
            .context("cannot read which mails are known")
    }

    /// When the first campaign was created; mail from before cannot be an answer.
    pub fn first_campaign_at(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        let sql = "SELECT min(created_at) FROM campaigns";
        let at: Option<i64> = self.conn.query_row(sql, [], |row| row.get(0))?;
        Ok(at.map(instant))
    }

    /// Stores a batch with its consequences and moves the cursor, all in one transaction.
    pub fn store_inbound(
        &mut self,
        mailbox: &str,
        cursor: (u64, u64),
        mails: &[NewInbound],
        stop_company: bool,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Applied> {
        let tx = self.begin()?;
        let mut applied = Applied::default();
        for mail in mails {
            store(
                &tx,
                mailbox,
                cursor.0,
                mail,
                stop_company,
                now,
                &mut applied,
            )?;
        }
        let sql = "INSERT INTO cursors (name, uidvalidity, last_uid) VALUES (?1, ?2, ?3)
                   ON CONFLICT (name) DO UPDATE SET uidvalidity = excluded.uidvalidity,
                       last_uid = excluded.last_uid";
        tx.execute(
            sql,
            (mailbox, i64::try_from(cursor.0)?, i64::try_from(cursor.1)?),
        )?;
        tx.commit().context("cannot store what was read")?;
        Ok(applied)
    }

    /// Notes that everything there was to read has been read.
    pub fn scan_succeeded(&mut self, name: &str, now: DateTime<Utc>) -> anyhow::Result<()> {
        let sql = "INSERT INTO cursors (name, succeeded_at) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET succeeded_at = excluded.succeeded_at,
                       last_error = NULL";
        self.conn
            .execute(sql, (name, seconds(now)))
            .context("cannot note the scan")?;
        Ok(())
    }

    /// Notes that reading failed; the last success stays, and grows old.
    pub fn scan_failed(&mut self, name: &str, error: &str) -> anyhow::Result<()> {
        let sql = "INSERT INTO cursors (name, last_error) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET last_error = excluded.last_error";
        self.conn
            .execute(sql, (name, error))
            .context("cannot note the failed scan")?;
        Ok(())
    }

    /// What was read about a campaign, or all of it, oldest first.
    pub fn inbound(&self, campaign: Option<i64>) -> anyhow::Result<Vec<InboundRow>> {
        let sql = "SELECT read_at, from_address, subject, kind, sentiment, consequence, matched_by
                   FROM inbound WHERE ?1 IS NULL OR campaign_id = ?1 ORDER BY id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([campaign], |row| {
            Ok(InboundRow {
                read_at: instant(row.get(0)?),
                from: row.get(1)?,
                subject: row.get(2)?,
                kind: row.get(3)?,
                sentiment: row.get(4)?,
                consequence: row.get(5)?,
                matched_by: row.get(6)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the inbound mail")
    }
}

fn store(
    conn: &Connection,
    mailbox: &str,
    uidvalidity: u64,
    mail: &NewInbound,
    stop_company: bool,
    now: DateTime<Utc>,
    applied: &mut Applied,
) -> anyhow::Result<()> {
    let inbound = &mail.inbound;
    let Some(id) = insert(conn, mailbox, uidvalidity, mail, now)? else {
        return Ok(());
    };
    let mut count = |name: &str| *applied.counts.entry(name.to_string()).or_default() += 1;
    count(inbound.kind.as_str());
    let answered = answered(conn, inbound)?;
    let consequence = if is_known_elsewhere(conn, id, inbound)? {
        "read before, in another folder".to_string()
    } else {
        if answered.is_none() && !inbound.own && inbound.kind != Kind::Other {
            count("unmatched");
        }
        if let Some(answered) = &answered {
            settle_doubt(conn, answered, now)?;
        }
        let consequence = crate::inbound::consequence(inbound, answered.is_some());
        apply(
            conn,
            inbound,
            answered.as_ref(),
            &consequence,
            stop_company,
            now,
        )?
    };
    let sql = "UPDATE inbound SET message_id = ?2, campaign_id = ?3, matched_by = ?4,
                      consequence = ?5 WHERE id = ?1";
    let message = answered.as_ref().map(|answered| answered.message);
    let campaign = answered.as_ref().map(|answered| answered.campaign);
    let matched_by = answered.as_ref().map(|answered| answered.matched_by);
    conn.prepare_cached(sql)?
        .execute((id, message, campaign, matched_by, consequence))?;
    Ok(())
}

/// Stores the mail itself; none when it is stored already.
fn insert(
    conn: &Connection,
    mailbox: &str,
    uidvalidity: u64,
    mail: &NewInbound,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<i64>> {
    let inbound = &mail.inbound;
    let bounce_status = inbound
        .bounce
        .as_ref()
        .and_then(|bounce| bounce.status.clone());
    let sql = "INSERT INTO inbound (mailbox, uidvalidity, uid, read_at, received_at, from_address,
                   subject, rfc_message_id, kind, sentiment, return_on, bounce_status, reply_text,
                   headers, evidence, consequence)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, '')
               ON CONFLICT DO NOTHING RETURNING id";
    let values = rusqlite::params![
        mailbox,
        i64::try_from(uidvalidity)?,
        i64::try_from(mail.uid)?,
        seconds(now),
        inbound.sent_at.or(mail.received_at).map(seconds),
        inbound.from,
        inbound.subject,
        inbound.rfc_message_id,
        inbound.kind.as_str(),
        inbound.sentiment.map(|sentiment| sentiment.as_str()),
        inbound.return_on.map(|day| day.to_string()),
        bounce_status,
        inbound.reply_text,
        inbound.headers,
        serde_json::to_string(&inbound.evidence)?,
    ];
    let id = conn
        .prepare_cached(sql)?
        .query_row(values, |row| row.get(0));
    id.optional().context("cannot store a mail")
}

/// A mail that names a message proves that it was delivered, also when it was in doubt, or put back
/// in line because somebody was sure that it never left. One that merely comes from the lead proves
/// nothing: it may answer an earlier message.
fn settle_doubt(conn: &Connection, answered: &Answered, now: DateTime<Utc>) -> anyhow::Result<()> {
    if !matches!(answered.matched_by, "message_id" | "outreach_key") {
        return Ok(());
    }
    let sql = "SELECT coalesce(claimed_at, dated_at) FROM messages
               WHERE id = ?1 AND state IN ('in_doubt', 'drafted', 'scheduled', 'deferred')";
    let tried_at: Option<Option<i64>> = conn
        .prepare_cached(sql)?
        .query_row([answered.message], |row| row.get(0))
        .optional()?;
    let Some(tried_at) = tried_at else {
        return Ok(());
    };
    let sent_at = tried_at.map_or(now, instant);
    let sql = "UPDATE attempts SET finished_at = ?2, outcome = 'accepted', phase = 'body',
                      reply = 'a mail that names it came back'
               WHERE message_id = ?1 AND (outcome IS NULL OR outcome = 'in_doubt')";
    conn.execute(sql, (answered.message, seconds(now)))?;
    attempts::mark_sent(conn, answered.message, answered.campaign, &[], sent_at, now)?;
    let detail = format!(
        "{}: it was delivered, a mail that names it came back",
        answered.step
    );
    transitions::note(conn, answered.campaign, "settled", &detail, now)
}

/// Applies what follows from a mail; the answer says what was done.
fn apply(
    conn: &Connection,
    inbound: &Inbound,
    answered: Option<&Answered>,
    consequence: &Consequence,
    stop_company: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<String> {
    let from = inbound.from.to_lowercase();
    match (consequence, answered) {
        (Consequence::Nothing { why }, _) => Ok((*why).to_string()),
        (Consequence::Respond { response }, Some(answered)) => {
            let why = format!("answer to {} from {}", answered.step, masked(&from));
            let step = Some(answered.step.as_str());
            transitions::respond(conn, answered.campaign, *response, step, &why, now)?;
            let sql = "UPDATE messages SET replied_at = coalesce(replied_at, ?2) WHERE id = ?1";
            conn.execute(sql, (answered.message, seconds(now)))?;
            let held = if stop_company {
                hold_colleagues(conn, answered, now)?
            } else {
                0
            };
            Ok(match held {
                0 => format!("campaign responded: {}", response.as_str()),
                _ => format!(
                    "campaign responded: {}; {held} of the same company wait",
                    response.as_str()
                ),
            })
        }
        (Consequence::PauseUntil { until }, Some(answered)) => {
            hold_for_absence(conn, answered, *until, now)
        }
        (Consequence::Stop { reason, suppress }, Some(answered)) => {
            let why = format!("{} from {}", inbound.kind.as_str(), masked(&from));
            stop_everything_for(conn, answered, *reason, &why, now)?;
            if *suppress {
                let by = SuppressionReason::of_stop(*reason);
                for address in addresses_to_suppress(answered, *reason, &from) {
                    suppressions::add(conn, address, by, &why, now)?;
                }
            }
            Ok(format!("campaign stopped: {}", reason.sentence()))
        }
        (
            Consequence::Stop {
                reason: StopReason::OptedOut,
                suppress: true,
            },
            None,
        ) if from.contains('@') => {
            let note = "asked not to be written to";
            suppressions::add(conn, &from, SuppressionReason::OptedOut, note, now)?;
            Ok("address suppressed; it is about no message of ours".to_string())
        }
        (_, None) => Ok("about no message of ours: left to a person".to_string()),
    }
}

/// Whom a mail tells us never to write to again. A bounce speaks of the one address it came back
/// from, which a person may have corrected meanwhile; an opt-out of the person, wherever we reach
/// them.
fn addresses_to_suppress<'a>(
    answered: &'a Answered,
    reason: StopReason,
    from: &'a str,
) -> BTreeSet<&'a str> {
    let mut addresses = BTreeSet::from([answered.recipient.as_str()]);
    if reason != StopReason::Bounced {
        addresses.insert(&answered.email);
    }
    if reason == StopReason::OptedOut {
        addresses.insert(from);
    }
    addresses.retain(|address| address.contains('@'));
    addresses
}

/// Stops every open campaign of the person, and records on the answered one how it ended.
fn stop_everything_for(
    conn: &Connection,
    answered: &Answered,
    reason: StopReason,
    why: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let response = match reason {
        StopReason::OptedOut => Some(ResponseType::Unsubscribed),
        StopReason::Bounced => Some(ResponseType::Bounced),
        _ => None,
    };
    if let Some(response) = response {
        let sql = "UPDATE campaigns SET response_type = ?2, response_at = ?3, responding_step = ?4,
                          updated_at = ?3 WHERE id = ?1";
        let row = (
            answered.campaign,
            response.as_str(),
            seconds(now),
            &answered.step,
        );
        conn.execute(sql, row)?;
    }
    if reason == StopReason::Bounced {
        let sql = "UPDATE messages SET bounced_at = coalesce(bounced_at, ?2) WHERE id = ?1";
        conn.execute(sql, (answered.message, seconds(now)))?;
    }
    transitions::stop(conn, answered.campaign, reason, why, now)?;
    for other in open_campaigns_of(conn, &answered.email)? {
        transitions::stop(conn, other, reason, why, now)?;
    }
    Ok(())
}

fn open_campaigns_of(conn: &Connection, email: &str) -> anyhow::Result<Vec<i64>> {
    let sql = "SELECT c.id FROM campaigns c JOIN leads l ON l.id = c.lead_id
               WHERE l.email = ?1 AND c.state IN ('draft', 'review', 'active', 'paused')";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([email], |row| row.get(0))?;
    rows.collect::<Result<_, _>>()
        .context("cannot list the person's campaigns")
}

/// Other open campaigns of the same company wait for a person.
fn hold_colleagues(
    conn: &Connection,
    answered: &Answered,
    now: DateTime<Utc>,
) -> anyhow::Result<u32> {
    let sql = "SELECT c.id FROM campaigns c JOIN leads l ON l.id = c.lead_id
               WHERE c.state = 'active' AND c.id <> ?1 AND l.company_domain =
                     (SELECT company_domain FROM leads WHERE email = ?2 LIMIT 1)";
    let ids = conn
        .prepare_cached(sql)?
        .query_map((answered.campaign, &answered.email), |row| {
            row.get::<_, i64>(0)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for id in &ids {
        let why = "somebody of the same company answered";
        transitions::pause(conn, *id, "company", None, why, now)?;
    }
    Ok(u32::try_from(ids.len())?)
}

/// The person is away: all their campaigns wait until the business day after the return. Without a
/// date they wait 8 days, one more than a responder stays silent (RFC 3834 section 2).
fn hold_for_absence(
    conn: &Connection,
    answered: &Answered,
    until: Option<chrono::NaiveDate>,
    now: DateTime<Utc>,
) -> anyhow::Result<String> {
    let sql = "SELECT zone, country FROM campaigns WHERE id = ?1";
    let (zone, country): (String, String) = conn.query_row(sql, [answered.campaign], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let zone = Zone::parse(&zone)?;
    let (day, said) = match until {
        Some(day) => (day + Duration::days(1), format!("away until {day}")),
        None => (
            zone.local_date(now) + Duration::days(8),
            "away, no date given".to_string(),
        ),
    };
    let day = calendar::next_business_day(&country, day);
    let resume_at = zone.at(day, NaiveTime::MIN);
    let sql = "UPDATE campaigns SET response_type = coalesce(response_type, 'auto_reply'),
                      last_activity_at = ?2 WHERE id = ?1";
    conn.execute(sql, (answered.campaign, seconds(now)))?;
    for campaign in open_campaigns_of(conn, &answered.email)? {
        // A draft and a campaign in review wait anyway.
        let state = transitions::state_of(conn, campaign)?;
        if matches!(state, CampaignState::Active | CampaignState::Paused) {
            transitions::pause(conn, campaign, "absence", Some(resume_at), &said, now)?;
        }
    }
    Ok(format!("campaign waits until {day}: {said}"))
}

/// An address for the log: enough to recognise, not enough to write to.
fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or(("", email));
    format!("{}…@{domain}", local.chars().take(1).collect::<String>())
}
