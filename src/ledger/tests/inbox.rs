//! What follows from a mail, and what is read twice.

mod corrections;

use super::*;
use crate::inbound::{Bounce, Inbound, Kind, Referral, Sentiment, read};

const KEY_OF_1: &str = "c0000000000000001.hook@ours.example";

/// Two campaigns whose Hooks have left to leads of one company.
fn written_to(n: i64) -> Book {
    let mut book = book(n);
    let claimed = book.claim(50, at(0));
    book.record(claimed, &sent());
    book
}

/// A mail that names the first campaign's Hook.
fn mail(kind: Kind) -> Inbound {
    let raw = format!(
        "From: <lead1@firm.example>\r\nSubject: Re: About hook\r\n\
         Date: Mon, 02 Mar 2026 12:05:00 +0000\r\nIn-Reply-To: <{KEY_OF_1}>\r\n\r\nWell.\r\n"
    );
    Inbound {
        kind,
        sentiment: None,
        rfc_message_id: None,
        bounce: None,
        unsure: None,
        rule: "test",
        ..read(raw.as_bytes(), &Ours::default())
    }
}

fn answer(sentiment: Sentiment) -> Inbound {
    Inbound {
        sentiment: Some(sentiment),
        ..mail(Kind::HumanReply)
    }
}

fn bounced(kind: &str) -> Inbound {
    Inbound {
        bounce: Some(Bounce {
            kind: kind.to_string(),
            status: None,
            recipients: Vec::new(),
            reason: "452 mailbox full".to_string(),
        }),
        ..mail(match kind {
            "mailbox" => Kind::BounceHard,
            _ => Kind::BounceSoft,
        })
    }
}

impl Book {
    /// Stores a mail in a mailbox of its own number.
    fn store_in(&mut self, mailbox: &str, inbound: Inbound, now: DateTime<Utc>) -> Applied {
        let n: i64 = self
            .ledger
            .cursor(mailbox)
            .unwrap()
            .map_or(0, |(_, uid)| uid) as i64;
        let mail = NewInbound {
            uid: n.unsigned_abs() + 1,
            received_at: None,
            inbound,
        };
        let cursor = (1, mail.uid);
        self.ledger
            .store_inbound(mailbox, cursor, &[mail], true, now)
            .unwrap()
    }

    /// Stores a mail that is another one than those before.
    fn store(&mut self, inbound: Inbound) -> Applied {
        self.store_at(inbound, at(9))
    }

    fn store_at(&mut self, mut inbound: Inbound, now: DateTime<Utc>) -> Applied {
        let n = self.ledger.inbound(None).unwrap().len();
        inbound.headers = format!("X-Number: {n}");
        self.store_in("box", inbound, now)
    }

    /// Where a campaign stands: state, and who holds it.
    fn stands(&self, campaign: i64) -> String {
        let sql = format!(
            "SELECT state || ' ' || coalesce(stop_reason, paused_by, response_type, '-')
             FROM campaigns WHERE id = {campaign}"
        );
        self.text(&sql)
    }

    fn suppressed(&self) -> String {
        self.text("SELECT coalesce(group_concat(value, ' '), '') FROM suppressions")
    }

    fn relabel(&mut self, kind: Kind, sentiment: Option<Sentiment>) -> Relabelled {
        self.ledger
            .relabel(1, kind, sentiment, true, at(20))
            .unwrap()
    }
}

#[test]
fn each_consequence_is_told_with_the_number_of_its_mail() {
    for (inbound, expected) in [
        (answer(Sentiment::Later), "responded later"),
        (mail(Kind::Unsubscribe), "stopped opted_out"),
        (bounced("mailbox"), "stopped bounced"),
        (mail(Kind::Complaint), "stopped complained"),
        (mail(Kind::OutOfOffice), "paused absence"),
        (bounced("delay"), "active -"),
        (bounced("policy"), "active -"),
        (bounced("full"), "active -"),
        (mail(Kind::Receipt), "active -"),
        (mail(Kind::AutoReply), "active -"),
    ] {
        let mut book = written_to(1);
        let kind = inbound.bounce.clone().map_or(String::new(), |b| b.kind);
        book.store(inbound);
        assert_eq!(book.stands(1), expected, "{kind}");
        let sql = "SELECT CAST(count(*) AS TEXT) FROM events WHERE detail LIKE '%(mail 1)'";
        let is_told = book.text(sql) != "0";
        let leaves_all = expected == "active -" && !matches!(kind.as_str(), "policy" | "full");
        assert_eq!(is_told, !leaves_all, "{expected} {kind}");
    }
}

