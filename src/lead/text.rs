//! Texts from a table made fit for a mail: one line or a few sentences, without markup and without
//! characters nobody sees.
//!
//! Every text of a [`super::Lead`] passed [`one_line`]; what it returns holds no control character,
//! no bidirectional control and no line break.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::debris;

/// Nothing we print is longer than a fraction of this; what follows is never looked at, so that a
/// cell of many megabytes costs no more than a page.
const READ_LEN_MAX: usize = 20_000;

/// The longest service kept, in characters; longer ones are sentences, not names of services.
const SERVICE_LEN_MAX: usize = 60;

/// How many services are kept.
const SERVICES_MAX: usize = 8;

/// Elements whose content is not text.
const HIDDEN_TAGS: [&str; 5] = ["script", "style", "head", "template", "title"];

/// Elements that stand within a word or a sentence; every other one begins a new line.
const INLINE_TAGS: [&str; 14] = [
    "a", "abbr", "b", "code", "em", "font", "i", "mark", "small", "span", "strong", "sub", "sup",
    "u",
];

/// A long text after cleaning.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Passage {
    /// The text on one line, `""` when nothing was worth keeping.
    pub text: String,
    /// What was done to it beyond folding white space: the end of a sentence that begins with the
    /// name of the field (`was dropped: it is an error page`).
    pub repair: Option<String>,
}

/// Whether a character has no picture of its own: format and bidirectional controls, fillers,
/// variation selectors, tags, private use and non-characters (Unicode general category Cf and
/// Default_Ignorable_Code_Point, the ranges that occur in practice).
pub(super) fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
        | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
        | 0xFFFE | 0xFFFF | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..)
}

/// Whether a character forces the reading direction (U+202D, U+202E): what a person sees in the
/// table is then not what is stored.
pub(super) fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}')
}

/// Whether a character is a pictograph: emoji, dingbat, arrow, geometric or technical symbol.
pub(super) fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c),
        0x20E3 | 0x2190..=0x21FF | 0x2300..=0x23FF | 0x2460..=0x24FF | 0x2500..=0x27BF
        | 0x2B00..=0x2BFF | 0x3030 | 0x1F000..=0x1FAFF)
}

