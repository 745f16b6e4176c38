//! The reply rate by weekday and hour of sending, as a map of heat.
//!
//! Wide pages have the hours side by side, phones one beneath another.

use super::{Chart, both};
use crate::metrics::{Report, SlotRow};
use crate::report::html::drawing::{Anchor, Drawn, Sheet, Size};
use crate::report::html::palette::{Heat, Tone};
use crate::report::html::scale::{Scale, share_mark};
use crate::report::html::table::{Cell, Head, Table};
use crate::report::html::words;

const WEEKDAYS: [(&str, &str); 7] = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
];

/// The rows of the map on a wide page, the columns on a phone.
const CELL: f64 = 30.0;
const LABELS: f64 = 44.0;
const LEGEND: f64 = 66.0;

/// The part of the week that is drawn.
#[derive(Clone, Copy)]
struct Map {
    first_hour: u32,
    n_hours: u32,
    n_weekdays: u32,
    scale: Scale,
}

/// The chart; none when nothing was delivered.
pub(in crate::report::html) fn chart(report: &Report) -> Option<Chart> {
    let slots: Vec<&SlotRow> = report
        .slots
        .iter()
        .filter(|slot| (1..=7).contains(&slot.weekday) && slot.hour < 24 && slot.delivered > 0)
        .collect();
    let hours = || slots.iter().map(|slot| slot.hour);
    let (first_hour, last_hour) = (hours().min()?, hours().max()?);
    let enough = slots.iter().filter(|slot| slot.reply_rate.is_enough);
    let shares: Vec<f64> = enough.filter_map(|slot| slot.reply_rate.share).collect();
    let scale = Scale::of_shares(shares.iter().copied().fold(0.0, f64::max));
    let map = Map {
        first_hour,
        n_hours: last_hour - first_hour + 1,
        n_weekdays: slots.iter().map(|slot| slot.weekday).fold(5, u32::max),
        scale,
    };
    let words = told(&slots, report.sample_min);
    let (caption, drawings) = if shares.is_empty() {
        (words.clone(), Vec::new())
    } else {
        let caption = format!(
            "Replies to 100 delivered mails, by when these were sent in the lead’s own time zone. \
             Hours with fewer than {} delivered mails say too little and show a dot.",
            words::count(report.sample_min)
        );
        let drawings = both(|size| height(size, map), |sheet| paint(sheet, &slots, map));
        (caption, drawings)
    };
    Some(Chart {
        id: "slots-chart",
        title: "Reply rate by weekday and hour of sending".to_string(),
        words,
        caption,
        drawings,
        table: table(&slots),
    })
}

fn height(size: Size, map: Map) -> f64 {
    let rows = match size {
        Size::Wide => map.n_weekdays,
        Size::Narrow => map.n_hours,
    };
    CELL + f64::from(rows) * CELL + LEGEND
}

fn paint(sheet: &Sheet, slots: &[&SlotRow], map: Map) -> Drawn {
    let (n_columns, n_rows) = match sheet.size {
        Size::Wide => (map.n_hours, map.n_weekdays),
        Size::Narrow => (map.n_weekdays, map.n_hours),
    };
    let width = ((sheet.size.width() - LABELS) / f64::from(n_columns.max(1))).min(90.0);
    let at = |column: u32, row: u32| {
        let x = LABELS + f64::from(column) * width;
        (x, CELL + f64::from(row) * CELL)
    };
    let hour = |n: u32| format!("{:02}", map.first_hour + n);
    let (column, row): (&dyn Fn(u32) -> String, &dyn Fn(u32) -> String) = match sheet.size {
        Size::Wide => (&hour, &weekday),
        Size::Narrow => (&weekday, &hour),
    };
    for n in 0..n_columns {
        let middle = (at(n, 0).0 + width / 2.0, CELL / 2.0);
        sheet.text(middle, Anchor::Middle, Tone::Soft, &column(n))?;
    }
    for n in 0..n_rows {
        let start = (0.0, at(0, n).1 + CELL / 2.0);
        sheet.text(start, Anchor::Start, Tone::Soft, &row(n))?;
    }
    for slot in slots {
        let (weekday, hour) = (slot.weekday - 1, slot.hour - map.first_hour);
        let (x, y) = match sheet.size {
            Size::Wide => at(hour, weekday),
            Size::Narrow => at(weekday, hour),
        };
        cell(sheet, slot, map.scale, (x + 1.0, y + 1.0), width - 2.0)?;
    }
    legend(sheet, map.scale, CELL + f64::from(n_rows) * CELL + 14.0)
}

