//! Many patterns against one text, by the words they cannot do without.
//!
//! Purpose: hundreds of patterns are read from a list, and a text breaks few of them. One pass over
//! the text finds the literals of all of them; an expression is run only where its own are there.
//! Invariant: the answer is that of the expressions themselves. An alternative that is nothing but
//! literals needs no expression; one without any literal is always run.
//! This module does not know what a pattern is for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::phrases;

/// So many strings may stand for one alternative; with more of them it is run.
const STRINGS_MAX: usize = 160;

/// Marks that hardly any letter has: one of them is worth a word.
const RARE: &str = "#$%&()*+/<=>@[\\]^_`{|}~";

/// Patterns that are looked for together.
pub(super) struct Sieve {
    literals: AhoCorasick,
    /// What each literal tells.
    told: Vec<Vec<Told>>,
    patterns: Vec<Pattern>,
    /// The alternatives that must be run, those of a pattern in a row.
    parts: Vec<Part>,
    /// Those of them that have no literal.
    unsifted: Vec<usize>,
}

/// A pattern: whether it stands between word boundaries, and its alternatives that must be run.
struct Pattern {
    edge: bool,
    parts: Range<usize>,
}

/// An alternative of a pattern. It is compiled when first needed: most never are.
struct Part {
    pattern: usize,
    text: String,
    regex: OnceLock<Regex>,
}

/// What the place of a literal tells.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    /// That this pattern matches, if its boundaries are there.
    Match(usize),
    /// That this part may.
    Chance(usize),
}

impl Sieve {
    /// Reads constant patterns, each with whether it has to stand between word boundaries.
    #[expect(
        clippy::expect_used,
        reason = "patterns are constants; tests read each of them"
    )]
    pub(super) fn new(patterns: impl IntoIterator<Item = (String, bool)>) -> Sieve {
        let mut told: BTreeMap<Vec<u8>, Vec<Told>> = BTreeMap::new();
        let mut sieve = Sieve {
            literals: AhoCorasick::new([""; 0]).expect("no literals"),
            told: Vec::new(),
            patterns: Vec::new(),
            parts: Vec::new(),
            unsifted: Vec::new(),
        };
        for (text, edge) in patterns {
            let hir = regex_syntax::parse(&text).expect("a constant pattern is one");
            let (at, first) = (sieve.patterns.len(), sieve.parts.len());
            for alternative in alternatives(&hir) {
                if let Some(all) =
                    strings(alternative, STRINGS_MAX).filter(|all| !all.iter().any(Vec::is_empty))
                {
                    all.into_iter()
                        .for_each(|text| tell(&mut told, text, Told::Match(at)));
                    continue;
                }
                let part = sieve.parts.len();
                match needed(alternative) {
                    Some(all) => all
                        .into_iter()
                        .for_each(|text| tell(&mut told, text, Told::Chance(part))),
                    None => sieve.unsifted.push(part),
                }
                sieve.parts.push(Part {
                    pattern: at,
                    text: phrases::bounded(&alternative.to_string(), edge),
                    regex: OnceLock::new(),
                });
            }
            let parts = first..sieve.parts.len();
            sieve.patterns.push(Pattern { edge, parts });
        }
        // The compact automaton: a table of all steps takes thirty times the memory, is no longer
        // kept near the processor, and reads slower.
        let mut builder = AhoCorasick::builder();
        let builder = builder.kind(Some(AhoCorasickKind::ContiguousNFA));
        sieve.literals = builder.build(told.keys()).expect("constant literals");
        sieve.told = told.into_values().collect();
        sieve
    }

    /// Where all this stands in a text.
    pub(super) fn search(&self, text: &str) -> Found<'_> {
        let mut places = Vec::new();
        for found in self.literals.find_overlapping_iter(text) {
            let told = self.told.get(found.pattern().as_usize());
            let tells = |told: &&Told| match told {
                Told::Match(pattern) => {
                    let edge = self.patterns.get(*pattern).is_some_and(|known| known.edge);
                    !edge || is_bounded(text, found.start(), found.end())
                }
                Told::Chance(_) => true,
            };
            let told = told.into_iter().flatten().filter(tells);
            places.extend(told.map(|told| (found.range(), *told)));
        }
        Found {
            sieve: self,
            places,
        }
    }

    /// What of all this stands in a text.
    pub(super) fn sift(&self, text: &str) -> Sifted<'_> {
        self.search(text).within(0..text.len())
    }
}

/// Where the literals of a sieve stand in a text, by their ends.
pub(super) struct Found<'a> {
    sieve: &'a Sieve,
    places: Vec<(Range<usize>, Told)>,
}

