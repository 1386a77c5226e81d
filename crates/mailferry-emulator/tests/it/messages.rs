//! What an accepted message becomes, and what the API tells about it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry_emulator::{EmailStatus, Role};
use serde_json::json;

use crate::client::{get, send, started};

#[tokio::test]
async fn one_email_for_each_recipient() {
    let emulator = started(|builder| builder).await;
    let answer = send(
        &emulator,
        &json!({
            "cc": [{"email": "bob@example.org"}],
            "bcc": [{"email": "eve@example.org"}],
            "reply_to": {"email": "help@example.com", "name": "Help"},
            "html": "<p>Hello</p>",
            "tags": ["order"],
            "headers": [{"name": "X-Order", "value": "7"}],
            "settings": {"track_opens": true},
            "attachments": [{
                "filename": "pic.png", "disposition": "inline", "id": "pic", "content": STANDARD.encode(b"\x89PNG\r\n\x1a\n"),
            }],
        }),
    )
    .await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=UTF-8"));
    assert_eq!(answer.header("cache-control"), Some("no-cache, private"));

    let emails = emulator.emails();
    let who: Vec<_> = emails.iter().map(|email| (email.role(), email.recipient().email.as_str())).collect();
    assert_eq!(who, [(Role::To, "ann@example.org"), (Role::Cc, "bob@example.org"), (Role::Bcc, "eve@example.org")]);
    let id = answer.header("x-message-id").unwrap();
    assert_eq!((id.len(), &id[..8]), (24, "69a40e20"), "the first half is the time");
    for email in &emails {
        assert_eq!(email.message_id(), id);
        assert_ne!(email.id(), id);
        assert_eq!((email.subject(), email.text(), email.html()), ("Hello", Some("Hello there"), Some("<p>Hello</p>")));
    }
    let message = emails[0].message();
    assert_eq!(message.reply_to.as_ref().unwrap().name.as_deref(), Some("Help"));
    assert_eq!(message.headers, [("X-Order".to_owned(), "7".to_owned())]);
    let file = &message.attachments[0];
    assert_eq!((file.filename.as_str(), file.inline, file.id.as_deref()), ("pic.png", true, Some("pic")));
    assert_eq!(&file.content[..], b"\x89PNG\r\n\x1a\n");
    assert_eq!(message.request, json!({"settings": {"track_opens": true}}), "what has a field is not kept twice");
}

#[tokio::test]
async fn everyone_reads_their_own() {
    let emulator = started(|builder| builder).await;
    let answer = send(
        &emulator,
        &json!({
            "to": [{"email": "ann@example.org"}, {"email": "Bob@example.org"}, {"email": "eve@example.org"}],
            "subject": "Order {{ order_no }}",
            "text": "Dear {{ name|default('friend') }}, {% if ship %}shipped{% else %}waiting{% endif %}.",
            "html": "{{ missing.deep ?? '-' }}",
            "personalization": [
                {"email": "ann@example.org", "data": {"name": "Ann", "order_no": 7, "ship": true}},
                {"email": "bob@example.org", "data": {"order_no": "8"}},
            ],
        }),
    )
    .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let read: Vec<_> = emulator.emails().iter().map(|e| format!("{} | {}", e.subject(), e.text().unwrap())).collect();
    assert_eq!(
        read,
        ["Order 7 | Dear Ann, shipped.", "Order 8 | Dear friend, waiting.", "Order  | Dear friend, waiting."]
    );
    assert!(emulator.emails().iter().all(|email| email.html() == Some("-")));
}

#[tokio::test]
async fn without_personalization_nothing_is_compiled() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({"subject": "{{ name }}", "text": "{% not a tag", "personalization": []})).await;
    let email = &emulator.emails()[0];
    assert_eq!((email.subject(), email.text()), ("{{ name }}", Some("{% not a tag")));
}

#[tokio::test]
async fn statuses_follow_the_clock() {
    let emulator = started(|builder| builder).await;
    send(&emulator, &json!({})).await;
    send(&emulator, &json!({"send_at": 1_772_359_200 + 3600})).await;
    let statuses = || emulator.emails().iter().map(mailferry_emulator::Email::status).collect::<Vec<_>>();
    assert_eq!(statuses(), [EmailStatus::Sent, EmailStatus::Queued]);
    emulator.clock().advance(Duration::from_secs(2));
    assert_eq!(statuses(), [EmailStatus::Delivered, EmailStatus::Queued]);
    emulator.clock().advance(Duration::from_hours(1));
    assert_eq!(statuses(), [EmailStatus::Delivered, EmailStatus::Delivered]);
}

