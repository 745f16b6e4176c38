//! What variables mean to each other.

use super::super::*;
use super::{SMTP, check, check_warnings, load};
use crate::tls::TlsMode;

#[test]
fn each_step_waits_longer_than_the_one_before() {
    check(
        "PROOF_MESSAGE_DELAY_DAYS=7",
        &[
            "FOMO_MESSAGE_DELAY_DAYS: expected more days than PROOF_MESSAGE_DELAY_DAYS, which \
             is 7, found `7`",
        ],
    );
    check(
        "HOOK_MESSAGE_DELAY_DAYS=9\nPROOF_MESSAGE_DELAY_DAYS=5",
        &[
            "PROOF_MESSAGE_DELAY_DAYS (.env:2): expected more days than \
             HOOK_MESSAGE_DELAY_DAYS, which is 9, found `5`",
        ],
    );
    let (config, _) = load("PROOF_MESSAGE_DELAY_DAYS=1\nFOMO_MESSAGE_DELAY_DAYS=2");
    assert_eq!(config.sequence.distance_days(3), 1);
}

#[test]
fn smtp_needs_a_sender_a_postal_address_and_whole_credentials() {
    check(
        "SMTP_SERVER=h",
        &[
            "FROM_EMAIL: expected an e-mail address such as name@company.com, because \
             SMTP_SERVER is set (.env:1); found nothing",
            "POSTAL_ADDRESS: expected a text of at most 500 characters, because SMTP_SERVER is \
             set (.env:1); found nothing",
        ],
    );
    let secret = "expected one line of text without control characters, because";
    check(
        &format!("{SMTP}SMTP_USERNAME=u"),
        &[&format!(
            "SMTP_PASSWORD: {secret} SMTP_USERNAME is set (.env:4); found nothing"
        )],
    );
    check(
        &format!("{SMTP}SMTP_PASSWORD=hunter2"),
        &[
            "SMTP_USERNAME: expected one line of text, at most 200 characters, because \
             SMTP_PASSWORD is set (.env:4); found nothing",
        ],
    );
    check(
        "IMAP_SERVER=h",
        &[
            "IMAP_USERNAME: expected one line of text, at most 200 characters, because \
             IMAP_SERVER is set (.env:1); found nothing",
            &format!("IMAP_PASSWORD: {secret} IMAP_SERVER is set (.env:1); found nothing"),
        ],
    );
    check(
        "AIRTABLE_API_KEY=k",
        &[
            "AIRTABLE_BASE_ID: expected the id of a base, `app` and letters or digits, because \
             AIRTABLE_API_KEY is set (.env:1); found nothing",
        ],
    );
}

#[test]
fn no_protection_is_for_this_machine_only() {
    check(
        &format!("{SMTP}SMTP_TLS=none"),
        &[
            "SMTP_TLS (.env:4): expected starttls or tls, found `none`, which is only allowed \
             to this machine and not to `smtp.example.com`",
        ],
    );
    let imap = "IMAP_USERNAME=u\nIMAP_PASSWORD=p\nIMAP_TLS=none\nIMAP_SERVER=";
    check(
        &format!("{imap}127.0.0.1.example.com"),
        &[
            "IMAP_TLS (.env:3): expected starttls or tls, found `none`, which is only allowed \
             to this machine and not to `127.0.0.1.example.com`",
        ],
    );
    for host in ["localhost", "127.0.0.1", "::1"] {
        check(&format!("{imap}{host}"), &[]);
        check(&format!("{SMTP}SMTP_TLS=none\nSMTP_SERVER={host}"), &[]);
    }
}

