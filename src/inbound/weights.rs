//! How much each word weighs: a text is read by all its words together where no single phrase
//! decides.
//!
//! Purpose: which of some classes a text belongs to, and how likely. A table holds for each feature
//! (a word's beginning, a pair or three of them, a sign such as an address) its weight in each
//! class; the weights of a text's features are added up (multinomial logistic regression).
//! Invariant: the same text always gets the same answer; the work is bounded by the text.
//! The tables are learned from labelled texts by `inbound::learn` of the tests, which is why this
//! module is public; they are text files that a person can read. It knows no class by name.

use std::collections::HashMap;

pub use super::automatic::signs as notice_signs;
pub use super::sentiment::signs as wish_signs;
pub use crate::words::folding::fold;

/// So many letters of a word count: endings differ with case, gender and tense.
const STEM_CHARS: usize = 6;

/// The most words of a text that are looked at.
const WORDS_MAX: usize = 300;

/// A table of weights.
pub struct Weights {
    /// The names of the classes.
    pub classes: Vec<&'static str>,
    /// The number of each feature's row.
    rows: HashMap<&'static str, usize>,
    /// The rows, one after the other.
    weights: Vec<f32>,
}

/// What a text was weighed as.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// The likeliest class, by its place in [`Weights::classes`].
    pub class: usize,
    /// How likely it is, 0 to 1.
    pub probability: f32,
    /// How likely each class is.
    pub probabilities: Vec<f32>,
    /// The words that weighed most for it, at most three.
    pub words: Vec<String>,
}

impl Weights {
    /// Reads a table: a line with the classes, then a line for each feature with its weights in
    /// hundredths, all separated by tabs. What cannot be read weighs nothing.
    pub fn read(table: &'static str) -> Weights {
        let mut lines = table.lines().filter(|line| !line.starts_with("# "));
        let classes: Vec<&str> = lines
            .next()
            .unwrap_or_default()
            .split('\t')
            .skip(1)
            .collect();
        let (mut rows, mut weights) = (HashMap::new(), Vec::new());
        for line in lines {
            let Some((feature, rest)) = line.split_once('\t') else {
                continue;
            };
            let row = rest
                .split('\t')
                .map(|n| n.parse::<f32>().map(|n| n / 100.0));
            let Ok(row) = row.collect::<Result<Vec<f32>, _>>() else {
                continue;
            };
            if row.len() == classes.len() {
                rows.insert(feature, rows.len());
                weights.extend(row);
            }
        }
        rows.shrink_to_fit();
        weights.shrink_to_fit();
        Weights {
            classes,
            rows,
            weights,
        }
    }

    /// The weights of a feature in each class, if it is known.
    fn row(&self, feature: &str) -> Option<&[f32]> {
        let n_classes = self.classes.len();
        let start = self.rows.get(feature)? * n_classes;
        self.weights.get(start..start + n_classes)
    }

    /// How likely a class is, by its name.
    pub fn likelihood(&self, weighed: &Weighed, class: &str) -> f32 {
        let place = self.classes.iter().position(|known| *known == class);
        let likelihood = place.and_then(|place| weighed.probabilities.get(place));
        likelihood.copied().unwrap_or(0.0)
    }

    /// Weighs a folded text; `signs` are what other rules found in it.
    pub fn weigh(&self, folded: &str, signs: &[&str]) -> Weighed {
        let features = features(folded, signs);
        let rows = features
            .iter()
            .filter_map(|feature| Some((feature, self.row(feature)?)));
        let rows: Vec<(&String, &[f32])> = rows.collect();
        let n_classes = self.classes.len();
        let sum = |class: usize| -> f32 {
            let weight = |(_, row): &(&String, &[f32])| row.get(class).copied().unwrap_or(0.0);
            rows.iter().map(weight).sum()
        };
        let sums: Vec<f32> = (0..n_classes).map(sum).collect();
        let probabilities = softmax(&sums);
        let likeliest = probabilities
            .iter()
            .enumerate()
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        let (class, probability) = likeliest.map_or((0, 0.0), |(class, p)| (class, *p));
        let mut heavy: Vec<(f32, &String)> = rows
            .iter()
            .filter(|(feature, _)| !feature.starts_with('#'))
            .map(|(feature, row)| (row.get(class).copied().unwrap_or(0.0), *feature))
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        heavy.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
        let words = heavy.into_iter().take(3).map(|(_, word)| word.clone());
        Weighed {
            class,
            probability,
            probabilities,
            words: words.collect(),
        }
    }
}

fn softmax(sums: &[f32]) -> Vec<f32> {
    let most = sums.iter().copied().fold(f32::MIN, f32::max);
    let raised: Vec<f32> = sums.iter().map(|sum| (sum - most).exp()).collect();
    let total: f32 = raised.iter().sum();
    raised
        .iter()
        .map(|value| value / total.max(f32::MIN_POSITIVE))
        .collect()
}

