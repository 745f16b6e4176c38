//! A report for a terminal of 80 columns or more, without colours.
//!
//! What to do comes last, where it stands above the next prompt.

mod chart;
mod layout;
mod tables;
mod totals;

use crate::metrics::{Dimension, Finding, Report, percent};
use crate::report::words::count;

/// The narrowest page: the map of hours needs as much.
const WIDTH_MIN: u16 = 80;

/// The widest page: longer lines are hard to read.
const WIDTH_MAX: u16 = 120;

/// The whole page, ready to be printed, for a terminal of so many columns.
pub fn page(report: &Report, width: u16) -> String {
    let width = width.clamp(WIDTH_MIN, WIDTH_MAX);
    let mut page = head(report);
    if report.totals.tally.sent + report.totals.tally.in_doubt == 0 {
        page.extend(nothing_sent(report, width));
        return page.join("\n");
    }
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            page.push(format!("\n{title}"));
            page.extend(lines);
        }
    };
    section("In all", totals::sentences(report, width));
    section("Steps", tables::steps(report, width));
    section(
        "From the first mail to a positive answer",
        tables::funnel(report, width),
    );
    section("By whom and how", tables::segments(report, width));
    let order = "best first, by the lower end of the positive share";
    section(
        &format!("Subjects, {order}"),
        tables::wordings(&report.subjects, "subject", width),
    );
    section(
        &format!("Openings, {order}"),
        tables::wordings(&report.openings, "opening", width),
    );
    section(
        "By week of the first mail",
        tables::cohorts(&report.cohorts, width),
    );
    section(
        "Answers by weekday and hour where the lead is",
        tables::slots(&report.slots, report.sample_min),
    );
    section("What to change next", findings(&report.findings, width));
    page.join("\n")
}

/// When it was made and what it was asked about.
fn head(report: &Report) -> Vec<String> {
    let filter = &report.filter;
    let period = match (filter.since, filter.until) {
        (None, None) => "all that ever left".to_string(),
        (Some(since), None) => format!("first mails since {since}"),
        (None, Some(until)) => format!("first mails until {until}"),
        (Some(since), Some(until)) => format!("first mails from {since} to {until}"),
    };
    let mut about = vec![period];
    for dimension in Dimension::ALL {
        let wanted = filter.segments.iter().filter(|(of, _)| *of == dimension);
        let wanted: Vec<String> = wanted.map(|(_, value)| format!("`{value}`")).collect();
        if !wanted.is_empty() {
            about.push(format!("{} {}", dimension.in_words(), wanted.join(" or ")));
        }
    }
    let about = super::printable(&about.join(", ")).replace('\n', " ");
    let made_at = report.generated_at.format("%Y-%m-%d %H:%M UTC");
    vec![format!("Report of {made_at}: {about}")]
}

/// Why there is nothing to show, and what to do about it.
fn nothing_sent(report: &Report, width: u16) -> Vec<String> {
    let is_filtered = report.filter != Default::default();
    let why = match is_filtered {
        true => {
            "nothing was sent that belongs to this: ask for a longer period or fewer segments; \
             `outreach report` alone shows all values there are"
        }
        false => {
            "nothing was sent so far: `outreach nightly` writes campaigns and dates them, \
             `outreach hourly` sends what is due, `outreach status` says what waits"
        }
    };
    let mut lines = vec![String::new()];
    lines.extend(layout::wrapped("", why, width));
    let states = report.states.iter().filter(|row| row.n > 0);
    let states: Vec<String> = states
        .map(|row| format!("{} {}", count(row.n), row.state))
        .collect();
    if !states.is_empty() {
        let states = format!("campaigns: {}", states.join(", "));
        lines.extend(layout::wrapped("", &states, width));
    }
    lines
}

fn findings(findings: &[Finding], width: u16) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, finding) in (1..).zip(findings) {
        let by_chance = finding.p_value.map_or_else(String::new, |p| {
            let p = match p < 0.001 {
                true => "less than 0.1 %".to_string(),
                false => percent(p),
            };
            format!(" (by chance: {p})")
        });
        let sentence = format!("{}{by_chance}", finding.sentence);
        lines.extend(layout::wrapped(&format!("{number}."), &sentence, width));
        lines.extend(layout::wrapped(" →", &finding.advice, width));
    }
    lines
}

#[cfg(test)]
mod tests;
