-- Claiming a mail and noting that it left writes little of what is stored about it.

-- Every change of a message's state wrote its whole row, and rows with the text of a mail in them fill a
-- page of the file each. The text stands apart now; a page holds the rows of a dozen messages.
CREATE TABLE message_texts (
    message_id INTEGER PRIMARY KEY REFERENCES messages (id),
    body       TEXT    NOT NULL
) STRICT;
INSERT INTO message_texts (message_id, body) SELECT id, body FROM messages;
DROP TRIGGER messages_are_shown;
ALTER TABLE messages DROP COLUMN body;
CREATE TRIGGER messages_are_shown AFTER UPDATE OF subject, state, due_at, sent_at, opens, clicks,
    bounced_at, replied_at ON messages WHEN NEW.state <> 'sending' BEGIN
    UPDATE leads SET revision = revision + 1
    WHERE id = (SELECT lead_id FROM campaigns WHERE id = NEW.campaign_id);
END;
CREATE TRIGGER message_texts_are_shown AFTER UPDATE OF body ON message_texts BEGIN
    UPDATE leads SET revision = revision + 1
    WHERE id = (SELECT c.lead_id FROM messages m JOIN campaigns c ON c.id = m.campaign_id
                WHERE m.id = NEW.message_id);
END;
