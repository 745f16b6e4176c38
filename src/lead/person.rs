//! Personal names: cased, without titles, and the part of them that opens a letter.
//!
//! Names follow no grammar, so that this module refuses only what is surely no name and mends only
//! what is surely a slip. It does not guess genders and never invents a part of a name.

mod around;
mod casing;
mod words;

use anyhow::{bail, ensure};

use super::{company, debris, role, text};
use words::{
    BORN, COMPOUND_STARTS, DOTTED_TITLES, FACULTIES, HONOURS, LEADING_DEGREES, NOBODY,
    OFFICE_DETAILS, OFFICES, PLAIN_FACULTIES, PLAIN_HONOURS, RANKS, SHORTENED, TITLES,
};

/// Longer texts are no names; in characters and in words.
const NAME_LEN_MAX: usize = 80;
const WORDS_MAX: usize = 8;

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

/// Parses a name; the error says what the text is instead. `company` is where the person works:
/// profiles append it to the name.
pub(super) fn parse(raw: &str, company: &str) -> anyhow::Result<PersonName> {
    let line = readable(raw)?;
    let line = around::taken_off(&line, company);
    refuse_what_is_no_name(&line)?;
    let words = around::without_nicknames(turned_round(&line)?);
    let words = without_titles(around::without_east_asian_title(words));
    let (mut words, generation) = without_honours(words);
    ensure!(!words.is_empty(), "it is only a title");
    ensure!(
        words.len() <= WORDS_MAX,
        "expected at most {WORDS_MAX} words"
    );
    for word in &words {
        check_word(word)?;
    }
    ensure!(!names_two(&words), "it names two persons");
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
    // Without its titles it may turn out to be a function: `Mr. Manager`.
    refuse_what_is_no_name(&full)?;
    let no_greeting = first.is_empty();
    Ok(PersonName {
        first: if no_greeting { full.clone() } else { first },
        full,
    })
}

/// The text on one line in plain characters, unless all of it is surely no name.
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
    Ok(line)
}

/// Refuses a line whose words together are something other than a name.
fn refuse_what_is_no_name(line: &str) -> anyhow::Result<()> {
    let is_nobody = NOBODY.contains(&line.to_lowercase().as_str());
    ensure!(
        !is_nobody && !debris::is_placeholder(line),
        "it is a placeholder"
    );
    ensure!(!line.contains('@'), "it is an e-mail address");
    ensure!(!is_web_address(line), "it is a web address");
    ensure!(
        !company::has_legal_form(line),
        "it is the name of a company"
    );
    ensure!(!is_office(line), "it is a function, not a person");
    ensure!(
        line.chars().count() <= NAME_LEN_MAX,
        "expected at most {NAME_LEN_MAX} characters"
    );
    Ok(())
}

/// Whether a text names only functions and offices: `Team Quill`, `Marketing Manager`.
fn is_office(line: &str) -> bool {
    let is_office = |word: &str| {
        let word = word.to_lowercase();
        [OFFICES, &OFFICE_DETAILS]
            .iter()
            .any(|list| list.contains(&word.as_str()))
            || role::is_role(&word)
    };
    let mut words = line.split(' ');
    role::is_role(&line.replace(' ', "-"))
        || words.clone().all(is_office)
        || words.any(|word| word.eq_ignore_ascii_case("team"))
}

