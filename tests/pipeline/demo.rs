//! `outreach demo`: two weeks that anybody can watch, the same every time, and a folder to look into.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveTime, Utc};
use outreach::calendar::{Zone, day_off};

use crate::world::{Outcome, World};

/// Shortly after the two weeks.
const END: &str = "2026-04-13T00:00:00Z";

/// One demo for all tests that only look: two weeks are many runs.
static DEMO: LazyLock<(World, Outcome)> = LazyLock::new(|| {
    let world = World::new()
        .env("CAMPAIGN_DATABASE_PATH", "demo/campaigns.db")
        .env("OUTBOX_DIR", "demo/outbox");
    let outcome = world.run(&["demo", "demo"]).exits(0);
    (world, outcome)
});

/// The blocks of the timeline by their headings.
fn days(text: &str) -> BTreeMap<&str, &str> {
    text.split("\n\n")
        .filter_map(|day| day.split_once('\n'))
        .collect()
}

fn first_cells(query: &str) -> Vec<String> {
    DEMO.0.sql(query).into_iter().flatten().collect()
}

#[test]
fn every_line_fits_a_hundred_columns_and_nothing_else_is_said() {
    let outcome = &DEMO.1;
    let program = env!("CARGO_BIN_EXE_outreach");
    for line in outcome
        .stdout
        .lines()
        .filter(|line| !line.contains(program))
    {
        assert!(line.chars().count() <= 100, "{line}");
        assert_eq!(line.trim_end(), line);
        assert!(!line.contains('\x1b'), "no colours into a pipe: {line}");
    }
    assert_eq!(outcome.stderr, "");
}

#[test]
fn every_day_has_its_heading_and_a_holiday_its_name() {
    let days = days(&DEMO.1.stdout);
    let headings: Vec<&str> = days.keys().copied().collect();
    for day in ["Monday, 30 March", "Wednesday, 1 April", "Sunday, 12 April"] {
        assert!(
            headings.iter().any(|h| h.starts_with(day)),
            "{day}: {headings:?}"
        );
    }
    assert!(
        headings
            .iter()
            .any(|h| h.starts_with("Friday, 3 April · Good Friday in "))
    );
    assert!(
        headings
            .iter()
            .any(|h| h.starts_with("Monday, 6 April · Easter Monday in "))
    );
    assert_eq!(
        days["Saturday, 4 April"].trim(),
        "nothing leaves on a weekend"
    );
}

#[test]
fn every_rejected_lead_is_named_with_its_reason() {
    let text = &DEMO.1.stdout;
    assert!(
        text.contains("25 leads read: 18 may be written to, 7 not"),
        "{text}"
    );
    for line in [
        "✗ Petra Winkler       the address must be `Real` or `Pattern`, found `Guess`",
        "✗ Customer Care       `info@quaysidedental.example` belongs to a function, not to a person",
        "✗ Victor Lang         `Lang Optics People…` is no company: it is a page of search results",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let rejected = "SELECT count(*) FROM events WHERE kind = 'rejected'";
    assert_eq!(first_cells(rejected), ["7"]);
}

#[test]
fn the_six_scripted_answers_end_where_they_should() {
    let world = &DEMO.0;
    let campaign = |email: &str| {
        let query = format!(
            "SELECT c.state, coalesce(c.stop_reason, c.response_type, ''),
                    (SELECT count(*) FROM messages m WHERE m.campaign_id = c.id AND m.state = 'sent')
             FROM campaigns c JOIN leads l ON l.id = c.lead_id WHERE l.email = '{email}'"
        );
        world.sql(&query).concat().join(" ")
    };
    for (email, expected) in [
        ("marcus.obi@harbourline.example", "responded interested 1"),
        ("johanna.reiter@wanderlicht.example", "responded later 2"),
        ("amelia.stroud@stroudvale.example", "stopped opted_out 1"),
        ("daniel.brooks@cedarpath.example", "stopped bounced 1"),
        (
            "hannah.lindqvist@norrsken-energi.example",
            "responded interested 1",
        ),
        (
            "sofia.delgado@clinicadelgado.example",
            "active auto_reply 2",
        ),
    ] {
        assert_eq!(campaign(email), expected, "{email}");
    }
    // The absence lasts until 7 April; the follow-up leaves on the day after.
    let proof = "SELECT date(m.sent_at, 'unixepoch') FROM messages m
                 JOIN campaigns c ON c.id = m.campaign_id JOIN leads l ON l.id = c.lead_id
                 WHERE l.email = 'sofia.delgado@clinicadelgado.example' AND m.step = 'proof'";
    assert_eq!(first_cells(proof), ["2026-04-08"]);
    let suppressed = "SELECT value FROM suppressions ORDER BY value";
    assert_eq!(
        first_cells(suppressed),
        [
            "amelia.stroud@stroudvale.example",
            "daniel.brooks@cedarpath.example"
        ]
    );
    // Every lead that did not answer got all there was to send by then.
    let states = "SELECT state || ' ' || count(*) FROM campaigns GROUP BY state ORDER BY state";
    assert_eq!(
        first_cells(states),
        ["active 4", "completed 9", "responded 3", "stopped 2"]
    );
}

#[test]
fn every_mail_left_in_office_hours_of_a_business_day_there() {
    let sent = DEMO.0.sql(
        "SELECT m.sent_at, c.zone, c.country, l.email FROM messages m
         JOIN campaigns c ON c.id = m.campaign_id JOIN leads l ON l.id = c.lead_id
         WHERE m.state = 'sent'",
    );
    assert_eq!(sent.len(), 41);
    let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    for row in sent {
        let at: DateTime<Utc> = DateTime::from_timestamp(row[0].parse().unwrap(), 0).unwrap();
        let there = Zone::parse(&row[1]).unwrap().local(at);
        assert!(
            (hour(9)..hour(17)).contains(&there.time()),
            "{there} {row:?}"
        );
        assert_eq!(day_off(&row[2], there.date()), None, "{there} {row:?}");
    }
}

#[test]
fn the_outbox_holds_whole_mails_each_once() {
    let mails = DEMO.0.maildir_files();
    assert_eq!(mails.len(), 41);
    let mut ids: Vec<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    for mail in &mails {
        assert!(
            mail.header("From").contains("<team@4runr.example>"),
            "{}",
            mail.header("From")
        );
        assert!(
            mail.header("To").contains(".example>"),
            "{}",
            mail.header("To")
        );
        let unsubscribe = mail.header("List-Unsubscribe");
        assert!(
            unsubscribe.contains("mailto:team@4runr.example"),
            "{unsubscribe}"
        );
        assert!(!mail.header("Subject").is_empty() && !mail.header("Date").is_empty());
        assert!(!mail.header("X-Outreach-Key").is_empty());
        let text = mail.text();
        assert!(
            text.contains("4Runr, 1 Example Street, Springfield"),
            "{text}"
        );
        assert!(
            !text.contains("{{") && !text.contains("undefined"),
            "{text}"
        );
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 41);
}

#[test]
fn the_status_file_shows_every_lead_with_its_reason() {
    let csv = DEMO.0.read("demo/leads.status.csv");
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 25);
    for row in &rows {
        assert!(!row["Campaign_Notes"].is_empty(), "{row:?}");
    }
    let row = |name: &str| rows.iter().find(|row| row["Full Name"] == name).unwrap();
    assert_eq!(row("Marcus Obi")["Campaign_Response_Type"], "Interested");
    assert!(row("Petra Winkler")["Campaign_Notes"].contains("found `Guess`"));
    assert_eq!(row("Kenji Watanabe")["Campaign_Status"], "Completed");
}

