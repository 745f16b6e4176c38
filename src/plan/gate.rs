//! The rules at the moment of sending, and the next moment at which they allow it.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::rules::{DaysOff, just_after, opening, plus, shown};
use super::{Itinerary, Settings, StepState};
use crate::calendar::Zone;

/// Whether a step may leave now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Go,
    /// Not before `until`, as far as hours, days and distances are concerned; limits are not asked.
    Wait {
        /// The next instant at which the rules allow it.
        until: DateTime<Utc>,
        /// What it waits for.
        reason: String,
    },
    /// Not before something else has happened.
    Blocked {
        /// What stands in the way.
        reason: String,
    },
}

/// Tests the rules for a step at the instant it would leave: every step before it was sent, delay
/// and distance are kept as of the real sends, its time is not long gone, and it is a business day
/// and inside the window where the lead is, and none of our closing days. The step itself is
/// expected undated or dated; whether it is due and whether the sender has room is the caller's to
/// know.
pub fn gate(itinerary: &Itinerary, number: u32, settings: &Settings, now: DateTime<Utc>) -> Gate {
    let blocked = |reason: String| Gate::Blocked { reason };
    let Some(step) = itinerary.sequence.step(number) else {
        return blocked(format!("the sequence has no step {number}"));
    };
    match itinerary.state(number) {
        StepState::Undated | StepState::Dated(_) => {}
        StepState::Sent(_) => return blocked(format!("{} was sent already", step.name)),
        StepState::Open => return blocked(format!("{} is being sent or in doubt", step.name)),
        StepState::Over => return blocked(format!("{} will not be sent", step.name)),
    }

    let behind = match behind(itinerary, number, now) {
        Ok(behind) => behind,
        Err(reason) => return blocked(reason),
    };

    let zone = &itinerary.zone;
    let today = zone.local_date(now);
    let mut from = now;
    let mut reason = None;
    if let Some(Behind {
        first,
        previous,
        name,
        unsent,
    }) = behind
    {
        reason = unsent.map(|name| format!("{name} has to leave before {}", step.name));
        let target = itinerary.target(
            number,
            (zone.local_date(first), zone.local_date(previous)),
            settings,
        );
        // A date that was given says itself that so late still makes sense.
        let day = match itinerary.state(number) {
            StepState::Dated(at) => target.day.max(zone.local_date(at)),
            _ => target.day,
        };
        if is_stale(day, today, settings) {
            return blocked(stale(day, settings));
        }
        if target.day > today {
            from = from.max(zone.at(target.day, NaiveTime::MIN));
            let words = itinerary.explain(&target, settings);
            reason.get_or_insert_with(|| format!("waits for {}: {words}", shown(target.day)));
        }
        if just_after(previous) > from {
            from = just_after(previous);
            reason.get_or_insert_with(|| format!("has to leave after {name}"));
        }
    }
    let days_off = itinerary.days_off(settings);
    let Some(until) = opening(zone, days_off, settings, from) else {
        return blocked(format!(
            "the window {} never opens in {zone}",
            settings.window
        ));
    };
    if until <= now {
        return Gate::Go;
    }
    let reason = reason.unwrap_or_else(|| match days_off.cause(today) {
        Some(cause) => format!("{} is no business day there ({cause})", shown(today)),
        None => format!("outside {} in {zone}", settings.window),
    });
    Gate::Wait { until, reason }
}

/// The steps before one: when the first and the last of them left, or are to leave at the earliest.
struct Behind<'a> {
    first: DateTime<Utc>,
    previous: DateTime<Utc>,
    name: &'a str,
    /// The first of them that has not left yet.
    unsent: Option<&'a str>,
}

/// The steps before one, none for the first step; an error says which of them holds it.
fn behind(
    itinerary: &Itinerary,
    number: u32,
    now: DateTime<Utc>,
) -> Result<Option<Behind<'_>>, String> {
    let mut behind: Option<Behind<'_>> = None;
    let steps = itinerary.sequence.steps.iter();
    for step in steps.filter(|step| step.number < number) {
        let name = step.name.as_str();
        let (at, is_sent) = match itinerary.state(step.number) {
            StepState::Sent(at) => (at, true),
            StepState::Dated(at) => (at.max(now), false),
            StepState::Undated => return Err(format!("{name} before it is not dated yet")),
            StepState::Open => return Err(format!("{name} before it is being sent or in doubt")),
            StepState::Over => return Err(format!("{name} before it was not sent")),
        };
        let first = behind.as_ref().map_or(at, |behind| behind.first);
        let unsent = behind.and_then(|behind| behind.unsent);
        let unsent = unsent.or(if is_sent { None } else { Some(name) });
        behind = Some(Behind {
            first,
            previous: at,
            name,
            unsent,
        });
    }
    Ok(behind)
}

/// Whether a follow-up that leaves on a day would leave so late that it makes no sense any more.
pub(super) fn is_stale(target: NaiveDate, day: NaiveDate, settings: &Settings) -> bool {
    settings.stale_after_days > 0 && day > plus(target, settings.stale_after_days)
}

/// Why a follow-up makes no sense any more.
pub(super) fn stale(target: NaiveDate, settings: &Settings) -> String {
    let days = match settings.stale_after_days {
        1 => "a day".to_string(),
        days => format!("{days} days"),
    };
    format!(
        "its day was {}, and more than {days} late it makes no sense",
        shown(target)
    )
}

/// The first instant from `from` on that lies in the window, on a business day if those are kept,
/// and on none of our closing days.
pub fn next_allowed(
    zone: &Zone,
    country: &str,
    respect_business_days: bool,
    settings: &Settings,
    from: DateTime<Utc>,
) -> DateTime<Utc> {
    let days_off = DaysOff::new(country, respect_business_days, settings);
    opening(zone, days_off, settings, from).unwrap_or_else(|| {
        // Only a window that no clock there ever shows: look again much later.
        from.checked_add_days(Days::new(366)).unwrap_or(from)
    })
}

#[cfg(test)]
mod tests;
