//! Personal names: cased, without titles, and the part of them that opens a letter.
//!
//! Names follow no grammar, so that this module refuses only what is surely no name and mends only
//! what is surely a slip. It does not guess genders and never invents a part of a name.

mod casing;

use anyhow::{bail, ensure};

use super::{company, debris, role, text};

/// Longer texts are no names; in characters and in words.
const NAME_LEN_MAX: usize = 80;
const WORDS_MAX: usize = 8;

/// Forms of address and titles before a name, without dots, lower case.
const TITLES: &[&str] = &[
    "dr",
    "dra",
    "drs",
    "dr-ing",
    "prof",
    "professor",
    "ing",
    "dipl-ing",
    "mr",
    "mrs",
    "ms",
    "mx",
    "miss",
    "mister",
    "sir",
    "dame",
    "rev",
    "reverend",
    "herr",
    "frau",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "señor",
    "señora",
    "sra",
    "srta",
    "dott",
    "dottssa",
    "sig",
    "signor",
    "signora",
    "rabbi",
    "sheikh",
];

/// Titles only when written with a dot: without it each may be a name or a part of one.
const DOTTED_TITLES: &[&str] = &[
    "adv", "capt", "col", "eng", "fr", "gen", "hon", "hr", "lt", "mag", "maj", "sgt", "sr",
];

/// What follows a German doctor's title, always with a dot.
const FACULTIES: &[&str] = &[
    "dent", "habil", "hc", "h", "c", "iur", "jur", "med", "mult", "nat", "oec", "phil", "pol",
    "rer", "vet",
];

/// Degrees, licences and honours after a name, without dots, lower case.
const HONOURS: &[&str] = &[
    "acca", "beng", "bsc", "cbe", "cfa", "cfp", "cissp", "cma", "cpa", "dds", "dmd", "dphil",
    "dvm", "edd", "emba", "esq", "esquire", "fca", "jd", "llb", "llm", "mba", "mbe", "md", "meng",
    "mpa", "mph", "msc", "obe", "pe", "phd", "phr", "pmp", "psyd", "rn", "shrm-cp", "shrm-scp",
    "sphr",
];

/// Words of an office that stand after a comma (`Ada Vey, CEO`), lower case.
const OFFICES: &[&str] = &[
    "ceo",
    "cfo",
    "chief",
    "cmo",
    "coo",
    "cto",
    "director",
    "founder",
    "co-founder",
    "cofounder",
    "head",
    "manager",
    "owner",
    "partner",
    "president",
    "vp",
    "vice",
];

/// Given names cut short, as they are written in Bengal and Malaysia: no more of a greeting than an
/// initial.
const SHORTENED: [&str; 4] = ["md", "mohd", "muhd", "mst"];

/// First words that are only half of a given name: `Abdul Rahman`.
const COMPOUND_STARTS: &[&str] = &["abd", "abdel", "abdul", "abu", "st", "عبد", "أبو", "ابو"];

/// A name that passed the check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PersonName {
    /// The whole name without titles and degrees; `III` and `Jr.` stay, they tell two persons
    /// apart.
    pub full: String,
    /// The name for the greeting: the first word that is a given name in full. Never a title and
    /// never an initial: of `J. Robert Vey` it is `Robert`, and where only an initial is known
    /// (`J. Vey`) it is the whole name, as it is for Chinese, Japanese and Korean names, whose
    /// order cannot be told and whose parts are no greeting on their own. One word alone is taken
    /// as it is, even if a title shows that it may be a family name.
    pub first: String,
}

/// Parses a name; the error says what the text is instead.
pub(super) fn parse(raw: &str) -> anyhow::Result<PersonName> {
    let line = readable(raw)?;
    let line = without_asides(before_office(&line));
    ensure!(!debris::is_placeholder(&line), "it is a placeholder");
    ensure!(
        line.chars().count() <= NAME_LEN_MAX,
        "expected at most {NAME_LEN_MAX} characters"
    );
    let words = without_titles(turned_round(&line)?);
    let (mut words, generation) = without_honours(words);
    ensure!(!words.is_empty(), "it is only a title");
    ensure!(
        words.len() <= WORDS_MAX,
        "expected at most {WORDS_MAX} words"
    );
    for word in &words {
        check_word(word)?;
    }
    let letters = words
        .iter()
        .flat_map(|word| word.chars())
        .filter(|c| c.is_alphabetic());
    ensure!(
        words.iter().any(|word| !is_initial(word)) && (letters.count() > 1 || is_east_asian(&line)),
        "it is only an initial"
    );
    casing::mend(&mut words);
    let first = greeting(&words);
    words.extend(generation);
    let full = words.join(" ");
    let no_greeting = first.is_empty();
    Ok(PersonName {
        first: if no_greeting { full.clone() } else { first },
        full,
    })
}