#[test]
fn the_folder_can_be_looked_into_and_gone_on_with() {
    let world = &DEMO.0;
    let inside = |args: &[&str]| world.run_in("demo", args);
    let status = inside(&["status", "--now", END]).exits(0);
    assert!(
        status.stdout.contains("nothing needs attention"),
        "{}",
        status.stdout
    );
    let queue = inside(&["queue", "--json"]).exits(0).json();
    let queue = queue.as_array().unwrap();
    assert_eq!(queue.len(), 4);
    assert!(queue.iter().all(|row| row["step"] == "fomo"), "{queue:?}");
    let explain = inside(&["explain", "marcus.obi@harbourline.example"]).exits(0);
    assert!(
        explain.stdout.contains("responded: Interested"),
        "{}",
        explain.stdout
    );
    // The answers were read under the names of the folders as they are seen from inside.
    let again = inside(&["scan", "--dry-run", "--json", "--now", END])
        .exits(0)
        .json();
    assert_eq!(again["counts"]["read"], 0, "{again}");
}

#[test]
fn two_demos_tell_the_same_story_whatever_was_there_before_and_the_environment_says() {
    // An earlier demo's folder is known by its mark, and made anew.
    let world = World::new()
        .env("SMTP_SERVER", "mail.example.com")
        .env("DAILY_SEND_LIMIT", "three")
        .env("TZ", "Pacific/Auckland");
    world.write("demo/.outreach-demo", DEMO.0.read("demo/.outreach-demo"));
    world.write("demo/outbox/new/leftover", "from before");
    let outcome = world.run(&["demo", "demo"]).exits(0);
    assert_eq!(outcome.stdout, DEMO.1.stdout);
    assert!(!world.path("demo/outbox/new/leftover").exists());
    let page = |world: &World| world.read("demo/report.html");
    assert!(page(&world).contains("17 leads"), "{}", page(&world));
    assert_eq!(page(&world), page(&DEMO.0));
}

#[test]
fn a_folder_with_other_things_is_left_alone() {
    let world = World::new();
    world.write("mine/thesis.txt", "three years of work");
    world
        .run(&["demo", "mine"])
        .exits(2)
        .complains("`mine` is not empty and was not made by the demo: name another folder");
    assert_eq!(world.read("mine/thesis.txt"), "three years of work");
    world.write("file", "no folder");
    world
        .run(&["demo", "file"])
        .exits(78)
        .complains("cannot prepare `file`");
    world
        .at(END)
        .run(&["demo"])
        .exits(2)
        .complains("the demo has its own clock");
    assert!(!world.path("outreach-demo").exists());
}
