//! A loopback HTTP server that records every request and answers from a script.

use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The path without the question after it, and what the question says, decoded.
    pub(crate) fn target(&self) -> (&str, Vec<(String, String)>) {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        (path, url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    /// The connection closes after it, unannounced.
    Closed,
    /// The connection closes in the middle of the body.
    CutOff,
    /// The connection closes before anything is said.
    Nothing,
}

/// What the server says to one request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    reason: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    delay: Duration,
    ending: Ending,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            reason: "Said".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            ending: Ending::Whole,
        }
    }

    /// What MailerSend says to a message that it takes: 202, an id, and no body.
    pub(crate) fn accepted(id: &str) -> Self {
        Self::new(202).header("Content-Type", "text/html; charset=UTF-8").header("X-Message-Id", id)
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status).header("Content-Type", "application/json").body(body.to_string())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn reason(mut self, reason: &str) -> Self {
        reason.clone_into(&mut self.reason);
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) fn cut_off(mut self) -> Self {
        self.ending = Ending::CutOff;
        self
    }

    pub(crate) fn closed(mut self) -> Self {
        self.ending = Ending::Closed;
        self
    }

    pub(crate) fn nothing() -> Self {
        Self { ending: Ending::Nothing, ..Self::new(0) }
    }
}

/// The server; it stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Capture {
    address: std::net::SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Seen {
    requests: Mutex<Vec<Recorded>>,
    connections: AtomicUsize,
    script: Script,
}

/// What to say to a request, of which it is told the number.
struct Script(Box<Said>);

type Said = dyn Fn(usize, &Recorded) -> Answer + Send + Sync;

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl Capture {
    /// A server that takes every message.
    pub(crate) async fn accepting() -> Self {
        Self::start([Answer::accepted("msg-0001")]).await
    }

    /// A server with these answers, of which the last is repeated.
    pub(crate) async fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let script: Vec<Answer> = script.into_iter().collect();
        let answer = move |number: usize| script.get(number).or(script.last()).cloned();
        Self::answering(move |number, _| answer(number).unwrap_or_else(|| Answer::new(202))).await
    }

    /// A server that looks at each request, and is told how many came before it.
    pub(crate) async fn answering(answer: impl Fn(usize, &Recorded) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Script(Box::new(answer));
        let seen = Arc::new(Seen { requests: Mutex::default(), connections: AtomicUsize::new(0), script });
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let seen = Arc::clone(&shared);
                // Or the second piece of each answer waits until the first is acknowledged.
                stream.set_nodelay(true).unwrap();
                // A client that goes away in the middle is what some tests are about.
                tokio::spawn(async move { drop(serve(stream, &seen).await) });
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// The one request that came.
    #[track_caller]
    pub(crate) fn only(&self) -> Recorded {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "one request was expected");
        requests.remove(0)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, seen: &Seen) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        let answer = {
            let mut requests = seen.requests.lock().unwrap();
            let answer = seen.script.0(requests.len(), &request);
            requests.push(request);
            answer
        };
        // Even no time at all would be a tick of the timer.
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        if answer.ending == Ending::Nothing {
            return Ok(());
        }
        let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, answer.reason);
        for (name, value) in &answer.headers {
            write!(head, "{name}: {value}\r\n").map_err(io::Error::other)?;
        }
        let missing = if answer.ending == Ending::CutOff { 100 } else { 0 };
        write!(head, "Content-Length: {}\r\n\r\n", answer.body.len() + missing).map_err(io::Error::other)?;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&answer.body).await?;
        stream.flush().await?;
        if matches!(answer.ending, Ending::CutOff | Ending::Closed) {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads one request; `None` when the client has closed the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Recorded>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() => return Ok(None),
            Err(cause) => return Err(cause),
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default().to_owned(), first.next().unwrap_or_default().to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Recorded { method, path, headers, body }))
}
