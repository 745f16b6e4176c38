//! Structure: the steps, lengths, greeting, signature, links and call to action.
//!
//! Purpose: a campaign has the steps asked for, and each message the shape of a letter.
//! Invariant: only what lies outside the wide limits is refused; missing an aim costs little.
//! This module does not judge what is said.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::reading::{Case, Reading, plain_signature};
use super::{Issue, SUBJECT_CHARS, Severity, WORDS, issue, phrases, safety};
use crate::copy::text::{fold, places, word_count, words};
use crate::copy::word_range;

/// What invites an answer without asking a question.
static INVITES: LazyLock<Regex> = LazyLock::new(|| {
    let patterns = [
        "let me know|tell me|worth a|worth an|open to|compare notes|happy to|glad to|gladly",
        "like to|love to|if (?:you|it|that|this|any)|should (?:you|it|this|that|the)",
        "whenever|reply|drop me|happy for you|a look|offer stands",
        "say the word|chat|conversation|a call|connect|exchange|reach me|welcome|curious|door",
        "trade (?:views|notes)|share (?:what|how)|write (?:to )?me|tell us|ask me|be useful",
        "interested (?:in|to) (?:know|hear)|your (?:view|take|thoughts|opinion|experience)",
        "hear (?:how|from|what|your|about)|i can (?:write|send|show|outline|sketch)|i wonder",
        "(?:may|shall|could|can) (?:i|we) (?:show|send|ask)|thoughts",
        "antwort(?:en)?|melden|gespräch|zeile|échanger|réponse|hablar|conversar|respuesta|risposta",
    ];
    phrases::pattern(&patterns.join("|"), true)
});

/// Rules about the campaign as a whole.
pub(super) fn campaign(case: &Case<'_>, readings: &[Reading<'_>], issues: &mut Vec<Issue>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reading in readings {
        *counts.entry(reading.step).or_default() += 1;
    }
    for step in case.steps {
        match counts.get(step) {
            None => issues.push(issue(
                "missing_step",
                Severity::Blocker,
                "",
                step,
                &format!("write the step `{step}`"),
            )),
            Some(1) => {}
            Some(_) => issues.push(issue(
                "duplicate_step",
                Severity::Blocker,
                "",
                step,
                &format!("write the step `{step}` once"),
            )),
        }
    }
    for step in counts.keys().filter(|step| !case.steps.contains(step)) {
        let hint = format!("write only the steps {}", case.steps.join(", "));
        issues.push(issue("unknown_step", Severity::Blocker, "", step, &hint));
    }
}

/// Rules about one message.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    subject(reading, issues);
    length(reading, issues);
    greeting(case, reading, issues);
    signature(case, reading, issues);
    let links = safety::links(&reading.body).len();
    if links > 1 {
        let hint = "keep one link at most";
        issues.push(issue(
            "too_many_links",
            Severity::Major,
            reading.step,
            "",
            hint,
        ));
    }
    let questions = reading.core.matches('?').count();
    let invites = || INVITES.is_match(&fold(&reading.core));
    // The last one may simply say goodbye.
    let must_ask = case.is_first(reading.step) || !case.is_last(reading.step);
    if questions == 0 && must_ask && !invites() {
        let severity = if case.is_first(reading.step) {
            Severity::Major
        } else {
            Severity::Minor
        };
        let hint = "end with one question or a light invitation to answer";
        issues.push(issue("no_call_to_action", severity, reading.step, "", hint));
    }
    questions_asked(case, reading, issues);
    cut_off(reading, issues);
}

/// A flood of questions is an examination; in a list they are a subject to think about.
fn questions_asked(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let count = |text: &str| -> usize {
        let prose = text.lines().filter(|line| !is_listed(line));
        prose.map(|line| line.matches('?').count()).sum()
    };
    let flood = reading.core.split("\n\n").find(|text| count(text) >= 3);
    let is_flood = count(&reading.core) > 3 || (case.is_first(reading.step) && flood.is_some());
    let severity = if is_flood {
        Severity::Major
    } else if reading.core.matches('?').count() > 3 {
        Severity::Minor
    } else {
        return;
    };
    let (code, hint) = ("too_many_questions", "ask one question, not a list of them");
    let words = flood.unwrap_or_default();
    issues.push(issue(code, severity, reading.step, words, hint));
}

/// Whether a line is an item of a list.
fn is_listed(line: &str) -> bool {
    let line = line.trim_start();
    let marks = [
        '•', '-', '–', '—', '*', '·', '▪', '‣', '◦', '→', '✓', '✔', '➜', '➔',
    ];
    let number = line.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    line.starts_with(marks) || (line.len() - number.len() <= 2 && number.starts_with([')', '.']))
}

/// A paragraph that ends in the middle of a sentence.
fn cut_off(reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let paragraphs: Vec<&str> = reading.core.split("\n\n").map(str::trim).collect();
    let ended = |line: &str| line.ends_with(|c: char| !c.is_alphanumeric() && c != ',' && c != '-');
    // Who never ends a sentence has not been cut off.
    let marks = paragraphs.iter().filter(|text| ended(text)).count();
    let last = paragraphs.len().saturating_sub(1);
    let open = paragraphs.iter().enumerate().find_map(|(at, text)| {
        let line = text.lines().next_back().unwrap_or_default().trim();
        let sentence = line.rsplit(['.', '?', '!', ':']).next().unwrap_or_default();
        let end = fold(words(line).last().unwrap_or_default());
        let is_link = line
            .split_whitespace()
            .next_back()
            .is_some_and(|w| w.contains(['/', '@']));
        let is_letter = !ended(line) && !is_listed(line) && !is_link;
        let is_long = word_count(sentence) >= 7 || word_count(text) > word_count(line);
        let is_cut = (at == last && is_long) || is_joint(&end);
        (is_letter && is_cut && word_count(line) >= 4).then_some(line)
    });
    if let Some(line) = open.filter(|_| marks > 0) {
        let hint = "finish the sentence: the text is cut off here";
        let shown = line.rsplit(['.', '?', '!']).next().unwrap_or_default();
        issues.push(issue("cut_off", Severity::Major, reading.step, shown, hint));
    }
}

