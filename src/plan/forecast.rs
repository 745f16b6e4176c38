//! What the plan comes to: when the last mail leaves, which day is fullest, and how many new leads
//! a day the senders can take. All of it is read off the planner's own plans.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};

use super::{Itinerary, Limits, SenderBook, Settings, StepFact, StepState, dated};

/// New leads arrive on so many days from Monday to Friday of the simulated stream.
const STREAM_DAYS: u32 = 120;

/// So many open days a first mail of the stream may wait: weekends and holidays push many steps
/// onto the days after them, and only a queue that keeps growing says that there are too many.
const WAIT_DAYS_MAX: u32 = 5;

/// Senders that may send more than this a day together are simulated at a smaller scale, so that
/// the answer never takes long.
const STREAM_MESSAGES_MAX: u64 = 200;

/// What a plan comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Messages still to leave, by the day they count for.
    pub by_day: BTreeMap<NaiveDate, u32>,
    /// When the last message of all leaves.
    pub last_at: Option<DateTime<Utc>>,
    /// The day with the least room left: the earliest of them.
    pub fullest: Option<FullDay>,
    /// Days on which nothing more fits.
    pub n_full_days: u32,
    /// Campaigns that start with this plan.
    pub n_starts: u32,
    /// Follow-ups whose time is gone, each with what would follow it.
    pub n_skipped: u32,
    /// Campaigns that wait for a sender that sends nothing.
    pub n_waiting: u32,
}

/// A day and how full it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullDay {
    /// The day, in the zone in which senders count theirs.
    pub day: NaiveDate,
    /// Messages on it.
    pub messages: u32,
    /// What all senders may send on it.
    pub allowed: u32,
}

/// Plans, and says what the plan comes to.
pub fn outlook(
    itineraries: &[Itinerary],
    senders: &[SenderBook],
    settings: &Settings,
    now: DateTime<Utc>,
) -> Outlook {
    let plan = dated(itineraries, senders, settings, now);
    let slots = plan.slots.iter();
    let slots: HashMap<(i64, u32), DateTime<Utc>> = slots
        .map(|slot| ((slot.campaign, slot.number), slot.due_at))
        .collect();
    let skips = plan.skips.iter().map(|skip| (skip.campaign, skip.number));
    let skips: HashMap<i64, u32> = skips.collect();
    let waits: HashSet<i64> = plan.waits.iter().map(|waits| waits.campaign).collect();
    let mut coming: Vec<DateTime<Utc>> = Vec::new();
    for one in itineraries {
        if waits.contains(&one.campaign) {
            continue;
        }
        let skipped_from = skips.get(&one.campaign).copied().unwrap_or(u32::MAX);
        for fact in one.steps.iter().filter(|fact| fact.number < skipped_from) {
            let slot = slots.get(&(one.campaign, fact.number)).copied();
            let dated = match fact.state {
                StepState::Dated(at) => Some(at.max(now)),
                _ => None,
            };
            coming.extend(slot.or(dated));
        }
    }
    let active = senders.iter().filter(|book| !book.is_stopped);
    let promised = active.flat_map(|book| &book.promised);
    coming.extend(promised.map(|promise| promise.at).filter(|at| *at >= now));
    let mut by_day: BTreeMap<NaiveDate, u32> = BTreeMap::new();
    for at in &coming {
        *by_day.entry(settings.day_zone.local_date(*at)).or_default() += 1;
    }
    let mut outlook = Outlook {
        last_at: coming.iter().max().copied(),
        n_starts: count(plan.slots.iter().filter(|slot| slot.number == 1).count()),
        n_skipped: count(plan.skips.len()),
        n_waiting: count(plan.waits.len()),
        ..Outlook::default()
    };
    let first_on = by_day.keys().next().copied();
    for (day, messages) in &by_day {
        let allowed = allowed_on(senders, settings, first_on, *day);
        outlook.n_full_days += u32::from(*messages >= allowed);
        let full = FullDay {
            day: *day,
            messages: *messages,
            allowed,
        };
        // More of what is allowed, or as much of it and more messages.
        let rank = |full: &FullDay| {
            let share = u64::from(full.messages) * 1_000_000 / u64::from(full.allowed.max(1));
            (share, full.messages)
        };
        if outlook
            .fullest
            .as_ref()
            .is_none_or(|most| rank(&full) > rank(most))
        {
            outlook.fullest = Some(full);
        }
    }
    outlook.by_day = by_day;
    outlook
}

/// What all senders may send on a day; those that have sent nothing yet begin on `first_on`.
fn allowed_on(
    senders: &[SenderBook],
    settings: &Settings,
    first_on: Option<NaiveDate>,
    day: NaiveDate,
) -> u32 {
    let active = senders.iter().filter(|book| !book.is_stopped);
    let allowed = active.map(|book| {
        let began = book
            .first_sent_at
            .map(|at| settings.day_zone.local_date(at));
        book.limits.allowed_on(began.or(first_on), day)
    });
    allowed.fold(0, u32::saturating_add)
}

