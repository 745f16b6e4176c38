//! Files of leads that are missing, torn or not what they say.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use super::*;

const HEADER: &str = "Full Name,Email,Company,Email_Confidence_Level,Engagement_Status";
const ADA: &str = "Ada Lovelace,ada@engines.example,Engines,Real,";

/// `pull` of a file with these bytes fails with one line; then the good file goes on.
#[track_caller]
fn refused(name: &str, bytes: impl AsRef<[u8]>, texts: &[&str]) {
    let world = World::new().env("LEADS_FILE", name);
    world.write(name, bytes);
    run(&world, "pull").fails(78, texts);
    assert_eq!(
        world.sql("SELECT count(*) FROM leads"),
        [["0"]],
        "all or nothing"
    );
    world.write("good.csv", format!("{HEADER}\n{ADA}\n"));
    goes_on(&world.env("LEADS_FILE", "good.csv"));
}

#[test]
fn a_file_that_is_not_there_or_no_file_is_named() {
    let world = World::new();
    run(&world, "pull").fails(78, &["LEADS_FILE: expected", "found neither"]);
    let world = world.env("LEADS_FILE", "none.csv");
    run(&world, "pull").fails(78, &["`none.csv`", "found none", "set LEADS_FILE"]);
    fs::create_dir(world.path("folder")).unwrap();
    let world = world.env("LEADS_FILE", "folder");
    run(&world, "pull").fails(78, &["`folder`: expected a file, found a directory"]);
    run(&world, "nightly").fails(78, &["`folder`"]);
    run(&world, "doctor").exits(78).errors();
}

