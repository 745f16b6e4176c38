//! Which columns are read, and what is said of those that are not there.

use std::collections::BTreeMap;

use outreach::airtable::{ApiError, Client, Settings};
use outreach::lead::ReadField;
use serde_json::json;

use super::{base_of, client, client_with, list};
use crate::world::airtable::Call;

#[tokio::test]
async fn columns_are_found_by_name_with_and_without_a_schema() {
    for is_hidden in [false, true] {
        let (airtable, ids) = base_of(1);
        airtable.set(&ids[0], "Company", json!("Finch Ltd."));
        airtable.rename_column("Company", "Company Name");
        airtable.rename_column("Full Name", "Person");
        for column in ["Timezone", "Language"] {
            airtable.drop_column(column);
        }
        if is_hidden {
            airtable.hide_schema();
        }
        let client = client_with(&airtable, |settings| {
            settings.columns.insert("full_name".into(), "Person".into());
        });
        let (summary, leads) = list(&client, None).await;
        assert_eq!(
            leads[0].get(ReadField::Company),
            "Finch Ltd.",
            "hidden: {is_hidden}"
        );
        assert_eq!(leads[0].get(ReadField::FullName), "Ada Lovelace");
        assert_eq!(
            summary.unwrap().missing,
            [ReadField::Timezone, ReadField::Language]
        );

        airtable.drop_column("Email_Confidence_Level");
        let client = client_with(&airtable, |settings| {
            settings.columns.insert("full_name".into(), "Person".into());
        });
        let error = list(&client, None).await.0.unwrap_err();
        assert!(matches!(error, ApiError::Columns(_)), "{error:?}");
        let error = error.to_string();
        assert!(
            error.contains("AIRTABLE_FIELD_EMAIL_CONFIDENCE_LEVEL"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_column_named_by_its_id_survives_being_renamed() {
    let (airtable, _) = base_of(1);
    let id = airtable.column_id("Email");
    airtable.rename_column("Email", "Adresse");
    let by_id = |settings: &mut Settings| drop(settings.columns.insert("email".into(), id.clone()));
    let (_, leads) = list(&client_with(&airtable, by_id), None).await;
    assert_eq!(leads[0].get(ReadField::Email), "lead0@example.com");

    airtable.hide_schema();
    let error = list(&client_with(&airtable, by_id), None)
        .await
        .0
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("AIRTABLE_FIELD_EMAIL") && error.contains("schema.bases:read"),
        "{error}"
    );
}

#[tokio::test]
async fn a_configured_column_that_does_not_exist_is_an_error() {
    for is_hidden in [false, true] {
        let (airtable, _) = base_of(1);
        if is_hidden {
            airtable.hide_schema();
        }
        let client = client_with(&airtable, |settings| {
            settings.columns.insert("tone".into(), "Ton".into());
        });
        let error = list(&client, None).await.0.unwrap_err();
        assert!(matches!(error, ApiError::Columns(_)), "{error:?}");
        assert!(error.to_string().contains("AIRTABLE_FIELD_TONE"), "{error}");
    }
}

#[tokio::test]
async fn an_address_too_long_for_get_goes_by_post() {
    let (airtable, _) = base_of(150);
    // Ids are short; only names can be long.
    airtable.hide_schema();
    let mut columns = BTreeMap::new();
    for field in ReadField::ALL {
        let name = format!("{} {}", field.key(), "列".repeat(100));
        airtable.rename_column(field.columns()[0], &name);
        columns.insert(field.key().to_string(), name);
    }
    let client = client_with(&airtable, |settings| settings.columns = columns);
    let (summary, leads) = list(&client, None).await;
    assert_eq!(
        (summary.unwrap().records, airtable.lists_by_post()),
        (150, 2)
    );
    assert!(
        leads
            .iter()
            .all(|lead| lead.get(ReadField::FullName) == "Ada Lovelace")
    );
}

#[tokio::test]
async fn check_names_what_is_missing_and_writes_nothing() {
    let (airtable, _) = base_of(1);
    let found = client(&airtable).check().await.unwrap();
    assert!(
        found.contains("reads 22 columns\nwrites 28 columns"),
        "{found}"
    );

    airtable.drop_column("Language");
    airtable.drop_column("FOMO_Message_Opens");
    airtable.drop_option("Campaign_Response_Type", "Auto Reply");
    airtable.drop_option("Engagement_Status", "Error");
    airtable.set_kind("Campaign_Notes", "formula");
    let found = client(&airtable).check().await.unwrap();
    for expected in [
        "optional and not there: `Language`",
        "writes 27 of 28 columns; `outreach init --create-fields` makes the others: \
         `FOMO_Message_Opens`",
        "`Engagement_Status`: lacks the options `Error`",
        "`Campaign_Notes`: the column is computed",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    assert!(
        !found.contains("Auto Reply"),
        "made when it is needed: {found}"
    );
    airtable.hide_schema();
    let found = client(&airtable).check().await.unwrap();
    assert!(found.contains("not there: `Language`"), "{found}");
    assert!(found.contains("schema.bases:read"), "{found}");

    airtable.rename_column("Email", "Mail");
    let error = format!("{:#}", client(&airtable).check().await.unwrap_err());
    assert!(
        error.contains("`Email`") && error.contains("AIRTABLE_FIELD_EMAIL"),
        "{error}"
    );
    let wrong = client_with(&airtable, |settings| {
        settings.api_key = "patWrong.secret".into()
    });
    let error = format!("{:#}", wrong.check().await.unwrap_err());
    assert!(
        error.contains("AIRTABLE_API_KEY") && !error.contains("secret"),
        "{error}"
    );
    assert_eq!(airtable.calls_of(Call::Update), 0);
}

/// What one run keeps for the next.
async fn kept(client: &Client) -> (String, Vec<String>) {
    let learned = client.learned().await.unwrap();
    (learned.schema, learned.remarks)
}

#[tokio::test]
async fn what_was_learned_is_not_asked_for_again() {
    let (airtable, _) = base_of(1);
    let first = client(&airtable);
    list(&first, None).await.0.unwrap();
    let (schema, remarks) = kept(&first).await;
    assert_eq!((remarks.len(), first.calls()), (0, 2));
    assert_eq!(first.learned().await, None, "told once");

    let second = client(&airtable).with_kept_schema(&schema);
    list(&second, None).await.0.unwrap();
    assert_eq!((second.calls(), second.learned().await), (1, None));

    let damaged = client(&airtable).with_kept_schema("{\"table\": 7}");
    list(&damaged, None).await.0.unwrap();
    assert_eq!(damaged.calls(), 2);
}

#[tokio::test]
async fn a_renamed_column_keeps_its_meaning_and_is_reported() {
    let (airtable, _) = base_of(1);
    let first = client(&airtable);
    list(&first, None).await.0.unwrap();
    let (schema, _) = kept(&first).await;
    // The names are swapped: who goes by names would read the wrong column.
    airtable.rename_column("Company", "x");
    airtable.rename_column("Full Name", "Company");
    airtable.rename_column("x", "Full Name");
    let second = client(&airtable).with_kept_schema(&schema);
    let (_, leads) = list(&second, None).await;
    assert_eq!(leads[0].get(ReadField::FullName), "Ada Lovelace");
    assert_eq!(second.learned().await, None);
    second.refresh_schema().await.unwrap();
    let (schema, remarks) = kept(&second).await;
    assert_eq!(
        remarks,
        [
            "column `Full Name` is now called `Company`; it keeps working",
            "column `Company` is now called `Full Name`; it keeps working",
        ]
    );
    let third = client(&airtable).with_kept_schema(&schema);
    let (_, leads) = list(&third, None).await;
    assert_eq!(leads[0].get(ReadField::FullName), "Ada Lovelace");
    third.refresh_schema().await.unwrap();
    assert_eq!(kept(&third).await.1.len(), 0, "reported once");
}

#[tokio::test]
async fn a_column_that_is_gone_is_found_out_by_the_refusal() {
    let (airtable, _) = base_of(1);
    let first = client(&airtable);
    list(&first, None).await.0.unwrap();
    let (schema, _) = kept(&first).await;
    airtable.drop_column("City");
    let second = client(&airtable).with_kept_schema(&schema);
    let (summary, leads) = list(&second, None).await;
    assert_eq!(
        (summary.unwrap().missing, leads.len()),
        (vec![ReadField::City], 1)
    );
    assert_eq!(second.calls(), 3, "refused, the schema, and the list again");
    assert_eq!(kept(&second).await.1, ["column `City` is no longer there"]);

    airtable.drop_column("Replied");
    let third = client(&airtable).with_kept_schema(&schema);
    let error = list(&third, None).await.0.unwrap_err();
    assert!(matches!(error, ApiError::Columns(_)), "{error:?}");
    assert!(
        error.to_string().contains("AIRTABLE_FIELD_REPLIED"),
        "{error}"
    );
}

#[tokio::test]
async fn another_name_in_the_configuration_is_looked_up_anew() {
    let (airtable, ids) = base_of(1);
    airtable.set(&ids[0], "Extra info", json!("Lovelace"));
    let first = client(&airtable);
    list(&first, None).await.0.unwrap();
    let (schema, _) = kept(&first).await;
    let second = client_with(&airtable, |settings| {
        settings
            .columns
            .insert("full_name".into(), "Extra info".into());
    });
    let (_, leads) = list(&second.with_kept_schema(&schema), None).await;
    assert_eq!(leads[0].get(ReadField::FullName), "Lovelace");
}

#[tokio::test]
async fn names_that_were_refused_are_not_tried_in_the_next_run() {
    let (airtable, _) = base_of(1);
    airtable.hide_schema();
    airtable.drop_column("City");
    let first = client(&airtable);
    list(&first, None).await.0.unwrap();
    // A city may also stand in a column `Location`.
    let expected = "the schema, a refusal of each of its two names, the list";
    assert_eq!(first.calls(), 4, "{expected}");
    let (schema, _) = kept(&first).await;
    let second = client(&airtable).with_kept_schema(&schema);
    list(&second, None).await.0.unwrap();
    assert_eq!(second.calls(), 1);
}
