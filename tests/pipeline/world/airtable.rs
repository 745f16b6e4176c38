//! An Airtable base on the loopback: one table in memory, and the API's limits, refusals and moods.
//!
//! It refuses what Airtable refuses, in Airtable's words, so that a client that passes here keeps
//! to the API. Its clock stands still until a test moves it; only the rate is measured in real
//! time.

mod base;
mod columns;
mod fault;
mod formula;
mod http;
mod person;
mod serve;
mod table;
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use self::base::Base;
use self::fault::Chance;
pub use self::fault::Fault;
use self::http::Answer;
pub use self::person::Person;
use self::serve::Server;

/// The base and the token that are let in.
pub const BASE_ID: &str = "appLoopbackBase01";
pub const API_KEY: &str = "patLoopback.secret";
pub const TABLE: &str = "Leads";

/// A kind of call, for counting and for failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Whoami,
    Schema,
    CreateField,
    List,
    Update,
    Other,
}

/// What people do once a call was carried out and before it is answered.
pub type OnCall = Box<dyn FnMut(&mut Person<'_>, Call) + Send>;

/// The 429 for too many calls, in both shapes, and the one for a month's quota.
pub const RATE_LIMIT: &str =
    r#"{"errors":[{"error":"RATE_LIMIT_REACHED","message":"Rate limit exceeded."}]}"#;
pub const RATE_LIMIT_OLD: &str = r#"{"error":{"type":"RATE_LIMIT_REACHED"}}"#;
pub const QUOTA: &str = r#"{"errors":[{"error":"PUBLIC_API_BILLING_LIMIT_EXCEEDED",
    "message":"The API billing plan limit has been exceeded"}]}"#;
pub const ITERATOR_GONE: &str = r#"{"error":{"type":"LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}}"#;
pub const HTML: &str = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>";

/// The running base.
pub struct Airtable {
    base: Arc<Mutex<Base>>,
    server: Server,
}

impl Airtable {
    /// Starts an empty base with every column people and we have.
    pub fn start() -> Airtable {
        let base = Arc::new(Mutex::new(Base::new()));
        let server = Server::start(Arc::clone(&base));
        Airtable { base, server }
    }

    /// The API's root for AIRTABLE_API_URL.
    pub fn url(&self) -> String {
        format!("http://{}/v0", self.server.address)
    }

