//! What mails to different leads have in common: the wording, with the lead's names taken out.
//!
//! Invariant: the same words give the same key on every machine and in every version, because keys
//! are stored. This module does not know how well a wording does.

use super::text::{fold, hash, mix, word_count};
use crate::lead::{Lead, RawLead, ReadField, content_check};

/// So many bytes of a text are looked at; no sentence worth comparing is longer.
const READ_MAX: usize = 400;

/// A greeting has at most so many words: `Good morning Ms. Dr. Lovelace,`.
const GREETING_WORDS_MAX: usize = 5;

/// Words that a greeting on the line of the first sentence begins with, folded.
const GREETS: [&str; 28] = [
    "hi",
    "hello",
    "hey",
    "dear",
    "good",
    "greetings",
    "hallo",
    "guten",
    "liebe",
    "lieber",
    "sehr",
    "moin",
    "servus",
    "bonjour",
    "bonsoir",
    "cher",
    "chère",
    "salut",
    "hola",
    "buenos",
    "buenas",
    "estimado",
    "estimada",
    "olá",
    "prezado",
    "prezada",
    "ciao",
    "beste",
];

/// What is taken out of a lead's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<Name>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    folded: String,
    /// Names that begin with a capital are only found so: `will` is not always Will.
    is_capital: bool,
    stands_for: &'static str,
}

/// Which wording a mail has; none for a text that says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// That of its subject.
    pub subject: Option<i64>,
    /// That of its opening sentence.
    pub opening: Option<i64>,
}

impl Names {
    /// The names of a lead.
    pub fn of(lead: &Lead) -> Names {
        Names::of_lead(lead, "")
    }

    /// The names in a lead's fields as they were read. `company` is what the lead's texts call it.
    pub fn of_fields(raw: &RawLead, company: &str) -> Names {
        if let Ok(lead) = content_check(raw) {
            return Names::of_lead(&lead, company);
        }
        let (name, written) = (raw.get(ReadField::FullName), raw.get(ReadField::Company));
        let first = name.split_whitespace().next().unwrap_or_default();
        let domain = raw.get(ReadField::Email).trim().rsplit_once('@');
        Names::new(
            name,
            first,
            &[company, written],
            domain.map_or("", |(_, domain)| domain),
        )
    }

    fn of_lead(lead: &Lead, company: &str) -> Names {
        let companies = [&lead.company, &lead.company_short, company];
        let domain = lead.email.domain();
        Names::new(&lead.full_name, &lead.first_name, &companies, domain)
    }

    fn new(full: &str, first: &str, companies: &[&str], domain: &str) -> Names {
        let mut names = Names::default();
        // A company may bear the person's name; by itself that is more often the company.
        for company in companies {
            names.add(company, "{company}");
        }
        let last = full.split_whitespace().next_back().unwrap_or_default();
        for name in [full, first, last] {
            names.add(name, "{name}");
        }
        names.add(domain, "{domain}");
        names
            .0
            .sort_by_key(|name| std::cmp::Reverse(name.folded.len()));
        names
    }

    fn add(&mut self, name: &str, stands_for: &'static str) {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let folded = fold(&name);
        // A letter by itself is an initial here and an article there.
        if name.chars().nth(1).is_some() && !self.0.iter().any(|known| known.folded == folded) {
            self.0.push(Name {
                is_capital: name.starts_with(char::is_uppercase),
                folded,
                stands_for,
            });
        }
    }

    /// The name a folded text begins with.
    fn at_start(&self, text: &str, is_capital: bool) -> Option<&Name> {
        let mut names = self.0.iter();
        names.find(|name| {
            let rest = text.strip_prefix(name.folded.as_str());
            let ends = rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
            ends && (is_capital || !name.is_capital)
        })
    }
}

/// The wording of a text: its names taken out (`{name}`, `{company}`, `{domain}`), in lower case,
/// with single spaces, cut where it is longer than a sentence should be.
pub fn pattern(text: &str, names: &Names) -> String {
    let text = text
        .get(..text.floor_char_boundary(READ_MAX))
        .unwrap_or(text);
    let mut pattern = String::with_capacity(text.len());
    // The folded text and, for every byte of it, whether a capital stood there.
    let (mut folded, mut capitals) = (String::with_capacity(text.len()), Vec::new());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        for c in word.chars() {
            capitals.resize(folded.len(), false);
            match c.is_ascii() {
                true => folded.push(c.to_ascii_lowercase()),
                false => folded.push_str(&fold(c.encode_utf8(&mut [0; 4]))),
            }
            capitals.push(c.is_uppercase());
        }
    }
    let mut rest = folded.as_str();
    let mut is_inside = false;
    while let Some(c) = rest.chars().next() {
        let at = folded.len() - rest.len();
        let is_capital = capitals.get(at).copied().unwrap_or_default();
        let found = match is_inside {
            true => None,
            false => names.at_start(rest, is_capital),
        };
        let len = match found {
            Some(name) => {
                pattern.push_str(name.stands_for);
                name.folded.len()
            }
            None => {
                pattern.push(c);
                c.len_utf8()
            }
        };
        is_inside = found.is_none() && c.is_alphanumeric();
        rest = rest.get(len..).unwrap_or_default();
    }
    pattern
}

/// The wording of the first sentence behind the greeting.
pub fn opening(body: &str, names: &Names) -> String {
    let mut paragraphs = body
        .trim()
        .split("\n\n")
        .filter(|text| !text.trim().is_empty());
    let first = paragraphs.next().unwrap_or_default();
    let text = match behind_greeting(first) {
        "" => paragraphs.next().unwrap_or_default(),
        text => text,
    };
    let mut pattern = pattern(text, names);
    let is_end = |(at, c): &(usize, char)| {
        let next = pattern.get(at + c.len_utf8()..).unwrap_or_default();
        matches!(c, '.' | '!' | '?' | '…') && next.starts_with(' ')
    };
    if let Some((at, c)) = pattern.char_indices().find(is_end) {
        pattern.truncate(at + c.len_utf8());
    }
    pattern
}

