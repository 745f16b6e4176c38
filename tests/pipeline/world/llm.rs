//! A language model on loopback: an OpenAI-compatible server that answers by rule, keeps what it
//! was asked, and fails as told.
//!
//! It speaks HTTP/1.1 by hand, because a cut body and a held answer are exactly what an HTTP
//! library keeps a server from doing.

pub mod campaign;
mod fault;
mod http;

use std::collections::VecDeque;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use http::{Reply, Request};

pub use fault::Fault;

/// The key the server wants to see.
pub const KEY: &str = "sk-loopback-9f27c1";

/// Longer than a request ever takes to come; only a client that never asks reaches it.
const DEADLINE: Duration = Duration::from_secs(60);

type Answer = dyn Fn(&Value) -> Value + Send + Sync;
type Mood = dyn Fn(&Value, usize) -> Option<Fault> + Send + Sync;

/// What became of a request about a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The company in the prompt.
    pub company: String,
    /// Whether a campaign left that can be used as it is, whole.
    pub is_usable: bool,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    mood: Option<Arc<Mood>>,
    latency: Duration,
    told: Vec<Told>,
    n_at_once: usize,
    n_at_once_max: usize,
    requests: Vec<Value>,
    n_unauthorized: usize,
    n_held: usize,
    // Raised by `release`: those who hold an answer wait for a higher number than they found.
    n_releases: usize,
    is_closed: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    answer: Box<Answer>,
}

/// The server; it stops when dropped.
pub struct Llm {
    shared: Arc<Shared>,
    port: u16,
}

impl Llm {
    /// A server that writes three sober mails about the lead in the prompt, in the shape of the
    /// schema it is sent.
    pub fn start() -> Llm {
        Llm::answering(campaign::campaign)
    }

    /// A server whose content (a JSON value) is what the closure makes of the request.
    pub fn answering(answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Llm {
        let listener = TcpListener::bind("127.0.0.1:0").expect("cannot listen on loopback");
        let port = listener.local_addr().unwrap().port();
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared {
            state,
            changed,
            answer: Box::new(answer),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if for_thread.lock().is_closed {
                    break;
                }
                let shared = Arc::clone(&for_thread);
                // A client that goes away in mid-answer is one of the cases under test.
                thread::spawn(move || stream.and_then(|stream| shared.serve(stream)));
            }
        });
        Llm { shared, port }
    }

    /// The value for `OPENAI_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Lets the next requests fail, one fault each, after those already waiting in line.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.lock().faults.extend(faults);
    }

    /// Decides for each request what fails, by the request and how many about the same company
    /// came before it; faults in line go first.
    pub fn fail_by(&self, mood: impl Fn(&Value, usize) -> Option<Fault> + Send + Sync + 'static) {
        self.shared.lock().mood = Some(Arc::new(mood));
    }

    /// Thinks so long before each answer.
    pub fn think_for(&self, latency: Duration) {
        self.shared.lock().latency = latency;
    }

    /// What became of the requests, in the order they were answered.
    pub fn told(&self) -> Vec<Told> {
        self.shared.lock().told.clone()
    }

    /// The most requests that were on their way at the same time.
    pub fn n_at_once_max(&self) -> usize {
        self.shared.lock().n_at_once_max
    }

    /// Every authorised request for a completion, in the order they came.
    pub fn requests(&self) -> Vec<Value> {
        self.shared.lock().requests.clone()
    }

    /// How many requests came without the key.
    pub fn n_unauthorized(&self) -> usize {
        self.shared.lock().n_unauthorized
    }

    /// Blocks until so many answers are held at once.
    #[track_caller]
    pub fn wait_for_held(&self, n: usize) {
        let state = self.shared.lock();
        let waiting = self
            .shared
            .changed
            .wait_timeout_while(state, DEADLINE, |s| s.n_held < n);
        let n_held = waiting.unwrap().0.n_held;
        assert!(n_held >= n, "expected {n} held requests, found {n_held}");
    }

    /// Lets every held answer go.
    pub fn release(&self) {
        self.shared.lock().n_releases += 1;
        self.shared.changed.notify_all();
    }
}

