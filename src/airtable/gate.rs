//! The gate every call passes: one rate for all processes that share a file.
//!
//! Purpose: a base allows five calls a second to everybody together, so two stages that run at once
//! must take turns. A small file beside the ledger holds the next free slot; whoever wants to call
//! takes it under the file's lock, unlocks, and only then waits for it.
//! Invariants: no two callers hold the same slot; a slot that a closing (a 429) overtook, or that
//! its holder missed, is given up for a new one, so calls `n` slots apart are never closer than `n`
//! gaps less half a gap. The file is never needed to work: without it the process keeps the same
//! order with itself.
//! This module does not know what is called, and the ledger only as whoever counts the calls.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// No wait is longer. A slot further away was written before the clock was set back.
const WAIT_MAX: Duration = Duration::from_mins(10);

/// How long to wait before the lock is tried again, and how often it is tried. Whoever holds it
/// needs microseconds, or as long as the ledger takes to note the calls.
const LOCK_RETRY: Duration = Duration::from_millis(2);
const LOCK_TRIES_MAX: usize = 10_000;

/// Three numbers of twenty digits, a checksum of eight, each with a space or newline behind it.
const RECORD_BYTES: usize = 3 * 21 + 9;

/// How calls are spaced, for every process that shares the file.
#[derive(Debug)]
pub struct Gate {
    gap_ns: u64,
    calls: AtomicU64,
    store: Mutex<Store>,
}

/// Where the state is kept. The mutex around it keeps threads apart, which a lock on one and the
/// same file handle would not.
#[derive(Debug)]
enum Store {
    /// The file has not been needed yet.
    Unopened(PathBuf),
    /// Shared with other processes.
    Shared { file: File, path: PathBuf },
    /// There is no file, or it cannot be used.
    Alone(State),
}

/// What callers agree upon. Instants are nanoseconds since 1970 by the wall clock, the only one
/// that processes share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// The next slot nobody holds.
    free_at: u64,
    /// Slots before this one are void.
    closed_until: u64,
    /// Calls that passed and were not counted in the ledger yet.
    uncounted: u64,
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Go; the call is counted.
    Pass,
    /// The slot is yours; come back with it after the wait.
    Wait { slot: u64, wait: Duration },
}

/// What to do while another process holds the lock.
#[derive(Clone, Copy)]
enum Patience {
    /// Wait until it is free.
    Block,
    /// Come back later.
    Return,
}

impl Gate {
    /// A gate whose state is kept in `file`, which is opened or created when it is first needed.
    /// A `gap` of zero means no spacing at all. Without a file, or with one that cannot be written
    /// (a read-only folder, somebody without rights), the gate is for this process alone; the
    /// latter is logged once.
    pub fn new(file: Option<PathBuf>, gap: Duration) -> Gate {
        Gate {
            gap_ns: nanoseconds(gap.min(WAIT_MAX)),
            calls: AtomicU64::new(0),
            store: Mutex::new(match file {
                Some(path) => Store::Unopened(path),
                None => Store::Alone(State::default()),
            }),
        }
    }

