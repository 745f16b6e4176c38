//! A lead of which only the data is known: for judging texts that somebody else wrote.
//!
//! Purpose: the gate compares a text with the facts of its lead; people who test their own texts
//! give these facts as a table has them, often without an address or a confidence.
//! Invariant: every lead can be judged. Names are read as the data check reads them where it can;
//! all other facts are taken whole, since a text may repeat any of them.
//! This module decides nothing about whom to write to: its leads are never stored.

use crate::lead::{self, Confidence, EmailAddress, Lead, RawLead, ReadField, RecordId, one_line};

/// Stands where the data check asks for something the judged data has not got.
const NOBODY: [(ReadField, &str); 4] = [
    (ReadField::Email, "robin.reader@lead.example"),
    (ReadField::EmailConfidenceLevel, "Real"),
    (ReadField::FullName, "Robin Reader"),
    (ReadField::Company, "Quillmark"),
];

/// The lead as its data gives it, also where the data check would reject it.
pub fn lead_as_given(raw: &RawLead) -> Lead {
    let text = |field| one_line(raw.get(field));
    let (full_name, first_name) = person(raw);
    let (company, company_short) = company(raw);
    let services = raw.get(ReadField::TopServices);
    let services = services.split(['\n', '\r', ';', ',', '•', '|']);
    let services = services.map(|service| {
        let service = one_line(service);
        service.trim_matches(['-', '*', ' ', '.']).to_string()
    });
    Lead {
        record_id: RecordId::new(raw.record_id.as_str()),
        email: address(raw.get(ReadField::Email)),
        full_name,
        first_name,
        company,
        company_short,
        job_title: text(ReadField::JobTitle),
        website: text(ReadField::Website),
        description: text(ReadField::CompanyDescription),
        services: services.filter(|service| !service.is_empty()).collect(),
        insights: text(ReadField::WebsiteInsights),
        tone: text(ReadField::Tone),
        business_type: text(ReadField::BusinessType),
        industry: text(ReadField::Industry),
        company_size: text(ReadField::CompanySize),
        country: text(ReadField::Country),
        city: text(ReadField::City),
        timezone: text(ReadField::Timezone),
        language: text(ReadField::Language),
        confidence: Confidence::Real,
        repairs: Vec::new(),
    }
}

#[expect(
    clippy::expect_used,
    reason = "the fallback is a constant that a test reads"
)]
fn address(written: &str) -> EmailAddress {
    let [(_, nobody), ..] = NOBODY;
    EmailAddress::parse(written)
        .or_else(|_| EmailAddress::parse(nobody))
        .expect("a constant address")
}

/// What the data check makes of a record in which the given fields are somebody else's.
fn checked(raw: &RawLead, others: &[ReadField]) -> Option<Lead> {
    let mut raw = raw.clone();
    let always = [ReadField::Email, ReadField::EmailConfidenceLevel];
    for (field, text) in NOBODY {
        if always.contains(&field) || others.contains(&field) {
            raw.fields.insert(field, text.to_string());
        }
    }
    lead::content_check(&raw).ok()
}

/// The whole name, and the one for the greeting.
fn person(raw: &RawLead) -> (String, String) {
    let checked = checked(raw, &[]).or_else(|| checked(raw, &[ReadField::Company]));
    if let Some(lead) = checked {
        return (lead.full_name, lead.first_name);
    }
    let name = one_line(raw.get(ReadField::FullName));
    let first = name.split(' ').next().unwrap_or_default().to_string();
    (name, first)
}

/// The company as it writes itself, and as a sentence names it.
fn company(raw: &RawLead) -> (String, String) {
    let checked = checked(raw, &[]).or_else(|| checked(raw, &[ReadField::FullName]));
    if let Some(lead) = checked {
        return (lead.company, lead.company_short);
    }
    let company = one_line(raw.get(ReadField::Company));
    (company.clone(), company)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(fields: &[(ReadField, &str)]) -> Lead {
        lead_as_given(&RawLead {
            record_id: RecordId::new("judged"),
            fields: fields
                .iter()
                .map(|(field, text)| (*field, text.to_string()))
                .collect(),
        })
    }

    #[test]
    fn names_are_read_as_everywhere_and_facts_are_kept_whole() {
        let long = format!("Founded in 1987. {}It has 412 kilns.", "x".repeat(700));
        let lead = given(&[
            (ReadField::FullName, "Dr. Ada LOVELACE"),
            (ReadField::Company, "Kilnworks GmbH & Co. KG"),
            (ReadField::CompanyDescription, &long),
            (ReadField::TopServices, "- Firing\n- Glazing, 24 h\n"),
        ]);
        assert_eq!(lead.full_name, "Ada Lovelace");
        assert_eq!(lead.first_name, "Ada");
        assert_eq!(lead.company_short, "Kilnworks");
        assert!(lead.description.ends_with("412 kilns."));
        assert_eq!(lead.services, ["Firing", "Glazing", "24 h"]);
        assert_eq!(lead.email.domain(), "lead.example");
    }

    #[test]
    fn a_lead_that_would_be_rejected_is_taken_as_it_stands() {
        let lead = given(&[
            (ReadField::FullName, "N/A"),
            (ReadField::Company, "Kilnworks Ltd"),
            (ReadField::Email, "info@kilnworks.example"),
            (ReadField::EngagementStatus, "Sent"),
        ]);
        assert_eq!(lead.full_name, "N/A");
        assert_eq!(lead.company_short, "Kilnworks");
        assert_eq!(lead.email.as_str(), "info@kilnworks.example");
        let lead = given(&[
            (ReadField::FullName, "Ada Vey"),
            (ReadField::Company, "Home | About us"),
        ]);
        assert_eq!(lead.first_name, "Ada");
        assert_eq!(lead.company, "Home | About us");
        assert_eq!(given(&[]).first_name, "");
    }
}
