//! How fast a server may be asked, for all requests together.
//!
//! Purpose: one request that is told to slow down slows all of them; requests wait here, not at the
//! server's door.
//! Invariant: after a refusal for the rate fewer go at once, and nobody goes before the instant the
//! server named; every answer lets a little more through.
//! Sources: RFC 9110, 10.2.3 (Retry-After); platform.openai.com/docs/guides/rate-limits
//! (x-ratelimit-*). This module does not know what is asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// The gate that every request passes.
pub(super) struct Pace {
    state: Mutex<State>,
    changed: Notify,
}

/// How patient the gate is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The pause after a refusal that names none; doubled with each that follows.
    pub backoff: Duration,
    /// The longest pause within a run.
    pub wait_max: Duration,
    /// Refusals in a row, each of a request that began after the one before, that end a run.
    pub refusals_max: u32,
}

struct State {
    bounds: Bounds,
    /// Nobody asks before.
    open_at: Option<Instant>,
    /// How many may be on their way at once.
    window: f64,
    on_their_way: usize,
    /// Refusals for the rate since the last answer, counted once for requests made together.
    refusals: u32,
    refused_at: Option<Instant>,
    answers: u64,
    closed: bool,
}

/// Whether a request may leave.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Now,
    At(Instant),
    WhenAnotherIsBack,
    Never,
}

/// The run was told to end: no further request may leave.
#[derive(Debug)]
pub(super) struct Closed;

/// A request on its way.
pub(super) struct Turn<'a> {
    pace: &'a Pace,
    began: Instant,
}

