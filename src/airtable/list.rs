//! Listing records, page by page.

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::json;

use super::columns::ReadColumns;
use super::transport::{Failure, Request};
use super::wire::{self, Kind, Page, Record};
use super::{ApiError, Client};
use crate::changeset::{cell_text, lead_text};
use crate::lead::{RawLead, ReadField, RecordId};

/// The most records a page may ask for.
const PAGE_RECORDS_MAX: u32 = 100;

/// The longest address that is asked for by GET. Airtable's limit is 16,000 characters.
const URL_CHARS_MAX: usize = 15_000;

/// More pages than any table has (the largest plan holds 500,000 records): a server that never says
/// "last page" must not keep us forever.
const PAGES_MAX: u32 = 10_000;

/// How often a list is begun anew when the server lost its place in it.
const RESTARTS_MAX: u32 = 5;

/// What was listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSummary {
    /// Records handed to the sink, those of abandoned passes not counted.
    pub records: u64,
    /// Calls made for it.
    pub calls: u64,
    /// Optional fields that the table has no column for.
    pub missing: Vec<ReadField>,
}

/// What came of asking for a page.
enum Asked {
    Page(Page),
    /// The server forgot the place: begin anew.
    Lost,
    /// A column is not there, and is no longer asked for: begin anew.
    UnknownColumn,
}

/// How a pass through the pages ended.
enum Pass {
    Complete { records: u64 },
    Lost,
    UnknownColumn,
}

impl Client {
    /// Hands every record, or every one changed since an instant (with some minutes' overlap), to
    /// `sink`, in pages and in no order.
    ///
    /// Airtable may lose its place in a list; then the list begins anew, and `sink` sees records a
    /// second time. Deleted records are never reported: only a list without `since` shows by their
    /// absence that they are gone.
    pub async fn list(
        &self,
        since: Option<DateTime<Utc>>,
        sink: &mut dyn FnMut(Vec<RawLead>) -> anyhow::Result<()>,
    ) -> Result<ListSummary, ApiError> {
        self.list_by(since.map(wire::changed_since), sink).await
    }

    /// The present fields of some records; those that are gone are left out.
    pub async fn read(&self, record_ids: &[RecordId]) -> Result<Vec<RawLead>, ApiError> {
        let mut leads = Vec::with_capacity(record_ids.len());
        for record_ids in record_ids.chunks(PAGE_RECORDS_MAX as usize) {
            // A list that begins anew shows records twice, which says nothing else about them.
            let mut sink = |page: Vec<RawLead>| {
                leads.extend(page);
                Ok(())
            };
            self.list_by(Some(wire::one_of(record_ids)), &mut sink)
                .await?;
        }
        Ok(leads)
    }

    async fn list_by(
        &self,
        formula: Option<String>,
        sink: &mut dyn FnMut(Vec<RawLead>) -> anyhow::Result<()>,
    ) -> Result<ListSummary, ApiError> {
        let calls_before = self.calls();
        let mut columns = self.read_columns().await?;
        let mut restarts = 0;
        // Each pass that ends early for a column has one column name less to try.
        loop {
            match self.pass(&mut columns, formula.as_deref(), sink).await? {
                Pass::Complete { records } => {
                    let calls = self.calls() - calls_before;
                    return Ok(ListSummary {
                        records,
                        calls,
                        missing: columns.missing,
                    });
                }
                Pass::UnknownColumn => {}
                Pass::Lost if restarts < RESTARTS_MAX => restarts += 1,
                Pass::Lost => {
                    return Err(ApiError::Unreachable(anyhow!(
                        "Airtable lost its place in the list {} times",
                        restarts + 1
                    )));
                }
            }
        }
    }

    async fn pass(
        &self,
        columns: &mut ReadColumns,
        formula: Option<&str>,
        sink: &mut dyn FnMut(Vec<RawLead>) -> anyhow::Result<()>,
    ) -> Result<Pass, ApiError> {
        let mut records = 0;
        let mut offset: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let asked = self
                .page(columns, formula, offset.as_deref(), PAGE_RECORDS_MAX)
                .await?;
            let page = match asked {
                Asked::Page(page) => page,
                Asked::Lost => return Ok(Pass::Lost),
                Asked::UnknownColumn => return Ok(Pass::UnknownColumn),
            };
            records += page.records.len() as u64;
            let leads = page
                .records
                .into_iter()
                .map(|record| lead(columns, record))
                .collect();
            sink(leads).map_err(ApiError::Sink)?;
            match page.offset {
                None => return Ok(Pass::Complete { records }),
                next if next == offset => return Ok(Pass::Lost),
                next => offset = next,
            }
        }
        Err(ApiError::Unreachable(anyhow!(
            "expected an end of the list after {PAGES_MAX} pages, found none"
        )))
    }

    async fn page(
        &self,
        columns: &mut ReadColumns,
        formula: Option<&str>,
        offset: Option<&str>,
        page_size: u32,
    ) -> Result<Asked, ApiError> {
        let request = self
            .page_request(columns, formula, offset, page_size)
            .await?;
        match self.call::<Page>(&request).await {
            Ok(page) => Ok(Asked::Page(page)),
            Err(Failure::Rejected(rejection)) => match rejection.kind {
                Kind::UnknownColumn => {
                    columns.forget(self, &rejection)?;
                    Ok(Asked::UnknownColumn)
                }
                Kind::IteratorGone => Ok(Asked::Lost),
                _ => Err(self.api_error(Failure::Rejected(rejection))),
            },
            Err(failure) => Err(self.api_error(failure)),
        }
    }

    async fn page_request(
        &self,
        columns: &ReadColumns,
        formula: Option<&str>,
        offset: Option<&str>,
        page_size: u32,
    ) -> Result<Request, ApiError> {
        let path = [self.settings.base_id.as_str(), self.table_path().await?];
        let mut url = self.url(&path);
        let mut query = url.query_pairs_mut();
        query.append_pair("pageSize", &page_size.to_string());
        for (_, name) in columns.in_use() {
            query.append_pair("fields[]", name);
        }
        let optional = [("filterByFormula", formula), ("offset", offset)];
        for (key, value) in optional
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
        {
            query.append_pair(key, value);
        }
        drop(query);
        if url.as_str().len() <= URL_CHARS_MAX {
            return Ok(Request {
                method: Method::GET,
                url,
                body: None,
            });
        }
        let names: Vec<&str> = columns.in_use().map(|(_, name)| name).collect();
        let mut body = json!({ "pageSize": page_size, "fields": names });
        if let Some(body) = body.as_object_mut() {
            let optional = optional
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)));
            body.extend(optional.map(|(key, value)| (key.to_string(), json!(value))));
        }
        let [base, table] = path;
        let url = self.url(&[base, table, "listRecords"]);
        Ok(Request {
            method: Method::POST,
            url,
            body: Some(body),
        })
    }

    /// Reads a single record to find out which columns there are, where no schema tells.
    pub(super) async fn probe(&self) -> Result<ReadColumns, ApiError> {
        let mut columns = self.read_columns().await?;
        loop {
            match self.page(&mut columns, None, None, 1).await? {
                // Without an offset there is no place to lose.
                Asked::Page(_) | Asked::Lost => return Ok(columns),
                Asked::UnknownColumn => {}
            }
        }
    }
}

fn lead(columns: &ReadColumns, mut record: Record) -> RawLead {
    let fields = columns.in_use().filter_map(|(field, name)| {
        let text = cell_text(&record.fields.remove(name)?)?;
        Some((field, lead_text(field, text)?))
    });
    let fields = fields.collect();
    RawLead {
        record_id: RecordId::new(record.id),
        fields,
    }
}
