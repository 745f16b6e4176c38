//! Access tokens from a refresh token (RFC 6749 section 6), for servers that take no password.
//!
//! Purpose: one living token for any number of connections, renewed before it expires. Invariants:
//! at most one request is under way; no token and no secret is in an error or a log; nothing goes
//! over an unprotected connection, except to this machine. The ground of the two mail adapters; it
//! does not know what a token is used for. Beyond the process it keeps only a refresh token that
//! replaces the one in its file.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::tls;

/// Google's token endpoint (<https://developers.google.com/identity/protocols/oauth2/web-server>).
/// Its scope for IMAP and SMTP is `https://mail.google.com/`.
pub const GOOGLE_TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// Microsoft's token endpoint of a tenant, named by its id or domain, or `common`. See
/// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>. The scopes for
/// Exchange Online are
/// `https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All`, and
/// `offline_access` when a person signs in.
pub fn microsoft_token_url(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
}

/// Where tokens come from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The token endpoint, https except on this machine.
    pub token_url: String,
    /// The application's id.
    pub client_id: String,
    /// The application's secret; public applications have none.
    pub client_secret: Option<SecretString>,
    /// What a person's sign-in gave.
    pub refresh_token: SecretString,
    /// The file it was read from: read again before each use, and rewritten when the endpoint
    /// replaces the token. None for one from elsewhere, which nobody here can replace.
    pub refresh_token_file: Option<PathBuf>,
    /// What the token may be used for, words separated by spaces; none means what was granted.
    pub scope: Option<String>,
    /// PEM file with authorities trusted besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The endpoint is away or busy: try again later.
    #[error("no access token: {0}")]
    Again(String),
    /// The endpoint refuses what it was given: somebody must change it.
    #[error("no access token: {0}")]
    Configuration(String),
}

/// A token is renewed so long before it expires: a login must not outlast it.
const MARGIN: Duration = Duration::from_secs(60);

/// How long a token lives whose answer does not say so (RFC 6749 section 5.1 allows that).
const LIFETIME_UNTOLD: Duration = Duration::from_secs(300);

/// How long the endpoint is waited for.
const DEADLINE: Duration = Duration::from_secs(30);

/// The longest answer read, in bytes; tokens of large organisations have about 4 kB.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Hands out access tokens.
#[derive(Debug)]
pub struct TokenSource {
    settings: Settings,
    url: Url,
    client: Client,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The newest one: an endpoint may replace it with every answer.
    refresh_token: SecretString,
    current: Option<Token>,
    /// Whether a person was told of a token that could not be kept.
    is_told: bool,
}

#[derive(Clone, Debug)]
struct Token {
    text: SecretString,
    renewed_from: Instant,
}

