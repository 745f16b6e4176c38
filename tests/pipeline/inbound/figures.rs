//! How fast mail is judged, and that no broken mail takes long or much memory.
//!
//! `tests/measure classify [SECONDS]` and `tests/measure fuzz [EXECUTIONS]` run these at full size.

use std::time::{Duration, Instant};

use outreach::inbound::read;
use proptest::test_runner::{Config, TestRunner};

use super::{assert_clean, fixtures, mutilated, mutilations, ours};

/// What a judgement may take: a second where the build is optimised.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 1 });
/// How much memory judging may add, in kB.
const MEMORY_KB_MAX: u64 = 64 << 10;

fn setting(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

fn mails() -> Vec<Vec<u8>> {
    let read = |path| std::fs::read(path).unwrap();
    fixtures().into_iter().map(read).collect()
}

/// The most memory this process ever held, in kB (proc(5)).
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap().trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn broken_mail_takes_neither_long_nor_much_memory() {
    let executions = setting("MEASURE_EXECUTIONS");
    let mails = mails();
    let before = peak_kb();
    let mut slowest = Duration::ZERO;
    let config = Config {
        cases: executions.unwrap_or(300),
        failure_persistence: None,
        ..Config::default()
    };
    let started = Instant::now();
    let slowest_seen = std::cell::Cell::new(slowest);
    TestRunner::new(config)
        .run(&mutilations(), |(pick, other, edits)| {
            let raw = mutilated(
                &mails[pick.index(mails.len())],
                &mails[other.index(mails.len())],
                &edits,
            );
            let started = Instant::now();
            let inbound = read(&raw, &ours());
            let took = started.elapsed();
            assert!(took < PATIENCE, "{took:?} for {raw:?}");
            slowest_seen.set(slowest_seen.get().max(took));
            assert_clean(&inbound, "mutilated");
            Ok(())
        })
        .unwrap();
    slowest = slowest.max(slowest_seen.get());
    let grown = peak_kb() - before;
    println!(
        "{} broken mails in {:.0?}: no panic, the slowest took {slowest:.1?}, memory grew by {} MB",
        executions.unwrap_or(300),
        started.elapsed(),
        grown >> 10
    );
    // Tests beside it in the same process count, too; alone it is held to the limit.
    assert!(executions.is_none() || grown <= MEMORY_KB_MAX, "{grown} kB");
}

#[test]
fn mail_is_judged_fast() {
    let seconds = setting("MEASURE_SECONDS");
    let mails = mails();
    for raw in &mails {
        read(raw, &ours());
    }
    let duration = Duration::from_secs(u64::from(seconds.unwrap_or(1)));
    let started = Instant::now();
    let mut judged = 0_u32;
    while started.elapsed() < duration {
        for raw in &mails {
            std::hint::black_box(read(raw, &ours()));
        }
        judged += u32::try_from(mails.len()).unwrap();
    }
    let rate = f64::from(judged) / started.elapsed().as_secs_f64();
    println!(
        "{rate:.0} mails a second on one core, over {} mails",
        mails.len()
    );
    assert!(rate > 50.0, "{rate:.0} mails a second");
    assert!(
        seconds.is_none() || rate >= 5_000.0,
        "expected at least 5,000 mails a second, found {rate:.0}"
    );
}
