//! What people do in the base about a lead: an answer they know of, a hold, an edited text, a
//! command.
//!
//! Only what differs from what was read or written before is a person's doing. A command is carried
//! out once, in the transaction that stores the record, and answered in any case.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use outreach::campaign::{CampaignState, Command, Ruling, StopReason, command_word, unknown_word};
use outreach::changeset;
use outreach::copy::Draft;
use outreach::lead::{self, RawLead, ReadField};
use outreach::ledger::{LastCommand, LeadFacts, PullTransaction};

use crate::judgement::{QualityGate, hold_after_edit};
use crate::run::Summary;

/// What people's change of a record means for a campaign that is under way.
#[derive(Debug, PartialEq, Eq)]
enum Signal {
    Replied,
    Stop(String),
    Hold(String),
    BadData(String),
    Resume(String),
    Nothing,
}

/// The values of Engagement_Status by which a person holds a campaign.
const HOLDS: [&str; 2] = ["Needs Review", "Error"];

/// The reason a campaign waits for when a person held it in the base. It tells such a pause from
/// one of the operator's, which only the operator lifts.
fn hold_by_status(status: &str) -> String {
    format!("Engagement_Status: {status}")
}

fn signal(raw: &RawLead, facts: &LeadFacts) -> Signal {
    let status = raw.get(ReadField::EngagementStatus).trim();
    let before = facts.before.as_ref();
    let before = |field| {
        before
            .and_then(|fields| fields.get(&field))
            .map_or("", String::as_str)
    };
    let is_told = facts.told_status.as_deref() == Some(status);
    let is_news = status != before(ReadField::EngagementStatus).trim() && !is_told;
    if !raw.get(ReadField::Replied).is_empty() && before(ReadField::Replied).is_empty() {
        return Signal::Replied;
    }
    match status {
        "Skipped" if is_news => return Signal::Stop("Engagement_Status: Skipped".to_string()),
        _ if is_news && HOLDS.contains(&status) => return Signal::Hold(hold_by_status(status)),
        _ => {}
    }
    let held_by_status = HOLDS.map(hold_by_status);
    let is_held = facts.paused_by.as_deref() == Some("person")
        && facts
            .hold_reason
            .as_ref()
            .is_some_and(|why| held_by_status.contains(why));
    match lead::content_check(raw) {
        Err(reject) => Signal::BadData(format!("{}: {}", reject.reason.code(), reject.detail)),
        Ok(_) if facts.paused_by.as_deref() == Some("data") => {
            Signal::Resume("the lead passes the data check again".to_string())
        }
        Ok(_) if is_held && ["", "Auto-Send", "Sent"].contains(&status) => {
            Signal::Resume(format!("Engagement_Status: `{status}` again"))
        }
        Ok(_) => Signal::Nothing,
    }
}

/// Applies what a person changed in a record that was just read and stored: signs of an answer or a
/// hold first, then their texts, then their command, which may be about those texts.
///
/// `texts` is what the record holds in our own text columns, by our column name; none when they
/// were not asked for, and no entry for a cell that is empty or absent. `now` is when the pull
/// began, so that what another process told the base since is not taken for a person's doing.
pub fn follow(
    tx: &PullTransaction<'_>,
    raw: &RawLead,
    texts: Option<&BTreeMap<String, String>>,
    facts: &LeadFacts,
    gate: &QualityGate<'_>,
    now: DateTime<Utc>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    follow_signal(tx, raw, facts, now, summary)?;
    if let (Some((campaign, _, CampaignState::Review)), Some(cells)) = (&facts.campaign, texts) {
        take_edits(tx, raw, *campaign, cells, gate, now, summary)?;
    }
    let word = command_word(raw.get(ReadField::CampaignCommand));
    match hearing(&word, facts.command.as_ref(), now) {
        Hearing::Nothing => Ok(()),
        Hearing::Over(id) => tx.close_command(id, now),
        Hearing::News(before) => {
            if let Some(id) = before {
                tx.close_command(id, now)?;
            }
            summary.count("commands");
            let outcome = match obey(tx, raw, texts, &word, now)? {
                Ruling::CarryOut(outcome) => outcome.to_string(),
                Ruling::Answer(why) => {
                    summary.count("commands_not_carried_out");
                    why
                }
            };
            tx.record_command(&raw.record_id, &word, &outcome, now)
        }
    }
}

fn follow_signal(
    tx: &PullTransaction<'_>,
    raw: &RawLead,
    facts: &LeadFacts,
    now: DateTime<Utc>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let Some((campaign, _, state)) = &facts.campaign else {
        return Ok(());
    };
    let can_pause = matches!(state, CampaignState::Active | CampaignState::Paused);
    match signal(raw, facts) {
        Signal::Replied if state.may_become(CampaignState::Responded) => {
            summary.count("replied_by_hand");
            tx.replied_by_hand(*campaign, now)
        }
        Signal::Stop(why) if state.is_open() => {
            summary.count("stopped_by_person");
            tx.stop(*campaign, StopReason::ByPerson, &why, now)
        }
        Signal::Hold(why) if can_pause => {
            summary.count("paused_by_person");
            tx.pause(*campaign, "person", &why, now)
        }
        Signal::BadData(why) if *state == CampaignState::Active => {
            summary.count("paused_for_bad_data");
            tx.pause(*campaign, "data", &why, now)
        }
        Signal::Resume(why) if *state == CampaignState::Paused => {
            summary.count("resumed");
            tx.resume(*campaign, &why, now)
        }
        _ => Ok(()),
    }
}

