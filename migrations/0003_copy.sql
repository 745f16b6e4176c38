-- What language models were found to be able to do, what they were asked, and what that cost.

-- Learned from a server's refusals, so that no later run has to be refused again.
CREATE TABLE llm_models (
    base_url     TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    capabilities TEXT    NOT NULL CHECK (json_valid(capabilities)),
    learned_at   INTEGER NOT NULL,
    PRIMARY KEY (base_url, model)
) STRICT;

-- One row for each text that was asked for, written before the first request leaves. A row that
-- stays `asked` after its run died is a request whose answer was lost.
CREATE TABLE llm_requests (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id            INTEGER NOT NULL REFERENCES runs (id),
    lead_id           INTEGER NOT NULL REFERENCES leads (id),
    -- The campaign the answers went into; null until it is stored.
    campaign_id       INTEGER REFERENCES campaigns (id),
    -- Hash of model and prompt, and how often it was asked before in other words: the same
    -- question is never paid for twice.
    prompt_key        TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    -- `answered`: with a text; `again`: with none, but asking again may help; `unusable`: refused or
    -- cut off; `unanswered`: nothing came; `lost`: the run died meanwhile.
    outcome           TEXT    NOT NULL CHECK (outcome IN
        ('asked', 'answered', 'again', 'unusable', 'unanswered', 'lost')),
    -- The text of the answer, or why there is none; null from the moment the campaign is stored.
    answer            TEXT,
    -- HTTP requests made, and how many of them may have been paid for without an answer.
    requests          INTEGER NOT NULL DEFAULT 0,
    lost              INTEGER NOT NULL DEFAULT 0,
    prompt_tokens     INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    -- Millionths of a dollar; null when the model's price is not known.
    cost_usd_micros   INTEGER,
    asked_at          INTEGER NOT NULL,
    answered_at       INTEGER
) STRICT;
CREATE INDEX open_llm_requests ON llm_requests (lead_id, prompt_key) WHERE campaign_id IS NULL;
CREATE INDEX asked_llm_requests ON llm_requests (id) WHERE outcome = 'asked';

-- What writing a campaign took: HTTP requests, and millionths of a dollar (null when nobody knows
-- the price, or no model was asked).
ALTER TABLE campaigns ADD COLUMN llm_requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE campaigns ADD COLUMN cost_usd_micros INTEGER;

-- A campaign takes its answers over in the transaction that stores it.
CREATE TRIGGER new_campaigns_take_their_requests AFTER INSERT ON campaigns
WHEN EXISTS (SELECT 1 FROM llm_requests WHERE lead_id = NEW.lead_id AND campaign_id IS NULL) BEGIN
    UPDATE campaigns SET
        llm_requests = (SELECT sum(requests) FROM llm_requests
                        WHERE lead_id = NEW.lead_id AND campaign_id IS NULL),
        cost_usd_micros = (SELECT sum(cost_usd_micros) FROM llm_requests
                           WHERE lead_id = NEW.lead_id AND campaign_id IS NULL)
    WHERE id = NEW.id;
    UPDATE llm_requests SET campaign_id = NEW.id, answer = NULL
    WHERE lead_id = NEW.lead_id AND campaign_id IS NULL;
END;
CREATE TRIGGER rewritten_campaigns_take_their_requests AFTER UPDATE OF rewrites ON campaigns
WHEN EXISTS (SELECT 1 FROM llm_requests WHERE lead_id = NEW.lead_id AND campaign_id IS NULL) BEGIN
    UPDATE campaigns SET
        llm_requests = llm_requests + (SELECT sum(requests) FROM llm_requests
                                       WHERE lead_id = NEW.lead_id AND campaign_id IS NULL),
        cost_usd_micros = nullif(coalesce(cost_usd_micros, 0)
            + (SELECT coalesce(sum(cost_usd_micros), 0) FROM llm_requests
               WHERE lead_id = NEW.lead_id AND campaign_id IS NULL), 0)
    WHERE id = NEW.id;
    UPDATE llm_requests SET campaign_id = NEW.id, answer = NULL
    WHERE lead_id = NEW.lead_id AND campaign_id IS NULL;
END;
