//! Language models: what they can do, what they were asked, and what came back at which price.
//!
//! A question is noted before it leaves and its answer the moment it arrives, both in transactions
//! of their own: whenever a run dies, the next one asks again only what was on its way. The schema
//! ties the rows to the campaign in the transaction that stores it.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension;

use super::{Ledger, instant, seconds};

/// A text that is about to be asked for.
pub struct Question<'a> {
    /// The run that asks.
    pub run: i64,
    /// The lead's row id.
    pub lead: i64,
    /// Hash of model and prompt.
    pub prompt_key: &'a str,
    /// The model's name.
    pub model: &'a str,
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a text.
    Answered,
    /// With none; asking again in other words may help.
    Again,
    /// With none; asking again does not help.
    Unusable,
    /// Nothing came back.
    Unanswered,
}

impl Outcome {
    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Again => "again",
            Outcome::Unusable => "unusable",
            Outcome::Unanswered => "unanswered",
        }
    }

    fn of_word(word: &str) -> Outcome {
        match word {
            "answered" => Outcome::Answered,
            "again" => Outcome::Again,
            "unusable" => Outcome::Unusable,
            _ => Outcome::Unanswered,
        }
    }
}

/// What a question came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// How it ended.
    pub outcome: Outcome,
    /// The text, or why there is none.
    pub answer: String,
    /// HTTP requests made.
    pub requests: u32,
    /// How many of them may have been paid for although no answer came.
    pub lost: u32,
    /// Tokens sent.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Millionths of a dollar; none when the price is not known.
    pub cost_usd_micros: Option<u64>,
}

impl Ledger {
    /// Notes a question before it leaves; the answer is its row id.
    pub fn note_question(
        &mut self,
        question: &Question<'_>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<i64> {
        let sql = "INSERT INTO llm_requests (run_id, lead_id, prompt_key, model, outcome, asked_at)
                   VALUES (?1, ?2, ?3, ?4, 'asked', ?5) RETURNING id";
        let Question {
            run,
            lead,
            prompt_key,
            model,
        } = question;
        self.conn
            .prepare_cached(sql)?
            .query_row((run, lead, prompt_key, model, seconds(now)), |row| {
                row.get(0)
            })
            .context("cannot note a question to the language model")
    }

    /// Records what a question came to. Rows without any request are dropped: nobody was asked.
    pub fn record_answer(
        &mut self,
        question: i64,
        answered: &Answered,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        if answered.requests == 0 && answered.outcome == Outcome::Unanswered {
            let sql = "DELETE FROM llm_requests WHERE id = ?1";
            self.conn
                .prepare_cached(sql)?
                .execute([question])
                .context("cannot drop a question that was not asked")?;
            return Ok(());
        }
        let sql = "UPDATE llm_requests SET outcome = ?2, answer = ?3, requests = ?4, lost = ?5,
                          prompt_tokens = ?6, completion_tokens = ?7, cost_usd_micros = ?8,
                          answered_at = ?9
                   WHERE id = ?1";
        let cost = answered.cost_usd_micros.map(i64::try_from).transpose()?;
        self.conn
            .prepare_cached(sql)?
            .execute(rusqlite::params![
                question,
                answered.outcome.as_str(),
                answered.answer,
                answered.requests,
                answered.lost,
                i64::try_from(answered.prompt_tokens)?,
                i64::try_from(answered.completion_tokens)?,
                cost,
                seconds(now),
            ])
            .context("cannot record the language model's answer")?;
        Ok(())
    }

    /// What this very question came to before, if its answer has not gone into a campaign yet.
    pub fn kept_answer(&self, lead: i64, prompt_key: &str) -> anyhow::Result<Option<Answered>> {
        let sql = "SELECT outcome, answer, requests, lost, prompt_tokens, completion_tokens,
                          cost_usd_micros
                   FROM llm_requests
                   WHERE lead_id = ?1 AND prompt_key = ?2 AND campaign_id IS NULL
                     AND outcome IN ('answered', 'again', 'unusable') AND answer IS NOT NULL
                   ORDER BY id DESC LIMIT 1";
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        self.conn
            .prepare_cached(sql)?
            .query_row((lead, prompt_key), |row| {
                Ok(Answered {
                    outcome: Outcome::of_word(&row.get::<_, String>(0)?),
                    answer: row.get(1)?,
                    requests: row.get(2)?,
                    lost: row.get(3)?,
                    prompt_tokens: count(row.get(4)?),
                    completion_tokens: count(row.get(5)?),
                    cost_usd_micros: row.get::<_, Option<i64>>(6)?.map(count),
                })
            })
            .optional()
            .context("cannot look for an answer of the language model")
    }

    /// Closes the questions of runs that died before the answer was recorded, and says how many
    /// there were. Only the stage that asks may call it, under its lock.
    pub fn close_lost_questions(&mut self, now: DateTime<Utc>) -> anyhow::Result<usize> {
        let sql = "UPDATE llm_requests SET outcome = 'lost', requests = 1, lost = 1,
                          answered_at = ?1
                   WHERE outcome = 'asked'";
        self.conn
            .execute(sql, [seconds(now)])
            .context("cannot close the questions of an earlier run")
    }

    /// What was learned about a model of a server, as JSON, and when.
    pub fn learned_of_model(
        &self,
        base_url: &str,
        model: &str,
    ) -> anyhow::Result<Option<(String, DateTime<Utc>)>> {
        let sql = "SELECT capabilities, learned_at FROM llm_models
                   WHERE base_url = ?1 AND model = ?2";
        self.conn
            .prepare_cached(sql)?
            .query_row((base_url, model), |row| {
                Ok((row.get(0)?, instant(row.get(1)?)))
            })
            .optional()
            .context("cannot read what was learned about the model")
    }

    /// Keeps what was learned about a model of a server.
    pub fn keep_learned_of_model(
        &mut self,
        base_url: &str,
        model: &str,
        capabilities: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "INSERT INTO llm_models (base_url, model, capabilities, learned_at)
                   VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (base_url, model) DO UPDATE SET
                       capabilities = excluded.capabilities, learned_at = excluded.learned_at";
        self.conn
            .execute(sql, (base_url, model, capabilities, seconds(now)))
            .context("cannot keep what was learned about the model")?;
        Ok(())
    }
}
