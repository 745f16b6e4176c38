//! JSON as Airtable answers it, or an array of flat objects; one record in memory at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::{Context, anyhow, bail, ensure};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::bounded::{Allowance, Bounded, RowTooLong, is_too_long};
use super::identity::Identities;
use super::{CELL_BYTES_MAX, FileSummary, ID_COLUMNS, Sink, clean, missing_columns};
use crate::changeset::{cell_text, column_rank, lead_text, nearest_column};
use crate::lead::{RawLead, ReadField};

pub(super) fn read(
    path: &Path,
    reader: impl Read,
    sink: &mut Sink<'_>,
) -> anyhow::Result<FileSummary> {
    let (reader, allowance) = Bounded::new(reader);
    let mut parser = serde_json::Deserializer::from_reader(BufReader::new(reader));
    let mut records = Records {
        sink,
        allowance,
        columns: HashMap::new(),
        identities: Identities::default(),
        rows: 0,
        failure: None,
    };
    let parsed = records.deserialize(&mut parser).and_then(|()| parser.end());
    if let Some(failure) = records.failure.take() {
        return Err(match failure {
            Failure::Sink(err) => err,
            Failure::Record(err) => {
                err.context(format!("`{}`, record {}", path.display(), records.rows + 1))
            }
        });
    }
    parsed
        .map_err(|err| of_parser(err, records.rows))
        .with_context(|| format!("`{}`", path.display()))?;
    records
        .summary()
        .with_context(|| format!("`{}`", path.display()))
}

/// A parser's error quotes what it found, which may be long, and ends in line and column.
fn of_parser(err: serde_json::Error, rows: u64) -> anyhow::Error {
    let (line, column) = (err.line(), err.column());
    let text = err.to_string();
    let is_io = err.is_io();
    let io = io::Error::from(err);
    if is_too_long(&io) {
        return anyhow!(RowTooLong).context(format!("record {}", rows + 1));
    }
    if is_io {
        return anyhow!(io).context("cannot read on");
    }
    let what = text
        .split(" at line ")
        .next()
        .map(clean)
        .unwrap_or_default();
    anyhow!(
        "expected {{\"records\":[…]}} or an array of objects in JSON, found on line {line}, \
         column {column}: {what}"
    )
}

/// What ended the reading from inside the parser, whose own error can only carry text.
enum Failure {
    /// The caller's sink failed.
    Sink(anyhow::Error),
    /// A record is not one.
    Record(anyhow::Error),
}

/// Consumes a document, record by record.
struct Records<'a, 'b> {
    sink: &'a mut Sink<'b>,
    allowance: Allowance,
    /// The field each column met so far stands for, and how well it fits.
    columns: HashMap<String, Option<(ReadField, usize)>>,
    identities: Identities,
    rows: u64,
    failure: Option<Failure>,
}

impl Records<'_, '_> {
    fn take(&mut self, record: Map<String, Value>) -> Result<(), Failure> {
        let lead = self.lead(record).map_err(Failure::Record)?;
        (self.sink)(lead).map_err(Failure::Sink)?;
        self.rows += 1;
        self.allowance.renew();
        Ok(())
    }

    fn lead(&mut self, mut record: Map<String, Value>) -> anyhow::Result<RawLead> {
        let (id, cells) = match record.remove("fields") {
            Some(Value::Object(cells)) => (
                record.get("id").and_then(cell_text).unwrap_or_default(),
                cells,
            ),
            Some(_) => bail!("expected an object in `fields`"),
            None => {
                let is_id = |(key, _): &(&String, &Value)| column_rank(&ID_COLUMNS, key).is_some();
                let id = record
                    .iter()
                    .find(is_id)
                    .and_then(|(_, value)| cell_text(value));
                (id.unwrap_or_default(), record)
            }
        };
        let mut best: BTreeMap<ReadField, (usize, String)> = BTreeMap::new();
        for (column, cell) in cells {
            let known = *self
                .columns
                .entry(column)
                .or_insert_with_key(|column| field_of(column));
            let (Some((field, rank)), Some(text)) = (known, cell_text(&cell)) else {
                continue;
            };
            ensure!(
                text.len() <= CELL_BYTES_MAX,
                "expected at most {} MB in a cell, found {:.1} MB in `{}`",
                CELL_BYTES_MAX / 1_000_000,
                text.len() as f64 / 1e6,
                field.key()
            );
            if best.get(&field).is_none_or(|(found, _)| rank < *found) {
                best.insert(field, (rank, text));
            }
        }
        let fields = best.into_iter();
        let fields = fields.filter_map(|(field, (_, text))| Some((field, lead_text(field, text)?)));
        let fields = fields.collect();
        Ok(self.identities.lead(&id, fields))
    }

    /// An empty cell has no key in Airtable's answers, so a column nobody filled in looks as if it
    /// were not there. It is an error if without it no lead could ever be eligible, or if another
    /// column looks like its misspelling.
    fn summary(&self) -> anyhow::Result<FileSummary> {
        let found: BTreeSet<ReadField> = self
            .columns
            .values()
            .flatten()
            .map(|(field, _)| *field)
            .collect();
        let missing: Vec<ReadField> = ReadField::ALL
            .into_iter()
            .filter(|field| !found.contains(field))
            .collect();
        let mut columns: Vec<String> = self.columns.keys().cloned().collect();
        columns.sort_unstable();
        let is_lost = |field: &ReadField| {
            let may_be_empty = *field == ReadField::EngagementStatus;
            let is_misspelt = || nearest_column(field.columns(), &columns).is_some();
            field.is_required() && (!may_be_empty || is_misspelt())
        };
        let lost: Vec<ReadField> = missing.iter().copied().filter(is_lost).collect();
        let is_refused = self.rows > 0 && !lost.is_empty();
        ensure!(!is_refused, "{}", missing_columns(&lost, &columns));
        Ok(FileSummary {
            rows: self.rows,
            missing,
        })
    }
}

fn field_of(column: &str) -> Option<(ReadField, usize)> {
    let rank = |field: ReadField| Some((field, column_rank(field.columns(), column)?));
    ReadField::ALL.into_iter().find_map(rank)
}

impl<'de> DeserializeSeed<'de> for &mut Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut is_found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "records" {
                is_found = true;
                map.next_value_seed(&mut *self)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if is_found {
            Ok(())
        } else {
            Err(A::Error::custom("an object without `records`"))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(record) = seq.next_element::<Map<String, Value>>()? {
            if let Err(failure) = self.take(record) {
                self.failure = Some(failure);
                return Err(A::Error::custom("a record was refused"));
            }
        }
        Ok(())
    }
}
