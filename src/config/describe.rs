//! Says what is in force: one line for every run, every variable for `doctor --config`.

use std::path::Path;

use serde::Serialize;

use super::problem::is_unprintable;
use super::reader::Reader;
use super::senders_file::{self, SenderTable};
use super::sources::{Found, Origin, Sources};
use super::variables::{self, FIELD_FAMILY, Variable};
use super::{Config, LeadsSource, WriterSource};
use crate::{mailbox, mailer};

/// One variable as it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Described {
    /// The heading it belongs under.
    pub group: &'static str,
    /// The name.
    pub name: String,
    /// The value on one line; `[set]` for a secret, empty when there is none.
    pub value: String,
    /// Where the value came from: `environment`, `.env:12`, `file …`, `credential …`, `default`, or
    /// `unset`.
    pub source: String,
    /// What it does, in one line.
    pub meaning: String,
}

impl Config {
    /// What every run says first: where leads come from, who writes, where mail goes and is read.
    pub fn endpoints(&self) -> String {
        let leads = match &self.leads {
            LeadsSource::None => {
                "none (neither LEADS_FILE nor AIRTABLE_API_KEY is set)".to_string()
            }
            LeadsSource::File { path, .. } => format!("file {}", path.display()),
            LeadsSource::Airtable(base) => format!("Airtable {}/{}", base.base_id, base.table),
        };
        let writer = match &self.writer {
            WriterSource::Templates => "built-in templates".to_string(),
            WriterSource::Model(model) => format!("{} at {}", model.model, model.base_url),
        };
        let mail = self.senders.iter().map(|sender| match &sender.mailer {
            mailer::Settings::Maildir(dir) => format!("Maildir {}", dir.display()),
            mailer::Settings::Smtp(smtp) => {
                format!(
                    "SMTP {}:{} ({})",
                    smtp.host,
                    smtp.port,
                    protection(smtp.tls.as_str())
                )
            }
        });
        let mail = match self.senders.len() {
            0 | 1 => each_once(mail),
            n => format!("{n} senders, {}", each_once(mail)),
        };
        let inbox = self.mailboxes().into_iter().map(|mailbox| match mailbox {
            mailbox::Settings::Maildir(dir) => format!("Maildir {}", dir.display()),
            mailbox::Settings::Imap(imap) => {
                let tls = protection(imap.tls.as_str());
                let folders = imap.folders.join(", ");
                format!("IMAP {}:{}/{folders} ({tls})", imap.host, imap.port)
            }
        });
        let inbox = each_once(inbox);
        format!("leads: {leads} · writer: {writer} · mail: {mail} · inbox: {inbox}")
    }

    /// Every variable in its order, with the columns that were renamed after their family.
    /// `sources` are those the configuration was loaded from.
    pub fn describe(&self, sources: &Sources) -> Vec<Described> {
        let mut described = Vec::new();
        let mut reader = Reader::new(sources);
        reader.lay_provider();
        let path = senders_file(sources);
        let file = path
            .as_ref()
            .map(|path| senders_file::read(Path::new(path), sources));
        let file = file.unwrap_or_default();
        for variable in variables::ALL {
            let found = reader.find(variable).ok().flatten();
            described.push(self.describe_one(variable, found, file.tables.is_empty()));
            if variable.name == FIELD_FAMILY {
                described.extend(self.describe_columns(variable, sources));
            }
        }
        let path = path.unwrap_or_default();
        for (sender, table) in self.senders.iter().zip(&file.tables) {
            described.extend(describe_table(
                "Senders",
                sender.address.as_str(),
                table,
                &path,
            ));
        }
        for (mailbox, table) in self.shared_mailboxes.iter().zip(&file.mailboxes) {
            let name = match mailbox {
                mailbox::Settings::Maildir(dir) => dir.display().to_string(),
                mailbox::Settings::Imap(imap) => imap.username.clone(),
            };
            described.extend(describe_table("Mailboxes", &name, table, &path));
        }
        described
    }

