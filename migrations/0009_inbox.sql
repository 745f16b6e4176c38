-- What a mail in the inbox says beyond its kind, and what a person says about the verdict.

-- The rule that decided, so that judgements of different versions can be counted and compared.
ALTER TABLE inbound ADD COLUMN rule TEXT NOT NULL DEFAULT 'none';
-- What today's rules need, besides the headers, to judge the mail again; null for mail read before it
-- was kept.
ALTER TABLE inbound ADD COLUMN kept TEXT;
-- What failed: mailbox, full, policy, delay, network, size or other.
ALTER TABLE inbound ADD COLUMN bounce_kind TEXT;
-- The day from which a person who said "later" wants to hear from us again.
ALTER TABLE inbound ADD COLUMN write_again_on TEXT;
-- Whom the person names in their place.
ALTER TABLE inbound ADD COLUMN referral_name TEXT;
ALTER TABLE inbound ADD COLUMN referral_address TEXT;
-- An opt-out that speaks for the whole company.
ALTER TABLE inbound ADD COLUMN for_company INTEGER NOT NULL DEFAULT 0 CHECK (for_company IN (0, 1));
-- Why the rules are not sure; null when they are.
ALTER TABLE inbound ADD COLUMN unsure TEXT;
-- A person has to look at it; null when nobody has to, or somebody has.
ALTER TABLE inbound ADD COLUMN follow_up TEXT;
-- What the rules had said before a person corrected it, and when.
ALTER TABLE inbound ADD COLUMN judged_kind TEXT;
ALTER TABLE inbound ADD COLUMN judged_sentiment TEXT;
ALTER TABLE inbound ADD COLUMN relabelled_at INTEGER;

CREATE INDEX inbound_to_follow_up ON inbound (id) WHERE follow_up IS NOT NULL;

-- What a language model said about an answer is looked for by its campaign; texts that went into a
-- campaign are not kept here.
CREATE INDEX llm_requests_about_answers ON llm_requests (campaign_id, prompt_key)
    WHERE campaign_id IS NOT NULL AND answer IS NOT NULL;