/// How many new leads may arrive on each day from Monday to Friday, for ever, so that every
/// follow-up leaves on its day and no first mail waits longer and longer: found by planning streams
/// of leads like `samples`, with senders that have nothing else to do and no ramp to climb.
pub fn new_leads_a_day(
    samples: &[Itinerary],
    senders: &[SenderBook],
    settings: &Settings,
    now: DateTime<Utc>,
) -> u32 {
    let active = senders.iter().filter(|book| !book.is_stopped);
    let active: Vec<&SenderBook> = active.collect();
    let most: u64 = active.iter().map(|book| messages_a_day(&book.limits)).sum();
    let scale = u32::try_from(most / STREAM_MESSAGES_MAX).unwrap_or(u32::MAX);
    let scale = scale.saturating_add(1);
    let books: Vec<SenderBook> = active.iter().map(|book| scaled(book, scale)).collect();
    // Each lead takes a message a day at least.
    let (mut fits, mut fails) = (0, count_of(most / u64::from(scale)) + 1);
    while fails - fits > 1 {
        let middle = fits + (fails - fits) / 2;
        if stream_flows(middle, samples, &books, settings, now) {
            fits = middle;
        } else {
            fails = middle;
        }
    }
    fits.saturating_mul(scale)
}

/// What a sender can send a day at most, by its limit and its gap.
fn messages_a_day(limits: &Limits) -> u64 {
    // Leads live in many zones, so the window's length says nothing.
    let by_gap = match limits.gap_secs {
        0 => u64::MAX,
        gap => 86_400 / u64::from(gap) + 1,
    };
    let by_hour = limits
        .hourly
        .map_or(u64::MAX, |hourly| u64::from(hourly) * 24);
    u64::from(limits.daily.max(1)).min(by_gap).min(by_hour)
}

/// A sender of the same kind that sends so many times less, with nothing promised.
fn scaled(book: &SenderBook, scale: u32) -> SenderBook {
    let less = |limit: u32| (limit / scale).max(1);
    let more = |secs: u32| secs.saturating_mul(scale);
    SenderBook {
        limits: Limits {
            daily: less(book.limits.daily),
            hourly: book.limits.hourly.map(less),
            gap_secs: more(book.limits.gap_secs),
            jitter_secs: more(book.limits.jitter_secs),
            ramp: None,
        },
        promised: Vec::new(),
        ..book.clone()
    }
}

/// Whether so many new leads a day all start soon and keep their days.
fn stream_flows(
    daily: u32,
    samples: &[Itinerary],
    senders: &[SenderBook],
    settings: &Settings,
    now: DateTime<Utc>,
) -> bool {
    let today = settings.day_zone.local_date(now);
    let weekdays = today
        .iter_days()
        .filter(|day| day.weekday().num_days_from_monday() < 5);
    let mut stream: Vec<Itinerary> = Vec::new();
    let mut like = samples.iter().cycle();
    for day in weekdays.take(STREAM_DAYS as usize) {
        let arrives = settings.day_zone.at(day, NaiveTime::MIN).max(now);
        for sample in like.by_ref().take(daily as usize) {
            stream.push(fresh(sample, stream.len(), arrives));
        }
    }
    let plan = dated(&stream, senders, settings, now);
    if plan.slots.len() < stream.iter().map(|one| one.steps.len()).sum() {
        return false;
    }
    let mut days: HashMap<i64, Vec<NaiveDate>> = HashMap::new();
    let by_campaign: HashMap<i64, &Itinerary> = stream.iter().map(|o| (o.campaign, o)).collect();
    plan.slots.iter().all(|slot| {
        let Some(one) = by_campaign.get(&slot.campaign) else {
            return false;
        };
        let day = one.zone.local_date(slot.due_at);
        let known = days.entry(slot.campaign).or_default();
        let latest = match (known.first(), known.last()) {
            (Some(first), Some(last)) => one.target(slot.number, (*first, *last), settings).day,
            _ => {
                let arrives = one.zone.local_date(one.starts_from.unwrap_or(now));
                let target = one.first_target(arrives, settings);
                one.days_off(settings).later(target.day, WAIT_DAYS_MAX)
            }
        };
        known.push(day);
        day <= latest
    })
}

/// A new campaign like another one.
fn fresh(sample: &Itinerary, number: usize, starts_from: DateTime<Utc>) -> Itinerary {
    let steps = sample.sequence.steps.iter();
    let steps = steps.map(|step| StepFact {
        number: step.number,
        state: StepState::Undated,
    });
    Itinerary {
        campaign: i64::try_from(number).unwrap_or(i64::MAX),
        company: None,
        sender: None,
        starts_from: Some(starts_from),
        steps: steps.collect(),
        ..sample.clone()
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn count_of(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX - 1)
}

#[cfg(test)]
mod tests;
