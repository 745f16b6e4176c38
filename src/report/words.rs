//! Figures in words and short, the same wherever they are shown.

use crate::metrics::{Rate, SAMPLE_MIN, with_interval};

/// A count with its thousands set apart, `12,345`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A share with its interval, or why there is none.
pub(super) fn share(rate: Rate) -> String {
    match rate.is_enough {
        true => with_interval(rate),
        false => "not enough data".to_string(),
    }
}

/// `14 of 310 leads replied: 4.5 % (2.7–7.5 %)`.
pub(super) fn sentence(rate: Rate, what: &str) -> String {
    let (n, of) = (count(rate.n), count(rate.of));
    let share = match rate.is_enough {
        true => with_interval(rate),
        false => format!("not enough data for a share (fewer than {SAMPLE_MIN})"),
    };
    format!("{n} of {of} {what}: {share}")
}

/// A number with its noun, `1 mail`, `2 mails`.
pub(super) fn counted(n: u64, one: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(n))
}

/// A duration in the largest unit that says enough, `40 min`, `5 h`, `3 days`.
pub(super) fn duration(seconds: u64) -> String {
    match seconds.div_euclid(60) {
        minutes if minutes < 120 => format!("{minutes} min"),
        minutes if minutes < 48 * 60 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / (24 * 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_read_them() {
        let counts = [0, 12, 999, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(counts, ["0", "12", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(counted(1, "mail") + &counted(0, "mail"), "1 mail0 mails");
        let durations = [59, 7_199, 7_200, 172_799, 172_800].map(duration);
        assert_eq!(durations, ["0 min", "119 min", "2 h", "47 h", "2 days"]);
    }

    #[test]
    fn a_share_is_told_only_of_a_sample() {
        let enough = Rate::new(14, 310);
        assert_eq!(share(enough), "4.5 % (2.7–7.4 %)");
        assert_eq!(share(Rate::new(2, 29)), "not enough data");
        assert_eq!(
            sentence(Rate::new(14, 1310), "leads replied"),
            "14 of 1,310 leads replied: 1.1 % (0.6–1.8 %)"
        );
        assert_eq!(
            sentence(Rate::new(2, 12), "leads replied"),
            "2 of 12 leads replied: not enough data for a share (fewer than 30)"
        );
    }
}
