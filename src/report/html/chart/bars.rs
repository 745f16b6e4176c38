//! Bars over time: panels one above another that share their days.
//!
//! Invariant: nothing stands outside the sheet, whatever the number of bars; this module does not
//! know what is counted.

use chrono::{Days, NaiveDate};

use super::Drawn;
use crate::report::html::drawing::{Anchor, Sheet, Size};
use crate::report::html::palette::Tone;
use crate::report::html::words;

/// Equal stretches of days, one bar each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timeline {
    /// The first day of the first.
    pub(super) first: NaiveDate,
    /// How many days each is long, at least 1.
    pub(super) n_days: u32,
    /// How many there are.
    pub(super) n: u32,
}

impl Timeline {
    /// In which stretch a day lies.
    pub(super) fn place(self, day: NaiveDate) -> Option<u32> {
        let days = u32::try_from((day - self.first).num_days()).ok()?;
        Some(days / self.n_days).filter(|place| *place < self.n)
    }

    /// The first day of a stretch.
    pub(super) fn day(self, place: u32) -> NaiveDate {
        let days = Days::new(u64::from(place) * u64::from(self.n_days));
        self.first.checked_add_days(days).unwrap_or(self.first)
    }
}

/// One panel.
pub(super) struct Panel<'a> {
    /// What stands above it.
    pub(super) heading: String,
    /// The marks of its axis, each with its place from 0 to 1.
    pub(super) marks: Vec<(f64, String)>,
    /// Its bars from the bottom up: which stretch, from where to where, in what colour.
    pub(super) bars: Vec<(u32, f64, f64, Tone)>,
    /// A line across, if any.
    pub(super) limit: Option<f64>,
    /// What its colours mean, where there is more than one.
    pub(super) legend: &'a [(Tone, String)],
}

const HEADING: f64 = 26.0;
const PLOT: f64 = 120.0;
const LEGEND: f64 = 20.0;
/// Half a mark of the axis stands above the plot.
const AIR: f64 = 8.0;
const GAP: f64 = 16.0;
const DAYS: f64 = 24.0;

/// How many lines the legend of a panel takes: one beneath another on a phone.
fn n_legend_lines(size: Size, legend: &[(Tone, String)]) -> f64 {
    match size {
        _ if legend.is_empty() => 0.0,
        Size::Wide => 1.0,
        Size::Narrow => u32::try_from(legend.len()).map_or(0.0, f64::from),
    }
}

/// How high panels are together.
pub(super) fn height(size: Size, panels: &[Panel]) -> f64 {
    let each = panels.iter();
    let each =
        each.map(|panel| HEADING + n_legend_lines(size, panel.legend) * LEGEND + AIR + PLOT + GAP);
    each.sum::<f64>() + DAYS
}

/// Draws panels and the days beneath them.
pub(super) fn paint(sheet: &Sheet, timeline: Timeline, panels: &[Panel]) -> Drawn {
    let marks = panels.iter().flat_map(|panel| &panel.marks);
    let label = marks
        .map(|(_, mark)| sheet.width_of(mark))
        .fold(0.0, f64::max);
    let left = label + 8.0;
    let mut y = 0.0;
    for panel in panels {
        let heading = sheet.fitting(&panel.heading, sheet.size.width());
        sheet.heading((0.0, y + 10.0), Anchor::Start, Tone::Ink, &heading)?;
        y += HEADING;
        legend(sheet, y, panel.legend)?;
        y += n_legend_lines(sheet.size, panel.legend) * LEGEND + AIR;
        plot(sheet, timeline, panel, left, y)?;
        y += PLOT + GAP;
    }
    days(sheet, timeline, left, y)
}

fn legend(sheet: &Sheet, top: f64, legend: &[(Tone, String)]) -> Drawn {
    let (mut x, mut y) = (0.0, top + 8.0);
    for (tone, text) in legend {
        sheet.bar((x, y - 5.0), (10.0, 10.0), *tone)?;
        sheet.text((x + 16.0, y), Anchor::Start, Tone::Soft, text)?;
        match sheet.size {
            Size::Wide => x += sheet.width_of(text) + 24.0,
            Size::Narrow => y += LEGEND,
        }
    }
    Ok(())
}

fn plot(sheet: &Sheet, timeline: Timeline, panel: &Panel, left: f64, top: f64) -> Drawn {
    let width = sheet.size.width() - left;
    let y = |place: f64| top + PLOT * (1.0 - place);
    for (place, mark) in &panel.marks {
        sheet.line(
            (left, y(*place)),
            (left + width, y(*place)),
            1.0,
            Tone::Line,
        )?;
        sheet.text((left - 8.0, y(*place)), Anchor::End, Tone::Soft, mark)?;
    }
    let slot = width / f64::from(timeline.n.max(1));
    // Few bars stay slim rather than becoming walls.
    let thick = (slot * 0.8).min(48.0);
    for (at, from, to, tone) in &panel.bars {
        let x = left + slot * (f64::from(*at) + 0.5) - thick / 2.0;
        // The least count is still seen beside a large one.
        let height = (PLOT * (to - from)).max(1.0);
        sheet.bar((x, (y(*from) - height).max(top)), (thick, height), *tone)?;
    }
    if let Some(limit) = panel.limit {
        sheet.line((left, y(limit)), (left + width, y(limit)), 2.0, Tone::Alert)?;
    }
    Ok(())
}

/// Names as many stretches as there is room for, at equal distances.
fn days(sheet: &Sheet, timeline: Timeline, left: f64, y: f64) -> Drawn {
    let width = sheet.size.width();
    let is_long = u64::from(timeline.n) * u64::from(timeline.n_days) > 300;
    let name = if is_long {
        words::short_month
    } else {
        words::short_day
    };
    let slot = (width - left) / f64::from(timeline.n.max(1));
    let room = sheet.width_of(&name(timeline.first)) + 20.0;
    let every = (1..=timeline.n).find(|every| f64::from(*every) * slot >= room);
    let every = every.unwrap_or(timeline.n).max(1);
    let step = usize::try_from(every).unwrap_or(usize::MAX);
    for place in (0..timeline.n).step_by(step) {
        let text = name(timeline.day(place));
        let half = sheet.width_of(&text) / 2.0;
        let middle = left + slot * (f64::from(place) + 0.5);
        // The first may stand beneath the marks; one that would leave the sheet is not needed.
        if place > 0 && middle + half > width {
            break;
        }
        let middle = middle.min(width - half).max(half);
        sheet.text((middle, y), Anchor::Middle, Tone::Soft, &text)?;
    }
    Ok(())
}
