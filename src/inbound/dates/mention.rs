//! Every place of a text that names a day.
//!
//! Purpose: find days in all the forms people write, and read each as the calendar's. What a day
//! means is for others to judge.

use std::sync::LazyLock;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use regex::{Captures, Regex};

use crate::words::folding::pattern;

/// The mentions looked at in one text.
const MENTIONS_MAX: usize = 20;

const WEEKDAYS: &str = concat!(
    r"(?:monday|tues?(?:day)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|saturday|sunday|",
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|",
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|",
    r"lunes|martes|miercoles|jueves|viernes|sabado|domingo|",
    r"lunedi|martedi|mercoledi|giovedi|venerdi|sabato|domenica|",
    r"maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|",
    r"segunda|terca|quarta|quinta|sexta|",
    r"mandag|mandag|tirsdag|tisdag|onsdag|torsdag|fredag|lordag|sondag|",
    r"poniedzial(?:ek|ku)|wtorek|wtorku|srod[ay]|czwartek|czwartku|piat(?:ek|ku))(?:-feira)?"
);
/// Abbreviations that are weekdays only beside a date.
const WEEKDAY_SHORT: &str = concat!(
    r"(?:mon|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mie|jue|vie|sab|dom|",
    r"seg|ter|qua|qui|sex|ma|wo|za|zo|tir|ons|tor|lor)"
);
/// Articles and prepositions that belong to a day.
const ARTICLE: &str = r"(?:\b(?:den|dem|zum|am|le|au|el|dia|il|al|the|o) )?";
/// What may stand between a weekday and its date.
const AFTER_WEEKDAY: &str = r"[.,]{0,2}(?: the| den| dem| le| el| il| d\.| o| dia)*,? ?";
/// The second day of `3 - 14`.
const TO_DAY: &str = r"(?: ?(?:-|to|through|until) ?(?P<d4>[0-9]{1,2})(?:st|nd|rd|th)?\b)?";
const MONTHS: [&str; 12] = [
    "jan|januar|january|janvier|janv|enero|ene|gennaio|gen|januari|janeiro|janner|stycznia",
    "feb|februar|february|fevrier|fevr|febrero|febbraio|februari|fevereiro|fev|lutego",
    "mar|march|marz|mars|marzo|maart|mrt|marco|mrz|marts|marca",
    "apr|april|avril|avr|abril|abr|aprile|kwietnia",
    "may|mai|mayo|maggio|mag|mei|maio|maj|maja",
    "jun|june|juni|juin|junio|giugno|giu|junho|czerwca",
    "jul|july|juli|juil|juillet|julio|luglio|lug|julho|lipca",
    "aug|august|aout|agosto|augustus|ago|augusti|sierpnia",
    "sep|sept|september|septembre|septiembre|settembre|setembro|set|wrzesnia",
    "oct|october|oktober|octobre|octubre|ottobre|outubro|okt|out|ott|pazdziernika",
    "nov|november|novembre|noviembre|novembro|listopada",
    "dec|december|dezember|decembre|diciembre|dicembre|dezembro|dez|dic|desember|grudnia",
];

/// How much of a day a mention says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Day and month, perhaps the year.
    Full,
    /// A weekday, a month, a day of the month, "tomorrow".
    Partial,
    /// So many days or weeks.
    Span,
}

/// A place that names a day.
#[derive(Debug)]
pub(super) struct Mention {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// How much it says.
    pub form: Form,
    /// Whether it names the last day of a range, as `3 - 14 August` does.
    pub is_range_end: bool,
    reading: Reading,
}

#[derive(Debug)]
enum Reading {
    /// One day.
    Day(NaiveDate),
    /// Two numbers around a slash: day first, month first, and the day the mail was written.
    Slashed(Option<NaiveDate>, Option<NaiveDate>, NaiveDate),
}

impl Mention {
    /// The day; `english` tells whether the month may stand first.
    pub(super) fn day(&self, english: bool) -> Option<NaiveDate> {
        match self.reading {
            Reading::Day(day) => Some(day),
            Reading::Slashed(day_first, month_first, written_on) => {
                if english {
                    later_plausible(day_first, month_first, written_on)
                } else {
                    day_first.or(month_first)
                }
            }
        }
    }
}

/// The mentions of a folded text, from left to right.
pub(super) fn mentions(folded: &str, written_on: NaiveDate) -> Vec<Mention> {
    static DAY: LazyLock<Regex> = LazyLock::new(|| pattern(&day_pattern()));
    let found = DAY.captures_iter(folded).take(MENTIONS_MAX * 2);
    let mentions = found.filter_map(|found| mention(folded, &found, written_on));
    mentions.take(MENTIONS_MAX).collect()
}

