//! What a language model is asked, and how its answer is read.
//!
//! Purpose: one prompt per campaign with the brand, the rules of the gate and the lead as data;
//! from the model's answer the drafts, or a named error. [`Prompt`] serves other questions too.
//! Invariant: texts of strangers reach the model only as JSON strings between two marks, and the
//! model is told that nothing between them is an instruction.
//! This module does not know the server; it neither asks nor judges.

mod answer;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

pub use answer::parse_answer;

use super::quality::{Issue, SUBJECT_CHARS};
use super::{Brand, Draft, approval_hash, language, word_range};
use crate::lead::Lead;

/// Where the lead's data begins and ends in the prompt.
const DATA_BEGIN: &str = "<<<LEAD";
const DATA_END: &str = "LEAD>>>";

/// The rules of the gate in the model's words.
const RULES: &str = include_str!("prompt_rules.txt");

/// The most text of one field that is sent; longer ones are cut.
const FIELD_CHARS_MAX: usize = 800;

/// The fields that are shortened where a model's context is small, and how much of each is left at
/// least, in characters.
const SHORTENED: [&str; 4] = ["description", "website_insights", "services", "text"];
const SHORTENED_CHARS_MIN: usize = 80;

/// Tokens a server adds for the roles of the messages and the like.
const FRAME_TOKENS: u64 = 32;

/// What kind of question a prompt is.
#[derive(Debug, PartialEq, Eq)]
pub struct Task {
    /// The name of the answer's schema.
    pub name: &'static str,
    /// What the data is, as a heading.
    pub heading: &'static str,
    /// The marks before and after the data.
    pub marks: (&'static str, &'static str),
    /// How the answer must look, in words, for the servers that do not enforce a schema.
    pub form: &'static str,
}

/// Writing a campaign.
const WRITING: Task = Task {
    name: "campaign",
    heading: "The reader:",
    marks: (DATA_BEGIN, DATA_END),
    form: FORM,
};

/// What is sent to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What kind of question it is.
    pub task: &'static Task,
    /// The role and the rules.
    pub system: String,
    /// The JSON schema of the answer, strict.
    pub schema: Value,
    /// What is to be done.
    opening: String,
    /// What a stranger wrote: the lead, a mail.
    fields: BTreeMap<&'static str, String>,
    /// Texts that a person turned down, and what was wrong with an earlier answer.
    history: String,
}

impl Prompt {
    /// A question about texts of a stranger.
    pub fn about(
        task: &'static Task,
        system: String,
        opening: &str,
        fields: BTreeMap<&'static str, String>,
        schema: Value,
    ) -> Prompt {
        Prompt {
            task,
            system,
            schema,
            opening: opening.to_string(),
            fields,
            history: String::new(),
        }
    }

    /// What is to be done, the data and, when a draft was refused, what was wrong with it.
    pub fn user(&self) -> String {
        let Task {
            heading,
            marks: (begin, end),
            form,
            ..
        } = self.task;
        let (opening, fields) = (&self.opening, data(&self.fields));
        let history = &self.history;
        format!("{opening}\n{heading}\n{begin}\n{fields}\n{end}\n\n{form}{history}")
    }

    /// The most tokens the prompt may have, schema included; see [`tokens_max`].
    pub fn tokens_max(&self) -> u64 {
        let schema = self.schema.to_string();
        tokens_max(&self.system) + tokens_max(&self.user()) + tokens_max(&schema) + FRAME_TOKENS
    }

    /// A hash by which the same question to the same model is known again.
    pub fn key(&self, model: &str) -> String {
        let schema = self.schema.to_string();
        // What approvals are bound to serves here too: it keeps texts apart by their lengths.
        approval_hash([(model, self.system.as_str()), (&self.user(), &schema)].into_iter())
    }

    /// The prompt in so many tokens, the lead's longest texts shortened as far as necessary; the
    /// rules are never cut: where they do not fit, it is the shortest prompt there is.
    pub fn within(&self, tokens: u64) -> Prompt {
        let mut prompt = self.clone();
        while prompt.tokens_max() > tokens && prompt.shorten() {}
        prompt
    }

