//! Puts a [`Config`] together and checks what its variables mean to each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checks::{check_apart, check_tls, ignored, require, unusual, warn_of_names};
use super::problem::{Problems, Warning};
use super::reader::Reader;
use super::sources::Sources;
use super::variables::Kind;
use super::{Config, Later, LeadsSource, Sender, WriterSource, variables};
use crate::campaign::Sequence;
use crate::changeset::WriteField;
use crate::lead::EmailAddress;
use crate::tls::TlsMode;
use crate::{airtable, mailbox, mailer, plan, writer};

/// The sender of mails that only go into a Maildir; `.invalid` is never delivered (RFC 2606).
const MAILDIR_FROM: &str = "team@outreach.invalid";

/// The port where TLS starts with the first byte (RFC 8314), and its counterparts of IMAP.
const SMTPS_PORT: u16 = 465;
const IMAP_PORT: u16 = 143;
const IMAPS_PORT: u16 = 993;

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
    let mailer = read_mailer(reader, ca_file.as_ref());
    let mailbox = read_mailbox(reader, ca_file.as_ref(), mailer.as_ref());
    let team = reader.line("FROM_NAME");
    let sender = read_sender(reader, team.clone(), mailer, mailbox);
    let log_level = reader.choice("LOG_LEVEL").map(|word| match word {
        "warning" => "warn", // Python's word, which existing files use.
        word => word,
    });
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
        llm_concurrency: reader.whole("LLM_CONCURRENCY"),
        postal_address: reader.lines("POSTAL_ADDRESS"),
        brand_file: reader.path("BRAND_FILE"),
        templates_dir: reader.path("TEMPLATES_DIR"),
        tls_ca_file: ca_file,
        json_logs: reader.yes("ENABLE_JSON_LOGS"),
        analytics_retention_days: reader.whole("ANALYTICS_RETENTION_DAYS"),
        later: read_later(reader),
        default_zone: default_zone?,
        holiday_country: holiday_country?,
        window: window?,
        ledger_path: ledger_path?,
        leads: leads?,
        airtable_gap: airtable_gap?,
        airtable_monthly_calls,
        writer: writer?,
        senders: vec![sender?],
        team: team?,
        log_level: log_level?.to_string(),
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
    Sequence::hook_proof_fomo(delays, reader.yes("RESPECT_BUSINESS_DAYS"))
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

fn read_mailer(reader: &mut Reader, ca_file: Option<&PathBuf>) -> Option<mailer::Settings> {
    let host = reader.host("SMTP_SERVER");
    let port = reader.port("SMTP_PORT");
    let tls = reader.tls_mode("SMTP_TLS");
    let username = reader.line("SMTP_USERNAME");
    let password = reader.secret("SMTP_PASSWORD");
    let outbox = reader.path("OUTBOX_DIR");
    if !reader.is_set("SMTP_SERVER") {
        ignored(
            reader,
            &["SMTP_USERNAME", "SMTP_PASSWORD"],
            "SMTP_SERVER is not set",
        );
        return outbox.map(mailer::Settings::Maildir);
    }
    ignored(reader, &["OUTBOX_DIR"], "SMTP_SERVER is set");
    require(reader, "FROM_EMAIL", "SMTP_SERVER");
    require(reader, "POSTAL_ADDRESS", "SMTP_SERVER");
    if reader.is_set("SMTP_USERNAME") {
        require(reader, "SMTP_PASSWORD", "SMTP_USERNAME");
    }
    if reader.is_set("SMTP_PASSWORD") {
        require(reader, "SMTP_USERNAME", "SMTP_PASSWORD");
    }
    let usual = if port == SMTPS_PORT {
        TlsMode::Tls
    } else {
        TlsMode::StartTls
    };
    let tls = tls.unwrap_or(usual);
    let host = host?;
    check_tls(reader, "SMTP_TLS", tls, &host);
    if (port == SMTPS_PORT) != (tls == TlsMode::Tls) && tls != TlsMode::None {
        reader.warn("SMTP_TLS", &unusual(tls, port, usual));
    }
    Some(mailer::Settings::Smtp(mailer::SmtpSettings {
        host,
        port,
        tls,
        login: match (username, password) {
            (Some(username), Some(password)) => mailer::Login::Password {
                username,
                password,
                mechanism: mailer::PasswordMechanism::Auto,
            },
            _ => mailer::Login::None,
        },
        ca_file: ca_file.cloned(),
        messages_max: None,
        dkim: None,
    }))
}

