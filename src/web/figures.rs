//! What `serve` counts about itself, in the words of Prometheus.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    kind: &'static str,
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Event {
    kind: &'static str,
    /// `person`, `flood`, or why it is taken for a program's.
    by: &'static str,
}

/// The counts; copies count together. Nothing in them names a mail or a person.
#[derive(Clone, Debug)]
pub struct Figures {
    requests: Family<Answered, Counter>,
    events: Family<Event, Counter>,
    answering: Histogram,
    committing: Histogram,
    batch: Histogram,
    unkept: Counter,
    /// Requests that wait for the ledger.
    pub queue: Gauge,
    /// Connections that are open.
    pub connections: Gauge,
}

impl Default for Figures {
    fn default() -> Figures {
        let times = || Histogram::new(exponential_buckets(0.000_5, 2.0, 15));
        Figures {
            requests: Family::default(),
            events: Family::default(),
            answering: times(),
            committing: times(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            unkept: Counter::default(),
            queue: Gauge::default(),
            connections: Gauge::default(),
        }
    }
}

impl Figures {
    /// A request was answered.
    pub fn answered(&self, kind: &'static str, status: u16, took: Duration) {
        let status = u32::from(status);
        self.requests
            .get_or_create(&Answered { kind, status })
            .inc();
        self.answering.observe(took.as_secs_f64());
    }

    /// So many requests were stored together, or it was tried.
    pub fn committed(&self, n: u32, took: Duration) {
        self.batch.observe(f64::from(n));
        self.committing.observe(took.as_secs_f64());
    }

    /// One was stored, or answered only.
    pub fn event(&self, kind: &'static str, by: &'static str) {
        self.events.get_or_create(&Event { kind, by }).inc();
    }

    /// One could not be stored.
    pub fn unkept(&self) {
        self.unkept.inc();
    }

    /// Names them all.
    pub(super) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("outreach");
        let requests = "Answers by what was asked for and by status";
        registry.register("requests", requests, self.requests.clone());
        let events = "What was asked for, by who is taken to have asked";
        registry.register("events", events, self.events.clone());
        let answering = "From a request's head to its answer";
        let seconds = || Unit::Seconds;
        registry.register_with_unit("answer", answering, seconds(), self.answering.clone());
        let committing = "Transactions that store what was asked for";
        registry.register_with_unit("commit", committing, seconds(), self.committing.clone());
        registry.register(
            "batch",
            "Requests stored in one transaction",
            self.batch.clone(),
        );
        let unkept = "Requests that could not be stored";
        registry.register("unkept", unkept, self.unkept.clone());
        registry.register(
            "queue",
            "Requests that wait for the ledger",
            self.queue.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
    }
}
