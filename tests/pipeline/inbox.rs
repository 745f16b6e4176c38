//! inbox: what a person sees of the mail that was read, and what their word changes.

use serde_json::Value as Json;

use crate::world::{World, lead};

const NIGHT: &str = "2026-03-02T02:00:00Z";
const HOOK: &str = "2026-03-02T15:00:00Z";
const TUESDAY: &str = "2026-03-03T15:00:00Z";

/// Two leads that got their Hook.
fn sent() -> World {
    let world = World::new().leads_csv(&[
        lead("Bob Stone", "bob@lead.example", "Lead Freight"),
        lead("Nora Lind", "nora@lind.example", "Lind Cargo"),
    ]);
    for stage in ["pull", "generate", "schedule"] {
        world.at(NIGHT).run(&[stage]).exits(0);
    }
    world.at(HOOK).run(&["send"]).exits(0);
    world
}

/// A person answers the Hook, and it is read.
fn answer(world: &World, from: &str, text: &str) {
    let sql = format!(
        "SELECT m.message_id FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         JOIN leads l ON l.id = c.lead_id WHERE m.step = 'hook' AND l.email = '{from}'"
    );
    let id = &world.sql(&sql)[0][0];
    world.drop_mail(format!(
        "From: {from}\r\nTo: us@ourco.example\r\nSubject: Re: hello\r\n\
         Date: Tue, 3 Mar 2026 09:00:00 +0000\r\nMessage-ID: <answer-{from}>\r\n\
         In-Reply-To: <{id}>\r\n\r\n{text}\r\n"
    ));
    world.at(TUESDAY).run(&["scan"]);
}

#[test]
fn a_person_sees_what_was_read_and_what_waits_for_them() {
    let world = sent();
    world
        .at(TUESDAY)
        .run(&["inbox", "list"])
        .exits(0)
        .says("no such mail was read");
    answer(
        &world,
        "bob@lead.example",
        "Sounds good, call me on Friday.",
    );
    answer(&world, "nora@lind.example", "No thanks, not interested.");
    let list = world.at(TUESDAY).run(&["inbox", "list"]).exits(0);
    for part in [
        "bob@lead.example",
        "human reply, interested",
        "human reply, not interested",
        "2 wait for a person",
    ] {
        assert!(list.stdout.contains(part), "{part}: {}", list.stdout);
    }
    let args = ["inbox", "list", "--kind", "interested", "--json"];
    let found = world.at(TUESDAY).run(&args).exits(0).json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["from"], "bob@lead.example");
    let id = found[0]["id"].to_string();
    let args = ["inbox", "list", "--lead", "nora@lind.example", "--json"];
    let found = world.at(TUESDAY).run(&args).exits(0).json();
    assert_eq!(found[0]["from"], "nora@lind.example", "{found}");
    let shown = world.at(TUESDAY).run(&["inbox", "show", &id]).exits(0);
    for part in ["bob@lead.example", "│ Sounds good", "campaign c"] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    let args = ["inbox", "show", &id, "--json"];
    let found = world.at(TUESDAY).run(&args).exits(0).json();
    assert_eq!(found["reply_text"], "Sounds good, call me on Friday.");
    assert!(found["headers"].as_str().unwrap().contains("In-Reply-To"));
    world
        .at(TUESDAY)
        .run(&["inbox", "done", &id])
        .exits(0)
        .says("done");
    world
        .at(TUESDAY)
        .run(&["inbox", "done", &id])
        .exits(0)
        .says("did not wait");
    let args = ["inbox", "list", "--follow-up", "--json"];
    let found = world.at(TUESDAY).run(&args).exits(0).json();
    let from: Vec<&Json> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["from"])
        .collect();
    assert_eq!(from, ["nora@lind.example"]);
}

#[test]
fn a_corrected_verdict_has_its_consequences() {
    let world = sent();
    answer(&world, "bob@lead.example", "Thanks, I will see.");
    assert_eq!(world.campaign_state("bob@lead.example"), "responded");
    let args = ["inbox", "relabel", "1", "unsubscribe", "--json"];
    let done = world.at(TUESDAY).run(&args).exits(0).json();
    assert_eq!(done["is"]["kind"], "unsubscribe", "{done}");
    let suppressed = world.sql("SELECT value FROM suppressions");
    assert_eq!(suppressed, [["bob@lead.example"]]);
    // And back: it was a machine after all.
    let args = ["inbox", "relabel", "1", "auto-reply"];
    world.at(TUESDAY).run(&args).exits(0).says("taken back");
    assert!(world.sql("SELECT value FROM suppressions").is_empty());
    assert_eq!(world.campaign_state("bob@lead.example"), "paused");
    world
        .at(TUESDAY)
        .run(&["inbox", "show", "1"])
        .exits(0)
        .says("rules had said human reply");
    world
        .at(TUESDAY)
        .run(&["explain", "bob@lead.example"])
        .exits(0)
        .says("a person says");
}

#[test]
fn slips_of_the_pen_change_nothing() {
    let world = sent();
    for (args, error) in [
        (vec!["inbox", "show", "7"], "no mail 7 was read"),
        (vec!["inbox", "done", "7"], "no mail 7 was read"),
        (vec!["inbox", "relabel", "7", "later"], "no mail 7 was read"),
        (vec!["inbox", "relabel", "7", "nice"], "possible values"),
        (vec!["inbox", "list", "--lead", "x"], "no lead `x`"),
        (vec!["inbox", "list", "--since", "soon"], "--since"),
    ] {
        world.at(TUESDAY).run(&args).exits(2).complains(error);
    }
}
