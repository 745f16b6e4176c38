//! What waits for a person: read, edited, approved, and sent only with the texts that were approved.

mod apart;
mod base;
mod bound;
mod edit;

use rusqlite::Connection;

use crate::world::{LeadRow, World, lead};

/// Monday, before anybody's office hours.
const NIGHT: &str = "2026-03-02T01:00:00Z";

/// The same day, within them.
const DAY: &str = "2026-03-02T16:00:00Z";

const ADA: &str = "ada@engines.example";

fn ada() -> LeadRow {
    lead("Ada Lovelace", ADA, "Analytical Engines")
}

/// A folder with leads, and no ledger yet. What editors lay down lies in `tmp`.
fn with_leads(rows: &[LeadRow]) -> World {
    let world = World::new()
        .env("FROM_EMAIL", "team@sender.example")
        .env("POSTAL_ADDRESS", "Our Co, 1 Example Street, Springfield")
        .env("UNSUBSCRIBE_MAILTO", "stop@sender.example")
        .env("SEND_WINDOW", "08:00-20:00")
        .leads_csv(rows);
    std::fs::create_dir(world.path("tmp")).unwrap();
    let tmp = world.path("tmp");
    world.env("TMPDIR", tmp)
}

/// A ledger with one campaign in review, and its id.
fn in_review() -> (World, String) {
    let world = with_leads(&[ada()]).env("REQUIRE_APPROVAL", "true");
    world.at(NIGHT).run(&["nightly"]).exits(0);
    let id = campaign(&world, ADA);
    (world, id)
}

/// The id of a lead's campaign.
#[track_caller]
fn campaign(world: &World, email: &str) -> String {
    let query = format!(
        "SELECT c.campaign_id FROM campaigns c JOIN leads l ON l.id = c.lead_id
         WHERE l.email = '{email}'"
    );
    world.sql(&query).concat().concat()
}

/// The body of a step, of the only campaign.
fn body(world: &World, step: &str) -> String {
    let query = format!(
        "SELECT t.body FROM messages m JOIN message_texts t ON t.message_id = m.id
         WHERE m.step = '{step}'"
    );
    world.sql(&query).concat().concat()
}

/// Changes the ledger by hand.
#[track_caller]
fn by_hand(world: &World, sql: &str) {
    let ledger = Connection::open(world.path("campaigns.db")).unwrap();
    assert_ne!(ledger.execute(sql, ()).unwrap(), 0, "{sql}");
}

/// Runs commands at an instant, one after the other.
#[track_caller]
fn ok(world: &World, now: &str, commands: &str) {
    for command in commands.split(", ") {
        let words: Vec<&str> = command.split(' ').collect();
        world.at(now).run(&words).exits(0);
    }
}

/// The kinds of the decision log, oldest first.
fn events(world: &World) -> Vec<String> {
    world.sql("SELECT kind FROM events ORDER BY id").concat()
}
