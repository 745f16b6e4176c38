//! Dates that a real send has overtaken.

use chrono::{DateTime, NaiveDate, Utc};

use super::rules::{just_after, opening, shown};
use super::{Itinerary, Settings, Slot, StepState};

/// The corrected dates of later steps that stand too early now that some are sent: the distance
/// between steps never shrinks, so a step that slipped pushes what follows. The time of day is kept
/// where the window allows it; limits are not asked. Empty when nothing must move.
pub fn after_sent(itinerary: &Itinerary, settings: &Settings) -> Vec<Slot> {
    let zone = &itinerary.zone;
    let days_off = itinerary.days_off(settings);
    let mut slots = Vec::new();
    let mut first: Option<NaiveDate> = None;
    let mut previous: Option<(String, DateTime<Utc>)> = None;
    for step in &itinerary.sequence.steps {
        let state = itinerary.state(step.number);
        // Before the first send nothing has slipped; a held step holds the dates behind it too.
        let ((StepState::Sent(mut at), _) | (StepState::Dated(mut at), Some(_))) = (state, first)
        else {
            break;
        };
        let is_sent = matches!(state, StepState::Sent(_));
        if let (false, Some(first), Some((cause, previous_at))) = (is_sent, first, &previous) {
            let target = itinerary.target(
                step.number,
                (first, zone.local_date(*previous_at)),
                settings,
            );
            let mut from = at.max(just_after(*previous_at));
            if zone.local_date(from) < target.day {
                from = zone.at(target.day, zone.local(at).time()).max(from);
            }
            if from > at {
                let was = Some(at);
                at = opening(zone, days_off, settings, from).unwrap_or(from);
                let words = itinerary.explain(&target, settings);
                slots.push(Slot {
                    campaign: itinerary.campaign,
                    number: step.number,
                    sender: itinerary.sender.clone().unwrap_or_default(),
                    was,
                    due_at: at,
                    reason: format!("{words}, later than planned because {cause}"),
                });
            }
        }
        let day = zone.local_date(at);
        first.get_or_insert(day);
        let verb = if is_sent { "left on" } else { "now leaves on" };
        previous = Some((format!("{} {verb} {}", step.name, shown(day)), at));
    }
    slots
}

#[cfg(test)]
mod tests;
