//! Health and figures, for those who watch over the program; never for the public.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::get;
use chrono::{DateTime, SecondsFormat, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use serde_json::json;

use super::figures::Figures;
use super::pages::answer;
use crate::clock::Clock;
use crate::ledger::Pulse;

/// When the ledger could not be written for so long, something is wrong: the longest that a stage
/// keeps it, and twice the time between two looks.
const WRITTEN_WITHIN: Duration = Duration::from_secs(45);

/// How long the ledger may take to give its figures.
const PULSE_WAITS: Duration = Duration::from_secs(5);

/// When the ledger could last be written.
#[derive(Debug)]
pub struct Health(Mutex<Instant>);

impl Default for Health {
    fn default() -> Health {
        Health(Mutex::new(Instant::now()))
    }
}

impl Health {
    /// It just could.
    pub fn wrote(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn ago(&self) -> Duration {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }
}

/// What is told, and where it comes from.
pub struct Watch {
    /// What is counted here.
    pub figures: Figures,
    /// Whether the ledger can be written.
    pub health: Arc<Health>,
    /// Asks the ledger; blocks.
    pub pulse: Box<dyn Fn(DateTime<Utc>) -> anyhow::Result<Pulse> + Send + Sync>,
    /// The time.
    pub clock: Clock,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Watch {
    /// The two pages, `/health` and `/metrics`.
    pub fn router(self) -> Router {
        Router::new()
            .route("/health", get(health))
            .route("/metrics", get(metrics))
            .with_state(Arc::new(self))
    }
}

/// The ledger's figures, asked on another thread, so that nobody else waits.
async fn pulse(watch: &Arc<Watch>) -> anyhow::Result<Pulse> {
    let asked = Arc::clone(watch);
    let asking = tokio::task::spawn_blocking(move || (asked.pulse)(asked.clock.now()));
    tokio::time::timeout(PULSE_WAITS, asking).await??
}

async fn health(State(watch): State<Arc<Watch>>) -> Response<Body> {
    let pulse = pulse(&watch).await;
    let ago = watch.health.ago();
    let (is_readable, is_writable) = (pulse.is_ok(), ago < WRITTEN_WITHIN);
    let ok = is_readable && is_writable;
    let scanned_at = pulse.ok().and_then(|pulse| pulse.scanned_at);
    let document = json!({
        "ok": ok,
        "ledger": {
            "readable": is_readable,
            "writable": is_writable,
            "written_secs_ago": ago.as_secs(),
        },
        "queue": watch.figures.queue.get(),
        "scanned_at": scanned_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
    });
    let status = match ok {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    answer(status, "application/json", document.to_string())
}

async fn metrics(State(watch): State<Arc<Watch>>) -> Response<Body> {
    let mut registry = Registry::default();
    watch.figures.register(&mut registry);
    match pulse(&watch).await {
        Ok(pulse) => register(&mut registry, &pulse, watch.clock.now()),
        // What is missing is missed by whoever watches; why stands in the log.
        Err(error) => tracing::warn!("no figures from the ledger: {error:#}"),
    }
    let mut text = String::new();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match encode(&mut text, &registry) {
        Ok(()) => answer(StatusCode::OK, kind, text),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, kind, ""),
    }
}

fn register(registry: &mut Registry, pulse: &Pulse, now: DateTime<Utc>) {
    let registry = registry.sub_registry_with_prefix("outreach");
    let mut tell = |name: &str, help: &str, value: i64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    tell(
        "messages_due",
        "Dated messages whose instant has come",
        pulse.due,
    );
    tell(
        "messages_in_doubt",
        "Messages nobody knows whether they left",
        pulse.in_doubt,
    );
    tell(
        "campaigns_open",
        "Campaigns that have not ended",
        pulse.open_campaigns,
    );
    if let Some(at) = pulse.scanned_at {
        let age = Gauge::<i64>::default();
        age.set((now - at).num_seconds());
        let help = "Since every mailbox had been read whole";
        registry.register_with_unit("scan_age", help, Unit::Seconds, age);
    }
}
