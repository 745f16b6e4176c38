//! The machine-readable part of a report: groups of fields, declared as such or standing in a text.
//!
//! Purpose: fields out of `message/delivery-status` (RFC 3464 section 2.1) in every dialect
//! programs write it. Invariant: names are lower case, values one line of bounded length, groups at
//! most twenty. This module judges nothing.

use serde::{Deserialize, Serialize};

use super::text;
use crate::words::folding::one_line;

/// The most groups that are read.
const GROUPS_MAX: usize = 20;
/// The most fields of one group.
const FIELDS_MAX: usize = 40;
/// The most characters of one field.
const FIELD_CHARS_MAX: usize = 700;

/// One group: lower-case names and values, in order.
pub(super) type Group = Vec<(String, String)>;

/// A machine-readable part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Report {
    /// Delivery status (RFC 3464): the groups of fields, the first about the mail, the others about
    /// one recipient each.
    Delivery(Vec<Group>),
    /// A receipt (RFC 8098).
    Disposition(Group),
    /// A complaint (RFC 5965).
    Feedback(Group),
}

/// The groups of fields, separated by empty lines. Programs also leave the empty lines out, and put
/// others between the fields of one recipient.
pub(super) fn groups_in(contents: &[u8]) -> Vec<Group> {
    let text = text::decode(contents);
    let mut groups: Vec<Group> = Vec::new();
    let mut is_new = true;
    for line in text.lines().take(2_000) {
        if line.trim().is_empty() {
            is_new = true;
            continue;
        }
        if line.starts_with([' ', '\t'])
            && !is_new
            && let Some((_, value)) = groups.last_mut().and_then(|group| group.last_mut())
        {
            *value = one_line(&format!("{value} {line}"), FIELD_CHARS_MAX);
            continue;
        }
        let Some((name, value)) = field_of(line) else {
            continue;
        };
        let last = groups.last();
        let repeats = last.is_some_and(|group| is_recipient(&name) && has(group, &name));
        let goes_on = is_new && last.is_some_and(|group| continues(group, &name));
        if groups.is_empty() || repeats || is_new && !goes_on {
            if groups.len() >= GROUPS_MAX {
                break;
            }
            groups.push(Vec::new());
        }
        is_new = false;
        if let Some(group) = groups.last_mut().filter(|group| group.len() < FIELDS_MAX) {
            group.push((name, value));
        }
    }
    groups
}

/// The report a part holds that does not call itself one.
pub(super) fn sniff(text: &str) -> Option<Report> {
    let mut has_recipient = false;
    let mut has_outcome = false;
    let mut has_feedback = false;
    let mut fields = String::new();
    for line in text.lines().take(3_000) {
        let is_known = field_of(line.trim_start()).is_some_and(|(name, _)| {
            has_recipient |= is_recipient(&name);
            has_outcome |= matches!(name.as_str(), "action" | "status" | "diagnostic-code");
            has_feedback |= name == "feedback-type";
            is_of_report(&name)
        });
        let goes_on =
            !fields.is_empty() && !fields.ends_with("\n\n") && line.starts_with([' ', '\t']);
        if is_known {
            fields.push_str(line.trim_start());
            fields.push('\n');
        } else if goes_on && !line.trim().is_empty() {
            fields.push_str(line);
            fields.push('\n');
        } else if !fields.is_empty() {
            fields.push('\n');
        }
    }
    if has_feedback {
        let groups = groups_in(fields.as_bytes());
        return Some(Report::Feedback(groups.into_iter().flatten().collect()));
    }
    (has_recipient && has_outcome).then(|| Report::Delivery(groups_in(fields.as_bytes())))
}

/// The first value of a field.
pub(super) fn field<'a>(group: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = group.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

fn field_of(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim();
    let is_name = (2..=60).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    is_name.then(|| (name.to_ascii_lowercase(), one_line(value, FIELD_CHARS_MAX)))
}

fn has(group: &[(String, String)], name: &str) -> bool {
    group.iter().any(|(known, _)| known == name)
}

fn is_recipient(name: &str) -> bool {
    matches!(name, "final-recipient" | "original-recipient")
}

/// Whether a field after an empty line still belongs to the recipient before it.
fn continues(group: &[(String, String)], name: &str) -> bool {
    let outcomes = [
        "action",
        "status",
        "diagnostic-code",
        "remote-mta",
        "final-recipient",
    ];
    let names_recipient = group.iter().any(|(known, _)| is_recipient(known));
    names_recipient && outcomes.contains(&name) && !has(group, name)
}

fn is_of_report(name: &str) -> bool {
    is_recipient(name)
        || matches!(
            name,
            "reporting-mta"
                | "arrival-date"
                | "action"
                | "status"
                | "diagnostic-code"
                | "remote-mta"
                | "last-attempt-date"
                | "will-retry-until"
                | "feedback-type"
                | "user-agent"
                | "original-rcpt-to"
                | "original-mail-from"
                | "source-ip"
                | "reported-domain"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        let groups = groups_in(text.as_bytes());
        let names = groups.iter().map(|group| {
            let names: Vec<&str> = group.iter().map(|(name, _)| name.as_str()).collect();
            names.join(",")
        });
        names.collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn groups_are_told_apart_however_they_are_separated() {
        let proper = "Reporting-MTA: dns; a\n\n\
             Final-Recipient: rfc822; a@b.example\nAction: failed\n\n\
             Final-Recipient: rfc822; c@b.example\nAction: failed\n";
        let expected = "reporting-mta | final-recipient,action | final-recipient,action";
        assert_eq!(shape(proper), expected);
        assert_eq!(shape(&proper.replace('\n', "\r\n")), expected);
        assert_eq!(shape(&proper.replace("\n\n", "\n \n")), expected);
        assert_eq!(
            shape(&proper.replace("\n\n", "\n")),
            "reporting-mta,final-recipient,action | final-recipient,action"
        );
        assert_eq!(
            shape("Final-Recipient: a@b.example\n\nAction: failed\n\nStatus: 5.1.1\n"),
            "final-recipient,action,status"
        );
        let folded = groups_in(b"Diagnostic-Code: smtp;\n 550 no\n\tsuch user\n");
        assert_eq!(
            folded,
            [[(
                "diagnostic-code".to_string(),
                "smtp; 550 no such user".to_string()
            )]]
        );
        assert_eq!(shape(""), "");
        assert_eq!(shape("no fields here\n: nor here"), "");
    }

    #[test]
    fn fields_in_a_text_are_a_report_only_together() {
        let text = "Hello\n\n  Final-Recipient: rfc822; a@b.example\n  Action: failed\n\nBye";
        assert!(matches!(sniff(text), Some(Report::Delivery(groups)) if groups.len() == 1));
        assert!(sniff("Action: call me").is_none());
        assert!(sniff("> Final-Recipient: a@b.example\n> Action: failed").is_none());
        assert!(matches!(
            sniff("Feedback-Type: abuse\nVersion: 1\n"),
            Some(Report::Feedback(_))
        ));
    }
}
