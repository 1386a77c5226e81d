//! What it costs to have an event on the disk before it is acknowledged.
//!
//! `cargo bench -p mailferry-store --bench inbox` prints the figures of `docs/performance.md`. The measuring process
//! and all its threads are held to one core with `taskset`. Linux only.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded when they are printed")]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(missing_docs, reason = "not a library")]

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use mailferry::mailersend::Webhook;
use mailferry::webhook::Receiver as _;
use mailferry_store::Inbox;

const EVENTS: usize = 30_000;
/// Requests that wait for their acknowledgement at the same time.
const IN_FLIGHT: usize = 128;
/// The load that is asked for, in events a second.
const WANTED: usize = 3000;
const SECONDS: usize = 10;
const ROUNDS: usize = 3;
const SYNCS: usize = 500;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "--measure", name] => measure(name),
        // Cargo adds `--bench`.
        _ => report(),
    }
}

fn report() {
    println!("medians of {ROUNDS} runs, each a process of its own on one core; the range in brackets\n");
    for (name, what) in [
        ("sync", "one 4 KiB write and its sync to the disk, nothing else, ms"),
        ("slow", "the 99th percentile of that, ms"),
        ("accept", "verified, parsed, stored and acknowledged, events/s (wanted: 3000)"),
        ("cpu", "the same, processor time per event, µs"),
        ("half", "99th percentile of the acknowledgement at 1500 events/s, ms (wanted: below 50)"),
        ("handled", "the same with a transaction handler at work, ms"),
    ] {
        let mut figures: Vec<f64> = (0..ROUNDS).map(|_| run(name)).collect();
        figures.sort_by(f64::total_cmp);
        println!("{what}: {:.1} ({:.1} to {:.1})", figures[ROUNDS / 2], figures[0], figures[ROUNDS - 1]);
    }
}

fn run(name: &str) -> f64 {
    let output = Command::new("taskset")
        .args(["-c", "0"])
        .arg(std::env::current_exe().unwrap())
        .args(["--measure", name])
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn measure(name: &str) {
    let folder = std::env::temp_dir().join(format!("mailferry-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let figure = match name {
        "sync" => syncs(&folder).iter().sum::<f64>() / SYNCS as f64,
        "slow" => syncs(&folder)[SYNCS * 99 / 100],
        "accept" => runtime.block_on(accept(&folder)).0,
        "cpu" => runtime.block_on(accept(&folder)).1,
        "half" => runtime.block_on(at_load(&folder, false)),
        _ => runtime.block_on(at_load(&folder, true)),
    };
    std::fs::remove_dir_all(&folder).unwrap();
    println!("{figure}");
}

/// What the disk takes for each sync, whoever asks for it, in ms; the shortest first.
fn syncs(folder: &Path) -> Vec<f64> {
    let mut file = std::fs::File::create(folder.join("sync")).unwrap();
    let mut waits = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        waits.push(began.elapsed().as_secs_f64() * 1e3);
    }
    waits.sort_by(f64::total_cmp);
    waits
}

/// A webhook's request of 1.2 KB.
struct Request {
    headers: HeaderMap,
    body: Bytes,
}

fn requests(webhook: &Webhook, number: usize) -> Vec<Request> {
    let subject = "Your order has shipped and is on its way to you ".repeat(18);
    let request = |index: usize| {
        let body = format!(
            r#"{{"type":"activity.clicked","created_at":"2026-10-03T22:33:06.000000Z","data":{{"id":"{index:024x}","domain_id":"51ndgwr6wp54zqx8","message_id":"{:024x}","email_id":"6ac1829ca22c5fd5667b5d20","type":"clicked","subject":"{subject}","recipient":"ann@example.com","tags":["receipt"],"meta":{{"ip":"192.0.2.7","url":"https:\/\/shop.example\/orders\/7"}}}},"webhook_id":"7dnvo4dxj3g5r86y"}}"#,
            index / 3
        );
        let mut headers = HeaderMap::new();
        headers.insert("Signature", webhook.sign(body.as_bytes()).parse().unwrap());
        Request { headers, body: Bytes::from(body) }
    };
    (0..number).map(request).collect()
}

async fn receive(webhook: &Webhook, inbox: &Inbox, request: &Request) {
    let events = webhook.receive(&request.headers, &request.body).unwrap();
    inbox.accept(webhook.path(), &events).await.unwrap();
}

async fn open(folder: &Path) -> Inbox {
    Inbox::open(folder.join("inbox.db")).await.unwrap()
}

/// Events a second, and microseconds of the processor for each.
async fn accept(folder: &Path) -> (f64, f64) {
    let webhook = Webhook::new("the signing secret").unwrap();
    let requests = Arc::new(requests(&webhook, EVENTS));
    let inbox = open(folder).await;
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|task| {
            let (webhook, inbox, requests) = (webhook.clone(), inbox.clone(), Arc::clone(&requests));
            tokio::spawn(async move {
                for request in requests.iter().skip(task).step_by(IN_FLIGHT) {
                    receive(&webhook, &inbox, request).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    assert_eq!(inbox.stats().await.unwrap().entries, EVENTS as u64);
    inbox.close().await;
    (EVENTS as f64 / wall, cpu * 1e6 / EVENTS as f64)
}

/// The 99th percentile of the time from when a request was due to its acknowledgement, in ms, at half of the load that
/// is wanted. Requests come by the clock, whether or not earlier ones are answered.
async fn at_load(folder: &Path, handled: bool) -> f64 {
    let webhook = Webhook::new("the signing secret").unwrap();
    let number = WANTED / 2 * SECONDS;
    let requests = Arc::new(requests(&webhook, number));
    let inbox = open(folder).await;
    let worker = handled.then(|| {
        let worker = inbox.worker().transaction_handler("deliveries", mailferry_store::Deliveries);
        tokio::spawn(worker.run(std::future::pending()))
    });
    let began = Instant::now();
    let mut tasks = Vec::with_capacity(number);
    for index in 0..number {
        let due = began + Duration::from_secs(SECONDS as u64).mul_f64(index as f64 / number as f64);
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        let (webhook, inbox, requests) = (webhook.clone(), inbox.clone(), Arc::clone(&requests));
        tasks.push(tokio::spawn(async move {
            receive(&webhook, &inbox, &requests[index]).await;
            due.elapsed()
        }));
    }
    let mut waits = Vec::with_capacity(number);
    for task in tasks {
        waits.push(task.await.unwrap());
    }
    if let Some(worker) = worker {
        worker.abort();
    }
    waits.sort();
    waits[number * 99 / 100].as_secs_f64() * 1e3
}

/// Of all threads, kernel included.
fn cpu_seconds() -> f64 {
    let mut nanoseconds = 0_u64;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let Ok(text) = std::fs::read_to_string(task.unwrap().path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next().unwrap().parse::<u64>().unwrap();
    }
    nanoseconds as f64 / 1e9
}
