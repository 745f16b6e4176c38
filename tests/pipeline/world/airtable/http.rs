//! Just enough HTTP/1.1: one request a connection, so that a connection can end at any point.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
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

    /// The query's list options in the form of a POST's body.
    pub fn list_options(&self) -> Json {
        let mut options = Map::new();
        for (key, value) in &self.query {
            match key.as_str() {
                "fields[]" => {
                    let names = options.entry("fields").or_insert_with(|| json!([]));
                    names.as_array_mut().unwrap().push(json!(value));
                }
                "pageSize" => {
                    let size = value
                        .parse::<u64>()
                        .map_or(json!(value), |size| json!(size));
                    options.insert(key.clone(), size);
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
        Answer::raw(status, &body.to_string())
    }

    pub fn raw(status: u16, body: &str) -> Answer {
        let body = body.as_bytes().to_vec();
        Answer {
            status,
            body,
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

/// A request; none when the client left before it said anything.
pub fn read(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let invalid = || io::Error::from(ErrorKind::InvalidData);
    let mut words = line.split_whitespace().map(str::to_string);
    let (method, target) = words.next().zip(words.next()).ok_or_else(invalid)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((key, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((key.to_string(), value.trim().to_string()));
    }
    let mut request = Request {
        method,
        path: vec![],
        query: vec![],
        headers,
        body: vec![],
        url_chars: 0,
    };
    let host = request.header("host").ok_or_else(invalid)?;
    let url = reqwest::Url::parse(&format!("http://{host}{target}")).map_err(|_| invalid())?;
    request.url_chars = url.as_str().len();
    request.path = url
        .path_segments()
        .into_iter()
        .flatten()
        .map(decoded)
        .collect();
    request.query = url.query_pairs().into_owned().collect();
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}

pub fn write(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let retry_after = answer
        .retry_after
        .map_or(String::new(), |secs| format!("Retry-After: {secs}\r\n"));
    let head = format!(
        "HTTP/1.1 {} Answer\r\nContent-Type: application/json; charset=utf-8\r\n{retry_after}\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&answer.body)?;
    stream.flush()
}

/// Keeps the connection until the client ends it.
pub fn wait_for_hang_up(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

fn decoded(segment: &str) -> String {
    let query = format!("s={}", segment.replace('+', "%2B"));
    let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
    url.query_pairs()
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