/// The text on one line in plain characters, after everything that is surely no name was refused.
fn readable(raw: &str) -> anyhow::Result<String> {
    ensure!(!raw.contains(['<', '>']), "it is markup");
    let decoded = text::without_markup(raw);
    let is_manipulated = decoded.chars().any(text::is_direction_override);
    ensure!(!is_manipulated, "its reading direction is manipulated");
    // NFKC would turn the free-standing accents people type for an apostrophe into combining ones.
    let line = text::plain_line(&decoded.replace(['´', '`'], "'"));
    let line = line.replace('_', " ").replace('‐', "-");
    ensure!(!debris::is_formula(&line), "it is a formula");
    if let Some(what) = debris::in_text(&line) {
        bail!("it is {what}");
    }
    ensure!(!debris::is_placeholder(&line), "it is a placeholder");
    ensure!(!line.contains('@'), "it is an e-mail address");
    ensure!(!is_web_address(&line), "it is a web address");
    ensure!(
        !company::has_legal_form(&line),
        "it is the name of a company"
    );
    ensure!(!is_office(&line), "it is a function, not a person");
    Ok(line)
}

/// Whether a text names only functions and offices: `Sales Team`, `Marketing Manager`.
fn is_office(line: &str) -> bool {
    let is_office = |word: &str| {
        OFFICES.contains(&word.to_lowercase().as_str()) || role::is_role(word) || word == "of"
    };
    role::is_role(&line.replace(' ', "-")) || line.split(' ').all(is_office)
}

fn is_web_address(line: &str) -> bool {
    let lower = line.to_lowercase();
    let ends = [
        ".com", ".net", ".org", ".io", ".co", ".de", ".uk", ".eu", ".example", ".test",
    ];
    lower.contains("://")
        || lower.starts_with("www.")
        || lower
            .split(' ')
            .any(|word| word.contains(".com/") || ends.iter().any(|e| word.ends_with(e)))
}

/// The text before a bar or a dash that stands alone: profiles append office and company there.
fn before_office(line: &str) -> &str {
    let marks = ["|", " - ", " – ", " — ", " • ", " · ", " // "];
    let end = marks
        .iter()
        .filter_map(|mark| line.find(mark))
        .filter(|at| *at > 0)
        .min();
    end.and_then(|at| line.get(..at)).unwrap_or(line).trim()
}

/// The name without nicknames in brackets or quotes, unless no more than one word would be left: in
/// `Vey “Quill”` the quotes are decoration.
fn without_asides(line: &str) -> String {
    let pairs = [
        ('(', ')'),
        ('[', ']'),
        ('"', '"'),
        ('“', '”'),
        ('„', '“'),
        ('«', '»'),
    ];
    let mut kept = line.to_string();
    for (open, close) in pairs {
        let Some((head, rest)) = kept.split_once(open) else {
            continue;
        };
        let Some((aside, tail)) = rest.split_once(close) else {
            continue;
        };
        let without = text::one_line(&format!("{head} {tail}"));
        let with = text::one_line(&format!("{head} {aside} {tail}"));
        kept = if without.contains(' ') || open == '(' {
            without
        } else {
            with
        };
    }
    kept.trim_matches([',', ' ']).to_string()
}

/// The words of the name in their spoken order: `Vey, Ada` is turned round; degrees and offices
/// after a comma are left out.
fn turned_round(line: &str) -> anyhow::Result<Vec<String>> {
    let mut parts: Vec<Vec<String>> = Vec::new();
    let mut after = Vec::new();
    for (at, part) in line.split(',').enumerate() {
        let words: Vec<String> = part.split_whitespace().flat_map(undotted).collect();
        let is_honour = |word: &String| HONOURS.contains(&bare(word).as_str());
        let is_office = |word: &String| OFFICES.contains(&word.to_lowercase().as_str());
        if words.is_empty() || (at > 0 && words.iter().any(is_office)) {
            continue;
        }
        if at > 0
            && words
                .iter()
                .all(|word| is_honour(word) || generation(word).is_some())
        {
            after.extend(words.into_iter().filter(|word| generation(word).is_some()));
        } else {
            parts.push(words);
        }
    }
    let mut parts = parts.into_iter();
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    ensure!(parts.next().is_none(), "expected one name, found a list");
    let words = second
        .unwrap_or_default()
        .into_iter()
        .chain(first)
        .chain(after);
    Ok(words.collect())
}

