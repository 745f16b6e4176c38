//! The turns of a run: one writer records the answers of all connections and claims for those that
//! are free, in one committed transaction after the other.
//!
//! Invariant: a mail is handed to a connection only after the transaction that claimed it was
//! committed, and a connection never has more than it can hand over at once, so that a dead process
//! leaves no more in doubt than it had connections. All senders take their turns together; one in
//! trouble keeps no other from sending.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use outreach::delivery::Delivery;
use outreach::ledger::{Claimed, ClaimedMessage, Ledger, Recorded};

use super::connections::{Answer, Connections, Work};
use super::line::Line;
use crate::exit::Failure;
use crate::run::{Job, Progress, Summary};

/// However long the next mail is away, so often we see whether we were asked to end.
const LOOKS_EVERY: Duration = Duration::from_millis(200);

/// The senders of a run with their connections.
pub struct Turns<'a> {
    job: &'a Job,
    lines: Vec<Line<'a>>,
    /// None in a dry run: then everything counts as accepted.
    connections: Option<Connections>,
    /// What each busy connection has, with the sender's line.
    under_way: BTreeMap<usize, (usize, Vec<ClaimedMessage>)>,
    answers: Vec<Answer>,
    unrecorded: Vec<(ClaimedMessage, Recorded)>,
    /// So many more messages this run takes on.
    left: usize,
    /// The line that claims first, so that a small limit is shared by all.
    first: usize,
    progress: Progress,
}

