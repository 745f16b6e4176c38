//! What a thousand leads get: everything passes, and nobody reads what somebody else read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use super::{STEPS, crowd, nameless};
use crate::copy::quality;
use crate::copy::templates::{Library, Written};
use crate::copy::text::{Hashes, fold, hash, runs_of_five, words};
use crate::copy::{Brand, word_range};

const LEADS: usize = 1_000;

/// The campaign of every lead of the crowd, written once for all tests, on two threads.
static CAMPAIGNS: LazyLock<Vec<Written>> = LazyLock::new(|| {
    let library = Library::builtin().unwrap();
    let brand = Brand::builtin("4Runr Team");
    let write = |numbers: std::ops::Range<usize>| -> Vec<Written> {
        let one = |n| {
            let written = library.write(&crowd::lead(n), &brand, &STEPS);
            written.unwrap_or_else(|error| panic!("{n}: {error:#}"))
        };
        numbers.map(one).collect()
    };
    std::thread::scope(|scope| {
        let second = scope.spawn(|| write(LEADS / 2..LEADS));
        let mut all = write(0..LEADS / 2);
        all.extend(second.join().unwrap());
        all
    })
});

#[track_caller]
fn check_passes(numbers: std::ops::Range<usize>) {
    let brand = Brand::builtin("4Runr Team");
    for n in numbers {
        let (lead, written) = (crowd::lead(n), &CAMPAIGNS[n]);
        let judged = quality::judge(&lead, &written.drafts, &brand, 80);
        assert!(
            judged.pass && judged.score >= 90,
            "{n} {lead:?}\n{written:#?}\n{judged:#?}"
        );
        for draft in &written.drafts {
            let counted = draft.body.split_whitespace().count();
            assert!(
                word_range(&draft.step).contains(&counted),
                "{n}: {draft:#?}"
            );
        }
    }
}

#[test]
fn every_campaign_passes_the_gate_in_the_first_half_of_the_crowd() {
    check_passes(0..LEADS / 2);
}

#[test]
fn every_campaign_passes_the_gate_in_the_second_half_of_the_crowd() {
    check_passes(LEADS / 2..LEADS);
}

/// Hashes of all runs of five folded words.
fn five_grams(text: &str) -> Hashes {
    let hashes: Vec<u64> = words(&fold(text)).map(hash).collect();
    runs_of_five(&hashes).collect()
}

#[test]
fn no_two_leads_share_more_than_a_third_of_their_texts() {
    let grams: Vec<Hashes> = CAMPAIGNS
        .iter()
        .enumerate()
        .map(|(n, written)| five_grams(&nameless(&crowd::lead(n), &written.drafts)))
        .collect();
    // Every pair, by way of who else said it: comparing all sets with each other takes minutes.
    let mut said_by: HashMap<u64, Vec<usize>> = HashMap::new();
    for (n, grams) in grams.iter().enumerate() {
        for gram in grams.iter() {
            said_by.entry(gram).or_default().push(n);
        }
    }
    let mut shared = vec![0_u32; LEADS * LEADS];
    for leads in said_by.values() {
        for (place, one) in leads.iter().enumerate() {
            for other in &leads[..place] {
                shared[one * LEADS + other] += 1;
            }
        }
    }
    let share = |pair: usize, count: u32| {
        let smaller = grams[pair / LEADS].len().min(grams[pair % LEADS].len());
        f64::from(count) / smaller as f64
    };
    let shares = shared
        .iter()
        .enumerate()
        .map(|(pair, count)| (share(pair, *count), pair));
    let (worst, pair) = shares.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    let [one, other] = [pair / LEADS, pair % LEADS];
    assert!(
        worst <= 0.35,
        "{worst}: {one} and {other} read alike\n{:#?}\n{:#?}",
        CAMPAIGNS[one],
        CAMPAIGNS[other]
    );
}

#[test]
fn the_three_messages_of_a_campaign_share_next_to_nothing() {
    for (n, written) in CAMPAIGNS.iter().enumerate() {
        let lead = crowd::lead(n);
        let grams: Vec<Hashes> = written
            .drafts
            .iter()
            .map(|draft| five_grams(&nameless(&lead, std::slice::from_ref(draft))))
            .collect();
        for (later, place) in grams.iter().zip(0..) {
            for earlier in &grams[..place] {
                let shared = earlier.overlap(later);
                assert!(shared < 0.15, "{n}: {shared}\n{written:#?}");
            }
        }
    }
}

#[test]
fn subjects_of_one_step_differ() {
    for (place, step) in STEPS.iter().enumerate() {
        let subjects = CAMPAIGNS
            .iter()
            .map(|written| written.drafts[place].subject.as_str());
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        subjects.for_each(|subject| *counts.entry(subject).or_default() += 1);
        let distinct = counts.values().filter(|count| **count == 1).count();
        assert!(distinct * 10 >= LEADS * 9, "{step}: {distinct} of {LEADS}");
    }
}

/// Nobody is told the same word twice in a row, and no sentence begins small.
#[test]
fn sentences_are_written_as_sentences() {
    for (n, written) in CAMPAIGNS.iter().enumerate() {
        let lead = crowd::lead(n);
        for draft in &written.drafts {
            let text = draft.body.replace(&lead.company_short, "Acme");
            for sentence in text.split(['.', '?', ':', ';', ',', '—', '\n']) {
                let all: Vec<String> = words(sentence).map(str::to_lowercase).collect();
                let doubled = all.windows(2).find(|pair| pair[0] == pair[1]);
                assert!(doubled.is_none(), "{n}: {doubled:?}\n{}", draft.body);
            }
            for gap in ["  ", " ,", " .", "\n\n\n", " \n"] {
                assert!(!draft.body.contains(gap), "{n}: {gap:?}\n{}", draft.body);
            }
            for wrong in ["..", ",,", " a a", " a e", " an b", " an c", "?."] {
                assert!(!text.contains(wrong), "{n}: {wrong:?}\n{}", draft.body);
            }
            let starts = text
                .split(['.', '?', '\n'])
                .map(|s| s.trim_start_matches([' ', '•']));
            let small = starts.filter(|s| s.chars().next().is_some_and(char::is_lowercase));
            let small: BTreeSet<&str> = small.collect();
            assert!(small.is_empty(), "{n}: {small:?}\n{}", draft.body);
        }
    }
}
