//! An Airtable base on the loopback: one table in memory, and the API's limits, refusals and moods.
//!
//! It refuses what Airtable refuses, in Airtable's words, so that a client that passes here keeps
//! to the API. Its clock stands still until a test moves it; only the rate is measured in real
//! time.

mod formula;
mod http;
mod table;

use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};

use self::http::{Answer, Request};
use self::table::Table;

/// The base and the token that are let in.
pub const BASE_ID: &str = "appLoopbackBase01";
pub const API_KEY: &str = "patLoopback.secret";
pub const TABLE: &str = "Leads";

/// A kind of call, for counting and for failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Whoami,
    Schema,
    List,
    Update,
    Other,
}

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This answer instead of the right one; nothing is done.
    Answer { status: u16, body: String },
    /// As `Answer`, with a `Retry-After` in seconds.
    AnswerLater {
        status: u16,
        body: String,
        retry_after: u64,
    },
    /// It is done, but half of the JSON is lost.
    CutJson,
    /// It is done, but the connection ends without an answer.
    HangUpAfter,
    /// Nothing is done and nothing is said until the client gives up.
    Silence,
}

/// The 429 for too many calls, in both shapes, and the one for a month's quota.
pub const RATE_LIMIT: &str =
    r#"{"errors":[{"error":"RATE_LIMIT_REACHED","message":"Rate limit exceeded."}]}"#;
pub const RATE_LIMIT_OLD: &str = r#"{"error":{"type":"RATE_LIMIT_REACHED"}}"#;
pub const QUOTA: &str = r#"{"errors":[{"error":"PUBLIC_API_BILLING_LIMIT_EXCEEDED",
    "message":"The API billing plan limit has been exceeded"}]}"#;
pub const ITERATOR_GONE: &str = r#"{"error":{"type":"LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}}"#;
pub const HTML: &str = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>";

const CALLS_PER_SECOND_MAX: usize = 5;
const URL_CHARS_MAX: usize = 16_000;
const PAGE_RECORDS_MAX: usize = 100;

/// The running base.
pub struct Airtable {
    base: Arc<Mutex<Base>>,
    address: SocketAddr,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Base {
    table: Table,
    now: DateTime<Utc>,
    faults: VecDeque<(Call, Fault)>,
    counts: BTreeMap<Call, u64>,
    n_posts: u64,
    /// When the calls of the last second came; none when any rate is allowed.
    recent: Option<VecDeque<Instant>>,
    is_schema_hidden: bool,
    lists: Vec<List>,
    updates: Vec<Json>,
}

/// A list that is being paged through.
struct List {
    options: Json,
    record_ids: Vec<String>,
    is_gone: bool,
}

impl Airtable {
    /// Starts an empty base with every column people and we have.
    pub fn start() -> Airtable {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let base = Arc::new(Mutex::new(Base {
            table: Table::leads(),
            now: "2026-03-02T08:00:00Z".parse().unwrap(),
            faults: VecDeque::new(),
            counts: BTreeMap::new(),
            n_posts: 0,
            recent: Some(VecDeque::new()),
            is_schema_hidden: false,
            lists: Vec::new(),
            updates: Vec::new(),
        }));
        let is_ending = Arc::new(AtomicBool::new(false));
        let (served, ending) = (Arc::clone(&base), Arc::clone(&is_ending));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::SeqCst) {
                    return;
                }
                // A client that hangs up is its own affair.
                let _ = stream.and_then(|stream| serve(&served, stream));
            }
        });
        Airtable {
            base,
            address,
            is_ending,
            thread: Some(thread),
        }
    }

    /// The API's root for AIRTABLE_API_URL.
    pub fn url(&self) -> String {
        format!("http://{}/v0", self.address)
    }

    /// Adds a record; the answer is its id.
    pub fn insert(&self, fields: &[(&str, &str)]) -> String {
        let mut base = self.base();
        let now = base.now;
        let id = base.table.insert(now);
        for (name, value) in fields {
            let cell = if *value == "true" {
                json!(true)
            } else {
                json!(value)
            };
            base.table.set(&id, name, cell, now);
        }
        id
    }

    /// What a cell holds; none when it is empty.
    pub fn field(&self, record_id: &str, name: &str) -> Option<Json> {
        self.base().table.get(record_id, name)
    }

    /// A person's edit; `null` clears the cell.
    pub fn set(&self, record_id: &str, name: &str, value: Json) {
        let mut base = self.base();
        let now = base.now;
        base.table.set(record_id, name, value, now);
    }

    pub fn delete(&self, record_id: &str) {
        self.base().table.delete(record_id);
    }

    /// Moves the base's clock.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.base().now = now;
    }

    /// Lets the next `n` calls of a kind fail.
    pub fn fail(&self, call: Call, n: usize, fault: Fault) {
        self.base().faults.extend(vec![(call, fault); n]);
    }

    /// All calls that came, those that failed included.
    pub fn calls(&self) -> u64 {
        self.base().counts.values().sum()
    }

    pub fn calls_of(&self, call: Call) -> u64 {
        self.base().counts.get(&call).copied().unwrap_or(0)
    }

    /// The records of every update that was carried out, a call each, since this was last asked.
    pub fn take_updates(&self) -> Vec<Json> {
        std::mem::take(&mut self.base().updates)
    }

    /// How many of the lists were asked for by POST.
    pub fn lists_by_post(&self) -> u64 {
        self.base().n_posts
    }

    /// No longer refuses the sixth call of a second.
    pub fn allow_any_rate(&self) {
        self.base().recent = None;
    }

    /// The token has no scope schema.bases:read.
    pub fn hide_schema(&self) {
        self.base().is_schema_hidden = true;
    }

    /// Forgets the place in every list under way.
    pub fn expire_lists(&self) {
        self.base()
            .lists
            .iter_mut()
            .for_each(|list| list.is_gone = true);
    }

    pub fn drop_column(&self, name: &str) {
        self.base()
            .table
            .columns
            .retain(|column| column.name != name);
    }

    pub fn rename_column(&self, name: &str, new_name: &str) {
        self.base().table.column_mut(name).name = new_name.to_string();
    }

    pub fn drop_option(&self, name: &str, option: &str) {
        self.base()
            .table
            .column_mut(name)
            .choices
            .retain(|choice| choice != option);
    }

    pub fn set_kind(&self, name: &str, kind: &'static str) {
        self.base().table.column_mut(name).kind = kind;
    }

    /// The id of a column.
    pub fn column_id(&self, name: &str) -> String {
        self.base().table.column_mut(name).id.clone()
    }

    fn base(&self) -> MutexGuard<'_, Base> {
        self.base.lock().unwrap()
    }
}

