//! The same from the base: texts edited and approved in its cells.

use serde_json::{Value as Json, json};

use super::*;
use crate::world::airtable::{self, Airtable};

const HOOK_BODY: &str = "Hook_Message_Body";

/// A base with one lead whose campaign waits in review.
struct Base {
    world: World,
    airtable: Airtable,
    ada: String,
    id: String,
}

impl Base {
    fn new() -> Base {
        let airtable = Airtable::start();
        airtable.allow_any_rate();
        let ada = airtable.insert(&[
            ("Full Name", "Ada Lovelace"),
            ("Email", ADA),
            ("Company", "Analytical Engines"),
            ("Email_Confidence_Level", "Real"),
            ("Engagement_Status", "Auto-Send"),
            ("Business_Type", "Logistics"),
        ]);
        let world = with_leads(&[])
            .env("AIRTABLE_API_URL", airtable.url())
            .env("AIRTABLE_API_KEY", airtable::API_KEY)
            .env("AIRTABLE_BASE_ID", airtable::BASE_ID)
            .env("REQUIRE_APPROVAL", "true");
        let mut world = world;
        world.set_env("LEADS_FILE", "");
        let mut base = Base {
            world,
            airtable,
            ada,
            id: String::new(),
        };
        base.ok(NIGHT, "nightly");
        base.id = campaign(&base.world, ADA);
        base
    }

    #[track_caller]
    fn ok(&self, now: &str, commands: &str) {
        self.airtable.set_now(now.parse().unwrap());
        ok(&self.world, now, commands);
    }

    /// A person writes into a cell.
    fn writes(&self, now: &str, column: &str, text: &str) {
        self.airtable.set_now(now.parse().unwrap());
        self.airtable.set(&self.ada, column, json!(text));
    }

    fn cell(&self, column: &str) -> String {
        let cell = self.airtable.field(&self.ada, column);
        let text = cell.as_ref().and_then(Json::as_str);
        text.unwrap_or_default().to_string()
    }

    /// What the base shows of the hook, in a person's own words.
    fn edited(&self) -> String {
        let shown = self.cell(HOOK_BODY);
        assert!(shown.starts_with("Hi Ada,\n"), "{shown}");
        shown.replace("Hi Ada,", "Dear Ada,")
    }
}

#[test]
fn an_edit_and_its_approval_are_read_in_one_pull_and_sent() {
    let base = Base::new();
    let text = base.edited();
    base.writes("2026-03-02T08:00:00Z", HOOK_BODY, &text);
    base.writes("2026-03-02T08:00:00Z", "Campaign_Command", "Approve");
    base.ok("2026-03-02T08:10:00Z", "pull, schedule, push");
    assert_eq!(body(&base.world, "hook"), text);
    assert_eq!(base.world.campaign_state(ADA), "active");
    assert_eq!(base.cell("Campaign_Command"), "");
    base.ok(DAY, "hourly");
    let mail = base.world.maildir_files().remove(0);
    assert!(mail.text().starts_with("Dear Ada,\n"), "{}", mail.text());
}

#[test]
fn an_edit_after_the_approval_is_not_sent() {
    let base = Base::new();
    let text = base.edited();
    base.writes("2026-03-02T08:00:00Z", "Campaign_Command", "Approve");
    base.ok("2026-03-02T08:10:00Z", "pull, schedule, push");
    base.writes("2026-03-02T09:00:00Z", HOOK_BODY, &text);
    base.ok("2026-03-02T09:10:00Z", "pull, push");
    base.ok(DAY, "hourly");
    let mail = base.world.maildir_files().remove(0);
    assert!(mail.text().starts_with("Hi Ada,\n"), "{}", mail.text());
    assert_eq!(base.world.state(ADA, "hook"), "sent");
}

#[test]
fn texts_that_the_base_does_not_show_are_not_approved_there() {
    let base = Base::new();
    // Somebody edits here, and the base does not show it yet when a person says Approve.
    let raw = base
        .world
        .run(&["review", "show", &base.id, "--raw"])
        .exits(0)
        .stdout;
    base.world
        .write("sheet.txt", raw.replace("Hi Ada,", "Dear Ada,"));
    base.ok(
        "2026-03-02T08:00:00Z",
        &format!("review edit {} --file sheet.txt", base.id),
    );
    base.writes("2026-03-02T08:05:00Z", "Campaign_Command", "Approve");
    base.ok("2026-03-02T08:10:00Z", "pull, push");
    assert_eq!(base.world.campaign_state(ADA), "review");
    let notes = base.cell("Campaign_Notes");
    assert!(
        notes.contains("not approved: the texts shown here are not the ones to be sent"),
        "{notes}"
    );
    // The push has shown them, and the word counts when it is said again.
    assert!(base.cell(HOOK_BODY).starts_with("Dear Ada,"));
    base.writes("2026-03-02T08:20:00Z", "Campaign_Command", "Approve");
    base.ok("2026-03-02T08:30:00Z", "pull, schedule, push");
    base.ok(DAY, "hourly");
    let mail = base.world.maildir_files().remove(0);
    assert!(mail.text().starts_with("Dear Ada,\n"), "{}", mail.text());
}

#[test]
fn texts_written_anew_need_an_approval_of_their_own() {
    let base = Base::new();
    base.writes("2026-03-02T08:00:00Z", "Campaign_Command", "Approve");
    base.ok("2026-03-02T08:10:00Z", "pull, schedule, push");
    let approved = "SELECT approved_hash IS NOT NULL, state FROM campaigns";
    assert_eq!(base.world.sql(approved), [["1", "active"]]);
    let hook = body(&base.world, "hook");
    // What was approved is not written anew by itself.
    base.ok("2026-03-02T08:20:00Z", "generate, nightly");
    assert_eq!(body(&base.world, "hook"), hook);
    base.writes("2026-03-02T08:30:00Z", "Campaign_Command", "Regenerate");
    base.ok("2026-03-02T08:40:00Z", "pull, push");
    assert_eq!(base.world.sql(approved), [["0", "draft"]]);
    base.ok("2026-03-02T08:50:00Z", "generate, schedule, push");
    assert_eq!(base.world.sql(approved), [["0", "review"]]);
    assert_ne!(body(&base.world, "hook"), hook);
    base.ok(DAY, "hourly");
    assert!(base.world.maildir_files().is_empty());
}
