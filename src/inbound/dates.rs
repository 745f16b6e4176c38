//! The day an absent person is back, read from the words of an absence notice.
//!
//! Purpose: one day, or none. Rules: only a day that a word of return introduces counts (`until`,
//! `back on`, `bis`, `de retour le` …), so that telephone numbers, the first day of the absence and
//! a deputy's dates do not; a missing year and the order of day and month follow the mail's own
//! date and language; when two readings are possible the later one is taken. A day before the mail
//! was written is no return. This module does not know the present.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use regex::{Captures, Regex};

use super::folding::pattern;

/// Words that introduce the end of an absence. The day must follow at once, save for a weekday.
const ANCHORS: &str = concat!(
    r"\b(?:",
    r"until|till|til|through|thru|back (?:in (?:the )?office )?(?:on|by)?|",
    r"return(?:ing|s)?(?: to (?:the |my )?(?:office|work|desk))?(?: on)?|ending(?: on)?|",
    r"bis(?: zum| einschliesslich| inkl\.?| inklusive| einschl\.?| voraussichtlich)*|",
    r"(?:wieder|zuruck)(?: im (?:buro|haus|dienst))?(?: ab| am)?(?: dem)?|ab(?: dem)?|",
    r"jusqu'(?:au|a)|de retour(?: au bureau)?(?: le| a partir du)?|retour(?: prevu)? le|",
    r"a partir du|",
    r"hasta el|de vuelta(?: en la oficina)? el|regreso(?: a la oficina)? el|",
    r"regresare el|vuelvo el|volvere el|a partir del|",
    r"fino al?|rientro(?: in ufficio)? (?:il|previsto il)|rientrero il|tornero il|",
    r"di ritorno il|a partire dal|",
    r"tot(?: en met| en met de)?|t/m|terug(?: op)?|vanaf|",
    r"ate(?: o)?(?: dia)?|de volta(?: ao escritorio)?(?: em| no dia)?|",
    r"retorno(?:rei)?(?: em| no dia| dia)?|regresso(?: a| em)?|voltarei(?: em| no dia| dia)?",
    r")"
);
/// The second day of a range: `from 3 May to 15 May`, `du 3 au 15 mai`, `03.05. - 15.05.`.
const RANGES: &str = concat!(
    r"\b(?:from|between|vom|von|du|del|dal|van|de|do dia)\b[ -~]{1,30}?",
    r"(?:\bto\b|\band\b|-|\bau\b|\bal\b|\ba\b|\bao\b)"
);
const WEEKDAYS: &str = concat!(
    r"(?:mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|",
    r"sat(?:urday)?|sun(?:day)?|",
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|mo|di|mi|do|fr|sa|so|",
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|",
    r"lunes|martes|miercoles|jueves|viernes|sabado|domingo|",
    r"lunedi|martedi|mercoledi|giovedi|venerdi|sabato|domenica|",
    r"maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|",
    r"segunda|terca|quarta|quinta|sexta)(?:-feira)?"
);
/// Words that may stand between the anchor and the day.
const FILLERS: &str = concat!(
    r"and including |the |including |inclusive |approximately |about |(?:the )?end of |",
    r"le |den |dem |el |il |het |dia |em |o |on |einschliesslich |inkl\.? |inclus |compris "
);
const MONTHS: [&str; 12] = [
    "jan|januar|january|janvier|enero|ene|gennaio|januari|janeiro|janner",
    "feb|februar|february|fevrier|febrero|febbraio|februari|fevereiro|fev",
    "mar|march|marz|mars|marzo|maart|mrt|marco|mrz",
    "apr|april|avril|avr|abril|abr|aprile",
    "may|mai|mayo|maggio|mei|maio",
    "jun|june|juni|juin|junio|giugno|junho",
    "jul|july|juli|juillet|julio|luglio|julho",
    "aug|august|aout|agosto|augustus|ago",
    "sep|sept|september|septembre|septiembre|settembre|setembro|set",
    "oct|october|oktober|octobre|octubre|ottobre|outubro|okt|out|ott",
    "nov|november|novembre|noviembre|novembro",
    "dec|december|dezember|decembre|diciembre|dicembre|dezembro|dez|dic",
];

