//! Updating records in tens, and finding out what exactly was refused.
//!
//! A cell that people share is only written over what is known to stand in it. Airtable knows no
//! condition for that, so the cell is looked at first, and again before a write is repeated: its
//! answer may have been lost after it was carried out, and a person may have changed the cell
//! since. Whether it was carried out shows in the other cells of the same write, its witnesses: an
//! update is all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use backon::BackoffBuilder;
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Value as Json, json};

use super::fields::{self, Field};
use super::known::Known;
use super::pending::{Cell, Pending};
use super::transport::{Failure, Request};
use super::wire;
use super::{ApiError, Client};
use crate::changeset::{Value, WriteField};
use crate::lead::RecordId;

/// The most records a request may update.
const BATCH_RECORDS_MAX: usize = 10;

/// So many records are looked at in one call before they are written: the more, the fewer calls;
/// the fewer, the less time a person has to change a cell between our look and our write.
const LOOK_RECORDS_MAX: usize = 100;

/// So many calls may be waiting for their answers: an answer takes longer than the gap between two
/// calls, and the rate should not sink because of it.
const CALLS_IN_FLIGHT_MAX: usize = 3;

/// What is to be written into a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The record.
    pub record_id: RecordId,
    /// Cells that are ours, by our column name.
    pub cells: BTreeMap<String, Value>,
    /// Cells that people share, by our column name.
    pub shared: BTreeMap<String, Shared>,
}

/// A cell that people share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// What is to stand in it.
    pub value: Value,
    /// The texts that may be written over; `""` is an empty cell. Anything else a person put there,
    /// and it stays.
    pub over: Vec<String>,
}

/// What became of one record's update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// Written, but for the exceptions. When every cell is an exception, no call was made.
    Updated {
        /// Columns (ours) that cannot be written, each with the reason. They were not told: an
        /// option or a column may be added later.
        left_out: BTreeMap<String, String>,
        /// Shared columns (ours) that a person had changed, each with what stands there.
        kept: BTreeMap<String, String>,
    },
    /// Nothing was written, in the server's words.
    Refused(String),
    /// The record is no longer there.
    Gone,
}

/// Who is told what became of updates, by their positions.
pub type Note<'a> = &'a mut dyn FnMut(Vec<(usize, UpdateOutcome)>) -> anyhow::Result<()>;

/// What stands in cells, by record and our column.
type Seen = BTreeMap<RecordId, BTreeMap<String, String>>;

impl Client {
    /// Writes the cells of some records. What became of them is told to `note` as it becomes known,
    /// by the updates' positions.
    ///
    /// A refused batch is split until what is refused stands alone, so that one record's trouble is
    /// never another's. An error means that the service failed as a whole; updates before it may
    /// have been written, and writing them again changes nothing. What a person changed meanwhile
    /// in a shared cell stays.
    pub async fn update(&self, updates: &[Update], note: Note<'_>) -> Result<(), ApiError> {
        for (n_chunk, chunk) in updates.chunks(LOOK_RECORDS_MAX).enumerate() {
            let known = self.known().await?;
            let indexed = chunk.iter().enumerate();
            let pending = indexed.map(|(n, update)| {
                let index = n_chunk * LOOK_RECORDS_MAX + n;
                self.pending(&known, index, update)
            });
            let mut pending: Vec<Pending> = pending.collect();
            let gone = self.look_first(&mut pending).await?;
            note(gone).map_err(ApiError::Sink)?;
            // The first batch alone: what is refused in it, or made for it, the others know.
            let rest = pending.split_off(pending.len().min(BATCH_RECORDS_MAX));
            note(self.settle(pending).await?).map_err(ApiError::Sink)?;
            let mut batches = Vec::new();
            let mut rest = rest.into_iter().peekable();
            while rest.peek().is_some() {
                batches.push(rest.by_ref().take(BATCH_RECORDS_MAX).collect());
            }
            let settling = batches.into_iter().map(|batch| self.settle(batch));
            let mut settling = stream::iter(settling).buffer_unordered(CALLS_IN_FLIGHT_MAX);
            while let Some(settled) = settling.next().await {
                note(settled?).map_err(ApiError::Sink)?;
            }
        }
        Ok(())
    }

