//! A language model behind an OpenAI-compatible chat endpoint.
//!
//! Purpose: a prompt in, the text of the answer and its cost out, or a failure with a name.
//! Invariant: it stores nothing and judges nothing; every wait has a deadline; what the server
//! refuses is left out from then on; one request that is told to slow down slows all of them; and
//! neither the key nor a whole answer is ever part of an error.

mod budget;
mod capabilities;
mod error;
mod fit;
mod models;
mod pace;
mod wire;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};

pub use self::budget::Price;
pub use self::error::{Unusable, WriteError};
pub use self::models::price_of;

use self::budget::{Budget, Exhausted};
use self::capabilities::Capabilities;
use self::fit::Request;
use self::pace::{Bounds, Pace, Turn};
use crate::copy::prompt::Prompt;
use crate::tls;

/// Which server and model, and how to ask.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The root of the API, `https://api.openai.com/v1` by default, without a trailing slash.
    pub base_url: String,
    /// The key.
    pub api_key: SecretString,
    /// The model, `gpt-4` by default.
    pub model: String,
    /// 0 to 2.
    pub temperature: f64,
    /// Upper bound of the answer; none leaves it to the server, or to a bound that fits when there
    /// is a budget.
    pub max_tokens: Option<u32>,
    /// What tokens cost; none when nobody knows, and never none with a budget.
    pub price: Option<Price>,
    /// The most dollars that this client may spend.
    pub budget_usd: Option<f64>,
}

/// How long and how often we try.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// To name resolution, TCP and TLS.
    connect: Duration,
    /// To the last byte of one answer; models think before they write.
    total: Duration,
    /// Before the second try; doubled before each further one.
    backoff: Duration,
    /// A server that asks for a longer pause gets it between runs, not within one. Rates are
    /// counted by the minute.
    wait_max: Duration,
    /// Refusals for the rate in a row, with no answer to anybody between them, that end a run.
    refusals_max: u32,
    /// Tries of a request while nobody gets an answer.
    tries_max: u32,
    /// Tries of a request while others do.
    tries_among_answers_max: u32,
}

const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(10),
    total: Duration::from_secs(120),
    backoff: Duration::from_millis(500),
    wait_max: Duration::from_secs(120),
    refusals_max: 8,
    tries_max: 4,
    tries_among_answers_max: 10,
};

/// The most we read of an answer, in bytes. Three mails have a few thousand.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The most we repeat of a server's words, in characters.
const QUOTE_CHARS_MAX: usize = 200;

/// A client for one server and model, shared by concurrent requests. It learns which options the
/// server refuses, keeps to the rate the server allows, and counts what was spent.
pub struct Writer {
    client: Client,
    settings: Settings,
    patience: Patience,
    capabilities: Mutex<Capabilities>,
    pace: Pace,
    budget: Budget,
}

/// What a question came to, and what it took.
#[derive(Debug)]
pub struct Heard {
    /// The text of the answer.
    pub result: Result<String, WriteError>,
    /// What it took, whether or not there is an answer.
    pub usage: Usage,
}

/// What a question took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// HTTP requests made, refused and repeated ones included.
    pub requests: u32,
    /// Requests that may have been paid for although no answer came.
    pub lost: u32,
    /// Tokens sent, as the server counts them; an upper bound when it does not.
    pub prompt_tokens: u64,
    /// Tokens written, likewise.
    pub completion_tokens: u64,
}

impl Usage {
    /// Tokens sent and written.
    pub fn tokens(self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}

/// What one HTTP exchange came to.
enum Exchange {
    /// A JSON body of success, and the headers.
    Body(Vec<u8>, HeaderMap),
    /// Too much at once, or the server names a pause: everybody waits.
    SlowDown(String, HeaderMap),
    /// The same request may succeed after a pause; nothing was paid.
    Failed(String),
    /// The same, but an answer may have been on its way.
    Lost(String),
    /// The server refuses an option; the body says which.
    BadRequest(String),
    /// No repetition mends it.
    Ended(WriteError),
}

impl Writer {
    /// A client; opens no connection. `ca_file` holds further authorities (PEM) to trust.
    pub fn new(settings: Settings, ca_file: Option<PathBuf>) -> anyhow::Result<Writer> {
        Writer::with_patience(settings, ca_file, PATIENCE)
    }