    /// Waits for this caller's slot and counts one call. Slots are `gap` apart whoever takes them,
    /// first come first served.
    pub async fn pass(&self) {
        let mut held = None;
        while let Turn::Wait { slot, wait } = self.turn(held).await {
            tokio::time::sleep(wait).await;
            held = Some(slot);
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Nobody passes for `wait` from now on, at most ten minutes: a 429 is about the base, not
    /// about one process.
    pub fn close_for(&self, wait: Duration) {
        let wait_ns = nanoseconds(wait.min(WAIT_MAX));
        self.with_state(Patience::Block, |state, now| state.close(now, wait_ns));
    }

    /// The calls this process made.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Hands `count` the calls of all processes that nobody has counted yet, if there are any, and
    /// forgets them only if it succeeds. The file stays locked meanwhile, so that two processes do
    /// not count the same calls; `count` must not use the gate.
    pub fn settle<E>(&self, count: impl FnOnce(u64) -> Result<(), E>) -> Result<(), E> {
        let counted = self.with_state(Patience::Block, |state, _| {
            if state.uncounted > 0 {
                count(state.uncounted)?;
                state.uncounted = 0;
            }
            Ok(())
        });
        counted.unwrap_or(Ok(()))
    }

    /// What the caller is to do who holds a slot, or none yet.
    async fn turn(&self, held: Option<u64>) -> Turn {
        for _ in 0..LOCK_TRIES_MAX {
            let act = |state: &mut State, now| state.turn(held, now, self.gap_ns);
            if let Some(turn) = self.with_state(Patience::Return, act) {
                return turn;
            }
            tokio::time::sleep(LOCK_RETRY).await;
        }
        let why = "another process has held its lock for too long";
        self.store().go_alone(&Error::new(ErrorKind::TimedOut, why));
        let act = |state: &mut State, now| state.turn(held, now, self.gap_ns);
        self.with_state(Patience::Return, act).unwrap_or(Turn::Pass)
    }

    /// Acts on the state as it is at this instant, under the lock; none if that is held by another
    /// process and `patience` is not to wait for it.
    fn with_state<T>(
        &self,
        patience: Patience,
        act: impl FnOnce(&mut State, u64) -> T,
    ) -> Option<T> {
        let mut store = self.store();
        let locked = store.open().and_then(|()| store.lock(patience));
        match locked {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => store.go_alone(&error),
        }
        let mut state = match store.read() {
            Ok(state) => state,
            Err(error) => {
                store.go_alone(&error);
                State::default()
            }
        };
        let noted = state.uncounted;
        let now = wall_clock();
        state.forget_nonsense(now);
        let result = act(&mut state, now);
        let written = store.write(state).and_then(|()| store.unlock());
        if let Err(error) = written {
            store.go_alone(&error);
            // The file still holds the calls noted before; somebody else counts them.
            state.uncounted = state.uncounted.saturating_sub(noted);
            *store = Store::Alone(state);
        }
        Some(result)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Whoever panicked meanwhile left a whole state: it is replaced in one piece.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn open(&mut self) -> Result<(), Error> {
        if let Store::Unopened(path) = self {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            let path = std::mem::take(path);
            *self = Store::Shared { file, path };
        }
        Ok(())
    }

    /// Whether the state is ours until [`Store::unlock`].
    fn lock(&self, patience: Patience) -> Result<bool, Error> {
        match (self, patience) {
            (Store::Shared { file, .. }, Patience::Block) => file.lock().map(|()| true),
            (Store::Shared { file, .. }, Patience::Return) => match file.try_lock() {
                Ok(()) => Ok(true),
                Err(TryLockError::WouldBlock) => Ok(false),
                Err(TryLockError::Error(error)) => Err(error),
            },
            (Store::Unopened(_) | Store::Alone(_), _) => Ok(true),
        }
    }

    fn unlock(&self) -> Result<(), Error> {
        match self {
            Store::Shared { file, .. } => file.unlock(),
            Store::Unopened(_) | Store::Alone(_) => Ok(()),
        }
    }

    /// The state; a fresh one when the file holds none or a damaged one.
    fn read(&self) -> Result<State, Error> {
        let file = match self {
            Store::Shared { file, .. } => file,
            Store::Alone(state) => return Ok(*state),
            Store::Unopened(_) => return Ok(State::default()),
        };
        let mut record = [0; RECORD_BYTES];
        match file.read_exact_at(&mut record, 0) {
            Ok(()) => Ok(State::decode(&record).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(State::default()),
            Err(error) => Err(error),
        }
    }

    /// Replaces the state in one write, without making the file shorter first: a process that dies
    /// here leaves the old state or the new one.
    fn write(&mut self, new: State) -> Result<(), Error> {
        match self {
            Store::Shared { file, .. } => file.write_all_at(new.encode().as_bytes(), 0),
            Store::Alone(state) => {
                *state = new;
                Ok(())
            }
            Store::Unopened(_) => Ok(()),
        }
    }

    /// Does without the file from now on. Its lock ends with the handle.
    fn go_alone(&mut self, error: &Error) {
        let path: &Path = match self {
            Store::Unopened(path) | Store::Shared { path, .. } => path,
            Store::Alone(_) => return,
        };
        tracing::info!(
            "cannot use `{}` ({error}): calls to Airtable are spaced for this process alone",
            path.display()
        );
        *self = Store::Alone(State::default());
    }
}

impl State {
    fn turn(&mut self, held: Option<u64>, now: u64, gap_ns: u64) -> Turn {
        let is_good = |slot: &u64| {
            let is_missed = now > slot.saturating_add(gap_ns / 2);
            *slot >= self.closed_until && !is_missed
        };
        let slot = match held.filter(is_good) {
            Some(_) => now, // The wait is over, whatever the wall clock did meanwhile.
            None => {
                let slot = now.max(self.free_at).max(self.closed_until);
                self.free_at = slot.saturating_add(gap_ns);
                slot
            }
        };
        if slot > now {
            let wait = Duration::from_nanos(slot - now);
            return Turn::Wait { slot, wait };
        }
        self.uncounted = self.uncounted.saturating_add(1);
        Turn::Pass
    }

    fn close(&mut self, now: u64, wait_ns: u64) {
        self.closed_until = self.closed_until.max(now.saturating_add(wait_ns));
        self.free_at = self.free_at.max(self.closed_until);
    }

    fn forget_nonsense(&mut self, now: u64) {
        let horizon = now.saturating_add(nanoseconds(WAIT_MAX));
        for at in [&mut self.free_at, &mut self.closed_until] {
            if *at > horizon {
                *at = 0;
            }
        }
    }

    /// One line of a fixed length.
    fn encode(&self) -> String {
        let State {
            free_at,
            closed_until,
            uncounted,
        } = self;
        let numbers = format!("{free_at:020} {closed_until:020} {uncounted:020}");
        let digest = Sha256::digest(&numbers);
        let check = digest.iter().take(4).map(|byte| format!("{byte:02x}"));
        format!("{numbers} {}\n", check.collect::<String>())
    }

    /// The state of a line; none if any byte of it is not as [`State::encode`] writes it.
    fn decode(record: &[u8]) -> Option<State> {
        let mut words = std::str::from_utf8(record).ok()?.split(' ');
        let mut number = || words.next()?.parse().ok();
        let state = State {
            free_at: number()?,
            closed_until: number()?,
            uncounted: number()?,
        };
        (state.encode().as_bytes() == record).then_some(state)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "processes agree on slots by the one clock they share; nothing else follows from it, \
              and a simulated instant must not change how fast the real base is asked"
)]
fn wall_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, nanoseconds)
}

#[cfg(test)]
mod tests;
