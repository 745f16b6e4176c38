//! Capitals and small letters in a name. Words that hold both are left as their bearer wrote them.

/// Words inside a name that stay small: of nobility, of origin, articles. Never the last word.
const PARTICLES: &[&str] = &[
    "af", "al", "av", "bin", "binte", "da", "das", "de", "degli", "del", "dela", "della", "den",
    "der", "di", "do", "dos", "du", "e", "el", "ibn", "im", "la", "las", "le", "los", "op", "ten",
    "ter", "und", "v.d.", "van", "vd", "vom", "von", "y", "zu", "zum", "zur", "'t",
];

/// Names that go on with a capital after `Mac`; most that begin so (`Macias`, `Mack`) do not.
const MAC_NAMES: &[&str] = &[
    "macallister",
    "macarthur",
    "macaulay",
    "maccallum",
    "macdonald",
    "macdougall",
    "macfarlane",
    "macgregor",
    "macintosh",
    "macintyre",
    "mackenzie",
    "maclachlan",
    "maclean",
    "macleod",
    "macmillan",
    "macneil",
    "macneill",
    "macpherson",
    "macqueen",
    "macrae",
];

/// Whether the word is a particle, however it is cased.
pub(super) fn is_particle(word: &str) -> bool {
    PARTICLES.contains(&word.to_lowercase().as_str())
}

/// Cases the words that are all small or all capitals.
pub(super) fn mend(words: &mut [String]) {
    let has = |words: &[String], test: fn(char) -> bool| {
        words
            .iter()
            .any(|word| word.chars().count() > 1 && word.chars().any(test))
    };
    let is_uniform = !(has(words, char::is_uppercase) && has(words, char::is_lowercase));
    let last = words.len().saturating_sub(1);
    // `VAN DER BERG` in capitals behind a `Jan` that is not.
    let shouted: Vec<bool> = words.iter().map(|word| is_shouted(word)).collect();
    for (at, word) in words.iter_mut().enumerate() {
        let is_lower = !word.chars().any(char::is_uppercase);
        let is_upper = !word.chars().any(char::is_lowercase);
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        let is_inner_particle = is_particle(word) && at > 0 && at < last;
        let is_leading_particle = is_particle(word) && at == 0 && last > 0 && !is_uniform;
        let before_shouted = is_upper && shouted.get(at + 1) == Some(&true);
        let stays = (is_lower && is_leading_particle)
            || (is_upper
                && (letters < 2 || is_abbreviation(word, letters, is_uniform, at == last)))
            || !(is_lower || is_upper);
        if is_inner_particle && (is_uniform || is_lower || before_shouted) {
            *word = word.to_lowercase();
        } else if !stays {
            *word = cased(word);
        }
    }
}

/// Whether a word of two letters or more is all capitals.
fn is_shouted(word: &str) -> bool {
    word.chars().filter(|c| c.is_alphabetic()).count() > 1 && !word.chars().any(char::is_lowercase)
}

/// Whether capitals are meant: initials with dots or without (`J.R.`, `JR`, `JFK`). In a name that
/// is all capitals two letters may be a name (`NG`), in a mixed one they are not; the last word is
/// a family name even without a vowel (`VLK`).
fn is_abbreviation(word: &str, letters: usize, is_uniform: bool, is_last: bool) -> bool {
    let has_vowel = word.chars().any(|c| !c.is_ascii() || "AEIOUY".contains(c));
    let is_dotted = word.split('.').all(|piece| piece.chars().count() <= 1);
    let is_whole = word.contains('.') || (is_uniform && is_last) || word == "NG";
    is_dotted || (letters == 2 && !is_uniform) || (letters <= 3 && !has_vowel && !is_whole)
}

/// A word with capitals at its start and after hyphens, `O'`, `D'` and `Mc`.
fn cased(word: &str) -> String {
    let parts = word.split('-').map(|part| {
        let mut cased = String::with_capacity(part.len());
        let mut before: Option<usize> = None;
        for piece in part.split_inclusive(['\'', '’', '.']) {
            // After one letter the apostrophe joins two names (O'Hara), after more it is a sound
            // (Sa'id).
            let starts = before.is_none_or(|len| len == 1);
            cased.push_str(&if starts {
                capitalised(piece)
            } else {
                lowered(piece)
            });
            before = Some(piece.chars().filter(|c| c.is_alphabetic()).count());
        }
        cased
    });
    parts.collect::<Vec<_>>().join("-")
}

fn capitalised(word: &str) -> String {
    let lower = lowered(word);
    let mac = if MAC_NAMES.contains(&lower.as_str()) {
        "mac"
    } else {
        "mc"
    };
    match lower
        .strip_prefix(mac)
        .filter(|rest| rest.chars().count() > 2)
    {
        Some(rest) => format!(
            "M{}{}",
            mac.trim_start_matches('m'),
            first_raised(rest, rest)
        ),
        None => first_raised(word, &lower),
    }
}

/// `lower` with its first letter as a capital; an `İ` that was written as one stays one.
fn first_raised(written: &str, lower: &str) -> String {
    let mut rest = lower.chars();
    let first = rest.next();
    match written.chars().next() {
        Some('İ') => format!("İ{}", rest.as_str()),
        _ => first
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(rest)
            .collect(),
    }
}

/// Small letters; `İ` becomes one letter, not an `i` with a second dot.
fn lowered(word: &str) -> String {
    word.replace('İ', "i").to_lowercase()
}
