//! What is the same after a restart, as everybody sees it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry_emulator::{Emulator, InboundRoute, Memory, SuppressionList, Webhook};
use serde_json::{Value, json};

use super::Folder;
use crate::client::{call, get, message, post, send};
use crate::receiver::Receiver;

/// Every question whose answer must not change.
const QUESTIONS: &[&str] = &[
    "/v1/messages?limit=100",
    "/v1/emails?limit=100&domain_id={domain}&date_from=1772355600&date_to={now}",
    "/v1/activity/{domain}?limit=100&date_from=1772355600&date_to={now}",
    "/v1/message-schedules?limit=100",
    "/v1/recipients?limit=100",
    "/v1/domains?limit=100",
    "/v1/domains/{domain}",
    "/v1/domains/{domain}/dns-records",
    "/v1/templates",
    "/v1/webhooks?domain_id={domain}&limit=100",
    "/v1/inbound?limit=100",
    "/v1/suppressions/blocklist",
    "/v1/suppressions/hard-bounces",
    "/v1/suppressions/spam-complaints",
    "/v1/suppressions/unsubscribes",
    "/v1/suppressions/on-hold-list",
    "/v1/bulk-email/{bulk}",
    "/v1/api-quota",
    "/_emulator/emails",
    "/_emulator/activities",
    "/_emulator/inbound",
    "/_emulator/webhooks",
    "/_emulator/webhooks/deliveries",
];

async fn answers(emulator: &Emulator, bulk: &str) -> Vec<(String, u16, Value)> {
    let mut answers = Vec::new();
    let (domain, now) = (emulator.domain_id("example.com"), emulator.clock().now().as_second().to_string());
    for question in QUESTIONS {
        let path = question.replace("{domain}", &domain).replace("{bulk}", bulk).replace("{now}", &now);
        let answer = get(emulator, &path).await;
        // The quota's own header counts the questions asked here.
        let mut json = answer.json();
        let root = emulator.url().trim_end_matches("v1/");
        json = serde_json::from_str(&json.to_string().replace(root, "http://here/")).unwrap();
        answers.push((path, answer.status, json));
    }
    answers
}

/// Leaves something in every list.
async fn fill(emulator: &Emulator, receiver: &Receiver) -> String {
    let image = STANDARD.encode(b"\x89PNG\r\n\x1a\n\xff\x00");
    let file = json!([{"filename": "a.png", "content": image, "disposition": "inline", "id": "logo"}]);
    let html = "<a href=\"https://shop.example/\">Grüße</a> <img src=\"cid:logo\">";
    send(emulator, &json!({"attachments": file, "html": html, "tags": ["a"], "cc": [{"email": "cc@example.org"}]}))
        .await;
    send(emulator, &json!({"to": [{"email": "click@example.org"}], "html": html})).await;
    for who in ["bounce@gone.example", "complain@gone.example", "unsubscribe@gone.example"] {
        send(emulator, &json!({"to": [{"email": who}]})).await;
    }
    send(emulator, &json!({"send_at": emulator.clock().now().as_second() + 3_600})).await;
    send(emulator, &json!({"subject": null})).await;
    let personal = json!([{"email": "ann@example.org", "data": {"name": "Ann"}}]);
    let objects = json!([
        message(&json!({"subject": "Hi {{ name }}", "personalization": personal})),
        {"from": {"email": "nobody"}, "to": [{"email": "x"}]},
        message(&json!({"to": [{"email": "held@example.org"}]})),
    ]);
    emulator.suppress(SuppressionList::OnHold, "held@example.org");
    let bulk = post(emulator, "/v1/bulk-email", &objects).await.json()["bulk_email_id"].as_str().unwrap().to_owned();
    let domain = emulator.domain_id("example.com");
    let block = json!({"domain_id": domain, "recipients": ["no@example.org"], "patterns": [".*@never.example"]});
    assert_eq!(post(emulator, "/v1/suppressions/blocklist", &block).await.status, 201);
    let change = json!({"track_clicks": false, "send_paused": false, "return_path_subdomain": "bounces"}).to_string();
    assert_eq!(call(emulator, "PUT", &format!("/v1/domains/{domain}/settings"), &change).await.status, 200);
    let template = json!({"name": "Welcome", "html": "<p>Hi {{ name }}</p>", "text": "Hi", "domain_id": domain});
    assert_eq!(post(emulator, "/v1/templates", &template).await.status, 201);
    get(emulator, "/v1/templates").await;
    emulator.pause_domain("paused.example");
    send(emulator, &json!({"from": {"email": "a@paused.example"}})).await;
    for _ in 0..4 {
        emulator.clock().advance(Duration::from_secs(2));
        emulator.settled().await;
    }
    let address = emulator.inbound_routes()[0].address().to_owned();
    emulator.receive("Subject: Help\r\n\r\nHello\r\n", "ann@example.org", [address]).unwrap();
    emulator.settled().await;
    assert!(receiver.count() > 0);
    bulk
}

