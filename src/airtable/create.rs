//! Making the columns that are missing, on a person's word only.

use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Value as Json, json};

use anyhow::anyhow;

use super::fields::{self, Field, Need};
use super::transport::{Failure, Request};
use super::{ApiError, Client};
use crate::changeset::{StepField, WriteField};
use crate::lead::ReadField;

/// A column that can be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its type, in Airtable's word.
    pub kind: &'static str,
    /// The options of a select, by name; empty for other types.
    pub choices: Vec<&'static str>,
    options: Option<Json>,
    description: &'static str,
}

impl Client {
    /// The columns that are missing and can be made, in the order a table shows them best: all that
    /// we write, and those that must be there. Needs the scope schema.bases:read.
    pub async fn missing_columns(&self) -> Result<Vec<NewColumn>, ApiError> {
        let Some(table) = self.ask_for_table(None).await? else {
            return Err(ApiError::Refused(anyhow!(
                "AIRTABLE_API_KEY: the token may not see the table's columns; give it the scopes \
                 schema.bases:read and schema.bases:write"
            )));
        };
        let known = super::known::Known::learn(table, &self.fields, None)?;
        let is_wanted = |field: &&Field| {
            let is_missing = known.handle(field).is_none();
            is_missing && (field.write.is_some() || field.need == Need::Vital)
        };
        let missing = self.fields.iter().filter(is_wanted);
        Ok(missing.filter_map(new_column).collect())
    }

    /// Makes a column. Needs the scope schema.bases:write.
    pub async fn create_column(&self, column: &NewColumn) -> Result<(), ApiError> {
        let table = self.ask_for_table(None).await?;
        let table = table.as_ref().map_or("", |table| table.id.as_str());
        let base = self.settings.base_id.as_str();
        let mut body = json!({
            "name": column.name,
            "type": column.kind,
            "description": column.description,
        });
        if let (Some(options), Some(body)) = (&column.options, body.as_object_mut()) {
            body.insert("options".to_string(), options.clone());
        }
        let request = Request {
            method: Method::POST,
            url: self.url(&["meta", "bases", base, "tables", table, "fields"]),
            body: Some(body),
        };
        // Once: a repeated request would be refused as a duplicate.
        match self.attempt::<IgnoredAny>(&request).await {
            Ok(_) => Ok(()),
            Err(Failure::Rejected(rejection)) if rejection.status == 403 => {
                Err(ApiError::Refused(anyhow!(
                    "AIRTABLE_API_KEY: the token may not make columns ({rejection}); give it the \
                     scope schema.bases:write, or add `{}` by hand",
                    column.name
                )))
            }
            Err(failure) => Err(self.api_error(failure)),
        }
    }
}

fn new_column(field: &Field) -> Option<NewColumn> {
    let choices = match (&field.write, field.read) {
        (Some(write), _) => fields::options(write),
        (None, Some(ReadField::EmailConfidenceLevel)) => vec!["Real", "Pattern", "Guess"],
        (None, _) => Vec::new(),
    };
    let (kind, options) = match (&field.write, field.read) {
        _ if !choices.is_empty() => {
            let choices: Vec<Json> = choices.iter().map(|name| json!({ "name": name })).collect();
            ("singleSelect", Some(json!({ "choices": choices })))
        }
        (Some(write), _) => kind_of(write),
        (None, Some(ReadField::Email)) => ("email", None),
        (None, Some(ReadField::Replied)) => {
            let options = json!({ "icon": "check", "color": "greenBright" });
            ("checkbox", Some(options))
        }
        (None, _) => ("singleLineText", None),
    };
    Some(NewColumn {
        name: field.names.first()?.clone(),
        kind,
        choices,
        options,
        description: match (&field.write, field.read) {
            (Some(_), Some(_)) => "Shared: people and outreach both write it",
            (Some(_), None) => "Written by outreach; edits are not read",
            (None, _) => "Read by outreach, never written",
        },
    })
}

/// The type of a column we write, with the options Airtable wants for it.
fn kind_of(field: &WriteField) -> (&'static str, Option<Json>) {
    let date = json!({ "name": "iso" });
    let instant = || {
        let options = json!({
            "dateFormat": { "name": "iso" },
            "timeFormat": { "name": "24hour" },
            "timeZone": "utc",
        });
        ("dateTime", Some(options))
    };
    let number = || ("number", Some(json!({ "precision": 0 })));
    match field {
        WriteField::CampaignId => ("singleLineText", None),
        WriteField::CampaignNotes | WriteField::MessagePreview => ("multilineText", None),
        WriteField::CurrentMessageNumber
        | WriteField::TotalCampaignOpens
        | WriteField::TotalCampaignClicks => number(),
        WriteField::CampaignStartedDate
        | WriteField::CampaignResponseDate
        | WriteField::LastCampaignActivity
        | WriteField::NextMessageDate => instant(),
        WriteField::LastContactedDate => ("date", Some(json!({ "dateFormat": date }))),
        WriteField::CampaignStatus
        | WriteField::CampaignResponseType
        | WriteField::DeliveryMethod
        | WriteField::EngagementStatus
        | WriteField::CampaignCommand => ("singleSelect", None),
        WriteField::Step { field, .. } => match field {
            StepField::MessageSubject => ("singleLineText", None),
            StepField::MessageBody => ("multilineText", None),
            StepField::MessageSentDate => instant(),
            StepField::MessageOpens => number(),
        },
    }
}
