//! Requests on rows written for the purpose.

use super::*;
use crate::tracking::token::Purpose;

const NOON: i64 = 1_772_452_800; // Monday 2 March 2026.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

struct Book {
    ledger: Ledger,
    _dir: tempfile::TempDir,
}

/// A campaign whose Hook (message 1) left at noon and whose Proof (2) is dated; a second one of a
/// colleague (3, 4).
fn book() -> Book {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&dir.path().join("ledger.db"), instant(NOON - 600)).unwrap();
    ledger.start_run("send", instant(NOON)).unwrap();
    for id in [1, 2] {
        let sql = format!(
            "INSERT INTO leads (id, record_id, source, fields, fingerprint, email, company_domain,
                 full_name, company, verdict, first_read_at, changed_at)
             VALUES ({id}, 'rec{id}', 'file', '{{}}', '', 'lead{id}@firm.example', 'firm.example',
                 'Ada', 'Firm', 'eligible', 0, 0);
             INSERT INTO campaigns (id, campaign_id, lead_id, company, state, sequence, writer,
                 quality_score, zone, zone_reason, country, created_at, updated_at)
             VALUES ({id}, 'c{id}', {id}, 'Firm', 'active', '{{}}', 'template:x', 100, 'UTC', '',
                 'US', 0, 0);
             INSERT INTO messages (campaign_id, number, step, subject, state, sent_at, claimed_at,
                 outreach_key, sender, recipient)
             VALUES ({id}, 1, 'hook', 'About', 'sent', {NOON}, {NOON}, 'h{id}', 'us@ours.example',
                 'lead{id}@firm.example');
             INSERT INTO messages (campaign_id, number, step, subject, state, due_at, outreach_key)
             VALUES ({id}, 2, 'proof', 'More', 'scheduled', {NOON} + 99999, 'p{id}');
             UPDATE leads SET revision = 1;"
        );
        ledger.conn.execute_batch(&sql).unwrap();
    }
    let texts = "INSERT INTO message_texts
                 SELECT id, 'See https://a.example/x and https://b.example/y.' FROM messages";
    ledger.conn.execute(texts, []).unwrap();
    Book { ledger, _dir: dir }
}

fn heard(purpose: Purpose, message: i64, seconds_after: i64) -> Heard {
    Heard {
        purpose,
        message,
        method: "GET".to_string(),
        user_agent: BROWSER.to_string(),
        is_prefetch: false,
        at: instant(NOON + seconds_after),
    }
}

impl Book {
    fn keep(&mut self, heard: Heard) -> Kept {
        self.ledger.keep_engagements(&[heard]).unwrap().remove(0)
    }

    fn text(&self, sql: &str) -> String {
        let row = self.ledger.conn.query_row(sql, [], |row| {
            let columns = row.as_ref().column_count();
            let cells = (0..columns).map(|n| row.get::<_, rusqlite::types::Value>(n));
            cells.collect::<Result<Vec<_>, _>>()
        });
        let cells = row.unwrap().into_iter().map(|value| match value {
            rusqlite::types::Value::Null => "-".to_string(),
            rusqlite::types::Value::Integer(n) => n.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        });
        cells.collect::<Vec<_>>().join(" ")
    }

    fn counts(&self) -> String {
        self.text("SELECT opens, clicks, machine_opens, machine_clicks FROM messages WHERE id = 1")
    }
}

const OPEN: Purpose = Purpose::Open;
const FIRST: Purpose = Purpose::Click { link: 0 };
const SECOND: Purpose = Purpose::Click { link: 1 };

