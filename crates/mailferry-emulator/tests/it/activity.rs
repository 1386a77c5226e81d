//! What the API tells of activities.

use std::time::Duration;

use mailferry_emulator::{Emulator, RateLimits, Reaction};
use serde_json::{Value, json};

use crate::client::{get, send, started};

const START: i64 = 1_772_359_200;

/// The answer about all of this hour's activities of `example.com`, and more of a question.
async fn activity(emulator: &Emulator, more: &str) -> Value {
    let domain = emulator.domain_id("example.com");
    let to = emulator.clock().now().as_second();
    get(emulator, &format!("/v1/activity/{domain}?date_from={START}&date_to={to}{more}")).await.json()
}

/// An emulator an hour after somebody opened and clicked.
async fn clicked() -> Emulator {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({"to": [{"email": "click@example.org"}], "tags": ["order"]})).await;
    emulator.clock().advance(Duration::from_hours(1));
    emulator
}

fn kinds(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|activity| activity["type"].as_str().unwrap()).collect()
}

/// The rule, the question, the key and the sentence.
#[rustfmt::skip] // a table: one line a rule
pub(crate) const CASES: &[(&str, &str, &str, &str)] = &[
    ("activity.date_from.required", "date_to=1772359200", "date_from", "The date from field is required. #MS42209"),
    ("activity.date_from.date", "date_from=yesterday&date_to=1772359200", "date_from", "The date from is not a valid date."),
    ("activity.date_from.before", "date_from=1772359200&date_to=1772359200", "date_from", "The date from must be a date before date to."),
    ("activity.date_from.retention", "date_from=1772272799&date_to=1772359200", "date_from", "Date selection out of range. Your account has a 1-day data retention limit. Upgrade your plan or acquire a data retention addon."),
    ("activity.date_to.required", "date_from=1772272800", "date_to", "The date to field is required. #MS42209"),
    ("activity.date_to.date", "date_from=1772272800&date_to=2026-03-01", "date_to", "The date to is not a valid date."),
    ("activity.date_to.future", "date_from=1772272800&date_to=1772359201", "date_to", "The date_to must be before or equal to 1772359200"),
    ("activity.event.array", "date_from=1772272800&date_to=1772359200&event=sent", "event", "The event must be an array."),
    ("activity.event.known", "date_from=1772272800&date_to=1772359200&event[]=sent&event[]=spam_complaint", "event.1", "The selected event.1 is invalid."),
    ("activity.page.max", "date_from=1772272800&date_to=1772359200&page=1001", "page", "The page must not be greater than 1000."),
];

#[tokio::test]
async fn every_rule_about_activities_says_its_sentence() {
    let emulator = started(|builder| builder.retention_days(1)).await;
    let domain = emulator.domain_id("example.com");
    for (rule, question, key, sentence) in CASES {
        let answer = get(&emulator, &format!("/v1/activity/{domain}?{question}")).await;
        assert_eq!(answer.status, 422, "{rule}: {}", answer.text());
        assert_eq!(answer.json()["errors"], json!({*key: [sentence]}), "{rule}");
    }
    let fine = "date_from=2026-02-28+10:00:00&date_to=2026-03-01%2010:00:00&event[]=junk";
    assert_eq!(get(&emulator, &format!("/v1/activity/{domain}?{fine}")).await.status, 200);
}

#[tokio::test]
async fn activities_are_told_newest_first() {
    let emulator = clicked().await;
    let page = activity(&emulator, "").await;
    let expected = ["clicked_unique", "clicked", "opened_unique", "opened", "delivered", "sent", "queued"];
    assert_eq!(kinds(&page), expected);
    assert_eq!((&page["links"]["last"], page["meta"].get("total")), (&json!(null), None));
    let other = emulator.domain_id("other.example");
    let none = get(&emulator, &format!("/v1/activity/{other}?date_from=0&date_to={START}")).await.json();
    assert_eq!(none["data"], json!([]));
    let nowhere = get(&emulator, "/v1/activity/0r83ql3jjz4zw1jm").await;
    assert_eq!((nowhere.status, nowhere.header("x-apiquota-remaining")), (404, None));
}

