//! What is known of the table: its columns, and which of them stands for which field.
//!
//! A field is found by its name once and by its column's id ever after, so that a column that
//! people rename keeps its meaning. Without the scope `schema.bases:read` there are only names:
//! one that the API refuses is not tried again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::fields::{self, Field, Need};
use super::wire::{Column, Table, quoted};
use crate::changeset::{find_column, nearest_column};

/// What is known of the table. Kept between runs as JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    /// None when the token may not see the schema.
    pub(super) table: Option<Table>,
    /// By key: the column of each field that has one. Empty without a schema.
    found: BTreeMap<String, Found>,
    /// By key: the id of the column a field had last, where it has none any more.
    #[serde(default)]
    lost: BTreeMap<String, String>,
    /// Without a schema: names that the API turned out not to know.
    #[serde(default)]
    refused: BTreeSet<String>,
}

/// The column of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    id: String,
    /// The column's name when the schema was read.
    name: String,
    /// The names it was found by; others in the configuration mean that it must be found anew.
    by: Vec<String>,
}

impl Known {
    /// Finds the fields in a schema that was just read: by the ids known from before, else by name.
    pub(super) fn learn(
        table: Table,
        fields: &[Field],
        before: Option<&Known>,
    ) -> Result<Known, ApiError> {
        let mut found = BTreeMap::new();
        let mut lost = BTreeMap::new();
        for field in fields {
            let known = before.and_then(|known| known.found.get(&field.key));
            let known = known.filter(|known| known.by == field.names);
            let by_id = known.and_then(|known| table.by_id(&known.id));
            let column = match by_id {
                Some(column) => Some(column),
                None => table.column(field)?,
            };
            if let Some(Column { id, name, .. }) = column {
                let (id, name, by) = (id.clone(), name.clone(), field.names.clone());
                found.insert(field.key.clone(), Found { id, name, by });
            } else if let Some(id) = before.and_then(|before| before.last_id(&field.key)) {
                lost.insert(field.key.clone(), id.clone());
            }
        }
        Ok(Known {
            table: Some(table),
            found,
            lost,
            refused: BTreeSet::new(),
        })
    }

    /// The id of the column that a field has, or had last.
    fn last_id(&self, key: &str) -> Option<&String> {
        let found = self.found.get(key).map(|found| &found.id);
        found.or_else(|| self.lost.get(key))
    }

    /// Whether something of ours can be written that could not be before.
    pub(super) fn is_mended(&self, fields: &[Field], before: &Known) -> bool {
        fields.iter().any(|field| {
            let (is_fit, n_options) = self.fitness(field);
            let (was_fit, n_options_before) = before.fitness(field);
            (is_fit && !was_fit) || n_options > n_options_before
        })
    }

    /// Whether the column of a field we write takes our values, and how many of our options it has.
    fn fitness(&self, field: &Field) -> (bool, usize) {
        let Some(write) = &field.write else {
            return (true, 0);
        };
        let Some(column) = self.column(&field.key) else {
            return (self.handle(field).is_some(), 0);
        };
        let choices = column.choices();
        let options = fields::options(write);
        let n_options = options.iter().filter(|option| choices.contains(option));
        let is_fit = column.is_select() || column.unfit(field).is_none();
        (is_fit, n_options.count())
    }

    /// The columns (ours) that stand for a field since now, while it was another one before.
    pub(super) fn replaced(&self, fields: &[Field], before: &Known) -> Vec<String> {
        let is_other = |field: &&Field| {
            let id = self.found.get(&field.key).map(|found| &found.id);
            let before = before.last_id(&field.key);
            before.is_some() && id.is_some() && id != before
        };
        let written = fields.iter().filter(|field| field.write.is_some());
        written.filter(is_other).map(Field::shown).collect()
    }

    /// Whether what was learned still answers what is asked now.
    pub(super) fn is_about(&self, fields: &[Field]) -> bool {
        let is_same = |field: &Field| {
            let found = self.found.get(&field.key);
            found.is_none_or(|found| found.by == field.names)
        };
        fields.iter().all(is_same)
    }

    /// What requests and answers call the column of a field: its id, or without a schema the first
    /// name that was not refused. None when the table has no such column.
    pub(super) fn handle<'a>(&'a self, field: &'a Field) -> Option<&'a str> {
        match (&self.table, self.found.get(&field.key)) {
            (_, Some(found)) => Some(&found.id),
            (Some(_), None) => None,
            (None, None) => {
                let mut names = field.names.iter();
                names
                    .find(|name| !self.refused.contains(*name))
                    .map(String::as_str)
            }
        }
    }

    /// The column of a field, where the schema is known.
    pub(super) fn column(&self, key: &str) -> Option<&Column> {
        let found = self.found.get(key)?;
        self.table.as_ref()?.by_id(&found.id)
    }

