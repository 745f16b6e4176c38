//! What `report` and `status` cost once a ledger has been kept for long. `tests/measure report
//! [CAMPAIGNS]` runs this in an optimised build over a million campaigns and shows its figures.

use std::time::{Duration, Instant};

use outreach::ledger::Ledger;
use rusqlite::Connection;

use crate::world::World;

/// The statements that make the ledger.
const STATEMENTS: &str = include_str!("large.sql");

/// How many campaigns there are where `MEASURE_CAMPAIGNS` does not say otherwise.
const N_CAMPAIGNS: u64 = 1_000;

/// The end of the year that the ledger covers.
const NOW: &str = "2026-12-31T00:00:00Z";

/// What a million campaigns may take: `report`, its memory, and `status`.
const REPORT_MAX: Duration = Duration::from_secs(5);
const REPORT_KB_MAX: u64 = 256 * 1024;
const STATUS_MAX: Duration = Duration::from_millis(300);
/// What they may take on the disk.
const FILE_BYTES_MAX: u64 = 6_000_000_000;

/// A world whose ledger holds so many campaigns; it vanishes with the world.
fn kept_for_long(n_campaigns: u64) -> World {
    let world = World::new().env("LOG_LEVEL", "error");
    let path = world.path("campaigns.db");
    drop(Ledger::open(&path, NOW.parse().unwrap()).unwrap());
    let ledger = Connection::open(&path).unwrap();
    let statements = STATEMENTS.replace("{campaigns}", &n_campaigns.to_string());
    ledger.execute_batch(&statements).unwrap();
    ledger.pragma_update(None, "journal_mode", "WAL").unwrap();
    world
}

/// How long a command took, how much memory at most, and what it said.
fn cost(world: &World, args: &[&str]) -> (Duration, u64, String) {
    let started = Instant::now();
    let mut command = world.at(NOW).spawn(args);
    let status = format!("/proc/{}/status", command.pid());
    let mut peak_kb = 0;
    while !command.ends_within(Duration::from_millis(5)) {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
        peak_kb = peak.unwrap_or(peak_kb);
    }
    let took = started.elapsed();
    (took, peak_kb, command.wait().exits(0).stdout)
}

#[test]
fn a_report_on_a_million_campaigns_takes_seconds_and_status_an_instant() {
    let wanted = std::env::var("MEASURE_CAMPAIGNS").ok();
    let n = wanted.as_ref().map_or(N_CAMPAIGNS, |n| {
        n.parse().expect("MEASURE_CAMPAIGNS: a whole number")
    });
    let world = kept_for_long(n);
    let bytes = std::fs::metadata(world.path("campaigns.db")).unwrap().len();
    println!("\n{n} campaigns, {} MB", bytes / 1_000_000);
    let mut latest = [Duration::ZERO; 2];
    let mut peak_kb = 0;
    for run in ["first", "second"] {
        for (place, command) in ["report", "status"].into_iter().enumerate() {
            let (took, kb, said) = cost(&world, &[command]);
            println!("{command}, {run} run: {took:>8.2?}, peak {} MB", kb / 1024);
            assert!(said.lines().count() > 5, "{said}");
            latest[place] = took;
            peak_kb = peak_kb.max(kb);
        }
    }
    if wanted.is_some() {
        assert!(bytes <= FILE_BYTES_MAX, "{bytes} bytes");
        assert!(latest[0] <= REPORT_MAX, "report took {:?}", latest[0]);
        assert!(latest[1] <= STATUS_MAX, "status took {:?}", latest[1]);
        assert!(peak_kb <= REPORT_KB_MAX, "{peak_kb} kB of memory");
    }
}

#[test]
fn the_large_ledger_keeps_every_rule_and_its_figures_are_whole() {
    let world = kept_for_long(N_CAMPAIGNS);
    assert_eq!(world.sql("PRAGMA integrity_check"), [["ok"]]);
    let astray = world.sql("PRAGMA foreign_key_check");
    assert!(astray.is_empty(), "{astray:?}");
    let number = |sql: &str| world.sql(sql)[0][0].parse::<u64>().unwrap();
    let sent = number("SELECT count(*) FROM messages WHERE state = 'sent'");
    let engagements = number("SELECT count(*) FROM engagements");
    assert!((2_700..3_000).contains(&sent), "{sent}");
    assert!((1_800..2_200).contains(&engagements), "{engagements}");
    let report = world.at(NOW).run(&["report", "--json"]).exits(0).json();
    assert_eq!(report["totals"]["tally"]["sent"], sent);
    let status = world.at(NOW).run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["messages"]["sent"], sent);
    assert_eq!(
        status["leads"]["rejected: contacted_before"],
        number("SELECT count(*) FROM leads WHERE reject_reason = 'contacted_before'")
    );
}