#[test]
fn people_and_programs_are_counted_apart() {
    #[track_caller]
    fn check(asked: &[(Purpose, i64, &str)], machines: &[&str], counts: &str) {
        let mut book = book();
        let heard: Vec<Heard> = asked
            .iter()
            .map(|(purpose, after, agent)| Heard {
                user_agent: (*agent).to_string(),
                ..heard(*purpose, 1, *after)
            })
            .collect();
        let kept = book.ledger.keep_engagements(&heard).unwrap();
        let found: Vec<&str> = kept
            .iter()
            .map(|kept| match kept {
                Kept::Stored { machine, .. } => machine.unwrap_or("person"),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, machines);
        assert_eq!(book.counts(), counts);
        let rows = book.text("SELECT count(*) FROM engagements");
        assert_eq!(rows, asked.len().to_string());
    }
    let b = BROWSER;
    check(&[(OPEN, 60, b)], &["person"], "1 0 0 0");
    check(&[(OPEN, 60, "Mozilla/5.0")], &["prefetch"], "0 0 1 0");
    check(&[(OPEN, 2, b)], &["too_soon"], "0 0 1 0");
    let (open, click) = ((OPEN, 60, b), (FIRST, 65, b));
    check(&[open, click], &["person", "person"], "1 1 0 0");
    check(&[open, (OPEN, 69, b)], &["person", "repeat"], "1 0 1 0");
    check(&[open, (OPEN, 70, b)], &["person", "person"], "2 0 0 0");
    // A reload of a reload is one, however long it goes on.
    let reloads = [open, (OPEN, 69, b), (OPEN, 78, b)];
    check(&reloads, &["person", "repeat", "repeat"], "1 0 2 0");
    // A program was there first; that takes nothing from the person.
    let after_a_program = [(OPEN, 60, "Mozilla/5.0"), (OPEN, 63, b)];
    check(&after_a_program, &["prefetch", "person"], "1 0 1 0");
    let links = [(FIRST, 60, b), (SECOND, 65, b)];
    check(&links, &["person", "person"], "0 2 0 0");
    let burst = [(FIRST, 60, b), (SECOND, 61, b)];
    check(&burst, &["person", "burst"], "0 1 0 1");
}

#[test]
fn a_click_leads_where_the_text_says() {
    let mut book = book();
    let Kept::Stored { leads_to, .. } = book.keep(heard(SECOND, 1, 60)) else {
        panic!("stored")
    };
    assert_eq!(leads_to.unwrap().as_str(), "https://b.example/y");
    for (purpose, message) in [
        (Purpose::Click { link: 2 }, 1),
        (FIRST, 99),
        (OPEN, 99),
        (OPEN, -1),
        (Purpose::OptOut, 99),
    ] {
        assert_eq!(book.keep(heard(purpose, message, 60)), Kept::Gone);
    }
    assert_eq!(book.text("SELECT count(*) FROM engagements"), "1");
    let erased = "DELETE FROM message_texts WHERE message_id = 1";
    book.ledger.conn.execute(erased, []).unwrap();
    assert_eq!(book.keep(heard(FIRST, 1, 90)), Kept::Gone);
    assert_eq!(book.ledger.link_of(1, 0).unwrap(), None);
    assert_eq!(
        book.ledger.link_of(3, 0).unwrap().unwrap().host_str(),
        Some("a.example")
    );
}

#[test]
fn what_was_never_sent_is_opened_by_programs_only() {
    let mut book = book();
    let kept = book.keep(heard(OPEN, 2, 60));
    assert!(
        matches!(
            kept,
            Kept::Stored {
                machine: Some("unsent"),
                ..
            }
        ),
        "{kept:?}"
    );
    assert_eq!(
        book.text("SELECT state, opens FROM messages WHERE id = 2"),
        "scheduled 0"
    );
}

#[test]
fn people_are_shown_what_people_do_and_not_what_programs_do() {
    let mut book = book();
    let shown = "SELECT l.revision, c.last_activity_at FROM leads l JOIN campaigns c ON c.id = l.id
                 WHERE l.id = 1";
    let program = Heard {
        method: "HEAD".to_string(),
        ..heard(OPEN, 1, 60)
    };
    book.keep(program);
    assert_eq!(book.text(shown), "1 -");
    book.keep(heard(OPEN, 1, 100));
    assert_eq!(book.text(shown), format!("2 {}", NOON + 100));
    assert_eq!(
        book.text("SELECT agent FROM engagements WHERE id = 2"),
        "firefox"
    );
}

#[test]
fn the_way_out_does_what_a_mail_does_and_once() {
    let mut book = book();
    let way_out = |after| Heard {
        method: "POST".to_string(),
        ..heard(Purpose::OptOut, 1, after)
    };
    book.keep(way_out(60));
    let campaign = "SELECT state, stop_reason, response_type, response_at, responding_step
                    FROM campaigns WHERE id = 1";
    let ended = format!("stopped opted_out unsubscribed {} hook", NOON + 60);
    assert_eq!(book.text(campaign), ended);
    assert_eq!(
        book.text("SELECT state FROM messages WHERE id = 2"),
        "skipped"
    );
    let listed = "SELECT value, reason FROM suppressions";
    assert_eq!(book.text(listed), "lead1@firm.example opted_out");
    let log = "SELECT detail FROM events WHERE kind = 'stopped'";
    assert!(book.text(log).contains("(request 1)"), "{}", book.text(log));
    assert_eq!(
        book.text("SELECT state FROM campaigns WHERE id = 2"),
        "active",
        "the colleague"
    );
    // Again, and again by the other mail: nothing moves.
    let events = book.text("SELECT count(*) FROM events");
    for message in [1, 2] {
        let again = Heard {
            message,
            ..way_out(9_000)
        };
        let kept = book.keep(again);
        assert!(
            matches!(
                kept,
                Kept::Stored {
                    machine: Some("repeat"),
                    ..
                }
            ),
            "{kept:?}"
        );
    }
    assert_eq!(book.text(campaign), ended);
    assert_eq!(book.text("SELECT count(*) FROM events"), events);
    // Somebody of ours lets the address in again; the next wish counts as the first did.
    book.ledger
        .unsuppress("lead1@firm.example", instant(NOON + 10_000))
        .unwrap();
    book.keep(way_out(20_000));
    assert_eq!(book.text(listed), "lead1@firm.example opted_out");
}

#[test]
fn a_corrected_address_is_let_alone_together_with_the_old_one() {
    let mut book = book();
    let sql = "UPDATE leads SET email = 'new@firm.example' WHERE id = 1";
    book.ledger.conn.execute(sql, []).unwrap();
    book.keep(heard(Purpose::OptOut, 1, 60));
    let listed = "SELECT group_concat(value, ' ') FROM
                  (SELECT value FROM suppressions ORDER BY value)";
    assert_eq!(book.text(listed), "lead1@firm.example new@firm.example");
}

#[test]
fn the_way_out_settles_a_doubt() {
    let mut book = book();
    let sql = "UPDATE messages SET state = 'in_doubt', state_reason = 'silence', sent_at = NULL
               WHERE id = 1";
    book.ledger.conn.execute(sql, []).unwrap();
    book.keep(heard(Purpose::OptOut, 1, 60));
    assert_eq!(book.text("SELECT state FROM messages WHERE id = 1"), "sent");
}

#[test]
fn a_flood_is_answered_and_not_kept() {
    let mut book = book();
    let many: Vec<Heard> = (0..300).map(|n| heard(FIRST, 1, 60 + n / 50)).collect();
    let kept = book.ledger.keep_engagements(&many).unwrap();
    let stored = kept
        .iter()
        .filter(|kept| matches!(kept, Kept::Stored { .. }));
    assert_eq!(stored.count(), usize::try_from(FLOOD_MIN).unwrap());
    let leads = kept.iter().all(|kept| match kept {
        Kept::Stored { leads_to, .. } | Kept::Flood { leads_to } => leads_to.is_some(),
        Kept::Gone => false,
    });
    assert!(leads, "whoever clicks gets there");
    assert!(
        matches!(book.keep(heard(FIRST, 3, 66)), Kept::Stored { .. }),
        "another message"
    );
    assert!(
        matches!(book.keep(heard(FIRST, 1, 130)), Kept::Stored { .. }),
        "later"
    );
    // A first wish to be left alone is heard in any noise.
    let noise: Vec<Heard> = (0..200).map(|_| heard(OPEN, 1, 131)).collect();
    book.ledger.keep_engagements(&noise).unwrap();
    book.keep(heard(Purpose::OptOut, 1, 131));
    assert_eq!(book.text("SELECT count(*) FROM suppressions"), "1");
    let again = book.keep(heard(Purpose::OptOut, 1, 131));
    assert_eq!(again, Kept::Flood { leads_to: None });
}

#[test]
fn a_batch_is_kept_whole_or_not_at_all() {
    let mut book = book();
    let sql = "CREATE TRIGGER t BEFORE INSERT ON engagements WHEN NEW.message_id = 3
               BEGIN SELECT raise(ABORT, 'no'); END";
    book.ledger.conn.execute_batch(sql).unwrap();
    let batch = [heard(OPEN, 1, 60), heard(OPEN, 3, 60)];
    book.ledger.keep_engagements(&batch).unwrap_err();
    assert_eq!(book.text("SELECT count(*) FROM engagements"), "0");
    assert_eq!(book.counts(), "0 0 0 0");
}

#[test]
fn the_pulse_counts_what_is_open() {
    let book = book();
    let pulse = book.ledger.pulse(instant(NOON + 99_999)).unwrap();
    let expected = Pulse {
        due: 2,
        in_doubt: 0,
        open_campaigns: 2,
        scanned_at: None,
    };
    assert_eq!(pulse, expected);
    assert_eq!(book.ledger.pulse(instant(NOON)).unwrap().due, 0);
}
