#!/usr/bin/env python3
"""Writes planning.csv beside this file: 20,000 leads, settings and instants with the days and hours
that follow from them, worked out by code that shares nothing with the planner: the zones of
zoneinfo and the calendars of the package `holidays`.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install holidays==0.109 tzdata==2026.6
    /tmp/oracle/bin/python tests/oracle/make.py

The output depends on nothing but these packages, so two runs write the same bytes.
`src/plan/oracle.rs` compares every line with what the planner and the gate say.

Where our calendar differs from the package, and why ours is right:

- IN: the law names Sunday alone as the weekend, so the package counts Saturdays as working days.
  Offices rest on Saturdays as well (five-day week of the central government since 1985, of most
  private offices too), and a sales mail on a Saturday is not read.
- GB: the package without a subdivision knows only what all four nations share. We keep England's
  days, which add Easter Monday and the August bank holiday, for every lead in the United Kingdom.

Nothing else differs: both come from the same release of the same package, ours through the table
that `src/calendar/data/generate.py` writes.
"""

import random
import zoneinfo
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import holidays

LINES = 20_000
COUNTRIES = (
    "US CA GB IE DE FR ES IT NL BE AT CH SE NO DK FI PL PT AU NZ JP IN SG BR MX ZA AE IL"
).split()
SUBDIVISIONS = {"GB": "ENG"}
# Where those countries are, and the clocks that are hardest on planners: both sides of the date
# line, quarter hours, half-hour changes, changes at midnight, negative summer time.
ZONES = """
America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles
America/Anchorage America/Adak Pacific/Honolulu America/St_Johns America/Halifax America/Toronto
America/Winnipeg America/Vancouver America/Mexico_City America/Tijuana America/Sao_Paulo
America/Manaus America/Havana America/Santiago America/Asuncion America/Nuuk Atlantic/Azores
Europe/Lisbon Europe/Dublin Europe/London Europe/Madrid Atlantic/Canary Europe/Paris
Europe/Brussels Europe/Amsterdam Europe/Berlin Europe/Zurich Europe/Rome Europe/Vienna
Europe/Copenhagen Europe/Oslo Europe/Stockholm Europe/Helsinki Europe/Warsaw Africa/Casablanca
Africa/Johannesburg Africa/Cairo Asia/Jerusalem Asia/Beirut Asia/Dubai Asia/Kolkata
Asia/Kathmandu Asia/Singapore Asia/Tokyo Australia/Perth Australia/Eucla Australia/Darwin
Australia/Adelaide Australia/Sydney Australia/Brisbane Australia/Lord_Howe Pacific/Auckland
Pacific/Chatham Pacific/Apia Pacific/Pago_Pago Pacific/Kiritimati Pacific/Norfolk
Antarctica/Troll UTC
""".split()
WINDOWS = ["09:00-17:00"] * 6 + [
    "08:30-12:15", "07:00-20:00", "10:00-10:30", "00:00-23:00", "00:00-01:00", "00:30-03:30",
    "01:30-02:30", "02:10-02:50", "02:00-03:00", "22:15-23:45",
]
# Own closing days, for the lines that keep them.
CLOSED = [
    ("2025-12-24", "2026-01-02"), ("2026-08-03", "2026-08-14"), ("2026-12-24", "2027-01-03"),
    ("2027-05-07", "2027-05-07"), ("2028-02-28", "2028-03-01"), ("2029-12-27", "2029-12-31"),
]
FIRST, LAST = date(2025, 1, 1), date(2030, 9, 30)

