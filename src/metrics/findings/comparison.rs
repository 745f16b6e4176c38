//! What a report lets us compare: each value, step, wording and hour with the rest.
//!
//! Which comparisons are made depends on how many were written to, never on what came of it: only
//! then does the correction for their number mean anything.

use super::chance;
use crate::metrics::{
    Dimension, Figures, OTHERS, Rate, Report, SAMPLE_MIN, Segment, UNKNOWN, WORDING_MIN,
    WORDINGS_MAX, WordingRow,
};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Answers by people.
    Replied,
    /// Answers that are interested, or name somebody else.
    Positive,
    /// Opt-outs.
    OptOut,
    /// Mails that came back.
    Bounced,
}

impl Measure {
    fn of(self, figures: &Figures) -> Rate {
        match self {
            Measure::Replied => figures.reply_rate,
            Measure::Positive => figures.positive_rate,
            Measure::OptOut => figures.opt_out_rate,
            Measure::Bounced => figures.bounce_rate,
        }
    }

    /// Whether more of it is better.
    pub(super) fn is_wanted(self) -> bool {
        matches!(self, Measure::Replied | Measure::Positive)
    }
}

/// In which table of the report it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// Values of a dimension.
    Segment(Dimension),
    /// Steps.
    Step,
    /// Subjects of one step.
    Subject,
    /// Openings of one step.
    Opening,
    /// Hours of weekdays.
    Slot,
}

/// One side against the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    pub(super) table: Table,
    pub(super) measure: Measure,
    /// The value, wording or step in words.
    pub(super) one: String,
    pub(super) rate: Rate,
    /// All others, in words.
    pub(super) rest: String,
    pub(super) rest_rate: Rate,
    /// The probability that chance alone divides them so, before any allowance for their number.
    pub(super) p_value: f64,
}

impl Comparison {
    /// Nothing when either side is too small to be worth a comparison.
    fn new(
        (table, measure): (Table, Measure),
        (one, rate): (String, Rate),
        (rest, rest_rate): (String, Rate),
    ) -> Option<Comparison> {
        if rate.of < SAMPLE_MIN || rest_rate.of < SAMPLE_MIN {
            return None;
        }
        let p_value = chance::fisher_exact((rate.n, rate.of), (rest_rate.n, rest_rate.of));
        Some(Comparison {
            table,
            measure,
            one,
            rate,
            rest,
            rest_rate,
            p_value,
        })
    }

    /// Whether the one has the larger share.
    pub(super) fn is_higher(&self) -> bool {
        self.rate.share > self.rest_rate.share
    }

    /// The larger share by the smaller one.
    pub(super) fn ratio(&self) -> f64 {
        let (one, rest) = (
            self.rate.share.unwrap_or_default(),
            self.rest_rate.share.unwrap_or_default(),
        );
        one.max(rest) / one.min(rest).max(f64::MIN_POSITIVE)
    }

    /// The same comparison told from the other side.
    fn turned(self) -> Comparison {
        Comparison {
            one: self.rest,
            rate: self.rest_rate,
            rest: self.one,
            rest_rate: self.rate,
            ..self
        }
    }
}

/// Every comparison worth making, and how many were made in all: of wordings only the best are in a
/// report, and those left out were looked at as well.
pub(super) fn all(report: &Report) -> (Vec<Comparison>, usize) {
    let mut all = Vec::new();
    for segment in &report.segments {
        all.extend(of_segment(segment, Measure::Replied));
        if matches!(segment.dimension, Dimension::Confidence | Dimension::Sender) {
            all.extend(of_segment(segment, Measure::Bounced));
        }
    }
    all.extend(of_steps(report, Measure::Replied));
    all.extend(of_steps(report, Measure::OptOut));
    all.extend(of_slots(report));
    let mut n_unseen = 0;
    for (table, rows) in [
        (Table::Subject, &report.subjects),
        (Table::Opening, &report.openings),
    ] {
        for measure in [Measure::Positive, Measure::OptOut] {
            all.extend(of_wordings(report, (table, measure), rows));
            n_unseen += n_unseen_wordings(report, rows);
        }
    }
    let n_made = all.len() + n_unseen;
    (all, n_made)
}