#[test]
fn the_protection_follows_the_port() {
    for (text, expected) in [
        ("", TlsMode::StartTls),
        ("SMTP_PORT=465", TlsMode::Tls),
        ("SMTP_PORT=2525", TlsMode::StartTls),
        ("SMTP_TLS=TLS\nSMTP_PORT=465", TlsMode::Tls),
    ] {
        let (config, warnings) = load(&format!("{SMTP}{text}"));
        let mailer::Settings::Smtp(smtp) = &config.senders[0].mailer else {
            panic!("{text}")
        };
        assert_eq!((smtp.tls, warnings.len()), (expected, 0), "{text}");
    }
    for (text, expected) in [
        ("", TlsMode::Tls),
        ("IMAP_PORT=143", TlsMode::StartTls),
        ("IMAP_PORT=1993", TlsMode::Tls),
        ("IMAP_PORT=1143\nIMAP_TLS=starttls", TlsMode::StartTls),
    ] {
        let (config, warnings) = load(&format!(
            "IMAP_SERVER=h\nIMAP_USERNAME=u\nIMAP_PASSWORD=p\n{text}"
        ));
        let mailbox::Settings::Imap(imap) = &config.senders[0].mailbox else {
            panic!("{text}")
        };
        assert_eq!((imap.tls, warnings.len()), (expected, 0), "{text}");
    }
    check_warnings(
        &format!("{SMTP}SMTP_PORT=465\nSMTP_TLS=starttls"),
        &["SMTP_TLS (.env:5): is starttls on port 465, where servers usually expect tls"],
    );
}

#[test]
fn no_two_things_are_kept_at_one_place() {
    check(
        "LEADS_FILE=leads.csv\nSTATUS_FILE=./leads.csv",
        &[
            "STATUS_FILE (.env:2): expected another path than LEADS_FILE, found the same, \
             `./leads.csv`",
        ],
    );
    check(
        "LEADS_FILE=leads.csv\nSTATUS_FILE=src/../campaigns.db",
        &[
            "STATUS_FILE (.env:2): expected another path than CAMPAIGN_DATABASE_PATH, found the \
             same, `src/../campaigns.db`",
        ],
    );
    check(
        "LEADS_FILE=leads.csv\nCAMPAIGN_DATABASE_PATH=leads.csv",
        &[
            "LEADS_FILE (.env:1): expected another path than CAMPAIGN_DATABASE_PATH, found the \
             same, `leads.csv`",
        ],
    );
    check(
        "OUTBOX_DIR=mail\nINBOX_DIR=mail",
        &["INBOX_DIR (.env:2): expected another path than OUTBOX_DIR, found the same, `mail`"],
    );
    check(
        "LEADS_FILE=..",
        &["LEADS_FILE (.env:1): expected a path that ends in the name of a file"],
    );
}

#[test]
fn leads_come_from_a_file_or_from_airtable() {
    for (text, expected) in [
        ("LEADS_FILE=data/leads.csv", "data/leads.status.csv"),
        ("LEADS_FILE=leads.v2.json", "leads.v2.status.csv"),
        ("LEADS_FILE=leads", "leads.status.csv"),
        ("LEADS_FILE=leads.csv\nSTATUS_FILE=out/s.csv", "out/s.csv"),
    ] {
        let LeadsSource::File { status, .. } = load(text).0.leads else {
            panic!("{text}")
        };
        assert_eq!(status, PathBuf::from(expected));
    }
    let (config, warnings) = load(
        "AIRTABLE_API_KEY=k\nAIRTABLE_BASE_ID=appAbC\nLEADS_FILE=x.csv\n\
         AIRTABLE_FIELD_FULL_NAME=Contact name\nAIRTABLE_FIELD_CAMPAIGN_NOTES=fld123",
    );
    let LeadsSource::Airtable(base) = config.leads else {
        panic!()
    };
    assert_eq!(
        (base.url.as_str(), base.table.as_str()),
        ("https://api.airtable.com/v0", "Leads")
    );
    let columns: Vec<_> = base
        .columns
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(columns, ["campaign_notes=fld123", "full_name=Contact name"]);
    assert_eq!(
        warnings,
        ["LEADS_FILE (.env:3): has no effect, because AIRTABLE_API_KEY is set"]
    );
    check(
        "AIRTABLE_FIELD_CITY=Place\nAIRTABLE_FIELD_EMAIL=Place",
        &[
            "AIRTABLE_FIELD_EMAIL (.env:2): expected a column of its own, found the one of \
             AIRTABLE_FIELD_CITY",
        ],
    );
    check(
        "AIRTABLE_BASE_ID=https://airtable.com/appAbC/tblX",
        &[
            "AIRTABLE_BASE_ID (.env:1): expected the id of a base, `app` and letters or digits, \
             found `https://airtable.com/appAbC/tblX`",
        ],
    );
}

