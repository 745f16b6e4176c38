//! The bounce rate week by week against the limit at which a sender is stopped.

use super::bars::{self, Panel, Timeline};
use super::{Chart, both};
use crate::metrics::{CohortRow, Report};
use crate::report::html::palette::Tone;
use crate::report::html::scale::{Scale, share_mark};
use crate::report::html::table::{Cell, Head, Table};
use crate::report::html::words;

/// So many of the latest weeks are drawn, about three years.
const WEEKS_MAX: u32 = 160;

/// How high a week is drawn that says too little.
const STUB: f64 = 0.04;

/// The chart; none without cohorts.
pub(in crate::report::html) fn chart(report: &Report) -> Option<Chart> {
    let cohorts = &report.cohorts;
    let limit = report.bounce_rate_max.filter(|limit| limit.is_finite());
    let timeline = timeline(cohorts)?;
    let enough = cohorts
        .iter()
        .map(|row| row.figures.bounce_rate)
        .filter(|rate| rate.is_enough);
    let shares: Vec<f64> = enough.filter_map(|rate| rate.share).collect();
    let largest = shares.iter().copied().fold(limit.unwrap_or(0.0), f64::max);
    let scale = Scale::of_shares(largest);
    let legend = legend(limit, report.sample_min);
    let panels = [Panel {
        heading: "Bounced, by week of the first mail".to_string(),
        marks: scale
            .marks()
            .map(|mark| (scale.place(mark), share_mark(mark)))
            .collect(),
        bars: cohorts
            .iter()
            .filter_map(|row| bar(row, timeline, scale, limit))
            .collect(),
        limit: limit.map(|limit| scale.place_of_share(limit)),
        legend: &legend,
    }];
    Some(Chart {
        id: "bounces-chart",
        title: "Bounce rate by week".to_string(),
        words: told(report, limit),
        caption:
            "Mails that came back for good, of all that were sent to the leads first written to \
                  in that week."
                .to_string(),
        drawings: both(
            |size| bars::height(size, &panels),
            |sheet| bars::paint(sheet, timeline, &panels),
        ),
        table: table(cohorts),
    })
}

/// The latest weeks, those in which nobody was first written to among them.
fn timeline(cohorts: &[CohortRow]) -> Option<Timeline> {
    let mondays = || cohorts.iter().filter_map(|row| words::monday(&row.week));
    let (first, last) = (mondays().min()?, mondays().max()?);
    let n_before = (last - first).num_weeks().min(i64::from(WEEKS_MAX) - 1);
    Some(Timeline {
        first: last - chrono::TimeDelta::weeks(n_before),
        n_days: 7,
        n: u32::try_from(n_before + 1).ok()?,
    })
}

fn bar(
    row: &CohortRow,
    timeline: Timeline,
    scale: Scale,
    limit: Option<f64>,
) -> Option<(u32, f64, f64, Tone)> {
    let place = timeline.place(words::monday(&row.week)?)?;
    let rate = row.figures.bounce_rate;
    let share = rate.share?;
    match limit {
        _ if !rate.is_enough => Some((place, 0.0, STUB, Tone::Few)),
        _ if rate.n == 0 => None,
        Some(limit) if share >= limit => {
            Some((place, 0.0, scale.place_of_share(share), Tone::Alert))
        }
        _ => Some((place, 0.0, scale.place_of_share(share), Tone::Mail)),
    }
}

fn legend(limit: Option<f64>, sample_min: u64) -> Vec<(Tone, String)> {
    let mut legend = Vec::new();
    if let Some(limit) = limit {
        legend.push((Tone::Mail, "below the limit".to_string()));
        let at = format!("at {} a sender is stopped", words::share(limit));
        legend.push((Tone::Alert, at));
    }
    legend.push((
        Tone::Few,
        format!("fewer than {} sent", words::count(sample_min)),
    ));
    legend
}

fn told(report: &Report, limit: Option<f64>) -> String {
    let overall = format!("Overall {}", words::rate(&report.totals.bounce_rate));
    let weeks = report
        .cohorts
        .iter()
        .filter(|row| row.figures.bounce_rate.is_enough);
    let n_weeks = u64::try_from(weeks.clone().count()).unwrap_or(u64::MAX);
    let Some(limit) = limit else {
        return format!("{overall}. No limit stops a sender.");
    };
    let over: Vec<String> = weeks
        .filter(|row| {
            row.figures
                .bounce_rate
                .share
                .is_some_and(|share| share >= limit)
        })
        .map(|row| {
            format!(
                "{} ({})",
                words::text(&row.week),
                words::rate(&row.figures.bounce_rate)
            )
        })
        .collect();
    let limit = words::share(limit);
    let of = words::counted(n_weeks, "week", "weeks");
    match over.as_slice() {
        [] => format!("{overall}. None of {of} with enough mails reached the limit of {limit}."),
        over => format!(
            "{overall}. {} of {of} with enough mails reached the limit of {limit}: {}.",
            over.len(),
            over.join("; ")
        ),
    }
}

fn table(cohorts: &[CohortRow]) -> Table {
    let row = |row: &CohortRow| {
        let figures = &row.figures;
        let monday = words::monday(&row.week).map(|day| format!("from {}", words::day(day)));
        vec![
            Cell::named(&row.week, &monday.unwrap_or_default()),
            Cell::count(figures.tally.reached),
            Cell::count(figures.tally.sent),
            Cell::rate(&figures.bounce_rate),
            Cell::interval(&figures.bounce_rate),
            Cell::rate(&figures.reply_rate),
            Cell::rate(&figures.positive_rate),
            Cell::rate(&figures.opt_out_rate),
        ]
    };
    Table {
        id: "weeks-table".to_string(),
        caption: "Leads by the week of their first mail, and what became of them".to_string(),
        heads: vec![
            Head::text("Week"),
            Head::number("Reached"),
            Head::number("Sent"),
            Head::number("Bounced"),
            Head::number("Likely between"),
            Head::number("Replied"),
            Head::number("Positive"),
            Head::number("Opt-outs"),
        ],
        rows: cohorts.iter().map(row).collect(),
    }
}