/// Each value with all others that are known; two values are one comparison.
fn of_segment(segment: &Segment, measure: Measure) -> Vec<Comparison> {
    let table = Table::Segment(segment.dimension);
    let known = segment.rows.iter().filter(|row| row.value != UNKNOWN);
    let rates: Vec<(&str, Rate)> = known
        .map(|row| (row.value.as_str(), measure.of(&row.figures)))
        .collect();
    if let [(one, rate), (other, other_rate)] = rates.as_slice() {
        // Told of the better one, or of the one that does harm.
        let (one, other) = (format!("`{one}`"), format!("`{other}`"));
        let pair = Comparison::new((table, measure), (one, *rate), (other, *other_rate));
        return Vec::from_iter(pair.map(|pair| match pair.is_higher() {
            true => pair,
            false => pair.turned(),
        }));
    }
    let total = sum(rates.iter().map(|(_, rate)| *rate));
    let named = rates.iter().filter(|(value, _)| *value != OTHERS);
    let compared = named.filter_map(|(value, rate)| {
        let rest = ("all others".to_string(), without(total, *rate));
        Comparison::new((table, measure), (format!("`{value}`"), *rate), rest)
    });
    compared.collect()
}

fn of_steps(report: &Report, measure: Measure) -> Vec<Comparison> {
    let rates = || report.steps.iter().map(|row| measure.of(&row.figures));
    let total = sum(rates());
    let steps = report.steps.iter().zip(rates());
    let compared = steps.filter_map(|(row, rate)| {
        let rest = ("the other steps".to_string(), without(total, rate));
        let one = (format!("`{}`", row.step), rate);
        Comparison::new((Table::Step, measure), one, rest)
    });
    compared.collect()
}

fn of_slots(report: &Report) -> Vec<Comparison> {
    let total = sum(report.slots.iter().map(|slot| slot.reply_rate));
    let compared = report.slots.iter().filter_map(|slot| {
        let rest = (
            "all other hours".to_string(),
            without(total, slot.reply_rate),
        );
        let one = format!("{} {:02}:00", weekday(slot.weekday), slot.hour);
        let one = (one, slot.reply_rate);
        Comparison::new((Table::Slot, Measure::Replied), one, rest)
    });
    compared.collect()
}

fn of_wordings(
    report: &Report,
    (table, measure): (Table, Measure),
    rows: &[WordingRow],
) -> Vec<Comparison> {
    let compared = rows.iter().filter_map(|row| {
        let step = report.steps.iter().find(|step| step.step == row.step)?;
        let rate = measure.of(&row.figures);
        let rest = without(measure.of(&step.figures), rate);
        let one = match row.wording.is_empty() {
            true => format!("one whose text was deleted (`{}`)", row.step),
            false => format!("`{}` (`{}`)", row.wording, row.step),
        };
        let rest = (format!("the others of `{}`", row.step), rest);
        Comparison::new((table, measure), (one, rate), rest)
    });
    compared.collect()
}

/// At most so many wordings were ranked lower than those that are shown.
fn n_unseen_wordings(report: &Report, rows: &[WordingRow]) -> usize {
    if rows.len() < WORDINGS_MAX {
        return 0;
    }
    let delivered: u64 = report.steps.iter().map(|s| s.figures.tally.delivered).sum();
    let n_max = usize::try_from(delivered / WORDING_MIN).unwrap_or(usize::MAX);
    n_max.saturating_sub(rows.len())
}

fn sum(rates: impl Iterator<Item = Rate>) -> Rate {
    let (n, of) = rates.fold((0, 0), |(n, of), rate| (n + rate.n, of + rate.of));
    Rate::new(n, of)
}

fn without(total: Rate, one: Rate) -> Rate {
    Rate::new(
        total.n.saturating_sub(one.n),
        total.of.saturating_sub(one.of),
    )
}

/// 1 is Monday.
pub(super) fn weekday(number: u32) -> &'static str {
    match number {
        1 => "Mon",
        2 => "Tue",
        3 => "Wed",
        4 => "Thu",
        5 => "Fri",
        6 => "Sat",
        _ => "Sun",
    }
}
