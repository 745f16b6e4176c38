//! An update on its way: its cells, and what became of each.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::update::UpdateOutcome;

/// A cell on its way.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// What requests call the column.
    pub(super) handle: String,
    pub(super) json: Json,
    /// The same as people read it.
    pub(super) text: String,
    pub(super) new_option: Option<String>,
    /// Whether it is an option of a select.
    pub(super) is_choice: bool,
    /// What may be written over; none for a cell that is ours.
    pub(super) over: Option<Vec<String>>,
}

/// An update on its way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) index: usize,
    pub(super) id: String,
    /// By our column.
    pub(super) cells: BTreeMap<String, Cell>,
    pub(super) left_out: BTreeMap<String, String>,
    pub(super) kept: BTreeMap<String, String>,
}

impl Pending {
    pub(super) fn is_shared(&self) -> bool {
        self.cells.values().any(|cell| cell.over.is_some())
    }

    /// Takes out the shared cells that hold something we may not write over.
    pub(super) fn keep_what_people_changed(&mut self, seen: &BTreeMap<String, String>) {
        let present = |ours: &String| seen.get(ours).map_or("", |text| text.trim());
        let kept = self.cells.extract_if(.., |ours, cell| {
            let present = present(ours);
            let may_write = |text: &String| cell.is_same(text, present);
            let over = cell.over.as_ref();
            // Our own value: a write whose answer was lost, or a person of the same mind.
            let is_ours = cell.is_same(&cell.text, present);
            over.is_some_and(|over| !over.iter().any(may_write) && !is_ours)
        });
        let kept: Vec<String> = kept.map(|(ours, _)| ours).collect();
        for ours in kept {
            let text = present(&ours).to_string();
            self.kept.insert(ours, text);
        }
    }

    /// Whether an earlier try was carried out, as its witnesses show: a cell of ours, which is only
    /// written when it is to change, holds what we wrote.
    pub(super) fn is_written(&self, seen: &BTreeMap<String, String>) -> bool {
        self.cells.iter().any(|(ours, cell)| {
            let present = seen.get(ours);
            cell.is_witness() && present.is_some_and(|text| cell.is_same(&cell.text, text))
        })
    }

    pub(super) fn updated(self) -> (usize, UpdateOutcome) {
        let (left_out, kept) = (self.left_out, self.kept);
        (self.index, UpdateOutcome::Updated { left_out, kept })
    }
}

impl Cell {
    /// Whether it tells that the update was carried out: people do not write into it, and it is not
    /// empty.
    pub(super) fn is_witness(&self) -> bool {
        self.over.is_none() && !self.text.trim().is_empty()
    }

    /// Whether two texts are the same in this cell: Airtable may end a text with a line feed of its
    /// own, and a select may spell its options in other letters.
    fn is_same(&self, one: &str, other: &str) -> bool {
        let plain = |text: &str| text.replace("\r\n", "\n").trim().to_string();
        match self.is_choice {
            true => plain(one).eq_ignore_ascii_case(&plain(other)),
            false => plain(one) == plain(other),
        }
    }
}
