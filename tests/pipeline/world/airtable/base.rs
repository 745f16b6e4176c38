//! What the base answers to a call: its limits, its refusals, its lists.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};

use super::fault::{Chance, Fault};
use super::http::{Answer, Request};
use super::person::Person;
use super::table::Table;
use super::{API_KEY, BASE_ID, Call, OnCall, QUOTA, RATE_LIMIT, TABLE, refusal};

const CALLS_PER_SECOND_MAX: usize = 5;
const URL_CHARS_MAX: usize = 16_000;
const PAGE_RECORDS_MAX: u64 = 100;
/// Lists are forgotten when so many younger ones are under way.
const LISTS_MAX: usize = 16;

pub struct Base {
    pub table: Table,
    pub now: DateTime<Utc>,
    /// What goes wrong with the next calls of a kind; none for a call that is let through.
    pub faults: VecDeque<(Call, Option<Fault>)>,
    pub chance: Option<Chance>,
    pub n_faults: u64,
    pub counts: BTreeMap<Call, u64>,
    pub n_posts: u64,
    pub rate: Rate,
    /// How many calls the month has left; none without such a limit.
    pub quota: Option<u64>,
    pub is_schema_hidden: bool,
    pub is_schema_fixed: bool,
    pub are_options_fixed: bool,
    lists: BTreeMap<u64, List>,
    n_lists: u64,
    pub updates: Vec<Json>,
    /// The records of the call at hand.
    touched: Vec<String>,
    pub on_call: Option<OnCall>,
}

/// How many calls come, and how many may.
pub struct Rate {
    /// Whether too many calls are refused.
    pub is_limited: bool,
    /// How long every call is refused after one too many.
    pub penalty: Duration,
    penalty_until: Option<Instant>,
    /// When the calls of the last second were let in.
    let_in: VecDeque<Instant>,
    /// When the calls of the last second came, refused or not.
    came: VecDeque<Instant>,
    pub burst_max: usize,
    pub n_refused: u64,
}

/// A list that is being paged through.
struct List {
    options: Json,
    numbers: Vec<u32>,
}

impl Rate {
    fn note_call(&mut self) {
        let now = Instant::now();
        forget_old(&mut self.came, now);
        self.came.push_back(now);
        self.burst_max = self.burst_max.max(self.came.len());
    }

    fn check(&mut self) -> Result<(), Answer> {
        if !self.is_limited {
            return Ok(());
        }
        let now = Instant::now();
        forget_old(&mut self.let_in, now);
        let is_punished = self.penalty_until.is_some_and(|until| now < until);
        if !is_punished && self.let_in.len() < CALLS_PER_SECOND_MAX {
            self.let_in.push_back(now);
            return Ok(());
        }
        // Calls during the penalty do not make it longer.
        if !is_punished {
            self.penalty_until = Some(now + self.penalty);
        }
        self.n_refused += 1;
        let seconds = self.penalty.as_secs_f64().ceil() as u64;
        Err(Answer::raw(429, RATE_LIMIT).later(seconds))
    }
}

fn forget_old(instants: &mut VecDeque<Instant>, now: Instant) {
    let is_old = |at: &&Instant| now.duration_since(**at) >= Duration::from_secs(1);
    while instants.front().as_ref().is_some_and(is_old) {
        instants.pop_front();
    }
}

impl Base {
    pub fn new() -> Base {
        Base {
            table: Table::leads(),
            now: "2026-03-02T08:00:00Z".parse().unwrap(),
            faults: VecDeque::new(),
            chance: None,
            n_faults: 0,
            counts: BTreeMap::new(),
            n_posts: 0,
            rate: Rate {
                is_limited: true,
                penalty: Duration::from_secs(1),
                penalty_until: None,
                let_in: VecDeque::new(),
                came: VecDeque::new(),
                burst_max: 0,
                n_refused: 0,
            },
            quota: None,
            is_schema_hidden: false,
            is_schema_fixed: false,
            are_options_fixed: false,
            lists: BTreeMap::new(),
            n_lists: 0,
            updates: Vec::new(),
            touched: Vec::new(),
            on_call: None,
        }
    }

