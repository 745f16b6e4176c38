//! The JSON of chat completions, as OpenAI and its imitators speak it.
//!
//! Purpose: the request with the options a server takes; out of a reply its text and its count of
//! tokens, or what is wrong.
//! Invariant: what a reply cost is told whether or not it can be used.
//! Source: platform.openai.com/docs/api-reference/chat. This module opens no connection.

use serde::Deserialize;
use serde_json::{Value, json};

use super::capabilities::{Capabilities, Format, Limit};
use super::{Settings, Unusable, quote};
use crate::copy::prompt::Prompt;

/// The body of a request; `answer_max` bounds the tokens of the answer.
pub(super) fn request(
    capabilities: &Capabilities,
    settings: &Settings,
    prompt: &Prompt,
    answer_max: Option<u32>,
) -> Value {
    let mut request = json!({
        "model": settings.model,
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user()},
        ],
    });
    let mut set = |name: &str, value: Value| {
        if let Some(fields) = request.as_object_mut() {
            fields.insert(name.to_string(), value);
        }
    };
    match capabilities.format {
        Format::Schema => {
            let schema = json!({"name": prompt.task.name, "strict": true, "schema": prompt.schema});
            set(
                "response_format",
                json!({"type": "json_schema", "json_schema": schema}),
            );
        }
        Format::Object => set("response_format", json!({"type": "json_object"})),
        Format::Plain => {}
    }
    match (capabilities.limit, answer_max) {
        (Limit::MaxTokens, Some(max)) => set("max_tokens", json!(max)),
        (Limit::MaxCompletionTokens, Some(max)) => set("max_completion_tokens", json!(max)),
        _ => {}
    }
    if capabilities.temperature {
        set("temperature", json!(settings.temperature));
    }
    request
}

/// What we take out of a reply.
#[derive(Debug)]
pub(super) struct Reply {
    /// The text, or why there is none.
    pub content: Result<String, Unusable>,
    /// Tokens sent and written; none when the server does not count.
    pub tokens: Option<(u64, u64)>,
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    /// Left alone when it has another shape: some servers count differently.
    #[serde(default, deserialize_with = "usage_or_none")]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    finish_reason: Option<String>,
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

fn usage_or_none<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Usage>, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

/// The text of a completion, or in words why there is none to use.
pub(super) fn parse_reply(body: &[u8]) -> Reply {
    let completion: Completion = match serde_json::from_slice(body) {
        Ok(completion) => completion,
        Err(error) => {
            let why = format!("expected a chat completion, found something else: {error}");
            return Reply {
                content: Err(Unusable::NoCompletion(quote(&why))),
                tokens: None,
            };
        }
    };
    let tokens = completion
        .usage
        .map(|usage| (usage.prompt_tokens, usage.completion_tokens))
        .filter(|tokens| *tokens != (0, 0));
    Reply {
        content: content(completion.choices),
        tokens,
    }
}

fn content(choices: Vec<Choice>) -> Result<String, Unusable> {
    let Some(choice) = choices.into_iter().next() else {
        let why = "expected a completion with a choice, found one without a choice";
        return Err(Unusable::NoCompletion(why.to_string()));
    };
    if let Some(refusal) = choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
        return Err(Unusable::Refusal(quote(&refusal)));
    }
    match choice.finish_reason.as_deref() {
        Some("length") => return Err(Unusable::Length),
        Some("content_filter") => return Err(Unusable::ContentFilter),
        _ => {}
    }
    choice
        .message
        .content
        .filter(|content| !content.trim().is_empty())
        .ok_or(Unusable::Empty)
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// The names in a list of models.
pub(super) fn parse_models(body: &[u8]) -> anyhow::Result<Vec<String>> {
    let models: Models = serde_json::from_slice(body)?;
    Ok(models.data.into_iter().map(|model| model.id).collect())
}

/// The sentence in an error body, or the body itself.
pub(super) fn error_message(body: &str) -> String {
    let value: Option<Value> = serde_json::from_str(body).ok();
    let message = value
        .as_ref()
        .and_then(|value| value.pointer("/error/message"))
        .and_then(Value::as_str);
    message.unwrap_or(body).to_string()
}

/// Whether a 429 means an exhausted account rather than too much at once
/// (platform.openai.com/docs/guides/error-codes).
pub(super) fn is_quota(body: &str) -> bool {
    [
        "insufficient_quota",
        "billing_hard_limit_reached",
        "exceeded your current quota",
    ]
    .iter()
    .any(|word| body.contains(word))
}
