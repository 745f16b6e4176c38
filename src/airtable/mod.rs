//! The Airtable Web API: list records, update them, within its limits.
//!
//! Purpose: pages of records in, batches of differing fields out, each refusal isolated and named.
//! Invariant: never more than the base's rate; a repeated update is harmless because it carries the
//! same values; `wire.rs` alone knows Airtable's JSON. This module does not know the ledger.
//!
//! What Airtable does not give decides the shape: there is no idempotency key and no precondition,
//! so only records that exist are written to, and only with values that may be written again. A
//! request is all or nothing, so a refused batch is split until what is refused stands alone. Empty
//! cells are left out of answers, so a column must be known to exist before its absence means
//! anything.

mod budget;
mod check;
mod create;
mod fields;
mod formula;
mod gate;
mod known;
mod list;
mod pending;
mod refusal;
mod schema;
mod transport;
mod update;
mod wire;

pub use budget::{Month, Thrift};
pub use create::{Missing, NewColumn, Owner};
pub use gate::Gate;
pub use list::{ListSummary, Listing, ReadRecord, Which};
pub use update::{Shared, Update, UpdateOutcome};

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex as AsyncMutex;

use self::fields::Field;
use self::known::Known;
use crate::changeset::WriteField;
use crate::tls;

/// Which base and table, and how to reach them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The API's root, `https://api.airtable.com/v0` by default, without a trailing slash.
    pub url: String,
    /// The personal access token.
    pub api_key: SecretString,
    /// `app…`.
    pub base_id: String,
    /// Name or id (`tbl…`) of the table.
    pub table: String,
    /// Column names or field ids that replace ours, by our key (`full_name`, `campaign_status`).
    pub columns: BTreeMap<String, String>,
    /// The fields we write: those of the sequence in force.
    pub written: Vec<WriteField>,
}

/// The least time between two calls where nobody says otherwise. Airtable allows five a second and
/// base, for everybody together and counted at its end; four a second leaves room for other tools.
const GAP: Duration = Duration::from_millis(250);

/// How often and how long calls are tried. The default keeps to Airtable's rules.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// How long nothing succeeds after a 429 that names no time: 30 s.
    pub rate_limit_wait: Duration,
    /// The first wait after another passing failure; each further one is twice as long.
    pub backoff_min: Duration,
    /// The longest wait within a run. A server that asks for more is left for the next run.
    pub wait_max: Duration,
    /// How long one call may take.
    pub call_timeout: Duration,
    /// How often a call is tried in all, at least once.
    pub tries_max: usize,
}

impl Pacing {
    /// For a server on this machine, which needs no mercy: waits of milliseconds.
    pub fn on_this_machine() -> Pacing {
        Pacing {
            rate_limit_wait: Duration::from_millis(20),
            backoff_min: Duration::from_millis(2),
            wait_max: Duration::from_secs(2),
            ..Pacing::default()
        }
    }
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing {
            rate_limit_wait: Duration::from_secs(30),
            backoff_min: Duration::from_secs(1),
            wait_max: Duration::from_secs(120),
            call_timeout: Duration::from_secs(60),
            tries_max: 4,
        }
    }
}

/// Why the service as a whole could not be used; it decides the exit code.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It did not answer, or not sensibly, however often it was asked. Later it may (exit 75).
    #[error("{0:#}")]
    Unreachable(anyhow::Error),
    /// The month's calls are used up: asking again only wastes time (exit 75).
    #[error("{0}")]
    QuotaExhausted(String),
    /// It does not let us do this (exit 78).
    #[error("{0:#}")]
    Refused(anyhow::Error),
    /// Base or table are not what the configuration says (exit 78).
    #[error("{0:#}")]
    Config(anyhow::Error),
    /// The table lacks a column without which nothing may be written or sent (exit 78).
    #[error("{0:#}")]
    Columns(anyhow::Error),
    /// The caller's own sink failed; the service is not to blame.
    #[error("{0:#}")]
    Sink(anyhow::Error),
}

/// What was learned about the table, for the next run and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// To be kept, and handed to [`Client::with_kept_schema`]; JSON.
    pub schema: String,
    /// What a person should know: columns renamed, gone, of another type.
    pub remarks: Vec<String>,
    /// Whether something can be written that could not be before: a column is back, has its type or
    /// an option again.
    pub is_mended: bool,
    /// Columns (ours) that are others than before, and so hold nothing of what was told.
    pub replaced: Vec<String>,
}

#[derive(Default)]
struct News {
    remarks: Vec<String>,
    is_mended: bool,
    replaced: Vec<String>,
}

#[derive(Default)]
struct Schema {
    known: Option<Arc<Known>>,
    /// Whether the metadata call was made in this run: once is enough.
    is_fresh: bool,
    /// What was learned and nobody asked for yet.
    news: Option<News>,
}

/// One base's table, over one connection pool and one rate.
pub struct Client {
    settings: Settings,
    root: Url,
    http: reqwest::Client,
    gate: Gate,
    pacing: Pacing,
    fields: Vec<Field>,
    /// What is known of the table. Held while it is asked for, so that two calls do not both ask.
    schema: AsyncMutex<Schema>,
    /// What turned out to be unwritable in this run.
    unwritable: Mutex<refusal::Unwritable>,
}

impl Client {
    /// A client; opens no connection yet. `ca_file` is `TLS_CA_FILE`.
    pub fn new(settings: Settings, ca_file: Option<PathBuf>) -> anyhow::Result<Client> {
        let shown = &settings.url;
        let root = Url::parse(shown).with_context(|| {
            format!(
                "AIRTABLE_API_URL: expected an address such as https://api.airtable.com/v0, \
             found `{shown}`"
            )
        })?;
        ensure!(
            !root.cannot_be_a_base() && root.has_host(),
            "AIRTABLE_API_URL: expected an address with a host, found `{shown}`"
        );
        let key = settings.api_key.expose_secret();
        ensure!(
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()),
            "AIRTABLE_API_KEY: expected a token of printable ASCII without spaces"
        );
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::connector(ca_file.as_ref())?)
            // A redirect would carry the token elsewhere; the API has none.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("outreach/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&root) {
            builder = builder.no_proxy();
        }
        let http = builder.build().context("cannot set up HTTPS")?;
        let pacing = Pacing::default();
        Ok(Client {
            fields: fields::all(&settings),
            settings,
            root,
            http,
            gate: Gate::new(None, GAP),
            pacing,
            schema: AsyncMutex::default(),
            unwritable: Mutex::default(),
        })
    }

    /// The same client with other patience.
    pub fn with_pacing(mut self, pacing: Pacing) -> Client {
        self.pacing = pacing;
        self
    }

    /// The same client, passing the gate that all processes pass.
    pub fn with_gate(mut self, gate: Gate) -> Client {
        self.gate = gate;
        self
    }

    /// The gate this client passes.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The same client with what an earlier one learned of the table ([`Client::learned`]). What is
    /// damaged or answers other questions is learned anew.
    pub fn with_kept_schema(mut self, kept: &str) -> Client {
        let known = serde_json::from_str::<Known>(kept).ok();
        self.schema.get_mut().known = known.map(Arc::new);
        self
    }

    /// The calls made so far, retries included: what counts against the month's quota.
    pub fn calls(&self) -> u64 {
        self.gate.calls()
    }

    /// An address below the root; segments are percent-encoded.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.root.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// Whether the host is this machine, which no proxy can reach for us.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