    /// An update in the table's own terms, as far as they are known.
    fn pending(&self, known: &Known, index: usize, update: &Update) -> Pending {
        let mut pending = Pending {
            index,
            id: update.record_id.as_str().to_string(),
            cells: BTreeMap::new(),
            left_out: BTreeMap::new(),
            kept: BTreeMap::new(),
        };
        let own = update.cells.iter().map(|(ours, value)| (ours, value, None));
        let shared = update.shared.iter();
        let shared = shared.map(|(ours, shared)| (ours, &shared.value, Some(&shared.over)));
        for (ours, value, over) in own.chain(shared) {
            match self.spell(known, ours, value) {
                Ok(mut cell) => {
                    cell.over = over.cloned();
                    pending.cells.insert(ours.clone(), cell);
                }
                Err(why) => drop(pending.left_out.insert(ours.clone(), why)),
            }
        }
        pending
    }

    /// A value as its column takes it, or why it takes none.
    fn spell(&self, known: &Known, ours: &str, value: &Value) -> Result<Cell, String> {
        let key = ours.to_lowercase();
        let field = self.fields.iter().find(|field| field.key == key);
        let Some((field, handle)) = field.and_then(|field| Some((field, known.handle(field)?)))
        else {
            let name = field.and_then(|field| field.names.first());
            let name = name.map_or(ours, String::as_str);
            let why = format!("the table has no column `{name}`");
            self.give_up(ours, &why);
            return Err(why);
        };
        let spelt = match known.column(&key) {
            Some(column) => column.spell(value, self.may_add_option(field, ours, value))?,
            None => wire::Spelt::plain(wire::spell(value)),
        };
        Ok(Cell {
            handle: handle.to_string(),
            json: spelt.cell,
            text: value.to_text(),
            new_option: spelt.new_option,
            is_choice: matches!(value, Value::Choice(_)),
            over: None,
        })
    }

    /// Whether a missing option may be made: the select is ours, and making it was not refused.
    fn may_add_option(&self, field: &Field, ours: &str, value: &Value) -> bool {
        let option = (ours.to_string(), value.to_text());
        field.write.as_ref().is_some_and(fields::owns_options)
            && !self.unwritable().options.contains_key(&option)
    }

    /// Looks at the shared cells of updates. The answer is the records that are gone; the others
    /// lose the shared cells that a person changed.
    async fn look_first(
        &self,
        updates: &mut Vec<Pending>,
    ) -> Result<Vec<(usize, UpdateOutcome)>, ApiError> {
        let Some(seen) = self.look_at_shared(updates, false).await? else {
            return Ok(Vec::new());
        };
        let mut gone = Vec::new();
        updates.retain_mut(|pending| {
            if !pending.is_shared() {
                return true;
            }
            let Some(cells) = seen.get(&RecordId::new(pending.id.clone())) else {
                gone.push((pending.index, UpdateOutcome::Gone));
                return false;
            };
            pending.keep_what_people_changed(cells);
            true
        });
        Ok(gone)
    }

    /// What stands in the shared cells of updates, and in their other cells if those are to
    /// witness; none when no cell is shared.
    async fn look_at_shared(
        &self,
        updates: &[Pending],
        with_witnesses: bool,
    ) -> Result<Option<Seen>, ApiError> {
        let shared = || updates.iter().filter(|pending| pending.is_shared());
        if shared().next().is_none() {
            return Ok(None);
        }
        let is_asked = |field: &&WriteField| {
            let ours = field.column();
            shared().any(|pending| {
                let cell = pending.cells.get(&ours);
                cell.is_some_and(|cell| {
                    cell.over.is_some() || (with_witnesses && cell.is_witness())
                })
            })
        };
        let written = self.settings.written.iter();
        let columns: Vec<WriteField> = written.filter(is_asked).cloned().collect();
        let record_ids: Vec<RecordId> = shared()
            .map(|pending| RecordId::new(pending.id.clone()))
            .collect();
        self.look(&record_ids, &columns).await.map(Some)
    }

    /// Writes a batch, in parts where it is refused as a whole. Every turn of the loop answers for
    /// a record, or tries again with fewer records or fewer cells.
    async fn settle(&self, batch: Vec<Pending>) -> Result<Vec<(usize, UpdateOutcome)>, ApiError> {
        let mut settled = Vec::new();
        let mut open = vec![batch];
        while let Some(mut batch) = open.pop() {
            self.leave_out_unwritable(&mut batch);
            self.leave_out_empty(&mut batch, &mut settled);
            if batch.is_empty() {
                continue;
            }
            let known = self.known().await?;
            match self.write(&known, &mut batch, &mut settled).await {
                Ok(()) => {
                    self.note_new_options(&known, &batch).await;
                    settled.extend(batch.into_iter().map(Pending::updated));
                }
                Err(Failure::Rejected(rejection)) if rejection.is_about_records() => {
                    self.isolate(&rejection, batch, &mut open, &mut settled)
                        .await?;
                }
                Err(failure) => return Err(self.api_error(failure)),
            }
        }
        Ok(settled)
    }

