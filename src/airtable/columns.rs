//! Which of the table's columns stand for our fields.
//!
//! With the scope `schema.bases:read` the table is known. Without it names are tried: the first
//! request that names a column which does not exist is refused, the name is dropped, and so on.

use std::collections::BTreeMap;

use anyhow::anyhow;
use reqwest::Method;

use super::transport::{Failure, Rejection, Request};
use super::wire::{Column, Table, Tables, quoted};
use super::{ApiError, Client};
use crate::changeset::{find_column, nearest_column};
use crate::lead::ReadField;

/// The columns to ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadColumns {
    /// The names each field may go by, the one in use first; never empty.
    names: BTreeMap<ReadField, Vec<String>>,
    /// Optional fields that turned out to have no column.
    pub(super) missing: Vec<ReadField>,
}

impl ReadColumns {
    /// Each field with the column it is read from.
    pub(super) fn in_use(&self) -> impl Iterator<Item = (ReadField, &str)> {
        self.names
            .iter()
            .filter_map(|(field, names)| Some((*field, names.first()?.as_str())))
    }

    /// Goes on without a column that the API does not know: by the field's next name, or without
    /// the field if it is optional.
    pub(super) fn forget(
        &mut self,
        client: &Client,
        rejection: &Rejection,
    ) -> Result<(), ApiError> {
        let unknown = self
            .in_use()
            .filter(|(_, name)| {
                rejection
                    .message
                    .contains(&format!("\"{}\"", client.clean(name)))
            })
            .max_by_key(|(_, name)| name.len())
            .map(|(field, _)| field);
        let Some(field) = unknown else {
            return Err(client.api_error(Failure::Rejected(rejection.clone())));
        };
        let names = self.names.entry(field).or_default();
        let name = if names.is_empty() {
            String::new()
        } else {
            names.remove(0)
        };
        if !names.is_empty() {
            return Ok(());
        }
        self.names.remove(&field);
        if field.is_required() || client.settings.columns.contains_key(field.key()) {
            return Err(no_column(field, &[name], &[]));
        }
        self.missing.push(field);
        Ok(())
    }
}

impl Client {
    /// The table's schema, asked for once; none when the token may not see it.
    pub(super) async fn schema(&self) -> Result<Option<&Table>, ApiError> {
        let schema = self
            .schema
            .get_or_try_init(|| self.ask_for_schema())
            .await?;
        Ok(schema.as_ref())
    }

    async fn ask_for_schema(&self) -> Result<Option<Table>, ApiError> {
        let base = self.settings.base_id.as_str();
        let url = self.url(&["meta", "bases", base, "tables"]);
        let tables = match self
            .call::<Tables>(&Request {
                method: Method::GET,
                url,
                body: None,
            })
            .await
        {
            Ok(Tables { tables }) => tables,
            Err(Failure::Rejected(rejection)) if matches!(rejection.status, 403 | 404) => {
                return Ok(None);
            }
            Err(failure) => return Err(self.api_error(failure)),
        };
        let wanted = self.settings.table.as_str();
        let names: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        let by_id = tables.iter().position(|table| table.id == wanted);
        let found = by_id.or_else(|| find_column(&[wanted], &names).first().copied());
        match found.and_then(|index| tables.into_iter().nth(index)) {
            Some(table) => Ok(Some(table)),
            None => Err(ApiError::Config(anyhow!(
                "AIRTABLE_TABLE_NAME: expected a table of base `{base}`, found no `{wanted}` \
                 among {}",
                quoted(&names)
            ))),
        }
    }

    /// The table as paths name it: by id where it is known, names get renamed.
    pub(super) async fn table_path(&self) -> Result<&str, ApiError> {
        Ok(self
            .schema()
            .await?
            .map_or(self.settings.table.as_str(), |table| table.id.as_str()))
    }

    /// The columns of the fields we read.
    pub(super) async fn read_columns(&self) -> Result<ReadColumns, ApiError> {
        let schema = self.schema().await?;
        let mut columns = ReadColumns::default();
        for field in ReadField::ALL {
            let own = self.settings.columns.get(field.key());
            let names: Vec<&str> = match own {
                Some(name) => vec![name],
                None => field.columns().to_vec(),
            };
            let Some(table) = schema else {
                let names = names
                    .into_iter()
                    .map(|name| self.by_name(field.key(), name));
                columns
                    .names
                    .insert(field, names.collect::<Result<_, _>>()?);
                continue;
            };
            match table.column(field.key(), &names)? {
                Some(column) => drop(columns.names.insert(field, vec![column.name.clone()])),
                None if field.is_required() || own.is_some() => {
                    return Err(no_column(field, &names, &table.column_names()));
                }
                None => columns.missing.push(field),
            }
        }
        Ok(columns)
    }

    /// A column's name where only names can be used: answers go by names, so an id would not be
    /// found in them.
    pub(super) fn by_name(&self, key: &str, name: &str) -> Result<String, ApiError> {
        let digits = name.strip_prefix("fld").unwrap_or_default();
        if digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(ApiError::Config(anyhow!(
                "{}: expected the column's name, found the id `{name}`; give the token the scope \
                 schema.bases:read to use ids",
                variable(key)
            )));
        }
        Ok(name.to_string())
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

    /// The column with this id or one of these names.
    pub(super) fn column(&self, key: &str, names: &[&str]) -> Result<Option<&Column>, ApiError> {
        let by_id = self
            .columns
            .iter()
            .find(|column| names.contains(&column.id.as_str()));
        if by_id.is_some() {
            return Ok(by_id);
        }
        let columns = self.column_names();
        let found = find_column(names, &columns);
        if let [first, second, ..] = found.as_slice() {
            let twins: Vec<&String> = [first, second]
                .into_iter()
                .filter_map(|i| columns.get(*i))
                .collect();
            return Err(ApiError::Config(anyhow!(
                "expected one column for `{key}`, found {}; set {} to the one that is meant",
                quoted(&twins),
                variable(key)
            )));
        }
        Ok(found.first().and_then(|index| self.columns.get(*index)))
    }
}

/// The variable that names a column.
fn variable(key: &str) -> String {
    format!("AIRTABLE_FIELD_{}", key.to_uppercase())
}

fn no_column(field: ReadField, names: &[impl AsRef<str>], columns: &[String]) -> ApiError {
    let variable = variable(field.key());
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let near = nearest_column(&names, columns);
    let near = near.map_or_else(String::new, |near| format!(", perhaps to `{near}`"));
    ApiError::Config(anyhow!(
        "expected a column {} in the table, found none; add it or set {variable} to the column's \
         name{near}",
        quoted(&names)
    ))
}