impl Drop for Airtable {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(base: &Mutex<Base>, mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(request) = http::read(&mut stream)? else {
        return Ok(());
    };
    let call = call_of(&request);
    let (answer, fault) = {
        let mut base = base.lock().unwrap();
        *base.counts.entry(call).or_insert(0) += 1;
        let position = base.faults.iter().position(|(of, _)| *of == call);
        let fault = position
            .and_then(|position| base.faults.remove(position))
            .map(|(_, f)| f);
        let answer = match &fault {
            Some(Fault::Answer { status, body }) => Answer::raw(*status, body),
            Some(Fault::AnswerLater {
                status,
                body,
                retry_after,
            }) => Answer::raw(*status, body).later(*retry_after),
            Some(Fault::Silence) => Answer::raw(200, ""),
            Some(Fault::CutJson | Fault::HangUpAfter) | None => {
                base.answer(&request).unwrap_or_else(|refusal| refusal)
            }
        };
        (answer, fault)
    };
    match fault {
        Some(Fault::HangUpAfter) => Ok(()),
        Some(Fault::Silence) => http::wait_for_hang_up(&mut stream),
        Some(Fault::CutJson) => http::write(&mut stream, &answer.cut()),
        _ => http::write(&mut stream, &answer),
    }
}

fn call_of(request: &Request) -> Call {
    let segments: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["v0", "meta", "whoami"]) => Call::Whoami,
        ("GET", ["v0", "meta", "bases", _, "tables"]) => Call::Schema,
        ("GET", ["v0", _, _]) | ("POST", ["v0", _, _, "listRecords"]) => Call::List,
        ("PATCH", ["v0", _, _]) => Call::Update,
        _ => Call::Other,
    }
}

/// A refusal as most are worded.
fn refusal(status: u16, kind: &str, message: &str) -> Answer {
    Answer::json(
        status,
        json!({ "error": { "type": kind, "message": message } }),
    )
}

