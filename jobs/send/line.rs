//! One sender's part in a run: what it may claim, for which connections, and when again.

use std::time::Instant;

use anyhow::{Context, anyhow};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use outreach::config::{Config, Sender};
use outreach::delivery::{Blame, Delivery};
use outreach::ledger::{
    Claimed, ClaimedMessage, Claims, Ledger, Limit, Position, Recorded, SendTurn,
};
use outreach::mailer::{Outgoing, Thread};
use outreach::tracking::Tracked;

use super::consequence::{self, Terms};
use super::pace::Pace;
use super::rules::{Findings, Rules};
use super::tracks::Tracks;
use crate::breaker;
use crate::exit::Failure;
use crate::run::{Job, Summary};

/// A sender in a run.
pub struct Line<'a> {
    config: &'a Config,
    sender: &'a Sender,
    mailboxes: &'a [String],
    tracks: Option<&'a Tracks<'a>>,
    /// The day its first mail left, which a ramp is counted from.
    first_on: Option<NaiveDate>,
    rules: Rules<'a>,
    terms: Terms,
    pace: Pace,
    position: Position,
    findings: Findings,
    way: Way,
    next: Next,
    failure: Option<Failure>,
    /// Whether an answer came that may count against the sender.
    is_suspect: bool,
}

/// How a sender's mail leaves.
pub struct Way {
    /// As recorded with each attempt.
    pub place: String,
    /// So many messages are handed over together.
    pub batch_max: usize,
    /// The connections that wait for mails.
    pub idle: Vec<usize>,
    /// How many others are busy.
    pub n_busy: usize,
    /// Whether a mail went well in this run: before that one connection finds out whether the
    /// server is there and takes our login.
    pub is_proven: bool,
}

/// When a sender looks for due messages again.
#[derive(Clone, Copy, Debug)]
enum Next {
    Now,
    At(Instant),
    /// When an answer makes a message due once more.
    Drained,
    /// Not in this run.
    Never,
}

