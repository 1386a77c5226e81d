//! What was under way goes on after a restart, once.

use std::collections::BTreeMap;
use std::time::Duration;

use mailferry_emulator::{ActivityKind, EmailStatus, Emulator, Outcome, Retries, Webhook};
use serde_json::json;

use super::Folder;
use crate::client::{get, message, post, send};
use crate::receiver::{Answer, Receiver};

/// What happened to whom, in order.
fn happened(emulator: &Emulator) -> BTreeMap<String, Vec<ActivityKind>> {
    let mut all: BTreeMap<String, Vec<ActivityKind>> = BTreeMap::new();
    for activity in emulator.activities() {
        all.entry(activity.recipient).or_default().push(activity.kind);
    }
    all
}

#[tokio::test]
async fn emails_go_on_where_they_were() {
    use ActivityKind::{Clicked, ClickedUnique, Deferred, Delivered, Opened, OpenedUnique, Queued, Sent};
    let folder = Folder::new();
    let set_up = |builder: mailferry_emulator::Builder| builder.outcome("late@*", Outcome::Deferred);
    let mut emulator = folder.started(set_up).await;
    emulator.pause_domain("paused.example");
    let soon = emulator.clock().now().as_second() + 60;
    for (who, from, send_at) in [
        ("ann@a.example", "a@example.com", None),
        ("late@a.example", "a@example.com", None),
        ("click@a.example", "a@example.com", None),
        ("timed@a.example", "a@example.com", Some(soon)),
        ("held@a.example", "a@paused.example", None),
    ] {
        send(&emulator, &json!({"to": [{"email": who}], "from": {"email": from}, "send_at": send_at})).await;
    }
    // A restart after each step changes nothing.
    for _ in 0..5 {
        emulator.shutdown().await;
        emulator = folder.started(set_up).await;
        emulator.clock().advance(Duration::from_secs(2));
        drop(emulator.emails());
    }
    let all = happened(&emulator);
    assert_eq!(all["ann@a.example"], [Queued, Sent, Delivered]);
    assert_eq!(all["late@a.example"], [Queued, Sent, Deferred, Delivered]);
    let clicking = [Queued, Sent, Delivered, Opened, OpenedUnique, Clicked, ClickedUnique];
    assert_eq!(all["click@a.example"], clicking);
    assert_eq!((&*all["timed@a.example"], &*all["held@a.example"]), (&[Queued][..], &[Queued][..]));

    emulator.shutdown().await;
    emulator = folder.started(set_up).await;
    emulator.resume_domain("paused.example");
    emulator.clock().advance(Duration::from_mins(2));
    let all = happened(&emulator);
    assert_eq!(all["timed@a.example"], [Queued, Sent, Delivered]);
    assert_eq!(all["held@a.example"], [Queued, Sent, Delivered]);
    assert!(emulator.emails().iter().all(|email| email.status() == EmailStatus::Delivered));
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_bulk_request_is_done_after_a_restart() {
    let (folder, receiver) = (Folder::new(), Receiver::start().await);
    let url = receiver.url.clone();
    let set_up = |builder: mailferry_emulator::Builder| {
        builder.bulk_delay(Duration::from_mins(1)).webhook(Webhook::new(&url).events(["bulk_email.completed"]))
    };
    let emulator = folder.started(set_up).await;
    let bulk = post(&emulator, "/v1/bulk-email", &json!([message(&json!({}))])).await.json();
    let path = format!("/v1/bulk-email/{}", bulk["bulk_email_id"].as_str().unwrap());
    emulator.shutdown().await;

    let emulator = folder.started(set_up).await;
    assert_eq!(get(&emulator, &path).await.json()["data"]["state"], "queued");
    emulator.clock().advance(Duration::from_mins(2));
    emulator.settled().await;
    assert_eq!(get(&emulator, &path).await.json()["data"]["state"], "completed");
    assert_eq!(emulator.emails()[0].status(), EmailStatus::Delivered);
    emulator.shutdown().await;

    let emulator = folder.started(set_up).await;
    emulator.settled().await;
    assert_eq!(receiver.count(), 1, "it is told of once");
    emulator.shutdown().await;
}

#[tokio::test]
async fn failed_deliveries_are_repeated_after_a_restart() {
    let (folder, receiver) = (Folder::new(), Receiver::start().await);
    let url = receiver.url.clone();
    let set_up = |builder: mailferry_emulator::Builder| {
        let webhook = Webhook::new(&url).events(["activity.sent"]);
        builder.webhook(webhook).webhook_retries(Retries::twice())
    };
    receiver.then(Answer::Status(503));
    let emulator = folder.started(set_up).await;
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert!(emulator.webhook_deliveries()[0].again_at.is_some());
    emulator.shutdown().await;

    let emulator = folder.started(set_up).await;
    emulator.settled().await;
    assert_eq!(receiver.count(), 1, "it is not due yet");
    emulator.clock().advance(Duration::from_secs(10));
    emulator.settled().await;
    let (posts, deliveries) = (receiver.posted(), emulator.webhook_deliveries());
    assert_eq!((posts.len(), &posts[0].body), (2, &posts[1].body));
    let attempts: Vec<_> = deliveries.iter().map(|delivery| (delivery.number, delivery.attempt)).collect();
    assert_eq!(attempts, [(0, 1), (1, 2)]);
    emulator.shutdown().await;

    let emulator = folder.started(set_up).await;
    emulator.clock().advance(Duration::from_hours(1));
    emulator.settled().await;
    assert_eq!(receiver.count(), 2);
    assert!(emulator.resend_delivery(0));
    emulator.settled().await;
    assert_eq!(receiver.count(), 3);
    emulator.shutdown().await;
}

#[tokio::test]
async fn limits_go_on_being_counted() {
    let folder = Folder::new();
    let limits = mailferry_emulator::RateLimits { email: Some(2), ..mailferry_emulator::RateLimits::unlimited() };
    let set_up = |builder: mailferry_emulator::Builder| builder.rate_limits(limits).daily_quota(10);
    let emulator = folder.started(set_up).await;
    send(&emulator, &json!({})).await;
    emulator.shutdown().await;
    let emulator = folder.started(set_up).await;
    let second = send(&emulator, &json!({})).await;
    assert_eq!((second.header("x-ratelimit-remaining"), second.header("x-apiquota-remaining")), (Some("0"), Some("8")));
    assert_eq!(send(&emulator, &json!({})).await.status, 429);
    emulator.shutdown().await;
}
