//! Mailferry.

pub mod address;
pub mod clock;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod console;
mod defaults;
#[cfg(feature = "file")]
pub mod eml;
#[cfg(feature = "file")]
pub mod file;
mod mailer;
pub mod mailersend;
pub mod memory;
pub mod message;
mod secret;
pub mod transport;

pub use address::{Address, InvalidAddress, Mailbox};
pub use clock::Clock;
pub use defaults::Defaults;
pub use mailer::{Mailer, MailerBuilder, Stop};
pub use mailersend::MailerSend;
pub use message::{Attachment, InvalidMessage, Message};
pub use secret::Secret;
pub use transport::{Transport, TransportExt};