zoneinfo.reset_tzpath(())  # The package's rules, not the machine's.
CLOSED_DAYS = {
    date.fromisoformat(first) + timedelta(days=n)
    for first, last in CLOSED
    for n in range((date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
}
CALENDARS = {
    code: holidays.country_holidays(code, subdiv=SUBDIVISIONS.get(code), years=range(2025, 2031))
    for code in COUNTRIES
}


@lru_cache(maxsize=None)
def works(country, day):
    """Whether people work there on a day."""
    if country == "IN" and day.weekday() == 5:
        return False
    return CALENDARS[country].is_working_day(day)


def minutes(text):
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


@lru_cache(maxsize=None)
def open_minutes(zone, window, day):
    """The minutes of UTC (since 1970) at which the clock there shows this day and an hour of the
    window, found by looking at every minute that could be one."""
    tz = zoneinfo.ZoneInfo(zone)
    opens, closes = (minutes(end) for end in window.split("-"))
    midnight = int(datetime.combine(day, time(), timezone.utc).timestamp()) // 60
    near = [midnight - 24 * 60, midnight + 48 * 60]
    shift = [datetime.fromtimestamp(m * 60, tz).utcoffset() for m in near]
    if shift[0] == shift[1]:
        ahead = int(shift[0].total_seconds()) // 60
        return range(midnight + opens - ahead, midnight + closes - ahead)
    found = []
    for minute in range(*near):
        there = datetime.fromtimestamp(minute * 60, tz)
        if there.date() == day and opens <= there.hour * 60 + there.minute < closes:
            found.append(minute)
    return found


class Lead:
    """A lead with the settings of its campaign."""

    def __init__(self, zone, country, window, delays, respects, business, closed):
        self.zone, self.country, self.window, self.delays = zone, country, window, delays
        self.respects, self.business, self.closed = respects, business, closed

    def is_open(self, day):
        if self.closed and day in CLOSED_DAYS:
            return False
        return not self.respects or works(self.country, day)

    def rolled(self, day):
        while not self.is_open(day):
            day += timedelta(days=1)
        return day

    def counted(self, day, n):
        if not (self.business and self.respects):
            return day + timedelta(days=n)
        for _ in range(n):
            day = self.rolled(day + timedelta(days=1))
        return day

    def second_from(self, day, now):
        """The first second of the window on a day that is not before `now`."""
        for minute in open_minutes(self.zone, self.window, day):
            if minute * 60 + 59 >= now:
                return max(minute * 60, now)
        return None

    def days_after(self, hook):
        """The days of proof and fomo when the hook leaves on a day."""
        proof = max(self.counted(hook, self.delays[1]),
                    self.counted(hook, self.delays[1] - self.delays[0]))
        proof = self.rolled(proof)
        fomo = max(self.counted(hook, self.delays[2]),
                   self.counted(proof, self.delays[2] - self.delays[1]))
        return proof, self.rolled(fomo)

    def plan(self, now):
        today = datetime.fromtimestamp(now, zoneinfo.ZoneInfo(self.zone)).date()
        # When the gate would let a first mail go.
        day = today
        while not (self.is_open(day) and self.second_from(day, now)):
            day += timedelta(days=1)
        gate = self.second_from(day, now)
        # The first day on which the hook can leave and the others have a window on their days.
        hook = self.rolled(self.counted(today, self.delays[0]))
        while True:
            proof, fomo = self.days_after(hook)
            due = [self.second_from(one, now) for one in (hook, proof, fomo)]
            if all(due):
                break
            hook = self.rolled(hook + timedelta(days=1))
        window = open_minutes(self.zone, self.window, hook)
        return [int(works(self.country, today)), gate, *due, window[0] * 60,
                (window[-1] + 1) * 60, len(window)]


def near_a_change(rng, zone):
    """An instant within two days of a change of clocks there, or anywhere if there is none."""
    tz = zoneinfo.ZoneInfo(zone)
    start = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days))
    start = at = datetime.combine(start, time(), timezone.utc)
    while True:
        after = at + timedelta(days=1)
        if at.astimezone(tz).utcoffset() != after.astimezone(tz).utcoffset():
            break
        at = after
        if at.date() >= LAST or at - start > timedelta(days=400):
            at = start
            break
    return int(at.timestamp()) + rng.randrange(-2 * 86_400, 2 * 86_400)


def lines():
    rng = random.Random(20_260_309)
    for _ in range(LINES):
        zone, country = rng.choice(ZONES), rng.choice(COUNTRIES)
        first, second, third = (rng.choice(many) for many in ([0, 0, 0, 1, 2], range(1, 8),
                                                             range(1, 10)))
        delays = [first, first + second, first + second + third]
        respects, business, closed = (rng.random() < p for p in (0.8, 0.4, 0.4))
        lead = Lead(zone, country, rng.choice(WINDOWS), delays, respects, business, closed)
        if rng.random() < 0.4:
            now = near_a_change(rng, zone)
        else:
            day = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days))
            now = int(datetime.combine(day, time(), timezone.utc).timestamp())
            now += rng.randrange(86_400)
        flags = "".join(letter for letter, is_set in
                        (("r", respects), ("b", business), ("c", closed)) if is_set)
        cells = [zone, country, lead.window, "/".join(map(str, delays)), flags or "-", now]
        yield ",".join(map(str, cells + lead.plan(now)))


def main():
    closed = " ".join(f"{first}..{last}" for first, last in CLOSED)
    header = [
        "# Made by make.py; see there. Instants are Unix seconds.",
        f"# holidays {version('holidays')} (MIT), tzdata {version('tzdata')} (Apache-2.0).",
        f"# closed: {closed}",
        "# zone,country,window,delays,flags (r: business days respected, b: delays count business",
        "# days, c: own closing days kept),now,business day there now,gate opens for a hook,hook,",
        "# proof,fomo,hook's window opens,closes,minutes it is open",
    ]
    text = "\n".join(header + list(lines())) + "\n"
    Path(__file__).with_name("planning.csv").write_text(text)


if __name__ == "__main__":
    main()
