//! What the data supports doing next, and nothing that it does not.
//!
//! Every comparison is an exact test, and its p-value allows for how many comparisons were made:
//! where nothing but chance is at work, at most one report in twenty claims any difference at all.
//! A difference too small to matter is none. This module does not know why things differ: who was
//! written to is nobody's experiment, and the advice is worded accordingly.

mod chance;
mod comparison;

use comparison::{Comparison, Measure, Table};

use super::{Dimension, Finding, Rate, Report, SAMPLE_MIN};

/// A finding is told when chance alone shows as much in at most so many of all reports.
const P_MAX: f64 = 0.05;

/// Shares that differ by less than this are told apart by large samples, but nobody acts on it.
const RATIO_MIN: f64 = 1.25;

/// More would not be read.
const FINDINGS_MAX: usize = 8;

/// A step without any answer is told once it can hardly be answered more often than this.
const SILENT_HIGH_MAX: f64 = 0.02;

/// Google's "Email sender guidelines" ask for a rate of complaints that never reaches this share.
const COMPLAINT_RATE_MAX: f64 = 0.003;

/// What is planned with until there are answers to count.
const REPLY_RATE_ASSUMED: f64 = 0.04;

/// What the figures of a report support, the strongest first: limits that are exceeded, then
/// differences by their p-value, then what adds nothing. When they support nothing, what it would
/// take. None without anybody reached. [`Report::findings`] is not looked at.
pub fn findings(report: &Report) -> Vec<Finding> {
    let mut findings = bounces_over_limit(report);
    findings.extend(complaints_over_limit(report));
    findings.extend(differences(report));
    findings.extend(silent_steps(report));
    findings.extend(unreliable_opens(report));
    findings.truncate(FINDINGS_MAX);
    if findings.is_empty() {
        findings.extend(what_it_takes(report));
    }
    findings
}

/// A share for people, `4.5 %`; small ones with one digit more.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent > 0.0 && percent < 0.1 {
        true => format!("{percent:.2} %"),
        false => format!("{percent:.1} %"),
    }
}

/// A share with its interval, `4.5 % (2.7–7.5 %)`.
pub fn with_interval(rate: Rate) -> String {
    let share = percent(rate.share.unwrap_or_default());
    let low = percent(rate.low);
    format!(
        "{share} ({}–{})",
        low.trim_end_matches(" %"),
        percent(rate.high)
    )
}

fn bounces_over_limit(report: &Report) -> Vec<Finding> {
    let Some(limit) = report.bounce_rate_max else {
        return Vec::new();
    };
    let senders = report.segments.iter();
    let senders = senders.filter(|segment| segment.dimension == Dimension::Sender);
    let rows = senders.flat_map(|segment| &segment.rows);
    let mut rates: Vec<(String, Rate)> = rows
        .map(|row| (format!(" of `{}`", row.value), row.figures.bounce_rate))
        .collect();
    if rates.len() < 2 {
        rates = vec![(String::new(), report.totals.bounce_rate)];
    }
    rates.retain(|(_, rate)| rate.is_enough && rate.low > limit);
    rates.sort_by(|a, b| b.1.low.total_cmp(&a.1.low));
    // Two senders are enough to see what is wrong; the table shows the others.
    let told = rates.into_iter().take(2).map(|(whose, rate)| Finding {
        code: "bounce_limit".to_string(),
        sentence: format!(
            "{} of {} mails{whose} came back, {}: more than the limit of {}",
            rate.n,
            rate.of,
            with_interval(rate),
            percent(limit)
        ),
        advice: "write only to addresses that were verified lately, until the share has fallen; \
                 providers judge a sender by it"
            .to_string(),
        p_value: None,
    });
    told.collect()
}

fn complaints_over_limit(report: &Report) -> Option<Finding> {
    let tally = &report.totals.tally;
    let rate = Rate::new(tally.complaints, tally.delivered);
    let is_over = rate.is_enough && rate.low > COMPLAINT_RATE_MAX;
    is_over.then(|| Finding {
        code: "complaint_limit".to_string(),
        sentence: format!(
            "{} of {} mails were complained about, {}: providers tolerate {}",
            rate.n,
            rate.of,
            with_interval(rate),
            percent(COMPLAINT_RATE_MAX)
        ),
        advice: "stop sending until it is clear who complains; fewer and better chosen leads are \
                 the only lasting cure"
            .to_string(),
        p_value: None,
    })
}

