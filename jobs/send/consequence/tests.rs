use outreach::calendar::Zone;
use outreach::campaign::Sequence;
use outreach::config::Sources;
use outreach::delivery::{Reply, judge};
use outreach::plan::StepFact;

use super::*;

/// Monday 2 March 2026, ten in the morning where the lead is.
const MONDAY: &str = "2026-03-02T10:00:00Z";

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

fn terms() -> Terms {
    let settings = [("LEADS_FILE", "x.csv"), ("FROM_EMAIL", "us@ours.example")];
    let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
    let (config, _) = Config::load(&Sources::only(settings)).unwrap();
    Terms::new(&config)
}

fn message(id: i64, tries: u32) -> ClaimedMessage {
    let steps = (1..=3).map(|number| StepFact {
        number,
        state: StepState::Undated,
    });
    ClaimedMessage {
        id,
        attempt: id * 10 + i64::from(tries),
        campaign: id,
        number: 1,
        step: "hook".to_string(),
        email: "ada@engines.example".to_string(),
        subject: "Hello".to_string(),
        body: "Hi".to_string(),
        message_id: "k@ours.example".to_string(),
        outreach_key: "k".to_string(),
        dated_at: at(MONDAY),
        tracked: outreach::tracking::Tracked::default(),
        tries,
        earlier: Vec::new(),
        itinerary: Itinerary {
            campaign: id,
            sequence: Sequence::hook_proof_fomo([0, 3, 7], true),
            zone: Zone::parse("Europe/London").unwrap(),
            country: "GB".to_string(),
            company: None,
            sender: None,
            starts_from: None,
            steps: steps.collect(),
        },
    }
}

fn after(tries: u32, phase: Phase, code: u16, text: &str, now: &str) -> Recorded {
    let delivery = judge(phase, Some(&Reply::new(code, text)), "");
    of(&message(1, tries), delivery, &terms(), at(now))
}

/// `expected` is what becomes of the message; of one that is deferred, the earliest instant.
#[track_caller]
fn check(tries: u32, phase: Phase, code: u16, text: &str, expected: &str) {
    let found = match after(tries, phase, code, text, MONDAY) {
        Recorded::Sent { .. } => "sent".to_string(),
        Recorded::Deferred { until, .. } => until.format("%a %H:%M").to_string(),
        Recorded::Dead { stop, blame, .. } => format!("dead: {} {blame:?}", stop.as_str()),
        Recorded::Parked { .. } => "parked".to_string(),
        Recorded::InDoubt { .. } => "in doubt".to_string(),
    };
    assert!(
        found == expected || is_soon_after(&found, expected),
        "expected {expected}, found {found}: {code} {text}"
    );
}

/// Whether both are instants of one day, the first up to a fifth of the wait later than the second.
fn is_soon_after(found: &str, expected: &str) -> bool {
    let minutes = |text: &str| -> Option<(String, u32)> {
        let (day, clock) = text.split_once(' ')?;
        let (hours, minutes) = clock.split_once(':')?;
        Some((
            day.to_string(),
            hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?,
        ))
    };
    match (minutes(found), minutes(expected)) {
        (Some((day, found)), Some((other, expected))) if day == other => {
            let wait = expected.saturating_sub(600);
            (expected..=expected + wait / 5).contains(&found)
        }
        _ => false,
    }
}

#[test]
fn each_class_of_refusal_has_its_consequence() {
    use Phase::{Auth, Body, MailFrom, RcptTo};
    check(0, Body, 250, "ok", "sent");
    check(
        0,
        RcptTo,
        550,
        "5.1.1 no such user",
        "dead: bounced Recipient",
    );
    check(0, Body, 552, "5.3.4 too big", "dead: undeliverable Message");
    check(0, Body, 554, "Transaction failed", "parked");
    check(0, RcptTo, 550, "We do not like this", "parked");
    // What is about us uses up no try, however often it happens.
    for (phase, code, text) in [
        (RcptTo, 550, "5.7.1 blocked for policy"),
        (RcptTo, 550, "Administrative prohibition"),
        (Auth, 535, "5.7.8 bad password"),
        (Body, 550, "5.4.5 daily user sending limit exceeded"),
        (MailFrom, 421, "4.3.2 shutting down"),
    ] {
        check(0, phase, code, text, "Mon 10:30");
        check(2, phase, code, text, "Mon 11:00");
    }
    // A person's mailbox that stays full is given up on the third try, and nobody is suppressed.
    check(0, RcptTo, 552, "5.2.2 over quota", "Tue 09:00");
    check(
        2,
        RcptTo,
        552,
        "5.2.2 over quota",
        "dead: undeliverable Message",
    );
}

