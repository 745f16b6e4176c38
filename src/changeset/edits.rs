//! The texts a person changed in the base while a campaign is in review.

use std::collections::BTreeMap;

use super::value::Value;
use super::{StepField, StepView, WriteField};
use crate::campaign::Seen;
use crate::lead::one_line;

/// A text of a message that a person changed in the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The step's label.
    pub step: String,
    /// The subject or the body.
    pub field: StepField,
    /// The text as the person wants it, cleaned.
    pub text: String,
    /// Whether our own text had changed as well since the base was last told: the person's wins.
    pub is_over_ours: bool,
}

/// The columns that hold a campaign's texts.
const TEXTS: [StepField; 2] = [StepField::MessageSubject, StepField::MessageBody];

fn ours(step: &StepView, field: StepField) -> &str {
    match field {
        StepField::MessageSubject => &step.subject,
        _ => &step.body,
    }
}

/// The column of a step's text.
pub fn text_column(step: &str, field: StepField) -> String {
    let step = step.to_string();
    WriteField::Step { step, field }.column()
}

/// A text of a cell made fit for a mail: nothing that cannot be seen, `\n` between lines, no blank
/// lines before the first or after the last (a rich text comes back with one). A subject is one
/// line.
fn cleaned(field: StepField, text: &str) -> String {
    if field == StepField::MessageSubject {
        return one_line(text);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<String> = text.split('\n').map(one_line).collect();
    lines.join("\n").trim_matches('\n').to_string()
}

/// What a person changed: cells that hold another text than the base was last `told` and than it
/// was being told (`writing`) when an answer was lost. A cell that is empty or was never told is no
/// edit, nor is one that shows what the ledger holds.
pub fn edits(
    steps: &[StepView],
    cells: &BTreeMap<String, String>,
    told: &BTreeMap<String, Value>,
    writing: &BTreeMap<String, Value>,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    for step in steps {
        for field in TEXTS {
            let column = text_column(&step.name, field);
            let told = told.get(&column).filter(|told| !told.is_empty());
            let (Some(cell), Some(told)) = (cells.get(&column), told) else {
                continue;
            };
            let text = cleaned(field, cell);
            let is = |other: &str| cleaned(field, other) == text;
            let is_ours = is(ours(step, field))
                || is(&told.to_text())
                || writing
                    .get(&column)
                    .is_some_and(|value| is(&value.to_text()));
            if !text.is_empty() && !is_ours {
                edits.push(Edit {
                    step: step.name.clone(),
                    field,
                    text,
                    is_over_ours: cleaned(field, &told.to_text())
                        != cleaned(field, ours(step, field)),
                });
            }
        }
    }
    edits
}

/// What the base shows of a campaign's texts, once a person's edits are among them.
pub fn seen(steps: &[StepView], cells: Option<&BTreeMap<String, String>>) -> Seen {
    let Some(cells) = cells else {
        return Seen::Nothing;
    };
    let mut seen = Seen::Same;
    for step in steps {
        for field in TEXTS {
            match cells.get(&text_column(&step.name, field)) {
                None => return Seen::Nothing,
                Some(cell) if cleaned(field, cell) == cleaned(field, ours(step, field)) => {}
                Some(_) => seen = Seen::Other,
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::MessageState;

    const SUBJECT: &str = "Hook_Message_Subject";
    const BODY: &str = "Hook_Message_Body";

    fn hook() -> Vec<StepView> {
        vec![StepView {
            number: 1,
            name: "hook".to_string(),
            subject: "Cold chains".to_string(),
            body: "Hi Ada,\n\nOne thought.\n\n— Us".to_string(),
            state: MessageState::Drafted,
            due_at: None,
            sent_at: None,
            opens: 0,
            clicks: 0,
            detail: None,
        }]
    }

    fn shown(steps: &[StepView]) -> BTreeMap<String, String> {
        let hook = &steps[0];
        BTreeMap::from([
            (SUBJECT.to_string(), hook.subject.clone()),
            (BODY.to_string(), hook.body.clone()),
        ])
    }

    fn told(cells: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
        let told = |(column, text): (&String, &String)| (column.clone(), Value::Text(text.clone()));
        cells.iter().map(told).collect()
    }

    /// What comes of a cell, where the base was told the hook's own texts.
    #[track_caller]
    fn check(column: &str, cell: &str, expected: Option<&str>) {
        let steps = hook();
        let mut cells = shown(&steps);
        let told = told(&cells);
        cells.insert(column.to_string(), cell.to_string());
        let found = edits(&steps, &cells, &told, &BTreeMap::new());
        let texts: Vec<&str> = found.iter().map(|edit| edit.text.as_str()).collect();
        assert_eq!(texts, expected.into_iter().collect::<Vec<_>>(), "{cell:?}");
    }

    #[test]
    fn a_changed_text_is_an_edit_and_an_unchanged_one_is_not() {
        check(SUBJECT, "Cold chains", None);
        check(SUBJECT, "Warm chains", Some("Warm chains"));
        check(BODY, "Hi Ada,\n\nTwo.", Some("Hi Ada,\n\nTwo."));
        check(BODY, "Hi Ada,\r\n\r\nOne thought.\r\n\r\n— Us\n", None);
        check(BODY, "Hi Ada,\n\nOne thought. \n\n— Us\n\n", None);
        check(SUBJECT, "", None);
        check(BODY, " \n\u{200b}\n", None);
    }

    #[test]
    fn an_edit_is_cleaned_of_what_a_mail_must_not_hold() {
        check(
            SUBJECT,
            "Warm\r\nBcc: x@y.example\u{0}",
            Some("Warm Bcc: x@y.example"),
        );
        check(BODY, "\n\nA\u{202e}b\u{7}\rc\n", Some("Ab\nc"));
    }

    #[test]
    fn what_was_never_told_or_was_on_its_way_is_no_edit() {
        let steps = hook();
        let mut cells = shown(&steps);
        let before = told(&cells);
        cells.insert(SUBJECT.to_string(), "Warm chains".to_string());
        let none = BTreeMap::new();
        assert_eq!(edits(&steps, &cells, &none, &none), []);
        assert_eq!(edits(&steps, &cells, &before, &told(&cells)), []);
        assert_eq!(edits(&steps, &BTreeMap::new(), &before, &none), []);
    }

    #[test]
    fn a_persons_text_wins_over_a_newer_one_of_ours_and_that_is_told() {
        let mut steps = hook();
        let mut cells = shown(&steps);
        let told = told(&cells);
        steps[0].subject = "Written anew".to_string();
        let none = BTreeMap::new();
        assert_eq!(edits(&steps, &cells, &told, &none), [], "only ours changed");
        cells.insert(SUBJECT.to_string(), "Warm chains".to_string());
        let found = edits(&steps, &cells, &told, &none);
        assert!(found[0].is_over_ours, "{found:?}");
        cells.insert(SUBJECT.to_string(), "Written anew".to_string());
        assert_eq!(
            edits(&steps, &cells, &told, &none),
            [],
            "it shows ours already"
        );
    }

    #[test]
    fn approval_asks_whether_every_text_is_shown_as_it_is() {
        let steps = hook();
        let mut cells = shown(&steps);
        assert_eq!(seen(&steps, Some(&cells)), Seen::Same);
        assert_eq!(seen(&steps, None), Seen::Nothing);
        cells.insert(BODY.to_string(), "Older".to_string());
        assert_eq!(seen(&steps, Some(&cells)), Seen::Other);
        cells.remove(SUBJECT);
        assert_eq!(seen(&steps, Some(&cells)), Seen::Nothing);
    }
}
