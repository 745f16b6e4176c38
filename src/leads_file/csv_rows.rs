//! CSV as Airtable exports it (RFC 4180, quoted line breaks, `checked` for a ticked box).

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow, bail, ensure};
use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::bounded::{Allowance, Bounded, RowTooLong, is_too_long};
use super::identity::Identities;
use super::{CELL_BYTES_MAX, FileSummary, ID_COLUMNS, Sink, clean, missing_columns};
use crate::changeset::{find_column, lead_text};
use crate::lead::ReadField;

/// Which position holds which field.
struct Header {
    columns: Vec<String>,
    fields: Vec<(ReadField, usize)>,
    id: Option<usize>,
    missing: Vec<ReadField>,
}

/// Reads rows one at a time and knows on which line each begins.
struct Rows<R> {
    reader: csv::Reader<Bounded<R>>,
    allowance: Allowance,
    /// The line on which the row read last begins. Lines without anything are not counted.
    line: u64,
    next_line: u64,
}

pub(super) fn read(
    path: &Path,
    reader: impl Read,
    sink: &mut Sink<'_>,
) -> anyhow::Result<FileSummary> {
    let (reader, allowance) = Bounded::new(reader);
    let reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(reader);
    let mut rows = Rows {
        reader,
        allowance,
        line: 1,
        next_line: 1,
    };
    let at = |line: u64, row: u64| match row {
        0 => format!("`{}`, line {line}", path.display()),
        row => format!("`{}`, line {line} (row {row})", path.display()),
    };

    let mut record = ByteRecord::new();
    rows.next(&mut record).with_context(|| at(rows.line, 0))?;
    let header = texts(&record, 1)
        .and_then(Header::parse)
        .with_context(|| at(1, 0))?;
    let mut identities = Identities::default();
    let mut summary = FileSummary {
        rows: 0,
        missing: header.missing.clone(),
    };
    loop {
        let row = summary.rows + 1;
        if !rows
            .next(&mut record)
            .with_context(|| at(rows.next_line, row))?
        {
            return Ok(summary);
        }
        let (id, fields) = header
            .fields(&record, rows.line)
            .with_context(|| at(rows.line, row))?;
        sink(identities.lead(&id, fields))?;
        summary.rows = row;
    }
}

impl<R: Read> Rows<R> {
    /// Reads the next row; false at the end of the file.
    fn next(&mut self, record: &mut ByteRecord) -> anyhow::Result<bool> {
        let is_row = self
            .reader
            .read_byte_record(record)
            .map_err(|err| match err.kind() {
                ErrorKind::Io(io) if is_too_long(io) => anyhow!(RowTooLong),
                _ => anyhow!(err).context("cannot read on"),
            })?;
        self.allowance.renew();
        // The parser's own count is one behind where lines end in CR LF.
        let n_breaks = record
            .as_slice()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.line = self.next_line;
        self.next_line += n_breaks as u64 + 1;
        Ok(is_row)
    }
}

impl Header {
    fn parse(columns: Vec<String>) -> anyhow::Result<Header> {
        let mut header = Header {
            columns,
            fields: Vec::new(),
            id: None,
            missing: Vec::new(),
        };
        for field in ReadField::ALL {
            match find_column(field.columns(), &header.columns).as_slice() {
                [] => header.missing.push(field),
                [index] => header.fields.push((field, *index)),
                [first, ..] => {
                    let name = header.columns.get(*first).map_or("", String::as_str);
                    bail!(
                        "expected each column once, found `{}` twice; remove one",
                        clean(name)
                    );
                }
            }
        }
        header.id = find_column(&ID_COLUMNS, &header.columns).first().copied();
        let (required, optional): (Vec<_>, Vec<_>) =
            header.missing.iter().partition(|field| field.is_required());
        if let ([only], false) = (header.columns.as_slice(), required.is_empty()) {
            let separator = [';', '\t']
                .into_iter()
                .find(|separator| only.contains(*separator));
            if let Some(separator) = separator {
                bail!("expected cells separated by commas, found {separator:?} between them");
            }
        }
        ensure!(
            required.is_empty(),
            "{}",
            missing_columns(&required, &header.columns)
        );
        header.missing = optional;
        Ok(header)
    }

    /// The id and the fields of a row.
    fn fields(
        &self,
        record: &ByteRecord,
        line: u64,
    ) -> anyhow::Result<(String, BTreeMap<ReadField, String>)> {
        let (expected, found) = (self.columns.len(), record.len());
        ensure!(
            expected == found,
            "expected {expected} cells, found {found}; a quote left open, or a comma or quote \
             outside quotes, moves the cells"
        );
        let mut texts = texts(record, line)?;
        for (column, text) in self.columns.iter().zip(&texts) {
            ensure!(
                text.len() <= CELL_BYTES_MAX,
                "expected at most {} MB in a cell, found {:.1} MB in `{}`",
                CELL_BYTES_MAX / 1_000_000,
                text.len() as f64 / 1e6,
                clean(column)
            );
        }
        let mut take = |index: usize| texts.get_mut(index).map(std::mem::take).unwrap_or_default();
        let fields: BTreeMap<ReadField, String> = self
            .fields
            .iter()
            .filter_map(|(field, index)| Some((*field, lead_text(*field, take(*index))?)))
            .collect();
        Ok((self.id.map(take).unwrap_or_default(), fields))
    }
}

/// The cells as text, or the line on which they stop being UTF-8. Nothing is replaced: a lead whose
/// name lost its letters would be greeted with the rest.
fn texts(record: &ByteRecord, line: u64) -> anyhow::Result<Vec<String>> {
    let mut n_breaks = 0;
    let mut texts = Vec::with_capacity(record.len());
    for cell in record {
        let count = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let text = std::str::from_utf8(cell).map_err(|err| {
            let valid = cell.get(..err.valid_up_to()).unwrap_or_default();
            let byte = cell.get(err.valid_up_to()).copied().unwrap_or_default();
            let line = line + n_breaks + count(valid);
            anyhow!(
                "expected UTF-8, found the byte {byte:#04x} on line {line}; save it as CSV UTF-8"
            )
        })?;
        n_breaks += count(cell);
        texts.push(text.to_string());
    }
    Ok(texts)
}