impl<'a> Turns<'a> {
    /// A run of these senders, for at most `left` messages.
    pub fn new(
        job: &'a Job,
        lines: Vec<Line<'a>>,
        connections: Option<Connections>,
        left: usize,
    ) -> Turns<'a> {
        Turns {
            job,
            lines,
            connections,
            under_way: BTreeMap::new(),
            answers: Vec::new(),
            unrecorded: Vec::new(),
            left,
            first: 0,
            progress: Progress::start("messages sent", 0, &job.args),
        }
    }

    /// Sends until nothing is left to come; the gravest of the senders' troubles is the answer.
    pub async fn run(mut self, ledger: &mut Ledger, summary: &mut Summary) -> Result<(), Failure> {
        let mut result = self.take_turns(ledger, summary).await;
        if result.is_err() {
            // What is under way comes home, so that as little as possible stays in doubt; the
            // first error is the one to tell.
            let _ = self.come_home(ledger, summary).await;
        }
        if let Some(connections) = self.connections.take() {
            connections.close();
        }
        for failure in self.lines.into_iter().filter_map(Line::into_failure) {
            result = result.and(Err(failure));
        }
        result
    }

    async fn take_turns(
        &mut self,
        ledger: &mut Ledger,
        summary: &mut Summary,
    ) -> Result<(), Failure> {
        loop {
            let is_ending = self.job.stop.requested() || self.left == 0;
            self.turn(ledger, is_ending, summary)?;
            let is_over = is_ending || self.lines.iter().all(Line::is_over);
            if is_over && self.under_way.is_empty() {
                return Ok(());
            }
            self.wait(is_ending).await?;
            self.settle(summary)?;
        }
    }

    /// Waits for what is under way and records it; nothing more is claimed.
    async fn come_home(
        &mut self,
        ledger: &mut Ledger,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        while !self.under_way.is_empty() {
            self.wait(true).await?;
            self.settle(summary)?;
        }
        self.turn(ledger, true, summary)
    }

    /// One transaction: what came back is recorded, and what may leave is claimed.
    fn turn(
        &mut self,
        ledger: &mut Ledger,
        is_ending: bool,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let ready = match is_ending {
            true => Vec::new(),
            false => self.ready(),
        };
        if ready.is_empty() && self.unrecorded.is_empty() {
            return Ok(());
        }
        let now = self.job.clock.now();
        let (lines, job, left) = (&mut self.lines, self.job, &mut self.left);
        let claimed = ledger.send_turn(&self.unrecorded, now, |turn| {
            let mut all = Vec::with_capacity(ready.len());
            for number in ready {
                let Some(line) = lines.get_mut(number).filter(|_| *left > 0) else {
                    continue;
                };
                let claimed = line.claim(turn, job, now, *left)?;
                *left -= claimed.messages.len();
                all.push((number, claimed));
            }
            Ok(all)
        })?;
        self.progress.advance(self.unrecorded.len() as u64);
        self.unrecorded.clear();
        let mut work = Vec::new();
        let mut assigned = Ok(());
        for (number, claimed) in claimed {
            let noted = match self.lines.get_mut(number) {
                Some(line) => line.note(&claimed, ledger, job, now, summary),
                None => Ok(()),
            };
            let given = noted.and_then(|()| self.assign(number, claimed, &mut work, summary));
            assigned = assigned.and(given);
        }
        // What has its connection goes there, whatever happened to the others: it is waited for.
        if let Some(connections) = self.connections.as_ref().filter(|_| !work.is_empty()) {
            connections.hand_over(work)?;
        }
        assigned?;
        for line in &mut self.lines {
            line.weigh(ledger, now, summary)?;
        }
        Ok(())
    }

    /// The lines that may claim, another one first each time.
    fn ready(&mut self) -> Vec<usize> {
        let now = Instant::now();
        self.first = self.first.wrapping_add(1);
        let n = self.lines.len();
        let first = self.first.checked_rem(n).unwrap_or(0);
        let numbers = (first..n).chain(0..first);
        numbers
            .filter(|number| {
                let line = self.lines.get(*number);
                line.and_then(|line| line.ready_at(now)) == Some(now)
            })
            .collect()
    }

    /// Gives claimed messages to the line's connections.
    fn assign(
        &mut self,
        number: usize,
        claimed: Claimed,
        work: &mut Vec<Work>,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let line = self.lines.get_mut(number).context("no such sender")?;
        let mut messages = claimed.messages.into_iter().peekable();
        while messages.peek().is_some() {
            let (connection, batch_max) = line.take_connection()?;
            let batch: Vec<ClaimedMessage> = messages.by_ref().take(batch_max).collect();
            let mut mails = Vec::with_capacity(batch.len());
            for message in &batch {
                mails.push(line.compose(message)?);
            }
            match &self.connections {
                Some(_) => work.push((connection, mails)),
                None => {
                    for (message, mail) in batch.iter().zip(&mails) {
                        let (step, to, subject) = (&message.step, &mail.to, &mail.subject);
                        summary.preview.push(format!("{step} to {to}: {subject}"));
                    }
                    let accepted = |_| Delivery::Accepted {
                        reply: "dry run".to_string(),
                    };
                    let deliveries = mails.iter().map(accepted).collect();
                    self.answers.push(Answer {
                        connection,
                        deliveries,
                    });
                }
            }
            self.under_way.insert(connection, (number, batch));
        }
        Ok(())
    }

    /// Waits until there is something to record or to claim, but not longer than until it is time
    /// to see whether we were asked to end.
    async fn wait(&mut self, is_ending: bool) -> anyhow::Result<()> {
        if !self.answers.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        let ready_at = self
            .lines
            .iter()
            .filter_map(|line| line.ready_at(now))
            .min();
        let ready_at = ready_at.filter(|_| !is_ending);
        let until = ready_at.map_or(now + LOOKS_EVERY, |at| at.min(now + LOOKS_EVERY));
        match &self.connections {
            Some(connections) if !self.under_way.is_empty() => {
                // Nothing else waits for this thread, as nothing does while the ledger is written.
                connections.answers(until.saturating_duration_since(now), &mut self.answers)
            }
            _ => {
                tokio::time::sleep_until(tokio::time::Instant::from_std(until)).await;
                Ok(())
            }
        }
    }

    /// Notes what the answers that came mean; the next turn records it.
    fn settle(&mut self, summary: &mut Summary) -> anyhow::Result<()> {
        let now = self.job.clock.now();
        for answer in self.answers.drain(..) {
            let given = self.under_way.remove(&answer.connection);
            let (number, messages) = given.context("an answer to nothing")?;
            let line = self.lines.get_mut(number).context("no such sender")?;
            line.give_back(answer.connection);
            for (message, delivery) in messages.into_iter().zip(answer.deliveries) {
                let recorded = line.answered(&message, delivery, now, summary);
                self.unrecorded.push((message, recorded));
            }
        }
        Ok(())
    }
}
