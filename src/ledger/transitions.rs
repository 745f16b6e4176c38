//! The moves of a campaign along its states, each in one place with its reason in the decision log.

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::{About, log_event, seconds};
use crate::campaign::{CampaignState, StopReason};
use crate::inbound::ResponseType;

/// Writes a line about a campaign into the decision log.
pub(super) fn note(
    conn: &Connection,
    campaign: i64,
    kind: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "SELECT lead_id FROM campaigns WHERE id = ?1";
    let lead = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| row.get(0))
        .optional()?;
    let about = About {
        lead,
        campaign: Some(campaign),
        message: None,
    };
    log_event(conn, now, about, kind, detail)
}

/// Where a campaign stands.
pub(super) fn state_of(conn: &Connection, campaign: i64) -> anyhow::Result<CampaignState> {
    let sql = "SELECT state FROM campaigns WHERE id = ?1";
    let word: String = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| row.get(0))
        .context("no such campaign")?;
    CampaignState::parse(&word).with_context(|| format!("unknown campaign state `{word}`"))
}

/// Fails when the campaign's state does not allow the next one.
pub(super) fn ensure_open(
    conn: &Connection,
    campaign: i64,
    next: CampaignState,
) -> anyhow::Result<()> {
    let state = state_of(conn, campaign)?;
    ensure!(
        state.may_become(next),
        "a campaign that is {} cannot become {}",
        state.as_str(),
        next.as_str()
    );
    Ok(())
}

/// Fails when the campaign is not in review; `done` is what was to be done with it.
pub(super) fn ensure_in_review(conn: &Connection, campaign: i64, done: &str) -> anyhow::Result<()> {
    let state = state_of(conn, campaign)?;
    ensure!(
        state == CampaignState::Review,
        "only a campaign in review can be {done}; this one is {}",
        state.as_str()
    );
    Ok(())
}

/// Ends a campaign; what has not left is skipped. Does nothing when it has ended already.
pub(super) fn stop(
    conn: &Connection,
    campaign: i64,
    reason: StopReason,
    why: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if !state_of(conn, campaign)?.may_become(CampaignState::Stopped) {
        return Ok(());
    }
    let sql = "UPDATE campaigns SET state = 'stopped', stop_reason = ?2, hold_reason = NULL,
                      paused_by = NULL, resume_at = NULL, updated_at = ?3, last_activity_at = ?3,
                      finished_at = ?3
               WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((campaign, reason.as_str(), seconds(now)))
        .context("cannot stop the campaign")?;
    skip_what_has_not_left(conn, campaign, reason.sentence())?;
    let detail = if why.is_empty() {
        reason.sentence().to_string()
    } else {
        format!("{}: {why}", reason.sentence())
    };
    note(conn, campaign, "stopped", &detail, now)
}

/// Records that the lead answered, and when; what has not left is skipped. A second answer changes
/// nothing.
pub(super) fn respond(
    conn: &Connection,
    campaign: i64,
    response: ResponseType,
    step: Option<&str>,
    at: DateTime<Utc>,
    why: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if !state_of(conn, campaign)?.may_become(CampaignState::Responded) {
        return note(conn, campaign, "answered_again", why, now);
    }
    let sql = "UPDATE campaigns SET state = 'responded', response_type = ?2, responding_step = ?3,
                      response_at = ?4, hold_reason = NULL, paused_by = NULL, resume_at = NULL,
                      updated_at = ?5, last_activity_at = ?5, finished_at = ?5
               WHERE id = ?1";
    let row = (campaign, response.as_str(), step, seconds(at), seconds(now));
    conn.prepare_cached(sql)?
        .execute(row)
        .context("cannot record the answer")?;
    skip_what_has_not_left(conn, campaign, "the lead answered")?;
    note(
        conn,
        campaign,
        "responded",
        &format!("{}: {why}", response.as_str()),
        now,
    )
}

