//! What the sync costs: calls as the base counts them, time as the rate allows it.
//!
//! `tests/measure airtable [LEADS]` runs these in an optimised build and shows their figures.

use std::time::{Duration, Instant};

use super::*;

/// How many leads [`reading_a_base_costs_a_call_for_a_hundred_leads`] reads, where
/// `MEASURE_LEADS` does not say otherwise.
const N_LEADS: usize = 50_000;

/// What a run took.
struct Cost {
    calls: u64,
    time: Duration,
    /// The most memory it held.
    peak_kb: u64,
}

/// Runs a stage that must succeed and watches it.
#[track_caller]
fn cost(office: &Office, minute: i64, args: &[&str]) -> Cost {
    let n_before = office.airtable.calls();
    let started = Instant::now();
    let mut running = office.start(minute, args);
    let status = format!("/proc/{}/status", running.pid());
    let mut peak_kb = 0;
    while !running.ends_within(Duration::from_millis(5)) {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
        peak_kb = peak.unwrap_or(peak_kb);
    }
    let time = started.elapsed();
    running.wait().exits(0);
    let calls = office.airtable.calls() - n_before;
    let shown = args.join(" ");
    println!(
        "{shown:<24} {calls:>5} calls {:>8.2} s {:>5} MB",
        time.as_secs_f64(),
        peak_kb / 1024
    );
    Cost {
        calls,
        time,
        peak_kb,
    }
}

#[test]
fn reading_a_base_costs_a_call_for_a_hundred_leads() {
    let n_leads = std::env::var("MEASURE_LEADS");
    let n_leads = n_leads.map_or(N_LEADS, |n| n.parse().expect("MEASURE_LEADS: a number"));
    let (office, ids) = Office::with_leads(n_leads);
    println!("\n{n_leads} leads, no limit of calls a second:");
    let first = cost(&office, 0, &["pull"]);
    assert_eq!(
        office.row("SELECT count(*) FROM leads"),
        n_leads.to_string()
    );
    // The schema, and the pages; 502 for 50,000 would do.
    assert_eq!(first.calls, 1 + n_leads.div_ceil(100) as u64);
    assert!(first.peak_kb <= 64 * 1024, "{} kB", first.peak_kb);
    let rate = n_leads as f64 / first.time.as_secs_f64();
    println!("{rate:.0} leads a second");

    assert_eq!(cost(&office, 60, &["pull"]).calls, 1, "nothing changed");
    office.airtable.set_now(instant(70));
    for id in &ids[..300] {
        office.airtable.set(id, "City", json!("Berlin"));
    }
    let some = cost(&office, 75, &["pull"]).calls;
    assert!(some <= 4, "300 changed: {some} calls");
    assert_eq!(
        office.row("SELECT count(*) FROM leads WHERE fields LIKE '%Berlin%'"),
        "300"
    );
}

#[test]
fn pushing_costs_a_call_for_ten_changed_leads_and_nothing_else_does() {
    let (office, _) = Office::with_leads(300);
    office.begin(0);
    assert_eq!(cost(&office, 10, &["push"]).calls, 30, "300 changed leads");
    let updates = office.airtable.take_updates();
    assert!(
        updates
            .iter()
            .all(|update| update.as_array().unwrap().len() == 10)
    );
    assert_eq!(cost(&office, 20, &["push"]).calls, 0, "nothing changed");
    // What we wrote ourselves is no news.
    assert_eq!(cost(&office, 30, &["pull"]).calls, 1);
    assert_eq!(
        office.row("SELECT counts ->> 'read' FROM runs ORDER BY id DESC"),
        "0"
    );
    // A mail to each of 130 leads: a cell that people share as well.
    office.ok(40, &["send", "--limit", "130"]);
    let shared = cost(&office, 50, &["push"]).calls;
    assert_eq!(shared, 13 + 2, "130 changed leads, each with a shared cell");
    assert_eq!(cost(&office, 60, &["push"]).calls, 0);
    assert_eq!(office.airtable.rate_refusals(), 0);
}

#[test]
fn one_lead_changed_with_many_is_no_call_of_its_own() {
    let (office, ids) = Office::with_leads(45);
    office.begin(0);
    office.ok(10, &["push"]);
    office.ok(20, &["send", "--limit", "3"]);
    // Twenty more with own cells only: a date that moved.
    for id in &ids[..20] {
        office.airtable.set(id, "Campaign_Command", json!("Pause"));
    }
    office.ok(30, &["pull"]);
    let n_changed = office.row("SELECT count(*) FROM leads WHERE revision > pushed_revision");
    let n_changed: u64 = n_changed.parse().unwrap();
    let n_calls = cost(&office, 40, &["push"]).calls;
    assert_eq!(n_calls, n_changed.div_ceil(10) + 1, "{n_changed} changed");
    assert_eq!(office.calls_of(50, &["push"]), 0);
}

/// At four calls a second, a tenth for everything else; in a build without optimisation on a machine
/// that does much at once, as much again.
#[track_caller]
fn takes_no_longer_than_it_must(n_calls: u64, time: Duration) {
    let allowed = Duration::from_millis(n_calls * 1_000 / 4);
    let ratio = time.as_secs_f64() / allowed.as_secs_f64();
    println!("{n_calls} calls took {ratio:.2} of what the rate asks");
    let ratio_max = if cfg!(debug_assertions) { 2.0 } else { 1.1 };
    assert!(ratio <= ratio_max, "{n_calls} calls in {time:?}");
}

/// The pace that is kept where nobody says otherwise, and the base's real limit.
fn keep_the_pace(office: &mut Office) {
    office.world.set_env("AIRTABLE_CALLS_PER_SECOND", "4");
    office.airtable.limit_the_rate();
}

#[test]
fn a_pull_takes_as_long_as_the_rate_asks_and_no_longer() {
    let (mut office, _) = Office::with_leads(3_000);
    keep_the_pace(&mut office);
    let first = cost(&office, 0, &["pull"]);
    assert_eq!(first.calls, 31);
    takes_no_longer_than_it_must(first.calls, first.time);
    assert_eq!(office.airtable.rate_refusals(), 0);
    assert!(office.airtable.largest_burst() <= 5);
}

#[test]
fn two_stages_at_once_keep_to_the_rate_together() {
    let (mut office, _) = Office::with_leads(1_000);
    office.begin(0);
    let more = |number| lead(1_000 + number);
    office.airtable.insert_many(1_000, more);
    keep_the_pace(&mut office);
    let n_before = office.airtable.calls();
    let started = Instant::now();
    let pull = office.start(10, &["pull", "--full"]);
    let push = office.start(10, &["push", "--limit", "150"]);
    pull.wait().exits(0);
    push.wait().exits(0);
    let time = started.elapsed();
    let n_calls = office.airtable.calls() - n_before;
    assert_eq!(n_calls, 1 + 20 + 15);
    assert_eq!(office.airtable.rate_refusals(), 0);
    assert!(
        office.airtable.largest_burst() <= 5,
        "{}",
        office.airtable.largest_burst()
    );
    takes_no_longer_than_it_must(n_calls, time);
}
