use super::*;
use crate::lead::{Confidence, EmailAddress, RecordId};

fn lead(email: &str, website: &str, fields: [&str; 3]) -> Lead {
    let [country, city, timezone] = fields.map(str::to_string);
    Lead {
        record_id: RecordId::new("rec1"),
        email: EmailAddress::parse(email).unwrap(),
        full_name: "Ada Lovelace".into(),
        first_name: "Ada".into(),
        company: "Ferrous Freight Co.".into(),
        company_short: "Ferrous Freight".into(),
        job_title: String::new(),
        website: website.into(),
        description: String::new(),
        services: Vec::new(),
        insights: String::new(),
        tone: String::new(),
        business_type: String::new(),
        industry: String::new(),
        company_size: String::new(),
        country,
        city,
        timezone,
        language: String::new(),
        confidence: Confidence::Real,
        repairs: Vec::new(),
    }
}

fn place(email: &str, website: &str, fields: [&str; 3]) -> Place {
    place_of(&lead(email, website, fields), &Zone::utc(), "US")
}

/// Fields are Country, City and Timezone.
#[track_caller]
fn check(fields: [&str; 3], zone: &str, country: &str) {
    let place = place("a@firm.example", "", fields);
    let found = format!(
        "{zone} {country}",
        zone = place.zone,
        country = place.country
    );
    assert_eq!(
        found,
        format!("{zone} {country}"),
        "{fields:?}: {}",
        place.zone_reason
    );
}

#[track_caller]
fn check_reasons(fields: [&str; 3], zone_reason: &str, country_reason: &str) {
    let place = place("a@firm.example", "", fields);
    assert_eq!(place.zone_reason, zone_reason, "{fields:?}");
    assert_eq!(place.country_reason, country_reason, "{fields:?}");
}

#[test]
fn the_zone_comes_from_timezone_then_city_then_country() {
    check(["ES", "Leeds", "Europe/Berlin"], "Europe/Berlin", "ES");
    check(["", "", "america/chicago"], "America/Chicago", "US");
    check(["BR", "Recife", ""], "America/Recife", "BR");
    check(["", "Recife", ""], "America/Recife", "BR");
    check(["AU", "Adelaide", ""], "Australia/Adelaide", "AU");
    check(["US", "Phoenix", ""], "America/Phoenix", "US");
    check(["CA", "Montréal", ""], "America/Toronto", "CA");
    check(["Deutschland", "", ""], "Europe/Berlin", "DE");
    check(["AE", "Dubai", ""], "Asia/Dubai", "AE");
    check(["", "", ""], "UTC", "US");
    check(["", "", "UTC"], "UTC", "US");
}

#[test]
fn cities_are_found_by_the_names_people_write() {
    for (city, zone, country) in [
        ("München", "Europe/Berlin", "DE"),
        ("MUENCHEN", "Europe/Berlin", "DE"),
        ("Munich", "Europe/Berlin", "DE"),
        ("Köln", "Europe/Berlin", "DE"),
        ("Koln", "Europe/Berlin", "DE"),
        ("Wien", "Europe/Vienna", "AT"),
        ("Genève", "Europe/Zurich", "CH"),
        ("Kraków", "Europe/Warsaw", "PL"),
        ("New York", "America/New_York", "US"),
        ("Washington, D.C.", "America/New_York", "US"),
        ("St. Louis", "America/Chicago", "US"),
        ("Los Angeles, CA", "America/Los_Angeles", "US"),
        ("São Paulo", "America/Sao_Paulo", "BR"),
        ("Bangalore", "Asia/Kolkata", "IN"),
        ("Nelson", "Pacific/Auckland", "NZ"),
        ("  bilbao ", "Europe/Madrid", "ES"),
    ] {
        check(["", city, ""], zone, country);
    }
}

#[test]
fn a_city_lies_in_the_country_that_is_named() {
    check(["US", "Paris", ""], "America/Chicago", "US");
    check(["", "Paris", ""], "Europe/Paris", "FR");
    check(
        ["", "Birmingham, United States", ""],
        "America/Chicago",
        "US",
    );
    check(["GB", "Birmingham", ""], "Europe/London", "GB");
    // No Lyon in Germany: the country decides, and the reason mentions the city.
    check_reasons(
        ["DE", "Lyon", ""],
        "the lead's Country says Germany, which keeps Europe/Berlin (its City `Lyon` is no large \
         city we know there)",
        "the lead's Country says Germany",
    );
    let british = place("a@firm.co.uk", "", ["", "Washington", ""]);
    assert_eq!(british.zone.name(), "Europe/London");
}

