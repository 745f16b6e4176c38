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
use chrono::TimeDelta;
use outreach::ledger::{Ledger, LlmAnswered, LlmOutcome, Question};
use outreach::writer::{self, Heard, WriteError, Writer};
use tokio::task::JoinSet;

use self::case::{Answer, Case, Next};
use super::apart::Apart;
use super::desk::{Desk, Texts, Written};
use super::order::Order;
use crate::exit::Failure;
use crate::run::{Job, Progress, Summary};

/// What a server taught is believed so long; servers learn too.
const LEARNED_FOR: TimeDelta = TimeDelta::days(30);

/// How often we look whether we were asked to end, while answers are awaited.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A desk with a language model at it.
pub struct ModelDesk<'a> {
    desk: &'a Desk<'a>,
    writer: Arc<Writer>,
    base_url: &'a str,
    model: &'a str,
    at_once: usize,
}

/// The work of one run.
struct Shift {
    orders: std::vec::IntoIter<Order>,
    /// What is to be asked again, before anything new.
    again: VecDeque<Case>,
    at_work: JoinSet<(Case, i64, Heard)>,
    /// What was written so far, which the rest must not resemble.
    apart: Apart,
    /// What was last kept of the server's peculiarities.
    learned: Option<String>,
    /// Nothing more is asked, for a reason that is no failure.
    is_over: bool,
    /// Nothing more is asked, and the run fails.
    ended: Option<Failure>,
}

impl Shift {
    fn may_ask(&self, job: &Job) -> bool {
        self.ended.is_none() && !self.is_over && !job.stop.requested()
    }
}

