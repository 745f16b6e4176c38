//! What a person types: every command on an empty folder, on a full ledger and with mistakes in it;
//! what it prints for people and, with `--json`, for programs.

mod changes;
mod create_fields;
mod empty;
mod settings;
mod shown;
mod stages;
mod usage;

use serde_json::Value;

use crate::world::{LeadRow, World, lead};

/// Monday, before anybody's office hours.
const MONDAY: &str = "2026-03-02T01:00:00Z";

/// The same day, within them.
const NOON: &str = "2026-03-02T12:00:00Z";

const ADA: &str = "ada@engines.example";
const GRACE: &str = "grace@compilers.example";
const GUESS: &str = "guess@nobody.example";

/// Two eligible leads and one whose address was guessed.
fn rows() -> Vec<LeadRow> {
    vec![
        lead("Ada Lovelace", ADA, "Analytical Engines"),
        lead("Grace Hopper", GRACE, "Compilers"),
        lead("Gus Essman", GUESS, "Nobody").with("Email_Confidence_Level", "Guess"),
    ]
}

/// A folder with leads, and no ledger yet.
fn with_leads() -> World {
    World::new()
        .env("FROM_EMAIL", "team@sender.example")
        .leads_csv(&rows())
}

/// A ledger with two dated campaigns.
fn planned() -> World {
    let world = with_leads();
    world.at(MONDAY).run(&["nightly"]).exits(0);
    world
}

/// A ledger with two campaigns in review.
fn in_review() -> World {
    let world = with_leads().env("REQUIRE_APPROVAL", "true");
    world.at(MONDAY).run(&["nightly"]).exits(0);
    world
}

/// The campaign ids of Ada and Grace.
fn campaigns(world: &World) -> [String; 2] {
    [ADA, GRACE].map(|email| {
        let query = format!(
            "SELECT c.campaign_id FROM campaigns c JOIN leads l ON l.id = c.lead_id
             WHERE l.email = '{email}'"
        );
        world.sql(&query).concat().concat()
    })
}

/// The names of an object's fields; of the first element's when it is a list.
fn fields(value: &Value) -> Vec<&str> {
    let object = value.get(0).unwrap_or(value).as_object();
    let object = object.unwrap_or_else(|| panic!("expected an object, found {value}"));
    object.keys().map(String::as_str).collect()
}
