use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::lead::{Confidence, EmailAddress, RawLead, ReadField, RecordId};

/// An invented lead, changed as a test wants it.
pub(in crate::copy) fn lead_with(change: impl FnOnce(&mut Lead)) -> Lead {
    let mut lead = Lead {
        record_id: RecordId::new("rec1"),
        email: EmailAddress::parse("ada@ferrousfreight.example").unwrap(),
        full_name: "Ada Wren".into(),
        first_name: "Ada".into(),
        company: "Ferrous Freight Co.".into(),
        company_short: "Ferrous Freight".into(),
        job_title: "Managing Director".into(),
        website: "https://ferrousfreight.example".into(),
        description: "Refrigerated carrier serving dairies with 86 trailers.".into(),
        services: vec![
            "Refrigerated LTL freight".into(),
            "Last-mile pharmacy delivery".into(),
        ],
        insights: String::new(),
        tone: String::new(),
        business_type: "Logistics".into(),
        industry: String::new(),
        company_size: "51-200".into(),
        country: "US".into(),
        city: "Chicago".into(),
        timezone: String::new(),
        language: String::new(),
        confidence: Confidence::Real,
        repairs: Vec::new(),
    };
    change(&mut lead);
    lead
}

/// A good campaign of the labelled set; the set as a whole is judged through the command line.
#[derive(Deserialize)]
struct Labelled {
    name: String,
    lead: BTreeMap<String, String>,
    messages: Vec<Draft>,
    brand: Option<serde_json::Value>,
}

/// The good campaigns that were written under the built-in brand.
fn good() -> Vec<(String, Lead, Vec<Draft>)> {
    let text = include_str!("../../../tests/fixtures/copy/good.jsonl");
    let all = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let field = |column: &str| {
        let mut all = ReadField::ALL.into_iter();
        all.find(|field| field.columns().contains(&column)).unwrap()
    };
    let campaign = |labelled: Labelled| {
        let cells = labelled.lead.into_iter();
        let raw = RawLead {
            record_id: RecordId::new("recA"),
            fields: cells.map(|(column, text)| (field(&column), text)).collect(),
        };
        (labelled.name, lead_as_given(&raw), labelled.messages)
    };
    all.filter(|labelled: &Labelled| labelled.brand.is_none())
        .map(campaign)
        .collect()
}

pub(in crate::copy) fn brand() -> Brand {
    Brand::builtin("4Runr Team")
}

#[test]
fn good_campaigns_of_many_trades_score_ninety_or_more() {
    let all = good();
    assert!(all.len() >= 60);
    for (name, lead, drafts) in all {
        let judged = judge(&lead, &drafts, &brand(), 80);
        assert!(judged.pass && judged.score >= 90, "{name}: {judged:#?}");
    }
}

