//! What any plan must keep, whatever the world it is made in.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::calendar::{ClosingDays, Window, Zone, is_business_day};
use crate::plan::fixture::{at, itinerary, settings};
use crate::plan::limits::hour_of;
use crate::plan::{Gate, Limits, Promise, Ramp, StepFact, after_sent, gate};

/// What planning is given.
#[derive(Clone, Debug)]
struct World {
    now: DateTime<Utc>,
    settings: Settings,
    senders: Vec<SenderBook>,
    itineraries: Vec<Itinerary>,
}

impl World {
    fn plan(&self) -> Plan {
        dated(&self.itineraries, &self.senders, &self.settings, self.now)
    }

    fn campaign(&self, campaign: i64) -> &Itinerary {
        let mut all = self.itineraries.iter();
        all.find(|one| one.campaign == campaign).unwrap()
    }

    /// The world after a plan was written down.
    fn after(&self, plan: &Plan) -> World {
        let mut world = self.clone();
        for one in &mut world.itineraries {
            let mut set = |number: u32, state| {
                one.steps[number as usize - 1].state = state;
            };
            for slot in plan.slots.iter().filter(|s| s.campaign == one.campaign) {
                set(slot.number, StepState::Dated(slot.due_at));
                one.sender.get_or_insert_with(|| slot.sender.clone());
            }
            for skip in plan.skips.iter().filter(|s| s.campaign == one.campaign) {
                for number in skip.number..=3 {
                    set(number, StepState::Over);
                }
            }
        }
        world
    }

    /// Everything of a sender that takes room: promised, or dated, not overdue and not held.
    fn taken(&self, book: &SenderBook) -> Vec<(DateTime<Utc>, Option<String>)> {
        let patience = TimeDelta::minutes(self.settings.overdue_after_minutes.into());
        let promised = book.promised.iter();
        let mut taken: Vec<_> = promised.map(|p| (p.at, p.company.clone())).collect();
        for one in &self.itineraries {
            let is_mine = one.sender.as_deref() == Some(book.address.as_str());
            let held = |fact: &&StepFact| !matches!(fact.state, StepState::Open | StepState::Over);
            taken.extend(
                one.steps
                    .iter()
                    .take_while(held)
                    .filter_map(|fact| match fact.state {
                        StepState::Dated(at) if is_mine && at >= self.now - patience => {
                            Some((at, one.company.clone()))
                        }
                        _ => None,
                    }),
            );
        }
        taken
    }

    /// The first promise that the new dates of a plan break.
    fn broken_promise(&self, plan: &Plan) -> Option<String> {
        let after = self.after(plan);
        let settings = &self.settings;
        let day_of = |at: DateTime<Utc>| settings.day_zone.local_date(at);
        for slot in &plan.slots {
            let one = after.campaign(slot.campaign);
            let local = one.zone.local(slot.due_at);
            let is_off = one.sequence.respect_business_days
                && !is_business_day(&one.country, local.date())
                || settings.closing_days.name(local.date()).is_some();
            let mut books = self.senders.iter();
            let book = books.find(|book| book.address == slot.sender)?;
            let taken = after.taken(book);
            let near = taken.iter().filter(|(at, _)| {
                let apart = (*at - slot.due_at).num_seconds().abs();
                apart < i64::from(book.limits.gap_secs)
            });
            let day = day_of(slot.due_at);
            let of_day = taken.iter().filter(|(at, _)| day_of(*at) == day).count();
            let hour = |at: DateTime<Utc>| hour_of(at.timestamp());
            let of_hour = taken
                .iter()
                .filter(|(at, _)| hour(*at) == hour(slot.due_at));
            let first_on = taken.iter().map(|(at, _)| day_of(*at)).min();
            let first_on = first_on
                .into_iter()
                .chain(book.first_sent_at.map(day_of))
                .min();
            let active = after.senders.iter().filter(|book| !book.is_stopped);
            let all = active.flat_map(|book| after.taken(book));
            let of_company = all.filter(|(at, company)| {
                company.is_some() && *company == one.company && day_of(*at) == day
            });
            let company_max = settings.company_daily.unwrap_or(u32::MAX) as usize;
            let hour_max = book.limits.hourly.unwrap_or(u32::MAX) as usize;
            let broken = [
                ("in the past", slot.due_at < self.now),
                (
                    "outside the window",
                    !settings.window.contains(local.time()),
                ),
                ("on a day off", is_off),
                ("with a stopped sender", book.is_stopped),
                (
                    "with another sender",
                    one.sender.as_ref() != Some(&slot.sender),
                ),
                (
                    "too many that day",
                    of_day > book.limits.allowed_on(first_on, day) as usize,
                ),
                ("too many that hour", of_hour.count() > hour_max),
                // The gap to itself is none.
                ("too soon", book.limits.gap_secs > 0 && near.count() > 1),
                ("too many of a company", of_company.count() > company_max),
                ("no other date", slot.was == Some(slot.due_at)),
            ];
            if let Some((what, _)) = broken.iter().find(|(_, is_broken)| *is_broken) {
                return Some(format!("{what}: {slot:?} at {local}"));
            }
        }
        let mut all = after.itineraries.iter();
        all.find_map(|one| out_of_order(one, plan))
    }
}

