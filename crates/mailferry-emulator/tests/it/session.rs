//! Sessions in place of tokens, where other machines can reach the emulator.

use std::net::{Ipv4Addr, SocketAddr};

use mailferry_emulator::Emulator;
use serde_json::json;

use crate::client::{Answer, TOKEN, raw, send, started};

async fn exposed() -> (Emulator, SocketAddr) {
    let emulator = started(|builder| builder.listen(([0, 0, 0, 0], 0).into())).await;
    let address = (Ipv4Addr::LOCALHOST, emulator.address().port()).into();
    (emulator, address)
}

async fn ask(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let head = format!(
        "{method} /_emulator/{path} HTTP/1.1\r\nhost: box.example\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    raw(address, &head, body.as_bytes()).await.unwrap()
}

async fn login(address: SocketAddr) -> String {
    let answer = ask(address, "POST", "session", "", &json!({"token": TOKEN}).to_string()).await;
    assert_eq!(answer.status, 204);
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/_emulator"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    format!("cookie: {}\r\n", cookie.split(';').next().unwrap())
}

#[tokio::test]
async fn a_session_is_as_good_as_a_token() {
    let (emulator, address) = exposed().await;
    let cookie = login(address).await;
    let message = crate::client::message(&json!({})).to_string();
    let head = crate::client::head("POST", "/v1/email", emulator.token(), message.len());
    assert_eq!(raw(address, &head, message.as_bytes()).await.unwrap().status, 202);
    let status = async |method: &str, path: &str, headers: &str| ask(address, method, path, headers, "").await.status;
    for path in ["mailbox", "emails", "requests", "session"] {
        assert_eq!(status("GET", path, "").await, 401, "{path}");
        assert_eq!(status("GET", path, "cookie: mailferry=1\r\n").await, 401, "{path}");
        assert_eq!(status("GET", path, &cookie).await, 200, "{path}");
    }
    assert_eq!(ask(address, "GET", "session", &cookie, "").await.json(), json!({"exposed": true}));
    // The cookie is for looking at the emulator, not for its API.
    let head = format!("GET /v1/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{cookie}\r\n");
    assert_eq!(raw(address, &head, b"").await.unwrap().status, 401);
    // A page of somebody else gets nothing done with it.
    let foreign = format!("{cookie}origin: http://evil.example\r\n");
    assert_eq!(status("DELETE", "mailbox", &foreign).await, 403);
    let own = format!("{cookie}origin: https://box.example\r\n");
    assert_eq!(status("DELETE", "mailbox", &own).await, 204);
    let answer = ask(address, "DELETE", "session", &cookie, "").await;
    assert!(answer.status == 204 && answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(status("GET", "mailbox", &cookie).await, 401);
}

#[tokio::test]
async fn a_session_begins_with_a_token_only() {
    let (_emulator, address) = exposed().await;
    for (body, status) in [
        (json!({"token": "mlsn.wrong"}).to_string(), 401),
        (json!({"token": ""}).to_string(), 401),
        (json!({"token": TOKEN[..TOKEN.len() - 1]}).to_string(), 401),
        (json!({}).to_string(), 400),
        ("token".to_owned(), 400),
    ] {
        let answer = ask(address, "POST", "session", "", &body).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (status, None), "{body}");
    }
    let body = json!({"token": TOKEN}).to_string();
    let foreign = ask(address, "POST", "session", "origin: http://evil.example\r\n", &body).await;
    assert_eq!((foreign.status, foreign.header("set-cookie")), (403, None));
}

/// As of the API itself: tokens that were made are as good as those that were given, and one that is paused is none.
#[tokio::test]
async fn tokens_that_were_made_begin_sessions_until_they_are_paused() {
    let (emulator, address) = exposed().await;
    let api = async |method: &str, path: &str, body: serde_json::Value| {
        let body = body.to_string();
        let head = crate::client::head(method, path, emulator.token(), body.len());
        raw(address, &head, body.as_bytes()).await.unwrap()
    };
    let made = api("POST", "/v1/token", json!({"name": "Page", "scopes": ["email_full"]})).await.json();
    let (id, secret) = (made["data"]["id"].as_str().unwrap(), made["data"]["accessToken"].as_str().unwrap());
    let may = async |status: u16| {
        let bearer = format!("authorization: Bearer {secret}\r\n");
        assert_eq!(ask(address, "GET", "mailbox", &bearer, "").await.status, if status == 204 { 200 } else { status });
        let begun = ask(address, "POST", "session", "", &json!({"token": secret}).to_string()).await;
        assert_eq!(begun.status, status);
    };
    may(204).await;
    let begun = ask(address, "POST", "session", "", &json!({"token": secret}).to_string()).await;
    let cookie = format!("cookie: {}\r\n", begun.header("set-cookie").unwrap().split(';').next().unwrap());
    let own = login(address).await;
    let session = async |cookie: &str| ask(address, "GET", "mailbox", cookie, "").await.status;
    let settings = format!("/v1/token/{id}/settings");
    assert_eq!(api("PUT", &settings, json!({"status": "pause"})).await.status, 200);
    may(401).await;
    assert_eq!((session(&cookie).await, session(&own).await), (401, 200));
    assert_eq!(api("PUT", &settings, json!({"status": "unpause"})).await.status, 200);
    may(204).await;
    assert_eq!(session(&cookie).await, 200);
    assert_eq!(api("DELETE", &format!("/v1/token/{id}"), json!({})).await.status, 200);
    may(401).await;
    assert_eq!((session(&cookie).await, session(&own).await), (401, 200));
}

#[tokio::test]
async fn sessions_end_with_the_process() {
    let (_one, address) = exposed().await;
    let cookie = login(address).await;
    let (other, elsewhere) = exposed().await;
    let renamed = cookie.replace(&address.port().to_string(), &other.address().port().to_string());
    assert_eq!(ask(elsewhere, "GET", "mailbox", &renamed, "").await.status, 401);
}

#[tokio::test]
async fn on_this_machine_nobody_has_to_log_in() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    let head = "GET /_emulator/session HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert_eq!(raw(emulator.address(), head, b"").await.unwrap().json(), json!({"exposed": false}));
}
