//! The formulas that select records: a subset of Airtable's, with its way of failing. A formula
//! that cannot be is refused before any record is looked at; one that comes to an error for a
//! record (a date function over a blank) does not keep that record.

mod parse;

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::Value as Json;

use super::columns::Column;
use super::table::Record;

/// A formula whose columns were found.
pub struct Formula {
    root: Expr,
    /// Whether a record that nobody edited has no last edit at all.
    is_unedited_blank: bool,
}

enum Expr {
    Constant(Value<'static>),
    Cell {
        column: u16,
        is_time: bool,
        is_created_at: bool,
    },
    RecordId,
    CreatedAt,
    /// The latest edit of these columns (by their numbers), or of any.
    EditedAt(Option<Vec<bool>>),
    Call(Function, Vec<Expr>),
    Equal {
        sides: Box<(Expr, Expr)>,
        is_wanted: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Or,
    And,
    Not,
    If,
    IsBefore,
    IsAfter,
    Lower,
    Upper,
    Trim,
    Len,
    Find,
    Search,
}

#[derive(Clone)]
enum Value<'a> {
    Blank,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Time(DateTime<Utc>),
    Error,
}

impl Formula {
    /// The formula over these columns, or what Airtable says of it.
    pub fn parse(
        text: &str,
        columns: &[Column],
        is_unedited_blank: bool,
    ) -> Result<Formula, String> {
        let root = parse::parse(text, columns)?;
        Ok(Formula {
            root,
            is_unedited_blank,
        })
    }

    /// Whether the record is among those asked for.
    pub fn keeps(&self, record: &Record) -> bool {
        truth(&self.value(&self.root, record)).unwrap_or(false)
    }

    /// The only records that can be kept, where the formula names them.
    pub fn record_ids(&self) -> Option<Vec<&str>> {
        named_ids(&self.root)
    }

    fn value<'a>(&'a self, expr: &'a Expr, record: &'a Record) -> Value<'a> {
        match expr {
            Expr::Constant(value) => value.clone(),
            Expr::RecordId => Value::Text(Cow::Borrowed(&record.id)),
            Expr::CreatedAt
            | Expr::Cell {
                is_created_at: true,
                ..
            } => Value::Time(record.created_at),
            Expr::Cell {
                column, is_time, ..
            } => match record.cell(*column) {
                Some(cell) if *is_time => cell.as_str().and_then(time_of).into(),
                cell => cell.map_or(Value::Blank, of_cell),
            },
            Expr::EditedAt(columns) => {
                let latest = record.edited_at(columns.as_deref());
                let is_floored = columns.is_none() && !self.is_unedited_blank;
                let floor = is_floored.then_some(record.created_at);
                latest.max(floor).into()
            }
            Expr::Equal { sides, is_wanted } => {
                let (left, right) = &**sides;
                let is_equal = is_equal(&self.value(left, record), &self.value(right, record));
                is_equal.map_or(Value::Error, |is_equal| Value::Bool(is_equal == *is_wanted))
            }
            Expr::Call(Function::If, arguments) => {
                // Only the branch that is taken can spoil the result.
                let branch = match truth(&self.value(&arguments[0], record)) {
                    None => return Value::Error,
                    Some(true) => arguments.get(1),
                    Some(false) => arguments.get(2),
                };
                branch.map_or(Value::Blank, |branch| self.value(branch, record))
            }
            Expr::Call(function, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    match self.value(argument, record) {
                        Value::Error => return Value::Error,
                        value => values.push(value),
                    }
                }
                call(*function, &values)
            }
        }
    }
}

impl From<Option<DateTime<Utc>>> for Value<'_> {
    fn from(at: Option<DateTime<Utc>>) -> Self {
        at.map_or(Value::Blank, Value::Time)
    }
}

