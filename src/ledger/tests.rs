//! Claims, limits, moves and matching, on rows written for the purpose.

mod inbox;
mod planning;
mod retention;

use chrono::{DateTime, Utc};

use super::*;
use crate::campaign::{CampaignState, StopReason};
use crate::delivery::{Blame, Phase};
use crate::inbound::{Ours, ResponseType};
use crate::tracking::Tracked;

const NOON: i64 = 1_772_452_800; // Monday 2 March 2026.

fn at(minutes: i64) -> DateTime<Utc> {
    instant(NOON + 60 * minutes)
}

/// A ledger in a folder of its own, so that a second connection can look into it.
struct Book {
    ledger: Ledger,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

/// The campaigns 1 to `n`, active, whose Hooks came due a minute after each other before noon and
/// whose Proofs come due just before that.
fn book(n: i64) -> Book {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut ledger = Ledger::open(&path, at(-1000)).unwrap();
    ledger.start_run("send", at(0)).unwrap();
    let sequence = r#"{"steps":[{"number":1,"name":"hook","delay_days":0},
        {"number":2,"name":"proof","delay_days":3}],"respect_business_days":true}"#;
    for id in 1..=n {
        let sql = "INSERT INTO leads (id, record_id, source, fields, fingerprint, email,
                       company_domain, full_name, company, verdict, first_read_at, changed_at)
                   VALUES (?1, 'rec' || ?1, 'file', '{}', '', 'lead' || ?1 || '@firm.example',
                       'firm.example', 'Ada', 'Firm', 'eligible', 0, 0)";
        ledger.conn.execute(sql, [id]).unwrap();
        let sql =
            "INSERT INTO campaigns (id, campaign_id, lead_id, company, state, sequence, writer,
                       quality_score, zone, zone_reason, country, created_at, updated_at)
                   VALUES (?1, printf('c%016d', ?1), ?1, 'Firm', 'active', ?2, 'template:x', 100,
                       'UTC', '', 'US', 0, 0)";
        ledger.conn.execute(sql, (id, sequence)).unwrap();
        for (number, step) in [(1, "hook"), (2, "proof")] {
            let sql = "INSERT INTO messages (campaign_id, number, step, subject, state, due_at,
                           outreach_key, sender)
                       VALUES (?1, ?2, ?3, 'About ' || ?3, 'scheduled', ?4,
                           printf('c%016d.', ?1) || ?3, 'us@ours.example')";
            let due_at = NOON - 60 * (100 * i64::from(number) - id);
            ledger
                .conn
                .execute(sql, (id, number, step, due_at))
                .unwrap();
            let sql = "INSERT INTO message_texts VALUES (last_insert_rowid(), 'Hi')";
            ledger.conn.execute(sql, []).unwrap();
        }
    }
    Book {
        ledger,
        path,
        _dir: dir,
    }
}

impl Book {
    fn claim_from(&mut self, position: &mut Position, limit: u32, now: DateTime<Utc>) -> Claimed {
        let mut claims = Claims {
            now,
            max: 256,
            sender: "us@ours.example",
            daily_limit: limit,
            day_began_at: at(-12 * 60),
            hourly_limit: None,
            mailer: "maildir:x",
            run: 1,
            mailboxes: &[],
            lead: None,
            counts_companies: false,
            threads: false,
            canaries: 0,
            tracked: Tracked::default(),
            position,
        };
        let decide = &mut |candidate: &Candidate| match candidate.number {
            1 => Decision::Claim,
            _ => Decision::Hold {
                reason: "its hook has not left".to_string(),
            },
        };
        self.ledger
            .send_turn(&[], now, |turn| turn.claim_due(&mut claims, decide))
            .unwrap()
    }

    fn claim(&mut self, limit: u32, now: DateTime<Utc>) -> Claimed {
        self.claim_from(&mut Position::start(), limit, now)
    }

    fn record(&mut self, claimed: Claimed, recorded: &Recorded) {
        let with = |message| (message, recorded.clone());
        let results: Vec<_> = claimed.messages.into_iter().map(with).collect();
        self.ledger.send_turn(&results, at(1), |_| Ok(())).unwrap();
    }

    fn text(&self, query: &str) -> String {
        self.ledger
            .conn
            .query_row(query, [], |row| row.get(0))
            .unwrap()
    }

    fn state(&self, campaign: i64, step: &str) -> String {
        let query = "SELECT state FROM messages WHERE campaign_id";
        self.text(&format!("{query} = {campaign} AND step = '{step}'"))
    }

