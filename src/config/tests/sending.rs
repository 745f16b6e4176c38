//! When mail leaves, how much of it, and what is looked at around it.

use super::super::*;
use super::{SMTP, check, check_warnings, load};

#[test]
fn delays_count_calendar_days_or_business_days() {
    use crate::campaign::DelayUnit;
    let unit = |text: &str| load(text).0.sequence.delay_unit;
    assert_eq!(unit(""), DelayUnit::Calendar);
    assert_eq!(unit("DELAY_UNIT=Business"), DelayUnit::Business);
    check(
        "DELAY_UNIT=weeks",
        &["DELAY_UNIT (.env:1): expected one of calendar, business, found `weeks`"],
    );
    check_warnings(
        "DELAY_UNIT=business\nRESPECT_BUSINESS_DAYS=false",
        &["DELAY_UNIT (.env:1): has no effect, because RESPECT_BUSINESS_DAYS is false"],
    );
}

#[test]
fn own_closing_days_come_from_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("closed.txt");
    let text = format!("CLOSING_DAYS_FILE={}", path.display());
    std::fs::write(&path, "2026-12-24..2026-12-31 Christmas\n").unwrap();
    let (config, _) = load(&text);
    let eve = "2026-12-24".parse().unwrap();
    assert_eq!(config.closing_days.count(), 8);
    assert_eq!(config.hours().closing_days.name(eve), Some("Christmas"));
    for (bytes, expected) in [
        (&b"2026-12-24\nsoon\n"[..], "line 2"),
        (b"\xff", "expected UTF-8 text"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let problems = Config::load(&Sources::of_text(&text, &[])).unwrap_err();
        let problem = problems.to_string();
        assert!(
            problem.starts_with("CLOSING_DAYS_FILE (.env:1): "),
            "{problem}"
        );
        let names_it = problem.contains(&path.display().to_string());
        assert!(problem.contains(expected) && names_it, "{problem}");
    }
    check(
        "CLOSING_DAYS_FILE=/no/such/file",
        &[
            "CLOSING_DAYS_FILE (.env:1): cannot read `/no/such/file`: No such file or directory \
             (os error 2)",
        ],
    );
}

#[test]
fn limits_reach_planning_and_those_without_effect_are_said() {
    let (config, warnings) = load(
        "HOURLY_SEND_LIMIT=10\nRAMP_START=5\nRAMP_STEP=3\nMAX_PER_COMPANY_PER_DAY=2\n\
         STALE_AFTER_DAYS=0\nCANARY_SIZE=20\nCANARY_HOURS=48\nBOUNCE_LIMIT_PERCENT=2.5",
    );
    assert_eq!(warnings, [""; 0]);
    let limits = config.senders[0].limits;
    assert_eq!(limits.hourly, Some(10));
    assert_eq!(limits.ramp, Some(plan::Ramp { start: 5, step: 3 }));
    let hours = config.hours();
    assert_eq!((hours.company_daily, hours.stale_after_days), (Some(2), 0));
    assert_eq!((config.canary_size, config.canary_hours), (20, 48));
    assert_eq!(config.bounce_limit_percent, 2.5);
    check(
        "RAMP_STEP=2",
        &[
            "RAMP_START: expected a whole number of mails from 1 to 1000000, because RAMP_STEP is \
             set (.env:1); found nothing",
        ],
    );
    check(
        "RAMP_START=2",
        &[
            "RAMP_STEP: expected a whole number of mails from 1 to 1000000, because RAMP_START is \
             set (.env:1); found nothing",
        ],
    );
    check_warnings(
        "RAMP_START=60\nRAMP_STEP=1\nHOURLY_SEND_LIMIT=51\nCANARY_HOURS=2",
        &[
            "HOURLY_SEND_LIMIT (.env:3): has no effect, because DAILY_SEND_LIMIT is 50",
            "RAMP_START (.env:1): has no effect, because DAILY_SEND_LIMIT is 50",
            "CANARY_HOURS (.env:4): has no effect, because CANARY_SIZE is 0",
        ],
    );
    for (name, bad) in [
        ("HOURLY_SEND_LIMIT", "0"),
        ("SMTP_CONNECTIONS", "51"),
        ("SMTP_CONNECTIONS", "0"),
        ("BOUNCE_LIMIT_PERCENT", "0"),
        ("BOUNCE_LIMIT_PERCENT", "100.1"),
        ("CANARY_HOURS", "721"),
        ("SENT_SETTLE_MINUTES", "0"),
        ("STALE_AFTER_DAYS", "366"),
        ("MAX_PER_COMPANY_PER_DAY", "0"),
        ("SMTP_MESSAGES_PER_CONNECTION", "-1"),
    ] {
        let problems = Config::load(&Sources::of_text(&format!("{name}={bad}"), &[]));
        let problem = problems.unwrap_err().to_string();
        let start = format!("{name} (.env:1): expected a ");
        assert!(
            problem.starts_with(&start) && problem.ends_with(&format!("found `{bad}`")),
            "{problem}"
        );
    }
}

#[test]
fn a_connection_is_made_anew_after_so_many_mails() {
    let of = |text: &str| match load(&format!("{SMTP}{text}")).0.senders.remove(0).mailer {
        mailer::Settings::Smtp(smtp) => smtp.messages_max,
        mailer::Settings::Maildir(_) => panic!("{text}"),
    };
    assert_eq!(of(""), Some(100));
    assert_eq!(of("SMTP_MESSAGES_PER_CONNECTION=7"), Some(7));
    assert_eq!(of("SMTP_MESSAGES_PER_CONNECTION=0"), None);
}

#[test]
fn copies_of_what_was_sent_are_looked_for_in_an_account() {
    let folder = |text: &str| load(text).0.senders.remove(0).sent_folder;
    let imap = format!("{SMTP}IMAP_SERVER=i\nIMAP_USERNAME=u\nIMAP_PASSWORD=p\n");
    assert_eq!(folder(&imap), None);
    assert_eq!(
        folder(&format!("{imap}SENT_FOLDER=AUTO")).as_deref(),
        Some("auto")
    );
    assert_eq!(
        folder(&format!("{imap}SENT_FOLDER=Sent Items")).as_deref(),
        Some("Sent Items")
    );
    check(
        &format!("{SMTP}SENT_FOLDER=auto"),
        &[
            "IMAP_SERVER: expected a host name or IP address without scheme and port, because \
             SENT_FOLDER is set (.env:4); found nothing",
        ],
    );
    check_warnings(
        "SENT_FOLDER=auto",
        &["SENT_FOLDER (.env:1): has no effect, because SMTP_SERVER is not set"],
    );
}
