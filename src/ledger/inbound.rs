//! Inbound: each mail once, which message it answers, and what follows, all in one transaction with
//! the cursor that says it was read.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::consequences::{self, Arrived};
use super::matching::{Answered, answered, is_known_elsewhere};
use super::{Ledger, attempts, inbox, instant, seconds, transitions};
use crate::inbound::{Inbound, Kind};

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
    /// What the run's report has to say aloud, a line each.
    pub alerts: Vec<String>,
}

impl Applied {
    pub(super) fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_string()).or_default() += 1;
    }
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
            let place = (mailbox, cursor.0);
            store(&tx, place, mail, stop_company, now, &mut applied)?;
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

/// Stores one mail, and applies what follows from it the first time it is read.
fn store(
    conn: &Connection,
    (mailbox, uidvalidity): (&str, u64),
    mail: &NewInbound,
    stop_company: bool,
    now: DateTime<Utc>,
    applied: &mut Applied,
) -> anyhow::Result<()> {
    let inbound = &mail.inbound;
    let Some(id) = insert(conn, mailbox, uidvalidity, mail, now)? else {
        return Ok(());
    };
    if is_known_elsewhere(conn, id)? {
        applied.count("read_before");
        let sql = "UPDATE inbound SET matched_by = 'copy' WHERE id = ?1";
        conn.prepare_cached(sql)?.execute([id])?;
        return inbox::keep_consequence(conn, id, "read before, in another folder", None);
    }
    applied.count(inbound.kind.as_str());
    let answered = answered(conn, inbound, now)?;
    match &answered {
        Some(answered) => {
            let sql = "UPDATE inbound SET message_id = ?2, campaign_id = ?3, matched_by = ?4
                       WHERE id = ?1";
            let row = (id, answered.message, answered.campaign, answered.matched_by);
            conn.prepare_cached(sql)?.execute(row)?;
            if matches!(answered.matched_by, "message_id" | "outreach_key") {
                let is_bounce = matches!(inbound.kind, Kind::BounceHard | Kind::BounceSoft);
                let proof = "a mail that names it came back";
                settle_doubt(conn, is_bounce, answered, proof, now)?;
            }
        }
        None if !inbound.own && inbound.kind != Kind::Other => applied.count("unmatched"),
        None => {}
    }
    let arrived = Arrived {
        mail: id,
        inbound,
        written_at: inbound.sent_at.or(mail.received_at),
        answered: answered.as_ref(),
        stop_company,
        now,
    };
    let consequence = crate::inbound::consequence(inbound, answered.is_some());
    let done = consequences::apply(conn, &arrived, &consequence)?;
    if inbound.unsure.is_some() && answered.is_some() {
        applied.count("unsure");
    }
    if done.follow_up.is_some() {
        applied.count("to_follow_up");
    }
    applied.alerts.extend(done.alert);
    inbox::keep_consequence(conn, id, &done.words, done.follow_up.as_deref())
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
    let sql = "INSERT INTO inbound (mailbox, uidvalidity, uid, read_at, received_at, from_address,
                   subject, rfc_message_id, kind, sentiment, reply_text, headers, evidence,
                   consequence)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'other', NULL, '', ?9, '[]', '')
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
        inbound.headers,
    ];
    let id = conn
        .prepare_cached(sql)?
        .query_row(values, |row| row.get(0))
        .optional()
        .context("cannot store a mail")?;
    if let Some(id) = id {
        keep_verdict(conn, id, inbound)?;
        let sql = "UPDATE inbound SET kept = ?2 WHERE id = ?1";
        conn.prepare_cached(sql)?.execute((id, &inbound.kept))?;
    }
    Ok(id)
}

/// Writes down what the rules make of a mail.
pub(super) fn keep_verdict(conn: &Connection, id: i64, inbound: &Inbound) -> anyhow::Result<()> {
    let bounce = inbound.bounce.as_ref();
    let referral = inbound.referral.as_ref();
    let sql = "UPDATE inbound SET kind = ?2, sentiment = ?3, rule = ?4, return_on = ?5,
                      bounce_status = ?6, bounce_kind = ?7, write_again_on = ?8,
                      referral_name = ?9, referral_address = ?10, for_company = ?11, unsure = ?12,
                      reply_text = ?13, evidence = ?14
               WHERE id = ?1";
    let values = rusqlite::params![
        id,
        inbound.kind.as_str(),
        inbound.sentiment.map(|sentiment| sentiment.as_str()),
        inbound.rule,
        inbound.return_on.map(|day| day.to_string()),
        bounce.and_then(|bounce| bounce.status.as_deref()),
        bounce.map(|bounce| bounce.kind.as_str()),
        inbound.write_again_on.map(|day| day.to_string()),
        referral.map(|referral| referral.name.as_str()),
        referral.and_then(|referral| referral.address.as_deref()),
        inbound.for_company,
        inbound.unsure,
        inbound.reply_text,
        serde_json::to_string(&inbound.evidence)?,
    ];
    conn.prepare_cached(sql)?
        .execute(values)
        .context("cannot store what a mail says")?;
    Ok(())
}

/// A mail that names a message proves that it was delivered, also when it was in doubt, or put back
/// in line because somebody was sure that it never left. One that merely comes from the lead proves
/// nothing: it may answer an earlier message. A bounce proves nothing of a message that came back
/// before and waits for another try: it may be about the time before.
pub(super) fn settle_doubt(
    conn: &Connection,
    is_bounce: bool,
    answered: &Answered,
    proof: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "SELECT coalesce(claimed_at, dated_at) FROM messages m
               WHERE id = ?1 AND state IN ('in_doubt', 'drafted', 'scheduled', 'deferred')
                 AND NOT (?2 AND EXISTS (SELECT 1 FROM attempts a WHERE a.message_id = m.id
                                           AND a.outcome = 'accepted'))";
    let tried_at: Option<Option<i64>> = conn
        .prepare_cached(sql)?
        .query_row((answered.message, is_bounce), |row| row.get(0))
        .optional()?;
    let Some(tried_at) = tried_at else {
        return Ok(());
    };
    let sent_at = tried_at.map_or(now, instant);
    let sql = "UPDATE attempts SET finished_at = ?2, outcome = 'accepted', phase = 'body',
                      reply = ?3
               WHERE message_id = ?1 AND (outcome IS NULL OR outcome = 'in_doubt')";
    conn.execute(sql, (answered.message, seconds(now), proof))?;
    attempts::mark_sent(conn, answered.message, answered.campaign, &[], sent_at, now)?;
    let detail = format!("{}: it was delivered, {proof}", answered.step);
    transitions::note(conn, answered.campaign, "settled", &detail, now)
}
