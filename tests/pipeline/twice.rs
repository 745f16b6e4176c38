//! Running any stage twice in a row changes nothing the second time: no row, no file, no mail.

use crate::world::{World, lead};

/// Every row of every table as text, but for some tables.
pub fn dump(world: &World, without: &[&str]) -> Vec<String> {
    let tables = world.sql("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let mut rows = Vec::new();
    for table in tables.into_iter().flatten() {
        if without.contains(&table.as_str()) {
            continue;
        }
        // The run an attempt belongs to and the Maildir's own name differ between two ledgers that
        // are the same otherwise.
        let columns = world.sql(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let columns: Vec<String> = columns.into_iter().flatten().collect();
        let is_told =
            |column: &&String| !matches!(column.as_str(), "run_id" | "succeeded_at" | "mailer");
        let columns: Vec<&str> = columns.iter().filter(is_told).map(String::as_str).collect();
        let columns = columns.join(", ");
        let all = world.sql(&format!("SELECT {columns} FROM {table} ORDER BY 1, 2"));
        rows.extend(
            all.into_iter()
                .map(|row| format!("{table}: {}", row.join("|"))),
        );
    }
    rows
}

/// Fails with the first lines that only one of two dumps has.
#[track_caller]
pub fn assert_same(found: &[String], expected: &[String], context: &str) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let lines = these.iter().filter(|line| !those.contains(line));
        lines.take(4).cloned().collect()
    };
    let (more, less) = (only(found, expected), only(expected, found));
    assert!(
        more.is_empty() && less.is_empty(),
        "{context}\nfound {more:#?}\nnot {less:#?}"
    );
    assert_eq!(
        found.len(),
        expected.len(),
        "{context}: lines of the same text"
    );
}

/// What a stage could have changed.
#[derive(Debug, PartialEq)]
struct Everything {
    rows: Vec<String>,
    mails: Vec<(String, Vec<u8>)>,
    status: String,
}

/// Everything there is, but for the rows that say that a stage ran.
fn everything(world: &World) -> Everything {
    let mails = world.maildir_files().into_iter();
    let status = world.path("leads.status.csv");
    Everything {
        rows: dump(world, &["runs", "sqlite_sequence"]),
        mails: mails.map(|mail| (mail.name, mail.raw)).collect(),
        status: std::fs::read_to_string(status).unwrap_or_default(),
    }
}

/// Runs a stage twice; the second run changes nothing, nor does a rehearsal.
#[track_caller]
fn check(world: &World, now: &str, stage: &str) {
    let first = world.at(now).run(&[stage]);
    assert!(matches!(first.code, 0 | 3), "{stage}: {}", first.stderr);
    let after_one = everything(world);
    let again = world.at(now).run(&[stage]);
    assert_eq!(again.code, first.code, "{stage}: {}", again.stderr);
    assert_eq!(everything(world), after_one, "{stage} at {now}");
    let dry = world.at(now).run(&[stage, "--dry-run"]);
    assert_eq!(dry.code, first.code, "{stage}: {}", dry.stderr);
    assert_eq!(everything(world), after_one, "{stage} --dry-run at {now}");
}

#[test]
fn no_stage_changes_anything_the_second_time() {
    let rows = [
        lead("Ada Lovelace", "ada@engines.example", "Analytical Engines"),
        lead("Bea Baker", "bea@bakers.example", "Bakers of Bonn").with("Country", "Germany"),
        lead("Cleo Carter", "cleo@carriers.example", "Carriers United").with("City", "Tokyo"),
        lead("Dan Guess", "dan@guess.example", "Guess Freight")
            .with("Email_Confidence_Level", "Guess"),
        lead("Ada Twice", "ada@engines.example", "Analytical Engines"),
        lead("", "nobody@nowhere.example", "Nowhere Ltd"),
    ];
    let world = World::new()
        .env("FROM_EMAIL", "team@ours.example")
        .env("INBOX_DIR", "inbox")
        .leads_csv(&rows);
    let stages = ["scan", "pull", "generate", "schedule", "send", "push"];
    for now in ["2026-03-02T03:00:00Z", "2026-03-02T16:30:00Z"] {
        stages.iter().for_each(|stage| check(&world, now, stage));
    }
    for (from, text) in [
        ("ada@engines.example", "Yes, please call me."),
        ("bea@bakers.example", "Please take me off your list."),
        ("stranger@else.example", "Buy now!"),
    ] {
        world.drop_mail(format!(
            "From: <{from}>\r\nTo: team@ours.example\r\nSubject: Re: hello\r\n\
             Date: Tue, 03 Mar 2026 09:00:00 +0000\r\nMessage-ID: <of-{from}>\r\n\r\n{text}\r\n"
        ));
    }
    for now in [
        "2026-03-03T12:00:00Z",
        "2026-03-06T06:30:00Z",
        "2026-03-10T06:30:00Z",
    ] {
        stages.iter().for_each(|stage| check(&world, now, stage));
    }
    let outcomes = world.sql("SELECT state FROM campaigns ORDER BY id");
    assert_eq!(outcomes, [["responded"], ["stopped"], ["completed"]]);
}

#[test]
fn doubled_ticks_of_the_timers_lead_to_the_same_mails() {
    let world = |ticks: usize| {
        let rows = [
            lead("Ada Lovelace", "ada@engines.example", "Analytical Engines"),
            lead("Bea Baker", "bea@bakers.example", "Bakers of Bonn"),
        ];
        let world = World::new()
            .env("FROM_EMAIL", "team@ours.example")
            .env("INBOX_DIR", "inbox")
            .leads_csv(&rows);
        for day in 2..=10 {
            for _ in 0..ticks {
                world
                    .at(format!("2026-03-{day:02}T03:00:00Z"))
                    .run(&["nightly"])
                    .exits(0);
            }
            for _ in 0..ticks {
                world
                    .at(format!("2026-03-{day:02}T12:00:00Z"))
                    .run(&["hourly"])
                    .exits(0);
            }
        }
        world
    };
    let (once, doubled) = (world(1), world(2));
    assert_eq!(once.maildir_files().len(), 6);
    let (found, expected) = (everything(&doubled), everything(&once));
    assert_same(&found.rows, &expected.rows, "twice each tick");
    assert_eq!(found, expected);
}