    /// Hands a batch over. One without shared cells may be repeated as it is; one with shared cells
    /// is looked at again before each further try, and loses what turns out to be written or gone.
    async fn write(
        &self,
        known: &Known,
        batch: &mut Vec<Pending>,
        settled: &mut Vec<(usize, UpdateOutcome)>,
    ) -> Result<(), Failure> {
        if !batch.iter().any(Pending::is_shared) {
            let request = self.patch(known, batch);
            return self.call::<IgnoredAny>(&request).await.map(|_| ());
        }
        let mut delays = self.backoff().build();
        loop {
            let request = self.patch(known, batch);
            let Err(failure) = self.attempt::<IgnoredAny>(&request).await else {
                return Ok(());
            };
            let (Failure::Passing { wait, .. }, Some(delay)) = (&failure, delays.next()) else {
                return Err(failure);
            };
            let wait = wait.unwrap_or(delay);
            if wait > self.pacing.wait_max {
                return Err(failure);
            }
            tokio::time::sleep(wait).await;
            self.look_again(batch, settled)
                .await
                .map_err(Failure::Final)?;
            self.leave_out_empty(batch, settled);
            if batch.is_empty() {
                return Ok(());
            }
        }
    }

    /// After a write without an answer: settles what was written or is gone, and keeps what a
    /// person changed meanwhile.
    async fn look_again(
        &self,
        batch: &mut Vec<Pending>,
        settled: &mut Vec<(usize, UpdateOutcome)>,
    ) -> Result<(), ApiError> {
        let Some(seen) = self.look_at_shared(batch, true).await? else {
            return Ok(());
        };
        let mut rest = Vec::new();
        for mut pending in batch.drain(..) {
            let cells = seen.get(&RecordId::new(pending.id.clone()));
            match cells {
                _ if !pending.is_shared() => rest.push(pending),
                None => settled.push((pending.index, UpdateOutcome::Gone)),
                Some(cells) if pending.is_written(cells) => {
                    settled.push(pending.updated());
                }
                Some(cells) => {
                    pending.keep_what_people_changed(cells);
                    rest.push(pending);
                }
            }
        }
        *batch = rest;
        Ok(())
    }

    fn patch(&self, known: &Known, batch: &[Pending]) -> Request {
        let cells = |pending: &Pending| -> serde_json::Map<String, Json> {
            let cells = pending.cells.values();
            cells
                .map(|cell| (cell.handle.clone(), cell.json.clone()))
                .collect()
        };
        let records = batch
            .iter()
            .map(|pending| json!({ "id": pending.id, "fields": cells(pending) }));
        let records: Vec<Json> = records.collect();
        // To make an option; every other cell is spelt exactly, so nothing else is converted.
        let body = match new_options(known, batch).is_empty() {
            true => json!({ "records": records }),
            false => json!({ "records": records, "typecast": true }),
        };
        // PATCH, never PUT: that would clear every column that is not named.
        Request {
            method: Method::PATCH,
            url: self.url(&[&self.settings.base_id, self.table_path(known)]),
            body: Some(body),
        }
    }

    /// Options that were just made need not be made again.
    async fn note_new_options(&self, known: &Known, batch: &[Pending]) {
        for (ours, option) in new_options(known, batch) {
            tracing::info!("option `{option}` was added to `{ours}`");
            let key = ours.to_lowercase();
            self.change_known(|known| known.add_option(&key, option))
                .await;
        }
    }

    fn leave_out_empty(&self, batch: &mut Vec<Pending>, settled: &mut Vec<(usize, UpdateOutcome)>) {
        let is_empty = |pending: &mut Pending| pending.cells.is_empty();
        settled.extend(batch.extract_if(.., is_empty).map(Pending::updated));
    }
}

/// The options of our selects that a batch needs and the table does not have yet, by our column.
fn new_options<'a>(known: &Known, batch: &'a [Pending]) -> BTreeSet<(&'a String, &'a String)> {
    let all = batch.iter().flat_map(|pending| &pending.cells);
    let new = all.filter_map(|(ours, cell)| Some((ours, cell.new_option.as_ref()?)));
    new.filter(|(ours, option)| !known.has_option(&ours.to_lowercase(), option))
        .collect()
}
