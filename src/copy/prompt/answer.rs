//! How a model's answer is read.
//!
//! Purpose: out of a text the drafts asked for, each once, or what is wrong in words.
//! Invariant: the work is bounded, whatever the text; nothing of it is quoted at length.
//! This module does not know which server wrote it, and judges no text.

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::copy::Draft;

#[derive(Deserialize)]
struct Answer {
    messages: Vec<AnswerDraft>,
}

#[derive(Deserialize, Serialize)]
struct AnswerDraft {
    step: String,
    subject: String,
    body: String,
}

/// Reads the drafts out of a model's answer: an object `{"messages": […]}` or the bare list, alone,
/// in a Markdown fence, or with words around it. The drafts come back in the order of `steps`.
pub fn parse_answer(content: &str, steps: &[&str]) -> anyhow::Result<Vec<Draft>> {
    let written = find_json(content).context(
        "expected a JSON object with `messages`, found none (the answer may have been cut off)",
    )?;
    let mut drafts: Vec<Draft> = Vec::new();
    for written in written {
        let step = written.step.trim().to_lowercase();
        ensure!(
            steps.contains(&step.as_str()),
            "step `{}` was not asked for",
            shown(&step)
        );
        ensure!(
            drafts.iter().all(|draft| draft.step != step),
            "step `{step}` came twice"
        );
        let subject = written.subject.trim().to_string();
        let body = written.body.replace("\r\n", "\n").trim().to_string();
        ensure!(!subject.is_empty(), "step `{step}` has no subject");
        ensure!(!body.is_empty(), "step `{step}` has no body");
        drafts.push(Draft {
            step,
            subject,
            body,
        });
    }
    let position = |draft: &Draft| steps.iter().position(|step| *step == draft.step);
    drafts.sort_by_key(position);
    let missing: Vec<&str> = steps
        .iter()
        .filter(|step| drafts.iter().all(|d| d.step != **step))
        .copied()
        .collect();
    if !missing.is_empty() {
        bail!("step `{}` is missing", missing.join("`, `"));
    }
    Ok(drafts)
}

/// The first value of the right shape in the text: tried wherever an object or a list may begin.
/// The number of tries is bounded, since each may read to the end.
fn find_json(content: &str) -> Option<Vec<AnswerDraft>> {
    let starts = content
        .char_indices()
        .filter(|(_, c)| matches!(c, '{' | '['));
    starts.take(64).find_map(|(at, first)| {
        let rest = content.get(at..)?;
        if first == '{' {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Answer>();
            return values.next()?.ok().map(|answer| answer.messages);
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Vec<AnswerDraft>>();
        values.next()?.ok().filter(|list| !list.is_empty())
    })
}

/// A stranger's word fit for an error line.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
