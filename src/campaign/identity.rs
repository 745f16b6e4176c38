//! The names a campaign and its mails carry outside the ledger.
//!
//! All of them are fixed before a connection is opened, so that a mail can be found again in a Sent
//! folder, a bounce or an answer, whatever happened to us meanwhile.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::lead::RecordId;

/// The id of a lead's `ordinal`-th campaign, created at an instant: `c` and 16 hexadecimal digits.
/// The instant makes it differ between two ledgers that know the same lead.
pub fn campaign_id(record_id: &RecordId, ordinal: u32, created_at: DateTime<Utc>) -> String {
    let mut hash = Sha256::new();
    hash.update(record_id.as_str().as_bytes());
    hash.update(ordinal.to_be_bytes());
    hash.update(created_at.timestamp().to_be_bytes());
    let digits: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("c{digits}")
}

/// The key of one step's mail, carried in the header `X-Outreach-Key`: `c0123456789abcdef.hook`.
pub fn outreach_key(campaign_id: &str, step: &str) -> String {
    format!("{campaign_id}.{step}")
}

/// The campaign id and the step inside a text that is exactly a key, else none. Used on text from
/// strangers: it only ever selects rows, and only by equality.
pub fn parse_outreach_key(text: &str) -> Option<(&str, &str)> {
    let (id, step) = text.trim().split_once('.')?;
    let digits = id.strip_prefix('c')?;
    let is_id = digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let is_step = !step.is_empty()
        && step.len() <= 40
        && step
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (is_id && is_step).then_some((id, step))
}

/// The Message-ID of one step's mail, without angle brackets (RFC 5322 section 3.6.4). The domain
/// is the sender's, so that it looks to a receiver like what it is.
pub fn message_id(outreach_key: &str, sender_domain: &str) -> String {
    format!("{outreach_key}@{sender_domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_nothing_else_does() {
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let id = campaign_id(&RecordId::new("recA"), 1, at);
        let key = outreach_key(&id, "hook");
        assert_eq!(parse_outreach_key(&key), Some((id.as_str(), "hook")));
        assert_ne!(id, campaign_id(&RecordId::new("recA"), 2, at));
        for text in [
            "",
            ".",
            "c0.hook",
            "c0123456789abcdeg.hook",
            "c0123456789abcdef.",
            "x' OR 1=1",
        ] {
            assert_eq!(parse_outreach_key(text), None, "{text}");
        }
    }
}
