//! `/v1/domains/{id}/smtp-users`.

use mailferry_emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Answer, call, get, post, started};
use crate::smtp_client::Client;

/// One mistake for each rule: what to send, and what is said about which field.
pub(crate) fn cases() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let long = "The name must not be greater than 50 characters.";
    let neither = "The enabled field must be true or false.";
    vec![
        ("smtp_user.name.required", json!({}), "name", "The name field is required. #MS42209"),
        ("smtp_user.name.string", json!({"name": 7}), "name", "The name must be a string. #MS42221"),
        ("smtp_user.name.length", json!({"name": "x".repeat(51)}), "name", long),
        ("smtp_user.enabled.boolean", json!({"name": "x", "enabled": "maybe"}), "enabled", neither),
    ]
}

async fn path(emulator: &Emulator) -> String {
    let answer = post(emulator, "/v1/domains", &json!({"name": "shop.example"})).await;
    format!("/v1/domains/{}/smtp-users", answer.json()["data"]["id"].as_str().unwrap())
}

async fn put(emulator: &Emulator, path: &str, body: &Value) -> Answer {
    call(emulator, "PUT", path, &body.to_string()).await
}

/// What a login as `user` is answered with.
async fn login(emulator: &Emulator, user: &Value) -> String {
    use base64::Engine as _;
    let told = format!("\0{}\0{}", user["username"].as_str().unwrap(), user["password"].as_str().unwrap());
    let mut client = Client::at(emulator.submission_address().unwrap()).await;
    client.check("EHLO client.test", "250").await;
    client.say(&format!("AUTH PLAIN {}", base64::engine::general_purpose::STANDARD.encode(told))).await
}

#[tokio::test]
async fn a_user_lives() {
    let emulator = started(|builder| builder.submission_port(0)).await;
    let path = path(&emulator).await;
    let created = post(&emulator, &path, &json!({"name": "Web shop"})).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let user = created.json()["data"].clone();
    let keys: Vec<_> = user.as_object().unwrap().keys().cloned().collect();
    let mut expected = ["id", "name", "username", "password", "enabled", "accessed_at", "server", "port", "domain_id"]
        .map(str::to_owned);
    expected.sort();
    assert_eq!(keys, expected);
    assert_eq!(
        (&user["name"], &user["enabled"], &user["accessed_at"]),
        (&json!("Web shop"), &json!(true), &Value::Null)
    );
    let username = user["username"].as_str().unwrap();
    assert!(username.starts_with("MS_") && username.ends_with("@shop.example") && username.len() == 22, "{username}");
    let address = emulator.submission_address().unwrap();
    assert_eq!((&user["server"], &user["port"]), (&json!(address.ip().to_string()), &json!(address.port())));

    assert_eq!(login(&emulator, &user).await, "235 2.7.0 Logged in");
    assert!(login(&emulator, &json!({"username": username, "password": "wrong"})).await.starts_with("535 5.7.8"));
    let one = format!("{path}/{}", user["id"].as_str().unwrap());
    assert_eq!(get(&emulator, &one).await.json()["data"]["accessed_at"], "2026-03-01T10:00:00.000000Z");

    let changed = put(&emulator, &one, &json!({"enabled": false})).await;
    assert_eq!((changed.status, &changed.json()["data"]["name"]), (200, &json!("Web shop")));
    assert!(login(&emulator, &user).await.starts_with("535 5.7.8"), "a disabled user logged in");
    put(&emulator, &one, &json!({"name": "Other", "enabled": true})).await;
    assert!(login(&emulator, &user).await.starts_with("235"));
    let listed = get(&emulator, &path).await.json();
    assert_eq!((&listed["data"][0]["name"], &listed["meta"]["per_page"]), (&json!("Other"), &json!(25)));

    assert_eq!(call(&emulator, "DELETE", &one, "").await.status, 204);
    assert_eq!(get(&emulator, &one).await.status, 404);
    assert_eq!(get(&emulator, &path).await.json()["data"], json!([]));
}

#[tokio::test]
async fn what_is_refused() {
    let emulator = started(|builder| builder.submission_port(0).scoped_token("mlsn.reader", ["smtp_users_read"])).await;
    let path = path(&emulator).await;
    for (rule, body, field, sentence) in cases() {
        let answer = post(&emulator, &path, &body).await;
        assert_eq!((answer.status, &answer.json()["errors"][field][0]), (422, &json!(sentence)), "{rule}");
    }
    assert_eq!(get(&emulator, &format!("{path}/0r83ql3vxvgzw1jm")).await.status, 404);
    assert_eq!(get(&emulator, "/v1/domains/0r83ql3vxvgzw1jm/smtp-users").await.status, 404);
    assert_eq!(post(&emulator, "/v1/domains/0r83ql3vxvgzw1jm/smtp-users", &json!({"name": "x"})).await.status, 404);
    let reading = crate::client::head("POST", &path, "mlsn.reader", 2);
    assert_eq!(crate::client::raw(emulator.address(), &reading, b"{}").await.unwrap().status, 403);
}

#[tokio::test]
async fn users_go_with_their_domain() {
    let emulator = started(|builder| builder.submission_port(0)).await;
    let path = path(&emulator).await;
    let user = post(&emulator, &path, &json!({"name": "x"})).await.json()["data"].clone();
    assert_eq!(call(&emulator, "DELETE", path.strip_suffix("/smtp-users").unwrap(), "").await.status, 204);
    let other = post(&emulator, "/v1/domains", &json!({"name": "other.example"})).await.json()["data"]["id"].clone();
    post(&emulator, &format!("/v1/domains/{}/smtp-users", other.as_str().unwrap()), &json!({"name": "y"})).await;
    assert!(login(&emulator, &user).await.starts_with("535 5.7.8"));
}

#[tokio::test]
async fn without_a_port_the_answer_names_mailersend() {
    let emulator = started(|builder| builder).await;
    let user = post(&emulator, &path(&emulator).await, &json!({"name": "x"})).await.json()["data"].clone();
    assert_eq!((&user["server"], &user["port"]), (&json!("smtp.mailersend.net"), &json!(587)));
}
