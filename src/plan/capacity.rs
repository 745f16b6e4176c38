//! What a sender has promised already, and where there is room for one message more.
//!
//! Room only ever shrinks while we plan, so what was once found taken is never looked at again:
//! each span of a day remembers how far it is taken. That keeps planning linear in the messages.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::Settings;
use crate::calendar::Zone;

/// Room for one message: the instant, and the day of the sender it counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Unix seconds.
    pub at: i64,
    day: NaiveDate,
}

impl Spot {
    /// The instant.
    pub(super) fn instant(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.at, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
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

/// One sender's messages: when, and how many a day.
pub(super) struct Capacity<'a> {
    settings: &'a Settings,
    /// Nothing is dated before this instant.
    now: i64,
    taken: BTreeSet<i64>,
    per_day: HashMap<NaiveDate, u32>,
    spans: HashMap<(usize, NaiveDate), Vec<Span>>,
}

impl<'a> Capacity<'a> {
    /// The capacity left beside the promised instants.
    pub(super) fn new(
        promised: &[DateTime<Utc>],
        settings: &'a Settings,
        now: DateTime<Utc>,
    ) -> Capacity<'a> {
        // The first whole second that is not in the past.
        let now = now.timestamp() + i64::from(now.timestamp_subsec_nanos() > 0);
        let (taken, per_day, spans) = (BTreeSet::new(), HashMap::new(), HashMap::new());
        let mut capacity = Capacity {
            settings,
            now,
            taken,
            per_day,
            spans,
        };
        for instant in promised {
            let day = settings.day_zone.local_date(*instant);
            capacity.take(Spot {
                at: instant.timestamp(),
                day,
            });
        }
        capacity
    }

    /// Uses a spot up.
    pub(super) fn take(&mut self, spot: Spot) {
        self.taken.insert(spot.at);
        let count = self.per_day.entry(spot.day).or_default();
        *count = count.saturating_add(1);
    }

    /// The first room on a local day of a zone, or none. `zone` comes with a number that stands for
    /// it; `after` is an instant that must have passed; `beside` are spots wanted but not taken
    /// yet. Without `after` and `beside`, "none" holds for good.
    pub(super) fn fit(
        &mut self,
        (zone_number, zone): (usize, &Zone),
        date: NaiveDate,
        after: Option<i64>,
        beside: &[Spot],
        jitter_secs: i64,
    ) -> Option<Spot> {
        let Capacity {
            settings,
            now,
            taken,
            per_day,
            spans,
        } = self;
        let gap_secs = i64::from(settings.gap_secs);
        let spans = spans
            .entry((zone_number, date))
            .or_insert_with(|| spans_of(settings, zone, date, *now));
        for span in spans {
            let count = per_day.get(&span.day).copied().unwrap_or_default() as usize
                + beside.iter().filter(|spot| spot.day == span.day).count();
            if count >= settings.daily_limit.max(1) as usize {
                continue;
            }
            let from = after.map_or(span.from, |after| span.from.max(after + 1));
            let mut at = past_taken(taken, from.max(span.taken_to), span.before, gap_secs);
            if from <= span.taken_to {
                span.taken_to = at;
            }
            while let Some(near) = beside.iter().find(|spot| (spot.at - at).abs() < gap_secs) {
                at = past_taken(taken, near.at + gap_secs, span.before, gap_secs);
            }
            if at < span.before {
                let at = spread(taken, beside, at, span.before, gap_secs, jitter_secs);
                return Some(Spot { at, day: span.day });
            }
        }
        None
    }
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

/// Adds the jitter to the gap after the message before, as far as the message after and the end of
/// the span leave room. A message with nothing shortly before it stands where it is.
fn spread(
    taken: &BTreeSet<i64>,
    beside: &[Spot],
    at: i64,
    before: i64,
    gap_secs: i64,
    jitter_secs: i64,
) -> i64 {
    if jitter_secs == 0 {
        return at;
    }
    let beside = || beside.iter().map(|spot| spot.at);
    let last = taken.range(..=at).next_back().copied();
    let Some(last) = last
        .into_iter()
        .chain(beside().filter(|other| *other <= at))
        .max()
    else {
        return at;
    };
    let next = taken.range(at + 1..).next().copied();
    let next = next
        .into_iter()
        .chain(beside().filter(|other| *other > at))
        .min();
    let latest = next.map_or(before - 1, |next| (before - 1).min(next - gap_secs));
    (last + gap_secs + jitter_secs).min(latest).max(at)
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
