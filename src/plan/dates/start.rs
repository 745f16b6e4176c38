//! New campaigns: the sender and the day with which every step fits on its day.

use chrono::NaiveDate;

use super::{Found, FoundKey, Known, Planner, Room, Trip};
use crate::plan::StepState;
use crate::plan::capacity::{Spot, Wanted, seed_of};
use crate::plan::rules::{Target, plus, shown};

/// So many days from the first one with room for its first step a new campaign looks for a day on
/// which all its steps fit; then it starts anyway.
const DAYS_TO_FIT_ALL: u32 = 400;

/// Room for a whole campaign.
struct Whole {
    /// The lead's day of the first step.
    day: NaiveDate,
    /// One spot a step.
    spots: Vec<Spot>,
    waits_for_company: bool,
}

/// How good a sender is for a campaign: the day, how much it is used, its place among the senders.
type Rank = (NaiveDate, u64, usize);

impl Planner<'_> {
    /// Dates a new campaign: all steps on their days if any day allows it, else each as it fits.
    pub(super) fn start(&mut self, trip: &Trip<'_>) {
        let itinerary = trip.itinerary;
        let from = itinerary
            .starts_from
            .map_or(self.now, |at| at.max(self.now));
        let today = itinerary.zone.local_date(from);
        let target = itinerary.first_target(today, self.settings);
        let mut steps = itinerary.sequence.steps.iter();
        let is_whole = steps.all(|step| trip.state(step.number) == StepState::Undated);
        let best = is_whole.then(|| self.best_whole(trip, &target)).flatten();
        match best {
            Some((sender, whole)) => self.take_all(trip, sender, &target, &whole),
            None => self.start_anyway(trip, &target, is_whole),
        }
    }

    /// The senders a campaign may have, each with the least it can hope for, the best first.
    fn ranks(&self, trip: &Trip<'_>, day: impl Fn(usize) -> NaiveDate) -> Vec<Rank> {
        let senders = match trip.sender {
            Some(sender) => sender..sender + 1,
            None => 0..self.desks.len(),
        };
        let rank = |sender: usize| {
            let desk = self.desk(sender)?;
            Some((day(sender), desk.capacity.load(), sender))
        };
        let mut ranks: Vec<Rank> = senders.filter_map(rank).collect();
        ranks.sort_unstable();
        ranks
    }

    /// The sender with which the whole campaign starts on the earliest day, of those the one least
    /// used, of those the first.
    fn best_whole(&mut self, trip: &Trip<'_>, target: &Target) -> Option<(usize, Whole)> {
        let hoped = |sender: usize| {
            let found = |company| self.found.get(&key(trip, sender, company, target));
            let days = [found(None), found(trip.company)].map(|found| found?.not_before);
            let days = days.into_iter().flatten();
            days.fold(target.day, NaiveDate::max)
        };
        let mut best: Option<(Rank, Whole)> = None;
        for hope in self.ranks(trip, hoped) {
            if best.as_ref().is_some_and(|(rank, _)| *rank <= hope) {
                break;
            }
            let (_, load, sender) = hope;
            let Some(whole) = self.whole(trip, sender, target) else {
                continue;
            };
            let rank = (whole.day, load, sender);
            if best.as_ref().is_none_or(|(other, _)| rank < *other) {
                best = Some((rank, whole));
            }
        }
        best.map(|((_, _, sender), whole)| (sender, whole))
    }

    /// The first day on which the first step fits and every later one fits on its own day.
    fn whole(&mut self, trip: &Trip<'_>, sender: usize, target: &Target) -> Option<Whole> {
        let first = trip.itinerary.sequence.steps.first()?;
        let for_all = key(trip, sender, None, target);
        let for_company = key(trip, sender, trip.company, target);
        let known_for = |key: &FoundKey| self.found.get(key).copied().unwrap_or_default();
        let (all, company) = (known_for(&for_all), known_for(&for_company));
        if all.is_hopeless || company.is_hopeless {
            return None;
        }
        let all_from = all.not_before.unwrap_or(target.day);
        let mut day = all_from.max(company.not_before.unwrap_or(all_from));
        // What is found from here on is the first for all only if no day was left out.
        let mut is_first_for_all = day == all_from;
        let mut last = None;
        let mut waits_for_company = day > all_from;
        while let Some(room) = self.first_room(trip, sender, first.number, day, None, None) {
            if room.day > *last.get_or_insert(plus(room.day, DAYS_TO_FIT_ALL)) {
                break;
            }
            if let Some(mut spots) = self.all_fit(trip, sender, room, None) {
                if is_first_for_all {
                    self.note(for_all, Some(room.day));
                    is_first_for_all = false;
                }
                if trip.company.is_some() {
                    match self.all_fit(trip, sender, room, trip.company) {
                        Some(fitting) => spots = fitting,
                        None => {
                            waits_for_company = true;
                            day = plus(room.day, 1);
                            continue;
                        }
                    }
                    self.note(for_company, Some(room.day));
                }
                return Some(Whole {
                    day: room.day,
                    spots,
                    waits_for_company,
                });
            }
            day = plus(room.day, 1);
        }
        let is_for_all = is_first_for_all;
        self.note(if is_for_all { for_all } else { for_company }, None);
        None
    }

    /// Remembers what was found; none is hopeless.
    fn note(&mut self, key: FoundKey, not_before: Option<NaiveDate>) {
        let is_hopeless = not_before.is_none();
        let found = Found {
            not_before,
            is_hopeless,
        };
        self.found.insert(key, found);
    }

    /// Spots for all steps when the first one has this room, each follow-up on the very day the
    /// rules give it; none if one of them would not fit there. `company` if that is to be asked.
    fn all_fit(
        &mut self,
        trip: &Trip<'_>,
        sender: usize,
        room: Room,
        company: Option<u32>,
    ) -> Option<Vec<Spot>> {
        let itinerary = trip.itinerary;
        let steps = &itinerary.sequence.steps;
        let mut spots = Vec::with_capacity(steps.len());
        let (mut previous, mut previous_at) = (room.day, None);
        for step in steps {
            let (date, after) = match previous_at {
                None if company.is_none() => {
                    previous_at = Some(room.spot.at);
                    spots.push(room.spot);
                    continue;
                }
                None => {
                    let starts_from = itinerary.starts_from.map(|at| at.timestamp() - 1);
                    (room.day, starts_from)
                }
                Some(_) => {
                    let days = (room.day, previous);
                    let target = itinerary.target(step.number, days, self.settings);
                    (target.day, previous_at)
                }
            };
            let desk = self.desks.get_mut(sender)?.as_mut()?;
            let spot = desk.capacity.fit(Wanted {
                place: (trip.ground, &itinerary.zone),
                date,
                after,
                beside: &spots,
                seed: seed_of(itinerary.campaign, step.number),
                company: company.map(|company| (&self.companies, company)),
            });
            let spot = spot.ok()?;
            (previous, previous_at) = (date, Some(spot.at));
            spots.push(spot);
        }
        Some(spots)
    }

    fn take_all(&mut self, trip: &Trip<'_>, sender: usize, target: &Target, whole: &Whole) {
        let itinerary = trip.itinerary;
        let settings = self.settings;
        let mut previous = whole.day;
        let steps = itinerary.sequence.steps.iter().zip(&whole.spots);
        for (position, (step, spot)) in steps.enumerate() {
            let reason = if position == 0 {
                let words = ("every step", whole.waits_for_company);
                self.first_reason(trip, sender, target, whole.day, words)
            } else {
                let target = itinerary.target(step.number, (whole.day, previous), settings);
                previous = target.day;
                itinerary.explain(&target, settings)
            };
            self.take(trip, sender, step.number, *spot, reason);
        }
    }

    /// Dates the steps of a new campaign one after the other, each where it fits.
    fn start_anyway(&mut self, trip: &Trip<'_>, target: &Target, is_hopeless: bool) {
        let itinerary = trip.itinerary;
        let Some(first) = itinerary.sequence.steps.first() else {
            return;
        };
        let mut best: Option<(Rank, Room)> = None;
        for (_, load, sender) in self.ranks(trip, |_| target.day) {
            let (number, day) = (first.number, target.day);
            let room = self.first_room(trip, sender, number, day, None, trip.company);
            let rank = room.map(|room| ((room.day, load, sender), room));
            if let Some((rank, room)) = rank
                && best.as_ref().is_none_or(|(other, _)| rank < *other)
            {
                best = Some((rank, room));
            }
        }
        let Some(((_, _, sender), room)) = best else {
            return;
        };
        let words = ("it", room.waits_for_company);
        let mut reason = self.first_reason(trip, sender, target, room.day, words);
        if is_hopeless {
            reason.push_str(", though no day within reach has room for all steps");
        }
        self.take(trip, sender, first.number, room.spot, reason);
        let known = Known {
            first: room.day,
            previous: room.day,
            previous_at: room.spot.at,
            previous_number: first.number,
        };
        // What follows comes from the same sender.
        let trip = Trip {
            sender: Some(sender),
            again: trip.again.clone(),
            ..*trip
        };
        let mut next = self.next_of(&trip, 0, Some(known));
        while let Some(step) = next {
            next = self.follow(&trip, step);
        }
    }

    fn first_reason(
        &self,
        trip: &Trip<'_>,
        sender: usize,
        target: &Target,
        day: NaiveDate,
        (what, waits_for_company): (&str, bool),
    ) -> String {
        let reason = trip.itinerary.explain(target, self.settings);
        if day == target.day {
            return reason;
        }
        let limits = self.limits_in_words(sender, target.day, waits_for_company);
        let day = shown(day);
        format!("{reason}, {day} is the first day with room for {what} {limits}")
    }
}

/// Where what is found of a new campaign is remembered.
fn key(trip: &Trip<'_>, sender: usize, company: Option<u32>, target: &Target) -> FoundKey {
    (sender, trip.shape, company, target.day)
}
