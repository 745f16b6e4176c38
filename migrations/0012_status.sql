-- What is going on is told at once, however long the ledger has been kept: `status` counted rows by
-- reading all of them, two seconds for a million campaigns. Each index below is small or written to
-- seldom; what most rows are is the rest.

-- Why leads are not written to: a verdict moves a few times in the life of a lead.
CREATE INDEX leads_by_reject_reason ON leads (reject_reason);
-- How campaigns ended, but for those that ended as planned.
CREATE INDEX campaigns_cut_short ON campaigns (state) WHERE state IN ('responded', 'stopped');
-- Messages that will not leave, and those put off, among the dated ones.
CREATE INDEX messages_skipped ON messages (id) WHERE state = 'skipped';
CREATE INDEX messages_deferred ON messages (id) WHERE state = 'deferred';
-- What was read, our own copies left out; whole mails are kept beside it.
CREATE INDEX inbound_by_kind ON inbound (kind) WHERE matched_by IS NOT 'copy';
