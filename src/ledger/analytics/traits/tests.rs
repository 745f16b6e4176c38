//! What is stored with a campaign, what an edit makes of it, and what a ledger of before is given.

use chrono::{DateTime, Utc};

use super::*;
use crate::ledger::migrate;
use crate::ledger::{Ledger, instant};

fn now() -> DateTime<Utc> {
    instant(1_772_452_800)
}

const LEAD: &str = r#"{"full_name":"Ada Vey","email":"ada@quill.example","company":"Quill Ltd",
    "email_confidence_level":"Pattern","industry":"Retail ","company_size":"11-50",
    "job_title":"Head of Growth","tone":"Bold"}"#;

/// A lead that passes the data check, one that does not, and one whose fields nobody can read, with
/// a campaign each.
fn rows(texts: &str) -> String {
    let lead = |id: i64, fields: &str| {
        format!(
            "INSERT INTO leads (id, record_id, source, fields, fingerprint, full_name, company,
                 verdict, first_read_at, changed_at)
             VALUES ({id}, 'rec{id}', 'file', '{fields}', '', 'Ada', 'Firm', 'eligible', 0, 0);
             INSERT INTO campaigns (id, campaign_id, lead_id, company, state, sequence, writer,
                 quality_score, zone, zone_reason, country, created_at, updated_at)
             VALUES ({id}, 'c{id}', {id}, 'Quill', 'review', '{{}}', 'template:x', 100, 'UTC', '',
                 'US', 0, 0);
             INSERT INTO messages (id, campaign_id, number, step, subject, state, outreach_key)
             VALUES ({id}, {id}, 1, 'hook', 'An idea for Quill', 'drafted', 'k{id}');
             {};",
            texts.replace("ID", &id.to_string())
        )
    };
    let rejected = r#"{"full_name":"Ada Vey","job_title":"CEO","tone":"Warm\nand kind"}"#;
    [(1, LEAD), (2, rejected), (3, r#"{"nobody_knows":"this"}"#)]
        .map(|(id, fields)| lead(id, fields))
        .concat()
}

const BODY: &str = "INSERT INTO message_texts VALUES (ID, 'Hi Ada,' || char(10, 10)
                    || 'Quill caught my eye. More.')";

fn all(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

const TRAITS: &str = "SELECT concat_ws('|', campaign_id, industry, company_size, seniority, tone,
                      confidence) FROM campaign_traits ORDER BY campaign_id";

#[test]
fn a_ledger_of_before_is_given_traits_and_wordings() {
    let mut conn = Connection::open_in_memory().unwrap();
    migrate::apply_before(&mut conn, migrate::ANALYTICS).unwrap();
    conn.execute_batch(&rows(BODY)).unwrap();
    migrate::apply(&mut conn, None, now()).unwrap();
    assert_eq!(
        all(&conn, TRAITS),
        [
            "1|Retail|11-50|head|Bold|Pattern",
            "2|||chief|Warm and kind|",
            "3|||unknown||"
        ]
    );
    let subject = wording::key("an idea for {company}").unwrap();
    let opening = wording::key("{company} caught my eye.").unwrap();
    let keys = "SELECT concat_ws('|', subject_key, opening_key) FROM messages ORDER BY id";
    let expected = format!("{subject}|{opening}");
    assert_eq!(all(&conn, keys), [&*expected, &*expected, &*expected]);
}

#[test]
fn a_changed_text_has_another_wording() {
    let ledger = Ledger::open_copy(std::path::Path::new("/nowhere/at/all"), now()).unwrap();
    let conn = &ledger.conn;
    conn.execute_batch(&rows(BODY)).unwrap();
    let revision = "SELECT CAST(revision AS TEXT) FROM leads WHERE id = 1";
    let before = all(conn, revision);
    conn.execute_batch("UPDATE messages SET subject = 'For Ada' WHERE id = 1")
        .unwrap();
    let shown = all(conn, revision);
    assert_ne!(before, shown);
    reword(conn, 1).unwrap();
    let keys = "SELECT concat_ws('|', subject_key, opening_key) FROM messages WHERE id = 1";
    let keys_of = |subject: &str, opening: &str| {
        let [subject, opening] = [subject, opening].map(|p| wording::key(p).unwrap());
        vec![format!("{subject}|{opening}")]
    };
    assert_eq!(
        all(conn, keys),
        keys_of("for {name}", "{company} caught my eye.")
    );
    assert_eq!(all(conn, revision), shown, "a wording is nothing to show");
    remember_anew(conn, 1).unwrap();
    let changed = LEAD.replace("Retail ", "Trade");
    conn.execute("UPDATE leads SET fields = ?1 WHERE id = 1", [changed])
        .unwrap();
    remember_anew(conn, 1).unwrap();
    assert_eq!(all(conn, TRAITS), ["1|Trade|11-50|head|Bold|Pattern"]);
}
