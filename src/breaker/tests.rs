use super::*;

fn endings(text: &str) -> Vec<Ending> {
    // `3L 2L 1ok`: the run, and what was met there; newest first.
    let ending = |word: &str| {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        let trouble = match &word[digits.len()..] {
            "L" => Some(Trouble::Login),
            "C" => Some(Trouble::Connection),
            "P" => Some(Trouble::Policy),
            _ => None,
        };
        Ending {
            run: digits.parse().unwrap(),
            trouble,
            reply: "550 no".to_string(),
        }
    };
    text.split_whitespace().map(ending).collect()
}

#[track_caller]
fn check(mails: u32, bounced: u32, complaints: u32, latest: &str, expected: &str) {
    let figures = Figures {
        mails,
        bounced,
        complaints,
        endings: endings(latest),
    };
    let found = verdict(&figures, 2.0).unwrap_or_default();
    assert_eq!(found, expected, "{figures:?}");
}

#[test]
fn bounces_stop_a_sender_from_the_twentieth_mail_on() {
    let one = "1 of 20 mails of the last 28 days bounced (5.0 %, limit 2 %)";
    check(19, 19, 0, "", "");
    check(20, 1, 0, "", one);
    check(50, 1, 0, "", ""); // Two in a hundred is the limit, not above it.
    let two = "2 of 99 mails of the last 28 days bounced (2.0 %, limit 2 %)";
    check(99, 2, 0, "", two);
    check(100, 2, 0, "", "");
    check(0, 0, 0, "", "");
    let figures = Figures {
        mails: 20,
        bounced: 1,
        ..Figures::default()
    };
    assert_eq!(verdict(&figures, 100.0), None);
    assert!(verdict(&figures, 0.0).is_some());
    assert_eq!(verdict(&figures, f64::NAN), None);
}

#[test]
fn one_complaint_is_enough() {
    check(1, 0, 1, "", "somebody complained about a mail");
    check(5_000, 0, 2, "", "2 people complained about mails");
}

#[test]
fn the_same_trouble_in_a_row_stops_a_sender_and_anything_between_does_not() {
    check(0, 0, 0, "2L 1L", "");
    let login = "the login failed in 3 runs in a row: 550 no";
    check(0, 0, 0, "3L 2L 1L", login);
    check(0, 0, 0, "4ok 3L 2L 1L", "");
    check(0, 0, 0, "4L 3L 2ok 1L", "");
    check(0, 0, 0, "3L 2C 1L", "");
    // Eight connections of one run fail together: that is one run.
    check(0, 0, 0, "2L 2L 2L 2L 1L 1L 1L 1L", "");
    check(0, 0, 0, "4C 3C 2C 1C", "");
    let connection = "no connection in 5 runs in a row: 550 no";
    check(0, 0, 0, "9C 8C 7C 6C 6C 5C 4ok", connection);
    check(0, 0, 0, "2P 1P", "");
    let policy = "3 mails in a row were refused for the sender's sake: 550 no";
    check(0, 0, 0, "1P 1P 1P", policy);
    check(0, 0, 0, "3P 2P 1P 1ok", policy);
    check(0, 0, 0, "3P 2ok 1P 1P", "");
}

#[test]
fn trouble_is_known_by_the_words_of_an_attempt() {
    for (outcome, phase, blame, reply, expected) in [
        (
            "deferred",
            "auth",
            "sender",
            "535 5.7.8 no",
            Some(Trouble::Login),
        ),
        ("deferred", "auth", "sender", "454 4.7.0 later", None),
        (
            "deferred",
            "connect",
            "server",
            "refused",
            Some(Trouble::Connection),
        ),
        (
            "deferred",
            "greeting",
            "server",
            "421 busy",
            Some(Trouble::Connection),
        ),
        ("deferred", "data", "server", "451 busy", None),
        (
            "deferred",
            "rcpt_to",
            "sender",
            "550 5.7.1",
            Some(Trouble::Policy),
        ),
        (
            "deferred",
            "greeting",
            "sender",
            "554 5.7.1",
            Some(Trouble::Policy),
        ),
        (
            "rejected",
            "body",
            "sender",
            "554 5.7.1",
            Some(Trouble::Policy),
        ),
        ("rejected", "rcpt_to", "recipient", "550 5.1.1", None),
        ("deferred", "rcpt_to", "message", "450 greylisted", None),
        ("accepted", "body", "", "250 ok", None),
        ("in_doubt", "body", "", "cut", None),
        ("", "", "", "", None),
    ] {
        assert_eq!(
            Trouble::of(outcome, phase, blame, reply),
            expected,
            "{reply}"
        );
    }
}