/// Splits what was written without a space (`Dr.Vey`, `ada.vey`, `J.Vey`); initials (`J.R.`) and
/// degrees (`Ph.D.`) stay together.
fn undotted(word: &str) -> Vec<String> {
    let pieces: Vec<&str> = word.split('.').filter(|piece| !piece.is_empty()).collect();
    let known = bare(word);
    let is_known = HONOURS.contains(&known.as_str()) || TITLES.contains(&known.as_str());
    if pieces.len() < 2 || is_known || pieces.iter().all(|piece| piece.chars().count() == 1) {
        return vec![word.to_string()];
    }
    let last = pieces.len() - 1;
    let mut words: Vec<String> = Vec::new();
    for (at, piece) in pieces.into_iter().enumerate() {
        let is_short = piece.chars().count() == 1
            || FACULTIES.contains(&piece.to_lowercase().as_str())
            || DOTTED_TITLES.contains(&piece.to_lowercase().as_str());
        let keeps_dot = is_short && (at < last || word.ends_with('.'));
        words.push(if keeps_dot {
            format!("{piece}.")
        } else {
            piece.to_string()
        });
    }
    words
}

/// The words after the titles in front.
fn without_titles(words: Vec<String>) -> Vec<String> {
    let mut had_title = false;
    let is_title = |word: &String| {
        let known = bare(word);
        let dotted = word.ends_with('.');
        let title = TITLES.contains(&known.as_str())
            || (dotted && DOTTED_TITLES.contains(&known.as_str()))
            || (had_title && dotted && FACULTIES.contains(&known.as_str()));
        had_title |= title;
        title
    };
    words.into_iter().skip_while(is_title).collect()
}

/// The words before the degrees, and the generation (`III`, `Jr.`) as it is written properly.
fn without_honours(mut words: Vec<String>) -> (Vec<String>, Option<String>) {
    let mut found = None;
    while words.len() > 1 {
        let Some(last) = words.last() else { break };
        let known = bare(last);
        // Two letters may be a name (`Md`, `Pe`) unless they are written like a degree.
        let marked = known.len() > 2 || !last.chars().any(char::is_lowercase) || last.contains('.');
        if let Some(generation) = generation(last) {
            found = Some(generation.to_string());
        } else if !(HONOURS.contains(&known.as_str()) && marked) {
            break;
        }
        words.pop();
    }
    (words, found)
}

fn generation(word: &str) -> Option<&'static str> {
    match bare(word).as_str() {
        "jr" | "junior" => Some("Jr."),
        "sr" => Some("Sr."),
        "ii" => Some("II"),
        "iii" => Some("III"),
        "iv" => Some("IV"),
        _ => None,
    }
}

/// Refuses a word with a character that no name has, or with look-alike letters.
fn check_word(word: &str) -> anyhow::Result<()> {
    for c in word.chars() {
        let is_mark = unicode_normalization::char::is_combining_mark(c);
        let joins = matches!(
            c,
            '-' | '\''
                | '’'
                | '‘'
                | 'ʼ'
                | 'ʻ'
                | 'ʾ'
                | 'ʿ'
                | '.'
                | '·'
                | '・'
                | '\u{200c}'
                | '\u{200d}'
        );
        ensure!(
            c.is_alphabetic() || is_mark || joins,
            "expected letters, found `{}`",
            text::shown(&c.to_string())
        );
    }
    let is_letter = |c: char| c.is_alphabetic() || matches!(c, '\'' | '’' | '‘' | 'ʻ' | 'ʿ' | 'ʾ');
    ensure!(
        word.starts_with(is_letter) && word.chars().any(char::is_alphabetic),
        "expected letters, found `{}`",
        text::shown(word)
    );
    ensure!(
        !text::mixes_scripts(word),
        "it mixes look-alike letters of two scripts"
    );
    Ok(())
}

/// The words that greet, or `""` when only the whole name does.
fn greeting(words: &[String]) -> String {
    let text = words.join(" ");
    let (Some(first), true) = (words.first(), words.len() > 1) else {
        return text;
    };
    let is_particle = casing::is_particle(first) && !first.chars().any(char::is_uppercase);
    if is_east_asian(&text) || is_particle {
        return text;
    }
    if COMPOUND_STARTS.contains(&bare(first).as_str()) && words.len() > 2 {
        return words
            .iter()
            .take(2)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ");
    }
    let given = words
        .iter()
        .take(words.len() - 1)
        .find(|word| !is_shortened(word));
    let given = given.filter(|word| !casing::is_particle(word) || *word == first);
    given.cloned().unwrap_or_default()
}

/// Whether a word is one letter or letters with dots (`J`, `J.`, `J.R.`).
fn is_initial(word: &str) -> bool {
    !is_east_asian(word) && word.split('.').all(|piece| piece.chars().count() <= 1)
}

/// Whether a word is not a whole given name: an initial, or cut short (`Wm.`, `Md`).
fn is_shortened(word: &str) -> bool {
    is_initial(word) || word.ends_with('.') || SHORTENED.contains(&bare(word).as_str())
}

/// Whether a text holds Han, kana or Hangul.
fn is_east_asian(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(u32::from(c), 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
            | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3134F)
    })
}

/// A word without dots, lower case, as the lists write it.
fn bare(word: &str) -> String {
    word.replace('.', "").to_lowercase()
}

#[cfg(test)]
mod tests;
