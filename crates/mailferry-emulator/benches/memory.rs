//! How much memory the emulator really takes, against the cap that it is given.
//!
//! `cargo bench -p mailferry-emulator --bench memory` sends until twice the cap has gone through, for mails of several
//! sizes, each in a process of its own. Linux only, since memory is read from `/proc`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure should stop")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded when they are printed")]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(missing_docs, reason = "not a library")]

use std::process::Command;

use mailferry_emulator::{Emulator, Memory};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: usize = 1024 * 1024;
/// Of messages, and of requests.
const CAP: usize = 64 * MIB;
/// Bytes of HTML.
const SIZES: [usize; 4] = [20, 2_000, 100_000, 1_000_000];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, size] = args.as_slice()
        && let Ok(size) = size.parse()
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(fill(size));
    }
    for size in SIZES {
        let program = std::env::current_exe().unwrap();
        assert!(Command::new(program).arg(size.to_string()).status().unwrap().success());
    }
}

/// Sends mails with so much HTML until the cap is reached twice over.
async fn fill(size: usize) {
    let memory = Memory { count: usize::MAX, bytes: CAP };
    let emulator = Emulator::builder().memory(memory).any_token().start().await.unwrap();
    let before = resident();
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut sent = 0_u64;
    while emulator.dropped().messages < sent / 2 || sent < 100 {
        let body = json!({
            "from": {"email": "orders@shop.example", "name": "Shop"},
            "to": [{"email": format!("reader-{sent}@customer.example"), "name": "Ann Lee"}],
            "subject": format!("Your order {sent} has shipped"),
            "html": "x".repeat(size),
            "tags": ["shop", "order"],
        })
        .to_string();
        let head = format!(
            "POST /v1/email HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer token\r\naccept: application/json\r\n\
             user-agent: bench/1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 202"));
        sent += 1;
    }
    let (kept, caps) = (emulator.messages().len(), (2 * CAP / MIB) as f64);
    let taken = (resident() - before) as f64 / 1024.0;
    println!(
        "{size} bytes of HTML: {kept} mails kept take {taken:.0} MiB, {:.2} times the cap of messages and requests",
        taken / caps
    );
}

/// What the process has in memory, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