/// Holds a campaign; the answer is whether it is held by this now. A person's hold is never
/// replaced by one of ours, nor one that waits for a person by one that ends by itself; of two
/// absences the longer counts. A draft in review stays there.
pub(super) fn pause(
    conn: &Connection,
    campaign: i64,
    by: &str,
    until: Option<DateTime<Utc>>,
    why: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let sql = "SELECT paused_by, resume_at FROM campaigns WHERE id = ?1";
    let (held_by, held_until): (Option<String>, Option<i64>) = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| Ok((row.get(0)?, row.get(1)?)))
        .context("no such campaign")?;
    let until = until.map(seconds);
    match held_by.as_deref() {
        Some("person") if by != "person" => return Ok(false),
        Some("company") if matches!(by, "absence" | "data") => return Ok(false),
        Some("absence") if by == "absence" && held_until >= until => return Ok(false),
        Some(_) => {}
        None => ensure_open(conn, campaign, CampaignState::Paused)?,
    }
    let sql = "UPDATE campaigns SET state = 'paused', paused_by = ?2, resume_at = ?3,
                      hold_reason = ?4, updated_at = ?5 WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((campaign, by, until, why, seconds(now)))
        .context("cannot pause the campaign")?;
    undate(conn, campaign, "the campaign is paused")?;
    note(conn, campaign, "paused", &format!("by {by}: {why}"), now)?;
    Ok(true)
}

/// Sets a paused campaign going again.
pub(super) fn resume(
    conn: &Connection,
    campaign: i64,
    why: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let state = state_of(conn, campaign)?;
    ensure!(
        state == CampaignState::Paused,
        "only a paused campaign can be resumed; this one is {}",
        state.as_str()
    );
    let sql = "UPDATE campaigns SET state = 'active', paused_by = NULL, resume_at = NULL,
                      hold_reason = NULL, updated_at = ?2 WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((campaign, seconds(now)))
        .context("cannot resume the campaign")?;
    note(conn, campaign, "resumed", why, now)?;
    // Its last mail may have been on its way when the hold came.
    complete_if_all_left(conn, campaign, now)
}

/// Lets a campaign in review go, with the texts of this hash.
pub(super) fn approve(
    conn: &Connection,
    campaign: i64,
    hash: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    ensure_in_review(conn, campaign, "approved")?;
    let sql = "UPDATE campaigns SET state = 'active', hold_reason = NULL, approved_hash = ?2,
                      approved_at = ?3, updated_at = ?3 WHERE id = ?1";
    conn.execute(sql, (campaign, hash, seconds(now)))
        .context("cannot approve the campaign")?;
    note(
        conn,
        campaign,
        "approved",
        "a person approved these very texts",
        now,
    )
}

/// Takes a campaign back to where its texts are written: undated, unapproved, held by nobody.
pub(super) fn ask_anew(conn: &Connection, campaign: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
    ensure_open(conn, campaign, CampaignState::Draft)?;
    let sql = "UPDATE campaigns SET state = 'draft', hold_reason = NULL, paused_by = NULL,
                      resume_at = NULL, approved_hash = NULL, approved_at = NULL, updated_at = ?2
               WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((campaign, seconds(now)))
        .context("cannot take the campaign back")?;
    undate(conn, campaign, "its texts are written anew")?;
    let why = "a person asked for other texts";
    note(conn, campaign, "asked_anew", why, now)
}

/// Ends a campaign whose every message has left, but for those whose time was gone.
pub(super) fn complete_if_all_left(
    conn: &Connection,
    campaign: i64,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "UPDATE campaigns SET state = 'completed', finished_at = ?2, updated_at = ?2
               WHERE id = ?1 AND state = 'active'
                 AND NOT EXISTS (SELECT 1 FROM messages m
                                 WHERE m.campaign_id = ?1 AND m.state NOT IN ('sent', 'skipped'))";
    if conn
        .prepare_cached(sql)?
        .execute((campaign, seconds(now)))?
        > 0
    {
        note(
            conn,
            campaign,
            "completed",
            "everything that was to be sent was sent, nobody answered so far",
            now,
        )?;
    }
    Ok(())
}

fn skip_what_has_not_left(conn: &Connection, campaign: i64, why: &str) -> anyhow::Result<()> {
    let sql = "UPDATE messages SET state = 'skipped', state_reason = ?2, due_at = NULL
               WHERE campaign_id = ?1 AND state IN ('drafted', 'scheduled', 'deferred')";
    conn.prepare_cached(sql)?
        .execute((campaign, why))
        .context("cannot skip the messages")?;
    Ok(())
}

/// Takes the dates from what has not left; `schedule` gives new ones.
pub(super) fn undate(conn: &Connection, campaign: i64, why: &str) -> anyhow::Result<()> {
    let sql = "UPDATE messages SET state = 'drafted', due_at = NULL, due_reason = ?2
               WHERE campaign_id = ?1 AND state IN ('scheduled', 'deferred')";
    conn.prepare_cached(sql)?
        .execute((campaign, why))
        .context("cannot undate the messages")?;
    Ok(())
}
