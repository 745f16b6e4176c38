//! One campaign written by a language model: asked, judged, asked again with the reasons.

use std::sync::Arc;

use anyhow::anyhow;
use outreach::copy::{Brand, prompt, quality};
use outreach::lead::Lead;
use outreach::writer::{WriteError, Writer};

use super::Texts;
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
    /// The labels of the steps.
    pub steps: Vec<String>,
    /// The score that passes.
    pub threshold: u8,
}

/// Why a model wrote nothing usable.
pub enum Failed {
    /// For this lead only.
    Unusable(Box<Lead>, String),
    /// For every lead: the batch ends and leaves the rest untouched.
    Batch(Failure),
}

impl ModelTask {
    /// Has one campaign written.
    pub async fn write(&self, lead: Lead) -> Result<Texts, Failed> {
        let steps: Vec<&str> = self.steps.iter().map(String::as_str).collect();
        let mut prompt = prompt::build(&lead, &self.brand, &steps);
        let mut tokens = 0;
        let mut best: Option<Texts> = None;
        for _ in 0..=CORRECTIONS_MAX {
            let answer = match self.writer.write(&prompt, &steps).await {
                Ok(answer) => answer,
                Err(WriteError::Unusable(why)) => {
                    return best
                        .map(Ok)
                        .unwrap_or(Err(Failed::Unusable(Box::new(lead), why)));
                }
                Err(error) => return Err(Failed::Batch(batch_failure(error))),
            };
            tokens += answer.prompt_tokens + answer.completion_tokens;
            let judgement = quality::judge(&lead, &answer.drafts, &self.brand, self.threshold);
            let passed = judgement.pass;
            prompt.user.push_str(&prompt::correction(&judgement.issues));
            let texts = Texts {
                lead: lead.clone(),
                drafts: answer.drafts,
                judgement,
                writer: format!("model:{}", self.model),
                tokens,
            };
            let is_better = |best: &Texts| texts.judgement.score >= best.judgement.score;
            if passed || best.as_ref().is_none_or(is_better) {
                best = Some(texts);
            }
            if passed {
                break;
            }
        }
        match best {
            Some(texts) if texts.judgement.pass => Ok(texts),
            Some(texts) => {
                let why = format!("quality {} of 100", texts.judgement.score);
                Err(Failed::Unusable(Box::new(texts.lead), why))
            }
            None => Err(Failed::Unusable(Box::new(lead), "no answer".to_string())),
        }
    }
}

fn batch_failure(error: WriteError) -> Failure {
    match error {
        WriteError::Unauthorized(_) => Failure::config(error),
        _ => Failure::again(anyhow!("the language model stopped the batch: {error:#}")),
    }
}
