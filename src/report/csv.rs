//! A report as tables for other programs: RFC 4180, one file a table, shares as the numbers they
//! are made of.
//!
//! Invariant: no cell is a formula to a spreadsheet (OWASP, "CSV Injection"). A text that begins
//! like one gets an apostrophe before it; numbers stay numbers, for none of ours is negative.

use ::csv::{Terminator, WriterBuilder};
use anyhow::Context;
use chrono::{NaiveDate, SecondsFormat};

use crate::metrics::{Figures, Rate, Report, Tally, WordingRow};

/// A table as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name of its file, `steps.csv`.
    pub name: &'static str,
    /// UTF-8, lines ended by CR LF, the names of the columns first.
    pub text: String,
}

/// Every table of a report; always the same ones, also without any rows.
pub fn tables(report: &Report) -> anyhow::Result<Vec<Table>> {
    [
        totals(report),
        steps(report),
        funnel(report),
        segments(report),
        wordings("subjects.csv", &report.subjects),
        wordings("openings.csv", &report.openings),
        cohorts(report),
        days(report),
        slots(report),
        findings(report),
        states(report),
    ]
    .into_iter()
    .map(Sheet::into_table)
    .collect()
}

/// A cell. Texts come from strangers, numbers from us.
enum Cell {
    Text(String),
    Number(String),
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn number(number: impl ToString) -> Cell {
    Cell::Number(number.to_string())
}

/// Nothing where there is no number.
fn number_or_none(found: Option<impl ToString>) -> Cell {
    number(found.map_or_else(String::new, |found| found.to_string()))
}

struct Sheet {
    name: &'static str,
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Sheet {
    fn into_table(self) -> anyhow::Result<Table> {
        let mut writer = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(Vec::new());
        let name = self.name;
        let context = || format!("cannot make the table `{name}`");
        writer.write_record(&self.header).with_context(context)?;
        for row in self.rows {
            let cells = row.into_iter().map(|cell| match cell {
                Cell::Text(text) => guarded(&text),
                Cell::Number(number) => number,
            });
            writer.write_record(cells).with_context(context)?;
        }
        let bytes = writer.into_inner().map_err(|err| err.into_error());
        let text = String::from_utf8(bytes.with_context(context)?).with_context(context)?;
        Ok(Table { name, text })
    }
}

/// A text that no spreadsheet takes for a formula, whatever invisible stands before its first
/// character. Controls that no program expects in a table are replaced.
fn guarded(text: &str) -> String {
    let clean = text.chars().map(|c| match c {
        '\t' | '\r' | '\n' => c,
        c if c.is_control() => '\u{fffd}',
        c => c,
    });
    let clean: String = clean.collect();
    let is_invisible = |c: char| {
        let is_format = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fffd}');
        c.is_whitespace() || is_format
    };
    let seen = clean.trim_start_matches(is_invisible);
    let is_formula = seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    match is_formula || clean.starts_with(['\t', '\r', '\n']) {
        true => format!("'{clean}"),
        false => clean,
    }
}

/// The columns of a [`Rate`].
fn rate_header(name: &str) -> Vec<String> {
    let parts = ["n", "of", "share", "low", "high"];
    parts.map(|part| format!("{name}_{part}")).to_vec()
}

fn rate(rate: Rate) -> Vec<Cell> {
    vec![
        number(rate.n),
        number(rate.of),
        number_or_none(rate.share.map(decimal)),
        number(decimal(rate.low)),
        number(decimal(rate.high)),
    ]
}

/// A share with as many digits as any sample supports, never as a power of ten.
fn decimal(share: f64) -> String {
    format!("{share:.6}")
}

/// The counts with their columns' names; a new one cannot be forgotten here.
fn counts(tally: Tally) -> [(&'static str, u64); 16] {
    let Tally {
        reached,
        sent,
        delivered,
        bounced,
        in_doubt,
        open_tracked,
        opened,
        click_tracked,
        clicked,
        machine_opens,
        machine_clicks,
        replied,
        positive,
        negative,
        opt_outs,
        complaints,
    } = tally;
    [
        ("reached", reached),
        ("sent", sent),
        ("delivered", delivered),
        ("bounced", bounced),
        ("in_doubt", in_doubt),
        ("open_tracked", open_tracked),
        ("opened", opened),
        ("click_tracked", click_tracked),
        ("clicked", clicked),
        ("machine_opens", machine_opens),
        ("machine_clicks", machine_clicks),
        ("replied", replied),
        ("positive", positive),
        ("negative", negative),
        ("opt_outs", opt_outs),
        ("complaints", complaints),
    ]
}

/// The columns of [`Figures`] after some of the table's own.
fn figures_header(own: &[&str]) -> Vec<String> {
    let tally = counts(Tally::default()).map(|(name, _)| name);
    let mut header: Vec<String> = own.iter().chain(&tally).map(|s| s.to_string()).collect();
    for name in ["open", "click", "bounce", "reply", "positive", "opt_out"] {
        header.extend(rate_header(&format!("{name}_rate")));
    }
    let spread = ["n", "median_seconds", "p90_seconds"];
    header.extend(spread.map(|part| format!("time_to_reply_{part}")));
    header
}

fn figures(own: Vec<Cell>, figures: &Figures) -> Vec<Cell> {
    let mut row = own;
    row.extend(counts(figures.tally).map(|(_, n)| number(n)));
    for share in [
        figures.open_rate,
        figures.click_rate,
        figures.bounce_rate,
        figures.reply_rate,
        figures.positive_rate,
        figures.opt_out_rate,
    ] {
        row.extend(rate(share));
    }
    let spread = figures.time_to_reply;
    row.push(number(spread.map_or(0, |spread| spread.n)));
    row.push(number_or_none(spread.map(|spread| spread.median_seconds)));
    row.push(number_or_none(spread.map(|spread| spread.p90_seconds)));
    row
}

fn totals(report: &Report) -> Sheet {
    let filter = &report.filter;
    let day = |day: Option<NaiveDate>| text(day.map_or_else(String::new, |day| day.to_string()));
    let made_at = report
        .generated_at
        .to_rfc3339_opts(SecondsFormat::Secs, true);
    let segments = filter.segments.iter();
    let segments = segments.map(|(dimension, value)| format!("{}={value}", dimension.as_str()));
    let own = vec![
        text(made_at),
        day(filter.since),
        day(filter.until),
        text(segments.collect::<Vec<_>>().join("; ")),
        number(report.sample_min),
        number_or_none(report.bounce_rate_max.map(decimal)),
    ];
    let header = [
        "generated_at",
        "since",
        "until",
        "segments",
        "sample_min",
        "bounce_rate_max",
    ];
    Sheet {
        name: "totals.csv",
        header: figures_header(&header),
        rows: vec![figures(own, &report.totals)],
    }
}

fn steps(report: &Report) -> Sheet {
    let rows = report.steps.iter();
    let rows = rows.map(|row| figures(vec![number(row.number), text(&row.step)], &row.figures));
    Sheet {
        name: "steps.csv",
        header: figures_header(&["number", "step"]),
        rows: rows.collect(),
    }
}

fn funnel(report: &Report) -> Sheet {
    let rows = report.funnel.iter().map(|row| {
        let mut cells = vec![text(&row.stage), number(row.n)];
        cells.extend(rate(row.of_first));
        cells.push(number(row.replies_added));
        match row.share_added {
            Some(share) => cells.extend(rate(share)),
            None => cells.extend((0..5).map(|_| number(""))),
        }
        cells
    });
    let mut header = vec!["stage".to_string(), "n".to_string()];
    header.extend(rate_header("of_first"));
    header.push("replies_added".to_string());
    header.extend(rate_header("share_added"));
    Sheet {
        name: "funnel.csv",
        header,
        rows: rows.collect(),
    }
}

fn segments(report: &Report) -> Sheet {
    let rows = report.segments.iter().flat_map(|segment| {
        let dimension = segment.dimension.as_str();
        let rows = segment.rows.iter();
        rows.map(move |row| figures(vec![text(dimension), text(&row.value)], &row.figures))
    });
    Sheet {
        name: "segments.csv",
        header: figures_header(&["dimension", "value"]),
        rows: rows.collect(),
    }
}

fn wordings(name: &'static str, rows: &[WordingRow]) -> Sheet {
    let rows = rows.iter().map(|row| {
        let own = vec![
            text(&row.step),
            text(row.key.to_string()),
            text(&row.wording),
        ];
        figures(own, &row.figures)
    });
    Sheet {
        name,
        header: figures_header(&["step", "key", "wording"]),
        rows: rows.collect(),
    }
}

fn cohorts(report: &Report) -> Sheet {
    let rows = report.cohorts.iter();
    let rows = rows.map(|row| figures(vec![text(&row.week)], &row.figures));
    Sheet {
        name: "cohorts.csv",
        header: figures_header(&["week"]),
        rows: rows.collect(),
    }
}

fn days(report: &Report) -> Sheet {
    let header = [
        "day", "sent", "bounced", "replied", "positive", "opt_outs", "opens", "clicks",
    ];
    let rows = report.days.iter().map(|row| {
        let counts = [
            row.sent,
            row.bounced,
            row.replied,
            row.positive,
            row.opt_outs,
            row.opens,
            row.clicks,
        ];
        let mut cells = vec![text(row.day.to_string())];
        cells.extend(counts.map(number));
        cells
    });
    Sheet {
        name: "days.csv",
        header: header.map(str::to_string).to_vec(),
        rows: rows.collect(),
    }
}

fn slots(report: &Report) -> Sheet {
    let rows = report.slots.iter().map(|row| {
        let counts = [u64::from(row.weekday), u64::from(row.hour), row.delivered];
        let mut cells: Vec<Cell> = counts.map(number).into();
        cells.extend(rate(row.reply_rate));
        cells
    });
    let mut header = ["weekday", "hour", "delivered"]
        .map(str::to_string)
        .to_vec();
    header.extend(rate_header("reply_rate"));
    Sheet {
        name: "slots.csv",
        header,
        rows: rows.collect(),
    }
}

fn findings(report: &Report) -> Sheet {
    let rows = report.findings.iter().map(|finding| {
        vec![
            text(&finding.code),
            text(&finding.sentence),
            text(&finding.advice),
            number_or_none(finding.p_value.map(decimal)),
        ]
    });
    Sheet {
        name: "findings.csv",
        header: ["code", "sentence", "advice", "p_value"]
            .map(str::to_string)
            .to_vec(),
        rows: rows.collect(),
    }
}

fn states(report: &Report) -> Sheet {
    let rows = report.states.iter();
    let rows = rows.map(|row| vec![text(&row.state), number(row.n)]);
    Sheet {
        name: "states.csv",
        header: ["state", "n"].map(str::to_string).to_vec(),
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests;
