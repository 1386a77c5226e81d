//! A transport for tests: keeps every message, and answers as it is told.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::message::Message;
use crate::transport::{Error, SendStatus, Sending, Status, Transport};

type Answer = Box<dyn FnOnce(&Message) -> Result<SendStatus, Error> + Send>;

/// Sends nothing, keeps every message, and reports `sent` for each recipient unless told otherwise. Clones share what
/// was kept, so one can be handed to the code under test.
///
/// ```
/// use mailferry::memory::MemoryTransport;
/// use mailferry::transport::{Error, ErrorKind};
/// use mailferry::{Message, Transport};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mail = MemoryTransport::new();
/// mail.fail_next(Error::new(ErrorKind::RateLimited, "too many requests"));
///
/// let message = Message::builder().from("a@shop.example").to("Ann <ann@example.com>").subject("Hi").build()?;
/// assert_eq!(mail.send(&message).await.unwrap_err().kind(), ErrorKind::RateLimited);
/// mail.send(&message).await?;
/// assert_eq!(mail.only().subject(), Some("Hi"));
/// mail.assert_sent_to("ANN@example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryTransport(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    sent: Vec<Message>,
    answers: VecDeque<Answer>,
    number: u64,
}

impl MemoryTransport {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fails the next send with this error; the message is not kept. Several calls fail several sends.
    pub fn fail_next(&self, error: Error) {
        self.next(|_| Err(error));
    }

    /// Answers the next send with this status.
    pub fn answer_next(&self, status: SendStatus) {
        self.next(|_| Ok(status));
    }

    /// Answers the next send as this function decides from the message.
    pub fn next(&self, answer: impl FnOnce(&Message) -> Result<SendStatus, Error> + Send + 'static) {
        self.state().answers.push_back(Box::new(answer));
    }

    /// Every message sent so far, in order.
    pub fn sent(&self) -> Vec<Message> {
        self.state().sent.clone()
    }

    /// Forgets what was sent and what was to be answered.
    pub fn clear(&self) {
        *self.state() = State::default();
    }

    /// The messages that name this recipient in `to`, `cc` or `bcc`, in any spelling.
    pub fn sent_to(&self, address: &str) -> Vec<Message> {
        let mut sent = self.sent();
        sent.retain(|message| message.recipients().any(|mailbox| crate::message::is_for(address, mailbox.address())));
        sent
    }

    /// The one message that was sent.
    ///
    /// # Panics
    ///
    /// Unless exactly one was sent; says what was.
    #[track_caller]
    #[expect(clippy::panic, reason = "an assertion for tests")]
    pub fn only(&self) -> Message {
        let mut sent = self.sent();
        match sent.pop() {
            Some(message) if sent.is_empty() => message,
            _ => panic!("expected one message\n{self}"),
        }
    }

    /// # Panics
    ///
    /// Unless this many messages were sent; says what was.
    #[track_caller]
    pub fn assert_sent(&self, count: usize) {
        assert!(self.state().sent.len() == count, "expected {count} messages\n{self}");
    }

    /// # Panics
    ///
    /// Unless a message was sent to this recipient; says what was.
    #[track_caller]
    pub fn assert_sent_to(&self, address: &str) {
        assert!(!self.sent_to(address).is_empty(), "expected a message to {address}\n{self}");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in another test's thread leaves nothing half done here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, message: &Message) -> Result<SendStatus, Error> {
        if !message.has_recipients() {
            return Ok(SendStatus::default());
        }
        let answer = self.state().answers.pop_front();
        let told = answer.map(|answer| answer(message)).transpose()?;
        let mut state = self.state();
        state.sent.push(message.clone());
        state.number += 1;
        Ok(told
            .unwrap_or_else(|| SendStatus::uniform(message, Status::Sent, Some(&format!("memory-{}", state.number)))))
    }
}

impl Transport for MemoryTransport {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
        // Not before it is awaited: a test is to notice a send that is not.
        Box::pin(async move { self.take(message) })
    }
}

impl fmt::Display for MemoryTransport {
    /// A line for each message: to whom, and the subject.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = self.sent();
        if sent.is_empty() {
            return f.write_str("nothing was sent");
        }
        f.write_str("sent were:")?;
        for message in &sent {
            let to: Vec<_> = message.recipients().map(ToString::to_string).collect();
            write!(f, "\n  to {}: {:?}", to.join(", "), message.subject().unwrap_or("(no subject)"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTransport").field("sent", &self.state().sent.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{ErrorKind, RecipientStatus, TransportExt};

    fn message(to: &str) -> Message {
        Message::builder().from("a@shop.example").to(to).subject("Hi").build().unwrap()
    }

    /// TST-01
    #[tokio::test]
    async fn keeps_messages_and_answers_as_told() {
        let mail = MemoryTransport::new();
        let batch = message("ann@one.example").edit().merge_data("ann@one.example", "n", 1).build().unwrap();
        let status = mail.send(&batch).await.unwrap();
        assert_eq!(status.recipient("ann@one.example").unwrap().status, Status::Sent);
        assert!(mail.only().is_batch());

        let mut prepared = SendStatus::default();
        prepared.set("bob@two.example".parse().unwrap(), RecipientStatus::new(Status::Rejected, None::<String>));
        mail.answer_next(prepared);
        mail.fail_next(Error::new(ErrorKind::Server, "broken"));
        let answers =
            mail.send_all(&[message("bob@two.example"), message("c@three.example"), message("d@four.example")]).await;
        assert!(answers[0].as_ref().unwrap().is_refused());
        assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::Server);
        assert!(answers[2].is_ok());
        mail.assert_sent(3);
        assert!(mail.sent_to("c@three.example").is_empty(), "a failed message is not sent");
    }

    #[tokio::test]
    async fn what_is_not_awaited_is_not_sent() {
        let mail = MemoryTransport::new();
        drop(mail.send(&message("ann@one.example")));
        mail.assert_sent(0);
    }

    /// TST-03
    #[test]
    #[should_panic(expected = "to ann@one.example: \"Hi\"")]
    fn an_assertion_prints_what_was_there() {
        let mail = MemoryTransport::new();
        mail.take(&message("ann@one.example")).unwrap();
        mail.assert_sent_to("bob@two.example");
    }
}
