//! MailerSend's HTTP API on localhost, for tests and development.
//!
//! An [`Emulator`] answers `POST /v1/email`, `POST /v1/bulk-email` and what belongs to them as MailerSend is documented
//! and recorded to: the same statuses, headers, sentences and codes, the same limits, the same shapes of ids and JSON.
//! What was sent is delivered, bounces, is opened or called spam as its recipients' addresses say, and registered
//! [webhooks](Webhook) hear of it as they would from MailerSend.
//!
//! It is written from MailerSend's documentation and from recorded traffic alone, and shares no code with any client,
//! so that a client and the emulator agree only when both are right.
//!
//! # Examples
//!
//! ```
//! use mailferry_emulator::{Emulator, Fault, SuppressionList};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let emulator = Emulator::start().await?;
//! emulator.suppress(SuppressionList::HardBounces, "gone@example.com");
//! emulator.fail_next(Fault::RateLimit);
//! // … let a client send to `emulator.url()` with `emulator.token()` …
//! for email in emulator.emails() {
//!     println!("{}: {}", email.recipient().email, email.subject());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`rules`] lists everything it refuses, each rule with its source and how sure we are of it.

mod absent;
mod builder;
mod clock;
mod content;
mod emulator;
mod fault;
mod html;
mod id;
mod inbound;
mod inspection;
mod intake;
mod json;
mod lifecycle;
mod limits;
mod live;
mod log;
mod mailbox;
mod message;
mod mime;
mod page;
mod rendering;
mod reply;
mod request;
mod route;
mod rules;
mod server;
mod service;
mod session;
mod settings;
mod shown;
mod smtp;
mod submission;
mod suppression;
mod templates;
mod tracking;
pub mod twig;
mod warning;
mod webhooks;
mod wire;

pub use builder::Builder;
pub use clock::Clock;
pub use emulator::{Dropped, Emulator};
pub use fault::{ActiveFault, Fault, FaultOn, FaultRule, InvalidFault};
pub use inbound::{Combine, Comparer, InboundMail, InboundRoute, NotReceived, Received, ReceivedMessage, RouteKey};
pub use intake::HttpLimits;
pub use lifecycle::{Activity, ActivityKind, Outcome, Reaction, ReactionError};
pub use message::{Attachment, Email, EmailStatus, Mailbox, Message, Role, Suppressed, Via};
pub use request::Request;
pub use rules::{Certainty, Rule, rules};
pub use settings::{AccountState, Memory, MessageIds, RateLimits, RecipientLimits};
pub use smtp::SmtpLimits;
pub use suppression::SuppressionList;
pub use templates::Template;
pub use tracking::Dressed;
pub use warning::{Warning, WarningKind};
pub use webhooks::{Delivery, DeliveryResult, Pausing, RegisteredWebhook, Retries, Webhook, WebhookVersion};
