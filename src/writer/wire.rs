//! The JSON of chat completions, as OpenAI and its imitators speak it.
//!
//! Purpose: the request in the dialect a server takes; out of a reply its text, or what is wrong.
//! Invariant: a dialect only ever becomes simpler, so that adapting to a server ends.
//! Source: platform.openai.com/docs/api-reference/chat. This module opens no connection.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Settings, quote};
use crate::copy::prompt::Prompt;

/// How the form of the answer is asked for. Ordered: later is simpler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    /// `json_schema`: the server enforces our schema.
    Schema,
    /// `json_object`: the server enforces JSON of any shape.
    Object,
    /// Nothing but the words of the prompt.
    Plain,
}

/// How the length of the answer is bounded. Ordered like [`Format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    /// `max_tokens`, which every server knows but the newest models.
    MaxTokens,
    /// `max_completion_tokens`, which those want instead.
    MaxCompletionTokens,
    None,
}

/// Which options a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    format: Format,
    limit: Limit,
    temperature: bool,
}

impl Default for Dialect {
    fn default() -> Dialect {
        Dialect {
            format: Format::Schema,
            limit: Limit::MaxTokens,
            temperature: true,
        }
    }
}

impl Dialect {
    /// The body of a request.
    pub(super) fn request(self, settings: &Settings, prompt: &Prompt) -> Value {
        let mut request = json!({
            "model": settings.model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
        });
        let mut set = |name: &str, value: Value| {
            if let Some(fields) = request.as_object_mut() {
                fields.insert(name.to_string(), value);
            }
        };
        match self.format {
            Format::Schema => {
                let schema = json!({"name": "campaign", "strict": true, "schema": prompt.schema});
                set(
                    "response_format",
                    json!({"type": "json_schema", "json_schema": schema}),
                );
            }
            Format::Object => set("response_format", json!({"type": "json_object"})),
            Format::Plain => {}
        }
        match (self.limit, settings.max_tokens) {
            (Limit::MaxTokens, Some(max)) => set("max_tokens", json!(max)),
            (Limit::MaxCompletionTokens, Some(max)) => set("max_completion_tokens", json!(max)),
            _ => {}
        }
        if self.temperature {
            set("temperature", json!(settings.temperature));
        }
        request
    }

    /// The dialect without the option a refusal names; nothing when it names none we could leave
    /// out.
    pub(super) fn without_what_is_refused(self, body: &str) -> Option<Dialect> {
        let names = |words: &[&str]| words.iter().any(|word| body.contains(word));
        if names(&[
            "response_format",
            "json_schema",
            "json_object",
            "structured output",
        ]) {
            let format = match self.format {
                Format::Schema => Format::Object,
                Format::Object => Format::Plain,
                Format::Plain => return None,
            };
            return Some(Dialect { format, ..self });
        }
        if names(&["max_tokens", "max_completion_tokens"]) {
            let limit = match self.limit {
                Limit::MaxTokens => Limit::MaxCompletionTokens,
                Limit::MaxCompletionTokens => Limit::None,
                Limit::None => return None,
            };
            return Some(Dialect { limit, ..self });
        }
        (names(&["temperature"]) && self.temperature).then_some(Dialect {
            temperature: false,
            ..self
        })
    }

    /// The dialect that leaves out what either leaves out.
    pub(super) fn simpler_of(self, other: Dialect) -> Dialect {
        Dialect {
            format: self.format.max(other.format),
            limit: self.limit.max(other.limit),
            temperature: self.temperature && other.temperature,
        }
    }
}

/// What we take out of a reply.
#[derive(Debug)]
pub(super) struct Reply {
    pub content: String,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
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

#[derive(Deserialize, Default)]
#[serde(default)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

/// The text of a completion, or in words why there is none to use.
pub(super) fn parse_reply(body: &[u8]) -> Result<Reply, String> {
    let completion: Completion = serde_json::from_slice(body)
        .map_err(|error| format!("expected a chat completion, found something else: {error}"))?;
    let usage = completion.usage.unwrap_or_default();
    let choice = completion.choices.into_iter().next();
    let choice = choice.ok_or_else(|| "a completion without a choice".to_string())?;
    if let Some(refusal) = choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
        return Err(format!("refusal: {}", quote(&refusal)));
    }
    match choice.finish_reason.as_deref() {
        Some("length") => {
            return Err("finish_reason `length`: the answer was cut off; raise MAX_TOKENS".into());
        }
        Some("content_filter") => {
            return Err("finish_reason `content_filter`: the server withheld the answer".into());
        }
        _ => {}
    }
    let content = choice
        .message
        .content
        .filter(|content| !content.trim().is_empty());
    let content = content.ok_or_else(|| "an empty answer".to_string())?;
    let Usage {
        prompt_tokens,
        completion_tokens,
    } = usage;
    Ok(Reply {
        content,
        prompt_tokens,
        completion_tokens,
    })
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
