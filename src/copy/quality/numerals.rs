//! Numbers written as words, made digits.
//!
//! Purpose: one rule for `47 minutes` and `forty-seven minutes`.
//! Invariant: a small number alone (`three habits`) stays a word: people say it without claiming
//! anything; it becomes a figure with a unit (`three million`, `ten percent`) or inside a larger
//! number. Everything else of the text stays as it is.
//! This module does not know which figures are true.

/// What may follow a word to make a claim of it.
const UNITS: [&str; 6] = ["percent", "per", "million", "billion", "thousand", "fold"];

/// The value of a word that is a number by itself, up to ninety.
pub(super) fn value(word: &str) -> Option<u64> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let place = |list: &[&str]| list.iter().position(|known| *known == word);
    let small = place(&SMALL).map(|at| at as u64);
    small.or_else(|| place(&TENS).map(|at| (at as u64 + 2) * 10))
}

/// A folded text with its worded figures as digits.
pub(super) fn with_digits(folded: &str) -> String {
    let may_hold = [
        "ty", "hundred", "thousand", "million", "percent", "per cent", "teen",
    ];
    if !may_hold.iter().any(|part| folded.contains(part)) {
        return folded.to_string();
    }
    let mut out = String::with_capacity(folded.len());
    let mut rest = folded;
    while let Some(start) = rest.find(|c: char| c.is_alphanumeric()) {
        let (before, from) = rest.split_at_checked(start).unwrap_or((rest, ""));
        out.push_str(before);
        match figure(from) {
            Some((number, len)) => {
                out.push_str(&number.to_string());
                rest = from.get(len..).unwrap_or_default();
            }
            None => {
                let end = from.find(|c: char| !c.is_alphanumeric());
                let (word, after) = from
                    .split_at_checked(end.unwrap_or(from.len()))
                    .unwrap_or((from, ""));
                out.push_str(word);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The figure a text begins with, and how many bytes it takes.
fn figure(text: &str) -> Option<(u64, usize)> {
    let mut total = 0;
    let mut n_words = 0;
    let mut end = 0;
    let mut is_large = false;
    for (at, word) in spans(text) {
        // `two hundred and ten`; what stands between two figures otherwise ends the first.
        if word == "and" && is_large {
            continue;
        }
        let joined = end == 0
            || text
                .get(end..at)
                .is_some_and(|gap| matches!(gap, "-" | " " | " and "));
        let value = match (joined, word) {
            (false, _) => None,
            (true, "hundred") if n_words > 0 => {
                total *= 100;
                is_large = true;
                Some(0)
            }
            (true, word) => value(word),
        };
        let fits = value.filter(|value| fits(total, *value, is_large, n_words));
        let Some(value) = fits else { break };
        total += value;
        n_words += 1;
        end = at + word.len();
    }
    let after = text.get(end..).unwrap_or_default();
    let next = after.trim_start_matches([' ', '-']);
    let has_unit = UNITS.iter().any(|unit| {
        next.strip_prefix(unit)
            .is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
    });
    let is_figure = n_words > 1 || (n_words == 1 && has_unit);
    is_figure.then_some((total, end))
}

/// Whether a number goes on with a value: `forty` with `seven`, `two hundred` with `ten`.
fn fits(total: u64, value: u64, is_large: bool, n_words: usize) -> bool {
    let units_left = total >= 20 && total.is_multiple_of(10) && value < 10 && value > 0;
    n_words == 0 || value == 0 || units_left || (is_large && total.is_multiple_of(100))
}

/// The words of a text with their places, a hyphen dividing words.
fn spans(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !c.is_alphanumeric())
        .filter_map(move |word| {
            let start = at;
            at += word.len()
                + text
                    .get(start + word.len()..)?
                    .chars()
                    .next()
                    .map_or(0, char::len_utf8);
            (!word.is_empty()).then_some((start, word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(with_digits(text), expected);
    }

    #[test]
    fn worded_figures_become_digits() {
        check("forty-seven minutes", "47 minutes");
        check("seventy percent, ten per cent", "70 percent, 10 per cent");
        check("two hundred and ten farms", "210 farms");
        check("thirty seven of ninety-two", "37 of 92");
        check("three million a year", "3 million a year");
        check("élan: eighty-six trailers", "élan: 86 trailers");
    }

    #[test]
    fn small_numbers_and_other_words_stay() {
        check(
            "three habits, ninety days, one of two",
            "three habits, ninety days, one of two",
        );
        check(
            "a hundred small things and twenty more",
            "a hundred small things and twenty more",
        );
        check(
            "seven or eight; certainty per seat",
            "seven or eight; certainty per seat",
        );
        check("six seven", "six seven");
        check("", "");
    }
}
