//! Invented reports, from an empty one to three years with hostile texts.

use chrono::{Datelike, Days, NaiveDate};
use outreach::metrics::*;

/// Texts of leads that want to be more than text.
pub const HOSTILE: [&str; 6] = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=alert(1)> ' onload='x",
    "</title></style></svg><iframe srcdoc=x>",
    "{{ style }}{% include 'x' %}&lt;b&gt;",
    "\u{202e}txt.exe\u{2066} \u{200b}شركة النقل",
    "=HYPERLINK(\"http://evil.example\";\"click\")",
];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Figures of campaigns that reached so many leads, of whom so many replied.
pub fn figures(reached: u64, replied: u64) -> Figures {
    let sent = reached * 27 / 10 + u64::from(reached > 0);
    let bounced = sent * 3 / 100;
    let delivered = sent - bounced;
    let tally = Tally {
        reached,
        sent,
        delivered,
        bounced,
        in_doubt: reached / 900,
        open_tracked: delivered,
        opened: delivered * 38 / 100,
        click_tracked: delivered,
        clicked: delivered * 3 / 100,
        machine_opens: delivered * 21 / 100,
        machine_clicks: delivered / 30,
        replied,
        positive: replied * 2 / 5,
        negative: replied / 4,
        opt_outs: reached / 90,
        complaints: reached / 1_500,
    };
    rated(tally, reached)
}

/// The shares of a tally, of so many people or messages.
fn rated(tally: Tally, of: u64) -> Figures {
    Figures {
        tally,
        open_rate: Rate::new(tally.opened, tally.open_tracked),
        click_rate: Rate::new(tally.clicked, tally.click_tracked),
        bounce_rate: Rate::new(tally.bounced, tally.sent),
        reply_rate: Rate::new(tally.replied, of),
        positive_rate: Rate::new(tally.positive, of),
        opt_out_rate: Rate::new(tally.opt_outs, of),
        time_to_reply: (tally.replied > 0).then_some(Spread {
            n: tally.replied,
            median_seconds: 27 * 3_600 + 600,
            p90_seconds: 6 * 86_400,
        }),
    }
}

/// Figures of so many delivered messages.
fn of_messages(delivered: u64, replied: u64) -> Figures {
    let sent = delivered + delivered / 40;
    let tally = Tally {
        sent,
        delivered,
        bounced: sent - delivered,
        replied,
        positive: replied * 2 / 5,
        opt_outs: delivered / 150,
        open_tracked: delivered,
        opened: delivered / 3,
        ..Tally::default()
    };
    rated(tally, delivered)
}

/// A report nobody was written to in.
pub fn empty() -> Report {
    Report {
        generated_at: "2026-06-30T08:05:00Z".parse().unwrap(),
        filter: Filter::default(),
        sample_min: SAMPLE_MIN,
        states: Vec::new(),
        totals: rated(Tally::default(), 0),
        steps: Vec::new(),
        funnel: Vec::new(),
        segments: Vec::new(),
        subjects: Vec::new(),
        openings: Vec::new(),
        cohorts: Vec::new(),
        days: Vec::new(),
        slots: Vec::new(),
        bounce_rate_max: None,
        findings: Vec::new(),
    }
}

/// Three leads, one of whom replied.
pub fn tiny() -> Report {
    let mut report = empty();
    report.states = states(&[("active", 2), ("responded", 1)]);
    let tally = Tally {
        reached: 3,
        sent: 5,
        delivered: 5,
        replied: 1,
        positive: 1,
        ..Tally::default()
    };
    report.totals = rated(tally, 3);
    report.steps = vec![
        step("hook", 1, 3, 0),
        step("proof", 2, 2, 1),
        step("fomo", 3, 0, 0),
    ];
    report.funnel = funnel(&[("hook", 3, 0), ("proof", 2, 1), ("fomo", 0, 0)], 1, 1);
    report.segments = vec![segment(
        Dimension::Industry,
        &[("Logistics", 2, 1), ("Retail", 1, 0)],
    )];
    report.cohorts = vec![CohortRow {
        week: "2026-W26".to_string(),
        figures: report.totals,
    }];
    report.days = (22..27)
        .map(|n| DayRow {
            day: day(&format!("2026-06-{n}")),
            sent: 1,
            replied: u64::from(n == 26),
            positive: u64::from(n == 26),
            ..DayRow::default()
        })
        .collect();
    report.slots = vec![slot(1, 9, 3, 0), slot(3, 10, 2, 1)];
    report.bounce_rate_max = Some(0.05);
    report
}

