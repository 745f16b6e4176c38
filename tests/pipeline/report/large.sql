-- A ledger of {campaigns} campaigns over 52 weeks, three messages each, as its stages would have
-- left it, with rows as wide as real ones. Written table by table, parents last where a trigger
-- would look for them, and with no journal: for a fresh file only. Texts are short and the decision
-- log is empty: no figure reads either.
--
-- Chance is the multiplication of a row's number by one of a few odd constants, modulo 2^32 and
-- scaled down: the same file every time, spread evenly, at no cost.
PRAGMA foreign_keys = OFF;
PRAGMA synchronous = OFF;
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -500000;
BEGIN;

CREATE TEMP TABLE words (kind TEXT NOT NULL, n INTEGER NOT NULL, word TEXT NOT NULL, more TEXT,
    PRIMARY KEY (kind, n)) WITHOUT ROWID;
INSERT INTO words (kind, n, word) SELECT 'industry', key, value FROM json_each('["Logistics",
    "logistics", "Legal", "Dental", "Food", "Robotics", "Energy", "Media", "Travel", "Textiles",
    "Insurance", "Real Estate", "real estate ", "Retail", "Education", "Healthcare", "Banking",
    "Software", "Construction", "Farming", "Printing", "Chemicals", "Metal", "Mining", "Telecom",
    "Consulting", "Charity", "Sports", "Music", "Furniture", "Security", ""]');
INSERT INTO words (kind, n, word) SELECT 'size', key, value FROM json_each('["1-10", "11-50",
    "51-200", "201-500", "501-1000", "1001-5000", "5001+", ""]');
INSERT INTO words (kind, n, word) SELECT 'seniority', key, value FROM json_each('["owner", "chief",
    "vp", "director", "head", "manager", "staff", "unknown"]');
INSERT INTO words (kind, n, word) SELECT 'tone', key, value FROM json_each('["Friendly",
    "Professional", "Bold", ""]');
INSERT INTO words (kind, n, word) SELECT 'writer', key, value FROM json_each('["template:travel/0",
    "template:travel/1", "template:logistics/0", "template:logistics/1", "template:plain",
    "template:legal/0", "model:gpt-4", "model:gpt-4o-mini"]');
INSERT INTO words (kind, n, word, more)
SELECT 'place', key, value ->> 0, value ->> 1 FROM json_each('[
    ["America/New_York", "US"], ["America/Chicago", "US"], ["America/Denver", "US"],
    ["America/Los_Angeles", "US"], ["Europe/London", "GB"], ["Europe/Berlin", "DE"],
    ["Europe/Paris", "FR"], ["Europe/Madrid", "ES"], ["Europe/Rome", "IT"],
    ["Europe/Amsterdam", "NL"], ["Asia/Tokyo", "JP"], ["Asia/Kolkata", "IN"],
    ["Australia/Sydney", "AU"], ["America/Sao_Paulo", "BR"], ["Pacific/Auckland", "NZ"],
    ["Asia/Dubai", "AE"]]');
INSERT INTO words (kind, n, word) SELECT 'step', key + 1, value FROM json_each('["hook", "proof",
    "fomo"]');
INSERT INTO words (kind, n, word) SELECT 'answer', key, value FROM json_each('["interested",
    "not_interested", "not_interested", "later", "referral", "neutral", "neutral", "interested"]');

-- What becomes of each campaign, and after which step.
CREATE TEMP TABLE fates (
    id         INTEGER PRIMARY KEY,
    fate       TEXT    NOT NULL,
    -- The last step that leaves; 0 when none does.
    last_step  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    chance     INTEGER NOT NULL,
    other      INTEGER NOT NULL
);
WITH RECURSIVE series (id) AS (
    SELECT 1 UNION ALL SELECT id + 1 FROM series WHERE id < {campaigns}
), chances AS (
    SELECT id, ((id * 2654435761) & 0xFFFFFFFF) >> 12 AS chance,
           ((id * 2246822519) & 0xFFFFFFFF) >> 12 AS other,
           ((id * 3266489917) & 0xFFFFFFFF) >> 12 AS third
    FROM series
), drawn AS (
    SELECT *, CASE
        WHEN chance % 1000 < 5 THEN 'draft'
        WHEN chance % 1000 < 15 THEN 'review'
        WHEN chance % 1000 < 16 THEN 'active'
        WHEN chance % 1000 < 18 THEN 'paused'
        WHEN chance % 1000 < 87 THEN 'responded'
        WHEN chance % 1000 < 102 THEN 'bounced'
        WHEN chance % 1000 < 114 THEN 'opted_out'
        WHEN chance % 1000 < 117 THEN 'dead'
        WHEN chance % 1000 < 120 THEN 'by_person'
        -- What began in the last ten days is not over.
        WHEN id > {campaigns} * 97 / 100 THEN 'active'
        ELSE 'completed' END AS fate
    FROM chances
)
INSERT INTO fates
SELECT id, fate, CASE
        WHEN fate IN ('draft', 'review', 'dead') THEN 0
        WHEN fate = 'completed' THEN 3
        WHEN fate = 'bounced' THEN 1
        ELSE third % 3 + 1 END,
    1767225600 + id * 31449600 / {campaigns}, chance, other
