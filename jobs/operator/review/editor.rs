//! A person's editor on a file that nobody else can read.
//!
//! The file lies in a folder of its own, both for its owner only, and vanishes with it unless it is
//! kept: what a person wrote is never thrown away because it could not be used.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, anyhow, bail};
use signal_hook::consts::{SIGINT, SIGQUIT};
use tempfile::TempDir;

/// The variables that name an editor, in the order they are asked.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

/// A program with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub struct Editor {
    variable: &'static str,
    program: String,
    args: Vec<String>,
}

impl Editor {
    /// The editor a person set in the environment. Its words are divided as a shell would, but no
    /// shell runs: nothing else in it is obeyed.
    pub fn of(lookup: impl Fn(&str) -> Option<OsString>) -> anyhow::Result<Editor> {
        let set = VARIABLES.into_iter().find_map(|name| {
            let value = lookup(name)?;
            (!value.to_string_lossy().trim().is_empty()).then_some((name, value))
        });
        let Some((variable, value)) = set else {
            bail!(
                "expected an editor in VISUAL or EDITOR, found neither; set one, or give the texts \
                 with --file (`outreach review show --raw` prints them to begin with)"
            );
        };
        let value = value.to_string_lossy();
        let words = shlex::split(&value);
        let mut words = words.into_iter().flatten();
        let program = words.next().with_context(|| {
            format!("{variable}: expected a program with its arguments, found `{value}`")
        })?;
        Ok(Editor {
            variable,
            program,
            args: words.collect(),
        })
    }

    /// Lets a person edit the file. How the editor ended is for the caller to judge.
    pub fn run(&self, file: &Path) -> anyhow::Result<ExitStatus> {
        // Ctrl-C is meant for the editor, which shares the terminal with us.
        let unheard = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGQUIT] {
            signal_hook::flag::register(signal, Arc::clone(&unheard))
                .context("cannot leave the keyboard to the editor")?;
        }
        let ended = Command::new(&self.program)
            .args(&self.args)
            .arg(file)
            .status();
        let (variable, program) = (self.variable, &self.program);
        ended.map_err(|err| {
            anyhow!("{variable}: cannot start `{program}`: {err}; set another editor")
        })
    }
}

impl std::fmt::Display for Editor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the editor `{}`", self.program)
    }
}

/// A sheet in a file.
pub struct Desk {
    folder: TempDir,
    file: PathBuf,
}

impl Desk {
    /// Lays a sheet out.
    pub fn lay(name: &str, sheet: &str) -> anyhow::Result<Desk> {
        let lay = || -> std::io::Result<Desk> {
            let folder = tempfile::Builder::new()
                .prefix("outreach-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir()?;
            let file = folder.path().join(name);
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&file)?
                .write_all(sheet.as_bytes())?;
            Ok(Desk { folder, file })
        };
        lay().context("cannot write a temporary file to edit")
    }

    /// Where the sheet lies.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether the file holds anything else than this.
    pub fn differs_from(&self, sheet: &str) -> bool {
        fs::read(&self.file).is_ok_and(|bytes| bytes != sheet.as_bytes())
    }

    /// Leaves the file where it is, for ever.
    pub fn keep(self) -> PathBuf {
        let _ = self.folder.keep(); // The path is told already.
        self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(visual: &str, editor: &str, expected: &[&str]) {
        let lookup = |name: &str| match name {
            "VISUAL" => Some(OsString::from(visual)),
            _ => Some(OsString::from(editor)),
        };
        let found = Editor::of(lookup).unwrap();
        let words: Vec<&str> = std::iter::once(&found.program)
            .chain(&found.args)
            .map(String::as_str)
            .collect();
        assert_eq!(words, expected);
    }

    #[test]
    fn the_words_of_an_editor_are_divided_and_nothing_is_obeyed() {
        check("", "vi", &["vi"]);
        check("code --wait", "vi", &["code", "--wait"]);
        check(
            " ",
            r#""/opt/My Editor/ed" -w 'a b'"#,
            &["/opt/My Editor/ed", "-w", "a b"],
        );
        check(
            "vi; rm -rf $HOME `x` | y",
            "",
            &["vi;", "rm", "-rf", "$HOME", "`x`", "|", "y"],
        );
    }

    #[test]
    fn no_editor_and_half_an_editor_are_told_with_the_mend() {
        let none = Editor::of(|_| None).unwrap_err().to_string();
        assert!(
            none.contains("VISUAL or EDITOR") && none.contains("--file"),
            "{none}"
        );
        let half = Editor::of(|_| Some("vi 'x".into()))
            .unwrap_err()
            .to_string();
        assert_eq!(
            half,
            "VISUAL: expected a program with its arguments, found `vi 'x`"
        );
    }

    #[test]
    fn the_sheet_is_for_its_owner_only_and_vanishes_unless_kept() {
        let desk = Desk::lay("c1.txt", "texts").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = desk.file().to_path_buf();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(!desk.differs_from("texts") && desk.differs_from("other"));
        drop(desk);
        assert!(!path.exists() && !path.parent().unwrap().exists());
        let kept = Desk::lay("c1.txt", "texts").unwrap().keep();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "texts");
        fs::remove_dir_all(kept.parent().unwrap()).unwrap();
    }
}
