//! Turns the texts of variables into typed values and keeps every mistake.
//!
//! Invariant: reading never stops at a mistake. A value that could not be read is noted as a
//! problem and stands as a placeholder, so whatever is built from it must be dropped unless
//! [`Reader::finish`] agrees.
//! This module knows each variable by itself; what they mean together is the loader's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::problem::{Problem, Problems, Warning, is_unprintable, shown};
use super::provider;
use super::senders_file::{self, SenderTable, SendersFile};
use super::sources::{Found, Origin, Sources};
use super::text::{Misfit, parse_folders, parse_host, parse_line, parse_url};
use super::variables::{self, FIELD_FAMILY, Kind, Variable};
use crate::calendar::{self, Window, Zone};
use crate::lead::EmailAddress;
use crate::mailer::{self, Preset};
use crate::tls::TlsMode;
use crate::writer::Price;

/// Reads variables from sources, noting what it meets.
pub(super) struct Reader<'a> {
    sources: &'a Sources,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
    /// The sender that is being read, whose values go before all others.
    sender: Option<SenderTable>,
    /// What the provider that all senders share stands for.
    provided: BTreeMap<&'static str, Found>,
    /// Names that senders' tables gave to their secrets.
    borrowed: BTreeSet<String>,
    /// The names asked for, so that a test can tell a variable nobody reads.
    #[cfg(test)]
    pub(super) asked: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a Sources) -> Reader<'a> {
        let (problems, warnings) = sources.file_findings();
        Reader {
            sources,
            problems,
            warnings,
            sender: None,
            provided: BTreeMap::new(),
            borrowed: BTreeSet::new(),
            #[cfg(test)]
            asked: Vec::new(),
        }
    }

    /// The value built from what was read, with the warnings, unless there was any problem.
    pub(super) fn finish<T>(mut self, value: Option<T>) -> Result<(T, Vec<Warning>), Problems> {
        match value {
            Some(value) if self.problems.is_empty() => return Ok((value, self.warnings)),
            None if self.problems.is_empty() => {
                let message = "expected every part to be read, found one missing; this is a bug";
                self.problems.push(Problem::new("configuration", message));
            }
            _ => {}
        }
        Err(Problems(self.problems, self.warnings))
    }

    /// Reads a sender: until [`Reader::leave`], the values of its table go before all others.
    pub(super) fn enter(&mut self, table: SenderTable) {
        self.sender = Some(table);
    }

    /// Ends the reading of a sender.
    pub(super) fn leave(&mut self) {
        self.sender = None;
    }

    /// A file of senders, its mistakes noted.
    pub(super) fn senders(&mut self, path: &Path) -> SendersFile {
        let file = senders_file::read(path, self.sources);
        for problem in &file.problems {
            self.note(problem.clone());
        }
        for warning in &file.warnings {
            self.note_odd(warning.clone());
        }
        self.borrowed.clone_from(&file.borrowed);
        file
    }

    /// Reads PROVIDER and lays what it stands for below whatever is set explicitly: in a sender's
    /// table below the table, else below the environment.
    pub(super) fn lay_provider(&mut self) -> Option<Preset> {
        let preset = self.read("PROVIDER", |text, _| {
            mailer::preset(text).ok_or(Misfit::Plain)
        })?;
        let reads_mail_here = self.is_own("INBOX_DIR");
        for (name, text) in provider::values(&preset) {
            if reads_mail_here && name.starts_with("IMAP_") {
                continue;
            }
            let origin = Origin::Provider(preset.name.to_string());
            let values = match &mut self.sender {
                Some(sender) => &mut sender.values,
                None => &mut self.provided,
            };
            values.entry(name).or_insert(Found { text, origin });
        }
        Some(preset)
    }

    /// Whether a variable is none of ours but holds a secret of a sender.
    pub(super) fn is_borrowed(&self, name: &str) -> bool {
        self.borrowed.contains(name)
    }

    /// Notes a problem of a variable, naming where its value came from.
    pub(super) fn problem(&mut self, name: &str, message: impl Into<String>) {
        let place = self.place(name, self.origin(name).as_ref());
        self.note(Problem::new(place, message));
    }

    /// Notes a problem, once: what senders share is read for each of them.
    pub(super) fn note(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Notes something odd about a variable.
    pub(super) fn warn(&mut self, name: &str, message: &str) {
        let place = self.place(name, self.origin(name).as_ref());
        self.note_odd(Warning::new(&format!("{place}: {message}")));
    }

    /// Notes something odd, once.
    pub(super) fn note_odd(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// How a variable is named together with where its value came from.
    fn place(&self, name: &str, origin: Option<&Origin>) -> String {
        let place = self.sender.as_ref().map(|sender| &sender.place);
        match (origin, place, senders_file::key_of(name)) {
            (Some(Origin::SendersFile { place, key }), ..) => format!("{place}: {key}"),
            // Of a sender a secret is read from elsewhere on behalf of its table.
            (None, Some(place), Some(key)) => format!("{place}: {key}"),
            (Some(_), Some(place), Some(key)) if self.is_own(name) => format!("{place}: {key}"),
            (Some(origin), ..) => format!("{name} ({origin})"),
            (None, ..) => name.to_string(),
        }
    }

    /// Where a variable was set, or none when nobody set it.
    pub(super) fn origin(&self, name: &str) -> Option<Origin> {
        let found = match variables::find(name) {
            Some(variable) => self.find(variable),
            None => self.sources.plain(name),
        };
        found.ok().flatten().map(|found| found.origin)
    }

    /// Whether somebody set the variable, to a good value or a bad one.
    pub(super) fn is_set(&self, name: &str) -> bool {
        variables::find(name).is_some_and(|variable| !matches!(self.find(variable), Ok(None)))
    }

    /// Whether the sender that is being read sets the variable itself; when none is being read,
    /// whether the environment does. What a provider stands for is nobody's own.
    pub(super) fn is_own(&self, name: &str) -> bool {
        let is_provided = |found: &Found| matches!(found.origin, Origin::Provider(_));
        match &self.sender {
            Some(sender) => {
                let found = sender.values.get(name);
                found.is_some_and(|found| !found.text.is_empty() && !is_provided(found))
            }
            None => self.is_set(name) && !matches!(self.origin(name), Some(Origin::Provider(_))),
        }
    }

    /// The text of a variable: the sender's own, the environment's, the provider's.
    pub(super) fn find(&self, variable: &Variable) -> Result<Option<Found>, Problem> {
        let own = self.sender.as_ref().map(|sender| &sender.values);
        if let Some(found) = own.and_then(|own| own.get(variable.name)) {
            return Ok((!found.text.is_empty()).then(|| found.clone()));
        }
        if let Some(found) = self.sources.find(variable)? {
            return Ok(Some(found));
        }
        // Port and protection of the provider are those of its server, not of a sender's own.
        let server = variable
            .name
            .get(..5)
            .map(|family| format!("{family}SERVER"));
        let has_own = own
            .zip(server)
            .is_some_and(|(own, server)| own.contains_key(server.as_str()));
        Ok(self
            .provided
            .get(variable.name)
            .filter(|_| !has_own)
            .cloned())
    }

    /// The value of a variable: what its text, or its default, parses to.
    fn read<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str, Kind) -> Result<T, Misfit>,
    ) -> Option<T> {
        #[cfg(test)]
        self.asked.push(name);
        let Some(variable) = variables::find(name) else {
            self.problem(name, "expected a listed variable, found none of this name");
            return None;
        };
        match self.find(variable) {
            Ok(Some(found)) => self.judge(name, variable, &found, parse),
            Ok(None) => {
                let text = variable.default?.to_string();
                self.judge(
                    name,
                    variable,
                    &Found {
                        text,
                        origin: Origin::Default,
                    },
                    parse,
                )
            }
            Err(problem) => {
                self.note(problem);
                None
            }
        }
    }

    fn judge<T>(
        &mut self,
        name: &str,
        variable: &Variable,
        found: &Found,
        parse: impl FnOnce(&str, Kind) -> Result<T, Misfit>,
    ) -> Option<T> {
        let misfit = match parse(&found.text, variable.kind) {
            Ok(value) => return Some(value),
            Err(misfit) => misfit,
        };
        let expected = variable.kind;
        let message = match misfit {
            Misfit::Said(sentence) => sentence,
            Misfit::Unspeakable(words) => format!("expected {expected}, found {words}"),
            Misfit::Plain => format!("expected {expected}, found {}", shown(&found.text)),
            Misfit::Because(words) => {
                format!(
                    "expected {expected}, found {} ({words})",
                    shown(&found.text)
                )
            }
        };
        let place = self.place(name, Some(&found.origin));
        self.note(Problem::new(place, message));
        None
    }

    pub(super) fn whole(&mut self, name: &'static str) -> u32 {
        self.whole_maybe(name).unwrap_or_default()
    }

    pub(super) fn whole_maybe(&mut self, name: &'static str) -> Option<u32> {
        self.read(name, |text, kind| match (text.parse(), kind) {
            (Ok(number), Kind::Whole { min, max, .. }) if (min..=max).contains(&number) => {
                Ok(number)
            }
            _ => Err(Misfit::Plain),
        })
    }

    pub(super) fn port(&mut self, name: &'static str) -> u16 {
        u16::try_from(self.whole(name)).unwrap_or_default()
    }

    pub(super) fn decimal(&mut self, name: &'static str) -> Option<f64> {
        self.read(name, |text, kind| match (text.parse(), kind) {
            (Ok(number), Kind::Decimal { min, max }) if (min..=max).contains(&number) => Ok(number),
            _ => Err(Misfit::Plain),
        })
    }

    pub(super) fn price(&mut self, name: &'static str) -> Option<Price> {
        let dollars = |text: &str| {
            let number: f64 = text.trim().parse().ok()?;
            (0.0..=1_000_000.0).contains(&number).then_some(number)
        };
        self.read(name, |text, _| {
            let (input, output) = text.split_once('/').ok_or(Misfit::Plain)?;
            match (dollars(input), dollars(output)) {
                (Some(input), Some(output)) => Ok(Price { input, output }),
                _ => Err(Misfit::Plain),
            }
        })
    }

    pub(super) fn yes(&mut self, name: &'static str) -> bool {
        let value = self.read(name, |text, _| match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(Misfit::Plain),
        });
        value.unwrap_or_default()
    }

    pub(super) fn choice(&mut self, name: &'static str) -> Option<&'static str> {
        self.read(name, |text, kind| match kind {
            Kind::Choice(words) => words
                .iter()
                .copied()
                .find(|word| word.eq_ignore_ascii_case(text))
                .ok_or(Misfit::Plain),
            _ => Err(Misfit::Plain),
        })
    }

    pub(super) fn tls_mode(&mut self, name: &'static str) -> Option<TlsMode> {
        let word = self.choice(name)?;
        let modes = [TlsMode::StartTls, TlsMode::Tls, TlsMode::None];
        modes.into_iter().find(|mode| mode.as_str() == word)
    }

    pub(super) fn line(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |text, _| parse_line(text))
    }

    pub(super) fn folders(&mut self, name: &'static str) -> Option<Vec<String>> {
        self.read(name, |text, _| parse_folders(text))
    }

    /// The value of a member of the family of column names.
    pub(super) fn field(&mut self, name: &str) -> Option<String> {
        let family = variables::find(FIELD_FAMILY)?;
        match self.sources.plain(name) {
            Ok(found) => self.judge(name, family, &found?, |text, _| parse_line(text.trim())),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    pub(super) fn lines(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |text, _| {
            let is_text = |c: char| c == '\n' || !is_unprintable(c);
            let text = text.replace("\r\n", "\n");
            let fits = text.chars().all(is_text) && text.chars().nth(500).is_none();
            if fits { Ok(text) } else { Err(Misfit::Plain) }
        })
    }

    pub(super) fn path(&mut self, name: &'static str) -> Option<PathBuf> {
        self.read(name, |text, _| match text.chars().any(char::is_control) {
            true => Err(Misfit::Because("it holds control characters".to_string())),
            false => Ok(PathBuf::from(text)),
        })
    }

    pub(super) fn host(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |text, _| parse_host(text).ok_or(Misfit::Plain))
    }

    /// A host name that is no address, without a dot at its end.
    pub(super) fn dns_name(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |text, _| match parse_host(text) {
            Some(host) if host.parse::<std::net::IpAddr>().is_err() => {
                Ok(host.trim_end_matches('.').to_ascii_lowercase())
            }
            _ => Err(Misfit::Plain),
        })
    }

    pub(super) fn url(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |text, _| parse_url(text))
    }

    /// An address to listen at; port 0 is one that the system picks.
    pub(super) fn listen(&mut self, name: &'static str) -> Option<SocketAddr> {
        self.read(name, |text, _| {
            text.parse()
                .map_err(|_: std::net::AddrParseError| Misfit::Plain)
        })
    }

    pub(super) fn address(&mut self, name: &'static str) -> Option<EmailAddress> {
        self.read(name, |text, _| {
            EmailAddress::parse(text).map_err(|err| Misfit::Because(format!("{err:#}")))
        })
    }

    pub(super) fn zone(&mut self, name: &'static str) -> Option<Zone> {
        self.read(name, |text, _| {
            Zone::parse(text).map_err(|err| Misfit::Said(format!("{err:#}")))
        })
    }

    pub(super) fn window(&mut self, name: &'static str) -> Option<Window> {
        self.read(name, |text, _| {
            Window::parse(text).map_err(|err| Misfit::Said(format!("{err:#}")))
        })
    }

    /// The two-letter code of a country.
    pub(super) fn country(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |text, _| {
            calendar::country_code(text)
                .map(str::to_string)
                .ok_or(Misfit::Plain)
        })
    }

    pub(super) fn base_id(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |text, _| {
            let rest = text.strip_prefix("app").unwrap_or_default();
            let is_id =
                (1..=40).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_alphanumeric());
            if is_id {
                Ok(text.to_string())
            } else {
                Err(Misfit::Plain)
            }
        })
    }

    pub(super) fn secret(&mut self, name: &'static str) -> Option<SecretString> {
        self.read(name, |text, _| match text.chars().any(char::is_control) {
            true => Err(Misfit::Unspeakable(
                "a control character or a second line in it",
            )),
            false => Ok(SecretString::from(text)),
        })
    }

    /// A secret that travels in an HTTP header, which takes visible ASCII only (RFC 9110, 5.5).
    pub(super) fn token(&mut self, name: &'static str) -> Option<SecretString> {
        self.read(name, |text, _| match text.trim() {
            text if text.chars().all(|c| c.is_ascii_graphic()) => Ok(SecretString::from(text)),
            _ => Err(Misfit::Unspeakable(
                "a character that no key has (a space, a quote mark?)",
            )),
        })
    }
}
