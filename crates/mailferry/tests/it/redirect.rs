//! Redirection: no message reaches anyone but the one address.

use mailferry::mailersend::BatchSendMode::{self, ExposeToList, UseBulkEmail};
use mailferry::memory::MemoryTransport;
use mailferry::transport::{ErrorKind, Transport};
use mailferry::{Mailbox, Mailer, Message};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::capture::Capture;
use crate::support::{basic, lenient};

const TARGET: &str = "Trap <trap@safe.example>";

fn target() -> Mailbox {
    TARGET.parse().unwrap()
}

/// Everything in a body that names somebody who would get a mail or whose data it would be.
fn named(body: &Value) -> Vec<String> {
    let objects = body.as_array().map_or_else(|| std::slice::from_ref(body), Vec::as_slice);
    let mut named = Vec::new();
    for object in objects {
        for member in ["to", "cc", "bcc", "personalization", "variables", "rcptTo"] {
            for entry in object[member].as_array().into_iter().flatten() {
                named.push(entry["email"].as_str().unwrap().to_owned());
            }
        }
    }
    named
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}@[a-z]{1,6}\\.example",
        "[A-Z][a-z]{0,3}@(Bücher|ŽLUŤ|例え)\\.example",
        Just("trap@safe.example".to_owned()),
        Just("\"odd local\"@x.example".to_owned()),
    ]
}

fn messages() -> impl Strategy<Value = Message> {
    let list = || prop::collection::vec(address(), 0..6);
    let data = || prop::option::of(prop::collection::btree_map(address(), Just(json!({"n": 1})), 0..4));
    let more = (data(), data(), any::<bool>());
    (list(), list(), list(), data(), more).prop_map(
        |(to, cc, bcc, merge_data, (headers, metadata, with_data_of_all))| {
            // Data for some of the recipients, in another case, beside that for strangers.
            let own: serde_json::Map<_, _> =
                to.iter().skip(1).map(|address| (address.to_uppercase(), json!({"own": true}))).collect();
            let mut merge_data = json!(merge_data);
            if let Some(entries) = merge_data.as_object_mut() {
                entries.extend(own);
            }
            let data_of_all = if with_data_of_all { json!({"g": 1}) } else { json!({}) };
            let headers = headers.map(|headers| {
                headers.into_keys().map(|key| (key, json!({"X": "1"}))).collect::<serde_json::Map<_, _>>()
            });
            basic(json!({
                "to": to, "cc": cc, "bcc": bcc, "merge_data": merge_data, "merge_global_data": data_of_all,
                "merge_headers": headers, "merge_metadata": metadata,
            }))
        },
    )
}

