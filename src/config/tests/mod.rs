//! The configuration as a whole: what is refused, what is odd, what is in force.

mod logins;
mod mailboxes;
mod providers;
mod relations;
mod senders;
mod sending;
mod sources;
mod values;

use std::collections::BTreeSet;

use super::reader::Reader;
use super::variables::FIELD_FAMILY;
use super::*;

const SMTP: &str = "SMTP_SERVER=smtp.example.com\nFROM_EMAIL=a@example.com\nPOSTAL_ADDRESS=1 Way\n";

#[track_caller]
fn load(text: &str) -> (Config, Vec<String>) {
    match Config::load(&Sources::of_text(text, &[])) {
        Ok((config, warnings)) => (config, warnings.iter().map(Warning::to_string).collect()),
        Err(problems) => panic!("{text}\n{problems}"),
    }
}

/// Checks all the problems of a `.env` file, one a line.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let problems = match Config::load(&Sources::of_text(text, &[])) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    };
    assert_eq!(problems, expected.join("\n"), "{text}");
}

#[track_caller]
fn check_warnings(text: &str, expected: &[&str]) {
    assert_eq!(load(text).1, expected, "{text}");
}

#[test]
fn with_nothing_set_everything_is_built_in() {
    let sources = Sources::only::<&str, &str>([]);
    let (config, warnings) = Config::load(&sources).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(
        config.endpoints(),
        "leads: none (neither LEADS_FILE nor AIRTABLE_API_KEY is set) · \
         writer: built-in templates · mail: Maildir outbox · inbox: Maildir inbox"
    );
    let delays: Vec<_> = config
        .sequence
        .steps
        .iter()
        .map(|step| step.delay_days)
        .collect();
    assert_eq!(delays, [0, 3, 7]);
    assert!(config.sequence.respect_business_days && config.stop_company_on_reply);
    assert_eq!(
        (config.campaigns_per_batch, config.senders[0].limits.daily),
        (50, 50)
    );
    assert_eq!(
        (
            config.senders[0].limits.gap_secs,
            config.senders[0].limits.jitter_secs,
            config.send_run_minutes
        ),
        (90, 60, 50)
    );
    assert_eq!(
        (config.delivery_attempts_max, config.retry_delay_minutes),
        (3, 30)
    );
    assert_eq!(
        (config.quality_threshold, config.scan_age_minutes_max),
        (80, 120)
    );
    assert_eq!(config.senders[0].address.as_str(), "team@outreach.invalid");
    assert_eq!(
        config.senders[0].unsubscribe_mailto,
        config.senders[0].address
    );
    assert_eq!(config.team, "4Runr Team");
    assert_eq!(config.ledger_path, PathBuf::from("campaigns.db"));
    assert!(config.senders[0].mailbox_is_default && !config.require_approval && !config.json_logs);
    assert!(!config.allow_blind_follow_ups && config.senders[0].reply_to.is_none());
}

#[test]
fn every_listed_variable_is_read() {
    let sources = Sources::of_text("AIRTABLE_FIELD_EMAIL=Mail", &[]);
    let mut reader = Reader::new(&sources);
    load::read_config(&mut reader, &sources).unwrap();
    let asked: BTreeSet<_> = reader.asked.iter().copied().collect();
    let listed: BTreeSet<_> = variables::ALL
        .iter()
        .map(|variable| variable.name)
        .filter(|n| *n != FIELD_FAMILY)
        .collect();
    assert_eq!(asked, listed);
    assert_eq!(
        reader.asked.len(),
        asked.len(),
        "a variable read twice reports a problem twice"
    );
}

#[test]
fn several_mistakes_are_reported_together_in_one_line_each() {
    check(
        "\u{feff}export SMTP_SERVER = smtp.example.com\r\nSMTP_PORT='no'\r\nhunter2\r\n\
         FOMO_MESSAGE_DELAY_DAYS=1 # soon\r\nDAILY_SEND_LIMIT=0\r\nSMTP_USERNAME=u\r\n\
         SMTP_PASSWORD=\"hunter2\\u{0}\\n\"\r\nFROM_NAME=\"A\\nBcc: x@y\"",
        &[
            ".env:3: expected NAME=value, found a line without `=`",
            "FOMO_MESSAGE_DELAY_DAYS (.env:4): expected more days than \
             PROOF_MESSAGE_DELAY_DAYS, which is 3, found `1`",
            "FROM_NAME (.env:8): expected one line of text, at most 200 characters, found \
             `A\\u{a}Bcc: x@y`",
            "SMTP_PASSWORD (.env:7): expected one line of text without control characters, \
             found a control character or a second line in it",
            "SMTP_PORT (.env:2): expected a whole number from 1 to 65535, found `no`",
            "FROM_EMAIL: expected an e-mail address such as name@company.com, because \
             SMTP_SERVER is set (.env:1); found nothing",
            "POSTAL_ADDRESS: expected a text of at most 500 characters, because SMTP_SERVER is \
             set (.env:1); found nothing",
            "DAILY_SEND_LIMIT (.env:5): expected a whole number of mails from 1 to 1000000, \
             found `0`",
        ],
    );
}

