//! Likeness: whether two campaigns would read as one text to people who compare their mail.
//!
//! Purpose: the runs of five words of a campaign, hashed once, and a crowd of them in which the
//! nearest one is found without comparing with each.
//! Invariant: names, greetings and signatures do not count, neither for nor against; the same texts
//! always give the same answer.
//! This module does not know what becomes of texts that are too close.

mod tally;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use self::tally::{Tally, words_for};
use super::Draft;
use super::text::{Hashes, fold, hash_folded, mix, runs_of_five, words};

/// The part of its runs of five words that a campaign may share with another one. Above it two
/// readers would notice.
pub const LIKENESS_MAX: f64 = 0.35;

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

/// How many runs two campaigns must share to be too close, if the smaller one has so many.
fn too_many(runs: usize) -> usize {
    // As a float, because that is how a likeness is told and compared.
    let is_too_many = |shared: &usize| *shared as f64 / runs as f64 > LIKENESS_MAX;
    let near = (runs as f64 * LIKENESS_MAX) as usize;
    (near..=near + 1).find(is_too_many).unwrap_or(near + 2)
}

/// Many campaigns, to be asked which of them is too close to another one.
///
/// Asking costs time with the size of the crowd, but little: the runs of a template stand in a
/// large part of it, so who has such a run is kept as a row of bits, and rows are added up for 64
/// members at a time. Only those who share enough are compared in full.
#[derive(Debug, Default)]
pub struct Crowd {
    members: Vec<Shingles>,
    /// How many runs each member must share with a larger campaign to be too close.
    limits: Tally,
    /// By run, who has it.
    index: HashMap<u64, Holders, BuildHasherDefault<AsItIs>>,
    /// Who has each of the common runs, a bit for each member.
    rows: Vec<Vec<u64>>,
}

/// The members that have a run.
#[derive(Debug)]
enum Holders {
    /// Their numbers.
    Few(Vec<u32>),
    /// The number of their row.
    Many(usize),
}

impl Default for Holders {
    fn default() -> Holders {
        Holders::Few(Vec::new())
    }
}

/// From so many holders on a run is common, if one of so many members has it: a row then takes less
/// time than numbers one by one, and hardly more memory.
const HOLDERS_MIN: usize = 32;
const COMMON: usize = 64;

/// Runs are hashes already, and spread over all bits.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, run: u64) {
        self.0 = run;
    }
}

impl Crowd {
    /// Takes a campaign in; the answer is its number, counted from 0.
    pub fn add(&mut self, shingles: Shingles) -> usize {
        let number = self.members.len();
        let words = words_for(number + 1);
        if words_for(number) < words {
            self.rows.iter_mut().for_each(|row| row.resize(words, 0));
        }
        // A crowd of more than four billion does not fit into memory.
        let short = u32::try_from(number).unwrap_or(u32::MAX);
        for run in shingles.runs.iter() {
            let holders = self.index.entry(run).or_default();
            match holders {
                Holders::Many(row) => {
                    if let Some(row) = self.rows.get_mut(*row) {
                        tally::set(row, number);
                    }
                }
                Holders::Few(few) => {
                    few.push(short);
                    if few.len() >= HOLDERS_MIN && few.len() * COMMON > number {
                        let mut row = vec![0; words];
                        few.iter().for_each(|at| tally::set(&mut row, *at as usize));
                        *holders = Holders::Many(self.rows.len());
                        self.rows.push(row);
                    }
                }
            }
        }
        self.limits.push(number, too_many(shingles.runs.len()));
        self.members.push(shingles);
        number
    }

    /// The member most like a campaign, the first of several, if it is too close, with the
    /// likeness.
    pub fn too_close(&self, shingles: &Shingles) -> Option<(usize, f64)> {
        let shared = self.shared(shingles);
        let promising = shared.reaching(too_many(shingles.runs.len()), &self.limits);
        promising
            .filter_map(|number| Some((number, self.members.get(number)?.likeness(shingles))))
            .filter(|(_, likeness)| *likeness > LIKENESS_MAX)
            .max_by(|one, two| one.1.total_cmp(&two.1).then(two.0.cmp(&one.0)))
    }

    /// How many runs each member shares with a campaign.
    fn shared(&self, shingles: &Shingles) -> Tally {
        // Rows are added by fours, for which there is always room for a number of two bits.
        let most = shingles.runs.len().max(3);
        let mut shared = Tally::new(self.members.len(), most);
        let mut rows: Vec<&[u64]> = Vec::new();
        for holders in shingles.runs.iter().filter_map(|run| self.index.get(&run)) {
            match holders {
                Holders::Few(few) => few.iter().for_each(|at| shared.add_one(*at as usize)),
                Holders::Many(row) => rows.extend(self.rows.get(*row).map(Vec::as_slice)),
            }
        }
        let nobody = vec![0; words_for(self.members.len())];
        rows.resize(rows.len().next_multiple_of(4), &nobody);
        let mut carry = Vec::new();
        for four in rows.chunks_exact(4) {
            if let [a, b, c, d] = four {
                shared.add_rows([a, b, c, d], &mut carry);
            }
        }
        shared
    }
}

#[cfg(test)]
mod tests {
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
            .map(|n| Shingles::of(&campaign(n, 20 - n % 20, n % 23 % 20), []))
            .collect();
        let mut found = 0;
        for one in &all {
            let each = crowd.members.iter().map(|other| other.likeness(one));
            let nearest = each.fold(0.0, f64::max);
            let first = crowd
                .members
                .iter()
                .position(|m| m.likeness(one) == nearest);
            let expected = first.map(|first| (first, nearest));
            let expected = expected.filter(|(_, likeness)| *likeness > LIKENESS_MAX);
            assert_eq!(crowd.too_close(one), expected);
            found += usize::from(expected.is_some());
            crowd.add(one.clone());
        }
        assert!((50..350).contains(&found), "{found}");
    }

    #[test]
    fn so_many_runs_are_too_many_and_one_less_is_not() {
        for runs in 1..2_000 {
            let likeness = |shared: usize| shared as f64 / runs as f64;
            let many = too_many(runs);
            assert!(likeness(many) > LIKENESS_MAX, "{runs}");
            assert!(likeness(many - 1) <= LIKENESS_MAX, "{runs}");
        }
    }
}
