//! One campaign on its way through a model: asked, judged, asked again with the reasons.
//!
//! Purpose: from an answer to what follows from it. Everything here is computing; the same answers
//! lead to the same questions, which is how a run that died is taken up again.

use std::sync::Arc;

use outreach::calendar::country_code;
use outreach::copy::prompt::{self, Prompt};
use outreach::copy::quality::{self, Judgement};
use outreach::copy::{Brand, Draft, language};
use outreach::lead::{Lead, RecordId};
use outreach::writer::Usage;

use super::super::apart::shingles;
use super::super::desk::Texts;
use super::super::order::Order;

/// How often a model may mend a text that failed a check.
const CORRECTIONS_MAX: u32 = 2;

/// What came of a question.
pub enum Answer {
    /// A text.
    Text(String),
    /// None, and why; whether asking again in other words may help.
    None(String, bool),
}

/// Who says whether a text passes.
#[derive(Clone)]
pub struct Judge {
    /// What it is written for.
    pub brand: Arc<Brand>,
    /// The score that passes.
    pub threshold: u8,
}

/// A campaign that a model is to write.
pub struct Case {
    order: Order,
    lead: Arc<Lead>,
    /// The lead as it is written to: with the language of its country where it names none.
    reader: Lead,
    /// Who writes, as it is stored.
    writer: String,
    /// Whose name stands below the texts.
    sender: String,
    /// The task without what was wrong with earlier answers.
    task: Prompt,
    /// The question to ask next.
    prompt: Prompt,
    corrections: u32,
    usage: Usage,
    /// The best texts that failed the gate.
    best: Option<(Vec<Draft>, Judgement)>,
    /// What was wrong with the last answer.
    why: String,
}

/// What follows from an answer.
pub enum Next {
    /// Another question.
    Ask(Box<Case>),
    /// Texts that passed the gate.
    Store(Order, Box<Texts>),
    /// Somebody else has to write it.
    WriteInstead(Box<Case>),
}

impl Case {
    /// A case with its first question.
    pub fn open(order: Order, lead: Arc<Lead>, brand: &Brand, model: &str) -> Case {
        let reader = with_language(&lead);
        let task = prompt::build(&reader, brand, &order.steps());
        let task = match order.unwanted().as_slice() {
            [] => task,
            unwanted => task.other_than(unwanted),
        };
        // Texts that were too close to a colleague's are corrected once.
        let corrections = match order.tried.n_close {
            0 => 0,
            _ => CORRECTIONS_MAX,
        };
        Case {
            prompt: task.clone(),
            writer: format!("model:{model}"),
            order,
            lead,
            reader,
            task,
            corrections,
            sender: brand.sender.clone(),
            usage: Usage::default(),
            best: None,
            why: String::new(),
        }
    }

    /// The question to ask.
    pub fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// By what the question is known again. Two answers with the same fault lead to the same words,
    /// but the second question is not the first.
    pub fn question_key(&self, model: &str) -> String {
        format!("{}/{}", self.prompt.key(model), self.corrections)
    }

    /// The lead's row id.
    pub fn lead_row(&self) -> i64 {
        self.order.lead
    }

    /// The lead's record.
    pub fn record_id(&self) -> &RecordId {
        &self.lead.record_id
    }

    /// What was wrong with the last answer.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Takes an answer in, with what it took.
    pub fn take(mut self, answer: Answer, usage: Usage, judge: &Judge) -> Next {
        self.add(usage);
        let content = match answer {
            Answer::Text(content) => content,
            Answer::None(why, true) => return self.reminded(why),
            Answer::None(why, false) => {
                self.why = why;
                return Next::WriteInstead(Box::new(self));
            }
        };
        let steps = self.order.steps();
        let drafts = match prompt::parse_answer(&content, &steps) {
            Ok(drafts) => drafts,
            Err(error) => return self.reminded(format!("{error:#}")),
        };
        let unwanted = self.order.unwanted();
        let is_old = |draft: &Draft| unwanted.iter().any(|old| old.body == draft.body);
        if drafts.iter().any(is_old) {
            return self.reminded("it repeats a text that a person turned down".to_string());
        }
        let Judge { brand, threshold } = judge;
        let judgement = quality::judge_steps(&self.reader, &drafts, brand, *threshold, &steps);
        if judgement.pass {
            let texts = self.texts(drafts, judgement);
            return Next::Store(self.order, Box::new(texts));
        }
        self.why = format!("its texts scored {} of 100", judgement.score);
        let prompt = self.task.corrected(&drafts, &judgement.issues);
        let best = self.best.as_ref().map(|(_, best)| best.score);
        if best.is_none_or(|best| best < judgement.score) {
            self.best = Some((drafts, judgement));
        }
        self.ask_again(prompt)
    }

    /// Asks again after an answer that is no campaign.
    fn reminded(mut self, why: String) -> Next {
        let prompt = self.task.reminded(&why);
        self.why = why;
        self.ask_again(prompt)
    }

    fn ask_again(mut self, prompt: Prompt) -> Next {
        if self.corrections == CORRECTIONS_MAX {
            return Next::WriteInstead(Box::new(self));
        }
        self.corrections += 1;
        self.prompt = prompt;
        Next::Ask(Box::new(self))
    }

    fn add(&mut self, usage: Usage) {
        self.usage.requests += usage.requests;
        self.usage.lost += usage.lost;
        self.usage.prompt_tokens += usage.prompt_tokens;
        self.usage.completion_tokens += usage.completion_tokens;
    }

    fn texts(&self, drafts: Vec<Draft>, judgement: Judgement) -> Texts {
        Texts {
            shingles: shingles(&self.lead, &drafts, &self.sender),
            lead: self.lead.clone(),
            drafts,
            judgement: Some(judgement),
            writer: self.writer.clone(),
            tokens: self.tokens(),
            too_close: None,
        }
    }

    /// For whoever writes instead: the order, the lead, the best texts that failed the gate, and
    /// the tokens they took.
    pub fn into_parts(mut self) -> (Order, Arc<Lead>, Option<Texts>, u64) {
        let best = self.best.take();
        let best = best.map(|(drafts, judgement)| self.texts(drafts, judgement));
        let tokens = self.tokens();
        (self.order, self.lead, best, tokens)
    }

    /// What its texts took, those that came to nothing included.
    fn tokens(&self) -> u64 {
        self.order.tried.tokens + self.usage.tokens()
    }
}

/// The lead as it is written to. What people said of its language goes before its country.
fn with_language(lead: &Lead) -> Lead {
    let mut reader = lead.clone();
    if reader.language.trim().is_empty()
        && let Some(spoken) = country_code(&lead.country).and_then(language::of_country)
    {
        reader.language = spoken.to_string();
    }
    reader
}
