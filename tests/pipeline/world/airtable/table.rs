//! The table: its columns, its records, and which cells it takes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::formula::{self, Facts};
use super::http::Answer;
use super::{TABLE, refusal};

pub struct Column {
    pub id: String,
    pub name: String,
    pub kind: &'static str,
    pub choices: Vec<String>,
}

struct Record {
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
    /// By column id; no empty cells.
    cells: BTreeMap<String, Json>,
}

/// A record and the cells to write, by column name.
pub type Update = (String, Vec<(String, Json)>);

pub struct Table {
    pub id: String,
    pub columns: Vec<Column>,
    /// In the order of ids, which is not that of creation.
    records: BTreeMap<String, Record>,
    n_inserted: u64,
}

/// People's columns and ours: name, type, options.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("Full Name", "singleLineText", ""),
    ("LinkedIn URL", "url", ""),
    ("Job Title", "singleLineText", ""),
    ("Company", "singleLineText", ""),
    ("Email", "email", ""),
    (
        "Source",
        "singleSelect",
        "Search|LinkedIn|Referral|CSV import|Event",
    ),
    ("Needs Enrichment", "checkbox", ""),
    ("AI Message", "multilineText", ""),
    ("Replied", "checkbox", ""),
    ("Response Date", "date", ""),
    ("Response Notes", "multilineText", ""),
    ("Lead Quality", "singleSelect", "Hot|Warm|Cold"),
    ("Date Scraped", "date", ""),
    ("Date Enriched", "date", ""),
    ("Date Messaged", "date", ""),
    ("Extra info", "multilineText", ""),
    (
        "Level Engaged",
        "singleSelect",
        "1st degree|2nd degree|3rd degree|Retry",
    ),
    (
        "Engagement_Status",
        "singleSelect",
        "Auto-Send|Sent|Skipped|Needs Review|Error",
    ),
    (
        "Email_Confidence_Level",
        "singleSelect",
        "Real|Pattern|Guess",
    ),
    ("Website", "url", ""),
    ("Business_Type", "singleLineText", ""),
    ("Company_Description", "multilineText", ""),
    ("Top_Services", "multilineText", ""),
    (
        "Tone",
        "singleSelect",
        "Bold|Formal|Friendly|Casual|Professional",
    ),
    ("Website_Insights", "multilineText", ""),
    ("Custom_Message", "multilineText", ""),
    ("Message_Preview", "multilineText", ""),
    ("Last_Contacted_Date", "date", ""),
    (
        "Delivery_Method",
        "singleSelect",
        "Email|LinkedIn DM|Skipped",
    ),
    ("Created At", "createdTime", ""),
    ("Industry", "singleLineText", ""),
    ("Company_Size", "singleLineText", ""),
    ("Country", "singleLineText", ""),
    ("City", "singleLineText", ""),
    ("Timezone", "singleLineText", ""),
    ("Language", "singleLineText", ""),
    ("Campaign_ID", "singleLineText", ""),
    (
        "Campaign_Status",
        "singleSelect",
        "Draft|Needs Review|Active|Paused|Responded|Completed|Stopped",
    ),
    (
        "Campaign_Command",
        "singleSelect",
        "Pause|Resume|Stop|Approve|Regenerate",
    ),
    ("Campaign_Started_Date", "dateTime", ""),
    ("Current_Message_Number", "number", ""),
    ("Total_Campaign_Opens", "number", ""),
    ("Total_Campaign_Clicks", "number", ""),
    ("Campaign_Response_Date", "dateTime", ""),
    (
        "Campaign_Response_Type",
        "singleSelect",
        "Interested|Not Interested|Later|Referral|Neutral|Auto Reply|Unsubscribed|Bounced",
    ),
    ("Last_Campaign_Activity", "dateTime", ""),
    ("Next_Message_Date", "dateTime", ""),
    ("Campaign_Notes", "multilineText", ""),
];

