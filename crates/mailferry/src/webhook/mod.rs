//! What any service's webhook is to us: a request goes in, events come out.

mod basic_auth;
mod endpoints;
mod error;
mod handler;

use std::fmt;

use http::HeaderMap;

use crate::event::Event;

pub use endpoints::{Answer, Endpoint, Endpoints};
pub use error::Error;
pub use handler::{Handler, Handling};

/// One endpoint of a service: turns a request that proves who made it into events.
///
/// It does no I/O and keeps nothing. Whatever the body holds, it neither panics nor recurses nor takes memory without
/// bound.
pub trait Receiver: fmt::Debug + Send + Sync {
    /// The path of the endpoint, below whatever prefix an application gives it: `service/tracking`.
    fn path(&self) -> &'static str;

    /// How many bytes a body may have, unless an application says otherwise: 1 MiB.
    fn body_limit(&self) -> usize {
        1 << 20
    }

    /// Refuses a request that [`receive`](Self::receive) would refuse whatever its body is, before that is read.
    ///
    /// # Errors
    ///
    /// Those of `receive` that the headers alone show.
    fn precheck(&self, headers: &HeaderMap) -> Result<(), Error> {
        let _ = headers;
        Ok(())
    }

    /// Verifies the bytes as they came and reads the events in them; none for a ping.
    ///
    /// # Errors
    ///
    /// When they are not the service's, cannot be read, or are meant for another endpoint. [`Error::status`] is what to
    /// answer.
    fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Event>, Error>;
}
