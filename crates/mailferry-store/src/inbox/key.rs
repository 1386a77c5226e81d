//! What makes an event the same as one that came before.

use mailferry::Event;
use ring::digest::{Context, SHA256};

/// The same for every telling of the same event: by webhooks of either version, again after a lost answer, or found by
/// asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// A tracking event is known by its id together with the service's word, since only both are unique; an arrived
    /// mail by its id; anything else by its bytes, because an account event's id is that of what it is about.
    pub(crate) fn of(source: &str, event: &Event) -> Self {
        let service = source.split('/').next().unwrap_or_default();
        match event {
            Event::Tracking(tracking) => match tracking.event_id.as_deref().filter(|id| !id.is_empty()) {
                Some(id) => Self::over(&[service, "tracking", &tracking.service_kind, id]),
                None => Self::of_body(service, &tracking.raw),
            },
            Event::Inbound(inbound) => match inbound.event_id.as_deref().filter(|id| !id.is_empty()) {
                Some(id) => Self::over(&[service, "inbound", id]),
                None => Self::of_body(service, &inbound.raw),
            },
            other => Self::of_body(service, other.raw()),
        }
    }

    fn of_body(service: &str, body: &[u8]) -> Self {
        Self::digest(&[service.as_bytes(), b"body", body])
    }

    fn over(words: &[&str]) -> Self {
        let parts: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        Self::digest(&parts)
    }

    /// Each part with its length before it, so that no two lists give the same bytes.
    fn digest(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut key = [0; 32];
        key.copy_from_slice(context.finish().as_ref());
        Self(key)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mailferry::event::{AccountEvent, InboundEvent, TrackingEvent};
    use mailferry::{EventKind, InboundMessage};

    use super::*;

    fn tracking(word: &str, id: Option<&str>, raw: &'static str) -> Event {
        let mut event = TrackingEvent::new(EventKind::Opened, word);
        event.event_id = id.map(str::to_owned);
        event.raw = Bytes::from_static(raw.as_bytes());
        Event::Tracking(event)
    }

    #[test]
    fn a_repetition_has_the_same_key() {
        let webhook = Key::of("mailersend/tracking", &tracking("opened", Some("e1"), "{1}"));
        assert_eq!(webhook, Key::of("mailersend/tracking", &tracking("opened", Some("e1"), "{2}")));
        assert_eq!(webhook, Key::of("mailersend/activity", &tracking("opened", Some("e1"), "{3}")));
        assert_ne!(webhook, Key::of("mailersend/tracking", &tracking("opened_unique", Some("e1"), "{1}")));
        assert_ne!(webhook, Key::of("mailersend/tracking", &tracking("opened", Some("e2"), "{1}")));
        assert_ne!(webhook, Key::of("other/tracking", &tracking("opened", Some("e1"), "{1}")));
        assert_ne!(webhook, Key::of("mailersend/tracking", &tracking("opene", Some("de1"), "{1}")));
    }

    #[test]
    fn without_an_id_the_bytes_decide() {
        for id in [None, Some("")] {
            let event = tracking("opened", id, "{1}");
            assert_eq!(Key::of("a/b", &event), Key::of("a/b", &tracking("opened", None, "{1}")));
            assert_ne!(Key::of("a/b", &event), Key::of("a/b", &tracking("opened", None, "{2}")));
        }
        let mut first = AccountEvent::new("maintenance.start");
        first.event_id = Some("domain".to_owned());
        first.raw = Bytes::from_static(b"{1}");
        let mut second = first.clone();
        second.raw = Bytes::from_static(b"{2}");
        assert_ne!(Key::of("a/b", &Event::Account(first)), Key::of("a/b", &Event::Account(second)));
    }

    #[test]
    fn an_arrived_mail_is_known_by_its_id() {
        let inbound = |id: &str, raw: &'static str| {
            let mut event = InboundEvent::new(InboundMessage::from_bytes("Subject: a\r\n\r\nb"));
            event.event_id = Some(id.to_owned());
            event.raw = Bytes::from_static(raw.as_bytes());
            Event::Inbound(Box::new(event))
        };
        assert_eq!(Key::of("a/b", &inbound("i1", "{1}")), Key::of("a/b", &inbound("i1", "{2}")));
        assert_ne!(Key::of("a/b", &inbound("i1", "{1}")), Key::of("a/b", &inbound("i2", "{1}")));
    }
}
