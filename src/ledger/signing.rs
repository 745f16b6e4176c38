//! The keys that the addresses in our mails are signed with.
//!
//! They live in the ledger and nowhere else: a restored backup believes the links of the mails it
//! knows of, and whoever can read the keys could read everybody's address beside them anyway.
//! Erasing a person keeps them, because a way out has to work for all others.
//!
//! A key signs mails from a day after it was made, so that every process that runs meanwhile knows
//! it by then: a mail that is made again, by another process even, is signed as it was the first
//! time.

use anyhow::Context;
use chrono::{DateTime, Duration, Utc};
use rusqlite::Connection;

use super::{Ledger, instant, seconds};
use crate::tracking::token::Keys;

/// So old the newest key may be before another one is made.
const ROTATED_AFTER: Duration = Duration::days(90);

/// A key is believed for so long after it was made. US law wants a way out to work for 30 days
/// (15 USC 7704(a)(3)(A)(ii)); people keep mails for years.
const BELIEVED_FOR: Duration = Duration::days(3 * 365);

/// A key other than the first is known for so long before it signs.
const KNOWN_BEFORE: Duration = Duration::days(1);

impl Ledger {
    /// The keys that are believed now, the first one made and a new one added as needed.
    pub fn signing_keys(&mut self, now: DateTime<Utc>) -> anyhow::Result<Keys> {
        let mut made = read(&self.conn, now)?;
        if is_due(&made, now) {
            let tx = self.begin()?;
            // Another process may have made it meanwhile.
            made = read(&tx, now)?;
            if is_due(&made, now) {
                made.push(make(&tx, now)?);
                tx.commit().context("cannot store a signing key")?;
            }
        }
        let first = made.iter().map(|(_, created_at, _)| *created_at).min();
        Ok(Keys::dated(made.into_iter().map(
            |(id, created_at, secret)| {
                let since = match Some(created_at) == first {
                    true => created_at,
                    false => created_at + KNOWN_BEFORE,
                };
                (id, since, secret)
            },
        )))
    }
}

/// A key as it is stored: its id, when it was made, and the secret.
type Made = (i64, DateTime<Utc>, [u8; 32]);

fn is_due(made: &[Made], now: DateTime<Utc>) -> bool {
    let newest = made.iter().map(|(_, created_at, _)| *created_at).max();
    newest.is_none_or(|newest| now.signed_duration_since(newest) >= ROTATED_AFTER)
}

fn read(conn: &Connection, now: DateTime<Utc>) -> anyhow::Result<Vec<Made>> {
    let sql = "SELECT id, created_at, secret FROM signing_keys WHERE created_at > ?1 ORDER BY id";
    let since = seconds(now).saturating_sub(BELIEVED_FOR.num_seconds());
    let mut statement = conn.prepare(sql)?;
    let made = statement.query_map([since], |row| {
        Ok((row.get(0)?, instant(row.get(1)?), row.get(2)?))
    })?;
    made.collect::<Result<Vec<Made>, _>>()
        .context("cannot read the signing keys")
}

fn make(conn: &Connection, now: DateTime<Utc>) -> anyhow::Result<Made> {
    let mut secret = [0; 32];
    openssl::rand::rand_bytes(&mut secret).context("the system gave no randomness for a key")?;
    let sql = "INSERT INTO signing_keys (secret, created_at) VALUES (?1, ?2)";
    conn.execute(sql, (secret, seconds(now)))
        .context("cannot store a signing key")?;
    Ok((conn.last_insert_rowid(), instant(seconds(now)), secret))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tracking::token::{Purpose, Token};

    const TOKEN: Token = Token {
        purpose: Purpose::OptOut,
        message: 7,
    };

    fn day(n: i64) -> DateTime<Utc> {
        instant(1_772_452_800 + n * 86_400)
    }

    fn ledger(dir: &Path) -> Ledger {
        Ledger::open(&dir.join("ledger.db"), day(0)).unwrap()
    }

    fn stored(ledger: &Ledger) -> i64 {
        let sql = "SELECT count(*) FROM signing_keys";
        ledger.conn.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_first_key_is_made_once_and_signs_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (ledger(dir.path()), ledger(dir.path()));
        let signed = one.signing_keys(day(0)).unwrap().sign(&TOKEN);
        let keys = other.signing_keys(day(0)).unwrap();
        assert_eq!(keys.sign(&TOKEN), signed);
        assert_eq!(keys.as_of(day(0)).sign(&TOKEN), signed);
        assert_eq!(stored(&one), 1);
        let elsewhere = tempfile::tempdir().unwrap();
        let foreign = ledger(elsewhere.path()).signing_keys(day(0)).unwrap();
        assert_eq!(foreign.read(&signed), None);
        assert_ne!(foreign.sign(&TOKEN), signed);
    }

    #[test]
    fn keys_change_four_times_a_year_and_old_links_go_on_working() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = ledger(dir.path());
        let mut signed: Vec<(i64, String)> = Vec::new();
        for today in (0..1_400).step_by(7) {
            let keys = ledger.signing_keys(day(today)).unwrap();
            signed.push((today, keys.as_of(day(today)).sign(&TOKEN)));
            for (then, text) in &signed {
                // A key may have been 97 days and a day old when it signed.
                if today - then <= 3 * 365 - 98 {
                    assert_eq!(keys.read(text), Some(TOKEN), "of {then} on {today}");
                    assert_eq!(
                        &keys.as_of(day(*then)).sign(&TOKEN),
                        text,
                        "{then} on {today}"
                    );
                }
                if today - then >= 3 * 365 {
                    assert_eq!(keys.read(text), None, "of {then} on {today}");
                }
            }
        }
        // Each lasts 91 days, as we look every seventh.
        assert_eq!(stored(&ledger), 1 + 1_393 / 91);
    }

    #[test]
    fn a_key_is_known_before_it_signs() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = ledger(dir.path());
        let old = ledger.signing_keys(day(0)).unwrap();
        let both = ledger.signing_keys(day(90)).unwrap();
        assert_eq!(stored(&ledger), 2);
        let (before, after) = (both.as_of(day(90)), both.as_of(day(91)));
        assert_eq!(before.sign(&TOKEN), old.sign(&TOKEN));
        assert_eq!(old.read(&after.sign(&TOKEN)), None);
        assert_eq!(both.read(&after.sign(&TOKEN)), Some(TOKEN));
    }

    #[test]
    fn after_years_of_rest_the_old_key_does_not_sign() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = ledger(dir.path());
        let old = ledger.signing_keys(day(0)).unwrap();
        let keys = ledger.signing_keys(day(2_000)).unwrap();
        let signed = keys.as_of(day(2_000)).sign(&TOKEN);
        assert_eq!(keys.read(&signed), Some(TOKEN));
        assert_eq!(old.read(&signed), None);
        assert_eq!(keys.read(&old.sign(&TOKEN)), None);
        // A clock set back makes no key and breaks none.
        assert_eq!(
            ledger.signing_keys(day(1_990)).unwrap().read(&signed),
            Some(TOKEN)
        );
        assert_eq!(stored(&ledger), 2);
    }
}
