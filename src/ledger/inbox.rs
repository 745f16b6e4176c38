//! The inbox as a person sees it: what was read, what was made of it, what waits for somebody.

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Ledger, instant, seconds};
use crate::inbound::{Kind, Sentiment};

/// Which mails are wanted; all that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct InboxFilter {
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only what waits for a person.
    pub follow_up: bool,
    /// Only what is about no message of ours; our own copies and ordinary mail are left out.
    pub unmatched: bool,
    /// Only what the rules were not sure of, and nobody has corrected.
    pub unsure: bool,
    /// Only what was read since.
    pub since: Option<DateTime<Utc>>,
    /// Only about this lead, by its row id.
    pub lead: Option<i64>,
    /// Only the latest so many.
    pub limit: Option<u32>,
}

/// A mail as a list shows it.
#[derive(Clone, Debug)]
pub struct InboxRow {
    /// The row id, by which a person names it.
    pub id: i64,
    /// The mailbox it was read in.
    pub mailbox: String,
    /// When it was read.
    pub read_at: DateTime<Utc>,
    /// The mail's own Date, or when the server took it.
    pub received_at: Option<DateTime<Utc>>,
    /// From whom.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// What it is, by the rules or by a person.
    pub kind: Kind,
    /// What the person wants.
    pub sentiment: Option<Sentiment>,
    /// The rule that decided.
    pub rule: String,
    /// What was done about it.
    pub consequence: String,
    /// Why a person has to look; none when nobody has to, or somebody has.
    pub follow_up: Option<String>,
    /// Why the rules are not sure; none when they are.
    pub unsure: Option<String>,
    /// By what it was matched; none when it is about no message of ours, `copy` for a second copy
    /// of a mail that was read before.
    pub matched_by: Option<String>,
    /// The campaign's id outside.
    pub campaign_id: Option<String>,
    /// The step it is about.
    pub step: Option<String>,
    /// The lead's address as it stands now.
    pub email: Option<String>,
    /// The lead's company as the texts name it.
    pub company: Option<String>,
    /// The day an absent person is back.
    pub return_on: Option<NaiveDate>,
    /// The day from which the person wants to hear from us again.
    pub write_again_on: Option<NaiveDate>,
    /// Whom the person names in their place: name and address, as far as given.
    pub referral: (Option<String>, Option<String>),
    /// What the rules had said before a person corrected it.
    pub judged: Option<(Kind, Option<Sentiment>)>,
    /// When a person corrected or confirmed the verdict.
    pub relabelled_at: Option<DateTime<Utc>>,
}

/// A mail with all that is kept of it.
#[derive(Clone, Debug)]
pub struct InboxItem {
    /// The mail as a list shows it.
    pub row: InboxRow,
    /// Its own Message-ID, without angle brackets.
    pub rfc_message_id: Option<String>,
    /// What failed, for a bounce.
    pub bounce_kind: Option<String>,
    /// The enhanced status code, for a bounce.
    pub bounce_status: Option<String>,
    /// Whether an opt-out speaks for the whole company.
    pub for_company: bool,
    /// The Message-ID of ours that it is about, without angle brackets.
    pub answers: Option<String>,
    /// Why it was judged so, each a clause.
    pub evidence: Vec<String>,
    /// The writer's own words; `""` when the time to keep them is over.
    pub reply_text: String,
    /// The raw headers; `""` when the time to keep them is over.
    pub headers: String,
}

/// The columns of [`InboxRow`], in the order [`row`] reads them.
const COLUMNS: &str =
    "i.id, i.mailbox, i.read_at, i.received_at, i.from_address, i.subject, i.kind,
    i.sentiment, i.rule, i.consequence, i.follow_up, i.unsure, i.matched_by, c.campaign_id, m.step,
    l.email, c.company, i.return_on, i.write_again_on, i.referral_name, i.referral_address,
    i.judged_kind, i.judged_sentiment, i.relabelled_at";

/// Where they come from.
const TABLES: &str = "inbound i LEFT JOIN messages m ON m.id = i.message_id
    LEFT JOIN campaigns c ON c.id = i.campaign_id LEFT JOIN leads l ON l.id = c.lead_id";

