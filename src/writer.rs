//! A language model behind an OpenAI-compatible chat endpoint.
//!
//! Purpose: one request per campaign, three drafts back, or a failure with a name.
//! Invariant: it returns only what parses as the drafts asked for; it stores nothing and judges
//! nothing. Every wait has a deadline, and neither the key nor a whole answer is ever part of an
//! error.

mod wire;

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};

use self::wire::Dialect;
use crate::copy::Draft;
use crate::copy::prompt::{self, Prompt};
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
    /// Upper bound of the answer; none leaves it to the server.
    pub max_tokens: Option<u32>,
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
    /// A server that asks for a longer pause gets it between runs, not within one.
    backoff_max: Duration,
    /// Tries of one request that failed for a passing reason.
    tries_max: u32,
}

const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(10),
    total: Duration::from_secs(120),
    backoff: Duration::from_millis(500),
    backoff_max: Duration::from_secs(30),
    tries_max: 4,
};

/// The most we read of an answer, in bytes. Three mails have a few thousand.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The most we repeat of a server's words, in characters.
const QUOTE_CHARS_MAX: usize = 200;

/// A client for one server and model. It learns which options the server refuses and leaves them
/// out from then on; it may be shared by concurrent requests.
pub struct Writer {
    client: Client,
    settings: Settings,
    patience: Patience,
    dialect: Mutex<Dialect>,
}

/// The drafts of one campaign and what they cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// One draft a step, in the order asked for.
    pub drafts: Vec<Draft>,
    /// Tokens sent, as the server counts them; 0 when it does not say.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Requests made, refused and repeated ones included.
    pub requests: u32,
}

/// Why there is no answer. The texts are one line without the key.
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
    /// An answer came that is no campaign: refused, filtered, cut off, or not in the form asked
    /// for.
    #[error("the answer of the language model cannot be used: {0}")]
    Unusable(String),
}

/// What one HTTP exchange came to.
enum Exchange {
    /// A JSON body of success.
    Body(Vec<u8>),
    /// The same request may succeed after a pause, of the length the server asked for if it did.
    Pause(String, Option<Duration>),
    /// The server refuses an option; the body says which.
    BadRequest(String),
    Failed(WriteError),
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
        Ok(Writer {
            client,
            settings,
            patience,
            dialect: Mutex::new(Dialect::default()),
        })
    }

    /// Asks for the drafts of one campaign. At most a few requests: a refused option is left out
    /// and the rest asked again, a passing failure is tried again after a pause.
    pub async fn write(&self, prompt: &Prompt, steps: &[&str]) -> Result<Answer, WriteError> {
        let mut requests = 0;
        let mut failures = 0;
        let mut pause = self.patience.backoff;
        loop {
            let dialect = self.dialect();
            requests += 1;
            match self.ask(&dialect.request(&self.settings, prompt)).await {
                Exchange::Body(body) => {
                    let reply = wire::parse_reply(&body).map_err(WriteError::Unusable)?;
                    let drafts = prompt::parse_answer(&reply.content, steps)
                        .map_err(|error| WriteError::Unusable(quote(&format!("{error:#}"))))?;
                    let wire::Reply {
                        prompt_tokens,
                        completion_tokens,
                        ..
                    } = reply;
                    return Ok(Answer {
                        drafts,
                        prompt_tokens,
                        completion_tokens,
                        requests,
                    });
                }
                Exchange::BadRequest(body) => {
                    // Each step down leaves an option out for good, so this ends.
                    let simpler = dialect.without_what_is_refused(&body);
                    let simpler = simpler.ok_or_else(|| {
                        WriteError::Unusable(format!(
                            "the server refuses the request: {}",
                            quote(&body)
                        ))
                    })?;
                    self.learn(dialect, simpler);
                }
                Exchange::Pause(why, asked) => {
                    failures += 1;
                    let wait = asked.unwrap_or(pause);
                    if failures >= self.patience.tries_max || wait > self.patience.backoff_max {
                        return Err(WriteError::Again(why));
                    }
                    tokio::time::sleep(wait).await;
                    pause = pause.saturating_mul(2).min(self.patience.backoff_max);
                }
                Exchange::Failed(error) => return Err(error),
            }
        }
    }

    /// Whether the server answers, the key is taken and the model is known: a sentence for
    /// `doctor`.
    pub async fn check(&self) -> anyhow::Result<String> {
        let Settings {
            base_url, model, ..
        } = &self.settings;
        let request = self.client.get(format!("{base_url}/models"));
        let body = match self.exchange(request).await {
            Exchange::Body(body) => body,
            Exchange::Failed(error) => return Err(error.into()),
            Exchange::Pause(why, _) => return Err(WriteError::Again(why).into()),
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

    async fn ask(&self, request: &serde_json::Value) -> Exchange {
        let url = format!("{}/chat/completions", self.settings.base_url);
        self.exchange(self.client.post(url).json(request)).await
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Exchange {
        let request = request.bearer_auth(self.settings.api_key.expose_secret());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Exchange::Pause(network(error), None),
        };
        let status = response.status();
        let asked = retry_after(response.headers());
        let body = match read(response).await {
            Ok(body) => body,
            Err(exchange) => return exchange,
        };
        if status.is_success() {
            return Exchange::Body(body);
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        let why = format!("{status}: {}", quote(&wire::error_message(&text)));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Exchange::Failed(WriteError::Unauthorized(self.without_key(&why)))
            }
            StatusCode::PAYMENT_REQUIRED => Exchange::Failed(WriteError::Quota(why)),
            StatusCode::TOO_MANY_REQUESTS if wire::is_quota(&text) => {
                Exchange::Failed(WriteError::Quota(why))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => {
                Exchange::Pause(why, asked)
            }
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Exchange::BadRequest(self.without_key(&text))
            }
            status if status.is_server_error() => Exchange::Pause(why, asked),
            _ => Exchange::Failed(WriteError::Unusable(self.without_key(&why))),
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

    fn dialect(&self) -> Dialect {
        match self.dialect.lock() {
            Ok(dialect) => *dialect,
            Err(poisoned) => *poisoned.into_inner(),
        }
    }

    /// Remembers what the server refuses, unless a concurrent request has learnt more meanwhile.
    fn learn(&self, from: Dialect, to: Dialect) {
        let mut dialect = match self.dialect.lock() {
            Ok(dialect) => dialect,
            Err(poisoned) => poisoned.into_inner(),
        };
        *dialect = if *dialect == from {
            to
        } else {
            dialect.simpler_of(to)
        };
    }
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
                return Err(Exchange::Failed(WriteError::Unusable(why)));
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(Exchange::Pause(network(error), None)),
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

/// The pause a server asks for in seconds (RFC 9110, 10.2.3); the form with a date is not used by
/// servers of this kind and is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Duration::try_from_secs_f64(seconds).ok()
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
