//! What a sender has promised already, and where there is room for one message more.
//!
//! Room only ever shrinks while we plan, so what was once found taken is never looked at again:
//! each span of a day remembers how far it is taken. That keeps planning linear in the messages.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use sha2::{Digest, Sha256};

use super::limits::hour_of;
use super::{Limits, Settings};
use crate::calendar::Zone;

/// Room for one message: the instant, and the day of the sender it counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Unix seconds.
    pub at: i64,
    /// In the zone in which senders count their days.
    pub day: NaiveDate,
}

impl Spot {
    /// The instant.
    pub(super) fn instant(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.at, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// How many messages each company gets a day, from all senders together.
#[derive(Default)]
pub(super) struct Companies<'a> {
    daily: Option<u32>,
    numbers: HashMap<&'a str, u32>,
    per_day: HashMap<(u32, NaiveDate), u32>,
}

impl<'a> Companies<'a> {
    /// No company has anything yet.
    pub(super) fn new(daily: Option<u32>) -> Companies<'a> {
        Companies {
            daily,
            ..Companies::default()
        }
    }

    /// The number that stands for a company; none where nobody is counted.
    pub(super) fn number(&mut self, company: Option<&'a str>) -> Option<u32> {
        let (Some(company), Some(_)) = (company, self.daily) else {
            return None;
        };
        let fresh = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        Some(*self.numbers.entry(company).or_insert(fresh))
    }

    /// Whether a company gets nothing more on a day on which it is to get `beside` more anyway.
    pub(super) fn is_full(&self, company: Option<u32>, day: NaiveDate, beside: usize) -> bool {
        let (Some(company), Some(daily)) = (company, self.daily) else {
            return false;
        };
        let count = self.per_day.get(&(company, day)).copied();
        count.unwrap_or_default() as usize + beside >= daily.max(1) as usize
    }

    /// Counts a message.
    pub(super) fn take(&mut self, company: Option<u32>, day: NaiveDate) {
        if let Some(company) = company {
            let count = self.per_day.entry((company, day)).or_default();
            *count = count.saturating_add(1);
        }
    }
}

/// What room is looked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'b> {
    /// A zone with a number that stands for it and the days off there.
    pub place: (usize, &'b Zone),
    /// The local day.
    pub date: NaiveDate,
    /// An instant that must have passed.
    pub after: Option<i64>,
    /// Spots wanted but not taken yet.
    pub beside: &'b [Spot],
    /// Stands for the message in the jitter.
    pub seed: u64,
    /// The company, if it is to be asked whether it gets too much.
    pub company: Option<(&'b Companies<'b>, u32)>,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// There is none for any message of the same place, nor will there be.
    ForAll,
    /// There is none for this one.
    ForThis,
}

/// A part of the window that lies on one day of the sender. Unix seconds.
#[derive(Debug)]
struct Span {
    from: i64,
    before: i64,
    day: NaiveDate,
    /// No message fits from `from` up to here, whatever its jitter.
    taken_to: i64,
}

/// One sender's messages: when, and how many a day and an hour.
pub(super) struct Capacity<'a> {
    settings: &'a Settings,
    limits: Limits,
    /// Nothing is dated before this instant.
    now: i64,
    /// Stands for the sender in the jitter.
    seed: u64,
    first_on: Option<NaiveDate>,
    taken: BTreeSet<i64>,
    n_taken: u64,
    per_day: HashMap<NaiveDate, u32>,
    per_hour: HashMap<i64, u32>,
    spans: HashMap<(usize, NaiveDate), Vec<Span>>,
}

