//! Too many connections, clients that take their time, and more bytes than there is room for.

use std::time::Duration;

use mailferry_emulator::{Builder, Emulator, HttpLimits};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{TOKEN, call, get, head, message, raw, send, started};

fn limited(change: impl FnOnce(&mut HttpLimits)) -> impl FnOnce(Builder) -> Builder {
    let mut limits = HttpLimits::default();
    change(&mut limits);
    move |builder| builder.http_limits(limits)
}

/// Everything that the emulator says until it closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes));
    let _ = reading.await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks until there is an answer of this status.
async fn until(emulator: &Emulator, status: u16) {
    for _ in 0..2_000 {
        if get(emulator, "/v1/api-quota").await.status == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("there is no {status}");
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let emulator = started(limited(|limits| limits.connections = 3)).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        stream.write_all(b"GET /_emulator/health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut some = [0; 1024];
        assert!(stream.read(&mut some).await.unwrap() > 0);
        open.push(stream);
    }
    let refused = get(&emulator, "/v1/api-quota").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert!(refused.json()["message"].as_str().unwrap().contains("has 3 connections"), "{}", refused.text());
    drop(open);
    until(&emulator, 200).await;
}

#[tokio::test]
async fn slow_heads_are_cut_off() {
    let emulator = started(limited(|limits| limits.head = Duration::from_millis(100))).await;
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(b"GET /_emulator/health HTTP/1.1\r\nhost: loc").await.unwrap();
    assert!(!rest(&mut stream).await.contains("200 OK"));
    assert_eq!(get(&emulator, "/v1/api-quota").await.status, 200);
}

#[tokio::test]
async fn slow_bodies_are_cut_off() {
    let emulator = started(limited(|limits| limits.body = Duration::from_millis(100))).await;
    for path in ["/v1/email", "/_emulator/inbound"] {
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        stream.write_all((head("POST", path, TOKEN, 100) + "{\"to\":").as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
    }
    assert_eq!(emulator.requests()[0].status(), Some(408));
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
}

/// The place of somebody who begins to read an answer and goes away without a word is free again.
#[tokio::test]
async fn who_reads_no_further_is_cut_off() {
    let limits = |limits: &mut HttpLimits| {
        limits.answer = Duration::from_millis(100);
        limits.connections = 1;
    };
    let emulator = started(limited(limits)).await;
    // More than the sockets hold by themselves.
    let content = "x".repeat(32 * 1024 * 1024);
    let files = json!({"attachments": [{"filename": "a.txt", "content": content, "disposition": "attachment"}]});
    assert_eq!(send(&emulator, &files).await.status, 202);
    let path = format!("/_emulator/emails/{}/attachments/0", emulator.emails()[0].id());
    let mut idle = loop {
        // The connection of before may not be gone yet.
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        stream.write_all(head("GET", &path, TOKEN, 0).as_bytes()).await.unwrap();
        let mut some = [0; 12];
        if stream.read_exact(&mut some).await.is_ok() && &some == b"HTTP/1.1 200" {
            break stream;
        }
    };
    until(&emulator, 200).await;
    assert!(rest(&mut idle).await.len() < content.len() * 3 / 4);
}

#[tokio::test]
async fn large_bodies_wait_for_room() {
    let limits = |limits: &mut HttpLimits| {
        limits.body_bytes = 1024 * 1024;
        limits.body = Duration::from_millis(500);
    };
    let emulator = started(limited(limits)).await;
    // One announces nearly all there is, and sends nothing.
    let mut greedy = TcpStream::connect(emulator.address()).await.unwrap();
    greedy.write_all(head("POST", "/v1/email", TOKEN, 1_000_000).as_bytes()).await.unwrap();
    // Small ones need no room.
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
    // Large ones wait, and find room when the other has had its time.
    let body = message(&json!({"text": "x".repeat(500_000)})).to_string();
    let mut waiting = call(&emulator, "POST", "/v1/email", &body).await.status;
    if waiting == 503 {
        waiting = call(&emulator, "POST", "/v1/email", &body).await.status;
    }
    assert_eq!(waiting, 202);
    assert!(rest(&mut greedy).await.starts_with("HTTP/1.1 408 "));
    let too_large = raw(emulator.address(), &head("POST", "/v1/email", TOKEN, 1024 * 1024 + 1), b"").await.unwrap();
    assert_eq!(too_large.status, 413);
    assert!(too_large.text().contains("1048576 bytes"), "{}", too_large.text());
}

/// Those without a length take room as they grow, and give it back.
#[tokio::test]
async fn chunked_bodies_are_within_the_limit() {
    let emulator = started(limited(|limits| limits.body_bytes = 512 * 1024)).await;
    let text = message(&json!({"text": "x".repeat(400_000)})).to_string();
    let chunked = head("POST", "/v1/email", TOKEN, 0).replace("content-length: 0", "transfer-encoding: chunked");
    for _ in 0..5 {
        let body = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
        assert_eq!(raw(emulator.address(), &chunked, body.as_bytes()).await.unwrap().status, 202);
    }
    let body = format!("{:x}\r\n{}\r\n0\r\n\r\n", 600_000, "x".repeat(600_000));
    if let Some(answer) = raw(emulator.address(), &chunked, body.as_bytes()).await {
        assert_eq!(answer.status, 413);
    }
    assert_eq!(emulator.requests().last().unwrap().status(), Some(413));
}
