//! What the stages that ask a language model have in common: what an earlier run learned of the
//! server, and how answers are kept and counted.

use chrono::{DateTime, TimeDelta, Utc};
use outreach::ledger::{Ledger, LlmAnswered, LlmOutcome};
use outreach::writer::{self, Heard, Unusable, WriteError, Writer};

use crate::run::Summary;

/// What a server taught is believed so long; servers learn too.
const LEARNED_FOR: TimeDelta = TimeDelta::days(30);

/// Takes up what an earlier run learned of the server; the answer is what is known now.
pub fn recall(
    writer: &Writer,
    settings: &writer::Settings,
    ledger: &Ledger,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<String>> {
    let known = ledger.learned_of_model(&settings.base_url, &settings.model)?;
    if let Some((learned, at)) = known
        && now - at < LEARNED_FOR
    {
        writer.recall(&learned);
    }
    Ok(writer.learned())
}

/// Keeps what was learned of the server since; the answer is what is known now.
pub fn keep_learned(
    writer: &Writer,
    settings: &writer::Settings,
    before: Option<&String>,
    ledger: &mut Ledger,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<String>> {
    let learned = writer.learned();
    if let Some(new) = learned.as_ref().filter(|new| Some(*new) != before) {
        ledger.keep_learned_of_model(&settings.base_url, &settings.model, new, now)?;
    }
    Ok(learned)
}

/// What a question came to, as it is kept.
pub fn answered(writer: &Writer, heard: &Heard) -> LlmAnswered {
    let (outcome, answer) = match &heard.result {
        Ok(content) => (LlmOutcome::Answered, content.clone()),
        Err(WriteError::Unusable(why)) => {
            let outcome = match why {
                Unusable::Unanswered(..) => LlmOutcome::Unanswered,
                why if why.may_be_asked_again() => LlmOutcome::Again,
                _ => LlmOutcome::Unusable,
            };
            (outcome, why.to_string())
        }
        Err(error) => (LlmOutcome::Unanswered, error.to_string()),
    };
    let usage = heard.usage;
    LlmAnswered {
        outcome,
        answer,
        requests: usage.requests,
        lost: usage.lost,
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        cost_usd_micros: writer.cost_of(usage),
    }
}

/// Counts what an answer took.
pub fn count(summary: &mut Summary, answered: &LlmAnswered) {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    summary.add("requests", i64::from(answered.requests));
    summary.add(
        "tokens",
        count(answered.prompt_tokens + answered.completion_tokens),
    );
    if answered.lost > 0 {
        summary.add("requests_lost", i64::from(answered.lost));
    }
    if let Some(cost) = answered.cost_usd_micros {
        summary.add("cost_usd_micros", count(cost));
    }
}
