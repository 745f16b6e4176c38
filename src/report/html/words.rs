//! Figures and strangers' texts as the page words them.
//!
//! Invariant: what comes out is plain text of bounded length on one line; making it safe within
//! markup is the template's part. This module does not know where a text will stand.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::lead::one_line;
use crate::metrics::Rate;
pub(super) use crate::report::words::count;

/// Longer texts are cut: the page is read by people, and the other exports hold them whole.
const TEXT_LEN_MAX: usize = 120;

/// Our own sentences are longer than that, with a text or two of strangers in them.
const SENTENCE_LEN_MAX: usize = 800;

/// What stands between a number and its unit, so that they are never parted.
const SPACE: char = '\u{a0}';

/// A text of a lead or a mail: one line, nothing invisible, nothing that turns the direction, cut
/// at [`TEXT_LEN_MAX`] characters.
pub(super) fn text(text: &str) -> String {
    clipped(&one_line(text), TEXT_LEN_MAX)
}

/// A sentence about the figures, which may quote strangers: as [`text`], but longer.
pub(super) fn sentence(text: &str) -> String {
    clipped(&one_line(text), SENTENCE_LEN_MAX)
}

/// A text cut to a number of characters, the last of which then says that it was.
pub(super) fn clipped(text: &str, len_max: usize) -> String {
    if text.chars().nth(len_max).is_none() {
        return text.to_string();
    }
    let kept: String = text.chars().take(len_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A label of our own vocabulary as a heading: `hook` is `Hook`, `not_now` is `Not now`; `fomo` is
/// short for four words.
pub(super) fn label(word: &str) -> String {
    if word == "fomo" {
        return "FOMO".to_string();
    }
    let spaced = text(word).replace('_', " ");
    let mut chars = spaced.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => "(none)".to_string(),
    }
}

/// A share in per cent without its unit, one decimal; what is not nothing never reads as nothing,
/// and what is not all never as all.
fn per_cent(share: f64) -> String {
    match share * 100.0 {
        p if !p.is_finite() => "–".to_string(),
        p if p > 0.0 && p < 0.05 => "under 0.1".to_string(),
        p if (99.95..100.0).contains(&p) => "over 99.9".to_string(),
        p => {
            let rounded = format!("{p:.1}");
            rounded.strip_suffix(".0").unwrap_or(&rounded).to_string()
        }
    }
}

/// A share: `4.5 %`.
pub(super) fn share(share: f64) -> String {
    format!("{}{SPACE}%", per_cent(share))
}

/// The share of a rate whose sample is large enough to go by.
pub(super) fn share_of(rate: &Rate) -> Option<String> {
    rate.share.filter(|_| rate.is_enough).map(share)
}

/// What a share is made of: `14 of 310`.
pub(super) fn made_of(rate: &Rate) -> String {
    format!("{} of {}", count(rate.n), count(rate.of))
}

/// Between what the truth likely lies: `2.7 to 7.5 %`.
pub(super) fn interval(rate: &Rate) -> String {
    format!("{} to {}", per_cent(rate.low), share(rate.high))
}

/// A rate in one phrase: `4.5 %, 14 of 310, likely between 2.7 and 7.5 %`.
pub(super) fn rate(rate: &Rate) -> String {
    match share_of(rate) {
        Some(share) => format!(
            "{share}, {}, likely between {} and {}",
            made_of(rate),
            per_cent(rate.low),
            self::share(rate.high)
        ),
        None => format!("{}, not enough data", made_of(rate)),
    }
}

/// A count of things: `1 reply`, `2 replies`.
pub(super) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// How long something took, in the two largest units that say it.
pub(super) fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |large: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{}{SPACE}{unit}", count(large)),
        _ => format!("{}{SPACE}{unit} {small}{SPACE}{part}", count(large)),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("under 1{SPACE}min"),
        (0, 0, _) => format!("{minutes}{SPACE}min"),
        (0, _, _) => two(hours, "h", minutes % 60, "min"),
        (1..14, _, _) => two(
            days,
            if days == 1 { "day" } else { "days" },
            hours % 24,
            "h",
        ),
        _ => format!("{}{SPACE}days", count(days)),
    }
}

