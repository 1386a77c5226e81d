//! Sends an application's transactional mail and tells what became of every recipient.
//!
//! A [`Message`] is described once, in normalized words. A [`Transport`] hands it over and returns a
//! [`SendStatus`](transport::SendStatus), or an [`Error`](transport::Error) that says whether the message may be sent
//! again. [`MailerSend`] is the transport for MailerSend's HTTP API; a [`Mailer`] adds defaults, hooks and redirection
//! around any transport.
//!
//! ```
//! use mailferry::{MailerSend, Message, Transport};
//! use mailferry_emulator::Emulator;
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let emulator = Emulator::start().await?; // MailerSend on localhost; `MailerSend::from_env()` for the real one
//! let mailersend = MailerSend::builder().token(emulator.token()).api_url(emulator.url()).build()?;
//!
//! let message = Message::builder()
//!     .from("Shop <orders@shop.example>")
//!     .to("Ann Lee <ann@example.com>")
//!     .subject("Your order has shipped")
//!     .text("It is on its way.")
//!     .build()?;
//! let status = mailersend.send(&message).await?;
//! assert_eq!(status.recipient("ann@example.com").unwrap().status, mailferry::transport::Status::Queued);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`message`] | what a message is, and its JSON form |
//! | [`address`] | addresses: RFC 5322 in, IDNA out |
//! | [`transport`] | how a message leaves, statuses and errors |
//! | [`event`] | what became of it, and other things a service tells |
//! | [`delivery`] | how far a mail came, from its events |
//! | [`webhook`] | how a service tells: endpoints, receivers, handlers |
//! | [`inbound`] | mails that arrived |
//! | [`mailersend`] | MailerSend |
//! | [`config`] | every setting |
//! | [`memory`], [`console`], [`mod@file`] | transports for tests and development |
//!
//! | feature | what it adds |
//! |---|---|
//! | `conformance` | checks that every transport should pass |
//! | `file` | messages as `.eml` files |
//! | `inbound` | mails that arrive, taken apart |
//! | `toml` | settings from `mailferry.toml` |
//!
//! None is on by default. What this crate does not do: it keeps no queue and repeats no send by itself; it speaks
//! no SMTP; it has no blocking interface.

#![cfg_attr(
    not(all(feature = "file", feature = "inbound")),
    allow(rustdoc::broken_intra_doc_links, reason = "the module table names every module, whatever the features")
)]

pub mod address;
pub mod clock;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod console;
mod datetime;
mod defaults;
pub mod delivery;
#[cfg(feature = "file")]
pub mod eml;
pub mod event;
#[cfg(feature = "file")]
pub mod file;
#[cfg(feature = "inbound")]
pub mod inbound;
mod mailer;
pub mod mailersend;
pub mod memory;
pub mod message;
#[cfg(doctest)]
mod readme;
mod secret;
pub mod transport;
pub mod webhook;

pub use address::{Address, InvalidAddress, Mailbox};
pub use clock::Clock;
pub use datetime::{DateTime, InvalidDateTime};
pub use defaults::Defaults;
pub use event::{Event, EventKind};
#[cfg(feature = "inbound")]
pub use inbound::InboundMessage;
pub use mailer::{Mailer, MailerBuilder, Stop};
pub use mailersend::MailerSend;
pub use message::{Attachment, InvalidMessage, Message};
pub use secret::Secret;
pub use transport::{Transport, TransportExt};