    /// Goes on without a name that the API does not know.
    pub(super) fn refuse(&mut self, name: &str) {
        self.refused.insert(name.to_string());
    }

    /// Whether the column of a field has an option.
    pub(super) fn has_option(&self, key: &str, option: &str) -> bool {
        let column = self.column(key);
        column.is_some_and(|column| column.choices().contains(&option))
    }

    /// Notes an option that was just made.
    pub(super) fn add_option(&mut self, key: &str, option: &str) {
        let Some(found) = self.found.get(key) else {
            return;
        };
        let columns = self.table.iter_mut().flat_map(|table| &mut table.columns);
        let column = columns.into_iter().find(|column| column.id == found.id);
        if let Some(column) = column {
            column.add_choice(option);
        }
    }

    /// Why nothing may be written or sent: a column without which people's wishes or the truth
    /// about a campaign would be lost is gone, or cannot hold what it is for.
    pub(super) fn trouble(&self, fields: &[Field]) -> Option<anyhow::Error> {
        fields.iter().find_map(|field| {
            if self.handle(field).is_none() {
                return field.must_be_there().then(|| self.no_column(field));
            }
            let column = self.column(&field.key)?;
            let why = column.unfit(field)?;
            // An option that lacks is left out of what we write; the column still tells the truth.
            (field.need == Need::Vital && !column.is_select()).then(|| {
                anyhow!(
                    "column `{}`: {why}; change its type back, or set {} to another column",
                    column.name,
                    field.variable()
                )
            })
        })
    }

    fn no_column(&self, field: &Field) -> anyhow::Error {
        let variable = field.variable();
        let names: Vec<&str> = field.names.iter().map(String::as_str).collect();
        let columns = self.table.as_ref().map(Table::column_names);
        let near = columns.and_then(|columns| {
            let near = nearest_column(&names, &columns);
            near.map(|near| format!(", perhaps to `{near}`"))
        });
        let near = near.unwrap_or_default();
        // A column the configuration names is most likely there, under another name.
        let create = match field.need {
            Need::Vital => ", have it made by `outreach init --create-fields`,",
            Need::Optional => "",
        };
        anyhow!(
            "expected a column {} in the table, found none; add it{create} or set {variable} to \
             the column's name{near}",
            quoted(&names)
        )
    }

    /// What a person should know of how the table changed, and of columns that cannot hold what
    /// they are for.
    pub(super) fn remarks(&self, fields: &[Field], before: Option<&Known>) -> Vec<String> {
        fields
            .iter()
            .flat_map(|field| [self.change(field, before), self.misfit(field)])
            .flatten()
            .collect()
    }

    /// What became of the column of a field since `before`.
    pub(super) fn change(&self, field: &Field, before: Option<&Known>) -> Option<String> {
        let old = before?.found.get(&field.key)?;
        let Some(new) = self.found.get(&field.key) else {
            let create = match field.write {
                Some(_) => "; `outreach init --create-fields` makes it anew",
                None => "",
            };
            return Some(format!("column `{}` is no longer there{create}", old.name));
        };
        let kind = |known: &Known| known.column(&field.key).map(|column| column.kind.clone());
        let (old_kind, new_kind) = (before.and_then(kind)?, kind(self)?);
        if new.id == old.id && new.name != old.name {
            let (old, new) = (&old.name, &new.name);
            return Some(format!(
                "column `{old}` is now called `{new}`; it keeps working"
            ));
        }
        (old_kind != new_kind).then(|| {
            let name = &new.name;
            format!("column `{name}` was of type {old_kind} and is now of type {new_kind}")
        })
    }

    fn misfit(&self, field: &Field) -> Option<String> {
        let column = self.column(&field.key)?;
        let why = column.unfit(field)?;
        Some(format!("column `{}`: {why}", column.name))
    }
}

impl Table {
    /// The names of all columns.
    pub(super) fn column_names(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }

    fn by_id(&self, id: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    /// The column that has the id or one of the names a field goes by.
    fn column(&self, field: &Field) -> Result<Option<&Column>, ApiError> {
        if let Some(column) = field.names.iter().find_map(|id| self.by_id(id)) {
            return Ok(Some(column));
        }
        let columns = self.column_names();
        let names: Vec<&str> = field.names.iter().map(String::as_str).collect();
        let found = find_column(&names, &columns);
        if let [first, second, ..] = found.as_slice() {
            let twins: Vec<&String> = [first, second]
                .into_iter()
                .filter_map(|i| columns.get(*i))
                .collect();
            return Err(ApiError::Columns(anyhow!(
                "expected one column for `{}`, found {}; set {} to the one that is meant",
                field.key,
                quoted(&twins),
                field.variable()
            )));
        }
        Ok(found.first().and_then(|index| self.columns.get(*index)))
    }
}
