//! Names: the right person and company, correctly cased, and nobody else.
//!
//! Purpose: the company is named as it names itself; capitalised words that neither the lead nor
//! the brand knows are somebody else's name.
//! Invariant: only English texts are searched for foreign names; other languages capitalise
//! otherwise.
//! This module does not judge the greeting; see [`super::structure`].

use std::sync::LazyLock;

use regex::Regex;

use super::reading::{Case, Reading};
use super::strangers::{addressed, called, claimants, does_business};
use super::structure::contains_name;
use super::{Issue, Severity, issue, phrases};
use crate::calendar::is_city;
use crate::copy::text::{WordSet, fold, words};

/// Capitalised words anybody may use: days, months, places, peoples, titles, everyday tools.
static COMMON: LazyLock<WordSet<&str>> = LazyLock::new(|| {
    let words = COMMON_WORDS.split(' ');
    let more = include_str!("proper.txt").split_whitespace();
    words.chain(more).collect()
});

const COMMON_WORDS: &str = "\
    africa african ai alps america american api apis april asia asian atlantic august australia \
    australian b2b b2c best black brazil britain british canada canadian ceo cfo china chinese \
    christmas ciso cmo coo crm cto dear december dr dutch east easter eastern england english \
    erp eu europe european excel february france french friday friday's gdpr german germany gulf \
    hello hey hi hipaa hook hr i i'd i'll i'm i've iberia india indian industry internet it \
    italian italy january japan japanese july june kpi kpis latin march may mediterranean mexico \
    middle midwest monday mr mrs ms netherlands no nordic north northern november october ok p.s \
    pacific pdf proof ps q1 q2 q3 q4 regards roi saas saturday scandinavia september south \
    southern spain spanish sunday team thursday tuesday uk us usa web wednesday west western yes \
    mondays tuesdays wednesdays thursdays fridays saturdays sundays herr frau monsieur madame \
    señor señora signor signora mrs prof professor sir madam earth god alps atlantic balkans \
    baltic scotland scottish wales welsh ireland irish londoners brexit covid english-speaking";

/// Nouns of geography, which have a capital in the name of a place: `the Twin Cities`.
const GEOGRAPHY: &str = "\
    archipelago basin bay beach canyon cape channel cities city coast coastal county creek \
    delta district falls firth fjord forest gulf harbour harbor highlands hill hills island \
    islands isle isles lake lakes lowlands maritimes midlands mountain mountains ocean outback \
    peninsula pilbara plains port prairie prairies province provinces range region ridge river \
    rivers sea sound state states strait street twin valley valleys";

/// The campaign names its company somewhere.
pub(super) fn campaign(case: &Case<'_>, readings: &[Reading<'_>], issues: &mut Vec<Issue>) {
    if readings.is_empty() {
        return;
    }
    let lead = case.lead;
    let short = short_forms(&lead.company_short);
    let named = |reading: &Reading<'_>| {
        let text = format!("{}\n{}", reading.subject, reading.body);
        let whole = [lead.company.as_str(), lead.company_short.as_str()];
        // One word of it is enough, if it is no common one.
        let parts = words(&lead.company_short)
            .filter(|word| word.chars().count() >= 6 && word.starts_with(char::is_uppercase));
        whole
            .into_iter()
            .chain(short.iter().map(String::as_str))
            .chain(parts)
            .any(|name| name.chars().count() > 1 && contains_name(&text, name))
    };
    if !readings.iter().any(named) {
        // A good mail may do with the reader's name and facts; another company's name in the
        // place of the own one may not.
        let strangers = readings
            .iter()
            .any(|reading| foreign(case, reading).iter().any(|(_, named)| *named));
        let severity = if strangers {
            Severity::Blocker
        } else {
            Severity::Minor
        };
        let code = if strangers {
            "wrong_company"
        } else {
            "company_missing"
        };
        let hint = format!(
            "name the company as it names itself: `{}`",
            lead.company_short
        );
        issues.push(issue(code, severity, "", "", &hint));
    }
}

/// What people call a company for short: its first words, `and` for `&`, without `The`.
pub(super) fn short_forms(company: &str) -> Vec<String> {
    let spoken = company.replace('&', "and");
    let bare = [company, spoken.as_str()].map(|name| name.strip_prefix("The ").unwrap_or(name));
    let mut forms: Vec<String> = bare.map(str::to_string).to_vec();
    for name in bare {
        let all: Vec<&str> = name.split_whitespace().collect();
        let beginnings = (1..all.len())
            .filter_map(|n| all.get(..n))
            .map(|words| words.join(" "));
        // One short word could be any word at the beginning of a sentence.
        let is_whole = |form: &String| !form.ends_with([' ', '&']) && !form.ends_with(" and");
        forms.extend(beginnings.filter(|form| form.chars().count() >= 4 && is_whole(form)));
    }
    forms
}

/// Names in one message.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    company_case(case, reading, issues);
    role(case, reading, issues);
    let hint = "name nobody but the lead and its company; leave this name out";
    for (word, in_context) in foreign(case, reading).into_iter().take(4) {
        let severity = if in_context {
            Severity::Major
        } else {
            Severity::Minor
        };
        issues.push(issue("unknown_name", severity, reading.step, &word, hint));
    }
}

