//! What an application does with events.

use std::future::Future;
use std::pin::Pin;

use crate::event::Event;
use crate::transport::BoxError;

/// What [`Handler::handle`] returns.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

/// Does something with events. An `async fn` that takes an [`Event`] is one, and so is a closure whose future owns what
/// it needs:
///
/// ```
/// use std::sync::Arc;
/// use mailferry::Event;
/// use mailferry::transport::BoxError;
/// use mailferry::webhook::Handler;
///
/// # struct Orders;
/// # impl Orders {
/// #     async fn save(&self, _: Event) -> Result<(), BoxError> { Ok(()) }
/// # }
/// fn handler(orders: Arc<Orders>) -> impl Handler {
///     move |event: Event| {
///         let orders = Arc::clone(&orders);
///         async move { orders.save(event).await }
///     }
/// }
/// # let _ = handler(Arc::new(Orders));
/// ```
///
/// An error means that the event was not handled: the endpoint answers 500, so that the service sends it again, or the
/// inbox tries again later. A handler may therefore be called again with what it has seen. Which events are the same is
/// for [`TrackingEvent::event_id`](crate::event::TrackingEvent::event_id) and
/// [`AccountEvent::event_id`](crate::event::AccountEvent::event_id) to say.
///
/// A web server drops a handler, at whatever it awaits, when the service waits no longer and closes the connection, which
/// may be after three seconds. What takes longer is for an inbox.
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
