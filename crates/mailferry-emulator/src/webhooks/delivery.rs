//! What is to be posted: a parcel with an address, and what follows when it is lost.
//!
//! To tell somebody something, put a [`Parcel`] into the state's [`Outbox`](super::Outbox) and wake the driver:
//!
//! ```text
//! let parcel = Parcel {
//!     receiver: Receiver::Forward(forward_id),
//!     kind: "inbound.message".into(),
//!     url, secret, body: Bytes::from(json::compact(&payload)),
//!     retries: Retries::none(),
//!     if_lost: Some(Notice { kind: "inbound_forward.failed", domain: Some(domain), data: json::compact(&data) }),
//!     about: None,
//! };
//! let State { outbox, faults, .. } = &mut *service.state();
//! outbox.push(parcel, now, faults);
//! service.dispatch.wake();
//! ```
//!
//! The driver posts the body byte for byte with `Signature` and `content-type: application/json`, waits three seconds at
//! most, and writes each attempt into the log of deliveries. Parcels of one receiver are posted one after another in
//! the order in which they are due. A failure is repeated by the parcel's [`Retries`], by the emulator's clock, but
//! never after a 4xx other than 429 or a name that cannot be resolved (facts sheet 6.3). When the last attempt has
//! failed, `if_lost` goes to the webhooks that want to hear of it. [`Outbox::forget`](super::Outbox::forget) takes back
//! what waits for a receiver that is gone.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Retries;
use crate::codec::Word;
use crate::fault::FaultOn;

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Receiver {
    /// The webhook with this id.
    Webhook(String),
    /// A forward of an inbound route.
    Forward(String),
}

impl Receiver {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Webhook(id) | Self::Forward(id) => id,
        }
    }

    /// What faults take a parcel to it for.
    pub(crate) fn fault_on(&self) -> FaultOn {
        match self {
            Self::Webhook(_) => FaultOn::Webhooks,
            Self::Forward(_) => FaultOn::Inbound,
        }
    }
}

/// A body on its way.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) receiver: Receiver,
    /// The `type` that the body has.
    pub(crate) kind: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    #[serde(with = "crate::codec::bytes")]
    pub(crate) body: Bytes,
    pub(crate) retries: Retries,
    pub(crate) if_lost: Option<Notice>,
    /// The activity that it tells of.
    pub(crate) about: Option<Arc<Told>>,
}

/// An activity, by its ids.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) email_id: String,
    pub(crate) activity_id: String,
    /// Its number in the log of activities.
    pub(crate) number: u64,
}

/// An event of the account, for the webhooks that are registered for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// `maintenance.start`, `inbound_forward.failed`…
    #[serde(deserialize_with = "crate::codec::word::deserialize")]
    pub(crate) kind: Word,
    /// The name of the domain it is about; `None`: everybody is told.
    pub(crate) domain: Option<String>,
    /// The `data`, as compact JSON.
    #[serde(with = "crate::codec::bytes")]
    pub(crate) data: Vec<u8>,
}

/// Whether something can be posted to `url`.
pub(crate) fn is_postable(url: &str) -> bool {
    let parsed = url.parse::<reqwest::Url>();
    url.len() <= 2_048 && parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

impl Parcel {
    /// Roughly how much memory it takes, for the cap.
    pub(crate) fn weight(&self) -> usize {
        512 + self.kind.len() + self.url.len() + self.secret.len() + self.body.len()
    }
}