FROM drawn;

INSERT INTO campaigns (id, campaign_id, lead_id, company, state, stop_reason, hold_reason,
    paused_by, resume_at, sequence, writer, quality_score, quality_issues, tokens, zone,
    zone_reason, country, sender, created_at, started_at, updated_at, last_activity_at,
    response_at, response_type, responding_step, finished_at, needs_approval)
SELECT f.id, printf('c%016x', f.id * 4294967296 + f.other), f.id,
    'Harbourline Freight ' || f.id || ' Ltd',
    CASE WHEN fate IN ('bounced', 'opted_out', 'dead', 'by_person') THEN 'stopped' ELSE fate END,
    CASE fate WHEN 'dead' THEN 'undeliverable' WHEN 'bounced' THEN fate WHEN 'opted_out' THEN fate
        WHEN 'by_person' THEN fate END,
    CASE fate WHEN 'review' THEN 'the proof text names no fact' WHEN 'paused' THEN 'away' END,
    CASE fate WHEN 'paused' THEN 'absence' END,
    CASE fate WHEN 'paused' THEN created_at + 2000000 END,
    '{"steps":[{"number":1,"name":"hook","delay_days":0},'
        || '{"number":2,"name":"proof","delay_days":3},'
        || '{"number":3,"name":"fomo","delay_days":7}],"respect_business_days":true,'
        || '"delay_unit":"calendar"}',
    w.word, 80 + other % 21,
    CASE other % 3 WHEN 0 THEN '[]' ELSE '[{"step":"proof","rule":"length","points":3,'
        || '"sentence":"121 words, expected at most 120"}]' END,
    CASE WHEN w.word GLOB 'model:*' THEN 900 ELSE 0 END, p.word,
    'the lead''s City says Liverpool, which keeps ' || p.word, p.more,
    CASE WHEN fate IN ('draft', 'review') THEN NULL
        ELSE 'team' || (other / 5 % 20) || '@ourco' || (other / 5 % 4) || '.example' END,
    created_at, CASE WHEN last_step > 0 THEN created_at + 30000 END, created_at + 700000,
    CASE WHEN last_step > 0 THEN created_at + 700000 END,
    CASE WHEN fate IN ('responded', 'bounced', 'opted_out')
        THEN created_at + 30000 + (last_step - 1) * 345600 + other % 300000 END,
    CASE fate WHEN 'responded' THEN a.word WHEN 'bounced' THEN fate
        WHEN 'opted_out' THEN 'unsubscribed' END,
    CASE WHEN fate IN ('responded', 'bounced', 'opted_out') THEN s.word END,
    CASE WHEN fate NOT IN ('draft', 'review', 'active', 'paused') THEN created_at + 700000 END,
    fate = 'review'
FROM fates f
    JOIN words w ON w.kind = 'writer' AND w.n = f.other / 7 % 8
    JOIN words p ON p.kind = 'place' AND p.n = f.other / 11 % 16
    JOIN words a ON a.kind = 'answer' AND a.n = f.other / 13 % 8
    LEFT JOIN words s ON s.kind = 'step' AND s.n = f.last_step
ORDER BY f.id;

INSERT INTO campaign_traits (campaign_id, industry, company_size, seniority, tone, confidence)
SELECT f.id, i.word, z.word, r.word, t.word, CASE f.other % 3 WHEN 0 THEN 'Pattern' ELSE 'Real' END
FROM fates f
    JOIN words i ON i.kind = 'industry' AND i.n = f.other / 17 % 32
    JOIN words z ON z.kind = 'size' AND z.n = f.other / 19 % 8
    JOIN words r ON r.kind = 'seniority' AND r.n = f.other / 23 % 8
    JOIN words t ON t.kind = 'tone' AND t.n = f.other / 29 % 4
ORDER BY f.id;