    fn describe_one(&self, variable: &Variable, found: Option<Found>, is_only: bool) -> Described {
        let (value, source) = match found {
            Some(found) if variable.is_secret() => ("[set]".to_string(), found.origin.to_string()),
            Some(found) => (one_line(&found.text), found.origin.to_string()),
            None => match self.default_in_force(variable, is_only) {
                Some(value) => (value, "default".to_string()),
                None => (String::new(), "unset".to_string()),
            },
        };
        Described {
            group: variable.group,
            name: variable.name.to_string(),
            value,
            source,
            meaning: variable.meaning.to_string(),
        }
    }

    fn describe_columns(&self, family: &Variable, sources: &Sources) -> Vec<Described> {
        let mut described = Vec::new();
        for (name, origin) in sources.names() {
            let Some(key) = variables::field_key(&name) else {
                continue;
            };
            let Ok(Some(found)) = sources.plain(&name) else {
                continue;
            };
            described.push(Described {
                group: family.group,
                name,
                value: one_line(found.text.trim()),
                source: origin.to_string(),
                meaning: format!("their column for {key}"),
            });
        }
        described
    }

    /// What an unset variable amounts to, where that follows from other variables. Of several
    /// senders each has its own.
    fn default_in_force(&self, variable: &Variable, is_only: bool) -> Option<String> {
        let sender = self.senders.first().filter(|_| is_only);
        let mailer = sender.map(|sender| &sender.mailer);
        let mailbox = sender.map(|sender| &sender.mailbox);
        match (variable.name, mailer, mailbox, &self.leads) {
            ("SMTP_TLS", Some(mailer::Settings::Smtp(smtp)), _, _) => {
                Some(smtp.tls.as_str().to_string())
            }
            ("IMAP_TLS", _, Some(mailbox::Settings::Imap(imap)), _) => {
                Some(imap.tls.as_str().to_string())
            }
            ("STATUS_FILE", _, _, LeadsSource::File { status, .. }) => {
                Some(status.display().to_string())
            }
            ("FROM_EMAIL", ..) => sender.map(|sender| sender.address.to_string()),
            ("UNSUBSCRIBE_MAILTO", ..) => {
                sender.map(|sender| sender.unsubscribe_mailto.to_string())
            }
            _ => variable.default.map(str::to_string),
        }
    }
}

/// What a table of the file at `path` names, under the name of whom it speaks.
fn describe_table(
    group: &'static str,
    name: &str,
    table: &SenderTable,
    path: &str,
) -> Vec<Described> {
    let mut described = Vec::new();
    for (key, variable) in senders_file::keys() {
        let Some(found) = table.values.get(variable.name) else {
            continue;
        };
        if variable.name == "FROM_EMAIL" || found.origin == Origin::Default {
            continue;
        }
        let source = match &found.origin {
            Origin::SendersFile { .. } => path.to_string(),
            origin => origin.to_string(),
        };
        let value = match variable.is_secret() {
            true => "[set]".to_string(),
            false => one_line(&found.text),
        };
        described.push(Described {
            group,
            name: format!("{name}: {key}"),
            value,
            source,
            meaning: variable.meaning.to_string(),
        });
    }
    described
}

/// Places in a sentence, each named once, and no more of them than are read at a glance.
fn each_once(places: impl Iterator<Item = String>) -> String {
    let mut named: Vec<String> = Vec::new();
    for place in places {
        if !named.contains(&place) {
            named.push(place);
        }
    }
    const SHOWN_MAX: usize = 3;
    let more = named.len().saturating_sub(SHOWN_MAX);
    named.truncate(SHOWN_MAX);
    match more {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The file of several senders, if one is named.
fn senders_file(sources: &Sources) -> Option<String> {
    let found = sources.find(variables::find("SENDERS_FILE")?);
    found.ok().flatten().map(|found| found.text)
}

/// The mode as a reader of the line understands it.
fn protection(mode: &'static str) -> &'static str {
    if mode == "none" { "unprotected" } else { mode }
}

/// A value without what would break or disguise the line it is shown on.
fn one_line(text: &str) -> String {
    text.split(|c: char| is_unprintable(c))
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
