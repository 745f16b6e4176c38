//! What the base should show of a lead, and what of it differs from what it was last told.
//!
//! Purpose: from the facts of one lead ([`LeadView`]) make the cells we own ([`desired`]), reduce
//! them to those that changed ([`difference`]), and decide about the one cell we share with people
//! ([`engagement`]). The columns and cells of a base are described here for every kind of base.
//! Invariant: only columns of [`WriteField`] are ever named; an empty cell is [`Value::Empty`],
//! never `""` (an Airtable select takes `""` for an unknown option); the same facts give the same
//! cells.
//! This module does not know how a base is reached, nor where the facts are kept.

mod columns;
mod edits;
mod field;
mod notes;
mod value;
mod view;
mod worth;

pub use columns::{column_rank, find_column, nearest_column};
pub use edits::{Edit, edits, seen, text_column};
pub use field::{StepField, WriteField};
pub use notes::notes;
pub use value::{Value, carried_out, cell_text, decode, encode, lead_text};
pub use view::{CampaignView, CommandView, LeadView, StepView};
pub use worth::{Worth, worth};

use std::collections::BTreeMap;

use crate::campaign::{CampaignState, MessageState, StopReason};
use crate::lead::RejectReason;

/// The longest `Message_Preview`, in characters.
const PREVIEW_CHARS_MAX: usize = 200;

/// `Engagement_Status` values, as the table's options spell them.
const AUTO_SEND: &str = "Auto-Send";
const SENT: &str = "Sent";
const SKIPPED: &str = "Skipped";
const NEEDS_REVIEW: &str = "Needs Review";
const ERROR: &str = "Error";

/// The cells the base should show for a lead, by column; a column that is absent should be empty.
///
/// `Engagement_Status` and `Campaign_Command` are not among them: the first is shared with people
/// and decided by [`engagement`], the second is only ever cleared, once the command was carried
/// out. A lead without a campaign, a reject and an answer to a command shows nothing: it waits, and
/// saying so for every waiting lead would spend calls on no news.
pub fn desired(view: &LeadView) -> BTreeMap<String, Value> {
    if view.campaign.is_none() && view.reject.is_none() && view.command.is_none() {
        return BTreeMap::new();
    }
    let mut cells = vec![(WriteField::CampaignNotes, Some(Value::Text(notes(view))))];
    if let Some(campaign) = &view.campaign {
        cells.extend(campaign_cells(campaign));
        cells.extend(campaign.steps.iter().flat_map(step_cells));
    }
    let filled = cells
        .into_iter()
        .filter_map(|(field, value)| Some((field.column(), value?)));
    filled.filter(|(_, value)| !value.is_empty()).collect()
}

fn campaign_cells(campaign: &CampaignView) -> [(WriteField, Option<Value>); 13] {
    let choice = |option: &str| Value::Choice(option.to_string());
    let n_opens = campaign.steps.iter().map(|step| step.opens).sum();
    let n_clicks = campaign.steps.iter().map(|step| step.clicks).sum();
    let last_sent_at = campaign.last_sent().and_then(|step| step.sent_at);
    let last_sent_on = last_sent_at.map(|at| notes::local(at, &campaign.zone).date());
    let next_due_at = campaign.next_due().and_then(|step| step.due_at);
    [
        (
            WriteField::CampaignId,
            Some(Value::Text(campaign.id.clone())),
        ),
        (
            WriteField::CampaignStatus,
            Some(choice(campaign.state.label())),
        ),
        (
            WriteField::CampaignStartedDate,
            campaign.started_at.map(Value::DateTime),
        ),
        (
            WriteField::CurrentMessageNumber,
            Some(count(campaign.current_number())),
        ),
        (WriteField::TotalCampaignOpens, Some(count(n_opens))),
        (WriteField::TotalCampaignClicks, Some(count(n_clicks))),
        (
            WriteField::CampaignResponseDate,
            campaign.response_at.map(Value::DateTime),
        ),
        (
            WriteField::CampaignResponseType,
            campaign.shown_response().map(|kind| choice(kind.label())),
        ),
        (
            WriteField::LastCampaignActivity,
            campaign.last_activity_at.map(Value::DateTime),
        ),
        (
            WriteField::NextMessageDate,
            next_due_at.map(Value::DateTime),
        ),
        (
            WriteField::MessagePreview,
            campaign
                .previewed()
                .map(|step| Value::Text(preview(&step.body))),
        ),
        (WriteField::LastContactedDate, last_sent_on.map(Value::Date)),
        (
            WriteField::DeliveryMethod,
            last_sent_at.map(|_| choice("Email")),
        ),
    ]
}

