//! Listing records, page by page.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::json;

use super::fields::{Field, Need};
use super::known::Known;
use super::transport::{Failure, Rejection, Request};
use super::wire::{Kind, Page, Record};
use super::{ApiError, Client, formula};
use crate::changeset::{WriteField, cell_text, lead_text};
use crate::lead::{EmailAddress, RawLead, ReadField, RecordId};

/// The most records a page may ask for.
const PAGE_RECORDS_MAX: usize = 100;

/// The longest address that is asked for by GET. Airtable's limit is 16,000 characters.
const URL_CHARS_MAX: usize = 15_000;

/// More pages than any table has (the largest plan holds 500,000 records): a server that never says
/// "last page" must not keep us forever.
const PAGES_MAX: u32 = 10_000;

/// How often a list is begun anew when the server lost its place in it.
const RESTARTS_MAX: u32 = 5;

/// Which records are asked for.
#[derive(Clone, Debug)]
pub enum Which<'a> {
    /// Every record there is.
    All,
    /// Those that people changed since an instant, or made, with some minutes' overlap.
    ChangedSince(DateTime<Utc>),
    /// These; the ones that are gone are left out.
    Ids(&'a [RecordId]),
    /// Those whose address this is.
    Address(&'a EmailAddress),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// Which records.
    pub which: Which<'a>,
    /// Columns of ours to be read as well: texts that people may have edited.
    pub texts: &'a [WriteField],
    /// Records after which no further page is asked for; none for no end.
    pub enough: Option<u64>,
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRecord {
    /// The fields we read.
    pub lead: RawLead,
    /// The texts that were asked for, by our column name; one that is empty has no entry. None when
    /// none were asked for, or when the table does not have a column for each.
    pub texts: Option<BTreeMap<String, String>>,
}

/// What was listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSummary {
    /// Records handed to the sink, those of abandoned passes not counted.
    pub records: u64,
    /// Optional fields that the table has no column for.
    pub missing: Vec<ReadField>,
}

/// Who takes the pages.
pub type Sink<'a> = &'a mut dyn FnMut(Vec<ReadRecord>) -> anyhow::Result<()>;

/// Who takes the pages as they come.
type Take<'a> = &'a mut dyn FnMut(&[Asked], Vec<Record>) -> anyhow::Result<()>;

/// How a pass through the pages ended.
enum Pass {
    Complete { records: u64 },
    Lost,
    UnknownColumn,
}

/// A field that is asked for.
#[derive(Clone, Debug)]
struct Asked {
    as_what: As,
    /// What the column is called in requests and answers.
    handle: String,
}

/// What an asked field is for.
#[derive(Clone, Debug)]
enum As {
    Lead(ReadField),
    Text(String),
    /// Only to learn whether the column is there: without it nothing may be written or sent.
    Probe,
}

impl Client {
    /// Hands the records to `sink`, in pages and in no order.
    ///
    /// Airtable may lose its place in a list; then the list begins anew, and `sink` sees records a
    /// second time. Deleted records are never reported: only a list of all shows by their absence
    /// that they are gone.
    pub async fn list(
        &self,
        listing: &Listing<'_>,
        sink: Sink<'_>,
    ) -> Result<ListSummary, ApiError> {
        let Which::Ids(record_ids) = listing.which else {
            return self.list_some(listing, sink).await;
        };
        let mut summary = ListSummary::default();
        for record_ids in record_ids.chunks(PAGE_RECORDS_MAX) {
            let which = Which::Ids(record_ids);
            let listing = Listing { which, ..*listing };
            let part = self.list_some(&listing, sink).await?;
            summary.records += part.records;
            summary.missing = part.missing;
        }
        Ok(summary)
    }

    async fn list_some(
        &self,
        listing: &Listing<'_>,
        sink: Sink<'_>,
    ) -> Result<ListSummary, ApiError> {
        let texts = listing.texts;
        let ask = |known: &Known| self.asked(known, texts);
        let mut take = |asked: &[Asked], page: Vec<Record>| {
            let read = |record| read_record(asked, texts, record);
            sink(page.into_iter().map(read).collect())
        };
        let records = self
            .pages(&ask, &listing.which, listing.enough, &mut take)
            .await?;
        let known = self.known().await?;
        let missing = self
            .fields
            .iter()
            .filter(|field| known.handle(field).is_none());
        let missing = missing.filter_map(|field| field.read).collect();
        Ok(ListSummary { records, missing })
    }

    /// What some records hold in columns of ours, as text, by our column name; a cell that is empty
    /// has no entry, a record that is gone neither.
    pub async fn look(
        &self,
        record_ids: &[RecordId],
        columns: &[WriteField],
    ) -> Result<BTreeMap<RecordId, BTreeMap<String, String>>, ApiError> {
        let ask = |known: &Known| {
            let asked = |field: &Field| {
                let write = field.write.as_ref();
                let as_what = match write.is_some_and(|write| columns.contains(write)) {
                    true => As::Text(field.shown()),
                    false if field.need == Need::Vital => As::Probe,
                    false => return None,
                };
                let handle = known.handle(field)?.to_string();
                Some(Asked { as_what, handle })
            };
            self.fields.iter().filter_map(asked).collect()
        };
        let mut seen = BTreeMap::new();
        for record_ids in record_ids.chunks(PAGE_RECORDS_MAX) {
            let mut take = |asked: &[Asked], page: Vec<Record>| {
                for record in page {
                    let texts = texts_of(asked, &record);
                    seen.insert(RecordId::new(record.id), texts);
                }
                Ok(())
            };
            self.pages(&ask, &Which::Ids(record_ids), None, &mut take)
                .await?;
        }
        Ok(seen)
    }

    /// Those of our columns that the table has, by our name.
    pub async fn present(&self, columns: &[WriteField]) -> Result<BTreeSet<String>, ApiError> {
        let known = self.known().await?;
        let is_there = |field: &&Field| {
            let is_asked = field.write.as_ref().is_some_and(|f| columns.contains(f));
            is_asked && known.handle(field).is_some()
        };
        let there = self.fields.iter().filter(is_there);
        Ok(there.map(Field::shown).collect())
    }

    /// Hands page after page to `take`, beginning anew as often as it must. The answer is how many
    /// records the last, complete pass had.
    async fn pages(
        &self,
        ask: &dyn Fn(&Known) -> Vec<Asked>,
        which: &Which<'_>,
        enough: Option<u64>,
        take: Take<'_>,
    ) -> Result<u64, ApiError> {
        let mut restarts = 0;
        // Each pass that ends early for a column leaves one name less to try.
        loop {
            match self.pass(ask, which, enough, take).await? {
                Pass::Complete { records } => return Ok(records),
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
        ask: &dyn Fn(&Known) -> Vec<Asked>,
        which: &Which<'_>,
        enough: Option<u64>,
        take: Take<'_>,
    ) -> Result<Pass, ApiError> {
        let known = self.known().await?;
        let asked = ask(&known);
        let formula = self.formula(&known, &asked, which);
        let mut records = 0;
        let mut offset: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let request = self.page_request(&known, &asked, formula.as_deref(), offset.as_deref());
            let page = match self.call::<Page>(&request).await {
                Ok(page) => page,
                Err(Failure::Rejected(rejection)) => {
                    return self.refused(&known, &asked, rejection).await;
                }
                Err(failure) => return Err(self.api_error(failure)),
            };
            records += page.records.len() as u64;
            take(&asked, page.records).map_err(ApiError::Sink)?;
            match page.offset {
                None => return Ok(Pass::Complete { records }),
                _ if enough.is_some_and(|enough| records >= enough) => {
                    return Ok(Pass::Complete { records });
                }
                next if next == offset => return Ok(Pass::Lost),
                next => offset = next,
            }
        }
        Err(ApiError::Unreachable(anyhow!(
            "expected an end of the list after {PAGES_MAX} pages, found none"
        )))
    }

    /// How a list goes on after a refusal.
    async fn refused(
        &self,
        known: &Known,
        asked: &[Asked],
        rejection: Rejection,
    ) -> Result<Pass, ApiError> {
        match rejection.kind {
            Kind::IteratorGone => Ok(Pass::Lost),
            Kind::UnknownColumn | Kind::InvalidFormula => {
                let is_named = |asked: &&Asked| {
                    let quoted = format!("\"{}\"", self.clean(&asked.handle));
                    rejection.message.contains(&quoted)
                };
                let named = asked.iter().filter(is_named);
                let handle = named
                    .map(|asked| &asked.handle)
                    .max_by_key(|name| name.len());
                if self.forget(known, handle.map(String::as_str)).await? {
                    return Ok(Pass::UnknownColumn);
                }
                Err(self.api_error(Failure::Rejected(rejection)))
            }
            // The table may have been made anew under its old name.
            _ if matches!(rejection.status, 403 | 404)
                && known.table.is_some()
                && self.forget(known, None).await? =>
            {
                Ok(Pass::UnknownColumn)
            }
            _ => Err(self.api_error(Failure::Rejected(rejection))),
        }
    }

    /// The fields to ask for.
    fn asked(&self, known: &Known, texts: &[WriteField]) -> Vec<Asked> {
        let asked = |field: &Field| {
            let is_text = field
                .write
                .as_ref()
                .is_some_and(|write| texts.contains(write));
            let as_what = match field.read {
                Some(read) => As::Lead(read),
                None if is_text => As::Text(field.shown()),
                None if field.need == Need::Vital => As::Probe,
                None => return None,
            };
            let handle = known.handle(field)?.to_string();
            Some(Asked { as_what, handle })
        };
        self.fields.iter().filter_map(asked).collect()
    }

    fn formula(&self, known: &Known, asked: &[Asked], which: &Which<'_>) -> Option<String> {
        match which {
            Which::All => None,
            Which::Ids(record_ids) => Some(formula::one_of(record_ids)),
            Which::Address(address) => {
                let is_email = |asked: &&Asked| matches!(asked.as_what, As::Lead(ReadField::Email));
                let email = asked.iter().find(is_email)?;
                Some(formula::with_address(&email.handle, &address.key()))
            }
            Which::ChangedSince(since) => {
                // What we write ourselves is no news. But the stamps of single columns do not move
                // when a computed cell changes, and names might hold a brace.
                let column = |field: &&Field| known.column(&field.key);
                let read = || self.fields.iter().filter(|field| field.read.is_some());
                let is_computed = read().filter_map(|f| column(&f)).any(|c| c.is_computed());
                let by_column = known.table.is_some() && !is_computed;
                let is_read = |asked: &&Asked| by_column && !matches!(asked.as_what, As::Probe);
                let watched = asked.iter().filter(is_read);
                let watched: Vec<&str> = watched.map(|asked| asked.handle.as_str()).collect();
                Some(formula::changed_since(*since, &watched))
            }
        }
    }

    fn page_request(
        &self,
        known: &Known,
        asked: &[Asked],
        formula: Option<&str>,
        offset: Option<&str>,
    ) -> Request {
        let path = [self.settings.base_id.as_str(), self.table_path(known)];
        let by_id = known.table.is_some().then_some("true");
        let mut url = self.url(&path);
        let mut query = url.query_pairs_mut();
        query.append_pair("pageSize", &PAGE_RECORDS_MAX.to_string());
        for Asked { handle, .. } in asked {
            query.append_pair("fields[]", handle);
        }
        let optional = [
            ("returnFieldsByFieldId", by_id),
            ("filterByFormula", formula),
            ("offset", offset),
        ];
        let given = |(key, value): (&'static str, Option<&str>)| Some((key, value?.to_string()));
        for (key, value) in optional.into_iter().filter_map(given) {
            query.append_pair(key, &value);
        }
        drop(query);
        if url.as_str().len() <= URL_CHARS_MAX {
            return Request::get(url);
        }
        let handles: Vec<&str> = asked.iter().map(|asked| asked.handle.as_str()).collect();
        let mut body = json!({ "pageSize": PAGE_RECORDS_MAX, "fields": handles });
        if let Some(body) = body.as_object_mut() {
            let texts = optional
                .into_iter()
                .filter(|(key, _)| *key != "returnFieldsByFieldId");
            let texts = texts.filter_map(given);
            body.extend(texts.map(|(key, value)| (key.to_string(), json!(value))));
            if by_id.is_some() {
                body.insert("returnFieldsByFieldId".to_string(), json!(true));
            }
        }
        let [base, table] = path;
        Request {
            method: Method::POST,
            url: self.url(&[base, table, "listRecords"]),
            body: Some(body),
        }
    }
}

fn texts_of(asked: &[Asked], record: &Record) -> BTreeMap<String, String> {
    let texts = asked.iter().filter_map(|asked| match &asked.as_what {
        As::Text(column) => {
            let text = cell_text(record.fields.get(&asked.handle)?)?;
            Some((column.clone(), text))
        }
        As::Lead(_) | As::Probe => None,
    });
    texts.collect()
}

fn read_record(asked: &[Asked], texts: &[WriteField], record: Record) -> ReadRecord {
    let is_text = |asked: &&Asked| matches!(asked.as_what, As::Text(_));
    let n_texts = asked.iter().filter(is_text).count();
    let has_texts = !texts.is_empty() && n_texts == texts.len();
    let fields = asked.iter().filter_map(|asked| match asked.as_what {
        As::Lead(field) => {
            let text = cell_text(record.fields.get(&asked.handle)?)?;
            Some((field, lead_text(field, text)?))
        }
        As::Text(_) | As::Probe => None,
    });
    ReadRecord {
        texts: has_texts.then(|| texts_of(asked, &record)),
        lead: RawLead {
            fields: fields.collect(),
            record_id: RecordId::new(record.id),
        },
    }
}
