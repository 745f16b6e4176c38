//! judge: campaigns from outside, and the labelled set that says what the gate is worth.

use std::collections::{BTreeMap, BTreeSet};

use outreach::copy::quality::CODES;
use serde_json::{Value, json};

use crate::world::{Outcome, World, lead};

/// Campaigns that may go out as they are.
const GOOD: &str = include_str!("../fixtures/copy/good.jsonl");

/// Campaigns that may not, and the codes they must be refused with.
const BAD: &str = include_str!("../fixtures/copy/bad.jsonl");

/// One change to a good campaign each, and the codes it must be found with; none if it stays good,
/// and `pass` if what is found is no reason to refuse it.
const CHANGES: &str = include_str!("../fixtures/copy/changes.jsonl");

/// A campaign with its label.
struct Labelled {
    name: String,
    line: Value,
    passes: bool,
    codes: Vec<String>,
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

fn codes(line: &Value) -> Vec<String> {
    let codes = line["codes"].as_array().into_iter().flatten();
    codes
        .map(|code| code.as_str().unwrap().to_string())
        .collect()
}

fn labelled() -> Vec<Labelled> {
    let good = lines(GOOD);
    let whole = good.iter().cloned().chain(lines(BAD)).map(|line| Labelled {
        name: line["name"].as_str().unwrap().to_string(),
        passes: codes(&line).is_empty(),
        codes: codes(&line),
        line,
    });
    let changed = lines(CHANGES).into_iter().map(|change| {
        let base = good.iter().find(|line| line["name"] == change["base"]);
        let mut line = base.unwrap_or_else(|| panic!("no base: {change}")).clone();
        let messages = line["messages"].as_array_mut().unwrap();
        let message = messages.iter_mut().find(|m| m["step"] == change["step"]);
        let part = &mut message.unwrap()[change["part"].as_str().unwrap()];
        let (from, to) = (
            change["from"].as_str().unwrap(),
            change["to"].as_str().unwrap(),
        );
        let before = part.as_str().unwrap();
        assert!(before.contains(from), "the change does not apply: {change}");
        *part = before.replacen(from, to, 1).into();
        Labelled {
            name: format!("{} {}: {to:.60}", change["base"], change["step"]),
            passes: codes(&change).is_empty() || change["pass"] == true,
            codes: codes(&change),
            line,
        }
    });
    whole.chain(changed).collect()
}

/// Judges campaigns with the built-in brand; one answer each.
fn judged(campaigns: impl Iterator<Item = String>) -> Vec<Value> {
    let world = World::new();
    let text: Vec<String> = campaigns.collect();
    world.write("campaigns.jsonl", text.join("\n"));
    let outcome = world.run(&["judge", "campaigns.jsonl", "--json"]);
    let answers = lines(&outcome.stdout);
    assert_eq!(answers.len(), text.len(), "{}", outcome.stderr);
    answers
}

fn found(answer: &Value) -> BTreeSet<String> {
    let issues = answer["issues"].as_array().unwrap();
    issues
        .iter()
        .map(|issue| issue["code"].as_str().unwrap().to_string())
        .collect()
}

#[test]
fn the_gate_agrees_with_the_labelled_set() {
    let set = labelled();
    let answers = judged(set.iter().map(|labelled| labelled.line.to_string()));
    let (mut n_good, mut n_refused, mut n_bad, mut n_missed) = (0, 0, 0, 0);
    let mut table = String::new();
    let mut seen = BTreeSet::new();
    for (labelled, answer) in set.iter().zip(&answers) {
        let passes = answer["pass"] == true;
        let found = found(answer);
        let named = labelled.codes.iter().all(|code| found.contains(code));
        let agrees = passes == labelled.passes && named;
        if labelled.passes {
            n_good += 1;
            n_refused += usize::from(!passes);
        } else {
            n_bad += 1;
            n_missed += usize::from(passes || !named);
        }
        if agrees {
            seen.extend(labelled.codes.iter().cloned());
        } else {
            let (name, codes) = (&labelled.name, &labelled.codes);
            let (score, issues) = (&answer["score"], &answer["issues"]);
            table.push_str(&format!("{name}\n  {codes:?} {passes} {score} {issues}\n"));
        }
    }
    let n_all = n_good + n_bad;
    println!("{n_good} good, {n_refused} refused; {n_bad} bad, {n_missed} missed\n{table}");
    assert!(
        n_all >= 220 && n_good >= 110,
        "{n_all} campaigns, {n_good} good"
    );
    assert!(
        (n_refused + n_missed) * 100 <= n_all * 3,
        "agreement below 97 %"
    );
    assert!(
        n_refused * 100 <= n_good * 2,
        "more than 2 % of the good ones refused"
    );
    let unseen: Vec<&&str> = CODES.iter().filter(|code| !seen.contains(**code)).collect();
    assert!(unseen.is_empty(), "no campaign shows {unseen:?}");
}

#[test]
fn no_blocker_of_the_labelled_set_is_missed() {
    let set = labelled();
    let answers = judged(set.iter().map(|labelled| labelled.line.to_string()));
    let mut severities: BTreeMap<String, &str> = BTreeMap::new();
    for answer in &answers {
        for issue in answer["issues"].as_array().unwrap() {
            if issue["severity"] == "blocker" {
                severities.insert(issue["code"].as_str().unwrap().to_string(), "blocker");
                assert_eq!(answer["pass"], false, "{answer}");
            }
        }
    }
    for (labelled, answer) in set.iter().zip(&answers).filter(|(set, _)| !set.passes) {
        let blocks = labelled
            .codes
            .iter()
            .any(|code| severities.contains_key(code));
        assert!(
            !blocks || answer["pass"] == false,
            "{}: {answer}",
            labelled.name
        );
    }
}

#[test]
fn the_labelled_set_is_varied() {
    let good = lines(GOOD);
    let text = |line: &Value, column: &str| line["lead"][column].as_str().map(str::to_string);
    let trades: BTreeSet<String> = good
        .iter()
        .filter_map(|l| text(l, "Business_Type"))
        .collect();
    let companies: BTreeSet<String> = good.iter().filter_map(|l| text(l, "Company")).collect();
    assert!(trades.len() >= 30, "{trades:?}");
    assert_eq!(companies.len(), good.len());
    let ninety = judged(good.iter().take(1).map(Value::to_string));
    assert!(
        ninety[0]["score"].as_u64() >= Some(90),
        "the seed's own example: {ninety:?}"
    );
}

fn first_good() -> Value {
    lines(GOOD).swap_remove(0)
}

#[track_caller]
fn check(line: &Value, expected: &str) -> Outcome {
    let world = World::new();
    world.write("one.jsonl", line.to_string());
    let outcome = world.run(&["judge", "one.jsonl", "--json"]);
    let answer = &lines(&outcome.stdout)[0];
    let all: Vec<String> = found(answer).into_iter().collect();
    assert_eq!(all.join(" "), expected, "{answer}");
    outcome
}

#[test]
fn alternative_columns_unknown_keys_and_airtable_records_are_read() {
    let mut line = first_good();
    check(&line, "").exits(0);
    let lead = line["lead"].clone();
    line["lead"] = json!({
        "id": "recX", "Name": lead["Full Name"], "company name": lead["Company"],
        "Company Description": lead["Company_Description"], "Top Services": ["Hotel search"],
        "business_type": "Travel", "Extra": {"a": [1]}, "Replied": true,
        "Engagement_Status": "Sent", "Email": "not an address",
    });
    line["note"] = json!({"unknown": 1});
    check(&line, "").exits(0);
    line["lead"] = json!({"id": "recX", "fields": line["lead"]});
    check(&line, "").exits(0);
    line["lead"] = json!({});
    check(&line, "company_missing invented_number wrong_name").exits(3);
}

#[test]
fn a_line_may_bring_its_own_brand() {
    let mut line = first_good();
    line["lead"]["Business_Type"] = "Furniture".into();
    let claims =
        |line: &mut Value, claims: &[&str]| line["brand"]["approved_claims"] = json!(claims);
    claims(&mut line, &["Cuts booking friction by 25-40%"]);
    check(&line, "").exits(0);
    claims(&mut line, &[]);
    check(&line, "invented_number").exits(3);
    line["brand"] = json!({"sender": "Northwind"});
    check(&line, "wrong_signature").exits(3);
    line["brand"] = json!({"signature": "4Runr Team"});
    check(&line, "").exits(0);
    let body = line["messages"][0]["body"].as_str().unwrap();
    line["messages"][0]["body"] = body
        .replace("Would it", "See ours.example/x. Would it")
        .into();
    check(&line, "foreign_link").exits(3);
    line["brand"] = json!({"own_domains": ["ours.example"]});
    check(&line, "").exits(0);
}

#[test]
fn answers_pair_with_lines_whatever_the_lines_are() {
    let world = World::new();
    let good = first_good().to_string();
    let mut text = format!("{good}\nnot json\n\n{{\"lead\":{{}}}}\n[1]\n{good}\r\n");
    text.push_str(&"x".repeat(4_000_001));
    text.push_str(&format!("\n\u{feff}{good}"));
    world.write("a.jsonl", &text);
    let outcome = world.run(&["judge", "a.jsonl", "--json"]).exits(3);
    let answers = lines(&outcome.stdout);
    let kinds: Vec<bool> = answers.iter().map(|a| a["error"].is_string()).collect();
    assert_eq!(kinds, [false, true, true, true, false, true, false]);
    let errors: Vec<&str> = outcome
        .stderr
        .lines()
        .filter(|l| l.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 4, "{}", outcome.stderr);
    assert!(
        errors[0].starts_with("error: `a.jsonl`, line 2: expected {\"lead\""),
        "{}",
        errors[0]
    );
    assert!(errors[3].contains("line 7"), "{}", errors[3]);
    world.run(&["judge", "nowhere.jsonl"]).exits(2);
}

#[test]
fn many_lines_keep_their_order() {
    let line = first_good();
    let of = |n: usize| {
        let mut line = line.clone();
        if n.is_multiple_of(3) {
            line["messages"].as_array_mut().unwrap().truncate(2);
        }
        line.to_string()
    };
    let answers = judged((0..600).map(of));
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer["pass"], !n.is_multiple_of(3), "{n}: {answer}");
    }
}

