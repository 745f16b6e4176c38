//! The number words of the languages we meet.
//!
//! Purpose: what a word is worth inside a worded number, in English, German, French and Spanish.
//! Invariant: English texts are read with the English words only, since `once` is eleven in Spanish
//! and `seize` sixteen in French.
//! This module does not know how words make a number; see [`super::worded`].

use std::sync::LazyLock;

use crate::copy::text::WordMap;

/// The part a word plays in a worded number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// One to nineteen, and numbers that a language writes as one word: `siebenundzwanzig`.
    Unit(f64),
    /// Twenty to ninety.
    Ten(f64),
    /// A hundred.
    Hundred,
    /// A thousand and more.
    Scale(f64),
    /// A group that counts: a dozen, a score, a decade of things.
    Group(f64),
}

/// Which words count as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Tongue {
    /// English alone.
    English,
    /// All languages at once: for texts that are not English, and for data of unknown language.
    Any,
}

/// The part of a folded word.
pub(super) fn part(word: &str, tongue: Tongue) -> Option<Part> {
    let english = ENGLISH.get(word).copied();
    match tongue {
        Tongue::English => english,
        Tongue::Any => english.or_else(|| FOREIGN.get(word).copied()),
    }
}

static ENGLISH: LazyLock<WordMap<&'static str, Part>> = LazyLock::new(|| {
    let small = "zero one two three four five six seven eight nine ten eleven twelve thirteen \
                 fourteen fifteen sixteen seventeen eighteen nineteen";
    let tens = "twenty thirty forty fifty sixty seventy eighty ninety";
    let mut all: WordMap<&'static str, Part> = counted(small, 0.0, 1.0, Part::Unit).collect();
    all.extend(counted(tens, 20.0, 10.0, Part::Ten));
    all.extend([
        ("hundred", Part::Hundred),
        ("thousand", Part::Scale(1e3)),
        ("million", Part::Scale(1e6)),
        ("billion", Part::Scale(1e9)),
        ("trillion", Part::Scale(1e12)),
        ("bn", Part::Scale(1e9)),
        ("mn", Part::Scale(1e6)),
        ("dozen", Part::Group(12.0)),
        ("score", Part::Group(20.0)),
    ]);
    all
});

static FOREIGN: LazyLock<WordMap<String, Part>> = LazyLock::new(|| {
    let units = [
        "_ _ zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn \
         sechzehn siebzehn achtzehn neunzehn",
        "_ _ deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
        "_ _ dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince \
         dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés \
         veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve",
    ];
    let tens = [
        "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
        "vingt trente quarante cinquante soixante septante huitante nonante",
        "_ treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    ];
    let mut all: WordMap<String, Part> = WordMap::default();
    let mut add = |words: &'static str, first, step, part: fn(f64) -> Part| {
        let parts = counted(words, first, step, part).filter(|(word, _)| *word != "_");
        all.extend(parts.map(|(word, part)| (word.to_string(), part)));
    };
    for words in units {
        add(words, 0.0, 1.0, Part::Unit);
    }
    for words in tens {
        add(words, 20.0, 10.0, Part::Ten);
    }
    all.extend(german_compounds());
    let large = [
        ("hundert", Part::Hundred),
        ("einhundert", Part::Hundred),
        ("cent", Part::Hundred),
        ("cents", Part::Hundred),
        ("cien", Part::Hundred),
        ("ciento", Part::Hundred),
        ("doscientos", Part::Unit(200.0)),
        ("trescientos", Part::Unit(300.0)),
        ("quinientos", Part::Unit(500.0)),
        ("tausend", Part::Scale(1e3)),
        ("mille", Part::Scale(1e3)),
        ("mil", Part::Scale(1e3)),
        ("millionen", Part::Scale(1e6)),
        ("mio", Part::Scale(1e6)),
        ("millions", Part::Scale(1e6)),
        ("millón", Part::Scale(1e6)),
        ("millones", Part::Scale(1e6)),
        ("milliarde", Part::Scale(1e9)),
        ("milliarden", Part::Scale(1e9)),
        ("mrd", Part::Scale(1e9)),
        ("milliard", Part::Scale(1e9)),
        ("milliards", Part::Scale(1e9)),
        ("vingts", Part::Ten(20.0)),
        ("dreissig", Part::Ten(30.0)),
        ("dutzend", Part::Group(12.0)),
        ("douzaine", Part::Group(12.0)),
        ("docena", Part::Group(12.0)),
    ];
    all.extend(large.map(|(word, part)| (word.to_string(), part)));
    all
});

/// `einundzwanzig` to `neunundneunzig`, and the round hundreds.
fn german_compounds() -> impl Iterator<Item = (String, Part)> {
    let units = [
        "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun",
    ];
    let tens = [
        "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig",
    ];
    let below_hundred = tens.into_iter().zip(2..).flat_map(move |(ten, n_tens)| {
        let units = units.into_iter().zip(1..);
        units.map(move |(unit, n)| {
            let value = f64::from(n_tens * 10 + n);
            (format!("{unit}und{ten}"), Part::Unit(value))
        })
    });
    let hundreds = units.into_iter().zip(1..).skip(1);
    let hundreds = hundreds.map(|(unit, n)| {
        let value = f64::from(n * 100);
        (format!("{unit}hundert"), Part::Unit(value))
    });
    below_hundred.chain(hundreds)
}

/// The words of a list, each worth a step more than the one before.
fn counted(
    words: &'static str,
    first: f64,
    step: f64,
    part: fn(f64) -> Part,
) -> impl Iterator<Item = (&'static str, Part)> {
    let worth = std::iter::successors(Some(first), move |value| Some(value + step));
    let words = words.split_whitespace().zip(worth);
    words.map(move |(word, value)| (word, part(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_in_its_language() {
        for (word, english, any) in [
            ("seventeen", Some(17.0), Some(17.0)),
            ("once", None, Some(11.0)),
            ("seize", None, Some(16.0)),
            ("siebenundzwanzig", None, Some(27.0)),
            ("vierhundert", None, Some(400.0)),
            ("veinticinco", None, Some(25.0)),
            ("quatorze", None, Some(14.0)),
            ("house", None, None),
            ("_", None, None),
        ] {
            let value = |tongue| match part(word, tongue) {
                Some(Part::Unit(value) | Part::Ten(value)) => Some(value),
                _ => None,
            };
            assert_eq!(value(Tongue::English), english, "{word}");
            assert_eq!(value(Tongue::Any), any, "{word}");
        }
    }
}
