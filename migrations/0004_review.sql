-- Who has to say yes before a campaign may send, kept apart from where the campaign stands: a state
-- can be set by a slip of the hand, an approval is bound to the texts.

-- 1 from the moment a campaign waits in review; from then on nothing of it leaves without an approval.
ALTER TABLE campaigns ADD COLUMN needs_approval INTEGER NOT NULL DEFAULT 0
    CHECK (needs_approval IN (0, 1));
UPDATE campaigns SET needs_approval = 1 WHERE state = 'review' OR approved_hash IS NOT NULL;
-- Raised by the state itself, so that no code path can forget it.
CREATE TRIGGER campaigns_in_review_when_new AFTER INSERT ON campaigns WHEN NEW.state = 'review' BEGIN
    UPDATE campaigns SET needs_approval = 1 WHERE id = NEW.id;
END;
CREATE TRIGGER campaigns_in_review AFTER UPDATE OF state ON campaigns
WHEN NEW.state = 'review' AND NEW.needs_approval = 0 BEGIN
    UPDATE campaigns SET needs_approval = 1 WHERE id = NEW.id;
END;

-- What colleagues of a lead were written is looked up for every new campaign.
CREATE INDEX campaigns_by_company ON campaigns (company COLLATE NOCASE);
