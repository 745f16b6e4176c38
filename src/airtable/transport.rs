//! One call, at the base's rate, tried again while the failure may pass.

use std::time::Duration;

use anyhow::{Context, anyhow};
use backon::{ExponentialBuilder, Retryable};
use reqwest::{Method, Response, StatusCode, Url, header};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::wire::{self, Kind};
use super::{ApiError, Client};

/// The largest answer that is read. A page of 100 records with full long texts stays below it.
const ANSWER_BYTES_MAX: usize = 64_000_000;

/// What is asked.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Json>,
}

impl Request {
    /// A question without a body.
    pub(super) fn get(url: Url) -> Request {
        Request {
            method: Method::GET,
            url,
            body: None,
        }
    }
}

/// Why a call gave nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may succeed later, after `wait` if the server or its rules named a time.
    Passing {
        why: anyhow::Error,
        wait: Option<Duration>,
    },
    /// It will not, and nothing else will.
    Final(ApiError),
    /// The request was understood and refused; whoever asked may know a better one.
    Rejected(Rejection),
}

/// A refusal in the server's words, cleaned.
#[derive(Clone, Debug)]
pub(super) struct Rejection {
    pub(super) status: u16,
    pub(super) kind: Kind,
    pub(super) message: String,
}

impl Client {
    /// Makes a call. A call whose answer was lost is made again: everything this client asks may be
    /// asked twice.
    pub(super) async fn call<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        (|| self.attempt(request))
            .retry(self.backoff())
            .sleep(tokio::time::sleep)
            .when(|failure: &Failure| match failure {
                Failure::Passing { wait, .. } => wait.unwrap_or_default() <= self.pacing.wait_max,
                Failure::Final(_) | Failure::Rejected(_) => false,
            })
            .adjust(|failure, delay| match failure {
                Failure::Passing {
                    wait: Some(wait), ..
                } => delay.map(|_| *wait),
                _ => delay,
            })
            .notify(|failure, delay| {
                if let Failure::Passing { why, .. } = failure {
                    let wait_secs = delay.as_secs_f64();
                    let why = format!("{why:#}");
                    tracing::info!(wait_secs, why, "asking Airtable again");
                }
            })
            .await
    }

    /// How long to wait before each further try of a call.
    pub(super) fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.pacing.backoff_min)
            .with_max_delay(self.pacing.wait_max)
            .with_max_times(self.pacing.tries_max.saturating_sub(1))
    }

    /// Makes a call once.
    pub(super) async fn attempt<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<T, Failure> {
        self.gate.pass().await;
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone())
            .bearer_auth(self.settings.api_key.expose_secret())
            .timeout(self.pacing.call_timeout);
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let host = request.url.host_str().unwrap_or_default();
        let passing = |err: reqwest::Error| Failure::Passing {
            why: anyhow!(err.without_url()).context(format!("no answer from Airtable at `{host}`")),
            wait: None,
        };
        let response = builder.send().await.map_err(passing)?;
        let status = response.status();
        let retry_after = retry_after(&response);
        let body = read(response).await.map_err(|err| Failure::Passing {
            why: err.context(format!("the answer from Airtable at `{host}` was cut")),
            wait: None,
        })?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| Failure::Passing {
                why: anyhow!(
                    "expected whole JSON from Airtable, found {}",
                    self.excerpt(&body)
                ),
                wait: None,
            });
        }
        Err(self.failure(status, retry_after, &body))
    }

    /// Status first, then type, never the words: these may change.
    fn failure(&self, status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Failure {
        let (kind, message) = wire::error_of(body);
        let rejection = Rejection {
            status: status.as_u16(),
            kind,
            message: self.clean(&message),
        };
        match rejection.status {
            429 if rejection.kind == Kind::QuotaExceeded => {
                Failure::Final(ApiError::QuotaExhausted(format!(
                    "Airtable: the workspace's monthly API calls are used up ({rejection}); wait \
                     for the next month or raise the plan"
                )))
            }
            429 => {
                let wait = retry_after.unwrap_or(self.pacing.rate_limit_wait);
                self.gate.close_for(wait);
                Failure::Passing {
                    why: anyhow!("Airtable asks to slow down ({rejection})"),
                    wait: Some(wait),
                }
            }
            408 | 500.. => Failure::Passing {
                why: anyhow!("Airtable is in trouble ({rejection})"),
                wait: retry_after,
            },
            300..400 => Failure::Final(ApiError::Config(anyhow!(
                "AIRTABLE_API_URL: expected the API at `{}`, found a redirect ({rejection})",
                self.settings.url
            ))),
            _ => Failure::Rejected(rejection),
        }
    }

    /// What an answer is that does not parse. A proxy's page is quoted; cut JSON is not, it holds
    /// people's names and addresses.
    fn excerpt(&self, body: &[u8]) -> String {
        let is_page = body.trim_ascii_start().starts_with(b"<");
        match body.get(..400).unwrap_or(body) {
            start if is_page => format!("`{}`", self.clean(&String::from_utf8_lossy(start))),
            _ => format!("{} bytes that are none", body.len()),
        }
    }

    /// A stranger's text on one line, short, and without our token should it be echoed.
    pub(super) fn clean(&self, text: &str) -> String {
        let text = text.replace(self.settings.api_key.expose_secret(), "[redacted]");
        let words: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|w| !w.is_empty())
            .collect();
        let line = words.join(" ");
        match line.char_indices().nth(200) {
            Some((cut, _)) => format!("{}…", line.get(..cut).unwrap_or_default()),
            None => line,
        }
    }

    /// What a failure means for the whole service.
    pub(super) fn api_error(&self, failure: Failure) -> ApiError {
        let rejection = match failure {
            Failure::Passing { why, .. } => return ApiError::Unreachable(why),
            Failure::Final(error) => return error,
            Failure::Rejected(rejection) => rejection,
        };
        let (base, table) = (&self.settings.base_id, &self.settings.table);
        match rejection.status {
            401 => ApiError::Refused(anyhow!(
                "AIRTABLE_API_KEY: expected a valid personal access token, found one that Airtable \
                 does not know ({rejection}); create one at https://airtable.com/create/tokens"
            )),
            403 => ApiError::Refused(anyhow!(
                "AIRTABLE_API_KEY: no access to table `{table}` of base `{base}`, or neither \
                 exists ({rejection}); give the token the scopes data.records:read and \
                 data.records:write and add the base to its access list, or mend \
                 AIRTABLE_BASE_ID or AIRTABLE_TABLE_NAME"
            )),
            404 => ApiError::Config(anyhow!(
                "expected table `{table}` in base `{base}`, found none ({rejection}); mend \
                 AIRTABLE_BASE_ID, AIRTABLE_TABLE_NAME or AIRTABLE_API_URL"
            )),
            _ => ApiError::Config(anyhow!("Airtable refuses the request ({rejection})")),
        }
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        let name = self.kind.as_str();
        if !name.is_empty() {
            write!(f, " {name}")?;
        }
        if self.message.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.message)
        }
    }
}

/// Seconds only; the form with a date would need a clock.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

async fn read(mut response: Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(reqwest::Error::without_url)
        .context("cannot read on")?
    {
        anyhow::ensure!(
            body.len() + chunk.len() <= ANSWER_BYTES_MAX,
            "expected an answer of at most {} MB, found a larger one",
            ANSWER_BYTES_MAX / 1_000_000
        );
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
