//! Dating every undated step of many campaigns, and anew what can no longer leave on its date.

mod standing;
mod start;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::capacity::{Capacity, Companies, Full, Spot, Wanted, seed_of};
use super::gate::{is_stale, stale};
use super::rules::{plus, shown};
use super::{Itinerary, Plan, SenderBook, Settings, Skip, Slot, StepState, Waits};
use crate::campaign::DelayUnit;

/// Nothing is dated later than this: a plan beyond it is no plan, and the step stays undated.
const HORIZON_DAYS: u32 = 100 * 365;

/// Dates every undated step that may follow what is known, and anew every dated one that cannot
/// leave on its date: it should have left a good while ago, or the window, a day off or a limit no
/// longer allows it.
///
/// Room is given in the order of the promises: first to the dates that stand, then to later steps
/// of campaigns that have started, then to new campaigns in the order given. A first step takes the
/// earliest slot on a day on which its later steps fit on their days too; a later step the day its
/// delays give, or the first one after it with room. A follow-up that could leave only when its
/// time is gone is skipped, with all behind it.
///
/// A campaign keeps its sender. One without gets the sender with which it can start on the earliest
/// day, of those the one least used. What belongs to a sender that is stopped or not given stays as
/// it is. A step behind one that is [`StepState::Open`] or [`StepState::Over`] gets no date, nor
/// does one for which a hundred years have no room.
///
/// The same input gives the same output.
pub fn dated(
    itineraries: &[Itinerary],
    senders: &[SenderBook],
    settings: &Settings,
    now: DateTime<Utc>,
) -> Plan {
    let mut planner = Planner::new(senders, settings, now);
    let mut trips = planner.trips_of(itineraries, senders);
    planner.let_stand(&mut trips);
    let (mut heap, mut fresh) = (BinaryHeap::new(), Vec::new());
    for (index, trip) in trips.iter().enumerate() {
        let first = trip.itinerary.sequence.steps.first();
        if first.is_some_and(|step| trip.state(step.number) == StepState::Undated) {
            fresh.push(trip);
        } else if let Some(next) = planner.next_of(trip, index, None) {
            heap.push(Reverse(next));
        }
    }
    // The earliest day first, whatever its campaign: nobody's late step takes another's day.
    while let Some(Reverse(next)) = heap.pop() {
        let Some(trip) = trips.get(next.index) else {
            continue;
        };
        heap.extend(planner.follow(trip, next).map(Reverse));
    }
    // What was to start already comes before what is new.
    fresh.sort_by_key(|trip| trip.was(1).unwrap_or(DateTime::<Utc>::MAX_UTC));
    for trip in fresh {
        planner.start(trip);
    }
    planner.plan
}

/// An itinerary with what it shares with others, by number.
struct Trip<'a> {
    itinerary: &'a Itinerary,
    /// Stands for zone, country and kind of days: days are closed for all of the same number alike.
    ground: usize,
    /// Stands for the ground and the delays.
    shape: usize,
    company: Option<u32>,
    /// Which of the senders given; none while it has none.
    sender: Option<usize>,
    /// From which step on dates are given anew, and why.
    again: Option<(u32, String)>,
}

impl Trip<'_> {
    /// Where a step stands when dates that cannot be kept are forgotten.
    fn state(&self, number: u32) -> StepState {
        match (self.itinerary.state(number), &self.again) {
            (StepState::Dated(_), Some((from, _))) if *from <= number => StepState::Undated,
            (state, _) => state,
        }
    }

    /// The date of a step that is dated anew.
    fn was(&self, number: u32) -> Option<DateTime<Utc>> {
        match (self.itinerary.state(number), &self.again) {
            (StepState::Dated(at), Some((from, _))) if *from <= number => Some(at),
            _ => None,
        }
    }

    fn has_started(&self) -> bool {
        matches!(self.itinerary.state(1), StepState::Sent(_))
    }
}

