//! What the page says beside its charts: key figures, findings, segments, wordings.
//!
//! Invariant: every share says what it is made of, and below the sample that it says too little.
//! This module does not know markup.

use serde::Serialize;

use super::scale::Scale;
use super::table::{Cell, Head, Table};
use super::words;
use crate::metrics::{Dimension, Filter, Rate, Report, Segment, SegmentRow, Tally, WordingRow};

/// A key figure.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    title: &'static str,
    value: String,
    /// What it is made of, and how sure it is; a line each.
    notes: Vec<String>,
    is_faint: bool,
}

/// What to change next.
#[derive(Debug, Serialize)]
pub(super) struct Advice {
    sentence: String,
    advice: String,
    /// How likely chance alone explains it.
    chance: Option<String>,
}

/// How many campaigns stand somewhere.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    state: String,
    n: String,
}

/// The days the report is about, as a sentence.
pub(super) fn period(filter: &Filter) -> String {
    match (filter.since, filter.until) {
        (None, None) => "All campaigns from the first to the latest".to_string(),
        (Some(since), None) => format!("First mails since {}", words::day(since)),
        (None, Some(until)) => format!("First mails until {}", words::day(until)),
        (Some(since), Some(until)) => {
            format!(
                "First mails from {} to {}",
                words::day(since),
                words::day(until)
            )
        }
    }
}

/// The segments asked for, as `industry: Logistics`.
pub(super) fn filters(filter: &Filter) -> Vec<String> {
    let each = filter.segments.iter();
    each.map(|(dimension, value)| format!("{}: {}", title(*dimension), words::text(value)))
        .collect()
}

/// What the data supports changing.
pub(super) fn findings(report: &Report) -> Vec<Advice> {
    let each = report.findings.iter();
    each.map(|finding| Advice {
        sentence: words::sentence(&finding.sentence),
        advice: words::sentence(&finding.advice),
        chance: finding.p_value.filter(|p| p.is_finite()).map(words::share),
    })
    .collect()
}

/// Where campaigns stand.
pub(super) fn standings(report: &Report) -> Vec<Standing> {
    let each = report.states.iter();
    each.map(|row| Standing {
        state: words::label(&row.state),
        n: words::count(row.n),
    })
    .collect()
}

/// The key figures.
pub(super) fn cards(report: &Report) -> Vec<Card> {
    let figures = &report.totals;
    let tally = &figures.tally;
    let mut cards = vec![
        reached(tally),
        of_rate("Replied", &figures.reply_rate),
        of_rate("Replied positively", &figures.positive_rate),
        of_rate("Opted out", &figures.opt_out_rate),
        of_rate("Bounced", &figures.bounce_rate),
    ];
    if let Some(spread) = &figures.time_to_reply {
        cards.push(Card {
            title: "Time to reply",
            value: words::duration(spread.median_seconds),
            notes: vec![
                format!("median of {}", words::counted(spread.n, "reply", "replies")),
                format!("nine of ten within {}", words::duration(spread.p90_seconds)),
            ],
            is_faint: spread.n < report.sample_min,
        });
    }
    cards.push(of_count(
        "Complaints",
        tally.complaints,
        "mails somebody complained about",
    ));
    if tally.in_doubt > 0 {
        let note = "mails of which nobody knows whether they left";
        cards.push(of_count("In doubt", tally.in_doubt, note));
    }
    // Without tracking these are not nothing, but unknown.
    let tracked = [
        (
            "Opened",
            tally.open_tracked,
            &figures.open_rate,
            tally.machine_opens,
        ),
        (
            "Clicked",
            tally.click_tracked,
            &figures.click_rate,
            tally.machine_clicks,
        ),
    ];
    for (title, tracked, rate, by_programs) in tracked {
        if tracked > 0 {
            let mut card = of_rate(title, rate);
            card.notes.push(format!(
                "{} requests by programs apart",
                words::count(by_programs)
            ));
            cards.push(card);
        }
    }
    cards
}

fn reached(tally: &Tally) -> Card {
    Card {
        title: "Leads reached",
        value: words::count(tally.reached),
        notes: vec![
            format!("{} sent", words::counted(tally.sent, "mail", "mails")),
            format!("{} delivered", words::count(tally.delivered)),
        ],
        is_faint: false,
    }
}

