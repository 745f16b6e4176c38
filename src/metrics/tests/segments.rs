//! How values are told apart, asked for and shown.

use super::*;

fn segment(report: &Report, dimension: Dimension) -> Vec<String> {
    let found = report
        .segments
        .iter()
        .find(|segment| segment.dimension == dimension);
    let rows = found.unwrap().rows.iter();
    let each = rows.map(|row| format!("{} {}", row.value, row.figures.tally.reached));
    each.collect()
}

#[test]
fn values_are_told_apart_by_their_words_alone() {
    let lines = "1 industry=Retail writer=template:plain | hook sent=02T09
                 2 industry=retail writer=template:plain_(the_model_failed) | hook sent=02T09
                 3 industry=retail__ writer=model:gpt-4 | hook sent=02T09
                 4 industry=RETAIL writer=model:a:b | hook sent=02T09
                 5 industry=retail seniority=chief | hook sent=02T09
                 6 industry=Food_and_Drink | hook sent=02T09
                 7 industry=food__and_drink | hook sent=02T09 bounced
                 8 | hook sent=02T09
                 9 industry=Energy | hook";
    let report = count(lines, &Filter::default());
    let industries = ["retail 5", "(unknown) 1", "Food and Drink 1"];
    assert_eq!(segment(&report, Dimension::Industry), industries);
    let writers = ["(unknown) 3", "model 2", "template 2"];
    assert_eq!(segment(&report, Dimension::Writer), writers);
    let variants = [
        "(unknown) 3",
        "template:plain 2",
        "model:a:b 1",
        "model:gpt-4 1",
    ];
    assert_eq!(segment(&report, Dimension::Variant), variants);
    assert_eq!(
        segment(&report, Dimension::Seniority),
        ["(unknown) 6", "chief 1"]
    );
    assert_eq!(segment(&report, Dimension::Country), ["(unknown) 7"]);
}

#[test]
fn segments_are_asked_for_in_any_case() {
    let lines = "1 industry=Retail country=DE | hook sent=02T09
                 2 industry=retail__ country=US | hook sent=02T09
                 3 industry=Food country=DE | hook sent=02T09
                 4 country=DE | hook sent=02T09
                 5 industry=Retail country=DE | hook";
    #[track_caller]
    fn check(lines: &str, wanted: &[(Dimension, &str)], sent: u64, campaigns: u64) {
        let segments = wanted.iter().map(|(of, value)| (*of, value.to_string()));
        let filter = Filter {
            segments: segments.collect(),
            ..Filter::default()
        };
        let report = count(lines, &filter);
        assert_eq!(report.totals.tally.sent, sent, "{wanted:?}");
        let all: u64 = report.states.iter().map(|row| row.n).sum();
        assert_eq!(all, campaigns, "{wanted:?}");
    }
    use Dimension::{Country, Industry};
    check(lines, &[(Industry, " RETAIL ")], 2, 3);
    check(lines, &[(Industry, "retail"), (Industry, "food")], 3, 4);
    check(lines, &[(Industry, "retail"), (Country, "de")], 1, 2);
    check(lines, &[(Industry, UNKNOWN)], 1, 1);
    check(lines, &[(Industry, "")], 1, 1);
    check(lines, &[(Industry, "nothing")], 0, 0);
    let of_messages = Filter {
        segments: vec![(Dimension::Weekday, "Mon".to_string())],
        ..Filter::default()
    };
    let error = Counter::new(&of_messages).err().unwrap().to_string();
    assert!(error.contains("`weekday`"), "{error}");
}

#[test]
fn rare_values_are_one_row() {
    let lines: Vec<String> = (0..60)
        .map(|n| format!("{n} industry=v{n:02} tone=t{:02} | hook sent=02T09", n % 50))
        .collect();
    let report = counted(
        &lines.iter().map(String::as_str).collect::<Vec<_>>(),
        &Filter::default(),
    );
    let rows = segment(&report, Dimension::Industry);
    assert_eq!(
        (rows.len(), rows[0].as_str(), rows[49].as_str()),
        (51, "v00 1", "v49 1")
    );
    assert_eq!(rows[50], "(others) 10");
    assert_eq!(segment(&report, Dimension::Tone).len(), VALUES_MAX);
}
