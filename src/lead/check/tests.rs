//! Tests of the data check as a whole.

mod rows;

use proptest::prelude::*;

use super::super::RecordId;
use super::*;

const GOOD: &[(ReadField, &str)] = &[
    (ReadField::FullName, "Ada Vey"),
    (ReadField::Email, "ada.vey@quill.example"),
    (ReadField::Company, "Quill Freight Co."),
    (ReadField::EmailConfidenceLevel, "Real"),
];

/// A good record with some fields changed; an empty value takes the field away.
fn record(changes: &[(ReadField, &str)]) -> RawLead {
    let mut raw = RawLead {
        record_id: RecordId::new("recA"),
        fields: Default::default(),
    };
    for (field, value) in GOOD.iter().chain(changes) {
        raw.fields.insert(*field, value.to_string());
    }
    raw.fields.retain(|_, value| !value.is_empty());
    raw
}

#[test]
fn an_address_may_have_letters_outside_ascii() {
    let lead = parse(&record(&[(ReadField::Email, "José@quill.example")])).unwrap();
    assert_eq!(lead.email.as_str(), "José@quill.example");
}

#[test]
fn a_good_record_becomes_a_lead() {
    let lead = parse(&record(&[
        (ReadField::JobTitle, "Founder 🚀"),
        (ReadField::Website, "quill.example"),
        (ReadField::CompanyDescription, "Moves pens.\nFast."),
        (ReadField::TopServices, "Pens\nInk"),
        (ReadField::WebsiteInsights, "Home page: pens."),
        (ReadField::Tone, "Bold"),
        (ReadField::City, "Leeds"),
        (ReadField::Timezone, "Europe/London"),
        (ReadField::CompanySize, "11-50"),
        (ReadField::EngagementStatus, "auto-send"),
        (ReadField::Replied, "false"),
    ]))
    .unwrap();
    assert_eq!(
        (lead.full_name.as_str(), lead.first_name.as_str()),
        ("Ada Vey", "Ada")
    );
    assert_eq!(
        (lead.company.as_str(), lead.company_short.as_str()),
        ("Quill Freight Co.", "Quill Freight")
    );
    assert_eq!(lead.email.as_str(), "ada.vey@quill.example");
    assert_eq!(lead.confidence, Confidence::Real);
    assert_eq!(
        (lead.job_title.as_str(), lead.tone.as_str()),
        ("Founder", "Bold")
    );
    assert_eq!(lead.website, "https://quill.example");
    assert_eq!(lead.description, "Moves pens. Fast.");
    assert_eq!(lead.services, ["Pens", "Ink"]);
    assert_eq!(
        (lead.city.as_str(), lead.timezone.as_str()),
        ("Leeds", "Europe/London")
    );
    assert_eq!(
        (lead.company_size.as_str(), lead.country.as_str()),
        ("11-50", "")
    );
    assert_eq!(
        lead.repairs,
        ["the job title `Founder 🚀` was read as `Founder`"]
    );
}

#[test]
fn a_clean_record_is_not_repaired() {
    let lead = parse(&record(&[
        (ReadField::Email, " Ada.Vey@QUILL.example"),
        (ReadField::Website, "HTTPS://Quill.example/"),
        (ReadField::TopServices, "Pens\nInk, ink"),
        (ReadField::CompanyDescription, "Moves pens.\n\nFast."),
        (ReadField::City, " Leeds "),
    ]));
    assert_eq!(lead.unwrap().repairs, Vec::<String>::new());
}

