//! What a cell holds: typed on its way out, text on its way in.

use std::collections::{BTreeMap, BTreeSet};

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

/// What of a write was carried out, as cells of the record show, by column; none when nothing was.
/// `columns` are those the table has.
///
/// An update is all or nothing, and a column that is ours is only written when it is to change, so
/// one of them that holds what was written proves it. What people write into, and cells that were
/// to be emptied, prove nothing: they follow the proof. A cell that was left out shows something
/// else.
pub fn carried_out(
    writing: &BTreeMap<String, Value>,
    cells: &BTreeMap<String, String>,
    columns: &BTreeSet<String>,
) -> Option<BTreeMap<String, Value>> {
    let peoples = [WriteField::EngagementStatus, WriteField::CampaignCommand];
    let peoples = peoples.map(|field| field.column());
    let there = || {
        let there = writing
            .iter()
            .filter(|(column, _)| columns.contains(*column));
        there.map(|(column, value)| {
            let cell = cells.get(column).map_or("", |cell| cell.trim());
            (column, value, shows(value, cell))
        })
    };
    let is_proof = |(column, value, is_shown): (&String, &Value, bool)| {
        is_shown && !value.is_empty() && !peoples.contains(column)
    };
    there().any(is_proof).then(|| {
        there()
            .filter(|(column, _, is_shown)| *is_shown || peoples.contains(column))
            .map(|(column, value, _)| (column.clone(), value.clone()))
            .collect()
    })
}

/// Whether a cell's text is the value, however its column spells it.
fn shows(value: &Value, cell: &str) -> bool {
    match value {
        Value::DateTime(at) => {
            let instant = DateTime::parse_from_rfc3339(cell);
            instant.is_ok_and(|cell| cell == *at)
        }
        Value::Choice(option) => option.trim().eq_ignore_ascii_case(cell),
        value => value.to_text().replace("\r\n", "\n").trim() == cell.replace("\r\n", "\n"),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of a write that were carried out, joined by spaces; `-` when nothing was.
    #[track_caller]
    fn check(writing: &[(&str, Value)], cells: &[(&str, &str)], expected: &str) {
        let writing = writing.iter();
        let writing = writing.map(|(column, value)| (column.to_string(), value.clone()));
        let cells = cells.iter();
        let cells = cells.map(|(column, cell)| (column.to_string(), cell.to_string()));
        let (writing, cells) = (writing.collect(), cells.collect());
        let columns = [
            "Campaign_Notes",
            "Campaign_Status",
            "Engagement_Status",
            "Next_Message_Date",
        ];
        let found = carried_out(&writing, &cells, &columns.map(str::to_string).into());
        let found = found.map(|cells| cells.into_keys().collect::<Vec<_>>().join(" "));
        let found = found.unwrap_or_else(|| "-".to_string());
        assert_eq!(found, expected, "{writing:?} {cells:?}");
    }

    #[test]
    fn a_write_that_was_carried_out_shows_in_a_cell_that_is_ours() {
        let note = || ("Campaign_Notes", Value::Text("active:\r\nnew".to_string()));
        let sent = || ("Engagement_Status", Value::Choice("Sent".to_string()));
        let due = || ("Next_Message_Date", Value::DateTime(DateTime::UNIX_EPOCH));
        let noted = ("Campaign_Notes", "active:\nnew\n");
        check(&[note()], &[noted], "Campaign_Notes");
        check(&[note()], &[("Campaign_Notes", "active: old")], "-");
        check(
            &[due()],
            &[("Next_Message_Date", "1970-01-01T00:00:00.000Z")],
            "Next_Message_Date",
        );
        check(&[due()], &[("Next_Message_Date", "1970-01-01")], "-");
        check(&[("Campaign_Notes", Value::Empty)], &[], "-");
        check(&[], &[noted], "-");
        // People may have said the same, or something else since.
        check(&[sent()], &[("Engagement_Status", "Sent")], "-");
        for status in ["Sent", "Skipped"] {
            let cells = [noted, ("Engagement_Status", status)];
            check(
                &[note(), sent()],
                &cells,
                "Campaign_Notes Engagement_Status",
            );
        }
    }

    #[test]
    fn what_was_left_out_of_a_write_is_not_taken_as_told() {
        let note = || ("Campaign_Notes", Value::Text("new".to_string()));
        let gone = ("Message_Preview", Value::Text("Hi".to_string()));
        let emptied = || ("Next_Message_Date", Value::Empty);
        let noted = ("Campaign_Notes", "new");
        check(
            &[note(), gone],
            &[noted, ("Message_Preview", "Hi")],
            "Campaign_Notes",
        );
        check(
            &[note(), emptied()],
            &[noted],
            "Campaign_Notes Next_Message_Date",
        );
        check(
            &[note(), emptied()],
            &[noted, ("Next_Message_Date", "1970-01-01")],
            "Campaign_Notes",
        );
        let active = ("Campaign_Status", Value::Choice("Active".to_string()));
        check(
            &[note(), active],
            &[noted, ("Campaign_Status", "Paused")],
            "Campaign_Notes",
        );
    }
}
