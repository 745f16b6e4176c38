//! Reviews: texts that a person changed or approved, and the bond between an approval and the very
//! texts it was given for.

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::campaigns::replace_text;
use super::{About, Ledger, log_event, pushes, seconds, transitions};
use crate::campaign::CampaignState;
use crate::copy::{Draft, approval_hash};

/// Texts of a campaign in review as a person left them.
pub struct EditedTexts<'a> {
    /// The campaign's row id.
    pub campaign: i64,
    /// The hash of all its texts as the person saw them before.
    pub seen: &'a str,
    /// The texts that are others now.
    pub drafts: &'a [Draft],
    /// What the gate says of the whole campaign, 0 to 100.
    pub quality_score: u8,
    /// The issues as JSON.
    pub quality_issues: &'a str,
    /// Why it still waits.
    pub hold_reason: &'a str,
}

impl Ledger {
    /// Lets a campaign in review go with the texts a person saw: fails when they are others by now.
    pub fn approve_campaign(
        &mut self,
        campaign: i64,
        seen: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        transitions::ensure_in_review(&tx, campaign, "approved")?;
        ensure_as_seen(&tx, campaign, seen)?;
        transitions::approve(&tx, campaign, seen, now)?;
        tx.commit().context("cannot approve the campaign")
    }

    /// Puts a person's texts into a campaign in review; an approval of older ones is void. Nothing
    /// is stored when the campaign is not in review any more, when its texts were changed by
    /// somebody else meanwhile, or when one of the messages has left.
    pub fn store_edited(
        &mut self,
        edited: &EditedTexts<'_>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        let campaign = edited.campaign;
        transitions::ensure_in_review(&tx, campaign, "edited")?;
        ensure_as_seen(&tx, campaign, edited.seen)?;
        for draft in edited.drafts {
            replace(&tx, campaign, draft, now)?;
        }
        let sql = "UPDATE campaigns SET approved_hash = NULL, approved_at = NULL,
                          quality_score = ?2, quality_issues = ?3, hold_reason = ?4,
                          updated_at = ?5
                   WHERE id = ?1";
        let (score, issues, hold) = (
            edited.quality_score,
            edited.quality_issues,
            edited.hold_reason,
        );
        tx.prepare_cached(sql)?
            .execute((campaign, score, issues, hold, seconds(now)))
            .context("cannot note what the gate says")?;
        transitions::note(&tx, campaign, "judged", hold, now)?;
        tx.commit().context("cannot store the edited texts")
    }
}

fn replace(
    conn: &Connection,
    campaign: i64,
    draft: &Draft,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let step = &draft.step;
    let message = replace_text(conn, campaign, draft)?
        .with_context(|| format!("step `{step}` is not a draft that could be edited"))?;
    let about = About {
        lead: None,
        campaign: Some(campaign),
        message: Some(message),
    };
    let detail = format!("{step}: a person changed its text");
    log_event(conn, now, about, "edited", &detail)
}

/// The hash of a campaign's texts as they are now.
pub(super) fn hash_of(conn: &Connection, campaign: i64) -> anyhow::Result<String> {
    let steps = pushes::steps(conn, campaign)?;
    let texts = steps.iter().map(|s| (s.subject.as_str(), s.body.as_str()));
    Ok(approval_hash(texts))
}

fn ensure_as_seen(conn: &Connection, campaign: i64, seen: &str) -> anyhow::Result<()> {
    ensure!(
        hash_of(conn, campaign)? == seen,
        "its texts were changed meanwhile by somebody else; read them again"
    );
    Ok(())
}

/// Why nothing of a campaign may leave although it is active; none when all is well. An approval
/// covers every text of the campaign, those that have left included.
pub(super) fn unapproved(conn: &Connection, campaign: i64) -> anyhow::Result<Option<&'static str>> {
    let sql = "SELECT needs_approval, approved_hash FROM campaigns WHERE id = ?1";
    let (needs, approved): (bool, Option<String>) = conn
        .prepare_cached(sql)?
        .query_row([campaign], |row| Ok((row.get(0)?, row.get(1)?)))
        .context("cannot read the approval")?;
    Ok(match approved {
        Some(approved) if approved != hash_of(conn, campaign)? => {
            Some("its texts are not the ones that were approved")
        }
        None if needs => Some("nobody approved its texts"),
        _ => None,
    })
}

/// Takes an active campaign back to where a person decides: undated, unapproved.
pub(super) fn take_back(
    conn: &Connection,
    campaign: i64,
    why: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    transitions::ensure_open(conn, campaign, CampaignState::Review)?;
    let sql = "UPDATE campaigns SET state = 'review', hold_reason = ?2, approved_hash = NULL,
                      approved_at = NULL, updated_at = ?3 WHERE id = ?1";
    conn.prepare_cached(sql)?
        .execute((campaign, why, seconds(now)))
        .context("cannot take the campaign back into review")?;
    transitions::undate(conn, campaign, "the campaign waits in review")?;
    transitions::note(conn, campaign, "back_in_review", why, now)
}
