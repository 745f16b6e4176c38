//! The fields we read of a lead, with the column names that stand for them.

use serde::{Deserialize, Serialize};

/// A field that people own and we read (spec: Airtable fields). `key()` is its name in our own
/// storage and, in capitals, in `AIRTABLE_FIELD_<KEY>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each variant is named like its column; see `columns`"
)]
pub enum ReadField {
    FullName,
    Email,
    Company,
    JobTitle,
    LinkedinUrl,
    Website,
    CompanyDescription,
    TopServices,
    Tone,
    WebsiteInsights,
    BusinessType,
    EmailConfidenceLevel,
    EngagementStatus,
    Replied,
    DateMessaged,
    Industry,
    CompanySize,
    Country,
    City,
    Timezone,
    Language,
    CampaignCommand,
}

impl ReadField {
    /// Every field.
    pub const ALL: [ReadField; 22] = [
        ReadField::FullName,
        ReadField::Email,
        ReadField::Company,
        ReadField::JobTitle,
        ReadField::LinkedinUrl,
        ReadField::Website,
        ReadField::CompanyDescription,
        ReadField::TopServices,
        ReadField::Tone,
        ReadField::WebsiteInsights,
        ReadField::BusinessType,
        ReadField::EmailConfidenceLevel,
        ReadField::EngagementStatus,
        ReadField::Replied,
        ReadField::DateMessaged,
        ReadField::Industry,
        ReadField::CompanySize,
        ReadField::Country,
        ReadField::City,
        ReadField::Timezone,
        ReadField::Language,
        ReadField::CampaignCommand,
    ];

    /// The name in our own storage.
    pub fn key(self) -> &'static str {
        match self {
            ReadField::FullName => "full_name",
            ReadField::Email => "email",
            ReadField::Company => "company",
            ReadField::JobTitle => "job_title",
            ReadField::LinkedinUrl => "linkedin_url",
            ReadField::Website => "website",
            ReadField::CompanyDescription => "company_description",
            ReadField::TopServices => "top_services",
            ReadField::Tone => "tone",
            ReadField::WebsiteInsights => "website_insights",
            ReadField::BusinessType => "business_type",
            ReadField::EmailConfidenceLevel => "email_confidence_level",
            ReadField::EngagementStatus => "engagement_status",
            ReadField::Replied => "replied",
            ReadField::DateMessaged => "date_messaged",
            ReadField::Industry => "industry",
            ReadField::CompanySize => "company_size",
            ReadField::Country => "country",
            ReadField::City => "city",
            ReadField::Timezone => "timezone",
            ReadField::Language => "language",
            ReadField::CampaignCommand => "campaign_command",
        }
    }

    /// The column names that stand for this field, the preferred one first. They are matched
    /// exactly first, then without regard to case, spaces and underscores.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            ReadField::FullName => &["Full Name", "Name"],
            ReadField::Email => &["Email"],
            ReadField::Company => &["Company", "Company Name"],
            ReadField::JobTitle => &["Job Title", "Title"],
            ReadField::LinkedinUrl => &["LinkedIn URL"],
            ReadField::Website => &["Website"],
            ReadField::CompanyDescription => &["Company_Description", "Company Description"],
            ReadField::TopServices => &["Top_Services", "Top Services"],
            ReadField::Tone => &["Tone"],
            ReadField::WebsiteInsights => &["Website_Insights", "Website Insights"],
            ReadField::BusinessType => &["Business_Type", "Business Type"],
            ReadField::EmailConfidenceLevel => &["Email_Confidence_Level"],
            ReadField::EngagementStatus => &["Engagement_Status"],
            ReadField::Replied => &["Replied"],
            ReadField::DateMessaged => &["Date Messaged"],
            ReadField::Industry => &["Industry"],
            ReadField::CompanySize => &["Company_Size", "Company Size"],
            ReadField::Country => &["Country"],
            ReadField::City => &["City", "Location"],
            ReadField::Timezone => &["Timezone"],
            ReadField::Language => &["Language"],
            ReadField::CampaignCommand => &["Campaign_Command"],
        }
    }

    /// Whether the program cannot work without this column: it decides who may be written to.
    pub fn is_required(self) -> bool {
        matches!(
            self,
            ReadField::FullName
                | ReadField::Email
                | ReadField::Company
                | ReadField::EmailConfidenceLevel
                | ReadField::EngagementStatus
        )
    }
}
