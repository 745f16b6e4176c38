-- What the figures of `report` are counted from, and what `serve` hears about mails that left.

-- What a campaign's lead was when the campaign was written, so that a lead changed later does not move
-- old results from one segment to another. Words as they were read, '' when nothing is known.
CREATE TABLE campaign_traits (
    campaign_id  INTEGER PRIMARY KEY REFERENCES campaigns (id),
    industry     TEXT    NOT NULL,
    -- A range of people, `11-50`.
    company_size TEXT    NOT NULL,
    -- owner, chief, vp, director, head, manager, staff or unknown.
    seniority    TEXT    NOT NULL,
    tone         TEXT    NOT NULL,
    confidence   TEXT    NOT NULL
) STRICT;

-- Which wording a mail has, names taken out: mails with the same key said the same to different leads.
-- Null for texts whose wording is not known any more.
ALTER TABLE messages ADD COLUMN subject_key INTEGER;
ALTER TABLE messages ADD COLUMN opening_key INTEGER;
-- What could be counted of it when it left: 0 nothing, 1 opens, 2 clicks, 3 both. Rates are shares of
-- the mails that could have told.
ALTER TABLE messages ADD COLUMN tracked INTEGER NOT NULL DEFAULT 0 CHECK (tracked BETWEEN 0 AND 3);
-- What programs did with it: prefetching, scanning. `opens` and `clicks` are people's.
ALTER TABLE messages ADD COLUMN machine_opens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN machine_clicks INTEGER NOT NULL DEFAULT 0;

-- Every request of a pixel, a link or a way out, as it came. No address of who asked is kept.
CREATE TABLE engagements (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    message_id INTEGER NOT NULL REFERENCES messages (id),
    kind       TEXT    NOT NULL CHECK (kind = 'open' OR kind = 'click' OR kind = 'opt_out'),
    -- Which link of the mail, counted from 0; null unless it is a click.
    link       INTEGER,
    -- Why it is taken for a program's; null for a person's.
    machine    TEXT,
    -- The family of the program that asked (`apple-mail`, `google-image-proxy`), never its own words.
    agent      TEXT    NOT NULL,
    CONSTRAINT clicks_have_a_link CHECK ((kind = 'click') = (link IS NOT NULL))
) STRICT;
CREATE INDEX engagements_by_message ON engagements (message_id, id);
CREATE INDEX engagements_by_instant ON engagements (at);

-- What is left of them after ANALYTICS_RETENTION_DAYS: how many a day (UTC, `2026-03-02`).
CREATE TABLE engagement_days (
    message_id INTEGER NOT NULL REFERENCES messages (id),
    day        TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind = 'open' OR kind = 'click' OR kind = 'opt_out'),
    is_machine INTEGER NOT NULL CHECK (is_machine IN (0, 1)),
    n          INTEGER NOT NULL,
    PRIMARY KEY (message_id, day, kind, is_machine)
) STRICT, WITHOUT ROWID;

-- What the addresses in our mails are signed with. The newest signs, all that are kept are believed.
CREATE TABLE signing_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    secret     BLOB    NOT NULL CHECK (length(secret) = 32),
    created_at INTEGER NOT NULL
) STRICT;