/// The features of a folded text, each once: words by their beginning, their pairs and threes, how
/// the text begins and how long it is, and the caller's own signs.
pub fn features(folded: &str, signs: &[&str]) -> Vec<String> {
    let words = words(folded);
    let mut features: Vec<String> = Vec::with_capacity(words.len() * 3 + 4);
    for window in 1..=3 {
        for run in words.windows(window) {
            features.push(run.join(" "));
        }
    }
    if let Some(first) = words.first() {
        features.push(format!("#first {first}"));
    }
    let length = match words.len() {
        0..=4 => "#short",
        5..=25 => "#medium",
        _ => "#long",
    };
    features.push(length.to_string());
    features.extend(signs.iter().map(|sign| format!("#rule {sign}")));
    features.sort_unstable();
    features.dedup();
    features
}

/// The words of a folded text by their beginning. Addresses, links, times and numbers stand for
/// themselves; scripts without spaces are cut into pairs of characters.
fn words(folded: &str) -> Vec<String> {
    let mut words = Vec::new();
    for chunk in folded.split_whitespace() {
        if words.len() >= WORDS_MAX {
            break;
        }
        if chunk.contains('@') && chunk.contains('.') {
            words.push("#address".to_string());
        } else if chunk.starts_with("http") || chunk.starts_with("www.") {
            words.push("#link".to_string());
        } else if is_time(chunk) {
            words.push("#time".to_string());
        } else {
            split(chunk, &mut words);
        }
    }
    words.truncate(WORDS_MAX);
    words
}

/// `10:30`, `14h`, `9.15`, `3pm`.
fn is_time(chunk: &str) -> bool {
    let chunk = chunk.trim_matches(|c: char| !c.is_alphanumeric());
    let digits = chunk.chars().take_while(char::is_ascii_digit).count();
    let rest = chunk.get(digits..).unwrap_or_default();
    let is_minutes = |rest: &str| rest.len() == 2 && rest.bytes().all(|b| b.is_ascii_digit());
    (1..=2).contains(&digits)
        && (matches!(rest, "am" | "pm" | "h" | "uhr" | "a.m" | "p.m")
            || rest
                .strip_prefix([':', '.', 'h'])
                .is_some_and(|minutes| is_minutes(minutes.get(..2).unwrap_or_default())))
}

/// Cuts a chunk at whatever is no letter. An apostrophe within a word belongs to it.
fn split(chunk: &str, words: &mut Vec<String>) {
    let mut word = String::new();
    let mut before: Option<char> = None;
    let end = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(word.chars().take(STEM_CHARS).collect());
            word.clear();
        }
    };
    for c in chunk.chars() {
        if is_wide(c) {
            end(&mut word, words);
            if let Some(first) = before {
                words.push(format!("{first}{c}"));
            }
            before = Some(c);
            continue;
        }
        before = None;
        match c {
            c if c.is_alphabetic() => word.push(c),
            '\'' if !word.is_empty() => {}
            c => {
                end(&mut word, words);
                if matches!(c, '?' | '!') {
                    words.push(c.to_string());
                } else if c.is_ascii_digit() && words.last().is_none_or(|last| last != "#number") {
                    words.push("#number".to_string());
                }
            }
        }
    }
    end(&mut word, words);
}

/// Whether a script is written without spaces between its words.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# learned from 4 texts\nfeature\tyes\tno\nsounds\t200\t-100\n\
        no thanks\t-50\t300\n#short\t0\t10\nbroken\t1\n";

    #[test]
    fn the_words_of_a_text_are_weighed_together() {
        let weights = Weights::read(TABLE);
        assert_eq!(weights.classes, ["yes", "no"]);
        let yes = weights.weigh("that sounds good", &[]);
        assert_eq!((yes.class, yes.words), (0, vec!["sounds".to_string()]));
        let no = weights.weigh("no thanks", &[]);
        assert_eq!(no.class, 1);
        assert!(no.probability > 0.9, "{no:?}");
        let nothing = weights.weigh("", &[]);
        assert!(nothing.probability < 0.6, "{nothing:?}");
    }

    #[test]
    fn words_are_cut_as_the_table_was_learned() {
        for (text, expected) in [
            ("don't call", "dont|call"),
            (
                "write to bob@lead.example, please",
                "write|to|#addre|please",
            ),
            (
                "at 10:30 or 3pm on 12 may?",
                "at|#time|or|#time|on|#number|may|?",
            ),
            ("nachfassaktion", "nachfa"),
            ("不需要", "不需|需要"),
            ("see https://x.example/a!", "see|#link"),
        ] {
            let found = words(text).join("|").replace("#address", "#addre");
            assert_eq!(found, expected, "{text}");
        }
        let all = features("no thanks bob", &["no"]);
        for expected in [
            "no thanks bob",
            "no thanks",
            "#first no",
            "#short",
            "#rule no",
        ] {
            assert!(
                all.iter().any(|feature| feature == expected),
                "{expected}: {all:?}"
            );
        }
        assert!(words(&"a ".repeat(10_000)).len() <= WORDS_MAX);
    }
}
