//! What an application does with events.

use std::future::Future;
use std::pin::Pin;

use crate::event::Event;
use crate::transport::BoxError;

/// What [`Handler::handle`] returns.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

/// Does something with events. Every `async` closure that takes an [`Event`] is one.
///
/// An error means that the event was not handled: the endpoint answers 500, so that the service sends it again, or the
/// inbox tries again later. A handler may therefore be called again with what it has seen; [`Event::event_id`] tells.
pub trait Handler: Send + Sync {
    /// Handles one event.
    fn handle(&self, event: Event) -> Handling<'_>;
}

impl<F, R> Handler for F
where
    F: Fn(Event) -> R + Send + Sync,
    R: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    fn handle(&self, event: Event) -> Handling<'_> {
        Box::pin(self(event))
    }
}
