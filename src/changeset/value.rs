//! What a cell holds: typed on its way out, text on its way in.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::lead::ReadField;

/// A value to write into a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Any text, never empty when written.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A day.
    Date(NaiveDate),
    /// An instant.
    DateTime(DateTime<Utc>),
    /// An option of a select, spelt exactly as the option.
    Choice(String),
    /// Nothing: the cell is cleared.
    Empty,
}

impl Value {
    /// Whether the cell would be empty. A blank text is: Airtable keeps no `""`.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Text(text) | Value::Choice(text) => text.trim().is_empty(),
            Value::Empty => true,
            Value::Number(_) | Value::Date(_) | Value::DateTime(_) => false,
        }
    }

    /// The value, or [`Value::Empty`] in place of a blank text.
    pub fn or_empty(self) -> Value {
        if self.is_empty() { Value::Empty } else { self }
    }

    /// The value as a file shows it: days and instants in ISO 8601, `""` for nothing.
    pub fn to_text(&self) -> String {
        match self {
            Value::Text(text) | Value::Choice(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Date(day) => day.to_string(),
            Value::DateTime(at) => at.to_rfc3339_opts(SecondsFormat::Secs, true),
            Value::Empty => String::new(),
        }
    }
}

/// Cells as one line of JSON, for keeping what a base was told.
pub fn encode(cells: &BTreeMap<String, Value>) -> anyhow::Result<String> {
    serde_json::to_string(cells).context("failed to write cells as JSON")
}

/// Cells back from [`encode`].
pub fn decode(text: &str) -> anyhow::Result<BTreeMap<String, Value>> {
    serde_json::from_str(text).context("expected cells as JSON")
}

/// The text of a cell of JSON as bases give it, none when it is empty. A ticked checkbox is
/// `"true"`; several values are joined by a comma; of an object its text is taken, and an object
/// that stands for a failed formula (`{"error":…}`, `{"specialValue":…}`) is empty.
pub fn cell_text(cell: &serde_json::Value) -> Option<String> {
    use serde_json::Value as Json;
    let text = match cell {
        Json::Null | Json::Bool(false) => return None,
        Json::Bool(true) => "true".to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Array(items) => items
            .iter()
            .filter_map(scalar_text)
            .collect::<Vec<_>>()
            .join(", "),
        Json::Object(_) => return scalar_text(cell),
    };
    (!text.is_empty()).then_some(text)
}

/// The text of a cell's part; lists inside lists, which no base gives, are left out.
fn scalar_text(part: &serde_json::Value) -> Option<String> {
    use serde_json::Value as Json;
    match part {
        Json::Object(object) => ["value", "text", "name", "email", "url"]
            .into_iter()
            .find_map(|key| object.get(key).and_then(Json::as_str))
            .filter(|text| !text.is_empty())
            .map(str::to_string),
        Json::Array(_) => None,
        scalar => cell_text(scalar),
    }
}

/// A cell's text as a lead holds it, none when it is empty. The one checkbox we read is ticked
/// whatever a person put into it, unless it clearly says no: taking an answer for none would mean
/// writing to that lead again.
pub fn lead_text(field: ReadField, text: String) -> Option<String> {
    if field != ReadField::Replied || text.trim().is_empty() {
        return (!text.is_empty()).then_some(text);
    }
    let is_no = ["false", "no", "0", "unchecked"].contains(&text.trim().to_lowercase().as_str());
    (!is_no).then(|| "true".to_string())
}
