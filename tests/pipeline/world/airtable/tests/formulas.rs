//! Which records a formula keeps, and what is said of one that is none.

use serde_json::{Value as Json, json};

use super::{Asked, kind, patch};
use crate::world::airtable::Airtable;

/// Whom a formula keeps, by name in the order of the alphabet.
async fn kept(asked: &Asked, formula: &str) -> String {
    let (status, told) = asked.list(&[("filterByFormula", formula)]).await;
    assert_eq!(status, 200, "{formula}: {told}");
    let (_, posted) = asked
        .list_by_post(json!({ "filterByFormula": formula }))
        .await;
    assert_eq!(posted["records"], told["records"], "{formula}");
    let records = told["records"].as_array().unwrap().iter();
    let mut names: Vec<&str> = records
        .map(|record| record["fields"]["Full Name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names.join(" ")
}

/// Ada and Bo, made on the second of March; Cy made on the fourth; Bo's city edited on the third,
/// Ada's notes on the fifth.
fn three_people() -> (Airtable, [String; 3]) {
    let airtable = Asked::new().airtable;
    let ada = airtable.insert(&[
        ("Full Name", "Ada"),
        ("Email", "Ada@Example.com"),
        ("Replied", "true"),
        ("Response Date", "2026-03-01"),
    ]);
    let bo = airtable.insert(&[("Full Name", "Bo"), ("Job Title", r#"O'Neil "the" \ boss"#)]);
    airtable.set_now("2026-03-03T08:00:00.900Z".parse().unwrap());
    airtable.set(&bo, "City", json!("Berlin"));
    airtable.set(&bo, "Current_Message_Number", json!(2));
    airtable.set_now("2026-03-04T08:00:00Z".parse().unwrap());
    let cy = airtable.insert(&[("Full Name", "Cy"), ("City", " Ulm ")]);
    airtable.set_now("2026-03-05T08:00:00Z".parse().unwrap());
    airtable.set(&ada, "Response Notes", Json::Null);
    (airtable, [ada, bo, cy])
}

#[tokio::test]
async fn a_formula_keeps_the_records_it_is_true_for() {
    let mut asked = Asked::new();
    let (airtable, [ada, bo, _]) = three_people();
    asked.airtable = airtable;
    let city = asked.airtable.column_id("City");
    for (formula, expected) in [
        ("", "Ada Bo Cy"),
        ("{Replied}", "Ada"),
        ("NOT({Replied})", "Bo Cy"),
        ("{Replied}=TRUE()", "Ada"),
        ("{Email}=''", "Bo Cy"),
        ("NOT({Email}=BLANK())", "Ada"),
        ("LOWER({Email})='ada@example.com'", "Ada"),
        ("{Email}=\"ada@example.com\"", ""),
        ("TRIM(City)='Ulm'", "Cy"),
        ("FIND('erl', {City})", "Bo"),
        ("FIND('ERL', {City})", ""),
        ("SEARCH('ERL', {City})", "Bo"),
        (r#"{Job Title}='O\'Neil "the" \\ boss'"#, "Bo"),
        (r#"{Job Title}="O'Neil \"the\" \\ boss""#, "Bo"),
        ("{Current_Message_Number}=2", "Bo"),
        ("{Current_Message_Number}!=2", "Ada Cy"),
        ("IF({City}, {City}!=' Ulm ', {Replied})", "Ada Bo"),
        ("IF({City}, 1)", "Bo Cy"),
        ("AND({City}, OR({Replied}, {Current_Message_Number}))", "Bo"),
        ("0", ""),
        ("OR()", ""),
        ("IS_BEFORE({Response Date}, '2026-03-02')", "Ada"),
        // A date function over a blank spoils the whole condition.
        (
            "OR(IS_BEFORE({Response Date}, '2026-03-02'), {City})",
            "Ada",
        ),
        ("NOT(IS_AFTER({Response Date}, '2026-03-02'))", "Ada"),
        (
            "IF({Response Date}, IS_BEFORE({Response Date}, '2026-03-02'), {City})",
            "Ada Bo Cy",
        ),
        ("IS_AFTER(CREATED_TIME(), '2026-03-02T08:00:00.000Z')", "Cy"),
        ("IS_AFTER({Created At}, '2026-03-02T08:00:00Z')", "Cy"),
    ] {
        assert_eq!(kept(&asked, formula).await, expected, "{formula}");
    }
    let by_id = format!("{{{city}}}='Berlin'");
    assert_eq!(kept(&asked, &by_id).await, "Bo");
    let some = format!("OR(RECORD_ID()='{bo}', RECORD_ID()='{ada}', RECORD_ID()='recGone')");
    assert_eq!(kept(&asked, &some).await, "Ada Bo");
    assert_eq!(kept(&asked, &format!("AND({some}, {{City}})")).await, "Bo");
    let others = format!("RECORD_ID()!='{bo}'");
    assert_eq!(kept(&asked, &others).await, "Ada Cy");
}

#[tokio::test]
async fn edits_are_known_by_the_field_and_by_the_second() {
    let mut asked = Asked::new();
    let (airtable, [ada, bo, cy]) = three_people();
    asked.airtable = airtable;
    let since = |of: &str, at: &str| {
        let edited = format!("LAST_MODIFIED_TIME({of})");
        format!("IF({edited}, NOT(IS_BEFORE({edited}, '{at}')))")
    };
    let notes = asked.airtable.column_id("Response Notes");
    let either = format!("{{City}}, {{{notes}}}");
    for (of, at, expected) in [
        ("", "2026-03-02T08:00:00Z", "Ada Bo Cy"),
        ("", "2026-03-03T08:00:00Z", "Ada Bo Cy"),
        ("", "2026-03-03T08:00:01Z", "Ada Cy"),
        ("", "2026-03-05T08:00:00Z", "Ada"),
        ("{City}", "2026-03-01T00:00:00Z", "Bo"),
        ("{City}", "2026-03-03T08:00:00.000Z", "Bo"),
        ("{City}", "2026-03-03T08:00:00.100Z", ""),
        // Emptying a cell is an edit of it; to be made with cells is none.
        (&either, "2026-03-01T00:00:00Z", "Ada Bo"),
        (&either, "2026-03-04T00:00:00Z", "Ada"),
        ("{Full Name}", "2026-03-01T00:00:00Z", ""),
    ] {
        assert_eq!(kept(&asked, &since(of, at)).await, expected, "{of} {at}");
    }
    let unprotected = "NOT(IS_BEFORE(LAST_MODIFIED_TIME({City}), '2026-03-01T00:00:00Z'))";
    assert_eq!(kept(&asked, unprotected).await, "Bo");
    let at = "2026-03-03T08:00:00Z".parse().unwrap();
    assert_eq!(asked.airtable.last_edit(&bo, "City"), Some(at));
    assert_eq!(asked.airtable.last_edit(&cy, "City"), None);

    asked.airtable.leave_unedited_blank();
    assert_eq!(kept(&asked, "LAST_MODIFIED_TIME()").await, "Ada Bo");
    // A write over the API is an edit like any other, and a rename is none.
    asked
        .airtable
        .set_now("2026-03-06T08:00:00Z".parse().unwrap());
    asked.update(patch(&ada, "City", json!("Bonn"))).await;
    let city = asked.airtable.column_id("City");
    asked.airtable.rename_column("City", "Town");
    let of = format!("{{{city}}}");
    assert_eq!(
        kept(&asked, &since(&of, "2026-03-06T08:00:00Z")).await,
        "Ada"
    );
    assert_eq!(
        kept(&asked, &since("{Town}", "2026-03-01T00:00:00Z")).await,
        "Ada Bo"
    );
}

#[tokio::test]
async fn a_formula_that_cannot_be_is_refused_even_for_no_record() {
    let asked = Asked::new();
    let invalid = "Invalid formula. Please check your formula text.";
    for (formula, expected) in [
        ("{Citty}='x'", "Unknown field names: citty"),
        (
            "OR({Citty}, Mood, {City})",
            "Unknown field names: citty, mood",
        ),
        ("LAST_MODIFIED_TIME({Citty})", "Unknown field names: citty"),
        (
            "LAST_MODIFIED_TIME({Created At})",
            "LAST_MODIFIED_TIME cannot watch a computed field",
        ),
        (
            "LAST_MODIFIED_TIME('City')",
            "Invalid arguments for LAST_MODIFIED_TIME",
        ),
        ("GUESS({City})", "Unknown function names: GUESS"),
        ("NOT()", "Invalid arguments for NOT"),
        ("{City}=='x'", invalid),
        ("'open", invalid),
        ("{open", invalid),
        ("OR({City}", invalid),
        ("OR({City} {Email})", invalid),
        ("{City} {Email}", invalid),
        ("'' , TRUE(), ''", invalid),
    ] {
        let (status, told) = asked.list(&[("filterByFormula", formula)]).await;
        assert_eq!(
            (status, kind(&told)),
            (422, "INVALID_FILTER_BY_FORMULA"),
            "{formula}"
        );
        let expected = format!("The formula for filtering records is invalid: {expected}");
        assert_eq!(told["error"]["message"], expected, "{formula}");
    }
}
