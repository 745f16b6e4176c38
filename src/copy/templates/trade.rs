//! Which trade a lead is in, by the words of its own data.
//!
//! Purpose: score each trade's keywords over the lead's fields; people's own labels count most.
//! Invariant: no trade is better than a wrong one: below [`SCORE_MIN`] the general texts are used.
//! This module does not know the trades; it is given their keywords.

use std::collections::HashMap;

use crate::copy::text::{fold, words};
use crate::lead::Lead;

/// The least score that is believed. A label of the team is enough; so are two mentions elsewhere.
const SCORE_MIN: u32 = 4;

/// Keywords of all trades, by their folded text.
pub(super) struct Detector {
    trades: HashMap<String, Vec<usize>>,
    n_trades: usize,
}

impl Detector {
    /// Takes the keywords of each trade, at most three words each.
    pub(super) fn new<'a>(keywords: impl Iterator<Item = &'a [String]>) -> Detector {
        let mut trades: HashMap<String, Vec<usize>> = HashMap::new();
        let mut n_trades = 0;
        for list in keywords {
            for keyword in list {
                let key = words(&fold(keyword)).collect::<Vec<_>>().join(" ");
                trades.entry(key).or_default().push(n_trades);
            }
            n_trades += 1;
        }
        Detector { trades, n_trades }
    }

    /// The trade with the highest score; none when two are equal, as the lead itself does not know.
    pub(super) fn detect(&self, lead: &Lead) -> Option<usize> {
        let mut scores = vec![0; self.n_trades];
        let services = lead.services.join(" . ");
        for (text, weight, score_max) in [
            (&lead.business_type, 5, 5),
            (&lead.industry, 4, 4),
            (&services, 2, 6),
            (&lead.description, 2, 6),
            (&lead.company, 2, 2),
            (&lead.insights, 1, 2),
        ] {
            self.score(text, weight, score_max, &mut scores);
        }
        let best = scores
            .iter()
            .copied()
            .max()
            .filter(|best| *best >= SCORE_MIN)?;
        let mut leaders = scores.iter().zip(0..).filter(|(score, _)| **score == best);
        let (_, leader) = leaders.next()?;
        leaders.next().is_none().then_some(leader)
    }

    fn score(&self, text: &str, weight: u32, score_max: u32, scores: &mut [u32]) {
        let text = fold(text);
        let all: Vec<&str> = words(&text).collect();
        let mut found = vec![0; scores.len()];
        // A "food bank" is neither food nor a bank: longer keywords take their words with them.
        let mut is_taken = vec![false; all.len()];
        for length in (1..=3).rev() {
            for (place, run) in all.windows(length).enumerate() {
                let taken = is_taken.iter_mut().skip(place).take(length);
                let Some(trades) = self.trades.get(&run.join(" ")) else {
                    continue;
                };
                let mut is_free = true;
                for taken in taken {
                    is_free &= !std::mem::replace(taken, true);
                }
                for trade in trades.iter().filter(|_| is_free) {
                    if let Some(score) = found.get_mut(*trade) {
                        *score += weight;
                    }
                }
            }
        }
        for (score, found) in scores.iter_mut().zip(found) {
            *score += found.min(score_max);
        }
    }
}