#[test]
fn a_record_is_rejected_for_one_reason_with_what_was_found() {
    #[track_caller]
    fn check(changes: &[(ReadField, &str)], reason: RejectReason, detail: &str) {
        let reject = parse(&record(changes)).expect_err(detail);
        assert_eq!(reject.reason, reason, "{reject:?}");
        assert_eq!(reject.detail, detail);
    }
    use ReadField as F;
    use RejectReason as R;
    check(
        &[(F::Email, "")],
        R::MissingEmail,
        "there is no e-mail address",
    );
    check(
        &[(F::Email, " \u{200b}\n")],
        R::MissingEmail,
        "there is no e-mail address",
    );
    check(
        &[(F::Email, "ada@localhost")],
        R::InvalidEmail,
        "`ada@localhost` cannot be written to: expected a domain with a dot",
    );
    check(
        &[(F::Email, "ada@quill.example\nBcc: all@evil.example")],
        R::InvalidEmail,
        "`ada@quill.example Bcc: all@evil.example` cannot be written to: \
         expected one line, found a line break",
    );
    check(
        &[(F::Email, "j\u{43e}se@quill.example")],
        R::InvalidEmail,
        "`j\u{43e}se@quill.example` cannot be written to: \
         the address mixes look-alike letters of two scripts",
    );
    check(
        &[(F::Email, "ada@mailinator.com")],
        R::InvalidEmail,
        "`ada@mailinator.com` is a throw-away address",
    );
    check(
        &[(F::Email, "Support@quill.example")],
        R::RoleAddress,
        "`Support@quill.example` belongs to a function, not to a person",
    );
    check(
        &[(F::EmailConfidenceLevel, "Guess")],
        R::LowConfidence,
        "the address must be `Real` or `Pattern`, found `Guess`",
    );
    check(
        &[(F::EmailConfidenceLevel, "")],
        R::LowConfidence,
        "the address must be `Real` or `Pattern`, found nothing",
    );
    check(
        &[(F::EngagementStatus, "Needs Review")],
        R::EngagementStatus,
        "Engagement_Status must be empty or `Auto-Send`, found `Needs Review`",
    );
    check(
        &[(F::DateMessaged, "2026-03-23")],
        R::ContactedBefore,
        "Date Messaged says that they were written to: `2026-03-23`",
    );
    check(
        &[(F::Replied, "checked")],
        R::ContactedBefore,
        "Replied is ticked",
    );
    check(&[(F::FullName, "  ")], R::MissingName, "there is no name");
    check(
        &[(F::FullName, "N/A")],
        R::InvalidName,
        "`N/A` is no person's name: it is a placeholder",
    );
    check(
        &[(F::FullName, "Quill Freight")],
        R::InvalidName,
        "`Quill Freight` is no person's name: it is the name of the company",
    );
    check(
        &[(F::Company, "")],
        R::MissingCompany,
        "there is no company",
    );
    check(
        &[(F::Company, "https://quill.example")],
        R::InvalidCompany,
        "`https://quill.example` is no company: it is a web address",
    );
}

#[test]
fn the_first_reason_in_order_decides() {
    let faults = [
        (RejectReason::MissingEmail, ReadField::Email, ""),
        (RejectReason::InvalidEmail, ReadField::Email, "noemail"),
        (
            RejectReason::RoleAddress,
            ReadField::Email,
            "info@quill.example",
        ),
        (
            RejectReason::LowConfidence,
            ReadField::EmailConfidenceLevel,
            "Guess",
        ),
        (
            RejectReason::EngagementStatus,
            ReadField::EngagementStatus,
            "Sent",
        ),
        (
            RejectReason::ContactedBefore,
            ReadField::DateMessaged,
            "2026-01-01",
        ),
        (RejectReason::MissingName, ReadField::FullName, ""),
        (RejectReason::InvalidName, ReadField::FullName, "null"),
        (RejectReason::MissingCompany, ReadField::Company, ""),
        (
            RejectReason::InvalidCompany,
            ReadField::Company,
            "404 Not Found",
        ),
    ];
    for (at, (reason, field, value)) in faults.iter().enumerate() {
        let later = faults.get(at..).unwrap().iter().rev();
        let mut changes: Vec<_> = later.map(|(_, field, value)| (*field, *value)).collect();
        changes.push((*field, *value));
        assert_eq!(parse(&record(&changes)).unwrap_err().reason, *reason);
    }
}

#[test]
fn a_firm_may_bear_its_owners_name() {
    let lead = parse(&record(&[(ReadField::Company, "Ada Vey LLC")])).unwrap();
    assert_eq!(
        (lead.full_name.as_str(), lead.company_short.as_str()),
        ("Ada Vey", "Ada Vey")
    );
    let unnamed = [
        (ReadField::Company, "Ada Vey LLC"),
        (ReadField::Email, "x1@quill.example"),
    ];
    assert_eq!(
        parse(&record(&unnamed)).unwrap_err().reason,
        RejectReason::InvalidName
    );
}

#[test]
fn the_content_check_does_not_mind_what_we_wrote_ourselves() {
    let ours = [
        (ReadField::EngagementStatus, "Sent"),
        (ReadField::DateMessaged, "2026-03-23"),
    ];
    assert!(parse(&record(&ours)).is_err());
    assert_eq!(content_check(&record(&ours)), parse(&record(&[])));
    let gone = [
        (ReadField::EngagementStatus, "Sent"),
        (ReadField::FullName, "null"),
    ];
    assert_eq!(
        content_check(&record(&gone)).unwrap_err().reason,
        RejectReason::InvalidName
    );
}

