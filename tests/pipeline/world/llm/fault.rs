//! Everything that goes wrong with an answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::campaign;
use super::http::Reply;

/// What happens to a request instead of an ordinary answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429 with this Retry-After in seconds.
    RateLimited(u32),
    /// 429 without a word about when.
    RateLimitedSilently,
    /// 500 with an HTML page, as a proxy in front of the model gives.
    ServerError,
    /// 503 of a server that has too much to do.
    Unavailable,
    /// 429 with the code `insufficient_quota`: waiting does not help.
    InsufficientQuota,
    /// 400 about `response_format`, as a server that knows no schema answers.
    NoResponseFormat,
    /// The body ends in the middle and the connection closes.
    CutBody,
    /// The connection closes without an answer.
    HangUp,
    /// A refusal in place of the content.
    Refusal,
    /// The content is cut in the middle with `finish_reason` `length`.
    Length,
    /// The content is withheld.
    ContentFilter,
    /// The content is cut in the middle, and the server says that it is whole.
    CutContent,
    /// The content in a Markdown fence, with a sentence before and after.
    Fenced,
    /// The content is prose.
    Prose,
    /// The content is empty.
    Empty,
    /// The last step is missing.
    MissingStep,
    /// There is a step nobody asked for.
    ExtraStep,
    /// The mails greet somebody else.
    WrongName,
    /// This content, as it is.
    Content(String),
    /// An ordinary answer, so much later.
    Slow(Duration),
    /// No answer until the server releases it (or ends), then an ordinary one.
    Hold,
}

impl Fault {
    /// Whether a campaign leaves all the same that can be used as it is.
    pub fn leaves_a_campaign(&self) -> bool {
        matches!(self, Fault::Fenced | Fault::Slow(_) | Fault::Hold)
    }
}

/// Sends the answer to a request, with its fault.
pub fn answer(
    asked: &Value,
    content: &Value,
    fault: Option<Fault>,
    out: &mut Reply,
) -> std::io::Result<()> {
    let text = content.to_string();
    let cut: String = text.chars().take(text.chars().count() / 2).collect();
    let whole = |text: &str| completion(asked, Some(text), None, "stop");
    let limited = ("429 Too Many Requests", "Rate limit reached for requests");
    let reply = match fault {
        None | Some(Fault::Slow(_) | Fault::Hold) => whole(&text),
        Some(Fault::HangUp) => return Ok(()),
        Some(Fault::CutBody) => return out.send_cut(&whole(&text).to_string()),
        Some(Fault::ServerError) => {
            let page = "<html><body><h1>500 Internal Server Error</h1></body></html>";
            return out.send("500 Internal Server Error", "", page);
        }
        Some(Fault::Unavailable) => {
            let words = "The engine is currently overloaded";
            return out.error("503 Service Unavailable", "", "overloaded", words);
        }
        Some(Fault::RateLimited(secs)) => {
            let header = format!("Retry-After: {secs}\r\n");
            return out.error(limited.0, &header, "rate_limit_exceeded", limited.1);
        }
        Some(Fault::RateLimitedSilently) => {
            return out.error(limited.0, "", "rate_limit_exceeded", limited.1);
        }
        Some(Fault::InsufficientQuota) => {
            let words = "You exceeded your current quota, please check your plan and billing.";
            return out.error(limited.0, "", "insufficient_quota", words);
        }
        Some(Fault::NoResponseFormat) => {
            let words = "Invalid parameter: 'response_format' of type 'json_schema' is not \
                         supported with this model.";
            return out.error("400 Bad Request", "", "invalid_request_error", words);
        }
        Some(Fault::Refusal) => {
            let refusal = "I'm sorry, I cannot help with that.";
            completion(asked, None, Some(refusal), "stop")
        }
        Some(Fault::Length) => completion(asked, Some(&cut), None, "length"),
        Some(Fault::ContentFilter) => completion(asked, None, None, "content_filter"),
        Some(Fault::CutContent) => whole(&cut),
        Some(Fault::Fenced) => whole(&format!(
            "Here it is:\n```json\n{text}\n```\nI hope this helps!"
        )),
        Some(Fault::Prose) => whole("Dear reader, three mails follow."),
        Some(Fault::Empty) => whole(""),
        Some(Fault::MissingStep) => whole(&changed(content, |messages| drop(messages.pop()))),
        Some(Fault::ExtraStep) => whole(&changed(content, |messages| {
            let mut extra = messages[0].clone();
            extra["step"] = json!("bonus");
            messages.push(extra);
        })),
        Some(Fault::WrongName) => whole(&changed(content, |messages| {
            for message in messages {
                let body = message["body"].as_str().unwrap();
                let (_, rest) = body.split_once('\n').unwrap();
                message["body"] = json!(format!("Hi Bartholomew,\n{rest}"));
            }
        })),
        Some(Fault::Content(text)) => whole(&text),
    };
    out.send("200 OK", "", &reply.to_string())
}

/// The content with its list of messages changed.
fn changed(content: &Value, change: impl FnOnce(&mut Vec<Value>)) -> String {
    let mut content = content.clone();
    change(content["messages"].as_array_mut().expect("messages"));
    content.to_string()
}

/// The body of a completion (OpenAI's API reference, "the chat completion object").
fn completion(asked: &Value, content: Option<&str>, refusal: Option<&str>, reason: &str) -> Value {
    let n_words = |text: &str| text.split_whitespace().count();
    let (n_prompt, n_answer) = (
        n_words(&campaign::prompt(asked)),
        n_words(content.unwrap_or_default()),
    );
    json!({
        "id": "chatcmpl-loopback",
        "object": "chat.completion",
        "created": 1_772_445_600,
        "model": asked["model"],
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": refusal},
            "finish_reason": reason,
        }],
        "usage": {
            "prompt_tokens": n_prompt,
            "completion_tokens": n_answer,
            "total_tokens": n_prompt + n_answer,
        },
    })
}
