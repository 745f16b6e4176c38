//! Own closing days: days on which nobody here would read an answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use chrono::{Days, NaiveDate};

use super::place::excerpt;

/// No closing time is longer, in days; a longer one is a mistyped year.
const RANGE_DAYS_MAX: i64 = 366;

/// What a day is called whose line gives it no name.
const UNNAMED: &str = "own closing day";

/// Days on which nothing leaves, whatever the lead's country. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosingDays {
    names: Arc<BTreeMap<NaiveDate, String>>,
}

impl ClosingDays {
    /// Parses a file's text: on each line a day, or two of them with `..` between and both meant
    /// too, and a name if one likes; `#` begins a comment.
    ///
    /// ```text
    /// 2026-12-24..2027-01-03 Christmas break
    /// 2026-05-15             # the day after Ascension
    /// ```
    pub fn parse(text: &str) -> anyhow::Result<ClosingDays> {
        let mut names = BTreeMap::new();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.split_once('#').map_or(line, |(line, _)| line).trim();
            if line.is_empty() {
                continue;
            }
            let days = parse_line(line, &mut names);
            days.with_context(|| format!("line {number}"))?;
        }
        let names = Arc::new(names);
        Ok(ClosingDays { names })
    }

    /// What a day is closed for, if it is.
    pub fn name(&self, day: NaiveDate) -> Option<&str> {
        self.names.get(&day).map(String::as_str)
    }

    /// How many days are closed.
    pub fn count(&self) -> usize {
        self.names.len()
    }
}

fn parse_line(line: &str, names: &mut BTreeMap<NaiveDate, String>) -> anyhow::Result<()> {
    let expected = || {
        let shown = excerpt(line);
        format!(
            "expected a day such as `2026-12-24` or days such as `2026-12-24..2027-01-03`, then a \
             name or nothing, found `{shown}`"
        )
    };
    let (days, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (first, last) = days.split_once("..").unwrap_or((days, days));
    let (first, last) = (day(first), day(last));
    let (first, last) = first.zip(last).with_context(expected)?;
    // `DAY .. DAY` with spaces would be a single day of a strange name.
    ensure!(!name.trim_start().starts_with(".."), expected());
    ensure!(
        first <= last,
        "expected days that end after they begin, found `{}`",
        excerpt(days)
    );
    ensure!(
        (last - first).num_days() < RANGE_DAYS_MAX,
        "expected at most {RANGE_DAYS_MAX} days in a row, found `{}`",
        excerpt(days)
    );
    let name = match name.trim() {
        "" => UNNAMED.to_string(),
        name => excerpt(name),
    };
    let mut day = first;
    while day <= last {
        names.insert(day, name.clone());
        let Some(next) = day.checked_add_days(Days::new(1)) else {
            break;
        };
        day = next;
    }
    Ok(())
}

/// A day written in full, as ISO 8601 has it; chrono would take `2026-1-2` and signs as well.
fn day(text: &str) -> Option<NaiveDate> {
    let is_iso = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_iso.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_ranges_have_their_names() {
        let text = "\u{feff}# ours\n\n2026-12-24..2026-12-26 Christmas break\r\n\
                    \x202026-05-15 # bridge\n2026-05-16\tTeam day\n2026-12-26 Boxing Day\n";
        let days = ClosingDays::parse(text).unwrap();
        let name = |day: &str| days.name(day.parse().unwrap()).unwrap_or("open");
        assert_eq!(name("2026-12-23"), "open");
        assert_eq!(name("2026-12-24"), "Christmas break");
        assert_eq!(name("2026-12-26"), "Boxing Day");
        assert_eq!(name("2026-12-27"), "open");
        assert_eq!(name("2026-05-15"), "own closing day");
        assert_eq!(name("2026-05-16"), "Team day");
        assert_eq!(days.count(), 5);
        assert_eq!(ClosingDays::parse("").unwrap(), ClosingDays::default());
    }

    #[test]
    fn what_is_no_day_is_refused_with_its_line() {
        let long = format!("2026-01-01\n{}", "9".repeat(100_000));
        for (text, expected) in [
            ("24.12.2026", "line 1: expected a day such as"),
            ("# fine\n2026-02-30 Carnival", "line 2: expected a day"),
            ("2026-1-2", "line 1: expected a day"),
            ("2026-12-24 .. 2026-12-26", "line 1: expected a day"),
            ("2026-12-24..", "line 1: expected a day"),
            ("..2026-12-24", "line 1: expected a day"),
            ("2026-12-24...2026-12-26", "line 1: expected a day"),
            ("+026-12-24", "line 1: expected a day"),
            (
                "2026-12-26..2026-12-24",
                "line 1: expected days that end after",
            ),
            (
                "2026-12-24..2062-12-26",
                "line 1: expected at most 366 days",
            ),
            ("0000-00-00", "line 1: expected a day"),
            (&long, "line 2: expected a day"),
        ] {
            let found = ClosingDays::parse(text).map_err(|err| format!("{err:#}"));
            let error = found.unwrap_err();
            assert!(error.starts_with(expected) && error.len() < 260, "{error}");
        }
    }
}
