//! A draft taken apart once, for all rules.
//!
//! Purpose: greeting, core and signature; folded forms; the lead's names masked.
//! Invariant: a mask never joins two words into one or divides one.
//! This module judges nothing.

use super::language::{Language, SmallWords};
use super::orders::{self, Order};
use super::sieve::{Found, Sifted};
use super::{phrases, screen, spelling};
use crate::copy::text::{Hashes, fold, hash, runs_of_five, words};
use crate::copy::{Brand, Draft};
use crate::lead::Lead;

/// What stands for a name of the lead in a masked text: no letter, so no rule matches across it.
pub(super) const MASK: &str = "\u{fffc}";

/// What is the same for all drafts of a campaign.
pub(super) struct Case<'a> {
    pub lead: &'a Lead,
    pub brand: &'a Brand,
    pub steps: &'a [&'a str],
    /// See [`super::lead_data`].
    pub lead_data: String,
    /// What the brand says of itself, folded.
    pub brand_data: String,
    /// Words (folded) of lead and brand, any of which may be written as a name.
    pub known: Hashes,
    /// The lead's words in their own case.
    pub written: Hashes,
    /// The words the brand avoids, folded.
    pub avoided: Vec<String>,
    /// The company's name and its short forms, as [`spelling`] compares them.
    pub company_forms: Vec<spelling::Form>,
    /// What the lead's data asks a writer to do.
    pub orders: Vec<Order>,
    /// The lead's names as written, longest first: these are masked.
    names: Vec<String>,
}

impl<'a> Case<'a> {
    pub(super) fn new(lead: &'a Lead, brand: &'a Brand, steps: &'a [&'a str]) -> Case<'a> {
        let lead_data = super::lead_data(lead);
        let written = super::lead_texts(lead);
        let written = words(&written).map(hash).collect();
        let claims = brand.claims.iter().map(|claim| claim.text.as_str());
        let own = [&brand.sender, &brand.signature, &brand.what_we_do].map(String::as_str);
        let rest = brand
            .words_to_use
            .iter()
            .chain(&brand.links)
            .map(String::as_str);
        let brand_data = own
            .into_iter()
            .chain(claims)
            .chain(rest)
            .collect::<Vec<_>>()
            .join(" . ");
        let brand_data = fold(&brand_data);
        let pieces = words(&lead_data).chain(words(&brand_data));
        // A hyphenated name is known by its halves too.
        let known = pieces.flat_map(|word| word.split('-').chain([word]));
        let known = known.map(hash).collect();
        let mut names: Vec<String> = [
            &lead.company,
            &lead.company_short,
            &lead.full_name,
            &lead.first_name,
        ]
        .into_iter()
        .chain(&lead.services)
        .filter(|name| name.chars().count() > 1)
        .cloned()
        .collect();
        names.extend([brand.sender.clone(), brand.signature.clone()]);
        // Not of the company as written, which may shout.
        names.extend(beginnings(&lead.company_short));
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        names.retain(|name| !name.trim().is_empty());
        Case {
            lead,
            brand,
            steps,
            avoided: brand.words_to_avoid.iter().map(|w| fold(w)).collect(),
            orders: orders::orders(lead),
            company_forms: spelling::forms(&lead.company_short),
            lead_data,
            brand_data,
            known,
            written,
            names,
        }
    }

    /// Whether this is the first mail the person gets from us.
    pub(super) fn is_first(&self, step: &str) -> bool {
        self.steps.first() == Some(&step)
    }

    /// Whether this is the last one.
    pub(super) fn is_last(&self, step: &str) -> bool {
        self.steps.last() == Some(&step)
    }

    /// The text with the lead's names replaced, where they stand as words and in their own case.
    fn mask(&self, text: &str) -> String {
        let mut masked = text.to_string();
        for name in &self.names {
            if masked.contains(name.as_str()) {
                masked = replace_words(&masked, name);
            }
        }
        masked
    }

    /// Whether the lead itself uses these folded words with at least one of their neighbours: then
    /// the text repeats a fact.
    pub(super) fn says_itself(&self, text: &str, start: usize, end: usize) -> bool {
        let words = text.get(start..end).unwrap_or_default().trim();
        let before = text
            .get(..start)
            .unwrap_or_default()
            .trim_end()
            .rsplit(' ')
            .next();
        let after = text
            .get(end..)
            .unwrap_or_default()
            .trim_start()
            .split([' ', '\n'])
            .next();
        let before = before
            .filter(|w| !w.is_empty())
            .map(|w| format!("{w} {words}"));
        // Behind a comma something else begins.
        let after = after.map(|w| w.trim_end_matches(|c: char| !c.is_alphanumeric()));
        let after = after
            .filter(|w| w.starts_with(char::is_alphanumeric))
            .map(|w| format!("{words} {w}"));
        before
            .into_iter()
            .chain(after)
            .any(|phrase| self.lead_data.contains(&phrase))
    }
}

