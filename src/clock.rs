//! Where the time of every decision comes from.
//!
//! Loops hold a [`Clock`]; everything below takes `now` as a value. The wall clock is read here
//! and, for nothing but the spacing of calls, in the gate before Airtable: processes take turns by
//! the one clock they share, and a simulated instant must not change how fast a base is asked.

use chrono::{DateTime, SubsecRound, Utc};

/// Where `now` comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A simulated instant (`--now`), for rehearsals, `demo` and tests.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// The present instant, in whole seconds as the ledger keeps them.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the time of every decision comes from"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Clock::System => Utc::now().trunc_subsecs(0),
            Clock::Fixed(instant) => *instant,
        }
    }

    /// Whether the instant is simulated.
    pub fn is_simulated(&self) -> bool {
        matches!(self, Clock::Fixed(_))
    }
}
