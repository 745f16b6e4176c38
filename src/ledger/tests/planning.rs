//! Plans written down beside runs that send.

use super::*;
use crate::plan::{Plan, Skip, Slot};

fn slot(campaign: i64, number: u32, was: Option<i64>, minutes: i64) -> Slot {
    Slot {
        campaign,
        number,
        sender: "us@ours.example".to_string(),
        was: was.map(at),
        due_at: at(minutes),
        reason: "a reason".to_string(),
    }
}

#[test]
fn a_plan_changes_only_what_still_stands_as_it_was_read() {
    let mut book = book(3);
    let due = |campaign: i64, number: i64| -(100 * number - campaign);
    // While it was made, the first hook was claimed and the second one moved.
    book.claim(1, at(1));
    let sql = "UPDATE messages SET due_at = due_at + 60 WHERE campaign_id = 2 AND number = 1";
    book.ledger.conn.execute(sql, []).unwrap();
    let mut other = slot(3, 2, Some(due(3, 2)), 900);
    other.sender = "them@ours.example".to_string();
    book.ledger
        .conn
        .execute("UPDATE campaigns SET sender = 'us@ours.example'", [])
        .unwrap();
    let plan = Plan {
        slots: vec![
            slot(1, 1, Some(due(1, 1)), 500),
            slot(2, 1, Some(due(2, 1)), 500),
            slot(3, 1, Some(due(3, 1)), 500),
            slot(1, 2, None, 700),
            other,
        ],
        ..Plan::default()
    };
    let written = book.ledger.date_messages(&plan, at(2)).unwrap();
    assert_eq!((written.dated, written.moved, written.skipped), (0, 1, 0));
    assert_eq!(book.state(1, "hook"), "sending");
    let moved =
        "SELECT group_concat(campaign_id || step) FROM messages WHERE due_reason = 'a reason'";
    assert_eq!(book.text(moved), "3hook");
}

#[test]
fn what_is_skipped_ends_the_campaign_unless_it_left_meanwhile() {
    let mut book = book(2);
    let skip = |campaign| Skip {
        campaign,
        number: 2,
        reason: "too late".to_string(),
    };
    let sql = "UPDATE messages SET state = 'sent', sent_at = 1 WHERE number = 1";
    book.ledger.conn.execute(sql, []).unwrap();
    let sql = "UPDATE messages SET state = 'sending' WHERE campaign_id = 2 AND number = 2";
    book.ledger.conn.execute(sql, []).unwrap();
    let plan = Plan {
        skips: vec![skip(1), skip(2)],
        ..Plan::default()
    };
    let written = book.ledger.date_messages(&plan, at(2)).unwrap();
    assert_eq!(written.skipped, 1);
    assert_eq!(book.state(1, "proof"), "skipped");
    assert_eq!(book.state(2, "proof"), "sending");
    let states = "SELECT group_concat(state) FROM (SELECT state FROM campaigns ORDER BY id)";
    assert_eq!(book.text(states), "completed,active");
    let again = book.ledger.date_messages(&plan, at(3)).unwrap();
    assert_eq!(again.skipped, 0);
}

#[test]
fn plans_are_read_with_what_else_takes_room() {
    let book = book(3);
    let all = book.ledger.itineraries(None, None).unwrap();
    assert_eq!(all.len(), 3);
    let company = Some("firm.example");
    assert!(
        all.iter()
            .all(|one| one.company.as_deref() == company && one.steps.len() == 2)
    );
    let some = book.ledger.itineraries(Some(1), None).unwrap();
    assert_eq!(some.len(), 1);
    let planned = some.iter().map(|one| one.campaign).collect();
    let promised = book.ledger.promised(&planned, at(-9_000)).unwrap();
    assert_eq!(promised["us@ours.example"].len(), 4, "the other two's");
    assert_eq!(book.ledger.first_sent_at("us@ours.example").unwrap(), None);
    assert!(!book.ledger.is_sender_stopped("us@ours.example").unwrap());
}

#[test]
fn a_dated_message_has_its_name_and_goes_to_the_address_as_it_stands_at_the_claim() {
    let mut book = book(1);
    let plan = Plan {
        slots: vec![slot(1, 1, Some(-99), -50)],
        ..Plan::default()
    };
    assert_eq!(book.ledger.date_messages(&plan, at(-60)).unwrap().moved, 1);
    let noted = "SELECT message_id || ' to ' || recipient FROM messages WHERE number = 1";
    let name = "c0000000000000001.hook@ours.example";
    assert_eq!(book.text(noted), format!("{name} to lead1@firm.example"));
    let guessed =
        format!("From: <x@else.example>\nSubject: Re: x\nIn-Reply-To: <{name}>\n\nYes.\n");
    assert_eq!(
        book.scan(&guessed).0,
        "none",
        "it has not left, whatever it is called"
    );
    let corrected = "UPDATE leads SET email = 'ada@firm.example'";
    book.ledger.conn.execute(corrected, []).unwrap();
    let claimed = book.claim(1, at(0)).messages.remove(0);
    assert_eq!(
        (claimed.message_id.as_str(), claimed.email.as_str()),
        (name, "ada@firm.example")
    );
    assert_eq!(book.text(noted), format!("{name} to ada@firm.example"));
}
