//! Mails and replies over time, one above the other: there are too many times more of the ones to
//! share an axis with the others.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};

use super::bars::{self, Panel, Timeline};
use super::{Chart, both};
use crate::metrics::{DayRow, Report};
use crate::report::html::palette::Tone;
use crate::report::html::scale::Scale;
use crate::report::html::table::{Cell, Head, Table};
use crate::report::html::words;

/// A longer period is drawn week by week.
const DAYS_MAX: u32 = 120;

/// More weeks are drawn four by four, and so on, so that no report is ever too wide.
const BARS_MAX: u32 = 160;

/// The chart; none when nothing happened.
pub(in crate::report::html) fn chart(report: &Report) -> Option<Chart> {
    let timeline = timeline(&report.days)?;
    let stretches = summed(&report.days, timeline);
    let of = match timeline.n_days {
        1 => "day".to_string(),
        7 => "week".to_string(),
        days => format!("{} weeks", days / 7),
    };
    let legend = [
        (Tone::Positive, "positive".to_string()),
        (Tone::Reply, "other".to_string()),
    ];
    let panels = [sent(&stretches, &of), replies(&stretches, &of, &legend)];
    Some(Chart {
        id: "days-chart",
        title: format!("Mails and replies per {of}"),
        words: told(timeline, &stretches),
        caption: "Each on the day it happened (UTC).".to_string(),
        drawings: both(
            |size| bars::height(size, &panels),
            |sheet| bars::paint(sheet, timeline, &panels),
        ),
        table: table(timeline, &stretches),
    })
}

/// Stretches as short as there is room for.
fn timeline(days: &[DayRow]) -> Option<Timeline> {
    let first = days.iter().map(|row| row.day).min()?;
    let last = days.iter().map(|row| row.day).max()?;
    let n_days_from = |first: NaiveDate| u32::try_from((last - first).num_days() + 1).ok();
    let n = n_days_from(first)?;
    if n <= DAYS_MAX {
        return Some(Timeline {
            first,
            n_days: 1,
            n,
        });
    }
    let back = u64::from(first.weekday().num_days_from_monday());
    let monday = first.checked_sub_days(Days::new(back)).unwrap_or(first);
    let n = n_days_from(monday)?;
    let n_weeks = n.div_ceil(7);
    let n_days = match n_weeks.div_ceil(BARS_MAX) {
        0 | 1 => 7,
        // Whole fours of weeks: close to months, and always the same length.
        fold => fold.div_ceil(4) * 28,
    };
    Some(Timeline {
        first: monday,
        n_days,
        n: n.div_ceil(n_days),
    })
}

fn summed(days: &[DayRow], timeline: Timeline) -> BTreeMap<u32, DayRow> {
    let mut stretches: BTreeMap<u32, DayRow> = BTreeMap::new();
    for row in days {
        let Some(place) = timeline.place(row.day) else {
            continue;
        };
        let sum = stretches.entry(place).or_default();
        sum.day = timeline.day(place);
        sum.sent = sum.sent.saturating_add(row.sent);
        sum.bounced = sum.bounced.saturating_add(row.bounced);
        sum.replied = sum.replied.saturating_add(row.replied);
        sum.positive = sum.positive.saturating_add(row.positive);
        sum.opt_outs = sum.opt_outs.saturating_add(row.opt_outs);
        sum.opens = sum.opens.saturating_add(row.opens);
        sum.clicks = sum.clicks.saturating_add(row.clicks);
    }
    stretches
}

fn sent<'a>(stretches: &BTreeMap<u32, DayRow>, of: &str) -> Panel<'a> {
    let scale = Scale::of_counts(stretches.values().map(|row| row.sent).max().unwrap_or(0));
    let bars = stretches.iter().filter(|(_, row)| row.sent > 0);
    Panel {
        heading: format!("Mails sent per {of}"),
        marks: marks(scale),
        bars: bars
            .map(|(at, row)| (*at, 0.0, scale.place(row.sent), Tone::Mail))
            .collect(),
        limit: None,
        legend: &[],
    }
}

fn replies<'a>(
    stretches: &BTreeMap<u32, DayRow>,
    of: &str,
    legend: &'a [(Tone, String)],
) -> Panel<'a> {
    let largest = stretches
        .values()
        .map(|row| row.replied.max(row.positive))
        .max();
    let scale = Scale::of_counts(largest.unwrap_or(0));
    let mut bars = Vec::new();
    for (at, row) in stretches {
        let (positive, all) = (scale.place(row.positive), scale.place(row.replied));
        if row.positive > 0 {
            bars.push((*at, 0.0, positive, Tone::Positive));
        }
        if row.replied > row.positive {
            bars.push((*at, positive, all, Tone::Reply));
        }
    }
    Panel {
        heading: format!("Replies per {of}"),
        marks: marks(scale),
        bars,
        limit: None,
        legend,
    }
}