/// A day: `4 March 2026`.
pub(super) fn day(day: NaiveDate) -> String {
    format!("{} {} {}", day.day(), day.format("%B"), day.year())
}

/// A day where room is scarce: `4 Mar`.
pub(super) fn short_day(day: NaiveDate) -> String {
    format!("{} {}", day.day(), day.format("%b"))
}

/// A month where room is scarce: `Mar 2026`.
pub(super) fn short_month(day: NaiveDate) -> String {
    format!("{} {}", day.format("%b"), day.year())
}

/// An instant: `4 March 2026, 09:05 UTC`.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    format!("{}, {} UTC", day(at.date_naive()), at.format("%H:%M"))
}

/// The monday of an ISO week, `2026-W10`.
pub(super) fn monday(week: &str) -> Option<NaiveDate> {
    let (year, number) = week.split_once("-W")?;
    NaiveDate::from_isoywd_opt(
        year.parse().ok()?,
        number.parse().ok()?,
        chrono::Weekday::Mon,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares_read_as_people_write_them() {
        let check = |found: String, expected: &str| {
            assert_eq!(found.replace(SPACE, " "), expected);
        };
        check(count(0), "0");
        check(count(999), "999");
        check(count(1_000), "1,000");
        check(count(u64::MAX), "18,446,744,073,709,551,615");
        check(share(0.0), "0 %");
        check(share(0.045_2), "4.5 %");
        check(share(0.000_04), "under 0.1 %");
        check(share(0.999_9), "over 99.9 %");
        check(share(1.0), "100 %");
        check(share(f64::NAN), "– %");
        check(
            rate(&Rate::new(14, 310)),
            "4.5 %, 14 of 310, likely between 2.7 and 7.4 %",
        );
        check(rate(&Rate::new(3, 29)), "3 of 29, not enough data");
        check(rate(&Rate::new(0, 0)), "0 of 0, not enough data");
        check(counted(1, "reply", "replies"), "1 reply");
        check(counted(1_200, "reply", "replies"), "1,200 replies");
    }

    #[test]
    fn durations_keep_the_two_largest_units() {
        let check = |seconds: u64, expected: &str| {
            assert_eq!(duration(seconds).replace(SPACE, " "), expected);
        };
        check(0, "under 1 min");
        check(59 * 60, "59 min");
        check(3_600, "1 h");
        check(5 * 3_600 + 120, "5 h 2 min");
        check(86_400, "1 day");
        check(3 * 86_400 + 7_200, "3 days 2 h");
        check(20 * 86_400 + 7_200, "20 days");
        check(u64::MAX, "213,503,982,334,601 days");
    }

    #[test]
    fn strangers_texts_come_out_short_and_visible() {
        assert_eq!(text("a\u{202e}b\nc\u{0}d"), one_line("a\u{202e}b\nc\u{0}d"));
        assert!(!text("a\u{202e}b\u{200b}").contains(['\u{202e}', '\u{200b}']));
        let long = text(&"x".repeat(10_000));
        assert_eq!(
            (long.chars().count(), long.ends_with('…')),
            (TEXT_LEN_MAX, true)
        );
        assert_eq!(clipped("äöü", 3), "äöü");
        assert_eq!(clipped("äöüß", 3), "äö…");
        assert_eq!(label("not_now"), "Not now");
        assert_eq!(label("fomo"), "FOMO");
        assert_eq!(label(""), "(none)");
    }

    #[test]
    fn weeks_begin_on_monday() {
        let check = |week: &str, expected: Option<&str>| {
            assert_eq!(monday(week).map(|day| day.to_string()).as_deref(), expected);
        };
        check("2026-W01", Some("2025-12-29"));
        check("2026-W10", Some("2026-03-02"));
        check("2026-W60", None);
        check("soon", None);
    }
}
