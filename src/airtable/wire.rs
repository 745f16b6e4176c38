//! Airtable's JSON: answers, error bodies, formulas, and how a value is spelt in each type of
//! column.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::changeset::Value;
use crate::lead::RecordId;

/// How far before the cursor records are read again, in seconds: their stamps are whole seconds by
/// Airtable's clock, which is not ours. Whoever reads knows a record that did not change.
const OVERLAP_SECS: i64 = 300;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) records: Vec<Record>,
    /// Where the next page begins; none on the last one, however full it is.
    pub(super) offset: Option<String>,
}

/// A record; empty cells are not among its fields.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    #[serde(default)]
    pub(super) fields: Map<String, Json>,
}

/// The tables of a base.
#[derive(Debug, Deserialize)]
pub(super) struct Tables {
    pub(super) tables: Vec<Table>,
}

/// A table and its columns.
#[derive(Debug, Deserialize)]
pub(super) struct Table {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "fields")]
    pub(super) columns: Vec<Column>,
}

/// A column. New types may appear at any time, so the type is only a word.
#[derive(Debug, Deserialize)]
pub(super) struct Column {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    options: Json,
}

impl Column {
    /// The names of a select's options.
    pub(super) fn choices(&self) -> Vec<&str> {
        let choices = self.options.get("choices").and_then(Json::as_array);
        let names = choices
            .into_iter()
            .flatten()
            .filter_map(|choice| choice.get("name"));
        names.filter_map(Json::as_str).collect()
    }

    /// Whether the column is a select, with options that must be matched.
    pub(super) fn is_select(&self) -> bool {
        matches!(self.kind.as_str(), "singleSelect" | "multipleSelects")
    }

    /// The value as this type of column takes it, or why it takes none.
    pub(super) fn spell(&self, value: &Value) -> Result<Json, String> {
        let unfit = || {
            Err(format!(
                "a column of type {} cannot hold `{}`",
                self.kind,
                value.to_text()
            ))
        };
        match (self.kind.as_str(), value) {
            (
                "formula"
                | "rollup"
                | "multipleLookupValues"
                | "autoNumber"
                | "count"
                | "button"
                | "createdTime"
                | "lastModifiedTime"
                | "createdBy"
                | "lastModifiedBy"
                | "aiText"
                | "externalSyncSource",
                _,
            ) => Err(format!("the column is computed ({})", self.kind)),
            (_, Value::Empty) => Ok(Json::Null),
            ("singleSelect", _) => self.option(value).map(|option| json!(option)),
            ("multipleSelects", _) => self.option(value).map(|option| json!([option])),
            ("rating", Value::Number(0)) => Ok(Json::Null),
            ("number" | "currency" | "percent" | "duration" | "rating", Value::Number(_)) => {
                Ok(spell(value))
            }
            ("date", Value::DateTime(at)) => Ok(spell(&Value::Date(at.date_naive()))),
            ("date", Value::Date(_)) | ("dateTime", Value::DateTime(_)) => Ok(spell(value)),
            ("dateTime", Value::Date(day)) => Ok(json!(format!("{day}T00:00:00.000Z"))),
            (
                "number"
                | "currency"
                | "percent"
                | "duration"
                | "rating"
                | "date"
                | "dateTime"
                | "checkbox"
                | "multipleRecordLinks"
                | "multipleAttachments"
                | "barcode"
                | "singleCollaborator"
                | "multipleCollaborators",
                _,
            ) => unfit(),
            (
                "singleLineText" | "multilineText" | "richText" | "email" | "url" | "phoneNumber",
                _,
            ) => Ok(json!(value.to_text())),
            _ => Ok(spell(value)),
        }
    }

    /// The option's own spelling. Airtable matches case and spaces, and would need another right
    /// (and `typecast`) to make a new one.
    fn option(&self, value: &Value) -> Result<String, String> {
        let wanted = value.to_text();
        let choices = self.choices();
        let exact = choices.iter().find(|choice| **choice == wanted);
        let loose = || {
            let is_like = |choice: &&&str| choice.trim().to_lowercase() == wanted.to_lowercase();
            choices.iter().find(is_like)
        };
        exact
            .or_else(loose)
            .map(|choice| choice.to_string())
            .ok_or_else(|| {
                format!(
                    "the column has no option `{wanted}`; add it to {}",
                    quoted(&choices)
                )
            })
    }
}

/// A value where the column's type is not known.
pub(super) fn spell(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Choice(text) => json!(text),
        Value::Number(number) => json!(number),
        Value::Date(day) => json!(day.to_string()),
        Value::DateTime(at) => json!(at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        Value::Empty => Json::Null,
    }
}

