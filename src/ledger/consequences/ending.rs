//! How a campaign ends because of what somebody did: a mail of theirs, a bounce of ours, or the way
//! out of a mail used.

use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::super::matching::Answered;
use super::super::suppressions::SuppressionReason;
use super::super::{seconds, suppressions, transitions};
use super::open_campaigns_of;
use crate::campaign::StopReason;
use crate::inbound::ResponseType;

/// What ends a campaign.
pub(super) struct Cause<'a> {
    /// For the decision log and the list of suppressions.
    pub(super) why: String,
    /// Who wrote it, or `""`.
    pub(super) from: &'a str,
    /// When the person did it.
    pub(super) at: DateTime<Utc>,
    /// Whether they speak for their whole company.
    pub(super) for_company: bool,
    /// The present instant.
    pub(super) now: DateTime<Utc>,
}

/// A request of the way out of a mail (RFC 8058) does what a mail that says the same does.
pub(in crate::ledger) fn opt_out(
    conn: &Connection,
    answered: &Answered,
    request: i64,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let step = &answered.step;
    let cause = Cause {
        why: format!("way out of the {step} used (request {request})"),
        from: "",
        at: now,
        for_company: false,
        now,
    };
    stop(conn, &cause, answered, StopReason::OptedOut, true)?;
    Ok(())
}

/// Stops every open campaign of the person, records on the answered one how it ended, and
/// suppresses whom the cause speaks of. The answer says so in words.
pub(super) fn stop(
    conn: &Connection,
    cause: &Cause<'_>,
    answered: &Answered,
    reason: StopReason,
    suppress: bool,
) -> anyhow::Result<String> {
    let Cause { why, from, .. } = cause;
    let (now, at) = (cause.now, cause.at);
    let response = match reason {
        StopReason::OptedOut => Some(ResponseType::Unsubscribed),
        StopReason::Bounced => Some(ResponseType::Bounced),
        _ => None,
    };
    if let Some(response) = response {
        let sql = "UPDATE campaigns SET response_type = ?2, response_at = ?3, responding_step = ?4,
                          updated_at = ?5 WHERE id = ?1";
        conn.prepare_cached(sql)?.execute((
            answered.campaign,
            response.as_str(),
            seconds(at),
            &answered.step,
            seconds(now),
        ))?;
    }
    if reason == StopReason::Bounced {
        let sql = "UPDATE messages SET bounced_at = coalesce(bounced_at, ?2) WHERE id = ?1";
        conn.prepare_cached(sql)?
            .execute((answered.message, seconds(at)))?;
    }
    transitions::stop(conn, answered.campaign, reason, why, now)?;
    // A bounce speaks of the address it came back from, which may be corrected by now.
    let is_about_another = reason == StopReason::Bounced && answered.recipient != answered.email;
    if !is_about_another {
        for other in open_campaigns_of(conn, answered.campaign)? {
            transitions::stop(conn, other, reason, why, now)?;
        }
    }
    let mut words = format!("campaign stopped: {}", reason.sentence());
    if suppress {
        let by = SuppressionReason::of_stop(reason);
        for address in addresses_to_suppress(answered, reason, from) {
            suppressions::cover(conn, address, by, why, now)?;
        }
        let domain = match cause.for_company && reason == StopReason::OptedOut {
            true => company_domain(conn, answered.campaign)?,
            false => None,
        };
        if let Some(domain) = domain {
            suppressions::cover(conn, &domain, by, why, now)?;
            words = format!("{words}; {domain} is suppressed");
        }
    }
    Ok(words)
}

/// The domain of a lead's company; none for a free-mail address.
fn company_domain(conn: &Connection, campaign: i64) -> anyhow::Result<Option<String>> {
    let sql = "SELECT l.company_domain FROM campaigns c JOIN leads l ON l.id = c.lead_id
               WHERE c.id = ?1";
    let domain: Option<String> = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| row.get(0))
        .context("cannot read the company's domain")?;
    Ok(domain.filter(|domain| !crate::lead::is_free_mail(domain)))
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
