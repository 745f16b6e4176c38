//! Reports for the tests of findings, and of how a report is shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::metrics::{
    CohortRow, DayRow, Dimension, Figures, Filter, FunnelRow, Rate, Report, SAMPLE_MIN, Segment,
    SegmentRow, SlotRow, Spread, StateRow, StepRow, Tally, WordingRow, findings,
};

/// The figures of a tally: of campaigns when it has reached somebody, else of messages.
pub(crate) fn figures(tally: Tally) -> Figures {
    let of = match tally.reached {
        0 => tally.delivered,
        reached => reached,
    };
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
            median_seconds: 5 * 3600,
            p90_seconds: 52 * 3600,
        }),
    }
}

/// Campaigns of which so many replied; half of these are positive.
pub(crate) fn campaigns(replied: u64, reached: u64) -> Figures {
    figures(Tally {
        reached,
        sent: reached,
        delivered: reached,
        replied,
        positive: replied / 2,
        ..Tally::default()
    })
}

/// Messages of which so many were answered, positively so.
pub(crate) fn messages(answered: u64, delivered: u64) -> Figures {
    figures(Tally {
        sent: delivered,
        delivered,
        replied: answered,
        positive: answered,
        ..Tally::default()
    })
}

/// A dimension from its values.
pub(crate) fn segment<const N: usize>(dimension: Dimension, rows: [(&str, Figures); N]) -> Segment {
    let rows = rows.into_iter().map(|(value, figures)| SegmentRow {
        value: value.to_string(),
        figures,
    });
    Segment {
        dimension,
        rows: rows.collect(),
    }
}

/// Steps in order.
pub(crate) fn steps<const N: usize>(rows: [(&str, Figures); N]) -> Vec<StepRow> {
    let rows = rows.into_iter().zip(1..);
    let rows = rows.map(|((step, figures), number)| StepRow {
        step: step.to_string(),
        number,
        figures,
    });
    rows.collect()
}

/// A wording of a step.
pub(crate) fn wording(step: &str, wording: &str, figures: Figures) -> WordingRow {
    WordingRow {
        step: step.to_string(),
        key: wording.bytes().map(i64::from).sum(),
        wording: wording.to_string(),
        figures,
    }
}

/// A report of a ledger in which nothing was sent.
pub(crate) fn empty() -> Report {
    Report {
        generated_at: "2026-03-30T10:00:00Z".parse::<DateTime<Utc>>().unwrap(),
        filter: Filter::default(),
        sample_min: SAMPLE_MIN,
        states: Vec::new(),
        totals: figures(Tally::default()),
        steps: Vec::new(),
        funnel: Vec::new(),
        segments: Vec::new(),
        subjects: Vec::new(),
        openings: Vec::new(),
        cohorts: Vec::new(),
        days: Vec::new(),
        slots: Vec::new(),
        bounce_rate_max: Some(0.02),
        findings: Vec::new(),
    }
}

/// A report with something in every table. `industry` is what the largest industry is called.
pub(crate) fn invented(industry: &str) -> Report {
    let mut report = empty();
    report.totals = figures(Tally {
        reached: 310,
        sent: 752,
        delivered: 745,
        bounced: 7,
        in_doubt: 1,
        open_tracked: 400,
        opened: 90,
        click_tracked: 400,
        clicked: 12,
        machine_opens: 210,
        machine_clicks: 4,
        replied: 14,
        positive: 8,
        negative: 3,
        opt_outs: 4,
        complaints: 1,
    });
    report.states = [("active", 40), ("completed", 250), ("responded", 14)]
        .map(|(state, n)| StateRow {
            state: state.to_string(),
            n,
        })
        .to_vec();
    report.steps = steps([
        ("hook", messages(9, 310)),
        ("proof", messages(5, 235)),
        ("fomo", messages(0, 200)),
    ]);
    let funnel = [
        ("hook", 310, 9),
        ("proof", 235, 5),
        ("fomo", 200, 0),
        ("response", 14, 0),
        ("positive", 8, 0),
    ];
    report.funnel = funnel
        .map(|(stage, n, replies_added)| FunnelRow {
            stage: stage.to_string(),
            n,
            of_first: Rate::new(n, 310),
            replies_added,
            share_added: (n >= 200).then(|| Rate::new(replies_added, 14)),
        })
        .to_vec();
    report.segments = vec![
        segment(
            Dimension::Industry,
            [
                (industry, campaigns(10, 200)),
                ("Bakeries", campaigns(4, 90)),
                (crate::metrics::UNKNOWN, campaigns(0, 20)),
            ],
        ),
        segment(Dimension::Confidence, [("Real", campaigns(14, 310))]),
    ];
    report.subjects = vec![
        wording("hook", "quick idea for {company}", messages(8, 160)),
        wording("hook", "a thought on {company}", messages(1, 150)),
        wording("proof", "", messages(1, 12)),
    ];
    report.openings = vec![wording(
        "hook",
        "i saw that {company} ships bread",
        messages(9, 310),
    )];
    report.cohorts = (5u64..=9)
        .map(|week| CohortRow {
            week: format!("2026-W{week:02}"),
            figures: campaigns(week - 4, 20 * (week - 4)),
        })
        .collect();
    let monday = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    report.days = (0..5)
        .map(|n| DayRow {
            day: monday.checked_add_days(Days::new(n)).unwrap(),
            sent: 10 * n,
            ..DayRow::default()
        })
        .collect();
    report.slots = [
        (1, 9, 40, 3),
        (1, 10, 60, 1),
        (3, 14, 12, 1),
        (5, 16, 35, 0),
    ]
    .map(|(weekday, hour, delivered, replied)| SlotRow {
        weekday,
        hour,
        delivered,
        reply_rate: Rate::new(replied, delivered),
    })
    .to_vec();
    report.findings = findings(&report);
    report
}

