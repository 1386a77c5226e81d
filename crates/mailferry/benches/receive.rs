//! What an event costs, against the least that verifying and parsing one can cost, in the same run.
//!
//! `cargo bench -p mailferry --bench receive` prints the figures of `docs/performance.md`: in the process, and served by
//! axum from a process of its own, one thread each. Linux only, since processor time is read from `/proc`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded when they are printed")]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(missing_docs, reason = "not a library")]

use std::borrow::Cow;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use mailferry::event::Event;
use mailferry::mailersend::{Webhook, sign};
use mailferry::transport::BoxError;
use mailferry::webhook::{Endpoints, Receiver};
use ring::hmac;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "8dS0vIcUGtDVfUDtkCkPVsL3TeYhT8wL";
const PARSES: usize = 100_000;
const REQUESTS: usize = 60_000;
const CONNECTIONS: usize = 32;
const ROUNDS: usize = 7;
const PATH: &str = "/mailersend/tracking";

/// 1.2 KB as MailerSend writes it, slashes escaped.
const BODY: &str = concat!(
    r#"{"type":"activity.clicked","domain_id":"51ndgwr6wp54zqx8","created_at":"2026-10-03T22:33:26.520507Z","webhook_id":"7dnvo4dxj3g5r86y","#,
    r#""url":"https:\/\/app.example\/hooks\/mailersend\/tracking\/","data":{"object":"activity","id":"6ac182b39e9a9a450a252bd2","#,
    r#""type":"clicked","created_at":"2026-10-03T22:33:06.506000Z","email":{"object":"email","id":"6ac1829ca22c5fd5667b5d20","#,
    r#""created_at":"2026-10-03T22:32:49.141000Z","from":"orders@shop.example","subject":"Your order 48213 \u2013 on its way","#,
    r#""status":"delivered","tags":["shop","order-confirmation"],"headers":null,"message":{"object":"message","#,
    r#""id":"6ac1829c865a26bfa1396c46","created_at":"2026-10-03T22:32:49.061000Z"},"recipient":{"object":"recipient","#,
    r#""id":"6ac1829c0f2d4ad1f2b0a7c1","email":"ann.lee@customer.example","created_at":"2026-09-20T18:25:29.162000Z"}},"#,
    r#""morph":{"object":"click","id":"6ac182b3f15f3ac1dd0a2b77","created_at":"2026-10-03T22:33:06.506000Z","ip":"203.0.113.77","#,
    r#""url":"https:\/\/shop.example\/orders\/48213?utm_source=mail&utm_campaign=confirmation&utm_content=button-track-parcel\u0026token=eyJhbGciOiJIUzI1NiJ9"},"#,
    r#""template_id":"z3m5jgrk8x4dpyo6"}}"#,
);

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "--serve", name] => serve(name),
        // Cargo adds `--bench`.
        _ => report(),
    }
}

fn report() {
    println!("body: {} bytes", BODY.len());
    let headers = headers();
    let webhook = Webhook::new(SECRET).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(per_turn(|| drop(black_box(by_hand(&key, &headers, black_box(BODY.as_bytes()))))));
        ours.push(per_turn(|| drop(black_box(webhook.receive(&headers, black_box(BODY.as_bytes()))))));
    }
    let (bare, ours) = (median(bare), median(ours));
    println!("verify and parse: by hand {bare:.2} us, mailferry {ours:.2} us: {:.2} times", ours / bare);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let [mut bare, mut ours] = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        bare.push(runtime.block_on(served("by-hand")));
        ours.push(runtime.block_on(served("mailferry")));
    }
    for (figure, of) in [("events per second of processor", 0), ("events per second by the clock", 1)] {
        let [bare, ours] = [&bare, &ours].map(|rounds| median(rounds.iter().map(|round| round[of]).collect()));
        println!("{figure}: by hand {bare:.0}, mailferry {ours:.0}: {:.0} %", ours / bare * 100.0);
    }
}

/// Processor time of one of many turns, in microseconds.
fn per_turn(turn: impl Fn()) -> f64 {
    let start = processor("self");
    for _ in 0..PARSES {
        turn();
    }
    (processor("self") - start) * 1e6 / PARSES as f64
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Signature", sign(BODY.as_bytes(), SECRET).parse().unwrap());
    headers
}

