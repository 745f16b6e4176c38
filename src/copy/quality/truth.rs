//! Truth: figures with a source, and no acquaintance that never was.
//!
//! Purpose: every number is in the lead's data or an allowed claim; nothing pretends to an earlier
//! contact, a thread or a recommendation.
//! Invariant: a percentage is only covered by the same percentage; a claim only where its subject
//! is.
//! This module does not know names; see [`super::names`].

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::reading::{Case, Reading};
use super::{Issue, Severity, contradiction, issue, numerals, phrases};
use crate::copy::text::{fold, words};

/// A number or a range with the unit that makes it a claim.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"\d+(?:[.,]\d+)*";
    let unit =
        r"%|percent(?-u:\b)|per cent|x(?-u:\b)|times(?-u:\b)|fold(?-u:\b)|k(?-u:\b)|m(?-u:\b)";
    let large = "bn(?-u:\\b)|million|billion|thousand";
    let range = format!(r"(?:\s?%?\s?(?:-|to|and|or)\s?(?P<to>{number}))?");
    let text = format!(r"(?P<from>{number}){range}(?:\s?-?(?P<unit>{unit}|{large}))?");
    phrases::pattern(&text, false)
});

/// Figures in words.
static WORDED: LazyLock<Regex> = LazyLock::new(|| {
    let digit = "one|two|three|four|five|six|seven|eight|nine|ten|hundred";
    let number =
        format!("a|{digit}|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety");
    let times = "times (?:faster|more|as|higher|better|the)";
    let unit = format!("percent|per cent|{times}|fold|million|billion|thousand|hundred");
    let growth = "their|its|our|the|revenue|sales|conversions?|growth|output|bookings|profits?";
    let crowd = "clients|customers|companies|teams|businesses|users|firms|brands|organi[sz]ations|\
                 agencies|carriers|charities|clinics|hotels|leaders|makers|manufacturers|operators|\
                 practices|retailers|schools|shops|studios|networks|professionals";
    let patterns = [
        format!("(?:{number})(?:[ -](?:to[ -])?(?:{digit}))?[ -](?:{unit})"),
        format!("(?:{digit})fold"),
        format!("(?:doubled|tripled|quadrupled|halved) (?:{growth})"),
        "twice as (?:fast|many|much)".to_string(),
        format!("(?:{digit}) (?:in|out of) (?:every )?(?:{digit}|twenty|fifty)"),
        format!("(?:dozens|hundreds|thousands|millions) of (?:[a-z-]+ ){{0,2}}(?:{crowd})"),
    ];
    phrases::pattern(&patterns.join("|"), true)
});

/// Stems that say nothing about what a claim is about.
const GENERIC: [&str; 22] = [
    "about", "avera", "clien", "compa", "custo", "cuts", "every", "faste", "from", "helps",
    "incre", "less", "month", "more", "most", "reduc", "teams", "than", "their", "time", "with",
    "year",
];

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
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
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
    figures(case, reading, issues);
    news(case, reading, issues);
    contradiction::of_lead(case, reading, issues);
}

fn figures(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let known = &case.numbers;
    let hint = "use only figures of the lead's data or of an allowed claim; better none";
    let text = reading.digits.as_str();
    // Most texts hold no figure of either kind, which is seen without taking them apart.
    let has_digits = text.contains(char::is_numeric);
    let has_worded = WORDED.is_match(text);
    if !has_digits && !has_worded {
        return;
    }
    for sentence in sentences(text) {
        for figure in find(sentence) {
            let covered = figure.values.iter().all(|value| {
                known
                    .iter()
                    .any(|(number, unit)| number == value && *unit == figure.unit)
                    || is_rest(value, known)
            });
            if !covered && !figure.harmless && !is_claimed(case, sentence, &figure) {
                let code = "invented_number";
                issues.push(issue(
                    code,
                    Severity::Blocker,
                    reading.step,
                    &figure.text,
                    hint,
                ));
            }
        }
        let worded = WORDED.find(sentence);
        let own = |words: &str| case.lead_data.contains(words) || case.brand_data.contains(words);
        if let Some(found) = worded.filter(|found| !own(found.as_str())) {
            let code = "invented_number";
            issues.push(issue(
                code,
                Severity::Major,
                reading.step,
                found.as_str(),
                hint,
            ));
        }
    }
}

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

fn news(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
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

/// Lines and their sentences. A dot between digits ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        line.split_inclusive(['?', '!', ';'])
            .flat_map(|part| part.split(". "))
    })
}

/// Whether a number is what a known percentage leaves of a hundred: `the other 0.02` of `99.98%`.
fn is_rest(value: &str, known: &[Known]) -> bool {
    let Ok(value) = value.parse::<f64>() else {
        return false;
    };
    known
        .iter()
        .filter(|(_, unit)| *unit == "%")
        .filter_map(|(number, _)| number.parse::<f64>().ok())
        .any(|number| (100.0 - number - value).abs() < 1e-6)
}

struct Figure {
    text: String,
    values: Vec<String>,
    unit: &'static str,
    /// A time of a talk, a year, a count of points to come: nobody takes it for a claim.
    harmless: bool,
}

fn find(sentence: &str) -> Vec<Figure> {
    NUMBER
        .captures_iter(sentence)
        .filter_map(|captures| figure(sentence, &captures))
        .collect()
}

