//! The requests that an emulator has seen.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::headers::Headers;
use crate::reply::Sent;

/// One request to the API, as it arrived.
///
/// The token is never shown by `Debug` nor among the [headers](Request::headers).
#[derive(Clone, Serialize, Deserialize)]
pub struct Request {
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Arc<Headers>,
    /// Not for a file, which is shown to more people than a token is.
    #[serde(skip)]
    pub(crate) authorization: Option<String>,
    #[serde(with = "crate::codec::bytes")]
    pub(crate) body: Bytes,
    pub(crate) status: Option<u16>,
    /// What it was answered with; shared, because answers may be large.
    pub(crate) answer: Option<Arc<Sent>>,
    /// The fault that it met.
    pub(crate) fault: Option<Fault>,
    /// The messages that it made.
    pub(crate) message_ids: Vec<String>,
}

impl Request {
    /// Its number, counted from zero since the emulator started.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// When it arrived, by the emulator's clock.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// `POST`, `GET`, `DELETE`…; `SMTP` for a mail that was sent by SMTP.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path with its query, as sent: `/v1/messages?page=2`.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query without its question mark; empty when there is none.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The headers in the order sent, names in lower case. The value of `authorization` is replaced by `[hidden]`.
    pub fn headers(&self) -> &[(String, String)] {
        self.headers.list()
    }

    /// The first header called `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The token it came with, or `None` when its `authorization` was missing or no bearer token.
    ///
    /// This is the only way to it.
    pub fn token(&self) -> Option<&str> {
        bearer(self.authorization.as_deref()?)
    }

    /// The body, byte for byte; empty when the connection was reset before it was read.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The status it was answered with, for a mail the code of the reply; `None` when there was no answer, or not yet.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The fault that it met, if any: what happened to it then was made up on purpose.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The ids of the messages that it made, in the order of a bulk request.
    pub fn message_ids(&self) -> &[String] {
        &self.message_ids
    }

    pub(crate) fn weight(&self) -> usize {
        512 + self.target.len() + self.body.len() + self.headers.weight()
    }
}

/// The token of an `authorization`.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            at,
            method,
            target,
            headers: _,
            authorization: _,
            body,
            status,
            answer: _,
            fault,
            message_ids,
        } = self;
        f.debug_struct("Request")
            .field("number", number)
            .field("at", at)
            .field("method", method)
            .field("target", target)
            .field("headers", &self.headers())
            .field("body", body)
            .field("status", status)
            .field("fault", fault)
            .field("message_ids", message_ids)
            .finish_non_exhaustive()
    }
}
