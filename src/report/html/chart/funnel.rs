//! How many come how far: a bar per stage of the funnel.

use super::{Chart, both, list, row_heading};
use crate::metrics::{FunnelRow, Report};
use crate::report::html::drawing::{Drawn, Sheet};
use crate::report::html::palette::Tone;
use crate::report::html::scale::Scale;
use crate::report::html::table::{Cell, Head, Table};
use crate::report::html::words;

const ROW: f64 = 50.0;

/// The chart; none when nothing was delivered.
pub(in crate::report::html) fn chart(report: &Report) -> Option<Chart> {
    let rows = &report.funnel;
    let first = rows.first().filter(|row| row.n > 0)?;
    let told = rows
        .iter()
        .map(|row| format!("{} {}", name(row), reached(row)));
    let n_rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    Some(Chart {
        id: "funnel-chart",
        title: "How many leads came how far".to_string(),
        words: format!("{}.", list(&told.collect::<Vec<_>>())),
        caption: format!(
            "Leads with each mail delivered, then those who replied, then those who did so \
             positively; shares are of the {} with the first mail delivered.",
            words::count(first.n)
        ),
        drawings: both(
            |_| f64::from(n_rows) * ROW,
            |sheet| paint(sheet, rows, first.n),
        ),
        table: table(rows),
    })
}

/// `1,240 (88.7 %)`.
fn reached(row: &FunnelRow) -> String {
    match words::share_of(&row.of_first) {
        Some(share) => format!("{} ({share})", words::count(row.n)),
        None => words::count(row.n),
    }
}

/// Whether a stage is a step of the sequence, rather than an answer to it.
fn is_step(row: &FunnelRow) -> bool {
    row.share_added.is_some()
}

fn name(row: &FunnelRow) -> String {
    match row.stage.as_str() {
        "response" if !is_step(row) => "Any reply".to_string(),
        "positive" if !is_step(row) => "Positive reply".to_string(),
        step => words::label(step),
    }
}

fn paint(sheet: &Sheet, rows: &[FunnelRow], first: u64) -> Drawn {
    let width = sheet.size.width();
    let scale = Scale::exactly(first);
    for (row, y) in rows.iter().zip((0_u32..).map(|at| f64::from(at) * ROW)) {
        row_heading(sheet, y + 10.0, &name(row), &reached(row), Tone::Ink)?;
        let tone = match row.stage.as_str() {
            _ if is_step(row) => Tone::Mail,
            "positive" => Tone::Positive,
            _ => Tone::Reply,
        };
        sheet.bar((0.0, y + 22.0), (width, 16.0), Tone::Paper)?;
        // One of thousands is still a hair of colour.
        let length = width * scale.place(row.n);
        let least = if row.n > 0 { 1.0 } else { 0.0 };
        sheet.bar((0.0, y + 22.0), (length.max(least), 16.0), tone)?;
    }
    Ok(())
}

fn table(rows: &[FunnelRow]) -> Table {
    let row = |row: &FunnelRow| {
        let (added, share) = match &row.share_added {
            Some(share) => (Cell::count(row.replies_added), Cell::rate(share)),
            None => (Cell::figure(String::new()), Cell::figure(String::new())),
        };
        vec![
            Cell::text(&name(row)),
            Cell::count(row.n),
            Cell::rate(&row.of_first),
            Cell::interval(&row.of_first),
            added,
            share,
        ]
    };
    Table {
        id: "funnel-table".to_string(),
        caption: "The funnel in numbers".to_string(),
        heads: vec![
            Head::text("Stage"),
            Head::number("Leads"),
            Head::number("Of the first"),
            Head::number("Likely between"),
            Head::number("Replies to it"),
            Head::number("Of all replies"),
        ],
        rows: rows.iter().map(row).collect(),
    }
}
