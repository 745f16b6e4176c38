//! Which record a row is, when the file does not say.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use crate::lead::{RawLead, ReadField, RecordId};

/// Gives rows their record ids, in the order of the file.
///
/// A row keeps its id as long as its address stays the same, wherever it moves in the file. The
/// n-th row with the same identity gets the suffix `-n`, so that no row shadows another.
#[derive(Default)]
pub(super) struct Identities {
    seen: HashMap<String, u32>,
}

impl Identities {
    /// The lead of a row; `given` is the id the file itself names, `""` for none.
    pub(super) fn lead(&mut self, given: &str, fields: BTreeMap<ReadField, String>) -> RawLead {
        let id = match given.trim() {
            "" => row_id(&fields),
            given => given.to_string(),
        };
        let nth = self.seen.entry(id.clone()).or_insert(0);
        *nth += 1;
        let id = if *nth == 1 { id } else { format!("{id}-{nth}") };
        RawLead {
            record_id: RecordId::new(id),
            fields,
        }
    }
}

/// `row` and 16 hexadecimal digits of what identifies the person: the address, else the profile,
/// else name and company.
fn row_id(fields: &BTreeMap<ReadField, String>) -> String {
    let text = |field| {
        fields
            .get(&field)
            .map_or("", String::as_str)
            .trim()
            .to_lowercase()
    };
    let identity = [text(ReadField::Email), text(ReadField::LinkedinUrl)]
        .into_iter()
        .find(|identity| !identity.is_empty())
        .unwrap_or_else(|| {
            format!(
                "{}\n{}",
                text(ReadField::FullName),
                text(ReadField::Company)
            )
        });
    let hash = Sha256::digest(identity.as_bytes());
    let digits: String = hash
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("row{digits}")
}
