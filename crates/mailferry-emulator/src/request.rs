//! The requests that an emulator has seen.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::fault::Fault;

/// One request to the API, as it arrived.
///
/// The token is never shown by `Debug` nor among the [headers](Request::headers). Clones share everything.
#[derive(Clone)]
pub struct Request {
    arrived: Arc<Arrived>,
    pub(crate) status: Option<u16>,
}

/// What came over the wire.
pub(crate) struct Arrived {
    pub(crate) at: Timestamp,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) fault: Option<Fault>,
}

impl Arrived {
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }
}

impl Request {
    /// A request that is not answered yet.
    pub(crate) fn new(arrived: Arrived) -> Self {
        Self { arrived: Arc::new(arrived), status: None }
    }

    /// When it arrived, by the emulator's clock.
    pub fn at(&self) -> Timestamp {
        self.arrived.at
    }

    /// `POST`, `GET`, `DELETE`…
    pub fn method(&self) -> &str {
        &self.arrived.method
    }

    /// The path with its query, as sent: `/v1/messages?page=2`.
    pub fn target(&self) -> &str {
        &self.arrived.target
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.arrived.path()
    }

    /// The query without its question mark; empty when there is none.
    pub fn query(&self) -> &str {
        self.arrived.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The headers in the order sent, names in lower case. The value of `authorization` is replaced by `[hidden]`.
    pub fn headers(&self) -> &[(String, String)] {
        &self.arrived.headers
    }

    /// The first header called `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.arrived.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The token it came with, or `None` when its `authorization` was missing or no bearer token.
    ///
    /// This is the only way to it.
    pub fn token(&self) -> Option<&str> {
        bearer(self.arrived.authorization.as_deref()?)
    }

    /// The body, byte for byte; empty when the connection was reset before it was read.
    pub fn body(&self) -> &[u8] {
        &self.arrived.body
    }

    /// The status it was answered with; `None` when there was no answer, or not yet.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The fault that it met, if any: what happened to it then was made up on purpose.
    pub fn fault(&self) -> Option<Fault> {
        self.arrived.fault
    }

    pub(crate) fn weight(&self) -> usize {
        512 + self.arrived.target.len()
            + self.arrived.body.len()
            + self.arrived.headers.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>()
    }
}

/// The token of an `authorization`.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arrived, status } = self;
        let Arrived { at, method, target, headers, authorization: _, body, fault } = &**arrived;
        f.debug_struct("Request")
            .field("at", at)
            .field("method", method)
            .field("target", target)
            .field("headers", headers)
            .field("body", body)
            .field("status", status)
            .field("fault", fault)
            .finish()
    }
}