/// The day named in folded text, for a mail written on `written_on`.
pub(super) fn return_day(folded: &str, written_on: NaiveDate) -> Option<NaiveDate> {
    static WHERE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("{ANCHORS}|{RANGES}")));
    let mut last: Option<NaiveDate> = None;
    for anchor in WHERE.find_iter(folded).take(20) {
        let Some(after) = folded.get(anchor.end()..) else {
            continue;
        };
        let day = day_at(after, anchor.as_str(), written_on);
        last = last.max(day.filter(|day| *day >= written_on));
    }
    last
}

/// The day that stands at the beginning of a text.
fn day_at(after: &str, anchor: &str, written_on: NaiveDate) -> Option<NaiveDate> {
    static DAY: LazyLock<Regex> = LazyLock::new(|| {
        let months = MONTHS.join("|");
        let weekday =
            format!(r"(?:(?P<weekday>{WEEKDAYS})\b[.,]?(?: the| den| dem| le| el)*)?[ ,]*");
        let iso = r"(?P<y1>20[0-9][0-9])-(?P<m1>[0-9]{2})-(?P<d1>[0-9]{2})";
        let numbers = concat!(
            r"(?P<a>[0-9]{1,2}) ?(?P<sep>[./-]) ?(?P<b>[0-9]{1,2})",
            r"(?: ?[./-] ?(?P<y2>(?:20)?[0-9][0-9]))?\b"
        );
        let day_month = format!(
            r"(?P<d2>[0-9]{{1,2}})(?:st|nd|rd|th|er|\.|o|º)? ?(?:de |of )?-?(?P<mon2>{months})\b{}",
            r"\.?(?:,? ?(?:de )?(?P<y3>20[0-9][0-9]))?"
        );
        let month_day = format!(
            r"(?P<mon3>{months})\b\.? (?:the )?(?P<d3>[0-9]{{1,2}})(?:st|nd|rd|th)?\b{}",
            r"(?:,? ?(?P<y4>20[0-9][0-9]))?"
        );
        pattern(&format!(
            "^[ :,]*(?:{FILLERS})*{weekday}(?:{iso}|{numbers}|{day_month}|{month_day})?"
        ))
    });
    let found = DAY.captures(after)?;
    let text = |name: &str| found.name(name).map(|m| m.as_str());
    let number = |name: &str| text(name).and_then(|digits| digits.parse::<u32>().ok());
    let named = number("y1")
        .or(number("y2"))
        .or(number("y3"))
        .or(number("y4"));
    let year = named.map(|year| if year < 100 { year + 2000 } else { year });
    let day = if let (Some(month), Some(day)) = (number("m1"), number("d1")) {
        dated(year, month, day, written_on)
    } else if let (Some(a), Some(b)) = (number("a"), number("b")) {
        numeric(
            a,
            b,
            text("sep") == Some("/"),
            year,
            is_english(anchor),
            written_on,
        )
    } else if let (Some(day), Some(month)) = (number("d2"), text("mon2").and_then(month_of)) {
        dated(year, month, day, written_on)
    } else if let (Some(day), Some(month)) = (number("d3"), text("mon3").and_then(month_of)) {
        dated(year, month, day, written_on)
    } else {
        weekday_after(&found, written_on)
    };
    let is_inclusive = anchor.contains("through")
        || anchor.contains("thru")
        || anchor.contains("inkl")
        || anchor.contains("einschl")
        || anchor.contains("en met")
        || anchor == "t/m"
        || is_inclusive_after(found.get(0).and_then(|day| after.get(day.end()..)))
        || cut_at_digit(after).contains("inclu")
        || cut_at_digit(after).contains("einschl")
        || cut_at_digit(after).contains("inkl");
    match (day, is_inclusive) {
        (Some(day), true) => day.checked_add_days(Days::new(1)),
        (day, _) => day,
    }
}