/// What differs by more than chance shows; of each table and measure the clearest: the others of a
/// table differ for that one's sake as well.
fn differences(report: &Report) -> Vec<Finding> {
    let (all, n_made) = comparison::all(report);
    let p_values: Vec<f64> = all.iter().map(|comparison| comparison.p_value).collect();
    let allowed_for = chance::holm(&p_values, n_made);
    let mut found: Vec<(f64, Comparison)> = allowed_for.into_iter().zip(all).collect();
    found.retain(|(p, comparison)| {
        let is_harm = comparison.is_higher() || comparison.measure.is_wanted();
        *p <= P_MAX && comparison.ratio() >= RATIO_MIN && is_harm
    });
    found.sort_by(|(p, a), (q, b)| p.total_cmp(q).then(b.ratio().total_cmp(&a.ratio())));
    let mut told: Vec<(f64, Comparison)> = Vec::new();
    for (p, comparison) in found {
        let is_news = told.iter().all(|(_, known)| {
            let same_table = known.table == comparison.table;
            // One template in one country for one trade is one finding, not three.
            let same_leads =
                (known.rate, known.rest_rate) == (comparison.rate, comparison.rest_rate);
            known.measure != comparison.measure || !(same_table || same_leads)
        });
        if is_news {
            told.push((p, comparison));
        }
    }
    told.iter().map(|(p, told)| difference(told, *p)).collect()
}

fn difference(comparison: &Comparison, p_value: f64) -> Finding {
    let Comparison { rate, one, .. } = comparison;
    let is_of_messages = match comparison.table {
        Table::Segment(dimension) => dimension.is_of_messages(),
        _ => true,
    };
    let happened = match (comparison.measure, is_of_messages) {
        (Measure::Replied, false) => "leads replied",
        (Measure::Replied, true) => "mails were answered",
        (Measure::Positive, false) => "leads replied positively",
        (Measure::Positive, true) => "mails got a positive answer",
        (Measure::OptOut, false) => "leads opted out",
        (Measure::OptOut, true) => "mails led to an opt-out",
        (Measure::Bounced, _) => "mails came back",
    };
    let about = match comparison.table {
        Table::Segment(dimension) => dimension.in_words(),
        Table::Step => "step",
        Table::Subject => "subject",
        Table::Opening => "opening",
        Table::Slot => "sent on",
    };
    let rest = comparison.rest_rate;
    Finding {
        code: code(comparison.table, comparison.measure).to_string(),
        sentence: format!(
            "{about} {one}: {} of {} {happened}, {}; {}: {} of {}, {}",
            rate.n,
            rate.of,
            with_interval(*rate),
            comparison.rest,
            rest.n,
            rest.of,
            with_interval(rest)
        ),
        advice: advice(comparison).to_string(),
        p_value: Some(p_value),
    }
}

fn code(table: Table, measure: Measure) -> &'static str {
    match (measure, table) {
        (Measure::OptOut, _) => "opt_outs",
        (Measure::Bounced, _) => "bounces",
        (_, Table::Segment(_)) => "segment",
        (_, Table::Step) => "step",
        (_, Table::Subject) => "subject",
        (_, Table::Opening) => "opening",
        (_, Table::Slot) => "slot",
    }
}

