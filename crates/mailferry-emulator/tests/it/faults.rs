//! Faults do what they say, to those that they are meant for.

use std::time::{Duration, Instant};

use mailferry_emulator::{Builder, Fault, FaultOn, FaultRule, RateLimits};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{call, get, head, message, post, raw, send, started};

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

/// The third 429 there is: recorded without anything that says how long to wait.
#[tokio::test]
async fn too_many_are_created() {
    let emulator = started(|builder| builder.rate_limits(RateLimits::documented())).await;
    emulator.add_fault(FaultRule::new(Fault::CreateLimit).on(FaultOn::Changing)).unwrap();
    let answer = post(&emulator, "/v1/domains", &json!({"name": "shop.example"})).await;
    assert_eq!(answer.status, 429);
    let sentence = "You cannot create a resource at the moment. Please wait a while before retrying.";
    assert_eq!(answer.json(), json!({"message": sentence}));
    assert_eq!((answer.header("retry-after"), answer.header("x-ratelimit-limit")), (None, None));
    assert_eq!(answer.header("x-apiquota-remaining"), Some("-1"));
    assert_eq!(post(&emulator, "/v1/domains", &json!({"name": "shop.example"})).await.status, 201);
}

#[tokio::test]
async fn injected_errors_are_never_taken_for_real_ones() {
    let emulator = started(|builder| builder).await;
    let faults = [Fault::Status(503), Fault::AnswerLost, Fault::Slow(Duration::from_millis(1)), Fault::Truncated];
    for fault in faults {
        emulator.fail_next(fault);
        let body = message(&json!({"subject": null})).to_string();
        let head = head("POST", "/v1/email", emulator.token(), body.len());
        let answer = raw(emulator.address(), &head, body.as_bytes()).await;
        let said = answer.as_ref().and_then(|answer| answer.header("x-emulator-fault"));
        assert_eq!(said, (fault != Fault::AnswerLost).then(|| fault.to_string()).as_deref());
    }
    assert_eq!(send(&emulator, &json!({"subject": null})).await.header("x-emulator-fault"), None);
    let noted: Vec<_> = emulator.requests().iter().map(mailferry_emulator::Request::fault).collect();
    assert_eq!(noted, faults.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
    let shown = get(&emulator, "/_emulator/requests").await.json();
    let shown: Vec<_> = shown.as_array().unwrap().iter().map(|request| request["fault"].clone()).collect();
    assert_eq!(shown, [json!("status=503"), json!("answer_lost"), json!("slow=1ms"), json!("truncated"), Value::Null]);
}

#[tokio::test]
async fn rules_meet_only_what_they_look_at() {
    let emulator = started(|builder| {
        builder
            .fault(FaultRule::new(Fault::Status(500)).on(FaultOn::Bulk))
            .fault(FaultRule::new(Fault::Status(502)).on(FaultOn::Reading).next(2))
            .fault(FaultRule::new(Fault::Status(503)).on(FaultOn::Changing))
    })
    .await;
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
    let read = [get(&emulator, "/v1/messages").await, get(&emulator, "/v1/email/x").await];
    assert_eq!(read.map(|answer| answer.status), [502, 502]);
    assert_eq!(get(&emulator, "/v1/messages").await.status, 200);
    assert_eq!(post(&emulator, "/v1/bulk-email/", &json!([message(&json!({}))])).await.status, 500);
    assert_eq!(post(&emulator, "/v1/bulk-email", &json!([message(&json!({}))])).await.status, 202);
    assert_eq!(call(&emulator, "DELETE", "/v1/recipients/x", "").await.status, 503);
    let met: Vec<_> = emulator.faults().iter().map(|fault| (fault.met, fault.left)).collect();
    assert_eq!(met, [(1, Some(0)), (2, Some(0)), (1, Some(0))]);
}

/// What came of so many mails, one after another.
async fn statuses(emulator: &mailferry_emulator::Emulator, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(send(emulator, &json!({})).await.status);
    }
    statuses
}

