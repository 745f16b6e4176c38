//! What became of each lead, as a CSV file that spreadsheets open.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};

/// The file beside the leads that shows what became of them.
pub struct StatusFile;

impl StatusFile {
    /// `<stem>.status.csv` in the folder of the leads.
    pub fn default_path(leads_file: &Path) -> PathBuf {
        let stem = leads_file.file_stem().unwrap_or(leads_file.as_os_str());
        let mut name = stem.to_os_string();
        name.push(".status.csv");
        leads_file.with_file_name(name)
    }

    /// Replaces the file by these rows, or leaves it as it was, also when a row is an error: the
    /// rows go into a file of another name first, which reaches the disk before it takes the place
    /// of the old one.
    ///
    /// UTF-8, RFC 4180. A cell that a spreadsheet would take for a formula gets a leading `'`.
    pub fn write(
        path: &Path,
        header: &[&str],
        rows: impl IntoIterator<Item = anyhow::Result<Vec<String>>>,
    ) -> anyhow::Result<()> {
        let name = path.file_name().with_context(|| {
            format!(
                "STATUS_FILE: expected the name of a file, found `{}`",
                path.display()
            )
        })?;
        ensure!(
            !path.is_dir(),
            "STATUS_FILE: expected a file at `{}`, found a directory",
            path.display()
        );
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut draft_name = std::ffi::OsString::from(".");
        draft_name.push(name);
        draft_name.push(".draft");
        let draft = folder.join(draft_name);
        let written = fill(&draft, folder, header, rows).and_then(|()| {
            fs::rename(&draft, path).with_context(|| format!("cannot replace `{}`", path.display()))
        });
        if written.is_err() {
            // The error that stopped us is the one to report; a draft left behind does no harm.
            let _ = fs::remove_file(&draft);
        }
        written?;
        let folder_file = File::open(folder).and_then(|folder| folder.sync_all());
        folder_file.with_context(|| format!("cannot flush the folder `{}`", folder.display()))
    }
}

fn fill(
    draft: &Path,
    folder: &Path,
    header: &[&str],
    rows: impl IntoIterator<Item = anyhow::Result<Vec<String>>>,
) -> anyhow::Result<()> {
    let file = create(draft, folder)?;
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(BufWriter::new(file));
    let context = || format!("cannot write `{}`", draft.display());
    writer
        .write_record(header)
        .map_err(plain)
        .with_context(context)?;
    for row in rows {
        let row = row?;
        let found = row.len();
        ensure!(
            found == header.len(),
            "expected {} cells in a row, found {found}",
            header.len()
        );
        writer
            .write_record(row.into_iter().map(guarded))
            .map_err(plain)
            .with_context(context)?;
    }
    let mut buffer = writer
        .into_inner()
        .map_err(|err| err.into_error())
        .with_context(context)?;
    buffer.flush().with_context(context)?;
    buffer.get_ref().sync_all().with_context(context)
}

/// The I/O error inside the writer's own, which hides it from whoever asks what happened.
fn plain(err: csv::Error) -> anyhow::Error {
    match err.into_kind() {
        csv::ErrorKind::Io(err) => err.into(),
        kind => anyhow!("expected plain cells, found {kind:?}"),
    }
}

/// Makes the draft anew: one that a killed run left behind goes first, and a link that somebody put
/// in its place is not followed.
fn create(draft: &Path, folder: &Path) -> anyhow::Result<File> {
    let removed = match fs::remove_file(draft) {
        Err(err) if err.kind() != ErrorKind::NotFound => Err(err),
        _ => Ok(()),
    };
    let created =
        removed.and_then(|()| OpenOptions::new().write(true).create_new(true).open(draft));
    match created {
        Ok(file) => Ok(file),
        Err(err) => bail!(
            "cannot write into the folder `{}`: {err}; set STATUS_FILE to a file in a folder that \
             can be written to",
            folder.display()
        ),
    }
}

/// Spreadsheets run a cell that begins like a formula, and these cells hold strangers' texts.
fn guarded(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}
