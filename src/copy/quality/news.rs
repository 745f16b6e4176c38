//! News: nothing is told of the lead or of others that nobody told us.
//!
//! Purpose: awards, funding, posts, hires and customers that stand in no data are invented, however
//! plainly they are told.
//! Invariant: what the lead's data or the brand's claims speak of may be spoken of.
//! This module does not judge figures; see [`super::figures`].

use std::sync::LazyLock;

use regex::Regex;

use super::reading::{Case, Reading};
use super::{Issue, Severity, issue, phrases};

/// News of the company that its data does not tell: what machines invent to sound informed.
static NEWS: LazyLock<Regex> = LazyLock::new(|| {
    let fresh = "recent|latest|newest|fresh|upcoming";
    let event = "fund(?:ing|raise|raising)|series [a-f]|acquisition|merger|ipo|award|expansion|\
                 launch|rebrand|relaunch|podcast|webinar|keynote|interview|article|blog|post|posts|\
                 promotion|hires?|hiring|anniversary|partnership|press release|round|talk|panel";
    let patterns = [
        format!("(?:your|the company's) (?:{fresh}) (?:[a-z0-9]+ ){{0,2}}(?P<one>{event})"),
        "congrat(?:s|ulations) on (?:your |the |that )?(?:[a-z0-9]+ ){0,2}?(?P<two>[a-z]{4,})"
            .to_string(),
        "(?:i|we) (?:saw|read|noticed|heard|loved) (?:about )?your (?:[a-z0-9]+ ){0,2}(?P<three>\
         article|post|posts|interview|podcast|talk|webinar|announcement|news|keynote)"
            .to_string(),
    ];
    phrases::pattern(&patterns.join("|"), true)
});

/// The rule of this file.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let found = NEWS.captures_iter(&reading.folded).find(|captures| {
        let event = ["one", "two", "three"]
            .iter()
            .find_map(|name| captures.name(name));
        // A stem is enough: `funded` in the data tells of a `funding`.
        let stem: String = event
            .map_or("", |event| event.as_str())
            .chars()
            .take(4)
            .collect();
        !case.lead_data.contains(&stem)
    });
    if let Some(found) = found.as_ref().and_then(|captures| captures.get(0)) {
        let hint = "the lead's data tells of no such thing: leave it out";
        let code = "invented_claim";
        issues.push(issue(
            code,
            Severity::Blocker,
            reading.step,
            found.as_str(),
            hint,
        ));
    }
}
