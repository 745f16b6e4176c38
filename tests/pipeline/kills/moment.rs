//! The rules are tested again at the moment of sending: hours, days, order, distance, suppressions,
//! and whether anybody knows if the lead has answered.

use super::*;

/// Makes all Hooks due at a local nine o'clock of another day, as a plan made under other settings.
fn due_at(world: &World, step: &str, instant: &str) {
    let at = chrono::DateTime::parse_from_rfc3339(instant)
        .unwrap()
        .timestamp();
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    let sql = "UPDATE messages SET due_at = ?1 WHERE step = ?2 AND state = 'scheduled'";
    assert_eq!(ledger.execute(sql, (at, step)).unwrap(), 3);
}

/// Nothing leaves at an instant; all Hooks move to another one, for a reason in words.
#[track_caller]
fn check(now: &str, moved_to: &str, because: &str) {
    let world = planned();
    due_at(&world, "hook", now);
    let outcome = world.at(now).run(&["send", "--json"]).exits(0);
    assert_eq!(counted(&outcome, "accepted"), 0, "{now}");
    assert!(
        counted(&outcome, "moved") >= 3,
        "{now}: the Hooks, and what came due behind them"
    );
    assert!(world.maildir_files().is_empty(), "{now}");
    assert_eq!(due(&world, ADA, "hook"), moved_to, "{now}");
    let reason = cell(&world, ADA, "hook", "due_reason");
    assert!(reason.contains(because), "{now}: {reason}");
    let explained = world.at(now).run(&["explain", ADA]).exits(0).stdout;
    assert!(explained.contains(because), "{explained}");
    let again = world.at(now).run(&["send", "--json"]).exits(0);
    assert_eq!(
        counted(&again, "moved"),
        0,
        "{now}: moved once, not in every run"
    );
    let then = moved_to.split_once(' ').unwrap().1.replace(' ', "T") + ":00Z";
    world.at(then).run(&["send"]).exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3], "{now}");
}

#[test]
fn nothing_leaves_before_the_window_opens() {
    check(
        "2026-03-02T08:59:59Z",
        "Mon 2026-03-02 09:00",
        "outside 09:00-17:00",
    );
}

#[test]
fn nothing_leaves_once_the_window_is_closed() {
    check(
        "2026-03-06T17:00:00Z",
        "Mon 2026-03-09 09:00",
        "outside 09:00-17:00",
    );
}

#[test]
fn nothing_leaves_on_a_sunday() {
    check("2026-03-08T11:00:00Z", "Mon 2026-03-09 09:00", "weekend");
}

#[test]
fn nothing_leaves_on_christmas_day() {
    check("2026-12-25T11:00:00Z", "Mon 2026-12-28 09:00", "Christmas");
}

#[test]
fn nothing_leaves_on_a_holiday_of_the_leads_own_country() {
    let row = lead("Dora Dietz", "dora@bakers.example", "Bakers of Bonn")
        .with("Country", "Germany")
        .with("City", "Berlin");
    let world = bare().leads_csv(&[row]);
    world.at("2026-10-01T03:00:00Z").run(&["nightly"]).exits(0);
    // German Unity Day 2025 was a Friday, and no holiday anywhere else.
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    let at = chrono::DateTime::parse_from_rfc3339("2025-10-03T10:00:00Z").unwrap();
    let sql = "UPDATE messages SET due_at = ?1 WHERE step = 'hook'";
    ledger.execute(sql, [at.timestamp()]).unwrap();
    world.at("2025-10-03T10:00:00Z").run(&["send"]).exits(0);
    assert!(world.maildir_files().is_empty());
    assert_eq!(
        due(&world, "dora@bakers.example", "hook"),
        "Mon 2025-10-06 07:00"
    );
    world.at("2025-10-06T07:00:00Z").run(&["send"]).exits(0);
    assert_eq!(world.state("dora@bakers.example", "hook"), "sent");
}

#[test]
fn the_window_is_that_of_the_leads_zone_also_when_clocks_change() {
    let row = lead("Nora Novak", "nora@novak.example", "Novak Freight")
        .with("City", "Prague")
        .with("Country", "Czechia");
    let world = bare().leads_csv(&[row]);
    world.at("2026-03-26T02:00:00Z").run(&["nightly"]).exits(0);
    assert_eq!(
        due(&world, "nora@novak.example", "hook"),
        "Thu 2026-03-26 08:00"
    );
    world.at("2026-03-26T07:59:00Z").run(&["send"]).exits(0);
    assert!(
        world.maildir_files().is_empty(),
        "it is one minute to nine in Prague"
    );
    world.at("2026-03-26T08:00:00Z").run(&["send"]).exits(0);
    assert_eq!(world.maildir_files().len(), 1);
    // Clocks go forward on the Sunday between.
    assert_eq!(
        due(&world, "nora@novak.example", "proof"),
        "Mon 2026-03-30 07:00"
    );
    scan_and_send(&world, "2026-03-30T06:59:00Z").exits(0);
    assert_eq!(world.maildir_files().len(), 1);
    scan_and_send(&world, "2026-03-30T07:00:00Z").exits(0);
    assert_eq!(world.maildir_files().len(), 2);
}

