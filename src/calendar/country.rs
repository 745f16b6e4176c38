//! Countries by the names people write, and what we know about each.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Zone;

/// Written by `data/generate.py`; its header names the sources and their licences.
const TABLE: &str = include_str!("data/countries.csv");

/// What the table says of a country.
#[derive(Debug)]
pub(super) struct Country {
    /// ISO 3166 alpha-2.
    pub code: &'static str,
    /// The English name.
    pub name: &'static str,
    /// The zone of most of its people.
    zone: &'static str,
    /// Whether clocks differ inside the country.
    pub has_several_zones: bool,
    /// The weekend as ISO weekday numbers, `67` for Saturday and Sunday.
    weekend: &'static str,
}

impl Country {
    /// The zone of most of its people.
    pub(super) fn zone(&self) -> Option<Zone> {
        Zone::parse(self.zone).ok()
    }

    /// The name of that zone.
    pub(super) fn zone_name(&self) -> &'static str {
        self.zone
    }

    /// Whether offices rest on this day of the week, Monday being 1.
    pub(super) fn rests_on(&self, iso_weekday: u32) -> bool {
        self.weekend
            .chars()
            .any(|day| day.to_digit(10) == Some(iso_weekday))
    }
}

struct Countries {
    by_code: HashMap<&'static str, Country>,
    code_by_name: HashMap<&'static str, &'static str>,
}

static COUNTRIES: LazyLock<Countries> = LazyLock::new(|| {
    let mut countries = Countries {
        by_code: HashMap::new(),
        code_by_name: HashMap::new(),
    };
    for line in rows(TABLE) {
        let mut cells = line.split(',');
        let mut cell = || cells.next().unwrap_or_default();
        let (code, name, zone, several, weekend) = (cell(), cell(), cell(), cell(), cell());
        for alias in cell().split(';') {
            countries.code_by_name.insert(alias, code);
        }
        let has_several_zones = several == "several";
        countries.by_code.insert(
            code,
            Country {
                code,
                name,
                zone,
                has_several_zones,
                weekend,
            },
        );
    }
    countries
});

/// The lines of an embedded table without its comments.
pub(super) fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// The country of an ISO 3166 alpha-2 code, whatever its case.
pub(super) fn country(code: &str) -> Option<&'static Country> {
    let countries = &COUNTRIES.by_code;
    countries
        .get(code)
        .or_else(|| countries.get(code.trim().to_ascii_uppercase().as_str()))
}

/// The ISO 3166 alpha-2 code of a country given as a code (`de`, `DEU`) or by name in English, in
/// its own or in a large language: `Germany`, `Deutschland`, `Allemagne`, `U.S.A.`, `UK`.
pub fn country_code(text: &str) -> Option<&'static str> {
    // No country's name is longer, and folding is linear.
    if text.len() > 200 {
        return None;
    }
    if let Some(found) = country(text) {
        return Some(found.code);
    }
    let key = fold(text);
    let names = &COUNTRIES.code_by_name;
    names
        .get(key.as_str())
        .or_else(|| names.get(key.strip_prefix("the ")?))
        .copied()
}

/// The English name of a country, or its code where we know none.
pub fn country_name(code: &str) -> &str {
    country(code).map_or(code, |country| country.name)
}

/// The key under which the tables know a name: lower case, without accents and punctuation. `fold`
/// in `data/generate.py` does the same.
pub(super) fn fold(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for char in text.to_lowercase().nfkd() {
        match char {
            'ß' => key.push_str("ss"),
            'ø' => key.push('o'),
            'æ' => key.push_str("ae"),
            'œ' => key.push_str("oe"),
            'ł' => key.push('l'),
            'đ' | 'ð' => key.push('d'),
            'þ' => key.push_str("th"),
            'ı' => key.push('i'),
            '.' | '\'' | '’' => {}
            mark if is_combining_mark(mark) => {}
            letter if letter.is_alphanumeric() => key.push(letter),
            _ if key.ends_with(' ') || key.is_empty() => {}
            _ => key.push(' '),
        }
    }
    key.truncate(key.trim_end().len());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_lead_to_the_code() {
        for (text, code) in [
            ("DE", "DE"),
            ("de", "DE"),
            ("DEU", "DE"),
            ("Germany", "DE"),
            ("  GERMANY ", "DE"),
            ("Deutschland", "DE"),
            ("Allemagne", "DE"),
            ("UK", "GB"),
            ("U.K.", "GB"),
            ("England", "GB"),
            ("Great Britain", "GB"),
            ("U.S.A.", "US"),
            ("USA", "US"),
            ("United States of America", "US"),
            ("the United States", "US"),
            ("Österreich", "AT"),
            ("Osterreich", "AT"),
            ("España", "ES"),
            ("Brasil", "BR"),
            ("Schweiz", "CH"),
            ("Côte d’Ivoire", "CI"),
            ("The Netherlands", "NL"),
            ("Holland", "NL"),
            ("日本", "JP"),
            ("Россия", "RU"),
            ("भारत", "IN"),
            ("UAE", "AE"),
            ("Türkiye", "TR"),
            ("Turkey", "TR"),
            ("Bosnia & Herzegovina", "BA"),
            ("Ireland", "IE"),
            ("South Africa", "ZA"),
        ] {
            assert_eq!(country_code(text), Some(code), "{text}");
        }
    }

    #[test]
    fn what_names_no_country_gives_none() {
        let long = "a".repeat(1_000_000);
        for text in [
            "", " ", "the", "XX", "Europe", "EU", "N/A", "Narnia", "D", "\0", &long,
        ] {
            assert_eq!(
                country_code(text),
                None,
                "{}",
                text.get(..20).unwrap_or(text)
            );
        }
    }

    #[test]
    fn every_country_of_the_table_is_whole() {
        assert!(COUNTRIES.by_code.len() > 240);
        for country in COUNTRIES.by_code.values() {
            assert!(country.zone().is_some(), "{country:?}");
            assert!((1..=7).any(|day| country.rests_on(day)), "{country:?}");
            assert_eq!(country_code(country.code), Some(country.code));
            assert_eq!(
                country_code(country.name),
                Some(country.code),
                "{country:?}"
            );
        }
        for alias in COUNTRIES.code_by_name.keys() {
            assert_eq!(fold(alias), **alias, "the two foldings differ");
        }
    }
}
