//! Webhooks and inbound routes, managed by hand, and the log of what was posted to them.

use std::time::Duration;

use mailferry_emulator::{Emulator, Retries};
use serde_json::{Value, json};

use crate::client::{call, get, post, send, started};
use crate::receiver::{Answer, Receiver, hmac};

const TEST_KEY: &str = "test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G";

async fn put(emulator: &Emulator, path: &str, body: &Value) -> crate::client::Answer {
    call(emulator, "PUT", path, &body.to_string()).await
}

async fn deliver(emulator: &Emulator) {
    send(emulator, &json!({})).await;
    emulator.clock().advance(Duration::from_secs(2));
    emulator.settled().await;
}

#[tokio::test]
async fn a_webhook_lives_and_ends() {
    let emulator = started(|builder| builder).await;
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let wanted =
        json!({"url": first.url, "events": ["activity.delivered"], "version": 1, "name": "Shop", "secret": "s3cret"});
    let made = post(&emulator, "/_emulator/webhooks", &wanted).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let expected = json!({
        "id": id, "url": first.url, "name": "Shop", "events": ["activity.delivered"], "enabled": true, "version": 1,
        "domain": null, "secret": "s3cret",
    });
    assert_eq!(made.json(), expected);
    deliver(&emulator).await;
    assert_eq!(
        (first.types(), first.events()[0]["data"]["object"].as_str()),
        (vec!["activity.delivered".to_owned()], Some("activity"))
    );

    let path = format!("/_emulator/webhooks/{id}");
    assert_eq!(put(&emulator, &path, &json!({"enabled": false})).await.json()["enabled"], false);
    deliver(&emulator).await;
    assert_eq!(first.count(), 1);
    let change =
        json!({"enabled": true, "url": second.url, "version": 2, "name": "Other", "events": ["activity.sent"]});
    let changed = put(&emulator, &path, &change).await.json();
    assert_eq!(
        (&changed["name"], &changed["version"], &changed["secret"]),
        (&json!("Other"), &json!(2), &json!("s3cret"))
    );
    deliver(&emulator).await;
    assert_eq!((first.count(), second.types()), (1, vec!["activity.sent".to_owned()]));

    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 204);
    assert_eq!(get(&emulator, "/_emulator/webhooks").await.json(), json!([]));
    for (method, path) in [("PUT", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/ping"))] {
        assert_eq!(call(&emulator, method, &path, "{}").await.status, 404, "{method} {path}");
    }
}

