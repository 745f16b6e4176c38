use super::*;
use crate::metrics::tests::fixture::{
    Dice, campaigns, empty, figures, messages, segment, simulated, steps, wording,
};
use crate::metrics::{Segment, SlotRow, StepRow, Tally, UNKNOWN};

/// A report of 1,000 leads of whom 40 replied, with more told about them.
fn report(tell: impl FnOnce(&mut Report)) -> Report {
    let mut report = empty();
    report.totals = campaigns(40, 1000);
    tell(&mut report);
    report
}

fn codes(report: &Report) -> String {
    let found = findings(report);
    let codes = found.iter().map(|finding| finding.code.as_str());
    codes.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(report: &Report, expected_codes: &str, expected_sentence: &str) {
    assert_eq!(codes(report), expected_codes);
    let first = findings(report).into_iter().next();
    let sentence = first.map(|first| first.sentence).unwrap_or_default();
    assert_eq!(sentence, expected_sentence);
}

fn industries(segment: Segment) -> Report {
    report(|report| report.segments = vec![segment])
}

#[test]
fn a_difference_that_chance_does_not_show_is_told_with_its_numbers() {
    let rows = [
        ("Logistics", campaigns(30, 250)),
        ("Bakeries", campaigns(8, 500)),
        ("Dairies", campaigns(2, 250)),
        // Of whom nothing is known, nothing can be made.
        (UNKNOWN, campaigns(20, 100)),
    ];
    let found = industries(segment(Dimension::Industry, rows));
    check(
        &found,
        "segment",
        "industry `Logistics`: 30 of 250 leads replied, 12.0 % (8.5–16.6 %); all others: 10 of \
         750, 1.3 % (0.7–2.4 %)",
    );
    let found = findings(&found).remove(0);
    assert!(found.p_value.unwrap() < 1e-6, "{found:?}");
    assert_eq!(found.advice, "find more leads of this kind");
}

#[test]
fn two_values_are_one_comparison_told_of_the_better_one() {
    for rows in [
        [("A", campaigns(30, 300)), ("B", campaigns(10, 700))],
        [("B", campaigns(10, 700)), ("A", campaigns(30, 300))],
    ] {
        check(
            &industries(segment(Dimension::Tone, rows)),
            "segment",
            "tone `A`: 30 of 300 leads replied, 10.0 % (7.1–13.9 %); `B`: 10 of 700, 1.4 % \
             (0.8–2.6 %)",
        );
    }
}

#[test]
fn small_samples_small_differences_and_rests_support_nothing() {
    #[track_caller]
    fn check(rows: [(&str, Figures); 3]) {
        let found = industries(segment(Dimension::Industry, rows));
        assert_eq!(codes(&found), "more_leads");
    }
    use crate::metrics::Figures;
    let rest = ("Others", campaigns(38, 900));
    // Fewer than the sample, though half of them replied.
    check([("A", campaigns(14, 29)), ("B", campaigns(0, 0)), rest]);
    check([("A", campaigns(7, 90)), ("B", campaigns(3, 90)), rest]);
    let many = ("Others", campaigns(40_000, 1_000_000));
    let slightly_more = ("A", campaigns(21_500, 500_000));
    check([slightly_more, ("B", campaigns(0, 0)), many]);
    // Not knowing the industry is no industry to write to more.
    check([
        (UNKNOWN, campaigns(30, 100)),
        ("A", campaigns(9, 440)),
        ("B", campaigns(9, 440)),
    ]);
}

#[test]
fn the_more_is_compared_the_more_a_difference_must_show() {
    let with = |n_more: usize| {
        report(|report| {
            report.segments = vec![segment(
                Dimension::Tone,
                [("A", campaigns(27, 500)), ("B", campaigns(11, 500))],
            )];
            for n in 0..n_more {
                let rows = [("x", campaigns(20, 500)), ("y", campaigns(20, 500))];
                let dimension = [Dimension::Seniority, Dimension::Country][n % 2];
                report.segments.push(segment(dimension, rows));
            }
        })
    };
    let alone = findings(&with(0)).remove(0).p_value.unwrap();
    let among_three = findings(&with(2)).remove(0).p_value.unwrap();
    assert!((among_three / alone - 3.0).abs() < 1e-9);
    assert_eq!(
        (codes(&with(2)), codes(&with(8))),
        ("segment".into(), "more_leads".into())
    );
}

#[test]
fn a_wording_is_compared_with_the_others_of_its_step_and_all_that_were_ranked_count() {
    let opt_outs = |n: u64, delivered: u64| {
        figures(Tally {
            opt_outs: n,
            ..messages(0, delivered).tally
        })
    };
    let with = |wordings: usize| {
        report(|report| {
            let of_step = Tally {
                opt_outs: 15,
                ..messages(30, 1000).tally
            };
            report.steps = steps([("hook", figures(of_step))]);
            report.subjects = vec![
                wording("hook", "quick idea for {company}", messages(20, 200)),
                wording("hook", "last call", opt_outs(12, 150)),
            ];
            let more = (2..wordings).map(|_| wording("hook", "dull", messages(0, 10)));
            report.subjects.extend(more);
        })
    };
    check(
        &with(2),
        "opt_outs subject",
        "subject `last call` (`hook`): 12 of 150 mails led to an opt-out, 8.0 % (4.6–13.5 %); the \
         others of `hook`: 3 of 850, 0.4 % (0.1–1.0 %)",
    );
    let p = |report: &Report| findings(report)[1].p_value.unwrap();
    // Forty wordings are shown of at most a hundred: those left out were compared, too.
    let (few, many) = (p(&with(2)), p(&with(40)));
    assert!(many / few > 30.0, "{few} {many}");
}

#[test]
fn steps_and_hours_are_compared_as_messages() {
    let found = report(|report| {
        report.steps = steps([("hook", messages(38, 1000)), ("proof", messages(2, 900))]);
        report.slots = [(1, 9, 20, 200), (1, 10, 10, 900), (2, 9, 10, 900)]
            .map(|(weekday, hour, n, of)| SlotRow {
                weekday,
                hour,
                delivered: of,
                reply_rate: Rate::new(n, of),
            })
            .to_vec();
    });
    let sentences: Vec<String> = findings(&found).into_iter().map(|f| f.sentence).collect();
    assert_eq!(codes(&found), "slot step");
    let slot = "sent on Mon 09:00: 20 of 200 mails were answered, 10.0 % (6.6–14.9 %); all other \
                hours: 20 of 1800, 1.1 % (0.7–1.7 %)";
    assert_eq!(sentences[0], slot);
    assert!(sentences[1].starts_with("step `hook`: 38 of 1000 mails were answered"));
}

#[test]
fn limits_that_are_surely_exceeded_come_first() {
    let bounced = |bounced: u64, sent: u64| {
        figures(Tally {
            reached: sent,
            sent,
            bounced,
            delivered: sent - bounced,
            ..Tally::default()
        })
    };
    let with = |n: u64| report(|report| report.totals = bounced(n, 500));
    check(
        &with(30),
        "bounce_limit",
        "30 of 500 mails came back, 6.0 % (4.2–8.4 %): more than the limit of 2.0 %",
    );
    assert_eq!(codes(&with(12)), "more_leads", "2.4 % may be chance");
    let mut unlimited = with(30);
    unlimited.bounce_rate_max = None;
    assert_eq!(codes(&unlimited), "more_leads");

    let rows = [
        ("b@x.example", bounced(40, 400)),
        ("a@x.example", bounced(2, 600)),
    ];
    let found = report(|report| report.segments = vec![segment(Dimension::Sender, rows)]);
    check(
        &found,
        "bounce_limit bounces",
        "40 of 400 mails of `b@x.example` came back, 10.0 % (7.4–13.3 %): more than the limit of \
         2.0 %",
    );
    let rows = [("Real", bounced(9, 600)), ("Pattern", bounced(40, 400))];
    let found = report(|report| report.segments = vec![segment(Dimension::Confidence, rows)]);
    let sentence = "confidence `Pattern`: 40 of 400 mails came back, 10.0 % (7.4–13.3 %); `Real`: \
                    9 of 600, 1.5 % (0.8–2.8 %)";
    check(&found, "bounces", sentence);

    let complained = Tally {
        complaints: 9,
        ..campaigns(40, 1000).tally
    };
    let found = report(|report| report.totals = figures(complained));
    let sentence = "9 of 1000 mails were complained about, 0.9 % (0.5–1.7 %): providers tolerate \
                    0.3 %";
    check(&found, "complaint_limit", sentence);
}

#[test]
fn a_step_that_nobody_answers_is_told_when_others_are_answered() {
    let with = |hook: u64, fomo: u64| {
        report(|report| {
            let fomo: Vec<StepRow> =
                steps([("hook", messages(hook, 300)), ("fomo", messages(0, fomo))]);
            report.steps = fomo;
        })
    };
    let sentence = "none of 240 mails of step `fomo` was answered: at most 1.6 % ever are";
    check(&with(3, 240), "silent_step", sentence);
    assert_eq!(codes(&with(3, 150)), "more_leads", "2.5 % may still be");
    assert_eq!(codes(&with(0, 240)), "more_leads", "no step is answered");
}

#[test]
fn opens_by_programs_are_told_when_they_outnumber_people() {
    let with = |machine_opens: u64, opened: u64| {
        let tally = campaigns(40, 1000).tally;
        report(|report| {
            report.totals = figures(Tally {
                machine_opens,
                opened,
                ..tally
            });
        })
    };
    let sentence = "programs asked for the pictures of mails 210 times, people opened 90";
    check(&with(210, 90), "open_tracking", sentence);
    assert_eq!(codes(&with(29, 2)), "more_leads");
    assert_eq!(codes(&with(210, 211)), "more_leads");
}

#[test]
fn nothing_supported_says_what_it_would_take() {
    #[track_caller]
    fn with(replied: u64, reached: u64, expected: &str) {
        let found = report(|report| report.totals = campaigns(replied, reached));
        check(&found, "more_leads", expected);
    }
    let nothing = "nothing differs by more than chance shows";
    let halves = "that one half replies twice as often as the other";
    let small = "3 of 12 leads replied. To see";
    let more = "(assumed), takes 1682 leads more";
    with(
        3,
        12,
        &format!("{nothing}: {small} {halves}, at 4.0 % {more}"),
    );
    let more = "40 of 1000 leads replied. To see";
    with(
        40,
        1000,
        &format!("{nothing}: {more} {halves}, at 4.0 %, takes 694 leads more"),
    );
    let enough = "though 9000 leads, at 4.0 %, are enough to see";
    with(360, 9000, &format!("{nothing}, {enough} {halves}"));
    assert_eq!(codes(&empty()), "", "nobody was reached");
    // More than half replying is no reason to divide by nothing.
    let found = report(|report| report.totals = campaigns(95, 100));
    assert_eq!(codes(&found), "more_leads");
}

#[test]
fn chance_alone_makes_hardly_any_report_claim_a_difference() {
    let mut dice = Dice(20_260_330);
    let claims = |report: &Report| findings(report).iter().any(|f| f.p_value.is_some());
    let n_runs = 400;
    let n_false = (0..n_runs)
        .filter(|_| claims(&simulated(&mut dice, 800, 0.05, 0.05)))
        .count();
    assert!(n_false * 20 <= n_runs, "{n_false} of {n_runs}");
    // And the same leads with a real difference are not missed.
    let n_true = (0..20)
        .filter(|_| codes(&simulated(&mut dice, 800, 0.18, 0.04)).starts_with("segment"))
        .count();
    assert!(n_true >= 18, "{n_true} of 20");
}

#[test]
fn at_most_eight_are_told_each_table_once() {
    let found = report(|report| {
        let rows = || {
            let figures = Tally {
                opt_outs: 0,
                ..campaigns(40, 200).tally
            };
            [
                ("A", figures),
                ("B", campaigns(5, 400).tally),
                ("C", campaigns(2, 400).tally),
            ]
        };
        for (n, dimension) in (0..).zip(Dimension::ALL) {
            // Other numbers in each, so that none repeats another.
            let rows = rows().map(|(value, tally)| {
                let reached = tally.reached + n;
                (value, figures(Tally { reached, ..tally }))
            });
            report.segments.push(segment(dimension, rows));
        }
    });
    let found = findings(&found);
    assert_eq!(found.len(), 8);
    let p_values: Vec<f64> = found.iter().filter_map(|found| found.p_value).collect();
    assert!(p_values.is_sorted() && p_values.len() == 8);
}

#[test]
fn shares_are_told_with_as_many_digits_as_they_need() {
    let shown = [0.0, 0.0004, 0.045, 0.5, 1.0].map(percent);
    assert_eq!(shown, ["0.0 %", "0.04 %", "4.5 %", "50.0 %", "100.0 %"]);
}
