//! Consequences: what a mail changes, each change written down with the mail's number, so that
//! `explain` can tell it and a person's correction can find it again.

mod ending;

use anyhow::Context;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use rusqlite::Connection;

use super::inbox::named;
use super::matching::Answered;
use super::suppressions::SuppressionReason;
use super::{breakers, returned, seconds, suppressions, transitions};

use crate::calendar::{self, Zone};
use crate::campaign::{CampaignState, StopReason};
use crate::inbound::{Consequence, Inbound, ResponseType};
pub(super) use ending::opt_out;
use ending::{Cause, stop};

/// An absence without a date lasts so long: one day more than a responder stays silent (RFC 3834
/// section 2).
const UNDATED_DAYS: i64 = 8;
/// Nobody is away for longer; a later day is a slip of the writer's or of ours.
const AWAY_DAYS_MAX: i64 = 366;

/// A mail of which something may follow.
pub(super) struct Arrived<'a> {
    /// Its row id.
    pub mail: i64,
    /// What it is.
    pub inbound: &'a Inbound,
    /// The mail's own Date, or when the server took it.
    pub written_at: Option<DateTime<Utc>>,
    /// The message it is about.
    pub answered: Option<&'a Answered>,
    /// Whether an answer pauses the company's other campaigns.
    pub stop_company: bool,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// In words.
    pub words: String,
    /// Why a person has to look.
    pub follow_up: Option<String>,
    /// What the run's report has to say aloud.
    pub alert: Option<String>,
}

impl Done {
    fn said(words: impl Into<String>) -> Done {
        Done {
            words: words.into(),
            ..Done::default()
        }
    }
}

impl Arrived<'_> {
    /// When it was written, as far as that can be believed: not in the future, and not before the
    /// mail it answers; else now.
    fn believed_at(&self) -> DateTime<Utc> {
        let left_at = self.answered.and_then(|answered| answered.left_at);
        let may_be = |at: &DateTime<Utc>| *at <= self.now && left_at.is_none_or(|left| *at >= left);
        self.written_at.filter(may_be).unwrap_or(self.now)
    }

    fn from(&self) -> String {
        self.inbound.from.to_lowercase()
    }

    fn name(&self) -> String {
        named(self.mail)
    }
}

/// Applies what follows from a mail.
pub(super) fn apply(
    conn: &Connection,
    arrived: &Arrived<'_>,
    consequence: &Consequence,
) -> anyhow::Result<Done> {
    let Some(answered) = arrived.answered else {
        return match consequence {
            Consequence::Nothing { why } => Ok(Done::said(*why)),
            Consequence::Stop {
                reason: StopReason::OptedOut,
                ..
            } => leave_alone(conn, arrived),
            _ => Ok(Done::said("about no message of ours: left to a person")),
        };
    };
    match consequence {
        Consequence::Nothing { why } => Ok(Done::said(*why)),
        Consequence::Respond { response } => respond(conn, arrived, answered, *response),
        Consequence::Hold { why } => hold(conn, arrived, answered, why),
        Consequence::PauseUntil { until } => {
            hold_for_absence(conn, arrived, answered, *until).map(Done::said)
        }
        Consequence::TryAgain { reason } => returned::try_again(conn, arrived, answered, reason),
        Consequence::HoldSender { reason } => hold_sender(conn, arrived, answered, reason),
        Consequence::Stop { reason, suppress } => {
            stop_for(conn, arrived, answered, *reason, *suppress)
        }
    }
}

/// An opt-out that is about no message of ours.
fn leave_alone(conn: &Connection, arrived: &Arrived<'_>) -> anyhow::Result<Done> {
    let from = arrived.from();
    if !from.contains('@') {
        return Ok(Done::said("it says of no address whom to leave alone"));
    }
    let note = format!("asked not to be written to {}", arrived.name());
    let reason = SuppressionReason::OptedOut;
    suppressions::cover(conn, &from, reason, &note, arrived.now)?;
    let words = "address suppressed; it is about no message of ours".to_string();
    let follow_up = arrived.inbound.for_company.then(|| {
        "it speaks for a company but is about no message of ours: `outreach suppress add DOMAIN`, \
         if it does"
            .to_string()
    });
    Ok(Done {
        words,
        follow_up,
        alert: None,
    })
}