/// Whether something must follow a word.
fn is_joint(word: &str) -> bool {
    const JOINTS: [&str; 28] = [
        "the", "a", "an", "and", "or", "of", "which", "because", "your", "our", "their", "with",
        "from", "into", "between", "than", "is", "are", "was", "were", "der", "die", "das", "und",
        "le", "la", "et", "de",
    ];
    JOINTS.contains(&word)
}

fn subject(reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let characters = reading.subject.trim().chars().count();
    if characters == 0 {
        let hint = "give the mail a subject";
        issues.push(issue(
            "empty_subject",
            Severity::Blocker,
            reading.step,
            "",
            hint,
        ));
    } else if !SUBJECT_CHARS.contains(&characters) {
        let hint = format!(
            "write a subject of {} to {} characters, it has {characters}",
            SUBJECT_CHARS.start(),
            SUBJECT_CHARS.end()
        );
        let code = "subject_length";
        issues.push(issue(
            code,
            Severity::Major,
            reading.step,
            reading.subject,
            &hint,
        ));
    }
}

fn length(reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    // Greeting and signature count in the writer's favour at both ends.
    let (all, core) = (word_count(&reading.body), word_count(&reading.core));
    let range = word_range(reading.step);
    let hint = format!(
        "write {} to {} words, it has {all}",
        range.start(),
        range.end()
    );
    if all < *WORDS.start() || core > *WORDS.end() {
        issues.push(issue(
            "body_length",
            Severity::Blocker,
            reading.step,
            "",
            &hint,
        ));
    } else if all < *range.start() || core > *range.end() {
        issues.push(issue(
            "off_target_length",
            Severity::Minor,
            reading.step,
            "",
            &hint,
        ));
    }
}

/// Words of a greeting that are nobody's name, folded.
const ADDRESS: &[&str] = &[
    "abend",
    "afternoon",
    "again",
    "damen",
    "doctor",
    "dr",
    "evening",
    "frau",
    "geehrte",
    "geehrter",
    "herr",
    "madame",
    "miss",
    "monsieur",
    "morgen",
    "morning",
    "mr",
    "mrs",
    "ms",
    "prof",
    "professor",
    "señor",
    "señora",
    "tag",
    "team",
];

fn greeting(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let name = case.lead.first_name.as_str();
    let hint = format!("open with `Hi {name},`");
    let Some(greeting) = &reading.greeting else {
        issues.push(issue(
            "missing_greeting",
            Severity::Major,
            reading.step,
            "",
            &hint,
        ));
        return;
    };
    let has = |wanted: &str| wanted.chars().count() > 1 && contains_name(greeting, wanted);
    // Some are called by one letter (`J Vey`); with a full stop or before a given name it is an
    // initial only.
    let by_letter = || {
        let letter = name.split(' ').next().unwrap_or_default();
        name == case.lead.full_name
            && letter.chars().count() == 1
            && letter.chars().all(char::is_alphabetic)
            && contains_name(greeting, letter)
    };
    if contains_name(greeting, name) || words(&case.lead.full_name).any(has) || by_letter() {
        // A further name in front of or behind the right one belongs to somebody else.
        let allowed: Vec<String> = words(&case.lead.full_name)
            .chain([name])
            .map(fold)
            .collect();
        let stranger = words(greeting).skip(1).find(|word| {
            let folded = fold(word);
            word.chars().next().is_some_and(char::is_uppercase)
                && !allowed.contains(&folded)
                && !ADDRESS.contains(&folded.as_str())
        });
        if let Some(stranger) = stranger {
            issues.push(issue(
                "wrong_name",
                Severity::Blocker,
                reading.step,
                stranger,
                &hint,
            ));
        }
        return;
    }
    let folded = fold(greeting);
    if contains_name(&folded, &fold(name)) {
        issues.push(issue(
            "name_case",
            Severity::Blocker,
            reading.step,
            greeting,
            &hint,
        ));
        return;
    }
    let nobody = [
        "there", "all", "everyone", "team", "sir", "madam", "folks", "friend", "both",
    ];
    let generic = words(&folded)
        .skip(1)
        .all(|word| nobody.contains(&word) || word == "or");
    let severity = if generic && words(&folded).count() > 1 {
        Severity::Major
    } else {
        Severity::Blocker
    };
    issues.push(issue("wrong_name", severity, reading.step, greeting, &hint));
}

/// Whether a name stands in a text as whole words.
pub(super) fn contains_name(text: &str, name: &str) -> bool {
    places(text, name).next().is_some()
}

fn signature(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let own = plain_signature(&case.brand.signature);
    let sender = plain_signature(&case.brand.sender);
    let found = plain_signature(&reading.signature);
    // A name above it or a line below it (a job title, a postscript) does not matter.
    let holds = |wanted: &String| !wanted.is_empty() && contains_name(&found, wanted);
    if found == own || holds(&own) || holds(&sender) {
        return;
    }
    let hint = format!("end with the line `{}`", case.brand.signature);
    let code = if found.is_empty() {
        "missing_signature"
    } else {
        "wrong_signature"
    };
    issues.push(issue(
        code,
        Severity::Major,
        reading.step,
        &reading.signature,
        &hint,
    ));
}
