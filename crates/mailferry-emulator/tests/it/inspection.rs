//! What tests can see, in Rust and over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry_emulator::{Emulator, Fault, Memory, SuppressionList};
use serde_json::json;

use crate::client::{TOKEN, get, message, raw, send, started};

async fn ask(emulator: &Emulator, method: &str, path: &str) -> crate::client::Answer {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    raw(emulator.address(), &head, b"").await.unwrap()
}

#[tokio::test]
async fn requests_are_kept_as_they_came() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({"subject": null})).await;
    get(&emulator, "/v1/messages?page=1").await;
    let requests = emulator.requests();
    let first = &requests[0];
    assert_eq!((first.method(), first.path(), first.query()), ("POST", "/v1/email", ""));
    assert_eq!((first.header("Content-Type"), first.status()), (Some("application/json"), Some(422)));
    assert_eq!(first.body(), message(&json!({"subject": null})).to_string().as_bytes());
    assert_eq!((requests[1].path(), requests[1].query()), ("/v1/messages", "page=1"));
}

#[tokio::test]
async fn the_token_is_shown_only_when_asked_for() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    let request = &emulator.requests()[0];
    assert_eq!(request.token(), Some(TOKEN));
    assert_eq!(request.header("authorization"), Some("[hidden]"));
    let secret = &TOKEN[5..20];
    let builder = Emulator::builder().token(TOKEN);
    let over_http = ask(&emulator, "GET", "/_emulator/requests").await;
    for shown in [
        &*format!("{request:?}"),
        &*format!("{emulator:?}"),
        &*format!("{builder:?}"),
        &*format!("{:?}", request.headers()),
        over_http.text(),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn emails_are_shown_over_http() {
    let emulator = started(|builder| builder).await;
    let file = json!([{"filename": "a.html.txt", "content": STANDARD.encode("<b>"), "disposition": "attachment"}]);
    send(&emulator, &json!({"attachments": file, "subject": "Grüße"})).await;
    let emails = ask(&emulator, "GET", "/_emulator/emails").await;
    assert_eq!(emails.status, 200);
    let email = &emails.json()[0];
    assert_eq!((&email["subject"], &email["role"]), (&json!("Grüße"), &json!("to")));
    assert_eq!(email["recipient"], json!({"email": "ann@example.org", "name": "Ann"}));
    assert_eq!(email["attachments"][0]["size"], 3);
    let content = ask(&emulator, "GET", email["attachments"][0]["url"].as_str().unwrap()).await;
    assert_eq!((content.text(), content.header("content-type")), ("<b>", Some("application/octet-stream")));
    for nowhere in ["/_emulator/emails/x/attachments/0", "/_emulator/nowhere", "/_emulator"] {
        assert_eq!(ask(&emulator, "GET", nowhere).await.status, 404, "{nowhere}");
    }
}

#[tokio::test]
async fn requests_and_health_are_shown_over_http() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    let requests = ask(&emulator, "GET", "/_emulator/requests").await.json();
    assert_eq!((&requests[0]["target"], &requests[0]["status"]), (&json!("/v1/email"), &json!(202)));
    assert_eq!(requests[0]["body"], json!(message(&json!({})).to_string()));
    // The inspection does not see itself.
    assert_eq!(requests.as_array().unwrap().len(), 1);
    let health = ask(&emulator, "GET", "/_emulator/health").await.json();
    assert_eq!((&health["status"], &health["url"]), (&json!("ok"), &json!(emulator.url())));
}

