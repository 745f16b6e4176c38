//! The options that every stage takes.

use std::collections::BTreeMap;

use super::*;

const STAGES: [&str; 6] = ["pull", "generate", "schedule", "send", "scan", "push"];

/// Every file of the folder with its bytes and when it was written. Left out is what SQLite needs to
/// read beside a writer: its shared memory, and a journal with nothing in it.
fn files(world: &World) -> BTreeMap<String, (String, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![world.path("")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let written_at = path.metadata().unwrap().modified().unwrap();
            let content = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let name = path.display().to_string();
            let is_readers =
                name.ends_with("-shm") || (name.ends_with("-wal") && content.is_empty());
            if !is_readers {
                found.insert(name, (content, written_at));
            }
        }
    }
    found
}

#[test]
fn a_dry_run_works_without_a_ledger_and_makes_none() {
    let world = with_leads();
    let before = files(&world);
    for stage in STAGES.iter().chain(&["nightly", "hourly"]) {
        let outcome = world.at(MONDAY).run(&[stage, "--dry-run"]).exits(0);
        assert!(
            outcome.stdout.contains(" (dry run): "),
            "{}",
            outcome.stdout
        );
    }
    assert_eq!(files(&world), before);
    assert!(!world.path("outbox").exists(), "not even an empty Maildir");
}

#[test]
fn a_dry_run_shows_what_would_be_done_and_changes_no_byte() {
    let world = with_leads();
    // Each stage is shown what the one before has done.
    let shown = |args: &[&str], expected: &str| {
        let before = files(&world);
        let outcome = world
            .at(NOON)
            .run(&[args, &["--dry-run"]].concat())
            .exits(0);
        assert!(
            outcome.stdout.contains(expected),
            "{args:?}: {}",
            outcome.stdout
        );
        assert!(files(&world) == before, "{args:?} changed a file");
        world.at(NOON).run(args).exits(0);
    };
    shown(
        &["pull"],
        "Gus Essman: low_confidence: the address must be `Real` or `Pattern`",
    );
    shown(&["generate"], "[hook] ");
    shown(
        &["schedule"],
        "ada@engines.example, hook: Mon 2026-03-02 12:0",
    );
    shown(&["push"], "Ada Lovelace: active: hook due 2 Mar 12:0");
    shown(&["send", "--limit", "1"], "hook to ada@engines.example: ");
    world.drop_mail(format!(
        "From: {GRACE}\r\nSubject: Hello\r\n\r\nStop writing to me.\r\n"
    ));
    shown(&["scan"], "from grace@compilers.example: Hello: ");
}

