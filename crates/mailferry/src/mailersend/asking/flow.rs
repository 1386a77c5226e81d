//! A stream whose items come several at a time from a future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Where items come from.
pub(super) trait Source: Sized + Send + 'static {
    type Item: Send + Unpin;

    /// The next items, which may be none; `None` at the end.
    fn more(&mut self) -> impl Future<Output = Option<Vec<Self::Item>>> + Send;
}

/// Hands out what a source has, and asks it for more when there is nothing left.
pub(super) struct Flow<S: Source> {
    ready: std::vec::IntoIter<S::Item>,
    state: State<S>,
}

type Running<S> = Pin<Box<dyn Future<Output = (S, Option<Vec<<S as Source>::Item>>)> + Send>>;

enum State<S: Source> {
    /// Boxed, so that it can be moved whatever it is.
    Idle(Box<S>),
    Running(Running<S>),
    Done,
}

impl<S: Source> Flow<S> {
    pub(super) fn new(source: S) -> Self {
        Self { ready: Vec::new().into_iter(), state: State::Idle(Box::new(source)) }
    }

    /// The source, as long as it does nothing.
    pub(super) fn source(&mut self) -> Option<&mut S> {
        match &mut self.state {
            State::Idle(source) => Some(source),
            State::Running(_) | State::Done => None,
        }
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        loop {
            if let Some(item) = self.ready.next() {
                return Poll::Ready(Some(item));
            }
            self.state = match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Poll::Ready(None),
                State::Idle(mut source) => State::Running(Box::pin(async move {
                    let items = source.more().await;
                    (*source, items)
                })),
                State::Running(mut running) => match running.as_mut().poll(context) {
                    Poll::Pending => {
                        self.state = State::Running(running);
                        return Poll::Pending;
                    }
                    Poll::Ready((_, None)) => State::Done,
                    Poll::Ready((source, Some(items))) => {
                        self.ready = items.into_iter();
                        State::Idle(Box::new(source))
                    }
                },
            };
        }
    }
}