impl TokenSource {
    /// Prepares requests; opens no connection.
    pub fn new(settings: Settings) -> anyhow::Result<TokenSource> {
        let url = Url::parse(&settings.token_url)
            .ok()
            .filter(|url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(url))
            .with_context(|| {
                format!(
                    "token URL: expected an address like `{GOOGLE_TOKEN_URL}`, found `{}`",
                    settings.token_url
                )
            })?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls::connector(settings.ca_file.as_ref())?)
            .connect_timeout(DEADLINE)
            .timeout(DEADLINE)
            // A redirect would carry the refresh token to somebody else.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("outreach/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot set up the client for access tokens")?;
        let state = State {
            refresh_token: settings.refresh_token.clone(),
            current: None,
            is_told: false,
        };
        Ok(TokenSource {
            settings,
            url,
            client,
            state: Mutex::new(state),
        })
    }

    /// A token that lives for at least another minute.
    pub async fn token(&self) -> Result<SecretString, TokenError> {
        let mut state = self.state.lock().await;
        if let Some(token) = &state.current
            && Instant::now() < token.renewed_from
        {
            return Ok(token.text.clone());
        }
        self.renew(&mut state).await
    }

    /// Another token than the one a server refused. Of several connections that met the refusal
    /// together, only the first asks for a new one.
    pub async fn another(&self, refused: &SecretString) -> Result<SecretString, TokenError> {
        let mut state = self.state.lock().await;
        if let Some(token) = &state.current
            && token.text.expose_secret() != refused.expose_secret()
        {
            return Ok(token.text.clone());
        }
        self.renew(&mut state).await
    }

    async fn renew(&self, state: &mut State) -> Result<SecretString, TokenError> {
        state.current = None;
        // Another process, or another sender of this one, may have been given a newer one.
        if let Some(file) = &self.settings.refresh_token_file
            && let Some(newer) = kept_in(file)
        {
            state.refresh_token = newer;
        }
        let asked_at = Instant::now();
        let (status, body) = self.ask(&state.refresh_token).await?;
        if status != StatusCode::OK {
            return Err(self.refusal(status, &body, &state.refresh_token));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| {
            TokenError::Again("expected a token as JSON, found something else".to_string())
        })?;
        let is_usable = answer.token_type.eq_ignore_ascii_case("bearer")
            && !answer.access_token.is_empty()
            && answer.access_token.bytes().all(|b| b.is_ascii_graphic());
        if !is_usable {
            let error = "expected a bearer token of visible letters, found another kind";
            return Err(TokenError::Configuration(error.to_string()));
        }
        if let Some(newer) = answer.refresh_token.filter(|newer| !newer.is_empty()) {
            self.keep(state, SecretString::from(newer));
        }
        let lifetime = answer.expires_in.map_or(LIFETIME_UNTOLD, seconds);
        let text = SecretString::from(answer.access_token);
        state.current = Some(Token {
            text: text.clone(),
            renewed_from: asked_at + lifetime.saturating_sub(MARGIN),
        });
        Ok(text)
    }

    /// Uses a new refresh token from now on: the endpoint may take the old one no more (RFC 6749
    /// section 10.4), so it is kept where the old one was, or a person is told.
    fn keep(&self, state: &mut State, newer: SecretString) {
        if state.refresh_token.expose_secret() == newer.expose_secret() {
            return;
        }
        let kept = match &self.settings.refresh_token_file {
            Some(file) => keep_in(file, &newer).map_err(|err| {
                let file = file.display();
                format!("`{file}` cannot be rewritten ({err:#}); let us write there")
            }),
            None => Err("put it into a file that we may rewrite, OAUTH_REFRESH_TOKEN_FILE".into()),
        };
        // An endpoint may replace it with every answer: once said is enough.
        if let Err(mend) = kept
            && !state.is_told
        {
            state.is_told = true;
            tracing::warn!(
                "OAUTH_REFRESH_TOKEN: {} gave a new refresh token for the application `{}`, which \
                 is lost when this run ends: {mend}",
                self.settings.token_url,
                self.settings.client_id
            );
        }
        state.refresh_token = newer;
    }

    /// RFC 6749 section 6; the application's credentials in the body, as both endpoints want them.
    fn form(&self, refresh_token: &SecretString) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", refresh_token.expose_secret())
            .append_pair("client_id", &self.settings.client_id);
        if let Some(secret) = &self.settings.client_secret {
            form.append_pair("client_secret", secret.expose_secret());
        }
        if let Some(scope) = &self.settings.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }

    async fn ask(&self, refresh_token: &SecretString) -> Result<(StatusCode, Vec<u8>), TokenError> {
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(self.form(refresh_token));
        let lost = |error: reqwest::Error| TokenError::Again(network(error));
        let mut response = request.send().await.map_err(lost)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(TokenError::Again("the answer is too long".to_string()));
            }
        }
        Ok((response.status(), body))
    }

    /// What a refusal means (RFC 6749 section 5.2).
    fn refusal(&self, status: StatusCode, body: &[u8], used: &SecretString) -> TokenError {
        let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
        let mut words = format!("the endpoint said {}", status.as_u16());
        for word in [&refusal.error, &refusal.error_description] {
            if !word.is_empty() {
                words.push_str(&format!(" `{}`", self.shown(word, used)));
            }
        }
        let is_passing = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT
            || ["temporarily_unavailable", "server_error", "slow_down"]
                .contains(&refusal.error.as_str());
        match refusal.error.as_str() {
            _ if is_passing => TokenError::Again(words),
            // Google and Microsoft say this of tokens that were revoked or not used for long.
            "invalid_grant" | "interaction_required" | "consent_required" | "login_required" => {
                TokenError::Configuration(format!(
                    "{words}; a person must sign in again and renew the refresh token"
                ))
            }
            _ => TokenError::Configuration(format!("{words}; check the application's settings")),
        }
    }

    /// A stranger's words on one short line, without what we had sent.
    fn shown(&self, words: &str, used: &SecretString) -> String {
        let secrets = [Some(used), self.settings.client_secret.as_ref()];
        let mut words = words.to_string();
        for secret in secrets.into_iter().flatten() {
            let secret = secret.expose_secret();
            if !secret.is_empty() {
                words = words.replace(secret, "[secret]");
            }
        }
        let plain: Vec<&str> = words
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        plain.join(" ").chars().take(200).collect()
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    refresh_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

/// The longest refresh token that is read from a file, in bytes.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;

/// The token in a file; none where there is nothing to be read just now.
fn kept_in(file: &Path) -> Option<SecretString> {
    let mut text = String::new();
    File::open(file)
        .and_then(|file| file.take(TOKEN_BYTES_MAX).read_to_string(&mut text))
        .ok()?;
    let token = text.trim_end_matches(['\r', '\n']);
    (!token.is_empty()).then(|| SecretString::from(token))
}

/// Puts a token in a file at once and whole, readable by its owner only. A link stays a link.
fn keep_in(file: &Path, token: &SecretString) -> anyhow::Result<()> {
    let file = file.canonicalize()?;
    let folder = file.parent().context("it has no folder")?;
    // Made for its owner only (0600).
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(written, "{}", token.expose_secret())?;
    written.as_file().sync_all()?;
    written.persist(&file)?;
    // The name is kept only once its folder is.
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Some endpoints write the number as a string.
fn seconds(value: serde_json::Value) -> Duration {
    let number = value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    // A day is more than any endpoint grants; an absurd number must not overflow an instant.
    number.map_or(LIFETIME_UNTOLD, |n| Duration::from_secs(n.min(86_400)))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The innermost cause, which names the trouble; the address is known.
fn network(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("no answer of the endpoint: {cause}")
}

#[cfg(test)]
mod tests;
