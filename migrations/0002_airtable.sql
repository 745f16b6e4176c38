-- What is known of the base, what people asked for there, and what its use costs.

-- The table's columns, and which of them stands for which field of ours. Fields are found by name
-- once and by id ever after, so that a renamed column keeps its meaning.
CREATE TABLE airtable_tables (
    -- `<base id>/<table as configured>`.
    name    TEXT    PRIMARY KEY,
    schema  TEXT    NOT NULL CHECK (json_valid(schema)),
    read_at INTEGER NOT NULL,
    -- Why nothing may be written or sent until a person mends the table; null when all is well.
    trouble TEXT
) STRICT;

-- Calls made, by the day (UTC, `2026-03-02`) on which they were counted.
CREATE TABLE airtable_calls (
    day   TEXT    PRIMARY KEY,
    calls INTEGER NOT NULL
) STRICT;

-- What people asked for in Campaign_Command: carried out once, answered in Campaign_Notes, then
-- cleared in the base.
CREATE TABLE commands (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    lead_id     INTEGER NOT NULL REFERENCES leads (id),
    campaign_id INTEGER REFERENCES campaigns (id),
    -- As people chose it, on one line.
    word        TEXT    NOT NULL,
    read_at     INTEGER NOT NULL,
    -- What came of it, a sentence.
    outcome     TEXT    NOT NULL,
    -- When the cell was seen or made empty; null before.
    cleared_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX one_open_command_per_lead ON commands (lead_id) WHERE cleared_at IS NULL;
CREATE INDEX commands_by_lead ON commands (lead_id, id);
CREATE TRIGGER commands_are_shown AFTER INSERT ON commands BEGIN
    UPDATE leads SET revision = revision + 1 WHERE id = NEW.lead_id;
END;

-- Cells that were on their way to the base when this was noted; null once the answer is known. A
-- value that stays tells the next run to look before it writes to a cell that people share.
ALTER TABLE pushes ADD COLUMN writing TEXT CHECK (writing IS NULL OR json_valid(writing));

-- How often new texts were asked for; the built-in writer chooses others by it.
ALTER TABLE campaigns ADD COLUMN rewrites INTEGER NOT NULL DEFAULT 0;

-- The mailbox behind the address: `ada+news` and `ada` are one person, who gets one campaign. Null with
-- `email`; refined when a lead is read again.
ALTER TABLE leads ADD COLUMN mailbox TEXT;
UPDATE leads SET mailbox = email;
CREATE INDEX leads_by_mailbox ON leads (mailbox) WHERE mailbox IS NOT NULL;
