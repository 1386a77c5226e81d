//! No token, no address and no body where it may be logged, unless debugging was asked for.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use mailferry::config::Sources;
use mailferry::mailersend::BatchSendMode::UseBulkEmail;
use mailferry::mailersend::MailerSend;
use mailferry::transport::Transport;
use mailferry::{Mailer, Message, Secret};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::capture::{Answer, Capture};
use crate::support::{basic, builder};

const TOKEN: &str = "mlsn.markertoken";

/// A text with every mark that must not be in it.
#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for mark in ["marker", "ann@one.example", "shop@mail.example", "one.example", "private"] {
        assert!(!text.contains(mark), "{what} shows {mark:?}: {text}");
    }
}

#[track_caller]
fn assert_hidden(what: &str, value: &(impl Debug + ?Sized)) {
    assert_clean(what, &format!("{value:?} {value:#?}"));
}

fn marked(server: &Capture) -> MailerSend {
    builder().token(TOKEN).api_url(server.url()).build().unwrap()
}

fn private() -> Message {
    basic(json!({"subject": "private subject", "text": "private body", "merge_global_data": {"k": "private"}}))
}

/// NET-08: none of what holds a token shows it.
#[test]
fn tokens_are_not_shown() {
    let settings = Sources::new()
        .set("MAILERSEND_API_TOKEN", TOKEN)
        .set("MAILERSEND_API_TOKENS", format!("tokens.example={TOKEN}"))
        .set("WEBHOOK_SECRET", "marker:marker")
        .set("SEND_DEFAULTS", r#"{"from": "shop@mail.example", "text": "private"}"#);
    assert_hidden("Sources", &settings.clone().env([("MAILERSEND_API_TOKEN", TOKEN)]));
    let loaded = settings.load().unwrap();
    let mailersend = loaded.mailersend().unwrap();
    assert_hidden("Settings", &loaded);
    assert_hidden("MailerSend", &mailersend);
    assert_hidden("MailerSendBuilder", &MailerSend::builder().token(TOKEN).token_for_domain("x.example", TOKEN));
    assert_hidden("Mailer", &loaded.mailer().unwrap());
    assert_hidden("Secret", &Secret::new(TOKEN));
}

/// ADR-23: errors and statuses of all kinds.
#[tokio::test]
async fn errors_and_statuses_show_nobody() {
    let suppressed = json!({"warnings": [{"type": "ALL_SUPPRESSED", "recipients": [{"email": "ann@one.example"}]}]});
    let field = json!({"message": "x", "errors": {"to.0.email": ["The to.0.email ann@one.example (private@one.example) is bad."]}});
    let answers = [
        Answer::accepted("id"),
        Answer::json(202, &suppressed),
        Answer::json(202, &json!({"errors": "private ann@one.example"})),
        Answer::json(422, &field),
        Answer::json(401, &json!({"message": "Bad: ann@one.example, 'shop@mail.example'."})),
        Answer::new(500).body("private ann@one.example marker"),
        Answer::nothing(),
        Answer::accepted("id").body("private").cut_off(),
    ];
    for answer in answers {
        let what = format!("{answer:?}");
        let server = Capture::start([answer]).await;
        match Mailer::builder(marked(&server)).build().send(&private()).await {
            Ok(status) => {
                assert_clean(&what, &status.to_string());
                assert_hidden(&what, &status);
            }
            Err(error) => {
                assert_clean(&what, &error.to_string());
                assert_hidden(&what, &error);
                let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
                while let Some(error) = cause {
                    assert_clean(&what, &error.to_string());
                    cause = error.source();
                }
            }
        }
    }
}

/// What is refused beforehand names places, and of those who are named by one only the place.
#[tokio::test]
async fn refusals_beforehand_show_nobody() {
    let server = Capture::accepting().await;
    let beyond = json!({
        "to": ["ann@one.example", "ann@one.example"], "merge_data": {"private@one.example": {"a.b": "private"}}, "metadata": null,
        "subject": "",
    });
    let fields = [beyond, json!({"metadata": {"private": "private"}}), json!({"esp_extra": {"api_token": "marker\n"}})];
    for fields in fields {
        let error = marked(&server).send(&basic(fields)).await.unwrap_err();
        assert_clean("a refusal", &error.to_string());
        assert_hidden("a refusal", &error);
    }
    let invalid = Message::from_json(br#"{"merge_data": {"ann@one.example": 1}}"#).unwrap_err();
    assert_clean("a refusal", &mailferry::transport::Error::from(invalid).to_string());
}

/// The outcome of a bulk send, which is about people, too.
#[tokio::test]
async fn the_outcome_of_a_bulk_send_shows_nobody() {
    let taken = Answer::json(202, &json!({"bulk_email_id": "b1"}));
    let state = json!({"data": {
        "id": "b1", "state": "completed", "suppressed_recipients": {"m": ["ann@one.example"]},
        "validation_errors": {"message.0": {"to.0.email": ["ann@one.example is private"]}},
    }});
    let server = Capture::start([taken, Answer::json(200, &state)]).await;
    let mailersend = builder().token(TOKEN).api_url(server.url()).batch_send_mode(UseBulkEmail).build().unwrap();
    let sent = mailersend
        .send(&private().edit().merge_data("ann@one.example", "k", "private").build().unwrap())
        .await
        .unwrap();
    assert_hidden("SendStatus", &sent);
    let outcome = mailersend.bulk_status("b1").await.unwrap();
    assert_hidden("BulkStatus", &outcome);
    assert_hidden("SendStatus", &outcome.resolve(&sent));
}

/// Keeps everything that is logged, of any target and level.
pub(crate) struct Recorder(pub(crate) Arc<Mutex<String>>);

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Written(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Written(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        writeln!(self.0.lock().unwrap(), "level={}", event.metadata().level()).unwrap();
        event.record(&mut Written(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Written<'a>(&'a mut String);

impl Visit for Written<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

/// Sends a message that has something to be logged.
async fn send(debug: bool) {
    let server = Capture::start([Answer::accepted("id-1").body("private answer")]).await;
    let mailersend = builder()
        .token(TOKEN)
        .api_url(server.url())
        .preflight(mailferry::transport::Preflight::Warn)
        .debug_api_requests(debug)
        .build()
        .unwrap();
    let message = private().edit().merge_data("private@one.example", "k", "private").build().unwrap();
    mailersend.send(&message).await.unwrap();
}

/// What is logged meanwhile.
async fn logged(debug: bool) -> String {
    let log = Arc::<Mutex<String>>::default();
    let guard = tracing::subscriber::set_default(Recorder(Arc::clone(&log)));
    // A place that first speaks up on the thread of another test, which has no recorder, stays silent for all. After
    // this, every place has spoken up, and is asked again on this thread.
    send(debug).await;
    tracing::callsite::rebuild_interest_cache();
    log.lock().unwrap().clear();
    send(debug).await;
    drop(guard);
    std::mem::take(&mut *log.lock().unwrap())
}

/// CFG-13, NET-08: asked for, requests and answers are logged whole, without the token; otherwise without people.
#[tokio::test]
async fn logs() {
    let quiet = logged(false).await;
    assert!(quiet.contains("answered") && quiet.contains("belongs to no `to` recipient"), "{quiet}");
    assert_clean("the log", &quiet);
    let whole = logged(true).await;
    for part in ["private body", "ann@one.example", "/v1/email", "x-message-id", "private answer", "202"] {
        assert!(whole.contains(part), "{part} is not in {whole}");
    }
    assert!(!whole.contains("marker"), "{whole}");
}
