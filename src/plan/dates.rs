//! Dating every undated step of many campaigns of one sender.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use chrono::{DateTime, Days, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::capacity::{Capacity, Spot};
use super::rules::{Target, shown};
use super::{Itinerary, Settings, Slot, StepState};

/// So many days from the first one with room for its first step a new campaign looks for a day on
/// which all its steps fit; then it starts anyway.
const DAYS_TO_FIT_ALL: u64 = 400;

/// Nothing is dated later than this: a plan beyond it is no plan, and the step stays undated.
const HORIZON_DAYS: u64 = 100 * 365;

/// Dates every undated step that may follow what is known, for one sender. `promised` are the
/// instants of all that this sender has sent recently or dated already, those in `itineraries`
/// included.
///
/// A first step takes the earliest slot on a day on which its later steps fit on their days too; a
/// later step the day its delays give, or the first one after it with room. Campaigns already
/// started take room before new ones, and those take it in the order given. A step behind one that
/// is [`StepState::Open`] or [`StepState::Over`] gets no date, nor does one for which a hundred
/// years have no room. A dated step is left alone, even behind one that is dated now: give it as
/// [`StepState::Undated`] to have it dated again.
///
/// The same input gives the same output. Slots come in the order in which they took room.
pub fn dated(
    itineraries: &[Itinerary],
    promised: &[DateTime<Utc>],
    settings: &Settings,
    sender: &str,
    now: DateTime<Utc>,
) -> Vec<Slot> {
    let capacity = Capacity::new(promised, settings, now);
    let mut planner = Planner {
        settings,
        sender,
        now,
        capacity,
        closed: HashMap::new(),
        shapes: HashMap::new(),
        slots: Vec::new(),
    };
    let mut grounds = HashMap::new();
    let mut heap = BinaryHeap::new();
    let mut fresh = Vec::new();
    for (index, itinerary) in itineraries.iter().enumerate() {
        let ground = planner.ground_of(itinerary, &mut grounds);
        let first = itinerary
            .sequence
            .steps
            .first()
            .map(|step| itinerary.state(step.number));
        if first == Some(StepState::Undated) {
            fresh.push(ground);
        } else if let Some(next) = planner.next_of(ground, index, None) {
            heap.push(Reverse(next));
        }
    }
    // The earliest day first, whatever its campaign: nobody's late step takes another's day.
    while let Some(Reverse(next)) = heap.pop() {
        let Some(itinerary) = itineraries.get(next.index) else {
            continue;
        };
        let ground = planner.ground_of(itinerary, &mut grounds);
        heap.extend(planner.follow(ground, next).map(Reverse));
    }
    for ground in fresh {
        planner.start(ground);
    }
    planner.slots
}

/// An itinerary with the number that stands for its zone, country and kind of days: days are closed
/// for all itineraries of the same number alike.
#[derive(Clone, Copy)]
struct Ground<'a> {
    itinerary: &'a Itinerary,
    number: usize,
}

/// What is known of all new campaigns of the same ground and delays.
#[derive(Default)]
struct Shape {
    /// No day before this has room for all steps.
    not_before: Option<NaiveDate>,
    /// No day within reach has room for all steps.
    is_hopeless: bool,
}

/// A step to be dated, behind steps whose days are known. Ordered by day, then as given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    day: NaiveDate,
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

struct Planner<'a> {
    settings: &'a Settings,
    sender: &'a str,
    now: DateTime<Utc>,
    capacity: Capacity<'a>,
    /// Days off and full days, by ground: the next day worth a look.
    closed: HashMap<(usize, NaiveDate), NaiveDate>,
    shapes: HashMap<(usize, Vec<u32>), Shape>,
    slots: Vec<Slot>,
}

