//! The pace of a run: gaps between mails, and the time a run may take.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use outreach::config::{Config, Sender};
use outreach::mailer;

use crate::run::{Job, Stop};

/// Keeps the gap between two mails of a run, and the run within SEND_RUN_MINUTES. Only real time
/// and a real server are paced: a Maildir floods nobody, and a simulated clock does not move.
pub struct Pace {
    gap: Option<(u32, u32)>,
    run_max: Duration,
    turn: u32,
}

impl Pace {
    /// The pace of a run.
    pub fn new(config: &Config, sender: &Sender, job: &Job) -> Pace {
        let is_smtp = matches!(sender.mailer, mailer::Settings::Smtp(_));
        let paced = is_smtp && !job.clock.is_simulated() && !job.args.dry_run;
        let gap = (sender.limits.gap_secs, sender.limits.jitter_secs);
        Pace {
            gap: (paced && gap != (0, 0)).then_some(gap),
            run_max: Duration::from_secs(u64::from(config.send_run_minutes) * 60),
            turn: 0,
        }
    }

    /// Waits until an earlier run's last mail is far enough away.
    pub async fn wait_after(
        &self,
        last_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        stop: &Stop,
    ) {
        if let (Some((gap, _)), Some(last_at)) = (self.gap, last_at) {
            let due_at = last_at + chrono::Duration::seconds(i64::from(gap));
            if let Ok(rest) = (due_at - now).to_std() {
                wait_until(Instant::now() + rest, stop).await;
            }
        }
    }

    /// Waits for the next turn; false when the run's time is used up.
    pub async fn wait(&mut self, began: Instant, stop: &Stop) -> bool {
        let Some((gap, jitter)) = self.gap else {
            return true;
        };
        self.turn = self.turn.wrapping_add(1);
        // A fixed stride through the jitter: spread, yet the same in every run.
        let extra = self
            .turn
            .wrapping_mul(37)
            .checked_rem(jitter.saturating_add(1))
            .unwrap_or(0);
        let until = Instant::now() + Duration::from_secs(u64::from(gap) + u64::from(extra));
        if until.duration_since(began) > self.run_max {
            return false;
        }
        wait_until(until, stop).await;
        true
    }
}

/// Waits, but not longer than until we are asked to end.
async fn wait_until(until: Instant, stop: &Stop) {
    while Instant::now() < until && !stop.requested() {
        let rest = until.saturating_duration_since(Instant::now());
        tokio::time::sleep(rest.min(Duration::from_millis(200))).await;
    }
}
