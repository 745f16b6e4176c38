//! As much HTTP/1.1 as an API client speaks: one request a connection, bodies with a length.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::json;

/// A request as it came.
pub struct Request {
    pub method: String,
    pub path: String,
    /// The bearer token, `""` without one.
    pub key: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn read(stream: &TcpStream) -> std::io::Result<Request> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_string);
        let (method, path) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let (mut key, mut length) = (String::new(), 0);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => key = value.trim_start_matches("Bearer ").to_string(),
                "content-length" => length = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok(Request {
            method,
            path,
            key,
            body,
        })
    }
}

/// The answering side of a connection; one answer, then it closes.
pub struct Reply(pub TcpStream);

impl Reply {
    /// A whole answer.
    pub fn send(&mut self, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
        self.send_part(status, headers, body, body.len())
    }

    /// Promises the whole body and sends half of it.
    pub fn send_cut(&mut self, body: &str) -> std::io::Result<()> {
        self.send_part("200 OK", "", body, body.len() / 2)
    }

    fn send_part(
        &mut self,
        status: &str,
        headers: &str,
        body: &str,
        n: usize,
    ) -> std::io::Result<()> {
        let kind = if body.starts_with('<') {
            "text/html"
        } else {
            "application/json"
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}\
             Connection: close\r\n\r\n"
        );
        self.0.write_all(head.as_bytes())?;
        self.0.write_all(&body.as_bytes()[..n])
    }

    /// An error body as OpenAI's API gives it.
    pub fn error(
        &mut self,
        status: &str,
        headers: &str,
        code: &str,
        words: &str,
    ) -> std::io::Result<()> {
        let error = json!({"message": words, "type": code, "param": null, "code": code});
        self.send(status, headers, &json!({ "error": error }).to_string())
    }
}
