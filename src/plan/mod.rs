//! When each message leaves: history + sequence + capacity + now -> dated messages with reasons.
//!
//! Purpose: the scheduling brain, one pure function ([`dated`]), and the gate that tests the same
//! rules again at the moment of sending ([`gate`]).
//! Invariant: steps keep their order and at least their configured distance; nothing is dated
//! outside the window, on a day that is no business day there, or above a limit.
//! This module does not know the ledger, nor what a message says.

mod capacity;
mod dates;
#[cfg(test)]
mod fixture;
mod gate;
mod moved;
mod rules;

pub use dates::dated;
pub use gate::{Gate, gate, next_allowed, retry_at};
pub use moved::after_sent;

use chrono::{DateTime, Utc};

use crate::calendar::{Window, Zone};
use crate::campaign::Sequence;

/// The limits and hours that planning keeps to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The hours in the lead's zone.
    pub window: Window,
    /// The zone in which a sender's day is counted.
    pub day_zone: Zone,
    /// Messages a sender may send a day; at least 1.
    pub daily_limit: u32,
    /// Seconds between two messages of a sender.
    pub gap_secs: u32,
    /// Up to so many seconds more, the same in every run (seeded by the message).
    pub jitter_secs: u32,
}

/// What one sender may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages a day; at least 1.
    pub daily: u32,
    /// Messages in any clock hour, if that is limited; at least 1.
    pub hourly: Option<u32>,
    /// Seconds between two messages.
    pub gap_secs: u32,
    /// Up to so many seconds more, the same in every run (seeded by sender and day).
    pub jitter_secs: u32,
    /// A new sender's lower limit on its first days, if it is to grow slowly.
    pub ramp: Option<Ramp>,
}

/// How the daily limit of a new sender grows, counted from the day of its first mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// Messages on the first day; at least 1.
    pub start: u32,
    /// Messages more on every day of sending after it.
    pub step: u32,
}

/// What planning knows of one campaign: where the lead is and what became of each step so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Itinerary {
    /// The campaign's row; it comes back in [`Slot::campaign`] and seeds the jitter.
    pub campaign: i64,
    /// The steps frozen into the campaign.
    pub sequence: Sequence,
    /// The zone whose hours are kept.
    pub zone: Zone,
    /// The country whose holidays are kept, ISO 3166 alpha-2.
    pub country: String,
    /// One fact a step; a step of the sequence without one counts as [`StepState::Over`].
    pub steps: Vec<StepFact>,
}

impl Itinerary {
    /// Where a step stands.
    fn state(&self, number: u32) -> StepState {
        let fact = self.steps.iter().find(|fact| fact.number == number);
        fact.map_or(StepState::Over, |fact| fact.state)
    }
}

/// Where one step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepFact {
    /// 1 for the first step.
    pub number: u32,
    /// Its state.
    pub state: StepState,
}

/// The states that matter to planning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// To be dated.
    Undated,
    /// Not to leave before this instant.
    Dated(DateTime<Utc>),
    /// The server took it at this instant.
    Sent(DateTime<Utc>),
    /// Being sent or in doubt: holds what follows.
    Open,
    /// Skipped or dead: nothing follows.
    Over,
}

/// A date for one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The campaign's row.
    pub campaign: i64,
    /// The step.
    pub number: u32,
    /// The earliest instant at which it may leave, in whole seconds.
    pub due_at: DateTime<Utc>,
    /// Why then, in a sentence people understand.
    pub reason: String,
}
