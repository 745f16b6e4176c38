//! Somebody who works in the base while the program does.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::table::Table;

/// A person before the grid. What she does takes no call and happens at the base's present time.
pub struct Person<'a> {
    pub(super) table: &'a mut Table,
    pub(super) now: DateTime<Utc>,
    pub(super) touched: &'a [String],
}

impl Person<'_> {
    /// The records that the call she watches has listed or written.
    pub fn touched(&self) -> &[String] {
        self.touched
    }

    /// Adds a record; the answer is its id. `true` ticks a checkbox.
    pub fn insert(&mut self, fields: &[(&str, &str)]) -> String {
        let cells = fields.iter().map(|(name, value)| {
            let cell = match *value {
                "true" => json!(true),
                text => json!(text),
            };
            (*name, cell)
        });
        self.table.insert(&cells.collect::<Vec<_>>(), self.now)
    }

    /// What a cell holds; none when it is empty.
    pub fn field(&self, record_id: &str, column: &str) -> Option<Json> {
        self.table.get(record_id, column)
    }

    /// Edits a cell; `null` clears it.
    pub fn set(&mut self, record_id: &str, column: &str, value: Json) {
        self.table.set(record_id, column, &value, self.now);
    }

    pub fn clear(&mut self, record_id: &str, column: &str) {
        self.set(record_id, column, Json::Null);
    }

    pub fn delete(&mut self, record_id: &str) {
        self.table.delete(record_id);
    }

    /// Brings a deleted record back, with its id and its cells.
    pub fn undelete(&mut self, record_id: &str) {
        self.table.undelete(record_id);
    }

    /// The records in the order they were made.
    pub fn record_ids(&self) -> Vec<String> {
        self.table
            .records()
            .map(|record| record.id.clone())
            .collect()
    }

    pub fn has_column(&self, name: &str) -> bool {
        self.table.column(name).is_some()
    }

    pub fn drop_column(&mut self, name: &str) {
        self.table.drop_column(name);
    }

    /// Undoes the deletion of a column: it is there again with its id and its cells.
    pub fn restore_column(&mut self, name: &str) {
        self.table.restore_column(name);
    }

    pub fn rename_column(&mut self, name: &str, new_name: &str) {
        self.table.column_mut(name).name = new_name.to_string();
    }
}
