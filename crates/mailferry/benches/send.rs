//! What a send costs, against a bare loop of the same HTTP client in the same run.
//!
//! `cargo bench -p mailferry --bench send` prints the three figures of `docs/performance.md`. The server is a process
//! of its own, and so is every measurement: what is counted is the processor time and the peak memory of the client
//! alone. Linux only, since both are read from `/proc`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot measure should stop")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "figures are rounded when they are printed, and the file is to hold any bytes"
)]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(missing_docs, reason = "not a library")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use mailferry::mailersend::BatchSendMode;
use mailferry::transport::Preflight;
use mailferry::{Attachment, MailerSend, Message, Transport};
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SMALL: usize = 20_000;
const IN_FLIGHT: usize = 32;
const LARGE: usize = 10;
const ATTACHMENT: usize = 20 << 20;
const RECIPIENTS: usize = 10_000;
const BULKS: usize = 5;
const ROUNDS: usize = 7;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "--serve"] => serve(),
        [_, "--measure", name, url] => measure(name, url),
        // Cargo adds `--bench`.
        _ => report(),
    }
}

/// Runs each measurement several times, by turns, and prints medians.
fn report() {
    let mut server = Server::start();
    let file = attachment_file();
    let names = [
        "small-bare",
        "small-ready",
        "small-mailferry",
        "file-bare",
        "file-encoded",
        "file-mailferry",
        "bulk-mailferry",
    ];
    let mut results: Vec<Vec<Measured>> = names.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (name, results) in names.iter().zip(&mut results) {
            results.push(server.run(name));
        }
    }
    drop(server);
    std::fs::remove_file(file).unwrap();
    let medians: Vec<Measured> = results.iter().map(|results| Measured::median(results)).collect();
    let [small_bare, small_ready, small, file_bare, file_encoded, file, bulk] = medians.as_slice() else {
        unreachable!()
    };
    let ratio = |ours: &Measured, theirs: &Measured| ours.cpu_ms / theirs.cpu_ms;
    let each = |measured: &Measured| measured.cpu_ms * 1e3 / SMALL as f64;
    let large = |measured: &Measured| format!("{:.1} ms, {:.1} MiB", measured.cpu_ms / LARGE as f64, measured.peak_mib);
    println!("medians of {ROUNDS} runs by turns, each in a process of its own; CPU per message, peak memory\n");
    println!("small message, {IN_FLIGHT} in flight: at most 1.25 times the bare loop");
    println!(
        "  {:.1} µs; {:.2} times reqwest in a bare loop, {:.1} µs",
        each(small),
        ratio(small, small_bare),
        each(small_bare)
    );
    println!(
        "  {:.2} times the same with URL and headers made ready, {:.1} µs",
        ratio(small, small_ready),
        each(small_ready)
    );
    println!("20 MiB attachment from a file: at most 1.3 times, and 16 MiB");
    println!(
        "  {}; {:.2} times reqwest that streams and encodes, {}",
        large(file),
        ratio(file, file_bare),
        large(file_bare)
    );
    println!(
        "  {:.2} times reqwest that streams what was encoded before, {}",
        ratio(file, file_encoded),
        large(file_encoded)
    );
    println!("{RECIPIENTS} recipients with merge data, in bulk: at most 30 ms, and 16 MiB more");
    println!("  {:.1} ms, {:.1} MiB more", bulk.cpu_ms, bulk.growth_mib);
}

/// What one process measured.
#[derive(Clone, Copy)]
struct Measured {
    cpu_ms: f64,
    peak_mib: f64,
    growth_mib: f64,
}