    /// Halves the longest text that may be shortened; false when none is left.
    fn shorten(&mut self) -> bool {
        let texts = self.fields.iter_mut().filter_map(|(name, text)| {
            let length = text.chars().count();
            let may_be = SHORTENED.contains(name) && length > SHORTENED_CHARS_MIN;
            may_be.then_some((length, text))
        });
        let Some((length, text)) = texts.max_by_key(|(length, _)| *length) else {
            return false;
        };
        let kept: String = text
            .chars()
            .take((length / 2).max(SHORTENED_CHARS_MIN))
            .collect();
        // Half a word would be a fact that nobody stated.
        let whole = kept.rsplit_once(char::is_whitespace);
        *text = whole.map_or(kept.clone(), |(whole, _)| whole.to_string());
        true
    }

    /// The same task once more, for a person who wants other texts than these.
    pub fn other_than(&self, drafts: &[Draft]) -> Prompt {
        self.with(format!(
            "\n\nA person turned these texts down:\n{DATA_BEGIN}\n{}\n{DATA_END}\n\n\
             Take another thought, and other words, for each of them.",
            data(&drafts)
        ))
    }

    /// The same task with the refused drafts and what was wrong with them.
    pub fn corrected(&self, drafts: &[Draft], issues: &[Issue]) -> Prompt {
        self.with(format!(
            "\n\nYour previous answer:\n{DATA_BEGIN}\n{}\n{DATA_END}\n\n{}",
            data(&drafts),
            correction(issues)
        ))
    }

    /// The same task after an answer that could not be read as one.
    pub fn reminded(&self, why: &str) -> Prompt {
        let why: String = why.chars().take(200).collect();
        self.with(format!(
            "\n\nYour previous answer could not be used: {}.\nWrite all messages again. {FORM}",
            data(&why)
        ))
    }

    fn with(&self, more: String) -> Prompt {
        Prompt {
            history: format!("{}{more}", self.history),
            ..self.clone()
        }
    }
}

#[cfg(test)]
impl Prompt {
    /// A prompt about nobody, for the tests of those who send it.
    pub(crate) fn of_texts(system: &str, opening: &str) -> Prompt {
        let schema = json!({"type": "object"});
        Prompt::about(
            &WRITING,
            system.to_string(),
            opening,
            BTreeMap::new(),
            schema,
        )
    }
}

/// How the answer must look, in words, for the servers that do not enforce a schema.
const FORM: &str = "Answer with one JSON object \
    {\"messages\": [{\"step\", \"subject\", \"body\"}, …]} and nothing else.";

/// An upper bound of the tokens of what people write. Models cut words into pieces of two to six
/// letters, and what is rare into bytes (the byte-level encodings of OpenAI's models, whose tokens
/// hold at least one byte each): letters count three to a token, other ASCII one each, and the rest
/// by its bytes.
pub fn tokens_max(text: &str) -> u64 {
    let (mut letters, mut others) = (0, 0);
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | ' ' => letters += 1,
            c => others += c.len_utf8() as u64,
        }
    }
    letters / 3 + others + 1
}

/// The prompt for a lead.
pub fn build(lead: &Lead, brand: &Brand, steps: &[&str]) -> Prompt {
    let system = system(brand, &lead.language);
    Prompt::about(
        &WRITING,
        system,
        &opening(steps),
        fields(lead),
        schema(steps),
    )
}

