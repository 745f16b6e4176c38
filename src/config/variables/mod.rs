//! The list of variables: the one place that says what exists, what it accepts and what it means.
//!
//! Purpose: reading, `doctor --config` and the warnings about unknown names all follow this list.
//! Invariant: names are unique; every default is accepted by its own kind.
//! This module reads nothing.

mod kind;
mod table;

pub use kind::Kind;
pub use table::ALL;

use crate::lead::ReadField;

/// One environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// What it is about, the heading it is listed under.
    pub group: &'static str,
    /// The name, or `AIRTABLE_FIELD_<OUR_NAME>` for the family of column names.
    pub name: &'static str,
    /// The text in force when it is unset; none means that unset has a meaning of its own.
    pub default: Option<&'static str>,
    /// What it accepts.
    pub kind: Kind,
    /// What it does, in one line.
    pub meaning: &'static str,
}

impl Variable {
    /// Whether the value must never be shown; such a variable may also come from a file.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }
}

/// The name under which the family of column names is listed.
pub const FIELD_FAMILY: &str = "AIRTABLE_FIELD_<OUR_NAME>";

/// What the members of the family begin with.
pub const FIELD_PREFIX: &str = "AIRTABLE_FIELD_";

/// What ends the name of a variable that holds the path of a secret's file.
pub const FILE_SUFFIX: &str = "_FILE";

/// The keys of the columns we write, as `AIRTABLE_FIELD_<KEY>` names them in capitals: each is the
/// column's own name in lower case. Engagement_Status and Campaign_Command are read as well and
/// therefore in [`ReadField`].
const WRITTEN: [&str; 26] = [
    "campaign_id",
    "campaign_status",
    "campaign_started_date",
    "current_message_number",
    "total_campaign_opens",
    "total_campaign_clicks",
    "campaign_response_date",
    "campaign_response_type",
    "last_campaign_activity",
    "next_message_date",
    "campaign_notes",
    "hook_message_subject",
    "hook_message_body",
    "hook_message_sent_date",
    "hook_message_opens",
    "proof_message_subject",
    "proof_message_body",
    "proof_message_sent_date",
    "proof_message_opens",
    "fomo_message_subject",
    "fomo_message_body",
    "fomo_message_sent_date",
    "fomo_message_opens",
    "message_preview",
    "last_contacted_date",
    "delivery_method",
];

/// What a foreign variable begins with when it was probably meant for us.
const PREFIXES: [&str; 30] = [
    "HOOK_",
    "PROOF_",
    "FOMO_",
    "SMTP_",
    "IMAP_",
    "AIRTABLE_",
    "OPENAI_",
    "LLM_",
    "CAMPAIGN_",
    "SEND_",
    "SENDERS_",
    "FROM_",
    "LEADS_",
    "OUTBOX_",
    "INBOX_",
    "HOLIDAY_",
    "DAILY_SEND_",
    "MIN_GAP_",
    "GAP_JITTER_",
    "RAMP_",
    "TRACK_",
    "SCAN_",
    "QUALITY_",
    "MONITOR_INBOX_",
    "UNSUBSCRIBE_",
    "HOURLY_SEND_",
    "CLOSING_DAYS_",
    "DKIM_",
    "CANARY_",
    "RESPONSE_",
];

/// The variable of this very name.
pub fn find(name: &str) -> Option<&'static Variable> {
    ALL.iter().find(|variable| variable.name == name)
}

/// The key (`full_name`) of a member of the family of column names, when it is one of ours.
pub fn field_key(name: &str) -> Option<&'static str> {
    let key = name.strip_prefix(FIELD_PREFIX)?;
    field_keys().find(|known| known.to_ascii_uppercase() == key)
}

fn field_keys() -> impl Iterator<Item = &'static str> {
    ReadField::ALL
        .into_iter()
        .map(ReadField::key)
        .chain(WRITTEN)
}

/// The secret whose path this name gives: `SMTP_PASSWORD` of `SMTP_PASSWORD_FILE`.
pub fn secret_of_file(name: &str) -> Option<&'static Variable> {
    name.strip_suffix(FILE_SUFFIX)
        .and_then(find)
        .filter(|variable| variable.is_secret())
}

