//! Learning what the table is like, as seldom as possible.

use std::sync::Arc;

use anyhow::anyhow;

use super::known::Known;
use super::transport::{Failure, Request};
use super::wire::{Table, Tables, quoted};
use super::{ApiError, Client, Learned, News, Schema};
use crate::changeset::find_column;

impl Client {
    /// What is known of the table; asks for it when nothing is, or when what is known lacks a
    /// column that must be there.
    pub(super) async fn known(&self) -> Result<Arc<Known>, ApiError> {
        let mut schema = self.schema.lock().await;
        let is_stale =
            |known: &Known| !known.is_about(&self.fields) || known.trouble(&self.fields).is_some();
        let is_stale = schema.known.as_deref().is_none_or(is_stale);
        if is_stale && !schema.is_fresh {
            self.learn(&mut schema).await?;
        }
        let known = schema.known.clone().unwrap_or_default();
        match known.trouble(&self.fields) {
            Some(trouble) => Err(ApiError::Columns(trouble)),
            None => Ok(known),
        }
    }

    /// Asks for the schema, once a run; what it says of renamed or missing columns is for people,
    /// see [`Client::learned`].
    pub async fn refresh_schema(&self) -> Result<(), ApiError> {
        let mut schema = self.schema.lock().await;
        if !schema.is_fresh {
            self.learn(&mut schema).await?;
        }
        drop(schema);
        self.known().await.map(|_| ())
    }

    /// What was learned since this was last asked, none if nothing.
    pub async fn learned(&self) -> Option<Learned> {
        let mut schema = self.schema.lock().await;
        let News {
            remarks,
            is_mended,
            replaced,
        } = schema.news.take()?;
        let schema = serde_json::to_string(schema.known.as_deref()?).ok()?;
        Some(Learned {
            schema,
            remarks,
            is_mended,
            replaced,
        })
    }

    async fn learn(&self, schema: &mut Schema) -> Result<(), ApiError> {
        let before = schema.known.take();
        let known = match self.ask_for_table(before.as_deref()).await? {
            Some(table) => Known::learn(table, &self.fields, before.as_deref())?,
            // Names that were refused are tried again: a column may have been added.
            None => Known::default(),
        };
        let news = schema.news.get_or_insert_default();
        news.remarks
            .extend(known.remarks(&self.fields, before.as_deref()));
        if let Some(before) = before.as_deref() {
            news.is_mended |= known.is_mended(&self.fields, before);
            news.replaced.extend(known.replaced(&self.fields, before));
        }
        schema.known = Some(Arc::new(known));
        schema.is_fresh = true;
        Ok(())
    }

    /// Goes on after a request named a column that is not there: `handle`, where the refusal tells.
    /// False when nothing new could be learned. An error when the column must be there.
    pub(super) async fn forget(
        &self,
        used: &Known,
        handle: Option<&str>,
    ) -> Result<bool, ApiError> {
        if used.table.is_some() {
            let mut schema = self.schema.lock().await;
            if schema.is_fresh {
                return Ok(false);
            }
            self.learn(&mut schema).await?;
            return Ok(true);
        }
        let Some(handle) = handle else {
            return Ok(false);
        };
        self.change_known(|known| known.refuse(handle)).await;
        Ok(true)
    }

    /// Notes what a request taught.
    pub(super) async fn change_known(&self, change: impl FnOnce(&mut Known)) {
        let mut schema = self.schema.lock().await;
        let known = schema.known.get_or_insert_default();
        change(Arc::make_mut(known));
        schema.news.get_or_insert_default();
    }

    /// The table as paths name it: by id where it is known, names get renamed.
    pub(super) fn table_path<'a>(&'a self, known: &'a Known) -> &'a str {
        let table = known.table.as_ref();
        table.map_or(self.settings.table.as_str(), |table| table.id.as_str())
    }

    /// The table's schema, none when the token may not see it.
    pub(super) async fn ask_for_table(
        &self,
        before: Option<&Known>,
    ) -> Result<Option<Table>, ApiError> {
        let base = self.settings.base_id.as_str();
        let request = Request::get(self.url(&["meta", "bases", base, "tables"]));
        let tables = match self.call::<Tables>(&request).await {
            Ok(Tables { tables }) => tables,
            Err(Failure::Rejected(rejection)) if matches!(rejection.status, 403 | 404) => {
                return self.only_names().map(|()| None);
            }
            Err(failure) => return Err(self.api_error(failure)),
        };
        let wanted = self.settings.table.as_str();
        let names: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        let by_id = tables.iter().position(|table| table.id == wanted);
        let by_name = || find_column(&[wanted], &names).first().copied();
        let before = before.and_then(|known| known.table.as_ref());
        let as_before = || {
            tables
                .iter()
                .position(|table| Some(&table.id) == before.map(|b| &b.id))
        };
        let found = by_id.or_else(by_name).or_else(as_before);
        match found.and_then(|index| tables.into_iter().nth(index)) {
            Some(table) => Ok(Some(table)),
            None => Err(ApiError::Config(anyhow!(
                "AIRTABLE_TABLE_NAME: expected a table of base `{base}`, found no `{wanted}` \
                 among {}",
                quoted(&names)
            ))),
        }
    }

    /// Without a schema answers go by names, so a column that is configured by its id would not be
    /// found in them.
    fn only_names(&self) -> Result<(), ApiError> {
        for field in &self.fields {
            if let Some(id) = field.column_id() {
                return Err(ApiError::Config(anyhow!(
                    "{}: expected the column's name, found the id `{id}`; give the token the scope \
                     schema.bases:read to use ids",
                    field.variable()
                )));
            }
        }
        Ok(())
    }
}
