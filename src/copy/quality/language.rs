//! Language and reading ease: the reader's language, in sentences one can read once.
//!
//! Purpose: a text in a language that the lead gives no reason for, two languages in one campaign,
//! and sentences too long or too heavy for a first correspondence.
//! Invariant: English is right for everybody; a short text is judged leniently, since so few words
//! tell little.
//! This module does not judge style.

use std::sync::LazyLock;

use super::reading::{Case, Reading};
use super::{Issue, Severity, issue};
use crate::copy::text::{WordMap, fold, words};

/// A language with its commonest words, and what names it in a lead's data (folded).
pub(super) struct Language {
    name: &'static str,
    words: &'static [&'static str],
    places: &'static [&'static str],
}

static LANGUAGES: [Language; 7] = [
    Language {
        name: "English",
        words: &[
            "the", "and", "to", "of", "is", "a", "in", "for", "you", "your", "that", "it", "on",
            "are", "with", "how", "we", "this", "what", "not", "at", "be", "or", "if", "would",
            "where", "from", "have", "has", "by", "an", "their", "they", "i", "which", "when",
        ],
        places: &["english", "en"],
    },
    Language {
        name: "German",
        words: &[
            "der", "das", "und", "ist", "nicht", "sie", "wir", "ein", "eine", "zu", "mit", "für",
            "von", "auf", "den", "dem", "im", "es", "wie", "oder", "ihnen", "ihre", "ich", "bei",
            "sind", "auch", "wenn", "einen", "werden", "dass", "sich", "aus",
        ],
        places: &[
            "german",
            "deutsch",
            "de",
            "germany",
            "deutschland",
            "at",
            "austria",
            "österreich",
            "ch",
            "switzerland",
            "schweiz",
            "liechtenstein",
            "li",
            "luxembourg",
            "lu",
        ],
    },
    Language {
        name: "French",
        words: &[
            "le", "la", "les", "des", "et", "est", "vous", "nous", "une", "un", "du", "pour",
            "dans", "que", "qui", "sur", "pas", "votre", "vos", "de", "à", "au", "en", "ce", "il",
            "ne", "par", "avec", "plus", "sont", "aux", "je", "se",
        ],
        places: &[
            "french",
            "français",
            "francais",
            "fr",
            "france",
            "be",
            "belgium",
            "belgique",
            "ch",
            "switzerland",
            "suisse",
            "ca",
            "canada",
            "luxembourg",
            "lu",
            "monaco",
            "mc",
        ],
    },
    Language {
        name: "Spanish",
        words: &[
            "el", "la", "los", "las", "y", "que", "en", "un", "una", "para", "con", "su", "es",
            "por", "se", "más", "como", "del", "al", "de", "lo", "si", "usted", "sus",
        ],
        places: &[
            "spanish",
            "español",
            "espanol",
            "es",
            "spain",
            "españa",
            "mx",
            "mexico",
            "méxico",
            "ar",
            "argentina",
            "co",
            "colombia",
            "cl",
            "chile",
            "pe",
            "peru",
            "perú",
            "uy",
            "uruguay",
            "ecuador",
            "ec",
            "us",
        ],
    },
    Language {
        name: "Italian",
        words: &[
            "il", "la", "i", "gli", "le", "e", "di", "che", "è", "un", "una", "con", "non", "del",
            "della", "si", "su", "sono", "da", "al", "alla", "più", "lo",
        ],
        places: &[
            "italian",
            "italiano",
            "it",
            "italy",
            "italia",
            "ch",
            "switzerland",
        ],
    },
    Language {
        name: "Dutch",
        words: &[
            "de", "het", "een", "en", "van", "dat", "niet", "u", "wij", "voor", "met", "op",
            "zijn", "te", "er", "aan", "uw", "bij", "hoe", "ook", "naar",
        ],
        places: &[
            "dutch",
            "nederlands",
            "nl",
            "netherlands",
            "nederland",
            "be",
            "belgium",
            "belgië",
        ],
    },
    Language {
        name: "Portuguese",
        words: &[
            "os", "e", "de", "que", "em", "um", "uma", "para", "com", "não", "se", "da", "na",
            "por", "mais", "como", "é", "ao", "seu", "sua",
        ],
        places: &[
            "portuguese",
            "português",
            "pt",
            "portugal",
            "br",
            "brazil",
            "brasil",
        ],
    },
];

/// The languages (by place in the list) that each common word is common in.
static COMMON: LazyLock<WordMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let mut common: WordMap<&str, Vec<usize>> = WordMap::default();
    for (at, language) in LANGUAGES.iter().enumerate() {
        for word in language.words {
            common.entry(word).or_default().push(at);
        }
    }
    common
});

/// Fewer words are not enough to tell a language.
const WORDS_MIN: usize = 14;

/// Nobody reads a longer sentence in one breath.
const SENTENCE_WORDS_MAX: usize = 60;

/// Flesch's reading ease (1948), below which a text is harder than a law.
const EASE_MIN: f64 = 5.0;