    fn scan(&mut self, raw: &str) -> (String, String) {
        let ours = Ours {
            addresses: vec!["us@ours.example".to_string()],
            ..Ours::default()
        };
        let n: u64 = self
            .text("SELECT CAST(count(*) AS TEXT) FROM inbound")
            .parse()
            .unwrap();
        let mail = NewInbound {
            uid: n + 1,
            received_at: None,
            inbound: crate::inbound::read(raw.replace('\n', "\r\n").as_bytes(), &ours),
        };
        self.ledger
            .store_inbound("box", (1, n + 1), &[mail], true, at(9))
            .unwrap();
        let last = "FROM inbound ORDER BY id DESC LIMIT 1";
        (
            self.text(&format!("SELECT coalesce(matched_by, 'none') {last}")),
            self.text(&format!(
                "SELECT CAST(coalesce(campaign_id, 0) AS TEXT) {last}"
            )),
        )
    }
}

fn sent() -> Recorded {
    Recorded::Sent {
        reply: "250 ok".to_string(),
        moves: Vec::new(),
    }
}

fn deferred(until: DateTime<Utc>) -> Recorded {
    Recorded::Deferred {
        phase: Phase::RcptTo,
        reply: "450 later".to_string(),
        blame: Blame::Recipient,
        until,
    }
}

#[test]
fn a_claim_is_on_disk_when_the_caller_gets_it() {
    let mut book = book(1);
    let claimed = book.claim(50, at(0));
    let (found, other) = (&claimed.messages[0], Connection::open(&book.path).unwrap());
    let sql = "SELECT m.state || ' ' || m.message_id || ' ' || a.number FROM messages m
               JOIN attempts a ON a.message_id = m.id AND a.finished_at IS NULL";
    let seen: String = other.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(seen, format!("sending {} 1", found.message_id));
    assert!(
        book.claim(50, at(0)).messages.is_empty(),
        "nobody claims it again"
    );
}

#[test]
fn identity_and_date_are_those_of_the_first_claim() {
    let mut book = book(1);
    let first = book.claim(50, at(0)).messages.remove(0);
    let results = [(first.clone(), deferred(at(30)))];
    book.ledger.send_turn(&results, at(1), |_| Ok(())).unwrap();
    assert!(book.claim(50, at(29)).messages.is_empty());
    let second = book.claim(50, at(30)).messages.remove(0);
    assert_eq!((first.tries, second.tries), (0, 1));
    assert_eq!(first.message_id, second.message_id);
    assert_eq!(first.dated_at, second.dated_at);
    assert_ne!(first.attempt, second.attempt);
}

#[test]
fn the_limit_counts_what_left_or_may_have_left_and_nothing_else() {
    let mut book = book(9);
    let claimed = book.claim(4, at(0));
    assert_eq!(
        (claimed.messages.len(), claimed.limit_reached),
        (4, Some(Limit::Daily))
    );
    book.record(claimed, &deferred(at(600)));
    let claimed = book.claim(4, at(1));
    assert_eq!(claimed.messages.len(), 4, "what was deferred did not leave");
    assert!(
        book.claim(4, at(2)).messages.is_empty(),
        "four are being sent"
    );
    book.ledger.doubt_orphans(at(3)).unwrap();
    assert!(
        book.claim(4, at(4)).messages.is_empty(),
        "four are in doubt"
    );
    let letters = book.ledger.letters().unwrap();
    book.ledger
        .settle_as_sent(&letters[0], &[], "found", at(5))
        .unwrap();
    assert!(
        book.claim(4, at(6)).messages.is_empty(),
        "one was sent, three are in doubt"
    );
    book.ledger
        .put_back(letters[1].id, at(6), "absent", at(6))
        .unwrap();
    assert_eq!(
        book.claim(4, at(7)).messages.len(),
        1,
        "one surely did not leave"
    );
}

#[test]
fn what_is_held_is_looked_at_once_and_follow_ups_come_first() {
    let mut book = book(3);
    let mut order = Vec::new();
    let mut claims = Claims {
        now: at(0),
        max: 1,
        sender: "us@ours.example",
        daily_limit: 50,
        day_began_at: at(-720),
        hourly_limit: None,
        mailer: "smtp:x",
        run: 1,
        mailboxes: &[],
        lead: None,
        counts_companies: false,
        threads: false,
        canaries: 0,
        tracked: Tracked::default(),
        position: &mut Position::start(),
    };
    loop {
        let decide = &mut |candidate: &Candidate| {
            order.push((candidate.number, candidate.campaign));
            let reason = "not now".to_string();
            if candidate.campaign == 2 {
                Decision::Claim
            } else {
                Decision::Hold { reason }
            }
        };
        if book
            .ledger
            .send_turn(&[], at(0), |turn| turn.claim_due(&mut claims, decide))
            .unwrap()
            .exhausted
        {
            break;
        }
    }
    assert_eq!(order, [(2, 1), (2, 2), (2, 3), (1, 1), (1, 2), (1, 3)]);
}

