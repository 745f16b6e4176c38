//! How long a deferral asks us to wait, as far as the server's words say.

use std::time::Duration;

use super::cause::{self, Cause};

/// How long to wait before the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The server says nothing of it: our own delay.
    Ours,
    /// Not before so much time has passed: the server said so, as greylisting does.
    Named(Duration),
    /// The mailbox is full: nobody empties it within the hour.
    NextDay,
}

/// The longest wait we let a server name; a day later the message is looked at anyway.
const NAMED_SECS_MAX: u64 = 24 * 60 * 60;

/// The units servers use.
const UNITS: [(u64, &[&str]); 3] = [
    (1, &["s", "sec", "secs", "second", "seconds"]),
    (60, &["m", "min", "mins", "minute", "minutes"]),
    (3_600, &["h", "hr", "hrs", "hour", "hours"]),
];

/// Words that make an amount of time in the same reply one to wait.
const WAIT_WORDS: [&str; 11] = [
    "greylist",
    "graylist",
    "try again",
    "retry",
    "try later",
    "come back",
    "wait",
    "please resend",
    "resend in",
    "again in",
    "again after",
];

/// What a server's reply to a deferred message asks for.
pub fn patience(reply: &str) -> Patience {
    let text = reply.to_lowercase();
    // ENOSPC in words is the disk of a server, or ours; a mailbox has a quota.
    let is_disk = text.contains("no space left on device");
    if !is_disk && cause::classify(cause::status_in(&text).as_deref(), &text) == Cause::Full {
        return Patience::NextDay;
    }
    if !WAIT_WORDS.iter().any(|word| text.contains(word)) {
        return Patience::Ours;
    }
    let secs = named_secs(&text).filter(|secs| (1..=NAMED_SECS_MAX).contains(secs));
    secs.map_or(Patience::Ours, |secs| {
        Patience::Named(Duration::from_secs(secs))
    })
}

/// The first amount of time in a lower-case text: `300 seconds`, `5min`, `300s`, `00:04:59`.
fn named_secs(text: &str) -> Option<u64> {
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == ':'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut rest = words.as_slice();
    while let [word, after @ ..] = rest {
        if let Some(secs) = clock_secs(word).or_else(|| amount(word, after.first().copied())) {
            return Some(secs);
        }
        rest = after;
    }
    None
}

/// A number with its unit, joined or as the next word.
fn amount(word: &str, next: Option<&str>) -> Option<u64> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, joined) = (word.get(..digits)?, word.get(digits..)?);
    // Longer numbers are queue ids and error codes.
    let number: u64 = (1..=6)
        .contains(&digits)
        .then(|| number.parse().ok())
        .flatten()?;
    let unit = match joined {
        "" => next?,
        unit => unit,
    };
    let (secs, _) = UNITS.iter().find(|(_, names)| names.contains(&unit))?;
    number.checked_mul(*secs)
}

/// Hours, minutes and seconds, or minutes and seconds, divided by colons.
fn clock_secs(word: &str) -> Option<u64> {
    let parts: Option<Vec<u64>> = word
        .split(':')
        .map(|part| {
            let plain = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse().ok()).flatten()
        })
        .collect();
    match parts?.as_slice() {
        [hours, minutes @ 0..60, seconds @ 0..60] => Some(hours * 3_600 + minutes * 60 + seconds),
        [minutes @ 0..60, seconds @ 0..60] => Some(minutes * 60 + seconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reply: &str, expected: Patience) {
        assert_eq!(patience(reply), expected, "{reply}");
    }

    #[test]
    fn greylisting_names_its_time_in_many_ways() {
        let secs = |secs| Patience::Named(Duration::from_secs(secs));
        // Postgrey, Exim's greylisting, milter-greylist, rspamd, SQLgrey, policyd, Yahoo-like.
        for (reply, expected) in [
            (
                "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see \
                 http://postgrey.example/help/b.example.html; try again in 300 seconds",
                secs(300),
            ),
            (
                "451 4.7.1 Greylisting in action, please come back in 00:04:59",
                secs(299),
            ),
            (
                "451 4.3.2 Please try again in 5 minutes (greylisted)",
                secs(300),
            ),
            ("451 Greylisted, please try again after 60s.", secs(60)),
            ("450 Greylisted for 5 minutes", secs(300)),
            ("421 4.7.0 Try again later, wait 1 hour", secs(3_600)),
            ("450 4.2.0 Greylisted; retry in 15min", secs(900)),
            ("450 please wait 04:30 and retry", secs(270)),
            ("450 4.2.0 greylisted", Patience::Ours),
            (
                "451 Temporary local problem - please try later",
                Patience::Ours,
            ),
            ("451 4.7.650 rate limited [S775], try again", Patience::Ours),
            (
                "450 try again in 99999999999999999999 seconds",
                Patience::Ours,
            ),
            ("450 try again in 40 hours", Patience::Ours),
            ("450 try again in 0 seconds", Patience::Ours),
            ("450 try again in 99:99", Patience::Ours),
            ("421 4.4.2 timeout of 300 seconds exceeded", Patience::Ours),
            ("", Patience::Ours),
            (":::: 5 5 5 retry 5", Patience::Ours),
        ] {
            check(reply, expected);
        }
    }

    #[test]
    fn a_full_mailbox_waits_for_another_day() {
        for reply in [
            "452 4.2.2 The recipient's inbox is out of storage space.",
            "552 5.2.2 mailbox full",
            "552 Requested mail action aborted: exceeded storage allocation",
            "550 Mailbox is full, try again in 300 seconds",
            "452 4.1.1 <a@b.example>: user is over quota",
        ] {
            check(reply, Patience::NextDay);
        }
        check(
            "450 4.2.1 the user receives mail too quickly",
            Patience::Ours,
        );
        check("550 5.4.5 daily sending quota exceeded", Patience::Ours);
        check("452 4.3.1 insufficient system storage", Patience::Ours);
    }
}
