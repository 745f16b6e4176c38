//! Mistakes on the command line, help for every command, and what packagers need.

use std::process::{Command, Stdio};

use super::*;

/// Every command with its subcommands, as the help names them.
fn commands(world: &World) -> Vec<Vec<String>> {
    let listed = |args: &[&str]| -> Vec<String> {
        let help = world.run(&[args, &["--help"]].concat()).exits(0).stdout;
        let Some((_, list)) = help.split_once("\nCommands:\n") else {
            return Vec::new();
        };
        let lines = list.lines().take_while(|line| !line.is_empty());
        let names = lines.filter_map(|line| {
            // A line that goes on describing the command above is indented further.
            let line = line
                .strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))?;
            line.split_whitespace().next().map(str::to_string)
        });
        names.filter(|name| name != "help").collect()
    };
    let mut found = Vec::new();
    for command in listed(&[]) {
        for sub in listed(&[&command]) {
            found.push(vec![command.clone(), sub]);
        }
        found.push(vec![command]);
    }
    found
}

#[test]
fn a_mistake_is_one_line_that_says_what_was_expected() {
    let world = World::new();
    for (args, said) in [
        (
            &["frob"][..],
            "unrecognized subcommand `frob`; see `outreach --help`",
        ),
        (
            &["statu"],
            "unrecognized subcommand `statu`; did you mean `status`?; see",
        ),
        (
            &["review", "aprove"],
            "did you mean `approve`?; see `outreach review --help`",
        ),
        (
            &["pull", "--limit", "x"],
            "invalid value `x` for `--limit <N>`: expected a whole number",
        ),
        (
            &["queue", "--limit", "-1"],
            "unexpected argument `-1` found; see `outreach queue --help`",
        ),
        (
            &["pull", "--dryrun"],
            "unexpected argument `--dryrun` found; did you mean `--dry-run`?",
        ),
        (
            &["pull", "-v", "-q"],
            "the argument `--verbose...` cannot be used with `--quiet`",
        ),
        (
            &["pause"],
            "expected <--all|--sender <ADDRESS>>; see `outreach pause --help`",
        ),
        (
            &["resume"],
            "expected <--all|--sender <ADDRESS>|--batch <YYYY-MM-DD>>; see `outreach resume --help`",
        ),
        (
            &["explain"],
            "expected <LEAD>; see `outreach explain --help`",
        ),
        (
            &["suppress", "add"],
            "expected <VALUES>...; see `outreach suppress add --help`",
        ),
        (
            &["campaign", "stop"],
            "expected <ID>...; see `outreach campaign stop --help`",
        ),
        (
            &["letters", "drop", "x"],
            "invalid value `x` for `<NUMBER>...`: expected a number that",
        ),
        (
            &["status", "--now", "noon"],
            "expected an instant with its zone, such as 2026-",
        ),
        (
            &["completions", "tcsh"],
            "[possible values: bash, elvish, fish, powershell, zsh]",
        ),
        (
            &["demo", "a", "b"],
            "unexpected argument `b` found; see `outreach demo --help`",
        ),
    ] {
        let outcome = world.run(args).exits(2);
        assert_eq!(outcome.stdout, "", "{args:?}");
        assert_eq!(
            outcome.stderr.lines().count(),
            1,
            "{args:?}: {}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.starts_with("error: "),
            "{args:?}: {}",
            outcome.stderr
        );
        outcome.complains(said);
    }
    // Whoever names no command sees what there is.
    for args in [&[][..], &["review"], &["suppress"]] {
        world.run(args).exits(2).complains("\nCommands:\n");
    }
}

#[test]
fn every_command_and_option_has_its_help() {
    let world = World::new();
    let commands = commands(&world);
    assert!(commands.len() > 35, "{commands:?}");
    for command in commands {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        args.push("--help");
        let help = world.run(&args).exits(0).stdout;
        let first = help.lines().next().unwrap();
        assert!(
            first.contains(' ') && !first.starts_with("Usage"),
            "{command:?}: {help}"
        );
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{command:?}: {line}");
            let is_option = line.trim_start().starts_with(['-', '<', '[']) && line.starts_with(' ');
            let says_something = line.trim().contains("  ");
            assert!(
                !is_option || says_something,
                "no help text in {command:?}: {line}"
            );
        }
    }
    let help = world.run(&["--help"]).exits(0).stdout;
    for code in ["0", "1", "2", "3", "75", "78"] {
        assert!(
            help.contains(&format!("{code} ")),
            "exit code {code} in {help}"
        );
    }
}

#[test]
fn packagers_get_completions_a_manual_and_a_version() {
    let world = World::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = world.run(&["completions", shell]).exits(0).stdout;
        assert!(
            script.contains("outreach") && script.contains("nightly"),
            "{shell}"
        );
    }
    let page = world.run(&["man"]).exits(0).stdout;
    assert!(
        page.contains(".TH outreach 1") && page.contains(".SH SUBCOMMANDS"),
        "{page}"
    );
    let version = world.run(&["--version"]).exits(0).stdout;
    assert_eq!(version, format!("outreach {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let world = planned();
    for args in [
        &["doctor", "--config"][..],
        &["queue"],
        &["man"],
        &["hourly"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_outreach"))
            .args(args)
            .current_dir(world.path(""))
            .env_clear()
            .env("LEADS_FILE", "leads.csv")
            .env("FROM_EMAIL", "team@sender.example")
            .env("LOG_LEVEL", "error")
            .stdout(writer)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), stderr.as_ref()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}

#[test]
fn what_does_not_fit_on_the_disk_is_said() {
    // Linux's own full disk.
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else {
        return;
    };
    let output = Command::new(env!("CARGO_BIN_EXE_outreach"))
        .args(["doctor", "--config"])
        .current_dir(World::new().path(""))
        .env_clear()
        .stdout(Stdio::from(full))
        .output();
    let output = output.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.starts_with("error: cannot write to stdout: No space left"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1));
}