/// Numbers that look like chance and are the same in every run (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    fn happens(&mut self, share: f64) -> bool {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 <= share
    }
}

/// A report of so many invented leads of all kinds, whatever they are. Those of the first of five
/// industries reply by the first share, the others by the second.
pub(crate) fn simulated(dice: &mut Dice, n_leads: u64, first: f64, others: f64) -> Report {
    let kinds = [
        (Dimension::Industry, 5),
        (Dimension::CompanySize, 6),
        (Dimension::Seniority, 7),
        (Dimension::Country, 12),
        (Dimension::Confidence, 2),
        (Dimension::Sender, 3),
        (Dimension::Variant, 4),
    ];
    let labels = ["hook", "proof", "fomo"];
    let mut segments: BTreeMap<(Dimension, u64), Tally> = BTreeMap::new();
    let (mut by_step, mut wordings) = ([Tally::default(); 3], BTreeMap::new());
    let mut slots: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
    let mut totals = Tally::default();
    for _ in 0..n_leads {
        let values = kinds.map(|(_, n)| dice.below(n));
        let share = if values[0] == 0 { first } else { others };
        let replied = dice.happens(share);
        let opt_out = !replied && dice.happens(0.02);
        let step = dice.below(3) as usize;
        let mut one = Tally {
            reached: 1,
            sent: 3,
            bounced: u64::from(dice.happens(0.02)),
            replied: u64::from(replied),
            positive: u64::from(replied && dice.happens(0.5)),
            opt_outs: u64::from(opt_out),
            ..Tally::default()
        };
        one.delivered = one.sent - one.bounced;
        totals = plus(totals, one);
        for ((dimension, _), value) in kinds.iter().zip(values) {
            let tally = segments.entry((*dimension, value)).or_default();
            *tally = plus(*tally, one);
        }
        for (number, of_step) in by_step.iter_mut().enumerate() {
            let credited = if number == step { 1 } else { 0 };
            let message = Tally {
                reached: 0,
                sent: 1,
                delivered: 1,
                bounced: 0,
                replied: one.replied * credited,
                positive: one.positive * credited,
                opt_outs: one.opt_outs * credited,
                ..one
            };
            *of_step = plus(*of_step, message);
            let tally: &mut Tally = wordings.entry((number, dice.below(6))).or_default();
            *tally = plus(*tally, message);
            let hour = (1 + dice.below(5) as u32, 9 + dice.below(8) as u32);
            let slot = slots.entry(hour).or_default();
            *slot = (slot.0 + message.replied, slot.1 + 1);
        }
    }
    let mut report = empty();
    report.bounce_rate_max = Some(0.1);
    report.totals = figures(totals);
    report.steps = steps([0, 1, 2].map(|number| (labels[number], figures(by_step[number]))));
    for (dimension, n) in kinds {
        let rows = (0..n).filter_map(|value| {
            let tally = segments.get(&(dimension, value))?;
            Some(SegmentRow {
                value: format!("value {value}"),
                figures: figures(*tally),
            })
        });
        let rows = rows.collect();
        report.segments.push(Segment { dimension, rows });
    }
    let rows = wordings.iter().map(|((number, n), tally)| {
        let text = format!("wording {n}");
        wording(labels[*number], &text, figures(*tally))
    });
    report.subjects = rows.collect();
    let rows = slots.into_iter().map(|((weekday, hour), (n, of))| SlotRow {
        weekday,
        hour,
        delivered: of,
        reply_rate: Rate::new(n, of),
    });
    report.slots = rows.collect();
    report
}

fn plus(a: Tally, b: Tally) -> Tally {
    Tally {
        reached: a.reached + b.reached,
        sent: a.sent + b.sent,
        delivered: a.delivered + b.delivered,
        bounced: a.bounced + b.bounced,
        replied: a.replied + b.replied,
        positive: a.positive + b.positive,
        opt_outs: a.opt_outs + b.opt_outs,
        ..a
    }
}