fn modes() -> impl Strategy<Value = Option<BatchSendMode>> {
    prop_oneof![Just(None), Just(Some(UseBulkEmail)), Just(Some(ExposeToList))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a message says and however it is sent, the one address is all that is left of its recipients.
    #[test]
    fn nobody_else_is_left(message in messages(), mode in modes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = "http://127.0.0.1:1/v1/";
        let mailersend = lenient().api_url(url).batch_send_mode(mode).ignore_unsupported_features(true).build().unwrap();
        let mailer = Mailer::builder(mailersend.clone()).redirect_all_to(target()).build();
        let prepared = mailer.prepare(&message).unwrap();
        let requests = runtime.block_on(mailersend.requests(&prepared)).unwrap();
        prop_assert_eq!(requests.len(), usize::from(message.has_recipients()));
        for request in requests {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            prop_assert!(!named(&body).is_empty());
            for email in named(&body) {
                prop_assert_eq!(email, "trap@safe.example");
            }
        }
        for data in [prepared.merge_data(), prepared.merge_headers(), prepared.merge_metadata()].into_iter().flatten() {
            prop_assert!(!message.has_recipients() || data.keys().all(|key| key == "trap@safe.example"), "{:?}", data);
        }
    }
}

/// The first recipient's data is kept, so that the mail can be looked at.
#[tokio::test]
async fn the_first_recipients_data_is_kept() {
    let server = Capture::accepting().await;
    let mailer = Mailer::builder(lenient().api_url(server.url()).build().unwrap()).redirect_all_to(target()).build();
    let message = basic(json!({
        "to": ["Ann@one.example", "bob@two.example"], "bcc": ["audit@x.example"],
        "merge_data": {"ann@one.example": {"name": "Ann"}, "bob@two.example": {"name": "Bob"}},
    }));
    let status = mailer.send(&message).await.unwrap();
    let body = server.only().json();
    assert_eq!(body["to"], json!([{"email": "trap@safe.example", "name": "Trap"}]));
    assert_eq!(body["personalization"], json!([{"email": "trap@safe.example", "data": {"name": "Ann"}}]));
    assert_eq!((body.get("cc"), body.get("bcc")), (None, None));
    assert!(status.recipient("trap@safe.example").is_some());
    assert_eq!(status.recipients().len(), 1);
}

/// Recipients from hooks and defaults are redirected like any other.
#[tokio::test]
async fn redirection_comes_last() {
    let memory = MemoryTransport::new();
    let mailer = Mailer::builder(memory.clone())
        .redirect_all_to(target())
        .defaults(mailferry::Defaults::new(Message::builder().bcc("audit@x.example").build().unwrap()))
        .before_send(|message, _| Ok(message.edit().cc("late@x.example").build()?))
        .build();
    mailer.send(&basic(json!({}))).await.unwrap();
    assert_eq!(memory.only().recipients().cloned().collect::<Vec<_>>(), [target()]);
}

/// What `esp_extra` says about recipients cannot be redirected, so it is refused; anything else in it is not.
#[tokio::test]
async fn recipients_in_esp_extra_are_refused() {
    let server = Capture::accepting().await;
    let mailer = Mailer::builder(lenient().api_url(server.url()).build().unwrap()).redirect_all_to(target()).build();
    for member in ["to", "cc", "bcc", "rcptTo", "personalization", "variables"] {
        for value in [json!([{"email": "ann@one.example"}]), json!([]), json!(null)] {
            let error = mailer.send(&basic(json!({"esp_extra": {member: value}}))).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidMessage);
            assert_eq!(error.problems()[0].path(), format!("esp_extra.{member}"));
            assert!(error.to_string().contains("REDIRECT_ALL_TO"), "{error}");
        }
    }
    // Of a member that is not known nobody can say what it does.
    for extra in
        [json!({"rcpt-to": []}), json!({"headers": [{"name": "bcc", "value": "x@x.example"}]}), json!({"headers": {}})]
    {
        assert_eq!(mailer.send(&basic(json!({"esp_extra": extra}))).await.unwrap_err().problems().len(), 1);
    }
    assert_eq!(server.connections(), 0);
    let harmless =
        json!({"settings": {"track_content": true}, "headers": [{"name": "X-A", "value": "1"}], "api-token": "t"});
    mailer.send(&basic(json!({"esp_extra": harmless}))).await.unwrap();
    assert_eq!(server.requests().len(), 1);
}

/// A service that obeyed a header would send to whom it names.
#[tokio::test]
async fn headers_that_name_recipients_are_left_out() {
    let server = Capture::accepting().await;
    let mailer = Mailer::builder(lenient().api_url(server.url()).build().unwrap()).redirect_all_to(target()).build();
    let headers =
        json!({"Bcc": "a@x.example", "CC": "b@x.example", "To": "c@x.example", "Resent-To": "d@x.example", "X-A": "1"});
    mailer.send(&basic(json!({"headers": headers}))).await.unwrap();
    assert_eq!(server.only().json()["headers"], json!([{"name": "X-A", "value": "1"}]));
}

/// What a mailer further in adds is redirected to where the message was.
#[tokio::test]
async fn a_mailer_around_another_redirects_for_both() {
    let memory = MemoryTransport::new();
    let inner = Mailer::builder(memory.clone())
        .defaults(mailferry::Defaults::new(Message::builder().bcc("audit@x.example").build().unwrap()))
        .before_send(|message, _| Ok(message.edit().cc("late@x.example").build()?))
        .build();
    Mailer::builder(inner).redirect_all_to(target()).build().send(&basic(json!({}))).await.unwrap();
    assert_eq!(memory.only().recipients().cloned().collect::<Vec<_>>(), [target()]);
}

/// Without recipients there is nobody to write to instead of.
#[tokio::test]
async fn nothing_is_made_up() {
    let memory = MemoryTransport::new();
    let mailer = Mailer::builder(memory.clone()).redirect_all_to(target()).build();
    assert!(mailer.send(&basic(json!({"to": []}))).await.unwrap().is_empty());
    assert_eq!(memory.sent().len(), 0);
}