/// Some months with everything in it, hostile texts where leads could have put them.
pub fn full() -> Report {
    let mut report = months("2026-03-02", 110);
    report.filter = Filter {
        since: Some(day("2026-03-01")),
        until: Some(day("2026-06-30")),
        segments: vec![
            (Dimension::Country, "DE".to_string()),
            (Dimension::Industry, HOSTILE[1].to_string()),
        ],
    };
    report
}

/// Three years of the same.
pub fn years() -> Report {
    months("2023-03-06", 3 * 365)
}

fn months(first: &str, n_days: u64) -> Report {
    let mut report = empty();
    report.states = states(&[
        ("active", 412),
        ("completed", 2_240),
        ("responded", 138),
        ("unsubscribed", 31),
        ("bounced", 63),
        ("paused", 4),
    ]);
    report.totals = figures(2_884, 138);
    report.steps = vec![
        step("hook", 1, 2_884, 71),
        step("proof", 2, 2_590, 49),
        step("fomo", 3, 2_330, 18),
        step(
            "Last call, with a label nobody would write on a narrow phone",
            4,
            12,
            0,
        ),
    ];
    report.funnel = funnel(
        &[
            ("hook", 2_884, 71),
            ("proof", 2_590, 49),
            ("fomo", 2_330, 18),
        ],
        138,
        55,
    );
    report.segments = segments();
    report.subjects = wordings(&[
        "Quick idea for {company}",
        "{first_name}, a thought on your warehouse in {city}",
        HOSTILE[0],
        HOSTILE[4],
        "",
    ]);
    report.openings = wordings(&[
        "I noticed that {company} opened a second site in {city}, and wondered who plans the tours now.",
        &"W".repeat(10_000),
        HOSTILE[3],
    ]);
    let first = day(first);
    report.days = days(first, n_days);
    report.cohorts = cohorts(first, n_days);
    report.slots = slots();
    report.bounce_rate_max = Some(0.05);
    report.findings = vec![
        finding(
            "segment",
            "Leads in logistics reply more often than all others: 9.1 % (38 of 418) against 4.1 % \
             (100 of 2,466).",
            "Write to more of them first; the next pull could prefer this industry.",
            Some(0.000_2),
        ),
        finding(
            "step",
            "The third mail brings 13 % of all replies and 41 % of all opt-outs.",
            HOSTILE[0],
            Some(0.018),
        ),
        finding(
            "bounces",
            HOSTILE[2],
            "Check the addresses marked as patterns.",
            None,
        ),
    ];
    report
}

fn states(rows: &[(&str, u64)]) -> Vec<StateRow> {
    let row = |(state, n): &(&str, u64)| StateRow {
        state: (*state).to_string(),
        n: *n,
    };
    rows.iter().map(row).collect()
}

fn finding(code: &str, sentence: &str, advice: &str, p_value: Option<f64>) -> Finding {
    Finding {
        code: code.to_string(),
        sentence: sentence.to_string(),
        advice: advice.to_string(),
        p_value,
    }
}

fn step(label: &str, number: u32, delivered: u64, replied: u64) -> StepRow {
    StepRow {
        step: label.to_string(),
        number,
        figures: of_messages(delivered, replied),
    }
}

fn funnel(steps: &[(&str, u64, u64)], replied: u64, positive: u64) -> Vec<FunnelRow> {
    let first = steps[0].1;
    let row = |stage: &str, n: u64, added: Option<u64>| FunnelRow {
        stage: stage.to_string(),
        n,
        of_first: Rate::new(n, first),
        replies_added: added.unwrap_or_default(),
        share_added: added.map(|added| Rate::new(added, replied)),
    };
    let mut rows: Vec<FunnelRow> = steps
        .iter()
        .map(|(stage, n, added)| row(stage, *n, Some(*added)))
        .collect();
    rows.push(row("response", replied, None));
    rows.push(row("positive", positive, None));
    rows
}

fn segment(dimension: Dimension, rows: &[(&str, u64, u64)]) -> Segment {
    let is_of_messages = matches!(dimension, Dimension::Weekday | Dimension::Hour);
    let count = if is_of_messages { of_messages } else { figures };
    let row = |(value, n, replied): &(&str, u64, u64)| SegmentRow {
        value: (*value).to_string(),
        figures: count(*n, *replied),
    };
    Segment {
        dimension,
        rows: rows.iter().map(row).collect(),
    }
}

