//! A table as people really keep it, exported, and lived through for two weeks: every row is accounted
//! for, nobody gets a mail who should not, and everybody who does not answer gets three.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};
use outreach::calendar::{Zone, next_business_day};
use outreach::lead::RejectReason;

use crate::world::World;

/// 59 rows: other people's columns, quoted line breaks, a byte-order mark, and dirt of every kind.
const EXPORT: &str = include_str!("../fixtures/leads.csv");

const ROWS: usize = 59;
const ELIGIBLE: usize = 26;

/// A Monday.
fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()
}

fn world() -> World {
    let world = World::new()
        .env("LEADS_FILE", "leads.csv")
        .env("FROM_EMAIL", "team@sender.example");
    world.write("leads.csv", EXPORT);
    world
}

/// A step of a campaign as it was sent: when it was due and left, where the lead is, and to whom.
struct Sent {
    number: u64,
    due_at: DateTime<Utc>,
    sent_at: DateTime<Utc>,
    zone: Zone,
    country: String,
    email: String,
}

impl Sent {
    fn day_there(&self) -> NaiveDate {
        self.zone.local_date(self.sent_at)
    }
}

fn sent(world: &World) -> Vec<Sent> {
    let rows = world.sql(
        "SELECT m.number, m.due_at, m.sent_at, c.zone, c.country, l.email FROM messages m
         JOIN campaigns c ON c.id = m.campaign_id JOIN leads l ON l.id = c.lead_id
         WHERE m.state = 'sent' ORDER BY l.email, m.number",
    );
    let instant = |text: &str| DateTime::from_timestamp(text.parse().unwrap(), 0).unwrap();
    rows.into_iter()
        .map(|row| Sent {
            number: row[0].parse().unwrap(),
            due_at: instant(&row[1]),
            sent_at: instant(&row[2]),
            zone: Zone::parse(&row[3]).unwrap(),
            country: row[4].clone(),
            email: row[5].clone(),
        })
        .collect()
}

/// The instants at which the hourly job runs here: every third hour will do, offices are open longer.
fn ticks() -> impl Iterator<Item = DateTime<Utc>> {
    let start = first_day().and_time(NaiveTime::MIN).and_utc() + Duration::hours(2);
    (0..14 * 8).map(move |tick| start + Duration::hours(3 * tick))
}