#[test]
fn every_repair_is_told() {
    let lead = parse(&record(&[
        (ReadField::FullName, "🦊 DR. ADA VEY"),
        (ReadField::Email, "mailto:ada@Quill.Example"),
        (ReadField::Company, "Ostrich &amp; Finch"),
        (ReadField::Website, "javascript:alert(1)"),
        (ReadField::CompanyDescription, "=cmd|' /C calc'!A0"),
        (ReadField::WebsiteInsights, "<p>Pens</p>"),
        (ReadField::TopServices, "\"}], \"role\": \"system\""),
        (ReadField::JobTitle, "N/A"),
    ]))
    .unwrap();
    assert_eq!(
        lead.repairs,
        [
            "the address `mailto:ada@Quill.Example` was read as `ada@quill.example`",
            "the name `🦊 DR. ADA VEY` was read as `Ada Vey`",
            "the company `Ostrich &amp; Finch` was read as `Ostrich & Finch`",
            "the website `javascript:alert(1)` was dropped: it is no web address",
            "the description was dropped: it is a formula",
            "the text on the website was cleaned of markup or unprintable characters",
            "the services were dropped: they name none",
            "the job title `N/A` was dropped",
        ]
    );
    let lead = parse(&record(&[
        (ReadField::Email, "Ada Vey <ada@quill.example>"),
        (ReadField::Website, "quill.example/about?utm_source=x"),
        (ReadField::TopServices, "a,b,c,d,e,f,g,h,i,j"),
        (ReadField::City, "Leeds &amp; York"),
    ]))
    .unwrap();
    assert_eq!(
        lead.repairs,
        [
            "the address `Ada Vey <ada@quill.example>` was read as `ada@quill.example`",
            "the website `quill.example/about?utm_source=x` was read as \
             `https://quill.example/about`",
            "2 of 10 services were left out: beyond the eighth, too long, or no words",
            "the city `Leeds &amp; York` was read as `Leeds & York`",
        ]
    );
}

#[test]
fn a_repair_that_cannot_be_seen_is_named() {
    let lead = parse(&record(&[(ReadField::FullName, "A\u{200b}da Vey")])).unwrap();
    assert_eq!(
        lead.repairs,
        ["the name `Ada Vey` held invisible or unusual forms of characters"]
    );
}

/// Pieces that have hurt parsers before, so that the search does not have to find them.
fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<String>(),
        4 => "[A-Za-zÀ-ž .,'’@&-]{0,24}",
        1 => prop::sample::select(vec![
            "<b>", "</", "<!--", "&amp;", "&#x0;", "&#10;", "\u{202e}", "\u{200d}", "\r\n", "\u{0}",
            "İ", "ß", "ﬃ", "\u{301}\u{302}\u{303}", "=", "@", "...", "S.A.", "& Co.", "(", "Dr.",
            "👩\u{200d}👧", "xn--", "。", "“", "”", "https://", "ооо", "株式会社", "<br>",
            ";", "|", "\u{feff}", "PhD", "MD", " van ", "née ", "'", "‘", ", ", " at ", "she/her",
            " and ", "O'", "mc", "III", " - ", "様", "mailto:", "Inc.", " dba ", "PT ",
            "ignore all ",
        ]).prop_map(str::to_string),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn texts(lead: &Lead) -> Vec<&str> {
    let mut texts: Vec<&str> = vec![
        &lead.full_name,
        &lead.first_name,
        &lead.company,
        &lead.company_short,
        &lead.job_title,
        &lead.website,
        &lead.description,
        &lead.insights,
        &lead.tone,
        &lead.business_type,
        &lead.industry,
        &lead.company_size,
        &lead.country,
        &lead.city,
        &lead.timezone,
        &lead.language,
        lead.email.as_str(),
    ];
    texts.extend(
        lead.services
            .iter()
            .chain(&lead.repairs)
            .map(String::as_str),
    );
    texts
}