/// The shorter names of two words and more that a name begins with, as written: people say
/// `Act Fast` of Act Fast Couriers. In small letters these are words like any others.
fn beginnings(name: &str) -> impl Iterator<Item = String> + '_ {
    let ends = name.char_indices().filter(|(_, c)| c.is_whitespace());
    let short = ends.filter_map(|(at, _)| name.get(..at)).map(str::trim_end);
    let named = |short: &&str| {
        let mut all = words(short);
        let is_capital = |word: &str| word.starts_with(|c: char| !c.is_lowercase());
        all.next().is_some_and(is_capital) && all.next().is_some_and(is_capital)
    };
    short.filter(named).map(str::to_string)
}

/// Replaces a name where no letter or digit touches it.
fn replace_words(text: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(name) {
        out.push_str(before);
        let touches = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let inside = touches(out.chars().next_back()) || touches(after.chars().next());
        out.push_str(if inside { name } else { MASK });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// One draft, taken apart.
pub(super) struct Reading<'a> {
    pub step: &'a str,
    pub subject: &'a str,
    /// The body with `\n` line ends.
    pub body: String,
    /// The first line, if it greets.
    pub greeting: Option<String>,
    /// The body without greeting and signature.
    pub core: String,
    /// The lines after the last paragraph that sign, joined; `""` when nothing signs.
    pub signature: String,
    /// What stands there, folded: a remark below the name is read too.
    pub tail: String,
    /// Subject, core and postscript on their lines, names masked.
    pub masked: String,
    /// The same, folded.
    pub folded: String,
    /// What of the patterns stands there, by its place and in all.
    pub found: Found<'static>,
    pub sifted: Sifted<'static>,
    /// What of them stands below the signature.
    pub found_tail: Found<'static>,
    pub sifted_tail: Sifted<'static>,
    /// What of the phrases stands in each of the texts as written, see [`Reading::texts`].
    pub sifted_raw: [Sifted<'static>; 3],
    /// The folded core without names.
    pub plain: String,
    /// How many words it has, which ones, and its runs of five words.
    pub n_words: usize,
    pub vocabulary: Hashes,
    pub grams: Hashes,
    /// Its sentences of seven words and more, each word divided from the next by one space.
    pub sentences: Vec<String>,
    /// The small words of each paragraph of the plain core.
    pub paragraphs: Vec<SmallWords>,
    /// Its language, if the commonest words tell.
    pub language: Option<&'static Language>,
    /// Whether the text is English enough for rules about English words.
    pub is_english: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(draft: &'a Draft, case: &Case<'_>) -> Reading<'a> {
        let body = draft.body.replace("\r\n", "\n");
        let mut lines: Vec<&str> = body.lines().collect();
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        let first = lines.iter().position(|line| !line.trim().is_empty());
        let greeting = first
            .and_then(|at| lines.get(at))
            .filter(|line| greets(line, case.lead));
        let greeting = greeting.map(|line| line.trim().to_string());
        let start = first.map_or(0, |at| at + usize::from(greeting.is_some()));
        let end = signature_start(&lines, case.brand).max(start);
        let core = lines
            .get(start..end)
            .unwrap_or_default()
            .join("\n")
            .trim()
            .to_string();
        let signature = lines
            .get(end..)
            .unwrap_or_default()
            .join("\n")
            .trim()
            .to_string();
        let mut masked = case.mask(&format!("{}\n{core}", draft.subject));
        let mut folded = fold(&masked);
        let is_english = is_english(&folded);
        let plain = folded
            .split_once('\n')
            .map_or("", |(_, core)| core)
            .replace(MASK, " ");
        let postscript = postscript(&signature);
        if !postscript.is_empty() {
            masked.push_str("\n\n");
            masked.push_str(&case.mask(postscript));
            folded = fold(&masked);
        }
        let paragraphs = plain.split("\n\n").map(SmallWords::of_text);
        let paragraphs: Vec<SmallWords> = paragraphs.collect();
        let hashes: Vec<u64> = words(&plain).map(hash).collect();
        let (step, subject) = (draft.step.as_str(), draft.subject.as_str());
        let tail = fold(&signature);
        let (found, found_tail) = (screen::search(&folded), screen::search(&tail));
        let opening = greeting.as_deref().unwrap_or_default();
        Reading {
            step,
            subject,
            sifted: found.within(0..folded.len()),
            found,
            sifted_tail: found_tail.within(0..tail.len()),
            found_tail,
            tail,
            sifted_raw: [masked.as_str(), opening, signature.as_str()].map(phrases::sift_raw),
            body,
            greeting,
            core,
            signature,
            masked,
            folded,
            n_words: hashes.len(),
            vocabulary: hashes.iter().copied().collect(),
            grams: runs_of_five(&hashes).collect(),
            sentences: sentences(&plain),
            language: SmallWords::sum(&paragraphs).language(),
            paragraphs,
            plain,
            is_english,
        }
    }
}

impl Reading<'_> {
    /// The parts of the message as written, names masked where they are not expected to stand
    /// alone.
    pub(super) fn texts(&self) -> [&str; 3] {
        let greeting = self.greeting.as_deref().unwrap_or_default();
        [self.masked.as_str(), greeting, self.signature.as_str()]
    }
}

