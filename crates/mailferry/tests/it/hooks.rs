//! Hooks and defaults around a send.

use std::sync::{Arc, Mutex};

use mailferry::memory::MemoryTransport;
use mailferry::message::Key;
use mailferry::transport::{ErrorKind, Retry, Transport};
use mailferry::{Defaults, Mailer, MailerBuilder, Message, Stop, TransportExt};
use serde_json::{Value, json};

use crate::capture::{Answer, Capture};
use crate::support::{basic, message, to};

type Log = Arc<Mutex<Vec<String>>>;

/// Hooks that write down that they were called.
fn logged(mailer: MailerBuilder, log: &Log) -> MailerBuilder {
    let (before, after) = (Arc::clone(log), Arc::clone(log));
    mailer
        .before_send(move |message, service| {
            before.lock().unwrap().push(format!("before {service}"));
            Ok(message)
        })
        .after_send(move |message, status, service| {
            after.lock().unwrap().push(format!("after {service} {} {status}", message.tags().join(",")));
            Ok(())
        })
}

fn refusing() -> Answer {
    Answer::json(202, &json!({"warnings": [{"type": "ALL_SUPPRESSED", "recipients": [{"email": "ann@one.example"}]}]}))
}

/// SIG-01, SIG-05: a hook before may change the message; one after sees it as sent, with its status, once.
#[tokio::test]
async fn hooks_see_and_change_the_message() {
    let (server, log) = (Capture::accepting().await, Log::default());
    let mailer = logged(Mailer::builder(to(&server)), &log)
        .before_send(|message, service| Ok(message.edit().tag(service).build()?))
        .build();
    let original = basic(json!({}));
    mailer.send(&original).await.unwrap();
    assert_eq!(server.only().json()["tags"], json!(["MailerSend"]));
    assert_eq!(original.tags(), [""; 0], "the caller's own message is not touched");
    let log = log.lock().unwrap();
    assert_eq!(*log, ["before MailerSend", "after MailerSend MailerSend queued, id msg-0001, 1 recipient"]);
}

/// SIG-02: a hook may cancel; later hooks and those after are not called, and other messages go out.
#[tokio::test]
async fn a_hook_may_cancel() {
    let (server, log) = (Capture::accepting().await, Log::default());
    let stopping = Mailer::builder(to(&server)).before_send(|message, _| match message.subject() {
        Some("stop") => Err(Stop::Cancel),
        _ => Ok(message),
    });
    let mailer = logged(stopping, &log).build();
    let answers = mailer.send_all(&[basic(json!({"subject": "stop"})), basic(json!({"subject": "go"}))]).await;
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Cancelled, Retry::Never));
    assert!(answers[1].is_ok());
    assert_eq!(server.only().json()["subject"], "go");
    assert_eq!(log.lock().unwrap().len(), 2);
}

/// SIG-03: a failing hook stops the message, and its error is kept; so is one that makes an invalid message.
#[tokio::test]
async fn a_failing_hook_stops_the_message() {
    let server = Capture::accepting().await;
    let mailer = Mailer::builder(to(&server)).before_send(|_, _| Err(Stop::Failed("boom".into()))).build();
    let error = mailer.send(&basic(json!({}))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Hook);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "boom");
    let mailer =
        Mailer::builder(to(&server)).before_send(|message, _| Ok(message.edit().cc("nobody").build()?)).build();
    assert_eq!(mailer.send(&basic(json!({}))).await.unwrap_err().kind(), ErrorKind::InvalidAddress);
    assert_eq!(server.requests().len(), 0);
}

/// SIG-04, DEF-12: without recipients there is nothing to send, and no error; hooks before have run by then.
#[tokio::test]
async fn without_recipients_nothing_is_sent() {
    let (server, log) = (Capture::accepting().await, Log::default());
    let mailer = logged(Mailer::builder(to(&server)), &log)
        .before_send(|message, _| Ok(message.edit().without(Key::To).build()?))
        .build();
    let status = mailer.send(&basic(json!({}))).await.unwrap();
    assert!(status.is_empty() && status.response().is_none());
    assert_eq!(server.connections(), 0);
    assert_eq!(*log.lock().unwrap(), ["before MailerSend"]);
}

/// SIG-06, SIG-09: all hooks after run, in order, and the first failure is told, though the message was sent.
#[tokio::test]
async fn all_hooks_after_run() {
    let (server, log) = (Capture::accepting().await, Log::default());
    let failing = Mailer::builder(to(&server))
        .after_send(|_, _, _| Err("first".into()))
        .after_send(|_, _, _| Err("second".into()));
    let error = logged(failing, &log).build().send(&basic(json!({}))).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Hook, Retry::Never));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "first");
    assert!(error.send_status().unwrap().recipient("ann@one.example").is_some());
    assert_eq!(log.lock().unwrap().len(), 2);
}