fn status_rows(world: &World) -> Vec<BTreeMap<String, String>> {
    let csv = world.read("leads.status.csv");
    let csv = csv.trim_start_matches('\u{feff}').as_bytes();
    csv::Reader::from_reader(csv)
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn every_row_is_accepted_or_rejected_by_one_reason() {
    let world = world();
    let json = world
        .at("2026-03-02T01:00:00Z")
        .run(&["pull", "--json"])
        .exits(0)
        .json();
    let count = |name: &str| json["counts"][name].as_u64().unwrap_or(0) as usize;
    assert_eq!(
        (count("read"), count("accepted"), count("rejected")),
        (ROWS, ELIGIBLE, 33)
    );
    let by_reason = RejectReason::ALL.map(|reason| count(&format!("rejected_{}", reason.code())));
    assert_eq!(by_reason.iter().sum::<usize>(), count("rejected"));
    // All but what only the ledger's own past can be a reason for, or the lack of a record.
    let codes = RejectReason::ALL.map(RejectReason::code);
    let unseen = codes.iter().zip(by_reason).filter(|(_, n)| *n == 0);
    let unseen: Vec<&str> = unseen.map(|(code, _)| *code).collect();
    assert_eq!(unseen, ["suppressed", "campaign_in_progress", "removed"]);
}

#[test]
fn an_export_is_lived_through_for_two_weeks() {
    let world = world();
    let file = world.path("leads.csv");
    let written_at = file.metadata().unwrap().modified().unwrap();
    world.at("2026-03-02T01:00:00Z").run(&["nightly"]).exits(0);
    let drafted = world.sql(
        "SELECT l.verdict, count(*) FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         JOIN leads l ON l.id = c.lead_id GROUP BY 1",
    );
    assert_eq!(
        drafted,
        [["eligible".to_string(), (3 * ELIGIBLE).to_string()]]
    );

    for tick in ticks() {
        world.at(tick.to_rfc3339()).run(&["hourly"]).exits(0);
    }
    check_instants(&sent(&world));
    check_mails(&world);

    let rows = status_rows(&world);
    assert_eq!(rows.len(), ROWS);
    let completed = rows
        .iter()
        .filter(|row| row["Campaign_Status"] == "Completed");
    assert_eq!(completed.count(), ELIGIBLE);
    for row in &rows {
        assert!(!row["Campaign_Notes"].is_empty(), "{row:?}");
        let was_sent = !row["FOMO_Message_Sent_Date"].is_empty();
        assert_eq!(was_sent, row["Campaign_Status"] == "Completed", "{row:?}");
    }
    let gus = rows
        .iter()
        .find(|row| row["Email"] == "gus@blanktrust.example")
        .unwrap();
    assert!(gus["Campaign_Notes"].contains("low_confidence"), "{gus:?}");

    assert_eq!(std::fs::read(&file).unwrap(), EXPORT.as_bytes());
    assert_eq!(file.metadata().unwrap().modified().unwrap(), written_at);
}

/// Three mails each, in order, at the first tick after they were due, on the right day, in the window.
fn check_instants(sent: &[Sent]) {
    assert_eq!(sent.len(), 3 * ELIGIBLE);
    let opens = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
    let closes = NaiveTime::from_hms_opt(17, 0, 0).unwrap();
    for campaign in sent.chunks(3) {
        let [hook, proof, fomo] = campaign else {
            panic!("three steps")
        };
        for (step, number) in campaign.iter().zip(1..) {
            assert_eq!((step.number, &step.email), (number, &hook.email));
            let there = step.zone.local(step.sent_at).time();
            assert!(
                (opens..closes).contains(&there),
                "{} {number}: {there}",
                step.email
            );
            let tick = ticks().find(|tick| *tick >= step.due_at).unwrap();
            assert_eq!(
                step.sent_at, tick,
                "{} {number}, due {}",
                step.email, step.due_at
            );
        }
        let business_day = |day: NaiveDate| next_business_day(&hook.country, day);
        let hook_day = hook.day_there();
        assert!(
            hook_day <= business_day(first_day() + Days::new(1)),
            "{}",
            hook.email
        );
        let proof_day = business_day(hook_day + Days::new(3));
        assert_eq!(proof.day_there(), proof_day, "{}", hook.email);
        let fomo_day = (hook_day + Days::new(7)).max(proof_day + Days::new(4));
        assert_eq!(fomo.day_there(), business_day(fomo_day), "{}", hook.email);
    }
}

/// What lies in the Maildir can be read by any mail program, and is what the ledger says was sent.
fn check_mails(world: &World) {
    let mails = world.maildir_files();
    assert_eq!(mails.len(), 3 * ELIGIBLE);
    let mut ids = BTreeSet::new();
    for mail in &mails {
        let parsed = mail_parser::MessageParser::default()
            .parse(&mail.raw)
            .unwrap();
        let to = parsed
            .to()
            .unwrap()
            .first()
            .unwrap()
            .address()
            .unwrap()
            .to_lowercase();
        let from = parsed.from().unwrap().first().unwrap().address().unwrap();
        assert_eq!(from, "team@sender.example");
        assert!(parsed.date().is_some() && !mail.header("Subject").is_empty());
        let subject = mail.header("Subject").replace('\'', "''");
        let known = world.sql(&format!(
            "SELECT count(*) FROM messages m JOIN campaigns c ON c.id = m.campaign_id
             JOIN leads l ON l.id = c.lead_id
             WHERE l.email = '{to}' AND m.subject = '{subject}' AND m.message_id = '{}'",
            parsed.message_id().unwrap()
        ));
        assert_eq!(known, [["1"]], "{to}: {subject}");
        assert!(ids.insert(parsed.message_id().unwrap().to_string()));
    }
}
