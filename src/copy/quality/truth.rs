//! Truth: figures with a source, and no acquaintance that never was.
//!
//! Purpose: nothing pretends to an earlier contact, a thread or a recommendation; figures and news
//! have a source.
//! Invariant: what the lead's own data tells is never invented.
//! This module does not know names; see [`super::names`].

use std::sync::LazyLock;

use regex::Regex;

use super::counts::{Counts, Sentence};
use super::reading::{Case, Reading};
use super::{Issue, Severity, contradiction, figures, issue, news, phrases, standing};

/// How a subject pretends to be part of a thread: the prefixes of mail programs in many languages.
static FAKE_THREAD: LazyLock<Regex> = LazyLock::new(|| {
    let prefixes =
        "re|r e|fwd?|forward(?:ed)?|reply|aw|antwort|wg|sv|vs|vb|rv|res|tr|antw|odp|enc|ynt|ref";
    phrases::pattern(
        &format!(r"^\W*(?i:{prefixes})\s*(?:[\[(]\d+[\])])?\s*[:：]"),
        false,
    )
});

/// The rules of this family.
pub(super) fn message(
    case: &Case<'_>,
    counts: &Counts<'_>,
    sentences: &[Sentence<'_>],
    reading: &Reading<'_>,
    issues: &mut Vec<Issue>,
) {
    if let Some(found) = FAKE_THREAD.find(reading.subject) {
        let hint = "there is no earlier thread: leave Re: and Fwd: out of the subject";
        issues.push(issue(
            "fake_thread",
            Severity::Blocker,
            reading.step,
            found.as_str(),
            hint,
        ));
    }
    phrases::apply("truth", case, reading, issues);
    if case.is_first(reading.step) {
        phrases::apply("first", case, reading, issues);
    }
    figures::message(case, counts, sentences, reading, issues);
    contradiction::of_lead(counts, sentences, reading, issues);
    news::message(case, reading, issues);
    standing::message(case, reading, issues);
}

#[cfg(test)]
mod tests;
