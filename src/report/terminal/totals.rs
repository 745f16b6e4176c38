//! The figures of everything together, as sentences.

use super::layout::wrapped;
use crate::metrics::{Report, percent};
use crate::report::words::{count, counted, duration, sentence};

pub(super) fn sentences(report: &Report, width: u16) -> Vec<String> {
    let lines = [
        vec![sent(report)],
        answers(report),
        trouble(report),
        tracking(report),
    ];
    let lines = lines.iter().flatten();
    lines.flat_map(|line| wrapped("", line, width)).collect()
}

fn sent(report: &Report) -> String {
    let tally = &report.totals.tally;
    let mut line = format!(
        "{} reached with {}",
        counted(tally.reached, "lead"),
        counted(tally.delivered, "mail")
    );
    if tally.bounced > 0 {
        line.push_str(&format!("; {} came back", count(tally.bounced)));
    }
    if tally.in_doubt > 0 {
        line.push_str(&format!(
            "; whether {} left, nobody knows (`outreach letters list`)",
            counted(tally.in_doubt, "more mail")
        ));
    }
    line
}

fn answers(report: &Report) -> Vec<String> {
    let totals = &report.totals;
    let mut replied = sentence(totals.reply_rate, "leads replied");
    if let Some(spread) = totals.time_to_reply {
        replied.push_str(&format!(
            "; half of them within {}, nine of ten within {}",
            duration(spread.median_seconds),
            duration(spread.p90_seconds)
        ));
    }
    let mut positive = sentence(totals.positive_rate, "leads replied positively");
    if totals.tally.negative > 0 {
        positive.push_str(&format!(
            "; {} not interested",
            count(totals.tally.negative)
        ));
    }
    let opt_outs = sentence(totals.opt_out_rate, "leads opted out");
    vec![replied, positive, opt_outs]
}

fn trouble(report: &Report) -> Vec<String> {
    let totals = &report.totals;
    let mut bounced = sentence(totals.bounce_rate, "mails came back");
    if let Some(limit) = report.bounce_rate_max {
        bounced.push_str(&format!("; the limit is {}", percent(limit)));
    }
    let complaints = totals.tally.complaints;
    let mut lines = vec![bounced];
    if complaints > 0 {
        lines.push(format!(
            "somebody complained about {}",
            counted(complaints, "mail")
        ));
    }
    lines
}

/// What is known of opens and clicks, and how much of it programs did.
fn tracking(report: &Report) -> Vec<String> {
    let (totals, tally) = (&report.totals, &report.totals.tally);
    let by_programs = |n: u64, what: &str| match n {
        0 => String::new(),
        n => format!("; {} by programs not counted", counted(n, what)),
    };
    let mut lines = Vec::new();
    if tally.open_tracked > 0 {
        let opened = sentence(totals.open_rate, "mails were opened by a person");
        lines.push(opened + &by_programs(tally.machine_opens, "open"));
    }
    if tally.click_tracked > 0 {
        let clicked = sentence(totals.click_rate, "mails had a link followed by a person");
        lines.push(clicked + &by_programs(tally.machine_clicks, "click"));
    }
    if lines.is_empty() {
        lines.push("opens and clicks are not tracked, which lets more mails arrive".to_string());
    }
    lines
}
