//! The formulas that choose which records a list holds.
//!
//! Only ids, instants and addresses get into a formula, each checked or escaped here.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::lead::RecordId;

/// How far before the cursor records are read again, in seconds: their stamps are whole seconds by
/// Airtable's clock, which is not ours. Whoever reads knows a record that did not change.
const OVERLAP_SECS: i64 = 300;

/// Keeps the records changed since an instant, or made since: a record that nobody ever edited may
/// have no time of modification. `watched` are the columns whose edits count, all when there are
/// none; names or ids that hold no brace.
pub(super) fn changed_since(since: DateTime<Utc>, watched: &[&str]) -> String {
    let from = since - TimeDelta::seconds(OVERLAP_SECS);
    let from = from.to_rfc3339_opts(SecondsFormat::Millis, true);
    let watched: Vec<String> = watched
        .iter()
        .map(|column| format!("{{{column}}}"))
        .collect();
    let edited = format!("LAST_MODIFIED_TIME({})", watched.join(","));
    format!(
        "OR(NOT(IS_BEFORE(CREATED_TIME(), '{from}')), \
         IF({edited}, NOT(IS_BEFORE({edited}, '{from}')), 0))"
    )
}

/// Keeps the records whose column holds an address, whatever its case.
pub(super) fn with_address(column: &str, address: &str) -> String {
    let address = address
        .to_lowercase()
        .replace('\\', "\\\\")
        .replace('\'', "\\'");
    format!("FIND('{address}', LOWER({{{column}}}))")
}

/// Keeps the records of these ids. An id that is not made of letters and digits is none of the
/// base's and is left out: nothing else may get into a formula.
pub(super) fn one_of(record_ids: &[RecordId]) -> String {
    let is_plain = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let ids = record_ids.iter().map(RecordId::as_str).filter(is_plain);
    let tests: Vec<String> = ids.map(|id| format!("RECORD_ID()='{id}'")).collect();
    format!("OR({})", tests.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn records_are_chosen_by_plain_ids_only() {
        let ids = ["rec0123456789abcd", "rec', TRUE(), '", "recZ"].map(RecordId::new);
        assert_eq!(
            one_of(&ids),
            "OR(RECORD_ID()='rec0123456789abcd', RECORD_ID()='recZ')"
        );
    }

    #[test]
    fn the_formula_overlaps_and_counts_records_nobody_edited() {
        let since = at("2026-05-06T07:00:00Z");
        assert_eq!(
            changed_since(since, &[]),
            "OR(NOT(IS_BEFORE(CREATED_TIME(), '2026-05-06T06:55:00.000Z')), \
             IF(LAST_MODIFIED_TIME(), \
             NOT(IS_BEFORE(LAST_MODIFIED_TIME(), '2026-05-06T06:55:00.000Z')), 0))"
        );
        let watched = changed_since(since, &["fldA", "fldB"]);
        assert!(
            watched.contains("IF(LAST_MODIFIED_TIME({fldA},{fldB}), NOT("),
            "{watched}"
        );
    }

    #[test]
    fn an_address_cannot_leave_its_quotes() {
        assert_eq!(
            with_address("fldE", "O'\\', TRUE(), 'Hara@Example.com"),
            "FIND('o\\'\\\\\\', true(), \\'hara@example.com', LOWER({fldE}))"
        );
    }
}
