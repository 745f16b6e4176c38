//! Sending with many connections and many messages: how fast, at what pace, and what no kill and no
//! crowd of processes may break.

mod claims;
mod crowd;
mod figures;
mod kills;
mod pace;

use std::time::Duration;

use crate::world::{World, lead};

/// The night before the Hooks: a Monday, before the window opens.
const NIGHT: &str = "2026-03-02T05:00:00Z";
/// All Hooks are due.
const MONDAY: &str = "2026-03-02T10:00:00Z";

/// A deadline that only a hang reaches.
const PATIENCE: Duration = Duration::from_secs(300);

/// A world with `n` leads whose Hooks are due on Monday and whose follow-ups are dated behind them:
/// one campaign made by the program itself, and copies of it.
fn crowd(n: usize) -> World {
    let row = lead("Ada Lovelace", "ada@engines.example", "Analytical Engines");
    let world = World::new()
        .env("FROM_EMAIL", "team@ours.example")
        .env("POSTAL_ADDRESS", "4 Runner Road, Springfield")
        .env("INBOX_DIR", "inbox")
        .env("MIN_GAP_SECONDS", "0")
        .env("GAP_JITTER_SECONDS", "0")
        .env("DAILY_SEND_LIMIT", "100000")
        .env("QUEUE_BATCH_SIZE", "100000")
        .env("SEND_WINDOW", "00:00-24:00")
        .env("LOG_LEVEL", "warn")
        .leads_csv(&[row]);
    world.at(NIGHT).run(&["nightly"]).exits(0);
    multiply(&world, n);
    world
}

/// Copies the lead 1 with its campaign until there are `n` of them.
fn multiply(world: &World, n: usize) {
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    ledger.pragma_update(None, "synchronous", "OFF").unwrap();
    let copy = |table: &str, from: &str, others: &[(&str, &str)]| {
        let sql = format!("SELECT name FROM pragma_table_info('{table}')");
        let mut columns = ledger.prepare(&sql).unwrap();
        let columns = columns
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap();
        let columns: Vec<String> = columns.map(Result::unwrap).collect();
        let values: Vec<String> = columns
            .iter()
            .map(|column| {
                let other = others.iter().find(|(name, _)| name == column);
                other.map_or(format!("t.{column}"), |(_, value)| value.to_string())
            })
            .collect();
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {n})
             INSERT INTO {table} ({}) SELECT {} FROM n, {table} t WHERE {from}",
            columns.join(", "),
            values.join(", ")
        );
        ledger.execute(&sql, []).unwrap();
    };
    ledger.execute_batch("BEGIN").unwrap();
    let email = "'lead' || i || '@firm' || i || '.example'";
    let fields = format!("json_set(t.fields, '$.email', {email})");
    let lead = [
        ("id", "i"),
        ("record_id", "'rec' || i"),
        ("email", email),
        ("mailbox", email),
        ("company_domain", "'firm' || i || '.example'"),
        ("fields", &fields),
    ];
    copy("leads", "t.id = 1", &lead);
    let id = "printf('c%016d', i)";
    copy(
        "campaigns",
        "t.id = 1",
        &[("id", "i"), ("campaign_id", id), ("lead_id", "i")],
    );
    let key = format!("{id} || '.' || t.step");
    let name = format!("{key} || '@ours.example'");
    let message = [
        ("id", "NULL"),
        ("campaign_id", "i"),
        ("outreach_key", key.as_str()),
        ("message_id", name.as_str()),
        ("recipient", email),
    ];
    copy("messages", "t.campaign_id = 1", &message);
    let texts = "INSERT INTO message_texts (message_id, body)
                 SELECT m.id, t.body
                 FROM messages m JOIN messages f ON f.campaign_id = 1 AND f.number = m.number
                                 JOIN message_texts t ON t.message_id = f.id
                 WHERE m.campaign_id > 1";
    ledger.execute(texts, []).unwrap();
    ledger.execute_batch("COMMIT").unwrap();
}

/// Writes into the ledger behind the program's back.
fn write(world: &World, sql: &str) {
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    ledger.busy_timeout(PATIENCE).unwrap();
    ledger.execute_batch(sql).unwrap();
}

fn count(world: &World, condition: &str) -> usize {
    let sql = format!("SELECT count(*) FROM messages WHERE {condition}");
    world.sql(&sql)[0][0].parse().unwrap()
}
