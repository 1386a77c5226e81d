//! Merge data, batches, and what `esp_extra` does to them.

use mailferry::mailersend::BatchSendMode::{ExposeToList, UseBulkEmail};
use mailferry::mailersend::MailerSend;
use mailferry::transport::{ErrorKind, Feature};
use mailferry::{Defaults, Mailer, Transport};
use serde_json::{Value, json};

use crate::capture::Capture;
use crate::support::{basic, bodies, body_of, lenient, refusal_of};

fn two(over: Value) -> mailferry::Message {
    let mut fields = json!({
        "to": ["ann@one.example", "Bob <bob@two.example>"],
        "merge_data": {"ann@one.example": {"name": "Ann", "plan": "Pro"}, "bob@two.example": {"name": "Bob"}},
    });
    for (key, value) in over.as_object().unwrap() {
        fields[key] = value.clone();
    }
    basic(fields)
}

fn bulk() -> MailerSend {
    lenient().batch_send_mode(UseBulkEmail).build().unwrap()
}

fn exposed() -> MailerSend {
    lenient().batch_send_mode(ExposeToList).build().unwrap()
}

/// Path and body of the one request.
async fn request(mailersend: &MailerSend, message: &mailferry::Message) -> (String, Value) {
    let requests = mailersend.requests(message).await.unwrap();
    assert_eq!(requests.len(), 1);
    let path = requests[0].url.rsplit('/').next().unwrap().to_owned();
    (path, serde_json::from_slice(&requests[0].body).unwrap())
}

/// MRG-01, MRG-09: one entry for each `to`, its own data over that of all, whole values.
#[tokio::test]
async fn own_data_lies_over_that_of_all() {
    let message = two(json!({"merge_global_data": {"plan": {"a": 1}, "site": "S"}, "cc": ["cc@x.example"]}));
    let (path, body) = request(&exposed(), &message).await;
    assert_eq!(path, "email");
    assert_eq!(
        body["personalization"],
        json!([
            {"email": "ann@one.example", "data": {"plan": "Pro", "site": "S", "name": "Ann"}},
            {"email": "bob@two.example", "data": {"plan": {"a": 1}, "site": "S", "name": "Bob"}},
        ])
    );
}

/// MRG-02, MRG-05: data for others is left out, copies get none, and a `to` without data gets that of all or nothing.
#[tokio::test]
async fn data_belongs_to_primary_recipients() {
    let message = basic(json!({
        "to": ["x@x.example", "ann@one.example"], "cc": ["cc@x.example"],
        "merge_data": {"ann@one.example": {"n": 1}, "cc@x.example": {"n": 2}, "zoe@x.example": {"n": 3}},
    }));
    let (_, body) = request(&exposed(), &message).await;
    assert_eq!(
        body["personalization"],
        json!([
            {"email": "x@x.example", "data": {}}, {"email": "ann@one.example", "data": {"n": 1}},
        ])
    );
}

/// MRG-03, MRG-04: data of all alone makes no batch; neither does a cleared field.
#[tokio::test]
async fn data_of_all_makes_no_batch() {
    let message = two(json!({"merge_data": null, "merge_global_data": {"site": "S"}}));
    assert!(!message.is_batch());
    let (path, body) = request(&bulk(), &message).await;
    assert_eq!(path, "email");
    assert_eq!(body["personalization"].as_array().unwrap().len(), 2);
    assert_eq!(body_of(json!({"merge_global_data": {}})).await.get("personalization"), None);
}

/// MRG-06, MRG-07: a recipient is found by natural address, and the exact spelling counts first.
#[tokio::test]
async fn data_is_found_in_any_spelling() {
    for (to, key) in [
        ("Ann@One.example", "ann@one.EXAMPLE"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "A@BÜCHER.example"),
        ("a@bücher.example", "a@bücher.example"),
    ] {
        let body = body_of(json!({"to": [to], "merge_data": {key: {"n": 1}}})).await;
        assert_eq!(body["personalization"][0]["data"], json!({"n": 1}), "{to} {key}");
    }
    let body = body_of(
        json!({"to": ["Ann@one.example"], "merge_data": {"ann@one.example": {"n": 1}, "Ann@one.example": {"n": 2}}}),
    )
    .await;
    assert_eq!(body["personalization"][0]["data"], json!({"n": 2}));
}

