//! The timeline a person reads: the decision log, day by day, in lines that fit a terminal of a
//! hundred columns.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use outreach::calendar::{Zone, country_name, holiday};
use outreach::ledger::{Ledger, TimelineRow};

use super::fit::{fit, pad};

/// No line is wider.
pub const WIDTH: usize = 100;

/// Names up to this length stand in a column.
const NAME: usize = 18;

/// How far the log was printed, and under which day.
pub struct Timeline {
    last: i64,
    /// The day that gets its heading next.
    next_day: NaiveDate,
}

impl Timeline {
    /// A timeline that begins on a day.
    pub fn new(first_day: NaiveDate) -> Timeline {
        Timeline {
            last: 0,
            next_day: first_day,
        }
    }

    /// Prints what was logged since the last time.
    pub fn print_news(&mut self, ledger: &Ledger) -> anyhow::Result<()> {
        let rows = ledger.timeline_after(self.last)?;
        let mut rows = rows.as_slice();
        while let Some((first, rest)) = rows.split_first() {
            let same = rest.iter().take_while(|row| belongs(first, row)).count();
            let (group, others) = rows.split_at(same + 1);
            rows = others;
            self.last = group.last().map_or(self.last, |row| row.id);
            let lines = lines(group);
            if !lines.is_empty() {
                self.head(first.at.date_naive(), ledger)?;
            }
            for (number, line) in lines.iter().enumerate() {
                let time = match number {
                    0 => first.at.format("%H:%M").to_string(),
                    _ => " ".repeat(5),
                };
                say!("  {time}  {line}");
            }
        }
        Ok(())
    }

    /// Prints the headings of the days up to one on which nothing is left to tell.
    pub fn finish(&mut self, last_day: NaiveDate, ledger: &Ledger) -> anyhow::Result<()> {
        let Some(after) = last_day.succ_opt() else {
            return Ok(());
        };
        self.quiet_days(after, ledger)
    }

    /// The heading of a day, once, after those of the quiet days before it.
    fn head(&mut self, day: NaiveDate, ledger: &Ledger) -> anyhow::Result<()> {
        if day < self.next_day {
            return Ok(());
        }
        self.quiet_days(day, ledger)?;
        say!("\n{}", heading(day, &countries(ledger)?));
        self.next_day = day.checked_add_days(Days::new(1)).unwrap_or(day);
        Ok(())
    }

    /// One line for each day before another on which nothing happened.
    fn quiet_days(&mut self, before: NaiveDate, ledger: &Ledger) -> anyhow::Result<()> {
        while self.next_day < before {
            let why = match self.next_day.weekday() {
                Weekday::Sat | Weekday::Sun => "nothing leaves on a weekend",
                _ => "nothing is due",
            };
            say!("\n{}", heading(self.next_day, &countries(ledger)?));
            say!("  {:5}  {why}", "");
            self.next_day = self
                .next_day
                .checked_add_days(Days::new(1))
                .unwrap_or(before);
        }
        Ok(())
    }
}

/// The countries that have campaigns.
fn countries(ledger: &Ledger) -> anyhow::Result<Vec<String>> {
    let campaigns = ledger.campaigns(None, None)?.into_iter();
    let mut countries: Vec<String> = campaigns.map(|campaign| campaign.country).collect();
    countries.sort();
    countries.dedup();
    Ok(countries)
}

/// A day's heading, with the holidays of the leads' countries.
fn heading(day: NaiveDate, countries: &[String]) -> String {
    let mut holidays: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for country in countries {
        if let Some(name) = holiday(country, day) {
            holidays
                .entry(name)
                .or_default()
                .push(country_name(country));
        }
    }
    let mut heading = day.format("%A, %-d %B").to_string();
    for (name, countries) in holidays {
        heading.push_str(&format!(" · {name} in {}", countries.join(", ")));
    }
    fit(&heading, WIDTH)
}

/// Whether an event is told in the same block as the one before it.
fn belongs(first: &TimelineRow, row: &TimelineRow) -> bool {
    let is_verdict = |kind: &str| matches!(kind, "eligible" | "rejected");
    let same_kind = first.kind == row.kind || (is_verdict(&first.kind) && is_verdict(&row.kind));
    let grouped = is_verdict(&first.kind) || matches!(first.kind.as_str(), "written" | "dated");
    first.at == row.at && same_kind && grouped
}

/// What a block of events says; nothing when it would only repeat another.
fn lines(group: &[TimelineRow]) -> Vec<String> {
    let Some(first) = group.first() else {
        return Vec::new();
    };
    match first.kind.as_str() {
        "eligible" | "rejected" => verdicts(group),
        "written" => written(group),
        "dated" => dated(group),
        _ => line(first).into_iter().collect(),
    }
}

fn verdicts(group: &[TimelineRow]) -> Vec<String> {
    let rejected: Vec<&TimelineRow> = group.iter().filter(|row| row.kind == "rejected").collect();
    let accepted = group.len() - rejected.len();
    let mut lines = vec![format!(
        "{} leads read: {accepted} may be written to, {} not",
        group.len(),
        rejected.len()
    )];
    lines.extend(rejected.into_iter().map(|row| {
        let detail = &row.detail;
        let why = detail
            .split_once(": ")
            .map_or(detail.as_str(), |(_, why)| why);
        fit(
            &format!("✗ {}  {why}", pad(&fit(&row.full_name, NAME), NAME)),
            WIDTH - 9,
        )
    }));
    lines
}

