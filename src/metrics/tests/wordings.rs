//! Which wordings are ranked, and how.

use super::*;

/// Ten leads each with a wording of their Hook, so many of whom were interested.
fn wording(key: i64, from: i64, leads: i64, interested: i64) -> String {
    let lines = (from..from + leads).map(|lead| {
        let answer = match lead - from < interested {
            true => "response=interested at=03T09 to=hook",
            false => "",
        };
        format!("{lead} {answer} | hook sent=02T09 subject={key} opening=7\n")
    });
    lines.collect()
}

fn keys(rows: &[WordingRow]) -> Vec<i64> {
    rows.iter().map(|row| row.key).collect()
}

#[test]
fn wordings_are_ranked_by_what_is_sure_of_them() {
    let facts = [
        wording(50, 1, 10, 2),
        wording(40, 100, 10, 2),
        wording(30, 200, 10, 3),
        wording(20, 300, 9, 9),
        wording(10, 400, 40, 8),
    ];
    let report = count(&facts.concat(), &Filter::default());
    // 8 of 40 is surer than 2 of 10; of two alike the smaller key is first; 9 leads are too few.
    assert_eq!(keys(&report.subjects), [30, 10, 40, 50]);
    let best = &report.subjects[0].figures;
    assert_eq!(
        (best.positive_rate, best.tally.reached),
        (Rate::new(3, 10), 0)
    );
    assert_eq!(best.time_to_reply.unwrap().median_seconds, 86_400);
    assert_eq!(keys(&report.openings), [7]);
    assert_eq!(report.openings[0].figures.tally.delivered, 79);
}

#[test]
fn a_wording_is_counted_by_leads_and_by_steps() {
    // Ten messages to nine leads, and one that came back.
    let facts = wording(5, 1, 9, 0) + "90 lead=1 | hook sent=02T09 subject=5";
    assert!(count(&facts, &Filter::default()).subjects.is_empty());
    let facts = wording(5, 1, 9, 0) + "90 | hook sent=02T09 bounced subject=5";
    assert!(count(&facts, &Filter::default()).subjects.is_empty());
    let facts = wording(5, 1, 9, 0) + "90 | hook sent=02T09 | proof sent=05T09 subject=5";
    assert!(count(&facts, &Filter::default()).subjects.is_empty());
    let facts = wording(5, 1, 10, 0) + "90 | hook sent=02T09 bounced subject=5";
    let report = count(&facts, &Filter::default());
    assert_eq!(
        tally(&report.subjects[0].figures.tally),
        "sent 11, delivered 10, bounced 1"
    );
    assert_eq!(report.subjects[0].step, "hook");
}

#[test]
fn no_more_wordings_are_shown_than_can_be_read() {
    let facts: String = (0..100)
        .map(|key| wording(key, key * 100 + 1, 10, key % 7))
        .collect();
    let lines: Vec<&str> = facts.lines().collect();
    let report = counted(&lines, &Filter::default());
    assert_eq!(report.subjects.len(), WORDINGS_MAX);
    let positive = report.subjects.iter().map(|row| row.figures.tally.positive);
    assert!(positive.rev().is_sorted());
}
