//! The sheet on which a person edits the texts of a campaign: from texts to lines and back.
//!
//! ```text
//! # Lines like this one, above the first message, are notes.
//!
//! === hook ===
//! Subject: Where does Byron Engines lead?
//!
//! Hi Ada,
//! …
//!
//! === proof ===
//! …
//! ```
//!
//! Invariant: what is written reads back as the same texts, whatever they hold. A line of a body
//! that looks like a mark is written with a backslash before it.

use anyhow::{Context, bail, ensure};
use outreach::copy::Draft;
use outreach::lead::one_line;

/// What stands around the name of a step.
const MARK: &str = "===";

const SUBJECT: &str = "subject:";

/// The sheet with these texts, and with notes above them, one a line.
pub fn write(notes: &[String], drafts: &[Draft]) -> String {
    let mut sheet = String::new();
    for note in notes {
        sheet.push_str(format!("# {note}").trim_end());
        sheet.push('\n');
    }
    for draft in drafts {
        let (step, subject) = (&draft.step, one_line(&draft.subject));
        sheet.push_str(&format!("\n{MARK} {step} {MARK}\nSubject: {subject}\n\n"));
        for line in draft.body.lines() {
            if line.trim_start_matches('\\').starts_with(MARK) {
                sheet.push('\\');
            }
            sheet.push_str(line);
            sheet.push('\n');
        }
    }
    sheet.trim_start_matches('\n').to_string()
}

/// The texts on a sheet, which must be those of these steps: none missing, none twice. They are
/// cleaned as every text that people write: nothing invisible, no control characters.
pub fn read(sheet: &str, steps: &[&str]) -> anyhow::Result<Vec<Draft>> {
    let sheet = sheet.trim_start_matches('\u{feff}');
    let sheet = sheet.replace("\r\n", "\n").replace('\r', "\n");
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (line, number) in sheet.split('\n').zip(1..) {
        if let Some(step) = marked(line) {
            let begun = Section::begin(step, steps, &sections);
            sections.push(begun.with_context(|| format!("line {number}"))?);
        } else if let Some(section) = sections.last_mut() {
            section
                .take(line)
                .with_context(|| format!("line {number}"))?;
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            let first = steps.first().copied().unwrap_or_default();
            bail!(
                "line {number}: expected a note or `{MARK} {first} {MARK}`, found `{}`",
                one_line(line)
            );
        }
    }
    let texts = steps.iter().map(|step| {
        let section = sections.iter().find(|section| section.step == *step);
        let section = section.with_context(|| {
            format!("expected a message `{MARK} {step} {MARK}`, found none; none can be taken out")
        })?;
        section.draft().with_context(|| format!("message `{step}`"))
    });
    texts.collect()
}

/// The step a line marks the beginning of; none when the line is no mark.
fn marked(line: &str) -> Option<&str> {
    let inner = line.trim_end().strip_prefix(MARK)?.strip_suffix(MARK)?;
    Some(inner.trim())
}

/// A message while its lines are read.
struct Section<'a> {
    step: &'a str,
    subject: Option<String>,
    lines: Vec<String>,
}

