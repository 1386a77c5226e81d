//! What every [`Transport`] must do, as checks that any of them can run.
//!
//! The transport must be set up so that an ordinary message succeeds. Messages go to addresses under `.example`, which
//! nobody owns; run it against a service's test double, not against the service.
//!
//! ```
//! use mailferry::memory::MemoryTransport;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! mailferry::conformance::run(&MemoryTransport::new()).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::error::Error as StdError;
use std::fmt;

use crate::message::{Attachment, Message, MessageBuilder};
use crate::transport::{Error, MessageId, Retry, SendStatus, Transport, TransportExt};

/// The promises that a transport does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    promises: Vec<String>,
}

impl Broken {
    /// Each broken promise, and what happened instead.
    pub fn promises(&self) -> &[String] {
        &self.promises
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} promises are not kept: {}", self.promises.len(), self.promises.join("; "))
    }
}

impl StdError for Broken {}

/// Runs every check.
///
/// # Errors
///
/// [`Broken`] lists each promise that is not kept.
pub async fn run(transport: &dyn Transport) -> Result<(), Broken> {
    let mut suite = Suite { transport, broken: Vec::new() };
    suite.check(!transport.name().trim().is_empty(), "a transport has a name", "it is empty");
    suite.no_recipients().await;
    suite.every_recipient_has_a_status().await;
    suite.everything_a_message_can_hold().await;
    suite.one_answer_per_message().await;
    suite.missing_file().await;
    suite.shared_between_tasks().await;
    if suite.broken.is_empty() { Ok(()) } else { Err(Broken { promises: suite.broken }) }
}

struct Suite<'t> {
    transport: &'t dyn Transport,
    broken: Vec<String>,
}

fn message(to: &str) -> MessageBuilder {
    Message::builder().from("Shop <shop@sender.example>").to(to).subject("Conformance").text("Plain text")
}

impl Suite<'_> {
    fn check(&mut self, kept: bool, promise: &str, instead: impl fmt::Display) {
        if !kept {
            self.broken.push(format!("{promise} ({instead})"));
        }
    }

    async fn send(&mut self, promise: &str, message: MessageBuilder) -> Option<SendStatus> {
        let sent = match message.build() {
            Ok(message) => self.transport.send(&message).await,
            Err(invalid) => Err(Error::from(invalid)),
        };
        match sent {
            Ok(status) => Some(status),
            Err(error) => {
                self.check(false, promise, error);
                None
            }
        }
    }

    async fn no_recipients(&mut self) {
        let promise = "a message without recipients is no error and has an empty status";
        let nobody = Message::builder().from("shop@sender.example").subject("Nobody").text("Plain text");
        if let Some(status) = self.send(promise, nobody).await {
            self.check(status.is_empty(), promise, &status);
            self.check(status.message_id() == MessageId::None, promise, "it has an id");
        }
    }

    async fn every_recipient_has_a_status(&mut self) {
        let promise = "every recipient has a status, in the message's order and under the address as written";
        let message = message("Ann <Ann@One.example>").cc("bob@Bücher.example").bcc("carl@three.example");
        let Some(status) = self.send(promise, message).await else { return };
        let order: Vec<_> = status.recipients().map(|(address, _)| address.to_string()).collect();
        self.check(order == ["Ann@One.example", "bob@Bücher.example", "carl@three.example"], promise, order.join(", "));
        for spelling in ["ann@one.example", "bob@xn--bcher-kva.example", "BOB@BÜCHER.example"] {
            self.check(status.recipient(spelling).is_some(), "a recipient is found by any spelling", spelling);
        }
        self.check(!status.statuses().is_empty(), "the overall status is the set of the recipients'", "it is empty");
    }

    async fn everything_a_message_can_hold(&mut self) {
        let promise = "text, html, attachments and inline parts can be sent";
        let full = message("ann@one.example")
            .html("<p>Grüße, 世界</p><img src=\"cid:pic@inline\">")
            .attach(Attachment::text("list.csv", "a,b\r\n"))
            .attach(Attachment::bytes("pic.png", &b"\x89PNG\r\n\x1a\n"[..]).with_content_id("pic@inline"));
        self.send(promise, full).await;
    }

    async fn one_answer_per_message(&mut self) {
        let promise = "an error ends neither the call nor the messages after it";
        let messages: Result<Vec<_>, _> = [
            message("ann@one.example").build(),
            message("bob@two.example").attach(missing()).build(),
            message("carl@three.example").build(),
        ]
        .into_iter()
        .collect();
        let Ok(messages) = messages else { return };
        let answers = self.transport.send_all(&messages).await;
        let expected = answers.len() == 3
            && answers.first().is_some_and(Result::is_ok)
            && answers.last().is_some_and(Result::is_ok);
        self.check(expected, promise, format!("{} answers", answers.len()));
    }

    /// A transport that reads files says so before anything is sent; one that does not is free to succeed.
    async fn missing_file(&mut self) {
        let Ok(message) = message("ann@one.example").attach(missing()).build() else { return };
        if let Err(error) = self.transport.send(&message).await {
            let promise = "a file that cannot be read is an error that says nothing was sent";
            self.check(error.retry() == Retry::Never, promise, format!("{}: retry {}", error, error.retry().as_str()));
        }
    }

    async fn shared_between_tasks(&mut self) {
        let promise = "messages can be sent at the same time";
        let build = |index: u8| message(&format!("user{index}@one.example")).build();
        let (Ok(first), Ok(second)) = (build(1), build(2)) else { return };
        let (first, second) = tokio::join!(self.transport.send(&first), self.transport.send(&second));
        for outcome in [first, second] {
            let failed = outcome.err().map(|error| error.to_string());
            self.check(failed.is_none(), promise, failed.unwrap_or_default());
        }
    }
}

fn missing() -> Attachment {
    Attachment::file("no-such-folder/no-such-file.txt")
}