impl<'a> Found<'a> {
    /// What of them stands in a part of the text that begins and ends between words.
    pub(super) fn within(&self, part: Range<usize>) -> Sifted<'a> {
        let sieve = self.sieve;
        let mut sifted = Sifted {
            sieve,
            matched: Bits::new(sieve.patterns.len()),
            possible: Bits::new(sieve.patterns.len()),
            chances: Bits::new(sieve.parts.len()),
        };
        let first = self.places.partition_point(|(at, _)| at.end <= part.start);
        let places = self.places.iter().skip(first);
        for (at, told) in places.take_while(|(at, _)| at.end <= part.end) {
            if at.start < part.start {
                continue;
            }
            match *told {
                Told::Match(pattern) => sifted.matched.set(pattern),
                Told::Chance(part) => sifted.give_chance(part),
            }
        }
        for part in &sieve.unsifted {
            sifted.give_chance(*part);
        }
        sifted
    }
}

/// What a text has of the patterns of a sieve. The text itself is given again with each question.
pub(super) struct Sifted<'a> {
    sieve: &'a Sieve,
    matched: Bits,
    possible: Bits,
    chances: Bits,
}

impl Sifted<'_> {
    fn give_chance(&mut self, part: usize) {
        self.chances.set(part);
        if let Some(part) = self.sieve.parts.get(part) {
            self.possible.set(part.pattern);
        }
    }

    /// Whether a pattern could match: quick, and wrong only in its favour.
    pub(super) fn may_have(&self, pattern: usize) -> bool {
        self.matched.has(pattern) || self.possible.has(pattern)
    }

    /// Whether a pattern matches.
    pub(super) fn has(&self, pattern: usize, text: &str) -> bool {
        if self.matched.has(pattern) {
            return true;
        }
        let parts = self.sieve.patterns.get(pattern).map(|known| &known.parts);
        let parts = parts.filter(|_| self.possible.has(pattern)).cloned();
        let mut chances = parts.into_iter().flatten();
        chances.any(|at| {
            let part = self.sieve.parts.get(at).filter(|_| self.chances.has(at));
            part.is_some_and(|part| part.regex().is_match(text))
        })
    }
}

impl Part {
    fn regex(&self) -> &Regex {
        self.regex
            .get_or_init(|| phrases::pattern(&self.text, false))
    }
}

/// A set of small numbers.
struct Bits(Vec<u64>);

impl Bits {
    fn new(n: usize) -> Bits {
        Bits(vec![0; n.div_ceil(64)])
    }

