//! Every definition of the header, with the trap it is there for.

pub(crate) mod fixture;
mod segments;
mod wordings;

use super::*;
use crate::inbound::ResponseType;

/// A campaign a line: words about it, then its messages, each behind ` | ` with its step first.
/// Instants are written `02T09` or `02T09:30` for a day of March 2026, a Monday.
fn count(lines: &str, filter: &Filter) -> Report {
    let lines: Vec<&str> = lines
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    let whole = counted(&lines, filter);
    // However the campaigns are divided, the report is the same.
    for cut in 0..=lines.len() {
        let (one, two) = lines.split_at(cut);
        let mut counter = counter(one, filter);
        counter.merge(self::counter(two, filter));
        heard(&mut counter, &lines);
        assert_eq!(counter.report(now(), None).report, whole, "cut at {cut}");
    }
    whole
}

fn counted(lines: &[&str], filter: &Filter) -> Report {
    let mut counter = counter(lines, filter);
    heard(&mut counter, lines);
    counter.report(now(), None).report
}

fn now() -> DateTime<Utc> {
    instant("31T12")
}

fn instant(text: &str) -> DateTime<Utc> {
    let (day, time) = text.split_once('T').unwrap();
    let time = match time.len() {
        2 => format!("{time}:00:00"),
        5 => format!("{time}:00"),
        _ => time.to_string(),
    };
    format!("2026-03-{day}T{time}Z").parse().unwrap()
}

fn words(part: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = part.split_whitespace();
    words.map(|word| word.split_once('=').unwrap_or((word, "")))
}

fn word<'a>(part: &'a str, name: &str) -> Option<&'a str> {
    words(part)
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn counter(lines: &[&str], filter: &Filter) -> Counter {
    let mut counter = Counter::new(filter).unwrap();
    for line in lines {
        let mut parts = line.split(" | ");
        let about = parts.next().unwrap();
        let lead: i64 = about.split_whitespace().next().unwrap().parse().unwrap();
        let messages: Vec<Message> = parts
            .zip(1..)
            .map(|(part, number)| message(&mut counter, lead, number, part))
            .collect();
        let spaced = |name| word(about, name).unwrap_or("").replace('_', " ");
        let industry = spaced("industry");
        let (tone, writer) = (spaced("tone"), spaced("writer"));
        let campaign = Campaign {
            lead: word(about, "lead").map_or(lead, |lead| lead.parse().unwrap()),
            state: word(about, "state").unwrap_or("active"),
            zone: word(about, "zone").unwrap_or("UTC"),
            response: word(about, "response").map(|word| ResponseType::parse(word).unwrap()),
            response_at: word(about, "at").map(instant),
            responding_step: word(about, "to"),
            traits: Traits {
                industry: &industry,
                seniority: word(about, "seniority").unwrap_or("unknown"),
                country: word(about, "country").unwrap_or(""),
                tone: &tone,
                writer: &writer,
                ..Traits::default()
            },
        };
        counter.add(&campaign, &messages);
    }
    counter
}

fn message(counter: &mut Counter, lead: i64, number: u32, part: &str) -> Message {
    let (label, _) = words(part).next().unwrap();
    let n = |name| word(part, name).map_or(0, |n| n.parse().unwrap());
    let key = |name| word(part, name).map(|key| key.parse().unwrap());
    let fate = match word(part, "sent") {
        Some(at) => Fate::Sent {
            at: instant(at),
            has_bounced: word(part, "bounced").is_some(),
        },
        None if word(part, "doubt").is_some() => Fate::InDoubt,
        None => Fate::Unsent,
    };
    let tracks = word(part, "tracks").unwrap_or("");
    Message {
        id: lead * 10 + i64::from(number),
        step: counter.step(number, label),
        fate,
        tracks_opens: tracks.contains('o'),
        tracks_clicks: tracks.contains('c'),
        opens: n("opens"),
        clicks: n("clicks"),
        machine_opens: n("machine_opens"),
        machine_clicks: n("machine_clicks"),
        is_complained_about: word(part, "complaint").is_some(),
        subject_key: key("subject"),
        opening_key: key("opening"),
    }
}

/// Opens and clicks happen the day after the mail was sent.
fn heard(counter: &mut Counter, lines: &[&str]) {
    for line in lines {
        let lead: i64 = line.split_whitespace().next().unwrap().parse().unwrap();
        for (part, number) in line.split(" | ").skip(1).zip(1..) {
            let Some(sent) = word(part, "sent") else {
                continue;
            };
            let day = instant(sent).date_naive().succ_opt().unwrap();
            for (name, deed) in [("opens", Deed::Open), ("clicks", Deed::Click)] {
                let n = word(part, name).map_or(0, |n| n.parse().unwrap());
                counter.heard(lead * 10 + number, day, deed, n);
            }
        }
    }
}

