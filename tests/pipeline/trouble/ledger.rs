//! A ledger that is elsewhere, damaged, held, or none at all.

use std::fs;

use rusqlite::Connection;

use super::*;

/// Every kind of command: stages, jobs, rehearsals, those that only show, those that change.
const COMMANDS: [&str; 8] = [
    "pull",
    "pull --dry-run",
    "nightly",
    "hourly",
    "status",
    "queue",
    "suppress add a@b.example",
    "backup",
];

/// Every command refuses what stands at `other.db`; with the path mended everything goes on.
#[track_caller]
fn unusable(make: impl Fn(&World), commands: &[&str], text: &str) {
    let world = world_of_ada().env("CAMPAIGN_DATABASE_PATH", "other.db");
    make(&world);
    for command in commands {
        let place = "CAMPAIGN_DATABASE_PATH: cannot use `other.db` as the ledger";
        run(&world, command).fails(78, &[place, text]);
    }
    let doctor = run(&world, "doctor").exits(78);
    assert!(doctor.stdout.contains(text), "{}", doctor.stdout);
    goes_on(&world.env("CAMPAIGN_DATABASE_PATH", "campaigns.db"));
}

#[test]
fn a_directory_in_its_place_is_named() {
    let make = |world: &World| fs::create_dir(world.path("other.db")).unwrap();
    unusable(make, &COMMANDS, "expected a file, found a directory");
}

#[test]
fn a_text_file_in_its_place_is_named_and_left_alone() {
    let text = "dear diary, this is not a database at all\n".repeat(100);
    let make = |world: &World| world.write("other.db", &text);
    unusable(make, &COMMANDS, "file is not a database");
    let world = world_of_ada().env("CAMPAIGN_DATABASE_PATH", "diary.txt");
    world.write("diary.txt", &text);
    run(&world, "nightly").fails(78, &["`diary.txt`"]);
    assert_eq!(world.read("diary.txt"), text);
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let make = |world: &World| {
        let other = Connection::open(world.path("other.db")).unwrap();
        other
            .execute_batch(
                "CREATE TABLE campaigns (id, lead_id); INSERT INTO campaigns VALUES (1, 2);",
            )
            .unwrap();
    };
    unusable(
        make,
        &COMMANDS,
        "found the database of another program; set another path",
    );
}

#[test]
fn a_ledger_made_by_a_newer_program_is_refused() {
    let make = |world: &World| {
        let newer = Connection::open(world.path("other.db")).unwrap();
        newer.pragma_update(None, "user_version", 999).unwrap();
    };
    unusable(
        make,
        &COMMANDS,
        "it was made by a newer outreach (schema 999, this program knows",
    );
}

#[test]
fn a_missing_folder_is_named_by_whoever_needs_it() {
    let world = world_of_ada().env("CAMPAIGN_DATABASE_PATH", "no/such/folder.db");
    for command in ["pull", "nightly", "hourly", "suppress add a@b.example"] {
        run(&world, command).fails(78, &["CAMPAIGN_DATABASE_PATH", "no/such/folder.db"]);
    }
    run(&world, "backup").fails(78, &["no/such/folder.db", "found no file"]);
    assert!(!world.path("no").exists(), "nobody asked for a folder");
    let doctor = run(&world, "doctor").exits(78);
    assert!(doctor.stdout.contains("FAIL  ledger"), "{}", doctor.stdout);
}

/// Overwrites the middle of the ledger, as a failing disk does.
fn damage(world: &World) {
    let path = world.path("campaigns.db");
    let mut bytes = fs::read(&path).unwrap();
    let n = bytes.len();
    bytes[n / 2..].fill(0xaa);
    fs::write(&path, bytes).unwrap();
}

#[test]
fn a_damaged_ledger_is_told_and_its_good_copies_stay() {
    let world = world_of_ada();
    goes_on(&world);
    let copies = || {
        fs::read_dir(world.path("campaigns.db.backups"))
            .unwrap()
            .count()
    };
    assert_eq!(copies(), 1);
    let good = fs::read(world.path("campaigns.db")).unwrap();
    damage(&world);
    let doctor = run(&world, "doctor").exits(78);
    assert!(
        doctor.stdout.contains("restore a backup"),
        "{}",
        doctor.stdout
    );
    // The damage is met on opening or on copying, as the pages happen to lie.
    run(&world, "backup").fails(78, &["the ledger", "restore a backup"]);
    assert_eq!(copies(), 1, "neither a damaged copy nor a part of one");
    fs::write(world.path("campaigns.db"), good).unwrap();
    run(&world, "backup").exits(0);
    assert_eq!(copies(), 2);
}

#[test]
fn a_locked_ledger_is_waited_for_and_then_told_once() {
    let world = world_of_ada();
    run(&world, "pull").exits(0);
    let other = Connection::open(world.path("campaigns.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let texts = [
        "database is locked",
        "another process is using the ledger, try again",
    ];
    let waiting = ["hourly", "pull", "suppress add a@b.example"]
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .map(|args| world.at(MONDAY).spawn(&args));
    // Whoever only reads is not in the way of whoever writes.
    run(&world, "status").exits(0);
    run(&world, "backup").exits(0);
    for running in waiting {
        running.wait().fails(75, &texts);
    }
    other.execute_batch("ROLLBACK").unwrap();
    goes_on(&world);
}
