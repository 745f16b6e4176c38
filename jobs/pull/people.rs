//! What people do in the base about a lead whose campaign exists.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use outreach::campaign::{CampaignState, StopReason};
use outreach::lead::{self, RawLead, ReadField};
use outreach::ledger::{LeadFacts, PullTransaction};

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

/// Applies what a person changed in a record since it was last read. `_texts` is what the record
/// holds in our own text columns, by our column name; none when they were not asked for, and no
/// entry for a cell that is empty or absent.
pub fn follow(
    tx: &PullTransaction<'_>,
    raw: &RawLead,
    _texts: Option<&BTreeMap<String, String>>,
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

#[cfg(test)]
mod tests;
