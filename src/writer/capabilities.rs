//! What a model of a server was found to take.
//!
//! Purpose: which options a request may have, how much fits, and what a refusal teaches.
//! Invariant: capabilities only ever become fewer, so that adapting to a server ends.
//! Source: platform.openai.com/docs/api-reference/chat and the words of the 400 answers of OpenAI,
//! vLLM and FastAPI servers. This module opens no connection.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the form of the answer is asked for. Ordered: later is simpler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// `json_schema`: the server enforces our schema.
    Schema,
    /// `json_object`: the server enforces JSON of any shape.
    Object,
    /// Nothing but the words of the prompt.
    Plain,
}

/// How the length of the answer is bounded. Ordered like [`Format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limit {
    /// `max_tokens`, which every server knows but the newest models.
    MaxTokens,
    /// `max_completion_tokens`, which those want instead.
    MaxCompletionTokens,
    /// Neither.
    None,
}

/// What a model of a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Capabilities {
    pub format: Format,
    pub limit: Limit,
    /// Whether a temperature may be given.
    pub temperature: bool,
    /// Tokens that prompt and answer may have together; none when nobody said.
    pub context_tokens: Option<u32>,
    /// Tokens that an answer may have; none when nobody said.
    pub answer_tokens: Option<u32>,
}

impl Capabilities {
    /// Everything: where a model nobody knows begins.
    pub(super) const ALL: Capabilities = Capabilities {
        format: Format::Schema,
        limit: Limit::MaxTokens,
        temperature: true,
        context_tokens: None,
        answer_tokens: None,
    };

    /// What is left after a refusal; nothing when it names nothing we could leave out.
    pub(super) fn without_what_is_refused(self, body: &str) -> Option<Capabilities> {
        let said = refusal(body);
        let names = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if names(&["maximum context length", "context_length_exceeded"]) {
            let found = number_after(&said, "maximum context length is");
            return self.with_context(found?);
        }
        if names(&["completion tokens", "max_tokens is too large"]) {
            let found = number_after(&said, "supports at most");
            if let Some(found) = found {
                let known = self.answer_tokens.unwrap_or(u32::MAX);
                let answer_tokens = Some(found).filter(|found| *found < known)?;
                return Some(Capabilities {
                    answer_tokens: Some(answer_tokens),
                    ..self
                });
            }
        }
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
            return Some(Capabilities { format, ..self });
        }
        if names(&["max_tokens", "max_completion_tokens"]) {
            let limit = match self.limit {
                Limit::MaxTokens => Limit::MaxCompletionTokens,
                Limit::MaxCompletionTokens => Limit::None,
                Limit::None => return None,
            };
            return Some(Capabilities { limit, ..self });
        }
        (names(&["temperature"]) && self.temperature).then_some(Capabilities {
            temperature: false,
            ..self
        })
    }

    fn with_context(self, found: u32) -> Option<Capabilities> {
        let known = self.context_tokens.unwrap_or(u32::MAX);
        (found < known).then_some(Capabilities {
            context_tokens: Some(found),
            ..self
        })
    }

    /// What both allow.
    pub(super) fn and(self, other: Capabilities) -> Capabilities {
        let least = |one: Option<u32>, other: Option<u32>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Capabilities {
            format: self.format.max(other.format),
            limit: self.limit.max(other.limit),
            temperature: self.temperature && other.temperature,
            context_tokens: least(self.context_tokens, other.context_tokens),
            answer_tokens: least(self.answer_tokens, other.answer_tokens),
        }
    }
}

/// What a refusal says, in lower case: the parameter and the message, not the request that some
/// servers repeat in it.
fn refusal(body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let mut said: Vec<&str> = ["/error/param", "/error/code", "/error/message", "/message"]
        .into_iter()
        .filter_map(text)
        .collect();
    let details = value.get("detail").and_then(Value::as_array);
    for detail in details.into_iter().flatten() {
        let places = detail.get("loc").and_then(Value::as_array);
        said.extend(places.into_iter().flatten().filter_map(Value::as_str));
        said.extend(detail.get("msg").and_then(Value::as_str));
    }
    if said.is_empty() {
        said.push(body);
    }
    said.join(" ").to_ascii_lowercase()
}

/// The number that follows these words.
fn number_after(text: &str, words: &str) -> Option<u32> {
    let (_, rest) = text.split_once(words)?;
    let digits: String = rest
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(|c| *c != ',')
        .collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refuses step by step and compares what is left, as JSON.
    #[track_caller]
    fn check(refusals: &[&str], expected: &str) {
        let left = refusals
            .iter()
            .try_fold(Capabilities::ALL, |left, body| {
                left.without_what_is_refused(body)
            })
            .map_or("nothing".to_string(), |left| {
                serde_json::to_string(&left).unwrap()
            });
        assert!(left.contains(expected), "{refusals:?}: {left}");
    }

    #[test]
    fn a_refusal_takes_away_what_it_names() {
        let schema = r#"{"error":{"message":"Invalid parameter: 'response_format' of type
            'json_schema' is not supported with this model.","param":null}}"#;
        check(&[schema], r#""format":"object""#);
        check(&[schema, schema], r#""format":"plain""#);
        check(&[schema, schema, schema], "nothing");
        let tokens = r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported
            with this model. Use 'max_completion_tokens' instead.","param":"max_tokens"}}"#;
        check(&[tokens], r#""limit":"max_completion_tokens""#);
        let heat = r#"{"error":{"message":"Unsupported value","param":"temperature"}}"#;
        check(&[heat], r#""temperature":false"#);
        check(&[heat, heat], "nothing");
        check(&["", "x"], "nothing");
        check(&[r#"{"error":{"message":"no such user"}}"#], "nothing");
    }

    #[test]
    fn a_request_that_a_server_repeats_teaches_nothing() {
        let fastapi = r#"{"detail":[{"loc":["body","max_tokens"],"msg":"extra fields",
            "input":{"response_format":{"type":"json_schema"},"temperature":0.7}}]}"#;
        check(&[fastapi], r#""format":"schema","limit":"max_completion"#);
    }

    #[test]
    fn sizes_are_read_out_of_the_words_and_only_ever_shrink() {
        let context = |n: &str| {
            format!(
                "{{\"error\":{{\"message\":\"This model's maximum context length is {n} tokens. \
                 However, your messages resulted in 9000 tokens.\"}}}}"
            )
        };
        check(&[&context("8192")], r#""context_tokens":8192"#);
        check(&[&context("8,192")], r#""context_tokens":8192"#);
        check(&[&context("8192"), &context("8192")], "nothing");
        check(&[&context("")], "nothing");
        let answer = r#"{"error":{"message":"max_tokens is too large: 9000. This model supports at
            most 4096 completion tokens, whereas you provided 9000.","param":"max_tokens"}}"#;
        let answer = answer.replace('\n', " ").replace("            ", "");
        check(&[&answer], r#""answer_tokens":4096"#);
        check(&[&answer, &answer], "nothing");
    }

    #[test]
    fn what_two_requests_learn_at_once_adds_up() {
        let one = Capabilities {
            format: Format::Plain,
            context_tokens: Some(9),
            ..Capabilities::ALL
        };
        let other = Capabilities {
            temperature: false,
            context_tokens: Some(7),
            ..Capabilities::ALL
        };
        let both = one.and(other);
        assert_eq!(both, other.and(one));
        assert_eq!((both.format, both.temperature), (Format::Plain, false));
        assert_eq!(both.context_tokens, Some(7));
    }
}