fn respond(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    response: ResponseType,
) -> anyhow::Result<Done> {
    let at = arrived.believed_at();
    let from = masked(&arrived.from());
    let why = format!("answer to {} from {from} {}", answered.step, arrived.name());
    let step = Some(answered.step.as_str());
    let now = arrived.now;
    transitions::respond(conn, answered.campaign, response, step, at, &why, now)?;
    let sql = "UPDATE messages SET replied_at = coalesce(replied_at, ?2) WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((answered.message, seconds(at)))?;
    let held = match arrived.stop_company {
        true => hold_colleagues(conn, arrived, answered)?,
        false => 0,
    };
    let mut words = format!("campaign responded: {}", response.as_str());
    if held > 0 {
        words = format!("{words}; {held} of the same company wait");
    }
    Ok(Done {
        words,
        follow_up: Some(what_to_do(arrived.inbound, response)),
        alert: None,
    })
}

/// What a person has to know of an answer before they write back.
fn what_to_do(inbound: &Inbound, response: ResponseType) -> String {
    let mut words = format!("answer: {}", response.as_str().replace('_', " "));
    if let Some(day) = inbound.write_again_on {
        words.push_str(&format!(", write again on {day}"));
    }
    if let Some(referral) = &inbound.referral {
        let name = Some(referral.name.as_str()).filter(|name| !name.is_empty());
        let named = [name, referral.address.as_deref()];
        let named: Vec<&str> = named.into_iter().flatten().collect();
        if !named.is_empty() {
            words.push_str(&format!(", names {}", named.join(" ")));
        }
    }
    words
}

