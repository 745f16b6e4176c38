//! An approval is bound to the very texts it was given for.

use super::*;

/// Demands that nothing leaves, that the campaign is back in review for a reason, and that it goes
/// once a person approves what is there now.
#[track_caller]
fn is_taken_back(world: &World, id: &str, why: &str, now: &str, n_sent: usize) {
    let outcome = world.at(now).run(&["send", "--json"]).exits(3);
    assert_eq!(outcome.json()["counts"]["back_in_review"], 1);
    assert_eq!(world.maildir_files().len(), n_sent, "nothing may leave");
    let row = "SELECT state, hold_reason, approved_hash, approved_at FROM campaigns";
    assert_eq!(world.sql(row), [["review", why, "NULL", "NULL"]]);
    let dated = "SELECT count(*) FROM messages WHERE state IN ('scheduled', 'sending')";
    assert_eq!(world.sql(dated), [["0"]]);
    assert_eq!(events(world).last().unwrap(), "back_in_review");
    let shown = world.run(&["explain", ADA]).exits(0).stdout;
    assert!(shown.contains(why), "{shown}");
    // It stays there.
    ok(world, now, "schedule, send");
    assert_eq!(world.maildir_files().len(), n_sent);
    ok(world, now, &format!("review approve {id}, schedule"));
    let tomorrow = "2026-03-11T16:00:00Z";
    ok(world, tomorrow, "scan, send");
    assert_eq!(world.maildir_files().len(), n_sent + 1);
}

/// A campaign that was approved and dated.
fn approved() -> (World, String) {
    let (world, id) = in_review();
    ok(&world, NIGHT, &format!("review approve {id}, schedule"));
    (world, id)
}

const OTHERS: &str = "its texts are not the ones that were approved";

#[test]
fn an_approved_campaign_goes_with_its_texts() {
    let (world, _) = approved();
    let hook = body(&world, "hook");
    ok(&world, DAY, "send");
    let mails = world.maildir_files();
    assert_eq!(mails.len(), 1);
    let line = hook.lines().nth(2).unwrap();
    assert!(mails[0].text().contains(line));
}

#[test]
fn a_text_changed_after_the_approval_does_not_leave() {
    for change in [
        "UPDATE message_texts SET body = body || ' '
         WHERE message_id IN (SELECT id FROM messages WHERE step = 'hook')",
        "UPDATE messages SET subject = 'Another subject' WHERE step = 'hook'",
        // Not the one that is due: the approval was for all three.
        "UPDATE message_texts SET body = 'Buy now'
         WHERE message_id IN (SELECT id FROM messages WHERE step = 'fomo')",
    ] {
        let (world, id) = approved();
        by_hand(&world, change);
        is_taken_back(&world, &id, OTHERS, DAY, 0);
    }
}

#[test]
fn a_text_changed_between_two_mails_does_not_leave() {
    let (world, id) = approved();
    ok(&world, DAY, "scan, send");
    by_hand(
        &world,
        "UPDATE message_texts SET body = 'Buy'
         WHERE message_id IN (SELECT id FROM messages WHERE step = 'proof')",
    );
    ok(&world, "2026-03-10T16:00:00Z", "scan");
    is_taken_back(&world, &id, OTHERS, "2026-03-10T16:00:00Z", 1);
    let sent = world.maildir_files();
    assert!(
        sent.iter().any(|mail| mail.text().starts_with("Buy")),
        "as approved"
    );
}

#[test]
fn what_waited_in_review_does_not_leave_without_an_approval() {
    let why = "nobody approved its texts";
    let (world, id) = in_review();
    by_hand(
        &world,
        "UPDATE campaigns SET state = 'active', hold_reason = NULL",
    );
    ok(&world, NIGHT, "schedule");
    is_taken_back(&world, &id, why, DAY, 0);

    let (world, id) = approved();
    by_hand(&world, "UPDATE campaigns SET approved_hash = NULL");
    is_taken_back(&world, &id, why, DAY, 0);
}

#[test]
fn a_rehearsal_of_sending_takes_nothing_back() {
    let (world, _) = approved();
    by_hand(
        &world,
        "UPDATE message_texts SET body = 'Buy'
         WHERE message_id IN (SELECT id FROM messages WHERE step = 'hook')",
    );
    let said = world.at(DAY).run(&["send", "--dry-run"]).exits(3).stdout;
    assert!(said.contains("1 back in review"), "{said}");
    assert_eq!(world.campaign_state(ADA), "active");
}

#[test]
fn a_changed_setting_touches_new_campaigns_only() {
    let mut world = with_leads(&[ada()]);
    ok(&world, NIGHT, "nightly");
    world.set_env("REQUIRE_APPROVAL", "true");
    let grace = "grace@compilers.example";
    world.write_leads(&[ada(), lead("Grace Hopper", grace, "Compilers")]);
    ok(&world, NIGHT, "nightly");
    assert_eq!(world.campaign_state(ADA), "active", "nobody had to");
    assert_eq!(world.campaign_state(grace), "review");
    world.set_env("REQUIRE_APPROVAL", "");
    ok(&world, NIGHT, "nightly");
    assert_eq!(
        world.campaign_state(grace),
        "review",
        "it had to, and has to"
    );
    ok(&world, DAY, "send");
    assert_eq!(world.maildir_files().len(), 1);
}
