//! Mails judged anew, and mails whose time is over.

use rusqlite::Connection;

use super::*;

const NORA: &str = "nora@lindfreight.example";
const OWEN: &str = "owen@hartlogistics.example";
const MONDAY: &str = "Mon, 3 Mar 2025 11:00:00 +0000";
const NOON: &str = "2025-03-03T12:00:00Z";

/// Two Hooks have left; both leads have answered, and older rules took what they wrote for the
/// answers of machines.
fn misjudged() -> Life {
    let life = Life::plain();
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.lead("Owen Hart", OWEN, "Hart Logistics");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    let before = life.world.path("before.db");
    life.ok(HOOK, &["backup", before.to_str().unwrap()]);
    for (to, text) in [
        (NORA, "Yes, please call me on Thursday."),
        (OWEN, "Please take me off your list."),
    ] {
        life.receive(&reply(&life.mail(to, "hook"), to, MONDAY, text));
    }
    life.ok(NOON, &["scan"]);
    let after = life.world.path("campaigns.db");
    let older = Connection::open(&before).unwrap();
    older
        .execute_batch(&format!(
            "ATTACH '{}' AS after;
             INSERT INTO inbound SELECT * FROM after.inbound;
             INSERT INTO cursors SELECT * FROM after.cursors WHERE name LIKE 'mailbox:%'
                 ON CONFLICT DO UPDATE SET uidvalidity = excluded.uidvalidity,
                     last_uid = excluded.last_uid;
             UPDATE inbound SET kind = 'auto_reply', sentiment = NULL, follow_up = NULL,
                 rule = 'older', consequence = 'a machine answered, not the person';",
            after.display()
        ))
        .unwrap();
    drop(older);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", after.display())); // Absent is well.
    }
    std::fs::rename(before, after).unwrap();
    life
}

#[test]
fn a_replay_shows_first_and_acts_when_told_to() {
    let life = misjudged();
    let states = || [NORA, OWEN].map(|to| life.world.campaign_state(to));
    for args in [
        &["scan", "--replay"][..],
        &["scan", "--replay", "--yes", "--dry-run"],
    ] {
        let shown = life.ok("2025-03-04T12:00:00Z", args);
        shown
            .says("auto reply → human reply, interested: campaign responded: interested")
            .says("auto reply → unsubscribe: campaign stopped")
            .says("2 changed, 2 judged")
            .says("nothing was changed; `outreach scan --replay --yes` does it");
        assert_eq!(states(), ["active", "active"], "{args:?}");
    }
    let json = life
        .ok("2025-03-04T12:00:00Z", &["scan", "--replay", "--json"])
        .json();
    assert_eq!(json["changes"][0]["is"]["kind"], "human_reply", "{json}");
    let done = life.ok("2025-03-04T12:00:00Z", &["scan", "--replay", "--yes"]);
    done.says("auto reply → unsubscribe");
    assert_eq!(states(), ["responded", "stopped"]);
    let list = "SELECT value || ' ' || reason FROM suppressions";
    assert_eq!(life.row(list), format!("{OWEN} opted_out"));
    // Judged with the same rules again, nothing differs.
    let again = life.ok("2025-03-04T13:00:00Z", &["scan", "--replay", "--yes"]);
    again.says("2 judged");
    let explained = life.world.run(&["explain", NORA]).exits(0).stdout;
    assert!(explained.contains("judged_anew"), "{explained}");
}

#[test]
fn what_is_kept_of_a_mail_is_emptied_after_its_time() {
    let mut life = Life::plain();
    life.world.set_env("ANALYTICS_RETENTION_DAYS", "30");
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    let text = "Yes, please call me on Thursday.";
    life.receive(&reply(&life.mail(NORA, "hook"), NORA, MONDAY, text));
    life.ok(NOON, &["scan"]);
    let kept = "SELECT (headers <> '') + (reply_text <> '') + (kept IS NOT NULL) FROM inbound";
    life.ok("2025-04-02T11:59:00Z", &["scan"]);
    assert_eq!(life.row(kept), "3");
    life.ok("2025-04-02T12:01:00Z", &["scan"]);
    assert_eq!(life.row(kept), "0");
    let stays = "SELECT kind || ' ' || sentiment || ' ' || consequence FROM inbound";
    assert_eq!(
        life.row(stays),
        "human_reply interested campaign responded: interested"
    );
    life.ok("2025-04-02T13:00:00Z", &["scan", "--replay"]);
}