#[test]
fn what_is_unsure_waits_for_a_person_and_no_absence_ends_that() {
    let mut book = written_to(1);
    let unsure = Inbound {
        unsure: Some("it can be read both ways".to_string()),
        ..answer(Sentiment::Interested)
    };
    let applied = book.store(unsure);
    assert_eq!(applied.counts["unsure"], 1);
    assert_eq!(book.stands(1), "paused company");
    book.store_at(mail(Kind::OutOfOffice), at(10));
    assert_eq!(book.stands(1), "paused company");
    assert_eq!(book.ledger.resume_due(at(100_000)).unwrap(), 0);
    let wanted = InboxFilter {
        follow_up: true,
        ..InboxFilter::default()
    };
    let rows = book.ledger.inbox(&wanted).unwrap();
    let why = rows[0].follow_up.as_deref().unwrap();
    assert_eq!(why, "unsure: human reply, but it can be read both ways");
    // A person confirms it.
    book.relabel(Kind::HumanReply, Some(Sentiment::Interested));
    assert_eq!(book.stands(1), "responded interested");
    assert!(book.ledger.inbox(&wanted).unwrap().is_empty());
}

#[test]
fn the_date_of_an_answer_is_its_own_unless_that_cannot_be() {
    for (minutes, expected) in [(5, 5), (9, 9), (10_000, 9), (-30, 9)] {
        let mut book = written_to(1);
        book.store(Inbound {
            sent_at: Some(at(minutes)),
            ..answer(Sentiment::Neutral)
        });
        let found = book.text("SELECT CAST(response_at AS TEXT) FROM campaigns");
        assert_eq!(found, at(expected).timestamp().to_string(), "{minutes}");
    }
}

#[test]
fn an_absence_waits_for_the_day_that_can_be_meant_and_the_longer_one_counts() {
    let day = |text: &str| Some(text.parse().unwrap());
    for (return_on, expected) in [
        (day("2026-03-11"), "2026-03-12"),
        (day("2026-03-13"), "2026-03-16"),
        (None, "2026-03-10"),
        (day("2025-12-01"), "2026-03-10"),
        (day("2029-01-01"), "2026-03-10"),
    ] {
        let mut book = written_to(1);
        let away = |return_on| Inbound {
            return_on,
            ..mail(Kind::OutOfOffice)
        };
        book.store(away(return_on));
        let resumes = "SELECT date(resume_at, 'unixepoch') FROM campaigns";
        assert_eq!(book.text(resumes), expected, "{return_on:?}");
        book.store(away(day("2026-03-04")));
        assert_eq!(
            book.text(resumes),
            expected,
            "no shorter by a second notice"
        );
        book.store(away(day("2026-03-30")));
        assert_eq!(book.text(resumes), "2026-03-31", "but longer");
        let state = "SELECT state || ' ' || response_type FROM campaigns";
        assert_eq!(book.text(state), "paused auto_reply");
    }
}

#[test]
fn a_soft_bounce_counts_once_for_each_time_the_step_left() {
    let mut book = written_to(1);
    book.store(bounced("full"));
    assert_eq!(book.state(1, "hook"), "deferred");
    let due = "SELECT datetime(due_at, 'unixepoch') FROM messages WHERE step = 'hook'";
    assert_eq!(book.text(due), "2026-03-03 12:00:00", "at the same hour");
    // A second notice about the same time, from another server on the way.
    book.store(bounced("network"));
    assert_eq!(book.text(due), "2026-03-03 12:00:00");
    let day = 24 * 60;
    for (n, expected) in [(1, "deferred"), (2, "dead")] {
        let claimed = book.claim(50, at(n * day));
        assert_eq!(claimed.messages.len(), 1);
        book.record(claimed, &sent());
        book.store_at(bounced("full"), at(n * day + 10));
        assert_eq!(book.state(1, "hook"), "sent", "it is dated before this try");
        let now = at(n * day + 20);
        let news = Inbound {
            sent_at: Some(now),
            ..bounced("full")
        };
        book.store_at(news, now);
        assert_eq!(book.state(1, "hook"), expected);
    }
    assert_eq!(book.stands(1), "stopped undeliverable");
    assert_eq!(book.suppressed(), "", "the address lives");
}

#[test]
fn what_came_back_has_left_as_far_as_the_limits_go() {
    let mut book = written_to(2);
    book.store(bounced("full"));
    let sql = "UPDATE messages SET due_at = 0 WHERE step = 'hook' AND state = 'deferred'";
    book.ledger.conn.execute(sql, []).unwrap();
    let claimed = book.claim(2, at(30));
    assert_eq!(claimed.limit_reached, Some(Limit::Daily));
}

