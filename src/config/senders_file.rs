//! The file of several senders, `[[sender]]`, and of mailboxes read besides theirs, `[[mailbox]]`:
//! TOML tables whose keys stand for variables.
//!
//! Purpose: turn each table into the texts of variables, so that a sender is read by the very code
//! that reads the environment; whatever a table leaves out comes from there.
//! Invariant: every mistake is told with file, table and key; no value of a secret is repeated.
//! This module knows what a key stands for, not what a value means.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::problem::{Problem, Warning, shown};
use super::sources::{Found, Origin, Sources, read_secret, read_text};
use super::text::folder_in_list;
use super::variables::{self, Kind, Variable};

/// Every key with its variable, in the order a sender is described.
pub(super) const KEYS: [(&str, &str); 37] = [
    ("address", "FROM_EMAIL"),
    ("name", "FROM_NAME"),
    ("reply_to", "REPLY_TO_EMAIL"),
    ("unsubscribe_mailto", "UNSUBSCRIBE_MAILTO"),
    ("provider", "PROVIDER"),
    ("smtp_server", "SMTP_SERVER"),
    ("smtp_port", "SMTP_PORT"),
    ("smtp_tls", "SMTP_TLS"),
    ("smtp_username", "SMTP_USERNAME"),
    ("smtp_password", "SMTP_PASSWORD"),
    ("smtp_auth", "SMTP_AUTH"),
    ("oauth_token_url", "OAUTH_TOKEN_URL"),
    ("oauth_client_id", "OAUTH_CLIENT_ID"),
    ("oauth_client_secret", "OAUTH_CLIENT_SECRET"),
    ("oauth_refresh_token", "OAUTH_REFRESH_TOKEN"),
    ("oauth_scope", "OAUTH_SCOPE"),
    ("smtp_connections", "SMTP_CONNECTIONS"),
    (
        "smtp_messages_per_connection",
        "SMTP_MESSAGES_PER_CONNECTION",
    ),
    ("outbox_dir", "OUTBOX_DIR"),
    ("dkim_key_file", "DKIM_KEY_FILE"),
    ("dkim_selector", "DKIM_SELECTOR"),
    ("dkim_domain", "DKIM_DOMAIN"),
    ("daily_limit", "DAILY_SEND_LIMIT"),
    ("hourly_limit", "HOURLY_SEND_LIMIT"),
    ("min_gap_seconds", "MIN_GAP_SECONDS"),
    ("gap_jitter_seconds", "GAP_JITTER_SECONDS"),
    ("ramp_start", "RAMP_START"),
    ("ramp_step", "RAMP_STEP"),
    ("imap_server", "IMAP_SERVER"),
    ("imap_port", "IMAP_PORT"),
    ("imap_tls", "IMAP_TLS"),
    ("imap_username", "IMAP_USERNAME"),
    ("imap_password", "IMAP_PASSWORD"),
    ("imap_auth", "IMAP_AUTH"),
    ("monitor_inbox_folder", "MONITOR_INBOX_FOLDER"),
    ("inbox_dir", "INBOX_DIR"),
    ("sent_folder", "SENT_FOLDER"),
];

/// The variables among them that a mailbox's table may hold.
const OF_MAILBOXES: [&str; 14] = [
    "PROVIDER",
    "OAUTH_TOKEN_URL",
    "OAUTH_CLIENT_ID",
    "OAUTH_CLIENT_SECRET",
    "OAUTH_REFRESH_TOKEN",
    "OAUTH_SCOPE",
    "IMAP_SERVER",
    "IMAP_PORT",
    "IMAP_TLS",
    "IMAP_USERNAME",
    "IMAP_PASSWORD",
    "IMAP_AUTH",
    "MONITOR_INBOX_FOLDER",
    "INBOX_DIR",
];

/// What a table speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Sender,
    Mailbox,
}

impl Of {
    /// The table's name.
    fn word(self) -> &'static str {
        match self {
            Of::Sender => "sender",
            Of::Mailbox => "mailbox",
        }
    }

    /// The key that tells one table from another.
    fn known_by(self) -> &'static str {
        match self {
            Of::Sender => "address",
            Of::Mailbox => "imap_username",
        }
    }

    fn has(self, variable: &str) -> bool {
        self == Of::Sender || OF_MAILBOXES.contains(&variable)
    }
}

/// What ends the key that gives the path of a secret's file.
const IN_FILE: &str = "_file";

/// What ends the key that gives the name of a variable or credential that holds a secret.
const IN_VARIABLE: &str = "_env";

/// A sender's own folder shuts out the server that the environment names for everybody.
const EITHER_OR: [(&str, &str); 2] = [("OUTBOX_DIR", "SMTP_SERVER"), ("INBOX_DIR", "IMAP_SERVER")];

