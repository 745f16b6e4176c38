//! Learns tables of weights from labelled texts (`tests/fixtures/replies` and `notices`), and holds
//! what they are worth on texts they were not learned from: files that begin with `learned` teach,
//! those that begin with `apart` do not.
//!
//! `UPDATE_WEIGHTS=1 cargo test --test pipeline inbound::learn` writes the tables anew.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use outreach::inbound::weights::{Weights, features, fold, notice_signs, wish_signs};

/// How often each text is looked at, how fast is learned, and how much small weights are drawn to
/// nothing.
const ROUNDS: usize = 30;
const RATE: f64 = 0.25;
const PULL: f64 = 0.003;

/// What a feature must weigh somewhere to be kept, in hundredths.
const WEIGHT_MIN: i64 = 9;

/// A text with its label.
struct Labelled {
    label: String,
    text: String,
    features: Vec<String>,
}

type Signs = fn(&str) -> Vec<&'static str>;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The texts of the files of a folder whose name begins with a word.
fn labelled(folder_name: &str, begins: &str, signs: Signs) -> Vec<Labelled> {
    let entries = std::fs::read_dir(folder(folder_name)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with(begins) {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = value["text"].as_str().unwrap().to_string();
            let folded = fold(&text);
            all.push(Labelled {
                label: value["label"].as_str().unwrap().to_string(),
                features: features(&folded, &signs(&folded)),
                text,
            });
        }
    }
    all
}

/// Learned weights, one row a feature.
struct Learned {
    classes: Vec<String>,
    rows: BTreeMap<String, Vec<f64>>,
}

/// The features that more than one text has, in order: those of a single text teach nothing.
fn names(texts: &[&Labelled]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        for feature in &text.features {
            *counts.entry(feature).or_default() += 1;
        }
    }
    let often = counts.into_iter().filter(|(_, n)| *n > 1);
    often.map(|(name, _)| name.to_string()).collect()
}

/// Shuffles by a fixed rule, so that the same texts always teach the same.
fn shuffle(order: &mut [usize], state: &mut u64) {
    for at in (1..order.len()).rev() {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        order.swap(at, (*state >> 33) as usize % (at + 1));
    }
}

/// Multinomial logistic regression by stochastic gradient descent with a rate of its own for each
/// weight (AdaGrad).
fn learn(texts: &[&Labelled]) -> Learned {
    let mut classes: Vec<String> = texts.iter().map(|text| text.label.clone()).collect();
    classes.sort();
    classes.dedup();
    let names = names(texts);
    let places = names.iter().enumerate();
    let index: HashMap<&str, usize> = places.map(|(at, name)| (name.as_str(), at)).collect();
    let rows = texts.iter().map(|text| {
        let known = text.features.iter();
        let known: Vec<usize> = known
            .filter_map(|name| index.get(name.as_str()).copied())
            .collect();
        let class = classes.iter().position(|class| *class == text.label);
        (known, class.unwrap())
    });
    let rows: Vec<(Vec<usize>, usize)> = rows.collect();
    let n = classes.len();
    let mut weights = vec![0.0_f64; names.len() * n];
    let mut seen = vec![1e-6_f64; names.len() * n];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut state = 7_u64;
    for _ in 0..ROUNDS {
        shuffle(&mut order, &mut state);
        for (features, class) in order.iter().map(|at| &rows[*at]) {
            let sum = |c: usize| features.iter().map(|f| weights[f * n + c]).sum::<f64>();
            let sums: Vec<f64> = (0..n).map(sum).collect();
            let most = sums.iter().copied().fold(f64::MIN, f64::max);
            let raised: Vec<f64> = sums.iter().map(|sum| (sum - most).exp()).collect();
            let total: f64 = raised.iter().sum();
            for feature in features {
                for (c, raised) in raised.iter().enumerate() {
                    let wanted = f64::from(u8::from(c == *class));
                    let slot = feature * n + c;
                    let slope = raised / total - wanted + PULL * weights[slot];
                    seen[slot] += slope * slope;
                    weights[slot] -= RATE * slope / seen[slot].sqrt();
                }
            }
        }
    }
    let rows = names
        .into_iter()
        .zip(weights.chunks(n).map(<[f64]>::to_vec));
    Learned {
        classes,
        rows: rows.collect(),
    }
}

