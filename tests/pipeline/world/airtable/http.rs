//! Just enough HTTP/1.1: requests that follow each other on a connection, which can end at any
//! point.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::{Map, Value as Json, json};

use super::refusal;

pub struct Request {
    pub method: String,
    /// The path's segments, decoded.
    pub path: Vec<String>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The length of the whole address.
    pub url_chars: usize,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Result<Json, super::Answer> {
        serde_json::from_slice(&self.body)
            .map_err(|_| refusal(400, "INVALID_REQUEST_BODY", "Could not parse request body"))
    }

    /// Whether it asks for a list's further page.
    pub fn is_further_page(&self) -> bool {
        let in_query = self.query.iter().any(|(key, _)| key == "offset");
        in_query || self.json().is_ok_and(|body| body.get("offset").is_some())
    }

    /// The query's list options in the form of a POST's body.
    pub fn list_options(&self) -> Json {
        let mut options = Map::new();
        for (key, value) in &self.query {
            match key.as_str() {
                "fields[]" => {
                    let names = options.entry("fields").or_insert_with(|| json!([]));
                    names.as_array_mut().unwrap().push(json!(value));
                }
                "pageSize" | "maxRecords" => {
                    let size = value
                        .parse::<u64>()
                        .map_or(json!(value), |size| json!(size));
                    options.insert(key.clone(), size);
                }
                "returnFieldsByFieldId" => {
                    let is_set = match value.as_str() {
                        "true" | "1" => json!(true),
                        "false" | "0" => json!(false),
                        other => json!(other),
                    };
                    options.insert(key.clone(), is_set);
                }
                _ => drop(options.insert(key.clone(), json!(value))),
            }
        }
        Json::Object(options)
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
    retry_after: Option<u64>,
}

impl Answer {
    pub fn json(status: u16, body: Json) -> Answer {
        Answer::raw(status, body.to_string())
    }

    pub fn raw(status: u16, body: impl Into<String>) -> Answer {
        Answer {
            status,
            body: body.into().into_bytes(),
            retry_after: None,
        }
    }

    /// The same with a `Retry-After`.
    pub fn later(mut self, seconds: u64) -> Answer {
        self.retry_after = Some(seconds);
        self
    }

    /// The first half only, as a proxy would pass it on.
    pub fn cut(mut self) -> Answer {
        self.body.truncate(self.body.len() / 2);
        self
    }
}

/// A request; none when the client has left. Its last byte stays unread until it is [`taken`]: a
/// connection that is closed before is reset.
pub fn read(mut stream: &TcpStream) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let n_there = stream.peek(&mut buffer)?;
        if n_there == 0 {
            return Ok(None);
        }
        let n_before = head.len();
        head.extend_from_slice(&buffer[..n_there]);
        let from = n_before.saturating_sub(3);
        let end = head[from..]
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .map(|at| from + at + 4);
        let n_taken = end.map_or(n_there, |end| end - n_before - 1);
        stream.read_exact(&mut buffer[..n_taken])?;
        if let Some(end) = end {
            head.truncate(end);
            break;
        }
    }
    let mut request = of_head(&head)?;
    let length = request.header("content-length");
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    if length > 0 {
        taken(stream)?;
        request.body = vec![0; length];
        stream.read_exact(&mut request.body[..length - 1])?;
        stream.peek(&mut request.body[length - 1..])?;
    }
    Ok(Some(request))
}

/// Takes the last byte of the request that was read.
pub fn taken(mut stream: &TcpStream) -> io::Result<()> {
    stream.read_exact(&mut [0])
}

fn of_head(head: &[u8]) -> io::Result<Request> {
    let invalid = || io::Error::from(ErrorKind::InvalidData);
    let head = std::str::from_utf8(head).map_err(|_| invalid())?;
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split_whitespace();
    let (method, target) = words.next().zip(words.next()).ok_or_else(invalid)?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(key, value)| (key.to_string(), value.trim().to_string()));
    let mut request = Request {
        method: method.to_string(),
        path: vec![],
        query: vec![],
        headers: headers.collect(),
        body: vec![],
        url_chars: 0,
    };
    let host = request.header("host").ok_or_else(invalid)?;
    let url = reqwest::Url::parse(&format!("http://{host}{target}")).map_err(|_| invalid())?;
    request.url_chars = url.as_str().len();
    let segments = url.path_segments().into_iter().flatten();
    request.path = segments.map(decoded).collect();
    // A slash at the end changes nothing.
    request.path.pop_if(|last| last.is_empty());
    request.query = url.query_pairs().into_owned().collect();
    Ok(request)
}

pub fn write(mut stream: &TcpStream, answer: &Answer) -> io::Result<()> {
    let retry_after = answer
        .retry_after
        .map_or(String::new(), |secs| format!("Retry-After: {secs}\r\n"));
    let kind = if answer.body.starts_with(b"<") {
        "text/html"
    } else {
        "application/json; charset=utf-8"
    };
    let head = format!(
        "HTTP/1.1 {} Answer\r\nContent-Type: {kind}\r\n{retry_after}Content-Length: {}\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    stream.write_all(&[head.as_bytes(), &answer.body].concat())
}

/// Keeps the connection until the client ends it.
pub fn wait_for_hang_up(mut stream: &TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

fn decoded(segment: &str) -> String {
    if segment.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return segment.to_string();
    }
    let query = format!("s={}", segment.replace('+', "%2B"));
    let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
    url.query_pairs()
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