fn of_rate(title: &'static str, rate: &Rate) -> Card {
    match words::share_of(rate) {
        Some(value) => Card {
            title,
            value,
            notes: vec![
                words::made_of(rate),
                format!(
                    "likely between {}",
                    words::interval(rate).replace(" to ", " and ")
                ),
            ],
            is_faint: false,
        },
        None => Card {
            title,
            value: words::made_of(rate),
            notes: vec!["not enough data for a share".to_string()],
            is_faint: true,
        },
    }
}

fn of_count(title: &'static str, n: u64, note: &str) -> Card {
    Card {
        title,
        value: words::count(n),
        notes: vec![note.to_string()],
        is_faint: false,
    }
}

/// A dimension as a heading.
fn title(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Industry => "Industry",
        Dimension::CompanySize => "Company size",
        Dimension::Seniority => "Seniority",
        Dimension::Country => "Country",
        Dimension::Tone => "Tone",
        Dimension::Confidence => "Confidence in the address",
        Dimension::Sender => "Sender",
        Dimension::Writer => "Writer",
        Dimension::Variant => "Template or model",
        Dimension::Weekday => "Weekday of sending",
        Dimension::Hour => "Hour of sending",
    }
}

/// A table per dimension of which there is anything to tell.
pub(super) fn segments(report: &Report) -> Vec<Table> {
    let told = report
        .segments
        .iter()
        .filter(|segment| !segment.rows.is_empty());
    told.enumerate()
        .map(|(at, told)| segment(at, told))
        .collect()
}

fn segment(at: usize, segment: &Segment) -> Table {
    // Weekdays and hours tell messages apart, everything else people.
    let is_of_messages = matches!(segment.dimension, Dimension::Weekday | Dimension::Hour);
    let rates = segment.rows.iter().map(|row| row.figures.reply_rate);
    let highs = rates.filter(|rate| rate.is_enough).map(|rate| rate.high);
    let scale = Scale::of_shares(highs.fold(0.0, f64::max));
    let row = |row: &SegmentRow| {
        let figures = &row.figures;
        let n = if is_of_messages {
            figures.tally.delivered
        } else {
            figures.tally.reached
        };
        vec![
            Cell::text(&row.value),
            Cell::count(n),
            Cell::rate_on(&figures.reply_rate, scale),
            Cell::interval(&figures.reply_rate),
            Cell::rate(&figures.positive_rate),
            Cell::rate(&figures.opt_out_rate),
            Cell::rate(&figures.bounce_rate),
        ]
    };
    Table {
        id: format!("segment-{at}"),
        caption: title(segment.dimension).to_string(),
        heads: vec![
            Head::text("Value"),
            Head::number(if is_of_messages {
                "Delivered"
            } else {
                "Reached"
            }),
            Head::number("Replied"),
            Head::number("Likely between"),
            Head::number("Positive"),
            Head::number("Opt-outs"),
            Head::number("Bounced"),
        ],
        rows: segment.rows.iter().map(row).collect(),
    }
}

/// A ranking of wordings; none when no wording went to enough leads.
pub(super) fn wordings(caption: &str, id: &str, wordings: &[WordingRow]) -> Option<Table> {
    let row = |row: &WordingRow| {
        let figures = &row.figures;
        let step = words::label(&row.step);
        let wording = match words::text(&row.wording) {
            text if text.is_empty() => "(its text is no longer kept)".to_string(),
            text => text,
        };
        vec![
            Cell::named(&wording, &step),
            Cell::count(figures.tally.delivered),
            Cell::rate(&figures.positive_rate),
            Cell::interval(&figures.positive_rate),
            Cell::rate(&figures.reply_rate),
            Cell::rate(&figures.opt_out_rate),
        ]
    };
    (!wordings.is_empty()).then(|| Table {
        id: format!("{id}-table"),
        caption: caption.to_string(),
        heads: vec![
            Head::text("Wording"),
            Head::number("Delivered"),
            Head::number("Positive"),
            Head::number("Likely between"),
            Head::number("Replied"),
            Head::number("Opt-outs"),
        ],
        rows: wordings.iter().map(row).collect(),
    })
}