fn segments() -> Vec<Segment> {
    let wide = "W".repeat(10_000);
    let industries = [
        ("Logistics", 418, 38),
        (
            "Manufacturing of precision instruments and medical devices",
            390,
            17,
        ),
        ("Retail", 240, 9),
        (HOSTILE[0], 120, 4),
        (HOSTILE[1], 64, 2),
        (HOSTILE[4], 31, 31),
        (HOSTILE[5], 30, 0),
        (wide.as_str(), 22, 1),
        (UNKNOWN, 5, 0),
        (OTHERS, 1_564, 36),
    ];
    vec![
        segment(Dimension::Industry, &industries),
        segment(
            Dimension::CompanySize,
            &[("11-50", 1_400, 70), ("51-200", 900, 30), ("1", 3, 0)],
        ),
        segment(
            Dimension::Seniority,
            &[("Head", 1_000, 66), ("C-level", 800, 20)],
        ),
        segment(
            Dimension::Country,
            &[("DE", 2_000, 99), ("AT", 500, 20), ("CH", 384, 19)],
        ),
        segment(
            Dimension::Tone,
            &[("friendly", 1_500, 90), ("formal", 1_384, 48)],
        ),
        segment(
            Dimension::Confidence,
            &[("Real", 2_300, 130), ("Pattern", 584, 8)],
        ),
        segment(
            Dimension::Sender,
            &[
                ("ada@example.com", 1_500, 80),
                (&format!("{}@example.com", "x".repeat(64)), 1_384, 58),
            ],
        ),
        segment(
            Dimension::Writer,
            &[("template", 2_000, 90), ("model", 884, 48)],
        ),
        segment(
            Dimension::Variant,
            &[("template:plain", 2_000, 90), ("some-model-8b", 884, 48)],
        ),
        segment(
            Dimension::Weekday,
            &[("Mon", 1_600, 20), ("Tue", 1_600, 40), ("Fri", 19, 1)],
        ),
        segment(
            Dimension::Hour,
            &[("08", 900, 12), ("09", 3_000, 60), ("17", 12, 0)],
        ),
    ]
}

fn wordings(texts: &[&str]) -> Vec<WordingRow> {
    let row = |(key, text): (i64, &&str)| WordingRow {
        step: ["hook", "proof", "fomo"][usize::try_from(key).unwrap() % 3].to_string(),
        key,
        wording: (*text).to_string(),
        figures: of_messages(700 / (u64::try_from(key).unwrap() * 4 + 1), 30),
    };
    (0..).zip(texts).map(row).collect()
}

/// Business days with a slow start, and the answers to them.
fn days(first: NaiveDate, n_days: u64) -> Vec<DayRow> {
    let all = (0..n_days).map(|n| (n, first + Days::new(n)));
    all.filter(|(_, day)| day.weekday().num_days_from_monday() < 5)
        .map(|(n, day)| {
            let sent = (20 + n * 3).min(90) - n * 7 % 11;
            let replied = n * 5 % 4;
            DayRow {
                day,
                sent,
                bounced: n % 3,
                replied,
                positive: replied / 2,
                opt_outs: u64::from(n.is_multiple_of(9)),
                opens: sent / 3,
                clicks: sent / 40,
            }
        })
        .collect()
}

fn cohorts(first: NaiveDate, n_days: u64) -> Vec<CohortRow> {
    let weeks = (0..n_days / 7).filter(|n| n % 13 != 5);
    weeks
        .map(|n| {
            let week = (first + Days::new(n * 7)).iso_week();
            let mut figures = figures(if n % 8 == 7 { 4 } else { 150 + n % 50 }, n % 9);
            let bounced = figures.tally.sent * (n * 5 % 7) / 100;
            figures.tally.bounced = bounced;
            figures.bounce_rate = Rate::new(bounced, figures.tally.sent);
            CohortRow {
                week: format!("{}-W{:02}", week.year(), week.week()),
                figures,
            }
        })
        .collect()
}

fn slot(weekday: u32, hour: u32, delivered: u64, replied: u64) -> SlotRow {
    SlotRow {
        weekday,
        hour,
        delivered,
        reply_rate: Rate::new(replied, delivered),
    }
}

fn slots() -> Vec<SlotRow> {
    let each = (1..=5).flat_map(|weekday| (8..=17).map(move |hour| (weekday, hour)));
    let mut slots: Vec<SlotRow> = each
        .map(|(weekday, hour)| {
            let delivered = if hour > 15 {
                11
            } else {
                u64::from(180 - 9 * hour)
            };
            let replied = u64::from((weekday * 3 + hour * 5) % 10);
            slot(weekday, hour, delivered, replied.min(delivered / 8))
        })
        .collect();
    slots.push(slot(6, 10, 2, 0));
    slots
}
