//! Registering, changing and deleting webhooks over the API.

use std::time::Duration;

use mailferry_emulator::{Emulator, Pausing, Retries, Webhook};
use serde_json::{Value, json};

use crate::client::{Answer, call, get, post, send, started};
use crate::receiver::{self, Receiver, hmac};

const TEST_KEY: &str = "test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G";
/// The rule of [`there_is_an_end_to_webhooks`].
pub(crate) const TOO_MANY: &str = "create.too_many";
const TAKEN: &str = "https://taken.example/hook";

/// A valid webhook at `url`, with some fields set to other values.
fn webhook(emulator: &Emulator, url: &str, changes: &Value) -> Value {
    let mut webhook = json!({
        "url": url, "name": "Shop", "events": ["activity.sent"], "domain_id": emulator.domain_id("example.com"),
    });
    for (name, value) in changes.as_object().unwrap() {
        webhook[name] = value.clone();
    }
    webhook
}

async fn put(emulator: &Emulator, id: &str, changes: &Value) -> Answer {
    call(emulator, "PUT", &format!("/v1/webhooks/{id}"), &changes.to_string()).await
}

async fn registered(emulator: &Emulator, receiver: &Receiver) -> Value {
    let answer = post(emulator, "/v1/webhooks", &webhook(emulator, &receiver.url, &json!({}))).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["data"].clone()
}

/// The rule, a change to a valid webhook, the key and the sentence.
pub(crate) fn cases() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let long = format!("https://a.example/{}", "x".repeat(174));
    vec![
        ("webhook.url.required", json!({"url": ""}), "url", "The url field is required. #MS42209"),
        ("webhook.url.valid", json!({"url": "ftp://a.example/"}), "url", "The url format is invalid."),
        ("webhook.url.length", json!({"url": long}), "url", "The url must not be greater than 191 characters."),
        ("webhook.url.unique", json!({"url": TAKEN}), "url", "The url has already been taken."),
        (
            "webhook.url.answers",
            json!({"url": "http://127.0.0.1:1/"}),
            "url",
            "The url did not answer the test request with a status from 200 to 299.",
        ),
        ("webhook.name.required", json!({"name": null}), "name", "The name field is required. #MS42209"),
        ("webhook.name.string", json!({"name": 7}), "name", "The name must be a string. #MS42221"),
        (
            "webhook.name.length",
            json!({"name": "ü".repeat(51)}),
            "name",
            "The name must not be greater than 50 characters.",
        ),
        ("webhook.events.required", json!({"events": []}), "events", "The events field is required. #MS42209"),
        ("webhook.events.array", json!({"events": "activity.sent"}), "events", "The events must be an array."),
        (
            "webhook.events.known",
            json!({"events": ["activity.sent", "activity.spam_complaints"]}),
            "events.1",
            "The selected events.1 is invalid.",
        ),
        ("webhook.enabled.boolean", json!({"enabled": "yes"}), "enabled", "The enabled field must be true or false."),
        ("webhook.version.known", json!({"version": 3}), "version", "The selected version is invalid."),
        (
            "webhook.domain_id.required",
            json!({"domain_id": "x"}),
            "domain_id",
            "The domain id field is required. #MS42209",
        ),
        (
            "webhook.domain_id.known",
            json!({"domain_id": "0r83ql3jjz4zw1jm"}),
            "domain_id",
            "The selected domain id is invalid.",
        ),
    ]
}

#[tokio::test]
async fn every_rule_about_webhooks_says_its_sentence() {
    let receiver = Receiver::start().await;
    let emulator = started(|builder| builder.webhook(Webhook::new(TAKEN))).await;
    let known = registered(&emulator, &receiver).await["id"].as_str().unwrap().to_owned();
    for (rule, change, key, sentence) in cases() {
        let new = webhook(&emulator, &format!("{}&new", receiver.url), &change);
        let mut answers = vec![post(&emulator, "/v1/webhooks", &new).await];
        if key != "domain_id" {
            answers.push(put(&emulator, &known, &change).await);
        }
        for answer in answers {
            assert_eq!(answer.status, 422, "{rule}: {}", answer.text());
            assert_eq!(answer.json()["errors"], json!({key: [sentence]}), "{rule}");
        }
    }
    assert_eq!(emulator.webhooks().len(), 2);
    assert_eq!(receiver.count(), 1, "only what is valid is asked whether it answers");
}

