//! Columns: named by their ids, given new options, made anew.

use serde_json::{Value as Json, json};

use super::{Asked, kind, patch};

#[tokio::test]
async fn answers_come_by_id_where_they_are_asked_for_so() {
    let asked = Asked::new();
    let id = asked
        .airtable
        .insert(&[("City", "Ulm"), ("Company", "Finch")]);
    let [city, company, created] =
        ["City", "Company", "Created At"].map(|name| asked.airtable.column_id(name));
    let created_at = "2026-03-02T08:00:00.000Z";
    let by_id = json!({ &city: "Ulm", &company: "Finch", &created: created_at });
    let by_name = json!({ "City": "Ulm", "Company": "Finch", "Created At": created_at });
    let fields = |told: &Json| told["records"][0]["fields"].clone();
    for (query, expected) in [
        (vec![("returnFieldsByFieldId", "true")], by_id.clone()),
        (vec![("returnFieldsByFieldId", "false")], by_name.clone()),
        (vec![], by_name),
        (vec![("fields[]", city.as_str())], json!({ "City": "Ulm" })),
        (
            vec![("fields[]", "City"), ("returnFieldsByFieldId", "true")],
            json!({ &city: "Ulm" }),
        ),
        (vec![("fields[]", "Email")], json!({})),
    ] {
        let (_, told) = asked.list(&query).await;
        assert_eq!(fields(&told), expected, "{query:?}");
        assert_eq!(told["records"][0]["createdTime"], created_at);
    }
    let body = json!({ "fields": [city, "Company"], "returnFieldsByFieldId": true });
    let (_, told) = asked.list_by_post(body).await;
    assert_eq!(fields(&told), json!({ &city: "Ulm", &company: "Finch" }));
    let mut body = patch(&id, &city, json!("Bonn"));
    body["returnFieldsByFieldId"] = json!(true);
    let (_, told) = asked.update(body).await;
    assert_eq!(fields(&told)[&city], "Bonn");
    let written = json!([{ "id": id, "fields": { "City": "Bonn" } }]);
    assert_eq!(asked.airtable.take_updates(), [written]);
    let (status, _) = asked.list(&[("returnFieldsByFieldId", "yes")]).await;
    assert_eq!(status, 422);

    asked.airtable.drop_column("City");
    let message = format!("Unknown field name: \"{city}\"");
    let (status, told) = asked.list(&[("fields[]", &city)]).await;
    assert_eq!((status, kind(&told)), (422, "UNKNOWN_FIELD_NAME"));
    assert_eq!(told["error"]["message"], message);
    let (_, told) = asked.update(patch(&id, &city, json!("Hof"))).await;
    assert_eq!(told["error"]["message"], message);
    assert_eq!(asked.airtable.records()[&id].get("City"), None);
    asked.airtable.restore_column("City");
    assert_eq!(asked.airtable.field(&id, "City"), Some(json!("Bonn")));
}

