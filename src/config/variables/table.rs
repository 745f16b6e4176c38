//! Every variable with its default, kind and meaning, in the order `doctor --config` lists them.

use super::{FIELD_FAMILY, Kind, Variable};

const TIMING: &str = "Timing";
const LEADS: &str = "Leads";
const COPY: &str = "Copy";
const SENDING: &str = "Sending";
const INBOX: &str = "Inbox";
const KEEPING: &str = "Ledger and logs";

const DAYS: Kind = whole(0, 365, "days");
const SECONDS: Kind = whole(0, 86_400, "seconds");
const PORT: Kind = whole(1, 65_535, "");
const TLS_MODES: Kind = Kind::Choice(&["starttls", "tls", "none"]);
const SMTP_AUTHS: [&str; 4] = ["auto", "plain", "login", "xoauth2"];
const IMAP_AUTHS: [&str; 3] = ["auto", "password", "xoauth2"];
const DELAY_UNITS: [&str; 2] = ["calendar", "business"];
const SENSITIVITIES: [&str; 3] = ["low", "normal", "high"];
const CLASSIFIERS: [&str; 2] = ["rules", "llm"];
const LOG_LEVELS: Kind = Kind::Choice(&["error", "warn", "warning", "info", "debug", "trace"]);

const fn whole(min: u32, max: u32, unit: &'static str) -> Kind {
    Kind::Whole { min, max, unit }
}

/// One row; an empty default stands for none.
const fn row(
    group: &'static str,
    name: &'static str,
    default: &'static str,
    kind: Kind,
) -> Variable {
    let default = if default.is_empty() {
        None
    } else {
        Some(default)
    };
    Variable {
        group,
        name,
        default,
        kind,
        meaning: "",
    }
}

impl Variable {
    const fn means(self, meaning: &'static str) -> Variable {
        Variable { meaning, ..self }
    }
}