#[tokio::test]
async fn a_webhook_is_created_as_recorded() {
    let receiver = Receiver::start().await;
    let emulator = started(|builder| builder).await;
    let answer = post(&emulator, "/v1/webhooks", &webhook(&emulator, &receiver.url, &json!({}))).await;
    let created = answer.json()["data"].clone();
    let (id, secret) = (created["id"].as_str().unwrap(), created["secret"].as_str().unwrap());
    assert_eq!((answer.status, id.len(), secret.len()), (201, 16, 32));
    let expected = format!(
        concat!(
            r#"{{"data":{{"id":"{}","url":"{}","events":["activity.sent"],"name":"Shop","version":2,"enabled":null,"editable":null,"#,
            r#""secret":"{}","created_at":"2026-03-01T10:00:00.000000Z","updated_at":"2026-03-01T10:00:00.000000Z","#,
            r#""domain":{{"id":"{}","name":"example.com","#,
        ),
        id,
        receiver.url.replace('/', "\\/"),
        secret,
        emulator.domain_id("example.com"),
    );
    assert!(answer.text().starts_with(&expected), "{}", answer.text());
    let shown = get(&emulator, &format!("/v1/webhooks/{id}")).await.json()["data"].clone();
    assert_eq!((&shown["enabled"], &shown["editable"]), (&json!(true), &json!(true)));
    assert_eq!(shown["secret"], created["secret"]);

    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert_eq!(receiver.types(), ["webhook.test", "activity.sent"]);
    assert_eq!(receiver.posted()[1].header("signature"), Some(hmac(secret, &receiver.posted()[1].body).as_str()));
}

