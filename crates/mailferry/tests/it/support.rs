//! What most tests need: a message, a transport, and the body it would send.

use std::time::{Duration, SystemTime};

use mailferry::clock::Clock;
use mailferry::mailersend::{MailerSend, MailerSendBuilder};
use mailferry::transport::{Error, Preflight, SendStatus, Transport};
use mailferry::{Mailer, Message};
use serde_json::{Value, json};

use crate::capture::Capture;

/// The time of every test that looks at the clock: 2030-01-01 00:00 UTC.
pub(crate) const NOW: i64 = 1_893_456_000;

/// A message of exactly these fields.
#[track_caller]
pub(crate) fn message(fields: Value) -> Message {
    Message::from_json(fields.to_string().as_bytes()).unwrap()
}

/// A message that can be sent, with these fields beside or instead of its own.
#[track_caller]
pub(crate) fn basic(over: Value) -> Message {
    message(basic_json(over))
}

/// The interchange form of [`basic`].
pub(crate) fn basic_json(over: Value) -> Value {
    let mut fields =
        json!({"from": "shop@mail.example", "to": ["ann@one.example"], "subject": "Hello", "text": "Plain body"});
    for (key, value) in over.as_object().unwrap() {
        fields[key] = value.clone();
    }
    fields
}

pub(crate) fn builder() -> MailerSendBuilder {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.try_into().unwrap());
    MailerSend::builder().token("test-token").clock(Clock::fixed(now))
}

/// A transport that sends what it is given: custom headers are allowed, and no limit is looked at.
pub(crate) fn lenient() -> MailerSendBuilder {
    builder().custom_headers(true).preflight(Preflight::Off)
}

/// A transport for a capture server.
pub(crate) fn to(server: &Capture) -> MailerSend {
    builder().api_url(server.url()).build().unwrap()
}

/// The bodies that would be sent.
pub(crate) async fn bodies(mailersend: &MailerSend, message: &Message) -> Result<Vec<Value>, Error> {
    let requests = mailersend.requests(message).await?;
    Ok(requests.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect())
}

/// The one body that a lenient transport would send.
pub(crate) async fn body(message: &Message) -> Value {
    let mut all = bodies(&lenient().build().unwrap(), message).await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// The same, for the basic message with these fields.
pub(crate) async fn body_of(over: Value) -> Value {
    body(&basic(over)).await
}

/// Why the lenient transport refuses the basic message with these fields.
pub(crate) async fn refusal_of(over: Value) -> Error {
    lenient().build().unwrap().requests(&basic(over)).await.unwrap_err()
}

/// Sends through a mailer that adds nothing, which turns "all refused" into an error.
pub(crate) async fn send(mailersend: MailerSend, message: &Message) -> Result<SendStatus, Error> {
    Mailer::builder(mailersend).build().send(message).await
}

/// Each status word with its recipient, in order.
pub(crate) fn statuses(status: &SendStatus) -> Vec<(String, &'static str)> {
    status.recipients().map(|(address, recipient)| (address.to_string(), recipient.status.as_str())).collect()
}
