//! A crowd of invented leads whose data is as good and as bad as people's tables are.
//!
//! Everything is drawn by the lead's number, so a failing number can be looked at again.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::copy::quality::tests::lead_with;
use crate::copy::text::mix;
use crate::lead::{EmailAddress, Lead, RecordId};

/// The lists of `crowd.toml`.
#[derive(Deserialize)]
struct Crowd {
    first: Vec<String>,
    last: Vec<String>,
    names: Vec<String>,
    forms: Vec<String>,
    titles: Vec<String>,
    tones: Vec<String>,
    places: Vec<String>,
    kinds: Vec<Kind>,
}

/// What leads of one trade write into a table, from one word to a page.
#[derive(Deserialize)]
struct Kind {
    labels: Vec<String>,
    descriptions: Vec<String>,
    services: Vec<String>,
}

static CROWD: LazyLock<Crowd> =
    LazyLock::new(|| toml::from_str(include_str!("crowd.toml")).unwrap());

/// Draws one of many by the lead's number; `place` keeps the draws of one lead apart.
fn draw(from: &[String], n: usize, place: u64) -> &str {
    let number = mix(mix(n as u64) ^ place);
    &from[usize::try_from(number % from.len() as u64).unwrap()]
}

/// The n-th lead of the crowd; no two have a company or an address in common.
pub(super) fn lead(n: usize) -> Lead {
    lead_with(|lead| {
        let crowd = &*CROWD;
        let kind = &crowd.kinds[n % crowd.kinds.len()];
        let first = draw(&crowd.first, n, 1);
        let (names, forms) = (&crowd.names, &crowd.forms);
        let form = &forms[(n / names.len()) % forms.len()];
        let company = format!("{} {form}", names[n % names.len()]);
        let (label, industry) = draw(&kind.labels, n, 2).rsplit_once('/').unwrap();
        let (city, country) = draw(&crowd.places, n, 3).rsplit_once('/').unwrap();
        lead.record_id = RecordId::new(format!("rec{n:05}"));
        lead.email = EmailAddress::parse(&format!("p{n}@company{n}.example")).unwrap();
        lead.first_name = first.into();
        lead.full_name = format!("{first} {}", draw(&crowd.last, n, 4));
        lead.company = format!("{company} Ltd");
        lead.company_short = company;
        lead.job_title = draw(&crowd.titles, n, 5).into();
        lead.description = draw(&kind.descriptions, n, 6).into();
        let services = draw(&kind.services, n, 7).split('|');
        lead.services = services
            .filter(|service| !service.is_empty())
            .map(str::to_string)
            .collect();
        lead.tone = draw(&crowd.tones, n, 8).into();
        lead.business_type = label.into();
        lead.industry = industry.into();
        lead.city = city.into();
        lead.country = country.into();
        lead.website = format!("https://company{n}.example");
        lead.company_size = ["", "11-50", "51-200", "1000+"][n % 4].into();
    })
}
