//! HTTP by hand: what is written and read here is what is on the wire.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use mailferry_emulator::{Builder, Clock, Emulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Where the manual clock of [`started`] begins.
pub(crate) const START: &str = "2026-03-01T10:00:00Z";
pub(crate) const TOKEN: &str = "mlsn.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The names of all headers, sorted, without those that any HTTP server adds.
    pub(crate) fn header_names(&self) -> Vec<&str> {
        let common = ["date", "content-length", "connection"];
        let mut names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.retain(|name| !common.contains(name));
        names.sort_unstable();
        names
    }
}

/// An emulator at a known time with a known token.
pub(crate) async fn started(set_up: impl FnOnce(Builder) -> Builder) -> Emulator {
    let start: Timestamp = START.parse().unwrap();
    let builder = Emulator::builder().clock(Clock::manual(start)).seed(7).token(TOKEN);
    set_up(builder).start().await.unwrap()
}

/// Sends one request on a connection of its own; `None` when there is no answer.
pub(crate) async fn raw(address: SocketAddr, head: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Writing may fail when the other side does not want to read all of it; what it said still counts.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Answer { status, headers, body: bytes[end + 4..].to_vec() })
}

/// The head of a request with the usual headers.
pub(crate) fn head(method: &str, path: &str, token: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

pub(crate) async fn call(emulator: &Emulator, method: &str, path: &str, body: &str) -> Answer {
    let head = head(method, path, emulator.token(), body.len());
    raw(emulator.address(), &head, body.as_bytes()).await.unwrap()
}

pub(crate) async fn get(emulator: &Emulator, path: &str) -> Answer {
    call(emulator, "GET", path, "").await
}

pub(crate) async fn post(emulator: &Emulator, path: &str, body: &Value) -> Answer {
    call(emulator, "POST", path, &body.to_string()).await
}

/// A small valid message, with some fields set to other values.
pub(crate) fn message(changes: &Value) -> Value {
    let mut message = json!({
        "from": {"email": "shop@example.com", "name": "Shop"},
        "to": [{"email": "ann@example.org", "name": "Ann"}],
        "subject": "Hello",
        "text": "Hello there",
    });
    for (name, value) in changes.as_object().unwrap() {
        message[name] = value.clone();
    }
    message
}

pub(crate) async fn send(emulator: &Emulator, changes: &Value) -> Answer {
    post(emulator, "/v1/email", &message(changes)).await
}
