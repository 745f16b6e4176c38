//! What stops a sender, or the rest of a batch of new leads, until a person looks.
//!
//! Purpose: figures in, verdict out. A sender stops when too many of its mails bounce, when
//! somebody complains, or when the same trouble meets it again and again; the rest of a batch waits
//! for what becomes of the batch's first mails.
//! Invariant: a verdict names the figures it rests on, so that a person can weigh them.
//! This module does not know where the figures come from, nor who may overrule it.

use chrono::{DateTime, TimeDelta, Utc};

/// Bounces are counted over so many days.
pub const WINDOW_DAYS: u32 = 28;
/// Fewer mails than this say nothing about a rate.
pub const SAMPLE_MIN: u32 = 20;
/// So many runs in a row in which the login is refused stop a sender.
pub const LOGIN_RUNS_MAX: usize = 3;
/// So many runs in a row without a connection stop a sender.
pub const CONNECTION_RUNS_MAX: usize = 5;
/// So many refusals by policy in a row stop a sender.
pub const POLICY_REFUSALS_MAX: usize = 3;

/// Trouble that is not one message's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server does not take our login.
    Login,
    /// There is no server, or none that talks.
    Connection,
    /// Policy, reputation or quota (X.7.x).
    Policy,
}

/// How one attempt of a sender ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The run it belongs to.
    pub run: i64,
    /// The trouble it met; none for one that ended well, or about the message itself.
    pub trouble: Option<Trouble>,
    /// The server's words.
    pub reply: String,
}

/// What is known of a sender since a person last released it, at most [`WINDOW_DAYS`] back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Mails that were accepted, or refused for the address's sake.
    pub mails: u32,
    /// Those of them that bounced, in the conversation or by a later notice.
    pub bounced: u32,
    /// Complaints about any of its mails.
    pub complaints: u32,
    /// The latest attempts, newest first.
    pub endings: Vec<Ending>,
}

impl Trouble {
    /// The trouble an attempt met, by the words stored with it.
    pub fn of(outcome: &str, phase: &str, blame: &str, reply: &str) -> Option<Trouble> {
        match (outcome, blame, phase) {
            // 4yz: the server cannot check logins just now.
            ("deferred", "sender", "auth") if reply.starts_with('4') => None,
            ("deferred", "sender", "auth") => Some(Trouble::Login),
            ("deferred", "server", "connect" | "greeting") => Some(Trouble::Connection),
            ("deferred" | "rejected", "sender", _) => Some(Trouble::Policy),
            _ => None,
        }
    }
}

/// Why a sender has to stop, if it has to: a clause with the figures.
pub fn verdict(figures: &Figures, bounce_limit_percent: f64) -> Option<String> {
    if figures.complaints > 0 {
        let n = figures.complaints;
        return Some(match n {
            1 => "somebody complained about a mail".to_string(),
            n => format!("{n} people complained about mails"),
        });
    }
    let (mails, bounced) = (figures.mails, figures.bounced);
    if mails >= SAMPLE_MIN && is_over(bounced, mails, bounce_limit_percent) {
        return Some(format!(
            "{bounced} of {mails} mails of the last {WINDOW_DAYS} days bounced ({}, limit \
             {bounce_limit_percent} %)",
            percent(bounced, mails)
        ));
    }
    in_a_row(&figures.endings)
}

/// The same trouble again and again, up to the latest attempt.
fn in_a_row(endings: &[Ending]) -> Option<String> {
    let latest = endings.first()?;
    let trouble = latest.trouble?;
    let streak = endings
        .iter()
        .take_while(|ending| ending.trouble == Some(trouble));
    let mut runs: Vec<i64> = streak.clone().map(|ending| ending.run).collect();
    let refusals = runs.len();
    runs.dedup();
    let reply = &latest.reply;
    let n = runs.len();
    match trouble {
        Trouble::Login if n >= LOGIN_RUNS_MAX => {
            Some(format!("the login failed in {n} runs in a row: {reply}"))
        }
        Trouble::Connection if n >= CONNECTION_RUNS_MAX => {
            Some(format!("no connection in {n} runs in a row: {reply}"))
        }
        Trouble::Policy if refusals >= POLICY_REFUSALS_MAX => Some(format!(
            "{refusals} mails in a row were refused for the sender's sake: {reply}"
        )),
        _ => None,
    }
}

