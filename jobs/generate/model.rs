//! Campaigns written by a language model: so many questions at once, each answer stored the moment
//! it arrives.
//!
//! A question is noted in the ledger before it leaves and its answer as soon as it is there; both
//! outlive the process, so that whenever a run dies the next one pays again only for what was on
//! its way. What the model cannot do, the built-in templates do, and then a person.

mod case;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use outreach::config::Config;
use outreach::ledger::{Ledger, LlmAnswered, LlmOutcome, Question};
use outreach::writer::{self, Heard, WriteError, Writer};
use tokio::task::JoinSet;

use self::case::{Answer, Case, Judge, Next};
use super::apart::Apart;
use super::desk::{Desk, Texts, Written};
use super::order::Order;
use crate::exit::Failure;
use crate::model;
use crate::run::{Job, Progress, Summary};

/// How often we look whether we were asked to end, while answers are awaited.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A desk with a language model at it.
pub struct ModelDesk<'a> {
    desk: &'a Desk<'a>,
    judge: Judge,
    writer: Arc<Writer>,
    settings: &'a writer::Settings,
    at_once: usize,
}

/// The work of one run.
struct Shift {
    orders: std::vec::IntoIter<Order>,
    /// What is to be asked again, before anything new.
    again: VecDeque<Case>,
    /// Questions on their way.
    asked: JoinSet<(Case, i64, Heard)>,
    /// Answers that are being judged.
    judged: JoinSet<Next>,
    /// What was written so far, which the rest must not resemble.
    apart: Apart,
    /// What was last kept of the server's peculiarities.
    learned: Option<String>,
    /// Nothing more is asked, for a reason that is no failure.
    is_over: bool,
    /// Nothing more is asked, and the run fails.
    ended: Option<Failure>,
}

/// What happened at once.
#[derive(Default)]
struct Events {
    heard: Vec<(Case, i64, Heard)>,
    judged: Vec<Next>,
}

impl Shift {
    fn may_ask(&self, job: &Job) -> bool {
        self.ended.is_none() && !self.is_over && !job.stop.requested()
    }

    /// Has an answer judged aside: it is computing, and answers to others must not wait for it.
    fn judge(&mut self, case: Case, answer: Answer, usage: writer::Usage, judge: &Judge) {
        let judge = judge.clone();
        self.judged
            .spawn_blocking(move || case.take(answer, usage, &judge));
    }
}