/// The text on one line: NFC, every run of white space one space, nothing invisible, no control
/// character, no pile of accents on one letter.
pub fn one_line(text: &str) -> String {
    let visible = visible(within(text, READ_LEN_MAX));
    let mut line = String::with_capacity(visible.len());
    for word in visible.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// [`one_line`] for names: also without pictographs, and with typographic variants of letters
/// (full-width, ligatures, the bold letters of social networks) as plain ones (NFKC).
pub(super) fn plain_line(text: &str) -> String {
    let text = within(text, READ_LEN_MAX);
    if text.is_ascii() {
        return one_line(text);
    }
    let undrawn = |c: char| {
        if is_pictograph(c) || matches!(c, '™' | '®' | '©') {
            ' '
        } else {
            c
        }
    };
    // Before, as NFKC spells `™` out; after, as it turns some forms into pictographs.
    let plain: String = text.chars().map(undrawn).nfkc().map(undrawn).collect();
    one_line(&plain)
}

/// A value as an error or a reject shows it: on one line, cut at 80 characters.
pub(super) fn shown(text: &str) -> String {
    let line = one_line(text).replace('`', "'");
    match line.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// A text of some sentences: markup removed and entities decoded, dropped when it is a formula, an
/// error page or the like, cut at the last sentence that ends within `len_max` characters.
pub(super) fn passage(text: &str, len_max: usize) -> Passage {
    let text = within(text, READ_LEN_MAX);
    if text.trim().is_empty() {
        return Passage::default();
    }
    let bare = without_markup(text);
    let line = one_line(&bare);
    if let Some(what) = dropped_because(&line) {
        let repair = Some(format!("was dropped: it is {what}"));
        return Passage {
            text: String::new(),
            repair,
        };
    }
    let folded: Vec<&str> = text.split_whitespace().collect();
    let is_same = line.split(' ').eq(folded);
    let cleaned = (!is_same).then(|| "cleaned of markup or unprintable characters".to_string());
    let (text, cut) = match cut_at_sentence(&line, len_max) {
        Some(cut) => (cut, Some(format!("cut to {len_max} characters"))),
        None => (line, None),
    };
    let done: Vec<String> = cleaned.into_iter().chain(cut).collect();
    let repair = (!done.is_empty()).then(|| format!("was {}", done.join(" and ")));
    Passage { text, repair }
}

/// The services a text lists: split at line breaks, semicolons, bullets and commas, each one line
/// of at most 60 characters, without repetitions, at most eight; and how many were left out because
/// they are too long, code, debris, or beyond the eighth.
pub(super) fn services(text: &str) -> (Vec<String>, usize) {
    // Composed first: the Greek semicolon and dot become the marks we split at.
    let bare: String = without_markup(text).nfc().collect();
    let mut services: Vec<String> = Vec::new();
    let mut n_left_out = 0;
    if debris::in_text(&one_line(&bare)).is_some() {
        return (services, 1);
    }
    let is_break = |c: char| {
        let bullet = matches!(c, '•' | '·' | '●' | '▪' | '■' | '◦' | '‣' | '–' | '|');
        matches!(c, '\n' | '\r' | ';' | ',' | '、' | '，') || bullet || is_pictograph(c)
    };
    for part in bare.split(is_break) {
        let line = one_line(part);
        let service = line.trim_start_matches(['*', '-', ' ']);
        let service = without_number(service).trim_end_matches(['.', ':', ' ']);
        let fits = service.chars().count() <= SERVICE_LEN_MAX
            && service.chars().any(char::is_alphabetic)
            && !service.contains(['{', '}', '[', ']', '<', '>', '"', '=', '\\'])
            && !debris::is_formula(service)
            && !debris::is_placeholder(service);
        let lower = service.to_lowercase();
        if service.is_empty() || services.iter().any(|other| other.to_lowercase() == lower) {
            continue;
        }
        if fits && services.len() < SERVICES_MAX {
            services.push(service.to_string());
        } else {
            n_left_out += 1;
        }
    }
    (services, n_left_out)
}

/// A short text of a person's choosing (job title, tone, city): one line without pictographs, `""`
/// when it is a placeholder, a formula, markup, or longer than `len_max` characters.
pub(super) fn label(text: &str, len_max: usize) -> String {
    let line = plain_line(&without_markup(text));
    let unusable = debris::is_formula(&line)
        || debris::is_placeholder(&line)
        || debris::in_text(&line).is_some()
        || line.contains(['<', '>', '{', '}'])
        || line.chars().count() > len_max;
    if unusable { String::new() } else { line }
}

/// Whether one word holds letters of two scripts whose letters look alike (Latin, Greek, Cyrillic,
/// Armenian, Cherokee); Japanese beside Latin is an honest mixture.
pub(super) fn mixes_scripts(word: &str) -> bool {
    let mut scripts = word.chars().filter_map(look_alike_script);
    scripts
        .next()
        .is_some_and(|first| scripts.any(|other| other != first))
}

/// Whether a word consists of Cyrillic letters that all have a Latin twin.
pub(super) fn could_be_read_as_latin(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some() && letters.all(|c| "асеорхуіјѕһԁԛԝӏ".contains(c))
}

fn look_alike_script(c: char) -> Option<u8> {
    match u32::from(c) {
        0x41..=0x5A | 0x61..=0x7A | 0xC0..=0xD6 | 0xD8..=0xF6 | 0xF8..=0x24F => Some(0),
        0x1E00..=0x1EFF | 0xFF21..=0xFF3A | 0xFF41..=0xFF5A => Some(0),
        0x370..=0x3FF | 0x1F00..=0x1FFF => Some(1),
        0x400..=0x52F => Some(2),
        0x531..=0x587 => Some(3),
        0x13A0..=0x13FF | 0xAB70..=0xABBF => Some(4),
        _ => None,
    }
}

/// The beginning of a text, at most so many bytes, cut between two characters.
pub(super) fn within(text: &str, len_max: usize) -> &str {
    text.get(..text.floor_char_boundary(len_max))
        .unwrap_or_default()
}

/// Removes what cannot be seen and composes the rest (NFC). White space is left as it is.
fn visible(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|b| b.is_ascii() && (b == b'\n' || b == b'\t' || !b.is_ascii_control()))
    {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}')
            && uses_joiners(before)
            && chars.peek().is_some_and(|next| uses_joiners(*next));
        let hidden = (is_invisible(c) && !joins) || (c.is_control() && !c.is_whitespace());
        if !hidden {
            kept.push(c);
            before = c;
        }
    }
    if !is_nfc(&kept) {
        kept = kept.nfc().collect();
    }
    Cow::Owned(without_piles(&kept))
}

/// Whether a letter belongs to a script that is misspelt without its joiners: Arabic and those of
/// India (Unicode chapter 23.2).
fn uses_joiners(c: char) -> bool {
    matches!(u32::from(c), 0x600..=0x6FF | 0x750..=0x77F | 0x900..=0xDFF)
}

/// Drops the free diacritics of a letter that carries more than two of them: no language does, only
/// decoration that overprints the neighbouring lines.
fn without_piles(text: &str) -> String {
    let is_free =
        |c: char| matches!(u32::from(c), 0x300..=0x36F | 0x1AB0..=0x1AFF | 0x20D0..=0x20FF);
    let mut kept = String::with_capacity(text.len());
    let mut pile = String::new();
    for c in text.chars().chain(std::iter::once(' ')) {
        if is_free(c) {
            pile.push(c);
            continue;
        }
        if pile.chars().count() <= 2 {
            kept.push_str(&pile);
        }
        pile.clear();
        kept.push(c);
    }
    kept.pop();
    kept
}

/// The text without tags and with entities decoded. Three rounds, because scraped text is often
/// escaped twice; brackets that survive are no tags we should show.
pub(super) fn without_markup(text: &str) -> Cow<'_, str> {
    let mut bare = Cow::Borrowed(within(text, READ_LEN_MAX));
    for _ in 0..3 {
        if !has_markup(&bare) {
            return bare;
        }
        bare = Cow::Owned(decoded(&bare));
    }
    if has_markup(&bare) {
        Cow::Owned(bare.replace(['<', '>'], " "))
    } else {
        bare
    }
}

