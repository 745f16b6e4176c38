//! The columns: what a schema says of them, which can be made, and which cells they take.

use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde_json::{Value as Json, json};

use super::http::Answer;
use super::{id_of, refusal};

pub struct Column {
    /// By which cells know their column; no other ever gets it.
    pub number: u16,
    pub id: String,
    pub name: String,
    pub kind: String,
    /// The options of a select.
    pub choices: Vec<String>,
    /// What else the schema says of it.
    options: Json,
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

const TEXTS: [&str; 6] = [
    "singleLineText",
    "multilineText",
    "richText",
    "email",
    "url",
    "phoneNumber",
];
const COMPUTED: [&str; 13] = [
    "formula",
    "rollup",
    "multipleLookupValues",
    "autoNumber",
    "count",
    "createdTime",
    "lastModifiedTime",
    "createdBy",
    "lastModifiedBy",
    "button",
    "aiText",
    "externalSyncSource",
    "manualSort",
];
const ICONS: [&str; 7] = [
    "check",
    "xCheckbox",
    "star",
    "heart",
    "thumbsUp",
    "flag",
    "dot",
];
const DATE_FORMATS: [&str; 5] = ["local", "friendly", "us", "european", "iso"];

/// Every column people and we have, numbered from 0.
pub fn leads() -> Vec<Column> {
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
    let columns = (0..).zip(columns.chain(steps));
    columns
        .map(|(number, (name, kind, choices))| {
            let choices = choices.split('|').filter(|choice| !choice.is_empty());
            Column::new(number, name, kind, choices.map(str::to_string).collect())
        })
        .collect()
}

/// The column a request wants made, or why it cannot be.
pub fn wanted(body: &Json, known: &[Column], number: u16) -> Result<Column, Answer> {
    let text = |key: &str| body.get(key).and_then(Json::as_str).unwrap_or_default();
    let (name, kind) = (text("name"), text("type"));
    if name.is_empty() || known.iter().any(|column| column.name == name) {
        let message = "Field names cannot be empty or duplicated";
        return Err(refusal(422, "DUPLICATE_OR_EMPTY_FIELD_NAME", message));
    }
    if COMPUTED.contains(&kind) {
        let message = format!("Creating {kind} fields is not supported at this time");
        let error = "UNSUPPORTED_FIELD_TYPE_FOR_CREATE";
        return Err(refusal(422, error, &message));
    }
    let options = body.get("options").filter(|options| !options.is_null());
    check_options(kind, options).map_err(|why| {
        let message = format!("Invalid options for {name}: Creating {kind} fields: {why}");
        refusal(422, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", &message)
    })?;
    let choices = choices_of(options).unwrap_or_default();
    let choices = choices.into_iter().map(str::to_string).collect();
    let mut column = Column::new(number, name.to_string(), kind, choices);
    if let Some(options) = options {
        column.options = options.clone();
    }
    Ok(column)
}

/// Whether the options that a type needs are there.
fn check_options(kind: &str, options: Option<&Json>) -> Result<(), String> {
    let at = |path: &str| options.and_then(|options| options.pointer(path));
    let one_of = |path: &str, words: &[&str]| {
        let word = at(path).and_then(Json::as_str).unwrap_or_default();
        let is_known = words.contains(&word);
        is_known.then_some(()).ok_or(format!("options{path}"))
    };
    match kind {
        kind if TEXTS.contains(&kind) => match options {
            None => Ok(()),
            Some(_) => Err("no options are taken".to_string()),
        },
        "number" | "percent" | "currency" => {
            let precision = at("/precision").and_then(Json::as_u64);
            if precision.is_none_or(|precision| precision > 8) {
                return Err("options.precision is missing".to_string());
            }
            let is_whole = kind != "currency" || at("/symbol").is_some_and(Json::is_string);
            is_whole.then_some(()).ok_or("options.symbol".to_string())
        }
        "checkbox" | "rating" => {
            one_of("/icon", &ICONS)?;
            let color = at("/color").and_then(Json::as_str).unwrap_or_default();
            let is_bright = color.ends_with("Bright");
            is_bright.then_some(()).ok_or("options.color".to_string())
        }
        "date" => one_of("/dateFormat/name", &DATE_FORMATS),
        "dateTime" => {
            one_of("/dateFormat/name", &DATE_FORMATS)?;
            one_of("/timeFormat/name", &["12hour", "24hour"])?;
            let zone = at("/timeZone").and_then(Json::as_str).unwrap_or_default();
            let is_zone = ["utc", "client"].contains(&zone) || zone.contains('/');
            is_zone.then_some(()).ok_or("options.timeZone".to_string())
        }
        "singleSelect" | "multipleSelects" => {
            let names = choices_of(options).ok_or("options.choices is missing")?;
            let is_new = |(at, name): (usize, &&str)| {
                !name.is_empty() && !names.iter().take(at).any(|before| before == name)
            };
            let are_new = names.iter().enumerate().all(is_new);
            are_new
                .then_some(())
                .ok_or("options.choices are empty or duplicated".to_string())
        }
        _ => Err("unknown type".to_string()),
    }
}

fn choices_of(options: Option<&Json>) -> Option<Vec<&str>> {
    let choices = options?.get("choices")?.as_array()?;
    choices
        .iter()
        .map(|choice| choice.get("name")?.as_str())
        .collect()
}

impl Column {
    fn new(number: u16, name: String, kind: &str, choices: Vec<String>) -> Column {
        Column {
            number,
            id: id_of("fld", &format!("{number} {name}")),
            name,
            kind: kind.to_string(),
            choices,
            options: usual_options(kind),
        }
    }

    pub fn set_kind(&mut self, kind: &str) {
        self.kind = kind.to_string();
        self.options = usual_options(kind);
    }

    pub fn is_computed(&self) -> bool {
        COMPUTED.contains(&self.kind.as_str())
    }

    /// What the schema says of it, with a key that nobody has heard of yet.
    pub fn schema(&self) -> Json {
        let mut schema = json!({
            "id": self.id,
            "name": self.name,
            "type": self.kind,
            "dateDependencySettings": null,
        });
        if let Json::Object(_) = self.options {
            schema["options"] = self.options.clone();
        }
        if matches!(self.kind.as_str(), "singleSelect" | "multipleSelects") {
            let choices = self.choices.iter().map(|name| {
                let id = id_of("sel", &format!("{} {name}", self.id));
                json!({ "id": id, "name": name, "color": "blueLight2" })
            });
            schema["options"] = json!({ "choices": choices.collect::<Vec<Json>>() });
        }
        schema
    }

    /// The cell as it would be kept, or why it may not be written; `typecast` lets the select
    /// options it lacks pass.
    pub fn check(&self, cell: &Json, typecast: bool) -> Result<Json, Answer> {
        let unfit = |message: String| Err(refusal(422, "INVALID_VALUE_FOR_COLUMN", &message));
        if self.is_computed() {
            return unfit(format!(
                "Field \"{}\" cannot accept a value because the field is computed",
                self.name
            ));
        }
        if cell.is_null() {
            return Ok(Json::Null);
        }
        let text = cell.as_str();
        let kept = match self.kind.as_str() {
            "number" | "currency" | "percent" | "duration" => {
                cell.is_number().then(|| cell.clone())
            }
            "rating" => {
                let stars = cell.as_u64().filter(|stars| (1..=10).contains(stars));
                stars.map(|stars| json!(stars))
            }
            "checkbox" => cell.is_boolean().then(|| cell.clone()),
            "date" => {
                let day = text.and_then(|text| text.parse::<NaiveDate>().ok());
                day.map(|day| json!(day))
            }
            "dateTime" => {
                let at = text.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
                at.map(|at| json!(at.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true)))
            }
            "singleSelect" | "multipleSelects" => {
                let is_single = self.kind == "singleSelect";
                if cell.is_string() != is_single {
                    None
                } else {
                    self.check_options(cell, typecast)?;
                    Some(cell.clone())
                }
            }
            "richText" => text.map(|text| json!(format!("{}\n", text.trim_end_matches('\n')))),
            kind if TEXTS.contains(&kind) => {
                let is_short = |text: &&str| text.chars().count() <= 100_000;
                text.filter(is_short).map(|text| json!(text))
            }
            _ => None,
        };
        match (kept, self.kind.as_str()) {
            (Some(kept), _) => Ok(kept),
            (None, "date" | "dateTime") => {
                unfit(format!("Cannot parse value {cell} for field {}", self.name))
            }
            (None, _) => unfit(format!(
                "Field \"{}\" cannot accept the provided value",
                self.name
            )),
        }
    }

    fn check_options(&self, cell: &Json, typecast: bool) -> Result<(), Answer> {
        let unknown = self.unknown_options(cell);
        match unknown.first() {
            Some(option) if !typecast => {
                let message = format!(
                    "Insufficient permissions to create new select option \"\"{option}\"\""
                );
                Err(refusal(422, "INVALID_MULTIPLE_CHOICE_OPTIONS", &message))
            }
            _ => Ok(()),
        }
    }

    /// The options in a cell that the select does not have.
    pub fn unknown_options(&self, cell: &Json) -> Vec<String> {
        if !matches!(self.kind.as_str(), "singleSelect" | "multipleSelects") {
            return Vec::new();
        }
        let options = match cell {
            Json::Array(options) => options.as_slice(),
            option => std::slice::from_ref(option),
        };
        let options = options.iter().filter_map(Json::as_str);
        let unknown = options.filter(|option| !self.choices.iter().any(|known| known == option));
        unknown.map(str::to_string).collect()
    }
}

/// The options that a column of a type has unless it was made with others.
fn usual_options(kind: &str) -> Json {
    let date = json!({ "name": "iso", "format": "YYYY-MM-DD" });
    let time = json!({ "name": "24hour", "format": "HH:mm" });
    match kind {
        "number" => json!({ "precision": 0 }),
        "currency" => json!({ "precision": 2, "symbol": "€" }),
        "checkbox" => json!({ "icon": "check", "color": "greenBright" }),
        "date" => json!({ "dateFormat": date }),
        "dateTime" => json!({ "dateFormat": date, "timeFormat": time, "timeZone": "utc" }),
        "createdTime" => json!({
            "result": { "type": "dateTime", "options": usual_options("dateTime") },
        }),
        "formula" => json!({
            "isValid": true,
            "formula": "1",
            "referencedFieldIds": [],
            "result": { "type": "number", "options": { "precision": 0 } },
        }),
        _ => Json::Null,
    }
}
