//! Where a lead is, from what its record says: the zone to write in and the holidays to keep.

use std::sync::LazyLock;

use super::Zone;
use super::country::{Country, country, country_code, country_name, fold, rows};
use crate::lead::Lead;

/// Written by `data/generate.py`; its header names the source and its licence.
const TABLE: &str = include_str!("data/cities.csv");

/// The rows sorted by folded name, as the table is.
static CITIES: LazyLock<Vec<City>> = LazyLock::new(|| rows(TABLE).filter_map(City::read).collect());

/// Country codes whose domains are bought by anybody for their sound, so that they say nothing
/// about where a company is.
const GENERIC_DOMAINS: [&str; 33] = [
    "ac", "ag", "ai", "am", "as", "bz", "cc", "cd", "cf", "co", "fm", "ga", "gg", "gl", "gq", "im",
    "io", "la", "ly", "me", "ml", "ms", "nu", "pw", "sc", "sh", "so", "st", "tk", "to", "tv", "vc",
    "ws",
];

/// Where a lead is, and how we know, in plain sentences.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The zone whose hours are kept.
    pub zone: Zone,
    /// Why this zone: `the lead's Timezone says Europe/Berlin`.
    pub zone_reason: String,
    /// The country whose holidays are kept, ISO 3166 alpha-2.
    pub country: String,
    /// Why this country.
    pub country_reason: String,
}

#[derive(Debug)]
struct City {
    name: &'static str,
    country: &'static str,
    /// `""` where it is the zone of most people of the country.
    zone: &'static str,
    thousands: u32,
}

impl City {
    fn read(line: &'static str) -> Option<City> {
        let mut cells = line.split(',');
        let (name, country, zone) = (cells.next()?, cells.next()?, cells.next()?);
        Some(City {
            name,
            country,
            zone,
            thousands: cells.next()?.parse().ok()?,
        })
    }

    fn zone_name(&self) -> &'static str {
        if self.zone.is_empty() {
            country(self.country).map_or("", Country::zone_name)
        } else {
            self.zone
        }
    }
}

/// A city chosen among those of its name.
struct CityFound {
    city: &'static City,
    is_one_of_several: bool,
}

/// A country told by the end of a domain, and the words for it.
struct DomainFound {
    country: &'static Country,
    whose: &'static str,
    ending: String,
}

/// Where a lead is. The zone is that of its Timezone, else its City, else its Country, else the
/// country its mail or website domain belongs to, else the default. The country is its Country,
/// else that of its Timezone, else of its City, else of the domain, else `holiday_country`. What
/// the lead says but we do not understand is mentioned in the reasons.
pub fn place_of(lead: &Lead, default_zone: &Zone, holiday_country: &str) -> Place {
    let told = country_code(&lead.country).and_then(country);
    let domain = country_of_domain(lead);
    let city = find_city(&lead.city, told, domain.as_ref().map(|found| found.country));
    let says_zone = !lead.timezone.trim().is_empty();
    let timezone = says_zone
        .then(|| Zone::parse(&lead.timezone).ok())
        .flatten();
    let clues = Clues {
        lead,
        told,
        timezone,
        city,
        domain,
    };

    let (zone, mut zone_reason) = clues.zone().unwrap_or_else(|| {
        let reason = format!("nothing tells the lead's zone, so the default {default_zone}");
        (default_zone.clone(), reason)
    });
    if clues.timezone.is_none() {
        mention(
            &mut zone_reason,
            "Timezone",
            &lead.timezone,
            "no IANA time zone",
        );
        if clues.city.is_none() {
            mention(
                &mut zone_reason,
                "City",
                &lead.city,
                "no large city we know there",
            );
        }
    }
    let (country, mut country_reason) = clues.country().unwrap_or_else(|| {
        let code = country_code(holiday_country).unwrap_or(holiday_country);
        let name = country_name(code);
        let reason = format!("nothing tells the lead's country, so the holidays of {name}");
        (code.to_string(), reason)
    });
    if clues.told.is_none() {
        mention(
            &mut country_reason,
            "Country",
            &lead.country,
            "no country we know",
        );
    }
    Place {
        zone,
        zone_reason,
        country,
        country_reason,
    }
}

/// What a lead's record tells of where it is.
struct Clues<'a> {
    lead: &'a Lead,
    told: Option<&'static Country>,
    timezone: Option<Zone>,
    city: Option<CityFound>,
    domain: Option<DomainFound>,
}