    pub fn person(&mut self) -> Person<'_> {
        Person {
            table: &mut self.table,
            now: self.now,
            touched: &[],
        }
    }

    /// Forgets the place in every list under way.
    pub fn expire_lists(&mut self) {
        self.lists.clear();
    }

    /// The answer to a call, and what else happens to it.
    pub fn take(&mut self, request: &Request) -> (Answer, Option<Fault>) {
        let call = call_of(request);
        *self.counts.entry(call).or_insert(0) += 1;
        self.rate.note_call();
        let position = self.faults.iter().position(|(of, _)| *of == call);
        let told = position.and_then(|position| self.faults.remove(position));
        let fault = match told {
            Some((_, fault)) => fault,
            None => {
                let is_further_page = request.is_further_page();
                let chance = self.chance.as_mut();
                chance.and_then(|chance| chance.fault(call, is_further_page))
            }
        };
        self.n_faults += u64::from(fault.is_some());
        let answer = match &fault {
            Some(Fault::Answer { status, body }) => Answer::raw(*status, body),
            Some(Fault::AnswerLater {
                status,
                body,
                retry_after,
            }) => Answer::raw(*status, body).later(*retry_after),
            Some(Fault::Silence | Fault::ResetBefore) => Answer::raw(200, ""),
            Some(Fault::CutJson | Fault::HangUpAfter | Fault::HtmlAfter) | None => {
                self.touched.clear();
                let answer = self.answer(call, request);
                if answer.is_ok() {
                    self.let_people_watch(call);
                }
                answer.unwrap_or_else(|refusal| refusal)
            }
        };
        (answer, fault)
    }

    fn let_people_watch(&mut self, call: Call) {
        if let Some(on_call) = &mut self.on_call {
            let mut person = Person {
                table: &mut self.table,
                now: self.now,
                touched: &self.touched,
            };
            on_call(&mut person, call);
        }
    }

    fn answer(&mut self, call: Call, request: &Request) -> Result<Answer, Answer> {
        if request.url_chars > URL_CHARS_MAX {
            return Err(Answer::raw(414, "<html>URI Too Long</html>"));
        }
        if request.header("authorization") != Some(&format!("Bearer {API_KEY}")) {
            let message = "Authentication required";
            return Err(refusal(401, "AUTHENTICATION_REQUIRED", message));
        }
        self.rate.check()?;
        let is_data = matches!(call, Call::List | Call::Update);
        match &mut self.quota {
            Some(0) if is_data => return Err(Answer::raw(429, QUOTA)),
            Some(left) => *left = left.saturating_sub(1),
            None => {}
        }
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
            Call::CreateField if segment(3) != BASE_ID || segment(5) != self.table.id => {
                return Err(no_model());
            }
            Call::CreateField => {}
            Call::List | Call::Update => {
                let is_table =
                    segment(2) == self.table.id || segment(2).eq_ignore_ascii_case(TABLE);
                if segment(1) != BASE_ID || !is_table {
                    return Err(no_model());
                }
            }
        }
        if request.method != "GET" && request.header("content-type") != Some("application/json") {
            let message = "Could not find field \"fields\" in the request body";
            return Err(refusal(422, "INVALID_REQUEST_MISSING_FIELDS", message));
        }
        match call {
            Call::CreateField => self.create_field(&request.json()?),
            Call::Update => self.update(&request.json()?),
            _ if request.method == "POST" => {
                self.n_posts += 1;
                let options = request.json()?;
                self.list(options)
            }
            _ => self.list(request.list_options()),
        }
    }

    fn list(&mut self, mut options: Json) -> Result<Answer, Answer> {
        let object = options.as_object_mut();
        let object = object.ok_or_else(|| unknown_parameter("body"))?;
        check_keys(
            object,
            &[
                "pageSize",
                "maxRecords",
                "fields",
                "filterByFormula",
                "returnFieldsByFieldId",
                "offset",
            ],
        )?;
        let offset = object.remove("offset");
        let page_size = object.get("pageSize").map_or(Some(100), Json::as_u64);
        let page_size = page_size.filter(|n| (1..=PAGE_RECORDS_MAX).contains(n));
        let page_size = page_size.ok_or_else(|| unknown_parameter("pageSize"))? as usize;
        let by_id = flag(object, "returnFieldsByFieldId")?;
        let fields = object.get("fields");
        let fields = fields
            .map(|fields| fields.as_array().ok_or_else(|| unknown_parameter("fields")))
            .transpose()?;
        let shown = self.table.shown(fields, by_id)?;
        let (number, start) = match &offset {
            None => (self.begin_list(options)?, 0),
            Some(offset) => self.place(offset, &options)?,
        };
        let numbers = &self.lists[&number].numbers;
        let page = numbers.iter().skip(start).take(page_size);
        let mut body = r#"{"records":["#.to_string();
        for record in page {
            if !body.ends_with('[') && !body.ends_with(',') {
                body.push(',');
            }
            if self.table.write_record(&mut body, *record, &shown) {
                self.touched.push(self.table.id_of(*record).to_string());
            }
        }
        let body = body.trim_end_matches(',');
        let end = start + page_size;
        // A list of one page has no place to come back to.
        if end < numbers.len() {
            let body = format!(r#"{body}],"offset":"itr{number}/rec{end}"}}"#);
            return Ok(Answer::raw(200, body));
        }
        if start == 0 {
            self.lists.remove(&number);
        }
        Ok(Answer::raw(200, format!("{body}]}}")))
    }

    fn begin_list(&mut self, options: Json) -> Result<u64, Answer> {
        let formula = options.get("filterByFormula").and_then(Json::as_str);
        // An empty formula filters nothing.
        let formula = formula.filter(|formula| !formula.is_empty());
        let mut numbers = self.table.matching(formula)?;
        if let Some(n_max) = options.get("maxRecords").and_then(Json::as_u64) {
            numbers.truncate(n_max as usize);
        }
        let number = self.n_lists;
        self.n_lists += 1;
        if self.lists.len() == LISTS_MAX {
            self.lists.pop_first();
        }
        self.lists.insert(number, List { options, numbers });
        Ok(number)
    }

    /// The list an offset belongs to, and where in it the page begins.
    fn place(&self, offset: &Json, options: &Json) -> Result<(u64, usize), Answer> {
        let place = offset
            .as_str()
            .and_then(|offset| offset.strip_prefix("itr")?.split_once("/rec"));
        let place = place.and_then(|(list, n)| Some((list.parse().ok()?, n.parse().ok()?)));
        let (number, start): (u64, usize) = place.ok_or_else(|| unknown_parameter("offset"))?;
        if number >= self.n_lists {
            return Err(unknown_parameter("offset"));
        }
        let list = self.lists.get(&number);
        let list = list.ok_or_else(|| Answer::raw(422, super::ITERATOR_GONE))?;
        if list.options != *options {
            let what = "the options differ from those of the first page";
            return Err(unknown_parameter(what));
        }
        Ok((number, start))
    }

    fn update(&mut self, body: &Json) -> Result<Answer, Answer> {
        let object = body.as_object().ok_or_else(|| unknown_parameter("body"))?;
        check_keys(object, &["records", "typecast", "returnFieldsByFieldId"])?;
        let by_id = flag(object, "returnFieldsByFieldId")?;
        let may_make_options = flag(object, "typecast")? && !self.are_options_fixed;
        let updates = self.table.checked_updates(body, may_make_options)?;
        let written = self.table.apply(&updates, self.now);
        self.updates.push(written);
        let shown = self.table.shown(None, by_id)?;
        let mut records = Vec::new();
        for (number, _) in &updates.records {
            let mut record = String::new();
            self.table.write_record(&mut record, *number, &shown);
            records.push(record);
            self.touched.push(self.table.id_of(*number).to_string());
        }
        let body = format!(r#"{{"records":[{}]}}"#, records.join(","));
        Ok(Answer::raw(200, body))
    }

    fn create_field(&mut self, body: &Json) -> Result<Answer, Answer> {
        if self.is_schema_fixed {
            let message = "You are not permitted to perform this operation";
            return Err(refusal(403, "INVALID_PERMISSIONS", message));
        }
        let object = body.as_object().ok_or_else(|| unknown_parameter("body"))?;
        check_keys(object, &["name", "type", "options", "description"])?;
        let column = self.table.add_column(body)?;
        Ok(Answer::json(200, column.schema()))
    }
}

pub fn call_of(request: &Request) -> Call {
    let segments: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["v0", "meta", "whoami"]) => Call::Whoami,
        ("GET", ["v0", "meta", "bases", _, "tables"]) => Call::Schema,
        ("POST", ["v0", "meta", "bases", _, "tables", _, "fields"]) => Call::CreateField,
        ("GET", ["v0", _, _]) | ("POST", ["v0", _, _, "listRecords"]) => Call::List,
        ("PATCH", ["v0", _, _]) => Call::Update,
        _ => Call::Other,
    }
}

fn unknown_parameter(what: &str) -> Answer {
    let message = format!("Invalid request: parameter validation failed: {what}");
    refusal(422, "INVALID_REQUEST_UNKNOWN", &message)
}

fn check_keys(object: &Map<String, Json>, known: &[&str]) -> Result<(), Answer> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(unknown_parameter(key)),
        None => Ok(()),
    }
}

fn flag(object: &Map<String, Json>, key: &str) -> Result<bool, Answer> {
    let is_set = object.get(key).map_or(Some(false), Json::as_bool);
    is_set.ok_or_else(|| unknown_parameter(key))
}
