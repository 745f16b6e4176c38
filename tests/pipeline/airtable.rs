//! The Airtable client against a base that keeps to Airtable's rules.

mod columns;
mod shared;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use outreach::airtable::{
    ApiError, Client, Gate, ListSummary, Listing, Pacing, Settings, Shared, Update, UpdateOutcome,
    Which,
};
use outreach::campaign::Sequence;
use outreach::changeset::{Value, WriteField};
use outreach::lead::{RawLead, ReadField, RecordId};
use serde_json::json;

use crate::world::airtable::{
    API_KEY, Airtable, BASE_ID, Call, Fault, HTML, ITERATOR_GONE, QUOTA, RATE_LIMIT,
    RATE_LIMIT_OLD, TABLE,
};

fn settings(airtable: &Airtable) -> Settings {
    Settings {
        url: airtable.url(),
        api_key: API_KEY.into(),
        base_id: BASE_ID.to_string(),
        table: TABLE.to_string(),
        columns: BTreeMap::new(),
        written: WriteField::all(&Sequence::hook_proof_fomo([0, 3, 7], true)),
    }
}

/// As careful as in earnest, only quicker.
fn quick() -> Pacing {
    Pacing {
        rate_limit_wait: Duration::from_millis(20),
        backoff_min: Duration::from_millis(5),
        wait_max: Duration::from_secs(2),
        call_timeout: Duration::from_secs(10),
        tries_max: 4,
    }
}

fn client_with(airtable: &Airtable, change: impl FnOnce(&mut Settings)) -> Client {
    airtable.allow_any_rate();
    let mut settings = settings(airtable);
    change(&mut settings);
    Client::new(settings, None)
        .unwrap()
        .with_pacing(quick())
        .with_gate(Gate::new(None, Duration::ZERO))
}

fn client(airtable: &Airtable) -> Client {
    client_with(airtable, |_| {})
}

/// A base with `n` leads, and their ids in the order they were made.
fn base_of(n: usize) -> (Airtable, Vec<String>) {
    let airtable = Airtable::start();
    let insert = |n: usize| {
        let email = format!("lead{n}@example.com");
        airtable.insert(&[("Full Name", "Ada Lovelace"), ("Email", &email)])
    };
    let ids = (0..n).map(insert).collect();
    (airtable, ids)
}

async fn list(
    client: &Client,
    since: Option<DateTime<Utc>>,
) -> (Result<ListSummary, ApiError>, Vec<RawLead>) {
    list_which(client, since.map_or(Which::All, Which::ChangedSince)).await
}

async fn list_which(
    client: &Client,
    which: Which<'_>,
) -> (Result<ListSummary, ApiError>, Vec<RawLead>) {
    let mut leads = Vec::new();
    let listing = Listing {
        which,
        texts: &[],
        enough: None,
    };
    let summary = client
        .list(&listing, &mut |page| {
            leads.extend(page.into_iter().map(|record| record.lead));
            Ok(())
        })
        .await;
    (summary, leads)
}

const ALL: Listing<'_> = Listing {
    which: Which::All,
    texts: &[],
    enough: None,
};

/// Writes, and says what became of each.
async fn write(client: &Client, updates: &[Update]) -> Result<Vec<UpdateOutcome>, ApiError> {
    let mut outcomes = vec![None; updates.len()];
    client
        .update(updates, &mut |settled| {
            for (index, outcome) in settled {
                assert!(outcomes[index].replace(outcome).is_none(), "told twice");
            }
            Ok(())
        })
        .await?;
    Ok(outcomes.into_iter().map(Option::unwrap).collect())
}

/// Written without an exception.
fn updated() -> UpdateOutcome {
    UpdateOutcome::Updated {
        left_out: BTreeMap::new(),
        kept: BTreeMap::new(),
    }
}