#[tokio::test]
async fn an_activity_has_the_recorded_shape() {
    let emulator = clicked().await;
    let domain = emulator.domain_id("example.com");
    let answer =
        get(&emulator, &format!("/v1/activity/{domain}?date_from={START}&date_to={}&event[]=delivered", START + 60))
            .await;
    let (email, delivered) = (&emulator.emails()[0], &emulator.activities()[2]);
    let recipient = answer.json()["data"][0]["email"]["recipient"]["id"].as_str().unwrap().to_owned();
    let sent = "2026-03-01T10:00:00.000000Z";
    let expected = format!(
        concat!(
            r#"{{"data":[{{"id":"{}","created_at":"2026-03-01T10:00:02.000000Z","updated_at":"2026-03-01T10:00:02.000000Z","#,
            r#""type":"delivered","email":{{"id":"{}","from":"shop@example.com","subject":"Hello","text":null,"html":null,"#,
            r#""template_id":"","status":"delivered","tags":["order"],"created_at":"{sent}","updated_at":"{sent}","#,
            r#""headers":null,"recipient":{{"id":"{}","email":"click@example.org","created_at":"{sent}","#,
            r#""updated_at":"{sent}","deleted_at":""}}}}}}],"#,
        ),
        delivered.id,
        email.id(),
        recipient,
        sent = sent,
    );
    assert!(answer.text().starts_with(&expected), "{}\n{expected}", answer.text());
    let one = get(&emulator, &format!("/v1/activities/{}", delivered.id)).await;
    assert_eq!((one.status, &one.json()["data"]), (200, &answer.json()["data"][0]));
    let none = get(&emulator, "/v1/activities/69a40e20bf85c862710f2c5a").await;
    assert_eq!((none.status, none.header("x-apiquota-remaining")), (404, None));
}

#[tokio::test]
async fn activities_are_filtered() {
    let emulator = clicked().await;
    assert_eq!(kinds(&activity(&emulator, "&event[]=sent&event[]=opened").await), ["opened", "sent"]);
    assert_eq!(kinds(&activity(&emulator, "&event[0]=sent&event[1]=queued").await), ["sent", "queued"]);
    assert_eq!(kinds(&activity(&emulator, "&event%5B%5D=clicked_unique").await), ["clicked_unique"]);
    assert_eq!(kinds(&activity(&emulator, "&event[]=junk").await), Vec::<&str>::new());
    emulator.react(emulator.emails()[0].id(), Reaction::Complain).unwrap();
    assert_eq!(kinds(&activity(&emulator, "&event[]=spam_complaints").await), ["spam_complaints"]);
    let domain = emulator.domain_id("example.com");
    let early = format!("/v1/activity/{domain}?date_from={START}&date_to={}", START + 2);
    assert_eq!(kinds(&get(&emulator, &early).await.json()), ["delivered", "sent", "queued"]);
    let late = format!("/v1/activity/{domain}?date_from=2026-03-01+10:00:03&date_to=2026-03-01+10:00:05");
    assert_eq!(kinds(&get(&emulator, &late).await.json()), ["opened_unique", "opened"]);
}

#[tokio::test]
async fn activities_come_in_pages() {
    let emulator = started(|builder| builder).await;
    for _ in 0..6 {
        send(&emulator, &json!({})).await;
    }
    emulator.clock().advance(Duration::from_hours(1));
    let first = activity(&emulator, "&limit=10").await;
    assert_eq!((kinds(&first).len(), &first["meta"]["to"]), (10, &json!(10)));
    let domain = emulator.domain_id("example.com");
    assert_eq!(first["links"]["next"], json!(format!("{}activity/{domain}?page=2", emulator.url())));
    let second = activity(&emulator, "&limit=10&page=2").await;
    assert_eq!((kinds(&second).len(), &second["links"]["next"]), (8, &json!(null)));
}

#[tokio::test]
async fn an_email_shows_its_present_status() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({"to": [{"email": "bounce@example.org"}]})).await;
    emulator.clock().advance(Duration::from_secs(2));
    let page = activity(&emulator, "").await;
    let statuses: Vec<_> = page["data"].as_array().unwrap().iter().map(|a| &a["email"]["status"]).collect();
    assert_eq!(statuses, [&json!("rejected"); 3]);
}

#[tokio::test]
async fn ten_questions_a_minute() {
    let emulator = started(|builder| builder.rate_limits(RateLimits::documented())).await;
    let domain = emulator.domain_id("example.com");
    let path = format!("/v1/activity/{domain}?date_from=0&date_to={START}");
    let emails = format!("/v1/emails?domain_id={domain}&date_from=0&date_to={START}");
    for _ in 0..5 {
        assert_eq!(get(&emulator, &path).await.status, 200);
        assert_eq!(get(&emulator, &emails).await.status, 200);
    }
    assert_eq!(get(&emulator, &emails).await.status, 429, "they are counted together");
    let refused = get(&emulator, &path).await;
    assert_eq!((refused.status, refused.header("x-ratelimit-limit")), (429, Some("10")));
    assert_eq!(get(&emulator, "/v1/messages").await.status, 200);
}