/// One round of decoding: tags out, with a line break for each block, then entities in.
fn decoded(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut hidden: Option<&str> = None;
    for (at, piece) in text.split('<').enumerate() {
        let Some((tag, rest)) = piece.split_once('>').filter(|_| at > 0 && is_tag(piece)) else {
            if hidden.is_none() {
                bare.push_str(if at > 0 { "<" } else { "" });
                bare.push_str(piece);
            }
            continue;
        };
        let is_end = tag.starts_with('/');
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next();
        let name = name.unwrap_or_default().to_ascii_lowercase();
        hidden = match hidden {
            Some(open) if !(is_end && open == name) => Some(open),
            Some(_) => None,
            None if is_end => None,
            None => HIDDEN_TAGS.into_iter().find(|tag| *tag == name),
        };
        if hidden.is_none() {
            bare.push_str(if INLINE_TAGS.contains(&name.as_str()) {
                ""
            } else {
                "\n"
            });
            bare.push_str(rest);
        }
    }
    with_entities(&bare)
}

/// The text with every `&name;` and `&#number;` as the character it stands for.
fn with_entities(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (at, piece) in text.split('&').enumerate() {
        match entity_len(piece).filter(|_| at > 0) {
            Some(len) => {
                let (name, rest) = piece.split_at_checked(len).unwrap_or((piece, ""));
                let token = format!("&{name}");
                mail_parser::decoders::html::add_html_token(&mut plain, token.as_bytes(), false);
                plain.push_str(rest);
            }
            None => {
                plain.push_str(if at > 0 { "&" } else { "" });
                plain.push_str(piece);
            }
        }
    }
    plain
}

/// Whether a text holds a tag or an entity; `a < b` and `R&D` hold neither.
fn has_markup(text: &str) -> bool {
    text.split('<')
        .skip(1)
        .any(|rest| rest.contains('>') && is_tag(rest))
        || text
            .split('&')
            .skip(1)
            .any(|rest| entity_len(rest).is_some())
}

/// Whether what follows a `<` is the inside of a tag or of a comment.
fn is_tag(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
}

/// The length of the entity's name that follows a `&`, with its semicolon.
fn entity_len(rest: &str) -> Option<usize> {
    let (name, _) = rest.split_once(';')?;
    let is_name = (2..=8).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#');
    is_name.then_some(name.len() + 1)
}

fn dropped_because(line: &str) -> Option<&'static str> {
    if debris::is_formula(line) {
        return Some("a formula");
    }
    if let Some(what) = debris::in_text(line) {
        return Some(what);
    }
    if debris::is_placeholder(line) {
        return Some("a placeholder");
    }
    None
}

/// The text up to its last sentence that ends within `len_max` characters, or, when that would lose
/// more than two thirds, up to the last whole word with an ellipsis. None when all of it fits.
fn cut_at_sentence(text: &str, len_max: usize) -> Option<String> {
    text.char_indices().nth(len_max)?;
    let (limit, _) = text.char_indices().nth(len_max.saturating_sub(1))?;
    let head = text.get(..limit).unwrap_or_default();
    let end = head
        .char_indices()
        .rfind(|(at, c)| ends_sentence(text, *at, *c));
    if let Some((at, c)) = end
        && at >= limit / 3
    {
        return text.get(..at + c.len_utf8()).map(str::to_string);
    }
    let whole = head.rsplit_once(' ').map_or(head, |(whole, _)| whole);
    Some(format!(
        "{}…",
        whole.trim_end_matches([',', ';', ':', '-', ' '])
    ))
}

/// Whether the mark at this byte closes a sentence: white space and no small letter follows, and
/// what stands before is neither an initial nor a common abbreviation.
fn ends_sentence(text: &str, at: usize, mark: char) -> bool {
    if matches!(mark, '。' | '！' | '？') {
        return true;
    }
    if !matches!(mark, '.' | '!' | '?') {
        return false;
    }
    let after = text.get(at + 1..).unwrap_or_default();
    if !after.starts_with(' ') || after.trim_start().starts_with(char::is_lowercase) {
        return false;
    }
    let before = text
        .get(..at)
        .unwrap_or_default()
        .rsplit(' ')
        .next()
        .unwrap_or_default();
    let before = before.trim_start_matches('(').to_lowercase();
    let short = [
        "inc", "ltd", "co", "corp", "st", "dr", "mr", "mrs", "ms", "vs", "e.g", "i.e", "no",
    ];
    mark != '.' || (before.chars().count() > 1 && !short.contains(&before.as_str()))
}

/// The item without the number of a list: `Audits` of `1. Audits` or `2) Audits`.
fn without_number(item: &str) -> &str {
    let rest = item.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() == item.len() {
        return item;
    }
    rest.strip_prefix(". ")
        .or_else(|| rest.strip_prefix(") "))
        .unwrap_or(item)
        .trim_start()
}

#[cfg(test)]
mod tests;
