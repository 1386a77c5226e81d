//! Bulk requests: what is refused at once, and what is found out later.

use std::time::Duration;

use mailferry_emulator::{EmailStatus, MessageIds, SuppressionList};
use serde_json::{Value, json};

use crate::client::{call, get, message, post, started};

async fn bulk_id(emulator: &mailferry_emulator::Emulator, objects: &Value) -> String {
    let answer = post(emulator, "/v1/bulk-email", objects).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["bulk_email_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_that_is_no_bulk_is_refused_at_once() {
    let emulator = started(|builder| builder.bulk_objects(2)).await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (body, status, message) in [
        ("[{", 422, "JSON contains a syntax error. #MS42227"),
        ("", 422, "JSON contains a syntax error. #MS42227"),
        (deep.as_str(), 422, "JSON contains a decoding error. #MS42228"),
        ("{}", 400, "The bulk request sent is malformed. #MS40001"),
        ("[]", 422, "The email objects are required. #MS42230"),
        ("[{},{},{}]", 422, "The number of email objects must not be greater than 2. #MS42229"),
        ("[{},1]", 422, "The bulk request item is invalid. #MS42231"),
    ] {
        let answer = call(&emulator, "POST", "/v1/bulk-email", body).await;
        assert_eq!((answer.status, &answer.json()["message"]), (status, &json!(message)), "{body}");
        assert!(answer.header("x-apiquota-remaining").is_some());
    }
}

#[tokio::test]
async fn five_hundred_objects_and_no_more() {
    let emulator = started(|builder| builder).await;
    let objects = |count: usize| -> Value { (0..count).map(|_| message(&json!({}))).collect() };
    assert_eq!(post(&emulator, "/v1/bulk-email", &objects(500)).await.status, 202);
    let answer = post(&emulator, "/v1/bulk-email", &objects(501)).await;
    assert_eq!(answer.json()["message"], "The number of email objects must not be greater than 500. #MS42229");
    assert_eq!(emulator.emails().len(), 500);
}

#[tokio::test]
async fn the_answer_is_as_recorded() {
    let emulator = started(|builder| builder.paused_domain("example.com")).await;
    let answer = post(&emulator, "/v1/bulk-email", &json!([message(&json!({}))])).await;
    let id = answer.json()["bulk_email_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 24);
    let expected = format!(r#"{{"message":"The bulk email is being processed.","bulk_email_id":"{id}"}}"#);
    assert_eq!(answer.text(), expected);
    // Neither an id header nor, although the domain is paused, one that says so.
    assert_eq!(answer.header_names(), ["cache-control", "content-type", "x-apiquota-remaining", "x-apiquota-reset"]);
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn states_follow_the_clock() {
    let emulator = started(|builder| builder.bulk_delay(Duration::from_secs(5))).await;
    let objects = json!([message(&json!({})), message(&json!({"cc": [{"email": "bob@example.org"}]})), {"to": ["x"]}]);
    let id = bulk_id(&emulator, &objects).await;
    let path = format!("/v1/bulk-email/{id}");

    let queued = get(&emulator, &path).await;
    let expected = format!(
        concat!(
            r#"{{"data":{{"id":"{}","state":"queued","total_recipients_count":4,"suppressed_recipients_count":0,"#,
            r#""suppressed_recipients":null,"validation_errors_count":0,"validation_errors":null,"messages_id":null,"#,
            r#""created_at":"2026-03-01T10:00:00.000000Z","updated_at":"2026-03-01T10:00:00.000000Z"}}}}"#
        ),
        id
    );
    assert_eq!(queued.text(), expected);
    assert_eq!(get(&emulator, "/v1/messages").await.json()["data"], json!([]));
    // The inspection knows more than the API tells.
    assert!(emulator.emails().iter().all(|email| email.status() == EmailStatus::Queued));

    emulator.clock().advance(Duration::from_secs(5));
    let done = get(&emulator, &path).await.json();
    let ids: Vec<_> = emulator.messages().iter().map(|message| message.id.clone()).collect();
    assert_eq!(done["data"]["state"], "completed");
    assert_eq!(done["data"]["messages_id"], json!(ids));
    assert_eq!(done["data"]["validation_errors_count"], 1);
    assert_eq!(
        done["data"]["validation_errors"]["message.2"]["to.0.email"],
        json!(["The to.0.email field is required. #MS42209"])
    );
    assert_eq!(done["data"]["updated_at"], "2026-03-01T10:00:05.000000Z");
    assert_eq!(get(&emulator, "/v1/messages").await.json()["data"].as_array().unwrap().len(), 2);
    assert_eq!(emulator.messages()[0].bulk_email_id.as_deref(), Some(id.as_str()));
}

#[tokio::test]
async fn message_ids_may_be_a_text() {
    let emulator = started(|builder| builder.bulk_delay(Duration::ZERO).message_ids(MessageIds::Text)).await;
    let id = bulk_id(&emulator, &json!([message(&json!({})), message(&json!({}))])).await;
    let ids: Vec<_> = emulator.messages().iter().map(|message| format!("'{}'", message.id)).collect();
    let answer = get(&emulator, &format!("/v1/bulk-email/{id}")).await.json();
    assert_eq!(answer["data"]["messages_id"], format!("[{}]", ids.join(", ")));
}

#[tokio::test]
async fn suppressed_recipients_are_listed_by_message() {
    let emulator = started(|builder| builder.bulk_delay(Duration::ZERO)).await;
    emulator.suppress(SuppressionList::Unsubscribes, "bob@example.org");
    let both = json!({"to": [{"email": "ann@example.org"}, {"email": "bob@example.org"}]});
    let nobody = json!({"to": [{"email": "bob@example.org", "name": "Bob"}]});
    let id = bulk_id(&emulator, &json!([message(&both), message(&nobody)])).await;
    let data = get(&emulator, &format!("/v1/bulk-email/{id}")).await.json()["data"].clone();
    assert_eq!(data["suppressed_recipients_count"], 2);
    let sent = &emulator.messages()[0].id;
    assert_eq!(data["messages_id"], json!([sent]));
    let reasons = json!([{"email": "bob@example.org", "name": null, "reasons": ["unsubscribed"]}]);
    assert_eq!(data["suppressed_recipients"][sent], reasons);
    assert_eq!(data["suppressed_recipients"].as_object().unwrap().len(), 2);
    assert_eq!(emulator.emails().len(), 1);
}

#[tokio::test]
async fn copies_of_an_object_read_what_its_recipient_reads() {
    let emulator = started(|builder| builder).await;
    let object = |email: &str, name: &str| {
        message(&json!({
            "to": [{"email": email}], "cc": [{"email": "boss@example.org"}], "subject": "For {{ name }}",
            "personalization": [{"email": email, "data": {"name": name}}],
        }))
    };
    bulk_id(&emulator, &json!([object("ann@example.org", "Ann"), object("bob@example.org", "Bob")])).await;
    let read: Vec<_> =
        emulator.emails().iter().map(|e| (e.recipient().email.clone(), e.subject().to_owned())).collect();
    let expected = [
        ("ann@example.org", "For Ann"),
        ("boss@example.org", "For Ann"),
        ("bob@example.org", "For Bob"),
        ("boss@example.org", "For Bob"),
    ];
    assert_eq!(read, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[tokio::test]
async fn an_unknown_bulk_is_not_found() {
    let emulator = started(|builder| builder).await;
    let answer = get(&emulator, "/v1/bulk-email/67618140bf85c862710f2c5a").await;
    assert_eq!((answer.status, answer.header("x-apiquota-remaining")), (404, None));
}

#[tokio::test]
async fn a_header_says_which_template_is_wrong_and_where() {
    let emulator = started(|builder| builder.bulk_delay(Duration::from_secs(5))).await;
    let data = json!([{"email": "ann@example.org", "data": {}}]);
    let wrong = message(&json!({"html": "<p>\n{{ name|shout }}", "personalization": data}));
    let answer = post(&emulator, "/v1/bulk-email", &json!([message(&json!({})), wrong])).await;
    let note = Some("message.1: html, line 2, column 9: there is no filter `shout`");
    assert_eq!((answer.status, answer.header("x-emulator-note")), (202, note));
    let path = format!("/v1/bulk-email/{}", answer.json()["bulk_email_id"].as_str().unwrap());
    assert_eq!(get(&emulator, &path).await.header("x-emulator-note"), None);
    emulator.clock().advance(Duration::from_secs(5));
    let status = get(&emulator, &path).await;
    assert_eq!(status.header("x-emulator-note"), note);
    assert_eq!(status.json()["data"]["validation_errors_count"], 1);
}