fn out_of_order(one: &Itinerary, plan: &Plan) -> Option<String> {
    let instant = |number: u32| match one.state(number) {
        StepState::Sent(at) | StepState::Dated(at) => Some(at),
        _ => None,
    };
    let first = one.zone.local_date(instant(1)?);
    (2..=3).find_map(|number| {
        let mut slots = plan.slots.iter();
        let slot = slots.find(|s| s.campaign == one.campaign && s.number == number)?;
        let previous = instant(number - 1)?;
        let day = one.zone.local_date(slot.due_at);
        let since = |from: NaiveDate| (day - from).num_days();
        let delay = i64::from(one.sequence.step(number)?.delay_days);
        let distance = i64::from(one.sequence.distance_days(number));
        let is_kept = slot.due_at > previous
            && since(one.zone.local_date(previous)) >= distance
            && since(first) >= delay;
        (!is_kept).then(|| format!("too near: {slot:?} after {previous}"))
    })
}

const PLACES: [(&str, &str); 9] = [
    ("UTC", "US"),
    ("Europe/Berlin", "DE"),
    ("America/New_York", "US"),
    ("Pacific/Kiritimati", "KI"),
    ("Pacific/Pago_Pago", "AS"),
    ("Australia/Lord_Howe", "AU"),
    ("Asia/Jerusalem", "IL"),
    ("America/Havana", "XX"),
    ("Asia/Kathmandu", "JP"),
];

const SENDERS: [&str; 3] = ["ada", "bob", "cleo"];

/// The states of a campaign's steps by a few numbers: where it stands, and when.
fn states(kind: u32, secs: [i64; 3], now: DateTime<Utc>) -> [StepState; 3] {
    let day = TimeDelta::days(1);
    let around = |secs: i64| now + TimeDelta::seconds(secs) - day * 20;
    let sent = StepState::Sent((now - TimeDelta::seconds(secs[0])).min(now));
    let mut dates = secs.map(around);
    dates.sort_unstable();
    let [first, second, third] = dates.map(StepState::Dated);
    use StepState::{Open, Over, Undated};
    match kind {
        0 => [sent, Undated, Undated],
        1 => [first, second, third],
        2 => [Open, Undated, Undated],
        3 => [sent, second, third],
        4 => [first, Undated, Undated],
        5 => [Open, second, third],
        6 => [sent, second, Undated],
        7 => [sent, Over, Over],
        _ => [Undated, Undated, Undated],
    }
}

