use super::*;
use crate::lead::{Confidence, EmailAddress, Lead, RecordId};

/// An invented lead, changed as a test wants it.
pub(in crate::copy) fn lead_with(change: impl FnOnce(&mut Lead)) -> Lead {
    let mut lead = Lead {
        record_id: RecordId::new("rec1"),
        email: EmailAddress::parse("ada@ferrousfreight.example").unwrap(),
        full_name: "Ada Wren".into(),
        first_name: "Ada".into(),
        company: "Ferrous Freight Co.".into(),
        company_short: "Ferrous Freight".into(),
        job_title: "Managing Director".into(),
        website: "https://ferrousfreight.example".into(),
        description: "Refrigerated carrier serving dairies across the Midwest with 86 trailers."
            .into(),
        services: vec![
            "Refrigerated LTL freight".into(),
            "Last-mile pharmacy delivery".into(),
        ],
        insights: String::new(),
        tone: String::new(),
        business_type: "Logistics".into(),
        industry: String::new(),
        company_size: "51-200".into(),
        country: "US".into(),
        city: "Chicago".into(),
        timezone: String::new(),
        language: String::new(),
        confidence: Confidence::Real,
        repairs: Vec::new(),
    };
    change(&mut lead);
    lead
}
