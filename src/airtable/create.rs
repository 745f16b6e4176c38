//! What the table lacks, and making the columns it lacks, on a person's word only.
//!
//! Airtable lets a program add columns, but neither change their type nor add options to a select;
//! what needs that is named for people.

use anyhow::anyhow;
use backon::BackoffBuilder;
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Value as Json, json};

use super::fields::{self, Field, Need};
use super::known::Known;
use super::transport::{Failure, Request};
use super::wire::quoted;
use super::{ApiError, Client};
use crate::changeset::{StepField, WriteField};
use crate::lead::ReadField;

/// What people may edit of a step's mail.
const TEXTS: [StepField; 2] = [StepField::MessageSubject, StepField::MessageBody];

/// Who writes a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// People; we read it.
    People,
    /// We; what people write there is not read.
    Ours,
    /// Both.
    Both,
}

/// A column that can be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its type, in Airtable's word.
    pub kind: &'static str,
    /// The options of a select, by name; empty for other types.
    pub choices: Vec<&'static str>,
    /// Who will write it.
    pub owner: Owner,
    /// The variable to set instead where the table has the column under another name.
    pub variable: String,
    options: Option<Json>,
    /// The id of its table.
    table: String,
}

/// What a table lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// The table's present name.
    pub table: String,
    /// Columns that can be made: all that we write, and those that must be there; people's first.
    pub columns: Vec<NewColumn>,
    /// Columns that would help, and that people add if they have something to put there.
    pub optional: Vec<String>,
    /// What only a person can mend, a sentence each.
    pub by_hand: Vec<String>,
    /// Columns renamed, gone or of another type since the table was last looked at, a sentence
    /// each.
    pub changed: Vec<String>,
}

impl Owner {
    /// The word for lists and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Owner::People => "people",
            Owner::Ours => "outreach",
            Owner::Both => "shared",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Owner::People => "Read by outreach, never written",
            Owner::Ours => "Written by outreach; edits are not read",
            Owner::Both => "Shared: people and outreach both write it",
        }
    }
}

impl NewColumn {
    /// What else is said of it when it is made, in words; `""` where there is nothing to say.
    pub fn options_in_words(&self) -> String {
        match self.kind {
            "date" => "ISO".to_string(),
            "dateTime" => "ISO, 24 hours, UTC".to_string(),
            "number" => "whole".to_string(),
            _ => self.choices.join(", "),
        }
    }
}

impl Client {
    /// What the table lacks at this moment; [`Client::learned`] then has its columns as they are.
    /// Needs the scope schema.bases:read.
    pub async fn missing_columns(&self) -> Result<Missing, ApiError> {
        let before = {
            let mut schema = self.schema.lock().await;
            schema.is_fresh = false;
            schema.known.clone()
        };
        let learnt = self.refresh_schema().await;
        let known = self.schema.lock().await.known.clone();
        match (learnt, known.as_deref()) {
            // A table that lacks what must be there is what this is for.
            (Ok(()) | Err(ApiError::Columns(_)), Some(known)) => {
                self.missing_of(known, before.as_deref())
            }
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(no_schema()),
        }
    }

    fn missing_of(&self, known: &Known, before: Option<&Known>) -> Result<Missing, ApiError> {
        let table = known.table.as_ref().ok_or_else(no_schema)?;
        let changes = self.fields.iter();
        let changes = changes.filter_map(|field| known.change(field, before));
        let mut missing = Missing {
            table: table.name.clone(),
            columns: Vec::new(),
            optional: Vec::new(),
            by_hand: Vec::new(),
            changed: changes.collect(),
        };
        for field in &self.fields {
            let is_wanted = field.write.is_some() || field.need == Need::Vital;
            let variable = field.variable();
            match (known.handle(field), field.column_id()) {
                (Some(_), _) => missing.by_hand.extend(unfit(known, field)),
                (None, Some(id)) => missing.by_hand.push(format!(
                    "{variable}: expected the id of a column of the table, found `{id}`, which it \
                     does not have"
                )),
                (None, None) if is_wanted => {
                    missing.columns.extend(new_column(field, &table.id));
                }
                (None, None) if field.must_be_there() => missing.by_hand.push(format!(
                    "{variable}: expected the name of a column of the table, found {}, which it \
                     does not have; add the column or unset the variable",
                    quoted(&field.names)
                )),
                (None, None) => missing.optional.push(field.shown()),
            }
        }
        Ok(missing)
    }