-- The wordings of templates are shared by many; a model says it differently each time.
WITH planned AS (
    SELECT c.id, s.n, s.word AS step, f.fate, f.last_step, f.other, f.chance % 2 = 1 AS is_tracked,
        (f.other / 31 + s.n * 37) % 100 AS luck,
        c.created_at + 30000 + (s.n - 1) * 345600 + f.other % 28800 AS at,
        CASE
            WHEN f.fate IN ('draft', 'review') THEN 'drafted'
            WHEN s.n <= f.last_step THEN 'sent'
            WHEN f.fate = 'dead' AND s.n = 1 THEN 'dead'
            WHEN f.fate = 'active' AND f.other % 50 = 0 AND s.n = f.last_step + 1 THEN 'in_doubt'
            WHEN f.fate = 'active' THEN 'scheduled'
            ELSE 'skipped' END AS state
    FROM campaigns c JOIN fates f ON f.id = c.id JOIN words s ON s.kind = 'step'
)
INSERT INTO messages (id, campaign_id, number, step, subject, state, state_reason, due_at,
    due_reason, outreach_key, message_id, sender, recipient, attempts, claimed_at, dated_at,
    sent_at, opens, clicks, bounced_at, replied_at, subject_key, opening_key, tracked,
    machine_opens, machine_clicks)
SELECT c.id * 3 - 3 + p.n, c.id, p.n, p.step,
    'What guests will ask of Harbourline Freight ' || c.id || ' next', p.state,
    CASE p.state WHEN 'skipped' THEN 'campaign ' || c.state
        WHEN 'dead' THEN '550 5.1.1 no such user' WHEN 'in_doubt' THEN 'no answer to the body' END,
    CASE WHEN p.state <> 'drafted' THEN p.at END,
    CASE WHEN p.state <> 'drafted'
        THEN p.n || ' days after the step before, 09:00-17:00 in ' || c.zone END,
    c.campaign_id || '.' || p.step,
    CASE WHEN p.state IN ('sent', 'dead', 'in_doubt')
        THEN c.campaign_id || '.' || p.step || substr(c.sender, instr(c.sender, '@')) END,
    CASE WHEN p.state <> 'drafted' THEN c.sender END,
    CASE WHEN p.state IN ('sent', 'dead', 'in_doubt')
        THEN 'marcus.obi' || c.id || '@harbourline' || c.id || '.example' END,
    p.state IN ('sent', 'dead', 'in_doubt'),
    CASE WHEN p.state IN ('sent', 'dead', 'in_doubt') THEN p.at END,
    CASE WHEN p.state IN ('sent', 'dead', 'in_doubt') THEN p.at END,
    CASE p.state WHEN 'sent' THEN p.at END,
    CASE WHEN p.state = 'sent' AND is_tracked AND luck < 20 THEN 1 + luck % 3 ELSE 0 END,
    CASE WHEN p.state = 'sent' AND is_tracked AND luck < 3 THEN 1 ELSE 0 END,
    CASE WHEN p.fate = 'bounced' AND p.n = 1 THEN c.response_at END,
    CASE WHEN p.fate = 'responded' AND p.n = p.last_step THEN c.response_at END,
    CASE WHEN c.writer GLOB 'model:*' THEN c.id * 8 + p.n + 4611686018427387904
        ELSE 1000003 * (p.other % 40 * 3 + p.n) END,
    CASE WHEN c.writer GLOB 'model:*' THEN c.id * 8 + p.n + 6917529027641081856
        ELSE 1000033 * (p.other % 60 * 3 + p.n) END,
    CASE WHEN p.state IN ('sent', 'in_doubt') AND is_tracked THEN 3 ELSE 0 END,
    CASE WHEN p.state = 'sent' AND is_tracked AND luck > 50 THEN 1 + (luck > 80) ELSE 0 END,
    CASE WHEN p.state = 'sent' AND is_tracked AND luck > 90 THEN 2 ELSE 0 END
FROM planned p JOIN campaigns c ON c.id = p.id
ORDER BY c.id, p.n;

INSERT INTO message_texts (message_id, body)
SELECT id, 'Hi Marcus,' || char(10, 10) || 'Routes of ' || opening_key % 1000 || ' kinds wait.'
FROM messages;

INSERT INTO runs (id, stage, started_at, finished_at, outcome, pid)
SELECT n, 'send', 1767225600 + n * 3600, 1767225600 + n * 3600 + 60, 'ok', 1
FROM (WITH RECURSIVE hours (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM hours WHERE n < 8736)
      SELECT n FROM hours);
