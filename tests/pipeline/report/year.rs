//! Every figure of a year's report is counted a second time, by `tests/oracle/report.py`, from the
//! rows of the same ledger: for everybody, for every segment, for pairs of them and for periods.

mod compare;
mod made;
mod words;

use std::collections::BTreeMap;
use std::process::Command;

use outreach::ledger::Ledger;
use outreach::metrics::{Dimension, Filter};
use rusqlite::Connection;
use serde_json::Value as Json;

use compare::first_difference;

use crate::world::{World, lead};

/// After the last answer of the year.
const NOW: &str = "2027-02-01T12:00:00Z";

/// How many campaigns a year has, beside those of the real stages.
const N_CAMPAIGNS: i64 = 4_000;

/// A world whose ledger holds some campaigns that real stages wrote, sent and ended, and a year of
/// others.
fn year(n_campaigns: i64) -> World {
    let world = lived();
    let mut ledger = Connection::open(world.path("campaigns.db")).unwrap();
    ledger.pragma_update(None, "foreign_keys", true).unwrap();
    made::year(&mut ledger, n_campaigns);
    world
}

/// Four leads that went through the stages: one answered after an absence, one said no and a person
/// corrected it, one asked to be left alone, of one the mail came back.
fn lived() -> World {
    let leads = [
        lead("Nora Lind", "nora@lind.example", "Lind Cargo").with("Industry", "Logistics"),
        lead("Owen Hart", "owen@hart.example", "Hart Foods").with("Country", "New Zealand"),
        lead("Petra Voss", "petra@voss.example", "Voss Legal").with("Tone", "Bold"),
        lead("Quinn Ames", "quinn@ames.example", "Ames Media").with("Company_Size", "11-50"),
    ];
    let world = World::new()
        .env("FROM_EMAIL", "ada@ourco.example")
        .env("MIN_GAP_SECONDS", "0")
        .env("GAP_JITTER_SECONDS", "0")
        .leads_csv(&leads);
    world.at("2026-03-02T00:30:00Z").run(&["nightly"]).exits(0);
    for at in ["2026-03-02T15:00:00Z", "2026-03-03T00:00:00Z"] {
        world.at(at).run(&["hourly"]);
    }
    let absent = "Subject: Automatic reply: away\r\nAuto-Submitted: auto-replied";
    mail(
        &world,
        "nora@lind.example",
        absent,
        "I am away until 4 March 2026.",
    );
    let reply = "Subject: Re: hello";
    mail(
        &world,
        "owen@hart.example",
        reply,
        "No thanks, not interested.",
    );
    mail(
        &world,
        "petra@voss.example",
        reply,
        "Please unsubscribe me.",
    );
    world.at("2026-03-03T15:00:00Z").run(&["hourly"]);
    mail(
        &world,
        "nora@lind.example",
        reply,
        "Back again. Yes, I am interested, please call me.",
    );
    world.at("2026-03-03T16:00:00Z").run(&["hourly"]);
    let refusal = "SELECT id FROM inbound WHERE sentiment = 'not_interested'";
    let id = &world.sql(refusal)[0][0];
    let args = ["inbox", "relabel", id, "later"];
    world.at("2026-03-03T17:00:00Z").run(&args).exits(0);
    let ends = "SELECT group_concat(response_type) FROM
                (SELECT response_type FROM campaigns WHERE response_type IS NOT NULL
                 ORDER BY response_type)";
    assert_eq!(world.sql(ends), [["interested,later,unsubscribed"]]);
    world
}

/// A lead's answer to its Hook.
fn mail(world: &World, from: &str, headers: &str, text: &str) {
    let sql = format!(
        "SELECT m.message_id FROM messages m JOIN campaigns c ON c.id = m.campaign_id
         JOIN leads l ON l.id = c.lead_id WHERE m.step = 'hook' AND l.email = '{from}'"
    );
    let id = &world.sql(&sql)[0][0];
    let length = text.len();
    world.drop_mail(format!(
        "From: {from}\r\nTo: ada@ourco.example\r\n{headers}\r\nIn-Reply-To: <{id}>\r\n\
         Date: Tue, 3 Mar 2026 09:00:00 +0000\r\nMessage-ID: <{length}-{from}>\r\n\r\n{text}\r\n"
    ));
}

