//! The plain facts that figures are counted from: one campaign with its messages at a time.
//!
//! Words are taken as they are stored; what they mean for the figures is decided where they are
//! counted. This file does not know how the facts were read.

use chrono::{DateTime, Utc};

use super::Dimension;
use crate::inbound::ResponseType;

/// A campaign.
#[derive(Clone, Copy, Debug)]
pub struct Campaign<'a> {
    /// The lead, as a number that is its own.
    pub lead: i64,
    /// Where it stands, the word of the ledger.
    pub state: &'a str,
    /// The lead's IANA zone.
    pub zone: &'a str,
    /// How it was answered.
    pub response: Option<ResponseType>,
    /// When it was answered.
    pub response_at: Option<DateTime<Utc>>,
    /// The label of the step that was answered.
    pub responding_step: Option<&'a str>,
    /// What it is told apart by.
    pub traits: Traits<'a>,
}

/// What a campaign is told apart by; `""` for what is not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traits<'a> {
    /// The lead's industry.
    pub industry: &'a str,
    /// The size of the lead's company.
    pub company_size: &'a str,
    /// How senior the lead is; `unknown` says as little as `""`.
    pub seniority: &'a str,
    /// The lead's country, by its ISO code.
    pub country: &'a str,
    /// The tone asked for.
    pub tone: &'a str,
    /// How sure the address is.
    pub confidence: &'a str,
    /// The From address.
    pub sender: &'a str,
    /// Who wrote it, `template:plain` or `model:gpt-4`, and behind ` (` why so.
    pub writer: &'a str,
}

/// The dimensions of campaigns, in their order.
pub(super) const OF_CAMPAIGNS: [Dimension; 9] = [
    Dimension::Industry,
    Dimension::CompanySize,
    Dimension::Seniority,
    Dimension::Country,
    Dimension::Tone,
    Dimension::Confidence,
    Dimension::Sender,
    Dimension::Writer,
    Dimension::Variant,
];

impl<'a> Traits<'a> {
    /// The values in the order of [`OF_CAMPAIGNS`].
    pub(super) fn values(&self) -> [&'a str; 9] {
        let variant = self.writer.split_once(" (").map_or(self.writer, |(v, _)| v);
        let writer = variant
            .split_once(':')
            .map_or(variant, |(writer, _)| writer);
        let seniority = match self.seniority {
            "unknown" => "",
            known => known,
        };
        [
            self.industry,
            self.company_size,
            seniority,
            self.country,
            self.tone,
            self.confidence,
            self.sender,
            writer,
            variant,
        ]
    }
}

/// A step, as [`super::Counter::step`] numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepCode(pub(super) u16);

/// A message of a campaign.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Its number in the ledger.
    pub id: i64,
    /// Its step.
    pub step: StepCode,
    /// Whether it left.
    pub fate: Fate,
    /// Whether its opens could be counted.
    pub tracks_opens: bool,
    /// Whether its clicks could be counted.
    pub tracks_clicks: bool,
    /// Opens by people.
    pub opens: u64,
    /// Clicks by people.
    pub clicks: u64,
    /// Opens by programs.
    pub machine_opens: u64,
    /// Clicks by programs.
    pub machine_clicks: u64,
    /// Whether a complaint about it was read.
    pub is_complained_about: bool,
    /// The wording of its subject; none when it is not known.
    pub subject_key: Option<i64>,
    /// The wording of its opening sentence; none when it is not known.
    pub opening_key: Option<i64>,
}

/// Whether a message left, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It did not leave, or not yet.
    Unsent,
    /// Nobody knows.
    InDoubt,
    /// A server took it.
    Sent {
        /// When.
        at: DateTime<Utc>,
        /// Whether it came back for good.
        has_bounced: bool,
    },
}

impl Fate {
    /// When it left, if it did.
    pub(super) fn sent_at(self) -> Option<DateTime<Utc>> {
        match self {
            Fate::Sent { at, .. } => Some(at),
            Fate::Unsent | Fate::InDoubt => None,
        }
    }

    /// Whether it arrived as far as is known.
    pub(super) fn is_delivered(self) -> bool {
        matches!(
            self,
            Fate::Sent {
                has_bounced: false,
                ..
            }
        )
    }
}
