//! Reading the facts, from files and from memory, in order and out of it.

use super::*;
use crate::metrics::Dimension;

const NOON: i64 = 1_772_452_800; // Monday 2 March 2026.
const DAY: i64 = 86_400;

fn now() -> DateTime<Utc> {
    instant(NOON + 60 * DAY)
}

/// `n` campaigns of three messages: the Hook of each left, every second Proof too, every third
/// campaign was answered to the Hook; one bounced, one was complained about.
fn fill(conn: &Connection, n: i64) {
    conn.execute_batch(&format!(
        "WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < {n})
         INSERT INTO leads (id, record_id, source, fields, fingerprint, full_name, company,
             verdict, first_read_at, changed_at)
         SELECT id, 'rec' || id, 'file', '{{}}', '', 'Ada', 'Firm', 'eligible', 0, 0 FROM ids;
         INSERT INTO campaigns (id, campaign_id, lead_id, company, state, sequence, writer,
             quality_score, zone, zone_reason, country, sender, created_at, updated_at,
             response_type, response_at, responding_step, finished_at)
         SELECT id, 'c' || id, id, 'Firm', iif(id % 3 = 0, 'responded', 'active'), '{{}}',
                'template:plain', 100, 'Europe/Berlin', '', 'DE', 'us@ours.example', 0, 0,
                iif(id % 3 = 0, iif(id % 2 = 0, 'interested', 'auto_reply'), NULL),
                iif(id % 3 = 0, {NOON} + {DAY} + 60 * id, NULL), iif(id % 3 = 0, 'hook', NULL),
                iif(id % 3 = 0, {NOON}, NULL)
         FROM leads;
         INSERT INTO campaign_traits
         SELECT id, iif(id % 5 = 0, 'Retail', 'retail '), '11-50', 'head', 'Bold', 'Real'
         FROM campaigns WHERE id % 4 <> 0;
         INSERT INTO messages (campaign_id, number, step, subject, state, sent_at, outreach_key,
             opens, tracked, subject_key, opening_key)
         SELECT c.id, s.column1, s.column2, 'About', iif(is_out, 'sent', 'drafted'),
                iif(is_out, {NOON} + 60 * c.id + {DAY} * s.column1, NULL), c.id || s.column2,
                is_out AND c.id % 7 = 0, 3, 40 + c.id % 2, c.id
         FROM (SELECT id FROM campaigns ORDER BY id) c
              CROSS JOIN (VALUES (1, 'hook'), (2, 'proof'), (3, 'fomo')) s
              JOIN (SELECT 0 AS is_out UNION ALL SELECT 1)
                  ON is_out = (s.column1 = 1 OR (s.column1 = 2 AND c.id % 2 = 0))
         ORDER BY c.id, s.column1;
         UPDATE messages SET bounced_at = {NOON} WHERE id = 1;
         INSERT INTO inbound (mailbox, uidvalidity, uid, read_at, from_address, subject, kind,
             message_id, reply_text, headers, evidence, consequence)
         VALUES ('m', 1, 1, 0, '', '', 'complaint', 4, '', '', '[]', ''),
                ('m', 1, 2, 0, '', '', 'complaint', 4, '', '', '[]', '');
         INSERT INTO engagements (at, message_id, kind, machine, agent)
         SELECT sent_at + {DAY}, id, 'open', NULL, 'x' FROM messages WHERE opens > 0;
         INSERT INTO engagements (at, message_id, kind, machine, agent)
         VALUES ({NOON}, 4, 'open', 'prefetch', 'x');
         INSERT INTO engagement_days
         SELECT id, '2026-04-01', 'open', 0, 2 FROM messages WHERE opens > 0;",
    ))
    .unwrap();
}

#[test]
fn a_file_and_a_copy_in_memory_give_the_same_report() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let ledger = Ledger::open(&path, now()).unwrap();
    fill(&ledger.conn, 84);
    let report = ledger
        .figures(&Filter::default(), now(), Some(0.05))
        .unwrap();
    let tally = report.totals.tally;
    assert_eq!(tally.sent, 84 + 42);
    assert_eq!(
        (tally.bounced, tally.delivered, tally.complaints),
        (1, 125, 1)
    );
    assert_eq!((tally.reached, tally.replied, tally.positive), (83, 14, 14));
    assert_eq!(tally.opened, 12 + 6);
    let opens: u64 = report.days.iter().map(|day| day.opens).sum();
    assert_eq!(opens, 3 * 18);
    assert_eq!(
        report.subjects.len(),
        3,
        "two of the Hook, one of the Proof"
    );
    let industry = report.segments.first().unwrap();
    assert_eq!(industry.dimension, Dimension::Industry);
    let rows: Vec<_> = industry.rows.iter().map(|row| row.value.as_str()).collect();
    assert_eq!(rows, ["retail", "(unknown)"]);
    let copy = Ledger::open_copy(&path, now()).unwrap();
    assert_eq!(
        copy.figures(&Filter::default(), now(), Some(0.05)).unwrap(),
        report
    );
    let reading = Ledger::open_to_read(&path, now()).unwrap();
    assert_eq!(
        reading
            .figures(&Filter::default(), now(), Some(0.05))
            .unwrap(),
        report
    );

    // A message whose row is not beside those of its campaign is counted all the same.
    let moved = "DELETE FROM messages WHERE number = 3;
                 INSERT INTO messages (campaign_id, number, step, subject, state, outreach_key)
                 SELECT id, 3, 'fomo', 'About', 'drafted', id || 'f' FROM campaigns ORDER BY -id;";
    ledger.conn.execute_batch(moved).unwrap();
    assert_eq!(
        ledger
            .figures(&Filter::default(), now(), Some(0.05))
            .unwrap(),
        report
    );
}

#[test]
fn an_empty_ledger_has_a_report() {
    let ledger = Ledger::open_copy(Path::new("/nowhere/at/all"), now()).unwrap();
    let report = ledger.figures(&Filter::default(), now(), None).unwrap();
    assert_eq!(report.totals.tally, Default::default());
    assert!(report.states.is_empty() && report.days.is_empty() && report.funnel.len() == 2);
}