#[test]
fn a_follow_up_keeps_its_order_and_its_distance_from_a_late_hook() {
    let world = planned();
    // Nothing ran for two days.
    scan_and_send(&world, "2026-03-04T12:00:00Z").exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
    assert_eq!(
        states(&world, "proof"),
        ["scheduled"; 3],
        "never on the same day"
    );
    assert_eq!(
        due(&world, ADA, "proof"),
        "Mon 2026-03-09 09:00",
        "three days on is a Saturday"
    );
    let reason = cell(&world, ADA, "proof", "due_reason");
    assert!(reason.contains("hook left on Wed 4 Mar"), "{reason}");
    for day in ["05", "06"] {
        scan_and_send(&world, &format!("2026-03-{day}T12:00:00Z")).exits(0);
    }
    assert_eq!(world.maildir_files().len(), 3);
    scan_and_send(&world, "2026-03-09T12:00:00Z").exits(0);
    assert_eq!(states(&world, "proof"), ["sent"; 3]);
    // Four days lie between Proof and FOMO, whatever slipped before.
    scan_and_send(&world, "2026-03-12T12:00:00Z").exits(0);
    assert_eq!(states(&world, "fomo"), ["scheduled"; 3]);
    scan_and_send(&world, "2026-03-13T12:00:00Z").exits(0);
    assert_eq!(states(&world, "fomo"), ["sent"; 3]);
    let order = world.sql(
        "SELECT count(*) FROM messages a JOIN messages b ON b.campaign_id = a.campaign_id
         AND b.number = a.number + 1 WHERE b.sent_at - a.sent_at < 3 * 86400",
    );
    assert_eq!(order, [["0"]]);
}

#[test]
fn a_follow_up_never_overtakes_its_hook_whatever_the_dates_say() {
    let world = planned();
    due_at(&world, "fomo", "2026-03-02T09:00:00Z");
    due_at(&world, "proof", "2026-03-02T09:00:01Z");
    due_at(&world, "hook", "2026-03-02T09:30:00Z");
    world.at("2026-03-02T09:10:00Z").run(&["scan"]).exits(0);
    world.at("2026-03-02T09:10:00Z").run(&["send"]).exits(0);
    assert!(world.maildir_files().is_empty());
    scan_and_send(&world, MONDAY).exits(0);
    assert_eq!(states(&world, "hook"), ["sent"; 3]);
    assert_eq!(states(&world, "proof"), ["scheduled"; 3]);
    assert_eq!(states(&world, "fomo"), ["scheduled"; 3]);
    assert_eq!(due(&world, ADA, "proof"), "Thu 2026-03-05 09:00");
    assert_eq!(due(&world, ADA, "fomo"), "Mon 2026-03-09 09:00");
}

#[test]
fn a_follow_up_waits_until_the_inbox_was_read() {
    let world = planned();
    world.at(MONDAY).run(&["send"]).exits(0);
    let never = world.at(THURSDAY).run(&["send", "--json"]).exits(0);
    assert_eq!(
        (counted(&never, "accepted"), counted(&never, "held")),
        (0, 3)
    );
    world.at("2026-03-05T07:00:00Z").run(&["scan"]).exits(0);
    let stale = world.at(THURSDAY).run(&["send", "--json"]).exits(0);
    assert_eq!(
        (counted(&stale, "accepted"), counted(&stale, "held")),
        (0, 3)
    );
    world.at("2026-03-05T08:00:00Z").run(&["scan"]).exits(0);
    let fresh = world.at(THURSDAY).run(&["send", "--json"]).exits(0);
    assert_eq!(counted(&fresh, "accepted"), 3);
}

#[test]
fn what_is_suppressed_between_the_plan_and_the_mail_is_stopped() {
    let world = planned();
    // Straight into the list, as a list imported by an older program: nothing stopped the campaign.
    let ledger = rusqlite::Connection::open(world.path("campaigns.db")).unwrap();
    let sql = "INSERT INTO suppressions (value, reason, created_at) VALUES (?1, 'imported', 0)";
    ledger.execute(sql, [ADA]).unwrap();
    ledger.execute(sql, ["bakers.example"]).unwrap();
    let outcome = world.at(MONDAY).run(&["send", "--json"]).exits(0);
    assert_eq!(
        (counted(&outcome, "accepted"), counted(&outcome, "stopped")),
        (1, 2)
    );
    assert_eq!(states(&world, "hook"), ["skipped", "skipped", "sent"]);
    let reasons = world.sql("SELECT DISTINCT stop_reason FROM campaigns WHERE state = 'stopped'");
    assert_eq!(reasons, [["suppressed"]]);
}

#[test]
fn a_lead_whose_data_broke_gets_no_mail_until_it_is_mended() {
    let world = planned();
    let mut rows = three_leads();
    rows[0] = rows[0].clone().with("Full Name", "");
    world.write_leads(&rows);
    world.at(MONDAY).run(&["pull"]).exits(0);
    world.at(MONDAY).run(&["send"]).exits(0);
    assert_eq!(states(&world, "hook"), ["drafted", "sent", "sent"]);
    assert_eq!(world.campaign_state(ADA), "paused");
    world.write_leads(&three_leads());
    world.at(MONDAY).run(&["pull"]).exits(0);
    world.at(MONDAY).run(&["schedule"]).exits(0);
    scan_and_send(&world, "2026-03-03T12:00:00Z").exits(0);
    assert_eq!(world.state(ADA, "hook"), "sent");
}

#[test]
fn a_person_who_ticks_replied_or_skips_a_lead_ends_its_campaign() {
    let world = planned();
    world.at(MONDAY).run(&["send"]).exits(0);
    let mut rows = three_leads();
    rows[0] = rows[0].clone().with("Replied", "checked");
    rows[1] = rows[1].clone().with("Engagement_Status", "Skipped");
    world.write_leads(&rows);
    world.at(THURSDAY).run(&["pull"]).exits(0);
    scan_and_send(&world, THURSDAY).exits(0);
    assert_eq!(states(&world, "proof"), ["skipped", "skipped", "sent"]);
    assert_eq!(world.campaign_state(ADA), "responded");
    assert_eq!(world.campaign_state(BEA), "stopped");
}
