//! Days as notices and answers name them.

use super::*;
use crate::words::folding::fold;

#[track_caller]
fn check(text: &str, written_on: &str, expected: &str) {
    let day = return_day(&fold(text), written_on.parse().unwrap());
    let day = day.map_or("none".to_string(), |day| day.to_string());
    assert_eq!(day, expected, "{text}");
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
        ("Jag är tillbaka den 15 maj.", "2026-05-15"),
        ("5月4日(月)から5月14日(木)まで休業いたします", "2026-05-15"),
        ("5月15日（金）以降、順次ご返信いたします", "2026-05-15"),
        ("我正在休假，5月15日恢复上班", "2026-05-15"),
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

#[test]
fn returns_are_read_in_more_forms() {
    for (text, expected) in [
        (
            "I will be out of the office from 3 to 14 August.",
            "2026-08-14",
        ),
        ("Out of office August 3 - 14", "2026-08-14"),
        ("Urlaub 3.-14.8.", "2026-08-14"),
        ("vom 3. bis 14. August", "2026-08-14"),
        ("du 3 au 14 août inclus", "2026-08-15"),
        ("del 3 al 14 de agosto", "2026-08-14"),
        ("dal 3 al 14 agosto", "2026-08-14"),
        ("van 3 tot en met 14 augustus", "2026-08-15"),
        ("de 3 a 14 de agosto", "2026-08-14"),
        (
            "I'm on leave and will return to my desk the week of Monday, 17th August.",
            "2026-08-17",
        ),
        (
            "As of August 17 I will be back in the office.",
            "2026-08-17",
        ),
        ("Ab dem 17. August bin ich wieder erreichbar.", "2026-08-17"),
        ("Ich bin erst am 17.08. wieder im Büro.", "2026-08-17"),
        (
            "À partir du 17 août je serai de nouveau disponible.",
            "2026-08-17",
        ),
        ("I am away until the 17th.", "2026-08-17"),
        ("I'm away until the end of August.", "2026-08-31"),
        ("back in early September", "2026-09-01"),
        ("bis Mitte August", "2026-08-15"),
        ("jusqu'à fin août", "2026-08-31"),
        ("until September", "2026-09-01"),
        ("I will be away for the next two weeks", "2026-08-17"),
        ("I'll be back tomorrow", "2026-08-04"),
        ("Ich bin morgen wieder da.", "2026-08-04"),
        ("I'll be back in the office next week", "2026-08-10"),
        ("Till och med 14 augusti", "2026-08-15"),
        ("tilbage den 17. august", "2026-08-17"),
        ("8月14日まで不在", "2026-08-15"),
        (
            "Until 14 August my colleague Carol (back 20 August) will help",
            "2026-08-14",
        ),
        (
            "I'm out until 14 August. My colleague Carol is away until 20 August.",
            "2026-08-14",
        ),
        ("I am away. Call +49 30 12.08.2026 or 08/14-22", "none"),
        ("since 1 August I work in Paris", "none"),
        ("returning 8/17", "2026-08-17"),
        ("returning 17/8/26", "2026-08-17"),
        ("I leave today and return Aug. 17th", "2026-08-17"),
        ("bis einschl. 14.8.2026", "2026-08-15"),
        ("bis 14.8. einschließlich", "2026-08-15"),
        (
            "I will have no access until then. You may write to Bob.",
            "none",
        ),
        ("Je reviens le lundi 17 août", "2026-08-17"),
        ("Volveré el lunes 17 de agosto", "2026-08-17"),
        ("rientrerò lunedì 17 agosto", "2026-08-17"),
        ("Regresso no dia 17 de agosto", "2026-08-17"),
        ("Ik ben maandag 17 augustus weer aanwezig", "2026-08-17"),
        ("17 August: back in the office", "2026-08-17"),
        ("Out of office (returning 17 Aug)", "2026-08-17"),
        (
            "Our office is closed from December 24th through January 1st.",
            "2027-01-02",
        ),
    ] {
        check(text, "2026-08-03", expected);
    }
}

#[test]
fn the_day_a_person_names_for_later_is_read() {
    for (text, expected) in [
        ("please try again in Q2", "2027-04-01"),
        ("maybe in Q4", "2026-10-01"),
        ("next spring", "2027-03-01"),
        ("after the holidays", "2026-09-01"),
        ("reach out in September", "2026-09-01"),
        ("Melden Sie sich nächstes Jahr noch einmal", "2027-01-04"),
        ("à la rentrée", "2026-09-01"),
        ("next month", "2026-09-01"),
        ("next quarter", "2026-10-01"),
        ("in three months", "2026-11-03"),
        ("in ein paar Wochen", "2026-08-24"),
        ("dans deux mois", "2026-10-05"),
        ("dentro de 6 meses", "2027-02-03"),
        ("tra due settimane", "2026-08-17"),
        ("over drie maanden", "2026-11-03"),
        ("daqui a dois meses", "2026-10-05"),
        ("call me on Monday", "2026-08-10"),
        ("after 15 September", "2026-09-16"),
        ("im Herbst", "2026-09-01"),
        ("in the new year", "2027-01-04"),
        ("after Easter", "2027-03-30"),
        ("in January", "2027-01-04"),
        ("not before November 15", "2026-11-16"),
        ("later", "none"),
        ("you may write", "none"),
        ("Begin volgend jaar", "2027-01-04"),
        ("en septiembre", "2026-09-01"),
        ("a settembre", "2026-09-01"),
        ("em setembro", "2026-09-01"),
    ] {
        let day = wanted_day(&fold(text), "2026-08-03".parse().unwrap());
        let day = day.map_or("none".to_string(), |day| day.to_string());
        assert_eq!(day, expected, "{text}");
    }
}