impl Measured {
    fn median(results: &[Self]) -> Self {
        let median = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = results.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        Self {
            cpu_ms: median(|measured| measured.cpu_ms),
            peak_mib: median(|measured| measured.peak_mib),
            growth_mib: median(|measured| measured.growth_mib),
        }
    }
}

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut process =
            Command::new(std::env::current_exe().unwrap()).arg("--serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned() }
    }

    fn run(&mut self, name: &str) -> Measured {
        let output =
            Command::new(std::env::current_exe().unwrap()).args(["--measure", name, &self.url]).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let figures: Vec<f64> = text.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
        Measured { cpu_ms: figures[0], peak_mib: figures[1], growth_mib: figures[2] }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn attachment_file() -> PathBuf {
    let path = std::env::temp_dir().join("mailferry-bench.zip");
    let content: Vec<u8> = (0..ATTACHMENT).map(|index| ((index * 2_654_435_761) >> 7) as u8).collect();
    std::fs::write(&path, content).unwrap();
    path
}

/// Runs one job and prints its processor time in ms, the peak and the growth in MiB.
fn measure(name: &str, url: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (cpu, growth) = runtime.block_on(async {
        match name {
            "small-bare" => small_bare(url, false).await,
            "small-ready" => small_bare(url, true).await,
            "small-mailferry" => small_mailferry(url).await,
            "file-bare" => file_bare(url).await,
            "file-encoded" => file_encoded(url).await,
            "file-mailferry" => file_mailferry(url).await,
            _ => bulk_mailferry(url).await,
        }
    });
    println!("{} {} {}", cpu * 1e3, memory("VmHWM"), growth);
}

/// What an application has ready when it builds a message.
static HTML: LazyLock<String> = LazyLock::new(|| {
    "<p>Your parcel left our warehouse this morning and is on its way to you.</p>\n".repeat(2048 / 77)
});

fn small_message(index: usize) -> Message {
    Message::builder()
        .from("Shop <orders@shop.example>")
        .to(format!("Ann Lee <ann{index}@customer.example>"))
        .subject("Your order has shipped")
        .html(HTML.as_str())
        .tag("receipt")
        .build()
        .unwrap()
}

/// The bare loop; with `ready`, the URL is parsed and the headers are made before it.
async fn small_bare(url: &str, ready: bool) -> (f64, f64) {
    let body = mailersend(url).requests(&small_message(0)).await.unwrap().remove(0).body;
    let bare = Bare::new(url);
    bare.post(body.clone().into()).await;
    let before = cpu_seconds();
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (bare, body) = (bare.clone(), body.clone());
            tokio::spawn(async move {
                for _ in 0..SMALL / IN_FLIGHT {
                    if ready {
                        bare.post_ready(body.clone().into()).await;
                    } else {
                        bare.post(body.clone().into()).await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    (cpu_seconds() - before, 0.0)
}

async fn small_mailferry(url: &str) -> (f64, f64) {
    let transport = mailersend(url);
    transport.send(&small_message(0)).await.unwrap();
    let before = cpu_seconds();
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|task| {
            let transport = transport.clone();
            tokio::spawn(async move {
                for index in 0..SMALL / IN_FLIGHT {
                    let status = transport.send(&small_message(task * SMALL + index)).await.unwrap();
                    assert_eq!(status.recipients().len(), 1);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    (cpu_seconds() - before, 0.0)
}

/// The simplest streaming client: reads pieces of a file, encodes each, and knows the length.
async fn file_bare(url: &str) -> (f64, f64) {
    let bare = Bare::new(url);
    bare.post(Bytes::from_static(b"{}").into()).await;
    let before = cpu_seconds();
    for _ in 0..LARGE {
        bare.post(reqwest::Body::wrap(Stream::open(true))).await;
    }
    (cpu_seconds() - before, 0.0)
}

/// The same with the base64 ready in a file, so that nothing is encoded at all.
async fn file_encoded(url: &str) -> (f64, f64) {
    let bare = Bare::new(url);
    bare.post(Bytes::from_static(b"{}").into()).await;
    let before = cpu_seconds();
    for _ in 0..LARGE {
        bare.post(reqwest::Body::wrap(Stream::open(false))).await;
    }
    (cpu_seconds() - before, 0.0)
}

async fn file_mailferry(url: &str) -> (f64, f64) {
    let transport = mailersend(url);
    let message = small_message(0)
        .edit()
        .attach(Attachment::file(std::env::temp_dir().join("mailferry-bench.zip")))
        .build()
        .unwrap();
    transport.send(&small_message(0)).await.unwrap();
    let before = cpu_seconds();
    for _ in 0..LARGE {
        transport.send(&message).await.unwrap();
    }
    (cpu_seconds() - before, 0.0)
}

async fn bulk_mailferry(url: &str) -> (f64, f64) {
    let mut message = Message::builder()
        .from("Shop <orders@shop.example>")
        .subject("Order {{ order_no }} has shipped")
        .html("<p>Dear {{ name }}, your parcel left this morning and is on its way to you.</p>\n".repeat(2048 / 79))
        .merge_global_data("ship_date", "15 May");
    for index in 0..RECIPIENTS {
        let address = format!("customer{index}@mail{}.example", index % 97);
        message = message
            .to(format!("Customer {index} <{address}>"))
            .merge_data(&address, "name", format!("Customer {index}"))
            .merge_data(&address, "order_no", index)
            .merge_data(&address, "total", "129.90 EUR");
    }
    let message = message.build().unwrap();
    let transport = mailersend(url);
    transport.send(&small_message(0)).await.unwrap();
    let (before, memory_before) = (cpu_seconds(), memory("VmRSS"));
    for _ in 0..BULKS {
        let status = transport.send(&message).await.unwrap();
        assert_eq!(status.recipients().len(), RECIPIENTS);
        assert_eq!(status.bulk().len(), RECIPIENTS / 500);
    }
    ((cpu_seconds() - before) / BULKS as f64, memory("VmHWM") - memory_before)
}

fn mailersend(url: &str) -> MailerSend {
    // The clock of the limits is of no concern here; everything else is as it comes.
    MailerSend::builder()
        .token("mlsn.benchmark")
        .api_url(url)
        .batch_send_mode(BatchSendMode::UseBulkEmail)
        .preflight(Preflight::Refuse)
        .build()
        .unwrap()
}

/// The same HTTP client, set up as ours is, in the loop that an application would write.
#[derive(Clone)]
struct Bare {
    client: reqwest::Client,
    address: String,
    url: reqwest::Url,
    headers: HeaderMap,
}

const HEADERS: [(&str, &str); 4] = [
    ("authorization", "Bearer mlsn.benchmark"),
    ("accept", "application/json"),
    ("user-agent", "mailferry/0.1.0-mailersend"),
    ("content-type", "application/json"),
];

impl Bare {
    fn new(url: &str) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(Duration::from_secs(30))
            .read_timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let address = format!("{url}email");
        let headers = HEADERS.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        Self { client, url: address.parse().unwrap(), address, headers: headers.collect() }
    }

    async fn post(&self, body: reqwest::Body) {
        let mut request = self.client.post(&self.address);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        finish(request.body(body)).await;
    }

    /// With everything that does not change made ready beforehand.
    async fn post_ready(&self, body: reqwest::Body) {
        finish(self.client.post(self.url.clone()).headers(self.headers.clone()).body(body)).await;
    }
}

async fn finish(request: reqwest::RequestBuilder) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.bytes().await.unwrap();
}

/// A body read from a file in pieces, on the thread pool, as `tokio::fs` does it but without its copy.
struct Stream {
    reading: Option<tokio::task::JoinHandle<(std::fs::File, Bytes)>>,
    encode: bool,
    left: u64,
}

/// Raw bytes in a piece.
const PIECE: usize = 192 * 1024;

impl Stream {
    fn open(encode: bool) -> Self {
        let path = std::env::temp_dir().join("mailferry-bench.zip");
        let left = (ATTACHMENT as u64).div_ceil(3) * 4;
        let ready = std::env::temp_dir().join("mailferry-bench.base64");
        if !encode && std::fs::metadata(&ready).map_or(0, |data| data.len()) != left {
            std::fs::write(&ready, base64::engine::general_purpose::STANDARD.encode(std::fs::read(&path).unwrap()))
                .unwrap();
        }
        let file = std::fs::File::open(if encode { path } else { ready }).unwrap();
        Self { reading: Some(read(file, encode)), encode, left }
    }
}

fn read(mut file: std::fs::File, encode: bool) -> tokio::task::JoinHandle<(std::fs::File, Bytes)> {
    tokio::task::spawn_blocking(move || {
        let mut raw = Vec::with_capacity(PIECE);
        Read::by_ref(&mut file).take(PIECE as u64).read_to_end(&mut raw).unwrap();
        let piece = if encode { base64::engine::general_purpose::STANDARD.encode(raw).into() } else { raw.into() };
        (file, piece)
    })
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        use std::task::{Poll, ready};
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let (file, piece) = ready!(std::pin::Pin::new(reading).poll(context)).unwrap();
        self.left -= piece.len() as u64;
        let encode = self.encode;
        self.reading = (self.left > 0).then(|| read(file, encode));
        Poll::Ready(Some(Ok(http_body::Frame::data(piece))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.left)
    }
}

/// Processor time of all threads, in seconds: the kernel counts it in nanoseconds.
fn cpu_seconds() -> f64 {
    let mut nanoseconds = 0_u64;
    for task in std::fs::read_dir("/proc/self/task").expect("Linux's /proc") {
        let Ok(text) = std::fs::read_to_string(task.unwrap().path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next().unwrap().parse::<u64>().unwrap();
    }
    nanoseconds as f64 / 1e9
}

/// A figure of `/proc/self/status`, in MiB.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's /proc");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}

/// A server that reads requests and answers 202, and does nothing else.
fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}/v1/", listener.local_addr().unwrap());
        std::io::stdout().flush().unwrap();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; 256 * 1024];
                let (mut head, mut left, mut bulk) = (Vec::new(), 0_usize, false);
                loop {
                    let Ok(read @ 1..) = socket.read(&mut buffer).await else { return };
                    let mut piece = &buffer[..read];
                    while !piece.is_empty() {
                        if left == 0 {
                            let seen = head.len();
                            head.extend_from_slice(piece);
                            let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") else { break };
                            piece = &piece[end + 4 - seen..];
                            let text = String::from_utf8_lossy(&head[..end]).to_ascii_lowercase();
                            let length = text.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
                            (left, bulk) = (length.parse().unwrap(), text.contains("bulk-email"));
                            head.clear();
                        }
                        let taken = left.min(piece.len());
                        (left, piece) = (left - taken, &piece[taken..]);
                        if left == 0 {
                            let answer: &[u8] = if bulk {
                                b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 42\r\n\r\n{\"bulk_email_id\":\"0123456789abcdef012345\"}"
                            } else {
                                b"HTTP/1.1 202 Accepted\r\ncontent-type: text/html; charset=UTF-8\r\nx-message-id: 0123456789abcdef01234567\r\ncontent-length: 0\r\n\r\n"
                            };
                            socket.write_all(answer).await.unwrap();
                        }
                    }
                }
            });
        }
    });
}