#[test]
fn domains_tell_the_country_unless_their_ending_is_for_sale() {
    for (email, website, zone, country) in [
        ("a@firm.de", "", "Europe/Berlin", "DE"),
        ("a@firm.co.uk", "", "Europe/London", "GB"),
        ("a@firm.com.au", "", "Australia/Sydney", "AU"),
        (
            "a@gmail.com",
            "https://www.firm.fr/de?x=.it",
            "Europe/Paris",
            "FR",
        ),
        ("a@firm.io", "firm.nl:8080", "Europe/Amsterdam", "NL"),
        ("a@firm.io", "https://firm.ai", "UTC", "US"),
        ("a@firm.co", "", "UTC", "US"),
        ("a@firm.me", "", "UTC", "US"),
        ("a@firm.tv", "", "UTC", "US"),
        ("a@firm.eu", "", "UTC", "US"),
        ("a@firm.com", "not a website", "UTC", "US"),
        (
            "a@firm.com",
            "https://user@firm.ie@x.be/",
            "Europe/Brussels",
            "BE",
        ),
    ] {
        let place = place(email, website, ["", "", ""]);
        assert_eq!(
            (place.zone.name(), place.country.as_str()),
            (zone, country),
            "{email} {website}"
        );
    }
}

#[test]
fn reasons_are_sentences_people_understand() {
    check_reasons(
        ["", "", "Europe/Berlin"],
        "the lead's Timezone says Europe/Berlin",
        "the lead's Timezone lies in Germany",
    );
    check_reasons(
        ["", "Lyon", ""],
        "the lead's City says Lyon (France), which keeps Europe/Paris",
        "the lead's City lies in France",
    );
    check_reasons(
        ["US", "Springfield", ""],
        "the lead's City says Springfield; the largest fitting one (United States) keeps \
         America/Chicago",
        "the lead's Country says United States",
    );
    check_reasons(
        ["Spain", "", ""],
        "the lead's Country says Spain, where most people keep Europe/Madrid",
        "the lead's Country says Spain",
    );
    check_reasons(
        ["Narnia", "Cair Paravel", "Berlin time"],
        "nothing tells the lead's zone, so the default UTC (its Timezone `Berlin time` is no \
         IANA time zone) (its City `Cair Paravel` is no large city we know there)",
        "nothing tells the lead's country, so the holidays of United States (its Country \
         `Narnia` is no country we know)",
    );
    let by_domain = place("a@firm.nz", "", ["", "", ""]);
    let expected =
        "the mail domain ends in .nz of New Zealand, where most people keep Pacific/Auckland";
    assert_eq!(by_domain.zone_reason, expected);
}

#[test]
fn hostile_texts_stay_short_and_on_one_line() {
    let long = "Z\r\nBcc: x\u{1b}[31m".repeat(10_000);
    let place = place("a@firm.example", &long, [&long, &long, &long]);
    for reason in [place.zone_reason, place.country_reason] {
        assert!(
            reason.len() < 300 && !reason.chars().any(char::is_control),
            "{reason}"
        );
    }
    assert_eq!(place.zone, Zone::utc());
}

#[test]
fn the_table_is_sorted_and_every_zone_in_it_exists() {
    assert!(CITIES.len() > 15_000);
    assert!(CITIES.is_sorted_by_key(|city| city.name));
    let mut names: Vec<&str> = CITIES.iter().map(City::zone_name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        assert!(Zone::parse(name).is_ok(), "{name}");
    }
    for city in CITIES.iter() {
        assert_eq!(fold(city.name), city.name, "the two foldings differ");
    }
}

#[test]
fn cities_are_known_by_name() {
    for (name, expected) in [
        ("Kraków", true),
        ("krakow", true),
        ("New York City", true),
        ("Antwerp", true),
        ("Nowhereville", false),
        ("", false),
    ] {
        assert_eq!(is_city(name), expected, "{name}");
    }
}
