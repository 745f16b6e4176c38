//! Puts a [`Config`] together and checks what its variables mean to each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::checks::{check_apart, ignored, require, warn_of_names};
use super::problem::{Problems, Warning};
use super::reader::Reader;
use super::sources::{Sources, read_text};
use super::variables::Kind;
use super::{Classifier, Config, LeadsSource, Serve, WriterSource, sender, tracking, variables};
use crate::calendar::ClosingDays;
use crate::campaign::{DelayUnit, Sequence};
use crate::changeset::WriteField;
use crate::inbound::Sensitivity;
use crate::{airtable, mailer, writer};

/// The slowest rate, in calls a second: one call in 100 s still ends a pull some day.
const RATE_MIN: f64 = 0.01;

impl Config {
    /// Reads and checks everything: either all the problems there are, or a configuration whose
    /// parts are valid and fit each other, with what is odd about it.
    pub fn load(sources: &Sources) -> Result<(Config, Vec<Warning>), Problems> {
        let mut reader = Reader::new(sources);
        let config = read_config(&mut reader, sources);
        warn_of_names(&mut reader, sources);
        reader.finish(config)
    }
}

/// The whole configuration. None only if a problem was noted; but with a problem noted it may also
/// be made of placeholders.
pub(super) fn read_config(reader: &mut Reader, sources: &Sources) -> Option<Config> {
    let sequence = read_sequence(reader);
    let default_zone = reader.zone("DEFAULT_TIMEZONE");
    let holiday_country = reader.country("HOLIDAY_COUNTRY");
    let window = reader.window("SEND_WINDOW");
    let ca_file = reader.path("TLS_CA_FILE");
    let ledger_path = reader.path("CAMPAIGN_DATABASE_PATH");
    let api_url = reader.url("AIRTABLE_API_URL");
    let airtable_gap = read_gap(reader, api_url.as_deref());
    let airtable_monthly_calls = reader.whole_maybe("AIRTABLE_MONTHLY_CALLS");
    let leads = read_leads(reader, sources, ledger_path.as_deref(), &sequence, api_url);
    let writer = read_writer(reader);
    let team = reader.line("FROM_NAME");
    let senders = sender::read_all(reader, team.as_deref(), ca_file.as_ref());
    let shared_mailboxes = senders.as_ref().map(|read| read.mailboxes.clone());
    let classifier = read_classifier(reader);
    let sensitivity = reader.choice("RESPONSE_SENSITIVITY");
    let (canary_size, canary_hours) = read_canary(reader);
    let log_level = read_log_level(reader);
    // Fields are evaluated as they are written: what can be missing stands last, so that everything
    // before it has been read and every problem noted.
    Some(Config {
        sequence,
        campaigns_per_batch: reader.whole("MAX_CAMPAIGNS_PER_BATCH"),
        queue_batch_size: reader.whole("QUEUE_BATCH_SIZE"),
        delivery_attempts_max: reader.whole("MAX_DELIVERY_ATTEMPTS"),
        retry_delay_minutes: reader.whole("RETRY_DELAY_MINUTES"),
        send_run_minutes: reader.whole("SEND_RUN_MINUTES"),
        quality_threshold: u8::try_from(reader.whole("QUALITY_THRESHOLD")).unwrap_or_default(),
        require_approval: reader.yes("REQUIRE_APPROVAL"),
        stop_company_on_reply: reader.yes("STOP_COMPANY_ON_REPLY"),
        scan_age_minutes_max: reader.whole("SCAN_MAX_AGE_MINUTES"),
        allow_blind_follow_ups: reader.yes("ALLOW_BLIND_FOLLOW_UPS"),
        closing_days: read_closing_days(reader),
        stale_after_days: reader.whole("STALE_AFTER_DAYS"),
        company_daily: reader.whole_maybe("MAX_PER_COMPANY_PER_DAY"),
        thread_follow_ups: reader.yes("THREAD_FOLLOW_UPS"),
        canary_size,
        canary_hours,
        sent_settle_minutes: reader.whole("SENT_SETTLE_MINUTES"),
        llm_concurrency: reader.whole("LLM_CONCURRENCY"),
        postal_address: reader.lines("POSTAL_ADDRESS"),
        brand_file: reader.path("BRAND_FILE"),
        templates_dir: reader.path("TEMPLATES_DIR"),
        tls_ca_file: ca_file,
        json_logs: reader.yes("ENABLE_JSON_LOGS"),
        analytics_retention_days: reader.whole("ANALYTICS_RETENTION_DAYS"),
        serve: read_serve(reader),
        tracked: tracking::read_tracked(reader),
        public_url: tracking::read_public_url(reader, senders.as_ref()),
        bounce_limit_percent: reader.decimal("BOUNCE_LIMIT_PERCENT")?,
        default_zone: default_zone?,
        holiday_country: holiday_country?,
        window: window?,
        ledger_path: ledger_path?,
        leads: leads?,
        airtable_gap: airtable_gap?,
        airtable_monthly_calls,
        writer: writer?,
        senders: senders?.senders,
        shared_mailboxes: shared_mailboxes?,
        sensitivity: Sensitivity::parse(sensitivity?)?,
        classifier: classifier?,
        team: team?,
        log_level: log_level?,
    })
}

