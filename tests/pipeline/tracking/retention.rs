//! ANALYTICS_RETENTION_DAYS: opens and clicks one by one are forgotten, the figures are not.

use super::*;

/// People's opens and clicks by day, as the figures count them.
const DAYS: &str = "SELECT day, kind, sum(n) FROM (
        SELECT date(at, 'unixepoch') AS day, kind, 1 AS n FROM engagements WHERE machine IS NULL
        UNION ALL SELECT day, kind, n FROM engagement_days WHERE is_machine = 0)
    GROUP BY 1, 2 ORDER BY 1, 2";

#[test]
fn scan_folds_what_is_old_and_changes_no_figure() {
    let world = planned(&[("PUBLIC_URL", URL), ("TRACK_OPENS", "true")]);
    let world = world.env("ANALYTICS_RETENTION_DAYS", "30");
    sent(&world);
    write(
        &world,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 11999)
         INSERT INTO engagements (at, message_id, kind, link, machine, agent)
         SELECT unixepoch('2026-03-02 10:00') + i * 300, 1,
                iif(i % 4, 'open', 'click'), iif(i % 4, NULL, 0), iif(i % 3, NULL, 'scanner'), 'chrome'
         FROM n",
    );
    let days = world.sql(DAYS);
    assert_eq!(days.len(), 2 * 43);
    // Forty days later: ten days are old, and one began too late to be.
    world.at("2026-04-11T18:00:00Z").run(&["scan"]).exits(0);
    assert_eq!(world.sql(DAYS), days);
    let oldest = "SELECT date(min(at), 'unixepoch') FROM engagements";
    assert_eq!(world.sql(oldest), [["2026-03-12"]]);
    let rows = "SELECT count(*) FROM engagement_days";
    assert_eq!(
        world.sql(rows),
        [["40"]],
        "ten days, two kinds, people and programs"
    );
    world.at("2026-04-11T19:00:00Z").run(&["scan"]).exits(0);
    assert_eq!(
        (world.sql(DAYS), world.sql(rows)),
        (days.clone(), vec![vec!["40".to_string()]])
    );
    // All of it is more than one batch.
    world.at("2027-04-11T18:00:00Z").run(&["scan"]).exits(0);
    assert_eq!(world.sql("SELECT count(*) FROM engagements"), [["0"]]);
    assert_eq!(world.sql(DAYS), days);
}

#[test]
fn a_dry_run_forgets_nothing() {
    let world = planned(&[]);
    sent(&world);
    write(
        &world,
        "INSERT INTO engagements (at, message_id, kind, agent) VALUES (0, 1, 'open', 'chrome')",
    );
    world.at(MONDAY).run(&["scan", "--dry-run"]).exits(0);
    assert_eq!(world.sql("SELECT count(*) FROM engagements"), [["1"]]);
}