fn is_over(part: u32, whole: u32, limit_percent: f64) -> bool {
    f64::from(part) * 100.0 > limit_percent * f64::from(whole)
}

fn percent(part: u32, whole: u32) -> String {
    format!("{:.1} %", f64::from(part) * 100.0 / f64::from(whole.max(1)))
}

/// How the first Hooks of a batch of new leads are to fare before the rest leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CanaryTerms {
    /// So many Hooks go first; 0 turns it off.
    pub size: u32,
    /// So long after the last of them the rest waits at least.
    pub hours: u32,
    /// More bounces than this among them hold the rest.
    pub bounce_limit_percent: f64,
}

/// What is known of a batch's first Hooks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    /// The batch: the UTC day on which its leads were first read.
    pub batch: String,
    /// Whether the Hook in question is one of them already.
    pub is_member: bool,
    /// How many there are; those whose campaign ended before they left do not count.
    pub chosen: u32,
    /// How many of them have left, or ended in trying.
    pub left: u32,
    /// When the last of them left.
    pub last_left_at: Option<DateTime<Utc>>,
    /// How many bounced.
    pub bounced: u32,
    /// How many were answered with a complaint.
    pub complained: u32,
    /// How many were answered with an opt-out.
    pub opted_out: u32,
    /// When every mailbox had been read; none when one never was.
    pub scanned_at: Option<DateTime<Utc>>,
    /// Whether the rest may leave, as found earlier or said by a person.
    pub is_cleared: bool,
}

/// Whether a Hook of a batch may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canary {
    /// It may, as one of the first.
    First,
    /// It may: the first did well.
    Cleared,
    /// Not before an instant.
    Wait {
        /// The instant.
        until: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// Not before something else has happened.
    Hold {
        /// Why.
        reason: String,
    },
    /// Not before a person says so.
    Tripped {
        /// Why.
        reason: String,
    },
}

/// Whether a Hook may leave, going by the first of its batch.
pub fn canary(cohort: &Cohort, terms: &CanaryTerms, now: DateTime<Utc>) -> Canary {
    if terms.size == 0 || cohort.is_cleared {
        return Canary::Cleared;
    }
    if let Some(why) = bad_figures(cohort, terms) {
        let batch = &cohort.batch;
        let reason = format!(
            "the leads first read on {batch} are held, {why}: look at them, then `outreach resume \
             --batch {batch}`"
        );
        return Canary::Tripped { reason };
    }
    if cohort.is_member || cohort.chosen < terms.size {
        return Canary::First;
    }
    let Cohort { chosen, left, .. } = cohort;
    let (Some(last), true) = (cohort.last_left_at, left >= chosen) else {
        let reason = format!("{left} of the first {chosen} mails of its batch have left");
        return Canary::Hold { reason };
    };
    let until = last + TimeDelta::hours(terms.hours.into());
    if now < until {
        let reason = format!("waits for what comes of the first {chosen} mails of its batch");
        return Canary::Wait { until, reason };
    }
    if cohort.scanned_at.is_none_or(|at| at < until) {
        let reason = format!(
            "the inbox was not read since the first {chosen} mails of its batch had their time: \
             run `outreach scan`"
        );
        return Canary::Hold { reason };
    }
    Canary::Cleared
}

/// More opt-outs than this among the first mails, in percent, hold the rest: with cold mail a few
/// are usual, more than one in ten means that the list is the wrong one.
const OPT_OUT_LIMIT_PERCENT: f64 = 10.0;

/// What is wrong with a batch's first mails, whether or not all of them have left: a single bounce
/// is no rate, two are.
fn bad_figures(cohort: &Cohort, terms: &CanaryTerms) -> Option<String> {
    let size = terms.size.max(cohort.chosen);
    let of = format!("of its first {size} mails");
    if cohort.complained > 0 {
        return Some(format!("{} {of} met a complaint", cohort.complained));
    }
    let (bounced, opted_out) = (cohort.bounced, cohort.opted_out);
    if bounced > 1 && is_over(bounced, size, terms.bounce_limit_percent) {
        let share = percent(bounced, size);
        return Some(format!("{bounced} {of} bounced ({share})"));
    }
    if opted_out > 1 && is_over(opted_out, size, OPT_OUT_LIMIT_PERCENT) {
        let share = percent(opted_out, size);
        return Some(format!(
            "{opted_out} {of} were answered with an opt-out ({share})"
        ));
    }
    None
}

#[cfg(test)]
mod tests;