/// MRG-08, MRG-11: a value may be anything that JSON has, and numbers stay what they are.
#[tokio::test]
async fn values_may_be_any_json() {
    let data = json!({"a": [1, {"b": null}], "c": true, "price": 19.99, "tiny": 5e-324, "third": 0.1 + 0.2, "big": u64::MAX, "s": "\u{2028}"});
    let body = body_of(json!({"merge_data": {"ann@one.example": data.clone()}})).await;
    assert_eq!(body["personalization"][0]["data"], data);
    // An integer of more than 64 bits is no number that other programs would read alike.
    let wide = r#"{"to": ["ann@one.example"], "merge_global_data": {"n": 100000000000000000000}}"#;
    let body = crate::support::body(&mailferry::Message::from_json(wide.as_bytes()).unwrap()).await;
    assert_eq!(body["personalization"][0]["data"], json!({"n": 1e20}));
}

/// BAT-01, BAT-02, BAT-03, BAT-08: the mode decides, for batches only.
#[tokio::test]
async fn the_mode_decides_how_a_batch_is_sent() {
    for (mailersend, expected) in [(bulk(), "bulk-email"), (exposed(), "email")] {
        assert_eq!(request(&mailersend, &two(json!({}))).await.0, expected);
        let one = basic(json!({"merge_data": {"ann@one.example": {"n": 1}}}));
        assert_eq!(request(&mailersend, &one).await.0, expected);
        assert_eq!(request(&mailersend, &basic(json!({}))).await.0, "email");
    }
    let (_, body) = request(&bulk(), &basic(json!({"merge_data": {}}))).await;
    assert_eq!(body.as_array().unwrap().len(), 1);
    assert_eq!(body[0].get("personalization"), None);
}

/// BAT-01, BAT-04: without a mode, several recipients of a batch are refused, whatever is to be ignored.
#[tokio::test]
async fn without_a_mode_nothing_is_guessed() {
    for ignore in [false, true] {
        let mailersend = lenient().ignore_unsupported_features(ignore).build().unwrap();
        for message in [two(json!({})), two(json!({"merge_data": {}})), two(json!({"metadata": {"k": 1}}))] {
            let error = mailersend.requests(&message).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            for part in ["MAILERSEND_BATCH_SEND_MODE", "'use-bulk-email'", "'expose-to-list'"] {
                assert!(error.to_string().contains(part), "{error}");
            }
            assert_eq!(error.features().last(), Some(&Feature::BatchWithoutMode));
        }
    }
    // One recipient cannot be exposed to anyone.
    let one = basic(json!({"merge_data": {"ann@one.example": {"n": 1}}}));
    assert_eq!(request(&lenient().build().unwrap(), &one).await.0, "email");
}

/// BAT-05
#[tokio::test]
async fn data_of_all_without_primary_recipients_does_no_harm() {
    let body = body_of(json!({"to": [], "cc": ["c@x.example"], "merge_global_data": {"n": 1}})).await;
    assert_eq!((body.get("to"), body.get("personalization")), (None, None));
}

/// BAT-06, EXT-09: every object of a bulk request is the whole message for one recipient.
#[tokio::test]
async fn a_bulk_object_is_the_whole_message() {
    let message = two(json!({
        "cc": ["cc@x.example"], "tags": ["t"], "headers": {"X-A": "1"}, "esp_extra": {"settings": {"track_content": true}},
        "attachments": [{"filename": "a.txt", "content": "YQ=="}],
    }));
    let (path, body) = request(&bulk(), &message).await;
    assert_eq!(path, "bulk-email");
    let shared = json!({
        "from": {"email": "shop@mail.example"}, "cc": [{"email": "cc@x.example"}], "subject": "Hello", "text": "Plain body",
        "tags": ["t"], "headers": [{"name": "X-A", "value": "1"}], "settings": {"track_content": true},
        "attachments": [{"filename": "a.txt", "disposition": "attachment", "content": "YQ=="}],
    });
    let own = [
        (json!({"email": "ann@one.example"}), json!({"name": "Ann", "plan": "Pro"})),
        (json!({"email": "bob@two.example", "name": "Bob"}), json!({"name": "Bob"})),
    ];
    let expected: Vec<_> = own
        .into_iter()
        .map(|(to, data)| {
            let mut object = shared.clone();
            object["personalization"] = json!([{"email": to["email"], "data": data}]);
            object["to"] = json!([to]);
            object
        })
        .collect();
    assert_eq!(body, Value::from(expected));
}

