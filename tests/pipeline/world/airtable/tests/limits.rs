//! How many calls there may be, and how they fail.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{Asked, kind, patch};
use crate::world::airtable::{Airtable, BASE_ID, Call, Chance, Fault, ITERATOR_GONE, TABLE};

#[tokio::test]
async fn the_sixth_call_of_a_second_is_refused_and_so_are_those_after_it() {
    let mut asked = Asked::new();
    asked.airtable = Airtable::start();
    let started = Instant::now();
    for n in 1..=5 {
        assert_eq!(asked.list(&[]).await.0, 200, "{n}");
    }
    let (status, told) = asked.list(&[]).await;
    assert_eq!((status, kind(&told)), (429, "RATE_LIMIT_REACHED"));
    assert!(asked.airtable.largest_burst() >= 6);
    // It lasts no longer for being asked again and again.
    let mut n_refused = 1;
    while asked.list(&[]).await.0 == 429 {
        n_refused += 1;
        assert!(started.elapsed() < Duration::from_secs(20), "never let in");
    }
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(asked.airtable.rate_refusals(), n_refused);
    assert_eq!(asked.airtable.calls(), 6 + n_refused);
}

#[tokio::test]
async fn a_longer_penalty_holds_when_the_second_is_over() {
    let mut asked = Asked::new();
    asked.airtable = Airtable::start();
    asked.airtable.set_penalty(Duration::from_secs(3_600));
    while asked.list(&[]).await.0 == 200 {}
    let refused_at = Instant::now();
    while refused_at.elapsed() < Duration::from_millis(1_100) {
        assert_eq!(asked.list(&[]).await.0, 429);
    }
}

#[tokio::test]
async fn a_month_ends_for_data_and_not_for_the_schema() {
    let asked = Asked::new();
    let id = asked.airtable.insert(&[]);
    asked.airtable.set_quota(2);
    asked.schema_of("City").await;
    assert_eq!(asked.list(&[]).await.0, 200);
    let expected = (429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED");
    let (status, told) = asked.list(&[]).await;
    assert_eq!((status, kind(&told)), expected);
    let (status, told) = asked.update(patch(&id, "City", json!("Ulm"))).await;
    assert_eq!((status, kind(&told)), expected);
    assert_eq!(asked.airtable.field(&id, "City"), None);
    assert_eq!(asked.schema_of("City").await["type"], "singleLineText");
    asked.airtable.lift_quota();
    assert_eq!(asked.list(&[]).await.0, 200);
}

#[tokio::test]
async fn a_fault_says_whether_the_write_was_done() {
    for (fault, is_done, status) in [
        (Fault::ResetBefore, false, None),
        (Fault::HangUpAfter, true, None),
        (Fault::HtmlAfter, true, Some(502)),
        (Fault::CutJson, true, Some(200)),
    ] {
        let asked = Asked::new();
        let id = asked.airtable.insert(&[]);
        asked.airtable.fail(Call::Update, 1, fault.clone());
        let told = asked.try_update(patch(&id, "City", json!("Ulm"))).await;
        let told = told.ok();
        assert_eq!(
            told.as_ref().map(|(status, _)| *status),
            status,
            "{fault:?}"
        );
        // None of them says it in JSON.
        assert!(told.is_none_or(|(_, told)| told.is_null()), "{fault:?}");
        let is_there = asked.airtable.field(&id, "City").is_some();
        assert_eq!(is_there, is_done, "{fault:?}");
    }
}

/// What became of each of many calls.
async fn fates(seed: u64, per_mille: u64) -> Vec<String> {
    let asked = Asked::new();
    asked.airtable.insert_many(20, |_| vec![]);
    asked.airtable.fail_randomly(seed, per_mille);
    let path = format!("{BASE_ID}/{TABLE}");
    let mut fates = Vec::new();
    for _ in 0..300 {
        let told = asked.try_call(Method::GET, &path, &[], None).await;
        fates.push(match told {
            Ok((status, told)) => format!("{status} {}{}", kind(&told), told.is_null()),
            Err(_) => "lost".to_string(),
        });
    }
    let n_failed = fates.iter().filter(|fate| *fate != "200 false").count();
    assert_eq!(asked.airtable.faults_seen(), n_failed as u64);
    fates
}

#[tokio::test]
async fn one_seed_always_makes_the_same_faults() {
    let half = fates(7, 500).await;
    assert_eq!(fates(7, 500).await, half);
    assert_ne!(fates(8, 500).await, half);
    for fate in [
        "lost",
        "200 false",
        "200 true",
        "429 RATE_LIMIT_REACHEDfalse",
        "500 false",
        "502 true",
        "503 RETRIABLE_ERRORfalse",
    ] {
        assert!(half.iter().any(|found| found == fate), "{fate}: {half:?}");
    }
    let n_good = half.iter().filter(|fate| *fate == "200 false").count();
    assert!((100..200).contains(&n_good), "{n_good} of 300");
    assert!(fates(7, 0).await.iter().all(|fate| fate == "200 false"));
}

#[test]
fn chance_knows_every_way_that_passes() {
    let all = |is_further_page: bool| -> BTreeSet<String> {
        let mut chance = Chance::new(3, 1_000);
        let faults = (0..500).map(|_| chance.fault(Call::List, is_further_page).unwrap());
        faults.map(|fault| format!("{fault:?}")).collect()
    };
    let (first, further) = (all(false), all(true));
    let only_further: Vec<&String> = further.difference(&first).collect();
    assert!(only_further.len() == 1 && only_further[0].contains(&format!("{ITERATOR_GONE:?}")));
    // Both shapes of the 429, and the 503, come without a wait and with one of 0 or 1 seconds.
    for (wanted, n) in [
        ("status: 429", 6),
        ("retry_after: 1", 3),
        ("status: 503", 3),
    ] {
        let found = first.iter().filter(|fault| fault.contains(wanted));
        assert_eq!(found.count(), n, "{wanted}: {first:?}");
    }
    for lost in ["HangUpAfter", "CutJson", "HtmlAfter", "ResetBefore"] {
        assert!(first.contains(lost), "{lost}: {first:?}");
    }
}
