//! How a message leaves, and what is known of it afterwards.
//!
//! | transport | module | what it is for |
//! |---|---|---|
//! | [`MailerSend`](crate::mailersend::MailerSend) | `mailersend` | MailerSend's HTTP API |
//! | [`Mailer`](crate::Mailer) | `mailer` | defaults, hooks and redirection around any other |
//! | [`MemoryTransport`](crate::memory::MemoryTransport) | `memory` | tests: keeps messages, answers as told |
//! | [`FileTransport`](crate::file::FileTransport) | `file` | one `.eml` file per message |
//! | [`ConsoleTransport`](crate::console::ConsoleTransport) | `console` | development: prints messages |

mod error;
mod feature;
mod finding;
mod status;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::message::Message;

pub(crate) use error::mask;
pub use error::{BoxError, Error, ErrorKind, Retry};
pub use feature::Feature;
pub use finding::{Finding, Preflight};
pub use status::{BulkSend, MessageId, Quota, Rate, RecipientStatus, Response, SendStatus, Status};

/// What [`Transport::send`] returns: written out, because a trait whose methods are `async` cannot be made into a
/// `dyn Transport`.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<SendStatus, Error>> + Send + 'a>>;

/// A way for messages to leave.
///
/// An implementation sends one message at most once per call, never retries a request that may have been obeyed, and
/// says in its error whether the caller may try again ([`Error::retry`]). A message without recipients is no error: it
/// is not sent, and its status is empty. [`conformance`](crate::conformance) checks these promises.
///
/// Nothing happens before the returned future is polled. Dropping it afterwards, as a timeout around it or a client that
/// goes away does, is like losing the answer ([`Retry::Ambiguous`]): the message may have left, of several requests any
/// number, and nobody is told. Where that matters, send from a task of its own (`tokio::spawn`) and await the task.
///
/// ```
/// use mailferry::transport::{SendStatus, Sending, Status, Transport};
/// use mailferry::Message;
///
/// #[derive(Debug)]
/// struct Pretend;
///
/// impl Transport for Pretend {
///     fn name(&self) -> &str {
///         "Pretend"
///     }
///
///     fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
///         Box::pin(async move { Ok(SendStatus::uniform(message, Status::Sent, None)) })
///     }
/// }
/// ```
pub trait Transport: fmt::Debug + Send + Sync {
    /// The service's name, for people: `MailerSend`.
    fn name(&self) -> &str;

    /// Hands one message over and reports what became of each recipient.
    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
        (**self).send(message)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
        (**self).send(message)
    }
}

/// Conveniences for every [`Transport`].
pub trait TransportExt: Transport {
    /// Sends messages one after another and returns one answer per message, in order: an error ends neither the call
    /// nor the messages after it.
    fn send_all<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> impl Future<Output = Vec<Result<SendStatus, Error>>> + Send + 'a {
        async move {
            let mut answers = Vec::with_capacity(messages.len());
            for message in messages {
                answers.push(self.send(message).await);
            }
            answers
        }
    }
}

impl<T: Transport + ?Sized> TransportExt for T {}