#[test]
fn a_dry_run_needs_no_lock() {
    let world = planned();
    let lock = world.path("campaigns.db.send.lock");
    let held = std::fs::File::options()
        .append(true)
        .create(true)
        .open(lock)
        .unwrap();
    held.lock().unwrap();
    world
        .at(NOON)
        .run(&["send"])
        .exits(75)
        .complains("another run of `send` holds the lock");
    let outcome = world.at(NOON).run(&["send", "--dry-run"]).exits(0);
    assert!(
        outcome.stdout.contains("send (dry run): 2 accepted"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_limit_takes_so_many_and_no_more() {
    let world = with_leads();
    let count = |args: &[&str], name: &str| {
        let json = world
            .at(NOON)
            .run(&[args, &["--json"]].concat())
            .exits(0)
            .json();
        json["counts"][name].as_i64().unwrap_or(0)
    };
    assert_eq!(count(&["pull", "--limit", "1"], "read"), 1);
    assert_eq!(count(&["pull", "--limit", "2"], "read"), 2);
    assert_eq!(count(&["generate", "--limit", "0"], "written"), 0);
    assert_eq!(count(&["generate", "--limit", "1"], "written"), 1);
    assert_eq!(count(&["generate"], "written"), 1);
    assert_eq!(count(&["schedule", "--limit", "1"], "dated"), 3);
    assert_eq!(count(&["schedule"], "dated"), 3);
    assert_eq!(count(&["send", "--limit", "1"], "accepted"), 1);
}

#[test]
fn one_lead_is_named_by_record_address_or_campaign() {
    let world = planned();
    let record = world
        .sql(&format!(
            "SELECT record_id FROM leads WHERE email = '{ADA}'"
        ))
        .concat();
    let [ada, _] = campaigns(&world);
    for word in [record[0].as_str(), "Ada@engines.example", &ada] {
        let json = world
            .at(NOON)
            .run(&["pull", "--json", "--lead", word])
            .exits(0)
            .json();
        assert_eq!(json["counts"]["read"], 1, "{word}: {json}");
        let args = ["send", "--dry-run", "--lead", word];
        let outcome = world.at(NOON).run(&args).exits(0);
        assert!(
            outcome.stdout.contains("hook to ada@engines.example"),
            "{}",
            outcome.stdout
        );
        assert!(
            outcome.stdout.contains(": 1 accepted"),
            "{}",
            outcome.stdout
        );
    }
    world
        .at(NOON)
        .run(&["pull", "--lead", "x@y.example"])
        .exits(2)
        .complains("no lead `x@y.example` in `leads.csv`");
    world.at(NOON).run(&["send", "--lead", GRACE]).exits(0);
    assert_eq!(
        (world.state(ADA, "hook"), world.state(GRACE, "hook")),
        ("scheduled".into(), "sent".into())
    );
}

#[test]
fn json_is_one_object_of_the_same_shape_for_every_stage() {
    let world = with_leads();
    for stage in STAGES {
        let json = world.at(MONDAY).run(&[stage, "--json"]).exits(0).json();
        assert_eq!(
            fields(&json),
            [
                "counts",
                "dry_run",
                "errors",
                "finished_at",
                "outcome",
                "run_id",
                "stage",
                "started_at",
            ]
        );
        assert_eq!(
            (&json["stage"], &json["outcome"]),
            (&stage.into(), &"ok".into())
        );
        assert_eq!(json["started_at"], MONDAY);
        assert!(json["run_id"].as_i64().unwrap() > 0);
    }
    let json = world.at(NOON).run(&["nightly", "--json"]).exits(0).json();
    assert_eq!(fields(&json), ["backup", "job", "outcome", "stages"]);
    assert_eq!(json["stages"].as_array().unwrap().len(), 5);
    let failed = World::new().run(&["pull", "--json"]).exits(78).json();
    assert_eq!(failed["outcome"], "failed");
    assert!(
        failed["errors"][0]
            .as_str()
            .unwrap()
            .starts_with("LEADS_FILE: "),
        "{failed}"
    );
}

#[test]
fn the_first_line_says_which_endpoints_are_in_force_unless_it_is_to_be_quiet() {
    let world = with_leads();
    let outcome = world.at(MONDAY).run(&["pull"]).exits(0);
    let first = outcome.stderr.lines().next().unwrap_or_default();
    assert_eq!(
        first.trim(),
        "INFO leads: file leads.csv · writer: built-in templates · mail: Maildir outbox · \
         inbox: Maildir inbox"
    );
    assert!(
        !outcome.stderr.contains('\x1b'),
        "no colours without a terminal"
    );
    assert!(
        !outcome.stderr.contains('@'),
        "no addresses in the log: {}",
        outcome.stderr
    );
    assert_eq!(world.at(MONDAY).run(&["pull", "-q"]).exits(0).stderr, "");
    let verbose = world.at(MONDAY).run(&["pull", "-v"]).exits(0).stderr;
    assert!(verbose.contains("DEBUG"), "{verbose}");
    let json = with_leads().env("ENABLE_JSON_LOGS", "true");
    for line in json.at(MONDAY).run(&["pull"]).exits(0).stderr.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "INFO");
    }
}
