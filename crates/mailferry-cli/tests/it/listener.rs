//! `mailferry webhook listen` as a process, and a client that posts to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::session::Session;

/// Never to be seen in any output.
pub(crate) const SECRET: &str = "hush-signing-secret";
pub(crate) const INBOUND_SECRET: &str = "hush-inbound-secret";

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A folder whose listeners serve both endpoints.
pub(crate) fn session() -> Session {
    Session::bare().env("MAILERSEND_SIGNING_SECRET", SECRET).env("MAILERSEND_INBOUND_SECRET", INBOUND_SECRET)
}

/// A listener that runs until this is dropped.
pub(crate) struct Listener {
    child: Child,
    pub(crate) address: SocketAddr,
    lines: Receiver<String>,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Listener {
    /// On a free port.
    pub(crate) fn start(session: &Session, args: &[&str]) -> Self {
        Self::at(session, "127.0.0.1:0", args)
    }

    pub(crate) fn at(session: &Session, address: &str, args: &[&str]) -> Self {
        let first = ["webhook", "listen", "--listen", address];
        let mut child = session.command(first.iter().chain(args)).spawn().unwrap();
        let (line, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().try_for_each(|read| line.send(read.unwrap())));
        let said = Arc::new(Mutex::new(String::new()));
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let all = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).unwrap() > 0 {
                all.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let mut listener = Self { child, address: ([0, 0, 0, 0], 0).into(), lines, said, reader: Some(reader) };
        listener.wait_for("http://");
        let said = listener.said();
        let (_, rest) = said.split_once("http://").unwrap();
        listener.address = rest.split(['/', '\n', ' ']).next().unwrap().parse().unwrap();
        listener
    }

    /// What it said on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it says something on standard error.
    pub(crate) fn wait_for(&self, words: &str) {
        until(words, || self.said().contains(words).then_some(()), || self.said());
    }

    /// The next line of standard output.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line: {}", self.said()))
    }

    /// The next object of standard output.
    pub(crate) fn object(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Ends without a word, as when the power fails.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for the end: the exit code, what of standard output was not read yet, and standard error.
    pub(crate) fn ended(mut self) -> (i32, Vec<String>, String) {
        let (child, said) = (&mut self.child, &self.said);
        let ended = until("the end", || child.try_wait().unwrap(), || said.lock().unwrap().clone());
        self.reader.take().unwrap().join().unwrap();
        (ended.code().unwrap(), self.lines.iter().collect(), self.said())
    }

    /// Asks it to end.
    pub(crate) fn stop(self) -> (i32, Vec<String>, String) {
        self.signal("-INT");
        self.ended()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = self.said.lock().unwrap();
        assert!(!said.contains("hush") && !said.contains("panicked"), "{said}");
    }
}

/// Asks until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>, state: impl Fn() -> String) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what:?}: {}", state());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Posts over one connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self::connect(address).unwrap()
    }

    pub(crate) fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Posts a signed webhook, which is to be answered with the status.
    pub(crate) fn track(&mut self, body: &[u8]) -> u16 {
        self.post("/mailersend/tracking", &[("Signature", &mailferry::mailersend::sign(body, SECRET))], body).unwrap()
    }

    /// Posts a mail that arrived.
    pub(crate) fn arrive(&mut self, body: &[u8]) -> u16 {
        let signature = mailferry::mailersend::sign(body, INBOUND_SECRET);
        self.post("/mailersend/inbound", &[("Signature", &signature)], body).unwrap()
    }

    /// The status of the answer. An error when the connection ends before it is there.
    pub(crate) fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<u16> {
        let mut request = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            request.extend([*name, ": ", *value, "\r\n"]);
        }
        request.push_str("\r\n");
        let stream = self.stream.get_mut();
        stream.write_all(&[request.as_bytes(), body].concat())?;
        self.answer()
    }

    fn answer(&mut self) -> std::io::Result<u16> {
        let gone = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(gone)?;
        let mut length = 0;
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(gone());
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(status)
    }
}

/// A webhook of version 2.
pub(crate) fn happened(word: &str, id: &str) -> Vec<u8> {
    format!(
        r#"{{"type":"activity.{word}","created_at":"2026-10-03T22:33:06.000000Z","data":{{"id":"{id}","message_id":"m{id}","recipient":"ann@example.com"}}}}"#
    )
    .into_bytes()
}

/// A mail that arrived.
pub(crate) fn arrived(id: &str, raw: &str) -> Vec<u8> {
    serde_json::json!({"type": "inbound.message", "data": {
        "id": id, "created_at": "2026-10-03T22:33:06Z", "raw": raw,
        "sender": {"email": "bob@b.example"}, "recipients": {"rcptTo": [{"email": "shop@a.example"}]},
    }})
    .to_string()
    .into_bytes()
}