#[test]
fn a_sentence_is_judged_by_what_it_says_and_not_by_its_words() {
    let lines = include_str!("../../../tests/fixtures/copy/voice.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (_, lead, base) = good().swap_remove(1);
    // The codes, above a minor one, that the campaign is refused with for a further paragraph.
    let found_in = |step: &str, paragraph: &str| -> Vec<&str> {
        let mut drafts = base.clone();
        let draft = drafts.iter_mut().find(|draft| draft.step == step).unwrap();
        let (text, signature) = draft.body.rsplit_once("\n\n").unwrap();
        draft.body = format!("{text}\n\n{paragraph}\n\n{signature}");
        let judged = judge(&lead, &drafts, &brand(), 80);
        let issues = judged.issues.iter();
        let heavy = issues.filter(|issue| issue.severity > Severity::Minor);
        heavy.map(|issue| issue.code).collect()
    };
    let (mut n_good, mut n_bad, mut wrong) = (0, 0, Vec::new());
    for line in lines {
        let [step, code, sentence] = line.splitn(3, '|').collect::<Vec<_>>()[..] else {
            panic!("expected `step|code|sentence`, found `{line}`");
        };
        let found = found_in(step, sentence);
        let agrees = if code.is_empty() {
            n_good += 1;
            found.is_empty()
        } else {
            n_bad += 1;
            found.contains(&code)
        };
        if !agrees {
            wrong.push(format!("{line}: {found:?}"));
        }
    }
    assert!(n_good >= 130 && n_bad >= 190, "{n_good} good, {n_bad} bad");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_stands_below_the_signature_is_read_too() {
    for (below, expected) in [
        (
            "P.S. Act now, there are two places left.",
            "false_deadline pressure",
        ),
        ("PS: the harbour café in Elgin has a good terrace.", ""),
        ("(98 words)", "model_chatter"),
        (
            "I kept the closing soft on purpose. Let me know if you'd like a bolder variant.",
            "model_chatter",
        ),
        ("Feel free to adjust the tone.", "model_chatter"),
        (
            "You can stop these notes at any time by answering with one word.",
            "",
        ),
        ("Registered in England, no longer than a line.", ""),
    ] {
        let (_, lead, mut drafts) = good().swap_remove(1);
        drafts[1].body = format!("{}\n\n{below}", drafts[1].body);
        let judged = judge(&lead, &drafts, &brand(), 80);
        let mut codes: Vec<&str> = judged.issues.iter().map(|issue| issue.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.join(" "), expected, "{below}: {judged:#?}");
    }
}

#[test]
fn a_short_form_of_a_name_is_a_name() {
    for (company, said, refused) in [
        (
            "Act Fast Couriers",
            "How is the day at Act Fast told to customers?",
            false,
        ),
        ("Act Fast Couriers", "So please act fast today.", true),
        (
            "Last Chance Outfitters",
            "What brings half of the guests back to Last Chance?",
            false,
        ),
        ("Last Chance Outfitters", "This is your last chance.", true),
        (
            "Free Trial Partners LLP",
            "Cases at Free Trial begin with a question.",
            false,
        ),
        (
            "Money Back Pawnbrokers Ltd",
            "Counters such as Money Back know their regulars.",
            false,
        ),
        (
            "Don't Wait Plumbing",
            "Callers of Don't Wait are told the hour.",
            false,
        ),
        (
            "The Bargain Barn Company",
            "Shoppers at The Bargain Barn come by habit.",
            false,
        ),
    ] {
        let (_, mut lead, mut drafts) = good().swap_remove(1);
        let short = lead.company_short.clone();
        lead.company = company.to_string();
        lead.company_short = company.to_string();
        for draft in &mut drafts {
            draft.subject = draft.subject.replace(&short, company);
            draft.body = draft.body.replace(&short, company);
        }
        drafts[0].body = drafts[0]
            .body
            .replacen("\n\n", &format!("\n\n{said}\n\n"), 1);
        let judged = judge(&lead, &drafts, &brand(), 80);
        let tone = ["pressure", "false_deadline", "spam_phrase"];
        let found = judged.issues.iter().any(|issue| tone.contains(&issue.code));
        assert_eq!(found, refused, "{said}: {judged:#?}");
    }
}

#[track_caller]
fn check_steps(change: impl FnOnce(&mut Vec<Draft>), steps: &[&str], expected: &str) {
    let (_, lead, mut drafts) = good().swap_remove(1);
    change(&mut drafts);
    let judged = judge_steps(&lead, &drafts, &brand(), 0, steps);
    let codes: Vec<&str> = judged.issues.iter().map(|issue| issue.code).collect();
    assert_eq!(codes.join(" "), expected, "{judged:#?}");
    assert_eq!(judged.pass, expected.is_empty(), "{judged:#?}");
}

#[test]
fn the_steps_asked_for_are_there_once_each() {
    check_steps(|_| {}, &STEPS, "");
    check_steps(|drafts| drafts.reverse(), &STEPS, "");
    check_steps(|drafts| drafts.truncate(2), &STEPS, "missing_step");
    check_steps(|drafts| drafts.truncate(1), &["hook"], "");
    check_steps(
        |drafts| drafts[2].step = "hook".into(),
        &STEPS,
        "duplicate_step missing_step out_of_step",
    );
    check_steps(
        |drafts| drafts[2].step = "ps".into(),
        &["hook", "proof"],
        "unknown_step",
    );
}

#[test]
fn no_drafts_score_nothing() {
    let judged = judge(&lead_with(|_| {}), &[], &brand(), 0);
    assert!(!judged.pass);
    assert_eq!(judged.score, 0);
}

#[test]
fn lengths_are_refused_only_outside_the_wide_limits() {
    let filler = |words: usize| vec!["Steady"; words].join(" ");
    for (words, refused) in [(5, true), (30, false), (185, false), (240, true)] {
        let (_, lead, mut drafts) = good().swap_remove(1);
        drafts[0].body = format!(
            "Hi Ada,\n\nWould you agree? {}.\n\n— 4Runr Team",
            filler(words)
        );
        let judged = judge(&lead, &drafts, &brand(), 80);
        let found = judged
            .issues
            .iter()
            .any(|issue| issue.code == "body_length");
        assert_eq!(found, refused, "{words}: {judged:#?}");
    }
}

#[test]
fn the_brand_allows_links_and_claims_and_forbids_words() {
    let file = "## What we do\nX\n## Allowed links\n- ours.example\n- https://talks.example/x\n\
                ## Allowed claims\n- Trims paperwork by 12%\n## Words to avoid\n- quiet";
    let brand = Brand::parse(file, "4Runr Team").unwrap();
    for (text, expected) in [
        ("See ours.example for more.", ""),
        ("See https://www.ours.example/a?b=c for more.", ""),
        ("See https://blog.ours.example for more.", ""),
        ("See https://talks.example/x/1 for more.", ""),
        ("See https://talks.example/y for more.", "foreign_link"),
        ("See https://notours.example for more.", "foreign_link"),
        (
            "See https://ours.example.evil.example for more.",
            "foreign_link",
        ),
        (
            "See https://ours.example@evil.example for more.",
            "dangerous_link foreign_link",
        ),
        ("Write to sales@elsewhere.example for more.", "foreign_link"),
        ("It trims paperwork by 12% in most cases.", ""),
        (
            "It trims paperwork by 13% in most cases.",
            "invented_number",
        ),
        ("It raises prices by 12% in most cases.", "invented_number"),
        ("It is a QUIET upgrade.", "avoided_words shouting"),
        ("It is a quietly made upgrade.", ""),
    ] {
        let (_, lead, mut drafts) = good().swap_remove(0);
        drafts.truncate(1);
        drafts[0].body = drafts[0]
            .body
            .replace("\n\nWould it", &format!("\n\n{text}\n\nWould it"));
        let judged = judge_steps(&lead, &drafts, &brand, 80, &["hook"]);
        let codes: Vec<&str> = judged.issues.iter().map(|issue| issue.code).collect();
        assert_eq!(codes.join(" "), expected, "{text}: {judged:#?}");
    }
}

#[test]
fn a_judgement_is_written_as_people_read_it() {
    let (_, lead, mut drafts) = good().swap_remove(1);
    drafts[0].subject = "Re: a\u{7} question for Ada".into();
    let judged = judge(&lead, &drafts, &brand(), 80);
    let json = serde_json::to_value(&judged).unwrap();
    assert_eq!(json["pass"], false);
    assert_eq!(json["issues"][0]["code"], "fake_thread");
    assert_eq!(json["issues"][0]["severity"], "blocker");
    assert_eq!(json["issues"][0]["step"], "hook");
    let words = json["issues"][1]["words"].as_str().unwrap();
    assert!(!words.contains('\u{7}'), "{words}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_gate_panic(
        subject in ".{0,60}", body in "(?s).{0,300}", name in ".{0,12}"
    ) {
        let lead = lead_with(|lead| {
            lead.first_name = name.clone();
            lead.company_short = name;
        });
        let drafts = [Draft { step: "hook".into(), subject, body }];
        let judged = judge(&lead, &drafts, &brand(), 80);
        proptest::prop_assert!(!judged.pass);
    }
}
