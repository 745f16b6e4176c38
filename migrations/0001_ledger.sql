-- The ledger: the only truth of the pipeline. Every table is STRICT, every state is named in a CHECK
-- that mirrors the Rust tables in src/campaign/state.rs, instants are whole seconds since 1970 in UTC
-- (columns ending in _at), and ids that leave the process are AUTOINCREMENT, so none is ever reused.

-- One row per record ever read, with the verdict of the data check.
CREATE TABLE leads (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    record_id       TEXT    NOT NULL UNIQUE,
    source          TEXT    NOT NULL CHECK (source IN ('file', 'airtable')),
    -- The fields as they were read, a JSON object keyed by our own field names.
    fields          TEXT    NOT NULL CHECK (json_valid(fields)),
    fingerprint     TEXT    NOT NULL,
    -- The normalised address; null when there is none that could be written to.
    email           TEXT,
    -- The registrable domain of the address; null with `email`, or for a free-mail domain.
    company_domain  TEXT,
    full_name       TEXT    NOT NULL,
    company         TEXT    NOT NULL,
    verdict         TEXT    NOT NULL CHECK (verdict IN ('eligible', 'rejected')),
    reject_reason   TEXT,
    reject_detail   TEXT,
    -- What the data check mended, a JSON array of sentences.
    repairs         TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(repairs)),
    first_read_at   INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL,
    -- Raised by every change worth showing to people; see the triggers below.
    revision        INTEGER NOT NULL DEFAULT 1,
    pushed_revision INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT reject_has_a_reason CHECK ((verdict = 'rejected') = (reject_reason IS NOT NULL))
) STRICT;
CREATE INDEX leads_by_email ON leads (email) WHERE email IS NOT NULL;
CREATE INDEX leads_by_company_domain ON leads (company_domain) WHERE company_domain IS NOT NULL;
CREATE INDEX leads_eligible ON leads (id) WHERE verdict = 'eligible';
CREATE INDEX leads_to_push ON leads (id) WHERE revision > pushed_revision;

