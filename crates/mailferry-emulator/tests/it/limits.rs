//! Limits a minute and a day, in virtual time.

use std::time::Duration;

use mailferry_emulator::{RateLimits, RecipientLimits};
use serde_json::json;

use crate::client::{get, post, send, started};

#[tokio::test]
async fn without_limits_none_are_shown() {
    let emulator = started(|builder| builder).await;
    let answer = send(&emulator, &json!({})).await;
    assert_eq!(
        answer.header_names(),
        ["cache-control", "content-type", "x-apiquota-remaining", "x-apiquota-reset", "x-message-id"]
    );
    assert_eq!(answer.header("x-apiquota-remaining"), Some("-1"));
    let quota = get(&emulator, "/v1/api-quota").await;
    assert_eq!(quota.text(), r#"{"quota":-1,"remaining":-1,"reset":"2026-03-02T00:00:00Z"}"#);
    assert_eq!(quota.header("x-apiquota-remaining"), Some("-1"));
}

#[tokio::test]
async fn a_minute_is_counted_for_each_route() {
    let emulator = started(|builder| builder.rate_limits(RateLimits::documented())).await;
    let first = send(&emulator, &json!({})).await;
    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), (Some("120"), Some("119")));
    // A request that fails validation counts too.
    let invalid = send(&emulator, &json!({"subject": null})).await;
    assert_eq!((invalid.status, invalid.header("x-ratelimit-remaining")), (422, Some("118")));
    emulator.clock().advance(Duration::from_secs(15));
    for _ in 2..120 {
        assert_eq!(send(&emulator, &json!({})).await.status, 202);
    }
    let over = send(&emulator, &json!({})).await;
    assert_eq!(over.status, 429);
    let sentence = "Your account reached its rate limit of 120 requests/min. Please wait before trying again. #MS42903";
    assert_eq!(over.text(), format!("{{\n    \"message\": \"{sentence}\"\n}}"));
    assert_eq!(over.header("retry-after"), Some("45"));
    assert_eq!(over.header("x-ratelimit-remaining"), Some("0"));
    assert!(over.header("x-apiquota-remaining").is_some() && over.header("x-ratelimit-reset").is_some());

    let other = get(&emulator, "/v1/messages").await;
    assert_eq!((other.status, other.header("x-ratelimit-limit")), (200, Some("60")));
    let bulk = post(&emulator, "/v1/bulk-email", &json!([{}])).await;
    assert_eq!((bulk.header("x-ratelimit-limit"), bulk.header("x-ratelimit-remaining")), (Some("10"), Some("9")));

    emulator.clock().advance(Duration::from_secs(45));
    assert_eq!(send(&emulator, &json!({})).await.header("x-ratelimit-remaining"), Some("119"));
}

#[tokio::test]
async fn a_day_ends_at_midnight() {
    let emulator = started(|builder| builder.daily_quota(2)).await;
    assert_eq!(send(&emulator, &json!({})).await.header("x-apiquota-remaining"), Some("1"));
    // Asking for the quota is free.
    let quota = get(&emulator, "/v1/api-quota").await;
    assert_eq!(quota.text(), r#"{"quota":2,"remaining":1,"reset":"2026-03-02T00:00:00Z"}"#);
    assert_eq!(send(&emulator, &json!({"to": null})).await.header("x-apiquota-remaining"), Some("0"));
    let over = send(&emulator, &json!({})).await;
    assert_eq!((over.status, over.header("x-apiquota-remaining")), (429, Some("0")));
    assert_eq!(over.header("x-apiquota-reset"), Some("2026-03-02T00:00:00Z"));
    let sentence = "Your account reached its API daily quota limit. Upgrade to increase it. #MS42901";
    assert_eq!(over.text(), format!("{{\n    \"message\": \"{sentence}\"\n}}"));
    assert_eq!(over.header("retry-after"), None);

    emulator.clock().advance(Duration::from_hours(14));
    let next = send(&emulator, &json!({})).await;
    assert_eq!((next.status, next.header("x-apiquota-reset")), (202, Some("2026-03-03T00:00:00Z")));
}

#[tokio::test]
async fn unapproved_accounts_write_to_fewer() {
    let emulator = started(|builder| builder.recipient_limits(RecipientLimits::unapproved())).await;
    let people = |count: usize| -> serde_json::Value {
        (0..count).map(|i| json!({"email": format!("p{i}@example.org")})).collect()
    };
    assert_eq!(send(&emulator, &json!({"to": people(10), "cc": people(1), "bcc": people(1)})).await.status, 202);
    let answer = send(&emulator, &json!({"to": people(11), "cc": people(2), "bcc": people(2)})).await.json();
    for list in ["to", "cc", "bcc"] {
        let sentence = format!("The {list} recipient limit is exceeded. #MS42205");
        assert_eq!(answer["errors"][list], json!([sentence]));
    }
}
