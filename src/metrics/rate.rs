//! A share of a small sample, told honestly.

use serde::{Deserialize, Serialize};

/// Below so many, a share is too uncertain to act on: with 30 even 0 of n may stand for 11 %.
pub const SAMPLE_MIN: u64 = 30;

/// The standard normal deviate of a two-sided interval at 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// `n` of `of`, with Wilson's score interval at 95 % (Wilson 1927, "Probable inference, the law of
/// succession, and statistical inference"), which stays between 0 and 1 and is right for few
/// events.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// How many.
    pub n: u64,
    /// Of how many.
    pub of: u64,
    /// The share; none of nothing.
    pub share: Option<f64>,
    /// The lower end of the interval, 0 of nothing.
    pub low: f64,
    /// The upper end of the interval, 1 of nothing.
    pub high: f64,
    /// Whether the sample is at least [`SAMPLE_MIN`].
    pub is_enough: bool,
}

impl Rate {
    /// `n` of `of`. More than all is taken for all, so that no interval is ever nonsense.
    pub fn new(n: u64, of: u64) -> Rate {
        let n = n.min(of);
        if of == 0 {
            return Rate {
                n,
                of,
                share: None,
                low: 0.0,
                high: 1.0,
                is_enough: false,
            };
        }
        let (hits, all) = (n as f64, of as f64);
        let share = hits / all;
        let spread = Z * Z / all;
        let middle = (share + spread / 2.0) / (1.0 + spread);
        let half = Z * (share * (1.0 - share) / all + spread / (4.0 * all)).sqrt() / (1.0 + spread);
        Rate {
            n,
            of,
            share: Some(share),
            low: if n == 0 {
                0.0
            } else {
                (middle - half).max(0.0)
            },
            high: if n == of {
                1.0
            } else {
                (middle + half).min(1.0)
            },
            is_enough: of >= SAMPLE_MIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_published_ones() {
        // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I,
        // method 3.
        #[track_caller]
        fn check(n: u64, of: u64, low: f64, high: f64) {
            let rate = Rate::new(n, of);
            let close = |found: f64, expected: f64| (found - expected).abs() < 5e-5;
            assert!(close(rate.low, low) && close(rate.high, high), "{rate:?}");
        }
        check(81, 263, 0.2553, 0.3662);
        check(15, 148, 0.0624, 0.1605);
        check(0, 20, 0.0, 0.1611);
        check(1, 29, 0.0061, 0.1718);
        check(29, 29, 0.8830, 1.0);
    }

    #[test]
    fn nothing_of_nothing_is_not_a_share() {
        let rate = Rate::new(0, 0);
        assert_eq!((rate.share, rate.low, rate.high), (None, 0.0, 1.0));
        assert!(!rate.is_enough && !Rate::new(1, 29).is_enough && Rate::new(1, 30).is_enough);
        assert_eq!(Rate::new(7, 5), Rate::new(5, 5));
    }
}