/// The first paragraph without its greeting; `""` when it is nothing else.
fn behind_greeting(paragraph: &str) -> &str {
    let paragraph = paragraph.trim();
    let (line, lines) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
    let line = line.trim();
    let is_line = word_count(line) <= GREETING_WORDS_MAX && line.ends_with([',', '!', ':']);
    if is_line {
        return lines.trim();
    }
    let greets = line.split(|c: char| !c.is_alphanumeric()).next();
    let greets = greets.is_some_and(|word| GREETS.contains(&fold(word).as_str()));
    if let (true, Some((greeting, text))) = (greets, paragraph.split_once([',', '!', ':']))
        && word_count(greeting) <= GREETING_WORDS_MAX
    {
        return text.trim();
    }
    paragraph
}

/// The number that stands for a wording, of 63 bits; none for an empty one.
pub fn key(pattern: &str) -> Option<i64> {
    let is_empty = !pattern.contains(char::is_alphanumeric);
    (!is_empty).then(|| i64::try_from(mix(hash(pattern)) >> 1).unwrap_or_default())
}

/// Which wording a mail has.
pub fn keys(subject: &str, body: &str, names: &Names) -> Keys {
    Keys {
        subject: key(&pattern(subject, names)),
        opening: key(&opening(body, names)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lead::RecordId;

    fn raw(name: &str, company: &str, email: &str) -> RawLead {
        let fields = [
            (ReadField::FullName, name),
            (ReadField::Company, company),
            (ReadField::Email, email),
            (ReadField::EmailConfidenceLevel, "Real"),
        ];
        let fields = fields.map(|(field, text)| (field, text.to_string()));
        RawLead {
            record_id: RecordId::new("rec1"),
            fields: BTreeMap::from(fields),
        }
    }

    fn names() -> Names {
        let raw = raw(
            "Dr. Will LOVELACE",
            "Ferrous Freight Co.",
            "will@ferrous.example",
        );
        Names::of(&content_check(&raw).unwrap())
    }

    #[test]
    fn names_are_taken_out_and_nothing_else() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(pattern(text, &names()), expected, "{text}");
        }
        check("Quick idea for Ferrous Freight", "quick idea for {company}");
        check(
            "Quick  idea\tfor Ferrous Freight Co.",
            "quick idea for {company}",
        );
        check(
            "Ferrous Freight’s next step, Will?",
            "{company}'s next step, {name}?",
        );
        check(
            "WILL LOVELACE: what will ferrous.example do",
            "{name}: what will {domain} do",
        );
        check("Mr. Lovelace", "mr. {name}");
        check(
            "Willing and Willful at Ferrous Freighters",
            "willing and willful at ferrous freighters",
        );
        check("{company} is no name", "{company} is no name");
        check("ÉTÉ “x” – ÜBER Will", "été \"x\" - über {name}");
        check("", "");
        check(&"ü".repeat(500), &"ü".repeat(200));
    }

    #[test]
    fn names_like_the_marks_themselves_are_harmless() {
        let raw = raw("Name Person", "Domain Inc", "name@domain.example");
        let names = Names::of_fields(&raw, "Company");
        assert_eq!(
            pattern("For Name at Company", &names),
            "for {name} at {company}"
        );
        assert_eq!(pattern("a B c", &Names::of_fields(&raw, "B")), "a b c");
    }

    #[test]
    fn the_opening_is_the_first_sentence_behind_the_greeting() {
        #[track_caller]
        fn check(body: &str, expected: &str) {
            assert_eq!(opening(body, &names()), expected, "{body}");
        }
        check(
            "Hi Will,\n\nI saw Ferrous Freight Co. Grow. Then more.\n\nBye",
            "i saw {company} grow.",
        );
        check("Hi Will,\nI saw\nit! More.", "i saw it!");
        check("Hi Will, I saw it. More.", "i saw it.");
        check("Guten Tag Will Lovelace! Wie geht es?", "wie geht es?");
        check(
            "Will,\n\nnoticed v2.5 is out? Good.",
            "noticed v2.5 is out?",
        );
        check(
            "No greeting here, just a line.",
            "no greeting here, just a line.",
        );
        check(
            "Dear reader of this long and winding line of ours, hello.",
            "dear reader of this long and winding line of ours, hello.",
        );
        check("Hi Will,", "");
        check("\n\n \n\nHello Will!\n\n\n\nText", "text");
        check("", "");
    }

    #[test]
    fn two_leads_with_the_same_words_have_the_same_keys() {
        let one = raw("Ada Vey", "Quill Ltd", "ada@quill.example");
        let two = raw("Bo Lund", "Northwind Traders", "bo@northwind.example");
        let of = |raw: &RawLead, name: &str, company: &str| {
            let names = Names::of_fields(raw, company);
            let body = format!("Hi {name},\n\nI looked at {company} today. Bye");
            keys(&format!("An idea for {company}"), &body, &names)
        };
        let ada = of(&one, "Ada", "Quill");
        assert_eq!(ada, of(&two, "Bo", "Northwind Traders"));
        assert!(ada.subject.is_some() && ada.opening.is_some() && ada.subject != ada.opening);
        let nothing = keys(" —", "", &Names::default());
        assert_eq!(nothing, Keys::default());
    }

    #[test]
    fn keys_never_change() {
        assert_eq!(key("an idea for {company}"), Some(847_302_434_147_508_069));
    }
}