/// Names for an error, `A`, `B`.
pub(super) fn quoted(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    if shown.is_empty() {
        "none".to_string()
    } else {
        shown.join(", ")
    }
}

/// Keeps the records changed since an instant, or made since: a record that nobody ever edited may
/// have no time of modification.
pub(super) fn changed_since(since: DateTime<Utc>) -> String {
    let from = since - TimeDelta::seconds(OVERLAP_SECS);
    let from = from.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!(
        "OR(NOT(IS_BEFORE(LAST_MODIFIED_TIME(), '{from}')), \
         NOT(IS_BEFORE(CREATED_TIME(), '{from}')))"
    )
}

/// Keeps the records of these ids. An id that is not made of letters and digits is none of the
/// base's and is left out: nothing else may get into a formula.
pub(super) fn one_of(record_ids: &[RecordId]) -> String {
    let is_plain = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let ids = record_ids.iter().map(RecordId::as_str).filter(is_plain);
    let tests: Vec<String> = ids.map(|id| format!("RECORD_ID()='{id}'")).collect();
    format!("OR({})", tests.join(", "))
}

/// The errors that are told apart; their words differ from service to service and year to year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `PUBLIC_API_BILLING_LIMIT_EXCEEDED`
    QuotaExceeded,
    /// `LIST_RECORDS_ITERATOR_NOT_AVAILABLE`
    IteratorGone,
    /// `UNKNOWN_FIELD_NAME`
    UnknownColumn,
    /// `INVALID_MULTIPLE_CHOICE_OPTIONS`
    UnknownOption,
    /// `INVALID_VALUE_FOR_COLUMN`
    InvalidValue,
    /// `ROW_DOES_NOT_EXIST`, `MODEL_ID_NOT_FOUND`
    RecordGone,
    /// Any other, by its name; `""` where the body had none.
    Other(String),
}

impl Kind {
    fn parse(name: &str) -> Kind {
        match name {
            "PUBLIC_API_BILLING_LIMIT_EXCEEDED" => Kind::QuotaExceeded,
            "LIST_RECORDS_ITERATOR_NOT_AVAILABLE" => Kind::IteratorGone,
            "UNKNOWN_FIELD_NAME" => Kind::UnknownColumn,
            "INVALID_MULTIPLE_CHOICE_OPTIONS" => Kind::UnknownOption,
            "INVALID_VALUE_FOR_COLUMN" => Kind::InvalidValue,
            "ROW_DOES_NOT_EXIST" | "MODEL_ID_NOT_FOUND" => Kind::RecordGone,
            name => {
                let letters = name
                    .chars()
                    .filter(|c| c.is_ascii_alphanumeric() || *c == '_');
                Kind::Other(letters.take(60).collect())
            }
        }
    }

    /// The name for people.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Kind::QuotaExceeded => "PUBLIC_API_BILLING_LIMIT_EXCEEDED",
            Kind::IteratorGone => "LIST_RECORDS_ITERATOR_NOT_AVAILABLE",
            Kind::UnknownColumn => "UNKNOWN_FIELD_NAME",
            Kind::UnknownOption => "INVALID_MULTIPLE_CHOICE_OPTIONS",
            Kind::InvalidValue => "INVALID_VALUE_FOR_COLUMN",
            Kind::RecordGone => "ROW_DOES_NOT_EXIST",
            Kind::Other(name) => name,
        }
    }
}

