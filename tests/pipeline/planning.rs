//! Planning as an operator sees it: outages, changed settings, the queue and the forecast.

mod figures;

use crate::world::{World, lead};

const FROM: &str = "ada@ourco.example";

/// A Monday night.
const NIGHT: &str = "2026-03-02T02:00:00Z";

fn address(number: usize) -> String {
    format!("lead{number}@firm{number}.example")
}

/// Campaigns for so many leads in UTC, dated on a Monday night under a daily limit.
fn dated(n_leads: usize, daily_limit: &str) -> World {
    let names = [
        "Nora Lind",
        "Owen Hart",
        "Petra Voss",
        "Quinn Ames",
        "Rosa Dale",
        "Sam Birch",
    ];
    let firms = [
        "Lind Freight",
        "Hart Foods",
        "Voss Cargo",
        "Ames Media",
        "Dale Robotics",
        "Birch",
    ];
    let rows: Vec<_> = (0..n_leads)
        .map(|number| lead(names[number], &address(number), firms[number]))
        .collect();
    let world = World::new()
        .env("FROM_EMAIL", FROM)
        .env("DAILY_SEND_LIMIT", daily_limit)
        .leads_csv(&rows);
    world.at(NIGHT).run(&["nightly"]).exits(0);
    world
}

fn count(world: &World, query: &str) -> usize {
    world.sql(query)[0][0].parse().unwrap()
}

#[test]
fn after_an_outage_nothing_floods_and_everything_ends() {
    let world = dated(4, "2");
    let n_dated = count(
        &world,
        "SELECT count(*) FROM messages WHERE state = 'scheduled'",
    );
    assert_eq!(n_dated, 12);
    // Nothing runs for nine days.
    let night = world
        .at("2026-03-11T02:00:00Z")
        .run(&["nightly", "--json"])
        .exits(0)
        .json();
    let counts = &night["stages"][3]["counts"];
    assert!(counts["moved"].as_i64().unwrap() >= 9, "{night}");
    assert_eq!(counts["skipped"], 0, "{night}");
    for day in 11..=31 {
        for hour in ["10", "16"] {
            let now = format!("2026-03-{day}T{hour}:30:00Z");
            world.at(&now).run(&["hourly"]).exits(0);
        }
        let now = format!("2026-03-{day}T23:00:00Z");
        world.at(&now).run(&["schedule"]).exits(0);
    }
    let by_day = world.sql(
        "SELECT date(sent_at, 'unixepoch') AS day, count(*) FROM messages WHERE state = 'sent'
         GROUP BY day ORDER BY day",
    );
    assert!(
        by_day.iter().all(|day| day[1] == "1" || day[1] == "2"),
        "{by_day:?}"
    );
    assert_eq!(
        count(&world, "SELECT count(*) FROM messages WHERE state = 'sent'"),
        12
    );
    assert_eq!(
        count(
            &world,
            "SELECT count(*) FROM campaigns WHERE state = 'completed'"
        ),
        4
    );
    let near = "SELECT count(*) FROM messages m JOIN messages b
                  ON b.campaign_id = m.campaign_id AND b.number = m.number - 1
                WHERE julianday(date(m.sent_at, 'unixepoch'))
                    - julianday(date(b.sent_at, 'unixepoch')) < m.number + 1";
    assert_eq!(count(&world, near), 0, "three days, then four");
}

#[test]
fn a_follow_up_whose_time_is_gone_is_skipped_and_the_campaign_ends() {
    let world = dated(1, "50");
    world.at("2026-03-02T10:00:00Z").run(&["hourly"]).exits(0);
    assert_eq!(world.state(&address(0), "hook"), "sent");
    // Three weeks after the proof's day. What is sent before the next plan is not the proof.
    world.at("2026-03-26T10:00:00Z").run(&["hourly"]).exits(0);
    assert_eq!(world.state(&address(0), "proof"), "scheduled");
    let night = world
        .at("2026-03-27T02:00:00Z")
        .run(&["schedule", "--json"])
        .exits(0)
        .json();
    assert_eq!(night["counts"]["skipped"], 2, "{night}");
    for step in ["proof", "fomo"] {
        assert_eq!(world.state(&address(0), step), "skipped");
    }
    assert_eq!(world.campaign_state(&address(0)), "completed");
    let why = world.run(&["explain", &address(0)]).exits(0).stdout;
    assert!(why.contains("its day was Thu 5 Mar"), "{why}");
    let again = world
        .at("2026-03-28T02:00:00Z")
        .run(&["schedule", "--json"])
        .exits(0)
        .json();
    assert_eq!(again["counts"]["campaigns"], 0, "{again}");
}