impl<'a> Line<'a> {
    /// A sender at the start of a run.
    pub fn new(
        config: &'a Config,
        sender: &'a Sender,
        mailboxes: &'a [String],
        tracks: Option<&'a Tracks<'a>>,
        first_sent_at: Option<DateTime<Utc>>,
        pace: Pace,
        way: Way,
    ) -> Line<'a> {
        let zone = &config.default_zone;
        Line {
            config,
            sender,
            mailboxes,
            tracks,
            first_on: first_sent_at.map(|at| zone.local_date(at)),
            rules: Rules::new(config, sender),
            terms: Terms::new(config),
            next: pace.next_at().map_or(Next::Now, Next::At),
            pace,
            position: Position::start(),
            findings: Findings::default(),
            way,
            failure: None,
            is_suspect: false,
        }
    }

    /// When messages may be claimed, `now` or later; none when there is no connection for them or
    /// none will come.
    pub fn ready_at(&self, now: Instant) -> Option<Instant> {
        match self.next {
            _ if self.n_free() == 0 => None,
            Next::Now => Some(now),
            Next::At(at) => Some(at.max(now)),
            Next::Drained | Next::Never => None,
        }
    }

    /// Whether nothing more will be claimed, unless an answer changes that.
    pub fn is_over(&self) -> bool {
        matches!(self.next, Next::Drained | Next::Never)
    }

    /// Why this sender stopped, if it did.
    pub fn into_failure(self) -> Option<Failure> {
        let blocked = self.findings.blocked;
        let blocked = || blocked.map(|why| Failure::config(anyhow!(why)));
        self.failure.or_else(blocked)
    }

    /// How many connections may be given something.
    fn n_free(&self) -> usize {
        match self.pace.has_gap() || !self.way.is_proven {
            true => usize::from(self.way.n_busy == 0).min(self.way.idle.len()),
            false => self.way.idle.len(),
        }
    }

    /// Claims messages for the free connections, at most `max`.
    pub fn claim(
        &mut self,
        turn: &SendTurn<'_>,
        job: &Job,
        now: DateTime<Utc>,
        max: usize,
    ) -> anyhow::Result<Claimed> {
        let zone = &self.config.default_zone;
        let findings = &mut self.findings;
        findings.addressees.clear();
        let limits = &self.sender.limits;
        let today = zone.local_date(now);
        let mut claims = Claims {
            now,
            max: max.min(match self.pace.has_gap() {
                true => 1,
                false => self.way.batch_max.saturating_mul(match self.way.is_proven {
                    true => self.way.idle.len(),
                    false => 1,
                }),
            }),
            sender: self.sender.address.as_str(),
            daily_limit: limits.allowed_on(self.first_on, today),
            day_began_at: zone.at(today, NaiveTime::MIN),
            hourly_limit: limits.hourly,
            mailer: &self.way.place,
            run: job.run,
            mailboxes: self.mailboxes,
            lead: job.lead,
            counts_companies: self.config.company_daily.is_some(),
            threads: self.config.thread_follow_ups,
            canaries: self.config.canary_size,
            tracked: self.tracks.map_or(Tracked::default(), Tracks::wanted),
            position: &mut self.position,
        };
        let rules = &self.rules;
        let claimed = turn.claim_due(&mut claims, &mut |candidate| {
            rules.decide(candidate, now, findings)
        })?;
        Ok(claimed)
    }

    /// Takes note of what was claimed: says what a person should know, and when to look again.
    pub fn note(
        &mut self,
        claimed: &Claimed,
        ledger: &Ledger,
        job: &Job,
        now: DateTime<Utc>,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        if let Some((reason, since)) = &claimed.paused {
            let what = match ledger.switch("pause_all")? {
                Some(_) => "everything".to_string(),
                None => format!("`{}`", self.sender.address),
            };
            tracing::warn!("{what} is paused since {since}: {reason}");
            summary.count("paused");
        }
        summary.add("moved", i64::from(claimed.moved));
        summary.add("stopped", i64::from(claimed.stopped));
        for (_, reason) in &claimed.back_in_review {
            summary.count("back_in_review");
            summary.needs_person = true;
            summary.note(reason);
        }
        for (_, reason) in &claimed.held {
            summary.count("held");
            summary.note(reason);
        }
        if !claimed.messages.is_empty() {
            self.pace.leaves();
        }
        let is_daily = claimed.limit_reached == Some(Limit::Daily);
        summary.add("daily_limit_reached", i64::from(is_daily));
        self.next = match claimed.limit_reached {
            _ if claimed.paused.is_some() => Next::Never,
            Some(Limit::Daily) => Next::Never,
            Some(Limit::Hourly) => {
                summary.count("hourly_limit_reached");
                let next_hour = now + chrono::Duration::hours(1);
                let next_hour = next_hour - into_the_hour(next_hour);
                self.pace
                    .wait_for(next_hour, now)
                    .map_or(Next::Never, Next::At)
            }
            None if claimed.exhausted || self.pace.has_gap() => {
                self.next_look(ledger, job, now, summary)?
            }
            None => Next::Now,
        };
        Ok(())
    }

    /// When to look again after all that is due now was looked at, or while a gap is kept.
    fn next_look(
        &self,
        ledger: &Ledger,
        job: &Job,
        now: DateTime<Utc>,
        summary: &mut Summary,
    ) -> anyhow::Result<Next> {
        let address = self.sender.address.as_str();
        let Some(due_at) = ledger.next_due_at(address, job.lead, &self.position)? else {
            return Ok(Next::Drained);
        };
        if due_at > now {
            let at = self.pace.wait_for(due_at, now);
            if at.is_some() {
                tracing::debug!("`{address}`: the next mail is due at {due_at}");
            }
            return Ok(at.map_or(Next::Drained, Next::At));
        }
        Ok(match self.pace.next_at() {
            None => Next::Now,
            Some(at) if self.pace.is_within(at) => Next::At(at),
            Some(_) => {
                summary.count("run_time_used_up");
                Next::Never
            }
        })
    }

    /// A connection for so many of the claimed messages as it takes together.
    pub fn take_connection(&mut self) -> anyhow::Result<(usize, usize)> {
        let connection = self.way.idle.pop();
        let connection = connection.context("more was claimed than there are connections")?;
        self.way.n_busy += 1;
        Ok((connection, self.way.batch_max))
    }

    /// A connection is free again.
    pub fn give_back(&mut self, connection: usize) {
        self.way.n_busy = self.way.n_busy.saturating_sub(1);
        self.way.idle.push(connection);
    }

    /// What a delivery comes to. Trouble that the next message would meet too ends this sender's
    /// part in the run.
    pub fn answered(
        &mut self,
        message: &ClaimedMessage,
        delivery: Delivery,
        now: DateTime<Utc>,
        summary: &mut Summary,
    ) -> Recorded {
        summary.count(delivery.label());
        match &delivery {
            Delivery::Deferred {
                blame: blame @ (Blame::Server | Blame::Sender),
                phase,
                reply,
            } => {
                let (mailer, phase, blame) = (&self.sender.mailer, *phase, *blame);
                let failure = consequence::stopped(mailer, phase, blame, reply);
                self.failure.get_or_insert(failure);
                self.next = Next::Never;
            }
            Delivery::Rejected { .. } | Delivery::InDoubt { .. } => summary.needs_person = true,
            Delivery::Accepted { .. } | Delivery::Deferred { .. } => {}
        }
        self.way.is_proven |= self.failure.is_none();
        let recorded = consequence::of(message, delivery, &self.terms, now);
        self.is_suspect |= !matches!(recorded, Recorded::Sent { .. } | Recorded::InDoubt { .. });
        if let (Recorded::Deferred { until, .. }, Next::Drained) = (&recorded, self.next) {
            let at = self.pace.wait_for(*until, now);
            self.next = at.map_or(Next::Drained, Next::At);
        }
        recorded
    }

    /// Stops the sender if what was recorded since the last time demands it.
    pub fn weigh(
        &mut self,
        ledger: &mut Ledger,
        now: DateTime<Utc>,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let is_suspect = std::mem::take(&mut self.is_suspect);
        if is_suspect && breaker::trips(ledger, self.config, self.sender, now, summary)? {
            self.next = Next::Never;
        }
        Ok(())
    }

    /// The mail of a claimed message.
    pub fn compose(&self, message: &ClaimedMessage) -> anyhow::Result<Outgoing> {
        let addressee = self.findings.addressees.get(&message.id).cloned();
        let (to, to_name) =
            addressee.with_context(|| format!("message {}: it has no addressee", message.id))?;
        let sender = self.sender;
        let thread = thread_of(message);
        let tracks = self.tracks.map(|tracks| tracks.of(message));
        let (unsubscribe_url, html) = tracks.unwrap_or_default();
        let answered = message.earlier.first().map(|first| first.subject.as_str());
        Ok(Outgoing {
            from: sender.address.clone(),
            from_name: sender.name.clone(),
            to,
            to_name,
            subject: answered
                .map_or_else(|| message.subject.clone(), |first| format!("Re: {first}")),
            body: message.body.clone(),
            dated_at: message.dated_at,
            message_id: message.message_id.clone(),
            outreach_key: message.outreach_key.clone(),
            unsubscribe_mailto: Some(sender.unsubscribe_mailto.clone()),
            postal_address: self.config.postal_address.clone(),
            reply_to: sender.reply_to.clone(),
            unsubscribe_url,
            thread,
            html,
        })
    }
}

/// The mails that a follow-up answers, if it is to stand in their thread (RFC 5322 section 3.6.4).
fn thread_of(message: &ClaimedMessage) -> Option<Thread> {
    let ids = message.earlier.iter().map(|mail| mail.message_id.clone());
    Some(Thread {
        in_reply_to: message.earlier.last()?.message_id.clone(),
        references: ids.collect(),
    })
}

/// How long ago the full hour was.
fn into_the_hour(at: DateTime<Utc>) -> chrono::Duration {
    chrono::Duration::seconds(at.timestamp().rem_euclid(3_600))
}
