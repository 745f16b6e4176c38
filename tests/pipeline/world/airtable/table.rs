//! The table: its columns, its records, and the updates it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Map, Value as Json, json};

use super::columns::{self, Column};
use super::formula::Formula;
use super::http::Answer;
use super::{TABLE, id_of, record_id, refusal, stamp};

/// A record; a deleted one is kept so that it can come back.
pub struct Record {
    pub id: String,
    pub created_at: DateTime<Utc>,
    /// The same as answers hold it; records made at a time share it.
    created_at_text: Arc<str>,
    is_deleted: bool,
    /// By the column's number.
    cells: Vec<Cell>,
}

struct Cell {
    column: u16,
    /// Its JSON as answers hold it; nothing when it was emptied.
    json: Box<str>,
    /// In whole seconds, as Airtable's stamps; none since the record was made.
    edited_at: Option<DateTime<Utc>>,
}

pub struct Table {
    pub id: String,
    pub columns: Vec<Column>,
    dropped: Vec<Column>,
    n_columns: u16,
    /// In the order they were made.
    records: Vec<Record>,
    /// The numbers of those that are not deleted; in the order of ids, which is another one.
    by_id: BTreeMap<String, u32>,
    /// Whether a record that nobody edited has no last edit at all.
    pub is_unedited_blank: bool,
}

/// The updates of a PATCH, which all can be done.
pub struct Updates {
    /// The number of each record, and its cells by their columns' numbers.
    pub records: Vec<(u32, Vec<(u16, Json)>)>,
    /// Select options to be made, by the column's number.
    options: BTreeSet<(u16, String)>,
}

/// Which columns an answer shows, and under which keys.
pub struct Shown {
    /// By the column's number: the key as JSON with its colon.
    keys: Vec<Option<String>>,
    created_at_keys: Vec<String>,
}

impl Record {
    /// What a cell holds; none when it is empty.
    pub fn cell(&self, column: u16) -> Option<Json> {
        self.cells[self.place(column).ok()?].value()
    }

    /// The latest edit of columns (by their numbers), or of any.
    pub fn edited_at(&self, columns: Option<&[bool]>) -> Option<DateTime<Utc>> {
        let is_wanted = |cell: &&Cell| {
            let wanted = |columns: &[bool]| columns.get(usize::from(cell.column)) == Some(&true);
            columns.is_none_or(wanted)
        };
        let cells = self.cells.iter().filter(is_wanted);
        cells.filter_map(|cell| cell.edited_at).max()
    }

    /// Its cells by the columns' names, which stand at the columns' numbers.
    pub fn cells(&self, names: &[Option<&str>]) -> BTreeMap<String, Json> {
        let cells = self.cells.iter().filter_map(|cell| {
            let name = names[usize::from(cell.column)]?;
            Some((name.to_string(), cell.value()?))
        });
        cells.collect()
    }

    fn place(&self, column: u16) -> Result<usize, usize> {
        self.cells.binary_search_by_key(&column, |cell| cell.column)
    }

    fn write(&mut self, column: u16, cell: &Json, edited_at: Option<DateTime<Utc>>) {
        let is_empty = match cell {
            Json::Null | Json::Bool(false) => true,
            Json::String(text) => text.is_empty(),
            Json::Array(items) => items.is_empty(),
            _ => false,
        };
        let json = if is_empty {
            String::new()
        } else {
            cell.to_string()
        };
        let cell = Cell {
            column,
            json: json.into(),
            edited_at: edited_at.map(|at| at.trunc_subsecs(0)),
        };
        match self.place(column) {
            Ok(at) => self.cells[at] = cell,
            Err(at) => self.cells.insert(at, cell),
        }
    }
}