fn day_pattern() -> String {
    let months = MONTHS.join("|");
    let weekday = format!(r"{ARTICLE}(?:\b(?P<wd>{WEEKDAYS}|{WEEKDAY_SHORT})\b{AFTER_WEEKDAY})?");
    let iso = r"\b(?P<y1>20[0-9][0-9])[-/.](?P<m1>[0-9]{1,2})[-/.](?P<d1>[0-9]{1,2})\b";
    let cjk = r"(?:(?P<y6>20[0-9][0-9])年)?(?P<m6>[0-9]{1,2})月(?P<d6>[0-9]{1,2})日";
    let numbers = concat!(
        r"\b(?P<a>[0-9]{1,2}) ?(?P<sep>[./-]) ?(?P<b>[0-9]{1,2})",
        r"(?:\. ?| ?[/-] ?|\b)(?P<y2>(?:20)?[0-9][0-9]\b)?"
    );
    let day_month = format!(
        r"\b(?P<d2>[0-9]{{1,2}}){}(?P<mon2>{months})\b{}",
        r"(?:st|nd|rd|th|er|\.|o|º|:e|e)?,? ?(?:de |of |d'|van )?-?",
        r"\.?(?:,? ?(?:de |del )?(?P<y3>20[0-9][0-9])\b)?"
    );
    let month_day = format!(
        r"\b(?P<mon3>{months})\b\.? (?:the )?(?P<d3>[0-9]{{1,2}})(?:st|nd|rd|th)?\b{TO_DAY}{}",
        r"(?:,? ?(?P<y4>20[0-9][0-9])\b)?"
    );
    let part = concat!(
        r"(?P<early>early|beginning of|start of|anfang|debut|principios de|inizio|begin|",
        r"inicio de) (?:de )?|",
        r"(?P<mid>mid|middle of|mitte|mi|mediados de|meta|half|medio|meados de)[ -](?:de )?|",
        r"(?P<late>(?:the )?end of|late|ende|fin|finales de|fine|eind|fim de|final de) (?:de |d')?"
    );
    let month = format!(r"\b(?:{part})?(?P<mon5>{months})\b(?: (?:de )?(?P<y5>20[0-9][0-9])\b)?");
    let of_month = concat!(
        r"\b(?P<d5>[0-9]{1,2})(?:st|nd|rd|th)\b",
        r"|\b(?:den|dem|zum|am|le|au|el|dia|il|al) (?P<d7>[0-9]{1,2})\b(?P<dot>\.)?"
    );
    let relative = concat!(
        r"\b(?P<tomorrow>tomorrow|morgen|demain|manana|domani|amanha|i morgen|imorgon|jutro)\b|",
        r"\b(?P<week>next week|(?:der |die )?(?:nachste|kommende|nachster|nachsten)[rn]? woche|",
        r"la semaine prochaine|",
        r"la (?:proxima semana|semana que viene)|la prossima settimana|volgende week|(?:na |",
        r"a )?proxima semana)\b|",
        r"\b(?P<n>[0-9]{1,2}|a|one|two|three|four|ein(?:e|er|en)?|zwei|drei|vier|une?|deux|",
        r"trois|una|dos|tres|due|tre|twee|drie|duas|een) ",
        r"(?:full |business |working )?(?P<unit>days?|weeks?|months?|tagen?|wochen?|monaten?|",
        r"jours?|semaines?|mois|dias?|semanas?|mes(?:es)?|giorni|settiman[ae]|mes[ei]|dagen|dag|",
        r"weken|week|maand(?:en)?)\b"
    );
    format!(
        "{weekday}(?:{iso}|{cjk}|{day_month}|{month_day}|{numbers})|{month}|{of_month}|{}",
        format_args!(r"{relative}|\b(?P<weekday>{WEEKDAYS})\b")
    )
}

