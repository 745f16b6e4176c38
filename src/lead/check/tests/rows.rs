//! Rows as scrapers, exports and people leave them, each with the verdict it must get: the record
//! as a block of `Column: value` lines, the expected verdict below its `=>`.

use super::*;

const ROWS: &str = include_str!("../../../../tests/fixtures/lead/rows.txt");

/// The verdict in words: how the lead is addressed and every repair and flag, or the reject.
fn verdict(raw: &RawLead) -> Vec<String> {
    let flags = crate::lead::flags(raw);
    let flags = flags.iter().map(|flag| format!("flag: {}", flag.code()));
    match parse(raw) {
        Ok(lead) => std::iter::once(format!(
            "{} <{}> of {}",
            lead.first_name, lead.email, lead.company_short
        ))
        .chain(lead.repairs)
        .chain(flags)
        .collect(),
        Err(reject) => vec![format!("{}: {}", reject.reason.code(), reject.detail)],
    }
}

fn field(column: &str) -> ReadField {
    ReadField::ALL
        .into_iter()
        .find(|field| field.columns().contains(&column))
        .unwrap_or_else(|| panic!("`{column}` is not a column"))
}

#[test]
fn real_shaped_rows_get_their_verdicts() {
    let blocks: Vec<&str> = ROWS.split("\n\n").map(str::trim).collect();
    assert!(blocks.len() > 15, "{} rows", blocks.len());
    for block in blocks {
        let (columns, expected) = block.split_once("\n=> ").expect(block);
        let changes: Vec<_> = columns
            .lines()
            .map(|line| line.split_once(": ").expect(line))
            .map(|(column, value)| (field(column), value))
            .collect();
        let expected: Vec<&str> = expected.lines().map(str::trim).collect();
        assert_eq!(verdict(&record(&changes)), expected, "{block}");
    }
}
