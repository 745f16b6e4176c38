//! What a language model makes of answers, where RESPONSE_CLASSIFIER asks for one.
//!
//! Asked about are answers of people to messages of ours, and nothing else that lies in the inbox.
//! Each question is noted before it leaves and its answer the moment it arrives, so that a run that
//! dies pays again only for what was on its way. Where the model does not answer, the rules' word
//! stands: a mail that stops a campaign never waits for a model.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::{Context, anyhow};
use outreach::config::Config;
use outreach::copy::prompt::Prompt;
use outreach::inbound::{self, Kind};
use outreach::ledger::{Ledger, NewInbound, Question};
use outreach::writer::{self, Heard, WriteError, Writer};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::exit::Failure;
use crate::model;
use crate::run::{Job, Summary};

/// How often we look whether we were asked to end, while answers are awaited.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A model that is asked what people want.
pub struct Model {
    writer: Arc<Writer>,
    settings: writer::Settings,
    at_once: usize,
    /// Mail is read in calls that block, so the questions have a runtime of their own.
    runtime: Option<Runtime>,
    learned: Option<String>,
    /// The server, the key or the budget: nothing more is asked in this run.
    is_over: bool,
}

impl Drop for Model {
    /// A runtime must not wait for its threads within another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What is done with an answer: which mail of the batch it is about, and the question's row.
type Take<'a> = &'a mut dyn FnMut(&mut Model, (usize, i64, Heard)) -> anyhow::Result<()>;

/// An answer of a person that is asked about.
struct Case {
    /// Which mail of the batch.
    mail: usize,
    prompt: Prompt,
    question: Question,
}

impl Model {
    /// A model as configured.
    pub fn new(
        config: &Config,
        settings: &writer::Settings,
        ledger: &mut Ledger,
        job: &Job,
    ) -> Result<Model, Failure> {
        let writer = Writer::new(settings.clone(), config.tls_ca_file.clone());
        let writer = writer.map_err(Failure::config)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the asynchronous runtime")?;
        ledger.close_lost_questions("scan", job.clock.now())?;
        let learned = model::recall(&writer, settings, ledger, job.clock.now())?;
        Ok(Model {
            writer: Arc::new(writer),
            settings: settings.clone(),
            at_once: config.llm_concurrency as usize,
            runtime: Some(runtime),
            learned,
            is_over: false,
        })
    }

    /// Asks about every answer of a person among these mails.
    pub fn hear(
        &mut self,
        ledger: &mut Ledger,
        mails: &mut [NewInbound],
        job: &Job,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let cases = self.cases(ledger, mails, job)?;
        if cases.is_empty() {
            return Ok(());
        }
        let questions: Vec<Question> = cases.iter().map(|case| case.question.clone()).collect();
        let ids = ledger.note_questions(&questions, job.clock.now())?;
        let asked = cases.into_iter().zip(ids);
        self.ask(asked.collect(), job, &mut |this, (mail, id, heard)| {
            let answered = model::answered(&this.writer, &heard);
            model::count(summary, &answered);
            ledger.record_answers(&[(id, answered)], job.clock.now())?;
            this.take(mails.get_mut(mail), heard, summary);
            Ok(())
        })?;
        let (before, now) = (self.learned.as_ref(), job.clock.now());
        self.learned = model::keep_learned(&self.writer, &self.settings, before, ledger, now)?;
        Ok(())
    }

    /// The questions that are not answered yet. What a run that died was told already is taken up.
    fn cases(
        &self,
        ledger: &Ledger,
        mails: &mut [NewInbound],
        job: &Job,
    ) -> anyhow::Result<Vec<Case>> {
        let mut cases = Vec::new();
        if self.is_over {
            return Ok(cases);
        }
        for (at, mail) in mails.iter_mut().enumerate() {
            let inbound = &mut mail.inbound;
            let is_person = matches!(inbound.kind, Kind::HumanReply | Kind::Other)
                && inbound.sentiment.is_some()
                && !inbound.reply_text.trim().is_empty();
            if !is_person || inbound.own {
                continue;
            }
            let Some(answered) = ledger.message_answered_by(inbound, job.clock.now())? else {
                continue;
            };
            let prompt = inbound::question(inbound);
            let prompt_key = prompt.key(&self.settings.model);
            if let Some(heard) = ledger.heard(answered.campaign, &prompt_key)? {
                // Whether it could be used was told when it came.
                let _ = inbound::heed(inbound, &heard);
                continue;
            }
            let question = Question {
                run: job.run,
                lead: answered.lead,
                campaign: Some(answered.campaign),
                prompt_key,
                model: self.settings.model.clone(),
            };
            cases.push(Case {
                mail: at,
                prompt,
                question,
            });
        }
        Ok(cases)
    }

    /// Asks so many at once as allowed, on a thread whose only business this is, and hands on each
    /// answer the moment it is there. Once we were asked to end, questions that only wait for their
    /// turn come back unasked.
    fn ask(&mut self, cases: Vec<(Case, i64)>, job: &Job, take: Take<'_>) -> anyhow::Result<()> {
        let Some(runtime) = self.runtime.take() else {
            return Ok(());
        };
        let (to_here, from_there) = std::sync::mpsc::channel();
        let places = Arc::new(Semaphore::new(self.at_once.max(1)));
        let mut tasks = JoinSet::new();
        for (case, id) in cases {
            let (writer, places) = (Arc::clone(&self.writer), Arc::clone(&places));
            let to_here = to_here.clone();
            let asking = async move {
                let _place = places.acquire().await;
                let heard = writer.ask(&case.prompt).await;
                // Nobody listens any more when the run failed meanwhile.
                let _ = to_here.send((case.mail, id, heard));
            };
            tasks.spawn_on(asking, runtime.handle());
        }
        drop(to_here);
        let result = std::thread::scope(|scope| {
            let thread = scope.spawn(|| runtime.block_on(tasks.join_all()));
            let mut taken = Ok(());
            loop {
                match from_there.recv_timeout(LOOK_EVERY) {
                    Ok(heard) => taken = taken.and_then(|()| take(self, heard)),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                if job.stop.requested() || taken.is_err() {
                    self.writer.close();
                }
            }
            let panicked = |_| anyhow!("the questions to the language model panicked");
            thread.join().map_err(panicked)?;
            taken
        });
        self.runtime = Some(runtime);
        result
    }

    /// Takes the model's word for a mail; without a usable one the rules' stands.
    fn take(&mut self, mail: Option<&mut NewInbound>, heard: Heard, summary: &mut Summary) {
        let Some(mail) = mail else { return };
        let why = match heard.result {
            Ok(answer) => match inbound::heed(&mut mail.inbound, &answer) {
                Ok(()) => return summary.count("heard_by_model"),
                Err(error) => error,
            },
            Err(error) => {
                if !matches!(error, WriteError::Unusable(_)) && !self.is_over {
                    self.is_over = true;
                    tracing::warn!("the rules say what answers want from here on: {error:#}");
                }
                error.into()
            }
        };
        summary.count("heard_by_rules");
        let uid = mail.uid;
        tracing::warn!("mail {uid}: {why:#}; the rules say what it wants");
    }
}