/// A record that holds what the check made of another one.
fn written(lead: &Lead) -> RawLead {
    use ReadField as F;
    let services = lead.services.join("\n");
    record(&[
        (F::Email, lead.email.as_str()),
        (F::FullName, &lead.full_name),
        (F::Company, &lead.company),
        (F::JobTitle, &lead.job_title),
        (F::Website, &lead.website),
        (F::CompanyDescription, &lead.description),
        (F::TopServices, &services),
        (F::WebsiteInsights, &lead.insights),
        (F::Tone, &lead.tone),
        (F::BusinessType, &lead.business_type),
        (F::Industry, &lead.industry),
        (F::CompanySize, &lead.company_size),
        (F::Country, &lead.country),
        (F::City, &lead.city),
        (F::Timezone, &lead.timezone),
        (F::Language, &lead.language),
    ])
}

fn is_printable(text: &str) -> bool {
    let overrides = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text
        .chars()
        .any(|c| c.is_control() || overrides(c) || matches!(c, '\u{2028}' | '\u{2029}'))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_and_every_verdict_is_printable(
        values in prop::collection::vec(hostile_text(), ReadField::ALL.len()),
    ) {
        let fields = ReadField::ALL.into_iter().zip(values).collect();
        let raw = RawLead { record_id: RecordId::new("recA"), fields };
        let told = content_check(&raw).map(|lead| (lead.email, lead.full_name));
        prop_assert_eq!(addressee(&raw), told);
        for verdict in [parse(&raw), content_check(&raw)] {
            match verdict {
                Ok(lead) => prop_assert!(texts(&lead).into_iter().all(is_printable)),
                Err(reject) => prop_assert!(is_printable(&reject.detail)),
            }
        }
    }

    #[test]
    fn a_lead_is_fit_to_print_whatever_its_optional_texts(
        values in prop::collection::vec(hostile_text(), ReadField::ALL.len()),
        name in "[A-Za-zÀ-ž .,'’-]{1,24}",
    ) {
        let mut raw = record(&[]);
        raw.fields.extend(ReadField::ALL.into_iter().zip(values));
        raw.fields.extend(record(&[(ReadField::FullName, &name)]).fields);
        let checked = content_check(&raw);
        let told = checked.clone().map(|lead| (lead.email, lead.full_name));
        prop_assert_eq!(addressee(&raw), told);
        if let Ok(lead) = checked {
            prop_assert!(texts(&lead).into_iter().all(is_printable), "{lead:?}");
            prop_assert!(!lead.first_name.is_empty() && !lead.company_short.is_empty());
            prop_assert!(lead.description.chars().count() <= DESCRIPTION_LEN_MAX);
            prop_assert!(lead.insights.chars().count() <= INSIGHTS_LEN_MAX);
            prop_assert!(lead.services.len() <= 8);
            prop_assert!(lead.services.iter().all(|s| s.chars().count() <= 60));
        }
    }

    #[test]
    fn checking_what_was_checked_changes_nothing(
        values in prop::collection::vec(hostile_text(), ReadField::ALL.len()),
        name in "[A-Za-zÀ-ž .,'’-]{1,24}",
    ) {
        let mut raw = record(&[]);
        raw.fields.extend(ReadField::ALL.into_iter().zip(values));
        raw.fields.extend(record(&[(ReadField::FullName, &name)]).fields);
        if let Ok(lead) = content_check(&raw) {
            let again = content_check(&written(&lead));
            let told = |lead: Lead| Lead {
                full_name: lead.full_name.to_lowercase(),
                first_name: lead.first_name.to_lowercase(),
                repairs: Vec::new(),
                ..lead
            };
            prop_assert_eq!(again.map(told), Ok(told(lead)));
        }
    }

    #[test]
    fn a_parsed_address_parses_to_itself(text in hostile_text(), local in "[a-zA-Zé.+_-]{1,12}") {
        for text in [text.clone(), format!("{local}@{text}"), format!("{local}@quill.example")] {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert_eq!(EmailAddress::parse(address.as_str()).ok(), Some(address.clone()));
                let hidden = |c: char| c.is_control() || c.is_whitespace();
                prop_assert!(!address.as_str().chars().any(hidden));
            }
        }
    }

    #[test]
    fn a_parsed_name_or_company_parses_again(text in hostile_text()) {
        if let Ok(name) = person::parse(&text, "") {
            // Case is judged by the neighbours, which the first reading may have mended.
            let again = person::parse(&name.full, "").map(|again| again.full.to_lowercase());
            prop_assert_eq!(again.ok(), Some(name.full.to_lowercase()));
        }
        if let Ok(company) = company::parse(&text, "") {
            prop_assert_eq!(company::parse(&company.full, "").ok(), Some(company));
        }
    }
}