impl Ledger {
    /// The mails that were read, oldest first; a second copy of one is left out.
    pub fn inbox(&self, filter: &InboxFilter) -> anyhow::Result<Vec<InboxRow>> {
        let sql = format!(
            "SELECT * FROM (
                 SELECT {COLUMNS} FROM {TABLES}
                 WHERE i.matched_by IS NOT 'copy' AND (?1 IS NULL OR i.kind = ?1)
                   AND (NOT ?2 OR i.follow_up IS NOT NULL)
                   AND (NOT ?3 OR i.message_id IS NULL AND i.kind <> 'other'
                              AND i.consequence <> 'it is our own copy')
                   AND (NOT ?4 OR i.unsure IS NOT NULL AND i.relabelled_at IS NULL)
                   AND i.read_at >= ?5 AND (?6 IS NULL OR c.lead_id = ?6)
                 ORDER BY i.id DESC LIMIT ?7)
             ORDER BY 1"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let values = rusqlite::params![
            filter.kind.map(Kind::as_str),
            filter.follow_up,
            filter.unmatched,
            filter.unsure,
            filter.since.map_or(i64::MIN, seconds),
            filter.lead,
            // A negative limit is none.
            filter.limit.map_or(-1, i64::from),
        ];
        let rows = statement.query_map(values, row)?;
        rows.collect::<Result<_, _>>()
            .context("cannot read the inbox")
    }

    /// One mail with all that is kept of it; none when there is no such mail.
    pub fn inbox_item(&self, id: i64) -> anyhow::Result<Option<InboxItem>> {
        let sql = format!(
            "SELECT {COLUMNS}, i.rfc_message_id, i.bounce_kind, i.bounce_status, i.for_company,
                    m.message_id, i.evidence, i.reply_text, i.headers
             FROM {TABLES} WHERE i.id = ?1"
        );
        let item = self.conn.prepare_cached(&sql)?.query_row([id], |found| {
            let evidence: String = found.get(29)?;
            Ok(InboxItem {
                row: row(found)?,
                rfc_message_id: found.get(24)?,
                bounce_kind: found.get(25)?,
                bounce_status: found.get(26)?,
                for_company: found.get(27)?,
                answers: found.get(28)?,
                evidence: serde_json::from_str(&evidence).unwrap_or_default(),
                reply_text: found.get(30)?,
                headers: found.get(31)?,
            })
        });
        item.optional().context("cannot read the mail")
    }

    /// Notes that a person has looked at a mail; the answer is whether one had to.
    pub fn followed_up(&mut self, id: i64) -> anyhow::Result<bool> {
        let sql = "UPDATE inbound SET follow_up = NULL WHERE id = ?1 AND follow_up IS NOT NULL";
        let n = self
            .conn
            .execute(sql, [id])
            .context("cannot note that somebody has looked")?;
        Ok(n > 0)
    }

    /// Empties what is kept of mails read before an instant: their headers, their words and what
    /// judging them again needs. That they came, from whom, what they were and what followed stays.
    /// The answer is how many.
    pub fn forget_old_mail(&mut self, before: DateTime<Utc>) -> anyhow::Result<u32> {
        let sql = "UPDATE inbound SET headers = '', kept = NULL, reply_text = ''
                   WHERE read_at < ?1 AND (headers <> '' OR kept IS NOT NULL OR reply_text <> '')";
        let n = self
            .conn
            .execute(sql, [seconds(before)])
            .context("cannot empty old mails")?;
        u32::try_from(n).context("too many mails")
    }
}

/// Reads the columns of [`COLUMNS`].
fn row(found: &Row<'_>) -> rusqlite::Result<InboxRow> {
    let text = |at| found.get::<_, Option<String>>(at);
    let day = |at| Ok::<_, rusqlite::Error>(text(at)?.and_then(|day| day.parse().ok()));
    let sentiment = |at| {
        let word = text(at)?;
        Ok::<_, rusqlite::Error>(word.and_then(|word| Sentiment::parse(&word)))
    };
    let judged_sentiment = sentiment(22)?;
    let judged = text(21)?.and_then(|word| Kind::parse(&word));
    Ok(InboxRow {
        id: found.get(0)?,
        mailbox: found.get(1)?,
        read_at: instant(found.get(2)?),
        received_at: found.get::<_, Option<i64>>(3)?.map(instant),
        from: found.get(4)?,
        subject: found.get(5)?,
        kind: Kind::parse(&found.get::<_, String>(6)?).unwrap_or(Kind::Other),
        sentiment: sentiment(7)?,
        rule: found.get(8)?,
        consequence: found.get(9)?,
        follow_up: found.get(10)?,
        unsure: found.get(11)?,
        matched_by: found.get(12)?,
        campaign_id: found.get(13)?,
        step: found.get(14)?,
        email: found.get(15)?,
        company: found.get(16)?,
        return_on: day(17)?,
        write_again_on: day(18)?,
        referral: (found.get(19)?, found.get(20)?),
        judged: judged.map(|kind| (kind, judged_sentiment)),
        relabelled_at: found.get::<_, Option<i64>>(23)?.map(instant),
    })
}

/// The words by which a consequence names the mail it follows from. They end what is noted, so that
/// what one mail led to can be found again.
pub(super) fn named(mail: i64) -> String {
    format!("(mail {mail})")
}

/// What ends in the words of [`named`], as a pattern of LIKE.
pub(super) fn ends_named(mail: i64) -> String {
    format!("%{}", named(mail))
}

/// Notes what was done about a mail.
pub(super) fn keep_consequence(
    conn: &Connection,
    mail: i64,
    consequence: &str,
    follow_up: Option<&str>,
) -> anyhow::Result<()> {
    let sql = "UPDATE inbound SET consequence = ?2, follow_up = ?3 WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((mail, consequence, follow_up))
        .context("cannot note what follows from the mail")?;
    Ok(())
}