#[test]
fn the_red_button_is_read_in_the_claiming_transaction() {
    let mut book = book(1);
    book.ledger
        .set_switch("pause_all", "legal asked", at(0))
        .unwrap();
    let claimed = book.claim(50, at(1));
    assert!(claimed.messages.is_empty());
    assert_eq!(claimed.paused, Some(("legal asked".to_string(), at(0))));
    assert!(book.ledger.clear_switch("pause_all").unwrap());
    assert_eq!(book.claim(50, at(1)).messages.len(), 1);
}

#[test]
fn orphans_are_in_doubt_once_and_never_due_again() {
    let mut book = book(2);
    book.claim(50, at(0));
    assert_eq!(book.ledger.doubt_orphans(at(1)).unwrap(), 2);
    assert_eq!(book.ledger.doubt_orphans(at(1)).unwrap(), 0);
    assert!(book.claim(50, at(100_000)).messages.is_empty());
}

#[test]
fn an_ended_campaign_stays_ended_whatever_comes_late() {
    let mut book = book(2);
    let claimed = book.claim(50, at(0));
    for campaign in [1, 2] {
        let reason = StopReason::ByPerson;
        book.ledger
            .stop_campaign(campaign, reason, "enough", at(1))
            .unwrap();
    }
    let mut messages = claimed.messages.into_iter();
    let results = [
        (messages.next().unwrap(), sent()),
        (messages.next().unwrap(), deferred(at(30))),
    ];
    book.ledger.send_turn(&results, at(2), |_| Ok(())).unwrap();
    assert_eq!(
        book.state(1, "hook"),
        "sent",
        "the truth about a mail is always recorded"
    );
    assert_eq!(
        book.state(2, "hook"),
        "dead",
        "nothing is left to be tried again"
    );
    assert_eq!(book.state(1, "proof"), "skipped");
    let why = book
        .ledger
        .resume_campaign(1, "go", at(3))
        .unwrap_err()
        .to_string();
    assert!(why.contains("only a paused campaign"), "{why}");
    let tx = book.ledger.begin().unwrap();
    let neutral = ResponseType::Neutral;
    transitions::respond(&tx, 1, neutral, None, at(4), "late", at(4)).unwrap();
    assert_eq!(
        transitions::state_of(&tx, 1).unwrap(),
        CampaignState::Stopped
    );
}

/// Whether a mail of the first campaign left or may have, as a command of people's is told.
fn has_left(book: &mut Book) -> bool {
    let standing = book
        .ledger
        .pull_in_one_transaction(|tx| tx.standing(&crate::lead::RecordId::new("rec1")));
    standing.unwrap().unwrap().1.has_left
}

#[test]
fn a_mail_that_was_ever_claimed_ties_the_texts_of_its_campaign() {
    let mut book = book(1);
    assert!(!has_left(&mut book));
    let claimed = book.claim(10, at(0));
    assert!(has_left(&mut book), "it is on its way");
    book.record(claimed, &deferred(at(30)));
    assert!(has_left(&mut book), "it may be known to the server");
    let claimed = book.claim(10, at(30));
    book.record(claimed, &sent());
    assert!(has_left(&mut book));
}