impl<'a> Section<'a> {
    fn begin(step: &str, steps: &[&'a str], before: &[Section<'_>]) -> anyhow::Result<Section<'a>> {
        let known = steps.iter().find(|known| **known == step);
        let Some(known) = known else {
            bail!(
                "expected a message of {}, found `{}`",
                steps.join(", "),
                one_line(step)
            );
        };
        ensure!(
            before.iter().all(|section| section.step != step),
            "expected message `{step}` once, found it again"
        );
        Ok(Section {
            step: known,
            subject: None,
            lines: Vec::new(),
        })
    }

    fn take(&mut self, line: &str) -> anyhow::Result<()> {
        if self.subject.is_none() {
            if line.trim().is_empty() {
                return Ok(());
            }
            let start = line.get(..SUBJECT.len()).unwrap_or_default();
            ensure!(
                start.eq_ignore_ascii_case(SUBJECT),
                "expected `Subject: …`, found `{}`",
                one_line(line)
            );
            let subject = one_line(line.get(SUBJECT.len()..).unwrap_or_default());
            ensure!(!subject.is_empty(), "expected a subject, found nothing");
            self.subject = Some(subject);
            return Ok(());
        }
        let is_masked = line.starts_with('\\') && line.trim_start_matches('\\').starts_with(MARK);
        let line = if is_masked {
            line.strip_prefix('\\').unwrap_or(line)
        } else {
            line
        };
        self.lines.push(one_line(line));
        Ok(())
    }

    fn draft(&self) -> anyhow::Result<Draft> {
        let subject = self
            .subject
            .clone()
            .context("expected `Subject: …`, found nothing")?;
        let body = self.lines.join("\n").trim_matches('\n').to_string();
        ensure!(!body.is_empty(), "expected a text, found nothing");
        Ok(Draft {
            step: self.step.to_string(),
            subject,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STEPS: [&str; 2] = ["hook", "fomo"];

    fn draft(step: &str, subject: &str, body: &str) -> Draft {
        Draft {
            step: step.into(),
            subject: subject.into(),
            body: body.into(),
        }
    }

    fn two() -> Vec<Draft> {
        let body = "Hi Ada,\n\nOne line.\n\n- a point\n\n— The Team";
        vec![
            draft("hook", "A subject: with a colon", body),
            draft(
                "fomo",
                "Another subject",
                "Hi Ada,\n\n# 1 on the list\n\n— The Team",
            ),
        ]
    }

    #[test]
    fn a_sheet_reads_as_it_is_written() {
        let notes = ["Campaign c1".to_string(), String::new()];
        let sheet = write(&notes, &two());
        assert_eq!(
            sheet.lines().take(7).collect::<Vec<_>>(),
            [
                "# Campaign c1",
                "#",
                "",
                "=== hook ===",
                "Subject: A subject: with a colon",
                "",
                "Hi Ada,"
            ]
        );
        assert_eq!(read(&sheet, &STEPS).unwrap(), two());
    }

    #[test]
    fn what_editors_do_to_a_file_changes_nothing() {
        let sheet = write(&["a note".to_string()], &two());
        for sheet in [
            sheet.replace('\n', "\r\n"),
            format!("\u{feff}{sheet}\n\n\n"),
            sheet.replace("Subject: ", "\n\nSUBJECT:  "),
            sheet.replace("===\n", "===  \n\n"),
            sheet.replace("One line.", "One\u{200b} line.\u{7} "),
            sheet.trim_end().to_string(),
        ] {
            assert_eq!(read(&sheet, &STEPS).unwrap(), two(), "{sheet}");
        }
    }

    #[track_caller]
    fn check(sheet: &str, expected: &str) {
        let error = format!("{:#}", read(sheet, &STEPS).expect_err(sheet));
        assert!(
            error.starts_with(expected) && !error.contains('\n'),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line() {
        let hook = "=== hook ===\nSubject: S\n\nB\n";
        let fomo = "=== fomo ===\nSubject: S\n\nB\n";
        check("", "expected a message `=== hook ===`");
        check("# only a note\n", "expected a message `=== hook ===`");
        check(hook, "expected a message `=== fomo ===`, found none");
        check(
            &format!("{hook}{fomo}{hook}"),
            "line 9: expected message `hook` once",
        );
        check(
            &format!("{hook}=== prof ==="),
            "line 5: expected a message of hook, fomo, found `prof`",
        );
        check(
            &format!("Hi there\n{hook}{fomo}"),
            "line 1: expected a note or `=== hook ===`",
        );
        check(
            &format!("{fomo}=== hook ===\n\nHi Ada,"),
            "line 7: expected `Subject: …`",
        );
        check(
            &format!("{fomo}=== hook ===\nSubject: \u{200b}\n"),
            "line 6: expected a subject",
        );
        check(
            &format!("{fomo}=== hook ===\nSubject: S\n\n \n"),
            "message `hook`: expected a text",
        );
        check(
            &format!("{fomo}=== hook ==="),
            "message `hook`: expected `Subject: …`",
        );
        check("=== hook", "line 1: expected a note");
    }

    const LINE: &str = r"(\\{0,2}=== hook ===|\\{0,3}===|# x|Subject: y|[ -~ü]{0,20})";
    const SHEET: &str = r"(=== hook ===|=== fomo ===|Subject: |\n|\\|#|\PC){0,60}";

    proptest! {
        #[test]
        fn no_text_is_lost_on_a_sheet(
            subject in r"[ -~é]{1,40}",
            lines in prop::collection::vec(LINE, 1..8),
        ) {
            let body: Vec<String> = lines.iter().map(|line| one_line(line)).collect();
            let body = body.join("\n").trim_matches('\n').to_string();
            let subject = one_line(&subject);
            prop_assume!(!body.is_empty() && !subject.is_empty());
            let drafts = [draft("hook", &subject, &body), draft("fomo", "S", "B")];
            prop_assert_eq!(read(&write(&[], &drafts), &STEPS).unwrap(), drafts);
        }

        #[test]
        fn no_sheet_makes_the_program_stumble(sheet in SHEET) {
            let _ = read(&sheet, &STEPS); // Right or wrong, it ends.
        }
    }
}