/// SIG-07, ERR-05: hooks after run before everyone's refusal becomes an error.
#[tokio::test]
async fn hooks_after_see_a_refusal() {
    let (server, log) = (Capture::start([refusing()]).await, Log::default());
    let error = logged(Mailer::builder(to(&server)), &log).build().send(&basic(json!({}))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.to_string(), "all message recipients were rejected or invalid");
    assert_eq!(error.status(), Some(202));
    assert!(error.send_status().unwrap().is_refused());
    assert_eq!(log.lock().unwrap()[1], "after MailerSend  rejected, 1 recipient");
}

/// SIG-08: no hook after where there is no status.
#[tokio::test]
async fn no_hooks_after_an_error() {
    for answer in [Answer::json(422, &json!({"message": "no"})), Answer::json(202, &json!([])), Answer::nothing()] {
        let (server, log) = (Capture::start([answer]).await, Log::default());
        logged(Mailer::builder(to(&server)), &log).build().send(&basic(json!({}))).await.unwrap_err();
        assert_eq!(*log.lock().unwrap(), ["before MailerSend"]);
    }
}

/// DEF-01: every field may have a default, as the list of fields says.
#[tokio::test]
async fn every_field_has_a_default() {
    let mut fields = json!({
        "from": "a@x.example", "to": ["b@x.example"], "cc": ["c@x.example"], "bcc": ["d@x.example"], "subject": "S",
        "reply_to": ["e@x.example"], "headers": {"X-A": "1"}, "text": "T", "html": "H",
        "attachments": [{"filename": "a.txt", "content": "YQ=="}], "envelope_sender": "f@x.example", "metadata": {"k": 1},
        "send_at": "2030-01-01T00:00:00Z", "tags": ["t"], "track_clicks": true, "track_opens": false, "template_id": "tpl",
        "merge_data": {"b@x.example": {"n": 1}}, "merge_global_data": {"g": 1}, "merge_headers": {"b@x.example": {"X": "1"}},
        "merge_metadata": {"b@x.example": {"m": 1}}, "esp_extra": {"x": 1},
    });
    let keys: Vec<_> = fields.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), Key::ALL.len());
    let memory = MemoryTransport::new();
    let mailer = Mailer::builder(memory.clone()).defaults(Defaults::new(message(fields.clone()))).build();
    mailer.send(&Message::default()).await.unwrap();
    let sent: Value = serde_json::from_str(&memory.only().to_json()).unwrap();
    // An attachment is written with the keys it has.
    fields["attachments"] = sent["attachments"].clone();
    assert_eq!(sent, fields);
}

/// DEF-13: recipients may come from the defaults alone.
#[tokio::test]
async fn recipients_may_come_from_the_defaults() {
    let server = Capture::accepting().await;
    let defaults = Defaults::new(Message::builder().to("ops@x.example").build().unwrap());
    let mailer = Mailer::builder(to(&server)).defaults(defaults).build();
    let status = mailer.send(&message(json!({"from": "a@x.example", "subject": "S", "text": "T"}))).await.unwrap();
    assert_eq!(server.only().json()["to"], json!([{"email": "ops@x.example"}]));
    assert_eq!(status.recipients().len(), 1);
}

/// DEF-19: a send changes neither the defaults nor the message.
#[tokio::test]
async fn one_message_does_not_change_the_next() {
    let server = Capture::accepting().await;
    let defaults = Defaults::new(message(json!({"tags": ["d"], "esp_extra": {"x": {"a": 1}}})));
    let mailer = Mailer::builder(to(&server)).defaults(defaults).build();
    let first = basic(json!({"tags": ["m"], "esp_extra": {"x": {"b": 2}}}));
    for answer in mailer.send_all(&[first.clone(), basic(json!({})), first]).await {
        answer.unwrap();
    }
    let sent: Vec<_> =
        server.requests().iter().map(|request| (request.json()["tags"].clone(), request.json()["x"].clone())).collect();
    let both = (json!(["d", "m"]), json!({"a": 1, "b": 2}));
    assert_eq!(sent, [both.clone(), (json!(["d"]), json!({"a": 1})), both]);
}

/// A mailer is a transport itself: one may stand around another.
#[tokio::test]
async fn a_mailer_around_a_mailer() {
    let memory = MemoryTransport::new();
    let tagging = |tag: &'static str, inner: Mailer| {
        Mailer::builder(inner).before_send(move |message, _| Ok(message.edit().tag(tag).build()?)).build()
    };
    let mailer = tagging("outer", tagging("inner", Mailer::builder(memory.clone()).build()));
    mailer.send(&basic(json!({}))).await.unwrap();
    assert_eq!(memory.only().tags(), ["outer", "inner"]);
}
