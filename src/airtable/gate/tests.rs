//! Turns on a clock of numbers, and gates that share a file.

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::*;

const SECOND: u64 = 1_000_000_000;
const GAP: u64 = SECOND / 4;

/// Plays a history of one state, one line per step, and checks each answer:
/// `0 a` (at second 0 caller `a` comes), `1.5 close 30`; the answers are `pass` or `wait 0.25`.
#[track_caller]
fn check(gap_ns: u64, history: &[(f64, &str, &str)]) {
    let ns = |secs: f64| (secs * 1e9) as u64;
    let mut state = State::default();
    let mut held = std::collections::BTreeMap::new();
    let mut passed = 0;
    for (at, event, expected) in history {
        let now = 1_000 * SECOND + ns(*at);
        state.forget_nonsense(now);
        let answer = if let Some(secs) = event.strip_prefix("close ") {
            state.close(now, ns(secs.parse().unwrap()));
            String::new()
        } else {
            match state.turn(held.remove(event), now, gap_ns) {
                Turn::Pass => {
                    passed += 1;
                    "pass".to_string()
                }
                Turn::Wait { slot, wait } => {
                    assert_eq!(slot, now + nanoseconds(wait), "{at} {event}");
                    held.insert(*event, slot);
                    format!("wait {}", wait.as_secs_f64())
                }
            }
        };
        assert_eq!(answer, *expected, "{at} {event}");
    }
    assert_eq!(state.uncounted, passed);
}

#[test]
fn slots_are_a_gap_apart_whoever_takes_them() {
    check(
        GAP,
        &[
            (0.0, "a", "pass"),
            (0.0, "b", "wait 0.25"),
            (0.0, "c", "wait 0.5"),
            (0.125, "a", "wait 0.625"),
            (0.25, "b", "pass"),
            (0.5, "c", "pass"),
            (0.75, "a", "pass"),
            // An unused second is not made up for.
            (2.0, "a", "pass"),
            (2.0, "b", "wait 0.25"),
        ],
    );
}

#[test]
fn a_closing_voids_the_slots_before_its_end() {
    check(
        GAP,
        &[
            (0.0, "a", "pass"),
            (0.0, "b", "wait 0.25"),
            (0.125, "close 30", ""),
            (0.25, "b", "wait 29.875"),
            (0.25, "c", "wait 30.125"),
            // A shorter one changes nothing.
            (1.0, "close 1", ""),
            (30.125, "b", "pass"),
            (30.375, "c", "pass"),
        ],
    );
    // A slot after the end stays good.
    check(
        GAP,
        &[
            (0.0, "a", "pass"),
            (0.0, "b", "wait 0.25"),
            (0.0, "c", "wait 0.5"),
            (0.125, "close 0.25", ""),
            (0.25, "b", "wait 0.5"),
            (0.5, "c", "pass"),
            (0.75, "b", "pass"),
        ],
    );
}

#[test]
fn a_missed_slot_is_given_up() {
    check(
        GAP,
        &[
            (0.0, "a", "pass"),
            (0.0, "b", "wait 0.25"),
            (0.0, "c", "wait 0.5"),
            // Within half a gap it is still good; later it would come too near to the next.
            (0.375, "b", "pass"),
            (0.75, "c", "pass"),
        ],
    );
    check(
        GAP,
        &[
            (0.0, "a", "pass"),
            (0.0, "b", "wait 0.25"),
            (0.0, "c", "wait 0.5"),
            (0.4375, "b", "wait 0.3125"),
            (0.5, "c", "pass"),
            // After a sleep of the whole machine nobody waits twice.
            (60.0, "b", "pass"),
        ],
    );
}

#[test]
fn without_a_gap_only_a_closing_holds() {
    check(
        0,
        &[
            (0.0, "a", "pass"),
            (0.0, "b", "pass"),
            (0.0, "close 2", ""),
            (0.5, "a", "wait 1.5"),
            (0.5, "b", "wait 1.5"),
            (2.0, "a", "pass"),
            (2.5, "b", "pass"),
        ],
    );
}

#[test]
fn a_clock_that_was_set_back_does_not_hold_anybody() {
    check(
        GAP,
        &[
            (900.0, "a", "pass"),
            (900.0, "close 60", ""),
            // By more than ten minutes: what was written is nonsense.
            (0.0, "a", "pass"),
            // By less: the wait is served once, whatever the clock says at its end.
            (0.0, "close 600", ""),
            (0.0, "b", "wait 600"),
            (1.0, "b", "pass"),
        ],
    );
}

#[test]
fn a_record_is_read_back_or_not_at_all() {
    let state = State {
        free_at: 1_772_452_800_250_000_000,
        closed_until: u64::MAX,
        uncounted: 7,
    };
    let record = state.encode();
    assert_eq!(record.len(), RECORD_BYTES);
    assert_eq!(State::decode(record.as_bytes()), Some(state));
    for at in 0..record.len() {
        let mut damaged = record.clone().into_bytes();
        damaged[at] ^= 1;
        assert_eq!(State::decode(&damaged), None, "byte {at}");
        assert_eq!(State::decode(&record.as_bytes()[..at]), None, "{at} bytes");
    }
}

/// A folder and the path of a state file in it.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db.airtable");
    (dir, path)
}

fn gate(path: &Path, gap_ms: u64) -> Gate {
    Gate::new(Some(path.to_path_buf()), Duration::from_millis(gap_ms))
}