/// The counts that are not 0, in the order of the type.
fn tally(tally: &Tally) -> String {
    let value = serde_json::to_value(tally).unwrap();
    let name = [
        "reached",
        "sent",
        "delivered",
        "bounced",
        "in_doubt",
        "open_tracked",
        "opened",
        "click_tracked",
        "clicked",
        "machine_opens",
        "machine_clicks",
        "replied",
        "positive",
        "negative",
        "opt_outs",
        "complaints",
    ];
    let all = name
        .iter()
        .map(|name| (name, value[name].as_u64().unwrap()));
    let some = all
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| format!("{name} {n}"));
    some.collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(lines: &str, expected: &str) {
    let report = count(lines, &Filter::default());
    assert_eq!(tally(&report.totals.tally), expected, "{lines}");
}

#[test]
fn a_message_counts_for_what_became_of_it() {
    check("1 | hook", "");
    check("1 | hook doubt", "");
    check("1 | hook sent=02T09", "reached 1, sent 1, delivered 1");
    check("1 | hook sent=02T09 bounced", "sent 1, bounced 1");
    check(
        "1 | hook sent=02T09 | proof doubt | fomo",
        "reached 1, sent 1, delivered 1, in_doubt 1",
    );
    check(
        "1 | hook sent=02T09 bounced | proof sent=05T09",
        "reached 1, sent 2, delivered 1, bounced 1",
    );
    check(
        "1 | hook sent=02T09 complaint | proof sent=05T09 complaint",
        "reached 1, sent 2, delivered 2, complaints 2",
    );
}

#[test]
fn opens_are_of_delivered_messages_and_by_people() {
    check(
        "1 | hook sent=02T09 tracks=o opens=3 | proof sent=05T09 tracks=oc clicks=2",
        "reached 1, sent 2, delivered 2, open_tracked 2, opened 1, click_tracked 1, clicked 1",
    );
    check(
        "1 | hook sent=02T09 tracks=oc machine_opens=4 machine_clicks=5",
        "reached 1, sent 1, delivered 1, open_tracked 1, click_tracked 1, machine_opens 4, \
         machine_clicks 5",
    );
    check(
        "1 | hook sent=02T09 bounced tracks=oc opens=1 clicks=1 machine_opens=4",
        "sent 1, bounced 1",
    );
}

#[test]
fn only_a_persons_answer_is_a_reply() {
    #[track_caller]
    fn answered(response: &str, expected: &str) {
        let line = format!("1 response={response} at=03T09 to=hook | hook sent=02T09");
        let report = count(&line, &Filter::default());
        let expected_all = ["reached 1, sent 1, delivered 1", expected].join("");
        assert_eq!(tally(&report.totals.tally), expected_all, "{response}");
        let of_step = tally(&report.steps[0].figures.tally);
        assert_eq!(
            of_step,
            expected_all.replace("reached 1, ", ""),
            "{response}"
        );
        let has_time = expected.contains("replied");
        assert_eq!(
            report.totals.time_to_reply.is_some(),
            has_time,
            "{response}"
        );
    }
    answered("interested", ", replied 1, positive 1");
    answered("referral", ", replied 1, positive 1");
    answered("later", ", replied 1");
    answered("neutral", ", replied 1");
    answered("not_interested", ", replied 1, negative 1");
    answered("unsubscribed", ", opt_outs 1");
    answered("auto_reply", "");
    answered("bounced", "");
}

#[test]
fn an_answer_is_credited_to_the_message_it_answers() {
    let report = count(
        "1 response=interested at=09T10 to=proof | hook sent=02T09 | proof sent=09T09
         2 response=neutral at=04T09 to=hook | hook sent=02T09 | proof
         3 response=neutral at=04T09 | hook sent=02T09
         4 response=later at=01T09 to=hook | hook sent=02T09
         5 response=interested at=05T09 to=fomo | hook sent=02T09 | proof | fomo doubt",
        &Filter::default(),
    );
    assert_eq!(report.totals.tally.replied, 5);
    // Answered before it was sent: clocks differ, and no time is below zero.
    let spread = report.totals.time_to_reply.unwrap();
    let spread = (spread.n, spread.median_seconds, spread.p90_seconds);
    assert_eq!(spread, (3, 3_600, 2 * 86_400));
    let funnel: Vec<String> = report
        .funnel
        .iter()
        .map(|row| {
            let share = row
                .share_added
                .map_or(String::new(), |s| format!(" of {}", s.of));
            format!(
                "{} {} {}+{}{share}",
                row.stage, row.n, row.of_first.of, row.replies_added
            )
        })
        .collect();
    assert_eq!(
        funnel,
        [
            "hook 5 5+2 of 5",
            "proof 1 5+1 of 5",
            "fomo 0 5+0 of 5",
            "response 5 5+0",
            "positive 2 5+0"
        ]
    );
    let rates: Vec<_> = report
        .steps
        .iter()
        .map(|row| {
            (
                row.number,
                row.figures.reply_rate.n,
                row.figures.reply_rate.of,
            )
        })
        .collect();
    assert_eq!(rates, [(1, 2, 5), (2, 1, 1), (3, 0, 0)]);
    assert_eq!(report.totals.reply_rate, Rate::new(5, 5));
}

