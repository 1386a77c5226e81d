//! The lists, and the warnings they lead to.

use mailferry_emulator::SuppressionList;
use serde_json::{Value, json};

use crate::client::{call, get, post, send, started};

#[tokio::test]
async fn some_are_suppressed() {
    let emulator = started(|builder| builder).await;
    emulator.suppress(SuppressionList::Blocklist, "eve@example.org");
    let answer = send(&emulator, &json!({"bcc": [{"email": "EVE@example.org", "name": "Eve"}]})).await;
    assert_eq!((answer.status, answer.header("content-type")), (202, Some("application/json")));
    assert!(answer.header("x-message-id").is_some());
    let expected = concat!(
        r#"{"message":"There are some warnings for your request.","warnings":[{"type":"SOME_SUPPRESSED","#,
        r#""warning":"Some of the recipients have been suppressed.","#,
        r#""recipients":[{"email":"EVE@example.org","name":"Eve","reasons":["blocklisted"]}]}]}"#,
    );
    assert_eq!(answer.text(), expected);
    assert_eq!(emulator.emails().len(), 1);
    assert_eq!(emulator.messages()[0].suppressed[0].reasons, ["blocklisted"]);
}

#[tokio::test]
async fn all_are_suppressed() {
    let emulator = started(|builder| builder).await;
    emulator.suppress(SuppressionList::HardBounces, "ann@example.org");
    emulator.suppress(SuppressionList::SpamComplaints, "ann@example.org");
    emulator.suppress(SuppressionList::OnHold, "ann@example.org");
    let answer = send(&emulator, &json!({"to": [{"email": "ann@example.org"}]})).await;
    assert_eq!((answer.status, answer.header("x-message-id")), (202, None));
    let expected = concat!(
        r#"{"message":"There are some warnings for your request.","warnings":[{"type":"ALL_SUPPRESSED","#,
        r#""message":"All of the recipients provided have been suppressed.","#,
        r#""recipients":[{"email":"ann@example.org","name":null,"reasons":["hard_bounced","spam_complaint","on_hold"]}]}]}"#,
    );
    assert_eq!(answer.text(), expected);
    assert!(emulator.emails().is_empty() && emulator.messages().is_empty());
}

#[tokio::test]
async fn lists_are_of_one_domain() {
    let emulator = started(|builder| builder).await;
    let domain = emulator.domain_id("example.com");
    let body = json!({"domain_id": domain, "recipients": ["ann@example.org"]});
    let added = post(&emulator, "/v1/suppressions/unsubscribes", &body).await;
    assert_eq!(added.status, 201);
    assert_eq!(send(&emulator, &json!({})).await.header("x-message-id"), None);
    assert!(send(&emulator, &json!({"from": {"email": "a@other.example"}})).await.header("x-message-id").is_some());
}

#[tokio::test]
async fn the_blocklist_knows_patterns() {
    let emulator = started(|builder| builder).await;
    let body = json!({"recipients": ["ann@example.org"], "patterns": [".*@spam.example"]});
    let added = post(&emulator, "/v1/suppressions/blocklist", &body).await.json();
    let entry = &added["data"][1];
    assert_eq!((&entry["type"], &entry["pattern"]), (&json!("pattern"), &json!(".*@spam.example")));
    assert_eq!(entry.get("domain"), None);
    let listed = get(&emulator, "/v1/suppressions/blocklist").await.json();
    assert_eq!((&listed["data"][0]["domain"], &listed["data"][1]["type"]), (&json!(null), &json!("exact")));
    let to =
        json!({"to": [{"email": "a@SPAM.example"}, {"email": "b@spam.example.org"}, {"email": "ann@example.org"}]});
    send(&emulator, &to).await;
    let emails = emulator.emails();
    assert_eq!((emails.len(), emails[0].recipient().email.as_str()), (1, "b@spam.example.org"));
}

#[tokio::test]
async fn entries_have_the_shape_of_their_list() {
    let emulator = started(|builder| builder).await;
    let domain = emulator.domain_id("example.com");
    for (list, keys) in [
        ("hard-bounces", vec!["created_at", "id", "reason", "recipient"]),
        ("spam-complaints", vec!["created_at", "id", "recipient"]),
        ("unsubscribes", vec!["created_at", "id", "readable_reason", "reason", "recipient"]),
    ] {
        let path = format!("/v1/suppressions/{list}");
        let body = json!({"domain_id": domain, "recipients": ["ann@example.org"]});
        let entry = post(&emulator, &path, &body).await.json()["data"][0].clone();
        assert_eq!(entry.as_object().unwrap().keys().collect::<Vec<_>>(), keys, "{list}");
        let recipient = &entry["recipient"];
        assert_eq!((&recipient["email"], &recipient["deleted_at"]), (&json!("ann@example.org"), &json!("")));
        assert_eq!(recipient["domain"]["name"], "example.com");
        // Adding again changes nothing, not even the date.
        emulator.clock().advance(std::time::Duration::from_mins(1));
        assert_eq!(post(&emulator, &path, &body).await.json()["data"][0], entry, "{list}");
        assert_eq!(get(&emulator, &path).await.json()["data"], json!([entry]), "{list}");
        let elsewhere = format!("{path}?domain_id={}", emulator.domain_id("other.example"));
        assert_eq!(get(&emulator, &elsewhere).await.json()["data"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn entries_are_deleted_by_id_or_all() {
    let emulator = started(|builder| builder).await;
    let path = "/v1/suppressions/blocklist";
    let body = json!({"recipients": ["a@b.example", "c@d.example", "e@f.example"]});
    let added = post(&emulator, path, &body).await.json();
    let id = &added["data"][1]["id"];
    let deleted = call(&emulator, "DELETE", path, &json!({"ids": [id]}).to_string()).await;
    assert_eq!((deleted.status, deleted.text()), (200, "[]"));
    let left = |page: Value| page["data"].as_array().unwrap().len();
    assert_eq!(left(get(&emulator, path).await.json()), 2);
    let bounced = json!({"all": true, "domain_id": emulator.domain_id("example.com")});
    call(&emulator, "DELETE", path, &bounced.to_string()).await;
    assert_eq!(left(get(&emulator, path).await.json()), 2, "those of the whole account are not of that domain");
    call(&emulator, "DELETE", path, r#"{"all":true}"#).await;
    assert_eq!(left(get(&emulator, path).await.json()), 0);
}

#[tokio::test]
async fn nobody_adds_to_the_on_hold_list() {
    let emulator = started(|builder| builder).await;
    let answer = post(&emulator, "/v1/suppressions/on-hold-list", &json!({"recipients": ["a@b.example"]})).await;
    assert_eq!(answer.status, 405);
    emulator.suppress(SuppressionList::OnHold, "a@b.example");
    assert_eq!(get(&emulator, "/v1/suppressions/on-hold-list").await.json()["data"].as_array().unwrap().len(), 1);
}
