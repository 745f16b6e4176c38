//! Updating records in tens, and finding out what exactly was refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Value as Json, json};

use super::transport::{Failure, Rejection, Request};
use super::wire::{self, Kind};
use super::{ApiError, Client};
use crate::changeset::Value;
use crate::lead::RecordId;

/// The most records a request may update.
const BATCH_RECORDS_MAX: usize = 10;

/// After so many records whose cell of one column was refused, the column is given up for the run:
/// each refusal costs calls, and the month's calls are counted.
const STRIKES_MAX: u32 = 3;

/// What became of one record's update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// Every field was written.
    Updated,
    /// Written, but for these columns (ours), each with the reason. They were not told: an option
    /// or a column may be added later. When all of them were left out, no call was made.
    UpdatedWithout(BTreeMap<String, String>),
    /// Nothing was written, in the server's words.
    Refused(String),
    /// The record is no longer there.
    Gone,
}

/// What turned out to be unwritable: asking again would be refused again.
#[derive(Debug, Default)]
pub(super) struct Unwritable {
    /// Columns of ours, with the reason.
    columns: BTreeMap<String, String>,
    /// Options that a select does not have, by column.
    options: BTreeMap<(String, String), String>,
    /// Refused cells by column.
    strikes: BTreeMap<String, u32>,
}

/// An update on its way.
#[derive(Clone, Debug)]
struct Pending {
    index: usize,
    id: String,
    /// By our column: theirs, and what is to stand in the cell.
    cells: BTreeMap<String, (String, Json)>,
    left_out: BTreeMap<String, String>,
}

impl Client {
    /// Writes the cells of some records; the outcomes are in the order of the updates.
    ///
    /// A refused batch is split until what is refused stands alone, so that one record's trouble is
    /// never another's. An error means that the service failed as a whole; updates before it may
    /// have been written, and writing them again changes nothing. Who has many hands them over in
    /// tens and keeps each answer, so that a failure does not throw away what was achieved.
    pub async fn update(
        &self,
        updates: &[(RecordId, BTreeMap<String, Value>)],
    ) -> Result<Vec<UpdateOutcome>, ApiError> {
        let mut outcomes = vec![UpdateOutcome::Updated; updates.len()];
        for (n_chunk, chunk) in updates.chunks(BATCH_RECORDS_MAX).enumerate() {
            let mut batch = Vec::with_capacity(chunk.len());
            for (n, (record_id, values)) in chunk.iter().enumerate() {
                let index = n_chunk * BATCH_RECORDS_MAX + n;
                batch.push(self.pending(index, record_id, values).await?);
            }
            for (index, outcome) in self.settle(batch).await? {
                if let Some(slot) = outcomes.get_mut(index) {
                    *slot = outcome;
                }
            }
        }
        Ok(outcomes)
    }

    /// The columns (ours) that could not be written in this run, with the reason.
    pub fn unwritable_columns(&self) -> BTreeMap<String, String> {
        self.unwritable().columns.clone()
    }

    fn unwritable(&self) -> MutexGuard<'_, Unwritable> {
        self.unwritable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// An update in the table's own terms, as far as they are known.
    async fn pending(
        &self,
        index: usize,
        record_id: &RecordId,
        values: &BTreeMap<String, Value>,
    ) -> Result<Pending, ApiError> {
        let id = record_id.as_str().to_string();
        let mut pending = Pending {
            index,
            id,
            cells: BTreeMap::new(),
            left_out: BTreeMap::new(),
        };
        for (ours, value) in values {
            let key = ours.to_lowercase();
            let name = self.settings.columns.get(&key).unwrap_or(ours);
            let Some(table) = self.schema().await? else {
                let cell = (self.by_name(&key, name)?, wire::spell(value));
                pending.cells.insert(ours.clone(), cell);
                continue;
            };
            let spelt = match table.column(&key, &[name.as_str()])? {
                Some(column) => column.spell(value).map(|cell| (column.name.clone(), cell)),
                None => {
                    let why = format!("the table has no column `{name}`");
                    self.give_up(ours, &why);
                    Err(why)
                }
            };
            match spelt {
                Ok(cell) => drop(pending.cells.insert(ours.clone(), cell)),
                Err(why) => drop(pending.left_out.insert(ours.clone(), why)),
            }
        }
        Ok(pending)
    }

    /// Writes a batch, in parts where it is refused as a whole. Every turn of the loop answers for
    /// a record, or tries again with fewer records or fewer cells.
    async fn settle(&self, batch: Vec<Pending>) -> Result<Vec<(usize, UpdateOutcome)>, ApiError> {
        let mut settled = Vec::new();
        let mut open = vec![batch];
        while let Some(mut batch) = open.pop() {
            self.leave_out_unwritable(&mut batch);
            let (batch, empty): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .partition(|pending| !pending.cells.is_empty());
            settled.extend(empty.into_iter().map(Pending::updated));
            if batch.is_empty() {
                continue;
            }
            match self.patch(&batch).await {
                Ok(()) => settled.extend(batch.into_iter().map(Pending::updated)),
                Err(Failure::Rejected(rejection)) if rejection.is_about_records() => {
                    self.isolate(&rejection, batch, &mut open, &mut settled);
                }
                Err(failure) => return Err(self.api_error(failure)),
            }
        }
        Ok(settled)
    }

