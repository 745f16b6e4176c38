//! What the commands that only show print about a full ledger.

use super::*;

#[test]
fn status_tells_what_is_going_on_and_what_comes_next() {
    let world = planned();
    let text = world.at(MONDAY).run(&["status"]).exits(0).stdout;
    for line in [
        "leads: file leads.csv · writer: built-in templates · mail: Maildir outbox",
        "leads      2 eligible · 0 with an open campaign · 1 rejected",
        "                1 low confidence",
        "campaigns  2 active",
        "messages   6 scheduled",
        "STAGE     LAST RUN  OUTCOME  COUNTS",
        "pull      just now  ok       3 read, 2 accepted, 3 new, 1 rejected",
        "next message 2026-03-02 09:00 UTC (in 8 h)",
        "nothing needs attention",
    ] {
        assert!(text.contains(line), "expected `{line}` in\n{text}");
    }
    let json = world.at(MONDAY).run(&["status", "--json"]).exits(0).json();
    assert_eq!(
        fields(&json),
        [
            "campaigns",
            "held_senders",
            "inbound",
            "leads",
            "mailboxes",
            "messages",
            "messages_by_day",
            "needs_attention",
            "next_due_at",
            "overdue",
            "paused",
            "runs",
            "suppressions",
            "to_push",
        ]
    );
    assert_eq!(json["next_due_at"], "2026-03-02T09:00:00Z");
    assert_eq!(json["messages"]["scheduled"], 6);
    assert_eq!(json["leads"]["rejected: low_confidence"], 1);
}

#[test]
fn status_counts_the_calls_to_airtable_and_says_when_they_run_out() {
    let world = World::new()
        .env("AIRTABLE_API_KEY", "patSome.key")
        .env("AIRTABLE_BASE_ID", "appSomeBase")
        .env("AIRTABLE_MONTHLY_CALLS", "1000");
    world.at(NOON).run(&["schedule"]).exits(0);
    let status = |args: &[&str]| world.at(NOON).run(&[&["status"], args].concat()).exits(0);
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    let count = |day: &str, calls: u32| {
        let sql = "INSERT INTO airtable_calls (day, calls) VALUES (?1, ?2)
                   ON CONFLICT (day) DO UPDATE SET calls = excluded.calls";
        ledger.execute(sql, (day, calls)).unwrap();
    };
    count("2026-02-28", 10);
    count("2026-03-01", 30);
    let line = "airtable   30 of 1000 calls this month, about 630 by its end\n";
    assert!(status(&[]).stdout.contains(line));
    assert_eq!(
        status(&["--json"]).json()["airtable"]["runs_dry_on"],
        Value::Null
    );

    count("2026-03-02", 900);
    let sql = "INSERT INTO switches (name, reason, set_at) VALUES ('airtable_quota', ?1, ?2)";
    let since = 1_772_445_600; // Two hours before NOON.
    ledger
        .execute(sql, ("PUBLIC_API_BILLING_LIMIT_EXCEEDED", since))
        .unwrap();
    let text = status(&[]).stdout;
    for line in [
        "airtable   930 of 1000 calls this month, about 1510 by its end; counts, previews, notes",
        "  - Airtable is not asked any more since 2026-03-02 10:00 UTC \
         (PUBLIC_API_BILLING_LIMIT_EXCEEDED): wait until 2026-04-01 00:00 UTC, or raise the plan",
        "  - this month's calls to Airtable run out on 2026-03-06, they begin anew on 2026-04-01",
    ] {
        assert!(text.contains(line), "expected `{line}` in\n{text}");
    }
    let expected = serde_json::json!({
        "calls": 930, "calls_allowed": 1000, "calls_left": 70, "calls_forecast": 1510,
        "runs_dry_on": "2026-03-06", "resets_at": "2026-04-01T00:00:00Z", "waiting": "details",
        "quota_exhausted": {
            "reason": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "since": "2026-03-02T10:00:00Z",
            "until": "2026-04-01T00:00:00Z",
        },
    });
    assert_eq!(status(&["--json"]).json()["airtable"], expected);

    // To somebody whose leads come from a file none of this is shown.
    let world = world
        .env("AIRTABLE_API_KEY", "")
        .env("AIRTABLE_MONTHLY_CALLS", "");
    let outcome = world.at(NOON).run(&["status"]).exits(0);
    assert!(
        !outcome.stdout.to_lowercase().contains("airtable   "),
        "{}",
        outcome.stdout
    );
}