impl<'a> Capacity<'a> {
    /// A sender with nothing promised, whose first mail left at an instant if one did.
    pub(super) fn new(
        (address, limits): (&str, Limits),
        first_sent_at: Option<DateTime<Utc>>,
        settings: &'a Settings,
        now: DateTime<Utc>,
    ) -> Capacity<'a> {
        let digest = Sha256::digest(address.as_bytes());
        let seed = digest.iter().take(8);
        Capacity {
            settings,
            limits,
            // The first whole second that is not in the past.
            now: now.timestamp() + i64::from(now.timestamp_subsec_nanos() > 0),
            seed: seed.fold(0, |seed, byte| (seed << 8) | u64::from(*byte)),
            first_on: first_sent_at.map(|at| settings.day_zone.local_date(at)),
            taken: BTreeSet::new(),
            n_taken: 0,
            per_day: HashMap::new(),
            per_hour: HashMap::new(),
            spans: HashMap::new(),
        }
    }

    /// The spot that an instant takes.
    pub(super) fn spot_of(&self, at: DateTime<Utc>) -> Spot {
        Spot {
            at: at.timestamp(),
            day: self.settings.day_zone.local_date(at),
        }
    }

    /// Uses a spot up.
    pub(super) fn take(&mut self, spot: Spot) {
        self.taken.insert(spot.at);
        self.n_taken += 1;
        let count = self.per_day.entry(spot.day).or_default();
        *count = count.saturating_add(1);
        if self.limits.hourly.is_some() {
            let count = self.per_hour.entry(hour_of(spot.at)).or_default();
            *count = count.saturating_add(1);
        }
        self.starts_by(spot.day);
    }

    /// The sender's first mail leaves on this day at the latest.
    pub(super) fn starts_by(&mut self, day: NaiveDate) {
        self.first_on = Some(self.first_on.map_or(day, |first| first.min(day)));
    }

    /// What the sender may send on one of its days.
    pub(super) fn allowed_on(&self, day: NaiveDate) -> u32 {
        self.limits.allowed_on(self.first_on, day)
    }

    /// Whether a day has no room, whatever the hour.
    pub(super) fn is_full(&self, day: NaiveDate, beside: usize) -> bool {
        let count = self.per_day.get(&day).copied().unwrap_or_default() as usize;
        count + beside >= self.allowed_on(day) as usize
    }

    /// How much of the sender is used up, comparable between senders.
    pub(super) fn load(&self) -> u64 {
        self.n_taken.saturating_mul(1_000_000) / u64::from(self.limits.daily.max(1))
    }

    /// The first room on a local day.
    pub(super) fn fit(&mut self, wanted: Wanted<'_>) -> Result<Spot, Full> {
        let Wanted {
            place: (zone_number, zone),
            date,
            after,
            beside,
            seed,
            company,
        } = wanted;
        let mut spans = match self.spans.remove(&(zone_number, date)) {
            Some(spans) => spans,
            None => spans_of(self.settings, zone, date, self.now),
        };
        let mut full = match (after, beside) {
            (None, []) => Full::ForAll,
            _ => Full::ForThis,
        };
        let mut found = None;
        for span in &mut spans {
            let n_beside = beside.iter().filter(|spot| spot.day == span.day).count();
            if self.is_full(span.day, n_beside) {
                continue;
            }
            if company.is_some_and(|(all, one)| all.is_full(Some(one), span.day, n_beside)) {
                full = Full::ForThis;
                continue;
            }
            let from = after.map_or(span.from, |after| span.from.max(after + 1));
            let mut at = self.free(from.max(span.taken_to), span.before, &[]);
            if from <= span.taken_to {
                span.taken_to = at;
            }
            at = self.free(at, span.before, beside);
            if at < span.before {
                found = Some(Spot {
                    at: self.spread(beside, at, span, seed),
                    day: span.day,
                });
                break;
            }
        }
        self.spans.insert((zone_number, date), spans);
        found.ok_or(full)
    }

    /// The first second from `at` on that keeps gap and hourly limit beside all that is taken or
    /// wanted; looks no further than `before`.
    fn free(&self, mut at: i64, before: i64, beside: &[Spot]) -> i64 {
        let gap_secs = i64::from(self.limits.gap_secs);
        loop {
            at = past_taken(&self.taken, at, before, gap_secs);
            if at >= before {
                return at;
            }
            let near = beside.iter().find(|spot| (spot.at - at).abs() < gap_secs);
            if let Some(near) = near {
                at = near.at + gap_secs;
            } else if self.is_hour_full(at, beside) {
                at = (hour_of(at) + 1) * 3_600;
            } else {
                return at;
            }
        }
    }

    fn is_hour_full(&self, at: i64, beside: &[Spot]) -> bool {
        let Some(hourly) = self.limits.hourly else {
            return false;
        };
        let hour = hour_of(at);
        let count = self.per_hour.get(&hour).copied().unwrap_or_default() as usize;
        let n_beside = beside.iter().filter(|spot| hour_of(spot.at) == hour);
        count + n_beside.count() >= hourly.max(1) as usize
    }

    /// Adds the jitter to the gap after the message before, as far as the message after, the hour
    /// and the end of the span leave room. A message with nothing shortly before it stands where
    /// it is.
    fn spread(&self, beside: &[Spot], at: i64, span: &Span, message_seed: u64) -> i64 {
        if self.limits.jitter_secs == 0 {
            return at;
        }
        let day = span.day.to_epoch_days();
        let drawn = mix(self.seed ^ mix(message_seed ^ mix(day.unsigned_abs().into())));
        let jitter_secs = i64::try_from(drawn % (u64::from(self.limits.jitter_secs) + 1));
        let gap_secs = i64::from(self.limits.gap_secs);
        let beside_at = || beside.iter().map(|spot| spot.at);
        let last = self.taken.range(..=at).next_back().copied();
        let Some(last) = last
            .into_iter()
            .chain(beside_at().filter(|other| *other <= at))
            .max()
        else {
            return at;
        };
        let next = self.taken.range(at + 1..).next().copied();
        let next = next
            .into_iter()
            .chain(beside_at().filter(|other| *other > at))
            .min();
        let end = span.before - 1;
        let latest = next.map_or(end, |next| end.min(next - gap_secs));
        let late = (last + gap_secs + jitter_secs.unwrap_or(0))
            .min(latest)
            .max(at);
        if self.is_hour_full(late, beside) {
            at
        } else {
            late
        }
    }
}

