//! Who holds the ledger while `serve` runs: one thread that stores what all others hear.
//!
//! Invariant: what waits together is stored in one transaction, and answered after it. A
//! transaction costs as much as the disk takes to be sure of it, so the busier it gets the less
//! each request costs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use outreach::clock::Clock;
use outreach::ledger::{self, Heard, Kept, Ledger, Trouble};
use outreach::tracking::token::{Keys, Purpose};
use outreach::web::{Answer, Figures, Health, Work};
use tokio::sync::{oneshot, watch};

/// How long people wait for a ledger that a stage is writing to. Those who came meanwhile wait as
/// long once more, which together is less than a request may take.
const LOCK_WAITS: Duration = Duration::from_secs(3);

/// The most requests in one transaction.
const BATCH_MAX: usize = 256;

/// How often an idle ledger is tried, for the sake of `/health`, and keys are read anew. A new key
/// signs nothing for a day, so minutes would do.
const LOOKS_EVERY: Duration = Duration::from_secs(10);

/// The one who holds the ledger.
pub struct Keeper {
    /// The ledger.
    pub ledger: Ledger,
    /// Where the keys that are believed are told.
    pub keys: watch::Sender<Keys>,
    /// What is counted.
    pub figures: Figures,
    /// Where it is told that the ledger can be written.
    pub health: Arc<Health>,
    /// The time.
    pub clock: Clock,
}

impl Keeper {
    /// Stores and answers until everybody who could ask is gone.
    pub fn run(mut self, work: &Receiver<Work>) {
        if let Err(error) = self.ledger.wait_at_most(LOCK_WAITS) {
            tracing::error!("{error:#}");
            return; // Whoever asks is told so.
        }
        let mut looked_at = Instant::now();
        let mut is_well = true;
        loop {
            let stored = match work.recv_timeout(LOOKS_EVERY) {
                Ok(first) => {
                    let rest = work.try_iter().take(BATCH_MAX - 1);
                    let batch = std::iter::once(first).chain(rest).collect();
                    self.store(batch)
                }
                Err(RecvTimeoutError::Timeout) => self.ledger.ensure_writable(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // One line when it begins and one when it ends, however many asked meanwhile.
            match (&stored, is_well) {
                (Ok(()), true) => {}
                (Ok(()), false) => tracing::info!("the ledger can be written again"),
                (Err(error), true) => tracing::warn!(
                    "nothing is counted, and ways out have to be tried again: {}",
                    ledger::in_words(error)
                ),
                (Err(error), false) => tracing::debug!("{}", ledger::in_words(error)),
            }
            is_well = stored.is_ok();
            if is_well {
                self.health.wrote();
            }
            if looked_at.elapsed() >= LOOKS_EVERY {
                looked_at = Instant::now();
                self.look_for_keys();
            }
        }
    }

    /// Believes the keys of the ledger as they are now; if they cannot be read, those it knew.
    fn look_for_keys(&mut self) {
        match self.ledger.signing_keys(self.clock.now()) {
            Ok(keys) => {
                self.keys.send_replace(keys);
            }
            Err(error) => tracing::debug!("the keys cannot be read anew: {error:#}"),
        }
    }

    /// Stores a batch and answers it. What is wrong with one request must not keep the others from
    /// being stored, so after an error that is not the ledger's each is tried by itself.
    fn store(&mut self, batch: Vec<Work>) -> anyhow::Result<()> {
        let (heard, answers): (Vec<Heard>, Vec<_>) = batch
            .into_iter()
            .map(|work| (work.heard, work.answer))
            .unzip();
        match self.keep(&heard) {
            Ok(kept) => {
                for ((heard, answer), kept) in heard.iter().zip(answers).zip(kept) {
                    self.answer(heard, answer, Answer::Kept(kept));
                }
                Ok(())
            }
            Err(error) if heard.len() == 1 || is_the_ledgers(&error) => {
                for (heard, answer) in heard.iter().zip(answers) {
                    self.answer_unkept(heard, answer);
                }
                Err(error)
            }
            Err(_) => {
                let mut result = Ok(());
                for (heard, answer) in heard.into_iter().zip(answers) {
                    let one = vec![Work { heard, answer }];
                    result = self.store(one).and(result);
                }
                result
            }
        }
    }

    fn keep(&mut self, heard: &[Heard]) -> anyhow::Result<Vec<Kept>> {
        let started = Instant::now();
        let kept = self.ledger.keep_engagements(heard);
        let n = u32::try_from(heard.len()).unwrap_or(u32::MAX);
        self.figures.committed(n, started.elapsed());
        kept
    }

    fn answer(&self, heard: &Heard, answer: oneshot::Sender<Answer>, said: Answer) {
        self.figures.queue.dec();
        let kind = kind_of(heard.purpose);
        match &said {
            Answer::Kept(Kept::Stored { machine, .. }) => {
                self.figures.event(kind, machine.unwrap_or("person"));
            }
            Answer::Kept(Kept::Flood { .. }) => self.figures.event(kind, "flood"),
            Answer::Kept(Kept::Gone) => self.figures.event(kind, "gone"),
            Answer::Unkept { .. } => self.figures.unkept(),
        }
        let _ = answer.send(said); // Whoever asked may have left.
    }

    /// Reading works while others write: whoever clicks is led on all the same.
    fn answer_unkept(&self, heard: &Heard, answer: oneshot::Sender<Answer>) {
        let leads_to = match heard.purpose {
            Purpose::Click { link } => self.ledger.link_of(heard.message, link).ok().flatten(),
            Purpose::Open | Purpose::OptOut => None,
        };
        self.answer(heard, answer, Answer::Unkept { leads_to });
    }
}

fn is_the_ledgers(error: &anyhow::Error) -> bool {
    matches!(
        ledger::trouble(error),
        Some(Trouble::Later | Trouble::Unusable)
    )
}

fn kind_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Open => "open",
        Purpose::Click { .. } => "click",
        Purpose::OptOut => "opt_out",
    }
}