fn marks(scale: Scale) -> Vec<(f64, String)> {
    let marks = scale.marks();
    marks
        .map(|mark| (scale.place(mark), words::count(mark)))
        .collect()
}

fn told(timeline: Timeline, stretches: &BTreeMap<u32, DayRow>) -> String {
    let total = |pick: fn(&DayRow) -> u64| {
        stretches
            .values()
            .map(pick)
            .fold(0_u64, u64::saturating_add)
    };
    let last = stretches
        .keys()
        .last()
        .map_or(timeline.first, |place| timeline.day(*place));
    let most = stretches
        .values()
        .max_by_key(|row| (row.sent, std::cmp::Reverse(row.day)));
    let most = most
        .filter(|row| row.sent > 0)
        .map_or(String::new(), |row| {
            let on = if timeline.n_days == 1 { "on" } else { "from" };
            format!(
                ", most of them {on} {} ({})",
                words::day(row.day),
                words::count(row.sent)
            )
        });
    format!(
        "{} to {}: {} sent{most}; {}, {} of them positive.",
        words::day(timeline.first),
        words::day(last),
        words::counted(total(|row| row.sent), "mail", "mails"),
        words::counted(total(|row| row.replied), "reply", "replies"),
        words::count(total(|row| row.positive)),
    )
}

fn table(timeline: Timeline, stretches: &BTreeMap<u32, DayRow>) -> Table {
    let row = |row: &DayRow| {
        let counts = [
            row.sent,
            row.bounced,
            row.replied,
            row.positive,
            row.opt_outs,
            row.opens,
            row.clicks,
        ];
        let mut cells = vec![Cell::text(&words::day(row.day))];
        cells.extend(counts.map(Cell::count));
        cells
    };
    let (caption, head) = match timeline.n_days {
        1 => (
            "Day by day; days on which nothing happened are left out",
            "Day",
        ),
        _ => (
            "By the first day of each; those without anything are left out",
            "From",
        ),
    };
    Table {
        id: "days-table".to_string(),
        caption: caption.to_string(),
        heads: vec![
            Head::text(head),
            Head::number("Sent"),
            Head::number("Of these bounced"),
            Head::number("Replies"),
            Head::number("Positive"),
            Head::number("Opt-outs"),
            Head::number("Opens"),
            Head::number("Clicks"),
        ],
        rows: stretches.values().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_periods_are_drawn_in_longer_stretches() {
        let check = |first: &str, last: &str, expected: (&str, u32, u32)| {
            let days = [first, last].map(|day| DayRow {
                day: day.parse().unwrap(),
                ..DayRow::default()
            });
            let found = timeline(&days).unwrap();
            assert_eq!(
                (found.first.to_string().as_str(), found.n_days, found.n),
                expected
            );
            assert_eq!(found.place(days[0].day), Some(0));
            assert_eq!(found.place(days[1].day), Some(found.n - 1));
        };
        check("2026-03-04", "2026-03-04", ("2026-03-04", 1, 1));
        check("2026-03-04", "2026-07-01", ("2026-03-04", 1, 120));
        check("2026-03-04", "2026-07-02", ("2026-03-02", 7, 18));
        check("2023-03-04", "2026-03-03", ("2023-02-27", 7, 158));
        check("2016-01-01", "2026-01-01", ("2015-12-28", 28, 131));
        check(
            "-200000-01-01",
            "+200000-01-01",
            ("-200001-12-27", 913_108, 160),
        );
        assert_eq!(timeline(&[]), None);
    }

    #[test]
    fn what_happened_is_kept_whatever_the_stretch() {
        let first: NaiveDate = "2026-01-01".parse().unwrap();
        let days: Vec<DayRow> = (0..400)
            .map(|n| DayRow {
                day: first + Days::new(n),
                sent: n,
                replied: 2,
                positive: 1,
                ..DayRow::default()
            })
            .collect();
        let timeline = timeline(&days).unwrap();
        let stretches = summed(&days, timeline);
        assert_eq!((timeline.n_days, stretches.len()), (7, 58));
        assert_eq!(stretches.values().map(|row| row.sent).sum::<u64>(), 79_800);
        let told = told(timeline, &stretches);
        let expected = "29 December 2025 to 1 February 2027: 79,800 mails sent, most of them from \
                        25 January 2027 (2,744); 800 replies, 400 of them positive.";
        assert_eq!(told, expected);
    }
}