/// What the second count says of the filters given, or of all it knows how to ask for.
fn counted_again(world: &World, filters: &[&str]) -> Vec<Json> {
    let oracle = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/report.py");
    let output = Command::new("/usr/bin/python3")
        .arg(oracle)
        .arg(world.path("campaigns.db"))
        .args(filters)
        .output()
        .expect("Debian's package python3");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let reports = String::from_utf8(output.stdout).unwrap();
    let reports = reports.lines().map(serde_json::from_str);
    reports.collect::<Result<_, _>>().unwrap()
}

/// What the library says of a filter.
fn counted(ledger: &Ledger, filter: &Json) -> Json {
    let filter: Filter = serde_json::from_value(filter.clone()).unwrap();
    let now = NOW.parse().unwrap();
    let report = ledger.figures(&filter, now, Some(0.05)).unwrap();
    serde_json::to_value(report).unwrap()
}

/// Compares both counts for every filter; the answer is the first of them, the report on everybody.
#[track_caller]
fn agree(world: &World, filters: &[&str]) -> Json {
    let path = world.path("campaigns.db");
    let ledger = Ledger::open_to_read(&path, NOW.parse().unwrap()).unwrap();
    let expected = counted_again(world, filters);
    let mut differences = BTreeMap::new();
    for expected in &expected {
        let filter = &expected["filter"];
        if let Some(difference) = first_difference(expected, &counted(&ledger, filter)) {
            differences.insert(filter.to_string(), difference);
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {} reports differ; {:#?}",
        differences.len(),
        expected.len(),
        differences.iter().take(5).collect::<Vec<_>>()
    );
    expected.into_iter().next().expect("a report on everybody")
}

#[test]
fn every_figure_of_a_year_is_what_a_second_count_says_for_all_segments() {
    let world = year(N_CAMPAIGNS);
    let report = agree(&world, &[]);
    // The year holds what the figures are about, so that agreeing on them means something.
    let tally = report["totals"]["tally"].as_object().unwrap();
    for (name, n) in tally {
        assert!(n.as_u64() > Some(30), "{name}: {n}");
    }
    let weeks = report["cohorts"].as_array().unwrap();
    assert_eq!(weeks.len(), 53, "2026 has so many weeks");
    let industries = report["segments"][0]["rows"].as_array().unwrap();
    assert_eq!(industries.last().unwrap()["value"], "(others)");
    assert_eq!(report["subjects"].as_array().unwrap().len(), 40);
}

/// Filters that a command line can ask for, with the words for them.
#[test]
fn the_command_prints_the_same_figures() {
    let world = year(600).env("BOUNCE_LIMIT_PERCENT", "5");
    let everybody = r#"{"since": null, "until": null, "segments": []}"#;
    check_command(&world, &[], everybody);
    let period = r#"{"since": "2026-02-01", "until": "2026-08-31", "segments": []}"#;
    check_command(
        &world,
        &["--since", "2026-02-01", "--until", "2026-08-31"],
        period,
    );
    let hostile = r#"{"since": null, "until": null, "segments": [["industry", "=1+1"],
                      ["industry", "<B>Bold</b>"], ["confidence", "real"]]}"#;
    let args = ["industry==1+1", "industry=<B>Bold</b>", "confidence=real"];
    let args = args.map(|segment| ["--segment", segment]).concat();
    check_command(&world, &args, hostile);
}

#[track_caller]
fn check_command(world: &World, args: &[&str], filter: &str) {
    let args = [&["report", "--json"], args].concat();
    let printed = world.at(NOW).run(&args).exits(0).json();
    let expected = counted_again(world, &[filter]).remove(0);
    assert_eq!(first_difference(&expected, &printed), None, "{args:?}");
    assert_eq!(printed["bounce_rate_max"], 0.05);
}