#[test]
fn policy_holds_the_sender_once_and_not_for_what_a_person_forgave() {
    let mut book = written_to(2);
    let applied = book.store(bounced("policy"));
    assert!(applied.alerts[0].contains("resume --sender us@ours.example"));
    let held = |book: &Book| book.ledger.held("us@ours.example").unwrap();
    assert!(held(&book).unwrap().0.contains("452 mailbox full"));
    assert_eq!(
        (book.stands(1), book.suppressed()),
        ("active -".into(), "".into())
    );
    book.ledger
        .release_sender("us@ours.example", at(12))
        .unwrap();
    let mut again = bounced("policy");
    again.clues.message_ids = vec![KEY_OF_1.replace('1', "2")];
    let applied = book.store_at(again, at(13));
    assert!(applied.alerts.is_empty());
    assert_eq!(held(&book), None);
}

#[test]
fn an_opt_out_for_the_company_covers_its_domain_but_never_free_mail() {
    let mut book = written_to(2);
    let opt_out = Inbound {
        for_company: true,
        ..mail(Kind::Unsubscribe)
    };
    book.store(opt_out.clone());
    assert_eq!(book.suppressed(), "firm.example lead1@firm.example");
    assert_eq!(book.stands(2), "stopped suppressed");
    let mut book = written_to(2);
    let sql = "UPDATE leads SET email = 'lead' || id || '@gmail.com', company_domain = NULL";
    book.ledger.conn.execute(sql, []).unwrap();
    book.ledger
        .conn
        .execute(
            "UPDATE messages SET recipient = 'lead1@gmail.com' WHERE id = 1",
            [],
        )
        .unwrap();
    book.store(Inbound {
        from: "lead1@gmail.com".to_string(),
        ..opt_out
    });
    assert_eq!(book.suppressed(), "lead1@gmail.com");
    assert_eq!(book.stands(2), "active -");
}

#[test]
fn the_company_is_its_domain_and_its_name_only_where_there_is_none() {
    let mut book = written_to(5);
    for (lead, domain, company) in [
        (2, Some("firm.example"), "Another name"),
        (3, Some("else.example"), "Firm"),
        (4, None, "firm"),
        (5, None, "Else"),
    ] {
        let sql = "UPDATE leads SET company_domain = ?2 WHERE id = ?1";
        book.ledger.conn.execute(sql, (lead, domain)).unwrap();
        let sql = "UPDATE campaigns SET company = ?2 WHERE id = ?1";
        book.ledger.conn.execute(sql, (lead, company)).unwrap();
    }
    book.store(answer(Sentiment::NotInterested));
    let stand = [2, 3, 4, 5].map(|id| book.stands(id));
    let expected = ["paused company", "active -", "paused company", "active -"];
    assert_eq!(stand, expected);
}

#[test]
fn the_same_mail_in_two_folders_counts_once_and_another_one_of_its_name_does_not() {
    let named = |kind| Inbound {
        rfc_message_id: Some("one@lead.example".to_string()),
        ..mail(kind)
    };
    let mut book = written_to(1);
    book.store_in("inbox", named(Kind::OutOfOffice), at(9));
    let applied = book.store_in("junk", named(Kind::OutOfOffice), at(9));
    assert_eq!(applied.counts.get("read_before"), Some(&1));
    assert_eq!(applied.counts.len(), 1, "{applied:?}");
    assert_eq!(book.ledger.inbox(&InboxFilter::default()).unwrap().len(), 1);
    let applied = book.store_in("inbox", named(Kind::Unsubscribe), at(9));
    assert_eq!(applied.counts.get("unsubscribe"), Some(&1));
    assert_eq!(book.stands(1), "stopped opted_out");
    // Without a name it is known by all else.
    let mut book = written_to(1);
    book.store_in("inbox", mail(Kind::AutoReply), at(9));
    let applied = book.store_in("junk", mail(Kind::AutoReply), at(9));
    assert_eq!(applied.counts.get("read_before"), Some(&1));
}

#[test]
fn a_bounce_known_by_its_address_alone_must_follow_a_mail_to_it() {
    let bounce = |address: &str, days: i64| {
        let mut inbound = bounced("mailbox");
        inbound.clues.message_ids.clear();
        inbound.clues.keys.clear();
        inbound.clues.recipients = vec![address.to_string()];
        inbound.from = "mailer-daemon@mx.example".to_string();
        inbound.sent_at = Some(at(days * 24 * 60 + 5));
        inbound
    };
    for (address, days, expected) in [
        ("lead1@firm.example", 0, "stopped bounced"),
        ("lead1@firm.example", 5, "stopped bounced"),
        ("lead1@firm.example", 40, "active -"),
        ("lead1@firm.example", -3, "active -"),
        ("corrected@firm.example", 0, "active -"),
        ("stranger@firm.example", 0, "active -"),
    ] {
        let mut book = written_to(1);
        if address.starts_with("corrected") {
            let sql = "UPDATE leads SET email = 'corrected@firm.example'";
            book.ledger.conn.execute(sql, []).unwrap();
        }
        book.store_in("box", bounce(address, days), at(60 * 24 * 60));
        assert_eq!(book.stands(1), expected, "{address} {days}");
    }
}