#[test]
fn status_names_everything_that_needs_a_person_with_the_command_that_helps() {
    let world = in_review();
    world
        .run(&["pause", "--all", "--reason", "a fair"])
        .exits(0);
    // A file that is gone fails the next pull.
    std::fs::remove_file(world.path("leads.csv")).unwrap();
    world.at(NOON).run(&["pull"]).exits(78);
    let text = world.at(NOON).run(&["status"]).exits(0).stdout;
    for line in [
        "  - everything is paused (a fair): `outreach resume --all`",
        "  - 2 campaigns wait in review: `outreach review list`",
        "  - mailbox maildir:inbox was not read lately: `outreach scan`",
        "  - the last `pull` failed: ",
    ] {
        assert!(text.contains(line), "expected `{line}` in\n{text}");
    }
    let json = world.at(NOON).run(&["status", "--json"]).exits(0).json();
    assert_eq!(
        json["needs_attention"].as_array().unwrap().len(),
        4,
        "{json}"
    );
    assert_eq!(json["paused"]["reason"], "a fair");
}

#[test]
fn status_names_what_failed_in_a_run_that_went_on() {
    let world = planned().env("FROM_EMAIL", "other@sender.example");
    let outcome = world.at(NOON).run(&["send"]).exits(3);
    outcome.complains("2 due messages belong to another sender");
    let text = world.at(NOON).run(&["status"]).exits(0).stdout;
    let said = "  - the last `send` had trouble: 2 due messages belong to another sender";
    assert!(text.contains(said), "{text}");
}

#[test]
fn the_queue_shows_when_in_which_zone_to_whom_from_whom_and_why() {
    let world = planned();
    let text = world.run(&["queue"]).exits(0).stdout;
    assert_eq!(text.lines().count(), 7, "{text}");
    let first: Vec<&str> = text.lines().nth(1).unwrap().split("  ").collect();
    assert_eq!(first.first(), Some(&"Mon 2026-03-02 09:00"), "{text}");
    for word in ["UTC", "hook", ADA, "team@sender.example", "first free slot"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert_eq!(
        world
            .run(&["queue", "--limit", "2"])
            .exits(0)
            .stdout
            .lines()
            .count(),
        3
    );
    let json = world
        .run(&["queue", "--json", "--lead", GRACE])
        .exits(0)
        .json();
    assert_eq!(json.as_array().unwrap().len(), 3);
    assert_eq!(
        fields(&json),
        [
            "campaign_id",
            "campaign_state",
            "company",
            "due_at",
            "email",
            "local",
            "reason",
            "sender",
            "state",
            "step",
            "subject",
            "zone",
        ]
    );
    let steps = json
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["step"].as_str().unwrap());
    assert_eq!(steps.collect::<Vec<_>>(), ["hook", "proof", "fomo"]);
}

#[test]
fn explain_finds_a_lead_by_record_address_and_campaign() {
    let world = planned();
    let [ada, _] = campaigns(&world);
    let record = world
        .sql(&format!(
            "SELECT record_id FROM leads WHERE email = '{ADA}'"
        ))
        .concat();
    let by_address = world.run(&["explain", ADA]).exits(0).stdout;
    for line in [
        "Ada Lovelace <ada@engines.example>, Analytical Engines · record ",
        "active: hook due 2 Mar 09:00 UTC",
        "STEP   STATE      WHEN THERE",
        "what happened:",
        "eligible     passed the data check",
    ] {
        assert!(
            by_address.contains(line),
            "expected `{line}` in\n{by_address}"
        );
    }
    for word in [ada.as_str(), record[0].as_str(), "ADA@Engines.example"] {
        assert_eq!(
            world.run(&["explain", word]).exits(0).stdout,
            by_address,
            "{word}"
        );
    }
    let json = world.run(&["explain", ADA, "--json"]).exits(0).json();
    assert_eq!(
        fields(&json),
        [
            "campaigns",
            "company",
            "company_short",
            "email",
            "events",
            "first_name",
            "flags",
            "full_name",
            "record_id",
            "reject_detail",
            "reject_reason",
            "repairs",
            "sentence",
            "verdict",
        ]
    );
    assert_eq!(json["campaigns"][0]["campaign_id"], ada.as_str());
    assert_eq!(
        json["campaigns"][0]["messages"].as_array().unwrap().len(),
        3
    );
}