fn cells(cells: &[(&str, Value)]) -> BTreeMap<String, Value> {
    cells
        .iter()
        .map(|(column, value)| (column.to_string(), value.clone()))
        .collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

fn update(id: &str, values: &[(&str, Value)]) -> Update {
    Update {
        record_id: RecordId::new(id),
        cells: cells(values),
        shared: BTreeMap::new(),
    }
}

/// The same with a cell that people share, which may be written over some texts.
fn sharing(mut update: Update, column: &str, value: Value, over: &[&str]) -> Update {
    let over = over.iter().map(|text| text.to_string()).collect();
    update
        .shared
        .insert(column.to_string(), Shared { value, over });
    update
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn answer(status: u16, body: &str) -> Fault {
    Fault::Answer {
        status,
        body: body.to_string(),
    }
}

#[tokio::test]
async fn every_record_of_every_page_is_read() {
    let (airtable, ids) = base_of(250);
    airtable.set(&ids[0], "Replied", json!(true));
    airtable.set(&ids[0], "Engagement_Status", json!("Auto-Send"));
    let client = client(&airtable);
    let (summary, leads) = list(&client, None).await;
    let summary = summary.unwrap();
    // The schema and three pages.
    assert_eq!((summary.records, client.calls()), (250, 4));
    assert_eq!(summary.missing, []);
    let read: BTreeSet<&str> = leads.iter().map(|lead| lead.record_id.as_str()).collect();
    assert_eq!(read, ids.iter().map(String::as_str).collect());
    let first = leads
        .iter()
        .find(|lead| lead.record_id.as_str() == ids[0])
        .unwrap();
    assert_eq!(first.get(ReadField::Replied), "true");
    assert_eq!(first.get(ReadField::FullName), "Ada Lovelace");
    assert_eq!(first.get(ReadField::Email), "lead0@example.com");
    assert_eq!(first.fields.len(), 4, "empty cells have no entry");
}

#[tokio::test]
async fn only_what_changed_since_is_read_with_an_overlap() {
    let (airtable, ids) = base_of(3);
    airtable.set_now(at("2026-03-03T08:00:00.900Z"));
    airtable.set(&ids[1], "City", json!("Berlin"));
    let new = airtable.insert(&[("Email", "new@example.com")]);
    let client = client(&airtable);
    for since in [
        "2026-03-03T08:00:00.950Z",
        "2026-03-03T08:04:59Z",
        "2026-03-02T08:06:00Z",
    ] {
        let (summary, leads) = list(&client, Some(at(since))).await;
        let read: BTreeSet<&str> = leads.iter().map(|lead| lead.record_id.as_str()).collect();
        assert_eq!(read, BTreeSet::from([ids[1].as_str(), &new]), "{since}");
        assert_eq!(summary.unwrap().records, 2);
    }
    let (_, none) = list(&client, Some(at("2026-03-03T09:00:00Z"))).await;
    assert!(none.is_empty());
}

#[tokio::test]
async fn the_rate_is_kept_without_being_told() {
    let (airtable, _) = base_of(550);
    let client = Client::new(settings(&airtable), None).unwrap();
    let started = Instant::now();
    let (summary, leads) = list(&client, None).await;
    assert_eq!((summary.unwrap().records, leads.len()), (550, 550));
    assert_eq!(client.calls(), 7);
    assert!(started.elapsed() >= Duration::from_millis(6 * 250 - 50));
    assert_eq!(airtable.calls(), 7, "no call was refused and repeated");
}

#[tokio::test]
async fn a_pace_above_the_rate_is_slowed_down_and_goes_on() {
    let (airtable, _) = base_of(850);
    let client = Client::new(settings(&airtable), None)
        .unwrap()
        .with_pacing(quick())
        .with_gate(Gate::new(None, Duration::from_millis(1)));
    let (summary, leads) = list(&client, None).await;
    assert_eq!(leads.len(), 850, "{summary:?}");
    assert!(client.calls() > 10, "some were refused");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for fault in [
        answer(429, RATE_LIMIT),
        answer(429, RATE_LIMIT_OLD),
        Fault::AnswerLater {
            status: 429,
            body: RATE_LIMIT.into(),
            retry_after: 0,
        },
        answer(500, "{}"),
        answer(503, r#"{"error":{"type":"RETRIABLE_ERROR"}}"#),
        answer(502, HTML),
        answer(200, HTML),
        Fault::CutJson,
        Fault::HangUpAfter,
    ] {
        let (airtable, _) = base_of(120);
        airtable.fail(Call::List, 2, fault.clone());
        let (summary, leads) = list(&client(&airtable), None).await;
        assert_eq!(leads.len(), 120, "{fault:?}: {summary:?}");
        assert_eq!(airtable.calls_of(Call::List), 4, "{fault:?}");
    }
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_forever() {
    let (airtable, ids) = base_of(1);
    let pacing = Pacing {
        call_timeout: Duration::from_millis(300),
        ..quick()
    };
    let client = client(&airtable).with_pacing(pacing);
    airtable.fail(Call::List, 1, Fault::Silence);
    airtable.fail(Call::Update, 1, Fault::Silence);
    assert_eq!(list(&client, None).await.1.len(), 1);
    let updates = [update(&ids[0], &[("Campaign_ID", text("c1"))])];
    assert_eq!(write(&client, &updates).await.unwrap(), [updated()]);
}

#[tokio::test]
async fn what_does_not_pass_is_given_up_and_named() {
    for (fault, expected) in [
        (answer(429, RATE_LIMIT), "RATE_LIMIT_REACHED"),
        (answer(502, HTML), "502"),
        (Fault::CutJson, "expected whole JSON"),
        (answer(200, HTML), "<h1>502 Bad Gateway</h1>"),
        (Fault::HangUpAfter, "no answer from Airtable at `127.0.0.1`"),
    ] {
        let (airtable, _) = base_of(3);
        airtable.fail(Call::List, 9, fault.clone());
        let error = list(&client(&airtable), None).await.0.unwrap_err();
        assert!(
            matches!(error, ApiError::Unreachable(_)),
            "{fault:?}: {error:?}"
        );
        let error = error.to_string();
        assert!(
            error.contains(expected) && !error.contains('\n'),
            "{fault:?}: {error}"
        );
        assert!(!error.contains("lead0@"), "a lead's data is in: {error}");
        assert_eq!(airtable.calls_of(Call::List), 4, "{fault:?}");
    }
    let airtable = Airtable::start();
    let nobody = client_with(&airtable, |settings| {
        settings.url = "http://127.0.0.1:1/v0".into()
    });
    let error = list(&nobody, None).await.0.unwrap_err();
    assert!(matches!(error, ApiError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_asks_for_too_long_a_wait_is_left_at_once() {
    let (airtable, _) = base_of(1);
    let fault = Fault::AnswerLater {
        status: 503,
        body: "{}".into(),
        retry_after: 3_600,
    };
    airtable.fail(Call::List, 1, fault);
    let error = list(&client(&airtable), None).await.0.unwrap_err();
    assert!(matches!(error, ApiError::Unreachable(_)), "{error}");
    assert_eq!(airtable.calls_of(Call::List), 1);
}

#[tokio::test]
async fn a_used_up_quota_ends_it_at_once() {
    let (airtable, ids) = base_of(1);
    airtable.fail(Call::List, 1, answer(429, QUOTA));
    airtable.fail(Call::Update, 1, answer(429, QUOTA));
    let client = client(&airtable);
    let error = list(&client, None).await.0.unwrap_err();
    assert!(matches!(error, ApiError::QuotaExhausted(_)), "{error}");
    let updates = [update(&ids[0], &[("Campaign_ID", text("c1"))])];
    let error = write(&client, &updates).await;
    assert!(
        matches!(error, Err(ApiError::QuotaExhausted(_))),
        "{error:?}"
    );
    assert_eq!(
        (
            airtable.calls_of(Call::List),
            airtable.calls_of(Call::Update)
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_lost_place_begins_the_list_anew() {
    let (airtable, _) = base_of(250);
    let client = client(&airtable);
    let (mut n_seen, mut n_pages) = (0, 0);
    let summary = client
        .list(&ALL, &mut |page| {
            n_seen += page.len();
            n_pages += 1;
            if n_pages == 2 {
                airtable.expire_lists();
            }
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!((summary.records, n_seen), (250, 450));

    airtable.fail(Call::List, 50, answer(422, ITERATOR_GONE));
    let error = list(&client, None).await.0.unwrap_err();
    assert!(matches!(error, ApiError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_failing_sink_ends_the_list() {
    let (airtable, _) = base_of(250);
    let error = client(&airtable)
        .list(&ALL, &mut |_| anyhow::bail!("disk full"))
        .await
        .unwrap_err();
    assert!(matches!(error, ApiError::Sink(_)), "{error:?}");
    assert_eq!(airtable.calls_of(Call::List), 1);
}

#[tokio::test]
async fn a_refused_token_or_base_names_the_mend_and_never_the_token() {
    type Change = fn(&mut Settings);
    let cases: [(Change, &str, bool); 4] = [
        (
            |s| s.api_key = "patWrong.secret".into(),
            "AIRTABLE_API_KEY",
            true,
        ),
        (|s| s.base_id = "appOther".into(), "AIRTABLE_BASE_ID", true),
        (
            |s| s.table = "Laeds".into(),
            "found no `Laeds` among `Archive`, `Leads`",
            false,
        ),
        (|s| s.url.push_str("/nowhere"), "AIRTABLE_API_URL", false),
    ];
    for (change, expected, is_refused) in cases {
        let (airtable, _) = base_of(1);
        let error = list(&client_with(&airtable, change), None)
            .await
            .0
            .unwrap_err();
        let is_kind = match error {
            ApiError::Refused(_) => is_refused,
            ApiError::Config(_) => !is_refused,
            _ => false,
        };
        let error = error.to_string();
        assert!(is_kind && error.contains(expected), "{expected}: {error}");
        assert!(
            !error.contains("secret") && !error.contains('\n'),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_echoes_the_token_does_not_get_it_into_our_errors() {
    let (airtable, _) = base_of(1);
    let body = format!(
        "<p>\u{7}bad\ntoken Bearer {API_KEY}</p>{}",
        "x".repeat(100_000)
    );
    airtable.fail(Call::List, 1, answer(401, &body));
    let error = list(&client(&airtable), None)
        .await
        .0
        .unwrap_err()
        .to_string();
    assert!(error.contains("bad token Bearer [redacted]"), "{error}");
    assert!(!error.contains(API_KEY) && error.len() < 1_000, "{error}");
}

#[test]
fn settings_that_cannot_work_are_refused_before_any_call() {
    let airtable = Airtable::start();
    for (url, key, expected) in [
        ("not an address", API_KEY, "AIRTABLE_API_URL"),
        ("mailto:a@b.c", API_KEY, "AIRTABLE_API_URL"),
        ("http://127.0.0.1/v0", "pat\nsecret", "AIRTABLE_API_KEY"),
        ("http://127.0.0.1/v0", "", "AIRTABLE_API_KEY"),
    ] {
        let settings = Settings {
            url: url.into(),
            api_key: key.into(),
            ..settings(&airtable)
        };
        let error = format!("{:#}", Client::new(settings, None).err().unwrap());
        assert!(
            error.contains(expected) && !error.contains("secret"),
            "{error}"
        );
    }
}
