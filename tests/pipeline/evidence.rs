//! What decides about a mail that was not simply taken: what the Sent folder shows, what a refusal
//! means for the sender, and what the first mails of a batch say about the rest.

mod breakers;
mod sent;

use crate::world::smtp::Smtp;
use crate::world::{LeadRow, World, lead};

/// The night before the first Hooks: a Monday, before the window opens.
const NIGHT: &str = "2026-03-02T05:00:00Z";
/// All Hooks are due.
const MONDAY: &str = "2026-03-02T10:00:00Z";

const ADA: &str = "ada@engines.example";
const BEA: &str = "bea@bakers.example";
const CLEO: &str = "cleo@carriers.example";

fn three_leads() -> Vec<LeadRow> {
    vec![
        lead("Ada Lovelace", ADA, "Analytical Engines"),
        lead("Bea Baker", BEA, "Bakers of Bonn"),
        lead("Cleo Carter", CLEO, "Carriers United"),
    ]
}

/// A world whose leads have dated campaigns and whose mail goes to this server, without a pace.
fn planned_over(smtp: &Smtp, leads: &[LeadRow]) -> World {
    let world = World::new()
        .env("FROM_EMAIL", "team@ours.example")
        .env("POSTAL_ADDRESS", "4 Runner Road, Springfield")
        .env("INBOX_DIR", "inbox")
        .env("MIN_GAP_SECONDS", "0")
        .env("GAP_JITTER_SECONDS", "0")
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", smtp.port().to_string())
        .env("SMTP_TLS", "none")
        .leads_csv(leads);
    world.at(NIGHT).run(&["nightly"]).exits(0);
    world
}

/// A column of a lead's Hook.
fn hook(world: &World, email: &str, column: &str) -> String {
    let query = format!(
        "SELECT m.{column} FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         JOIN leads l ON l.id = c.lead_id WHERE l.email = '{email}' AND m.step = 'hook'"
    );
    world.sql(&query).remove(0).remove(0)
}