/// One table.
pub(super) struct SenderTable {
    /// `senders.toml: sender 2 (ada@x.example)`.
    pub place: String,
    /// The texts by variable. An empty one says that the variable counts as unset.
    pub values: BTreeMap<&'static str, Found>,
}

/// What was read of a file.
#[derive(Default)]
pub(super) struct SendersFile {
    /// The senders.
    pub tables: Vec<SenderTable>,
    /// The mailboxes read besides theirs.
    pub mailboxes: Vec<SenderTable>,
    /// The variables and credentials that hold secrets of senders.
    pub borrowed: BTreeSet<String>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Warning>,
}

/// The key that stands for a variable in a sender's table.
pub(super) fn key_of(variable: &str) -> Option<&'static str> {
    let (key, _) = KEYS.iter().find(|(_, name)| *name == variable)?;
    Some(key)
}

/// The keys and variables in their order.
pub(super) fn keys() -> impl Iterator<Item = (&'static str, &'static Variable)> {
    KEYS.iter()
        .filter_map(|(key, name)| Some((*key, variables::find(name)?)))
}

/// Reads a file; of one that cannot be read there is only the problem.
pub(super) fn read(path: &Path, sources: &Sources) -> SendersFile {
    let mut file = SendersFile::default();
    let place = path.display().to_string();
    let tables = match read_tables(path, &mut file.problems) {
        Ok(tables) => tables,
        Err(message) => {
            file.problems.push(Problem::new(place, message));
            return file;
        }
    };
    let mut holds_secrets = false;
    let mut numbers = [0, 0];
    for (of, table) in tables {
        let [senders, mailboxes] = &mut numbers;
        let number = match of {
            Of::Sender => senders,
            Of::Mailbox => mailboxes,
        };
        *number += 1;
        let who = table.get(of.known_by()).and_then(Value::as_str);
        let who = who.map_or(String::new(), |who| format!(" ({})", who.trim()));
        let mut reading = Reading {
            place: format!("{place}: {} {number}{who}", of.word()),
            of,
            sources,
            file: &mut file,
            values: BTreeMap::new(),
            holds_secrets: false,
        };
        reading.read(&table);
        holds_secrets |= reading.holds_secrets;
        let (place, values) = (reading.place, reading.values);
        let table = SenderTable { place, values };
        match of {
            Of::Sender => file.tables.push(table),
            Of::Mailbox => file.mailboxes.push(table),
        }
    }
    let mode = path
        .metadata()
        .map(|metadata| metadata.permissions().mode());
    if holds_secrets && mode.is_ok_and(|mode| mode & 0o077 != 0) {
        file.warnings.push(Warning::new(&format!(
            "{place}: holds passwords and may be read by others; `chmod 600` it, or let it name \
             files or variables that hold them"
        )));
    }
    file
}

/// The tables, those of senders first; what else stands in the file is noted as a problem. The
/// error is the whole message, since the parser's own would show the line, and with it a password.
fn read_tables(path: &Path, problems: &mut Vec<Problem>) -> Result<Vec<(Of, Table)>, String> {
    let text = read_text(path).map_err(|err| format!("{err:#}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let table: Table = toml::from_str(text).map_err(|err| {
        let before = err.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| 1 + before.matches('\n').count());
        format!(
            "expected TOML, found a mistake in line {line}: {}",
            err.message()
        )
    })?;
    let place = path.display().to_string();
    let mut tables = Vec::new();
    for (key, value) in table {
        let of = [Of::Sender, Of::Mailbox]
            .into_iter()
            .find(|of| key == of.word());
        let (Some(of), Value::Array(values)) = (of, value) else {
            let message = format!(
                "expected nothing but tables [[sender]] and [[mailbox]], found {}",
                shown(&key)
            );
            problems.push(Problem::new(&place, message));
            continue;
        };
        for value in values {
            let Value::Table(table) = value else {
                return Err(format!("expected tables [[{key}]], found other values"));
            };
            tables.push((of, table));
        }
    }
    tables.sort_by_key(|(of, _)| *of == Of::Mailbox);
    match tables.is_empty() && problems.is_empty() {
        true => {
            Err("expected at least one table [[sender]] or [[mailbox]], found none".to_string())
        }
        false => Ok(tables),
    }
}

/// A table while it is read.
struct Reading<'a> {
    place: String,
    of: Of,
    sources: &'a Sources,
    file: &'a mut SendersFile,
    values: BTreeMap<&'static str, Found>,
    /// Whether a secret stands in the table itself.
    holds_secrets: bool,
}

