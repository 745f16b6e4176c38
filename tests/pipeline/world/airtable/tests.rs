//! The base itself, asked as any client asks it.

mod fields;
mod formulas;
mod limits;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::{API_KEY, Airtable, BASE_ID, Call, Fault, TABLE};

/// A base, and somebody who asks it over as few connections as she can.
struct Asked {
    airtable: Airtable,
    client: reqwest::Client,
}

/// A status and its JSON; nothing where the answer is no JSON.
type Told = (u16, Json);

impl Asked {
    fn new() -> Asked {
        let airtable = Airtable::start();
        airtable.allow_any_rate();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Asked { airtable, client }
    }

    async fn try_call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Json>,
    ) -> reqwest::Result<Told> {
        let mut url = reqwest::Url::parse(&format!("{}/{path}", self.airtable.url())).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        let mut request = self.client.request(method, url).bearer_auth(API_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let body = answer.text().await?;
        Ok((status, serde_json::from_str(&body).unwrap_or_default()))
    }

    async fn list(&self, query: &[(&str, &str)]) -> Told {
        let path = format!("{BASE_ID}/{TABLE}");
        let told = self.try_call(Method::GET, &path, query, None).await;
        told.unwrap()
    }

    async fn list_by_post(&self, body: Json) -> Told {
        let path = format!("{BASE_ID}/{TABLE}/listRecords");
        let told = self.try_call(Method::POST, &path, &[], Some(body)).await;
        told.unwrap()
    }

    async fn try_update(&self, body: Json) -> reqwest::Result<Told> {
        let path = format!("{BASE_ID}/{TABLE}");
        self.try_call(Method::PATCH, &path, &[], Some(body)).await
    }

    async fn update(&self, body: Json) -> Told {
        self.try_update(body).await.unwrap()
    }

    async fn create_field(&self, body: Json) -> Told {
        let table = self.airtable.table_id();
        let path = format!("meta/bases/{BASE_ID}/tables/{table}/fields");
        let told = self.try_call(Method::POST, &path, &[], Some(body)).await;
        told.unwrap()
    }

    /// The column as the schema has it.
    async fn schema_of(&self, name: &str) -> Json {
        let path = format!("meta/bases/{BASE_ID}/tables");
        let (_, told) = self.try_call(Method::GET, &path, &[], None).await.unwrap();
        let tables = told["tables"].as_array().unwrap();
        let table = tables.iter().find(|table| table["name"] == TABLE).unwrap();
        let mut fields = table["fields"].as_array().unwrap().iter();
        fields.find(|field| field["name"] == name).unwrap().clone()
    }
}

/// The error's type, however it is told.
fn kind(told: &Json) -> &str {
    let found = [&told["error"]["type"], &told["errors"][0]["error"]];
    found.into_iter().find_map(Json::as_str).unwrap_or_default()
}

/// One cell of one record, as a PATCH's body.
fn patch(id: &str, column: &str, cell: Json) -> Json {
    json!({ "records": [{ "id": id, "fields": { column: cell } }] })
}

#[tokio::test]
async fn many_calls_go_over_one_connection_until_it_breaks() {
    let asked = Asked::new();
    let id = asked.airtable.insert(&[("City", "Ulm")]);
    for _ in 0..20 {
        assert_eq!(asked.list(&[]).await.0, 200);
        assert_eq!(asked.update(patch(&id, "City", json!("Bonn"))).await.0, 200);
    }
    assert_eq!(asked.airtable.connections(), 1);
    for fault in [Fault::ResetBefore, Fault::HangUpAfter] {
        asked.airtable.fail(Call::List, 1, fault);
        let path = format!("{BASE_ID}/{TABLE}");
        let told = asked.try_call(Method::GET, &path, &[], None).await;
        assert!(told.is_err(), "{told:?}");
        assert_eq!(asked.list(&[]).await.0, 200);
    }
    assert_eq!(asked.airtable.connections(), 3);
    assert_eq!(asked.airtable.calls(), 44);
}

