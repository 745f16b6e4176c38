//! A lead: a person we may write to, and whether we may.
//!
//! Purpose: turn the texts people keep in a table into a [`Lead`] whose address, name and company
//! can be trusted in a mail, or into a [`Reject`] with one named reason.
//! Invariant: a [`Lead`] exists only if every check of this module passed; every repair made on the
//! way is listed in [`Lead::repairs`].
//! This module does not know where the texts come from (Airtable, a file), nor what was sent
//! before.

mod address;
mod check;
mod company;
mod debris;
mod domains;
mod field;
mod flag;
mod person;
mod role;
mod seniority;
mod text;
mod website;

pub use address::EmailAddress;
pub use check::{address_repair, addressee, content_check, parse};
pub use domains::{is_disposable, is_free_mail, registrable_domain};
pub use field::ReadField;
pub use flag::{Flag, flags};
pub use role::is_role;
pub use seniority::Seniority;
pub use text::one_line;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The identity of a lead in the place it comes from: Airtable's record id (`rec…`), or for a row
/// of a file a stable hash of what identifies the row (`row…`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

impl RecordId {
    /// Takes an id as it is; ids are only ever compared and bound as SQL parameters.
    pub fn new(id: impl Into<String>) -> RecordId {
        RecordId(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A lead as it was read: hostile texts, nothing checked. A field that is empty or absent has no
/// entry (Airtable leaves empty cells out). Checkboxes are `"true"` or absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLead {
    /// Which record this is.
    pub record_id: RecordId,
    /// The values by field.
    pub fields: BTreeMap<ReadField, String>,
}

impl RawLead {
    /// The text of a field, `""` when there is none.
    pub fn get(&self, field: ReadField) -> &str {
        self.fields.get(&field).map_or("", String::as_str)
    }

    /// A hash of the content, equal exactly when all fields are equal: tells a changed record from
    /// one that was merely read again. Lengths are hashed too, as a value may hold any separator.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (field, value) in &self.fields {
            for part in [field.key(), value] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
        }
        hash.finalize()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// How sure the team is of the address (`Email_Confidence_Level`). `Guess` never becomes a
/// [`Lead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// The address was seen or verified.
    Real,
    /// The address follows the company's pattern.
    Pattern,
}

impl Confidence {
    /// The word used in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Real => "Real",
            Confidence::Pattern => "Pattern",
        }
    }
}

/// A lead that passed the data check: every text here may be put into a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Which record this is.
    pub record_id: RecordId,
    /// The normalised address.
    pub email: EmailAddress,
    /// The whole name, cased and without titles.
    pub full_name: String,
    /// The name for the greeting, `Ada` of `Dr. Ada LOVELACE`.
    pub first_name: String,
    /// The company as it is written, with its legal form.
    pub company: String,
    /// The company as a sentence names it: `Ferrous Freight` of `Ferrous Freight Co.`.
    pub company_short: String,
    /// The job title, or `""`.
    pub job_title: String,
    /// The website, or `""`.
    pub website: String,
    /// What the company does, cleaned and cut at a sentence, or `""`.
    pub description: String,
    /// The services the company names, at most eight, each one line.
    pub services: Vec<String>,
    /// What was noticed on the website, cleaned, or `""`.
    pub insights: String,
    /// The tone the team asked for (`Bold`, `Friendly`, …), or `""`.
    pub tone: String,
    /// The business type, or `""`.
    pub business_type: String,
    /// The industry, or `""`.
    pub industry: String,
    /// The company's size as a range of people (`11-50`), or `""`.
    pub company_size: String,
    /// The country as people wrote it (`DE`, `Germany`), or `""`.
    pub country: String,
    /// The city, or `""`.
    pub city: String,
    /// The IANA zone people wrote, unchecked, or `""`.
    pub timezone: String,
    /// The language people wrote, or `""`.
    pub language: String,
    /// How sure the address is.
    pub confidence: Confidence,
    /// What was mended on the way, each as a sentence for `explain`.
    pub repairs: Vec<String>,
}

/// Why a lead gets no campaign. Each reason has a code that the counts, `explain` and Airtable
/// show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// No address at all.
    MissingEmail,
    /// An address that no mail can be sent to, or that should not be trusted.
    InvalidEmail,
    /// A mailbox of a function (`support@`), not of a person.
    RoleAddress,
    /// Confidence is neither Real nor Pattern.
    LowConfidence,
    /// Engagement_Status is neither empty nor Auto-Send.
    EngagementStatus,
    /// Date Messaged, Replied or our own ledger say that the person was written to before.
    ContactedBefore,
    /// The address or its domain is suppressed.
    Suppressed,
    /// A campaign for this lead is open.
    CampaignInProgress,
    /// Another lead has the same address.
    Duplicate,
    /// No name.
    MissingName,
    /// A name nobody has: a placeholder, a formula, the company, an address.
    InvalidName,
    /// No company.
    MissingCompany,
    /// A company name that is search-engine debris, a web address or a placeholder.
    InvalidCompany,
    /// The record was deleted in the base. No record tells that of itself: it is what the full read
    /// did not find.
    Removed,
}