/// A page may lead its own name to this machine, and would then read what every recipient reads.
#[tokio::test]
async fn only_local_names_are_answered() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    let status = async |method: &str, path: &str, headers: &str| {
        let head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
        raw(emulator.address(), &head, b"").await.unwrap().status
    };
    for host in ["evil.example:80", "127.evil.example", "127.0.0.1.evil.example:1", "localhost.evil.example"] {
        let headers = format!("host: {host}\r\norigin: http://{host}\r\n");
        assert_eq!(status("GET", "/_emulator/emails", &headers).await, 403, "{host}");
        assert_eq!(status("DELETE", "/_emulator", &headers).await, 403, "{host}");
    }
    let deleting = "host: localhost\r\norigin: http://evil.example\r\n";
    assert_eq!(status("DELETE", "/_emulator", deleting).await, 403);
    assert_eq!(emulator.emails().len(), 1);
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1:1", "[::1]:1", "[::1]", "10.0.0.1", "emulator:8080"] {
        assert_eq!(status("GET", "/_emulator/emails", &format!("host: {host}\r\n")).await, 200, "{host}");
    }
    for host in ["host.docker.internal:1", "mail.localhost"] {
        assert_eq!(status("GET", "/_emulator/emails", &format!("host: {host}\r\n")).await, 200, "{host}");
    }
}

#[tokio::test]
async fn other_machines_see_nothing_without_a_token() {
    let emulator = started(|builder| builder.listen(([0, 0, 0, 0], 0).into())).await;
    let address = (std::net::Ipv4Addr::LOCALHOST, emulator.address().port()).into();
    let status = async |method: &str, path: &str, token: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        );
        raw(address, &head, b"").await.unwrap().status
    };
    for (method, path, with_token) in [
        ("GET", "/_emulator/emails", 200),
        ("GET", "/_emulator/requests", 200),
        ("GET", "/_emulator/emails/x/attachments/0", 404),
        ("DELETE", "/_emulator", 204),
    ] {
        assert_eq!(status(method, path, "mlsn.wrong").await, 401, "{path}");
        assert_eq!(status(method, path, TOKEN).await, with_token, "{path}");
    }
    assert_eq!(status("GET", "/_emulator/health", "").await, 200);
}

#[tokio::test]
async fn a_reset_forgets() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    emulator.suppress(SuppressionList::Blocklist, "ann@example.org");
    emulator.fail_next(Fault::Status(500));
    assert_eq!(ask(&emulator, "DELETE", "/_emulator").await.status, 204);
    assert!(emulator.emails().is_empty() && emulator.requests().is_empty());
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
    assert_eq!(emulator.emails().len(), 1);
}

#[tokio::test]
async fn memory_is_capped() {
    let emulator = started(|builder| builder.memory(Memory { count: 5, bytes: 1_000_000 })).await;
    for i in 0..8 {
        send(&emulator, &json!({"subject": i.to_string()})).await;
    }
    let subjects: Vec<_> = emulator.emails().iter().map(|email| email.subject().to_owned()).collect();
    assert_eq!(subjects, ["3", "4", "5", "6", "7"]);
    assert_eq!((emulator.dropped().messages, emulator.dropped().requests), (3, 3));
    send(&emulator, &json!({"text": "x".repeat(999_000)})).await;
    assert_eq!(emulator.emails().len(), 1);
}

#[tokio::test]
async fn one_seed_gives_one_run() {
    let ids = async || {
        let emulator = started(|builder| builder).await;
        let answer = send(&emulator, &json!({})).await;
        answer.header("x-message-id").unwrap().to_owned()
    };
    assert_eq!(ids().await, ids().await);
    let (a, b) = (Emulator::start().await.unwrap(), Emulator::start().await.unwrap());
    assert_ne!(a.token(), b.token());
    assert!(a.token().starts_with("mlsn.") && a.token().len() == 69);
}

