mod bounds;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const KEY: &str = "sk-test-0123456789abcdef";

/// Patience for tests: a deadline that only a hanging server reaches, and no pauses to speak of.
const SHORT: Patience = Patience {
    connect: Duration::from_secs(5),
    total: Duration::from_millis(400),
    backoff: Duration::from_millis(1),
    wait_max: Duration::from_secs(2),
    refusals_max: 3,
    tries_max: 3,
    tries_among_answers_max: 5,
};

/// What the server does with one request.
#[derive(Clone)]
enum Act {
    /// Answers with status, further headers and body.
    Reply(u16, &'static str, String),
    /// Announces more than it sends and hangs up.
    Cut,
    /// Takes the request and says nothing.
    Hang,
}

/// A loopback server that acts out a script, its last act for all further requests, and keeps the
/// requests: head and body.
struct Server {
    base_url: String,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Server {
    async fn start(script: Vec<Act>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read_request(&mut stream).await;
                let number = seen.lock().unwrap().len();
                seen.lock().unwrap().push(request);
                let act = script.get(number).or(script.last()).unwrap().clone();
                let answer = match act {
                    Act::Reply(status, headers, body) => {
                        let length = body.len();
                        format!(
                            "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\
                             connection: close\r\n\r\n{body}"
                        )
                    }
                    Act::Cut => {
                        "HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{\"choices\"".to_string()
                    }
                    Act::Hang => {
                        held.push(stream);
                        continue;
                    }
                };
                // The client may have hung up over a long body; that is what some tests are about.
                stream.write_all(answer.as_bytes()).await.ok();
                stream.shutdown().await.ok();
            }
        });
        Server { base_url, requests }
    }

    fn settings(&self) -> Settings {
        Settings {
            base_url: self.base_url.clone(),
            api_key: KEY.into(),
            model: "test-model".into(),
            temperature: 0.7,
            max_tokens: Some(900),
            price: None,
            budget_usd: None,
        }
    }

    fn writer(&self) -> Writer {
        Writer::with_patience(self.settings(), None, SHORT).unwrap()
    }

    fn requests(&self) -> Vec<(String, Value)> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read_request(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if body.len() >= length || n == 0 {
                return (head, serde_json::from_str(body).unwrap_or(Value::Null));
            }
        }
        assert!(n > 0, "the client hung up");
    }
}

fn prompt() -> Prompt {
    Prompt::of_texts("rules", "data")
}

fn content() -> String {
    let message = |step: &str| json!({"step": step, "subject": "A subject", "body": "A body"});
    json!({"messages": [message("hook"), message("proof")]}).to_string()
}

fn completion(choice: Value) -> Act {
    let usage = json!({"prompt_tokens": 321, "completion_tokens": 123});
    Act::Reply(
        200,
        "",
        json!({"choices": [choice], "usage": usage}).to_string(),
    )
}

fn good() -> Act {
    completion(json!({"finish_reason": "stop", "message": {"content": content()}}))
}

fn error(status: u16, headers: &'static str, code: &str, message: &str) -> Act {
    let body = json!({"error": {"message": message, "code": code, "type": code}});
    Act::Reply(status, headers, body.to_string())
}

/// Plays a script and compares kind and words of the outcome, and the number of requests. No
/// outcome may hold the key.
#[track_caller]
fn check(script: Vec<Act>, expected: &str, requests: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (found, count) = runtime.block_on(async {
        let server = Server::start(script).await;
        let heard = server.writer().ask(&prompt()).await;
        let Usage { requests, lost, .. } = heard.usage;
        let found = match heard.result {
            Ok(text) => {
                assert_eq!(text.matches("A subject").count(), 2, "{text}");
                format!("answered after {requests}, {lost} lost")
            }
            Err(error) => format!("{error:?} | {error} | {requests} requests, {lost} lost"),
        };
        (found, server.requests().len())
    });
    assert!(found.contains(expected), "{found}");
    assert!(!found.contains("0123456789abcdef"), "{found}");
    assert!(
        found.chars().count() < 700 && !found.contains('\n'),
        "{found}"
    );
    assert_eq!(count, requests, "{found}");
}

