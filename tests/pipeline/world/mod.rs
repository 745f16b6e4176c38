//! A world of one's own for every test: a temporary folder as working directory, an environment
//! with nothing in it but what the test says, a ledger, a Maildir to look into and an inbox to
//! fill.
//!
//! The counterparts that a test may start beside it are servers on loopback ports the system picks.

// The counterparts, one file each.
pub mod airtable;
pub mod dovecot;
pub mod llm;
pub mod smtp;
pub mod wire;

mod hold;
mod running;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

pub use hold::Hold;
pub use running::{Outcome, Running};

/// A folder, an environment and the real binary.
pub struct World {
    dir: TempDir,
    env: BTreeMap<String, String>,
    n_dropped: AtomicU32,
}

/// The world at a simulated instant: what runs here is told `--now`.
pub struct Moment<'w> {
    world: &'w World,
    now: String,
}

/// A mail found in the outgoing Maildir.
pub struct Mail {
    /// The name of its file.
    pub name: String,
    /// Its bytes.
    pub raw: Vec<u8>,
}

/// One row of the table that people keep, by column name; see [`lead`].
#[derive(Clone)]
pub struct LeadRow(BTreeMap<&'static str, String>);

/// The columns of an exported table, in the order such an export has them; most are empty or not
/// ours.
const COLUMNS: [&str; 24] = [
    "Full Name",
    "LinkedIn URL",
    "Job Title",
    "Company",
    "Email",
    "Source",
    "Replied",
    "Response Notes",
    "Date Messaged",
    "Engagement_Status",
    "Email_Confidence_Level",
    "Website",
    "Business_Type",
    "Company_Description",
    "Top_Services",
    "Tone",
    "Website_Insights",
    "Created At",
    "Industry",
    "Company_Size",
    "Country",
    "City",
    "Timezone",
    "Language",
];

/// An eligible lead: address verified, never contacted, with enough facts to write about.
pub fn lead(full_name: &str, email: &str, company: &str) -> LeadRow {
    LeadRow(BTreeMap::new())
        .with("Full Name", full_name)
        .with("Email", email)
        .with("Company", company)
        .with("Job Title", "Head of Operations")
        .with("Email_Confidence_Level", "Real")
        .with("Business_Type", "Logistics")
        .with(
            "Company_Description",
            "Refrigerated freight for bakeries, planned a week ahead.",
        )
        // Airtable exports a long text with its line breaks, quoted.
        .with(
            "Top_Services",
            "Route planning\nCold storage\nLast-mile delivery",
        )
        .with("Tone", "Friendly")
        .with(
            "Website_Insights",
            "Home page: \"Bread that arrives warm\". Sections: fleet, team.",
        )
        .with("Created At", "2026-02-20")
}

impl LeadRow {
    /// The row with another value in a column; `""` empties it.
    #[track_caller]
    pub fn with(mut self, column: &'static str, value: &str) -> LeadRow {
        assert!(
            COLUMNS.contains(&column),
            "`{column}` is not a column of the exported table"
        );
        self.0.insert(column, value.to_string());
        self
    }
}

impl World {
    /// An empty folder and an empty environment.
    pub fn new() -> World {
        let dir = tempfile::tempdir().expect("cannot make a temporary folder");
        World {
            dir,
            env: BTreeMap::new(),
            n_dropped: AtomicU32::new(0),
        }
    }

    /// The world with a variable set.
    pub fn env(mut self, name: &str, value: impl AsRef<Path>) -> World {
        let value = value
            .as_ref()
            .to_str()
            .expect("a variable is text")
            .to_string();
        self.env.insert(name.to_string(), value);
        self
    }

    /// Sets a variable from now on, as an operator who edits `.env`; `""` unsets it.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.env.remove(name);
        if !value.is_empty() {
            self.env.insert(name.to_string(), value.to_string());
        }
    }

    /// The world with `LEADS_FILE` pointing to these rows, written as Airtable exports a view.
    pub fn leads_csv(self, rows: &[LeadRow]) -> World {
        self.write_leads(rows);
        self.env("LEADS_FILE", "leads.csv")
    }

    /// Replaces the rows of the leads file, as a person who exports the table anew.
    pub fn write_leads(&self, rows: &[LeadRow]) {
        let mut csv = csv::Writer::from_writer(Vec::from("\u{feff}"));
        csv.write_record(COLUMNS).unwrap();
        for LeadRow(cells) in rows {
            csv.write_record(COLUMNS.map(|name| cells.get(name).map_or("", |cell| cell.as_str())))
                .unwrap();
        }
        self.write("leads.csv", csv.into_inner().unwrap());
    }

    /// Writes a file of the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The path of a file of the folder, or the folder itself for `""`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The text of a file of the folder.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|err| panic!("`{name}`: {err}"))
    }

    /// Runs the program to its end at the machine's own time.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.spawn(args).wait()
    }

    /// Starts the program at the machine's own time.
    #[track_caller]
    pub fn spawn(&self, args: &[&str]) -> Running {
        self.spawn_through(&[], args)
    }

    /// Starts the program by way of another that sets limits, such as `prlimit --as=…`.
    #[track_caller]
    pub fn spawn_through(&self, through: &[&str], args: &[&str]) -> Running {
        let mut command = self.command(through, "", args);
        command.envs(&self.env);
        Running::start(command)
    }

    /// Runs the program in a folder of this one, with nothing in its environment: what is said there
    /// is said by the folder's own `.env`.
    #[track_caller]
    pub fn run_in(&self, folder: &str, args: &[&str]) -> Outcome {
        Running::start(self.command(&[], folder, args)).wait()
    }

    fn command(&self, through: &[&str], folder: &str, args: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_outreach");
        let mut words = through.iter().copied().chain([program]);
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .args(args)
            .current_dir(self.path(folder))
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// The world at an instant (RFC 3339).
    pub fn at(&self, now: impl ToString) -> Moment<'_> {
        Moment {
            world: self,
            now: now.to_string(),
        }
    }

    /// A setting that names a path, or its default, within the folder.
    fn setting(&self, name: &str, default: &str) -> PathBuf {
        self.path(self.env.get(name).map_or(default, String::as_str))
    }

    /// The ledger, for reading only.
    #[track_caller]
    pub fn ledger(&self) -> Connection {
        let path = self.setting("CAMPAIGN_DATABASE_PATH", "campaigns.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&path, flags)
            .unwrap_or_else(|err| panic!("`{}`: {err}", path.display()))
    }

    /// The rows a query of the ledger gives, each value as text, `NULL` as `NULL`.
    #[track_caller]
    pub fn sql(&self, query: &str) -> Vec<Vec<String>> {
        rows(&self.ledger(), query, &[])
    }

    /// The state of a message of the lead's latest campaign, by step label; `none` without one.
    #[track_caller]
    pub fn state(&self, email: &str, step: &str) -> String {
        let query = "SELECT messages.state FROM messages
                     JOIN campaigns ON campaigns.id = messages.campaign_id
                     JOIN leads ON leads.id = campaigns.lead_id
                     WHERE leads.email = ?1 AND messages.step = ?2
                     ORDER BY campaigns.id DESC LIMIT 1";
        first_cell(rows(&self.ledger(), query, &[email, step]))
    }

    /// The state of the lead's latest campaign; `none` without one.
    #[track_caller]
    pub fn campaign_state(&self, email: &str) -> String {
        let query = "SELECT campaigns.state FROM campaigns
                     JOIN leads ON leads.id = campaigns.lead_id
                     WHERE leads.email = ?1 ORDER BY campaigns.id DESC LIMIT 1";
        first_cell(rows(&self.ledger(), query, &[email]))
    }

    /// The mails in the outgoing Maildir, by file name; none when there is no such folder.
    pub fn maildir_files(&self) -> Vec<Mail> {
        let outbox = self.setting("OUTBOX_DIR", "outbox");
        let mut mails: Vec<Mail> = ["new", "cur"]
            .into_iter()
            .filter_map(|folder| fs::read_dir(outbox.join(folder)).ok())
            .flatten()
            .map(|entry| entry.unwrap())
            .map(|entry| Mail {
                name: entry.file_name().into_string().unwrap(),
                raw: fs::read(entry.path()).unwrap(),
            })
            .collect();
        mails.sort_by(|a, b| a.name.cmp(&b.name));
        mails
    }

    /// Puts a mail into the inbox's Maildir as a delivery agent does: written aside, then renamed.
    pub fn drop_mail(&self, raw: impl AsRef<[u8]>) {
        let inbox = self.setting("INBOX_DIR", "inbox");
        for folder in ["tmp", "new", "cur"] {
            fs::create_dir_all(inbox.join(folder)).unwrap();
        }
        let n = self.n_dropped.fetch_add(1, Ordering::Relaxed);
        // The same name a delivery agent would give, made sortable: seconds, counter, host.
        let name = format!("1767225600.M{n:06}.world");
        fs::write(inbox.join("tmp").join(&name), raw).unwrap();
        fs::rename(inbox.join("tmp").join(&name), inbox.join("new").join(&name)).unwrap();
    }
}