-- One lead's passage through a sequence. Settings are frozen here when it is created.
CREATE TABLE campaigns (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id      TEXT    NOT NULL UNIQUE,
    lead_id          INTEGER NOT NULL REFERENCES leads (id),
    company          TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN
        ('draft', 'review', 'active', 'paused', 'responded', 'completed', 'stopped')),
    stop_reason      TEXT    CHECK (stop_reason IN ('opted_out', 'bounced', 'complained', 'by_person',
        'rejected_in_review', 'suppressed', 'lead_removed', 'left_company', 'undeliverable')),
    -- Why it waits, in words; set while in review or paused.
    hold_reason      TEXT,
    -- Who paused it: a person's pause is never lifted by the program. `data`: the lead's fields no
    -- longer pass the data check; lifted when they do again.
    paused_by        TEXT    CHECK (paused_by IN ('person', 'absence', 'company', 'data')),
    -- When an absence ends; null when only a person can resume.
    resume_at        INTEGER,
    sequence         TEXT    NOT NULL CHECK (json_valid(sequence)),
    -- Who wrote it: `template:<name>` or `model:<name>`.
    writer           TEXT    NOT NULL,
    quality_score    INTEGER NOT NULL CHECK (quality_score BETWEEN 0 AND 100),
    -- The issues the quality gate raised, a JSON array.
    quality_issues   TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(quality_issues)),
    -- Hash of the exact texts a person approved; null when nobody had to.
    approved_hash    TEXT,
    approved_at      INTEGER,
    tokens           INTEGER NOT NULL DEFAULT 0,
    zone             TEXT    NOT NULL,
    zone_reason      TEXT    NOT NULL,
    country          TEXT    NOT NULL,
    -- The From address, fixed by the first schedule; null before.
    sender           TEXT,
    created_at       INTEGER NOT NULL,
    started_at       INTEGER,
    updated_at       INTEGER NOT NULL,
    last_activity_at INTEGER,
    response_at      INTEGER,
    response_type    TEXT    CHECK (response_type IN ('interested', 'not_interested', 'later',
        'referral', 'neutral', 'auto_reply', 'unsubscribed', 'bounced')),
    responding_step  TEXT,
    finished_at      INTEGER,
    CONSTRAINT stopped_has_a_reason CHECK ((state = 'stopped') = (stop_reason IS NOT NULL)),
    CONSTRAINT paused_by_somebody CHECK ((state = 'paused') = (paused_by IS NOT NULL)),
    CONSTRAINT finished_has_an_instant CHECK
        ((state IN ('responded', 'completed', 'stopped')) = (finished_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX one_open_campaign_per_lead ON campaigns (lead_id)
    WHERE state IN ('draft', 'review', 'active', 'paused');
CREATE INDEX campaigns_by_lead ON campaigns (lead_id);
CREATE INDEX campaigns_open ON campaigns (state, id)
    WHERE state IN ('draft', 'review', 'active', 'paused');

-- One step's mail of one campaign. Identity (message_id, outreach_key) is fixed before it can leave.
CREATE TABLE messages (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id   INTEGER NOT NULL REFERENCES campaigns (id),
    number        INTEGER NOT NULL CHECK (number >= 1),
    step          TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    body          TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('drafted', 'scheduled', 'sending', 'sent',
        'deferred', 'dead', 'in_doubt', 'skipped')),
    -- Why it was skipped, is dead or in doubt.
    state_reason  TEXT,
    -- The earliest instant it may leave, and why then.
    due_at        INTEGER,
    due_reason    TEXT,
    outreach_key  TEXT    NOT NULL UNIQUE,
    -- Without angle brackets; set with the claim at the latest, never changed after it.
    message_id    TEXT    UNIQUE,
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
        (state NOT IN ('scheduled', 'deferred') OR due_at IS NOT NULL),
    CONSTRAINT sent_has_an_instant CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT ended_early_has_a_reason CHECK
        (state NOT IN ('skipped', 'dead', 'in_doubt') OR state_reason IS NOT NULL)
) STRICT;
CREATE INDEX messages_due ON messages (due_at, id) WHERE state IN ('scheduled', 'deferred');
CREATE INDEX messages_sending ON messages (id) WHERE state = 'sending';
CREATE INDEX messages_letters ON messages (state, id) WHERE state IN ('dead', 'in_doubt');
CREATE INDEX messages_sent ON messages (sender, sent_at) WHERE state = 'sent';
CREATE INDEX messages_claimed ON messages (sender, claimed_at) WHERE claimed_at IS NOT NULL;
CREATE INDEX messages_by_recipient ON messages (recipient) WHERE recipient IS NOT NULL;
CREATE INDEX messages_drafted ON messages (campaign_id) WHERE state = 'drafted';

-- One SMTP conversation (or one file written) about one message.
CREATE TABLE attempts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id  INTEGER NOT NULL REFERENCES messages (id),
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    number      INTEGER NOT NULL,
    -- Where it was to go (`maildir:<folder>#<id>`, `smtp:<host>:<port>`): evidence counts only there.
    mailer      TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    -- Null while the conversation runs, and for ever if the process died in it.
    finished_at INTEGER,
    outcome     TEXT    CHECK (outcome IN ('accepted', 'deferred', 'rejected', 'in_doubt')),
    phase       TEXT,
    -- Whom a refusal is about; only `recipient` and `message` use up a message's tries.
    blame       TEXT    CHECK (blame IN ('recipient', 'sender', 'message', 'server')),
    -- The server's own words, without control characters.
    reply       TEXT,
    UNIQUE (message_id, number)
) STRICT;

-- What we read in the inboxes and judged. Text is kept so that a judgement can be checked and redone.
CREATE TABLE inbound (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox        TEXT    NOT NULL,
    uidvalidity    INTEGER NOT NULL,
    uid            INTEGER NOT NULL,
    read_at        INTEGER NOT NULL,
    -- The mail's own Date, or when the server took it; null when it says neither.
    received_at    INTEGER,
    from_address   TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    rfc_message_id TEXT,
    kind           TEXT    NOT NULL CHECK (kind IN ('human_reply', 'out_of_office', 'auto_reply',
        'bounce_hard', 'bounce_soft', 'unsubscribe', 'complaint', 'receipt', 'other')),
    sentiment      TEXT    CHECK (sentiment IN
        ('interested', 'not_interested', 'later', 'referral', 'neutral')),
    -- The message it is about; null when none of ours could be found.
    message_id     INTEGER REFERENCES messages (id),
    campaign_id    INTEGER REFERENCES campaigns (id),
    matched_by     TEXT,
    return_on      TEXT,
    bounce_status  TEXT,
    reply_text     TEXT    NOT NULL,
    headers        TEXT    NOT NULL,
    evidence       TEXT    NOT NULL CHECK (json_valid(evidence)),
    -- What was done about it, in words.
    consequence    TEXT    NOT NULL,
    UNIQUE (mailbox, uidvalidity, uid)
) STRICT;
CREATE INDEX inbound_by_rfc_message_id ON inbound (rfc_message_id) WHERE rfc_message_id IS NOT NULL;
CREATE INDEX inbound_by_campaign ON inbound (campaign_id) WHERE campaign_id IS NOT NULL;