/// What is known of all new campaigns of one sender, shape, company and earliest day.
#[derive(Clone, Copy, Default)]
struct Found {
    /// No day before this has room for all steps.
    not_before: Option<NaiveDate>,
    /// No day within reach has room for all steps.
    is_hopeless: bool,
}

/// A step to be dated, behind steps whose days are known. Ordered by day, then by the date it had,
/// then as given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    day: NaiveDate,
    was: DateTime<Utc>,
    index: usize,
    number: u32,
    known: Known,
}

/// The days that follow-ups are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    first: NaiveDate,
    previous: NaiveDate,
    previous_at: i64,
    previous_number: u32,
}

/// Room for a step.
#[derive(Clone, Copy)]
struct Room {
    /// The lead's day.
    day: NaiveDate,
    spot: Spot,
    /// Whether an earlier day had room, but not for this company.
    waits_for_company: bool,
}

/// A sender that may be planned for.
struct Desk<'a> {
    address: &'a str,
    capacity: Capacity<'a>,
    /// Days off and full days, by ground: the next day worth a look.
    closed: HashMap<(usize, NaiveDate), NaiveDate>,
}

type FoundKey = (usize, usize, Option<u32>, NaiveDate);

struct Planner<'a> {
    settings: &'a Settings,
    /// The window as every reason names it.
    window: String,
    now: DateTime<Utc>,
    /// In the order given; none for those that are stopped.
    desks: Vec<Option<Desk<'a>>>,
    companies: Companies<'a>,
    found: HashMap<FoundKey, Found>,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn new(senders: &'a [SenderBook], settings: &'a Settings, now: DateTime<Utc>) -> Planner<'a> {
        let mut companies = Companies::new(settings.company_daily);
        let mut desks = Vec::with_capacity(senders.len());
        for book in senders {
            let name = (book.address.as_str(), book.limits);
            let mut capacity = Capacity::new(name, book.first_sent_at, settings, now);
            for promise in &book.promised {
                let spot = capacity.spot_of(promise.at);
                capacity.take(spot);
                let company = companies.number(promise.company.as_deref());
                companies.take(company, spot.day);
            }
            let address = book.address.as_str();
            desks.push((!book.is_stopped).then(|| Desk {
                address,
                capacity,
                closed: HashMap::new(),
            }));
        }
        Planner {
            settings,
            window: settings.window.to_string(),
            now,
            desks,
            companies,
            found: HashMap::new(),
            plan: Plan::default(),
        }
    }

    /// The itineraries that can be planned; the others are noted as waiting for their sender.
    fn trips_of(&mut self, itineraries: &'a [Itinerary], senders: &[SenderBook]) -> Vec<Trip<'a>> {
        let names = senders.iter().map(|book| book.address.as_str());
        let numbers: HashMap<&str, usize> = names.zip(0..).collect();
        let is_nobody_there = self.desks.iter().all(Option::is_none);
        let mut grounds = HashMap::new();
        let mut shapes: HashMap<(usize, DelayUnit, Vec<u32>), usize> = HashMap::new();
        let mut trips = Vec::with_capacity(itineraries.len());
        for itinerary in itineraries {
            let number = itinerary.sender.as_deref().map(|name| numbers.get(name));
            let sender = number.flatten().copied();
            let desk = sender.and_then(|sender| self.desks.get(sender));
            if number.is_some_and(|_| !matches!(desk, Some(Some(_))))
                || number.is_none() && is_nobody_there
            {
                if itinerary.is_to_date() {
                    self.plan.waits.push(Waits {
                        campaign: itinerary.campaign,
                        sender: itinerary.sender.clone(),
                        is_stopped: itinerary.sender.is_none() || sender.is_some(),
                    });
                }
                continue;
            }
            let sequence = &itinerary.sequence;
            let respects = sequence.respect_business_days;
            let key = (itinerary.zone.name(), itinerary.country.as_str(), respects);
            let fresh = grounds.len();
            let ground = *grounds.entry(key).or_insert(fresh);
            let delays = sequence.steps.iter().map(|step| step.delay_days).collect();
            let fresh = shapes.len();
            let shape = (ground, sequence.delay_unit, delays);
            trips.push(Trip {
                itinerary,
                ground,
                shape: *shapes.entry(shape).or_insert(fresh),
                company: self.companies.number(itinerary.company.as_deref()),
                sender,
                again: None,
            });
        }
        trips
    }

    fn desk(&self, sender: usize) -> Option<&Desk<'a>> {
        self.desks.get(sender)?.as_ref()
    }

    /// The first undated step behind those whose days are known, or none if nothing may follow yet.
    fn next_of(&self, trip: &Trip<'_>, index: usize, known: Option<Known>) -> Option<Next> {
        let itinerary = trip.itinerary;
        let mut known = known;
        let behind = known.map_or(0, |known| known.previous_number);
        let steps = itinerary.sequence.steps.iter();
        for step in steps.filter(|step| step.number > behind) {
            let at = match trip.state(step.number) {
                StepState::Sent(at) => at,
                // What is overdue leaves now at the earliest.
                StepState::Dated(at) => at.max(self.now),
                StepState::Open | StepState::Over => return None,
                StepState::Undated => {
                    let known = known?;
                    let days = (known.first, known.previous);
                    let target = itinerary.target(step.number, days, self.settings);
                    return Some(Next {
                        day: target.day,
                        was: trip.was(step.number).unwrap_or(DateTime::<Utc>::MAX_UTC),
                        index,
                        number: step.number,
                        known,
                    });
                }
            };
            let day = itinerary.zone.local_date(at);
            known = Some(Known {
                first: known.map_or(day, |known| known.first),
                previous: day,
                previous_at: at.timestamp(),
                previous_number: step.number,
            });
        }
        None
    }

    /// Dates a follow-up on its day or the first one after it with room, or skips it; gives the
    /// step after it.
    fn follow(&mut self, trip: &Trip<'_>, next: Next) -> Option<Next> {
        let itinerary = trip.itinerary;
        let Next { number, known, .. } = next;
        let sender = trip.sender.or_else(|| self.least_used())?;
        let settings = self.settings;
        let target = itinerary.target(number, (known.first, known.previous), settings);
        let today = itinerary.zone.local_date(self.now);
        let earliest = target.day.max(today);
        let room = self.first_room(trip, sender, number, earliest, Some(known), trip.company)?;
        if trip.has_started() && is_stale(target.day, room.day, settings) {
            self.plan.skips.push(Skip {
                campaign: itinerary.campaign,
                number,
                reason: stale(target.day, settings),
            });
            return None;
        }
        let mut reason = itinerary.explain(&target, settings);
        if target.day < today {
            reason.push_str(&format!(", overdue since {}", shown(target.day)));
        }
        let wished = itinerary.days_off(settings).rolled(earliest);
        if room.day > wished {
            let limits = self.limits_in_words(sender, wished, room.waits_for_company);
            let day = shown(room.day);
            reason.push_str(&format!(
                ", then to {day}, the first day with room {limits}"
            ));
        }
        self.take(trip, sender, number, room.spot, reason);
        let known = Known {
            previous: room.day,
            previous_at: room.spot.at,
            previous_number: number,
            ..known
        };
        self.next_of(trip, next.index, Some(known))
    }

    /// The sender that has the least to do.
    fn least_used(&self) -> Option<usize> {
        let desks = self.desks.iter().enumerate();
        let desks = desks.filter_map(|(sender, desk)| Some((sender, desk.as_ref()?)));
        let least = desks.min_by_key(|(sender, desk)| (desk.capacity.load(), *sender));
        least.map(|(sender, _)| sender)
    }

    /// `(limit 50, at most 2 a day to its company)`.
    fn limits_in_words(&self, sender: usize, day: NaiveDate, waits_for_company: bool) -> String {
        let desk = self.desk(sender);
        let limit = desk.map_or(0, |desk| desk.capacity.allowed_on(day));
        match self.settings.company_daily.filter(|_| waits_for_company) {
            Some(daily) => format!("(limit {limit}, at most {daily} a day to its company)"),
            None => format!("(limit {limit})"),
        }
    }

    fn take(
        &mut self,
        trip: &Trip<'_>,
        sender: usize,
        number: u32,
        spot: Spot,
        mut reason: String,
    ) {
        let Some(Some(desk)) = self.desks.get_mut(sender) else {
            return;
        };
        desk.capacity.take(spot);
        self.companies.take(trip.company, spot.day);
        let itinerary = trip.itinerary;
        let (due_at, was) = (spot.instant(), trip.was(number));
        if was == Some(due_at) {
            return;
        }
        reason.push_str(&format!(", {} in {}", self.window, itinerary.zone));
        match &trip.again {
            Some((from, why)) if was.is_some() && *from == number => {
                reason.push_str(&format!("; dated again because {why}"));
            }
            Some((from, _)) if was.is_some() => {
                let name = itinerary.step_name(*from);
                reason.push_str(&format!("; dated again because {name} moves"));
            }
            _ => {}
        }
        self.plan.slots.push(Slot {
            campaign: itinerary.campaign,
            number,
            sender: desk.address.to_string(),
            was,
            due_at,
            reason,
        });
    }

    /// The first day from `day` on with room for a step behind what is known, and the room;
    /// `company` if that is to be asked.
    fn first_room(
        &mut self,
        trip: &Trip<'_>,
        sender: usize,
        number: u32,
        day: NaiveDate,
        known: Option<Known>,
        company: Option<u32>,
    ) -> Option<Room> {
        let zone = &trip.itinerary.zone;
        let horizon = plus(zone.local_date(self.now), HORIZON_DAYS);
        let starts_from = trip.itinerary.starts_from.map(|at| at.timestamp() - 1);
        let (companies, desks) = (&self.companies, &mut self.desks);
        let desk = desks.get_mut(sender)?.as_mut()?;
        let mut waits_for_company = false;
        let mut day = day;
        loop {
            day = desk.open_day(trip, day, self.settings);
            if day >= horizon {
                return None;
            }
            // On a later day every instant is later.
            let after = known.filter(|known| known.previous == day);
            let after = after.map(|known| known.previous_at);
            let starts_from = starts_from.filter(|_| known.is_none());
            let room = desk.capacity.fit(Wanted {
                place: (trip.ground, zone),
                date: day,
                after: after.or(starts_from),
                beside: &[],
                seed: seed_of(trip.itinerary.campaign, number),
                company: company.map(|company| (companies, company)),
            });
            match room {
                Ok(spot) => {
                    return Some(Room {
                        day,
                        spot,
                        waits_for_company,
                    });
                }
                Err(Full::ForAll) => {
                    desk.closed.insert((trip.ground, day), plus(day, 1));
                }
                Err(Full::ForThis) => waits_for_company |= company.is_some(),
            }
            day = plus(day, 1);
        }
    }
}

impl Desk<'_> {
    /// The first day from `day` on that is not known to be closed.
    fn open_day(&mut self, trip: &Trip<'_>, day: NaiveDate, settings: &Settings) -> NaiveDate {
        let mut open = day;
        loop {
            if let Some(next) = self.closed.get(&(trip.ground, open)) {
                open = *next;
                continue;
            }
            let rolled = trip.itinerary.days_off(settings).rolled(open);
            if rolled == open {
                break;
            }
            self.closed.insert((trip.ground, open), rolled);
        }
        // The next search from any of these days arrives at once.
        let mut at = day;
        while at < open {
            let next = self.closed.insert((trip.ground, at), open);
            at = next.unwrap_or(open);
        }
        open
    }
}

impl Itinerary {
    /// Whether some step of it has no date.
    fn is_to_date(&self) -> bool {
        let mut steps = self.sequence.steps.iter();
        steps.any(|step| self.state(step.number) == StepState::Undated)
    }
}

#[cfg(test)]
mod many;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod tests;
