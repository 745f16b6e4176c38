//! The tables of a report, each as lines that fit.

use super::chart::{SHADES, bar, shade, sparkline};
use super::layout::table;
use crate::metrics::{
    CohortRow, Dimension, Figures, Rate, Report, SegmentRow, SlotRow, WordingRow, percent,
};
use crate::report::words::{count, counted, duration, share};

/// So many values of a dimension are shown; weekdays and hours all.
const VALUES_SHOWN: usize = 6;

/// So many wordings are shown of the best, and of the last ones.
const WORDINGS_SHOWN: (usize, usize) = (5, 2);

/// So many of the latest weeks are shown as a table.
const WEEKS_SHOWN: usize = 8;

/// The longest bar, in characters.
const BAR_MAX: usize = 40;

pub(super) fn steps(report: &Report, width: u16) -> Vec<String> {
    let header = [
        "step", "sent", "back", "answered", "share", "positive", "opt-outs", "median",
    ];
    let rows = report.steps.iter().map(|row| {
        let (figures, tally) = (&row.figures, &row.figures.tally);
        let median = figures.time_to_reply.map(|spread| spread.median_seconds);
        vec![
            row.step.clone(),
            count(tally.sent),
            count(tally.bounced),
            count(tally.replied),
            share(figures.reply_rate),
            count(tally.positive),
            count(tally.opt_outs),
            median.map_or_else(|| "–".to_string(), duration),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    match rows.is_empty() {
        true => Vec::new(),
        false => table(&header, 1, rows, width),
    }
}

pub(super) fn funnel(report: &Report, width: u16) -> Vec<String> {
    let bar_width = usize::from(width).saturating_sub(52).clamp(8, BAR_MAX);
    let rows = report.funnel.iter().map(|row| {
        let of_first = row.of_first.share.unwrap_or_default();
        let added = row.share_added.map_or_else(String::new, |share| {
            let share = share.share.unwrap_or_default();
            format!(
                "{}, {}",
                counted(row.replies_added, "answer"),
                percent(share)
            )
        });
        vec![
            row.stage.clone(),
            bar(of_first, bar_width),
            count(row.n),
            percent(of_first),
            added,
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    match rows.is_empty() {
        true => Vec::new(),
        false => table(
            &["stage", "", "leads", "of first", "brought"],
            2,
            rows,
            width,
        ),
    }
}

pub(super) fn segments(report: &Report, width: u16) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for segment in report.segments.iter().filter(|s| s.rows.len() > 1) {
        if !rows.is_empty() {
            rows.push(Vec::new());
        }
        let dimension = segment.dimension;
        rows.push(vec![dimension.in_words().to_string()]);
        let n_shown = match dimension {
            Dimension::Weekday | Dimension::Hour => segment.rows.len(),
            _ => VALUES_SHOWN,
        };
        let shown = segment.rows.iter().take(n_shown);
        rows.extend(shown.map(|row| segment_row(row, dimension)));
        let n_more = segment.rows.len().saturating_sub(n_shown);
        if n_more > 0 {
            rows.push(vec![format!("  … {n_more} more …")]);
        }
    }
    let header = ["", "leads", "replied", "share", "positive", "opt-outs"];
    match rows.is_empty() {
        true => Vec::new(),
        false => table(&header, 1, rows, width),
    }
}

fn segment_row(row: &SegmentRow, dimension: Dimension) -> Vec<String> {
    let figures = &row.figures;
    let of = match dimension.is_of_messages() {
        true => counted(figures.tally.delivered, "mail"),
        false => count(figures.tally.reached),
    };
    let mut cells = vec![format!("  {}", row.value), of];
    cells.extend(outcome(figures));
    cells
}

/// Answers, their share, positive ones and opt-outs.
fn outcome(figures: &Figures) -> [String; 4] {
    [
        count(figures.tally.replied),
        share(figures.reply_rate),
        count(figures.tally.positive),
        count(figures.tally.opt_outs),
    ]
}

pub(super) fn wordings(rows: &[WordingRow], kind: &str, width: u16) -> Vec<String> {
    let (n_first, n_last) = WORDINGS_SHOWN;
    let cells = |row: &WordingRow| {
        let wording = match row.wording.is_empty() {
            true => "(its text was deleted)",
            false => row.wording.as_str(),
        };
        vec![
            wording.to_string(),
            row.step.clone(),
            count(row.figures.tally.delivered),
            count(row.figures.tally.positive),
            share(row.figures.positive_rate),
            count(row.figures.tally.opt_outs),
        ]
    };
    let n_between = rows.len().saturating_sub(n_first + n_last);
    let mut shown: Vec<Vec<String>> = rows.iter().take(n_first).map(cells).collect();
    if n_between > 0 {
        shown.push(vec![format!("… {n_between} more …")]);
    }
    let last = rows.iter().skip(n_first + n_between);
    shown.extend(last.map(cells));
    let header = [kind, "step", "mails", "positive", "share", "opt-outs"];
    match shown.is_empty() {
        true => Vec::new(),
        false => table(&header, 2, shown, width),
    }
}

pub(super) fn cohorts(rows: &[CohortRow], width: u16) -> Vec<String> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if rows.len() > 2 {
        let n_columns = usize::from(width).saturating_sub(36);
        let drawn = rows.iter().skip(rows.len().saturating_sub(n_columns));
        let since = drawn.clone().next().unwrap_or(first);
        let rates = drawn.map(|row| Some(row.figures.reply_rate).filter(|rate| rate.is_enough));
        let shares: Vec<Option<f64>> = rates.map(|rate| rate.and_then(|r| r.share)).collect();
        let line = format!(
            " replies {} {} {}",
            since.week,
            sparkline(&shares),
            last.week
        );
        lines.push(line);
    }
    let header = [
        "week", "leads", "replied", "share", "positive", "opt-outs", "back",
    ];
    let latest = rows.iter().skip(rows.len().saturating_sub(WEEKS_SHOWN));
    let latest = latest.map(|row| {
        let mut cells = vec![row.week.clone(), count(row.figures.tally.reached)];
        cells.extend(outcome(&row.figures));
        cells.push(count(row.figures.tally.bounced));
        cells
    });
    lines.extend(table(&header, 1, latest.collect(), width));
    lines
}

/// A map of shades: a row for each weekday, a column for each hour in use.
pub(super) fn slots(slots: &[SlotRow], sample_min: u64) -> Vec<String> {
    let enough = |slot: &&SlotRow| slot.reply_rate.is_enough;
    let share = |rate: Rate| rate.share.unwrap_or_default();
    let shares = slots
        .iter()
        .filter(enough)
        .map(|slot| share(slot.reply_rate));
    let largest = shares.fold(0.0, f64::max);
    let hours = || slots.iter().map(|slot| slot.hour);
    let (Some(first), Some(last)) = (hours().min(), hours().max()) else {
        return Vec::new();
    };
    let head: String = (first..=last).map(|hour| format!(" {hour:02}")).collect();
    let mut lines = vec![format!("    {head}")];
    for (number, day) in (1..).zip(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]) {
        if !slots.iter().any(|slot| slot.weekday == number) {
            continue;
        }
        let cell = |hour: u32| {
            let at = |slot: &&SlotRow| slot.weekday == number && slot.hour == hour;
            match slots.iter().find(at) {
                None => "   ".to_string(),
                Some(slot) if !slot.reply_rate.is_enough => "  ·".to_string(),
                Some(slot) => {
                    let shade = shade(share(slot.reply_rate), largest);
                    format!(" {shade}{shade}")
                }
            }
        };
        let line: String = (first..=last).map(cell).collect();
        lines.push(format!(" {day}{line}").trim_end().to_string());
    }
    let mut legend = vec![format!("· fewer than {sample_min} mails")];
    if largest > 0.0 {
        let quarters = (1..).zip(SHADES);
        legend.extend(quarters.map(|(quarter, shade)| {
            let up_to = largest * f64::from(quarter) / 4.0;
            format!("{shade}{shade} ≤ {}", percent(up_to))
        }));
    }
    lines.push(format!("     {}", legend.join("  ")));
    lines
}
