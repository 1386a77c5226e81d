//! What taking a request costs, against the least that taking one can cost, in the same run.
//!
//! `cargo bench -p mailferry-emulator --bench capture` prints the figures of `docs/performance.md`, and with `-- small`
//! those of one kind of request: the emulator, and an axum handler that reads and parses the same JSON, each in a process
//! of its own with one thread for connections, by turns. Linux only, since processor time is read from `/proc`.
//!
//! `BENCH --serve emulator` and `BENCH --send ADDRESS small 1000` do one half each, for a profiler.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded when they are printed")]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(missing_docs, reason = "not a library")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine as _;
use bytes::Bytes;
use mailferry_emulator::Emulator;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ROUNDS: usize = 7;
/// What stands for a number that is another one in each request.
const NUMBER: &[u8] = b"00000000";

/// One kind of request.
struct Case {
    name: &'static str,
    path: &'static str,
    body: fn() -> Value,
    requests: usize,
    connections: usize,
}

const CASES: &[Case] = &[
    Case { name: "small", path: "/v1/email", body: small, requests: 20_000, connections: 32 },
    Case { name: "html", path: "/v1/email", body: html, requests: 4_000, connections: 32 },
    Case { name: "attachment", path: "/v1/email", body: attachment, requests: 300, connections: 8 },
    Case { name: "bulk", path: "/v1/bulk-email", body: bulk, requests: 80, connections: 4 },
];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "--serve", name] => runtime.block_on(serve(name)),
        [_, "--send", address, name, requests] => {
            let case = CASES.iter().find(|case| case.name == *name).unwrap();
            runtime.block_on(send(address, case, requests.parse().unwrap()));
        }
        // Cargo adds `--bench`.
        [_, names @ ..] => report(&runtime, names.first().filter(|name| **name != "--bench").copied()),
        [] => {}
    }
}

fn report(runtime: &tokio::runtime::Runtime, only: Option<&str>) {
    for case in CASES.iter().filter(|case| only.is_none_or(|only| case.name == only)) {
        let servers = ["axum", "emulator"].map(Server::start);
        let mut rounds = [Vec::new(), Vec::new()];
        for turn in 0..=ROUNDS {
            for (server, figures) in servers.iter().zip(&mut rounds) {
                let (cpu, clock) = (server.processor(), Instant::now());
                runtime.block_on(send(&server.address, case, case.requests));
                let figure = [server.processor() - cpu, clock.elapsed().as_secs_f64()];
                // The first turn fills what the emulator remembers.
                if turn > 0 {
                    figures.push(figure.map(|seconds| case.requests as f64 / seconds));
                }
            }
        }
        println!("{}: {} bytes, {} connections", case.name, request(case).0.len(), case.connections);
        for (figure, of) in [("of its processor", 0), ("by the clock", 1)] {
            let [axum, ours] = [&rounds[0], &rounds[1]].map(|rounds| median(rounds.iter().map(|round| round[of])));
            let share = ours / axum * 100.0;
            println!("  requests a second {figure}: axum {axum:.0}, emulator {ours:.0}: {share:.0} %");
        }
    }
}

/// Two kilobytes of HTML for one recipient, who is another one each time.
fn message(paragraphs: usize, recipient: &str) -> Value {
    let paragraph =
        "<p style=\"margin:0\">Your order is on its way. <a href=\"https://shop.example/o/1\">Track</a></p>\n";
    json!({
        "from": {"email": "orders@shop.example", "name": "Shop"},
        "to": [{"email": recipient, "name": "Ann Lee"}],
        "reply_to": {"email": "help@shop.example"},
        "subject": "Your order 48213 – on its way",
        "text": "Your order is on its way.\nTrack it: https://shop.example/o/1\n",
        "html": format!("<!doctype html><html><body>{}</body></html>", paragraph.repeat(paragraphs)),
        "tags": ["shop", "order"],
    })
}

fn small() -> Value {
    message(20, "ann.00000000@customer.example")
}

fn html() -> Value {
    message(1_100, "ann.00000000@customer.example")
}

fn attachment() -> Value {
    let mut message = small();
    let bytes: Vec<u8> = b"%PDF-1.7".iter().copied().chain((0..=u8::MAX).cycle()).take(1 << 20).collect();
    let content = base64::engine::general_purpose::STANDARD.encode(bytes);
    message["attachments"] = json!([{"filename": "invoice.pdf", "content": content, "disposition": "attachment"}]);
    message
}

fn bulk() -> Value {
    (0..500).map(|reader| message(10, &format!("reader-{reader}@customer.example"))).collect()
}

/// A request, and where its number stands.
fn request(case: &Case) -> (Vec<u8>, Option<usize>) {
    let body = (case.body)().to_string();
    let mut head = format!("POST {} HTTP/1.1\r\n", case.path);
    for line in ["host: 127.0.0.1", "authorization: Bearer token", "accept: application/json", "user-agent: bench/1"] {
        let _ = write!(head, "{line}\r\n");
    }
    let _ = write!(head, "content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let bytes = [head, body].concat().into_bytes();
    let at = bytes.windows(NUMBER.len()).position(|window| window == NUMBER);
    (bytes, at)
}

/// Sends so many requests, and looks at the status of every answer.
async fn send(address: &str, case: &Case, requests: usize) {
    let left = Arc::new(AtomicUsize::new(requests));
    let (request, number) = request(case);
    let connections: Vec<_> = (0..case.connections)
        .map(|_| {
            let (address, mut request, left) = (address.to_owned(), request.clone(), Arc::clone(&left));
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut answer = [0; 4096];
                let one_less = |left: usize| left.checked_sub(1);
                while let Ok(left) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
                    if let Some(at) = number {
                        request[at..at + NUMBER.len()].copy_from_slice(format!("{left:08}").as_bytes());
                    }
                    stream.write_all(&request).await.unwrap();
                    // Either answers in one write, and before it reads another request.
                    let read = stream.read(&mut answer).await.unwrap();
                    assert!(answer[..read].starts_with(b"HTTP/1.1 202"));
                }
            })
        })
        .collect();
    for connection in connections {
        connection.await.unwrap();
    }
}

/// Answers requests until it is killed.
async fn serve(name: &str) {
    if name == "emulator" {
        let emulator = Emulator::builder().any_token().start().await.unwrap();
        println!("{}", emulator.address());
        std::future::pending::<()>().await;
    }
    let handler = async |body: Bytes| match serde_json::from_slice::<Value>(&body) {
        Ok(value) => {
            black_box(value);
            StatusCode::ACCEPTED
        }
        Err(_) => StatusCode::BAD_REQUEST,
    };
    let paths = Router::new().route("/v1/email", post(handler)).route("/v1/bulk-email", post(handler));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, paths.layer(DefaultBodyLimit::disable())).await.unwrap();
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut process = Command::new(program).args(["--serve", name]).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        Self { process, address: address.trim().to_owned() }
    }

    /// The processor time of all its threads, those that ended included, kernel included, in seconds.
    fn processor(&self) -> f64 {
        let line = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = line.rsplit(')').next().unwrap().split_whitespace().collect();
        // Fields 14 and 15 of the line, counted from 1; in hundredths of a second on Linux.
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ticks as f64 / 100.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
