//! Files that are replaced whole or left as they were.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

/// Replaces a file by a text; 0644 less what the umask takes away.
pub fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    put(draft(path, text)?, path)
}

/// Replaces files of a folder, which is made when it is missing; others in it are left alone. All
/// are written before the first takes its place, so that a full disk leaves the old ones.
pub fn replace_in<'t>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| {
        format!(
            "cannot make the folder `{}`; name another one",
            folder.display()
        )
    })?;
    let mut drafts = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        drafts.push((draft(&path, text)?, path));
    }
    let mut written = Vec::new();
    for (draft, path) in drafts {
        put(draft, &path)?;
        written.push(path);
    }
    Ok(written)
}

/// The text on the disk, under another name beside the file.
fn draft(path: &Path, text: &str) -> anyhow::Result<NamedTempFile> {
    // A rename would put a file in the place of a device, and fail with a folder.
    if path.exists() && !path.is_file() {
        bail!(
            "cannot write `{}`: expected a file, found something else; name another one",
            path.display()
        );
    }
    let folder = folder_of(path);
    let write = || -> std::io::Result<NamedTempFile> {
        let mut draft = tempfile::Builder::new()
            .prefix(".outreach-")
            .suffix(".draft")
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(folder)
            // Its own words name the draft, which nobody asked for.
            .map_err(|err| std::io::Error::from(err.kind()))?;
        draft.write_all(text.as_bytes())?;
        draft.as_file().sync_all()?;
        Ok(draft)
    };
    write().with_context(|| {
        format!(
            "cannot write `{}`; name a file in a folder that can be written to",
            path.display()
        )
    })
}

fn put(draft: NamedTempFile, path: &Path) -> anyhow::Result<()> {
    let put = draft.persist(path).map_err(|err| err.error);
    put.with_context(|| format!("cannot replace `{}`", path.display()))?;
    let folder = folder_of(path);
    let flushed = File::open(folder).and_then(|folder| folder.sync_all());
    flushed.with_context(|| format!("cannot flush the folder `{}`", folder.display()))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_and_others_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new/tables");
        let write = |text: &str| replace_in(&folder, [("a.csv", text), ("b.csv", "b")]);
        write("old").unwrap();
        fs::write(folder.join("mine.txt"), "mine").unwrap();
        let written = write("new").unwrap();
        assert_eq!(written, [folder.join("a.csv"), folder.join("b.csv")]);
        assert_eq!(fs::read_to_string(folder.join("a.csv")).unwrap(), "new");
        let mut names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["a.csv", "b.csv", "mine.txt"], "no draft is left");
        let mode = fs::metadata(folder.join("a.csv"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o600, 0o600);
        assert_eq!(mode & 0o133, 0, "{mode:o}");
    }

    #[test]
    fn what_cannot_be_written_is_named_and_nothing_is_changed() {
        #[track_caller]
        fn check(result: anyhow::Result<impl Sized>, expected: &str) {
            let error = format!("{:#}", result.map(|_| ()).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "kept").unwrap();
        fs::create_dir(at("b.csv")).unwrap();
        fs::write(at("a.csv"), "old").unwrap();
        let both = replace_in(dir.path(), [("a.csv", "new"), ("b.csv", "new")]);
        check(both, "b.csv`: expected a file, found something else");
        assert_eq!(fs::read_to_string(at("a.csv")).unwrap(), "old");
        check(
            replace(&at("no/page.html"), "x"),
            "name a file in a folder that can",
        );
        check(replace(Path::new("/dev/null"), "x"), "expected a file");
        check(replace_in(&at("file"), []), "cannot make the folder");
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "kept");
    }
}