#[tokio::test]
async fn everything_is_the_same_after_a_restart() {
    let (folder, receiver) = (Folder::new(), Receiver::start().await);
    let url = receiver.url.clone();
    let set_up = |builder: mailferry_emulator::Builder| {
        let webhook = Webhook::new(&url).domain("example.com");
        builder.daily_quota(1_000_000).webhook(webhook).inbound_route(InboundRoute::to(&url))
    };
    let emulator = folder.started(set_up).await;
    let bulk = fill(&emulator, &receiver).await;
    let before = answers(&emulator, &bulk).await;
    for (path, status, answer) in &before {
        assert_eq!(*status, 200, "{path}: {answer}");
        let is_empty = answer.get("data").unwrap_or(answer).as_array().is_some_and(Vec::is_empty);
        assert!(!is_empty, "{path} has nothing to lose");
    }
    let requests = emulator.requests();
    let (now, secret) = (emulator.clock().now(), emulator.webhooks()[0].secret().to_owned());
    emulator.shutdown().await;

    let emulator = folder.started(set_up).await;
    assert_eq!((emulator.clock().now(), emulator.webhooks()[0].secret()), (now, &*secret));
    let old: Vec<_> = emulator.requests().into_iter().take(requests.len()).collect();
    for (before, after) in requests.iter().zip(&old) {
        assert_eq!((before.target(), before.body(), before.status()), (after.target(), after.body(), after.status()));
        assert_eq!((before.at(), before.headers(), after.token()), (after.at(), after.headers(), None));
    }
    assert_eq!(old.len(), requests.len());
    for ((path, status, before), (_, status_after, after)) in before.iter().zip(answers(&emulator, &bulk).await) {
        // Each question counts, and so did those that were asked before.
        if path == "/v1/api-quota" {
            assert!(after["remaining"].as_i64() < before["remaining"].as_i64(), "{after}");
            continue;
        }
        assert_eq!((*status, before), (status_after, &after), "{path}");
    }
    let old = emulator.emails().last().unwrap().id().to_owned();
    send(&emulator, &json!({})).await;
    let mut ids: Vec<_> = emulator.emails().iter().map(|email| email.id().to_owned()).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id was given twice, perhaps {old}");
    emulator.shutdown().await;
}

#[tokio::test]
async fn what_is_deleted_stays_deleted() {
    let folder = Folder::new();
    let emulator = folder.started(|builder| builder).await;
    for who in ["ann@example.org", "bob@example.org"] {
        send(&emulator, &json!({"to": [{"email": who}]})).await;
        emulator.suppress(SuppressionList::HardBounces, who);
    }
    let later = emulator.clock().now().as_second() + 3_600;
    let schedule = send(&emulator, &json!({"to": [{"email": "zoe@example.org"}], "send_at": later})).await;
    emulator.shutdown().await;

    let emulator = folder.started(|builder| builder).await;
    let contacts = get(&emulator, "/v1/recipients").await.json();
    let bob = contacts["data"].as_array().unwrap().iter().find(|one| one["email"] == "bob@example.org").unwrap();
    let forget = format!("/v1/recipients/{}", bob["id"].as_str().unwrap());
    assert_eq!(call(&emulator, "DELETE", &forget, "").await.status, 204);
    let cancel = format!("/v1/message-schedules/{}", schedule.header("x-message-id").unwrap());
    assert_eq!(call(&emulator, "DELETE", &cancel, "").await.status, 204);
    let bounces = get(&emulator, "/v1/suppressions/hard-bounces").await.json();
    let ids = json!({"ids": [bounces["data"][0]["id"]]}).to_string();
    assert_eq!(call(&emulator, "DELETE", "/v1/suppressions/hard-bounces", &ids).await.status, 200);
    emulator.shutdown().await;

    let emulator = folder.started(|builder| builder).await;
    assert_eq!(get(&emulator, "/v1/recipients").await.json()["data"].as_array().unwrap().len(), 2);
    assert_eq!(get(&emulator, "/v1/suppressions/hard-bounces").await.json()["data"].as_array().unwrap().len(), 1);
    emulator.clock().advance(Duration::from_hours(2));
    assert_eq!(emulator.emails().len(), 2, "the schedule is gone, and is not sent");
    emulator.reset();
    emulator.shutdown().await;

    let emulator = folder.started(|builder| builder).await;
    assert!(emulator.emails().is_empty() && emulator.activities().is_empty() && emulator.requests().is_empty());
    emulator.shutdown().await;
    for table in ["messages", "letters", "activities", "contacts", "suppressions", "requests"] {
        assert_eq!(folder.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn what_is_forgotten_goes_from_the_file() {
    let folder = Folder::new();
    let memory = Memory { count: 3, ..Memory::default() };
    let emulator = folder.started(|builder| builder.memory(memory)).await;
    for number in 0..5 {
        send(&emulator, &json!({"subject": format!("Number {number}")})).await;
    }
    emulator.shutdown().await;
    assert_eq!((folder.count("messages").await, folder.count("requests").await), (3, 3));

    let emulator = folder.started(|builder| builder.memory(memory)).await;
    assert_eq!((emulator.dropped().messages, emulator.emails()[0].subject()), (2, "Number 2"));
    emulator.shutdown().await;

    // Less is remembered than was kept.
    let emulator = folder.started(|builder| builder.memory(Memory { count: 1, ..memory })).await;
    assert_eq!((emulator.emails().len(), emulator.dropped().messages), (1, 4));
    emulator.shutdown().await;
    assert_eq!(folder.count("messages").await, 1);
}

/// A made-up token is copied into the settings of applications, which are not to be changed each time.
#[tokio::test]
async fn a_made_up_token_stays() {
    let folder = Folder::new();
    let start = || Emulator::builder().data(folder.file()).start();
    let emulator = start().await.unwrap();
    let token = emulator.token().to_owned();
    emulator.shutdown().await;
    let emulator = start().await.unwrap();
    assert_eq!(emulator.token(), token);
    assert_eq!(get(&emulator, "/v1/api-quota").await.status, 200);
    emulator.shutdown().await;
}
