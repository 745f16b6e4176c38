-- Claiming and recording cost what one message costs, however many there are and however many leave.

-- The next due message of a sender in one step. Before, the list of all that was due was led by the
-- instant alone, so that every claim walked past the messages of other senders and of the other
-- steps. Each index ends in the row id by itself.
CREATE INDEX messages_due_first_steps ON messages (sender, due_at)
    WHERE state IN ('scheduled', 'deferred') AND number = 1;
CREATE INDEX messages_due_follow_ups ON messages (sender, due_at)
    WHERE state IN ('scheduled', 'deferred') AND number > 1;

-- A message that is on its way is shown to nobody: what became of it follows at once.
DROP TRIGGER messages_are_shown;
CREATE TRIGGER messages_are_shown AFTER UPDATE OF subject, body, state, due_at, sent_at, opens, clicks,
    bounced_at, replied_at ON messages WHEN NEW.state <> 'sending' BEGIN
    UPDATE leads SET revision = revision + 1
    WHERE id = (SELECT lead_id FROM campaigns WHERE id = NEW.campaign_id);
END;
