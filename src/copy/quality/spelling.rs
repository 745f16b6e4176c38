//! Spelling: the company's name letter by letter.
//!
//! Purpose: find what is almost the company's name, divided or joined otherwise, with a letter
//! more, less or exchanged, or without its accents.
//! Invariant: what the lead's own data writes is never wrong, nor is `and` for `&` or a missing
//! legal form.
//! This module does not know other people's names; see [`super::names`].

use std::borrow::Cow;

use super::names::{is_common, is_compound, short_forms};
use super::reading::{Case, Reading};
use super::{Issue, Severity, issue};
use crate::calendar::is_city;
use crate::copy::text::{fold, places};

/// Shorter names have too many honest neighbours among the words of a language.
const LETTERS_MIN: usize = 6;

/// A word of a text as it is compared.
struct Word<'a> {
    written: &'a str,
    letters: Cow<'a, str>,
    /// Whether it stands where a sentence begins, and its capital means nothing.
    starts: bool,
}

/// A form of the company's name.
pub(super) struct Form {
    /// As it is written.
    name: String,
    /// Its letters.
    letters: String,
    /// How many words it has.
    n_words: usize,
}

/// The forms of a company's name that are long enough to be compared, each once.
pub(super) fn forms(company: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    for name in std::iter::once(company.to_string()).chain(short_forms(company)) {
        let is_first_word = !name.contains(' ');
        // A first word alone is a name of its own only if it is long enough to be no other word.
        let min = if is_first_word {
            LETTERS_MIN + 1
        } else {
            LETTERS_MIN
        };
        let is_new = forms.iter().all(|form| form.name != name);
        if is_new && letters(&name).chars().count() >= min {
            forms.push(Form {
                // Word by word, as the text is read: a genitive may stand inside the name.
                letters: name.split_whitespace().map(letters).collect(),
                n_words: name.split_whitespace().count(),
                name,
            });
        }
    }
    forms
}

/// The rule of this file.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    if case.company_forms.is_empty() {
        return;
    }
    let lines = std::iter::once(reading.subject).chain(reading.core.lines());
    let lines: Vec<Vec<Word<'_>>> = lines.map(words).collect();
    for form in &case.company_forms {
        if has_wrong(case, form, reading.step, &lines, issues) {
            return;
        }
    }
}

/// Whether a form of the name is misspelt somewhere.
fn has_wrong(
    case: &Case<'_>,
    form: &Form,
    step: &str,
    lines: &[Vec<Word<'_>>],
    issues: &mut Vec<Issue>,
) -> bool {
    let n_words = form.n_words;
    for line in lines {
        let right: Vec<usize> = line
            .windows(n_words)
            .enumerate()
            .filter_map(|(at, window)| spells(window, &form.letters).then_some(at))
            .collect();
        for size in n_words.saturating_sub(1).max(1)..=n_words + 1 {
            // Part of the name where it is written whole (`B. Stone` of `J. B. Stone`) is no other.
            let is_part = |at: usize| {
                let meets = |from: &usize| at < from + n_words && *from < at + size;
                let is_itself = size == n_words && right.contains(&at);
                !is_itself && right.iter().any(meets)
            };
            let wrong = line
                .windows(size)
                .enumerate()
                .find(|(at, window)| is_wrong(case, form, window) && !is_part(*at));
            if let Some((_, window)) = wrong {
                let written: Vec<&str> = window.iter().map(|word| word.written).collect();
                let hint = format!(
                    "write the company as it writes itself: `{}`",
                    case.lead.company_short
                );
                let code = "company_misspelt";
                issues.push(issue(
                    code,
                    Severity::Blocker,
                    step,
                    &written.join(" "),
                    &hint,
                ));
                return true;
            }
        }
    }
    false
}

fn is_wrong(case: &Case<'_>, form: &Form, window: &[Word<'_>]) -> bool {
    let Some(first) = window.first() else {
        return false;
    };
    if !first.written.starts_with(char::is_uppercase) {
        return false;
    }
    let name = form.letters.as_str();
    // The same letters in another case are a matter of case.
    if window.len() == form.n_words && spells(window, name) {
        return window.iter().any(|word| word.written.contains('-'))
            && !form.name.contains('-')
            && !is_own(case, window);
    }
    let length = name.chars().count();
    let allowed = match length {
        ..=7 => 1,
        8..=15 => 2,
        _ => 3,
    };
    // One word at the beginning of a sentence may be any word of the language.
    let allowed = match window.len() == 1 && first.starts {
        true => usize::from(length > 6),
        false => allowed,
    };
    let n_letters: usize = window.iter().map(|word| word.letters.chars().count()).sum();
    if n_letters.abs_diff(length) > allowed {
        return false;
    }
    // Of a name all words are raised, but for those the name itself has small.
    let is_small = |word: &Word<'_>| {
        let spoken = fold(&form.name).replace('&', "and");
        spoken.split(' ').any(|part| part == word.letters)
    };
    let is_raised = |word: &Word<'_>| {
        word.written.starts_with(char::is_uppercase) || (!word.letters.is_empty() && is_small(word))
    };
    // A smaller window has the name itself.
    let last = window.len().saturating_sub(1);
    let holds_name = [window.get(1..), window.get(..last)]
        .into_iter()
        .any(|part| spells(part.unwrap_or_default(), name));
    if holds_name || !window.iter().all(is_raised) {
        return false;
    }
    let found: String = window.iter().map(|word| word.letters.as_ref()).collect();
    if window.len() == 1 && is_another_word(case, form, first.written, &found) {
        return false;
    }
    strsim::damerau_levenshtein(&found, name) <= allowed && !is_own(case, window)
}