impl Clues<'_> {
    /// The zone by the best of the clues, with the reason.
    fn zone(&self) -> Option<(Zone, String)> {
        if let Some(zone) = &self.timezone {
            return Some((zone.clone(), format!("the lead's Timezone says {zone}")));
        }
        if let Some(found) = &self.city {
            return zone_of_city(self.lead, found);
        }
        if let Some(told) = self.told {
            return zone_of_country("the lead's Country says", told);
        }
        let found = self.domain.as_ref()?;
        zone_of_country(
            &format!("the {} ends in {} of", found.whose, found.ending),
            found.country,
        )
    }

    /// The country by the best of the clues, with the reason.
    fn country(&self) -> Option<(String, String)> {
        if let Some(told) = self.told {
            let reason = format!("the lead's Country says {}", told.name);
            return Some((told.code.to_string(), reason));
        }
        if let Some(code) = self.timezone.as_ref().and_then(Zone::country) {
            let reason = format!("the lead's Timezone lies in {}", country_name(&code));
            return Some((code, reason));
        }
        if let Some(found) = &self.city {
            let code = found.city.country;
            let reason = format!("the lead's City lies in {}", country_name(code));
            return Some((code.to_string(), reason));
        }
        let found = self.domain.as_ref()?;
        let name = found.country.name;
        let reason = format!("the {} ends in {} of {name}", found.whose, found.ending);
        Some((found.country.code.to_string(), reason))
    }
}

/// A text from outside as it may stand in a one-line sentence: short, without control characters.
pub(super) fn excerpt(text: &str) -> String {
    let mut chars = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let short: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() {
        format!("{short}…")
    } else {
        short
    }
}

fn mention(reason: &mut String, field: &str, text: &str, what: &str) {
    if !text.trim().is_empty() {
        reason.push_str(&format!(" (its {field} `{}` is {what})", excerpt(text)));
    }
}

fn zone_of_city(lead: &Lead, found: &CityFound) -> Option<(Zone, String)> {
    let zone = Zone::parse(found.city.zone_name()).ok()?;
    let (city, place) = (excerpt(&lead.city), country_name(found.city.country));
    let reason = if found.is_one_of_several {
        format!("the lead's City says {city}; the largest fitting one ({place}) keeps {zone}")
    } else {
        format!("the lead's City says {city} ({place}), which keeps {zone}")
    };
    Some((zone, reason))
}

fn zone_of_country(says: &str, country: &Country) -> Option<(Zone, String)> {
    let zone = country.zone()?;
    let most = if country.has_several_zones {
        "where most people keep"
    } else {
        "which keeps"
    };
    let reason = format!("{says} {}, {most} {zone}", country.name);
    Some((zone, reason))
}

/// The city of a name: in the told country if there is one, else in the country of the domain if it
/// has such a city, else the largest. `Lyon, France` names its country itself.
fn find_city(
    text: &str,
    told: Option<&'static Country>,
    of_domain: Option<&'static Country>,
) -> Option<CityFound> {
    if text.len() > 200 {
        return None;
    }
    let (name, rest) = text.split_once(',').unwrap_or((text, ""));
    // Two letters after a city are mostly a state: `Los Angeles, CA` is not in Canada.
    let in_text = Some(rest.trim())
        .filter(|rest| rest.len() > 2)
        .and_then(country_code);
    let key = fold(name);
    let first = CITIES.partition_point(|city| city.name < key.as_str());
    let same_name = || {
        CITIES
            .iter()
            .skip(first)
            .take_while(|city| city.name == key)
    };

    let strict = told.map(|country| country.code).or(in_text);
    let loose = of_domain.map(|country| country.code);
    let country = strict.or_else(|| loose.filter(|code| same_name().any(|c| c.country == *code)));
    let fitting = || same_name().filter(|city| country.is_none_or(|code| city.country == code));
    let city = fitting().max_by_key(|city| city.thousands)?;
    let is_one_of_several = fitting().any(|other| other.zone_name() != city.zone_name());
    Some(CityFound {
        city,
        is_one_of_several,
    })
}

/// A text as names of places are compared: lower case, without accents and punctuation.
pub fn place_key(text: &str) -> String {
    fold(text)
}

/// Whether a text is the name of a city of some size, whatever its accents and case.
pub fn is_city(name: &str) -> bool {
    let key = fold(name);
    CITIES
        .binary_search_by(|city| city.name.cmp(key.as_str()))
        .is_ok()
}

/// The country of the address's domain, else of the website's, by its country-code ending (ISO
/// 3166, with `uk` for GB). Endings in generic use say nothing.
fn country_of_domain(lead: &Lead) -> Option<DomainFound> {
    let by_ending = |domain: &str, whose| {
        let (_, ending) = domain.trim_end_matches('.').rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        if ending.len() != 2 || GENERIC_DOMAINS.contains(&ending.as_str()) {
            return None;
        }
        let country = country(if ending == "uk" { "GB" } else { &ending })?;
        Some(DomainFound {
            country,
            whose,
            ending: format!(".{ending}"),
        })
    };
    by_ending(lead.email.domain(), "mail domain")
        .or_else(|| by_ending(host(&lead.website), "website's domain"))
}

/// The host of a web address written in any of the usual ways.
fn host(website: &str) -> &str {
    let rest = website.trim();
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    rest.split_once(':').map_or(rest, |(host, _)| host)
}

#[cfg(test)]
mod tests;