/// Type and message of an error body. Three shapes occur: `{"error":{"type","message"}}`,
/// `{"error":"NOT_FOUND"}` and `{"errors":[{"error","message"}]}`; a proxy's page is none of them
/// and becomes the message.
pub(super) fn error_of(body: &[u8]) -> (Kind, String) {
    let text = |value: Option<&Json>| value.and_then(Json::as_str).unwrap_or_default().to_string();
    let Ok(json) = serde_json::from_slice::<Json>(body) else {
        let start = String::from_utf8_lossy(body.get(..400).unwrap_or(body)).into_owned();
        return (Kind::Other(String::new()), start);
    };
    let first = json.get("errors").and_then(|errors| errors.get(0));
    let (name, message) = match (json.get("error"), first) {
        (Some(Json::String(name)), _) => (name.clone(), String::new()),
        (Some(error), _) => (text(error.get("type")), text(error.get("message"))),
        (None, Some(first)) => (text(first.get("error")), text(first.get("message"))),
        (None, None) => (String::new(), String::new()),
    };
    (Kind::parse(&name), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[track_caller]
    fn check_spelling(column: Json, value: Value, expected: Result<Json, &str>) {
        let column: Column = serde_json::from_value(column).unwrap();
        match (column.spell(&value), expected) {
            (Ok(spelt), Ok(expected)) => assert_eq!(spelt, expected, "{column:?}"),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            (spelt, expected) => panic!("{spelt:?}, expected {expected:?}"),
        }
    }

    fn column(kind: &str) -> Json {
        let options =
            json!({"choices": [{"id": "selA", "name": "Needs Review"}, {"name": "Sent"}]});
        json!({"id": "fld1", "name": "X", "type": kind, "options": options})
    }

    #[test]
    fn a_value_is_spelt_as_its_column_takes_it() {
        let instant = || Value::DateTime(at("2026-03-02T23:30:00Z"));
        let day = || Value::Date(at("2026-03-02T23:30:00Z").date_naive());
        let choice = |text: &str| Value::Choice(text.to_string());
        check_spelling(
            column("dateTime"),
            instant(),
            Ok(json!("2026-03-02T23:30:00.000Z")),
        );
        check_spelling(column("date"), instant(), Ok(json!("2026-03-02")));
        check_spelling(column("date"), day(), Ok(json!("2026-03-02")));
        check_spelling(
            column("dateTime"),
            day(),
            Ok(json!("2026-03-02T00:00:00.000Z")),
        );
        check_spelling(
            column("singleLineText"),
            instant(),
            Ok(json!("2026-03-02T23:30:00Z")),
        );
        check_spelling(column("number"), Value::Number(3), Ok(json!(3)));
        check_spelling(column("multilineText"), Value::Number(3), Ok(json!("3")));
        check_spelling(column("rating"), Value::Number(0), Ok(Json::Null));
        check_spelling(column("singleSelect"), choice("Sent"), Ok(json!("Sent")));
        check_spelling(
            column("singleSelect"),
            choice("needs review"),
            Ok(json!("Needs Review")),
        );
        check_spelling(
            column("multipleSelects"),
            choice("Sent"),
            Ok(json!(["Sent"])),
        );
        check_spelling(
            column("singleSelect"),
            choice("Paused"),
            Err("no option `Paused`"),
        );
        check_spelling(column("singleSelect"), Value::Empty, Ok(Json::Null));
        check_spelling(column("someFutureType"), choice("x"), Ok(json!("x")));
        check_spelling(column("formula"), choice("x"), Err("computed"));
        check_spelling(column("formula"), Value::Empty, Err("computed"));
        check_spelling(
            column("checkbox"),
            choice("x"),
            Err("type checkbox cannot hold `x`"),
        );
        check_spelling(column("number"), choice("x"), Err("cannot hold"));
    }

    #[test]
    fn a_column_with_unknown_options_still_reads() {
        let formula = json!({"id": "fld1", "name": "F", "type": "formula",
                             "options": {"isValid": true, "choices": "odd"}, "new": 1});
        let column: Column = serde_json::from_value(formula).unwrap();
        assert!(column.choices().is_empty());
    }

    #[track_caller]
    fn check_error(body: &str, kind: &str, message: &str) {
        let (found_kind, found_message) = error_of(body.as_bytes());
        assert_eq!(
            (found_kind.as_str(), found_message.as_str()),
            (kind, message),
            "{body}"
        );
    }

    #[test]
    fn every_shape_of_error_body_is_read() {
        check_error(
            r#"{"error":{"type":"UNKNOWN_FIELD_NAME","message":"m"}}"#,
            "UNKNOWN_FIELD_NAME",
            "m",
        );
        check_error(r#"{"error":{"type":"X"}}"#, "X", "");
        check_error(r#"{"error":"NOT_FOUND"}"#, "NOT_FOUND", "");
        check_error(
            r#"{"errors":[{"error":"RATE_LIMIT_REACHED","message":"m"}]}"#,
            "RATE_LIMIT_REACHED",
            "m",
        );
        check_error("<html>no</html>", "", "<html>no</html>");
        check_error("", "", "");
        check_error("[]", "", "");
        check_error(r#"{"error":null,"errors":[]}"#, "", "");
        check_error("{\"error\":\"A\\nB C\"}", "ABC", "");
    }

    #[test]
    fn records_are_chosen_by_plain_ids_only() {
        let ids = ["rec0123456789abcd", "rec', TRUE(), '", "recZ"].map(RecordId::new);
        assert_eq!(
            one_of(&ids),
            "OR(RECORD_ID()='rec0123456789abcd', RECORD_ID()='recZ')"
        );
    }

    #[test]
    fn the_formula_overlaps_and_counts_records_nobody_edited() {
        assert_eq!(
            changed_since(at("2026-05-06T07:00:00Z")),
            "OR(NOT(IS_BEFORE(LAST_MODIFIED_TIME(), '2026-05-06T06:55:00.000Z')), \
             NOT(IS_BEFORE(CREATED_TIME(), '2026-05-06T06:55:00.000Z')))"
        );
    }
}
