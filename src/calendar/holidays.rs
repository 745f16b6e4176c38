//! Weekends, holidays and business days of a country.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate};

use super::country::{country, rows};

/// Written by `data/generate.py`; its header names the source and its licence.
const TABLE: &str = include_str!("data/holidays.csv");

/// No stretch of days off is as long as this.
const DAYS_OFF_MAX: u64 = 60;

/// The holidays of one country by day.
struct Holidays {
    names: HashMap<NaiveDate, &'static str>,
    /// The first and the last year the table speaks of.
    years: (i32, i32),
}

static HOLIDAYS: LazyLock<HashMap<&'static str, Holidays>> = LazyLock::new(|| {
    let mut countries: HashMap<&'static str, Holidays> = HashMap::new();
    for line in rows(TABLE) {
        // The name may hold commas, between quotes, so the outer cells are cut off first.
        let cells = line.split_once(',').and_then(|(country, rest)| {
            let (name, days) = rest.rsplit_once(',')?;
            Some((country, name.trim_matches('"'), days))
        });
        let Some((country, name, days)) = cells else {
            continue;
        };
        let holidays = countries.entry(country).or_insert_with(|| Holidays {
            names: HashMap::new(),
            years: (i32::MAX, i32::MIN),
        });
        for day in days
            .split(' ')
            .filter_map(|day| day.parse::<NaiveDate>().ok())
        {
            let (first, last) = holidays.years;
            holidays.years = (first.min(day.year()), last.max(day.year()));
            holidays.names.insert(day, name);
        }
    }
    countries
});

/// The national holiday of a country (ISO 3166 alpha-2) on a day. Where the table is silent, for an
/// unknown country or a year it does not reach, the two days on which hardly anybody works: 1
/// January and 25 December. For the United Kingdom the days are England's.
pub fn holiday(country: &str, date: NaiveDate) -> Option<&'static str> {
    let known = HOLIDAYS
        .get(country)
        .or_else(|| HOLIDAYS.get(country.trim().to_ascii_uppercase().as_str()))
        .filter(|known| (known.years.0..=known.years.1).contains(&date.year()));
    match (known, date.month(), date.day()) {
        (Some(known), ..) => known.names.get(&date).copied(),
        (None, 1, 1) => Some("New Year's Day"),
        (None, 12, 25) => Some("Christmas Day"),
        (None, ..) => None,
    }
}

/// Why nobody works on a day: `weekend`, or the holiday's name. None on a business day. The weekend
/// of an unknown country is Saturday and Sunday.
pub fn day_off(country_code: &str, date: NaiveDate) -> Option<&'static str> {
    let weekday = date.weekday().number_from_monday();
    let rests = country(country_code).map_or(weekday >= 6, |country| country.rests_on(weekday));
    if rests {
        Some("weekend")
    } else {
        holiday(country_code, date)
    }
}

/// Whether people work on a day.
pub fn is_business_day(country: &str, date: NaiveDate) -> bool {
    day_off(country, date).is_none()
}

/// The first business day from a day on, that day included.
pub fn next_business_day(country: &str, date: NaiveDate) -> NaiveDate {
    (0..DAYS_OFF_MAX)
        .filter_map(|days| date.checked_add_days(Days::new(days)))
        .find(|day| is_business_day(country, *day))
        .unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(country: &str, date: &str, expected: &str) {
        let found = day_off(country, day(date)).unwrap_or("works");
        assert_eq!(found, expected, "{country} {date}");
    }

    #[test]
    fn weekends_are_those_of_the_country() {
        check("DE", "2026-03-13", "works"); // A Friday.
        check("DE", "2026-03-14", "weekend");
        check("IL", "2026-03-13", "weekend");
        check("IL", "2026-03-15", "works"); // A Sunday.
        check("AE", "2026-03-13", "works");
        check("AE", "2026-03-15", "weekend");
        check("SA", "2026-03-13", "weekend");
        check("??", "2026-03-15", "weekend");
    }

    #[test]
    fn holidays_are_those_of_the_country() {
        check("US", "2026-11-26", "Thanksgiving Day");
        check("GB", "2026-11-26", "works");
        check("GB", "2026-04-06", "Easter Monday");
        check("GB", "2026-12-28", "Boxing Day (observed)");
        check("FR", "2026-07-14", "National Day");
        check("DE", "2026-10-03", "weekend");
        check("JP", "2026-12-25", "works");
        check("IL", "2026-12-25", "weekend"); // A Friday.
        check("JP", "2026-05-06", "Substitute Holiday");
        check("us", "2026-07-03", "Independence Day (observed)");
        assert_eq!(holiday("DE", day("2026-10-03")), Some("German Unity Day"));
    }

    #[test]
    fn where_the_table_is_silent_two_days_are_kept() {
        for (country, year) in [
            ("LU", 2026),
            ("", 2026),
            ("ZZZ", 2026),
            ("US", 2040),
            ("US", 1999),
        ] {
            let at = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
            assert_eq!(
                holiday(country, at(1, 1)),
                Some("New Year's Day"),
                "{country}"
            );
            assert_eq!(
                holiday(country, at(12, 25)),
                Some("Christmas Day"),
                "{country}"
            );
            assert_eq!(holiday(country, at(7, 4)), None, "{country}");
        }
    }

    #[test]
    fn days_roll_forward_over_holidays_and_year_ends() {
        for (country, from, to) in [
            ("DE", "2026-03-11", "2026-03-11"),
            ("DE", "2026-03-14", "2026-03-16"),
            ("DE", "2026-04-03", "2026-04-07"), // Good Friday to after Easter Monday.
            ("US", "2026-04-03", "2026-04-03"),
            ("DE", "2026-12-25", "2026-12-28"),
            ("GB", "2026-12-25", "2026-12-29"),
            ("US", "2027-12-31", "2028-01-03"),
            ("JP", "2026-05-02", "2026-05-07"),
        ] {
            assert_eq!(
                next_business_day(country, day(from)),
                day(to),
                "{country} {from}"
            );
        }
        assert_eq!(next_business_day("US", NaiveDate::MAX), NaiveDate::MAX);
    }

    #[test]
    fn the_table_is_read_whole() {
        assert_eq!(HOLIDAYS.len(), 28);
        let all =
            "US CA GB IE DE FR ES IT NL BE AT CH SE NO DK FI PL PT AU NZ JP IN SG BR MX ZA AE IL";
        for country in all.split(' ') {
            let known = HOLIDAYS.get(country).unwrap();
            assert_eq!(known.years, (2025, 2030), "{country}");
            // Every country has some four days each year, and none more than forty.
            assert!(
                (24..=240).contains(&known.names.len()),
                "{country} {}",
                known.names.len()
            );
        }
    }
}
