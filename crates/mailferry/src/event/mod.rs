//! What a service tells of a mail afterwards, in normalized words.

mod json;

use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::datetime::DateTime;
#[cfg(feature = "inbound")]
use crate::inbound::InboundMessage;

/// One thing that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "nearly every event is a tracking event")]
pub enum Event {
    /// Something became of a mail that was sent.
    Tracking(TrackingEvent),
    /// A mail arrived.
    #[cfg(feature = "inbound")]
    Inbound(Box<InboundEvent>),
    /// Anything that is not about one mail.
    Account(AccountEvent),
}

macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// Anymail's word for it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

vocabulary! {
    /// What became of a mail. The words are Anymail's, and mean the same for every service.
    EventKind {
        /// The service accepted it and will try to send it.
        Queued = "queued",
        /// The service handed it on; whether it arrived is not known yet.
        Sent = "sent",
        /// The service refused to send it, to a suppressed address for instance.
        Rejected = "rejected",
        /// The service could not send it, for a reason of its own.
        Failed = "failed",
        /// The recipient's server did not take it, for good or for now: see [`TrackingEvent::bounce`].
        Bounced = "bounced",
        /// The recipient's server asked to try later.
        Deferred = "deferred",
        /// The recipient's server took it.
        Delivered = "delivered",
        /// A robot answered.
        AutoResponded = "autoresponded",
        /// It was opened, as far as a picture in it can tell.
        Opened = "opened",
        /// A link in it was followed.
        Clicked = "clicked",
        /// The recipient called it spam.
        Complained = "complained",
        /// The recipient wants no more.
        Unsubscribed = "unsubscribed",
        /// The recipient wants mail again.
        Subscribed = "subscribed",
        /// A mail arrived.
        Inbound = "inbound",
        /// A mail arrived and could not be handed on.
        InboundFailed = "inbound_failed",
        /// Something that has no word here; [`TrackingEvent::service_kind`] has the service's own.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// Why a mail was not taken, or is not wanted.
    RejectReason {
        /// There is no such address.
        Invalid = "invalid",
        /// The recipient's server does not take mail for the address.
        Bounced = "bounced",
        /// It was tried for too long.
        TimedOut = "timed_out",
        /// The service keeps the address on a list of its own.
        Blocked = "blocked",
        /// The recipient called an earlier mail spam.
        Spam = "spam",
        /// The recipient wants no mail.
        Unsubscribed = "unsubscribed",
        /// Another reason; [`TrackingEvent::description`] may have words for it.
        Other = "other",
    }
}

vocabulary! {
    /// Whether a bounce is for good.
    BounceKind {
        /// For good: the address does not exist.
        Hard = "hard",
        /// For now: a full mailbox, for instance.
        Soft = "soft",
    }
}

/// What is known of a bounce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// For good or for now.
    pub kind: BounceKind,
    /// The service's code, a number or a text; not necessarily one of SMTP.
    pub code: Option<String>,
}

/// What became of one mail to one recipient.
///
/// Everything in it is what the service says, and some of it what strangers say: a user agent, a clicked URL.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrackingEvent {
    /// What happened, in normalized words.
    pub kind: EventKind,
    /// What happened, in the service's word: `soft_bounced`, `opened_unique`. Empty when it said nothing.
    pub service_kind: String,
    /// When it happened.
    pub timestamp: Option<DateTime>,
    /// The service's id of the event, the same each time it is told. Unique only together with
    /// [`service_kind`](Self::service_kind).
    pub event_id: Option<String>,
    /// The id of the message that was sent, as the send's status had it.
    pub message_id: Option<String>,
    /// The service's id of the mail to this recipient; the header `Message-ID` is made of it.
    pub email_id: Option<String>,
    /// To whom it was sent, as the service writes the address.
    pub recipient: Option<String>,
    /// Why it was not taken, or is not wanted.
    pub reject_reason: Option<RejectReason>,
    /// The reason in the service's or the recipient's words, for people.
    pub description: Option<String>,
    /// The message's tags.
    pub tags: Vec<String>,
    /// The message's metadata, for services that keep it.
    pub metadata: Map<String, Value>,
    /// Which link was followed.
    pub click_url: Option<String>,
    /// With what it was opened.
    pub user_agent: Option<String>,
    /// From where it was opened.
    pub ip: Option<String>,
    /// In which country, as ISO 3166 has it.
    pub country: Option<String>,
    /// Which kind of bounce it was.
    pub bounce: Option<Bounce>,
    /// What the recipient's server said.
    pub mta_response: Option<String>,
    /// The event as the service sent it.
    pub raw: Bytes,
}