#[test]
fn explain_says_why_nobody_writes_to_a_lead() {
    let world = with_leads();
    world.run(&["suppress", "add", "engines.example"]).exits(0);
    world.at(MONDAY).run(&["nightly"]).exits(0);
    let rejected = world.run(&["explain", GUESS]).exits(0).stdout;
    assert!(rejected.contains("rejected: low_confidence"), "{rejected}");
    assert!(rejected.contains("found `Guess`"), "{rejected}");
    let suppressed = world.run(&["explain", ADA]).exits(0).stdout;
    let why = "`engines.example` is on the suppression list";
    assert!(suppressed.contains(why), "{suppressed}");
    assert_eq!(world.campaign_state(ADA), "none");
}

#[test]
fn explain_tells_what_was_mended_and_what_is_worth_knowing() {
    let ada = "Ada Vey <ada+web@quill.example>";
    let world = World::new().leads_csv(&[
        lead("DR. ADA VEY", ada, "Quill GmbH").with("Website", "https://feather.example"),
        lead("Ben Stern", "mailto:ben@gmail.com", "Stern - Wikipedia"),
        lead("Cy Moor", "info@moor.example", "Moor Ltd"),
    ]);
    world.at(MONDAY).run(&["pull"]).exits(0);
    let explain = |lead: &str| world.run(&["explain", lead]).exits(0).stdout;
    let ada = explain("ada+web@quill.example");
    for line in [
        "addressed as Ada of Quill",
        "mended: the address `Ada Vey <ada+web@quill.example>` was read as `ada+web@quill.example`",
        "mended: the name `DR. ADA VEY` was read as `Ada Vey`",
        "note: the address carries a tag, as people give them to forms",
        "note: the address and the website are at different domains",
    ] {
        assert!(ada.lines().any(|said| said == line), "{line}\n{ada}");
    }
    // Who is rejected is addressed by nobody, but its address counts for duplicates all the same.
    let ben = explain("ben@gmail.com");
    assert!(ben.contains("invalid_company"), "{ben}");
    assert!(
        ben.contains("mended: the address `mailto:ben@gmail.com`"),
        "{ben}"
    );
    assert!(
        ben.contains("note: the address is at a free-mail provider"),
        "{ben}"
    );
    assert!(!ben.contains("addressed as"), "{ben}");
    let cy = explain("info@moor.example");
    assert!(
        cy.contains("note: the address belongs to a function"),
        "{cy}"
    );
    let json = world.run(&["explain", "ada+web@quill.example", "--json"]);
    let json = json.exits(0).json();
    assert_eq!(json["flags"], serde_json::json!(["tagged", "other_domain"]));
    assert_eq!(
        (&json["first_name"], &json["company_short"]),
        (&"Ada".into(), &"Quill".into())
    );
}

#[test]
fn explain_tells_the_answer_and_what_was_done_about_it() {
    let world = planned();
    world.at(NOON).run(&["hourly"]).exits(0);
    let mails = world.maildir_files();
    let hook = mails
        .iter()
        .find(|mail| mail.header("To").contains(ADA))
        .unwrap();
    let id = hook.header("Message-ID");
    world.drop_mail(format!(
        "From: Ada Lovelace <{ADA}>\r\nTo: team@sender.example\r\nSubject: Re: x\r\n\
         Date: Mon, 2 Mar 2026 13:00:00 +0000\r\nMessage-ID: <answer@engines.example>\r\n\
         In-Reply-To: {id}\r\n\r\nYes, I am interested. Call me on Tuesday.\r\n"
    ));
    world.at("2026-03-02T14:00:00Z").run(&["hourly"]).exits(0);
    let text = world.run(&["explain", ADA]).exits(0).stdout;
    for line in [
        "responded: Interested on 2 Mar, to hook",
        "human reply from ada@engines.example: campaign responded: interested",
        "the lead answered",
    ] {
        assert!(text.contains(line), "expected `{line}` in\n{text}");
    }
}
