//! A refused update: whose fault it is, and how the rest goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use super::pending::{Cell, Pending};
use super::transport::Rejection;
use super::update::UpdateOutcome;
use super::wire::Kind;
use super::{ApiError, Client};

/// After so many records whose cell of one column was refused, the column is given up for the run:
/// each refusal costs calls, and the month's calls are counted.
const STRIKES_MAX: u32 = 3;

/// What turned out to be unwritable: asking again would be refused again.
#[derive(Debug, Default)]
pub(super) struct Unwritable {
    /// Columns of ours, with the reason.
    columns: BTreeMap<String, String>,
    /// Options that a select does not have, by column.
    pub(super) options: BTreeMap<(String, String), String>,
    /// Refused cells by column.
    strikes: BTreeMap<String, u32>,
}

impl Client {
    /// The columns (ours) that could not be written in this run, with the reason.
    pub fn unwritable_columns(&self) -> BTreeMap<String, String> {
        self.unwritable().columns.clone()
    }

    pub(super) fn unwritable(&self) -> MutexGuard<'_, Unwritable> {
        self.unwritable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Narrows a refusal down: to a column, to a record, or to half of the batch.
    pub(super) async fn isolate(
        &self,
        rejection: &Rejection,
        mut batch: Vec<Pending>,
        open: &mut Vec<Vec<Pending>>,
        settled: &mut Vec<(usize, UpdateOutcome)>,
    ) -> Result<(), ApiError> {
        if rejection.kind == Kind::UnknownColumn {
            let all = batch.iter().flat_map(|pending| &pending.cells);
            if let Some(ours) = self.culprit(rejection, all) {
                let known = self.known().await?;
                let handle = batch.iter().find_map(|pending| pending.cells.get(&ours));
                let handle = handle.map(|cell| cell.handle.clone());
                self.forget(&known, handle.as_deref()).await?;
                self.known().await?;
                self.give_up(&ours, "the table has no such column");
                open.push(batch);
                return Ok(());
            }
        }
        if rejection.kind == Kind::RecordGone {
            let is_gone = |pending: &Pending| rejection.message.contains(&pending.id);
            if let Some(index) = batch.iter().position(is_gone) {
                settled.push((batch.remove(index).index, UpdateOutcome::Gone));
                open.push(batch);
                return Ok(());
            }
        }
        if batch.len() > 1 {
            let rest = batch.split_off(batch.len() / 2);
            open.extend([rest, batch]);
            return Ok(());
        }
        let Some(mut pending) = batch.pop() else {
            return Ok(());
        };
        if rejection.kind == Kind::RecordGone {
            settled.push((pending.index, UpdateOutcome::Gone));
            return Ok(());
        }
        let is_cell = matches!(rejection.kind, Kind::InvalidValue | Kind::UnknownOption);
        match self.culprit(rejection, &pending.cells).filter(|_| is_cell) {
            Some(ours) => {
                let cell = pending.cells.remove(&ours);
                self.remember(rejection, &ours, cell.as_ref());
                // The column may have another type now; then all is well the next time.
                self.refresh_schema().await?;
                self.known().await?;
                pending.left_out.insert(ours, rejection.message.clone());
                open.push(vec![pending]);
            }
            None => {
                settled.push((pending.index, UpdateOutcome::Refused(rejection.to_string())));
            }
        }
        Ok(())
    }

    /// The column a refusal is about, if its words name exactly one of those we sent. Only ever
    /// used to go on with less: words that name none end in a refused record, not in a wrong one.
    fn culprit<'a>(
        &self,
        rejection: &Rejection,
        cells: impl IntoIterator<Item = (&'a String, &'a Cell)>,
    ) -> Option<String> {
        let message = &rejection.message;
        let is_named = |name: &str| {
            let name = self.clean(name);
            message.contains(&format!("\"{name}\"")) || message.ends_with(&format!(" field {name}"))
        };
        let named: BTreeSet<&String> = cells
            .into_iter()
            .filter(|(ours, cell)| match rejection.kind {
                Kind::UnknownOption => cell.json.as_str().is_some_and(is_named),
                // Refusals name the column by its name, also when the request had its id.
                _ => is_named(&cell.handle) || self.name_of(ours).is_some_and(|n| is_named(&n)),
            })
            .map(|(ours, _)| ours)
            .collect();
        match (named.len(), named.first()) {
            (1, Some(ours)) => Some(ours.to_string()),
            _ => None,
        }
    }

    /// The present name of a column, where the schema is known and nobody is asking for it.
    fn name_of(&self, ours: &str) -> Option<String> {
        let schema = self.schema.try_lock().ok()?;
        let column = schema.known.as_ref()?.column(&ours.to_lowercase())?;
        Some(column.name.clone())
    }

    /// Learns from a refused cell, so that the same is not asked for every lead.
    fn remember(&self, rejection: &Rejection, ours: &str, cell: Option<&Cell>) {
        let why = rejection.message.clone();
        if rejection.kind == Kind::UnknownOption {
            let option = cell.map_or_else(String::new, |cell| cell.text.clone());
            let key = (ours.to_string(), option);
            self.unwritable().options.insert(key, why);
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

    /// Leaves a column out for the rest of the run; the caller asks for them all in the end.
    pub(super) fn give_up(&self, ours: &str, why: &str) {
        let mut unwritable = self.unwritable();
        unwritable.columns.insert(ours.to_string(), why.to_string());
    }

    pub(super) fn leave_out_unwritable(&self, batch: &mut [Pending]) {
        let unwritable = self.unwritable();
        for pending in batch {
            let why = |ours: &String, cell: &Cell| {
                let option = (ours.clone(), cell.text.clone());
                let column = unwritable.columns.get(ours);
                column.or_else(|| unwritable.options.get(&option)).cloned()
            };
            let unwritten: Vec<(String, String)> = pending
                .cells
                .iter()
                .filter_map(|(ours, cell)| Some((ours.clone(), why(ours, cell)?)))
                .collect();
            for (ours, why) in unwritten {
                pending.cells.remove(&ours);
                pending.left_out.insert(ours, why);
            }
        }
    }
}

impl Rejection {
    /// Whether other records, or fewer, might be taken: not so when table or token are refused.
    pub(super) fn is_about_records(&self) -> bool {
        matches!(self.status, 400 | 413 | 422) || self.kind == Kind::RecordGone
    }
}