/// What a function that looks at all of its arguments makes of them; none of them is an error.
fn call<'a>(function: Function, values: &[Value<'a>]) -> Value<'a> {
    let mut truths = values.iter().filter_map(truth);
    let text = |index: usize| values.get(index).map(text_of).unwrap_or_default();
    match function {
        Function::Or => Value::Bool(truths.any(|is_true| is_true)),
        Function::And => Value::Bool(truths.all(|is_true| is_true)),
        Function::Not => Value::Bool(!truths.all(|is_true| is_true)),
        Function::IsBefore | Function::IsAfter => match (time(&values[0]), time(&values[1])) {
            (Some(left), Some(right)) if function == Function::IsBefore => {
                Value::Bool(left < right)
            }
            (Some(left), Some(right)) => Value::Bool(left > right),
            _ => Value::Error,
        },
        Function::Lower => Value::Text(text(0).to_lowercase().into()),
        Function::Upper => Value::Text(text(0).to_uppercase().into()),
        Function::Trim => Value::Text(text(0).trim().to_string().into()),
        Function::Len => Value::Number(text(0).chars().count() as f64),
        Function::Find => Value::Number(place(&text(0), &text(1)).unwrap_or(0) as f64),
        Function::Search => {
            let place = place(&text(0).to_lowercase(), &text(1).to_lowercase());
            place.map_or(Value::Blank, |place| Value::Number(place as f64))
        }
        // Its arguments are not all looked at.
        Function::If => Value::Error,
    }
}

/// Where a text begins in another, from 1.
fn place(needle: &str, haystack: &str) -> Option<usize> {
    let (before, _) = haystack.split_once(needle)?;
    Some(before.chars().count() + 1)
}

/// Whether a condition holds; none for an error.
fn truth(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Error => None,
        Value::Blank => Some(false),
        Value::Bool(is_true) => Some(*is_true),
        Value::Number(number) => Some(*number != 0.0 && !number.is_nan()),
        Value::Text(text) => Some(!text.is_empty()),
        Value::Time(_) => Some(true),
    }
}

fn is_equal(left: &Value<'_>, right: &Value<'_>) -> Option<bool> {
    Some(match (left, right) {
        (Value::Error, _) | (_, Value::Error) => return None,
        (Value::Blank, Value::Blank) => true,
        (Value::Blank, Value::Text(text)) | (Value::Text(text), Value::Blank) => text.is_empty(),
        (Value::Blank, Value::Number(number)) | (Value::Number(number), Value::Blank) => {
            *number == 0.0
        }
        (Value::Blank, Value::Bool(is_true)) | (Value::Bool(is_true), Value::Blank) => !is_true,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left == right,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Bool(is_true), Value::Number(number))
        | (Value::Number(number), Value::Bool(is_true)) => f64::from(*is_true) == *number,
        (Value::Time(left), Value::Time(right)) => left == right,
        _ => false,
    })
}

fn of_cell(cell: Json) -> Value<'static> {
    match cell {
        Json::Null => Value::Blank,
        Json::Bool(is_true) => Value::Bool(is_true),
        Json::Number(number) => number.as_f64().map_or(Value::Error, Value::Number),
        Json::String(text) => Value::Text(text.into()),
        Json::Array(items) => {
            let texts: Vec<String> = items
                .into_iter()
                .map(|item| text_of(&of_cell(item)))
                .collect();
            Value::Text(texts.join(", ").into())
        }
        Json::Object(_) => Value::Error,
    }
}

fn text_of(value: &Value<'_>) -> String {
    match value {
        Value::Blank | Value::Error => String::new(),
        Value::Bool(is_true) => f64::from(*is_true).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.to_string(),
        Value::Time(at) => super::stamp(*at),
    }
}

fn time(value: &Value<'_>) -> Option<DateTime<Utc>> {
    match value {
        Value::Time(at) => Some(*at),
        Value::Text(text) => time_of(text),
        _ => None,
    }
}

fn time_of(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    instant
        .ok()
        .or_else(|| text.parse::<NaiveDate>().ok().map(midnight))
}

fn named_ids(expr: &Expr) -> Option<Vec<&str>> {
    match expr {
        Expr::Equal {
            sides,
            is_wanted: true,
        } => match &**sides {
            (Expr::RecordId, Expr::Constant(Value::Text(id)))
            | (Expr::Constant(Value::Text(id)), Expr::RecordId) => Some(vec![id]),
            _ => None,
        },
        Expr::Call(Function::Or, arguments) => {
            let ids: Option<Vec<Vec<&str>>> = arguments.iter().map(named_ids).collect();
            Some(ids?.concat())
        }
        Expr::Call(Function::And, arguments) => arguments.iter().find_map(named_ids),
        _ => None,
    }
}
