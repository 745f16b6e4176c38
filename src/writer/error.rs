//! Why a question has no answer: each failure by its name.
//!
//! Invariant: the texts are one line and hold neither the key nor a whole answer.
//! This module does not know how often something was tried.

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The server is busy, ill or out of reach, also after several tries: later runs may succeed.
    #[error("the language model cannot be reached for now: {0}")]
    Again(String),
    /// The account is used up: no request will succeed until a person acts.
    #[error("the quota of the language model is exhausted: {0}")]
    Quota(String),
    /// The key is refused.
    #[error("OPENAI_API_KEY: the server refuses the key: {0}")]
    Unauthorized(String),
    /// An answer came that is no text, or the server does not take this question.
    #[error("the answer of the language model cannot be used: {0}")]
    Unusable(Unusable),
    /// What this run may spend is spent, or on its way.
    #[error("LLM_BUDGET_USD_PER_RUN: {0}")]
    Budget(String),
    /// Not even one request fits into what a run may spend.
    #[error("LLM_BUDGET_USD_PER_RUN: {0}")]
    BudgetTooSmall(String),
    /// The run was told to end before this was asked.
    #[error("the run was told to end before the language model was asked")]
    Closed,
}

/// What is wrong with an answer, or with the question in the server's eyes. Each has its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The model refuses.
    #[error("refusal: {0}")]
    Refusal(String),
    /// The server withheld the answer.
    #[error("finish_reason `content_filter`: the server withheld the answer")]
    ContentFilter,
    /// The answer is longer than allowed.
    #[error("finish_reason `length`: the answer was cut off; raise MAX_TOKENS")]
    Length,
    /// A completion without a text.
    #[error("an empty answer")]
    Empty,
    /// No completion at all.
    #[error("{0}")]
    NoCompletion(String),
    /// The server does not take the question, for a reason we cannot mend.
    #[error("the server refuses the request: {0}")]
    Rejected(String),
    /// The rules and the lead do not fit into the model's context.
    #[error("{0}")]
    TooLong(String),
    /// No answer to this question, while others get theirs.
    #[error("no answer after {0} tries, while others got theirs: {1}")]
    Unanswered(u32, String),
}

impl Unusable {
    /// Whether the same question in other words may be answered.
    pub fn may_be_asked_again(&self) -> bool {
        matches!(self, Unusable::Empty | Unusable::NoCompletion(_))
    }
}