/// Passes a gate some times, and says how long that took.
fn pass(gate: &Gate, times: usize) -> Duration {
    let began = Instant::now();
    run(async {
        for _ in 0..times {
            gate.pass().await;
        }
    });
    began.elapsed()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}

/// The calls nobody has counted, now counted.
fn settled(gate: &Gate) -> u64 {
    let mut counted = 0;
    gate.settle(|calls| {
        counted = calls;
        Ok::<_, ()>(())
    })
    .unwrap();
    counted
}

#[test]
fn gates_of_one_file_take_turns() {
    let (_dir, path) = folder();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let gate = gate(&path, 20);
                pass(&gate, 5);
                assert_eq!(gate.calls(), 5);
            });
        }
    });
    // Twenty slots; alone each of the four would have needed 80 ms.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(19 * 20), "{took:?}");
    assert_eq!(settled(&gate(&path, 20)), 20);
}

#[test]
fn no_call_is_lost_however_many_come_at_once() {
    let (_dir, path) = folder();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| pass(&gate(&path, 0), 250));
        }
    });
    assert_eq!(settled(&gate(&path, 0)), 1_000);
}

#[test]
fn tasks_of_one_gate_take_turns() {
    let (_dir, path) = folder();
    let gate = gate(&path, 20);
    let began = Instant::now();
    run(async { tokio::join!(gate.pass(), gate.pass(), gate.pass()) });
    assert!(began.elapsed() >= Duration::from_millis(40));
    assert_eq!((gate.calls(), settled(&gate)), (3, 3));
}

#[test]
fn a_closed_gate_is_closed_to_everybody() {
    let (_dir, path) = folder();
    let (ours, theirs) = (gate(&path, 50), gate(&path, 50));
    let began = Instant::now();
    pass(&ours, 1);
    // We hold the slot of 50 ms when they learn that nothing succeeds for longer.
    run(async {
        tokio::join!(ours.pass(), async {
            theirs.close_for(Duration::from_millis(200))
        })
    });
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!((ours.calls(), theirs.calls()), (2, 0));
}

#[test]
fn a_lock_that_is_held_delays_and_does_not_break() {
    let (_dir, path) = folder();
    let holder = File::create(&path).unwrap();
    holder.lock().unwrap();
    let gate = gate(&path, 0);
    run(async {
        let mut passing = std::pin::pin!(gate.pass());
        let waited = tokio::time::timeout(Duration::from_millis(30), &mut passing);
        assert!(waited.await.is_err(), "it passed a locked gate");
        holder.unlock().unwrap();
        passing.await;
    });
    assert_eq!(settled(&gate), 1);
}

#[test]
fn calls_are_forgotten_only_once_they_are_counted() {
    let (_dir, path) = folder();
    let (ours, theirs) = (gate(&path, 0), gate(&path, 0));
    pass(&ours, 3);
    pass(&theirs, 2);
    assert_eq!(ours.settle(Err), Err(5));
    pass(&ours, 1);
    assert_eq!(settled(&theirs), 6);
    // With nothing to count nobody is asked.
    assert_eq!(ours.settle(Err), Ok(()));
    assert_eq!((ours.calls(), theirs.calls()), (4, 2));
}

#[test]
fn nobody_counts_calls_that_are_being_counted() {
    let (_dir, path) = folder();
    let (ours, theirs) = (gate(&path, 0), gate(&path, 0));
    pass(&ours, 3);
    std::thread::scope(|scope| {
        let mut other = None;
        ours.settle(|calls| {
            assert_eq!(calls, 3);
            other = Some(scope.spawn(|| settled(&theirs)));
            let file = File::open(&path).unwrap();
            assert!(matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(other.unwrap().join().unwrap(), 0);
    });
}

#[test]
fn a_file_with_anything_in_it_is_begun_anew() {
    let (_dir, path) = folder();
    let good = State {
        uncounted: 9,
        ..State::default()
    }
    .encode();
    let damaged = good.replacen('9', "8", 1);
    for (content, uncounted) in [
        ("", 1),
        (&good[..40], 1),
        (&damaged, 1),
        ("not ours\n", 1),
        (&"\u{fe}".repeat(5_000), 1),
        (&good, 10),
        (&format!("{good}and more"), 10),
    ] {
        std::fs::write(&path, content).unwrap();
        let gate = gate(&path, 5_000);
        assert!(pass(&gate, 1) < Duration::from_secs(5), "{content}");
        assert_eq!(settled(&gate), uncounted, "{content}");
    }
}

#[test]
fn the_file_is_for_its_owner_only() {
    let (_dir, path) = folder();
    let gate = gate(&path, 0);
    assert!(!path.exists(), "it is opened when it is needed");
    pass(&gate, 1);
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn without_a_file_the_process_is_spaced_alone() {
    let (dir, path) = folder();
    let unusable = [
        None,
        Some(dir.path().to_path_buf()),
        Some(path.join("in/no/folder")),
        // Opened, but nothing can be kept in it.
        Some(PathBuf::from("/dev/full")),
    ];
    for file in unusable {
        let gate = Gate::new(file.clone(), Duration::from_millis(20));
        let took = pass(&gate, 3);
        assert!(took >= Duration::from_millis(40), "{file:?} {took:?}");
        assert_eq!((gate.calls(), settled(&gate)), (3, 3), "{file:?}");
        gate.close_for(Duration::from_millis(60));
        let took = pass(&gate, 1);
        assert!(took >= Duration::from_millis(60), "{file:?} {took:?}");
    }
}