fn read_mailbox(
    reader: &mut Reader,
    ca_file: Option<&PathBuf>,
    mailer: Option<&mailer::Settings>,
) -> Option<mailbox::Settings> {
    let host = reader.host("IMAP_SERVER");
    let port = reader.port("IMAP_PORT");
    let tls = reader.tls_mode("IMAP_TLS");
    let username = reader.line("IMAP_USERNAME");
    let password = reader.secret("IMAP_PASSWORD");
    let folder = reader.line("MONITOR_INBOX_FOLDER");
    let inbox = reader.path("INBOX_DIR");
    if !reader.is_set("IMAP_SERVER") {
        ignored(
            reader,
            &["IMAP_USERNAME", "IMAP_PASSWORD"],
            "IMAP_SERVER is not set",
        );
        let inbox = inbox?;
        if let Some(mailer::Settings::Maildir(outbox)) = mailer {
            // Our own mails would be read as answers.
            check_apart(reader, "INBOX_DIR", &inbox, "OUTBOX_DIR", Some(outbox));
        }
        return Some(mailbox::Settings::Maildir(inbox));
    }
    ignored(reader, &["INBOX_DIR"], "IMAP_SERVER is set");
    require(reader, "IMAP_USERNAME", "IMAP_SERVER");
    require(reader, "IMAP_PASSWORD", "IMAP_SERVER");
    let usual = if port == IMAP_PORT {
        TlsMode::StartTls
    } else {
        TlsMode::Tls
    };
    let tls = tls.unwrap_or(usual);
    let host = host?;
    check_tls(reader, "IMAP_TLS", tls, &host);
    if matches!(port, IMAP_PORT | IMAPS_PORT) && tls != usual && tls != TlsMode::None {
        reader.warn("IMAP_TLS", &unusual(tls, port, usual));
    }
    Some(mailbox::Settings::Imap(mailbox::ImapSettings {
        host,
        port,
        tls,
        username: username?,
        login: mailbox::Login::Password(password?),
        folder: folder?,
        ca_file: ca_file.cloned(),
    }))
}

/// The one sender that the variables speak of.
fn read_sender(
    reader: &mut Reader,
    name: Option<String>,
    mailer: Option<mailer::Settings>,
    mailbox: Option<mailbox::Settings>,
) -> Option<Sender> {
    let address = read_from(reader);
    let unsubscribe_mailto = reader.address("UNSUBSCRIBE_MAILTO");
    let reply_to = reader.address("REPLY_TO_EMAIL");
    let limits = plan::Limits {
        daily: reader.whole("DAILY_SEND_LIMIT"),
        hourly: None,
        gap_secs: reader.whole("MIN_GAP_SECONDS"),
        jitter_secs: reader.whole("GAP_JITTER_SECONDS"),
        ramp: None,
    };
    let address = address?;
    Some(Sender {
        unsubscribe_mailto: unsubscribe_mailto.unwrap_or_else(|| address.clone()),
        address,
        name: name?,
        reply_to,
        limits,
        mailer: mailer?,
        mailbox: mailbox?,
        mailbox_is_default: !reader.is_set("IMAP_SERVER") && !reader.is_set("INBOX_DIR"),
    })
}

fn read_from(reader: &mut Reader) -> Option<EmailAddress> {
    let from = reader.address("FROM_EMAIL");
    if from.is_some() || reader.is_set("FROM_EMAIL") || reader.is_set("SMTP_SERVER") {
        return from;
    }
    EmailAddress::parse(MAILDIR_FROM).ok()
}

fn read_later(reader: &mut Reader) -> Later {
    let later = Later {
        senders_file: reader.path("SENDERS_FILE"),
        ramp_start: reader.whole_maybe("RAMP_START"),
        ramp_step: reader.whole_maybe("RAMP_STEP"),
        public_url: reader.url("PUBLIC_URL"),
        track_opens: reader.yes("TRACK_OPENS"),
        track_clicks: reader.yes("TRACK_CLICKS"),
    };
    if reader.is_set("RAMP_STEP") {
        require(reader, "RAMP_START", "RAMP_STEP");
    }
    for (name, is_on) in [
        ("TRACK_OPENS", later.track_opens),
        ("TRACK_CLICKS", later.track_clicks),
    ] {
        if is_on {
            require(reader, "PUBLIC_URL", name);
        }
    }
    for variable in variables::ALL {
        let is_off = match variable.name {
            "TRACK_OPENS" => !later.track_opens,
            "TRACK_CLICKS" => !later.track_clicks,
            "ANALYTICS_RETENTION_DAYS" => true, // Nothing is lost by keeping everything meanwhile.
            _ => false,
        };
        if let Some(note) = variable
            .note()
            .filter(|_| !is_off && reader.is_set(variable.name))
        {
            reader.warn(variable.name, &note);
        }
    }
    later
}