impl<'a> ModelDesk<'a> {
    /// A desk whose model is asked at most so many questions at once.
    pub fn new(
        desk: &'a Desk<'a>,
        writer: Writer,
        settings: &'a writer::Settings,
        at_once: u32,
    ) -> ModelDesk<'a> {
        ModelDesk {
            desk,
            writer: Arc::new(writer),
            base_url: &settings.base_url,
            model: &settings.model,
            at_once: at_once as usize,
        }
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
            at_work: JoinSet::new(),
            apart: Apart::default(),
            learned: self.recall(ledger, job)?,
            is_over: false,
            ended: None,
        };
        for name in ["requests", "tokens"] {
            summary.add(name, 0);
        }
        let lost = ledger.close_lost_questions(job.clock.now())?;
        if lost > 0 {
            tracing::warn!("{lost} answers were lost when an earlier run died");
            summary.add("requests_lost_before", i64::try_from(lost).unwrap_or(0));
        }
        loop {
            self.fill(&mut shift, ledger, job, summary, progress)?;
            let Some((case, question, heard)) = self.next(&mut shift, job).await? else {
                break;
            };
            self.record(ledger, question, &heard, job, summary)?;
            self.keep_learned(&mut shift, ledger, job)?;
            let usage = heard.usage;
            let answer = self.judge_error(&mut shift, heard, summary);
            // The next question leaves before this answer is judged: judging takes a while.
            self.fill(&mut shift, ledger, job, summary, progress)?;
            if let Some(answer) = answer {
                let next = case.take(answer, usage, self.desk);
                self.go_on(&mut shift, next, ledger, job, summary, progress)?;
            }
        }
        shift.ended.map_or(Ok(()), Err)
    }

    /// Takes up what an earlier run learned of the server.
    fn recall(&self, ledger: &Ledger, job: &Job) -> anyhow::Result<Option<String>> {
        if let Some((learned, at)) = ledger.learned_of_model(self.base_url, self.model)?
            && job.clock.now() - at < LEARNED_FOR
        {
            self.writer.recall(&learned);
        }
        Ok(self.writer.learned())
    }

    fn keep_learned(
        &self,
        shift: &mut Shift,
        ledger: &mut Ledger,
        job: &Job,
    ) -> anyhow::Result<()> {
        let learned = self.writer.learned();
        if let Some(new) = learned.as_ref().filter(|_| learned != shift.learned) {
            ledger.keep_learned_of_model(self.base_url, self.model, new, job.clock.now())?;
        }
        shift.learned = learned;
        Ok(())
    }

    /// Starts questions until enough are on their way.
    fn fill(
        &self,
        shift: &mut Shift,
        ledger: &mut Ledger,
        job: &Job,
        summary: &mut Summary,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        while shift.may_ask(job) && shift.at_work.len() < self.at_once {
            let case = match shift.again.pop_front() {
                Some(case) => case,
                None => {
                    let Some(order) = shift.orders.next() else {
                        break;
                    };
                    match order.parse() {
                        Ok(lead) => Case::open(order, lead, self.desk, self.model),
                        Err(reject) => {
                            progress.advance(1);
                            let rejected = vec![Ok(Written::new(order, Err(reject)))];
                            self.desk
                                .settle(&mut shift.apart, ledger, rejected, job, summary)?;
                            continue;
                        }
                    }
                }
            };
            self.start(shift, case, ledger, job, summary, progress)?;
        }
        Ok(())
    }

    /// Asks a case's question, unless a run that died has its answer already.
    fn start(
        &self,
        shift: &mut Shift,
        case: Case,
        ledger: &mut Ledger,
        job: &Job,
        summary: &mut Summary,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        let prompt_key = case.question_key(self.model);
        if let Some(kept) = ledger.kept_answer(case.lead_row(), &prompt_key)? {
            let (answer, usage) = kept_answer(kept);
            let next = case.take(answer, usage, self.desk);
            return self.go_on(shift, next, ledger, job, summary, progress);
        }
        let question = Question {
            run: job.run,
            lead: case.lead_row(),
            prompt_key: &prompt_key,
            model: self.model,
        };
        let question = ledger.note_question(&question, job.clock.now())?;
        let writer = Arc::clone(&self.writer);
        shift.at_work.spawn(async move {
            let heard = writer.ask(case.prompt()).await;
            (case, question, heard)
        });
        Ok(())
    }

    /// The next answer; none when nothing is on its way. Once we were asked to end, questions that
    /// only wait for their turn come back unasked.
    async fn next(
        &self,
        shift: &mut Shift,
        job: &Job,
    ) -> anyhow::Result<Option<(Case, i64, Heard)>> {
        loop {
            tokio::select! {
                joined = shift.at_work.join_next() => {
                    return joined.transpose().context("a writing task failed");
                }
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if job.stop.requested() {
                        self.writer.close();
                    }
                }
            }
        }
    }

    /// Stores an answer the moment it is there, and counts what it took.
    fn record(
        &self,
        ledger: &mut Ledger,
        question: i64,
        heard: &Heard,
        job: &Job,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let usage = heard.usage;
        let (outcome, answer) = match &heard.result {
            Ok(content) => (LlmOutcome::Answered, content.clone()),
            Err(WriteError::Unusable(why @ writer::Unusable::Unanswered(..))) => {
                (LlmOutcome::Unanswered, why.to_string())
            }
            Err(WriteError::Unusable(why)) if why.may_be_asked_again() => {
                (LlmOutcome::Again, why.to_string())
            }
            Err(WriteError::Unusable(why)) => (LlmOutcome::Unusable, why.to_string()),
            Err(error) => (LlmOutcome::Unanswered, error.to_string()),
        };
        let cost = self.writer.cost_of(usage);
        let answered = LlmAnswered {
            outcome,
            answer,
            requests: usage.requests,
            lost: usage.lost,
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            cost_usd_micros: cost,
        };
        ledger.record_answer(question, &answered, job.clock.now())?;
        let tokens = i64::try_from(usage.tokens()).unwrap_or(i64::MAX);
        summary.add("requests", i64::from(usage.requests));
        summary.add("tokens", tokens);
        if usage.lost > 0 {
            summary.add("requests_lost", i64::from(usage.lost));
        }
        if let Some(cost) = cost {
            summary.add("cost_usd_micros", i64::try_from(cost).unwrap_or(i64::MAX));
        }
        Ok(())
    }

    /// The answer to this question; none where the trouble is not about it: then the run ends.
    fn judge_error(
        &self,
        shift: &mut Shift,
        heard: Heard,
        summary: &mut Summary,
    ) -> Option<Answer> {
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

    /// What follows from an answer: another question, or texts to be stored.
    fn go_on(
        &self,
        shift: &mut Shift,
        next: Next,
        ledger: &mut Ledger,
        job: &Job,
        summary: &mut Summary,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        let written = match next {
            Next::Ask(case) => {
                shift.again.push_back(*case);
                return Ok(());
            }
            Next::Store(order, texts) => {
                match self.compare(shift, ledger, order, *texts, summary)? {
                    Some(written) => written,
                    None => return Ok(()),
                }
            }
            Next::WriteInstead(case) => {
                summary.count("fell_back_to_templates");
                let (order, result) = self.write_instead(*case);
                result.map(|texts| Written::new(order, Ok(texts)))
            }
        };
        progress.advance(1);
        self.desk
            .settle(&mut shift.apart, ledger, vec![written], job, summary)
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
        let sender = &self.desk.brand.sender;
        let Some(neighbour) = shift.apart.neighbour(ledger, &order, &texts, sender)? else {
            return Ok(Some(Ok(Written::new(order, Ok(texts)))));
        };
        let is_first = order.tried.n_close == 0;
        order.tried.tokens = texts.tokens;
        let order = order.once_more(texts.drafts);
        if neighbour.is_colleague && is_first {
            let case = Case::open(order, texts.lead, self.desk, self.model);
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
    fn write_instead(&self, case: Case) -> (Order, anyhow::Result<Texts>) {
        tracing::warn!(
            "{}: {}; the built-in templates write it",
            case.record_id(),
            case.why()
        );
        let (mut order, lead, best, tokens) = case.into_parts();
        order.tried.tokens = tokens;
        order.tried.has_model_failed = true;
        let written = self.desk.write_from_templates(&order, lead);
        let result = match (written, best) {
            (Ok(texts), Some(best))
                if !texts.judgement.pass && best.judgement.score > texts.judgement.score =>
            {
                Ok(best)
            }
            (Err(_), Some(best)) => Ok(best),
            (written, _) => written,
        };
        (order, result)
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