/// The seed of a message, for the jitter.
pub(super) fn seed_of(campaign: i64, number: u32) -> u64 {
    mix(campaign.unsigned_abs()) ^ u64::from(number)
}

/// A number for a number, always the same and evenly spread (the finalizer of splitmix64).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The first second from `at` on that keeps the gap to all that is taken; looks no further than
/// `before`.
fn past_taken(taken: &BTreeSet<i64>, mut at: i64, before: i64, gap_secs: i64) -> i64 {
    for other in taken.range(at - gap_secs + 1..) {
        if *other >= at + gap_secs || at >= before {
            break;
        }
        at = other + gap_secs;
    }
    at
}

/// The window on a local day, from now on, cut where the sender's day ends.
fn spans_of(settings: &Settings, zone: &Zone, date: NaiveDate, now: i64) -> Vec<Span> {
    let mut spans = Vec::with_capacity(2);
    for (from, before) in settings.window.spans(zone, date) {
        let (mut from, before) = (from.timestamp().max(now), before.timestamp());
        while from < before {
            let Some(instant) = DateTime::from_timestamp(from, 0) else {
                break;
            };
            let day = settings.day_zone.local_date(instant);
            let end = day
                .checked_add_days(Days::new(1))
                .map(|next| settings.day_zone.at(next, NaiveTime::MIN).timestamp())
                .filter(|end| *end > from)
                .map_or(before, |end| end.min(before));
            spans.push(Span {
                from,
                before: end,
                day,
                taken_to: from,
            });
            from = end;
        }
    }
    spans
}