impl TrackingEvent {
    /// An event of which nothing else is known.
    pub fn new(kind: EventKind, service_kind: impl Into<String>) -> Self {
        Self {
            kind,
            service_kind: service_kind.into(),
            timestamp: None,
            event_id: None,
            message_id: None,
            email_id: None,
            recipient: None,
            reject_reason: None,
            description: None,
            tags: Vec::new(),
            metadata: Map::new(),
            click_url: None,
            user_agent: None,
            ip: None,
            country: None,
            bounce: None,
            mta_response: None,
            raw: Bytes::new(),
        }
    }
}

/// A mail that arrived.
///
/// Everything in it is a stranger's: the sender may be forged, types and file names may lie.
#[cfg(feature = "inbound")]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InboundEvent {
    /// When the service received it.
    pub timestamp: Option<DateTime>,
    /// The service's id of the mail, the same each time it is told.
    pub event_id: Option<String>,
    /// The mail.
    pub message: InboundMessage,
    /// The event as the service sent it.
    pub raw: Bytes,
}

#[cfg(feature = "inbound")]
impl InboundEvent {
    /// The arrival of a mail of which the service told nothing else.
    pub fn new(message: InboundMessage) -> Self {
        Self { timestamp: None, event_id: None, message, raw: Bytes::new() }
    }
}

/// Something a service says that is not about one mail: maintenance, a finished bulk send, a verified sender.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AccountEvent {
    /// The service's word for it: `bulk_email.completed`. Empty when it said nothing.
    pub name: String,
    /// When it happened.
    pub timestamp: Option<DateTime>,
    /// The id of what it is about, where there is one: of an identity, of a bulk send. It is no id of the event: each
    /// event about the same thing has it, so two with one id may well be two. Those whose [`raw`](Self::raw) bytes are the
    /// same are one.
    pub event_id: Option<String>,
    /// What the service says about it.
    pub data: Value,
    /// The event as the service sent it.
    pub raw: Bytes,
}

impl AccountEvent {
    /// An event with the service's word for it.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), timestamp: None, event_id: None, data: Value::Null, raw: Bytes::new() }
    }
}

impl Event {
    /// The normalized word: Anymail's for a mail, `account` for the rest.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Tracking(event) => event.kind.as_str(),
            #[cfg(feature = "inbound")]
            Self::Inbound(_) => EventKind::Inbound.as_str(),
            Self::Account(_) => "account",
        }
    }

    /// The service's id of the event; of an account event, the id of [what it is about](AccountEvent::event_id), by which
    /// repeated events cannot be told.
    pub fn event_id(&self) -> Option<&str> {
        match self {
            Self::Tracking(event) => event.event_id.as_deref(),
            #[cfg(feature = "inbound")]
            Self::Inbound(event) => event.event_id.as_deref(),
            Self::Account(event) => event.event_id.as_deref(),
        }
    }

    /// When it happened.
    pub fn timestamp(&self) -> Option<DateTime> {
        match self {
            Self::Tracking(event) => event.timestamp,
            #[cfg(feature = "inbound")]
            Self::Inbound(event) => event.timestamp,
            Self::Account(event) => event.timestamp,
        }
    }

    /// The event as the service sent it.
    pub fn raw(&self) -> &Bytes {
        match self {
            Self::Tracking(event) => &event.raw,
            #[cfg(feature = "inbound")]
            Self::Inbound(event) => &event.raw,
            Self::Account(event) => &event.raw,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TRK-02
    #[test]
    fn the_words_are_anymails() {
        let words: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(
            words,
            [
                "queued",
                "sent",
                "rejected",
                "failed",
                "bounced",
                "deferred",
                "delivered",
                "autoresponded",
                "opened",
                "clicked",
                "complained",
                "unsubscribed",
                "subscribed",
                "inbound",
                "inbound_failed",
                "unknown",
            ]
        );
        let reasons: Vec<_> = RejectReason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(reasons, ["invalid", "bounced", "timed_out", "blocked", "spam", "unsubscribed", "other"]);
    }
}
