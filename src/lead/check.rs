//! The data check: from the texts of a record to a lead, or to the one reason against it.

use super::{
    Confidence, EmailAddress, Lead, RawLead, ReadField, Reject, RejectReason, company, domains,
    person, role, text, website,
};

/// The longest description and the longest insights a lead keeps, in characters: what a template or
/// a prompt can use.
const DESCRIPTION_LEN_MAX: usize = 600;
const INSIGHTS_LEN_MAX: usize = 300;

/// The longest job title, city and the like; a longer one is a text in the wrong column.
const LABEL_LEN_MAX: usize = 80;

/// Tests one record in the order of [`RejectReason::ALL`] as far as a record alone can tell; what
/// the ledger knows (suppressions, open campaigns, doubles) is decided by those who read it.
pub fn parse(raw: &RawLead) -> Result<Lead, Reject> {
    let (email, confidence) = trusted_address(raw)?;
    may_be_engaged(raw)?;
    content(raw, email, confidence)
}

/// [`parse`] without looking at the engagement status and at earlier contact: for a lead that
/// already has a campaign, because then it is we who wrote them.
pub fn content_check(raw: &RawLead) -> Result<Lead, Reject> {
    let (email, confidence) = trusted_address(raw)?;
    content(raw, email, confidence)
}

/// Whom a mail to this lead goes to: the address, and the name that passed the data check. The
/// verdict is that of [`content_check`]; the fields that only the writer of a mail needs are not
/// read again, because every single mail asks.
pub fn addressee(raw: &RawLead) -> Result<(EmailAddress, String), Reject> {
    let (email, _) = trusted_address(raw)?;
    let name = name(raw, &email)?;
    company(raw, &name.full)?;
    Ok((email, name.full))
}

fn trusted_address(raw: &RawLead) -> Result<(EmailAddress, Confidence), Reject> {
    let written = raw.get(ReadField::Email);
    if text::one_line(written).is_empty() {
        return Err(Reject::new(
            RejectReason::MissingEmail,
            "there is no e-mail address",
        ));
    }
    let shown = text::shown(written);
    let email = EmailAddress::parse(written).map_err(|err| {
        Reject::new(
            RejectReason::InvalidEmail,
            format!("`{shown}` cannot be written to: {err:#}"),
        )
    })?;
    if domains::is_disposable(email.domain()) {
        let detail = format!("`{shown}` is a throw-away address");
        return Err(Reject::new(RejectReason::InvalidEmail, detail));
    }
    if role::is_role(email.local()) {
        let detail = format!("`{shown}` belongs to a function, not to a person");
        return Err(Reject::new(RejectReason::RoleAddress, detail));
    }
    Ok((email, confidence(raw)?))
}

fn confidence(raw: &RawLead) -> Result<Confidence, Reject> {
    let level = text::shown(raw.get(ReadField::EmailConfidenceLevel));
    let known = [Confidence::Real, Confidence::Pattern];
    let found = known
        .into_iter()
        .find(|known| level.eq_ignore_ascii_case(known.as_str()));
    found.ok_or_else(|| {
        let found = if level.is_empty() {
            "nothing".to_string()
        } else {
            format!("`{level}`")
        };
        let detail = format!("the address must be `Real` or `Pattern`, found {found}");
        Reject::new(RejectReason::LowConfidence, detail)
    })
}

fn may_be_engaged(raw: &RawLead) -> Result<(), Reject> {
    let status = text::shown(raw.get(ReadField::EngagementStatus));
    if !status.is_empty() && !status.eq_ignore_ascii_case("Auto-Send") {
        let detail = format!("Engagement_Status must be empty or `Auto-Send`, found `{status}`");
        return Err(Reject::new(RejectReason::EngagementStatus, detail));
    }
    let messaged = text::shown(raw.get(ReadField::DateMessaged));
    if !messaged.is_empty() {
        let detail = format!("Date Messaged says that they were written to: `{messaged}`");
        return Err(Reject::new(RejectReason::ContactedBefore, detail));
    }
    // Files write a checkbox in many ways; whatever is not clearly "no" is taken for "yes".
    let replied = text::shown(raw.get(ReadField::Replied)).to_lowercase();
    if !matches!(replied.as_str(), "" | "false" | "no" | "0" | "unchecked") {
        return Err(Reject::new(
            RejectReason::ContactedBefore,
            "Replied is ticked",
        ));
    }
    Ok(())
}

