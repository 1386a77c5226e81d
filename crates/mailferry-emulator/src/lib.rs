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
//! Any client will do, in any language; here a few lines of the standard library stand for the application under test,
//! which blocks and therefore runs beside the emulator:
//!
//! ```
//! use std::io::{self, Read, Write};
//! use std::net::{SocketAddr, TcpStream};
//!
//! use mailferry_emulator::Emulator;
//!
//! fn application(address: SocketAddr, token: &str) -> io::Result<String> {
//!     let body = r#"{"from": {"email": "shop@example.com"}, "to": [{"email": "ann@example.com"}],
//!                    "subject": "Your order", "text": "It is on its way."}"#;
//!     let mut stream = TcpStream::connect(address)?;
//!     write!(stream, "POST /v1/email HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n")?;
//!     write!(stream, "authorization: Bearer {token}\r\ncontent-type: application/json\r\n")?;
//!     write!(stream, "content-length: {}\r\n\r\n{body}", body.len())?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer)?;
//!     Ok(answer)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> io::Result<()> {
//! let emulator = Emulator::start().await?;
//! let (address, token) = (emulator.address(), emulator.token().to_owned());
//! let answer = tokio::task::spawn_blocking(move || application(address, &token)).await??;
//! assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
//! let email = &emulator.emails()[0];
//! assert_eq!((email.recipient().email.as_str(), email.subject()), ("ann@example.com", "Your order"));
//! # Ok(())
//! # }
//! ```
//!
//! With the cargo feature `data`, `Builder::data` keeps everything in a SQLite file.
//!
//! [`rules`] lists everything it refuses, each rule with its source and how sure we are of it.

mod absent;
mod builder;
mod changes;
mod clock;
mod codec;
mod content;
#[cfg(feature = "data")]
mod data;
mod emulator;
mod fault;
mod headers;
mod html;
mod id;
mod inbound;
mod inspection;
mod intake;
mod json;
mod keeping;
mod lifecycle;
mod limits;
mod live;
mod log;
mod mailbox;
mod message;
mod mime;
mod openapi;
mod page;
mod plan;
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
#[cfg(feature = "data")]
pub use data::DataError;
pub use emulator::{Dropped, Emulator};
pub use fault::{ActiveFault, Fault, FaultOn, FaultRule, InvalidFault};
pub use inbound::{Combine, Comparer, InboundMail, InboundRoute, NotReceived, Received, ReceivedMessage, RouteKey};
pub use intake::HttpLimits;
pub use lifecycle::{Activity, ActivityKind, Delay, Delays, InvalidDelay, Outcome, Reaction, ReactionError};
pub use message::{Attachment, Email, EmailStatus, Mailbox, Message, Role, Suppressed, Via};
pub use openapi::openapi;
pub use plan::{Plan, TrialLimits};
pub use request::Request;
pub use rules::{Certainty, Rule, rules};
pub use settings::{AccountState, Memory, MessageIds, RateLimits, RecipientLimits};
pub use smtp::SmtpLimits;
pub use suppression::SuppressionList;
pub use templates::Template;
pub use tracking::Dressed;
pub use warning::{Warning, WarningKind};
pub use webhooks::{Delivery, DeliveryResult, Pausing, RegisteredWebhook, Retries, Webhook, WebhookVersion};
