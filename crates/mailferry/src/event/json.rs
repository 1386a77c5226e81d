//! An event as JSON, as the command prints it.

use bytes::Bytes;
use serde_json::{Value, json};

#[cfg(feature = "inbound")]
use super::InboundEvent;
use super::{AccountEvent, Event, TrackingEvent};
use crate::datetime::DateTime;

impl Event {
    /// The event as an object; what is not known is null.
    ///
    /// | event | keys |
    /// |---|---|
    /// | tracking | `event_type`, `service_kind`, `timestamp`, `event_id`, `message_id`, `email_id`, `recipient`, `reject_reason`, `description`, `tags`, `metadata`, `click_url`, `user_agent`, `ip`, `country`, `bounce` (`type`, `code`), `mta_response`, `esp_event` |
    /// | inbound | `event_type`, `timestamp`, `event_id`, `message` |
    /// | account | `event_type`, `name`, `timestamp`, `event_id`, `data` |
    ///
    /// `message` is the mail as `InboundMessage::to_json` has it.
    ///
    /// `event_type` is [`word`](Self::word). A timestamp is in RFC 3339 with its offset. `esp_event` is the event as the
    /// service sent it; as a text if it is JSON that cannot be shown, for being nested too deeply.
    ///
    /// ```
    /// use mailferry::event::{Event, EventKind, TrackingEvent};
    ///
    /// let event = Event::Tracking(TrackingEvent::new(EventKind::Opened, "opened_unique"));
    /// assert_eq!(event.to_json()["event_type"], "opened");
    /// ```
    pub fn to_json(&self) -> Value {
        match self {
            Self::Tracking(event) => tracking(event),
            #[cfg(feature = "inbound")]
            Self::Inbound(event) => inbound(event),
            Self::Account(event) => account(event),
        }
    }
}

fn tracking(event: &TrackingEvent) -> Value {
    let TrackingEvent {
        kind,
        service_kind,
        timestamp,
        event_id,
        message_id,
        email_id,
        recipient,
        reject_reason,
        description,
        tags,
        metadata,
        click_url,
        user_agent,
        ip,
        country,
        bounce,
        mta_response,
        raw,
    } = event;
    json!({
        "event_type": kind.as_str(),
        "service_kind": service_kind,
        "timestamp": date(*timestamp),
        "event_id": event_id,
        "message_id": message_id,
        "email_id": email_id,
        "recipient": recipient,
        "reject_reason": reject_reason.map(super::RejectReason::as_str),
        "description": description,
        "tags": tags,
        "metadata": metadata,
        "click_url": click_url,
        "user_agent": user_agent,
        "ip": ip,
        "country": country,
        "bounce": bounce.as_ref().map(|bounce| json!({"type": bounce.kind.as_str(), "code": bounce.code})),
        "mta_response": mta_response,
        "esp_event": esp_event(raw),
    })
}

#[cfg(feature = "inbound")]
fn inbound(event: &InboundEvent) -> Value {
    let InboundEvent { timestamp, event_id, message, raw: _ } = event;
    json!({
        "event_type": super::EventKind::Inbound.as_str(),
        "timestamp": date(*timestamp),
        "event_id": event_id,
        "message": message.to_json(),
    })
}

fn account(event: &AccountEvent) -> Value {
    let AccountEvent { name, timestamp, event_id, data, raw: _ } = event;
    json!({
        "event_type": "account",
        "name": name,
        "timestamp": date(*timestamp),
        "event_id": event_id,
        "data": data,
    })
}

fn date(at: Option<DateTime>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// What the service sent. An event that was made by hand has nothing of that.
fn esp_event(raw: &Bytes) -> Value {
    if raw.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(raw).unwrap_or_else(|_| String::from_utf8_lossy(raw).into())
}

#[cfg(test)]
mod tests {
    use super::super::{Bounce, BounceKind, EventKind, RejectReason};
    use super::*;

    #[test]
    fn what_is_known_is_written_and_the_rest_is_null() {
        let mut event = TrackingEvent::new(EventKind::Bounced, "hard_bounced");
        event.timestamp = "2025-06-07T08:09:10.123456Z".parse().ok();
        event.event_id = Some("act-1".to_owned());
        event.recipient = Some("ann@one.example".to_owned());
        event.reject_reason = Some(RejectReason::Bounced);
        event.tags = vec!["shop".to_owned()];
        event.country = Some("CZ".to_owned());
        event.bounce = Some(Bounce { kind: BounceKind::Hard, code: Some("34".to_owned()) });
        event.raw = Bytes::from_static(b"{\"a\":1}");
        assert_eq!(
            Event::Tracking(event).to_json(),
            json!({
                "event_type": "bounced", "service_kind": "hard_bounced",
                "timestamp": "2025-06-07T08:09:10.123456+00:00",
                "event_id": "act-1", "message_id": null, "email_id": null, "recipient": "ann@one.example",
                "reject_reason": "bounced", "description": null, "tags": ["shop"], "metadata": {},
                "click_url": null, "user_agent": null, "ip": null, "country": "CZ",
                "bounce": {"type": "hard", "code": "34"}, "mta_response": null, "esp_event": {"a": 1},
            })
        );
    }

    #[test]
    fn an_account_has_its_data() {
        let mut event = AccountEvent::new("maintenance.start");
        event.data = json!({"domain_id": "d"});
        assert_eq!(
            Event::Account(event).to_json(),
            json!({
                "event_type": "account", "name": "maintenance.start", "timestamp": null, "event_id": null,
                "data": {"domain_id": "d"},
            })
        );
    }

    #[test]
    fn what_is_nested_too_deeply_is_shown_as_text() {
        let mut event = TrackingEvent::new(EventKind::Sent, "sent");
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        event.raw = Bytes::from(deep.clone());
        assert_eq!(Event::Tracking(event).to_json()["esp_event"], deep);
    }
}