fn any_itinerary(campaign: i64, now: DateTime<Utc>) -> impl Strategy<Value = Itinerary> {
    let delays = (0..3_u32, 0..9_u32, 0..9_u32).prop_map(|(a, b, c)| [a, a + b, a + b + c]);
    let secs = prop::array::uniform3(0..40_i64 * 86_400);
    let kinds = (
        any::<bool>(),
        any::<bool>(),
        0..12_u32,
        0..5_usize,
        0..4_usize,
    );
    (0..PLACES.len(), delays, secs, kinds).prop_map(
        move |(place, delays, secs, (respects, business, kind, sender, company))| {
            let (zone, country) = PLACES[place];
            let mut one = itinerary(campaign, zone, country, delays, "undated, undated, undated");
            one.sequence.respect_business_days = respects;
            if business {
                one.sequence.delay_unit = DelayUnit::Business;
            }
            let states = states(kind, secs, now);
            for (fact, state) in one.steps.iter_mut().zip(states) {
                *fact = StepFact { state, ..*fact };
            }
            let is_new = states.iter().all(|state| *state == StepState::Undated);
            // The fourth is no sender any more.
            let name = ["ada", "bob", "cleo", "gone"].get(sender);
            one.sender = name.map(|name| name.to_string());
            if one.sender.is_none() && !is_new {
                one.sender = Some("ada".to_string());
            }
            one.company = ["a.example", "b.example"]
                .get(company)
                .map(|c| c.to_string());
            one
        },
    )
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let windows = prop::sample::select(vec![
        "09:00-17:00",
        "00:00-24:00",
        "00:00-00:30",
        "01:30-03:00",
        "02:10-02:50",
        "23:00-24:00",
        "12:00-12:01",
    ]);
    let closing =
        prop::sample::select(vec!["", "2026-03-01..2026-03-20", "2026-12-24..2027-01-10"]);
    let companies = prop::sample::select(vec![None, Some(1), Some(2)]);
    let stale = prop::sample::select(vec![0, 2, 14]);
    (windows, 0..PLACES.len(), closing, companies, stale).prop_map(
        |(window, place, closing, company_daily, stale_after_days)| Settings {
            window: Window::parse(window).unwrap(),
            day_zone: Zone::parse(PLACES[place].0).unwrap(),
            closing_days: ClosingDays::parse(closing).unwrap(),
            company_daily,
            stale_after_days,
            ..settings()
        },
    )
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let ramps = prop::sample::select(vec![None, Some(Ramp { start: 1, step: 1 })]);
    (
        prop::sample::select(vec![1, 2, 5, 1_000_000]),
        prop::sample::select(vec![None, Some(1), Some(3)]),
        prop::sample::select(vec![0, 1, 90, 3_600, 100_000]),
        prop::sample::select(vec![0, 60, 5_000]),
        ramps,
    )
        .prop_map(|(daily, hourly, gap_secs, jitter_secs, ramp)| Limits {
            daily,
            hourly,
            gap_secs,
            jitter_secs,
            ramp,
        })
}

/// Some instant of two years, clock changes of both hemispheres and year ends among them.
fn any_world() -> impl Strategy<Value = World> {
    let stopped = prop::collection::vec(prop::bool::weighted(0.15), 1..=SENDERS.len());
    let limits = prop::collection::vec(any_limits(), SENDERS.len());
    let start = (0..2 * 366 * 86_400_i64, any_settings(), limits, stopped);
    start.prop_flat_map(|(secs, settings, limits, stopped)| {
        let now = at("UTC", "2026-01-01 00:00") + TimeDelta::seconds(secs);
        let many: Vec<_> = (1..=12)
            .map(|campaign| any_itinerary(campaign, now))
            .collect();
        let senders = SENDERS.iter().zip(limits).zip(stopped);
        let senders: Vec<SenderBook> = senders
            .map(|((address, limits), is_stopped)| SenderBook {
                address: address.to_string(),
                limits,
                promised: vec![Promise {
                    at: now - TimeDelta::minutes(10),
                    company: Some("a.example".to_string()),
                }],
                first_sent_at: Some(now - TimeDelta::days(3)),
                is_stopped,
            })
            .collect();
        many.prop_map(move |itineraries| World {
            now,
            settings: settings.clone(),
            senders: senders.clone(),
            itineraries,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_plan_breaks_a_promise(world in any_world()) {
        let plan = world.plan();
        prop_assert_eq!(&world.plan(), &plan, "another plan of the same world");
        prop_assert_eq!(world.broken_promise(&plan), None);

        // Written down, nothing is left to do: what could be dated is, and what is dated stands.
        let after = world.after(&plan);
        let again = after.plan();
        prop_assert_eq!((again.slots, again.skips), (vec![], vec![]));
    }

    #[test]
    fn what_leaves_when_it_is_due_passes_the_gate_and_moves_nothing(world in any_world()) {
        let plan = world.plan();
        for mut one in world.after(&plan).itineraries {
            let mine = plan.slots.iter().filter(|slot| slot.campaign == one.campaign);
            let mut mine: Vec<&Slot> = mine.collect();
            mine.sort_by_key(|slot| slot.number);
            for slot in mine {
                let (number, due_at) = (slot.number, slot.due_at);
                // Only where all that comes before it has a date or has left.
                let before = (1..number).map(|number| one.state(number));
                if before.clone().any(|state| !matches!(state, StepState::Sent(_))) {
                    continue;
                }
                let gate = gate(&one, number, &world.settings, due_at);
                prop_assert_eq!(gate, Gate::Go, "{:?} of {:?}", slot, one);
                one.steps[number as usize - 1].state = StepState::Sent(due_at);
                prop_assert_eq!(after_sent(&one, &world.settings), vec![]);
            }
        }
    }
}