impl Base {
    fn answer(&mut self, request: &Request) -> Result<Answer, Answer> {
        if request.url_chars > URL_CHARS_MAX {
            return Err(Answer::raw(414, "<html>URI Too Long</html>"));
        }
        if request.header("authorization") != Some(&format!("Bearer {API_KEY}")) {
            let message = "Authentication required";
            return Err(refusal(401, "AUTHENTICATION_REQUIRED", message));
        }
        self.check_rate()?;
        let call = call_of(request);
        let no_model = || {
            let message = "Invalid permissions, or the requested model was not found.";
            refusal(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", message)
        };
        let segment = |index: usize| request.path.get(index).map_or("", String::as_str);
        match call {
            Call::Whoami => return Ok(Answer::json(200, json!({ "id": "usrLoopbackUser1" }))),
            Call::Other => return Err(Answer::json(404, json!({ "error": "NOT_FOUND" }))),
            Call::Schema if self.is_schema_hidden || segment(3) != BASE_ID => {
                return Err(no_model());
            }
            Call::Schema => return Ok(Answer::json(200, self.table.schema())),
            Call::List | Call::Update => {}
        }
        let is_table = segment(2) == self.table.id || segment(2).eq_ignore_ascii_case(TABLE);
        if segment(1) != BASE_ID || !is_table {
            return Err(no_model());
        }
        if request.method != "GET" && request.header("content-type") != Some("application/json") {
            let message = "Could not find field \"fields\" in the request body";
            return Err(refusal(422, "INVALID_REQUEST_MISSING_FIELDS", message));
        }
        match call {
            Call::Update => self.update(&request.json()?),
            _ if request.method == "POST" => {
                self.n_posts += 1;
                let options = request.json()?;
                self.list(options)
            }
            _ => self.list(request.list_options()),
        }
    }

    fn check_rate(&mut self) -> Result<(), Answer> {
        let Some(recent) = &mut self.recent else {
            return Ok(());
        };
        let now = Instant::now();
        recent.retain(|at| now.duration_since(*at) < Duration::from_secs(1));
        recent.push_back(now);
        if recent.len() > CALLS_PER_SECOND_MAX {
            return Err(Answer::raw(429, RATE_LIMIT).later(1));
        }
        Ok(())
    }

    fn list(&mut self, mut options: Json) -> Result<Answer, Answer> {
        let unknown = |what: &str| {
            let message = format!("Invalid request: parameter validation failed: {what}");
            refusal(422, "INVALID_REQUEST_UNKNOWN", &message)
        };
        let known = ["pageSize", "fields", "filterByFormula", "offset"];
        let object = options.as_object_mut().ok_or_else(|| unknown("body"))?;
        if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(unknown(key));
        }
        let offset = object.remove("offset");
        let page_size = object.get("pageSize").map_or(Some(100), Json::as_u64);
        let page_size = page_size.filter(|n| (1..=PAGE_RECORDS_MAX as u64).contains(n));
        let page_size = page_size.ok_or_else(|| unknown("pageSize"))? as usize;
        let names = object.get("fields").and_then(Json::as_array).cloned();
        let names: Option<Vec<String>> = names
            .map(|names| {
                names
                    .iter()
                    .map(|name| self.table.known_name(name))
                    .collect()
            })
            .transpose()?;
        let (number, start) = match &offset {
            None => {
                let formula = object.get("filterByFormula").and_then(Json::as_str);
                let record_ids = self.table.matching(formula)?;
                self.lists.push(List {
                    options,
                    record_ids,
                    is_gone: false,
                });
                (self.lists.len() - 1, 0)
            }
            Some(offset) => {
                let place = offset
                    .as_str()
                    .and_then(|o| o.strip_prefix("itr")?.split_once("/rec"));
                let place = place.and_then(|(list, n)| Some((list.parse().ok()?, n.parse().ok()?)));
                let (number, start): (usize, usize) = place.ok_or_else(|| unknown("offset"))?;
                let list = self.lists.get(number).ok_or_else(|| unknown("offset"))?;
                if list.is_gone {
                    return Err(Answer::raw(422, ITERATOR_GONE));
                }
                if list.options != options {
                    return Err(unknown("the options differ from those of the first page"));
                }
                (number, start)
            }
        };
        let ids = &self.lists[number].record_ids;
        let page = ids.iter().skip(start).take(page_size);
        let records = page.filter_map(|id| self.table.record(id, names.as_deref()));
        let mut answer = Map::from_iter([("records".to_string(), records.collect())]);
        if start + page_size < ids.len() {
            let offset = format!("itr{number}/rec{}", start + page_size);
            answer.insert("offset".to_string(), json!(offset));
        }
        Ok(Answer::json(200, Json::Object(answer)))
    }

    fn update(&mut self, body: &Json) -> Result<Answer, Answer> {
        let updates = self.table.checked_updates(body)?;
        self.updates.push(body["records"].clone());
        let mut records = Vec::new();
        for (id, cells) in updates {
            for (name, cell) in cells {
                self.table.set(&id, &name, cell, self.now);
            }
            records.extend(self.table.record(&id, None));
        }
        Ok(Answer::json(200, json!({ "records": records })))
    }
}
