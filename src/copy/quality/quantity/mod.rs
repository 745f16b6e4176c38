//! Quantities: what a text counts, as values that can be compared.
//!
//! Purpose: read `1,200`, `twelve hundred` and `more than a thousand two hundred` as what they
//! mean: a value, its kind, how exactly it is meant and what it counts.
//! Invariant: nothing here depends on how a number is written, but for [`Form`], which tells a
//! figure from a word people use without claiming anything.
//! This module does not know which quantities are true; see [`super::truth`].

mod cover;
mod lexicon;
mod token;
mod worded;

pub(super) use self::cover::is_covered;
pub(super) use self::lexicon::Tongue;
pub(super) use self::worded::Form;

use self::token::{Token, tokens};
use self::worded::{Number, nth, number, share};

/// What kind of value a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// How many.
    Count,
    /// Hundredths of a whole: `14 %`, `a third`, `one in five`, `halved`.
    Percent,
    /// A factor: `twice as fast`, `10x`.
    Times,
}

/// How exactly a number is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// As it stands.
    Exact,
    /// More than that.
    Over,
    /// Not quite that.
    Under,
    /// About that.
    About,
    /// `dozens of`, `hundreds of`: the value and anything up to ten times of it.
    Several,
}

/// A number of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantity<'a> {
    pub value: f64,
    pub kind: Kind,
    pub bound: Bound,
    pub form: Form,
    /// The words behind it: `boutique` and `hotels` of `five boutique hotels`.
    pub nouns: [&'a str; 2],
    /// Where it stands, in bytes, its unit included.
    pub start: usize,
    pub end: usize,
}

/// The quantities of a folded text, in order.
pub(super) fn quantities(folded: &str, tongue: Tongue) -> Vec<Quantity<'_>> {
    let tokens = tokens(folded);
    let mut all: Vec<Quantity<'_>> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some((quantity, n_tokens)) = quantity(&tokens, at, tongue) else {
            at += 1;
            continue;
        };
        // A unit behind a range is that of both ends: `25-40%`, `11 to 6 per cent`.
        let between = all.last().map(|last| (last.end, quantity.start));
        let between = between.and_then(|(from, to)| folded.get(from..to));
        let joins = between.is_some_and(|text| RANGES.contains(&text.trim()));
        if let Some(last) = all
            .last_mut()
            .filter(|last| joins && last.kind == Kind::Count)
        {
            last.kind = quantity.kind;
            last.nouns = quantity.nouns;
        }
        all.push(quantity);
        at += n_tokens;
    }
    all
}

/// The value of an English word that is a number by itself, up to ninety.
pub(super) fn value_of(word: &str) -> Option<usize> {
    match lexicon::part(word, Tongue::English)? {
        lexicon::Part::Unit(value) | lexicon::Part::Ten(value) => Some(value as usize),
        _ => None,
    }
}

/// What joins the two ends of a range.
const RANGES: [&str; 11] = [
    "-", "to", "and", "or", "bis", "à", "a", "et", "y", "und", "→",
];

/// The quantity that begins at a token, and how many tokens it takes.
fn quantity<'a>(tokens: &[Token<'a>], at: usize, tongue: Tongue) -> Option<(Quantity<'a>, usize)> {
    let first = tokens.get(at)?;
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    if first.kind == token::Kind::Mark || is_label(first, before) {
        return None;
    }
    let crowd = several(tokens, at);
    let (found, kind) = if let Some(found) = crowd {
        (found, Kind::Count)
    } else if let Some(found) = share(tokens, at, tongue).or_else(|| a_share(tokens, at)) {
        (found, Kind::Percent)
    } else if let Some(found) = change(tokens, at) {
        found
    } else {
        let found = number(tokens, at, tongue)?;
        let (kind, n_unit) = unit(tokens, at + found.n_tokens);
        let n_tokens = found.n_tokens + n_unit;
        (Number { n_tokens, ..found }, kind)
    };
    let last = tokens.get(at + found.n_tokens - 1)?;
    let mut quantity = Quantity {
        value: found.value,
        kind,
        bound: bound(tokens, at, at + found.n_tokens),
        form: found.form,
        nouns: nouns(tokens, at + found.n_tokens),
        start: first.start,
        end: last.end,
    };
    if crowd.is_some() {
        quantity.bound = Bound::Several;
    }
    in_years(&mut quantity);
    Some((quantity, found.n_tokens))
}

/// Whether a number is the name of something: `#3`, the `2` of `co_2`.
fn is_label(token: &Token<'_>, before: Option<&Token<'_>>) -> bool {
    let mark = before.filter(|_| token.glued).map_or("", |mark| mark.text);
    matches!(mark, "#" | "_")
}