#[tokio::test]
async fn a_url_is_asked_before_it_is_taken() {
    let receiver = Receiver::start().await;
    let emulator = started(|builder| builder).await;
    for status in [199, 302, 400, 500] {
        receiver.then(receiver::Answer::Status(status));
    }
    receiver.then(receiver::Answer::Nothing);
    for _ in 0..5 {
        let answer = post(&emulator, "/v1/webhooks", &webhook(&emulator, &receiver.url, &json!({}))).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    assert!(emulator.webhooks().is_empty());
    registered(&emulator, &receiver).await;
    let ping = &receiver.posted()[0];
    let expected =
        r#"{"type":"webhook.test","message":"This is a ping test message","created_at":"2026-03-01T10:00:00.000000Z"}"#;
    assert_eq!(ping.text(), expected);
    assert_eq!(ping.header("signature"), Some(hmac(TEST_KEY, &ping.body).as_str()));
    assert!(emulator.webhook_deliveries().is_empty(), "a ping is no delivery");
}

#[tokio::test]
async fn a_webhook_is_changed() {
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let emulator = started(|builder| builder).await;
    let created = registered(&emulator, &receiver).await;
    let id = created["id"].as_str().unwrap();
    let change = json!({"name": "New", "events": ["activity.delivered", "activity.sent"], "version": 1});
    let changed = put(&emulator, id, &change).await;
    assert_eq!((changed.status, &changed.json()["data"]["name"]), (200, &json!("New")));
    assert_eq!(changed.json()["data"]["secret"], created["secret"]);
    assert_eq!(receiver.count(), 1, "the URL is not asked again");

    other.then(receiver::Answer::Status(500));
    assert_eq!(put(&emulator, id, &json!({"url": other.url})).await.status, 422);
    assert_eq!(put(&emulator, id, &json!({"url": other.url})).await.status, 200);
    assert_eq!(put(&emulator, id, &json!({"url": other.url})).await.status, 200);
    assert_eq!(other.types(), ["webhook.test"; 2], "its own URL is not taken, and not asked");
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert_eq!(receiver.count(), 1);
    assert_eq!(other.events()[2]["data"]["object"], "activity", "version 1 it is");
    assert_eq!(put(&emulator, "0r83ql3jjz4zw1jm", &json!({})).await.status, 404);
}

#[tokio::test]
async fn what_waits_goes_to_the_new_url() {
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let emulator = started(|builder| builder.webhook_retries(Retries::twice())).await;
    let id = registered(&emulator, &receiver).await["id"].as_str().unwrap().to_owned();
    receiver.always(receiver::Answer::Status(500));
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    put(&emulator, &id, &json!({"url": other.url})).await;
    emulator.clock().advance(Duration::from_secs(10));
    emulator.settled().await;
    assert_eq!((receiver.count(), other.types()), (2, vec!["webhook.test".to_owned(), "activity.sent".to_owned()]));
}

#[tokio::test]
async fn a_paused_webhook_is_enabled_again() {
    let receiver = Receiver::start().await;
    let pausing = Pausing { failures: 2, within: Duration::from_hours(1) };
    let emulator = started(|builder| builder.webhook_pausing(pausing).webhook_retries(Retries::twice())).await;
    let id = registered(&emulator, &receiver).await["id"].as_str().unwrap().to_owned();
    receiver.always(receiver::Answer::Status(503));
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    emulator.clock().advance(Duration::from_secs(10));
    emulator.settled().await;
    let shown = get(&emulator, &format!("/v1/webhooks/{id}")).await.json();
    assert_eq!(shown["data"]["enabled"], json!(false));
    receiver.always(receiver::Answer::Status(200));
    emulator.clock().advance(Duration::from_hours(1));
    emulator.settled().await;
    assert_eq!(receiver.count(), 3, "what waited is dropped");
    assert_eq!(put(&emulator, &id, &json!({"enabled": true})).await.json()["data"]["enabled"], json!(true));
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert_eq!(receiver.count(), 4);
}

#[tokio::test]
async fn a_webhook_is_switched_off() {
    let receiver = Receiver::start().await;
    let emulator = started(|builder| builder).await;
    let body = webhook(&emulator, &receiver.url, &json!({"enabled": false}));
    let created = post(&emulator, "/v1/webhooks", &body).await.json()["data"].clone();
    assert_eq!(created["enabled"], json!(false));
    send(&emulator, &json!({})).await;
    emulator.settled().await;
    assert_eq!(receiver.types(), ["webhook.test"]);
}

#[tokio::test]
async fn webhooks_are_listed_by_domain_and_deleted() {
    let receiver = Receiver::start().await;
    let there = |builder: mailferry_emulator::Builder| {
        let one = |i: u32| Webhook::new(format!("https://a.example/{i}")).domain("example.com");
        let builder = (0..11).fold(builder, |builder, i| builder.webhook(one(i)));
        builder.webhook(Webhook::new("https://b.example/").domain("other.example"))
    };
    let emulator = started(there).await;
    let domain = emulator.domain_id("example.com");
    let page = get(&emulator, &format!("/v1/webhooks?domain_id={domain}&limit=10&page=2")).await.json();
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!((&page["meta"]["total"], &page["meta"]["last_page"]), (&json!(11), &json!(2)));
    assert_eq!(get(&emulator, "/v1/webhooks").await.status, 422);

    let created = registered(&emulator, &receiver).await;
    let path = format!("/v1/webhooks/{}", created["id"].as_str().unwrap());
    let deleted = call(&emulator, "DELETE", &path, "").await;
    assert_eq!((deleted.status, deleted.body.len(), deleted.header("content-type")), (204, 0, None));
    let again = call(&emulator, "DELETE", &path, "").await;
    assert_eq!((again.status, again.header("x-apiquota-remaining")), (404, None));
    assert_eq!(get(&emulator, &path).await.status, 404);
    send(&emulator, &json!({})).await;
    assert_eq!(receiver.types(), ["webhook.test"]);
}

#[tokio::test]
async fn there_is_an_end_to_webhooks() {
    let receiver = Receiver::start().await;
    let many = |builder| {
        let one = |i: u32| Webhook::new(format!("https://a.example/{i}"));
        (0..1_000).fold(builder, |builder: mailferry_emulator::Builder, i| builder.webhook(one(i)))
    };
    let emulator = started(many).await;
    let answer = post(&emulator, "/v1/webhooks", &webhook(&emulator, &receiver.url, &json!({}))).await;
    let sentence = "You cannot create a resource at the moment. Please wait a while before retrying.";
    assert_eq!((answer.status, answer.json()), (429, json!({"message": sentence})));
    assert_eq!(receiver.count(), 0);
}