    fn with_patience(
        settings: Settings,
        ca_file: Option<PathBuf>,
        patience: Patience,
    ) -> anyhow::Result<Writer> {
        let url = &settings.base_url;
        let parsed = reqwest::Url::parse(url).ok().filter(|url| url.has_host());
        let scheme = parsed.map(|url| url.scheme().to_string());
        anyhow::ensure!(
            matches!(scheme.as_deref(), Some("https" | "http")),
            "OPENAI_BASE_URL: expected an address like `https://api.openai.com/v1`, found `{url}`"
        );
        let mut authorities = Vec::new();
        if let Some(ca_file) = &ca_file {
            for authority in tls::authorities(ca_file)? {
                authorities.push(Certificate::from_der(&authority.to_der()?)?);
            }
        }
        let client = Client::builder()
            .connect_timeout(patience.connect)
            .timeout(patience.total)
            // A redirect would carry texts about people, and perhaps the key, to somebody else.
            .redirect(redirect::Policy::none())
            .tls_certs_merge(authorities)
            .user_agent(concat!("outreach/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot set up the client for the language model")?;
        // Millionths of a dollar, rounded down; `as` saturates.
        let limit = settings.budget_usd.map(|usd| (usd * 1e6) as u64);
        Ok(Writer {
            client,
            capabilities: Mutex::new(models::begin_with(&settings.model)),
            pace: Pace::new(Bounds {
                backoff: patience.backoff,
                wait_max: patience.wait_max,
                refusals_max: patience.refusals_max,
            }),
            budget: Budget::new(limit),
            settings,
            patience,
        })
    }

    /// Takes up what an earlier run learned, as [`Writer::learned`] gave it. What does not read as
    /// such is left alone: it is learned again.
    pub fn recall(&self, learned: &str) {
        if let Ok(learned) = serde_json::from_str::<Capabilities>(learned) {
            self.learn(learned);
        }
    }

    /// What the server taught beyond what is known of the model, as JSON; none when nothing.
    pub fn learned(&self) -> Option<String> {
        let capabilities = self.capabilities();
        let is_new = capabilities != models::begin_with(&self.settings.model);
        is_new.then(|| serde_json::to_string(&capabilities).ok())?
    }

    /// Lets no further request leave; those on their way may finish.
    pub fn close(&self) {
        self.pace.close();
    }

    /// Asks a question. A refused option is left out and the rest asked again, a passing failure is
    /// tried again after a pause; the number of requests is bounded.
    pub async fn ask(&self, prompt: &Prompt) -> Heard {
        let mut usage = Usage::default();
        let result = self.ask_until_answered(prompt, &mut usage).await;
        Heard { result, usage }
    }

    async fn ask_until_answered(
        &self,
        prompt: &Prompt,
        usage: &mut Usage,
    ) -> Result<String, WriteError> {
        let mut failures = 0;
        let mut answers_before = None;
        let mut pause = self.patience.backoff;
        loop {
            let capabilities = self.capabilities();
            let request = Request::of(&self.settings, &capabilities, prompt);
            let request = request.map_err(WriteError::Unusable)?;
            let worst = self.cost(request.prompt_tokens, request.answer_tokens);
            let reserved = self.budget.reserve(worst.unwrap_or(0)).await;
            let reserved = reserved.map_err(|exhausted| self.over_budget(&exhausted))?;
            let turn = self.pace.enter().await.map_err(|_| WriteError::Closed)?;
            usage.requests += 1;
            let why = match self.exchange(self.post(&request)).await {
                Exchange::Body(body, headers) => {
                    let reply = wire::parse_reply(&body);
                    let (sent, written) = reply.tokens.unwrap_or_else(|| request.tokens_of(&body));
                    turn.answered(&headers, request.prompt_tokens + request.answer_tokens);
                    reserved.pay(self.cost(sent, written).unwrap_or(0));
                    usage.prompt_tokens += sent;
                    usage.completion_tokens += written;
                    return reply.content.map_err(WriteError::Unusable);
                }
                Exchange::BadRequest(body) => {
                    // Each step leaves an option out for good, so this ends.
                    let left = capabilities.without_what_is_refused(&body);
                    let left = left.ok_or_else(|| {
                        WriteError::Unusable(Unusable::Rejected(quote(&wire::error_message(&body))))
                    })?;
                    self.learn(left);
                    continue;
                }
                Exchange::SlowDown(why, headers) => {
                    slow_down(&turn, &headers, why)?;
                    continue;
                }
                Exchange::Failed(why) => why,
                Exchange::Lost(why) => {
                    reserved.pay_worst();
                    usage.lost += 1;
                    why
                }
                Exchange::Ended(error) => return Err(error),
            };
            drop(turn);
            failures += 1;
            let before = *answers_before.get_or_insert_with(|| self.pace.answers());
            self.may_try_again(failures, self.pace.answers() > before, why)?;
            let rested = self.pace.rest(pause).await;
            rested.map_err(|_| WriteError::Closed)?;
            pause = pause.saturating_mul(2).min(self.patience.wait_max / 4);
        }
    }

    /// Whether a question that failed so often may be asked again. While others get answers the
    /// server is well, and only this question is given up.
    fn may_try_again(
        &self,
        failures: u32,
        others_are_answered: bool,
        why: String,
    ) -> Result<(), WriteError> {
        if failures >= self.patience.tries_among_answers_max && others_are_answered {
            return Err(WriteError::Unusable(Unusable::Unanswered(failures, why)));
        }
        if failures >= self.patience.tries_max && !others_are_answered {
            return Err(WriteError::Again(why));
        }
        Ok(())
    }

    /// Millionths of a dollar for so many tokens; none when nobody knows the price.
    fn cost(&self, prompt_tokens: u64, completion_tokens: u64) -> Option<u64> {
        let price = self.settings.price?;
        Some(price.usd_micros(prompt_tokens, completion_tokens))
    }

    /// Millionths of a dollar that answers cost; none when nobody knows the price.
    pub fn cost_of(&self, usage: Usage) -> Option<u64> {
        self.cost(usage.prompt_tokens, usage.completion_tokens)
    }

    fn over_budget(&self, exhausted: &Exhausted) -> WriteError {
        let usd = |micros: u64| format!("{:.4}", micros as f64 / 1e6);
        let (paid, worst) = (usd(exhausted.paid), usd(exhausted.worst));
        let limit = self.settings.budget_usd.unwrap_or_default();
        if exhausted.paid == 0 {
            return WriteError::BudgetTooSmall(format!(
                "expected room for one request, which may cost {worst} dollars, found `{limit}`"
            ));
        }
        WriteError::Budget(format!(
            "{paid} of {limit} dollars are spent, and the next request may cost {worst}"
        ))
    }

    /// Whether the server answers, the key is taken and the model is known: a sentence for
    /// `doctor`.
    pub async fn check(&self) -> anyhow::Result<String> {
        let Settings {
            base_url, model, ..
        } = &self.settings;
        let request = self.client.get(format!("{base_url}/models"));
        let body = match self.exchange(request).await {
            Exchange::Body(body, _) => body,
            Exchange::Ended(error) => return Err(error.into()),
            Exchange::SlowDown(why, _) | Exchange::Failed(why) | Exchange::Lost(why) => {
                return Err(WriteError::Again(why).into());
            }
            Exchange::BadRequest(body) => {
                anyhow::bail!(
                    "{base_url}/models: the server refuses the request: {}",
                    quote(&body)
                )
            }
        };
        let models = wire::parse_models(&body)
            .with_context(|| format!("{base_url}/models: expected a list of models"))?;
        if models.iter().any(|known| known == model) {
            return Ok(format!("{base_url} answers and knows the model `{model}`"));
        }
        anyhow::bail!(
            "OPENAI_MODEL: {base_url} does not list the model `{}`",
            quote(model)
        )
    }

    fn post(&self, request: &Request) -> reqwest::RequestBuilder {
        let url = format!("{}/chat/completions", self.settings.base_url);
        self.client.post(url).json(&request.body)
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Exchange {
        let request = request.bearer_auth(self.settings.api_key.expose_secret());
        let response = match request.send().await {
            Ok(response) => response,
            // Without a connection nothing was asked.
            Err(error) if error.is_connect() => return Exchange::Failed(network(error)),
            Err(error) => return Exchange::Lost(network(error)),
        };
        let status = response.status();
        let headers = response.headers().clone();
        let body = match read(response).await {
            Ok(body) => body,
            Err(Exchange::Lost(why)) if !status.is_success() => return Exchange::Failed(why),
            Err(exchange) => return exchange,
        };
        if status.is_success() {
            return Exchange::Body(body, headers);
        }
        let text = self.without_key(&String::from_utf8_lossy(&body));
        let why = format!("{status}: {}", quote(&wire::error_message(&text)));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Exchange::Ended(WriteError::Unauthorized(why))
            }
            StatusCode::PAYMENT_REQUIRED => Exchange::Ended(WriteError::Quota(why)),
            StatusCode::TOO_MANY_REQUESTS if wire::is_quota(&text) => {
                Exchange::Ended(WriteError::Quota(why))
            }
            StatusCode::TOO_MANY_REQUESTS => Exchange::SlowDown(why, headers),
            StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => Exchange::Failed(why),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Exchange::BadRequest(text)
            }
            status if status.is_server_error() => match pace::retry_after(&headers) {
                Some(_) => Exchange::SlowDown(why, headers),
                None => Exchange::Failed(why),
            },
            _ => Exchange::Ended(WriteError::Unusable(Unusable::Rejected(why))),
        }
    }