#[tokio::test]
async fn a_cell_that_does_not_fit_stops_the_whole_call() {
    let asked = Asked::new();
    let ids = asked.airtable.insert_many(2, |_| vec![]);
    let invalid = "INVALID_VALUE_FOR_COLUMN";
    for (column, cell, expected) in [
        ("City", json!(5), invalid),
        ("Replied", json!("true"), invalid),
        ("Current_Message_Number", json!("1"), invalid),
        ("Response Date", json!("2026-03-02T08:00:00Z"), invalid),
        ("Next_Message_Date", json!("2026-03-02"), invalid),
        ("Created At", json!("2026-03-02T08:00:00Z"), invalid),
        ("Tone", json!(""), "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ("Tone", json!("bold"), "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ("Tone", json!(["Bold"]), invalid),
        ("Mood", json!("x"), "UNKNOWN_FIELD_NAME"),
    ] {
        let (status, told) = asked
            .update(json!({ "records": [
                { "id": ids[0], "fields": { "City": "Ulm" } },
                { "id": ids[1], "fields": { column: cell } },
            ] }))
            .await;
        assert_eq!((status, kind(&told)), (422, expected), "{column} {cell}");
    }
    assert!(
        asked
            .airtable
            .records()
            .values()
            .all(|cells| cells.is_empty())
    );
    assert!(asked.airtable.take_updates().is_empty());
    // An instant is kept in the form that answers have.
    let at = json!("2026-03-02T09:00:00+01:00");
    asked.update(patch(&ids[0], "Next_Message_Date", at)).await;
    let kept = asked.airtable.field(&ids[0], "Next_Message_Date");
    assert_eq!(kept, Some(json!("2026-03-02T08:00:00.000Z")));
}

#[tokio::test]
async fn typecast_makes_options_where_the_token_may() {
    let asked = Asked::new();
    let ids = asked.airtable.insert_many(2, |_| vec![]);
    let body = |tone: &str, city: Json| {
        json!({ "typecast": true, "records": [
            { "id": ids[0], "fields": { "Tone": tone } },
            { "id": ids[1], "fields": { "Tone": tone, "City": city } },
        ] })
    };
    let usual = asked.airtable.options("Tone");
    // All or nothing holds for options, too.
    assert_eq!(asked.update(body("Dry", json!(1))).await.0, 422);
    assert_eq!(asked.airtable.options("Tone"), usual);
    assert_eq!(asked.update(body("Dry", json!("Ulm"))).await.0, 200);
    let more = [usual.as_slice(), &["Dry".to_string()]].concat();
    assert_eq!(asked.airtable.options("Tone"), more);
    let schema = asked.schema_of("Tone").await;
    let names = schema["options"]["choices"].as_array().unwrap().iter();
    let names: Vec<&str> = names
        .map(|choice| choice["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, more);
    // An empty text is no option.
    assert_eq!(asked.update(body("", json!("Ulm"))).await.0, 200);
    assert_eq!(asked.airtable.options("Tone"), more);
    assert_eq!(asked.airtable.field(&ids[0], "Tone"), None);

    asked.airtable.refuse_new_options();
    let (status, told) = asked.update(body("Wry", json!("Ulm"))).await;
    let expected = (422, "INVALID_MULTIPLE_CHOICE_OPTIONS");
    assert_eq!((status, kind(&told)), expected);
    assert_eq!(asked.update(body("Dry", json!("Ulm"))).await.0, 200);
}

#[tokio::test]
async fn a_field_is_made_with_the_options_its_type_needs() {
    let asked = Asked::new();
    let iso = json!({ "name": "iso" });
    let choices = json!({ "choices": [{ "name": "Low" }, { "name": "High" }] });
    let tick = json!({ "icon": "check", "color": "greenBright" });
    let hours = json!({ "name": "24hour" });
    let instant = json!({ "dateFormat": iso, "timeFormat": hours, "timeZone": "utc" });
    let mut shouted = instant.clone();
    shouted["timeZone"] = json!("UTC");
    let duplicate = "DUPLICATE_OR_EMPTY_FIELD_NAME";
    let wrong = "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE";
    let computed = "UNSUPPORTED_FIELD_TYPE_FOR_CREATE";
    for (name, kind_wanted, options, expected) in [
        ("A text", "singleLineText", Json::Null, ""),
        ("A text", "singleLineText", Json::Null, duplicate),
        ("", "singleLineText", Json::Null, duplicate),
        ("City", "singleLineText", Json::Null, duplicate),
        ("B", "multilineText", json!({ "rows": 3 }), wrong),
        ("B", "number", Json::Null, wrong),
        ("B", "number", json!({ "precision": 0 }), ""),
        ("C", "date", json!({}), wrong),
        ("C", "date", json!({ "dateFormat": iso }), ""),
        ("D", "dateTime", json!({ "dateFormat": iso }), wrong),
        ("D", "dateTime", shouted, wrong),
        ("D", "dateTime", instant, ""),
        ("E", "checkbox", json!({ "icon": "check" }), wrong),
        ("E", "checkbox", tick, ""),
        ("F", "singleSelect", json!({ "choices": ["Low"] }), wrong),
        (
            "F",
            "singleSelect",
            json!({ "choices": [{ "name": "" }] }),
            wrong,
        ),
        ("F", "singleSelect", choices, ""),
        ("G", "formula", json!({ "formula": "1" }), computed),
        ("G", "createdTime", Json::Null, computed),
        ("G", "moodRing", Json::Null, wrong),
    ] {
        let mut body = json!({ "name": name, "type": kind_wanted });
        if !options.is_null() {
            body["options"] = options.clone();
        }
        let (status, told) = asked.create_field(body).await;
        let status_expected = if expected.is_empty() { 200 } else { 422 };
        let found = (status, kind(&told));
        assert_eq!(
            found,
            (status_expected, expected),
            "{name} {kind_wanted} {options}"
        );
        if status == 200 {
            assert_eq!(asked.schema_of(name).await, told);
            assert_eq!(told["type"], kind_wanted);
        }
    }
    let id = asked.airtable.insert(&[]);
    assert_eq!(asked.update(patch(&id, "F", json!("Low"))).await.0, 200);
    assert_eq!(asked.update(patch(&id, "F", json!("Mid"))).await.0, 422);
    assert_eq!(asked.update(patch(&id, "B", json!(7))).await.0, 200);
    let cells = &asked.airtable.records()[&id];
    assert_eq!((&cells["F"], &cells["B"]), (&json!("Low"), &json!(7)));

    asked.airtable.forbid_schema_writes();
    let body = json!({ "name": "H", "type": "url" });
    let (status, told) = asked.create_field(body).await;
    assert_eq!((status, kind(&told)), (403, "INVALID_PERMISSIONS"));
}
