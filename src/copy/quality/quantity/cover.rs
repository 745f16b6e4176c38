//! Whether what is known covers what is said.
//!
//! Purpose: `more than 300` is true of 310, `four hundred thousand` of 412,000, `one in five` of
//! 20 %, `for more than twenty-five years` of a company founded in 1998; `3,000` is not true of
//! 30,000.
//! Invariant: rounding follows the approximator's direction; without one only a rounder number
//! close by is the same.
//! This module does not know where a fact comes from.

use super::{Bound, Form, Kind, Quantity};

/// The years in which these texts may be written: an age is told by any of them.
const YEARS_NOW: [f64; 3] = [2025.0, 2026.0, 2027.0];

/// How far apart a number and what it rounds may be.
const ROUNDING: f64 = 0.07;

/// Whether any of the facts makes a quantity true.
pub(in super::super) fn is_covered(said: &Quantity<'_>, facts: &[Quantity<'_>]) -> bool {
    facts
        .iter()
        .any(|fact| covers(said, fact) || is_rest(said, fact))
        || is_age(said, facts)
}

fn covers(said: &Quantity<'_>, fact: &Quantity<'_>) -> bool {
    said.kind == fact.kind && !counts_otherwise(said, fact) && is_true(said, fact.value)
}

/// Whether one number is a span of time and the other counts things: three depots make no three
/// months.
fn counts_otherwise(said: &Quantity<'_>, fact: &Quantity<'_>) -> bool {
    const TIME: [&str; 6] = ["minute", "hour", "day", "week", "month", "year"];
    let is_time = |quantity: &Quantity<'_>| {
        let noun = quantity.nouns[0];
        TIME.contains(&noun.strip_suffix('s').unwrap_or(noun))
    };
    let is_thing = fact
        .nouns
        .iter()
        .any(|noun| noun.len() > 3 && noun.ends_with('s'));
    is_time(said) && said.form == Form::Digits && is_thing && !is_time(fact)
}

/// Whether a value is what was said of it.
fn is_true(said: &Quantity<'_>, value: f64) -> bool {
    let spread = (value - said.value) / value.max(1e-9);
    if spread.abs() < 1e-9 {
        return true;
    }
    match said.bound {
        Bound::Over => (0.0..=0.34).contains(&spread),
        Bound::Under => (-0.18..=0.0).contains(&spread),
        Bound::About => spread.abs() <= 0.13,
        Bound::Several => value >= said.value && value <= said.value * 10.0,
        Bound::Exact => is_rounded(said, value, spread.abs()),
    }
}

/// Whether a number without an approximator is a rounder form of a value.
fn is_rounded(said: &Quantity<'_>, value: f64, spread: f64) -> bool {
    match said.kind {
        // `a third` for 33 %, but never 15 % for 14 %.
        Kind::Percent => said.form == Form::Words && spread <= 0.045,
        Kind::Times => false,
        Kind::Count => {
            let digits = significant(said.value);
            said.value >= 100.0 && digits <= 2 && digits < significant(value) && spread <= ROUNDING
        }
    }
}

/// How many digits of a number are not noughts at its end.
fn significant(value: f64) -> u32 {
    let mut rest = (value * 1000.0).round();
    while rest >= 10.0 && rest % 10.0 == 0.0 {
        rest /= 10.0;
    }
    rest.max(1.0).log10().floor() as u32 + 1
}

/// Whether a number is what a known percentage leaves of a hundred: `the other 0.02` of `99.98%`.
fn is_rest(said: &Quantity<'_>, fact: &Quantity<'_>) -> bool {
    let is_share = fact.kind == Kind::Percent
        && said.form == Form::Digits
        && (said.kind == Kind::Percent || said.value.fract() > 0.0);
    is_share && (100.0 - fact.value - said.value).abs() < 1e-6
}

/// Whether a span of years is the age that a known year gives, or a year what a known age gives.
fn is_age(said: &Quantity<'_>, facts: &[Quantity<'_>]) -> bool {
    let ages = |of: f64| YEARS_NOW.map(|now| now - of);
    if said.kind == Kind::Count && counts_years(said) {
        let years = facts.iter().filter(|fact| is_year(fact));
        let mut ages = years.flat_map(|year| ages(year.value));
        return ages.any(|age| is_true(said, age) || is_round_age(said, age));
    }
    let spans = facts.iter().filter(|fact| counts_years(fact));
    is_year(said)
        && spans
            .flat_map(|span| ages(span.value))
            .any(|year| year == said.value)
}

/// `Ninety years` for ninety-one.
fn is_round_age(said: &Quantity<'_>, age: f64) -> bool {
    let is_round = said.value % 5.0 == 0.0 && said.value >= 20.0;
    is_round && said.bound == Bound::Exact && (age - said.value).abs() <= age * 0.06
}

/// Whether a quantity counts years.
pub(super) fn counts_years(quantity: &Quantity<'_>) -> bool {
    let years = [
        "year", "years", "year's", "years'", "jahre", "jahren", "ans", "années", "años", "anni",
        "jaar",
    ];
    quantity.nouns.iter().any(|noun| years.contains(noun))
}

/// Whether a quantity is a year in which something may have been founded.
pub(super) fn is_year(quantity: &Quantity<'_>) -> bool {
    quantity.kind == Kind::Count
        && quantity.form == Form::Digits
        && quantity.value.fract() == 0.0
        && (1500.0..=2035.0).contains(&quantity.value)
        && quantity.end - quantity.start == 4
}
