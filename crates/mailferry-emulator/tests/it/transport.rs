//! Connections: kept, many at once, and how the emulator ends.

use std::sync::Arc;

use mailferry_emulator::Emulator;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{TOKEN, get, head, message, send, started};

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let emulator = started(|builder| builder).await;
    let body = message(&json!({})).to_string();
    let request = head("POST", "/v1/email", TOKEN, body.len()).replace("connection: close\r\n", "") + &body;
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(bytes[..count].starts_with(b"HTTP/1.1 202 "));
    }
    assert_eq!(emulator.emails().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_send_at_once() {
    let emulator = Arc::new(started(|builder| builder).await);
    let senders: Vec<_> = (0..50)
        .map(|_| {
            let emulator = Arc::clone(&emulator);
            tokio::spawn(async move { send(&emulator, &json!({})).await.status })
        })
        .collect();
    for sender in senders {
        assert_eq!(sender.await.unwrap(), 202);
    }
    let mut ids: Vec<_> = emulator.emails().iter().map(|email| email.id().to_owned()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

#[tokio::test]
async fn a_listener_of_ones_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let emulator = Emulator::builder().any_token().serve(listener).await.unwrap();
    assert_eq!((emulator.address(), emulator.url()), (address, &*format!("http://{address}/v1/")));
    assert_eq!(get(&emulator, "/v1/api-quota").await.status, 200);
}

#[tokio::test]
async fn it_ends_when_told_to() {
    let emulator = started(|builder| builder).await;
    let address = emulator.address();
    // An idle connection does not keep it.
    let mut idle = TcpStream::connect(address).await.unwrap();
    get(&emulator, "/v1/api-quota").await;
    emulator.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn it_ends_when_dropped() {
    let emulator = started(|builder| builder).await;
    let address = emulator.address();
    drop(emulator);
    for _ in 0..100 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it still listens");
}