/// What follows the name of the sender and is part of the letter: `P.S. …` and all below it.
fn postscript(signature: &str) -> &str {
    let is_postscript = |line: &str| {
        let folded = fold(line.trim_start());
        let marks = [
            "ps:",
            "ps.",
            "ps ",
            "p.s",
            "p. s",
            "pps",
            "p.p.s",
            "postscript",
        ];
        marks.iter().any(|mark| folded.starts_with(mark))
    };
    let mut lines = signature.split_inclusive('\n');
    let mut at = 0;
    let found = lines.find_map(|line| {
        let start = at;
        at += line.len();
        is_postscript(line).then_some(start)
    });
    found.and_then(|at| signature.get(at..)).unwrap_or_default()
}

/// Sentences long enough that a reader would know them again.
fn sentences(text: &str) -> Vec<String> {
    const WORDS_MIN: usize = 7;
    text.split(['.', '?', '!', '\n'])
        .filter_map(|sentence| {
            let all: Vec<&str> = words(sentence).collect();
            (all.len() >= WORDS_MIN).then(|| all.join(" "))
        })
        .collect()
}

/// Whether a first line is a greeting: short, and a word of welcome or the lead's name in front.
fn greets(line: &str, lead: &Lead) -> bool {
    const WELCOME: [&str; 54] = [
        "hi",
        "hello",
        "hey",
        "dear",
        "good",
        "greetings",
        "hallo",
        "liebe",
        "lieber",
        "guten",
        "sehr",
        "bonjour",
        "salut",
        "cher",
        "chère",
        "hola",
        "buenos",
        "estimado",
        "estimada",
        "olá",
        "ciao",
        "hei",
        "hej",
        "hiya",
        "howdy",
        "morning",
        "afternoon",
        "evening",
        "buongiorno",
        "buonasera",
        "gentile",
        "salve",
        "caro",
        "cara",
        "bom",
        "boa",
        "prezado",
        "prezada",
        "moin",
        "servus",
        "grüezi",
        "grüß",
        "beste",
        "geachte",
        "goedemorgen",
        "dag",
        "kære",
        "chers",
        "mr",
        "mrs",
        "ms",
        "dr",
        "herr",
        "frau",
    ];
    let line = line.trim();
    let folded = fold(line);
    let ends = line.ends_with([',', '!', ':', '-', '–', '—', '.']) || !line.contains(['?', '.']);
    let first = words(&folded).next().unwrap_or_default();
    let named = words(&lead.full_name).any(|name| words(line).any(|word| word == name))
        && line.ends_with([',', ':', '!', '-', '—', '–']);
    ends && words(&folded).count() <= 6 && (WELCOME.contains(&first) || named)
}

/// Where the signature starts: at the brand's own line, or at a dash or closing formula near the
/// end.
fn signature_start(lines: &[&str], brand: &Brand) -> usize {
    // A signature of several lines begins with its first.
    let first = brand.signature.lines().find(|line| !line.trim().is_empty());
    let own = plain_signature(first.unwrap_or_default());
    let closing = |line: &str| {
        const FORMULAS: [&str; 14] = [
            "best",
            "best regards",
            "kind regards",
            "regards",
            "warm regards",
            "sincerely",
            "cheers",
            "thanks",
            "thank you",
            "all the best",
            "yours sincerely",
            "many thanks",
            "warmly",
            "best wishes",
        ];
        FORMULAS.contains(&fold(line.trim()).trim_end_matches([',', '.', '!']))
    };
    let from = lines.len().saturating_sub(8);
    let tail = lines.iter().enumerate().skip(from);
    let mut signs = tail.filter(|(at, line)| {
        let line = line.trim();
        let dash = line
            .strip_prefix(['—', '–', '-'])
            .map(|rest| rest.trim_start_matches('-').trim());
        let signs_off = dash.is_some_and(|rest| !rest.is_empty() && words(rest).count() <= 5)
            && lines
                .get(at.saturating_sub(1))
                .is_some_and(|before| before.trim().is_empty());
        (!own.is_empty() && plain_signature(line) == own) || closing(line) || signs_off
    });
    signs.next().map_or(lines.len(), |(at, _)| at)
}

/// A signature without the kind of its dash and the width of its spaces.
pub(super) fn plain_signature(line: &str) -> String {
    words(&fold(line)).collect::<Vec<_>>().join(" ")
}

/// Whether the commonest English words are as common here as in English.
fn is_english(folded: &str) -> bool {
    let is_common = |word: &str| {
        matches!(
            word,
            "the"
                | "and"
                | "to"
                | "of"
                | "is"
                | "a"
                | "in"
                | "for"
                | "you"
                | "your"
                | "that"
                | "it"
                | "on"
                | "are"
                | "with"
                | "how"
                | "we"
                | "this"
                | "what"
                | "not"
                | "at"
                | "be"
                | "or"
                | "if"
                | "would"
                | "where"
        )
    };
    let (mut all, mut common) = (0, 0);
    for word in words(folded) {
        all += 1;
        common += usize::from(is_common(word));
    }
    all > 0 && common * 100 >= all * 14
}
