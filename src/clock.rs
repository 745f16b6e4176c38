//! The one place that reads the wall clock.
//!
//! Loops hold a [`Clock`]; everything below them takes `now` as a value.

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
        reason = "this is the one place that may read the clock"
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
