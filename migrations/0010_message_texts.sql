-- Claiming a mail and noting that it left writes little of what is stored about it, and costs few steps.
-- Tables are made anew here, which SQLite can only do while foreign keys are not watched; they are
-- checked when all is done.

-- Every change of a message's state wrote its whole row, and rows with the text of a mail in them fill a
-- page of the file each. The text stands apart now; a page holds the rows of a dozen messages.
CREATE TABLE message_texts (
    message_id INTEGER PRIMARY KEY REFERENCES messages (id),
    body       TEXT    NOT NULL
) STRICT;
INSERT INTO message_texts (message_id, body) SELECT id, body FROM messages;

-- As before, but for the text; words are compared one by one, because SQLite makes a table of its own
-- for a list of more than two, each time a row is written; and a message without a Message-ID has no
-- entry in the list of them that it would have to leave again.
CREATE TABLE messages_made_anew (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id   INTEGER NOT NULL REFERENCES campaigns (id),
    number        INTEGER NOT NULL CHECK (number >= 1),
    step          TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state = 'sent' OR state = 'sending' OR state = 'scheduled'
        OR state = 'drafted' OR state = 'deferred' OR state = 'dead' OR state = 'in_doubt'
        OR state = 'skipped'),
    -- Why it was skipped, is dead or in doubt.
    state_reason  TEXT,
    -- The earliest instant it may leave, and why then.
    due_at        INTEGER,
    due_reason    TEXT,
    outreach_key  TEXT    NOT NULL UNIQUE,
    -- Without angle brackets; set with the claim at the latest, never changed after it.
    message_id    TEXT,
    sender        TEXT,
    -- The address it was claimed for; the lead's own may be corrected later. Null before a claim.
    recipient     TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,
    claimed_at    INTEGER,
    -- The mail's Date header: the instant of the first claim, so that a second try is the same mail.
    dated_at      INTEGER,
    sent_at       INTEGER,
    opens         INTEGER NOT NULL DEFAULT 0,
    clicks        INTEGER NOT NULL DEFAULT 0,
    bounced_at    INTEGER,
    replied_at    INTEGER,
    UNIQUE (campaign_id, number),
    UNIQUE (campaign_id, step),
    CONSTRAINT dated_states_have_an_instant CHECK
        (due_at IS NOT NULL OR (state <> 'scheduled' AND state <> 'deferred')),
    CONSTRAINT sent_has_an_instant CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT ended_early_has_a_reason CHECK (state_reason IS NOT NULL
        OR (state <> 'skipped' AND state <> 'dead' AND state <> 'in_doubt'))
) STRICT;
INSERT INTO messages_made_anew
SELECT id, campaign_id, number, step, subject, state, state_reason, due_at, due_reason, outreach_key,
       message_id, sender, recipient, attempts, claimed_at, dated_at, sent_at, opens, clicks, bounced_at,
       replied_at
FROM messages;
DROP TABLE messages;
ALTER TABLE messages_made_anew RENAME TO messages;
CREATE UNIQUE INDEX messages_by_message_id ON messages (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX messages_due ON messages (due_at, id) WHERE state IN ('scheduled', 'deferred');
CREATE INDEX messages_due_first_steps ON messages (sender, due_at)
    WHERE state IN ('scheduled', 'deferred') AND number = 1;
CREATE INDEX messages_due_follow_ups ON messages (sender, due_at)
    WHERE state IN ('scheduled', 'deferred') AND number > 1;
CREATE INDEX messages_sending ON messages (id) WHERE state = 'sending';
CREATE INDEX messages_letters ON messages (state, id) WHERE state IN ('dead', 'in_doubt');
CREATE INDEX messages_sent ON messages (sender, sent_at) WHERE state = 'sent';
CREATE INDEX messages_claimed ON messages (sender, claimed_at) WHERE claimed_at IS NOT NULL;
CREATE INDEX messages_by_recipient ON messages (recipient) WHERE recipient IS NOT NULL;
CREATE INDEX messages_drafted ON messages (campaign_id) WHERE state = 'drafted';
CREATE INDEX messages_bounced ON messages (sender, claimed_at) WHERE bounced_at IS NOT NULL;
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

-- Attempts and lines of the decision log are never deleted, so their ids are not used twice even if
-- nobody keeps the last one, which would be written with every row.
CREATE TABLE attempts_made_anew (
    id          INTEGER PRIMARY KEY,
    message_id  INTEGER NOT NULL REFERENCES messages (id),
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    number      INTEGER NOT NULL,
    -- Where it was to go (`maildir:<folder>#<id>`, `smtp:<host>:<port>`): evidence counts only there.
    mailer      TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    -- Null while the conversation runs, and for ever if the process died in it.
    finished_at INTEGER,
    outcome     TEXT    CHECK (outcome = 'accepted' OR outcome = 'deferred' OR outcome = 'rejected'
        OR outcome = 'in_doubt'),
    phase       TEXT,
    -- Whom a refusal is about; only `recipient` and `message` use up a message's tries.
    blame       TEXT    CHECK (blame = 'recipient' OR blame = 'sender' OR blame = 'message'
        OR blame = 'server'),
    -- The server's own words, without control characters.
    reply       TEXT,
    UNIQUE (message_id, number)
) STRICT;
INSERT INTO attempts_made_anew
SELECT id, message_id, run_id, number, mailer, started_at, finished_at, outcome, phase, blame, reply
FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts_made_anew RENAME TO attempts;

CREATE TABLE events_made_anew (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    lead_id     INTEGER REFERENCES leads (id),
    campaign_id INTEGER REFERENCES campaigns (id),
    message_id  INTEGER REFERENCES messages (id),
    kind        TEXT    NOT NULL,
    detail      TEXT    NOT NULL
) STRICT;
INSERT INTO events_made_anew SELECT id, at, lead_id, campaign_id, message_id, kind, detail FROM events;
DROP TABLE events;
ALTER TABLE events_made_anew RENAME TO events;
CREATE INDEX events_by_lead ON events (lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX events_by_campaign ON events (campaign_id, id);