/// A configuration in which every secret is set.
fn all_set() -> Sources {
    let text = format!(
        "{SMTP}SMTP_USERNAME=u\nSMTP_PASSWORD=hunter2\nIMAP_SERVER=imap.example.com\n\
         IMAP_USERNAME=u\nIMAP_PASSWORD=hunter2\nAIRTABLE_API_KEY=hunter2\n\
         AIRTABLE_BASE_ID=appAbC\nAIRTABLE_FIELD_EMAIL=Mail\nFROM_NAME=\" Ada \"\n"
    );
    Sources::of_text(
        &text,
        &[("OPENAI_API_KEY", "hunter2"), ("SMTP_PORT", "465")],
    )
}

#[test]
fn a_secret_is_never_shown() {
    let sources = all_set();
    let (config, warnings) = Config::load(&sources).unwrap();
    let described = config.describe(&sources);
    let json = serde_json::to_string(&described).unwrap();
    for text in [
        format!("{config:?}"),
        format!("{sources:?}"),
        format!("{warnings:?}"),
        format!("{described:?}"),
        config.endpoints(),
        json,
    ] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let mut broken = String::new();
    for name in [
        "SMTP_PASSWORD",
        "IMAP_PASSWORD",
        "AIRTABLE_API_KEY",
        "OPENAI_API_KEY",
    ] {
        broken.push_str(&format!(
            "{name}=\"hunter2\\nhunter2\"\n{name}_FILE=/nowhere\n"
        ));
        broken.push_str(&format!("{name}=\"hunter2\\nhunter2\"\n"));
    }
    for text in [broken.clone(), broken.replace("_FILE", "_FILES")] {
        let problems = Config::load(&Sources::of_text(&text, &[])).unwrap_err();
        assert_eq!(
            problems.0.len(),
            5,
            "four secrets, and AIRTABLE_BASE_ID missing: {problems}"
        );
        assert!(
            !format!("{problems} {problems:?}").contains("hunter2"),
            "{problems}"
        );
    }
}

#[test]
fn endpoints_name_what_is_in_force() {
    let (config, _) = Config::load(&all_set()).unwrap();
    assert_eq!(
        config.endpoints(),
        "leads: Airtable appAbC/Leads · writer: gpt-4 at https://api.openai.com/v1 · \
         mail: SMTP smtp.example.com:465 (tls) · inbox: IMAP imap.example.com:993/INBOX (tls)"
    );
    assert!(!config.senders[0].mailbox_is_default);
    let (config, _) = load("LEADS_FILE=leads.csv\nINBOX_DIR=in");
    assert!(
        config
            .endpoints()
            .starts_with("leads: file leads.csv · writer: built-in templates")
    );
    assert!(!config.senders[0].mailbox_is_default);
}

#[test]
fn doctor_shows_every_variable_with_its_source() {
    let sources = all_set();
    let (config, _) = Config::load(&sources).unwrap();
    let described = config.describe(&sources);
    assert_eq!(described.len(), variables::ALL.len() + 1);
    let of = |name: &str| {
        let one = described.iter().find(|one| one.name == name).unwrap();
        format!("{} | {}", one.value, one.source)
    };
    assert_eq!(of("SMTP_PASSWORD"), "[set] | .env:5");
    assert_eq!(of("OPENAI_API_KEY"), "[set] | environment");
    assert_eq!(of("SMTP_PORT"), "465 | environment");
    assert_eq!(of("SMTP_TLS"), "tls | default");
    assert_eq!(of("IMAP_PORT"), "993 | default");
    assert_eq!(of("FROM_NAME"), "Ada | .env:12");
    assert_eq!(of("UNSUBSCRIBE_MAILTO"), "a@example.com | default");
    assert_eq!(of("LEADS_FILE"), " | unset");
    assert_eq!(of("AIRTABLE_FIELD_<OUR_NAME>"), " | unset");
    assert_eq!(of("AIRTABLE_FIELD_EMAIL"), "Mail | .env:11");
    assert!(
        described
            .iter()
            .all(|one| !one.meaning.is_empty() && !one.value.contains('\n'))
    );
}
