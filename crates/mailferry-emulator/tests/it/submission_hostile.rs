//! Clients that mean harm, where mail is sent by SMTP.

use std::time::Duration;

use mailferry_emulator::{Builder, Emulator, SmtpLimits};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::started;
use crate::smtp_client::Client;

const ANN: &str = "AUTH PLAIN AGFubgBzZXNhbWU=";

async fn sending(limits: SmtpLimits, set_up: impl FnOnce(Builder) -> Builder) -> Emulator {
    started(|builder| set_up(builder.submission_port(0).smtp_limits(limits))).await
}

async fn at(emulator: &Emulator) -> Client {
    let mut client = Client::at(emulator.submission_address().unwrap()).await;
    client.check("EHLO client.test", "250").await;
    client
}

/// Up to the content of a mail.
async fn ready(emulator: &Emulator) -> Client {
    let mut client = at(emulator).await;
    client.check(ANN, "235").await;
    client.check("MAIL FROM:<a@example.com>", "250").await;
    client.check("RCPT TO:<ann@example.org>", "250").await;
    client
}

/// It still takes a mail.
async fn assert_well(emulator: &Emulator) {
    let mut client = ready(emulator).await;
    client.check("DATA", "354").await;
    client.send("From: a@example.com\r\nSubject: Hi\r\n\r\nHello\r\n.\r\n").await;
    let reply = client.hear().await;
    assert!(reply.starts_with("250 Message queued as "), "{reply}");
    client.check("QUIT", "221").await;
}

#[tokio::test]
async fn lines_without_end() {
    let emulator = sending(SmtpLimits::default(), |builder| builder).await;
    let mut client = at(&emulator).await;
    client.check("AUTH LOGIN", "334").await;
    client.send("YW5u".repeat(1 << 18)).await;
    client.check("", "500 5.5.6").await;
    // The login is over; what follows is a command again.
    client.check("NOOP", "250").await;
    client.check("AUTH LOGIN", "334").await;
    client.send(b"\xff\xfe\x00\r\n").await;
    assert!(client.hear().await.starts_with("501 5.5.2"));
    client.send("x".repeat(100) + "\r\n").await;
    assert!(client.hear().await.starts_with("500"));
    // A mail that is one line.
    let limits = SmtpLimits { message_bytes: 100_000, ..SmtpLimits::default() };
    let emulator = sending(limits, |builder| builder).await;
    let mut client = ready(&emulator).await;
    client.check("DATA", "354").await;
    client.send("x".repeat(150_000) + "\r\n.\r\n").await;
    assert!(client.hear().await.starts_with("552 5.3.4"));
    assert_well(&emulator).await;
}

#[tokio::test]
async fn pipelines_that_nobody_reads() {
    let limits = SmtpLimits { idle: Duration::from_secs(2), ..SmtpLimits::default() };
    let emulator = sending(limits, |builder| builder).await;
    let mut deaf = TcpStream::connect(emulator.submission_address().unwrap()).await.unwrap();
    // Replies to these fill every buffer on the way, and then the writing stops.
    let lines = "EHLO client.test\r\n".repeat(10_000);
    let flood = async { while deaf.write_all(lines.as_bytes()).await.is_ok() {} };
    // Another client is served meanwhile; the deaf one is left after the idle time, which ends the flood.
    let (ended, ()) = tokio::join!(tokio::time::timeout(Duration::from_mins(1), flood), assert_well(&emulator));
    assert!(ended.is_ok(), "a client that reads nothing is served for ever");
}

#[tokio::test]
async fn floods_of_chunks() {
    let limits = SmtpLimits { message_bytes: 10_000, total_bytes: 20_000, ..SmtpLimits::default() };
    let emulator = sending(limits, |builder| builder).await;
    // Empty ones, and such that nobody asked for.
    let mut client = at(&emulator).await;
    client.send("BDAT 0\r\n".repeat(10)).await;
    for _ in 0..10 {
        assert!(client.hear().await.starts_with("503 5.5.1"));
    }
    let mut client = ready(&emulator).await;
    client.send("BDAT 0\r\n".repeat(5_000)).await;
    for _ in 0..5_000 {
        assert!(client.hear().await.starts_with("250 2.0.0"));
    }
    // One byte each, until there are too many; the rest is no longer wanted.
    client.send("BDAT 1\r\nx".repeat(10_001)).await;
    let mut taken = 0;
    let last = loop {
        let reply = client.hear().await;
        if !reply.starts_with("250") {
            break reply;
        }
        taken += 1;
    };
    assert!(taken == 10_000 && last.starts_with("552 5.3.4"), "{taken} {last}");
    // Sizes that no machine has.
    for size in ["18446744073709551615", "99999999999999999999999", "-1"] {
        let mut client = ready(&emulator).await;
        client.send(format!("BDAT {size}\r\n")).await;
        client.send(b"NOOP\r\n".repeat(5_000)).await;
        let reply = client.hear().await;
        assert!(reply.is_empty() || reply.starts_with('5'), "{size}: {reply}");
    }
    assert_well(&emulator).await;
    assert_eq!(emulator.messages().len(), 1);
}