#[tokio::test]
async fn a_run_can_be_repeated() {
    let share = |seed| async move {
        let rule = FaultRule::new(Fault::Status(503)).share(0.4);
        let emulator = started(|builder| builder.fault(rule).fault_seed(seed)).await;
        (statuses(&emulator, 40).await, emulator)
    };
    let (first, emulator) = share(1).await;
    assert!(first.contains(&503) && first.contains(&202), "{first:?}");
    assert_eq!(first, share(1).await.0);
    assert_ne!(first, share(2).await.0);
    emulator.reset();
    assert_eq!(statuses(&emulator, 40).await, first);
    // The same seed, given later.
    let other = started(|builder| builder).await;
    let seed = emulator.faults()[0].seed;
    other.add_fault(FaultRule::new(Fault::Status(503)).share(0.4).seed(seed)).unwrap();
    assert_eq!(statuses(&other, 40).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_meet_it_however_many_come_at_once() {
    let rule = FaultRule::new(Fault::Status(503)).share(0.4).seed(1);
    let alone = started(|builder| builder.fault(rule)).await;
    let expected = statuses(&alone, 40).await.iter().filter(|status| **status == 503).count();
    let emulator = std::sync::Arc::new(started(|builder| builder.fault(rule)).await);
    let sends: Vec<_> = (0..40)
        .map(|_| {
            let emulator = std::sync::Arc::clone(&emulator);
            tokio::spawn(async move { send(&emulator, &json!({})).await.status })
        })
        .collect();
    let mut met = 0;
    for send in sends {
        met += usize::from(send.await.unwrap() == 503);
    }
    assert_eq!(met, expected);
}

#[tokio::test]
async fn faults_are_managed_over_http() {
    let emulator = started(|builder| builder.fault_seed(3)).await;
    let added = post(
        &emulator,
        "/_emulator/faults",
        &json!({"fault": "slow", "delay_ms": 5, "share": 0.5, "on": "email", "seed": 9}),
    )
    .await;
    assert_eq!(added.status, 201);
    let slow = json!({
        "id": 0, "fault": "slow", "status": null, "delay_ms": 5, "on": "email", "left": null, "share": 0.5, "seed": 9,
        "met": 0, "looked_at": 0, "active": true, "text": "slow=5ms:50%@email",
    });
    assert_eq!(added.json(), slow);
    let next =
        post(&emulator, "/_emulator/faults", &json!({"fault": "status", "status": 421, "count": 2})).await.json();
    assert_eq!((&next["left"], &next["text"], &next["share"]), (&json!(2), &json!("status=421*2"), &Value::Null));
    emulator.fail_next(Fault::WebhookLost);
    assert_eq!(send(&emulator, &json!({})).await.status, 421);
    let list = get(&emulator, "/_emulator/faults").await.json();
    assert_eq!(list["queued"], json!([{"fault": "webhook_lost", "status": null, "delay_ms": null}]));
    let counts: Vec<_> = list["rules"].as_array().unwrap().iter().map(|rule| (&rule["met"], &rule["left"])).collect();
    assert_eq!(counts, [(&json!(0), &Value::Null), (&json!(1), &json!(1))]);
    assert_eq!(call(&emulator, "DELETE", "/_emulator/faults/1", "").await.status, 204);
    assert_eq!(call(&emulator, "DELETE", "/_emulator/faults/1", "").await.status, 404);
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
    assert_eq!(call(&emulator, "DELETE", "/_emulator/faults", "").await.status, 204);
    assert_eq!(get(&emulator, "/_emulator/faults").await.json(), json!({"queued": [], "rules": []}));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_to_write() {
    let emulator = started(|builder| builder).await;
    for (body, said) in [
        (json!({"fault": "explode"}), "write one of rate_limit,"),
        (json!({"fault": "status"}), "write status=503"),
        (json!({"fault": "status", "status": 700}), "from 200 to 599"),
        (json!({"fault": "slow"}), "write slow=2s"),
        (json!({"fault": "reset", "delay_ms": 5}), "has no value of its own"),
        (json!({"fault": "reset", "share": 1.5}), "100% at most"),
        (json!({"fault": "reset", "count": 0}), "write reset*1"),
        (json!({"fault": "reset", "on": "inbound"}), "happens to requests to the API"),
        (json!({"fault": "webhook_delayed", "delay_ms": 86_400_001_u64}), "24 hours at most"),
    ] {
        let answer = post(&emulator, "/_emulator/faults", &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.text().contains(said), "{body}: {}", answer.text());
    }
    assert_eq!(post(&emulator, "/_emulator/faults", &json!({"fault": "reset", "sahre": 1})).await.status, 400);
    let body = r#"{"fault": "reset"}"#;
    let plain = head("POST", "/_emulator/faults", "x", body.len()).replace("application/json", "text/plain");
    assert_eq!(raw(emulator.address(), &plain, body.as_bytes()).await.unwrap().status, 415);
    assert!(emulator.faults().is_empty());
    let start = mailferry_emulator::Emulator::builder().fault(FaultRule::new(Fault::Reset).share(2.0)).start().await;
    assert_eq!(start.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

/// The mailbox page shows it on every panel.
#[tokio::test]
async fn whoever_watches_hears_of_faults() {
    let emulator = started(|builder| builder).await;
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(b"GET /_emulator/live HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut said = String::new();
    let mut added = false;
    while !said.contains("\"faults\"") {
        let mut piece = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut piece)).await.unwrap().unwrap();
        assert!(read > 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&piece[..read]));
        if !added {
            emulator.add_fault(FaultRule::new(Fault::Reset)).unwrap();
            added = true;
        }
    }
}