impl Cell {
    fn value(&self) -> Option<Json> {
        // Most cells are texts that need no unescaping.
        let text = self.json.strip_prefix('"');
        let text = text.and_then(|text| text.strip_suffix('"'));
        match text.filter(|text| !text.contains('\\')) {
            Some(text) => Some(json!(text)),
            None if self.json.is_empty() => None,
            None => Some(serde_json::from_str(&self.json).unwrap()),
        }
    }
}

impl Table {
    pub fn leads() -> Table {
        let columns = columns::leads();
        Table {
            id: id_of("tbl", TABLE),
            n_columns: columns.len() as u16,
            columns,
            dropped: Vec::new(),
            records: Vec::new(),
            by_id: BTreeMap::new(),
            is_unedited_blank: false,
        }
    }

    /// The answer of the metadata call, with keys and a type that nobody has heard of yet.
    pub fn schema(&self) -> Json {
        let fields: Vec<Json> = self.columns.iter().map(Column::schema).collect();
        let other = json!({ "id": "fldLoopbackOther1", "name": "Name", "type": "moodRing" });
        let other = json!({
            "id": "tblOtherTable0001",
            "name": "Archive",
            "primaryFieldId": "fldLoopbackOther1",
            "fields": [other],
            "views": [],
        });
        let leads = json!({
            "id": self.id,
            "name": TABLE,
            "primaryFieldId": self.columns.first().map(|column| &column.id),
            "syncSettings": { "isSynced": false },
            "fields": fields,
            "views": [{ "id": "viwLoopbackGrid01", "name": "Grid view", "type": "grid" }],
        });
        json!({ "tables": [other, leads], "schemaVersion": 1 })
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name == name || column.id == name)
    }

    pub fn column_mut(&mut self, name: &str) -> &mut Column {
        self.columns
            .iter_mut()
            .find(|column| column.name == name || column.id == name)
            .unwrap_or_else(|| panic!("no column `{name}`"))
    }

    /// Makes the column that a request wants.
    pub fn add_column(&mut self, wanted: &Json) -> Result<&Column, Answer> {
        let column = columns::wanted(wanted, &self.columns, self.n_columns)?;
        self.n_columns += 1;
        self.columns.push(column);
        Ok(&self.columns[self.columns.len() - 1])
    }

    /// Deletes a column; its cells are kept where nobody sees them.
    pub fn drop_column(&mut self, name: &str) {
        let number = self.number_of(name);
        let is_it = |column: &mut Column| column.number == number;
        self.dropped.extend(self.columns.extract_if(.., is_it));
    }

    pub fn restore_column(&mut self, name: &str) {
        let is_it = |column: &mut Column| column.name == name || column.id == name;
        let n_before = self.columns.len();
        self.columns.extend(self.dropped.extract_if(.., is_it));
        assert!(self.columns.len() > n_before, "no deleted column `{name}`");
    }

    fn number_of(&self, name: &str) -> u16 {
        let column = self.column(name);
        column
            .unwrap_or_else(|| panic!("no column `{name}`"))
            .number
    }

    /// A new record with these cells, which count as never edited.
    pub fn insert(&mut self, cells: &[(&str, Json)], now: DateTime<Utc>) -> String {
        let number = self.records.len() as u32;
        let created_at = now.trunc_subsecs(0);
        let shared = self.records.last();
        let shared = shared.filter(|last| last.created_at == created_at);
        let created_at_text = shared.map(|last| Arc::clone(&last.created_at_text));
        let mut record = Record {
            id: record_id(number),
            created_at,
            created_at_text: created_at_text.unwrap_or_else(|| stamp(created_at).into()),
            is_deleted: false,
            cells: Vec::with_capacity(cells.len()),
        };
        for (name, cell) in cells {
            record.write(self.number_of(name), cell, None);
        }
        let id = record.id.clone();
        let other = self.by_id.insert(id.clone(), number);
        assert_eq!(other, None, "an id given twice");
        self.records.push(record);
        id
    }

    pub fn delete(&mut self, id: &str) {
        let number = self.by_id.remove(id);
        let number = number.unwrap_or_else(|| panic!("no record `{id}`"));
        self.records[number as usize].is_deleted = true;
    }

    /// Takes a record out of the trash.
    pub fn undelete(&mut self, id: &str) {
        let found = (0..)
            .zip(&mut self.records)
            .find(|(_, record)| record.id == id && record.is_deleted);
        let (number, record) = found.unwrap_or_else(|| panic!("no deleted record `{id}`"));
        record.is_deleted = false;
        self.by_id.insert(id.to_string(), number);
    }

    /// The records that are not deleted, in the order they were made.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| !record.is_deleted)
    }

    /// The names of the columns by their numbers; none where one was deleted.
    pub fn names(&self) -> Vec<Option<&str>> {
        let mut names = vec![None; usize::from(self.n_columns)];
        for column in &self.columns {
            names[usize::from(column.number)] = Some(column.name.as_str());
        }
        names
    }

    fn record(&self, id: &str) -> &Record {
        let number = self.by_id.get(id);
        let number = number.unwrap_or_else(|| panic!("no record `{id}`"));
        &self.records[*number as usize]
    }

    pub fn get(&self, id: &str, name: &str) -> Option<Json> {
        self.record(id).cell(self.number_of(name))
    }

    pub fn edited_at(&self, id: &str, name: &str) -> Option<DateTime<Utc>> {
        let record = self.record(id);
        let place = record.place(self.number_of(name)).ok()?;
        record.cells[place].edited_at
    }

    /// Fills or empties a cell.
    pub fn set(&mut self, id: &str, name: &str, cell: &Json, now: DateTime<Utc>) {
        let column = self.number_of(name);
        let number = self.by_id.get(id);
        let number = *number.unwrap_or_else(|| panic!("no record `{id}`"));
        self.records[number as usize].write(column, cell, Some(now));
    }

    /// The columns that a request names, or all, by name or by id.
    pub fn shown(&self, fields: Option<&Vec<Json>>, by_id: bool) -> Result<Shown, Answer> {
        let mut shown = Shown {
            keys: vec![None; usize::from(self.n_columns)],
            created_at_keys: Vec::new(),
        };
        let asked: Vec<&Column> = match fields {
            None => self.columns.iter().collect(),
            Some(names) => names
                .iter()
                .map(|name| {
                    let name = name.as_str().unwrap_or_default();
                    self.column(name).ok_or_else(|| unknown_field(name))
                })
                .collect::<Result<_, Answer>>()?,
        };
        for column in asked {
            let key = if by_id { &column.id } else { &column.name };
            let key = format!("{}:", json!(key));
            if column.kind == "createdTime" {
                shown.created_at_keys.push(key);
            } else {
                shown.keys[usize::from(column.number)] = Some(key);
            }
        }
        Ok(shown)
    }

    /// Writes a record as answers hold it; nothing when it was deleted. Says whether it is there.
    pub fn write_record(&self, out: &mut String, number: u32, shown: &Shown) -> bool {
        let record = &self.records[number as usize];
        if record.is_deleted {
            return false;
        }
        for piece in [
            r#"{"id":""#,
            &record.id,
            r#"","createdTime":""#,
            &record.created_at_text,
            r#"","fields":{"#,
        ] {
            out.push_str(piece);
        }
        let n_before = out.len();
        for cell in record.cells.iter().filter(|cell| !cell.json.is_empty()) {
            if let Some(key) = &shown.keys[usize::from(cell.column)] {
                out.push_str(key);
                out.push_str(&cell.json);
                out.push(',');
            }
        }
        for key in &shown.created_at_keys {
            out.extend([key, "\"", &record.created_at_text, "\","]);
        }
        if out.len() > n_before {
            out.pop();
        }
        out.push_str("}}");
        true
    }

    pub fn id_of(&self, number: u32) -> &str {
        &self.records[number as usize].id
    }

    /// The numbers of the records a formula keeps.
    pub fn matching(&self, formula: Option<&str>) -> Result<Vec<u32>, Answer> {
        let Some(formula) = formula else {
            return Ok(self.by_id.values().copied().collect());
        };
        let formula = Formula::parse(formula, &self.columns, self.is_unedited_blank);
        let formula = formula.map_err(|why| {
            let message = format!("The formula for filtering records is invalid: {why}");
            refusal(422, "INVALID_FILTER_BY_FORMULA", &message)
        })?;
        let is_kept = |number: &u32| formula.keeps(&self.records[*number as usize]);
        Ok(match formula.record_ids() {
            Some(ids) => {
                let ids: BTreeSet<&str> = ids.into_iter().collect();
                let numbers = ids.into_iter().filter_map(|id| self.by_id.get(id).copied());
                numbers.filter(is_kept).collect()
            }
            None => self.by_id.values().copied().filter(is_kept).collect(),
        })
    }

    /// The updates of a PATCH, if every single one can be done.
    pub fn checked_updates(&self, body: &Json, typecast: bool) -> Result<Updates, Answer> {
        let malformed = |message: &str| refusal(422, "INVALID_RECORDS", message);
        let records = body.get("records").and_then(Json::as_array);
        let records = records.ok_or_else(|| malformed("You must provide an array of records"))?;
        if records.len() > 10 {
            return Err(malformed(
                "You must provide an array of up to 10 record objects",
            ));
        }
        let mut ids = BTreeSet::new();
        let mut updates = Updates {
            records: Vec::new(),
            options: BTreeSet::new(),
        };
        for record in records {
            let id = record.get("id").and_then(Json::as_str).unwrap_or_default();
            if !is_record_id(id) || !ids.insert(id) {
                return Err(malformed(
                    "One of the record ids is malformed or named twice",
                ));
            }
            let number = self.by_id.get(id).ok_or_else(|| {
                let message = format!("Record ID {id} does not exist in this table");
                refusal(422, "ROW_DOES_NOT_EXIST", &message)
            })?;
            let cells = record.get("fields").and_then(Json::as_object);
            let cells = cells.ok_or_else(|| malformed("A record without fields"))?;
            let mut checked = Vec::new();
            for (name, cell) in cells {
                let column = self.column(name).ok_or_else(|| unknown_field(name))?;
                let cell = column.check(cell, typecast)?;
                // Under typecast an empty text empties the cell and makes no option.
                let options = column.unknown_options(&cell).into_iter();
                let options = options.filter(|option| !option.is_empty());
                updates
                    .options
                    .extend(options.map(|option| (column.number, option)));
                checked.push((column.number, cell));
            }
            updates.records.push((*number, checked));
        }
        Ok(updates)
    }

    /// Carries updates out; what was written, with the columns' names.
    pub fn apply(&mut self, updates: &Updates, now: DateTime<Utc>) -> Json {
        for (number, option) in &updates.options {
            let mut columns = self.columns.iter_mut();
            let column = columns.find(|column| column.number == *number).unwrap();
            column.choices.push(option.clone());
        }
        let mut written = Vec::new();
        for (number, cells) in &updates.records {
            let mut fields = Map::new();
            for (column, cell) in cells {
                let mut columns = self.columns.iter();
                let name = &columns.find(|known| known.number == *column).unwrap().name;
                fields.insert(name.clone(), cell.clone());
                self.records[*number as usize].write(*column, cell, Some(now));
            }
            written.push(json!({ "id": self.id_of(*number), "fields": fields }));
        }
        Json::Array(written)
    }
}

fn unknown_field(name: &str) -> Answer {
    refusal(
        422,
        "UNKNOWN_FIELD_NAME",
        &format!("Unknown field name: \"{name}\""),
    )
}

fn is_record_id(id: &str) -> bool {
    let digits = id.strip_prefix("rec").unwrap_or_default();
    digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