fn cell(sheet: &Sheet, slot: &SlotRow, scale: Scale, at: (f64, f64), width: f64) -> Drawn {
    let middle = (at.0 + width / 2.0, at.1 + CELL / 2.0 - 1.0);
    let rate = slot.reply_rate;
    let Some(share) = rate.share.filter(|_| rate.is_enough) else {
        sheet.bar(at, (width, CELL - 2.0), Tone::Paper)?;
        return sheet.dot(middle, 1.5, Tone::Few);
    };
    let heat = Heat::of(scale.place_of_share(share));
    sheet.bar(at, (width, CELL - 2.0), Tone::Heat(heat))?;
    // Two digits are as much as a narrow cell holds.
    let in_hundred = share * 100.0;
    let text = match in_hundred {
        p if p >= 9.95 || p == 0.0 => format!("{p:.0}"),
        p => format!("{p:.1}"),
    };
    sheet.text(middle, Anchor::Middle, heat.ink(), &text)
}

fn legend(sheet: &Sheet, scale: Scale, y: f64) -> Drawn {
    let width = 44.0;
    let mut x = 0.0;
    for heat in Heat::all() {
        sheet.bar((x, y), (width, 12.0), Tone::Heat(heat))?;
        x += width;
    }
    let y = y + 26.0;
    let last = scale.marks().last().unwrap_or_default();
    sheet.text((0.0, y), Anchor::Start, Tone::Soft, &share_mark(0))?;
    sheet.text((x, y), Anchor::End, Tone::Soft, &share_mark(last))
}

/// A weekday from 0 in three letters.
fn weekday(n: u32) -> String {
    let names = usize::try_from(n).ok().and_then(|n| WEEKDAYS.get(n));
    names.map_or_else(String::new, |(short, _)| (*short).to_string())
}

fn when(slot: &SlotRow) -> String {
    let names = usize::try_from(slot.weekday - 1)
        .ok()
        .and_then(|n| WEEKDAYS.get(n));
    let weekday = names.map_or("", |(_, long)| long);
    format!("{weekday} {:02}:00", slot.hour)
}

fn told(slots: &[&SlotRow], sample_min: u64) -> String {
    let enough = slots.iter().filter(|slot| slot.reply_rate.is_enough);
    let share = |slot: &SlotRow| slot.reply_rate.share.unwrap_or_default();
    let best = enough.clone().max_by(|a, b| share(a).total_cmp(&share(b)));
    let worst = enough.clone().min_by(|a, b| share(a).total_cmp(&share(b)));
    let (Some(best), Some(worst)) = (best, worst) else {
        return format!(
            "Not enough data: no hour of the week has {} delivered mails yet.",
            words::count(sample_min)
        );
    };
    format!(
        "{} of {} hours have enough mails. Most replies: {}, {}. Fewest: {}, {}.",
        enough.count(),
        slots.len(),
        when(best),
        words::rate(&best.reply_rate),
        when(worst),
        words::rate(&worst.reply_rate)
    )
}

fn table(slots: &[&SlotRow]) -> Table {
    let row = |slot: &&SlotRow| {
        vec![
            Cell::text(&when(slot)),
            Cell::count(slot.delivered),
            Cell::rate(&slot.reply_rate),
            Cell::interval(&slot.reply_rate),
        ]
    };
    Table {
        id: "slots-table".to_string(),
        caption: "By hour of the week; hours in which nothing was sent are left out".to_string(),
        heads: vec![
            Head::text("Sent"),
            Head::number("Delivered"),
            Head::number("Replied"),
            Head::number("Likely between"),
        ],
        rows: slots.iter().map(row).collect(),
    }
}