impl Planner<'_> {
    fn ground_of<'i>(
        &self,
        itinerary: &'i Itinerary,
        grounds: &mut HashMap<(&'i str, &'i str, bool), usize>,
    ) -> Ground<'i> {
        let respects = itinerary.sequence.respect_business_days;
        let key = (itinerary.zone.name(), itinerary.country.as_str(), respects);
        let fresh = grounds.len();
        Ground {
            itinerary,
            number: *grounds.entry(key).or_insert(fresh),
        }
    }

    /// The first undated step behind those whose days are known, or none if nothing may follow yet.
    fn next_of(&self, ground: Ground<'_>, index: usize, known: Option<Known>) -> Option<Next> {
        let itinerary = ground.itinerary;
        let mut known = known;
        let behind = known.map_or(0, |known| known.previous_number);
        for step in itinerary
            .sequence
            .steps
            .iter()
            .filter(|step| step.number > behind)
        {
            let at = match itinerary.state(step.number) {
                StepState::Sent(at) => at,
                // What is overdue leaves now at the earliest.
                StepState::Dated(at) => at.max(self.now),
                StepState::Open | StepState::Over => return None,
                StepState::Undated => {
                    let known = known?;
                    let target = itinerary.target(step.number, known.first, known.previous);
                    return Some(Next {
                        day: target.day,
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

    /// Dates a follow-up on its day or the first one after it with room; gives the step after it.
    fn follow(&mut self, ground: Ground<'_>, next: Next) -> Option<Next> {
        let Ground { itinerary, .. } = ground;
        let Next {
            index,
            number,
            known,
            ..
        } = next;
        let target = itinerary.target(number, known.first, known.previous);
        let today = itinerary.zone.local_date(self.now);
        let (day, spot) = self.first_room(ground, number, target.day.max(today), Some(known))?;
        let mut reason = itinerary.explain(&target);
        if target.day < today {
            reason.push_str(&format!(", overdue since {}", shown(target.day)));
        }
        if day > itinerary.rolled(target.day.max(today)) {
            let limit = self.settings.daily_limit;
            let day = shown(day);
            reason.push_str(&format!(
                ", then to {day}, the first day with room (limit {limit})"
            ));
        }
        self.take(itinerary, number, spot, reason);
        let known = Known {
            previous: day,
            previous_at: spot.at,
            previous_number: number,
            ..known
        };
        self.next_of(ground, index, Some(known))
    }

    /// Dates a new campaign: all steps on their days if any day allows it, else each as it fits.
    fn start(&mut self, ground: Ground<'_>) {
        let itinerary = ground.itinerary;
        let target = itinerary.first_target(itinerary.zone.local_date(self.now));
        let mut states = itinerary
            .sequence
            .steps
            .iter()
            .map(|step| itinerary.state(step.number));
        let is_whole = states.all(|state| state == StepState::Undated);
        if !is_whole || !self.start_whole(ground, &target) {
            self.start_anyway(ground, &target, is_whole);
        }
    }

    /// Dates all steps of a new campaign, from the first day on which the first one fits and every
    /// later one fits on its own day; tells whether there is such a day.
    fn start_whole(&mut self, ground: Ground<'_>, target: &Target) -> bool {
        let itinerary = ground.itinerary;
        let steps = &itinerary.sequence.steps;
        let Some(first) = steps.first() else {
            return true;
        };
        let key = (
            ground.number,
            steps.iter().map(|step| step.delay_days).collect(),
        );
        let shape = self.shapes.entry(key.clone()).or_default();
        if shape.is_hopeless {
            return false;
        }
        let mut day = shape
            .not_before
            .map_or(target.day, |day| day.max(target.day));
        let mut last = None;
        while let Some((found, spot)) = self.first_room(ground, first.number, day, None) {
            if found > *last.get_or_insert(plus(found, DAYS_TO_FIT_ALL)) {
                break;
            }
            if let Some(spots) = self.all_fit(ground, found, spot) {
                self.take_all(itinerary, (target, found), &spots);
                let shape = Shape {
                    not_before: Some(found),
                    is_hopeless: false,
                };
                self.shapes.insert(key, shape);
                return true;
            }
            day = plus(found, 1);
        }
        self.shapes.insert(
            key,
            Shape {
                not_before: None,
                is_hopeless: true,
            },
        );
        false
    }

    /// Dates the steps of a new campaign one after the other, each where it fits.
    fn start_anyway(&mut self, ground: Ground<'_>, target: &Target, is_hopeless: bool) {
        let itinerary = ground.itinerary;
        let Some(first) = itinerary.sequence.steps.first() else {
            return;
        };
        let Some((day, spot)) = self.first_room(ground, first.number, target.day, None) else {
            return;
        };
        let mut reason = self.first_reason(itinerary, target, day, "it");
        if is_hopeless {
            reason.push_str(", though no day within reach has room for all steps");
        }
        self.take(itinerary, first.number, spot, reason);
        let known = Known {
            first: day,
            previous: day,
            previous_at: spot.at,
            previous_number: first.number,
        };
        let mut next = self.next_of(ground, 0, Some(known));
        while let Some(step) = next {
            next = self.follow(ground, step);
        }
    }

    /// Spots for all steps when the first one takes `spot`, each follow-up on the very day the
    /// rules give it; none if one of them would not fit there.
    fn all_fit(&mut self, ground: Ground<'_>, day: NaiveDate, spot: Spot) -> Option<Vec<Spot>> {
        let Ground {
            itinerary,
            number: ground_number,
        } = ground;
        let steps = &itinerary.sequence.steps;
        let mut spots = Vec::with_capacity(steps.len());
        spots.push(spot);
        let (mut previous, mut previous_at) = (day, spot.at);
        for step in steps.iter().skip(1) {
            let target = itinerary.target(step.number, day, previous);
            let jitter_secs = self.jitter_secs(itinerary.campaign, step.number);
            let place = (ground_number, &itinerary.zone);
            let after = Some(previous_at);
            let spot = self
                .capacity
                .fit(place, target.day, after, &spots, jitter_secs)?;
            (previous, previous_at) = (target.day, spot.at);
            spots.push(spot);
        }
        Some(spots)
    }

    fn take_all(
        &mut self,
        itinerary: &Itinerary,
        (target, day): (&Target, NaiveDate),
        spots: &[Spot],
    ) {
        let mut previous = day;
        for (position, (step, spot)) in itinerary.sequence.steps.iter().zip(spots).enumerate() {
            let reason = if position == 0 {
                self.first_reason(itinerary, target, day, "every step")
            } else {
                let target = itinerary.target(step.number, day, previous);
                previous = target.day;
                itinerary.explain(&target)
            };
            self.take(itinerary, step.number, *spot, reason);
        }
    }

    fn first_reason(
        &self,
        itinerary: &Itinerary,
        target: &Target,
        day: NaiveDate,
        what: &str,
    ) -> String {
        let reason = itinerary.explain(target);
        if day == target.day {
            return reason;
        }
        let limit = self.settings.daily_limit;
        format!(
            "{reason}, {} is the first day with room for {what} (limit {limit})",
            shown(day)
        )
    }

    fn take(&mut self, itinerary: &Itinerary, number: u32, spot: Spot, mut reason: String) {
        self.capacity.take(spot);
        reason.push_str(&format!(", {} in {}", self.settings.window, itinerary.zone));
        let campaign = itinerary.campaign;
        self.slots.push(Slot {
            campaign,
            number,
            due_at: spot.instant(),
            reason,
        });
    }

    /// The first day from `day` on with room for a step behind what is known, and the room.
    fn first_room(
        &mut self,
        ground: Ground<'_>,
        number: u32,
        day: NaiveDate,
        known: Option<Known>,
    ) -> Option<(NaiveDate, Spot)> {
        let zone = &ground.itinerary.zone;
        let jitter_secs = self.jitter_secs(ground.itinerary.campaign, number);
        let horizon = plus(zone.local_date(self.now), HORIZON_DAYS);
        let mut day = day;
        loop {
            day = self.open_day(ground, day);
            if day >= horizon {
                return None;
            }
            // On a later day every instant is later.
            let after = known
                .filter(|known| known.previous == day)
                .map(|known| known.previous_at);
            let place = (ground.number, zone);
            if let Some(spot) = self.capacity.fit(place, day, after, &[], jitter_secs) {
                return Some((day, spot));
            }
            if after.is_none() {
                self.closed.insert((ground.number, day), plus(day, 1));
            }
            day = plus(day, 1);
        }
    }

    /// The first day from `day` on that is not known to be closed.
    fn open_day(&mut self, ground: Ground<'_>, day: NaiveDate) -> NaiveDate {
        let mut open = day;
        loop {
            if let Some(next) = self.closed.get(&(ground.number, open)) {
                open = *next;
                continue;
            }
            let rolled = ground.itinerary.rolled(open);
            if rolled == open {
                break;
            }
            self.closed.insert((ground.number, open), rolled);
        }
        // The next search from any of these days arrives at once.
        let mut at = day;
        while at < open {
            let next = self.closed.insert((ground.number, at), open);
            at = next.unwrap_or(open);
        }
        open
    }

    /// A number of seconds that is always the same for a message, evenly spread.
    fn jitter_secs(&self, campaign: i64, number: u32) -> i64 {
        if self.settings.jitter_secs == 0 {
            return 0;
        }
        let mut hash = Sha256::new();
        hash.update(self.sender.as_bytes());
        hash.update(campaign.to_be_bytes());
        hash.update(number.to_be_bytes());
        let digest = hash.finalize();
        let seed = digest
            .iter()
            .take(6)
            .fold(0_i64, |seed, byte| (seed << 8) | i64::from(*byte));
        seed % (i64::from(self.settings.jitter_secs) + 1)
    }
}

fn plus(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days))
        .unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod promises;
#[cfg(test)]
mod tests;
