//! The planner and the gate against an oracle that shares no code with them: 20,000 leads, settings
//! and instants worked out in Python. `tests/oracle/make.py` says how, and where the two differ.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::fixture::{itinerary, limits, sender, settings};
use super::{Gate, Itinerary, Settings, StepState, dated, gate};
use crate::calendar::{ClosingDays, Window, is_business_day};
use crate::campaign::DelayUnit;

const LINES: &str = include_str!("../../tests/oracle/planning.csv");

/// One line of the table.
struct Case {
    lead: Itinerary,
    settings: Settings,
    now: DateTime<Utc>,
    is_business_day: bool,
    gate_opens: DateTime<Utc>,
    due: [DateTime<Utc>; 3],
    window: (DateTime<Utc>, DateTime<Utc>),
    open_minutes: i64,
}

fn closing_days() -> ClosingDays {
    let mut lines = LINES.lines();
    let days = lines
        .find_map(|line| line.strip_prefix("# closed: "))
        .unwrap();
    ClosingDays::parse(&days.replace(' ', "\n")).unwrap()
}

fn case(line: &str, closed: &ClosingDays) -> Case {
    let mut cells = line.split(',');
    let mut cell = || cells.next().unwrap();
    let (zone, country, window) = (cell(), cell(), cell());
    let delays: Vec<u32> = cell()
        .split('/')
        .map(|days| days.parse().unwrap())
        .collect();
    let flags = cell();
    let instant = |text: &str| DateTime::from_timestamp(text.parse().unwrap(), 0).unwrap();
    let mut lead = itinerary(
        7,
        zone,
        country,
        delays.try_into().unwrap(),
        "undated, undated, undated",
    );
    lead.sequence.respect_business_days = flags.contains('r');
    if flags.contains('b') {
        lead.sequence.delay_unit = DelayUnit::Business;
    }
    let mut settings = settings();
    settings.window = Window::parse(window).unwrap();
    if flags.contains('c') {
        settings.closing_days = closed.clone();
    }
    Case {
        lead,
        settings,
        now: instant(cell()),
        is_business_day: cell() == "1",
        gate_opens: instant(cell()),
        due: [instant(cell()), instant(cell()), instant(cell())],
        window: (instant(cell()), instant(cell())),
        open_minutes: cell().parse().unwrap(),
    }
}

/// The first answer that is not the oracle's.
fn difference(case: &mut Case) -> Option<String> {
    let Case { lead, settings, .. } = case;
    let (now, zone) = (case.now, lead.zone.clone());
    let today = zone.local_date(now);
    if is_business_day(&lead.country, today) != case.is_business_day {
        return Some(format!(
            "{today} is a business day: {}",
            case.is_business_day
        ));
    }
    let passes = |lead: &Itinerary, number: u32, at: DateTime<Utc>, opens: DateTime<Utc>| {
        let found = match gate(lead, number, settings, at) {
            Gate::Go => at,
            Gate::Wait { until, .. } => until,
            Gate::Blocked { reason } => return Some(format!("step {number} blocked: {reason}")),
        };
        (found != opens).then(|| format!("gate of step {number} at {at}: {found}, not {opens}"))
    };
    let mut found = passes(lead, 1, now, case.gate_opens);

    let book = sender("ada", limits(), &[]);
    let plan = dated(std::slice::from_ref(lead), &[book], settings, now);
    let due: Vec<DateTime<Utc>> = plan.slots.iter().map(|slot| slot.due_at).collect();
    if due != case.due {
        found = found.or(Some(format!("planned {due:?}, not {:?}", case.due)));
    }

    let hook_day: NaiveDate = zone.local_date(case.due[0]);
    let spans = settings.window.spans(&zone, hook_day);
    let edges = spans.first().zip(spans.last()).map(|(a, b)| (a.0, b.1));
    let minutes: i64 = spans.iter().map(|(a, b)| (*b - *a).num_minutes()).sum();
    if edges != Some(case.window) || minutes != case.open_minutes {
        let (hours, window) = (settings.window, case.window);
        found = found.or(Some(format!("{hours}: {spans:?}, not {window:?}")));
    }
    let last = case.window.1 - TimeDelta::seconds(1);
    found = found.or(passes(lead, 1, last, last));
    if gate(lead, 1, settings, case.window.1) == Gate::Go {
        found = found.or(Some("the window's close is inside".to_string()));
    }

    // Each step as it leaves: a second before its time it waits for it, then it may go.
    for (index, number) in [(1, 2), (2, 3)] {
        lead.steps[index - 1].state = StepState::Sent(case.due[index - 1]);
        let due = case.due[index];
        let before = due - TimeDelta::seconds(1);
        found = found.or(passes(lead, number, before, due));
        found = found.or(passes(lead, number, due, due));
        found = found.or(passes(lead, number, case.due[index - 1], due));
    }
    found
}

#[test]
fn every_line_of_the_oracle_is_what_planner_and_gate_say() {
    let closed = closing_days();
    let lines = LINES.lines().filter(|line| !line.starts_with('#'));
    let mut differences = Vec::new();
    let mut n_lines = 0;
    for line in lines {
        n_lines += 1;
        let found = difference(&mut case(line, &closed));
        differences.extend(found.map(|found| format!("{line}\n  {found}")));
    }
    assert_eq!(n_lines, 20_000);
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences
            .iter()
            .take(8)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}