    /// Servers like to repeat a key they refuse.
    fn without_key(&self, text: &str) -> String {
        let key = self.settings.api_key.expose_secret();
        let text = if key.is_empty() {
            text.to_string()
        } else {
            text.replace(key, "[redacted]")
        };
        let starts = text.find("sk-").and_then(|at| text.get(..at));
        starts.map_or(text.clone(), |before| format!("{before}[redacted]"))
    }

    fn capabilities(&self) -> Capabilities {
        let capabilities = self.capabilities.lock();
        *capabilities.unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to what is known; a concurrent request may have learnt something else meanwhile.
    fn learn(&self, learned: Capabilities) {
        let mut capabilities = self
            .capabilities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *capabilities = capabilities.and(learned);
    }
}

/// Has everybody wait, or ends the run when the pause is too long for one.
fn slow_down(turn: &Turn<'_>, headers: &HeaderMap, why: String) -> Result<(), WriteError> {
    turn.refused(headers).map_err(|pause| {
        let secs = pause.as_secs();
        WriteError::Again(format!("{why} (the pause it takes: {secs} s)"))
    })
}

/// Reads a body up to the limit.
async fn read(mut response: Response) -> Result<Vec<u8>, Exchange> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => {
                let why = format!("expected at most {ANSWER_BYTES_MAX} bytes, found more");
                let why = WriteError::Unusable(Unusable::Rejected(why));
                return Err(Exchange::Ended(why));
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(Exchange::Lost(network(error))),
        }
    }
}

/// A network error with its causes, without the address (which a person may have put a key into).
fn network(error: reqwest::Error) -> String {
    let timed_out = error.is_timeout();
    let error = anyhow::Error::new(error.without_url());
    let prefix = if timed_out { "no answer in time: " } else { "" };
    quote(&format!("{prefix}{error:#}"))
}

/// A server's words on one line, cut.
fn quote(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut quoted: String = text.chars().map(plain).take(QUOTE_CHARS_MAX).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        quoted.push('…');
    }
    quoted.trim().to_string()
}

#[cfg(test)]
mod tests;