impl Reading<'_> {
    fn read(&mut self, table: &Table) {
        for (key, value) in table {
            let Some((variable, form)) = meaning(key, self.of) else {
                self.problem(key, unknown(key, self.of));
                continue;
            };
            let Some(text) = text_of(value, variable.kind) else {
                let found = value.type_str();
                let kind = variable.kind;
                self.problem(
                    key,
                    format!("expected {kind}, found a value of TOML's type {found}"),
                );
                continue;
            };
            let text = match form {
                Form::Plain if variable.is_secret() => text,
                _ => text.trim().to_string(),
            };
            let found = match form {
                Form::Plain => {
                    self.holds_secrets |= variable.is_secret() && !text.is_empty();
                    let (place, key) = (self.place.clone(), key.clone());
                    let origin = Origin::SendersFile { place, key };
                    Ok(Found { text, origin })
                }
                Form::InFile => self.in_file(&text),
                Form::InVariable => self.in_variable(&text),
            };
            match found {
                Ok(found) => self.keep(variable, key, found),
                Err(message) => self.problem(key, message),
            }
        }
        for (folder, server) in EITHER_OR {
            let is_named = |name| {
                self.values
                    .get(name)
                    .is_some_and(|found: &Found| !found.text.is_empty())
            };
            if is_named(folder) && !self.values.contains_key(server) {
                self.shut_out(server);
            }
        }
        if self.of == Of::Sender && !self.values.contains_key("FROM_EMAIL") {
            self.shut_out("FROM_EMAIL");
        }
    }

    fn problem(&mut self, key: &str, message: String) {
        let place = format!("{}: {key}", self.place);
        self.file.problems.push(Problem::new(place, message));
    }

    fn shut_out(&mut self, variable: &'static str) {
        let origin = Origin::Default;
        let text = String::new();
        self.values.insert(variable, Found { text, origin });
    }

    /// A variable has one value, in whichever form.
    fn keep(&mut self, variable: &'static Variable, key: &str, found: Found) {
        if self.values.insert(variable.name, found).is_some() {
            let one = key_of(variable.name).unwrap_or_default();
            let message =
                format!("expected one of {one}, {one}{IN_FILE} and {one}{IN_VARIABLE}, found two");
            self.problem(key, message);
        }
    }

    fn in_file(&self, path: &str) -> Result<Found, String> {
        let path = PathBuf::from(path);
        let text = read_secret(&path).map_err(|err| format!("{err:#}"))?;
        if text.is_empty() {
            return Err(format!(
                "expected a secret in `{}`, found nothing",
                path.display()
            ));
        }
        let origin = Origin::SecretFile(path);
        Ok(Found { text, origin })
    }

    /// The secret of another name in the environment, the `.env` file or systemd's credentials. The
    /// name is not repeated when there is none: it may be a password in the wrong place.
    fn in_variable(&mut self, name: &str) -> Result<Found, String> {
        let found = match self.sources.plain(name) {
            Ok(Some(found)) => Some(found),
            Ok(None) => self.sources.credential(name).map_err(|err| err.message)?,
            Err(problem) => return Err(problem.message),
        };
        self.file.borrowed.insert(name.to_string());
        found.ok_or_else(|| {
            "expected the name of a variable or credential that is set, found one that is not"
                .to_string()
        })
    }
}

/// How a key gives its value.
#[derive(Clone, Copy)]
enum Form {
    Plain,
    InFile,
    InVariable,
}

/// The variable a key stands for.
fn meaning(key: &str, of: Of) -> Option<(&'static Variable, Form)> {
    let forms = [
        ("", Form::Plain),
        (IN_FILE, Form::InFile),
        (IN_VARIABLE, Form::InVariable),
    ];
    forms.into_iter().find_map(|(end, form)| {
        let stem = key.strip_suffix(end)?;
        let (_, variable) = keys().find(|(known, _)| *known == stem)?;
        let fits = matches!(form, Form::Plain) || variable.is_secret();
        (fits && of.has(variable.name)).then_some((variable, form))
    })
}

fn unknown(key: &str, of: Of) -> String {
    const SIMILARITY_MIN: f64 = 0.6;
    let nearest = keys()
        .filter(|(_, variable)| of.has(variable.name))
        .map(|(known, _)| (strsim::normalized_damerau_levenshtein(known, key), known))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, known)) => format!("is no key of a {}; did you mean {known}?", of.word()),
        None => format!("is no key of a {}", of.word()),
    }
}

/// What a variable of this value would hold.
fn text_of(value: &Value, kind: Kind) -> Option<String> {
    match value {
        Value::Array(names) if kind == Kind::Folders => {
            let names = names.iter().map(|name| folder_in_list(name.as_str()?));
            names
                .collect::<Option<Vec<String>>>()
                .map(|names| names.join(", "))
        }
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(yes) => Some(yes.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