    /// Lets a person work; no call comes between what she does. She has only her [`Person`], as in
    /// [`Airtable::on_call`].
    pub fn person<T>(&self, work: impl FnOnce(&mut Person<'_>) -> T) -> T {
        work(&mut self.base().person())
    }

    /// Lets people work after every call that was carried out, before its answer is written. They
    /// have only their [`Person`]: nothing else can be asked of the base while it is at work.
    pub fn on_call(&self, work: OnCall) {
        self.base().on_call = Some(work);
    }

    /// From now on nobody watches the calls.
    pub fn on_no_call(&self) {
        self.base().on_call = None;
    }

    /// Adds a record; the answer is its id. Its cells count as never edited.
    pub fn insert(&self, fields: &[(&str, &str)]) -> String {
        self.person(|person| person.insert(fields))
    }

    /// Adds `n` records with the cells of each; the answers are their ids.
    pub fn insert_many(
        &self,
        n: usize,
        cells: impl Fn(usize) -> Vec<(&'static str, Json)>,
    ) -> Vec<String> {
        let mut base = self.base();
        let now = base.now;
        (0..n)
            .map(|number| base.table.insert(&cells(number), now))
            .collect()
    }

    /// What a cell holds; none when it is empty.
    pub fn field(&self, record_id: &str, name: &str) -> Option<Json> {
        self.base().table.get(record_id, name)
    }

    /// When a cell was last written by anybody; none since the record was made.
    pub fn last_edit(&self, record_id: &str, name: &str) -> Option<DateTime<Utc>> {
        self.base().table.edited_at(record_id, name)
    }

    /// The records that are there, in the order they were made.
    pub fn record_ids(&self) -> Vec<String> {
        self.person(|person| person.record_ids())
    }

    /// Every record by its id: its cells by their columns' names, without the computed ones.
    pub fn records(&self) -> BTreeMap<String, BTreeMap<String, Json>> {
        let base = self.base();
        let names = base.table.names();
        let records = base.table.records();
        records
            .map(|record| (record.id.clone(), record.cells(&names)))
            .collect()
    }

    /// A person's edit; `null` clears the cell.
    pub fn set(&self, record_id: &str, name: &str, value: Json) {
        self.person(|person| person.set(record_id, name, value));
    }

    pub fn delete(&self, record_id: &str) {
        self.person(|person| person.delete(record_id));
    }

    /// Brings a deleted record back, with its id and its cells.
    pub fn undelete(&self, record_id: &str) {
        self.person(|person| person.undelete(record_id));
    }

    /// Moves the base's clock.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.base().now = now;
    }

    /// A record that nobody edited has no `LAST_MODIFIED_TIME()` at all, instead of the time it was
    /// made at.
    pub fn leave_unedited_blank(&self) {
        self.base().table.is_unedited_blank = true;
    }

    /// Lets the next `n` calls of a kind fail.
    pub fn fail(&self, call: Call, n: usize, fault: Fault) {
        let faults = vec![(call, Some(fault)); n];
        self.base().faults.extend(faults);
    }

    /// Lets the next `n` calls of a kind through, before any failure that is asked for after this.
    pub fn let_pass(&self, call: Call, n: usize) {
        self.base().faults.extend(vec![(call, None); n]);
    }

    /// Forgets the failures that were asked for and did not come yet.
    pub fn fail_no_more(&self) {
        self.base().faults.clear();
    }

    /// Lets so many of a thousand calls fail, of every kind and in every way that passes; which
    /// ones, and how, only the seed decides. None fails any more with 0.
    pub fn fail_randomly(&self, seed: u64, per_mille: u64) {
        self.base().chance = (per_mille > 0).then(|| Chance::new(seed, per_mille));
    }

    /// How many calls failed because a test wanted it.
    pub fn faults_seen(&self) -> u64 {
        self.base().n_faults
    }

    /// All calls that came, those that failed included.
    pub fn calls(&self) -> u64 {
        self.base().counts.values().sum()
    }

    pub fn calls_of(&self, call: Call) -> u64 {
        self.base().counts.get(&call).copied().unwrap_or(0)
    }

    /// How many connections they came over.
    pub fn connections(&self) -> u64 {
        self.server.connections()
    }

    /// The records of every update that was carried out, a call each, since this was last asked;
    /// their cells by the columns' names.
    pub fn take_updates(&self) -> Vec<Json> {
        std::mem::take(&mut self.base().updates)
    }

    /// How many of the lists were asked for by POST.
    pub fn lists_by_post(&self) -> u64 {
        self.base().n_posts
    }

    /// Refuses the sixth call of a second, as at first, and counts bursts anew.
    pub fn limit_the_rate(&self) {
        let mut base = self.base();
        base.rate.is_limited = true;
        base.rate.burst_max = 0;
    }

    /// No longer refuses the sixth call of a second.
    pub fn allow_any_rate(&self) {
        self.base().rate.is_limited = false;
    }

    /// How long every call is refused after one too many; a second at first, 30 in earnest.
    pub fn set_penalty(&self, penalty: Duration) {
        self.base().rate.penalty = penalty;
    }

    /// How many calls were refused for their rate.
    pub fn rate_refusals(&self) -> u64 {
        self.base().rate.n_refused
    }

    /// The most calls that came within a second, refused or not.
    pub fn largest_burst(&self) -> usize {
        self.base().rate.burst_max
    }

    /// After `n` more calls the month has none left for data; what is said of the base's shape goes
    /// on.
    pub fn set_quota(&self, n: u64) {
        self.base().quota = Some(n);
    }

    /// The month has calls without end again.
    pub fn lift_quota(&self) {
        self.base().quota = None;
    }

    /// The token has no scope schema.bases:read.
    pub fn hide_schema(&self) {
        self.base().is_schema_hidden = true;
    }

    /// The token has no scope schema.bases:write.
    pub fn forbid_schema_writes(&self) {
        self.base().is_schema_fixed = true;
    }

    /// The token may not make select options, `typecast` or not.
    pub fn refuse_new_options(&self) {
        self.base().are_options_fixed = true;
    }

    /// Forgets the place in every list under way.
    pub fn expire_lists(&self) {
        self.base().expire_lists();
    }

    pub fn drop_column(&self, name: &str) {
        self.person(|person| person.drop_column(name));
    }

    /// Undoes the deletion of a column: it is there again with its id and its cells.
    pub fn restore_column(&self, name: &str) {
        self.person(|person| person.restore_column(name));
    }

    pub fn rename_column(&self, name: &str, new_name: &str) {
        self.person(|person| person.rename_column(name, new_name));
    }

    pub fn drop_option(&self, name: &str, option: &str) {
        self.base()
            .table
            .column_mut(name)
            .choices
            .retain(|choice| choice != option);
    }

    /// The options of a select.
    pub fn options(&self, name: &str) -> Vec<String> {
        self.base().table.column_mut(name).choices.clone()
    }

    /// The type of a column.
    pub fn kind(&self, name: &str) -> String {
        self.base().table.column_mut(name).kind.clone()
    }

    pub fn set_kind(&self, name: &str, kind: &str) {
        self.base().table.column_mut(name).set_kind(kind);
    }

    /// The id of a column.
    pub fn column_id(&self, name: &str) -> String {
        self.base().table.column_mut(name).id.clone()
    }

    /// The id of the table.
    pub fn table_id(&self) -> String {
        self.base().table.id.clone()
    }

    fn base(&self) -> MutexGuard<'_, Base> {
        self.base.lock().unwrap()
    }
}

/// A refusal as most are worded.
fn refusal(status: u16, kind: &str, message: &str) -> Answer {
    Answer::json(
        status,
        json!({ "error": { "type": kind, "message": message } }),
    )
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// A prefix and 14 letters and digits.
fn id_of(prefix: &str, seed: &str) -> String {
    let hash = Sha256::digest(format!("{prefix}{seed}"));
    let digits: String = hash
        .iter()
        .take(7)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{prefix}{digits}")
}

/// The id of the record that was made as the `number`th: in no order, and with letters of both
/// cases, which matter.
fn record_id(number: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // Vigna's splitmix64: much cheaper than a hash where ids are made by the hundred thousand.
    let scatter = |seed: u64| {
        let seed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let seed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        seed ^ (seed >> 31)
    };
    let mut id = "rec".to_string();
    for half in [2 * u64::from(number) + 1, 2 * u64::from(number) + 2] {
        let mut rest = scatter(half);
        for _ in 0..7 {
            id.push(char::from(DIGITS[(rest % 62) as usize]));
            rest /= 62;
        }
    }
    id
}