    async fn patch(&self, batch: &[Pending]) -> Result<(), Failure> {
        let table = self.table_path().await.map_err(Failure::Final)?;
        let records = batch.iter().map(|pending| {
            let fields: serde_json::Map<String, Json> = pending.cells.values().cloned().collect();
            json!({ "id": pending.id, "fields": fields })
        });
        let body = json!({ "records": records.collect::<Vec<_>>() });
        let url = self.url(&[&self.settings.base_id, table]);
        // PATCH, never PUT: that would clear every column that is not named.
        let request = Request {
            method: Method::PATCH,
            url,
            body: Some(body),
        };
        self.call::<IgnoredAny>(&request).await.map(|_| ())
    }

    /// Narrows a refusal down: to a column, to a record, or to half of the batch.
    fn isolate(
        &self,
        rejection: &Rejection,
        mut batch: Vec<Pending>,
        open: &mut Vec<Vec<Pending>>,
        settled: &mut Vec<(usize, UpdateOutcome)>,
    ) {
        if rejection.kind == Kind::UnknownColumn {
            let all = batch.iter().flat_map(|pending| &pending.cells);
            if let Some(ours) = self.culprit(rejection, all) {
                self.give_up(&ours, "the table has no such column");
                return open.push(batch);
            }
        }
        if rejection.kind == Kind::RecordGone {
            let is_gone = |pending: &Pending| rejection.message.contains(&pending.id);
            if let Some(index) = batch.iter().position(is_gone) {
                settled.push((batch.remove(index).index, UpdateOutcome::Gone));
                return open.push(batch);
            }
        }
        if batch.len() > 1 {
            let rest = batch.split_off(batch.len() / 2);
            return open.extend([rest, batch]);
        }
        let Some(mut pending) = batch.pop() else {
            return;
        };
        if rejection.kind == Kind::RecordGone {
            return settled.push((pending.index, UpdateOutcome::Gone));
        }
        let is_cell = matches!(rejection.kind, Kind::InvalidValue | Kind::UnknownOption);
        match self.culprit(rejection, &pending.cells).filter(|_| is_cell) {
            Some(ours) => {
                let cell = pending.cells.remove(&ours).map(|(_, cell)| cell);
                self.remember(rejection, &ours, cell.as_ref());
                pending.left_out.insert(ours, rejection.message.clone());
                open.push(vec![pending]);
            }
            None => {
                settled.push((pending.index, UpdateOutcome::Refused(rejection.to_string())));
            }
        }
    }

    /// The column a refusal is about, if its words name exactly one of those we sent. Only ever
    /// used to go on with less: words that name none end in a refused record, not in a wrong one.
    fn culprit<'a>(
        &self,
        rejection: &Rejection,
        cells: impl IntoIterator<Item = (&'a String, &'a (String, Json))>,
    ) -> Option<String> {
        let message = &rejection.message;
        let is_named = |name: &str| {
            let name = self.clean(name);
            message.contains(&format!("\"{name}\"")) || message.ends_with(&format!(" field {name}"))
        };
        let named: BTreeSet<&String> = cells
            .into_iter()
            .filter(|(_, (theirs, cell))| match rejection.kind {
                Kind::UnknownOption => cell.as_str().is_some_and(is_named),
                _ => is_named(theirs),
            })
            .map(|(ours, _)| ours)
            .collect();
        match (named.len(), named.first()) {
            (1, Some(ours)) => Some(ours.to_string()),
            _ => None,
        }
    }

    /// Learns from a refused cell, so that the same is not asked for every lead.
    fn remember(&self, rejection: &Rejection, ours: &str, cell: Option<&Json>) {
        let why = rejection.message.clone();
        if rejection.kind == Kind::UnknownOption {
            let option = cell.and_then(Json::as_str).unwrap_or_default().to_string();
            self.unwritable()
                .options
                .insert((ours.to_string(), option), why);
            return;
        }
        let n_strikes = {
            let mut unwritable = self.unwritable();
            let strikes = unwritable.strikes.entry(ours.to_string()).or_insert(0);
            *strikes += 1;
            *strikes
        };
        if n_strikes >= STRIKES_MAX {
            self.give_up(ours, &why);
        }
    }

    fn give_up(&self, ours: &str, why: &str) {
        let before = self
            .unwritable()
            .columns
            .insert(ours.to_string(), why.to_string());
        if before.is_none() {
            tracing::warn!(column = ours, why, "a column cannot be written in this run");
        }
    }

    fn leave_out_unwritable(&self, batch: &mut [Pending]) {
        let unwritable = self.unwritable();
        for pending in batch {
            let why = |ours: &String, cell: &Json| {
                let option = || {
                    let option = cell.as_str()?.to_string();
                    unwritable.options.get(&(ours.clone(), option))
                };
                unwritable.columns.get(ours).or_else(option).cloned()
            };
            let unwritten: Vec<(String, String)> = pending
                .cells
                .iter()
                .filter_map(|(ours, (_, cell))| Some((ours.clone(), why(ours, cell)?)))
                .collect();
            for (ours, why) in unwritten {
                pending.cells.remove(&ours);
                pending.left_out.insert(ours, why);
            }
        }
    }
}

impl Pending {
    fn updated(self) -> (usize, UpdateOutcome) {
        let outcome = match self.left_out.is_empty() {
            true => UpdateOutcome::Updated,
            false => UpdateOutcome::UpdatedWithout(self.left_out),
        };
        (self.index, outcome)
    }
}

impl Rejection {
    /// Whether other records, or fewer, might be taken: not so when table or token are refused.
    fn is_about_records(&self) -> bool {
        matches!(self.status, 400 | 413 | 422) || self.kind == Kind::RecordGone
    }
}
