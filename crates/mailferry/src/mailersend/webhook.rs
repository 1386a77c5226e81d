//! A verified body becomes an event. Versions 1 and 2 of MailerSend's payload give the same event for the same happening.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use super::lenient::{self, Code, Lenient, Text, Texts, object};
use super::signature::Verified;
use crate::datetime::DateTime;
use crate::event::{AccountEvent, Bounce, BounceKind, Event, EventKind, RejectReason, TrackingEvent};
use crate::webhook::Error;

/// The type of the ping that a URL gets before a webhook is kept.
const PING: &str = "webhook.test";

/// The type of a mail that arrived.
pub(super) const INBOUND: &str = "inbound.message";

/// What the types of events about one mail begin with.
const ACTIVITY: &str = "activity.";

/// How much of a type is quoted in an error.
#[cfg(feature = "inbound")]
const QUOTED: usize = 64;

object! {
    /// Of a body, no more than what tells where it belongs.
    Head {
        "type" => kind: Text<'de>,
        "object" => object: Text<'de>,
    }
}

object! {
    /// What every body is.
    Envelope {
        "type" => kind: Text<'de>,
        // In the documented example of `email_single.verified` it stands instead of `type`.
        "object" => object: Text<'de>,
        "created_at" => created_at: Text<'de>,
        "data" => data: Data<'de>,
    }
}

object! {
    /// An activity. Version 1 has `email` and `morph`, version 2 what is beside them.
    Data {
        "id" => id: Code<'de>,
        "type" => kind: Text<'de>,
        "created_at" => created_at: Text<'de>,
        "email" => email: Email<'de>,
        "morph" => morph: Detail<'de>,
        "message_id" => message_id: Code<'de>,
        "email_id" => email_id: Code<'de>,
        "recipient" => recipient: Recipient<'de>,
        "tags" => tags: Texts,
        "meta" => meta: Detail<'de>,
    }
}

object! {
    /// A mail in version 1. Some descriptions of version 2 have the recipient's address here, as a text.
    Email {
        "id" => id: Code<'de>,
        "tags" => tags: Texts,
        "message" => message: Message<'de>,
        "recipient" => recipient: Recipient<'de>,
    }
}

object! {
    Message {
        "id" => id: Code<'de>,
    }
}

object! {
    /// An object in version 1, an address in version 2.
    Recipient {
        "email" => email: Text<'de>,
    }
}

impl Recipient<'_> {
    fn address(self) -> Option<String> {
        self.email.into_owned().or(self.text.into_owned())
    }
}

object! {
    /// What is particular to a type: `morph` in version 1, `meta` in version 2.
    Detail {
        "object" => object: Text<'de>,
        "reason" => reason: Text<'de>,
        "readable_reason" => readable_reason: Text<'de>,
        "url" => url: Text<'de>,
        "ip" => ip: Text<'de>,
        "country" => country: Text<'de>,
        "user_agent" => user_agent: Text<'de>,
        "bounce_reason" => bounce_reason: Text<'de>,
        "bounce_code" => bounce_code: Code<'de>,
        "unsubscribe_reason" => unsubscribe_reason: Text<'de>,
        "suppression_reason" => suppression_reason: Text<'de>,
    }
}

