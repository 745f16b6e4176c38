//! Requests made to measure: into the model's context, with room for the answer.
//!
//! Purpose: bound the answer, shorten the lead's texts where the context is small, and say what the
//! request may cost in tokens at most.
//! Invariant: the rules are never cut; prompt and answer together never exceed a known context.
//! This module asks nobody.

use super::capabilities::Capabilities;
use super::{Settings, Unusable, models, wire};
use crate::copy::prompt::{Prompt, tokens_max};

/// Tokens that three mails may have at most in any language, where nobody said how many; a model
/// that thinks first needs many more.
const ANSWER_TOKENS: u32 = 2_000;
const ANSWER_TOKENS_THINKING: u32 = 16_000;

/// With less room than this for the answer nothing is asked.
const ANSWER_TOKENS_MIN: u32 = 1_000;

/// A request made to measure.
pub(super) struct Request {
    pub body: serde_json::Value,
    /// Upper bounds of the tokens sent and written.
    pub prompt_tokens: u64,
    pub answer_tokens: u64,
}

impl Request {
    /// The request that fits: into the model's context with the lead's texts shortened as far as
    /// necessary, and with less room for the answer only if that is not enough.
    pub(super) fn of(
        settings: &Settings,
        capabilities: &Capabilities,
        prompt: &Prompt,
    ) -> Result<Request, Unusable> {
        let usual = match models::thinks(&settings.model) {
            true => ANSWER_TOKENS_THINKING,
            false => ANSWER_TOKENS,
        };
        let bounded = settings.budget_usd.is_some();
        let answer_max = settings.max_tokens.or(bounded.then_some(usual));
        let answer_max = match (answer_max, capabilities.answer_tokens) {
            (Some(wanted), Some(most)) => Some(wanted.min(most)),
            (wanted, _) => wanted,
        };
        let room = answer_max.unwrap_or(usual);
        let (prompt, answer_max) = match capabilities.context_tokens {
            None => (prompt.clone(), answer_max),
            Some(context) => {
                let prompt = prompt.within(u64::from(context.saturating_sub(room)));
                let left = u64::from(context).saturating_sub(prompt.tokens_max());
                let left = u32::try_from(left).unwrap_or(u32::MAX).min(room);
                if left < ANSWER_TOKENS_MIN.min(room) {
                    return Err(too_long(context, &prompt));
                }
                (prompt, if left < room { Some(left) } else { answer_max })
            }
        };
        Ok(Request {
            body: wire::request(capabilities, settings, &prompt, answer_max),
            prompt_tokens: prompt.tokens_max(),
            answer_tokens: u64::from(answer_max.unwrap_or(usual)),
        })
    }

    /// Upper bounds of the tokens of an exchange, for servers that do not count.
    pub(super) fn tokens_of(&self, body: &[u8]) -> (u64, u64) {
        let written = tokens_max(&String::from_utf8_lossy(body));
        (self.prompt_tokens, written.min(self.answer_tokens))
    }
}

fn too_long(context: u32, shortest: &Prompt) -> Unusable {
    let needed = shortest.tokens_max();
    Unusable::TooLong(format!(
        "expected a model with more than {context} tokens of context: the rules alone take up to \
         {needed}; shorten BRAND_FILE"
    ))
}