/// A position that a text gives the reader.
static ROLE: LazyLock<Regex> = LazyLock::new(|| {
    let role = "ceo|cto|cfo|coo|cmo|ciso|cpo|cro|founder|owner|president|managing director|\
                head of [a-z0-9]+|vp of [a-z0-9]+|director of [a-z0-9]+|chief [a-z0-9]+ officer";
    phrases::pattern(
        &format!("(?:as|being) (?:the |an? )?(?P<role>{role})"),
        true,
    )
});

/// The reader in a position that is not the lead's.
fn role(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let title = fold(&case.lead.job_title);
    if title.is_empty() {
        return;
    }
    // `Chief Operating Officer` is a COO.
    let initials: String = words(&title)
        .filter_map(|word| word.chars().next())
        .collect();
    let own = |role: &str| {
        let spelt: String = words(role).filter_map(|word| word.chars().next()).collect();
        title.contains(role)
            || initials.contains(role)
            || (role.contains(' ') && words(&title).any(|word| word == spelt))
            || case.lead_data.contains(role)
    };
    let mut found = ROLE
        .captures_iter(&reading.folded)
        .filter_map(|captures| captures.name("role"));
    if let Some(found) = found.find(|found| !own(found.as_str())) {
        let hint = format!("the lead is `{}`", case.lead.job_title);
        issues.push(issue(
            "wrong_role",
            Severity::Major,
            reading.step,
            found.as_str(),
            &hint,
        ));
    }
}

/// The company in letters it does not use, whole or by the first word if that is a coined one.
fn company_case(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let coined = words(&case.lead.company_short)
        .next()
        .filter(|word| is_compound(word));
    for name in [Some(case.lead.company_short.as_str()), coined] {
        if name.is_some_and(|name| !is_cased(name, reading, issues)) {
            return;
        }
    }
}

/// Whether a name is written as it writes itself wherever it stands.
fn is_cased(name: &str, reading: &Reading<'_>, issues: &mut Vec<Issue>) -> bool {
    let folded_name = fold(name);
    if name.chars().count() < 2 {
        return true;
    }
    // Names of one word are common words too ("notion"): then only shouting or a capital gives it
    // away.
    let one_word = words(name).count() == 1;
    // What the mask left over is not written as the name is.
    let text = reading.masked.as_str();
    let lower = reading.folded.as_str();
    let mut places = lower.match_indices(&folded_name).peekable();
    if places.peek().is_none() || text.chars().count() != lower.chars().count() {
        return true;
    }
    for (at, _) in places {
        let skip = lower.get(..at).unwrap_or_default().chars().count();
        let written: String = text
            .chars()
            .skip(skip)
            .take(folded_name.chars().count())
            .collect();
        let touches = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let before = lower.get(..at).unwrap_or_default().chars().next_back();
        let after = lower
            .get(at + folded_name.len()..)
            .unwrap_or_default()
            .chars()
            .next();
        let starts = before.is_none_or(|c| c == '\n')
            || lower
                .get(..at)
                .is_some_and(|t| t.trim_end().ends_with(['.', '?', '!', ':']));
        let raised = crate::copy::text::sentence_case(name);
        let excused = written == name
            || touches(before)
            || touches(after)
            || (starts && written == raised)
            || (one_word && written == folded_name);
        if !excused {
            let hint = format!("write the company as it writes itself: `{name}`");
            let code = "company_case";
            issues.push(issue(code, Severity::Major, reading.step, &written, &hint));
            return false;
        }
    }
    true
}

/// Capitalised words in the middle of sentences that neither lead nor brand knows, each with
/// whether it stands where a company or person is named.
fn foreign(case: &Case<'_>, reading: &Reading<'_>) -> Vec<(String, bool)> {
    let mut found: Vec<(String, bool)> = Vec::new();
    if !reading.is_english {
        return found;
    }
    for line in reading.masked.lines() {
        found.extend(called(case, line).map(|name| (name.to_string(), true)));
        if is_title(line) {
            continue;
        }
        for (word, before) in inner_words(line) {
            if !word.starts_with(char::is_uppercase) {
                continue;
            }
            let folded = fold(word).trim_end_matches("'s").to_string();
            let known = |part: &str| {
                case.known.has(part) || COMMON.contains(part) || part.chars().all(char::is_numeric)
            };
            let part = |part: &str| {
                known(&fold(part)) || part.starts_with(char::is_lowercase) || is_abbreviation(part)
            };
            let familiar = known(&folded) || word.trim_end_matches("'s").split('-').all(part);
            if !familiar
                && !is_geography(word, before, line)
                && !found.iter().any(|(w, _)| w == word)
            {
                // `Massy Stores put this in place`: two unknown names in a row are one.
                let is_name = before.chars().count() >= 3
                    && before.starts_with(char::is_uppercase)
                    && !known(&fold(before));
                // Of two at the beginning of a sentence the first may be any word, and a city has
                // its harbours: what they do tells.
                let opens = line.trim_start().starts_with(before)
                    || [". ", ": ", "? "]
                        .iter()
                        .any(|mark| line.contains(&format!("{mark}{before} {word}")));
                let follows =
                    is_name && ((!opens && !is_city(before)) || does_business(line, word));
                let in_context = follows || names_somebody(before, line, word) || is_compound(word);
                found.push((word.to_string(), in_context));
            }
        }
        found.extend(addressed(case, line).map(|name| (name.to_string(), true)));
        found.extend(claimants(case, line).map(|name| (name.to_string(), true)));
    }
    found
}

