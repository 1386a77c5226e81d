//! A small HTTP server that keeps what it is sent, and answers as it is told.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// Status, headers, body.
    Http(u16, &'static [(&'static str, &'static str)], &'static str),
    /// The connection is closed without a word.
    Nothing,
    /// Nothing, and the connection stays open.
    Silence,
}

impl Answer {
    pub(crate) const ACCEPTED: Self = Self::Http(202, &[("x-message-id", "6717e2c1a2b3c4d5e6f70819")], "");
}

pub(crate) struct Capture {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    /// Told of each request before it is answered; answers wait for `go` when it is there.
    pub(crate) arrived: Receiver<()>,
}

impl Capture {
    /// Answers with `answers` in turn, the last one over and over.
    pub(crate) fn answering(answers: impl Into<Vec<Answer>>) -> Self {
        Self::at(([127, 0, 0, 1], 0).into(), answers)
    }

    /// The same at an address that is known beforehand.
    pub(crate) fn at(address: SocketAddr, answers: impl Into<Vec<Answer>>) -> Self {
        Self::start(address, answers.into(), None)
    }

    /// Accepts everything.
    pub(crate) fn accepting() -> Self {
        Self::answering([Answer::ACCEPTED])
    }

    /// Accepts everything, each time after a word.
    pub(crate) fn accepting_when_told() -> (Self, Sender<()>) {
        let (go, wait) = channel();
        (Self::start(([127, 0, 0, 1], 0).into(), vec![Answer::ACCEPTED], Some(wait)), go)
    }

    fn start(address: SocketAddr, answers: Vec<Answer>, wait: Option<Receiver<()>>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (arriving, arrived) = channel();
        let all = Arc::clone(&received);
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for (index, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                // A connection without a request: the client gave up.
                let Some(request) = read(&stream) else { continue };
                all.lock().unwrap().push(request);
                let _ = arriving.send(());
                if let Some(wait) = &wait {
                    let _ = wait.recv();
                }
                match answers.get(index).or(answers.last()).unwrap() {
                    Answer::Http(status, headers, body) => answer(&mut stream, *status, headers, body),
                    Answer::Nothing => {}
                    Answer::Silence => open.push(stream),
                }
            }
        });
        Self { url, received, arrived }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut input = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body })
}

/// The connection ends after each answer, so that the next request comes over a new one.
fn answer(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], body: &str) {
    let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.extend([*name, ": ", *value, "\r\n"]);
    }
    let _ = stream.write_all(format!("{text}\r\n{body}").as_bytes());
}