#[test]
fn a_pipe_nobody_writes_to_is_refused_instead_of_waited_for() {
    let world = World::new().env("LEADS_FILE", "pipe.csv");
    let made = Command::new("mkfifo").arg(world.path("pipe.csv")).status();
    assert!(made.unwrap().success());
    let running = world.at(MONDAY).spawn(&["pull"]);
    let outcome = running.wait_within(Duration::from_secs(30));
    outcome
        .expect("it waits for the pipe")
        .fails(78, &["`pipe.csv`: expected a file"]);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let world = world_of_ada();
    let file = world.path("leads.csv");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&file).is_ok() {
        eprintln!("SKIPPED: this user (root?) may read everything");
        return;
    }
    run(&world, "pull").fails(78, &["leads.csv", "Permission denied"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    goes_on(&world);
}

#[test]
fn an_empty_file_is_no_table() {
    refused("leads.csv", "", &["`leads.csv`", "found an empty file"]);
    refused("leads.csv", "\u{feff} \n\n", &["found an empty file"]);
    refused("leads.json", "", &["found an empty file"]);
}

#[test]
fn wrong_missing_and_doubled_columns_are_named() {
    let required = "`Full Name`, `Email`, `Company`";
    refused(
        "leads.csv",
        "Foo,Bar\n1,2\n",
        &["line 1", required, "found `Foo`, `Bar`"],
    );
    let header = HEADER.replace("Email,", "Mail,");
    refused(
        "leads.csv",
        format!("{header}\n{ADA}\n"),
        &["`Email`", "`Mail`"],
    );
    let header = format!("{HEADER},Email");
    refused(
        "leads.csv",
        format!("{header}\n{ADA},x\n"),
        &["found `Email` twice"],
    );
    let header = HEADER.replace(',', ";");
    refused(
        "leads.csv",
        format!("{header}\n"),
        &["separated by commas, found ';'"],
    );
}

#[test]
fn a_table_without_rows_is_no_mistake() {
    let world = World::new().env("LEADS_FILE", "leads.csv");
    world.write("leads.csv", format!("{HEADER}\r\n"));
    assert!(run(&world, "nightly").exits(0).errors().is_empty());
}

#[test]
fn torn_rows_are_refused_with_their_line_and_none_is_taken() {
    let before = format!("{HEADER}\n{ADA}\n");
    let with = |row: &[u8]| [before.as_bytes(), row].concat();
    let line_3 = "`leads.csv`, line 3 (row 2)";
    refused(
        "leads.csv",
        with(b"Bob \xff Stone,bob@stone.example,S,Real,\n"),
        &[line_3, "0xff"],
    );
    refused(
        "leads.csv",
        with(b"\"Bob Stone,bob@stone.example,S,Real,\n"),
        &[line_3, "quote"],
    );
    refused(
        "leads.csv",
        with(b"Bob Stone,bob@stone.example\n"),
        &[line_3, "found 2"],
    );
    refused("leads.csv", with(b"\"Bob"), &[line_3, "quote left open"]);
    let utf16: Vec<u8> = "\u{feff}Full Name"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    refused("leads.csv", utf16, &["found UTF-16"]);
}

#[test]
fn nul_bytes_reach_neither_a_header_nor_the_ledger() {
    let world = World::new().env("LEADS_FILE", "leads.csv");
    let row = "Ada\0 Lovelace,ada@engines.example,Eng\0ines,Real,";
    world.write(
        "leads.csv",
        format!("{HEADER}\n{row}\n\0\0,\0@x.example,\0,Real,\n"),
    );
    run(&world, "nightly").exits(0).errors();
    run(&world, "hourly").exits(0).errors();
    for mail in world.maildir_files() {
        assert!(!mail.raw.contains(&0));
    }
    let bad = world.sql("SELECT reject_reason IS NULL FROM leads WHERE id = 2");
    assert_eq!(bad, [["0"]]);
}

#[test]
fn broken_json_is_refused_with_its_place() {
    let expected = "expected {\"records\":[…]} or an array of objects";
    refused(
        "leads.json",
        "garbage",
        &["leads.json", expected, "line 1, column 1"],
    );
    refused(
        "leads.json",
        "{\"records\":[{\"id\":\"rec1\",\"fields\":{\"Na",
        &["EOF", "line 1"],
    );
    refused("leads.json", "[1, 2]", &[expected]);
    refused("leads.json", "{}", &[expected, "without `records`"]);
    refused("leads.json", "[".repeat(300_000), &["leads.json"]);
    let deep = format!("[{{\"a\":{}1{}}}]", "[".repeat(5_000), "]".repeat(5_000));
    refused("leads.json", deep, &["recursion limit"]);
}

#[test]
fn a_row_of_a_hundred_megabytes_costs_neither_memory_nor_time() {
    for (name, start) in [
        ("leads.csv", format!("{HEADER}\n{ADA}\n\"Bob")),
        ("leads.json", "[{\"Full Name\":\"".to_string()),
    ] {
        let world = World::new().env("LEADS_FILE", name);
        let mut bytes = start.into_bytes();
        bytes.resize(100 << 20, b'x');
        world.write(name, bytes);
        // 300 MB of address space are enough for the program, and not for the program and the row.
        let limit = ["prlimit", "--as=300000000", "--cpu=20"];
        let outcome = world.at(MONDAY).spawn_through(&limit, &["pull"]).wait();
        outcome.fails(78, &[name, "of at most 4 MB, found a larger one"]);
        assert_eq!(world.sql("SELECT count(*) FROM leads"), [["0"]]);
    }
}

#[test]
fn several_addresses_of_one_mailbox_are_one_person() {
    let world = World::new().env("LEADS_FILE", "leads.csv");
    let lead = |name: &str, email: &str| format!("{name},{email},Engines,Real,\n");
    let rows = [
        lead("Ada Lovelace", "ada@engines.example"),
        lead("Ada Byron", "Ada+news@engines.example"),
        lead("Nora Lind", "nora.lind@gmail.com"),
        lead("Nora Lind", "noralind+work@googlemail.com"),
        lead("Otto Hahn", "otto@engines.example"),
    ];
    world.write("leads.csv", format!("{HEADER}\n{}", rows.concat()));
    run(&world, "pull").exits(0);
    let verdicts = "SELECT email, verdict, coalesce(reject_reason, '') FROM leads ORDER BY id";
    assert_eq!(
        world.sql(verdicts),
        [
            ["ada@engines.example", "eligible", ""],
            ["ada+news@engines.example", "rejected", "duplicate"],
            ["nora.lind@gmail.com", "eligible", ""],
            ["noralind+work@googlemail.com", "rejected", "duplicate"],
            ["otto@engines.example", "eligible", ""],
        ]
    );
    let first = world
        .sql("SELECT record_id FROM leads ORDER BY id LIMIT 1")
        .concat();
    let detail = "SELECT reject_detail FROM leads WHERE email LIKE 'ada+%'";
    assert!(
        world.sql(detail)[0][0].contains(&first[0]),
        "it names the first"
    );
}
