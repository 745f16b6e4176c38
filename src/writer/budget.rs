//! What requests cost, and a bound that is never crossed.
//!
//! Purpose: reserve the worst case of a request before it leaves, pay what it really cost, and say
//! when nothing more fits.
//! Invariant: what is paid and what is reserved never exceed the limit together, as long as the
//! server keeps to the bounds it is sent; one that does not is believed from then on.
//! This module does not know the server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What a model's tokens cost, in dollars for a million of them; which is the same as millionths of
/// a dollar for each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Tokens read.
    pub input: f64,
    /// Tokens written.
    pub output: f64,
}

impl Price {
    /// Millionths of a dollar for so many tokens, rounded up.
    pub fn usd_micros(self, prompt_tokens: u64, completion_tokens: u64) -> u64 {
        // Prices and counts are far below what f64 holds exactly; `as` saturates beyond.
        (prompt_tokens as f64 * self.input + completion_tokens as f64 * self.output).ceil() as u64
    }
}

/// A run's money. Without a limit everything fits.
pub(super) struct Budget {
    limit: Option<u64>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Millionths of a dollar that are gone.
    paid: u64,
    /// And those that requests on their way may cost.
    reserved: u64,
    on_their_way: usize,
    /// How much more than its worst case a request once cost; 1 or more once there was one.
    excess: f64,
}

/// Why nothing more may be asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exhausted {
    /// Millionths of a dollar paid so far; 0 when not even one request fits.
    pub paid: u64,
    /// What the next request may cost.
    pub worst: u64,
}

/// The worst case of one request. Dropped without having been paid, it is free again.
pub(super) struct Reservation<'a> {
    budget: &'a Budget,
    worst: u64,
    paid: u64,
}

impl Budget {
    /// A budget of so many millionths of a dollar.
    pub(super) fn new(limit: Option<u64>) -> Budget {
        Budget {
            limit,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves the worst case of a request. Waits while others on their way may leave room.
    pub(super) async fn reserve(&self, worst: u64) -> Result<Reservation<'_>, Exhausted> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state();
                let worst = scaled(worst, state.excess);
                let sum = state.paid.saturating_add(state.reserved);
                if self
                    .limit
                    .is_none_or(|limit| sum.saturating_add(worst) <= limit)
                {
                    state.reserved = state.reserved.saturating_add(worst);
                    state.on_their_way += 1;
                    return Ok(Reservation {
                        budget: self,
                        worst,
                        paid: 0,
                    });
                }
                if state.on_their_way == 0 {
                    let paid = state.paid;
                    return Err(Exhausted { paid, worst });
                }
            }
            changed.await;
        }
    }
}

fn scaled(worst: u64, excess: f64) -> u64 {
    match excess > 1.0 {
        true => (worst as f64 * excess).ceil() as u64,
        false => worst,
    }
}

impl Reservation<'_> {
    /// What the request cost.
    pub(super) fn pay(mut self, usd_micros: u64) {
        self.paid = usd_micros;
    }

    /// Nobody knows whether it was billed: the worst is assumed.
    pub(super) fn pay_worst(mut self) {
        self.paid = self.worst;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.reserved = state.reserved.saturating_sub(self.worst);
        state.on_their_way = state.on_their_way.saturating_sub(1);
        state.paid = state.paid.saturating_add(self.paid);
        if self.paid > self.worst && self.worst > 0 {
            let excess = state.excess.max(1.0) * self.paid as f64 / self.worst as f64;
            state.excess = excess.min(100.0);
        }
        drop(state);
        self.budget.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_rounded_up_and_never_overflows() {
        let price = Price {
            input: 2.5,
            output: 10.0,
        };
        assert_eq!(price.usd_micros(1_000, 100), 3_500);
        assert_eq!(price.usd_micros(1, 0), 3);
        assert_eq!(price.usd_micros(u64::MAX, u64::MAX), u64::MAX);
    }

    #[tokio::test]
    async fn the_limit_holds_for_what_is_paid_and_what_is_reserved_together() {
        let budget = Budget::new(Some(100));
        let one = budget.reserve(60).await.unwrap();
        let mut other = Box::pin(budget.reserve(60));
        assert!(
            futures_are_pending(&mut other).await,
            "60 and 60 are too much"
        );
        one.pay(30);
        let other = other.await.unwrap();
        drop(other);
        let last = budget.reserve(70).await.unwrap();
        last.pay_worst();
        let expected = Exhausted {
            paid: 100,
            worst: 1,
        };
        assert_eq!(budget.reserve(1).await.err(), Some(expected));
    }

    async fn futures_are_pending<F: Future + Unpin>(future: &mut F) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(20), future)
            .await
            .is_err()
    }

    #[tokio::test]
    async fn a_server_that_writes_more_than_it_was_allowed_is_believed() {
        let budget = Budget::new(Some(1_000));
        budget.reserve(100).await.unwrap().pay(300);
        let again = budget.reserve(100).await.unwrap();
        assert_eq!(again.worst, 300);
        again.pay(300);
        assert_eq!(
            budget.reserve(200).await.err(),
            Some(Exhausted {
                paid: 600,
                worst: 600
            })
        );
    }

    #[tokio::test]
    async fn without_a_limit_everything_fits() {
        let budget = Budget::new(None);
        let huge = budget.reserve(u64::MAX).await.unwrap();
        assert!(budget.reserve(u64::MAX).await.is_ok());
        huge.pay_worst();
    }
}
