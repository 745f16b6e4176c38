//! No secret is ever shown or stored, whatever fails and however much is logged.

use std::fs;
use std::path::Path;

use super::*;
use crate::world::airtable::{self, Airtable};
use crate::world::llm::Llm;
use crate::world::smtp::{At, Fault, Options, Rule, Smtp};

const SECRETS: [(&str, &str); 4] = [
    ("AIRTABLE_API_KEY", "patMarkerOne.4f1c9a"),
    ("OPENAI_API_KEY", "sk-marker-two-77b0e2"),
    ("SMTP_PASSWORD", "marker three \"9d\\3e"),
    ("IMAP_PASSWORD", "marker-four-5a6c"),
];

const COMMANDS: [&str; 16] = [
    "doctor",
    "doctor --json",
    "doctor --config",
    "doctor --config --json",
    "pull -vv",
    "generate -vv",
    "schedule -vv",
    "send -vv",
    "scan -vv",
    "push -vv",
    "nightly -vv --json",
    "hourly -vv",
    "status --json",
    "queue",
    "explain ada@engines.example",
    "letters list",
];

/// The secret itself and the forms it travels in.
fn forms(secret: &str) -> Vec<String> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    vec![
        secret.to_string(),
        STANDARD.encode(secret),
        STANDARD.encode(format!("\0team\0{secret}")),
        secret.replace('\\', "\\\\").replace('"', "\\\""),
    ]
}

#[track_caller]
fn no_secret_in(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (name, secret) in SECRETS {
        for form in forms(secret) {
            assert!(
                !text.contains(&form),
                "{what} holds {name} as `{form}`:\n{text}"
            );
        }
    }
}

/// Every file of the world that the program may have written.
fn no_secret_in_files(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_secret_in_files(&path);
        } else {
            no_secret_in(&path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
}

fn with_secrets(world: World) -> World {
    let world = SECRETS
        .iter()
        .fold(world, |world, (name, secret)| world.env(name, secret));
    world
        .env("AIRTABLE_BASE_ID", airtable::BASE_ID)
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_TLS", "none")
        .env("SMTP_USERNAME", "team")
        .env("FROM_EMAIL", "team@ourco.example")
        .env("POSTAL_ADDRESS", "1 Main St, Springfield")
        .env("IMAP_SERVER", "127.0.0.1")
        .env("IMAP_TLS", "none")
        .env("IMAP_USERNAME", "team")
        .env("LOG_LEVEL", "trace")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
}

fn run_everything(world: &World) {
    for command in COMMANDS {
        let outcome = run(world, command);
        assert_ne!(outcome.code, 1, "{outcome:?}");
        no_secret_in(&format!("stdout of {command}"), outcome.stdout.as_bytes());
        no_secret_in(&format!("stderr of {command}"), outcome.stderr.as_bytes());
    }
    no_secret_in_files(&world.path(""));
}

/// A ledger with a dated Hook, so that `send` has something to do.
fn with_work() -> World {
    let world = world_of_ada();
    world.at("2026-03-02T08:00:00Z").run(&["nightly"]).exits(0);
    world
}

#[test]
fn no_secret_is_told_when_every_server_refuses_it() {
    let (base, model) = (Airtable::start(), Llm::start());
    base.allow_any_rate();
    let login = Some(("team".to_string(), "another".to_string()));
    let smtp = Smtp::start_with(Options {
        login,
        ..Options::default()
    });
    let world = with_secrets(with_work())
        .env("LEADS_FILE", "")
        .env("AIRTABLE_API_URL", base.url())
        .env("OPENAI_BASE_URL", model.url())
        .env("SMTP_PORT", smtp.port().to_string())
        .env("IMAP_PORT", smtp.port().to_string());
    run_everything(&world);
    assert!(smtp.n_reached(At::Auth) > 0, "the password was tried");
    assert!(model.n_unauthorized() > 0, "the key was tried");
}

#[test]
fn a_server_that_repeats_the_password_is_not_quoted() {
    let login = Some(("team".to_string(), "another".to_string()));
    let smtp = Smtp::start_with(Options {
        login,
        ..Options::default()
    });
    let echo = format!("no such login: {}", forms(SECRETS[2].1)[..3].join(" "));
    smtp.fail(Rule::new(At::Auth, Fault::Reply(535, echo.leak())));
    let port = smtp.port().to_string();
    let world = with_secrets(with_work())
        .env("SMTP_PORT", &port)
        .env("AIRTABLE_API_KEY", "")
        .env("AIRTABLE_BASE_ID", "")
        .env("OPENAI_API_KEY", "")
        .env("IMAP_SERVER", "");
    for command in [
        "send -vv",
        "doctor",
        "doctor --json",
        "explain ada@engines.example",
    ] {
        let outcome = run(&world, command);
        no_secret_in(command, outcome.stdout.as_bytes());
        no_secret_in(command, outcome.stderr.as_bytes());
    }
    assert!(smtp.n_reached(At::Auth) > 0, "the password was tried");
    no_secret_in_files(&world.path(""));
}

#[test]
fn no_secret_is_told_when_the_configuration_has_mistakes() {
    let world = with_secrets(world_of_ada())
        .env("SMTP_PORT", "many")
        .env("SMTP_PASSWORD_FILE", "twice.txt")
        .env("SMTP_PASWORD", SECRETS[2].1)
        .env("AIRTABLE_BASE_ID", SECRETS[0].1)
        .env("OPENAI_API_KEY", "sk-marker-two-77b0e2\nsecond line");
    for command in COMMANDS {
        let outcome = run(&world, command).exits(78);
        for (name, secret) in &SECRETS[1..] {
            let all = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(!all.contains(secret), "{command} tells {name}: {all}");
        }
    }
}