fn read_log_level(reader: &mut Reader) -> Option<String> {
    reader.choice("LOG_LEVEL").map(|word| match word {
        "warning" => "warn".to_string(), // Python's word, which existing files use.
        word => word.to_string(),
    })
}

fn read_sequence(reader: &mut Reader) -> Sequence {
    let names = [
        "HOOK_MESSAGE_DELAY_DAYS",
        "PROOF_MESSAGE_DELAY_DAYS",
        "FOMO_MESSAGE_DELAY_DAYS",
    ];
    let delays = names.map(|name| reader.whole_maybe(name));
    let read = names.iter().zip(delays);
    for ((earlier, before), (later, after)) in read.clone().zip(read.skip(1)) {
        let (Some(before), Some(after)) = (before, after) else {
            continue;
        };
        if after <= before {
            let message =
                format!("expected more days than {earlier}, which is {before}, found `{after}`");
            reader.problem(later, message);
        }
    }
    let delays = delays.map(Option::unwrap_or_default);
    let respects = reader.yes("RESPECT_BUSINESS_DAYS");
    let unit = reader.choice("DELAY_UNIT").and_then(DelayUnit::parse);
    if unit == Some(DelayUnit::Business) && !respects {
        ignored(reader, &["DELAY_UNIT"], "RESPECT_BUSINESS_DAYS is false");
    }
    Sequence::hook_proof_fomo(delays, respects).counted_in(unit.unwrap_or_default())
}

fn read_closing_days(reader: &mut Reader) -> ClosingDays {
    let name = "CLOSING_DAYS_FILE";
    let Some(path) = reader.path(name) else {
        return ClosingDays::default();
    };
    let days = read_text(&path).and_then(|text| {
        let parsed = ClosingDays::parse(&text);
        parsed.with_context(|| format!("`{}`", path.display()))
    });
    days.unwrap_or_else(|err| {
        reader.problem(name, format!("{err:#}"));
        ClosingDays::default()
    })
}

fn read_canary(reader: &mut Reader) -> (u32, u32) {
    let size = reader.whole("CANARY_SIZE");
    let hours = reader.whole("CANARY_HOURS");
    if size == 0 {
        ignored(reader, &["CANARY_HOURS"], "CANARY_SIZE is 0");
    }
    (size, hours)
}

fn read_leads(
    reader: &mut Reader,
    sources: &Sources,
    ledger: Option<&Path>,
    sequence: &Sequence,
    url: Option<String>,
) -> Option<LeadsSource> {
    let api_key = reader.token("AIRTABLE_API_KEY");
    let base_id = reader.base_id("AIRTABLE_BASE_ID");
    let table = reader.line("AIRTABLE_TABLE_NAME");
    let columns = read_columns(reader, sources);
    let path = reader.path("LEADS_FILE");
    let status = reader.path("STATUS_FILE");
    if reader.is_set("AIRTABLE_API_KEY") {
        require(reader, "AIRTABLE_BASE_ID", "AIRTABLE_API_KEY");
        ignored(
            reader,
            &["LEADS_FILE", "STATUS_FILE"],
            "AIRTABLE_API_KEY is set",
        );
        let settings = airtable::Settings {
            url: url?,
            api_key: api_key?,
            base_id: base_id?,
            table: table?,
            columns,
            written: WriteField::all(sequence),
        };
        return Some(LeadsSource::Airtable(settings));
    }
    ignored(
        reader,
        &[
            "AIRTABLE_BASE_ID",
            "AIRTABLE_CALLS_PER_SECOND",
            "AIRTABLE_MONTHLY_CALLS",
        ],
        "AIRTABLE_API_KEY is not set",
    );
    read_leads_file(reader, ledger, path, status)
}

fn read_leads_file(
    reader: &mut Reader,
    ledger: Option<&Path>,
    path: Option<PathBuf>,
    status: Option<PathBuf>,
) -> Option<LeadsSource> {
    if !reader.is_set("LEADS_FILE") {
        ignored(reader, &["STATUS_FILE"], "LEADS_FILE is not set");
        return Some(LeadsSource::None);
    }
    let path = path?;
    let Some(stem) = path.file_stem() else {
        reader.problem(
            "LEADS_FILE",
            "expected a path that ends in the name of a file",
        );
        return None;
    };
    let mut beside = stem.to_os_string();
    beside.push(".status.csv");
    let status = status.unwrap_or_else(|| path.with_file_name(beside));
    check_apart(
        reader,
        "LEADS_FILE",
        &path,
        "CAMPAIGN_DATABASE_PATH",
        ledger,
    );
    // The results replace what stands at their path, be it the leads themselves or the ledger.
    check_apart(reader, "STATUS_FILE", &status, "LEADS_FILE", Some(&path));
    check_apart(
        reader,
        "STATUS_FILE",
        &status,
        "CAMPAIGN_DATABASE_PATH",
        ledger,
    );
    Some(LeadsSource::File { path, status })
}