#[tokio::test]
async fn a_request_holds_what_the_server_needs_and_the_answer_what_it_took() {
    let server = Server::start(vec![good()]).await;
    let heard = server.writer().ask(&prompt()).await;
    assert_eq!(heard.result.unwrap(), content());
    let expected = Usage {
        requests: 1,
        lost: 0,
        prompt_tokens: 321,
        completion_tokens: 123,
    };
    assert_eq!(heard.usage, expected);
    let (head, body) = server.requests().remove(0);
    assert!(head.starts_with("post /v1/chat/completions "), "{head}");
    assert!(
        head.contains(&format!("authorization: bearer {KEY}")),
        "{head}"
    );
    assert_eq!(body["model"], "test-model");
    assert_eq!(body["temperature"], 0.7);
    assert_eq!(body["max_tokens"], 900);
    assert_eq!(body["messages"][0]["content"], "rules");
    let user = body["messages"][1]["content"].as_str().unwrap();
    assert!(user.starts_with("data\n"), "{user}");
    assert_eq!(body["response_format"]["type"], "json_schema");
    assert_eq!(body["response_format"]["json_schema"]["strict"], true);
}

#[tokio::test]
async fn options_a_server_refuses_are_left_out_from_then_on() {
    let refuse = |message| error(400, "", "unsupported_value", message);
    let server = Server::start(vec![
        refuse("'response_format' of type 'json_schema' is not supported with this model"),
        refuse("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        refuse("'temperature' does not support 0.7 with this model."),
        refuse("unknown field response_format"),
        good(),
    ])
    .await;
    let writer = server.writer();
    assert_eq!(writer.learned(), None);
    assert_eq!(writer.ask(&prompt()).await.usage.requests, 5);
    assert_eq!(writer.ask(&prompt()).await.usage.requests, 1);
    let later = server.writer();
    later.recall("{\"format\":");
    later.recall(&writer.learned().unwrap());
    assert_eq!(later.ask(&prompt()).await.usage.requests, 1);
    assert_eq!(later.learned(), writer.learned());
    let requests = server.requests();
    assert_eq!(requests[1].1["response_format"]["type"], "json_object");
    assert_eq!(requests[2].1["max_completion_tokens"], 900);
    let last = &requests[6].1;
    for gone in ["response_format", "max_tokens", "temperature"] {
        assert!(last.get(gone).is_none(), "{last}");
    }
}

#[test]
fn passing_failures_are_tried_again_and_then_left_for_later() {
    check(
        vec![
            error(429, "retry-after: 0\r\n", "rate_limit", "slow down"),
            good(),
        ],
        "answered after 2, 0 lost",
        2,
    );
    check(
        vec![
            error(500, "", "x", "ill"),
            error(503, "", "x", "ill"),
            good(),
        ],
        "answered after 3, 0 lost",
        3,
    );
    check(vec![Act::Cut, good()], "answered after 2, 1 lost", 2);
    check(vec![error(500, "", "x", "ill")], "Again(", 3);
    check(
        vec![error(
            429,
            "retry-after: 3600\r\n",
            "rate_limit",
            "slow down",
        )],
        "slow down",
        1,
    );
    check(vec![Act::Hang], "3 lost", 3);
    check(vec![Act::Hang], "no answer in time", 3);
    check(vec![Act::Cut], "Again(", 3);
}

#[test]
fn what_no_repetition_mends_is_not_repeated() {
    let quota = error(
        429,
        "",
        "insufficient_quota",
        "You exceeded your current quota",
    );
    check(vec![quota], "Quota(", 1);
    check(vec![error(402, "", "x", "no credit")], "Quota(", 1);
    check(
        vec![error(401, "", "x", &format!("Incorrect API key: {KEY}."))],
        "Unauthorized(",
        1,
    );
    check(
        vec![error(403, "", "x", "not allowed")],
        "OPENAI_API_KEY",
        1,
    );
    check(
        vec![error(404, "", "model_not_found", "no model `test-model`")],
        "no model",
        1,
    );
    check(
        vec![error(400, "", "x", "context_length_exceeded")],
        "context_length_exceeded",
        1,
    );
    check(
        vec![Act::Reply(
            302,
            "location: http://127.0.0.1:9/\r\n",
            String::new(),
        )],
        "302",
        1,
    );
}

#[test]
fn answers_that_are_no_campaign_are_named() {
    let stop = |content: Value| {
        completion(json!({"finish_reason": "stop", "message": {"content": content}}))
    };
    let ended = |reason: &str| {
        completion(json!({"finish_reason": reason, "message": {"content": content()}}))
    };
    check(
        vec![stop(json!(format!("```json\n{}\n```\nDone!", content())))],
        "answered after 1",
        1,
    );
    check(vec![ended("length")], "finish_reason `length`", 1);
    check(
        vec![ended("content_filter")],
        "finish_reason `content_filter`",
        1,
    );
    let refusal =
        json!({"finish_reason": "stop", "message": {"refusal": "I can't\nhelp", "content": null}});
    check(vec![completion(refusal)], "refusal: I can't help", 1);
    check(vec![stop(Value::Null)], "an empty answer", 1);
    check(
        vec![Act::Reply(200, "", "{\"choices\": []}".into())],
        "without a choice",
        1,
    );
    check(
        vec![Act::Reply(200, "", "<html>".into())],
        "expected a chat completion",
        1,
    );
    let long = "x".repeat(ANSWER_BYTES_MAX + 1);
    check(
        vec![Act::Reply(200, "", long)],
        "expected at most 2097152 bytes",
        1,
    );
    check(
        vec![error(400, "", "x", &"long words ".repeat(500))],
        "…",
        1,
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_left_for_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let server = Server {
        base_url,
        requests: Arc::default(),
    };
    let heard = server.writer().ask(&prompt()).await;
    assert!(
        matches!(heard.result, Err(WriteError::Again(_))),
        "{heard:?}"
    );
    assert_eq!(heard.usage.lost, 0, "nobody was asked");
}

#[tokio::test]
async fn a_check_says_whether_server_key_and_model_are_right() {
    let models = |id: &str| Act::Reply(200, "", json!({"data": [{"id": id}]}).to_string());
    for (act, expected) in [
        (models("test-model"), "knows the model `test-model`"),
        (models("other"), "OPENAI_MODEL: "),
        (
            error(401, "", "x", KEY),
            "OPENAI_API_KEY: the server refuses the key",
        ),
        (
            Act::Reply(200, "", "<html>".into()),
            "expected a list of models",
        ),
        (error(500, "", "x", "ill"), "cannot be reached for now: 500"),
    ] {
        let server = Server::start(vec![act]).await;
        let found = match server.writer().check().await {
            Ok(sentence) => sentence,
            Err(error) => format!("{error:#}"),
        };
        assert!(found.contains(expected), "{found}");
        assert!(!found.contains(KEY), "{found}");
        assert!(server.requests()[0].0.starts_with("get /v1/models "));
    }
}

#[test]
fn an_address_that_is_none_is_refused_when_the_writer_is_made() {
    let server = Server {
        base_url: String::new(),
        requests: Arc::default(),
    };
    for base_url in ["", "api.openai.com/v1", "ftp://x/v1", "https://"] {
        let settings = Settings {
            base_url: base_url.into(),
            ..server.settings()
        };
        let error = Writer::new(settings, None).err().expect(base_url);
        assert!(
            format!("{error:#}").starts_with("OPENAI_BASE_URL: expected"),
            "{error:#}"
        );
    }
    let settings = Settings {
        base_url: "https://x.example/v1".into(),
        ..server.settings()
    };
    let missing = Writer::new(settings, Some("/nonexistent/ca.pem".into()))
        .err()
        .unwrap();
    assert!(
        format!("{missing:#}").contains("TLS_CA_FILE"),
        "{missing:#}"
    );
}