/// Whether a small word inside joins two persons: `Ada and Tom Vey`. In `von und zu Vey` it joins
/// two particles.
fn names_two(words: &[String]) -> bool {
    words.windows(3).any(|three| match three {
        [before, word, _] => match word.to_lowercase().as_str() {
            "and" => true,
            "or" | "et" | "oder" => !word.chars().any(char::is_uppercase),
            "und" => !casing::is_particle(before),
            _ => false,
        },
        _ => false,
    })
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

/// The words of the name in their spoken order: `Vey, Ada` is turned round; degrees, offices and
/// the name at birth after a comma are left out.
fn turned_round(line: &str) -> anyhow::Result<Vec<String>> {
    let mut parts: Vec<Vec<String>> = Vec::new();
    let mut after = Vec::new();
    for (at, part) in line.split(',').enumerate() {
        let words: Vec<String> = part
            .split_whitespace()
            .map(around::without_decoration)
            .filter(|word| !around::is_pronouns(word) && !matches!(*word, "" | "."))
            .flat_map(undotted)
            .collect();
        if at == 0 && !words.is_empty() {
            parts.push(before_birth(words));
            continue;
        }
        let is_office = |word: &String| OFFICES.contains(&word.to_lowercase().as_str());
        let is_birth = words.first().is_some_and(|word| is_born(word));
        if words.is_empty() || is_birth || words.iter().any(is_office) {
            continue;
        }
        let is_behind = |word: &String| is_honour(word) || generation(word).is_some();
        let are_honours = part.split_whitespace().all(has_honours_shape)
            && parts.first().is_some_and(|name| is_whole_name(name));
        if are_honours || words.iter().all(is_behind) {
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

/// The words before `née` and the name somebody was born with.
fn before_birth(mut words: Vec<String>) -> Vec<String> {
    if let Some(at) = words
        .iter()
        .position(|word| is_born(word))
        .filter(|at| *at > 0)
    {
        words.truncate(at);
    }
    words
}

fn is_born(word: &str) -> bool {
    let is_small = !word.chars().any(char::is_uppercase);
    is_small && BORN.contains(&bare(word).as_str())
}

/// Whether words before a comma are given and family name already, so that what follows in capitals
/// is no given name: two words or more, not all in capitals, no particle (`van Vey, JAN`) in front.
fn is_whole_name(words: &[String]) -> bool {
    let begins_small = words.first().is_some_and(|word| casing::is_particle(word));
    let has_small = words
        .iter()
        .any(|word| word.chars().skip(1).any(char::is_lowercase));
    words.len() > 1 && has_small && !begins_small
}

/// Whether a word is written like a degree nobody listed: short, two capitals or more, and no fewer
/// capitals than small letters (`CSSBB`, `P.Eng`, `MRes`).
fn has_honours_shape(word: &str) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let smalls = word.chars().filter(|c| c.is_lowercase()).count();
    word.chars().count() <= 8 && capitals >= 2 && capitals >= smalls
}

/// Whether a word is a listed degree and written as one: short ones may also be names (`Ma`, `Pe`).
fn is_honour(word: &str) -> bool {
    let known = bare(word);
    let is_marked = known.chars().count() > 2 || is_marked(word);
    HONOURS.contains(&known.as_str()) && is_marked
}

/// Whether a word is in capitals, has a dot, or a capital after its first letter (`MSc`).
fn is_marked(word: &str) -> bool {
    !word.chars().any(char::is_lowercase)
        || word.contains('.')
        || word.chars().skip(1).any(char::is_uppercase)
}

/// Splits what was written without a space (`Dr.Vey`, `ada.vey`, `J.Vey`); initials (`J.R.`) and
/// degrees (`Ph.D.`) stay together.
fn undotted(word: &str) -> Vec<String> {
    let pieces = word.split('.').map(around::without_decoration);
    let pieces: Vec<&str> = pieces.filter(|piece| !piece.is_empty()).collect();
    let known = bare(word);
    let is_known = HONOURS.contains(&known.as_str()) || is_title(&known) || known == "vd";
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
fn without_titles(mut words: Vec<String>) -> Vec<String> {
    let is_shouted = words
        .iter()
        .all(|word| !word.chars().any(char::is_lowercase));
    let mut titles = 0;
    while let Some(word) = words.get(titles) {
        let known = bare(word);
        let dotted = word.ends_with('.');
        let is_faculty = (dotted && FACULTIES.contains(&known.as_str()))
            || PLAIN_FACULTIES.contains(&known.as_str());
        let is_rank = RANKS.contains(&known.as_str());
        let is_before_title = words
            .get(titles + 1)
            .is_some_and(|next| is_title(&bare(next)));
        let is_degree = LEADING_DEGREES.contains(&known.as_str())
            && is_marked(word)
            && !is_shouted
            && words.len() > titles + 2;
        let is_in_front = is_title(&known)
            || (dotted && DOTTED_TITLES.contains(&known.as_str()))
            || (titles > 0 && is_faculty)
            || (is_rank && is_before_title)
            || is_degree;
        if !is_in_front {
            break;
        }
        titles += 1;
    }
    words.split_off(titles)
}

/// Whether a word without dots is a title, every German diploma (`Dipl.-Kfm.`) included.
fn is_title(known: &str) -> bool {
    TITLES.contains(&known) || known == "dipl" || known.starts_with("dipl-")
}

/// The words before the degrees, and the generation (`III`, `Jr.`) as it is written properly.
fn without_honours(mut words: Vec<String>) -> (Vec<String>, Option<String>) {
    let is_shouted = words
        .iter()
        .all(|word| !word.chars().any(char::is_lowercase));
    let mut found = None;
    while words.len() > 1 {
        let Some(last) = words.last() else { break };
        let known = bare(last);
        let is_plain = PLAIN_HONOURS.contains(&known.as_str());
        // Where all is in capitals they prove nothing: `ADA EDD` and `WEI LI MA` are names.
        let is_marked = last.contains('.')
            || (!is_shouted && is_marked(last))
            || (is_shouted && known.chars().count() > 2 && words.len() > 2);
        if let Some(generation) = generation(last) {
            found = Some(generation.to_string());
        } else if !(is_plain || (HONOURS.contains(&known.as_str()) && is_marked)) {
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
        "ii" | "2nd" => Some("II"),
        "iii" | "3rd" => Some("III"),
        "iv" | "4th" => Some("IV"),
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
    let is_mark = unicode_normalization::char::is_combining_mark;
    let is_letter = |c: char| {
        (c.is_alphabetic() && !is_mark(c)) || matches!(c, '\'' | '’' | '‘' | 'ʻ' | 'ʿ' | 'ʾ')
    };
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