/// Takes the texts a person changed while the campaign is still in review.
fn take_edits(
    tx: &PullTransaction<'_>,
    raw: &RawLead,
    campaign: i64,
    cells: &BTreeMap<String, String>,
    gate: &QualityGate<'_>,
    now: DateTime<Utc>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let standing = tx.standing(&raw.record_id)?;
    if standing.is_none_or(|(_, standing)| standing.state != CampaignState::Review) {
        return Ok(());
    }
    let texts = tx.texts(campaign)?;
    // The record may have been read before another process showed our newer texts in it; that
    // write makes the next pull read it again.
    if texts.rewrites > 0 && texts.told_at.is_some_and(|at| at >= now) {
        return Ok(());
    }
    let edits = changeset::edits(&texts.steps, cells, &texts.told, &texts.writing);
    if edits.is_empty() {
        return Ok(());
    }
    summary.count("edited_by_person");
    tx.take_edits(campaign, &edits, &texts.told, now)?;
    judge_again(tx, raw, campaign, gate, now)
}

/// Judges the texts of a campaign as they stand after a person's edits, so that whoever approves
/// them knows. A lead whose fields are spoilt is judged by no text.
fn judge_again(
    tx: &PullTransaction<'_>,
    raw: &RawLead,
    campaign: i64,
    gate: &QualityGate<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let Ok(lead) = lead::content_check(raw) else {
        return Ok(());
    };
    let drafts: Vec<Draft> = tx
        .texts(campaign)?
        .steps
        .into_iter()
        .map(|step| Draft {
            step: step.name,
            subject: step.subject,
            body: step.body,
        })
        .collect();
    let judgement = match gate.judge(&lead, &drafts) {
        Ok(judgement) => judgement,
        Err(error) => {
            // The brand's file is for `generate` to insist on; the person's words are kept.
            tracing::warn!(
                "{}: its edited texts are not judged: {error:#}",
                raw.record_id
            );
            return Ok(());
        }
    };
    let issues = serde_json::to_string(&judgement.issues)?;
    let hold = hold_after_edit(&judgement);
    tx.judged_again(campaign, judgement.score, &issues, &hold, now)
}

/// What a cell of Campaign_Command means, given the command that was read before it.
#[derive(Debug, PartialEq, Eq)]
enum Hearing {
    /// Nothing was asked, or nothing new.
    Nothing,
    /// The cell of this open command is empty.
    Over(i64),
    /// A command to be answered; the open one before it, if any, is over.
    News(Option<i64>),
}

fn hearing(word: &str, last: Option<&LastCommand>, now: DateTime<Utc>) -> Hearing {
    let open = last.filter(|last| last.cleared_at.is_none());
    match (open, word.is_empty()) {
        (None, true) => Hearing::Nothing,
        (Some(open), true) => Hearing::Over(open.id),
        (Some(open), false) if open.word == word => Hearing::Nothing,
        (Some(open), false) => Hearing::News(Some(open.id)),
        // The cell was made empty after this pull began, so the record may have been read before
        // that. A person who said the same again since is heard by the next pull.
        (None, false) => match last {
            Some(last) if last.word == word && last.cleared_at >= Some(now) => Hearing::Nothing,
            _ => Hearing::News(None),
        },
    }
}

/// Carries a command out, or finds out why not.
fn obey(
    tx: &PullTransaction<'_>,
    raw: &RawLead,
    texts: Option<&BTreeMap<String, String>>,
    word: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<Ruling> {
    let Some(command) = Command::parse(word) else {
        return Ok(Ruling::Answer(unknown_word(word)));
    };
    let Some((campaign, mut standing)) = tx.standing(&raw.record_id)? else {
        let why = "not done: the lead has no campaign";
        return Ok(Ruling::Answer(why.to_string()));
    };
    standing.bad_data = lead::content_check(raw)
        .err()
        .map(|reject| format!("{}: {}", reject.reason.code(), reject.detail));
    if command == Command::Approve {
        standing.seen = changeset::seen(&tx.texts(campaign)?.steps, texts);
    }
    let ruling = command.ruling(&standing);
    if let Ruling::Answer(_) = ruling {
        return Ok(ruling);
    }
    let why = format!("a person said {} in the base", command.label());
    match command {
        Command::Pause => tx.pause(campaign, "person", &why, now)?,
        Command::Resume => tx.resume(campaign, &why, now)?,
        Command::Stop => tx.stop(campaign, StopReason::ByPerson, &why, now)?,
        Command::Approve => tx.approve(campaign, now)?,
        Command::Regenerate => tx.ask_anew(campaign, now)?,
    }
    Ok(ruling)
}

#[cfg(test)]
mod tests;