/// The language of the whole campaign.
pub(super) fn campaign(readings: &[Reading<'_>], issues: &mut Vec<Issue>) {
    let mut first: Option<&Language> = None;
    for reading in readings {
        let Some(found) = reading.language else {
            continue;
        };
        match first {
            None => first = Some(found),
            Some(first) if first.name != found.name => {
                let hint = format!("write all messages in {}", first.name);
                let code = "mixed_languages";
                issues.push(issue(
                    code,
                    Severity::Major,
                    reading.step,
                    found.name,
                    &hint,
                ));
                return;
            }
            Some(_) => {}
        }
    }
    if let Some(own) = first {
        insertion(readings, own, issues);
    }
}

/// A paragraph in another language than the rest of the campaign, however short.
fn insertion(readings: &[Reading<'_>], own: &Language, issues: &mut Vec<Issue>) {
    for reading in readings {
        let all = reading.plain.split("\n\n").zip(&reading.paragraphs);
        // What stands between quotation marks is somebody else's.
        let is_own = |text: &str| !text.contains(['"', '«', '»', '„']);
        let mut all = all.filter(|(text, small)| is_insertion(small, own) && is_own(text));
        if let Some((found, _)) = all.next() {
            let hint = format!("write all paragraphs in {}", own.name);
            let code = "mixed_languages";
            let (severity, step) = (Severity::Major, reading.step);
            issues.push(issue(code, severity, step, found, &hint));
            return;
        }
    }
}

/// Whether the small words of a paragraph are those of another language only.
fn is_insertion(paragraph: &SmallWords, own: &Language) -> bool {
    const SHORT_MIN: usize = 6;
    let n_words = paragraph.n_parts;
    let count = |language: &Language| paragraph.of(language);
    let others = LANGUAGES.iter().filter(|other| other.name != own.name);
    let most = others.map(count).max().unwrap_or(0);
    n_words >= SHORT_MIN && most >= 3 && most * 100 >= n_words * 30 && count(own) * 3 <= most
}

/// The rules about one message.
pub(super) fn message(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    foreign(case, reading, issues);
    ease(reading, issues);
}

fn foreign(case: &Case<'_>, reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let lead = case.lead;
    let asked = [&lead.language, &lead.country].map(|text| fold(text));
    let paragraphs = reading.paragraphs.iter();
    let paragraphs = paragraphs.filter(|small| small.n_words >= WORDS_MIN);
    let whole = reading.language.filter(|_| reading.n_words >= WORDS_MIN);
    let paragraphs = paragraphs.filter_map(SmallWords::language);
    let mut languages = whole.into_iter().chain(paragraphs);
    let stranger = languages.find_map(|found| {
        if found.name == "English" {
            return None;
        }
        let asked_for = asked.iter().any(|text| {
            words(text).any(|word| {
                found
                    .places
                    .contains(&word.split('-').next().unwrap_or(word))
            })
        });
        let by_domain = || {
            let end = lead.email.domain().rsplit('.').next().unwrap_or_default();
            found.places.contains(&end) && end != "us" && end != "co"
        };
        (!asked_for && !by_domain()).then_some(found.name)
    });
    if let Some(name) = stranger {
        let hint = "write in the reader's language, or in English";
        issues.push(issue(
            "wrong_language",
            Severity::Blocker,
            reading.step,
            name,
            hint,
        ));
    }
}

/// How many words a folded text has, and how many of them are common in each language.
#[derive(Clone, Copy, Default)]
pub(super) struct SmallWords {
    n_words: usize,
    /// The same, with `it's` as two.
    n_parts: usize,
    common: [usize; LANGUAGES.len()],
}

impl SmallWords {
    /// Those of a text.
    pub(super) fn of_text(text: &str) -> SmallWords {
        let mut small = SmallWords::default();
        for word in words(text) {
            small.n_words += 1;
            for part in word.split('\'') {
                small.n_parts += 1;
                for at in COMMON.get(part).into_iter().flatten() {
                    if let Some(count) = small.common.get_mut(*at) {
                        *count += 1;
                    }
                }
            }
        }
        small
    }

    /// Those of a text made of some parts.
    pub(super) fn sum(parts: &[SmallWords]) -> SmallWords {
        let mut sum = SmallWords::default();
        for part in parts {
            sum.n_words += part.n_words;
            sum.n_parts += part.n_parts;
            for (sum, count) in sum.common.iter_mut().zip(part.common) {
                *sum += count;
            }
        }
        sum
    }

    /// How many of the words are common in a language.
    fn of(&self, language: &Language) -> usize {
        self.common.get(place(language)).copied().unwrap_or(0)
    }

    /// The language of the text, if it is long enough and its commonest words tell.
    pub(super) fn language(&self) -> Option<&'static Language> {
        if self.n_parts < WORDS_MIN {
            return None;
        }
        let share = |language: &Language| self.of(language) * 100 / self.n_parts;
        let best = LANGUAGES.iter().max_by_key(|language| share(language))?;
        let english = LANGUAGES.first().map_or(0, share);
        // Languages share words: another one than English must be clearly ahead.
        let is_clear = best.name == "English" || share(best) >= english + 10;
        (share(best) >= 16 && is_clear).then_some(best)
    }
}

/// Where a language stands in the list.
fn place(language: &Language) -> usize {
    let mut known = LANGUAGES.iter();
    known
        .position(|known| known.name == language.name)
        .unwrap_or(usize::MAX)
}

fn ease(reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let sentences = reading.plain.split(['.', '?', '!', ';', ':', '\n', '•']);
    let sentences = sentences.map(Weight::of);
    let all: Vec<Weight<'_>> = sentences.filter(|weight| weight.n_words > 0).collect();
    let longest = all.iter().max_by_key(|weight| weight.n_words);
    if let Some(longest) = longest.filter(|weight| weight.n_words > SENTENCE_WORDS_MAX) {
        let hint = "break this sentence into two or three";
        issues.push(issue(
            "long_sentence",
            Severity::Major,
            reading.step,
            longest.sentence,
            hint,
        ));
        return;
    }
    let n_words = reading.n_words;
    let is_other = reading
        .language
        .is_some_and(|found| found.name != "English");
    if is_other || n_words < 25 {
        return;
    }
    if let Some(heavy) = all.iter().find(|weight| weight.is_heavy()) {
        let hint = "say it in plain words: nobody reads this sentence twice";
        let (code, severity) = ("hard_to_read", Severity::Major);
        issues.push(issue(code, severity, reading.step, heavy.sentence, hint));
        return;
    }
    let syllables: usize = all.iter().map(|weight| weight.n_syllables).sum();
    let per_sentence = n_words as f64 / all.len().max(1) as f64;
    let per_word = syllables as f64 / n_words as f64;
    let ease = 206.835 - 1.015 * per_sentence - 84.6 * per_word;
    if ease < EASE_MIN {
        let hint = "use shorter sentences and plainer words; this reads like a statute";
        issues.push(issue(
            "hard_to_read",
            Severity::Major,
            reading.step,
            "",
            hint,
        ));
    }
}

/// What a reader has to take in with a sentence.
struct Weight<'a> {
    sentence: &'a str,
    n_words: usize,
    n_syllables: usize,
    /// Words of four syllables and more.
    n_heavy: usize,
}