impl Moment<'_> {
    /// Runs the program to its end at this instant.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.spawn(args).wait()
    }

    /// Starts the program at this instant.
    #[track_caller]
    pub fn spawn(&self, args: &[&str]) -> Running {
        self.spawn_through(&[], args)
    }

    /// Starts the program at this instant by way of another that sets limits.
    #[track_caller]
    pub fn spawn_through(&self, through: &[&str], args: &[&str]) -> Running {
        let args = [args, &["--now", &self.now]].concat();
        self.world.spawn_through(through, &args)
    }
}

impl Mail {
    /// The decoded text of a header, `""` when there is none.
    pub fn header(&self, name: &str) -> String {
        let parsed = mail_parser::MessageParser::default()
            .parse(&self.raw)
            .unwrap();
        match name.to_ascii_lowercase().as_str() {
            "subject" => parsed.subject().unwrap_or_default().to_string(),
            _ => parsed
                .header_raw(name)
                .unwrap_or_default()
                .trim()
                .to_string(),
        }
    }

    /// The decoded text of the mail, lines ending in `\n`.
    pub fn text(&self) -> String {
        let parsed = mail_parser::MessageParser::default()
            .parse(&self.raw)
            .unwrap();
        parsed
            .body_text(0)
            .unwrap_or_default()
            .replace("\r\n", "\n")
    }
}