impl RejectReason {
    /// Every reason, in the order they are tested; the last needs no test.
    pub const ALL: [RejectReason; 14] = [
        RejectReason::MissingEmail,
        RejectReason::InvalidEmail,
        RejectReason::RoleAddress,
        RejectReason::LowConfidence,
        RejectReason::EngagementStatus,
        RejectReason::ContactedBefore,
        RejectReason::Suppressed,
        RejectReason::CampaignInProgress,
        RejectReason::Duplicate,
        RejectReason::MissingName,
        RejectReason::InvalidName,
        RejectReason::MissingCompany,
        RejectReason::InvalidCompany,
        RejectReason::Removed,
    ];

    /// The code stored in the ledger and shown in counts.
    pub fn code(self) -> &'static str {
        match self {
            RejectReason::MissingEmail => "missing_email",
            RejectReason::InvalidEmail => "invalid_email",
            RejectReason::RoleAddress => "role_address",
            RejectReason::LowConfidence => "low_confidence",
            RejectReason::EngagementStatus => "engagement_status",
            RejectReason::ContactedBefore => "contacted_before",
            RejectReason::Suppressed => "suppressed",
            RejectReason::CampaignInProgress => "campaign_in_progress",
            RejectReason::Duplicate => "duplicate",
            RejectReason::MissingName => "missing_name",
            RejectReason::InvalidName => "invalid_name",
            RejectReason::MissingCompany => "missing_company",
            RejectReason::InvalidCompany => "invalid_company",
            RejectReason::Removed => "removed",
        }
    }
}

/// A lead that gets no campaign: the reason and a sentence about this very lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The one reason that decided.
    pub reason: RejectReason,
    /// What was found, in words a person can act on; holds no control characters.
    pub detail: String,
}

impl Reject {
    /// The reject of a lead whose record is gone.
    pub fn removed() -> Reject {
        Reject::new(RejectReason::Removed, "its record is no longer in the base")
    }

    /// A reject with its detail.
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Reject {
        Reject {
            reason,
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(fields: &[(ReadField, &str)]) -> RawLead {
        RawLead {
            record_id: RecordId::new("recA"),
            fields: fields
                .iter()
                .map(|(field, text)| (*field, text.to_string()))
                .collect(),
        }
    }

    #[test]
    fn a_fingerprint_tells_contents_apart_and_nothing_else() {
        use ReadField::{Company, Email, FullName};
        let print = |fields: &[(ReadField, &str)]| raw(fields).fingerprint();
        let one = print(&[(FullName, "Ada Vey"), (Email, "ada@quill.example")]);
        assert_eq!(one.len(), 32);
        assert!(one.bytes().all(|b| b.is_ascii_hexdigit()));
        let turned = print(&[(Email, "ada@quill.example"), (FullName, "Ada Vey")]);
        assert_eq!(one, turned);
        let mut moved = raw(&[(FullName, "Ada Vey"), (Email, "ada@quill.example")]);
        moved.record_id = RecordId::new("recB");
        assert_eq!(moved.fingerprint(), one, "the record's id is no content");
        for other in [
            print(&[]),
            print(&[(FullName, "Ada Vey")]),
            print(&[(FullName, "Ada Vey "), (Email, "ada@quill.example")]),
            print(&[(Company, "Ada Vey"), (Email, "ada@quill.example")]),
        ] {
            assert_ne!(one, other);
        }
        // A value that imitates the next field is still one value.
        assert_ne!(
            print(&[(FullName, "a\0email\0b")]),
            print(&[(FullName, "a"), (Email, "b")])
        );
        // It is stored: a change of it makes every record look changed once.
        assert_eq!(
            print(&[(FullName, "Ada Vey")]),
            "5764895293a8bf7d8f51cb08ede5cc62"
        );
    }

    #[test]
    fn reasons_have_codes_of_their_own() {
        let mut codes: Vec<&str> = RejectReason::ALL
            .iter()
            .map(|reason| reason.code())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RejectReason::ALL.len());
        assert!(RejectReason::ALL.is_sorted(), "as they are declared");
        assert_eq!(Reject::removed().reason.code(), "removed");
    }
}