    /// Makes a column. Needs the scope schema.bases:write.
    pub async fn create_column(&self, column: &NewColumn) -> Result<(), ApiError> {
        let base = self.settings.base_id.as_str();
        let mut body = json!({
            "name": column.name,
            "type": column.kind,
            "description": column.owner.description(),
        });
        if let (Some(options), Some(body)) = (&column.options, body.as_object_mut()) {
            body.insert("options".to_string(), options.clone());
        }
        let request = Request {
            method: Method::POST,
            url: self.url(&["meta", "bases", base, "tables", &column.table, "fields"]),
            body: Some(body),
        };
        let mut delays = self.backoff().build();
        loop {
            let (why, wait) = match self.attempt::<IgnoredAny>(&request).await {
                Ok(_) => return Ok(()),
                Err(Failure::Passing { why, wait }) => (why, wait),
                Err(failure) => return Err(self.not_created(column, failure)),
            };
            let Some(delay) = delays.next() else {
                return Err(ApiError::Unreachable(why));
            };
            let wait = wait.unwrap_or(delay);
            if wait > self.pacing.wait_max {
                return Err(ApiError::Unreachable(why));
            }
            tokio::time::sleep(wait).await;
            // The answer may have been lost after the column was made; it cannot be made twice.
            let table = self.ask_for_table(None).await?;
            let names = table.map(|table| table.column_names());
            if names.is_some_and(|names| names.contains(&column.name)) {
                return Ok(());
            }
        }
    }

    fn not_created(&self, column: &NewColumn, failure: Failure) -> ApiError {
        let name = &column.name;
        match failure {
            Failure::Rejected(rejection) if rejection.status == 403 => ApiError::Refused(anyhow!(
                "AIRTABLE_API_KEY: the token may not make columns ({rejection}); give it the \
                     scope schema.bases:write and a user who may edit the base's columns, or add \
                     `{name}` by hand"
            )),
            Failure::Rejected(rejection) if rejection.status == 422 => ApiError::Config(anyhow!(
                "Airtable does not make the column `{name}` ({rejection}); add it by hand"
            )),
            failure => self.api_error(failure),
        }
    }
}

fn no_schema() -> ApiError {
    ApiError::Refused(anyhow!(
        "AIRTABLE_API_KEY: the token may not see the table's columns; give it the scopes \
         schema.bases:read and schema.bases:write"
    ))
}

/// What is wrong with a column that is there.
fn unfit(known: &Known, field: &Field) -> Option<String> {
    let column = known.column(&field.key)?;
    let (name, why) = (&column.name, column.unfit(field)?);
    Some(if column.is_select() {
        format!("column `{name}` {why}; add them by hand, a program cannot")
    } else {
        let variable = field.variable();
        format!("column `{name}`: {why}; change its type, or set {variable} to another column")
    })
}

fn new_column(field: &Field, table: &str) -> Option<NewColumn> {
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
        owner: match (&field.write, field.read) {
            (Some(_), Some(_)) => Owner::Both,
            // People edit the texts while a campaign waits in review.
            (Some(WriteField::Step { field, .. }), None) if TEXTS.contains(field) => Owner::Both,
            (Some(_), None) => Owner::Ours,
            (None, _) => Owner::People,
        },
        variable: field.variable(),
        options,
        table: table.to_string(),
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