impl Pace {
    pub(super) fn new(bounds: Bounds) -> Pace {
        Pace {
            state: Mutex::new(State::new(bounds)),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may leave.
    pub(super) async fn enter(&self) -> Result<Turn<'_>, Closed> {
        loop {
            let changed = self.changed.notified();
            let now = Instant::now();
            let entry = self.state().enter(now);
            match entry {
                Entry::Now => {
                    return Ok(Turn {
                        pace: self,
                        began: now,
                    });
                }
                // Woken by a change or by time; either way the loop looks again.
                Entry::At(at) => drop(timeout_at(at, changed).await),
                Entry::WhenAnotherIsBack => changed.await,
                Entry::Never => return Err(Closed),
            }
        }
    }

    /// Waits, unless no further request may leave anyway.
    pub(super) async fn rest(&self, pause: Duration) -> Result<(), Closed> {
        let until = Instant::now() + pause;
        loop {
            let changed = self.changed.notified();
            if self.state().closed {
                return Err(Closed);
            }
            if timeout_at(until, changed).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Lets no further request leave; those on their way may finish.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_waiters();
    }

    /// How many answers came so far: whether the server answers others.
    pub(super) fn answers(&self) -> u64 {
        self.state().answers
    }
}

impl State {
    fn new(bounds: Bounds) -> State {
        State {
            bounds,
            open_at: None,
            window: f64::INFINITY,
            on_their_way: 0,
            refusals: 0,
            refused_at: None,
            answers: 0,
            closed: false,
        }
    }

    fn enter(&mut self, now: Instant) -> Entry {
        if self.closed {
            return Entry::Never;
        }
        if let Some(at) = self.open_at.filter(|at| *at > now) {
            return Entry::At(at);
        }
        if self.on_their_way as f64 >= self.window.floor() {
            return Entry::WhenAnotherIsBack;
        }
        self.on_their_way += 1;
        Entry::Now
    }

    /// Holds everybody.
    fn hold(&mut self, now: Instant, pause: Duration) {
        let until = now + pause.min(self.bounds.wait_max);
        self.open_at = Some(self.open_at.map_or(until, |at| at.max(until)));
    }

    fn answered(&mut self, now: Instant, pause: Option<Duration>) {
        self.answers += 1;
        self.refusals = 0;
        self.refused_at = None;
        self.window += 1.0 / self.window.max(1.0);
        if let Some(pause) = pause {
            self.hold(now, pause);
        }
    }

    fn refused(
        &mut self,
        began: Instant,
        now: Instant,
        asked: Option<Duration>,
    ) -> Result<(), Duration> {
        if self.refused_at.is_none_or(|at| began >= at) {
            self.refusals += 1;
            self.refused_at = Some(now);
            self.window = (self.on_their_way as f64 / 2.0).floor().max(1.0);
        }
        let Bounds {
            backoff,
            wait_max,
            refusals_max,
        } = self.bounds;
        let doubled = 2_u32.saturating_pow(self.refusals.saturating_sub(1).min(16));
        let pause = asked.unwrap_or(backoff.saturating_mul(doubled).min(wait_max));
        if pause > wait_max || self.refusals > refusals_max {
            return Err(pause);
        }
        self.hold(now, pause);
        Ok(())
    }
}

impl Turn<'_> {
    /// The server gave an answer, whatever it says, to a request of so many tokens.
    pub(super) fn answered(&self, headers: &HeaderMap, tokens: u64) {
        let pause = used_up(headers, tokens);
        self.pace.state().answered(Instant::now(), pause);
    }

    /// The server wants a pause: everybody waits. An error when the pause is longer than a run may
    /// wait, or when pauses do not help; it tells the pause.
    pub(super) fn refused(&self, headers: &HeaderMap) -> Result<(), Duration> {
        let asked = retry_after(headers).or_else(|| used_up(headers, 0));
        let mut state = self.pace.state();
        state.refused(self.began, Instant::now(), asked)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.on_their_way = state.on_their_way.saturating_sub(1);
        drop(state);
        self.pace.changed.notify_waiters();
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// The pause a server asks for, in seconds or, as OpenAI and Azure also say it, in milliseconds.
/// The form with a date is not used by servers of this kind and is ignored.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| header(headers, name)?.parse::<f64>().ok();
    let millis = number("retry-after-ms").map(|millis| millis / 1000.0);
    Duration::try_from_secs_f64(millis.or_else(|| number("retry-after"))?).ok()
}

/// How long until there is room again, when the headers say that there is none for a request of so
/// many tokens.
fn used_up(headers: &HeaderMap, tokens: u64) -> Option<Duration> {
    let pause = |what: &str, needed: u64| {
        let remaining = header(headers, &format!("x-ratelimit-remaining-{what}"))?;
        let remaining: u64 = remaining.parse().ok()?;
        let reset = header(headers, &format!("x-ratelimit-reset-{what}"))?;
        parse_reset(reset).filter(|_| remaining < needed)
    };
    pause("requests", 1).max(pause("tokens", tokens.max(1)))
}

/// A duration such as `1s`, `6m0s`, `1h2m3.5s`, `20ms`, or bare seconds.
fn parse_reset(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = (rest.get(..end)?, rest.get(end..)?);
        let number: f64 = number.parse().ok()?;
        let (factor, length) = match unit {
            unit if unit.starts_with("ms") => (0.001, 2),
            unit if unit.starts_with('s') => (1.0, 1),
            unit if unit.starts_with('m') => (60.0, 1),
            unit if unit.starts_with('h') => (3_600.0, 1),
            unit if unit.starts_with('d') => (86_400.0, 1),
            _ => return None,
        };
        seconds += number * factor;
        rest = unit.get(length..)?;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let pairs = lines.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        pairs.collect()
    }

    #[track_caller]
    fn check(lines: &[(&str, &str)], asked_ms: Option<u64>, used_up_ms: Option<u64>) {
        let headers = headers(lines);
        let millis = |pause: Option<Duration>| pause.map(|pause| pause.as_millis() as u64);
        assert_eq!(millis(retry_after(&headers)), asked_ms, "{lines:?}");
        assert_eq!(millis(used_up(&headers, 100)), used_up_ms, "{lines:?}");
    }

    #[test]
    fn pauses_are_read_out_of_headers_as_servers_write_them() {
        check(&[("retry-after", "7")], Some(7_000), None);
        check(
            &[("retry-after", "7"), ("retry-after-ms", "250")],
            Some(250),
            None,
        );
        for odd in [
            "-1",
            "soon",
            "NaN",
            "1e300",
            "Wed, 21 Oct 2026 07:28:00 GMT",
        ] {
            check(&[("retry-after", odd)], None, None);
        }
        let requests = |left, reset| {
            [
                ("x-ratelimit-remaining-requests", left),
                ("x-ratelimit-reset-requests", reset),
            ]
        };
        check(&requests("0", "6m0s"), None, Some(360_000));
        check(&requests("0", "20ms"), None, Some(20));
        check(&requests("0", "1h2m3.5s"), None, Some(3_723_500));
        check(&requests("0", "1.5"), None, Some(1_500));
        check(&requests("1", "6m0s"), None, None);
        for odd in ["", "s", "5x", "m5", "5m s"] {
            check(&requests("0", odd), None, odd.is_empty().then_some(0));
        }
        let tokens = [
            ("x-ratelimit-remaining-tokens", "99"),
            ("x-ratelimit-reset-tokens", "1s"),
        ];
        check(&tokens, None, Some(1_000));
    }

    const BOUNDS: Bounds = Bounds {
        backoff: Duration::from_millis(50),
        wait_max: Duration::from_millis(500),
        refusals_max: 3,
    };

    #[test]
    fn one_refusal_holds_everybody_and_lets_fewer_through() {
        let mut state = State::new(BOUNDS);
        let began = Instant::now();
        let entries: Vec<Entry> = (0..5).map(|_| state.enter(began)).collect();
        assert!(entries.iter().all(|entry| *entry == Entry::Now));
        let now = began + 10 * MS;
        state.refused(began, now, Some(200 * MS)).unwrap();
        state.refused(began, now, None).unwrap();
        assert_eq!(state.refusals, 1, "made together, counted once");
        state.on_their_way -= 2;
        assert_eq!(state.enter(now), Entry::At(now + 200 * MS));
        let now = now + 200 * MS;
        assert_eq!(state.enter(now), Entry::WhenAnotherIsBack, "3 of 2");
        state.on_their_way -= 2;
        assert_eq!(state.enter(now), Entry::Now);
        assert_eq!(state.enter(now), Entry::WhenAnotherIsBack);
        state.answered(now, None);
        state.answered(now, None);
        assert_eq!(state.enter(now), Entry::WhenAnotherIsBack, "slowly again");
        state.answered(now, None);
        assert_eq!(state.enter(now), Entry::Now);
    }

    #[test]
    fn refusals_that_never_end_and_pauses_too_long_end_the_run() {
        let mut state = State::new(BOUNDS);
        let now = Instant::now();
        let long = Duration::from_secs(600);
        assert_eq!(state.refused(now, now, Some(long)), Err(long));
        assert_eq!(state.open_at, None);
        for pause in [100, 200] {
            state.refused(now, now, None).unwrap();
            assert_eq!(state.open_at, Some(now + pause * MS));
        }
        assert_eq!(state.refused(now, now, None), Err(400 * MS));
        state.answered(now, None);
        assert!(state.refused(now, now, None).is_ok(), "the first one again");
    }

    #[tokio::test]
    async fn a_gate_that_closes_wakes_those_who_wait() {
        let pace = Pace::new(Bounds {
            wait_max: Duration::from_secs(7_200),
            ..BOUNDS
        });
        let turn = pace.enter().await.unwrap();
        turn.refused(&headers(&[("retry-after", "3600")])).unwrap();
        let hour = Duration::from_secs(3_600);
        let (entered, rested, ()) =
            tokio::join!(pace.enter(), pace.rest(hour), async { pace.close() });
        assert!(entered.is_err() && rested.is_err());
    }

    #[tokio::test]
    async fn a_request_that_is_back_lets_the_next_one_go() {
        let pace = Pace::new(BOUNDS);
        pace.state().window = 1.0;
        let turn = pace.enter().await.unwrap();
        let (next, ()) = tokio::join!(pace.enter(), async { drop(turn) });
        assert!(next.is_ok());
        assert_eq!(pace.state().on_their_way, 1);
    }

    #[test]
    fn nobody_asks_once_the_headers_say_that_nothing_is_left() {
        let mut state = State::new(BOUNDS);
        let now = Instant::now();
        state.answered(now, Some(300 * MS));
        assert_eq!(state.enter(now), Entry::At(now + 300 * MS));
        state.answered(now, Some(Duration::from_secs(3_600)));
        assert_eq!(state.enter(now), Entry::At(now + BOUNDS.wait_max));
    }
}