#[tokio::test]
async fn a_request_is_shown_with_its_answer() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({"subject": null})).await;
    let answer = send(&emulator, &json!({})).await;
    emulator.fail_next(Fault::AnswerLost);
    let body = message(&json!({})).to_string();
    let head = crate::client::head("POST", "/v1/email", TOKEN, body.len());
    assert!(raw(emulator.address(), &head, body.as_bytes()).await.is_none());
    let shown = async |number: u32| ask(&emulator, "GET", &format!("/_emulator/requests/{number}")).await.json();
    let refused = shown(0).await;
    assert_eq!((&refused["answer"]["status"], &refused["message_ids"]), (&json!(422), &json!([])));
    assert!(refused["answer"]["body"].as_str().unwrap().starts_with("{\"message\":\"The subject field"), "{refused}");
    let sent = shown(1).await;
    let id = answer.header("x-message-id").unwrap();
    assert_eq!((&sent["number"], &sent["message_ids"]), (&json!(1), &json!([id])));
    assert_eq!(
        (&sent["answer"]["status"], &sent["answer"]["body"], &sent["fault"]),
        (&json!(202), &json!(""), &json!(null))
    );
    let headers = sent["answer"]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["x-message-id", id])), "{headers:?}");
    assert_eq!(sent["body"], json!(message(&json!({})).to_string()));
    let lost = shown(2).await;
    assert_eq!((&lost["answer"], &lost["status"]), (&json!(null), &json!(null)));
    assert!(lost["fault"].is_string() && lost["message_ids"].as_array().unwrap().len() == 1, "{lost}");
    let email = emulator.emails()[0].id().to_owned();
    assert_eq!(ask(&emulator, "GET", &format!("/_emulator/mailbox/{email}")).await.json()["request"], 1);
    for unknown in ["3", "x", "-1"] {
        assert_eq!(ask(&emulator, "GET", &format!("/_emulator/requests/{unknown}")).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn requests_are_shown_a_page_at_a_time() {
    let emulator = started(|builder| builder).await;
    for page in 1..=5 {
        get(&emulator, &format!("/v1/messages?page={page}")).await;
    }
    let check = async |query: &str, expected: &[u64]| {
        let shown = ask(&emulator, "GET", &format!("/_emulator/requests{query}")).await.json();
        let numbers: Vec<_> = shown.as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, expected, "{query}");
    };
    check("", &[0, 1, 2, 3, 4]).await;
    check("?limit=2", &[3, 4]).await;
    check("?limit=2&before=3", &[1, 2]).await;
    check("?before=1", &[0]).await;
    check("?before=0", &[]).await;
    for wrong in ["?limit=x", "?before=-1"] {
        assert_eq!(ask(&emulator, "GET", &format!("/_emulator/requests{wrong}")).await.status, 400, "{wrong}");
    }
}

/// What is answered counts as what is remembered of a request.
#[tokio::test]
async fn answers_are_capped_with_their_requests() {
    let emulator = started(|builder| builder.memory(Memory { count: 1_000, bytes: 250_000 })).await;
    for _ in 0..40 {
        send(&emulator, &json!({})).await;
    }
    for _ in 0..100 {
        assert!(get(&emulator, "/v1/messages?limit=100").await.body.len() > 4_000);
    }
    let answered: usize = emulator.requests().len();
    assert!((1..60).contains(&answered), "{answered} are remembered");
}

/// With any token, whoever leads a name of their own to this machine would be in.
#[tokio::test]
async fn an_api_for_any_token_is_asked_by_a_local_name() {
    let ask = async |emulator: &Emulator, host: &str| {
        let head = format!(
            "GET /v1/api-quota HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
        );
        raw(emulator.address(), &head, b"").await.unwrap()
    };
    let any = started(mailferry_emulator::Builder::any_token).await;
    for host in ["evil.example", "127.0.0.1.evil.example:80"] {
        let answer = ask(&any, host).await;
        assert_eq!(answer.status, 403, "{host}");
        assert!(answer.json()["message"].as_str().unwrap().contains("by localhost"), "{}", answer.text());
    }
    for host in ["localhost:1", "127.0.0.1", "[::1]:1", "mailersend", "mail.test", "box.local", "a.internal"] {
        assert_eq!(ask(&any, host).await.status, 200, "{host}");
    }
    assert_eq!(ask(&started(|builder| builder).await, "api.example").await.status, 200);
}

#[tokio::test]
async fn heads_are_those_of_what_is_got() {
    let emulator = started(|builder| builder).await;
    for path in ["/_emulator/health", "/_emulator/mailbox", "/"] {
        let head = format!("HEAD {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = raw(emulator.address(), &head, b"").await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}");
    }
}
