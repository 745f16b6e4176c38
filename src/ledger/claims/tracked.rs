//! What can be counted of a claimed mail.

use anyhow::Context;
use rusqlite::Connection;

use super::next::Mail;
use crate::tracking::Tracked;

/// Notes what can be counted of a mail that is claimed: what is wanted and its text can tell. Tried
/// again it is the same mail, but nothing is counted that was switched off meanwhile. Where nothing
/// is wanted this costs nothing.
pub(super) fn note(
    conn: &Connection,
    wanted: Tracked,
    message: i64,
    mail: &Mail,
) -> anyhow::Result<Tracked> {
    let (stored, tracked) = match mail.dated_at {
        None => (Tracked::default(), wanted.of_text(&mail.body)),
        Some(_) => {
            let stored = stored(conn, message)?;
            (stored, wanted.and(stored))
        }
    };
    if tracked != stored {
        let sql = "UPDATE OR ROLLBACK messages SET tracked = ?2 WHERE id = ?1";
        conn.prepare_cached(sql)?
            .execute((message, tracked.bits()))
            .context("cannot note what can be counted of a mail")?;
    }
    Ok(tracked)
}

fn stored(conn: &Connection, message: i64) -> anyhow::Result<Tracked> {
    let bits = conn
        .prepare_cached("SELECT tracked FROM messages WHERE id = ?1")?
        .query_row([message], |row| row.get(0))
        .context("cannot read what can be counted of a mail")?;
    Ok(Tracked::of_bits(bits))
}
