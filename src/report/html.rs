//! The report as one page of HTML that needs nothing but itself.
//!
//! Purpose: a page to be read in any browser, on a phone, in the dark or on paper, and sent on as
//! one file. Invariant: no script, no network, the same report gives the same bytes; every text of
//! the report is escaped by the template engine, and none of them reaches a style, an address or a
//! name of an element. This module counts nothing: each figure is taken from the [`Report`] as it
//! is.

mod chart;
mod drawing;
mod palette;
mod scale;
mod sections;
mod table;
mod words;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::metrics::Report;
use chart::Chart;
use sections::{Advice, Card, Standing};
use table::Table;

const SKELETON: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");

/// What the skeleton is filled with.
#[derive(Serialize)]
struct Page {
    style: String,
    period: String,
    filters: Vec<String>,
    made_at: String,
    sample_min: String,
    is_empty: bool,
    is_filtered: bool,
    findings: Vec<Advice>,
    cards: Vec<Card>,
    standings: Vec<Standing>,
    funnel: Option<Chart>,
    steps: Option<Chart>,
    days: Option<Chart>,
    slots: Option<Chart>,
    bounces: Option<Chart>,
    segments: Vec<Table>,
    subjects: Option<Table>,
    openings: Option<Table>,
}

/// The page of a report, a whole document in UTF-8.
#[expect(
    clippy::expect_used,
    reason = "the skeleton is our own and takes strings: it fails always, which tests see, or never"
)]
pub fn page(report: &Report) -> String {
    let totals = &report.totals.tally;
    let filter = &report.filter;
    let page = Page {
        style: format!("{}{STYLE}", palette::style()),
        period: sections::period(filter),
        filters: sections::filters(filter),
        made_at: words::instant(report.generated_at),
        sample_min: words::count(report.sample_min),
        is_empty: totals.sent == 0 && totals.in_doubt == 0,
        is_filtered: filter != &crate::metrics::Filter::default(),
        findings: sections::findings(report),
        cards: sections::cards(report),
        standings: sections::standings(report),
        funnel: chart::funnel::chart(report),
        steps: chart::steps::chart(report),
        days: chart::days::chart(report),
        slots: chart::slots::chart(report),
        bounces: chart::bounces::chart(report),
        segments: sections::segments(report),
        subjects: sections::wordings("Subjects", "subjects", &report.subjects),
        openings: sections::wordings("Opening sentences", "openings", &report.openings),
    };
    filled(&page).expect("the skeleton takes this page")
}

/// The skeleton filled, every value escaped: the ending of its name asks the engine for that.
fn filled(page: &Page) -> Result<String, minijinja::Error> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    env.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    env.render_named_str("page.html", SKELETON, Serde(page))
}