-- Addresses and domains never to be written to again.
CREATE TABLE suppressions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- A normalised address (`a@b.example`) or a domain (`b.example`).
    value      TEXT    NOT NULL UNIQUE,
    reason     TEXT    NOT NULL CHECK (reason IN
        ('opted_out', 'bounced', 'complained', 'left_company', 'by_person', 'imported')),
    note       TEXT    NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
) STRICT;

-- Where reading resumes, and when it last succeeded: `mailbox:<name>` and `airtable`.
CREATE TABLE cursors (
    name         TEXT    PRIMARY KEY,
    uidvalidity  INTEGER NOT NULL DEFAULT 0,
    last_uid     INTEGER NOT NULL DEFAULT 0,
    -- For Airtable: the instant up to which changes were read.
    read_to_at   INTEGER,
    -- When everything there was to read had been read without an error; null before the first time.
    succeeded_at INTEGER,
    last_error   TEXT
) STRICT;

-- One execution of a stage.
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    stage       TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    -- Null while it runs, and for ever if the process died.
    outcome     TEXT    CHECK (outcome IN ('ok', 'partial', 'failed', 'again', 'interrupted')),
    counts      TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(counts)),
    errors      TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(errors)),
    pid         INTEGER NOT NULL
) STRICT;

-- What the base was last told about a lead.
CREATE TABLE pushes (
    lead_id    INTEGER PRIMARY KEY REFERENCES leads (id),
    -- The field values as last written, a JSON object.
    told       TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(told)),
    pushed_at  INTEGER,
    -- The base's words when it refused this record; tried again when the record changes.
    refusal    TEXT
) STRICT;

-- The decision log that `explain` reads.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    lead_id     INTEGER REFERENCES leads (id),
    campaign_id INTEGER REFERENCES campaigns (id),
    message_id  INTEGER REFERENCES messages (id),
    kind        TEXT    NOT NULL,
    detail      TEXT    NOT NULL
) STRICT;
CREATE INDEX events_by_lead ON events (lead_id, id);
CREATE INDEX events_by_campaign ON events (campaign_id, id);

-- Switches a person throws: `pause_all`, `pause_sender:<address>`.
CREATE TABLE switches (
    name   TEXT    PRIMARY KEY,
    reason TEXT    NOT NULL,
    set_at INTEGER NOT NULL
) STRICT;

-- Whatever changes in a campaign or its messages must be shown to people: the lead's revision rises
-- by itself, so no code path can forget it.
CREATE TRIGGER campaigns_are_shown_when_new AFTER INSERT ON campaigns BEGIN
    UPDATE leads SET revision = revision + 1 WHERE id = NEW.lead_id;
END;
CREATE TRIGGER campaigns_are_shown AFTER UPDATE ON campaigns BEGIN
    UPDATE leads SET revision = revision + 1 WHERE id = NEW.lead_id;
END;
CREATE TRIGGER messages_are_shown AFTER UPDATE OF subject, body, state, due_at, sent_at, opens, clicks,
    bounced_at, replied_at ON messages BEGIN
    UPDATE leads SET revision = revision + 1
    WHERE id = (SELECT lead_id FROM campaigns WHERE id = NEW.campaign_id);
END;
CREATE TRIGGER leads_are_shown AFTER UPDATE OF verdict, reject_reason, reject_detail ON leads
WHEN OLD.verdict IS NOT NEW.verdict OR OLD.reject_reason IS NOT NEW.reject_reason
    OR OLD.reject_detail IS NOT NEW.reject_detail BEGIN
    UPDATE leads SET revision = revision + 1 WHERE id = NEW.id;
END;