impl Drop for Llm {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        // Wakes the accepting thread, so that it sees it is over.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a thread of the server panicked")
    }

    /// One connection, one request.
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(DEADLINE))?;
        let request = Request::read(&stream)?;
        let mut out = Reply(stream);
        if request.key != KEY {
            self.lock().n_unauthorized += 1;
            let words = "Incorrect API key provided.";
            return out.error("401 Unauthorized", "", "invalid_api_key", words);
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v1/models") => {
                let models =
                    json!({"object": "list", "data": [{"id": "gpt-4", "object": "model"}]});
                out.send("200 OK", "", &models.to_string())
            }
            ("POST", "/v1/chat/completions") => match serde_json::from_slice(&request.body) {
                Ok(asked) => self.complete(&asked, &mut out),
                Err(err) => out.error("400 Bad Request", "", "invalid_json", &err.to_string()),
            },
            (_, path) => out.error("404 Not Found", "", "unknown_url", path),
        }
    }

    fn complete(&self, asked: &Value, out: &mut Reply) -> std::io::Result<()> {
        let company = campaign::company(asked);
        let (fault, latency) = {
            let mut state = self.lock();
            let earlier = |asked: &&Value| campaign::company(asked) == company;
            let n_earlier = match state.mood {
                Some(_) => state.requests.iter().filter(earlier).count(),
                None => 0,
            };
            state.requests.push(asked.clone());
            state.n_at_once += 1;
            state.n_at_once_max = state.n_at_once_max.max(state.n_at_once);
            let mood = state.mood.clone();
            let fault = state.faults.pop_front();
            let fault = fault.or_else(|| mood.and_then(|mood| mood(asked, n_earlier)));
            (fault, state.latency)
        };
        self.think(latency);
        if matches!(fault, Some(Fault::Hold)) {
            self.hold();
        }
        if let Some(Fault::Slow(more)) = fault {
            self.think(more);
        }
        let is_usable = fault.as_ref().is_none_or(Fault::leaves_a_campaign);
        let content = (self.answer)(asked);
        let sent = match asked["model"].is_string() && asked["messages"].is_array() {
            true => fault::answer(asked, &content, fault, out),
            false => {
                let words = "you must provide a model and messages";
                out.error("400 Bad Request", "", "invalid_request_error", words)
            }
        };
        let mut state = self.lock();
        state.n_at_once -= 1;
        state.told.push(Told {
            company,
            is_usable: is_usable && sent.is_ok(),
        });
        sent
    }

    /// Takes its time, unless the server ends.
    fn think(&self, latency: Duration) {
        if !latency.is_zero() {
            let state = self.lock();
            let thinking = |state: &mut State| !state.is_closed;
            drop(self.changed.wait_timeout_while(state, latency, thinking));
        }
    }

    /// Waits until the held answers are released or the server ends.
    fn hold(&self) {
        let mut state = self.lock();
        let found = state.n_releases;
        state.n_held += 1;
        self.changed.notify_all();
        let may_wait = |state: &mut State| state.n_releases == found && !state.is_closed;
        let mut state = self
            .changed
            .wait_while(state, may_wait)
            .expect("a thread panicked");
        state.n_held -= 1;
    }
}

mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// Status line and body of a request, or nothing when the connection closed without an answer.
    fn ask(llm: &Llm, key: &str, method: &str, path: &str, body: &Value) -> (String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", llm.port)).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        (head.to_string(), body.to_string())
    }

    fn complete(llm: &Llm, asked: &Value) -> (String, String) {
        ask(llm, KEY, "POST", "/v1/chat/completions", asked)
    }

    fn request() -> Value {
        let user =
            "Write about {\"first_name\": \"Ada\", \"company\": \"Engines\"}, sign `— Foundry`";
        json!({"model": "gpt-4", "messages": [{"role": "user", "content": user}]})
    }

    fn content(body: &str) -> String {
        let body: Value = serde_json::from_str(body).unwrap();
        body["choices"][0]["message"]["content"]
            .as_str()
            .unwrap_or("none")
            .to_string()
    }

    #[test]
    fn faults_come_in_order_and_are_counted() {
        let llm = Llm::answering(|_| json!({"fixed": true}));
        llm.fail([
            Fault::RateLimited(7),
            Fault::ServerError,
            Fault::InsufficientQuota,
            Fault::NoResponseFormat,
            Fault::HangUp,
            Fault::CutBody,
            Fault::Refusal,
            Fault::Length,
            Fault::Fenced,
            Fault::Prose,
            Fault::Content("{}".to_string()),
            Fault::RateLimitedSilently,
            Fault::Unavailable,
            Fault::ContentFilter,
            Fault::Empty,
            Fault::CutContent,
            Fault::Slow(Duration::ZERO),
        ]);
        let expected = [
            ("429", "rate_limit_exceeded"),
            ("500", "<html>"),
            ("429", "insufficient_quota"),
            ("400", "response_format"),
            ("", ""),
            ("200", "{\"choices\":[{"),
            ("200", "cannot help"),
            ("200", "\"finish_reason\":\"length\""),
            ("200", "```json"),
            ("200", "Dear reader"),
            ("200", "\"content\":\"{}\""),
            ("429", "Rate limit"),
            ("503", "overloaded"),
            ("200", "\"finish_reason\":\"content_filter\""),
            ("200", "\"content\":\"\""),
            ("200", "\"content\":\"{\\\"fixed\""),
            ("200", "\\\"fixed\\\":true"),
            ("200", "\\\"fixed\\\":true"),
        ];
        for (status, words) in expected {
            let (head, body) = complete(&llm, &request());
            assert!(
                head.contains(status) && body.contains(words),
                "{status} {words}: {head}\n{body}"
            );
            assert_eq!(
                head.contains("Retry-After: 7\r\n"),
                words == "rate_limit_exceeded"
            );
            let is_whole = head.ends_with("close") && serde_json::from_str::<Value>(&body).is_ok();
            let is_broken = status.is_empty() || status == "500" || words.starts_with("{\"choices");
            assert_eq!(is_whole, !is_broken, "{words}: {head}\n{body}");
        }
        assert_eq!(llm.requests().len(), expected.len());
    }

    #[test]
    fn only_the_right_key_gets_an_answer() {
        let llm = Llm::start();
        let (head, _) = ask(&llm, "sk-wrong", "POST", "/v1/chat/completions", &request());
        assert!(head.contains(" 401 "), "{head}");
        let (head, body) = ask(&llm, KEY, "GET", "/v1/models", &Value::Null);
        assert!(
            head.contains(" 200 ") && body.contains("gpt-4"),
            "{head}\n{body}"
        );
        let (head, _) = ask(&llm, KEY, "GET", "/v1/embeddings", &Value::Null);
        assert!(head.contains(" 404 "), "{head}");
        assert_eq!((llm.n_unauthorized(), llm.requests().len()), (1, 0));
    }

    #[test]
    fn a_held_answer_waits_for_its_release() {
        let llm = Llm::start();
        llm.fail([Fault::Hold, Fault::Hold]);
        thread::scope(|scope| {
            let held = [(); 2].map(|()| scope.spawn(|| complete(&llm, &request())));
            llm.wait_for_held(2);
            assert!(held.iter().all(|thread| !thread.is_finished()));
            let (_, body) = complete(&llm, &request());
            assert!(
                content(&body).contains("Foundry"),
                "others are answered meanwhile"
            );
            llm.release();
            for thread in held {
                assert!(content(&thread.join().unwrap().1).contains("Foundry"));
            }
        });
    }
}