#[test]
fn the_delay_doubles_and_a_named_time_is_kept() {
    let later = |tries, text: &str, expected: &str| {
        check(tries, Phase::RcptTo, 450, text, expected);
    };
    later(0, "4.2.1 busy", "Mon 10:30");
    later(1, "4.2.1 busy", "Mon 11:00");
    later(2, "4.2.1 busy", "dead: undeliverable Message");
    later(0, "4.2.0 greylisted, try again in 300 seconds", "Mon 10:05");
    later(0, "4.2.0 greylisted, try again in 3 hours", "Mon 13:00");
    // The second time our own delay counts too.
    later(1, "4.2.0 greylisted, try again in 300 seconds", "Mon 11:00");
    later(1, "4.2.0 greylisted, try again in 2 hours", "Mon 12:00");
    // Three hours later is after five o'clock there only from two on; then the next day counts.
    later(0, "4.2.0 greylisted, try again in 8 hours", "Tue 09:00");
}

#[test]
fn the_spread_is_the_same_every_time_and_differs_between_messages() {
    let until = |id| {
        let reply = Reply::new(450, "4.2.1 busy");
        let delivery = judge(Phase::RcptTo, Some(&reply), "");
        match of(&message(id, 0), delivery, &terms(), at(MONDAY)) {
            Recorded::Deferred { until, .. } => until,
            other => panic!("{other:?}"),
        }
    };
    let first: Vec<_> = (1..=50).map(until).collect();
    assert_eq!(first, (1..=50).map(until).collect::<Vec<_>>());
    let (least, most) = (first.iter().min().unwrap(), first.iter().max().unwrap());
    assert!(*least >= at("2026-03-02T10:30:00Z"), "{least}");
    assert!(*most <= at("2026-03-02T10:36:00Z"), "{most}");
    assert!(*most - *least >= TimeDelta::minutes(4), "{least} to {most}");
}

#[test]
fn a_mail_that_could_not_leave_for_weeks_is_given_up() {
    let day = |now: &str| match after(0, Phase::MailFrom, 421, "4.3.2 down", now) {
        Recorded::Dead { why, stop, .. } => format!("{}: {why}", stop.as_str()),
        other => format!("{other:?}")
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_string(),
    };
    assert_eq!(day("2026-03-13T10:00:00Z"), "Deferred");
    let given_up = day("2026-03-16T10:00:00Z");
    let expected = "undeliverable: given up, it could not leave for more than 14 days";
    assert!(given_up.starts_with(expected), "{given_up}");
    let delivery = judge(Phase::MailFrom, Some(&Reply::new(421, "4.3.2 down")), "");
    let never = Terms {
        stale_after_days: 0,
        ..terms()
    };
    let late = at("2027-03-16T10:00:00Z");
    let found = of(&message(1, 0), delivery, &never, late);
    assert!(matches!(found, Recorded::Deferred { .. }), "{found:?}");
}

#[test]
fn silence_before_the_body_is_tried_again_and_after_it_never() {
    let cut = |phase| {
        of(
            &message(1, 0),
            judge(phase, None, "cut"),
            &terms(),
            at(MONDAY),
        )
    };
    assert!(matches!(cut(Phase::Data), Recorded::Deferred { .. }));
    assert!(matches!(cut(Phase::Body), Recorded::InDoubt { .. }));
}
