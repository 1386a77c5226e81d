//! A web server that writes down what is posted to it, and answers as it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use ring::digest::{SHA256, digest};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// How to answer.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// Closes the connection.
    Nothing,
    /// Says nothing, and keeps the connection.
    Silence,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    posted: Arc<Mutex<Vec<Posted>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    default: Arc<Mutex<Answer>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/a?b=c", listener.local_addr().unwrap());
        let posted: Arc<Mutex<Vec<Posted>>> = Arc::default();
        let answers: Arc<Mutex<VecDeque<Answer>>> = Arc::default();
        let default = Arc::new(Mutex::new(Answer::Status(200)));
        let (log, script, usual) = (Arc::clone(&posted), Arc::clone(&answers), Arc::clone(&default));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script, usual) = (Arc::clone(&log), Arc::clone(&script), Arc::clone(&usual));
                tokio::spawn(async move {
                    let Some((mut stream, posted)) = read(stream).await else { return };
                    log.lock().unwrap().push(posted);
                    let scripted = script.lock().unwrap().pop_front();
                    let answer = scripted.unwrap_or_else(|| usual.lock().unwrap().clone());
                    match answer {
                        Answer::Status(status) => {
                            let head = format!("HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\n");
                            let _ = stream.write_all(format!("{head}content-length: 2\r\n\r\nok").as_bytes()).await;
                        }
                        Answer::Nothing => {}
                        Answer::Silence => {
                            let _ = stream.read(&mut [0]).await;
                        }
                    }
                });
            }
        });
        Self { url, posted, answers, default }
    }

    /// The next request is answered so.
    pub(crate) fn then(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    /// Every request without an answer of its own is answered so.
    pub(crate) fn always(&self, answer: Answer) {
        *self.default.lock().unwrap() = answer;
    }

    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.posted.lock().unwrap().len()
    }

    /// The bodies as JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.posted().iter().map(|posted| serde_json::from_slice(&posted.body).unwrap()).collect()
    }

    /// The types of the events.
    pub(crate) fn types(&self) -> Vec<String> {
        self.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

async fn read(mut stream: TcpStream) -> Option<(TcpStream, Posted)> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let body = &bytes[end + 4..];
        if body.len() >= length.unwrap_or(0) {
            let body = body.to_vec();
            return Some((stream, Posted { head, body }));
        }
    }
}

impl Posted {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// HMAC-SHA256 in lower-case hex, from the hash alone (RFC 2104).
pub(crate) fn hmac(secret: &str, body: &[u8]) -> String {
    let mut key = [0; 64];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let padded = |pad: u8, rest: &[u8]| digest(&SHA256, &[&key.map(|byte| byte ^ pad)[..], rest].concat());
    let inner = padded(0x36, body);
    let digits = padded(0x5c, inner.as_ref());
    digits.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