#[test]
fn folding_old_requests_into_days_changes_no_figure() {
    let mut world = year(400);
    let n_requests =
        "SELECT (SELECT count(*) FROM engagements), (SELECT count(*) FROM engagement_days)";
    let before = (counted_again(&world, &[]), world.sql(n_requests));
    world.set_env("ANALYTICS_RETENTION_DAYS", "90");
    world.at(NOW).run(&["scan"]).exits(0);
    let number = |row: &[Vec<String>], column: usize| row[0][column].parse::<u64>().unwrap();
    let now = world.sql(n_requests);
    assert!(
        number(&now, 0) < number(&before.1, 0) / 2,
        "folded: {now:?}"
    );
    assert!(number(&now, 1) > number(&before.1, 1), "folded: {now:?}");
    let path = world.path("campaigns.db");
    let ledger = Ledger::open_to_read(&path, NOW.parse().unwrap()).unwrap();
    for expected in &before.0 {
        let found = counted(&ledger, &expected["filter"]);
        assert_eq!(
            first_difference(expected, &found),
            None,
            "{}",
            expected["filter"]
        );
    }
}

/// Breaks one fact that a definition hangs on: the figure named moves as it must, in both counts.
#[track_caller]
fn check_moves(world: &World, sql: &str, path: &str, moves_by: i64) {
    let everybody = r#"{"since": null, "until": null, "segments": []}"#;
    let figure = |report: &Json| report.pointer(path).and_then(Json::as_i64).expect(path);
    let before = figure(&agree(world, &[everybody]));
    let ledger = Connection::open(world.path("campaigns.db")).unwrap();
    assert_eq!(ledger.execute(sql, ()).unwrap(), 1, "{sql}");
    let after = figure(&agree(world, &[everybody]));
    assert_eq!(after - before, moves_by, "{sql}: {before} became {after}");
}

#[test]
fn a_fact_that_changes_moves_the_figure_it_is_the_reason_of() {
    let world = year(300);
    let one = |table: &str, set: &str, wanted: &str| {
        format!("UPDATE {table} SET {set} WHERE id = (SELECT min(id) FROM {table} WHERE {wanted})")
    };
    let tally = |name: &str| format!("/totals/tally/{name}");
    let answer = "response_type = 'interested'";
    let absence = one("campaigns", "response_type = 'auto_reply'", answer);
    check_moves(&world, &absence, &tally("replied"), -1);
    let opt_out = one("campaigns", "response_type = 'unsubscribed'", answer);
    check_moves(&world, &opt_out, &tally("positive"), -1);
    let opt_out = one(
        "campaigns",
        "response_type = 'unsubscribed'",
        "response_type = 'neutral'",
    );
    check_moves(&world, &opt_out, &tally("opt_outs"), 1);
    let sent = "state = 'sent' AND bounced_at IS NULL AND tracked = 3 AND opens > 0";
    let bounce = one("messages", "bounced_at = sent_at + 60", sent);
    check_moves(&world, &bounce, &tally("opened"), -1);
    let doubt = "state = 'in_doubt', sent_at = NULL, state_reason = 'why'";
    check_moves(
        &world,
        &one("messages", doubt, sent),
        &tally("delivered"),
        -1,
    );
    let untold = one("messages", "tracked = 2", sent);
    check_moves(&world, &untold, "/totals/open_rate/of", -1);
    let complaint = one("inbound", "kind = 'complaint'", "kind = 'human_reply'");
    check_moves(&world, &complaint, &tally("complaints"), 1);
    let machine = "SELECT min(id) FROM engagements WHERE machine IS NULL AND kind = 'open'";
    let day = world.sql(&format!(
        "SELECT date(at, 'unixepoch') FROM engagements WHERE id = ({machine})"
    ));
    let days = agree(
        &world,
        &[r#"{"since": null, "until": null, "segments": []}"#],
    );
    let days = days["days"].as_array().unwrap();
    let place = days.iter().position(|row| row["day"] == day[0][0]).unwrap();
    let scanned = format!("UPDATE engagements SET machine = 'scanner' WHERE id = ({machine})");
    check_moves(&world, &scanned, &format!("/days/{place}/opens"), -1);
}

#[test]
fn the_second_count_asks_for_every_dimension_of_campaigns() {
    let world = year(300);
    let asked = counted_again(&world, &[]);
    let dimensions = asked.iter().flat_map(|report| {
        let segments = report["filter"]["segments"].as_array().unwrap().clone();
        segments.into_iter().map(|pair| pair[0].clone())
    });
    let dimensions: std::collections::BTreeSet<Dimension> = dimensions
        .map(|name| serde_json::from_value(name).unwrap())
        .collect();
    let last = *dimensions.last().unwrap();
    assert_eq!((dimensions.len(), last), (9, Dimension::Variant));
}