/// Every variable.
pub const ALL: &[Variable] = &[
    row(TIMING, "HOOK_MESSAGE_DELAY_DAYS", "0", DAYS)
        .means("days from the start of a campaign to the Hook"),
    row(TIMING, "PROOF_MESSAGE_DELAY_DAYS", "3", DAYS)
        .means("calendar days from the Hook to the Proof"),
    row(TIMING, "FOMO_MESSAGE_DELAY_DAYS", "7", DAYS)
        .means("calendar days from the Hook to the FOMO"),
    row(TIMING, "RESPECT_BUSINESS_DAYS", "true", Kind::YesNo)
        .means("mail leaves on business days of the lead's country only"),
    row(TIMING, "DEFAULT_TIMEZONE", "UTC", Kind::Zone)
        .means("zone of a lead about whose place nothing is known"),
    row(TIMING, "HOLIDAY_COUNTRY", "US", Kind::Country)
        .means("whose holidays count for a lead of unknown country"),
    row(TIMING, "SEND_WINDOW", "09:00-17:00", Kind::Window)
        .means("hours in which mail may leave, in the lead's zone"),
    row(TIMING, "DELAY_UNIT", "calendar", Kind::Choice(&DELAY_UNITS))
        .means("whether delays count calendar days or business days of the lead's country"),
    row(TIMING, "CLOSING_DAYS_FILE", "", Kind::Path)
        .means("own days without mail, a line each: `2026-12-24..2026-12-31 Christmas`"),
    row(TIMING, "STALE_AFTER_DAYS", "14", DAYS)
        .means("a follow-up this late is not sent any more; 0: never too late"),
    row(LEADS, "AIRTABLE_API_KEY", "", Kind::Secret)
        .means("personal access token; unset: leads come from LEADS_FILE"),
    row(LEADS, "AIRTABLE_BASE_ID", "", Kind::BaseId).means("the base, `app` and 14 characters"),
    row(LEADS, "AIRTABLE_TABLE_NAME", "Leads", Kind::Line)
        .means("name or id (`tbl` and 14 characters) of the table"),
    row(
        LEADS,
        "AIRTABLE_API_URL",
        "https://api.airtable.com/v0",
        Kind::Url,
    )
    .means("root of Airtable's API"),
    row(LEADS, FIELD_FAMILY, "", Kind::Line)
        .means("their column name or field id for one of our fields"),
    row(
        LEADS,
        "AIRTABLE_MONTHLY_CALLS",
        "",
        whole(1, 100_000_000, "calls"),
    )
    .means("API calls the plan allows in a month; near its end the least valuable updates wait"),
    row(
        LEADS,
        "AIRTABLE_CALLS_PER_SECOND",
        "4",
        Kind::Decimal { min: 0.0, max: 5.0 },
    )
    .means("API calls a second of all runs together; 0, to this machine only: no limit"),
    row(LEADS, "LEADS_FILE", "", Kind::Path)
        .means("CSV as Airtable exports it, or JSON; never written to"),
    row(LEADS, "STATUS_FILE", "", Kind::Path)
        .means("where results go without Airtable; unset: `<name>.status.csv` beside LEADS_FILE"),
    row(
        COPY,
        "MAX_CAMPAIGNS_PER_BATCH",
        "50",
        whole(1, 1_000_000, "campaigns"),
    )
    .means("most campaigns one run of generate writes"),
    row(COPY, "OPENAI_API_KEY", "", Kind::Secret)
        .means("key of the model's server; unset: the built-in templates write"),
    row(COPY, "OPENAI_MODEL", "gpt-4", Kind::Line).means("the model"),
    row(
        COPY,
        "OPENAI_BASE_URL",
        "https://api.openai.com/v1",
        Kind::Url,
    )
    .means("root of any OpenAI-compatible API"),
    row(
        COPY,
        "AI_TEMPERATURE",
        "0.7",
        Kind::Decimal { min: 0.0, max: 2.0 },
    )
    .means("how freely the model writes"),
    row(COPY, "MAX_TOKENS", "", whole(1, 1_000_000, "tokens"))
        .means("most tokens of one answer; unset: the server decides, or 2000 with a budget"),
    row(COPY, "LLM_CONCURRENCY", "8", whole(1, 256, "requests"))
        .means("requests to the model at once"),
    row(
        COPY,
        "LLM_BUDGET_USD_PER_RUN",
        "",
        Kind::Decimal {
            min: 0.0,
            max: 1_000_000.0,
        },
    )
    .means("most dollars one run may spend on the model"),
    row(COPY, "LLM_PRICE_USD_PER_MTOK", "", Kind::Price)
        .means("dollars for a million tokens read/written; unset: OpenAI's list prices"),
    row(COPY, "QUALITY_THRESHOLD", "80", whole(0, 100, "points"))
        .means("score below which a campaign goes to review"),
    row(COPY, "REQUIRE_APPROVAL", "false", Kind::YesNo)
        .means("every campaign waits for a person's approval"),
    row(COPY, "BRAND_FILE", "", Kind::Path)
        .means("Markdown about what we do and how we speak; unset: the built-in one"),
    row(COPY, "TEMPLATES_DIR", "", Kind::Path)
        .means("templates that replace or join the built-in ones"),
    row(SENDING, "PROVIDER", "", Kind::Provider)
        .means("whose servers to use: google, gmail, microsoft365 or outlook.com"),
    row(SENDING, "SMTP_SERVER", "", Kind::Host)
        .means("server mail is submitted to; unset: a Maildir at OUTBOX_DIR"),
    row(SENDING, "SMTP_PORT", "587", PORT).means("its port"),
    row(SENDING, "SMTP_TLS", "", TLS_MODES)
        .means("protection; none only to loopback; unset: starttls, on port 465 tls"),
    row(SENDING, "SMTP_USERNAME", "", Kind::Line).means("user name; unset: no AUTH"),
    row(SENDING, "SMTP_PASSWORD", "", Kind::Secret).means("password"),
    row(SENDING, "SMTP_AUTH", "auto", Kind::Choice(&SMTP_AUTHS))
        .means("how to log in; auto: by password if there is one, else by OAUTH_REFRESH_TOKEN"),
    row(SENDING, "OAUTH_REFRESH_TOKEN", "", Kind::Secret)
        .means("what signing in gave, for servers that take no password (SMTP and IMAP)"),
    row(SENDING, "OAUTH_CLIENT_ID", "", Kind::Line).means("id of the application signed in to"),
    row(SENDING, "OAUTH_CLIENT_SECRET", "", Kind::Secret).means("its secret; unset: it has none"),
    row(SENDING, "OAUTH_TOKEN_URL", "", Kind::Url)
        .means("where access tokens are asked for; PROVIDER knows it"),
    row(SENDING, "OAUTH_SCOPE", "", Kind::Line)
        .means("what the tokens may be used for; unset: what was granted"),
    row(SENDING, "TLS_CA_FILE", "", Kind::Path)
        .means("PEM file of authorities trusted besides the system's"),
    row(SENDING, "OUTBOX_DIR", "outbox", Kind::Path)
        .means("Maildir that takes the mail when there is no SMTP_SERVER"),
    row(SENDING, "FROM_EMAIL", "", Kind::Address)
        .means("address mail comes from; must be set with SMTP_SERVER"),
    row(SENDING, "FROM_NAME", "4Runr Team", Kind::Line).means("name mail comes from"),
    row(SENDING, "REPLY_TO_EMAIL", "", Kind::Address)
        .means("address answers go to; unset: FROM_EMAIL"),
    row(SENDING, "UNSUBSCRIBE_MAILTO", "", Kind::Address)
        .means("address opt-outs go to; unset: FROM_EMAIL"),
    row(SENDING, "POSTAL_ADDRESS", "", Kind::Lines)
        .means("postal address in every mail's footer; must be set with SMTP_SERVER"),
    row(
        SENDING,
        "DAILY_SEND_LIMIT",
        "50",
        whole(1, 1_000_000, "mails"),
    )
    .means("most mails a sender sends a day"),
    row(
        SENDING,
        "HOURLY_SEND_LIMIT",
        "",
        whole(1, 1_000_000, "mails"),
    )
    .means("most mails a sender sends in a clock hour; unset: no such limit"),
    row(SENDING, "MIN_GAP_SECONDS", "90", SECONDS)
        .means("least seconds between two mails of a sender"),
    row(SENDING, "GAP_JITTER_SECONDS", "60", SECONDS)
        .means("up to so many seconds more between two mails"),
    row(
        SENDING,
        "SEND_RUN_MINUTES",
        "50",
        whole(0, 1_440, "minutes"),
    )
    .means("how long one run of send may take, its pauses included"),
    row(
        SENDING,
        "QUEUE_BATCH_SIZE",
        "500",
        whole(1, 1_000_000, "mails"),
    )
    .means("most mails one run of send takes on"),
    row(
        SENDING,
        "MAX_DELIVERY_ATTEMPTS",
        "3",
        whole(1, 100, "attempts"),
    )
    .means("attempts after which a deferred mail is a dead letter"),
    row(
        SENDING,
        "RETRY_DELAY_MINUTES",
        "30",
        whole(1, 1_440, "minutes"),
    )
    .means("wait before the second attempt; doubles each time"),
    row(SENDING, "ALLOW_BLIND_FOLLOW_UPS", "false", Kind::YesNo)
        .means("Proof and FOMO may leave although no inbox is read"),
    row(SENDING, "SENDERS_FILE", "", Kind::Path)
        .means("TOML file of several senders, each with what it does not share with the others"),
    row(SENDING, "RAMP_START", "", whole(1, 1_000_000, "mails"))
        .means("a new sender's limit on the first day it sends"),
    row(SENDING, "RAMP_STEP", "", whole(1, 1_000_000, "mails"))
        .means("by how much that limit grows each day it sends, up to DAILY_SEND_LIMIT"),
    row(
        SENDING,
        "MAX_PER_COMPANY_PER_DAY",
        "",
        whole(1, 1_000_000, "leads"),
    )
    .means("most leads of one company that are written to on a day; unset: no such limit"),
    row(
        SENDING,
        "SMTP_CONNECTIONS",
        "1",
        whole(1, 50, "connections"),
    )
    .means("connections a sender may have open at once"),
    row(
        SENDING,
        "SMTP_MESSAGES_PER_CONNECTION",
        "100",
        whole(0, 1_000_000, "mails"),
    )
    .means("mails after which a connection is made anew; 0: any number"),
    row(SENDING, "THREAD_FOLLOW_UPS", "false", Kind::YesNo)
        .means("Proof and FOMO answer the Hook, with its subject after `Re:`"),
    row(SENDING, "DKIM_KEY_FILE", "", Kind::Path)
        .means("PEM file of the private key mails are signed with; unset: the server signs"),
    row(SENDING, "DKIM_SELECTOR", "", Kind::Name)
        .means("where the public key is found, `<selector>._domainkey.<domain>`"),
    row(SENDING, "DKIM_DOMAIN", "", Kind::Name)
        .means("the domain that signs; unset: that of the sender"),
    row(
        SENDING,
        "BOUNCE_LIMIT_PERCENT",
        "2",
        Kind::Decimal {
            min: 0.1,
            max: 100.0,
        },
    )
    .means("a sender stops when more of its mails of 28 days came back, from 20 mails on"),
    row(SENDING, "CANARY_SIZE", "0", whole(0, 10_000, "mails"))
        .means("Hooks of a batch that leave first while the others wait; 0: all leave"),
    row(SENDING, "CANARY_HOURS", "24", whole(1, 720, "hours"))
        .means("how long the others wait after the last of them"),
    row(SENDING, "PUBLIC_URL", "", Kind::Url).means(
        "https address under which `serve` is reached; mails then offer one click to opt out",
    ),
    row(SENDING, "TRACK_OPENS", "false", Kind::YesNo)
        .means("count opens: mails get HTML with a picture; needs PUBLIC_URL"),
    row(SENDING, "TRACK_CLICKS", "false", Kind::YesNo)
        .means("count clicks: mails get HTML whose links lead over PUBLIC_URL"),
    row(SENDING, "SERVE_ADDRESS", "127.0.0.1:8025", Kind::Listen)
        .means("where `serve` listens, behind a proxy with TLS; systemd's socket goes before it"),
    row(
        SENDING,
        "SERVE_METRICS_ADDRESS",
        "127.0.0.1:9464",
        Kind::Listen,
    )
    .means("where `serve` tells its health and figures; only loopback or private addresses"),
    row(INBOX, "IMAP_SERVER", "", Kind::Host)
        .means("server the inbox is read on; unset: a Maildir at INBOX_DIR"),
    row(INBOX, "IMAP_PORT", "993", PORT).means("its port"),
    row(INBOX, "IMAP_TLS", "", TLS_MODES)
        .means("protection; none only to loopback; unset: tls, on port 143 starttls"),
    row(INBOX, "IMAP_USERNAME", "", Kind::Line).means("user name"),
    row(INBOX, "IMAP_PASSWORD", "", Kind::Secret).means("password"),
    row(INBOX, "IMAP_AUTH", "auto", Kind::Choice(&IMAP_AUTHS))
        .means("how to log in; auto: by password if there is one, else by OAUTH_REFRESH_TOKEN"),
    row(INBOX, "MONITOR_INBOX_FOLDER", "INBOX", Kind::Folders)
        .means("folders that are read, `INBOX, Junk`, named as your mail program shows them"),
    row(INBOX, "INBOX_DIR", "inbox", Kind::Path)
        .means("Maildir that is read when there is no IMAP_SERVER"),
    row(INBOX, "SENT_FOLDER", "", Kind::Line)
        .means("folder where a mail in doubt is looked for, or auto; unset: a person looks"),
    row(
        INBOX,
        "SENT_SETTLE_MINUTES",
        "15",
        whole(1, 1_440, "minutes"),
    )
    .means("how long a mail may take to get there; before, absence proves nothing"),
    row(
        INBOX,
        "SCAN_MAX_AGE_MINUTES",
        "120",
        whole(1, 10_080, "minutes"),
    )
    .means("follow-ups wait when the inbox was last read longer ago"),
    row(INBOX, "STOP_COMPANY_ON_REPLY", "true", Kind::YesNo)
        .means("after an answer the campaigns of colleagues wait for a person"),
    row(
        INBOX,
        "RESPONSE_SENSITIVITY",
        "normal",
        Kind::Choice(&SENSITIVITIES),
    )
    .means("how weak the words may be that a wish is read out of; opt-outs are heard at any level"),
    row(
        INBOX,
        "RESPONSE_CLASSIFIER",
        "rules",
        Kind::Choice(&CLASSIFIERS),
    )
    .means("who says what an answer wants: rules, or llm, with the rules where it gives no answer"),
    row(
        KEEPING,
        "CAMPAIGN_DATABASE_PATH",
        "campaigns.db",
        Kind::Path,
    )
    .means("the ledger"),
    row(
        KEEPING,
        "ANALYTICS_RETENTION_DAYS",
        "365",
        whole(1, 36_500, "days"),
    )
    .means("how long headers and words of read mails, and opens and clicks one by one, are kept"),
    row(KEEPING, "LOG_LEVEL", "info", LOG_LEVELS).means("least weight of what is logged"),
    row(KEEPING, "ENABLE_JSON_LOGS", "false", Kind::YesNo).means("log one JSON object a line"),
];
