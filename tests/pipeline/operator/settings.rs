//! `init` and `doctor`: from nothing to settings that work, and what is wrong with those that do not.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn init_writes_settings_that_load_without_a_word() {
    let world = World::new();
    let said = world.run(&["init"]).exits(0).stdout;
    assert_eq!(
        said,
        "created .env: set LEADS_FILE in it, then `outreach doctor`\n"
    );
    let mode = world.path(".env").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(world.run(&["status"]).exits(0).stderr, "");
    let written = world.read(".env");
    world
        .run(&["init"])
        .exits(2)
        .complains("`.env` exists already and is left as it is");
    assert_eq!(world.read(".env"), written);

    let json = world
        .run(&["init", "--file", "other.env", "--json"])
        .exits(0)
        .json();
    assert_eq!(json, serde_json::json!({"created": "other.env"}));
    world
        .run(&["init", "--file", "no/such/folder/.env"])
        .exits(78)
        .complains("cannot create");
}

#[test]
fn every_setting_of_init_loads_when_the_comment_is_taken_away() {
    let world = World::new();
    world.run(&["init"]).exits(0);
    let written = world.read(".env");
    // Defaults only: a variable without one is empty in the file, and empty means unset.
    let settings: Vec<&str> = written
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter(|line| !line.contains('<'))
        .collect();
    assert!(settings.len() > 50, "{settings:?}");
    world.write(".env", settings.join("\n"));
    let outcome = world.run(&["doctor", "--config"]).exits(0);
    // Only what belongs to a service that is not in use is remarked on.
    let is_remark = |line: &&str| line.contains(": has no effect, because ");
    let others = outcome.stderr.lines().filter(|line| !is_remark(line));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn doctor_shows_every_setting_where_it_came_from_and_no_secret() {
    let world = with_leads()
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_TLS", "none")
        .env("SMTP_USERNAME", "team")
        .env("POSTAL_ADDRESS", "1 Example Street")
        .env("SMTP_PASSWORD", "correct horse");
    world.write(".env", "OPENAI_MODEL=tiny\nOPENAI_API_KEY=sk-verysecret\n");
    let outcome = world.run(&["doctor", "--config", "--json"]).exits(0);
    assert!(!outcome.stdout.contains("horse") && !outcome.stdout.contains("verysecret"));
    let json = outcome.json();
    assert_eq!(
        fields(&json),
        ["group", "meaning", "name", "source", "value"]
    );
    let row = |name: &str| {
        let rows = json.as_array().unwrap().iter();
        rows.clone()
            .find(|row| row["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(row("SMTP_PASSWORD")["value"], "[set]");
    assert_eq!(row("SMTP_PASSWORD")["source"], "environment");
    assert_eq!(row("OPENAI_API_KEY")["value"], "[set]");
    assert_eq!(row("OPENAI_MODEL")["source"], ".env:1");
    assert_eq!(row("PROOF_MESSAGE_DELAY_DAYS")["source"], "default");
    let text = world.run(&["doctor", "--config"]).exits(0).stdout;
    assert!(!text.contains("horse") && text.contains("[set]"), "{text}");
    for row in json.as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        assert!(text.contains(name), "{name}");
        assert_ne!(row["meaning"], "", "{name}");
    }
}

#[test]
fn doctor_is_content_with_the_embedded_defaults() {
    let world = planned();
    let text = world.run(&["doctor"]).exits(0).stdout;
    assert!(text.ends_with("\neverything in force works\n"), "{text}");
    for line in [
        "ok    ledger         `campaigns.db` is sound",
        "ok    leads          `leads.csv` holds 3 leads",
        "ok    texts          brand built in, templates built in",
        "ok    writer         the built-in templates",
    ] {
        assert!(text.contains(line), "expected `{line}` in\n{text}");
    }
    let json = world.run(&["doctor", "--json"]).exits(0).json();
    assert_eq!(fields(&json), ["checks", "ok", "warnings"]);
    let checks = json["checks"].as_array().unwrap();
    let names = checks.iter().map(|check| check["check"].as_str().unwrap());
    let expected = ["ledger", "leads", "texts", "writer", "mail", "inbox"];
    assert_eq!(names.collect::<Vec<_>>(), expected);
}

#[test]
fn doctor_names_each_endpoint_that_fails_and_goes_on_with_the_others() {
    // A port nobody listens on: taken by the system and given back.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let world = World::new()
        .env("FROM_EMAIL", "team@sender.example")
        .env("POSTAL_ADDRESS", "1 Example Street")
        .env("LEADS_FILE", "gone.csv")
        .env("OPENAI_API_KEY", "sk-x")
        .env("OPENAI_BASE_URL", format!("http://127.0.0.1:{closed}/v1"))
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", closed.to_string())
        .env("SMTP_TLS", "none")
        .env("IMAP_SERVER", "127.0.0.1")
        .env("IMAP_PORT", closed.to_string())
        .env("IMAP_TLS", "none")
        .env("IMAP_USERNAME", "team")
        .env("IMAP_PASSWORD", "secret");
    world.write(
        "campaigns.db",
        "this is no database, although it is long enough to be read as one",
    );
    let outcome = world.run(&["doctor"]).exits(78);
    let failed: Vec<&str> = outcome
        .stdout
        .lines()
        .filter(|line| line.starts_with("FAIL"))
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(
        failed,
        ["ledger", "leads", "writer", "mail", "inbox"],
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("5 of 6 checks failed"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stdout.contains("gone.csv"), "{}", outcome.stdout);
    let json = world.run(&["doctor", "--json"]).exits(78).json();
    assert_eq!(json["ok"], false);
    assert_eq!(json["checks"][0]["ok"], false);
}

#[test]
fn doctor_names_the_sender_of_each_line_and_shows_what_its_table_says() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let world = with_leads()
        .env("SENDERS_FILE", "senders.toml")
        .env("POSTAL_ADDRESS", "1 Example Street")
        .env("FROM_EMAIL", "")
        .env("BOBS_PASSWORD", "correct horse");
    world.write(
        "senders.toml",
        format!(
            "[[sender]]\naddress = \"ada@sender.example\"\n\n\
             [[sender]]\naddress = \"bob@sender.example\"\nsmtp_server = \"127.0.0.1\"\n\
             smtp_port = {closed}\nsmtp_tls = \"none\"\nsmtp_username = \"bob\"\n\
             smtp_password_env = \"BOBS_PASSWORD\"\n"
        ),
    );
    let text = world.run(&["doctor"]).exits(75).stdout;
    for line in [
        "ok    mail           ada@sender.example: `outbox` does not exist yet",
        "FAIL  mail           bob@sender.example: SMTP_SERVER: `127.0.0.1:",
        "ok    inbox          ada@sender.example, bob@sender.example: ",
    ] {
        assert!(text.contains(line), "expected `{line}` in\n{text}");
    }
    let outcome = world.run(&["doctor", "--config"]).exits(0);
    assert!(!outcome.stdout.contains("horse"), "{}", outcome.stdout);
    let row = outcome.stdout.lines();
    let mut row = row.filter(|line| line.contains("bob@sender.example: smtp_password"));
    let row = row.next().unwrap();
    assert!(
        row.contains("[set]") && row.contains("environment"),
        "{row}"
    );
    let status = world.run(&["nightly"]).exits(0).stderr;
    let first = format!("mail: 2 senders, Maildir outbox, SMTP 127.0.0.1:{closed} (unprotected)");
    assert!(status.lines().next().unwrap().contains(&first), "{status}");

    world.write(
        "senders.toml",
        "[[sender]]\naddress = 7\nsmtp_port = 0\n[[sender]]\n",
    );
    let outcome = world.run(&["pull"]).exits(78);
    let found: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(found.len(), 3, "{found:?}");
    for (line, start) in found.iter().zip([
        "error: senders.toml: sender 1: address: expected an e-mail address",
        "error: senders.toml: sender 1: smtp_port: expected a whole number from 1 to 65535",
        "error: senders.toml: sender 2: address: expected an e-mail address",
    ]) {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn doctor_tells_an_endpoint_that_is_down_from_a_wrong_setting() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let world = with_leads()
        .env("POSTAL_ADDRESS", "1 Example Street")
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_PORT", closed.to_string())
        .env("SMTP_TLS", "none");
    world.run(&["doctor"]).exits(75);
    let wrong = with_leads()
        .env("SMTP_PORT", "many")
        .env("DAILY_SEND_LIMIT", "0");
    let outcome = wrong.run(&["doctor"]).exits(78);
    assert_eq!(outcome.stderr.lines().count(), 2, "{}", outcome.stderr);
    let outcome = outcome.complains("error: SMTP_PORT (environment): expected ");
    outcome.complains("error: DAILY_SEND_LIMIT (environment): expected ");
    let json = wrong.run(&["doctor", "--json"]).exits(78).json();
    assert_eq!(json["problems"].as_array().unwrap().len(), 2, "{json}");
}
