//! Time zones by their IANA name.

use std::sync::LazyLock;

use anyhow::{Context, bail};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil};

/// The rules compiled into the program. The machine's own are often years behind the law.
static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Below this similarity a guess would confuse more than help.
const SIMILARITY_MIN: f64 = 0.6;

/// A time zone of the IANA database. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    tz: TimeZone,
}

impl Zone {
    /// The zone of this name, whatever its case: `europe/berlin` is `Europe/Berlin`. Abbreviations
    /// (`PST`), offsets (`UTC+2`) and names of cities are no zones.
    pub fn parse(name: &str) -> anyhow::Result<Zone> {
        let name = name.trim();
        if let Ok(tz) = BUNDLED.get(name)
            && tz.iana_name().is_some()
        {
            return Ok(Zone { tz });
        }
        let shown = crate::calendar::place::excerpt(name);
        match nearest(name) {
            Some(near) => {
                bail!("expected an IANA time zone such as `{near}`, found `{shown}`")
            }
            None => bail!("expected an IANA time zone such as `Europe/Berlin`, found `{shown}`"),
        }
    }

    /// Coordinated universal time.
    pub fn utc() -> Zone {
        Zone { tz: TimeZone::UTC }
    }

    /// The name in the database's own case.
    pub fn name(&self) -> &str {
        self.tz.iana_name().unwrap_or("UTC")
    }

    /// The ISO 3166 code of the country this zone is named for, if it is one's.
    pub fn country(&self) -> Option<String> {
        let code = self.tz.location()?.country().to_string();
        (code.len() == 2).then_some(code)
    }

