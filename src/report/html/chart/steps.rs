//! The reply rate of each step with its interval, as points on one axis.

use super::{Chart, both, list, row_heading};
use crate::metrics::{Rate, Report, StepRow};
use crate::report::html::drawing::{Anchor, Drawn, Sheet};
use crate::report::html::palette::Tone;
use crate::report::html::scale::{Scale, share_mark};
use crate::report::html::table::{Cell, Head, Table};
use crate::report::html::words;

const ROW: f64 = 54.0;
const AXIS: f64 = 24.0;

/// The chart; none without steps. What is drawn are the rates that have enough behind them.
pub(in crate::report::html) fn chart(report: &Report) -> Option<Chart> {
    let steps = &report.steps;
    if steps.iter().all(|step| step.figures.tally.sent == 0) {
        return None;
    }
    let told = steps.iter().map(|step| {
        let rate = words::rate(&step.figures.reply_rate);
        format!("{}: {rate}", words::label(&step.step))
    });
    let enough: Vec<&Rate> = steps
        .iter()
        .map(|step| &step.figures.reply_rate)
        .filter(|rate| rate.is_enough)
        .collect();
    let largest = enough.iter().map(|rate| rate.high).fold(0.0, f64::max);
    let scale = Scale::of_shares(largest);
    let drawings = if enough.is_empty() {
        Vec::new()
    } else {
        both(
            |_| f64::from(rows_of(steps)) * ROW + AXIS,
            |sheet| paint(sheet, steps, scale),
        )
    };
    let caption = if enough.is_empty() {
        format!(
            "Not enough data: no step has {} delivered mails yet.",
            words::count(report.sample_min)
        )
    } else {
        "Replies to each mail as a share of those delivered. The point is what was counted, the \
         line is where the truth likely lies: where lines overlap, the difference may be chance."
            .to_string()
    };
    Some(Chart {
        id: "steps-chart",
        title: "Reply rate by step".to_string(),
        words: format!("{}.", list(&told.collect::<Vec<_>>())),
        caption,
        drawings,
        table: table(steps),
    })
}

fn rows_of(steps: &[StepRow]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

fn paint(sheet: &Sheet, steps: &[StepRow], scale: Scale) -> Drawn {
    // Half a label on either side keeps those of the ends on the sheet.
    let margin = sheet.width_of("100 %") / 2.0;
    let width = sheet.size.width() - 2.0 * margin;
    let x = |share: f64| margin + width * scale.place_of_share(share);
    for mark in scale.marks() {
        let x = margin + width * scale.place(mark);
        for row in 0..rows_of(steps) {
            let y = f64::from(row) * ROW;
            sheet.line((x, y + 22.0), (x, y + 44.0), 1.0, Tone::Line)?;
        }
        let bottom = f64::from(rows_of(steps)) * ROW;
        let label = share_mark(mark);
        sheet.text((x, bottom + 8.0), Anchor::Middle, Tone::Soft, &label)?;
    }
    for (step, y) in steps.iter().zip((0_u32..).map(|at| f64::from(at) * ROW)) {
        let rate = &step.figures.reply_rate;
        let name = words::label(&step.step);
        let Some(share) = rate.share.filter(|_| rate.is_enough) else {
            let told = format!("{}, not enough data", words::made_of(rate));
            row_heading(sheet, y + 10.0, &name, &told, Tone::Soft)?;
            continue;
        };
        let told = format!("{}, {}", words::share(share), words::made_of(rate));
        row_heading(sheet, y + 10.0, &name, &told, Tone::Ink)?;
        let (low, middle, high) = (x(rate.low), x(share), x(rate.high));
        let y = y + 32.0;
        sheet.line((low, y), (high, y), 2.0, Tone::Mail)?;
        for end in [low, high] {
            sheet.line((end, y - 5.0), (end, y + 5.0), 2.0, Tone::Mail)?;
        }
        sheet.dot((middle, y), 5.0, Tone::Mail)?;
    }
    Ok(())
}

fn table(steps: &[StepRow]) -> Table {
    // Without tracking nothing can be told, and two columns would say so row by row.
    let is_tracked = |step: &StepRow| {
        let tally = &step.figures.tally;
        tally.open_tracked > 0 || tally.click_tracked > 0
    };
    let is_tracked = steps.iter().any(is_tracked);
    let row = |step: &StepRow| {
        let figures = &step.figures;
        let mut cells = vec![
            Cell::text(&words::label(&step.step)),
            Cell::count(figures.tally.delivered),
            Cell::rate(&figures.reply_rate),
            Cell::interval(&figures.reply_rate),
            Cell::rate(&figures.positive_rate),
            Cell::rate(&figures.opt_out_rate),
            Cell::rate(&figures.bounce_rate),
        ];
        if is_tracked {
            cells.extend([&figures.open_rate, &figures.click_rate].map(Cell::rate));
        }
        let time = figures.time_to_reply.as_ref();
        let time = time.map(|spread| words::duration(spread.median_seconds));
        cells.push(Cell::figure(time.unwrap_or_else(|| "–".to_string())));
        cells
    };
    let mut heads = vec![
        Head::text("Step"),
        Head::number("Delivered"),
        Head::number("Replied"),
        Head::number("Likely between"),
        Head::number("Positive"),
        Head::number("Opt-outs"),
        Head::number("Bounced"),
    ];
    if is_tracked {
        heads.extend(["Opened", "Clicked"].map(Head::number));
    }
    heads.push(Head::number("Median reply"));
    Table {
        id: "steps-table".to_string(),
        caption: "What became of each step’s mails".to_string(),
        heads,
        rows: steps.iter().map(row).collect(),
    }
}