#[test]
fn a_dry_run_shows_what_a_changed_setting_would_move() {
    let mut world = dated(2, "50");
    let before = world.sql("SELECT id, due_at, due_reason FROM messages");
    let still = world
        .at(NIGHT)
        .run(&["schedule", "--dry-run", "--json"])
        .exits(0)
        .json();
    assert_eq!(still["changes"], serde_json::json!([]), "{still}");

    world.set_env("SEND_WINDOW", "13:00-15:00");
    let shown = world
        .at(NIGHT)
        .run(&["schedule", "--dry-run"])
        .exits(0)
        .stdout;
    let line = format!(
        "{}, hook: from Mon 2026-03-02 09:00 UTC to Mon 2026-03-02 13:00 UTC, first free slot, \
         13:00-15:00 in UTC; dated again because 09:00 lies outside 09:00-17:00",
        address(0)
    );
    assert!(
        shown.contains(&line.replace("09:00-17:00", "13:00-15:00")),
        "{shown}"
    );
    let json = world
        .at(NIGHT)
        .run(&["schedule", "--dry-run", "--json"])
        .exits(0)
        .json();
    let changes = json["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 6, "{json}");
    assert_eq!(changes[0]["change"], "moved");
    assert_eq!(changes[0]["from"], "2026-03-02T09:00:00Z");
    assert_eq!(changes[0]["to"], "2026-03-02T13:00:00Z");
    assert_eq!(changes[0]["sender"], FROM);
    assert_eq!(
        world.sql("SELECT id, due_at, due_reason FROM messages"),
        before
    );

    let done = world.at(NIGHT).run(&["schedule", "--json"]).exits(0).json();
    assert_eq!(done["counts"]["moved"], 6, "{done}");
    let rest = world
        .at(NIGHT)
        .run(&["schedule", "--dry-run", "--json"])
        .exits(0)
        .json();
    assert_eq!(rest["changes"], serde_json::json!([]), "{rest}");
}

#[test]
fn campaigns_of_a_sender_that_is_gone_are_named_not_given_away() {
    let mut world = dated(2, "50");
    world.set_env("FROM_EMAIL", "bob@ourco.example");
    let now = "2026-03-06T02:00:00Z";
    let night = world.at(now).run(&["schedule", "--json"]).exits(0).json();
    assert_eq!(
        night["counts"]["moved"], 0,
        "dated ones wait as they are: {night}"
    );

    // A hold takes the dates away; what goes on has to be dated by somebody.
    let id = world.sql("SELECT campaign_id FROM campaigns ORDER BY id")[0][0].clone();
    world.at(now).run(&["campaign", "pause", &id]).exits(0);
    world.at(now).run(&["campaign", "resume", &id]).exits(0);
    let night = world.at(now).run(&["schedule", "--json"]).exits(3).json();
    let error = night["errors"][0].as_str().unwrap();
    assert!(
        error.contains(FROM) && error.contains("no sender any more"),
        "{error}"
    );
    assert_eq!(world.state(&address(0), "hook"), "drafted");
}

#[test]
fn the_queue_can_be_asked_for_a_sender_and_a_day() {
    let world = dated(3, "50");
    let queue = |args: &[&str]| {
        let all = [&["queue", "--json"], args].concat();
        world
            .at(NIGHT)
            .run(&all)
            .exits(0)
            .json()
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(queue(&[]), 9);
    assert_eq!(queue(&["--sender", FROM]), 9);
    assert_eq!(queue(&["--sender", "Ada@OurCo.example"]), 9);
    assert_eq!(queue(&["--sender", "bob@ourco.example"]), 0);
    assert_eq!(queue(&["--day", "2026-03-05"]), 3);
    assert_eq!(queue(&["--day", "2026-03-05", "--limit", "2"]), 2);
    assert_eq!(queue(&["--day", "2026-03-07"]), 0);
    world
        .run(&["queue", "--day", "Thursday"])
        .exits(2)
        .complains("expected a day");
}

#[test]
fn the_forecast_tells_the_end_the_fullest_day_and_what_more_would_change() {
    let world = dated(6, "3");
    let before = std::fs::read(world.path("campaigns.db")).unwrap();
    let told = world.at(NIGHT).run(&["forecast", "--json"]).exits(0).json();
    let cases = told["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3, "{told}");
    let last = |case: usize| cases[case]["last_at"].as_str().unwrap().to_string();
    let queue = world
        .at(NIGHT)
        .run(&["queue", "--json", "--limit", "99"])
        .exits(0)
        .json();
    let rows = queue.as_array().unwrap();
    assert_eq!(last(0), rows.last().unwrap()["due_at"].as_str().unwrap());
    let sum: u64 = cases[0]["by_day"]
        .as_object()
        .unwrap()
        .values()
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert_eq!(sum, 18, "{told}");
    let full = &cases[0]["fullest"];
    assert!(
        full["messages"].as_u64() <= full["allowed"].as_u64(),
        "{told}"
    );
    let leads = |case: usize| cases[case]["new_leads_a_day"].as_u64().unwrap();
    assert!(leads(0) <= 1 && leads(1) > leads(0), "{told}");

    // More leads take longer, and more senders less so.
    let more = world
        .at(NIGHT)
        .run(&["forecast", "--json", "--leads", "30"])
        .exits(0)
        .json();
    let last = |case: usize| more["cases"][case]["last_at"].as_str().unwrap().to_string();
    assert!(
        last(0).as_str() > cases[0]["last_at"].as_str().unwrap(),
        "{more}"
    );
    assert!(last(1) < last(0), "{more}");
    assert_eq!(more["leads_to_write"], 30);

    let text = world
        .at(NIGHT)
        .run(&["forecast", "--daily-limit", "9"])
        .exits(0)
        .stdout;
    for words in [
        "6 campaigns under way",
        "LAST MAIL LEAVES",
        "one more sender",
        "daily limit 9",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(std::fs::read(world.path("campaigns.db")).unwrap(), before);
}
