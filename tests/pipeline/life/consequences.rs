//! Whom an answer, an absence and a person's pause concern, and whom they do not.

use super::*;
use crate::world::Hold;

const NORA: &str = "nora@lindfreight.example";
const MONDAY: &str = "Mon, 3 Mar 2025 11:00:00 +0000";
const NOON: &str = "2025-03-03T12:00:00Z";

#[test]
fn an_answer_holds_the_company_and_nobody_who_shares_a_mail_provider() {
    let life = Life::plain();
    let colleague = "owen@lindfreight.example";
    let (home, stranger) = ("rosa.dale@gmail.com", "sam.birch@gmail.com");
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.lead("Owen Hart", colleague, "Lind Freight International");
    life.lead("Rosa Dale", home, "Dale Transport");
    life.lead("Sam Birch", stranger, "Birch Lines");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    assert_eq!(life.sent().len(), 4);
    let text = "Yes, that is interesting. Please call me on Thursday.";
    for to in [NORA, home] {
        life.receive(&reply(&life.mail(to, "hook"), to, MONDAY, text));
    }
    life.ok(NOON, &["hourly"]);
    let states = [NORA, colleague, home, stranger].map(|to| life.world.campaign_state(to));
    assert_eq!(states, ["responded", "paused", "responded", "active"]);
    let flagged = "SELECT group_concat(follow_up, '; ') FROM inbound";
    assert_eq!(life.row(flagged), "answer: interested; answer: interested");
    let at = "SELECT datetime(response_at, 'unixepoch') FROM campaigns WHERE state = 'responded'";
    assert_eq!(life.row(at), "2025-03-03 11:00:00", "when it was written");
}

#[test]
fn a_persons_pause_survives_an_absence_and_its_end() {
    let life = Life::plain();
    let record = life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    let id = life.cell(&record, "Campaign_ID");
    life.ok("2025-03-03T10:30:00Z", &["campaign", "pause", &id]);
    let away = "I'm away and will be back on Wednesday, March 5, 2025.";
    life.receive(&absence(&life.mail(NORA, "hook"), MONDAY, away));
    life.ok(NOON, &["hourly"]);
    let held = "SELECT state || ' ' || paused_by FROM campaigns";
    assert_eq!(life.row(held), "paused person");
    for night in ["2025-03-06T02:00:00Z", "2025-03-10T02:00:00Z"] {
        life.ok(night, &["nightly"]);
    }
    life.ok(FOMO, &["hourly"]);
    assert_eq!(life.row(held), "paused person");
    assert_eq!(life.steps_to(NORA), ["hook"]);
}

#[test]
fn backscatter_and_mail_of_strangers_are_counted_and_change_nothing() {
    let life = Life::plain();
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    let of_nobody = Sent {
        to: "nobody@else.example".to_string(),
        step: "hook".to_string(),
        raw: "Message-ID: <1@else.example>\r\nX-Outreach-Key: none\r\n\r\n".to_string(),
    };
    life.receive(&bounce(&of_nobody, MONDAY));
    life.receive(&reply(
        &of_nobody,
        "eve@else.example",
        MONDAY,
        "Yes, call me.",
    ));
    let hourly = life.ok(NOON, &["hourly", "--json"]).json();
    assert_eq!(hourly["stages"][0]["counts"]["unmatched"], 2, "{hourly}");
    assert_eq!(life.world.campaign_state(NORA), "active");
    assert_eq!(life.row("SELECT count(*) FROM suppressions"), "0");
}

#[test]
fn a_complaint_is_said_aloud_and_holds_the_sender() {
    let life = Life::plain();
    life.lead("Nora Lind", NORA, "Lind Freight");
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    let hook = life.mail(NORA, "hook");
    let id = header(&hook.raw, "Message-ID");
    life.receive(&format!(
        "From: <fbl@mx.example>\nTo: <{FROM}>\nSubject: Complaint\nDate: {MONDAY}\n\
         Message-ID: <fbl1@mx.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"f\"\n\n\
         --f\nContent-Type: text/plain\n\nA complaint.\n\n\
         --f\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\
         User-Agent: X/1\n\n--f\nContent-Type: message/rfc822\n\nFrom: <{FROM}>\nTo: <{NORA}>\n\
         Subject: x\nMessage-ID: {id}\n\nHi\n\n--f--\n"
    ));
    let scan = life.run(NOON, &["scan", "--json"]).exits(3).json();
    let errors = scan["errors"].as_array().unwrap();
    let says = |words: &str| errors.iter().any(|e| e.as_str().unwrap().contains(words));
    assert!(
        says("reported a mail of") && says("sends nothing until"),
        "{scan}"
    );
    let row = "SELECT state || ' ' || stop_reason FROM campaigns";
    assert_eq!(life.row(row), "stopped complained");
    let list = "SELECT value || ' ' || reason FROM suppressions";
    assert_eq!(life.row(list), format!("{NORA} complained"));
}

/// Five leads whose Hooks came to very different ends.
fn with_much_post() -> Life {
    let life = Life::plain();
    let people = [
        ("Nora Lind", NORA, "Lind Freight"),
        ("Owen Hart", "owen@hartlogistics.example", "Hart Logistics"),
        ("Petra Voss", "petra@vosscargo.example", "Voss Cargo"),
        ("Quinn Ames", "quinn@amesfood.example", "Ames Food"),
        ("Rosa Dale", "rosa@daletransport.example", "Dale Transport"),
    ];
    for (name, email, company) in people {
        life.lead(name, email, company);
    }
    life.ok(NIGHT, &["nightly"]);
    life.ok(HOOK, &["hourly"]);
    let hook = |n: usize| life.mail(people[n].1, "hook");
    let full = "Action: failed\nStatus: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 full";
    life.receive(&report(&hook(0), MONDAY, full));
    life.receive(&reply(
        &hook(1),
        people[1].1,
        MONDAY,
        "Yes, please call me.",
    ));
    life.receive(&reply(
        &hook(2),
        people[2].1,
        MONDAY,
        "Please take me off your list.",
    ));
    life.receive(&bounce(&hook(3), MONDAY));
    life.receive(&absence(
        &hook(4),
        MONDAY,
        "I am away until March 12, 2025.",
    ));
    life
}

#[test]
fn a_scan_killed_anywhere_counts_every_mail_once_and_does_everything_once() {
    let calm = with_much_post();
    calm.ok(NOON, &["scan"]);
    let disturbed = with_much_post();
    let hold = Hold::new(&disturbed.world);
    let n_killed = hold.kills_all_over(NOON, &["scan"], 1);
    drop(hold);
    assert!(n_killed >= 10, "{n_killed} scans were killed");
    disturbed.ok(NOON, &["scan"]);
    for table in ["inbound", "suppressions", "messages", "campaigns"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(calm.row(&count), disturbed.row(&count), "{table}");
    }
    let tries = "SELECT count(*) FROM events WHERE kind = 'came_back'";
    assert_eq!(disturbed.row(tries), "1");
    let told = "SELECT kind || ' ' || count(*) FROM events
                WHERE kind IN ('responded', 'stopped', 'paused', 'suppressed', 'came_back')
                GROUP BY kind ORDER BY kind";
    assert_eq!(calm.world.sql(told), disturbed.world.sql(told));
}