impl<'a> ModelDesk<'a> {
    /// A desk whose model is asked at most LLM_CONCURRENCY questions at once.
    pub fn new(
        desk: &'a Desk<'a>,
        config: &Config,
        settings: &'a writer::Settings,
    ) -> Result<ModelDesk<'a>, Failure> {
        let writer = Writer::new(settings.clone(), config.tls_ca_file.clone());
        Ok(ModelDesk {
            desk,
            judge: Judge {
                brand: Arc::clone(&desk.brand),
                threshold: config.quality_threshold,
            },
            writer: Arc::new(writer.map_err(Failure::config)?),
            settings,
            at_once: config.llm_concurrency as usize,
        })
    }

    /// Has all orders written. An exhausted quota, a server that is down and a spent budget end the
    /// run; what was not asked for by then stays as it is.
    pub async fn write_all(
        &self,
        ledger: &mut Ledger,
        orders: Vec<Order>,
        job: &Job,
        summary: &mut Summary,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut shift = Shift {
            orders: orders.into_iter(),
            again: VecDeque::new(),
            asked: JoinSet::new(),
            judged: JoinSet::new(),
            apart: Apart::default(),
            learned: model::recall(&self.writer, self.settings, ledger, job.clock.now())?,
            is_over: false,
            ended: None,
        };
        for name in ["requests", "tokens"] {
            summary.add(name, 0);
        }
        let lost = ledger.close_lost_questions("generate", job.clock.now())?;
        if lost > 0 {
            tracing::warn!("{lost} answers were lost when an earlier run died");
            summary.add("requests_lost_before", i64::try_from(lost).unwrap_or(0));
        }
        loop {
            self.fill(&mut shift, ledger, job, summary)?;
            if shift.asked.is_empty() && shift.judged.is_empty() {
                break;
            }
            let events = self.next(&mut shift, job).await?;
            self.record(ledger, &events.heard, job, summary)?;
            let (before, now) = (shift.learned.as_ref(), job.clock.now());
            shift.learned = model::keep_learned(&self.writer, self.settings, before, ledger, now)?;
            for (case, _, heard) in events.heard {
                let usage = heard.usage;
                if let Some(answer) = self.answer_of(&mut shift, heard, summary) {
                    shift.judge(case, answer, usage, &self.judge);
                }
            }
            // The next questions leave before what was written is stored.
            self.fill(&mut shift, ledger, job, summary)?;
            self.store(&mut shift, events.judged, ledger, job, summary, progress)?;
        }
        shift.ended.map_or(Ok(()), Err)
    }

    /// Starts questions until enough are on their way; they are noted together.
    fn fill(
        &self,
        shift: &mut Shift,
        ledger: &mut Ledger,
        job: &Job,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let mut cases = Vec::new();
        let mut questions = Vec::new();
        while shift.may_ask(job) && shift.asked.len() + cases.len() < self.at_once {
            let Some(case) = self.next_case(shift, ledger, job, summary)? else {
                break;
            };
            let prompt_key = case.question_key(&self.settings.model);
            // A run that died may have had the answer.
            if let Some(kept) = ledger.kept_answer(case.lead_row(), &prompt_key)? {
                let (answer, usage) = kept_answer(kept);
                shift.judge(case, answer, usage, &self.judge);
                continue;
            }
            questions.push(Question {
                run: job.run,
                lead: case.lead_row(),
                campaign: None,
                prompt_key,
                model: self.settings.model.clone(),
            });
            cases.push(case);
        }
        if cases.is_empty() {
            return Ok(());
        }
        let questions = ledger.note_questions(&questions, job.clock.now())?;
        for (case, question) in cases.into_iter().zip(questions) {
            let writer = Arc::clone(&self.writer);
            shift.asked.spawn(async move {
                let heard = writer.ask(case.prompt()).await;
                (case, question, heard)
            });
        }
        Ok(())
    }

    /// What is to be asked next; a lead that may not be written to is told on the way.
    fn next_case(
        &self,
        shift: &mut Shift,
        ledger: &mut Ledger,
        job: &Job,
        summary: &mut Summary,
    ) -> anyhow::Result<Option<Case>> {
        if let Some(case) = shift.again.pop_front() {
            return Ok(Some(case));
        }
        for order in shift.orders.by_ref() {
            match order.parse() {
                Ok(lead) => {
                    let (brand, model) = (&self.desk.brand, &self.settings.model);
                    return Ok(Some(Case::open(order, Arc::new(lead), brand, model)));
                }
                Err(reject) => {
                    let rejected = vec![Ok(Written::new(order, Err(reject)))];
                    let now = job.clock.now();
                    self.desk.store(ledger, rejected, job, summary, now)?;
                }
            }
        }
        Ok(None)
    }

    /// What happens next, with everything that happened meanwhile: the more there is to write, the
    /// more goes into one transaction. Once we were asked to end, questions that only wait for
    /// their turn come back unasked.
    async fn next(&self, shift: &mut Shift, job: &Job) -> anyhow::Result<Events> {
        const TASK: &str = "a writing task failed";
        let mut events = Events::default();
        loop {
            tokio::select! {
                Some(heard) = shift.asked.join_next() => events.heard.push(heard.context(TASK)?),
                Some(judged) = shift.judged.join_next() => {
                    events.judged.push(judged.context(TASK)?);
                }
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if job.stop.requested() {
                        self.writer.close();
                    }
                    continue;
                }
            }
            break;
        }
        while let Some(heard) = shift.asked.try_join_next() {
            events.heard.push(heard.context(TASK)?);
        }
        while let Some(judged) = shift.judged.try_join_next() {
            events.judged.push(judged.context(TASK)?);
        }
        Ok(events)
    }

    /// Stores answers the moment they are there, and counts what they took.
    fn record(
        &self,
        ledger: &mut Ledger,
        heard: &[(Case, i64, Heard)],
        job: &Job,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        if heard.is_empty() {
            return Ok(());
        }
        let answers: Vec<(i64, LlmAnswered)> = heard
            .iter()
            .map(|(_, question, heard)| (*question, model::answered(&self.writer, heard)))
            .collect();
        ledger.record_answers(&answers, job.clock.now())?;
        for (_, answered) in &answers {
            model::count(summary, answered);
        }
        Ok(())
    }

    /// The answer to a question; none where the trouble is not about it: then the run ends.
    fn answer_of(&self, shift: &mut Shift, heard: Heard, summary: &mut Summary) -> Option<Answer> {
        let error = match heard.result {
            Ok(content) => return Some(Answer::Text(content)),
            Err(WriteError::Unusable(why)) => {
                let may_help = why.may_be_asked_again();
                return Some(Answer::None(why.to_string(), may_help));
            }
            Err(error) => error,
        };
        self.writer.close();
        match error {
            WriteError::Closed => {}
            WriteError::Budget(_) => {
                summary.note(&error.to_string());
                shift.is_over = true;
            }
            error => {
                let failure = batch_failure(error);
                shift.ended.get_or_insert(failure);
            }
        }
        None
    }

    /// What follows from answers: other questions, or texts to be stored.
    fn store(
        &self,
        shift: &mut Shift,
        judged: Vec<Next>,
        ledger: &mut Ledger,
        job: &Job,
        summary: &mut Summary,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        // One instant for all: the ids that are told depend on it.
        let now = job.clock.now();
        let mut settled = Vec::new();
        for next in judged {
            let written = match next {
                Next::Ask(case) => {
                    shift.again.push_back(*case);
                    continue;
                }
                Next::Store(order, texts) => {
                    match self.compare(shift, ledger, order, *texts, summary)? {
                        Some(written) => written,
                        None => continue,
                    }
                }
                Next::WriteInstead(case) => {
                    summary.count("fell_back_to_templates");
                    self.write_instead(*case)
                }
            };
            let apart = &mut shift.apart;
            settled.extend(self.desk.keep_apart(apart, ledger, vec![written], now)?);
        }
        if settled.is_empty() {
            return Ok(());
        }
        progress.advance(settled.len() as u64);
        self.desk.store(ledger, settled, job, summary, now)
    }

    /// The texts, or others where they are too close to another campaign's. For the sake of a
    /// colleague the model is asked once more, and there is nothing to store yet; a model that says
    /// the same to strangers would go on doing so.
    fn compare(
        &self,
        shift: &mut Shift,
        ledger: &Ledger,
        mut order: Order,
        texts: Texts,
        summary: &mut Summary,
    ) -> anyhow::Result<Option<anyhow::Result<Written>>> {
        let brand = &self.desk.brand;
        let found = shift
            .apart
            .neighbour(ledger, &order, &texts, &brand.sender)?;
        let Some(neighbour) = found else {
            return Ok(Some(Ok(Written::new(order, Ok(texts)))));
        };
        let is_first = order.tried.n_close == 0;
        order.tried.tokens = texts.tokens;
        let order = order.once_more(texts.drafts);
        if neighbour.is_colleague && is_first {
            let case = Case::open(order, texts.lead, brand, &self.settings.model);
            shift.again.push_back(case);
            return Ok(None);
        }
        summary.count("fell_back_to_templates");
        let (record, id) = (&order.raw.record_id, &neighbour.campaign_id);
        tracing::warn!("{record}: too close to the texts of {id}; the built-in templates write it");
        Ok(Some(self.desk.write_one(order)))
    }

    /// The built-in templates write what the model could not. Where they do no better, its best
    /// texts wait for a person.
    fn write_instead(&self, case: Case) -> anyhow::Result<Written> {
        tracing::warn!(
            "{}: {}; the built-in templates write it",
            case.record_id(),
            case.why()
        );
        let (mut order, lead, best, tokens) = case.into_parts();
        order.tried.tokens = tokens;
        order.tried.has_model_failed = true;
        let written = self
            .desk
            .write_from_templates(&order, &self.desk.know(lead));
        let texts = match (written, best) {
            (Ok(mut texts), Some(mut best)) => {
                let judgement = self.desk.judge(&order, &mut texts);
                let is_better = self.desk.judge(&order, &mut best).score > judgement.score;
                match !judgement.pass && is_better {
                    true => best,
                    false => texts,
                }
            }
            (Err(_), Some(best)) => best,
            (written, None) => written?,
        };
        Ok(Written::new(order, Ok(texts)))
    }
}

fn kept_answer(kept: LlmAnswered) -> (Answer, writer::Usage) {
    let usage = writer::Usage {
        requests: kept.requests,
        lost: kept.lost,
        prompt_tokens: kept.prompt_tokens,
        completion_tokens: kept.completion_tokens,
    };
    let answer = match kept.outcome {
        LlmOutcome::Answered => Answer::Text(kept.answer),
        outcome => Answer::None(kept.answer, outcome == LlmOutcome::Again),
    };
    (answer, usage)
}

fn batch_failure(error: WriteError) -> Failure {
    match error {
        WriteError::Unauthorized(_) | WriteError::BudgetTooSmall(_) => Failure::config(error),
        _ => Failure::again(anyhow!("the language model stopped the batch: {error:#}")),
    }
}