#[test]
fn shares_of_people_divide_by_those_reached_and_shares_of_mails_by_those_delivered() {
    let report = count(
        "1 response=unsubscribed at=03T09 to=hook | hook sent=02T09 | proof sent=02T10
         2 response=interested at=03T09 to=hook | hook sent=02T09 tracks=o opens=1 \
           | proof sent=02T10 bounced
         3 | hook sent=02T09 bounced",
        &Filter::default(),
    );
    let totals = report.totals;
    assert_eq!(totals.reply_rate, Rate::new(1, 2));
    assert_eq!(totals.opt_out_rate, Rate::new(1, 2));
    assert_eq!(totals.bounce_rate, Rate::new(2, 5));
    assert_eq!(totals.open_rate, Rate::new(1, 1));
    assert_eq!(totals.click_rate.share, None);
    let monday = &report.segments[9].rows[0];
    assert_eq!(
        (monday.value.as_str(), report.segments[9].dimension),
        ("Mon", Dimension::Weekday)
    );
    assert_eq!(monday.figures.reply_rate, Rate::new(1, 3));
    assert_eq!(monday.figures.tally.reached, 0);
    let slots: Vec<_> = report
        .slots
        .iter()
        .map(|s| (s.weekday, s.hour, s.delivered))
        .collect();
    assert_eq!(slots, [(1, 9, 2), (1, 10, 1)]);
}

/// The first and the last day of a period of March 2026.
fn period(since: Option<u32>, until: Option<u32>) -> Filter {
    let day = |day: u32| NaiveDate::from_ymd_opt(2026, 3, day);
    Filter {
        since: since.and_then(day),
        until: until.and_then(day),
        ..Filter::default()
    }
}

#[test]
fn a_period_is_of_first_mails_and_holds_all_that_became_of_them() {
    let lines =
        "1 state=responded response=later at=20T09 to=proof | hook sent=02T23:59:59 | proof \
                   sent=09T09
                 2 | hook sent=03T00:00:00
                 3 | hook sent=04T23:59:59
                 4 | hook sent=05T00:00:00
                 5 | hook
                 6 state=paused | hook doubt | proof sent=03T12";
    #[track_caller]
    fn check(lines: &str, filter: &Filter, sent: u64, replied: u64, states: &str) {
        let report = count(lines, filter);
        let tally = report.totals.tally;
        assert_eq!((tally.sent, tally.replied), (sent, replied), "{filter:?}");
        let rows = report
            .states
            .iter()
            .map(|row| format!("{} {}", row.state, row.n));
        assert_eq!(rows.collect::<Vec<_>>().join(", "), states, "{filter:?}");
    }
    check(
        lines,
        &period(None, None),
        6,
        1,
        "active 4, paused 1, responded 1",
    );
    check(lines, &period(Some(3), Some(4)), 3, 0, "active 2, paused 1");
    check(lines, &period(Some(2), Some(2)), 2, 1, "responded 1");
    check(
        lines,
        &period(None, Some(4)),
        5,
        1,
        "active 2, paused 1, responded 1",
    );
    check(lines, &period(Some(5), None), 1, 0, "active 1");
    check(lines, &period(Some(6), Some(1)), 0, 0, "");
}

#[test]
fn things_happen_on_their_own_day() {
    let report = count(
        "1 response=interested at=09T23:59:59 to=hook | hook sent=02T09 opens=2 clicks=1
         2 response=unsubscribed at=10T00:00:00 to=hook | hook sent=02T23:59:59 bounced opens=7
         3 response=auto_reply at=11T09 to=hook | hook sent=03T00:00:00
         4 response=neutral | hook sent=03T01",
        &Filter::default(),
    );
    let days: Vec<String> = report
        .days
        .iter()
        .map(|d| {
            let counts = [
                d.sent, d.bounced, d.replied, d.positive, d.opt_outs, d.opens, d.clicks,
            ];
            format!("{} {counts:?}", d.day.format("%d"))
        })
        .collect();
    assert_eq!(
        days,
        [
            "02 [2, 1, 0, 0, 0, 0, 0]",
            "03 [2, 0, 0, 0, 0, 2, 1]",
            "09 [0, 0, 1, 1, 0, 0, 0]",
            "10 [0, 0, 0, 0, 1, 0, 0]",
        ]
    );
}

#[test]
fn cohorts_are_iso_weeks_of_the_first_mail() {
    let report = count(
        "1 | hook sent=01T23:59 | proof sent=09T09
         2 | hook sent=02T00:00 | proof sent=03T09
         3 | hook sent=08T09",
        &Filter::default(),
    );
    let rows = report.cohorts.iter();
    let rows: Vec<_> = rows
        .map(|row| (row.week.as_str(), row.figures.tally.sent))
        .collect();
    assert_eq!(rows, [("2026-W09", 2), ("2026-W10", 3)]);
}
