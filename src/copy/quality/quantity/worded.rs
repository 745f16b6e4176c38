//! Numbers and shares at a place of a text, in digits or words.
//!
//! Purpose: read `3.2 million`, `twelve hundred`, `three and a half thousand`, `half a dozen`,
//! `two thirds` and `nine in ten` as values.
//! Invariant: a number ends where the next word cannot belong to it: `six seven` is two numbers.
//! This module does not judge whether a number is a claim; see the parent.

use super::lexicon::{Part, Tongue, part};
use super::token::{Kind, Token};

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Form {
    /// In digits.
    Digits,
    /// In one plain word: `three`, `forty`. People say these without claiming anything.
    Word,
    /// In several words, or with a scale.
    Words,
    /// `a hundred`, `a million`: mostly a figure of speech.
    Round,
}

/// A number read at some token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub value: f64,
    pub form: Form,
    /// How many tokens it takes.
    pub n_tokens: usize,
}

/// The number that begins at a token.
pub(super) fn number(tokens: &[Token<'_>], at: usize, tongue: Tongue) -> Option<Number> {
    let first = tokens.get(at)?;
    match first.kind {
        Kind::Number(value) => Some(scaled(tokens, at, value, tongue)),
        Kind::Word => in_words(tokens, at, tongue),
        Kind::Mark => None,
    }
}

/// Digits with the scale behind them: `3.2 million`, `50k`, `$1.2bn`.
fn scaled(tokens: &[Token<'_>], at: usize, value: f64, tongue: Tongue) -> Number {
    let next = tokens.get(at + 1);
    let letter = next.filter(|next| next.glued).map(|next| next.text);
    let scale = match (letter, next.and_then(|next| part(next.text, tongue))) {
        (Some("k"), _) => Some(1e3),
        (Some("m"), _) => Some(1e6),
        (_, Some(Part::Scale(scale))) => Some(scale),
        (_, Some(Part::Group(n))) => Some(n),
        _ => None,
    };
    Number {
        value: value * scale.unwrap_or(1.0),
        form: Form::Digits,
        n_tokens: 1 + usize::from(scale.is_some()),
    }
}

/// What has been read of a worded number: `two hundred` of `two hundred thousand and ten`.
#[derive(Default)]
struct Sum {
    total: f64,
    current: Option<f64>,
    n_words: usize,
    /// Whether `and` may go on with it.
    is_large: bool,
}

impl Sum {
    /// Takes the next word in, unless it cannot belong to the number.
    fn take(&mut self, part: Part) -> bool {
        let current = self.current.unwrap_or(0.0);
        let is_whole_hundred = current >= 100.0 && current % 100.0 == 0.0;
        let is_open = self.current.is_none();
        let next = match part {
            // `quatre-vingts` is four twenties, `soixante-dix` sixty and ten.
            Part::Ten(20.0) if current == 4.0 => Some(80.0),
            Part::Unit(unit) if (current == 60.0 || current == 80.0) && unit < 20.0 => {
                Some(current + unit)
            }
            Part::Unit(unit) => {
                let is_ten = (20.0..100.0).contains(&current) && current % 10.0 == 0.0;
                let fits = is_open || is_whole_hundred || (is_ten && unit < 10.0 && unit > 0.0);
                fits.then_some(current + unit)
            }
            Part::Ten(ten) => (is_open || is_whole_hundred).then_some(current + ten),
            Part::Hundred => {
                let fits = is_open || current < 100.0;
                fits.then_some(self.current.unwrap_or(1.0) * 100.0)
            }
            Part::Group(n) => {
                let fits = is_open || current < 100.0;
                fits.then_some(self.current.unwrap_or(1.0) * n)
            }
            Part::Scale(scale) => {
                let fits = !is_open || self.n_words == 0;
                if fits {
                    self.total += self.current.unwrap_or(1.0) * scale;
                    self.current = None;
                    self.n_words += 1;
                    self.is_large = true;
                }
                return fits;
            }
        };
        let Some(next) = next else { return false };
        self.is_large |= part == Part::Hundred;
        self.current = Some(next);
        self.n_words += 1;
        true
    }

    fn value(&self) -> f64 {
        self.total + self.current.unwrap_or(0.0)
    }
}

/// A number in words, `three and a half thousand` included.
fn in_words(tokens: &[Token<'_>], at: usize, tongue: Tongue) -> Option<Number> {
    if let Some(number) = half_of_a_scale(tokens, at, tongue) {
        return Some(number);
    }
    let mut sum = Sum::default();
    let mut end = at;
    let mut next = at;
    let mut last = None;
    while let Some(token) = tokens.get(next) {
        let found = part(token.text, tongue).filter(|_| token.kind == Kind::Word);
        if let Some(part) = found.filter(|part| sum.take(*part)) {
            last = Some(part);
            next += 1;
            end = next;
            continue;
        }
        let text = |ahead: usize| tokens.get(next + ahead).map_or("", |token| token.text);
        let is_half = text(0) == "and" && text(1) == "a" && text(2) == "half";
        if is_half && matches!(last, Some(Part::Unit(_))) {
            sum.current = sum.current.map(|value| value + 0.5);
            sum.n_words += 1;
            next += 3;
            end = next;
            last = None;
            continue;
        }
        // `two hundred and ten`, `treinta y cinco`; a hyphen divides words of one number.
        let joins = match token.text {
            "-" => token.glued,
            "and" | "und" => sum.is_large,
            "y" | "et" => tongue == Tongue::Any && matches!(last, Some(Part::Ten(_))),
            _ => false,
        };
        let goes_on = next == end && sum.n_words > 0 && joins;
        if !goes_on {
            break;
        }
        next += 1;
    }
    let last_word = end.checked_sub(1).and_then(|at| tokens.get(at));
    let form = match (sum.n_words, last) {
        (0, _) => return None,
        (1, Some(Part::Unit(_) | Part::Ten(_))) => Form::Word,
        (1, _) if is_alone(tokens, at, last_word) => return None,
        (1, _) => Form::Round,
        _ => Form::Words,
    };
    Some(Number {
        value: sum.value(),
        form,
        n_tokens: end - at,
    })
}

/// Whether `hundred` or `dozen` stands without anything that makes a number of it: `per cent`,
/// `score` as a noun.
fn is_alone(tokens: &[Token<'_>], at: usize, word: Option<&Token<'_>>) -> bool {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let article = before.is_some_and(|before| {
        matches!(
            before.text,
            "a" | "one" | "ein" | "eine" | "un" | "une" | "half" | "an"
        )
    });
    let needs_one = word.is_some_and(|word| !matches!(word.text, "hundert" | "tausend" | "mil"));
    let is_score = word.is_some_and(|word| matches!(word.text, "score" | "cent" | "cents"));
    is_score || (needs_one && !article)
}

/// `half a million`, `half a dozen`, `a quarter of a million`.
fn half_of_a_scale(tokens: &[Token<'_>], at: usize, tongue: Tongue) -> Option<Number> {
    let text = |ahead: usize| tokens.get(at + ahead).map_or("", |token| token.text);
    let (share, n_words) = match (text(0), text(1), text(2)) {
        // The hour itself is left to be the noun.
        ("half", "an" | "-", "hour") => return Some(part_of_hour(0.5, 2)),
        ("half", "hour", _) => return Some(part_of_hour(0.5, 1)),
        ("quarter", "of", "an") if text(3) == "hour" => return Some(part_of_hour(0.25, 3)),
        ("half", "a", _) => (0.5, 2),
        ("quarter", "of", "a") => (0.25, 3),
        _ => return None,
    };
    let value = match part(text(n_words), tongue)? {
        Part::Scale(scale) => scale,
        Part::Group(n) => n,
        _ => return None,
    };
    Some(Number {
        value: share * value,
        form: Form::Words,
        n_tokens: n_words + 1,
    })
}

fn part_of_hour(value: f64, n_tokens: usize) -> Number {
    Number {
        value,
        form: Form::Round,
        n_tokens,
    }
}

/// A share in words or digits at a token, in hundredths: `two thirds`, `nine in ten`, `1 out of 5`.
/// A bare `half` or `a third` is none: the parent asks for what makes a claim of it.
pub(super) fn share(tokens: &[Token<'_>], at: usize, tongue: Tongue) -> Option<Number> {
    let text = |ahead: usize| tokens.get(at + ahead).map_or("", |token| token.text);
    let first = number(tokens, at, tongue)?;
    if !(1.0..=90.0).contains(&first.value) || first.n_tokens != 1 {
        return None;
    }
    let hyphen = usize::from(text(1) == "-");
    if let Some(parts) = nth(text(1 + hyphen)).filter(|_| first.value >= 2.0) {
        let is_part = first.value < parts && !is_other(tokens, at, 1 + hyphen);
        return is_part.then(|| hundredths(first.value / parts, 2 + hyphen));
    }
    let n_between = match (text(1), text(2), text(3)) {
        ("in", "every", _) | ("out", "of", "every") => 2 + usize::from(text(1) == "out"),
        ("out", "of", _) | ("of", "every", _) => 2,
        ("in", ..) | ("von", ..) => 1,
        ("of", "10" | "ten" | "100", _) => 1,
        ("sur", ..) | ("de", "cada", _) if tongue == Tongue::Any => {
            1 + usize::from(text(2) == "cada")
        }
        // `one student in five`, but not `one order in three systems`.
        (_, "in" | "sur", next) if first.value == 1.0 => {
            let n_between = 2 + usize::from(next == "every");
            let noun = tokens.get(at + 2 + n_between);
            let is_thing = noun.is_some_and(|noun| noun.text.len() > 3 && noun.text.ends_with('s'));
            return share_of(tokens, at, 1.0, n_between, tongue).filter(|_| !is_thing);
        }
        _ => return None,
    };
    share_of(tokens, at, first.value, n_between, tongue)
}

/// Whether what looks like parts of a whole is none: `two quarters` of a year, which would be a
/// half, `for three quarters running`, `two third-party tools`.
fn is_other(tokens: &[Token<'_>], at: usize, ahead: usize) -> bool {
    let text = |place: usize| tokens.get(place).map_or("", |token| token.text);
    let (first, parts, next) = (text(at), text(at + ahead), text(at + ahead + 1));
    if next == "of" {
        return false;
    }
    let is_one_part = matches!(
        parts,
        "half" | "third" | "quarter" | "fifth" | "sixth" | "eighth" | "tenth"
    );
    let before = at.checked_sub(1).map_or("", text);
    let is_time = parts == "quarters"
        && (matches!(first, "two" | "2")
            || matches!(
                next,
                "ago" | "ahead" | "away" | "back" | "from" | "in" | "into" | "later" | "running"
            )
            || matches!(
                before,
                "after" | "coming" | "first" | "last" | "next" | "past" | "previous" | "within"
            ));
    is_one_part || is_time
}

/// The share that a number is of the one some tokens behind it.
fn share_of(
    tokens: &[Token<'_>],
    at: usize,
    first: f64,
    n_between: usize,
    tongue: Tongue,
) -> Option<Number> {
    let whole = number(tokens, at + 1 + n_between, tongue)?;
    const WHOLES: [f64; 10] = [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 20.0, 100.0];
    let counts_time = tokens
        .get(at + 1 + n_between + whole.n_tokens)
        .is_some_and(|next| is_time(next.text));
    let is_share = WHOLES.contains(&whole.value) && first < whole.value && !counts_time;
    is_share.then(|| hundredths(first / whole.value, 1 + n_between + whole.n_tokens))
}

fn is_time(word: &str) -> bool {
    const TIMES: [&str; 8] = [
        "minute", "hour", "day", "week", "month", "year", "second", "quarter",
    ];
    TIMES.contains(&word.strip_suffix('s').unwrap_or(word))
}

fn hundredths(share: f64, n_tokens: usize) -> Number {
    Number {
        value: share * 100.0,
        form: Form::Words,
        n_tokens,
    }
}

/// How many parts there are of which a word names one or some: `thirds`, `quarter`, `Drittel`.
pub(super) fn nth(word: &str) -> Option<f64> {
    Some(match word {
        "half" | "halves" => 2.0,
        "third" | "thirds" | "drittel" | "tiers" | "tercio" | "tercios" => 3.0,
        "quarter" | "quarters" | "viertel" => 4.0,
        "fifth" | "fifths" | "fünftel" => 5.0,
        "sixth" | "sixths" => 6.0,
        "eighth" | "eighths" => 8.0,
        "tenth" | "tenths" | "zehntel" => 10.0,
        _ => return None,
    })
}
