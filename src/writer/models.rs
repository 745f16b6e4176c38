//! What is known of the common models before the first request.
//!
//! Purpose: where to begin (which options to leave out), how much fits, and what a token costs, so
//! that an ordinary run is never refused anything.
//! Invariant: what is learned from a server always wins over this table; a model that is not in it
//! is tried with everything and costs nobody knows what.
//! Sources: platform.openai.com/docs/models (context, parameters) and openai.com/api/pricing (the
//! standard tier without its discounts for cached prompts), both as published in October 2025.

use super::budget::Price;
use super::capabilities::{Capabilities, Format, Limit};

/// A family of models: its name, or that name with a date or number behind it.
struct Known {
    name: &'static str,
    kind: Kind,
    /// Tokens of prompt and answer together.
    context_tokens: u32,
    /// Dollars for a million tokens read and written.
    usd_per_mtok: (f64, f64),
}

/// What a family can do.
#[derive(Clone, Copy)]
enum Kind {
    /// Text only.
    Plain,
    /// `json_object`, no schemas.
    Object,
    /// Schemas too.
    Schema,
    /// Thinks before it writes: schemas, `max_completion_tokens`, no temperature.
    Thinking,
}

const fn known(
    name: &'static str,
    kind: Kind,
    context_tokens: u32,
    usd_per_mtok: (f64, f64),
) -> Known {
    Known {
        name,
        kind,
        context_tokens,
        usd_per_mtok,
    }
}

const MODELS: [Known; 18] = [
    known("gpt-4", Kind::Plain, 8_192, (30.0, 60.0)),
    known("gpt-4-32k", Kind::Plain, 32_768, (60.0, 120.0)),
    known("gpt-3.5-turbo", Kind::Object, 16_385, (0.5, 1.5)),
    known("gpt-4-turbo", Kind::Object, 128_000, (10.0, 30.0)),
    known("gpt-4o", Kind::Schema, 128_000, (2.5, 10.0)),
    known("gpt-4o-mini", Kind::Schema, 128_000, (0.15, 0.6)),
    known("gpt-4.1", Kind::Schema, 1_047_576, (2.0, 8.0)),
    known("gpt-4.1-mini", Kind::Schema, 1_047_576, (0.4, 1.6)),
    known("gpt-4.1-nano", Kind::Schema, 1_047_576, (0.1, 0.4)),
    known("o1", Kind::Thinking, 200_000, (15.0, 60.0)),
    known("o3", Kind::Thinking, 200_000, (2.0, 8.0)),
    known("o3-mini", Kind::Thinking, 200_000, (1.1, 4.4)),
    known("o4-mini", Kind::Thinking, 200_000, (1.1, 4.4)),
    known("gpt-5", Kind::Thinking, 400_000, (1.25, 10.0)),
    known("gpt-5-mini", Kind::Thinking, 400_000, (0.25, 2.0)),
    known("gpt-5-nano", Kind::Thinking, 400_000, (0.05, 0.4)),
    known("gpt-4-1106-preview", Kind::Object, 128_000, (10.0, 30.0)),
    known("gpt-4-0125-preview", Kind::Object, 128_000, (10.0, 30.0)),
];

/// The family of a model: the longest name it begins with, alone or followed by a date
/// (`gpt-4o-2024-08-06`, `gpt-4-0613`).
fn family(model: &str) -> Option<&'static Known> {
    let is_of = |known: &&Known| {
        let rest = model.strip_prefix(known.name);
        rest.is_some_and(|rest| {
            let dated = rest.strip_prefix('-').is_some_and(|date| {
                !date.is_empty() && date.chars().all(|c| c.is_ascii_digit() || c == '-')
            });
            rest.is_empty() || dated
        })
    };
    MODELS
        .iter()
        .filter(is_of)
        .max_by_key(|known| known.name.len())
}

/// What to begin with.
pub(super) fn begin_with(model: &str) -> Capabilities {
    let Some(known) = family(model) else {
        return Capabilities::ALL;
    };
    let (format, limit, temperature) = match known.kind {
        Kind::Plain => (Format::Plain, Limit::MaxTokens, true),
        Kind::Object => (Format::Object, Limit::MaxTokens, true),
        Kind::Schema => (Format::Schema, Limit::MaxTokens, true),
        Kind::Thinking => (Format::Schema, Limit::MaxCompletionTokens, false),
    };
    Capabilities {
        format,
        limit,
        temperature,
        context_tokens: Some(known.context_tokens),
        ..Capabilities::ALL
    }
}

/// Whether a model thinks at the expense of its answer's bound.
pub(super) fn thinks(model: &str) -> bool {
    family(model).is_some_and(|known| matches!(known.kind, Kind::Thinking))
}

/// What a model's tokens cost, as far as this table knows.
pub fn price_of(model: &str) -> Option<Price> {
    family(model).map(|known| {
        let (input, output) = known.usd_per_mtok;
        Price { input, output }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(model: &str, expected: Option<(f64, u32)>) {
        let price = price_of(model).map(|price| price.input);
        let context = begin_with(model).context_tokens;
        assert_eq!(price.zip(context), expected, "{model}");
    }

    #[test]
    fn a_dated_name_is_of_its_family_and_a_longer_name_of_its_own() {
        check("gpt-4", Some((30.0, 8_192)));
        check("gpt-4-0613", Some((30.0, 8_192)));
        check("gpt-4-0125-preview", Some((10.0, 128_000)));
        check("gpt-4o-2024-08-06", Some((2.5, 128_000)));
        check("gpt-4o-mini-2024-07-18", Some((0.15, 128_000)));
        check("gpt-5-mini", Some((0.25, 400_000)));
        for stranger in ["", "gpt-", "gpt-4-", "gpt-4-vision", "gpt-4ever", "llama3"] {
            check(stranger, None);
            assert_eq!(begin_with(stranger), Capabilities::ALL);
        }
    }

    #[test]
    fn the_default_model_is_asked_for_plain_text_and_a_thinking_one_without_temperature() {
        let gpt4 = begin_with("gpt-4");
        assert_eq!((gpt4.format, gpt4.limit), (Format::Plain, Limit::MaxTokens));
        assert!(gpt4.temperature && !thinks("gpt-4"));
        let thinking = begin_with("o4-mini-2025-04-16");
        assert_eq!(thinking.limit, Limit::MaxCompletionTokens);
        assert!(!thinking.temperature && thinks("o4-mini"));
    }
}
