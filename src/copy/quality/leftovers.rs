//! Leftovers: what a template, a model or a converter forgot to take away.
//!
//! Purpose: placeholders in any bracket style, template syntax, a model talking about its work,
//! Markdown and HTML, and the holes that empty values leave.
//! Invariant: looked for with the lead's own names masked, which may contain brackets and signs.
//! This module knows no lead; its rules are in `phrases.toml`.

use super::reading::{Case, Reading};
use super::{Issue, phrases, sentences};

/// The rules of this family.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    phrases::apply("leftovers", case, reading, issues);
    phrases::apply("chatter", case, reading, issues);
    phrases::apply_below("chatter", reading, issues);
    sentences::chatter(case, reading, issues);
}