const TERMS: CanaryTerms = CanaryTerms {
    size: 20,
    hours: 24,
    bounce_limit_percent: 2.0,
};

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_400_000 + hour * 3_600, 0).unwrap()
}

/// Twenty mails of which the last left at hour 0, all well, everything read at hour 25.
fn settled() -> Cohort {
    Cohort {
        batch: "2026-03-02".to_string(),
        chosen: 20,
        left: 20,
        last_left_at: Some(at(0)),
        scanned_at: Some(at(25)),
        ..Cohort::default()
    }
}

#[track_caller]
fn check_canary(cohort: &Cohort, hour: i64, expected: &str) {
    let found = match canary(cohort, &TERMS, at(hour)) {
        Canary::First => "first".to_string(),
        Canary::Cleared => "cleared".to_string(),
        Canary::Wait { until, .. } => format!("wait {}", (until - at(0)).num_hours()),
        Canary::Hold { reason } => format!("hold: {reason}"),
        Canary::Tripped { reason } => format!("tripped: {reason}"),
    };
    assert_eq!(found, expected, "{cohort:?}");
}

#[test]
fn the_first_of_a_batch_leave_and_the_rest_waits_for_them() {
    let with = |change: fn(&mut Cohort)| {
        let mut cohort = settled();
        change(&mut cohort);
        cohort
    };
    check_canary(&Cohort::default(), 0, "first");
    check_canary(&with(|c| c.chosen = 19), 1, "first");
    check_canary(&with(|c| c.is_member = true), 1, "first");
    check_canary(&settled(), 1, "wait 24");
    check_canary(&settled(), 25, "cleared");
    let some_left = with(|c| c.left = 19);
    check_canary(
        &some_left,
        90,
        "hold: 19 of the first 20 mails of its batch have left",
    );
    let unread = with(|c| c.scanned_at = Some(at(23)));
    let hold = "hold: the inbox was not read since the first 20 mails of its batch had their \
                time: run `outreach scan`";
    check_canary(&unread, 25, hold);
    check_canary(&with(|c| c.scanned_at = None), 25, hold);
    let off = CanaryTerms { size: 0, ..TERMS };
    assert_eq!(canary(&settled(), &off, at(1)), Canary::Cleared);
}

#[test]
fn bad_figures_hold_the_rest_until_a_person_clears_it() {
    let with = |change: fn(&mut Cohort)| {
        let mut cohort = settled();
        change(&mut cohort);
        cohort
    };
    check_canary(&with(|c| c.bounced = 1), 25, "cleared");
    let said = |why: &str| {
        format!(
            "tripped: the leads first read on 2026-03-02 are held, {why}: look at them, then \
             `outreach resume --batch 2026-03-02`"
        )
    };
    let bounced = with(|c| c.bounced = 2);
    let why = said("2 of its first 20 mails bounced (10.0 %)");
    check_canary(&bounced, 1, &why);
    check_canary(&bounced, 900, &why);
    let early = with(|c| {
        c.bounced = 2;
        c.chosen = 3;
        c.is_member = true;
    });
    check_canary(&early, 0, &why);
    let complaint = said("1 of its first 20 mails met a complaint");
    check_canary(&with(|c| c.complained = 1), 25, &complaint);
    check_canary(&with(|c| c.opted_out = 2), 25, "cleared");
    let opted = said("3 of its first 20 mails were answered with an opt-out (15.0 %)");
    check_canary(&with(|c| c.opted_out = 3), 25, &opted);
    let cleared = with(|c| {
        c.bounced = 9;
        c.is_cleared = true;
    });
    check_canary(&cleared, 1, "cleared");
}
