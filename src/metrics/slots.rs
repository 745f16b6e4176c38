//! At which weekday and hour messages left, in the leads' own zones.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Timelike, Utc};

use super::group::{Group, Per};
use super::{Rate, SegmentRow, SlotRow};
use crate::calendar::Zone;

const HOURS: usize = 24;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The zones met so far, and what their clocks are ahead of UTC on the days met so far: asking the
/// zone's own rules for every message would be most of the work.
#[derive(Default)]
pub(super) struct Zones {
    codes: HashMap<String, usize>,
    zones: Vec<Zone>,
    ahead: HashMap<(usize, NaiveDate), Option<Duration>>,
}

impl Zones {
    /// The number of a zone; one that is none is read as UTC.
    pub(super) fn code(&mut self, name: &str) -> usize {
        if let Some(code) = self.codes.get(name) {
            return *code;
        }
        let zone = Zone::parse(name).unwrap_or_else(|_| Zone::utc());
        self.zones.push(zone);
        let code = self.zones.len() - 1;
        self.codes.insert(name.to_string(), code);
        code
    }

    /// The hour of the week there, 0 for the first of Monday.
    pub(super) fn slot(&mut self, zone: usize, at: DateTime<Utc>) -> usize {
        let Some(known) = self.zones.get(zone) else {
            return 0;
        };
        let day = at.date_naive();
        let ahead = self.ahead.entry((zone, day)).or_insert_with(|| {
            let start = day.and_time(NaiveTime::MIN).and_utc();
            let ahead = |at: DateTime<Utc>| known.local(at) - at.naive_utc();
            let (first, last) = (ahead(start), ahead(start + Duration::seconds(86_399)));
            (first == last).then_some(first)
        });
        let local = match ahead {
            Some(ahead) => at.naive_utc() + *ahead,
            // Clocks change on this day.
            None => known.local(at),
        };
        local.weekday().num_days_from_monday() as usize * HOURS + local.hour() as usize
    }
}

/// The counts of each hour of the week.
pub(super) struct Slots(Vec<Group>);

impl Default for Slots {
    fn default() -> Slots {
        Slots(vec![Group::default(); WEEKDAYS.len() * HOURS])
    }
}

impl Slots {
    /// The counts of an hour of the week.
    pub(super) fn get(&mut self, slot: usize) -> Option<&mut Group> {
        self.0.get_mut(slot)
    }

    /// Adds what another counted.
    pub(super) fn merge(&mut self, other: Slots) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            ours.merge(theirs);
        }
    }

    /// By weekday and hour.
    pub(super) fn rows(&self) -> Vec<SlotRow> {
        let sent = self.each().filter(|(_, _, group)| group.tally.sent > 0);
        let rows = sent.map(|(weekday, hour, group)| SlotRow {
            weekday: weekday as u32 + 1,
            hour: hour as u32,
            delivered: group.tally.delivered,
            reply_rate: Rate::new(group.tally.replied, group.tally.delivered),
        });
        rows.collect()
    }

    /// By weekday.
    pub(super) fn weekdays(&self) -> Vec<SegmentRow> {
        let named = WEEKDAYS.iter().map(|name| name.to_string()).enumerate();
        let row = |(weekday, name)| self.row(name, |at, _| at == weekday);
        named.filter_map(row).collect()
    }

    /// By hour.
    pub(super) fn hours(&self) -> Vec<SegmentRow> {
        let row = |hour: usize| self.row(format!("{hour:02}"), |_, at| at == hour);
        (0..HOURS).filter_map(row).collect()
    }

    fn each(&self) -> impl Iterator<Item = (usize, usize, &Group)> {
        let slots = self.0.iter().enumerate();
        slots.map(|(slot, group)| (slot / HOURS, slot % HOURS, group))
    }

    fn row(&self, value: String, is_in: impl Fn(usize, usize) -> bool) -> Option<SegmentRow> {
        let mut all = Group::default();
        for (_, _, group) in self
            .each()
            .filter(|(weekday, hour, _)| is_in(*weekday, *hour))
        {
            all.merge(group.clone());
        }
        (all.tally.sent > 0).then(|| SegmentRow {
            value,
            figures: all.figures(Per::Delivered),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_of_the_week_is_that_of_the_leads_clock() {
        let mut zones = Zones::default();
        let mut check = |zone: &str, at: &str, expected: &str| {
            let code = zones.code(zone);
            let slot = zones.slot(code, at.parse().unwrap());
            let found = format!("{} {:02}", WEEKDAYS[slot / HOURS], slot % HOURS);
            assert_eq!(found, expected, "{zone} {at}");
        };
        check("UTC", "2026-03-02T00:00:00Z", "Mon 00");
        check("UTC", "2026-03-01T23:59:59Z", "Sun 23");
        // On both sides of the date line.
        check("Pacific/Kiritimati", "2026-03-01T10:00:00Z", "Mon 00");
        check("Pacific/Kiritimati", "2026-03-01T09:59:59Z", "Sun 23");
        check("Pacific/Pago_Pago", "2026-03-02T10:59:59Z", "Sun 23");
        check("Pacific/Pago_Pago", "2026-03-02T11:00:00Z", "Mon 00");
        check("Asia/Kathmandu", "2026-03-02T18:14:59Z", "Mon 23");
        check("Asia/Kathmandu", "2026-03-02T18:15:00Z", "Tue 00");
        // Before, between and after a change of clocks on one day.
        check("Europe/Berlin", "2026-03-28T12:00:00Z", "Sat 13");
        check("Europe/Berlin", "2026-03-29T00:59:59Z", "Sun 01");
        check("Europe/Berlin", "2026-03-29T01:00:00Z", "Sun 03");
        check("Europe/Berlin", "2026-03-29T12:00:00Z", "Sun 14");
        check("Australia/Lord_Howe", "2026-04-04T14:59:59Z", "Sun 01");
        check("Australia/Lord_Howe", "2026-04-04T15:00:00Z", "Sun 01");
        check("Australia/Lord_Howe", "2026-04-04T15:30:00Z", "Sun 02");
        check("nowhere at all", "2026-03-02T07:00:00Z", "Mon 07");
    }
}
