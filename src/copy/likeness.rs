//! Likeness: whether two campaigns would read as one text to people who compare their mail.
//!
//! Purpose: the runs of five words of a campaign, hashed once, and a crowd of them in which the
//! nearest one is found without comparing with each.
//! Invariant: names, greetings and signatures do not count, neither for nor against; the same texts
//! always give the same answer.
//! This module does not know what becomes of texts that are too close.

use std::collections::{HashMap, HashSet};

use super::Draft;
use super::text::{Hashes, fold, hash_folded, runs_of_five, words};

/// The part of its runs of five words that a campaign may share with another one. Above it two
/// readers would notice.
pub const LIKENESS_MAX: f64 = 0.35;

/// One run in so many stands for all of them when candidates are looked for: enough that a pair
/// above the limit is not missed (a campaign has some 250 runs), few enough for a crowd of
/// thousands.
const SAMPLED: u64 = 4;

/// A member whose sampled runs promise this part of the limit is compared in full.
const PROMISING: f64 = 0.5;

/// At most so many members are compared in full, the most promising first: a crowd in which more
/// are as close as that is found out by the first of them.
const COMPARED_MAX: usize = 64;

/// What a campaign says, as the set of its five-word runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shingles {
    runs: Hashes,
}

impl Shingles {
    /// The runs of a campaign's texts beyond these names (of the person, the company, the sender).
    /// No run reaches from one paragraph into the next, so greeting and signature hold none.
    pub fn of<'a>(drafts: &[Draft], names: impl IntoIterator<Item = &'a str>) -> Shingles {
        let names: HashSet<String> = names
            .into_iter()
            .flat_map(words)
            .map(|word| fold(bare(word)))
            .collect();
        let mut runs = Vec::new();
        for draft in drafts {
            for paragraph in draft.body.split('\n').chain([draft.subject.as_str()]) {
                runs_of(paragraph, &names, &mut runs);
            }
        }
        let runs = runs.into_iter().collect();
        Shingles { runs }
    }

    /// Which part of the smaller campaign's runs stands in the other one too: 0 nothing, 1 all.
    pub fn likeness(&self, other: &Shingles) -> f64 {
        self.runs.overlap(&other.runs)
    }

    fn sample(&self) -> impl Iterator<Item = u64> + '_ {
        let sampled = |run: &u64| run.is_multiple_of(SAMPLED);
        self.runs.iter().filter(sampled)
    }
}

/// A name without the mark of the genitive.
fn bare(word: &str) -> &str {
    let genitive = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s"));
    genitive.unwrap_or(word)
}

fn runs_of(paragraph: &str, names: &HashSet<String>, runs: &mut Vec<u64>) {
    let is_name = |word: &&str| {
        word.starts_with(|c: char| !c.is_lowercase()) && names.contains(&fold(bare(word)))
    };
    let hashes: Vec<u64> = words(paragraph)
        .filter(|word| !is_name(word))
        .map(hash_folded)
        .collect();
    runs.extend(runs_of_five(&hashes));
}

/// Many campaigns, to be asked which of them is too close to another one.
#[derive(Debug, Default)]
pub struct Crowd {
    members: Vec<Shingles>,
    /// How many sampled runs each member has.
    sampled: Vec<u32>,
    /// By sampled run, who has it.
    index: HashMap<u64, Vec<u32>>,
}

impl Crowd {
    /// Takes a campaign in; the answer is its number, counted from 0.
    pub fn add(&mut self, shingles: Shingles) -> usize {
        let number = self.members.len();
        let mut sampled = 0;
        for run in shingles.sample() {
            // A crowd of more than four billion does not fit into memory.
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            self.index.entry(run).or_default().push(number);
            sampled += 1;
        }
        self.sampled.push(sampled);
        self.members.push(shingles);
        number
    }

