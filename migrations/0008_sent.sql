-- Noting that a mail left costs half of what it did.

-- Every mail moves three instants of its campaign together with a state of its message, which shows
-- them to people already: raising the lead's revision a second time would write its whole row again.
-- Whatever else is written in a campaign is named here; started_at, updated_at and last_activity_at
-- alone are not.
DROP TRIGGER campaigns_are_shown;
CREATE TRIGGER campaigns_are_shown AFTER UPDATE OF campaign_id, lead_id, company, state, stop_reason,
    hold_reason, paused_by, resume_at, sequence, writer, quality_score, quality_issues, approved_hash,
    approved_at, tokens, zone, zone_reason, country, sender, created_at, response_at, response_type,
    responding_step, finished_at, rewrites, llm_requests, cost_usd_micros, needs_approval
ON campaigns BEGIN
    UPDATE leads SET revision = revision + 1 WHERE id = NEW.lead_id;
END;

-- What is noted of a mail names its campaign and no lead; those lines need no place in the list of
-- what is known about leads.
DROP INDEX events_by_lead;
CREATE INDEX events_by_lead ON events (lead_id, id) WHERE lead_id IS NOT NULL;
