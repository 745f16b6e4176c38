//! The formulas that select records by their stamps or ids; every other is refused.

use chrono::{DateTime, Utc};

/// What a formula may ask about a record.
pub struct Facts<'a> {
    pub id: &'a str,
    pub created_at: DateTime<Utc>,
    pub modified_at: DateTime<Utc>,
}

enum Value {
    Bool(bool),
    Text(String),
    Time(DateTime<Utc>),
}

/// Whether the formula keeps the record, or why it is none.
pub fn keeps(formula: &str, facts: &Facts<'_>) -> Result<bool, String> {
    let mut parser = Parser {
        rest: formula,
        facts,
    };
    let value = parser.comparison()?;
    match (value, parser.rest.trim()) {
        (Value::Bool(is_kept), "") => Ok(is_kept),
        (_, rest) => Err(format!("expected a condition, found `{rest}`")),
    }
}

struct Parser<'a> {
    rest: &'a str,
    facts: &'a Facts<'a>,
}

impl Parser<'_> {
    fn comparison(&mut self) -> Result<Value, String> {
        let left = self.value()?;
        if !self.eat("=") {
            return Ok(left);
        }
        match (left, self.value()?) {
            (Value::Text(left), Value::Text(right)) => Ok(Value::Bool(left == right)),
            _ => Err("only texts are compared".to_string()),
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.eat("'") {
            let (text, rest) = self.rest.split_once('\'').ok_or("a quote left open")?;
            self.rest = rest;
            return Ok(Value::Text(text.to_string()));
        }
        let n_letters = self
            .rest
            .find(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        let (name, rest) = self.rest.split_at(n_letters.unwrap_or(self.rest.len()));
        self.rest = rest;
        let arguments = self.arguments()?;
        match (name, arguments.as_slice()) {
            ("RECORD_ID", []) => Ok(Value::Text(self.facts.id.to_string())),
            ("CREATED_TIME", []) => Ok(Value::Time(self.facts.created_at)),
            ("LAST_MODIFIED_TIME", []) => Ok(Value::Time(self.facts.modified_at)),
            ("NOT", [Value::Bool(value)]) => Ok(Value::Bool(!value)),
            ("OR" | "AND", values) => {
                let values: Option<Vec<bool>> = values
                    .iter()
                    .map(|value| {
                        if let Value::Bool(value) = value {
                            Some(*value)
                        } else {
                            None
                        }
                    })
                    .collect();
                let values = values.ok_or("expected conditions")?;
                let is_or = name == "OR";
                Ok(Value::Bool(if is_or {
                    values.contains(&true)
                } else {
                    !values.contains(&false)
                }))
            }
            ("IS_BEFORE", [left, right]) => Ok(Value::Bool(time(left)? < time(right)?)),
            ("IS_AFTER", [left, right]) => Ok(Value::Bool(time(left)? > time(right)?)),
            _ => Err(format!("unknown function `{name}` or its arguments")),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Value>, String> {
        if !self.eat("(") {
            return Err(format!("expected `(`, found `{}`", self.rest));
        }
        let mut arguments = Vec::new();
        while !self.eat(")") {
            if !arguments.is_empty() && !self.eat(",") {
                return Err(format!("expected `,`, found `{}`", self.rest));
            }
            self.rest = self.rest.trim_start();
            arguments.push(self.comparison()?);
        }
        Ok(arguments)
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let is_eaten = rest.starts_with(token);
        self.rest = rest.strip_prefix(token).unwrap_or(rest);
        is_eaten
    }
}

fn time(value: &Value) -> Result<DateTime<Utc>, String> {
    match value {
        Value::Time(at) => Ok(*at),
        Value::Text(text) => DateTime::parse_from_rfc3339(text)
            .map(|at| at.to_utc())
            .map_err(|_| format!("`{text}` is no time")),
        Value::Bool(_) => Err("expected a time".to_string()),
    }
}
