//! One call of a handler: the event read again, the time it may take, and what is written down afterwards.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
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
    let outcome = match read_again(calling, &mut claimed) {
        Ok(event) => outcome(limit, async { handler.handle(event).await }).await,
        Err(unreadable) => unreadable,
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
    let event = match read_again(calling, &mut claimed) {
        Ok(event) => event,
        Err(unreadable) => return record(calling, claimed, unreadable).await,
    };
    let mut call =
        Call { calling: calling.clone(), claimed: claimed.clone(), event, handler, limit, begun: false, failed: None };
    loop {
        let (reply, answer) = oneshot::channel();
        if calling.inbox.writer().submit(Box::new(Submitted { call, reply })).await.is_err() {
            return;
        }
        // Without an answer the process ends; the next worker finds the claim.
        let Ok((made, written)) = answer.await else { return };
        call = made;
        match written {
            Ok(()) => return,
            Err(error) if error.kind() == ErrorKind::Closed => return,
            // The file is full, or another process has it for too long: no fault of the handler, and no attempt.
            Err(error) if !call.begun => {
                tracing::error!(cause = &error as &dyn std::error::Error, "a handler could not be called");
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => {
                let outcome = call.failed.unwrap_or_else(|| Outcome::Failed(text(&error)));
                return record(calling, claimed, outcome).await;
            }
        }
    }
}

/// The event of a claim. How it is read may be the application's, and may panic.
fn read_again(calling: &Calling, claimed: &mut Claimed) -> Result<Event, Outcome> {
    let body = claimed.body.take();
    match catch_unwind(AssertUnwindSafe(|| calling.inbox.read_again(&claimed.source, body))) {
        Ok(read) => read.map_err(|error| Outcome::Unreadable(text(&error))),
        Err(_) => Err(Outcome::Unreadable("reading the stored event again panicked".to_owned())),
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
    /// Whether the handler was called.
    begun: bool,
    /// How it ended, when it failed: it is not called again when only that has to be written again.
    failed: Option<Outcome>,
}

impl Call {
    /// After an error the whole transaction is taken back, and this is called again, alone.
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
        self.begun = true;
        let handled = async { self.handler.handle(part.connection(), &self.event).await };
        let outcome = outcome(self.limit, handled).await;
        if outcome == Outcome::Done {
            return part.keep().await;
        }
        tell(&self.calling, &self.claimed, &outcome);
        // Whatever it has begun and not waited for.
        interrupt.set(true);
        let failed = self.failed.insert(outcome).clone();
        // When what is interrupted was writing, SQLite has taken back everything already, and this is an error.
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

/// A call on its way, which comes back with what became of it.
struct Submitted {
    call: Call,
    reply: oneshot::Sender<(Call, Result<(), Error>)>,
}

impl Job for Submitted {
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> Boxed<'a, sqlite::Result<()>> {
        Box::pin(async move {
            // The worker that asked for it has ended, and has given back the claim or leaves it to the next.
            if self.reply.is_closed() {
                return Ok(());
            }
            self.call.make(connection).await
        })
    }

    fn answer(self: Box<Self>, result: Result<(), Error>) {
        let Self { call, reply } = *self;
        drop(reply.send((call, result)));
    }
}

/// How a handler's future ends: in time, too late, or in a panic.
async fn outcome(limit: Duration, handled: impl Future<Output = Result<(), BoxError>>) -> Outcome {
    // What the error says is the handler's too, and may panic.
    let handled = async { handled.await.map_err(|error| text(error.as_ref())) };
    match tokio::time::timeout(limit, Unpanicked(Some(Box::pin(handled)))).await {
        Ok(Some(Ok(()))) => Outcome::Done,
        Ok(Some(Err(error))) => Outcome::Failed(error),
        Ok(None) => Outcome::Failed("the handler panicked".to_owned()),
        Err(_) => Outcome::Failed(format!("the handler took longer than {limit:?}")),
    }
}

/// A future that is `None` when it panics. Nor does it panic when it is dropped.
struct Unpanicked<F>(Option<Pin<Box<F>>>);

impl<F> Unpanicked<F> {
    fn end(&mut self) {
        let future = self.0.take();
        if catch_unwind(AssertUnwindSafe(|| drop(future))).is_err() {
            tracing::warn!("a handler panicked when it was dropped");
        }
    }
}

impl<F: Future> Future for Unpanicked<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.0 else { return Poll::Ready(None) };
        let output = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Some(output),
            Err(_) => None,
        };
        self.end();
        Poll::Ready(output)
    }
}

impl<F> Drop for Unpanicked<F> {
    fn drop(&mut self) {
        self.end();
    }
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