    fn set(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    fn has(&self, at: usize) -> bool {
        self.0
            .get(at / 64)
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

fn tell(all: &mut BTreeMap<Vec<u8>, Vec<Told>>, literal: Vec<u8>, told: Told) {
    let known = all.entry(literal).or_default();
    if !known.contains(&told) {
        known.push(told);
    }
}

/// Whether a place is one between the boundaries of [`phrases::bounded`].
fn is_bounded(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let is_word = |at: Option<usize>| {
        let byte = at.and_then(|at| bytes.get(at));
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let divides = |at: usize| is_word(at.checked_sub(1)) != is_word(Some(at));
    let next = text.get(end..).and_then(|rest| rest.chars().next());
    divides(start) && (divides(end) || next.is_none_or(char::is_whitespace))
}

fn alternatives(hir: &Hir) -> &[Hir] {
    match hir.kind() {
        HirKind::Alternation(all) => all,
        HirKind::Capture(capture) => alternatives(&capture.sub),
        _ => std::slice::from_ref(hir),
    }
}

/// Whether a text that holds one of some strings is worth a closer look.
fn are_rare(strings: &[Vec<u8>]) -> bool {
    let is_rare = |text: &Vec<u8>| match text.as_slice() {
        [] => false,
        [mark] => RARE.as_bytes().contains(mark),
        _ => true,
    };
    !strings.is_empty() && strings.iter().all(is_rare)
}

/// All strings that an expression matches, if they are few and nothing depends on their place.
fn strings(hir: &Hir, max: usize) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Class(class) => characters(class),
        HirKind::Look(_) => None,
        HirKind::Repetition(repeated) => {
            let once = strings(&repeated.sub, max)?;
            match (repeated.min, repeated.max) {
                (0, Some(1)) => Some(once.into_iter().chain([Vec::new()]).collect()),
                (1, Some(1)) => Some(once),
                _ => None,
            }
        }
        HirKind::Capture(capture) => strings(&capture.sub, max),
        HirKind::Alternation(all) => {
            let all: Option<Vec<_>> = all.iter().map(|one| strings(one, max)).collect();
            let all: Vec<Vec<u8>> = all?.into_iter().flatten().collect();
            (all.len() <= max).then_some(all)
        }
        HirKind::Concat(all) => all.iter().try_fold(vec![Vec::new()], |before, next| {
            product(&before, &strings(next, max)?, max)
        }),
    }
}

/// Each of some strings followed by each of others, if there are not too many.
fn product(before: &[Vec<u8>], after: &[Vec<u8>], max: usize) -> Option<Vec<Vec<u8>>> {
    let joined = before
        .iter()
        .flat_map(|one| after.iter().map(|two| [one.as_slice(), two].concat()));
    (before.len() * after.len() <= max).then(|| joined.collect())
}

/// The characters of a small class.
fn characters(class: &Class) -> Option<Vec<Vec<u8>>> {
    const CHARACTERS_MAX: u32 = 12;
    // Brackets of other scripts come by the dozen, but nobody has them in a letter.
    const FOREIGN_MAX: u32 = 64;
    let Class::Unicode(class) = class else {
        return None;
    };
    let ranges = || class.iter().map(|range| range.start()..=range.end());
    let n_characters = |range: &std::ops::RangeInclusive<char>| {
        u32::from(*range.end()) - u32::from(*range.start()) + 1
    };
    let is_foreign = ranges().all(|range| !range.start().is_ascii());
    let max = if is_foreign {
        FOREIGN_MAX
    } else {
        CHARACTERS_MAX
    };
    let few = ranges().map(|range| n_characters(&range)).sum::<u32>() <= max;
    few.then(|| {
        let all = ranges().flatten();
        all.map(|c| c.to_string().into_bytes()).collect()
    })
}

/// Strings of which every match holds one.
fn needed(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    const RUN_MAX: usize = 64;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(_) | HirKind::Class(_) => {
            strings(hir, RUN_MAX).filter(|all| are_rare(all))
        }
        HirKind::Repetition(repeated) => {
            let repeats = least(repeated).filter(|all| are_rare(all));
            repeats.or_else(|| (repeated.min > 0).then(|| needed(&repeated.sub))?)
        }
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Alternation(all) => {
            let whole = strings(hir, STRINGS_MAX).filter(|all| are_rare(all));
            let each = || all.iter().map(needed).collect::<Option<Vec<_>>>();
            whole.or_else(|| Some(each()?.into_iter().flatten().collect()))
        }
        HirKind::Concat(all) => {
            let mut best: Option<Vec<Vec<u8>>> = None;
            let mut keep = |found: Option<Vec<Vec<u8>>>| {
                let is_better = found.as_ref().is_some_and(|found| {
                    are_rare(found) && best.as_ref().is_none_or(|best| worth(found) > worth(best))
                });
                if is_better {
                    best = found;
                }
            };
            // A row of what is known whole makes the longest strings.
            let mut row: Vec<Vec<u8>> = vec![Vec::new()];
            for one in all {
                // What is known of a place takes no letter.
                if matches!(one.kind(), HirKind::Look(_)) {
                    continue;
                }
                let known = strings(one, RUN_MAX);
                let longer = known
                    .as_ref()
                    .and_then(|known| product(&row, known, RUN_MAX));
                if let Some(longer) = longer {
                    row = longer;
                    continue;
                }
                // Of a repetition the first follows what is before, the last precedes the rest.
                let repeats = match one.kind() {
                    HirKind::Repetition(repeated) => least(repeated),
                    _ => None,
                };
                let first = repeats
                    .as_ref()
                    .and_then(|first| product(&row, first, RUN_MAX));
                keep(Some(first.unwrap_or(row)));
                row = known.or(repeats).unwrap_or_else(|| vec![Vec::new()]);
                keep(needed(one));
            }
            keep(Some(row));
            best
        }
    }
}

/// The least that a repetition may be.
fn least(repeated: &Repetition) -> Option<Vec<Vec<u8>>> {
    const TIMES_MAX: u32 = 8;
    let once = strings(&repeated.sub, STRINGS_MAX)?;
    let times = repeated.min.min(TIMES_MAX);
    let all = (1..times).try_fold(once.clone(), |all, _| product(&all, &once, STRINGS_MAX));
    all.filter(|_| times > 0)
}

/// How rarely strings are found by chance: the shortest decides, then their number.
fn worth(strings: &[Vec<u8>]) -> (usize, std::cmp::Reverse<usize>) {
    let shortest = strings.iter().map(Vec::len).min().unwrap_or(0);
    (shortest.min(8), std::cmp::Reverse(strings.len()))
}

#[cfg(test)]
mod tests;