/// The gap between two calls to the API at `url`. Only a base on this machine may be asked as fast
/// as it answers.
fn read_gap(reader: &mut Reader, url: Option<&str>) -> Option<Duration> {
    let name = "AIRTABLE_CALLS_PER_SECOND";
    let rate = reader.decimal(name)?;
    if rate >= RATE_MIN {
        return Duration::try_from_secs_f64(1.0 / rate).ok();
    }
    if rate > 0.0 {
        let message = format!("expected a number of calls from {RATE_MIN} to 5, found `{rate:?}`");
        reader.problem(name, message);
        return None;
    }
    let url = url::Url::parse(url?).ok()?;
    let host = url.host_str().unwrap_or_default();
    if !mailer::is_loopback(host) {
        let message = format!(
            "expected a number of calls from {RATE_MIN} to 5, found `0` (no limit), which is only \
             allowed to this machine and not to `{host}`"
        );
        reader.problem(name, message);
    }
    Some(Duration::ZERO)
}

/// The columns people renamed, by our key.
fn read_columns(reader: &mut Reader, sources: &Sources) -> BTreeMap<String, String> {
    let mut columns: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (name, _) in sources.names() {
        let Some(key) = variables::field_key(&name) else {
            continue;
        };
        let Some(column) = reader.field(&name) else {
            continue;
        };
        if let Some(other) = taken.insert(column.clone(), name.clone()) {
            let message = format!("expected a column of its own, found the one of {other}");
            reader.problem(&name, message);
        }
        columns.insert(key.to_string(), column);
    }
    columns
}

fn read_writer(reader: &mut Reader) -> Option<WriterSource> {
    let api_key = reader.token("OPENAI_API_KEY");
    let base_url = reader.url("OPENAI_BASE_URL");
    let model = reader.line("OPENAI_MODEL");
    let temperature = reader.decimal("AI_TEMPERATURE");
    let max_tokens = reader.whole_maybe("MAX_TOKENS");
    let budget_usd = reader.decimal("LLM_BUDGET_USD_PER_RUN");
    let price = reader.price("LLM_PRICE_USD_PER_MTOK");
    if !reader.is_set("OPENAI_API_KEY") {
        let idle = [
            "OPENAI_BASE_URL",
            "LLM_BUDGET_USD_PER_RUN",
            "LLM_PRICE_USD_PER_MTOK",
        ];
        ignored(reader, &idle, "OPENAI_API_KEY is not set");
        return Some(WriterSource::Templates);
    }
    let model = model?;
    let price = price.or_else(|| writer::price_of(&model));
    if price.is_none() && !reader.is_set("LLM_PRICE_USD_PER_MTOK") {
        // A budget in dollars means nothing for tokens that cost nobody knows what.
        let why = format!(
            "expected {}, because LLM_BUDGET_USD_PER_RUN is set and the price of `{model}` is not \
             known; found nothing",
            Kind::Price
        );
        if reader.is_set("LLM_BUDGET_USD_PER_RUN") {
            reader.problem("LLM_PRICE_USD_PER_MTOK", why);
        }
    }
    Some(WriterSource::Model(writer::Settings {
        base_url: base_url?,
        api_key: api_key?,
        model,
        temperature: temperature?,
        max_tokens,
        price,
        budget_usd,
    }))
}

/// The model that writes also judges: it has one key.
fn read_classifier(reader: &mut Reader) -> Option<Classifier> {
    let word = reader.choice("RESPONSE_CLASSIFIER")?;
    if word == "rules" {
        return Some(Classifier::Rules);
    }
    if !reader.is_set("OPENAI_API_KEY") {
        let message = "expected rules, because OPENAI_API_KEY is not set; found `llm`; set that \
                       key, or leave it to the rules";
        reader.problem("RESPONSE_CLASSIFIER", message);
    }
    Some(Classifier::Model)
}

fn read_log_level(reader: &mut Reader) -> Option<&'static str> {
    let word = reader.choice("LOG_LEVEL")?;
    Some(match word {
        "warning" => "warn", // Python's word, which existing files use.
        word => word,
    })
}

fn read_serve(reader: &mut Reader) -> Serve {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Serve {
        address: reader.listen("SERVE_ADDRESS").unwrap_or(nowhere),
        metrics_address: reader.listen("SERVE_METRICS_ADDRESS").unwrap_or(nowhere),
    }
}
