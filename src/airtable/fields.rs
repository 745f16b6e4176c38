//! The fields of ours that are to be found in the table.

use std::collections::BTreeMap;

use super::Settings;
use crate::campaign::CampaignState;
use crate::changeset::{Value, WriteField};
use crate::inbound::ResponseType;
use crate::lead::ReadField;

/// Options of the shared `Engagement_Status`.
const ENGAGEMENT_OPTIONS: [&str; 5] = ["Auto-Send", "Sent", "Skipped", "Needs Review", "Error"];

/// Options of the shared `Campaign_Command`.
const COMMAND_OPTIONS: [&str; 5] = ["Pause", "Resume", "Stop", "Approve", "Regenerate"];

/// How much depends on a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It says who may be written to, who wants no more, or where a campaign stands: without it
    /// nothing may be written or sent.
    Vital,
    /// Without it less is known or shown.
    Optional,
}

/// A field we read, write, or both.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Our name for it, in lower case.
    pub(super) key: String,
    /// The names (or the id) its column may go by, the preferred one first; never empty.
    pub(super) names: Vec<String>,
    pub(super) need: Need,
    /// Whether the configuration names the column.
    is_configured: bool,
    pub(super) read: Option<ReadField>,
    pub(super) write: Option<WriteField>,
}

impl Field {
    /// Whether its absence is an error.
    pub(super) fn must_be_there(&self) -> bool {
        self.need == Need::Vital || self.is_configured
    }

    /// The variable that names its column.
    pub(super) fn variable(&self) -> String {
        format!("AIRTABLE_FIELD_{}", self.key.to_uppercase())
    }

    /// The column's id, where the configuration gives that in place of a name.
    pub(super) fn column_id(&self) -> Option<&str> {
        let is_id = |name: &&String| {
            let digits = name.strip_prefix("fld").unwrap_or_default();
            digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        self.names.iter().find(is_id).map(String::as_str)
    }

    /// Our name of a column we write; the preferred name of one we only read.
    pub(super) fn shown(&self) -> String {
        let written = self.write.as_ref().map(WriteField::column);
        let preferred = || self.names.first().cloned();
        written.or_else(preferred).unwrap_or_default()
    }
}

/// Every field, those we read first.
pub(super) fn all(settings: &Settings) -> Vec<Field> {
    let field = |key: &str, names: Vec<String>, need| {
        let own = settings.columns.get(key);
        Field {
            key: key.to_string(),
            is_configured: own.is_some(),
            names: own.map_or(names, |own| vec![own.clone()]),
            need,
            read: None,
            write: None,
        }
    };
    let mut fields = BTreeMap::new();
    let mut order = Vec::new();
    for read in ReadField::ALL {
        let names = read.columns().iter().map(|name| name.to_string()).collect();
        let need = match read {
            ReadField::Replied => Need::Vital,
            _ if read.is_required() => Need::Vital,
            _ => Need::Optional,
        };
        let field = Field {
            read: Some(read),
            ..field(read.key(), names, need)
        };
        order.push(field.key.clone());
        fields.insert(field.key.clone(), field);
    }
    for write in &settings.written {
        let key = write.key();
        let need = match write {
            WriteField::CampaignStatus => Need::Vital,
            _ => Need::Optional,
        };
        if !fields.contains_key(&key) {
            order.push(key.clone());
        }
        let entry = fields.entry(key.clone());
        entry
            .or_insert_with(|| field(&key, vec![write.column()], need))
            .write = Some(write.clone());
    }
    order.iter().filter_map(|key| fields.remove(key)).collect()
}

/// The options a select must have for a field we write; empty for other fields.
pub(super) fn options(field: &WriteField) -> Vec<&'static str> {
    match field {
        WriteField::CampaignStatus => CampaignState::ALL.map(CampaignState::label).to_vec(),
        WriteField::CampaignResponseType => ResponseType::ALL.map(ResponseType::label).to_vec(),
        WriteField::EngagementStatus => ENGAGEMENT_OPTIONS.to_vec(),
        WriteField::CampaignCommand => COMMAND_OPTIONS.to_vec(),
        WriteField::DeliveryMethod => vec!["Email"],
        _ => Vec::new(),
    }
}

/// Whether a select is ours alone, so that we may add options to it.
pub(super) fn owns_options(field: &WriteField) -> bool {
    matches!(
        field,
        WriteField::CampaignStatus | WriteField::CampaignResponseType | WriteField::DeliveryMethod
    )
}

/// A value such as the field will be given, to see whether its column can hold it; none for selects
/// and for fields that are only cleared.
pub(super) fn example(field: &WriteField) -> Option<Value> {
    use crate::changeset::StepField;
    let instant = || Some(Value::DateTime(chrono::DateTime::UNIX_EPOCH));
    let text = || Some(Value::Text("text".to_string()));
    match field {
        WriteField::CampaignId | WriteField::CampaignNotes | WriteField::MessagePreview => text(),
        WriteField::CurrentMessageNumber
        | WriteField::TotalCampaignOpens
        | WriteField::TotalCampaignClicks => Some(Value::Number(1)),
        WriteField::CampaignStartedDate
        | WriteField::CampaignResponseDate
        | WriteField::LastCampaignActivity
        | WriteField::NextMessageDate => instant(),
        WriteField::LastContactedDate => Some(Value::Date(Default::default())),
        WriteField::CampaignStatus
        | WriteField::CampaignResponseType
        | WriteField::DeliveryMethod
        | WriteField::EngagementStatus
        | WriteField::CampaignCommand => None,
        WriteField::Step { field, .. } => match field {
            StepField::MessageSubject | StepField::MessageBody => text(),
            StepField::MessageSentDate => instant(),
            StepField::MessageOpens => Some(Value::Number(1)),
        },
    }
}