/// Whether a name is a variable of ours in any of the three forms.
pub fn is_known(name: &str) -> bool {
    let is_listed = name != FIELD_FAMILY && find(name).is_some();
    is_listed || field_key(name).is_some() || secret_of_file(name).is_some()
}

/// Whether an unknown name was probably meant for us: it begins like ours, or is one of ours with
/// one or two slips.
pub fn looks_like_ours(name: &str) -> bool {
    let is_slip = |known: &str| known.len() >= 8 && strsim::osa_distance(known, name) <= 2;
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || ALL.iter().any(|variable| is_slip(variable.name))
}

/// The known name nearest to an unknown one, when one is near enough to be meant.
pub fn nearest(name: &str) -> Option<String> {
    const SIMILARITY_MIN: f64 = 0.6;
    let listed = ALL
        .iter()
        .map(|variable| variable.name)
        .filter(|known| *known != FIELD_FAMILY);
    let fields = field_keys().map(|key| format!("{FIELD_PREFIX}{}", key.to_ascii_uppercase()));
    // Members of the family share a long prefix with each other, which would make any two of them
    // look alike and outdo better candidates; they only compete for names that bear it.
    let is_field = name.starts_with(FIELD_PREFIX);
    listed
        .map(str::to_string)
        .chain(fields.filter(|_| is_field))
        .map(|known| (strsim::normalized_damerau_levenshtein(&known, name), known))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_written_like_variables() {
        let names: BTreeSet<_> = ALL.iter().map(|variable| variable.name).collect();
        assert_eq!(names.len(), ALL.len());
        for name in names.into_iter().filter(|name| *name != FIELD_FAMILY) {
            assert!(
                name.chars().all(|c| c.is_ascii_uppercase() || c == '_'),
                "{name}"
            );
        }
    }

    #[test]
    fn variables_of_a_group_stand_together() {
        let mut seen = BTreeSet::new();
        let mut last = "";
        for variable in ALL {
            if variable.group != last {
                assert!(
                    seen.insert(variable.group),
                    "{} comes twice",
                    variable.group
                );
                last = variable.group;
            }
        }
    }

    #[test]
    fn a_secret_has_no_default() {
        assert_eq!(
            ALL.iter().filter(|variable| variable.is_secret()).count(),
            6
        );
        assert!(
            ALL.iter()
                .all(|variable| !variable.is_secret() || variable.default.is_none())
        );
    }

    #[track_caller]
    fn check(name: &str, is_ours: bool, expected: Option<&str>) {
        assert!(!is_known(name), "{name}");
        assert_eq!(looks_like_ours(name), is_ours, "{name}");
        assert_eq!(nearest(name).as_deref(), expected, "{name}");
    }

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        check(
            "HOOK_MESSAGE_DELAY_DAY",
            true,
            Some("HOOK_MESSAGE_DELAY_DAYS"),
        );
        check("SMTP_PASSWD", true, Some("SMTP_PASSWORD"));
        check("SMTP_HOST", true, Some("SMTP_PORT"));
        check("DEFUALT_TIMEZONE", true, Some("DEFAULT_TIMEZONE"));
        check("LOGLEVEL", true, Some("LOG_LEVEL"));
        check(
            "AIRTABLE_FIELD_FULLNAME",
            true,
            Some("AIRTABLE_FIELD_FULL_NAME"),
        );
        check(
            "AIRTABLE_FIELD_<OUR_NAME>",
            true,
            Some("AIRTABLE_FIELD_FULL_NAME"),
        );
        check("SMTP_PORT_FILE", true, Some("SMTP_PORT"));
        check("SEND_SOMETHING_ELSE_ENTIRELY", true, None);
        check("PATH", false, None);
        check("HOSTNAME", false, None);
    }

    #[test]
    fn the_three_forms_of_a_name_are_known() {
        let names = [
            "SMTP_PORT",
            "SMTP_PASSWORD_FILE",
            "AIRTABLE_FIELD_EMAIL",
            "STATUS_FILE",
        ];
        assert!(names.into_iter().all(is_known));
        assert_eq!(
            field_key("AIRTABLE_FIELD_HOOK_MESSAGE_BODY"),
            Some("hook_message_body")
        );
        assert_eq!(
            field_key("AIRTABLE_FIELD_CAMPAIGN_COMMAND"),
            Some("campaign_command")
        );
        assert!(secret_of_file("LEADS_FILE").is_none());
    }
}
