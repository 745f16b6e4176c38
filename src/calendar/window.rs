//! The hours in which mail may leave.

use std::fmt;

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::Zone;

/// `24:00` cannot be said in chrono's clock; this second before it stands for it.
const LAST_SECOND: Option<NaiveTime> = NaiveTime::from_hms_opt(23, 59, 59);

/// The hours of a day in which mail may leave, in the lead's zone: from `open`, before `close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first instant at which mail may leave.
    pub open: NaiveTime,
    /// The first instant at which it may no longer; later than `open`.
    pub close: NaiveTime,
}

impl Window {
    /// Parses `09:00-17:00`. `24:00` as the end means the last second of the day.
    pub fn parse(text: &str) -> anyhow::Result<Window> {
        let shown = super::place::excerpt(text);
        let expected = || format!("expected hours such as `09:00-17:00`, found `{shown}`");
        let (open, close) = text.split_once(['-', '–']).with_context(expected)?;
        let open = parse_time(open).with_context(expected)?;
        let close = match close.trim() {
            "24:00" => LAST_SECOND.with_context(expected)?,
            close => parse_time(close).with_context(expected)?,
        };
        ensure!(
            open < close,
            "expected hours that end after they begin, found `{shown}`"
        );
        Ok(Window { open, close })
    }

    /// Whether mail may leave at this time of day.
    pub fn contains(&self, time: NaiveTime) -> bool {
        self.open <= time && time < self.close
    }

    /// The spans of a local day in which the window is open, in order: from, before. One on most
    /// days; a clock change inside the window can cut it in two, or leave nothing of it.
    pub fn spans(&self, zone: &Zone, date: NaiveDate) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let (open, close) = (date.and_time(self.open), date.and_time(self.close));
        let mut spans: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::with_capacity(1);
        for (from, before, offset_secs) in zone.stretches(date) {
            let utc = |local: NaiveDateTime| {
                let shift = TimeDelta::seconds(offset_secs.into());
                local.checked_sub_signed(shift).unwrap_or(local).and_utc()
            };
            let (start, end) = (utc(open).max(from), utc(close).min(before));
            match spans.last_mut() {
                // A change of name only, not of the clock.
                Some(last) if last.1 == start && start < end => last.1 = end,
                _ if start < end => spans.push((start, end)),
                _ => {}
            }
        }
        spans
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.open.format("%H:%M"))?;
        if Some(self.close) == LAST_SECOND {
            return f.write_str("24:00");
        }
        write!(f, "{}", self.close.format("%H:%M"))
    }
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str| {
        let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().ok()).flatten()
    };
    NaiveTime::from_hms_opt(number(hour)?, number(minute)?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_read_back_as_they_are_shown() {
        for (text, shown) in [
            ("09:00-17:00", "09:00-17:00"),
            (" 8:30 – 12:05 ", "08:30-12:05"),
            ("00:00-24:00", "00:00-24:00"),
        ] {
            let window = Window::parse(text).unwrap();
            assert_eq!(window.to_string(), shown);
            assert_eq!(Window::parse(shown).unwrap(), window);
        }
    }

    #[test]
    fn hours_that_make_no_window_are_refused() {
        let long = "9".repeat(10_000);
        for text in [
            "",
            "-",
            "9-17",
            "09:00",
            "17:00-09:00",
            "09:00-09:00",
            "25:00-26:00",
            "09:60-10:00",
            "+9:00-17:00",
            "09:00-17:00-18:00",
            "24:00-24:00",
            "٠٩:٠٠-١٧:٠٠",
            &long,
        ] {
            let error = Window::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with("expected hours") && error.len() < 160,
                "{error}"
            );
        }
    }

    #[test]
    fn the_close_is_outside() {
        let window = Window::parse("09:00-17:00").unwrap();
        let contains = |text: &str| window.contains(text.parse().unwrap());
        assert!(contains("09:00:00") && contains("16:59:59"));
        assert!(!contains("08:59:59") && !contains("17:00:00"));
    }

    #[track_caller]
    fn check_spans(hours: &str, zone: &str, date: &str, expected: &str) {
        let zone = Zone::parse(zone).unwrap();
        let spans = Window::parse(hours)
            .unwrap()
            .spans(&zone, date.parse().unwrap());
        let shown: Vec<String> = spans
            .iter()
            .map(|(from, before)| format!("{}-{}", from.format("%d %H:%M"), before.format("%H:%M")))
            .collect();
        assert_eq!(shown.join(", "), expected, "{hours} {zone} {date}");
    }

    #[test]
    fn a_clock_change_cuts_the_window() {
        check_spans(
            "09:00-17:00",
            "Europe/Berlin",
            "2026-03-29",
            "29 07:00-15:00",
        );
        // The hour from two to three does not exist, so the window is an hour shorter.
        check_spans(
            "01:00-04:00",
            "Europe/Berlin",
            "2026-03-29",
            "29 00:00-02:00",
        );
        check_spans("02:10-02:50", "Europe/Berlin", "2026-03-29", "");
        // The hour from two to three comes twice; what lies before the window stays outside.
        check_spans(
            "02:30-04:00",
            "Europe/Berlin",
            "2026-10-25",
            "25 00:30-01:00, 25 01:30-03:00",
        );
        check_spans("02:10-02:50", "Australia/Sydney", "2026-10-04", "");
        check_spans(
            "02:30-04:00",
            "Australia/Sydney",
            "2026-04-05",
            "04 15:30-16:00, 04 16:30-18:00",
        );
        // Midnight itself changes: Cuba, spring.
        check_spans(
            "00:00-24:00",
            "America/Havana",
            "2026-03-08",
            "08 05:00-03:59",
        );
        check_spans("09:00-17:00", "Pacific/Apia", "2011-12-30", "");
    }

    #[test]
    fn the_window_lies_on_the_local_day() {
        check_spans(
            "09:00-17:00",
            "Pacific/Kiritimati",
            "2026-03-02",
            "01 19:00-03:00",
        );
        check_spans(
            "09:00-17:00",
            "Pacific/Pago_Pago",
            "2026-03-02",
            "02 20:00-04:00",
        );
        check_spans("00:00-24:00", "UTC", "2026-12-31", "31 00:00-23:59");
    }
}
