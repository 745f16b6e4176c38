//! What a cell holds: typed on its way out, text on its way in.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::WriteField;
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

/// Whether cells of a record, as text by column, show that a write was carried out: an update is
/// all or nothing, and a column that is ours is only written when it is to change. What people
/// write into, and cells that were to be emptied, prove nothing.
pub fn is_shown(writing: &BTreeMap<String, Value>, cells: &BTreeMap<String, String>) -> bool {
    let shared = [WriteField::EngagementStatus, WriteField::CampaignCommand];
    let shared = shared.map(|field| field.column());
    let mut written = writing
        .iter()
        .filter(|(column, value)| !value.is_empty() && !shared.contains(column));
    written.any(|(column, value)| {
        let cell = cells.get(column).map_or("", |cell| cell.trim());
        match value {
            // Milliseconds are spelt out by some.
            Value::DateTime(at) => DateTime::parse_from_rfc3339(cell).is_ok_and(|cell| cell == *at),
            Value::Choice(option) => option.eq_ignore_ascii_case(cell),
            value => value.to_text().replace("\r\n", "\n").trim() == cell.replace("\r\n", "\n"),
        }
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(writing: &[(&str, Value)], cells: &[(&str, &str)], expected: bool) {
        let writing = writing.iter();
        let writing = writing.map(|(column, value)| (column.to_string(), value.clone()));
        let cells = cells.iter();
        let cells = cells.map(|(column, cell)| (column.to_string(), cell.to_string()));
        let (writing, cells) = (writing.collect(), cells.collect());
        assert_eq!(
            is_shown(&writing, &cells),
            expected,
            "{writing:?} {cells:?}"
        );
    }

    #[test]
    fn a_write_that_was_carried_out_shows_in_a_cell_that_is_ours() {
        let note = || ("Campaign_Notes", Value::Text("active:\r\nnew".to_string()));
        let sent = || ("Engagement_Status", Value::Choice("Sent".to_string()));
        let due_at = DateTime::UNIX_EPOCH;
        let due = || ("Next_Message_Date", Value::DateTime(due_at));
        check(
            &[note(), sent()],
            &[("Campaign_Notes", "active:\nnew\n")],
            true,
        );
        check(
            &[note(), sent()],
            &[("Campaign_Notes", "active: old")],
            false,
        );
        check(&[sent()], &[("Engagement_Status", "Sent")], false);
        check(
            &[due()],
            &[("Next_Message_Date", "1970-01-01T00:00:00.000Z")],
            true,
        );
        check(&[due()], &[("Next_Message_Date", "1970-01-01")], false);
        check(
            &[("Campaign_Status", Value::Choice("Active".into()))],
            &[],
            false,
        );
        check(&[("Campaign_Notes", Value::Empty)], &[], false);
        check(&[], &[("Campaign_Notes", "active: old")], false);
    }
}
