//! From the text of a formula to what it asks.

use std::borrow::Cow;

use super::{Column, Expr, Function, Value, time_of};

const INVALID: &str = "Invalid formula. Please check your formula text.";

/// Functions, and how many arguments they take.
const FUNCTIONS: [(&str, Function, usize, usize); 12] = [
    ("OR", Function::Or, 0, usize::MAX),
    ("AND", Function::And, 0, usize::MAX),
    ("NOT", Function::Not, 1, 1),
    ("IF", Function::If, 2, 3),
    ("IS_BEFORE", Function::IsBefore, 2, 2),
    ("IS_AFTER", Function::IsAfter, 2, 2),
    ("LOWER", Function::Lower, 1, 1),
    ("UPPER", Function::Upper, 1, 1),
    ("TRIM", Function::Trim, 1, 1),
    ("LEN", Function::Len, 1, 1),
    ("FIND", Function::Find, 2, 2),
    ("SEARCH", Function::Search, 2, 2),
];

pub fn parse(text: &str, columns: &[Column]) -> Result<Expr, String> {
    let mut parser = Parser {
        rest: text,
        columns,
        unknown: Vec::new(),
    };
    let root = parser.comparison()?;
    if !parser.rest.trim().is_empty() {
        return Err(INVALID.to_string());
    }
    if !parser.unknown.is_empty() {
        return Err(format!(
            "Unknown field names: {}",
            parser.unknown.join(", ")
        ));
    }
    Ok(root)
}

struct Parser<'a> {
    rest: &'a str,
    columns: &'a [Column],
    /// The names that no column has, as Airtable repeats them.
    unknown: Vec<String>,
}

impl Parser<'_> {
    fn comparison(&mut self) -> Result<Expr, String> {
        let left = self.operand()?;
        let is_wanted = self.eat("=");
        if !is_wanted && !self.eat("!=") {
            return Ok(left);
        }
        let sides = Box::new((left, self.operand()?));
        Ok(Expr::Equal { sides, is_wanted })
    }

    fn operand(&mut self) -> Result<Expr, String> {
        for quote in ['\'', '"'] {
            if self.eat(&quote.to_string()) {
                return Ok(constant(Value::Text(Cow::Owned(self.until(quote)?))));
            }
        }
        if self.eat("{") {
            let name = self.until('}')?;
            return Ok(self.cell(&name));
        }
        if self.eat("(") {
            let inner = self.comparison()?;
            return if self.eat(")") {
                Ok(inner)
            } else {
                Err(INVALID.to_string())
            };
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() {
            return Err(INVALID.to_string());
        }
        if let Ok(number) = word.parse() {
            return Ok(constant(Value::Number(number)));
        }
        if !self.eat("(") {
            return Ok(self.cell(word));
        }
        let arguments = self.arguments()?;
        self.call(&word.to_uppercase(), arguments)
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, String> {
        let mut arguments = Vec::new();
        while !self.eat(")") {
            if !arguments.is_empty() && !self.eat(",") {
                return Err(INVALID.to_string());
            }
            arguments.push(self.comparison()?);
        }
        Ok(arguments)
    }

    fn call(&self, name: &str, mut arguments: Vec<Expr>) -> Result<Expr, String> {
        match (name, arguments.len()) {
            ("RECORD_ID", 0) => return Ok(Expr::RecordId),
            ("CREATED_TIME", 0) => return Ok(Expr::CreatedAt),
            ("LAST_MODIFIED_TIME", _) => return self.edited_at(&arguments),
            ("BLANK", 0) => return Ok(constant(Value::Blank)),
            ("TRUE", 0) => return Ok(constant(Value::Bool(true))),
            ("FALSE", 0) => return Ok(constant(Value::Bool(false))),
            _ => {}
        }
        let found = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let Some(&(_, function, n_min, n_max)) = found else {
            return Err(format!("Unknown function names: {name}"));
        };
        if !(n_min..=n_max).contains(&arguments.len()) {
            return Err(format!("Invalid arguments for {name}"));
        }
        if matches!(function, Function::IsBefore | Function::IsAfter) {
            arguments.iter_mut().for_each(read_time);
        }
        Ok(Expr::Call(function, arguments))
    }

    fn edited_at(&self, arguments: &[Expr]) -> Result<Expr, String> {
        let n_columns = self.columns.iter().map(|column| column.number + 1).max();
        let mut wanted = vec![false; usize::from(n_columns.unwrap_or(0))];
        for argument in arguments {
            let Expr::Cell { column, .. } = argument else {
                return Err("Invalid arguments for LAST_MODIFIED_TIME".to_string());
            };
            let found = self.columns.iter().find(|known| known.number == *column);
            if found.is_some_and(Column::is_computed) {
                return Err("LAST_MODIFIED_TIME cannot watch a computed field".to_string());
            }
            // A name that no column has is told of later, with all the others.
            if found.is_some() {
                wanted[usize::from(*column)] = true;
            }
        }
        Ok(Expr::EditedAt((!arguments.is_empty()).then_some(wanted)))
    }

    /// The column of that name or id.
    fn cell(&mut self, name: &str) -> Expr {
        let mut columns = self.columns.iter();
        let found = columns.find(|column| column.name == name || column.id == name);
        if found.is_none() {
            self.unknown.push(name.to_lowercase());
        }
        let is_kind = |kinds: &[&str]| found.is_some_and(|c| kinds.contains(&c.kind.as_str()));
        Expr::Cell {
            column: found.map_or(u16::MAX, |column| column.number),
            is_time: is_kind(&["date", "dateTime"]),
            is_created_at: is_kind(&["createdTime"]),
        }
    }

    /// What stands before the next such character; a backslash lets the character after it be.
    fn until(&mut self, end: char) -> Result<String, String> {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        while let Some(next) = chars.next() {
            if next == end {
                self.rest = chars.as_str();
                return Ok(text);
            }
            text.push(match next {
                '\\' => match chars.next().ok_or(INVALID)? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    escaped => escaped,
                },
                next => next,
            });
        }
        Err(INVALID.to_string())
    }

    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }
}

fn constant(value: Value<'static>) -> Expr {
    Expr::Constant(value)
}

/// Reads the time in a text once, not for every record.
fn read_time(argument: &mut Expr) {
    if let Expr::Constant(Value::Text(text)) = argument
        && let Some(at) = time_of(text)
    {
        *argument = constant(Value::Time(at));
    }
}