/// Whether a body is the ping, whoever made it.
pub(super) fn is_ping(body: &[u8]) -> bool {
    let mut mended = String::new();
    let head = std::str::from_utf8(body).ok().and_then(|text| lenient::from_str::<Head<'_>>(text, &mut mended));
    head.is_some_and(|(head, _)| head.kind.as_str() == Some(PING))
}

/// The event in a body; none in a ping.
pub(super) fn event(verified: &Verified) -> Result<Option<Event>, Error> {
    let body = verified.body();
    let mut mended = String::new();
    let (envelope, text): (Envelope<'_>, _) = parse(body, &mut mended)?;
    if !envelope.is_object {
        return Err(no_object());
    }
    let kind = match (envelope.kind.as_str(), envelope.object.as_str()) {
        (Some(PING), _) => {
            tracing::info!("MailerSend tested the URL of a webhook, and was answered");
            return Ok(None);
        }
        (Some(INBOUND), _) => return Err(inbound_at_tracking()),
        (Some(kind), _) => Some(kind.strip_prefix(ACTIVITY).ok_or(kind)),
        (None, Some(object)) => Some(Err(object)),
        (None, None) => None,
    };
    let word = match kind {
        Some(Err(name)) => return Ok(Some(Event::Account(account(name, &envelope, text, body.clone())))),
        None if envelope.data.kind.0.is_none() => {
            return Ok(Some(Event::Account(account("", &envelope, text, body.clone()))));
        }
        // Version 2 has been seen with the mail's status there instead of the event's type.
        Some(Ok(word)) if !envelope.data.email.is_object => word,
        Some(Ok(_)) | None => envelope.data.kind.as_str().unwrap_or_default(),
    };
    let word = service_word(word);
    let mut event = TrackingEvent::new(event_kind(word), word);
    event.raw = body.clone();
    let Envelope { created_at, data, .. } = envelope;
    fill(&mut event, data, &created_at);
    Ok(Some(Event::Tracking(event)))
}

/// The event that an activity of the API is. It has the form of version 1's `data`, without some of it: the message's id
/// and what is particular to a type.
pub(super) fn activity(body: Bytes) -> Result<Event, Error> {
    let mut mended = String::new();
    let (data, _): (Data<'_>, _) = parse(&body, &mut mended)?;
    if !data.is_object {
        return Err(no_object());
    }
    let word = service_word(data.kind.as_str().unwrap_or_default());
    let mut event = TrackingEvent::new(event_kind(word), word);
    fill(&mut event, data, &Text::default());
    event.reject_reason = event.reject_reason.or(match event.kind {
        EventKind::Bounced => Some(RejectReason::Bounced),
        EventKind::Complained => Some(RejectReason::Spam),
        EventKind::Unsubscribed => Some(RejectReason::Unsubscribed),
        _ => None,
    });
    event.raw = body;
    Ok(Event::Tracking(event))
}

/// MailerSend's word as its webhooks have it.
fn service_word(word: &str) -> &str {
    match word.strip_prefix(ACTIVITY).unwrap_or(word) {
        "spam_complaints" => "spam_complaint",
        word => word,
    }
}

/// What MailerSend calls a body that does not belong to its inbound endpoint; `None` when it is a mail that arrived.
#[cfg(feature = "inbound")]
pub(super) fn other_than_inbound(verified: &Verified) -> Result<Option<Misplaced>, Error> {
    let mut mended = String::new();
    let (head, _): (Head<'_>, _) = parse(verified.body(), &mut mended)?;
    if !head.is_object {
        return Err(no_object());
    }
    match head.kind.as_str().or(head.object.as_str()) {
        Some(INBOUND) => Ok(None),
        Some(PING) => {
            tracing::info!("MailerSend tested the URL of an inbound route, and was answered");
            Ok(Some(Misplaced::Ping))
        }
        kind => Ok(Some(Misplaced::Other(tracking_at_inbound(kind)))),
    }
}

/// What came to the inbound endpoint and is no mail.
#[cfg(feature = "inbound")]
pub(super) enum Misplaced {
    /// To be answered, and no more.
    Ping,
    /// To be refused.
    Other(Error),
}

/// Reads a body as one of the types here.
pub(super) fn parse<'t, T>(body: &'t Bytes, mended: &'t mut String) -> Result<(T, &'t str), Error>
where
    T: Lenient<'t>,
{
    let text = std::str::from_utf8(body).map_err(|_| Error::Unreadable(Cow::Borrowed("it is not UTF-8")))?;
    lenient::from_str(text, mended).ok_or(Error::Unreadable(Cow::Borrowed("it is not JSON")))
}

fn no_object() -> Error {
    Error::Unreadable(Cow::Borrowed("it is not a JSON object"))
}

fn inbound_at_tracking() -> Error {
    Error::WrongEndpoint(Cow::Borrowed(
        "an inbound route of MailerSend posts to the endpoint for tracking webhooks; change the route's forward URL, \
         under \"Inbound routing\" of the domain in MailerSend, to the one that ends in mailersend/inbound",
    ))
}

#[cfg(feature = "inbound")]
fn tracking_at_inbound(kind: Option<&str>) -> Error {
    let what = match kind {
        Some(kind) => {
            let quoted: String = kind.chars().take(QUOTED).collect();
            format!("a webhook of MailerSend posts {quoted:?}")
        }
        None => "a webhook of MailerSend posts a body without type".to_owned(),
    };
    Error::WrongEndpoint(Cow::Owned(format!(
        "{what} to the endpoint for inbound mail; change the webhook's URL, under \"Webhooks\" of the domain in \
         MailerSend, to the one that ends in mailersend/tracking"
    )))
}

/// Anymail's words, and one that it does not know.
fn event_kind(word: &str) -> EventKind {
    match word {
        "sent" => EventKind::Sent,
        "delivered" => EventKind::Delivered,
        "soft_bounced" | "hard_bounced" => EventKind::Bounced,
        "opened" => EventKind::Opened,
        "clicked" => EventKind::Clicked,
        "unsubscribed" => EventKind::Unsubscribed,
        "spam_complaint" => EventKind::Complained,
        // Since 2026; Anymail 15.1 does not know it.
        "suppressed" => EventKind::Rejected,
        _ => EventKind::Unknown,
    }
}

fn fill(event: &mut TrackingEvent, data: Data<'_>, created_at: &Text<'_>) {
    let Data { is_object: _, text: _, id, kind: _, created_at: data_created_at, email, morph, .. } = data;
    let (message_id, email_id, recipient, tags, meta) =
        (data.message_id, data.email_id, data.recipient, data.tags, data.meta);
    event.event_id = id.into_owned();
    let mut bounce_code = None;
    if email.is_object {
        event.timestamp = date(&data_created_at);
        event.message_id = email.message.id.into_owned();
        event.email_id = email.id.into_owned();
        event.recipient = email.recipient.address();
        event.tags = email.tags.0;
        event.reject_reason = morph.object.as_str().and_then(morph_reason);
        if event.kind == EventKind::Rejected {
            let reason = morph.suppression_reason.as_str().or(morph.reason.as_str());
            event.reject_reason = Some(suppression(reason.unwrap_or_default()));
        }
        let readable = morph.readable_reason.into_owned().filter(|reason| !reason.is_empty());
        event.description = readable.or(morph.reason.into_owned());
        event.click_url = morph.url.into_owned();
        event.ip = morph.ip.into_owned();
    } else {
        event.timestamp = date(&data_created_at).or(date(created_at));
        event.message_id = message_id.into_owned();
        event.email_id = email_id.into_owned();
        event.recipient = recipient.address().or(email.text.into_owned());
        event.tags = tags.0;
        event.reject_reason = match event.kind {
            EventKind::Bounced => Some(RejectReason::Bounced),
            EventKind::Complained => Some(RejectReason::Spam),
            EventKind::Unsubscribed => Some(RejectReason::Unsubscribed),
            EventKind::Rejected => Some(suppression(meta.suppression_reason.as_str().unwrap_or_default())),
            _ => None,
        };
        event.description = match event.kind {
            EventKind::Unsubscribed => meta.unsubscribe_reason.into_owned().map(readable_unsubscribe),
            EventKind::Rejected => meta.suppression_reason.into_owned(),
            _ => meta.bounce_reason.into_owned(),
        }
        .or(meta.reason.into_owned());
        bounce_code = meta.bounce_code.into_owned();
        event.click_url = meta.url.into_owned();
        event.user_agent = meta.user_agent.into_owned();
        event.ip = meta.ip.into_owned();
        event.country = meta.country.into_owned();
    }
    event.bounce = match event.service_kind.as_str() {
        "hard_bounced" => Some(Bounce { kind: BounceKind::Hard, code: bounce_code }),
        "soft_bounced" => Some(Bounce { kind: BounceKind::Soft, code: bounce_code }),
        _ => None,
    };
}

fn date(text: &Text<'_>) -> Option<DateTime> {
    text.as_str()?.parse().ok()
}

fn morph_reason(object: &str) -> Option<RejectReason> {
    match object {
        "recipient_bounce" => Some(RejectReason::Bounced),
        "spam_complaint" => Some(RejectReason::Spam),
        "recipient_unsubscribe" => Some(RejectReason::Unsubscribed),
        _ => None,
    }
}

/// Why nothing was sent. Only `on_hold` is documented here; the other words are those of the API's warnings. UNCERTAIN
fn suppression(reason: &str) -> RejectReason {
    match reason {
        "blocklisted" | "on_hold" => RejectReason::Blocked,
        "hard_bounced" => RejectReason::Bounced,
        "spam_complaint" | "spam_complaints" => RejectReason::Spam,
        "unsubscribed" => RejectReason::Unsubscribed,
        _ => RejectReason::Other,
    }
}

/// The sentence that version 1 has beside the one reason that is known in both.
fn readable_unsubscribe(reason: String) -> String {
    match reason.as_str() {
        "NO_LONGER_WANT" => "I no longer want to receive these emails".to_owned(),
        _ => reason,
    }
}

/// An event that is not about one mail. Its data is null when it is nested too deeply to be shown.
fn account(name: &str, envelope: &Envelope<'_>, text: &str, raw: Bytes) -> AccountEvent {
    let mut event = AccountEvent::new(name);
    event.timestamp = date(&envelope.created_at);
    event.event_id = envelope.data.id.0.as_deref().map(str::to_owned);
    event.data = match serde_json::from_str(text) {
        Ok(Value::Object(mut members)) => members.remove("data").unwrap_or_default(),
        _ => Value::Null,
    };
    event.raw = raw;
    event
}