impl Table {
    pub fn leads() -> Table {
        let steps = ["Hook", "Proof", "FOMO"].into_iter().flat_map(|step| {
            [
                ("Subject", "singleLineText"),
                ("Body", "multilineText"),
                ("Sent_Date", "dateTime"),
                ("Opens", "number"),
            ]
            .map(|(field, kind)| (format!("{step}_Message_{field}"), kind, ""))
        });
        let columns = COLUMNS
            .iter()
            .map(|(name, kind, choices)| (name.to_string(), *kind, *choices));
        let columns = columns.chain(steps).map(|(name, kind, choices)| Column {
            id: id_of("fld", &name),
            name,
            kind,
            choices: choices
                .split('|')
                .filter(|c| !c.is_empty())
                .map(str::to_string)
                .collect(),
        });
        let id = id_of("tbl", TABLE);
        Table {
            id,
            columns: columns.collect(),
            records: BTreeMap::new(),
            n_inserted: 0,
        }
    }

    /// The answer of the metadata call.
    pub fn schema(&self) -> Json {
        let fields = self.columns.iter().map(|column| {
            let choices: Vec<Json> = column
                .choices
                .iter()
                .map(|name| json!({ "id": "selX", "name": name }))
                .collect();
            let mut field = json!({ "id": column.id, "name": column.name, "type": column.kind });
            if !choices.is_empty() {
                field["options"] = json!({ "choices": choices });
            }
            field
        });
        let fields: Vec<Json> = fields.collect();
        let other = json!({ "id": "tblOtherTable0001", "name": "Archive", "fields": [] });
        let leads = json!({ "id": self.id, "name": TABLE, "fields": fields, "views": [] });
        json!({ "tables": [other, leads] })
    }

    pub fn column_mut(&mut self, name: &str) -> &mut Column {
        self.columns
            .iter_mut()
            .find(|column| column.name == name)
            .expect("a column of that name")
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name == name || column.id == name)
    }

    pub fn insert(&mut self, now: DateTime<Utc>) -> String {
        self.n_inserted += 1;
        let id = id_of("rec", &self.n_inserted.to_string());
        let at = now.trunc_subsecs(0);
        let record = Record {
            created_at: at,
            modified_at: at,
            cells: BTreeMap::new(),
        };
        self.records.insert(id.clone(), record);
        id
    }

    pub fn delete(&mut self, id: &str) {
        self.records.remove(id).expect("a record of that id");
    }

    pub fn get(&self, id: &str, name: &str) -> Option<Json> {
        let column = self.column(name).expect("a column of that name");
        self.records
            .get(id)
            .expect("a record of that id")
            .cells
            .get(&column.id)
            .cloned()
    }

    /// Fills or empties a cell; its stamp has whole seconds, as Airtable's.
    pub fn set(&mut self, id: &str, name: &str, cell: Json, now: DateTime<Utc>) {
        let column_id = self.column(name).expect("a column of that name").id.clone();
        let record = self.records.get_mut(id).expect("a record of that id");
        record.modified_at = now.trunc_subsecs(0);
        let is_empty = cell.is_null() || [json!(""), json!([]), json!(false)].contains(&cell);
        if is_empty {
            record.cells.remove(&column_id);
        } else {
            record.cells.insert(column_id, cell);
        }
    }

    /// A record as answers hold it, with these columns or all.
    pub fn record(&self, id: &str, names: Option<&[String]>) -> Option<Json> {
        let record = self.records.get(id)?;
        let is_asked = |name: &String| names.is_none_or(|names| names.contains(name));
        let columns = self.columns.iter().filter(|column| is_asked(&column.name));
        let fields: Map<String, Json> = columns
            .filter_map(|column| {
                let cell = match column.kind {
                    "createdTime" => Some(json!(stamp(record.created_at))),
                    _ => record.cells.get(&column.id).cloned(),
                };
                Some((column.name.clone(), cell?))
            })
            .collect();
        Some(json!({ "id": id, "createdTime": stamp(record.created_at), "fields": fields }))
    }

    /// The name of a column a request names.
    pub fn known_name(&self, name: &Json) -> Result<String, Answer> {
        let name = name.as_str().unwrap_or_default();
        self.column(name)
            .map(|column| column.name.clone())
            .ok_or_else(|| unknown_field(name))
    }

    /// The records a formula keeps.
    pub fn matching(&self, formula: Option<&str>) -> Result<Vec<String>, Answer> {
        let Some(formula) = formula else {
            return Ok(self.records.keys().cloned().collect());
        };
        let mut kept = Vec::new();
        for (id, record) in &self.records {
            let facts = Facts {
                id,
                created_at: record.created_at,
                modified_at: record.modified_at,
            };
            let is_kept = formula::keeps(formula, &facts).map_err(|why| {
                let message = format!("The formula for filtering records is invalid: {why}");
                refusal(422, "INVALID_FILTER_BY_FORMULA", &message)
            })?;
            kept.extend(is_kept.then(|| id.clone()));
        }
        Ok(kept)
    }

    /// The updates of a PATCH, if every single one can be done.
    pub fn checked_updates(&self, body: &Json) -> Result<Vec<Update>, Answer> {
        let malformed = |message: &str| refusal(422, "INVALID_RECORDS", message);
        let records = body.get("records").and_then(Json::as_array);
        let records = records.ok_or_else(|| malformed("You must provide an array of records"))?;
        if records.len() > 10 {
            return Err(malformed(
                "You must provide an array of up to 10 record objects",
            ));
        }
        if body.as_object().is_some_and(|body| body.len() > 1) {
            return Err(refusal(
                422,
                "INVALID_REQUEST_UNKNOWN",
                "parameter validation failed",
            ));
        }
        let mut ids = BTreeSet::new();
        let mut updates = Vec::new();
        for record in records {
            let id = record.get("id").and_then(Json::as_str).unwrap_or_default();
            if !is_record_id(id) || !ids.insert(id) {
                return Err(malformed(
                    "One of the record ids is malformed or named twice",
                ));
            }
            if !self.records.contains_key(id) {
                let message = format!("Record ID {id} does not exist in this table");
                return Err(refusal(422, "ROW_DOES_NOT_EXIST", &message));
            }
            let cells = record.get("fields").and_then(Json::as_object);
            let cells = cells.ok_or_else(|| malformed("A record without fields"))?;
            let checked = cells.iter().map(|(name, cell)| {
                let column = self.column(name).ok_or_else(|| unknown_field(name))?;
                column.check(cell)?;
                Ok((column.name.clone(), cell.clone()))
            });
            updates.push((id.to_string(), checked.collect::<Result<_, Answer>>()?));
        }
        Ok(updates)
    }
}