fn step_cells(step: &StepView) -> [(WriteField, Option<Value>); 4] {
    let of_step = |field| WriteField::Step {
        step: step.name.clone(),
        field,
    };
    [
        (
            of_step(StepField::MessageSubject),
            Some(Value::Text(step.subject.clone())),
        ),
        (
            of_step(StepField::MessageBody),
            Some(Value::Text(step.body.clone())),
        ),
        (
            of_step(StepField::MessageSentDate),
            step.sent_at.map(Value::DateTime),
        ),
        (
            of_step(StepField::MessageOpens),
            step.sent_at.map(|_| count(step.opens)),
        ),
    ]
}

fn count(n: u32) -> Value {
    Value::Number(i64::from(n))
}

/// The cells to write so that a base that was told `told` shows `desired`. A column that was told a
/// value and has none now becomes [`Value::Empty`]; a column never told is left alone.
pub fn difference(
    desired: &BTreeMap<String, Value>,
    told: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let is_told =
        |column: &String, value: &Value| told.get(column).unwrap_or(&Value::Empty) == value;
    let changed = desired
        .iter()
        .filter(|(column, value)| !is_told(column, &(*value).clone().or_empty()))
        .map(|(column, value)| (column.clone(), value.clone().or_empty()));
    let cleared = told
        .iter()
        .filter(|(column, value)| !value.is_empty() && !desired.contains_key(*column))
        .map(|(column, _)| (column.clone(), Value::Empty));
    changed.chain(cleared).collect()
}

/// What to write into `Engagement_Status`, if anything. `current` is what the base last showed us,
/// `told` what we last wrote.
///
/// The column belongs to people as well: we write only over an empty cell, `Auto-Send` or our own
/// last value, and never the same value twice, so that whoever sets it back after us keeps it.
pub fn engagement(view: &LeadView, current: &str, told: Option<&str>) -> Option<Value> {
    let current = current.trim();
    let wanted = match wanted_engagement(view) {
        Some(wanted) => wanted,
        // Approved, not sent yet: take our own mark back, or the lead would not look sendable.
        None if told == Some(NEEDS_REVIEW) && left_review(view) => AUTO_SEND,
        None => return None,
    };
    let is_ours = may_be_written_over(told).iter().any(|text| text == current);
    let is_news = told != Some(wanted) && current != wanted;
    (is_ours && is_news).then(|| Value::Choice(wanted.to_string()))
}

/// What may stand in `Engagement_Status` where we write it: anything else a person put there.
pub fn may_be_written_over(told: Option<&str>) -> Vec<String> {
    let ours = ["", AUTO_SEND].into_iter().chain(told);
    ours.map(str::to_string).collect()
}

fn wanted_engagement(view: &LeadView) -> Option<&'static str> {
    let Some(campaign) = &view.campaign else {
        let reject = view.reject.as_ref()?;
        return (reject.reason == RejectReason::Suppressed).then_some(SKIPPED);
    };
    let is_dead = campaign
        .steps
        .iter()
        .any(|step| step.state == MessageState::Dead)
        || campaign.stop_reason == Some(StopReason::Undeliverable);
    match campaign.state {
        CampaignState::Review => Some(NEEDS_REVIEW),
        CampaignState::Responded => Some(SENT),
        _ if is_dead => Some(ERROR),
        _ if campaign.last_sent().is_some() => Some(SENT),
        CampaignState::Stopped => Some(SKIPPED),
        CampaignState::Draft
        | CampaignState::Active
        | CampaignState::Paused
        | CampaignState::Completed => None,
    }
}

fn left_review(view: &LeadView) -> bool {
    let state = view.campaign.as_ref().map(|campaign| campaign.state);
    matches!(state, Some(CampaignState::Active | CampaignState::Paused))
}

/// A body on one line, cut at a word.
fn preview(body: &str) -> String {
    let mut line = String::new();
    for word in body.split_whitespace() {
        let n_chars = line.chars().count();
        if n_chars + 1 + word.chars().count() > PREVIEW_CHARS_MAX {
            if line.is_empty() {
                line.extend(word.chars().take(PREVIEW_CHARS_MAX));
            }
            line.push('…');
            break;
        }
        if n_chars > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests;
