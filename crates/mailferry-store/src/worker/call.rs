//! One call of a handler: the event read again, the time it may take, and what is written down afterwards.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use mailferry::Event;
use mailferry::transport::BoxError;
use mailferry::webhook::Handler;
use tokio::sync::oneshot;

use crate::handler::TransactionHandler;
use crate::inbox::{Error, ErrorKind, Inbox, Outcome, Policy, next};
use crate::sqlite::{self, Claimed, Connection, Interrupt, Part, Settle, settle};
use crate::writer::{Boxed, Job};

/// What every call needs.
#[derive(Debug, Clone)]
pub(super) struct Calling {
    pub(super) inbox: Inbox,
    pub(super) policy: Arc<Policy>,
    /// The name of whom it is made to.
    pub(super) handler: Arc<str>,
}

/// An error's text is kept up to so many bytes.
const LONGEST_ERROR: usize = 2000;
/// How long to wait when the end of a call cannot be written down.
const AGAIN: Duration = Duration::from_millis(500);

/// Calls a handler that does what it does somewhere else.
pub(super) async fn call_outside(calling: &Calling, mut claimed: Claimed, handler: &dyn Handler, limit: Duration) {
    let outcome = match calling.inbox.read_again(&claimed.source, claimed.body.take()) {
        Ok(event) => outcome(limit, async { handler.handle(event).await }).await,
        Err(error) => Outcome::Unreadable(text(&error)),
    };
    record(calling, claimed, outcome).await;
}

/// Calls a handler within the inbox's transaction.
pub(super) async fn call_in_transaction(
    calling: &Calling,
    mut claimed: Claimed,
    handler: Arc<dyn TransactionHandler>,
    limit: Duration,
) {
    let event = match calling.inbox.read_again(&claimed.source, claimed.body.take()) {
        Ok(event) => event,
        Err(error) => return record(calling, claimed, Outcome::Unreadable(text(&error))).await,
    };
    let (reply, answer) = oneshot::channel();
    let call = Call { calling: calling.clone(), claimed: claimed.clone(), event, handler, limit, failed: None, reply };
    let written = match calling.inbox.writer().submit(Box::new(call)).await {
        Ok(()) => answer.await.unwrap_or_else(|_| Err(Error::closed())),
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => {}
        // The process ends; the next worker finds the claim.
        Err(error) if error.kind() == ErrorKind::Closed => {}
        Err(error) => record(calling, claimed, Outcome::Failed(text(&error))).await,
    }
}

/// Writes down how a call ended, as often as it takes: the handler must not be called again because of a full disk.
async fn record(calling: &Calling, claimed: Claimed, outcome: Outcome) {
    tell(calling, &claimed, &outcome);
    let ended = calling.inbox.clock().now();
    let next = next(claimed.attempt, &outcome, &calling.policy, claimed.salt(), ended);
    loop {
        let settle = Settle { claimed: claimed.clone(), outcome: outcome.clone(), next, now: ended };
        match calling.inbox.writer().write(settle).await {
            Ok(()) => return,
            Err(error) if error.kind() == ErrorKind::Closed => return,
            Err(error) => {
                tracing::error!(
                    handler = &*calling.handler,
                    entry = claimed.entry.get(),
                    cause = &error as &dyn std::error::Error,
                    "the end of a call could not be written down"
                );
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

fn tell(calling: &Calling, claimed: &Claimed, outcome: &Outcome) {
    if let Some(error) = outcome.error() {
        let (handler, entry, attempt) = (&*calling.handler, claimed.entry.get(), claimed.attempt);
        tracing::warn!(handler, entry, attempt, error, "a handler failed");
    }
}

/// A call that is to be made within the transaction.
struct Call {
    calling: Calling,
    claimed: Claimed,
    event: Event,
    handler: Arc<dyn TransactionHandler>,
    limit: Duration,
    /// How it ended, when it failed: it is not called again when only that has to be written again.
    failed: Option<Outcome>,
    reply: oneshot::Sender<Result<(), Error>>,
}

impl Call {
    async fn make(&mut self, connection: &mut Connection) -> sqlite::Result<()> {
        if let Some(failed) = &self.failed {
            return self.settle(connection, failed).await.map(drop);
        }
        let interrupt = Interrupt::of(connection).await?;
        let mut part = Part::begin(connection).await?;
        // First the mark, then the effect; both or neither are written.
        if !self.settle(part.connection(), &Outcome::Done).await? {
            // The claim was given to somebody else while this call waited for its turn.
            return part.take_back().await;
        }
        let handled = async { self.handler.handle(part.connection(), &self.event).await };
        let outcome = outcome(self.limit, handled).await;
        if outcome == Outcome::Done {
            return part.keep().await;
        }
        tell(&self.calling, &self.claimed, &outcome);
        // Whatever it has begun and not waited for.
        interrupt.set(true);
        let failed = self.failed.insert(outcome).clone();
        part.take_back().await?;
        interrupt.set(false);
        self.settle(connection, &failed).await.map(drop)
    }

    async fn settle(&self, connection: &mut Connection, outcome: &Outcome) -> sqlite::Result<bool> {
        let now = self.calling.inbox.clock().now();
        let next = next(self.claimed.attempt, outcome, &self.calling.policy, self.claimed.salt(), now);
        settle(connection, &self.claimed, outcome, next, now).await
    }
}

impl Job for Call {
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> Boxed<'a, sqlite::Result<()>> {
        Box::pin(self.make(connection))
    }

    fn answer(self: Box<Self>, result: Result<(), Error>) {
        drop(self.reply.send(result));
    }
}

/// How a handler's future ends: in time, too late, or in a panic.
async fn outcome(limit: Duration, handled: impl Future<Output = Result<(), BoxError>>) -> Outcome {
    match tokio::time::timeout(limit, unpanicked(handled)).await {
        Ok(Some(Ok(()))) => Outcome::Done,
        Ok(Some(Err(error))) => Outcome::Failed(text(error.as_ref())),
        Ok(None) => Outcome::Failed("the handler panicked".to_owned()),
        Err(_) => Outcome::Failed(format!("the handler took longer than {limit:?}")),
    }
}

/// `None` when the future panics; it is not polled again then.
async fn unpanicked<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(_) => std::task::Poll::Ready(None),
    })
    .await
}

/// An error with its causes.
fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause.filter(|_| text.len() < LONGEST_ERROR) {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.truncate(text.floor_char_boundary(LONGEST_ERROR));
    text
}
