//! What the commands that change something do, in part and in whole.

use rusqlite::Connection;

use super::*;

#[test]
fn a_review_is_listed_shown_approved_and_rejected() {
    let world = in_review();
    let [ada, grace] = campaigns(&world);
    let list = world.run(&["review", "list"]).exits(0).stdout;
    assert!(
        list.contains(&ada) && list.contains("REQUIRE_APPROVAL is on"),
        "{list}"
    );
    let json = world.run(&["review", "list", "--json"]).exits(0).json();
    let names = [
        "campaign_id",
        "company",
        "email",
        "full_name",
        "quality_score",
        "why",
        "writer",
    ];
    assert_eq!(fields(&json), names);

    let show = world.run(&["review", "show", &ada]).exits(0).stdout;
    for part in ["── hook ── ", "── proof ── ", "── fomo ── ", "Hi Ada,"] {
        assert!(show.contains(part), "{part} in {show}");
    }
    let json = world
        .run(&["review", "show", &ada, "--json"])
        .exits(0)
        .json();
    assert_eq!(
        fields(&json),
        [
            "campaign_id",
            "company",
            "email",
            "issues",
            "messages",
            "quality_score",
            "state",
            "why",
        ]
    );

    let said = world.run(&["review", "approve", &ada]).exits(0).stdout;
    assert_eq!(
        said,
        format!("{ada}: approved; `outreach schedule` dates its messages\n")
    );
    assert_eq!(world.campaign_state(ADA), "active");
    world
        .run(&["review", "approve", &ada])
        .exits(3)
        .complains("only a campaign in review can be approved; this one is active");
    world
        .run(&["review", "reject", &ada])
        .exits(3)
        .complains("only a campaign in review can be rejected");
    let json = world
        .run(&["review", "reject", &grace, "--reason", "no", "--json"])
        .exits(0)
        .json();
    assert_eq!(json[0]["result"], "rejected");
    assert_eq!(world.campaign_state(GRACE), "stopped");
    assert_eq!(
        world.run(&["review", "list"]).exits(0).stdout,
        "no campaign waits in review\n"
    );
}

#[test]
fn a_wrong_id_among_several_changes_nothing() {
    let world = in_review();
    let [ada, grace] = campaigns(&world);
    world
        .run(&["review", "approve", &ada, "c0"])
        .exits(2)
        .complains("no campaign `c0`");
    assert_eq!(world.campaign_state(ADA), "review");
    world
        .run(&["campaign", "stop", &ada, &grace, "c0"])
        .exits(2);
    assert_eq!(world.campaign_state(GRACE), "review");
    world.run(&["suppress", "add", ADA, "nonsense"]).exits(2);
    assert_eq!(
        world.run(&["suppress", "list", "--json"]).exits(0).json()[0],
        Value::Null
    );
    world.run(&["suppress", "add", ADA]).exits(0);
    world.run(&["suppress", "remove", ADA, "nonsense"]).exits(2);
    assert_eq!(
        world.run(&["suppress", "list", "--json"]).exits(0).json()[0]["value"],
        ADA
    );
}

#[test]
fn campaigns_are_paused_resumed_and_stopped_one_by_one() {
    let world = planned();
    let [ada, grace] = campaigns(&world);
    world
        .run(&["campaign", "pause", &ada, "--reason", "ask first"])
        .exits(0);
    assert_eq!(world.campaign_state(ADA), "paused");
    world.at(NOON).run(&["hourly"]).exits(0);
    assert_eq!(world.state(ADA, "hook"), "drafted");
    assert_eq!(world.state(GRACE, "hook"), "sent");
    let explain = world.run(&["explain", ADA]).exits(0).stdout;
    assert!(explain.contains("ask first"), "{explain}");

    let json = world
        .run(&["campaign", "resume", &ada, "--json"])
        .exits(0)
        .json();
    assert_eq!(
        json[0]["result"],
        "resumed; `outreach schedule` dates its messages"
    );
    world.at(NOON).run(&["schedule"]).exits(0);
    assert_eq!(world.state(ADA, "hook"), "scheduled");

    let both = world
        .run(&["campaign", "stop", &grace, &ada])
        .exits(0)
        .stdout;
    assert_eq!(both, format!("{grace}: stopped\n{ada}: stopped\n"));
    assert_eq!(world.state(GRACE, "proof"), "skipped");
    world
        .run(&["campaign", "resume", &ada])
        .exits(3)
        .complains("only a paused campaign can be resumed; this one is stopped");
    world.at(NOON).run(&["hourly"]).exits(0);
    assert_eq!(world.maildir_files().len(), 1);
}