INSERT INTO attempts (message_id, run_id, number, mailer, started_at, finished_at, outcome, phase,
    blame, reply)
SELECT id, 1 + (claimed_at - 1767225600) / 3600 % 8736, 1, 'smtp:mail.ourco.example:587',
    claimed_at, claimed_at,
    CASE state WHEN 'sent' THEN 'accepted' WHEN 'dead' THEN 'rejected' ELSE 'in_doubt' END,
    'data', CASE state WHEN 'dead' THEN 'recipient' END, '250 2.0.0 Ok: queued as 4F1C2D3E5F'
FROM messages WHERE claimed_at IS NOT NULL;

-- Two requests of every third message that was tracked or not: what a year of pictures leaves.
WITH asked AS (
    SELECT id, sent_at, opens > 0 AS is_person, (id * 668265263 & 0xFFFFFFFF) >> 12 AS chance
    FROM messages WHERE state = 'sent'
)
INSERT INTO engagements (at, message_id, kind, link, machine, agent)
SELECT sent_at + 5 + chance % 200000 * (n + 1), id,
    CASE WHEN chance % 16 = 0 THEN 'click' ELSE 'open' END, CASE WHEN chance % 16 = 0 THEN 0 END,
    CASE WHEN is_person AND n = 0 THEN NULL ELSE 'prefetch' END, 'apple-mail'
FROM asked, (SELECT 0 AS n UNION ALL SELECT 1)
WHERE chance % 100 < 36;

INSERT INTO inbound (mailbox, uidvalidity, uid, read_at, received_at, from_address, subject,
    rfc_message_id, kind, sentiment, message_id, campaign_id, matched_by, reply_text, headers,
    evidence, consequence, rule, kept)
SELECT 'maildir:inbox', 1, c.id, c.response_at + 600, c.response_at,
    'marcus.obi' || c.id || '@harbourline' || c.id || '.example', 'Re: What guests will ask',
    c.id || '.reply@harbourline.example',
    CASE c.response_type WHEN 'bounced' THEN 'bounce_hard' WHEN 'unsubscribed' THEN
        CASE c.id % 5 WHEN 0 THEN 'complaint' ELSE 'unsubscribe' END ELSE 'human_reply' END,
    CASE WHEN c.response_type NOT IN ('bounced', 'unsubscribed') THEN c.response_type END,
    m.id, c.id, 'message_id', printf('%.90c', 'r'), printf('%.400c', 'h'), '["it answers a mail"]',
    'campaign responded: ' || c.response_type, 'yes', printf('{"body":"%.700c"}', 'b')
FROM campaigns c JOIN messages m ON m.campaign_id = c.id AND m.step = c.responding_step
WHERE c.response_at IS NOT NULL
ORDER BY c.id;

INSERT INTO cursors (name, uidvalidity, last_uid, succeeded_at)
VALUES ('mailbox:maildir:inbox', 1, {campaigns}, 1798675200);

INSERT INTO leads (id, record_id, source, fields, fingerprint, email, company_domain, full_name,
    company, verdict, reject_reason, reject_detail, first_read_at, changed_at, revision,
    pushed_revision, mailbox)
SELECT c.id, printf('rec%014x', c.id), 'airtable',
    '{"full_name":"Marcus Obi","email":"marcus.obi' || c.id || '@harbourline' || c.id
        || '.example","company":"' || c.company || '","job_title":"Chief Technology Officer",'
        || '"company_description":"Refrigerated freight between Britain and Ireland with '
        || 'temperature records for every pallet and a driver who knows the gate.",'
        || '"top_services":"Refrigerated transport\nCustoms handling\nPallet tracking",'
        || '"website_insights":"Home page: bread that arrives warm. Sections: fleet, team, jobs.",'
        || '"email_confidence_level":"Real",'
        || '"engagement_status":"Auto-Send","country":"GB","city":"Liverpool"}',
    printf('%032x', c.id), 'marcus.obi' || c.id || '@harbourline' || c.id || '.example',
    'harbourline' || c.id || '.example', 'Marcus Obi', c.company, 'rejected',
    CASE WHEN c.finished_at IS NULL THEN 'campaign_in_progress' ELSE 'contacted_before' END,
    'campaign ' || c.campaign_id || ' ended: ' || c.state, c.created_at, c.updated_at, 12,
    12 - (c.id % 1000 = 0), 'marcus.obi' || c.id || '@harbourline' || c.id || '.example'
FROM campaigns c ORDER BY c.id;
COMMIT;