/// BAT-07: data by recipient that is dropped still makes a batch.
#[tokio::test]
async fn dropped_data_by_recipient_makes_a_batch() {
    let ignoring = lenient().ignore_unsupported_features(true);
    for field in ["merge_headers", "merge_metadata"] {
        let message = two(json!({"merge_data": null, field: {"ann@one.example": {"X": "1"}}}));
        let error = ignoring.clone().build().unwrap().requests(&message).await.unwrap_err();
        assert_eq!(error.features(), [Feature::BatchWithoutMode], "{field}");
        let bulk = ignoring.clone().batch_send_mode(UseBulkEmail).build().unwrap();
        assert_eq!(request(&bulk, &message).await.0, "bulk-email", "{field}");
    }
}

/// BAT-10: one message for each recipient needs no mode.
#[tokio::test]
async fn one_message_each_needs_no_mode() {
    for (to, name) in [("ann@one.example", "Ann"), ("bob@two.example", "Bob")] {
        let body = body_of(json!({"to": [to], "merge_global_data": {"name": name}})).await;
        assert_eq!(body["personalization"], json!([{"email": to, "data": {"name": name}}]));
    }
}

/// EXT-04, EXT-05, EXT-06: token and mode of one message, in either spelling, never in the body.
#[tokio::test]
async fn token_and_mode_of_one_message() {
    for [token, mode] in [["api_token", "batch_send_mode"], ["api-token", "batch-send-mode"]] {
        let server = Capture::accepting().await;
        let mailersend = lenient().api_url(server.url()).build().unwrap();
        mailersend.send(&two(json!({"esp_extra": {token: "own", mode: "use-bulk-email"}}))).await.unwrap();
        let request = server.only();
        assert_eq!((request.path.as_str(), request.header("authorization")), ("/v1/bulk-email", Some("Bearer own")));
        for word in ["own", "api", "batch"] {
            assert!(!String::from_utf8(request.body.clone()).unwrap().contains(word));
        }
    }
    // A null mode takes the configured one away.
    let message = two(json!({"esp_extra": {"batch_send_mode": null}}));
    assert_eq!(bulk().requests(&message).await.unwrap_err().features(), [Feature::BatchWithoutMode]);
    for (extra, path) in [
        (json!({"api_token": ""}), "esp_extra.api_token"),
        (json!({"api-token": "a\r\nb"}), "esp_extra.api-token"),
        (json!({"api_token": 1}), "esp_extra.api_token"),
        (json!({"api_token": "a", "api-token": "b"}), "esp_extra.api-token"),
        (json!({"batch_send_mode": "nonsense"}), "esp_extra.batch_send_mode"),
        (json!({"batch-send-mode": 1}), "esp_extra.batch-send-mode"),
        (json!({"to": "ann@one.example"}), "esp_extra.to"),
    ] {
        let error = refusal_of(json!({"esp_extra": extra})).await;
        assert_eq!(error.problems()[0].path(), path);
    }
}

/// EXT-03, EXT-07: `to` may be replaced, and merge data follows it; `personalization` only where there is none.
#[tokio::test]
async fn recipients_and_personalization_in_esp_extra() {
    let extra = json!({"to": [{"email": "x@x.example", "name": "X"}], "personalization": [{"email": "p@x.example", "data": {}}]});
    let server = Capture::accepting().await;
    let mailersend = lenient().api_url(server.url()).build().unwrap();
    let status =
        mailersend.send(&basic(json!({"esp_extra": extra.clone(), "merge_global_data": {"n": 1}}))).await.unwrap();
    let body = server.only().json();
    assert_eq!(body["to"], json!([{"email": "x@x.example", "name": "X"}]));
    assert_eq!(body["personalization"], json!([{"email": "x@x.example", "data": {"n": 1}}]));
    assert!(status.recipient("ann@one.example").is_some(), "the status is about the message's own recipients");
    assert_eq!(body_of(json!({"esp_extra": extra.clone()})).await["personalization"], extra["personalization"]);
    let all = bodies(
        &bulk(),
        &basic(json!({"merge_data": {}, "esp_extra": {"to": [{"email": "x@x.example"}, {"email": "y@x.example"}]}})),
    )
    .await;
    assert_eq!(all.unwrap()[0].as_array().unwrap().len(), 2, "one object for each replaced recipient");
}

/// EXT-10: the token may come from a default.
#[tokio::test]
async fn a_default_token() {
    let server = Capture::accepting().await;
    let defaults = Defaults::new(mailferry::Message::builder().esp_extra("api_token", "default").build().unwrap());
    let mailer = Mailer::builder(lenient().api_url(server.url()).build().unwrap()).defaults(defaults).build();
    mailer.send(&basic(json!({}))).await.unwrap();
    assert_eq!(server.only().header("authorization"), Some("Bearer default"));
}
