//! Where values come from: the process's environment, a `.env` file, files that hold secrets.
//!
//! Purpose: find the text of one variable together with its origin, by the priority environment,
//! `.env`, `NAME_FILE` or `$CREDENTIALS_DIRECTORY/NAME` (secrets only).
//! Invariant: the process's environment is handed in and never changed; an empty value counts as
//! unset everywhere; `Debug` shows names, never values.
//! This module does not know what the texts mean; defaults are added by the reader.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::env_file::{self, EnvFile};
use super::problem::{Problem, Warning};
use super::variables::{self, FILE_SUFFIX, Variable};

/// The largest `.env` and the largest secret we read; a path to something endless is a mistake.
pub(super) const ENV_FILE_BYTES_MAX: u64 = 1 << 20;
pub(super) const SECRET_BYTES_MAX: u64 = 1 << 16;

/// Everything a configuration is made of. See [`Sources::gather`] and [`Sources::only`].
pub struct Sources {
    process: BTreeMap<String, OsString>,
    env_file: Option<EnvFile>,
    credentials_dir: Option<PathBuf>,
}

/// Where the value of a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The process's environment.
    Environment,
    /// A line of a `.env` file.
    EnvFile {
        /// The file as it was named.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// The file that a variable `NAME_FILE` points to.
    SecretFile(PathBuf),
    /// A credential handed over by systemd.
    Credential(PathBuf),
    /// A key of a sender's table.
    SendersFile {
        /// The file and the sender: `senders.toml: sender 2 (ada@x.example)`.
        place: String,
        /// The key.
        key: String,
    },
    /// The provider of this name.
    Provider(String),
    /// The default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Environment => f.write_str("environment"),
            Origin::EnvFile { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::SecretFile(path) => write!(f, "file {}", path.display()),
            Origin::Credential(path) => write!(f, "credential {}", path.display()),
            Origin::SendersFile { place, key } => write!(f, "{place}: {key}"),
            Origin::Provider(name) => write!(f, "provider {name}"),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// The text of a variable and where it stood. It may be a secret, hence no `Debug`.
#[derive(Clone)]
pub(super) struct Found {
    pub text: String,
    pub origin: Origin,
}

impl Sources {
    /// The sources of a run: these variables of the process, and `env_file` or else `.env` in the
    /// working directory when there is one.
    pub fn gather(
        env_file: Option<&Path>,
        vars: impl Iterator<Item = (OsString, OsString)>,
    ) -> anyhow::Result<Sources> {
        let env_file = match env_file {
            Some(path) => Some(read_env_file(path).context("--env-file")?),
            None => default_env_file(Path::new(".env"))?,
        };
        Ok(Sources {
            env_file,
            ..Sources::only(vars)
        })
    }

    /// Exactly these variables and no file: for rehearsals and tests.
    pub fn only<N, V>(vars: impl IntoIterator<Item = (N, V)>) -> Sources
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let mut process: BTreeMap<String, OsString> = vars
            .into_iter()
            .filter_map(|(name, value)| Some((name.into().into_string().ok()?, value.into())))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let credentials_dir = process.remove("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Sources {
            process,
            env_file: None,
            credentials_dir,
        }
    }

    /// These variables and a `.env` file with this text.
    #[cfg(test)]
    pub(super) fn of_text(text: &str, vars: &[(&str, &str)]) -> Sources {
        let env_file = Some(env_file::parse(Path::new(".env"), text));
        Sources {
            env_file,
            ..Sources::only(vars.iter().copied())
        }
    }

    /// The text of a variable, or none when it is set nowhere or only to nothing.
    pub(super) fn find(&self, variable: &Variable) -> Result<Option<Found>, Problem> {
        let own = self.plain(variable.name)?;
        if !variable.is_secret() {
            return Ok(own.map(|found| Found {
                text: found.text.trim().to_string(),
                ..found
            }));
        }
        let file_name = format!("{}{FILE_SUFFIX}", variable.name);
        match (own, self.plain(&file_name)?) {
            (Some(own), Some(pointer)) => Err(Problem::new(
                format!("{} ({})", variable.name, own.origin),
                format!(
                    "expected either {} or {file_name}, found both ({file_name} is from {}); \
                     remove one",
                    variable.name, pointer.origin
                ),
            )),
            (Some(own), None) => Ok(Some(own)),
            (None, Some(pointer)) => self.secret_file(&file_name, pointer).map(Some),
            (None, None) => self.credential(variable.name),
        }
    }

    /// What the environment or the `.env` file says of a name.
    pub(super) fn plain(&self, name: &str) -> Result<Option<Found>, Problem> {
        if let Some(value) = self.process.get(name) {
            let text = value.to_str().ok_or_else(|| {
                Problem::new(
                    format!("{name} (environment)"),
                    "expected UTF-8 text, found other bytes",
                )
            })?;
            if !text.trim().is_empty() {
                return Ok(Some(Found {
                    text: text.to_string(),
                    origin: Origin::Environment,
                }));
            }
        }
        let Some(file) = &self.env_file else {
            return Ok(None);
        };
        let assignment = file
            .assignments
            .get(name)
            .filter(|a| !a.value.trim().is_empty());
        Ok(assignment.map(|assignment| Found {
            text: assignment.value.clone(),
            origin: Origin::EnvFile {
                path: file.path.clone(),
                line: assignment.line,
            },
        }))
    }

    fn secret_file(&self, name: &str, pointer: Found) -> Result<Found, Problem> {
        let path = PathBuf::from(pointer.text.trim());
        let place = format!("{name} ({})", pointer.origin);
        let text = read_secret(&path).map_err(|err| Problem::new(&place, format!("{err:#}")))?;
        if text.is_empty() {
            let message = format!("expected a secret in `{}`, found nothing", path.display());
            return Err(Problem::new(place, message));
        }
        Ok(Found {
            text,
            origin: Origin::SecretFile(path),
        })
    }

    /// The credential of this name; an empty one counts as unset, so that a unit may load a fixed
    /// list of credentials of which some are not in use.
    pub(super) fn credential(&self, name: &str) -> Result<Option<Found>, Problem> {
        let Some(dir) = &self.credentials_dir else {
            return Ok(None);
        };
        let path = dir.join(name);
        if !path.try_exists().unwrap_or(true) {
            return Ok(None);
        }
        let text = read_secret(&path)
            .map_err(|err| Problem::new(format!("{name} (credential)"), format!("{err:#}")))?;
        Ok((!text.is_empty()).then_some(Found {
            text,
            origin: Origin::Credential(path),
        }))
    }

    /// Every name that is set in the file, or in the environment and looks like ours, with its
    /// origin, in order.
    pub(super) fn names(&self) -> Vec<(String, Origin)> {
        let mut names: BTreeMap<String, Origin> = BTreeMap::new();
        if let Some(file) = &self.env_file {
            for (name, assignment) in &file.assignments {
                let origin = Origin::EnvFile {
                    path: file.path.clone(),
                    line: assignment.line,
                };
                names.insert(name.clone(), origin);
            }
        }
        names.extend(
            self.process
                .keys()
                .filter(|name| variables::is_known(name) || variables::looks_like_ours(name))
                .map(|name| (name.clone(), Origin::Environment)),
        );
        names.into_iter().collect()
    }

    /// What was wrong or odd about the file as such.
    pub(super) fn file_findings(&self) -> (Vec<Problem>, Vec<Warning>) {
        self.env_file
            .as_ref()
            .map(|file| (file.problems.clone(), file.warnings.clone()))
            .unwrap_or_default()
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("names", &self.names())
            .field("credentials_dir", &self.credentials_dir)
            .finish()
    }
}

/// The file when there is one. A directory is passed over, since Python projects keep virtual
/// environments in one of this name.
pub(super) fn default_env_file(path: &Path) -> anyhow::Result<Option<EnvFile>> {
    let is_there = path.metadata().is_ok_and(|metadata| !metadata.is_dir());
    is_there.then(|| read_env_file(path)).transpose()
}

fn read_env_file(path: &Path) -> anyhow::Result<EnvFile> {
    let bytes = read_at_most(path, ENV_FILE_BYTES_MAX)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(env_file::parse(path, text)),
        Err(err) => {
            let before = bytes.iter().take(err.valid_up_to());
            let line = 1 + before.filter(|byte| **byte == b'\n').count();
            anyhow::bail!(
                "{}:{line}: expected UTF-8 text, found other bytes; save the file as UTF-8",
                path.display()
            )
        }
    }
}

/// The text of a secret's file without the line break editors and `echo` put at its end.
pub(super) fn read_secret(path: &Path) -> anyhow::Result<String> {
    let bytes = read_at_most(path, SECRET_BYTES_MAX)?;
    // The decoding error would hold the bytes, and with them the secret.
    let text = String::from_utf8(bytes).map_err(|_| {
        anyhow::anyhow!(
            "expected UTF-8 text in `{}`, found other bytes",
            path.display()
        )
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_string())
}

pub(super) fn read_at_most(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let read = || {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?
            .take(bytes_max + 1)
            .read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = read().with_context(|| format!("cannot read `{}`", path.display()))?;
    ensure!(
        u64::try_from(bytes.len()).is_ok_and(|len| len <= bytes_max),
        "expected at most {bytes_max} bytes in `{}`, found more",
        path.display()
    );
    Ok(bytes)
}
