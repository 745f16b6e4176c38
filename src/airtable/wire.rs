//! Airtable's JSON: answers, error bodies, and how a value is spelt in each type of column.

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::fields::{self, Field};
use crate::changeset::Value;

/// Types whose cells Airtable works out by itself.
const COMPUTED: [&str; 12] = [
    "formula",
    "rollup",
    "multipleLookupValues",
    "autoNumber",
    "count",
    "button",
    "createdTime",
    "lastModifiedTime",
    "createdBy",
    "lastModifiedBy",
    "aiText",
    "externalSyncSource",
];

/// Types that hold nothing a person wrote: ids of other records, files, a button.
const UNREADABLE: [&str; 3] = ["multipleRecordLinks", "multipleAttachments", "button"];

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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "fields")]
    pub(super) columns: Vec<Column>,
}

/// A column. New types may appear at any time, so the type is only a word.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Column {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    options: Json,
}

/// A value as a column takes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spelt {
    pub(super) cell: Json,
    /// An option that the column does not have yet; `typecast` makes it.
    pub(super) new_option: Option<String>,
}

impl Spelt {
    /// A cell that makes no option.
    pub(super) fn plain(cell: Json) -> Spelt {
        let new_option = None;
        Spelt { cell, new_option }
    }
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

    /// Notes an option that was just made.
    pub(super) fn add_choice(&mut self, option: &str) {
        let choices = self.options.get_mut("choices").and_then(Json::as_array_mut);
        if let Some(choices) = choices {
            choices.push(json!({ "name": option }));
        }
    }

    /// Whether the column is a select, with options that must be matched.
    pub(super) fn is_select(&self) -> bool {
        matches!(self.kind.as_str(), "singleSelect" | "multipleSelects")
    }

    /// Whether Airtable works the cells out by itself.
    pub(super) fn is_computed(&self) -> bool {
        COMPUTED.contains(&self.kind.as_str())
    }

    /// Why the column cannot hold what the field is for, if so.
    pub(super) fn unfit(&self, field: &Field) -> Option<String> {
        let is_unreadable = UNREADABLE.contains(&self.kind.as_str());
        if field.read.is_some() && is_unreadable {
            return Some(format!("expected text, found the type {}", self.kind));
        }
        let write = field.write.as_ref()?;
        let options = fields::options(write);
        let choice = |option: &&str| Value::Choice(option.to_string());
        let examples = options.iter().map(choice).chain(fields::example(write));
        let is_own = fields::owns_options(write);
        let refused: Vec<(Value, String)> = examples
            .filter_map(|value| self.spell(&value, is_own).err().map(|why| (value, why)))
            .collect();
        if !self.is_select() {
            return refused.into_iter().next().map(|(_, why)| why);
        }
        let lacking: Vec<String> = refused.iter().map(|(value, _)| value.to_text()).collect();
        (!lacking.is_empty()).then(|| format!("lacks the options {}", quoted(&lacking)))
    }

    /// The value as this type of column takes it, or why it takes none. `may_create` says whether
    /// an option that is missing may be made.
    pub(super) fn spell(&self, value: &Value, may_create: bool) -> Result<Spelt, String> {
        let is_choice = self.is_select() && !value.is_empty();
        if !is_choice {
            return self.spell_plainly(value).map(Spelt::plain);
        }
        let (option, new_option) = match self.option(value) {
            Ok(option) => (option, None),
            Err(_) if may_create => (value.to_text(), Some(value.to_text())),
            Err(why) => return Err(why),
        };
        let cell = match self.kind.as_str() {
            "multipleSelects" => json!([option]),
            _ => json!(option),
        };
        Ok(Spelt { cell, new_option })
    }

    fn spell_plainly(&self, value: &Value) -> Result<Json, String> {
        let unfit = || {
            Err(format!(
                "a column of type {} cannot hold `{}`",
                self.kind,
                value.to_text()
            ))
        };
        match (self.kind.as_str(), value) {
            _ if self.is_computed() => Err(format!("the column is computed ({})", self.kind)),
            (_, Value::Empty) => Ok(Json::Null),
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

/// The errors that are told apart; their words differ from service to service and year to year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `PUBLIC_API_BILLING_LIMIT_EXCEEDED`
    QuotaExceeded,
    /// `LIST_RECORDS_ITERATOR_NOT_AVAILABLE`
    IteratorGone,
    /// `UNKNOWN_FIELD_NAME`
    UnknownColumn,
    /// `INVALID_FILTER_BY_FORMULA`: it names a column that is not there, for ours are well formed.
    InvalidFormula,
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
            "INVALID_FILTER_BY_FORMULA" => Kind::InvalidFormula,
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
            Kind::InvalidFormula => "INVALID_FILTER_BY_FORMULA",
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
    use chrono::{DateTime, Utc};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[track_caller]
    fn check_spelling(column: Json, value: Value, expected: Result<Json, &str>) {
        let column: Column = serde_json::from_value(column).unwrap();
        match (column.spell(&value, false), expected) {
            (Ok(spelt), Ok(expected)) => assert_eq!(spelt, Spelt::plain(expected), "{column:?}"),
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
    fn a_missing_option_is_made_only_where_that_is_allowed() {
        let column: Column = serde_json::from_value(column("singleSelect")).unwrap();
        let paused = Value::Choice("Paused".to_string());
        let spelt = column.spell(&paused, true).unwrap();
        assert_eq!(spelt.new_option.as_deref(), Some("Paused"));
        let sent = column
            .spell(&Value::Choice("sent".to_string()), true)
            .unwrap();
        assert_eq!((sent.cell, sent.new_option), (json!("Sent"), None));
    }
}