impl Column {
    /// Whether the cell may be written, without typecast.
    fn check(&self, cell: &Json) -> Result<(), Answer> {
        let unfit = |message: String| Err(refusal(422, "INVALID_VALUE_FOR_COLUMN", &message));
        if self.kind == "createdTime" || self.kind == "formula" {
            return unfit(format!(
                "Field \"{}\" cannot accept a value because the field is computed",
                self.name
            ));
        }
        let text = cell.as_str();
        let is_fit = match self.kind {
            _ if cell.is_null() => true,
            "number" => cell.is_number(),
            "checkbox" => cell.is_boolean(),
            "date" => text.is_some_and(|text| text.parse::<NaiveDate>().is_ok()),
            "dateTime" => text.is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok()),
            "singleSelect" => match text {
                Some(option) if self.choices.iter().any(|choice| choice == option) => true,
                Some(option) => {
                    let message = format!(
                        "Insufficient permissions to create new select option \"\"{option}\"\""
                    );
                    return Err(refusal(422, "INVALID_MULTIPLE_CHOICE_OPTIONS", &message));
                }
                None => false,
            },
            _ => text.is_some_and(|text| text.chars().count() <= 100_000),
        };
        match (is_fit, self.kind) {
            (true, _) => Ok(()),
            (false, "date" | "dateTime") => {
                unfit(format!("Cannot parse value {cell} for field {}", self.name))
            }
            (false, _) => unfit(format!(
                "Field \"{}\" cannot accept the provided value",
                self.name
            )),
        }
    }
}

fn unknown_field(name: &str) -> Answer {
    refusal(
        422,
        "UNKNOWN_FIELD_NAME",
        &format!("Unknown field name: \"{name}\""),
    )
}

fn is_record_id(id: &str) -> bool {
    let digits = id.strip_prefix("rec").unwrap_or_default();
    digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
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