#[tokio::test]
async fn thousands_of_connections() {
    let limits = SmtpLimits { connections: 200, ..SmtpLimits::default() };
    let emulator = sending(limits, |builder| builder).await;
    let address = emulator.submission_address().unwrap();
    let mut kept = Vec::new();
    for _ in 0..200 {
        kept.push(Client::at(address).await);
    }
    let mut refused = 0;
    for _ in 0..2_800 {
        let mut client = Client::over(TcpStream::connect(address).await.unwrap());
        let reply = client.hear().await;
        // The refusal is lost where the connection ends before it is read.
        assert!(reply.is_empty() || reply.starts_with("421 4.3.2"), "{reply}");
        refused += 1;
    }
    assert_eq!(refused, 2_800);
    // Those who were let in are served, and leave room.
    for client in &mut kept {
        client.check("EHLO client.test", "250").await;
    }
    drop(kept);
    let mut tries = 0;
    while !Client::over(TcpStream::connect(address).await.unwrap()).hear().await.starts_with("220") {
        tries += 1;
        assert!(tries < 10_000, "places are not given back");
        tokio::task::yield_now().await;
    }
    assert_well(&emulator).await;
}

#[tokio::test]
async fn clients_that_only_listen_or_only_talk() {
    let limits = SmtpLimits { idle: Duration::from_millis(100), connections: 1, ..SmtpLimits::default() };
    let emulator = sending(limits, |builder| builder).await;
    let address = emulator.submission_address().unwrap();
    // Half of the connection is closed in the middle of a mail: it is not taken.
    let mut stream = TcpStream::connect(address).await.unwrap();
    let half = format!("EHLO x\r\n{ANN}\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\nFrom: a@example.com\r\n");
    stream.write_all(half.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut client = Client::over(stream);
    let mut replies = Vec::new();
    loop {
        match client.hear().await {
            reply if reply.is_empty() => break,
            reply => replies.push(reply),
        }
    }
    assert!(replies.last().unwrap().starts_with("354"), "{replies:?}");
    // Somebody who says nothing is left, and the only place is free again.
    let mut silent = connected(address).await;
    assert!(silent.hear().await.starts_with("421 4.4.2"));
    assert_eq!(silent.hear().await, "");
    let mut client = connected(address).await;
    client.check("QUIT", "221").await;
    assert!(emulator.messages().is_empty());
}

/// A connection, once there is a place for it.
async fn connected(address: std::net::SocketAddr) -> Client {
    for _ in 0..10_000 {
        let mut client = Client::over(TcpStream::connect(address).await.unwrap());
        if client.hear().await.starts_with("220") {
            return client;
        }
        tokio::task::yield_now().await;
    }
    panic!("places are not given back");
}

#[tokio::test]
async fn it_ends_in_the_middle_of_everything() {
    let emulator = sending(SmtpLimits::default(), |builder| builder).await;
    let address = emulator.submission_address().unwrap();
    let mut greeted = Client::at(address).await;
    let mut asked = at(&emulator).await;
    asked.check("AUTH LOGIN", "334").await;
    let mut writing = ready(&emulator).await;
    writing.check("DATA", "354").await;
    writing.send("From: a@example.com\r\n").await;
    let mut chunked = ready(&emulator).await;
    chunked.send("BDAT 100\r\nhalf").await;
    emulator.shutdown().await;
    for client in [&mut greeted, &mut asked] {
        assert!(client.hear().await.starts_with("421 4.3.2"));
        assert_eq!(client.hear().await, "");
    }
    // Who is in the middle of a mail is cut off, or told before its first byte is read.
    for client in [&mut writing, &mut chunked] {
        let reply = client.hear().await;
        assert!(reply.is_empty() || reply.starts_with("421 4.3.2"), "{reply}");
    }
    assert!(TcpStream::connect(address).await.is_err());
}
