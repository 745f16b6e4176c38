//! What a report costs once a ledger has been kept for long.