#[test]
fn a_draft_is_neither_dated_nor_sent_and_takes_its_texts_once() {
    let mut book = book(1);
    let asked = book
        .ledger
        .pull_in_one_transaction(|tx| tx.ask_anew(1, at(0)));
    asked.unwrap();
    assert_eq!(book.state(1, "hook"), "drafted");
    assert!(book.claim(10, at(1)).messages.is_empty());
    assert!(book.ledger.itineraries(Some(9), None).unwrap().is_empty());
    let waiting = book.ledger.campaigns_to_rewrite(9, 0, None).unwrap();
    let drafts = waiting[0].drafts.iter().map(|draft| crate::copy::Draft {
        body: "Other".to_string(),
        ..draft.clone()
    });
    let rewritten = [Rewritten {
        campaign: 1,
        rewrites: waiting[0].rewrites,
        company: "Firm".to_string(),
        hold_reason: "asked".to_string(),
        drafts: drafts.collect(),
        writer: "template:y".to_string(),
        quality_score: 90,
        quality_issues: "[]".to_string(),
        tokens: 7,
    }];
    assert_eq!(book.ledger.store_rewritten(&rewritten, at(2)).unwrap(), 1);
    let row = "SELECT state || ' ' || hold_reason || ' ' || rewrites || ' ' || tokens
               FROM campaigns";
    assert_eq!(book.text(row), "review asked 1 7");
    assert_eq!(
        book.ledger.store_rewritten(&rewritten, at(3)).unwrap(),
        0,
        "somebody was faster"
    );
    let texts = "SELECT group_concat(subject || ': ' || body, ', ')
                 FROM messages m JOIN message_texts t ON t.message_id = m.id";
    assert_eq!(book.text(texts), "About hook: Other, About proof: Other");
}

#[test]
fn an_absence_never_replaces_a_persons_hold() {
    let mut book = book(1);
    book.ledger
        .pause_campaign(1, "on the phone", at(0))
        .unwrap();
    let tx = book.ledger.begin().unwrap();
    transitions::pause(&tx, 1, "absence", Some(at(5)), "away", at(1)).unwrap();
    tx.commit().unwrap();
    assert_eq!(book.ledger.resume_due(at(10)).unwrap(), 0);
    assert_eq!(book.text("SELECT paused_by FROM campaigns"), "person");
    assert_eq!(book.state(1, "hook"), "drafted", "its dates are given anew");
}

#[test]
fn the_strongest_clue_decides_which_message_a_mail_is_about() {
    let mut book = book(2);
    let claimed = book.claim(50, at(0));
    book.record(claimed, &sent());
    let key = "c0000000000000001.hook";
    let from = |address: &str, more: &str| {
        format!("From: <{address}>\nSubject: Re: About hook\n{more}\nWe shall see.\n")
    };
    let named = from(
        "lead2@firm.example",
        &format!("In-Reply-To: <{key}@ours.example>\n"),
    );
    let found = book.scan(&named);
    assert_eq!(
        found,
        ("message_id".to_string(), "1".to_string()),
        "not whom it comes from"
    );
    let found = book.scan(&from("lead2@firm.example", ""));
    assert_eq!(found, ("address".to_string(), "2".to_string()));
    let found = book.scan(&from("boss@firm.example", ""));
    assert_eq!(found.0, "company_and_subject");
    let found = book.scan(&from("stranger@else.example", ""));
    assert_eq!(found, ("none".to_string(), "0".to_string()));
}

#[test]
fn a_mail_from_a_lead_we_have_not_written_to_answers_nothing() {
    let mut book = book(1);
    let found = book.scan("From: <lead1@firm.example>\nSubject: Hello\n\nDo you sell ovens?\n");
    assert_eq!(found.0, "none");
    let guessed = "From: <lead1@firm.example>\nSubject: Re: x\n\
                   In-Reply-To: <c0000000000000001.proof@ours.example>\n\nYes.\n";
    assert_eq!(
        book.scan(guessed).0,
        "none",
        "a name nobody can have read proves nothing"
    );
    assert_eq!(book.state(1, "proof"), "scheduled");
}

#[test]
fn a_mail_written_before_ours_is_no_answer_unless_it_names_it() {
    let mut book = book(1);
    let claimed = book.claim(10, at(0));
    book.record(claimed, &sent());
    let mail = |date: &str, more: &str| {
        format!("From: <lead1@firm.example>\nSubject: Hello\n{date}{more}\nDo you sell ovens?\n")
    };
    let old = "Date: Thu, 01 Feb 2024 10:00:00 +0000\n";
    assert_eq!(book.scan(&mail(old, "")).0, "none");
    let named = "In-Reply-To: <c0000000000000001.hook@ours.example>\n";
    assert_eq!(book.scan(&mail(old, named)).0, "message_id");
    // A broken clock says nothing, and a day's difference is a forgotten zone.
    let epoch = "Date: Thu, 01 Jan 1970 00:00:00 +0000\n";
    assert_eq!(book.scan(&mail(epoch, "")).0, "address");
    let the_day_before = "Date: Sun, 01 Mar 2026 20:00:00 +0000\n";
    assert_eq!(book.scan(&mail(the_day_before, "")).0, "address");
    assert_eq!(book.scan(&mail("", "")).0, "address");
}
