//! Where an axis ends and where it is marked.
//!
//! Invariant: marks are round, a few, and the last one is not below the largest value. Shares are
//! measured in thousandths, so that they too are whole numbers.

/// An axis from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    step: u64,
    /// Its end, at least 1.
    top: u64,
}

/// An axis has at most so many marks above 0.
const MARKS_MAX: u64 = 5;

impl Scale {
    /// The shortest axis that shows a value, marked at steps of 1, 2 or 5 times a power of ten.
    pub(super) fn of_counts(largest: u64) -> Scale {
        let largest = largest.max(1);
        let steps = (0..19).flat_map(|power| [1, 2, 5].map(|n| n * 10_u64.pow(power)));
        let step = steps
            .into_iter()
            .find(|step| largest.div_ceil(*step) <= MARKS_MAX);
        let step = step.unwrap_or(u64::MAX);
        Scale {
            step,
            top: largest.div_ceil(step).saturating_mul(step),
        }
    }

    /// The same for shares; it ends at 100 % at the latest.
    pub(super) fn of_shares(largest: f64) -> Scale {
        let scale = Scale::of_counts(thousandths(largest).max(5));
        Scale {
            top: scale.top.min(1_000),
            ..scale
        }
    }

    /// An axis that ends at a value, without other marks.
    pub(super) fn exactly(top: u64) -> Scale {
        let top = top.max(1);
        Scale { step: top, top }
    }

    /// Its marks, 0 among them.
    pub(super) fn marks(self) -> impl Iterator<Item = u64> {
        (0..=self.top / self.step).map(move |n| n * self.step)
    }

    /// Where a count stands, from 0 to 1.
    pub(super) fn place(self, n: u64) -> f64 {
        (n as f64 / self.top as f64).min(1.0)
    }

    /// Where a share stands, from 0 to 1.
    pub(super) fn place_of_share(self, share: f64) -> f64 {
        let place = share * 1_000.0 / self.top as f64;
        if place.is_finite() {
            place.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// A mark of an axis of shares, `2.5 %`.
pub(super) fn share_mark(mark: u64) -> String {
    match (mark / 10, mark % 10) {
        (whole, 0) => format!("{whole}\u{a0}%"),
        (whole, tenth) => format!("{whole}.{tenth}\u{a0}%"),
    }
}

fn thousandths(share: f64) -> u64 {
    // What is not a number is cast to 0.
    (share.clamp(0.0, 1.0) * 1_000.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_end_at_a_round_mark() {
        let check = |largest: u64, marks: &[u64]| {
            assert_eq!(Scale::of_counts(largest).marks().collect::<Vec<_>>(), marks);
        };
        check(0, &[0, 1]);
        check(3, &[0, 1, 2, 3]);
        check(7, &[0, 2, 4, 6, 8]);
        check(101, &[0, 50, 100, 150]);
        check(48_000, &[0, 10_000, 20_000, 30_000, 40_000, 50_000]);
        for largest in [u64::MAX, u64::MAX / 2, 10_u64.pow(19)] {
            let scale = Scale::of_counts(largest);
            assert!(scale.marks().count() <= 6 && scale.place(largest) <= 1.0);
        }
    }

    #[test]
    fn shares_end_at_all() {
        let check = |largest: f64, expected: &str| {
            let marks: Vec<String> = Scale::of_shares(largest).marks().map(share_mark).collect();
            assert_eq!(marks.join(" ").replace('\u{a0}', ""), expected);
        };
        check(0.0, "0% 0.1% 0.2% 0.3% 0.4% 0.5%");
        check(0.043, "0% 1% 2% 3% 4% 5%");
        check(0.21, "0% 5% 10% 15% 20% 25%");
        check(1.0, "0% 20% 40% 60% 80% 100%");
        check(f64::NAN, "0% 0.1% 0.2% 0.3% 0.4% 0.5%");
        let scale = Scale::of_shares(0.1);
        assert_eq!(scale.place_of_share(0.05), 0.5);
        assert_eq!(scale.place_of_share(f64::NAN), 0.0);
        assert_eq!(scale.place_of_share(7.0), 1.0);
    }
}