#[test]
fn calls_are_spaced_unless_the_base_is_on_this_machine() {
    let gap_ms = |text: &str| load(text).0.airtable_gap.as_millis();
    assert_eq!(gap_ms(""), 250);
    let base = "AIRTABLE_API_KEY=k\nAIRTABLE_BASE_ID=appA\nAIRTABLE_CALLS_PER_SECOND";
    for (rate, expected) in [("5", 200), ("0.5", 2_000), ("2.5", 400), ("0.01", 100_000)] {
        assert_eq!(gap_ms(&format!("{base}={rate}")), expected, "{rate}");
    }
    for rate in ["0", "0.0", "-0"] {
        for host in ["127.0.0.1:8080", "[::1]", "localhost"] {
            let text = format!("AIRTABLE_API_URL=http://{host}/v0\n{base}={rate}");
            assert_eq!(gap_ms(&text), 0, "{text}");
        }
        check(
            &format!("{base}={rate}"),
            &[
                "AIRTABLE_CALLS_PER_SECOND (.env:3): expected a number of calls from 0.01 to 5, \
                 found `0` (no limit), which is only allowed to this machine and not to \
                 `api.airtable.com`",
            ],
        );
    }
    for bad in ["6", "5.01", "-1", "NaN", "inf", "four", "4/s"] {
        check(
            &format!("{base}={bad}"),
            &[&format!(
                "AIRTABLE_CALLS_PER_SECOND (.env:3): expected a number from 0 to 5, found `{bad}`"
            )],
        );
    }
    check(
        &format!("{base}=1e-300"),
        &[
            "AIRTABLE_CALLS_PER_SECOND (.env:3): expected a number of calls from 0.01 to 5, found \
           `1e-300`",
        ],
    );
    // One mistake is told once.
    check(
        &format!("{base}=0\nAIRTABLE_API_URL=ftp://x"),
        &[
            "AIRTABLE_API_URL (.env:4): expected an address such as https://host/path (http only \
           to loopback), found `ftp://x`",
        ],
    );
}

#[test]
fn the_months_calls_are_unknown_until_they_are_said() {
    let base = "AIRTABLE_API_KEY=k\nAIRTABLE_BASE_ID=appA\n";
    assert_eq!(load(base).0.airtable_monthly_calls, None);
    let (config, warnings) = load(&format!("{base}AIRTABLE_MONTHLY_CALLS=1000"));
    assert_eq!(config.airtable_monthly_calls, Some(1000));
    assert_eq!(warnings, [""; 0]);
    check(
        "AIRTABLE_MONTHLY_CALLS=0",
        &[
            "AIRTABLE_MONTHLY_CALLS (.env:1): expected a whole number of calls from 1 to \
             100000000, found `0`",
        ],
    );
    check_warnings(
        "AIRTABLE_MONTHLY_CALLS=1000\nAIRTABLE_CALLS_PER_SECOND=2",
        &[
            "AIRTABLE_CALLS_PER_SECOND (.env:2): has no effect, because AIRTABLE_API_KEY is not \
             set",
            "AIRTABLE_MONTHLY_CALLS (.env:1): has no effect, because AIRTABLE_API_KEY is not set",
        ],
    );
}

#[test]
fn unknown_names_are_warned_about_with_the_nearest_one() {
    check_warnings(
        "SMTP_PASWORD=hunter2\nAIRTABLE_FIELD_MAIL=x\nSEND_WINDOWS=1\nDATABASE_URL=y\nPATH=z",
        &[
            "AIRTABLE_FIELD_MAIL (.env:2): is no variable of ours; did you mean \
             AIRTABLE_FIELD_EMAIL?",
            "SEND_WINDOWS (.env:3): is no variable of ours; did you mean SEND_WINDOW?",
            "SMTP_PASWORD (.env:1): is no variable of ours; did you mean SMTP_PASSWORD?",
        ],
    );
}