impl Learned {
    /// The table as it is kept.
    fn table(&self, n_texts: usize) -> String {
        let mut table = format!(
            "# Weights in hundredths, learned from {n_texts} labelled texts; see weights/learn.rs.\n\
             feature\t{}\n",
            self.classes.join("\t")
        );
        for (feature, row) in &self.rows {
            let row: Vec<i64> = row
                .iter()
                .map(|weight| (weight * 100.0).round() as i64)
                .collect();
            if row.iter().any(|weight| weight.abs() >= WEIGHT_MIN) {
                let row: Vec<String> = row.iter().map(i64::to_string).collect();
                table.push_str(&format!("{feature}\t{}\n", row.join("\t")));
            }
        }
        table
    }
}

/// The share of texts that get their label, and the same among those that are sure.
fn worth(weights: &Weights, texts: &[&Labelled], signs: Signs, show: bool) -> (f64, f64, f64) {
    let (mut right, mut sure, mut sure_right) = (0, 0, 0);
    for text in texts {
        let folded = fold(&text.text);
        let weighed = weights.weigh(&folded, &signs(&folded));
        let is_right = weights.classes[weighed.class] == text.label;
        right += usize::from(is_right);
        if weighed.probability >= 0.6 {
            sure += 1;
            sure_right += usize::from(is_right);
        }
        if show && !is_right {
            eprintln!(
                "{} as {} ({:.2}): {}",
                text.label, weights.classes[weighed.class], weighed.probability, text.text
            );
        }
    }
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    (
        share(right, texts.len()),
        share(sure, texts.len()),
        share(sure_right, sure),
    )
}

/// Learns from four fifths and tries the last, five times.
fn cross_validated(texts: &[Labelled], signs: Signs) -> (f64, f64, f64) {
    let mut total = (0.0, 0.0, 0.0);
    for fold in 0..5 {
        let part = |is_tried: bool| -> Vec<&Labelled> {
            let texts = texts.iter().enumerate();
            texts
                .filter(|(at, _)| (at % 5 == fold) == is_tried)
                .map(|(_, text)| text)
                .collect()
        };
        let table = learn(&part(false)).table(0);
        let weights = Weights::read(Box::leak(table.into_boxed_str()));
        let (right, sure, sure_right) = worth(&weights, &part(true), signs, false);
        total = (
            total.0 + right / 5.0,
            total.1 + sure / 5.0,
            total.2 + sure_right / 5.0,
        );
    }
    total
}

/// Writes a table anew if asked to, and says what the kept one is worth on the texts kept apart.
fn check(folder_name: &str, table: &str, kept: &'static str, signs: Signs, least: f64) {
    let mut learned_from = labelled(folder_name, "learned", signs);
    if folder_name == "notices" {
        // Whatever people answer, they are no machines.
        let replies = labelled("replies", "learned", signs).into_iter();
        learned_from.extend(replies.map(|text| Labelled {
            label: "person".to_string(),
            ..text
        }));
    }
    let kept_apart = labelled(folder_name, "apart", signs);
    let apart: Vec<&Labelled> = kept_apart.iter().collect();
    if std::env::var_os("UPDATE_WEIGHTS").is_some() {
        let validated = cross_validated(&learned_from, signs);
        eprintln!("{table}: right, sure, right where sure, by fifths: {validated:?}");
        let learned = learn(&learned_from.iter().collect::<Vec<_>>()).table(learned_from.len());
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/inbound/words")
            .join(table);
        std::fs::write(path, &learned).unwrap();
        let weights = Weights::read(Box::leak(learned.into_boxed_str()));
        eprintln!("apart: {:?}", worth(&weights, &apart, signs, true));
        return;
    }
    let weights = Weights::read(kept);
    let (right, _, _) = worth(&weights, &apart, signs, false);
    assert!(
        right >= least,
        "{table}: {right:.3} of {} texts",
        apart.len()
    );
}

#[test]
fn wishes_are_weighed_right_in_texts_that_taught_nothing() {
    let kept = include_str!("../../../src/inbound/words/weights_wishes.tsv");
    check("replies", "weights_wishes.tsv", kept, wish_signs, 0.75);
}

#[test]
fn notices_are_weighed_right_in_texts_that_taught_nothing() {
    let kept = include_str!("../../../src/inbound/words/weights_notices.tsv");
    check("notices", "weights_notices.tsv", kept, notice_signs, 0.8);
}
