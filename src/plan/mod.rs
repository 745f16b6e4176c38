//! When each message leaves: history + settings + capacity + now -> dated messages with reasons.
//!
//! Purpose: the scheduling brain, one pure function ([`dated`]), and the gate that tests the same
//! rules again at the moment of sending ([`gate`]).
//! Invariant: steps keep their order and at least their configured distance; nothing is dated
//! outside the window, on a day that is no business day there, on a day of our own that is closed,
//! or above a limit; a campaign keeps its sender for good.
//! This module does not know the ledger, nor what a message says.

mod capacity;
mod dates;
#[cfg(test)]
mod fixture;
pub mod forecast;
mod gate;
mod limits;
mod moved;
#[cfg(test)]
mod oracle;
mod rules;

pub use dates::dated;
pub use gate::{Gate, gate, next_allowed};
pub use limits::{Limits, Ramp};
pub use moved::after_sent;

use chrono::{DateTime, Utc};

use crate::calendar::{ClosingDays, Window, Zone};
use crate::campaign::Sequence;

/// The hours and rules that planning keeps to, whoever sends.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The hours in the lead's zone.
    pub window: Window,
    /// The zone in which a sender's day is counted.
    pub day_zone: Zone,
    /// Our own days off, which hold for every lead.
    pub closing_days: ClosingDays,
    /// Messages a day to addresses of one company, over all senders; none: as many as fit.
    pub company_daily: Option<u32>,
    /// A follow-up that could leave only more than so many days after its day is not sent at all;
    /// 0: however late.
    pub stale_after_days: u32,
    /// What is dated and did not leave for so long gets another date; a run that is at work now
    /// takes less time for what is due.
    pub overdue_after_minutes: u32,
}

/// What planning knows of one sender.
#[derive(Clone, Debug)]
pub struct SenderBook {
    /// Its address, which names it.
    pub address: String,
    /// What it may send.
    pub limits: Limits,
    /// All that it has sent recently or dated already, but for what the itineraries to plan have
    /// dated themselves.
    pub promised: Vec<Promise>,
    /// When its first mail ever left; its ramp counts from that day.
    pub first_sent_at: Option<DateTime<Utc>>,
    /// Whether it is held, by a person or by a breaker: nothing is dated for it.
    pub is_stopped: bool,
}

/// A message that takes its sender's room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// When it left or is to leave.
    pub at: DateTime<Utc>,
    /// The company it goes to, as in [`Itinerary::company`].
    pub company: Option<String>,
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
    /// The registrable domain of the lead's address; none for free mail, which stands for nobody.
    pub company: Option<String>,
    /// The sender it has for good; none until one was chosen.
    pub sender: Option<String>,
    /// It starts no earlier than this; none: at once.
    pub starts_from: Option<DateTime<Utc>>,
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
    /// The sender the campaign has, or gets with this.
    pub sender: String,
    /// The date it had, if it moves.
    pub was: Option<DateTime<Utc>>,
    /// The earliest instant at which it may leave, in whole seconds.
    pub due_at: DateTime<Utc>,
    /// Why then, in a sentence people understand.
    pub reason: String,
}

/// What [`dated`] decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// New dates, in the order in which they took room.
    pub slots: Vec<Slot>,
    /// Follow-ups whose time is gone.
    pub skips: Vec<Skip>,
    /// Campaigns with something to date whose sender sends nothing.
    pub waits: Vec<Waits>,
}

/// A follow-up that makes no sense any more, with all that would have followed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The campaign's row.
    pub campaign: i64,
    /// The first step that is not sent.
    pub number: u32,
    /// Why, in a sentence people understand.
    pub reason: String,
}

/// A campaign that cannot be dated for want of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The campaign's row.
    pub campaign: i64,
    /// Its sender; none when it has none yet and every sender is stopped.
    pub sender: Option<String>,
    /// Whether that one is only stopped; if not, it is no sender of ours any more.
    pub is_stopped: bool,
}
