//! Figures: every number of a message has a source.
//!
//! Purpose: a figure is in the lead's data or in an allowed claim, exactly or fairly rounded;
//! figures in plain words (`a third of the returns`, `twice as fast`) count as well.
//! Invariant: a percentage is only covered by the same percentage, a claim only where its subject
//! is. Numbers of speech (`two questions`, a fifteen-minute call, `24/7`) are free.
//! This module does not compare what is counted; see [`super::contradiction`].

use super::counts::{Counts, Sentence};
use super::quantity::{Bound, Form, Kind, Quantity, Tongue, is_covered, quantities};
use super::reading::{Case, MASK, Reading};
use super::{Issue, Severity, issue};
use crate::copy::text::{fold, words};

/// Stems that say nothing about what a claim is about.
const GENERIC: [&str; 22] = [
    "about", "avera", "clien", "compa", "custo", "cuts", "every", "faste", "from", "helps",
    "incre", "less", "month", "more", "most", "reduc", "teams", "than", "their", "time", "with",
    "year",
];

/// The figures of a message that nothing covers.
pub(super) fn message(
    case: &Case<'_>,
    counts: &Counts<'_>,
    sentences: &[Sentence<'_>],
    reading: &Reading<'_>,
    issues: &mut Vec<Issue>,
) {
    let spoken = |sentence: &Sentence<'_>, figure: &Quantity<'_>| {
        is_speech(sentence, figure) && !twists_a_claim(case, sentence, figure)
    };
    let hint = "use only figures of the lead's data or of an allowed claim; better none";
    for sentence in sentences {
        for figure in &sentence.quantities {
            let is_free = spoken(sentence, figure)
                || (figure.bound != Bound::Several && is_covered(figure, &counts.facts))
                || is_claimed(case, sentence.text, figure);
            if is_free {
                continue;
            }
            let plain = figure.kind == Kind::Count || figure.form == Form::Digits;
            let severity = match plain && figure.bound != Bound::Several {
                true => Severity::Blocker,
                false => Severity::Major,
            };
            let written = sentence.written(figure).trim();
            let code = "invented_number";
            issues.push(issue(code, severity, reading.step, written, hint));
        }
    }
}

/// Whether a number is a way of speaking, no claim.
fn is_speech(sentence: &Sentence<'_>, figure: &Quantity<'_>) -> bool {
    let is_plain = figure.kind == Kind::Count;
    match figure.form {
        Form::Round if figure.bound == Bound::Several => !is_crowd_of_ours(sentence, figure),
        Form::Round => !counts_money(figure),
        Form::Word if is_plain => !is_said_of_lead(sentence, figure),
        Form::Digits | Form::Words | Form::Word => is_plain && is_harmless(sentence, figure),
    }
}

/// Whether a plain word tells a fact of the lead: `your forty vans`, `after forty years Northmoor`.
/// Small numbers are for [`super::contradiction`], which knows what the data counts.
fn is_said_of_lead(sentence: &Sentence<'_>, figure: &Quantity<'_>) -> bool {
    if figure.value < 13.0 || !figure.nouns.iter().any(|noun| noun.ends_with('s')) {
        return false;
    }
    const TIME: [&str; 7] = [
        "minutes", "hours", "days", "weeks", "months", "seconds", "quarters",
    ];
    if figure.nouns.iter().any(|noun| TIME.contains(noun)) || is_harmless(sentence, figure) {
        return false;
    }
    let is_age = figure.nouns[0] == "years";
    // `after close to forty years of cutting keys in Swansea, Northmoor`
    let named_behind = sentence
        .after(figure)
        .split_once(MASK)
        .is_some_and(|(between, _)| words(between).count() <= 9);
    sentence.is_of_lead(figure) || (is_age && named_behind)
}

/// Whether an unnamed crowd is ours: `dozens of carriers use our tracker`.
fn is_crowd_of_ours(sentence: &Sentence<'_>, figure: &Quantity<'_>) -> bool {
    const CROWD: [&str; 30] = [
        "agencies",
        "brands",
        "businesses",
        "carriers",
        "charities",
        "clients",
        "clinics",
        "companies",
        "customers",
        "dealers",
        "farms",
        "firms",
        "groups",
        "hotels",
        "leaders",
        "makers",
        "manufacturers",
        "members",
        "networks",
        "operators",
        "organisations",
        "organizations",
        "practices",
        "professionals",
        "retailers",
        "schools",
        "shops",
        "studios",
        "teams",
        "users",
    ];
    let named = words(sentence.after(figure))
        .take(4)
        .any(|word| CROWD.contains(&word));
    let ours = words(sentence.text).any(|word| {
        matches!(
            word,
            "we" | "us" | "our" | "we've" | "already" | "trust" | "chose" | "switched"
        )
    });
    named && ours
}

fn counts_money(figure: &Quantity<'_>) -> bool {
    const MONEY: [&str; 5] = ["dollars", "euros", "pounds", "customers", "clients"];
    figure.nouns.iter().any(|noun| MONEY.contains(noun))
}

/// Words of a sentence in which minutes are those of a talk.
const TALK: [&str; 24] = [
    "call",
    "chat",
    "talk",
    "conversation",
    "exchange",
    "coffee",
    "look",
    "demo",
    "of your time",
    "your calendar",
    "your diary",
    "spare",
    "worth",
    "week",
    "tuesday",
    "thursday",
    "wednesday",
    "monday",
    "friday",
    "phone",
    "zoom",
    "read",
    "available",
    "grab",
];

/// What a letter may count of itself.
const POINTS: [&str; 34] = [
    "things",
    "patterns",
    "ideas",
    "questions",
    "ways",
    "points",
    "reasons",
    "steps",
    "areas",
    "observations",
    "shifts",
    "habits",
    "moves",
    "themes",
    "signals",
    "thoughts",
    "lines",
    "line",
    "idea",
    "question",
    "thought",
    "thing",
    "reason",
    "page",
    "pages",
    "sentence",
    "sentences",
    "bullets",
    "slides",
    "words",
    "examples",
    "changes",
    "options",
    "parts",
];

/// What a figure in digits may be without claiming anything: a year, the length of a talk, a count
/// of points to come, a time of day, the name of a rule or a place.
fn is_harmless(sentence: &Sentence<'_>, figure: &Quantity<'_>) -> bool {
    let value = figure.value;
    let before = sentence.before(figure).trim_end();
    let rest = sentence.after(figure);
    let next = words(rest).next().unwrap_or_default();
    let enumerates = before.is_empty()
        && value <= 9.0
        && (rest.trim().is_empty() || rest.starts_with(['.', ')']));
    let minutes = matches!(
        next,
        "minute" | "minutes" | "min" | "mins" | "minuten" | "minutos"
    ) && value <= 60.0;
    let year = (2020.0..=2035.0).contains(&value) && figure.end - figure.start == 4;
    enumerates
        || year
        || is_idiom(before, next, rest, value)
        || is_label(before, figure)
        || (minutes && TALK.iter().any(|word| sentence.text.contains(word)))
        || (value <= 5.0 && POINTS.contains(&next))
        || (value <= 1.0 && figure.bound == Bound::Exact)
}

/// Times of day, `24/7`, `1-on-1`, `360-degree`, `the next 12 months`, `industry 4.0`.
fn is_idiom(before: &str, next: &str, rest: &str, value: f64) -> bool {
    let after = rest.trim_start();
    let half = ["am", "pm", "o'clock", "uhr"].contains(&next)
        || after.starts_with(['a', 'p']) && after.get(1..3) == Some(".m");
    let hour = value <= 24.0 && half;
    let clock = rest.starts_with(":00") || rest.starts_with(":30") || before.ends_with(':');
    let fraction = rest.starts_with('/') || before.ends_with('/');
    // A newspaper's sign for the end of a story.
    let thirty = value == 30.0 && before.ends_with('-') && rest.starts_with('-');
    let measure = ["foot", "feet", "degree", "degrees"].contains(&next);
    let named = ["industry", "web", "top"]
        .iter()
        .any(|word| before.ends_with(word));
    let ahead = ["next", "coming"].iter().any(|word| before.ends_with(word));
    hour || clock
        || fraction
        || measure
        || thirty
        || rest.starts_with("-on-")
        || rest.starts_with("-to-")
        || before.ends_with("-to-")
        || (named && value <= 10.0)
        || before.ends_with("industry")
        || (ahead && value <= 24.0)
}

/// Whether a number names something: `section 21`, `day 3`, `gate 7`.
fn is_label(before: &str, figure: &Quantity<'_>) -> bool {
    const LABELLED: [&str; 27] = [
        "article",
        "annex",
        "bay",
        "chapter",
        "class",
        "day",
        "din",
        "en",
        "form",
        "gate",
        "iso",
        "level",
        "no",
        "number",
        "page",
        "part",
        "phase",
        "platform",
        "regulation",
        "room",
        "route",
        "rule",
        "schedule",
        "section",
        "step",
        "tier",
        "week",
    ];
    let word = words(before).last().unwrap_or_default();
    figure.form == Form::Digits && LABELLED.contains(&word) && !before.ends_with([',', ':'])
}

/// Whether an allowed claim for this lead has the figure, and the sentence its subject and its
/// direction.
fn is_claimed(case: &Case<'_>, sentence: &str, figure: &Quantity<'_>) -> bool {
    let claims = case.brand.claims.iter();
    let mut claims = claims.filter(|claim| claim.is_for(&case.lead_data));
    claims.any(|claim| {
        let text = fold(&claim.text);
        let known = quantities(&text, Tongue::Any);
        if !is_covered(figure, &known) {
            return false;
        }
        let content = |text: &str| -> Vec<String> {
            let stem = |word: &str| word.chars().take(5).collect::<String>();
            words(text)
                .filter(|w| w.len() > 3 && w.chars().all(char::is_alphabetic))
                .map(stem)
                .collect()
        };
        let mut subject = content(&text);
        subject.retain(|word| !GENERIC.contains(&word.as_str()));
        let said = content(sentence);
        let shared = said.iter().filter(|word| subject.contains(word)).count();
        shared >= subject.len().min(1) && !is_turned(&text, sentence)
    })
}

/// Whether a plain word stands where an allowed claim, otherwise repeated, has another number:
/// `from nine days to two` for `from nine days to four`.
fn twists_a_claim(case: &Case<'_>, sentence: &Sentence<'_>, figure: &Quantity<'_>) -> bool {
    let is_word = figure.form == Form::Word && figure.value >= 2.0;
    let is_pair = sentence.quantities.len() >= 2;
    is_word
        && is_pair
        && case.brand.claims.iter().any(|claim| {
            let text = fold(&claim.text);
            let known = quantities(&text, Tongue::Any);
            let others = sentence.quantities.iter().filter(|other| *other != figure);
            let repeated = others.filter(|other| other.value >= 2.0 && is_covered(other, &known));
            let long = |word: &&str| word.len() >= 5;
            let shared = words(sentence.text).filter(long);
            let shared = shared.filter(|word| words(&text).any(|known| known == *word));
            known.len() >= 2 && repeated.count() > 0 && shared.count() >= 3
        })
}

/// Whether a claim that something falls is told as a rise, or the other way round.
fn is_turned(claim: &str, sentence: &str) -> bool {
    let (down, up) = direction(claim);
    let (said_down, said_up) = direction(sentence);
    (down && !up && said_up && !said_down) || (up && !down && said_down && !said_up)
}

/// Whether a text tells of a fall, and of a rise.
fn direction(text: &str) -> (bool, bool) {
    const DOWN: [&str; 20] = [
        "cut", "cuts", "cutting", "reduce", "reduces", "reduced", "lower", "lowers", "fewer",
        "less", "drop", "drops", "fall", "falls", "fell", "trims", "trim", "halved", "shorten",
        "down",
    ];
    const UP: [&str; 12] = [
        "increase",
        "increases",
        "increased",
        "raise",
        "raises",
        "raised",
        "grow",
        "grows",
        "grew",
        "boosts",
        "boost",
        "lifts",
    ];
    let has = |list: &[&str]| words(text).any(|word| list.contains(&word));
    (has(&DOWN), has(&UP))
}