#[test]
fn the_red_button_holds_everything_until_it_is_released() {
    let world = planned();
    let said = world
        .run(&["pause", "--all", "--reason", "a fair"])
        .exits(0)
        .stdout;
    assert_eq!(
        said,
        "everything is paused: nothing leaves until `outreach resume --all`\n"
    );
    let outcome = world.at(NOON).run(&["send"]).exits(0);
    assert!(outcome.stdout.contains("1 paused"), "{}", outcome.stdout);
    outcome.complains("everything is paused since");
    assert!(world.maildir_files().is_empty());
    world.run(&["resume", "--all"]).exits(0);
    world.at(NOON).run(&["send"]).exits(0);
    assert_eq!(world.maildir_files().len(), 2);
}

#[test]
fn the_suppression_list_knows_one_spelling_and_stops_campaigns() {
    let world = planned();
    let args = [
        "suppress",
        "add",
        "Ada@ENGINES.example",
        ADA,
        "Compilers.Example",
    ];
    let said = world.run(&args).exits(0).stdout;
    assert_eq!(
        said,
        "ada@engines.example: suppressed\nada@engines.example: was suppressed already\n\
         compilers.example: suppressed\n"
    );
    assert_eq!(
        [ADA, GRACE].map(|email| world.campaign_state(email)),
        ["stopped", "stopped"]
    );
    let json = world.run(&["suppress", "list", "--json"]).exits(0).json();
    assert_eq!(fields(&json), ["created_at", "note", "reason", "value"]);
    let said = world
        .run(&["suppress", "remove", "ADA@engines.example", "x.example"])
        .exits(3);
    assert_eq!(
        said.stdout,
        "ada@engines.example: removed\nx.example: was not on the list\n"
    );
    world.at(NOON).run(&["hourly"]).exits(0);
    assert!(world.maildir_files().is_empty());
}

#[test]
fn an_import_takes_a_whole_file_or_names_its_bad_lines() {
    let world = World::new();
    world.write("bad.txt", "a@b.example\nnot one\n");
    world
        .run(&["suppress", "import", "bad.txt"])
        .exits(2)
        .complains("nothing imported from `bad.txt`: line 2: expected an address");
    assert_eq!(
        world.run(&["suppress", "list"]).exits(0).stdout,
        "nobody is suppressed\n"
    );
    world.write(
        "good.txt",
        "\u{feff}# ours\r\nA@b.example\r\n\r\nc.example # rival\r\n",
    );
    let json = world
        .run(&["suppress", "import", "good.txt", "--json"])
        .exits(0)
        .json();
    let expected = serde_json::json!([
        {"value": "a@b.example", "new": true}, {"value": "c.example", "new": true}
    ]);
    assert_eq!(json, expected);
    let list = world.run(&["suppress", "list"]).exits(0).stdout;
    assert!(list.contains("imported from good.txt"), "{list}");
    world
        .run(&["suppress", "import", "none.txt"])
        .exits(2)
        .complains("cannot read `none.txt`");
}

#[test]
fn a_backup_opens_equals_and_replaces_nothing() {
    let world = planned();
    let said = world.run(&["backup", "copy.db"]).exits(0).stdout;
    assert_eq!(said, "backup: copy.db\n");
    let dump = |path: &str| {
        let ledger = Connection::open(world.path(path)).unwrap();
        let query = "SELECT group_concat(state || subject || body || due_at)
                     FROM messages m JOIN message_texts t ON t.message_id = m.id";
        ledger
            .query_row(query, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    assert_eq!(dump("copy.db"), dump("campaigns.db"));
    world
        .run(&["backup", "copy.db"])
        .exits(2)
        .complains("`copy.db` exists already and is left as it is");
    let json = world.at(NOON).run(&["backup", "--json"]).exits(0).json();
    assert_eq!(json["backup"], "campaigns.db.backups/20260302T120000Z.db");
    assert!(
        world
            .path("campaigns.db.backups/20260302T120000Z.db")
            .exists()
    );
    world
        .run(&["backup", "no/such/folder/copy.db"])
        .exits(78)
        .complains("cannot back up");
    // The copy works in the place of the ledger.
    let restored = world.env("CAMPAIGN_DATABASE_PATH", "copy.db");
    assert_eq!(restored.run(&["queue"]).exits(0).stdout.lines().count(), 7);
}
