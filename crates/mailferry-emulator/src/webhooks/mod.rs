//! Webhooks: who is told about what, in which words, and how the telling is repeated.

pub(crate) mod body;
pub(crate) mod delivery;
mod driver;
mod outbox;
mod post;
mod registry;
mod retries;

pub(crate) use self::driver::{Dispatch, run};
pub(crate) use self::outbox::Outbox;
pub use self::outbox::{Delivery, DeliveryResult};
#[cfg(feature = "data")]
pub(crate) use self::outbox::{Posted, Waiting};
pub(crate) use self::post::WITHIN;
pub(crate) use self::registry::{Change, EVENTS};
pub use self::registry::{Pausing, RegisteredWebhook, Webhook, WebhookVersion};
pub use self::retries::Retries;