fn advice(comparison: &Comparison) -> &'static str {
    use Dimension::{Confidence, Hour, Sender, Tone, Variant, Weekday, Writer};
    match (comparison.measure, comparison.table, comparison.is_higher()) {
        (Measure::Bounced, Table::Segment(Confidence), _) => {
            "verify these addresses before they become leads, or leave them out"
        }
        (Measure::Bounced, ..) => "look at where this sender's leads come from",
        (Measure::OptOut, ..) => "drop or rewrite it: who opts out is lost for good",
        (_, Table::Slot | Table::Segment(Weekday | Hour), true) => {
            "let more mails leave then; SEND_WINDOW sets the hours"
        }
        (_, Table::Slot | Table::Segment(Weekday | Hour), false) => {
            "let fewer mails leave then; SEND_WINDOW sets the hours"
        }
        (_, Table::Step, true) => "see what this mail does that the others do not",
        (_, Table::Step, false) => "rewrite it, or end the sequence before it",
        (_, Table::Subject | Table::Opening, true) => "use it for more leads",
        (_, Table::Subject | Table::Opening, false) => "drop it",
        (_, Table::Segment(Tone | Writer | Variant), true) => {
            "use it for more leads, those of other kinds too"
        }
        (_, Table::Segment(Tone | Writer | Variant), false) => "use another one for these leads",
        (_, Table::Segment(Sender), true) => {
            "compare its leads, texts and reputation with those of the others"
        }
        (_, Table::Segment(Sender), false) => {
            "check whether its mails reach the inbox: `outreach doctor`, then a mail to yourself"
        }
        (_, Table::Segment(_), true) => "find more leads of this kind",
        (_, Table::Segment(_), false) => "write to them differently, or to others instead",
    }
}

/// Steps after the first that nobody answers, as far as can be told.
fn silent_steps(report: &Report) -> Vec<Finding> {
    let others_answered = report
        .steps
        .iter()
        .any(|step| step.figures.tally.replied > 0);
    let steps = report.steps.iter().filter(|step| step.number > 1);
    let silent = steps.filter(|step| {
        let rate = step.figures.reply_rate;
        others_answered && rate.n == 0 && rate.high <= SILENT_HIGH_MAX
    });
    let told = silent.map(|step| {
        let rate = step.figures.reply_rate;
        Finding {
            code: "silent_step".to_string(),
            sentence: format!(
                "none of {} mails of step `{}` was answered: at most {} ever are",
                rate.of,
                step.step,
                percent(rate.high)
            ),
            advice: "rewrite it, or end the sequence before it: each further mail is a chance to \
                     be complained about"
                .to_string(),
            p_value: None,
        }
    });
    told.collect()
}

fn unreliable_opens(report: &Report) -> Option<Finding> {
    let tally = &report.totals.tally;
    let is_noise = tally.machine_opens >= SAMPLE_MIN && tally.machine_opens > tally.opened;
    is_noise.then(|| Finding {
        code: "open_tracking".to_string(),
        sentence: format!(
            "programs asked for the pictures of mails {} times, people opened {}",
            tally.machine_opens, tally.opened
        ),
        advice:
            "go by replies; opens say little here, and TRACK_OPENS=false lets more mails reach \
                 the inbox"
                .to_string(),
        p_value: None,
    })
}

/// How many leads would show a difference worth acting on.
fn what_it_takes(report: &Report) -> Option<Finding> {
    let rate = report.totals.reply_rate;
    if rate.of == 0 {
        return None;
    }
    let seen = rate.share.filter(|share| rate.is_enough && *share > 0.0);
    // Two halves of all leads that together reply as often as those so far, one twice as often as
    // the other. Where more than half reply, a doubling is not possible any more.
    let share = seen.unwrap_or(REPLY_RATE_ASSUMED).min(0.5);
    let needed = 2.0 * chance::group_size(share * 2.0 / 3.0, share * 4.0 / 3.0).ceil();
    let more = needed - rate.of as f64;
    let basis = match seen {
        Some(_) => format!("at {}", percent(share)),
        None => format!("at {} (assumed)", percent(share)),
    };
    let sentence = match more > 0.0 {
        true => format!(
            "nothing differs by more than chance shows: {} of {} leads replied. To see that one \
             half replies twice as often as the other, {basis}, takes {more} leads more",
            rate.n, rate.of
        ),
        false => format!(
            "nothing differs by more than chance shows, though {} leads, {basis}, are enough to \
             see that one half replies twice as often as the other",
            rate.of
        ),
    };
    let advice = match more > 0.0 {
        true => "change one thing at a time, and go by these figures once there are so many",
        false => "try something bolder than what was varied so far",
    };
    Some(Finding {
        code: "more_leads".to_string(),
        sentence,
        advice: advice.to_string(),
        p_value: None,
    })
}

#[cfg(test)]
mod tests;