fn mention(folded: &str, found: &Captures<'_>, written_on: NaiveDate) -> Option<Mention> {
    let whole = found.get(0)?;
    let text = |name: &str| found.name(name).map(|m| m.as_str());
    let number = |name: &str| text(name).and_then(|digits| digits.parse::<u32>().ok());
    let named = ["y1", "y2", "y3", "y4", "y5", "y6"]
        .into_iter()
        .find_map(number);
    let year = named.map(|year| if year < 100 { year + 2000 } else { year });
    let full =
        |month, day| dated(year, month, day, written_on).map(|d| (Form::Full, Reading::Day(d)));
    let (form, reading) = if let (Some(month), Some(day)) = (number("m1"), number("d1")) {
        full(month, day)?
    } else if let (Some(month), Some(day)) = (number("m6"), number("d6")) {
        full(month, day)?
    } else if let (Some(day), Some(month)) = (number("d2"), text("mon2").and_then(month_of)) {
        full(month, day)?
    } else if let (Some(day), Some(month)) = (number("d3"), text("mon3").and_then(month_of)) {
        full(month, number("d4").unwrap_or(day))?
    } else if let (Some(a), Some(b)) = (number("a"), number("b")) {
        if !is_date(folded, found, text("sep"), year.is_some()) {
            return None;
        }
        let (day_first, month_first) =
            (dated(year, b, a, written_on), dated(year, a, b, written_on));
        let reading = match text("sep") {
            Some("/") => Reading::Slashed(day_first, month_first, written_on),
            _ => Reading::Day(day_first.or(month_first)?),
        };
        (Form::Full, reading)
    } else {
        (
            form_of(found),
            Reading::Day(partial(found, year, written_on)?),
        )
    };
    let groups = found.iter().skip(1).flatten();
    Some(Mention {
        start: groups
            .map(|group| group.start())
            .min()
            .unwrap_or(whole.start()),
        is_range_end: found.name("d4").is_some(),
        end: whole.end(),
        form,
        reading,
    })
}

fn form_of(found: &Captures<'_>) -> Form {
    match found.name("unit") {
        Some(_) => Form::Span,
        None => Form::Partial,
    }
}

/// Whether two numbers are a date, and not a piece of a telephone number, a time or a range.
fn is_date(folded: &str, found: &Captures<'_>, sep: Option<&str>, has_year: bool) -> bool {
    let (Some(whole), Some(first)) = (found.get(0), found.name("a")) else {
        return false;
    };
    let before = folded.get(..first.start()).unwrap_or_default();
    let after = folded.get(whole.end()..).unwrap_or_default();
    let is_joined = before
        .ends_with(|c: char| matches!(c, '.' | '/' | '-' | '+' | '(') || c.is_ascii_digit())
        && !before.ends_with(".-")
        && !before.ends_with(" -");
    let goes_on = after
        .trim_start_matches(['.', '/', '-', ' '])
        .starts_with(|c: char| c.is_ascii_digit())
        && !after.starts_with(" - ")
        && !after.starts_with('-');
    let is_time = ["uhr", "h ", "am ", "pm", "a.m", "p.m", "%", "eur", "ghz"]
        .iter()
        .any(|unit| after.trim_start().starts_with(unit));
    !is_joined && !goes_on && !is_time && (has_year || sep != Some("-"))
}

/// A day of which only a part is said: then the first one after the mail that fits.
fn partial(found: &Captures<'_>, year: Option<u32>, written_on: NaiveDate) -> Option<NaiveDate> {
    let text = |name: &str| found.name(name).map(|m| m.as_str());
    let number = |name: &str| text(name).and_then(|digits| digits.parse::<u32>().ok());
    if let Some(month) = text("mon5") {
        let is_short = month.len() <= 3 && month != "may" && month != "mai" && month != "mei";
        let month = month_of(month).filter(|_| !is_short)?;
        let first = |year| NaiveDate::from_ymd_opt(year, month, 1);
        let day_in = |year| match (text("mid"), text("late")) {
            (Some(_), _) => first(year)?.with_day(15),
            (None, Some(_)) => last_of_month(first(year)?),
            (None, None) => first(year),
        };
        if let Some(year) = year {
            return day_in(i32::try_from(year).ok()?);
        }
        let this = day_in(written_on.year()).filter(|day| *day >= written_on);
        let is_this_month = month == written_on.month();
        return this.or_else(|| day_in(written_on.year() + 1).filter(|_| !is_this_month));
    }
    if let Some(day) = number("d5").or(number("d7")) {
        return (0..3)
            .filter_map(|ahead| {
                written_on
                    .with_day(1)?
                    .checked_add_months(Months::new(ahead))
            })
            .filter_map(|month| month.with_day(day))
            .find(|day| *day >= written_on);
    }
    if text("tomorrow").is_some() {
        return written_on.checked_add_days(Days::new(1));
    }
    if text("week").is_some() {
        return next_weekday(written_on, Weekday::Mon);
    }
    if let (Some(count), Some(unit)) = (text("n"), text("unit")) {
        return after_span(count, unit, written_on);
    }
    next_weekday(
        written_on,
        weekday_of(text("weekday")?.trim_end_matches("-feira"))?,
    )
}

