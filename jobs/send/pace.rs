//! The pace of a sender in a run: gaps between mails, and the time a run may take.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use outreach::config::{Config, Sender};
use outreach::mailer;

use crate::run::Job;

/// Keeps the gap between two mails of a sender, and the run within SEND_RUN_MINUTES. Only real time
/// and a real server are paced: a Maildir floods nobody, and a simulated clock does not move.
pub struct Pace {
    gap: Option<(u32, u32)>,
    waits: bool,
    ends_at: Instant,
    next_at: Option<Instant>,
    turn: u32,
}

impl Pace {
    /// The pace of a sender whose latest mail was claimed at an instant.
    pub fn new(
        config: &Config,
        sender: &Sender,
        job: &Job,
        last_at: Option<DateTime<Utc>>,
        began: Instant,
    ) -> Pace {
        let is_smtp = matches!(sender.mailer, mailer::Settings::Smtp(_));
        let is_real = is_smtp && !job.clock.is_simulated() && !job.args.dry_run;
        let gap = (sender.limits.gap_secs, sender.limits.jitter_secs);
        let gap = (is_real && gap != (0, 0)).then_some(gap);
        let next_at = gap.zip(last_at).and_then(|((gap, _), last_at)| {
            let due_at = last_at + chrono::Duration::seconds(i64::from(gap));
            let rest = (due_at - job.clock.now()).to_std().ok()?;
            Some(Instant::now() + rest)
        });
        let minutes = u64::from(config.send_run_minutes);
        Pace {
            gap,
            waits: is_real && !job.args.no_wait,
            ends_at: began + Duration::from_secs(minutes * 60),
            next_at,
            turn: 0,
        }
    }

    /// Whether mails keep a distance, so that there is never more than one under way.
    pub fn has_gap(&self) -> bool {
        self.gap.is_some()
    }

    /// The instant before which the next mail may not leave; none when it may at once.
    pub fn next_at(&self) -> Option<Instant> {
        self.next_at
    }

    /// Notes that a mail leaves now: the next one keeps its gap.
    pub fn leaves(&mut self) {
        let Some((gap, jitter)) = self.gap else {
            return;
        };
        self.turn = self.turn.wrapping_add(1);
        // A fixed stride through the jitter: spread, yet the same in every run.
        let extra = self
            .turn
            .wrapping_mul(37)
            .checked_rem(jitter.saturating_add(1))
            .unwrap_or(0);
        let gap = Duration::from_secs(u64::from(gap) + u64::from(extra));
        self.next_at = Some(Instant::now() + gap);
    }

    /// Whether an instant lies within the run.
    pub fn is_within(&self, at: Instant) -> bool {
        at <= self.ends_at
    }

    /// When to look again for what falls due at an instant; none when this run does not wait for
    /// it.
    pub fn wait_for(&self, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Instant> {
        let rest = (due_at - now).to_std().unwrap_or_default();
        let at = Instant::now().checked_add(rest)?;
        let at = self.next_at.map_or(at, |next_at| next_at.max(at));
        (self.waits && self.is_within(at)).then_some(at)
    }
}