/// Whether a word like a part of the name is one of its own: `the Prairies` for Prairie Surety, a
/// city, a people.
fn is_another_word(case: &Case<'_>, form: &Form, written: &str, found: &str) -> bool {
    let is_part = form.name != case.lead.company_short && !is_compound(&form.name);
    let is_plural = found.strip_suffix('s') == Some(form.letters.as_str())
        || form.letters.strip_suffix('s') == Some(found);
    is_part && (is_plural || is_common(found) || is_city(written))
}

/// Whether the letters of some words in a row are those of a name.
fn spells(words: &[Word<'_>], name: &str) -> bool {
    let mut rest = name;
    for word in words {
        match rest.strip_prefix(word.letters.as_ref()) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

/// Whether the lead's own data writes it so, perhaps as the plural or the genitive.
fn is_own(case: &Case<'_>, window: &[Word<'_>]) -> bool {
    let written: Vec<&str> = window.iter().map(|word| word.written).collect();
    let written = fold(&written.join(" "));
    let written = written.strip_suffix("'s").unwrap_or(&written);
    [&case.lead_data, &case.brand_data]
        .into_iter()
        .any(|data| places(data, written).next().is_some())
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut starts = true;
    let mut all = Vec::new();
    for token in line.split_whitespace() {
        let written = token.trim_matches(|c: char| !c.is_alphanumeric() && c != '&');
        all.push(Word {
            written,
            letters: match written.bytes().all(|byte| byte.is_ascii_lowercase()) {
                true => Cow::Borrowed(written),
                false => Cow::Owned(letters(written)),
            },
            starts,
        });
        starts = token.ends_with(['.', '?', '!', ':', '•', '—', '–', '-']);
    }
    all
}

/// The letters and digits of a name, folded; `&` is spoken.
fn letters(name: &str) -> String {
    let mut name = fold(name);
    if name.ends_with("'s") {
        name.truncate(name.len() - 2);
    }
    if name.contains('&') {
        name = name.replace('&', "and");
    }
    name.retain(char::is_alphanumeric);
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::Draft;
    use crate::copy::brand::Brand;
    use crate::copy::quality::tests::lead_with;

    #[track_caller]
    fn check(company: &str, text: &str, expected: &str) {
        let lead = lead_with(|lead| {
            lead.company = company.into();
            lead.company_short = company.into();
        });
        let brand = Brand::builtin("4Runr Team");
        let case = Case::new(&lead, &brand, &["hook"]);
        let draft = Draft {
            step: "hook".into(),
            subject: "A question".into(),
            body: format!("Hi Ada,\n\n{text}\n\n— 4Runr Team"),
        };
        let mut issues = Vec::new();
        message(&case, &Reading::new(&draft, &case), &mut issues);
        let found = issues.first().map_or("", |issue| issue.words.as_str());
        assert_eq!(found, expected, "{company}: {text}");
    }

    #[test]
    fn a_part_of_the_name_in_its_place_is_no_other_name() {
        check("J. B. Stone Europe", "What J. B. Stone Europe does.", "");
        check("Miller's Partners", "At Miller's Partners I saw it.", "");
        check(
            "J. B. Stone Europe",
            "What J. B. Stowe Europe does.",
            "B Stowe Europe",
        );
    }

    #[test]
    fn almost_the_name_is_found() {
        check("Parcelmoth", "What Parcel Moth does.", "Parcel Moth");
        check(
            "Free Range Foods",
            "At Free Range Food it is.",
            "Free Range Food",
        );
        check(
            "Free Range Foods",
            "At Free-Range Foods it is.",
            "Free-Range Foods",
        );
        check(
            "Käufer Heiztechnik",
            "Kaufer Heiztechnik plans.",
            "Kaufer Heiztechnik",
        );
        check(
            "Hathersage Precision",
            "Hathersedge Precision has",
            "Hathersedge Precision",
        );
        check("Nordkran", "Somebody at Nordkrann plans", "Nordkrann");
    }

    #[test]
    fn the_name_and_honest_words_are_not() {
        check(
            "Free Range Foods",
            "Free Range Foods has; Free Range Foods' plan",
            "",
        );
        check(
            "Free Range Foods",
            "Free Range is short; free range food is fine",
            "",
        );
        check("Guess & Thornbury", "At Guess and Thornbury we saw", "");
        check("Parcelmoth", "Parcelmoth’s portal, Parcels move", "");
        check("Notion", "Motion helps. We think of Notion often", "");
        check("Ferrous", "Ferrous works; a ferrous metal", "");
    }
}
