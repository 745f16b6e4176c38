//! What is true of the lead and what is not, class by class, through the whole gate.

use super::super::tests::{brand, lead_with};
use super::super::{Judgement, judge_steps};
use crate::copy::{Brand, Draft};
use crate::lead::Lead;

/// A hook around some sentences that is otherwise without fault.
fn draft(step: &str, text: &str) -> Draft {
    Draft {
        step: step.into(),
        subject: "Where the morning of a carrier goes".into(),
        body: format!(
            "Hi Ada,\n\nThe carriers that dairies stay with are the ones that answer before \
             anybody asks. At Ferrous Freight that is a matter of who sees what, and when. \
             {text}\n\nWould it be useful to compare notes?\n\n— 4Runr Team"
        ),
    }
}

/// The codes of truth that are found, with their words.
fn found(judged: &Judgement) -> String {
    const TRUTH: [&str; 9] = [
        "invented_number",
        "invented_claim",
        "contradiction",
        "pretended_contact",
        "wrong_place",
        "unknown_name",
        "wrong_company",
        "company_missing",
        "company_misspelt",
    ];
    let issues = judged.issues.iter();
    let of_truth = issues.filter(|issue| TRUTH.contains(&issue.code));
    let mut codes: Vec<&str> = of_truth.map(|issue| issue.code).collect();
    codes.dedup();
    codes.join(" ")
}

fn judged(lead: &Lead, brand: &Brand, text: &str) -> Judgement {
    judge_steps(lead, &[draft("hook", text)], brand, 80, &["hook"])
}

/// Judges a sentence under a description of the lead.
#[track_caller]
fn check(description: &str, text: &str, expected: &str) {
    let lead = lead_with(|lead| lead.description = description.into());
    let judged = judged(&lead, &brand(), text);
    assert_eq!(
        found(&judged),
        expected,
        "{description}: {text}: {judged:#?}"
    );
}