    /// The member most like a campaign, if it is too close, with the likeness.
    pub fn too_close(&self, shingles: &Shingles) -> Option<(usize, f64)> {
        let mut shared = vec![0_u32; self.members.len()];
        let mut own = 0;
        for run in shingles.sample() {
            own += 1;
            for member in self.index.get(&run).into_iter().flatten() {
                if let Some(count) = shared.get_mut(*member as usize) {
                    *count += 1;
                }
            }
        }
        let counted = shared.into_iter().zip(&self.sampled).enumerate();
        let mut candidates: Vec<(f64, usize)> = counted
            .filter(|(_, (shared, _))| *shared > 0)
            .map(|(number, (shared, sampled))| {
                let fewer = own.min(*sampled).max(1);
                (f64::from(shared) / f64::from(fewer), number)
            })
            .filter(|(promise, _)| *promise >= PROMISING * LIKENESS_MAX)
            .collect();
        // The more promising first; among equals the earlier one, so that the answer is always the
        // same.
        candidates.sort_by(|one, two| two.0.total_cmp(&one.0).then(one.1.cmp(&two.1)));
        let compared = candidates.into_iter().take(COMPARED_MAX);
        let compared = compared.filter_map(|(_, number)| {
            let likeness = self.members.get(number)?.likeness(shingles);
            Some((number, likeness))
        });
        compared
            .filter(|(_, likeness)| *likeness > LIKENESS_MAX)
            .max_by(|one, two| one.1.total_cmp(&two.1).then(two.0.cmp(&one.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::mix;
    use super::*;

    const FREIGHT: &str = "Freight desks win on the minutes after an alert. Who decides at Onyx \
                           when the phone is busy and the driver waits at the wrong gate again?";
    const INSURANCE: &str = "Nobody buys a policy on Sunday evening, and yet the best questions \
                             come then, from people who have forgotten them by Monday morning.";

    fn text(body: &str) -> Vec<Draft> {
        vec![Draft {
            step: "hook".into(),
            subject: "Where does it lead".into(),
            body: format!("Hi Ada,\n\n{body}\n\n— The Team"),
        }]
    }

    fn shingles(body: &str) -> Shingles {
        Shingles::of(&text(body), ["Ada Byron", "Onyx", "Ferrous Freight Ltd"])
    }

    #[track_caller]
    fn check(one: &str, two: &str, from: f64, to: f64) {
        let (one, two) = (shingles(one), shingles(two));
        let likeness = one.likeness(&two);
        assert!((from..=to).contains(&likeness), "{likeness}");
        assert_eq!(likeness, two.likeness(&one));
        let mut crowd = Crowd::default();
        crowd.add(shingles(INSURANCE));
        let number = crowd.add(two);
        let found = crowd.too_close(&one);
        let expected = (likeness > LIKENESS_MAX).then_some((number, likeness));
        if one != shingles(INSURANCE) {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn likeness_is_the_part_of_the_runs_that_both_have() {
        check(FREIGHT, FREIGHT, 1.0, 1.0);
        check(FREIGHT, INSURANCE, 0.0, 0.0);
        check(FREIGHT, &format!("{FREIGHT} {INSURANCE}"), 1.0, 1.0);
        let half = format!("Freight desks win on the minutes after an alert. {INSURANCE}");
        check(FREIGHT, &half, 0.1, 0.3);
        check("", FREIGHT, 0.0, 0.0);
    }

    #[test]
    fn names_count_neither_for_nor_against() {
        let other = FREIGHT.replace("Onyx", "Ferrous Freight");
        check(FREIGHT, &other, 0.99, 1.0);
        check(FREIGHT, &FREIGHT.replace("at Onyx", "in Onyx’s"), 0.6, 0.9);
        // A word of the name in its everyday sense stays a word.
        let runs = |text| shingles(text).runs.len();
        assert_eq!(runs("all of this freight moves"), 1);
        assert_eq!(runs("all of this Freight moves"), 0);
    }

    /// A campaign of `n` sentences of which some come from a stock that all share.
    fn campaign(seed: u64, own: u64, stock: u64) -> Vec<Draft> {
        let sentence = |seed: u64| {
            let word = |n: u64| format!("w{}", mix(seed * 31 + n) % 5_000);
            (0..12).map(word).collect::<Vec<_>>().join(" ")
        };
        let own = (0..own).map(|n| sentence(1_000_000 + seed * 100 + n));
        let stock = (0..stock).map(|n| sentence(n + 1));
        let all: Vec<String> = own.chain(stock).collect();
        text(&all.join(".\n"))
    }

    #[test]
    fn a_crowd_finds_what_comparing_with_each_finds() {
        let mut crowd = Crowd::default();
        let all: Vec<Shingles> = (0..400)
            .map(|n| Shingles::of(&campaign(n, 20 - n % 20, n % 20), []))
            .collect();
        for one in &all {
            let each = crowd.members.iter().map(|other| other.likeness(one));
            let nearest = each.fold(0.0, f64::max);
            let found = crowd.too_close(one).map_or(0.0, |(_, likeness)| likeness);
            // At the very limit a sample may err, well above it never.
            if nearest > LIKENESS_MAX {
                assert!(
                    nearest < LIKENESS_MAX + 0.05 || found > LIKENESS_MAX,
                    "{nearest}"
                );
            } else {
                assert_eq!(found, 0.0, "{nearest}");
            }
            crowd.add(one.clone());
        }
    }
}
