//! Faults happen once each, in order, and do what they say.

use std::time::{Duration, Instant};

use mailferry_emulator::{Builder, Fault, RateLimits};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{head, message, raw, send, started};

#[tokio::test]
async fn statuses_come_instead_of_the_service() {
    let emulator = started(|builder| builder).await;
    for (status, kind, text) in [
        (400, "application/json", "not valid JSON"),
        (401, "application/json", r#"{"message":"Unauthenticated."}"#),
        (403, "application/json", "#MS40301"),
        (404, "application/json", "Resource not found."),
        (408, "application/json", "timed out"),
        (421, "application/json", "try again later"),
        (429, "application/json", "#MS42903"),
        (418, "application/json", "refused"),
        (500, "text/html", "<h1>500 Internal Server Error</h1>"),
        (502, "text/html", "<h1>502 Bad Gateway</h1>"),
        (503, "text/html", "<h1>503"),
        (504, "text/html", "<h1>504"),
    ] {
        emulator.fail_next(Fault::Status(status));
        let answer = send(&emulator, &json!({})).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some(kind)));
        assert!(answer.text().contains(text), "{status}: {}", answer.text());
    }
    for nonsense in [0, 100, 600, u16::MAX] {
        emulator.fail_next(Fault::Status(nonsense));
        assert_eq!(send(&emulator, &json!({})).await.status, 500);
    }
    emulator.fail_next(Fault::Status(302));
    assert_eq!(send(&emulator, &json!({})).await.header("location"), Some(emulator.url()));
    assert!(emulator.emails().is_empty());
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
}

#[tokio::test]
async fn both_kinds_of_429() {
    let set_up: fn(Builder) -> Builder = |builder| builder;
    for set_up in [set_up, |builder| builder.rate_limits(RateLimits::documented()).daily_quota(50)] {
        let emulator = started(set_up).await;
        emulator.fail_next(Fault::RateLimit);
        emulator.fail_next(Fault::DailyQuota);
        let minute = send(&emulator, &json!({})).await;
        assert_eq!((minute.status, minute.header("retry-after")), (429, Some("60")));
        assert_eq!(minute.header("x-ratelimit-limit"), Some("120"));
        assert_eq!(minute.header("x-ratelimit-remaining"), Some("0"));
        let day = send(&emulator, &json!({})).await;
        assert_eq!((day.status, day.header("retry-after")), (429, None));
        assert!(day.text().contains("#MS42901"));
        assert_eq!(day.header("x-apiquota-remaining"), Some("0"));
        assert_eq!(day.header("x-apiquota-reset"), Some("2026-03-02T00:00:00Z"));
        assert_eq!(send(&emulator, &json!({})).await.status, 202);
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_nothing_is_processed() {
    let emulator = started(|builder| builder).await;
    emulator.fail_next(Fault::Reset);
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(head("POST", "/v1/email", emulator.token(), 100_000).as_bytes()).await.unwrap();
    let error = stream.read(&mut [0; 10]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let requests = emulator.requests();
    assert_eq!((requests.len(), requests[0].status(), requests[0].body()), (1, None, &b""[..]));
    assert!(emulator.emails().is_empty());
}

#[tokio::test]
async fn a_lost_answer_was_processed() {
    let emulator = started(|builder| builder).await;
    emulator.fail_next(Fault::AnswerLost);
    let body = message(&json!({})).to_string();
    let head = head("POST", "/v1/email", emulator.token(), body.len());
    assert!(raw(emulator.address(), &head, body.as_bytes()).await.is_none());
    assert_eq!(emulator.emails().len(), 1);
    assert_eq!(emulator.requests()[0].status(), None);
}

#[tokio::test]
async fn a_truncated_answer_is_shorter_than_announced() {
    let emulator = started(|builder| builder).await;
    for change in [json!({}), json!({"subject": null})] {
        emulator.fail_next(Fault::Truncated);
        let answer = send(&emulator, &change).await;
        let announced: usize = answer.header("content-length").unwrap().parse().unwrap();
        assert!(answer.body.len() < announced, "{} of {announced}", answer.body.len());
        assert_eq!(answer.body.is_empty(), answer.status == 202);
    }
    assert_eq!(emulator.emails().len(), 1);
}

#[tokio::test]
async fn slow_is_slow_in_real_time() {
    let emulator = started(|builder| builder).await;
    emulator.fail_next(Fault::Slow(Duration::from_millis(150)));
    let start = Instant::now();
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
    assert!(start.elapsed() >= Duration::from_millis(150));
    // Processed first: whoever gives up waiting has still sent.
    assert_eq!(emulator.emails().len(), 1);
}