impl<'a> Weight<'a> {
    fn of(sentence: &'a str) -> Weight<'a> {
        let mut weight = Weight {
            sentence,
            n_words: 0,
            n_syllables: 0,
            n_heavy: 0,
        };
        for word in words(sentence) {
            let n_syllables = syllables(word);
            weight.n_words += 1;
            weight.n_syllables += n_syllables;
            weight.n_heavy += usize::from(n_syllables >= 4);
        }
        weight
    }

    /// Whether it is made of heavy words: the best writers stay below a quarter even of a short
    /// sentence.
    fn is_heavy(&self) -> bool {
        const HEAVY_MIN: usize = 5;
        self.n_heavy >= HEAVY_MIN && self.n_heavy * 100 >= self.n_words * 28
    }
}

/// About how many syllables an English word has: its groups of vowels, a mute `e` not counted.
fn syllables(word: &str) -> usize {
    let is_vowel = |c: char| match c {
        'a' | 'e' | 'i' | 'o' | 'u' | 'y' => true,
        c => !c.is_ascii() && "äöüáéíóúàèìòùâêîôûøå".contains(c),
    };
    let mut n_groups = 0;
    let mut inside = false;
    for c in word.chars() {
        let vowel = is_vowel(c);
        n_groups += usize::from(vowel && !inside);
        inside = vowel;
    }
    let mute = word.ends_with('e') && !word.ends_with("le") && n_groups > 1;
    (n_groups - usize::from(mute)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_by_their_commonest_words() {
        let name = |text: &str| {
            let found = SmallWords::of_text(&fold(text)).language();
            found.map_or("", |found| found.name)
        };
        let english = "How do you plan the day when a truck is late and the customer calls?";
        assert_eq!(name(english), "English");
        let german = "Wie planen Sie den Tag, wenn ein Wagen sich verspätet und der Kunde anruft?";
        assert_eq!(name(german), "German");
        let french = "Comment planifiez-vous la journée quand un camion est en retard et que le \
                      client appelle ?";
        assert_eq!(name(french), "French");
        let spanish = "¿Cómo planifica usted el día si un camión llega tarde y el cliente llama \
                       por la mañana?";
        assert_eq!(name(spanish), "Spanish");
        assert_eq!(name("too short"), "");
    }

    #[test]
    fn syllables_are_about_right() {
        for (word, expected) in [("time", 1), ("table", 2), ("infrastructure", 4), ("b2b", 1)] {
            assert_eq!(syllables(word), expected, "{word}");
        }
    }
}
