//! A person's own words: from an editor, a file or a pipe.

use super::*;

/// An editor that is a script; `$1` is the file.
fn editor(world: &mut World, script: &str) {
    world.write("ed/my editor", format!("#!/bin/sh\nset -e\n{script}\n"));
    let path = world.path("ed/my editor");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    world.set_env("EDITOR", &format!("'{}'", path.display()));
}

/// The files that were left in the folder for temporary ones.
fn left(world: &World) -> Vec<std::path::PathBuf> {
    let folders = std::fs::read_dir(world.path("tmp")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

#[test]
fn an_edited_text_is_judged_waits_and_is_sent_once_approved() {
    let (mut world, id) = in_review();
    let hash =
        "SELECT t.body, m.subject FROM messages m JOIN message_texts t ON t.message_id = m.id
                WHERE m.step <> 'hook' ORDER BY m.id";
    let others = world.sql(hash);
    editor(
        &mut world,
        "stat -c %a \"$1\" \"$(dirname \"$1\")\" > modes
         grep -c '^# ' \"$1\" > notes
         sed -i '0,/^Hi Ada,$/s//Hi Ada,\\n\\nYour bakers up at four would know./' \"$1\"",
    );
    let said = world.run(&["review", "edit", &id]).exits(0).stdout;
    assert!(
        said.starts_with(&format!(
            "{id}: changed hook; it passes the gate with a score of "
        )),
        "{said}"
    );
    assert_eq!(world.read("modes"), "600\n700\n");
    assert!(left(&world).is_empty());
    assert!(world.read("notes").trim().parse::<u32>().unwrap() >= 4);
    let hook = body(&world, "hook");
    assert!(
        hook.starts_with("Hi Ada,\n\nYour bakers up at four would know.\n\n"),
        "{hook}"
    );
    assert!(!hook.contains("==="), "{hook}");
    assert_eq!(world.sql(hash), others, "nothing else was touched");
    let row = "SELECT state, hold_reason LIKE 'edited by a person; quality %', approved_hash
               FROM campaigns";
    assert_eq!(world.sql(row), [["review", "1", "NULL"]]);
    let kinds = events(&world);
    assert_eq!(kinds[kinds.len() - 2..], ["edited", "judged"]);
    ok(&world, NIGHT, &format!("review approve {id}, schedule"));
    ok(&world, DAY, "send");
    let mail = world.maildir_files().remove(0);
    assert!(mail.text().contains("Your bakers up at four would know."));
}

#[test]
fn the_issues_of_an_edited_text_are_shown_and_kept() {
    let (mut world, id) = in_review();
    editor(&mut world, "sed -i 's/^Hi Ada,$/Hi Bob,/' \"$1\"");
    let outcome = world
        .run(&["review", "edit", &id, "--step", "proof"])
        .exits(3);
    assert!(
        outcome
            .stdout
            .contains("changed proof; it does not pass the gate")
    );
    assert!(
        outcome.stdout.contains("\nproof:\n  ! blocker "),
        "{}",
        outcome.stdout
    );
    assert_eq!(world.campaign_state(ADA), "review");
    assert!(body(&world, "proof").starts_with("Hi Bob,"));
    assert!(body(&world, "hook").starts_with("Hi Ada,"));
    let shown = world.run(&["review", "show", &id]).exits(0).stdout;
    assert!(
        shown.contains("  ! blocker ") && shown.contains(" words · score "),
        "{shown}"
    );
    // The next sheet says what is wrong, and mending it is enough.
    editor(
        &mut world,
        "grep '^# .* in proof' \"$1\" > why; sed -i 's/^Hi Bob,$/Hi Ada,/' \"$1\"",
    );
    world.run(&["review", "edit", &id]).exits(0);
    assert!(world.read("why").contains("Bob"), "{}", world.read("why"));
}

#[test]
fn an_unchanged_sheet_changes_nothing() {
    let (mut world, id) = in_review();
    let before = world.sql("SELECT * FROM campaigns");
    editor(&mut world, ":");
    let said = world.run(&["review", "edit", &id]).exits(0).stdout;
    assert_eq!(said, format!("{id}: nothing was changed\n"));
    editor(&mut world, "sed -i 's/$/\\r/' \"$1\""); // An editor that saves as Windows does.
    world.run(&["review", "edit", &id]).exits(0);
    let raw = world.run(&["review", "show", &id, "--raw"]).exits(0).stdout;
    world.write("sheet.txt", &raw);
    let args = ["review", "edit", &id, "--file", "sheet.txt", "--json"];
    let said = world.run(&args).exits(0).json();
    assert_eq!(said, serde_json::json!({"campaign_id": id, "changed": []}));
    assert_eq!(world.sql("SELECT * FROM campaigns"), before);
    assert!(!events(&world).contains(&"edited".to_string()));
    assert!(left(&world).is_empty());
}

#[test]
fn an_editor_that_fails_changes_nothing_and_loses_nothing() {
    let (mut world, id) = in_review();
    let before = body(&world, "hook");
    editor(&mut world, "exit 1");
    let outcome = world.run(&["review", "edit", &id]).exits(3);
    let outcome = outcome.complains(&format!("error: {id}: nothing was changed: the editor `"));
    assert!(!outcome.stderr.contains("is kept"), "{}", outcome.stderr);
    assert!(left(&world).is_empty());
    editor(&mut world, "sed -i 's/^Hi Ada,$/Dear Ada,/' \"$1\"; exit 9");
    world
        .run(&["review", "edit", &id])
        .exits(3)
        .complains("what you wrote is kept");
    assert_eq!(body(&world, "hook"), before);
    assert!(
        std::fs::read_to_string(&left(&world)[0])
            .unwrap()
            .contains("Dear Ada,")
    );
}

#[test]
fn an_unreadable_sheet_is_kept_and_taken_once_it_is_mended() {
    let (mut world, id) = in_review();
    let before = body(&world, "fomo");
    editor(
        &mut world,
        "sed -i 's/^=== proof ===$/=== prof ===/; s/^Hi Ada,$/Hello Ada,/' \"$1\"",
    );
    let outcome = world.run(&["review", "edit", &id]).exits(2);
    let kept = left(&world).remove(0);
    let outcome = outcome
        .complains(&format!("error: {id}: line "))
        .complains("expected a message of hook, proof, fomo, found `prof`")
        .complains(&format!("--file {}`", kept.display()));
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert_eq!(body(&world, "fomo"), before);
    let mended = std::fs::read_to_string(&kept)
        .unwrap()
        .replace("prof =", "proof =");
    std::fs::write(&kept, mended).unwrap();
    let file = kept.to_str().unwrap();
    world.run(&["review", "edit", &id, "--file", file]).exits(0);
    assert!(body(&world, "fomo").starts_with("Hello Ada,"));
}

#[test]
fn what_is_no_text_is_refused() {
    let (world, id) = in_review();
    let check = |content: &[u8], expected: &str| {
        world.write("sheet.txt", content);
        let outcome = world.run(&["review", "edit", &id, "--file", "sheet.txt"]);
        outcome.exits(2).complains(expected);
    };
    check(b"\xff\xfe=\0", "expected UTF-8 text");
    check(b"", "expected a message `=== hook ===`, found none");
    check(&vec![b'#'; 1_000_001], "expected at most 1000000 bytes");
    let missing = ["review", "edit", &id, "--file", "nowhere"];
    world
        .run(&missing)
        .exits(2)
        .complains("--file: `nowhere`: No such file");
}

#[test]
fn a_pipe_takes_the_place_of_the_editor() {
    let (world, id) = in_review();
    let raw = world.run(&["review", "show", &id, "--raw"]).exits(0).stdout;
    assert!(
        raw.starts_with(&format!("# Campaign {id} for Ada Lovelace")),
        "{raw}"
    );
    world.write("sheet.txt", raw.replace("Hi Ada,", "Hello Ada,"));
    let pipe = ["sh", "-c", "exec \"$0\" \"$@\" < sheet.txt"];
    let args = ["review", "edit", &id, "--file", "-", "--json"];
    let said = world.spawn_through(&pipe, &args).wait().exits(0).json();
    assert_eq!(
        said["changed"],
        serde_json::json!(["hook", "proof", "fomo"])
    );
    assert_eq!(said["pass"], true);
    assert!(said["quality_score"].as_u64().unwrap() >= 80);
}

#[test]
fn without_an_editor_the_mend_is_told() {
    let (mut world, id) = in_review();
    let edit = ["review", "edit", &id];
    let outcome = world.run(&edit).exits(2);
    outcome.complains("expected an editor in VISUAL or EDITOR, found neither; set one, or give");
    world.set_env("EDITOR", "no-such-editor --wait");
    let outcome = world.run(&edit).exits(2);
    outcome.complains("EDITOR: cannot start `no-such-editor`");
    // No shell reads it: the words are arguments of `touch`.
    world.set_env("VISUAL", "touch ; $HOME");
    world.run(&edit).exits(0);
    assert!(world.path(";").exists() && world.path("$HOME").exists());
    assert!(left(&world).is_empty());
}

#[test]
fn only_what_waits_and_has_not_left_is_edited() {
    let (mut world, id) = in_review();
    let edit = ["review", "edit", &id];
    let step = ["review", "edit", &id, "--step", "prof"];
    let outcome = world.run(&step).exits(2);
    outcome.complains("expected a step of hook, proof, fomo, found `prof`");
    // While a person types, somebody else approves, or writes other texts.
    let program = env!("CARGO_BIN_EXE_outreach");
    let change = "sed -i 's/^Hi Ada,$/Hello Ada,/' \"$1\"";
    editor(
        &mut world,
        &format!("{change}; '{program}' review approve {id} > said"),
    );
    let outcome = world.run(&edit).exits(3);
    let outcome = outcome.complains("only a campaign in review can be edited; this one is active");
    outcome.complains("what you wrote is kept");
    assert!(body(&world, "hook").starts_with("Hi Ada,"));
    let outcome = world.run(&edit).exits(3);
    outcome.complains("only a campaign in review can be edited; this one is active");
    by_hand(&world, "UPDATE campaigns SET state = 'draft'");
    world
        .run(&edit)
        .exits(3)
        .complains("`outreach generate` writes them");

    let (mut world, id) = in_review();
    world.run(&["review", "show", &id, "--raw"]).exits(0);
    let other = format!(
        "'{program}' review show {id} --raw | sed 's/^Hi Ada,$/Dear Ada,/' > other
         '{program}' review edit {id} --file other > said"
    );
    editor(&mut world, &format!("{change}; {other}"));
    let outcome = world.run(&["review", "edit", &id]).exits(3);
    outcome.complains("its texts were changed meanwhile by somebody else");
    assert!(body(&world, "hook").starts_with("Dear Ada,"));
}

#[test]
fn a_mail_that_has_left_is_no_longer_on_the_sheet() {
    let (world, id) = in_review();
    ok(&world, NIGHT, &format!("review approve {id}, schedule"));
    ok(&world, DAY, "scan, send");
    by_hand(
        &world,
        "UPDATE message_texts SET body = 'Buy'
         WHERE message_id IN (SELECT id FROM messages WHERE step = 'proof')",
    );
    ok(&world, "2026-03-10T16:00:00Z", "scan");
    world.at("2026-03-10T16:00:00Z").run(&["send"]).exits(3);
    let raw = world.run(&["review", "show", &id, "--raw"]).exits(0).stdout;
    assert!(
        !raw.contains("=== hook ===") && raw.contains("=== fomo ==="),
        "{raw}"
    );
    let shown = world.run(&["review", "show", &id]).exits(0).stdout;
    assert!(shown.contains("· left 2026-03-02 16:00 UTC"), "{shown}");
    let hook = ["review", "edit", &id, "--step", "hook"];
    world
        .run(&hook)
        .exits(2)
        .complains("expected a step of proof, fomo, found `hook`");
}

#[test]
fn all_that_pass_are_approved_at_once_and_the_others_are_named() {
    let grace = "grace@compilers.example";
    let rows = [ada(), lead("Grace Hopper", grace, "Compilers")];
    let mut world = with_leads(&rows).env("REQUIRE_APPROVAL", "true");
    ok(&world, NIGHT, "nightly");
    let all = ["review", "approve", "--all"];
    let outcome = world.run(&all).exits(2);
    outcome.complains("expected a terminal to ask at, found none; say --yes");
    let id = campaign(&world, grace);
    editor(&mut world, "sed -i 's/^Hi Grace,$/Hi Bob,/' \"$1\"");
    world.run(&["review", "edit", &id]).exits(3);
    let said = world.run(&["review", "approve", "--all", "--yes"]).exits(3);
    assert!(
        said.stdout.starts_with("1 approved; `outreach schedule`"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("1 left,") && said.stdout.contains(&id),
        "{}",
        said.stdout
    );
    assert_eq!(world.campaign_state(ADA), "active");
    assert_eq!(world.campaign_state(grace), "review");
    let json = world.run(&["review", "approve", "--all", "--yes", "--json"]);
    let json = json.exits(3).json();
    assert_eq!(json[0]["campaign_id"], id.as_str());
    assert!(json[0]["left"].as_str().unwrap().contains("do not pass"));
    let both = ["review", "approve", "--all", &id];
    world.run(&both).exits(2);
    assert!(
        world
            .run(&["review", "approve"])
            .exits(2)
            .stderr
            .contains("CAMPAIGNS")
    );
}