/// "15 mai inclus", "15 May inclusive": the day itself still belongs to the absence.
fn is_inclusive_after(rest: Option<&str>) -> bool {
    let rest = rest
        .unwrap_or_default()
        .trim_start_matches([' ', ',', '(', '.']);
    ["inclu", "einschl", "inkl", "compres", "inbegrepen"]
        .iter()
        .any(|word| rest.starts_with(word))
}

fn cut_at_digit(text: &str) -> &str {
    let end = text.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

fn is_english(anchor: &str) -> bool {
    [
        "until", "till", "through", "thru", "back", "return", "ending", "from", "between",
    ]
    .iter()
    .any(|word| anchor.starts_with(word))
        && !anchor.starts_with("retorn")
}

fn month_of(name: &str) -> Option<u32> {
    let position = MONTHS
        .iter()
        .position(|names| names.split('|').any(|known| known == name))?;
    u32::try_from(position).ok().map(|month| month + 1)
}

/// A day whose year may be missing: then the first one not long before the mail.
fn dated(year: Option<u32>, month: u32, day: u32, written_on: NaiveDate) -> Option<NaiveDate> {
    if let Some(year) = year {
        return NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day);
    }
    let this = NaiveDate::from_ymd_opt(written_on.year(), month, day);
    let next = NaiveDate::from_ymd_opt(written_on.year() + 1, month, day);
    match this {
        Some(this) if (written_on - this).num_days() > 60 => next,
        None => next,
        this => this,
    }
}

/// Two numbers: day and month as the language writes them; English leaves both readings open, and
/// of two plausible ones (within ninety days) the later is taken.
fn numeric(
    a: u32,
    b: u32,
    slashed: bool,
    year: Option<u32>,
    english: bool,
    written_on: NaiveDate,
) -> Option<NaiveDate> {
    let day_first = dated(year, b, a, written_on);
    if !slashed || !english {
        return day_first.or_else(|| dated(year, a, b, written_on));
    }
    let month_first = dated(year, a, b, written_on);
    let plausible = |day: &NaiveDate| (0..=90).contains(&(*day - written_on).num_days());
    match (day_first.filter(plausible), month_first.filter(plausible)) {
        (Some(x), Some(y)) => Some(x.max(y)),
        (Some(day), None) | (None, Some(day)) => Some(day),
        (None, None) => {
            let future = |day: &NaiveDate| *day >= written_on;
            let (x, y) = (day_first.filter(future), month_first.filter(future));
            match (x, y) {
                (Some(x), Some(y)) => Some(x.min(y)),
                (x, y) => x.or(y),
            }
        }
    }
}

/// A weekday alone is the first one after the day the mail was written.
fn weekday_after(found: &Captures<'_>, written_on: NaiveDate) -> Option<NaiveDate> {
    let name = found.name("weekday")?.as_str();
    let weekday = weekday_of(name.trim_end_matches("-feira"))?;
    (1..=7)
        .filter_map(|ahead| written_on.checked_add_days(Days::new(ahead)))
        .find(|day| day.weekday() == weekday)
}

/// Abbreviations of two letters are too often something else to stand alone.
fn weekday_of(name: &str) -> Option<Weekday> {
    let days: [(&str, Weekday); 7] = [
        (
            "monday mon montag lundi lunes lunedi maandag segunda",
            Weekday::Mon,
        ),
        (
            "tuesday tue tues dienstag mardi martes martedi dinsdag terca",
            Weekday::Tue,
        ),
        (
            "wednesday wed mittwoch mercredi miercoles mercoledi woensdag quarta",
            Weekday::Wed,
        ),
        (
            "thursday thu thurs donnerstag jeudi jueves giovedi donderdag quinta",
            Weekday::Thu,
        ),
        (
            "friday fri freitag vendredi viernes venerdi vrijdag sexta",
            Weekday::Fri,
        ),
        (
            "saturday sat samstag samedi sabado sabato zaterdag",
            Weekday::Sat,
        ),
        (
            "sunday sun sonntag dimanche domingo domenica zondag",
            Weekday::Sun,
        ),
    ];
    let named = |names: &str| names.split(' ').any(|known| known == name);
    days.iter()
        .find(|(names, _)| named(names))
        .map(|(_, weekday)| *weekday)
}