/// Other open campaigns of the same company wait for a person. The company is the registrable
/// domain; its name counts only where one of the two has no domain of its own.
fn hold_colleagues(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
) -> anyhow::Result<u32> {
    let sql = "SELECT o.id FROM campaigns c JOIN leads l ON l.id = c.lead_id
                      JOIN campaigns o JOIN leads k ON k.id = o.lead_id
               WHERE c.id = ?1 AND o.lead_id <> c.lead_id AND o.state IN ('active', 'paused')
                 AND (k.company_domain = l.company_domain
                      OR (k.company_domain IS NULL OR l.company_domain IS NULL)
                         AND trim(c.company) <> '' AND o.company = c.company COLLATE NOCASE)";
    let ids = conn
        .prepare_cached(sql)?
        .query_map([answered.campaign], |row| row.get::<_, i64>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    let why = format!("somebody of the same company answered {}", arrived.name());
    let mut held = 0;
    for id in ids {
        held += u32::from(transitions::pause(
            conn,
            id,
            "company",
            None,
            &why,
            arrived.now,
        )?);
    }
    Ok(held)
}

/// The rules are not sure: the campaign waits for a person, who is told why.
fn hold(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    why: &str,
) -> anyhow::Result<Done> {
    let kind = arrived.inbound.kind.as_str().replace('_', " ");
    let follow_up = Some(format!("unsure: {kind}, but {why}"));
    let reason = format!(
        "it is not sure what a mail wants: {why}; `outreach inbox relabel {} …` says it {}",
        arrived.mail,
        arrived.name()
    );
    let mut held = 0;
    for campaign in open_campaigns_of(conn, answered.campaign)? {
        let is_waiting = !may_be_paused(conn, campaign)?;
        if !is_waiting {
            let by = "company";
            let now = arrived.now;
            held += u32::from(transitions::pause(conn, campaign, by, None, &reason, now)?);
        }
    }
    let words = match held {
        0 => "left to a person: the rules are not sure",
        _ => "campaign waits for a person: the rules are not sure",
    };
    Ok(Done {
        words: words.to_string(),
        follow_up,
        alert: None,
    })
}

/// A draft and a campaign in review wait anyway.
fn may_be_paused(conn: &Connection, campaign: i64) -> anyhow::Result<bool> {
    let state = transitions::state_of(conn, campaign)?;
    Ok(matches!(
        state,
        CampaignState::Active | CampaignState::Paused
    ))
}

/// The person is away: all their campaigns wait until the business day after the return. A day that
/// cannot be meant counts as none.
fn hold_for_absence(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    until: Option<NaiveDate>,
) -> anyhow::Result<String> {
    let sql = "SELECT zone, country FROM campaigns WHERE id = ?1";
    let (zone, country): (String, String) = conn
        .prepare_cached(sql)?
        .query_row([answered.campaign], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let zone = Zone::parse(&zone)?;
    let at = arrived.believed_at();
    let written_on = zone.local_date(at);
    let may_be =
        |day: &NaiveDate| (written_on..=written_on + Duration::days(AWAY_DAYS_MAX)).contains(day);
    let (day, said) = match until.filter(may_be) {
        Some(day) => (day + Duration::days(1), format!("away until {day}")),
        None => (
            written_on + Duration::days(UNDATED_DAYS),
            "away, no date given".to_string(),
        ),
    };
    let day = calendar::next_business_day(&country, day);
    let resume_at = zone.at(day, NaiveTime::MIN);
    let sql = "UPDATE campaigns SET response_type = coalesce(response_type, 'auto_reply'),
                      last_activity_at = max(coalesce(last_activity_at, 0), ?2) WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((answered.campaign, seconds(at)))?;
    let why = format!("{said} {}", arrived.name());
    for campaign in open_campaigns_of(conn, answered.campaign)? {
        if may_be_paused(conn, campaign)? {
            let until = Some(resume_at);
            transitions::pause(conn, campaign, "absence", until, &why, arrived.now)?;
        }
    }
    Ok(format!("campaign waits until {day}: {said}"))
}

/// A refusal by policy is the sender's: the breaker opens with the server's words, unless a person
/// released the sender after the mail had left. The step itself is tried again afterwards.
fn hold_sender(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    reason: &str,
) -> anyhow::Result<Done> {
    let tried = returned::try_again(conn, arrived, answered, reason)?;
    let why = format!(
        "a mail came back for the sender's sake: {reason} {}",
        arrived.name()
    );
    let left_at = answered.left_at.unwrap_or(arrived.now);
    let sender = answered.sender.as_str();
    let is_news = breakers::hold_for(conn, sender, left_at, &why, arrived.now)?;
    if !is_news {
        return Ok(tried);
    }
    Ok(Done {
        words: format!("{sender} is held; {}", tried.words),
        alert: Some(format!(
            "{sender} sends nothing until a person releases it, because {why}: see to that, then \
             `outreach resume --sender {sender}`"
        )),
        ..tried
    })
}

/// Stops for the sake of a mail.
fn stop_for(
    conn: &Connection,
    arrived: &Arrived<'_>,
    answered: &Answered,
    reason: StopReason,
    suppress: bool,
) -> anyhow::Result<Done> {
    let from = arrived.from();
    let kind = arrived.inbound.kind.as_str();
    let cause = Cause {
        why: format!("{kind} from {} {}", masked(&from), arrived.name()),
        from: &from,
        at: arrived.believed_at(),
        for_company: arrived.inbound.for_company,
        now: arrived.now,
    };
    let words = stop(conn, &cause, answered, reason, suppress)?;
    let alert = (reason == StopReason::Complained).then(|| {
        format!(
            "somebody reported a mail of {} as spam: {} {}",
            answered.sender,
            masked(&answered.email),
            arrived.name()
        )
    });
    Ok(Done {
        words,
        follow_up: alert.clone(),
        alert,
    })
}

/// The open campaigns of the person a campaign is for, whichever tag their address has.
fn open_campaigns_of(conn: &Connection, campaign: i64) -> anyhow::Result<Vec<i64>> {
    let sql = "SELECT o.id FROM campaigns c JOIN leads l ON l.id = c.lead_id
                      JOIN leads k ON k.id = l.id OR k.email = l.email OR k.mailbox = l.mailbox
                      JOIN campaigns o ON o.lead_id = k.id
               WHERE c.id = ?1 AND o.state IN ('draft', 'review', 'active', 'paused')
               ORDER BY o.id";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([campaign], |row| row.get(0))?;
    rows.collect::<Result<_, _>>()
        .context("cannot list the person's campaigns")
}

/// Whether it only ever makes things more careful: nothing leaves because of it.
pub(super) fn is_careful(consequence: &Consequence) -> bool {
    match consequence {
        Consequence::Respond { .. }
        | Consequence::Hold { .. }
        | Consequence::PauseUntil { .. }
        | Consequence::Stop { .. } => true,
        Consequence::TryAgain { .. }
        | Consequence::HoldSender { .. }
        | Consequence::Nothing { .. } => false,
    }
}

/// An address for the log: enough to recognise, not enough to write to.
fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or(("", email));
    format!("{}…@{domain}", local.chars().take(1).collect::<String>())
}