#[test]
fn people_get_a_page_per_campaign() {
    let world = World::new();
    let mut line = first_good();
    line["messages"][1]["subject"] = "Re: What wins".into();
    world.write("one.jsonl", line.to_string());
    let text = world.run(&["judge", "one.jsonl"]).exits(3).stdout;
    for part in [
        "one.jsonl, line 1",
        "Johannes Reiter",
        "refused",
        "fake_thread",
        "`re:`",
        "Re:",
    ] {
        assert!(
            text.to_lowercase().contains(&part.to_lowercase()),
            "{part}: {text}"
        );
    }
}

#[test]
fn what_generate_would_store_can_be_judged() {
    let row = lead("Ada Lovelace", "ada@engines.example", "Analytical Engines");
    let world = World::new()
        .env("FROM_EMAIL", "team@sender.example")
        .leads_csv(&[row]);
    world.run(&["pull"]).exits(0);
    let run = world
        .run(&["generate", "--dry-run", "--json"])
        .exits(0)
        .json();
    let campaign = &run["campaigns"][0];
    assert_eq!(campaign["lead"]["Full Name"], "Ada Lovelace");
    assert_eq!(campaign["messages"].as_array().unwrap().len(), 3);
    world.write("own.jsonl", campaign.to_string());
    let answer = world.run(&["judge", "own.jsonl", "--json"]).exits(0).json();
    assert_eq!(answer["score"], campaign["score"]);
    assert_eq!(answer["issues"], campaign["issues"]);
    let stored = world.run(&["generate", "--json"]).exits(0).json();
    assert!(stored.get("campaigns").is_none());
}
