use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::metrics::tests::fixture::{empty, invented, messages, wording};

const NAMES: [&str; 11] = [
    "totals.csv",
    "steps.csv",
    "funnel.csv",
    "segments.csv",
    "subjects.csv",
    "openings.csv",
    "cohorts.csv",
    "days.csv",
    "slots.csv",
    "findings.csv",
    "states.csv",
];

fn table(report: &Report, name: &str) -> Table {
    let mut tables = tables(report).unwrap().into_iter();
    tables.find(|table| table.name == name).unwrap()
}

fn rows(table: &Table) -> Vec<BTreeMap<String, String>> {
    let mut reader = ::csv::Reader::from_reader(table.text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn a_text_that_begins_like_a_formula_gets_an_apostrophe() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(guarded(text), expected, "{text:?}");
    }
    for formula in [
        "=1+1",
        "+49 30 1234",
        "-2",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        "\tx",
        "\rx",
        "\nx",
        "\t=1",
        " =1",
        "\u{a0}=1",
        "\u{3000}+1",
        "\u{feff}=1",
        "\u{200b}@x",
        "\u{2066}-x",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        " ＝1",
    ] {
        check(formula, &format!("'{formula}"));
    }
    for harmless in [
        "",
        " ",
        "a=1",
        "'=1",
        "Müller & Co.",
        "1-2",
        "“=1”",
        "a\r\nb",
    ] {
        check(harmless, harmless);
    }
    check("\u{0}=1\u{1b}[0m", "'\u{fffd}=1\u{fffd}[0m");
}

#[test]
fn every_table_is_there_and_as_wide_as_its_header() {
    for report in [empty(), invented("Logistics")] {
        let tables = tables(&report).unwrap();
        assert_eq!(tables.iter().map(|t| t.name).collect::<Vec<_>>(), NAMES);
        for table in &tables {
            assert!(table.text.ends_with("\r\n"), "{}", table.name);
            assert!(!table.text.replace("\r\n", "").contains('\n'));
            // The reader refuses rows of another length than the first.
            let n_rows = rows(table).len();
            let is_filled = report.totals.tally.sent > 0 || table.name == "totals.csv";
            assert_eq!(n_rows > 0, is_filled, "{}", table.name);
        }
    }
}

#[test]
fn shares_are_told_as_the_numbers_they_are_made_of() {
    let report = invented("Logistics");
    let steps = rows(&table(&report, "steps.csv"));
    assert_eq!(steps.len(), 3);
    let cell = |column: &str| steps[0][column].as_str();
    assert_eq!((cell("number"), cell("step")), ("1", "hook"));
    assert_eq!((cell("reply_rate_n"), cell("reply_rate_of")), ("9", "310"));
    assert_eq!(cell("reply_rate_share"), "0.029032");
    assert_eq!(cell("reply_rate_low"), "0.015348");
    assert_eq!(cell("time_to_reply_median_seconds"), "18000");
    assert_eq!(steps[2]["time_to_reply_median_seconds"], "", "no answer");
    assert_eq!(
        steps[0]["open_rate_share"], "",
        "a share of nothing is none"
    );
    let totals = rows(&table(&report, "totals.csv")).remove(0);
    assert_eq!(totals["generated_at"], "2026-03-30T10:00:00Z");
    assert_eq!(
        (totals["machine_opens"].as_str(), totals["since"].as_str()),
        ("210", "")
    );
    let funnel = rows(&table(&report, "funnel.csv"));
    assert_eq!(
        (
            funnel[0]["share_added_n"].as_str(),
            funnel[4]["share_added_n"].as_str()
        ),
        ("9", "")
    );
}

#[test]
fn hostile_texts_come_back_whole_and_harmless_from_other_readers() {
    let values = [
        "=HYPERLINK(\"http://evil.example\",\"a,b\")",
        "two\r\nlines, \"quoted\"; and 'more'",
        "＝1\tx",
        "\u{0}null",
        "Grüße 🥐",
        "",
    ];
    let mut report = empty();
    report.subjects = values
        .map(|value| wording("-hook", value, messages(1, 40)))
        .to_vec();
    report.segments = invented("@SUM(1)").segments;
    let table = table(&report, "subjects.csv");
    let expected: Vec<String> = values.iter().map(|value| guarded(value)).collect();
    let read: Vec<String> = rows(&table)
        .iter()
        .map(|row| row["wording"].clone())
        .collect();
    assert_eq!(read, expected);
    assert_eq!(rows(&table)[0]["step"], "'-hook");
    assert_eq!(in_python(&table.text, "wording"), expected);
    let segments = super::segments(&report).into_table().unwrap();
    assert_eq!(in_python(&segments.text, "value")[0], "'@SUM(1)");
}

/// A column as Python's reader has it.
fn in_python(table: &str, column: &str) -> Vec<String> {
    let script = "import csv, io, json, sys\n\
                  text = sys.stdin.buffer.read().decode('utf-8')\n\
                  rows = csv.DictReader(io.StringIO(text, newline=''), strict=True)\n\
                  print(json.dumps([row[sys.argv[1]] for row in rows]))";
    let mut python = Command::new("python3")
        .args(["-c", script, column])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed by `tests/run`");
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(table.as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