#[cfg(test)]
mod tests {
    use super::super::folding::fold;
    use super::*;

    #[track_caller]
    fn check(text: &str, written_on: &str, expected: &str) {
        let day = return_day(&fold(text), written_on.parse().unwrap());
        assert_eq!(
            day.map_or("none".to_string(), |day| day.to_string()),
            expected,
            "{text}"
        );
    }

    #[test]
    fn days_are_read_in_each_language() {
        for (text, expected) in [
            ("I am out of the office until 15 May 2026.", "2026-05-15"),
            (
                "I'm away until Friday, May 15th, with no access",
                "2026-05-15",
            ),
            ("I will be back on 2026-05-15", "2026-05-15"),
            ("returning to the office on 15/05/2026", "2026-05-15"),
            ("away from 4 May to 15 May", "2026-05-15"),
            ("Ich bin bis zum 15.05.2026 nicht im Büro", "2026-05-15"),
            ("bis einschließlich 14. Mai", "2026-05-15"),
            ("Ab dem 15. Mai bin ich wieder da", "2026-05-15"),
            ("vom 04.05. bis 15.05. im Urlaub", "2026-05-15"),
            ("Je suis absent du 4 au 15 mai.", "2026-05-15"),
            ("de retour le 15 mai 2026", "2026-05-15"),
            ("jusqu'au jeudi 14 mai inclus", "2026-05-15"),
            ("Estaré fuera hasta el 15 de mayo de 2026", "2026-05-15"),
            ("sarò assente fino al 15 maggio", "2026-05-15"),
            ("rientro in ufficio il 15/05", "2026-05-15"),
            ("afwezig tot en met 14 mei", "2026-05-15"),
            ("Estarei ausente até 15 de maio", "2026-05-15"),
        ] {
            check(text, "2026-05-04", expected);
        }
    }

    #[test]
    fn a_missing_year_follows_the_mail() {
        check("until 5 January", "2026-12-20", "2027-01-05");
        check("until 28 December", "2026-12-20", "2026-12-28");
    }

    #[test]
    fn of_two_readings_the_later_plausible_one_is_taken() {
        check("until 05/06", "2026-05-01", "2026-06-05");
        check("until 01/05", "2026-12-20", "2027-01-05");
        check("until 13/05", "2026-05-01", "2026-05-13");
        check("until 05/13", "2026-05-01", "2026-05-13");
        check("bis 05.06.", "2026-05-01", "2026-06-05");
    }

    #[test]
    fn a_weekday_is_the_next_one() {
        check("I'm back on Monday", "2026-05-06", "2026-05-11");
        check("back Monday", "2026-05-11", "2026-05-18");
        check("wieder am Montag erreichbar", "2026-05-06", "2026-05-11");
    }

    #[test]
    fn inclusive_ends_mean_the_day_after() {
        check("away through May 14", "2026-05-04", "2026-05-15");
        check("until and including 14 May", "2026-05-04", "2026-05-15");
    }

    #[test]
    fn decoys_are_not_returns() {
        check(
            "I left on 1 May. Call 05.12.34.56.78.",
            "2026-05-04",
            "none",
        );
        check("until 1 April 2026", "2026-05-04", "none");
        check("until 45/99", "2026-05-04", "none");
        check("until", "2026-05-04", "none");
        check("until further notice", "2026-05-04", "none");
    }
}
