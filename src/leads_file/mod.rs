//! The embedded base: leads from a CSV or JSON file, results into a CSV file beside it.
//!
//! Purpose: the program does its whole job without an Airtable account. [`read`] takes a file as
//! Airtable exports or answers it; [`StatusFile`] shows what became of each lead.
//! Invariant: the file of leads is never written to; a file is read whole or refused with one line
//! that says where and why; no row, however large, is held in memory beyond a fixed bound.
//! This module does not know the ledger: whoever passes the sink decides what to do with the rows
//! that were handed over before an error.

mod bounded;
mod csv_rows;
mod identity;
mod json_rows;
mod status;

pub use status::StatusFile;

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use anyhow::{Context, bail};

use crate::changeset::nearest_column;
use crate::lead::{RawLead, ReadField};

/// The largest cell, in bytes. Ten times what Airtable allows in a long text.
const CELL_BYTES_MAX: usize = 1_000_000;

/// The column names that hold a record's id in files people export with it.
const ID_COLUMNS: [&str; 2] = ["Record ID", "id"];

/// Where rows go, one by one.
pub type Sink<'a> = dyn FnMut(RawLead) -> anyhow::Result<()> + 'a;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSummary {
    /// Rows handed to the sink: every row of the file.
    pub rows: u64,
    /// Fields that the file has no column for, all of them optional.
    pub missing: Vec<ReadField>,
}

/// Hands every row of a file to `sink`.
///
/// CSV is read as Airtable exports it, JSON as it answers (`{"records":[{"id","fields"}]}`) or as
/// an array of flat objects. The ending `.json` or `.csv` decides which it is, else the first
/// character. Any bad row ends the reading with an error that names file, line, what was expected
/// and found.
pub fn read(path: &Path, sink: &mut Sink<'_>) -> anyhow::Result<FileSummary> {
    let file = open(path)?;
    let shown = path.display();
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    let start = reader
        .fill_buf()
        .with_context(|| format!("cannot read `{shown}`"))?;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        bail!("`{shown}`: expected UTF-8, found UTF-16; save it as CSV UTF-8");
    }
    let n_mark = if start.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let first = start
        .iter()
        .skip(n_mark)
        .copied()
        .find(|byte| !byte.is_ascii_whitespace());
    let Some(first) = first else {
        bail!("`{shown}`: expected a header row or JSON, found an empty file");
    };
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .map(str::to_lowercase);
    let is_json = match ending.as_deref() {
        Some("json") => true,
        Some("csv") => false,
        _ => matches!(first, b'{' | b'['),
    };
    reader.consume(n_mark);
    if is_json {
        json_rows::read(path, reader, sink)
    } else {
        csv_rows::read(path, reader, sink)
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    let shown = path.display();
    let mend = "set LEADS_FILE to a CSV or JSON file";
    // Asked before it is opened: opening a pipe waits for somebody to write into it.
    if let Ok(found) = path.metadata().map(|found| found.file_type()) {
        if found.is_dir() {
            bail!("`{shown}`: expected a file, found a directory; {mend}");
        }
        if !found.is_file() {
            bail!("`{shown}`: expected a file, found a pipe or a device; {mend}");
        }
    }
    match File::open(path) {
        Ok(file) => Ok(file),
        Err(err) if err.kind() == ErrorKind::NotFound => {
            bail!("`{shown}`: expected a file of leads, found none; {mend}")
        }
        Err(err) => Err(err).with_context(|| format!("cannot read `{shown}`")),
    }
}

/// Which columns are missing, which were found, and which of these may be meant.
fn missing_columns(missing: &[ReadField], columns: &[String]) -> String {
    let names = missing.iter().filter_map(|field| field.columns().first());
    let expected = names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let shown = columns
        .iter()
        .take(60)
        .map(|column| format!("`{}`", clean(column)));
    let found = shown.collect::<Vec<_>>().join(", ");
    let mends = missing.iter().filter_map(|field| {
        let near = nearest_column(field.columns(), columns)?;
        Some(format!(
            "; rename `{}` to `{}`",
            clean(near),
            field.columns().first()?
        ))
    });
    let noun = if missing.len() == 1 {
        "column"
    } else {
        "columns"
    };
    format!(
        "expected the {noun} {expected}, found {found}{}",
        mends.collect::<String>()
    )
}

/// A stranger's text for an error: one line, at most 80 characters.
fn clean(text: &str) -> String {
    let mut line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(80)
        .collect();
    if text.trim().chars().nth(80).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
