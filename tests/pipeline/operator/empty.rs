//! On the first day nothing exists: every command says so, and those that only show make nothing.

use super::*;

#[test]
fn commands_that_only_show_say_that_there_is_nothing_and_make_no_file() {
    let world = World::new();
    for (args, said) in [
        (
            &["status"][..],
            "no stage has run yet: `outreach doctor`, then `outreach nightly`",
        ),
        (&["queue"], "the queue is empty"),
        (&["review", "list"], "no campaign waits in review"),
        (&["letters", "list"], "no message is in doubt or dead"),
        (&["suppress", "list"], "nobody is suppressed"),
    ] {
        let outcome = world.run(args).exits(0);
        assert!(
            outcome.stdout.contains(said),
            "{args:?}: {}",
            outcome.stdout
        );
        assert_eq!(outcome.stderr, "", "{args:?}");
        let json = world.run(&[args, &["--json"]].concat()).exits(0).json();
        match args {
            ["status"] => assert_eq!(json["leads"], serde_json::json!({})),
            _ => assert_eq!(json, serde_json::json!([]), "{args:?}"),
        }
    }
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 0);
}

#[test]
fn asking_for_somebody_unknown_is_a_mistake_of_the_caller() {
    let world = World::new();
    for (args, said) in [
        (
            &["explain", "ada@engines.example"][..],
            "no lead `ada@engines.example`",
        ),
        (&["queue", "--lead", "recUnknown"], "no lead `recUnknown`"),
        (&["review", "show", "c1"], "no campaign `c1`"),
        (&["review", "approve", "c1"], "no campaign `c1`"),
        (&["review", "reject", "c1"], "no campaign `c1`"),
        (&["campaign", "pause", "c1"], "no campaign `c1`"),
        (&["campaign", "resume", "c1"], "no campaign `c1`"),
        (&["campaign", "stop", "c1"], "no campaign `c1`"),
        (
            &["letters", "retry", "1"],
            "message 1 is neither in doubt nor dead",
        ),
        (
            &["letters", "confirm", "1"],
            "message 1 is neither in doubt nor dead",
        ),
        (
            &["letters", "drop", "1"],
            "message 1 is neither in doubt nor dead",
        ),
        (&["send", "--lead", "nobody"], "no lead `nobody`"),
    ] {
        let outcome = world.run(args).exits(2).complains(said);
        let errors = outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{args:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_backup_of_nothing_is_refused() {
    let world = World::new();
    for args in [&["backup"][..], &["backup", "copy.db"]] {
        world
            .run(args)
            .exits(78)
            .complains("expected a ledger to copy, found no file `campaigns.db`");
    }
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 0);
}

#[test]
fn the_red_button_works_before_anything_else_has() {
    let world = World::new();
    let outcome = world.run(&["resume", "--all"]).exits(0);
    assert_eq!(outcome.stdout, "nothing was paused\n");
    world.run(&["pause", "--all"]).exits(0);
    let json = world.run(&["resume", "--all", "--json"]).exits(0).json();
    assert_eq!(
        json,
        serde_json::json!({"paused": false, "was_paused": true})
    );
}

#[test]
fn a_stage_without_leads_says_what_is_missing() {
    let world = World::new();
    let outcome = world.run(&["pull"]).exits(78);
    let outcome = outcome.complains("error: LEADS_FILE: expected the path of a CSV or JSON file");
    assert_eq!(outcome.stdout, "pull: did not run [failed]\n");
    for stage in ["generate", "schedule", "send", "scan", "push"] {
        let outcome = world.run(&[stage]).exits(0);
        assert_eq!(outcome.stdout, format!("{stage}: nothing to do\n"));
    }
}
