//! One campaign written by a language model: asked, judged, asked again with the reasons.

use std::sync::Arc;

use anyhow::anyhow;
use outreach::copy::{Brand, prompt, quality};
use outreach::lead::Lead;
use outreach::writer::{WriteError, Writer};

use super::apart::shingles;
use super::desk::Texts;
use super::order::Order;
use crate::exit::Failure;

/// How often a model may mend a text that failed the gate.
const CORRECTIONS_MAX: u32 = 2;

/// What a task needs to have one campaign written by a model.
#[derive(Clone)]
pub struct ModelTask {
    /// The model's name.
    pub model: String,
    /// The client.
    pub writer: Arc<Writer>,
    /// What it writes for.
    pub brand: Arc<Brand>,
    /// The score that passes.
    pub threshold: u8,
}

/// Why a model wrote nothing usable.
pub enum Failed {
    /// For this lead only.
    Unusable {
        /// The lead, for whoever writes instead.
        lead: Box<Lead>,
        /// What was wrong with the last answer.
        why: String,
        /// What the answers cost all the same.
        tokens: u64,
    },
    /// For every lead: the batch ends and leaves the rest untouched.
    Batch(Failure),
}

impl ModelTask {
    /// Has one campaign written; what fails the gate is sent back with the reasons, and so is what
    /// repeats a text that a person did not want.
    pub async fn write(&self, order: &Order, lead: Lead) -> Result<Texts, Failed> {
        let steps = order.steps();
        let task = prompt::build(&lead, &self.brand, &steps);
        let refused = order.unwanted();
        let task = match refused.is_empty() {
            true => task,
            false => task.other_than(&refused),
        };
        let mut prompt = task.clone();
        let mut tokens = 0;
        let mut why = String::new();
        let answers_max = match order.tried.n_close {
            0 => 1 + CORRECTIONS_MAX,
            // Texts that were too close to a colleague's are corrected once.
            _ => 1,
        };
        for _ in 0..answers_max {
            let answer = match self.writer.write(&prompt, &steps).await {
                Ok(answer) => answer,
                Err(WriteError::Unusable(error)) => {
                    why = error;
                    break; // A refusal or half an answer is not a text that could be mended.
                }
                Err(error) => return Err(Failed::Batch(batch_failure(error))),
            };
            tokens += answer.prompt_tokens + answer.completion_tokens;
            let drafts = &answer.drafts;
            if drafts
                .iter()
                .any(|draft| refused.iter().any(|old| old.body == draft.body))
            {
                why = "it wrote a text again that was refused".to_string();
                continue;
            }
            let judgement =
                quality::judge_steps(&lead, drafts, &self.brand, self.threshold, &steps);
            if judgement.pass {
                let shingles = shingles(&lead, &answer.drafts, &self.brand);
                return Ok(Texts {
                    lead,
                    drafts: answer.drafts,
                    judgement,
                    writer: format!("model:{}", self.model),
                    tokens: order.tried.tokens + tokens,
                    shingles,
                    too_close: None,
                });
            }
            why = format!("its texts scored {} of 100", judgement.score);
            prompt = task.corrected(&answer.drafts, &judgement.issues);
        }
        let lead = Box::new(lead);
        Err(Failed::Unusable { lead, why, tokens })
    }
}

fn batch_failure(error: WriteError) -> Failure {
    match error {
        WriteError::Unauthorized(_) => Failure::config(error),
        _ => Failure::again(anyhow!("the language model stopped the batch: {error:#}")),
    }
}
