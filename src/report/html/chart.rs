//! The charts of the page: what each shows, in a drawing, in words and as a table.
//!
//! Invariant: whoever sees no drawing misses nothing; the words carry its numbers and the table all
//! of them. This module does not know markup.

mod bars;
pub(super) mod bounces;
pub(super) mod days;
pub(super) mod funnel;
pub(super) mod slots;
pub(super) mod steps;

use serde::Serialize;

use super::drawing::{self, Anchor, Drawing, Drawn, Sheet, Size};
use super::palette::Tone;
use super::table::Table;

/// A chart with everything that belongs to it.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    /// Unique on the page.
    pub(super) id: &'static str,
    /// What it shows, a few words.
    pub(super) title: String,
    /// What it shows with the numbers, for those who do not see it.
    pub(super) words: String,
    /// How to read it.
    pub(super) caption: String,
    /// For wide pages and for phones; none when there is nothing to draw.
    pub(super) drawings: Vec<Fitted>,
    /// The same as numbers.
    pub(super) table: Table,
}

/// A drawing for one kind of page.
#[derive(Debug, Serialize)]
pub(super) struct Fitted {
    class: &'static str,
    drawing: Drawing,
}

/// Draws for both kinds of pages. Should a drawing ever fail, the table still says everything.
fn both(height: impl Fn(Size) -> f64, paint: impl Fn(&Sheet) -> Drawn) -> Vec<Fitted> {
    let sizes = [("wide", Size::Wide), ("narrow", Size::Narrow)];
    let drawn = sizes.into_iter().filter_map(|(class, size)| {
        let drawing = drawing::draw(size, height(size), &paint).ok()?;
        Some(Fitted { class, drawing })
    });
    drawn.collect()
}

/// A line that names a row on the left and says its value on the right.
fn row_heading(sheet: &Sheet, y: f64, name: &str, value: &str, tone: Tone) -> Drawn {
    let width = sheet.size.width();
    let room = width - sheet.width_of(value) - sheet.size.font();
    let name = sheet.fitting(name, room.min(width * 0.6));
    sheet.heading((0.0, y), Anchor::Start, Tone::Ink, &name)?;
    sheet.text((width, y), Anchor::End, tone, value)
}

/// A list in a sentence: `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