#[test]
fn what_has_no_effect_is_said() {
    check_warnings(
        "SMTP_PASSWORD=p\nIMAP_USERNAME=u\nSTATUS_FILE=s.csv",
        &[
            "STATUS_FILE (.env:3): has no effect, because LEADS_FILE is not set",
            "SMTP_PASSWORD (.env:1): has no effect, because SMTP_SERVER is not set",
            "IMAP_USERNAME (.env:2): has no effect, because IMAP_SERVER is not set",
        ],
    );
    check_warnings("PUBLIC_URL=https://o.example.com/\nTRACK_OPENS=yes", &[]);
    check(
        "TRACK_CLICKS=1",
        &[
            "PUBLIC_URL: expected an address such as https://host/path (http only to loopback), \
             because TRACK_CLICKS is set (.env:1); found nothing",
        ],
    );
}

#[test]
fn people_are_led_only_where_they_can_come() {
    let (config, _) = load("PUBLIC_URL=https://o.example.com/x/\nTRACK_CLICKS=yes");
    assert_eq!(
        config.public_url.unwrap().as_str(),
        "https://o.example.com/x"
    );
    assert_eq!((config.tracked.opens, config.tracked.clicks), (false, true));
    assert!(load("").0.public_url.is_none());
    let (tried_out, _) = load("PUBLIC_URL=http://127.0.0.1:8025");
    assert!(tried_out.public_url.is_some());
    let smtp = |host: &str| {
        format!(
            "PUBLIC_URL=http://127.0.0.1:8025\nSMTP_SERVER={host}\nFROM_EMAIL=a@b.example\n\
             POSTAL_ADDRESS=1 High St"
        )
    };
    check(
        &smtp("smtp.example.com"),
        &[
            "PUBLIC_URL (.env:1): expected an https address, because mails go to \
             `smtp.example.com` and their readers cannot reach this machine by \
             `http://127.0.0.1:8025`",
        ],
    );
    assert!(load(&smtp("localhost")).0.public_url.is_some());
    check(
        &format!("PUBLIC_URL=https://o.example.com/{}", "x".repeat(280)),
        &["PUBLIC_URL (.env:1): expected at most 300 characters, found `302` of them"],
    );
}

#[test]
fn a_budget_needs_a_price_and_a_price_may_come_from_the_list() {
    let writer = |text: &str| match load(&format!("OPENAI_API_KEY=sk-x\n{text}")).0.writer {
        WriterSource::Model(settings) => settings,
        WriterSource::Templates => panic!("{text}"),
    };
    let price = |text: &str| writer(text).price.map(|price| (price.input, price.output));
    assert_eq!(price("LLM_BUDGET_USD_PER_RUN=1.5"), Some((30.0, 60.0)));
    assert_eq!(price("OPENAI_MODEL=llama3"), None);
    assert_eq!(
        price("OPENAI_MODEL=llama3\nLLM_BUDGET_USD_PER_RUN=2\nLLM_PRICE_USD_PER_MTOK=0.1 / 0.4"),
        Some((0.1, 0.4))
    );
    assert_eq!(price("LLM_PRICE_USD_PER_MTOK=1/2"), Some((1.0, 2.0)));
    assert_eq!(writer("LLM_BUDGET_USD_PER_RUN=1.5").budget_usd, Some(1.5));
    check(
        "OPENAI_API_KEY=sk-x\nOPENAI_MODEL=llama3\nLLM_BUDGET_USD_PER_RUN=2",
        &[
            "LLM_PRICE_USD_PER_MTOK: expected dollars for a million tokens read and written such \
             as 2.50/10.00, because LLM_BUDGET_USD_PER_RUN is set and the price of `llama3` is \
             not known; found nothing",
        ],
    );
    for odd in ["3", "1/", "/", "a/b", "-1/2", "1/2/3", "NaN/1", "inf/1"] {
        check(
            &format!("LLM_PRICE_USD_PER_MTOK={odd}"),
            &[&format!(
                "LLM_PRICE_USD_PER_MTOK (.env:1): expected dollars for a million tokens read and \
                 written such as 2.50/10.00, found `{odd}`"
            )],
        );
    }
    check_warnings(
        "LLM_BUDGET_USD_PER_RUN=2",
        &["LLM_BUDGET_USD_PER_RUN (.env:1): has no effect, because OPENAI_API_KEY is not set"],
    );
}