/// Whether a folded word is one that anybody may write with a capital.
pub(super) fn is_common(folded: &str) -> bool {
    COMMON.contains(folded)
}

/// Whether a word is a city in a place of cities (`between Hull and Grimsby`) or a noun of
/// geography (`the Great Lakes`, but not `Valley Farms`). Whose city it is, [`super::places`] asks.
fn is_geography(word: &str, before: &str, line: &str) -> bool {
    const WHERE: [&str; 22] = [
        "a", "across", "and", "around", "at", "beyond", "en", "for", "from", "greater", "in",
        "into", "like", "near", "of", "or", "the", "through", "to", "towards", "via", "your",
    ];
    let name = word.trim_end_matches("'s").trim_end_matches("’s");
    let is_noun = |word: &str| GEOGRAPHY.split(' ').any(|noun| noun == word);
    if is_noun(&fold(name)) {
        let after = line.split_once(word).map_or("", |(_, after)| after);
        let next = words(after).next().unwrap_or_default();
        let goes_on = after.starts_with(' ') && next.starts_with(char::is_uppercase);
        let folded = fold(next);
        return !goes_on || is_noun(&folded) || is_common(&folded) || is_city(next);
    }
    // `Murray & Roberts` is a firm, whatever lies in Utah.
    let is_firm = line
        .split_once(word)
        .and_then(|(_, after)| after.strip_prefix(" & "))
        .is_some_and(|after| after.starts_with(char::is_uppercase));
    WHERE.contains(&fold(before).as_str()) && is_city(name) && !is_firm
}

/// Whether a word is written like `BrightSmile`: nobody writes so but for a name.
pub(super) fn is_compound(word: &str) -> bool {
    let mut letters = word.chars().skip(1).zip(word.chars().skip(2));
    word.starts_with(char::is_uppercase)
        && letters.any(|(one, two)| one.is_lowercase() && two.is_uppercase())
}

/// Whether a word is written like `SOC` or `KPIs`.
fn is_abbreviation(word: &str) -> bool {
    word.chars().count() <= 5
        && word
            .chars()
            .all(|c| !c.is_alphabetic() || c.is_uppercase() || c == 's')
}

/// Whether most longer words of a line are capitalised: a headline, where capitals mean nothing.
fn is_title(line: &str) -> bool {
    let long: Vec<&str> = words(line)
        .filter(|word| word.chars().count() > 3)
        .collect();
    let capital = |word: &&&str| word.chars().next().is_some_and(char::is_uppercase);
    long.len() >= 3 && long.iter().filter(capital).count() * 3 >= long.len() * 2
}

/// The words of a line that do not begin a sentence, each with the word before it.
fn inner_words(line: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    let mut before = "";
    let mut starts = true;
    for token in line.split_whitespace() {
        let word = words(token).next().unwrap_or_default();
        if !word.is_empty() {
            let opens = token.starts_with(['"', '“', '‘', '(', '•', '-', '—']);
            if (!starts && !opens) || is_compound(word) {
                all.push((word, before));
            }
            before = word;
        }
        let bare = token.trim_end_matches(['"', '”', ')', '’']);
        starts = bare.ends_with(['.', '?', '!', ':', '•', '—', '–'])
            || (word.is_empty() && token != super::reading::MASK);
    }
    all
}

/// Whether the place of a word is that of a company or a person.
fn names_somebody(before: &str, line: &str, word: &str) -> bool {
    let leads_in = matches!(
        fold(before).as_str(),
        "and"
            | "as"
            | "at"
            | "by"
            | "client"
            | "clients"
            | "colleague"
            | "competitor"
            | "competitors"
            | "customer"
            | "customers"
            | "for"
            | "from"
            | "helped"
            | "joined"
            | "like"
            | "partner"
            | "partners"
            | "rival"
            | "than"
            | "unlike"
            | "with"
    );
    let after = line.split_once(word).map_or("", |(_, after)| after);
    let next = words(after).next().unwrap_or_default();
    let next_is_name =
        after.starts_with(' ') && next.chars().next().is_some_and(char::is_uppercase);
    let addressed = line.contains(&format!(", {word}?")) || line.contains(&format!(", {word}."));
    let is_form = matches!(
        fold(next).as_str(),
        "ag" | "bv"
            | "co"
            | "corp"
            | "gmbh"
            | "group"
            | "inc"
            | "labs"
            | "llc"
            | "ltd"
            | "plc"
            | "solutions"
            | "technologies"
    );
    leads_in || is_form || next_is_name || addressed || after.starts_with("'s")
}
