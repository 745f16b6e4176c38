//! The public side: a picture, a link, a way out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::header::{ALLOW, LOCATION, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use tokio::sync::watch;
use url::Url;

use super::figures::Figures;
use super::limits::{Limits, client};
use super::pages::{Page, answer, pixel};
use super::posted::wants_out;
use super::queue::{Answer, Queue};
use super::ways::{self, PATH_LEN_MAX, Way};
use crate::clock::Clock;
use crate::ledger::{Heard, Kept};
use crate::tracking::agent::{PREFETCH_HEADERS, says_prefetch};
use crate::tracking::token::{Keys, Token};

/// The most that may be posted, in bytes.
const BODY_LEN_MAX: usize = 16 * 1024;

/// From a request's head to its answer; the body must have come by then.
const ANSWER_WAITS: Duration = Duration::from_secs(10);

/// So much of what a program calls itself is looked at, in bytes.
const NAME_LEN_MAX: usize = 512;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// What the public side needs.
#[derive(Debug)]
pub struct Site {
    /// The path of PUBLIC_URL, without a slash at its end.
    prefix: String,
    keys: watch::Receiver<Keys>,
    queue: Queue,
    figures: Figures,
    clock: Clock,
    limits: Limits,
}

impl Site {
    /// The side that answers below `public_url`, believing `keys` as they are when it is asked.
    pub fn new(
        public_url: &Url,
        keys: watch::Receiver<Keys>,
        queue: Queue,
        figures: Figures,
        clock: Clock,
    ) -> Arc<Site> {
        let prefix = public_url.path().trim_end_matches('/').to_string();
        let limits = Limits::new();
        Arc::new(Site {
            prefix,
            keys,
            queue,
            figures,
            clock,
            limits,
        })
    }

    /// Everything that is answered.
    pub fn router(self: &Arc<Site>) -> Router {
        Router::new().fallback(respond).with_state(Arc::clone(self))
    }

    /// Forgets clients that were not seen lately; to be called now and then.
    pub fn forget_clients(&self) {
        self.limits.forget();
    }

    /// The token in an address, if it is ours and for that way; a client that guesses is told less
    /// and less often.
    fn token(&self, way: Way, text: &str, client: IpAddr) -> Result<Token, Page> {
        let token = self.keys.borrow().read(text);
        match token.filter(|token| way.is_for(token.purpose)) {
            Some(token) => Ok(token),
            None if self.limits.allow_bad(client) => Err(Page::NotFound),
            None => Err(Page::TooOften),
        }
    }

    async fn ask(&self, token: Token, parts: &Parts) -> Answer {
        let name = parts.headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        let name = name.unwrap_or_default();
        let name = name.get(..NAME_LEN_MAX).unwrap_or(name);
        let is_prefetch = PREFETCH_HEADERS.iter().any(|header| {
            let value = parts.headers.get(*header);
            value.is_some_and(|value| value.to_str().is_ok_and(says_prefetch))
        });
        let heard = Heard {
            purpose: token.purpose,
            message: token.message,
            method: parts.method.as_str().to_string(),
            user_agent: String::from_utf8_lossy(name).into_owned(),
            is_prefetch,
            at: self.clock.now(),
        };
        self.queue.ask(heard).await
    }

    async fn open(&self, token: Token, parts: &Parts) -> Response<Body> {
        match self.ask(token, parts).await {
            Answer::Kept(Kept::Stored { .. } | Kept::Flood { .. }) => pixel(StatusCode::OK),
            Answer::Kept(Kept::Gone) => pixel(StatusCode::GONE),
            Answer::Unkept { .. } => Page::Later.response(),
        }
    }

    /// Whoever clicks gets there, also when that could not be counted.
    async fn click(&self, token: Token, parts: &Parts) -> Response<Body> {
        let leads_to = match self.ask(token, parts).await {
            Answer::Kept(Kept::Stored { leads_to, .. } | Kept::Flood { leads_to }) => leads_to,
            Answer::Kept(Kept::Gone) => return Page::Gone.response(),
            Answer::Unkept { leads_to } => leads_to,
        };
        let location = leads_to.and_then(|url| HeaderValue::from_str(url.as_str()).ok());
        let Some(location) = location else {
            return Page::Later.response();
        };
        let mut response = answer(StatusCode::FOUND, "text/plain; charset=utf-8", "");
        response.headers_mut().insert(LOCATION, location);
        response
    }

    /// Acts at once and without another request (RFC 8058 section 3.2), for a mail program and for
    /// the button of our page alike.
    async fn opt_out(&self, token: Token, parts: &Parts, body: Body, client: IpAddr) -> Page {
        if !self.limits.allow_way_out(client) {
            return Page::TooOften;
        }
        let Ok(body) = to_bytes(body, BODY_LEN_MAX).await else {
            return Page::TooLarge;
        };
        if !wants_out(&parts.headers, &body) {
            return Page::AskAgain;
        }
        match self.ask(token, parts).await {
            Answer::Kept(Kept::Stored { .. } | Kept::Flood { .. }) => Page::Done,
            Answer::Kept(Kept::Gone) => Page::Gone,
            Answer::Unkept { .. } => Page::Later,
        }
    }

    async fn lead(
        &self,
        way: Way,
        text: &str,
        parts: &Parts,
        body: Body,
        peer: IpAddr,
    ) -> Response<Body> {
        let is_post = parts.method == Method::POST;
        let is_look = parts.method == Method::GET || parts.method == Method::HEAD;
        let is_wish = is_post && way == Way::OptOut;
        if !is_look && !is_wish {
            let mut response = Page::WrongMethod.response();
            let allow = HeaderValue::from_static(way.allow());
            response.headers_mut().insert(ALLOW, allow);
            return response;
        }
        let client = client(peer, &parts.headers);
        let token = match self.token(way, text, client) {
            Ok(token) => token,
            Err(page) => return page.response(),
        };
        match way {
            Way::Open => self.open(token, parts).await,
            Way::Click => self.click(token, parts).await,
            Way::OptOut if is_post => self.opt_out(token, parts, body, client).await.response(),
            Way::OptOut => Page::Ask.response(),
        }
    }
}

async fn respond(
    State(site): State<Arc<Site>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let (kind, response) = match ways::find(path, &site.prefix) {
        _ if path.len() > PATH_LEN_MAX => ("other", Page::TooLong.response()),
        None => ("other", Page::NotFound.response()),
        Some((way, text)) => {
            let lead = site.lead(way, text, &parts, body, peer);
            let response = tokio::time::timeout(ANSWER_WAITS, lead).await;
            (
                way.word(),
                response.unwrap_or_else(|_| Page::TooSlow.response()),
            )
        }
    };
    let status = response.status().as_u16();
    site.figures.answered(kind, status, started.elapsed());
    response
}