fn system(brand: &Brand, language: &str) -> String {
    let list = |title: &str, items: &[String]| {
        if items.is_empty() {
            return String::new();
        }
        let items: Vec<String> = items.iter().map(|item| format!("- {item}")).collect();
        format!("{title}\n{}\n\n", items.join("\n"))
    };
    let claims: Vec<String> = brand
        .claims
        .iter()
        .map(|claim| match claim.trades.as_slice() {
            [] => claim.text.clone(),
            trades => format!(
                "{} (only to these trades: {})",
                claim.text,
                trades.join(", ")
            ),
        })
        .collect();
    let rules = RULES
        .replace("{begin}", DATA_BEGIN)
        .replace("{end}", DATA_END)
        .replace("{subject_min}", &SUBJECT_CHARS.start().to_string())
        .replace("{subject_max}", &SUBJECT_CHARS.end().to_string())
        .replace("{signature}", &brand.signature)
        .replace("{greeting}", language::greeting(language));
    let sender = &brand.sender;
    let parts = [
        format!("You write sales e-mails for {sender}, one person to another, in plain text.\n\n"),
        format!("What {sender} does: {}\n\n", brand.what_we_do),
        list("Tone:", &brand.tone),
        list("Words that suit us:", &brand.words_to_use),
        list("Never use:", &brand.words_to_avoid),
        list("Allowed claims, word for word or not at all:", &claims),
        list("Allowed links, at most one in a message:", &brand.links),
        rules.trim_end().to_string(),
    ];
    parts.concat()
}

/// What a step is for.
fn purpose(step: &str) -> &'static str {
    match step {
        "hook" => {
            "the first mail: an insight about the reader's trade, a strategic question, a light \
             invitation"
        }
        "proof" => {
            "days later: how others in the trade win, a short list of what they do, our craft \
             hinted at, no pitch"
        }
        "fomo" => {
            "the last mail: the field is moving and the edge compounds, an open door, a courteous \
             farewell; urgent without pressure"
        }
        _ => "a further mail that adds one new thought",
    }
}

fn opening(steps: &[&str]) -> String {
    let mut text = String::from("Write these messages, in this order:\n");
    for step in steps {
        let range = word_range(step);
        let (least, most) = (range.start(), range.end());
        text.push_str(&format!(
            "- `{step}`: {}; {least} to {most} words\n",
            purpose(step)
        ));
    }
    text
}

/// What the model is told of the lead.
fn fields(lead: &Lead) -> BTreeMap<&'static str, String> {
    let services = lead.services.join("; ");
    [
        ("first_name", &lead.first_name),
        ("full_name", &lead.full_name),
        ("company", &lead.company),
        ("company_short", &lead.company_short),
        ("job_title", &lead.job_title),
        ("description", &lead.description),
        ("services", &services),
        ("website_insights", &lead.insights),
        ("tone_wanted", &lead.tone),
        ("business_type", &lead.business_type),
        ("industry", &lead.industry),
        ("company_size", &lead.company_size),
        ("city", &lead.city),
        ("country", &lead.country),
        ("language", &lead.language),
    ]
    .into_iter()
    .filter(|(_, value)| !value.trim().is_empty())
    .map(|(name, value)| (name, value.chars().take(FIELD_CHARS_MAX).collect()))
    .collect()
}

/// A value as JSON. Angle brackets are escaped, so that no text can imitate the closing mark, and
/// line breaks are, so that none can begin a paragraph of its own.
fn data(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.replace('<', "\\u003c").replace('>', "\\u003e")
}

/// The schema of the answer, within what strict structured outputs allow: every property required,
/// no others (platform.openai.com/docs/guides/structured-outputs, "Supported schemas").
fn schema(steps: &[&str]) -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["messages"],
        "properties": {"messages": {"type": "array", "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["step", "subject", "body"],
            "properties": {
                "step": {"type": "string", "enum": steps},
                "subject": text,
                "body": text,
            },
        }}},
    })
}

/// What was wrong with a refused answer, each thing once, the worst first.
pub fn correction(issues: &[Issue]) -> String {
    let mut issues: Vec<&Issue> = issues.iter().collect();
    issues.sort_by_key(|issue| std::cmp::Reverse(issue.severity));
    let mut text = String::from("It was refused for these reasons. Write all messages again:\n");
    for issue in issues {
        let place = if issue.step.is_empty() {
            "campaign"
        } else {
            &issue.step
        };
        let words = data(&issue.words);
        text.push_str(&format!("- {place}: {}", issue.code.replace('_', " ")));
        if !issue.words.is_empty() {
            text.push_str(&format!(" at {words}"));
        }
        text.push_str(&format!("; {}\n", issue.hint));
    }
    text
}

#[cfg(test)]
mod tests;