    /// What clocks there show at an instant.
    pub fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        let offset = self.offset_secs(instant);
        let shift = chrono::TimeDelta::seconds(offset.into());
        instant
            .naive_utc()
            .checked_add_signed(shift)
            .unwrap_or(instant.naive_utc())
    }

    /// The day there at an instant.
    pub fn local_date(&self, instant: DateTime<Utc>) -> NaiveDate {
        self.local(instant).date()
    }

    /// The instant at which clocks there show this. A time that a clock change leaves out moves
    /// forward by the length of the gap (02:30 becomes 03:30); one that comes twice is the first.
    /// Days beyond the year 9999 are read as UTC, which is as good as anything there.
    pub fn at(&self, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        self.checked_at(date, time)
            .unwrap_or_else(|_| date.and_time(time).and_utc())
    }

    fn checked_at(&self, date: NaiveDate, time: NaiveTime) -> anyhow::Result<DateTime<Utc>> {
        let civil = civil::DateTime::new(
            date.year().try_into()?,
            date.month().try_into()?,
            date.day().try_into()?,
            time.hour().try_into()?,
            time.minute().try_into()?,
            time.second().try_into()?,
            0,
        )?;
        let timestamp = self.tz.to_ambiguous_timestamp(civil).compatible()?;
        DateTime::from_timestamp(timestamp.as_second(), 0).context("an instant beyond the calendar")
    }

    /// Seconds that clocks there are ahead of UTC at an instant; negative to the west.
    fn offset_secs(&self, instant: DateTime<Utc>) -> i32 {
        Timestamp::from_second(instant.timestamp())
            .map_or(0, |timestamp| self.tz.to_offset(timestamp).seconds())
    }

    /// The stretches of constant offset that could touch a local day, in order: from, before, and
    /// seconds ahead of UTC. One on most days, two on a day of a clock change.
    pub(super) fn stretches(&self, date: NaiveDate) -> Vec<(DateTime<Utc>, DateTime<Utc>, i32)> {
        // No clock is ever more than a day away from UTC.
        let midnight = date.and_time(NaiveTime::MIN).and_utc();
        let mut from = midnight.checked_sub_days(Days::new(1)).unwrap_or(midnight);
        let end = midnight.checked_add_days(Days::new(2)).unwrap_or(midnight);
        let mut stretches = Vec::new();
        let changes = Timestamp::from_second(from.timestamp())
            .map(|timestamp| self.tz.following(timestamp))
            .into_iter()
            .flatten()
            .filter_map(|change| DateTime::from_timestamp(change.timestamp().as_second(), 0));
        for change in changes.take_while(|change| *change < end) {
            stretches.push((from, change, self.offset_secs(from)));
            from = change;
        }
        stretches.push((from, end, self.offset_secs(from)));
        stretches
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The known zone most like a text: by its whole name, or by the city at its end, which is what
/// people remember.
fn nearest(text: &str) -> Option<String> {
    let text: String = text
        .chars()
        .take(40)
        .collect::<String>()
        .to_lowercase()
        .replace(' ', "_");
    let score = |name: &str| {
        let name = name.to_lowercase();
        let city = name.rsplit('/').next().unwrap_or(&name);
        strsim::jaro_winkler(&text, &name).max(strsim::jaro_winkler(&text, city))
    };
    BUNDLED
        .available()
        .filter(|name| name.as_str().contains('/'))
        .map(|name| (score(name.as_str()), name.as_str().to_string()))
        .filter(|(score, _)| *score >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_at(zone: &str, local: &str, expected: &str) {
        let zone = Zone::parse(zone).unwrap();
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        let at = zone.at(local.date(), local.time());
        let back = zone.local(at).format("%H:%M");
        assert_eq!(
            format!("{} ({back})", at.format("%Y-%m-%d %H:%MZ")),
            expected
        );
    }

    #[test]
    fn a_gap_moves_forward_and_an_overlap_takes_the_first_in_both_hemispheres() {
        check_at(
            "Europe/Berlin",
            "2026-03-29 02:30",
            "2026-03-29 01:30Z (03:30)",
        );
        check_at(
            "Europe/Berlin",
            "2026-10-25 02:30",
            "2026-10-25 00:30Z (02:30)",
        );
        check_at(
            "America/New_York",
            "2026-03-08 02:30",
            "2026-03-08 07:30Z (03:30)",
        );
        check_at(
            "America/New_York",
            "2026-11-01 01:30",
            "2026-11-01 05:30Z (01:30)",
        );
        check_at(
            "Australia/Sydney",
            "2026-10-04 02:30",
            "2026-10-03 16:30Z (03:30)",
        );
        check_at(
            "Australia/Sydney",
            "2026-04-05 02:30",
            "2026-04-04 15:30Z (02:30)",
        );
        // Half an hour only.
        check_at(
            "Australia/Lord_Howe",
            "2026-10-04 02:15",
            "2026-10-03 15:45Z (02:45)",
        );
    }

    #[test]
    fn offsets_of_every_kind_and_the_date_line() {
        check_at("UTC", "2026-03-02 09:00", "2026-03-02 09:00Z (09:00)");
        check_at(
            "Asia/Kathmandu",
            "2026-03-02 09:00",
            "2026-03-02 03:15Z (09:00)",
        );
        check_at(
            "Pacific/Kiritimati",
            "2026-03-02 09:00",
            "2026-03-01 19:00Z (09:00)",
        );
        check_at(
            "Pacific/Pago_Pago",
            "2026-03-02 09:00",
            "2026-03-02 20:00Z (09:00)",
        );
        // Samoa left this day out.
        check_at(
            "Pacific/Apia",
            "2011-12-30 09:00",
            "2011-12-30 19:00Z (09:00)",
        );
        // The law of 2026, which zone rules of 2025 do not know.
        check_at(
            "America/Vancouver",
            "2026-12-01 09:00",
            "2026-12-01 16:00Z (09:00)",
        );
    }

    #[test]
    fn the_local_day_is_not_the_day_in_utc() {
        let at: DateTime<Utc> = "2026-12-31T23:30:00Z".parse().unwrap();
        let date = |zone: &str| Zone::parse(zone).unwrap().local_date(at).to_string();
        assert_eq!(date("Pacific/Auckland"), "2027-01-01");
        assert_eq!(date("America/Los_Angeles"), "2026-12-31");
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        for (text, name) in [
            ("europe/berlin", "Europe/Berlin"),
            (" AMERICA/new_york ", "America/New_York"),
            ("utc", "UTC"),
            ("Asia/Calcutta", "Asia/Calcutta"),
        ] {
            assert_eq!(Zone::parse(text).unwrap().name(), name, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_nearest_name() {
        let long = "x".repeat(100_000);
        for (text, near) in [
            ("Europe/Berlni", "Europe/Berlin"),
            ("New York", "America/New_York"),
            ("Etc/Unknown", ""),
            ("", "Europe/Berlin"),
            ("UTC+2", ""),
            ("../../etc/passwd", ""),
            ("柏林", "Europe/Berlin"),
            (long.as_str(), "Europe/Berlin"),
        ] {
            let error = Zone::parse(text).unwrap_err().to_string();
            assert!(error.contains(near) && error.contains("found `"), "{error}");
            assert!(error.len() < 200, "{error}");
        }
    }

    #[test]
    fn a_zone_names_its_country() {
        let country = |zone: &str| Zone::parse(zone).unwrap().country();
        assert_eq!(country("Europe/Zurich").as_deref(), Some("CH"));
        assert_eq!(country("Europe/Oslo").as_deref(), Some("NO"));
        assert_eq!(country("US/Pacific").as_deref(), Some("US"));
        assert_eq!(country("Asia/Calcutta").as_deref(), Some("IN"));
        assert_eq!(country("UTC"), None);
        assert_eq!(country("Etc/GMT+5"), None);
    }

    #[test]
    fn instants_at_the_ends_of_the_calendar_do_not_panic() {
        let zone = Zone::parse("Pacific/Kiritimati").unwrap();
        for date in [NaiveDate::MAX, NaiveDate::MIN] {
            let at = zone.at(date, NaiveTime::MIN);
            let _ = (zone.local(at), zone.stretches(date));
        }
        let _ = zone.local(DateTime::<Utc>::MAX_UTC);
    }
}