fn content(raw: &RawLead, email: EmailAddress, confidence: Confidence) -> Result<Lead, Reject> {
    let name = name(raw, &email)?;
    let company = company(raw, &name.full)?;
    let mut repairs = rereadings(raw, &name.full, &company.full);
    let website = website(raw, &mut repairs);
    let mut passage = |what: &str, field, len_max| {
        let passage = text::passage(raw.get(field), len_max);
        repairs.extend(passage.repair.map(|repair| format!("{what} {repair}")));
        passage.text
    };
    let description = passage(
        "the description",
        ReadField::CompanyDescription,
        DESCRIPTION_LEN_MAX,
    );
    let insights = passage(
        "the text on the website",
        ReadField::WebsiteInsights,
        INSIGHTS_LEN_MAX,
    );
    let services = services(raw, &mut repairs);
    let mut label = |what: &str, field| {
        let label = text::label(raw.get(field), LABEL_LEN_MAX);
        let written = raw.get(field);
        if label.is_empty() && !written.trim().is_empty() {
            repairs.push(format!("{what} `{}` was dropped", text::shown(written)));
        } else if !written.split_whitespace().eq(label.split_whitespace()) {
            repairs.push(reread(what, written, &label));
        }
        label
    };
    Ok(Lead {
        record_id: raw.record_id.clone(),
        job_title: label("the job title", ReadField::JobTitle),
        tone: label("the tone", ReadField::Tone),
        business_type: label("the business type", ReadField::BusinessType),
        industry: label("the industry", ReadField::Industry),
        company_size: label("the company size", ReadField::CompanySize),
        country: label("the country", ReadField::Country),
        city: label("the city", ReadField::City),
        timezone: label("the time zone", ReadField::Timezone),
        language: label("the language", ReadField::Language),
        email,
        full_name: name.full,
        first_name: name.first,
        company: company.full,
        company_short: company.short,
        website,
        description,
        services,
        insights,
        confidence,
        repairs,
    })
}

fn name(raw: &RawLead, email: &EmailAddress) -> Result<person::PersonName, Reject> {
    let written = raw.get(ReadField::FullName);
    if text::one_line(written).is_empty() {
        return Err(Reject::new(RejectReason::MissingName, "there is no name"));
    }
    let shown = text::shown(written);
    let company = text::one_line(raw.get(ReadField::Company));
    let name = person::parse(written, &company).map_err(|err| {
        Reject::new(
            RejectReason::InvalidName,
            format!("`{shown}` is no person's name: {err:#}"),
        )
    })?;
    let is_company = company::is_same_name(&name.full, &company)
        || company::is_same_name(&name.full, &company::short(&company));
    if is_company && !is_named_in(email, &name.full) {
        let detail = format!("`{shown}` is no person's name: it is the name of the company");
        return Err(Reject::new(RejectReason::InvalidName, detail));
    }
    Ok(name)
}

/// Whether the address holds a word of the name: then a firm bears its owner's name, as in
/// `Ada Vey LLC`, and it is not the firm's name that stands in the wrong column.
fn is_named_in(email: &EmailAddress, name: &str) -> bool {
    let local = email.local().to_lowercase();
    name.to_lowercase()
        .split(' ')
        .any(|word| word.len() > 2 && local.contains(word))
}

fn company(raw: &RawLead, person: &str) -> Result<company::CompanyName, Reject> {
    let written = raw.get(ReadField::Company);
    if text::one_line(written).is_empty() {
        return Err(Reject::new(
            RejectReason::MissingCompany,
            "there is no company",
        ));
    }
    company::parse(written, person).map_err(|err| {
        let shown = text::shown(written);
        Reject::new(
            RejectReason::InvalidCompany,
            format!("`{shown}` is no company: {err:#}"),
        )
    })
}

/// What was mended in a record's address, if anything: also of a lead that is rejected for another
/// reason, because its address is compared with those of others all the same.
pub fn address_repair(raw: &RawLead) -> Option<String> {
    let written = raw.get(ReadField::Email);
    let email = EmailAddress::parse(written).ok()?;
    // Domains are lower case by nature; saying so of every second lead would bury the real repairs.
    let is_same = written.trim().eq_ignore_ascii_case(email.as_str());
    (!is_same).then(|| reread("the address", written, email.as_str()))
}

/// The repairs of the three texts that decide: address, name, company.
fn rereadings(raw: &RawLead, name: &str, company: &str) -> Vec<String> {
    let mut repairs: Vec<String> = address_repair(raw).into_iter().collect();
    for (what, field, read) in [
        ("the name", ReadField::FullName, name),
        ("the company", ReadField::Company, company),
    ] {
        let written = raw.get(field);
        if !written.split_whitespace().eq(read.split(' ')) {
            repairs.push(reread(what, written, read));
        }
    }
    repairs
}

fn website(raw: &RawLead, repairs: &mut Vec<String>) -> String {
    let written = raw.get(ReadField::Website);
    match website::parse(written) {
        Ok(website) => {
            // A scheme that was not written and a stroke at the end change nothing.
            let bare = |text: &str| {
                let text = text.trim().to_lowercase();
                let rest = text
                    .split_once("://")
                    .map_or(text.as_str(), |(_, rest)| rest);
                rest.trim_end_matches('/').to_string()
            };
            if bare(written) != bare(&website) {
                repairs.push(reread("the website", written, &website));
            }
            website
        }
        Err(err) => {
            let shown = text::shown(written);
            repairs.push(format!("the website `{shown}` was dropped: {err:#}"));
            String::new()
        }
    }
}

fn services(raw: &RawLead, repairs: &mut Vec<String>) -> Vec<String> {
    let (services, n_left_out) = text::services(raw.get(ReadField::TopServices));
    match (services.len(), n_left_out) {
        (_, 0) => {}
        (0, _) => repairs.push("the services were dropped: they name none".to_string()),
        (kept, left_out) => repairs.push(format!(
            "{left_out} of {} services were left out: beyond the eighth, too long, or no words",
            kept + left_out
        )),
    }
    services
}

fn reread(what: &str, written: &str, read: &str) -> String {
    let shown = text::shown(written);
    if shown == read {
        return format!("{what} `{shown}` held invisible or unusual forms of characters");
    }
    format!("{what} `{shown}` was read as `{read}`")
}

#[cfg(test)]
mod tests;
