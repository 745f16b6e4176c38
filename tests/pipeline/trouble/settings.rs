//! Configurations and command lines with mistakes.

use super::*;

#[test]
fn every_mistake_of_a_configuration_is_told_at_once_and_a_line_each() {
    let world = world_of_ada()
        .env("PROOF_MESSAGE_DELAY_DAYS", "three")
        .env("SMTP_PORT", "99999")
        .env("DEFAULT_TIMEZONE", "Mars")
        .env("SEND_WINDOW", "9")
        .env("SMTP_TLS", "ssl");
    for command in [
        "pull",
        "nightly",
        "status",
        "doctor",
        "doctor --config",
        "backup",
    ] {
        let outcome = run(&world, command).exits(78);
        let errors = outcome.errors();
        assert_eq!(errors.len(), 5, "{command}: {errors:?}");
        let expected =
            "error: PROOF_MESSAGE_DELAY_DAYS (environment): expected a whole number of days";
        assert!(
            errors
                .iter()
                .any(|line| line.starts_with(expected) && line.ends_with("found `three`"))
        );
    }
    assert!(!world.path("campaigns.db").exists());
}

#[test]
fn an_unknown_variable_is_warned_about_with_the_nearest_name() {
    let world = world_of_ada()
        .env("SMTP_PASWORD", "x")
        .env("AIRTABEL_API_KEY", "y");
    run(&world, "pull")
        .exits(0)
        .complains("did you mean SMTP_PASSWORD?")
        .complains("did you mean AIRTABLE_API_KEY?");
}

#[test]
fn a_misspelt_variable_is_named_beside_the_mistake_it_causes() {
    let world = world_of_ada()
        .env("SMTP_SERVER", "127.0.0.1")
        .env("FROM_EMIAL", "team@ourco.example")
        .env("POSTAL_ADDRESS", "1 Main St");
    run(&world, "pull")
        .fails(78, &["FROM_EMAIL: expected"])
        .complains("FROM_EMIAL (environment): is no variable of ours; did you mean FROM_EMAIL?");
}

#[test]
fn a_file_of_settings_full_of_garbage_is_told_line_by_line() {
    let world = world_of_ada();
    world.write(".env", "garbage\n=x\nX Y=1\nSMTP_PORT=\"587\nexport\n\0\n");
    let outcome = run(&world, "pull").exits(78);
    let lines: Vec<&str> = outcome.errors();
    assert_eq!(lines.len(), 6, "{lines:?}");
    for (number, line) in (1..).zip(&lines) {
        assert!(
            line.starts_with(&format!("error: .env:{number}: ")),
            "{line}"
        );
    }
    world.write(".env", b"# fine\nFROM_NAME=\xff\n");
    run(&world, "pull").fails(78, &[".env:2: expected UTF-8 text"]);
    world.write(".env", "A".repeat(2 << 20));
    run(&world, "pull").fails(78, &["`.env`", "at most"]);
    world.write(".env", "\u{feff}export FROM_NAME='Ada & Co' # us\r\n");
    goes_on(&world);
}

#[test]
fn a_file_of_settings_that_is_not_there_is_named_when_it_was_asked_for() {
    let world = world_of_ada();
    run(&world, "pull --env-file none.env").fails(78, &["--env-file", "`none.env`"]);
    let world = world.env("SMTP_PASSWORD_FILE", "none.txt");
    run(&world, "pull").fails(78, &["SMTP_PASSWORD_FILE", "`none.txt`"]);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let world = world_of_ada();
    for line in [
        "fly",
        "pull --fly",
        "pull --limit many",
        "nightly --lead",
        "pause",
        "backup a b",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let outcome = world.run(&args).exits(2);
        let errors = outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{line}: {}", outcome.stderr);
    }
    world
        .run(&["pull", "--now", "yesterday"])
        .exits(2)
        .complains("error: invalid value `yesterday`");
    run(&world, "explain nobody@none.example").fails(2, &["no lead `nobody@none.example`"]);
    run(&world, "campaign pause c0").fails(2, &["no campaign `c0`"]);
}

#[test]
fn a_simulated_clock_and_a_real_mail_server_do_not_go_together() {
    let world = world_of_ada()
        .env("SMTP_SERVER", "smtp.example.com")
        .env("FROM_EMAIL", "team@ourco.example")
        .env("POSTAL_ADDRESS", "1 Main St");
    for command in ["send", "hourly", "status"] {
        run(&world, command).fails(
            2,
            &["--now: expected no real mail server", "`smtp.example.com`"],
        );
    }
}

#[test]
fn texts_and_templates_that_cannot_be_used_are_named() {
    let world = world_of_ada().env("BRAND_FILE", "brand.md");
    run(&world, "pull").exits(0);
    run(&world, "generate").fails(78, &["BRAND_FILE: cannot read `brand.md`"]);
    world.write("brand.md", b"# \xff\n");
    run(&world, "generate").fails(78, &["BRAND_FILE: cannot read `brand.md`", "UTF-8"]);
    world.write("brand.md", "");
    run(&world, "generate").fails(78, &["BRAND_FILE: `brand.md`"]);
    let world = world.env("BRAND_FILE", "/dev/zero");
    run(&world, "generate").fails(78, &["BRAND_FILE", "`/dev/zero`"]);

    let world = world.env("BRAND_FILE", "").env("TEMPLATES_DIR", "texts");
    run(&world, "generate").fails(78, &["TEMPLATES_DIR: cannot read `texts`"]);
    for (text, found) in [
        ("keywords = [\n\"a\n\"]", "general.toml"),
        (
            "[parts.hook_opening]\nany = [\"{{ nobody }}\"]\n",
            "general.toml",
        ),
        (
            "[parts.hook_opening]\nany = [\"{% for %}\"]\n",
            "general.toml",
        ),
    ] {
        world.write("texts/general.toml", text);
        run(&world, "generate").fails(78, &["TEMPLATES_DIR: `texts`", found]);
        run(&world, "doctor").exits(78);
    }
    world.write("texts/notes.txt", "hello");
    run(&world, "generate").fails(78, &["`<trade>.toml`, found `notes.txt`"]);
    goes_on(&world.env("TEMPLATES_DIR", ""));
}

#[test]
fn authorities_that_are_missing_or_garbage_are_named() {
    let world = world_of_ada()
        .env("SMTP_SERVER", "127.0.0.1")
        .env("SMTP_TLS", "tls")
        .env("FROM_EMAIL", "team@ourco.example")
        .env("POSTAL_ADDRESS", "1 Main St")
        .env("TLS_CA_FILE", "ca.pem");
    run(&world, "nightly").exits(0);
    run(&world, "send").fails(78, &["TLS_CA_FILE: cannot read `ca.pem`"]);
    world.write("ca.pem", "garbage");
    run(&world, "send").fails(78, &["TLS_CA_FILE: expected PEM certificates in `ca.pem`"]);
    world.write(
        "ca.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    run(&world, "send").fails(78, &["TLS_CA_FILE: expected PEM certificates in `ca.pem`"]);
    let world = world.env("TLS_CA_FILE", "/dev/zero");
    run(&world, "send").fails(78, &["TLS_CA_FILE", "`/dev/zero`"]);
}