#[tokio::test]
async fn a_webhook_can_be_tried() {
    let emulator = started(|builder| builder).await;
    let receiver = Receiver::start().await;
    let made = post(&emulator, "/_emulator/webhooks", &json!({"url": receiver.url})).await.json();
    receiver.always(Answer::Status(500));
    let path = format!("/_emulator/webhooks/{}/ping", made["id"].as_str().unwrap());
    assert_eq!(call(&emulator, "POST", &path, "").await.status, 202);
    emulator.settled().await;
    let posted = &receiver.posted()[0];
    assert_eq!(
        posted.text(),
        r#"{"type":"webhook.test","message":"This is a ping test message","created_at":"2026-03-01T10:00:00.000000Z"}"#
    );
    assert_eq!(posted.header("signature"), Some(&*hmac(TEST_KEY, &posted.body)));
    // Whoever tries it again does so by hand.
    emulator.clock().advance(Duration::from_hours(100));
    emulator.settled().await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn wrong_receivers_are_refused_with_what_to_give() {
    let emulator = started(|builder| builder).await;
    let good = "http://127.0.0.1:1/";
    for (body, said) in [
        (json!({"url": "shop.example"}), "give one such as http://"),
        (json!({"url": "ftp://shop.example/"}), "give one such as http://"),
        (json!({"url": format!("{good}{}", "x".repeat(2_048))}), "give one such as http://"),
        (json!({"url": good, "version": 3}), "1 or 2"),
        (json!({"url": good, "events": ["activity.send"]}), "give some of activity.sent,"),
        (json!({"url": good, "events": []}), "give one at least"),
    ] {
        let answer = post(&emulator, "/_emulator/webhooks", &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.text().replace("\\/", "/").contains(said), "{body}: {}", answer.text());
    }
    assert_eq!(post(&emulator, "/_emulator/webhooks", &json!({"uri": good})).await.status, 400);
    assert_eq!(post(&emulator, "/_emulator/inbound/routes", &json!({"url": "x"})).await.status, 422);
    let form = crate::client::head("POST", "/_emulator/webhooks", "x", 2).replace("application/json", "text/plain");
    assert_eq!(crate::client::raw(emulator.address(), &form, b"{}").await.unwrap().status, 415);
    assert!(emulator.webhooks().is_empty());
}

#[tokio::test]
async fn a_route_lives_and_ends() {
    let emulator = started(|builder| builder).await;
    let receiver = Receiver::start().await;
    let wanted =
        json!({"url": receiver.url, "domain": "Support.example", "name": "Support", "priority": 3, "secret": "s3cret"});
    let made = post(&emulator, "/_emulator/inbound/routes", &wanted).await;
    assert_eq!(made.status, 201);
    let route = made.json();
    assert_eq!(
        (&route["domain"], &route["priority"], &route["filters"]),
        (&json!("support.example"), &json!(3), &json!([]))
    );
    assert_eq!(route["forwards"][0]["secret"], "s3cret");
    assert_eq!(get(&emulator, "/_emulator/inbound/routes").await.json(), json!([route]));
    for to in [route["address"].as_str().unwrap(), "help@support.example"] {
        let mail = json!({"from": "ann@example.com", "to": to, "subject": "Help", "text": "Hi"});
        assert_eq!(post(&emulator, "/_emulator/inbound", &mail).await.status, 202);
    }
    emulator.settled().await;
    assert_eq!(receiver.types(), ["inbound.message", "inbound.message"]);
    let forward = route["forwards"][0]["id"].as_str().unwrap();
    let logged = get(&emulator, &format!("/_emulator/webhooks/deliveries?webhook={forward}")).await.json();
    assert_eq!(logged.as_array().unwrap().len(), 2);
    let path = format!("/_emulator/inbound/routes/{}", route["id"].as_str().unwrap());
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 204);
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 404);
    assert!(emulator.inbound_routes().is_empty());
}

#[tokio::test]
async fn deliveries_are_found() {
    let emulator = started(|builder| builder.webhook_retries(Retries::none())).await;
    let (one, other) = (Receiver::start().await, Receiver::start().await);
    let mut ids = Vec::new();
    for receiver in [&one, &other] {
        let wanted = json!({"url": receiver.url, "events": ["activity.sent", "activity.delivered"]});
        let made = post(&emulator, "/_emulator/webhooks", &wanted).await.json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    deliver(&emulator).await;
    deliver(&emulator).await;
    let second = emulator.emails()[1].id().to_owned();
    let check = async |query: &str, count: usize| {
        let found = get(&emulator, &format!("/_emulator/webhooks/deliveries{query}")).await.json();
        assert_eq!(found.as_array().unwrap().len(), count, "{query}: {found}");
        found
    };
    check("", 8).await;
    check(&format!("?webhook={}", ids[1]), 4).await;
    check("?webhook=nobody", 0).await;
    let told = check(&format!("?webhook={}&email={second}", ids[1]), 2).await;
    assert_eq!((&told[0]["event"], &told[1]["event"]), (&json!("activity.sent"), &json!("activity.delivered")));
    assert_eq!(told[1]["email_id"], json!(second));
    let activity = emulator.activities().last().unwrap().id.clone();
    assert_eq!(told[1]["activity_id"], json!(activity));
    // The newest are last, and older ones are before them.
    let newest = check("?limit=3", 3).await;
    assert_eq!(newest[2]["number"], 7);
    let before = newest[0]["number"].as_u64().unwrap();
    let older = check(&format!("?before={before}&limit=3"), 3).await;
    assert_eq!(older[2]["number"].as_u64().unwrap(), before - 1);
    for query in ["?limit=many", "?before=-1"] {
        assert_eq!(get(&emulator, &format!("/_emulator/webhooks/deliveries{query}")).await.status, 400, "{query}");
    }
}