fn first_cell(rows: Vec<Vec<String>>) -> String {
    rows.into_iter()
        .flatten()
        .next()
        .unwrap_or_else(|| "none".to_string())
}

#[track_caller]
fn rows(ledger: &Connection, query: &str, params: &[&str]) -> Vec<Vec<String>> {
    let mut statement = ledger
        .prepare(query)
        .unwrap_or_else(|err| panic!("{query}: {err}"));
    let n_columns = statement.column_count();
    let params = rusqlite::params_from_iter(params);
    let rows = statement.query_map(params, |row| {
        (0..n_columns)
            .map(|column| Ok(cell(row.get_ref(column)?)))
            .collect()
    });
    rows.and_then(Iterator::collect)
        .unwrap_or_else(|err| panic!("{query}: {err}"))
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_string(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

mod tests {
    use super::*;

    #[test]
    fn the_leads_file_reads_back_as_an_export_with_quoted_line_breaks() {
        let rows = [lead(
            "Ada Lovelace",
            "ada@engines.example",
            "Engines, Analytical & Co.",
        )
        .with("City", "London")
        .with("Website_Insights", "")];
        let world = World::new().leads_csv(&rows);
        let file = world.read("leads.csv");
        let csv = file
            .strip_prefix('\u{feff}')
            .expect("an export begins with a byte-order mark");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let read: BTreeMap<String, String> = reader.deserialize().next().unwrap().unwrap();
        let value = |column: &str| read[column].as_str();
        assert_eq!(value("Company"), "Engines, Analytical & Co.");
        assert_eq!(
            value("Top_Services"),
            "Route planning\nCold storage\nLast-mile delivery"
        );
        assert_eq!((value("City"), value("Website_Insights")), ("London", ""));
    }

    #[test]
    fn the_ledger_is_read_while_the_program_writes_it() {
        let world = World::new();
        let writer = Connection::open(world.path("campaigns.db")).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        writer
            .execute_batch(
                "CREATE TABLE leads (id INTEGER PRIMARY KEY, email TEXT);
                 CREATE TABLE campaigns (id INTEGER PRIMARY KEY, lead_id INTEGER, state TEXT);
                 CREATE TABLE messages (campaign_id INTEGER, step TEXT, state TEXT);
                 INSERT INTO leads VALUES (1, 'ada@engines.example');
                 INSERT INTO campaigns VALUES (1, 1, 'stopped'), (2, 1, 'active');
                 INSERT INTO messages VALUES (1, 'hook', 'skipped'), (2, 'hook', 'sent');
                 BEGIN IMMEDIATE;",
            )
            .unwrap();
        assert_eq!(
            world.sql("SELECT 1, NULL, 'a', x'00'"),
            [["1", "NULL", "a", "1 bytes"]]
        );
        assert_eq!(world.state("ada@engines.example", "hook"), "sent");
        assert_eq!(world.state("ada@engines.example", "proof"), "none");
        assert_eq!(world.campaign_state("ada@engines.example"), "active");
        assert!(
            world.ledger().execute("DELETE FROM leads", ()).is_err(),
            "reading only"
        );
    }

    #[test]
    fn mails_are_dropped_whole_and_found_by_name() {
        let world = World::new()
            .env("INBOX_DIR", "post")
            .env("OUTBOX_DIR", "post");
        assert!(world.maildir_files().is_empty());
        world.drop_mail("Subject: =?utf-8?q?one_=C3=A9?=\r\nX-Outreach-Key: k\r\n\r\nHi\r\n");
        world.drop_mail("Subject: two\n\nHo\n");
        let mails = world.maildir_files();
        let subjects: Vec<String> = mails.iter().map(|mail| mail.header("Subject")).collect();
        assert_eq!(subjects, ["one é", "two"]);
        assert_eq!(
            (mails[0].header("x-outreach-key"), mails[0].text()),
            ("k".into(), "Hi\n".into())
        );
        assert_eq!(fs::read_dir(world.path("post/tmp")).unwrap().count(), 0);
    }
}
