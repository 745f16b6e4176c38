-- What was looked for and found of messages already handed over, and what a person released.

-- A message as it stands in the Sent folder. Some servers give it another Message-ID, by which the
-- answers to it will name it.
CREATE TABLE sent_copies (
    message_id     INTEGER PRIMARY KEY REFERENCES messages (id),
    -- Without angle brackets.
    rfc_message_id TEXT    NOT NULL,
    seen_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX sent_copies_by_id ON sent_copies (rfc_message_id);

-- The latest look for a message in doubt, and what came of it in words.
CREATE TABLE looks (
    message_id INTEGER PRIMARY KEY REFERENCES messages (id),
    looked_at  INTEGER NOT NULL,
    answer     TEXT    NOT NULL
) STRICT;

-- Campaigns that wait because a message of theirs was refused for a reason we do not know. A
-- person's decision about that message ends the wait.
CREATE TABLE parked_campaigns (
    campaign_id INTEGER PRIMARY KEY REFERENCES campaigns (id),
    message_id  INTEGER NOT NULL REFERENCES messages (id)
) STRICT;

-- When a person last let a stopped sender go on. What was counted against it before is forgotten:
-- only later attempts, and complaints read later, count from then on.
CREATE TABLE sender_releases (
    sender      TEXT    PRIMARY KEY,
    released_at INTEGER NOT NULL,
    -- The greatest attempts.id and inbound.id of that instant.
    attempt     INTEGER NOT NULL,
    inbound     INTEGER NOT NULL
) STRICT;

-- The first Hooks of each batch of new leads: the rest of the batch waits for what comes of them.
-- A batch is what was first read on one day (UTC, `2026-03-02`).
CREATE TABLE canaries (
    message_id INTEGER PRIMARY KEY REFERENCES messages (id),
    batch      TEXT    NOT NULL
) STRICT;
CREATE INDEX canaries_by_batch ON canaries (batch);

-- Batches whose rest may leave, because their first Hooks did well or a person said so.
CREATE TABLE cleared_batches (
    batch      TEXT    PRIMARY KEY,
    cleared_at INTEGER NOT NULL,
    why        TEXT    NOT NULL
) STRICT;

-- Bounces of a sender are counted over weeks, and few.
CREATE INDEX messages_bounced ON messages (sender, claimed_at) WHERE bounced_at IS NOT NULL;
-- A complaint stops its sender.
CREATE INDEX inbound_complaints ON inbound (id) WHERE kind = 'complaint';