#[tokio::test]
async fn a_paused_domain_holds_its_mail() {
    let emulator = started(|builder| builder).await;
    emulator.pause_domain("Example.com");
    let answer = send(&emulator, &json!({})).await;
    assert_eq!((answer.status, answer.header("x-send-paused")), (202, Some("true")));
    assert!(answer.header("x-message-id").is_some());
    emulator.clock().advance(Duration::from_hours(1));
    assert_eq!(emulator.emails()[0].status(), EmailStatus::Queued);
    emulator.resume_domain("example.com");
    assert_eq!(emulator.emails()[0].status(), EmailStatus::Sent);
    emulator.clock().advance(Duration::from_secs(2));
    assert_eq!(emulator.emails()[0].status(), EmailStatus::Delivered);
    assert_eq!(send(&emulator, &json!({})).await.header("x-send-paused"), None);
}

#[tokio::test]
async fn messages_are_listed_in_pages() {
    let emulator = started(|builder| builder).await;
    let empty = get(&emulator, "/v1/messages").await.json();
    assert_eq!(
        (&empty["data"], &empty["meta"]["from"], &empty["meta"]["to"]),
        (&json!([]), &json!(null), &json!(null))
    );
    for _ in 0..26 {
        send(&emulator, &json!({})).await;
    }
    let first = get(&emulator, "/v1/messages").await;
    assert!(first.text().contains(r#""first":"http:\/\/127.0.0.1:"#), "slashes are escaped: {}", first.text());
    let first = first.json();
    let next = format!("{}messages?page=2", emulator.url());
    assert_eq!(first["data"].as_array().unwrap().len(), 25);
    assert_eq!(
        (&first["links"]["next"], &first["links"]["prev"], &first["links"]["last"]),
        (&json!(next), &json!(null), &json!(null))
    );
    let second = get(&emulator, "/v1/messages?page=2").await.json();
    assert_eq!((&second["meta"]["from"], &second["meta"]["to"]), (&json!(26), &json!(26)));
    assert_eq!(second["links"]["next"], json!(null));
    let beyond = get(&emulator, "/v1/messages?page=9&limit=100").await.json();
    assert_eq!((beyond["data"].as_array().unwrap().len(), &beyond["meta"]["per_page"]), (0, &json!(100)));
    let huge = get(&emulator, "/v1/messages?page=18446744073709551615").await;
    assert_eq!(huge.status, 200);

    let domain = emulator.domain_id("example.com");
    let mine = get(&emulator, &format!("/v1/messages?domain_id={domain}")).await.json();
    assert_eq!(mine["data"].as_array().unwrap().len(), 25);
    let other = get(&emulator, "/v1/messages?domain_id=0r83ql3jjz4zw1jm").await.json();
    assert_eq!(other["data"], json!([]));
}

#[tokio::test]
async fn a_message_shows_its_emails() {
    let emulator = started(|builder| builder).await;
    let answer = send(&emulator, &json!({"cc": [{"email": "bob@example.org"}], "tags": ["a"]})).await;
    let id = answer.header("x-message-id").unwrap();
    let shown = get(&emulator, &format!("/v1/messages/{id}")).await.json();
    let data = &shown["data"];
    assert_eq!((&data["id"], &data["created_at"]), (&json!(id), &json!("2026-03-01T10:00:00.000000Z")));
    let emails = data["emails"].as_array().unwrap();
    assert_eq!(emails.len(), 2);
    let first = &emails[0];
    assert_eq!((&first["status"], &first["subject"]), (&json!("sent"), &json!("Hello")));
    assert_eq!((&first["text"], &first["headers"], &first["template_id"]), (&json!(null), &json!(null), &json!("")));
    assert_eq!(first["tags"], json!(["a"]));
    assert_eq!(data["domain"]["id"], json!(emulator.domain_id("example.com")));
    let missing = get(&emulator, "/v1/messages/67618140bf85c862710f2c5a").await;
    assert_eq!((missing.status, missing.header("x-apiquota-remaining")), (404, None));
}