fn figure(sentence: &str, captures: &Captures<'_>) -> Option<Figure> {
    let whole = captures.get(0)?;
    let from = captures.name("from")?;
    let unit = match captures.name("unit").map(|unit| unit.as_str()) {
        None => "",
        Some("%" | "percent" | "per cent") => "%",
        Some("x" | "times" | "fold") => "x",
        Some("k" | "thousand") => "k",
        Some("m" | "million") => "m",
        Some(_) => "bn",
    };
    let before = sentence.get(..whole.start())?.chars().next_back();
    let rest = sentence.get(whole.end()..)?;
    // `b2b`, `q3`, `4runr`, `2nd`: a name or an ordinal, not a figure.
    if before.is_some_and(|c| c.is_alphabetic() || c == '_' || c == '#')
        || rest.starts_with(|c: char| c.is_alphabetic())
    {
        return None;
    }
    let values: Vec<String> = [Some(from), captures.name("to")]
        .into_iter()
        .flatten()
        .map(|value| canonical(value.as_str()))
        .collect();
    let harmless = unit.is_empty() && is_harmless(sentence, whole.start(), from.as_str(), rest);
    Some(Figure {
        text: whole.as_str().trim().to_string(),
        values,
        unit,
        harmless,
    })
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
    "of your
    time",
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

fn is_harmless(sentence: &str, at: usize, number: &str, rest: &str) -> bool {
    let value: u32 = number.parse().unwrap_or(u32::MAX);
    let before = sentence.get(..at).unwrap_or_default().trim_end();
    let next = words(rest).next().unwrap_or_default();
    let enumerates =
        before.is_empty() && value <= 9 && (rest.trim().is_empty() || rest.starts_with(['.', ')']));
    let always = is_idiom(before, next, rest, value);
    let minutes = matches!(next, "minute" | "minutes" | "min" | "mins") && value <= 60;
    let year = (2020..=2035).contains(&value) && number.len() == 4;
    enumerates
        || always
        || year
        || (minutes && TALK.iter().any(|word| sentence.contains(word)))
        || (value <= 5 && POINTS.contains(&next))
}

/// Times of day, `24/7`, `1-on-1`, `360-degree`, `the next 12 months`, `industry 4.0`.
fn is_idiom(before: &str, next: &str, rest: &str, value: u32) -> bool {
    let after = rest.trim_start();
    let half = ["am", "pm", "o'clock"].contains(&next)
        || after.starts_with(['a', 'p']) && after.get(1..3) == Some(".m");
    let hour = value <= 24 && half;
    let clock = rest.starts_with(":00") || rest.starts_with(":30") || before.ends_with(':');
    let fraction = rest.starts_with('/') || before.ends_with('/');
    let measure = ["foot", "feet", "degree", "degrees"].contains(&next);
    let named = ["industry", "web", "top"]
        .iter()
        .any(|word| before.ends_with(word));
    let ahead = ["next", "coming"].iter().any(|word| before.ends_with(word));
    hour || clock
        || fraction
        || measure
        || rest.starts_with("-on-")
        || rest.starts_with("-to-")
        || (named && value <= 10)
        || before.ends_with("industry")
        || (ahead && value <= 24)
}

/// A number without its thousands separators: `14,000` is `14000`, `2.5` stays.
fn canonical(number: &str) -> String {
    let grouped = number
        .split([',', '.'])
        .skip(1)
        .all(|group| group.len() == 3);
    if grouped {
        number.replace([',', '.'], "")
    } else {
        number.replace(',', ".")
    }
}

/// A number in its canonical form, with its unit.
pub(super) type Known = (String, &'static str);

/// The numbers of a text with their units; small numbers count as digits too when written as words.
pub(super) fn numbers(folded: &str) -> Vec<Known> {
    let mut all: Vec<Known> = find(folded)
        .into_iter()
        .flat_map(|figure| {
            figure
                .values
                .into_iter()
                .map(move |value| (value, figure.unit))
        })
        .collect();
    const SMALL: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let worded = words(folded).filter_map(|word| SMALL.iter().position(|small| *small == word));
    all.extend(worded.map(|at| ((at + 1).to_string(), "")));
    all
}

/// Whether an allowed claim for this lead has the figure, and the sentence its subject.
fn is_claimed(case: &Case<'_>, sentence: &str, figure: &Figure) -> bool {
    case.brand
        .claims
        .iter()
        .filter(|claim| claim.is_for(&case.lead_data))
        .any(|claim| {
            let text = numerals::with_digits(&fold(&claim.text));
            let known = numbers(&text);
            let has = |value: &String| {
                known
                    .iter()
                    .any(|(n, unit)| n == value && *unit == figure.unit)
            };
            let stem = |word: &str| word.chars().take(5).collect::<String>();
            let content = |text: &str| -> Vec<String> {
                words(text)
                    .filter(|w| w.len() > 3 && w.chars().all(char::is_alphabetic))
                    .map(stem)
                    .collect()
            };
            let mut subject = content(&text);
            subject.retain(|word| !GENERIC.contains(&word.as_str()));
            let shared = content(sentence)
                .iter()
                .filter(|word| subject.contains(word))
                .count();
            figure.values.iter().all(has) && shared >= subject.len().min(1)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentence: &str, expected: &[&str]) {
        let found = find(sentence);
        let claims: Vec<&str> = found
            .iter()
            .filter(|figure| !figure.harmless)
            .map(|figure| figure.text.as_str())
            .collect();
        assert_eq!(claims, expected, "{sentence}");
    }

    #[test]
    fn figures_are_told_from_names_years_and_minutes() {
        check("cuts friction by 25-40% in 3 months", &["25-40%", "3"]);
        check("b2b teams in q3, 4runr, the 2nd time", &[]);
        check("worth a 15-minute call in 2026", &[]);
        check("cut response times to 5 minutes", &["5"]);
        check("10x growth and 2.5 million orders", &["10x", "2.5 million"]);
        check("3 patterns stand out", &[]);
        check("24/7 cover", &[]);
    }

    #[test]
    fn separators_do_not_change_a_number() {
        assert_eq!(canonical("14,000"), canonical("14.000"));
        assert_eq!(canonical("2,5"), "2.5");
    }
}
