//! Opens and clicks that are folded into days, batch by batch.

use super::*;
use crate::metrics::{Filter, Report};

/// What the figures count: by mail, day, kind, and whether a program asked.
fn figures(book: &Book) -> Vec<(i64, String, String, bool, i64)> {
    let sql = "SELECT message_id, day, kind, is_machine, sum(n) FROM (
                   SELECT message_id, date(at, 'unixepoch') AS day, kind,
                          machine IS NOT NULL AS is_machine, 1 AS n FROM engagements
                   UNION ALL SELECT message_id, day, kind, is_machine, n FROM engagement_days)
               GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";
    let mut statement = book.ledger.conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
        ))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// What people are shown.
fn report(book: &Book) -> Report {
    let asked_about = Filter::default();
    book.ledger
        .figures(&asked_about, at(100_000), None)
        .unwrap()
}

fn left(book: &Book) -> i64 {
    let sql = "SELECT count(*) FROM engagements";
    book.ledger
        .conn
        .query_row(sql, [], |row| row.get(0))
        .unwrap()
}

/// Four mails, each asked for every seven hours of ten days, in no order of time.
fn asked() -> Book {
    let book = book(2);
    let sql = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 139)
               INSERT INTO engagements (at, message_id, kind, link, machine, agent)
               SELECT ?1 + 25200 * ((i * 37) % 35), i % 4 + 1,
                      CASE i % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'click' ELSE 'opt_out' END,
                      CASE i % 3 WHEN 1 THEN i % 5 END,
                      CASE i % 7 WHEN 0 THEN 'scanner' WHEN 1 THEN 'prefetch' END, 'chrome'
               FROM n";
    book.ledger.conn.execute(sql, [NOON]).unwrap();
    let sql =
        "UPDATE messages SET state = 'sent', sent_at = ?1, tracked = 3, opens = 9, clicks = 9";
    book.ledger.conn.execute(sql, [NOON]).unwrap();
    book
}

#[test]
fn old_opens_and_clicks_become_days_and_the_figures_stay() {
    let mut book = asked();
    let before = figures(&book);
    assert_eq!(before.iter().map(|row| row.4).sum::<i64>(), 140);
    let shown = report(&book);
    let opens: u64 = shown.days.iter().map(|day| day.opens).sum();
    assert!(
        (20..140).contains(&opens) && shown.days.len() > 9,
        "{opens}"
    );
    let midnight = at(5 * 24 * 60).date_naive().to_string();
    let young = before
        .iter()
        .filter(|row| row.1 >= midnight)
        .map(|row| row.4)
        .sum::<i64>();
    let folded = book.ledger.fold_engagements(at(5 * 24 * 60 + 300)).unwrap();
    assert_eq!((folded, left(&book)), ((140 - young) as u64, young));
    assert!((1..140).contains(&young));
    assert_eq!(
        (figures(&book), report(&book)),
        (before.clone(), shown.clone())
    );
    // Once more there is nothing to do.
    assert_eq!(
        book.ledger.fold_engagements(at(5 * 24 * 60 + 300)).unwrap(),
        0
    );
    assert_eq!(figures(&book), before);
    book.ledger.fold_engagements(at(100 * 24 * 60)).unwrap();
    assert_eq!((left(&book), figures(&book)), (0, before));
    assert_eq!(report(&book), shown);
}

#[test]
fn a_batch_folds_the_oldest_wherever_it_ends() {
    for batch in [1, 3, 139] {
        let mut book = asked();
        let before = figures(&book);
        let mut n = left(&book);
        while book.ledger.fold_batch(i64::MAX, batch).unwrap() > 0 {
            n = (n - batch).max(0);
            assert_eq!(
                (left(&book), figures(&book)),
                (n, before.clone()),
                "{batch}"
            );
            let sql = "SELECT coalesce((SELECT min(at) FROM engagements) / 86400
                              - (SELECT max(unixepoch(day)) FROM engagement_days) / 86400, 0)";
            let apart: i64 = book
                .ledger
                .conn
                .query_row(sql, [], |row| row.get(0))
                .unwrap();
            assert!(apart >= 0, "an older one was left behind");
        }
        assert_eq!(n, 0);
    }
}
