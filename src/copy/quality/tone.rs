//! Tone: bold without shouting, urgent without pressure.
//!
//! Purpose: spam and stock phrases, pressure and false deadlines, machine phrases, profanity,
//! shouting, floods of marks and emoji, and the words the brand avoids.
//! Invariant: the lead's names are masked, and abbreviations everybody writes in capitals are no
//! shouts.
//! This module does not judge facts; its phrases are in `phrases.toml`.

use super::reading::{Case, MASK, Reading};
use super::{Issue, Severity, issue, phrases, sentences};
use crate::copy::text::{places, words};

/// Abbreviations of four letters and more that are not shouted. Shorter ones are never counted.
const ABBREVIATIONS: &[&str] = &[
    "ANSI", "ASAP", "CAPEX", "CCPA", "CISO", "COVID", "CSRD", "DACH", "EBITDA", "EMEA", "FINRA",
    "FMCG", "GAAP", "GDPR", "GMBH", "HIPAA", "HVAC", "IATA", "IFRS", "JSON", "LATAM", "MEDDIC",
    "MIFID", "NASDAQ", "NATO", "NERC", "OPEX", "OSHA", "PSD2", "REIT", "SAAS", "SAML", "SCADA",
    "SIEM", "SLAS", "SMEs", "SOC2", "SWIFT", "USPS", "VPNS", "YAML", "FAQS", "KPIS", "APIS",
];

/// The rules of this family.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    phrases::apply("tone", case, reading, issues);
    sentences::message(case, reading, issues);
    avoided(case, reading, issues);
    shouting(case, reading, issues);
    marks(reading, issues);
    emoji(reading, issues);
}

fn avoided(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let text = reading.folded.as_str();
    for avoided in &case.avoided {
        let own = |at: usize| case.says_itself(text, at, at + avoided.len());
        if places(text, avoided).any(|at| !own(at)) {
            let hint = "the brand avoids these words: say it differently";
            issues.push(issue(
                "avoided_words",
                Severity::Major,
                reading.step,
                avoided,
                hint,
            ));
        }
    }
}

fn shouting(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let shouted = |word: &&str| {
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        letters >= 4
            && word.chars().all(|c| !c.is_alphabetic() || c.is_uppercase())
            && word.chars().any(|c| c.is_lowercase() || c.is_uppercase())
            && !ABBREVIATIONS.contains(word)
            && !case.written.has(word)
    };
    let all: Vec<&str> = words(&reading.masked).filter(shouted).collect();
    let subject: Vec<&str> = words(reading.subject).collect();
    let short = |word: &&&str| {
        word.chars().filter(|c| c.is_alphabetic()).count() > 1
            && word.chars().all(|c| !c.is_lowercase())
            && !case.written.has(word)
    };
    let loud = subject.iter().filter(short).count();
    let run = shouted_run(case, reading);
    let hint = "write words in lower case; capitals are read as shouting";
    if all.len() >= 2 || run.is_some() || (loud >= 3 && loud * 2 >= subject.len()) {
        let words = if let Some(run) = run {
            run
        } else if all.is_empty() {
            reading.subject.to_string()
        } else {
            all.join(" ")
        };
        issues.push(issue(
            "shouting",
            Severity::Major,
            reading.step,
            &words,
            hint,
        ));
    } else if let Some(word) = all.first() {
        let severity = if reading.subject.contains(word) {
            Severity::Major
        } else {
            Severity::Minor
        };
        issues.push(issue("shouting", severity, reading.step, word, hint));
    }
}

/// Three words in a row without a small letter, of which one is no abbreviation.
fn shouted_run(case: &Case<'_>, reading: &Reading<'_>) -> Option<String> {
    let is_loud = |token: &&&str| {
        let n_letters = token.chars().filter(|c| c.is_alphabetic()).count();
        let word = token.trim_matches(|c: char| !c.is_alphanumeric());
        n_letters > 0
            && !token.chars().any(char::is_lowercase)
            && !case.written.has(word)
            && !ABBREVIATIONS.contains(&word)
    };
    let is_plain = |token: &&&str| {
        const PLAIN: [&str; 16] = [
            "THE", "AND", "YOU", "YOUR", "ARE", "NOT", "FOR", "ALL", "NOW", "THIS", "OUR", "CAN",
            "BEST", "NEW", "DO", "FREE",
        ];
        PLAIN.contains(&token.trim_matches(|c: char| !c.is_alphanumeric()))
    };
    reading.masked.lines().find_map(|line| {
        let tokens: Vec<&str> = line.split_whitespace().collect();
        let mut runs = tokens.windows(3);
        let run =
            runs.find(|run| run.iter().all(|t| is_loud(&t)) && run.iter().any(|t| is_plain(&t)));
        run.map(|run| run.join(" "))
    })
}

fn marks(reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let text = reading.masked.as_str();
    let hint = "one mark is enough; none is stronger";
    let piles = ["!!", "??", "?!", "!?", "$$", "€€", ",,,", "¡¡"];
    if let Some(pile) = piles.iter().find(|pile| text.contains(**pile)) {
        issues.push(issue(
            "piled_marks",
            Severity::Major,
            reading.step,
            pile,
            hint,
        ));
        return;
    }
    let exclamations = text.matches('!').count();
    if exclamations > 2 {
        issues.push(issue(
            "exclamations",
            Severity::Major,
            reading.step,
            "!",
            hint,
        ));
    } else if exclamations > 1 || reading.subject.contains('!') {
        issues.push(issue(
            "exclamations",
            Severity::Minor,
            reading.step,
            "!",
            hint,
        ));
    }
}

fn emoji(reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let is_emoji = |c: char| {
        matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2B50 | 0x2B55 | 0x23F0)
            && !matches!(c, '✓' | '✔' | '➜' | '➔')
    };
    let found: String = reading
        .masked
        .replace(MASK, "")
        .chars()
        .filter(|c| is_emoji(*c))
        .collect();
    let hint = "leave emoji out of a first correspondence";
    match found.chars().count() {
        0 => {}
        1 | 2 if !reading.subject.chars().any(is_emoji) => {
            issues.push(issue("emoji", Severity::Minor, reading.step, &found, hint));
        }
        _ => issues.push(issue("emoji", Severity::Major, reading.step, &found, hint)),
    }
}
