//! Which dates stand: everything that can still leave when it was promised to.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Planner, Trip};
use crate::plan::StepState;
use crate::plan::capacity::Spot;
use crate::plan::rules::shown;

impl Planner<'_> {
    /// Gives the dates that stand their room, and marks in `trips` from which step on dates have to
    /// be given anew. Later steps of what has started go before campaigns that have not, the
    /// earlier before the later.
    pub(super) fn let_stand(&mut self, trips: &mut [Trip<'_>]) {
        let mut later_steps: Vec<(DateTime<Utc>, usize, u32)> = Vec::new();
        let mut firsts: Vec<(DateTime<Utc>, usize)> = Vec::new();
        for (index, trip) in trips.iter_mut().enumerate() {
            let steps = &trip.itinerary.sequence.steps;
            let dated = steps
                .iter()
                .filter_map(|step| match trip.itinerary.state(step.number) {
                    StepState::Dated(at) => Some((step.number, at)),
                    _ => None,
                });
            let mut dated = dated.peekable();
            let Some((first_number, first_at)) = dated.peek().copied() else {
                continue;
            };
            let has_started = first_number > 1;
            if !has_started {
                firsts.push((first_at, index));
            }
            for (number, at) in dated {
                if let Some(why) = self.misfit(trip, number, at) {
                    trip.again = Some((number, why));
                    break;
                }
                if has_started {
                    later_steps.push((at, index, number));
                }
            }
        }
        later_steps.sort_unstable();
        firsts.sort_unstable();
        self.first_days(&later_steps, &firsts, trips);
        for (at, index, number) in later_steps {
            if let Some(trip) = trips.get_mut(index) {
                self.stand(trip, &[(number, at)]);
            }
        }
        for (_, index) in firsts {
            let Some(trip) = trips.get_mut(index) else {
                continue;
            };
            let steps = trip.itinerary.sequence.steps.iter();
            let standing: Vec<(u32, DateTime<Utc>)> = steps
                .filter_map(|step| match trip.state(step.number) {
                    StepState::Dated(at) => Some((step.number, at)),
                    _ => None,
                })
                .collect();
            self.stand(trip, &standing);
        }
    }

    /// A ramp counts from the sender's first mail, and that may be among those dated.
    fn first_days(
        &mut self,
        later_steps: &[(DateTime<Utc>, usize, u32)],
        firsts: &[(DateTime<Utc>, usize)],
        trips: &[Trip<'_>],
    ) {
        let later = later_steps.iter().map(|(at, index, _)| (*at, *index));
        for (at, index) in later.chain(firsts.iter().copied()) {
            let trip = trips.get(index).filter(|trip| trip.again.is_none());
            let Some(sender) = trip.and_then(|trip| trip.sender) else {
                continue;
            };
            if let Some(Some(desk)) = self.desks.get_mut(sender) {
                let spot = desk.capacity.spot_of(at);
                desk.capacity.starts_by(spot.day);
            }
        }
    }

    /// Why a step cannot leave on its date, whatever the limits.
    fn misfit(&self, trip: &Trip<'_>, number: u32, at: DateTime<Utc>) -> Option<String> {
        let (itinerary, settings) = (trip.itinerary, self.settings);
        let local = itinerary.zone.local(at);
        let patience = TimeDelta::minutes(settings.overdue_after_minutes.into());
        if at < self.now - patience {
            let name = itinerary.step_name(number);
            return Some(format!("{name} did not leave on {}", shown(local.date())));
        }
        if let Some(cause) = itinerary.days_off(settings).cause(local.date()) {
            return Some(format!(
                "{} is no business day ({cause})",
                shown(local.date())
            ));
        }
        let is_open = settings.window.contains(local.time());
        (!is_open).then(|| {
            let (window, time) = (settings.window, local.time().format("%H:%M"));
            format!("{time} lies outside {window}")
        })
    }

    /// Takes the room of dates that stand, all of them, or marks them as to be given anew if one of
    /// their days is full by now.
    fn stand(&mut self, trip: &mut Trip<'_>, standing: &[(u32, DateTime<Utc>)]) {
        let Some(Some(desk)) = trip.sender.and_then(|sender| self.desks.get_mut(sender)) else {
            return;
        };
        let first = standing.first().map_or(u32::MAX, |(number, _)| *number);
        if trip.again.as_ref().is_some_and(|(from, _)| *from <= first) {
            return;
        }
        let mut spots: Vec<Spot> = Vec::with_capacity(standing.len());
        for (_, at) in standing {
            let spot = desk.capacity.spot_of(*at);
            let beside = spots.iter().filter(|other| other.day == spot.day).count();
            let day = || shown(trip.itinerary.zone.local_date(*at));
            if desk.capacity.is_full(spot.day, beside) {
                let limit = desk.capacity.allowed_on(spot.day);
                let why = format!("{} is full (limit {limit})", day());
                trip.again = Some((first, why));
                return;
            }
            if self.companies.is_full(trip.company, spot.day, beside) {
                let why = format!("its company gets enough on {}", day());
                trip.again = Some((first, why));
                return;
            }
            spots.push(spot);
        }
        for spot in spots {
            desk.capacity.take(spot);
            self.companies.take(trip.company, spot.day);
        }
    }
}
