//! After days without a run nothing floods: the limit holds day by day, promises made go before new
//! leads, and every campaign still comes to its end.

use super::*;

const LIMIT: usize = 10;

fn thirty() -> World {
    let row = |n: usize| {
        let email = format!("lead{n}@firm{n}.example");
        lead("Ada Lovelace", &email, &format!("Firm {n} Freight"))
    };
    let world = bare()
        .env("DAILY_SEND_LIMIT", LIMIT.to_string())
        .leads_csv(&(0..30).map(row).collect::<Vec<_>>());
    world.at(NIGHT).run(&["nightly"]).exits(0);
    world
}

/// How many mails of each step have left, in the order of the steps.
fn sent(world: &World) -> [usize; 3] {
    ["hook", "proof", "fomo"].map(|step| {
        let query = format!("SELECT 1 FROM messages WHERE state = 'sent' AND step = '{step}'");
        world.sql(&query).len()
    })
}

#[test]
fn after_an_outage_promises_go_before_new_leads_and_the_limit_holds() {
    let world = thirty();
    scan_and_send(&world, MONDAY).exits(0);
    assert_eq!(sent(&world), [10, 0, 0]);
    // The machine is off until Thursday: twenty Hooks are late, and ten Proofs are due.
    for hour in [10, 11, 12, 16] {
        scan_and_send(&world, &format!("2026-03-05T{hour}:00:00Z")).exits(0);
    }
    assert_eq!(
        sent(&world),
        [10, 10, 0],
        "ten a day, and those who know us first"
    );
    scan_and_send(&world, "2026-03-06T10:00:00Z").exits(0);
    assert_eq!(sent(&world), [20, 10, 0]);
}

#[test]
fn weeks_later_every_campaign_has_come_to_its_end_at_the_normal_rate() {
    let world = thirty();
    // Nothing ran for two weeks; then everything runs, several times a day.
    let mut day = chrono::NaiveDate::from_ymd_opt(2026, 3, 16).unwrap();
    let end = chrono::NaiveDate::from_ymd_opt(2026, 4, 30).unwrap();
    while day < end && sent(&world) != [30, 30, 30] {
        for time in ["09:30", "15:30"] {
            scan_and_send(&world, &format!("{day}T{time}:00Z")).exits(0);
        }
        day = day.succ_opt().unwrap();
    }
    assert_eq!(sent(&world), [30, 30, 30], "by {day}");
    let per_day = world.sql(
        "SELECT date(sent_at, 'unixepoch') AS day, count(*) FROM messages GROUP BY day
         ORDER BY count(*) DESC LIMIT 1",
    );
    assert_eq!(per_day[0][1], LIMIT.to_string(), "{per_day:?}");
    let squeezed = world.sql(
        "SELECT a.id FROM messages a JOIN messages b ON b.campaign_id = a.campaign_id
         AND b.number = a.number + 1
         WHERE julianday(date(b.sent_at, 'unixepoch')) - julianday(date(a.sent_at, 'unixepoch'))
               < iif(a.number = 1, 3, 4)",
    );
    assert!(squeezed.is_empty(), "{squeezed:?}");
    let states = world.sql("SELECT DISTINCT state FROM campaigns");
    assert_eq!(states, [["completed"]]);
}
