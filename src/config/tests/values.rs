//! What each variable accepts by itself.

use super::super::variables::FIELD_FAMILY;
use super::super::*;
use super::{SMTP, check, load};

#[test]
fn every_variable_refuses_what_it_does_not_accept_and_names_itself() {
    for variable in variables::ALL
        .iter()
        .filter(|variable| variable.name != FIELD_FAMILY)
    {
        // No variable takes a control character, and the escape keeps the error on one line.
        let sources = Sources::of_text(&format!("{}=\"marker\u{7}\"", variable.name), &[]);
        let problems = Config::load(&sources).unwrap_err();
        let of_it: Vec<_> = problems
            .0
            .iter()
            .filter(|problem| problem.place.starts_with(variable.name))
            .collect();
        let [problem] = of_it.as_slice() else {
            panic!("{}: {problems}", variable.name)
        };
        assert_eq!(problem.place, format!("{} (.env:1)", variable.name));
        assert!(problem.message.contains("expected") && problem.message.contains("found"));
        assert!(!problem.to_string().contains(char::is_control), "{problem}");
        // Anything but a secret is repeated, so that the mistake can be seen.
        assert_eq!(
            problem.message.contains("marker"),
            !variable.is_secret(),
            "{problem}"
        );
    }
}

#[test]
fn numbers_words_and_switches_say_what_they_expect() {
    check(
        "PROOF_MESSAGE_DELAY_DAYS=three",
        &[
            "PROOF_MESSAGE_DELAY_DAYS (.env:1): expected a whole number of days from 0 to 365, \
             found `three`",
        ],
    );
    for bad in [
        "-1",
        "366",
        "3.0",
        "+ 3",
        "٣",
        "0x3",
        "99999999999999999999",
    ] {
        check(
            &format!("PROOF_MESSAGE_DELAY_DAYS={bad}"),
            &[&format!(
                "PROOF_MESSAGE_DELAY_DAYS (.env:1): expected a whole number of days from 0 to \
                 365, found `{bad}`"
            )],
        );
    }
    for bad in ["0", "65536", "smtp"] {
        check(
            &format!("IMAP_PORT={bad}"),
            &[&format!(
                "IMAP_PORT (.env:1): expected a whole number from 1 to 65535, found `{bad}`"
            )],
        );
    }
    for bad in ["NaN", "inf", "2.1", "-0.1", "0,7"] {
        check(
            &format!("AI_TEMPERATURE={bad}"),
            &[&format!(
                "AI_TEMPERATURE (.env:1): expected a number from 0 to 2, found `{bad}`"
            )],
        );
    }
    check(
        "QUALITY_THRESHOLD=101",
        &[
            "QUALITY_THRESHOLD (.env:1): expected a whole number of points from 0 to 100, found \
             `101`",
        ],
    );
    check(
        "REQUIRE_APPROVAL=maybe",
        &["REQUIRE_APPROVAL (.env:1): expected true or false, found `maybe`"],
    );
    check(
        "SMTP_TLS=ssl",
        &["SMTP_TLS (.env:1): expected one of starttls, tls, none, found `ssl`"],
    );
    check(
        "HOLIDAY_COUNTRY=Atlantis",
        &["HOLIDAY_COUNTRY (.env:1): expected a country such as US or Germany, found `Atlantis`"],
    );
    for (text, expected) in [
        ("true", true),
        ("No", false),
        ("ON", true),
        ("1", true),
        ("0", false),
    ] {
        assert_eq!(
            load(&format!("REQUIRE_APPROVAL={text}")).0.require_approval,
            expected,
            "{text}"
        );
    }
    for (text, expected) in [("DEBUG", "debug"), ("WARNING", "warn"), ("warn", "warn")] {
        assert_eq!(load(&format!("LOG_LEVEL={text}")).0.log_level, expected);
    }
}

#[test]
fn places_and_hours_come_from_the_calendar() {
    for (name, value) in [
        ("DEFAULT_TIMEZONE", "Mars/Base"),
        ("SEND_WINDOW", "17:00-09:00"),
    ] {
        let problems =
            Config::load(&Sources::of_text(&format!("{name}={value}"), &[])).unwrap_err();
        let text = problems.to_string();
        assert_eq!(problems.0.len(), 1, "{text}");
        assert!(
            text.starts_with(&format!("{name} (.env:1): ")) && text.contains(value),
            "{text}"
        );
    }
    let (config, _) = load("SEND_WINDOW=08:30-18:00\nHOLIDAY_COUNTRY=DE");
    assert_eq!(config.window.open.to_string(), "08:30:00");
    assert_eq!(config.holiday_country, "DE");
}

#[test]
fn hosts_and_addresses_of_servers_are_bare_and_safe() {
    for bad in [
        "smtp.example.com:587",
        "smtp://x",
        "a b",
        "-a.com",
        "a..b",
        "a/b",
        "é.com",
    ] {
        check(
            &format!("{SMTP}SMTP_SERVER={bad}"),
            &[&format!(
                "SMTP_SERVER (.env:4): expected a host name or IP address without scheme and \
                 port, found `{bad}`"
            )],
        );
    }
    for (good, expected) in [
        ("[::1]", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("a_b.local", "a_b.local"),
    ] {
        let mailer::Settings::Smtp(smtp) = load(&format!("{SMTP}SMTP_SERVER={good}"))
            .0
            .senders
            .remove(0)
            .mailer
        else {
            panic!("{good}")
        };
        assert_eq!(smtp.host, expected);
    }
    let url = "OPENAI_BASE_URL (.env:1): expected an address such as https://host/path (http \
     only to loopback), found";
    for (bad, found) in [
        (
            "http://llm.example.com/v1",
            "`http://llm.example.com/v1` (http would show the key to everyone on the way)",
        ),
        (
            "https://u:hunter2@h/v1",
            "one with a user name or password in it",
        ),
        ("ftp://h/", "`ftp://h/`"),
        (
            "https://h/v1?key=1",
            "`https://h/v1?key=1` (it has a query or a fragment)",
        ),
        (
            "llm.example.com",
            "`llm.example.com` (relative URL without a base)",
        ),
        (
            "http://127.0.0.1.evil.com",
            "`http://127.0.0.1.evil.com` (http would show the key to everyone on the way)",
        ),
    ] {
        check(
            &format!("OPENAI_BASE_URL={bad}"),
            &[&format!("{url} {found}")],
        );
    }
    for (good, expected) in [
        ("http://localhost:11434/v1/", "http://localhost:11434/v1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://llm.example.com", "https://llm.example.com"),
    ] {
        let (config, _) = load(&format!("OPENAI_API_KEY=k\nOPENAI_BASE_URL={good}"));
        let WriterSource::Model(model) = config.writer else {
            panic!("{good}")
        };
        assert_eq!(model.base_url, expected);
    }
}

proptest::proptest! {
    #[test]
    fn no_value_makes_it_panic_or_break_a_line(
        at in 0..variables::ALL.len(),
        value in "(?s).{0,30}",
    ) {
        let name = variables::ALL[at].name;
        if let Err(problems) = Config::load(&Sources::of_text("", &[(name, &value)])) {
            for problem in problems.0 {
                proptest::prop_assert!(!problem.to_string().contains('\n'), "{}", problem);
            }
        }
    }
}