fn written(group: &[TimelineRow]) -> Vec<String> {
    let mut lines = vec![format!(
        "{} campaigns written, three mails each",
        group.len()
    )];
    lines.extend(group.iter().map(|row| {
        // `by template:travel/0, score 100`
        let detail = row.detail.trim_start_matches("by template:");
        let trade = detail.split('/').next().unwrap_or_default();
        let (who, company) = (
            pad(&fit(&row.full_name, NAME), NAME),
            pad(&fit(&row.company, 33), 33),
        );
        fit(
            &format!("✎ {who}  {company}  {}  {}", pad(trade, 13), row.zone),
            WIDTH - 9,
        )
    }));
    lines
}

fn dated(group: &[TimelineRow]) -> Vec<String> {
    // `hook: 2026-03-30 07:00 UTC: why then`
    let day = |row: &TimelineRow| -> Option<NaiveDate> {
        let (_, when) = row.detail.split_once(": ")?;
        when.split(' ').next()?.parse().ok()
    };
    let days = || group.iter().filter_map(day);
    let shown = |day: Option<NaiveDate>| {
        day.map_or_else(String::new, |day| day.format("%a %-d %B").to_string())
    };
    let n = group.len();
    let messages = if n == 1 { "message" } else { "messages" };
    vec![match (days().min(), days().max()) {
        (first, last) if first == last => format!("{n} {messages} dated, {}", shown(first)),
        (first, last) => format!("{n} {messages} dated, {} to {}", shown(first), shown(last)),
    }]
}

/// One event as a line; none for events that would only repeat another, such as the end of a
/// campaign whose last mail has just left.
fn line(row: &TimelineRow) -> Option<String> {
    let who = pad(&fit(&row.full_name, NAME), NAME);
    let detail = row.detail.as_str();
    let there = Zone::parse(&row.zone).map(|zone| zone.local(row.at).format("[%H:%M]").to_string());
    let there = there.unwrap_or_default();
    let first = detail.split(':').next().unwrap_or_default();
    let line = match row.kind.as_str() {
        "accepted" => format!("→ {first:<5}  {who}  {there}  {}", row.subject),
        "responded" => format!(
            "★ {who}  answered, {}: “{}”",
            first.replace('_', " "),
            gist(&row.words)
        ),
        "stopped" if row.words.is_empty() => format!("■ {who}  stopped: {first}"),
        "stopped" => format!("■ {who}  stopped: {first}: “{}”", gist(&row.words)),
        "paused" => format!(
            "‖ {who}  waits: {}",
            detail.trim_start_matches("by absence: ")
        ),
        "resumed" => format!("▶ {who}  goes on: {detail}"),
        "moved" => format!("↷ {who}  moved {detail}"),
        _ => return None,
    };
    Some(fit(&line, WIDTH - 9))
}

/// The heart of an answer in one line: what stands below the greeting.
fn gist(words: &str) -> String {
    let mut paragraphs = words
        .split("\n\n")
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let first = paragraphs.next().unwrap_or_default();
    let heart = match first.ends_with(',') {
        true => paragraphs.next().unwrap_or(first),
        false => first,
    };
    heart.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    fn row(kind: &str, detail: &str, words: &str) -> TimelineRow {
        TimelineRow {
            id: 1,
            at: Utc.with_ymd_and_hms(2026, 3, 30, 7, 0, 0).unwrap(),
            kind: kind.to_string(),
            detail: detail.to_string(),
            full_name: "Ada Lovelace".to_string(),
            company: "Engines".to_string(),
            zone: "Europe/London".to_string(),
            subject: "A subject".to_string(),
            words: words.to_string(),
        }
    }

    #[track_caller]
    fn check(kind: &str, detail: &str, words: &str, expected: &str) {
        let told = line(&row(kind, detail, words)).unwrap_or_default();
        assert_eq!(told.replace("Ada Lovelace        ", "Ada "), expected);
    }

    #[test]
    fn each_event_is_told_in_one_line() {
        check(
            "accepted",
            "hook: ok",
            "",
            "→ hook   Ada [08:00]  A subject",
        );
        check("stopped", "she asked: how", "", "■ Ada stopped: she asked");
        check("paused", "by absence: away", "", "‖ Ada waits: away");
        check("completed", "all left", "", "");
        let words = "Hi,\n\nyes,\nplease do.\n\nAda";
        check(
            "responded",
            "later: why",
            words,
            "★ Ada answered, later: “yes, please do.”",
        );
    }

    #[test]
    fn a_heading_names_the_holidays_of_the_leads_countries() {
        let day = NaiveDate::from_ymd_opt(2026, 4, 6).unwrap();
        let countries = ["DE", "US"].map(str::to_string);
        assert_eq!(
            heading(day, &countries),
            "Monday, 6 April · Easter Monday in Germany"
        );
    }

    #[test]
    fn dates_given_at_once_are_told_with_the_first_and_the_last_day() {
        let dates = [
            row("dated", "hook: 2026-03-30 07:00 UTC: why", ""),
            row("dated", "fomo: 2026-04-07 07:00 UTC: why", ""),
        ];
        assert_eq!(
            lines(&dates),
            ["2 messages dated, Mon 30 March to Tue 7 April"]
        );
        assert_eq!(lines(&dates[..1]), ["1 message dated, Mon 30 March"]);
    }
}