/// The members that an application would want, in the types that the documentation has.
#[derive(Deserialize)]
struct Hook<'a> {
    #[serde(rename = "type", borrow)]
    _kind: Cow<'a, str>,
    #[serde(rename = "data", borrow)]
    _data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(rename = "id", borrow)]
    _id: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    _kind: Cow<'a, str>,
    #[serde(rename = "created_at", borrow)]
    _created_at: Cow<'a, str>,
    #[serde(rename = "email", borrow)]
    _email: Email<'a>,
    #[serde(rename = "morph", borrow)]
    _morph: Option<Morph<'a>>,
}

#[derive(Deserialize)]
struct Email<'a> {
    #[serde(rename = "id", borrow)]
    _id: Cow<'a, str>,
    #[serde(rename = "tags")]
    _tags: Option<Vec<String>>,
    #[serde(rename = "message", borrow)]
    _message: Message<'a>,
    #[serde(rename = "recipient", borrow)]
    _recipient: Recipient<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "id", borrow)]
    _id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Recipient<'a> {
    #[serde(rename = "email", borrow)]
    _email: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Morph<'a> {
    #[serde(rename = "object", borrow)]
    _object: Option<Cow<'a, str>>,
    #[serde(rename = "reason", borrow)]
    _reason: Option<Cow<'a, str>>,
    #[serde(rename = "ip", borrow)]
    _ip: Option<Cow<'a, str>>,
    #[serde(rename = "url", borrow)]
    _url: Option<Cow<'a, str>>,
}

fn by_hand<'a>(key: &hmac::Key, headers: &HeaderMap, body: &'a [u8]) -> Option<Hook<'a>> {
    let signature = headers.get("Signature")?.to_str().ok()?;
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(signature.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    hmac::verify(key, body, &digest).ok()?;
    serde_json::from_slice(body).ok()
}

/// Answers requests until it is killed.
fn serve(name: &str) {
    let app = if name == "mailferry" {
        async fn handle(event: Event) -> Result<(), BoxError> {
            black_box(event);
            Ok(())
        }
        mailferry_axum::router(Endpoints::new().receiver(Webhook::new(SECRET).unwrap()), handle)
    } else {
        let key = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()));
        let handler = async move |headers: HeaderMap, body: Bytes| match by_hand(&key, &headers, &body) {
            Some(hook) => {
                black_box(hook);
                StatusCode::OK
            }
            None => StatusCode::BAD_REQUEST,
        };
        Router::new().route(PATH, post(handler))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, app).await.unwrap();
    });
}

struct Server(Child, String);

impl Server {
    fn start(name: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut process = Command::new(program).args(["--serve", name]).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        Self(process, address.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Events per second of the server's processor time, and by the clock.
async fn served(name: &str) -> [f64; 2] {
    let server = Server::start(name);
    let signature = sign(BODY.as_bytes(), SECRET);
    let length = BODY.len();
    let request: Arc<[u8]> = format!(
        "POST {PATH} HTTP/1.1\r\nhost: app.example\r\ncontent-type: application/json\r\nsignature: {signature}\r\n\
         content-length: {length}\r\n\r\n{BODY}"
    )
    .into_bytes()
    .into();
    let left = Arc::new(AtomicUsize::new(REQUESTS));
    let id = server.0.id().to_string();
    let (cpu, clock) = (processor(&id), std::time::Instant::now());
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (address, request, left) = (server.1.clone(), Arc::clone(&request), Arc::clone(&left));
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut answer = [0; 4096];
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    stream.write_all(&request).await.unwrap();
                    let read = stream.read(&mut answer).await.unwrap();
                    let answer = &answer[..read];
                    assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"\r\n\r\n"));
                }
            })
        })
        .collect();
    for connection in connections {
        connection.await.unwrap();
    }
    [REQUESTS as f64 / (processor(&id) - cpu), REQUESTS as f64 / clock.elapsed().as_secs_f64()]
}

/// The processor time of a process of one thread, in seconds.
fn processor(id: &str) -> f64 {
    let schedule = std::fs::read_to_string(format!("/proc/{id}/schedstat")).unwrap();
    let nanoseconds: u64 = schedule.split(' ').next().unwrap().parse().unwrap();
    nanoseconds as f64 / 1e9
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
