//! The sentence that explains a lead's state, the same in the base and on the terminal.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::view::{CampaignView, CommandView, LeadView, StepView};
use crate::calendar::Zone;
use crate::campaign::{CampaignState, Command, MessageState};

/// Why the lead stands where it stands, in one sentence on one line:
/// `active: hook sent 2 Mar, proof due 5 Mar 09:00 Europe/Berlin`. While a command of people's is
/// the latest news, its outcome follows as a second sentence.
pub fn notes(view: &LeadView) -> String {
    let sentence = match (&view.campaign, &view.reject) {
        (Some(campaign), _) => of_campaign(campaign),
        (None, Some(reject)) => format!("rejected: {} — {}", reject.reason.code(), reject.detail),
        (None, None) => "eligible: waits for its texts".to_string(),
    };
    let text = match &view.command {
        Some(command) => {
            let zone = view.campaign.as_ref().map_or("UTC", |c| c.zone.as_str());
            let sentence = sentence.trim_end_matches('.');
            format!("{sentence}. {}", of_command(command, zone))
        }
        None => sentence,
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What came of a command. The instant makes the same answer to a second command another text.
fn of_command(command: &CommandView, zone: &str) -> String {
    let CommandView { word, outcome, .. } = command;
    let at = local(command.read_at, zone).format("%-d %b %H:%M");
    // The answer to an unknown word repeats it.
    let word = Command::parse(word).map_or(String::new(), |known| format!(" {}", known.label()));
    format!("Campaign_Command{word}, {at}: {outcome}.")
}

fn of_campaign(campaign: &CampaignView) -> String {
    let detail = campaign
        .detail
        .as_deref()
        .filter(|detail| !detail.trim().is_empty());
    match campaign.state {
        CampaignState::Draft => "draft: waits for its texts".to_string(),
        CampaignState::Review => {
            format!(
                "needs review: {}",
                detail.unwrap_or("a person must approve the texts")
            )
        }
        CampaignState::Active => format!("active: {}", progress(campaign)),
        CampaignState::Paused => {
            let until = match campaign.paused_until {
                Some(at) => format!(" until {}", hour(at, &campaign.zone)),
                None => String::new(),
            };
            format!("paused{until}: {}", detail.unwrap_or("a person paused it"))
        }
        CampaignState::Responded => {
            let kind = campaign
                .shown_response()
                .map_or("an answer", |kind| kind.label());
            let on = campaign
                .response_at
                .map_or_else(String::new, |at| format!(" on {}", day(at, &campaign.zone)));
            let to = campaign.responding_step.as_deref();
            let to = to.map_or_else(String::new, |step| format!(", to {step}"));
            format!("responded: {kind}{on}{to}")
        }
        CampaignState::Completed => {
            let n_sent = campaign
                .steps
                .iter()
                .filter(|step| step.sent_at.is_some())
                .count();
            let mails = if n_sent == 1 { "mail" } else { "mails" };
            format!("completed: {n_sent} {mails} sent, no answer")
        }
        CampaignState::Stopped => {
            let why = campaign
                .stop_reason
                .map_or("for a reason not kept", |r| r.sentence());
            let detail = detail.map_or_else(String::new, |detail| format!(" ({detail})"));
            let after = campaign
                .last_sent()
                .and_then(|step| Some((step, step.sent_at?)));
            let after = after.map_or_else(String::new, |(step, at)| {
                format!(", after {} on {}", step.name, day(at, &campaign.zone))
            });
            format!("stopped: {why}{detail}{after}")
        }
    }
}

/// What left last, what needs a person, and what comes next.
fn progress(campaign: &CampaignView) -> String {
    let zone = &campaign.zone;
    let sent = campaign
        .last_sent()
        .and_then(|step| Some((step, step.sent_at?)));
    let mut parts: Vec<String> = sent
        .map(|(step, at)| format!("{} sent {}", step.name, day(at, zone)))
        .into_iter()
        .collect();
    let with_detail = |step: &StepView, what: &str| match step.detail.as_deref() {
        Some(detail) => format!("{} {what}: {detail}", step.name),
        None => format!("{} {what}", step.name),
    };
    for step in &campaign.steps {
        match step.state {
            MessageState::Sending => parts.push(format!("{} is leaving", step.name)),
            MessageState::InDoubt => parts.push(with_detail(step, "is in doubt")),
            MessageState::Dead => parts.push(with_detail(step, "could not be delivered")),
            _ => {}
        }
    }
    let undated = campaign
        .steps
        .iter()
        .find(|step| step.state == MessageState::Drafted);
    match (
        campaign
            .next_due()
            .and_then(|step| Some((step, step.due_at?))),
        undated,
    ) {
        (Some((step, at)), _) => parts.push(format!("{} due {}", step.name, hour(at, zone))),
        (None, Some(step)) => parts.push(format!("{} not dated yet", step.name)),
        (None, None) => {}
    }
    if parts.is_empty() {
        "nothing left to send".to_string()
    } else {
        parts.join(", ")
    }
}

fn day(at: DateTime<Utc>, zone: &str) -> String {
    local(at, zone).format("%-d %b").to_string()
}

fn hour(at: DateTime<Utc>, zone: &str) -> String {
    let zone = if Zone::parse(zone).is_ok() {
        zone
    } else {
        "UTC"
    };
    format!("{} {zone}", local(at, zone).format("%-d %b %H:%M"))
}

/// The wall clock in a zone; UTC in an unknown one.
pub(super) fn local(at: DateTime<Utc>, zone: &str) -> NaiveDateTime {
    Zone::parse(zone).unwrap_or_else(|_| Zone::utc()).local(at)
}
