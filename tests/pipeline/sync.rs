//! The base and the ledger against each other: what the sync costs, what goes wrong on the way, what
//! people do meanwhile, and everything of it at once.
//!
//! The base counts the calls and enforces Airtable's limits. People work at any moment, also between
//! a call and its answer.

mod answers;
mod columns;
mod edits;
mod figures;
mod quota;
mod records;
mod replies;
mod send;
mod soak;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use crate::world::airtable::{API_KEY, Airtable, BASE_ID, Call, Fault, Person};
use crate::world::{Outcome, Running, World};

/// The program between a base and a Maildir, with no limit of its own: mails may leave at any hour
/// of any day, as many as there are.
struct Office {
    world: World,
    airtable: Airtable,
}

impl Office {
    /// An empty base that lets any number of calls in.
    fn new() -> Office {
        let airtable = Airtable::start();
        airtable.allow_any_rate();
        let mut world = World::new()
            .env("AIRTABLE_API_URL", airtable.url())
            .env("AIRTABLE_API_KEY", API_KEY)
            .env("AIRTABLE_BASE_ID", BASE_ID);
        for (name, value) in [
            ("AIRTABLE_CALLS_PER_SECOND", "0"),
            ("MAX_CAMPAIGNS_PER_BATCH", "100000"),
            ("QUEUE_BATCH_SIZE", "100000"),
            ("DAILY_SEND_LIMIT", "100000"),
            ("MIN_GAP_SECONDS", "0"),
            ("GAP_JITTER_SECONDS", "0"),
            ("SEND_WINDOW", "00:00-24:00"),
            ("RESPECT_BUSINESS_DAYS", "false"),
            ("ALLOW_BLIND_FOLLOW_UPS", "true"),
        ] {
            world.set_env(name, value);
        }
        Office { world, airtable }
    }

    /// The same with so many leads, and their ids.
    fn with_leads(n_leads: usize) -> (Office, Vec<String>) {
        let office = Office::new();
        // Long before, so that reading them once is enough.
        office.airtable.set_now(instant(-24 * 60));
        let ids = office.airtable.insert_many(n_leads, lead);
        (office, ids)
    }

    /// One lead whose campaign is written, dated and shown by minute 10: active, or in review.
    fn with_campaign(is_review: bool) -> (Office, String) {
        let (mut office, ids) = Office::with_leads(1);
        if is_review {
            office.world.set_env("REQUIRE_APPROVAL", "true");
        }
        office.begin(0);
        office.ok(10, &["push"]);
        (office, ids[0].clone())
    }

    /// Starts the program so many minutes after the first one, by its clock and the base's.
    #[track_caller]
    fn start(&self, minute: i64, args: &[&str]) -> Running {
        let now = instant(minute);
        self.airtable.set_now(now);
        let now = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.world.at(now).spawn(args)
    }

    #[track_caller]
    fn run(&self, minute: i64, args: &[&str]) -> Outcome {
        self.start(minute, args).wait()
    }

    /// Runs what must succeed.
    #[track_caller]
    fn ok(&self, minute: i64, args: &[&str]) -> Outcome {
        self.run(minute, args).exits(0)
    }

    /// Reads the leads, writes and dates their campaigns.
    #[track_caller]
    fn begin(&self, minute: i64) {
        for stage in ["pull", "generate", "schedule"] {
            self.ok(minute, &[stage]);
        }
    }

    /// How many calls a stage that must succeed makes.
    #[track_caller]
    fn calls_of(&self, minute: i64, args: &[&str]) -> u64 {
        let n_before = self.airtable.calls();
        self.ok(minute, args);
        self.airtable.calls() - n_before
    }

    /// A cell of the base as text, `""` when it is empty.
    fn cell(&self, record: &str, column: &str) -> String {
        text(self.airtable.field(record, column).as_ref())
    }

    /// Demands what cells of a record show.
    #[track_caller]
    fn shows(&self, record: &str, expected: &[(&str, &str)]) {
        for (column, value) in expected {
            assert_eq!(self.cell(record, column), *value, "{record} {column}");
        }
    }

    /// The first row of a query of the ledger, its values joined by `|`; `none` without one.
    #[track_caller]
    fn row(&self, query: &str) -> String {
        let rows = self.world.sql(query);
        rows.first().map_or("none".to_string(), |row| row.join("|"))
    }

    /// The state of the one campaign, and why it was stopped.
    #[track_caller]
    fn campaign(&self) -> String {
        self.row("SELECT state || coalesce(': ' || stop_reason, '') FROM campaigns")
    }

    /// Whether the decision log has a line of this kind with these words.
    #[track_caller]
    fn has_logged(&self, kind: &str, words: &str) -> bool {
        let query = format!("SELECT detail FROM events WHERE kind = '{kind}'");
        let lines = self.world.sql(&query);
        lines.iter().flatten().any(|line| line.contains(words))
    }
}

/// The first minute is an hour of a Monday.
fn instant(minute: i64) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2026-03-02T08:00:00Z".parse().unwrap();
    first + TimeDelta::minutes(minute)
}

/// An eligible lead; no two have the same name, company or address.
fn lead(number: usize) -> Vec<(&'static str, Json)> {
    const FIRST: [&str; 15] = [
        "Ada", "Boris", "Clara", "Dario", "Elena", "Farid", "Greta", "Hugo", "Ilse", "Jonas",
        "Kaia", "Lior", "Mara", "Noor", "Petra",
    ];
    const LAST: [&str; 13] = [
        "Abbott", "Brandt", "Castell", "Dunmore", "Everly", "Fern", "Hall", "Ivers", "Jansen",
        "Kepler", "Lind", "Marsh", "Noble",
    ];
    const SHADE: [&str; 12] = [
        "Amber", "Birch", "Copper", "Delta", "Ember", "Fjord", "Harbor", "Indigo", "Jasper",
        "Kestrel", "Larch", "Maple",
    ];
    const TRADE: [&str; 10] = [
        "Freight",
        "Foods",
        "Robotics",
        "Analytics",
        "Legal",
        "Dental",
        "Energy",
        "Media",
        "Travel",
        "Textiles",
    ];
    let trade = TRADE[number / 12 % 10];
    let name = format!("{} {}", FIRST[number % 15], LAST[number / 15 % 13]);
    let company = format!("{} {trade} {number}", SHADE[number % 12]);
    let towns = number % 90 + 2;
    vec![
        ("Full Name", json!(name)),
        ("Company", json!(company)),
        ("Email", json!(format!("lead{number}@firm{number}.example"))),
        ("Email_Confidence_Level", json!("Real")),
        ("Engagement_Status", json!("Auto-Send")),
        ("Business_Type", json!(trade)),
        (
            "Company_Description",
            json!(format!(
                "{trade} for customers in {towns} towns, run by the founding family."
            )),
        ),
        ("Top_Services", json!("Route planning\nCold storage")),
    ]
}

/// A cell as text, `""` for none.
fn text(cell: Option<&Json>) -> String {
    match cell {
        None => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The answer to a call instead of the right one.
fn answer(status: u16, body: &str) -> Fault {
    Fault::Answer {
        status,
        body: body.to_string(),
    }
}

/// Lets the next call of a kind be answered with a page that asks to come back in ten minutes: nobody
/// tries again within the run.
fn is_down(office: &Office, call: Call) {
    let fault = Fault::AnswerLater {
        status: 503,
        body: r#"{"error":{"type":"RETRIABLE_ERROR"}}"#.to_string(),
        retry_after: 600,
    };
    office.airtable.fail(call, 1, fault);
}
