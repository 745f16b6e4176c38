//! Language models: what they can do, what they were asked, and what came back at which price.
//!
//! A question is noted before it leaves and its answer the moment it arrives, both in transactions
//! of their own: whenever a run dies, the next one asks again only what was on its way. The schema
//! ties the rows to the campaign in the transaction that stores it.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::{Ledger, instant, seconds};

/// A text that is about to be asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// The run that asks.
    pub run: i64,
    /// The lead's row id.
    pub lead: i64,
    /// The campaign's row id where it exists already; a question about a text that is still to be
    /// written has none.
    pub campaign: Option<i64>,
    /// Hash of model and prompt.
    pub prompt_key: String,
    /// The model's name.
    pub model: String,
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
    /// Notes questions before they leave, all in one transaction; the answer are their row ids.
    pub fn note_questions(
        &mut self,
        questions: &[Question],
        now: DateTime<Utc>,
    ) -> anyhow::Result<Vec<i64>> {
        let sql = "INSERT INTO llm_requests (run_id, lead_id, campaign_id, prompt_key, model,
                       outcome, asked_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, 'asked', ?6) RETURNING id";
        let tx = self.begin()?;
        let mut ids = Vec::new();
        for question in questions {
            let Question {
                run,
                lead,
                campaign,
                prompt_key,
                model,
            } = question;
            let values = (run, lead, campaign, prompt_key, model, seconds(now));
            let id = tx
                .prepare_cached(sql)?
                .query_row(values, |row| row.get(0))
                .context("cannot note a question to the language model")?;
            ids.push(id);
        }
        tx.commit()
            .context("cannot note the questions to the language model")?;
        Ok(ids)
    }

    /// Records what questions came to, by their row ids, all in one transaction. One without any
    /// request is dropped: nobody was asked.
    pub fn record_answers(
        &mut self,
        answers: &[(i64, Answered)],
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let tx = self.begin()?;
        for (question, answered) in answers {
            record(&tx, *question, answered, now)?;
        }
        tx.commit()
            .context("cannot record the language model's answers")
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

    /// What a model said to this very question about a mail of a campaign.
    pub fn heard(&self, campaign: i64, prompt_key: &str) -> anyhow::Result<Option<String>> {
        let sql = "SELECT answer FROM llm_requests
                   WHERE campaign_id = ?1 AND prompt_key = ?2 AND outcome = 'answered'
                     AND answer IS NOT NULL
                   ORDER BY id DESC LIMIT 1";
        self.conn
            .prepare_cached(sql)?
            .query_row((campaign, prompt_key), |row| row.get(0))
            .optional()
            .context("cannot look for an answer of the language model")
    }

    /// Closes the questions of a stage's runs that died before the answer was recorded, and says
    /// how many there were. Only that stage may call it, under its lock.
    pub fn close_lost_questions(
        &mut self,
        stage: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<usize> {
        let sql = "UPDATE llm_requests SET outcome = 'lost', requests = 1, lost = 1,
                          answered_at = ?2
                   WHERE outcome = 'asked' AND run_id IN (SELECT id FROM runs WHERE stage = ?1)";
        self.conn
            .execute(sql, (stage, seconds(now)))
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

fn record(
    conn: &Connection,
    question: i64,
    answered: &Answered,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if answered.requests == 0 && answered.outcome == Outcome::Unanswered {
        let sql = "DELETE FROM llm_requests WHERE id = ?1";
        conn.prepare_cached(sql)?
            .execute([question])
            .context("cannot drop a question that was not asked")?;
        return Ok(());
    }
    let sql = "UPDATE llm_requests SET outcome = ?2, answer = ?3, requests = ?4, lost = ?5,
                      prompt_tokens = ?6, completion_tokens = ?7, cost_usd_micros = ?8,
                      answered_at = ?9
               WHERE id = ?1";
    let cost = answered.cost_usd_micros.map(i64::try_from).transpose()?;
    conn.prepare_cached(sql)?
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> DateTime<Utc> {
        instant(1_770_000_000 + secs)
    }

    /// A ledger with a run and the leads 1 and 2.
    fn book() -> (Ledger, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&dir.path().join("ledger.db"), at(0)).unwrap();
        ledger.start_run("generate", at(0)).unwrap();
        let sql = "INSERT INTO leads (id, record_id, source, fields, fingerprint, full_name,
                       company, verdict, first_read_at, changed_at)
                   VALUES (?1, 'rec' || ?1, 'file', '{}', '', 'Ada', 'Firm', 'eligible', 0, 0)";
        for id in [1, 2] {
            ledger.conn.execute(sql, [id]).unwrap();
        }
        (ledger, dir)
    }

    fn ask(ledger: &mut Ledger, lead: i64, prompt_key: &str) -> i64 {
        let question = Question {
            run: 1,
            lead,
            campaign: None,
            prompt_key: prompt_key.to_string(),
            model: "gpt-4".to_string(),
        };
        ledger.note_questions(&[question], at(1)).unwrap()[0]
    }

    fn answered(outcome: Outcome, requests: u32, cost: Option<u64>) -> Answered {
        Answered {
            outcome,
            answer: "text".to_string(),
            requests,
            lost: 0,
            prompt_tokens: 300,
            completion_tokens: 200,
            cost_usd_micros: cost,
        }
    }

    fn store_campaign(ledger: &Ledger, id: i64, lead: i64) {
        let sql = "INSERT INTO campaigns (id, campaign_id, lead_id, company, state, stop_reason,
                       sequence, writer, quality_score, zone, zone_reason, country, created_at,
                       updated_at, finished_at)
                   VALUES (?1, 'c' || ?1, ?2, 'Firm', 'stopped', 'by_person', '{}', 'model:x', 90,
                       'UTC', '', 'US', 0, 0, 0)";
        ledger.conn.execute(sql, (id, lead)).unwrap();
    }

    fn text(ledger: &Ledger, query: &str) -> String {
        let sql = format!("SELECT group_concat(row, ' ') FROM ({query})");
        let found: Option<String> = ledger.conn.query_row(&sql, (), |row| row.get(0)).unwrap();
        found.unwrap_or_default()
    }

    #[test]
    fn an_answer_is_found_again_until_its_campaign_is_stored() {
        let (mut ledger, _dir) = book();
        let question = ask(&mut ledger, 1, "k");
        assert_eq!(
            ledger.kept_answer(1, "k").unwrap(),
            None,
            "nothing came yet"
        );
        let kept = answered(Outcome::Answered, 1, Some(70));
        ledger
            .record_answers(&[(question, kept.clone())], at(2))
            .unwrap();
        assert_eq!(ledger.kept_answer(1, "k").unwrap(), Some(kept));
        assert_eq!(ledger.kept_answer(1, "other").unwrap(), None);
        assert_eq!(ledger.kept_answer(2, "k").unwrap(), None);
        store_campaign(&ledger, 7, 1);
        assert_eq!(ledger.kept_answer(1, "k").unwrap(), None);
        let row = "SELECT campaign_id || coalesce(answer, '-') AS row FROM llm_requests";
        assert_eq!(text(&ledger, row), "7-", "the text is kept once");
    }

    #[test]
    fn a_campaign_takes_over_what_its_answers_took() {
        let (mut ledger, _dir) = book();
        for (lead, requests, cost) in [(1, 2, Some(70)), (1, 1, Some(30)), (2, 5, Some(900))] {
            let question = ask(&mut ledger, lead, "k");
            let answered = answered(Outcome::Again, requests, cost);
            ledger
                .record_answers(&[(question, answered.clone())], at(2))
                .unwrap();
        }
        store_campaign(&ledger, 7, 1);
        let row = "SELECT llm_requests || ':' || coalesce(cost_usd_micros, '-') AS row
                   FROM campaigns ORDER BY id";
        assert_eq!(text(&ledger, row), "3:100");
        let question = ask(&mut ledger, 1, "anew");
        let anew = answered(Outcome::Answered, 1, Some(11));
        ledger
            .record_answers(&[(question, anew.clone())], at(2))
            .unwrap();
        let rewrite = "UPDATE campaigns SET rewrites = rewrites + 1 WHERE id = 7";
        ledger.conn.execute(rewrite, ()).unwrap();
        ledger.conn.execute(rewrite, ()).unwrap();
        assert_eq!(text(&ledger, row), "4:111", "each answer once");
        let question = ask(&mut ledger, 2, "k2");
        let free = answered(Outcome::Answered, 1, None);
        ledger
            .record_answers(&[(question, free.clone())], at(2))
            .unwrap();
        store_campaign(&ledger, 8, 2);
        store_campaign(&ledger, 9, 2);
        assert_eq!(text(&ledger, row), "4:111 6:900 0:-");
    }

    #[test]
    fn what_a_dead_run_asked_is_counted_as_lost_once() {
        let (mut ledger, _dir) = book();
        let known = ask(&mut ledger, 1, "k");
        let unasked = ask(&mut ledger, 1, "unasked");
        ask(&mut ledger, 2, "k");
        let nothing = Answered {
            prompt_tokens: 0,
            completion_tokens: 0,
            ..answered(Outcome::Unanswered, 0, None)
        };
        ledger
            .record_answers(&[(unasked, nothing.clone())], at(2))
            .unwrap();
        let unanswered = answered(Outcome::Unanswered, 4, None);
        ledger
            .record_answers(&[(known, unanswered.clone())], at(2))
            .unwrap();
        assert_eq!(ledger.kept_answer(1, "k").unwrap(), None, "ask again");
        assert_eq!(ledger.close_lost_questions("scan", at(9)).unwrap(), 0);
        assert_eq!(ledger.close_lost_questions("generate", at(9)).unwrap(), 1);
        assert_eq!(ledger.close_lost_questions("generate", at(9)).unwrap(), 0);
        let row = "SELECT outcome || requests || lost AS row FROM llm_requests ORDER BY id";
        assert_eq!(text(&ledger, row), "unanswered40 lost11");
    }

    #[test]
    fn what_was_learned_is_kept_by_server_and_model() {
        let (mut ledger, _dir) = book();
        for (learned, secs) in [("{}", 1), ("{\"format\":\"plain\"}", 5)] {
            ledger
                .keep_learned_of_model("http://a/v1", "m", learned, at(secs))
                .unwrap();
        }
        let found = ledger.learned_of_model("http://a/v1", "m").unwrap();
        assert_eq!(found, Some(("{\"format\":\"plain\"}".to_string(), at(5))));
        assert_eq!(ledger.learned_of_model("http://b/v1", "m").unwrap(), None);
        assert_eq!(ledger.learned_of_model("http://a/v1", "n").unwrap(), None);
    }
}