#[tokio::test]
async fn every_record_of_a_large_table_comes_once() {
    let asked = Asked::new();
    let made = asked.airtable.insert_many(5_050, |number| {
        vec![
            ("Full Name", json!(format!("Lead {number}"))),
            ("Replied", json!(number % 2 == 0)),
        ]
    });
    let made: BTreeSet<String> = made.into_iter().collect();
    assert_eq!(made.len(), 5_050);
    let (mut seen, mut offset) = (Vec::new(), None::<String>);
    let mut n_ticked = 0;
    for n_pages in 1.. {
        let query: Vec<(&str, &str)> = offset.iter().map(|at| ("offset", at.as_str())).collect();
        let (status, page) = asked.list(&query).await;
        assert_eq!(status, 200, "{page}");
        for record in page["records"].as_array().unwrap() {
            seen.push(record["id"].as_str().unwrap().to_string());
            n_ticked += usize::from(record["fields"]["Replied"] == true);
        }
        offset = page["offset"].as_str().map(str::to_string);
        if offset.is_none() {
            assert_eq!(n_pages, 51);
            break;
        }
    }
    assert_eq!(seen.len(), 5_050);
    assert!(seen.is_sorted(), "by id, not by creation");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
    assert_eq!((n_ticked, asked.airtable.connections()), (2_525, 1));
}

#[tokio::test]
async fn what_is_deleted_under_a_list_is_left_out_and_can_come_back() {
    let asked = Asked::new();
    for city in ["Ulm", "Bonn", "Kiel", "Jena"] {
        asked.airtable.insert(&[("City", city)]);
    }
    let ids = |told: &Json| -> Vec<String> {
        let records = told["records"].as_array().unwrap().iter();
        let ids = records.map(|record| record["id"].as_str().unwrap().to_string());
        ids.collect()
    };
    let (_, whole) = asked.list(&[]).await;
    let whole = ids(&whole);
    let (_, first) = asked.list(&[("pageSize", "2")]).await;
    let before = asked.airtable.records();
    asked.airtable.delete(&whole[2]);
    let offset = first["offset"].as_str().unwrap();
    let (_, second) = asked.list(&[("pageSize", "2"), ("offset", offset)]).await;
    assert_eq!(ids(&second), whole[3..]);
    // An answer that was lost can be asked for again.
    let (_, again) = asked.list(&[("pageSize", "2"), ("offset", offset)]).await;
    assert_eq!(again, second);
    assert_eq!(asked.airtable.record_ids().len(), 3);
    let (status, told) = asked.update(patch(&whole[2], "City", json!("Hof"))).await;
    assert_eq!((status, kind(&told)), (422, "ROW_DOES_NOT_EXIST"));

    asked.airtable.undelete(&whole[2]);
    assert_eq!(asked.airtable.records(), before);
    assert_eq!(ids(&asked.list(&[]).await.1), whole);
    asked.airtable.expire_lists();
    let (status, told) = asked.list(&[("pageSize", "2"), ("offset", offset)]).await;
    let expected = "LIST_RECORDS_ITERATOR_NOT_AVAILABLE";
    assert_eq!((status, kind(&told)), (422, expected));
}

#[tokio::test]
async fn people_get_in_between_a_write_and_its_answer() {
    let asked = Asked::new();
    let id = asked.airtable.insert(&[("City", "Ulm")]);
    asked.airtable.on_call(Box::new(|person, call| {
        let [touched] = person.touched() else {
            panic!("{:?}", person.touched())
        };
        let touched = touched.clone();
        match call {
            Call::Update => person.set(&touched, "City", json!("Kiel")),
            _ => person.clear(&touched, "City"),
        }
    }));
    let (_, told) = asked.update(patch(&id, "City", json!("Bonn"))).await;
    assert_eq!(told["records"][0]["fields"]["City"], "Bonn");
    assert_eq!(asked.airtable.field(&id, "City"), Some(json!("Kiel")));
    let (_, told) = asked.list(&[]).await;
    assert_eq!(told["records"][0]["fields"]["City"], "Kiel");
    assert_eq!(asked.airtable.field(&id, "City"), None);
    // What was refused was not carried out, and nobody comes.
    let (status, _) = asked.update(patch(&id, "Cty", json!("Bonn"))).await;
    assert_eq!(status, 422);
    asked.airtable.on_no_call();
    asked.update(patch(&id, "City", json!("Bonn"))).await;
    assert_eq!(asked.airtable.field(&id, "City"), Some(json!("Bonn")));
}