/// `dozens of`, `hundreds of`, in the languages we meet.
fn several(tokens: &[Token<'_>], at: usize) -> Option<Number> {
    let value = match tokens.get(at)?.text {
        "dozens" | "dutzende" | "douzaines" | "docenas" => 24.0,
        "scores" | "dizaines" | "decenas" => 20.0,
        "hundreds" | "hunderte" | "hunderten" | "centaines" | "cientos" | "centenares" => 100.0,
        "thousands" | "tausende" | "tausenden" | "milliers" | "miles" => 1e3,
        "millions" => 1e6,
        _ => return None,
    };
    let next = tokens.get(at + 1)?.text;
    matches!(next, "of" | "von" | "de").then_some(Number {
        value,
        form: Form::Round,
        n_tokens: 1,
    })
}

/// A share that an article introduces, where something makes a claim of it: `a third more`, `a
/// quarter of the returns`, `by half`, `cut in half`. `A third option` and `a quarter of an hour`
/// are none.
fn a_share(tokens: &[Token<'_>], at: usize) -> Option<Number> {
    let text = |place: Option<usize>| {
        let token = place.and_then(|place| tokens.get(place));
        token.map_or("", |token| token.text)
    };
    let parts = nth(text(Some(at)))?;
    let before = text(at.checked_sub(1));
    let (next, second) = (text(Some(at + 1)), text(Some(at + 2)));
    let article = matches!(before, "a" | "one" | "an" | "ein" | "un" | "by");
    let comparing = [
        "more",
        "fewer",
        "less",
        "faster",
        "quicker",
        "higher",
        "lower",
        "shorter",
        "longer",
        "cheaper",
        "mehr",
        "weniger",
        "schneller",
    ];
    let of_all = next == "of" && !matches!(second, "an" | "a" | "it" | "us" | "one");
    let is_claim = if parts == 2.0 {
        let by = before == "by" || (before == "in" && is_cut(tokens, at));
        (by && next != "past" && next != "-") || (comparing.contains(&next) && next != "longer")
    } else {
        // A date slips by a quarter; an error rate falls by one.
        let ends = before == "a"
            && text(at.checked_sub(2)) == "by"
            && (parts != 4.0 || is_changed(tokens, at));
        article && (ends || of_all || comparing.contains(&next) || matches!(next, "der" | "des"))
    };
    is_claim.then_some(Number {
        value: 100.0 / parts,
        form: Form::Words,
        n_tokens: 1,
    })
}

/// Whether something rose or fell shortly before: `orders grew by a quarter`.
fn is_changed(tokens: &[Token<'_>], at: usize) -> bool {
    const CHANGES: [&str; 14] = [
        "cut",
        "cuts",
        "fall",
        "falls",
        "fell",
        "fallen",
        "drop",
        "dropped",
        "reduced",
        "rise",
        "rose",
        "grow",
        "grew",
        "increased",
    ];
    let near = tokens.get(at.saturating_sub(6)..at).unwrap_or_default();
    near.iter().any(|token| CHANGES.contains(&token.text))
}

/// Whether something was cut shortly before: `cut its delays in half`.
fn is_cut(tokens: &[Token<'_>], at: usize) -> bool {
    let from = at.saturating_sub(6);
    let near = tokens.get(from..at).unwrap_or_default();
    near.iter()
        .any(|token| matches!(token.text, "cut" | "cuts" | "cutting" | "reduced"))
}

/// What was done to something: `halved its no-shows`, `twice as fast`, `three times more`.
fn change(tokens: &[Token<'_>], at: usize) -> Option<(Number, Kind)> {
    let text = |ahead: usize| tokens.get(at + ahead).map_or("", |token| token.text);
    let owned = matches!(
        text(1),
        "its"
            | "their"
            | "his"
            | "her"
            | "our"
            | "the"
            | "revenue"
            | "sales"
            | "growth"
            | "output"
            | "conversions"
            | "conversion"
            | "bookings"
            | "profits"
            | "profit"
    );
    let of_words = |value: f64, n_tokens: usize| Number {
        value,
        form: Form::Words,
        n_tokens,
    };
    let factor = match text(0) {
        "halved" if owned || text(1) == "first" => return Some((of_words(50.0, 1), Kind::Percent)),
        "halbiert" | "halbierten" => return Some((of_words(50.0, 1), Kind::Percent)),
        "doubled" if owned => 2.0,
        "tripled" if owned => 3.0,
        "quadrupled" if owned => 4.0,
        "verdoppelt" | "verdoppelten" => 2.0,
        "twice" | "doppelt" if matches!(text(1), "as" | "so") => {
            let measure = [
                "fast",
                "many",
                "much",
                "quickly",
                "often",
                "likely",
                "high",
                "large",
                "long",
                "productive",
                "efficient",
                "profitable",
                "schnell",
                "viele",
                "viel",
            ];
            return measure
                .contains(&text(2))
                .then(|| (of_words(2.0, 3), Kind::Times));
        }
        _ => return None,
    };
    Some((of_words(factor, 1), Kind::Times))
}

/// The unit at a token, and how many tokens it takes.
fn unit(tokens: &[Token<'_>], at: usize) -> (Kind, usize) {
    let token = |ahead: usize| tokens.get(at + ahead);
    let text = |ahead: usize| token(ahead).map_or("", |token| token.text);
    let hyphen = usize::from(text(0) == "-");
    match (text(hyphen), text(hyphen + 1)) {
        ("%" | "percent" | "prozent" | "procent", _) => (Kind::Percent, hyphen + 1),
        ("per", "cent") | ("pour", "cent") | ("por", "ciento" | "cien") | ("per", "cento") => {
            (Kind::Percent, hyphen + 2)
        }
        ("fold", _) => (Kind::Times, hyphen + 1),
        ("x", next) if token(0).is_some_and(|x| x.glued) && next != "-" => (Kind::Times, 1),
        ("times", "as" | "more" | "faster" | "higher" | "better" | "the" | "quicker") => {
            (Kind::Times, 1)
        }
        ("fois" | "veces", "plus" | "más") => (Kind::Times, 2),
        _ => (Kind::Count, 0),
    }
}

/// How exactly a number is meant, by the words around it.
fn bound(tokens: &[Token<'_>], start: usize, end: usize) -> Bound {
    let back = |n: usize| {
        let token = start.checked_sub(n).and_then(|at| tokens.get(at));
        token.map_or("", |token| token.text)
    };
    let after = |n: usize| tokens.get(end + n).map_or("", |token| token.text);
    // An article or a sign of money stands between: `more than a dozen`, `over £6`.
    let skip = usize::from(
        matches!(
            back(1),
            "a" | "an" | "one" | "$" | "€" | "£" | "ein" | "eine" | "un" | "une" | "the" | "some"
        ) && back(1) != "some",
    );
    let words = (back(skip + 2), back(skip + 1));
    match words {
        ("more" | "greater" | "mehr" | "meer", "than" | "als" | "dan")
        | ("plus" | "más", "de" | "que")
        | ("upwards" | "north" | "excess", "of")
        | ("at", "least")
        | ("a", "good")
        | (_, "over" | "above" | "über" | "beyond" | "exceeding" | "mindestens" | "gut") => {
            Bound::Over
        }
        ("fewer" | "less" | "weniger", "than" | "als")
        | ("up", "to")
        | ("bis", "zu")
        | ("jusqu'à", _)
        | ("moins" | "menos", "de")
        | (
            _,
            "nearly" | "almost" | "under" | "below" | "barely" | "fast" | "knapp" | "presque"
            | "casi" | "within",
        ) => Bound::Under,
        ("close" | "near", "to")
        | ("près" | "cerca", "de")
        | (
            _,
            "about" | "around" | "roughly" | "approximately" | "some" | "circa" | "ca" | "rund"
            | "etwa" | "environ" | "unos" | "unas" | "ungefähr" | "quelque",
        ) => Bound::About,
        _ if back(1) == "some" => Bound::About,
        _ if after(0) == "+" => Bound::Over,
        _ if (after(0), after(1)) == ("or", "so") || after(0) == "odd" => Bound::About,
        _ => Bound::Exact,
    }
}

/// The two words behind a place, a hyphen between them or not.
fn nouns<'a>(tokens: &[Token<'a>], at: usize) -> [&'a str; 2] {
    let rest = tokens.get(at..).unwrap_or_default();
    let mut words = rest
        .iter()
        .filter(|token| !matches!(token.text, "-" | "+" | "odd" | "of"))
        .map_while(|token| (token.kind == token::Kind::Word).then_some(token.text));
    [(); 2].map(|()| words.next().unwrap_or_default())
}

/// Decades and centuries as years.
fn in_years(quantity: &mut Quantity<'_>) {
    let years = match quantity.nouns[0] {
        "decade" | "decades" | "jahrzehnte" | "jahrzehnten" | "décennies" | "décadas" => 10.0,
        "century" | "centuries" | "jahrhunderte" => 100.0,
        _ => return,
    };
    quantity.value *= years;
    quantity.nouns[0] = "years";
    if quantity.bound == Bound::Exact {
        quantity.bound = Bound::About;
    }
}

#[cfg(test)]
mod tests;