/// So many days, weeks or months after a day; words of several languages.
pub(super) fn after_span(count: &str, unit: &str, from: NaiveDate) -> Option<NaiveDate> {
    let count = match count {
        "two" | "zwei" | "deux" | "dos" | "due" | "twee" | "duas" | "dois" | "couple" => 2,
        "three" | "drei" | "trois" | "tres" | "tre" | "drie" | "few" | "paar" | "some"
        | "einigen" => 3,
        "four" | "vier" | "quatre" | "cuatro" | "quattro" | "quatro" => 4,
        "five" | "funf" | "cinq" | "cinco" | "cinque" | "vijf" => 5,
        "six" | "sechs" | "seis" | "sei" | "zes" => 6,
        "quelques" | "unos" | "algunos" | "alcuni" | "alcune" | "alguns" | "algumas"
        | "qualche" => 3,
        digits => digits.parse().unwrap_or(1),
    };
    let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| unit.starts_with(prefix));
    if is(&["mon", "mes", "mois", "maand"]) {
        return from.checked_add_months(Months::new(count));
    }
    if is(&["quarter", "quartal", "trimest", "kwarta"]) {
        return from.checked_add_months(Months::new(count * 3));
    }
    if is(&["year", "jahr", "an", "ano", "jaar"]) {
        return from.checked_add_months(Months::new(count * 12));
    }
    let days = if is(&["week", "woche", "sem", "sett", "wek"]) {
        7
    } else {
        1
    };
    from.checked_add_days(Days::new(u64::from(count) * days))
}

/// The first day of a month: of the named year, or the next one that is not over.
pub(super) fn dated_month(
    year: Option<u32>,
    month: u32,
    written_on: NaiveDate,
) -> Option<NaiveDate> {
    if let Some(year) = year {
        return NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, 1);
    }
    let is_over = month <= written_on.month();
    NaiveDate::from_ymd_opt(written_on.year() + i32::from(is_over), month, 1)
}

fn last_of_month(first: NaiveDate) -> Option<NaiveDate> {
    first.checked_add_months(Months::new(1))?.pred_opt()
}

/// The number of a month's name.
pub(super) fn month_of(name: &str) -> Option<u32> {
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

/// Of two readings of English numbers the later plausible one (within ninety days), else the nearer
/// one to come.
fn later_plausible(
    day_first: Option<NaiveDate>,
    month_first: Option<NaiveDate>,
    written_on: NaiveDate,
) -> Option<NaiveDate> {
    let plausible = |day: &NaiveDate| (0..=90).contains(&(*day - written_on).num_days());
    match (day_first.filter(plausible), month_first.filter(plausible)) {
        (Some(x), Some(y)) => Some(x.max(y)),
        (Some(day), None) | (None, Some(day)) => Some(day),
        (None, None) => {
            let future = |day: &NaiveDate| *day >= written_on;
            match (day_first.filter(future), month_first.filter(future)) {
                (Some(x), Some(y)) => Some(x.min(y)),
                (x, y) => x.or(y),
            }
        }
    }
}

/// The first such weekday after a day.
pub(super) fn next_weekday(after: NaiveDate, weekday: Weekday) -> Option<NaiveDate> {
    (1..=7)
        .filter_map(|ahead| after.checked_add_days(Days::new(ahead)))
        .find(|day| day.weekday() == weekday)
}

fn weekday_of(name: &str) -> Option<Weekday> {
    let days: [(&str, Weekday); 7] = [
        (
            "monday montag lundi lunes lunedi maandag segunda mandag poniedzialek poniedzialku",
            Weekday::Mon,
        ),
        (
            "tuesday tue tues dienstag mardi martes martedi dinsdag terca \
             tirsdag tisdag wtorek wtorku",
            Weekday::Tue,
        ),
        (
            "wednesday wed mittwoch mercredi miercoles mercoledi woensdag quarta \
             onsdag sroda srody",
            Weekday::Wed,
        ),
        (
            "thursday thu thurs donnerstag jeudi jueves giovedi donderdag quinta \
             torsdag czwartek czwartku",
            Weekday::Thu,
        ),
        (
            "friday fri freitag vendredi viernes venerdi vrijdag sexta fredag piatek piatku",
            Weekday::Fri,
        ),
        (
            "saturday samstag sonnabend samedi sabado sabato zaterdag lordag",
            Weekday::Sat,
        ),
        (
            "sunday sonntag dimanche domingo domenica zondag sondag",
            Weekday::Sun,
        ),
    ];
    let named = |names: &str| names.split(' ').any(|known| known == name);
    days.iter()
        .find(|(names, _)| named(names))
        .map(|(_, weekday)| *weekday)
}
